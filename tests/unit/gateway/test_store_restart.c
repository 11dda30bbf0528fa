/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_store_restart.c -- What accounting goes on from after a restart: the
 * newest row by time, whatever is found out later about older ones, and a
 * frontier where rows do not tell.
 */
#include <string.h>

#include "tests/fakes/store_fixture.h"

#define QUARTER(number) (STORE_FIXTURE_T0 + (number)*INT64_C(900000))

/* Which rows count must be the same in the running store, after a power failure and after a close;
 * 0: none. */
static void check_last(struct store_fixture *fixture, int64_t last_id, int64_t known_id)
{
	for (int started = 0; started < 4; started++) {
		struct interval_row row = {0};
		assert_int_equal(store_commit(fixture->store), STORE_OK);
		assert_int_equal(store_last_interval(fixture->store, 0, &row), last_id > 0);
		assert_int_equal(row.id, last_id);
		row.id = 0;
		assert_int_equal(store_last_known_interval(fixture->store, 0, &row), known_id > 0);
		assert_int_equal(row.id, known_id);
		if (started == 0) {
			store_fixture_cut_power(fixture);
		} else {
			store_fixture_close(fixture);
			store_fixture_open(fixture);
		}
	}
}

static struct interval_row revised(int number, int32_t revision)
{
	struct interval_row row = store_fixture_quarter(0, number);

	row.revision = revision;
	return row;
}

static struct interval_row without_readings(int number, int32_t revision)
{
	struct interval_row row = revised(number, revision);

	row.quality = QUALITY_MISSING;
	row.has_readings = false;
	return row;
}

static void open_with_quarters(struct store_fixture *fixture, int count)
{
	store_fixture_open(fixture);
	assert_int_equal(store_fixture_series(fixture, "main"), 0);
	store_fixture_append_quarters(fixture, 0, 0, count);
}

/* The state a frontier at a quarter's beginning makes, behind all that was given so far. */
static void set_frontier(struct store_fixture *fixture, int frontier, int published)
{
	struct event_row event = {.at_wall_ms = STORE_FIXTURE_T0};

	assert_int_equal(store_append_event(fixture->store, &event), STORE_OK);
	const struct series_state state = {
		.scale = {1, 1},
		.has_frontier = true,
		.after_id = event.id,
		.frontier_wall_ms = QUARTER(frontier),
		.published_wall_ms = QUARTER(published),
	};
	store_set_series_state(fixture->store, 0, &state);
}

static void of_several_revisions_the_newest_is_gone_on_from(void **state)
{
	struct store_fixture *fixture = *state;

	open_with_quarters(fixture, 4);
	store_fixture_append(fixture, revised(3, 1));
	assert_int_equal(store_fixture_append(fixture, revised(3, 2)), 6);
	check_last(fixture, 6, 6);
}

static void a_finding_about_last_month_is_not_gone_on_from(void **state)
{
	struct store_fixture *fixture = *state;

	open_with_quarters(fixture, 4);
	store_fixture_append(fixture, revised(0, 1));
	store_fixture_append(fixture, without_readings(1, 1));
	check_last(fixture, 4, 4);
}

static void a_row_made_null_later_is_no_longer_the_newest_known_one(void **state)
{
	struct store_fixture *fixture = *state;

	open_with_quarters(fixture, 4);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	assert_int_equal(store_fixture_append(fixture, without_readings(3, 1)), 5);
	check_last(fixture, 5, 3);
	assert_int_equal(store_fixture_append(fixture, without_readings(2, 1)), 6);
	check_last(fixture, 5, 2);
	assert_int_equal(store_fixture_append(fixture, revised(3, 2)), 7);
	check_last(fixture, 7, 7);
}

static void the_known_row_outlives_the_rows_given_up_though_one_was_made_null(void **state)
{
	struct store_fixture *fixture = *state;
	struct interval_row row;

	open_with_quarters(fixture, 4);
	store_fixture_append(fixture, without_readings(3, 1));
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	store_fixture_close(fixture);
	store_fixture_run_sql(fixture, "store.db", "DELETE FROM interval");
	store_fixture_open(fixture);
	assert_true(store_last_known_interval(fixture->store, 0, &row));
	assert_int_equal(row.id, 3);
	assert_true(store_last_interval(fixture->store, 0, &row));
	assert_int_equal(row.id, 5);
}

static void nothing_is_known_when_all_was_made_null(void **state)
{
	struct store_fixture *fixture = *state;

	open_with_quarters(fixture, 1);
	assert_int_equal(store_fixture_append(fixture, without_readings(0, 1)), 2);
	check_last(fixture, 2, 0);
}

static void rows_before_a_frontier_are_not_looked_at(void **state)
{
	struct store_fixture *fixture = *state;

	open_with_quarters(fixture, 4);
	set_frontier(fixture, 4, 4);
	check_last(fixture, 0, 0);
}

static void a_frontier_holds_until_a_row_with_readings(void **state)
{
	struct store_fixture *fixture = *state;

	open_with_quarters(fixture, 4);
	set_frontier(fixture, 4, 4);
	assert_int_equal(store_fixture_append(fixture, without_readings(4, 0)), 6);
	check_last(fixture, 6, 0);
	assert_int_equal(store_fixture_append(fixture, revised(4, 1)), 7);
	check_last(fixture, 7, 7);
	assert_int_equal(store_fixture_append(fixture, without_readings(5, 0)), 8);
	check_last(fixture, 8, 7);
}

static void a_finding_about_a_row_before_the_frontier_does_not_end_it(void **state)
{
	struct store_fixture *fixture = *state;

	open_with_quarters(fixture, 4);
	set_frontier(fixture, 4, 4);
	store_fixture_append(fixture, revised(3, 1));
	check_last(fixture, 0, 0);
}

/* The clock was an hour ahead, and is set back to the end of quarter 2. */
static void after_a_clock_that_was_set_back_only_rows_made_again_count(void **state)
{
	struct store_fixture *fixture = *state;

	open_with_quarters(fixture, 6);
	set_frontier(fixture, 2, 6);
	assert_int_equal(store_fixture_append(fixture, revised(5, 1)), 8); /* found out later */
	check_last(fixture, 0, 0);
	assert_int_equal(store_fixture_append(fixture, revised(2, 1)), 9);
	check_last(fixture, 9, 9);
	assert_int_equal(store_fixture_append(fixture, revised(3, 1)), 10);
	assert_int_equal(store_fixture_append(fixture, revised(5, 2)), 11);
	check_last(fixture, 10, 10);
	store_fixture_append(fixture, revised(4, 1));
	store_fixture_append(fixture, revised(5, 3));
	assert_int_equal(store_fixture_append(fixture, revised(6, 0)), 14);
	check_last(fixture, 14, 14);
}

static void rows_that_wait_when_a_frontier_is_set_are_behind_it(void **state)
{
	struct store_fixture *fixture = *state;

	open_with_quarters(fixture, 3);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	store_fixture_append_quarters(fixture, 0, 3, 5);
	set_frontier(fixture, 2, 2);
	assert_int_equal(store_fixture_append(fixture, revised(2, 1)), 7);
	check_last(fixture, 7, 7);
}

static void rows_after_a_frontier_are_found_when_it_is_set_late(void **state)
{
	struct store_fixture *fixture = *state;
	const struct series_state late = {
		.scale = {1, 1},
                  .has_frontier = true, .after_id = 2
        };

	open_with_quarters(fixture, 2);
	store_fixture_append(fixture, revised(0, 1));
	store_fixture_append_quarters(fixture, store_fixture_series(fixture, "heat"), 0, 1);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	store_fixture_close(fixture); /* keeps 2 and 4, and reads from there at the next start */
	store_fixture_open(fixture);
	store_set_series_state(fixture->store, 0, &late);
	check_last(fixture, 3, 3);
}

static void a_frontier_gives_way_to_a_newer_one(void **state)
{
	struct store_fixture *fixture = *state;

	open_with_quarters(fixture, 4);
	set_frontier(fixture, 4, 4);
	store_fixture_append(fixture, revised(4, 0));
	set_frontier(fixture, 5, 5);
	check_last(fixture, 0, 0);
	assert_int_equal(store_fixture_append(fixture, revised(5, 0)), 8);
	check_last(fixture, 8, 8);
}

static void rows_behind_a_frontier_stay_there_when_it_is_taken_back(void **state)
{
	struct store_fixture *fixture = *state;
	const struct series_state plain = {
		.scale = {1, 1}
        };

	open_with_quarters(fixture, 6);
	set_frontier(fixture, 2, 6);
	store_fixture_append(fixture, revised(2, 1));
	store_set_series_state(fixture->store, 0, &plain);
	check_last(fixture, 8, 8);
}

static void a_frontier_of_one_series_does_not_touch_another(void **state)
{
	struct store_fixture *fixture = *state;
	struct interval_row row;

	open_with_quarters(fixture, 2);
	int32_t other = store_fixture_series(fixture, "heat");
	store_fixture_append_quarters(fixture, other, 0, 2);
	set_frontier(fixture, 2, 2);
	check_last(fixture, 0, 0);
	assert_true(store_last_known_interval(fixture->store, other, &row));
	assert_int_equal(row.id, 4);
}

#define WITH_STORE(test) \
	cmocka_unit_test_setup_teardown(test, store_fixture_setup, store_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(of_several_revisions_the_newest_is_gone_on_from),
		WITH_STORE(a_finding_about_last_month_is_not_gone_on_from),
		WITH_STORE(a_row_made_null_later_is_no_longer_the_newest_known_one),
		WITH_STORE(the_known_row_outlives_the_rows_given_up_though_one_was_made_null),
		WITH_STORE(nothing_is_known_when_all_was_made_null),
		WITH_STORE(rows_before_a_frontier_are_not_looked_at),
		WITH_STORE(a_frontier_holds_until_a_row_with_readings),
		WITH_STORE(a_finding_about_a_row_before_the_frontier_does_not_end_it),
		WITH_STORE(after_a_clock_that_was_set_back_only_rows_made_again_count),
		WITH_STORE(rows_that_wait_when_a_frontier_is_set_are_behind_it),
		WITH_STORE(rows_after_a_frontier_are_found_when_it_is_set_late),
		WITH_STORE(a_frontier_gives_way_to_a_newer_one),
		WITH_STORE(rows_behind_a_frontier_stay_there_when_it_is_taken_back),
		WITH_STORE(a_frontier_of_one_series_does_not_touch_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
