/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crash_disk.h -- Power cuts: what a disk holds at any instant, also in the
 * middle of a commit; and disks that fail, are full, or lie.
 *
 * It stands between SQLite and the file system as SQLite's default VFS. The
 * real files are what programs see; beside them it keeps what the medium holds
 * for sure: what was written is held back until it is synced. A cut decides
 * what becomes of the rest. The shared memory beside a journal (-shm) does not
 * outlive a cut.
 */
#ifndef TESTS_FAKES_DISK_CRASH_DISK_H
#define TESTS_FAKES_DISK_CRASH_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What SQLite asks of a disk. */
enum crash_operation {
	CRASH_OPEN,
	CRASH_READ,
	CRASH_WRITE,
	CRASH_TRUNCATE,
	CRASH_SYNC,
	CRASH_DELETE,
	CRASH_SHARE, /* a page of the shared memory beside the journal */
	CRASH_OPERATION_COUNT
};

/* Once, before any store is opened. Syncs are not passed on to the kernel. */
void crash_disk_begin(void);

/*
 * Called just before each operation on a file that is watched: SQLITE_OK lets
 * it happen, another result code is what it fails with, undone. What is opened
 * within the call is not watched. NULL: nobody asks.
 */
typedef int crash_disk_act(void *context, enum crash_operation operation);
void crash_disk_watch(crash_disk_act *act, void *context);

/*
 * A card that says "synced" and is not: so many operations are still on their
 * way at any time, whatever is synced. 0: an honest one, as at the beginning.
 */
void crash_disk_lie(size_t operations);

/* What a cut does to what was not synced. */
enum crash_unsynced {
	CRASH_DROPPED,
	CRASH_KEPT,
	CRASH_SHUFFLED, /* each operation: dropped or kept, later ones without earlier ones */
	CRASH_TORN,     /* likewise, or sectors of 512 bytes new, old or garbage */
	CRASH_UNSYNCED_COUNT
};

/* Copy a store's files into a new directory as a cut would leave them now. `seed` decides where
 * things are torn. */
void crash_disk_copy(const char *from, const char *to, enum crash_unsynced unsynced, uint64_t seed);

/* Remove a directory and the files in it; nothing of them is watched or known any more. */
void crash_disk_remove(const char *directory);

#endif
