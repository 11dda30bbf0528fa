/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scenario.c -- Integrates the loads slot by slot, and derives what a meter
 * shows from powers, voltages and integrals.
 */
#include "gateway/simulate/scenario.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PHASES = 3, MS_PER_HOUR = 3600000 };

/* Milli-units times milliseconds: 64 bits would hold three years of a building. */
__extension__ typedef __int128 wide_integral;

/* What has flowed since the start. */
struct integral {
	wide_integral import[PHASES + 1]; /* [0]: all phases together */
	wide_integral export[PHASES + 1];
	wide_integral reactive_import;
	wide_integral reactive_export;
	wide_integral apparent;
};

/* Powers within one slot. */
struct place_power {
	int64_t active[PHASES + 1];
	int64_t reactive[PHASES + 1];
	int64_t apparent[PHASES + 1];
};

struct scenario {
	uint64_t seed;
	int64_t start_ms;
	int64_t slot_start_ms;                  /* everything before this is in the integrals */
	struct place_power powers[PLACE_COUNT]; /* in the slot that begins there */
	struct integral integrals[PLACE_COUNT];
	struct heat_state heat;
	wide_integral heat_energy; /* mW ms */
	wide_integral volume;      /* mL/h ms */
};

static const char *const place_names[PLACE_COUNT] = {
	[LOAD_VENTILATION] = "ventilation",
	[LOAD_KITCHEN] = "kitchen",
	[LOAD_LIGHTING] = "lighting",
	[LOAD_HOT_WATER] = "hot-water",
	[LOAD_GYM] = "gym",
	[LOAD_SERVERS] = "servers",
	[LOAD_EQUIPMENT] = "equipment",
	[LOAD_CHARGERS] = "chargers",
	[LOAD_PV] = "pv",
	[PLACE_BUILDING] = "building",
	[PLACE_HEAT] = "heat",
};

const char *scenario_place_name(unsigned place)
{
	return place < PLACE_COUNT ? place_names[place] : NULL;
}

bool scenario_place_find(const char *name, unsigned *ret_place)
{
	for (unsigned place = 0; place < PLACE_COUNT; place++)
		if (strcmp(place_names[place], name) == 0) {
			*ret_place = place;
			return true;
		}
	return false;
}

/* --- slots -------------------------------------------------------------- */

static void add_load(struct place_power *sum, const struct load_power *power, int sign)
{
	for (int phase = 0; phase < PHASES; phase++) {
		sum->active[phase + 1] += sign * power->phase_mw[phase];
		sum->reactive[phase + 1] += sign * power->phase_mvar[phase];
	}
}

static void finish_power(struct place_power *power)
{
	for (int phase = 1; phase <= PHASES; phase++) {
		power->active[0] += power->active[phase];
		power->reactive[0] += power->reactive[phase];
		power->apparent[phase] = llround(
			hypot((double)power->active[phase], (double)power->reactive[phase]));
	}
	power->apparent[0] = llround(hypot((double)power->active[0], (double)power->reactive[0]));
}

static void enter_slot(struct scenario *scenario, int64_t slot_start_ms)
{
	scenario->slot_start_ms = slot_start_ms;
	memset(scenario->powers, 0, sizeof(scenario->powers));
	for (unsigned load = 0; load < LOAD_COUNT; load++) {
		struct load_power power =
			school_load_power((enum school_load)load, scenario->seed, slot_start_ms);
		add_load(&scenario->powers[load], &power, 1);
		add_load(&scenario->powers[PLACE_BUILDING], &power, load == LOAD_PV ? -1 : 1);
	}
	for (unsigned place = 0; place < PLACE_COUNT; place++)
		finish_power(&scenario->powers[place]);
	scenario->heat = school_heat(scenario->seed, slot_start_ms);
}

static void integrate(struct integral *integral, const struct place_power *power, int64_t span_ms)
{
	for (int phase = 0; phase <= PHASES; phase++) {
		int64_t flown = power->active[phase] * span_ms;
		integral->import[phase] += flown > 0 ? flown : 0;
		integral->export[phase] += flown < 0 ? -flown : 0;
	}
	int64_t reactive = power->reactive[0] * span_ms;
	integral->reactive_import += reactive > 0 ? reactive : 0;
	integral->reactive_export += reactive < 0 ? -reactive : 0;
	integral->apparent += power->apparent[0] * span_ms;
}

static void restart(struct scenario *scenario)
{
	memset(scenario->integrals, 0, sizeof(scenario->integrals));
	scenario->heat_energy = 0;
	scenario->volume = 0;
	enter_slot(scenario, scenario->start_ms);
}

/* Every slot before the one that holds the instant is integrated; that one is entered. */
static void move_to(struct scenario *scenario, int64_t at_ms)
{
	if (at_ms < scenario->slot_start_ms)
		restart(scenario);
	for (;;) {
		int64_t end_ms = (scenario->slot_start_ms / SCHOOL_SLOT_MS + 1) * SCHOOL_SLOT_MS;
		if (at_ms < end_ms)
			return;
		int64_t span_ms = end_ms - scenario->slot_start_ms;
		for (unsigned place = 0; place < PLACE_COUNT; place++)
			integrate(&scenario->integrals[place], &scenario->powers[place], span_ms);
		scenario->heat_energy += scenario->heat.power_mw * span_ms;
		scenario->volume += scenario->heat.flow_ml_h * span_ms;
		enter_slot(scenario, end_ms);
	}
}

struct scenario *scenario_new(uint64_t seed, int64_t start_ms)
{
	struct scenario *scenario = calloc(1, sizeof(*scenario));
	if (scenario == NULL)
		return NULL;
	scenario->seed = seed;
	scenario->start_ms = start_ms;
	restart(scenario);
	return scenario;
}

struct scenario *scenario_free(struct scenario *scenario)
{
	free(scenario);
	return NULL;
}

/* --- what a meter shows -------------------------------------------------- */

/* One place at one instant. */
struct shown {
	const struct scenario *scenario;
	const struct place_power *power;
	struct integral integral;
	struct heat_state heat;
	wide_integral heat_energy;
	wide_integral volume;
	unsigned place;
	int64_t at_ms;
};

/* The first reading of a counter: different at each place, some tens of MWh. */
static int64_t first_reading(const struct shown *shown, uint64_t what)
{
	return (int64_t)school_hash(shown->scenario->seed, 1000 + shown->place * 16 + what,
		       UINT64_C(60000000000)) +
	       INT64_C(8000000000);
}

static int64_t counted(
	const struct shown *shown, uint64_t what, const wide_integral *integrals, int phase)
{
	int64_t first = first_reading(shown, what);
	return (phase == 0 ? first : first / PHASES) + (int64_t)(integrals[phase] / MS_PER_HOUR);
}

static int64_t import_of(const struct shown *shown, int phase)
{
	return counted(shown, 0, shown->integral.import, phase);
}

static int64_t export_of(const struct shown *shown, int phase)
{
	if (shown->place != PLACE_BUILDING) /* never has been one: the counter is new */
		return (int64_t)(shown->integral.export[phase] / MS_PER_HOUR);
	return counted(shown, 1, shown->integral.export, phase);
}

/* Tariff 1 holds 7/10, tariff 2 the rest. */
static int64_t tariff_of(const struct shown *shown, int tariff)
{
	int64_t import = import_of(shown, 0);
	int64_t first = import / 10 * 7 + import % 10 * 7 / 10;
	return tariff == 1 ? first : tariff == 2 ? import - first : 0;
}

static int64_t reactive_import_of(const struct shown *shown, int phase)
{
	return counted(shown, 2, &shown->integral.reactive_import, phase);
}

static int64_t reactive_export_of(const struct shown *shown, int phase)
{
	return counted(shown, 3, &shown->integral.reactive_export, phase);
}

static int64_t apparent_energy_of(const struct shown *shown, int phase)
{
	return counted(shown, 4, &shown->integral.apparent, phase);
}

static int64_t pulses_of(const struct shown *shown, int phase)
{
	return import_of(shown, phase) / 1000; /* 1,000 a kWh */
}

static int64_t active_of(const struct shown *shown, int phase)
{
	return shown->power->active[phase];
}

static int64_t reactive_of(const struct shown *shown, int phase)
{
	return shown->power->reactive[phase];
}

static int64_t apparent_of(const struct shown *shown, int phase)
{
	return shown->power->apparent[phase];
}

static int64_t power_factor_of(const struct shown *shown, int phase)
{
	int64_t apparent = shown->power->apparent[phase];
	return apparent == 0 ? 1000 : shown->power->active[phase] * 1000 / apparent;
}

static int64_t voltage_of(const struct shown *shown, int phase)
{
	uint64_t seed = shown->scenario->seed;
	if (phase > 0)
		return school_voltage_mv(seed, shown->at_ms, phase);
	return (school_voltage_mv(seed, shown->at_ms, 1) +
		       school_voltage_mv(seed, shown->at_ms, 2) +
		       school_voltage_mv(seed, shown->at_ms, 3)) /
	       PHASES;
}

static int64_t line_voltage_of(const struct shown *shown, int phase)
{
	int next = phase % PHASES + 1;
	return llround(sqrt(3) / 2 * (double)(voltage_of(shown, phase) + voltage_of(shown, next)));
}

static int64_t current_of(const struct shown *shown, int phase)
{
	if (phase > 0)
		return shown->power->apparent[phase] * 1000 / voltage_of(shown, phase);
	return (current_of(shown, 1) + current_of(shown, 2) + current_of(shown, 3)) / PHASES;
}

static int64_t neutral_current_of(const struct shown *shown, int phase)
{
	(void)phase;
	double l1 = (double)current_of(shown, 1);
	double l2 = (double)current_of(shown, 2);
	double l3 = (double)current_of(shown, 3);
	double square = l1 * l1 + l2 * l2 + l3 * l3 - l1 * l2 - l2 * l3 - l3 * l1;
	return llround(sqrt(square < 0 ? 0 : square));
}

static int64_t frequency_of(const struct shown *shown, int phase)
{
	(void)phase;
	return school_frequency_mhz(shown->scenario->seed, shown->at_ms);
}

static int64_t heat_energy_of(const struct shown *shown, int phase)
{
	return counted(shown, 5, &shown->heat_energy, phase);
}

static int64_t volume_of(const struct shown *shown, int phase)
{
	(void)phase;
	/* About 30 kWh a m³ so far, as the meter's past would have it. */
	return first_reading(shown, 5) / 30 + (int64_t)(shown->volume / MS_PER_HOUR);
}

static int64_t heat_power_of(const struct shown *shown, int phase)
{
	(void)phase;
	return shown->heat.power_mw;
}

static int64_t flow_of(const struct shown *shown, int phase)
{
	(void)phase;
	return shown->heat.flow_ml_h;
}

static int64_t temperature_of(const struct shown *shown, int which)
{
	int64_t flow = shown->heat.flow_temperature_mc;
	int64_t back = shown->heat.return_temperature_mc;
	return which == 1 ? flow : which == 2 ? back : flow - back;
}

/* clang-format off */
static const struct {
	int64_t (*show)(const struct shown *shown, int phase);
	int phase;
	bool heat; /* at PLACE_HEAT; else at all others */
} shows[QUANTITY_COUNT] = {
	/*                                    what                phase  heat */
	[QUANTITY_ACTIVE_ENERGY_IMPORT]    = {import_of,          0,     false},
	[QUANTITY_ACTIVE_ENERGY_EXPORT]    = {export_of,          0,     false},
	[QUANTITY_ACTIVE_ENERGY_IMPORT_L1] = {import_of,          1,     false},
	[QUANTITY_ACTIVE_ENERGY_IMPORT_L2] = {import_of,          2,     false},
	[QUANTITY_ACTIVE_ENERGY_IMPORT_L3] = {import_of,          3,     false},
	[QUANTITY_ACTIVE_ENERGY_EXPORT_L1] = {export_of,          1,     false},
	[QUANTITY_ACTIVE_ENERGY_EXPORT_L2] = {export_of,          2,     false},
	[QUANTITY_ACTIVE_ENERGY_EXPORT_L3] = {export_of,          3,     false},
	[QUANTITY_ACTIVE_ENERGY_IMPORT_T1] = {tariff_of,          1,     false},
	[QUANTITY_ACTIVE_ENERGY_IMPORT_T2] = {tariff_of,          2,     false},
	[QUANTITY_ACTIVE_ENERGY_IMPORT_T3] = {tariff_of,          3,     false},
	[QUANTITY_ACTIVE_ENERGY_IMPORT_T4] = {tariff_of,          4,     false},
	[QUANTITY_REACTIVE_ENERGY_IMPORT]  = {reactive_import_of, 0,     false},
	[QUANTITY_REACTIVE_ENERGY_EXPORT]  = {reactive_export_of, 0,     false},
	[QUANTITY_APPARENT_ENERGY]         = {apparent_energy_of, 0,     false},
	[QUANTITY_HEAT_ENERGY]             = {heat_energy_of,     0,     true},
	[QUANTITY_VOLUME]                  = {volume_of,          0,     true},
	[QUANTITY_PULSES]                  = {pulses_of,          0,     false},
	[QUANTITY_ACTIVE_POWER]            = {active_of,          0,     false},
	[QUANTITY_ACTIVE_POWER_L1]         = {active_of,          1,     false},
	[QUANTITY_ACTIVE_POWER_L2]         = {active_of,          2,     false},
	[QUANTITY_ACTIVE_POWER_L3]         = {active_of,          3,     false},
	[QUANTITY_REACTIVE_POWER]          = {reactive_of,        0,     false},
	[QUANTITY_REACTIVE_POWER_L1]       = {reactive_of,        1,     false},
	[QUANTITY_REACTIVE_POWER_L2]       = {reactive_of,        2,     false},
	[QUANTITY_REACTIVE_POWER_L3]       = {reactive_of,        3,     false},
	[QUANTITY_APPARENT_POWER]          = {apparent_of,        0,     false},
	[QUANTITY_APPARENT_POWER_L1]       = {apparent_of,        1,     false},
	[QUANTITY_APPARENT_POWER_L2]       = {apparent_of,        2,     false},
	[QUANTITY_APPARENT_POWER_L3]       = {apparent_of,        3,     false},
	[QUANTITY_POWER_FACTOR]            = {power_factor_of,    0,     false},
	[QUANTITY_POWER_FACTOR_L1]         = {power_factor_of,    1,     false},
	[QUANTITY_POWER_FACTOR_L2]         = {power_factor_of,    2,     false},
	[QUANTITY_POWER_FACTOR_L3]         = {power_factor_of,    3,     false},
	[QUANTITY_VOLTAGE]                 = {voltage_of,         0,     false},
	[QUANTITY_VOLTAGE_L1]              = {voltage_of,         1,     false},
	[QUANTITY_VOLTAGE_L2]              = {voltage_of,         2,     false},
	[QUANTITY_VOLTAGE_L3]              = {voltage_of,         3,     false},
	[QUANTITY_VOLTAGE_L1_L2]           = {line_voltage_of,    1,     false},
	[QUANTITY_VOLTAGE_L2_L3]           = {line_voltage_of,    2,     false},
	[QUANTITY_VOLTAGE_L3_L1]           = {line_voltage_of,    3,     false},
	[QUANTITY_CURRENT]                 = {current_of,         0,     false},
	[QUANTITY_CURRENT_L1]              = {current_of,         1,     false},
	[QUANTITY_CURRENT_L2]              = {current_of,         2,     false},
	[QUANTITY_CURRENT_L3]              = {current_of,         3,     false},
	[QUANTITY_CURRENT_NEUTRAL]         = {neutral_current_of, 0,     false},
	[QUANTITY_FREQUENCY]               = {frequency_of,       0,     false},
	[QUANTITY_HEAT_POWER]              = {heat_power_of,      0,     true},
	[QUANTITY_FLOW]                    = {flow_of,            0,     true},
	[QUANTITY_FLOW_TEMPERATURE]        = {temperature_of,     1,     true},
	[QUANTITY_RETURN_TEMPERATURE]      = {temperature_of,     2,     true},
	[QUANTITY_TEMPERATURE_DIFFERENCE]  = {temperature_of,     3,     true},
};
/* clang-format on */

bool scenario_value(struct scenario *scenario, unsigned place, enum quantity quantity,
	int64_t at_ms, int64_t *ret_value)
{
	assert(place < PLACE_COUNT);
	if (shows[quantity].show == NULL || shows[quantity].heat != (place == PLACE_HEAT))
		return false;
	if (at_ms < scenario->start_ms)
		at_ms = scenario->start_ms;
	move_to(scenario, at_ms);
	int64_t past_ms = at_ms - scenario->slot_start_ms;
	struct shown shown = {.scenario = scenario,
		.power = &scenario->powers[place],
		.integral = scenario->integrals[place],
		.heat = scenario->heat,
		.heat_energy = scenario->heat_energy + scenario->heat.power_mw * past_ms,
		.volume = scenario->volume + scenario->heat.flow_ml_h * past_ms,
		.place = place,
		.at_ms = at_ms};
	integrate(&shown.integral, shown.power, past_ms);
	*ret_value = shows[quantity].show(&shown, shows[quantity].phase);
	return true;
}
