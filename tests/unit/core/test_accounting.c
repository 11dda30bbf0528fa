/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_accounting.c -- How readings become intervals: boundaries, gaps, restarts; each
 * rule with the case that would show its opposite.
 */
#include "tests/fakes/counter_bench.h"

/* ---- Intervals ---- */

static void the_first_row_begins_at_the_first_boundary_after_the_first_reading(void **state)
{
	struct counter_bench *bench = *state;

	counter_bench_read_minutes(bench, (struct counter_bench_climb){7, 30, 1000, 10});
	assert_int_equal(bench->rows_count, 1);
	assert_int_equal(bench->rows[0].start_wall_ms, COUNTER_BENCH_T0 + COUNTER_BENCH_QUARTER_MS);
	assert_int_equal(
		bench->rows[0].end_wall_ms, COUNTER_BENCH_T0 + 2 * COUNTER_BENCH_QUARTER_MS);
	assert_int_equal(bench->rows[0].reading_start, 1080);
	assert_int_equal(bench->rows[0].reading_end, 1230);
	assert_int_equal(bench->rows[0].energy, 150);
	assert_int_equal(bench->rows[0].quality, QUALITY_MEASURED);
	assert_int_equal(bench->rows[0].method, METHOD_NONE);
	assert_int_equal(bench->rows[0].revision, 0);
	assert_int_equal(bench->rows[0].series, 7);
	assert_int_equal(bench->rows[0].clock, CLOCK_STATE_SYNCHRONISED);
	assert_true(bench->rows[0].has_readings);
}

static void a_boundary_between_two_readings_is_interpolated_and_rounded_down(void **state)
{
	struct counter_bench *bench = *state;

	counter_bench_read(bench, 0, 50);
	counter_bench_read(bench, 1, 51);
	counter_bench_read(bench, 14, 100);
	counter_bench_read(bench, 17, 108); /* 15:00 is a third of the way: 102.67 */
	assert_int_equal(bench->rows_count, 1);
	assert_int_equal(bench->rows[0].reading_end, 102);
}

static void an_interval_closes_at_the_first_reading_after_its_end_not_before(void **state)
{
	struct counter_bench *bench = *state;

	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 14, 50, 1});
	assert_int_equal(bench->rows_count, 0);
	counter_bench_read(bench, 15, 65);
	assert_int_equal(bench->rows_count, 1);
}

static void counters_of_63_bits_do_not_overflow(void **state)
{
	struct counter_bench *bench = *state;
	int64_t high = INT64_MAX - 1000;

	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 45, high, 20});
	assert_int_equal(bench->rows_count, 3);
	assert_int_equal(counter_bench_sum(bench), 900);
}

static void the_less_certain_clock_of_both_boundaries_stands_on_the_row(void **state)
{
	struct counter_bench *bench = *state;
	struct reading reading = {COUNTER_BENCH_T0, 5, CLOCK_STATE_TRUSTED};

	counter_add_reading(&bench->counter, &bench->rules, &reading, &bench->sink);
	counter_bench_read_minutes(bench, (struct counter_bench_climb){1, 30, 5, 1});
	assert_int_equal(bench->rows[0].clock, CLOCK_STATE_TRUSTED);
	assert_int_equal(bench->rows[1].clock, CLOCK_STATE_SYNCHRONISED);
}

static void a_reading_that_is_not_later_is_ignored(void **state)
{
	struct counter_bench *bench = *state;

	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 10, 7, 10});
	counter_bench_read(bench, 10, 5000);
	counter_bench_read(bench, 3, 5000);
	counter_bench_read_minutes(bench, (struct counter_bench_climb){11, 15, 117, 10});
	assert_int_equal(counter_bench_sum(bench), 150);
	assert_int_equal(bench->events_count, 0);
}

static void a_zero_at_the_very_start_is_not_a_reading(void **state)
{
	struct counter_bench *bench = *state;

	counter_bench_read(bench, 0, 0);
	counter_bench_read_minutes(bench, (struct counter_bench_climb){1, 30, 48213000, 1});
	assert_int_equal(bench->rows_count, 1);
	assert_int_equal(counter_bench_sum(bench), 15);
}

static void a_meter_that_is_new_counts_from_zero(void **state)
{
	struct counter_bench *bench = *state;

	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 3, 0, 0});
	counter_bench_read_minutes(bench, (struct counter_bench_climb){4, 30, 1, 1});
	assert_int_equal(counter_bench_sum(bench), 27);
}

/* ---- Gaps ---- */

static void a_silent_meter_is_missing_at_the_deadline_not_before(void **state)
{
	struct counter_bench *bench = *state;

	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 10, 7, 1});
	assert_true(counter_bench_tick(bench, 19.99));
	assert_int_equal(bench->rows_count, 0);
	counter_bench_tick(bench, 20);
	counter_bench_tick(bench, 34);
	assert_int_equal(bench->rows_count, 1);
	assert_int_equal(bench->rows[0].quality, QUALITY_MISSING);
	assert_int_equal(bench->rows[0].start_wall_ms, COUNTER_BENCH_T0);
	assert_false(bench->rows[0].has_readings);
	counter_bench_tick(bench, 35);
	assert_int_equal(bench->rows_count, 2);
}

static void a_meter_never_read_has_no_rows(void **state)
{
	struct counter_bench *bench = *state;

	counter_bench_tick(bench, 0);
	counter_bench_tick(bench, 500);
	assert_int_equal(bench->rows_count, 0);
}

static void a_gap_is_spread_evenly_and_revises_what_was_missing(void **state)
{
	struct counter_bench *bench = *state;

	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 15, 1, 1});
	counter_bench_tick(bench, 65);
	assert_int_equal(bench->rows_count, 1 + 3);
	counter_bench_read(bench, 75, 16 + 1001);
	assert_int_equal(bench->rows_count, 4 + 4);
	int64_t total = 0;
	for (size_t i = 4; i < 8; i++) {
		const struct interval_row *row = &bench->rows[i];
		assert_int_equal(row->start_wall_ms,
			COUNTER_BENCH_T0 + (int64_t)(i - 3) * COUNTER_BENCH_QUARTER_MS);
		assert_int_equal(row->quality, QUALITY_ESTIMATED);
		assert_int_equal(row->method, METHOD_EVEN);
		assert_int_equal(row->revision, i < 7 ? 1 : 0);
		assert_in_range(row->energy, 250, 251);
		total += row->energy;
	}
	assert_int_equal(total, 1001);
}

static void an_interval_beside_a_gap_is_estimated_one_further_is_measured(void **state)
{
	struct counter_bench *bench = *state;

	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 28, 1, 1});
	counter_bench_read_minutes(
		bench, (struct counter_bench_climb){
			       34, 60, 35, 1}); /* 6 minutes without a reading, over minute 30 */
	assert_int_equal(bench->rows_count, 4);
	assert_int_equal(bench->rows[0].quality, QUALITY_MEASURED);
	assert_int_equal(bench->rows[1].quality, QUALITY_ESTIMATED);
	assert_int_equal(bench->rows[2].quality, QUALITY_ESTIMATED);
	assert_int_equal(bench->rows[3].quality, QUALITY_MEASURED);
}

static void a_gap_that_holds_no_boundary_leaves_the_interval_measured(void **state)
{
	struct counter_bench *bench = *state;

	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 2, 1, 1});
	counter_bench_read_minutes(bench, (struct counter_bench_climb){13, 15, 14, 1});
	assert_int_equal(bench->rows[0].quality, QUALITY_MEASURED);
}

static void a_reading_on_the_boundary_is_measured_however_long_the_gap(void **state)
{
	struct counter_bench *bench = *state;

	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 15, 1, 1});
	counter_bench_read_minutes(bench, (struct counter_bench_climb){30, 45, 31, 1});
	assert_int_equal(bench->rows[1].quality, QUALITY_MEASURED);
	assert_int_equal(bench->rows[2].quality, QUALITY_MEASURED);
}

static void a_gap_of_decades_ends_in_one_row_and_sums_exactly(void **state)
{
	struct counter_bench *bench = *state;
	double decades = 20.0 * 365 * 1440;

	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 15, 1, 1});
	counter_bench_tick(bench, decades);
	assert_int_equal(bench->rows_count, 1 + COUNTER_GAP_ROWS_MAX);
	bench->rows_count = 1;
	counter_bench_read(bench, decades, 1000016);
	assert_int_equal(bench->rows_count, 1 + COUNTER_GAP_ROWS_MAX + 1);
	assert_int_equal(counter_bench_sum(bench), 1000015);
	assert_int_equal(counter_bench_last_row(bench)->quality, QUALITY_ESTIMATED);
	assert_int_equal(counter_bench_last_row(bench)->end_wall_ms,
		COUNTER_BENCH_T0 + (int64_t)decades * COUNTER_BENCH_MINUTE_MS);
}

/* ---- Restarts and refusals ---- */

static void resume(struct counter_bench *bench, const struct interval_row *newest,
	const struct interval_row *known)
{
	bench->counter = (struct counter){0};
	counter_resume(&bench->counter, newest, known);
}

static void after_a_restart_no_row_comes_twice_and_none_is_lost(void **state)
{
	struct counter_bench *bench = *state;

	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 40, 1000, 10});
	resume(bench, counter_bench_last_row(bench), counter_bench_last_row(bench));
	counter_bench_read_minutes(bench, (struct counter_bench_climb){41, 60, 1410, 10});
	assert_int_equal(bench->rows_count, 4);
	assert_int_equal(counter_bench_sum(bench), 600);
	assert_int_equal(
		bench->rows[2].start_wall_ms, COUNTER_BENCH_T0 + 2 * COUNTER_BENCH_QUARTER_MS);
	assert_int_equal(bench->rows[2].reading_start, bench->rows[1].reading_end);
}

static void after_a_restart_missing_rows_wait_for_the_deadline_anew(void **state)
{
	struct counter_bench *bench = *state;

	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 40, 1000, 10});
	resume(bench, counter_bench_last_row(bench), counter_bench_last_row(bench));
	counter_bench_tick(bench, 300);
	counter_bench_tick(bench, 304.9);
	assert_int_equal(bench->rows_count, 2);
	counter_bench_read(bench, 304.95, 5000);
	assert_int_equal(bench->rows_count, 20);
	assert_int_equal(counter_bench_last_row(bench)->revision, 0);
	assert_int_equal(counter_bench_last_row(bench)->quality, QUALITY_ESTIMATED);
}

static void a_restart_inside_a_gap_revises_the_rows_that_were_missing(void **state)
{
	struct counter_bench *bench = *state;

	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 15, 1000, 10});
	counter_bench_tick(bench, 50);
	assert_int_equal(bench->rows_count, 3);
	resume(bench, counter_bench_last_row(bench), &bench->rows[0]);
	counter_bench_read(bench, 60, 1600);
	assert_int_equal(bench->rows_count, 6);
	assert_int_equal(bench->rows[3].revision, 1);
	assert_int_equal(bench->rows[4].revision, 1);
	assert_int_equal(bench->rows[5].revision, 0);
	assert_int_equal(counter_bench_sum(bench), 600);
}

static void a_restart_in_a_rejected_stretch_invents_nothing(void **state)
{
	struct counter_bench *bench = *state;
	struct interval_row rejected = {
		.start_wall_ms = COUNTER_BENCH_T0,
		.end_wall_ms = COUNTER_BENCH_T0 + COUNTER_BENCH_QUARTER_MS,
		.quality = QUALITY_REJECTED,
	};
	struct interval_row known = {
		.start_wall_ms = COUNTER_BENCH_T0 - COUNTER_BENCH_QUARTER_MS,
		.end_wall_ms = COUNTER_BENCH_T0,
		.reading_end = 10,
		.has_readings = true,
	};

	resume(bench, &rejected, &known);
	counter_bench_read_minutes(bench, (struct counter_bench_climb){20, 45, 70000, 10});
	assert_int_equal(bench->rows_count, 2);
	assert_int_equal(bench->rows[0].quality, QUALITY_REJECTED);
	assert_int_equal(bench->rows[0].start_wall_ms, COUNTER_BENCH_T0 + COUNTER_BENCH_QUARTER_MS);
	assert_int_equal(bench->rows[1].energy, 150);
}

static void a_sink_that_refuses_loses_nothing(void **state)
{
	struct counter_bench *bench = *state;

	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 15, 7, 10});
	bench->rows_taken_max = 3;
	assert_false(counter_bench_read(bench, 75, 2006));
	assert_int_equal(bench->rows_count, 3);
	assert_false(counter_bench_read(bench, 76, 2007));
	bench->rows_taken_max = COUNTER_BENCH_ROWS_MAX;
	assert_true(counter_bench_read(bench, 90, 3007));
	assert_int_equal(bench->rows_count, 6);
	assert_int_equal(counter_bench_sum(bench), 3000);
	for (size_t i = 1; i < 6; i++) {
		assert_true(bench->rows[i].energy >= 0);
		assert_int_equal(bench->rows[i].reading_start, bench->rows[i - 1].reading_end);
		assert_int_equal(bench->rows[i].quality, QUALITY_ESTIMATED);
	}
}

static void after_a_refusal_a_slower_climb_makes_no_negative_energy(void **state)
{
	struct counter_bench *bench = *state;

	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 15, 7, 10});
	bench->rows_taken_max = 3;
	assert_false(counter_bench_read(bench, 75, 2006));
	bench->rows_taken_max = COUNTER_BENCH_ROWS_MAX;
	assert_true(counter_bench_read(bench, 300, 2010));
	for (size_t i = 0; i < bench->rows_count; i++) {
		assert_true(bench->rows[i].energy >= 0);
	}
	assert_int_equal(counter_bench_sum(bench), 2003);
}

static void after_a_restart_beside_a_gap_the_next_interval_is_estimated(void **state)
{
	struct counter_bench *bench = *state;
	const struct interval_row estimated = {
		.start_wall_ms = COUNTER_BENCH_T0 - COUNTER_BENCH_QUARTER_MS,
		.end_wall_ms = COUNTER_BENCH_T0,
		.reading_end = 100,
		.quality = QUALITY_ESTIMATED,
		.has_readings = true,
	};

	resume(bench, &estimated, &estimated);
	counter_bench_read_minutes(bench, (struct counter_bench_climb){1, 30, 110, 10});
	assert_int_equal(bench->rows_count, 2);
	assert_int_equal(bench->rows[0].quality, QUALITY_ESTIMATED);
	assert_int_equal(bench->rows[1].quality, QUALITY_MEASURED);
}

#define WITH_BENCH(test) \
	cmocka_unit_test_setup_teardown(test, counter_bench_setup, counter_bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BENCH(the_first_row_begins_at_the_first_boundary_after_the_first_reading),
		WITH_BENCH(a_boundary_between_two_readings_is_interpolated_and_rounded_down),
		WITH_BENCH(an_interval_closes_at_the_first_reading_after_its_end_not_before),
		WITH_BENCH(counters_of_63_bits_do_not_overflow),
		WITH_BENCH(the_less_certain_clock_of_both_boundaries_stands_on_the_row),
		WITH_BENCH(a_reading_that_is_not_later_is_ignored),
		WITH_BENCH(a_zero_at_the_very_start_is_not_a_reading),
		WITH_BENCH(a_meter_that_is_new_counts_from_zero),
		WITH_BENCH(a_silent_meter_is_missing_at_the_deadline_not_before),
		WITH_BENCH(a_meter_never_read_has_no_rows),
		WITH_BENCH(a_gap_is_spread_evenly_and_revises_what_was_missing),
		WITH_BENCH(an_interval_beside_a_gap_is_estimated_one_further_is_measured),
		WITH_BENCH(a_gap_that_holds_no_boundary_leaves_the_interval_measured),
		WITH_BENCH(a_reading_on_the_boundary_is_measured_however_long_the_gap),
		WITH_BENCH(a_gap_of_decades_ends_in_one_row_and_sums_exactly),
		WITH_BENCH(after_a_restart_no_row_comes_twice_and_none_is_lost),
		WITH_BENCH(after_a_restart_missing_rows_wait_for_the_deadline_anew),
		WITH_BENCH(a_restart_inside_a_gap_revises_the_rows_that_were_missing),
		WITH_BENCH(a_restart_in_a_rejected_stretch_invents_nothing),
		WITH_BENCH(a_sink_that_refuses_loses_nothing),
		WITH_BENCH(after_a_refusal_a_slower_climb_makes_no_negative_energy),
		WITH_BENCH(after_a_restart_beside_a_gap_the_next_interval_is_estimated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
