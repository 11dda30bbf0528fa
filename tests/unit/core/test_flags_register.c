/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_flags_register.c -- A register against the power of its own meter:
 * factors, signs and word orders found after 20 steps and no other difference;
 * a register that stands.
 */
#include <string.h>

#include "tests/fakes/flag_bench.h"

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
