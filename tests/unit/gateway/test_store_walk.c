/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_store_walk.c -- Looking back: every row once and in order, the newest
 * revision of each interval, and nothing held open meanwhile.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/fakes/store_fixture.h"

#define QUARTER(number) (STORE_FIXTURE_T0 + (number)*INT64_C(900000))

enum { SEEN_MAX = 1000 };

struct seen {
	struct store_fixture *fixture;
	int64_t ids[SEEN_MAX];
	size_t count;
	size_t stop_after; /* 0: never */
};

static bool see(void *context, const struct interval_row *row)
{
	struct seen *seen = context;

	assert_true(seen->count < SEEN_MAX);
	seen->ids[seen->count++] = row->id;
	return seen->count != seen->stop_after;
}

static int64_t walk(struct store_fixture *fixture, struct seen *seen, int64_t after, size_t max)
{
	const struct store_walk walk = {after, max, see, seen};
	int64_t through = -1;

	assert_int_equal(store_walk_intervals(fixture->store, &walk, &through), STORE_OK);
	return through;
}

static void a_walk_visits_every_row_once_in_pieces_of_any_size(void **state)
{
	struct store_fixture *fixture = *state;
	static const size_t sizes[] = {1, 7, 63, 64, 65, 128, 300, SIZE_MAX};

	store_fixture_open(fixture);
	store_fixture_append_quarters(fixture, store_fixture_series(fixture, "main"), 0, 128);
	store_fixture_append_quarters(fixture, store_fixture_series(fixture, "heat"), 0, 128);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	store_fixture_append_quarters(fixture, 0, 128, 140); /* not committed: not visited */
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct seen seen = {0};
		int64_t after = 0, through = 0;
		while ((through = walk(fixture, &seen, after, sizes[i])) != after) {
			assert_true(sizes[i] > 256 || through - after <= (int64_t)sizes[i]);
			after = through;
		}
		assert_int_equal(seen.count, 256);
		for (size_t j = 0; j < seen.count; j++) {
			assert_int_equal(seen.ids[j], j + 1);
		}
	}
}

static void a_walk_ends_where_the_visitor_says(void **state)
{
	struct store_fixture *fixture = *state;
	struct seen seen = {.stop_after = 70};

	store_fixture_open(fixture);
	store_fixture_append_quarters(fixture, store_fixture_series(fixture, "main"), 0, 200);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	assert_int_equal(walk(fixture, &seen, 5, SIZE_MAX), 75);
	assert_int_equal(seen.count, 70);
	assert_int_equal(walk(fixture, &seen, 200, SIZE_MAX), 200);
	assert_int_equal(seen.count, 70);
}

/* Another program folds the journal in: "0|0|0" when no reader stands in its way. */
static bool fold_from_outside(void *context, const struct interval_row *row)
{
	struct seen *seen = context;
	char command[300];
	char answer[64] = "";

	snprintf(command, sizeof(command),
		"sqlite3 '%s/store.db' 'PRAGMA wal_checkpoint(TRUNCATE)'",
		seen->fixture->directory);
	FILE *shell = popen(command, "r");
	assert_non_null(shell);
	assert_non_null(fgets(answer, sizeof(answer), shell));
	assert_int_equal(pclose(shell), 0);
	assert_string_equal(answer, "0|0|0\n");
	return see(context, row) && seen->count < 3;
}

static void a_visitor_does_not_keep_the_journal_from_being_folded_in(void **state)
{
	struct store_fixture *fixture = *state;
	struct seen seen = {.fixture = fixture};
	int64_t through;

	store_fixture_open(fixture);
	store_fixture_append_quarters(fixture, store_fixture_series(fixture, "main"), 0, 200);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	const struct store_walk all = {0, SIZE_MAX, fold_from_outside, &seen};
	assert_int_equal(store_walk_intervals(fixture->store, &all, &through), STORE_OK);
	assert_int_equal(seen.count, 3);
	const struct store_range range = {0, QUARTER(0), QUARTER(200)};
	seen.count = 0;
	assert_int_equal(
		store_newest_intervals(fixture->store, &range, fold_from_outside, &seen), STORE_OK);
	assert_int_equal(seen.count, 3);
}

/* Puts a new revision of each row it is shown, and commits. */
static bool flag_it(void *context, const struct interval_row *row)
{
	struct seen *seen = context;
	struct interval_row flagged = *row;

	flagged.revision++;
	store_fixture_append(seen->fixture, flagged);
	assert_int_equal(store_commit(seen->fixture->store), STORE_OK);
	return see(context, row);
}

static void a_visitor_may_write_to_the_store(void **state)
{
	struct store_fixture *fixture = *state;
	struct seen seen = {.fixture = fixture, .stop_after = 150};
	int64_t through;

	store_fixture_open(fixture);
	store_fixture_append_quarters(fixture, store_fixture_series(fixture, "main"), 0, 100);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	const struct store_walk all = {0, SIZE_MAX, flag_it, &seen};
	assert_int_equal(store_walk_intervals(fixture->store, &all, &through), STORE_OK);
	assert_int_equal(through, 150);
	assert_int_equal(store_cursor(fixture->store, STREAM_ENERGY).last, 250);
}

static void check_newest(struct store_fixture *fixture, int64_t from_wall_ms, int64_t to_wall_ms,
	const char *expected)
{
	const struct store_range range = {0, from_wall_ms, to_wall_ms};
	struct seen seen = {0};
	char text[256] = "";
	size_t at = 0;

	assert_int_equal(store_newest_intervals(fixture->store, &range, see, &seen), STORE_OK);
	for (size_t i = 0; i < seen.count && at < 200; i++) {
		at += (size_t)snprintf(
			text + at, sizeof(text) - at, "%s%d", i > 0 ? " " : "", (int)seen.ids[i]);
	}
	assert_string_equal(text, expected);
}

static void the_newest_revision_of_each_interval_comes_in_order_of_time(void **state)
{
	struct store_fixture *fixture = *state;

	store_fixture_open(fixture);
	int32_t main = store_fixture_series(fixture, "main");
	store_fixture_append_quarters(fixture, main, 0, 4); /* 1-4 */
	store_fixture_append_quarters(
		fixture, store_fixture_series(fixture, "heat"), 0, 4); /* 5-8 */
	struct interval_row revised = store_fixture_quarter(main, 1);
	revised.revision = 1;
	assert_int_equal(store_fixture_append(fixture, revised), 9);
	revised.quality = QUALITY_MISSING; /* null again: still the newest */
	revised.has_readings = false;
	assert_int_equal(store_fixture_append(fixture, revised), 10);
	struct interval_row earlier = store_fixture_quarter(main, -1);
	assert_int_equal(store_fixture_append(fixture, earlier), 11);
	struct interval_row longer = store_fixture_quarter(main, 4);
	longer.end_wall_ms = QUARTER(8);
	assert_int_equal(store_fixture_append(fixture, longer), 12);
	assert_int_equal(store_commit(fixture->store), STORE_OK);

	check_newest(fixture, QUARTER(-9), QUARTER(99), "11 1 10 3 4 12");
	check_newest(fixture, QUARTER(1), QUARTER(3), "10 3");
	check_newest(fixture, QUARTER(1) - 1, QUARTER(3) + 1, "1 10 3 4");
	check_newest(fixture, QUARTER(5), QUARTER(6), "12");
	check_newest(fixture, QUARTER(8), QUARTER(9), "");
	check_newest(fixture, QUARTER(-2), QUARTER(-1), "");
}

static void a_row_is_found_by_its_id_also_while_it_waits(void **state)
{
	struct store_fixture *fixture = *state;
	struct interval_row row = {0};

	store_fixture_open(fixture);
	int32_t series = store_fixture_series(fixture, "main");
	store_fixture_append_quarters(fixture, series, 0, 3);
	for (int committed = 0; committed < 2; committed++) {
		assert_true(store_interval_by_id(fixture->store, 2, &row));
		assert_int_equal(row.id, 2);
		assert_int_equal(row.start_wall_ms, QUARTER(1));
		assert_false(store_interval_by_id(fixture->store, 0, &row));
		assert_false(store_interval_by_id(fixture->store, 4, &row));
		assert_int_equal(store_commit(fixture->store), STORE_OK);
	}
	struct event_row event = {.at_wall_ms = STORE_FIXTURE_T0};
	assert_int_equal(store_append_event(fixture->store, &event), STORE_OK);
	assert_false(store_interval_by_id(fixture->store, event.id, &row));
	struct interval_row flagged = row;
	flagged.revision++;
	int64_t id = store_fixture_append(fixture, flagged);
	assert_true(store_interval_by_id(fixture->store, id, &row));
	assert_int_equal(row.revision, 1);
}

static void the_first_interval_is_the_oldest_by_time_that_still_has_readings(void **state)
{
	struct store_fixture *fixture = *state;
	struct interval_row row = {0};

	store_fixture_open(fixture);
	int32_t main = store_fixture_series(fixture, "main");
	int32_t none = store_fixture_series(fixture, "none");
	store_fixture_append_quarters(fixture, main, 5, 8);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	assert_true(store_first_interval(fixture->store, main, &row));
	assert_int_equal(row.id, 1);
	assert_false(store_first_interval(fixture->store, none, &row));

	struct interval_row bridged = store_fixture_quarter(main, 0);
	int64_t bridge = store_fixture_append(fixture, bridged);
	bridged.revision = 1;
	int64_t again = store_fixture_append(fixture, bridged);
	struct interval_row missing = store_fixture_quarter(main, -3);
	missing.has_readings = false;
	store_fixture_append(fixture, missing);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	assert_true(store_first_interval(fixture->store, main, &row));
	assert_int_equal(row.id, again);
	assert_true(again > bridge);

	bridged.has_readings = false;
	bridged.revision = 2;
	store_fixture_append(fixture, bridged);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	assert_true(store_first_interval(fixture->store, main, &row));
	assert_int_equal(row.id, 1);
}

static void series_are_counted(void **state)
{
	struct store_fixture *fixture = *state;

	store_fixture_open(fixture);
	assert_int_equal(store_series_count(fixture->store), 0);
	store_fixture_series(fixture, "main");
	assert_int_equal(store_fixture_series(fixture, "heat"), 1);
	assert_int_equal(store_series_count(fixture->store), 2);
}

/* ---- Ids and time ---- */

enum { HISTORY_MAX = 60000 };

/* When each row was written, by id. */
struct history {
	struct store_fixture *fixture;
	int64_t written_wall_ms[HISTORY_MAX + 1];
	int64_t now_wall_ms;
	int64_t count;
	uint64_t random;
};

static uint32_t chance(struct history *history, uint32_t below)
{
	history->random = history->random * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(history->random >> 33) % below;
}

static void write_row(struct history *history, struct interval_row row)
{
	history->count = store_fixture_append(history->fixture, row);
	assert_true(history->count <= HISTORY_MAX);
	history->written_wall_ms[history->count] = history->now_wall_ms;
}

static void write_started(struct history *history)
{
	struct event_row event = {.at_wall_ms = history->now_wall_ms,
		.kind = EVENT_STARTED,
		.clock = CLOCK_STATE_SYNCHRONISED};

	assert_int_equal(store_append_event(history->fixture->store, &event), STORE_OK);
	history->count = event.id;
	history->written_wall_ms[event.id] = history->now_wall_ms;
}

/* Rows are written up to a deadline after their end. */
static void pass_time(struct history *history, int quarter)
{
	int64_t later_wall_ms = QUARTER(quarter) + (int64_t)chance(history, 1200) * 1000;

	if (later_wall_ms > history->now_wall_ms) {
		history->now_wall_ms = later_wall_ms;
	}
}

/* A person settles, or flags find, up to a month of rows at once. */
static void revise_some(struct history *history, int quarter)
{
	int first = (int)chance(history, (uint32_t)quarter + 1);
	int count = (int)chance(history, 3000);

	history->now_wall_ms += 1000;
	for (int i = first; i < first + count && i < quarter; i++) {
		struct interval_row row = store_fixture_quarter(0, i);
		row.revision = 1;
		write_row(history, row);
	}
}

/* Rows of some series; now and then the gateway is off for days, or many old rows are revised. */
static void write_history(struct history *history, int quarters)
{
	for (int quarter = 0; quarter < quarters && history->count < HISTORY_MAX - 4000;) {
		int until = quarter + 1;
		bool was_off = chance(history, 500) == 0;
		until += was_off ? (int)chance(history, 400) : 0;
		pass_time(history, until);
		if (was_off) {
			write_started(history);
		}
		for (int32_t series = 0; series < 4; series++) {
			for (int i = quarter; i < until; i++) {
				write_row(history, store_fixture_quarter(series, i));
			}
		}
		quarter = until;
		if (chance(history, 400) == 0) {
			revise_some(history, quarter - 1);
		}
	}
	assert_int_equal(store_commit(history->fixture->store), STORE_OK);
}

static void every_row_written_since_is_above_the_id_before(void **state)
{
	struct history *history = calloc(1, sizeof(*history));
	int64_t checked = 0, total = 0;

	assert_non_null(history);
	const char *seed = getenv("BYPORT_SEED");
	history->random = seed ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL);
	printf("seed %llu\n", (unsigned long long)history->random);
	history->fixture = *state;
	store_fixture_open(history->fixture);
	for (int32_t i = 0; i < 4; i++) {
		char meter[8];
		snprintf(meter, sizeof(meter), "m%d", (int)i);
		assert_int_equal(store_fixture_series(history->fixture, meter), i);
	}
	write_history(history, 12000);
	for (int64_t since = 1; since <= history->count; since += 251) {
		int64_t wall_ms = history->written_wall_ms[since];
		int64_t first = since;
		while (first > 1 && history->written_wall_ms[first - 1] >= wall_ms) {
			first--;
		}
		int64_t before = store_id_before(history->fixture->store, wall_ms);
		assert_true(before < first);
		total += first - before;
		checked++;
	}
	/* And not by reading all: some rows further back on the average, not half the store. */
	assert_true(checked > 100);
	assert_true(total / checked < 3000);
	assert_int_equal(store_id_before(history->fixture->store, STORE_FIXTURE_T0 - 1), 0);
	free(history);
}

static void an_id_is_not_told_where_ids_do_not_follow_time(void **state)
{
	struct store_fixture *fixture = *state;

	store_fixture_open(fixture);
	int32_t series = store_fixture_series(fixture, "main");
	assert_int_equal(store_id_before(fixture->store, QUARTER(0)), 0);
	store_fixture_append_quarters(fixture, series, 10000, 14000);
	store_fixture_append_quarters(fixture, series, 0, 4000); /* a year back, by a wrong clock */
	store_fixture_append_quarters(fixture, series, 14000, 18000);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	assert_int_equal(store_id_before(fixture->store, QUARTER(17000)), 0);
}

#define WITH_STORE(test) \
	cmocka_unit_test_setup_teardown(test, store_fixture_setup, store_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(a_walk_visits_every_row_once_in_pieces_of_any_size),
		WITH_STORE(a_walk_ends_where_the_visitor_says),
		WITH_STORE(a_visitor_does_not_keep_the_journal_from_being_folded_in),
		WITH_STORE(a_visitor_may_write_to_the_store),
		WITH_STORE(the_newest_revision_of_each_interval_comes_in_order_of_time),
		WITH_STORE(a_row_is_found_by_its_id_also_while_it_waits),
		WITH_STORE(the_first_interval_is_the_oldest_by_time_that_still_has_readings),
		WITH_STORE(series_are_counted),
		WITH_STORE(every_row_written_since_is_above_the_id_before),
		WITH_STORE(an_id_is_not_told_where_ids_do_not_follow_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
