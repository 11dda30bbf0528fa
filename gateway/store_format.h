/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_format.h -- The store's format, version 3, as SQL (docs/store.md), and
 * how rows stand in it. For store*.c.
 */
#ifndef GATEWAY_STORE_FORMAT_H
#define GATEWAY_STORE_FORMAT_H

#include "gateway/core/coarse.h"
#include "gateway/store_sqlite.h"

enum {
	STORE_FORMAT_VERSION = 3,          /* PRAGMA user_version */
	STORE_FORMAT_VERSION_MIN = 1,      /* the oldest that is upgraded */
	STORE_APPLICATION_ID = 0x62797074, /* "bypt" */
	STORE_HEADER_BYTES = 100,          /* of an SQLite file; both numbers stand in it */
	STORE_HEADER_VERSION_AT = 60,      /* 4 bytes, big-endian: sqlite.org/fileformat2.html */
	STORE_HEADER_APPLICATION_ID_AT = 68,
};

enum store_statement {
	/* Reading. */
	STATEMENT_ALL_SERIES,
	STATEMENT_ALL_STREAMS,
	STATEMENT_ALL_STATES,
	STATEMENT_ALL_DEVICES,
	STATEMENT_GRID,
	STATEMENT_ALL_UNPLACED,
	STATEMENT_LAST_INTERVALS, /* those kept for restart, then all newer ones */
	STATEMENT_INTERVAL_BY_ID,
	STATEMENT_INTERVALS_AFTER,
	STATEMENT_COUNTED_INTERVALS_AFTER, /* without those that coarse rows have in them */
	STATEMENT_INTERVALS_IN_RANGE,
	STATEMENT_FIRST_INTERVAL,
	STATEMENT_NEWEST_OF_KEY,
	STATEMENT_NEWEST_KNOWN,
	STATEMENT_INTERVAL_TIME,
	STATEMENT_EVENT_TIME,
	STATEMENT_EVENTS_AFTER,
	STATEMENT_TRENDS_AFTER,
	STATEMENT_COUNT_TRENDS,
	STATEMENT_COARSE_INTERVAL,
	STATEMENT_COARSE_INTERVALS,
	STATEMENT_COARSE_LEVEL_BELOW,
	STATEMENT_COARSE_LEVEL_UNTIL,
	STATEMENT_COARSE_AT,
	STATEMENT_COARSE_FIRST,
	STATEMENT_READING_COUNT,
	/* Writing. */
	STATEMENT_ADD_SERIES = STATEMENT_READING_COUNT,
	STATEMENT_ADD_INTERVAL,
	STATEMENT_ADD_EVENT,
	STATEMENT_ADD_TREND,
	STATEMENT_SET_STREAM,
	STATEMENT_SET_STATE,
	STATEMENT_SET_DEVICE,
	STATEMENT_SET_GRID,
	STATEMENT_ADD_UNPLACED,
	STATEMENT_DROP_UNPLACED_OF_BOOT,
	STATEMENT_DROP_UNPLACED,
	STATEMENT_DROP_LAST,
	STATEMENT_KEEP_LAST,
	STATEMENT_DROP_TRENDS,
	STATEMENT_DROP_INTERVALS,
	STATEMENT_DROP_EVENTS,
	/* Coarsening. */
	STATEMENT_HOUR_BOUNDARY,
	STATEMENT_TREND_HOUR_BOUNDARY,
	STATEMENT_REVISED_THROUGH,
	STATEMENT_INTERVALS_TO_COARSEN,
	STATEMENT_TRENDS_TO_COARSEN,
	STATEMENT_COUNTED_KEY,
	STATEMENT_ABSORBED_KEY, /* an interval's own late value is in a coarse row already */
	STATEMENT_SET_REVISED,
	STATEMENT_DROP_REVISED,
	STATEMENT_ABSORB_ONE,
	STATEMENT_ABSORB_REVISIONS,
	STATEMENT_DROP_ABSORBED,
	STATEMENT_SET_COARSE_INTERVAL,
	STATEMENT_COARSE_TREND,
	STATEMENT_COARSE_TRENDS,
	STATEMENT_SET_COARSE_TREND,
	STATEMENT_INTERVAL_LEVEL_FIRST,
	STATEMENT_TREND_LEVEL_FIRST,
	STATEMENT_INTERVAL_LEVEL_NTH,
	STATEMENT_TREND_LEVEL_NTH,
	STATEMENT_DROP_COARSE_INTERVALS,
	STATEMENT_DROP_COARSE_TRENDS,
	STATEMENT_DROP_COARSEST_INTERVALS,
	STATEMENT_DROP_COARSEST_TRENDS,
	STATEMENT_COUNT
};
extern const char *const store_statements[STATEMENT_COUNT];

/* store_schema.c, inside a transaction of the caller's: tables and views of a new store, and its
 * words; or those an older version (STORE_FORMAT_VERSION_MIN .. below ours) lacks. */
enum store_status store_format_create(struct store_sqlite *db);
enum store_status store_format_upgrade(struct store_sqlite *db, int64_t version);
/* Make an older version read as ours on this connection only; the file stays as it is. */
enum store_status store_format_cover(struct store_sqlite *db, int64_t version);

/* Insert one row; its id is the row's own. */
enum store_status store_format_add_interval(
	struct store_sqlite *db, const struct interval_row *row);
enum store_status store_format_add_event(struct store_sqlite *db, const struct event_row *row);
enum store_status store_format_add_trend(struct store_sqlite *db, const struct trend_row *row);

/* Write one, in place of what stood for the same span. */
enum store_status store_format_set_coarse_interval(
	struct store_sqlite *db, const struct coarse_interval *row);
enum store_status store_format_set_coarse_trend(
	struct store_sqlite *db, const struct coarse_trend *row);

/* The row a statement stands at. */
struct interval_row store_format_interval(struct store_sqlite *db, enum store_statement statement);
struct event_row store_format_event(struct store_sqlite *db, enum store_statement statement);
struct trend_row store_format_trend(struct store_sqlite *db, enum store_statement statement);
struct coarse_interval store_format_coarse_interval(
	struct store_sqlite *db, enum store_statement statement);
struct coarse_trend store_format_coarse_trend(
	struct store_sqlite *db, enum store_statement statement);

#endif
