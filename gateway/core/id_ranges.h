/* SPDX-License-Identifier: Apache-2.0 */
/*
 * id_ranges.h -- Some ids of a stream, as ranges in order that never touch. Pure.
 *
 * Bounded: where there is no room for one more range, the two nearest become
 * one, with what lies between. So nothing asked for is ever left out.
 */
#ifndef GATEWAY_CORE_ID_RANGES_H
#define GATEWAY_CORE_ID_RANGES_H

#include <stdint.h>

enum { ID_RANGES_MAX = 32 }; /* twice what one receipt names of a stream */

/* after < id <= through */
struct id_range {
	int64_t after;
	int64_t through;
};

struct id_ranges {
	struct id_range items[ID_RANGES_MAX + 1]; /* lowest first; one place to work in */
	uint8_t count;
};

/* An empty range changes nothing. */
void id_ranges_add(struct id_ranges *ranges, struct id_range range);

/* Take away all ids up to `through`. */
void id_ranges_cut(struct id_ranges *ranges, int64_t through);

#endif
