/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_newest_intervals.c -- Every interval once, as its newest revision says,
 * whatever the order in which revisions were written.
 */
#include "tests/fakes/store_fixture.h"

#include <stdlib.h>
#include <time.h>

#include "gateway/newest_intervals.h"

enum { QUARTERS = 400, SERIES = 3, REVISIONS = 700, GIVEN_MAX = QUARTERS * SERIES };

struct given {
	struct interval_row rows[GIVEN_MAX];
	size_t count;
};

static bool take(void *context, const struct interval_row *row)
{
	struct given *given = context;
	assert_true(given->count < GIVEN_MAX);
	given->rows[given->count++] = *row;
	return true;
}

/* Nothing has become coarse here. */
static bool none_coarse(void *context, const struct coarse_interval *row)
{
	(void)context, (void)row;
	fail();
	return false;
}

static void append(struct store_fixture *fixture, struct interval_row row)
{
	assert_int_equal(store_append_interval(fixture->store, &row), STORE_OK);
}

static void revise(struct store_fixture *fixture, int32_t series, int number, int revision)
{
	struct interval_row row = store_fixture_quarter(series, number);
	row.revision = revision;
	row.energy = 100000 + revision;
	append(fixture, row);
}

static void commit(struct store_fixture *fixture)
{
	assert_int_equal(store_commit(fixture->store), STORE_OK);
}

static void open_with_series(struct store_fixture *fixture)
{
	static const char *const meters[SERIES] = {"main", "hall", "heat"};
	store_fixture_open(fixture);
	for (int i = 0; i < SERIES; i++)
		assert_int_equal(store_fixture_series(fixture, meters[i]), i);
}

/* What the store itself says of one series. */
static void assert_same_as_store(struct store_fixture *fixture, const struct given *given,
	int32_t series, int64_t from_wall_ms)
{
	static struct given expected;
	expected.count = 0;
	struct store_range range = {series, from_wall_ms, INT64_MAX};
	assert_int_equal(store_newest_intervals(fixture->store, &range, take, &expected), STORE_OK);
	size_t next = 0;
	for (size_t i = 0; i < given->count; i++)
		if (given->rows[i].series == series) {
			assert_true(next < expected.count);
			assert_int_equal(
				given->rows[i].start_wall_ms, expected.rows[next].start_wall_ms);
			assert_int_equal(given->rows[i].id, expected.rows[next].id);
			next++;
		}
	assert_int_equal(next, expected.count);
}

static void random_revisions_are_given_once_and_newest(void **state)
{
	struct store_fixture *fixture = *state;
	static struct given given;
	int revisions[SERIES][QUARTERS] = {{0}};
	const unsigned seed = (unsigned)time(NULL);
	print_message("seed %u\n", seed);
	srand(seed);
	open_with_series(fixture);
	for (int i = 0; i < QUARTERS; i++)
		for (int32_t j = 0; j < SERIES; j++) {
			append(fixture, store_fixture_quarter(j, i));
			int number = rand() % (i + 1);
			if (rand() % 2)
				revise(fixture, j, number, ++revisions[j][number]);
		}
	commit(fixture);
	for (int from = 0; from <= QUARTERS; from += QUARTERS / 4) {
		int64_t from_wall_ms = STORE_FIXTURE_T0 + (int64_t)from * STORE_FIXTURE_QUARTER_MS;
		given.count = 0;
		assert_true(newest_intervals_visit(fixture->store, from_wall_ms,
			&(struct newest_visitors){take, none_coarse, &given}));
		for (int32_t j = 0; j < SERIES; j++)
			assert_same_as_store(fixture, &given, j, from_wall_ms);
	}
}

static void portions_give_the_same_as_all_at_once(void **state)
{
	struct store_fixture *fixture = *state;
	static struct given given;
	const struct newest_visitors taking = {take, none_coarse, &given};
	given.count = 0;
	open_with_series(fixture);
	store_fixture_append_quarters(fixture, 0, 0, 50);
	revise(fixture, 0, 7, 1);
	revise(fixture, 0, 7, 2);
	revise(fixture, 0, 60, 1); /* written anew: its first row is no first revision */
	commit(fixture);
	struct newest_intervals *walk = newest_intervals_new(fixture->store, 0);
	int steps = 0;
	while (newest_intervals_step(walk, 3, &taking) == NEWEST_GOES_ON)
		steps++;
	assert_true(steps > 30);
	assert_int_equal(given.count, 51);
	assert_int_equal(given.rows[7].energy, 100002);
	assert_int_equal(given.rows[50].energy, 100001);
	assert_int_equal(
		newest_intervals_through(walk), store_cursor(fixture->store, STREAM_ENERGY).last);
	newest_intervals_free(walk);
}

static void rows_of_meanwhile_come_with_another_step(void **state)
{
	struct store_fixture *fixture = *state;
	static struct given given;
	const struct newest_visitors taking = {take, none_coarse, &given};
	given.count = 0;
	open_with_series(fixture);
	store_fixture_append_quarters(fixture, 0, 0, 5);
	commit(fixture);
	struct newest_intervals *walk = newest_intervals_new(fixture->store, 0);
	while (newest_intervals_step(walk, 100, &taking) == NEWEST_GOES_ON)
		;
	assert_int_equal(given.count, 5);
	store_fixture_append_quarters(fixture, 0, 5, 7);
	revise(fixture, 0, 2, 1); /* of one already given */
	commit(fixture);
	assert_int_equal(newest_intervals_step(walk, 100, &taking), NEWEST_GOES_ON);
	assert_int_equal(newest_intervals_step(walk, 100, &taking), NEWEST_CAUGHT_UP);
	assert_int_equal(given.count, 7);
	assert_int_equal(given.rows[6].start_wall_ms,
		STORE_FIXTURE_T0 + 6 * (int64_t)STORE_FIXTURE_QUARTER_MS);
	newest_intervals_free(walk);
}

static bool refuse(void *context, const struct interval_row *row)
{
	(void)row;
	return ++*(int *)context < 2;
}

static void an_empty_store_has_none(void **state)
{
	struct store_fixture *fixture = *state;
	int visits = 0;
	store_fixture_open(fixture);
	assert_true(newest_intervals_visit(
		fixture->store, 0, &(struct newest_visitors){refuse, none_coarse, &visits}));
	assert_int_equal(visits, 0);
	assert_null(newest_intervals_free(NULL));
}

#define SCENE(test) \
	cmocka_unit_test_setup_teardown(test, store_fixture_setup, store_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(random_revisions_are_given_once_and_newest),
		SCENE(portions_give_the_same_as_all_at_once),
		SCENE(rows_of_meanwhile_come_with_another_step),
		SCENE(an_empty_store_has_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
