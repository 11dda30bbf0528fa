/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modbus_bus_name.h -- A host's name to numeric addresses, in bounded time.
 *
 * getaddrinfo() takes as long as the resolver likes; a thread of the C
 * library's waits for it instead (getaddrinfo_a), and a lookup that is not
 * through in time goes on for the next attempt.
 */
#ifndef DRIVERS_MODBUS_BUS_NAME_H
#define DRIVERS_MODBUS_BUS_NAME_H

#include <stddef.h>
#include <stdint.h>

enum {
	NUMERIC_ADDRESS_MAX = 64, /* bytes, with the NUL: IPv6 and a zone */
	NUMERIC_ADDRESSES_MAX = 4,
};

struct numeric_addresses {
	char text[NUMERIC_ADDRESSES_MAX][NUMERIC_ADDRESS_MAX];
	size_t count;
};

struct name_lookup;

struct name_lookup *name_lookup_new(void);
/* A lookup still going on is left to itself. Always returns NULL. */
struct name_lookup *name_lookup_free(struct name_lookup *lookup);

/* NULL when found, else why not (static text). */
const char *name_lookup_find(struct name_lookup *lookup, const char *host, uint32_t wait_ms,
	struct numeric_addresses *ret_addresses);

#endif
