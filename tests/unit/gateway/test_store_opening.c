/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_store_opening.c -- Whose file it is, and what is done with one that is
 * damaged, newer, another board's or not ours at all.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/fakes/store_fixture.h"

static void an_old_copy_gets_another_identity_and_begins_to_be_sent_anew(void **state)
{
	struct store_fixture *fixture = *state;

	store_fixture_open(fixture);
	store_fixture_append_quarters(fixture, store_fixture_series(fixture, "main"), 0, 5);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	store_set_sent(fixture->store, STREAM_ENERGY, 5);
	store_set_delivered(fixture->store, STREAM_ENERGY, 4);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	struct store_identity before = store_identity(fixture->store);
	assert_int_equal(store_renew_identity(fixture->store, 0), STORE_OK);
	assert_int_equal(store_identity(fixture->store).generation, before.generation + 1);
	assert_int_equal(store_renew_identity(fixture->store, before.generation + 1000), STORE_OK);
	struct store_identity after = store_identity(fixture->store);
	assert_string_not_equal(after.id, before.id);
	assert_int_equal(after.generation, before.generation + 1000);
	store_fixture_cut_power(fixture);
	assert_string_equal(store_identity(fixture->store).id, after.id);
	assert_int_equal(store_identity(fixture->store).generation, after.generation);
	struct store_cursor cursor = store_cursor(fixture->store, STREAM_ENERGY);
	assert_int_equal(cursor.last, 5);
	assert_int_equal(cursor.sent, 0);
	assert_int_equal(cursor.delivered, 0);
	assert_int_equal(fixture->opening.finding, STORE_FOUND);
}

static void another_board_gets_another_identity_and_keeps_the_rows(void **state)
{
	struct store_fixture *fixture = *state;

	store_fixture_open(fixture);
	store_fixture_append_quarters(fixture, store_fixture_series(fixture, "main"), 0, 3);
	struct store_identity before = store_identity(fixture->store);
	store_fixture_close(fixture);
	assert_int_equal(store_fixture_open_as(fixture, "4567cdef", STORE_FIXTURE_BYTES), STORE_OK);
	assert_int_equal(fixture->opening.finding, STORE_MOVED);
	struct store_identity after = store_identity(fixture->store);
	assert_string_not_equal(after.id, before.id);
	assert_true(after.generation > before.generation);
	assert_int_equal(store_cursor(fixture->store, STREAM_ENERGY).last, 3);
	store_fixture_close(fixture);
	assert_int_equal(store_fixture_open_as(fixture, "4567cdef", STORE_FIXTURE_BYTES), STORE_OK);
	assert_int_equal(fixture->opening.finding, STORE_FOUND);
	assert_string_equal(store_identity(fixture->store).id, after.id);
}

static void a_board_without_an_id_keeps_the_identity(void **state)
{
	struct store_fixture *fixture = *state;

	store_fixture_open(fixture);
	struct store_identity before = store_identity(fixture->store);
	store_fixture_close(fixture);
	assert_int_equal(store_fixture_open_as(fixture, "", STORE_FIXTURE_BYTES), STORE_OK);
	assert_string_equal(store_identity(fixture->store).id, before.id);
}

/* Part of such an id is left out of the file; of the one at hand just as well. */
static void a_board_whose_id_is_not_hexadecimal_is_the_same_board_again(void **state)
{
	static const char *const ids[] = {"board:1", ":", "0123'; DROP TABLE identity; --"};
	struct store_fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		assert_int_equal(
			store_fixture_open_as(fixture, ids[i], STORE_FIXTURE_BYTES), STORE_OK);
		struct store_identity before = store_identity(fixture->store);
		store_fixture_close(fixture);
		assert_int_equal(
			store_fixture_open_as(fixture, ids[i], STORE_FIXTURE_BYTES), STORE_OK);
		assert_int_equal(fixture->opening.finding, STORE_FOUND);
		assert_string_equal(store_identity(fixture->store).id, before.id);
		store_fixture_close(fixture);
	}
}

static void a_file_that_is_no_data_base_is_set_aside(void **state)
{
	struct store_fixture *fixture = *state;
	char text[64] = "";

	store_fixture_write_file(
		fixture, "store.db", "this is not a data base, it is a letter to my aunt");
	store_fixture_open(fixture);
	assert_int_equal(fixture->opening.finding, STORE_SET_ASIDE);
	assert_string_equal(fixture->opening.reason, "not a data base");
	FILE *aside = fopen(fixture->opening.set_aside, "r");
	assert_non_null(aside);
	assert_non_null(fgets(text, sizeof(text), aside));
	fclose(aside);
	assert_string_equal(text, "this is not a data base, it is a letter to my aunt");
	store_fixture_append_quarters(fixture, store_fixture_series(fixture, "main"), 0, 1);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
}

/* Overwrite bytes of the file's inner pages. */
static void scribble(const struct store_fixture *fixture, off_t from, off_t to)
{
	char path[160];

	store_fixture_path(fixture, "store.db", path);
	int file = open(path, O_WRONLY);
	assert_true(file >= 0);
	for (off_t at = from; at < to; at += 8) {
		assert_int_equal(pwrite(file, "scribble", 8, at), 8);
	}
	close(file);
}

static void a_torn_file_is_set_aside_and_never_deleted(void **state)
{
	struct store_fixture *fixture = *state;
	struct stat found;

	store_fixture_open(fixture);
	store_fixture_append_quarters(fixture, store_fixture_series(fixture, "main"), 0, 2000);
	store_fixture_close(fixture);
	scribble(fixture, 4096, 65536);
	store_fixture_open(fixture);
	assert_int_equal(fixture->opening.finding, STORE_SET_ASIDE);
	assert_true(strlen(fixture->opening.reason) > 0);
	assert_int_equal(stat(fixture->opening.set_aside, &found), 0);
	assert_true(found.st_size > 65536);
	assert_int_equal(store_cursor(fixture->store, STREAM_ENERGY).last, 0);
}

static void damage_found_while_running_is_told_and_set_aside_at_the_end(void **state)
{
	struct store_fixture *fixture = *state;
	struct store_row *rows = calloc(5000, sizeof(*rows));
	size_t count = 0;

	store_fixture_open(fixture);
	store_fixture_append_quarters(fixture, store_fixture_series(fixture, "main"), 0, 30000);
	store_fixture_close(fixture);
	store_fixture_open(fixture);
	scribble(fixture, 65536, 8 * 65536);
	/* More than the page cache holds, so that the file itself is read. */
	enum store_status status = STORE_OK;
	for (int64_t after = 0; status == STORE_OK && after < 30000; after += 1000) {
		status = store_read(fixture->store, STREAM_ENERGY, after, 1000, rows, &count);
	}
	free(rows);
	assert_int_equal(status, STORE_DAMAGED);
	assert_true(strlen(store_reason(fixture->store)) > 0);
	store_fixture_close(fixture);
	store_fixture_open(fixture);
	assert_int_equal(fixture->opening.finding, STORE_CREATED);
}

static void a_directory_in_the_files_place_is_refused_with_words(void **state)
{
	struct store_fixture *fixture = *state;
	char path[160];

	store_fixture_path(fixture, "store.db", path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(
		store_fixture_open_as(fixture, "0123abcd", STORE_FIXTURE_BYTES), STORE_FAILED);
	assert_null(fixture->store);
	assert_string_equal(fixture->opening.reason, "not a file but a directory");
	assert_string_equal(fixture->opening.path, path);
}

static void a_missing_directory_is_made_but_not_its_parents(void **state)
{
	struct store_fixture *fixture = *state;
	struct store_fixture deeper = {0};

	snprintf(deeper.directory, sizeof(deeper.directory), "%.64s/a/b", fixture->directory);
	assert_int_equal(store_fixture_open_as(&deeper, "", STORE_FIXTURE_BYTES), STORE_FAILED);
	assert_string_equal(deeper.opening.reason, "No such file or directory");
	snprintf(deeper.directory, sizeof(deeper.directory), "%.64s/a", fixture->directory);
	assert_int_equal(store_fixture_open_as(&deeper, "", STORE_FIXTURE_BYTES), STORE_OK);
	store_close(deeper.store);
}

/* In a child without root's rights, where there are any to give up. */
static void a_file_without_rights_is_refused_with_words(void **state)
{
	struct store_fixture *fixture = *state;
	char path[160];
	int status = -1;

	store_fixture_open(fixture);
	store_fixture_close(fixture);
	store_fixture_path(fixture, "store.db", path);
	assert_int_equal(chmod(fixture->directory, 0777), 0);
	assert_int_equal(chmod(path, 0), 0);
	pid_t child = fork();
	if (child == 0) {
		if (geteuid() == 0 && setuid(65534) != 0) {
			_exit(2);
		}
		enum store_status opened = store_fixture_open_as(fixture, "", STORE_FIXTURE_BYTES);
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
	struct store_fixture *fixture = *state;
	struct store_fixture second = *fixture;

	store_fixture_open(fixture);
	assert_int_equal(store_fixture_open_as(&second, "", STORE_FIXTURE_BYTES), STORE_FAILED);
	assert_null(second.store);
}

static off_t size_of(const struct store_fixture *fixture, const char *name)
{
	char path[160];
	struct stat found;

	store_fixture_path(fixture, name, path);
	assert_int_equal(stat(path, &found), 0);
	return found.st_size;
}

static void a_newer_file_is_left_untouched_and_ours_stands_beside_it(void **state)
{
	struct store_fixture *fixture = *state;

	store_fixture_open(fixture);
	store_fixture_append_quarters(fixture, store_fixture_series(fixture, "main"), 0, 3);
	store_fixture_close(fixture);
	store_fixture_run_sql(fixture, "store.db",
		"PRAGMA user_version=4; ALTER TABLE interval ADD COLUMN colour TEXT;");
	off_t size = size_of(fixture, "store.db");
	store_fixture_open(fixture);
	assert_int_equal(fixture->opening.finding, STORE_BESIDE);
	assert_non_null(strstr(fixture->opening.path, "/store-3.db"));
	store_fixture_append_quarters(fixture, store_fixture_series(fixture, "main"), 0, 1);
	store_fixture_close(fixture);
	assert_int_equal(size_of(fixture, "store.db"), size);
	store_fixture_open(fixture);
	assert_int_equal(store_cursor(fixture->store, STREAM_ENERGY).last, 1);
}

static void newer_files_in_both_places_are_refused(void **state)
{
	struct store_fixture *fixture = *state;

	store_fixture_run_sql(fixture, "store.db", "PRAGMA user_version=4; CREATE TABLE a(b);");
	store_fixture_run_sql(fixture, "store-3.db", "PRAGMA user_version=5; CREATE TABLE a(b);");
	assert_int_equal(store_fixture_open_as(fixture, "", STORE_FIXTURE_BYTES), STORE_NEWER);
	assert_string_equal(fixture->opening.reason, "format version 5; this byport knows 3");
}

static void a_version_that_is_only_in_the_journal_counts(void **state)
{
	struct store_fixture *fixture = *state;
	char command[400];

	store_fixture_open(fixture);
	store_fixture_close(fixture);
	/* A newer program that was killed: its change is in the journal only. */
	snprintf(command, sizeof(command),
		"/usr/bin/python3 -c \"import sqlite3,os;c=sqlite3.connect('%s/store.db',"
		"isolation_level=None);c.execute('PRAGMA user_version=9');os._exit(0)\"",
		fixture->directory);
	assert_int_equal(system(command), 0);
	off_t journal = size_of(fixture, "store.db-wal");
	assert_true(journal > 0);
	store_fixture_open(fixture);
	assert_int_equal(fixture->opening.finding, STORE_BESIDE);
	assert_int_equal(size_of(fixture, "store.db-wal"), journal);
}

static void another_programs_data_base_is_set_aside(void **state)
{
	struct store_fixture *fixture = *state;

	store_fixture_run_sql(fixture, "store.db", "PRAGMA application_id=77; CREATE TABLE a(b);");
	store_fixture_open(fixture);
	assert_int_equal(fixture->opening.finding, STORE_SET_ASIDE);
	assert_string_equal(fixture->opening.reason, "another program's data base");
}

static void every_status_has_words(void **state)
{
	(void)state;
	for (int i = 0; i < STORE_STATUS_COUNT; i++) {
		assert_true(strlen(store_status_text((enum store_status)i)) > 1);
	}
}

#define WITH_STORE(test) \
	cmocka_unit_test_setup_teardown(test, store_fixture_setup, store_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(an_old_copy_gets_another_identity_and_begins_to_be_sent_anew),
		WITH_STORE(another_board_gets_another_identity_and_keeps_the_rows),
		WITH_STORE(a_board_without_an_id_keeps_the_identity),
		WITH_STORE(a_board_whose_id_is_not_hexadecimal_is_the_same_board_again),
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
		WITH_STORE(every_status_has_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
