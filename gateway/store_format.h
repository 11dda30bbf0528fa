/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_format.h -- The store's format, version 1, as SQL (docs/store.md), and
 * how rows stand in it. For store*.c.
 */
#ifndef GATEWAY_STORE_FORMAT_H
#define GATEWAY_STORE_FORMAT_H

#include "gateway/store_sqlite.h"

enum {
	STORE_FORMAT_VERSION = 1,          /* PRAGMA user_version */
	STORE_APPLICATION_ID = 0x62797074, /* "bypt" */
	STORE_HEADER_BYTES = 100,          /* of an SQLite file; both numbers stand in it */
	STORE_HEADER_VERSION_AT = 60,      /* 4 bytes, big-endian: sqlite.org/fileformat2.html */
	STORE_HEADER_APPLICATION_ID_AT = 68,
};

enum store_statement {
	STATEMENT_ADD_SERIES,
	STATEMENT_ADD_INTERVAL,
	STATEMENT_ADD_EVENT,
	STATEMENT_ADD_TREND,
	STATEMENT_SET_STREAM,
	STATEMENT_ALL_SERIES,
	STATEMENT_ALL_STREAMS,
	STATEMENT_LAST_INTERVALS, /* those kept for restart, then all newer ones */
	STATEMENT_INTERVAL_BY_ID,
	STATEMENT_INTERVALS_AFTER,
	STATEMENT_EVENTS_AFTER,
	STATEMENT_TRENDS_AFTER,
	STATEMENT_DROP_LAST,
	STATEMENT_KEEP_LAST,
	STATEMENT_COUNT_TRENDS,
	STATEMENT_DROP_TRENDS,
	STATEMENT_DROP_INTERVALS,
	STATEMENT_DROP_EVENTS,
	STATEMENT_COUNT
};
extern const char *const store_statements[STATEMENT_COUNT];

/* Tables and views of a new store, and its words. */
enum store_status store_format_create(struct store_sqlite *db);

/* Insert one row; its id is the row's own. */
enum store_status store_format_add_interval(
	struct store_sqlite *db, const struct interval_row *row);
enum store_status store_format_add_event(struct store_sqlite *db, const struct event_row *row);
enum store_status store_format_add_trend(struct store_sqlite *db, const struct trend_row *row);

/* The row a statement stands at. */
struct interval_row store_format_interval(struct store_sqlite *db, enum store_statement statement);
struct event_row store_format_event(struct store_sqlite *db, enum store_statement statement);
struct trend_row store_format_trend(struct store_sqlite *db, enum store_statement statement);

#endif
