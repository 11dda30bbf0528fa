/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline_flags_facts.c -- What a counter's intervals are held against: the
 * meter's own power, volume and temperatures, and the meters below it.
 */
#include <string.h>

#include "gateway/pipeline_state.h"

/* ---- what is known of a value ---- */

static int64_t grid_length_ms(const struct pipeline *pipeline, int64_t at_wall_ms)
{
	const struct interval_grid *grid = &pipeline->grid;
	return at_wall_ms < grid->next_from_wall_ms ? grid->length_ms : grid->next_length_ms;
}

static struct pipeline_value *value_of(const struct pipeline_meter *meter, enum quantity quantity)
{
	uint8_t index = meter->value_of[quantity];
	return index == UINT8_MAX ? NULL : &meter->values[index];
}

/* A step of the register. Where neither the model nor its course tells, one raw step: much too
 * coarse of a floating-point number, so that nothing is found too soon. */
static int64_t resolution_of(const struct pipeline_value *value)
{
	if (value->counter->rules.resolution > 0)
		return value->counter->rules.resolution;
	if (value->flags != NULL && value->flags->least_climb > 0)
		return value->flags->least_climb;
	int64_t step = value->scale.denominator == 0
			       ? 0
			       : value->scale.numerator / value->scale.denominator;
	return step > 1 ? step : 1;
}

static void learn_step(struct pipeline_flags *flags, int64_t reading)
{
	int64_t climb = flags->has_reading ? reading - flags->newest_reading : 0;
	if (climb > 0 && (flags->least_climb == 0 || climb < flags->least_climb))
		flags->least_climb = climb;
	flags->newest_reading = reading;
	flags->has_reading = true;
}

struct flag_rules pipeline_flags_rules(const struct pipeline_series_place *place)
{
	const struct pipeline_value *value = place->value;
	enum quantity quantity = (enum quantity)value->quantity;
	return (struct flag_rules){.quantity = quantity,
		.resolution = resolution_of(value),
		.power_max_per_hour = pipeline_fuse_per_hour(place->meter->site, quantity),
		.register_update_ms = value->counter->rules.register_update_ms,
		.heat_factor = place->meter->site->config->heat_factor,
		.limits = &place->pipeline->flag_limits};
}

/* Has the register of the other direction moved in this interval or the one before? */
static bool opposite_moves(
	const struct pipeline_meter *meter, enum quantity quantity, const struct interval_row *row)
{
	enum quantity opposite;
	if (!series_flags_opposite(quantity, &opposite))
		return false;
	const struct pipeline_value *value = value_of(meter, opposite);
	int64_t span_ms = row->end_wall_ms - row->start_wall_ms;
	return value != NULL && value->flags != NULL &&
	       value->flags->state.climbed_wall_ms > row->start_wall_ms - span_ms;
}

struct register_facts pipeline_flags_facts(
	const struct pipeline_series_place *place, const struct interval_row *row)
{
	enum quantity quantity = (enum quantity)place->value->quantity;
	struct register_facts facts = {
		.opposite_moves = opposite_moves(place->meter, quantity, row)};
	struct gauge_rules rules = {.interval_ms = row->end_wall_ms - row->start_wall_ms,
		.gap_limit_ms = place->pipeline->site->config->gap_limit_ms};
	enum quantity gauge;
	if (!series_flags_gauge(quantity, &gauge))
		return facts;
	const struct pipeline_value *power = value_of(place->meter, gauge);
	facts.has_power =
		power != NULL && power->integral != NULL &&
		gauge_integral_over(power->integral, &rules, row->start_wall_ms, &facts.power);
	if (quantity == QUANTITY_ACTIVE_ENERGY_EXPORT)
		facts.power = (struct gauge_sum){facts.power.negative, facts.power.positive};
	return facts;
}

/* ---- samples ---- */

static struct heat_check *heat_of(const struct pipeline_meter *meter)
{
	const struct pipeline_value *heat = value_of(meter, QUANTITY_HEAT_ENERGY);
	return heat != NULL && heat->flags != NULL ? heat->flags->heat : NULL;
}

/* Is the other temperature's sample still good? */
static bool is_fresh(const struct pipeline_series_place *place, const struct pipeline_value *value)
{
	return value != NULL && value->seen && value->status == DECODE_OK &&
	       place->value->read_mono_ms - value->read_mono_ms <=
		       place->pipeline->site->config->gap_limit_ms;
}

/* True with what this sample makes of the difference between flow and return. */
static bool difference_of(
	const struct pipeline_series_place *place, int64_t sample, int64_t *ret_difference_mk)
{
	const struct pipeline_meter *meter = place->meter;
	const struct pipeline_value *flow = value_of(meter, QUANTITY_FLOW_TEMPERATURE);
	const struct pipeline_value *back = value_of(meter, QUANTITY_RETURN_TEMPERATURE);
	if (place->value->quantity == QUANTITY_TEMPERATURE_DIFFERENCE) {
		*ret_difference_mk = sample;
		return true;
	}
	if (value_of(meter, QUANTITY_TEMPERATURE_DIFFERENCE) != NULL)
		return false;
	if (place->value == flow && is_fresh(place, back)) {
		*ret_difference_mk = sample - back->value;
		return true;
	}
	if (place->value == back && is_fresh(place, flow)) {
		*ret_difference_mk = flow->value - sample;
		return true;
	}
	return false;
}

static void heat_sample(
	const struct pipeline_series_place *place, int64_t at_wall_ms, int64_t sample)
{
	struct heat_check *heat = heat_of(place->meter);
	struct heat_rules rules = {.interval_ms = grid_length_ms(place->pipeline, at_wall_ms),
		.gap_limit_ms = place->pipeline->site->config->gap_limit_ms};
	int64_t difference_mk;
	if (heat == NULL || rules.interval_ms <= 0)
		return;
	if (place->value->quantity == QUANTITY_VOLUME)
		heat_flow_volume(&heat->flow, &rules, at_wall_ms, sample);
	else if (difference_of(place, sample, &difference_mk))
		heat_flow_difference(&heat->flow, &rules, at_wall_ms, difference_mk);
}

void pipeline_flags_sample(
	const struct pipeline_series_place *place, int64_t at_wall_ms, int64_t value)
{
	struct gauge_rules rules = {.interval_ms = grid_length_ms(place->pipeline, at_wall_ms),
		.gap_limit_ms = place->pipeline->site->config->gap_limit_ms};
	bool is_dwelling = pipeline_is_dwelling(place->meter); /* by the day nothing is compared */
	if (!is_dwelling && place->value->integral != NULL && rules.interval_ms > 0)
		gauge_integral_add(place->value->integral, &rules, at_wall_ms, value);
	if (place->value->flags != NULL)
		learn_step(place->value->flags, value);
	if (!is_dwelling)
		heat_sample(place, at_wall_ms, value);
}

void pipeline_flags_no_value(const struct pipeline_series_place *place)
{
	struct heat_check *heat = heat_of(place->meter);
	enum quantity quantity = (enum quantity)place->value->quantity;
	bool is_temperature = quantity == QUANTITY_TEMPERATURE_DIFFERENCE ||
			      quantity == QUANTITY_FLOW_TEMPERATURE ||
			      quantity == QUANTITY_RETURN_TEMPERATURE;
	if (place->value->integral != NULL)
		gauge_integral_break(place->value->integral);
	if (heat != NULL && is_temperature)
		heat_flow_break(&heat->flow);
}

/* ---- heat against volume ---- */

/* Both registers have closed the same interval. */
static void take_heat_interval(
	const struct pipeline_series_place *heat_place, const struct pipeline_value *volume)
{
	const struct series_flags *of_heat = &heat_place->value->flags->state;
	const struct series_flags *of_volume = &volume->flags->state;
	struct heat_check *check = heat_place->value->flags->heat;
	struct flag_rules rules = pipeline_flags_rules(heat_place);
	struct flag_finding finding;
	struct heat_interval interval = {.start_wall_ms = of_heat->start_wall_ms,
		.end_wall_ms = of_heat->end_wall_ms,
		.heat = of_heat->energy,
		.volume = of_volume->energy,
		.volume_resolution = resolution_of(volume)};
	check->taken_wall_ms = interval.end_wall_ms;
	if (!of_heat->is_measured || !of_volume->is_measured ||
		!heat_flow_over(&check->flow, interval.start_wall_ms, interval.volume,
			&interval.volume_difference)) {
		heat_window_break(&check->window);
		return;
	}
	if (!heat_window_add(&check->window, &rules, &interval, &finding))
		return;
	if (check->window.differs)
		pipeline_flags_found_late(heat_place, &finding);
	else
		pipeline_flags_not_found(heat_place, FLAG_HEAT_AGAINST_VOLUME);
}

static void compare_heat(const struct pipeline_series_place *place)
{
	struct pipeline_value *heat = value_of(place->meter, QUANTITY_HEAT_ENERGY);
	struct pipeline_value *volume = value_of(place->meter, QUANTITY_VOLUME);
	if (heat == NULL || volume == NULL || heat->flags == NULL || volume->flags == NULL ||
		(place->value != heat && place->value != volume))
		return;
	const struct series_flags *a = &heat->flags->state;
	const struct series_flags *b = &volume->flags->state;
	struct pipeline_series_place heat_place = {place->pipeline, place->meter, heat};
	if (a->start_wall_ms == b->start_wall_ms && a->end_wall_ms == b->end_wall_ms &&
		heat->flags->heat->taken_wall_ms < a->end_wall_ms)
		take_heat_interval(&heat_place, volume);
}

/* ---- sub-meters ---- */

static struct pipeline_meter *meter_by_id(const struct pipeline *pipeline, const char *id)
{
	for (size_t i = 0; id != NULL && i < pipeline->slots_count; i++)
		if (pipeline->slots[i].in_use && strcmp(pipeline->slots[i].id, id) == 0)
			return &pipeline->slots[i];
	return NULL;
}

/* What the meters below one have of an interval; false while one of them has not closed it, or
 * where energy is produced below it. */
static bool sum_below(const struct pipeline_series_place *main, struct submeter_sum *sum)
{
	const struct series_flags *own = &main->value->flags->state;
	for (size_t i = 0; i < main->pipeline->slots_count; i++) {
		const struct pipeline_meter *meter = &main->pipeline->slots[i];
		if (!meter->in_use || meter->site->config->parent == NULL ||
			strcmp(meter->site->config->parent, main->meter->id) != 0 ||
			pipeline_is_dwelling(meter) != pipeline_is_dwelling(main->meter))
			continue;
		const struct pipeline_value *value =
			value_of(meter, (enum quantity)main->value->quantity);
		if (meter->site->config->use == USE_PV)
			return false;
		if (value == NULL || value->flags == NULL)
			continue;
		const struct series_flags *state = &value->flags->state;
		if (state->end_wall_ms < own->end_wall_ms)
			return false;
		if (state->is_measured && state->start_wall_ms == own->start_wall_ms &&
			state->end_wall_ms == own->end_wall_ms)
			submeter_sum_add(sum, state->energy, resolution_of(value));
	}
	return sum->count > 0;
}

/* What a main feeds out was produced below it. */
static bool has_fed_out(const struct pipeline_meter *meter, enum quantity quantity)
{
	enum quantity opposite;
	if (!series_flags_opposite(quantity, &opposite))
		return false;
	const struct pipeline_value *value = value_of(meter, opposite);
	return value != NULL && value->flags != NULL && value->flags->state.climbed_wall_ms != 0;
}

static void compare_below(const struct pipeline_series_place *main)
{
	const struct series_flags *own = &main->value->flags->state;
	struct submeter_sum sum = {0};
	struct flag_finding finding;
	if (!own->is_measured || has_fed_out(main->meter, (enum quantity)main->value->quantity) ||
		!sum_below(main, &sum))
		return;
	struct flag_rules rules = pipeline_flags_rules(main);
	struct interval_row row = {.start_wall_ms = own->start_wall_ms,
		.end_wall_ms = own->end_wall_ms,
		.energy = own->energy};
	if (submeter_sum_is_above(&sum, &rules, &row, &finding))
		pipeline_flags_found_late(main, &finding);
	else
		pipeline_flags_not_found(main, FLAG_SUBMETERS_ABOVE_MAIN);
}

static void compare_submeters(const struct pipeline_series_place *place)
{
	uint32_t judged = series_flags_judged((enum quantity)place->value->quantity);
	if ((judged & (UINT32_C(1) << FLAG_SUBMETERS_ABOVE_MAIN)) == 0)
		return;
	compare_below(place);
	struct pipeline_meter *above =
		meter_by_id(place->pipeline, place->meter->site->config->parent);
	struct pipeline_value *value =
		above == NULL ? NULL : value_of(above, (enum quantity)place->value->quantity);
	if (value != NULL && value->flags != NULL)
		compare_below(&(struct pipeline_series_place){place->pipeline, above, value});
}

void pipeline_flags_compare(const struct pipeline_series_place *place)
{
	compare_heat(place);
	compare_submeters(place);
}
