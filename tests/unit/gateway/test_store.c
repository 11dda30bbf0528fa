/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_store.c -- The store keeps what it was given, in order, once, through closing
 * and reopening.
 */
#include "tests/fakes/store_fixture.h"

static void rows_come_back_as_they_went_in(void **state)
{
	struct store_fixture *fixture = *state;
	struct store_row rows[8];
	struct interval_row interval;
	struct event_row event = {
		.at_wall_ms = STORE_FIXTURE_T0 + 5,
		.amount = -17,
		.has_amount = true,
		.kind = EVENT_ENERGY_WITHHELD,
		.quantity = QUANTITY_HEAT_ENERGY,
		.meter = "heat",
		.text = "it's \"odd\"; ∆ 5 kWh",
	};

	store_fixture_open(fixture);
	int32_t series = store_fixture_series(fixture, "main");
	interval = store_fixture_quarter(series, 0);
	interval.reading_end = interval.reading_start + interval.energy;
	interval.revision = 3;
	interval.flags = 0x80000000;
	interval.quality = QUALITY_ESTIMATED;
	interval.method = METHOD_EVEN;
	assert_int_equal(store_append_interval(fixture->store, &interval), STORE_OK);
	assert_int_equal(store_append_event(fixture->store, &event), STORE_OK);
	struct interval_row missing = {.start_wall_ms = STORE_FIXTURE_T0,
		.end_wall_ms = STORE_FIXTURE_T0 + 1,
		.quality = QUALITY_MISSING};
	assert_int_equal(store_append_interval(fixture->store, &missing), STORE_OK);
	assert_int_equal(interval.id, 1);
	assert_int_equal(event.id, 2);
	assert_int_equal(missing.id, 3);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	store_fixture_close(fixture);

	store_fixture_open(fixture);
	assert_int_equal(fixture->opening.finding, STORE_FOUND);
	assert_int_equal(store_fixture_read(fixture, STREAM_ENERGY, rows, 8), 3);
	assert_int_equal(rows[0].kind, STORE_ROW_INTERVAL);
	assert_memory_equal(&rows[0].interval, &interval, sizeof(interval));
	assert_int_equal(rows[1].kind, STORE_ROW_EVENT);
	assert_int_equal(rows[1].event.id, 2);
	assert_int_equal(rows[1].event.kind, EVENT_ENERGY_WITHHELD);
	assert_int_equal(rows[1].event.amount, -17);
	assert_true(rows[1].event.has_amount);
	assert_int_equal(rows[1].event.quantity, QUANTITY_HEAT_ENERGY);
	assert_string_equal(rows[1].event.meter, "heat");
	assert_string_equal(rows[1].event.text, event.text);
	assert_int_equal(rows[2].interval.quality, QUALITY_MISSING);
	assert_false(rows[2].interval.has_readings);
}

static void a_rejected_interval_keeps_its_readings(void **state)
{
	struct store_fixture *fixture = *state;
	struct store_row rows[2];

	store_fixture_open(fixture);
	struct interval_row row = store_fixture_quarter(store_fixture_series(fixture, "main"), 0);
	row.quality = QUALITY_REJECTED;
	row.reading_end = 12;
	assert_int_equal(store_append_interval(fixture->store, &row), STORE_OK);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	assert_int_equal(store_fixture_read(fixture, STREAM_ENERGY, rows, 2), 1);
	assert_int_equal(rows[0].interval.reading_start, row.reading_start);
	assert_int_equal(rows[0].interval.reading_end, 12);
}

static void what_was_not_committed_is_not_read_and_not_kept(void **state)
{
	struct store_fixture *fixture = *state;
	struct store_row rows[4];

	store_fixture_open(fixture);
	store_fixture_append_quarters(fixture, store_fixture_series(fixture, "main"), 0, 2);
	assert_int_equal(store_fixture_read(fixture, STREAM_ENERGY, rows, 4), 0);
	assert_int_equal(store_cursor(fixture->store, STREAM_ENERGY).last, 0);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	assert_int_equal(store_cursor(fixture->store, STREAM_ENERGY).last, 2);
	assert_int_equal(store_fixture_read(fixture, STREAM_ENERGY, rows, 4), 2);
}

static void ids_and_cursors_go_on_after_a_restart(void **state)
{
	struct store_fixture *fixture = *state;

	store_fixture_open(fixture);
	int32_t series = store_fixture_series(fixture, "main");
	store_fixture_append_quarters(fixture, series, 0, 5);
	store_fixture_append_trends(fixture, series, 0, 7);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	store_set_sent(fixture->store, STREAM_ENERGY, 3);
	store_set_delivered(fixture->store, STREAM_ENERGY, 2);
	store_set_sent(fixture->store, STREAM_TRENDS, 7);
	struct store_identity before = store_identity(fixture->store);
	store_fixture_close(fixture);

	store_fixture_open(fixture);
	struct store_cursor energy = store_cursor(fixture->store, STREAM_ENERGY);
	assert_int_equal(energy.last, 5);
	assert_int_equal(energy.sent, 3);
	assert_int_equal(energy.delivered, 2);
	assert_int_equal(store_cursor(fixture->store, STREAM_TRENDS).sent, 7);
	struct store_identity after = store_identity(fixture->store);
	assert_string_equal(after.id, before.id);
	assert_int_equal(after.generation, before.generation);
	bool is_new = true;
	assert_int_equal(
		store_series(fixture->store, "main", QUANTITY_ACTIVE_ENERGY_IMPORT, &is_new),
		series);
	assert_false(is_new);
	assert_int_equal(store_series(fixture->store, "main", QUANTITY_HEAT_ENERGY, &is_new), 1);
	assert_true(is_new);
	store_fixture_append_quarters(fixture, series, 5, 6);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	assert_int_equal(store_cursor(fixture->store, STREAM_ENERGY).last, 6);
}

static void the_last_interval_of_a_series_is_found_without_reading_all(void **state)
{
	struct store_fixture *fixture = *state;
	struct interval_row row;

	store_fixture_open(fixture);
	int32_t old = store_fixture_series(fixture, "removed");
	int32_t busy = store_fixture_series(fixture, "main");
	store_fixture_append_quarters(fixture, old, 0, 1);
	store_fixture_append_quarters(
		fixture, busy, 0, 30000); /* past the point where last rows are copied */
	struct interval_row missing = store_fixture_quarter(busy, 30000);
	missing.quality = QUALITY_MISSING;
	missing.has_readings = false;
	assert_int_equal(store_append_interval(fixture->store, &missing), STORE_OK);
	for (int reopened = 0; reopened < 2; reopened++) {
		assert_int_equal(store_commit(fixture->store), STORE_OK);
		assert_true(store_last_interval(fixture->store, old, &row));
		assert_int_equal(row.end_wall_ms, STORE_FIXTURE_T0 + STORE_FIXTURE_QUARTER_MS);
		assert_true(store_last_interval(fixture->store, busy, &row));
		assert_int_equal(row.quality, QUALITY_MISSING);
		assert_true(store_last_known_interval(fixture->store, busy, &row));
		assert_int_equal(row.start_wall_ms,
			STORE_FIXTURE_T0 + INT64_C(29999) * STORE_FIXTURE_QUARTER_MS);
		store_fixture_close(fixture);
		store_fixture_open(fixture);
	}
	assert_false(store_last_interval(fixture->store, 99, &row));
}

static void a_revision_of_an_older_interval_does_not_become_the_last(void **state)
{
	struct store_fixture *fixture = *state;
	struct interval_row row;

	store_fixture_open(fixture);
	int32_t series = store_fixture_series(fixture, "main");
	store_fixture_append_quarters(fixture, series, 0, 4);
	store_fixture_append_quarters(fixture, series, 1, 2);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	store_fixture_close(fixture);
	store_fixture_open(fixture);
	assert_true(store_last_known_interval(fixture->store, series, &row));
	assert_int_equal(row.start_wall_ms, STORE_FIXTURE_T0 + 3 * STORE_FIXTURE_QUARTER_MS);
	assert_true(store_last_interval(fixture->store, series, &row));
	assert_int_equal(row.start_wall_ms, STORE_FIXTURE_T0 + 3 * STORE_FIXTURE_QUARTER_MS);
}

/* A person's act over a year's rows: all of it, or nothing. */
static void rows_that_were_reserved_wait_for_one_commit(void **state)
{
	struct store_fixture *fixture = *state;
	enum { ROWS = 10000 };

	store_fixture_open(fixture);
	int32_t series = store_fixture_series(fixture, "main");
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	for (int cut = 1; cut >= 0; cut--) {
		assert_true(store_reserve(fixture->store, ROWS));
		store_fixture_append_quarters(fixture, series, 0, ROWS);
		assert_int_equal(store_cursor(fixture->store, STREAM_ENERGY).last, 0);
		if (cut) {
			store_fixture_cut_power(fixture);
		}
	}
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	assert_int_equal(store_cursor(fixture->store, STREAM_ENERGY).last, ROWS);
	/* It held until that commit. */
	store_fixture_append_quarters(fixture, series, 0, ROWS);
	assert_true(store_cursor(fixture->store, STREAM_ENERGY).last > ROWS);
}

#define WITH_STORE(test) \
	cmocka_unit_test_setup_teardown(test, store_fixture_setup, store_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(rows_come_back_as_they_went_in),
		WITH_STORE(a_rejected_interval_keeps_its_readings),
		WITH_STORE(what_was_not_committed_is_not_read_and_not_kept),
		WITH_STORE(ids_and_cursors_go_on_after_a_restart),
		WITH_STORE(the_last_interval_of_a_series_is_found_without_reading_all),
		WITH_STORE(a_revision_of_an_older_interval_does_not_become_the_last),
		WITH_STORE(rows_that_were_reserved_wait_for_one_commit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
