/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_archive_store.c -- That a row is there once and stays, that a receipt says
 * only what is committed, and that what was known can be repeated: the same tests
 * on SQLite and on a real PostgreSQL.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "city/archive_store.h"
#include "tests/fakes/archive_fixture.h"

#define KWH INT64_C(1000000)

enum { IDS = 60 };

static struct archive_store *store, *second;

static int setup(void **state)
{
	char reason[ARCHIVE_REASON_MAX];
	const char *where = archive_fixture_new();
	(void)state;
	if (archive_store_open(where, &store, reason) != ARCHIVE_OK ||
		archive_store_open(where, &second, reason) != ARCHIVE_OK) {
		print_error("%s\n", reason);
		return -1;
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	store = archive_store_close(store);
	second = archive_store_close(second);
	return 0;
}

static struct archive_taken take(struct archive_store *by, const struct said *said)
{
	struct archive_taken taken;
	assert_int_equal(said_take(by, said, BEGIN_MS, &taken), ARCHIVE_OK);
	return taken;
}

static struct archive_taken take_run(enum message_kind kind, int64_t first, int64_t last)
{
	struct said said;
	said_run(&said, kind, first, last);
	return take(store, &said);
}

static struct archive_standing standing(
	struct archive_store *of, const char *store_id, enum stream stream)
{
	struct archive_standing standings[STREAM_COUNT];
	assert_int_equal(archive_store_standing(of, SAID_GATEWAY, store_id, standings), ARCHIVE_OK);
	return standings[stream];
}

static void a_row_is_there_once_and_the_receipt_counts_it(void **state)
{
	(void)state;
	assert_int_equal(take_run(MESSAGE_INTERVALS, 1, 3).rows, 3);
	assert_int_equal(take_run(MESSAGE_EVENTS, 4, 4).rows, 1);
	assert_int_equal(take_run(MESSAGE_TRENDS, 1, 7).rows, 7);
	struct archive_taken again = take_run(MESSAGE_INTERVALS, 2, 3);
	assert_int_equal(again.rows, 0);
	assert_int_equal(again.repeated, 2);
	assert_int_equal(take_run(MESSAGE_EVENTS, 4, 4).repeated, 1);
	assert_int_equal(take_run(MESSAGE_TRENDS, 6, 8).repeated, 2);
	assert_int_equal(standing(store, "s1", STREAM_ENERGY).through, 4);
	assert_int_equal(standing(store, "s1", STREAM_ENERGY).missing_count, 0);
	assert_int_equal(standing(store, "s1", STREAM_TRENDS).through, 8);
	assert_int_equal(archive_fixture_number("SELECT count(*) FROM intervals"), 3);
	assert_int_equal(
		archive_fixture_number("SELECT CAST(sum(energy) AS BIGINT) FROM energy_by_day"), 6);
	assert_int_equal(archive_fixture_number("SELECT count(*) FROM events"), 1);
	assert_int_equal(archive_fixture_number("SELECT count(*) FROM trends"), 8);
}

static void what_is_not_committed_is_in_no_receipt(void **state)
{
	struct said said;
	struct archive_taken taken;
	(void)state;
	said_run(&said, MESSAGE_INTERVALS, 1, 5);
	const struct archive_arrival arrival = {
		.name = SAID_GATEWAY, .message = &said.message, .at_wall_ms = BEGIN_MS};
	assert_int_equal(archive_store_prepare(store, &arrival), ARCHIVE_OK);
	assert_int_equal(archive_store_begin(store), ARCHIVE_OK);
	assert_int_equal(archive_store_take(store, &arrival, &taken), ARCHIVE_OK);
	assert_int_equal(standing(second, "s1", STREAM_ENERGY).through, 0);
	archive_store_rollback(store);
	assert_int_equal(standing(store, "s1", STREAM_ENERGY).through, 0);
	assert_int_equal(archive_fixture_number("SELECT count(*) FROM intervals"), 0);
	assert_int_equal(take(store, &said).rows, 5);
	assert_int_equal(standing(second, "s1", STREAM_ENERGY).through, 5);
}

static void a_hole_is_named_until_it_is_filled(void **state)
{
	(void)state;
	take_run(MESSAGE_INTERVALS, 1, 2);
	take_run(MESSAGE_INTERVALS, 5, 6);
	take_run(MESSAGE_INTERVALS, 9, 9);
	struct archive_standing torn = standing(store, "s1", STREAM_ENERGY);
	assert_int_equal(torn.through, 2);
	assert_int_equal(torn.newest, 9);
	assert_int_equal(torn.missing_count, 2);
	assert_int_equal(torn.missing[0].after, 2);
	assert_int_equal(torn.missing[0].through, 4);
	assert_int_equal(torn.missing[1].after, 6);
	assert_int_equal(torn.missing[1].through, 8);
	assert_int_equal(archive_fixture_number("SELECT count(*) FROM missing"), 2);
	take_run(MESSAGE_INTERVALS, 7, 8);
	assert_int_equal(standing(store, "s1", STREAM_ENERGY).through, 2);
	take_run(MESSAGE_INTERVALS, 3, 4);
	assert_int_equal(standing(store, "s1", STREAM_ENERGY).through, 9);
	assert_int_equal(standing(store, "s1", STREAM_ENERGY).missing_count, 0);
	assert_int_equal(archive_fixture_number("SELECT count(*) FROM missing"), 0);
	assert_int_equal(archive_fixture_number("SELECT count(*) FROM span"), 0);
}

static struct archive_taken take_changed(struct archive_store *by, int64_t id)
{
	struct said said;
	said_run(&said, MESSAGE_INTERVALS, id, id);
	said.intervals[0].row.energy++;
	return take(by, &said);
}

static void the_same_id_with_other_content_is_a_conflict_no_receipt_goes_past(void **state)
{
	(void)state;
	take_run(MESSAGE_INTERVALS, 1, 6);
	assert_int_equal(take_changed(second, 4).conflicts, 1);
	take_changed(store, 4);
	take_run(MESSAGE_INTERVALS, 7, 9);
	assert_int_equal(standing(store, "s1", STREAM_ENERGY).through, 3);
	assert_int_equal(
		archive_fixture_number("SELECT energy FROM intervals WHERE id = 4"), 4 * KWH);
	assert_int_equal(archive_fixture_number("SELECT count(*) FROM quarantine"), 1);
	assert_int_equal(
		archive_fixture_number("SELECT id FROM quarantine WHERE kind = 'conflict'"), 4);
	assert_int_equal(
		archive_fixture_number("SELECT count(*) FROM log WHERE kind = 'conflict'"), 1);
	archive_fixture_exec("UPDATE quarantine SET settled_ms = 1");
	assert_int_equal(standing(store, "s1", STREAM_ENERGY).through, 9);
}

static void an_event_with_the_id_of_an_interval_is_a_conflict(void **state)
{
	(void)state;
	take_run(MESSAGE_INTERVALS, 1, 3);
	assert_int_equal(take_run(MESSAGE_EVENTS, 3, 3).conflicts, 1);
	assert_int_equal(standing(store, "s1", STREAM_ENERGY).through, 2);
}

static void what_is_gone_counts_as_closed(void **state)
{
	struct said said;
	(void)state;
	take_run(MESSAGE_TRENDS, 8, 9);
	said_begin(&said, MESSAGE_TRENDS, "s1");
	said.message.stream.after = 0;
	said.message.stream.through = 7;
	said.message.stream.gone = true;
	take(store, &said);
	take(store, &said);
	assert_int_equal(standing(store, "s1", STREAM_TRENDS).through, 9);
	assert_int_equal(archive_fixture_number("SELECT count(*) FROM gone"), 1);
	assert_int_equal(take_run(MESSAGE_TRENDS, 7, 7).conflicts, 0); /* found again after all */
	assert_int_equal(archive_fixture_number("SELECT count(*) FROM trends"), 3);
}

/* A revision of hour 1, as row `id`, with `energy`, of a store and a generation, at a time. */
static void revise(const struct interval_row *row, const char *store_id, int64_t generation,
	int64_t at_wall_ms)
{
	struct said said;
	struct archive_taken taken;
	said_begin(&said, MESSAGE_INTERVALS, store_id);
	said_add(&said, 1);
	said.message.stream.generation = generation;
	said.message.stream.after = row->id - 1;
	said.message.stream.through = row->id;
	said.intervals[0].row.id = row->id;
	said.intervals[0].row.energy = row->energy;
	said.intervals[0].row.revision = row->revision;
	assert_int_equal(said_take(store, &said, at_wall_ms, &taken), ARCHIVE_OK);
}

static void every_revision_is_kept_and_what_was_known_can_be_repeated(void **state)
{
	(void)state;
	static const char known[] = "SELECT CAST(steps AS BIGINT) FROM energy_known WHERE "
				    "known_from_ms <= %d AND known_until_ms > %d";
	static const struct {
		int at_ms;
		int energy;
	} then[] = {
		{1500, 10},
                {2500, 20},
                {3500, 20},
                {4500, 40},
                {9999, 40}
        };
	revise(&(struct interval_row){.id = 1, .energy = 10}, "s1", 100, 1000);
	revise(&(struct interval_row){.id = 3, .energy = 20, .revision = 2}, "s1", 100, 2000);
	revise(&(struct interval_row){.id = 2, .energy = 15, .revision = 1}, "s1", 100, 3000);
	revise(&(struct interval_row){.id = 1, .energy = 40}, "s2", 200, 4000);
	assert_int_equal(archive_fixture_number("SELECT count(*) FROM intervals"), 4);
	assert_int_equal(archive_fixture_number("SELECT count(*) FROM energy"), 1);
	assert_int_equal(archive_fixture_number("SELECT steps FROM energy"), 40);
	assert_int_equal(archive_fixture_number("SELECT count(*) FROM energy_known"), 3);
	for (size_t i = 0; i < sizeof(then) / sizeof(then[0]); i++) {
		char sql[256];
		snprintf(sql, sizeof(sql), known, then[i].at_ms, then[i].at_ms);
		assert_int_equal(archive_fixture_number(sql), then[i].energy);
	}
}

static void a_message_that_contradicts_itself_is_refused(void **state)
{
	struct said said;
	struct archive_taken taken;
	(void)state;
	said_run(&said, MESSAGE_INTERVALS, 1, 3);
	said.intervals[1].row.id = 3;
	assert_int_equal(said_take(store, &said, 0, &taken), ARCHIVE_REFUSED);
	assert_non_null(strstr(archive_store_reason(store), "rows[2].id: not in order"));
	said_run(&said, MESSAGE_INTERVALS, 1, 3);
	said.message.stream.through = 2;
	assert_int_equal(said_take(store, &said, 0, &taken), ARCHIVE_REFUSED);
	said_run(&said, MESSAGE_INTERVALS, 1, 3);
	said.intervals[0].row.end_wall_ms = said.intervals[0].row.start_wall_ms;
	assert_int_equal(said_take(store, &said, 0, &taken), ARCHIVE_REFUSED);
	assert_non_null(strstr(archive_store_reason(store), "rows[0].end"));
	said_run(&said, MESSAGE_INTERVALS, 1, 3);
	said.message.stream.stream = STREAM_TRENDS;
	assert_int_equal(said_take(store, &said, 0, &taken), ARCHIVE_REFUSED);
	assert_int_equal(archive_fixture_number("SELECT count(*) FROM intervals"), 0);
}

static void put_aside(const char *payload, const char *reason)
{
	const struct archive_arrival arrival = {
		.name = SAID_GATEWAY,
		.payload = {payload, strlen(payload)},
		.at_wall_ms = BEGIN_MS
        };
	assert_int_equal(archive_store_prepare(store, &arrival), ARCHIVE_OK);
	assert_int_equal(archive_store_begin(store), ARCHIVE_OK);
	assert_int_equal(
		archive_store_quarantine(store, &arrival, "intervals", reason), ARCHIVE_OK);
	assert_int_equal(archive_store_commit(store), ARCHIVE_OK);
}

static void what_is_refused_is_kept_once_with_its_reason(void **state)
{
	(void)state;
	put_aside("{\"rows\":7}", "rows: 7 is not an array");
	put_aside("{\"rows\":7}", "rows: 7 is not an array");
	put_aside("\xff\x01", "not JSON");
	assert_int_equal(archive_fixture_number("SELECT count(*) FROM quarantine"), 2);
	assert_int_equal(archive_fixture_number("SELECT times FROM quarantine WHERE payload = "
						"'{\"rows\":7}' AND reason LIKE 'rows%'"),
		2);
	assert_int_equal(standing(store, "s1", STREAM_ENERGY).through, 0);
}

static void the_quarantine_of_a_gateway_is_bounded(void **state)
{
	char payload[32];
	(void)state;
	put_aside("x", "first");
	archive_fixture_exec(
		"INSERT INTO quarantine (gateway, digest, kind, topic, reason, payload, "
		"times, arrived_ms) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT "
		"i + 1 FROM n WHERE i < 999) SELECT 1, CAST(i AS TEXT), 'refused', '', "
		"'', '', 1, 0 FROM n");
	for (int i = 0; i < 3; i++) {
		snprintf(payload, sizeof(payload), "more %d", i);
		put_aside(payload, "more");
	}
	put_aside("x", "first");
	assert_int_equal(
		archive_fixture_number("SELECT count(*) FROM quarantine"), ARCHIVE_QUARANTINE_MAX);
	assert_int_equal(
		archive_fixture_number("SELECT times FROM quarantine WHERE reason = 'first'"), 2);
}

static void what_was_forgotten_does_not_come_back(void **state)
{
	(void)state;
	struct archive_forget forget = {.meter = "main",
		.before_wall_ms = BEGIN_MS + 3 * HOUR_MS,
		.author = "anna",
		.at_wall_ms = BEGIN_MS};
	take_run(MESSAGE_INTERVALS, 1, 5);
	take_run(MESSAGE_EVENTS, 6, 6);
	assert_int_equal(archive_store_forget(second, &forget), ARCHIVE_OK);
	assert_int_equal(archive_fixture_number("SELECT count(*) FROM intervals"), 3);
	assert_int_equal(archive_fixture_number("SELECT count(*) FROM events"), 0);
	take_run(MESSAGE_INTERVALS, 1, 5);
	assert_int_equal(archive_fixture_number("SELECT count(*) FROM intervals"), 3);
	assert_int_equal(standing(store, "s1", STREAM_ENERGY).through, 6);
	assert_int_equal(
		archive_fixture_number("SELECT count(*) FROM log WHERE kind = 'forgotten'"), 1);
	forget.meter = "other";
	assert_int_equal(archive_store_forget(store, &forget), ARCHIVE_REFUSED);
	assert_non_null(strstr(archive_store_reason(store), "no meter \"other\""));
}

static void rows_of_any_month_find_room(void **state)
{
	static const int64_t starts_ms[] = {0, 1577836799000, 1577836800000, BEGIN_MS - 1, BEGIN_MS,
		INT64_C(2840140799000), INT64_C(4102444800000), INT64_C(253402300799000)};
	struct said said;
	(void)state;
	for (size_t i = 0; i < sizeof(starts_ms) / sizeof(starts_ms[0]); i++) {
		said_run(&said, MESSAGE_INTERVALS, (int64_t)i + 1, (int64_t)i + 1);
		said.intervals[0].row.start_wall_ms = starts_ms[i];
		said.intervals[0].row.end_wall_ms = starts_ms[i] + 1000;
		assert_int_equal(take(i % 2 ? store : second, &said).rows, 1);
	}
	assert_int_equal(standing(store, "s1", STREAM_ENERGY).through, 8);
	assert_int_equal(archive_fixture_number("SELECT count(*) FROM energy"), 8);
}

static void the_gateways_are_listed_with_what_is_expected_of_them(void **state)
{
	struct archive_gateway *gateways;
	size_t count;
	(void)state;
	take_run(MESSAGE_INTERVALS, 1, 3);
	take_run(MESSAGE_INTERVALS, 7, 8);
	assert_int_equal(archive_store_gateways(store, &gateways, &count), ARCHIVE_OK);
	assert_int_equal(count, 1);
	assert_string_equal(gateways[0].name, SAID_GATEWAY);
	assert_int_equal(gateways[0].expected[STREAM_ENERGY], 8);
	assert_int_equal(gateways[0].arrived[STREAM_ENERGY], 5);
	assert_int_equal(gateways[0].last_seen_wall_ms, BEGIN_MS);
	free(gateways);
}

/* As a hypertable or a distributed table is: the archive adds no partitions to it. */
static void tables_made_by_hand_are_taken_as_they_are(void **state)
{
	struct archive_store *by_hand = NULL;
	char reason[ARCHIVE_REASON_MAX];
	struct said said;
	(void)state;
	const char *where = archive_fixture_new();
	archive_fixture_exec(
		"CREATE TABLE intervals (gateway INTEGER, store INTEGER, id BIGINT, start_ms "
		"BIGINT, "
		"end_ms BIGINT, series INTEGER, quality TEXT, energy BIGINT, method TEXT, flags "
		"TEXT, "
		"correction INTEGER, revision INTEGER, reading_start BIGINT, reading_end BIGINT, "
		"clock TEXT, arrived_ms BIGINT, PRIMARY KEY (gateway, store, id, start_ms))");
	assert_int_equal(archive_store_open(where, &by_hand, reason), ARCHIVE_OK);
	said_run(&said, MESSAGE_INTERVALS, 1, 2);
	assert_int_equal(take(by_hand, &said).rows, 2);
	assert_int_equal(archive_fixture_number("SELECT count(*) FROM energy"), 2);
	archive_store_close(by_hand);
}

static void a_newer_format_is_left_untouched(void **state)
{
	(void)state;
	archive_fixture_exec("INSERT INTO format VALUES (3)");
	assert_int_equal(archive_store_reopen(store), ARCHIVE_NEWER);
	assert_non_null(strstr(archive_store_reason(store), "version 3"));
}

static void what_is_nowhere_is_not_available(void **state)
{
	struct archive_store *none = NULL;
	char reason[ARCHIVE_REASON_MAX];
	(void)state;
	assert_int_equal(
		archive_store_open("/nowhere/archive.db", &none, reason), ARCHIVE_UNAVAILABLE);
	assert_int_equal(
		archive_store_open("host=/nowhere user=x", &none, reason), ARCHIVE_UNAVAILABLE);
	assert_non_null(strstr(reason, "/nowhere"));
	assert_null(none);
}

/* Pieces of a stream in any order, some twice, by two workers. */
static void in_any_order_and_by_two_workers_the_sum_is_the_same(void **state)
{
	unsigned seed = (unsigned)time(NULL);
	int64_t order[2 * IDS];
	(void)state;
	print_message("seed %u\n", seed);
	srand(seed);
	for (int64_t i = 0; i < 2 * IDS; i++) {
		int64_t at = rand() % (i + 1);
		order[i] = order[at];
		order[at] = i % IDS + 1;
	}
	for (size_t i = 0; i < 2 * IDS; i++) {
		struct said said;
		said_run(&said, MESSAGE_INTERVALS, order[i], order[i]);
		take(rand() % 2 ? store : second, &said);
	}
	assert_int_equal(standing(store, "s1", STREAM_ENERGY).through, IDS);
	assert_int_equal(archive_fixture_number("SELECT count(*) FROM intervals"), IDS);
	assert_int_equal(archive_fixture_number("SELECT CAST(sum(steps) AS BIGINT) FROM energy"),
		IDS * (IDS + 1) / 2 * KWH);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest on_either[] = {
		TEST(a_row_is_there_once_and_the_receipt_counts_it),
		TEST(what_is_not_committed_is_in_no_receipt),
		TEST(a_hole_is_named_until_it_is_filled),
		TEST(the_same_id_with_other_content_is_a_conflict_no_receipt_goes_past),
		TEST(an_event_with_the_id_of_an_interval_is_a_conflict),
		TEST(what_is_gone_counts_as_closed),
		TEST(every_revision_is_kept_and_what_was_known_can_be_repeated),
		TEST(a_message_that_contradicts_itself_is_refused),
		TEST(what_is_refused_is_kept_once_with_its_reason),
		TEST(the_quarantine_of_a_gateway_is_bounded),
		TEST(what_was_forgotten_does_not_come_back),
		TEST(rows_of_any_month_find_room),
		TEST(the_gateways_are_listed_with_what_is_expected_of_them),
		TEST(tables_made_by_hand_are_taken_as_they_are),
		TEST(a_newer_format_is_left_untouched),
		TEST(what_is_nowhere_is_not_available),
		TEST(in_any_order_and_by_two_workers_the_sum_is_the_same),
	};
	int failed = cmocka_run_group_tests_name(
		"SQLite", on_either, archive_fixture_sqlite, archive_fixture_end);
	return failed + cmocka_run_group_tests_name("PostgreSQL", on_either,
				archive_fixture_postgres, archive_fixture_end);
}
