/* SPDX-License-Identifier: Apache-2.0 */
/*
 * school_loads.h -- What a municipal school near Drammen draws and makes, at
 * any moment: pure functions of a seed and the time, constant within a slot of
 * ten seconds. Believable, not measured: occupancy, weather, sun and cars of a
 * Norwegian school of 300 pupils.
 */
#ifndef GATEWAY_SIMULATE_SCHOOL_LOADS_H
#define GATEWAY_SIMULATE_SCHOOL_LOADS_H

#include <stdint.h>

enum school_load {
	LOAD_VENTILATION,
	LOAD_KITCHEN,
	LOAD_LIGHTING,
	LOAD_HOT_WATER,
	LOAD_GYM,
	LOAD_SERVERS,
	LOAD_EQUIPMENT, /* what no sub-meter stands at */
	LOAD_CHARGERS,
	LOAD_PV, /* what the roof makes, as a positive power */
	LOAD_COUNT
};

enum {
	SCHOOL_SLOT_MS = 10000,
	SCHOOL_UTC_OFFSET_S = 3600, /* local time of the school: UTC + 1 h all year */
};

struct load_power {
	int64_t phase_mw[3];
	int64_t phase_mvar[3];
};

/* The power in the slot that holds the instant. */
struct load_power school_load_power(enum school_load load, uint64_t seed, int64_t at_ms);

struct heat_state {
	int64_t power_mw;
	int64_t flow_temperature_mc; /* thousandths of a degree */
	int64_t return_temperature_mc;
	int64_t flow_ml_h;
};

/* District heating: power, temperatures, and the flow that carries it (1.16 kWh per m³ and K). */
struct heat_state school_heat(uint64_t seed, int64_t at_ms);

/* A phase's voltage (mV) and the grid's frequency (mHz). */
int64_t school_voltage_mv(uint64_t seed, int64_t at_ms, int phase);
int64_t school_frequency_mhz(uint64_t seed, int64_t at_ms);

/* A number from 0 to range - 1 that depends on nothing but its arguments. */
uint64_t school_hash(uint64_t seed, uint64_t what, uint64_t range);

#endif
