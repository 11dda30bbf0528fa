/* SPDX-License-Identifier: Apache-2.0 */
/* raw_sqlite.c -- raw_base.h on SQLite, with the archive's own journal and cache. */
#include <sqlite3.h>
#include <stdio.h>

#include "tests/bench/raw_base.h"

static const char insert[] =
	"INSERT INTO intervals VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

static bool exec(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static bool write_row(sqlite3_stmt *statement, const struct archive_value *values)
{
	for (int i = 0; i < RAW_COLUMNS; i++) {
		if (values[i].type == ARCHIVE_NUMBER)
			sqlite3_bind_int64(statement, i + 1, values[i].number);
		else if (values[i].type == ARCHIVE_TEXT)
			sqlite3_bind_text(statement, i + 1, values[i].text, -1, SQLITE_STATIC);
		else
			sqlite3_bind_null(statement, i + 1);
	}
	bool good = sqlite3_step(statement) == SQLITE_DONE;
	sqlite3_reset(statement);
	return good;
}

static bool write_all(sqlite3 *db, sqlite3_stmt *statement, const struct raw_rows *rows)
{
	struct archive_value values[RAW_COLUMNS];
	bool good = true;
	for (long i = 0; good && i < rows->count; i++) {
		if (i % rows->a_transaction == 0)
			good = exec(db, "BEGIN IMMEDIATE");
		rows->row(rows->context, i, values);
		good = good && write_row(statement, values);
		if (good && ((i + 1) % rows->a_transaction == 0 || i + 1 == rows->count))
			good = exec(db, "COMMIT");
	}
	return good;
}

bool raw_sqlite(const char *where, const struct raw_rows *rows)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *statement = NULL;
	bool good = sqlite3_open_v2(where, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
			    NULL) == SQLITE_OK &&
		    exec(db, "PRAGMA synchronous = FULL; PRAGMA cache_size = -16384") &&
		    sqlite3_prepare_v2(db, insert, -1, &statement, NULL) == SQLITE_OK &&
		    write_all(db, statement, rows);
	if (!good)
		fprintf(stderr, "raw_sqlite: %s\n", sqlite3_errmsg(db));
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return good;
}
