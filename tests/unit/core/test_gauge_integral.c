/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_gauge_integral.c -- The integral of a gauge over intervals, with its
 * gaps and signs: what is not known is unknown, never zero.
 */
#include "gateway/core/gauge_integral.h"

#include "tests/fakes/flag_bench.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sample_holds_until_the_next_one_across_the_boundary),
		cmocka_unit_test(the_last_sample_holds_to_the_end_as_long_as_the_limit_allows),
		cmocka_unit_test(a_gap_makes_its_interval_unknown_and_no_other),
		cmocka_unit_test(a_sample_without_a_value_is_a_gap_and_no_zero),
		cmocka_unit_test(a_clock_set_back_and_another_length_begin_the_integral_anew),
		cmocka_unit_test(the_largest_power_over_a_day_does_not_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
