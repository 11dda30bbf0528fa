/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_coarse_walk.c -- Looking back over what old intervals have become. A
 * visitor is called with no statement open, as in store_walk.c.
 */
#include "gateway/store_parts.h"

enum { CHUNK_ROWS = 64 };

/* ---- walking ---- */

struct chunk {
	struct coarse_interval rows[CHUNK_ROWS];
	size_t count;
	size_t looked; /* at, with those nobody asked for */
};

/* The rows of a level behind a place that are asked for. */
static enum store_status read_chunk(struct store *store, const struct store_coarse_walk *walk,
	struct store_coarse_place *place, struct chunk *ret_chunk)
{
	const struct store_range *range = &walk->range;
	enum store_statement select = STATEMENT_COARSE_INTERVALS;
	enum store_status status = STORE_OK;

	ret_chunk->count = 0;
	ret_chunk->looked = 0;
	store_sqlite_bind(store->db, select, 1, place->length_ms);
	store_sqlite_bind(store->db, select, 2, place->start_wall_ms);
	store_sqlite_bind(store->db, select, 3, place->series);
	store_sqlite_bind(store->db, select, 4, range->to_wall_ms);
	while (ret_chunk->count < CHUNK_ROWS && store_sqlite_next(store->db, select, &status)) {
		struct coarse_interval row = store_format_coarse_interval(store->db, select);
		place->start_wall_ms = row.start_wall_ms;
		place->series = row.series;
		ret_chunk->looked++;
		if (range->series == STORE_ALL_SERIES || range->series == row.series) {
			ret_chunk->rows[ret_chunk->count++] = row;
		}
	}
	store_sqlite_reset(store->db, select);
	return store_note_failure(store, status);
}

/* The next level, from its first row in the range; false: there is none. */
static bool enter_level(
	struct store *store, const struct store_range *range, struct store_coarse_place *place)
{
	store_sqlite_bind(store->db, STATEMENT_COARSE_LEVEL_BELOW, 1, place->length_ms);
	int64_t length_ms = store_sqlite_first(store->db, STATEMENT_COARSE_LEVEL_BELOW, 0);

	if (length_ms <= 0) {
		return false;
	}
	*place = (struct store_coarse_place){
		.length_ms = length_ms,
		.start_wall_ms = range->from_wall_ms,
		.series = INT32_MIN,
	};
	return true;
}

enum store_status store_walk_coarse(struct store *store, const struct store_coarse_walk *walk,
	struct store_coarse_place *place, bool *ret_more)
{
	struct chunk chunk;
	size_t looked = 0;
	bool is_level = place->length_ms < INT64_MAX || enter_level(store, &walk->range, place);
	bool goes_on = true;

	while (goes_on && is_level && looked < walk->rows_max) {
		enum store_status status = read_chunk(store, walk, place, &chunk);
		if (status != STORE_OK) {
			return status;
		}
		for (size_t i = 0; goes_on && i < chunk.count; i++) {
			goes_on = walk->visit(walk->context, &chunk.rows[i]);
		}
		looked += chunk.looked;
		is_level = chunk.count == CHUNK_ROWS || enter_level(store, &walk->range, place);
	}
	*ret_more = goes_on && is_level;
	return STORE_OK;
}

/* ---- what there is ---- */

int64_t store_coarsened(const struct store *store)
{
	return store->coarse.times;
}

static int64_t level_until(struct store *store, enum coarse_level level)
{
	store_sqlite_bind(store->db, STATEMENT_COARSE_LEVEL_UNTIL, 1, coarse_level_ms(level));
	return store_sqlite_first(store->db, STATEMENT_COARSE_LEVEL_UNTIL, INT64_MIN);
}

struct coarse_reach store_coarse_reach(struct store *store)
{
	return (struct coarse_reach){
		.hours_until_wall_ms = level_until(store, COARSE_HOUR),
		.days_until_wall_ms = level_until(store, COARSE_DAY),
	};
}

bool store_is_coarse(struct store *store, int32_t series, int64_t wall_ms)
{
	store_sqlite_bind(store->db, STATEMENT_COARSE_AT, 1, series);
	store_sqlite_bind(store->db, STATEMENT_COARSE_AT, 2, wall_ms);
	return store_sqlite_first(store->db, STATEMENT_COARSE_AT, 0) != 0;
}

bool store_coarse_first(struct store *store, int32_t series, struct interval_row *ret_row)
{
	enum store_statement select = STATEMENT_COARSE_FIRST;

	store_sqlite_bind(store->db, select, 1, series);
	bool is_found = store_sqlite_step(store->db, select) == STORE_SQLITE_ROW;
	if (is_found) {
		struct coarse_interval row = store_format_coarse_interval(store->db, select);
		*ret_row = (struct interval_row){
			.start_wall_ms = row.reading_start_wall_ms,
			.end_wall_ms = row.end_wall_ms,
			.energy = row.energy,
			.reading_start = row.reading_start,
			.reading_end = row.reading_end,
			.series = series,
			.flags = row.flags,
			.quality = (uint8_t)coarse_interval_quality(&row),
			.clock = row.clock,
			.has_readings = true,
			.correction = row.correction,
		};
	}
	store_sqlite_reset(store->db, select);
	return is_found;
}

/* ---- one moment ---- */

enum store_status store_hold(struct store *store)
{
	return store->is_looking ? store_note_failure(store, store_sqlite_exec(store->db, "BEGIN"))
				 : STORE_OK;
}

void store_release(struct store *store)
{
	/* Nothing was written: how it ends is of no interest. */
	if (store->is_looking) {
		(void)store_sqlite_exec(store->db, "COMMIT");
	}
}
