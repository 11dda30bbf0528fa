/* SPDX-License-Identifier: Apache-2.0 */
/*
 * anchor.c -- A dead board's successor: the archive tells its new store where
 * each series stood, and the gap between is bridged.
 */
#include <stdlib.h>

#include "gateway/pipeline_state.h"
#include "tests/simulation/simulation.h"

/* The newest row with readings of an earlier store; NULL: there is none. */
static const struct kept_row *anchor_of(const struct kept_series *series, int64_t generation)
{
	const struct kept_row *found = NULL;
	for (size_t i = 0; i < series->count; i++)
		if (series->rows[i].has_readings && series->rows[i].generation < generation)
			found = &series->rows[i];
	return found;
}

/* Where the new store's own readings begin: its first boundary; INT64_MIN: it has none yet,
 * and goes on from the anchor to its newest answer. */
static int64_t beginning_of(struct simulation *simulation, const struct pipeline_anchor *anchor)
{
	struct pipeline *pipeline = simulation->board.pipeline;
	const struct pipeline_meter *meter = pipeline_meter_find(pipeline, anchor->meter);
	const struct pipeline_value *value = &meter->values[meter->value_of[anchor->quantity]];
	struct interval_row row;
	if (value->series >= 0 && store_commit(pipeline->store) == STORE_OK &&
		store_first_interval(pipeline->store, value->series, &row))
		return row.start_wall_ms;
	return INT64_MIN;
}

/* False: not taken, it is given again. */
static bool give(struct simulation *simulation, int point, int counter, int64_t generation)
{
	const struct kept_row *row =
		anchor_of(&simulation->archive.series[point][counter], generation);
	struct pipeline_anchor anchor = {
		.meter = simulation->loaded->site->meters[point].config->id};
	if (row == NULL)
		return true;
	if (!quantity_find(
		    simulation->plan.meters[point].kind->counters[counter], &anchor.quantity))
		abort();
	anchor.at_wall_ms = row->end_wall_ms;
	anchor.reading = row->reading_end;
	anchor.generation = row->generation;
	int64_t beginning = beginning_of(simulation, &anchor);
	if (beginning == INT64_MIN)
		beginning = simulation->points[point].ledgers[counter].newest.at_wall_ms;
	if (beginning == INT64_MIN)
		beginning = simulation->now_us / 1000;
	bool taken =
		pipeline_take_anchor(simulation->board.pipeline, &anchor, &simulation->board.now);
	simulation->figures.anchors += taken;
	if (taken)
		ledger_bridge(
			&simulation->points[point].ledgers[counter], anchor.at_wall_ms, beginning);
	trace(simulation, "m%d counter %d: anchor %lld %s", point, counter,
		(long long)anchor.reading, taken ? "taken" : "not taken");
	return taken;
}

/* What was taken already is not given again. */
static bool give_all(struct simulation *simulation)
{
	int64_t generation = store_identity(simulation->board.pipeline->store).generation;
	bool all = true;
	for (int i = 0; i < simulation->plan.meters_count; i++)
		for (int j = 0; j < simulation->points[i].box->counters_count; j++) {
			bool *done = &simulation->points[i].anchored[j];
			*done = *done || give(simulation, i, j, generation);
			all = all && *done;
		}
	return all;
}

void anchors_forget(struct simulation *simulation)
{
	for (int i = 0; i < simulation->plan.meters_count; i++)
		for (int j = 0; j < PLAN_COUNTERS_MAX; j++)
			simulation->points[i].anchored[j] = false;
}

void anchors_give(struct simulation *simulation, int64_t boards)
{
	const int64_t again_us = INT64_C(300000000);
	struct pipeline *pipeline = simulation->board.pipeline;
	if (simulation->board.boards != boards || simulation->draining)
		return;
	if (pipeline == NULL || !simulation->broker.connected ||
		pipeline->clock.state == CLOCK_STATE_UNKNOWN || !give_all(simulation))
		agenda_enter(
			&simulation->agenda, simulation->now_us + again_us, anchors_give, boards);
	simulation->board.due_us = simulation->now_us;
}
