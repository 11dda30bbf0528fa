/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile.c -- profile.h. Cells are kept in 16 bits, so that a year of weighted
 * milliseconds times a 63-bit amount stays inside 128 bits.
 */
#include "gateway/core/profile.h"

#include <assert.h>
#include <string.h>

__extension__ typedef __int128 wide;

enum {
	MS_PER_HOUR = 3600000,
	HOURS_MONDAY_TO_EPOCH = 72, /* 1970-01-01 was a Thursday */
	CELL_MAX = (1 << PROFILE_CELL_BITS) - 1,
};

/* ---- Hours of the week ---- */

/* Whole local hours since Monday 1969-12-29 00:00. */
static int64_t local_hour(const struct calendar *calendar, int64_t at_wall_ms)
{
	int64_t offset_s = calendar ? calendar_offset_s(calendar, at_wall_ms) : 0;
	int64_t local_ms = at_wall_ms + offset_s * 1000;
	int64_t into_ms = local_ms % MS_PER_HOUR;

	return (local_ms - (into_ms < 0 ? into_ms + MS_PER_HOUR : into_ms)) / MS_PER_HOUR +
	       HOURS_MONDAY_TO_EPOCH;
}

static int64_t week_of(int64_t hour)
{
	return hour >= 0 ? hour / PROFILE_HOURS : -1;
}

/* Where the local hour that holds an instant ends; zones differ by minutes too. */
static int64_t hour_end_wall_ms(const struct calendar *calendar, int64_t at_wall_ms)
{
	int64_t offset_ms = calendar ? (int64_t)calendar_offset_s(calendar, at_wall_ms) * 1000 : 0;
	int64_t into_ms = (at_wall_ms + offset_ms) % MS_PER_HOUR;

	return at_wall_ms + MS_PER_HOUR - (into_ms < 0 ? into_ms + MS_PER_HOUR : into_ms);
}

/* ---- Learning ---- */

/* Weeks between the newest one and this were not learned: what stands in their place is too old. */
static bool enter_week(struct profile *profile, int64_t week)
{
	if (week < 0 || (profile->week > 0 && week <= profile->week - PROFILE_WEEKS)) {
		return false;
	}
	for (int64_t w = profile->week + 1; profile->week > 0 && w <= week; w++) {
		memset(profile->cells[w % PROFILE_WEEKS], 0, sizeof(profile->cells[0]));
		if (w - profile->week >= PROFILE_WEEKS) {
			break;
		}
	}
	if (week > profile->week) {
		profile->week = week;
	}
	return true;
}

static void make_coarser(struct profile *profile)
{
	profile->shift++;
	for (int w = 0; w < PROFILE_WEEKS; w++) {
		for (int h = 0; h < PROFILE_HOURS; h++) {
			uint16_t *cell = &profile->cells[w][h];
			*cell = (uint16_t)(*cell ? (*cell - 1) / 2 + 1 : 0);
		}
	}
}

static void keep_hour(
	struct profile *profile, const struct calendar *calendar, int64_t start_wall_ms)
{
	int64_t hour = local_hour(calendar, start_wall_ms);

	if (!enter_week(profile, week_of(hour))) {
		return;
	}
	while (profile->hour_amount >> profile->shift >= CELL_MAX) {
		make_coarser(profile);
	}
	profile->cells[week_of(hour) % PROFILE_WEEKS][hour % PROFILE_HOURS] =
		(uint16_t)((profile->hour_amount >> profile->shift) + 1);
}

/* A part of a row inside one hour. */
struct part {
	int64_t start_wall_ms;
	int64_t end_wall_ms;
	int64_t amount;
};

static void gather(
	struct profile *profile, const struct calendar *calendar, const struct part *part)
{
	int64_t hour_end = hour_end_wall_ms(calendar, part->start_wall_ms);
	int64_t hour_start = hour_end - MS_PER_HOUR;

	if (profile->hour_start_wall_ms != hour_start) {
		profile->hour_start_wall_ms = hour_start;
		profile->hour_amount = 0;
		profile->hour_covered_ms = 0;
	}
	profile->hour_amount += part->amount;
	profile->hour_covered_ms += part->end_wall_ms - part->start_wall_ms;
	if (profile->hour_covered_ms == MS_PER_HOUR) {
		keep_hour(profile, calendar, hour_start);
	}
}

void profile_train(
	struct profile *profile, const struct calendar *calendar, const struct interval_row *row)
{
	int64_t length_ms = row->end_wall_ms - row->start_wall_ms;
	int64_t from = row->start_wall_ms;

	if (row->quality != QUALITY_MEASURED || row->flags != 0 || row->energy < 0) {
		return;
	}
	while (from < row->end_wall_ms) {
		int64_t to = hour_end_wall_ms(calendar, from);
		if (to > row->end_wall_ms) {
			to = row->end_wall_ms;
		}
		wide before = (wide)row->energy * (from - row->start_wall_ms) / length_ms;
		wide until = (wide)row->energy * (to - row->start_wall_ms) / length_ms;
		const struct part part = {from, to, (int64_t)(until - before)};
		gather(profile, calendar, &part);
		from = to;
	}
}

/* ---- Sharing out ---- */

/* Mean of the newest four of that hour of the week; -1: never learned. */
static int64_t weight_of(
	const struct profile *profile, const struct calendar *calendar, int64_t at_wall_ms)
{
	int64_t hour = local_hour(calendar, at_wall_ms);
	int64_t sum = 0;
	int used = 0;

	if (profile->week <= 0 || hour < 0) {
		return -1;
	}
	for (int back = 0; back < PROFILE_WEEKS && used < PROFILE_WEEKS_USED; back++) {
		int64_t week = profile->week - back;
		uint16_t cell =
			week >= 0 ? profile->cells[week % PROFILE_WEEKS][hour % PROFILE_HOURS] : 0;
		if (cell > 0) {
			sum += cell - 1;
			used++;
		}
	}
	return used > 0 ? sum / used : -1;
}

/* Weight times milliseconds from where it stands up to an instant; -1: an hour was never learned.
 */
static int64_t weigh(const struct profile_spread *spread, int64_t to_wall_ms)
{
	int64_t from = spread->at_wall_ms;
	int64_t sum = 0;

	if (!spread->profile) {
		return to_wall_ms - from;
	}
	while (from < to_wall_ms) {
		int64_t to = hour_end_wall_ms(spread->calendar, from);
		int64_t weight = weight_of(spread->profile, spread->calendar, from);
		if (weight < 0) {
			return -1;
		}
		to = to < to_wall_ms ? to : to_wall_ms;
		sum += weight * (to - from);
		from = to;
	}
	return sum;
}

struct profile_spread profile_spread_begin(const struct profile *profile,
	const struct calendar *calendar, int64_t from_wall_ms, int64_t to_wall_ms)
{
	struct profile_spread spread = {
		.profile = profile, .calendar = calendar, .at_wall_ms = from_wall_ms};

	assert(to_wall_ms > from_wall_ms);
	if ((to_wall_ms - from_wall_ms) / MS_PER_HOUR <= PROFILE_SPAN_HOURS_MAX) {
		spread.total = weigh(&spread, to_wall_ms);
	}
	if (spread.total <= 0) {
		spread.profile = NULL;
		spread.total = to_wall_ms - from_wall_ms;
	}
	return spread;
}

int64_t profile_spread_until(struct profile_spread *spread, int64_t amount, int64_t at_wall_ms)
{
	spread->done += weigh(spread, at_wall_ms);
	spread->at_wall_ms = at_wall_ms;
	return (int64_t)((wide)amount * spread->done / spread->total);
}

bool profile_expect(
	const struct profile *profile, const struct profile_question *question, int64_t *ret_amount)
{
	const struct profile_spread spread = {.profile = profile,
		.calendar = question->calendar,
		.at_wall_ms = question->from_wall_ms};
	int64_t span_ms = question->to_wall_ms - question->from_wall_ms;

	if (span_ms / MS_PER_HOUR > PROFILE_SPAN_HOURS_MAX) {
		return false;
	}
	int64_t weighed = weigh(&spread, question->to_wall_ms);
	if (weighed < 0) {
		return false;
	}
	wide amount = ((wide)weighed << profile->shift) / MS_PER_HOUR;
	if (amount > INT64_MAX) {
		return false;
	}
	*ret_amount = (int64_t)amount;
	return true;
}
