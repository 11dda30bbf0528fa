/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_instant_text.c -- A date is its first instant at the site, also on the
 * days that are no 24 hours long and where midnight does not exist.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/instant_text.h"
#include "gateway/json_instant.h"

/* Oslo in 2026, and a zone whose clocks go from 00:00 to 01:00. */
static const struct calendar oslo = {
	.changes = {{INT64_C(1761440400000), 3600}, /* 2025-10-26T01:00:00Z */
		{INT64_C(1774746000000), 7200}, /* 2026-03-29T01:00:00Z */
		{INT64_C(1792890000000), 3600}}, /* 2026-10-25T01:00:00Z */
	.count = 3
};
static const struct calendar no_midnight = {
	.changes = {{INT64_C(1761440400000), -10800},
		    {INT64_C(1774753200000), -7200}}, /* 2026-03-29T03:00:00Z */
	.count = 2
};
static const struct calendar utc = {.count = 0};

static void assert_is(const char *text, const struct calendar *calendar, const char *expected)
{
	char printed[INSTANT_TEXT_MAX];
	int64_t wall_ms = 0;
	assert_true(instant_text_parse(text, calendar, &wall_ms));
	json_instant_print(printed, wall_ms);
	assert_string_equal(printed, expected);
}

static void a_date_is_its_first_instant_at_the_site(void **state)
{
	(void)state;
	assert_is("2026-01-15", &utc, "2026-01-15T00:00:00Z");
	assert_is("2026-01-15", &oslo, "2026-01-14T23:00:00Z");
	assert_is("2026-07-15", &oslo, "2026-07-14T22:00:00Z");
	assert_is("2026-03-29", &oslo, "2026-03-28T23:00:00Z"); /* 23 hours */
	assert_is("2026-03-30", &oslo, "2026-03-29T22:00:00Z");
	assert_is("2026-10-25", &oslo, "2026-10-24T22:00:00Z"); /* 25 hours */
	assert_is("2026-10-26", &oslo, "2026-10-25T23:00:00Z");
	assert_is("2026-03-29", &no_midnight, "2026-03-29T03:00:00Z");
}

static void an_instant_is_itself_whatever_the_zone(void **state)
{
	(void)state;
	assert_is("2026-01-15T10:00:00Z", &oslo, "2026-01-15T10:00:00Z");
	assert_is("2026-01-15T10:00:00.250+01:00", &oslo, "2026-01-15T09:00:00.250Z");
}

static void what_is_no_day_is_refused(void **state)
{
	static const char *const texts[] = {"", "today", "2026-02-30", "2026-13-01", "2026-1-1",
		"15.01.2026", "2026-01-15T10:00", "2026-01-15 10:00:00Z", "0000-00-00"};
	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		int64_t wall_ms = 7;
		assert_false(instant_text_parse(texts[i], &oslo, &wall_ms));
		assert_int_equal(wall_ms, 7);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_date_is_its_first_instant_at_the_site),
		cmocka_unit_test(an_instant_is_itself_whatever_the_zone),
		cmocka_unit_test(what_is_no_day_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
