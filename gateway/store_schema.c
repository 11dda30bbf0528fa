/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_schema.c -- The store's tables, views and words (docs/store.md): making
 * them, and bringing those of an older version up to ours.
 *
 * A format only grows, so that each version is the one before it and some more.
 */
#include <stdio.h>

#include "gateway/store_format.h"

/* clang-format off */
/* Version 1, and what each later one adds: a new store is an old one upgraded. */
static const char version_1_sql[] =
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

static const char version_2_sql[] =
	"ALTER TABLE interval ADD COLUMN correction INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE last_interval ADD COLUMN correction INTEGER NOT NULL DEFAULT 0;"
	"CREATE TABLE flag(number INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;"
	"CREATE TABLE series_state("
	" series INTEGER PRIMARY KEY,"
	" scale_numerator INTEGER NOT NULL, scale_denominator INTEGER NOT NULL,"
	" configured_numerator INTEGER NOT NULL, configured_denominator INTEGER NOT NULL,"
	" valid_from_ms INTEGER, has_frontier INTEGER NOT NULL, after_id INTEGER NOT NULL,"
	" frontier_ms INTEGER NOT NULL, published_ms INTEGER NOT NULL,"
	" reading INTEGER NOT NULL, shift INTEGER NOT NULL, again_revision INTEGER NOT NULL,"
	" clock INTEGER NOT NULL, is_good INTEGER NOT NULL, is_broken INTEGER NOT NULL) STRICT;"
	"CREATE TABLE device("
	" meter TEXT PRIMARY KEY, model TEXT NOT NULL, serial_number TEXT) STRICT, WITHOUT ROWID;"
	"CREATE TABLE grid("
	" length_ms INTEGER NOT NULL, next_from_ms INTEGER, next_length_ms INTEGER NOT NULL)"
	" STRICT;"
	"CREATE TABLE unplaced("
	" number INTEGER PRIMARY KEY, boot TEXT NOT NULL, series INTEGER NOT NULL,"
	" at_mono_ms INTEGER NOT NULL, value INTEGER NOT NULL) STRICT;";

/* No stream ids; the key is what rows are found by, and what keeps those of one level together in
 * order of time. */
static const char version_3_sql[] =
	"CREATE TABLE coarse_interval("
	" length_ms INTEGER NOT NULL, start_ms INTEGER NOT NULL, series INTEGER NOT NULL,"
	" energy INTEGER, at_least INTEGER, estimated INTEGER NOT NULL, intervals INTEGER NOT NULL,"
	" measured_ms INTEGER NOT NULL, estimated_ms INTEGER NOT NULL,"
	" rejected_ms INTEGER NOT NULL, missing_ms INTEGER NOT NULL,"
	" reading_start INTEGER, reading_end INTEGER,"
	" reading_start_ms INTEGER, reading_end_ms INTEGER,"
	" flags INTEGER NOT NULL, clock INTEGER NOT NULL, correction INTEGER NOT NULL,"
	" late_ms INTEGER NOT NULL,"
	" PRIMARY KEY(length_ms, start_ms, series)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE coarse_trend("
	" length_ms INTEGER NOT NULL, start_ms INTEGER NOT NULL, series INTEGER NOT NULL,"
	" sum INTEGER NOT NULL, count INTEGER NOT NULL, min INTEGER NOT NULL,"
	" max INTEGER NOT NULL, clock INTEGER NOT NULL,"
	" PRIMARY KEY(length_ms, start_ms, series)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE absorbed(id INTEGER PRIMARY KEY) STRICT;"
	"CREATE TABLE revised(day_ms INTEGER PRIMARY KEY, last_id INTEGER NOT NULL) STRICT;"
	"INSERT INTO revised SELECT start_ms - start_ms % 86400000, max(id) FROM interval"
	" WHERE revision > 0 GROUP BY 1;";

#define UTC(ms) "strftime('%Y-%m-%dT%H:%M:%SZ', (" ms ") / 1000, 'unixepoch')"
#define IN_UNITS(steps) "(" steps ") * 1.0 / s.steps_per_unit"

#define FLAG_WORDS(row) \
	"CASE " row ".flags WHEN 0 THEN '' ELSE coalesce((SELECT group_concat(name, ',')" \
	" FROM flag WHERE " row ".flags >> number & 1), '') END"

#define TOLD_MS "(k.measured_ms + k.estimated_ms + k.rejected_ms + k.missing_ms)"
#define INTERVALS_OF(time_ms) \
	"CAST(round(k.intervals * 1.0 * (" time_ms ") / max(" TOLD_MS ", 1)) AS INTEGER)"

static const char drop_views_sql[] =
	"DROP VIEW IF EXISTS intervals; DROP VIEW IF EXISTS energy;"
	"DROP VIEW IF EXISTS energy_by_day; DROP VIEW IF EXISTS events;"
	"DROP VIEW IF EXISTS trends; DROP VIEW IF EXISTS waiting;"
	"DROP VIEW IF EXISTS coarse_energy;";

static const char energy_views_sql[] =
	"CREATE VIEW intervals AS"
	" SELECT i.id, s.meter, s.quantity, " UTC("i.start_ms") " AS start_utc, "
	UTC("i.start_ms + i.length_ms") " AS end_utc, "
	IN_UNITS("i.energy") " AS energy, s.unit, q.name AS quality, m.name AS method,"
	" i.revision, " FLAG_WORDS("i") " AS flags, "
	IN_UNITS("coalesce(i.reading_start, i.reading_end - i.energy)") " AS reading_start, "
	IN_UNITS("i.reading_end") " AS reading_end, c.name AS clock, i.start_ms, i.length_ms,"
	" i.correction"
	" FROM interval i JOIN series s ON s.number = i.series"
	" JOIN quality q ON q.number = i.quality"
	" LEFT JOIN method m ON m.number = i.method"
	" LEFT JOIN clock c ON c.number = i.clock;"
	"CREATE VIEW coarse_energy AS"
	" SELECT s.meter, s.quantity, " UTC("k.start_ms") " AS start_utc, "
	UTC("k.start_ms + k.length_ms") " AS end_utc, "
	IN_UNITS("k.energy") " AS energy, " IN_UNITS("coalesce(k.energy, k.at_least)") " AS at_least,"
	" s.unit, CASE WHEN k.measured_ms = k.length_ms THEN 'measured'"
	" WHEN k.energy IS NOT NULL THEN 'estimated' WHEN k.missing_ms = 0 AND " TOLD_MS
	" = k.length_ms THEN 'rejected' ELSE 'missing' END AS quality, "
	IN_UNITS("coalesce(k.reading_start, k.reading_end - coalesce(k.energy, k.at_least))")
	" AS reading_start, " IN_UNITS("k.reading_end") " AS reading_end, c.name AS clock, "
	FLAG_WORDS("k") " AS flags, k.correction, k.intervals,"
	" k.measured_ms, k.estimated_ms, k.rejected_ms, k.missing_ms, "
	INTERVALS_OF("k.measured_ms") " AS measured, " INTERVALS_OF("k.estimated_ms") " AS estimated"
	" FROM coarse_interval k JOIN series s ON s.number = k.series"
	" LEFT JOIN clock c ON c.number = k.clock;"
	/* The newest revision: SQLite takes bare columns from the row of the maximum. */
	"CREATE VIEW energy AS"
	" SELECT meter, quantity, start_utc, end_utc, energy, unit, quality, NULL AS method,"
	" NULL AS revision, reading_start, reading_end, clock, flags, correction, at_least,"
	" intervals FROM coarse_energy UNION ALL"
	" SELECT meter, quantity, start_utc, end_utc, energy, unit, quality, method,"
	" revision, reading_start, reading_end, clock, flags, correction, energy, 1"
	" FROM (SELECT *, max(id) FROM intervals WHERE id NOT IN (SELECT id FROM absorbed)"
	" GROUP BY meter, quantity, start_ms, length_ms);"
	"CREATE VIEW energy_by_day AS"
	" SELECT meter, quantity, substr(start_utc, 1, 10) AS day_utc, sum(energy) AS energy, unit,"
	" sum(intervals) AS intervals, sum(measured) AS measured, sum(estimated) AS estimated,"
	" sum(intervals - measured - estimated) AS without_value FROM ("
	" SELECT meter, quantity, start_utc, at_least AS energy, unit, intervals, measured, estimated"
	" FROM coarse_energy UNION ALL"
	" SELECT meter, quantity, start_utc, energy, unit, 1, quality = 'measured',"
	" quality = 'estimated' FROM energy WHERE revision IS NOT NULL)"
	" GROUP BY meter, quantity, day_utc;";

static const char other_views_sql[] =
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
	" LEFT JOIN clock c ON c.number = t.clock UNION ALL"
	" SELECT NULL, s.meter, s.quantity, " UTC("t.start_ms") ", "
	UTC("t.start_ms + t.length_ms") ", "
	IN_UNITS("t.sum * 1.0 / t.count") ", " IN_UNITS("t.min") ", " IN_UNITS("t.max") ","
	" s.unit, t.count, c.name FROM coarse_trend t JOIN series s ON s.number = t.series"
	" LEFT JOIN clock c ON c.number = t.clock;"
	"CREATE VIEW waiting AS"
	" SELECT name AS stream, sent, CASE name WHEN 'trends'"
	" THEN (SELECT count(*) FROM trend WHERE id > sent)"
	" ELSE (SELECT count(*) FROM interval WHERE id > sent)"
	"    + (SELECT count(*) FROM event WHERE id > sent) END AS rows_waiting"
	" FROM stream;";

/* What is missing is there for this connection, and empty; a temporary name goes before the file's. */
static const char cover_version_1_sql[] =
	"CREATE TEMP VIEW interval AS SELECT *, 0 AS correction FROM main.interval;"
	"CREATE TEMP VIEW last_interval AS SELECT *, 0 AS correction FROM main.last_interval;"
	"CREATE TEMP TABLE series_state("
	" series, scale_numerator, scale_denominator, configured_numerator,"
	" configured_denominator, valid_from_ms, has_frontier, after_id, frontier_ms, published_ms,"
	" reading, shift, again_revision, clock, is_good, is_broken);"
	"CREATE TEMP TABLE device(meter, model, serial_number);"
	"CREATE TEMP TABLE grid(length_ms, next_from_ms, next_length_ms);"
	"CREATE TEMP TABLE unplaced(number, boot, series, at_mono_ms, value);";

static const char cover_version_2_sql[] =
	"CREATE TEMP TABLE coarse_interval("
	" length_ms, start_ms, series, energy, at_least, estimated, intervals, measured_ms,"
	" estimated_ms, rejected_ms, missing_ms, reading_start, reading_end, reading_start_ms,"
	" reading_end_ms, flags, clock, correction, late_ms);"
	"CREATE TEMP TABLE absorbed(id INTEGER PRIMARY KEY);"
	"CREATE TEMP TABLE revised(day_ms, last_id);";
/* clang-format on */

static enum store_status add_word(
	struct store_sqlite *db, const char *table, int number, const char *name)
{
	char sql[96];

	if (!name) {
		return STORE_OK;
	}
	snprintf(
		sql, sizeof(sql), "INSERT OR IGNORE INTO %s VALUES(%d, '%s')", table, number, name);
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
	for (int i = 0; status == STORE_OK && i < FLAG_COUNT; i++) {
		status = add_word(db, "flag", i, flag_name((enum flag)i));
	}
	return status;
}

enum store_status store_format_upgrade(struct store_sqlite *db, int64_t version)
{
	char sql[64];
	enum store_status status = store_sqlite_exec(db, drop_views_sql);

	if (status == STORE_OK && version < 2) {
		status = store_sqlite_exec(db, version_2_sql);
	}
	if (status == STORE_OK && version < 3) {
		status = store_sqlite_exec(db, version_3_sql);
	}
	if (status == STORE_OK) {
		status = store_sqlite_exec(db, energy_views_sql);
	}
	if (status == STORE_OK) {
		status = store_sqlite_exec(db, other_views_sql);
	}
	if (status == STORE_OK) {
		status = add_words(db);
	}
	if (status != STORE_OK) {
		return status;
	}
	snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", STORE_FORMAT_VERSION);
	return store_sqlite_exec(db, sql);
}

enum store_status store_format_create(struct store_sqlite *db)
{
	char sql[64];
	enum store_status status = store_sqlite_exec(db, version_1_sql);

	if (status != STORE_OK) {
		return status;
	}
	snprintf(sql, sizeof(sql), "PRAGMA application_id = %d", STORE_APPLICATION_ID);
	status = store_sqlite_exec(db, sql);
	return status == STORE_OK ? store_format_upgrade(db, STORE_FORMAT_VERSION_MIN) : status;
}

enum store_status store_format_cover(struct store_sqlite *db, int64_t version)
{
	enum store_status status =
		version < 2 ? store_sqlite_exec(db, cover_version_1_sql) : STORE_OK;

	return status == STORE_OK && version < 3 ? store_sqlite_exec(db, cover_version_2_sql)
						 : status;
}
