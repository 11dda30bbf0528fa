/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load.h -- What a building draws: believable in its day, its week and its
 * year, with noise; the same for the same seed and instant, whoever asks.
 */
#ifndef TESTS_SIMULATION_LOAD_H
#define TESTS_SIMULATION_LOAD_H

#include <stdint.h>

enum load_kind {
	LOAD_BUILDING, /* a school: base load, working hours, weekends */
	LOAD_BASE,     /* a server room: always the same, nearly */
	LOAD_HEAT,     /* follows the winter */
	LOAD_EV,       /* nothing, or a car at full power */
	LOAD_PV,       /* the sun, with clouds */
	LOAD_WATER,    /* taps: much for minutes, nothing at night */
	LOAD_KIND_COUNT
};

enum { LOAD_SLOT_MS = 600000 }; /* constant within it */

struct load {
	uint64_t seed;
	enum load_kind kind;
	int64_t most_per_hour; /* inside steps of the quantity */
};

/* Inside steps an hour in a slot (UTC milliseconds / LOAD_SLOT_MS): 0 .. most_per_hour. */
int64_t load_rate(const struct load *load, int64_t slot);

#endif
