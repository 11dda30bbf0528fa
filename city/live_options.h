/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_options.h -- What `byport-city live` is told on its command line.
 */
#ifndef CITY_LIVE_OPTIONS_H
#define CITY_LIVE_OPTIONS_H

#include "city/options.h"

struct live_options {
	struct broker_options broker;
	const char *city; /* NULL: any */
	const char *site;
	const char *gateway;
	int64_t for_s; /* 0: until told to end */
	bool json;
	bool summary;
};

/* True when `live` shall run; else *ret_exit is what to end with, and all is said. */
__attribute__((warn_unused_result)) bool live_options_read(
	int argc, char **argv, struct live_options *ret_options, int *ret_exit);

#endif
