/* SPDX-License-Identifier: Apache-2.0 */
/*
 * instant_text.c -- instant_text.h.
 */
#include "gateway/instant_text.h"

#include <stdio.h>
#include <string.h>

#include "gateway/json_instant.h"

enum { DATE_LENGTH = 10 }; /* "2026-11-23" */

/* The day's noon is in the day everywhere; what begins the day that holds it is its first instant,
 * also where midnight does not exist. */
static int64_t first_instant(const struct calendar *calendar, int64_t utc_midnight_ms)
{
	int64_t noon = utc_midnight_ms + 12 * INT64_C(3600000);
	noon -= calendar_offset_s(calendar, noon) * INT64_C(1000);
	return calendar_span_start(calendar, SPAN_DAY, noon);
}

bool instant_text_parse(const char *text, const struct calendar *calendar, int64_t *ret_wall_ms)
{
	char whole[INSTANT_TEXT_MAX];
	int64_t midnight;
	if (strlen(text) != DATE_LENGTH)
		return json_instant_parse(text, ret_wall_ms);
	snprintf(whole, sizeof whole, "%sT00:00:00Z", text);
	if (!json_instant_parse(whole, &midnight))
		return false;
	*ret_wall_ms = first_instant(calendar, midnight);
	return true;
}
