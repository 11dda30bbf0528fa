/* SPDX-License-Identifier: Apache-2.0 */
/*
 * counter_bench.h -- A counter with quarter-hour intervals, and a sink that
 * keeps all it is given: what the tests of accounting stand on.
 */
#ifndef TESTS_FAKES_COUNTER_BENCH_H
#define TESTS_FAKES_COUNTER_BENCH_H

/* cmocka.h needs the first four. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/core/accounting.h"

enum {
	COUNTER_BENCH_QUARTER_MS = 900000,
	COUNTER_BENCH_MINUTE_MS = 60000,
	COUNTER_BENCH_ROWS_MAX = 40000,
	COUNTER_BENCH_EVENTS_MAX = 256, /* a random case has 36 in the mean */
};
#define COUNTER_BENCH_T0 INT64_C(1767225600000) /* 2026-01-01T00:00:00Z */

struct counter_bench {
	struct counter counter;
	struct counter_rules rules;
	struct counter_sink sink;
	struct interval_row rows[COUNTER_BENCH_ROWS_MAX];
	size_t rows_count;
	struct event_row events[COUNTER_BENCH_EVENTS_MAX];
	size_t events_count;
	size_t rows_taken_max; /* the sink refuses beyond */
	size_t calls;          /* of the sink, taken or not */
	size_t refused_call;   /* that one is not taken; 0: none */
};

int counter_bench_setup(void **state);
int counter_bench_teardown(void **state);
/* A reading at COUNTER_BENCH_T0 plus minutes. */
bool counter_bench_read(struct counter_bench *bench, double minutes, int64_t value);
bool counter_bench_tick(struct counter_bench *bench, double minutes);
/* One reading a minute, from..to, climbing by `step` from `value` at `from`. */
struct counter_bench_climb {
	int from;
	int to;
	int64_t value;
	int64_t step;
};
void counter_bench_read_minutes(struct counter_bench *bench, struct counter_bench_climb climb);
const struct interval_row *counter_bench_last_row(const struct counter_bench *bench);
bool counter_bench_has_energy(const struct interval_row *row);
int64_t counter_bench_sum(const struct counter_bench *bench);

#endif
