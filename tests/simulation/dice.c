/* SPDX-License-Identifier: Apache-2.0 */
/* dice.c -- dice.h: SplitMix64 (Steele, Lea, Flood 2014). */
#include "tests/simulation/dice.h"

#include <math.h>

static uint64_t mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

uint64_t dice_hash(uint64_t seed, uint64_t number)
{
	return mix(mix(seed + UINT64_C(0x9e3779b97f4a7c15)) ^
		   (number * UINT64_C(0xd1342543de82ef95) + 1));
}

struct dice dice_make(uint64_t seed, const char *part)
{
	uint64_t state = seed;
	for (const char *at = part; *at != '\0'; at++)
		state = dice_hash(state, (uint64_t)*at);
	return (struct dice){state};
}

uint64_t dice_next(struct dice *dice)
{
	return mix(dice->state += UINT64_C(0x9e3779b97f4a7c15));
}

int64_t dice_below(struct dice *dice, int64_t limit)
{
	return (int64_t)(dice_next(dice) % (uint64_t)limit);
}

int64_t dice_between(struct dice *dice, int64_t least, int64_t most)
{
	return least + dice_below(dice, most - least + 1);
}

double dice_unit(struct dice *dice)
{
	return (double)(dice_next(dice) >> 11) * 0x1p-53;
}

bool dice_chance(struct dice *dice, double probability)
{
	return dice_unit(dice) < probability;
}

int64_t dice_wait(struct dice *dice, double mean)
{
	double wait = -log1p(-dice_unit(dice)) * mean;
	return wait < 1 ? 1 : wait > 4e18 ? INT64_C(4000000000000000000) : (int64_t)wait;
}
