/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge_series.c -- The invariants of a whole series: rows follow on from each
 * other, every stretch without a null sums to what the register counted, and
 * what the world gave is there.
 */
#include "tests/simulation/judge.h"

enum { SETTLE_MS = 1800000 }; /* for held readings, deadlines, a slow probe */

static void judge_joint(const struct judged *judged, const struct kept_row *row)
{
	char text[CASE_TEXT_MAX];
	const struct kept_row *next = row + 1;
	if (next->generation != row->generation)
		return;
	if (next->start_wall_ms != row->end_wall_ms) {
		violated(judged->simulation, "holes", "%s: no row follows at its end",
			case_text(text, judged, row));
		return;
	}
	uint32_t causes = ledger_causes(judged->ledger,
		row->end_wall_ms - judged->ledger->interval_ms,
		row->end_wall_ms + judged->ledger->interval_ms);
	if (has_value(row) && has_value(next) && row->reading_end != next->reading_start &&
		(causes & (CAUSE_BREAK | CAUSE_BELIEVABLE)) == 0)
		violated(judged->simulation, "conservation",
			"%s: the next row begins at another reading, %lld",
			case_text(text, judged, row), (long long)next->reading_start);
}

/* A run of rows with values from `first` on; returns how many. */
static size_t judge_run(const struct judged *judged, const struct kept_row *first, size_t count)
{
	struct reading_pair sum = {first->start_wall_ms, 0, first->reading_start, 0, 0};
	size_t length = 0;
	for (; length < count && has_value(&first[length]) &&
		first[length].generation == first->generation;
		length++)
		sum.energy += first[length].energy;
	if (length == 0)
		return 1;
	sum.end_wall_ms = first[length - 1].end_wall_ms;
	sum.reading_end = first[length - 1].reading_end;
	uint32_t causes = ledger_causes(judged->ledger,
		sum.start_wall_ms - judged->ledger->interval_ms,
		sum.end_wall_ms + judged->ledger->interval_ms);
	if ((causes & CAUSE_BELIEVABLE) == 0 && !readings_agree(judged, &sum)) {
		char start[INSTANT_MAX], end[INSTANT_MAX];
		violated(judged->simulation, "conservation",
			"m%d counter %d, %s to %s, %zu rows: their sum is %lld, readings %lld to "
			"%lld",
			judged->point, judged->counter, instant(start, sum.start_wall_ms),
			instant(end, sum.end_wall_ms), length, (long long)sum.energy,
			(long long)sum.reading_start, (long long)sum.reading_end);
	}
	return length;
}

/* Readings went on after it, and it is missing still. */
static void judge_missing(const struct judged *judged, const struct kept_row *row)
{
	char text[CASE_TEXT_MAX];
	struct mark after = ledger_after(judged->ledger, row->end_wall_ms);
	int64_t now_ms = judged->simulation->now_us / 1000;
	int64_t generation = judged->simulation->archive.streams[STREAM_ENERGY].generation;
	if (row->quality == QUALITY_MISSING && row->generation == generation &&
		after.at_wall_ms != INT64_MIN && after.at_wall_ms < now_ms - SETTLE_MS)
		violated(judged->simulation, "missing", "%s: though readings went on",
			case_text(text, judged, row));
}

/* The newest row reaches as far as the readings do. */
static void judge_end(const struct judged *judged, const struct kept_series *series)
{
	const struct ledger *ledger = judged->ledger;
	int64_t now_ms = judged->simulation->now_us / 1000;
	int64_t known = ledger->newest.at_wall_ms;
	char at[INSTANT_MAX], end[INSTANT_MAX];
	int64_t first = ledger->first.at_wall_ms;
	if (known == INT64_MIN || known < now_ms - SETTLE_MS || known - first < 2 * SETTLE_MS)
		return;
	int64_t reached = series->count > 0 ? series->rows[series->count - 1].end_wall_ms : 0;
	if (reached + SETTLE_MS < known)
		violated(judged->simulation, "missing",
			"m%d counter %d was read until %s, its rows end at %s", judged->point,
			judged->counter, instant(at, known), instant(end, reached));
}

void judge_all(struct simulation *simulation, int64_t from_wall_ms, bool at_end)
{
	for (int i = 0; i < simulation->plan.meters_count; i++) {
		for (int j = 0; j < simulation->points[i].box->counters_count; j++) {
			struct judged judged = {
				simulation, i, j, &simulation->points[i].ledgers[j]};
			const struct kept_series *series = &simulation->archive.series[i][j];
			size_t first = archive_from(series, from_wall_ms);
			for (size_t k = first; k < series->count; k++) {
				judge_kept(&judged, &series->rows[k]);
				if (k + 1 < series->count)
					judge_joint(&judged, &series->rows[k]);
				if (at_end)
					judge_missing(&judged, &series->rows[k]);
			}
			for (size_t k = first; k < series->count;)
				k += judge_run(&judged, &series->rows[k], series->count - k);
			if (at_end)
				judge_end(&judged, series);
		}
	}
}
