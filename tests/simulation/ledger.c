/* SPDX-License-Identifier: Apache-2.0 */
/* ledger.c -- ledger.h: one bucket an interval. */
#include "tests/simulation/ledger.h"

#include <stdlib.h>

static const struct mark no_mark = {.at_wall_ms = INT64_MIN};

static int64_t floor_of(int64_t at_wall_ms, int64_t interval_ms)
{
	int64_t number = at_wall_ms / interval_ms;
	return at_wall_ms % interval_ms < 0 ? number - 1 : number;
}

/* The bucket of an interval's number; NULL outside of the run. */
static struct bucket *bucket_at(const struct ledger *ledger, int64_t number)
{
	int64_t index = number - ledger->origin;
	bool inside = index >= 0 && index < (int64_t)ledger->buckets_count;
	return inside ? &ledger->buckets[index] : NULL;
}

void ledger_begin(struct ledger *ledger, int64_t from_wall_ms, int64_t to_wall_ms, int64_t opening)
{
	ledger->origin = floor_of(from_wall_ms, ledger->interval_ms) - 1;
	ledger->buckets_count =
		(size_t)(floor_of(to_wall_ms, ledger->interval_ms) - ledger->origin + 3);
	ledger->buckets = malloc(ledger->buckets_count * sizeof *ledger->buckets);
	ledger->eras = calloc(1, sizeof *ledger->eras);
	if (ledger->buckets == NULL || ledger->eras == NULL)
		abort();
	for (size_t i = 0; i < ledger->buckets_count; i++)
		ledger->buckets[i] = (struct bucket){.first = no_mark, .last = no_mark};
	ledger->eras[0] = (struct era){.opening = opening};
	ledger->eras_count = 1;
	ledger->newest = ledger->first = ledger->lost = ledger->era_before = no_mark;
	ledger->forgotten_wall_ms = INT64_MIN;
	ledger->resumed_wall_ms = INT64_MIN;
	ledger->bridged_wall_ms = INT64_MIN;
}

void ledger_clear(struct ledger *ledger)
{
	free(ledger->buckets);
	free(ledger->eras);
	*ledger = (struct ledger){0};
}

void ledger_cause_over(
	struct ledger *ledger, int64_t from_wall_ms, int64_t to_wall_ms, enum cause cause)
{
	bool turned = from_wall_ms > to_wall_ms; /* the clock was set back between them */
	int64_t from = floor_of(turned ? to_wall_ms : from_wall_ms, ledger->interval_ms);
	int64_t last = floor_of(turned ? from_wall_ms : to_wall_ms, ledger->interval_ms);
	int64_t end = ledger->origin + (int64_t)ledger->buckets_count;
	int64_t number = from < ledger->origin ? ledger->origin : from;
	for (; number <= last && number < end; number++)
		bucket_at(ledger, number)->causes |= (uint32_t)cause;
}

void ledger_cause(struct ledger *ledger, int64_t at_wall_ms, enum cause cause)
{
	ledger_cause_over(ledger, at_wall_ms, at_wall_ms, cause);
}

void ledger_note_before(struct ledger *ledger, int64_t shown)
{
	ledger->befores[ledger->befores_count++ % LEDGER_BEFORES_MAX] = shown;
}

bool ledger_passes_before(const struct ledger *ledger, int64_t from, int64_t to)
{
	for (int i = 0; i < ledger->befores_count && i < LEDGER_BEFORES_MAX; i++)
		if (from < ledger->befores[i] && to >= ledger->befores[i])
			return true;
	return false;
}

void ledger_doubt(struct ledger *ledger, int64_t since_wall_ms)
{
	if (!ledger->is_doubted || since_wall_ms < ledger->doubted_wall_ms)
		ledger->doubted_wall_ms = since_wall_ms;
	ledger->is_doubted = true;
	ledger->doubted.era = -1;
}

static void judge_doubt(struct ledger *ledger, struct position position)
{
	const struct mark *newest = &ledger->newest;
	if (newest->at_wall_ms != INT64_MIN && newest->position.era != position.era)
		ledger_doubt(ledger, newest->at_wall_ms);
	if (ledger->is_doubted && ledger->doubted.era != position.era)
		ledger->doubted = position;
	else if (ledger->is_doubted && ledger->doubted.unwrapped < position.unwrapped)
		ledger->is_doubted = false;
}

static void note_climb(struct ledger *ledger, int64_t at_wall_ms, struct position position)
{
	const struct mark *newest = &ledger->newest;
	int64_t span_ms = at_wall_ms - ledger->less_wall_ms;
	if (position.era != newest->position.era || span_ms <= 0)
		return;
	double per_hour = (double)(position.unwrapped - newest->position.unwrapped) * 3600e3 /
			  (double)span_ms;
	if (per_hour > ledger->fastest_per_hour)
		ledger->fastest_per_hour = per_hour;
}

static bool is_earlier(struct position a, struct position b)
{
	return a.era != b.era ? a.era < b.era : a.unwrapped < b.unwrapped;
}

void ledger_answer(struct ledger *ledger, int64_t earliest_wall_ms, int64_t latest_wall_ms,
	struct position position)
{
	int64_t interval_ms = ledger->interval_ms;
	struct bucket *first = bucket_at(ledger, floor_of(earliest_wall_ms, interval_ms));
	struct bucket *last = bucket_at(ledger, floor_of(latest_wall_ms - 1, interval_ms));
	if (first != NULL && (first->first.at_wall_ms == INT64_MIN ||
				     is_earlier(position, first->first.position)))
		first->first = (struct mark){earliest_wall_ms, position};
	if (last != NULL &&
		(last->last.at_wall_ms == INT64_MIN || !is_earlier(position, last->last.position)))
		last->last = (struct mark){latest_wall_ms, position};
	if (ledger->newest.at_wall_ms != INT64_MIN &&
		is_earlier(ledger->newest.position, position)) {
		note_climb(ledger, latest_wall_ms, position);
		ledger->less_wall_ms = ledger->newest.at_wall_ms;
		ledger->has_climbed = true;
	}
	if (ledger->newest.at_wall_ms == INT64_MIN)
		ledger->less_wall_ms = ledger->bridged_wall_ms != INT64_MIN
					       ? ledger->bridged_wall_ms
					       : earliest_wall_ms;
	judge_doubt(ledger, position);
	if (ledger->forgotten_wall_ms != INT64_MIN)
		ledger_cause_over(
			ledger, ledger->forgotten_wall_ms, latest_wall_ms, CAUSE_FORGOTTEN);
	ledger->forgotten_wall_ms = INT64_MIN;
	struct era *era = &ledger->eras[position.era];
	if (!era->is_seen)
		era->first = position.unwrapped;
	era->last = position.unwrapped;
	era->is_seen = true;
	if (ledger->newest.at_wall_ms != INT64_MIN && ledger->newest.position.era != position.era)
		ledger->era_before = ledger->newest;
	else if (era->first != era->last)
		ledger->era_before = (struct mark){.at_wall_ms = INT64_MIN};
	ledger->newest = (struct mark){latest_wall_ms, position};
	ledger->is_lying = false;
	if (ledger->first.at_wall_ms == INT64_MIN)
		ledger->first = (struct mark){earliest_wall_ms, position};
}

void ledger_new_era(struct ledger *ledger, int64_t closing, int64_t opening, bool has_serial)
{
	struct era *eras = realloc(ledger->eras, (ledger->eras_count + 1) * sizeof *eras);
	if (eras == NULL)
		abort();
	ledger->eras = eras;
	eras[ledger->eras_count - 1].closing = closing;
	eras[ledger->eras_count++] = (struct era){.opening = opening, .has_serial = has_serial};
}

void ledger_forget(struct ledger *ledger, int64_t from_wall_ms, int64_t now_wall_ms)
{
	int64_t interval_ms = ledger->interval_ms;
	struct mark known = no_mark;
	if (from_wall_ms != INT64_MIN) {
		int64_t number = floor_of(from_wall_ms, interval_ms);
		int64_t end = floor_of(now_wall_ms, interval_ms) + 1;
		struct bucket *frontier = bucket_at(ledger, number);
		known = ledger_before(ledger, from_wall_ms);
		if (frontier != NULL) { /* its first answer made the boundary's reading */
			frontier->last = no_mark;
			known = frontier->first.at_wall_ms != INT64_MIN ? frontier->first : known;
		}
		for (number++; number <= end; number++) {
			struct bucket *bucket = bucket_at(ledger, number);
			if (bucket != NULL)
				bucket->first = bucket->last = no_mark;
		}
	}
	if (from_wall_ms != INT64_MIN)
		ledger->forgotten_wall_ms = INT64_MIN;
	else if (ledger->first.at_wall_ms != INT64_MIN)
		ledger->forgotten_wall_ms = ledger->first.at_wall_ms;
	if (from_wall_ms == INT64_MIN && ledger->newest.at_wall_ms != INT64_MIN)
		ledger->lost = ledger->newest;
	ledger->newest = known;
	ledger->era_before = no_mark;
	ledger->first = known;
	ledger->less_wall_ms = known.at_wall_ms;
	ledger->bridged_wall_ms = INT64_MIN;
	ledger->has_climbed = false;
	ledger->fastest_per_hour = 0;
	ledger->is_lying = false;
	ledger->was_deceived = false;
}

void ledger_bridge(struct ledger *ledger, int64_t from_wall_ms, int64_t to_wall_ms)
{
	/* Since then it may have been about to climb. */
	ledger->bridged_wall_ms = from_wall_ms;
	if (!ledger->has_climbed && from_wall_ms < ledger->less_wall_ms)
		ledger->less_wall_ms = from_wall_ms;
	int64_t number = floor_of(from_wall_ms, ledger->interval_ms);
	int64_t end = floor_of(to_wall_ms, ledger->interval_ms);
	for (int64_t i = number; i < end; i++) {
		struct bucket *bucket = bucket_at(ledger, i);
		if (bucket == NULL)
			continue;
		if (i > number)
			bucket->first = no_mark;
		if (i < end - 1)
			bucket->last = no_mark;
	}
}

struct mark ledger_before(const struct ledger *ledger, int64_t boundary_wall_ms)
{
	int64_t number = floor_of(boundary_wall_ms - 1, ledger->interval_ms);
	int64_t end = ledger->origin + (int64_t)ledger->buckets_count - 1;
	for (number = number > end ? end : number; number >= ledger->origin; number--)
		if (bucket_at(ledger, number)->last.at_wall_ms != INT64_MIN)
			return bucket_at(ledger, number)->last;
	return no_mark;
}

struct mark ledger_after(const struct ledger *ledger, int64_t boundary_wall_ms)
{
	int64_t number = floor_of(boundary_wall_ms, ledger->interval_ms);
	int64_t end = ledger->origin + (int64_t)ledger->buckets_count;
	if (boundary_wall_ms > ledger->newest.at_wall_ms)
		return no_mark;
	for (number = number < ledger->origin ? ledger->origin : number; number < end; number++)
		if (bucket_at(ledger, number)->first.at_wall_ms != INT64_MIN)
			return bucket_at(ledger, number)->first;
	return no_mark;
}

uint32_t ledger_causes(const struct ledger *ledger, int64_t from_wall_ms, int64_t to_wall_ms)
{
	uint32_t causes = 0;
	int64_t last = floor_of(to_wall_ms, ledger->interval_ms);
	int64_t end = ledger->origin + (int64_t)ledger->buckets_count;
	int64_t number = floor_of(from_wall_ms, ledger->interval_ms);
	number = number < ledger->origin ? ledger->origin : number;
	for (; number <= last && number < end; number++)
		causes |= bucket_at(ledger, number)->causes;
	return causes;
}

int64_t ledger_counted(const struct ledger *ledger, struct position from, struct position to)
{
	int64_t counted = 0;
	for (int32_t era = from.era; era < to.era; era++) {
		counted += ledger->eras[era].closing - from.unwrapped;
		from.unwrapped = ledger->eras[era + 1].opening;
	}
	return counted + to.unwrapped - from.unwrapped;
}
