/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_series.c -- The store's series: names to numbers, and where each one's
 * intervals ended, so that accounting can go on after a restart without an
 * index: the last rows are noted in memory, and copied to a small table now and
 * then, from which a start reads on.
 */
#include <stdlib.h>
#include <string.h>

#include "gateway/store_parts.h"

static int64_t steps_per_unit(enum quantity quantity)
{
	int64_t steps = 1;

	for (int8_t i = 0; i < quantity_info(quantity)->decimals; i++) {
		steps *= 10;
	}
	return steps;
}

/* Add one at the end; false when memory runs out. */
static bool append(struct store *store, const char *meter, enum quantity quantity)
{
	if (store->series_count == store->series_capacity) {
		size_t capacity = store->series_capacity ? 2 * store->series_capacity : 32;
		struct store_series *grown =
			realloc(store->series, capacity * sizeof(store->series[0]));
		if (!grown) {
			return false;
		}
		store->series = grown;
		store->series_capacity = capacity;
	}
	char *copy = strdup(meter);
	if (!copy) {
		return false;
	}
	store->series[store->series_count++] =
		(struct store_series){.meter = copy, .quantity = quantity};
	return true;
}

void store_series_free(struct store *store)
{
	for (size_t i = 0; i < store->series_count; i++) {
		free(store->series[i].meter);
	}
	free(store->series);
}

int32_t store_series(struct store *store, const char *meter, enum quantity quantity, bool *ret_new)
{
	size_t number = 0;

	while (number < store->series_count &&
		(store->series[number].quantity != quantity ||
			strcmp(store->series[number].meter, meter) != 0)) {
		number++;
	}
	bool is_new = number == store->series_count;
	if (is_new && !append(store, meter, quantity)) {
		return -1;
	}
	if (ret_new) {
		*ret_new = is_new;
	}
	return (int32_t)number;
}

bool store_series_info(const struct store *store, int32_t series, const char **ret_meter,
	enum quantity *ret_quantity)
{
	if (series < 0 || (size_t)series >= store->series_count ||
		store->series[series].quantity == QUANTITY_COUNT) {
		return false;
	}
	*ret_meter = store->series[series].meter;
	*ret_quantity = store->series[series].quantity;
	return true;
}

/* ---- Which interval is the last ---- */

/*
 * Rows that a frontier leaves: newer than it in id and in time. Where rows from
 * before it reach further (the clock was set back), one counts only where it
 * joins on to those published again; else it is a revision of an old one.
 */
static bool counts(const struct store_series *series, const struct interval_row *row)
{
	const struct series_state *state = &series->state;
	int64_t reached_wall_ms =
		series->last_id > 0 ? series->last_end_wall_ms : state->frontier_wall_ms;

	if (row->id <= state->after_id || !state->has_frontier) {
		return row->id > state->after_id;
	}
	return row->end_wall_ms > state->frontier_wall_ms &&
	       (row->end_wall_ms > state->published_wall_ms ||
		       row->start_wall_ms <= reached_wall_ms);
}

static bool is_newer(const struct interval_row *row, int64_t end_wall_ms, int64_t id)
{
	return id == 0 || row->end_wall_ms > end_wall_ms ||
	       (row->end_wall_ms == end_wall_ms && row->id > id);
}

static void note(struct store_series *series, const struct interval_row *row)
{
	if (is_newer(row, series->last_end_wall_ms, series->last_id)) {
		series->last_end_wall_ms = row->end_wall_ms;
		series->last_id = row->id;
	}
	if (row->has_readings && is_newer(row, series->known_end_wall_ms, series->known_id)) {
		series->known_start_wall_ms = row->start_wall_ms;
		series->known_end_wall_ms = row->end_wall_ms;
		series->known_id = row->id;
		series->known_is_lost = false;
	} else if (!row->has_readings && series->known_id > 0 && row->id > series->known_id &&
		   row->start_wall_ms == series->known_start_wall_ms &&
		   row->end_wall_ms == series->known_end_wall_ms) {
		series->known_is_lost = true;
	}
}

void store_series_note(struct store *store, const struct interval_row *row)
{
	if (row->series >= 0 && (size_t)row->series < store->series_count &&
		counts(&store->series[row->series], row)) {
		note(&store->series[row->series], row);
	}
}

/* What was kept at the last keeping had been judged then. */
static void note_kept(struct store *store, const struct interval_row *row)
{
	if (row->series < 0 || (size_t)row->series >= store->series_count) {
		return;
	}
	struct store_series *series = &store->series[row->series];
	if (row->id > series->state.after_id) {
		note(series, row);
	}
}

void store_series_look_again(struct store *store, int32_t number)
{
	struct store_series *series = &store->series[number];
	enum store_status status = STORE_OK;

	series->last_id = 0;
	series->known_id = 0;
	series->known_is_lost = false;
	store_sqlite_bind(store->db, STATEMENT_INTERVALS_AFTER, 1, series->state.after_id);
	while (store_sqlite_next(store->db, STATEMENT_INTERVALS_AFTER, &status)) {
		struct interval_row row =
			store_format_interval(store->db, STATEMENT_INTERVALS_AFTER);
		if (row.series == number) {
			store_series_note(store, &row);
		}
	}
	(void)store_note_failure(store, status);
	if (series->last_id > 0) {
		store->rows_since_kept = KEEP_LAST_ROWS; /* a start may not come by it */
	}
}

/* A revision took the readings of the newest known one: which is it now? Rarely asked. */
static void find_known(struct store *store, int32_t number)
{
	struct store_series *series = &store->series[number];

	series->known_id = 0;
	series->known_is_lost = false;
	store_sqlite_bind(store->db, STATEMENT_NEWEST_KNOWN, 1, number);
	store_sqlite_bind(store->db, STATEMENT_NEWEST_KNOWN, 2, series->state.after_id);
	if (store_sqlite_step(store->db, STATEMENT_NEWEST_KNOWN) == STORE_SQLITE_ROW) {
		struct interval_row row = store_format_interval(store->db, STATEMENT_NEWEST_KNOWN);
		store_series_note(store, &row);
	}
	store_sqlite_reset(store->db, STATEMENT_NEWEST_KNOWN);
}

/* ---- Loading and committing ---- */

/* Numbers are places: a hole or a double is damage. */
enum store_status store_series_load(struct store *store)
{
	enum store_sqlite_step step;

	while ((step = store_sqlite_step(store->db, STATEMENT_ALL_SERIES)) == STORE_SQLITE_ROW) {
		enum quantity quantity = QUANTITY_COUNT;
		quantity_find(
			store_sqlite_column_text(store->db, STATEMENT_ALL_SERIES, 2), &quantity);
		if (store_sqlite_column(store->db, STATEMENT_ALL_SERIES, 0) !=
			(int64_t)store->series_count) {
			store_sqlite_reset(store->db, STATEMENT_ALL_SERIES);
			return STORE_DAMAGED;
		}
		if (!append(store, store_sqlite_column_text(store->db, STATEMENT_ALL_SERIES, 1),
			    quantity)) {
			break;
		}
	}
	store_sqlite_reset(store->db, STATEMENT_ALL_SERIES);
	store->series_committed = store->series_count;
	return step == STORE_SQLITE_DONE  ? STORE_OK
	       : step == STORE_SQLITE_ROW ? STORE_FAILED
					  : store_sqlite_status(store->db);
}

enum store_status store_series_load_last(struct store *store)
{
	enum store_status status = STORE_OK;

	while (store_sqlite_next(store->db, STATEMENT_LAST_INTERVALS, &status)) {
		struct interval_row row =
			store_format_interval(store->db, STATEMENT_LAST_INTERVALS);
		bool is_kept = store_sqlite_column(store->db, STATEMENT_LAST_INTERVALS, 13) != 0;
		if (is_kept) {
			note_kept(store, &row);
		} else {
			store_series_note(store, &row);
			store_coarse_note(store, &row);
		}
		store->rows_since_kept++;
	}
	return status;
}

enum store_status store_series_commit(struct store *store)
{
	enum store_status status = STORE_OK;

	for (size_t i = store->series_committed; status == STORE_OK && i < store->series_count;
		i++) {
		enum quantity quantity = store->series[i].quantity;
		store_sqlite_bind(store->db, STATEMENT_ADD_SERIES, 1, (int64_t)i);
		store_sqlite_bind_text(store->db, STATEMENT_ADD_SERIES, 2, store->series[i].meter);
		store_sqlite_bind_text(
			store->db, STATEMENT_ADD_SERIES, 3, quantity_info(quantity)->name);
		store_sqlite_bind_text(
			store->db, STATEMENT_ADD_SERIES, 4, quantity_info(quantity)->unit);
		store_sqlite_bind(store->db, STATEMENT_ADD_SERIES, 5, steps_per_unit(quantity));
		status = store_sqlite_run(store->db, STATEMENT_ADD_SERIES);
	}
	return status;
}

enum store_status store_series_keep_last(struct store *store)
{
	enum store_status status = STORE_OK;

	for (size_t i = 0; status == STORE_OK && i < store->series_count; i++) {
		const struct store_series *series = &store->series[i];
		if (series->last_id == 0) {
			continue;
		}
		if (series->known_is_lost) {
			find_known(store, (int32_t)i);
		}
		store_sqlite_bind(store->db, STATEMENT_KEEP_LAST, 1, series->last_id);
		store_sqlite_bind(store->db, STATEMENT_KEEP_LAST, 2, series->known_id);
		status = store_sqlite_run(store->db, STATEMENT_KEEP_LAST);
		if (status == STORE_OK) {
			store_sqlite_bind(store->db, STATEMENT_DROP_LAST, 1, (int64_t)i);
			store_sqlite_bind(store->db, STATEMENT_DROP_LAST, 2, series->last_id);
			store_sqlite_bind(store->db, STATEMENT_DROP_LAST, 3, series->known_id);
			status = store_sqlite_run(store->db, STATEMENT_DROP_LAST);
		}
	}
	return status == STORE_OK ? store_coarse_keep(store) : status;
}

bool store_series_read(struct store *store, int64_t id, struct interval_row *ret_row)
{
	if (id == 0) {
		return false;
	}
	store_sqlite_bind(store->db, STATEMENT_INTERVAL_BY_ID, 1, id);
	bool is_found = store_sqlite_step(store->db, STATEMENT_INTERVAL_BY_ID) == STORE_SQLITE_ROW;
	if (is_found) {
		*ret_row = store_format_interval(store->db, STATEMENT_INTERVAL_BY_ID);
	}
	store_sqlite_reset(store->db, STATEMENT_INTERVAL_BY_ID);
	return is_found;
}

bool store_last_interval(struct store *store, int32_t series, struct interval_row *ret_row)
{
	bool is_known = series >= 0 && (size_t)series < store->series_count;

	return is_known && store_series_read(store, store->series[series].last_id, ret_row);
}

bool store_last_known_interval(struct store *store, int32_t series, struct interval_row *ret_row)
{
	bool is_known = series >= 0 && (size_t)series < store->series_count;

	if (is_known && store->series[series].known_is_lost) {
		find_known(store, series);
	}
	return is_known && store_series_read(store, store->series[series].known_id, ret_row);
}
