/* SPDX-License-Identifier: Apache-2.0 */
/* calendar.c -- calendar.h. */
#include "gateway/core/calendar.h"

enum { SECOND_MS = 1000, HOUR_MS = 3600 * SECOND_MS, DAYS_A_WEEK = 7, HOURS_A_DAY = 24 };
static const int64_t DAY_MS = (int64_t)HOURS_A_DAY * HOUR_MS;

static int64_t floor_div(int64_t number, int64_t divisor)
{
	int64_t quotient = number / divisor;

	return number % divisor < 0 ? quotient - 1 : quotient;
}

static int64_t floor_mod(int64_t number, int64_t divisor)
{
	return number - divisor * floor_div(number, divisor);
}

const char *calendar_span_name(enum calendar_span span)
{
	static const char *const names[SPAN_COUNT] = {
		[SPAN_HOUR] = "hour",
		[SPAN_DAY] = "day",
		[SPAN_WEEK] = "week",
		[SPAN_MONTH] = "month",
		[SPAN_YEAR] = "year",
	};

	return names[span];
}

/* ---- offsets ---- */

/* The change that holds at an instant; 0 before the first. */
static size_t change_at(const struct calendar *calendar, int64_t at_wall_ms)
{
	size_t low = 0, high = calendar->count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (calendar->changes[middle].from_wall_ms <= at_wall_ms) {
			low = middle;
		} else {
			high = middle;
		}
	}
	return low;
}

int32_t calendar_offset_s(const struct calendar *calendar, int64_t at_wall_ms)
{
	return calendar->count == 0 ? 0
				    : calendar->changes[change_at(calendar, at_wall_ms)].offset_s;
}

static int64_t local_ms(const struct calendar *calendar, int64_t at_wall_ms)
{
	return at_wall_ms + (int64_t)calendar_offset_s(calendar, at_wall_ms) * SECOND_MS;
}

/* The first instant at which local clocks show that time or have jumped over it. */
static int64_t first_instant(const struct calendar *calendar, int64_t local)
{
	/* No offset reaches a day and a half, so the search may begin there. */
	size_t i = change_at(calendar, local - 3 * DAY_MS / 2);

	for (; i < calendar->count; i++) {
		const struct calendar_change *change = &calendar->changes[i];
		int64_t instant = local - (int64_t)change->offset_s * SECOND_MS;
		if (i > 0 && instant < change->from_wall_ms) {
			return change->from_wall_ms;
		}
		if (i + 1 == calendar->count || instant < change[1].from_wall_ms) {
			return instant;
		}
	}
	return local;
}

/* ---- dates ----
 * Days since 1970-01-01 of a date of the Gregorian calendar, and back: Howard Hinnant,
 * "chrono-Compatible Low-Level Date Algorithms", days_from_civil and civil_from_days
 * (https://howardhinnant.github.io/date_algorithms.html). Years begin in March there, so that the
 * leap day is a year's last. */

enum { DAYS_AN_ERA = 146097, YEARS_AN_ERA = 400, DAYS_TO_1970 = 719468 };

static int64_t days_of(struct local_date date)
{
	int64_t year = date.month <= 2 ? date.year - 1 : date.year;
	int64_t era = floor_div(year, YEARS_AN_ERA);
	int64_t year_of_era = year - era * YEARS_AN_ERA;
	int64_t month_from_march = (date.month + 9) % 12;
	int64_t day_of_year = (153 * month_from_march + 2) / 5 + date.day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * DAYS_AN_ERA + day_of_era - DAYS_TO_1970;
}

static struct local_date date_of(int64_t days)
{
	int64_t shifted = days + DAYS_TO_1970;
	int64_t era = floor_div(shifted, DAYS_AN_ERA);
	int64_t day_of_era = shifted - era * DAYS_AN_ERA;
	int64_t year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t month_from_march = (5 * day_of_year + 2) / 153;
	int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;

	return (struct local_date){
		.year = (int32_t)(year_of_era + era * YEARS_AN_ERA + (month <= 2)),
		.month = (int8_t)month,
		.day = (int8_t)(day_of_year - (153 * month_from_march + 2) / 5 + 1),
	};
}

/* 0 is Monday; 1970-01-01 was a Thursday. */
static int64_t weekday_of(int64_t days)
{
	return floor_mod(days + 3, DAYS_A_WEEK);
}

/* ---- spans ---- */

static int64_t first_day_of_span(enum calendar_span span, int64_t days)
{
	struct local_date date = date_of(days);

	switch (span) {
	case SPAN_WEEK:
		return days - weekday_of(days);
	case SPAN_MONTH:
		return days - date.day + 1;
	case SPAN_YEAR:
		return days_of((struct local_date){date.year, 1, 1});
	case SPAN_HOUR:
	case SPAN_DAY:
	case SPAN_COUNT:
		break;
	}
	return days;
}

static int64_t first_day_of_next(enum calendar_span span, int64_t days)
{
	struct local_date date = date_of(days);

	switch (span) {
	case SPAN_WEEK:
		return days - weekday_of(days) + DAYS_A_WEEK;
	case SPAN_MONTH:
		return date.month == 12 ? days_of((struct local_date){date.year + 1, 1, 1})
					: days_of((struct local_date){
						  date.year, (int8_t)(date.month + 1), 1});
	case SPAN_YEAR:
		return days_of((struct local_date){date.year + 1, 1, 1});
	case SPAN_HOUR:
	case SPAN_DAY:
	case SPAN_COUNT:
		break;
	}
	return days + 1;
}

/* The local day that an instant belongs to. Its date may already have been reached before clocks
 * were set back over midnight: then it has begun. */
static int64_t day_at(const struct calendar *calendar, int64_t at_wall_ms)
{
	int64_t days = floor_div(local_ms(calendar, at_wall_ms), DAY_MS);

	while (first_instant(calendar, (days + 1) * DAY_MS) <= at_wall_ms) {
		days++;
	}
	return days;
}

static int64_t hour_start(const struct calendar *calendar, int64_t at_wall_ms)
{
	int64_t start = at_wall_ms - floor_mod(local_ms(calendar, at_wall_ms), HOUR_MS);
	size_t change = change_at(calendar, at_wall_ms);

	if (change > 0 && calendar->changes[change].from_wall_ms > start) {
		return calendar->changes[change].from_wall_ms;
	}
	return start;
}

static int64_t hour_next(const struct calendar *calendar, int64_t at_wall_ms)
{
	int64_t next = at_wall_ms + HOUR_MS - floor_mod(local_ms(calendar, at_wall_ms), HOUR_MS);
	size_t change = change_at(calendar, at_wall_ms) + 1;

	if (change < calendar->count && calendar->changes[change].from_wall_ms < next) {
		return calendar->changes[change].from_wall_ms;
	}
	return next;
}

int64_t calendar_span_start(
	const struct calendar *calendar, enum calendar_span span, int64_t at_wall_ms)
{
	if (span == SPAN_HOUR) {
		return hour_start(calendar, at_wall_ms);
	}
	int64_t first = first_day_of_span(span, day_at(calendar, at_wall_ms));
	return first_instant(calendar, first * DAY_MS);
}

int64_t calendar_span_next(
	const struct calendar *calendar, enum calendar_span span, int64_t at_wall_ms)
{
	if (span == SPAN_HOUR) {
		return hour_next(calendar, at_wall_ms);
	}
	int64_t first = first_day_of_next(span, day_at(calendar, at_wall_ms));
	return first_instant(calendar, first * DAY_MS);
}

/* ---- what a clock and a calendar on the wall show ---- */

struct local_time calendar_local_time(const struct calendar *calendar, int64_t at_wall_ms)
{
	int64_t local = local_ms(calendar, at_wall_ms);
	int64_t days = floor_div(local, DAY_MS);
	int64_t second = floor_mod(local, DAY_MS) / SECOND_MS;
	int64_t thursday = days - weekday_of(days) + 3; /* a week belongs to its Thursday's year */
	int32_t week_year = date_of(thursday).year;
	int64_t first_day = days_of((struct local_date){week_year, 1, 1});

	return (struct local_time){
		.date = date_of(days),
		.hour = (int8_t)(second / 3600),
		.minute = (int8_t)(second / 60 % 60),
		.second = (int8_t)(second % 60),
		.weekday = (int8_t)weekday_of(days),
		.week = (int8_t)((thursday - first_day) / DAYS_A_WEEK + 1),
		.week_year = week_year,
		.offset_s = calendar_offset_s(calendar, at_wall_ms),
	};
}

bool calendar_day_start(
	const struct calendar *calendar, struct local_date date, int64_t *ret_wall_ms)
{
	if (date.year < 1 || date.year > 9999 || date.month < 1 || date.month > 12 ||
		date.day < 1) {
		return false;
	}
	int64_t days = days_of(date);
	if (date_of(days).month != date.month) {
		return false; /* 31 June */
	}
	*ret_wall_ms = first_instant(calendar, days * DAY_MS);
	return true;
}
