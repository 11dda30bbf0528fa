/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_options.h -- What `byport-city live` is told on its command line. One table
 * is its parser and its --help.
 */
#ifndef CITY_LIVE_OPTIONS_H
#define CITY_LIVE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

/* Exit status, the same as byport's. */
enum city_exit {
	CITY_OK = 0,
	CITY_USAGE = 2,       /* not understood */
	CITY_UNAVAILABLE = 3, /* no broker took us */
};

enum { LIVE_HOST_MAX = 256 };

struct live_options {
	char host[LIVE_HOST_MAX];
	uint16_t port; /* 0 in the text: 1883, with TLS 8883 */
	bool tls;
	const char *ca_file;
	const char *certificate_file;
	const char *key_file;
	const char *user;
	const char *password_file;
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
