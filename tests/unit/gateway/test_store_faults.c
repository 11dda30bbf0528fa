/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_store_faults.c -- A disk that is full, fails or can only be read, at
 * each single operation of a scripted run in turn: what cannot be written
 * waits, nothing is called damage, and once the disk is well again every row
 * is there, once. And a reader that does not end.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <sqlite3.h>

#include "tests/fakes/disk/crash_disk.h"
#include "tests/fakes/store_fixture.h"

/* Which operations fail, counted from the beginning of the script. */
struct fault {
	int code;
	int first;
	int count;
	int operations; /* so far */
	int failed;
};

static int fail_there(void *context, enum crash_operation operation)
{
	static const int as_told[CRASH_OPERATION_COUNT] = {
		[CRASH_OPEN] = SQLITE_CANTOPEN,
		[CRASH_READ] = SQLITE_IOERR_READ,
		[CRASH_WRITE] = SQLITE_IOERR_WRITE,
		[CRASH_TRUNCATE] = SQLITE_IOERR_TRUNCATE,
		[CRASH_SYNC] = SQLITE_IOERR_FSYNC,
		[CRASH_DELETE] = SQLITE_IOERR_DELETE,
		[CRASH_SHARE] = SQLITE_IOERR_SHMSIZE,
	};
	struct fault *fault = context;
	int number = ++fault->operations;
	bool is_write = operation != CRASH_READ && operation != CRASH_SYNC;
	if (number < fault->first || number >= fault->first + fault->count ||
		(fault->code != SQLITE_IOERR && !is_write))
		return SQLITE_OK; /* a full disk reads and syncs, and so does one without rights */
	fault->failed++;
	/* Of shared memory, "read-only" would say that it is there. */
	return fault->code == SQLITE_IOERR || operation == CRASH_SHARE ? as_told[operation]
								       : fault->code;
}

static void open_until_it_works(struct store_fixture *fixture)
{
	enum store_status status = STORE_FAILED;
	for (int i = 0; status != STORE_OK && i < 40; i++) {
		status = store_fixture_open_as(fixture, "0123abcd", STORE_BYTES_MIN);
		assert_true(status == STORE_OK || status == STORE_FAILED || status == STORE_FULL);
	}
	assert_int_equal(status, STORE_OK);
	assert_true(fixture->opening.finding == STORE_FOUND ||
		    fixture->opening.finding == STORE_CREATED);
}

/* What cannot be written waits. */
static void commit_and_go_on(struct store_fixture *fixture)
{
	enum store_status status = store_commit(fixture->store);
	assert_true(status == STORE_OK || status == STORE_FAILED || status == STORE_FULL);
}

static void check_whole(struct store_fixture *fixture, int quarters)
{
	static struct store_row rows[1000];
	size_t count = store_fixture_read(fixture, STREAM_ENERGY, rows, 1000);
	assert_int_equal(count, quarters);
	for (int i = 0; i < quarters; i++) {
		struct interval_row made = store_fixture_quarter(0, i);
		assert_int_equal(rows[i].interval.id, i + 1);
		assert_int_equal(rows[i].interval.start_wall_ms, made.start_wall_ms);
		assert_int_equal(rows[i].interval.energy, made.energy);
	}
}

static void run_script(struct store_fixture *fixture)
{
	open_until_it_works(fixture);
	int32_t series = store_fixture_series(fixture, "main");
	for (int i = 0; i < 5; i++) {
		store_fixture_append_quarters(fixture, series, 40 * i, 40 * (i + 1));
		commit_and_go_on(fixture);
		store_set_sent(fixture->store, STREAM_ENERGY,
			store_cursor(fixture->store, STREAM_ENERGY).last);
		commit_and_go_on(fixture);
	}
}

/* Every operation in turn. Returns how many faults were met. */
static int fail_each(struct store_fixture *fixture, int code, int count)
{
	struct fault fault = {.code = code};
	int failed = 0, first = 1;
	do {
		fault = (struct fault){.code = code, .first = first++, .count = count};
		crash_disk_watch(fail_there, &fault);
		run_script(fixture);
		crash_disk_watch(NULL, NULL);
		failed += fault.failed;
		assert_int_equal(store_commit(fixture->store), STORE_OK);
		check_whole(fixture, 200);
		store_fixture_close(fixture);
		store_fixture_open(fixture); /* not damaged by it, and whole from the file alone */
		assert_int_equal(fixture->opening.finding, STORE_FOUND);
		check_whole(fixture, 200);
		store_fixture_close(fixture);
		crash_disk_remove(fixture->directory);
		assert_int_equal(mkdir(fixture->directory, 0700), 0);
	} while (fault.operations >= fault.first && first < 2000);
	assert_true(first > 80 && first < 2000);
	return failed;
}

static void a_disk_that_fails_at_any_operation_loses_nothing(void **state)
{
	assert_true(fail_each(*state, SQLITE_IOERR, 1) > 80);
}

static void a_disk_that_is_full_from_any_operation_on_for_a_while_loses_nothing(void **state)
{
	assert_true(fail_each(*state, SQLITE_FULL, 12) > 200);
}

static void a_disk_that_can_only_be_read_for_a_while_loses_nothing(void **state)
{
	assert_true(fail_each(*state, SQLITE_READONLY, 12) > 200);
}

static void a_reader_that_does_not_end_cannot_grow_the_journal_past_its_limit(void **state)
{
	struct store_fixture *fixture = *state;
	char path[160];
	sqlite3 *reader = NULL;
	int quarters = 0, refused = 0;

	assert_int_equal(store_fixture_open_as(fixture, "0123abcd", STORE_BYTES_MIN), STORE_OK);
	int32_t series = store_fixture_series(fixture, "main");
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	store_fixture_path(fixture, "store.db", path);
	assert_int_equal(sqlite3_open_v2(path, &reader, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(reader, "BEGIN; SELECT * FROM identity", NULL, NULL, NULL), SQLITE_OK);
	for (int i = 0; i < 60; i++, quarters += 10) {
		store_fixture_append_quarters(fixture, series, quarters, quarters + 10);
		enum store_status status = store_commit(fixture->store);
		assert_true(status == STORE_OK || status == STORE_FULL);
		if (status == STORE_FULL && refused++ == 0)
			assert_non_null(strstr(store_reason(fixture->store), "reading the store"));
		assert_true(store_bytes(fixture->store) <= STORE_BYTES_MIN / 2);
		i += refused > 3 ? 60 : 0; /* each waits for the reader a little */
	}
	assert_true(refused > 3);
	assert_int_equal(sqlite3_close(reader), SQLITE_OK);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	check_whole(fixture, quarters);
	assert_true(store_bytes(fixture->store) <= STORE_BYTES_MIN / 2);
}

#define WITH_STORE(test) \
	cmocka_unit_test_setup_teardown(test, store_fixture_setup, store_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(a_disk_that_fails_at_any_operation_loses_nothing),
		WITH_STORE(a_disk_that_is_full_from_any_operation_on_for_a_while_loses_nothing),
		WITH_STORE(a_disk_that_can_only_be_read_for_a_while_loses_nothing),
		WITH_STORE(a_reader_that_does_not_end_cannot_grow_the_journal_past_its_limit),
	};

	crash_disk_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
