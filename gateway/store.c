/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.c -- store.h: rows wait in queues, a commit writes them in one
 * transaction, reading gives back what was committed.
 */
#include "gateway/store.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/store_parts.h"

static const char *const status_texts[STORE_STATUS_COUNT] = {
	[STORE_OK] = "ok",
	[STORE_FULL] = "full",
	[STORE_DAMAGED] = "damaged",
	[STORE_NEWER] = "written by a newer byport",
	[STORE_FAILED] = "failed",
};

const char *store_status_text(enum store_status status)
{
	return status < STORE_STATUS_COUNT ? status_texts[status] : "?";
}

/* ---- Waiting rows ---- */

/* Room for one more row; NULL when memory runs out or the limit is reached. */
static void *queue_place(struct row_queue *queue)
{
	if (queue->count == queue->max) {
		return NULL;
	}
	if (queue->count == queue->capacity) {
		size_t capacity = queue->capacity ? 2 * queue->capacity : 64;
		char *grown = realloc(queue->rows, capacity * queue->row_bytes);
		if (!grown) {
			return NULL;
		}
		queue->rows = grown;
		queue->capacity = capacity;
	}
	return queue->rows + queue->count * queue->row_bytes;
}

/* ---- Committing ---- */

static const struct interval_row *waiting_intervals(const struct store *store)
{
	return (const void *)store->waiting[WAITING_INTERVALS].rows;
}

static enum store_status write_energy(struct store *store)
{
	const struct interval_row *intervals = waiting_intervals(store);
	const struct event_row *events = (const void *)store->waiting[WAITING_EVENTS].rows;
	enum store_status status = STORE_OK;

	for (size_t i = 0; status == STORE_OK && i < store->waiting[WAITING_INTERVALS].count; i++) {
		status = store_format_add_interval(store->db, &intervals[i]);
		if (status == STORE_OK) {
			status = store_coarse_take_late(store, &intervals[i]);
		}
	}
	for (size_t i = 0; status == STORE_OK && i < store->waiting[WAITING_EVENTS].count; i++) {
		status = store_format_add_event(store->db, &events[i]);
	}
	return status;
}

static enum store_status write_trends(struct store *store)
{
	const struct trend_row *trends = (const void *)store->waiting[WAITING_TRENDS].rows;
	enum store_status status = STORE_OK;

	for (size_t i = 0; status == STORE_OK && i < store->waiting[WAITING_TRENDS].count; i++) {
		status = store_format_add_trend(store->db, &trends[i]);
	}
	return status;
}

static enum store_status write_cursors(struct store *store, bool with_trends)
{
	const int64_t last[STREAM_COUNT] = {
		[STREAM_ENERGY] = store->given[STREAM_ENERGY],
		[STREAM_TRENDS] = with_trends ? store->given[STREAM_TRENDS]
					      : store->cursors[STREAM_TRENDS].last,
	};
	enum store_status status = STORE_OK;

	for (int i = 0; status == STORE_OK && i < STREAM_COUNT; i++) {
		const struct store_cursor *cursor = &store->cursors[i];
		store_sqlite_bind_text(
			store->db, STATEMENT_SET_STREAM, 1, stream_name((enum stream)i));
		store_sqlite_bind(store->db, STATEMENT_SET_STREAM, 2, last[i]);
		store_sqlite_bind(store->db, STATEMENT_SET_STREAM, 3, cursor->sent);
		store_sqlite_bind(store->db, STATEMENT_SET_STREAM, 4, cursor->delivered);
		status = store_sqlite_run(store->db, STATEMENT_SET_STREAM);
	}
	return status;
}

static int64_t waiting_bytes(const struct store *store, bool with_trends)
{
	size_t bytes = store->waiting[WAITING_INTERVALS].count * INTERVAL_BYTES +
		       store->waiting[WAITING_EVENTS].count * EVENT_BYTES;

	if (with_trends) {
		bytes += store->waiting[WAITING_TRENDS].count * TREND_BYTES;
	}
	return (int64_t)bytes + store_states_bytes(store);
}

static bool is_keeping_due(const struct store *store)
{
	return store->rows_since_kept >= KEEP_LAST_ROWS;
}

static enum store_status write_all(struct store *store, bool with_trends)
{
	enum store_status status = store_make_room(store, waiting_bytes(store, with_trends));

	if (status == STORE_OK) {
		status = store_series_commit(store);
	}
	if (status == STORE_OK) {
		status = write_energy(store);
	}
	if (status == STORE_OK && with_trends) {
		status = write_trends(store);
	}
	if (status == STORE_OK && store->states.changed) {
		status = store_states_commit(store);
	}
	if (status == STORE_OK && store->cursors_changed) {
		status = write_cursors(store, with_trends);
	}
	if (status == STORE_OK && is_keeping_due(store)) {
		status = store_series_keep_last(store);
	}
	return status;
}

/* One transaction, all or nothing. */
static enum store_status try_commit(struct store *store, bool with_trends)
{
	enum store_status status = store_sqlite_begin(store->db);

	store->losing = (struct store_loss){0};
	store_coarse_begin(store);
	if (status != STORE_OK) {
		return store_note_failure(store, status);
	}
	status = write_all(store, with_trends);
	if (status == STORE_OK) {
		status = store_sqlite_exec(store->db, "COMMIT");
	}
	if (status != STORE_OK) {
		snprintf(store->reason, sizeof(store->reason), "%s",
			status == store_sqlite_status(store->db) ? store_sqlite_reason(store->db)
								 : "the budget is used up");
		/* SQLite may have rolled back already; then this says so, and that is fine. */
		(void)store_sqlite_exec(store->db, "ROLLBACK");
	}
	return status;
}

static void note_committed(struct store *store, bool with_trends)
{
	const struct interval_row *intervals = waiting_intervals(store);
	size_t count = store->waiting[WAITING_INTERVALS].count;

	store->rows_since_kept = is_keeping_due(store) ? 0 : store->rows_since_kept;
	store->rows_since_kept += (int64_t)count;
	store_coarse_note_committed(store);
	for (size_t i = 0; i < count; i++) {
		store_series_note(store, &intervals[i]);
		store_coarse_note(store, &intervals[i]);
	}
	store->waiting[WAITING_INTERVALS].count = 0;
	store->waiting[WAITING_INTERVALS].max = WAITING_INTERVALS_MAX;
	store->waiting[WAITING_EVENTS].count = 0;
	store->cursors[STREAM_ENERGY].last = store->given[STREAM_ENERGY];
	if (with_trends) {
		store->waiting[WAITING_TRENDS].count = 0;
		store->cursors[STREAM_TRENDS].last = store->given[STREAM_TRENDS];
	}
	store->series_committed = store->series_count;
	store_states_note_committed(store);
	store->cursors_changed = false;
	store->loss.trend_rows += store->losing.trend_rows;
	if (store->losing.trend_through > 0) {
		store->loss.trend_through = store->losing.trend_through;
	}
}

static bool has_anything_to_write(const struct store *store)
{
	bool has_rows = false;

	for (int i = 0; i < WAITING_KIND_COUNT; i++) {
		has_rows = has_rows || store->waiting[i].count > 0;
	}
	return has_rows || store->cursors_changed || store->states.changed ||
	       store->series_committed < store->series_count;
}

/* The disk is full, or the budget: fold the journal in, so that it begins anew, and keep at least
 * the energy. */
static void commit_energy_alone(struct store *store)
{
	(void)store_sqlite_exec(store->db, "PRAGMA wal_checkpoint(RESTART)");
	if (store->waiting[WAITING_TRENDS].count > 0 && try_commit(store, false) == STORE_OK) {
		note_committed(store, false);
	}
}

static enum store_status commit(struct store *store)
{
	if (!has_anything_to_write(store)) {
		return STORE_OK;
	}
	enum store_status status = try_commit(store, true);
	if (status == STORE_OK) {
		note_committed(store, true);
	} else if (status == STORE_FULL) {
		commit_energy_alone(store);
	}
	store->is_refusing = status != STORE_OK;
	store->is_damaged = store->is_damaged || status == STORE_DAMAGED;
	return status;
}

enum store_status store_commit(struct store *store)
{
	assert(!store->is_looking);
	return commit(store);
}

/* ---- Appending ---- */

static enum store_status append(
	struct store *store, enum waiting_kind kind, const void *row, enum stream stream)
{
	struct row_queue *queue = &store->waiting[kind];

	assert(!store->is_looking);
	/* One failed commit is enough; the next comes when the owner asks for it. */
	if (queue->count == queue->max && !store->is_refusing) {
		commit(store);
	}
	if (queue->count == queue->max) {
		return STORE_FULL;
	}
	void *place = queue_place(queue);
	if (!place) {
		return STORE_FAILED;
	}
	memcpy(place, row, queue->row_bytes);
	queue->count++;
	store->given[stream]++;
	return STORE_OK;
}

bool store_reserve(struct store *store, size_t intervals)
{
	struct row_queue *queue = &store->waiting[WAITING_INTERVALS];
	size_t needed = queue->count + intervals;

	if (needed > queue->capacity) {
		char *grown = realloc(queue->rows, needed * queue->row_bytes);
		if (!grown) {
			return false;
		}
		queue->rows = grown;
		queue->capacity = needed;
	}
	if (needed > queue->max) {
		queue->max = needed;
	}
	return true;
}

/* A commit inside append() gives no ids, so the next one is known before it. */
enum store_status store_append_interval(struct store *store, struct interval_row *row)
{
	row->id = store->given[STREAM_ENERGY] + 1;
	return append(store, WAITING_INTERVALS, row, STREAM_ENERGY);
}

enum store_status store_append_event(struct store *store, struct event_row *row)
{
	row->id = store->given[STREAM_ENERGY] + 1;
	return append(store, WAITING_EVENTS, row, STREAM_ENERGY);
}

enum store_status store_append_trend(struct store *store, struct trend_row *row)
{
	row->id = store->given[STREAM_TRENDS] + 1;
	return append(store, WAITING_TRENDS, row, STREAM_TRENDS);
}

/* ---- Reading ---- */

enum store_status store_note_failure(struct store *store, enum store_status status)
{
	if (status != STORE_OK) {
		snprintf(
			store->reason, sizeof(store->reason), "%s", store_sqlite_reason(store->db));
		store->is_damaged = store->is_damaged || status == STORE_DAMAGED;
	}
	return status;
}

/* One of two statements of the energy stream, stepped to its next row. */
struct reader {
	unsigned statement;
	enum store_sqlite_step step;
};

static struct reader begin_reading(
	struct store *store, enum store_statement statement, int64_t after)
{
	store_sqlite_bind(store->db, statement, 1, after);
	return (struct reader){statement, store_sqlite_step(store->db, statement)};
}

static int64_t next_id(struct store *store, const struct reader *reader)
{
	return reader->step == STORE_SQLITE_ROW
		       ? store_sqlite_column(store->db, reader->statement, 0)
		       : INT64_MAX;
}

static enum store_status read_energy(struct store *store, int64_t after, size_t max,
	struct store_row *ret_rows, size_t *ret_count)
{
	struct reader intervals = begin_reading(store, STATEMENT_INTERVALS_AFTER, after);
	struct reader events = begin_reading(store, STATEMENT_EVENTS_AFTER, after);
	size_t count = 0;

	while (count < max &&
		(intervals.step == STORE_SQLITE_ROW || events.step == STORE_SQLITE_ROW)) {
		struct store_row *row = &ret_rows[count++];
		struct reader *next = &intervals;
		if (next_id(store, &events) < next_id(store, &intervals)) {
			next = &events;
			row->kind = STORE_ROW_EVENT;
			row->event = store_format_event(store->db, STATEMENT_EVENTS_AFTER);
		} else {
			row->kind = STORE_ROW_INTERVAL;
			row->interval = store_format_interval(store->db, STATEMENT_INTERVALS_AFTER);
		}
		next->step = store_sqlite_step(store->db, next->statement);
	}
	store_sqlite_reset(store->db, STATEMENT_INTERVALS_AFTER);
	store_sqlite_reset(store->db, STATEMENT_EVENTS_AFTER);
	if (intervals.step == STORE_SQLITE_FAILED || events.step == STORE_SQLITE_FAILED) {
		return store_sqlite_status(store->db);
	}
	*ret_count = count;
	return STORE_OK;
}

static enum store_status read_trends(struct store *store, int64_t after, size_t max,
	struct store_row *ret_rows, size_t *ret_count)
{
	struct reader trends = begin_reading(store, STATEMENT_TRENDS_AFTER, after);
	size_t count = 0;

	while (count < max && trends.step == STORE_SQLITE_ROW) {
		ret_rows[count].kind = STORE_ROW_TREND;
		ret_rows[count++].trend = store_format_trend(store->db, STATEMENT_TRENDS_AFTER);
		trends.step = store_sqlite_step(store->db, trends.statement);
	}
	store_sqlite_reset(store->db, STATEMENT_TRENDS_AFTER);
	if (trends.step == STORE_SQLITE_FAILED) {
		return store_sqlite_status(store->db);
	}
	*ret_count = count;
	return STORE_OK;
}

enum store_status store_read(struct store *store, enum stream stream, int64_t after, size_t max,
	struct store_row *ret_rows, size_t *ret_count)
{
	enum store_status status = stream == STREAM_ENERGY
					   ? read_energy(store, after, max, ret_rows, ret_count)
					   : read_trends(store, after, max, ret_rows, ret_count);

	return store_note_failure(store, status);
}

/* ---- The rest ---- */

struct store *store_close(struct store *store)
{
	char set_aside[sizeof(store->path) + 64];

	if (!store) {
		return NULL;
	}
	if (store->db && !store->is_looking) {
		store->rows_since_kept = KEEP_LAST_ROWS;
		store->cursors_changed = true;
		commit(store);
	}
	store_sqlite_close(store->db);
	if (store->is_damaged && !store->is_looking) {
		store_set_aside(store->path, store->now_wall_ms, set_aside, sizeof(set_aside));
	}
	for (int i = 0; i < WAITING_KIND_COUNT; i++) {
		free(store->waiting[i].rows);
	}
	store_states_free(store);
	store_coarse_free(store);
	store_series_free(store);
	if (store->directory >= 0) {
		close(store->directory);
	}
	free(store);
	return NULL;
}

struct store_cursor store_cursor(const struct store *store, enum stream stream)
{
	return store->cursors[stream];
}

void store_set_sent(struct store *store, enum stream stream, int64_t id)
{
	assert(id >= store->cursors[stream].sent && id <= store->cursors[stream].last);
	store->cursors[stream].sent = id;
	store->cursors_changed = true;
}

void store_set_delivered(struct store *store, enum stream stream, int64_t id)
{
	assert(id <= store->cursors[stream].last);
	store->cursors[stream].delivered = id;
	store->cursors_changed = true;
}

void store_set_settled(struct store *store, enum store_settled settled)
{
	store->settled = settled;
}

const char *store_reason(const struct store *store)
{
	return store->reason;
}

struct store_loss store_loss(const struct store *store)
{
	return store->loss;
}

int64_t store_bytes(const struct store *store)
{
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	int64_t bytes = 0;

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		char path[sizeof(store->path) + 8];
		struct stat found;
		snprintf(path, sizeof(path), "%s%s", store->path, suffixes[i]);
		if (stat(path, &found) == 0) {
			bytes += (int64_t)found.st_blocks * 512;
		}
	}
	return bytes;
}
