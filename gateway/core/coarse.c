/* SPDX-License-Identifier: Apache-2.0 */
/* coarse.c -- coarse.h. */
#include "gateway/core/coarse.h"

/* ---- spans ---- */

static const int64_t level_ms[COARSE_LEVEL_COUNT] = {
	[COARSE_QUARTER] = 900000,
	[COARSE_HOUR] = 3600000,
	[COARSE_DAY] = 86400000,
};

int64_t coarse_level_ms(enum coarse_level level)
{
	return level_ms[level];
}

struct coarse_span coarse_span_at(enum coarse_level level, int64_t at_wall_ms)
{
	int64_t over = at_wall_ms % level_ms[level];
	int64_t start = at_wall_ms - over - (over < 0 ? level_ms[level] : 0);

	return (struct coarse_span){start, start + level_ms[level]};
}

struct coarse_span coarse_span_above(enum coarse_level least, struct coarse_span span)
{
	for (int level = (int)least; level < COARSE_LEVEL_COUNT; level++) {
		struct coarse_span above =
			coarse_span_at((enum coarse_level)level, span.start_wall_ms);
		if (above.end_wall_ms >= span.end_wall_ms &&
			level_ms[level] > span.end_wall_ms - span.start_wall_ms) {
			return above;
		}
	}
	return span;
}

static uint8_t worst_clock(uint8_t a, uint8_t b)
{
	static const uint8_t trust[CLOCK_STATE_COUNT] = {
		[CLOCK_STATE_UNKNOWN] = 0,
		[CLOCK_STATE_TRUSTED] = 1,
		[CLOCK_STATE_SYNCHRONISED] = 2,
	};

	if (a >= CLOCK_STATE_COUNT || b >= CLOCK_STATE_COUNT) {
		return CLOCK_STATE_UNKNOWN;
	}
	return trust[a] < trust[b] ? a : b;
}

/* ---- intervals ---- */

static int64_t length_of(const struct coarse_interval *coarse)
{
	return coarse->end_wall_ms - coarse->start_wall_ms;
}

static int64_t valued_ms(const struct coarse_interval *coarse)
{
	return coarse->measured_ms + coarse->estimated_ms;
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t coarse_interval_untold_ms(const struct coarse_interval *coarse)
{
	return length_of(coarse) - valued_ms(coarse) - coarse->rejected_ms - coarse->missing_ms;
}

bool coarse_interval_is_whole(const struct coarse_interval *coarse)
{
	return valued_ms(coarse) == length_of(coarse);
}

/* What had no value is not told of any more. */
static void take_from_null(struct coarse_interval *coarse, int64_t time_ms)
{
	int64_t missing_ms = least(time_ms, coarse->missing_ms);

	coarse->missing_ms -= missing_ms;
	coarse->rejected_ms -= time_ms - missing_ms;
}

static void take_null_time(struct coarse_interval *coarse, const struct coarse_interval *part)
{
	coarse->rejected_ms += least(part->rejected_ms, coarse_interval_untold_ms(coarse));
	coarse->missing_ms += least(part->missing_ms, coarse_interval_untold_ms(coarse));
}

static void take_readings(struct coarse_interval *coarse, const struct coarse_interval *part)
{
	if (!part->has_readings) {
		return;
	}
	if (!coarse->has_readings || part->reading_start_wall_ms < coarse->reading_start_wall_ms) {
		coarse->reading_start = part->reading_start;
		coarse->reading_start_wall_ms = part->reading_start_wall_ms;
	}
	if (!coarse->has_readings || part->reading_end_wall_ms > coarse->reading_end_wall_ms) {
		coarse->reading_end = part->reading_end;
		coarse->reading_end_wall_ms = part->reading_end_wall_ms;
	}
	coarse->has_readings = true;
}

bool coarse_interval_merge(struct coarse_interval *coarse, const struct coarse_interval *part)
{
	int64_t room_ms = length_of(coarse) - valued_ms(coarse);
	int64_t energy = 0, estimated = 0;

	if (valued_ms(part) > room_ms ||
		__builtin_add_overflow(coarse->energy, part->energy, &energy) ||
		__builtin_add_overflow(coarse->estimated, part->estimated, &estimated)) {
		return false;
	}
	bool is_first = coarse->intervals == 0;
	bool is_news = coarse_interval_untold_ms(coarse) > 0;
	int64_t beyond_ms =
		valued_ms(part) - least(valued_ms(part), coarse_interval_untold_ms(coarse));
	take_from_null(coarse, beyond_ms);
	coarse->measured_ms += part->measured_ms;
	coarse->estimated_ms += part->estimated_ms;
	coarse->late_ms += part->late_ms;
	take_null_time(coarse, part);
	take_readings(coarse, part);
	coarse->energy = energy;
	coarse->estimated = estimated;
	coarse->intervals += is_news ? part->intervals : 0;
	coarse->flags |= part->flags;
	coarse->clock = is_first ? part->clock : worst_clock(coarse->clock, part->clock);
	coarse->correction = coarse->correction || part->correction;
	return true;
}

struct coarse_interval coarse_interval_of(const struct interval_row *row)
{
	bool has_value = interval_has_value(row);
	bool is_estimated = row->quality == QUALITY_ESTIMATED;
	int64_t time_ms = row->end_wall_ms - row->start_wall_ms;

	return (struct coarse_interval){
		.start_wall_ms = row->start_wall_ms,
		.end_wall_ms = row->end_wall_ms,
		.energy = has_value ? row->energy : 0,
		.estimated = is_estimated ? row->energy : 0,
		.measured_ms = row->quality == QUALITY_MEASURED ? time_ms : 0,
		.estimated_ms = is_estimated ? time_ms : 0,
		.rejected_ms = row->quality == QUALITY_REJECTED ? time_ms : 0,
		.missing_ms = row->quality == QUALITY_MISSING ? time_ms : 0,
		.reading_start = row->reading_start,
		.reading_end = row->reading_end,
		.reading_start_wall_ms = row->start_wall_ms,
		.reading_end_wall_ms = row->end_wall_ms,
		.series = row->series,
		.intervals = 1,
		.flags = row->flags,
		.clock = row->clock,
		.has_readings = row->has_readings,
		.correction = row->correction,
	};
}

bool coarse_interval_add_late(struct coarse_interval *coarse, const struct interval_row *row)
{
	struct coarse_interval opened = *coarse;
	struct coarse_interval part = coarse_interval_of(row);
	int64_t time_ms = row->end_wall_ms - row->start_wall_ms;

	if (row->revision == 0) {
		return time_ms <= coarse_interval_untold_ms(coarse) &&
		       coarse_interval_merge(coarse, &part);
	}
	if (!interval_has_value(row) || valued_ms(coarse) > coarse->late_ms ||
		time_ms > coarse->missing_ms + coarse->rejected_ms) {
		return false;
	}
	take_from_null(&opened, time_ms);
	opened.intervals--;
	part.late_ms = time_ms;
	if (!coarse_interval_merge(&opened, &part)) {
		return false;
	}
	*coarse = opened;
	return true;
}

enum quality coarse_interval_quality(const struct coarse_interval *coarse)
{
	if (coarse_interval_is_whole(coarse)) {
		return coarse->estimated_ms > 0 ? QUALITY_ESTIMATED : QUALITY_MEASURED;
	}
	bool is_rejected = coarse->missing_ms == 0 && coarse_interval_untold_ms(coarse) == 0;
	return is_rejected ? QUALITY_REJECTED : QUALITY_MISSING;
}

void coarse_interval_count(const struct coarse_interval *coarse, struct total_sum *sum)
{
	bool is_good = coarse->flags == 0 && length_of(coarse) <= level_ms[COARSE_HOUR];

	sum->energy += coarse->energy;
	sum->estimated += coarse->estimated;
	sum->covered_ms += valued_ms(coarse);
	sum->good_ms += is_good ? coarse->measured_ms : 0;
	sum->intervals += valued_ms(coarse) > 0 ? coarse->intervals : 0;
}

/* Where the first row begins at or behind an instant. */
static int64_t next_start(const struct coarse_reach *reach, int64_t at_wall_ms, int64_t interval_ms)
{
	int64_t length_ms = interval_ms;

	if (at_wall_ms < reach->days_until_wall_ms) {
		length_ms = level_ms[COARSE_DAY];
	} else if (at_wall_ms < reach->hours_until_wall_ms && interval_ms < level_ms[COARSE_HOUR]) {
		length_ms = level_ms[COARSE_HOUR];
	}
	return total_elapsed_ms(0, at_wall_ms, length_ms);
}

int64_t coarse_elapsed_ms(
	const struct coarse_reach *reach, const struct coarse_span *span, int64_t interval_ms)
{
	return next_start(reach, span->end_wall_ms, interval_ms) -
	       next_start(reach, span->start_wall_ms, interval_ms);
}

/* ---- trends ---- */

/* Within 63 bits: a sum beyond is no value of a gauge, but must not stop the store. */
static int64_t held_sum(int64_t a, int64_t b)
{
	int64_t sum;

	if (__builtin_add_overflow(a, b, &sum)) {
		return a < 0 ? INT64_MIN : INT64_MAX;
	}
	return sum;
}

static int64_t held_product(int64_t a, int64_t b)
{
	int64_t product;

	if (__builtin_mul_overflow(a, b, &product)) {
		return (a < 0) != (b < 0) ? INT64_MIN : INT64_MAX;
	}
	return product;
}

void coarse_trend_merge(struct coarse_trend *coarse, const struct coarse_trend *part)
{
	bool is_first = coarse->count == 0;

	coarse->sum = held_sum(coarse->sum, part->sum);
	coarse->count = held_sum(coarse->count, part->count);
	coarse->min = is_first || part->min < coarse->min ? part->min : coarse->min;
	coarse->max = is_first || part->max > coarse->max ? part->max : coarse->max;
	coarse->clock = is_first ? part->clock : worst_clock(coarse->clock, part->clock);
}

struct coarse_trend coarse_trend_of(const struct trend_row *row)
{
	return (struct coarse_trend){
		.start_wall_ms = row->start_wall_ms,
		.end_wall_ms = row->end_wall_ms,
		.sum = held_product(row->mean, row->count),
		.count = row->count,
		.min = row->min,
		.max = row->max,
		.series = row->series,
		.clock = row->clock,
	};
}
