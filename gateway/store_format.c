/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_format.c -- store_format.h: statements, and rows to and from columns.
 *
 * No index over the hot tables: they are in id order, and an index would cost
 * seventy times the flash writes. A value that follows from others is NULL: the
 * reading at an interval's start, where it is the one at its end less the energy.
 */
#include "gateway/store_format.h"

#include <stdio.h>
#include <string.h>

/* clang-format off */
#define INTERVAL_COLUMNS \
	"id, series, start_ms, length_ms, energy, reading_start, reading_end," \
	" quality, method, revision, flags, clock, correction"

#define COARSE_INTERVAL_COLUMNS \
	"length_ms, start_ms, series, energy, at_least, estimated, intervals, measured_ms," \
	" estimated_ms, rejected_ms, missing_ms, reading_start, reading_end, reading_start_ms," \
	" reading_end_ms, flags, clock, correction, late_ms"

#define COARSE_TREND_COLUMNS "length_ms, start_ms, series, sum, count, min, max, clock"

#define COUNTED "id NOT IN (SELECT id FROM absorbed)"

const char *const store_statements[STATEMENT_COUNT] = {
	[STATEMENT_ALL_SERIES] =
		"SELECT number, meter, quantity FROM series ORDER BY number",
	[STATEMENT_ALL_STREAMS] =
		"SELECT name, last, sent, delivered FROM stream",
	[STATEMENT_ALL_STATES] =
		"SELECT * FROM series_state ORDER BY series",
	[STATEMENT_ALL_DEVICES] =
		"SELECT meter, model, serial_number FROM device",
	[STATEMENT_GRID] =
		"SELECT length_ms, next_from_ms, next_length_ms FROM grid",
	[STATEMENT_ALL_UNPLACED] =
		"SELECT boot, series, at_mono_ms, value FROM unplaced ORDER BY number",
	[STATEMENT_LAST_INTERVALS] =
		"SELECT " INTERVAL_COLUMNS ", 1 FROM last_interval UNION ALL"
		" SELECT " INTERVAL_COLUMNS ", 0 FROM interval"
		" WHERE id > (SELECT coalesce(max(id), 0) FROM last_interval)",
	[STATEMENT_INTERVAL_BY_ID] =
		"SELECT " INTERVAL_COLUMNS " FROM interval WHERE id = ?1 UNION ALL"
		" SELECT " INTERVAL_COLUMNS " FROM last_interval WHERE id = ?1",
	[STATEMENT_INTERVALS_AFTER] =
		"SELECT " INTERVAL_COLUMNS " FROM interval WHERE id > ?1 ORDER BY id",
	[STATEMENT_COUNTED_INTERVALS_AFTER] =
		"SELECT " INTERVAL_COLUMNS " FROM interval WHERE id > ?1 AND " COUNTED
		" ORDER BY id",
	[STATEMENT_INTERVALS_IN_RANGE] =
		"SELECT " INTERVAL_COLUMNS " FROM interval WHERE id > ?1 AND series = ?2"
		" AND start_ms < ?4 AND start_ms + length_ms > ?3 AND " COUNTED " ORDER BY id",
	[STATEMENT_FIRST_INTERVAL] =
		"SELECT " INTERVAL_COLUMNS " FROM interval WHERE series = ?1 AND start_ms > ?2"
		" AND reading_end IS NOT NULL ORDER BY start_ms, id DESC LIMIT 1",
	[STATEMENT_NEWEST_OF_KEY] =
		"SELECT " INTERVAL_COLUMNS " FROM interval WHERE series = ?1 AND start_ms = ?2"
		" AND length_ms = ?3 ORDER BY id DESC LIMIT 1",
	/* SQLite takes bare columns from the row of the maximum. */
	[STATEMENT_NEWEST_KNOWN] =
		"SELECT " INTERVAL_COLUMNS ", max(id) FROM interval WHERE series = ?1 AND id > ?2"
		" GROUP BY start_ms, length_ms HAVING reading_end IS NOT NULL"
		" ORDER BY start_ms + length_ms DESC, id DESC LIMIT 1",
	[STATEMENT_INTERVAL_TIME] =
		"SELECT id, start_ms + length_ms FROM interval WHERE id <= ?1 AND revision = 0"
		" ORDER BY id DESC LIMIT 1",
	[STATEMENT_EVENT_TIME] =
		"SELECT id, at_ms FROM event WHERE id <= ?1 AND clock <> 0 ORDER BY id DESC LIMIT 1",
	[STATEMENT_EVENTS_AFTER] =
		"SELECT id, at_ms, kind, meter, quantity, amount, clock, text FROM event"
		" WHERE id > ?1 ORDER BY id",
	[STATEMENT_TRENDS_AFTER] =
		"SELECT id, series, start_ms, length_ms, mean, min, max, count, clock FROM trend"
		" WHERE id > ?1 ORDER BY id",
	[STATEMENT_COUNT_TRENDS] =
		"SELECT count(*) FROM trend WHERE id > ?1 AND id <= ?2",
	[STATEMENT_COARSE_INTERVAL] =
		"SELECT " COARSE_INTERVAL_COLUMNS " FROM coarse_interval"
		" WHERE length_ms = ?1 AND start_ms = ?2 AND series = ?3",
	[STATEMENT_COARSE_INTERVALS] =
		"SELECT " COARSE_INTERVAL_COLUMNS " FROM coarse_interval"
		" WHERE length_ms = ?1 AND (start_ms, series) > (?2, ?3) AND start_ms < ?4"
		" ORDER BY start_ms, series",
	[STATEMENT_COARSE_LEVEL_BELOW] =
		"SELECT max(length_ms) FROM coarse_interval WHERE length_ms < ?1",
	[STATEMENT_COARSE_LEVEL_UNTIL] =
		"SELECT max(start_ms) + ?1 FROM coarse_interval WHERE length_ms = ?1",
	[STATEMENT_COARSE_AT] =
		"SELECT 1 FROM coarse_interval WHERE series = ?1 AND start_ms <= ?2"
		" AND start_ms + length_ms > ?2 LIMIT 1",
	[STATEMENT_COARSE_FIRST] =
		"SELECT " COARSE_INTERVAL_COLUMNS " FROM coarse_interval WHERE series = ?1"
		" AND reading_end IS NOT NULL ORDER BY start_ms LIMIT 1",
	[STATEMENT_ADD_SERIES] =
		"INSERT INTO series VALUES(?1, ?2, ?3, ?4, ?5)",
	[STATEMENT_ADD_INTERVAL] =
		"INSERT INTO interval VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12,"
		" ?13)",
	[STATEMENT_ADD_EVENT] =
		"INSERT INTO event VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	[STATEMENT_ADD_TREND] =
		"INSERT INTO trend VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	[STATEMENT_SET_STREAM] =
		"INSERT OR REPLACE INTO stream VALUES(?1, ?2, ?3, ?4)",
	[STATEMENT_SET_STATE] =
		"INSERT OR REPLACE INTO series_state VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,"
		" ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
	[STATEMENT_SET_DEVICE] =
		"INSERT OR REPLACE INTO device VALUES(?1, ?2, ?3)",
	[STATEMENT_SET_GRID] =
		"INSERT OR REPLACE INTO grid(rowid, length_ms, next_from_ms, next_length_ms)"
		" VALUES(1, ?1, ?2, ?3)",
	[STATEMENT_ADD_UNPLACED] =
		"INSERT INTO unplaced(boot, series, at_mono_ms, value) VALUES(?1, ?2, ?3, ?4)",
	[STATEMENT_DROP_UNPLACED_OF_BOOT] =
		"DELETE FROM unplaced WHERE boot = ?1",
	[STATEMENT_DROP_UNPLACED] =
		"DELETE FROM unplaced",
	[STATEMENT_DROP_LAST] =
		"DELETE FROM last_interval WHERE series = ?1 AND id NOT IN (?2, ?3)",
	[STATEMENT_KEEP_LAST] =
		"INSERT OR IGNORE INTO last_interval SELECT " INTERVAL_COLUMNS " FROM interval"
		" WHERE id IN (?1, ?2)",
	[STATEMENT_DROP_TRENDS] =
		"DELETE FROM trend WHERE id <= ?1",
	[STATEMENT_DROP_INTERVALS] =
		"DELETE FROM interval WHERE id <= ?1",
	[STATEMENT_DROP_EVENTS] =
		"DELETE FROM event WHERE id <= ?1",
	[STATEMENT_HOUR_BOUNDARY] =
		"SELECT id FROM interval WHERE id > ?1 AND id <= ?2 AND revision = 0"
		" AND start_ms % 3600000 = 0 ORDER BY id LIMIT 1",
	[STATEMENT_TREND_HOUR_BOUNDARY] =
		"SELECT id FROM trend WHERE id > ?1 AND id <= ?2 AND start_ms % 3600000 = 0"
		" ORDER BY id LIMIT 1",
	[STATEMENT_REVISED_THROUGH] =
		"SELECT max(last_id) FROM revised WHERE day_ms IN"
		" (SELECT start_ms - start_ms % 86400000 FROM interval WHERE id <= ?1)",
	/* The newest revision of each that has a row through ?1, revisions through ?2 looked at. */
	[STATEMENT_INTERVALS_TO_COARSEN] =
		"SELECT max(id), series, start_ms, length_ms, energy, reading_start, reading_end,"
		" quality, method, revision, flags, clock, correction FROM interval"
		" WHERE id <= ?2 AND (id <= ?1 OR revision > 0) AND " COUNTED
		" GROUP BY series, start_ms, length_ms HAVING sum(id <= ?1) > 0"
		" ORDER BY start_ms / 3600000, series, start_ms",
	[STATEMENT_TRENDS_TO_COARSEN] =
		"SELECT id, series, start_ms, length_ms, mean, min, max, count, clock FROM trend"
		" WHERE id <= ?1 ORDER BY start_ms / 900000, series, start_ms",
	[STATEMENT_COUNTED_KEY] =
		"SELECT 1 FROM interval WHERE start_ms = ?2 AND series = ?1 AND length_ms = ?3"
		" AND id < ?4 AND " COUNTED " LIMIT 1",
	[STATEMENT_ABSORBED_KEY] =
		"SELECT 1 FROM absorbed a JOIN interval i ON i.id = a.id WHERE i.series = ?1"
		" AND i.start_ms = ?2 AND i.length_ms = ?3 AND i.energy IS NOT NULL AND i.id < ?4 LIMIT 1",
	[STATEMENT_SET_REVISED] =
		"INSERT INTO revised VALUES(?1, ?2)"
		" ON CONFLICT DO UPDATE SET last_id = max(last_id, excluded.last_id)",
	[STATEMENT_DROP_REVISED] =
		"DELETE FROM revised WHERE last_id <= ?1",
	[STATEMENT_ABSORB_ONE] =
		"INSERT INTO absorbed VALUES(?1)",
	[STATEMENT_ABSORB_REVISIONS] =
		"INSERT OR IGNORE INTO absorbed SELECT id FROM interval WHERE id > ?1 AND id <= ?2"
		" AND revision > 0 AND (series, start_ms, length_ms) IN"
		" (SELECT series, start_ms, length_ms FROM interval WHERE id <= ?1)",
	[STATEMENT_DROP_ABSORBED] =
		"DELETE FROM absorbed WHERE id <= ?1",
	[STATEMENT_SET_COARSE_INTERVAL] =
		"INSERT OR REPLACE INTO coarse_interval VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,"
		" ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
	[STATEMENT_COARSE_TREND] =
		"SELECT " COARSE_TREND_COLUMNS " FROM coarse_trend"
		" WHERE length_ms = ?1 AND start_ms = ?2 AND series = ?3",
	[STATEMENT_COARSE_TRENDS] =
		"SELECT " COARSE_TREND_COLUMNS " FROM coarse_trend"
		" WHERE length_ms = ?1 AND (start_ms, series) > (?2, ?3) AND start_ms < ?4"
		" ORDER BY start_ms, series",
	[STATEMENT_SET_COARSE_TREND] =
		"INSERT OR REPLACE INTO coarse_trend VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	[STATEMENT_INTERVAL_LEVEL_FIRST] =
		"SELECT min(start_ms) FROM coarse_interval WHERE length_ms = ?1",
	[STATEMENT_TREND_LEVEL_FIRST] =
		"SELECT min(start_ms) FROM coarse_trend WHERE length_ms = ?1",
	[STATEMENT_INTERVAL_LEVEL_NTH] =
		"SELECT start_ms FROM coarse_interval WHERE length_ms = ?1 ORDER BY start_ms"
		" LIMIT 1 OFFSET ?2",
	[STATEMENT_TREND_LEVEL_NTH] =
		"SELECT start_ms FROM coarse_trend WHERE length_ms = ?1 ORDER BY start_ms"
		" LIMIT 1 OFFSET ?2",
	[STATEMENT_DROP_COARSE_INTERVALS] =
		"DELETE FROM coarse_interval WHERE length_ms = ?1 AND start_ms < ?2",
	[STATEMENT_DROP_COARSE_TRENDS] =
		"DELETE FROM coarse_trend WHERE length_ms = ?1 AND start_ms < ?2",
	/* Days, and what no day holds. */
	[STATEMENT_DROP_COARSEST_INTERVALS] =
		"DELETE FROM coarse_interval WHERE length_ms NOT IN (900000, 3600000)"
		" AND start_ms < ?1",
	[STATEMENT_DROP_COARSEST_TRENDS] =
		"DELETE FROM coarse_trend WHERE length_ms NOT IN (900000, 3600000)"
		" AND start_ms < ?1",
};
/* clang-format on */

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
	store_sqlite_bind(db, add, 13, row->correction);
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

/* What follows from others is NULL, as with intervals. */
enum store_status store_format_set_coarse_interval(
	struct store_sqlite *db, const struct coarse_interval *row)
{
	enum store_statement set = STATEMENT_SET_COARSE_INTERVAL;
	bool is_whole = coarse_interval_is_whole(row);
	bool has = row->has_readings;
	bool follows = has && row->reading_start == row->reading_end - row->energy;
	bool from_start = row->reading_start_wall_ms == row->start_wall_ms;
	bool to_end = row->reading_end_wall_ms == row->end_wall_ms;
	const int64_t numbers[] = {row->estimated, row->intervals, row->measured_ms,
		row->estimated_ms, row->rejected_ms, row->missing_ms};

	store_sqlite_bind(db, set, 1, row->end_wall_ms - row->start_wall_ms);
	store_sqlite_bind(db, set, 2, row->start_wall_ms);
	store_sqlite_bind(db, set, 3, row->series);
	bind_number(db, set, 4, is_whole ? &row->energy : NULL);
	bind_number(db, set, 5, is_whole ? NULL : &row->energy);
	for (int i = 0; i < 6; i++) {
		store_sqlite_bind(db, set, 6 + i, numbers[i]);
	}
	bind_number(db, set, 12, has && !follows ? &row->reading_start : NULL);
	bind_number(db, set, 13, has ? &row->reading_end : NULL);
	bind_number(db, set, 14, has && !from_start ? &row->reading_start_wall_ms : NULL);
	bind_number(db, set, 15, has && !to_end ? &row->reading_end_wall_ms : NULL);
	store_sqlite_bind(db, set, 16, row->flags);
	store_sqlite_bind(db, set, 17, row->clock);
	store_sqlite_bind(db, set, 18, row->correction);
	store_sqlite_bind(db, set, 19, row->late_ms);
	return store_sqlite_run(db, set);
}

enum store_status store_format_set_coarse_trend(
	struct store_sqlite *db, const struct coarse_trend *row)
{
	const int64_t numbers[] = {row->end_wall_ms - row->start_wall_ms, row->start_wall_ms,
		row->series, row->sum, row->count, row->min, row->max, row->clock};

	for (int i = 0; i < 8; i++) {
		store_sqlite_bind(db, STATEMENT_SET_COARSE_TREND, 1 + i, numbers[i]);
	}
	return store_sqlite_run(db, STATEMENT_SET_COARSE_TREND);
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
		.correction = store_sqlite_column(db, statement, 12) != 0,
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

static int64_t column_or(struct store_sqlite *db, unsigned statement, int column, int64_t fallback)
{
	return store_sqlite_column_is_null(db, statement, column)
		       ? fallback
		       : store_sqlite_column(db, statement, column);
}

struct coarse_interval store_format_coarse_interval(
	struct store_sqlite *db, enum store_statement statement)
{
	struct coarse_interval row = {
		.start_wall_ms = store_sqlite_column(db, statement, 1),
		.series = (int32_t)store_sqlite_column(db, statement, 2),
		.energy = column_or(db, statement, 3, store_sqlite_column(db, statement, 4)),
		.estimated = store_sqlite_column(db, statement, 5),
		.intervals = (int32_t)store_sqlite_column(db, statement, 6),
		.measured_ms = store_sqlite_column(db, statement, 7),
		.estimated_ms = store_sqlite_column(db, statement, 8),
		.rejected_ms = store_sqlite_column(db, statement, 9),
		.missing_ms = store_sqlite_column(db, statement, 10),
		.has_readings = !store_sqlite_column_is_null(db, statement, 12),
		.reading_end = store_sqlite_column(db, statement, 12),
		.flags = (uint32_t)store_sqlite_column(db, statement, 15),
		.clock = (uint8_t)store_sqlite_column(db, statement, 16),
		.correction = store_sqlite_column(db, statement, 17) != 0,
		.late_ms = store_sqlite_column(db, statement, 18),
	};

	row.end_wall_ms = row.start_wall_ms + store_sqlite_column(db, statement, 0);
	if (row.has_readings) {
		row.reading_start = column_or(db, statement, 11, row.reading_end - row.energy);
		row.reading_start_wall_ms = column_or(db, statement, 13, row.start_wall_ms);
		row.reading_end_wall_ms = column_or(db, statement, 14, row.end_wall_ms);
	}
	return row;
}

struct coarse_trend store_format_coarse_trend(
	struct store_sqlite *db, enum store_statement statement)
{
	int64_t start_wall_ms = store_sqlite_column(db, statement, 1);

	return (struct coarse_trend){
		.start_wall_ms = start_wall_ms,
		.end_wall_ms = start_wall_ms + store_sqlite_column(db, statement, 0),
		.series = (int32_t)store_sqlite_column(db, statement, 2),
		.sum = store_sqlite_column(db, statement, 3),
		.count = store_sqlite_column(db, statement, 4),
		.min = store_sqlite_column(db, statement, 5),
		.max = store_sqlite_column(db, statement, 6),
		.clock = (uint8_t)store_sqlite_column(db, statement, 7),
	};
}
