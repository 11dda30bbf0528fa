/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline_scale.c -- What a step of a meter's register is worth, and since
 * when: the configuration's scale, a person's multiplier beside it, and what a
 * change of either makes of the rows since then.
 */
#include <stdlib.h>
#include <string.h>

#include "gateway/core/finality.h"
#include "gateway/core/settle.h"
#include "gateway/json_instant.h"
#include "gateway/pipeline_state.h"
#include "gateway/settle_text.h"

bool pipeline_same_scale(struct scale a, struct scale b)
{
	return a.numerator == b.numerator && a.denominator == b.denominator;
}

struct scale pipeline_ratio(struct scale a, struct scale b)
{
	struct scale ratio = {1, 1};
	struct scale inverse = {b.denominator, b.numerator};
	if (inverse.denominator < 0)
		inverse = (struct scale){-inverse.numerator, -inverse.denominator};
	if (b.numerator == 0 || !scale_multiply(a, inverse, &ratio))
		return (struct scale){1, 1};
	return ratio;
}

static bool is_one(struct scale scale)
{
	return scale.numerator == scale.denominator;
}

bool pipeline_in_force(const struct pipeline_value *value, int64_t decoded, int64_t *ret_value)
{
	if (value->multiplier.denominator == 0 || is_one(value->multiplier)) {
		*ret_value = decoded;
		return true;
	}
	return scale_apply(value->multiplier, decoded, ret_value);
}

bool pipeline_scale_in_force(const struct pipeline_value *value, struct scale *ret_scale)
{
	struct scale none = {1, 1};
	return scale_multiply(value->scale,
		value->multiplier.denominator != 0 ? value->multiplier : none, ret_scale);
}

/*
 * A revision written in the last days may be the row's first value (a gap that
 * was filled): then its five days have not passed. One that was a correction
 * already was final before.
 */
static bool is_final(const struct pipeline_rescaling *rescaling, const struct interval_row *row)
{
	const struct pipeline *pipeline = rescaling->place->pipeline;
	int64_t now_wall_ms = pipeline_wall_ms(pipeline);
	bool is_young = row->revision > 0 && row->id > rescaling->old_id && !row->correction;
	struct interval_valuation valuation = {.start_wall_ms = row->start_wall_ms,
		.first_value_wall_ms = is_young ? now_wall_ms : row->end_wall_ms,
		.has_value = row->quality == QUALITY_MEASURED || row->quality == QUALITY_ESTIMATED};
	return interval_is_final(&pipeline->calendar, &valuation, now_wall_ms);
}

/* ---- rows on another scale ---- */

struct rescaling_walk {
	struct pipeline_rescaling *rescaling;
	struct settle_rescaling rows;
	struct interval_row *made; /* NULL: only looked at */
	size_t made_count;
	bool too_large;
};

static void note_change(struct settle_change *change, const struct interval_row *old,
	const struct interval_row *made)
{
	bool has_value = made->quality == QUALITY_MEASURED || made->quality == QUALITY_ESTIMATED;
	if (change->rows == 0)
		change->start_wall_ms = old->start_wall_ms;
	change->end_wall_ms = old->end_wall_ms;
	change->rows++;
	change->corrections += made->correction;
	change->nulls += !has_value;
	change->before += has_value ? old->energy : 0;
	change->after += has_value ? made->energy : 0;
}

static bool rescale_row(void *context, const struct interval_row *row)
{
	struct rescaling_walk *walk = context;
	struct pipeline_rescaling *rescaling = walk->rescaling;
	struct interval_row made;
	bool is_changed = false;
	if (settle_rescale_row(&walk->rows, row, &is_changed, &made) != SETTLE_DONE) {
		walk->too_large = true;
		return false;
	}
	if (!is_changed)
		return true;
	made.correction = is_final(rescaling, row);
	if (walk->made == NULL)
		note_change(&rescaling->change, row, &made);
	else if (walk->made_count < (size_t)rescaling->change.rows)
		walk->made[walk->made_count++] = made;
	return true;
}

static const char *walk_rows(struct rescaling_walk *walk)
{
	const struct pipeline_rescaling *rescaling = walk->rescaling;
	struct store_range range = {
		rescaling->place->value->series, rescaling->from_wall_ms, INT64_MAX};
	walk->rows = (struct settle_rescaling){
		.ratio = rescaling->ratio, .from_wall_ms = rescaling->from_wall_ms};
	enum store_status status = store_newest_intervals(
		rescaling->place->pipeline->store, &range, rescale_row, walk);
	if (walk->too_large)
		return settle_result_text(SETTLE_OVERFLOW);
	return status == STORE_OK ? NULL : "the store cannot be read";
}

const char *pipeline_look_at_rescaling(struct pipeline_rescaling *rescaling)
{
	struct rescaling_walk walk = {.rescaling = rescaling};
	struct pipeline *pipeline = rescaling->place->pipeline;
	rescaling->old_id = store_id_before(
		pipeline->store, pipeline_wall_ms(pipeline) - FINAL_AFTER_DAYS * INT64_C(86400000));
	rescaling->change = (struct settle_change){
		.quantity = (enum quantity)rescaling->place->value->quantity};
	return walk_rows(&walk);
}

/* Rows are kept after the walk: who is told of them may look into the store too. */
const char *pipeline_keep_rescaling(struct pipeline_rescaling *rescaling)
{
	struct store *store = rescaling->place->pipeline->store;
	size_t count = (size_t)rescaling->change.rows;
	struct rescaling_walk walk = {
		.rescaling = rescaling, .made = calloc(count + 1, sizeof *walk.made)};
	if (walk.made == NULL || !store_reserve(store, count)) {
		free(walk.made);
		return "memory is out";
	}
	const char *reason = walk_rows(&walk);
	for (size_t i = 0; reason == NULL && i < walk.made_count; i++)
		if (!pipeline_keep_interval(rescaling->place, &walk.made[i]))
			reason = "the store does not take the rows";
	free(walk.made);
	return reason;
}

void pipeline_forget_profile(struct pipeline_series_place *place)
{
	memset(&place->value->counter->profile, 0, sizeof place->value->counter->profile);
	place->pipeline->profiles_forgotten = true;
}

/* ---- a change of the configuration's scale ---- */

static bool is_first_counter(const struct pipeline_series_place *place)
{
	for (const struct pipeline_value *other = place->meter->values; other < place->value;
		other++)
		if (other->counter != NULL)
			return false;
	return true;
}

static void ratio_text(struct scale ratio, char buffer[static 48])
{
	if (ratio.denominator == 1)
		snprintf(buffer, 48, "%lld", (long long)ratio.numerator);
	else
		snprintf(buffer, 48, "%lld/%lld", (long long)ratio.numerator,
			(long long)ratio.denominator);
}

static void tell_of_change(const struct pipeline_rescaling *rescaling, bool has_date)
{
	const struct pipeline_series_place *place = rescaling->place;
	const struct settle_change *change = &rescaling->change;
	enum quantity quantity = (enum quantity)place->value->quantity;
	char ratio[48], since[INSTANT_TEXT_MAX], from[AMOUNT_TEXT_MAX], to[AMOUNT_TEXT_MAX];
	ratio_text(rescaling->ratio, ratio);
	json_instant_print(since, rescaling->from_wall_ms);
	struct event_row event = {.at_wall_ms = pipeline_wall_ms(place->pipeline),
		.kind = EVENT_SCALE_CHANGED,
		.clock = (uint8_t)place->pipeline->clock.state,
		.has_amount = true,
		.quantity = place->value->quantity,
		.amount = change->after - change->before};
	snprintf(event.meter, sizeof event.meter, "%s", place->meter->id);
	snprintf(event.text, sizeof event.text,
		"A step of %s is worth %s times what it was, since %s%s: %s became %s in %lld "
		"intervals.",
		quantity_info(quantity)->name, ratio, since,
		has_date ? "" : " (the last reading, for want of a valid_from)",
		settle_text_amount(from, quantity, change->before),
		settle_text_amount(to, quantity, change->after), (long long)change->rows);
	pipeline_append_event(place->pipeline, &event);
	if (!is_first_counter(place))
		return;
	pipeline_say(place->pipeline, has_date ? LOG_LEVEL_NOTICE : LOG_LEVEL_WARNING,
		"meter %s: another scale: a step of %s is worth %s times what it was, since %s%s",
		place->meter->id, quantity_info(quantity)->name, ratio, since,
		has_date ? ""
			 : " (the last reading); if it holds for longer, settle it: `byport settle "
			   "--multiplier`");
}

/* Rows since valid_from; where they cannot be revised, it is said, and holds from now on. */
static bool revise_rows(struct pipeline_rescaling *rescaling)
{
	struct pipeline_series_place *place = rescaling->place;
	pipeline_commit(place->pipeline); /* only what is committed can be read */
	if (place->pipeline->store == NULL || place->value->series < 0)
		return false;
	const char *reason = pipeline_look_at_rescaling(rescaling);
	if (reason == NULL)
		reason = pipeline_keep_rescaling(rescaling);
	if (reason == NULL)
		return true;
	rescaling->change = (struct settle_change){.rows = 0};
	pipeline_say(place->pipeline, LOG_LEVEL_ERROR,
		"meter %s: the rows since its valid_from cannot be revised (%s); the other scale "
		"holds from the last reading on",
		place->meter->id, reason);
	return false;
}

static int64_t last_reading_wall_ms(const struct pipeline_series_place *place)
{
	const struct counter *counter = &place->value->counter->counter;
	return counter->has_last ? counter->last.at_wall_ms : pipeline_wall_ms(place->pipeline);
}

static bool has_new_date(
	const struct pipeline_series_place *place, const struct series_state *state)
{
	int64_t valid_from = place->meter->site->valid_from_wall_ms;
	return valid_from != INT64_MIN && valid_from != state->valid_from_wall_ms &&
	       valid_from <= pipeline_wall_ms(place->pipeline);
}

static void change_counter(struct pipeline_series_place *place, const struct series_state *state)
{
	struct counter *counter = &place->value->counter->counter;
	struct pipeline_rescaling rescaling = {.place = place,
		.ratio = pipeline_ratio(place->value->scale, state->scale),
		.from_wall_ms = last_reading_wall_ms(place)};
	bool has_date = has_new_date(place, state);
	int64_t last_wall_ms = rescaling.from_wall_ms;
	if (has_date && place->meter->site->valid_from_wall_ms < last_wall_ms) {
		rescaling.from_wall_ms = place->meter->site->valid_from_wall_ms;
		if (!revise_rows(&rescaling)) {
			rescaling.from_wall_ms = last_wall_ms;
			has_date = false;
		}
	}
	if (!counter_rescale(counter, rescaling.ratio, rescaling.from_wall_ms))
		counter_exchange(counter);
	pipeline_forget_profile(place);
	tell_of_change(&rescaling, has_date);
}

static void change_scale(struct pipeline_series_place *place, struct series_state *state)
{
	struct pipeline_value *value = place->value;
	bool is_other = !pipeline_same_scale(state->scale, value->scale);
	if (is_other && value->counter != NULL)
		change_counter(place, state);
	if (place->pipeline->store == NULL || value->series < 0)
		return; /* found damaged meanwhile: the new store knows the new scale only */
	state->scale = value->scale;
	state->configured = value->scale;
	state->valid_from_wall_ms = place->meter->site->valid_from_wall_ms;
	store_set_series_state(place->pipeline->store, value->series, state);
	if (is_other && value->counter != NULL) {
		pipeline_save_frontier(place);
		pipeline_commit(place->pipeline);
	}
}

void pipeline_take_scale(struct pipeline_series_place *place)
{
	struct series_state state = {.valid_from_wall_ms = INT64_MIN};
	struct pipeline_value *value = place->value;
	struct store *store = place->pipeline->store;
	if (store == NULL || value->series < 0)
		return;
	store_series_state(store, value->series, &state);
	if (state.scale.denominator == 0 || state.configured.denominator == 0) {
		/* A new store in place of a damaged one: what was settled still holds. */
		if (!pipeline_scale_in_force(value, &state.scale))
			state.scale = value->scale;
		state.configured = value->scale;
		state.valid_from_wall_ms = place->meter->site->valid_from_wall_ms;
		store_set_series_state(store, value->series, &state);
	} else if (!pipeline_same_scale(state.configured, value->scale)) {
		change_scale(place, &state);
	} else if (place->meter->model_is_new) {
		state.valid_from_wall_ms = place->meter->site->valid_from_wall_ms;
		store_set_series_state(store, value->series, &state);
	}
	value->multiplier = pipeline_ratio(state.scale, state.configured);
	if (value->counter != NULL)
		pipeline_set_rules(place);
}
