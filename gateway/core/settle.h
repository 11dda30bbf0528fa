/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settle.h -- What a person decides later, as rows: the energy of intervals
 * that have none (exchange, accepted leap), and another multiplier from an
 * instant on. Pure: rows in, rows out; a new row has the old one's key and the
 * next revision.
 *
 * A null span is a run of rejected and missing rows with no reading between
 * them. What it holds follows from the readings at its ends:
 *
 *	exchange  (closing - before) + (after - opening)
 *	accept    after - before
 *
 * and is shared out over its rows so that the sum is exact, by the profile
 * where there is one, else evenly over time.
 */
#ifndef GATEWAY_CORE_SETTLE_H
#define GATEWAY_CORE_SETTLE_H

#include <stddef.h>

#include "drivers/register_decode.h"
#include "gateway/core/series.h"

enum settle_result {
	SETTLE_DONE,
	SETTLE_NOTHING_THERE,    /* no null row at that instant, or none at all */
	SETTLE_SPAN_GOES_ON,     /* no reading after it yet: wait */
	SETTLE_NOTHING_BEFORE,   /* no reading before it: the series begins there */
	SETTLE_CLOSING_TOO_LOW,  /* below the reading before */
	SETTLE_OPENING_TOO_HIGH, /* above the reading after */
	SETTLE_READING_FALLS,    /* accept: after is below before */
	SETTLE_NO_ESTIMATE,      /* closing unknown, and nothing known around it */
	SETTLE_OVERFLOW,
	SETTLE_RESULT_COUNT
};
/* In words, without a full stop: "the reading after it is lower than the one before". */
const char *settle_result_text(enum settle_result result);

/* ---- Null spans ---- */

struct settle_span {
	int64_t start_wall_ms;
	int64_t end_wall_ms;
	size_t rows;
	int64_t before; /* the readings at its ends, as shown */
	int64_t after;
	bool has_before;
	bool has_after;
	bool start_is_good; /* they are not inside a long gap */
	bool end_is_good;
};

/* Looks through the newest rows of a series, given in order of time. Zero-initialised but for the
 * first. */
struct settle_search {
	int64_t at_wall_ms; /* in the span looked for; INT64_MAX: the newest */
	bool has_span;
	struct settle_span span;
	/* its own */
	bool has_last;
	bool is_inside; /* the last row belongs to `current` */
	struct interval_row last;
	struct settle_span current;
};
void settle_search_row(struct settle_search *search, const struct interval_row *row);
/* After the last row. */
void settle_search_end(struct settle_search *search);

/* ---- Exchange and accept ---- */

/* Energy a span of time usually has, inside steps; false: not known. */
struct settle_profile {
	bool (*expect)(
		void *context, int64_t start_wall_ms, int64_t end_wall_ms, int64_t *ret_energy);
	void *context;
};

struct settle_decision {
	enum {
		SETTLE_EXCHANGE,        /* closing and opening */
		SETTLE_CLOSING_UNKNOWN, /* the old device's last part is estimated */
		SETTLE_ACCEPT           /* no exchange: the counter really climbed so much */
	} kind;
	int64_t closing;
	int64_t opening;
	bool has_opening; /* with CLOSING_UNKNOWN: else what the new device showed first */
};

/* What to decide from. */
struct settle_scene {
	const struct interval_row *rows; /* newest ones, in order of time: the span's, and up to a
					    day on either side for the estimate */
	size_t count;
	struct settle_span span;
	const struct settle_profile *profile; /* NULL: none */
};

/*
 * ret_rows has room for span.rows. *ret_energy: their sum. A single row whose
 * two boundaries are known and good is measured, unless it was estimated; all
 * others are estimated. Where nothing says how much a time usually has, the
 * unknown part is the mean power of the rows around. Nothing is returned
 * unless SETTLE_DONE.
 */
__attribute__((warn_unused_result)) enum settle_result settle_span_rows(
	const struct settle_scene *scene, const struct settle_decision *decision,
	struct interval_row *ret_rows, int64_t *ret_energy);

/* ---- Another multiplier ---- */

/*
 * Rows of a series in order of time, multiplied from an instant on:
 * R'(b) = R(b) * ratio, rounded half to even, energy' = R'(end) - R'(start), so that sums over
 * any run of rows are exact. The row that holds the instant is split evenly
 * over time at it, and is an estimate then. Zero-initialised but for the first
 * two.
 */
struct settle_rescaling {
	struct scale ratio; /* > 0 */
	int64_t from_wall_ms;
	/* its own: where rows without readings have come to */
	bool has_virtual;
	int64_t virtual_reading;
};

/*
 * *ret_changed: the row needs a new revision, and *ret_row is it. Rows that end
 * by the instant, and null rows without readings, stay as they are.
 */
__attribute__((warn_unused_result)) enum settle_result settle_rescale_row(
	struct settle_rescaling *rescaling, const struct interval_row *row, bool *ret_changed,
	struct interval_row *ret_row);

#endif
