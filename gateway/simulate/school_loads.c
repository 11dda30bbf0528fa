/* SPDX-License-Identifier: Apache-2.0 */
/*
 * school_loads.c -- Curves in doubles, rounded once to milliwatts per slot; from
 * there on everything is integers.
 *
 * The sun: elevation from declination and hour angle (Cooper 1969), latitude of
 * Drammen; 40 kW of modules.
 */
#include "gateway/simulate/school_loads.h"

#include <math.h>
#include <stdbool.h>

enum {
	DAY_S = 86400,
	HOUR_S = 3600,
	NOISE_SLOT = 0, /* distinct streams of the hash, apart from the loads' own */
	NOISE_CLOUDS = 100,
	NOISE_VOLTAGE = 200,
	NOISE_FREQUENCY = 300,
	NOISE_HEAT = 400,
	NOISE_CARS = 500,
	CHARGERS = 4,
	CHARGER_W = 11000,
};

static const double latitude = 59.74 * M_PI / 180;

/* A moment as people see it. */
struct moment {
	uint64_t seed;
	int64_t slot; /* number of the slot since 1970 */
	int64_t day;  /* local days since 1970 */
	double hour;  /* local, 0 to 24 */
	bool weekday;
	double year; /* days since 1 January, about */
};

static struct moment moment_of(uint64_t seed, int64_t at_ms)
{
	int64_t slot = at_ms / SCHOOL_SLOT_MS;
	int64_t local_s = slot * (SCHOOL_SLOT_MS / 1000) + SCHOOL_UTC_OFFSET_S;
	int64_t day = local_s / DAY_S;
	int64_t weekday = (day + 3) % 7; /* 1970-01-01 was a Thursday; 0 is Monday */
	return (struct moment){.seed = seed,
		.slot = slot,
		.day = day,
		.hour = (double)(local_s % DAY_S) / HOUR_S,
		.weekday = weekday < 5,
		.year = fmod((double)day, 365.2425)};
}

/* splitmix64 (Steele, Lea, Flood 2014), as a mixing function. */
uint64_t school_hash(uint64_t seed, uint64_t what, uint64_t range)
{
	uint64_t z = seed + what * UINT64_C(0x9e3779b97f4a7c15) + UINT64_C(0x632be59bd9b4e019);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (z ^ (z >> 31)) % range;
}

/* -1 to 1, another in each stream and slot. */
static double noise(const struct moment *m, uint64_t stream)
{
	uint64_t key = school_hash(m->seed, stream, UINT64_MAX);
	return (double)school_hash(key, (uint64_t)m->slot, 20001) / 10000 - 1;
}

/* -1 to 1, a new direction every `period` slots, straight in between. */
static double drift(const struct moment *m, uint64_t stream, int64_t period)
{
	uint64_t key = school_hash(m->seed, stream, UINT64_MAX);
	int64_t knot = m->slot / period;
	double a = (double)school_hash(key, (uint64_t)knot, 20001) / 10000 - 1;
	double b = (double)school_hash(key, (uint64_t)knot + 1, 20001) / 10000 - 1;
	double part = (double)(m->slot % period) / (double)period;
	return a + (b - a) * part;
}

/* 0 before `from`, 1 between, 0 after `to`, with flanks `ramp` hours long. */
static double plateau(double hour, double from, double to, double ramp)
{
	double up = (hour - from) / ramp;
	double down = (to - hour) / ramp;
	double both = up < down ? up : down;
	return both < 0 ? 0 : both > 1 ? 1 : both;
}

static double occupancy(const struct moment *m)
{
	return m->weekday ? plateau(m->hour, 7.2, 16.2, 1.2) : 0.03;
}

static double outdoor_temperature(const struct moment *m)
{
	double season = 6.5 - 11.5 * cos((m->year - 18) / 365.2425 * 2 * M_PI);
	double day = 2.5 * sin((m->hour - 9) / 24 * 2 * M_PI);
	return season + day + 3 * drift(m, NOISE_HEAT, 4320);
}

static double sun_height(const struct moment *m)
{
	double declination = 23.45 * M_PI / 180 * sin((284 + m->year) / 365.2425 * 2 * M_PI);
	double angle = (m->hour - 12.3) / 24 * 2 * M_PI;
	double height =
		sin(latitude) * sin(declination) + cos(latitude) * cos(declination) * cos(angle);
	return height > 0 ? height : 0;
}

static double ventilation_w(const struct moment *m)
{
	double running = m->weekday ? plateau(m->hour, 5.8, 17.5, 0.4) : 0;
	return 900 + running * (7400 + 500 * drift(m, LOAD_VENTILATION + 1, 30)) +
	       40 * noise(m, LOAD_VENTILATION + 1);
}

static double kitchen_w(const struct moment *m)
{
	double cooking = m->weekday ? plateau(m->hour, 9.5, 12.5, 0.8) : 0;
	double oven = noise(m, LOAD_KITCHEN + 20) > 0 ? 3200 : 0;
	bool compressor = (m->slot / 45 + (int64_t)school_hash(m->seed, 7, 10)) % 3 == 0;
	return 220 + (compressor ? 410 : 0) + cooking * (6500 + oven) +
	       15 * noise(m, LOAD_KITCHEN + 1);
}

static double lighting_w(const struct moment *m)
{
	double daylight = sun_height(m) > 0.3 ? 0.65 : 1;
	return 260 + occupancy(m) * daylight * (4300 + 200 * drift(m, LOAD_LIGHTING + 1, 60)) +
	       5 * noise(m, LOAD_LIGHTING + 1);
}

/* A tank whose heater is on or off, more often on the busier it is. */
static double hot_water_w(const struct moment *m)
{
	uint64_t key = school_hash(m->seed, LOAD_HOT_WATER + 1, UINT64_MAX);
	double duty = 0.12 + 0.45 * occupancy(m);
	bool on = (double)school_hash(key, (uint64_t)(m->slot / 18), 1000) < duty * 1000;
	return on ? 6000 + 30 * noise(m, LOAD_HOT_WATER + 1) : 12;
}

static double gym_w(const struct moment *m)
{
	double evening = plateau(m->hour, 17, 22, 0.3);
	double lessons = occupancy(m) * 0.6;
	double use = evening > lessons ? evening : lessons;
	return 350 + use * 5200 + 60 * noise(m, LOAD_GYM + 1);
}

static double servers_w(const struct moment *m)
{
	return 1750 + 120 * drift(m, LOAD_SERVERS + 1, 60) + 25 * noise(m, LOAD_SERVERS + 1);
}

static double equipment_w(const struct moment *m)
{
	return 700 + occupancy(m) * (4800 + 900 * drift(m, LOAD_EQUIPMENT + 1, 40)) +
	       30 * noise(m, LOAD_EQUIPMENT + 1);
}

static double chargers_w(const struct moment *m)
{
	double power = 4 * 6;
	for (uint64_t charger = 0; charger < CHARGERS; charger++) {
		uint64_t key = school_hash(
			m->seed, NOISE_CARS + charger + (uint64_t)m->day * CHARGERS, UINT64_MAX);
		double arrival = 6.8 + (double)school_hash(key, 1, 2200) / 1000;
		double leaves = arrival + 1.5 + (double)school_hash(key, 2, 3500) / 1000;
		bool comes = m->weekday && school_hash(key, 3, 10) < 8;
		if (comes && m->hour >= arrival && m->hour < leaves)
			power +=
				CHARGER_W * (leaves - m->hour > 0.4 ? 1 : (leaves - m->hour) / 0.4);
	}
	return power;
}

static double pv_w(const struct moment *m)
{
	double clouds = 0.55 + 0.4 * drift(m, NOISE_CLOUDS, 90);
	return 40000 * sun_height(m) * clouds;
}

/* clang-format off */
static const struct {
	double (*power_w)(const struct moment *m);
	int share_permille[3]; /* of L1, L2; the rest is L3's */
	int tangent_permille;  /* reactive power over active power */
} loads[LOAD_COUNT] = {
	/*                    power          L1    L2   L3    Q/P */
	[LOAD_VENTILATION] = {ventilation_w, {334, 333, 333}, 484},
	[LOAD_KITCHEN]     = {kitchen_w,     {420, 310, 270}, 203},
	[LOAD_LIGHTING]    = {lighting_w,    {1000, 0, 0},    329},
	[LOAD_HOT_WATER]   = {hot_water_w,   {334, 333, 333}, 0},
	[LOAD_GYM]         = {gym_w,         {300, 350, 350}, 250},
	[LOAD_SERVERS]     = {servers_w,     {0, 550, 450},   142},
	[LOAD_EQUIPMENT]   = {equipment_w,   {250, 390, 360}, 290},
	[LOAD_CHARGERS]    = {chargers_w,    {334, 333, 333}, 30},
	[LOAD_PV]          = {pv_w,          {334, 333, 333}, 20},
};
/* clang-format on */

struct load_power school_load_power(enum school_load load, uint64_t seed, int64_t at_ms)
{
	struct moment m = moment_of(seed, at_ms);
	double power_w = loads[load].power_w(&m);
	int64_t total_mw = llround(power_w < 0 ? 0 : power_w * 1000);
	struct load_power power;
	int64_t rest = total_mw;
	for (int phase = 0; phase < 3; phase++) {
		int64_t share =
			phase < 2 ? total_mw * loads[load].share_permille[phase] / 1000 : rest;
		power.phase_mw[phase] = share;
		power.phase_mvar[phase] = share * loads[load].tangent_permille / 1000;
		rest -= share;
	}
	return power;
}

struct heat_state school_heat(uint64_t seed, int64_t at_ms)
{
	struct moment m = moment_of(seed, at_ms);
	double outdoor = outdoor_temperature(&m);
	double indoor = m.weekday ? 18.5 + 2.5 * plateau(m.hour, 4.5, 15.5, 1) : 18.5;
	double loss_w = 1450 * (indoor - outdoor);
	double power_w = (loss_w > 0 ? loss_w : 0) + 600 + 300 * drift(&m, NOISE_HEAT + 1, 12);
	double flow_c = 72 - 0.6 * outdoor + 0.4 * drift(&m, NOISE_HEAT + 2, 12);
	double return_c = 39 + power_w / 9000 + 0.3 * drift(&m, NOISE_HEAT + 3, 12);
	struct heat_state heat = {.power_mw = llround(power_w * 1000),
		.flow_temperature_mc = llround(flow_c * 1000),
		.return_temperature_mc = llround(return_c * 1000)};
	int64_t difference_mk = heat.flow_temperature_mc - heat.return_temperature_mc;
	heat.flow_ml_h = heat.power_mw * 1000000 / (1160 * difference_mk);
	return heat;
}

int64_t school_voltage_mv(uint64_t seed, int64_t at_ms, int phase)
{
	struct moment m = moment_of(seed, at_ms);
	return llround(1000 * (231.2 - 1.1 * occupancy(&m) +
				      0.9 * drift(&m, NOISE_VOLTAGE + (uint64_t)phase, 18) +
				      0.2 * noise(&m, NOISE_VOLTAGE + (uint64_t)phase)));
}

int64_t school_frequency_mhz(uint64_t seed, int64_t at_ms)
{
	struct moment m = moment_of(seed, at_ms);
	return llround(50000 + 40 * drift(&m, NOISE_FREQUENCY, 6));
}
