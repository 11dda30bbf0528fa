/* SPDX-License-Identifier: Apache-2.0 */
/*
 * school_site.h -- The simulated school: which meters stand where in it, as
 * lines to simulate and as the configuration of the gateway that reads them.
 */
#ifndef GATEWAY_SIMULATE_SCHOOL_SITE_H
#define GATEWAY_SIMULATE_SCHOOL_SITE_H

#include "gateway/simulate/simulation.h"

/* Add the school's lines; the RS-485 line's link is `link` ("": none). */
bool school_site_fill(struct simulation_spec *spec, const char *link);

struct school_config {
	const char *directory; /* made when it is not there; holds the data too */
	const char *broker;    /* HOST or HOST:PORT; plain text */
	int64_t speed;         /* simulated seconds a second; the intervals are as much shorter */
};

enum { SCHOOL_PATH_MAX = 512 };

/*
 * Write DIRECTORY/fjell-skole.yaml: the gateway's configuration for the open
 * lines of a simulation that school_site_fill() made. False with a reason.
 */
bool school_site_write_config(const struct simulation *simulation,
	const struct school_config *config, char ret_path[static SCHOOL_PATH_MAX],
	char ret_reason[static SPEC_REASON_MAX]);

#endif
