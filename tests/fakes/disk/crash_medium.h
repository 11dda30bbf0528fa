/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crash_medium.h -- What lies on the medium for sure, and what is on its way
 * there. For crash_disk.c.
 */
#ifndef TESTS_FAKES_DISK_CRASH_MEDIUM_H
#define TESTS_FAKES_DISK_CRASH_MEDIUM_H

#include <stdbool.h>
#include <stdint.h>

struct medium_file;

struct medium_bytes {
	const void *bytes;
	int64_t length;
	int64_t offset;
};

/* Known from now on, as it lies there now, if it does. Never NULL. */
struct medium_file *medium_open(const char *path);

/* On their way until synced, in this order. */
void medium_write(struct medium_file *file, struct medium_bytes written);
void medium_truncate(struct medium_file *file, int64_t size);
void medium_delete(const char *path, bool is_synced);

void medium_sync(struct medium_file *file);

#endif
