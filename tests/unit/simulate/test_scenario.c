/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_scenario.c -- The simulated school keeps the books: what its counters
 * say is what its powers add up to, so that a gateway's sums can be judged by it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/simulate/scenario.h"

enum { HOUR_MS = 3600000, DAY_MS = 24 * HOUR_MS, SCHOOL_DAY_MS = 8 * HOUR_MS };

/* Monday, 2026-11-23, 06:00 at the school; and a Sunday in June, when the roof feeds the grid. */
static const int64_t start_ms = INT64_C(1795410000000);
static const int64_t june_ms = INT64_C(1781409600000);

static int64_t value_of(
	struct scenario *scenario, unsigned place, enum quantity quantity, int64_t at_ms)
{
	int64_t value = 0;
	assert_true(scenario_value(scenario, place, quantity, at_ms, &value));
	return value;
}

static int64_t day_ms; /* the day being judged begins here */

/* A counter, and the power whose positive or negative part it counts. */
struct pair {
	enum quantity counter, power;
	int sign;
};

/* A counter's rise over a school's day, against the integral of its power, slot by slot. */
static void expect_rise(struct scenario *scenario, unsigned place, const struct pair *pair)
{
	int64_t sum = 0; /* milli-units times milliseconds */
	int64_t before = value_of(scenario, place, pair->counter, day_ms);
	for (int64_t at_ms = day_ms; at_ms < day_ms + SCHOOL_DAY_MS; at_ms += SCHOOL_SLOT_MS) {
		int64_t shown = pair->sign * value_of(scenario, place, pair->power, at_ms);
		sum += shown > 0 ? shown * SCHOOL_SLOT_MS : 0;
	}
	int64_t rise = value_of(scenario, place, pair->counter, day_ms + SCHOOL_DAY_MS) - before;
	if (rise != sum / HOUR_MS)
		fail_msg("%s: %s rises by %lld, its power says %lld", scenario_place_name(place),
			quantity_info(pair->counter)->name, (long long)rise,
			(long long)(sum / HOUR_MS));
}

static void check_day(void)
{
	/* clang-format off */
	static const struct pair electric[] = {
		{QUANTITY_ACTIVE_ENERGY_IMPORT,    QUANTITY_ACTIVE_POWER,    1},
		{QUANTITY_ACTIVE_ENERGY_EXPORT,    QUANTITY_ACTIVE_POWER,    -1},
		{QUANTITY_ACTIVE_ENERGY_IMPORT_L1, QUANTITY_ACTIVE_POWER_L1, 1},
		{QUANTITY_ACTIVE_ENERGY_EXPORT_L1, QUANTITY_ACTIVE_POWER_L1, -1},
		{QUANTITY_ACTIVE_ENERGY_IMPORT_L2, QUANTITY_ACTIVE_POWER_L2, 1},
		{QUANTITY_ACTIVE_ENERGY_EXPORT_L2, QUANTITY_ACTIVE_POWER_L2, -1},
		{QUANTITY_ACTIVE_ENERGY_IMPORT_L3, QUANTITY_ACTIVE_POWER_L3, 1},
		{QUANTITY_ACTIVE_ENERGY_EXPORT_L3, QUANTITY_ACTIVE_POWER_L3, -1},
		{QUANTITY_REACTIVE_ENERGY_IMPORT,  QUANTITY_REACTIVE_POWER,  1},
		{QUANTITY_REACTIVE_ENERGY_EXPORT,  QUANTITY_REACTIVE_POWER,  -1},
		{QUANTITY_APPARENT_ENERGY,         QUANTITY_APPARENT_POWER,  1},
	};
	static const struct pair heat[] = {
		{QUANTITY_HEAT_ENERGY, QUANTITY_HEAT_POWER, 1},
		{QUANTITY_VOLUME,      QUANTITY_FLOW,       1},
	};
	/* clang-format on */
	struct scenario *scenario = scenario_new(7, day_ms);
	for (unsigned place = 0; place < PLACE_HEAT; place++)
		for (size_t i = 0; i < sizeof(electric) / sizeof(electric[0]); i++)
			expect_rise(scenario, place, &electric[i]);
	for (size_t i = 0; i < sizeof(heat) / sizeof(heat[0]); i++)
		expect_rise(scenario, PLACE_HEAT, &heat[i]);
	scenario_free(scenario);
}

static void a_counter_rises_by_exactly_the_integral_of_the_power_shown(void **state)
{
	(void)state;
	day_ms = start_ms;
	check_day();
	day_ms = june_ms;
	check_day();
	struct scenario *scenario = scenario_new(7, june_ms);
	assert_true(value_of(scenario, PLACE_BUILDING, QUANTITY_ACTIVE_ENERGY_EXPORT,
			    june_ms + SCHOOL_DAY_MS) >
		    value_of(scenario, PLACE_BUILDING, QUANTITY_ACTIVE_ENERGY_EXPORT, june_ms));
	scenario_free(scenario);
}

static void the_building_shows_the_sum_of_its_loads_less_the_roof(void **state)
{
	(void)state;
	struct scenario *scenario = scenario_new(3, start_ms);
	for (int64_t at_ms = start_ms; at_ms < start_ms + DAY_MS; at_ms += 17 * SCHOOL_SLOT_MS) {
		int64_t sum = 0;
		for (unsigned load = 0; load < LOAD_COUNT; load++) {
			int64_t power = value_of(scenario, load, QUANTITY_ACTIVE_POWER, at_ms);
			assert_true(power >= 0);
			sum += load == LOAD_PV ? -power : power;
		}
		assert_int_equal(
			value_of(scenario, PLACE_BUILDING, QUANTITY_ACTIVE_POWER, at_ms), sum);
	}
	scenario_free(scenario);
}

static void tariffs_add_up_to_the_import(void **state)
{
	(void)state;
	struct scenario *scenario = scenario_new(3, start_ms);
	for (int64_t at_ms = start_ms; at_ms < start_ms + HOUR_MS; at_ms += 1234567 / 7)
		assert_int_equal(
			value_of(scenario, LOAD_CHARGERS, QUANTITY_ACTIVE_ENERGY_IMPORT, at_ms),
			value_of(scenario, LOAD_CHARGERS, QUANTITY_ACTIVE_ENERGY_IMPORT_T1, at_ms) +
				value_of(scenario, LOAD_CHARGERS, QUANTITY_ACTIVE_ENERGY_IMPORT_T2,
					at_ms));
	scenario_free(scenario);
}

static void counters_never_fall(void **state)
{
	(void)state;
	struct scenario *scenario = scenario_new(11, start_ms);
	for (unsigned place = 0; place < PLACE_COUNT; place++)
		for (unsigned quantity = 0; quantity < QUANTITY_COUNT; quantity++) {
			int64_t before = INT64_MIN;
			if (quantity_info((enum quantity)quantity)->kind != QUANTITY_COUNTER)
				continue;
			for (int64_t at_ms = start_ms; at_ms < start_ms + HOUR_MS; at_ms += 17777) {
				int64_t now = before;
				(void)scenario_value(
					scenario, place, (enum quantity)quantity, at_ms, &now);
				assert_true(now >= before);
				before = now;
			}
		}
	scenario_free(scenario);
}

static void the_same_seed_shows_the_same_whatever_was_asked_before(void **state)
{
	(void)state;
	struct scenario *steady = scenario_new(5, start_ms);
	struct scenario *jumping = scenario_new(5, start_ms);
	struct scenario *other = scenario_new(6, start_ms);
	int differ = 0;
	for (int i = 0; i < 20; i++) {
		int64_t at_ms = start_ms + i * INT64_C(61234);
		for (unsigned place = 0; place < PLACE_COUNT; place++) {
			enum quantity quantity = place == PLACE_HEAT
							 ? QUANTITY_HEAT_ENERGY
							 : QUANTITY_ACTIVE_ENERGY_IMPORT;
			(void)value_of(jumping, place, quantity, start_ms + i % 7 * HOUR_MS / 8);
			int64_t value = value_of(steady, place, quantity, at_ms);
			assert_int_equal(value_of(jumping, place, quantity, at_ms), value);
			differ += value_of(other, place, quantity, at_ms) != value;
		}
	}
	assert_true(differ > 0);
	scenario_free(steady);
	scenario_free(jumping);
	scenario_free(other);
}

static void before_the_start_counters_stand(void **state)
{
	(void)state;
	struct scenario *scenario = scenario_new(5, start_ms);
	assert_int_equal(
		value_of(scenario, LOAD_KITCHEN, QUANTITY_ACTIVE_ENERGY_IMPORT, start_ms - DAY_MS),
		value_of(scenario, LOAD_KITCHEN, QUANTITY_ACTIVE_ENERGY_IMPORT, start_ms));
	scenario_free(scenario);
}

static void a_heat_meter_knows_no_volts_and_a_kitchen_no_heat(void **state)
{
	(void)state;
	struct scenario *scenario = scenario_new(5, start_ms);
	int64_t value = 42;
	assert_false(scenario_value(scenario, PLACE_HEAT, QUANTITY_VOLTAGE_L1, start_ms, &value));
	assert_false(scenario_value(scenario, LOAD_KITCHEN, QUANTITY_FLOW, start_ms, &value));
	assert_int_equal(value, 42);
	scenario_free(scenario);
}

static void all_that_is_shown_over_a_week_is_plausible(void **state)
{
	(void)state;
	struct scenario *scenario = scenario_new(1, start_ms);
	for (int64_t at_ms = start_ms; at_ms < start_ms + 7 * DAY_MS; at_ms += 2 * HOUR_MS)
		for (unsigned place = 0; place < PLACE_COUNT; place++)
			for (unsigned i = 0; i < QUANTITY_COUNT; i++) {
				const struct quantity_info *info = quantity_info((enum quantity)i);
				int64_t value = info->plausible_min;
				(void)scenario_value(
					scenario, place, (enum quantity)i, at_ms, &value);
				assert_true(value >= info->plausible_min &&
					    value <= info->plausible_max);
			}
	scenario_free(scenario);
}

static void every_place_is_found_by_its_name(void **state)
{
	(void)state;
	unsigned found = 0;
	for (unsigned place = 0; place < PLACE_COUNT; place++) {
		assert_true(scenario_place_find(scenario_place_name(place), &found));
		assert_int_equal(found, place);
	}
	assert_null(scenario_place_name(PLACE_COUNT));
	assert_false(scenario_place_find("attic", &found));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_counter_rises_by_exactly_the_integral_of_the_power_shown),
		cmocka_unit_test(the_building_shows_the_sum_of_its_loads_less_the_roof),
		cmocka_unit_test(tariffs_add_up_to_the_import),
		cmocka_unit_test(counters_never_fall),
		cmocka_unit_test(the_same_seed_shows_the_same_whatever_was_asked_before),
		cmocka_unit_test(before_the_start_counters_stand),
		cmocka_unit_test(a_heat_meter_knows_no_volts_and_a_kitchen_no_heat),
		cmocka_unit_test(all_that_is_shown_over_a_week_is_plausible),
		cmocka_unit_test(every_place_is_found_by_its_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
