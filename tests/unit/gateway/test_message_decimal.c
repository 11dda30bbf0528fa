/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_message_decimal.c -- What is written as a decimal number is read back as the same
 * whole number of steps, or refused: never the one beside it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "drivers/quantity.h"
#include "gateway/message_decimal.h"

enum { NUMBERS = 200000, DECIMALS_MAX = 9 };

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* A number of 1 to 15 digits, either sign. */
static int64_t random_steps(uint64_t *state)
{
	int64_t most = 1;
	for (uint64_t digits = next_random(state) % 15 + 1; digits > 0; digits--)
		most *= 10;
	int64_t steps = (int64_t)(next_random(state) % (uint64_t)most);
	return next_random(state) % 2 ? steps : -steps;
}

static void every_number_of_15_digits_comes_back_to_the_step(void **state)
{
	uint64_t seed = (uint64_t)time(NULL), random = seed * 2 + 1;
	(void)state;
	print_message("seed %llu\n", (unsigned long long)seed);
	for (int i = 0; i < NUMBERS; i++) {
		char text[DECIMAL_TEXT_MAX];
		int8_t decimals = (int8_t)(next_random(&random) % (DECIMALS_MAX + 1));
		int64_t steps = random_steps(&random), again = 0;
		decimal_print(text, steps, decimals);
		assert_true(message_decimal_steps(strtod(text, NULL), decimals, &again));
		assert_int_equal(again, steps);
	}
}

static void what_is_finer_than_a_step_is_refused(void **state)
{
	static const struct {
		double real;
		int8_t decimals;
	} rows[] = {
		{0.5,               0},
		{1.25,              1},
		{-0.001,            2},
		{0.1 + 0.2 + 1e-12, 6},
		{1e300,             0},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t steps = 77;
		assert_false(message_decimal_steps(rows[i].real, rows[i].decimals, &steps));
		assert_int_equal(steps, 77);
	}
}

static void large_numbers_of_few_digits_are_read(void **state)
{
	int64_t steps = 0;
	(void)state;
	assert_true(message_decimal_steps(12e15, 2, &steps));
	assert_int_equal(steps, INT64_C(1200000000000000000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_number_of_15_digits_comes_back_to_the_step),
		cmocka_unit_test(what_is_finer_than_a_step_is_refused),
		cmocka_unit_test(large_numbers_of_few_digits_are_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
