/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive_schema.h -- The tables and views of docs/archive.md, and every statement
 * the archive runs on them, each once for both back ends. For archive_store*.c.
 */
#ifndef CITY_ARCHIVE_SCHEMA_H
#define CITY_ARCHIVE_SCHEMA_H

#include "city/archive_db.h"

enum { ARCHIVE_FORMAT_VERSION = 2 };

enum archive_sql {
	SQL_VERSION,
	SQL_PUT_VERSION,
	SQL_DROP_OLDER_VERSIONS,
	SQL_GATEWAY_FIND,
	SQL_GATEWAY_LAST, /* the last number given; then _ADD gives the next */
	SQL_GATEWAY_ADD,
	SQL_GATEWAY_SEEN,
	SQL_GATEWAY_STATUS,
	SQL_GATEWAY_HEALTH,
	SQL_BOARD_SET,
	SQL_GATEWAY_ABOUT,
	SQL_GATEWAY_ALL,
	SQL_STORE_FIND,
	SQL_STORE_LAST,
	SQL_STORE_ADD,
	SQL_STORE_GENERATION,
	SQL_STORE_ANCHORED,
	SQL_STORE_HIGHEST,
	SQL_SERIES_ALL,
	SQL_SERIES_LAST,
	SQL_SERIES_ADD,
	SQL_STREAM_ADD,
	SQL_STREAM_LOCK,
	SQL_STREAM_READ,
	SQL_STREAM_SET,
	SQL_STREAM_COUNTS,
	SQL_SPAN_ALL,
	SQL_SPAN_CLEAR,
	SQL_SPAN_ADD,
	SQL_GONE_ADD,
	SQL_INTERVAL_ADD,
	SQL_INTERVAL_FIND,
	SQL_TREND_ADD,
	SQL_TREND_FIND,
	SQL_EVENT_ADD,
	SQL_EVENT_FIND,
	SQL_COUNTER_LAST,
	SQL_QUARANTINE_ADD,
	SQL_QUARANTINE_COUNT,
	SQL_QUARANTINE_KINDS,
	SQL_CONFLICT_FIRST,
	SQL_FORGOTTEN_ALL,
	SQL_METER_KNOWN,
	SQL_FORGOTTEN_SET,
	SQL_FORGET_INTERVALS,
	SQL_FORGET_TRENDS,
	SQL_FORGET_EVENTS,
	SQL_FORGET_QUARANTINE,
	SQL_METER_GATEWAYS,
	SQL_LOG_ADD,
	SQL_COUNT
};

/* By enum archive_sql. */
extern const char *const archive_statements[SQL_COUNT];

/* In the order they are to be made. */
const struct archive_piece *archive_schema(size_t *ret_count);

#endif
