/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch.c -- What the board was told, written into the oracle's books: good
 * answers, lies, and which of them nobody could know for lies.
 */
#include <stdlib.h>
#include <string.h>

#include "gateway/pipeline_state.h"
#include "tests/simulation/simulation.h"

enum {
	MS_PER_HOUR = 3600000,
	CLOCK_TOLERANCE_MS = 1000, /* what slewing and the second between two looks may make */
	UNHEARD_OF = 100,          /* times the fastest: what byport holds back without a fuse */
};

void watch_answer(struct simulation *simulation, int index)
{
	struct point *point = &simulation->points[index];
	for (int i = 0; i < point->box->counters_count; i++) {
		const struct box_counter *counter = &point->box->counters[i];
		if (!counter->is_answered)
			continue;
		point->answered[i].position = (struct position){
			(int32_t)point->ledgers[i].eras_count - 1, counter->unwrapped};
		point->answered[i].shown = box_shown(counter, counter->unwrapped);
	}
}

/* ---- what could be true ---- */

/* Inside steps an hour byport takes for possible; 0: unknown to it. */
static int64_t rate_possible(const struct simulation *simulation, int index)
{
	const struct site_meter *meter = &simulation->loaded->site->meters[index];
	int64_t phases = meter->model->phases > 0 ? meter->model->phases : 3;
	return meter->config->main_fuse_a * 230 * phases * 1000 * 3 / 2;
}

/* A series and the instant somebody asks about. */
struct doubt {
	const struct simulation *simulation;
	int point;
	int counter;
	int64_t at_wall_ms;
};

/* Can a register have climbed so far since it last showed less? With a margin: in doubt, yes. */
static bool can_climb(const struct doubt *doubt, int64_t climb)
{
	const struct simulation *simulation = doubt->simulation;
	const struct ledger *ledger = &simulation->points[doubt->point].ledgers[doubt->counter];
	const struct box_counter *counter =
		&simulation->points[doubt->point].box->counters[doubt->counter];
	int64_t rate = rate_possible(simulation, doubt->point);
	if (climb < 0)
		return false;
	if (rate == 0) {
		/* By the fastest climb seen: one step from one poll to the next may be it. */
		int64_t polls_an_hour = 3600 / simulation->plan.poll_s + 1;
		rate = UNHEARD_OF * (counter->load.most_per_hour + counter->step * polls_an_hour);
		if (!ledger->has_climbed || ledger->was_deceived)
			return true;
	}
	double hours = 2 + 1.5 * (double)(doubt->at_wall_ms - ledger->less_wall_ms) / MS_PER_HOUR;
	return (double)climb <= (double)rate * hours + 2 * (double)counter->step;
}

/* Can `to` follow on from `from`, as registers show them? */
static bool can_follow(const struct doubt *doubt, int64_t from, int64_t to)
{
	int64_t modulus = doubt->simulation->points[doubt->point].ledgers[doubt->counter].modulus;
	bool knows_rate = rate_possible(doubt->simulation, doubt->point) > 0;
	return can_climb(doubt, to - from) ||
	       (knows_rate && modulus > 0 && to < from && can_climb(doubt, to + modulus - from));
}

static int64_t shown_by(const struct ledger *ledger, struct position position)
{
	return ledger->modulus > 0 ? position.unwrapped % ledger->modulus : position.unwrapped;
}

/* An answer of another number than the register's: could byport know? */
static bool is_believable(const struct doubt *doubt, int64_t lie)
{
	const struct point *point = &doubt->simulation->points[doubt->point];
	const struct ledger *ledger = &point->ledgers[doubt->counter];
	int64_t truth = point->answered[doubt->counter].shown;
	bool knows_rate = rate_possible(doubt->simulation, doubt->point) > 0;
	if (ledger->newest.at_wall_ms == INT64_MIN)
		return true; /* nothing to compare it with */
	int64_t before = shown_by(ledger, ledger->newest.position);
	if (!knows_rate && ledger->is_lying && lie >= before)
		return true;
	/* It goes on from the lie before as a register would, over a boundary. */
	if (ledger->is_lying && lie > ledger->lie && can_follow(doubt, ledger->lie, lie) &&
		doubt->at_wall_ms / ledger->interval_ms !=
			ledger->lie_wall_ms / ledger->interval_ms)
		return true;
	/* As long as the new era has not climbed, the one before may still go on. */
	return can_follow(doubt, before, lie) || can_follow(doubt, lie, truth) ||
	       (ledger->era_before.at_wall_ms != INT64_MIN &&
		       can_follow(doubt, shown_by(ledger, ledger->era_before.position), lie));
}

/* The first answer of a new era: could byport know that it is one? */
static bool is_undecided(const struct doubt *doubt)
{
	const struct simulation *simulation = doubt->simulation;
	const struct point *point = &simulation->points[doubt->point];
	const struct ledger *ledger = &point->ledgers[doubt->counter];
	int64_t before = shown_by(ledger, ledger->newest.position);
	int64_t now = point->answered[doubt->counter].shown;
	bool knows_rate = rate_possible(simulation, doubt->point) > 0;
	const struct load *load = &point->box->counters[doubt->counter].load;
	int64_t poll = load->most_per_hour * simulation->plan.poll_s / 3600 +
		       point->box->counters[doubt->counter].step;
	/* So little below that the next answer may be above: then this one looks like noise. */
	bool dips = now < before && before - now < 4 * poll;
	return dips || can_follow(doubt, before, now) || (!knows_rate && now >= before);
}

/* ---- into the book ---- */

struct series {
	struct simulation *simulation;
	int point;
	int counter;
	struct ledger *ledger;
};

/* The newest instant of which the gateway may know, as long as it has placed nothing since. */
static int64_t known_since(const struct ledger *ledger, int64_t otherwise_wall_ms)
{
	if (ledger->newest.at_wall_ms != INT64_MIN)
		return ledger->newest.at_wall_ms;
	if (ledger->lost.at_wall_ms != INT64_MIN)
		return ledger->lost.at_wall_ms;
	return ledger->forgotten_wall_ms != INT64_MIN ? ledger->forgotten_wall_ms
						      : otherwise_wall_ms;
}

static void write_lie(const struct series *series, int64_t at_wall_ms, int64_t lie)
{
	struct ledger *ledger = series->ledger;
	struct doubt doubt = {series->simulation, series->point, series->counter, at_wall_ms};
	int64_t since = known_since(ledger, at_wall_ms);
	bool believable = is_believable(&doubt, lie);
	/* One more voice in a doubt: byport decides it for the whole of its time. */
	if (believable && ledger->is_doubted && ledger->doubted_wall_ms < since)
		since = ledger->doubted_wall_ms;
	series->simulation->figures.lies++;
	series->simulation->figures.believable += believable;
	ledger_cause_over(ledger, since, at_wall_ms, believable ? CAUSE_BELIEVABLE : CAUSE_LIE);
	ledger->is_lying = true;
	ledger->lie = lie;
	ledger->lie_wall_ms = at_wall_ms;
	ledger_doubt(ledger, since);
	ledger->was_deceived = ledger->was_deceived || believable;
	if (believable)
		ledger_note_before(ledger, lie);
	trace(series->simulation, "m%d: counter %d shows %lld for %lld%s", series->point,
		series->counter, (long long)lie,
		(long long)series->simulation->points[series->point]
			.answered[series->counter]
			.shown,
		believable ? ", and nobody can tell" : "");
}

static bool has_turned(const struct ledger *ledger, struct position from, struct position to)
{
	return ledger->modulus > 0 &&
	       from.unwrapped / ledger->modulus != to.unwrapped / ledger->modulus;
}

/* So much, after so little, that byport waits for more where it does not know what is possible. */
static bool is_unheard_of(const struct doubt *doubt, struct position position)
{
	const struct ledger *ledger =
		&doubt->simulation->points[doubt->point].ledgers[doubt->counter];
	double hours = (double)(doubt->at_wall_ms - ledger->less_wall_ms) / MS_PER_HOUR;
	double climb = (double)(position.unwrapped - ledger->newest.position.unwrapped);
	return rate_possible(doubt->simulation, doubt->point) == 0 && climb > 0 &&
	       climb > 0.5 * UNHEARD_OF * ledger->fastest_per_hour * hours;
}

/* What the newest answers do to what lies between them. */
static void write_between(const struct series *series, int64_t at_wall_ms, struct position position)
{
	struct ledger *ledger = series->ledger;
	struct doubt doubt = {series->simulation, series->point, series->counter, at_wall_ms};
	const struct mark *newest = &ledger->newest;
	if (newest->at_wall_ms == INT64_MIN) {
		/* A new store knows no serial number and no device of before. */
		if (ledger->lost.at_wall_ms != INT64_MIN &&
			ledger->lost.position.era != position.era)
			ledger_cause_over(ledger, ledger->lost.at_wall_ms, at_wall_ms,
				CAUSE_BREAK | CAUSE_BELIEVABLE);
		return;
	}
	if (ledger->resumed_wall_ms != INT64_MIN)
		ledger_cause_over(ledger, ledger->resumed_wall_ms, at_wall_ms, CAUSE_BELIEVABLE);
	ledger->resumed_wall_ms = INT64_MIN;
	if (ledger->is_lying)
		ledger_cause_over(ledger, newest->at_wall_ms, at_wall_ms,
			(enum cause)(ledger_causes(ledger, newest->at_wall_ms, at_wall_ms) &
				     (CAUSE_LIE | CAUSE_BELIEVABLE)));
	/* From below to above where the era before ended: byport may take it for a return. */
	if (ledger_passes_before(
		    ledger, shown_by(ledger, newest->position), shown_by(ledger, position))) {
		ledger_cause_over(ledger, newest->at_wall_ms, at_wall_ms, CAUSE_LEAP);
		ledger_doubt(ledger, newest->at_wall_ms);
	}
	if (position.era != newest->position.era)
		ledger_note_before(ledger, shown_by(ledger, newest->position));
	/* The only answer in between looks like noise when the next one follows on. */
	if (position.era == newest->position.era && ledger->era_before.at_wall_ms != INT64_MIN &&
		can_follow(&doubt, shown_by(ledger, ledger->era_before.position),
			shown_by(ledger, position)))
		ledger_cause_over(
			ledger, ledger->era_before.at_wall_ms, at_wall_ms, CAUSE_BELIEVABLE);
	if (ledger->is_doubted)
		ledger_cause_over(ledger, newest->at_wall_ms, at_wall_ms, CAUSE_DOUBT);
	if (position.era == newest->position.era) {
		if (is_unheard_of(&doubt, position))
			ledger_doubt(ledger, newest->at_wall_ms);
		/* A whole turn while nobody looked. */
		if (has_turned(ledger, newest->position, position) &&
			shown_by(ledger, position) >= shown_by(ledger, newest->position))
			ledger_cause_over(ledger, newest->at_wall_ms, at_wall_ms, CAUSE_BELIEVABLE);
		/* A turn that byport must not assume, not knowing what is possible. */
		if (has_turned(ledger, newest->position, position) &&
			rate_possible(series->simulation, series->point) == 0) {
			ledger_cause_over(ledger, newest->at_wall_ms, at_wall_ms, CAUSE_BREAK);
			ledger_doubt(ledger, newest->at_wall_ms);
		}
		return;
	}
	/* A serial number tells, where it could be read: byport gives up when noise is in the way.
	 */
	const struct era *era = &ledger->eras[position.era];
	bool told = era->has_serial && position.era == newest->position.era + 1 &&
		    series->simulation->points[series->point].box->was_asked_who;
	bool undecided = !told && is_undecided(&doubt);
	ledger_cause_over(ledger, newest->at_wall_ms, at_wall_ms,
		undecided ? CAUSE_BREAK | CAUSE_BELIEVABLE : CAUSE_BREAK);
	trace(series->simulation, "m%d: counter %d begins anew at %lld%s", series->point,
		series->counter, (long long)position.unwrapped,
		undecided ? ", and nobody can tell" : "");
}

/* When the board says it was. */
static int64_t placed_ms(const struct simulation *simulation, int64_t true_us)
{
	int64_t mono_ms = (true_us - simulation->board.boot_us) / 1000 + BOARD_MONO_MS;
	return pipeline_wall_of(simulation->board.pipeline, mono_ms);
}

static void write_answer(const struct series *series, int64_t true_us, struct position position)
{
	struct simulation *simulation = series->simulation;
	struct ledger *ledger = series->ledger;
	int64_t true_ms = true_us / 1000, placed = placed_ms(simulation, true_us);
	int64_t apart = placed > true_ms ? placed - true_ms : true_ms - placed;
	bool is_right = apart <= CLOCK_TOLERANCE_MS;
	if (!is_right && simulation->board.wrong_since_us == INT64_MAX)
		violated(simulation, "clock",
			"a reading of m%d is placed %lld ms away from its time, with a clock that "
			"is "
			"right",
			series->point, (long long)(placed - true_ms));
	write_between(series, placed, position);
	if (is_right) {
		ledger_answer(ledger, placed, placed, position);
		return;
	}
	int64_t earliest = placed < true_ms ? placed : true_ms;
	int64_t latest = placed < true_ms ? true_ms : placed;
	ledger_cause_over(ledger, earliest, latest, CAUSE_CLOCK);
	ledger_answer(ledger, earliest, latest, position);
}

static bool knows_time(const struct simulation *simulation)
{
	return simulation->board.pipeline->clock.state != CLOCK_STATE_UNKNOWN;
}

/* Answers of boots that never knew the time are placed somewhere before this one. */
static void write_earlier_boots(const struct series *series, int64_t at_wall_ms)
{
	struct point *point = &series->simulation->points[series->point];
	int64_t since = known_since(series->ledger, at_wall_ms);
	bool lied = point->waiting[series->counter].lied;
	if (!point->waiting[series->counter].is_of_earlier_boot)
		return;
	ledger_cause_over(series->ledger, since, at_wall_ms,
		lied ? CAUSE_CLOCK | CAUSE_BELIEVABLE : CAUSE_CLOCK);
	if (lied)
		ledger_doubt(series->ledger, since);
	point->waiting[series->counter].is_of_earlier_boot = false;
	point->waiting[series->counter].lied = false;
}

static void watch_sample(const struct series *series, const struct sample *sample)
{
	struct simulation *simulation = series->simulation;
	struct point *point = &simulation->points[series->point];
	int64_t shown = point->answered[series->counter].shown;
	struct position position = point->answered[series->counter].position;
	int64_t true_us = simulation->board.boot_us + (sample->read_mono_ms - BOARD_MONO_MS) * 1000;
	if (sample->status != DECODE_OK)
		return;
	if (device_is_of_pair(simulation, series->point) && simulation->was_swapped) {
		const struct box *box =
			simulation->points[device_at(simulation, series->point)].box;
		if (simulation->is_swapped && !box->was_asked_who && knows_time(simulation))
			write_lie(series, placed_ms(simulation, true_us), sample->value);
		if (simulation->is_swapped || !box->was_asked_who)
			return; /* byport knows that it is another's, or does not know better */
	}
	bool is_lie = sample->value != shown;
	if (knows_time(simulation) && is_lie) {
		write_lie(series, placed_ms(simulation, true_us), sample->value);
	} else if (knows_time(simulation)) {
		write_answer(series, true_us, position);
	} else if (is_lie) {
		point->waiting[series->counter].lied = true;
	} else {
		if (!point->waiting[series->counter].any) {
			point->waiting[series->counter].first_us = true_us;
			point->waiting[series->counter].first = position;
		}
		point->waiting[series->counter].any = true;
		point->waiting[series->counter].newest_us = true_us;
		point->waiting[series->counter].newest = position;
	}
}

void watch_report(
	struct simulation *simulation, const struct line *line, const struct worker_report *report)
{
	(void)line;
	if (report->kind != REPORT_SAMPLES)
		return;
	for (size_t i = 0; i < report->samples_count; i++) {
		const struct sample *sample = &report->samples[i];
		const struct plan_kind *kind = simulation->plan.meters[sample->meter].kind;
		const char *quantity = quantity_info((enum quantity)sample->quantity)->name;
		for (int j = 0; j < PLAN_COUNTERS_MAX && kind->counters[j] != NULL; j++) {
			struct series series = {simulation, sample->meter, j,
				&simulation->points[sample->meter].ledgers[j]};
			if (strcmp(kind->counters[j], quantity) == 0)
				watch_sample(&series, sample);
		}
	}
}

/* ---- the board's life ---- */

typedef void series_visitor(const struct series *series);

static void for_each_series(struct simulation *simulation, series_visitor *visit)
{
	for (int i = 0; i < simulation->plan.meters_count; i++)
		for (int j = 0; j < simulation->points[i].box->counters_count; j++)
			visit(&(struct series){
				simulation, i, j, &simulation->points[i].ledgers[j]});
}

static void place_waiting(const struct series *series)
{
	struct point *point = &series->simulation->points[series->point];
	int index = series->counter;
	int64_t now_ms = series->simulation->now_us / 1000;
	int64_t since_ms = series->simulation->board.up_since_us / 1000;
	int64_t known_ms = known_since(series->ledger, since_ms);
	since_ms = known_ms < since_ms ? known_ms : since_ms;
	bool lied = point->waiting[index].lied;
	write_earlier_boots(series, now_ms); /* all of it is placed now */
	if (point->waiting[index].any || lied)
		ledger_cause_over(series->ledger, since_ms, now_ms, CAUSE_CLOCK);
	if (lied) {
		ledger_cause_over(series->ledger, since_ms, now_ms, CAUSE_BELIEVABLE);
		ledger_doubt(series->ledger, since_ms);
	} else if (point->waiting[index].any) {
		write_answer(series, point->waiting[index].first_us, point->waiting[index].first);
		write_answer(series, point->waiting[index].newest_us, point->waiting[index].newest);
	}
	point->waiting[index].any = point->waiting[index].lied = false;
}

void watch_clock(struct simulation *simulation)
{
	for_each_series(simulation, place_waiting);
}

struct wrong_span {
	int64_t size_ms; /* of the error */
	int64_t from_wall_ms;
	int64_t to_wall_ms;
};

static struct wrong_span wrong_span;

static void write_wrong(const struct series *series)
{
	const struct ledger *ledger = series->ledger;
	int64_t from_ms = wrong_span.from_wall_ms;
	/* What is still in doubt moves too. */
	if (ledger->is_doubted && ledger->doubted_wall_ms - wrong_span.size_ms < from_ms)
		from_ms = ledger->doubted_wall_ms - wrong_span.size_ms;
	ledger_cause_over(series->ledger, from_ms, wrong_span.to_wall_ms, CAUSE_CLOCK);
}

/*
 * A clock that is set back says that it was wrong before: what byport has placed
 * within the step's length may move by it. (It moves readings of before a step
 * forward too, though it saw that step: their sum stays, their quality tells.)
 */
void watch_wrong_clock(struct simulation *simulation)
{
	struct board *board = &simulation->board;
	int64_t since_ms = board->wrong_since_us / 1000, now_ms = simulation->now_us / 1000;
	int64_t error_ms = board->error_ms, size_ms = error_ms < 0 ? -error_ms : error_ms;
	wrong_span.size_ms = size_ms;
	wrong_span.from_wall_ms = since_ms - 2 * size_ms;
	wrong_span.to_wall_ms = now_ms + size_ms;
	board->worst_ms = size_ms > board->worst_ms ? size_ms : board->worst_ms;
	for_each_series(simulation, write_wrong);
}

/* Its number in the store, without giving it one; -1: it has none yet. */
static int32_t number_of(struct store *store, const char *meter, const char *quantity)
{
	const char *own_meter;
	enum quantity own_quantity;
	for (int32_t number = 0; store_series_info(store, number, &own_meter, &own_quantity);
		number++)
		if (strcmp(own_meter, meter) == 0 &&
			strcmp(quantity_info(own_quantity)->name, quantity) == 0)
			return number;
	return -1;
}

static void forget(const struct series *series)
{
	struct simulation *simulation = series->simulation;
	struct store *store = simulation->board.pipeline->store;
	const char *meter = simulation->loaded->site->meters[series->point].config->id;
	const char *name = simulation->plan.meters[series->point].kind->counters[series->counter];
	int32_t number = number_of(store, meter, name);
	struct interval_row known;
	struct series_state state;
	int64_t from = INT64_MIN;
	bool has_known = number >= 0 && store_last_known_interval(store, number, &known);
	if (has_known)
		from = known.end_wall_ms;
	else if (number >= 0 && store_series_state(store, number, &state) && state.has_frontier &&
		 !state.is_broken)
		from = state.frontier_wall_ms;
	int64_t now_ms = simulation->now_us / 1000;
	int64_t since = series->ledger->newest.at_wall_ms;
	/* It goes on from what a lie made the last row end with. */
	bool is_lie = has_known && known.quality == QUALITY_REJECTED &&
		      (ledger_causes(series->ledger, known.start_wall_ms, known.end_wall_ms) &
			      (CAUSE_LIE | CAUSE_BELIEVABLE)) != 0;
	ledger_forget(series->ledger, from, now_ms);
	series->ledger->resumed_wall_ms = is_lie ? from : INT64_MIN;
	since = from != INT64_MIN && from < since ? from : since;
	if (since != INT64_MIN)
		ledger_cause_over(series->ledger, since - 1, now_ms, CAUSE_STOPPED);
}

void watch_start(struct simulation *simulation)
{
	for_each_series(simulation, forget);
}

/* What waited may be kept on the disk, lies among it; which of it is not known. */
static void drop_waiting(const struct series *series)
{
	struct point *point = &series->simulation->points[series->point];
	bool waited = point->waiting[series->counter].any || point->waiting[series->counter].lied;
	point->waiting[series->counter].is_of_earlier_boot =
		point->waiting[series->counter].is_of_earlier_boot || waited;
	point->waiting[series->counter].any = false;
}

void watch_stop(struct simulation *simulation)
{
	for_each_series(simulation, drop_waiting);
}
