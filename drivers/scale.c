/* SPDX-License-Identifier: Apache-2.0 */
/* scale.c -- Products of rationals, in lowest terms. */
#include "drivers/scale.h"

#include <assert.h>
#include <stddef.h>

#include "drivers/wide_number.h"

enum { SHIFT_MAX = 18 }; /* powers of ten in 63 bits */

static uint64_t greatest_common_divisor(uint64_t a, uint64_t b)
{
	while (b != 0) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

bool scale_multiply(struct scale a, struct scale b, struct scale *ret_product)
{
	assert(a.denominator > 0 && b.denominator > 0);

	/* Crosswise first: then both products are in lowest terms, and overflow is real. */
	uint64_t a_over = magnitude_of(a.numerator);
	uint64_t b_over = magnitude_of(b.numerator);
	uint64_t a_under = (uint64_t)a.denominator;
	uint64_t b_under = (uint64_t)b.denominator;

	if (a_over == 0 || b_over == 0) {
		return false;
	}

	uint64_t *const pairs[][2] = {
		{&a_over, &a_under},
                {&b_over, &b_under},
                {&a_over, &b_under},
                {&b_over, &a_under}
        };

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		uint64_t divisor = greatest_common_divisor(*pairs[i][0], *pairs[i][1]);

		*pairs[i][0] /= divisor;
		*pairs[i][1] /= divisor;
	}

	struct scale product;

	if (!signed_from_magnitude((wide)a_over * b_over, (a.numerator < 0) != (b.numerator < 0),
		    &product.numerator) ||
		!signed_from_magnitude((wide)a_under * b_under, false, &product.denominator)) {
		return false;
	}
	*ret_product = product;
	return true;
}

bool scale_shift(struct scale scale, int exponent, struct scale *ret_scale)
{
	struct scale power = {1, 1};

	if (exponent < -SHIFT_MAX || exponent > SHIFT_MAX) {
		return false;
	}
	for (; exponent > 0; exponent--) {
		power.numerator *= 10;
	}
	for (; exponent < 0; exponent++) {
		power.denominator *= 10;
	}
	return scale_multiply(scale, power, ret_scale);
}
