/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline_samples.c -- Samples to rows: a counter's readings to its
 * accounting, a gauge's values to its trend.
 */
#include <stdlib.h>

#include "gateway/pipeline_state.h"

struct counter_sink pipeline_sink_of(struct pipeline_series_place *place)
{
	return (struct counter_sink){
		.context = place, .interval = pipeline_keep_interval, .event = pipeline_keep_event};
}

void pipeline_add_reading(struct pipeline_series_place *place, int64_t at_wall_ms, int64_t value)
{
	struct pipeline_counter *counter = place->value->counter;
	struct counter_sink sink = pipeline_sink_of(place);
	struct reading reading = {.at_wall_ms = at_wall_ms,
		.value = value,
		.clock = (uint8_t)place->pipeline->clock.state};
	if (!counter_add_reading(&counter->counter, &counter->rules, &reading, &sink))
		return; /* the store said why; the next reading holds this one's energy too */
}

static void count(struct pipeline *pipeline, struct pipeline_meter *meter,
	struct pipeline_value *value, const struct sample *sample)
{
	struct pipeline_counter *counter = value->counter;
	int64_t at_wall_ms;
	if (wall_clock_place(&pipeline->clock, sample->read_mono_ms, &at_wall_ms)) {
		struct pipeline_series_place place = {pipeline, meter, value};
		if (pipeline_series(pipeline, meter, value) < 0 || counter->set_back_ms > 0)
			return;
		pipeline_flags_sample(&place, at_wall_ms, value->value);
		pipeline_add_reading(&place, at_wall_ms, value->value);
		if (pipeline_is_dwelling(meter))
			pipeline_dwelling_counted(&place);
		return;
	}
	if (counter->waiting == NULL)
		counter->waiting = calloc(1, sizeof *counter->waiting);
	if (counter->waiting != NULL)
		waiting_readings_add(counter->waiting, sample->read_mono_ms, value->value);
}

static void close_trend(struct pipeline *pipeline, struct pipeline_meter *meter,
	struct pipeline_value *value, int64_t wall_ms)
{
	struct trend_row row;
	if (pipeline_is_dwelling(meter) ||
		!trend_close(&value->trend, pipeline->site->config->trend_ms, wall_ms, &row))
		return;
	row.series = pipeline_series(pipeline, meter, value);
	if (row.series >= 0)
		pipeline_keep_trend(pipeline, &row);
}

static void average(struct pipeline *pipeline, struct pipeline_meter *meter,
	struct pipeline_value *value, const struct sample *sample)
{
	int64_t at_wall_ms;
	if (!wall_clock_place(&pipeline->clock, sample->read_mono_ms, &at_wall_ms))
		return;
	pipeline_flags_sample(
		&(struct pipeline_series_place){pipeline, meter, value}, at_wall_ms, value->value);
	if (pipeline_is_dwelling(meter))
		return;
	close_trend(pipeline, meter, value, at_wall_ms);
	trend_add(&value->trend, pipeline->site->config->trend_ms, at_wall_ms, value->value);
	trend_set_clock(&value->trend, pipeline->clock.state);
}

/* Say once that a value is none, and why. */
static void tell_of_no_value(
	struct pipeline *pipeline, const struct pipeline_meter *meter, struct pipeline_value *value)
{
	if (value->told)
		return;
	value->told = true;
	/* "Unavailable" is the device's own word for what it does not measure. */
	pipeline_say(pipeline,
		value->status == DECODE_UNAVAILABLE ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING,
		"meter %s: %s has no value: %s; it is left out until it has one", meter->id,
		quantity_info((enum quantity)value->quantity)->name,
		decode_status_text((enum decode_status)value->status));
}

/* When this meter's `live` goes out: with the rest of this poll, but not before its period. */
static void schedule_live(struct pipeline *pipeline, struct pipeline_meter *meter)
{
	if (meter->live_due_mono_ms != INT64_MAX || pipeline_is_dwelling(meter))
		return;
	int64_t due = pipeline->now.mono_ms + PIPELINE_LIVE_GATHER_MS;
	int64_t period = meter->live_sent_mono_ms + pipeline->site->config->live_ms;
	meter->live_due_mono_ms = due > period ? due : period;
	if (meter->live_due_mono_ms < pipeline->live_due_mono_ms)
		pipeline->live_due_mono_ms = meter->live_due_mono_ms;
}

void pipeline_sample(
	struct pipeline *pipeline, struct pipeline_meter *meter, const struct sample *sample)
{
	uint8_t index = meter->value_of[sample->quantity];
	if (index == UINT8_MAX)
		return;
	struct pipeline_value *value = &meter->values[index];
	value->seen = true;
	value->status = sample->status;
	value->read_mono_ms = sample->read_mono_ms;
	schedule_live(pipeline, meter);
	if (sample->status != DECODE_OK) {
		pipeline_flags_no_value(&(struct pipeline_series_place){pipeline, meter, value});
		tell_of_no_value(pipeline, meter, value);
		return;
	}
	if (pipeline->store != NULL && value->series < 0)
		pipeline_series(pipeline, meter, value); /* it knows the scale in force */
	if (!pipeline_in_force(value, sample->value, &value->value)) {
		value->status = DECODE_OUT_OF_RANGE;
		tell_of_no_value(pipeline, meter, value);
		return;
	}
	value->told = false;
	if (sample->read_mono_ms > meter->last_reading_mono_ms)
		meter->last_reading_mono_ms = sample->read_mono_ms;
	if (value->counter != NULL)
		count(pipeline, meter, value, sample);
	else
		average(pipeline, meter, value, sample);
}

/* ---- all meters ---- */

void pipeline_for_each_value(
	struct pipeline *pipeline, pipeline_value_visitor *visit, void *argument)
{
	for (size_t i = 0; i < pipeline->slots_count; i++) {
		struct pipeline_meter *meter = &pipeline->slots[i];
		for (size_t j = 0; meter->in_use && j < meter->values_count; j++) {
			struct pipeline_series_place place = {pipeline, meter, &meter->values[j]};
			visit(&place, argument);
		}
	}
}

static void tick(struct pipeline_series_place *place, void *argument)
{
	const int64_t *wall_ms = argument;
	struct pipeline_counter *counter = place->value->counter;
	struct counter_sink sink = pipeline_sink_of(place);
	if (counter == NULL || counter->set_back_ms > 0 ||
		pipeline_series(place->pipeline, place->meter, place->value) < 0)
		return;
	if (!counter_tick(&counter->counter, &counter->rules, *wall_ms, &sink))
		return; /* the store said why; the next tick tries again */
}

void pipeline_tick_counters(struct pipeline *pipeline)
{
	int64_t wall_ms;
	if (wall_clock_place(&pipeline->clock, pipeline->now.mono_ms, &wall_ms))
		pipeline_for_each_value(pipeline, tick, &wall_ms);
}

static void close_one(struct pipeline_series_place *place, void *argument)
{
	const int64_t *wall_ms = argument;
	if (place->value->counter == NULL)
		close_trend(place->pipeline, place->meter, place->value, *wall_ms);
}

void pipeline_close_trends(struct pipeline *pipeline, int64_t wall_ms)
{
	pipeline_for_each_value(pipeline, close_one, &wall_ms);
}
