/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_room.c -- Keeping the budget: oldest trends go first (delivered ones
 * are the oldest), then delivered energy. Undelivered energy never goes.
 */
#include "gateway/store_parts.h"

enum {
	SLACK_BYTES = 64 * 1024, /* inner pages, half-filled pages, cursors */
	ROUNDS_MAX = 256,
	CHUNK_IDS_MIN = 1024,
	CHUNK_SHARE = 64, /* of all that is there, each round */
};

double store_days_held(int64_t bytes_max, const struct store_day *day)
{
	double bytes = day->intervals * INTERVAL_BYTES + day->events * EVENT_BYTES;

	return (double)(store_sqlite_bytes_usable(bytes_max) - SLACK_BYTES) / bytes;
}

static int64_t count_trends(struct store *store, int64_t after, int64_t through)
{
	store_sqlite_bind(store->db, STATEMENT_COUNT_TRENDS, 1, after);
	store_sqlite_bind(store->db, STATEMENT_COUNT_TRENDS, 2, through);
	int64_t count = store_sqlite_step(store->db, STATEMENT_COUNT_TRENDS) == STORE_SQLITE_ROW
				? store_sqlite_column(store->db, STATEMENT_COUNT_TRENDS, 0)
				: 0;
	store_sqlite_reset(store->db, STATEMENT_COUNT_TRENDS);
	return count;
}

static enum store_status drop_through(
	struct store *store, enum store_statement statement, int64_t through)
{
	store_sqlite_bind(store->db, statement, 1, through);
	return store_sqlite_run(store->db, statement);
}

/* Last id of the next portion to go; 0: nothing there. */
static int64_t portion(int64_t first, int64_t last)
{
	int64_t ids = (last - first) / CHUNK_SHARE;

	if (first == 0) {
		return 0;
	}
	return first + (ids > CHUNK_IDS_MIN ? ids : CHUNK_IDS_MIN) - 1;
}

/* STORE_FULL when there are none. The newest stays: the stream's last id can be read. */
static enum store_status drop_oldest_trends(struct store *store)
{
	const struct store_cursor *cursor = &store->cursors[STREAM_TRENDS];
	int64_t first = store_sqlite_number(store->db, "SELECT min(id) FROM trend", 0);
	int64_t through = portion(first, cursor->last);
	int64_t unsent_after = cursor->sent >= first ? cursor->sent : first - 1;

	if (through >= cursor->last) {
		through = cursor->last - 1;
	}
	if (through < first || first == 0) {
		return STORE_FULL;
	}
	if (through > unsent_after) {
		store->losing.trend_rows += count_trends(store, unsent_after, through);
		store->losing.trend_through = through;
	}
	return drop_through(store, STATEMENT_DROP_TRENDS, through);
}

static int64_t settled_through(const struct store *store)
{
	const struct store_cursor *cursor = &store->cursors[STREAM_ENERGY];

	switch (store->settled) {
	case STORE_SETTLED_AUTO:
		return cursor->delivered > 0 ? cursor->delivered : cursor->sent;
	case STORE_SETTLED_SENT:
		return cursor->sent;
	case STORE_SETTLED_DELIVERED:
		return cursor->delivered;
	}
	return 0;
}

/* STORE_FULL when all that is there is undelivered. */
static enum store_status drop_delivered_energy(struct store *store)
{
	const struct store_cursor *cursor = &store->cursors[STREAM_ENERGY];
	int64_t settled = settled_through(store);
	int64_t first = store_sqlite_number(store->db,
		"SELECT min(id) FROM (SELECT min(id) AS id FROM interval"
		" UNION ALL SELECT min(id) FROM event)",
		0);
	int64_t through = portion(first, cursor->last);

	if (through > settled) {
		through = settled;
	}
	if (through < first || first == 0) {
		return STORE_FULL;
	}
	enum store_status status = store_series_keep_last(store);
	if (status == STORE_OK) {
		status = drop_through(store, STATEMENT_DROP_INTERVALS, through);
	}
	if (status == STORE_OK) {
		status = drop_through(store, STATEMENT_DROP_EVENTS, through);
	}
	return status;
}

enum store_status store_make_room(struct store *store, int64_t bytes)
{
	enum store_status status = STORE_OK;

	for (int round = 0; round < ROUNDS_MAX && status == STORE_OK; round++) {
		if (store_sqlite_room(store->db) >= bytes + SLACK_BYTES) {
			return STORE_OK;
		}
		store->cursors_changed = true; /* the last ids must outlive the rows */
		status = drop_oldest_trends(store);
		if (status == STORE_FULL) {
			status = drop_delivered_energy(store);
		}
	}
	return status == STORE_OK ? STORE_FULL : status;
}
