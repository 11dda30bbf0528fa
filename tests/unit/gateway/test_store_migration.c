/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_store_migration.c -- A file of format version 1 becomes one of version 2
 * with all it held, or stays what it was; and a version-1 program's rule keeps
 * it from the new one.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/fakes/store_version_1.h"

#define MINUTE(number) (STORE_FIXTURE_T0 + (number)*INT64_C(60000))

static const struct interval_row stored[] = {
	{.id = 2,
         .start_wall_ms = MINUTE(0),
         .end_wall_ms = MINUTE(15),
         .energy = 1500,
         .reading_start = 5000000000,
         .reading_end = 5000001500,
         .clock = CLOCK_STATE_SYNCHRONISED,
         .has_readings = true       },
	{.id = 3,
         .start_wall_ms = MINUTE(15),
         .end_wall_ms = MINUTE(30),
         .quality = QUALITY_MISSING,
         .clock = CLOCK_STATE_SYNCHRONISED},
	{.id = 6,
         .start_wall_ms = MINUTE(15),
         .end_wall_ms = MINUTE(30),
         .energy = 900,
         .reading_start = 5000001500,
         .reading_end = 5000002400,
         .revision = 1,
         .quality = QUALITY_ESTIMATED,
         .method = METHOD_EVEN,
         .clock = CLOCK_STATE_SYNCHRONISED,
         .has_readings = true},
	{.id = 7,
         .start_wall_ms = MINUTE(30),
         .end_wall_ms = MINUTE(45),
         .reading_start = 5000002400,
         .reading_end = 12,
         .quality = QUALITY_REJECTED,
         .clock = CLOCK_STATE_SYNCHRONISED,
         .has_readings = true       },
	{.id = 8,
         .start_wall_ms = MINUTE(45),
         .end_wall_ms = MINUTE(60),
         .energy = 88,
         .reading_start = 20,
         .reading_end = 100,
         .clock = CLOCK_STATE_TRUSTED,
         .has_readings = true       },
};

static void check_interval(const struct interval_row *row, const struct interval_row *expected)
{
	assert_int_equal(row->id, expected->id);
	assert_int_equal(row->series, expected->series);
	assert_int_equal(row->start_wall_ms, expected->start_wall_ms);
	assert_int_equal(row->end_wall_ms, expected->end_wall_ms);
	assert_int_equal(row->energy, expected->energy);
	assert_int_equal(row->has_readings, expected->has_readings);
	assert_int_equal(row->reading_start, expected->reading_start);
	assert_int_equal(row->reading_end, expected->reading_end);
	assert_int_equal(row->quality, expected->quality);
	assert_int_equal(row->method, expected->method);
	assert_int_equal(row->revision, expected->revision);
	assert_int_equal(row->clock, expected->clock);
	assert_int_equal(row->flags, 0);
	assert_false(row->correction);
}

static void check_rows(struct store_fixture *fixture)
{
	struct store_row rows[16];
	size_t intervals = 0;

	size_t count = store_fixture_read(fixture, STREAM_ENERGY, rows, 16);
	assert_int_equal(count, 7);
	for (size_t i = 0; i < count; i++) {
		if (rows[i].kind == STORE_ROW_INTERVAL) {
			check_interval(&rows[i].interval, &stored[intervals++]);
		}
	}
	assert_int_equal(intervals, sizeof(stored) / sizeof(stored[0]));
	assert_int_equal(rows[2].event.id, 4);
	assert_int_equal(rows[2].event.amount, 17);
	assert_string_equal(rows[2].event.text, "It is 'odd'.");
	assert_int_equal(rows[3].event.kind, EVENT_STARTED);
	assert_int_equal(store_fixture_read(fixture, STREAM_TRENDS, rows, 16), 2);
	assert_int_equal(rows[0].trend.max, 7654321);
}

static void check_all(struct store_fixture *fixture)
{
	const struct store_identity identity = store_identity(fixture->store);
	const struct store_cursor energy = store_cursor(fixture->store, STREAM_ENERGY);
	const struct store_cursor trends = store_cursor(fixture->store, STREAM_TRENDS);
	struct interval_row row;

	assert_string_equal(identity.id, "6f9c0c8e-31f0-4a55-8b3a-0d1f5a7e2b44");
	assert_int_equal(identity.generation, 1767225599);
	assert_int_equal(energy.last, 8);
	assert_int_equal(energy.sent, 5);
	assert_int_equal(energy.delivered, 3);
	assert_int_equal(trends.last, 2);
	assert_int_equal(trends.sent, 1);
	assert_int_equal(store_series_count(fixture->store), 3);
	assert_int_equal(store_series(fixture->store, "heat", QUANTITY_HEAT_ENERGY, NULL), 2);
	assert_true(store_last_known_interval(fixture->store, 2, &row));
	assert_int_equal(row.id, 1);
	assert_int_equal(row.reading_end, 9000);
	assert_true(store_last_interval(fixture->store, 0, &row));
	assert_int_equal(row.id, 8);
	check_rows(fixture);
}

static void a_file_of_version_1_is_brought_up_with_all_it_holds(void **state)
{
	struct store_fixture *fixture = *state;
	char answer[STORE_FIXTURE_ANSWER];

	store_version_1_write(fixture, "store.db");
	store_fixture_open(fixture);
	assert_int_equal(fixture->opening.finding, STORE_UPGRADED);
	check_all(fixture);
	store_fixture_close(fixture);
	store_fixture_ask_sql(fixture, "store.db", "PRAGMA user_version", answer);
	assert_string_equal(answer, "3");
	store_fixture_open(fixture);
	assert_int_equal(fixture->opening.finding, STORE_FOUND);
	check_all(fixture);
}

static void an_upgraded_file_goes_on_with_what_version_2_knows(void **state)
{
	struct store_fixture *fixture = *state;
	char answer[STORE_FIXTURE_ANSWER];
	struct interval_row row;
	const struct series_state stood = {
		.scale = {1, 10},
                  .reading = 77
        };
	struct series_state found;

	store_version_1_write(fixture, "store.db");
	store_fixture_open(fixture);
	struct interval_row corrected = stored[2];
	corrected.revision = 2;
	corrected.flags = 1u << FLAG_SPIKE | 1u << FLAG_FROZEN;
	corrected.correction = true;
	assert_int_equal(store_fixture_append(fixture, corrected), 9);
	store_set_series_state(fixture->store, 0, &stood);
	store_fixture_close(fixture);
	store_fixture_open(fixture);
	assert_true(store_interval_by_id(fixture->store, 9, &row));
	assert_true(row.correction);
	assert_int_equal(row.flags, corrected.flags);
	assert_true(store_series_state(fixture->store, 0, &found));
	assert_int_equal(found.reading, 77);
	store_fixture_ask_sql(fixture, "store.db",
		"SELECT revision, flags, correction FROM energy WHERE start_utc LIKE '%00:15:00Z'",
		answer);
	assert_string_equal(answer, "2|spike,frozen|1");
}

static void remove_store(const struct store_fixture *fixture)
{
	char command[200];

	snprintf(command, sizeof(command), "rm -f '%s'/store.db*", fixture->directory);
	assert_int_equal(system(command), 0);
}

/* Every table's and view's columns, and the length of each view's words, in one line. */
static void describe(const struct store_fixture *fixture, const char *name,
	char answer[static STORE_FIXTURE_ANSWER])
{
	store_fixture_ask_sql(fixture, name,
		"SELECT group_concat(t, ' ') FROM (SELECT m.name || '(' || group_concat(p.name || "
		"' '"
		" || p.type || p.\\\"notnull\\\" || coalesce(p.dflt_value, '') || p.pk) || ')' ||"
		" iif(m.type = 'view', length(m.sql), '') AS t FROM sqlite_schema m,"
		" pragma_table_info(m.name) p WHERE m.type IN ('table', 'view') GROUP BY m.name)",
		answer);
}

static void an_upgraded_file_has_the_tables_views_and_words_of_a_new_one(void **state)
{
	struct store_fixture *fixture = *state;
	static const char words[] =
		"SELECT group_concat(number || name) FROM (SELECT * FROM flag UNION ALL SELECT *"
		" FROM method UNION ALL SELECT * FROM quality UNION ALL SELECT * FROM clock)";
	char made[STORE_FIXTURE_ANSWER], upgraded[STORE_FIXTURE_ANSWER];
	char made_words[STORE_FIXTURE_ANSWER], upgraded_words[STORE_FIXTURE_ANSWER];

	store_fixture_open(fixture);
	store_fixture_close(fixture);
	describe(fixture, "store.db", made);
	store_fixture_ask_sql(fixture, "store.db", words, made_words);
	remove_store(fixture);
	store_version_1_write(fixture, "store.db");
	store_fixture_open(fixture);
	assert_int_equal(fixture->opening.finding, STORE_UPGRADED);
	store_fixture_close(fixture);
	describe(fixture, "store.db", upgraded);
	store_fixture_ask_sql(fixture, "store.db", words, upgraded_words);
	assert_string_equal(upgraded, made);
	assert_string_equal(upgraded_words, made_words);
	assert_non_null(strstr(made, "series_state(series INTEGER"));
	assert_non_null(strstr(made_words, "frozen"));
}

static void an_upgrade_that_fails_in_its_midst_leaves_version_1(void **state)
{
	struct store_fixture *fixture = *state;
	char answer[STORE_FIXTURE_ANSWER];

	store_version_1_write(fixture, "store.db");
	store_fixture_run_sql(fixture, "store.db", "CREATE TABLE unplaced(somebody)");
	assert_int_equal(
		store_fixture_open_as(fixture, "0123abcd", STORE_FIXTURE_BYTES), STORE_FAILED);
	assert_string_equal(fixture->opening.reason, "table unplaced already exists");
	store_fixture_ask_sql(fixture, "store.db",
		"SELECT (SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM"
		" pragma_table_info('interval')), (SELECT count(*) FROM sqlite_schema WHERE type ="
		" 'view'), (SELECT count(*) FROM energy)",
		answer);
	assert_string_equal(answer, "1|12|6|4");
	store_fixture_run_sql(fixture, "store.db", "DROP TABLE unplaced");
	store_fixture_open(fixture);
	check_all(fixture);
}

static int writes_left;

/* The power goes in the midst of a write: half of it is there. */
static ssize_t write_until_cut(int file, const void *bytes, size_t count, off_t at)
{
	if (writes_left-- == 0) {
		ssize_t half = pwrite(file, bytes, count / 2, at);
		_exit(half >= 0 ? 77 : 78);
	}
	return pwrite(file, bytes, count, at);
}

/* Opens in a child; false when it died at write number `cut_at`. */
static bool open_with_cut(struct store_fixture *fixture, int cut_at)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
		writes_left = cut_at;
		vfs->xSetSystemCall(vfs, "pwrite64", (sqlite3_syscall_ptr)write_until_cut);
		enum store_status opened =
			store_fixture_open_as(fixture, "0123abcd", STORE_FIXTURE_BYTES);
		_exit(opened == STORE_OK ? 0 : 1); /* without closing */
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 77);
	return WEXITSTATUS(status) == 0;
}

static void power_may_go_at_any_write_of_an_upgrade(void **state)
{
	struct store_fixture *fixture = *state;
	char answer[STORE_FIXTURE_ANSWER];
	bool is_whole = false;
	int cut_at = 0;

	for (; !is_whole && cut_at < 1000; cut_at++) {
		remove_store(fixture);
		store_version_1_write(fixture, "store.db");
		is_whole = open_with_cut(fixture, cut_at);
		store_fixture_open(fixture);
		assert_int_equal(fixture->opening.finding, is_whole ? STORE_FOUND : STORE_UPGRADED);
		check_all(fixture);
		store_fixture_ask_sql(fixture, "store.db",
			"SELECT (SELECT user_version FROM pragma_user_version), (SELECT count(*)"
			" FROM pragma_table_info('interval')), (SELECT count(*) FROM energy)",
			answer);
		assert_string_equal(answer, "3|13|4");
		store_fixture_close(fixture);
	}
	assert_true(is_whole);
	assert_true(cut_at > 8); /* pages of the tables that are new */
}

/* What a byport of version 1 looks at: the header's user_version, big-endian at byte 60. */
static uint32_t version_in_header(const struct store_fixture *fixture)
{
	char path[160];
	unsigned char header[64];

	store_fixture_path(fixture, "store.db", path);
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	assert_int_equal(fread(header, 1, sizeof(header), file), sizeof(header));
	fclose(file);
	return (uint32_t)header[60] << 24 | (uint32_t)header[61] << 16 | (uint32_t)header[62] << 8 |
	       header[63];
}

static void version_2_is_brought_up_with_its_corrections(void **state)
{
	struct store_fixture *fixture = *state;
	char answer[STORE_FIXTURE_ANSWER];

	store_version_2_write(fixture, "store.db");
	store_fixture_open(fixture);
	assert_int_equal(fixture->opening.finding, STORE_UPGRADED);
	assert_int_equal(store_cursor(fixture->store, STREAM_ENERGY).last, 9);
	assert_int_equal(store_cursor(fixture->store, STREAM_ENERGY).delivered, 3);
	store_fixture_append_quarters(fixture, 0, 4, 6);
	store_fixture_close(fixture);
	store_fixture_ask_sql(fixture, "store.db",
		"SELECT (SELECT user_version FROM pragma_user_version), energy, correction, "
		"revision"
		" FROM energy WHERE start_utc LIKE '%00:15:00Z'",
		answer);
	assert_string_equal(answer, "3|0.00095|1|2");
	store_fixture_ask_sql(fixture, "store.db", "SELECT last_id FROM revised", answer);
	assert_string_equal(answer, "9");            /* what coarsening must know of it */
	assert_true(version_in_header(fixture) > 2); /* so version 2 writes beside */
	store_version_2_write(fixture, "store-2.db");
	store_fixture_open(fixture);
	assert_int_equal(fixture->opening.finding, STORE_FOUND);
	assert_non_null(strstr(fixture->opening.path, "/store.db"));
	assert_int_equal(store_cursor(fixture->store, STREAM_ENERGY).last, 11);
}

static void up_and_down_and_up_again_loses_nothing(void **state)
{
	struct store_fixture *fixture = *state;
	char before[STORE_FIXTURE_ANSWER], after[STORE_FIXTURE_ANSWER];

	store_version_1_write(fixture, "store.db");
	store_fixture_open(fixture);
	store_fixture_append_quarters(fixture, 0, 4, 6);
	store_fixture_close(fixture);
	assert_true(version_in_header(fixture) > 1); /* so it writes beside */
	store_version_1_write(fixture, "store-1.db");
	store_fixture_ask_sql(
		fixture, "store-1.db", "SELECT sum(id), max(id) FROM interval", before);

	store_fixture_open(fixture);
	assert_int_equal(fixture->opening.finding, STORE_FOUND);
	assert_non_null(strstr(fixture->opening.path, "/store.db"));
	assert_int_equal(store_cursor(fixture->store, STREAM_ENERGY).last, 10);
	store_fixture_ask_sql(
		fixture, "store-1.db", "SELECT sum(id), max(id) FROM interval", after);
	assert_string_equal(after, before);
	store_fixture_ask_sql(fixture, "store-1.db", "PRAGMA user_version", after);
	assert_string_equal(after, "1");
}

static void another_boards_file_of_version_1_is_brought_up_under_a_new_identity(void **state)
{
	struct store_fixture *fixture = *state;
	char answer[STORE_FIXTURE_ANSWER];

	store_version_1_write(fixture, "store.db");
	assert_int_equal(store_fixture_open_as(fixture, "4567cdef", STORE_FIXTURE_BYTES), STORE_OK);
	assert_int_equal(fixture->opening.finding, STORE_MOVED);
	assert_true(store_identity(fixture->store).generation > 1767225599);
	check_rows(fixture);
	store_fixture_close(fixture);
	store_fixture_ask_sql(fixture, "store.db", "PRAGMA user_version", answer);
	assert_string_equal(answer, "3");
}

static void a_full_budget_does_not_keep_a_file_from_being_brought_up(void **state)
{
	struct store_fixture *fixture = *state;

	store_version_1_write(fixture, "store.db");
	store_fixture_run_sql(fixture, "store.db",
		"WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)"
		" INSERT INTO trend SELECT i, 1, 1767225600000 + i * 60000, 60000, 1234567, "
		"1234567,"
		" 1234567, 6, 1 FROM n");
	assert_int_equal(store_fixture_open_as(fixture, "0123abcd", STORE_BYTES_MIN), STORE_OK);
	assert_int_equal(fixture->opening.finding, STORE_UPGRADED);
	assert_int_equal(store_cursor(fixture->store, STREAM_TRENDS).last, 60000);
}

#define WITH_STORE(test) \
	cmocka_unit_test_setup_teardown(test, store_fixture_setup, store_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(a_file_of_version_1_is_brought_up_with_all_it_holds),
		WITH_STORE(an_upgraded_file_goes_on_with_what_version_2_knows),
		WITH_STORE(an_upgraded_file_has_the_tables_views_and_words_of_a_new_one),
		WITH_STORE(an_upgrade_that_fails_in_its_midst_leaves_version_1),
		WITH_STORE(power_may_go_at_any_write_of_an_upgrade),
		WITH_STORE(version_2_is_brought_up_with_its_corrections),
		WITH_STORE(up_and_down_and_up_again_loses_nothing),
		WITH_STORE(another_boards_file_of_version_1_is_brought_up_under_a_new_identity),
		WITH_STORE(a_full_budget_does_not_keep_a_file_from_being_brought_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
