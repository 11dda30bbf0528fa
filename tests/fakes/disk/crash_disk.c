/* SPDX-License-Identifier: Apache-2.0 */
/* crash_disk.c -- crash_disk.h: SQLite's own file methods, each watched. */
#include "tests/fakes/disk/crash_disk.h"

#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "tests/fakes/disk/crash_medium.h"

static sqlite3_vfs watched_vfs;
static sqlite3_vfs *real_vfs;
static crash_disk_act *act;
static void *act_context;
static bool is_acting; /* what is opened now is the actor's own */

/* SQLite has several tables of methods (with and without locks); each is watched by a copy. */
enum { METHOD_TABLES_MAX = 4, OPEN_FILES_MAX = 32 };
static struct method_table {
	sqlite3_io_methods watched; /* first: what a file points at */
	const sqlite3_io_methods *real;
} method_tables[METHOD_TABLES_MAX];

static struct open_file {
	const sqlite3_file *file;   /* NULL: free */
	struct medium_file *medium; /* NULL: the actor's own, of which nobody asks */
} open_files[OPEN_FILES_MAX];

static const sqlite3_io_methods *real_methods(const sqlite3_file *file)
{
	for (int i = 0; i < METHOD_TABLES_MAX; i++)
		if (file->pMethods == &method_tables[i].watched)
			return method_tables[i].real;
	abort();
}

static struct open_file *open_file_of(const sqlite3_file *file)
{
	for (int i = 0; i < OPEN_FILES_MAX; i++)
		if (open_files[i].file == file)
			return &open_files[i];
	abort();
}

static int ask(enum crash_operation operation)
{
	if (act == NULL || is_acting)
		return SQLITE_OK;
	is_acting = true;
	int code = act(act_context, operation);
	is_acting = false;
	return code;
}

/* ---- a file's methods ---- */

static int watch_read(sqlite3_file *file, void *bytes, int length, sqlite3_int64 offset)
{
	int code = ask(CRASH_READ);
	return code != SQLITE_OK ? code : real_methods(file)->xRead(file, bytes, length, offset);
}

static int watch_write(sqlite3_file *file, const void *bytes, int length, sqlite3_int64 offset)
{
	int code = ask(CRASH_WRITE);
	if (code == SQLITE_OK)
		code = real_methods(file)->xWrite(file, bytes, length, offset);
	if (code == SQLITE_OK && open_file_of(file)->medium != NULL)
		medium_write(
			open_file_of(file)->medium, (struct medium_bytes){bytes, length, offset});
	return code;
}

static int watch_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	int code = ask(CRASH_TRUNCATE);
	if (code == SQLITE_OK)
		code = real_methods(file)->xTruncate(file, size);
	if (code == SQLITE_OK && open_file_of(file)->medium != NULL)
		medium_truncate(open_file_of(file)->medium, size);
	return code;
}

static int watch_sync(sqlite3_file *file, int flags)
{
	(void)flags;
	int code = ask(CRASH_SYNC);
	if (code == SQLITE_OK && open_file_of(file)->medium != NULL)
		medium_sync(open_file_of(file)->medium);
	return code; /* not passed on: nobody pulls this machine's plug */
}

static int watch_share(sqlite3_file *file, int page, int size, int extend, void volatile **ret_page)
{
	int code = ask(CRASH_SHARE);
	return code != SQLITE_OK ? code
				 : real_methods(file)->xShmMap(file, page, size, extend, ret_page);
}

static int watch_close(sqlite3_file *file)
{
	open_file_of(file)->file = NULL;
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
	table->watched.xRead = watch_read;
	table->watched.xWrite = watch_write;
	table->watched.xTruncate = watch_truncate;
	table->watched.xSync = watch_sync;
	table->watched.xShmMap = watch_share;
	table->watched.xClose = watch_close;
	return &table->watched;
}

/* ---- the file system ---- */

static int watch_open(
	sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
	(void)vfs;
	if (name == NULL)
		return real_vfs->xOpen(real_vfs, name, file, flags, ret_flags);
	int code = ask(CRASH_OPEN);
	if (code != SQLITE_OK) {
		file->pMethods = NULL;
		return code;
	}
	struct medium_file *medium = is_acting ? NULL : medium_open(name);
	code = real_vfs->xOpen(real_vfs, name, file, flags, ret_flags);
	if (code != SQLITE_OK || file->pMethods == NULL)
		return code;
	file->pMethods = watched(file->pMethods);
	*open_file_of(NULL) = (struct open_file){file, medium};
	return code;
}

static int watch_delete(sqlite3_vfs *vfs, const char *name, int is_directory_synced)
{
	(void)vfs;
	int code = ask(CRASH_DELETE);
	if (code == SQLITE_OK)
		code = real_vfs->xDelete(real_vfs, name, 0);
	if (code == SQLITE_OK && !is_acting)
		medium_delete(name, is_directory_synced != 0);
	return code;
}

void crash_disk_begin(void)
{
	if (real_vfs != NULL)
		return;
	real_vfs = sqlite3_vfs_find(NULL);
	watched_vfs = *real_vfs;
	watched_vfs.zName = "crash-disk";
	watched_vfs.xOpen = watch_open;
	watched_vfs.xDelete = watch_delete;
	if (sqlite3_vfs_register(&watched_vfs, 1) != SQLITE_OK)
		abort();
}

void crash_disk_watch(crash_disk_act *new_act, void *context)
{
	act = new_act;
	act_context = context;
}
