/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quantity.h -- What the gateway can measure: names, units, kinds, ranges.
 *
 * Every value inside is an int64_t in the quantity's own small step (mWh, mL,
 * mW, mV ...): energy is added up for years, and binary fractions do not add up.
 */
#ifndef DRIVERS_QUANTITY_H
#define DRIVERS_QUANTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Without a suffix: the device's total; VOLTAGE and CURRENT are the mean of the
 * phases (line to neutral). L1..L3: one phase; T1..T4: one tariff.
 */
enum quantity {
	QUANTITY_ACTIVE_ENERGY_IMPORT,
	QUANTITY_ACTIVE_ENERGY_EXPORT,
	QUANTITY_ACTIVE_ENERGY_IMPORT_L1,
	QUANTITY_ACTIVE_ENERGY_IMPORT_L2,
	QUANTITY_ACTIVE_ENERGY_IMPORT_L3,
	QUANTITY_ACTIVE_ENERGY_EXPORT_L1,
	QUANTITY_ACTIVE_ENERGY_EXPORT_L2,
	QUANTITY_ACTIVE_ENERGY_EXPORT_L3,
	QUANTITY_ACTIVE_ENERGY_IMPORT_T1,
	QUANTITY_ACTIVE_ENERGY_IMPORT_T2,
	QUANTITY_ACTIVE_ENERGY_IMPORT_T3,
	QUANTITY_ACTIVE_ENERGY_IMPORT_T4,
	QUANTITY_REACTIVE_ENERGY_IMPORT,
	QUANTITY_REACTIVE_ENERGY_EXPORT,
	QUANTITY_APPARENT_ENERGY,
	QUANTITY_HEAT_ENERGY,
	QUANTITY_COOLING_ENERGY,
	QUANTITY_VOLUME,
	QUANTITY_PULSES,
	QUANTITY_ACTIVE_POWER,
	QUANTITY_ACTIVE_POWER_L1,
	QUANTITY_ACTIVE_POWER_L2,
	QUANTITY_ACTIVE_POWER_L3,
	QUANTITY_REACTIVE_POWER,
	QUANTITY_REACTIVE_POWER_L1,
	QUANTITY_REACTIVE_POWER_L2,
	QUANTITY_REACTIVE_POWER_L3,
	QUANTITY_APPARENT_POWER,
	QUANTITY_APPARENT_POWER_L1,
	QUANTITY_APPARENT_POWER_L2,
	QUANTITY_APPARENT_POWER_L3,
	QUANTITY_POWER_FACTOR,
	QUANTITY_POWER_FACTOR_L1,
	QUANTITY_POWER_FACTOR_L2,
	QUANTITY_POWER_FACTOR_L3,
	QUANTITY_VOLTAGE,
	QUANTITY_VOLTAGE_L1,
	QUANTITY_VOLTAGE_L2,
	QUANTITY_VOLTAGE_L3,
	QUANTITY_VOLTAGE_L1_L2,
	QUANTITY_VOLTAGE_L2_L3,
	QUANTITY_VOLTAGE_L3_L1,
	QUANTITY_CURRENT,
	QUANTITY_CURRENT_L1,
	QUANTITY_CURRENT_L2,
	QUANTITY_CURRENT_L3,
	QUANTITY_CURRENT_NEUTRAL,
	QUANTITY_FREQUENCY,
	QUANTITY_HEAT_POWER,
	QUANTITY_FLOW,
	QUANTITY_FLOW_TEMPERATURE,
	QUANTITY_RETURN_TEMPERATURE,
	QUANTITY_TEMPERATURE_DIFFERENCE,
	QUANTITY_COUNT
};

enum quantity_kind {
	QUANTITY_GAUGE,   /* moves; goes to trends */
	QUANTITY_COUNTER, /* only climbs; goes to intervals, never averaged */
};

struct quantity_info {
	const char *name; /* as in models, topics, the store: "active_energy_import" */
	const char *unit; /* outside: "kWh", "m³", "W", "V", "A", "°C", "K", "Hz", "1" ... */
	enum quantity_kind kind;
	int8_t decimals;   /* inside steps = outside unit * 10^decimals: kWh 6 (mWh), W 3 (mW) */
	bool scaled_by_ct; /* a current transformer's ratio multiplies it */
	int64_t plausible_min; /* inside steps; outside the range: no value */
	int64_t plausible_max;
};

/* Facts about one quantity. Never NULL for a value below QUANTITY_COUNT. */
const struct quantity_info *quantity_info(enum quantity quantity);

/* By name; false when there is none. */
bool quantity_find(const char *name, enum quantity *ret_quantity);

enum { DECIMAL_TEXT_MAX = 32 }; /* bytes, with the NUL: sign, 19 digits, point, zeros */

/*
 * Print steps / 10^decimals as a plain decimal number ("12.5", "-0.001", "7"),
 * without trailing zeros, at most 15 significant digits (what a JSON number
 * keeps in a double; digits past that are rounded half to even). Returns the
 * length.
 */
size_t decimal_print(char buffer[static DECIMAL_TEXT_MAX], int64_t steps, int8_t decimals);

#endif
