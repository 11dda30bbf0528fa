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

static const char file_name[] = "store.db";
static const char beside_name[] = "store-1.db"; /* 1: the format's version */
static const char machine_id_file[] = "/etc/machine-id";

enum {
	CHECKED_BYTES_MAX =
		16 << 20, /* larger files are not read through at start: polling waits */
	MACHINE_ID_MAX = 64,
	MS_PER_S = 1000,
};

/* ---- Looking at a file before SQLite touches it ---- */

static uint32_t big_endian(const unsigned char bytes[static 4])
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
}

static enum store_status judge_header(
	const unsigned char *header, size_t length, struct store_opening *opening)
{
	static const char magic[16] = "SQLite format 3"; /* with its NUL */

	if (length == 0) {
		return STORE_OK;
	}
	if (length < STORE_HEADER_BYTES || memcmp(header, magic, sizeof(magic)) != 0) {
		snprintf(opening->reason, sizeof(opening->reason), "not a data base");
		return STORE_DAMAGED;
	}
	if (big_endian(header + STORE_HEADER_APPLICATION_ID_AT) != STORE_APPLICATION_ID &&
		big_endian(header + STORE_HEADER_APPLICATION_ID_AT) != 0) {
		snprintf(opening->reason, sizeof(opening->reason), "another program's data base");
		return STORE_DAMAGED;
	}
	if (big_endian(header + STORE_HEADER_VERSION_AT) > STORE_FORMAT_VERSION) {
		snprintf(opening->reason, sizeof(opening->reason),
			"format version %u; this byport knows %d",
			(unsigned)big_endian(header + STORE_HEADER_VERSION_AT),
			STORE_FORMAT_VERSION);
		return STORE_NEWER;
	}
	return STORE_OK;
}

/* STORE_OK too when there is no file yet. */
static enum store_status look_at(const char *path, struct store_opening *opening)
{
	unsigned char header[STORE_HEADER_BYTES];
	struct stat found;
	int file = open(path, O_RDONLY | O_CLOEXEC);

	if (file < 0 && errno == ENOENT) {
		return STORE_OK;
	}
	if (file < 0 || fstat(file, &found) != 0) {
		snprintf(opening->reason, sizeof(opening->reason), "%s", strerror(errno));
		goto fail;
	}
	if (!S_ISREG(found.st_mode)) {
		snprintf(opening->reason, sizeof(opening->reason), "not a file%s",
			S_ISDIR(found.st_mode) ? " but a directory" : "");
		goto fail;
	}
	ssize_t length = read(file, header, sizeof(header));
	if (length < 0) {
		snprintf(opening->reason, sizeof(opening->reason), "%s", strerror(errno));
		goto fail;
	}
	close(file);
	return judge_header(header, (size_t)length, opening);

fail:
	if (file >= 0) {
		close(file);
	}
	return STORE_FAILED;
}

/* ---- Setting aside ---- */

static void rename_with(const char *path, const char *aside, const char *suffix)
{
	char from[320];
	char to[320];

	snprintf(from, sizeof(from), "%s%s", path, suffix);
	snprintf(to, sizeof(to), "%s%s", aside, suffix);
	/* A journal that is not there is no loss; the file itself is looked at again by the caller.
	 */
	(void)rename(from, to);
}

void store_set_aside(const char *path, int64_t now_wall_ms, char *ret_path, size_t size)
{
	time_t now_s = (time_t)(now_wall_ms / MS_PER_S);
	struct tm utc;
	char stamp[32] = "";
	int taken = 0;

	if (gmtime_r(&now_s, &utc)) {
		strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &utc);
	}
	do {
		snprintf(ret_path, size, "%s.damaged-%s-%d", path, stamp, ++taken);
	} while (access(ret_path, F_OK) == 0 && taken < INT16_MAX);
	rename_with(path, ret_path, "");
	rename_with(path, ret_path, "-wal");
	rename_with(path, ret_path, "-shm");
}

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
		snprintf(opening->reason, sizeof(opening->reason), "no identity");
		return STORE_DAMAGED;
	}
	(void)store_sqlite_word(
		store->db, "SELECT machine_id FROM identity", stored, sizeof(stored));
	if (machine_id[0] == '\0' || strcmp(machine_id, stored) == 0) {
		return STORE_OK;
	}
	opening->finding = STORE_MOVED;
	return new_identity(store, settings, machine_id);
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
	struct stat found;

	if (stat(store->path, &found) != 0 || found.st_size > CHECKED_BYTES_MAX) {
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

static enum store_status load(
	struct store *store, const struct store_settings *settings, struct store_opening *opening)
{
	enum store_status status = check(store, opening);

	if (status == STORE_OK) {
		status = load_identity(store, settings, opening);
	}
	if (status == STORE_OK) {
		status = store_sqlite_prepare(store->db, store_statements, STATEMENT_COUNT);
	}
	if (status == STORE_OK) {
		status = load_cursors(store);
	}
	return status == STORE_OK ? store_series_load(store) : status;
}

/* ---- Opening ---- */

/* The journal may know a newer version than the header did. */
static enum store_status accept(
	struct store *store, const struct store_settings *settings, struct store_opening *opening)
{
	int64_t version = store_sqlite_number(store->db, "PRAGMA user_version", -1);
	bool is_empty =
		store_sqlite_number(store->db, "SELECT count(*) FROM sqlite_schema", -1) == 0;

	if (version > STORE_FORMAT_VERSION) {
		snprintf(opening->reason, sizeof(opening->reason),
			"format version %lld; this byport knows %d", (long long)version,
			STORE_FORMAT_VERSION);
		return STORE_NEWER;
	}
	if (version != STORE_FORMAT_VERSION && !is_empty) {
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
	enum store_status status = look_at(store->path, opening);
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
	if (strlen(settings->directory) + sizeof(beside_name) + 1 > sizeof(store->path)) {
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

static struct store *make(const struct store_settings *settings)
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
		store->now_wall_ms = settings->now_wall_ms;
		memcpy(store->waiting, empty, sizeof(empty));
	}
	return store;
}

enum store_status store_open(const struct store_settings *settings, struct store **ret_store,
	struct store_opening *ret_opening)
{
	*ret_opening = (struct store_opening){.finding = STORE_FOUND};
	snprintf(ret_opening->path, sizeof(ret_opening->path), "%s", settings->directory);
	struct store *store = make(settings);
	if (!store) {
		snprintf(ret_opening->reason, sizeof(ret_opening->reason), "out of memory");
		return STORE_FAILED;
	}
	enum store_status status = take_directory(store, settings, ret_opening);
	if (status == STORE_OK) {
		snprintf(store->path, sizeof(store->path), "%s/%s", settings->directory, file_name);
		status = open_or_replace(store, settings, ret_opening);
	}
	if (status == STORE_NEWER) {
		snprintf(store->path, sizeof(store->path), "%s/%s", settings->directory,
			beside_name);
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
