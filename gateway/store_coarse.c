/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_coarse.c -- What keeps coarse intervals true while rows go on coming:
 * each interval counts once, in its own newest row or in a coarse one.
 *
 * A revision stands anywhere behind the row it revises, and there is no index to
 * find it by. So the last revision of each UTC day's intervals is noted: in
 * memory, and in the file whenever the last intervals are kept there, behind
 * which a start reads all rows anyway, and when rows are to become coarse. No
 * other commit writes more for it.
 */
#include <stdlib.h>

#include "gateway/store_parts.h"

/* ---- what was revised ---- */

static void note_revised(struct store_coarse *coarse, struct revised_day revised)
{
	for (size_t i = coarse->revised_count; i > 0; i--) {
		if (coarse->revised[i - 1].day_wall_ms == revised.day_wall_ms) {
			coarse->revised[i - 1].last_id = revised.last_id;
			return;
		}
	}
	if (coarse->revised_count == coarse->revised_capacity) {
		size_t capacity = coarse->revised_capacity ? 2 * coarse->revised_capacity : 16;
		struct revised_day *grown = realloc(coarse->revised, capacity * sizeof(*grown));
		if (!grown) {
			coarse->revised_is_unknown = true;
			return;
		}
		coarse->revised = grown;
		coarse->revised_capacity = capacity;
	}
	coarse->revised[coarse->revised_count++] = revised;
}

void store_coarse_note(struct store *store, const struct interval_row *row)
{
	if (row->revision > 0 && !store->is_looking) {
		note_revised(&store->coarse,
			(struct revised_day){
				coarse_span_at(COARSE_DAY, row->start_wall_ms).start_wall_ms,
				row->id});
	}
}

enum store_status store_coarse_keep(struct store *store)
{
	struct store_coarse *coarse = &store->coarse;
	enum store_status status = STORE_OK;

	for (size_t i = 0; status == STORE_OK && i < coarse->revised_count; i++) {
		store_sqlite_bind(
			store->db, STATEMENT_SET_REVISED, 1, coarse->revised[i].day_wall_ms);
		store_sqlite_bind(store->db, STATEMENT_SET_REVISED, 2, coarse->revised[i].last_id);
		status = store_sqlite_run(store->db, STATEMENT_SET_REVISED);
	}
	coarse->revised_written = coarse->revised_count;
	return status;
}

void store_coarse_begin(struct store *store)
{
	store->coarse.revised_written = 0;
	store->coarse.has_coarsened = false;
}

/* Rows of the commit itself are noted behind this. */
void store_coarse_note_committed(struct store *store)
{
	if (store->coarse.revised_written > 0) {
		store->coarse.revised_count = 0;
	}
	store->coarse.times += store->coarse.has_coarsened;
}

int64_t store_coarse_revised_through(struct store *store, int64_t through)
{
	bool is_written = store->coarse.revised_count == store->coarse.revised_written;

	if (store->coarse.revised_is_unknown ||
		(!is_written && store_coarse_keep(store) != STORE_OK)) {
		return store->cursors[STREAM_ENERGY].last;
	}
	store_sqlite_bind(store->db, STATEMENT_REVISED_THROUGH, 1, through);
	int64_t last = store_sqlite_first(store->db, STATEMENT_REVISED_THROUGH, through);
	return last > through ? last : through;
}

/* ---- opening ---- */

enum store_status store_coarse_load(struct store *store)
{
	struct store_coarse *coarse = &store->coarse;

	coarse->until_wall_ms = store_sqlite_number(
		store->db, "SELECT max(start_ms + length_ms) FROM coarse_interval", INT64_MIN);
	return store_sqlite_status(store->db);
}

void store_coarse_free(struct store *store)
{
	free(store->coarse.revised);
	store->coarse = (struct store_coarse){.until_wall_ms = INT64_MIN};
}

/* ---- rows that come late ---- */

static bool find(struct store *store, int32_t series, struct coarse_span span,
	struct coarse_interval *ret_coarse)
{
	enum store_statement find_one = STATEMENT_COARSE_INTERVAL;

	store_sqlite_bind(store->db, find_one, 1, span.end_wall_ms - span.start_wall_ms);
	store_sqlite_bind(store->db, find_one, 2, span.start_wall_ms);
	store_sqlite_bind(store->db, find_one, 3, series);
	bool is_found = store_sqlite_step(store->db, find_one) == STORE_SQLITE_ROW;
	if (is_found) {
		*ret_coarse = store_format_coarse_interval(store->db, find_one);
	}
	store_sqlite_reset(store->db, find_one);
	return is_found;
}

/* An earlier row of this interval is there: STATEMENT_COUNTED_KEY, in a row of its own, which this
 * one revises; STATEMENT_ABSORBED_KEY, with its value in a coarse one. */
static bool has_earlier(
	struct store *store, enum store_statement key, const struct interval_row *row)
{
	store_sqlite_bind(store->db, key, 1, row->series);
	store_sqlite_bind(store->db, key, 2, row->start_wall_ms);
	store_sqlite_bind(store->db, key, 3, row->end_wall_ms - row->start_wall_ms);
	store_sqlite_bind(store->db, key, 4, row->id);
	return store_sqlite_first(store->db, key, 0) != 0;
}

/* The coarse rows whose span holds an interval, of one series. */
struct holders {
	struct coarse_interval rows[COARSE_LEVEL_COUNT + 1];
	size_t count;
	bool is_untold; /* one of them has time that no row told of */
};

static void add_holder(
	struct store *store, int32_t series, struct coarse_span span, struct holders *holders)
{
	struct coarse_interval *row = &holders->rows[holders->count];

	if (find(store, series, span, row)) {
		holders->is_untold = holders->is_untold || coarse_interval_untold_ms(row) > 0;
		holders->count++;
	}
}

static void find_holders(
	struct store *store, const struct interval_row *row, struct holders *ret_holders)
{
	struct coarse_span own = {row->start_wall_ms, row->end_wall_ms};
	struct coarse_span span = coarse_span_above(COARSE_HOUR, own);

	*ret_holders = (struct holders){.count = 0};
	add_holder(store, row->series, own, ret_holders);
	while (span.end_wall_ms - span.start_wall_ms > own.end_wall_ms - own.start_wall_ms) {
		add_holder(store, row->series, span, ret_holders);
		own = span;
		span = coarse_span_above(COARSE_HOUR, span);
	}
}

enum store_status store_coarse_take_late(struct store *store, const struct interval_row *row)
{
	struct holders holders;
	enum store_status status = STORE_OK;
	bool is_added = false;

	if (row->start_wall_ms >= store->coarse.until_wall_ms) {
		return STORE_OK;
	}
	find_holders(store, row, &holders);
	bool is_own = row->revision > 0 && holders.is_untold &&
		      has_earlier(store, STATEMENT_COUNTED_KEY, row);
	if (holders.count == 0 || is_own) {
		return STORE_OK;
	}
	bool is_known = row->revision > 0 && has_earlier(store, STATEMENT_ABSORBED_KEY, row);
	for (size_t i = 0; !is_known && !is_added && i < holders.count; i++) {
		is_added = coarse_interval_add_late(&holders.rows[i], row);
		if (is_added) {
			status = store_format_set_coarse_interval(store->db, &holders.rows[i]);
			store->coarse.has_coarsened = true;
		}
	}
	if (status == STORE_OK) {
		store_sqlite_bind(store->db, STATEMENT_ABSORB_ONE, 1, row->id);
		status = store_sqlite_run(store->db, STATEMENT_ABSORB_ONE);
	}
	return status;
}
