/* SPDX-License-Identifier: Apache-2.0 */
/* gauge_integral.c -- gauge_integral.h. */
#include "gateway/core/gauge_integral.h"

#include <assert.h>

static int64_t boundary_at_or_before(int64_t at_wall_ms, int64_t interval_ms)
{
	int64_t into_ms = at_wall_ms % interval_ms;

	return at_wall_ms - (into_ms < 0 ? into_ms + interval_ms : into_ms);
}

static void hold(struct gauge_bucket *bucket, int64_t value, int64_t for_ms)
{
	if (value >= 0) {
		bucket->sum.positive += (flag_sum)value * for_ms;
	} else {
		bucket->sum.negative -= (flag_sum)value * for_ms;
	}
	bucket->known_ms += for_ms;
}

/* The interval that holds `start_wall_ms` becomes the open one. */
static void open_bucket(struct gauge_integral *integral, int64_t start_wall_ms)
{
	if (integral->open.known_ms > 0) {
		integral->closed = integral->open;
	}
	integral->open = (struct gauge_bucket){.start_wall_ms = start_wall_ms};
}

/* The last sample's value up to `to_wall_ms`, across boundaries. */
static void hold_last(struct gauge_integral *integral, int64_t to_wall_ms)
{
	for (int64_t from_wall_ms = integral->last_wall_ms; from_wall_ms < to_wall_ms;) {
		int64_t end_wall_ms = integral->open.start_wall_ms + integral->interval_ms;
		int64_t until_wall_ms = end_wall_ms < to_wall_ms ? end_wall_ms : to_wall_ms;
		hold(&integral->open, integral->last, until_wall_ms - from_wall_ms);
		if (until_wall_ms == end_wall_ms) {
			open_bucket(integral, end_wall_ms);
		}
		from_wall_ms = until_wall_ms;
	}
}

void gauge_integral_add(struct gauge_integral *integral, const struct gauge_rules *rules,
	int64_t at_wall_ms, int64_t value)
{
	assert(rules->interval_ms > 0);
	if (integral->interval_ms != rules->interval_ms || at_wall_ms < integral->last_wall_ms) {
		*integral = (struct gauge_integral){.interval_ms = rules->interval_ms};
	}
	if (integral->has_last && at_wall_ms - integral->last_wall_ms <= rules->gap_limit_ms) {
		hold_last(integral, at_wall_ms);
	}
	int64_t start_wall_ms = boundary_at_or_before(at_wall_ms, rules->interval_ms);
	if (start_wall_ms != integral->open.start_wall_ms) {
		open_bucket(integral, start_wall_ms);
	}
	integral->last_wall_ms = at_wall_ms;
	integral->last = value;
	integral->has_last = true;
}

void gauge_integral_break(struct gauge_integral *integral)
{
	integral->has_last = false;
}

bool gauge_integral_over(const struct gauge_integral *integral, const struct gauge_rules *rules,
	int64_t start_wall_ms, struct gauge_sum *ret_sum)
{
	int64_t end_wall_ms = start_wall_ms + rules->interval_ms;
	struct gauge_bucket bucket = integral->open;

	if (integral->interval_ms != rules->interval_ms) {
		return false;
	}
	if (start_wall_ms == integral->closed.start_wall_ms) {
		bucket = integral->closed;
	} else if (start_wall_ms != integral->open.start_wall_ms) {
		return false;
	} else if (integral->has_last &&
		   end_wall_ms - integral->last_wall_ms <= rules->gap_limit_ms) {
		hold(&bucket, integral->last, end_wall_ms - integral->last_wall_ms);
	}
	if (bucket.known_ms != rules->interval_ms) {
		return false;
	}
	*ret_sum = bucket.sum;
	return true;
}
