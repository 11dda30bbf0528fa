/* SPDX-License-Identifier: Apache-2.0 */
/*
 * simulation_commands.h -- What a running simulation can be told, one line of
 * text each: "fault 3 silent", "set main active_power 4200", "stats".
 */
#ifndef GATEWAY_SIMULATE_SIMULATION_COMMANDS_H
#define GATEWAY_SIMULATE_SIMULATION_COMMANDS_H

#include "gateway/simulate/simulation.h"

struct simulation_call;

struct simulation_command {
	const char *name;
	size_t words; /* with the name */
	const char *arguments;
	bool (*run)(struct simulation_call *call);
	const char *help;
};

/* The row past the last has no name. */
extern const struct simulation_command simulation_commands[];

/* Do it. The answer is a JSON object, with "error" when it was not done; from malloc(), NULL when
 * memory is out. */
char *simulation_command(struct simulation *simulation, const char *text);

#endif
