/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quantity.c -- The table behind quantity.h. A new quantity is one row here
 * and one name there.
 *
 * The ranges are generous: they keep out what no building can show (a torn
 * word, 1e30 W, 500 Hz from a firmware that is a factor ten off), nothing else.
 */
#include "drivers/quantity.h"

#include <assert.h>
#include <string.h>

#define THOUSAND INT64_C(1000)
#define MILLION  INT64_C(1000000)

/* clang-format off */
/* One row's columns after the name: unit, kind, decimals, CT, smallest, largest (inside steps). */
#define ENERGY(u, ct)   u, QUANTITY_COUNTER, 6, ct, 0, MILLION * MILLION * MILLION /* 1e12 kWh */
#define VOLUME          "m³", QUANTITY_COUNTER, 6, false, 0, MILLION * MILLION * MILLION
#define PULSES          "1", QUANTITY_COUNTER, 0, false, 0, MILLION * MILLION * MILLION
#define POWER(u, ct)    u, QUANTITY_GAUGE, 3, ct, -MILLION * MILLION, MILLION * MILLION /* 1 GW */
#define POWER_FACTOR    "1", QUANTITY_GAUGE, 3, false, -2 * THOUSAND, 2 * THOUSAND /* four quadrants */
#define VOLTAGE         "V", QUANTITY_GAUGE, 3, false, 0, THOUSAND * MILLION /* 1 MV */
#define CURRENT         "A", QUANTITY_GAUGE, 3, true, -100 * MILLION, 100 * MILLION /* 100 kA */
#define FREQUENCY       "Hz", QUANTITY_GAUGE, 3, false, 0, 100 * THOUSAND
#define FLOW            "m³/h", QUANTITY_GAUGE, 6, false, -MILLION * MILLION, MILLION * MILLION
#define TEMPERATURE     "°C", QUANTITY_GAUGE, 3, false, -100 * THOUSAND, 500 * THOUSAND
#define DIFFERENCE      "K", QUANTITY_GAUGE, 3, false, -500 * THOUSAND, 500 * THOUSAND

static const struct quantity_info quantities[QUANTITY_COUNT] = {
	[QUANTITY_ACTIVE_ENERGY_IMPORT]    = {"active_energy_import",    ENERGY("kWh", true)},
	[QUANTITY_ACTIVE_ENERGY_EXPORT]    = {"active_energy_export",    ENERGY("kWh", true)},
	[QUANTITY_ACTIVE_ENERGY_IMPORT_L1] = {"active_energy_import_l1", ENERGY("kWh", true)},
	[QUANTITY_ACTIVE_ENERGY_IMPORT_L2] = {"active_energy_import_l2", ENERGY("kWh", true)},
	[QUANTITY_ACTIVE_ENERGY_IMPORT_L3] = {"active_energy_import_l3", ENERGY("kWh", true)},
	[QUANTITY_ACTIVE_ENERGY_EXPORT_L1] = {"active_energy_export_l1", ENERGY("kWh", true)},
	[QUANTITY_ACTIVE_ENERGY_EXPORT_L2] = {"active_energy_export_l2", ENERGY("kWh", true)},
	[QUANTITY_ACTIVE_ENERGY_EXPORT_L3] = {"active_energy_export_l3", ENERGY("kWh", true)},
	[QUANTITY_ACTIVE_ENERGY_IMPORT_T1] = {"active_energy_import_t1", ENERGY("kWh", true)},
	[QUANTITY_ACTIVE_ENERGY_IMPORT_T2] = {"active_energy_import_t2", ENERGY("kWh", true)},
	[QUANTITY_ACTIVE_ENERGY_IMPORT_T3] = {"active_energy_import_t3", ENERGY("kWh", true)},
	[QUANTITY_ACTIVE_ENERGY_IMPORT_T4] = {"active_energy_import_t4", ENERGY("kWh", true)},
	[QUANTITY_REACTIVE_ENERGY_IMPORT]  = {"reactive_energy_import",  ENERGY("kvarh", true)},
	[QUANTITY_REACTIVE_ENERGY_EXPORT]  = {"reactive_energy_export",  ENERGY("kvarh", true)},
	[QUANTITY_APPARENT_ENERGY]         = {"apparent_energy",         ENERGY("kVAh", true)},
	[QUANTITY_HEAT_ENERGY]             = {"heat_energy",             ENERGY("kWh", false)},
	[QUANTITY_COOLING_ENERGY]          = {"cooling_energy",          ENERGY("kWh", false)},
	[QUANTITY_VOLUME]                  = {"volume",                  VOLUME},
	[QUANTITY_PULSES]                  = {"pulses",                  PULSES},
	[QUANTITY_ACTIVE_POWER]            = {"active_power",            POWER("W", true)},
	[QUANTITY_ACTIVE_POWER_L1]         = {"active_power_l1",         POWER("W", true)},
	[QUANTITY_ACTIVE_POWER_L2]         = {"active_power_l2",         POWER("W", true)},
	[QUANTITY_ACTIVE_POWER_L3]         = {"active_power_l3",         POWER("W", true)},
	[QUANTITY_REACTIVE_POWER]          = {"reactive_power",          POWER("var", true)},
	[QUANTITY_REACTIVE_POWER_L1]       = {"reactive_power_l1",       POWER("var", true)},
	[QUANTITY_REACTIVE_POWER_L2]       = {"reactive_power_l2",       POWER("var", true)},
	[QUANTITY_REACTIVE_POWER_L3]       = {"reactive_power_l3",       POWER("var", true)},
	[QUANTITY_APPARENT_POWER]          = {"apparent_power",          POWER("VA", true)},
	[QUANTITY_APPARENT_POWER_L1]       = {"apparent_power_l1",       POWER("VA", true)},
	[QUANTITY_APPARENT_POWER_L2]       = {"apparent_power_l2",       POWER("VA", true)},
	[QUANTITY_APPARENT_POWER_L3]       = {"apparent_power_l3",       POWER("VA", true)},
	[QUANTITY_POWER_FACTOR]            = {"power_factor",            POWER_FACTOR},
	[QUANTITY_POWER_FACTOR_L1]         = {"power_factor_l1",         POWER_FACTOR},
	[QUANTITY_POWER_FACTOR_L2]         = {"power_factor_l2",         POWER_FACTOR},
	[QUANTITY_POWER_FACTOR_L3]         = {"power_factor_l3",         POWER_FACTOR},
	[QUANTITY_VOLTAGE]                 = {"voltage",                 VOLTAGE},
	[QUANTITY_VOLTAGE_L1]              = {"voltage_l1",              VOLTAGE},
	[QUANTITY_VOLTAGE_L2]              = {"voltage_l2",              VOLTAGE},
	[QUANTITY_VOLTAGE_L3]              = {"voltage_l3",              VOLTAGE},
	[QUANTITY_VOLTAGE_L1_L2]           = {"voltage_l1_l2",           VOLTAGE},
	[QUANTITY_VOLTAGE_L2_L3]           = {"voltage_l2_l3",           VOLTAGE},
	[QUANTITY_VOLTAGE_L3_L1]           = {"voltage_l3_l1",           VOLTAGE},
	[QUANTITY_CURRENT]                 = {"current",                 CURRENT},
	[QUANTITY_CURRENT_L1]              = {"current_l1",              CURRENT},
	[QUANTITY_CURRENT_L2]              = {"current_l2",              CURRENT},
	[QUANTITY_CURRENT_L3]              = {"current_l3",              CURRENT},
	[QUANTITY_CURRENT_NEUTRAL]         = {"current_neutral",         CURRENT},
	[QUANTITY_FREQUENCY]               = {"frequency",               FREQUENCY},
	[QUANTITY_HEAT_POWER]              = {"heat_power",              POWER("W", false)},
	[QUANTITY_FLOW]                    = {"flow",                    FLOW},
	[QUANTITY_FLOW_TEMPERATURE]        = {"flow_temperature",        TEMPERATURE},
	[QUANTITY_RETURN_TEMPERATURE]      = {"return_temperature",      TEMPERATURE},
	[QUANTITY_TEMPERATURE_DIFFERENCE]  = {"temperature_difference",  DIFFERENCE},
};
/* clang-format on */

const struct quantity_info *quantity_info(enum quantity quantity)
{
	assert((size_t)quantity < QUANTITY_COUNT);

	return &quantities[quantity];
}

bool quantity_find(const char *name, enum quantity *ret_quantity)
{
	for (size_t i = 0; i < QUANTITY_COUNT; i++) {
		if (strcmp(quantities[i].name, name) == 0) {
			*ret_quantity = (enum quantity)i;
			return true;
		}
	}
	return false;
}

static uint64_t power_of_ten(int exponent)
{
	uint64_t power = 1;

	while (exponent-- > 0) {
		power *= 10;
	}
	return power;
}

/* Past 15 digits the last ones become zeros, rounded half to even. */
static uint64_t round_to_15_digits(uint64_t magnitude)
{
	uint64_t step = 1;

	while (magnitude / step >= power_of_ten(15)) {
		step *= 10;
	}

	uint64_t kept = magnitude / step;
	uint64_t rest = magnitude % step;

	if (rest > step - rest || (rest == step - rest && kept % 2 != 0)) {
		kept++;
	}
	return kept * step;
}

static size_t print_unsigned(char *buffer, uint64_t number, int digits_min)
{
	char reversed[20];
	size_t length = 0;

	do {
		reversed[length++] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0 || (int)length < digits_min);

	for (size_t i = 0; i < length; i++) {
		buffer[i] = reversed[length - 1 - i];
	}
	return length;
}

size_t decimal_print(char buffer[static DECIMAL_TEXT_MAX], int64_t steps, int8_t decimals)
{
	assert(decimals >= 0 && decimals <= 18);

	/* Unsigned negation, so that INT64_MIN has a magnitude too. */
	uint64_t magnitude = steps < 0 ? 0 - (uint64_t)steps : (uint64_t)steps;
	uint64_t one = power_of_ten(decimals);
	size_t length = 0;

	magnitude = round_to_15_digits(magnitude);
	if (steps < 0) {
		buffer[length++] = '-';
	}
	length += print_unsigned(buffer + length, magnitude / one, 1);
	if (magnitude % one != 0) {
		buffer[length++] = '.';
		length += print_unsigned(buffer + length, magnitude % one, decimals);
		while (buffer[length - 1] == '0') {
			length--;
		}
	}
	buffer[length] = '\0';
	return length;
}
