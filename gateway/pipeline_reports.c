/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline_reports.c -- What a bus worker reports: samples, the state of a
 * device, its serial number, the state of the port. Says and records what
 * changed, once.
 */
#include <string.h>

#include "gateway/pipeline_state.h"

static struct pipeline_meter *meter_in_slot(struct pipeline *pipeline, uint16_t slot)
{
	if (slot >= pipeline->slots_count || !pipeline->slots[slot].in_use)
		return NULL;
	return &pipeline->slots[slot];
}

/* A worker that still runs with another site decoded by what its meter's registers were worth then.
 */
static bool is_outdated(const struct pipeline_source *source, const struct sample *sample,
	const struct pipeline_meter *meter)
{
	const struct site_meter *site = &source->site->meters[sample->meter];
	uint8_t index = meter->value_of[sample->quantity];
	if (meter->site == site || index == UINT8_MAX)
		return false;
	for (size_t i = 0; i < site->points_count; i++)
		if (site->points[i].value->quantity == sample->quantity)
			return !pipeline_same_scale(
				site->points[i].scale, meter->values[index].scale);
	return true;
}

static void take_samples(struct pipeline *pipeline, const struct pipeline_source *source,
	const struct worker_report *report)
{
	for (size_t i = 0; i < report->samples_count; i++) {
		const struct sample *sample = &report->samples[i];
		struct pipeline_meter *meter =
			meter_in_slot(pipeline, source->slots[sample->meter]);
		if (meter != NULL && !meter->misplaced && !is_outdated(source, sample, meter))
			pipeline_sample(pipeline, meter, sample);
	}
}

/* ---- a device ---- */

static int silent_s(const struct pipeline *pipeline, const struct pipeline_meter *meter)
{
	int64_t since = meter->last_reading_mono_ms == INT64_MIN ? pipeline->started_mono_ms
								 : meter->last_reading_mono_ms;
	return (int)((pipeline->now.mono_ms - since) / 1000);
}

static uint8_t address_of(const struct pipeline *pipeline, const struct pipeline_meter *meter)
{
	return pipeline->site->buses[meter->site->bus].devices[meter->site->device].address;
}

/* A port that is gone was told of; that its meters are silent goes without saying. */
static bool port_is_gone(const struct pipeline *pipeline, const struct pipeline_meter *meter)
{
	const struct pipeline_bus *bus = &pipeline->buses[meter->site->bus];
	return bus->told && !bus->open;
}

static void tell_of_silence(
	struct pipeline *pipeline, const struct pipeline_meter *meter, enum device_state state)
{
	const char *what = state == DEVICE_REFUSES ? "only refusals" : "no answer";
	const char *why = meter->reason[0] != '\0' ? meter->reason : device_state_text(state);
	if (!port_is_gone(pipeline, meter))
		pipeline_say(pipeline, LOG_LEVEL_WARNING,
			"%s from meter %s (unit %d on %s) for %d s: %s; tried again, ever more "
			"rarely, at least every 5 min",
			what, meter->id, address_of(pipeline, meter), meter->site->config->bus,
			silent_s(pipeline, meter), why);
	pipeline_meter_event(pipeline, (struct occurrence){EVENT_METER_SILENT, meter->id},
		"%s from meter %s (unit %d on %s): %s.",
		state == DEVICE_REFUSES ? "Only refusals" : "No answer", meter->id,
		address_of(pipeline, meter), meter->site->config->bus, why);
}

static void tell_of_return(struct pipeline *pipeline, const struct pipeline_meter *meter)
{
	pipeline_say(pipeline, LOG_LEVEL_NOTICE, "meter %s (unit %d on %s) answers again",
		meter->id, address_of(pipeline, meter), meter->site->config->bus);
	pipeline_meter_event(pipeline, (struct occurrence){EVENT_METER_BACK, meter->id},
		"Meter %s answers again.", meter->id);
}

static bool is_bad(enum device_state state)
{
	return state == DEVICE_SILENT || state == DEVICE_REFUSES;
}

static void take_state(
	struct pipeline *pipeline, struct pipeline_meter *meter, const struct worker_report *report)
{
	enum device_state before = meter->state;
	meter->state = report->state;
	snprintf(meter->reason, sizeof meter->reason, "%s",
		report->reason != NULL && report->state != DEVICE_OK ? report->reason : "");
	if (report->counters != NULL)
		meter->counters = *report->counters;
	if (!is_bad(before) && is_bad(report->state))
		tell_of_silence(pipeline, meter, report->state);
	else if (is_bad(before) && report->state == DEVICE_OK)
		tell_of_return(pipeline, meter);
}

static void take_serial_number(
	struct pipeline *pipeline, struct pipeline_meter *meter, const struct worker_report *report)
{
	if (report->serial_number != NULL && report->serial_number[0] != '\0')
		pipeline_found_serial(pipeline, meter, report->serial_number);
}

typedef void device_visitor(struct pipeline *pipeline, struct pipeline_meter *meter,
	const struct worker_report *report);

static void for_each_meter_of_device(struct pipeline *pipeline,
	const struct pipeline_source *source, const struct worker_report *report,
	device_visitor *visit)
{
	for (size_t i = 0; i < source->site->meters_count; i++) {
		const struct site_meter *site = &source->site->meters[i];
		struct pipeline_meter *meter = meter_in_slot(pipeline, source->slots[i]);
		if (meter != NULL && site->bus == source->bus && site->device == report->device)
			visit(pipeline, meter, report);
	}
}

/* ---- a bus ---- */

static struct pipeline_bus *bus_of(struct pipeline *pipeline, const struct pipeline_source *source)
{
	const char *id = source->site->buses[source->bus].config->id;
	for (size_t i = 0; i < pipeline->buses_count; i++)
		if (strcmp(pipeline->buses[i].id, id) == 0)
			return &pipeline->buses[i];
	return NULL;
}

static void take_bus_state(struct pipeline *pipeline, const struct pipeline_source *source,
	const struct worker_report *report)
{
	struct pipeline_bus *bus = bus_of(pipeline, source);
	if (bus == NULL)
		return;
	bool first = !bus->told, changed = bus->open != report->bus_open;
	bus->told = true;
	bus->open = report->bus_open;
	snprintf(bus->reason, sizeof bus->reason, "%s",
		!report->bus_open && report->reason != NULL ? report->reason : "");
	if (!bus->open && (first || changed)) {
		pipeline_say(pipeline, LOG_LEVEL_ERROR,
			"bus %s: %s; its meters wait, it is tried again", bus->id, bus->reason);
		pipeline_meter_event(pipeline, (struct occurrence){EVENT_BUS_LOST, ""},
			"Bus %s: %s.", bus->id, bus->reason);
	} else if (bus->open && changed && !first) {
		pipeline_say(pipeline, LOG_LEVEL_NOTICE, "bus %s: open again", bus->id);
		pipeline_meter_event(pipeline, (struct occurrence){EVENT_BUS_BACK, ""},
			"Bus %s is open again.", bus->id);
	}
}

void pipeline_report(struct pipeline *pipeline, const struct pipeline_source *source,
	const struct worker_report *report, const struct clock_observation *now)
{
	pipeline->now = *now;
	switch (report->kind) {
	case REPORT_SAMPLES:
		take_samples(pipeline, source, report);
		break;
	case REPORT_DEVICE_STATE:
		for_each_meter_of_device(pipeline, source, report, take_state);
		break;
	case REPORT_SERIAL_NUMBER:
		for_each_meter_of_device(pipeline, source, report, take_serial_number);
		break;
	case REPORT_BUS_STATE:
		take_bus_state(pipeline, source, report);
		break;
	}
}
