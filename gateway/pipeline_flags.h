/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline_flags.h -- Plausibility findings in the pipeline: state beside each
 * counter, what samples and rows tell it, what becomes of a finding. For the
 * files that are the pipeline.
 *
 * A flag known when an interval closes stands on its first row. One that is
 * found later comes as a revision, after the next commit, of the interval it is
 * about; of a finding that had been coming for long, of the last day's. It is
 * told when it begins and when it ends, not once an interval.
 *
 * Nothing of this is kept on disk. After a restart, a change of the device or a
 * clock set back, it begins anew: spikes need their days of history again,
 * windows fill again, and until then nothing is flagged.
 */
#ifndef GATEWAY_PIPELINE_FLAGS_H
#define GATEWAY_PIPELINE_FLAGS_H

#include "gateway/core/series_flags.h"

struct pipeline;
struct pipeline_series_place;
struct pipeline_value;

enum { PIPELINE_FLAGS_BACK_MS_MAX = 86400000 }; /* how far a finding reaches back in revisions */

/* Of a heat meter, with its heat energy. */
struct heat_check {
	struct heat_flow flow;
	struct heat_window window;
	int64_t taken_wall_ms; /* end of the newest interval that was looked at */
};

/* Of a counter that is judged. */
struct pipeline_flags {
	struct series_flags state;
	struct heat_check *heat; /* NULL: no heat energy */
	/* the register's step, where the model does not say: the least it ever climbed at once */
	int64_t newest_reading;
	int64_t least_climb; /* 0: none yet */
	bool has_reading;
	/* found later: still to be put on the rows inside these spans */
	uint32_t late;
	int64_t late_from_wall_ms[FLAG_COUNT];
	int64_t late_to_wall_ms[FLAG_COUNT];
};

/* One row on its way to the store. */
struct flags_closing {
	struct series_flags before; /* put back when the store does not take it */
	struct flag_finding findings[FLAG_COUNT];
	uint32_t known;
	uint32_t found;
	bool is_newer; /* than all before it; else a revision: nothing is judged anew */
};

/* What a value needs, by its quantity. False: memory is out. */
bool pipeline_flags_make(struct pipeline_value *value);
void pipeline_flags_free(struct pipeline_value *value);
/* The same device under another configuration. */
void pipeline_flags_carry_over(struct pipeline_value *from, struct pipeline_value *to);
/* The site's limits and language. */
void pipeline_flags_take_limits(struct pipeline *pipeline);
/* All begins anew. */
void pipeline_flags_forget(struct pipeline *pipeline);

/* A sample of any value, before accounting has it; without a value: pipeline_flags_no_value(). */
void pipeline_flags_sample(
	const struct pipeline_series_place *place, int64_t at_wall_ms, int64_t value);
void pipeline_flags_no_value(const struct pipeline_series_place *place);

/* Before a row is appended: puts the flags on it, rejects it where that is wanted. False: the store
 * does not take the event that belongs to it, and nothing has changed. */
bool pipeline_flags_close(const struct pipeline_series_place *place, struct interval_row *row,
	struct flags_closing *ret_closing);
/* The store did not take the row. */
void pipeline_flags_undo(
	const struct pipeline_series_place *place, const struct flags_closing *closing);
/* It did. */
void pipeline_flags_kept(const struct pipeline_series_place *place, const struct interval_row *row,
	const struct flags_closing *closing);

/* Rows are committed: revise those that something was found about later. */
void pipeline_flags_revise(struct pipeline *pipeline);

/* ---- among pipeline_flags*.c ---- */

/* A flag was judged after the row was kept: tell, and put it on the rows it is about. */
void pipeline_flags_found_late(
	const struct pipeline_series_place *place, const struct flag_finding *finding);
void pipeline_flags_not_found(const struct pipeline_series_place *place, enum flag flag);
struct flag_rules pipeline_flags_rules(const struct pipeline_series_place *place);
/* Power and the other direction, as far as they are known of an interval. */
struct register_facts pipeline_flags_facts(
	const struct pipeline_series_place *place, const struct interval_row *row);
/* What a meter's other values and other meters say about an interval that was kept. */
void pipeline_flags_compare(const struct pipeline_series_place *place);

#endif
