/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settle_text.c -- settle_text.h.
 */
#include "gateway/settle_text.h"

#include <stdio.h>
#include <string.h>

#include "gateway/message_decimal.h"

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

/* Digits as one number. NULL on overflow. */
static const char *take_number(const char *at, int64_t *number)
{
	for (; is_digit(*at); at++)
		if (__builtin_mul_overflow(*number, 10, number) ||
			__builtin_add_overflow(*number, *at - '0', number))
			return NULL;
	return at;
}

/* "12.50" as 1250 and 2 decimals; to the end of the text, or to `end`. */
static const char *take_decimal(const char *text, int64_t *ret_digits, int *ret_decimals)
{
	const char *whole_end;
	*ret_digits = 0;
	*ret_decimals = 0;
	const char *at = whole_end = take_number(text, ret_digits);
	if (at == NULL || at == text)
		return NULL;
	if (*at == '.') {
		at = take_number(whole_end + 1, ret_digits);
		if (at == NULL || at == whole_end + 1)
			return NULL;
		*ret_decimals = (int)(at - whole_end - 1);
	}
	return at;
}

bool settle_text_reading(const char *text, enum quantity quantity, int64_t *ret_steps)
{
	int64_t digits;
	int decimals;
	const char *end = take_decimal(text, &digits, &decimals);
	return end != NULL && *end == '\0' &&
	       message_decimal_shift(
		       digits, quantity_info(quantity)->decimals - decimals, ret_steps);
}

static bool as_scale(int64_t digits, int decimals, struct scale *ret_scale)
{
	*ret_scale = (struct scale){digits, 1};
	return digits > 0 && message_decimal_shift(1, decimals, &ret_scale->denominator);
}

bool settle_text_multiplier(const char *text, struct scale *ret_multiplier)
{
	struct scale over, under = {1, 1};
	int64_t digits;
	int decimals;
	const char *at = take_decimal(text, &digits, &decimals);
	if (at == NULL || !as_scale(digits, decimals, &over))
		return false;
	if (*at == '/') {
		at = take_decimal(at + 1, &digits, &decimals);
		if (at == NULL || !as_scale(digits, decimals, &under))
			return false;
	}
	struct scale inverse = {under.denominator, under.numerator};
	return *at == '\0' && scale_multiply(over, inverse, ret_multiplier);
}

const char *settle_text_amount(
	char buffer[static AMOUNT_TEXT_MAX], enum quantity quantity, int64_t steps)
{
	const struct quantity_info *info = quantity_info(quantity);
	char number[DECIMAL_TEXT_MAX];
	decimal_print(number, steps, info->decimals);
	snprintf(buffer, AMOUNT_TEXT_MAX, "%s %s", number, info->unit);
	return buffer;
}
