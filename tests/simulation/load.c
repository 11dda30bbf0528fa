/* SPDX-License-Identifier: Apache-2.0 */
/* load.c -- load.h. */
#include "tests/simulation/load.h"

#include <math.h>
#include <stdbool.h>

#include "tests/simulation/dice.h"

enum { SLOTS_A_DAY = 86400000 / LOAD_SLOT_MS, SLOTS_A_SESSION = 18 };

/* A slot as people see it; one hour east of UTC is near enough. */
struct moment {
	const struct load *load;
	int64_t slot;
	int64_t day;
	double hour;
	bool weekday;
	double winter; /* 0 in July, 1 in January */
};

static double noise(const struct moment *moment, int64_t number)
{
	return (double)(dice_hash(moment->load->seed, (uint64_t)number) >> 11) * 0x1p-53;
}

static double bump(double hour, double from, double to)
{
	if (hour <= from || hour >= to)
		return 0;
	return sin((hour - from) / (to - from) * M_PI);
}

static double building(const struct moment *moment)
{
	double work =
		moment->weekday ? bump(moment->hour, 6, 17) : 0.1 * bump(moment->hour, 10, 16);
	return 0.08 + 0.6 * work + 0.12 * moment->winter + 0.15 * noise(moment, moment->slot);
}

static double base(const struct moment *moment)
{
	return 0.5 + 0.02 * noise(moment, moment->slot);
}

static double heat(const struct moment *moment)
{
	double cold = moment->winter * (0.7 + 0.3 * noise(moment, moment->day));
	double morning = moment->weekday ? 0.4 * bump(moment->hour, 4, 9) : 0;
	return cold < 0.15 ? 0.01 * noise(moment, moment->slot)
			   : cold * (0.6 + morning) * (0.9 + 0.1 * noise(moment, moment->slot));
}

static double car(const struct moment *moment)
{
	double chance = noise(moment, moment->slot / SLOTS_A_SESSION);
	return chance < (moment->hour > 7 && moment->weekday ? 0.4 : 0.1) ? 0.95 : 0;
}

static double sun(const struct moment *moment)
{
	double half = 6 - 3 * moment->winter;
	double clouds = 0.2 + 0.8 * noise(moment, moment->slot / 3);
	return bump(moment->hour, 12 - half, 12 + half) * clouds * (1 - 0.8 * moment->winter);
}

static double taps(const struct moment *moment)
{
	double open = noise(moment, moment->slot);
	bool awake = moment->hour > 6 && moment->hour < 20;
	return awake && open < 0.3 ? open * 3 : 0;
}

int64_t load_rate(const struct load *load, int64_t slot)
{
	static double (*const shapes[LOAD_KIND_COUNT])(const struct moment *moment) = {
		[LOAD_BUILDING] = building,
		[LOAD_BASE] = base,
		[LOAD_HEAT] = heat,
		[LOAD_EV] = car,
		[LOAD_PV] = sun,
		[LOAD_WATER] = taps,
	};
	int64_t local = slot + SLOTS_A_DAY / 24;
	int64_t day = local / SLOTS_A_DAY;
	struct moment moment = {.load = load,
		.slot = slot,
		.day = day,
		.hour = (double)(local % SLOTS_A_DAY) * 24 / SLOTS_A_DAY,
		.weekday = (day + 3) % 7 < 5, /* 1970-01-01 was a Thursday */
		.winter = 0.5 + 0.5 * cos(fmod((double)day - 20, 365.2425) / 365.2425 * 2 * M_PI)};
	double share = shapes[load->kind](&moment);
	share = share < 0 ? 0 : share > 1 ? 1 : share;
	return (int64_t)(share * (double)load->most_per_hour);
}
