/* SPDX-License-Identifier: Apache-2.0 */
/*
 * accounting_changes.c -- accounting.h: what a person, a change of scale, a
 * clock that was set back, or an archive's anchor change about a counter.
 */
#include "gateway/core/accounting_text.h"
#include "gateway/core/interval_closing.h"

__extension__ typedef __int128 wide;

/* ---- A person's word on an exchange ---- */

enum counter_settling counter_settle_open(struct counter *counter,
	const struct counter_exchange_readings *readings, bool dry, int64_t *ret_energy)
{
	if (!counter->is_rejecting) {
		return COUNTER_NOTHING_OPEN;
	}
	if (!counter->has_start || !counter->has_before || counter->breaks != 1) {
		return COUNTER_BREAK_IS_OLDER;
	}
	if (readings->closing < counter->before) {
		return COUNTER_CLOSING_TOO_LOW;
	}
	if (counter->has_last && readings->opening > counter->run_start) {
		return COUNTER_OPENING_TOO_HIGH;
	}
	/* Where the new device would have stood at the boundary, had it been there. */
	int64_t virtual_start = readings->opening - (readings->closing - counter->start_reading);
	*ret_energy = (counter->has_last ? counter->last.value : readings->opening) - virtual_start;
	if (dry) {
		return COUNTER_SETTLED;
	}
	counter->withheld -= counter->before - counter->start_reading;
	counter->start_shift += counter->start_reading - virtual_start;
	counter->start_reading = virtual_start;
	counter->run_start = virtual_start;
	counter->is_rejecting = false;
	counter->breaks = 0;
	counter->has_before = false;
	if (!counter->has_last) {
		counter->last = (struct reading){
			counter->read_wall_ms, readings->opening, counter->start_clock};
		counter->has_last = true;
		counter->less_wall_ms = counter->read_wall_ms;
		counter->has_climbed = false;
	}
	return COUNTER_SETTLED;
}

/* ---- Another scale at the same raw reading ---- */

/* R(at) of the open interval, by what is known now. */
static int64_t reading_inside(const struct counter *counter, int64_t at_wall_ms)
{
	int64_t span_ms = counter->last.at_wall_ms - counter->next_start_wall_ms;
	wide climb = (wide)counter->last.value - counter->start_reading;

	if (at_wall_ms >= counter->last.at_wall_ms || span_ms <= 0) {
		return counter->last.value;
	}
	return (int64_t)(counter->start_reading +
			 climb * (at_wall_ms - counter->next_start_wall_ms) / span_ms);
}

/* What was counted in the open interval before the change keeps its amount. */
static bool rescale_start(struct counter *counter, struct scale ratio, int64_t from_wall_ms)
{
	int64_t shown = counter->start_reading + counter->start_shift;
	int64_t turn = counter->start_reading;
	int64_t scaled;

	if (counter->has_last && from_wall_ms > counter->next_start_wall_ms) {
		turn = reading_inside(counter, from_wall_ms);
	}
	if (!scale_apply(ratio, turn, &scaled)) {
		return false;
	}
	int64_t counted = turn - counter->start_reading;
	counter->start_reading = scaled - counted;
	counter->run_start = counter->start_reading;
	if (counted > 0) {
		counter->start_shift = shown - counter->start_reading;
	} else if (!scale_apply(ratio, counter->start_shift, &counter->start_shift)) {
		return false;
	}
	return true;
}

static int64_t absolute(int64_t number)
{
	return number < 0 ? -number : number;
}

bool counter_rescale(struct counter *counter, struct scale ratio, int64_t from_wall_ms)
{
	struct counter changed = *counter;
	int64_t *const amounts[] = {&changed.last.value, &changed.held.value, &changed.other.value,
		&changed.fastest_per_hour, &changed.least_climb, &changed.before,
		&changed.before_climb, &changed.withheld};

	for (size_t i = 0; i < sizeof(amounts) / sizeof(amounts[0]); i++) {
		if (!scale_apply(ratio, *amounts[i], amounts[i])) {
			return false;
		}
	}
	if (counter->has_start) {
		/* reading_inside() looks at the old scale */
		struct counter start = *counter;
		if (!rescale_start(&start, ratio, from_wall_ms)) {
			return false;
		}
		changed.start_reading = start.start_reading;
		changed.start_shift = start.start_shift;
		changed.run_start = start.run_start;
	} else if (!scale_apply(ratio, changed.run_start, &changed.run_start)) {
		return false;
	}
	changed.rounding_slack = absolute(ratio.numerator) / ratio.denominator + 2;
	*counter = changed;
	return true;
}

/* ---- A clock that was set back ---- */

static bool has_value(const struct interval_row *row)
{
	return row->quality == QUALITY_MEASURED || row->quality == QUALITY_ESTIMATED;
}

/* Nothing of the future was published: instants move, but not into closed intervals. */
static void shift_instants(struct counter *counter, int64_t step_ms)
{
	int64_t *const instants[] = {&counter->last.at_wall_ms, &counter->held.at_wall_ms,
		&counter->held_until_wall_ms, &counter->other.at_wall_ms, &counter->read_wall_ms,
		&counter->less_wall_ms, &counter->level_wall_ms, &counter->ready_wall_ms};
	int64_t floor_wall_ms = counter->has_next ? counter->next_start_wall_ms : INT64_MIN;

	for (size_t i = 0; i < sizeof(instants) / sizeof(instants[0]); i++) {
		bool is_open = *instants[i] > floor_wall_ms;
		*instants[i] += step_ms;
		if (is_open && *instants[i] < floor_wall_ms) {
			*instants[i] = floor_wall_ms;
		}
	}
}

static bool take_back(const struct counter_step *step, const struct interval_row *row)
{
	struct interval_row taken = {
		.start_wall_ms = row->start_wall_ms,
		.end_wall_ms = row->end_wall_ms,
		.quality = QUALITY_MISSING,
		.revision = row->revision + 1,
		.series = step->rules->series,
		.clock = row->clock,
	};

	return step->sink->interval(step->sink->context, &taken);
}

/* The rows from `first` on have values: their readings are placed anew. */
struct replacing {
	const struct counter_set_back *set_back;
	size_t first;
	int64_t from_wall_ms; /* the open interval's start from now on */
	int64_t start_reading;
	int32_t again_revision;
	bool is_broken; /* the break before `first` lies in the open interval now */
};

static struct replacing plan_replacing(
	const struct counter *counter, const struct counter_set_back *set_back)
{
	const struct interval_row *rows = set_back->rows;
	struct replacing plan = {.set_back = set_back,
		.first = set_back->rows_count,
		.start_reading = counter->start_reading};
	int32_t newest = 0;

	while (plan.first > 0 && has_value(&rows[plan.first - 1])) {
		plan.first--;
		plan.start_reading -= rows[plan.first].energy;
	}
	plan.from_wall_ms = plan.first < set_back->rows_count ? rows[plan.first].start_wall_ms
							      : counter->next_start_wall_ms;
	for (size_t i = 0; i < set_back->rows_count; i++) {
		newest = rows[i].revision > newest ? rows[i].revision : newest;
		/* Behind a break of the future the counter goes on where the past ends. */
		if (plan.from_wall_ms > set_back->now_wall_ms &&
			rows[i].end_wall_ms > set_back->now_wall_ms) {
			plan.from_wall_ms = rows[i].start_wall_ms;
			plan.is_broken = true;
		}
	}
	plan.again_revision = newest + 2; /* one was spent on taking back */
	if (plan.again_revision <= counter->again_revision) {
		plan.again_revision = counter->again_revision + 1;
	}
	return plan;
}

/* In front of a gap of the future: nothing takes its place. */
static bool tell_of_lost(const struct counter_step *step, int64_t at_wall_ms, int64_t amount)
{
	const struct reading at = {at_wall_ms, 0, step->counter->start_clock};
	struct event_row event = accounting_text_unpublished(step->rules, &at, amount);

	return amount == 0 || closing_tell(step, &event);
}

static bool take_back_future(const struct counter_step *step, const struct replacing *plan)
{
	int64_t lost = 0;

	for (size_t i = 0; i < plan->set_back->rows_count; i++) {
		const struct interval_row *row = &plan->set_back->rows[i];
		if (row->end_wall_ms <= plan->set_back->now_wall_ms ||
			row->quality == QUALITY_MISSING) {
			continue;
		}
		lost += i < plan->first && has_value(row) ? row->energy : 0;
		if (!take_back(step, row)) {
			return false;
		}
	}
	return tell_of_lost(step, plan->set_back->now_wall_ms, lost);
}

/* Place the boundary readings of the rows, and the last reading, `step` earlier. */
static bool place_again(
	const struct counter_step *step, const struct replacing *plan, struct reading last)
{
	const struct counter_set_back *set_back = plan->set_back;
	struct counter *counter = step->counter;
	int64_t value = plan->start_reading;

	for (size_t i = plan->first; i < set_back->rows_count; i++) {
		const struct interval_row *row = &set_back->rows[i];
		value += row->energy;
		struct reading again = {row->end_wall_ms + set_back->step_ms, value,
			CLOCK_STATE_UNKNOWN}; /* how long the clock was wrong is a guess */
		if (again.at_wall_ms > counter->last.at_wall_ms &&
			again.at_wall_ms <= set_back->now_wall_ms &&
			!closing_accept(step, &again)) {
			return false;
		}
	}
	last.at_wall_ms += set_back->step_ms;
	last.clock = CLOCK_STATE_UNKNOWN;
	if (last.at_wall_ms <= counter->last.at_wall_ms) {
		counter->last.value = last.value; /* its energy comes with the next reading */
		return true;
	}
	return closing_accept(step, &last);
}

/* The chain of readings is whole up to `last`: go back on it. */
static bool replace_readings(const struct counter_step *step, const struct replacing *plan)
{
	struct counter *counter = step->counter;
	const struct reading last = counter->last;
	const struct reading start = {
		plan->from_wall_ms, plan->start_reading, counter->start_clock};

	counter->last = start;
	counter->next_start_wall_ms = start.at_wall_ms;
	counter->start_reading = start.value;
	counter->start_shift = 0;
	counter->run_start = start.value;
	counter->start_good = true;
	counter->read_wall_ms = start.at_wall_ms;
	counter->less_wall_ms = start.at_wall_ms;
	counter->has_climbed = false;
	counter->last_is_boundary = true;
	counter->has_held = false;
	counter->again_revision = plan->again_revision;
	return place_again(step, plan, last);
}

/* The open interval holds a break already: it begins earlier now, and what is taken back is told.
 */
static bool reject_replaced(const struct counter_step *step, const struct replacing *plan)
{
	struct counter *counter = step->counter;

	for (size_t i = plan->first; i < plan->set_back->rows_count; i++) {
		counter->withheld += plan->set_back->rows[i].energy;
	}
	counter->next_start_wall_ms = plan->from_wall_ms;
	counter->has_start = false;
	counter->is_rejecting = true;
	counter->breaks = 2;
	counter->again_revision = plan->again_revision;
	counter->has_held = false;
	if (counter->has_last) {
		shift_instants(counter, plan->set_back->step_ms);
	}
	return true;
}

bool counter_clock_set_back(struct counter *counter, const struct counter_rules *rules,
	const struct counter_set_back *set_back, const struct counter_sink *sink)
{
	struct counter changed = *counter;
	const struct counter_step step = {&changed, rules, sink};

	if (!counter->has_next || counter->published_wall_ms <= set_back->now_wall_ms) {
		shift_instants(counter, set_back->step_ms);
		return true;
	}
	struct replacing plan = plan_replacing(counter, set_back);
	if (!take_back_future(&step, &plan)) {
		return false;
	}
	bool is_whole = counter->has_last && counter->has_start && !counter->is_rejecting &&
			!plan.is_broken;
	if (!(is_whole ? replace_readings(&step, &plan) : reject_replaced(&step, &plan))) {
		return false;
	}
	*counter = changed;
	return true;
}

/* ---- A dead board's successor ---- */

/* What was read stays; what was published meanwhile, as missing, comes again. */
static bool begin_at_anchor(struct counter *counter, const struct counter_rules *rules,
	const struct counter_bridge *bridge, const struct counter_sink *sink)
{
	const struct reading *anchor = &bridge->anchor;
	const struct reading read = counter->last;
	const bool was_read = counter->has_last;
	const bool was_published = counter->has_next;
	const int64_t published_wall_ms = counter->published_wall_ms;
	const struct counter_frontier frontier = {
		.next_start_wall_ms = anchor->at_wall_ms,
		.published_wall_ms = anchor->at_wall_ms,
		.reading = anchor->value,
		.clock = anchor->clock,
		.is_good = false, /* it may lie in a gap of the archive's */
	};

	counter_resume_at(counter, &frontier);
	if (was_published) {
		counter_note_published(counter, published_wall_ms, bridge->revision);
	}
	return !was_read || counter_add_reading(counter, rules, &read, sink);
}

bool counter_bridge(struct counter *counter, const struct counter_rules *rules,
	const struct counter_bridge *bridge, const struct counter_sink *sink)
{
	struct counter between = {0};

	if (!bridge->first) {
		return begin_at_anchor(counter, rules, bridge, sink);
	}
	if (bridge->anchor.at_wall_ms >= bridge->first->at_wall_ms) {
		return true;
	}
	if (!begin_at_anchor(&between, rules, bridge, sink)) {
		return false;
	}
	if (bridge->revision > 0) {
		counter_note_published(&between, bridge->first->at_wall_ms, bridge->revision);
	}
	if (!counter_add_reading(&between, rules, bridge->first, sink)) {
		return false;
	}
	if (!between.has_held) {
		return true;
	}
	struct event_row event = accounting_text_rejected(rules, &bridge->anchor, bridge->first);
	return sink->event(sink->context, &event);
}
