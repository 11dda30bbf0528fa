/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wide_number.h -- Integers of 128 bits, for a 64-bit register times a scale
 * before the one rounding at the end.
 */
#ifndef DRIVERS_WIDE_NUMBER_H
#define DRIVERS_WIDE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* Wide enough for a 64-bit register times a 63-bit numerator. */
__extension__ typedef unsigned __int128 wide;

/* Of a number above 0. */
static inline int bit_length(wide number)
{
	uint64_t high = (uint64_t)(number >> 64);

	return high != 0 ? 128 - __builtin_clzll(high) : 64 - __builtin_clzll((uint64_t)number);
}

/* Rounded half to even; the divisor is not 0. */
static inline wide divide_half_even(wide dividend, wide divisor)
{
	wide quotient = dividend / divisor;
	wide rest = dividend % divisor;
	bool up = rest > divisor - rest || (rest == divisor - rest && quotient % 2 != 0);

	return quotient + (up ? 1 : 0);
}

/* Two's complement through unsigned arithmetic: INT64_MIN has no positive twin. */
static inline uint64_t magnitude_of(int64_t number)
{
	return number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
}

/* False, and *ret_number untouched, when it does not fit 64 bits. */
static inline bool signed_from_magnitude(wide magnitude, bool negative, int64_t *ret_number)
{
	if (magnitude > (wide)INT64_MAX + (negative ? 1 : 0)) {
		return false;
	}
	*ret_number = negative && magnitude > 0 ? -(int64_t)(uint64_t)(magnitude - 1) - 1
						: (int64_t)(uint64_t)magnitude;
	return true;
}

#endif
