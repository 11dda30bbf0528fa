/* SPDX-License-Identifier: Apache-2.0 */
/* newest_intervals.c -- newest_intervals.h. */
#include "gateway/newest_intervals.h"

#include <stdlib.h>

enum { WHOLE_STEP_ROWS = 65536, CAPACITY_MIN = 256 };

/* The newest revision of an interval that has one. */
struct revised {
	int64_t start_wall_ms;
	int64_t length_ms;
	int64_t id;
	int32_t series;
	bool given;
	bool is_used; /* of the hash table's place */
};

struct newest_intervals {
	struct store *store;
	int64_t from_wall_ms;
	int64_t coarsened; /* store_coarsened() when it began */
	struct store_coarse_place coarse_place;
	bool is_coarse_given;
	int64_t first_id;
	int64_t through;
	int64_t collected_through; /* of the first pass */
	bool is_collected;
	bool failed;
	/* A hash table with open addressing, at most half full. */
	struct revised *revised;
	size_t count;
	size_t capacity; /* a power of two */
	struct newest_visitors visitors;
};

/* ---- the table ---- */

static size_t hash_of(int32_t series, int64_t start_wall_ms, int64_t length_ms)
{
	uint64_t hash = (uint64_t)start_wall_ms * UINT64_C(0x9E3779B97F4A7C15);
	hash = (hash ^ (uint64_t)series) * UINT64_C(0xBF58476D1CE4E5B9);
	hash = (hash ^ (uint64_t)length_ms) * UINT64_C(0x94D049BB133111EB);
	return (size_t)(hash >> 24);
}

/* Its place, or the free one for it. */
static struct revised *place_of(
	struct revised *table, size_t capacity, int32_t series, const struct interval_row *row)
{
	int64_t length_ms = row->end_wall_ms - row->start_wall_ms;
	size_t at = hash_of(series, row->start_wall_ms, length_ms) & (capacity - 1);
	while (table[at].is_used &&
		(table[at].series != series || table[at].start_wall_ms != row->start_wall_ms ||
			table[at].length_ms != length_ms))
		at = (at + 1) & (capacity - 1);
	return &table[at];
}

static bool grow(struct newest_intervals *walk)
{
	size_t capacity = walk->capacity > 0 ? 2 * walk->capacity : CAPACITY_MIN;
	struct revised *table = calloc(capacity, sizeof *table);
	if (table == NULL)
		return false;
	for (size_t i = 0; i < walk->capacity; i++) {
		const struct revised *old = &walk->revised[i];
		struct interval_row key = {.start_wall_ms = old->start_wall_ms,
			.end_wall_ms = old->start_wall_ms + old->length_ms};
		if (old->is_used)
			*place_of(table, capacity, old->series, &key) = *old;
	}
	free(walk->revised);
	walk->revised = table;
	walk->capacity = capacity;
	return true;
}

static struct revised *find(const struct newest_intervals *walk, const struct interval_row *row)
{
	if (walk->count == 0)
		return NULL;
	struct revised *place = place_of(walk->revised, walk->capacity, row->series, row);
	return place->is_used ? place : NULL;
}

/* ---- the passes ---- */

static bool collect(void *context, const struct interval_row *row)
{
	struct newest_intervals *walk = context;
	if (row->revision == 0 || row->start_wall_ms < walk->from_wall_ms)
		return true;
	if (2 * (walk->count + 1) > walk->capacity) {
		walk->failed = walk->count >= NEWEST_INTERVALS_MAX || !grow(walk);
		if (walk->failed)
			return false;
	}
	struct revised *place = place_of(walk->revised, walk->capacity, row->series, row);
	walk->count += !place->is_used;
	*place = (struct revised){.start_wall_ms = row->start_wall_ms,
		.length_ms = row->end_wall_ms - row->start_wall_ms,
		.id = row->id,
		.series = row->series,
		.is_used = true};
	return true;
}

static bool give(void *context, const struct interval_row *row)
{
	struct newest_intervals *walk = context;
	struct interval_row newest;
	if (row->start_wall_ms < walk->from_wall_ms)
		return true;
	struct revised *revised = find(walk, row);
	if (revised == NULL)
		return row->revision > 0 && row->id > walk->collected_through
			       ? true
			       : walk->visitors.visit(walk->visitors.context, row);
	if (revised->given)
		return true;
	revised->given = true;
	if (row->id == revised->id)
		return walk->visitors.visit(walk->visitors.context, row);
	if (!store_interval_by_id(walk->store, revised->id, &newest)) {
		walk->failed = true;
		return false;
	}
	return walk->visitors.visit(walk->visitors.context, &newest);
}

struct newest_intervals *newest_intervals_new(struct store *store, int64_t from_wall_ms)
{
	struct newest_intervals *walk = calloc(1, sizeof *walk);
	if (walk == NULL)
		return NULL;
	walk->store = store;
	walk->from_wall_ms = from_wall_ms;
	walk->coarsened = store_coarsened(store);
	walk->coarse_place = (struct store_coarse_place){.length_ms = INT64_MAX};
	walk->first_id = store_id_before(store, from_wall_ms);
	walk->through = walk->first_id;
	return walk;
}

struct newest_intervals *newest_intervals_free(struct newest_intervals *walk)
{
	if (walk != NULL)
		free(walk->revised);
	free(walk);
	return NULL;
}

static enum newest_state end_pass(struct newest_intervals *walk)
{
	if (walk->is_collected)
		return NEWEST_CAUGHT_UP;
	walk->is_collected = true;
	walk->collected_through = walk->through;
	walk->through = walk->first_id;
	return NEWEST_GOES_ON;
}

static enum newest_state give_coarse(struct newest_intervals *walk, size_t rows_max)
{
	const struct store_coarse_walk portion = {
		.range = {STORE_ALL_SERIES, walk->from_wall_ms, INT64_MAX},
		.rows_max = rows_max,
		.visit = walk->visitors.visit_coarse,
		.context = walk->visitors.context
        };
	bool more = false;
	walk->failed =
		store_walk_coarse(walk->store, &portion, &walk->coarse_place, &more) != STORE_OK;
	walk->is_coarse_given = !more;
	return walk->failed ? NEWEST_FAILED : NEWEST_GOES_ON;
}

enum newest_state newest_intervals_step(
	struct newest_intervals *walk, size_t rows_max, const struct newest_visitors *visitors)
{
	int64_t through = walk->through;
	walk->visitors = *visitors;
	struct store_walk portion = {.after_id = walk->through,
		.rows_max = rows_max,
		.visit = walk->is_collected ? give : collect,
		.context = walk};
	if (walk->coarsened != store_coarsened(walk->store))
		return NEWEST_CHANGED;
	if (!walk->is_coarse_given && !walk->failed)
		return give_coarse(walk, rows_max);
	if (walk->failed || store_walk_intervals(walk->store, &portion, &through) != STORE_OK ||
		walk->failed) {
		walk->failed = true;
		return NEWEST_FAILED;
	}
	if (through == walk->through)
		return end_pass(walk);
	walk->through = through;
	return NEWEST_GOES_ON;
}

int64_t newest_intervals_through(const struct newest_intervals *walk)
{
	return walk->is_collected ? walk->through : walk->first_id;
}

bool newest_intervals_visit(
	struct store *store, int64_t from_wall_ms, const struct newest_visitors *visitors)
{
	if (store_hold(store) != STORE_OK)
		return false;
	struct newest_intervals *walk = newest_intervals_new(store, from_wall_ms);
	enum newest_state state = walk != NULL ? NEWEST_GOES_ON : NEWEST_FAILED;
	while (state == NEWEST_GOES_ON)
		state = newest_intervals_step(walk, WHOLE_STEP_ROWS, visitors);
	newest_intervals_free(walk);
	store_release(store);
	return state == NEWEST_CAUGHT_UP;
}
