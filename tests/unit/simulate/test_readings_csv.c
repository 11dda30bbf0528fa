/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_readings_csv.c -- A CSV of real readings is served to the digit; one
 * that is wrong is refused with its line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/simulate/readings_csv.h"

static const struct readings_column heat[] = {
	{"kwh", QUANTITY_HEAT_ENERGY}
};
static const int64_t new_year_ms = INT64_C(1546300800000); /* 2019-01-01T00:00:00Z */

static bool read_text(const char *text, size_t length, struct readings_settings settings,
	struct readings **ret_readings, char *ret_reason)
{
	char path[] = "/tmp/byport-readings-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, length), length);
	close(fd);
	settings.path = path;
	bool good = readings_read(&settings, ret_readings, ret_reason);
	unlink(path);
	return good;
}

static struct readings *read_heat(const char *text, bool interpolate)
{
	struct readings *readings = NULL;
	char reason[READINGS_REASON_MAX] = "";
	struct readings_settings settings = {
		.columns = heat, .columns_count = 1, .interpolate = interpolate};
	if (!read_text(text, strlen(text), settings, &readings, reason))
		fail_msg("%s", reason);
	return readings;
}

static int64_t heat_at(const struct readings *readings, int64_t past_ms)
{
	int64_t reading = 0;
	assert_true(readings_at(readings, QUANTITY_HEAT_ENERGY, new_year_ms + past_ms, &reading));
	return reading;
}

static const char three[] = "utc,kwh\n"
			    "2019-01-01T00:00:00Z,22946.733\n"
			    "2019-01-01T01:00:00Z,22950.000001\n"
			    "2019-01-01T02:00:00Z,22950.5\n";

static void a_reading_holds_from_its_instant_to_the_next(void **state)
{
	(void)state;
	struct readings *readings = read_heat(three, false);
	assert_int_equal(heat_at(readings, -1000), 22946733000);
	assert_int_equal(heat_at(readings, 0), 22946733000);
	assert_int_equal(heat_at(readings, 3599999), 22946733000);
	assert_int_equal(heat_at(readings, 3600000), 22950000001);
	assert_int_equal(heat_at(readings, 7200000), 22950500000);
	assert_int_equal(heat_at(readings, 99999999), 22950500000);
	assert_int_equal(readings_start_ms(readings), new_year_ms);
	assert_int_equal(readings_end_ms(readings), new_year_ms + 7200000);
	readings_free(readings);
}

static void interpolation_is_straight_and_meets_the_readings(void **state)
{
	(void)state;
	struct readings *readings = read_heat(three, true);
	assert_int_equal(heat_at(readings, -1), 22946733000);
	assert_int_equal(heat_at(readings, 0), 22946733000);
	assert_int_equal(heat_at(readings, 1800000), 22946733000 + 3267001 / 2);
	assert_int_equal(heat_at(readings, 3600000), 22950000001);
	assert_int_equal(heat_at(readings, 7200001), 22950500000);
	readings_free(readings);
}

static void an_empty_field_lets_the_reading_before_go_on(void **state)
{
	(void)state;
	struct readings *readings = read_heat(
		"utc,kwh\n2019-01-01T00:00:00Z,1\n2019-01-01T01:00:00Z,\n\n2019-01-01T02:00:00Z,3",
		false);
	assert_int_equal(heat_at(readings, 3600000), 1000000);
	assert_int_equal(heat_at(readings, 7200000), 3000000);
	readings_free(readings);
}

static void files_are_read_as_programs_on_windows_write_them(void **state)
{
	(void)state;
	struct readings *readings = read_heat(
		"\xef\xbb\xbf\"utc\",\"kwh\"\r\n\"2019-01-01T00:00:00Z\",\"7.25\"\r\n", false);
	assert_int_equal(heat_at(readings, 0), 7250000);
	readings_free(readings);
}

static void a_quantity_without_a_column_is_not_there(void **state)
{
	(void)state;
	struct readings *readings = read_heat(three, false);
	int64_t reading = 42;
	assert_false(readings_at(readings, QUANTITY_VOLUME, new_year_ms, &reading));
	assert_int_equal(reading, 42);
	readings_free(readings);
}

static void what_is_wrong_is_refused_with_its_line(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct {
		const char *text;
		const char *line; /* behind the file's name */
		const char *says;
	} cases[] = {
		{"",                                                             ":0: ", "no readings"},
		{"utc,kwh\n",                                                    ":1: ", "no readings"},
		{"utc,mwh\n2019-01-01T00:00:00Z,1\n",                            ":1: ", "no column `kwh`; there are utc, mwh"},
		{"utc,kwh\nyesterday,1\n",                                       ":2: ", "`yesterday` is not an instant"},
		{"utc,kwh\n2019-01-01T00:00:00Z,1\n2019-01-01T00:00:00Z,2\n",    ":3: ", "is not after the reading before it"},
		{"utc,kwh\n2019-01-01T00:00:00Z,1\n2018-01-01T00:00:00Z,2\n",    ":3: ", "is not after the reading before it"},
		{"utc,kwh\n2019-01-01T00:00:00Z\n",                              ":2: ", "1 fields; column `kwh`"},
		{"utc,kwh\n2019-01-01T00:00:00Z,\n",                             ":2: ", "`` in column `kwh` is not a decimal"},
		{"utc,kwh\n2019-01-01T00:00:00Z,12e3\n",                         ":2: ", "`12e3` in column `kwh`"},
		{"utc,kwh\n2019-01-01T00:00:00Z,1.2.3\n",                        ":2: ", "`1.2.3`"},
		{"utc,kwh\n2019-01-01T00:00:00Z,1.2345678\n",                    ":2: ", "at most 6 decimals"},
		{"utc,kwh\n2019-01-01T00:00:00Z,99999999999999\n",               ":2: ", "`99999999999999`"},
		{"utc,kwh\n2019-01-01T00:00:00Z,nan\n",                          ":2: ", "`nan`"},
	};
	/* clang-format on */
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char reason[READINGS_REASON_MAX] = "";
		struct readings *readings = NULL;
		struct readings_settings settings = {.columns = heat, .columns_count = 1};
		assert_false(read_text(
			cases[i].text, strlen(cases[i].text), settings, &readings, reason));
		assert_null(readings);
		if (strstr(reason, cases[i].line) == NULL || strstr(reason, cases[i].says) == NULL)
			fail_msg("expected %s...%s, was told %s", cases[i].line, cases[i].says,
				reason);
	}
}

static void a_column_of_instants_that_is_not_there_is_named(void **state)
{
	(void)state;
	char reason[READINGS_REASON_MAX] = "";
	struct readings *readings = NULL;
	struct readings_settings settings = {
		.columns = heat, .columns_count = 1, .time_column = "when"};
	assert_false(read_text(three, strlen(three), settings, &readings, reason));
	assert_non_null(strstr(reason, ":1: no column `when`; there are utc, kwh"));
}

static void a_line_without_end_and_bytes_that_are_no_text_are_refused(void **state)
{
	(void)state;
	char reason[READINGS_REASON_MAX] = "";
	struct readings *readings = NULL;
	struct readings_settings settings = {.columns = heat, .columns_count = 1};
	char *endless = malloc(3 * READINGS_LINE_MAX);
	assert_non_null(endless);
	memset(endless, '7', 3 * READINGS_LINE_MAX);
	assert_false(read_text(endless, 3 * READINGS_LINE_MAX, settings, &readings, reason));
	assert_non_null(strstr(reason, ":1: a line longer than"));
	free(endless);
	static const char binary[] = "utc,kwh\n2019-01-01T00:00:00Z,1\0\0\0\n";
	assert_false(read_text(binary, sizeof(binary) - 1, settings, &readings, reason));
	assert_non_null(strstr(reason, ":2: "));
	assert_non_null(strstr(reason, "NUL"));
}

static void a_file_that_cannot_be_read_is_named(void **state)
{
	(void)state;
	char reason[READINGS_REASON_MAX] = "";
	struct readings *readings = NULL;
	struct readings_settings settings = {
		.path = "/nowhere/at/all.csv", .columns = heat, .columns_count = 1};
	assert_false(readings_read(&settings, &readings, reason));
	assert_string_equal(reason, "/nowhere/at/all.csv: No such file or directory");
	settings.path = "/tmp";
	assert_false(readings_read(&settings, &readings, reason));
	assert_non_null(strstr(reason, "Is a directory"));
}

static void decimals_are_read_without_a_float_in_between(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct {
		const char *text;
		int8_t decimals;
		bool good;
		int64_t steps;
	} cases[] = {
		{"0",                    6, true,  0},
		{"-0.5",                 3, true,  -500},
		{"0.1",                  6, true,  100000},
		{"1.500000000",          1, true,  15},
		{"9007199254740993",     0, true,  INT64_C(9007199254740993)},
		{"9223372036854775807",  0, true,  INT64_MAX},
		{"9223372036854775808",  0, false, 0},
		{"9223372036854775.807", 4, false, 0},
		{"1.05",                 1, false, 0},
		{"",                     0, false, 0},
		{".",                    0, false, 0},
		{"-",                    0, false, 0},
		{"+1",                   0, false, 0},
		{" 1",                   0, false, 0},
		{"1 ",                   0, false, 0},
		{"0x10",                 0, false, 0},
	};
	/* clang-format on */
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t steps = 42;
		bool good = decimal_parse(cases[i].text, cases[i].decimals, &steps);
		if (good != cases[i].good || steps != (good ? cases[i].steps : 42))
			fail_msg("`%s` gives %d, %lld", cases[i].text, good, (long long)steps);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reading_holds_from_its_instant_to_the_next),
		cmocka_unit_test(interpolation_is_straight_and_meets_the_readings),
		cmocka_unit_test(an_empty_field_lets_the_reading_before_go_on),
		cmocka_unit_test(files_are_read_as_programs_on_windows_write_them),
		cmocka_unit_test(a_quantity_without_a_column_is_not_there),
		cmocka_unit_test(what_is_wrong_is_refused_with_its_line),
		cmocka_unit_test(a_column_of_instants_that_is_not_there_is_named),
		cmocka_unit_test(a_line_without_end_and_bytes_that_are_no_text_are_refused),
		cmocka_unit_test(a_file_that_cannot_be_read_is_named),
		cmocka_unit_test(decimals_are_read_without_a_float_in_between),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
