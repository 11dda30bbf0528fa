/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_flags_register.c -- A register against the power of its own meter: the
 * integral of a gauge with its gaps and signs; factors, signs and word orders
 * found after 20 steps and no other difference; a register that stands.
 */
#include <string.h>

#include "tests/fakes/flag_bench.h"

/* ---- the integral ---- */

static const struct gauge_rules rules_of_gauge = {
	.interval_ms = FLAG_BENCH_QUARTER_MS, .gap_limit_ms = 300000};

struct sample {
	int64_t at_ms; /* since FLAG_BENCH_T0 */
	int64_t value;
};

static struct gauge_integral integral_of(const struct sample *samples, size_t count)
{
	struct gauge_integral integral = {0};

	for (size_t i = 0; i < count; i++) {
		gauge_integral_add(&integral, &rules_of_gauge, FLAG_BENCH_T0 + samples[i].at_ms,
			samples[i].value);
	}
	return integral;
}

static bool over(const struct gauge_integral *integral, int64_t interval, struct gauge_sum *sum)
{
	return gauge_integral_over(
		integral, &rules_of_gauge, FLAG_BENCH_T0 + interval * FLAG_BENCH_QUARTER_MS, sum);
}

static void a_sample_holds_until_the_next_one_across_the_boundary(void **state)
{
	(void)state;
	static const struct sample samples[] = {
		{-60000, 1000},
                {240000, 2000},
                {480000, -500},
                {720000, 0   },
                {960000, 7   }
        };
	struct gauge_integral integral = integral_of(samples, 5);
	struct gauge_sum sum;

	assert_true(over(&integral, 0, &sum));
	assert_true(sum.positive == 240000 * 1000 + 240000 * 2000);
	assert_true(sum.negative == 240000 * 500);
}

static void the_last_sample_holds_to_the_end_as_long_as_the_limit_allows(void **state)
{
	(void)state;
	static const struct sample samples[] = {
		{-60000, 10},
                {200000, 10},
                {400000, 10},
                {600000, 10}
        };
	struct gauge_integral integral = integral_of(samples, 4);
	struct gauge_sum sum = {0};

	assert_true(over(&integral, 0, &sum));
	assert_true(sum.positive == 900000 * 10);
	integral = integral_of(samples, 3); /* 500 s before the end */
	assert_false(over(&integral, 0, &sum));
}

static void a_gap_makes_its_interval_unknown_and_no_other(void **state)
{
	(void)state;
	struct gauge_integral integral = {0};
	struct gauge_sum sum = {.positive = 42};

	for (int64_t t = -60000; t <= 3 * FLAG_BENCH_QUARTER_MS; t += 60000) {
		bool in_gap = t > FLAG_BENCH_QUARTER_MS && t < FLAG_BENCH_QUARTER_MS + 360000;
		if (!in_gap) {
			gauge_integral_add(&integral, &rules_of_gauge, FLAG_BENCH_T0 + t, 5);
		}
		if (t == FLAG_BENCH_QUARTER_MS) {
			assert_true(over(&integral, 0, &sum));
		}
		if (t == 2 * FLAG_BENCH_QUARTER_MS) {
			sum.positive = 42;
			assert_false(over(&integral, 1, &sum));
			assert_true(sum.positive == 42);
		}
	}
	assert_true(over(&integral, 2, &sum));
}

static void a_sample_without_a_value_is_a_gap_and_no_zero(void **state)
{
	(void)state;
	static const struct sample samples[] = {
		{-60000, 10},
                {200000, 10}
        };
	struct gauge_integral integral = integral_of(samples, 2);
	struct gauge_sum sum;

	gauge_integral_break(&integral);
	assert_false(over(&integral, 0, &sum));
	gauge_integral_add(&integral, &rules_of_gauge, FLAG_BENCH_T0 + 400000, 10);
	gauge_integral_add(&integral, &rules_of_gauge, FLAG_BENCH_T0 + 700000, 10);
	gauge_integral_add(&integral, &rules_of_gauge, FLAG_BENCH_T0 + 1000000, 10);
	assert_false(over(&integral, 0, &sum));
}

static void a_clock_set_back_and_another_length_begin_the_integral_anew(void **state)
{
	(void)state;
	static const struct sample samples[] = {
		{-60000, 10},
                {200000, 10},
                {400000, 10},
                {700000, 10},
                {100000, 10},
                {390000, 10},
		{680000, 10},
                {900000, 10}
        };
	struct gauge_integral integral = integral_of(samples, 4);
	const struct gauge_rules hours = {FLAG_BENCH_HOUR_MS, 300000};
	struct gauge_sum sum;

	assert_true(over(&integral, 0, &sum));
	assert_false(gauge_integral_over(&integral, &hours, FLAG_BENCH_T0, &sum));
	integral = integral_of(samples, 8);
	assert_false(over(&integral, 0, &sum)); /* from 100 s on only */
	static const struct sample twice[] = {
		{500000, 10},
                {600000, 10},
                {100000, 10},
                {400000, 10},
                {700000, 10}
        };
	integral = integral_of(twice, 5); /* 900 s in all, a hundred of them twice */
	assert_false(over(&integral, 0, &sum));
}

static void the_largest_power_over_a_day_does_not_overflow(void **state)
{
	(void)state;
	const struct gauge_rules days = {FLAG_BENCH_DAY_MS, FLAG_BENCH_DAY_MS};
	struct gauge_integral integral = {0};
	struct gauge_sum sum;

	gauge_integral_add(&integral, &days, FLAG_BENCH_T0, INT64_MIN);
	gauge_integral_add(&integral, &days, FLAG_BENCH_T0 + FLAG_BENCH_DAY_MS, INT64_MAX);
	assert_true(gauge_integral_over(&integral, &days, FLAG_BENCH_T0, &sum));
	assert_true(sum.negative == -((flag_sum)INT64_MIN) * FLAG_BENCH_DAY_MS);
	assert_true(sum.positive == 0);
}

/* ---- against the register ---- */

/* Hours of one meter: what the register climbs, and what the power says (mWh). */
struct course {
	struct register_window window;
	struct register_stand stand;
	struct flag_rules rules;
	int64_t next;
	struct flag_finding finding;
};

static struct course course_new(void)
{
	return (struct course){.rules = flag_bench_rules()};
}

static struct register_facts facts_of(int64_t power_mwh)
{
	flag_sum power = (flag_sum)power_mwh * FLAG_BENCH_HOUR_MS;

	return (struct register_facts){
		.has_power = true,
		.power = {.positive = power > 0 ? power : 0, .negative = power < 0 ? -power : 0},
	};
}

static bool judged(struct course *course, int64_t climb, int64_t power_mwh)
{
	struct interval_row row = flag_bench_row(course->next++, FLAG_BENCH_HOUR_MS, climb);
	struct register_facts facts = facts_of(power_mwh);

	return register_window_add(&course->window, &course->rules, &row, &facts, &course->finding);
}

static void each_cause_is_found_and_what_is_none_is_not(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct {
		const char *what;
		int64_t climb; /* mWh in an hour */
		int64_t power;
		enum flag_cause cause;
		int64_t times;
	} rows[] = {
		{"they agree",                   1210000, 1200000, FLAG_CAUSE_NONE, 0},
		{"ten times",                    12000000, 1210000, FLAG_CAUSE_REGISTER_TIMES, 10},
		{"a hundred times",              121000000, 1210000, FLAG_CAUSE_REGISTER_TIMES, 100},
		{"a thousand times",             1210000000, 1210000, FLAG_CAUSE_REGISTER_TIMES, 1000},
		{"the power ten times",          1200000, 12100000, FLAG_CAUSE_POWER_TIMES, 10},
		{"the power a thousand times",   200000, 200000000, FLAG_CAUSE_POWER_TIMES, 1000},
		{"at the band's edge",           12500000, 1000000, FLAG_CAUSE_REGISTER_TIMES, 10},
		{"past the band's edge",         12500001, 1000000, FLAG_CAUSE_NONE, 0},
		{"at its lower edge",            7500000, 1000000, FLAG_CAUSE_REGISTER_TIMES, 10},
		{"a transformer of 300/5",       60000000, 1000000, FLAG_CAUSE_NONE, 0},
		{"one phase of three",           3000000, 1000000, FLAG_CAUSE_NONE, 0},
		{"the sign",                     1210000, -1200000, FLAG_CAUSE_SIGN, 0},
		{"half of it backwards",         1210000, -600000, FLAG_CAUSE_NONE, 0},
		{"words of the register",        65536 * INT64_C(1000000), 1000000, FLAG_CAUSE_WORD_ORDER, 0},
		{"words of the power",           1000000, 65536 * INT64_C(1000000), FLAG_CAUSE_WORD_ORDER, 0},
		{"a float that became nothing",  3600000, 0, FLAG_CAUSE_WORD_ORDER, 0},
		{"a power too small to be shown", 900000, 0, FLAG_CAUSE_NONE, 0},
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct course course = course_new();
		if (!judged(&course, rows[i].climb, rows[i].power) ||
			course.window.differs != (rows[i].cause != FLAG_CAUSE_NONE)) {
			fail_msg("%s", rows[i].what);
		}
		if (course.window.differs && (course.finding.cause != rows[i].cause ||
						     course.finding.times != rows[i].times)) {
			fail_msg("%s: cause %d, %lld times", rows[i].what, course.finding.cause,
				(long long)course.finding.times);
		}
	}
}

static void it_is_judged_once_the_register_has_moved_20_steps(void **state)
{
	(void)state;
	struct course course = course_new();

	for (int hour = 0; hour < 19; hour++) {
		assert_false(judged(&course, 10000, 1000));
	}
	assert_true(judged(&course, 10000, 1000));
	assert_true(course.window.differs);
	assert_int_equal(course.finding.amount, 200000);
	assert_int_equal(course.finding.against, 20000);
	assert_int_equal(course.finding.from_wall_ms, FLAG_BENCH_T0);
	assert_false(judged(&course, 10000, 10000)); /* the next window */
	assert_true(course.window.differs);          /* and the last one's word holds */
}

static void a_healthy_window_takes_the_word_back(void **state)
{
	(void)state;
	struct course course = course_new();

	assert_true(judged(&course, 12000000, 1200000));
	assert_true(course.window.differs);
	assert_true(judged(&course, 1200000, 1200000));
	assert_false(course.window.differs);
}

static void a_window_without_power_is_unknown_and_not_zero(void **state)
{
	(void)state;
	struct course course = course_new();
	struct interval_row row = flag_bench_row(1, FLAG_BENCH_HOUR_MS, 100000000);
	struct register_facts unknown = {.has_power = false};

	assert_false(judged(&course, 190000, 190000));
	assert_false(register_window_add(
		&course.window, &course.rules, &row, &unknown, &course.finding));
	course.next = 2;
	assert_false(judged(&course, 190000, 190000)); /* begins anew: 19 steps */
	assert_true(judged(&course, 190000, 190000));
	assert_false(course.window.differs);
}

static void a_resolution_nobody_knows_judges_nothing(void **state)
{
	(void)state;
	struct course course = course_new();

	course.rules.resolution = 0;
	for (int hour = 0; hour < 100; hour++) {
		assert_false(judged(&course, 12000000, 1200000));
	}
}

static void a_device_that_renews_its_register_daily_gets_days(void **state)
{
	(void)state;
	struct course course = course_new();

	course.rules.register_update_ms = FLAG_BENCH_DAY_MS;
	for (int hour = 1; hour < 4 * 24; hour++) {
		assert_false(judged(&course, 12000000, 1200000));
	}
	assert_true(judged(&course, 12000000, 1200000));
}

static void a_meter_that_counts_both_ways_is_not_judged_meanwhile(void **state)
{
	(void)state;
	struct course course = course_new();
	struct register_facts facts = facts_of(1200000);

	facts.opposite_moves = true;
	for (int hour = 0; hour < 50; hour++) {
		struct interval_row row = flag_bench_row(hour, FLAG_BENCH_HOUR_MS, 12000000);
		assert_false(register_window_add(
			&course.window, &course.rules, &row, &facts, &course.finding));
	}
}

static void months_of_the_largest_climb_do_not_overflow(void **state)
{
	(void)state;
	struct course course = course_new();

	course.rules.register_update_ms = 200 * (int64_t)FLAG_BENCH_DAY_MS;
	for (int hour = 0; hour < 800 * 24; hour++) {
		if (judged(&course, INT64_MAX, INT64_MAX)) {
			assert_false(course.window.differs);
			return;
		}
	}
	fail_msg("never judged");
}

/* ---- standing still ---- */

static bool frozen(struct course *course, int64_t climb, const struct register_facts *facts)
{
	struct interval_row row = flag_bench_row(course->next++, FLAG_BENCH_HOUR_MS, climb);

	return register_stand_add(&course->stand, &course->rules, &row, facts, &course->finding);
}

static void a_register_that_stands_while_power_flows_is_frozen(void **state)
{
	(void)state;
	struct course course = course_new();
	struct register_facts flowing = facts_of(100000); /* ten steps an hour */

	assert_false(frozen(&course, 100000, &flowing));
	assert_false(frozen(&course, 0, &flowing));
	assert_false(frozen(&course, 0, &flowing)); /* the newest is not counted yet */
	assert_true(frozen(&course, 0, &flowing));
	assert_int_equal(course.finding.cause, FLAG_CAUSE_STANDS_AT_POWER);
	assert_int_equal(course.finding.against, 200000);
	assert_true(frozen(&course, 0, &flowing));
	assert_false(frozen(&course, 10000, &flowing)); /* it moves */
}

static void a_gap_in_the_power_is_no_power_that_flowed(void **state)
{
	(void)state;
	struct course course = course_new();
	struct register_facts flowing = facts_of(100000);
	struct register_facts unknown = {.has_power = false};

	for (int i = 0; i < 20; i++) {
		assert_false(frozen(&course, 0, &flowing));
		assert_false(frozen(&course, 0, &flowing));
		assert_false(frozen(&course, 0, &unknown));
	}
}

static void an_import_register_may_stand_while_the_meter_exports(void **state)
{
	(void)state;
	struct course course = course_new();
	struct register_facts backwards = facts_of(-100000000);
	struct register_facts unsigned_power = facts_of(100000000);

	unsigned_power.opposite_moves = true;
	for (int i = 0; i < 200; i++) {
		assert_false(frozen(&course, 0, i % 2 ? &backwards : &unsigned_power));
	}
}

static void a_device_that_repeats_its_value_between_updates_is_not_frozen(void **state)
{
	(void)state;
	struct course course = course_new();
	struct register_facts flowing = facts_of(1000000);

	course.rules.register_update_ms = 6 * (int64_t)FLAG_BENCH_HOUR_MS;
	for (int hour = 0; hour < 24 * 10; hour++) {
		assert_false(frozen(&course, hour % 6 == 5 ? 6000000 : 0, &flowing));
	}
}

static void a_holiday_within_the_limit_is_no_frozen_register(void **state)
{
	(void)state;
	struct course course = course_new();
	struct register_facts nothing = facts_of(0);
	struct register_facts unknown = {.has_power = false};

	assert_false(frozen(&course, 500000, &unknown));
	for (int hour = 1; hour < 60 * 24; hour++) {
		assert_false(frozen(&course, 0, hour % 2 ? &nothing : &unknown));
	}
	assert_true(frozen(&course, 0, &nothing)); /* the limit itself */
	assert_int_equal(course.finding.cause, FLAG_CAUSE_STANDS_LONG);
	assert_int_equal(course.finding.span_ms, 60 * INT64_C(86400000));
}

static void a_register_that_often_stands_long_may_stand_longer(void **state)
{
	(void)state;
	struct course course = course_new();
	struct register_facts nothing = facts_of(0);

	assert_false(frozen(&course, 500000, &nothing));
	for (int hour = 0; hour < 30 * 24; hour++) {
		assert_false(frozen(&course, 0, &nothing));
	}
	assert_false(frozen(&course, 500000, &nothing));
	for (int hour = 1; hour < 90 * 24; hour++) {
		assert_false(frozen(&course, 0, &nothing));
	}
	assert_true(frozen(&course, 0, &nothing));
}

static void a_register_that_never_moved_is_no_news(void **state)
{
	(void)state;
	struct course course = course_new();
	struct register_facts nothing = facts_of(0);

	for (int hour = 0; hour < 100 * 24; hour++) {
		assert_false(frozen(&course, 0, &nothing));
	}
}

/* A power whose sign is turned round says that a house without panels feeds out. */
static void an_export_register_that_never_moved_may_stand(void **state)
{
	(void)state;
	struct course course = course_new();
	struct register_facts flowing = facts_of(1000000);

	course.rules.quantity = QUANTITY_ACTIVE_ENERGY_EXPORT;
	for (int hour = 0; hour < 100; hour++) {
		assert_false(frozen(&course, 0, &flowing));
	}
	assert_false(frozen(&course, 500000, &flowing));
	assert_false(frozen(&course, 0, &flowing));
	assert_true(frozen(&course, 0, &flowing));
}

static void an_interval_nobody_measured_ends_what_is_known_of_the_stand(void **state)
{
	(void)state;
	struct course course = course_new();
	struct register_facts nothing = facts_of(0);

	assert_false(frozen(&course, 500000, &nothing));
	for (int hour = 0; hour < 120 * 24; hour++) {
		if (hour % 1000 == 0) {
			register_stand_break(&course.stand);
		}
		assert_false(frozen(&course, 0, &nothing));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sample_holds_until_the_next_one_across_the_boundary),
		cmocka_unit_test(the_last_sample_holds_to_the_end_as_long_as_the_limit_allows),
		cmocka_unit_test(a_gap_makes_its_interval_unknown_and_no_other),
		cmocka_unit_test(a_sample_without_a_value_is_a_gap_and_no_zero),
		cmocka_unit_test(a_clock_set_back_and_another_length_begin_the_integral_anew),
		cmocka_unit_test(the_largest_power_over_a_day_does_not_overflow),
		cmocka_unit_test(each_cause_is_found_and_what_is_none_is_not),
		cmocka_unit_test(it_is_judged_once_the_register_has_moved_20_steps),
		cmocka_unit_test(a_healthy_window_takes_the_word_back),
		cmocka_unit_test(a_window_without_power_is_unknown_and_not_zero),
		cmocka_unit_test(a_resolution_nobody_knows_judges_nothing),
		cmocka_unit_test(a_device_that_renews_its_register_daily_gets_days),
		cmocka_unit_test(a_meter_that_counts_both_ways_is_not_judged_meanwhile),
		cmocka_unit_test(months_of_the_largest_climb_do_not_overflow),
		cmocka_unit_test(a_register_that_stands_while_power_flows_is_frozen),
		cmocka_unit_test(a_gap_in_the_power_is_no_power_that_flowed),
		cmocka_unit_test(an_import_register_may_stand_while_the_meter_exports),
		cmocka_unit_test(a_device_that_repeats_its_value_between_updates_is_not_frozen),
		cmocka_unit_test(a_holiday_within_the_limit_is_no_frozen_register),
		cmocka_unit_test(a_register_that_often_stands_long_may_stand_longer),
		cmocka_unit_test(a_register_that_never_moved_is_no_news),
		cmocka_unit_test(an_export_register_that_never_moved_may_stand),
		cmocka_unit_test(an_interval_nobody_measured_ends_what_is_known_of_the_stand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
