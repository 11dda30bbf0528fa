/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_walk.c -- Looking back over the store's intervals. A visitor is called
 * with no statement open, so that neither it nor a slow reader of what it prints
 * keeps the journal from being folded in.
 */
#include <stdlib.h>
#include <string.h>

#include "gateway/store_parts.h"

enum {
	CHUNK_ROWS = 64,
	LAG_MS_MAX = 86400000, /* from an interval's end to its first row, nearly always */
	SAMPLES = 32,          /* looked at to see whether ids follow time at all */
};

/* ---- Every row ---- */

static enum store_status read_chunk(struct store *store, int64_t after, size_t max,
	struct interval_row *ret_rows, size_t *ret_count)
{
	enum store_statement intervals = STATEMENT_COUNTED_INTERVALS_AFTER;
	enum store_status status = STORE_OK;
	size_t count = 0;

	store_sqlite_bind(store->db, intervals, 1, after);
	while (count < max && store_sqlite_next(store->db, intervals, &status)) {
		ret_rows[count++] = store_format_interval(store->db, intervals);
	}
	store_sqlite_reset(store->db, intervals);
	*ret_count = count;
	return store_note_failure(store, status);
}

enum store_status store_walk_intervals(
	struct store *store, const struct store_walk *walk, int64_t *ret_through)
{
	struct interval_row rows[CHUNK_ROWS];
	int64_t through = walk->after_id;
	size_t left = walk->rows_max;
	size_t count = CHUNK_ROWS;
	bool goes_on = true;

	while (goes_on && left > 0 && count == CHUNK_ROWS) {
		size_t max = left < CHUNK_ROWS ? left : CHUNK_ROWS;
		enum store_status status = read_chunk(store, through, max, rows, &count);
		if (status != STORE_OK) {
			return status;
		}
		for (size_t i = 0; goes_on && i < count; i++) {
			through = rows[i].id;
			goes_on = walk->visit(walk->context, &rows[i]);
		}
		left -= count;
	}
	*ret_through = through;
	return STORE_OK;
}

/* ---- The newest revisions of one series ---- */

struct collected {
	struct interval_row *rows;
	size_t count;
	size_t capacity;
};

static bool collect(struct collected *all, const struct interval_row *row)
{
	if (all->count == all->capacity) {
		size_t capacity = all->capacity ? 2 * all->capacity : 128;
		struct interval_row *grown = realloc(all->rows, capacity * sizeof(*grown));
		if (!grown) {
			return false;
		}
		all->rows = grown;
		all->capacity = capacity;
	}
	all->rows[all->count++] = *row;
	return true;
}

static enum store_status collect_range(
	struct store *store, const struct store_range *range, struct collected *all)
{
	enum store_statement in_range = STATEMENT_INTERVALS_IN_RANGE;
	enum store_status status = STORE_OK;
	int64_t after = store_id_before(store, range->from_wall_ms);

	store_sqlite_bind(store->db, in_range, 1, after);
	store_sqlite_bind(store->db, in_range, 2, range->series);
	store_sqlite_bind(store->db, in_range, 3, range->from_wall_ms);
	store_sqlite_bind(store->db, in_range, 4, range->to_wall_ms);
	while (store_sqlite_next(store->db, in_range, &status)) {
		struct interval_row row = store_format_interval(store->db, in_range);
		if (!collect(all, &row)) {
			store_sqlite_reset(store->db, in_range);
			return STORE_FAILED;
		}
	}
	return status;
}

static int compare(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

/* In order of time; revisions of one interval beside each other, the newest last. */
static int by_time(const void *a, const void *b)
{
	const struct interval_row *first = a, *second = b;
	int order = compare(first->start_wall_ms, second->start_wall_ms);

	if (order == 0) {
		order = compare(first->end_wall_ms, second->end_wall_ms);
	}
	return order != 0 ? order : compare(first->id, second->id);
}

static bool is_same_interval(const struct interval_row *a, const struct interval_row *b)
{
	return a->start_wall_ms == b->start_wall_ms && a->end_wall_ms == b->end_wall_ms;
}

enum store_status store_newest_intervals(
	struct store *store, const struct store_range *range, store_visitor *visit, void *context)
{
	struct collected all = {0};
	enum store_status status = store_note_failure(store, collect_range(store, range, &all));
	bool goes_on = status == STORE_OK;

	if (all.count > 0) {
		qsort(all.rows, all.count, sizeof(all.rows[0]), by_time);
	}
	for (size_t i = 0; goes_on && i < all.count; i++) {
		if (i + 1 == all.count || !is_same_interval(&all.rows[i], &all.rows[i + 1])) {
			goes_on = visit(context, &all.rows[i]);
		}
	}
	free(all.rows);
	return status;
}

/* ---- Ids and time ---- */

/* The newest sign, at or below an id, of when rows there were written. */
struct sign {
	int64_t id; /* 0: there is none */
	int64_t wall_ms;
};

static struct sign read_sign(struct store *store, enum store_statement statement, int64_t id)
{
	struct sign sign = {0, INT64_MIN};

	store_sqlite_bind(store->db, statement, 1, id);
	if (store_sqlite_step(store->db, statement) == STORE_SQLITE_ROW) {
		sign.id = store_sqlite_column(store->db, statement, 0);
		sign.wall_ms = store_sqlite_column(store->db, statement, 1);
	}
	store_sqlite_reset(store->db, statement);
	return sign;
}

/* A first row is written when its interval has ended or later, an event at once; a revision says
 * nothing. */
static struct sign sign_at(struct store *store, int64_t id)
{
	struct sign interval = read_sign(store, STATEMENT_INTERVAL_TIME, id);
	struct sign event = read_sign(store, STATEMENT_EVENT_TIME, id);

	return (struct sign){
		.id = interval.id > event.id ? interval.id : event.id,
		.wall_ms = interval.wall_ms > event.wall_ms ? interval.wall_ms : event.wall_ms,
	};
}

/* Ids do not follow time where a clock was wrong for long. */
static bool is_in_order(struct store *store, int64_t first, int64_t last)
{
	int64_t newest_wall_ms = INT64_MIN;
	bool in_order = true;

	for (int i = 1; in_order && i <= SAMPLES; i++) {
		struct sign sign = sign_at(store, first + (last - first) / SAMPLES * i);
		in_order = sign.wall_ms >= newest_wall_ms ||
			   newest_wall_ms - sign.wall_ms < LAG_MS_MAX;
		if (sign.wall_ms > newest_wall_ms) {
			newest_wall_ms = sign.wall_ms;
		}
	}
	return in_order;
}

int64_t store_id_before(struct store *store, int64_t wall_ms)
{
	int64_t before = store_sqlite_number(store->db,
				 "SELECT min(id) FROM (SELECT min(id) AS id FROM interval"
				 " UNION ALL SELECT min(id) FROM event)",
				 1) -
			 1;
	int64_t since = store->cursors[STREAM_ENERGY].last + 1;

	if (!is_in_order(store, before, since - 1)) {
		return 0;
	}
	wall_ms = wall_ms > INT64_MIN + LAG_MS_MAX ? wall_ms - LAG_MS_MAX : INT64_MIN;
	while (since - before > 1) {
		int64_t middle = before + (since - before) / 2;
		if (sign_at(store, middle).wall_ms < wall_ms) {
			before = middle;
		} else {
			since = middle;
		}
	}
	/* Revisions may lie between the last sign and here, written before or after. */
	return sign_at(store, before).id;
}

/* ---- Single rows ---- */

bool store_interval_by_id(struct store *store, int64_t id, struct interval_row *ret_row)
{
	const struct row_queue *queue = &store->waiting[WAITING_INTERVALS];
	const struct interval_row *waiting = (const void *)queue->rows;

	if (id <= store->cursors[STREAM_ENERGY].last) {
		return store_series_read(store, id, ret_row);
	}
	for (size_t i = 0; i < queue->count; i++) {
		if (waiting[i].id == id) {
			*ret_row = waiting[i];
			return true;
		}
	}
	return false;
}

static bool read_one(
	struct store *store, enum store_statement statement, struct interval_row *ret_row)
{
	enum store_sqlite_step step = store_sqlite_step(store->db, statement);

	if (step == STORE_SQLITE_ROW) {
		*ret_row = store_format_interval(store->db, statement);
	}
	store_sqlite_reset(store->db, statement);
	if (step == STORE_SQLITE_FAILED) {
		(void)store_note_failure(store, store_sqlite_status(store->db));
	}
	return step == STORE_SQLITE_ROW;
}

static bool read_newest_of(struct store *store, struct interval_row *row)
{
	store_sqlite_bind(store->db, STATEMENT_NEWEST_OF_KEY, 1, row->series);
	store_sqlite_bind(store->db, STATEMENT_NEWEST_OF_KEY, 2, row->start_wall_ms);
	store_sqlite_bind(
		store->db, STATEMENT_NEWEST_OF_KEY, 3, row->end_wall_ms - row->start_wall_ms);
	return read_one(store, STATEMENT_NEWEST_OF_KEY, row);
}

bool store_first_interval(struct store *store, int32_t series, struct interval_row *ret_row)
{
	struct interval_row row = {.start_wall_ms = INT64_MIN};

	if (store_coarse_first(store, series, ret_row)) {
		return true;
	}
	do {
		store_sqlite_bind(store->db, STATEMENT_FIRST_INTERVAL, 1, series);
		store_sqlite_bind(store->db, STATEMENT_FIRST_INTERVAL, 2, row.start_wall_ms);
		if (!read_one(store, STATEMENT_FIRST_INTERVAL, &row) ||
			!read_newest_of(store, &row)) {
			return false;
		}
	} while (!row.has_readings);
	*ret_row = row;
	return true;
}

size_t store_series_count(const struct store *store)
{
	return store->series_count;
}
