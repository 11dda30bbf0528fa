/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site_forecast.c -- Requests and time of one cycle of a bus: planned with the
 * answer time assumed, then summed without it (the wire alone) and with it.
 */
#include <stdlib.h>
#include <string.h>

#include "config/setting_value.h"
#include "gateway/site_parts.h"

/* What one poll of some groups of a device takes. */
struct poll_cost {
	size_t requests;
	uint64_t wire_us;
	uint64_t expected_us;
};

static const struct config_meter *meter_of(
	const struct site *site, const struct device *device, size_t point)
{
	return site->meters[device->points[point].meter].config;
}

static void report_unplannable(
	struct site_joining *joining, const struct device *device, size_t point)
{
	const char *name = quantity_info(device->points[point].value->quantity)->name;

	SITE_REPORT(joining, meter_of(joining->site, device, point)->model_at,
		"model: \"%s\" says that \"%s\" cannot be read in one block (longer than its "
		"largest block, or across a forbidden register)",
		device->model->name, name);
}

static struct poll_cost poll_cost(
	struct site_joining *joining, size_t bus, const struct device *device, uint8_t groups)
{
	const struct site_bus *site_bus = &joining->site->buses[bus];
	const uint32_t answer_ms = (uint32_t)site_bus->config->answer_time_ms;
	const struct plan_limits expected =
		read_plan_limits(device->model, &site_bus->line, answer_ms);
	const struct plan_limits wire = read_plan_limits(device->model, &site_bus->line, 0);
	struct plan plan = {0};
	size_t bad = 0;

	if (device_plan_make(device, groups, &expected, &plan, &bad) != PLAN_OK) {
		report_unplannable(joining, device, bad);
		return (struct poll_cost){0};
	}
	struct poll_cost cost = {
		.requests = plan.count,
		.wire_us = read_plan_cost_us(&plan, &wire),
		.expected_us = read_plan_cost_us(&plan, &expected),
	};
	free(plan.blocks);
	return cost;
}

/*
 * Share of the time, in percent. Groups due together are one poll: of the
 * rarer group's period one poll is both, the others are the other group's.
 */
static double load_percent(const struct device *device, const double us[4])
{
	const double fast = us[POLL_FAST];
	const double slow = us[POLL_SLOW];
	const bool slow_is_rare = device->slow_period_ms >= device->fast_period_ms;
	const double often_us = slow_is_rare ? fast : slow;
	const double often_ms = slow_is_rare ? device->fast_period_ms : device->slow_period_ms;
	const double rare_ms = slow_is_rare ? device->slow_period_ms : device->fast_period_ms;
	const double busy =
		us[POLL_FAST | POLL_SLOW] / rare_ms + often_us * (1 / often_ms - 1 / rare_ms);

	return busy / 1000 * 100;
}

static uint32_t shortest(uint32_t a, uint32_t b)
{
	return a == 0 || b < a ? b : a;
}

/* A device that wants silence between requests may not keep up, whatever the line does. */
static void check_pause(
	struct site_joining *joining, const struct device *device, const struct poll_cost *both)
{
	const uint32_t period_ms = shortest(device->fast_period_ms, device->slow_period_ms);
	const uint64_t needs_ms =
		both->expected_us / 1000 + (uint64_t)both->requests * device->model->pause_ms;
	char period[SPAN_TEXT_MAX];

	if (device->model->pause_ms == 0 || needs_ms <= period_ms || device->points_count == 0) {
		return;
	}
	duration_print(period, period_ms);
	SITE_WARN(joining, meter_of(joining->site, device, 0)->at,
		"a poll of \"%s\" takes about %.1f s with the %u ms of silence it wants between "
		"requests, more than its period of %s; some polls will be skipped",
		device->model->name, (double)needs_ms / 1000, device->model->pause_ms, period);
}

static void add_device(struct site_joining *joining, size_t bus, const struct device *device)
{
	struct site_bus *site_bus = &joining->site->buses[bus];
	struct poll_cost costs[4] = {0};
	double wire[4] = {0};
	double expected[4] = {0};

	for (uint8_t groups = POLL_FAST; groups <= (POLL_FAST | POLL_SLOW); groups++) {
		costs[groups] = poll_cost(joining, bus, device, groups);
		wire[groups] = (double)costs[groups].wire_us;
		expected[groups] = (double)costs[groups].expected_us;
	}
	site_bus->fast_requests += costs[POLL_FAST].requests;
	site_bus->slow_requests += costs[POLL_SLOW].requests;
	site_bus->fast_wire_us += costs[POLL_FAST].wire_us;
	site_bus->slow_wire_us += costs[POLL_SLOW].wire_us;
	site_bus->fast_expected_us += costs[POLL_FAST].expected_us;
	site_bus->slow_expected_us += costs[POLL_SLOW].expected_us;
	site_bus->fast_period_ms = shortest(site_bus->fast_period_ms, device->fast_period_ms);
	site_bus->slow_period_ms = shortest(site_bus->slow_period_ms, device->slow_period_ms);
	site_bus->wire_load_percent += load_percent(device, wire);
	site_bus->expected_load_percent += load_percent(device, expected);
	check_pause(joining, device, &costs[POLL_FAST | POLL_SLOW]);
}

static void judge_load(struct site_joining *joining, const struct site_bus *bus)
{
	char fast[SPAN_TEXT_MAX];
	char slow[SPAN_TEXT_MAX];

	duration_print(fast, bus->fast_period_ms);
	duration_print(slow, bus->slow_period_ms);
	if (bus->wire_load_percent > 100) {
		SITE_REPORT(joining, bus->config->at,
			"bus \"%s\": the bytes alone need %.2f s on the wire of every %s (power) "
			"and %.2f s of every %s (energy), %.0f %% of the time; allowed: 100 %%, by "
			"longer periods, fewer quantities, or a faster line",
			bus->config->id, (double)bus->fast_wire_us / 1e6, fast,
			(double)bus->slow_wire_us / 1e6, slow, bus->wire_load_percent);
	} else if (bus->expected_load_percent > 100) {
		SITE_WARN(joining, bus->config->at,
			"bus \"%s\": with devices that take %lld ms to answer a cycle needs %.2f s "
			"of every %s (power) and %.2f s of every %s (energy), %.0f %% of the time; "
			"some polls will be skipped",
			bus->config->id, (long long)bus->config->answer_time_ms,
			(double)bus->fast_expected_us / 1e6, fast,
			(double)bus->slow_expected_us / 1e6, slow, bus->expected_load_percent);
	}
}

void site_forecast_bus(struct site_joining *joining, size_t bus)
{
	struct site_bus *site_bus = &joining->site->buses[bus];

	for (size_t i = 0; i < site_bus->devices_count; i++) {
		add_device(joining, bus, &site_bus->devices[i]);
	}
	judge_load(joining, site_bus);
}
