/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control_answers.h -- What the daemon tells of itself on the control socket
 * (docs/control.md): its state, the newest values, an answer of a device. Text
 * from malloc(), NULL when memory is out.
 */
#ifndef GATEWAY_CONTROL_ANSWERS_H
#define GATEWAY_CONTROL_ANSWERS_H

#include "gateway/core/id_ranges.h"
#include "gateway/daemon_buses.h"
#include "gateway/daemon_loans.h"
#include "gateway/json_writer.h"
#include "gateway/pipeline.h"
#include "gateway/pipeline_settle.h"
#include "gateway/report_queue.h"

struct control_view {
	const struct pipeline *pipeline;
	struct daemon_buses *buses;
	const char *configuration; /* absolute path of the file in force */
	uint64_t reports_dropped;
};

/* What a writer writes, as text. */
typedef void control_answer_writer(struct json_writer *writer, const void *context);
char *control_answer_of(control_answer_writer *write_answer, const void *context);

/* Since an instant; INT64_MIN: it has not been. */
int64_t control_age_ms(const struct pipeline *pipeline, int64_t at_mono_ms);

char *control_answer_status(const struct control_view *view);

/* `meter` NULL: of all. The caller has seen to it that the meter is there. */
char *control_answer_values(const struct control_view *view, const char *meter);

char *control_answer_loan(const struct loan *loan);

/* What is wrong with a configuration that was not taken over. */
char *control_answer_refused(const char *error, const struct diagnostics *diagnostics);

/* A configuration was taken over. */
char *control_answer_reloaded(const struct diagnostics *diagnostics);

/* What a decision does, or would do. */
struct settled_answer {
	const char *meter;
	const struct settle_outcome *outcome;
	bool dry_run;
};
char *control_answer_settled(const struct settled_answer *answer);

/* What goes again of a stream. */
struct replayed_answer {
	enum stream stream;
	struct id_range range;
};
char *control_answer_replayed(const struct replayed_answer *answer);

#endif
