/* SPDX-License-Identifier: Apache-2.0 */
/*
 * simulation.h -- Lines of simulated devices, and the simulated world's time.
 */
#ifndef GATEWAY_SIMULATE_SIMULATION_H
#define GATEWAY_SIMULATE_SIMULATION_H

#include <stdio.h>

#include "drivers/model_library.h"
#include "gateway/simulate/simulation_spec.h"

/* Where simulated time stood at a real moment, and how fast it goes from there. */
struct simulated_clock {
	int64_t anchor_mono_us;
	int64_t anchor_ms;
	int64_t speed;
	bool paused;
};

struct simulation {
	struct simulated_line **lines;
	size_t lines_count;
	struct readings **readings;
	size_t readings_count;
	struct scenario *scenario;
	struct simulated_clock clock;
	int64_t begun_mono_us;
	uint64_t seed;
	FILE *log; /* JSON lines of what was served; NULL: none */
	bool ended;
};

/*
 * Make all of it; ports are open when it returns true. `library` must outlive
 * the simulation. Errors of models go to `diagnostics`, all others to
 * ret_reason. Free it either way.
 */
__attribute__((warn_unused_result)) bool simulation_make(struct simulation *simulation,
	struct simulation_spec *spec, struct model_library *library,
	char ret_reason[static SPEC_REASON_MAX]);
void simulation_clear(struct simulation *simulation);

struct simulated_instant simulation_now(const struct simulation *simulation);
/* Both keep the simulated time where it stands. */
void simulation_set_speed(struct simulation *simulation, int64_t speed);
void simulation_pause(struct simulation *simulation, bool paused);

/* By name, or by "LINE/NAME"; NULL when there is none. */
struct simulated_device *simulation_device(const struct simulation *simulation, const char *name);

#endif
