/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reading_belief.c -- reading_belief.h: what follows on from what, what is held,
 * and what the readings after it say about that.
 */
#include "gateway/core/reading_belief.h"

#include "gateway/core/accounting_text.h"

enum {
	MS_PER_HOUR = 3600000,
	SUSPICIOUS_FACTOR =
		100, /* times the fastest climb seen: worth waiting for one more reading */
	DOUBT_MAX_MS = 24 * MS_PER_HOUR, /* a held value that repeats for longer is believed */
	LEAP_FACTOR = 2, /* times the fastest climb seen: back from zero, not climbing past */
};

__extension__ typedef __int128 wide;

/* What a register showed, when it was last seen to show it, and when it showed less. */
struct origin {
	int64_t value;
	int64_t read_wall_ms;
	int64_t less_wall_ms;
	int64_t uncertain_ms; /* how far apart these and the next instant may be beyond that */
};

static struct origin last_origin(const struct counter *counter)
{
	return (struct origin){
		counter->last.value, counter->read_wall_ms, counter->less_wall_ms, 0};
}

static int64_t uncertain_ms(const struct counter_step *step)
{
	return step->rules->uncertain_ms + step->counter->last_uncertain_ms;
}

/* Energy since the last step that the register does not show yet; 0: not known. */
static int64_t hidden_max(const struct counter_step *step)
{
	return step->rules->resolution > 0 ? step->rules->resolution : step->counter->least_climb;
}

/*
 * The most a counter can have climbed since: from when it showed less, or, where
 * the size of its steps is known, one step and what went through since it was
 * read last.
 */
static wide climb_possible(
	const struct counter_step *step, const struct origin *origin, int64_t at_wall_ms)
{
	const struct counter_rules *rules = step->rules;
	wide rate = rules->rate_max_per_hour;
	wide slack_ms = (wide)rules->register_update_ms + origin->uncertain_ms;
	wide span_ms = (wide)at_wall_ms - origin->less_wall_ms + slack_ms;
	wide read_ms = (wide)at_wall_ms - origin->read_wall_ms + slack_ms;

	if (!step->counter->has_climbed) {
		span_ms += MS_PER_HOUR; /* a coarse register may have been about to step */
	}
	wide since_less = rate * span_ms / MS_PER_HOUR + rules->resolution + 1;
	wide since_read = rate * read_ms / MS_PER_HOUR + hidden_max(step) + 1;
	bool is_known = step->counter->has_climbed && hidden_max(step) > 0;

	return is_known && since_read < since_less ? since_read : since_less;
}

/* Much faster than ever before. */
static bool is_unheard_of(
	const struct counter_step *step, wide climb, int64_t span_ms, int64_t factor)
{
	wide usual = (wide)step->counter->fastest_per_hour * span_ms / MS_PER_HOUR;

	return climb > usual * factor;
}

/*
 * Back above the value before the last break in one leap, which makes up for most of the fall: the
 * break was noise, the leap no energy. A run that climbs past that value by itself is a real one.
 */
static bool leaps_back(
	const struct counter_step *step, const struct origin *origin, const struct reading *to)
{
	const struct counter *counter = step->counter;
	int64_t span_ms = to->at_wall_ms - origin->read_wall_ms + step->rules->register_update_ms;
	wide climb = (wide)to->value - origin->value;
	wide fall = (wide)counter->before - counter->run_first;

	return counter->has_before && !counter->before_is_other &&
	       origin->value < counter->before && to->value >= counter->before &&
	       2 * climb > fall &&
	       is_unheard_of(step, climb - hidden_max(step), span_ms, LEAP_FACTOR);
}

/* Can `to` come after what the register showed? */
static bool follows(
	const struct counter_step *step, const struct origin *origin, const struct reading *to)
{
	wide climb = (wide)to->value - origin->value;

	if (climb < 0 || leaps_back(step, origin, to)) {
		return false;
	}
	return step->rules->rate_max_per_hour <= 0 ||
	       climb <= climb_possible(step, origin, to->at_wall_ms);
}

/* By the instants as they are given: where they are guesses, doubt is cheap. */
static bool follows_last_strictly(const struct counter_step *step, const struct reading *reading)
{
	const struct origin last = last_origin(step->counter);

	return follows(step, &last, reading);
}

static bool follows_last(const struct counter_step *step, const struct reading *reading)
{
	struct origin last = last_origin(step->counter);

	last.uncertain_ms = uncertain_ms(step);
	return follows(step, &last, reading);
}

static bool follows_held(const struct counter_step *step, const struct reading *reading)
{
	const struct counter *counter = step->counter;
	const struct origin held = {counter->held.value, counter->held.at_wall_ms,
		counter->read_wall_ms, uncertain_ms(step)};

	return follows(step, &held, reading);
}

/* No limit is known, and it would be a climb as never before. */
static bool is_unheard_of_since_last(const struct counter_step *step, const struct reading *reading)
{
	const struct counter *counter = step->counter;

	return step->rules->rate_max_per_hour <= 0 &&
	       is_unheard_of(step, (wide)reading->value - counter->last.value,
		       reading->at_wall_ms - counter->less_wall_ms, SUSPICIOUS_FACTOR);
}

static bool is_suspicious(const struct counter_step *step, const struct reading *reading)
{
	return !follows_last_strictly(step, reading) ||
	       (step->counter->fastest_per_hour > 0 && is_unheard_of_since_last(step, reading));
}

static void hold(struct counter *counter, const struct reading *reading)
{
	counter->held = *reading;
	counter->held_until_wall_ms = reading->at_wall_ms;
	counter->held_has_gap = false;
	counter->has_held = true;
	counter->has_other = false;
}

bool belief_has_repeated(const struct counter *counter)
{
	return counter->held_until_wall_ms > counter->held.at_wall_ms;
}

/* The held value once more. Told the first time. */
static bool note_repeat(const struct counter_step *step, const struct reading *reading)
{
	struct counter *counter = step->counter;

	if (!belief_has_repeated(counter) &&
		counter->withheld_events < COUNTER_WITHHELD_EVENTS_MAX) {
		struct event_row event =
			accounting_text_doubted(step->rules, &counter->last, &counter->held);
		if (!closing_tell(step, &event)) {
			return false;
		}
		counter->withheld_events++;
	}
	if (reading->at_wall_ms - counter->held_until_wall_ms > step->rules->gap_limit_ms) {
		counter->held_has_gap = true;
	}
	counter->held_until_wall_ms = reading->at_wall_ms;
	return true;
}

static bool tell_of_noise(
	const struct counter_step *step, const struct reading *odd, int64_t until_wall_ms)
{
	struct counter *counter = step->counter;

	if (counter->withheld_events < COUNTER_WITHHELD_EVENTS_MAX) {
		struct event_row event = accounting_text_noise(step->rules, &counter->last, odd);
		if (!closing_tell(step, &event)) {
			return false;
		}
		counter->withheld_events++;
	}
	if (!counter->has_noise) {
		counter->noise_wall_ms[0] = odd->at_wall_ms;
	}
	counter->noise_wall_ms[1] = until_wall_ms;
	counter->has_noise = true;
	return true;
}

/* The held reading was noise. */
static bool withhold(const struct counter_step *step)
{
	struct counter *counter = step->counter;

	if (!tell_of_noise(step, &counter->held, counter->held_until_wall_ms)) {
		return false;
	}
	counter->has_held = false;
	return true;
}

/* The odd reading in a doubt was noise. */
static bool withhold_other(const struct counter_step *step)
{
	struct counter *counter = step->counter;

	if (counter->has_other &&
		!tell_of_noise(step, &counter->other, counter->other.at_wall_ms)) {
		return false;
	}
	counter->has_other = false;
	return true;
}

static bool is_rollover(const struct counter_step *step, const struct reading *after)
{
	const struct counter *counter = step->counter;
	struct reading unrolled = *after;

	if (step->rules->modulus <= 0 || step->rules->rate_max_per_hour <= 0 ||
		after->value >= counter->last.value ||
		counter->last.value >= step->rules->modulus) {
		return false;
	}
	unrolled.value += step->rules->modulus;
	return follows_last_strictly(step, &unrolled);
}

static bool roll_over(const struct counter_step *step, const struct reading *after)
{
	struct counter *counter = step->counter;
	struct event_row event = accounting_text_rollover(step->rules, &counter->last, after);

	if (!closing_tell(step, &event)) {
		return false;
	}
	counter->last.value -= step->rules->modulus;
	counter->before_climb -= step->rules->modulus;
	counter->start_reading -= step->rules->modulus;
	counter->run_start -= step->rules->modulus;
	counter->has_before = false;
	counter->has_held = false;
	return closing_accept(step, after);
}

/* All that the held reading stood for, when it is believed: `first` is in already. */
static bool accept_repeats(
	const struct counter_step *step, const struct reading *first, int64_t until_wall_ms)
{
	const int64_t pace_ms = step->rules->gap_limit_ms;
	struct reading again = *first;

	while (!step->counter->held_has_gap && pace_ms > 0 &&
		until_wall_ms - again.at_wall_ms > pace_ms) {
		again.at_wall_ms += pace_ms;
		if (!closing_accept(step, &again)) {
			return false;
		}
	}
	again.at_wall_ms = until_wall_ms;
	return until_wall_ms == first->at_wall_ms || closing_accept(step, &again);
}

static bool begin_at_held(const struct counter_step *step)
{
	struct counter *counter = step->counter;
	const struct reading first = counter->held;
	const int64_t until_wall_ms = counter->held_until_wall_ms;

	counter->has_held = false;
	return closing_begin_run(step, &first) && accept_repeats(step, &first, until_wall_ms);
}

/* The counter really stepped: a new run begins at the held reading. */
static bool break_run(const struct counter_step *step)
{
	struct counter *counter = step->counter;
	const struct reading first = counter->held;

	if (counter->has_next) {
		struct event_row event =
			accounting_text_rejected(step->rules, &counter->last, &first);
		if (!closing_tell(step, &event)) {
			return false;
		}
	}
	closing_end_run(counter);
	return begin_at_held(step);
}

/* The held reading is confirmed by the next one. */
static bool believe_step(const struct counter_step *step, const struct reading *next)
{
	const struct reading held = step->counter->held;

	if (is_rollover(step, &held)) {
		return roll_over(step, &held) && closing_accept(step, next);
	}
	if (!belief_has_repeated(step->counter) && is_rollover(step, next)) {
		/* noise just before it: the held one came too early */
		return withhold(step) && roll_over(step, next);
	}
	return break_run(step) && closing_accept(step, next);
}

/*
 * It says nothing about the held one that this did not say itself: a value that
 * only repeats outweighs no readings that climbed for longer. Back exactly where
 * it stood before its newest climb, the register says that the climb was none.
 */
static bool only_repeats(const struct counter_step *step, const struct reading *reading)
{
	const struct counter *counter = step->counter;
	const int64_t doubted_ms = reading->at_wall_ms - counter->held.at_wall_ms;
	const int64_t vouched_ms = counter->read_wall_ms - counter->level_wall_ms;
	const bool undoes_climb =
		counter->has_climbed && counter->held.value == counter->before_climb;

	return reading->value == counter->held.value && is_suspicious(step, reading) &&
	       !is_rollover(step, &counter->held) && !undoes_climb && doubted_ms < DOUBT_MAX_MS &&
	       doubted_ms < vouched_ms;
}

/* Held and `reading` climb from the last one, one after the other. */
static bool climbs_through_held(const struct counter_step *step, const struct reading *reading)
{
	const struct counter *counter = step->counter;

	return counter->held.value >= counter->last.value && counter->held.value <= reading->value;
}

static bool accept_held(const struct counter_step *step)
{
	struct counter *counter = step->counter;
	const struct reading held = counter->held;

	counter->has_held = false;
	return closing_accept(step, &held) &&
	       accept_repeats(step, &held, counter->held_until_wall_ms);
}

/*
 * An odd reading in a doubt counts once the next one agrees: it climbs from
 * there, or both follow on from the last one. What only repeats does so when it
 * did for longer than the held one.
 */
static bool agrees_with_other(const struct counter_step *step, const struct reading *reading)
{
	const struct counter *counter = step->counter;

	if (!counter->has_other || reading->value < counter->other.value) {
		return false;
	}
	return reading->value > counter->other.value || follows_last(step, reading) ||
	       reading->at_wall_ms - counter->other.at_wall_ms >
		       counter->held_until_wall_ms - counter->held.at_wall_ms;
}

static bool note_other(const struct counter_step *step, const struct reading *reading)
{
	struct counter *counter = step->counter;

	if (counter->has_other && counter->other.value == reading->value) {
		return true;
	}
	if (!withhold_other(step)) {
		return false;
	}
	counter->other = *reading;
	counter->has_other = true;
	return true;
}

/* What the reading after a held one that was read once says about it. */
static bool settle_once_held(const struct counter_step *step, const struct reading *reading)
{
	if (follows_last(step, reading) && climbs_through_held(step, reading)) {
		return accept_held(step) && closing_accept(step, reading);
	}
	if (follows_last(step, reading) && !is_unheard_of_since_last(step, reading)) {
		return withhold(step) && closing_accept(step, reading);
	}
	if (!follows_last(step, reading) && follows_held(step, reading)) {
		return believe_step(step, reading);
	}
	if (!withhold(step)) {
		return false;
	}
	hold(step->counter, reading);
	return true;
}

/* It climbs from the held one: a leap that goes on, or a run of its own. */
static bool confirms_held(const struct counter_step *step, const struct reading *reading)
{
	return follows_last(step, reading) ? climbs_through_held(step, reading)
					   : follows_held(step, reading);
}

static bool settle_held(const struct counter_step *step, const struct reading *reading)
{
	struct counter *counter = step->counter;

	if (only_repeats(step, reading)) {
		return withhold_other(step) && note_repeat(step, reading);
	}
	if (!belief_has_repeated(counter) || confirms_held(step, reading)) {
		return settle_once_held(step, reading);
	}
	if (!agrees_with_other(step, reading)) {
		return note_other(step, reading);
	}
	const struct reading other = counter->other;
	if (!withhold(step)) {
		return false;
	}
	hold(counter, &other);
	return only_repeats(step, reading) ? note_repeat(step, reading)
					   : settle_once_held(step, reading);
}

bool belief_take(const struct counter_step *step, const struct reading *reading)
{
	struct counter *counter = step->counter;

	if (!counter->has_last && counter->has_held && !begin_at_held(step)) {
		return false;
	}
	if (!counter->has_last) {
		return closing_begin_run(step, reading);
	}
	if (reading->at_wall_ms <= counter->last.at_wall_ms ||
		(counter->has_held && reading->at_wall_ms <= counter->held_until_wall_ms)) {
		return true;
	}
	if (counter->has_held) {
		return settle_held(step, reading);
	}
	if (is_suspicious(step, reading)) {
		hold(counter, reading);
		return true;
	}
	return closing_accept(step, reading);
}
