/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message_decimal.c -- Shifting decimal points without losing a step.
 */
#include "gateway/message_decimal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIGNIFICANT_DIGITS = 15 }; /* as decimal_print() writes them */

bool message_decimal_shift(int64_t digits, int exponent, int64_t *ret_number)
{
	for (; digits != 0 && exponent < 0; exponent++, digits /= 10) {
		if (digits % 10 != 0)
			return false;
	}
	for (; digits != 0 && exponent > 0; exponent--) {
		if (__builtin_mul_overflow(digits, 10, &digits))
			return false;
	}
	*ret_number = digits;
	return true;
}

/* The usual number, without text: a whole number of steps of at most 15 digits whose double,
 * divided by a power of ten that is exact, is `real` is the only one with that double. */
static bool find_steps(double real, int8_t decimals, int64_t *ret_steps)
{
	static const double powers[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
	const double most = 1e15;
	if (decimals < 0 || (size_t)decimals >= sizeof(powers) / sizeof(powers[0]))
		return false;
	double steps = real * powers[decimals];
	if (!(steps > -most && steps < most))
		return false;
	int64_t whole = (int64_t)(steps < 0 ? steps - 0.5 : steps + 0.5);
	if (whole <= -(int64_t)most || whole >= (int64_t)most ||
		(double)whole / powers[decimals] != real)
		return false;
	*ret_steps = whole;
	return true;
}

bool message_decimal_steps(double real, int8_t decimals, int64_t *ret_steps)
{
	if (find_steps(real, decimals, ret_steps))
		return true;
	char text[SIGNIFICANT_DIGITS + 16];
	int length = snprintf(text, sizeof(text), "%.*e", SIGNIFICANT_DIGITS - 1, real);
	if (length < 0 || (size_t)length >= sizeof(text))
		return false;
	char *exponent = strchr(text, 'e');
	if (!exponent)
		return false;
	int64_t digits = 0;
	for (const char *at = text; at < exponent; at++) {
		if (*at >= '0' && *at <= '9')
			digits = digits * 10 + (*at - '0');
	}
	int shift = (int)strtol(exponent + 1, NULL, 10) - (SIGNIFICANT_DIGITS - 1) + decimals;
	return message_decimal_shift(text[0] == '-' ? -digits : digits, shift, ret_steps);
}

static int64_t common_divisor(int64_t a, int64_t b)
{
	while (b != 0) {
		int64_t rest = a % b;
		a = b;
		b = rest;
	}
	return a;
}

bool message_fraction_outside(struct scale inside, int8_t decimals, struct scale *ret_outside)
{
	struct scale outside = inside;
	if (inside.denominator <= 0 || inside.numerator == INT64_MIN)
		return false;
	for (int8_t i = 0; i < decimals; i++) {
		int64_t shared = common_divisor(llabs(outside.numerator), 10);
		outside.numerator /= shared;
		if (__builtin_mul_overflow(outside.denominator, 10 / shared, &outside.denominator))
			return false;
	}
	*ret_outside = outside;
	return true;
}

bool message_fraction_parse(const char *text, int8_t decimals, struct scale *ret_inside)
{
	char *end;
	errno = 0;
	struct scale scale = {.numerator = strtoll(text, &end, 10)};
	if (end == text || *end != '/')
		return false;
	const char *second = end + 1;
	scale.denominator = strtoll(second, &end, 10);
	if (errno != 0 || end == second || *end != '\0' || scale.denominator <= 0)
		return false;
	for (int8_t i = 0; i < decimals; i++) {
		int64_t shared = common_divisor(scale.denominator, 10);
		scale.denominator /= shared;
		if (__builtin_mul_overflow(scale.numerator, 10 / shared, &scale.numerator))
			return false;
	}
	*ret_inside = scale;
	return true;
}
