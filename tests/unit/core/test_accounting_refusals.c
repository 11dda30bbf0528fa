/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_accounting_refusals.c -- A disk that is full in the middle of anything:
 * each call of the sink is refused in turn, once, and what was being done is
 * done again. The sums are the same as on a disk that takes all, no row comes
 * twice with one revision, none is negative.
 */
#include <stdlib.h>

#include "tests/fakes/counter_bench.h"

enum { MINUTE = COUNTER_BENCH_MINUTE_MS, QUARTER = COUNTER_BENCH_QUARTER_MS, CALLS_MAX = 200 };

static const int64_t t0 = COUNTER_BENCH_T0;

/* ---- Offering again what was refused ---- */

static void read_until_taken(struct counter_bench *bench, double minutes, int64_t value)
{
	if (!counter_bench_read(bench, minutes, value)) {
		assert_true(counter_bench_read(bench, minutes, value));
	}
}

static void read_minutes(struct counter_bench *bench, struct counter_bench_climb climb)
{
	for (int i = climb.from; i <= climb.to; i++) {
		read_until_taken(bench, i, climb.value + (i - climb.from) * climb.step);
	}
}

static void tick_until_taken(struct counter_bench *bench, double minutes)
{
	if (!counter_bench_tick(bench, minutes)) {
		assert_true(counter_bench_tick(bench, minutes));
	}
}

/* ---- What stands at the end ---- */

static int by_key(const void *a, const void *b)
{
	const struct interval_row *left = a, *right = b;

	if (left->start_wall_ms != right->start_wall_ms) {
		return left->start_wall_ms < right->start_wall_ms ? -1 : 1;
	}
	return left->revision - right->revision;
}

/* Newest rows in order of time, in the bench's own. */
static void keep_newest(struct counter_bench *bench)
{
	size_t kept = 0;

	qsort(bench->rows, bench->rows_count, sizeof(bench->rows[0]), by_key);
	for (size_t i = 0; i < bench->rows_count; i++) {
		const struct interval_row *row = &bench->rows[i];
		bool is_newest =
			i + 1 == bench->rows_count || row[1].start_wall_ms != row->start_wall_ms;
		assert_true(!counter_bench_has_energy(row) || row->energy >= 0);
		assert_true(is_newest || row[1].revision > row->revision);
		if (is_newest) {
			assert_true(kept == 0 ||
				    bench->rows[kept - 1].end_wall_ms <= row->start_wall_ms);
			bench->rows[kept++] = *row;
		}
	}
	bench->rows_count = kept;
}

/* ---- Scenes ---- */

static void a_gap_with_missing_rows(struct counter_bench *bench)
{
	read_minutes(bench, (struct counter_bench_climb){0, 20, 1000, 10});
	for (int minute = 21; minute < 90; minute++) {
		tick_until_taken(bench, minute);
	}
	read_minutes(bench, (struct counter_bench_climb){90, 120, 1900, 10});
}

static void noise_a_rollover_and_a_reset(struct counter_bench *bench)
{
	bench->rules.modulus = 2000;
	bench->rules.rate_max_per_hour = 6000;
	read_minutes(bench, (struct counter_bench_climb){0, 20, 1700, 10});
	read_until_taken(bench, 20.5, 0);
	read_minutes(bench, (struct counter_bench_climb){21, 29, 1910, 10});
	read_until_taken(bench, 29.5, 150000);
	read_minutes(bench, (struct counter_bench_climb){30, 60, 0, 10});
	read_minutes(bench, (struct counter_bench_climb){61, 62, 1, 1});
	read_minutes(bench, (struct counter_bench_climb){63, 105, 12, 10});
}

/* Noise, and the rollover in the reading after it. */
static void noise_just_before_a_rollover(struct counter_bench *bench)
{
	bench->rules.modulus = 2000;
	bench->rules.rate_max_per_hour = 6000;
	read_minutes(bench, (struct counter_bench_climb){0, 28, 1700, 10});
	read_until_taken(bench, 28.5, 3);
	read_minutes(bench, (struct counter_bench_climb){29, 60, 30, 10});
}

static void an_anchor_bridged(struct counter_bench *bench)
{
	const struct reading first = {t0, 1000, CLOCK_STATE_SYNCHRONISED};
	const struct counter_bridge bridge = {
		.anchor = {t0 - 4 * (int64_t)QUARTER, 600, CLOCK_STATE_SYNCHRONISED},
		.first = &first
        };

	read_minutes(bench, (struct counter_bench_climb){0, 35, 1000, 10});
	(void)counter_bridge(&bench->counter, &bench->rules, &bridge, &bench->sink);
	read_minutes(bench, (struct counter_bench_climb){36, 60, 1360, 10});
}

typedef void scene_function(struct counter_bench *bench);

/* The sum of a scene whose sink refuses its n-th call; *ret_calls: how many there were. */
static int64_t play(
	struct counter_bench *bench, scene_function *scene, size_t refused_call, size_t *ret_calls)
{
	bench->counter = (struct counter){0};
	bench->rules.modulus = 0;
	bench->rules.rate_max_per_hour = 0;
	bench->rows_count = 0;
	bench->events_count = 0;
	bench->calls = 0;
	bench->refused_call = refused_call;
	scene(bench);
	*ret_calls = bench->calls;
	keep_newest(bench);
	return counter_bench_sum(bench);
}

static void refuse_each(struct counter_bench *bench, scene_function *scene, int64_t expected)
{
	size_t calls;

	assert_int_equal(play(bench, scene, 0, &calls), expected);
	assert_in_range(calls, 2, CALLS_MAX);
	for (size_t call = 1; call <= calls; call++) {
		size_t made;
		assert_int_equal(play(bench, scene, call, &made), expected);
	}
}

static void a_gap_is_filled_to_the_step_whichever_row_was_refused(void **state)
{
	refuse_each(*state, a_gap_with_missing_rows, 2200 - 1000);
}

/* 1700 to 2150 without the quarter hour of the reset, 310 at its start; then on from 75 minutes. */
static void doubt_costs_the_same_whichever_word_about_it_was_refused(void **state)
{
	refuse_each(*state, noise_a_rollover_and_a_reset, (2300 - 1700) + (432 - 132));
	refuse_each(*state, noise_just_before_a_rollover, 2340 - 1700);
}

/* A bridge is not offered again here: nothing else may suffer. */
static void a_bridge_that_is_refused_leaves_the_counter_as_it_is(void **state)
{
	struct counter_bench *bench = *state;
	size_t calls;

	assert_int_equal(play(bench, an_anchor_bridged, 0, &calls), 1600 - 600);
	assert_int_equal(play(bench, an_anchor_bridged, 3, &calls), 1600 - 1000);
}

#define WITH_BENCH(test) \
	cmocka_unit_test_setup_teardown(test, counter_bench_setup, counter_bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BENCH(a_gap_is_filled_to_the_step_whichever_row_was_refused),
		WITH_BENCH(doubt_costs_the_same_whichever_word_about_it_was_refused),
		WITH_BENCH(a_bridge_that_is_refused_leaves_the_counter_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
