/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_profile.c -- What a series' weekday-and-hour profile learns, forgets, and
 * how a gap's difference is shared out by it: to the step, whatever the weights.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "gateway/core/profile.h"

#define MONDAY INT64_C(1767571200000) /* 2026-01-05T00:00:00Z, a Monday */

enum { HOUR_MS = 3600000, QUARTER_MS = 900000, WEEK_HOURS = 168 };

static const int64_t week_ms = (int64_t)WEEK_HOURS * HOUR_MS;

static struct interval_row row_of(int64_t start_wall_ms, int64_t length_ms, int64_t energy)
{
	return (struct interval_row){
		.start_wall_ms = start_wall_ms,
		.end_wall_ms = start_wall_ms + length_ms,
		.energy = energy,
		.quality = QUALITY_MEASURED,
	};
}

/* Quarter hours of a week: `day` in the hours from 8 to 16, else `night`. */
static void train_week(struct profile *profile, int64_t start_wall_ms, int64_t day, int64_t night)
{
	for (int quarter = 0; quarter < WEEK_HOURS * 4; quarter++) {
		int hour = quarter / 4 % 24;
		struct interval_row row = row_of(start_wall_ms + (int64_t)quarter * QUARTER_MS,
			QUARTER_MS, hour >= 8 && hour < 16 ? day : night);
		profile_train(profile, NULL, &row);
	}
}

/* What of `amount` falls into the hour from `at`, when [from, to) is shared out. */
static int64_t share(const struct profile *profile, int64_t from, int64_t to, int64_t at)
{
	struct profile_spread spread = profile_spread_begin(profile, NULL, from, to);
	int64_t before = profile_spread_until(&spread, 1000000, at);

	return profile_spread_until(&spread, 1000000, at + HOUR_MS) - before;
}

static void a_gap_follows_the_same_weekday_and_hour(void **state)
{
	struct profile profile = {0};
	(void)state;

	train_week(&profile, MONDAY, 300, 100);
	/* 7:00 to 9:00 a week later: a quarter of it before eight. */
	int64_t from = MONDAY + week_ms + 7 * HOUR_MS;
	assert_int_equal(share(&profile, from, from + 2 * HOUR_MS, from), 250000);
	assert_int_equal(share(&profile, from, from + 2 * HOUR_MS, from + HOUR_MS), 750000);
}

static void weeks_count_alike_and_the_fifth_one_back_no_more(void **state)
{
	struct profile profile = {0};
	(void)state;

	int64_t from = MONDAY + 5 * week_ms + 7 * HOUR_MS;
	train_week(&profile, MONDAY, 90000, 100); /* forgotten */
	for (int week = 1; week <= 4; week++) {
		train_week(&profile, MONDAY + week * week_ms, week == 4 ? 1100 : 100, 100);
	}
	/* mean of 100, 100, 100, 1100 is 350 */
	assert_int_equal(share(&profile, from, from + 2 * HOUR_MS, from), 1000000 * 100 / 450);
}

static void without_the_hours_it_is_even(void **state)
{
	struct profile profile = {0};
	(void)state;

	int64_t from = MONDAY + week_ms + 7 * HOUR_MS;
	assert_int_equal(share(&profile, from, from + 2 * HOUR_MS, from), 500000);
	struct interval_row row =
		row_of(from - week_ms, HOUR_MS, 700); /* eight o'clock is unknown */
	profile_train(&profile, NULL, &row);
	assert_int_equal(share(&profile, from, from + 2 * HOUR_MS, from), 500000);
	struct profile_spread spread =
		profile_spread_begin(&profile, NULL, from, from + 2 * HOUR_MS);
	assert_null(spread.profile);
}

static void hours_in_which_nothing_was_used_share_evenly(void **state)
{
	struct profile profile = {0};
	(void)state;

	train_week(&profile, MONDAY, 0, 0);
	int64_t from = MONDAY + week_ms + 7 * HOUR_MS;
	assert_int_equal(share(&profile, from, from + 2 * HOUR_MS, from), 500000);
}

static void what_is_estimated_flagged_or_null_teaches_nothing(void **state)
{
	struct profile profile = {0};
	(void)state;

	struct interval_row row = row_of(MONDAY, HOUR_MS, 700);
	row.quality = QUALITY_ESTIMATED;
	profile_train(&profile, NULL, &row);
	row.quality = QUALITY_REJECTED;
	profile_train(&profile, NULL, &row);
	row.quality = QUALITY_MEASURED;
	row.flags = 1;
	profile_train(&profile, NULL, &row);
	assert_int_equal(profile.week, 0);
	row.flags = 0;
	profile_train(&profile, NULL, &row);
	assert_int_not_equal(profile.week, 0);
}

static void an_hour_is_learned_when_it_is_whole(void **state)
{
	struct profile profile = {0};
	(void)state;

	for (int quarter = 0; quarter < 4; quarter++) {
		assert_int_equal(profile.week, 0);
		struct interval_row row =
			row_of(MONDAY + (int64_t)quarter * QUARTER_MS, QUARTER_MS, 10);
		profile_train(&profile, NULL, &row);
	}
	assert_int_not_equal(profile.week, 0);
}

static void an_interval_of_a_day_teaches_each_of_its_hours(void **state)
{
	struct profile profile = {0};
	(void)state;

	struct interval_row row = row_of(MONDAY, 24 * HOUR_MS, 24 * 500);
	profile_train(&profile, NULL, &row);
	struct profile_spread spread = profile_spread_begin(
		&profile, NULL, MONDAY + week_ms, MONDAY + week_ms + 24 * HOUR_MS);
	assert_non_null(spread.profile);
}

/* Local hours: in Oslo the habit stays at eight o'clock when the clocks change. */
static void habits_follow_the_clock_on_the_wall(void **state)
{
	const struct calendar oslo = {
		.changes = {{.from_wall_ms = 0, .offset_s = 3600},
			    {.from_wall_ms = MONDAY + week_ms, .offset_s = 7200}},
		.count = 2,
	};
	struct profile profile = {0};
	(void)state;

	for (int hour = 0; hour < WEEK_HOURS; hour++) {
		int local = (hour + 1) % 24;
		struct interval_row row = row_of(MONDAY + (int64_t)hour * HOUR_MS, HOUR_MS,
			local >= 8 && local < 16 ? 300 : 100);
		profile_train(&profile, &oslo, &row);
	}
	int64_t from = MONDAY + week_ms + 24 * HOUR_MS + 5 * HOUR_MS; /* 7:00 local summer time */
	struct profile_spread spread =
		profile_spread_begin(&profile, &oslo, from, from + 2 * HOUR_MS);
	assert_int_equal(profile_spread_until(&spread, 1000000, from + HOUR_MS), 250000);
}

static void amounts_of_any_size_keep_their_proportions(void **state)
{
	struct profile profile = {0};
	(void)state;

	train_week(&profile, MONDAY, INT64_C(3000000000000), INT64_C(1000000000000));
	int64_t from = MONDAY + week_ms + 7 * HOUR_MS;
	int64_t before_eight = share(&profile, from, from + 2 * HOUR_MS, from);
	assert_in_range(before_eight, 249980, 250020); /* a cell has 16 bits: 1 in 32,768 */
}

static void shares_are_never_negative_and_add_up_to_the_step(void **state)
{
	struct profile profile = {0};
	int64_t from = MONDAY + week_ms + 12345;
	int64_t to = from + 100 * (int64_t)HOUR_MS + 777;
	int64_t amount = INT64_MAX / 3;
	int64_t last = 0;
	(void)state;

	for (int hour = 0; hour < WEEK_HOURS; hour++) {
		struct interval_row row =
			row_of(MONDAY + (int64_t)hour * HOUR_MS, HOUR_MS, rand() % 1000000);
		profile_train(&profile, NULL, &row);
	}
	struct profile_spread spread = profile_spread_begin(&profile, NULL, from, to);
	assert_non_null(spread.profile);
	for (int64_t at = from; at < to; at += QUARTER_MS) {
		int64_t until = profile_spread_until(&spread, amount, at);
		assert_true(until >= last);
		last = until;
	}
	assert_true(profile_spread_until(&spread, amount, to) == amount);
}

static void what_is_usual_is_told_in_steps_and_only_where_it_was_learned(void **state)
{
	struct profile profile = {0};
	int64_t from = MONDAY + week_ms + 7 * HOUR_MS;
	struct profile_question question = {NULL, from, from + 2 * HOUR_MS};
	int64_t amount = -1;
	(void)state;

	assert_false(profile_expect(&profile, &question, &amount));
	train_week(&profile, MONDAY, 300, 100);
	assert_true(profile_expect(&profile, &question, &amount));
	assert_int_equal(amount, 4 * 100 + 4 * 300);
	question.to_wall_ms = from + QUARTER_MS;
	assert_true(profile_expect(&profile, &question, &amount));
	assert_int_equal(amount, 100);

	/* Amounts beyond a cell's bits are told in steps too, to its accuracy. */
	struct profile large = {0};
	train_week(&large, MONDAY, INT64_C(300000000000), INT64_C(100000000000));
	assert_true(profile_expect(&large, &question, &amount));
	assert_in_range(amount, INT64_C(99990000000), INT64_C(100000000000));
	question.to_wall_ms = from + ((int64_t)PROFILE_SPAN_HOURS_MAX + 1) * HOUR_MS;
	assert_false(profile_expect(&large, &question, &amount));
}

static void what_went_backwards_teaches_nothing(void **state)
{
	struct profile profile = {0};
	struct interval_row row = row_of(MONDAY, HOUR_MS, -1);
	(void)state;

	profile_train(&profile, NULL, &row);
	assert_int_equal(profile.week, 0);
}

/* Rows come in order of time; one that is far too late must not stand in for a week of today. */
static void a_row_of_five_weeks_ago_teaches_nothing(void **state)
{
	struct profile profile = {0};
	int64_t from = MONDAY + 6 * week_ms + 7 * HOUR_MS;
	(void)state;

	train_week(&profile, MONDAY + 5 * week_ms, 100, 100);
	struct interval_row old = row_of(MONDAY + 7 * HOUR_MS, HOUR_MS, 900000);
	profile_train(&profile, NULL, &old);
	assert_int_equal(share(&profile, from, from + 2 * HOUR_MS, from), 500000);
	old = row_of(MONDAY + week_ms + 7 * HOUR_MS, HOUR_MS, 1200); /* the fourth one back */
	profile_train(&profile, NULL, &old);
	/* mean of 400 and 1200 against 400 */
	assert_int_equal(share(&profile, from, from + 2 * HOUR_MS, from), 1000000 * 800 / 1200);
}

/* A clock chip that was never set. The first week of all is the one of 1 January 1970. */
static void before_1970_and_in_its_first_weeks_nothing_breaks(void **state)
{
	struct profile profile = {0};
	const int64_t first_monday = -3 * 24 * (int64_t)HOUR_MS;
	(void)state;

	struct interval_row row = row_of(first_monday - HOUR_MS, HOUR_MS, 700);
	profile_train(&profile, NULL, &row);
	row = row_of(first_monday - HOUR_MS / 2, HOUR_MS / 2, 700);
	profile_train(&profile, NULL, &row);
	assert_int_equal(profile.week, 0);
	train_week(&profile, first_monday + week_ms, 300, 100);
	int64_t from = first_monday + 2 * week_ms + 7 * HOUR_MS;
	assert_int_equal(share(&profile, from, from + 2 * HOUR_MS, from), 250000);
	/* A gap that reaches back before the weeks that are known. */
	from = first_monday - 2 * HOUR_MS;
	assert_int_equal(share(&profile, from, from + 2 * HOUR_MS, from), 500000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_gap_follows_the_same_weekday_and_hour),
		cmocka_unit_test(weeks_count_alike_and_the_fifth_one_back_no_more),
		cmocka_unit_test(without_the_hours_it_is_even),
		cmocka_unit_test(hours_in_which_nothing_was_used_share_evenly),
		cmocka_unit_test(what_is_estimated_flagged_or_null_teaches_nothing),
		cmocka_unit_test(an_hour_is_learned_when_it_is_whole),
		cmocka_unit_test(an_interval_of_a_day_teaches_each_of_its_hours),
		cmocka_unit_test(habits_follow_the_clock_on_the_wall),
		cmocka_unit_test(amounts_of_any_size_keep_their_proportions),
		cmocka_unit_test(shares_are_never_negative_and_add_up_to_the_step),
		cmocka_unit_test(what_is_usual_is_told_in_steps_and_only_where_it_was_learned),
		cmocka_unit_test(what_went_backwards_teaches_nothing),
		cmocka_unit_test(a_row_of_five_weeks_ago_teaches_nothing),
		cmocka_unit_test(before_1970_and_in_its_first_weeks_nothing_breaks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
