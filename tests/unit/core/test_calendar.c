/* SPDX-License-Identifier: Apache-2.0 */
/* test_calendar.c -- Local hours, days, weeks, months and years are those that people's clocks and
 * calendars show, in any zone, also when clocks are set. Judged by the C library. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gateway/local_time.h"

static const int64_t HOUR_MS = 3600000, DAY_MS = 86400000;

static bool has_zones(void)
{
	struct calendar calendar;

	return local_time_calendar("Europe/Oslo", &calendar);
}

static struct calendar zone(const char *name)
{
	struct calendar calendar;

	if (!has_zones()) {
		printf("skipped: no time zones on this machine (Debian: tzdata)\n");
		exit(77);
	}
	assert_true(local_time_calendar(name, &calendar));
	return calendar;
}

static int64_t utc_ms(int year, int month, int day, int hour)
{
	struct tm utc = {
		.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_hour = hour};

	return (int64_t)timegm(&utc) * 1000;
}

static int64_t length_ms(const struct calendar *calendar, enum calendar_span span, int64_t at)
{
	return calendar_span_next(calendar, span, at) - calendar_span_start(calendar, span, at);
}

/* ---- days on which clocks are set ---- */

static void days_on_which_clocks_are_set_have_23_and_25_hours(void **state)
{
	struct calendar oslo = zone("Europe/Oslo");
	int64_t march = utc_ms(2018, 3, 25, 12), october = utc_ms(2018, 10, 28, 12);

	(void)state;
	assert_int_equal(calendar_span_start(&oslo, SPAN_DAY, march), utc_ms(2018, 3, 24, 23));
	assert_int_equal(length_ms(&oslo, SPAN_DAY, march), 23 * HOUR_MS);
	assert_int_equal(calendar_span_start(&oslo, SPAN_DAY, october), utc_ms(2018, 10, 27, 22));
	assert_int_equal(length_ms(&oslo, SPAN_DAY, october), 25 * HOUR_MS);
	assert_int_equal(length_ms(&oslo, SPAN_DAY, utc_ms(2018, 10, 29, 12)), 24 * HOUR_MS);
}

static void the_hour_that_occurs_twice_is_two(void **state)
{
	struct calendar oslo = zone("Europe/Oslo");
	int64_t first = utc_ms(2018, 10, 28, 0), second = utc_ms(2018, 10, 28, 1);

	(void)state; /* both are 02:00-03:00 */
	assert_int_equal(calendar_local_time(&oslo, first).hour, 2);
	assert_int_equal(calendar_local_time(&oslo, second).hour, 2);
	assert_int_equal(calendar_span_start(&oslo, SPAN_HOUR, second - 1), first);
	assert_int_equal(calendar_span_next(&oslo, SPAN_HOUR, first), second);
	assert_int_equal(calendar_span_start(&oslo, SPAN_HOUR, second), second);
	assert_int_equal(calendar_span_next(&oslo, SPAN_HOUR, second), second + HOUR_MS);
}

static void hours_begin_at_half_past_where_the_zone_does(void **state)
{
	struct calendar kolkata = zone("Asia/Kolkata"); /* UTC+5:30 */
	int64_t at = utc_ms(2026, 7, 1, 12) + 29 * 60000;

	(void)state;
	assert_int_equal(
		calendar_span_start(&kolkata, SPAN_HOUR, at), utc_ms(2026, 7, 1, 11) + HOUR_MS / 2);
	assert_int_equal(
		calendar_span_start(&kolkata, SPAN_DAY, at), utc_ms(2026, 6, 30, 18) + HOUR_MS / 2);
}

static void clocks_that_move_by_half_an_hour_make_a_short_hour(void **state)
{
	/* Lord Howe, 5 April 2026: at 02:00 (UTC+11) clocks go back to 01:30 (UTC+10:30). */
	struct calendar lord_howe = zone("Australia/Lord_Howe");
	int64_t change = utc_ms(2026, 4, 4, 15);

	(void)state;
	assert_int_equal(calendar_span_next(&lord_howe, SPAN_HOUR, change - 1), change);
	assert_int_equal(length_ms(&lord_howe, SPAN_HOUR, change), HOUR_MS / 2);
	assert_int_equal(length_ms(&lord_howe, SPAN_DAY, change), 24 * HOUR_MS + HOUR_MS / 2);
}

static void a_day_whose_midnight_is_skipped_begins_at_one(void **state)
{
	/* Beirut, 27 March 2022: at 00:00 clocks go to 01:00. */
	struct calendar beirut = zone("Asia/Beirut");
	int64_t noon = utc_ms(2022, 3, 27, 9);

	(void)state;
	assert_int_equal(calendar_span_start(&beirut, SPAN_DAY, noon), utc_ms(2022, 3, 26, 22));
	assert_int_equal(length_ms(&beirut, SPAN_DAY, noon), 23 * HOUR_MS);
}

static void a_day_whose_midnight_comes_twice_begins_at_the_first(void **state)
{
	/* Havana, 1 November 2026: at 01:00 (UTC-4) clocks go back to 00:00 (UTC-5). */
	struct calendar havana = zone("America/Havana");
	int64_t second_midnight = utc_ms(2026, 11, 1, 5);

	(void)state;
	assert_int_equal(
		calendar_span_start(&havana, SPAN_DAY, second_midnight), utc_ms(2026, 11, 1, 4));
	assert_int_equal(length_ms(&havana, SPAN_DAY, second_midnight), 25 * HOUR_MS);
}

static void clocks_set_back_over_midnight_begin_no_day_twice(void **state)
{
	/* At 00:01 of 2 January (local = UTC) back to 23:01, as St. John's once did. */
	int64_t midnight = utc_ms(2026, 1, 2, 0);
	struct calendar calendar = {
		.changes = {{0, 0}, {midnight + 60000, -3600}},
                  .count = 2
        };

	(void)state;
	assert_int_equal(calendar_span_start(&calendar, SPAN_DAY, midnight + 120000), midnight);
	assert_int_equal(calendar_span_next(&calendar, SPAN_DAY, midnight + 120000),
		midnight + DAY_MS + HOUR_MS);
}

static void a_date_that_was_left_out_is_no_day(void **state)
{
	/* 30 December of a zone that crosses the date line: from UTC-10 to UTC+14. */
	int64_t change = utc_ms(2026, 12, 30, 10);
	struct calendar calendar = {
		.changes = {{0, -36000}, {change, 14 * 3600}},
                  .count = 2
        };

	(void)state;
	assert_int_equal(calendar_span_next(&calendar, SPAN_DAY, change - 1), change);
	assert_int_equal(calendar_span_next(&calendar, SPAN_DAY, change), change + DAY_MS);
	assert_int_equal(calendar_local_time(&calendar, change).date.day, 31);
}

/* ---- weeks, months, years ---- */

static void a_week_belongs_to_the_year_of_its_thursday(void **state)
{
	/* clang-format off */
	static const struct {
		int year, month, day, week_year, week;
	} days[] = { /* from ISO 8601 calendars; 2020 has 53 weeks */
		{2020, 12, 27, 2020, 52},
		{2020, 12, 28, 2020, 53},
		{2021,  1,  3, 2020, 53},
		{2021,  1,  4, 2021,  1},
		{2018, 12, 31, 2019,  1},
		{2016,  1,  1, 2015, 53},
		{2023,  1,  1, 2022, 52},
		{2024, 12, 30, 2025,  1},
		{2026, 12, 31, 2026, 53},
	};
	/* clang-format on */
	struct calendar utc = {.count = 0};

	(void)state;
	for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
		int64_t at = utc_ms(days[i].year, days[i].month, days[i].day, 12);
		struct local_time time = calendar_local_time(&utc, at);
		assert_int_equal(time.week_year, days[i].week_year);
		assert_int_equal(time.week, days[i].week);
	}
	assert_int_equal(calendar_span_start(&utc, SPAN_WEEK, utc_ms(2021, 1, 3, 23)),
		utc_ms(2020, 12, 28, 0));
	assert_int_equal(calendar_span_next(&utc, SPAN_WEEK, utc_ms(2020, 12, 28, 0)),
		utc_ms(2021, 1, 4, 0));
}

static void months_and_years_are_as_long_as_the_calendar_says(void **state)
{
	struct calendar auckland = zone("Pacific/Auckland"); /* summer over the new year */

	(void)state;
	assert_int_equal(calendar_span_start(&auckland, SPAN_YEAR, utc_ms(2026, 6, 1, 0)),
		utc_ms(2025, 12, 31, 11));
	assert_int_equal(length_ms(&auckland, SPAN_YEAR, utc_ms(2024, 6, 1, 0)), 366 * DAY_MS);
	assert_int_equal(length_ms(&auckland, SPAN_MONTH, utc_ms(2024, 2, 10, 0)), 29 * DAY_MS);
	/* Clocks go back on the first Sunday of April, forward on the last of September. */
	assert_int_equal(
		length_ms(&auckland, SPAN_MONTH, utc_ms(2026, 4, 10, 0)), 30 * DAY_MS + HOUR_MS);
	assert_int_equal(
		length_ms(&auckland, SPAN_MONTH, utc_ms(2026, 9, 10, 0)), 30 * DAY_MS - HOUR_MS);
}

static void only_dates_that_exist_have_a_beginning(void **state)
{
	struct calendar utc = {.count = 0};
	int64_t start = 7;

	(void)state;
	assert_false(calendar_day_start(&utc, (struct local_date){2026, 6, 31}, &start));
	assert_false(calendar_day_start(&utc, (struct local_date){2026, 2, 29}, &start));
	assert_false(calendar_day_start(&utc, (struct local_date){2026, 13, 1}, &start));
	assert_false(calendar_day_start(&utc, (struct local_date){2026, 0, 1}, &start));
	assert_false(calendar_day_start(&utc, (struct local_date){2026, 1, 0}, &start));
	assert_false(calendar_day_start(&utc, (struct local_date){0, 1, 1}, &start));
	assert_int_equal(start, 7);
	assert_true(calendar_day_start(&utc, (struct local_date){2024, 2, 29}, &start));
	assert_int_equal(start, utc_ms(2024, 2, 29, 0));
}

static void every_span_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < SPAN_COUNT; i++) {
		assert_non_null(calendar_span_name((enum calendar_span)i));
		for (int j = 0; j < i; j++) {
			assert_string_not_equal(calendar_span_name((enum calendar_span)i),
				calendar_span_name((enum calendar_span)j));
		}
	}
}

/* ---- against the C library ---- */

static void use_zone(const char *name)
{
	char tz[64];

	snprintf(tz, sizeof tz, ":%s", name);
	setenv("TZ", tz, 1);
	tzset();
}

static void same_as_library(const struct calendar *calendar, int64_t at)
{
	time_t at_s = (time_t)(at / 1000);
	struct tm local;
	char week[16], own_week[16];
	struct local_time own = calendar_local_time(calendar, at);

	localtime_r(&at_s, &local);
	assert_int_equal(own.date.year, local.tm_year + 1900);
	assert_int_equal(own.date.month, local.tm_mon + 1);
	assert_int_equal(own.date.day, local.tm_mday);
	assert_int_equal(own.hour, local.tm_hour);
	assert_int_equal(own.minute, local.tm_min);
	assert_int_equal(own.second, local.tm_sec);
	assert_int_equal(own.offset_s, local.tm_gmtoff);
	strftime(week, sizeof week, "%G-W%V-%u", &local);
	snprintf(
		own_week, sizeof own_week, "%d-W%02d-%d", own.week_year, own.week, own.weekday + 1);
	assert_string_equal(own_week, week);
}

/* Every day's start is where the library's date changes; days follow one another. */
static void walk_days(const char *name)
{
	struct calendar calendar = zone(name);
	int64_t start = calendar_span_start(&calendar, SPAN_DAY, utc_ms(2015, 1, 3, 0));

	use_zone(name);
	while (start < utc_ms(2031, 1, 1, 0)) {
		int64_t next = calendar_span_next(&calendar, SPAN_DAY, start);
		same_as_library(&calendar, start - 1000);
		same_as_library(&calendar, start);
		same_as_library(&calendar, start + 11 * HOUR_MS + 1234000);
		assert_int_not_equal(calendar_local_time(&calendar, start).date.day,
			calendar_local_time(&calendar, start - 1).date.day);
		assert_int_equal(calendar_span_start(&calendar, SPAN_DAY, next - 1), start);
		assert_int_equal(calendar_span_start(&calendar, SPAN_DAY, next), next);
		int64_t day_start;
		assert_true(calendar_day_start(
			&calendar, calendar_local_time(&calendar, start).date, &day_start));
		assert_int_equal(day_start, start);
		start = next;
	}
	unsetenv("TZ");
	tzset();
}

static void all_days_of_sixteen_years_are_the_c_librarys(void **state)
{
	static const char *const zones[] = {"Europe/Oslo", "Asia/Kolkata", "America/St_Johns",
		"Australia/Lord_Howe", "Pacific/Auckland", "America/Sao_Paulo", "Africa/Casablanca",
		"Asia/Beirut", "America/Havana", "Pacific/Kiritimati", "UTC"};

	(void)state;
	for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
		walk_days(zones[i]);
	}
}

/* ---- zones ---- */

static void an_unknown_zone_is_refused(void **state)
{
	static const char *const names[] = {"", "Europe/Olso", "Europe", "CET-1CEST",
		"../../../etc/localtime", "/usr/share/zoneinfo/Europe/Oslo", "zone.tab"};
	struct calendar calendar = {.count = 7};

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		assert_false(local_time_calendar(names[i], &calendar));
	}
	assert_int_equal(calendar.count, 7);
}

static void the_environment_is_left_as_it_was(void **state)
{
	struct calendar calendar;

	(void)state;
	(void)zone("Europe/Oslo");
	setenv("TZ", ":Asia/Kolkata", 1);
	assert_true(local_time_calendar("Europe/Oslo", &calendar));
	assert_string_equal(getenv("TZ"), ":Asia/Kolkata");
	unsetenv("TZ");
	assert_true(local_time_calendar("Europe/Oslo", &calendar));
	assert_null(getenv("TZ"));
}

static void utc_needs_no_zone_tables(void **state)
{
	struct calendar calendar = {.count = 7};

	(void)state;
	assert_true(local_time_calendar("UTC", &calendar));
	assert_int_equal(calendar.count, 0);
	assert_int_equal(calendar_span_start(&calendar, SPAN_DAY, utc_ms(2026, 5, 5, 5)),
		utc_ms(2026, 5, 5, 0));
}

static void an_hour_in_which_clocks_are_set_ends_there(void **state)
{
	/* As above: the hour that began at 00:00 has one minute, the next begins at 23:01. */
	int64_t midnight = utc_ms(2026, 1, 2, 0), change = midnight + 60000;
	struct calendar calendar = {
		.changes = {{0, 0}, {change, -3600}},
                  .count = 2
        };

	(void)state;
	assert_int_equal(calendar_span_start(&calendar, SPAN_HOUR, midnight + 1), midnight);
	assert_int_equal(calendar_span_next(&calendar, SPAN_HOUR, midnight + 1), change);
	assert_int_equal(calendar_span_start(&calendar, SPAN_HOUR, change + 1), change);
	assert_int_equal(calendar_span_next(&calendar, SPAN_HOUR, change + 1), midnight + HOUR_MS);
}

static void clocks_set_back_by_more_than_a_day_begin_no_day_twice(void **state)
{
	/* From UTC+14 to UTC-12, half an hour into 3 January: it is 1 January, 22:30, again. */
	int64_t third = utc_ms(2026, 1, 2, 10), change = third + HOUR_MS / 2;
	struct calendar calendar = {
		.changes = {{0, 14 * 3600}, {change, -12 * 3600}},
                  .count = 2
        };
	int64_t fourth = utc_ms(2026, 1, 4, 12);

	(void)state;
	for (int64_t at = change; at < fourth; at += HOUR_MS / 2) {
		assert_int_equal(calendar_span_start(&calendar, SPAN_DAY, at), third);
		assert_int_equal(calendar_span_next(&calendar, SPAN_DAY, at), fourth);
	}
	assert_int_equal(calendar_span_next(&calendar, SPAN_DAY, third - 1), third);
}

static void december_is_followed_by_january(void **state)
{
	struct calendar utc = {.count = 0};

	(void)state;
	assert_int_equal(calendar_span_next(&utc, SPAN_MONTH, utc_ms(2026, 12, 31, 23)),
		utc_ms(2027, 1, 1, 0));
	assert_int_equal(calendar_span_next(&utc, SPAN_HOUR, utc_ms(2026, 12, 31, 23)),
		utc_ms(2027, 1, 1, 0));
}

static void years_have_four_digits_at_the_most(void **state)
{
	struct calendar utc = {.count = 0};
	int64_t start = 7;

	(void)state;
	assert_false(calendar_day_start(&utc, (struct local_date){10000, 1, 1}, &start));
	assert_int_equal(start, 7);
	assert_true(calendar_day_start(&utc, (struct local_date){9999, 12, 31}, &start));
	assert_int_equal(calendar_local_time(&utc, start).date.year, 9999);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days_on_which_clocks_are_set_have_23_and_25_hours),
		cmocka_unit_test(the_hour_that_occurs_twice_is_two),
		cmocka_unit_test(hours_begin_at_half_past_where_the_zone_does),
		cmocka_unit_test(clocks_that_move_by_half_an_hour_make_a_short_hour),
		cmocka_unit_test(a_day_whose_midnight_is_skipped_begins_at_one),
		cmocka_unit_test(a_day_whose_midnight_comes_twice_begins_at_the_first),
		cmocka_unit_test(clocks_set_back_over_midnight_begin_no_day_twice),
		cmocka_unit_test(a_date_that_was_left_out_is_no_day),
		cmocka_unit_test(a_week_belongs_to_the_year_of_its_thursday),
		cmocka_unit_test(months_and_years_are_as_long_as_the_calendar_says),
		cmocka_unit_test(only_dates_that_exist_have_a_beginning),
		cmocka_unit_test(every_span_has_a_name_of_its_own),
		cmocka_unit_test(all_days_of_sixteen_years_are_the_c_librarys),
		cmocka_unit_test(an_unknown_zone_is_refused),
		cmocka_unit_test(the_environment_is_left_as_it_was),
		cmocka_unit_test(utc_needs_no_zone_tables),
		cmocka_unit_test(an_hour_in_which_clocks_are_set_ends_there),
		cmocka_unit_test(clocks_set_back_by_more_than_a_day_begin_no_day_twice),
		cmocka_unit_test(december_is_followed_by_january),
		cmocka_unit_test(years_have_four_digits_at_the_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
