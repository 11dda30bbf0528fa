/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline_dwelling.c -- A dwelling's meter (`dwelling: yes`): nothing finer than
 * a day leaves the gateway. Its series have intervals of a UTC day, and what
 * happens to it is told by the day and without figures. Rows and events are made
 * so, not cut on their way out: what was sent once is the same for ever.
 *
 * Which length holds from when is read from the rows: a store keeps one length
 * for all series, and a dwelling becomes one, or ceases to be one, at a midnight.
 */
#include <string.h>

#include "gateway/core/int64_order.h"
#include "gateway/pipeline_state.h"

enum { DAY_MS = 86400000 };

bool pipeline_is_dwelling(const struct pipeline_meter *meter)
{
	return meter->site != NULL && meter->site->config->dwelling == CONFIG_YES;
}

/* ---- the length of its intervals ---- */

static int64_t midnight_before(int64_t at_wall_ms)
{
	int64_t into_ms = at_wall_ms % DAY_MS;
	return at_wall_ms - (into_ms < 0 ? into_ms + DAY_MS : into_ms);
}

static bool is_day(const struct interval_row *row)
{
	return row->end_wall_ms - row->start_wall_ms == DAY_MS &&
	       midnight_before(row->end_wall_ms) == row->end_wall_ms;
}

/* Ends of the newest rows of either kind; INT64_MIN: none. */
struct rows_seen {
	int64_t day_end_wall_ms;
	int64_t finer_end_wall_ms;
};

static bool see(void *context, const struct interval_row *row)
{
	struct rows_seen *seen = context;
	int64_t *end = is_day(row) ? &seen->day_end_wall_ms : &seen->finer_end_wall_ms;
	*end = int64_higher(*end, row->end_wall_ms);
	return true;
}

/* Rows that end after an instant. What cannot be read is as if it were not there. */
static struct rows_seen look(const struct pipeline_series_place *place, int64_t after_wall_ms)
{
	struct rows_seen seen = {INT64_MIN, INT64_MIN};
	struct store *store = place->pipeline->store;
	const struct store_range range = {place->value->series, after_wall_ms, INT64_MAX};
	if (store == NULL || store_commit(store) != STORE_OK ||
		store_newest_intervals(store, &range, see, &seen) != STORE_OK)
		return (struct rows_seen){INT64_MIN, INT64_MIN};
	return seen;
}

/* Days from the first midnight on that no finer row reaches past. */
static struct interval_grid grid_of_dwelling(const struct pipeline_series_place *place)
{
	const struct counter *counter = &place->value->counter->counter;
	int64_t length_ms = place->pipeline->grid.length_ms;
	int64_t from_wall_ms = counter->next_start_wall_ms;
	if (!counter->has_next || length_ms == 0)
		return (struct interval_grid){DAY_MS, INT64_MAX, 0};
	if (counter->published_wall_ms > from_wall_ms)
		from_wall_ms =
			int64_higher(from_wall_ms, look(place, from_wall_ms).finer_end_wall_ms);
	return (struct interval_grid){
		length_ms, midnight_before(from_wall_ms + DAY_MS - 1), DAY_MS};
}

/* The site's length from the midnight on after which nothing was read yet as a part of a day. */
static struct interval_grid grid_after_dwelling(
	const struct pipeline_series_place *place, int64_t open_wall_ms)
{
	struct interval_grid base = place->pipeline->grid;
	struct rows_seen seen = look(place, open_wall_ms);
	int64_t from_wall_ms = seen.day_end_wall_ms, now_wall_ms;
	bool known = wall_clock_place(
		&place->pipeline->clock, place->pipeline->now.mono_ms, &now_wall_ms);
	if (!known)
		return (struct interval_grid){DAY_MS, INT64_MAX, 0};
	if (seen.finer_end_wall_ms <= seen.day_end_wall_ms &&
		now_wall_ms >= seen.day_end_wall_ms + base.length_ms)
		from_wall_ms = midnight_before(now_wall_ms) + DAY_MS;
	bool is_next = base.next_length_ms > 0 && from_wall_ms >= base.next_from_wall_ms;
	return (struct interval_grid){
		DAY_MS, from_wall_ms, is_next ? base.next_length_ms : base.length_ms};
}

struct interval_grid pipeline_grid_of(const struct pipeline_series_place *place)
{
	struct pipeline *pipeline = place->pipeline;
	const struct counter *counter = &place->value->counter->counter;
	struct interval_row newest;
	if (pipeline_is_dwelling(place->meter))
		return grid_of_dwelling(place);
	if (pipeline->store == NULL || pipeline->grid.length_ms == 0 ||
		!store_last_interval(pipeline->store, place->value->series, &newest) ||
		!is_day(&newest) || pipeline->grid.length_ms == DAY_MS)
		return pipeline->grid;
	return grid_after_dwelling(
		place, int64_lower(counter->has_next ? counter->next_start_wall_ms : INT64_MAX,
			       newest.end_wall_ms - 1));
}

void pipeline_dwelling_counted(const struct pipeline_series_place *place)
{
	struct pipeline *pipeline = place->pipeline;
	struct pipeline_counter *counter = place->value->counter;
	struct interval_row row;
	if (counter->start_is_kept || !counter->counter.has_start || pipeline->store == NULL)
		return;
	counter->start_is_kept = true;
	if (store_last_interval(pipeline->store, place->value->series, &row))
		return;
	pipeline_save_frontier(place);
	pipeline_want_commit(pipeline, PIPELINE_COMMIT_GATHER_MS);
}

/* ---- what happens to it ---- */

static const char *without_figures(enum event_kind kind)
{
	/* clang-format off */
	static const char *const texts[EVENT_KIND_COUNT] = {
		[EVENT_COUNTER_ROLLED_OVER] = "the counter reached its end and went on; nothing is lost",
		[EVENT_COUNTER_REJECTED]    = "the reading was not possible; the day it touches has no value",
		[EVENT_COUNTER_DOUBTED]     = "it shows the same again and again; not believed before it climbs, for a day at most",
		[EVENT_ENERGY_WITHHELD]     = "something was withheld on this day",
		[EVENT_SCALE_CHANGED]       = "what a step of the register is worth has changed",
	};
	/* clang-format on */
	return texts[kind] != NULL ? texts[kind] : "a dwelling's figures are told by the day";
}

/* Who decided and why stands behind what was done. */
static void keep_reason(struct event_row *row)
{
	char settled[EVENT_TEXT_MAX];
	const char *reason = strstr(row->text, " Reason: ");
	snprintf(settled, sizeof settled, "Settled.%.*s", (int)(sizeof settled - 9),
		reason != NULL ? reason : "");
	memcpy(row->text, settled, sizeof row->text);
}

void pipeline_dwelling_event(const struct pipeline *pipeline, struct event_row *row)
{
	const struct pipeline_meter *meter = pipeline_meter_find(pipeline, row->meter);
	if (meter == NULL || !pipeline_is_dwelling(meter))
		return;
	if (row->kind == EVENT_FLAGGED)
		row->text[strcspn(row->text, ":")] = '\0';
	else if (row->kind == EVENT_SETTLED)
		keep_reason(row);
	else if (row->has_amount)
		snprintf(row->text, sizeof row->text, "%s",
			without_figures((enum event_kind)row->kind));
	else
		return;
	row->has_amount = false;
	row->amount = 0;
	row->at_wall_ms = midnight_before(row->at_wall_ms);
}
