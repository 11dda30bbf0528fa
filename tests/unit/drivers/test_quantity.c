/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_quantity.c -- Every quantity has a name of its own, a unit and a range;
 * and what leaves the gateway is printed from integers, exactly.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/quantity.h"

static void every_quantity_is_found_by_its_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < QUANTITY_COUNT; i++) {
		const struct quantity_info *info = quantity_info((enum quantity)i);
		enum quantity found = QUANTITY_COUNT;

		assert_non_null(info->name);
		assert_true(quantity_find(info->name, &found));
		assert_int_equal(found, i);
	}
}

static void an_unknown_name_is_not_found(void **state)
{
	(void)state;
	enum quantity found = QUANTITY_PULSES;

	assert_false(quantity_find("active_energy", &found));
	assert_false(quantity_find("", &found));
	assert_int_equal(found, QUANTITY_PULSES);
}

static void every_range_is_wide_and_keeps_nonsense_out(void **state)
{
	(void)state;
	for (size_t i = 0; i < QUANTITY_COUNT; i++) {
		const struct quantity_info *info = quantity_info((enum quantity)i);

		assert_true(info->plausible_min <= 0 || info->kind == QUANTITY_GAUGE);
		assert_true(info->plausible_max > 0);
		/* A torn 64-bit word is beyond every range. */
		assert_true(info->plausible_max < INT64_MAX / 2);
		assert_in_range(info->decimals, 0, 6);
		assert_true(strlen(info->unit) > 0);
	}
}

static void counters_never_go_below_zero_and_only_currents_follow_a_transformer(void **state)
{
	(void)state;
	for (size_t i = 0; i < QUANTITY_COUNT; i++) {
		const struct quantity_info *info = quantity_info((enum quantity)i);
		bool electric = strstr(info->name, "active_") || strstr(info->name, "apparent_") ||
				strstr(info->name, "current");

		if (info->kind == QUANTITY_COUNTER) {
			assert_int_equal(info->plausible_min, 0);
		}
		assert_int_equal(info->scaled_by_ct, electric);
	}
}

static void a_decimal_is_printed_without_trailing_zeros(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct {
		int64_t steps;
		int8_t decimals;
		const char *text;
	} cases[] = {
		/* steps              decimals  text */
		{0,                   0,        "0"},
		{0,                   6,        "0"},
		{7,                   0,        "7"},
		{12500,               3,        "12.5"},
		{-1,                  3,        "-0.001"},
		{-12000,              3,        "-12"},
		{1000001,             6,        "1.000001"},
		{123456789012345,     6,        "123456789.012345"},
		{1234567890123456,    6,        "1234567890.12346"},  /* 16th digit 6: up */
		{1234567890123445,    6,        "1234567890.12344"},  /* half: to even, down */
		{1234567890123455,    6,        "1234567890.12346"},  /* half: to even, up */
		{999999999999999500,  0,        "1000000000000000000"},
		{999999999999999499,  3,        "999999999999999"},
		{INT64_MAX,           6,        "9223372036854.78"},
		{INT64_MIN,           6,        "-9223372036854.78"},
		{INT64_MIN,           18,       "-9.22337203685478"},
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char buffer[DECIMAL_TEXT_MAX];
		size_t length = decimal_print(buffer, cases[i].steps, cases[i].decimals);

		assert_string_equal(buffer, cases[i].text);
		assert_int_equal(length, strlen(cases[i].text));
	}
}

static void a_printed_decimal_survives_a_double(void **state)
{
	(void)state;
	unsigned short seed[3] = {2026, 11, 23};

	for (int i = 0; i < 20000; i++) {
		int64_t steps = (int64_t)(erand48(seed) * 2e15) - 1000000000000000;
		char buffer[DECIMAL_TEXT_MAX];
		char again[64];

		decimal_print(buffer, steps, 6);
		snprintf(again, sizeof(again), "%.15g", strtod(buffer, NULL));
		if (!strchr(again, 'e')) { /* %g turns to exponents for the tiny */
			assert_string_equal(buffer, again);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_quantity_is_found_by_its_name),
		cmocka_unit_test(an_unknown_name_is_not_found),
		cmocka_unit_test(every_range_is_wide_and_keeps_nonsense_out),
		cmocka_unit_test(
			counters_never_go_below_zero_and_only_currents_follow_a_transformer),
		cmocka_unit_test(a_decimal_is_printed_without_trailing_zeros),
		cmocka_unit_test(a_printed_decimal_survives_a_double),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
