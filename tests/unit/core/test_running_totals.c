/* SPDX-License-Identifier: Apache-2.0 */
/* test_running_totals.c -- Today by hour, this month by day and this year by month are the sums of
 * the rows, when days, months and years end too; and the peaks are those of the rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "gateway/core/running_totals.h"

static const int64_t HOUR_MS = 3600000, QUARTER_MS = 900000, DAY_MS = 86400000;
/* 2026-10-24T22:00:00Z: midnight in Oslo, of the day of 25 hours. */
static const int64_t AUTUMN = 1792879200000;
/* Summer time until 01:00 UTC of the 25th. */
static const struct calendar OSLO = {
	.changes = {{0, 7200}, {1792879200000 + 3 * 3600000, 3600}},
          .count = 2
};
static const struct calendar UTC = {.count = 0};
/* 2026-01-01T00:00:00Z */
static const int64_t NEW_YEAR = 1767225600000;

struct bench {
	const struct calendar *calendar;
	struct totals_window window;
	struct running_totals totals;
	struct series_peaks peaks;
};

static struct bench at(const struct calendar *calendar, int64_t wall_ms)
{
	struct bench bench = {.calendar = calendar};

	totals_window_at(calendar, wall_ms, &bench.window);
	return bench;
}

static void roll_to(struct bench *bench, int64_t wall_ms)
{
	struct totals_window next;

	totals_window_at(bench->calendar, wall_ms, &next);
	running_totals_roll(&bench->totals, &bench->peaks,
		&(struct totals_roll){.from = &bench->window, .to = &next});
	bench->window = next;
}

static struct interval_row quarter(int64_t start_wall_ms, int64_t energy)
{
	return (struct interval_row){.start_wall_ms = start_wall_ms,
		.end_wall_ms = start_wall_ms + QUARTER_MS,
		.energy = energy};
}

/* Quarters of that much each, days as they pass. */
static void count(struct bench *bench, int64_t from, int64_t to, int64_t energy)
{
	for (int64_t start = from; start < to; start += QUARTER_MS) {
		struct interval_row row = quarter(start, energy);
		if (start >= totals_window_day_end(&bench->window)) {
			roll_to(bench, start);
		}
		assert_int_equal(
			running_totals_add(&bench->totals, &bench->window, &row), WINDOW_INSIDE);
	}
}

static void a_day_of_25_hours_has_25(void **state)
{
	struct bench bench = at(&OSLO, AUTUMN + 5 * HOUR_MS);

	(void)state;
	assert_int_equal(bench.window.hours_count, 25);
	assert_int_equal(totals_window_day_end(&bench.window), AUTUMN + 25 * HOUR_MS);
	assert_int_equal(bench.window.days_count, 31);
	assert_int_equal(bench.window.day, 24);
	assert_int_equal(bench.window.months_count, 12);
	assert_int_equal(bench.window.month, 9);
	count(&bench, AUTUMN, AUTUMN + 25 * HOUR_MS, 3);
	assert_int_equal(running_totals_today(&bench.totals, 25).energy, 25 * 4 * 3);
	assert_int_equal(running_totals_hour(&bench.totals, 2).energy, 12);
	assert_int_equal(running_totals_hour(&bench.totals, 3).energy, 12);
	roll_to(&bench, AUTUMN + 25 * HOUR_MS);
	assert_int_equal(bench.window.day, 25);
	assert_int_equal(running_totals_day(&bench.totals, 24).energy, 25 * 4 * 3);
	assert_int_equal(running_totals_day(&bench.totals, 24).covered_ms, 25 * HOUR_MS);
	assert_int_equal(running_totals_today(&bench.totals, 24).energy, 0);
}

static void days_become_months_and_years_begin_anew(void **state)
{
	struct bench bench = at(&UTC, NEW_YEAR - 2 * DAY_MS);

	(void)state; /* 30 and 31 December, 31 days of January, 1 February */
	count(&bench, NEW_YEAR - 2 * DAY_MS, NEW_YEAR + 32 * DAY_MS, 1);
	assert_int_equal(bench.window.month, 1);
	assert_int_equal(bench.window.day, 0);
	assert_int_equal(running_totals_month(&bench.totals, 0).energy, 31 * 96);
	assert_int_equal(running_totals_month(&bench.totals, 11).energy, 0);
	assert_int_equal(running_totals_today(&bench.totals, 24).energy, 96);
	for (size_t i = 1; i < WINDOW_DAYS_MAX; i++) {
		assert_int_equal(running_totals_day(&bench.totals, i).energy, 0);
	}
}

static void a_late_row_finds_its_day_or_month(void **state)
{
	struct bench bench = at(&UTC, NEW_YEAR + 40 * DAY_MS);
	struct interval_row yesterday = quarter(NEW_YEAR + 39 * DAY_MS, 5);
	struct interval_row january = quarter(NEW_YEAR + 3 * DAY_MS, 7);
	struct interval_row last_year = quarter(NEW_YEAR - QUARTER_MS, 9);
	struct interval_row tomorrow = quarter(NEW_YEAR + 41 * DAY_MS, 11);

	(void)state;
	assert_int_equal(
		running_totals_add(&bench.totals, &bench.window, &yesterday), WINDOW_INSIDE);
	assert_int_equal(running_totals_add(&bench.totals, &bench.window, &january), WINDOW_INSIDE);
	assert_int_equal(
		running_totals_add(&bench.totals, &bench.window, &last_year), WINDOW_BEFORE);
	assert_int_equal(running_totals_add(&bench.totals, &bench.window, &tomorrow), WINDOW_AFTER);
	assert_int_equal(running_totals_day(&bench.totals, 8).energy, 5);
	assert_int_equal(running_totals_month(&bench.totals, 0).energy, 7);
}

static void an_interval_over_midnight_belongs_to_the_day_it_starts_in(void **state)
{
	/* 18:00-19:00 UTC in a zone 5:30 ahead: midnight is at 18:30. */
	const struct calendar kolkata = {.changes = {{0, 19800}}, .count = 1};
	struct bench bench = at(&kolkata, NEW_YEAR);
	struct interval_row row = {.start_wall_ms = NEW_YEAR + 18 * HOUR_MS,
		.end_wall_ms = NEW_YEAR + 19 * HOUR_MS,
		.energy = 10};

	(void)state;
	assert_int_equal(running_totals_add(&bench.totals, &bench.window, &row), WINDOW_INSIDE);
	assert_int_equal(running_totals_hour(&bench.totals, 23).energy, 10);
	assert_int_equal(running_totals_hour(&bench.totals, 23).covered_ms, HOUR_MS);
}

static void estimates_and_gaps_are_told_apart(void **state)
{
	struct bench bench = at(&UTC, NEW_YEAR);
	struct interval_row rows[] = {quarter(NEW_YEAR, 1), quarter(NEW_YEAR + QUARTER_MS, 2),
		quarter(NEW_YEAR + 2 * QUARTER_MS, 4), quarter(NEW_YEAR + 3 * QUARTER_MS, 8)};

	(void)state;
	rows[1].quality = QUALITY_ESTIMATED;
	rows[2].quality = QUALITY_MISSING;
	rows[3].flags = 1;
	for (int i = 0; i < 4; i++) {
		(void)!running_totals_add(&bench.totals, &bench.window, &rows[i]);
	}
	struct total_sum hour = running_totals_hour(&bench.totals, 0);
	assert_int_equal(hour.energy, 11);
	assert_int_equal(hour.estimated, 2);
	assert_int_equal(hour.covered_ms, 3 * QUARTER_MS);
	assert_int_equal(hour.good_ms, QUARTER_MS);
}

static void a_row_over_half_a_year_covers_all_it_can(void **state)
{
	struct bench bench = at(&UTC, NEW_YEAR + 200 * DAY_MS);
	struct interval_row row = quarter(NEW_YEAR, 5);

	(void)state;
	row.end_wall_ms = NEW_YEAR + 180 * DAY_MS;
	(void)!running_totals_add(&bench.totals, &bench.window, &row);
	assert_int_equal(running_totals_month(&bench.totals, 0).covered_ms, UINT32_MAX);
}

static void the_newest_days_can_be_counted_again(void **state)
{
	struct bench bench = at(&UTC, NEW_YEAR);

	(void)state;
	count(&bench, NEW_YEAR, NEW_YEAR + 3 * DAY_MS + HOUR_MS, 1);
	running_totals_clear_days(&bench.totals, 2);
	assert_int_equal(running_totals_today(&bench.totals, 24).energy, 0);
	assert_int_equal(running_totals_day(&bench.totals, 2).energy, 0);
	assert_int_equal(running_totals_day(&bench.totals, 1).energy, 96);
}

/* ---- peaks come from the same rows ---- */

static void each_day_offers_its_highest_whole_hour(void **state)
{
	struct bench bench = at(&UTC, NEW_YEAR);
	const struct peak_rules rules = {.rule = PEAK_MEAN_OF_DAYS, .count = 3};
	struct peak_result result;

	(void)state;
	count(&bench, NEW_YEAR, NEW_YEAR + 7 * HOUR_MS, 10);
	count(&bench, NEW_YEAR + 7 * HOUR_MS, NEW_YEAR + 8 * HOUR_MS, 50);
	count(&bench, NEW_YEAR + 8 * HOUR_MS, NEW_YEAR + 9 * HOUR_MS, 45);
	count(&bench, NEW_YEAR + 9 * HOUR_MS, NEW_YEAR + DAY_MS + HOUR_MS, 20);
	peaks_evaluate(&bench.peaks, &rules, &result);
	assert_int_equal(result.count, 1); /* the second day is not over */
	assert_int_equal(result.of[0].start_wall_ms, NEW_YEAR + 7 * HOUR_MS);
	assert_int_equal(result.power, 200);
	assert_int_equal(bench.peaks.days[0].day.energy, 7 * 40 + 200 + 180 + 15 * 80);
	running_totals_offer_hours(&bench.totals, &bench.window, 1, &bench.peaks);
	peaks_evaluate(&bench.peaks, &rules, &result);
	assert_int_equal(result.count, 2);
	assert_int_equal(result.power, 140);
}

static void months_before_keep_their_peak_for_a_year(void **state)
{
	struct bench bench = at(&UTC, NEW_YEAR - DAY_MS);
	const struct peak_rules rules = {.rule = PEAK_MEAN_OF_MONTHS, .count = 3};
	struct peak_result result;

	(void)state; /* December 25 a quarter; January 5; then nothing is read for long */
	count(&bench, NEW_YEAR - DAY_MS, NEW_YEAR, 25);
	count(&bench, NEW_YEAR, NEW_YEAR + 32 * DAY_MS, 5);
	peaks_evaluate(&bench.peaks, &rules, &result);
	assert_int_equal(result.count, 2);
	assert_int_equal(result.of[0].energy, 100);
	assert_int_equal(result.of[1].energy, 20);
	assert_int_equal(result.power, 60);
	roll_to(&bench, NEW_YEAR + 340 * DAY_MS); /* December again */
	peaks_evaluate(&bench.peaks, &rules, &result);
	assert_int_equal(result.count, 2); /* January and February */
	assert_int_equal(result.of[0].energy, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_day_of_25_hours_has_25),
		cmocka_unit_test(days_become_months_and_years_begin_anew),
		cmocka_unit_test(a_late_row_finds_its_day_or_month),
		cmocka_unit_test(an_interval_over_midnight_belongs_to_the_day_it_starts_in),
		cmocka_unit_test(estimates_and_gaps_are_told_apart),
		cmocka_unit_test(a_row_over_half_a_year_covers_all_it_can),
		cmocka_unit_test(the_newest_days_can_be_counted_again),
		cmocka_unit_test(each_day_offers_its_highest_whole_hour),
		cmocka_unit_test(months_before_keep_their_peak_for_a_year),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
