/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coarse.h -- Many rows of a series as one: what old rows become when the store
 * needs room (docs/store.md, "Coarsening"). Pure.
 *
 * A coarse row stands for a span, a whole one in UTC: a quarter hour (trends
 * only), an hour, a day. A row goes into the shortest span that holds it and is
 * longer than it; one that no span holds stays by itself. Amounts are integers
 * in the quantity's inside steps and sum exactly.
 */
#ifndef GATEWAY_CORE_COARSE_H
#define GATEWAY_CORE_COARSE_H

#include "gateway/core/totals.h"

enum coarse_level {
	COARSE_QUARTER, /* of an hour; trends only */
	COARSE_HOUR,
	COARSE_DAY,
	COARSE_LEVEL_COUNT
};
int64_t coarse_level_ms(enum coarse_level level);

struct coarse_span {
	int64_t start_wall_ms;
	int64_t end_wall_ms; /* exclusive */
};
/* The span of a level that holds an instant; also before 1970. */
struct coarse_span coarse_span_at(enum coarse_level level, int64_t at_wall_ms);
/* The shortest span of `least` or coarser that holds `span` and is longer; itself when none does.
 */
struct coarse_span coarse_span_above(enum coarse_level least, struct coarse_span span);

/*
 * Zero-initialise it but for series and span. Each millisecond of the span is
 * counted once: with a value (measured, estimated), without (rejected, missing),
 * or not at all when no row told of it.
 */
struct coarse_interval {
	int64_t start_wall_ms;
	int64_t end_wall_ms;
	int64_t energy;    /* of all that has a value */
	int64_t estimated; /* the part of it that is */
	int64_t measured_ms;
	int64_t estimated_ms;
	int64_t rejected_ms;
	int64_t missing_ms;
	int64_t late_ms; /* of measured_ms and estimated_ms: told when the span was coarse already
			  */
	int64_t reading_start; /* of the first row by time that has readings */
	int64_t reading_end;   /* of the last one */
	int64_t reading_start_wall_ms;
	int64_t reading_end_wall_ms;
	int32_t series;
	int32_t intervals; /* how many went in */
	uint32_t flags;    /* of any of them */
	uint8_t clock;     /* the worst: unknown, then trusted, then synchronised */
	bool has_readings;
	bool correction; /* of any of them */
};

/* One interval's row as a coarse row of its own span. */
struct coarse_interval coarse_interval_of(const struct interval_row *row);
/*
 * One of a shorter span inside. A value takes time that nothing was told of yet,
 * then time without a value (missing first, then rejected). False, and nothing
 * has changed: its value finds no such time (the span has another one there
 * already), or the sum would not fit.
 */
bool coarse_interval_merge(struct coarse_interval *coarse, const struct coarse_interval *part);
/*
 * One that comes when its span is coarse already. A first row takes time that
 * nothing was told of. A revision with a value takes time without one, where the
 * span had none at all when it became coarse: of one that had, nobody can tell
 * whether this very interval's is in the sum, and it stays. False: nothing has
 * changed.
 */
bool coarse_interval_add_late(struct coarse_interval *coarse, const struct interval_row *row);
/* Time that no row told of. */
int64_t coarse_interval_untold_ms(const struct coarse_interval *coarse);
/* All of it has a value: `energy` is the span's. Else it is what is known of it. */
bool coarse_interval_is_whole(const struct coarse_interval *coarse);
/* Measured or estimated (in part) when whole; else missing, or rejected where nothing is missing.
 */
enum quality coarse_interval_quality(const struct coarse_interval *coarse);
/* As interval rows stand in sums: belongs to the span its start lies in, whole. Flagged time is no
 * good time, and what is longer than an hour sets no peak: when in it is not known. */
void coarse_interval_count(const struct coarse_interval *coarse, struct total_sum *sum);

/* How far coarse intervals of each level reach; INT64_MIN: there are none. */
struct coarse_reach {
	int64_t hours_until_wall_ms;
	int64_t days_until_wall_ms;
};
/* total_elapsed_ms() where rows may be coarse at either end. */
int64_t coarse_elapsed_ms(
	const struct coarse_reach *reach, const struct coarse_span *span, int64_t interval_ms);

struct coarse_trend {
	int64_t start_wall_ms;
	int64_t end_wall_ms;
	int64_t sum; /* of all samples; each minute's mean times its count, held within 63 bits */
	int64_t count;
	int64_t min;
	int64_t max;
	int32_t series;
	uint8_t clock; /* the worst */
};

/* A minute's as a coarse row of its own span. */
struct coarse_trend coarse_trend_of(const struct trend_row *row);
/* One of a shorter span inside; into one that is zero but for series and span, or has some. */
void coarse_trend_merge(struct coarse_trend *coarse, const struct coarse_trend *part);

#endif
