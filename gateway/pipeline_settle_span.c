/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline_settle_span.c -- Intervals without a value get one: the newest span
 * of them, or the one that holds an instant; and the open interval, where it
 * holds the exchange.
 */
#include <stdlib.h>
#include <string.h>

#include "gateway/json_instant.h"
#include "gateway/settle_act.h"

enum { DAY_MS = 86400000 };

/* How far back a span is looked for, first near, then far. */
static const int64_t looks_back_days[] = {35, 400, 40000};

/* ---- finding it ---- */

static bool look_at_row(void *context, const struct interval_row *row)
{
	settle_search_row(context, row);
	return true;
}

static bool find_span(const struct settle_act *act, const struct pipeline_value *value,
	struct settle_span *ret_span)
{
	int64_t around =
		act->at_wall_ms != INT64_MAX ? act->at_wall_ms : pipeline_wall_ms(act->pipeline);
	for (size_t i = 0; i < sizeof looks_back_days / sizeof looks_back_days[0]; i++) {
		struct settle_search search = {.at_wall_ms = act->at_wall_ms};
		struct store_range range = {
			value->series, around - looks_back_days[i] * DAY_MS, INT64_MAX};
		if (store_newest_intervals(act->pipeline->store, &range, look_at_row, &search) !=
			STORE_OK)
			return settle_refuse(act, "the store cannot be read (%s)",
				store_reason(act->pipeline->store));
		settle_search_end(&search);
		*ret_span = search.has_span ? search.span : (struct settle_span){.rows = 0};
		if (search.has_span && search.span.has_before)
			return true;
	}
	return true;
}

/* ---- the rows around it ---- */

struct loaded_rows {
	struct interval_row *rows;
	size_t count;
	size_t capacity;
	bool out_of_memory;
};

static bool load_row(void *context, const struct interval_row *row)
{
	struct loaded_rows *loaded = context;
	if (loaded->count == loaded->capacity) {
		size_t capacity = loaded->capacity > 0 ? 2 * loaded->capacity : 256;
		struct interval_row *rows = realloc(loaded->rows, capacity * sizeof *rows);
		if (rows == NULL) {
			loaded->out_of_memory = true;
			return false;
		}
		loaded->rows = rows;
		loaded->capacity = capacity;
	}
	loaded->rows[loaded->count++] = *row;
	return true;
}

static bool load_rows(const struct settle_act *act, const struct pipeline_value *value,
	const struct settle_span *span, struct loaded_rows *ret_loaded)
{
	struct store_range range = {
		value->series, span->start_wall_ms - DAY_MS, span->end_wall_ms + DAY_MS};
	*ret_loaded = (struct loaded_rows){.count = 0};
	if (store_newest_intervals(act->pipeline->store, &range, load_row, ret_loaded) !=
			STORE_OK ||
		ret_loaded->out_of_memory) {
		free(ret_loaded->rows);
		return settle_refuse(act, "the store cannot be read");
	}
	return true;
}

/* ---- the decision ---- */

static bool read_reading(const struct settle_act *act, const struct pipeline_value *value,
	const char *key, int64_t *ret_steps)
{
	const struct quantity_info *info = quantity_info((enum quantity)value->quantity);
	const char *text = key[0] == 'c' ? act->request->closing : act->request->opening;
	if (settle_text_reading(text, (enum quantity)value->quantity, ret_steps))
		return true;
	return settle_refuse(act,
		"\"%s\": \"%.40s\" is no reading in %s; allowed: a number such as 1600 or 1600.5, "
		"at "
		"most %d decimals",
		key, text, info->unit, info->decimals);
}

static bool read_decision(const struct settle_act *act, const struct pipeline_value *value,
	struct settle_decision *ret_decision)
{
	const struct settle_request *request = act->request;
	*ret_decision = (struct settle_decision){
		.kind = SETTLE_ACCEPT, .has_opening = request->opening != NULL};
	if (request->accept)
		return true;
	bool unknown = strcmp(request->closing, "unknown") == 0;
	ret_decision->kind = unknown ? SETTLE_CLOSING_UNKNOWN : SETTLE_EXCHANGE;
	return (unknown || read_reading(act, value, "closing", &ret_decision->closing)) &&
	       (request->opening == NULL ||
		       read_reading(act, value, "opening", &ret_decision->opening));
}

/* ---- words ---- */

static void describe(
	struct settle_act *act, enum quantity quantity, const struct settle_decision *decision)
{
	const struct settle_change *change = &act->outcome->changes[0];
	char amount[AMOUNT_TEXT_MAX], closing[AMOUNT_TEXT_MAX] = "unknown",
				      opening[AMOUNT_TEXT_MAX] = "the first reading",
				      start[INSTANT_TEXT_MAX], how[128] = "accepted";
	settle_text_amount(amount, quantity, change->after);
	json_instant_print(start, change->start_wall_ms);
	if (decision->kind == SETTLE_EXCHANGE)
		settle_text_amount(closing, quantity, decision->closing);
	if (decision->has_opening)
		settle_text_amount(opening, quantity, decision->opening);
	if (decision->kind != SETTLE_ACCEPT)
		snprintf(how, sizeof how, "exchange, closing %s, opening %s", closing, opening);
	if (act->outcome->is_open)
		snprintf(act->head, sizeof act->head, "%s so far in the interval from %s: %s.",
			amount, start, how);
	else
		snprintf(act->head, sizeof act->head, "%s in %lld interval%s from %s: %s.", amount,
			(long long)change->rows, change->rows == 1 ? "" : "s", start, how);
	settle_compose(act);
}

/* When the open interval will have closed. */
static void closing_text(const struct settle_act *act, char ret_text[static INSTANT_TEXT_MAX])
{
	int64_t length_ms =
		pipeline_is_dwelling(act->meter) ? 86400000 : act->pipeline->grid.length_ms;
	int64_t now_wall_ms = pipeline_wall_ms(act->pipeline);
	json_instant_print(ret_text, (now_wall_ms / length_ms + 1) * length_ms);
}

static bool refuse_open(const struct settle_act *act)
{
	char closes[INSTANT_TEXT_MAX];
	closing_text(act, closes);
	return settle_refuse(act,
		"the span has not ended: the first interval after the break is still open; wait "
		"until it has "
		"closed, at the meter's next reading after %s",
		closes);
}

static bool refuse_result(const struct settle_act *act, const struct pipeline_value *value,
	const struct settle_span *span, enum settle_result result)
{
	enum quantity quantity = (enum quantity)value->quantity;
	char before[AMOUNT_TEXT_MAX], after[AMOUNT_TEXT_MAX], closes[INSTANT_TEXT_MAX],
		start[INSTANT_TEXT_MAX];
	settle_text_amount(before, quantity, span->before);
	settle_text_amount(after, quantity, span->after);
	json_instant_print(start, span->start_wall_ms);
	closing_text(act, closes);
	if (result == SETTLE_CLOSING_TOO_LOW)
		return settle_refuse(
			act, "%s: %s, at %s", settle_result_text(result), before, start);
	if (result == SETTLE_OPENING_TOO_HIGH)
		return settle_refuse(act, "%s: %s", settle_result_text(result), after);
	if (result == SETTLE_READING_FALLS)
		return settle_refuse(
			act, "%s: %s before, %s after", settle_result_text(result), before, after);
	if (result == SETTLE_SPAN_GOES_ON)
		return settle_refuse(act,
			"%s; it begins at %s; wait until the meter has been read "
			"after %s, or name an older one with \"at\"",
			settle_result_text(result), start, closes);
	return settle_refuse(act, "%s", settle_result_text(result));
}

/* ---- closed intervals ---- */

static bool expect_by_profile(
	void *context, int64_t start_wall_ms, int64_t end_wall_ms, int64_t *ret_energy)
{
	const struct pipeline_series_place *place = context;
	struct profile_question question = {&place->pipeline->calendar, start_wall_ms, end_wall_ms};
	return profile_expect(&place->value->counter->profile, &question, ret_energy);
}

static bool keep_rows(struct settle_act *act, struct pipeline_value *value,
	struct interval_row *rows, size_t count)
{
	struct pipeline_series_place place = {act->pipeline, act->meter, value};
	if (!store_reserve(act->pipeline->store, count))
		return settle_refuse(act, "memory is out; nothing was settled");
	if (!settle_keep_event(act))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!pipeline_keep_interval(&place, &rows[i]))
			return settle_refuse(act, "the store does not take the rows");
	settle_commit(act);
	return true;
}

/* `rows` has room for the span's. */
static bool settle_loaded(struct settle_act *act, struct pipeline_value *value,
	const struct settle_scene *scene, struct interval_row *rows)
{
	struct settle_decision decision;
	int64_t energy;
	if (!read_decision(act, value, &decision))
		return false;
	enum settle_result result = settle_span_rows(scene, &decision, rows, &energy);
	if (result != SETTLE_DONE)
		return refuse_result(act, value, &scene->span, result);
	act->outcome->count = 1;
	act->outcome->changes[0] =
		(struct settle_change){.quantity = (enum quantity)value->quantity,
			.rows = (int64_t)scene->span.rows,
			.nulls = (int64_t)scene->span.rows,
			.start_wall_ms = scene->span.start_wall_ms,
			.end_wall_ms = scene->span.end_wall_ms,
			.after = energy};
	describe(act, (enum quantity)value->quantity, &decision);
	return act->request->dry_run || keep_rows(act, value, rows, scene->span.rows);
}

static bool settle_closed(struct settle_act *act, struct pipeline_value *value)
{
	struct pipeline_series_place place = {act->pipeline, act->meter, value};
	struct settle_profile profile = {expect_by_profile, &place};
	struct settle_scene scene = {.profile = &profile};
	struct loaded_rows loaded;
	if (!find_span(act, value, &scene.span))
		return false;
	if (scene.span.rows == 0)
		return settle_refuse(act,
			"there is nothing to settle: %s of meter %s has a value in "
			"every interval%s",
			quantity_info((enum quantity)value->quantity)->name, act->meter->id,
			act->at_wall_ms != INT64_MAX ? " there" : "");
	if (!load_rows(act, value, &scene.span, &loaded))
		return false;
	scene.rows = loaded.rows;
	scene.count = loaded.count;
	struct interval_row *rows = calloc(scene.span.rows, sizeof *rows);
	bool done = rows != NULL ? settle_loaded(act, value, &scene, rows)
				 : settle_refuse(act, "memory is out; nothing was settled");
	free(rows);
	free(loaded.rows);
	return done;
}

/* ---- the open interval ---- */

static bool refuse_settling(const struct settle_act *act, const struct pipeline_value *value,
	enum counter_settling settling)
{
	char before[AMOUNT_TEXT_MAX], first[AMOUNT_TEXT_MAX];
	const struct counter *counter = &value->counter->counter;
	settle_text_amount(before, (enum quantity)value->quantity, counter->before);
	settle_text_amount(first, (enum quantity)value->quantity, counter->run_start);
	switch (settling) {
	case COUNTER_CLOSING_TOO_LOW:
		return settle_refuse(
			act, "%s: %s", settle_result_text(SETTLE_CLOSING_TOO_LOW), before);
	case COUNTER_OPENING_TOO_HIGH:
		return settle_refuse(
			act, "%s: %s", settle_result_text(SETTLE_OPENING_TOO_HIGH), first);
	case COUNTER_SETTLED:
	case COUNTER_NOTHING_OPEN:
	case COUNTER_BREAK_IS_OLDER:
		break;
	}
	return refuse_open(act);
}

static bool settle_open(struct settle_act *act, struct pipeline_value *value)
{
	struct counter *counter = &value->counter->counter;
	struct settle_decision decision;
	struct settle_change *change = &act->outcome->changes[0];
	int64_t energy = 0;
	if (!read_decision(act, value, &decision))
		return false;
	if (decision.kind != SETTLE_EXCHANGE)
		return refuse_open(act);
	struct counter_exchange_readings readings = {decision.closing, decision.opening};
	enum counter_settling settling = counter_settle_open(counter, &readings, true, &energy);
	if (settling != COUNTER_SETTLED)
		return refuse_settling(act, value, settling);
	act->outcome->count = 1;
	act->outcome->is_open = true;
	*change = (struct settle_change){.quantity = (enum quantity)value->quantity,
		.rows = 1,
		.nulls = 1,
		.start_wall_ms = counter->next_start_wall_ms,
		.end_wall_ms = pipeline_wall_ms(act->pipeline),
		.after = energy};
	describe(act, (enum quantity)value->quantity, &decision);
	if (act->request->dry_run)
		return true;
	if (!settle_keep_event(act))
		return false;
	counter_settle_open(counter, &readings, false, &energy);
	pipeline_save_frontier(&(struct pipeline_series_place){act->pipeline, act->meter, value});
	settle_commit(act);
	return true;
}

bool settle_spans(struct settle_act *act, struct pipeline_value *value)
{
	const struct counter *counter = &value->counter->counter;
	bool means_open =
		act->at_wall_ms == INT64_MAX || act->at_wall_ms >= counter->next_start_wall_ms;
	if (counter->is_rejecting && means_open)
		return settle_open(act, value);
	return settle_closed(act, value);
}
