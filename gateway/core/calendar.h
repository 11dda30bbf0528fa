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
	SPAN_HOUR, /* 60 minutes from a full local hour; one that occurs twice is two */
	SPAN_DAY,  /* 23, 24 or 25 hours */
	SPAN_WEEK, /* ISO 8601: from Monday */
	SPAN_MONTH,
	SPAN_YEAR,
	SPAN_COUNT
};
const char *calendar_span_name(enum calendar_span span); /* "hour" ... */

int32_t calendar_offset_s(const struct calendar *calendar, int64_t at_wall_ms);

/* First instant of the span that holds an instant, and of the one after it. */
int64_t calendar_span_start(
	const struct calendar *calendar, enum calendar_span span, int64_t at_wall_ms);
int64_t calendar_span_next(
	const struct calendar *calendar, enum calendar_span span, int64_t at_wall_ms);

/* 0..167, from Monday 00:00 local time. */
int calendar_hour_of_week(const struct calendar *calendar, int64_t at_wall_ms);

#endif
