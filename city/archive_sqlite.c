/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive_sqlite.c -- archive_db.h on SQLite: one file, several processes. The only
 * file of this program that includes sqlite3.h.
 */
#include <assert.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "city/archive_db.h"

enum {
	BUSY_MS = 5000, /* another worker's commit takes less */
	BUSY_STEP_MS = 20,
	CACHE_KIB = 16384,
	PIECE_BYTES_MAX = 4096,
};

struct sqlite_db {
	struct archive_db base;
	sqlite3 *connection;
	sqlite3_stmt *prepared[ARCHIVE_STATEMENTS_MAX];
};

static struct sqlite_db *of(struct archive_db *db)
{
	return (struct sqlite_db *)(void *)db;
}

static enum archive_status status_of(int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
	case SQLITE_ROW:
		return ARCHIVE_OK;
	case SQLITE_CONSTRAINT:
	case SQLITE_MISMATCH:
	case SQLITE_TOOBIG:
	case SQLITE_RANGE:
	case SQLITE_ERROR:
		return ARCHIVE_REFUSED;
	default:
		return ARCHIVE_UNAVAILABLE;
	}
}

static enum archive_status note(struct sqlite_db *db, int code)
{
	enum archive_status status = status_of(code);
	if (status != ARCHIVE_OK)
		snprintf(db->base.reason, sizeof(db->base.reason), "%s",
			db->connection ? sqlite3_errmsg(db->connection) : sqlite3_errstr(code));
	return status;
}

static enum archive_status exec(struct sqlite_db *db, const char *sql)
{
	return note(db, sqlite3_exec(db->connection, sql, NULL, NULL, NULL));
}

static void disconnect(struct sqlite_db *db)
{
	for (size_t i = 0; i < ARCHIVE_STATEMENTS_MAX; i++) {
		sqlite3_finalize(db->prepared[i]);
		db->prepared[i] = NULL;
	}
	sqlite3_close(db->connection);
	db->connection = NULL;
}

/* Two that make a new file at once stand in each other's way, and the busy time-out does not hold
 * for a change of the journal. */
static enum archive_status set_up(struct sqlite_db *db)
{
	char sql[128];
	snprintf(sql, sizeof(sql),
		"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -%d",
		CACHE_KIB);
	enum archive_status status = exec(db, sql);
	for (int waited_ms = 0; status == ARCHIVE_UNAVAILABLE && waited_ms < BUSY_MS;
		waited_ms += BUSY_STEP_MS) {
		sqlite3_sleep(BUSY_STEP_MS);
		status = exec(db, sql);
	}
	return status;
}

static enum archive_status sqlite_open(struct archive_db *base, const char *where)
{
	struct sqlite_db *db = of(base);
	disconnect(db);
	int code = sqlite3_open_v2(where, &db->connection,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
	enum archive_status status = note(db, code);
	if (status != ARCHIVE_OK)
		return ARCHIVE_UNAVAILABLE;
	sqlite3_busy_timeout(db->connection, BUSY_MS);
	status = set_up(db);
	return status == ARCHIVE_OK ? ARCHIVE_OK : ARCHIVE_UNAVAILABLE;
}

/* utc(x) as SQLite has it. */
static void translate(const char *sql, char text[static PIECE_BYTES_MAX])
{
	size_t at = 0;
	for (const char *call; (call = strstr(sql, "utc(")) != NULL;) {
		size_t argument = strcspn(call + 4, ")");
		at += (size_t)snprintf(text + at, PIECE_BYTES_MAX - at,
			"%.*sstrftime('%%Y-%%m-%%dT%%H:%%M:%%SZ', %.*s / 1000, 'unixepoch')",
			(int)(call - sql), sql, (int)argument, call + 4);
		sql = call + 4 + argument + 1;
		assert(at < PIECE_BYTES_MAX);
	}
	at += (size_t)snprintf(text + at, PIECE_BYTES_MAX - at, "%s", sql);
	assert(at < PIECE_BYTES_MAX);
}

/* Rows stand in the order of their key: one gateway's together. */
static enum archive_status sqlite_make(struct archive_db *base, const struct archive_piece *piece)
{
	/* clang-format off */
	static const struct { const char *before; const char *between; const char *behind; } forms[] = {
		[ARCHIVE_TABLE]          = {"CREATE TABLE IF NOT EXISTS", "(",  ") WITHOUT ROWID"},
		[ARCHIVE_TABLE_BY_MONTH] = {"CREATE TABLE IF NOT EXISTS", "(",  ") WITHOUT ROWID"},
		[ARCHIVE_INDEX]          = {"CREATE INDEX IF NOT EXISTS", "ON", ""},
		[ARCHIVE_VIEW]           = {"CREATE VIEW IF NOT EXISTS",  "AS", ""},
	};
	/* clang-format on */
	char text[PIECE_BYTES_MAX], sql[PIECE_BYTES_MAX + 128];
	translate(piece->sql, text);
	snprintf(sql, sizeof(sql), "%s %s %s %s%s", forms[piece->kind].before, piece->name,
		forms[piece->kind].between, text, forms[piece->kind].behind);
	return exec(of(base), sql);
}

static enum archive_status sqlite_make_room(
	struct archive_db *base, const char *table, int64_t start_wall_ms)
{
	(void)base;
	(void)table;
	(void)start_wall_ms;
	return ARCHIVE_OK;
}

/* SQLite has one writer anyway. */
static enum archive_status sqlite_begin(struct archive_db *base, bool alone)
{
	(void)alone;
	return exec(of(base), "BEGIN IMMEDIATE");
}

static enum archive_status sqlite_commit(struct archive_db *base)
{
	return exec(of(base), "COMMIT");
}

static void sqlite_rollback(struct archive_db *base)
{
	struct sqlite_db *db = of(base);
	if (db->connection && !sqlite3_get_autocommit(db->connection))
		sqlite3_exec(db->connection, "ROLLBACK", NULL, NULL, NULL);
}

/* Parameters go by their place: $1 must be the first, and so on. */
static sqlite3_stmt *prepared(struct sqlite_db *db, unsigned statement)
{
	assert(statement < db->base.statements_count);
	sqlite3_stmt **place = &db->prepared[statement];
	if (*place)
		return *place;
	note(db, sqlite3_prepare_v3(db->connection, db->base.statements[statement], -1,
			 SQLITE_PREPARE_PERSISTENT, place, NULL));
	for (int i = 1; *place && i <= sqlite3_bind_parameter_count(*place); i++) {
		const char *name = sqlite3_bind_parameter_name(*place, i);
		assert(name && atoi(name + 1) == i);
		(void)name;
	}
	return *place;
}

static void bind(sqlite3_stmt *statement, const struct archive_call *call)
{
	assert((int)call->values_count == sqlite3_bind_parameter_count(statement));
	for (int i = 0; i < (int)call->values_count; i++) {
		const struct archive_value *value = &call->values[i];
		if (value->type == ARCHIVE_NUMBER)
			sqlite3_bind_int64(statement, i + 1, value->number);
		else if (value->type == ARCHIVE_TEXT)
			sqlite3_bind_text(statement, i + 1, value->text, -1, SQLITE_STATIC);
		else
			sqlite3_bind_null(statement, i + 1);
	}
}

static void take_row(sqlite3_stmt *statement, const struct archive_call *call)
{
	struct archive_value columns[ARCHIVE_COLUMNS_MAX] = {0};
	int count = sqlite3_column_count(statement);
	assert(count <= ARCHIVE_COLUMNS_MAX);
	for (int i = 0; i < count; i++) {
		int type = sqlite3_column_type(statement, i);
		if (type == SQLITE_INTEGER)
			columns[i] = (struct archive_value){
				ARCHIVE_NUMBER, sqlite3_column_int64(statement, i), NULL};
		else if (type != SQLITE_NULL)
			columns[i] = (struct archive_value){
				ARCHIVE_TEXT, 0, (const char *)sqlite3_column_text(statement, i)};
	}
	call->take(call->context, columns);
}

static enum archive_status sqlite_run(struct archive_db *base, const struct archive_call *call)
{
	struct sqlite_db *db = of(base);
	sqlite3_stmt *statement = db->connection ? prepared(db, call->statement) : NULL;
	int code;
	if (!statement)
		return db->connection ? status_of(sqlite3_errcode(db->connection))
				      : ARCHIVE_UNAVAILABLE;
	bind(statement, call);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		if (call->take)
			take_row(statement, call);
	}
	enum archive_status status = note(db, code);
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return status;
}

static struct archive_db *sqlite_close(struct archive_db *base)
{
	if (base) {
		disconnect(of(base));
		free(base);
	}
	return NULL;
}

static const struct archive_db_ops sqlite_ops = {
	.open = sqlite_open,
	.make = sqlite_make,
	.make_room = sqlite_make_room,
	.begin = sqlite_begin,
	.commit = sqlite_commit,
	.rollback = sqlite_rollback,
	.run = sqlite_run,
	.close = sqlite_close,
};

struct archive_db *archive_sqlite_new(const char *const *statements, size_t count)
{
	assert(count <= ARCHIVE_STATEMENTS_MAX);
	struct sqlite_db *db = calloc(1, sizeof(*db));
	if (!db)
		return NULL;
	db->base = (struct archive_db){
		.ops = &sqlite_ops, .statements = statements, .statements_count = count};
	return &db->base;
}
