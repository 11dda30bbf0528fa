/* SPDX-License-Identifier: Apache-2.0 */
/* test_totals.c -- A building's energy is added up once: what hangs below a meter is counted by it,
 * what charges cars is not the building's, what is missing makes the sum null, with a bound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "gateway/core/totals.h"

enum { QUARTER_MS = 900000, HOUR_MS = 3600000 };

/* Carriers and uses as this test numbers them. */
enum { ELECTRICITY, HEAT, GAS, WATER };
enum { TOTAL, HEATING, LIGHTING, PV, MOBILE };

enum { MAIN, LIGHTS, CHARGER, ROOF, HEATER, METERS };

/* clang-format off */
#define IN_ONLY     {true, false}
#define IN_AND_OUT  {true, true}
#define ELECTRIC(u) .kind = TOTALS_ELECTRICITY, .carrier = ELECTRICITY, .use = (u)
/* clang-format on */

/* A school: a main meter with lights and a charger below it, a roof, district heat. */
/* clang-format off */
static const struct totals_meter school_meters[METERS] = {
	[MAIN]    = {.parent = -1, ELECTRIC(TOTAL), .reads = IN_AND_OUT},
	[LIGHTS]  = {.parent = MAIN, ELECTRIC(LIGHTING), .reads = IN_ONLY},
	[CHARGER] = {.parent = MAIN, ELECTRIC(MOBILE), .role = TOTALS_MOBILE, .reads = IN_ONLY},
	[ROOF]    = {.parent = -1, ELECTRIC(PV), .role = TOTALS_PV, .reads = IN_AND_OUT, .production = TOTALS_OUT},
	[HEATER]  = {.parent = -1, .kind = TOTALS_HEAT, .carrier = HEAT, .use = HEATING, .reads = IN_ONLY},
};
/* clang-format on */

struct school {
	struct totals_meter meters[METERS + 1];
	struct total_sum sums[(METERS + 1) * TOTALS_SERIES_COUNT];
	size_t count;
};

static struct total_sum *sum_of(struct school *school, size_t meter, enum totals_series series)
{
	return &school->sums[meter * TOTALS_SERIES_COUNT + series];
}

static void set(struct school *school, size_t meter, enum totals_series series, int64_t energy)
{
	*sum_of(school, meter, series) =
		(struct total_sum){.energy = energy, .covered_ms = HOUR_MS, .good_ms = HOUR_MS};
}

/* An hour: 100 bought, 10 sold, 30 made, 25 charged, 40 lit, 200 of heat. */
static struct school an_hour(void)
{
	struct school school = {.count = METERS};

	memcpy(school.meters, school_meters, sizeof(school_meters));
	set(&school, MAIN, TOTALS_IN, 100);
	set(&school, MAIN, TOTALS_OUT, 10);
	set(&school, LIGHTS, TOTALS_IN, 40);
	set(&school, CHARGER, TOTALS_IN, 25);
	set(&school, ROOF, TOTALS_OUT, 30);
	set(&school, ROOF, TOTALS_IN, 1);
	set(&school, HEATER, TOTALS_IN, 200);
	return school;
}

static struct total total_of(
	const struct school *school, enum totals_scope_kind kind, size_t number)
{
	struct totals_site site = {school->meters, school->count};
	struct totals_span span = {school->sums, HOUR_MS, 0};
	struct total total;

	totals_combine(&site, (struct totals_scope){kind, number}, &span, &total);
	return total;
}

static int64_t energy_of(const struct school *school, enum totals_scope_kind kind, size_t number)
{
	struct total total = total_of(school, kind, number);

	assert_true(total.energy.is_known);
	assert_int_equal(total_coverage_permille(&total), 1000);
	return total.energy.energy;
}

static struct total stationary(const struct school *school)
{
	return total_of(school, SCOPE_GATEWAY, 0);
}

static void lose(struct school *school, size_t meter, enum totals_series series)
{
	struct total_sum *sum = sum_of(school, meter, series);

	/* A quarter without a value; the rest of the hour is known. */
	sum->covered_ms -= QUARTER_MS;
	sum->good_ms -= QUARTER_MS;
}

/* ---- how meters add ---- */

static void stationary_energy_is_what_the_building_uses_without_its_cars(void **state)
{
	struct school school = an_hour();
	struct total total = stationary(&school);

	(void)state;
	/* 100 + (30 - 10) + 200 - 25 */
	assert_true(total.energy.is_known);
	assert_int_equal(total.energy.energy, 295);
	assert_int_equal(total.parts[PART_IMPORT].energy, 100);
	assert_int_equal(total.parts[PART_EXPORT].energy, 10);
	assert_int_equal(total.parts[PART_PRODUCTION].energy, 30);
	assert_int_equal(total.parts[PART_OWN_USE].energy, 20);
	assert_int_equal(total.parts[PART_HEAT].energy, 200);
	assert_int_equal(total.parts[PART_MOBILE].energy, 25);
	assert_false(total.has_part[PART_COOLING]);
	assert_false(total.has_part[PART_FUEL]);
	assert_int_equal(total.lacking_count, 0);
}

static void a_meter_and_its_parent_are_not_both_added(void **state)
{
	struct school school = an_hour();
	int64_t before = stationary(&school).energy.energy;

	(void)state;
	set(&school, LIGHTS, TOTALS_IN, 90); /* the main meter has it already */
	assert_int_equal(stationary(&school).energy.energy, before);
	assert_int_equal(energy_of(&school, SCOPE_CARRIER, ELECTRICITY), 95);
	/* Nor where both have the same use. */
	school.meters[LIGHTS].use = TOTAL;
	assert_int_equal(energy_of(&school, SCOPE_USE, TOTAL), 75);
}

static void charging_a_car_changes_import_and_mobile_but_not_stationary(void **state)
{
	struct school school = an_hour();
	struct total before = stationary(&school);

	(void)state;
	sum_of(&school, MAIN, TOTALS_IN)->energy += 50;
	sum_of(&school, CHARGER, TOTALS_IN)->energy += 50;
	struct total after = stationary(&school);
	assert_int_equal(after.energy.energy, before.energy.energy);
	assert_int_equal(after.parts[PART_IMPORT].energy, before.parts[PART_IMPORT].energy + 50);
	assert_int_equal(after.parts[PART_MOBILE].energy, before.parts[PART_MOBILE].energy + 50);
	assert_int_equal(energy_of(&school, SCOPE_USE, MOBILE), 75);
}

static void a_charger_with_a_supply_of_its_own_stands_outside(void **state)
{
	struct school school = an_hour();

	(void)state;
	school.meters[CHARGER].parent = TOTALS_NO_PARENT;
	assert_int_equal(stationary(&school).energy.energy, 320);
	assert_false(stationary(&school).has_part[PART_MOBILE]);
	assert_int_equal(energy_of(&school, SCOPE_USE, MOBILE), 25);
	lose(&school, CHARGER, TOTALS_IN); /* and the building's total does not wait for it */
	assert_true(stationary(&school).energy.is_known);
}

static void a_charger_below_a_charger_is_subtracted_once(void **state)
{
	struct school school = an_hour();

	(void)state;
	school.meters[LIGHTS] = school.meters[CHARGER];
	school.meters[LIGHTS].parent = CHARGER;
	assert_int_equal(stationary(&school).energy.energy, 295);
	assert_int_equal(energy_of(&school, SCOPE_USE, MOBILE), 25);
}

static void a_charger_two_levels_down_is_subtracted(void **state)
{
	struct school school = an_hour();

	(void)state;
	school.meters[CHARGER].parent = LIGHTS;
	assert_int_equal(stationary(&school).energy.energy, 295);
	assert_int_equal(energy_of(&school, SCOPE_USE, LIGHTING), 15);
}

static void carriers_add_up_to_the_gateway(void **state)
{
	struct school school = an_hour();

	(void)state;
	assert_int_equal(energy_of(&school, SCOPE_CARRIER, ELECTRICITY), 95);
	assert_int_equal(energy_of(&school, SCOPE_CARRIER, HEAT), 200);
	assert_int_equal(stationary(&school).energy.energy, 95 + 200);
}

static void uses_and_meters_have_totals_of_their_own(void **state)
{
	struct school school = an_hour();

	(void)state;
	assert_int_equal(energy_of(&school, SCOPE_USE, LIGHTING), 40);
	assert_int_equal(energy_of(&school, SCOPE_USE, HEATING), 200);
	assert_int_equal(energy_of(&school, SCOPE_USE, PV), 30);
	assert_int_equal(energy_of(&school, SCOPE_METER, MAIN), 100);
	assert_int_equal(energy_of(&school, SCOPE_METER, LIGHTS), 40);
	assert_int_equal(energy_of(&school, SCOPE_METER, CHARGER), 25);
	assert_int_equal(energy_of(&school, SCOPE_METER, ROOF), 30);
}

static void a_roof_below_the_main_meter_produces_all_the_same(void **state)
{
	struct school school = an_hour();

	(void)state;
	school.meters[ROOF].parent = MAIN;
	assert_int_equal(stationary(&school).energy.energy, 295);
}

static void without_a_roof_nobody_asks_for_the_export(void **state)
{
	struct school school = an_hour();

	(void)state;
	school.count = METERS - 1;
	school.meters[ROOF] = school.meters[HEATER];
	set(&school, ROOF, TOTALS_IN, 200);
	school.meters[MAIN].reads[TOTALS_OUT] = false;
	assert_int_equal(stationary(&school).energy.energy, 275);
	assert_false(stationary(&school).has_part[PART_EXPORT]);
}

static void the_production_is_the_counter_that_shows_more(void **state)
{
	(void)state;
	assert_int_equal(totals_production(12, 4000000), TOTALS_OUT);
	assert_int_equal(totals_production(4000000, 12), TOTALS_IN);
	assert_int_equal(totals_production(0, 0), TOTALS_IN);
	assert_int_equal(totals_production(4000000, -1), TOTALS_IN);
	assert_int_equal(totals_production(-1, 0), TOTALS_OUT);
}

static void water_is_no_energy(void **state)
{
	struct school school = an_hour();

	(void)state;
	school.meters[METERS] = (struct totals_meter){.parent = -1,
		.kind = TOTALS_NO_ENERGY,
		.carrier = WATER,
		.use = TOTAL,
		.reads = IN_ONLY};
	set(&school, METERS, TOTALS_IN, 1000);
	school.count++;
	struct totals_site site = {school.meters, school.count};
	assert_int_equal(stationary(&school).energy.energy, 295);
	assert_int_equal(energy_of(&school, SCOPE_USE, TOTAL), 75);
	assert_false(totals_has_scope(&site, (struct totals_scope){SCOPE_CARRIER, WATER}));
	assert_true(totals_has_scope(&site, (struct totals_scope){SCOPE_CARRIER, HEAT}));
}

static void parents_in_a_circle_end(void **state)
{
	struct school school = an_hour();

	(void)state;
	school.meters[MAIN].parent = LIGHTS;
	assert_int_equal(stationary(&school).parts[PART_HEAT].energy, 200);
}

/* ---- what is missing ---- */

static void a_missing_part_that_adds_leaves_a_lower_bound(void **state)
{
	struct school school = an_hour();

	(void)state;
	lose(&school, HEATER, TOTALS_IN);
	struct total total = stationary(&school);
	assert_false(total.energy.is_known);
	assert_true(total.energy.has_at_least);
	assert_int_equal(total.energy.at_least, 295);
	assert_false(total.energy.has_at_most);
	assert_int_equal(total_coverage_permille(&total), 750);
	assert_int_equal(total.lacking_count, 1);
	assert_int_equal(total.lacking[0].meter, HEATER);
	assert_int_equal(total.lacking[0].lack, LACK_NO_VALUE);
	/* The electricity is whole. */
	assert_int_equal(energy_of(&school, SCOPE_CARRIER, ELECTRICITY), 95);
}

static void a_missing_part_that_subtracts_leaves_an_upper_bound(void **state)
{
	struct school school = an_hour();

	(void)state;
	lose(&school, CHARGER, TOTALS_IN);
	struct total total = stationary(&school);
	assert_false(total.energy.is_known);
	assert_true(total.energy.has_at_most);
	assert_int_equal(total.energy.at_most, 295);
	/* All the electricity may have gone into cars; the heat has not. */
	assert_true(total.energy.has_at_least);
	assert_int_equal(total.energy.at_least, 200);
}

static void an_export_that_is_unknown_bounds_on_both_sides(void **state)
{
	struct school school = an_hour();

	(void)state;
	school.meters[MAIN].reads[TOTALS_OUT] = false;
	struct total total = stationary(&school);
	assert_false(total.energy.is_known);
	assert_int_equal(total.energy.at_least, 275); /* all that was made was sold */
	assert_true(total.energy.has_at_most);
	assert_int_equal(total.energy.at_most, 305); /* nothing was */
	assert_int_equal(total.lacking[0].meter, MAIN);
	assert_int_equal(total.lacking[0].lack, LACK_NOT_READ);
	assert_int_equal(total.lacking[0].part, PART_EXPORT);
	assert_false(total.parts[PART_OWN_USE].is_known);
	assert_int_equal(total.parts[PART_OWN_USE].at_most, 30);
	assert_true(total.parts[PART_IMPORT].is_known);
}

static void a_production_that_is_unknown_can_only_add(void **state)
{
	struct school school = an_hour();

	(void)state;
	lose(&school, ROOF, TOTALS_OUT);
	struct total total = stationary(&school);
	assert_false(total.energy.is_known);
	assert_int_equal(total.energy.at_least, 295);
	assert_false(total.energy.has_at_most);
}

static void bounds_of_hours_add_up_to_a_days(void **state)
{
	struct school school = an_hour();
	struct total_energy sum = {.is_known = true};
	struct total first = stationary(&school);

	(void)state;
	lose(&school, CHARGER, TOTALS_IN);
	struct total second = stationary(&school); /* 200 to 295 */
	total_energy_add(&sum, &first.energy);
	total_energy_add(&sum, &second.energy);
	assert_false(sum.is_known);
	struct total_energy whole = {.has_at_least = true, .at_least = 400};
	total_energy_tighten(&whole, &sum);
	assert_int_equal(whole.at_least, 295 + 200);
	assert_true(whole.has_at_most);
	assert_int_equal(whole.at_most, 295 + 295);
	whole = (struct total_energy){.has_at_least = true, .at_least = 500};
	total_energy_tighten(&whole, &sum);
	assert_int_equal(whole.at_least, 500);
	whole = (struct total_energy){.is_known = true, .energy = 1};
	total_energy_tighten(&whole, &sum);
	assert_false(whole.has_at_least);
}

static void no_bound_is_below_nothing(void **state)
{
	struct school school = an_hour();

	(void)state;
	set(&school, MAIN, TOTALS_IN, 5);
	set(&school, HEATER, TOTALS_IN, 0);
	lose(&school, MAIN, TOTALS_IN);
	struct total total = stationary(&school); /* 5 + 20 - 25 and what is missing */
	assert_false(total.energy.is_known);
	assert_false(total.energy.has_at_least);
	assert_false(total.energy.has_at_most);
}

static void a_fuel_in_cubic_metres_is_named_as_missing(void **state)
{
	struct school school = an_hour();

	(void)state;
	school.meters[METERS] = (struct totals_meter){
		.parent = -1, .kind = TOTALS_FUEL, .carrier = GAS, .use = HEATING};
	school.count++;
	struct total total = stationary(&school);
	assert_false(total.energy.is_known);
	assert_int_equal(total.energy.at_least, 295);
	assert_int_equal(total.lacking_count, 1);
	assert_int_equal(total.lacking[0].meter, METERS);
	assert_int_equal(total.lacking[0].lack, LACK_NO_KWH);
	assert_int_equal(total_coverage_permille(&total), 1000); /* of what is read */
	assert_false(total_of(&school, SCOPE_CARRIER, GAS).energy.is_known);
	assert_int_equal(
		total_coverage_permille(&(struct total){.elapsed_ms = 0, .covered_ms = 0}), 0);
}

static void a_scope_without_meters_has_no_energy(void **state)
{
	struct school school = an_hour();

	(void)state;
	assert_false(total_of(&school, SCOPE_USE, 9).energy.is_known);
	assert_int_equal(total_of(&school, SCOPE_USE, 9).meters_count, 0);
}

/* ---- estimates, sums, spans ---- */

static void the_estimated_share_is_of_all_parts(void **state)
{
	struct school school = an_hour();

	(void)state;
	sum_of(&school, HEATER, TOTALS_IN)->estimated = 73;
	/* 73 of 100 + 10 + 25 + 30 + 200, rounded up */
	struct total total = stationary(&school);
	assert_int_equal(total_estimated_permille(&total), 200);
	sum_of(&school, HEATER, TOTALS_IN)->estimated = 0;
	total = stationary(&school);
	assert_int_equal(total_estimated_permille(&total), 0);
	assert_int_equal(
		total_estimated_permille(&(struct total){.gross = INT64_MAX, .estimated = 1}), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stationary_energy_is_what_the_building_uses_without_its_cars),
		cmocka_unit_test(a_meter_and_its_parent_are_not_both_added),
		cmocka_unit_test(charging_a_car_changes_import_and_mobile_but_not_stationary),
		cmocka_unit_test(a_charger_with_a_supply_of_its_own_stands_outside),
		cmocka_unit_test(a_charger_below_a_charger_is_subtracted_once),
		cmocka_unit_test(a_charger_two_levels_down_is_subtracted),
		cmocka_unit_test(carriers_add_up_to_the_gateway),
		cmocka_unit_test(uses_and_meters_have_totals_of_their_own),
		cmocka_unit_test(a_roof_below_the_main_meter_produces_all_the_same),
		cmocka_unit_test(without_a_roof_nobody_asks_for_the_export),
		cmocka_unit_test(the_production_is_the_counter_that_shows_more),
		cmocka_unit_test(water_is_no_energy),
		cmocka_unit_test(parents_in_a_circle_end),
		cmocka_unit_test(a_missing_part_that_adds_leaves_a_lower_bound),
		cmocka_unit_test(a_missing_part_that_subtracts_leaves_an_upper_bound),
		cmocka_unit_test(an_export_that_is_unknown_bounds_on_both_sides),
		cmocka_unit_test(a_production_that_is_unknown_can_only_add),
		cmocka_unit_test(bounds_of_hours_add_up_to_a_days),
		cmocka_unit_test(no_bound_is_below_nothing),
		cmocka_unit_test(a_fuel_in_cubic_metres_is_named_as_missing),
		cmocka_unit_test(a_scope_without_meters_has_no_energy),
		cmocka_unit_test(the_estimated_share_is_of_all_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
