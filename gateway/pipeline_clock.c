/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline_clock.c -- What the clock does to counters: readings taken before
 * the time was known, also in earlier boots; a clock that was set back; the
 * midnight at which intervals get another length.
 */
#include <stdlib.h>
#include <string.h>

#include "gateway/pipeline_state.h"

enum { DAY_MS = 86400000 };

static const char *boot_of(const struct pipeline *pipeline)
{
	return pipeline->settings.boot != NULL ? pipeline->settings.boot : "unknown";
}

/* ---- readings whose time is not known yet ---- */

struct unplaced_list {
	struct unplaced_reading *items;
	size_t count;
};

static void count_waiting(struct pipeline_series_place *place, void *argument)
{
	struct unplaced_list *list = argument;
	const struct pipeline_counter *counter = place->value->counter;
	if (counter != NULL && counter->waiting != NULL)
		list->count += counter->waiting->count;
}

static void list_waiting(struct pipeline_series_place *place, void *argument)
{
	struct unplaced_list *list = argument;
	const struct pipeline_counter *counter = place->value->counter;
	if (counter == NULL || counter->waiting == NULL ||
		pipeline_series(place->pipeline, place->meter, place->value) < 0)
		return;
	for (size_t i = 0; i < counter->waiting->count; i++) {
		struct unplaced_reading *item = &list->items[list->count++];
		*item = (struct unplaced_reading){.series = place->value->series,
			.at_mono_ms = counter->waiting->items[i].at_mono_ms,
			.value = counter->waiting->items[i].value};
		snprintf(item->boot, sizeof item->boot, "%s", boot_of(place->pipeline));
	}
}

/* What an earlier run of the program read in this boot. Its count goes to *ret_count. */
static struct unplaced_reading *read_before(const struct pipeline *pipeline, size_t *ret_count)
{
	struct unplaced_reading *items = store_unplaced(pipeline->store, ret_count);
	size_t kept = 0;
	for (size_t i = 0; i < *ret_count; i++)
		if (strcmp(items[i].boot, boot_of(pipeline)) == 0 &&
			items[i].at_mono_ms < pipeline->started_mono_ms)
			items[kept++] = items[i];
	*ret_count = kept;
	return items;
}

void pipeline_keep_unplaced(struct pipeline *pipeline)
{
	struct unplaced_list list = {.count = 0};
	size_t before_count;
	if (pipeline->clock.state != CLOCK_STATE_UNKNOWN || pipeline->store == NULL ||
		pipeline->now.mono_ms < pipeline->unplaced_due_mono_ms)
		return;
	pipeline->unplaced_due_mono_ms = pipeline->now.mono_ms + pipeline->site->config->commit_ms;
	pipeline_for_each_value(pipeline, count_waiting, &list);
	if (list.count == 0)
		return;
	struct unplaced_reading *before = read_before(pipeline, &before_count);
	list.items = calloc(before_count + list.count, sizeof *list.items);
	if (list.items != NULL && before_count > 0)
		memcpy(list.items, before, before_count * sizeof *before);
	free(before);
	if (list.items == NULL)
		return;
	list.count = before_count;
	pipeline_for_each_value(pipeline, list_waiting, &list);
	store_set_unplaced(pipeline->store, boot_of(pipeline), list.items, list.count);
	free(list.items);
	if (pipeline->now.mono_ms < pipeline->commit_due_mono_ms)
		pipeline->commit_due_mono_ms = pipeline->now.mono_ms;
}

/* ---- placing them ---- */

static void add_guessed(
	struct pipeline_series_place *place, int64_t at_wall_ms, int64_t value, bool is_known)
{
	struct pipeline_counter *counter = place->value->counter;
	struct counter_sink sink = pipeline_sink_of(place);
	struct reading reading = {.at_wall_ms = at_wall_ms,
		.value = value,
		.clock = is_known ? (uint8_t)place->pipeline->clock.state
				  : (uint8_t)CLOCK_STATE_UNKNOWN};
	if (!counter_add_reading(&counter->counter, &counter->rules, &reading, &sink))
		return; /* the store said why; a later reading holds this one's energy too */
}

/* Nothing was known of this counter before: what it counted then is in no interval. */
static void tell_of_uncounted(struct pipeline_series_place *place, const struct unplaced_list *list)
{
	const struct pipeline_counter *counter = place->value->counter;
	const struct quantity_info *info = quantity_info(counter->rules.quantity);
	const struct unplaced_reading *first = NULL;
	char amount[DECIMAL_TEXT_MAX];
	for (size_t i = 0; i < list->count && first == NULL; i++)
		if (list->items[i].series == place->value->series)
			first = &list->items[i];
	if (first == NULL || counter->waiting == NULL || counter->waiting->count == 0 ||
		counter->waiting->items[0].value <= first->value)
		return;
	struct event_row event = {.at_wall_ms = pipeline_wall_ms(place->pipeline),
		.amount = counter->waiting->items[0].value - first->value,
		.has_amount = true,
		.kind = EVENT_ENERGY_WITHHELD,
		.quantity = place->value->quantity,
		.clock = (uint8_t)place->pipeline->clock.state};
	snprintf(event.meter, sizeof event.meter, "%s", place->meter->id);
	decimal_print(amount, event.amount, info->decimals);
	snprintf(event.text, sizeof event.text,
		"%s %s were counted before the time was known for the first time; they are in no "
		"interval",
		amount, info->unit);
	pipeline_append_event(place->pipeline, &event);
}

/*
 * Readings of boots that never knew the time: their order and values stay; their
 * instants lie somewhere between the last known one and this boot's first.
 */
static void place_earlier(struct pipeline_series_place *place, void *argument)
{
	const struct unplaced_list *list = argument;
	struct pipeline *pipeline = place->pipeline;
	struct pipeline_counter *counter = place->value->counter;
	if (counter == NULL || pipeline_series(pipeline, place->meter, place->value) < 0)
		return;
	if (!counter->counter.has_last && !counter->counter.has_next)
		tell_of_uncounted(place, list);
	if (!counter->counter.has_last)
		return;
	int64_t count = 0, number = 0;
	int64_t from = counter->counter.last.at_wall_ms;
	int64_t to = pipeline_wall_of(pipeline, pipeline->started_mono_ms);
	for (size_t i = 0; i < list->count; i++)
		count += list->items[i].series == place->value->series &&
			 strcmp(list->items[i].boot, boot_of(pipeline)) != 0;
	for (size_t i = 0; i < list->count; i++) {
		const struct unplaced_reading *item = &list->items[i];
		if (item->series != place->value->series)
			continue;
		bool same_boot = strcmp(item->boot, boot_of(pipeline)) == 0;
		int64_t at = same_boot ? pipeline_wall_of(pipeline, item->at_mono_ms)
				       : from + (to - from) / (count + 1) * ++number;
		counter->rules.uncertain_ms = same_boot || to < from ? 0 : to - from;
		add_guessed(place, at, item->value, same_boot);
	}
	counter->rules.uncertain_ms = 0;
}

static void place(struct pipeline_series_place *place, void *unused)
{
	(void)unused;
	struct pipeline *pipeline = place->pipeline;
	struct pipeline_counter *counter = place->value->counter;
	if (counter == NULL || counter->waiting == NULL)
		return;
	if (pipeline_series(pipeline, place->meter, place->value) >= 0)
		for (size_t i = 0; i < counter->waiting->count; i++) {
			const struct waiting_reading *item = &counter->waiting->items[i];
			pipeline_add_reading(
				place, pipeline_wall_of(pipeline, item->at_mono_ms), item->value);
		}
	free(counter->waiting);
	counter->waiting = NULL;
}

static void place_waiting(struct pipeline *pipeline)
{
	struct unplaced_list list = {.count = 0};
	if (pipeline->store != NULL)
		list.items = store_unplaced(pipeline->store, &list.count);
	if (list.count > 0) {
		pipeline_for_each_value(pipeline, place_earlier, &list);
		store_unplaced_clear(pipeline->store);
	}
	free(list.items);
	pipeline_for_each_value(pipeline, place, NULL);
}

/* ---- a clock that was set back ---- */

/* Rows of one series, gathered from the store. */
struct row_list {
	struct interval_row *rows;
	size_t count;
	size_t room;
	bool failed;
};

static bool add_row(void *context, const struct interval_row *row)
{
	struct row_list *list = context;
	if (list->count == list->room) {
		size_t room = list->room > 0 ? 2 * list->room : 64;
		struct interval_row *grown = realloc(list->rows, room * sizeof *grown);
		if (grown == NULL) {
			list->failed = true;
			return false;
		}
		list->rows = grown;
		list->room = room;
	}
	list->rows[list->count++] = *row;
	return true;
}

static bool set_back(struct pipeline_series_place *place, int64_t now_wall_ms)
{
	struct pipeline *pipeline = place->pipeline;
	struct pipeline_counter *counter = place->value->counter;
	struct counter_sink sink = pipeline_sink_of(place);
	struct counter_set_back step = {
		.step_ms = -counter->set_back_ms, .now_wall_ms = now_wall_ms};
	struct row_list list = {.count = 0};
	struct store_range range = {.series = place->value->series,
		.from_wall_ms = now_wall_ms + step.step_ms + 1,
		.to_wall_ms = INT64_MAX};
	bool ahead = counter->counter.has_next && counter->counter.published_wall_ms > now_wall_ms;
	bool done = !ahead || (pipeline->store != NULL &&
				      store_newest_intervals(pipeline->store, &range, add_row,
					      &list) == STORE_OK &&
				      !list.failed);
	done = done && (!ahead || store_reserve(pipeline->store, 2 * list.count + 1));
	step.rows = list.rows;
	step.rows_count = list.count;
	done = done && counter_clock_set_back(&counter->counter, &counter->rules, &step, &sink);
	if (done && ahead)
		pipeline_save_frontier(place);
	free(list.rows);
	return done;
}

static void work_in(struct pipeline_series_place *place, void *argument)
{
	const int64_t *now_wall_ms = argument;
	struct pipeline_counter *counter = place->value->counter;
	if (counter != NULL && counter->set_back_ms > 0 && set_back(place, *now_wall_ms))
		counter->set_back_ms = 0;
}

static void is_pending(struct pipeline_series_place *place, void *argument)
{
	bool *found = argument;
	const struct pipeline_counter *counter = place->value->counter;
	*found = *found || (counter != NULL && counter->set_back_ms > 0);
}

void pipeline_work_in_set_back(struct pipeline *pipeline)
{
	bool pending = false;
	pipeline_for_each_value(pipeline, is_pending, &pending);
	/* Only committed rows can be looked at. */
	if (!pending || pipeline->store == NULL || store_commit(pipeline->store) != STORE_OK)
		return;
	int64_t now_wall_ms = pipeline_wall_ms(pipeline);
	pipeline_for_each_value(pipeline, work_in, &now_wall_ms);
}

static void note_set_back(struct pipeline_series_place *place, void *argument)
{
	const int64_t *back_ms = argument;
	struct pipeline_counter *counter = place->value->counter;
	if (counter != NULL && (counter->counter.has_last || counter->counter.has_next))
		counter->set_back_ms += *back_ms;
}

void pipeline_clock_set_back(struct pipeline *pipeline, int64_t back_ms)
{
	pipeline_for_each_value(pipeline, note_set_back, &back_ms);
	pipeline_work_in_set_back(pipeline);
}

int64_t pipeline_newest_wall_ms(const struct pipeline *pipeline)
{
	int64_t newest_wall_ms = 0;
	size_t count = pipeline->store != NULL ? store_series_count(pipeline->store) : 0;
	for (size_t i = 0; i < count; i++) {
		struct interval_row row;
		if (store_last_known_interval(pipeline->store, (int32_t)i, &row) &&
			row.end_wall_ms > newest_wall_ms)
			newest_wall_ms = row.end_wall_ms;
	}
	return newest_wall_ms;
}

/* ---- the store's generation ---- */

bool pipeline_generation_is_sound(const struct pipeline *pipeline)
{
	return store_identity(pipeline->store).generation >=
	       pipeline->clock_rules.earliest_wall_ms / 1000;
}

void pipeline_raise_generation(struct pipeline *pipeline, int64_t generation)
{
	if (pipeline->store == NULL || generation <= store_identity(pipeline->store).generation)
		return;
	if (store_raise_generation(pipeline->store, generation) != STORE_OK)
		pipeline_say(pipeline, LOG_LEVEL_ERROR, "store: its generation cannot be set (%s)",
			store_reason(pipeline->store));
	pipeline->status_changed = true;
}

void pipeline_take_time(struct pipeline *pipeline)
{
	if (pipeline->store != NULL && !pipeline_generation_is_sound(pipeline))
		pipeline_raise_generation(pipeline, pipeline_wall_ms(pipeline) / 1000);
	place_waiting(pipeline);
}

/* ---- the length of intervals ---- */

static void set_grid(struct pipeline_series_place *place, void *unused)
{
	(void)unused;
	if (place->value->counter != NULL)
		place->value->counter->rules.grid = pipeline_grid_of(place);
}

void pipeline_take_grid(struct pipeline *pipeline)
{
	struct interval_grid grid = {.length_ms = 0}, before;
	int64_t length_ms = pipeline->site->config->interval_ms, now_wall_ms;
	bool known = wall_clock_place(&pipeline->clock, pipeline->now.mono_ms, &now_wall_ms);
	if (pipeline->store != NULL)
		grid = store_grid(pipeline->store);
	before = grid;
	if (grid.length_ms == 0)
		grid = (struct interval_grid){length_ms, INT64_MAX, 0};
	if (known && grid.next_length_ms > 0 && now_wall_ms >= grid.next_from_wall_ms)
		grid = (struct interval_grid){grid.next_length_ms, INT64_MAX, 0};
	if (grid.length_ms == length_ms)
		grid = (struct interval_grid){length_ms, INT64_MAX, 0};
	else if (known && grid.next_length_ms != length_ms)
		grid = (struct interval_grid){
			grid.length_ms, (now_wall_ms / DAY_MS + 1) * DAY_MS, length_ms};
	pipeline->grid = grid;
	pipeline_for_each_value(pipeline, set_grid, NULL);
	if (pipeline->store != NULL && memcmp(&grid, &before, sizeof grid) != 0)
		store_set_grid(pipeline->store, &grid);
}
