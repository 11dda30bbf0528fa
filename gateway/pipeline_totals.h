/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline_totals.h -- What the running totals are kept in. For the files that
 * are the pipeline's totals: pipeline_totals.c (rows in, time),
 * pipeline_totals_build.c (from the store), pipeline_totals_tell.c (to the
 * broker).
 *
 * First rows are added as they are kept. Any revision makes the days from its
 * interval on be counted again from the store, in portions, beside what is
 * shown; so does a start, from the year's beginning.
 */
#ifndef GATEWAY_PIPELINE_TOTALS_H
#define GATEWAY_PIPELINE_TOTALS_H

#include "gateway/core/running_totals.h"
#include "gateway/newest_intervals.h"
#include "gateway/pipeline_state.h"
#include "gateway/site_totals.h"

enum {
	TOTALS_PORTION_ROWS = 2000,  /* of the store a step: some milliseconds on a board */
	TOTALS_QUIET_MS = 10000,     /* after a revision, before it is counted: more may come */
	TOTALS_REBUILD_MS = 60000,   /* from one counting anew to the next, at the least */
	TOTALS_RETRY_MS = 600000,    /* after one that failed */
	TOTALS_REVISED_MS = 300000,  /* from one message to the next, where no hour ended */
	TOTALS_LATE_MS_MAX = 600000, /* an hour without a meter's row is shown then */
	TOTALS_MESSAGES_A_STEP = 16, /* of a second: a burst must not hold up rows */
	TOTALS_UNANSWERED_MAX = 40,  /* announcements the broker has not acknowledged */
	TOTALS_DAY_MS = 86400000,    /* the intervals of a dwelling */
	TOTALS_PERIODS = 3,          /* day, month, year */
	TOTALS_GONE_MAX = 1024,      /* scopes of removed meters, to be cleared */
};

/* One series. */
struct total_entry {
	struct running_totals running;
	struct series_peaks *peaks; /* NULL: nobody asks */
	int64_t through_wall_ms;    /* end of its newest row; INT64_MIN: none */
	int64_t reading;            /* there; < 0: none */
	size_t meter;               /* index in the site */
	enum totals_series series;
	enum quantity quantity;
	int64_t resolution;
};

/* All series against one window. */
struct totals_set {
	struct totals_window window;
	struct coarse_reach reach; /* of the rows it was counted from */
	struct total_entry *entries;
	size_t count;
};

struct pipeline_totals {
	struct site_totals structure;
	struct totals_set shown;
	bool is_built;
	size_t hours; /* of the shown day, that are over and counted */
	/* Counting anew. */
	struct totals_set made; /* entries NULL: not under way */
	struct newest_intervals *walk;
	int32_t *entry_of_series; /* by the store's number; -1: none */
	size_t series_count;
	int64_t dirty_from_wall_ms; /* INT64_MAX: nothing was revised */
	int64_t quiet_mono_ms;      /* no counting anew before */
	int64_t ahead_wall_ms;      /* the earliest row past the shown day; INT64_MAX: none */
	/* Telling. */
	bool has_news; /* revisions are shown that the broker has not seen */
	int64_t told_mono_ms;
	uint8_t *pending;  /* by scope: bits by period */
	uint32_t *digests; /* of what was told last, by scope and period; 0: nothing */
	size_t next;       /* scope to be told next */
	char (*gone)[TOTALS_SCOPE_MAX];
	size_t gone_count;
	struct total_sum *sums; /* scratch: of all series of one span */
};

void totals_set_clear(struct totals_set *set);
struct totals_window totals_window_of(const struct pipeline *pipeline, int64_t at_wall_ms);

/* ---- pipeline_totals_build.c ---- */
/* Start or go on with counting anew, where it is due. True: it wants to go on at once. */
bool pipeline_totals_build(struct pipeline *pipeline, int64_t now_wall_ms);
void pipeline_totals_drop_build(struct pipeline_totals *totals);

/* ---- pipeline_totals_tell.c ---- */
enum { TOTALS_ALL_PERIODS = 7, TOTALS_DAY = 1, TOTALS_MONTH = 2, TOTALS_YEAR = 4 };
void pipeline_totals_mark(struct pipeline_totals *totals, uint8_t periods);
bool pipeline_totals_all_told(const struct pipeline_totals *totals);
void pipeline_totals_tell(struct pipeline *pipeline);

#endif
