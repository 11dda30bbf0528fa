/* SPDX-License-Identifier: Apache-2.0 */
/* flags_interval.c -- flags_interval.h. */
#include "gateway/core/flags_interval.h"

#include <stdlib.h>
#include <string.h>

static const int64_t hour_ms = INT64_C(3600000);
static const int64_t day_ms = INT64_C(86400000);
static const int64_t week_ms = 7 * INT64_C(86400000);

static int64_t span_of(const struct interval_row *row)
{
	return row->end_wall_ms - row->start_wall_ms;
}

static int64_t floor_divide(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static struct flag_finding finding_of(
	enum flag flag, const struct flag_rules *rules, const struct interval_row *row)
{
	return (struct flag_finding){
		.flag = flag,
		.quantity = rules->quantity,
		.amount = row->energy,
		.span_ms = span_of(row),
		.from_wall_ms = row->start_wall_ms,
		.to_wall_ms = row->end_wall_ms,
	};
}

/* ---- Largest power ---- */

bool interval_is_above_largest(const struct flag_rules *rules, const struct interval_row *row,
	struct flag_finding *ret_finding)
{
	static const int64_t to_power = 1000; /* mWh an hour are mW of a gauge's quantity */

	if (rules->power_max_per_hour <= 0 || span_of(row) <= 0) {
		return false;
	}
	flag_sum per_hour = (flag_sum)row->energy * hour_ms / span_of(row);
	if (per_hour <= rules->power_max_per_hour) {
		return false;
	}
	*ret_finding = finding_of(FLAG_LARGEST_POWER, rules, row);
	ret_finding->quantity = QUANTITY_ACTIVE_POWER;
	ret_finding->amount = flag_clamp(per_hour / to_power * to_power);
	ret_finding->against = rules->power_max_per_hour;
	return true;
}

/* ---- Spikes ---- */

static void forget(struct interval_history *history, int64_t length_ms)
{
	*history = (struct interval_history){.length_ms = length_ms};
}

static void turn_weeks(struct interval_history *history, int64_t week)
{
	int64_t weeks = week - history->week;

	if (weeks < 0 || weeks >= HISTORY_WEEKS) {
		memset(history->most, 0, sizeof(history->most));
		history->measured_ms = 0;
		history->spikes_ms = 0;
	} else if (weeks > 0) {
		size_t kept = (size_t)(HISTORY_WEEKS - weeks);
		memmove(history->most + weeks, history->most, kept * sizeof(history->most[0]));
		memset(history->most, 0, (size_t)weeks * sizeof(history->most[0]));
	}
	history->week = week;
}

static int64_t most_of(const struct interval_history *history)
{
	int64_t most = 0;

	for (size_t i = 0; i < HISTORY_WEEKS; i++) {
		most = history->most[i] > most ? history->most[i] : most;
	}
	return most;
}

static bool is_high(const struct interval_history *history, const struct flag_rules *rules,
	const struct interval_row *row)
{
	const struct flag_limits *limits = rules->limits;
	int64_t most = most_of(history);

	return rules->resolution > 0 && history->measured_ms >= limits->spike_history_ms &&
	       most >= (flag_sum)limits->steps_min * rules->resolution &&
	       row->energy > (flag_sum)most * limits->spike_factor;
}

/* A load that goes on is no spike. */
static bool goes_on(struct interval_history *history, const struct interval_row *row)
{
	if (history->spikes_ms == 0 || row->start_wall_ms - history->spikes_wall_ms > day_ms) {
		history->spikes_wall_ms = row->start_wall_ms;
		history->spikes_ms = 0;
	}
	if (history->spikes_ms >= hour_ms) {
		history->spikes_ms = 0;
		return true;
	}
	history->spikes_ms += span_of(row);
	return false;
}

bool interval_history_spike(struct interval_history *history, const struct flag_rules *rules,
	const struct interval_row *row, struct flag_finding *ret_finding)
{
	if (span_of(row) != history->length_ms) {
		forget(history, span_of(row));
		history->week = floor_divide(row->start_wall_ms, week_ms);
	}
	turn_weeks(history, floor_divide(row->start_wall_ms, week_ms));
	if (is_high(history, rules, row) && !goes_on(history, row)) {
		*ret_finding = finding_of(FLAG_SPIKE, rules, row);
		ret_finding->against = most_of(history);
		ret_finding->times = row->energy / ret_finding->against;
		return true;
	}
	history->most[0] = row->energy > history->most[0] ? row->energy : history->most[0];
	if (history->measured_ms < rules->limits->spike_history_ms) {
		history->measured_ms += span_of(row);
	}
	return false;
}

/* ---- Doubled hours ---- */

static int ascending(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a;
	int64_t right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

static int64_t usual_change(const struct interval_history *history)
{
	int64_t sorted[HISTORY_CHANGES];

	memcpy(sorted, history->changes, sizeof(sorted));
	qsort(sorted, history->changes_count, sizeof(sorted[0]), ascending);
	return sorted[history->changes_count / 2];
}

static void note_change(struct interval_history *history, int64_t from, int64_t to)
{
	history->changes[history->changes_next] = from > to ? from - to : to - from;
	history->changes_next = (uint8_t)((history->changes_next + 1) % HISTORY_CHANGES);
	if (history->changes_count < HISTORY_CHANGES) {
		history->changes_count++;
	}
}

/* Twice the mean of before and after: twice_mean is their sum. */
static bool is_doubled(
	const struct interval_history *history, const struct flag_rules *rules, int64_t after)
{
	const struct flag_limits *limits = rules->limits;
	int64_t before = history->hours[0];
	int64_t middle = history->hours[1];
	int64_t less = before < after ? before : after;
	flag_sum twice_mean = (flag_sum)before + after;

	if (history->changes_count < HISTORY_CHANGES_MIN || rules->resolution <= 0 ||
		less < (flag_sum)limits->steps_min * rules->resolution) {
		return false;
	}
	return flag_is_near(
		       before > after ? before : after, less, limits->doubled_neighbours_percent) &&
	       flag_is_near(middle, twice_mean, limits->doubled_band_percent) &&
	       2 * (flag_sum)middle - twice_mean >=
		       2 * (flag_sum)HISTORY_LEAP_FACTOR * usual_change(history);
}

/* A full hour is known. */
static bool close_hour(struct interval_history *history, const struct flag_rules *rules,
	struct flag_finding *ret_finding)
{
	int64_t energy = history->hour_energy;
	bool found = history->hours_count == 2 && is_doubled(history, rules, energy);

	if (found) {
		*ret_finding = (struct flag_finding){
			.flag = FLAG_DOUBLED_HOUR,
			.quantity = rules->quantity,
			.amount = history->hours[1],
			.against = history->hours[0] / 2 + energy / 2,
			.times = 2,
			.span_ms = hour_ms,
			.from_wall_ms = history->hour_wall_ms - hour_ms,
			.to_wall_ms = history->hour_wall_ms,
		};
	}
	if (history->hours_count == 2) {
		note_change(history, history->hours[0], history->hours[1]);
	}
	history->hours[0] = history->hours[1];
	history->hours[1] = energy;
	if (history->hours_count < 2) {
		history->hours_count++;
	}
	return found;
}

bool interval_history_doubled(struct interval_history *history, const struct flag_rules *rules,
	const struct interval_row *row, struct flag_finding *ret_finding)
{
	int64_t hour_wall_ms = floor_divide(row->start_wall_ms, hour_ms) * hour_ms;
	bool follows = row->start_wall_ms == history->hour_wall_ms + history->hour_ms;

	if (span_of(row) > hour_ms || row->end_wall_ms > hour_wall_ms + hour_ms) {
		history->hours_count = 0;
		return false;
	}
	if (!follows) {
		history->hours_count = 0;
		history->hour_ms = 0;
	}
	if (!follows && row->start_wall_ms != hour_wall_ms) {
		return false; /* not from its start: no full hour */
	}
	if (row->start_wall_ms == hour_wall_ms) {
		history->hour_wall_ms = hour_wall_ms;
		history->hour_ms = 0;
		history->hour_energy = 0;
	}
	history->hour_ms += span_of(row);
	history->hour_energy += row->energy;
	return history->hour_ms == hour_ms && close_hour(history, rules, ret_finding);
}
