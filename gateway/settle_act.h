/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settle_act.h -- One act of settling on its way: for pipeline_settle.c (what
 * is asked), pipeline_settle_span.c (intervals without a value) and
 * pipeline_settle_scale.c (another multiplier).
 */
#ifndef GATEWAY_SETTLE_ACT_H
#define GATEWAY_SETTLE_ACT_H

#include "gateway/core/settle.h"
#include "gateway/pipeline_state.h"
#include "gateway/settle_text.h"

enum { SETTLE_HEAD_MAX = 240 }; /* bytes of what was done, before it is cut for the event */

struct settle_act {
	struct pipeline *pipeline;
	const struct settle_request *request;
	struct settle_outcome *outcome;
	struct pipeline_meter *meter;
	int64_t at_wall_ms;         /* INT64_MAX: the newest span */
	int64_t from_wall_ms;       /* of a multiplier */
	char head[SETTLE_HEAD_MAX]; /* what is done, in words, amounts first */
};

/* Writes the error; returns false. */
__attribute__((format(printf, 2, 3))) bool settle_refuse(
	const struct settle_act *act, const char *format, ...);

/* outcome->text out of the head, the reason and the author. */
void settle_compose(struct settle_act *act);
/* The event that goes with the rows, of the first change; false: refused. */
bool settle_keep_event(struct settle_act *act);
/* After rows, event and state. */
void settle_commit(struct settle_act *act);

/* The series is known, and nothing else is being done to its rows. */
bool settle_is_ready(struct settle_act *act, struct pipeline_value *value);

bool settle_spans(struct settle_act *act, struct pipeline_value *value);
bool settle_multiplier(struct settle_act *act);

#endif
