/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_coarsen.c -- Old rows become coarser ones, inside the transaction of a
 * commit: what replaces them is made in memory, they go, it is written. So that
 * no power cut leaves both or neither, and no room is needed for both.
 */
#include <stdlib.h>

#include "gateway/store_parts.h"

enum {
	LOOKED_BACK = 512, /* rows being made at a time; what is made twice is merged when written
			    */
	MADE_MIN = 256,
};

/* A coarse row of either stream. */
struct coarse_row {
	int32_t series;
	struct coarse_span span;
	union {
		struct coarse_interval interval;
		struct coarse_trend trend;
	};
};

/* How rows of a stream are read, merged and written. */
struct coarse_kind {
	enum coarse_level least;
	enum store_statement rows; /* those that are not coarse yet */
	enum store_statement level;
	enum store_statement one;
	enum store_statement drop_level;
	enum store_statement drop_coarsest;
	struct coarse_row (*read_row)(struct store_sqlite *db);
	struct coarse_row (*read_coarse)(struct store_sqlite *db, enum store_statement statement);
	void (*merge)(struct coarse_row *row, const struct coarse_row *part);
	enum store_status (*write)(struct store *store, const struct coarse_row *row);
};

/* ---- intervals ---- */

static struct coarse_row interval_as_row(const struct coarse_interval *interval)
{
	return (struct coarse_row){
		.series = interval->series,
		.span = {interval->start_wall_ms, interval->end_wall_ms},
		.interval = *interval,
	};
}

static struct coarse_row read_interval(struct store_sqlite *db)
{
	struct interval_row row = store_format_interval(db, STATEMENT_INTERVALS_TO_COARSEN);
	struct coarse_interval interval = coarse_interval_of(&row);

	return interval_as_row(&interval);
}

static struct coarse_row read_coarse_interval(
	struct store_sqlite *db, enum store_statement statement)
{
	struct coarse_interval interval = store_format_coarse_interval(db, statement);

	return interval_as_row(&interval);
}

/* Rows that overlap one that is there already were never both true: what is there stays. */
static void merge_interval(struct coarse_row *row, const struct coarse_row *part)
{
	row->interval.series = row->series;
	row->interval.start_wall_ms = row->span.start_wall_ms;
	row->interval.end_wall_ms = row->span.end_wall_ms;
	(void)coarse_interval_merge(&row->interval, &part->interval);
}

static enum store_status write_interval(struct store *store, const struct coarse_row *row)
{
	if (row->span.end_wall_ms > store->coarse.until_wall_ms) {
		store->coarse.until_wall_ms = row->span.end_wall_ms;
	}
	return store_format_set_coarse_interval(store->db, &row->interval);
}

/* ---- trends ---- */

static struct coarse_row trend_as_row(const struct coarse_trend *trend)
{
	return (struct coarse_row){
		.series = trend->series,
		.span = {trend->start_wall_ms, trend->end_wall_ms},
		.trend = *trend,
	};
}

static struct coarse_row read_trend(struct store_sqlite *db)
{
	struct trend_row row = store_format_trend(db, STATEMENT_TRENDS_TO_COARSEN);
	struct coarse_trend trend = coarse_trend_of(&row);

	return trend_as_row(&trend);
}

static struct coarse_row read_coarse_trend(struct store_sqlite *db, enum store_statement statement)
{
	struct coarse_trend trend = store_format_coarse_trend(db, statement);

	return trend_as_row(&trend);
}

static void merge_trend(struct coarse_row *row, const struct coarse_row *part)
{
	row->trend.series = row->series;
	row->trend.start_wall_ms = row->span.start_wall_ms;
	row->trend.end_wall_ms = row->span.end_wall_ms;
	coarse_trend_merge(&row->trend, &part->trend);
}

static enum store_status write_trend(struct store *store, const struct coarse_row *row)
{
	return store_format_set_coarse_trend(store->db, &row->trend);
}

static const struct coarse_kind kinds[STREAM_COUNT] = {
	[STREAM_ENERGY] = {.least = COARSE_HOUR,
			   .rows = STATEMENT_INTERVALS_TO_COARSEN,
			   .level = STATEMENT_COARSE_INTERVALS,
			   .one = STATEMENT_COARSE_INTERVAL,
			   .drop_level = STATEMENT_DROP_COARSE_INTERVALS,
			   .drop_coarsest = STATEMENT_DROP_COARSEST_INTERVALS,
			   .read_row = read_interval,
			   .read_coarse = read_coarse_interval,
			   .merge = merge_interval,
			   .write = write_interval},
	[STREAM_TRENDS] = {.least = COARSE_QUARTER,
			   .rows = STATEMENT_TRENDS_TO_COARSEN,
			   .level = STATEMENT_COARSE_TRENDS,
			   .one = STATEMENT_COARSE_TREND,
			   .drop_level = STATEMENT_DROP_COARSE_TRENDS,
			   .drop_coarsest = STATEMENT_DROP_COARSEST_TRENDS,
			   .read_row = read_trend,
			   .read_coarse = read_coarse_trend,
			   .merge = merge_trend,
			   .write = write_trend   },
};

/* ---- making ---- */

struct made_rows {
	struct coarse_row *rows;
	size_t count;
	size_t capacity;
};

static struct coarse_row *add_made(
	struct made_rows *made, int32_t series, const struct coarse_span *span)
{
	if (made->count == made->capacity) {
		size_t capacity = made->capacity > 0 ? 2 * made->capacity : MADE_MIN;
		struct coarse_row *grown = realloc(made->rows, capacity * sizeof(*grown));
		if (!grown) {
			return NULL;
		}
		made->rows = grown;
		made->capacity = capacity;
	}
	made->rows[made->count] = (struct coarse_row){.series = series, .span = *span};
	return &made->rows[made->count++];
}

/* The one of a series and span, new or begun; NULL: memory is out. */
static struct coarse_row *made_row(
	struct made_rows *made, int32_t series, const struct coarse_span *span)
{
	size_t end = made->count > LOOKED_BACK ? made->count - LOOKED_BACK : 0;

	for (size_t i = made->count; i > end; i--) {
		struct coarse_row *row = &made->rows[i - 1];
		if (row->series == series && row->span.start_wall_ms == span->start_wall_ms &&
			row->span.end_wall_ms == span->end_wall_ms) {
			return row;
		}
	}
	return add_made(made, series, span);
}

static enum store_status make_rows(struct store *store, const struct coarse_kind *kind,
	enum store_statement statement, struct made_rows *made)
{
	enum store_status status = STORE_OK;

	while (store_sqlite_next(store->db, statement, &status)) {
		const struct coarse_row part = statement == kind->rows
						       ? kind->read_row(store->db)
						       : kind->read_coarse(store->db, statement);
		const struct coarse_span span = coarse_span_above(kind->least, part.span);
		struct coarse_row *row = made_row(made, part.series, &span);
		if (!row) {
			store_sqlite_reset(store->db, statement);
			return STORE_FAILED;
		}
		kind->merge(row, &part);
	}
	return status;
}

static enum store_status write_row(
	struct store *store, const struct coarse_kind *kind, struct coarse_row *row)
{
	int64_t length_ms = row->span.end_wall_ms - row->span.start_wall_ms;

	store_sqlite_bind(store->db, kind->one, 1, length_ms);
	store_sqlite_bind(store->db, kind->one, 2, row->span.start_wall_ms);
	store_sqlite_bind(store->db, kind->one, 3, row->series);
	if (store_sqlite_step(store->db, kind->one) == STORE_SQLITE_ROW) {
		struct coarse_row there = kind->read_coarse(store->db, kind->one);
		kind->merge(&there, row);
		*row = there;
	}
	store_sqlite_reset(store->db, kind->one);
	return kind->write(store, row);
}

/* Writes them, and gives back their memory. */
static enum store_status write_rows(struct store *store, const struct coarse_kind *kind,
	struct made_rows *made, enum store_status status)
{
	for (size_t i = 0; status == STORE_OK && i < made->count; i++) {
		status = write_row(store, kind, &made->rows[i]);
	}
	free(made->rows);
	store->coarse.has_coarsened = true;
	return status;
}

/* ---- the steps ---- */

static enum store_status run_through(
	struct store *store, enum store_statement statement, int64_t through)
{
	store_sqlite_bind(store->db, statement, 1, through);
	return store_sqlite_run(store->db, statement);
}

static enum store_status drop_energy(struct store *store, int64_t through, int64_t revised_through)
{
	static const enum store_statement drops[] = {STATEMENT_DROP_INTERVALS,
		STATEMENT_DROP_EVENTS, STATEMENT_DROP_ABSORBED, STATEMENT_DROP_REVISED};
	enum store_status status = store_series_keep_last(store);

	if (status == STORE_OK && revised_through > through) {
		store_sqlite_bind(store->db, STATEMENT_ABSORB_REVISIONS, 2, revised_through);
		status = run_through(store, STATEMENT_ABSORB_REVISIONS, through);
	}
	for (size_t i = 0; status == STORE_OK && i < sizeof(drops) / sizeof(drops[0]); i++) {
		status = run_through(store, drops[i], through);
	}
	return status;
}

enum store_status store_coarsen_intervals(
	struct store *store, int64_t through, int64_t revised_through)
{
	const struct coarse_kind *kind = &kinds[STREAM_ENERGY];
	struct made_rows made = {0};

	store_sqlite_bind(store->db, kind->rows, 1, through);
	store_sqlite_bind(store->db, kind->rows, 2, revised_through);
	enum store_status status = make_rows(store, kind, kind->rows, &made);
	if (status == STORE_OK) {
		status = drop_energy(store, through, revised_through);
	}
	return write_rows(store, kind, &made, status);
}

enum store_status store_coarsen_trends(struct store *store, int64_t through)
{
	const struct coarse_kind *kind = &kinds[STREAM_TRENDS];
	struct made_rows made = {0};

	store_sqlite_bind(store->db, kind->rows, 1, through);
	enum store_status status = make_rows(store, kind, kind->rows, &made);
	if (status == STORE_OK) {
		status = run_through(store, STATEMENT_DROP_TRENDS, through);
	}
	return write_rows(store, kind, &made, status);
}

enum store_status store_drop_coarsest(struct store *store, enum stream stream, int64_t end_wall_ms)
{
	store->coarse.has_coarsened = true;
	return run_through(store, kinds[stream].drop_coarsest, end_wall_ms);
}

static enum store_status drop_level(
	struct store *store, const struct coarse_kind *kind, const struct coarse_step *step)
{
	store_sqlite_bind(store->db, kind->drop_level, 1, coarse_level_ms(step->level));
	store_sqlite_bind(store->db, kind->drop_level, 2, step->end_wall_ms);
	return store_sqlite_run(store->db, kind->drop_level);
}

enum store_status store_coarsen_level(
	struct store *store, enum stream stream, const struct coarse_step *step)
{
	const struct coarse_kind *kind = &kinds[stream];
	struct made_rows made = {0};

	store_sqlite_bind(store->db, kind->level, 1, coarse_level_ms(step->level));
	store_sqlite_bind(store->db, kind->level, 2, INT64_MIN);
	store_sqlite_bind(store->db, kind->level, 3, INT32_MIN);
	store_sqlite_bind(store->db, kind->level, 4, step->end_wall_ms);
	enum store_status status = make_rows(store, kind, kind->level, &made);
	if (status == STORE_OK) {
		status = drop_level(store, kind, step);
	}
	return write_rows(store, kind, &made, status);
}
