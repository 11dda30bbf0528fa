/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interval_closing.h -- Believed readings to rows: the part of accounting that
 * knows boundaries. For accounting.c only.
 *
 * Every call leaves the counter so that it can go on after a sink that refused
 * a row: what was published is behind next_start, `last` is where the run has
 * come to. False: the sink refused.
 */
#ifndef GATEWAY_CORE_INTERVAL_CLOSING_H
#define GATEWAY_CORE_INTERVAL_CLOSING_H

#include "gateway/core/accounting.h"

/* One call's companions. */
struct counter_step {
	struct counter *counter;
	const struct counter_rules *rules;
	const struct counter_sink *sink;
};

/* A first reading with nothing known before it: whole intervals up to it are undetermined. */
bool closing_begin_run(const struct counter_step *step, const struct reading *reading);

/* A reading that follows on from `last`: close what it passes, and go on from it. */
bool closing_accept(const struct counter_step *step, const struct reading *reading);

/* The run is over; what it climbed since the last boundary is in no interval. */
void closing_end_run(struct counter *counter);

/* Publish a row; sets its series and revision. */
bool closing_publish(const struct counter_step *step, struct interval_row *row);

bool closing_tell(const struct counter_step *step, struct event_row *event);

/* The first boundary later than an instant, and the last one at or before it. */
int64_t closing_boundary_after(const struct interval_grid *grid, int64_t at_wall_ms);
int64_t closing_boundary_before(const struct interval_grid *grid, int64_t at_wall_ms);

#endif
