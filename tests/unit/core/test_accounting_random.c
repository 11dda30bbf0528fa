/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_accounting_random.c -- Conservation: whatever the jitter, the gaps, the
 * noise, the restarts and the refusals, the sum of the newest rows is the
 * meter's own difference, to the step. The seed is printed; give it as the
 * first argument to run one again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/fakes/counter_bench.h"

enum { QUARTERS = 400, CASES = 300, SECOND_MS = 1000 };

static uint64_t seed;

/* SplitMix64. */
static uint64_t next_random(uint64_t *random)
{
	uint64_t z = (*random += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static int64_t below(uint64_t *random, int64_t limit)
{
	return (int64_t)(next_random(random) % (uint64_t)limit);
}

/* The world: a register and an instant that go on together. */
struct world {
	uint64_t random;
	int64_t at_wall_ms;
	int64_t true_value;
};

/* The newest row of each interval, by its number since T0. */
struct newest {
	struct interval_row rows[QUARTERS];
	bool known[QUARTERS];
};

static void index_newest(const struct counter_bench *bench, struct newest *newest)
{
	for (size_t i = 0; i < bench->rows_count; i++) {
		const struct interval_row *row = &bench->rows[i];
		int64_t number = (row->start_wall_ms - COUNTER_BENCH_T0) / COUNTER_BENCH_QUARTER_MS;
		assert_in_range(number, 0, QUARTERS - 1);
		assert_int_equal(row->end_wall_ms - row->start_wall_ms, COUNTER_BENCH_QUARTER_MS);
		if (newest->known[number]) {
			assert_true(row->revision > newest->rows[number].revision);
			assert_int_equal(newest->rows[number].quality, QUALITY_MISSING);
		}
		newest->rows[number] = *row;
		newest->known[number] = true;
	}
}

/* A restart: only stored rows are known. */
static void restart(struct counter_bench *bench)
{
	const struct interval_row *newest = NULL;
	const struct interval_row *known = NULL;

	for (size_t i = 0; i < bench->rows_count; i++) {
		const struct interval_row *row = &bench->rows[i];
		newest = !newest || row->end_wall_ms >= newest->end_wall_ms ? row : newest;
		if (row->has_readings) {
			known = !known || row->end_wall_ms >= known->end_wall_ms ? row : known;
		}
	}
	bench->counter = (struct counter){0};
	counter_resume(&bench->counter, newest, known);
}

static bool offer(struct counter_bench *bench, const struct world *world, int64_t shown)
{
	const struct reading reading = {world->at_wall_ms, shown, CLOCK_STATE_SYNCHRONISED};

	return counter_add_reading(&bench->counter, &bench->rules, &reading, &bench->sink);
}

static int64_t shown(const struct counter_bench *bench, const struct world *world)
{
	return bench->rules.modulus ? world->true_value % bench->rules.modulus : world->true_value;
}

/* Let time pass: mostly a poll, now and then a gap. */
static void pass(struct world *world)
{
	int64_t ms = 5 * SECOND_MS + below(&world->random, 60 * SECOND_MS);

	if (below(&world->random, 200) == 0) {
		ms += below(&world->random, 8 * COUNTER_BENCH_QUARTER_MS);
	}
	int64_t rate = below(&world->random, 4) == 0 ? 0 : below(&world->random, 90000000);
	world->at_wall_ms += ms;
	world->true_value += (int64_t)((double)rate * (double)ms / 3600000.0);
}

/* What the meter's wire may do to one reading, always followed by a good one. */
static void disturb(struct counter_bench *bench, struct world *world)
{
	int64_t good = shown(bench, world);

	if (below(&world->random, 2) == 0) {
		offer(bench, world, 0);
	} else {
		offer(bench, world, good + (INT64_C(1) << 32));
	}
	pass(world);
	offer(bench, world, shown(bench, world));
	pass(world);
}

static bool has_known_row(const struct counter_bench *bench)
{
	bool is_known = false;

	for (size_t i = 0; i < bench->rows_count && !is_known; i++) {
		is_known = bench->rows[i].has_readings;
	}
	return is_known;
}

/*
 * No noise right after a reading that found no room: when it was the one that confirmed a
 * rollover, a zero in its place is as possible as the rollover, and nothing decides.
 */
static void live(struct counter_bench *bench, struct world *world, int64_t until_wall_ms)
{
	bool was_taken = true;

	while (world->at_wall_ms < until_wall_ms) {
		switch (below(&world->random, 400)) {
		case 0:
			if (has_known_row(bench)) { /* before, nothing is promised yet */
				restart(bench);
			}
			break;
		case 1:
		case 2:
			if (was_taken) {
				disturb(bench, world);
			}
			break;
		case 3: /* a full disk for one reading */
			bench->rows_taken_max =
				bench->rows_count + (size_t)below(&world->random, 3);
			break;
		default:
			break;
		}
		was_taken = offer(bench, world, shown(bench, world));
		bench->rows_taken_max = COUNTER_BENCH_ROWS_MAX;
		counter_tick(&bench->counter, &bench->rules, world->at_wall_ms, &bench->sink);
		pass(world);
	}
}

static void check(const struct counter_bench *bench, int64_t quarters, int64_t climbed)
{
	static struct newest newest;
	int64_t sum = 0;

	newest = (struct newest){0};
	index_newest(bench, &newest);
	for (int64_t i = 0; i < quarters; i++) {
		const struct interval_row *row = &newest.rows[i];
		assert_true(newest.known[i]);
		assert_true(counter_bench_has_energy(row));
		assert_true(row->energy >= 0);
		if (i > 0) {
			assert_int_equal(row->reading_start, newest.rows[i - 1].reading_end);
		}
		sum += row->energy;
	}
	assert_int_equal(sum, climbed);
}

static void run_case(struct counter_bench *bench, uint64_t case_seed, bool with_modulus)
{
	struct world world = {.random = case_seed, .at_wall_ms = COUNTER_BENCH_T0};
	int64_t quarters = QUARTERS - 20;

	bench->counter = (struct counter){0};
	bench->rows_count = 0;
	bench->events_count = 0;
	bench->rules.rate_max_per_hour = 100000000;
	bench->rules.modulus = with_modulus ? 1000000000 : 0;
	world.true_value = 1 + below(&world.random, 900000000);
	int64_t first = world.true_value;
	offer(bench, &world, shown(bench, &world));
	pass(&world);
	offer(bench, &world, shown(bench, &world));
	pass(&world);
	live(bench, &world, COUNTER_BENCH_T0 + (quarters - 12) * COUNTER_BENCH_QUARTER_MS);
	/* One reading more, so that nothing is held, then one exactly on the last boundary. */
	offer(bench, &world, shown(bench, &world));
	world.at_wall_ms = COUNTER_BENCH_T0 + quarters * COUNTER_BENCH_QUARTER_MS;
	offer(bench, &world, shown(bench, &world));
	check(bench, quarters, world.true_value - first);
}

static void the_sum_is_the_meters_own_difference(void **state)
{
	uint64_t random = seed;

	for (int i = 0; i < CASES; i++) {
		run_case(*state, next_random(&random), false);
	}
}

static void the_sum_is_the_meters_own_difference_over_rollovers(void **state)
{
	uint64_t random = seed ^ 0x5bd1e995;

	for (int i = 0; i < CASES; i++) {
		run_case(*state, next_random(&random), true);
	}
}

int main(int argc, char **argv)
{
	seed = argc > 1 ? strtoull(argv[1], NULL, 10) : (uint64_t)time(NULL);
	printf("seed %llu\n", (unsigned long long)seed);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_sum_is_the_meters_own_difference,
			counter_bench_setup, counter_bench_teardown),
		cmocka_unit_test_setup_teardown(the_sum_is_the_meters_own_difference_over_rollovers,
			counter_bench_setup, counter_bench_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
