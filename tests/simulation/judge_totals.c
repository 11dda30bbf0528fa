/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge_totals.c -- What a gateway tells of its hours and days, against the
 * rows that arrived: stationary energy is what the meters without a parent
 * counted, less what charged cars below them.
 */
#include <string.h>

#include "tests/simulation/judge.h"

enum { SETTLE_MS = 900000, HOUR_MS = 3600000 };

/* What a series counted in a span; false: not all of it has a value. */
static bool counted_in(const struct simulation *simulation, const struct kept_series *series,
	const struct kept_totals *span, int64_t *ret_energy)
{
	int64_t generation = simulation->archive.streams[STREAM_ENERGY].generation;
	int64_t from_ms = span->through_wall_ms, covered_ms = 0, energy = 0;
	for (size_t i = archive_from(series, from_ms);
		i < series->count && series->rows[i].start_wall_ms < span->end_wall_ms; i++) {
		const struct kept_row *row = &series->rows[i];
		if (!has_value(row) || row->generation != generation)
			continue;
		covered_ms += row->end_wall_ms - row->start_wall_ms;
		energy += row->energy;
	}
	*ret_energy = energy;
	return covered_ms == span->end_wall_ms - from_ms;
}

/* What a meter adds: 1, 0, or -1. */
static int sign_of(const struct simulation *simulation, int point)
{
	const struct plan_meter *meter = &simulation->plan.meters[point];
	if (!meter->kind->electric)
		return strcmp(meter->kind->counters[0], "heat_energy") == 0;
	if (meter->mobile)
		return meter->parent >= 0 ? -1 : 0;
	return meter->parent >= 0 ? 0 : 1;
}

/* False: a part is missing. `span`: from through_wall_ms to end_wall_ms. */
static bool expect(
	const struct simulation *simulation, const struct kept_totals *span, int64_t *ret_energy)
{
	bool known = true;
	*ret_energy = 0;
	for (int i = 0; i < simulation->plan.meters_count; i++) {
		int64_t energy = 0;
		int sign = sign_of(simulation, i);
		if (sign == 0)
			continue;
		known = counted_in(simulation, &simulation->archive.series[i][0], span, &energy) &&
			known;
		*ret_energy += sign * energy;
	}
	return known;
}

static void judge_total(
	struct simulation *simulation, const struct totals_row *row, int64_t end_wall_ms)
{
	char start[INSTANT_MAX], end[INSTANT_MAX];
	struct kept_totals span = {
		.through_wall_ms = row->start_wall_ms, .end_wall_ms = end_wall_ms};
	int64_t expected;
	bool known = expect(simulation, &span, &expected);
	if (known && expected < 0)
		return; /* the car's meter hangs below one that has nothing to do with it */
	simulation->figures.totals_judged++;
	if (row->has_energy != known || (known && row->energy != expected))
		violated(simulation, "totals",
			"%s to %s: %lld mWh (%s) told, the rows make %lld (%s)",
			instant(start, row->start_wall_ms), instant(end, end_wall_ms),
			(long long)row->energy, row->has_energy ? "known" : "null",
			(long long)expected, known ? "known" : "null");
}

void judge_totals(struct simulation *simulation)
{
	for (int i = 0; i < 2; i++) {
		const struct kept_totals *kept = &simulation->archive.totals[i];
		for (size_t j = 0; j < kept->count; j++) {
			int64_t end_ms = j + 1 < kept->count ? kept->rows[j + 1].start_wall_ms
					 : i == 0            ? kept->rows[j].start_wall_ms + HOUR_MS
							     : kept->end_wall_ms;
			if (end_ms <= simulation->now_us / 1000 - SETTLE_MS &&
				end_ms <= kept->through_wall_ms)
				judge_total(simulation, &kept->rows[j], end_ms);
		}
	}
}
