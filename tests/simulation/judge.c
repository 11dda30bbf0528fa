/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge.c -- The invariants of a row, against the oracle's book: its readings
 * are positions the register passed, its energy is what was counted between
 * them, its quality says what the world gave.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/simulation/judge.h"

enum { CANDIDATES_MAX = 8 };

/* Where a boundary's reading may stand. */
struct candidates {
	struct position items[CANDIDATES_MAX];
	size_t count;
};

const char *case_text(
	char buffer[static CASE_TEXT_MAX], const struct judged *judged, const struct kept_row *row)
{
	char start[INSTANT_MAX], end[INSTANT_MAX];
	const struct plan_kind *kind = judged->simulation->plan.meters[judged->point].kind;
	snprintf(buffer, CASE_TEXT_MAX,
		"m%d (%s) %s %s to %s, revision %d, %s, energy %lld, readings %lld to %lld",
		judged->point, kind->model, kind->counters[judged->counter],
		instant(start, row->start_wall_ms), instant(end, row->end_wall_ms), row->revision,
		quality_name((enum quality)row->quality), (long long)row->energy,
		(long long)row->reading_start, (long long)row->reading_end);
	return buffer;
}

bool has_value(const struct kept_row *row)
{
	return row->quality == QUALITY_MEASURED || row->quality == QUALITY_ESTIMATED;
}

/* The least a register can have counted to show this. */
static int64_t least_above(const struct ledger *ledger, int64_t reading, int64_t least)
{
	if (ledger->modulus <= 0 || reading >= least)
		return reading;
	int64_t turns = (least - reading + ledger->modulus - 1) / ledger->modulus;
	return reading + turns * ledger->modulus;
}

static void add_candidates(const struct ledger *ledger, const struct span *span, int64_t reading,
	struct candidates *candidates)
{
	const struct mark *before = &span->before, *after = &span->after;
	bool begins = before->at_wall_ms != INT64_MIN, ends = after->at_wall_ms != INT64_MIN;
	int32_t last = ends ? after->position.era : (int32_t)ledger->eras_count - 1;
	for (int32_t era = begins ? before->position.era : 0; era <= last; era++) {
		bool is_first = begins && era == before->position.era;
		bool is_last = ends && era == after->position.era;
		bool is_open = era + 1 == (int32_t)ledger->eras_count;
		int64_t least = is_first ? before->position.unwrapped : ledger->eras[era].opening;
		int64_t most = is_last   ? after->position.unwrapped
			       : is_open ? INT64_MAX
					 : ledger->eras[era].closing;
		int64_t unwrapped = least_above(ledger, reading, least);
		if (unwrapped >= least && unwrapped <= most && candidates->count < CANDIDATES_MAX)
			candidates->items[candidates->count++] = (struct position){era, unwrapped};
	}
}

struct span span_at(const struct ledger *ledger, int64_t boundary_wall_ms)
{
	return (struct span){.at_wall_ms = boundary_wall_ms,
		.before = ledger_before(ledger, boundary_wall_ms),
		.after = ledger_after(ledger, boundary_wall_ms)};
}

bool is_long_gap(const struct ledger *ledger, const struct span *span)
{
	if (span->before.at_wall_ms == INT64_MIN || span->after.at_wall_ms == INT64_MIN)
		return false; /* not known */
	return span->after.at_wall_ms - span->before.at_wall_ms > ledger->gap_limit_ms &&
	       span->before.at_wall_ms != span->at_wall_ms &&
	       span->after.at_wall_ms != span->at_wall_ms;
}

/* What happened around both boundaries, and between them. */
static uint32_t causes_around(
	const struct judged *judged, const struct span *start, const struct span *end)
{
	int64_t from = start->before.at_wall_ms != INT64_MIN ? start->before.at_wall_ms
							     : start->at_wall_ms;
	int64_t to = end->after.at_wall_ms != INT64_MIN ? end->after.at_wall_ms : end->at_wall_ms;
	from = from < start->at_wall_ms ? from : start->at_wall_ms;
	to = to > end->at_wall_ms ? to : end->at_wall_ms;
	return ledger_causes(judged->ledger, from, to);
}

/* ---- the invariants of one row ---- */

bool readings_agree(const struct judged *judged, const struct reading_pair *pair)
{
	struct candidates from = {0}, to = {0};
	add_candidates(judged->ledger, &pair->spans[0], pair->readings[0], &from);
	add_candidates(judged->ledger, &pair->spans[1], pair->readings[1], &to);
	for (size_t i = 0; i < from.count; i++)
		for (size_t j = 0; j < to.count; j++)
			if (ledger_counted(judged->ledger, from.items[i], to.items[j]) ==
				pair->energy)
				return true;
	return false;
}

static bool reading_is_possible(
	const struct judged *judged, const struct span *span, int64_t reading)
{
	struct candidates candidates = {0};
	add_candidates(judged->ledger, span, reading, &candidates);
	return candidates.count > 0;
}

static void judge_readings(
	const struct judged *judged, const struct kept_row *row, const struct span spans[static 2])
{
	char text[CASE_TEXT_MAX];
	const struct span *start = &spans[0], *end = &spans[1];
	uint32_t causes = causes_around(judged, start, end);
	if (!row->has_readings || (!has_value(row) && (causes & CAUSE_LIE) != 0))
		return; /* a null may show what it was rejected for */
	int64_t readings[] = {row->reading_start, row->reading_end};
	for (int i = 0; i < 2; i++)
		if (!reading_is_possible(judged, &spans[i], readings[i])) {
			violated(judged->simulation, "readings",
				"%s: its %s lies outside of the register's, %lld (era %d) to %lld "
				"(era %d)",
				case_text(text, judged, row), i == 0 ? "start" : "end",
				(long long)spans[i].before.position.unwrapped,
				spans[i].before.position.era,
				(long long)spans[i].after.position.unwrapped,
				spans[i].after.position.era);
			return;
		}
	struct reading_pair pair = {
		{*start,             *end            },
                {row->reading_start, row->reading_end},
                row->energy
        };
	if (has_value(row) && !readings_agree(judged, &pair))
		violated(judged->simulation, "conservation",
			"%s: the register counted another amount, from %lld..%lld to %lld..%lld",
			case_text(text, judged, row), (long long)start->before.position.unwrapped,
			(long long)start->after.position.unwrapped,
			(long long)end->before.position.unwrapped,
			(long long)end->after.position.unwrapped);
}

/* Nothing was wrong: then it is measured. */
static void judge_calm(
	const struct judged *judged, const struct kept_row *row, const struct span spans[static 2])
{
	char text[CASE_TEXT_MAX];
	int64_t interval_ms = judged->ledger->interval_ms;
	uint32_t causes = ledger_causes(
		judged->ledger, row->start_wall_ms - interval_ms, row->end_wall_ms + interval_ms);
	bool known =
		spans[0].before.at_wall_ms != INT64_MIN && spans[0].after.at_wall_ms != INT64_MIN &&
		spans[1].before.at_wall_ms != INT64_MIN && spans[1].after.at_wall_ms != INT64_MIN;
	if (row->quality == QUALITY_MEASURED || causes != 0 || !known ||
		is_long_gap(judged->ledger, &spans[0]) || is_long_gap(judged->ledger, &spans[1]))
		return;
	violated(judged->simulation, "quality", "%s: the world gave all that a measured one needs",
		case_text(text, judged, row));
}

static void judge_quality(
	const struct judged *judged, const struct kept_row *row, const struct span spans[static 2])
{
	char text[CASE_TEXT_MAX];
	uint32_t causes = causes_around(judged, &spans[0], &spans[1]);
	bool gap = is_long_gap(judged->ledger, &spans[0]) || is_long_gap(judged->ledger, &spans[1]);
	if (row->quality == QUALITY_MEASURED && gap &&
		(causes & (CAUSE_CLOCK | CAUSE_LIE | CAUSE_BELIEVABLE)) == 0)
		violated(judged->simulation, "quality",
			"%s: measured, though a boundary lies in a gap of %lld or %lld s",
			case_text(text, judged, row),
			(long long)(spans[0].after.at_wall_ms - spans[0].before.at_wall_ms) / 1000,
			(long long)(spans[1].after.at_wall_ms - spans[1].before.at_wall_ms) / 1000);
	if ((row->quality == QUALITY_ESTIMATED) != (row->method != METHOD_NONE))
		violated(judged->simulation, "quality", "%s: method %d",
			case_text(text, judged, row), row->method);
	const uint32_t undetermined = CAUSE_BREAK | CAUSE_LIE | CAUSE_BELIEVABLE | CAUSE_CLOCK |
				      CAUSE_FORGOTTEN | CAUSE_LEAP | CAUSE_DOUBT;
	if (row->quality == QUALITY_REJECTED && (causes & undetermined) == 0)
		violated(judged->simulation, "quality",
			"%s: rejected, though the register never broke",
			case_text(text, judged, row));
	judge_calm(judged, row, spans);
}

void widen(const struct judged *judged, struct span spans[static 2])
{
	int64_t interval_ms = judged->ledger->interval_ms;
	int64_t worst_ms = (judged->simulation->board.worst_ms / interval_ms + 1) * interval_ms;
	for (int i = 0; i < 2; i++) {
		spans[i].before = ledger_before(judged->ledger, spans[i].at_wall_ms - worst_ms);
		spans[i].after = ledger_after(judged->ledger, spans[i].at_wall_ms + worst_ms);
	}
}

void judge_kept(const struct judged *judged, const struct kept_row *row)
{
	char text[CASE_TEXT_MAX];
	struct figures *figures = &judged->simulation->figures;
	int64_t interval_ms = judged->ledger->interval_ms;
	struct span spans[] = {span_at(judged->ledger, row->start_wall_ms),
		span_at(judged->ledger, row->end_wall_ms)};
	if (row->end_wall_ms <= row->start_wall_ms || row->start_wall_ms % interval_ms != 0 ||
		row->end_wall_ms % interval_ms != 0)
		violated(judged->simulation, "grid", "%s", case_text(text, judged, row));
	if (has_value(row) && row->energy < 0)
		violated(judged->simulation, "negative", "%s", case_text(text, judged, row));
	uint32_t acts = ledger_causes(judged->ledger, row->start_wall_ms, row->end_wall_ms - 1) &
			(CAUSE_GUESS | CAUSE_SETTLED);
	if (has_value(row) && !row->has_readings && acts == 0)
		violated(judged->simulation, "provenance", "%s: a value without readings",
			case_text(text, judged, row));
	judge_quality(judged, row, spans);
	uint32_t causes = causes_around(judged, &spans[0], &spans[1]);
	if ((acts & CAUSE_SETTLED) != 0)
		return; /* judged as a whole when it was settled */
	if ((causes & CAUSE_BELIEVABLE) != 0 || (acts & CAUSE_GUESS) != 0) {
		figures->not_judged++;
		return;
	}
	if ((causes & CAUSE_CLOCK) != 0) {
		/* It may be placed anew until all is over, and then by as much as the clock was
		   wrong. */
		if (!judged->simulation->draining)
			return;
		widen(judged, spans);
	}
	judge_readings(judged, row, spans);
	figures->judged += has_value(row);
}

static void count_quality(struct figures *figures, const struct interval_row *row)
{
	figures->measured += row->quality == QUALITY_MEASURED;
	figures->estimated += row->quality == QUALITY_ESTIMATED;
	figures->rejected += row->quality == QUALITY_REJECTED;
	figures->missing += row->quality == QUALITY_MISSING;
}

void judge_row(
	struct simulation *simulation, int point, int counter, const struct interval_row *row)
{
	struct judged judged = {
		simulation, point, counter, &simulation->points[point].ledgers[counter]};
	const struct kept_series *series = &simulation->archive.series[point][counter];
	const struct kept_row *kept = &series->rows[archive_from(series, row->start_wall_ms)];
	char text[CASE_TEXT_MAX];
	count_quality(&simulation->figures, row);
	if (simulation->trace)
		trace(simulation, "row %lld: %s", (long long)row->id,
			case_text(text, &judged, kept));
	judge_kept(&judged, kept);
}

void judge_event(struct simulation *simulation, const struct event_row *event)
{
	char at[INSTANT_MAX];
	if (simulation->trace)
		trace(simulation, "event %lld: %s %s %s: %s", (long long)event->id,
			instant(at, event->at_wall_ms), event->meter,
			event_kind_name((enum event_kind)event->kind), event->text);
	simulation->figures.rollovers += event->kind == EVENT_COUNTER_ROLLED_OVER;
	simulation->figures.withheld += event->kind == EVENT_ENERGY_WITHHELD;
	simulation->figures.settlements += event->kind == EVENT_SETTLED;
	if (event->kind == EVENT_ENERGY_WITHHELD && !event->has_amount)
		violated(simulation, "withheld", "event %lld tells no amount: %s",
			(long long)event->id, event->text);
}
