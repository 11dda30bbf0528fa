/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_store_room.c -- The budget: trends go first, undelivered energy never, and what
 * finds no room waits.
 */
#include <string.h>

#include "tests/fakes/store_fixture.h"

static void under_a_small_budget_trends_go_first_and_energy_stays(void **state)
{
	struct store_fixture *fixture = *state;
	struct store_row row;
	size_t count = 0;

	assert_int_equal(store_fixture_open_as(fixture, "", 2 << 20), STORE_OK);
	int32_t series = store_fixture_series(fixture, "main");
	for (int day = 0; day < 60; day++) {
		store_fixture_append_quarters(fixture, series, day * 96, (day + 1) * 96);
		store_fixture_append_trends(fixture, series, day * 1440, (day + 1) * 1440);
		assert_int_equal(store_commit(fixture->store), STORE_OK);
		assert_true(store_bytes(fixture->store) <= 2 << 20);
	}
	struct store_loss loss = store_loss(fixture->store);
	assert_true(loss.trend_rows > 0);
	assert_int_equal(loss.trend_rows, loss.trend_through);
	assert_int_equal(store_read(fixture->store, STREAM_TRENDS, 0, 1, &row, &count), STORE_OK);
	assert_int_equal(count, 1);
	assert_int_equal(row.trend.id, loss.trend_through + 1);
	assert_int_equal(store_read(fixture->store, STREAM_ENERGY, 0, 1, &row, &count), STORE_OK);
	assert_int_equal(row.interval.id, 1);
}

static void undelivered_energy_never_goes_and_waits_when_the_budget_is_used_up(void **state)
{
	struct store_fixture *fixture = *state;
	struct store_row row;
	size_t count = 0;
	enum store_status status = STORE_OK;
	int quarters = 0;

	assert_int_equal(store_fixture_open_as(fixture, "", 2 << 20), STORE_OK);
	int32_t series = store_fixture_series(fixture, "main");
	while (status == STORE_OK && quarters < 100000) {
		store_fixture_append_quarters(fixture, series, quarters, quarters + 960);
		quarters += 960;
		status = store_commit(fixture->store);
	}
	assert_int_equal(status, STORE_FULL);
	assert_true(strlen(store_reason(fixture->store)) > 0);
	int64_t last = store_cursor(fixture->store, STREAM_ENERGY).last;
	assert_int_equal(last, quarters - 960);
	assert_int_equal(store_read(fixture->store, STREAM_ENERGY, 0, 1, &row, &count), STORE_OK);
	assert_int_equal(row.interval.id, 1);

	/* Delivered, the oldest may go, and what waited is written. */
	store_set_sent(fixture->store, STREAM_ENERGY, last / 2);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	assert_int_equal(store_cursor(fixture->store, STREAM_ENERGY).last, quarters);
	assert_int_equal(
		store_read(fixture->store, STREAM_ENERGY, last / 2, 1, &row, &count), STORE_OK);
	assert_int_equal(row.interval.id, last / 2 + 1);
}

static void rows_are_refused_when_no_more_may_wait(void **state)
{
	struct store_fixture *fixture = *state;
	enum store_status status = STORE_OK;
	int taken = 0;

	assert_int_equal(store_fixture_open_as(fixture, "", STORE_BYTES_MIN), STORE_OK);
	int32_t series = store_fixture_series(fixture, "main");
	while (status == STORE_OK && taken < 1000000) {
		struct interval_row row = store_fixture_quarter(series, taken);
		status = store_append_interval(fixture->store, &row);
		taken += status == STORE_OK;
		if (status == STORE_OK) {
			assert_int_equal(row.id, taken);
		}
	}
	assert_int_equal(status, STORE_FULL);
}

static void last_intervals_outlive_the_rows_given_up(void **state)
{
	struct store_fixture *fixture = *state;
	struct interval_row row;
	struct event_row event = {.at_wall_ms = STORE_FIXTURE_T0};

	assert_int_equal(store_fixture_open_as(fixture, "", STORE_BYTES_MIN), STORE_OK);
	int32_t dead = store_fixture_series(fixture, "dead");
	store_fixture_append_quarters(fixture, dead, 0, 1);
	memset(event.text, 'x', sizeof(event.text) - 1);
	for (int i = 0; i < 60 * 200; i++) {
		assert_int_equal(store_append_event(fixture->store, &event), STORE_OK);
		if (i % 200 == 0) {
			assert_int_equal(store_commit(fixture->store), STORE_OK);
			store_set_sent(fixture->store, STREAM_ENERGY,
				store_cursor(fixture->store, STREAM_ENERGY).last);
		}
	}
	for (int reopened = 0; reopened < 2; reopened++) {
		assert_true(store_last_known_interval(fixture->store, dead, &row));
		assert_int_equal(row.id, 1);
		assert_int_equal(row.reading_end, store_fixture_quarter(dead, 0).reading_end);
		store_fixture_close(fixture);
		store_fixture_run_sql(
			fixture, "store.db", "SELECT 1 / (count(*) = 0) FROM interval;");
		assert_int_equal(store_fixture_open_as(fixture, "", STORE_BYTES_MIN), STORE_OK);
	}
}

static void ids_do_not_come_back_after_all_rows_are_gone(void **state)
{
	struct store_fixture *fixture = *state;

	store_fixture_open(fixture);
	store_fixture_append_quarters(fixture, store_fixture_series(fixture, "main"), 0, 9);
	store_fixture_close(fixture);
	store_fixture_run_sql(fixture, "store.db", "DELETE FROM interval");
	store_fixture_open(fixture);
	struct interval_row row = store_fixture_quarter(0, 9);
	assert_int_equal(store_append_interval(fixture->store, &row), STORE_OK);
	assert_int_equal(row.id, 10);
}

/* What may go where receipts are waited for, where they are not, and where nobody has said. */
static void what_counts_as_settled_decides_what_may_go(void **state)
{
	static const struct {
		enum store_settled settled;
		int64_t sent, delivered; /* sixteenths of all */
		int64_t gone_through;
	} cases[] = {
		{STORE_SETTLED_AUTO,      8, 0, 8},
		{STORE_SETTLED_AUTO,      8, 4, 4},
		{STORE_SETTLED_SENT,      8, 4, 8},
		{STORE_SETTLED_DELIVERED, 8, 4, 4},
		{STORE_SETTLED_DELIVERED, 8, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		void *own = NULL;
		struct store_row row;
		size_t count = 0;
		int quarters = 0;
		assert_int_equal(store_fixture_setup(&own), 0);
		struct store_fixture *fixture = own;
		assert_int_equal(store_fixture_open_as(fixture, "", 2 << 20), STORE_OK);
		int32_t series = store_fixture_series(fixture, "main");
		do {
			store_fixture_append_quarters(fixture, series, quarters, quarters + 960);
			quarters += 960;
		} while (store_commit(fixture->store) == STORE_OK);
		int64_t last = store_cursor(fixture->store, STREAM_ENERGY).last;
		store_set_settled(fixture->store, cases[i].settled);
		store_set_sent(fixture->store, STREAM_ENERGY, last * cases[i].sent / 16);
		store_set_delivered(fixture->store, STREAM_ENERGY, last * cases[i].delivered / 16);
		while (store_commit(fixture->store) == STORE_OK) {
			store_fixture_append_quarters(fixture, series, quarters, quarters + 960);
			quarters += 960;
		}
		assert_int_equal(
			store_read(fixture->store, STREAM_ENERGY, 0, 1, &row, &count), STORE_OK);
		/* What the last, refused commit would have given up is still there. */
		int64_t most = last * cases[i].gone_through / 16;
		assert_in_range(row.interval.id - 1, most - most / 8, most);
		store_fixture_teardown(&own);
	}
}

#define WITH_STORE(test) \
	cmocka_unit_test_setup_teardown(test, store_fixture_setup, store_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(under_a_small_budget_trends_go_first_and_energy_stays),
		WITH_STORE(undelivered_energy_never_goes_and_waits_when_the_budget_is_used_up),
		WITH_STORE(rows_are_refused_when_no_more_may_wait),
		WITH_STORE(last_intervals_outlive_the_rows_given_up),
		WITH_STORE(ids_do_not_come_back_after_all_rows_are_gone),
		WITH_STORE(what_counts_as_settled_decides_what_may_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
