/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_wire_pace.c -- The wire's own time: the measure of how well a gateway
 * uses a line, so it must be right to the microsecond.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/simulate/wire_pace.h"

static void characters_and_silence_take_what_the_specification_says(void **state)
{
	(void)state;
	assert_int_equal(wire_characters_us(9600, 8), 9166); /* 88 bits */
	assert_int_equal(wire_characters_us(19200, 1), 572); /* 11 bits */
	assert_int_equal(wire_silence_us(9600), 4010);       /* 38.5 bits */
	assert_int_equal(wire_silence_us(19200), 2005);
	assert_int_equal(wire_silence_us(38400), 1750); /* fixed above 19200 */
	assert_int_equal(wire_silence_us(115200), 1750);
	assert_int_equal(wire_characters_us(0, 100), 0);
	assert_int_equal(wire_silence_us(0), 0);
}

static void an_answer_is_handed_over_in_groups_and_its_rest_at_the_end(void **state)
{
	(void)state;
	assert_int_equal(wire_handed_over(9600, 20, -1), 0);
	assert_int_equal(wire_handed_over(9600, 20, 9166), 0); /* the eighth is not quite there */
	assert_int_equal(wire_handed_over(9600, 20, 9167), 8);
	assert_int_equal(wire_handed_over(9600, 20, 18334), 16);
	assert_int_equal(wire_handed_over(9600, 20, 22916), 16);
	assert_int_equal(wire_handed_over(9600, 20, 22917), 20);
	assert_int_equal(wire_handed_over(0, 20, 0), 20);
}

static void at_the_time_of_a_group_there_is_one(void **state)
{
	(void)state;
	static const uint32_t bauds[] = {0, 300, 9600, 19200, 38400, 57600, 115200, 4000000};
	for (size_t i = 0; i < sizeof(bauds) / sizeof(bauds[0]); i++)
		for (size_t length = 1; length < 300; length++)
			for (size_t sent = 0; sent < length;) {
				int64_t at_us = wire_group_us(bauds[i], length, sent);
				size_t now = wire_handed_over(bauds[i], length, at_us);
				assert_true(now > sent);
				sent = now;
			}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(characters_and_silence_take_what_the_specification_says),
		cmocka_unit_test(an_answer_is_handed_over_in_groups_and_its_rest_at_the_end),
		cmocka_unit_test(at_the_time_of_a_group_there_is_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
