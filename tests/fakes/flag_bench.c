/* SPDX-License-Identifier: Apache-2.0 */
/* flag_bench.c -- flag_bench.h. */
#include "tests/fakes/flag_bench.h"

const struct flag_limits flag_bench_limits = {
	.spike_factor = 10,
	.spike_history_ms = 7 * (int64_t)FLAG_BENCH_DAY_MS,
	.doubled_band_percent = 10,
	.doubled_neighbours_percent = 15,
	.steps_min = 20,
	.power_band_percent = 25,
	.submeter_tolerance_percent = 5,
	.heat_factor = 1160,
	.heat_band_percent = 20,
	.heat_window_ms = FLAG_BENCH_DAY_MS,
	.frozen_after_ms = 60 * (int64_t)FLAG_BENCH_DAY_MS,
	.frozen_factor = 3,
};

struct flag_rules flag_bench_rules(void)
{
	return (struct flag_rules){
		.quantity = QUANTITY_ACTIVE_ENERGY_IMPORT,
		.resolution = 10000,
		.limits = &flag_bench_limits,
	};
}

struct interval_row flag_bench_row(int64_t number, int64_t length_ms, int64_t energy)
{
	return (struct interval_row){
		.start_wall_ms = FLAG_BENCH_T0 + number * length_ms,
		.end_wall_ms = FLAG_BENCH_T0 + (number + 1) * length_ms,
		.energy = energy,
		.quality = QUALITY_MEASURED,
		.has_readings = true,
	};
}
