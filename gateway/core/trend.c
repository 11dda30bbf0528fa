/* SPDX-License-Identifier: Apache-2.0 */
/* trend.c -- trend.h. */
#include "gateway/core/trend.h"

#include <assert.h>

static int64_t span_start(int64_t at_wall_ms, int64_t span_ms)
{
	int64_t into_ms = at_wall_ms % span_ms;

	return at_wall_ms - (into_ms < 0 ? into_ms + span_ms : into_ms);
}

/* sum / count, half to even. */
static int64_t mean_of(trend_sum sum, int32_t count)
{
	trend_sum quotient = sum / count;
	trend_sum twice_rest = 2 * (sum % count);
	trend_sum twice_size = twice_rest < 0 ? -twice_rest : twice_rest;

	if (twice_size > count || (twice_size == count && quotient % 2 != 0)) {
		quotient += sum < 0 ? -1 : 1;
	}
	return (int64_t)quotient;
}

bool trend_close(
	struct trend *trend, int64_t span_ms, int64_t now_wall_ms, struct trend_row *ret_row)
{
	int64_t end_wall_ms = trend->start_wall_ms + span_ms;

	if (trend->count == 0 ||
		(now_wall_ms >= trend->start_wall_ms && now_wall_ms < end_wall_ms)) {
		return false;
	}
	*ret_row = (struct trend_row){
		.start_wall_ms = trend->start_wall_ms,
		.end_wall_ms = end_wall_ms,
		.mean = mean_of(trend->sum, trend->count),
		.min = trend->min,
		.max = trend->max,
		.count = trend->count,
		.clock = trend->clock,
	};
	trend->count = 0;
	trend->sum = 0;
	return true;
}

void trend_add(struct trend *trend, int64_t span_ms, int64_t at_wall_ms, int64_t value)
{
	assert(span_ms > 0);
	if (trend->count == 0) {
		trend->start_wall_ms = span_start(at_wall_ms, span_ms);
		trend->min = value;
		trend->max = value;
	}
	trend->sum += value;
	trend->min = value < trend->min ? value : trend->min;
	trend->max = value > trend->max ? value : trend->max;
	trend->count++;
}

void trend_set_clock(struct trend *trend, enum clock_state clock)
{
	trend->clock = (uint8_t)clock;
}
