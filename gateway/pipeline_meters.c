/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline_meters.c -- The meters' slots: taken at the start and at a change of
 * the configuration, kept as long as a meter's id stays.
 */
#include <stdlib.h>
#include <string.h>

#include "gateway/pipeline_state.h"

enum {
	VOLTS = 230,       /* of a phase, for what a main fuse can carry */
	FUSE_MARGIN_2 = 3, /* 1.5 times: fuses carry more than their name for a while */
	MILLI = 1000,
};

static bool is_electric_energy(enum quantity quantity)
{
	const struct quantity_info *info = quantity_info(quantity);
	return info->kind == QUANTITY_COUNTER && info->scaled_by_ct;
}

int64_t pipeline_fuse_per_hour(const struct site_meter *meter, enum quantity quantity)
{
	int64_t phases = meter->model->phases > 0 ? meter->model->phases : 3;
	if (meter->config->main_fuse_a <= 0 || !is_electric_energy(quantity))
		return 0;
	return meter->config->main_fuse_a * VOLTS * phases * MILLI;
}

/* What it lets through; 0: unknown. */
static int64_t rate_max_per_hour(const struct site_meter *meter, enum quantity quantity)
{
	return pipeline_fuse_per_hour(meter, quantity) * FUSE_MARGIN_2 / 2;
}

static int64_t modulus_of(const struct device_point *point)
{
	int64_t modulus;
	if (point->value->modulus_raw == 0 || point->value->modulus_raw > INT64_MAX ||
		point->value->scale_register >= 0 ||
		!scale_apply(point->scale, (int64_t)point->value->modulus_raw, &modulus))
		return 0;
	return modulus;
}

static struct counter_rules rules_of(const struct pipeline *pipeline, const char *id,
	const struct site_meter *meter, const struct device_point *point)
{
	const struct site_config *config = pipeline->site->config;
	return (struct counter_rules){.meter = id,
		.quantity = point->value->quantity,
		.series = -1,
		.gap_limit_ms = config->gap_limit_ms,
		.close_deadline_ms = config->gap_limit_ms,
		.modulus = modulus_of(point),
		.rate_max_per_hour = rate_max_per_hour(meter, point->value->quantity),
		.resolution = site_point_resolution(point),
		.register_update_ms = meter->model->update_period_ms};
}

const struct pipeline_meter *pipeline_meter_find(const struct pipeline *pipeline, const char *id)
{
	for (size_t i = 0; i < pipeline->slots_count; i++)
		if (pipeline->slots[i].in_use && strcmp(pipeline->slots[i].id, id) == 0)
			return &pipeline->slots[i];
	return NULL;
}

static void free_value(struct pipeline_value *value)
{
	pipeline_flags_free(value);
	if (value->counter == NULL)
		return;
	free(value->counter->waiting);
	free(value->counter);
	value->counter = NULL;
}

static void free_values(struct pipeline_value *values, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free_value(&values[i]);
	free(values);
}

void pipeline_meters_free(struct pipeline *pipeline)
{
	for (size_t i = 0; i < pipeline->slots_count; i++)
		free_values(pipeline->slots[i].values, pipeline->slots[i].values_count);
	free(pipeline->slots);
	pipeline->slots = NULL;
	pipeline->slots_count = 0;
}

/* ---- series ---- */

int32_t pipeline_series(
	struct pipeline *pipeline, struct pipeline_meter *meter, struct pipeline_value *value)
{
	bool is_new = false;
	if (value->series >= 0 || pipeline->store == NULL)
		return value->series;
	value->series =
		store_series(pipeline->store, meter->id, (enum quantity)value->quantity, &is_new);
	if (value->series < 0)
		return value->series;
	struct pipeline_series_place place = {pipeline, meter, value};
	if (value->counter != NULL) {
		pipeline_resume(pipeline, value);
		value->counter->rules.grid = pipeline_grid_of(&place);
	}
	pipeline_take_scale(&place);
	if (is_new && value == meter->values)
		pipeline_save_device(pipeline, meter);
	if (is_new && value == meter->values)
		pipeline_meter_event(pipeline, (struct occurrence){EVENT_NEW_SERIES, meter->id},
			"Meter %s is new on this gateway: its series begin here.", meter->id);
	return value->series;
}

/* ---- taking a site ---- */

static bool make_value(const struct pipeline *pipeline, const struct device_point *point,
	struct pipeline_value *ret_value)
{
	(void)pipeline;
	*ret_value = (struct pipeline_value){
		.quantity = (uint8_t)point->value->quantity, .series = -1, .scale = point->scale};
	if (quantity_info(point->value->quantity)->kind == QUANTITY_COUNTER) {
		ret_value->counter = calloc(1, sizeof *ret_value->counter);
		if (ret_value->counter == NULL)
			return false;
	}
	return pipeline_flags_make(ret_value);
}

static bool make_values(const struct pipeline *pipeline, const struct site_meter *meter,
	struct pipeline_value **ret_values)
{
	struct pipeline_value *values = calloc(meter->points_count + 1, sizeof *values);
	if (values == NULL)
		return false;
	for (size_t i = 0; i < meter->points_count; i++)
		if (!make_value(pipeline, &meter->points[i], &values[i])) {
			free_values(values, meter->points_count);
			return false;
		}
	*ret_values = values;
	return true;
}

/*
 * What the old value knew goes over to the new one. What another scale makes
 * of the counter is seen to when the slot is filled (pipeline_take_scale()).
 */
static void carry_over(struct pipeline_value *from, struct pipeline_value *to)
{
	bool same = pipeline_same_scale(from->scale, to->scale);
	if (from->quantity != to->quantity)
		return;
	to->series = from->series;
	to->multiplier = from->multiplier;
	if (to->counter != NULL && from->counter != NULL) {
		int32_t series = from->counter->rules.series;
		to->counter->counter = from->counter->counter;
		to->counter->profile = from->counter->profile;
		to->counter->set_back_ms = from->counter->set_back_ms;
		to->counter->rules.series = series;
		if (same) {
			to->counter->waiting = from->counter->waiting;
			from->counter->waiting = NULL;
		}
	}
	if (!same)
		return;
	pipeline_flags_carry_over(from, to);
	to->trend = from->trend;
	to->seen = from->seen;
	to->status = from->status;
	to->told = from->told;
	to->value = from->value;
	to->read_mono_ms = from->read_mono_ms;
}

/* An amount of the model's, by the scale in force; 0: unknown. */
static int64_t amount_in_force(const struct pipeline_value *value, int64_t amount)
{
	int64_t in_force;
	return pipeline_in_force(value, amount, &in_force) ? in_force : 0;
}

void pipeline_set_rules(struct pipeline_series_place *place)
{
	const struct pipeline_meter *meter = place->meter;
	struct pipeline_counter *counter = place->value->counter;
	int32_t series = counter->rules.series;
	counter->rules = rules_of(place->pipeline, meter->id, meter->site,
		&meter->site->points[place->value - meter->values]);
	counter->rules.series = series;
	counter->rules.grid = pipeline_grid_of(place);
	counter->rules.modulus = amount_in_force(place->value, counter->rules.modulus);
	counter->rules.resolution = amount_in_force(place->value, counter->rules.resolution);
	counter->rules.profile = &counter->profile;
	counter->rules.calendar = &place->pipeline->calendar;
}

/* Another configuration holds, or the first one. */
static void take_values(struct pipeline *pipeline, struct pipeline_meter *meter)
{
	for (size_t i = 0; i < meter->values_count; i++) {
		struct pipeline_series_place place = {pipeline, meter, &meter->values[i]};
		if (place.value->counter != NULL)
			pipeline_set_rules(&place);
		pipeline_take_scale(&place);
	}
}

static void index_values(struct pipeline_meter *meter)
{
	memset(meter->value_of, UINT8_MAX, sizeof meter->value_of);
	for (size_t i = 0; i < meter->values_count; i++)
		meter->value_of[meter->values[i].quantity] = (uint8_t)i;
}

static bool is_first_of_device(const struct site *site, const struct site_meter *meter)
{
	for (const struct site_meter *other = site->meters; other < meter; other++)
		if (other->bus == meter->bus && other->device == meter->device)
			return false;
	return true;
}

/* Put a meter of the new site, with its values made, into a slot. */
static void fill_slot(struct pipeline *pipeline, struct pipeline_meter *meter,
	const struct site_meter *site, struct pipeline_value *values)
{
	if (!meter->in_use)
		*meter = (struct pipeline_meter){.last_reading_mono_ms = INT64_MIN,
			.live_sent_mono_ms =
				pipeline->now.mono_ms - pipeline->site->config->live_ms,
			.live_due_mono_ms = INT64_MAX};
	bool was_open = meter->in_use && !pipeline_is_dwelling(meter);
	for (size_t i = 0; i < meter->values_count; i++)
		for (size_t j = 0; j < site->points_count; j++)
			carry_over(&meter->values[i], &values[j]);
	free_values(meter->values, meter->values_count);
	meter->values = values;
	meter->values_count = site->points_count;
	meter->site = site;
	meter->in_use = true;
	meter->to_clear = false;
	meter->live_to_clear = was_open && pipeline_is_dwelling(meter);
	meter->counts_for_bus = is_first_of_device(pipeline->site, site);
	snprintf(meter->id, sizeof meter->id, "%s", site->config->id);
	snprintf(meter->model, sizeof meter->model, "%s", site->model->name);
	index_values(meter);
	pipeline_take_model(pipeline, meter);
	take_values(pipeline, meter);
}

static void retire_slot(struct pipeline *pipeline, struct pipeline_meter *meter)
{
	char id[METER_ID_MAX];
	memcpy(id, meter->id, sizeof id);
	free_values(meter->values, meter->values_count);
	*meter = (struct pipeline_meter){.to_clear = true};
	memcpy(meter->id, id, sizeof id);
	pipeline_say(pipeline, LOG_LEVEL_NOTICE, "meter %s: no longer read", id);
}

static size_t slot_for(const struct pipeline *pipeline, const char *id)
{
	size_t empty = pipeline->slots_count;
	for (size_t i = 0; i < pipeline->slots_count; i++) {
		const struct pipeline_meter *meter = &pipeline->slots[i];
		if (strcmp(meter->id, id) == 0)
			return i;
		if (empty == pipeline->slots_count && !meter->in_use && !meter->to_clear)
			empty = i;
	}
	return empty;
}

static bool in_site(const struct site *site, const char *id)
{
	for (size_t i = 0; i < site->meters_count; i++)
		if (strcmp(site->meters[i].config->id, id) == 0)
			return true;
	return false;
}

static void free_made(struct pipeline_value **made, const struct site *site)
{
	for (size_t i = 0; made != NULL && i < site->meters_count; i++)
		if (made[i] != NULL)
			free_values(made[i], site->meters[i].points_count);
	free(made);
}

/* All that can fail, done before anything changes: values of every meter, room for the slots. */
static struct pipeline_value **make_all(struct pipeline *pipeline, const struct site *site)
{
	size_t room = pipeline->slots_count + site->meters_count;
	struct pipeline_meter *slots = calloc(room, sizeof *slots);
	struct pipeline_value **made = calloc(site->meters_count + 1, sizeof(void *));
	for (size_t i = 0; made != NULL && i < site->meters_count; i++)
		if (!make_values(pipeline, &site->meters[i], &made[i])) {
			free_made(made, site);
			made = NULL;
		}
	if (slots == NULL || made == NULL) {
		free_made(made, site);
		free(slots);
		return NULL;
	}
	if (pipeline->slots_count > 0)
		memcpy(slots, pipeline->slots, pipeline->slots_count * sizeof *slots);
	free(pipeline->slots);
	pipeline->slots = slots;
	return made;
}

bool pipeline_meters_take(struct pipeline *pipeline, const struct site *site, uint16_t *ret_slots)
{
	struct pipeline_value **made = make_all(pipeline, site);
	if (made == NULL)
		return false;
	for (size_t i = 0; i < pipeline->slots_count; i++)
		if (pipeline->slots[i].in_use && !in_site(site, pipeline->slots[i].id))
			retire_slot(pipeline, &pipeline->slots[i]);
	pipeline->site = site;
	for (size_t i = 0; i < site->meters_count; i++) {
		size_t slot = slot_for(pipeline, site->meters[i].config->id);
		if (slot == pipeline->slots_count)
			pipeline->slots_count++;
		fill_slot(pipeline, &pipeline->slots[slot], &site->meters[i], made[i]);
		ret_slots[i] = (uint16_t)slot;
	}
	free(made);
	pipeline_judge_devices(pipeline);
	return true;
}
