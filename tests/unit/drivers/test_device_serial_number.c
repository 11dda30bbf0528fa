/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_device_serial_number.c -- Protects: a serial number is what the device
 * says, and registers that hold none give none, however they say so.
 */
#include "drivers/device_reader.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* clang-format off */
static const struct {
	const char *what;
	struct register_format format;
	uint16_t words[4];
	const char *text;
} cases[] = {
	{"a number",              {.encoding = ENCODING_U32, .registers = 2}, {1, 7},                 "65543"},
	{"low word first",        {.encoding = ENCODING_U32, .registers = 2, .low_word_first = true}, {7, 1}, "65543"},
	{"text",                  {.encoding = ENCODING_STRING, .registers = 3}, {0x4142, 0x3132, 0x2020}, "AB12"},
	{"decimal digits",        {.encoding = ENCODING_BCD, .registers = 2}, {0x0012, 0x3456},       "123456"},
	{"digits that are none",  {.encoding = ENCODING_BCD, .registers = 2}, {0x0012, 0x34a6},       ""},
	{"zero",                  {.encoding = ENCODING_U32, .registers = 2}, {0, 0},                 ""},
	{"below zero",            {.encoding = ENCODING_I32, .registers = 2}, {0xffff, 0xfffe},       ""},
	{"past 63 bits",          {.encoding = ENCODING_U64, .registers = 4}, {0x8000, 0, 0, 1},      ""},
	{"never written, number", {.encoding = ENCODING_U32, .registers = 2}, {0xffff, 0xffff},       ""},
	{"never written, text",   {.encoding = ENCODING_STRING, .registers = 2}, {0xffff, 0xffff},    ""},
	{"spaces",                {.encoding = ENCODING_STRING, .registers = 2}, {0x2020, 0x2020},    ""},
};
/* clang-format on */

static void a_serial_number_is_what_the_registers_say_or_none(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[SERIAL_NUMBER_MAX] = "left over";

		print_message("%s\n", cases[i].what);
		device_serial_number_text(cases[i].words, cases[i].format, text);
		assert_string_equal(text, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_serial_number_is_what_the_registers_say_or_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
