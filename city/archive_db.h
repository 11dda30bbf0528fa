/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive_db.h -- The seam between the archive and its data base: SQL that both
 * back ends understand goes in, rows come out. Only what differs stands behind it
 * (archive_sqlite.c, archive_postgres.c); what the archive means by it stands in
 * archive_store*.c, once.
 *
 * One thread. Statements are named by their place in a table given at opening and
 * prepared when first used. Parameters are $1, $2 ..., in the order in which they
 * first stand in the text.
 */
#ifndef CITY_ARCHIVE_DB_H
#define CITY_ARCHIVE_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum archive_status {
	ARCHIVE_OK,
	ARCHIVE_REFUSED,     /* what was given cannot be stored; again will not help */
	ARCHIVE_UNAVAILABLE, /* not now: no connection, a lock, a full disk; try again later */
	ARCHIVE_NEWER,       /* a format version this program does not know */
};

enum archive_value_type { ARCHIVE_NULL, ARCHIVE_NUMBER, ARCHIVE_TEXT };

/* A parameter, or a column of a row (then text is valid until the taker returns). */
struct archive_value {
	enum archive_value_type type;
	int64_t number;
	const char *text;
};

enum {
	ARCHIVE_PARAMETERS_MAX = 20,
	ARCHIVE_COLUMNS_MAX = 20,
	ARCHIVE_STATEMENTS_MAX = 64,
	ARCHIVE_REASON_MAX = 256,
};

/* What a statement is run with, and who takes its rows (NULL: it has none). */
struct archive_call {
	unsigned statement;
	const struct archive_value *values;
	size_t values_count;
	void (*take)(void *context, const struct archive_value *columns);
	void *context;
};

enum archive_piece_kind { ARCHIVE_TABLE, ARCHIVE_TABLE_BY_MONTH, ARCHIVE_INDEX, ARCHIVE_VIEW };

/* A piece of the schema: what stands behind "CREATE TABLE name (", "CREATE INDEX name ON " or
 * "CREATE VIEW name AS ". In it, `utc(x)` stands for x ms as a time for people. A table by month
 * has a column start_ms. */
struct archive_piece {
	enum archive_piece_kind kind;
	const char *name;
	const char *sql;
};

struct archive_db;

/* One back end. Every status but ARCHIVE_OK leaves words in reason(). */
struct archive_db_ops {
	/* Connect; `where` is a path or a connection string. Also connects again one that was lost.
	 */
	enum archive_status (*open)(struct archive_db *db, const char *where);
	/* Make a piece of the schema, unless it is there. */
	enum archive_status (*make)(struct archive_db *db, const struct archive_piece *piece);
	/* Have room for rows that start then in a table by month. Not within a transaction. */
	enum archive_status (*make_room)(
		struct archive_db *db, const char *table, int64_t start_wall_ms);
	/* `alone`: nobody else is in such a transaction at the same time. */
	enum archive_status (*begin)(struct archive_db *db, bool alone);
	enum archive_status (*commit)(struct archive_db *db);
	void (*rollback)(struct archive_db *db);
	enum archive_status (*run)(struct archive_db *db, const struct archive_call *call);
	struct archive_db *(*close)(struct archive_db *db); /* NULL is fine; returns NULL */
};

/* What every back end's own struct begins with. */
struct archive_db {
	const struct archive_db_ops *ops;
	const char *const *statements;
	size_t statements_count;
	char reason[ARCHIVE_REASON_MAX];
};

/* A handle, not connected yet; NULL: memory is out. */
struct archive_db *archive_sqlite_new(const char *const *statements, size_t count);
struct archive_db *archive_postgres_new(const char *const *statements, size_t count);

/* Months that have a partition of their own, by their first and last start. */
#define ARCHIVE_MONTHS_FIRST_YEAR 2020
#define ARCHIVE_MONTHS_LAST_YEAR  2059

#endif
