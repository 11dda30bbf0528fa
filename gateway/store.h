/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h -- Rows kept on disk until the city has them, and after. The only
 * module that knows SQLite; the format is written down in docs/store.md.
 *
 * Append-only, in id order, per stream. Appended rows are durable once
 * store_commit() returns STORE_OK; power may go at any instruction. Used by the
 * main loop's thread only.
 */
#ifndef GATEWAY_STORE_H
#define GATEWAY_STORE_H

#include <stddef.h>

#include "gateway/core/series.h"

enum store_status {
	STORE_OK,
	STORE_FULL, /* the disk or the budget; rows stay queued with the caller, older rows are safe
		     */
	STORE_DAMAGED, /* not a data base, or a corrupt one */
	STORE_NEWER,   /* written by a newer byport; untouched */
	STORE_FAILED,  /* I/O, rights or memory; worth another try */
	STORE_STATUS_COUNT
};
const char *store_status_text(enum store_status status);

struct store;

struct store_identity {
	char id[37];        /* a random UUID, lower case */
	int64_t generation; /* creation time in seconds, larger than any before */
};

/* How far a stream has come; ids start at 1, 0 is "none". */
struct store_cursor {
	int64_t last;      /* last id given */
	int64_t sent;      /* broker acknowledged through this id with a reason < 128 */
	int64_t delivered; /* an archive's receipt */
};

/*
 * Open or create `directory`/store.db. A damaged file is set aside beside it
 * (never deleted) and a new one made; *ret_set_aside tells (may be NULL). On
 * failure *ret_store is untouched.
 */
__attribute__((warn_unused_result)) enum store_status store_open(const char *directory,
	int64_t bytes_max, int64_t now_wall_ms, struct store **ret_store, bool *ret_set_aside);

/* Commit and close; NULL is fine. Always returns NULL. */
struct store *store_close(struct store *store);

struct store_identity store_identity(const struct store *store);
struct store_cursor store_cursor(const struct store *store, enum stream stream);

/* Number of a series, given the first time it is asked for. < 0 on failure. *ret_new may be NULL.
 */
int32_t store_series(struct store *store, const char *meter, enum quantity quantity, bool *ret_new);
/* The name behind a number; false when there is none. `ret_meter` lives as long as the store. */
bool store_series_info(const struct store *store, int32_t series, const char **ret_meter,
	enum quantity *ret_quantity);

/* Append; sets row->id. Not durable before store_commit(). */
__attribute__((warn_unused_result)) enum store_status store_append_interval(
	struct store *store, struct interval_row *row);
__attribute__((warn_unused_result)) enum store_status store_append_event(
	struct store *store, struct event_row *row);
__attribute__((warn_unused_result)) enum store_status store_append_trend(
	struct store *store, struct trend_row *row);
__attribute__((warn_unused_result)) enum store_status store_commit(struct store *store);

/* Move a cursor up; kept in memory, written with the next commit. */
void store_set_sent(struct store *store, enum stream stream, int64_t id);
void store_set_delivered(struct store *store, enum stream stream, int64_t id);

/* The newest stored interval of a series, to go on from after a restart; false when there is none.
 */
bool store_last_interval(struct store *store, int32_t series, struct interval_row *ret_row);

/* One row of a stream, whatever its kind. */
struct store_row {
	enum { STORE_ROW_INTERVAL, STORE_ROW_EVENT, STORE_ROW_TREND } kind;
	union {
		struct interval_row interval;
		struct event_row event;
		struct trend_row trend;
	};
};

/* Rows with id > after, in order, at most `max`; *ret_count may be 0. */
__attribute__((warn_unused_result)) enum store_status store_read(struct store *store,
	enum stream stream, int64_t after, size_t max, struct store_row *ret_rows,
	size_t *ret_count);

/* Bytes the file and its journal take. */
int64_t store_bytes(const struct store *store);

#endif
