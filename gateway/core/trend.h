/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trend.h -- A gauge's samples to one row a minute: mean, min, max, count. One
 * struct trend per series. Pure.
 */
#ifndef GATEWAY_CORE_TREND_H
#define GATEWAY_CORE_TREND_H

#include "gateway/core/series.h"

__extension__ typedef __int128 trend_sum; /* no number of samples overflows it */

/* The open span; zero-initialise it. */
struct trend {
	trend_sum sum;
	int64_t start_wall_ms;
	int64_t min;
	int64_t max;
	int32_t count; /* 0: nothing is open */
	uint8_t clock;
};

/*
 * Close the span that ended by `now_wall_ms` (or began after it: the clock was
 * set back), if one is open; true with *ret_row (series and id left 0). Spans
 * are aligned to multiples of span_ms since 1970. Call it before
 * trend_add() with the sample's time, and when time passes. The mean is
 * rounded half to even.
 */
bool trend_close(
	struct trend *trend, int64_t span_ms, int64_t now_wall_ms, struct trend_row *ret_row);

/* Add a sample to its span. The span before must have been closed. */
void trend_add(struct trend *trend, int64_t span_ms, int64_t at_wall_ms, int64_t value);

/* The clock's state that goes with the open span. */
void trend_set_clock(struct trend *trend, enum clock_state clock);

#endif
