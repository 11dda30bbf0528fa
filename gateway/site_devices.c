/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site_devices.c -- The devices of a bus: meters at one address are one device,
 * and each meter's points a run inside its device's.
 */
#include "config/arena.h"
#include "gateway/site_parts.h"

enum { RESPONSE_TIMEOUT_MS_MAX_DEFAULT = 1000 }; /* where neither file nor model tells */

/* The device at an address, begun if it is new; NULL: another model is there already. */
static struct device *device_for(struct site_joining *joining, struct site_meter *meter)
{
	struct site_bus *bus = &joining->site->buses[meter->bus];
	uint8_t address = site_meter_address(meter);
	size_t index = 0;

	while (index < bus->devices_count && bus->devices[index].address != address) {
		index++;
	}
	struct device *device = &bus->devices[index];
	meter->device = index;
	if (index == bus->devices_count) {
		bus->devices_count++;
		device->address = address;
		device->model = meter->model;
	}
	return device->model == meter->model ? device : NULL;
}

static uint32_t shorter(uint32_t a, uint32_t b)
{
	return a == 0 || b < a ? b : a;
}

static void set_times(
	struct site_joining *joining, const struct site_meter *meter, struct device *device)
{
	const struct config_bus *config = &joining->config->buses[meter->bus];
	const uint32_t of_model_ms = meter->model->response_timeout_ms;

	device->fast_period_ms =
		shorter(device->fast_period_ms, site_meter_fast_ms(joining->config, meter));
	device->slow_period_ms =
		shorter(device->slow_period_ms, site_meter_slow_ms(joining->config, meter));
	device->response_timeout_min_ms = (uint32_t)config->response_timeout_min_ms;
	device->response_timeout_max_ms = config->response_timeout_max_ms
						  ? (uint32_t)config->response_timeout_max_ms
					  : of_model_ms ? of_model_ms
							: RESPONSE_TIMEOUT_MS_MAX_DEFAULT;
	if (device->response_timeout_max_ms < device->response_timeout_min_ms) {
		device->response_timeout_max_ms = device->response_timeout_min_ms;
	}
}

/* Two meters that meet at one place only now that the models' own addresses are known. */
static void check_place(struct site_joining *joining, const struct site_meter *meter)
{
	const struct config_meter *config = meter->config;
	const struct file_position at = config->address_at.line ? config->address_at : config->at;

	for (const struct site_meter *other = joining->site->meters; other < meter; other++) {
		if (other->model && other->bus == meter->bus &&
			other->config->address != config->address &&
			site_meter_address(other) == site_meter_address(meter) &&
			other->config->channel == config->channel) {
			SITE_REPORT(joining, at,
				"meter \"%s\" stands at the same bus, address (%d) and channel as "
				"meter \"%s\" in line %d",
				config->id, site_meter_address(meter), other->config->id,
				other->config->at.line);
			return;
		}
	}
}

static void group_meters(struct site_joining *joining, size_t bus)
{
	for (size_t i = 0; i < joining->site->meters_count; i++) {
		struct site_meter *meter = &joining->site->meters[i];
		if (meter->bus != bus || !meter->model) {
			continue;
		}
		check_place(joining, meter);
		struct device *device = device_for(joining, meter);
		if (device) {
			set_times(joining, meter, device);
		} else {
			SITE_REPORT(joining, meter->config->model_at,
				"model: another model stands at the same bus and address (%d); one "
				"device is of one model",
				site_meter_address(meter));
		}
	}
}

static size_t count_points(const struct site_meter *meter)
{
	size_t count = 0;

	for (size_t i = 0; i < meter->model->values_count; i++) {
		count += site_meter_wants(meter, &meter->model->values[i]);
	}
	return count;
}

static void fill_points(
	struct site_joining *joining, struct site_meter *meter, struct device_point *points)
{
	const struct scale ct = site_meter_ct(meter);

	meter->points = points;
	for (size_t i = 0; i < meter->model->values_count; i++) {
		const struct model_value *value = &meter->model->values[i];
		struct device_point *point = &points[meter->points_count];
		if (!site_meter_wants(meter, value)) {
			continue;
		}
		point->meter = (uint16_t)(meter - joining->site->meters);
		point->value = value;
		if (!model_value_scale(
			    meter->model, value, meter->option_choice, ct, &point->scale)) {
			SITE_REPORT(joining, meter->config->ct_at,
				"ct: \"%lld/%lld\" is too large a ratio for \"%s\" of model \"%s\"",
				(long long)ct.numerator, (long long)ct.denominator,
				quantity_info(value->quantity)->name, meter->model->name);
		}
		meter->points_count++;
	}
}

/* All points of one device, meter by meter. */
static bool take_points(struct site_joining *joining, size_t bus, size_t index)
{
	struct site *site = joining->site;
	struct device *device = &site->buses[bus].devices[index];
	size_t count = 0;

	for (size_t i = 0; i < site->meters_count; i++) {
		const struct site_meter *meter = &site->meters[i];
		if (meter->model && meter->bus == bus && meter->device == index) {
			count += count_points(meter);
		}
	}
	struct device_point *points = arena_take(site->arena, count * sizeof(*points));
	if (!points) {
		return false;
	}
	device->points = points;
	device->points_count = count;
	for (size_t i = 0; i < site->meters_count; i++) {
		struct site_meter *meter = &site->meters[i];
		if (meter->model && meter->bus == bus && meter->device == index) {
			fill_points(joining, meter, points);
			points += meter->points_count;
		}
	}
	return true;
}

bool site_join_devices(struct site_joining *joining, size_t bus)
{
	struct site_bus *site_bus = &joining->site->buses[bus];

	site_bus->devices = arena_take(
		joining->site->arena, site_bus->meters_count * sizeof(*site_bus->devices));
	if (!site_bus->devices) {
		return false;
	}
	group_meters(joining, bus);
	for (size_t i = 0; i < site_bus->devices_count; i++) {
		if (!take_points(joining, bus, i)) {
			return false;
		}
	}
	return true;
}
