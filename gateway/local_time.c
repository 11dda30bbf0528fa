/* SPDX-License-Identifier: Apache-2.0 */
/* local_time.c -- local_time.h. */
#include "gateway/local_time.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Changes of offset lie further apart than this (Morocco's Ramadan: a month). */
enum { SCAN_STEP_S = 7 * 86400, PATH_BYTES_MAX = 4096 };

static const char zones_directory[] = "/usr/share/zoneinfo";

/* The C library takes a name it does not know for UTC, and says nothing. */
static bool is_zone(const char *zone)
{
	char path[PATH_BYTES_MAX], magic[4] = {0};
	if (zone[0] == '\0' || zone[0] == '/' || strstr(zone, "..") != NULL)
		return false;
	if ((size_t)snprintf(path, sizeof path, "%s/%s", zones_directory, zone) >= sizeof path)
		return false;
	FILE *file = fopen(path, "rb");
	if (file == NULL)
		return false;
	size_t length = fread(magic, 1, sizeof magic, file);
	fclose(file);
	return length == sizeof magic && memcmp(magic, "TZif", sizeof magic) == 0;
}

static int32_t offset_at(time_t at_s)
{
	struct tm local;
	return localtime_r(&at_s, &local) != NULL ? (int32_t)local.tm_gmtoff : 0;
}

static time_t year_start_s(int year)
{
	struct tm utc = {.tm_year = year - 1900, .tm_mday = 1};
	return timegm(&utc);
}

/* The first second with another offset than `low` has; `high` has one. */
static time_t change_between(time_t low, time_t high)
{
	int32_t before = offset_at(low);
	while (high - low > 1) {
		time_t middle = low + (high - low) / 2;
		if (offset_at(middle) == before)
			low = middle;
		else
			high = middle;
	}
	return high;
}

static bool add(struct calendar *calendar, time_t from_s)
{
	if (calendar->count == CALENDAR_CHANGES_MAX)
		return false;
	calendar->changes[calendar->count++] = (struct calendar_change){
		.from_wall_ms = (int64_t)from_s * 1000, .offset_s = offset_at(from_s)};
	return true;
}

static bool scan(struct calendar *calendar)
{
	time_t at = year_start_s(LOCAL_TIME_FROM_YEAR);
	time_t end = year_start_s(LOCAL_TIME_TO_YEAR + 1);
	bool fits = add(calendar, at);
	while (fits && at < end) {
		time_t next = at + SCAN_STEP_S;
		if (offset_at(next) != offset_at(at)) {
			next = change_between(at, next);
			fits = add(calendar, next);
		}
		at = next;
	}
	return fits;
}

static void set_zone(const char *tz)
{
	if (tz == NULL)
		unsetenv("TZ");
	else
		setenv("TZ", tz, 1);
	tzset();
}

bool local_time_calendar(const char *zone, struct calendar *ret_calendar)
{
	struct calendar calendar = {.count = 0};
	if (strcmp(zone, "UTC") == 0) { /* also on a machine without zone tables */
		*ret_calendar = calendar;
		return true;
	}
	if (!is_zone(zone))
		return false;

	const char *now = getenv("TZ");
	char *before = now != NULL ? strdup(now) : NULL;
	if (now != NULL && before == NULL)
		return false;
	char tz[PATH_BYTES_MAX];
	snprintf(tz, sizeof tz, ":%s", zone);
	set_zone(tz);
	bool fits = scan(&calendar);
	set_zone(before);
	free(before);

	if (fits)
		*ret_calendar = calendar;
	return fits;
}
