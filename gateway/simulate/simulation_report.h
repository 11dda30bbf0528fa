/* SPDX-License-Identifier: Apache-2.0 */
/*
 * simulation_report.h -- What a simulation says of itself, as JSON: where it
 * listens, what it counted, what it served.
 */
#ifndef GATEWAY_SIMULATE_SIMULATION_REPORT_H
#define GATEWAY_SIMULATE_SIMULATION_REPORT_H

#include "gateway/simulate/simulation.h"

/* {"ready": true, "lines": [...]}: each with its path or port and its devices. From malloc(); NULL
 * when memory is out. */
char *simulation_ready_json(const struct simulation *simulation);
/* The same for people. */
void simulation_ready_print(const struct simulation *simulation, FILE *stream);

/* {"lines": [{..., "requests", "early", "silence_us_min", "devices": [...]}]}. */
char *simulation_statistics_json(const struct simulation *simulation);

/* A line of the log for each value served; context is the struct simulation. */
void simulation_log_served(void *context, const struct served_value *value);

#endif
