/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline_settle.h -- What a person decides about a meter, with a reason and a
 * name: closing and opening readings around an exchange, an unknown closing, a
 * leap that was real, another multiplier from an instant on. Whole or not at
 * all; a dry run tells what would come of it.
 */
#ifndef GATEWAY_PIPELINE_SETTLE_H
#define GATEWAY_PIPELINE_SETTLE_H

#include "gateway/core/series.h"
#include "gateway/core/wall_clock.h"

struct pipeline;

enum {
	SETTLE_REASON_MAX = 80, /* bytes of a reason; it stands whole in the event */
	SETTLE_BY_MAX = 32,     /* bytes of the author's name; likewise */
	SETTLE_CALLER_MAX = 32, /* of the unix user that is told with it; longer ones are cut */
	SETTLE_ERROR_MAX = 320,
};

/* As a person wrote it; NULL: not given. */
struct settle_request {
	const char *meter;
	const char *quantity; /* NULL: the meter's main counter; of a multiplier: all that a
				 transformer's ratio scales */
	const char *closing;  /* in the outside unit, or "unknown" */
	const char *opening;
	const char *multiplier; /* "60", "0.1", "300/5" */
	const char *from;       /* of the multiplier: a date or RFC 3339 */
	const char *at;         /* an instant of the span meant, likewise; NULL: the newest */
	const char *reason;
	const char *by;
	const char *caller; /* the unix user */
	bool accept;
	bool dry_run;
};

/* What it does to one series. */
struct settle_change {
	enum quantity quantity;
	int64_t rows;        /* intervals touched */
	int64_t corrections; /* of them final before */
	int64_t nulls;       /* of them without a value before */
	int64_t start_wall_ms;
	int64_t end_wall_ms;
	int64_t before; /* their energy, inside steps */
	int64_t after;
};

struct settle_outcome {
	struct settle_change changes[QUANTITY_COUNT];
	size_t count;
	bool is_open; /* the interval has not closed: its value so far; it comes with the row */
	bool is_kept; /* it is on the disk; not of a dry run */
	char text[EVENT_TEXT_MAX]; /* as the event has it */
	char error[SETTLE_ERROR_MAX];
};

/* False with ret_outcome->error in words; then nothing has changed. */
__attribute__((warn_unused_result)) bool pipeline_settle(struct pipeline *pipeline,
	const struct settle_request *request, struct settle_outcome *ret_outcome);

#endif
