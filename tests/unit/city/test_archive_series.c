/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_archive_series.c -- A series has one number, whoever adds it, and all that a message
 * brings are added together or not at all: on SQLite and on a real PostgreSQL.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "city/archive_store.h"
#include "tests/fakes/archive_fixture.h"

enum { METERS = 50 };

static struct archive_store *store, *second;
static char names[METERS][METER_ID_MAX];

static int setup(void **state)
{
	char reason[ARCHIVE_REASON_MAX];
	const char *where = archive_fixture_new();
	(void)state;
	for (int i = 0; i < METERS; i++)
		snprintf(names[i], sizeof(names[i]), "meter-%d", i);
	return archive_store_open(where, &store, reason) == ARCHIVE_OK &&
			       archive_store_open(where, &second, reason) == ARCHIVE_OK
		       ? 0
		       : -1;
}

static int teardown(void **state)
{
	(void)state;
	store = archive_store_close(store);
	second = archive_store_close(second);
	return 0;
}

/* A message with a row of each of the meters first..last. */
static void say(struct said *said, int first, int last)
{
	said_run(said, MESSAGE_INTERVALS, first + 1, last + 1);
	for (int i = first; i <= last; i++)
		said->intervals[i - first].meter = names[i];
}

static enum archive_status prepare(struct archive_store *by, const struct said *said)
{
	const struct archive_arrival arrival = {
		.name = "oslo/skole/main", .message = &said->message, .at_wall_ms = BEGIN_MS};
	return archive_store_prepare(by, &arrival);
}

static void two_workers_give_each_series_one_number(void **state)
{
	struct said said;
	(void)state;
	say(&said, 0, 9); /* both know these ten */
	assert_int_equal(prepare(store, &said), ARCHIVE_OK);
	assert_int_equal(prepare(second, &said), ARCHIVE_OK);
	say(&said, 5, 29); /* the first adds, the second has not heard of it */
	assert_int_equal(prepare(store, &said), ARCHIVE_OK);
	say(&said, 20, METERS - 1);
	assert_int_equal(prepare(second, &said), ARCHIVE_OK);
	say(&said, 0, METERS - 1);
	assert_int_equal(prepare(store, &said), ARCHIVE_OK);
	assert_int_equal(archive_fixture_number("SELECT count(*) FROM series"), METERS);
	assert_int_equal(
		archive_fixture_number("SELECT count(DISTINCT series) FROM series"), METERS);
	assert_int_equal(archive_fixture_number("SELECT max(series) FROM series"), METERS);
}

static void rows_stand_under_their_own_meter(void **state)
{
	struct said said;
	struct archive_taken taken;
	const struct archive_arrival arrival = {
		.name = "oslo/skole/main", .message = &said.message, .at_wall_ms = BEGIN_MS};
	(void)state;
	say(&said, 10, 29);
	assert_int_equal(prepare(store, &said), ARCHIVE_OK);
	say(&said, 0, METERS - 1);
	assert_int_equal(prepare(second, &said), ARCHIVE_OK);
	assert_int_equal(archive_store_begin(second), ARCHIVE_OK);
	assert_int_equal(archive_store_take(second, &arrival, &taken), ARCHIVE_OK);
	assert_int_equal(archive_store_commit(second), ARCHIVE_OK);
	assert_int_equal(
		archive_fixture_number("SELECT count(*) FROM energy WHERE meter = 'meter-' || "
				       "CAST(steps / 1000000 - 1 AS TEXT)"),
		METERS);
}

static void one_that_has_no_name_adds_none_of_them(void **state)
{
	struct said said;
	(void)state;
	say(&said, 0, 4);
	said.intervals[3].meter = "";
	assert_int_equal(prepare(store, &said), ARCHIVE_REFUSED);
	assert_int_equal(archive_fixture_number("SELECT count(*) FROM series"), 0);
	say(&said, 0, 4);
	assert_int_equal(prepare(store, &said), ARCHIVE_OK);
	assert_int_equal(archive_fixture_number("SELECT count(*) FROM series"), 5);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest on_either[] = {
		TEST(two_workers_give_each_series_one_number),
		TEST(rows_stand_under_their_own_meter),
		TEST(one_that_has_no_name_adds_none_of_them),
	};
	int failed = cmocka_run_group_tests_name(
		"SQLite", on_either, archive_fixture_sqlite, archive_fixture_end);
	return failed + cmocka_run_group_tests_name("PostgreSQL", on_either,
				archive_fixture_postgres, archive_fixture_end);
}
