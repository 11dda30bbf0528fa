/* SPDX-License-Identifier: Apache-2.0 */
/* scale.h -- A rational that turns a register's raw steps into what they measure. */
#ifndef DRIVERS_SCALE_H
#define DRIVERS_SCALE_H

#include <stdbool.h>
#include <stdint.h>

/* A rational, never 0: what one raw step is, in the quantity's inside steps. */
struct scale {
	int64_t numerator;   /* > 0, or < 0 where a model turns the sign */
	int64_t denominator; /* > 0 */
};

/* scale * 10^exponent; false on overflow or past 18 powers either way. */
bool scale_shift(struct scale scale, int exponent, struct scale *ret_scale);

/* a * b in lowest terms; false on overflow or when it is 0. */
bool scale_multiply(struct scale a, struct scale b, struct scale *ret_product);

#endif
