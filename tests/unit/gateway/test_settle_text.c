/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_settle_text.c -- A person's numbers arrive to the step, or are refused:
 * none is silently another one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/settle_text.h"

static void a_reading_is_exact(void **state)
{
	static const struct {
		const char *text;
		int64_t mwh;
	} rows[] = {
		{"0",                    0               },
		{"1600",                 1600000000      },
		{"1600.5",               1600500000      },
		{"0.000001",             1               },
		{"0.1000000000",         100000          },
		{"9007199254.740993",    9007199254740993}, /* 2^53 + 1: no double holds it */
		{"9223372036854.775807", INT64_MAX       },
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int64_t steps = -1;
		assert_true(
			settle_text_reading(rows[i].text, QUANTITY_ACTIVE_ENERGY_IMPORT, &steps));
		assert_int_equal(steps, rows[i].mwh);
	}
}

static void what_is_no_reading_is_refused(void **state)
{
	static const char *const texts[] = {"", " 1", "1 ", "-1", "+1", "1,5", "1.", ".5", "1e3",
		"0x10", "1.2.3", "unknown", "0.0000001", "9223372036854.775808",
		"99999999999999999999", "NaN", "1/2"};
	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		int64_t steps = -1;
		assert_false(settle_text_reading(texts[i], QUANTITY_ACTIVE_ENERGY_IMPORT, &steps));
		assert_int_equal(steps, -1);
	}
}

static void a_multiplier_is_a_fraction_in_lowest_terms(void **state)
{
	static const struct {
		const char *text;
		struct scale scale;
	} rows[] = {
		{"60",      {60, 1}},
		{"0.1",     {1, 10}},
		{"300/5",   {60, 1}},
		{"1.50",    {3, 2} },
		{"2.5/0.5", {5, 1} },
		{"1/3",     {1, 3} },
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct scale scale;
		assert_true(settle_text_multiplier(rows[i].text, &scale));
		assert_int_equal(scale.numerator, rows[i].scale.numerator);
		assert_int_equal(scale.denominator, rows[i].scale.denominator);
	}
}

static void no_multiplier_is_zero_negative_or_a_word(void **state)
{
	static const char *const texts[] = {"0", "0.0", "-1", "", "/5", "300/", "300/0", "5/5/5",
		"1,5", "x60", "60x", "1e2", "99999999999999999999"};
	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct scale scale;
		assert_false(settle_text_multiplier(texts[i], &scale));
	}
}

static void an_amount_has_its_unit(void **state)
{
	char text[AMOUNT_TEXT_MAX];
	(void)state;
	assert_string_equal(settle_text_amount(text, QUANTITY_HEAT_ENERGY, -12500000), "-12.5 kWh");
	assert_string_equal(settle_text_amount(text, QUANTITY_VOLUME, 1000000), "1 m³");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reading_is_exact),
		cmocka_unit_test(what_is_no_reading_is_refused),
		cmocka_unit_test(a_multiplier_is_a_fraction_in_lowest_terms),
		cmocka_unit_test(no_multiplier_is_zero_negative_or_a_word),
		cmocka_unit_test(an_amount_has_its_unit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
