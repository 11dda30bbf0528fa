/* SPDX-License-Identifier: Apache-2.0 */
/* finality.c -- finality.h. */
#include "gateway/core/finality.h"

static const int64_t DAY_MS = 86400000;

int64_t interval_final_from(
	const struct calendar *calendar, const struct interval_valuation *interval)
{
	if (!interval->has_value) {
		return INT64_MAX;
	}
	int64_t by_day = calendar_span_next(calendar, SPAN_DAY, interval->start_wall_ms);
	for (int i = 0; i < FINAL_AFTER_DAYS; i++) {
		by_day = calendar_span_next(calendar, SPAN_DAY, by_day);
	}
	int64_t by_value = interval->first_value_wall_ms + FINAL_AFTER_DAYS * DAY_MS;
	return by_value > by_day ? by_value : by_day;
}

bool interval_is_final(const struct calendar *calendar, const struct interval_valuation *interval,
	int64_t now_wall_ms)
{
	return now_wall_ms >= interval_final_from(calendar, interval);
}
