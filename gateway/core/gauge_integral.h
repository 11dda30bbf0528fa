/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gauge_integral.h -- A gauge's integral over time, interval by interval, its
 * positive and its negative part apart: what a register is held against. Pure.
 *
 * A sample holds until the next one. Where none holds (a gap longer than the
 * limit, a sample without a value, a clock set back) the integral of that
 * interval is unknown, never zero.
 */
#ifndef GATEWAY_CORE_GAUGE_INTEGRAL_H
#define GATEWAY_CORE_GAUGE_INTEGRAL_H

#include "gateway/core/flags.h"

/* Inside steps times milliseconds. */
struct gauge_sum {
	flag_sum positive;
	flag_sum negative; /* its size: never below 0 */
};

struct gauge_rules {
	int64_t interval_ms; /* > 0; intervals are aligned to its multiples since 1970 */
	int64_t gap_limit_ms;
};

struct gauge_bucket {
	struct gauge_sum sum;
	int64_t start_wall_ms;
	int64_t known_ms;
};

/* Zero-initialise it. */
struct gauge_integral {
	int64_t interval_ms;
	int64_t last_wall_ms;
	int64_t last;
	bool has_last;
	struct gauge_bucket open;   /* the interval that holds last_wall_ms */
	struct gauge_bucket closed; /* the one before it that had a sample */
};

/* Samples in order of time. */
void gauge_integral_add(struct gauge_integral *integral, const struct gauge_rules *rules,
	int64_t at_wall_ms, int64_t value);

/* A sample that has no value: none holds from the last one on. */
void gauge_integral_break(struct gauge_integral *integral);

/*
 * Over one of the two newest intervals [start, start + interval_ms). The last
 * sample holds up to its end, as long as the limit allows. False, and
 * *ret_sum untouched: unknown.
 */
bool gauge_integral_over(const struct gauge_integral *integral, const struct gauge_rules *rules,
	int64_t start_wall_ms, struct gauge_sum *ret_sum);

#endif
