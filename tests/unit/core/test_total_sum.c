/* SPDX-License-Identifier: Apache-2.0 */
/* test_total_sum.c -- What a row adds to its span; shares and names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/core/totals.h"

enum { QUARTER_MS = 900000, HOUR_MS = 3600000 };

static void nearly_all_is_not_all(void **state)
{
	(void)state;
	assert_int_equal(
		total_coverage_permille(&(struct total){.elapsed_ms = 100000, .covered_ms = 99999}),
		999);
}

static struct interval_row row(enum quality quality, int64_t energy, uint32_t flags)
{
	return (struct interval_row){.end_wall_ms = QUARTER_MS,
		.energy = energy,
		.quality = (uint8_t)quality,
		.flags = flags};
}

static void rows_without_a_value_add_nothing(void **state)
{
	struct total_sum sum = {0};
	const struct interval_row missing = row(QUALITY_MISSING, 77, 0);
	const struct interval_row rejected = row(QUALITY_REJECTED, 77, 0);

	(void)state;
	total_sum_add(&sum, &missing);
	total_sum_add(&sum, &rejected);
	assert_int_equal(sum.energy, 0);
	assert_int_equal(sum.covered_ms, 0);
	assert_int_equal(sum.intervals, 0);
}

static void an_interval_belongs_to_the_span_it_starts_in(void **state)
{
	const int64_t day = 24 * (int64_t)HOUR_MS;

	(void)state;
	assert_int_equal(total_elapsed_ms(0, HOUR_MS, QUARTER_MS), HOUR_MS);
	/* Intervals of a day in a local day that ends an hour before UTC's, one of 25 hours, and
	   one of 23: each begins one interval. */
	assert_int_equal(total_elapsed_ms(-HOUR_MS, day - HOUR_MS, day), day);
	assert_int_equal(total_elapsed_ms(-2 * HOUR_MS, day - HOUR_MS, day), day);
	assert_int_equal(total_elapsed_ms(-HOUR_MS, day - 2 * HOUR_MS, day), day);
	assert_int_equal(total_elapsed_ms(5 * HOUR_MS, 6 * HOUR_MS, day), 0);
}

static void every_part_and_lack_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < PART_COUNT; i++) {
		for (int j = 0; j < i; j++) {
			assert_string_not_equal(totals_part_name((enum totals_part_name)i),
				totals_part_name((enum totals_part_name)j));
		}
	}
	for (int i = 0; i < LACK_COUNT; i++) {
		for (int j = 0; j < i; j++) {
			assert_string_not_equal(total_lack_name((enum total_lack)i),
				total_lack_name((enum total_lack)j));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nearly_all_is_not_all),
		cmocka_unit_test(rows_without_a_value_add_nothing),
		cmocka_unit_test(an_interval_belongs_to_the_span_it_starts_in),
		cmocka_unit_test(every_part_and_lack_has_a_name_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
