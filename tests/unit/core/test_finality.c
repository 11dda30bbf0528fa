/* SPDX-License-Identifier: Apache-2.0 */
/* test_finality.c -- When people may rely on an interval's value: five days after its local day,
 * and after it first had a value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/core/finality.h"

static const int64_t HOUR_MS = 3600000, DAY_MS = 86400000;
/* 2026-01-05T00:00:00Z */
static const int64_t T0 = 1767571200000;

/* Always one hour before UTC's midnight: local = UTC + 1 h. */
static const struct calendar CET = {.changes = {{0, 3600}}, .count = 1};
/* Clocks go forward two days after T0, at 01:00 UTC. */
static const struct calendar SPRING = {
	.changes = {{0, 3600}, {1767571200000 + 2 * 86400000 + 3600000, 7200}},
          .count = 2
};

static struct interval_valuation valued(int64_t start_wall_ms, int64_t first_value_wall_ms)
{
	return (struct interval_valuation){start_wall_ms, first_value_wall_ms, true};
}

static void a_value_is_final_five_days_after_the_end_of_its_local_day(void **state)
{
	(void)state;
	/* 23:30 UTC is 00:30 of the next local day, which ends at 23:00 UTC. */
	struct interval_valuation late = valued(T0 + 23 * HOUR_MS + HOUR_MS / 2, T0 + DAY_MS);
	struct interval_valuation early = valued(T0 + 22 * HOUR_MS, T0 + 23 * HOUR_MS);

	assert_int_equal(interval_final_from(&CET, &early), T0 + 5 * DAY_MS + 23 * HOUR_MS);
	assert_int_equal(interval_final_from(&CET, &late), T0 + 6 * DAY_MS + 23 * HOUR_MS);
	assert_false(interval_is_final(&CET, &early, T0 + 5 * DAY_MS + 23 * HOUR_MS - 1));
	assert_true(interval_is_final(&CET, &early, T0 + 5 * DAY_MS + 23 * HOUR_MS));
}

static void local_days_are_counted_where_one_of_them_is_short(void **state)
{
	struct interval_valuation interval = valued(T0, T0 + HOUR_MS);

	(void)state;
	assert_int_equal(interval_final_from(&SPRING, &interval), T0 + 5 * DAY_MS + 22 * HOUR_MS);
}

static void a_value_that_came_late_has_its_five_days_too(void **state)
{
	struct interval_valuation interval = valued(T0, T0 + 30 * DAY_MS);

	(void)state;
	assert_int_equal(interval_final_from(&CET, &interval), T0 + 35 * DAY_MS);
}

static void null_is_never_final(void **state)
{
	struct interval_valuation interval = {.start_wall_ms = T0, .first_value_wall_ms = T0};

	(void)state;
	assert_int_equal(interval_final_from(&CET, &interval), INT64_MAX);
	assert_false(interval_is_final(&CET, &interval, T0 + 1000 * DAY_MS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_is_final_five_days_after_the_end_of_its_local_day),
		cmocka_unit_test(local_days_are_counted_where_one_of_them_is_short),
		cmocka_unit_test(a_value_that_came_late_has_its_five_days_too),
		cmocka_unit_test(null_is_never_final),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
