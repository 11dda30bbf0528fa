/* SPDX-License-Identifier: Apache-2.0 */
/* counter_bench.c -- counter_bench.h. */
#include "tests/fakes/counter_bench.h"

#include <stdlib.h>

static bool take_interval(void *context, struct interval_row *row)
{
	struct counter_bench *bench = context;

	if (++bench->calls == bench->refused_call || bench->rows_count >= bench->rows_taken_max) {
		return false;
	}
	assert_true(row->end_wall_ms > row->start_wall_ms);
	bench->rows[bench->rows_count++] = *row;
	return true;
}

static bool take_event(void *context, struct event_row *row)
{
	struct counter_bench *bench = context;

	if (++bench->calls == bench->refused_call) {
		return false;
	}
	assert_true(bench->events_count < COUNTER_BENCH_EVENTS_MAX);
	bench->events[bench->events_count++] = *row;
	return true;
}

int counter_bench_setup(void **state)
{
	struct counter_bench *bench = calloc(1, sizeof(*bench));

	bench->rules = (struct counter_rules){
		.meter = "main",
		.quantity = QUANTITY_ACTIVE_ENERGY_IMPORT,
		.series = 7,
		.grid = {.length_ms = COUNTER_BENCH_QUARTER_MS},
		.gap_limit_ms = 5 * COUNTER_BENCH_MINUTE_MS,
		.close_deadline_ms = 5 * COUNTER_BENCH_MINUTE_MS,
	};
	bench->sink = (struct counter_sink){bench, take_interval, take_event};
	bench->rows_taken_max = COUNTER_BENCH_ROWS_MAX;
	*state = bench;
	return 0;
}

int counter_bench_teardown(void **state)
{
	free(*state);
	return 0;
}

/* A reading at COUNTER_BENCH_T0 plus minutes. */
bool counter_bench_read(struct counter_bench *bench, double minutes, int64_t value)
{
	const struct reading reading = {
		.at_wall_ms = COUNTER_BENCH_T0 + (int64_t)(minutes * COUNTER_BENCH_MINUTE_MS),
		.value = value,
		.clock = CLOCK_STATE_SYNCHRONISED,
	};

	return counter_add_reading(&bench->counter, &bench->rules, &reading, &bench->sink);
}

bool counter_bench_tick(struct counter_bench *bench, double minutes)
{
	return counter_tick(&bench->counter, &bench->rules,
		COUNTER_BENCH_T0 + (int64_t)(minutes * COUNTER_BENCH_MINUTE_MS), &bench->sink);
}

/* Every minute from..to, climbing by `step` a minute from `value` at `from`. */
void counter_bench_read_minutes(struct counter_bench *bench, struct counter_bench_climb climb)
{
	for (int i = climb.from; i <= climb.to; i++) {
		int64_t climbed = (i - climb.from) * climb.step;
		assert_true(counter_bench_read(bench, i, climb.value + climbed));
	}
}

const struct interval_row *counter_bench_last_row(const struct counter_bench *bench)
{
	assert_true(bench->rows_count > 0);
	return &bench->rows[bench->rows_count - 1];
}

bool counter_bench_has_energy(const struct interval_row *row)
{
	return row->quality == QUALITY_MEASURED || row->quality == QUALITY_ESTIMATED;
}

int64_t counter_bench_sum(const struct counter_bench *bench)
{
	int64_t sum = 0;

	for (size_t i = 0; i < bench->rows_count; i++) {
		sum += counter_bench_has_energy(&bench->rows[i]) ? bench->rows[i].energy : 0;
	}
	return sum;
}
