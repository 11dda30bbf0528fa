/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scenario.h -- A building's meters as one consistent whole: whatever a meter
 * at one of its places shows, at any instant. Pure but for a cache: the same
 * seed, start and instant give the same values, whatever was asked before.
 *
 * Conserved: a counter rises by exactly the integral of the power its meter
 * shows (each slot's power is constant); the building's power is the sum of all
 * loads less the roof's.
 */
#ifndef GATEWAY_SIMULATE_SCENARIO_H
#define GATEWAY_SIMULATE_SCENARIO_H

#include <stdbool.h>
#include <stdint.h>

#include "drivers/quantity.h"
#include "gateway/simulate/school_loads.h"

/* Where a meter can stand; LOAD_* first. */
enum scenario_place {
	PLACE_BUILDING = LOAD_COUNT, /* at the grid: everything, less the roof */
	PLACE_HEAT,                  /* district heating */
	PLACE_COUNT
};

struct scenario;

/* Counters stand at their first reading at `start_ms` (and before). NULL when memory is out. */
struct scenario *scenario_new(uint64_t seed, int64_t start_ms);
struct scenario *scenario_free(struct scenario *scenario); /* NULL is fine; returns NULL */

/* In inside steps; false when a meter at this place knows no such quantity. */
bool scenario_value(struct scenario *scenario, unsigned place, enum quantity quantity,
	int64_t at_ms, int64_t *ret_value);

/* "building", "kitchen" ...; NULL past the end. */
const char *scenario_place_name(unsigned place);
bool scenario_place_find(const char *name, unsigned *ret_place);

#endif
