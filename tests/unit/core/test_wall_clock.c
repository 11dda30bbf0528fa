/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_wall_clock.c -- An instant is placed only when somebody vouches for the
 * time; a step is noticed; what waited is kept evenly.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/core/wall_clock.h"

static const int64_t T0 = 1767225600000;
static const struct wall_clock_rules strict = {.earliest_wall_ms = INT64_C(1750000000000)};
static const struct wall_clock_rules trusting = {
	.trust = true, .earliest_wall_ms = INT64_C(1750000000000)};

static enum clock_change see(struct wall_clock *clock, const struct wall_clock_rules *rules,
	struct clock_observation seen)
{
	int64_t step_ms = 0;

	return wall_clock_observe(clock, rules, &seen, &step_ms);
}

static void the_time_is_unknown_until_the_kernel_vouches_for_it(void **state)
{
	struct wall_clock clock = {0};
	int64_t at_wall_ms = -1;

	(void)state;
	assert_int_equal(see(&clock, &strict, (struct clock_observation){100, T0, false}),
		CLOCK_CHANGE_NONE);
	assert_false(wall_clock_place(&clock, 100, &at_wall_ms));
	assert_int_equal(at_wall_ms, -1);
	assert_int_equal(see(&clock, &strict, (struct clock_observation){200, T0 + 100, true}),
		CLOCK_CHANGE_KNOWN);
	assert_int_equal(clock.state, CLOCK_STATE_SYNCHRONISED);
	assert_true(wall_clock_place(&clock, 50, &at_wall_ms));
	assert_int_equal(at_wall_ms, T0 - 50);
}

static void a_trusted_clock_counts_at_once_and_says_so(void **state)
{
	struct wall_clock clock = {0};

	(void)state;
	assert_int_equal(see(&clock, &trusting, (struct clock_observation){0, T0, false}),
		CLOCK_CHANGE_KNOWN);
	assert_int_equal(clock.state, CLOCK_STATE_TRUSTED);
	assert_int_equal(see(&clock, &trusting, (struct clock_observation){1000, T0 + 1000, true}),
		CLOCK_CHANGE_NONE);
	assert_int_equal(clock.state, CLOCK_STATE_SYNCHRONISED);
}

static void a_board_in_1970_is_not_believed_even_when_trusted(void **state)
{
	struct wall_clock clock = {0};

	(void)state;
	assert_int_equal(see(&clock, &trusting, (struct clock_observation){0, 5000, false}),
		CLOCK_CHANGE_NONE);
	assert_int_equal(
		see(&clock, &strict, (struct clock_observation){0, 5000, true}), CLOCK_CHANGE_NONE);
	assert_int_equal(clock.state, CLOCK_STATE_UNKNOWN);
}

static void a_step_is_told_with_its_size_and_slewing_is_not(void **state)
{
	struct wall_clock clock = {0};
	struct clock_observation seen = {0, T0, true};
	int64_t step_ms = 0;

	(void)state;
	see(&clock, &strict, seen);
	for (int i = 0; i < 3600; i++) { /* 500 ppm for an hour: 1.8 s */
		seen.mono_ms += 1000;
		seen.wall_ms += 1000 + (i % 2);
		assert_int_equal(see(&clock, &strict, seen), CLOCK_CHANGE_NONE);
	}
	seen.mono_ms += 1000;
	seen.wall_ms += 1000 - 3600000;
	assert_int_equal(
		wall_clock_observe(&clock, &strict, &seen, &step_ms), CLOCK_CHANGE_STEPPED);
	assert_int_equal(step_ms, -3600000);
	assert_int_equal(see(&clock, &strict, seen), CLOCK_CHANGE_NONE);
}

static void a_step_nobody_vouches_for_is_not_followed(void **state)
{
	struct wall_clock clock = {0};
	int64_t at_wall_ms = 0;

	(void)state;
	see(&clock, &strict, (struct clock_observation){0, T0, true});
	assert_int_equal(
		see(&clock, &strict, (struct clock_observation){1000, T0 + 90000000, false}),
		CLOCK_CHANGE_NONE);
	wall_clock_place(&clock, 1000, &at_wall_ms);
	assert_int_equal(at_wall_ms, T0 + 1000);
	assert_int_equal(clock.state, CLOCK_STATE_SYNCHRONISED);
}

static void a_clock_once_known_stays_known_when_the_kernels_word_expires(void **state)
{
	struct wall_clock clock = {0};

	(void)state;
	see(&clock, &strict, (struct clock_observation){0, T0, true});
	see(&clock, &strict, (struct clock_observation){1000, T0 + 1000, false});
	assert_int_equal(clock.state, CLOCK_STATE_SYNCHRONISED);
}

static void readings_that_wait_are_thinned_evenly_first_and_newest_kept(void **state)
{
	struct waiting_readings waiting = {0};
	int64_t widest_ms = 0;

	(void)state;
	for (int i = 0; i <= 10000; i++) {
		waiting_readings_add(&waiting, 1000 + i * INT64_C(10000), 7 + i);
		assert_in_range(waiting.count, 1, WAITING_READINGS_MAX);
		assert_int_equal(waiting.items[waiting.count - 1].value, 7 + i);
	}
	assert_int_equal(waiting.items[0].value, 7);
	assert_true(waiting.count >= WAITING_READINGS_MAX / 2);
	for (size_t i = 1; i < waiting.count; i++) {
		int64_t distance_ms = waiting.items[i].at_mono_ms - waiting.items[i - 1].at_mono_ms;
		assert_true(distance_ms > 0);
		assert_int_equal(
			distance_ms, 10000 * (waiting.items[i].value - waiting.items[i - 1].value));
		widest_ms = distance_ms > widest_ms ? distance_ms : widest_ms;
	}
	assert_true(widest_ms <= INT64_C(100000000) * 4 / WAITING_READINGS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_time_is_unknown_until_the_kernel_vouches_for_it),
		cmocka_unit_test(a_trusted_clock_counts_at_once_and_says_so),
		cmocka_unit_test(a_board_in_1970_is_not_believed_even_when_trusted),
		cmocka_unit_test(a_step_is_told_with_its_size_and_slewing_is_not),
		cmocka_unit_test(a_step_nobody_vouches_for_is_not_followed),
		cmocka_unit_test(a_clock_once_known_stays_known_when_the_kernels_word_expires),
		cmocka_unit_test(readings_that_wait_are_thinned_evenly_first_and_newest_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
