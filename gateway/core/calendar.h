/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calendar.h -- The site's local calendar: hours, days, ISO weeks, months and
 * years as spans of UTC instants. Pure: the zone's changes of offset are a
 * table somebody else fills (gateway/local_time.h asks the C library).
 *
 * Only totals, profiles and display know it; everything else is UTC.
 */
#ifndef GATEWAY_CORE_CALENDAR_H
#define GATEWAY_CORE_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CALENDAR_CHANGES_MAX = 128 }; /* two a year for half a century and more */

struct calendar_change {
	int64_t from_wall_ms;
	int32_t offset_s; /* local = UTC + offset */
};

/* In order of time; the first holds before it too. None: UTC. */
struct calendar {
	struct calendar_change changes[CALENDAR_CHANGES_MAX];
	size_t count;
};

enum calendar_span {
	SPAN_HOUR, /* from a full local hour, cut at a change of offset: one that occurs twice is
		      two, and where clocks move by half an hour one has 30 minutes */
	SPAN_DAY,  /* 23, 24 or 25 hours */
	SPAN_WEEK, /* ISO 8601: from Monday */
	SPAN_MONTH,
	SPAN_YEAR,
	SPAN_COUNT
};
const char *calendar_span_name(enum calendar_span span); /* "hour" ... */

int32_t calendar_offset_s(const struct calendar *calendar, int64_t at_wall_ms);

/* First instant of the span that holds an instant, and of the one after it. Spans follow one
 * another without a hole: a local day begins when its date is first reached, at 01:00 where
 * midnight is skipped. Years 1..9999. */
int64_t calendar_span_start(
	const struct calendar *calendar, enum calendar_span span, int64_t at_wall_ms);
int64_t calendar_span_next(
	const struct calendar *calendar, enum calendar_span span, int64_t at_wall_ms);

/* ---- What a local clock and wall calendar show ---- */

struct local_date {
	int32_t year;
	int8_t month; /* 1..12 */
	int8_t day;   /* 1..31 */
};

struct local_time {
	struct local_date date;
	int8_t hour;
	int8_t minute;
	int8_t second;
	int8_t weekday;    /* 0 is Monday */
	int8_t week;       /* ISO 8601: 1..53 */
	int32_t week_year; /* the year that week belongs to */
	int32_t offset_s;
};
struct local_time calendar_local_time(const struct calendar *calendar, int64_t at_wall_ms);

/* The first instant of a local day; false: there is no such date. */
__attribute__((warn_unused_result)) bool calendar_day_start(
	const struct calendar *calendar, struct local_date date, int64_t *ret_wall_ms);

#endif
