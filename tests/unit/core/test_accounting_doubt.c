/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_accounting_doubt.c -- Which readings are believed: noise, resets, exchanges,
 * rollovers; each rule with the case that would show its opposite.
 */
#include <string.h>

#include "tests/fakes/counter_bench.h"

/* ---- Noise ---- */

static void a_zero_between_two_good_readings_is_withheld_with_its_amount(void **state)
{
	struct counter_bench *bench = *state;

	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 9, 5000000, 10});
	counter_bench_read(bench, 10, 0);
	assert_int_equal(bench->events_count, 0); /* not judged before the next one */
	counter_bench_read_minutes(bench, (struct counter_bench_climb){11, 15, 5000110, 10});
	assert_int_equal(bench->events_count, 1);
	assert_int_equal(bench->events[0].kind, EVENT_ENERGY_WITHHELD);
	assert_int_equal(bench->events[0].amount, -5000090);
	assert_true(bench->events[0].has_amount);
	assert_string_equal(bench->events[0].meter, "main");
	assert_non_null(strstr(bench->events[0].text, "5.00009 kWh"));
	assert_int_equal(
		bench->events[0].at_wall_ms, COUNTER_BENCH_T0 + 10 * COUNTER_BENCH_MINUTE_MS);
	assert_int_equal(counter_bench_sum(bench), 150);
	assert_int_equal(bench->rows[0].quality, QUALITY_MEASURED);
}

static void a_torn_word_is_withheld_even_on_a_boundary(void **state)
{
	struct counter_bench *bench = *state;

	bench->rules.rate_max_per_hour = 6000;
	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 14, 5000000, 10});
	counter_bench_read(bench, 15, 5000150 + 65536);
	assert_int_equal(bench->rows_count, 0);
	counter_bench_read_minutes(bench, (struct counter_bench_climb){16, 30, 5000160, 10});
	assert_int_equal(counter_bench_sum(bench), 300);
	assert_int_equal(bench->events_count, 1);
	assert_int_equal(bench->events[0].amount, 65536 + 10);
}

static void a_torn_word_is_withheld_where_no_limit_is_known(void **state)
{
	struct counter_bench *bench = *state;

	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 14, 5000000, 10});
	counter_bench_read(bench, 15, 5000150 + 65536);
	counter_bench_read_minutes(bench, (struct counter_bench_climb){16, 30, 5000160, 10});
	assert_int_equal(counter_bench_sum(bench), 300);
	assert_int_equal(bench->events_count, 1);
}

static void a_load_that_starts_is_counted_where_no_limit_is_known(void **state)
{
	struct counter_bench *bench = *state;

	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 13, 93, 1});
	counter_bench_read_minutes(bench, (struct counter_bench_climb){14, 15, 100000, 100000});
	assert_int_equal(counter_bench_sum(bench), 200000 - 93);
	assert_int_equal(bench->events_count, 0);
}

static void coarse_steps_are_not_taken_for_leaps(void **state)
{
	struct counter_bench *bench = *state;

	bench->rules.rate_max_per_hour = 6000; /* 100 a minute */
	for (int i = 0; i <= 60; i++) {
		counter_bench_read(bench, i, 7000 + i * 90 / 1000 * 1000);
	}
	assert_int_equal(bench->events_count, 0);
	assert_int_equal(counter_bench_sum(bench), 5000);
}

static void coarse_steps_seen_late_are_not_taken_for_leaps(void **state)
{
	struct counter_bench *bench = *state;

	bench->rules.rate_max_per_hour = 6000; /* 100 a minute */
	for (int i = 0; i <= 420; i += 7) {
		counter_bench_read(bench, i, 7000 + i * 99 / 1000 * 1000);
	}
	assert_int_equal(bench->events_count, 0);
	assert_int_equal(counter_bench_sum(bench), 41000);
}

static void a_coarse_register_may_step_right_after_the_first_reading(void **state)
{
	struct counter_bench *bench = *state;

	bench->rules.rate_max_per_hour = 6000;
	counter_bench_read(bench, 0, 7000);
	counter_bench_read_minutes(bench, (struct counter_bench_climb){1, 15, 8000, 0});
	assert_int_equal(bench->events_count, 0);
	assert_int_equal(counter_bench_sum(bench), 1000);
}

static void two_noisy_readings_in_a_row_are_both_withheld(void **state)
{
	struct counter_bench *bench = *state;

	bench->rules.rate_max_per_hour = 6000;
	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 5, 5000000, 10});
	counter_bench_read(bench, 6, 77);
	counter_bench_read(bench, 7, 3);
	counter_bench_read_minutes(bench, (struct counter_bench_climb){8, 15, 5000080, 10});
	assert_int_equal(bench->events_count, 2);
	assert_int_equal(counter_bench_sum(bench), 150);
}

static void a_babbling_meter_does_not_fill_the_stream_with_events(void **state)
{
	struct counter_bench *bench = *state;

	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 15, 5000000, 10});
	for (int i = 1; i <= 50; i++) {
		counter_bench_read(bench, 15 + i * 0.2, 5000150 + i);
		counter_bench_read(bench, 15 + i * 0.2 + 0.1, 3);
	}
	assert_int_equal(bench->events_count, COUNTER_WITHHELD_EVENTS_MAX);
	counter_bench_read_minutes(bench, (struct counter_bench_climb){26, 30, 5000250, 10});
	counter_bench_read(bench, 31, 3);
	counter_bench_read(bench, 32, 5000400);
	assert_int_equal(bench->events_count, COUNTER_WITHHELD_EVENTS_MAX + 1);
}

static void zeros_of_a_meter_that_restarts_book_no_lifetime_of_energy(void **state)
{
	struct counter_bench *bench = *state;

	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 67, 48213000, 10});
	counter_bench_read_minutes(bench, (struct counter_bench_climb){68, 77, 0, 0});
	counter_bench_read_minutes(bench, (struct counter_bench_climb){78, 120, 48213780, 10});
	assert_int_equal(counter_bench_sum(bench), 1200);
	for (size_t i = 0; i < bench->rows_count; i++) {
		assert_true(counter_bench_has_energy(&bench->rows[i]));
		assert_in_range(bench->rows[i].energy, 149, 151);
	}
	/* Told when it was seen again, and when it was over. */
	assert_int_equal(bench->events_count, 2);
	assert_int_equal(bench->events[0].kind, EVENT_COUNTER_DOUBTED);
	assert_int_equal(
		bench->events[0].at_wall_ms, COUNTER_BENCH_T0 + 68 * COUNTER_BENCH_MINUTE_MS);
	assert_int_equal(bench->events[1].kind, EVENT_ENERGY_WITHHELD);
}

/* The first reading of a reset, then a torn word: neither is a climb. */
static void a_leap_after_a_fall_is_held_where_no_limit_is_known(void **state)
{
	struct counter_bench *bench = *state;

	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 20, 5000, 10});
	counter_bench_read(bench, 21, 30);
	counter_bench_read(bench, 22, 30 + (INT64_C(150) << 16));
	counter_bench_read_minutes(bench, (struct counter_bench_climb){23, 60, 50, 10});
	for (size_t i = 0; i < bench->rows_count; i++) {
		assert_true(
			!counter_bench_has_energy(&bench->rows[i]) || bench->rows[i].energy == 150);
	}
	assert_int_equal(bench->rows[1].quality, QUALITY_REJECTED);
	assert_int_equal(bench->rows[2].quality, QUALITY_MEASURED);
}

/* ---- Breaks ---- */

static void a_reset_rejects_the_interval_and_the_next_goes_on_from_there(void **state)
{
	struct counter_bench *bench = *state;

	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 20, 5000000, 10});
	counter_bench_read_minutes(bench, (struct counter_bench_climb){21, 60, 3, 10});
	assert_int_equal(bench->rows_count, 4);
	assert_int_equal(bench->rows[1].quality, QUALITY_REJECTED);
	assert_true(bench->rows[1].has_readings);
	assert_int_equal(bench->rows[1].reading_start, 5000150);
	assert_int_equal(bench->rows[1].reading_end, 93);
	assert_int_equal(bench->rows[2].quality, QUALITY_MEASURED);
	assert_int_equal(bench->rows[2].energy, 150);
	assert_int_equal(bench->events[0].kind, EVENT_COUNTER_REJECTED);
	assert_int_equal(bench->events[0].amount, 3 - 5000200);
	/* 50 before the reset and 90 after it are in no interval. */
	assert_int_equal(bench->events_count, 2);
	assert_int_equal(bench->events[1].kind, EVENT_ENERGY_WITHHELD);
	assert_int_equal(bench->events[1].amount, 140);
}

static void a_leap_that_stays_is_rejected_where_it_is_impossible(void **state)
{
	struct counter_bench *bench = *state;

	bench->rules.rate_max_per_hour = 6000;
	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 20, 1000, 10});
	counter_bench_read_minutes(bench, (struct counter_bench_climb){21, 45, 900000, 10});
	assert_int_equal(bench->rows[1].quality, QUALITY_REJECTED);
	assert_int_equal(bench->rows[2].energy, 150);
	assert_int_equal(bench->events[0].kind, EVENT_COUNTER_REJECTED);
	assert_non_null(strstr(bench->events[0].text, "climbed"));
}

static void a_reset_during_a_gap_rejects_all_it_may_have_touched(void **state)
{
	struct counter_bench *bench = *state;

	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 20, 5000000, 10});
	counter_bench_tick(bench, 50);
	assert_int_equal(bench->rows_count, 3); /* one measured, two missing */
	counter_bench_read_minutes(bench, (struct counter_bench_climb){65, 90, 3, 10});
	assert_int_equal(bench->rows_count, 3 + 5);
	for (size_t i = 3; i < 7; i++) {
		assert_int_equal(bench->rows[i].quality, QUALITY_REJECTED);
		assert_int_equal(bench->rows[i].revision, i < 5 ? 1 : 0);
	}
	assert_int_equal(bench->rows[7].quality, QUALITY_MEASURED);
}

static void an_exchange_rejects_the_open_interval_without_waiting(void **state)
{
	struct counter_bench *bench = *state;

	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 20, 1000, 10});
	counter_exchange(&bench->counter);
	counter_bench_read_minutes(bench,
		(struct counter_bench_climb){21, 45, 1500, 10}); /* looks like an ordinary climb */
	assert_int_equal(bench->rows[1].quality, QUALITY_REJECTED);
	assert_int_equal(bench->rows[2].quality, QUALITY_MEASURED);
	assert_int_equal(counter_bench_sum(bench), 300);
}

static void an_exchange_on_a_boundary_costs_one_interval_only(void **state)
{
	struct counter_bench *bench = *state;

	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 20, 1000, 10});
	counter_exchange(&bench->counter);
	counter_bench_read_minutes(bench, (struct counter_bench_climb){30, 45, 70, 10});
	assert_int_equal(bench->rows_count, 3);
	assert_int_equal(bench->rows[1].quality, QUALITY_REJECTED);
	assert_int_equal(bench->rows[2].quality, QUALITY_MEASURED);
	assert_int_equal(bench->rows[2].reading_start, 70);
	assert_int_equal(bench->rows[2].energy, 150);
	/* The 50 of the old device that no interval holds. */
	assert_int_equal(bench->events_count, 1);
	assert_int_equal(bench->events[0].kind, EVENT_ENERGY_WITHHELD);
	assert_int_equal(bench->events[0].amount, 50);
}

static void a_new_device_inherits_no_boundary_reading(void **state)
{
	struct counter_bench *bench = *state;

	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 15, 1000, 10});
	counter_exchange(&bench->counter);
	/* The clock was set back meanwhile. */
	counter_bench_read_minutes(bench, (struct counter_bench_climb){14, 30, 50000, 10});
	assert_int_equal(bench->rows_count, 2);
	assert_int_equal(bench->rows[1].reading_start, 50010);
	assert_int_equal(bench->rows[1].energy, 150);
}

static void a_new_device_is_not_judged_by_the_old_ones_readings(void **state)
{
	struct counter_bench *bench = *state;

	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 16, 100000, 1});
	counter_exchange(&bench->counter);
	counter_bench_read_minutes(bench, (struct counter_bench_climb){17, 40, 500, 1});
	counter_bench_read_minutes(bench, (struct counter_bench_climb){41, 60, 200000, 200000});
	assert_int_equal(counter_bench_last_row(bench)->quality, QUALITY_MEASURED);
	for (size_t i = 2; i < bench->rows_count; i++) {
		assert_int_equal(bench->rows[i].quality, QUALITY_MEASURED);
	}
}

/* ---- Rollover ---- */

static void a_rollover_is_counted_when_it_is_possible(void **state)
{
	struct counter_bench *bench = *state;

	bench->rules.modulus = 1000000;
	bench->rules.rate_max_per_hour = 6000;
	counter_bench_read_minutes(bench,
		(struct counter_bench_climb){0, 20, 999800, 10}); /* reaches 1000000 at minute 20 */
	bench->counter = (struct counter){0};
	bench->rows_count = 0;
	for (int i = 0; i <= 45; i++) {
		counter_bench_read(bench, i, (999805 + i * 10) % 1000000);
	}
	assert_int_equal(bench->rows_count, 3);
	assert_int_equal(counter_bench_sum(bench), 450);
	assert_int_equal(bench->rows[1].reading_start, 999955);
	assert_int_equal(bench->rows[1].reading_end, 105);
	assert_int_equal(bench->rows[1].quality, QUALITY_MEASURED);
	assert_int_equal(bench->events_count, 1);
	assert_int_equal(bench->events[0].kind, EVENT_COUNTER_ROLLED_OVER);
}

static void no_rollover_is_assumed_where_it_is_impossible_or_unknown(void **state)
{
	struct counter_bench *bench = *state;
	static const struct {
		int64_t modulus;
		int64_t rate;
	} cases[] = {
		{0,       6000},
                {1000000, 0   },
                {1000000, 6000}
        };

	for (size_t i = 0; i < 3; i++) {
		bench->counter = (struct counter){0};
		bench->rows_count = 0;
		bench->events_count = 0;
		bench->rules.modulus = cases[i].modulus;
		bench->rules.rate_max_per_hour = cases[i].rate;
		int64_t before = i == 2 ? 500000 : 999900; /* half a modulus is no rollover */
		counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 9, before, 10});
		counter_bench_read_minutes(bench, (struct counter_bench_climb){10, 15, 5, 10});
		assert_int_equal(bench->rows[0].quality, QUALITY_REJECTED);
		assert_int_equal(bench->events[0].kind, EVENT_COUNTER_REJECTED);
	}
}

static void what_a_reset_after_a_rollover_withholds_is_told_rightly(void **state)
{
	struct counter_bench *bench = *state;

	bench->rules.modulus = 1000000;
	bench->rules.rate_max_per_hour = 6000;
	for (int i = 0; i <= 25; i++) {
		counter_bench_read(bench, i, (999805 + i * 10) % 1000000);
	}
	bench->events_count = 0;
	counter_bench_read_minutes(bench, (struct counter_bench_climb){26, 30, 3, 10});
	assert_int_equal(bench->events_count, 2);
	assert_int_equal(bench->events[1].kind, EVENT_ENERGY_WITHHELD);
	assert_int_equal(bench->events[1].amount, 100 + 40);
}

/* A torn word once showed 1 700; that the register gets there by itself is no leap. */
static void a_value_that_noise_once_showed_is_passed_like_any_other(void **state)
{
	struct counter_bench *bench = *state;

	bench->rules.rate_max_per_hour = 60000;
	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 20, 1000, 10});
	counter_bench_read(bench, 20.2, 1700);
	counter_bench_read(bench, 20.4, 1702);
	counter_bench_read_minutes(bench, (struct counter_bench_climb){21, 60, 1210, 10});
	size_t events = bench->events_count;
	counter_bench_read_minutes(bench, (struct counter_bench_climb){61, 69, 1610, 10});
	counter_bench_read_minutes(bench, (struct counter_bench_climb){70, 90, 1740, 10});
	assert_int_equal(bench->events_count, events);
	assert_int_equal(counter_bench_last_row(bench)->quality, QUALITY_MEASURED);
	assert_int_equal(counter_bench_last_row(bench)->energy, 150);
}

/* A short fall near the start of a register's life: back in one leap is no energy. */
static void back_from_zeros_of_a_young_register_books_nothing(void **state)
{
	struct counter_bench *bench = *state;

	bench->rules.rate_max_per_hour = 60000;
	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 15, 1, 10});
	counter_bench_read_minutes(bench, (struct counter_bench_climb){16, 18, 0, 0});
	counter_bench_read_minutes(bench, (struct counter_bench_climb){19, 45, 191, 10});
	for (size_t i = 0; i < bench->rows_count; i++) {
		assert_true(
			!counter_bench_has_energy(&bench->rows[i]) || bench->rows[i].energy == 150);
	}
}

/* Readings of a boot that never knew the time: an hour may lie where a minute stands. */
static void where_instants_are_guesses_a_climb_is_believed_and_noise_is_not(void **state)
{
	struct counter_bench *bench = *state;

	bench->rules.rate_max_per_hour = 60000;
	bench->rules.modulus = 100000;
	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 20, 1000, 10});
	bench->rules.uncertain_ms = 120 * COUNTER_BENCH_MINUTE_MS;
	counter_bench_read(bench, 21, 31200); /* half an hour's worth of 60 000 */
	counter_bench_read(bench, 22, 31300);
	counter_bench_read(bench, 23, 90000); /* a torn word */
	counter_bench_read(bench, 24, 31400);
	counter_bench_read(bench, 25, 31410);
	bench->rules.uncertain_ms = 0;
	counter_bench_read_minutes(bench, (struct counter_bench_climb){26, 45, 31420, 10});
	assert_int_equal(bench->events_count, 1);
	assert_int_equal(bench->events[0].kind, EVENT_ENERGY_WITHHELD);
	assert_int_equal(counter_bench_sum(bench), 31610 - 1000);
}

#define WITH_BENCH(test) \
	cmocka_unit_test_setup_teardown(test, counter_bench_setup, counter_bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BENCH(a_zero_between_two_good_readings_is_withheld_with_its_amount),
		WITH_BENCH(a_torn_word_is_withheld_even_on_a_boundary),
		WITH_BENCH(a_torn_word_is_withheld_where_no_limit_is_known),
		WITH_BENCH(a_load_that_starts_is_counted_where_no_limit_is_known),
		WITH_BENCH(coarse_steps_are_not_taken_for_leaps),
		WITH_BENCH(coarse_steps_seen_late_are_not_taken_for_leaps),
		WITH_BENCH(a_coarse_register_may_step_right_after_the_first_reading),
		WITH_BENCH(two_noisy_readings_in_a_row_are_both_withheld),
		WITH_BENCH(a_babbling_meter_does_not_fill_the_stream_with_events),
		WITH_BENCH(zeros_of_a_meter_that_restarts_book_no_lifetime_of_energy),
		WITH_BENCH(a_leap_after_a_fall_is_held_where_no_limit_is_known),
		WITH_BENCH(a_reset_rejects_the_interval_and_the_next_goes_on_from_there),
		WITH_BENCH(a_leap_that_stays_is_rejected_where_it_is_impossible),
		WITH_BENCH(a_reset_during_a_gap_rejects_all_it_may_have_touched),
		WITH_BENCH(an_exchange_rejects_the_open_interval_without_waiting),
		WITH_BENCH(an_exchange_on_a_boundary_costs_one_interval_only),
		WITH_BENCH(a_new_device_inherits_no_boundary_reading),
		WITH_BENCH(a_new_device_is_not_judged_by_the_old_ones_readings),
		WITH_BENCH(a_rollover_is_counted_when_it_is_possible),
		WITH_BENCH(no_rollover_is_assumed_where_it_is_impossible_or_unknown),
		WITH_BENCH(what_a_reset_after_a_rollover_withholds_is_told_rightly),
		WITH_BENCH(a_value_that_noise_once_showed_is_passed_like_any_other),
		WITH_BENCH(back_from_zeros_of_a_young_register_books_nothing),
		WITH_BENCH(where_instants_are_guesses_a_climb_is_believed_and_noise_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
