/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_json_writer.c -- That what is written is JSON whatever the text, that the
 * buffer's end is never passed, and that instants survive both ways.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "gateway/json_instant.h"
#include "gateway/json_writer.h"

enum { TEXT_BYTES_MAX = 256 };

static void begin(struct json_writer *writer, char text[static TEXT_BYTES_MAX])
{
	json_writer_begin(writer, (struct json_buffer){text, TEXT_BYTES_MAX});
}

static void a_value_of_each_type_is_written_as_json(void **state)
{
	(void)state;
	char text[TEXT_BYTES_MAX];
	struct json_writer writer;
	begin(&writer, text);
	json_writer_open_object(&writer);
	json_writer_key(&writer, "a");
	json_writer_open_array(&writer);
	json_writer_integer(&writer, INT64_MIN);
	json_writer_integer(&writer, 0);
	json_writer_decimal(&writer, -12500000, 6);
	json_writer_close_array(&writer);
	json_writer_key(&writer, "b");
	json_writer_boolean(&writer, true);
	json_writer_key(&writer, "c");
	json_writer_null(&writer);
	json_writer_key(&writer, "d");
	json_writer_instant(&writer, 1250);
	json_writer_close_object(&writer);
	size_t length = json_writer_end(&writer);
	assert_string_equal(text, "{\"a\":[-9223372036854775808,0,-12.5],\"b\":true,\"c\":null,"
				  "\"d\":\"1970-01-01T00:00:01.250Z\"}");
	assert_int_equal(length, strlen(text));
}

/* clang-format off */
static const struct {
	const char *text;
	const char *json;
} strings[] = {
	{"",                          "\"\""},
	{"Skolegata 1, \xc3\xa6\xc3\xb8\xc3\xa5", "\"Skolegata 1, \xc3\xa6\xc3\xb8\xc3\xa5\""},
	{"\"quoted\" C:\\",           "\"\\\"quoted\\\" C:\\\\\""},
	{"line\nand\ttab\x01",        "\"line\\u000aand\\u0009tab\\u0001\""},
	{"\xf0\x9f\x8f\xab",          "\"\xf0\x9f\x8f\xab\""},
	{"\xff",                      "\"\xef\xbf\xbd\""},
	{"\xc3",                      "\"\xef\xbf\xbd\""},       /* cut in the middle */
	{"\xc0\xaf",                  "\"\xef\xbf\xbd\xef\xbf\xbd\""}, /* overlong */
	{"\xed\xa0\x80",              "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""}, /* a surrogate */
	{"\xf4\x90\x80\x80",          "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""}, /* past U+10FFFF */
};
/* clang-format on */

static void any_bytes_become_valid_utf8(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		char text[TEXT_BYTES_MAX];
		struct json_writer writer;
		begin(&writer, text);
		json_writer_string(&writer, strings[i].text);
		json_writer_end(&writer);
		assert_string_equal(text, strings[i].json);
	}
}

static size_t write_sample(char *bytes, size_t size)
{
	struct json_writer writer;
	json_writer_begin(&writer, (struct json_buffer){bytes, size});
	json_writer_open_object(&writer);
	json_writer_key(&writer, "text");
	json_writer_string(&writer, "quite \"long\"");
	json_writer_key(&writer, "n");
	json_writer_integer(&writer, 1234567);
	json_writer_close_object(&writer);
	return json_writer_end(&writer);
}

static void a_buffer_too_short_is_never_passed_and_the_size_needed_is_told(void **state)
{
	(void)state;
	size_t needed = write_sample(NULL, 0);
	for (size_t size = 0; size <= needed + 2; size++) {
		char *bytes = malloc(size + 1); /* the sanitizer watches its end */
		assert_non_null(bytes);
		bytes[size] = '#';
		assert_int_equal(write_sample(bytes, size), needed);
		assert_int_equal(bytes[size], '#');
		if (size > needed)
			assert_int_equal(strlen(bytes), needed);
		else if (size > 0)
			assert_int_equal(bytes[0], '\0');
		free(bytes);
	}
}

static void instants_print_as_the_c_library_does(void **state)
{
	(void)state;
	const unsigned seed = (unsigned)time(NULL);
	print_message("seed %u\n", seed);
	srand(seed);
	for (int i = 0; i < 20000; i++) {
		time_t second = (time_t)((int64_t)rand() * rand() % INT64_C(253402300800));
		char printed[INSTANT_TEXT_MAX];
		char expected[INSTANT_TEXT_MAX];
		struct tm parts;
		int64_t back;
		assert_non_null(gmtime_r(&second, &parts));
		strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%SZ", &parts);
		json_instant_print(printed, (int64_t)second * 1000);
		assert_string_equal(printed, expected);
		json_instant_print(printed, (int64_t)second * 1000 + 7);
		assert_true(json_instant_parse(printed, &back));
		assert_int_equal(back, (int64_t)second * 1000 + 7);
	}
}

/* clang-format off */
static const struct {
	const char *text;
	bool good;
	int64_t wall_ms;
} instants[] = {
	{"1970-01-01T00:00:00Z",           true,  0},
	{"2026-11-23T10:15:00+01:00",      true,  INT64_C(1795425300000)},
	{"2026-11-23T09:15:00.5Z",         true,  INT64_C(1795425300500)},
	{"2026-11-23T09:15:00.123456789Z", true,  INT64_C(1795425300123)},
	{"1969-12-31T23:59:59Z",           true,  -1000},
	{"2024-02-29T00:00:00Z",           true,  INT64_C(1709164800000)},
	{"2026-02-29T00:00:00Z",           false, 0},
	{"2026-13-01T00:00:00Z",           false, 0},
	{"2026-00-01T00:00:00Z",           false, 0},
	{"2026-01-00T00:00:00Z",           false, 0},
	{"2026-01-01T24:00:00Z",           false, 0},
	{"2026-01-01T00:00:00",            false, 0},
	{"2026-01-01 00:00:00Z",           false, 0},
	{"2026-01-01T00:00:00.Z",          false, 0},
	{"2026-01-01T00:00:00+0100",       false, 0},
	{"2026-01-01T00:00:00Z ",          false, 0},
	{"yesterday",                      false, 0},
	{"",                               false, 0},
};
/* clang-format on */

static void only_rfc_3339_with_a_zone_is_an_instant(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(instants) / sizeof(instants[0]); i++) {
		int64_t wall_ms = 42;
		print_message("%s\n", instants[i].text);
		assert_int_equal(json_instant_parse(instants[i].text, &wall_ms), instants[i].good);
		assert_int_equal(wall_ms, instants[i].good ? instants[i].wall_ms : 42);
	}
}

static void instants_outside_the_calendar_are_clamped(void **state)
{
	(void)state;
	char text[INSTANT_TEXT_MAX];
	json_instant_print(text, INT64_MAX);
	assert_string_equal(text, "9999-12-31T23:59:59.999Z");
	json_instant_print(text, INT64_MIN);
	assert_string_equal(text, "0000-01-01T00:00:00Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_of_each_type_is_written_as_json),
		cmocka_unit_test(any_bytes_become_valid_utf8),
		cmocka_unit_test(a_buffer_too_short_is_never_passed_and_the_size_needed_is_told),
		cmocka_unit_test(instants_print_as_the_c_library_does),
		cmocka_unit_test(only_rfc_3339_with_a_zone_is_an_instant),
		cmocka_unit_test(instants_outside_the_calendar_are_clamped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
