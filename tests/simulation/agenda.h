/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agenda.h -- What will happen, by its true time: a heap. Things of one instant
 * happen in the order they were entered.
 */
#ifndef TESTS_SIMULATION_AGENDA_H
#define TESTS_SIMULATION_AGENDA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct simulation;

typedef void agenda_act(struct simulation *simulation, int64_t what);

struct agenda_entry {
	int64_t at_us;
	uint64_t number;
	agenda_act *act;
	int64_t what;
};

struct agenda {
	struct agenda_entry *entries;
	size_t count;
	size_t room;
	uint64_t entered;
};

void agenda_enter(struct agenda *agenda, int64_t at_us, agenda_act *act, int64_t what);
/* INT64_MAX: nothing will. */
int64_t agenda_next_us(const struct agenda *agenda);
struct agenda_entry agenda_take(struct agenda *agenda);
void agenda_clear(struct agenda *agenda);

#endif
