/* SPDX-License-Identifier: Apache-2.0 */
/* store_version_1.c -- store_version_1.h; the SQL is what byport 0.1.0 had in it. */
#include "tests/fakes/store_version_1.h"

#include <stdio.h>
#include <stdlib.h>

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

#define T(minutes) "1767225600000 + " #minutes " * 60000"

/* Two counters and a gauge; an interval that was missing and then estimated, one rejected with its
 * readings, an event between; a series whose only interval is in last_interval alone. */
static const char rows_sql[] =
	"INSERT INTO identity VALUES('6f9c0c8e-31f0-4a55-8b3a-0d1f5a7e2b44', 1767225599, '0123abcd');"
	"INSERT INTO stream VALUES('energy', 8, 5, 3), ('trends', 2, 1, 0);"
	"INSERT INTO series VALUES(0, 'main', 'active_energy_import', 'kWh', 1000000),"
	" (1, 'main', 'active_power', 'W', 1000), (2, 'heat', 'heat_energy', 'kWh', 1000000);"
	"INSERT INTO quality VALUES(0, 'measured'), (1, 'estimated'), (2, 'rejected'), (3, 'missing');"
	"INSERT INTO method VALUES(1, 'even'), (2, 'profile');"
	"INSERT INTO clock VALUES(0, 'unknown'), (1, 'synchronised'), (2, 'trusted');"
	"INSERT INTO last_interval VALUES"
	" (1, 2, " T(-15) ", 900000, 700, NULL, 9000, 0, 0, 0, 0, 1);"
	"INSERT INTO interval VALUES"
	" (2, 0, " T(0) ", 900000, 1500, NULL, 5000001500, 0, 0, 0, 0, 1),"
	" (3, 0, " T(15) ", 900000, NULL, NULL, NULL, 3, 0, 0, 0, 1);"
	"INSERT INTO event VALUES(4, " T(31) ", 'energy_withheld', 'main', 'active_energy_import', 17, 1,"
	" 'It is ''odd''.'), (5, " T(32) ", 'started', NULL, NULL, NULL, 1, 'Started.');"
	"INSERT INTO interval VALUES"
	" (6, 0, " T(15) ", 900000, 900, NULL, 5000002400, 1, 1, 1, 0, 1),"
	" (7, 0, " T(30) ", 900000, NULL, 5000002400, 12, 2, 0, 0, 0, 1),"
	" (8, 0, " T(45) ", 900000, 88, 20, 100, 0, 0, 0, 0, 2);"
	"INSERT INTO trend VALUES(1, 1, " T(0) ", 60000, 1234567, -7, 7654321, 6, 1),"
	" (2, 1, " T(1) ", 60000, 2, 1, 3, 4, 1);";

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
	" at_mono_ms INTEGER NOT NULL, value INTEGER NOT NULL) STRICT;"
	"INSERT INTO interval VALUES"
	" (9, 0, " T(15) ", 900000, 950, NULL, 5000002450, 1, 0, 2, 0, 1, 1);"
	"UPDATE stream SET last = 9 WHERE name = 'energy';";
/* clang-format on */

static void write_store(const struct store_fixture *fixture, const char *name, int version)
{
	char path[160];
	char command[200];

	store_fixture_path(fixture, name, path);
	snprintf(command, sizeof(command), "sqlite3 '%s' >/dev/null", path);
	FILE *shell = popen(command, "w");
	assert_non_null(shell);
	fputs("PRAGMA journal_mode = WAL; BEGIN;", shell);
	fputs(schema_sql, shell);
	fputs(views_sql, shell);
	fputs(rows_sql, shell);
	fputs(version > 1 ? version_2_sql : "", shell);
	fprintf(shell, "PRAGMA application_id = 1652125812; PRAGMA user_version = %d; COMMIT;",
		version);
	assert_int_equal(pclose(shell), 0);
}

void store_version_1_write(const struct store_fixture *fixture, const char *name)
{
	write_store(fixture, name, 1);
}

void store_version_2_write(const struct store_fixture *fixture, const char *name)
{
	write_store(fixture, name, 2);
}
