/* SPDX-License-Identifier: Apache-2.0 */
/* store_sqlite.c -- store_sqlite.h on SQLite 3.40, used by one thread. */
#include "gateway/store_sqlite.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	STATEMENTS_MAX = 72,
	CACHE_KIB = 384,           /* pages kept in memory */
	HEAP_BYTES_SOFT = 1 << 20, /* SQLite gives caches back beyond it */
	BUSY_MS = 250, /* wait for a reader that holds a lock; the main loop waits with us */
	PAGE_BYTES = 4096,
	WAL_PAGES_MIN = 16,   /* the journal is copied into the file and begins anew at a */
	WAL_PAGES_MAX = 1000, /* sixteenth of the budget, within these */
	WAL_SHARE = 16,
	SQL_TEXT_MAX = 192,
};

struct store_sqlite {
	sqlite3 *connection;
	char journal_path[300];
	int64_t journal_bytes_max; /* a transaction is begun below it only */
	const char *const *sql;    /* of the statements, by their place */
	size_t sql_count;
	sqlite3_stmt *statements[STATEMENTS_MAX];
	int64_t pages_max;
	enum store_status status;
	char reason[160];
};

/* Where words go. */
struct sqlite_words {
	char *text;
	size_t size;
};

static enum store_status status_of(int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
	case SQLITE_ROW:
		return STORE_OK;
	case SQLITE_FULL:
		return STORE_FULL;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return STORE_DAMAGED;
	default:
		return STORE_FAILED;
	}
}

/* Remember a failure; returns what it means. */
static enum store_status note(struct store_sqlite *db, int code)
{
	enum store_status status = status_of(code);

	if (status != STORE_OK) {
		db->status = status;
		snprintf(db->reason, sizeof(db->reason), "%s", sqlite3_errmsg(db->connection));
	}
	return status;
}

/* The first read finds out whether it is a data base at all. */
static const char first_read_sql[] = "SELECT count(*) FROM sqlite_schema";

static enum store_status open_as(
	const char *path, int flags, struct store_sqlite **ret_db, struct sqlite_words reason)
{
	struct store_sqlite *db = calloc(1, sizeof(*db));
	if (!db) {
		snprintf(reason.text, reason.size, "out of memory");
		return STORE_FAILED;
	}
	sqlite3_soft_heap_limit64(HEAP_BYTES_SOFT);
	int code = sqlite3_open_v2(path, &db->connection, flags | SQLITE_OPEN_NOMUTEX, NULL);
	if (code == SQLITE_OK) {
		sqlite3_extended_result_codes(db->connection, 1);
		sqlite3_busy_timeout(db->connection, BUSY_MS);
		sqlite3_db_config(db->connection, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
		code = sqlite3_exec(db->connection, first_read_sql, NULL, NULL, NULL);
	}
	enum store_status status = note(db, code);
	if (status != STORE_OK) {
		snprintf(reason.text, reason.size, "%s", db->reason);
		store_sqlite_close(db);
		return status;
	}
	*ret_db = db;
	return STORE_OK;
}

enum store_status store_sqlite_open(
	const char *path, struct store_sqlite **ret_db, char *reason, size_t reason_size)
{
	return open_as(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, ret_db,
		(struct sqlite_words){reason, reason_size});
}

/* A path as a URI: what has a meaning there is written in hexadecimal. */
static void write_uri(char *uri, size_t size, const char *path, const char *query)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-._/";
	size_t at = (size_t)snprintf(uri, size, "file:");

	for (; *path != '\0' && at + 4 < size; path++) {
		at += (size_t)snprintf(uri + at, size - at, strchr(plain, *path) ? "%c" : "%%%02X",
			(unsigned char)*path);
	}
	snprintf(uri + at, size - at, "?%s", query);
}

enum store_status store_sqlite_open_to_look(const char *path, bool is_still,
	struct store_sqlite **ret_db, struct store_opening *ret_opening)
{
	char uri[3 * sizeof(ret_opening->path) + 32];

	write_uri(uri, sizeof(uri), path, is_still ? "mode=ro&immutable=1" : "mode=ro");
	enum store_status status = open_as(uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, ret_db,
		(struct sqlite_words){ret_opening->reason, sizeof(ret_opening->reason)});
	return status == STORE_OK ? store_sqlite_exec(*ret_db, "PRAGMA temp_store = MEMORY")
				  : status;
}

static int64_t wal_pages(int64_t bytes_max)
{
	int64_t pages = bytes_max / WAL_SHARE / PAGE_BYTES;

	if (pages < WAL_PAGES_MIN) {
		return WAL_PAGES_MIN;
	}
	return pages < WAL_PAGES_MAX ? pages : WAL_PAGES_MAX;
}

/* A transaction may find the journal full: leave it as much again. */
int64_t store_sqlite_bytes_usable(int64_t bytes_max)
{
	return (bytes_max / PAGE_BYTES - 2 * wal_pages(bytes_max)) * PAGE_BYTES;
}

enum store_status store_sqlite_accept(struct store_sqlite *db, int64_t bytes_max)
{
	char sql[SQL_TEXT_MAX];
	long long journal_pages = (long long)wal_pages(bytes_max);

	snprintf(sql, sizeof(sql),
		"PRAGMA page_size = %d; PRAGMA journal_mode = WAL;"
		"PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0;",
		PAGE_BYTES);
	enum store_status status = store_sqlite_exec(db, sql);
	if (status != STORE_OK) {
		return status;
	}
	snprintf(sql, sizeof(sql),
		"PRAGMA cache_size = -%d; PRAGMA wal_autocheckpoint = %lld;"
		"PRAGMA journal_size_limit = %lld",
		CACHE_KIB, journal_pages, journal_pages * PAGE_BYTES);
	status = store_sqlite_exec(db, sql);
	if (status != STORE_OK) {
		return status;
	}
	snprintf(db->journal_path, sizeof(db->journal_path), "%s-wal",
		sqlite3_db_filename(db->connection, "main"));
	db->journal_bytes_max = 2 * journal_pages * PAGE_BYTES;
	db->pages_max = store_sqlite_bytes_usable(bytes_max) / PAGE_BYTES;
	sqlite3_db_config(db->connection, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	return STORE_OK;
}

enum store_status store_sqlite_begin(struct store_sqlite *db)
{
	struct stat journal;

	/* Folding it in waits for readers, and leaves nothing of it when there are none. */
	if (stat(db->journal_path, &journal) == 0 && journal.st_size >= db->journal_bytes_max &&
		store_sqlite_number(db, "PRAGMA wal_checkpoint(TRUNCATE)", 0) != 0) {
		db->status = STORE_FULL;
		snprintf(db->reason, sizeof(db->reason),
			"another program has been reading the store for long, and the journal "
			"grows no further until it ends");
		return STORE_FULL;
	}
	return store_sqlite_exec(db, "BEGIN IMMEDIATE");
}

enum store_status store_sqlite_keep_budget(struct store_sqlite *db)
{
	char sql[SQL_TEXT_MAX];

	snprintf(sql, sizeof(sql), "PRAGMA max_page_count = %lld", (long long)db->pages_max);
	return store_sqlite_exec(db, sql);
}

int64_t store_sqlite_room(struct store_sqlite *db)
{
	int64_t used_pages = store_sqlite_number(db, "PRAGMA page_count", 0) -
			     store_sqlite_number(db, "PRAGMA freelist_count", 0);

	return (db->pages_max - used_pages) * PAGE_BYTES;
}

struct store_sqlite *store_sqlite_close(struct store_sqlite *db)
{
	if (!db) {
		return NULL;
	}
	store_sqlite_release(db);
	sqlite3_close(db->connection);
	free(db);
	return NULL;
}

enum store_status store_sqlite_exec(struct store_sqlite *db, const char *sql)
{
	return note(db, sqlite3_exec(db->connection, sql, NULL, NULL, NULL));
}

int64_t store_sqlite_number(struct store_sqlite *db, const char *sql, int64_t fallback)
{
	char word[32];

	return store_sqlite_word(db, sql, word, sizeof(word)) ? strtoll(word, NULL, 10) : fallback;
}

bool store_sqlite_word(struct store_sqlite *db, const char *sql, char *buffer, size_t size)
{
	sqlite3_stmt *statement = NULL;
	bool is_found = false;
	int code = sqlite3_prepare_v2(db->connection, sql, -1, &statement, NULL);

	if (code == SQLITE_OK) {
		code = sqlite3_step(statement);
	}
	if (code == SQLITE_ROW && sqlite3_column_type(statement, 0) != SQLITE_NULL) {
		snprintf(buffer, size, "%s", (const char *)sqlite3_column_text(statement, 0));
		is_found = true;
	}
	note(db, code);
	sqlite3_finalize(statement);
	return is_found;
}

void store_sqlite_take_statements(struct store_sqlite *db, const char *const *sql, size_t count)
{
	assert(count <= STATEMENTS_MAX);
	db->sql = sql;
	db->sql_count = count;
}

void store_sqlite_release(struct store_sqlite *db)
{
	for (int i = 0; i < STATEMENTS_MAX; i++) {
		sqlite3_finalize(db->statements[i]);
		db->statements[i] = NULL;
	}
}

/* Made when it is first used: some are rarely. NULL when that fails; the failure is noted. */
static sqlite3_stmt *statement_at(struct store_sqlite *db, unsigned statement)
{
	assert(statement < db->sql_count);
	if (!db->statements[statement]) {
		note(db, sqlite3_prepare_v3(db->connection, db->sql[statement], -1,
				 SQLITE_PREPARE_PERSISTENT, &db->statements[statement], NULL));
	}
	return db->statements[statement];
}

void store_sqlite_bind(struct store_sqlite *db, unsigned statement, int parameter, int64_t number)
{
	sqlite3_bind_int64(statement_at(db, statement), parameter, number);
}

void store_sqlite_bind_null(struct store_sqlite *db, unsigned statement, int parameter)
{
	sqlite3_bind_null(statement_at(db, statement), parameter);
}

void store_sqlite_bind_text(
	struct store_sqlite *db, unsigned statement, int parameter, const char *text)
{
	sqlite3_bind_text(statement_at(db, statement), parameter, text, -1, SQLITE_TRANSIENT);
}

enum store_sqlite_step store_sqlite_step(struct store_sqlite *db, unsigned statement)
{
	sqlite3_stmt *ready = statement_at(db, statement);

	if (!ready) {
		return STORE_SQLITE_FAILED;
	}
	int code = sqlite3_step(ready);
	if (code == SQLITE_ROW) {
		return STORE_SQLITE_ROW;
	}
	if (code == SQLITE_DONE) {
		return STORE_SQLITE_DONE;
	}
	note(db, code);
	return STORE_SQLITE_FAILED;
}

bool store_sqlite_next(struct store_sqlite *db, unsigned statement, enum store_status *ret_status)
{
	enum store_sqlite_step step = store_sqlite_step(db, statement);

	if (step == STORE_SQLITE_ROW) {
		return true;
	}
	*ret_status = step == STORE_SQLITE_DONE ? STORE_OK : db->status;
	store_sqlite_reset(db, statement);
	return false;
}

int64_t store_sqlite_column(struct store_sqlite *db, unsigned statement, int column)
{
	return sqlite3_column_int64(db->statements[statement], column);
}

bool store_sqlite_column_is_null(struct store_sqlite *db, unsigned statement, int column)
{
	return sqlite3_column_type(db->statements[statement], column) == SQLITE_NULL;
}

const char *store_sqlite_column_text(struct store_sqlite *db, unsigned statement, int column)
{
	const unsigned char *text = sqlite3_column_text(db->statements[statement], column);

	return text ? (const char *)text : "";
}

void store_sqlite_reset(struct store_sqlite *db, unsigned statement)
{
	if (db->statements[statement]) {
		sqlite3_reset(db->statements[statement]);
		sqlite3_clear_bindings(db->statements[statement]);
	}
}

int64_t store_sqlite_first(struct store_sqlite *db, unsigned statement, int64_t fallback)
{
	int64_t number = fallback;
	bool is_row = store_sqlite_step(db, statement) == STORE_SQLITE_ROW;

	if (is_row && !store_sqlite_column_is_null(db, statement, 0)) {
		number = store_sqlite_column(db, statement, 0);
	}
	store_sqlite_reset(db, statement);
	return number;
}

enum store_status store_sqlite_run(struct store_sqlite *db, unsigned statement)
{
	enum store_sqlite_step step = store_sqlite_step(db, statement);

	assert(step != STORE_SQLITE_ROW);
	store_sqlite_reset(db, statement);
	return step == STORE_SQLITE_DONE ? STORE_OK : db->status;
}

enum store_status store_sqlite_status(const struct store_sqlite *db)
{
	return db->status;
}

const char *store_sqlite_reason(const struct store_sqlite *db)
{
	return db->reason;
}
