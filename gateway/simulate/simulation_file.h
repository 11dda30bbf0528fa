/* SPDX-License-Identifier: Apache-2.0 */
/*
 * simulation_file.h -- A scenario as a YAML file: many lines at once.
 *
 *	speed: 60
 *	lines:
 *	  - pty: run/line            # or tcp: 127.0.0.1:0, rtu-over-tcp: ...
 *	    baud: 19200
 *	    answer-ms: 5..20
 *	    devices:
 *	      - {model: eastron-sdm630, address: 1, values: kitchen, fault: silent@10-20}
 *
 * Keys of lines and devices are those of simulation_spec.h.
 */
#ifndef GATEWAY_SIMULATE_SIMULATION_FILE_H
#define GATEWAY_SIMULATE_SIMULATION_FILE_H

#include "config/diagnostics.h"
#include "gateway/simulate/simulation_spec.h"

/* False when there was an error: all are in `diagnostics`. */
__attribute__((warn_unused_result)) bool simulation_file_read(
	const char *path, struct diagnostics *diagnostics, struct simulation_spec *spec);

#endif
