/* SPDX-License-Identifier: Apache-2.0 */
/*
 * person.c -- Somebody who looks at what has no value, hours or days later, and
 * decides: with the readings of the exchange as written down, without them, or
 * by accepting that the counter went on. Through the function behind the
 * control request.
 */
#include <stdlib.h>
#include <string.h>

#include "gateway/pipeline_settle.h"
#include "tests/simulation/judge.h"

/* Rows without a value and without a reading between them. */
struct null_stretch {
	int64_t start_wall_ms;
	int64_t end_wall_ms;
	int64_t readings[2];
	bool is_rejected; /* not only missing */
};

static bool end_is_known(const struct kept_series *series, size_t row)
{
	return series->rows[row].has_readings ||
	       (row + 1 < series->count && series->rows[row + 1].has_readings);
}

/* The stretch that begins at a row; its rows are passed. False: there is none, or it has no end. */
static bool next_stretch(
	const struct kept_series *series, size_t *at, struct null_stretch *ret_stretch)
{
	const struct kept_row *rows = series->rows;
	size_t first = (*at)++;
	if (has_value(&rows[first]) || first == 0 || !end_is_known(series, first - 1))
		return false;
	size_t last = first;
	bool rejected = rows[first].quality == QUALITY_REJECTED;
	while (!end_is_known(series, last) && last + 1 < series->count) {
		last++;
		rejected = rejected || rows[last].quality == QUALITY_REJECTED;
	}
	*at = last + 1;
	if (!end_is_known(series, last))
		return false;
	*ret_stretch = (struct null_stretch){
		rows[first].start_wall_ms, rows[last].end_wall_ms,
		{rows[first].has_readings ? rows[first].reading_start : rows[first - 1].reading_end,
							       rows[last].has_readings ? rows[last].reading_end
						: rows[last + 1].reading_start},
		rejected
        };
	return true;
}

/* One of a series' rejected stretches, of the store in use; false: there is none. */
static bool choose(struct simulation *simulation, const struct kept_series *series,
	struct null_stretch *ret_stretch)
{
	int64_t generation = simulation->archive.streams[STREAM_ENERGY].generation;
	struct null_stretch stretch;
	int64_t seen = 0;
	for (size_t at = 0; at < series->count;) {
		bool is_ours = series->rows[at].generation == generation &&
			       (at == 0 || series->rows[at - 1].generation == generation);
		if (next_stretch(series, &at, &stretch) && is_ours && stretch.is_rejected &&
			dice_below(&simulation->dice, ++seen) == 0)
			*ret_stretch = stretch;
	}
	return seen > 0;
}

/* ---- what is decided ---- */

struct decision {
	struct settle_request request;
	char closing[DECIMAL_TEXT_MAX];
	char opening[DECIMAL_TEXT_MAX];
	char at[INSTANT_MAX];
	char reason[40];
};

static const char *outside(char buffer[static DECIMAL_TEXT_MAX], const struct ledger *ledger,
	const char *quantity, int64_t unwrapped)
{
	enum quantity found = QUANTITY_VOLUME;
	if (!quantity_find(quantity, &found))
		abort();
	int64_t shown = ledger->modulus > 0 ? unwrapped % ledger->modulus : unwrapped;
	decimal_print(buffer, shown, quantity_info(found)->decimals);
	return buffer;
}

/* By what really happened there; false: too much of it for one act. */
static bool decide(
	const struct judged *judged, const struct null_stretch *stretch, struct decision *decision)
{
	struct simulation *simulation = judged->simulation;
	const struct ledger *ledger = judged->ledger;
	const char *quantity =
		simulation->plan.meters[judged->point].kind->counters[judged->counter];
	struct mark from = ledger_before(ledger, stretch->start_wall_ms);
	struct mark to = ledger_after(ledger, stretch->end_wall_ms);
	if (from.at_wall_ms == INT64_MIN || to.at_wall_ms == INT64_MIN ||
		to.position.era > from.position.era + 1 ||
		ledger_after(ledger, stretch->start_wall_ms).position.era != from.position.era ||
		ledger_before(ledger, stretch->end_wall_ms).position.era != to.position.era)
		return false; /* not between these readings, or nobody can say */
	decision->request.at = instant(decision->at, stretch->start_wall_ms);
	decision->request.meter = simulation->loaded->site->meters[judged->point].config->id;
	decision->request.quantity = quantity;
	snprintf(decision->reason, sizeof decision->reason, "act %llu of the year",
		(unsigned long long)simulation->figures.acts++);
	decision->request.reason = decision->reason;
	decision->request.by = "Kari";
	decision->request.accept = from.position.era == to.position.era;
	if (decision->request.accept)
		return true;
	decision->request.closing = "unknown";
	decision->request.opening =
		outside(decision->opening, ledger, quantity, ledger->eras[to.position.era].opening);
	if (dice_chance(&simulation->dice, 0.8))
		decision->request.closing = outside(decision->closing, ledger, quantity,
			ledger->eras[from.position.era].closing);
	return true;
}

/* ---- the act ---- */

static void expect_author(struct simulation *simulation, const struct decision *decision,
	const struct settle_outcome *outcome)
{
	if (strstr(outcome->text, decision->reason) == NULL ||
		strstr(outcome->text, decision->request.by) == NULL)
		violated(simulation, "author", "an act without its reason or author: %s",
			outcome->text);
	simulation->figures.settled++;
}

static bool is_counted(const struct judged *judged, const struct null_stretch *stretch,
	const struct settle_outcome *outcome)
{
	struct reading_pair pair = {
		{span_at(judged->ledger, stretch->start_wall_ms),
                 span_at(judged->ledger, stretch->end_wall_ms)},
		{stretch->readings[0], stretch->readings[1]                       },
                outcome->changes[0].after
        };
	return readings_agree(judged, &pair);
}

/* Who knows what happened gets what was counted. */
static void judge_outcome(const struct judged *judged, const struct null_stretch *stretch,
	const struct settle_outcome *outcome)
{
	int64_t interval_ms = judged->ledger->interval_ms;
	uint32_t causes = ledger_causes(judged->ledger, stretch->start_wall_ms - interval_ms,
		stretch->end_wall_ms + interval_ms);
	if ((causes & (CAUSE_BELIEVABLE | CAUSE_LIE | CAUSE_CLOCK | CAUSE_GUESS)) == 0 &&
		!is_counted(judged, stretch, outcome))
		violated(judged->simulation, "settlement",
			"%s: it makes %lld, the register counted another amount", outcome->text,
			(long long)outcome->changes[0].after);
}

static void act(
	const struct judged *judged, const struct null_stretch *stretch, struct decision *decision)
{
	struct simulation *simulation = judged->simulation;
	struct ledger *ledger = &simulation->points[judged->point].ledgers[judged->counter];
	struct pipeline *pipeline = simulation->board.pipeline;
	struct settle_outcome dry = {.count = 0}, wet = {.count = 0};
	decision->request.dry_run = true;
	bool can = pipeline_settle(pipeline, &decision->request, &dry);
	decision->request.dry_run = false;
	/* Nobody accepts what is nonsense: an answer that was a lie may stand at an end. */
	if (can && decision->request.accept && !is_counted(judged, stretch, &dry))
		return;
	bool done = pipeline_settle(pipeline, &decision->request, &wet);
	trace(simulation, "%s settles %s %s at %s: %s", decision->request.by,
		decision->request.meter, decision->request.quantity, decision->at,
		done ? wet.text : wet.error);
	if (simulation->board.crashed)
		return; /* in the middle of it */
	if (can != done ||
		(done && (dry.count != wet.count || dry.changes[0].after != wet.changes[0].after ||
				 dry.changes[0].rows != wet.changes[0].rows)))
		violated(simulation, "dry-run", "it told other than what was done: %s; %s",
			can ? dry.text : dry.error, done ? wet.text : wet.error);
	simulation->figures.refused += !done;
	if (!done)
		return;
	expect_author(simulation, decision, &wet);
	bool guessed = decision->request.closing != NULL &&
		       strcmp(decision->request.closing, "unknown") == 0;
	ledger_cause_over(ledger, stretch->start_wall_ms, stretch->end_wall_ms - 1,
		guessed ? CAUSE_GUESS : CAUSE_SETTLED);
	if (!guessed)
		judge_outcome(judged, stretch, &wet);
	simulation->board.due_us = simulation->now_us;
}

void person_looks(struct simulation *simulation, int64_t point)
{
	struct null_stretch stretch;
	int counters = simulation->points[point].box->counters_count;
	int counter = (int)dice_below(&simulation->dice, counters);
	struct judged judged = {
		simulation, (int)point, counter, &simulation->points[point].ledgers[counter]};
	struct decision decision = {.at = ""};
	if (simulation->board.pipeline == NULL || simulation->board.crashed ||
		!choose(simulation, &simulation->archive.series[point][counter], &stretch) ||
		!decide(&judged, &stretch, &decision))
		return;
	act(&judged, &stretch, &decision);
}
