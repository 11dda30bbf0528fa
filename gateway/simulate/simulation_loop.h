/* SPDX-License-Identifier: Apache-2.0 */
/*
 * simulation_loop.h -- Runs a simulation until it is told to end: one thread,
 * one ppoll(), commands from stdin and from a control socket.
 */
#ifndef GATEWAY_SIMULATE_SIMULATION_LOOP_H
#define GATEWAY_SIMULATE_SIMULATION_LOOP_H

#include "gateway/simulate/simulation.h"

struct simulation_loop_settings {
	bool commands;            /* from stdin, answers to stdout; its end ends nothing */
	const char *control_path; /* of a unix socket (gateway/control_server.h); NULL: none */
	int64_t for_ms;           /* ends by itself; 0: never */
};

/* Until SIGINT, SIGTERM, `quit` or the time is over. False with a reason when it cannot begin. */
bool simulation_loop(struct simulation *simulation, const struct simulation_loop_settings *settings,
	char ret_reason[static SPEC_REASON_MAX]);

/* Before anything that a signal should end: SIGINT and SIGTERM wait for the loop. */
void simulation_loop_hold_signals(void);

#endif
