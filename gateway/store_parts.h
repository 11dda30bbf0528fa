/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_parts.h -- What the store's files share: its state, and the steps
 * opening, committing and keeping the budget are made of. For store*.c.
 */
#ifndef GATEWAY_STORE_PARTS_H
#define GATEWAY_STORE_PARTS_H

#include "gateway/store_format.h"

enum {
	WAITING_INTERVALS_MAX = 4096, /* rows not committed yet; more than a site makes at once */
	WAITING_EVENTS_MAX = 256,
	WAITING_TRENDS_MAX = 8192,
	KEEP_LAST_ROWS = 20000, /* energy rows a start reads back at most, and twice that */
};

struct store_series {
	char *meter;
	enum quantity quantity; /* QUANTITY_COUNT: one this program does not know */
	int64_t last_id;        /* newest interval by time; 0: none */
	int64_t last_end_wall_ms;
	int64_t known_id; /* newest with readings */
	int64_t known_end_wall_ms;
};

/* Rows of one kind that wait for the next commit. */
struct row_queue {
	char *rows;
	size_t row_bytes;
	size_t count;
	size_t capacity;
	size_t max;
};

enum waiting_kind { WAITING_INTERVALS, WAITING_EVENTS, WAITING_TRENDS, WAITING_KIND_COUNT };

struct store {
	struct store_sqlite *db;
	char path[256];
	int directory;       /* held locked; -1: not open */
	int64_t now_wall_ms; /* when it was opened */
	struct store_identity identity;
	struct store_cursor cursors[STREAM_COUNT];
	int64_t given[STREAM_COUNT]; /* last id given, committed or not */
	bool cursors_changed;
	struct store_series *series; /* number is the place */
	size_t series_count;
	size_t series_capacity;
	size_t series_committed;
	struct row_queue waiting[WAITING_KIND_COUNT];
	int64_t rows_since_kept;
	struct store_loss loss;
	struct store_loss losing; /* by the commit on its way */
	bool is_refusing;         /* the last commit failed */
	bool is_damaged;          /* found while in use */
	char reason[160];         /* of the last failure */
};

/* store_series.c: names and numbers, and the last interval of each. */
enum store_status store_series_load(struct store *store);
enum store_status store_series_commit(struct store *store);
void store_series_note(struct store *store, const struct interval_row *row);
enum store_status store_series_keep_last(struct store *store);
void store_series_free(struct store *store);

/* store_room.c: inside a transaction, make room for `bytes` by giving up what may be. */
enum store_status store_make_room(struct store *store, int64_t bytes);

/* store_open.c */
void store_set_aside(const char *path, int64_t now_wall_ms, char *ret_path, size_t size);

#endif
