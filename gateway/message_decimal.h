/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message_decimal.h -- Numbers of messages and the integers they stand for: exact
 * both ways, or refused.
 */
#ifndef GATEWAY_MESSAGE_DECIMAL_H
#define GATEWAY_MESSAGE_DECIMAL_H

#include "drivers/register_decode.h"

/* digits * 10^exponent as a whole number; false when it is none, or too large. */
__attribute__((warn_unused_result)) bool message_decimal_shift(
	int64_t digits, int exponent, int64_t *ret_number);

/*
 * real * 10^decimals as a whole number. A decimal number of at most 15 digits
 * goes through a double and back without loss (DBL_DIG), so what
 * decimal_print() wrote is found again exactly. False when it is finer than a
 * step, or too large.
 */
__attribute__((warn_unused_result)) bool message_decimal_steps(
	double real, int8_t decimals, int64_t *ret_steps);

/* A raw step given in inside steps, in outside units and lowest terms; false when it does not fit.
 */
__attribute__((warn_unused_result)) bool message_fraction_outside(
	struct scale inside, int8_t decimals, struct scale *ret_outside);

/* The opposite, from text: "1/100". */
__attribute__((warn_unused_result)) bool message_fraction_parse(
	const char *text, int8_t decimals, struct scale *ret_inside);

#endif
