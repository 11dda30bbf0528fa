/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline_resume.c -- Where accounting goes on after a restart: from the rows
 * in the store, from what the store keeps beside them, and with the profiles
 * that the past weeks' rows teach.
 */
#include <stdlib.h>
#include <string.h>

#include "gateway/pipeline_state.h"

enum { PROFILE_DAYS = 7 * PROFILE_WEEKS, DAY_MS = 86400000 };

/* ---- where a counter stands ---- */

static struct counter_frontier frontier_of(const struct series_state *state)
{
	return (struct counter_frontier){.next_start_wall_ms = state->frontier_wall_ms,
		.published_wall_ms = state->published_wall_ms,
		.reading = state->reading,
		.shift = state->shift,
		.again_revision = state->again_revision,
		.clock = state->clock,
		.is_good = state->is_good,
		.is_broken = state->is_broken};
}

/* Rows of a break that are closed already, one after the other, though they have no readings. */
struct closed_rows {
	int64_t after_id;
	int64_t next_start_wall_ms;
	bool found;
};

static bool step_over(void *context, const struct interval_row *row)
{
	struct closed_rows *closed = context;
	if (row->start_wall_ms < closed->next_start_wall_ms)
		return true;
	if (row->start_wall_ms > closed->next_start_wall_ms || row->id <= closed->after_id ||
		row->quality != QUALITY_REJECTED || row->has_readings)
		return false;
	closed->next_start_wall_ms = row->end_wall_ms;
	closed->found = true;
	return true;
}

/* What was rejected stays closed: the counter goes on behind it, not where its readings end. */
static void step_over_break(
	struct pipeline *pipeline, struct pipeline_value *value, const struct series_state *state)
{
	struct counter_frontier frontier;
	if (!counter_frontier(&value->counter->counter, &frontier))
		return;
	struct closed_rows closed = {.after_id = state->has_frontier ? state->after_id : 0,
		.next_start_wall_ms = frontier.next_start_wall_ms};
	struct store_range range = {value->series, frontier.next_start_wall_ms, INT64_MAX};
	if (store_newest_intervals(pipeline->store, &range, step_over, &closed) != STORE_OK ||
		!closed.found)
		return;
	frontier.next_start_wall_ms = closed.next_start_wall_ms;
	frontier.is_broken = true;
	counter_resume_at(&value->counter->counter, &frontier);
}

void pipeline_resume(struct pipeline *pipeline, struct pipeline_value *value)
{
	struct interval_row newest, known;
	struct series_state state = {.has_frontier = false};
	struct counter *counter = &value->counter->counter;
	value->counter->rules.series = value->series;
	if (counter->has_last || counter->is_ready)
		return;
	store_series_state(pipeline->store, value->series, &state);
	bool has_newest = store_last_interval(pipeline->store, value->series, &newest);
	bool has_known = store_last_known_interval(pipeline->store, value->series, &known);
	if (state.has_frontier && !has_known) {
		struct counter_frontier frontier = frontier_of(&state);
		counter_resume_at(counter, &frontier);
	} else {
		counter_resume(counter, has_newest ? &newest : NULL, has_known ? &known : NULL);
	}
	if (has_newest && newest.end_wall_ms > counter->next_start_wall_ms)
		step_over_break(pipeline, value, &state);
	if (has_newest)
		counter_note_published(counter, newest.end_wall_ms, 0);
	if (state.has_frontier)
		counter_note_published(counter, state.published_wall_ms, state.again_revision);
}

void pipeline_save_frontier(const struct pipeline_series_place *place)
{
	struct pipeline *pipeline = place->pipeline;
	struct series_state state = {.valid_from_wall_ms = INT64_MIN};
	struct counter_frontier frontier;
	if (pipeline->store == NULL || place->value->series < 0 ||
		!counter_frontier(&place->value->counter->counter, &frontier))
		return;
	store_series_state(pipeline->store, place->value->series, &state);
	state.has_frontier = true;
	state.after_id = pipeline->last_energy_id;
	state.frontier_wall_ms = frontier.next_start_wall_ms;
	state.published_wall_ms = frontier.published_wall_ms;
	state.reading = frontier.reading;
	state.shift = frontier.shift;
	state.again_revision = frontier.again_revision;
	state.clock = frontier.clock;
	state.is_good = frontier.is_good;
	state.is_broken = frontier.is_broken;
	store_set_series_state(pipeline->store, place->value->series, &state);
}

/* ---- an archive's anchor ---- */

static void tell_of_bridge(struct pipeline_series_place *place, const struct counter_bridge *bridge)
{
	const struct quantity_info *info = quantity_info((enum quantity)place->value->quantity);
	char amount[DECIMAL_TEXT_MAX];
	struct event_row event = {.at_wall_ms = pipeline_wall_ms(place->pipeline),
		.kind = EVENT_GAP_BRIDGED,
		.quantity = place->value->quantity,
		.clock = (uint8_t)place->pipeline->clock.state};
	snprintf(event.meter, sizeof event.meter, "%s", place->meter->id);
	decimal_print(amount, bridge->anchor.value, info->decimals);
	snprintf(event.text, sizeof event.text,
		"A new store goes on from the archive's last reading, %s %s; what lies between is "
		"an estimate.",
		amount, info->unit);
	pipeline_append_event(place->pipeline, &event);
}

static bool note_revision(void *context, const struct interval_row *row)
{
	int32_t *next = context;
	if (row->revision >= *next)
		*next = row->revision + 1;
	return true;
}

/* Rows without readings may lie before the first one that has some: they come again. */
static bool find_revision(const struct pipeline_series_place *place, struct counter_bridge *bridge)
{
	const struct counter *counter = &place->value->counter->counter;
	struct store_range range = {place->value->series, bridge->anchor.at_wall_ms,
		bridge->first != NULL ? bridge->first->at_wall_ms : counter->published_wall_ms};
	return range.to_wall_ms <= range.from_wall_ms ||
	       store_newest_intervals(place->pipeline->store, &range, note_revision,
		       &bridge->revision) == STORE_OK;
}

/* The series' oldest boundary reading of this store. False: the store could not be asked. */
static bool find_first(
	const struct pipeline_series_place *place, struct reading *ret_first, bool *ret_found)
{
	struct store *store = place->pipeline->store;
	struct interval_row row;
	if (store_commit(store) != STORE_OK)
		return false;
	*ret_found = store_first_interval(store, place->value->series, &row);
	if (!*ret_found)
		return !store_last_known_interval(store, place->value->series, &row);
	*ret_first = (struct reading){row.start_wall_ms, row.reading_start, row.clock};
	return true;
}

static bool take_anchor(struct pipeline_series_place *place, const struct pipeline_anchor *anchor)
{
	struct pipeline *pipeline = place->pipeline;
	struct pipeline_counter *counter = place->value->counter;
	struct counter_sink sink = pipeline_sink_of(place);
	struct reading first;
	bool has_first;
	struct counter_bridge bridge = {
		.anchor = {.at_wall_ms = anchor->at_wall_ms,
			   .value = anchor->reading,
			   .clock = (uint8_t)pipeline->clock.state}
        };
	if (counter->counter.has_next) {
		if (!find_first(place, &first, &has_first))
			return false;
		bridge.first = has_first ? &first : NULL;
		if (anchor->at_wall_ms >=
			(has_first ? first.at_wall_ms : counter->counter.next_start_wall_ms))
			return true; /* known already: told again */
		if ((!has_first && counter->counter.is_rejecting) || !find_revision(place, &bridge))
			return false;
	}
	if (!counter_bridge(&counter->counter, &counter->rules, &bridge, &sink))
		return false;
	if (bridge.first == NULL)
		pipeline_save_frontier(place);
	tell_of_bridge(place, &bridge);
	return true;
}

bool pipeline_take_anchor(struct pipeline *pipeline, const struct pipeline_anchor *anchor,
	const struct clock_observation *now)
{
	pipeline->now = *now;
	if (pipeline->store == NULL)
		return false;
	if (anchor->generation >= store_identity(pipeline->store).generation)
		pipeline_raise_generation(pipeline, anchor->generation + 1);
	for (size_t i = 0; i < pipeline->slots_count; i++) {
		struct pipeline_meter *meter = &pipeline->slots[i];
		uint8_t index = meter->in_use ? meter->value_of[anchor->quantity] : UINT8_MAX;
		if (index == UINT8_MAX || strcmp(meter->id, anchor->meter) != 0 ||
			meter->values[index].counter == NULL)
			continue;
		struct pipeline_series_place place = {pipeline, meter, &meter->values[index]};
		return pipeline_series(pipeline, meter, place.value) >= 0 &&
		       take_anchor(&place, anchor);
	}
	return false;
}

/* ---- profiles ---- */

struct learning {
	struct pipeline *pipeline;
	struct profile **profiles; /* by series; NULL: no counter of this site */
	size_t count;
};

static bool learn_row(void *context, const struct interval_row *row)
{
	struct learning *learning = context;
	if (row->series >= 0 && (size_t)row->series < learning->count &&
		learning->profiles[row->series] != NULL)
		profile_train(learning->profiles[row->series], &learning->pipeline->calendar, row);
	return true;
}

static struct profile *profile_of(struct pipeline *pipeline, int32_t series)
{
	const char *name;
	enum quantity quantity;
	if (!store_series_info(pipeline->store, series, &name, &quantity))
		return NULL;
	const struct pipeline_meter *meter = pipeline_meter_find(pipeline, name);
	if (meter == NULL || meter->value_of[quantity] == UINT8_MAX)
		return NULL;
	struct pipeline_counter *counter = meter->values[meter->value_of[quantity]].counter;
	return counter != NULL && counter->profile.week == 0 ? &counter->profile : NULL;
}

/* The end of the newest row there is, of any series; INT64_MIN: none. */
static int64_t newest_end(struct pipeline *pipeline)
{
	int64_t end_wall_ms = INT64_MIN;
	struct interval_row row;
	for (size_t i = 0; i < store_series_count(pipeline->store); i++)
		if (store_last_interval(pipeline->store, (int32_t)i, &row) &&
			row.end_wall_ms > end_wall_ms)
			end_wall_ms = row.end_wall_ms;
	return end_wall_ms;
}

void pipeline_learn_profiles(struct pipeline *pipeline)
{
	struct learning learning = {.pipeline = pipeline};
	int64_t through;
	if (pipeline->store == NULL)
		return;
	pipeline->profiles_forgotten = false;
	learning.count = store_series_count(pipeline->store);
	int64_t end_wall_ms = newest_end(pipeline);
	learning.profiles = calloc(learning.count + 1, sizeof(void *));
	if (learning.profiles == NULL || end_wall_ms == INT64_MIN)
		goto done;
	bool wanted = false;
	for (size_t i = 0; i < learning.count; i++) {
		learning.profiles[i] = profile_of(pipeline, (int32_t)i);
		wanted = wanted || learning.profiles[i] != NULL;
	}
	struct store_walk walk = {.after_id = store_id_before(pipeline->store,
					  end_wall_ms - (int64_t)PROFILE_DAYS * DAY_MS),
		.rows_max = SIZE_MAX,
		.visit = learn_row,
		.context = &learning};
	if (wanted && store_walk_intervals(pipeline->store, &walk, &through) != STORE_OK)
		pipeline_say(pipeline, LOG_LEVEL_WARNING,
			"store: past weeks cannot be read (%s); gaps are spread evenly for now",
			store_reason(pipeline->store));
done:
	free(learning.profiles);
}
