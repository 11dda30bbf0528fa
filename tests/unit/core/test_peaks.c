/* SPDX-License-Identifier: Apache-2.0 */
/* test_peaks.c -- The power a supplier charges for, by its rule; nothing doubtful sets it, and no
 * hour that the register cannot resolve. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "gateway/core/peaks.h"

static const int64_t HOUR_MS = 3600000, DAY_MS = 86400000;

static struct total_sum hour(int64_t energy)
{
	return (struct total_sum){.energy = energy, .covered_ms = HOUR_MS, .good_ms = HOUR_MS};
}

/* Hour `number` of day `day` reaches that energy; the whole day ten times as much. */
static void offer(struct series_peaks *peaks, int day, int number, int64_t energy)
{
	struct total_sum of_hour = hour(energy);
	struct total_sum of_day = {.energy = 10 * energy, .covered_ms = DAY_MS, .good_ms = DAY_MS};
	int64_t start = day * DAY_MS + number * HOUR_MS;

	peak_offer(&peaks->days[day].hour, start, start + HOUR_MS, &of_hour);
	peak_offer(&peaks->days[day].day, day * DAY_MS, (day + 1) * DAY_MS, &of_day);
}

static struct peak_result evaluate(
	const struct series_peaks *peaks, enum peak_rule rule, size_t count, int64_t resolution)
{
	const struct peak_rules rules = {rule, count, resolution};
	struct peak_result result;

	peaks_evaluate(peaks, &rules, &result);
	return result;
}

static struct series_peaks a_month(void)
{
	struct series_peaks peaks = {0};

	offer(&peaks, 0, 7, 500);
	offer(&peaks, 0, 8, 490); /* of a day already counted */
	offer(&peaks, 3, 12, 300);
	offer(&peaks, 9, 18, 401);
	offer(&peaks, 20, 6, 100);
	return peaks;
}

static void the_highest_hour_of_the_month(void **state)
{
	struct series_peaks peaks = a_month();
	struct peak_result result = evaluate(&peaks, PEAK_HIGHEST_HOUR, 3, 1);

	(void)state;
	assert_true(result.is_known);
	assert_int_equal(result.power, 500);
	assert_int_equal(result.count, 1);
	assert_int_equal(result.of[0].start_wall_ms, 7 * HOUR_MS);
	assert_int_equal(result.span, SPAN_HOUR);
}

static void the_mean_of_the_highest_hours_of_different_days(void **state)
{
	struct series_peaks peaks = a_month();
	struct peak_result result = evaluate(&peaks, PEAK_MEAN_OF_DAYS, 3, 1);

	(void)state;
	assert_int_equal(result.count, 3);
	assert_int_equal(result.of[0].energy, 500);
	assert_int_equal(result.of[1].energy, 401);
	assert_int_equal(result.of[2].energy, 300);
	assert_int_equal(result.power, 400); /* 1201 / 3, to the nearest */
	assert_int_equal(evaluate(&peaks, PEAK_MEAN_OF_DAYS, 12, 1).count, 4);
}

static void the_mean_of_the_highest_monthly_maxima(void **state)
{
	struct series_peaks peaks = a_month();

	(void)state;
	series_peaks_close_month(&peaks, 1);
	offer(&peaks, 4, 4, 200);
	series_peaks_close_month(&peaks, 2);
	offer(&peaks, 5, 5, 350);
	offer(&peaks, 6, 5, 340);
	struct peak_result result = evaluate(&peaks, PEAK_MEAN_OF_MONTHS, 2, 1);
	assert_int_equal(result.count, 2);
	assert_int_equal(result.of[0].energy, 500);
	assert_int_equal(result.of[1].energy, 350);
	assert_int_equal(result.power, 425);
	/* The month's own rules see this month only. */
	assert_int_equal(evaluate(&peaks, PEAK_HIGHEST_HOUR, 1, 1).power, 350);
}

static void of_equal_hours_the_earlier_counts(void **state)
{
	struct series_peaks peaks = {0};

	(void)state;
	offer(&peaks, 5, 1, 100);
	offer(&peaks, 2, 1, 100);
	offer(&peaks, 2, 9, 100);
	assert_int_equal(evaluate(&peaks, PEAK_HIGHEST_HOUR, 1, 1).of[0].start_wall_ms,
		2 * DAY_MS + HOUR_MS);
}

static void nothing_doubtful_sets_a_peak(void **state)
{
	struct peak peak = {0};
	struct total_sum with_gap = {
		.energy = 900, .covered_ms = HOUR_MS - 900000, .good_ms = HOUR_MS - 900000};
	struct total_sum estimated = {.energy = 900,
		.estimated = 100,
		.covered_ms = HOUR_MS,
		.good_ms = HOUR_MS - 900000};
	struct total_sum good = hour(5);

	(void)state;
	peak_offer(&peak, 0, HOUR_MS, &with_gap);
	peak_offer(&peak, 0, HOUR_MS, &estimated);
	assert_int_equal(peak.length_ms, 0);
	peak_offer(&peak, 0, HOUR_MS, &good);
	assert_int_equal(peak.energy, 5);
}

static void without_a_good_hour_there_is_no_peak(void **state)
{
	struct series_peaks peaks = {0};
	struct peak_result result = evaluate(&peaks, PEAK_MEAN_OF_DAYS, 3, 1);

	(void)state;
	assert_false(result.is_known);
	assert_int_equal(result.count, 0);
}

static void coarse_registers_are_judged_by_the_day(void **state)
{
	struct series_peaks peaks = a_month();

	(void)state;
	/* 2 % of 500 is 10. */
	assert_int_equal(evaluate(&peaks, PEAK_HIGHEST_HOUR, 1, 10).span, SPAN_HOUR);
	struct peak_result result = evaluate(&peaks, PEAK_HIGHEST_HOUR, 1, 11);
	assert_int_equal(result.span, SPAN_DAY);
	assert_true(result.is_known);
	assert_int_equal(result.power, 208); /* 5000 in 24 hours */
}

static void registers_too_coarse_for_days_have_no_peak(void **state)
{
	struct series_peaks peaks = a_month();
	struct peak_result result = evaluate(&peaks, PEAK_HIGHEST_HOUR, 1, 1000);

	(void)state;
	assert_false(result.is_known);
	assert_int_equal(result.span, SPAN_DAY);
}

static void a_long_day_is_not_more_power(void **state)
{
	struct series_peaks peaks = {0};
	struct total_sum long_day = {
		.energy = 2500, .covered_ms = 25 * HOUR_MS, .good_ms = 25 * HOUR_MS};
	struct total_sum short_day = {
		.energy = 2415, .covered_ms = 23 * HOUR_MS, .good_ms = 23 * HOUR_MS};

	(void)state;
	peak_offer(&peaks.days[0].hour, 0, HOUR_MS,
		&(struct total_sum){.energy = 1, .covered_ms = HOUR_MS, .good_ms = HOUR_MS});
	peak_offer(&peaks.days[0].day, 0, 25 * HOUR_MS, &long_day);
	peak_offer(&peaks.days[1].day, 25 * HOUR_MS, 48 * HOUR_MS, &short_day);
	struct peak_result result = evaluate(&peaks, PEAK_HIGHEST_HOUR, 1, 40);
	assert_int_equal(result.power, 105);
}

static void every_rule_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < PEAK_RULE_COUNT; i++) {
		for (int j = 0; j < i; j++) {
			assert_string_not_equal(peak_rule_name((enum peak_rule)i),
				peak_rule_name((enum peak_rule)j));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_highest_hour_of_the_month),
		cmocka_unit_test(the_mean_of_the_highest_hours_of_different_days),
		cmocka_unit_test(the_mean_of_the_highest_monthly_maxima),
		cmocka_unit_test(of_equal_hours_the_earlier_counts),
		cmocka_unit_test(nothing_doubtful_sets_a_peak),
		cmocka_unit_test(without_a_good_hour_there_is_no_peak),
		cmocka_unit_test(coarse_registers_are_judged_by_the_day),
		cmocka_unit_test(registers_too_coarse_for_days_have_no_peak),
		cmocka_unit_test(a_long_day_is_not_more_power),
		cmocka_unit_test(every_rule_has_a_name_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
