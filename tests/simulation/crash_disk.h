/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crash_disk.h -- Power cuts: what a disk holds at any instant, also in the
 * middle of a commit. It stands between SQLite and the file system, and knows
 * what of the journal was written but not yet synced: of that, a cut keeps as
 * much as it likes.
 */
#ifndef TESTS_SIMULATION_CRASH_DISK_H
#define TESTS_SIMULATION_CRASH_DISK_H

#include "tests/simulation/dice.h"

/* Once, before any store is opened. */
void crash_disk_begin(void);

/* At the n-th sync from now on (1: the next one), just before it, `cut` is called once. 0: never.
 */
void crash_disk_arm(int syncs, void (*cut)(void *context), void *context);

/* Copy a store's files into a new directory as a cut would leave them now. */
void crash_disk_copy(const char *from, const char *to, struct dice *dice);

/* Remove a directory and the files in it. */
void crash_disk_remove(const char *directory);

#endif
