/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile.h -- What a counter usually counts in each hour of the week, learned
 * from its own measured intervals of up to four past weeks; and how a gap's
 * difference is shared out by it. One struct profile per series. Pure.
 *
 * Hours are local ones: people's habits follow the clock on the wall.
 */
#ifndef GATEWAY_CORE_PROFILE_H
#define GATEWAY_CORE_PROFILE_H

#include "gateway/core/calendar.h"
#include "gateway/core/series.h"

enum {
	PROFILE_HOURS = 168, /* of a week, from Monday 00:00 local time */
	PROFILE_WEEKS = 5,   /* the current week, and four whole ones before it */
	PROFILE_WEEKS_USED = 4,
	PROFILE_CELL_BITS = 16, /* of an hour's amount; what is smaller than the largest by more
				   than that weighs nothing */
};

/* Zero-initialise it. Fields are profile.c's. */
struct profile {
	uint16_t cells[PROFILE_WEEKS][PROFILE_HOURS]; /* 0: none; else amount >> shift, plus 1 */
	int64_t week;                                 /* newest trained; 0: none */
	int64_t hour_start_wall_ms;                   /* the hour being gathered */
	int64_t hour_amount;
	int64_t hour_covered_ms;
	uint8_t shift;
};

/* Learn from a row. One that is not measured, or carries a flag, teaches nothing. Rows in order of
 * time. calendar NULL: UTC. */
void profile_train(
	struct profile *profile, const struct calendar *calendar, const struct interval_row *row);

/*
 * The share of a span [from, to) that falls before an instant inside it, as
 * done / total. Ask for instants in order of time: each call goes on from the
 * one before.
 */
struct profile_spread {
	const struct profile *profile; /* NULL: even */
	const struct calendar *calendar;
	int64_t at_wall_ms; /* come to */
	int64_t done;
	int64_t total; /* > 0 */
};

/* Even (profile NULL in the result) where an hour of the span was never learned, where nothing was
 * used in any, or the span is longer than PROFILE_SPAN_HOURS_MAX. */
enum { PROFILE_SPAN_HOURS_MAX = 24 * 366 };
struct profile_spread profile_spread_begin(const struct profile *profile,
	const struct calendar *calendar, int64_t from_wall_ms, int64_t to_wall_ms);

/* amount * done / total at an instant, rounded down: cumulative, so that the shares of the pieces
 * add up to the amount, and each is within a step of its exact one. */
int64_t profile_spread_until(struct profile_spread *spread, int64_t amount, int64_t at_wall_ms);

/* What the counter usually counts in a span of at most PROFILE_SPAN_HOURS_MAX; false where an hour
 * of it was never learned. */
struct profile_question {
	const struct calendar *calendar; /* NULL: UTC */
	int64_t from_wall_ms;
	int64_t to_wall_ms;
};
__attribute__((warn_unused_result)) bool profile_expect(const struct profile *profile,
	const struct profile_question *question, int64_t *ret_amount);

#endif
