/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_accounting_repeats.c -- A doubtful value that only repeats itself: zeros or
 * all ones for hours, idle registers after a reset, noise in between.
 */
#include "tests/fakes/counter_bench.h"

/* A converter that shows zero or all ones for hours while it does not reach its meter. */
static void a_value_that_only_repeats_is_not_believed_with_or_without_a_limit(void **state)
{
	struct counter_bench *bench = *state;
	static const int64_t rates[] = {0, 6000}, shown[] = {0, 4294967295};

	for (size_t i = 0; i < 4; i++) {
		bench->counter = (struct counter){0};
		bench->rows_count = 0;
		bench->rules.rate_max_per_hour = rates[i / 2];
		counter_bench_read_minutes(
			bench, (struct counter_bench_climb){0, 320, 5000000, 10});
		counter_bench_read_minutes(
			bench, (struct counter_bench_climb){321, 500, shown[i % 2], 0});
		counter_bench_tick(bench, 500);
		assert_int_equal(counter_bench_last_row(bench)->quality, QUALITY_MISSING);
		counter_bench_read_minutes(
			bench, (struct counter_bench_climb){501, 525, 5005010, 10});
		assert_int_equal(counter_bench_sum(bench), 5250);
		assert_int_equal(counter_bench_last_row(bench)->quality, QUALITY_MEASURED);
	}
}

/* A counter that was reset and that nothing flows through: in doubt at first, believed in the end.
 */
static void a_reset_is_believed_when_it_climbs_or_after_a_day(void **state)
{
	struct counter_bench *bench = *state;

	for (int hours = 3; hours <= 25; hours += 22) {
		const int end = 1800 + hours * 60 + 15;
		bench->counter = (struct counter){0};
		bench->rows_count = 0;
		counter_bench_read_minutes(
			bench, (struct counter_bench_climb){0, 1820, 5000000, 10});
		counter_bench_read_minutes(bench, (struct counter_bench_climb){1821, end, 0, 0});
		if (hours < 24) {
			assert_int_equal(bench->rows_count, 121);
			counter_bench_read(bench, end + 1, 7);
		}
		assert_int_equal(bench->rows[121].quality, QUALITY_REJECTED);
		for (size_t i = 122; i < bench->rows_count; i++) {
			assert_int_equal(bench->rows[i].quality, QUALITY_MEASURED);
			assert_int_equal(bench->rows[i].energy, 0);
		}
		assert_int_equal(bench->rows_count, 121 + hours * 4);
	}
}

/* Half an hour of readings does not outweigh hours of others. */
static void a_value_that_repeats_for_longer_than_the_one_before_is_believed(void **state)
{
	struct counter_bench *bench = *state;

	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 30, 5000000, 10});
	counter_bench_read_minutes(bench, (struct counter_bench_climb){31, 75, 0, 0});
	assert_int_equal(counter_bench_last_row(bench)->quality, QUALITY_MEASURED);
	assert_int_equal(counter_bench_last_row(bench)->reading_end, 0);
}

/* Read again after hours without an answer: nobody saw that it stood. */
static void what_repeats_after_a_gap_is_an_estimate_once_it_is_believed(void **state)
{
	struct counter_bench *bench = *state;

	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 320, 5000000, 10});
	counter_bench_read(bench, 321, 3);
	counter_bench_read(bench, 410, 3);
	counter_bench_read(bench, 411, 4);
	assert_int_equal(bench->rows[21].quality, QUALITY_REJECTED);
	assert_int_equal(bench->rows_count, 27);
	for (size_t i = 22; i < bench->rows_count; i++) {
		assert_int_equal(bench->rows[i].quality, QUALITY_ESTIMATED);
	}
}

/* An idle register, and one answer that could have been true. */
static void back_where_it_stood_before_a_leap_it_is_believed_at_once(void **state)
{
	struct counter_bench *bench = *state;

	bench->rules.rate_max_per_hour = 6000;
	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 180, 5000, 0});
	counter_bench_read(bench, 181, 9000);
	counter_bench_read_minutes(bench, (struct counter_bench_climb){182, 240, 5000, 0});
	counter_bench_read(bench, 241, 9000);
	counter_bench_read_minutes(bench, (struct counter_bench_climb){242, 300, 5000, 0});
	for (size_t i = 0; i < bench->rows_count; i++) {
		assert_true(
			!counter_bench_has_energy(&bench->rows[i]) || bench->rows[i].energy == 0);
	}
	assert_int_equal(bench->rows_count, 20);
	assert_int_equal(bench->rows[12].quality, QUALITY_REJECTED);
	assert_int_equal(bench->rows[13].quality, QUALITY_MEASURED);
}

/* After hours of zeros one torn word is not the register that is back. */
static void one_reading_does_not_end_a_doubt(void **state)
{
	struct counter_bench *bench = *state;

	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 320, 5000, 10});
	counter_bench_read_minutes(bench, (struct counter_bench_climb){321, 400, 0, 0});
	counter_bench_read(bench, 401, 65536);
	counter_bench_read_minutes(bench, (struct counter_bench_climb){402, 460, 0, 10});
	for (size_t i = 0; i < bench->rows_count; i++) {
		assert_true(
			!counter_bench_has_energy(&bench->rows[i]) || bench->rows[i].energy <= 150);
	}
	assert_int_equal(counter_bench_last_row(bench)->quality, QUALITY_MEASURED);
}

/* A reset that nothing flows through, and five answers of all ones in its midst. */
static void noise_in_a_doubt_does_not_begin_it_anew(void **state)
{
	struct counter_bench *bench = *state;

	bench->rules.rate_max_per_hour = 6000;
	bench->rules.modulus = 4294967296;
	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 320, 5000, 10});
	counter_bench_read_minutes(bench, (struct counter_bench_climb){321, 400, 0, 0});
	counter_bench_read_minutes(bench, (struct counter_bench_climb){401, 405, 4294967295, 0});
	counter_bench_read_minutes(bench, (struct counter_bench_climb){406, 440, 0, 0});
	counter_bench_read_minutes(bench, (struct counter_bench_climb){441, 466, 1, 1});
	assert_int_equal(bench->rows[21].quality, QUALITY_REJECTED);
	assert_int_equal(bench->rows_count, 31);
	for (size_t i = 22; i < bench->rows_count; i++) {
		assert_true(counter_bench_has_energy(&bench->rows[i]));
		assert_true(bench->rows[i].energy <= 15);
	}
	assert_int_equal(bench->events[0].kind, EVENT_COUNTER_DOUBTED);
	assert_int_equal(bench->events[1].kind, EVENT_ENERGY_WITHHELD);
	assert_int_equal(bench->events[2].kind, EVENT_COUNTER_REJECTED);
}

/* Four answers of all ones, then the exchanged meter's zeros for an hour, then all ones again. */
static void of_two_values_that_repeat_the_longer_one_is_in_doubt(void **state)
{
	struct counter_bench *bench = *state;

	bench->rules.rate_max_per_hour = 6000;
	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 30, 5000, 10});
	counter_bench_read_minutes(bench, (struct counter_bench_climb){31, 34, 655360, 0});
	counter_bench_read_minutes(bench, (struct counter_bench_climb){35, 50, 0, 0});
	counter_bench_read(bench, 51, 655360);
	counter_bench_read_minutes(bench, (struct counter_bench_climb){52, 150, 0, 0});
	for (size_t i = 0; i < bench->rows_count; i++) {
		assert_true(bench->rows[i].reading_end < 655360);
	}
	assert_int_equal(counter_bench_last_row(bench)->quality, QUALITY_MEASURED);
	assert_int_equal(counter_bench_last_row(bench)->reading_end, 0);
}

/* Ten steps in a night, then ten a minute for some minutes at a time, where no limit is known. */
static void a_coarse_register_that_wakes_up_is_not_held_for_long(void **state)
{
	struct counter_bench *bench = *state;

	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 600, 5000, 0});
	counter_bench_read_minutes(bench, (struct counter_bench_climb){601, 1200, 5010, 0});
	counter_bench_read_minutes(bench, (struct counter_bench_climb){1201, 1203, 5020, 0});
	counter_bench_read_minutes(bench, (struct counter_bench_climb){1204, 1206, 6030, 0});
	counter_bench_read_minutes(bench, (struct counter_bench_climb){1207, 1209, 7040, 0});
	counter_bench_read_minutes(bench, (struct counter_bench_climb){1210, 1216, 8050, 1000});
	assert_int_equal(counter_bench_last_row(bench)->quality, QUALITY_MEASURED);
	assert_int_equal(counter_bench_sum(bench), 8050 + 5 * 1000 - 5000);
}

/* Reset once more, in a doubt: the newer one climbs. */
static void a_second_reset_in_a_doubt_ends_it(void **state)
{
	struct counter_bench *bench = *state;

	bench->rules.rate_max_per_hour = 6000;
	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 320, 500000, 10});
	counter_bench_read_minutes(bench, (struct counter_bench_climb){321, 400, 90000, 0});
	counter_bench_read_minutes(bench, (struct counter_bench_climb){401, 440, 10, 10});
	assert_int_equal(counter_bench_last_row(bench)->quality, QUALITY_MEASURED);
	assert_int_equal(counter_bench_last_row(bench)->energy, 150);
	assert_int_equal(counter_bench_last_row(bench)->reading_end, 350);
}

/* Too little for a rollover when it fell; that hours of doubt would have sufficed says nothing. */
static void a_reset_that_is_believed_late_is_no_rollover(void **state)
{
	struct counter_bench *bench = *state;

	bench->rules.modulus = 1000000;
	bench->rules.rate_max_per_hour = 60000;
	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 320, 900000, 10});
	counter_bench_read_minutes(bench, (struct counter_bench_climb){321, 500, 0, 0});
	counter_bench_read_minutes(bench, (struct counter_bench_climb){501, 530, 1, 1});
	for (size_t i = 0; i < bench->rows_count; i++) {
		assert_true(bench->rows[i].energy <= 150);
	}
	assert_int_equal(bench->rows[21].quality, QUALITY_REJECTED);
}

/* The old device was reset and stood still; the new one stands higher. */
static void what_was_in_doubt_at_an_exchange_was_the_old_devices(void **state)
{
	struct counter_bench *bench = *state;

	counter_bench_read_minutes(bench, (struct counter_bench_climb){0, 320, 5000, 10});
	counter_bench_read_minutes(bench, (struct counter_bench_climb){321, 340, 0, 0});
	counter_exchange(&bench->counter);
	counter_bench_read_minutes(bench, (struct counter_bench_climb){341, 375, 900, 10});
	assert_int_equal(bench->rows[21].quality, QUALITY_REJECTED);
	assert_int_equal(bench->rows[22].quality, QUALITY_REJECTED);
	assert_int_equal(bench->rows[23].quality, QUALITY_MEASURED);
	assert_int_equal(bench->rows[23].reading_start, 940);
	assert_int_equal(bench->rows_count, 25);
}

#define WITH_BENCH(test) \
	cmocka_unit_test_setup_teardown(test, counter_bench_setup, counter_bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BENCH(a_value_that_only_repeats_is_not_believed_with_or_without_a_limit),
		WITH_BENCH(a_reset_is_believed_when_it_climbs_or_after_a_day),
		WITH_BENCH(a_value_that_repeats_for_longer_than_the_one_before_is_believed),
		WITH_BENCH(what_repeats_after_a_gap_is_an_estimate_once_it_is_believed),
		WITH_BENCH(back_where_it_stood_before_a_leap_it_is_believed_at_once),
		WITH_BENCH(one_reading_does_not_end_a_doubt),
		WITH_BENCH(noise_in_a_doubt_does_not_begin_it_anew),
		WITH_BENCH(of_two_values_that_repeat_the_longer_one_is_in_doubt),
		WITH_BENCH(a_coarse_register_that_wakes_up_is_not_held_for_long),
		WITH_BENCH(a_second_reset_in_a_doubt_ends_it),
		WITH_BENCH(a_reset_that_is_believed_late_is_no_rollover),
		WITH_BENCH(what_was_in_doubt_at_an_exchange_was_the_old_devices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
