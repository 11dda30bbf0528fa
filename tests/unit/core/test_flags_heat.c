/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_flags_heat.c -- Heat against volume times temperature difference: the
 * difference weighted with the flow, windows long enough for coarse registers,
 * and nothing said where the difference is not known.
 */
#include <string.h>

#include "tests/fakes/flag_bench.h"

enum { MINUTE_MS = 60000, LITRE = 1000 /* mL */, KELVIN = 1000 /* mK */ };

static const struct heat_rules rules_of_flow = {
	.interval_ms = FLAG_BENCH_HOUR_MS, .gap_limit_ms = 300000};

/* ---- the flow ---- */

static void temperature(struct heat_flow *flow, int64_t minute, int64_t kelvin)
{
	heat_flow_difference(
		flow, &rules_of_flow, FLAG_BENCH_T0 + minute * MINUTE_MS, kelvin * KELVIN);
}

static void volume(struct heat_flow *flow, int64_t minute, int64_t litres)
{
	heat_flow_volume(flow, &rules_of_flow, FLAG_BENCH_T0 + minute * MINUTE_MS, litres * LITRE);
}

/* L times K of an hour of which so many litres are in the row; -1: unknown. */
static int64_t carried(const struct heat_flow *flow, int64_t hour, int64_t litres)
{
	flag_sum sum;

	if (!heat_flow_over(
		    flow, FLAG_BENCH_T0 + hour * FLAG_BENCH_HOUR_MS, litres * LITRE, &sum)) {
		return -1;
	}
	return (int64_t)(sum / LITRE / KELVIN);
}

/* From the hour before on, a sample and a reading a minute; `litres` a minute. */
static void flow_steadily(struct heat_flow *flow, int64_t to_minute, int64_t litres, int64_t kelvin)
{
	for (int64_t minute = -60; minute <= to_minute; minute++) {
		temperature(flow, minute, kelvin);
		volume(flow, minute, 1000 + (minute + 60) * litres);
	}
}

static void a_steady_flow_carries_litres_times_kelvin(void **state)
{
	(void)state;
	struct heat_flow flow = {0};

	flow_steadily(&flow, 60, 10, 30);
	assert_int_equal(carried(&flow, 0, 600), 600 * 30);
}

/* Ten litres at 50 K, then fifty minutes of standing water that cools. */
static void the_difference_counts_when_it_flows(void **state)
{
	(void)state;
	struct heat_flow flow = {0};

	temperature(&flow, -2, 50);
	volume(&flow, -1, 0);
	for (int64_t minute = 0; minute <= 60; minute++) {
		temperature(&flow, minute, minute < 10 ? 50 : 2);
		volume(&flow, minute, minute < 10 ? minute : 10);
	}
	assert_int_equal(carried(&flow, 0, 10), 10 * 50);
}

static void the_first_hour_of_all_is_not_known(void **state)
{
	(void)state;
	struct heat_flow flow = {0};

	for (int64_t minute = 20; minute <= 60; minute++) {
		temperature(&flow, minute, 30);
		volume(&flow, minute, minute * 10);
	}
	assert_int_equal(carried(&flow, 0, 400), -1);
}

static void volume_without_a_difference_is_not_known(void **state)
{
	(void)state;
	struct heat_flow flow = {0};

	for (int64_t minute = -60; minute <= 120; minute++) {
		if (minute < 20 || minute > 30) {
			temperature(&flow, minute, 30);
		}
		volume(&flow, minute, 1000 + minute * 10);
		if (minute == 60) {
			assert_int_equal(carried(&flow, 0, 600), -1);
		}
	}
	assert_int_equal(carried(&flow, 1, 600), 600 * 30);
	heat_flow_break(&flow);
	for (int64_t minute = 121; minute <= 180; minute++) {
		volume(&flow, minute, 1000 + minute * 10);
	}
	assert_int_equal(carried(&flow, 2, 600), -1);
}

/* A step of the volume takes ten minutes; of four of them the difference is known. */
static void volume_whose_difference_is_half_known_is_not_known(void **state)
{
	(void)state;
	for (int known = 3; known <= 10; known += 7) {
		struct heat_flow flow = {0};
		for (int64_t minute = -60; minute <= 60; minute++) {
			if ((minute + 60) % 10 <= known) {
				temperature(&flow, minute, 30);
			} else if ((minute + 60) % 10 == known + 1) {
				heat_flow_break(&flow);
			}
			volume(&flow, minute, (minute + 60) / 10 * 100);
		}
		assert_int_equal(carried(&flow, 0, 600), known == 10 ? 600 * 30 : -1);
	}
}

static void a_volume_that_falls_makes_its_hour_unknown(void **state)
{
	(void)state;
	struct heat_flow flow = {0};

	flow_steadily(&flow, 30, 10, 30);
	volume(&flow, 31, 0);
	temperature(&flow, 32, 30);
	volume(&flow, 32, 1920);
	assert_int_equal(carried(&flow, 0, 600), -1);
}

static void water_that_is_not_cooled_carries_nothing(void **state)
{
	(void)state;
	struct heat_flow flow = {0};

	flow_steadily(&flow, 60, 10, -5);
	assert_int_equal(carried(&flow, 0, 600), 0);
}

static void an_hour_that_is_neither_of_the_two_newest_is_not_known(void **state)
{
	(void)state;
	struct heat_flow flow = {0};

	flow_steadily(&flow, 130, 10, 30);
	assert_int_equal(carried(&flow, 0, 600), -1);
	assert_int_equal(carried(&flow, 1, 600), 600 * 30);
}

/* ---- the window ---- */

/* A meter in steps of 1 kWh and 10 L: what an hour has. */
struct course {
	struct heat_window window;
	struct flag_rules rules;
	int64_t next;
	struct flag_finding finding;
};

static struct course course_new(void)
{
	struct course course = {.rules = flag_bench_rules()};

	course.rules.quantity = QUANTITY_HEAT_ENERGY;
	course.rules.resolution = FLAG_BENCH_KWH;
	return course;
}

static bool judged(struct course *course, int64_t watt_hours, int64_t litres, int64_t kelvin)
{
	int64_t start_wall_ms = FLAG_BENCH_T0 + course->next++ * FLAG_BENCH_HOUR_MS;
	const struct heat_interval interval = {
		.start_wall_ms = start_wall_ms,
		.end_wall_ms = start_wall_ms + FLAG_BENCH_HOUR_MS,
		.heat = watt_hours * 1000,
		.volume = litres * LITRE,
		.volume_difference = (flag_sum)litres * LITRE * kelvin * KELVIN,
		.volume_resolution = 10 * LITRE,
	};

	return heat_window_add(&course->window, &course->rules, &interval, &course->finding);
}

/* 100 L at 50 K are 5 m³K an hour: 5,800 Wh of water. */
static int days_until_judged(struct course *course, int64_t watt_hours)
{
	for (int hour = 1; hour <= 100 * 24; hour++) {
		if (judged(course, watt_hours, 100, 50)) {
			return (hour + 23) / 24;
		}
	}
	return 0;
}

static void water_gives_1160_watt_hours_and_20_percent_are_allowed(void **state)
{
	(void)state;
	static const struct {
		int64_t watt_hours;
		bool differs;
	} rows[] = {
		{5800,  false},
		{6960,  false},
		{6961,  true },
		{4640,  false},
		{4639,  true },
		{58000, true },
		{580,   true },
		{0,     true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct course course = course_new();
		assert_int_equal(days_until_judged(&course, rows[i].watt_hours), 1);
		assert_int_equal(course.window.differs, rows[i].differs);
		assert_int_equal(course.finding.amount, rows[i].watt_hours * 24 * 1000);
		assert_int_equal(course.finding.against, 5800 * 24 * 1000);
	}
}

static void another_fluid_has_its_own_factor(void **state)
{
	(void)state;
	struct course course = course_new();

	course.rules.heat_factor = 580;
	assert_int_equal(days_until_judged(&course, 2900), 1);
	assert_false(course.window.differs);
	course = course_new();
	assert_int_equal(days_until_judged(&course, 2900), 1);
	assert_true(course.window.differs);
}

/* A register in steps of 100 kWh makes stairs: 50 of them take 36 days. */
static void a_coarse_register_gets_the_time_it_needs(void **state)
{
	(void)state;
	struct course course = course_new();
	int64_t read_wh = 0;
	int hours = 0;

	course.rules.resolution = 100 * (int64_t)FLAG_BENCH_KWH;
	for (bool done = false; !done; hours++) {
		int64_t now_wh = (hours + 1) * INT64_C(5800) / 100000 * 100000;
		done = judged(&course, now_wh - read_wh, 100, 50);
		read_wh = now_wh;
		assert_true(hours < 100 * 24);
	}
	assert_in_range(hours, 35 * 24, 37 * 24);
	assert_false(course.window.differs);
}

static void a_coarse_volume_gets_the_time_it_needs(void **state)
{
	(void)state;
	struct course course = course_new();

	for (int hour = 1; hour < 50; hour++) {
		assert_false(judged(&course, 5800, 10, 500));
	}
	assert_true(judged(&course, 5800, 10, 500));
	assert_false(course.window.differs);
}

static void volume_without_a_difference_judges_nothing(void **state)
{
	(void)state;
	struct course course = course_new();

	for (int hour = 0; hour < 60 * 24; hour++) {
		assert_false(judged(&course, hour % 24 ? 0 : 3000, 1000, 0));
		assert_false(course.window.differs);
	}
}

/* Between sensors 2 K apart an error of half a kelvin is a quarter. */
static void a_small_difference_judges_nothing(void **state)
{
	(void)state;
	struct course course = course_new();

	for (int hour = 0; hour < 10 * 24; hour++) {
		assert_false(judged(&course, 9000, 1000, 2));
	}
	for (int hour = 0; hour < 23; hour++) {
		assert_false(judged(&course, 9000, 1000, 3));
	}
	assert_true(judged(&course, 9000, 1000, 3));
	assert_true(course.window.differs);
}

static void an_unknown_hour_begins_the_window_anew(void **state)
{
	(void)state;
	struct course course = course_new();

	for (int hour = 0; hour < 23; hour++) {
		assert_false(judged(&course, 58000, 100, 50));
	}
	heat_window_break(&course.window);
	course.next++;
	assert_int_equal(days_until_judged(&course, 5800), 1);
	assert_false(course.window.differs);
}

static void the_figure_is_in_watt_hours_per_cubic_metre_and_kelvin(void **state)
{
	(void)state;
	/* 1 m³ at 10 K and 11.6 kWh */
	assert_int_equal(heat_figure(11600000, (flag_sum)1000 * LITRE * 10 * KELVIN), 1160);
	assert_int_equal(heat_figure(11600000, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_steady_flow_carries_litres_times_kelvin),
		cmocka_unit_test(the_difference_counts_when_it_flows),
		cmocka_unit_test(the_first_hour_of_all_is_not_known),
		cmocka_unit_test(volume_without_a_difference_is_not_known),
		cmocka_unit_test(volume_whose_difference_is_half_known_is_not_known),
		cmocka_unit_test(a_volume_that_falls_makes_its_hour_unknown),
		cmocka_unit_test(water_that_is_not_cooled_carries_nothing),
		cmocka_unit_test(an_hour_that_is_neither_of_the_two_newest_is_not_known),
		cmocka_unit_test(water_gives_1160_watt_hours_and_20_percent_are_allowed),
		cmocka_unit_test(another_fluid_has_its_own_factor),
		cmocka_unit_test(a_coarse_register_gets_the_time_it_needs),
		cmocka_unit_test(a_coarse_volume_gets_the_time_it_needs),
		cmocka_unit_test(volume_without_a_difference_judges_nothing),
		cmocka_unit_test(a_small_difference_judges_nothing),
		cmocka_unit_test(an_unknown_hour_begins_the_window_anew),
		cmocka_unit_test(the_figure_is_in_watt_hours_per_cubic_metre_and_kelvin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
