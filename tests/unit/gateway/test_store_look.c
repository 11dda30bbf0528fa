/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_store_look.c -- Another program looks into the store, while the gateway
 * writes it and without: it sees what is committed, and leaves no trace.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/fakes/store_version_1.h"

/* "name:bytes:checksum ..." of all files. */
static void list_files(const struct store_fixture *fixture, char text[static STORE_FIXTURE_ANSWER])
{
	char command[300];

	snprintf(command, sizeof(command), "cd '%s' && cksum * | tr '\\n' ' '", fixture->directory);
	FILE *shell = popen(command, "r");
	assert_non_null(shell);
	assert_non_null(fgets(text, STORE_FIXTURE_ANSWER, shell));
	assert_int_equal(pclose(shell), 0);
}

static void check_seen(const struct store_fixture *fixture, int64_t rows)
{
	struct store *looking = NULL;
	struct store_opening opening;
	struct interval_row row;

	assert_int_equal(store_open_to_look(fixture->directory, &looking, &opening), STORE_OK);
	assert_int_equal(store_cursor(looking, STREAM_ENERGY).last, rows);
	assert_true(store_last_interval(looking, 0, &row));
	assert_int_equal(row.id, rows);
	assert_true(store_interval_by_id(looking, 1, &row));
	assert_null(store_close(looking));
}

static void what_is_committed_is_seen_beside_the_writer(void **state)
{
	struct store_fixture *fixture = *state;
	struct series_state found;
	struct store *looking = NULL;
	struct store_opening opening;
	const struct series_state stood = {
		.scale = {1, 10}
        };

	store_fixture_open(fixture);
	int32_t series = store_fixture_series(fixture, "main");
	store_fixture_append_quarters(fixture, series, 0, 10);
	store_set_series_state(fixture->store, series, &stood);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	store_fixture_append_quarters(fixture, series, 10, 12);
	check_seen(fixture, 10);
	assert_int_equal(store_open_to_look(fixture->directory, &looking, &opening), STORE_OK);
	assert_string_equal(store_identity(looking).id, store_identity(fixture->store).id);
	assert_true(store_series_state(looking, series, &found));
	assert_int_equal(found.scale.denominator, 10);
	/* The gateway goes on, and folds its journal in, while the other has the store open. */
	store_fixture_append_quarters(fixture, series, 12, 20);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	char answer[STORE_FIXTURE_ANSWER];
	store_fixture_ask_sql(fixture, "store.db", "SELECT count(*) FROM interval", answer);
	assert_string_equal(answer, "20");
	struct interval_row row;
	assert_true(store_last_interval(looking, series, &row)); /* as it was when opened */
	assert_int_equal(row.id, 10);
	assert_null(store_close(looking));
	check_seen(fixture, 20);
	store_fixture_close(fixture);
	check_seen(fixture, 20);
}

static bool count_rows(void *context, const struct interval_row *row)
{
	(void)row;
	++*(int *)context;
	return true;
}

static void walks_see_what_was_committed_since(void **state)
{
	struct store_fixture *fixture = *state;
	struct store *looking = NULL;
	struct store_opening opening;
	int64_t through;
	int rows = 0;

	store_fixture_open(fixture);
	int32_t series = store_fixture_series(fixture, "main");
	store_fixture_append_quarters(fixture, series, 0, 10);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	assert_int_equal(store_open_to_look(fixture->directory, &looking, &opening), STORE_OK);
	store_fixture_append_quarters(fixture, series, 10, 15);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	const struct store_walk all = {0, SIZE_MAX, count_rows, &rows};
	assert_int_equal(store_walk_intervals(looking, &all, &through), STORE_OK);
	assert_int_equal(rows, 15);
	assert_null(store_close(looking));
}

static void looking_leaves_no_trace(void **state)
{
	struct store_fixture *fixture = *state;
	char before[STORE_FIXTURE_ANSWER], after[STORE_FIXTURE_ANSWER];

	store_fixture_open(fixture);
	store_fixture_append_quarters(fixture, store_fixture_series(fixture, "main"), 0, 10);
	store_fixture_close(fixture);
	list_files(fixture, before);
	check_seen(fixture, 10);
	list_files(fixture, after);
	assert_string_equal(after, before);
}

/* In a child without root's rights, where there are any to give up. */
static void check_without_rights(const struct store_fixture *fixture, int expected)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		if (geteuid() == 0 && setuid(65534) != 0) {
			_exit(2);
		}
		struct store *looking = NULL;
		struct store_opening opening;
		if (store_open_to_look(fixture->directory, &looking, &opening) != STORE_OK) {
			_exit(strstr(opening.reason, "without the right to write there") ? 4 : 1);
		}
		bool is_seen = store_cursor(looking, STREAM_ENERGY).last == 10;
		store_close(looking);
		_exit(is_seen ? 0 : 3);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), expected);
}

static void a_directory_that_cannot_be_written_can_be_looked_into(void **state)
{
	struct store_fixture *fixture = *state;
	char path[160];

	store_fixture_open(fixture);
	store_fixture_append_quarters(fixture, store_fixture_series(fixture, "main"), 0, 10);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	assert_int_equal(chmod(fixture->directory, 0555), 0);
	static const char *const names[] = {"store.db", "store.db-wal", "store.db-shm"};
	for (size_t i = 0; i < 3; i++) {
		store_fixture_path(fixture, names[i], path);
		assert_int_equal(chmod(path, 0444), 0);
	}
	check_without_rights(fixture, 0); /* beside the writer */
	assert_int_equal(chmod(fixture->directory, 0755), 0);
	store_fixture_close(fixture);
	assert_int_equal(chmod(fixture->directory, 0555), 0);
	check_without_rights(fixture, 0); /* without one */
	assert_int_equal(chmod(fixture->directory, 0755), 0);
}

/* Power failed, and somebody looks at the card on another machine, or at a copy. */
static void a_journal_that_was_left_is_read_too_or_refused_with_words(void **state)
{
	struct store_fixture *fixture = *state;
	struct store_fixture copy = {0};
	char command[400];

	store_fixture_open(fixture);
	store_fixture_append_quarters(fixture, store_fixture_series(fixture, "main"), 0, 10);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	snprintf(copy.directory, sizeof(copy.directory), "%.64s/copy", fixture->directory);
	snprintf(command, sizeof(command),
		"cd '%s' && mkdir copy && cp store.db store.db-wal copy && chmod 444 copy/* &&"
		" chmod 755 . && chmod 555 copy",
		fixture->directory);
	assert_int_equal(system(command), 0);
	check_without_rights(&copy, 4);
	assert_int_equal(chmod(copy.directory, 0777), 0);
	check_seen(&copy, 10);
}

static void a_file_of_version_1_is_read_as_it_is(void **state)
{
	struct store_fixture *fixture = *state;
	struct store *looking = NULL;
	struct store_opening opening;
	struct interval_row row;
	char before[STORE_FIXTURE_ANSWER], after[STORE_FIXTURE_ANSWER];
	int rows = 0;

	store_version_1_write(fixture, "store.db");
	list_files(fixture, before);
	assert_int_equal(store_open_to_look(fixture->directory, &looking, &opening), STORE_OK);
	const struct store_range range = {0, STORE_FIXTURE_T0, INT64_MAX};
	assert_int_equal(store_newest_intervals(looking, &range, count_rows, &rows), STORE_OK);
	assert_int_equal(rows, 4);
	assert_true(store_last_interval(looking, 0, &row));
	assert_int_equal(row.id, 8);
	assert_false(row.correction);
	assert_int_equal(store_grid(looking).length_ms, 0);
	assert_null(store_close(looking));
	list_files(fixture, after);
	assert_string_equal(after, before);
}

static void check_refused(
	const struct store_fixture *fixture, enum store_status status, const char *reason)
{
	struct store *looking = NULL;
	struct store_opening opening;

	assert_int_equal(store_open_to_look(fixture->directory, &looking, &opening), status);
	assert_null(looking);
	assert_string_equal(opening.reason, reason);
	assert_true(strlen(opening.path) > 0);
}

static void what_cannot_be_looked_into_is_refused_with_words(void **state)
{
	struct store_fixture *fixture = *state;
	struct store_fixture nowhere = *fixture;

	check_refused(fixture, STORE_FAILED, "No such file or directory");
	snprintf(nowhere.directory, sizeof(nowhere.directory), "%.64s/a", fixture->directory);
	check_refused(&nowhere, STORE_FAILED, "No such file or directory");
	store_fixture_write_file(fixture, "store.db", "");
	check_refused(fixture, STORE_FAILED, "nothing has been stored yet");
	store_fixture_write_file(fixture, "store.db", "a letter");
	check_refused(fixture, STORE_DAMAGED, "not a data base");
	store_fixture_write_file(fixture, "store.db", "");
	store_fixture_run_sql(fixture, "store.db", "PRAGMA user_version=4; CREATE TABLE a(b);");
	check_refused(fixture, STORE_NEWER, "format version 4; this byport knows 3");
}

static void beside_a_newer_file_ours_is_looked_into(void **state)
{
	struct store_fixture *fixture = *state;
	struct store *looking = NULL;
	struct store_opening opening;

	store_fixture_run_sql(fixture, "store.db", "PRAGMA user_version=4; CREATE TABLE a(b);");
	store_fixture_open(fixture);
	store_fixture_append_quarters(fixture, store_fixture_series(fixture, "main"), 0, 10);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	assert_int_equal(store_open_to_look(fixture->directory, &looking, &opening), STORE_OK);
	assert_int_equal(opening.finding, STORE_BESIDE);
	assert_non_null(strstr(opening.path, "/store-3.db"));
	assert_int_equal(store_cursor(looking, STREAM_ENERGY).last, 10);
	assert_null(store_close(looking));
}

static void a_directorys_name_may_hold_anything(void **state)
{
	struct store_fixture *fixture = *state;
	struct store_fixture odd = {0};

	snprintf(odd.directory, sizeof(odd.directory), "%.48s/a?b#c%%20d 'e;\xc3\xa5",
		fixture->directory);
	store_fixture_open(&odd);
	store_fixture_append_quarters(&odd, store_fixture_series(&odd, "main"), 0, 10);
	assert_int_equal(store_commit(odd.store), STORE_OK);
	check_seen(&odd, 10);
	store_fixture_close(&odd);
	check_seen(&odd, 10);
}

#define WITH_STORE(test) \
	cmocka_unit_test_setup_teardown(test, store_fixture_setup, store_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(what_is_committed_is_seen_beside_the_writer),
		WITH_STORE(walks_see_what_was_committed_since),
		WITH_STORE(looking_leaves_no_trace),
		WITH_STORE(a_directory_that_cannot_be_written_can_be_looked_into),
		WITH_STORE(a_journal_that_was_left_is_read_too_or_refused_with_words),
		WITH_STORE(a_file_of_version_1_is_read_as_it_is),
		WITH_STORE(what_cannot_be_looked_into_is_refused_with_words),
		WITH_STORE(beside_a_newer_file_ours_is_looked_into),
		WITH_STORE(a_directorys_name_may_hold_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
