/* SPDX-License-Identifier: Apache-2.0 */
/*
 * accounting.c -- accounting.h: a counter's life. Which readings to believe
 * stands in reading_belief.c, what the believed ones make of the intervals they
 * close in interval_closing.c.
 */
#include "gateway/core/accounting.h"

#include <assert.h>

#include "gateway/core/reading_belief.h"

static void note_ready(struct counter *counter, int64_t now_wall_ms)
{
	if (!counter->is_ready) {
		counter->is_ready = true;
		counter->ready_wall_ms = now_wall_ms;
	}
}

/* The run goes on from a boundary's reading. */
static void go_on_from(struct counter *counter, const struct reading *boundary)
{
	counter->last = *boundary;
	counter->has_last = true;
	counter->has_start = true;
	counter->start_reading = boundary->value;
	counter->run_start = boundary->value;
	counter->start_clock = boundary->clock;
	counter->next_start_wall_ms = boundary->at_wall_ms;
	counter->less_wall_ms = boundary->at_wall_ms;
	counter->read_wall_ms = boundary->at_wall_ms;
	counter->level_wall_ms = boundary->at_wall_ms;
	counter->start_method = METHOD_EVEN;
	counter->last_is_boundary = true;
}

static void resume_from(struct counter *counter, const struct interval_row *known)
{
	go_on_from(
		counter, &(struct reading){known->end_wall_ms, known->reading_end, known->clock});
	/* Where a row is not measured, its end may lie inside the gap: count from its start. */
	counter->start_good = known->quality == QUALITY_MEASURED;
	counter->level_wall_ms = known->start_wall_ms;
	if (!counter->start_good) {
		counter->read_wall_ms = known->start_wall_ms;
		counter->start_method =
			known->method == METHOD_PROFILE ? METHOD_PROFILE : METHOD_EVEN;
	}
}

void counter_resume(struct counter *counter, const struct interval_row *newest,
	const struct interval_row *known)
{
	*counter = (struct counter){0};
	if (!newest) {
		return;
	}
	counter->has_next = true;
	counter->published_wall_ms = newest->end_wall_ms;
	counter->next_start_wall_ms = newest->end_wall_ms;
	counter->start_clock = newest->clock;
	bool is_broken = newest->quality == QUALITY_REJECTED && !newest->has_readings;
	if (known && !is_broken) {
		resume_from(counter, known);
	}
}

bool counter_frontier(const struct counter *counter, struct counter_frontier *ret_frontier)
{
	if (!counter->has_next) {
		return false;
	}
	*ret_frontier = (struct counter_frontier){
		.next_start_wall_ms = counter->next_start_wall_ms,
		.published_wall_ms = counter->published_wall_ms,
		.reading = counter->start_reading,
		.shift = counter->start_shift,
		.again_revision = counter->again_revision,
		.clock = counter->start_clock,
		.is_good = counter->start_good,
		.is_broken = counter->is_rejecting || !counter->has_start,
	};
	return true;
}

void counter_resume_at(struct counter *counter, const struct counter_frontier *frontier)
{
	*counter = (struct counter){0};
	counter->has_next = true;
	counter->next_start_wall_ms = frontier->next_start_wall_ms;
	counter->published_wall_ms = frontier->published_wall_ms;
	counter->again_revision = frontier->again_revision;
	counter->start_clock = frontier->clock;
	if (frontier->is_broken) {
		counter->is_rejecting = true;
		counter->breaks = 1;
		return;
	}
	go_on_from(counter, &(struct reading){frontier->next_start_wall_ms, frontier->reading,
				    frontier->clock});
	counter->start_good = frontier->is_good;
	counter->start_shift = frontier->shift;
}

void counter_note_published(
	struct counter *counter, int64_t published_wall_ms, int32_t again_revision)
{
	if (published_wall_ms > counter->published_wall_ms) {
		counter->published_wall_ms = published_wall_ms;
	}
	if (again_revision > counter->again_revision) {
		counter->again_revision = again_revision;
	}
}

/* The register stands where it stood: another scale rounds it otherwise. */
static struct reading without_rounding(struct counter *counter, const struct reading *reading)
{
	struct reading same = *reading;

	if (counter->rounding_slack == 0 || !counter->has_last) {
		return same;
	}
	if (reading->value > counter->last.value) {
		counter->rounding_slack = 0;
	} else if (counter->last.value - reading->value <= counter->rounding_slack) {
		same.value = counter->last.value;
	}
	return same;
}

bool counter_add_reading(struct counter *counter, const struct counter_rules *rules,
	const struct reading *reading, const struct counter_sink *sink)
{
	const struct counter_step step = {counter, rules, sink};
	const struct reading read = without_rounding(counter, reading);

	assert(rules->grid.length_ms > 0);
	note_ready(counter, read.at_wall_ms);
	return belief_take(&step, &read);
}

bool counter_tick(struct counter *counter, const struct counter_rules *rules, int64_t now_wall_ms,
	const struct counter_sink *sink)
{
	const struct counter_step step = {counter, rules, sink};
	int64_t latest_end_wall_ms = now_wall_ms - rules->close_deadline_ms;

	note_ready(counter, now_wall_ms);
	if (!counter->has_next || latest_end_wall_ms < counter->ready_wall_ms) {
		return true;
	}
	for (;;) {
		struct interval_row row = {
			.start_wall_ms = counter->published_wall_ms,
			.end_wall_ms =
				closing_boundary_after(&rules->grid, counter->published_wall_ms),
			.quality = QUALITY_MISSING,
			.clock = counter->start_clock,
		};
		int64_t span_ms = row.start_wall_ms - counter->next_start_wall_ms;
		if (row.end_wall_ms > latest_end_wall_ms ||
			span_ms / (row.end_wall_ms - row.start_wall_ms) >= COUNTER_GAP_ROWS_MAX) {
			return true;
		}
		if (!closing_publish(&step, &row)) {
			return false;
		}
	}
}

/* A reading that did not follow may be the new device's first: it stays held. One that was shown
 * again and again was the old one's. */
void counter_exchange(struct counter *counter)
{
	const bool has_held = counter->has_held && !belief_has_repeated(counter);

	closing_end_run(counter);
	counter->has_held = has_held;
	counter->before_is_other = true;
}
