/* SPDX-License-Identifier: Apache-2.0 */
/* plan.c -- plan.h. */
#include "tests/simulation/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IMPORT "active_energy_import"
#define EXPORT "active_energy_export"
#define POWER  "active_power"

/* clang-format off */
const struct plan_kind plan_kinds[] = {
	{.model = "eastron-sdm120", .counters = {IMPORT}, .gauge = POWER, .loads = {LOAD_EV},
	 .most_per_hour = {7000000}, .fuse_a = 63, .electric = true},
	{.model = "eastron-sdm630", .counters = {IMPORT, EXPORT}, .gauge = POWER, .loads = {LOAD_BUILDING, LOAD_PV},
	 .most_per_hour = {30000000, 15000000}, .fuse_a = 63, .electric = true},
	{.model = "schneider-iem3155", .counters = {IMPORT}, .gauge = POWER, .loads = {LOAD_BUILDING},
	 .most_per_hour = {40000000}, .fuse_a = 80, .electric = true},
	{.model = "abb-b23", .counters = {IMPORT, EXPORT}, .gauge = POWER, .loads = {LOAD_BASE, LOAD_PV},
	 .most_per_hour = {3000000, 20000000}, .fuse_a = 63, .electric = true},
	{.model = "carlo-gavazzi-em340", .counters = {IMPORT}, .gauge = POWER, .loads = {LOAD_BUILDING},
	 .most_per_hour = {25000000}, .fuse_a = 63, .electric = true},
	{.model = "kamstrup-multical-603", .counters = {"heat_energy", "volume"}, .gauge = "heat_power",
	 .loads = {LOAD_HEAT, LOAD_HEAT}, .most_per_hour = {60000000, 1500000}},
	{.model = "sim-wh32", .counters = {IMPORT}, .gauge = POWER, .loads = {LOAD_BUILDING},
	 .most_per_hour = {30000000}, .fuse_a = 63, .electric = true},
	{.model = "sim-wh32", .counters = {IMPORT, EXPORT}, .loads = {LOAD_EV, LOAD_PV},
	 .most_per_hour = {22000000, 15000000}, .fuse_a = 63, .electric = true},
	{.model = "sim-plain", .counters = {IMPORT}, .gauge = POWER, .loads = {LOAD_BUILDING},
	 .most_per_hour = {20000000}, .fuse_a = 63, .electric = true},
	{.model = "sim-plain", .counters = {IMPORT}, .loads = {LOAD_EV},
	 .most_per_hour = {11000000}, .fuse_a = 32, .electric = true, .hidden_modulus = 20000},
	{.model = "sim-heat", .counters = {"heat_energy", "volume"}, .loads = {LOAD_HEAT, LOAD_HEAT},
	 .most_per_hour = {150000000, 4000000}},
	{.model = "sim-water", .counters = {"volume"}, .loads = {LOAD_WATER},
	 .most_per_hour = {1200000}, .hidden_modulus = 10000},
};
/* clang-format on */
const size_t plan_kinds_count = sizeof plan_kinds / sizeof plan_kinds[0];

/* Each trouble's name, and the mean time between two in hours: drawn between both limits. */
/* clang-format off */
static const struct {
	const char *name;
	double least_hours, most_hours;
} troubles[TROUBLE_COUNT] = {
	[TROUBLE_NOISE]           = {"noise", 0.5, 12},
	[TROUBLE_DEAD_METER]      = {"dead-meter", 8, 200},
	[TROUBLE_DEAD_LINE]       = {"dead-line", 12, 200},
	[TROUBLE_LOST_PORT]       = {"lost-port", 24, 300},
	[TROUBLE_RESTART]         = {"restart", 12, 300},
	[TROUBLE_TORN]            = {"torn", 3, 100},
	[TROUBLE_NO_VALUE]        = {"no-value", 3, 100},
	[TROUBLE_SPIKE]           = {"spike", 4, 100},
	[TROUBLE_RESET]           = {"reset", 48, 800},
	[TROUBLE_EXCHANGE]        = {"exchange", 36, 800},
	[TROUBLE_SWAP]            = {"swap", 24, 200},
	[TROUBLE_CRASH]           = {"crash", 4, 200},
	[TROUBLE_CRASH_IN_COMMIT] = {"crash-in-commit", 6, 200},
	[TROUBLE_STOP]            = {"stop", 12, 300},
	[TROUBLE_DEAD_BOARD]      = {"dead-board", 24, 600},
	[TROUBLE_COLD_CLOCK]      = {"cold-clock", 1, 1},
	[TROUBLE_CLOCK_STEP]      = {"clock-step", 12, 300},
	[TROUBLE_CLOCK_YEARS]     = {"clock-years", 500, 4000},
	[TROUBLE_BROKER_AWAY]     = {"broker-away", 3, 100},
	[TROUBLE_REFUSAL]         = {"refusal", 6, 200},
	[TROUBLE_LOST_ACK]        = {"lost-ack", 3, 100},
	[PERSON_SETTLES]          = {"settle", 4, 100},
};
/* clang-format on */

const char *trouble_name(enum trouble trouble)
{
	return troubles[trouble].name;
}

static void draw_troubles(struct world_plan *plan, const struct plan_wish *wish)
{
	struct dice dice = dice_make(plan->seed, "troubles");
	for (int i = 0; i < TROUBLE_COUNT; i++) {
		double share = dice_unit(&dice);
		bool wanted = dice_chance(&dice, 0.6);
		if (!wish->calm && (wish->troubles & UINT64_C(1) << i) != 0 && wanted)
			plan->hours_between[i] =
				troubles[i].least_hours +
				share * (troubles[i].most_hours - troubles[i].least_hours);
	}
}

static void draw_meters(struct world_plan *plan, const struct plan_wish *wish)
{
	struct dice dice = dice_make(plan->seed, "meters");
	plan->buses_count = (int)dice_between(&dice, 1, PLAN_BUSES_MAX);
	int drawn = (int)dice_between(&dice, 3, PLAN_METERS_MAX);
	plan->meters_count = wish->meters > 0 ? wish->meters : drawn;
	for (int i = 0; i < plan->buses_count; i++)
		plan->tcp[i] = dice_chance(&dice, 0.25);
	for (int i = 0; i < plan->meters_count; i++) {
		struct plan_meter *meter = &plan->meters[i];
		do {
			meter->kind = &plan_kinds[dice_below(&dice, (int64_t)plan_kinds_count)];
			meter->bus = i < plan->buses_count
					     ? i
					     : (int)dice_below(&dice, plan->buses_count);
		} while (plan->tcp[meter->bus] && strncmp(meter->kind->model, "sim-", 4) != 0);
		meter->address = i + 1;
		meter->parent = -1;
		meter->fused = meter->kind->fuse_a > 0 && dice_chance(&dice, 0.8);
	}
}

/* The last meter is sometimes the first one's twin: then somebody may cross their addresses. */
static void draw_pair(struct world_plan *plan)
{
	static const char *const unnamed[] = {"sim-plain", "sim-heat", "kamstrup-multical-603"};
	struct dice dice = dice_make(plan->seed, "pair");
	struct plan_meter *twin = &plan->meters[plan->meters_count - 1];
	bool wanted = dice_chance(&dice, 0.4) && plan->meters_count > plan->buses_count;
	plan->pair[0] = plan->pair[1] = -1;
	for (size_t i = 0; i < sizeof unnamed / sizeof unnamed[0]; i++)
		wanted = wanted && strcmp(plan->meters[0].kind->model, unnamed[i]) != 0;
	if (!wanted)
		return;
	twin->kind = plan->meters[0].kind;
	twin->bus = plan->meters[0].bus;
	twin->fused = plan->meters[0].fused;
	plan->pair[1] = plan->meters_count - 1;
	plan->pair[0] = 0;
}

/* Some meters hang below the first electric one; some of those that charge cars say so. */
static void draw_structure(struct world_plan *plan)
{
	struct dice dice = dice_make(plan->seed, "structure");
	int first = -1;
	for (int i = 0; i < plan->meters_count; i++) {
		struct plan_meter *meter = &plan->meters[i];
		if (!meter->kind->electric)
			continue;
		meter->mobile =
			first >= 0 && meter->kind->loads[0] == LOAD_EV && dice_chance(&dice, 0.6);
		if (first < 0)
			first = i;
		else if (dice_chance(&dice, 0.5))
			meter->parent = first;
	}
}

static void write_meter(FILE *text, const struct world_plan *plan, int index)
{
	const struct plan_meter *meter = &plan->meters[index];
	fprintf(text, "- {id: m%d, bus: b%d, address: %d, model: %s, quantities: [%s", index,
		meter->bus, meter->address, meter->kind->model, meter->kind->counters[0]);
	if (meter->kind->counters[1] != NULL)
		fprintf(text, ", %s", meter->kind->counters[1]);
	if (meter->kind->gauge != NULL)
		fprintf(text, ", %s", meter->kind->gauge);
	fprintf(text, "]");
	if (index == plan->pair[0] || index == plan->pair[1])
		fprintf(text, ", serial: \"%d\"", PLAN_SERIAL(index, 0));
	if (meter->parent >= 0)
		fprintf(text, ", parent: m%d", meter->parent);
	if (meter->mobile)
		fprintf(text, ", use: mobile");
	if (meter->fused)
		fprintf(text, ", main_fuse: %d A", meter->kind->fuse_a);
	fprintf(text, "}\n");
}

static void write_configuration(struct world_plan *plan, const struct plan_wish *wish)
{
	size_t length;
	FILE *text = open_memstream(&plan->configuration, &length);
	if (text == NULL)
		abort();
	fprintf(text,
		"site: {city: drammen, id: school, timezone: Europe/Oslo}\n"
		"gateway: {id: main, clock: %s, models_directory: %s}\n"
		"broker: {host: localhost, tls: no}\n"
		"intervals: {fast: %d s, slow: %d s, gap_limit: %d s, live: 1 h, trends: 15 min, "
		"health: 1 d}\n"
		"buses:\n",
		plan->trust_clock ? "trust" : "synchronised", wish->models, plan->poll_s,
		plan->poll_s, plan->gap_limit_s);
	for (int i = 0; i < plan->buses_count; i++)
		if (plan->tcp[i])
			fprintf(text, "- {id: b%d, tcp: 10.0.0.%d}\n", i, i + 1);
		else
			fprintf(text,
				"- {id: b%d, port: /dev/tty%d, baud: 19200, parity: E, "
				"stop_bits: 1}\n",
				i, i);
	fprintf(text, "meters:\n");
	for (int i = 0; i < plan->meters_count; i++)
		write_meter(text, plan, i);
	fclose(text);
}

void world_plan_make(uint64_t seed, const struct plan_wish *wish, struct world_plan *ret_plan)
{
	enum { FIVE_YEARS_H = 5 * 8766 };
	const int64_t hour_us = INT64_C(3600000000);
	const int64_t year_2025_us = INT64_C(1735689600000000);
	struct dice dice = dice_make(seed, "plan");
	*ret_plan = (struct world_plan){.seed = seed};
	ret_plan->start_us = year_2025_us + dice_below(&dice, FIVE_YEARS_H) * hour_us +
			     dice_below(&dice, hour_us);
	ret_plan->end_us = ret_plan->start_us + (int64_t)(wish->days * 24 * (double)hour_us);
	ret_plan->trust_clock = dice_chance(&dice, 0.2);
	ret_plan->poll_s = dice_chance(&dice, 0.5) ? 10 : (int)dice_between(&dice, 5, 90);
	ret_plan->gap_limit_s = dice_chance(&dice, 0.5) ? 300 : (int)dice_between(&dice, 200, 900);
	if (wish->meters > 0) { /* a figure: ten meters every ten seconds */
		ret_plan->poll_s = 10;
		ret_plan->gap_limit_s = 300;
	}
	draw_meters(ret_plan, wish);
	draw_pair(ret_plan);
	draw_structure(ret_plan);
	draw_troubles(ret_plan, wish);
	write_configuration(ret_plan, wish);
}

void world_plan_clear(struct world_plan *plan)
{
	free(plan->configuration);
	plan->configuration = NULL;
}
