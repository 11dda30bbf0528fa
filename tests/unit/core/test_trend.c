/* SPDX-License-Identifier: Apache-2.0 */
/* test_trend.c -- A minute of a gauge is what its samples say: mean, least, greatest, how many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/core/trend.h"

enum { MINUTE_MS = 60000 };

static const int64_t T0 = 1767225600000;

static int64_t mean_of(const int64_t *values, size_t count)
{
	struct trend trend = {0};
	struct trend_row row;

	for (size_t i = 0; i < count; i++) {
		trend_add(&trend, MINUTE_MS, T0, values[i]);
	}
	assert_true(trend_close(&trend, MINUTE_MS, T0 + MINUTE_MS, &row));
	assert_int_equal(row.count, count);
	return row.mean;
}

static void a_minute_closes_when_it_is_over(void **state)
{
	struct trend trend = {0};
	struct trend_row row;

	(void)state;
	trend_set_clock(&trend, CLOCK_STATE_TRUSTED);
	trend_add(&trend, MINUTE_MS, T0 + 10000, 5);
	trend_add(&trend, MINUTE_MS, T0 + 20000, -3);
	assert_false(trend_close(&trend, MINUTE_MS, T0 + MINUTE_MS - 1, &row));
	assert_true(trend_close(&trend, MINUTE_MS, T0 + MINUTE_MS, &row));
	assert_int_equal(row.start_wall_ms, T0);
	assert_int_equal(row.end_wall_ms, T0 + MINUTE_MS);
	assert_int_equal(row.min, -3);
	assert_int_equal(row.max, 5);
	assert_int_equal(row.mean, 1);
	assert_int_equal(row.count, 2);
	assert_int_equal(row.clock, CLOCK_STATE_TRUSTED);
	assert_false(trend_close(&trend, MINUTE_MS, T0 + 2 * MINUTE_MS, &row));
}

static void a_clock_set_back_closes_the_minute(void **state)
{
	struct trend trend = {0};
	struct trend_row row;

	(void)state;
	trend_add(&trend, MINUTE_MS, T0, 5);
	assert_true(trend_close(&trend, MINUTE_MS, T0 - 1, &row));
}

static void the_mean_is_rounded_half_to_even(void **state)
{
	(void)state;
	assert_int_equal(mean_of((const int64_t[]){0, 1}, 2), 0);
	assert_int_equal(mean_of((const int64_t[]){1, 2}, 2), 2);
	assert_int_equal(mean_of((const int64_t[]){2, 3}, 2), 2);
	assert_int_equal(mean_of((const int64_t[]){0, -1}, 2), 0);
	assert_int_equal(mean_of((const int64_t[]){-1, -2}, 2), -2);
	assert_int_equal(mean_of((const int64_t[]){1, 1, 0}, 3), 1);
	assert_int_equal(mean_of((const int64_t[]){-1, -1, 0}, 3), -1);
	assert_int_equal(mean_of((const int64_t[]){1, 0, 0}, 3), 0);
}

static void sums_beyond_64_bits_are_no_danger(void **state)
{
	(void)state;
	assert_true(mean_of((const int64_t[]){INT64_MAX, INT64_MAX, INT64_MAX}, 3) == INT64_MAX);
	assert_true(mean_of((const int64_t[]){INT64_MIN, INT64_MIN}, 2) == INT64_MIN);
}

static void minutes_before_1970_are_aligned_alike(void **state)
{
	struct trend trend = {0};
	struct trend_row row;

	(void)state;
	trend_add(&trend, MINUTE_MS, -1, 5);
	assert_true(trend_close(&trend, MINUTE_MS, 0, &row));
	assert_int_equal(row.start_wall_ms, -MINUTE_MS);
	assert_int_equal(row.end_wall_ms, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_minute_closes_when_it_is_over),
		cmocka_unit_test(a_clock_set_back_closes_the_minute),
		cmocka_unit_test(the_mean_is_rounded_half_to_even),
		cmocka_unit_test(sums_beyond_64_bits_are_no_danger),
		cmocka_unit_test(minutes_before_1970_are_aligned_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
