/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_open.c -- Opening the store: whose file it is, what to do with one that
 * is damaged, newer or another board's, and reading back where things stood.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/store_parts.h"

enum {
	CHECKED_BYTES_MAX =
		16 << 20, /* larger files are not read through at start: polling waits */
};

bool store_is_read_through(const struct store *store)
{
	struct stat found;

	return stat(store->path, &found) == 0 && found.st_size <= CHECKED_BYTES_MAX;
}

/* ---- Reading back ---- */

static enum store_status load_cursors(struct store *store)
{
	static const char *const newest[STREAM_COUNT] = {
		[STREAM_ENERGY] = "SELECT max(coalesce((SELECT max(id) FROM interval), 0),"
				  " coalesce((SELECT max(id) FROM event), 0))",
		[STREAM_TRENDS] = "SELECT coalesce(max(id), 0) FROM trend",
	};
	enum store_sqlite_step step;

	while ((step = store_sqlite_step(store->db, STATEMENT_ALL_STREAMS)) == STORE_SQLITE_ROW) {
		for (int i = 0; i < STREAM_COUNT; i++) {
			if (strcmp(store_sqlite_column_text(store->db, STATEMENT_ALL_STREAMS, 0),
				    stream_name((enum stream)i)) == 0) {
				store->cursors[i] = (struct store_cursor){
					.last = store_sqlite_column(
						store->db, STATEMENT_ALL_STREAMS, 1),
					.sent = store_sqlite_column(
						store->db, STATEMENT_ALL_STREAMS, 2),
					.delivered = store_sqlite_column(
						store->db, STATEMENT_ALL_STREAMS, 3),
				};
			}
		}
	}
	store_sqlite_reset(store->db, STATEMENT_ALL_STREAMS);
	for (int i = 0; i < STREAM_COUNT; i++) {
		int64_t last = store_sqlite_number(store->db, newest[i], 0);
		if (last > store->cursors[i].last) {
			store->cursors[i].last = last;
		}
		store->given[i] = store->cursors[i].last;
	}
	return step == STORE_SQLITE_DONE ? STORE_OK : store_sqlite_status(store->db);
}

static enum store_status check(struct store *store, struct store_opening *opening)
{
	char finding[128] = "ok";

	if (!store_is_read_through(store)) {
		return STORE_OK;
	}
	(void)store_sqlite_word(store->db, "PRAGMA quick_check(1)", finding, sizeof(finding));
	if (strcmp(finding, "ok") == 0) {
		return store_sqlite_status(store->db);
	}
	snprintf(opening->reason, sizeof(opening->reason), "%s", finding);
	return STORE_DAMAGED;
}

static enum store_status create(struct store *store, const struct store_settings *settings)
{
	enum store_status status = store_sqlite_exec(store->db, "BEGIN IMMEDIATE");

	if (status == STORE_OK) {
		status = store_format_create(store->db);
	}
	if (status == STORE_OK) {
		status = store_identity_create(store, settings);
	}
	return status == STORE_OK ? store_sqlite_exec(store->db, "COMMIT") : status;
}

/* In one transaction: without power in its midst, the file is still of the older version. */
static enum store_status upgrade(
	struct store *store, int64_t version, struct store_opening *opening)
{
	enum store_status status = store_sqlite_exec(store->db, "BEGIN IMMEDIATE");

	if (status == STORE_OK) {
		status = store_format_upgrade(store->db, version);
	}
	if (status == STORE_OK && opening->finding == STORE_FOUND) {
		opening->finding = STORE_UPGRADED;
	}
	return status == STORE_OK ? store_sqlite_exec(store->db, "COMMIT") : status;
}

enum store_status store_load(struct store *store, size_t statements)
{
	store_sqlite_take_statements(store->db, store_statements, statements);
	enum store_status status = load_cursors(store);
	if (status == STORE_OK) {
		status = store_series_load(store);
	}
	if (status == STORE_OK) {
		status = store_states_load(store);
	}
	if (status == STORE_OK) {
		status = store_coarse_load(store);
	}
	if (status == STORE_OK) {
		status = store_series_load_last(store);
	}
	store_sqlite_release(store->db); /* what is read at the start only */
	return status;
}

static enum store_status load(
	struct store *store, const struct store_settings *settings, struct store_opening *opening)
{
	int64_t version = store_sqlite_number(store->db, "PRAGMA user_version", -1);
	enum store_status status = check(store, opening);

	if (status == STORE_OK) {
		status = store_identity_load(store, settings, opening);
	}
	if (status == STORE_OK && version < STORE_FORMAT_VERSION) {
		status = upgrade(store, version, opening);
	}
	if (status == STORE_OK) {
		status = store_sqlite_keep_budget(store->db);
	}
	return status == STORE_OK ? store_load(store, STATEMENT_COUNT) : status;
}

/* ---- Opening ---- */

/* The journal may know a newer version than the header did. */
static enum store_status accept(
	struct store *store, const struct store_settings *settings, struct store_opening *opening)
{
	int64_t version = store_sqlite_number(store->db, "PRAGMA user_version", -1);
	bool is_empty =
		store_sqlite_number(store->db, "SELECT count(*) FROM sqlite_schema", -1) == 0;
	int64_t application = store_sqlite_number(store->db, "PRAGMA application_id", 0);

	if (store_sqlite_status(store->db) != STORE_OK) {
		return store_sqlite_status(store->db); /* not read is not damaged */
	}
	if (version > STORE_FORMAT_VERSION) {
		snprintf(opening->reason, sizeof(opening->reason),
			"format version %lld; this byport knows %d", (long long)version,
			STORE_FORMAT_VERSION);
		return STORE_NEWER;
	}
	if (!is_empty && (version < STORE_FORMAT_VERSION_MIN ||
				 (application != 0 && application != STORE_APPLICATION_ID))) {
		snprintf(opening->reason, sizeof(opening->reason), "another program's data base");
		return STORE_DAMAGED;
	}
	enum store_status status = store_sqlite_accept(store->db, settings->bytes_max);
	if (status == STORE_OK && is_empty) {
		opening->finding = STORE_CREATED;
		status = create(store, settings);
	}
	return status == STORE_OK ? load(store, settings, opening) : status;
}

static void forget(struct store *store)
{
	store->db = store_sqlite_close(store->db);
	store_states_free(store);
	store_coarse_free(store);
	store_series_free(store);
	store->series = NULL;
	store->series_count = 0;
	store->series_capacity = 0;
	store->rows_since_kept = 0;
}

static enum store_status open_file(
	struct store *store, const struct store_settings *settings, struct store_opening *opening)
{
	opening->finding = STORE_FOUND;
	opening->reason[0] = '\0';
	snprintf(opening->path, sizeof(opening->path), "%s", store->path);
	enum store_status status = store_file_look_at(store->path, opening);
	if (status != STORE_OK) {
		return status;
	}
	status = store_sqlite_open(
		store->path, &store->db, opening->reason, sizeof(opening->reason));
	if (status != STORE_OK) {
		return status;
	}
	status = accept(store, settings, opening);
	if (status != STORE_OK && opening->reason[0] == '\0') {
		snprintf(opening->reason, sizeof(opening->reason), "%s",
			store_sqlite_reason(store->db));
	}
	if (status != STORE_OK) {
		forget(store);
	}
	return status;
}

/* Damaged: aside with it, and once more. */
static enum store_status open_or_replace(
	struct store *store, const struct store_settings *settings, struct store_opening *opening)
{
	enum store_status status = open_file(store, settings, opening);

	if (status != STORE_DAMAGED) {
		return status;
	}
	char reason[sizeof(opening->reason)];
	memcpy(reason, opening->reason, sizeof(reason));
	store_set_aside(
		store->path, settings->now_wall_ms, opening->set_aside, sizeof(opening->set_aside));
	status = open_file(store, settings, opening);
	if (status == STORE_OK) {
		opening->finding = STORE_SET_ASIDE;
		memcpy(opening->reason, reason, sizeof(reason));
	}
	return status;
}

/* One program at a time: the directory is held locked until store_close(). */
static enum store_status take_directory(
	struct store *store, const struct store_settings *settings, struct store_opening *opening)
{
	if (!store_file_name(store, settings->directory, true)) {
		snprintf(opening->reason, sizeof(opening->reason),
			"the directory's name is too long");
		return STORE_FAILED;
	}
	if (mkdir(settings->directory, 0750) != 0 && errno != EEXIST) {
		snprintf(opening->reason, sizeof(opening->reason), "%s", strerror(errno));
		return STORE_FAILED;
	}
	store->directory = open(settings->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store->directory < 0) {
		snprintf(opening->reason, sizeof(opening->reason), "%s", strerror(errno));
		return STORE_FAILED;
	}
	if (flock(store->directory, LOCK_EX | LOCK_NB) != 0) {
		snprintf(opening->reason, sizeof(opening->reason),
			"another program holds the directory: is a byport running already?");
		return STORE_FAILED;
	}
	return STORE_OK;
}

struct store *store_make(int64_t now_wall_ms)
{
	static const struct row_queue empty[WAITING_KIND_COUNT] = {
		[WAITING_INTERVALS] = {.row_bytes = sizeof(struct interval_row),
				       .max = WAITING_INTERVALS_MAX},
		[WAITING_EVENTS] = {.row_bytes = sizeof(struct event_row),
				       .max = WAITING_EVENTS_MAX   },
		[WAITING_TRENDS] = {.row_bytes = sizeof(struct trend_row),
				       .max = WAITING_TRENDS_MAX   },
	};
	struct store *store = calloc(1, sizeof(*store));

	if (store) {
		store->directory = -1;
		store->now_wall_ms = now_wall_ms;
		memcpy(store->waiting, empty, sizeof(empty));
	}
	return store;
}

enum store_status store_open(const struct store_settings *settings, struct store **ret_store,
	struct store_opening *ret_opening)
{
	*ret_opening = (struct store_opening){.finding = STORE_FOUND};
	snprintf(ret_opening->path, sizeof(ret_opening->path), "%s", settings->directory);
	struct store *store = store_make(settings->now_wall_ms);
	if (!store) {
		snprintf(ret_opening->reason, sizeof(ret_opening->reason), "out of memory");
		return STORE_FAILED;
	}
	enum store_status status = take_directory(store, settings, ret_opening);
	if (status == STORE_OK) {
		store_file_name(store, settings->directory, false);
		status = open_or_replace(store, settings, ret_opening);
	}
	if (status == STORE_NEWER) {
		store_file_name(store, settings->directory, true);
		status = open_or_replace(store, settings, ret_opening);
		if (status == STORE_OK && ret_opening->finding != STORE_SET_ASIDE) {
			ret_opening->finding = STORE_BESIDE;
		}
	}
	if (status != STORE_OK) {
		store_close(store);
		return status;
	}
	*ret_store = store;
	return STORE_OK;
}
