/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge_series.c -- The invariants of a whole series: rows follow on from each
 * other, every stretch without a null sums to what the register counted, and
 * what the world gave is there.
 */
#include "gateway/pipeline_state.h"
#include "tests/simulation/judge.h"

enum { SETTLE_MS = 1800000 }; /* for held readings, deadlines, a slow probe */

static void judge_joint(const struct judged *judged, const struct kept_row *row)
{
	char text[CASE_TEXT_MAX];
	const struct kept_row *next = row + 1;
	bool settling = !judged->simulation->draining &&
			(ledger_causes(judged->ledger, row->start_wall_ms, next->end_wall_ms) &
				CAUSE_CLOCK) != 0;
	if (next->generation != row->generation || settling)
		return;
	if (next->start_wall_ms != row->end_wall_ms) {
		violated(judged->simulation, "holes", "%s: no row follows at its end",
			case_text(text, judged, row));
		return;
	}
	uint32_t causes =
		ledger_causes(judged->ledger, row->end_wall_ms - judged->ledger->interval_ms,
			row->end_wall_ms + judged->ledger->interval_ms);
	if (has_value(row) && has_value(next) && row->has_readings && next->has_readings &&
		row->reading_end != next->reading_start &&
		(causes & (CAUSE_BREAK | CAUSE_LEAP | CAUSE_BELIEVABLE | CAUSE_GUESS)) == 0)
		violated(judged->simulation, "conservation",
			"%s: the next row begins at another reading, %lld",
			case_text(text, judged, row), (long long)next->reading_start);
}

/* The sum of a run of rows with values is what the register counted. */
static void judge_sum(const struct judged *judged, const struct kept_row *first, size_t length)
{
	const struct ledger *ledger = judged->ledger;
	const struct kept_row *last = first + length - 1;
	struct reading_pair sum = {
		.spans = {span_at(ledger,      first->start_wall_ms),
			  span_at(ledger, last->end_wall_ms)},
		.readings = {first->reading_start, last->reading_end                     }
        };
	uint32_t causes = ledger_causes(ledger, first->start_wall_ms - ledger->interval_ms,
		last->end_wall_ms + ledger->interval_ms);
	for (size_t i = 0; i < length; i++)
		sum.energy += first[i].energy;
	if (!first->has_readings || !last->has_readings)
		return;
	if ((causes & (CAUSE_BELIEVABLE | CAUSE_GUESS)) != 0 ||
		((causes & CAUSE_CLOCK) != 0 && !judged->simulation->draining))
		return;
	if ((causes & CAUSE_CLOCK) != 0)
		widen(judged, sum.spans);
	if (!readings_agree(judged, &sum)) {
		char start[INSTANT_MAX], end[INSTANT_MAX];
		violated(judged->simulation, "conservation",
			"m%d counter %d, %s to %s, %zu rows: their sum is %lld, readings %lld to "
			"%lld",
			judged->point, judged->counter, instant(start, first->start_wall_ms),
			instant(end, last->end_wall_ms), length, (long long)sum.energy,
			(long long)sum.readings[0], (long long)sum.readings[1]);
	}
}

/* A run of rows with values from `first` on; returns how many. */
static size_t judge_run(const struct judged *judged, const struct kept_row *first, size_t count)
{
	size_t length = 0;
	while (length < count && has_value(&first[length]) &&
		first[length].generation == first->generation &&
		(length == 0 || first[length].start_wall_ms == first[length - 1].end_wall_ms))
		length++;
	if (length > 0)
		judge_sum(judged, first, length);
	return length > 0 ? length : 1;
}

/* Readings went on after it, and it is missing still. */
static void judge_missing(const struct judged *judged, const struct kept_row *row)
{
	char text[CASE_TEXT_MAX];
	struct mark after = ledger_after(judged->ledger, row->end_wall_ms);
	int64_t now_ms = judged->simulation->now_us / 1000;
	int64_t generation = judged->simulation->archive.streams[STREAM_ENERGY].generation;
	uint32_t causes = ledger_causes(judged->ledger, row->start_wall_ms, row->end_wall_ms);
	bool is_waiting =
		(causes & (CAUSE_DOUBT | CAUSE_BREAK | CAUSE_LIE | CAUSE_BELIEVABLE)) != 0 &&
		judged->ledger->is_doubted;
	if (row->quality == QUALITY_MISSING && row->generation == generation && !is_waiting &&
		(causes & CAUSE_FORGOTTEN) == 0 && after.at_wall_ms != INT64_MIN &&
		after.at_wall_ms < now_ms - SETTLE_MS)
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

void judge_future(struct simulation *simulation, int64_t boot)
{
	const struct board *board = &simulation->board;
	int64_t now_ms = simulation->now_us / 1000;
	char text[CASE_TEXT_MAX];
	if (board->boots != boot || board->pipeline == NULL || board->error_ms != 0 ||
		!simulation->broker.connected || simulation->broker.flights_count > 0 ||
		pipeline_backlog(board->pipeline, STREAM_ENERGY) > 0)
		return;
	for (int i = 0; i < simulation->plan.meters_count; i++)
		for (int j = 0; j < simulation->points[i].box->counters_count; j++) {
			const struct kept_series *series = &simulation->archive.series[i][j];
			struct judged judged = {
				simulation, i, j, &simulation->points[i].ledgers[j]};
			for (size_t k = archive_from(series, now_ms); k < series->count; k++)
				if (has_value(&series->rows[k]))
					violated(simulation, "future", "%s",
						case_text(text, &judged, &series->rows[k]));
		}
}

static int64_t withheld_in(const struct kept_series *series, int64_t from_ms, int64_t to_ms)
{
	int64_t sum = 0;
	for (size_t i = 0; i < series->withheld_count; i++)
		if (series->withheld[i].at_wall_ms > from_ms &&
			series->withheld[i].at_wall_ms <= to_ms)
			sum += series->withheld[i].amount;
	return sum;
}

/* Around one plain break: all that was counted and is in no interval is told. */
static void judge_withheld(const struct judged *judged, const struct kept_series *series,
	const struct kept_row *before, const struct kept_row *after)
{
	const struct ledger *ledger = judged->ledger;
	int64_t from_ms = before->end_wall_ms, to_ms = after->start_wall_ms;
	struct mark first = ledger_before(ledger, from_ms), last = ledger_after(ledger, to_ms);
	uint32_t causes =
		ledger_causes(ledger, from_ms - ledger->interval_ms, to_ms + ledger->interval_ms);
	if (ledger->modulus > 0 || (causes & ~(uint32_t)(CAUSE_BREAK | CAUSE_DOUBT)) != 0 ||
		first.at_wall_ms == INT64_MIN || last.at_wall_ms == INT64_MIN ||
		last.position.era != first.position.era + 1)
		return;
	const struct era *old = &ledger->eras[first.position.era], *new = old + 1;
	int64_t expected = old->last - before->reading_end + after->reading_start - new->first;
	int64_t told = withheld_in(series, from_ms, to_ms);
	char text[CASE_TEXT_MAX];
	if (told != expected)
		violated(judged->simulation, "withheld",
			"after %s: %lld were counted around the break, %lld were told",
			case_text(text, judged, before), (long long)expected, (long long)told);
	judged->simulation->figures.breaks++;
}

/* Every stretch of nulls with values on both sides. */
static void judge_nulls(const struct judged *judged, const struct kept_series *series)
{
	const struct kept_row *before = NULL;
	for (size_t i = 0; i < series->count; i++) {
		const struct kept_row *row = &series->rows[i];
		if (before != NULL && row->generation != before->generation)
			before = NULL;
		if (!has_value(row))
			continue;
		if (before != NULL && before + 1 != row)
			judge_withheld(judged, series, before, row);
		before = row;
	}
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
			if (at_end) {
				judge_end(&judged, series);
				judge_nulls(&judged, series);
			}
		}
	}
}
