/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline_devices.c -- Which device stands at a meter, by its serial number:
 * its own, a new one (an exchange), or another meter's (they changed places,
 * and what it counts is nobody's until the addresses are right again).
 *
 * The store knows the device by the last run, so that an exchange made while
 * the gateway was off is seen at the next start.
 */
#include <stdlib.h>
#include <string.h>

#include "gateway/json_instant.h"
#include "gateway/pipeline_state.h"

/* ---- the store's word ---- */

static bool load(struct pipeline *pipeline, const char *meter, struct known_device *ret_device)
{
	return pipeline->store != NULL && store_device(pipeline->store, meter, ret_device);
}

void pipeline_save_device(struct pipeline *pipeline, const struct pipeline_meter *meter)
{
	struct known_device device = {.model = ""}, stored;
	snprintf(device.model, sizeof device.model, "%s", meter->model);
	snprintf(device.serial_number, sizeof device.serial_number, "%s", meter->known_serial);
	if (pipeline->store == NULL)
		return;
	if (load(pipeline, meter->id, &stored) && strcmp(stored.model, device.model) == 0 &&
		strcmp(stored.serial_number, device.serial_number) == 0)
		return;
	store_set_device(pipeline->store, meter->id, &device);
}

static void recall_serial(struct pipeline *pipeline, struct pipeline_meter *meter)
{
	struct known_device stored;
	if (meter->known_serial[0] == '\0' && load(pipeline, meter->id, &stored))
		snprintf(meter->known_serial, sizeof meter->known_serial, "%s",
			stored.serial_number);
}

/* ---- another model ---- */

static void tell_of_model(
	struct pipeline *pipeline, const struct pipeline_meter *meter, const char *before)
{
	char since[INSTANT_TEXT_MAX] = "the last reading";
	int64_t valid_from = meter->site->valid_from_wall_ms;
	if (valid_from != INT64_MIN)
		json_instant_print(since, valid_from);
	pipeline_say(pipeline, valid_from != INT64_MIN ? LOG_LEVEL_NOTICE : LOG_LEVEL_WARNING,
		"meter %s: model %s before, %s now, since %s", meter->id, before, meter->model,
		since);
	pipeline_meter_event(pipeline, (struct occurrence){EVENT_SCALE_CHANGED, meter->id},
		"Model %s before, %s now, since %s.", before, meter->model, since);
}

void pipeline_take_model(struct pipeline *pipeline, struct pipeline_meter *meter)
{
	struct known_device stored;
	recall_serial(pipeline, meter);
	meter->model_is_new = load(pipeline, meter->id, &stored) && stored.model[0] != '\0' &&
			      strcmp(stored.model, meter->model) != 0;
	if (meter->model_is_new)
		tell_of_model(pipeline, meter, stored.model);
	pipeline_save_device(pipeline, meter);
}

/* ---- another device ---- */

static void exchange_counters(struct pipeline *pipeline, struct pipeline_meter *meter)
{
	for (size_t i = 0; i < meter->values_count; i++) {
		struct pipeline_series_place place = {pipeline, meter, &meter->values[i]};
		if (place.value->counter == NULL)
			continue;
		/* Where it stood by the last run, before it is told. */
		if (pipeline_series(pipeline, meter, place.value) < 0 &&
			!place.value->counter->counter.has_last)
			continue;
		counter_exchange(&place.value->counter->counter);
		/* Of the old device, before the time was known: its span is to be settled. */
		free(place.value->counter->waiting);
		place.value->counter->waiting = NULL;
		pipeline_save_frontier(&place);
	}
}

static void exchange(struct pipeline *pipeline, struct pipeline_meter *meter)
{
	pipeline_say(pipeline, LOG_LEVEL_WARNING,
		"meter %s: the device was exchanged: serial number %s before, %s now; the interval "
		"in between has no value until it is settled (`byport settle %s`)",
		meter->id, meter->known_serial, meter->serial_number, meter->id);
	pipeline_meter_event(pipeline, (struct occurrence){EVENT_METER_EXCHANGED, meter->id},
		"Meter %s was exchanged: serial number %s before, %s now.", meter->id,
		meter->known_serial, meter->serial_number);
	exchange_counters(pipeline, meter);
}

static void belongs_here(struct pipeline *pipeline, struct pipeline_meter *meter)
{
	recall_serial(pipeline, meter);
	if (strcmp(meter->known_serial, meter->serial_number) == 0)
		return;
	if (meter->known_serial[0] != '\0')
		exchange(pipeline, meter);
	else
		pipeline_meter_event(pipeline, (struct occurrence){EVENT_SERIAL_NUMBER, meter->id},
			"Meter %s has the serial number %s.", meter->id, meter->serial_number);
	memcpy(meter->known_serial, meter->serial_number, sizeof meter->known_serial);
	pipeline_save_device(pipeline, meter);
}

/* ---- meters that changed places ---- */

static bool is_expected(const struct pipeline_meter *meter, const char *serial)
{
	return meter->site->config->serial != NULL &&
	       strcmp(meter->site->config->serial, serial) == 0;
}

/* The other meter that the device found here is configured for; NULL: none. A device with several
 * channels is several meters. */
static const struct pipeline_meter *owner_of(
	const struct pipeline *pipeline, const struct pipeline_meter *meter)
{
	if (meter->serial_number[0] == '\0' || is_expected(meter, meter->serial_number))
		return NULL;
	const struct pipeline_meter *owner = NULL;
	for (size_t i = 0; i < pipeline->slots_count; i++) {
		const struct pipeline_meter *other = &pipeline->slots[i];
		if (!other->in_use || !is_expected(other, meter->serial_number))
			continue;
		if (other->site->bus == meter->site->bus &&
			other->site->device == meter->site->device)
			return NULL;
		owner = other;
	}
	return owner;
}

static void tell_of_swap(struct pipeline *pipeline, const struct pipeline_meter *meter,
	const struct pipeline_meter *owner)
{
	/* The other half of what was told already. */
	if (owner->misplaced && is_expected(meter, owner->serial_number))
		return;
	pipeline_say(pipeline, LOG_LEVEL_ERROR,
		"meters %s and %s have changed places: serial number %s, configured for %s, is "
		"found at %s; readings there are withheld until the addresses are right again: "
		"exchange `address` of the two in the configuration, or the wires",
		meter->id, owner->id, meter->serial_number, owner->id, meter->id);
	pipeline_meter_event(pipeline, (struct occurrence){EVENT_METERS_SWAPPED, meter->id},
		"Meters %s and %s changed places: %s is found at %s. Readings are withheld until "
		"their addresses are right again; nothing is lost by that.",
		meter->id, owner->id, meter->serial_number, meter->id);
}

static void judge(struct pipeline *pipeline, struct pipeline_meter *meter)
{
	const struct pipeline_meter *owner = owner_of(pipeline, meter);
	bool was_misplaced = meter->misplaced;
	if (meter->serial_number[0] == '\0')
		return;
	if (owner != NULL && !was_misplaced)
		tell_of_swap(pipeline, meter, owner);
	meter->misplaced = owner != NULL;
	if (meter->misplaced)
		return;
	if (was_misplaced)
		pipeline_say(pipeline, LOG_LEVEL_NOTICE,
			"meter %s: its own device is in its place again; what it counted meanwhile "
			"is accounted for",
			meter->id);
	belongs_here(pipeline, meter);
}

void pipeline_judge_devices(struct pipeline *pipeline)
{
	for (size_t i = 0; i < pipeline->slots_count; i++)
		if (pipeline->slots[i].in_use)
			judge(pipeline, &pipeline->slots[i]);
}

static void tell_of_unexpected(struct pipeline *pipeline, const struct pipeline_meter *meter)
{
	const char *expected = meter->site->config->serial;
	if (expected != NULL && !is_expected(meter, meter->serial_number) && !meter->misplaced)
		pipeline_say(pipeline, LOG_LEVEL_WARNING,
			"meter %s: serial number %s found, %s expected by the configuration",
			meter->id, meter->serial_number, expected);
}

void pipeline_found_serial(
	struct pipeline *pipeline, struct pipeline_meter *meter, const char *serial)
{
	bool is_new = strcmp(serial, meter->serial_number) != 0;
	snprintf(meter->serial_number, sizeof meter->serial_number, "%s", serial);
	judge(pipeline, meter);
	if (!is_new)
		return;
	tell_of_unexpected(pipeline, meter);
	pipeline->about_changed = true;
}
