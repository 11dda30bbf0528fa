/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flag_bench.h -- The limits a configuration has by default, and intervals made
 * by hand: what the tests of the flags stand on.
 */
#ifndef TESTS_FAKES_FLAG_BENCH_H
#define TESTS_FAKES_FLAG_BENCH_H

/* cmocka.h needs the first four. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/core/series_flags.h"

#define FLAG_BENCH_T0 INT64_C(1767225600000) /* 2026-01-01T00:00:00Z, a Thursday */

enum {
	FLAG_BENCH_QUARTER_MS = 900000,
	FLAG_BENCH_HOUR_MS = 3600000,
	FLAG_BENCH_DAY_MS = 86400000,
	FLAG_BENCH_KWH = 1000000, /* mWh */
};

extern const struct flag_limits flag_bench_limits;

/* Electricity in steps of 10 Wh, without a fuse. */
struct flag_rules flag_bench_rules(void);

/* A measured interval of so many ms, the `number`th since FLAG_BENCH_T0. */
struct interval_row flag_bench_row(int64_t number, int64_t length_ms, int64_t energy);

#endif
