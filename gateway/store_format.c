/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_format.c -- store_format.h: tables, views, statements, and rows to and
 * from columns.
 *
 * No index over the hot tables: they are in id order, and an index would cost
 * seventy times the flash writes. A value that follows from others is NULL: the
 * reading at an interval's start, where it is the one at its end less the energy.
 */
#include "gateway/store_format.h"

#include <stdio.h>
#include <string.h>

/* clang-format off */
static const char schema_sql[] =
	"CREATE TABLE identity("
	" id TEXT NOT NULL, generation INTEGER NOT NULL, machine_id TEXT NOT NULL) STRICT;"
	"CREATE TABLE stream("
	" name TEXT PRIMARY KEY, last INTEGER NOT NULL, sent INTEGER NOT NULL,"
	" delivered INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE series("
	" number INTEGER PRIMARY KEY, meter TEXT NOT NULL, quantity TEXT NOT NULL,"
	" unit TEXT NOT NULL, steps_per_unit INTEGER NOT NULL) STRICT;"
	"CREATE TABLE quality(number INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;"
	"CREATE TABLE method(number INTEGER PRIMARY KEY, name TEXT) STRICT;"
	"CREATE TABLE clock(number INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;"
	"CREATE TABLE interval("
	" id INTEGER PRIMARY KEY, series INTEGER NOT NULL,"
	" start_ms INTEGER NOT NULL, length_ms INTEGER NOT NULL,"
	" energy INTEGER, reading_start INTEGER, reading_end INTEGER,"
	" quality INTEGER NOT NULL, method INTEGER NOT NULL, revision INTEGER NOT NULL,"
	" flags INTEGER NOT NULL, clock INTEGER NOT NULL) STRICT;"
	"CREATE TABLE last_interval("
	" id INTEGER PRIMARY KEY, series INTEGER NOT NULL,"
	" start_ms INTEGER NOT NULL, length_ms INTEGER NOT NULL,"
	" energy INTEGER, reading_start INTEGER, reading_end INTEGER,"
	" quality INTEGER NOT NULL, method INTEGER NOT NULL, revision INTEGER NOT NULL,"
	" flags INTEGER NOT NULL, clock INTEGER NOT NULL) STRICT;"
	"CREATE TABLE event("
	" id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, kind TEXT NOT NULL, meter TEXT,"
	" quantity TEXT, amount INTEGER, clock INTEGER NOT NULL, text TEXT NOT NULL) STRICT;"
	"CREATE TABLE trend("
	" id INTEGER PRIMARY KEY, series INTEGER NOT NULL,"
	" start_ms INTEGER NOT NULL, length_ms INTEGER NOT NULL,"
	" mean INTEGER NOT NULL, min INTEGER NOT NULL, max INTEGER NOT NULL,"
	" count INTEGER NOT NULL, clock INTEGER NOT NULL) STRICT;";

#define UTC(ms) "strftime('%Y-%m-%dT%H:%M:%SZ', (" ms ") / 1000, 'unixepoch')"
#define IN_UNITS(steps) "(" steps ") * 1.0 / s.steps_per_unit"

static const char views_sql[] =
	"CREATE VIEW intervals AS"
	" SELECT i.id, s.meter, s.quantity, " UTC("i.start_ms") " AS start_utc, "
	UTC("i.start_ms + i.length_ms") " AS end_utc, "
	IN_UNITS("i.energy") " AS energy, s.unit, q.name AS quality, m.name AS method,"
	" i.revision, i.flags, "
	IN_UNITS("coalesce(i.reading_start, i.reading_end - i.energy)") " AS reading_start, "
	IN_UNITS("i.reading_end") " AS reading_end, c.name AS clock, i.start_ms, i.length_ms"
	" FROM interval i JOIN series s ON s.number = i.series"
	" JOIN quality q ON q.number = i.quality"
	" LEFT JOIN method m ON m.number = i.method"
	" LEFT JOIN clock c ON c.number = i.clock;"
	/* The newest revision: SQLite takes bare columns from the row of the maximum. */
	"CREATE VIEW energy AS"
	" SELECT meter, quantity, start_utc, end_utc, energy, unit, quality, method,"
	" max(revision) AS revision, reading_start, reading_end, clock"
	" FROM intervals GROUP BY meter, quantity, start_ms, length_ms;"
	"CREATE VIEW energy_by_day AS"
	" SELECT meter, quantity, substr(start_utc, 1, 10) AS day_utc, sum(energy) AS energy, unit,"
	" count(*) AS intervals, sum(quality = 'measured') AS measured,"
	" sum(quality = 'estimated') AS estimated, sum(energy IS NULL) AS without_value"
	" FROM energy GROUP BY meter, quantity, day_utc;"
	"CREATE VIEW events AS"
	" SELECT e.id, " UTC("e.at_ms") " AS at_utc, e.kind, e.meter, e.quantity,"
	" e.amount * 1.0 / (SELECT max(steps_per_unit) FROM series WHERE quantity = e.quantity)"
	" AS amount,"
	" (SELECT max(unit) FROM series WHERE quantity = e.quantity) AS unit, c.name AS clock, e.text"
	" FROM event e LEFT JOIN clock c ON c.number = e.clock;"
	"CREATE VIEW trends AS"
	" SELECT t.id, s.meter, s.quantity, " UTC("t.start_ms") " AS start_utc, "
	UTC("t.start_ms + t.length_ms") " AS end_utc, "
	IN_UNITS("t.mean") " AS mean, " IN_UNITS("t.min") " AS min, " IN_UNITS("t.max") " AS max,"
	" s.unit, t.count, c.name AS clock"
	" FROM trend t JOIN series s ON s.number = t.series"
	" LEFT JOIN clock c ON c.number = t.clock;"
	"CREATE VIEW waiting AS"
	" SELECT name AS stream, sent, CASE name WHEN 'trends'"
	" THEN (SELECT count(*) FROM trend WHERE id > sent)"
	" ELSE (SELECT count(*) FROM interval WHERE id > sent)"
	"    + (SELECT count(*) FROM event WHERE id > sent) END AS rows_waiting"
	" FROM stream;";

#define INTERVAL_COLUMNS \
	"id, series, start_ms, length_ms, energy, reading_start, reading_end," \
	" quality, method, revision, flags, clock"

const char *const store_statements[STATEMENT_COUNT] = {
	[STATEMENT_ADD_SERIES] =
		"INSERT INTO series VALUES(?1, ?2, ?3, ?4, ?5)",
	[STATEMENT_ADD_INTERVAL] =
		"INSERT INTO interval VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
	[STATEMENT_ADD_EVENT] =
		"INSERT INTO event VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	[STATEMENT_ADD_TREND] =
		"INSERT INTO trend VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	[STATEMENT_SET_STREAM] =
		"INSERT OR REPLACE INTO stream VALUES(?1, ?2, ?3, ?4)",
	[STATEMENT_ALL_SERIES] =
		"SELECT number, meter, quantity FROM series ORDER BY number",
	[STATEMENT_ALL_STREAMS] =
		"SELECT name, last, sent, delivered FROM stream",
	[STATEMENT_LAST_INTERVALS] =
		"SELECT " INTERVAL_COLUMNS " FROM last_interval UNION ALL"
		" SELECT " INTERVAL_COLUMNS " FROM interval"
		" WHERE id > (SELECT coalesce(max(id), 0) FROM last_interval)",
	[STATEMENT_INTERVAL_BY_ID] =
		"SELECT " INTERVAL_COLUMNS " FROM interval WHERE id = ?1 UNION ALL"
		" SELECT " INTERVAL_COLUMNS " FROM last_interval WHERE id = ?1",
	[STATEMENT_INTERVALS_AFTER] =
		"SELECT " INTERVAL_COLUMNS " FROM interval WHERE id > ?1 ORDER BY id",
	[STATEMENT_EVENTS_AFTER] =
		"SELECT id, at_ms, kind, meter, quantity, amount, clock, text FROM event"
		" WHERE id > ?1 ORDER BY id",
	[STATEMENT_TRENDS_AFTER] =
		"SELECT id, series, start_ms, length_ms, mean, min, max, count, clock FROM trend"
		" WHERE id > ?1 ORDER BY id",
	[STATEMENT_DROP_LAST] =
		"DELETE FROM last_interval WHERE series = ?1 AND id NOT IN (?2, ?3)",
	[STATEMENT_KEEP_LAST] =
		"INSERT OR IGNORE INTO last_interval SELECT " INTERVAL_COLUMNS " FROM interval"
		" WHERE id IN (?1, ?2)",
	[STATEMENT_COUNT_TRENDS] =
		"SELECT count(*) FROM trend WHERE id > ?1 AND id <= ?2",
	[STATEMENT_DROP_TRENDS] =
		"DELETE FROM trend WHERE id <= ?1",
	[STATEMENT_DROP_INTERVALS] =
		"DELETE FROM interval WHERE id <= ?1",
	[STATEMENT_DROP_EVENTS] =
		"DELETE FROM event WHERE id <= ?1",
};
/* clang-format on */

static enum store_status add_word(
	struct store_sqlite *db, const char *table, int number, const char *name)
{
	char sql[96];

	if (!name) {
		return STORE_OK;
	}
	snprintf(sql, sizeof(sql), "INSERT INTO %s VALUES(%d, '%s')", table, number, name);
	return store_sqlite_exec(db, sql);
}

static enum store_status add_words(struct store_sqlite *db)
{
	enum store_status status = STORE_OK;

	for (int i = 0; status == STORE_OK && i < QUALITY_COUNT; i++) {
		status = add_word(db, "quality", i, quality_name((enum quality)i));
	}
	for (int i = 0; status == STORE_OK && i < METHOD_COUNT; i++) {
		status = add_word(db, "method", i, estimate_method_name((enum estimate_method)i));
	}
	for (int i = 0; status == STORE_OK && i < CLOCK_STATE_COUNT; i++) {
		status = add_word(db, "clock", i, clock_state_name((enum clock_state)i));
	}
	return status;
}

enum store_status store_format_create(struct store_sqlite *db)
{
	char sql[96];
	enum store_status status = store_sqlite_exec(db, schema_sql);

	if (status == STORE_OK) {
		status = store_sqlite_exec(db, views_sql);
	}
	if (status == STORE_OK) {
		status = add_words(db);
	}
	if (status != STORE_OK) {
		return status;
	}
	snprintf(sql, sizeof(sql), "PRAGMA application_id = %d; PRAGMA user_version = %d",
		STORE_APPLICATION_ID, STORE_FORMAT_VERSION);
	return store_sqlite_exec(db, sql);
}

/* NULL: no number. */
static void bind_number(
	struct store_sqlite *db, unsigned statement, int parameter, const int64_t *number)
{
	if (number) {
		store_sqlite_bind(db, statement, parameter, *number);
	} else {
		store_sqlite_bind_null(db, statement, parameter);
	}
}

static bool has_energy(uint8_t quality)
{
	return quality == QUALITY_MEASURED || quality == QUALITY_ESTIMATED;
}

enum store_status store_format_add_interval(struct store_sqlite *db, const struct interval_row *row)
{
	enum store_statement add = STATEMENT_ADD_INTERVAL;
	bool has_value = has_energy(row->quality);
	bool follows = has_value && row->reading_start == row->reading_end - row->energy;

	store_sqlite_bind(db, add, 1, row->id);
	store_sqlite_bind(db, add, 2, row->series);
	store_sqlite_bind(db, add, 3, row->start_wall_ms);
	store_sqlite_bind(db, add, 4, row->end_wall_ms - row->start_wall_ms);
	bind_number(db, add, 5, has_value ? &row->energy : NULL);
	bind_number(db, add, 6, row->has_readings && !follows ? &row->reading_start : NULL);
	bind_number(db, add, 7, row->has_readings ? &row->reading_end : NULL);
	store_sqlite_bind(db, add, 8, row->quality);
	store_sqlite_bind(db, add, 9, row->method);
	store_sqlite_bind(db, add, 10, row->revision);
	store_sqlite_bind(db, add, 11, row->flags);
	store_sqlite_bind(db, add, 12, row->clock);
	return store_sqlite_run(db, add);
}

enum store_status store_format_add_event(struct store_sqlite *db, const struct event_row *row)
{
	enum store_statement add = STATEMENT_ADD_EVENT;

	store_sqlite_bind(db, add, 1, row->id);
	store_sqlite_bind(db, add, 2, row->at_wall_ms);
	store_sqlite_bind_text(db, add, 3, event_kind_name((enum event_kind)row->kind));
	store_sqlite_bind_null(db, add, 4);
	if (row->meter[0] != '\0') {
		store_sqlite_bind_text(db, add, 4, row->meter);
	}
	store_sqlite_bind_null(db, add, 5);
	if (row->has_amount) {
		store_sqlite_bind_text(
			db, add, 5, quantity_info((enum quantity)row->quantity)->name);
	}
	bind_number(db, add, 6, row->has_amount ? &row->amount : NULL);
	store_sqlite_bind(db, add, 7, row->clock);
	store_sqlite_bind_text(db, add, 8, row->text);
	return store_sqlite_run(db, add);
}

enum store_status store_format_add_trend(struct store_sqlite *db, const struct trend_row *row)
{
	enum store_statement add = STATEMENT_ADD_TREND;

	store_sqlite_bind(db, add, 1, row->id);
	store_sqlite_bind(db, add, 2, row->series);
	store_sqlite_bind(db, add, 3, row->start_wall_ms);
	store_sqlite_bind(db, add, 4, row->end_wall_ms - row->start_wall_ms);
	store_sqlite_bind(db, add, 5, row->mean);
	store_sqlite_bind(db, add, 6, row->min);
	store_sqlite_bind(db, add, 7, row->max);
	store_sqlite_bind(db, add, 8, row->count);
	store_sqlite_bind(db, add, 9, row->clock);
	return store_sqlite_run(db, add);
}

struct interval_row store_format_interval(struct store_sqlite *db, enum store_statement statement)
{
	struct interval_row row = {
		.id = store_sqlite_column(db, statement, 0),
		.series = (int32_t)store_sqlite_column(db, statement, 1),
		.start_wall_ms = store_sqlite_column(db, statement, 2),
		.energy = store_sqlite_column(db, statement, 4),
		.reading_start = store_sqlite_column(db, statement, 5),
		.reading_end = store_sqlite_column(db, statement, 6),
		.has_readings = !store_sqlite_column_is_null(db, statement, 6),
		.quality = (uint8_t)store_sqlite_column(db, statement, 7),
		.method = (uint8_t)store_sqlite_column(db, statement, 8),
		.revision = (int32_t)store_sqlite_column(db, statement, 9),
		.flags = (uint32_t)store_sqlite_column(db, statement, 10),
		.clock = (uint8_t)store_sqlite_column(db, statement, 11),
	};

	row.end_wall_ms = row.start_wall_ms + store_sqlite_column(db, statement, 3);
	if (row.has_readings && store_sqlite_column_is_null(db, statement, 5)) {
		row.reading_start = row.reading_end - row.energy;
	}
	return row;
}

static enum event_kind event_kind_find(const char *name)
{
	int kind = 0;

	while (kind < EVENT_KIND_COUNT - 1 &&
		strcmp(event_kind_name((enum event_kind)kind), name) != 0) {
		kind++;
	}
	return (enum event_kind)kind;
}

struct event_row store_format_event(struct store_sqlite *db, enum store_statement statement)
{
	enum quantity quantity = QUANTITY_ACTIVE_ENERGY_IMPORT;
	bool is_known = quantity_find(store_sqlite_column_text(db, statement, 4), &quantity);
	struct event_row row = {
		.id = store_sqlite_column(db, statement, 0),
		.at_wall_ms = store_sqlite_column(db, statement, 1),
		.kind = (uint8_t)event_kind_find(store_sqlite_column_text(db, statement, 2)),
		.quantity = (uint8_t)quantity,
		.amount = store_sqlite_column(db, statement, 5),
		.has_amount = is_known && !store_sqlite_column_is_null(db, statement, 5),
		.clock = (uint8_t)store_sqlite_column(db, statement, 6),
	};

	snprintf(row.meter, sizeof(row.meter), "%s", store_sqlite_column_text(db, statement, 3));
	snprintf(row.text, sizeof(row.text), "%s", store_sqlite_column_text(db, statement, 7));
	return row;
}

struct trend_row store_format_trend(struct store_sqlite *db, enum store_statement statement)
{
	int64_t start_wall_ms = store_sqlite_column(db, statement, 2);

	return (struct trend_row){
		.id = store_sqlite_column(db, statement, 0),
		.series = (int32_t)store_sqlite_column(db, statement, 1),
		.start_wall_ms = start_wall_ms,
		.end_wall_ms = start_wall_ms + store_sqlite_column(db, statement, 3),
		.mean = store_sqlite_column(db, statement, 4),
		.min = store_sqlite_column(db, statement, 5),
		.max = store_sqlite_column(db, statement, 6),
		.count = (int32_t)store_sqlite_column(db, statement, 7),
		.clock = (uint8_t)store_sqlite_column(db, statement, 8),
	};
}
