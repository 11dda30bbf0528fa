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
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "gateway/store_parts.h"

static const char machine_id_file[] = "/etc/machine-id";

enum {
	CHECKED_BYTES_MAX =
		16 << 20, /* larger files are not read through at start: polling waits */
	MACHINE_ID_MAX = 64,
	MS_PER_S = 1000,
};

/* ---- Identity ---- */

static void make_uuid(char text[static 37])
{
	unsigned char bytes[16];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
		struct timespec now;
		clock_gettime(CLOCK_REALTIME, &now);
		memcpy(bytes, &now, sizeof(bytes));
	}
	bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40); /* RFC 9562: version 4 */
	bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
	char *at = text;
	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10) {
			*at++ = '-';
		}
		at += snprintf(at, 3, "%02x", (unsigned)bytes[i]);
	}
}

/* "" when there is none. */
static void read_machine_id(const struct store_settings *settings, char id[static MACHINE_ID_MAX])
{
	id[0] = '\0';
	if (settings->machine_id) {
		snprintf(id, MACHINE_ID_MAX, "%s", settings->machine_id);
		return;
	}
	FILE *file = fopen(machine_id_file, "re");
	if (file && fgets(id, MACHINE_ID_MAX, file)) {
		id[strcspn(id, "\r\n")] = '\0';
	}
	if (file) {
		fclose(file);
	}
}

/* A quote in a machine-id would be somebody's joke; it must not become SQL. */
static void write_identity_sql(
	char *sql, size_t size, const struct store_identity *identity, const char *machine_id)
{
	char clean[MACHINE_ID_MAX];
	size_t length = strspn(machine_id, "0123456789abcdefABCDEF-");

	snprintf(clean, sizeof(clean), "%.*s", (int)length, machine_id);
	snprintf(sql, size, "DELETE FROM identity; INSERT INTO identity VALUES('%s', %lld, '%s')",
		identity->id, (long long)identity->generation, clean);
}

static enum store_status new_identity(
	struct store *store, const struct store_settings *settings, const char *machine_id)
{
	char sql[256];
	int64_t now_s = settings->now_wall_ms / MS_PER_S;
	int64_t above = store->identity.generation + 1;

	make_uuid(store->identity.id);
	store->identity.generation = now_s > above ? now_s : above;
	write_identity_sql(sql, sizeof(sql), &store->identity, machine_id);
	return store_sqlite_exec(store->db, sql);
}

/* Small enough to be read through at every start. */
static bool is_read_through(const struct store *store)
{
	struct stat found;

	return stat(store->path, &found) == 0 && found.st_size <= CHECKED_BYTES_MAX;
}

/* Ids are given without a hole, and the oldest rows go first, delivered ones only: what is lacking
 * in between, or at the end, was said to be on the card and was not. */
static bool has_hole(struct store *store)
{
	static const char holes_sql[] =
		"SELECT count(*) <> max(id) - min(id) + 1 OR coalesce(max(id), 0) <"
		" (SELECT last FROM stream WHERE name = 'energy'"
		" AND last > CASE delivered WHEN 0 THEN sent ELSE delivered END)"
		" FROM (SELECT id FROM interval UNION ALL SELECT id FROM event)";

	return is_read_through(store) && store_sqlite_number(store->db, holes_sql, 0) != 0;
}

static enum store_status load_identity(
	struct store *store, const struct store_settings *settings, struct store_opening *opening)
{
	char machine_id[MACHINE_ID_MAX];
	char stored[MACHINE_ID_MAX] = "";

	read_machine_id(settings, machine_id);
	store->identity.generation =
		store_sqlite_number(store->db, "SELECT generation FROM identity", -1);
	if (store->identity.generation < 0 ||
		!store_sqlite_word(store->db, "SELECT id FROM identity", store->identity.id,
			sizeof(store->identity.id))) {
		if (store_sqlite_status(store->db) != STORE_OK) {
			return store_sqlite_status(store->db);
		}
		snprintf(opening->reason, sizeof(opening->reason), "no identity");
		return STORE_DAMAGED;
	}
	(void)store_sqlite_word(
		store->db, "SELECT machine_id FROM identity", stored, sizeof(stored));
	if (machine_id[0] != '\0' && strcmp(machine_id, stored) != 0) {
		opening->finding = STORE_MOVED;
	} else if (has_hole(store)) {
		opening->finding = STORE_HOLED;
	} else {
		return STORE_OK;
	}
	return new_identity(store, settings, machine_id[0] != '\0' ? machine_id : stored);
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

	if (!is_read_through(store)) {
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
	char machine_id[MACHINE_ID_MAX];

	read_machine_id(settings, machine_id);
	enum store_status status = store_sqlite_exec(store->db, "BEGIN IMMEDIATE");
	if (status == STORE_OK) {
		status = store_format_create(store->db);
	}
	if (status == STORE_OK) {
		status = new_identity(store, settings, machine_id);
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
		status = load_identity(store, settings, opening);
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
