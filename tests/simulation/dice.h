/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dice.h -- Chance that replays: every part of a run has dice of its own, made
 * of the seed and the part's name, so that one more throw here changes nothing
 * there.
 */
#ifndef TESTS_SIMULATION_DICE_H
#define TESTS_SIMULATION_DICE_H

#include <stdbool.h>
#include <stdint.h>

struct dice {
	uint64_t state;
};

struct dice dice_make(uint64_t seed, const char *part);
/* A number that depends on these two only. */
uint64_t dice_hash(uint64_t seed, uint64_t number);

uint64_t dice_next(struct dice *dice);
int64_t dice_below(struct dice *dice, int64_t limit);                 /* 0 .. limit-1 */
int64_t dice_between(struct dice *dice, int64_t least, int64_t most); /* both possible */
double dice_unit(struct dice *dice);                                  /* [0, 1) */
bool dice_chance(struct dice *dice, double probability);
/* Time to the next of events that come at random, `mean` apart; at least 1. */
int64_t dice_wait(struct dice *dice, double mean);

#endif
