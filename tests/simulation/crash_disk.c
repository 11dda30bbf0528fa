/* SPDX-License-Identifier: Apache-2.0 */
/* crash_disk.c -- crash_disk.h: SQLite's own file methods with two of them watched. */
#include "tests/simulation/crash_disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

static sqlite3_vfs watched_vfs;
static sqlite3_vfs *real_vfs;

/* SQLite has several tables of methods (with and without locks); each is watched by a copy. */
enum { METHOD_TABLES_MAX = 4 };
static struct method_table {
	sqlite3_io_methods watched; /* first: what a file points at */
	const sqlite3_io_methods *real;
} method_tables[METHOD_TABLES_MAX];

static const sqlite3_file *journal; /* the WAL in use */
static int64_t unsynced_from = INT64_MAX;
static int64_t unsynced_to;
static int syncs_left;
static void (*cut_act)(void *context);
static void *cut_context;

static const sqlite3_io_methods *real_methods(const sqlite3_file *file)
{
	for (int i = 0; i < METHOD_TABLES_MAX; i++)
		if (file->pMethods == &method_tables[i].watched)
			return method_tables[i].real;
	abort();
}

static int watch_write(sqlite3_file *file, const void *bytes, int length, sqlite3_int64 offset)
{
	if (file == journal) {
		unsynced_from = offset < unsynced_from ? offset : unsynced_from;
		unsynced_to = offset + length > unsynced_to ? offset + length : unsynced_to;
	}
	return real_methods(file)->xWrite(file, bytes, length, offset);
}

static int watch_sync(sqlite3_file *file, int flags)
{
	(void)flags;
	if (syncs_left > 0 && --syncs_left == 0)
		cut_act(cut_context);
	if (file == journal) {
		unsynced_from = INT64_MAX;
		unsynced_to = 0;
	}
	return SQLITE_OK; /* the files lie in memory */
}

static int watch_close(sqlite3_file *file)
{
	if (file == journal)
		journal = NULL;
	return real_methods(file)->xClose(file);
}

static const sqlite3_io_methods *watched(const sqlite3_io_methods *real)
{
	int i = 0;
	while (i < METHOD_TABLES_MAX && method_tables[i].real != NULL &&
		method_tables[i].real != real)
		i++;
	if (i == METHOD_TABLES_MAX)
		abort();
	struct method_table *table = &method_tables[i];
	table->real = real;
	table->watched = *real;
	table->watched.xWrite = watch_write;
	table->watched.xSync = watch_sync;
	table->watched.xClose = watch_close;
	return &table->watched;
}

static int watch_open(
	sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
	(void)vfs;
	int code = real_vfs->xOpen(real_vfs, name, file, flags, ret_flags);
	if (code != SQLITE_OK || file->pMethods == NULL)
		return code;
	file->pMethods = watched(file->pMethods);
	if ((flags & SQLITE_OPEN_WAL) != 0) {
		journal = file;
		unsynced_from = INT64_MAX;
		unsynced_to = 0;
	}
	return code;
}

void crash_disk_begin(void)
{
	real_vfs = sqlite3_vfs_find(NULL);
	watched_vfs = *real_vfs;
	watched_vfs.zName = "crash-disk";
	watched_vfs.xOpen = watch_open;
	if (sqlite3_vfs_register(&watched_vfs, 1) != SQLITE_OK)
		abort();
}

void crash_disk_arm(int syncs, void (*cut)(void *context), void *context)
{
	syncs_left = syncs;
	cut_act = cut;
	cut_context = context;
}

/* ---- files ---- */

static void copy_file(const char *from, const char *to, int64_t bytes_kept)
{
	char buffer[65536];
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ssize_t length;
	if (in < 0 || out < 0)
		abort();
	while ((length = read(in, buffer, sizeof buffer)) > 0)
		if (write(out, buffer, (size_t)length) != length)
			abort();
	if (bytes_kept >= 0) { /* what was being written there is garbage */
		int64_t torn = unsynced_to - bytes_kept;
		memset(buffer, 0xa5, sizeof buffer);
		torn = torn < (int64_t)sizeof buffer ? torn : (int64_t)sizeof buffer;
		if (torn > 0 && pwrite(out, buffer, (size_t)torn, bytes_kept) != torn)
			abort();
	}
	close(in);
	close(out);
}

static bool ends_with(const char *name, const char *end)
{
	size_t length = strlen(name), end_length = strlen(end);
	return length >= end_length && strcmp(name + length - end_length, end) == 0;
}

void crash_disk_copy(const char *from, const char *to, struct dice *dice)
{
	char source[400], target[400];
	DIR *directory = opendir(from);
	if (directory == NULL || mkdir(to, 0700) != 0)
		abort();
	for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
		int64_t kept = -1;
		if (entry->d_name[0] == '.' || ends_with(entry->d_name, "-shm"))
			continue;
		if (ends_with(entry->d_name, "-wal") && unsynced_from < unsynced_to)
			kept = dice_between(dice, unsynced_from, unsynced_to);
		snprintf(source, sizeof source, "%s/%s", from, entry->d_name);
		snprintf(target, sizeof target, "%s/%s", to, entry->d_name);
		copy_file(source, target, kept);
	}
	closedir(directory);
}

void crash_disk_remove(const char *path)
{
	char file[400];
	DIR *directory = opendir(path);
	if (directory == NULL)
		return;
	for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
		snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			unlink(file);
	}
	closedir(directory);
	rmdir(path);
}
