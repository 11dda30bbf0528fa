/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_archive_anchor.c -- Where the counters stood before a store, and whether its
 * rows go on from there: what a dead board's successor is told, until it has heard.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "city/archive_store.h"
#include "tests/fakes/archive_fixture.h"

#define GATEWAY "oslo/skole/main"

static struct archive_store *archive;
static const char *meter; /* whose hours; said_add() has them of "main" */

static int open_archive(void **state)
{
	char reason[ARCHIVE_REASON_MAX];
	(void)state;
	meter = "main";
	return archive_store_open(archive_fixture_new(), &archive, reason) == ARCHIVE_OK ? 0 : -1;
}

static int close_archive(void **state)
{
	(void)state;
	archive = archive_store_close(archive);
	return 0;
}

/* Hours first..last of a store, under ids as large. */
static void commit_hours(const char *store_id, int64_t generation, int64_t first, int64_t last)
{
	struct said said;
	struct archive_taken taken;
	said_begin(&said, MESSAGE_INTERVALS, store_id);
	for (int64_t id = first; id <= last; id++) {
		said_add(&said, id);
		said.intervals[id - first].meter = meter;
	}
	said.message.stream.generation = generation;
	said.message.stream.after = first - 1;
	const struct archive_arrival arrival = {
		.name = GATEWAY, .message = &said.message, .at_wall_ms = BEGIN_MS};
	assert_int_equal(archive_store_prepare(archive, &arrival), ARCHIVE_OK);
	assert_int_equal(archive_store_begin(archive), ARCHIVE_OK);
	assert_int_equal(archive_store_take(archive, &arrival, &taken), ARCHIVE_OK);
	assert_int_equal(archive_store_commit(archive), ARCHIVE_OK);
}

static bool wants(const char *store_id)
{
	bool does_want = false;
	assert_int_equal(
		archive_store_wants_anchor(archive, GATEWAY, store_id, &does_want), ARCHIVE_OK);
	return does_want;
}

/* The one counter there is stood after so many hours. */
static void assert_anchor(const char *store_id, int64_t hours, size_t joined, size_t apart)
{
	struct archive_anchor anchor = {0};
	assert_int_equal(archive_store_counters(archive, GATEWAY, store_id, &anchor), ARCHIVE_OK);
	assert_int_equal(anchor.message.counters_count, 1);
	assert_string_equal(anchor.message.counters[0].meter, meter);
	assert_int_equal(anchor.message.counters[0].at_wall_ms, BEGIN_MS + (hours + 1) * HOUR_MS);
	assert_int_equal(anchor.message.counters[0].reading, hours * (hours + 1) / 2 * KWH);
	assert_int_equal(anchor.joined, joined);
	assert_int_equal(anchor.apart, apart);
	free((void *)(uintptr_t)anchor.message.counters);
}

static void a_new_store_is_told_where_the_counters_stood(void **state)
{
	(void)state;
	commit_hours("s1", 100, 1, 5);
	assert_false(wants("s1"));     /* the first has nothing before it */
	commit_hours("s2", 200, 3, 3); /* one that came late says nothing of it */
	assert_true(wants("s2"));
	assert_anchor("s2", 5, 0, 0);
	commit_hours("s2", 200, 9, 9);
	assert_anchor("s2", 5, 0, 1);
	commit_hours("s2", 200, 6, 6);
	assert_anchor("s2", 5, 1, 0);
	assert_int_equal(archive_store_anchored(archive, GATEWAY, "s2", BEGIN_MS), ARCHIVE_OK);
	assert_false(wants("s2"));
	struct archive_anchor anchor = {0};
	assert_int_equal(archive_store_counters(archive, GATEWAY, "s2", &anchor), ARCHIVE_OK);
	assert_int_equal(anchor.message.generation, 100);
	free((void *)(uintptr_t)anchor.message.counters);
}

/* Its energy since the one before it is in no interval: the next one bridges that as well. */
static void a_store_that_does_not_go_on_from_there_is_no_anchor_for_the_next(void **state)
{
	(void)state;
	commit_hours("s1", 100, 1, 5);
	commit_hours("s2", 200, 9, 9);
	commit_hours("s3", 300, 12, 12);
	assert_anchor("s3", 5, 0, 1);
	assert_int_equal(archive_store_anchored(archive, GATEWAY, "s2", BEGIN_MS), ARCHIVE_OK);
	assert_anchor("s3", 9, 0, 1);
}

static void a_meter_that_is_new_in_it_has_nothing_to_go_on_from(void **state)
{
	(void)state;
	commit_hours("s1", 100, 1, 5);
	meter = "gym";
	commit_hours("s2", 200, 7, 9);
	commit_hours("s3", 300, 12, 12);
	struct archive_anchor anchor = {0};
	assert_int_equal(archive_store_counters(archive, GATEWAY, "s3", &anchor), ARCHIVE_OK);
	assert_int_equal(anchor.message.counters_count, 2);
	assert_int_equal(anchor.message.counters[1].at_wall_ms, BEGIN_MS + 10 * HOUR_MS);
	free((void *)(uintptr_t)anchor.message.counters);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_archive, close_archive)

int main(void)
{
	const struct CMUnitTest on_either[] = {
		TEST(a_new_store_is_told_where_the_counters_stood),
		TEST(a_store_that_does_not_go_on_from_there_is_no_anchor_for_the_next),
		TEST(a_meter_that_is_new_in_it_has_nothing_to_go_on_from),
	};
	int failed = cmocka_run_group_tests_name(
		"SQLite", on_either, archive_fixture_sqlite, archive_fixture_end);
	return failed + cmocka_run_group_tests_name("PostgreSQL", on_either,
				archive_fixture_postgres, archive_fixture_end);
}
