/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_store.c -- The store keeps what it was given, in order, once: through
 * closing, killing, damage, a full budget, other boards and newer versions.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/store.h"

enum { QUARTER_MS = 900000, MINUTE_MS = 60000, BUDGET = 64 << 20 };

static const int64_t T0 = 1767225600000; /* 2026-01-01T00:00:00Z */

struct fixture {
	char directory[96];
	struct store *store;
	struct store_opening opening;
};

static enum store_status open_as(struct fixture *fixture, const char *machine_id, int64_t bytes_max)
{
	const struct store_settings settings = {
		.directory = fixture->directory,
		.bytes_max = bytes_max,
		.now_wall_ms = T0,
		.machine_id = machine_id,
	};

	return store_open(&settings, &fixture->store, &fixture->opening);
}

static void open_store(struct fixture *fixture)
{
	assert_int_equal(open_as(fixture, "0123abcd", BUDGET), STORE_OK);
}

static void close_store(struct fixture *fixture)
{
	fixture->store = store_close(fixture->store);
	assert_null(fixture->store);
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	snprintf(fixture->directory, sizeof(fixture->directory), "/tmp/byport-store-XXXXXX");
	*state = fixture;
	return mkdtemp(fixture->directory) ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	char command[128];

	store_close(fixture->store);
	snprintf(command, sizeof(command), "rm -rf '%s'", fixture->directory);
	int failed = system(command);
	free(fixture);
	return failed;
}

static void path_of(const struct fixture *fixture, const char *name, char path[static 160])
{
	snprintf(path, 160, "%s/%s", fixture->directory, name);
}

static void write_file(const struct fixture *fixture, const char *name, const char *text)
{
	char path[160];

	path_of(fixture, name, path);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static struct interval_row quarter(int32_t series, int number)
{
	return (struct interval_row){
		.start_wall_ms = T0 + (int64_t)number * QUARTER_MS,
		.end_wall_ms = T0 + (int64_t)(number + 1) * QUARTER_MS,
		.energy = 1000 + number,
		.reading_start = 5000000000 + number * INT64_C(10000),
		.reading_end = 5000001000 + number * INT64_C(10001),
		.series = series,
		.clock = CLOCK_STATE_SYNCHRONISED,
		.has_readings = true,
	};
}

static void append_quarters(struct fixture *fixture, int32_t series, int from, int to)
{
	for (int i = from; i < to; i++) {
		struct interval_row row = quarter(series, i);
		assert_int_equal(store_append_interval(fixture->store, &row), STORE_OK);
	}
}

static void append_trends(struct fixture *fixture, int32_t series, int from, int to)
{
	for (int i = from; i < to; i++) {
		struct trend_row row = {
			.start_wall_ms = T0 + (int64_t)i * MINUTE_MS,
			.end_wall_ms = T0 + (int64_t)(i + 1) * MINUTE_MS,
			.mean = 1234567 + i,
			.min = -7,
			.max = 7654321,
			.series = series,
			.count = 6,
		};
		assert_int_equal(store_append_trend(fixture->store, &row), STORE_OK);
	}
}

static int32_t series_of(struct fixture *fixture, const char *meter)
{
	int32_t series = store_series(fixture->store, meter, QUANTITY_ACTIVE_ENERGY_IMPORT, NULL);

	assert_true(series >= 0);
	return series;
}

static size_t read_all(
	struct fixture *fixture, enum stream stream, struct store_row *rows, size_t max)
{
	size_t count = 0;

	assert_int_equal(store_read(fixture->store, stream, 0, max, rows, &count), STORE_OK);
	return count;
}

static void rows_come_back_as_they_went_in(void **state)
{
	struct fixture *fixture = *state;
	struct store_row rows[8];
	struct interval_row interval;
	struct event_row event = {
		.at_wall_ms = T0 + 5,
		.amount = -17,
		.has_amount = true,
		.kind = EVENT_ENERGY_WITHHELD,
		.quantity = QUANTITY_HEAT_ENERGY,
		.meter = "heat",
		.text = "it's \"odd\"; ∆ 5 kWh",
	};

	open_store(fixture);
	int32_t series = series_of(fixture, "main");
	interval = quarter(series, 0);
	interval.reading_end = interval.reading_start + interval.energy;
	interval.revision = 3;
	interval.flags = 0x80000000;
	interval.quality = QUALITY_ESTIMATED;
	interval.method = METHOD_EVEN;
	assert_int_equal(store_append_interval(fixture->store, &interval), STORE_OK);
	assert_int_equal(store_append_event(fixture->store, &event), STORE_OK);
	struct interval_row missing = {
		.start_wall_ms = T0, .end_wall_ms = T0 + 1, .quality = QUALITY_MISSING};
	assert_int_equal(store_append_interval(fixture->store, &missing), STORE_OK);
	assert_int_equal(interval.id, 1);
	assert_int_equal(event.id, 2);
	assert_int_equal(missing.id, 3);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	close_store(fixture);

	open_store(fixture);
	assert_int_equal(fixture->opening.finding, STORE_FOUND);
	assert_int_equal(read_all(fixture, STREAM_ENERGY, rows, 8), 3);
	assert_int_equal(rows[0].kind, STORE_ROW_INTERVAL);
	assert_memory_equal(&rows[0].interval, &interval, sizeof(interval));
	assert_int_equal(rows[1].kind, STORE_ROW_EVENT);
	assert_int_equal(rows[1].event.id, 2);
	assert_int_equal(rows[1].event.kind, EVENT_ENERGY_WITHHELD);
	assert_int_equal(rows[1].event.amount, -17);
	assert_true(rows[1].event.has_amount);
	assert_int_equal(rows[1].event.quantity, QUANTITY_HEAT_ENERGY);
	assert_string_equal(rows[1].event.meter, "heat");
	assert_string_equal(rows[1].event.text, event.text);
	assert_int_equal(rows[2].interval.quality, QUALITY_MISSING);
	assert_false(rows[2].interval.has_readings);
}

static void a_rejected_interval_keeps_its_readings(void **state)
{
	struct fixture *fixture = *state;
	struct store_row rows[2];

	open_store(fixture);
	struct interval_row row = quarter(series_of(fixture, "main"), 0);
	row.quality = QUALITY_REJECTED;
	row.reading_end = 12;
	assert_int_equal(store_append_interval(fixture->store, &row), STORE_OK);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	assert_int_equal(read_all(fixture, STREAM_ENERGY, rows, 2), 1);
	assert_int_equal(rows[0].interval.reading_start, row.reading_start);
	assert_int_equal(rows[0].interval.reading_end, 12);
}

static void what_was_not_committed_is_not_read_and_not_kept(void **state)
{
	struct fixture *fixture = *state;
	struct store_row rows[4];

	open_store(fixture);
	append_quarters(fixture, series_of(fixture, "main"), 0, 2);
	assert_int_equal(read_all(fixture, STREAM_ENERGY, rows, 4), 0);
	assert_int_equal(store_cursor(fixture->store, STREAM_ENERGY).last, 0);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	assert_int_equal(store_cursor(fixture->store, STREAM_ENERGY).last, 2);
	assert_int_equal(read_all(fixture, STREAM_ENERGY, rows, 4), 2);
}

static void ids_and_cursors_go_on_after_a_restart(void **state)
{
	struct fixture *fixture = *state;

	open_store(fixture);
	int32_t series = series_of(fixture, "main");
	append_quarters(fixture, series, 0, 5);
	append_trends(fixture, series, 0, 7);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	store_set_sent(fixture->store, STREAM_ENERGY, 3);
	store_set_delivered(fixture->store, STREAM_ENERGY, 2);
	store_set_sent(fixture->store, STREAM_TRENDS, 7);
	struct store_identity before = store_identity(fixture->store);
	close_store(fixture);

	open_store(fixture);
	struct store_cursor energy = store_cursor(fixture->store, STREAM_ENERGY);
	assert_int_equal(energy.last, 5);
	assert_int_equal(energy.sent, 3);
	assert_int_equal(energy.delivered, 2);
	assert_int_equal(store_cursor(fixture->store, STREAM_TRENDS).sent, 7);
	struct store_identity after = store_identity(fixture->store);
	assert_string_equal(after.id, before.id);
	assert_int_equal(after.generation, before.generation);
	bool is_new = true;
	assert_int_equal(
		store_series(fixture->store, "main", QUANTITY_ACTIVE_ENERGY_IMPORT, &is_new),
		series);
	assert_false(is_new);
	assert_int_equal(store_series(fixture->store, "main", QUANTITY_HEAT_ENERGY, &is_new), 1);
	assert_true(is_new);
	append_quarters(fixture, series, 5, 6);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	assert_int_equal(store_cursor(fixture->store, STREAM_ENERGY).last, 6);
}

static void the_last_interval_of_a_series_is_found_without_reading_all(void **state)
{
	struct fixture *fixture = *state;
	struct interval_row row;

	open_store(fixture);
	int32_t old = series_of(fixture, "removed");
	int32_t busy = series_of(fixture, "main");
	append_quarters(fixture, old, 0, 1);
	append_quarters(fixture, busy, 0, 30000); /* past the point where last rows are copied */
	struct interval_row missing = quarter(busy, 30000);
	missing.quality = QUALITY_MISSING;
	missing.has_readings = false;
	assert_int_equal(store_append_interval(fixture->store, &missing), STORE_OK);
	for (int reopened = 0; reopened < 2; reopened++) {
		assert_int_equal(store_commit(fixture->store), STORE_OK);
		assert_true(store_last_interval(fixture->store, old, &row));
		assert_int_equal(row.end_wall_ms, T0 + QUARTER_MS);
		assert_true(store_last_interval(fixture->store, busy, &row));
		assert_int_equal(row.quality, QUALITY_MISSING);
		assert_true(store_last_known_interval(fixture->store, busy, &row));
		assert_int_equal(row.start_wall_ms, T0 + INT64_C(29999) * QUARTER_MS);
		close_store(fixture);
		open_store(fixture);
	}
	assert_false(store_last_interval(fixture->store, 99, &row));
}

static void a_revision_of_an_older_interval_does_not_become_the_last(void **state)
{
	struct fixture *fixture = *state;
	struct interval_row row;

	open_store(fixture);
	int32_t series = series_of(fixture, "main");
	append_quarters(fixture, series, 0, 4);
	append_quarters(fixture, series, 1, 2);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	close_store(fixture);
	open_store(fixture);
	assert_true(store_last_known_interval(fixture->store, series, &row));
	assert_int_equal(row.start_wall_ms, T0 + 3 * QUARTER_MS);
}

static void another_board_gets_another_identity_and_keeps_the_rows(void **state)
{
	struct fixture *fixture = *state;

	open_store(fixture);
	append_quarters(fixture, series_of(fixture, "main"), 0, 3);
	struct store_identity before = store_identity(fixture->store);
	close_store(fixture);
	assert_int_equal(open_as(fixture, "4567cdef", BUDGET), STORE_OK);
	assert_int_equal(fixture->opening.finding, STORE_MOVED);
	struct store_identity after = store_identity(fixture->store);
	assert_string_not_equal(after.id, before.id);
	assert_true(after.generation > before.generation);
	assert_int_equal(store_cursor(fixture->store, STREAM_ENERGY).last, 3);
	close_store(fixture);
	assert_int_equal(open_as(fixture, "4567cdef", BUDGET), STORE_OK);
	assert_int_equal(fixture->opening.finding, STORE_FOUND);
	assert_string_equal(store_identity(fixture->store).id, after.id);
}

static void a_board_without_an_id_keeps_the_identity(void **state)
{
	struct fixture *fixture = *state;

	open_store(fixture);
	struct store_identity before = store_identity(fixture->store);
	close_store(fixture);
	assert_int_equal(open_as(fixture, "", BUDGET), STORE_OK);
	assert_string_equal(store_identity(fixture->store).id, before.id);
}

static void a_file_that_is_no_data_base_is_set_aside(void **state)
{
	struct fixture *fixture = *state;
	char text[64] = "";

	write_file(fixture, "store.db", "this is not a data base, it is a letter to my aunt");
	open_store(fixture);
	assert_int_equal(fixture->opening.finding, STORE_SET_ASIDE);
	assert_string_equal(fixture->opening.reason, "not a data base");
	FILE *aside = fopen(fixture->opening.set_aside, "r");
	assert_non_null(aside);
	assert_non_null(fgets(text, sizeof(text), aside));
	fclose(aside);
	assert_string_equal(text, "this is not a data base, it is a letter to my aunt");
	append_quarters(fixture, series_of(fixture, "main"), 0, 1);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
}

/* Overwrite bytes of the file's inner pages. */
static void scribble(const struct fixture *fixture, off_t from, off_t to)
{
	char path[160];

	path_of(fixture, "store.db", path);
	int file = open(path, O_WRONLY);
	assert_true(file >= 0);
	for (off_t at = from; at < to; at += 8) {
		assert_int_equal(pwrite(file, "scribble", 8, at), 8);
	}
	close(file);
}

static void a_torn_file_is_set_aside_and_never_deleted(void **state)
{
	struct fixture *fixture = *state;
	struct stat found;

	open_store(fixture);
	append_quarters(fixture, series_of(fixture, "main"), 0, 2000);
	close_store(fixture);
	scribble(fixture, 4096, 65536);
	open_store(fixture);
	assert_int_equal(fixture->opening.finding, STORE_SET_ASIDE);
	assert_true(strlen(fixture->opening.reason) > 0);
	assert_int_equal(stat(fixture->opening.set_aside, &found), 0);
	assert_true(found.st_size > 65536);
	assert_int_equal(store_cursor(fixture->store, STREAM_ENERGY).last, 0);
}

static void damage_found_while_running_is_told_and_set_aside_at_the_end(void **state)
{
	struct fixture *fixture = *state;
	struct store_row *rows = calloc(5000, sizeof(*rows));
	size_t count = 0;

	open_store(fixture);
	append_quarters(fixture, series_of(fixture, "main"), 0, 30000);
	close_store(fixture);
	open_store(fixture);
	scribble(fixture, 65536, 8 * 65536);
	/* More than the page cache holds, so that the file itself is read. */
	enum store_status status = STORE_OK;
	for (int64_t after = 0; status == STORE_OK && after < 30000; after += 1000) {
		status = store_read(fixture->store, STREAM_ENERGY, after, 1000, rows, &count);
	}
	free(rows);
	assert_int_equal(status, STORE_DAMAGED);
	assert_true(strlen(store_reason(fixture->store)) > 0);
	close_store(fixture);
	open_store(fixture);
	assert_int_equal(fixture->opening.finding, STORE_CREATED);
}

static void a_directory_in_the_files_place_is_refused_with_words(void **state)
{
	struct fixture *fixture = *state;
	char path[160];

	path_of(fixture, "store.db", path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(open_as(fixture, "0123abcd", BUDGET), STORE_FAILED);
	assert_null(fixture->store);
	assert_string_equal(fixture->opening.reason, "not a file but a directory");
	assert_string_equal(fixture->opening.path, path);
}

static void a_missing_directory_is_made_but_not_its_parents(void **state)
{
	struct fixture *fixture = *state;
	struct fixture deeper = {0};

	snprintf(deeper.directory, sizeof(deeper.directory), "%.64s/a/b", fixture->directory);
	assert_int_equal(open_as(&deeper, "", BUDGET), STORE_FAILED);
	assert_string_equal(deeper.opening.reason, "No such file or directory");
	snprintf(deeper.directory, sizeof(deeper.directory), "%.64s/a", fixture->directory);
	assert_int_equal(open_as(&deeper, "", BUDGET), STORE_OK);
	store_close(deeper.store);
}

/* In a child without root's rights, where there are any to give up. */
static void a_file_without_rights_is_refused_with_words(void **state)
{
	struct fixture *fixture = *state;
	char path[160];
	int status = -1;

	open_store(fixture);
	close_store(fixture);
	path_of(fixture, "store.db", path);
	assert_int_equal(chmod(fixture->directory, 0777), 0);
	assert_int_equal(chmod(path, 0), 0);
	pid_t child = fork();
	if (child == 0) {
		if (geteuid() == 0 && setuid(65534) != 0) {
			_exit(2);
		}
		enum store_status opened = open_as(fixture, "", BUDGET);
		_exit(opened == STORE_FAILED &&
					strcmp(fixture->opening.reason, "Permission denied") == 0
				? 0
				: 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_second_program_on_the_same_directory_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct fixture second = *fixture;

	open_store(fixture);
	assert_int_equal(open_as(&second, "", BUDGET), STORE_FAILED);
	assert_null(second.store);
}

static void run_sql(const struct fixture *fixture, const char *name, const char *sql)
{
	char command[400];

	snprintf(command, sizeof(command), "sqlite3 '%s/%s' \"%s\"", fixture->directory, name, sql);
	assert_int_equal(system(command), 0);
}

static off_t size_of(const struct fixture *fixture, const char *name)
{
	char path[160];
	struct stat found;

	path_of(fixture, name, path);
	assert_int_equal(stat(path, &found), 0);
	return found.st_size;
}

static void a_newer_file_is_left_untouched_and_ours_stands_beside_it(void **state)
{
	struct fixture *fixture = *state;

	open_store(fixture);
	append_quarters(fixture, series_of(fixture, "main"), 0, 3);
	close_store(fixture);
	run_sql(fixture, "store.db",
		"PRAGMA user_version=2; ALTER TABLE interval ADD COLUMN colour TEXT;");
	off_t size = size_of(fixture, "store.db");
	open_store(fixture);
	assert_int_equal(fixture->opening.finding, STORE_BESIDE);
	assert_non_null(strstr(fixture->opening.path, "/store-1.db"));
	append_quarters(fixture, series_of(fixture, "main"), 0, 1);
	close_store(fixture);
	assert_int_equal(size_of(fixture, "store.db"), size);
	open_store(fixture);
	assert_int_equal(store_cursor(fixture->store, STREAM_ENERGY).last, 1);
}

static void newer_files_in_both_places_are_refused(void **state)
{
	struct fixture *fixture = *state;

	run_sql(fixture, "store.db", "PRAGMA user_version=2; CREATE TABLE a(b);");
	run_sql(fixture, "store-1.db", "PRAGMA user_version=3; CREATE TABLE a(b);");
	assert_int_equal(open_as(fixture, "", BUDGET), STORE_NEWER);
	assert_string_equal(fixture->opening.reason, "format version 3; this byport knows 1");
}

static void a_version_that_is_only_in_the_journal_counts(void **state)
{
	struct fixture *fixture = *state;
	char command[400];

	open_store(fixture);
	close_store(fixture);
	/* A newer program that was killed: its change is in the journal only. */
	snprintf(command, sizeof(command),
		"/usr/bin/python3 -c \"import sqlite3,os;c=sqlite3.connect('%s/store.db',"
		"isolation_level=None);c.execute('PRAGMA user_version=9');os._exit(0)\"",
		fixture->directory);
	assert_int_equal(system(command), 0);
	off_t journal = size_of(fixture, "store.db-wal");
	assert_true(journal > 0);
	open_store(fixture);
	assert_int_equal(fixture->opening.finding, STORE_BESIDE);
	assert_int_equal(size_of(fixture, "store.db-wal"), journal);
}

static void another_programs_data_base_is_set_aside(void **state)
{
	struct fixture *fixture = *state;

	run_sql(fixture, "store.db", "PRAGMA application_id=77; CREATE TABLE a(b);");
	open_store(fixture);
	assert_int_equal(fixture->opening.finding, STORE_SET_ASIDE);
	assert_string_equal(fixture->opening.reason, "another program's data base");
}

static void under_a_small_budget_trends_go_first_and_energy_stays(void **state)
{
	struct fixture *fixture = *state;
	struct store_row row;
	size_t count = 0;

	assert_int_equal(open_as(fixture, "", 2 << 20), STORE_OK);
	int32_t series = series_of(fixture, "main");
	for (int day = 0; day < 60; day++) {
		append_quarters(fixture, series, day * 96, (day + 1) * 96);
		append_trends(fixture, series, day * 1440, (day + 1) * 1440);
		assert_int_equal(store_commit(fixture->store), STORE_OK);
		assert_true(store_bytes(fixture->store) <= 2 << 20);
	}
	struct store_loss loss = store_loss(fixture->store);
	assert_true(loss.trend_rows > 0);
	assert_int_equal(loss.trend_rows, loss.trend_through);
	assert_int_equal(store_read(fixture->store, STREAM_TRENDS, 0, 1, &row, &count), STORE_OK);
	assert_int_equal(count, 1);
	assert_int_equal(row.trend.id, loss.trend_through + 1);
	assert_int_equal(store_read(fixture->store, STREAM_ENERGY, 0, 1, &row, &count), STORE_OK);
	assert_int_equal(row.interval.id, 1);
}

static void undelivered_energy_never_goes_and_waits_when_the_budget_is_used_up(void **state)
{
	struct fixture *fixture = *state;
	struct store_row row;
	size_t count = 0;
	enum store_status status = STORE_OK;
	int quarters = 0;

	assert_int_equal(open_as(fixture, "", 2 << 20), STORE_OK);
	int32_t series = series_of(fixture, "main");
	while (status == STORE_OK && quarters < 100000) {
		append_quarters(fixture, series, quarters, quarters + 960);
		quarters += 960;
		status = store_commit(fixture->store);
	}
	assert_int_equal(status, STORE_FULL);
	assert_true(strlen(store_reason(fixture->store)) > 0);
	int64_t last = store_cursor(fixture->store, STREAM_ENERGY).last;
	assert_int_equal(last, quarters - 960);
	assert_int_equal(store_read(fixture->store, STREAM_ENERGY, 0, 1, &row, &count), STORE_OK);
	assert_int_equal(row.interval.id, 1);

	/* Delivered, the oldest may go, and what waited is written. */
	store_set_sent(fixture->store, STREAM_ENERGY, last / 2);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	assert_int_equal(store_cursor(fixture->store, STREAM_ENERGY).last, quarters);
	assert_int_equal(
		store_read(fixture->store, STREAM_ENERGY, last / 2, 1, &row, &count), STORE_OK);
	assert_int_equal(row.interval.id, last / 2 + 1);
}

static void rows_are_refused_when_no_more_may_wait(void **state)
{
	struct fixture *fixture = *state;
	enum store_status status = STORE_OK;
	int taken = 0;

	assert_int_equal(open_as(fixture, "", STORE_BYTES_MIN), STORE_OK);
	int32_t series = series_of(fixture, "main");
	while (status == STORE_OK && taken < 1000000) {
		struct interval_row row = quarter(series, taken);
		status = store_append_interval(fixture->store, &row);
		taken += status == STORE_OK;
		if (status == STORE_OK) {
			assert_int_equal(row.id, taken);
		}
	}
	assert_int_equal(status, STORE_FULL);
}

static void last_intervals_outlive_the_rows_given_up(void **state)
{
	struct fixture *fixture = *state;
	struct interval_row row;

	assert_int_equal(open_as(fixture, "", STORE_BYTES_MIN), STORE_OK);
	int32_t dead = series_of(fixture, "dead");
	int32_t busy = series_of(fixture, "busy");
	append_quarters(fixture, dead, 0, 1);
	for (int i = 0; i < 60; i++) {
		append_quarters(fixture, busy, i * 960, (i + 1) * 960);
		assert_int_equal(store_commit(fixture->store), STORE_OK);
		store_set_sent(fixture->store, STREAM_ENERGY,
			store_cursor(fixture->store, STREAM_ENERGY).last);
	}
	for (int reopened = 0; reopened < 2; reopened++) {
		assert_true(store_last_known_interval(fixture->store, dead, &row));
		assert_int_equal(row.reading_end, quarter(dead, 0).reading_end);
		close_store(fixture);
		assert_int_equal(open_as(fixture, "", STORE_BYTES_MIN), STORE_OK);
	}
}

static void ids_do_not_come_back_after_all_rows_are_gone(void **state)
{
	struct fixture *fixture = *state;

	open_store(fixture);
	append_quarters(fixture, series_of(fixture, "main"), 0, 9);
	close_store(fixture);
	run_sql(fixture, "store.db", "DELETE FROM interval");
	open_store(fixture);
	struct interval_row row = quarter(0, 9);
	assert_int_equal(store_append_interval(fixture->store, &row), STORE_OK);
	assert_int_equal(row.id, 10);
}

static void every_status_has_words(void **state)
{
	(void)state;
	for (int i = 0; i < STORE_STATUS_COUNT; i++) {
		assert_true(strlen(store_status_text((enum store_status)i)) > 1);
	}
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(rows_come_back_as_they_went_in),
		WITH_STORE(a_rejected_interval_keeps_its_readings),
		WITH_STORE(what_was_not_committed_is_not_read_and_not_kept),
		WITH_STORE(ids_and_cursors_go_on_after_a_restart),
		WITH_STORE(the_last_interval_of_a_series_is_found_without_reading_all),
		WITH_STORE(a_revision_of_an_older_interval_does_not_become_the_last),
		WITH_STORE(another_board_gets_another_identity_and_keeps_the_rows),
		WITH_STORE(a_board_without_an_id_keeps_the_identity),
		WITH_STORE(a_file_that_is_no_data_base_is_set_aside),
		WITH_STORE(a_torn_file_is_set_aside_and_never_deleted),
		WITH_STORE(damage_found_while_running_is_told_and_set_aside_at_the_end),
		WITH_STORE(a_directory_in_the_files_place_is_refused_with_words),
		WITH_STORE(a_missing_directory_is_made_but_not_its_parents),
		WITH_STORE(a_file_without_rights_is_refused_with_words),
		WITH_STORE(a_second_program_on_the_same_directory_is_refused),
		WITH_STORE(a_newer_file_is_left_untouched_and_ours_stands_beside_it),
		WITH_STORE(newer_files_in_both_places_are_refused),
		WITH_STORE(a_version_that_is_only_in_the_journal_counts),
		WITH_STORE(another_programs_data_base_is_set_aside),
		WITH_STORE(under_a_small_budget_trends_go_first_and_energy_stays),
		WITH_STORE(undelivered_energy_never_goes_and_waits_when_the_budget_is_used_up),
		WITH_STORE(rows_are_refused_when_no_more_may_wait),
		WITH_STORE(last_intervals_outlive_the_rows_given_up),
		WITH_STORE(ids_do_not_come_back_after_all_rows_are_gone),
		WITH_STORE(every_status_has_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
