/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_flags_interval.c -- Findings from one counter's intervals: a power the
 * fuse does not carry, a spike, a doubled hour; and that a healthy counter, a
 * new load and a coarse register have none.
 */
#include <string.h>

#include "tests/fakes/flag_bench.h"

enum { QUARTERS_A_DAY = 96, WEEK = 7 * QUARTERS_A_DAY };

/* One counter's history, an interval after the other. */
struct course {
	struct interval_history history;
	struct flag_rules rules;
	int64_t length_ms;
	int64_t next;
	struct flag_finding finding;
};

static struct course course_of(int64_t length_ms)
{
	return (struct course){.rules = flag_bench_rules(), .length_ms = length_ms};
}

static bool spikes(struct course *course, int64_t energy)
{
	struct interval_row row = flag_bench_row(course->next++, course->length_ms, energy);

	return interval_history_spike(&course->history, &course->rules, &row, &course->finding);
}

static bool doubles(struct course *course, int64_t energy)
{
	struct interval_row row = flag_bench_row(course->next++, course->length_ms, energy);

	return interval_history_doubled(&course->history, &course->rules, &row, &course->finding);
}

static void a_quiet_time(struct course *course, int64_t intervals, int64_t energy)
{
	for (int64_t i = 0; i < intervals; i++) {
		assert_false(spikes(course, energy));
	}
}

/* ---- largest power ---- */

static void a_mean_power_above_the_fuse_is_flagged_and_at_the_fuse_is_not(void **state)
{
	(void)state;
	struct flag_rules rules = flag_bench_rules();
	struct flag_finding finding;
	struct interval_row row = flag_bench_row(0, FLAG_BENCH_QUARTER_MS, 1000001);

	rules.power_max_per_hour = 4 * FLAG_BENCH_KWH; /* 4 kW: 1 kWh in a quarter */
	assert_true(interval_is_above_largest(&rules, &row, &finding));
	assert_int_equal(finding.quantity, QUANTITY_ACTIVE_POWER);
	assert_int_equal(finding.against, 4000000); /* mW */
	row.energy = 1000000;
	assert_false(interval_is_above_largest(&rules, &row, &finding));
	row.energy = INT64_MAX;
	assert_true(interval_is_above_largest(&rules, &row, &finding));
	rules.power_max_per_hour = 0;
	assert_false(interval_is_above_largest(&rules, &row, &finding));
}

/* ---- spikes ---- */

static void an_interval_far_above_four_weeks_is_a_spike(void **state)
{
	(void)state;
	struct course course = course_of(FLAG_BENCH_QUARTER_MS);

	a_quiet_time(&course, 2 * WEEK, 500000);
	assert_false(spikes(&course, 5000000)); /* ten times is not more than ten times */
	course = course_of(FLAG_BENCH_QUARTER_MS);
	a_quiet_time(&course, 2 * WEEK, 500000);
	assert_true(spikes(&course, 5000001));
	assert_int_equal(course.finding.against, 500000);
	assert_int_equal(course.finding.times, 10);
	assert_false(spikes(&course, 500000));
}

static void a_spike_does_not_hide_the_next_one(void **state)
{
	(void)state;
	struct course course = course_of(FLAG_BENCH_QUARTER_MS);

	a_quiet_time(&course, 2 * WEEK, 500000);
	assert_true(spikes(&course, 50000000));
	a_quiet_time(&course, 2 * QUARTERS_A_DAY, 500000);
	assert_true(spikes(&course, 50000000));
}

static void nothing_is_a_spike_before_some_days_are_known(void **state)
{
	(void)state;
	struct course course = course_of(FLAG_BENCH_QUARTER_MS);

	a_quiet_time(&course, WEEK - 1, 500000);
	assert_false(spikes(&course, 50000000));
	struct course later = course_of(FLAG_BENCH_QUARTER_MS);
	a_quiet_time(&later, WEEK, 500000);
	assert_true(spikes(&later, 50000000));
}

static void a_load_that_goes_on_is_a_load_and_no_spike(void **state)
{
	(void)state;
	struct course course = course_of(FLAG_BENCH_QUARTER_MS);

	a_quiet_time(&course, 2 * WEEK, 500000);
	for (int i = 0; i < 4; i++) {
		assert_true(spikes(&course, 9000000));
	}
	for (int i = 0; i < WEEK; i++) {
		assert_false(spikes(&course, 9000000));
	}
}

/* A charger that is off, a holiday: any load is many times nothing. */
static void next_to_nothing_is_no_measure_of_a_spike(void **state)
{
	(void)state;
	struct course course = course_of(FLAG_BENCH_QUARTER_MS);

	a_quiet_time(&course, 2 * WEEK, 190000); /* 19 steps */
	assert_false(spikes(&course, 50000000));
	course = course_of(FLAG_BENCH_QUARTER_MS);
	a_quiet_time(&course, 2 * WEEK, 0);
	assert_false(spikes(&course, 50000000));
	course = course_of(FLAG_BENCH_QUARTER_MS);
	course.rules.resolution = 0; /* nobody knows what a step is */
	a_quiet_time(&course, 2 * WEEK, 500000);
	assert_false(spikes(&course, 50000000));
}

static void what_was_more_than_four_weeks_ago_no_longer_counts(void **state)
{
	(void)state;
	struct course course = course_of(FLAG_BENCH_QUARTER_MS);

	a_quiet_time(&course, WEEK, 20000000);
	a_quiet_time(&course, 3 * WEEK, 1000000);
	assert_false(spikes(&course, 30000000)); /* 30 times the newer weeks, 1.5 times the first */
	a_quiet_time(&course, 3 * WEEK, 1000000);
	assert_false(spikes(&course, 30000000)); /* the 30 kWh themselves are within it */
	a_quiet_time(&course, 5 * WEEK, 1000000);
	assert_true(spikes(&course, 30000000));
}

static void a_long_gap_and_another_length_begin_the_history_anew(void **state)
{
	(void)state;
	struct course course = course_of(FLAG_BENCH_QUARTER_MS);

	a_quiet_time(&course, 2 * WEEK, 500000);
	course.next += 6 * WEEK;
	assert_false(spikes(&course, 50000000));
	course = course_of(FLAG_BENCH_QUARTER_MS);
	a_quiet_time(&course, 2 * WEEK, 500000);
	course.next /= 4;
	course.length_ms = FLAG_BENCH_HOUR_MS;
	assert_false(spikes(&course, 50000000));
}

/* ---- doubled hours ---- */

static void an_hour_twice_its_alike_neighbours_is_doubled(void **state)
{
	(void)state;
	struct course course = course_of(FLAG_BENCH_HOUR_MS);
	static const int64_t hours[] = {10, 11, 10, 11, 10, 22, 11};

	for (size_t i = 0; i < 6; i++) {
		assert_false(doubles(&course, hours[i] * FLAG_BENCH_KWH));
	}
	assert_true(doubles(&course, hours[6] * FLAG_BENCH_KWH)); /* known an hour later */
	assert_int_equal(course.finding.from_wall_ms, FLAG_BENCH_T0 + 5 * FLAG_BENCH_HOUR_MS);
	assert_int_equal(course.finding.to_wall_ms, FLAG_BENCH_T0 + 6 * FLAG_BENCH_HOUR_MS);
	assert_int_equal(course.finding.amount, 22 * FLAG_BENCH_KWH);
}

static void quarter_hours_are_put_together(void **state)
{
	(void)state;
	struct course course = course_of(FLAG_BENCH_QUARTER_MS);
	static const int64_t hours[] = {10, 11, 10, 11, 10, 22, 11};
	int found = 0;

	for (size_t i = 0; i < 7 * 4; i++) {
		bool now = doubles(&course, hours[i / 4] * FLAG_BENCH_KWH / 4);
		assert_int_equal(now, i == 7 * 4 - 1);
		found += now;
	}
	assert_int_equal(found, 1);
}

static bool any_doubled(const int64_t *hours, size_t count, int64_t resolution)
{
	struct course course = course_of(FLAG_BENCH_HOUR_MS);
	bool found = false;

	course.rules.resolution = resolution;
	for (size_t i = 0; i < count; i++) {
		found = doubles(&course, hours[i] * FLAG_BENCH_KWH / 10) || found;
	}
	return found;
}

static void what_only_resembles_it_is_not_doubled(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct {
		const char *what;
		int64_t hours[7]; /* tenths of a kWh */
		int64_t resolution;
		bool doubled;
	} rows[] = {
		{"the case itself",              {100, 110, 100, 110, 100, 220, 110}, 10000, true},
		{"at the band's upper edge",     {100, 110, 100, 110, 100, 220, 100}, 10000, true},
		{"past the band's upper edge",   {100, 110, 100, 110, 100, 221, 100}, 10000, false},
		{"at the band's lower edge",     {100, 110, 100, 110, 100, 180, 100}, 10000, true},
		{"past the band's lower edge",   {100, 110, 100, 110, 100, 179, 100}, 10000, false},
		{"neighbours not alike",         {100, 110, 100, 110, 100, 216, 116}, 10000, false},
		{"neighbours just alike",        {100, 110, 100, 110, 100, 215, 115}, 10000, true},
		{"hours that often leap so",     {100, 120, 100, 121, 100, 200, 100}, 10000, false},
		{"19 steps",                     {100, 110, 100, 110, 100, 220, 110}, 526400, false},
		{"resolution unknown",           {100, 110, 100, 110, 100, 220, 110}, 0, false},
		{"nothing between nothing",      {0, 0, 0, 0, 0, 0, 0}, 10000, false},
		{"a morning",                    {100, 110, 100, 110, 100, 220, 230}, 10000, false},
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (any_doubled(rows[i].hours, 7, rows[i].resolution) != rows[i].doubled) {
			fail_msg("%s", rows[i].what);
		}
	}
}

static void a_missing_interval_breaks_the_row_of_hours(void **state)
{
	(void)state;
	static const int64_t hours[] = {10, 11, 10, 11, 10, 22, 11, 10};

	for (int64_t missing = 4 * 4; missing < 7 * 4; missing++) {
		struct course course = course_of(FLAG_BENCH_QUARTER_MS);
		for (int64_t i = 0; i < 8 * 4; i++) {
			if (i == missing) {
				course.next++;
				continue;
			}
			assert_false(doubles(&course, hours[i / 4] * FLAG_BENCH_KWH / 4));
		}
	}
}

static void too_few_hours_before_it_are_no_measure(void **state)
{
	(void)state;
	static const int64_t hours[] = {110, 100, 110, 100, 220, 110};

	assert_true(any_doubled(hours, 6, 10000));
	assert_false(any_doubled(hours + 1, 5, 10000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mean_power_above_the_fuse_is_flagged_and_at_the_fuse_is_not),
		cmocka_unit_test(an_interval_far_above_four_weeks_is_a_spike),
		cmocka_unit_test(a_spike_does_not_hide_the_next_one),
		cmocka_unit_test(nothing_is_a_spike_before_some_days_are_known),
		cmocka_unit_test(a_load_that_goes_on_is_a_load_and_no_spike),
		cmocka_unit_test(next_to_nothing_is_no_measure_of_a_spike),
		cmocka_unit_test(what_was_more_than_four_weeks_ago_no_longer_counts),
		cmocka_unit_test(a_long_gap_and_another_length_begin_the_history_anew),
		cmocka_unit_test(an_hour_twice_its_alike_neighbours_is_doubled),
		cmocka_unit_test(quarter_hours_are_put_together),
		cmocka_unit_test(what_only_resembles_it_is_not_doubled),
		cmocka_unit_test(a_missing_interval_breaks_the_row_of_hours),
		cmocka_unit_test(too_few_hours_before_it_are_no_measure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
