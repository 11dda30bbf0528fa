/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peaks.h -- The power peaks of a counter, by the rule that its supplier
 * charges for: the highest hour of the month; the mean of the N highest hours
 * on N different local days; the mean of the N highest monthly maxima. Pure.
 *
 * An hour's energy is its mean power. An hour counts only when all of it was
 * measured and nothing in it was flagged; what was estimated or rejected sets
 * no peak. A register that moves in steps of more than 2 % of an hour's energy
 * does not resolve hours: then days take their place, and it is said.
 */
#ifndef GATEWAY_CORE_PEAKS_H
#define GATEWAY_CORE_PEAKS_H

#include <stddef.h>

#include "gateway/core/calendar.h"
#include "gateway/core/totals.h"

enum peak_rule {
	PEAK_HIGHEST_HOUR,
	PEAK_MEAN_OF_DAYS,
	PEAK_MEAN_OF_MONTHS, /* the month's and those of the eleven before it */
	PEAK_RULE_COUNT
};
const char *peak_rule_name(enum peak_rule rule); /* "highest_hour" ... */

enum {
	PEAK_DAYS_MAX = 31,
	PEAK_MONTHS_MAX = 12,
	PEAK_COUNT_MAX = 12, /* N */
	PEAK_STEPS_MIN = 50, /* of the register in a span: a step is at most 2 % of it */
};

struct peak_rules {
	enum peak_rule rule;
	size_t count;       /* N, 1..PEAK_COUNT_MAX; the highest hour: 1 */
	int64_t resolution; /* one step of the register, in inside steps; 0: unknown, taken for
			       fine enough */
};

/* The greatest of something. length_ms 0: there is none. */
struct peak {
	int64_t start_wall_ms;
	int64_t length_ms;
	int64_t energy; /* inside steps */
};

/* Of one month or day: what hours and what whole days reach. */
struct peak_pair {
	struct peak hour;
	struct peak day;
};

/* One series. Zero-initialise it. */
struct series_peaks {
	struct peak_pair days[PEAK_DAYS_MAX];     /* of the month, by day - 1; .day: that day */
	struct peak_pair months[PEAK_MONTHS_MAX]; /* by month - 1, the months before it */
};

/* One span of a day offers itself. Ignored unless all of it is good. */
void peak_offer(
	struct peak *peak, int64_t start_wall_ms, int64_t end_wall_ms, const struct total_sum *sum);

/* The month in `days` is over: its greatest become months[month - 1]; days are empty again. */
void series_peaks_close_month(struct series_peaks *peaks, int month);
/* The same month of the year before is none of the eleven before it. */
void series_peaks_forget_month(struct series_peaks *peaks, int month);

/* The month's peak by the rule. */
struct peak_result {
	bool is_known;                  /* false: no hour or day of it counts yet */
	enum calendar_span span;        /* SPAN_HOUR, or SPAN_DAY where hours are not resolved */
	int64_t power;                  /* inside steps an hour: mWh/h = mW */
	size_t count;                   /* of those it is the mean of; fewer than N early on */
	struct peak of[PEAK_COUNT_MAX]; /* the greatest first */
};
void peaks_evaluate(const struct series_peaks *peaks, const struct peak_rules *rules,
	struct peak_result *ret_result);

/* Mean power of one, rounded half up. */
int64_t peak_power(const struct peak *peak);

#endif
