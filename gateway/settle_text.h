/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settle_text.h -- Readings and multipliers as a person writes them, exactly:
 * no binary fraction in between.
 */
#ifndef GATEWAY_SETTLE_TEXT_H
#define GATEWAY_SETTLE_TEXT_H

#include "drivers/quantity.h"
#include "drivers/register_decode.h"

/* "1234.5" in a quantity's inside steps. False when it is no plain decimal number, or one that has
 * no whole number of steps, or too large. */
__attribute__((warn_unused_result)) bool settle_text_reading(
	const char *text, enum quantity quantity, int64_t *ret_steps);

/* "60", "0.1", "300/5", in lowest terms. False when it is none of them, or not above 0. */
__attribute__((warn_unused_result)) bool settle_text_multiplier(
	const char *text, struct scale *ret_multiplier);

enum { AMOUNT_TEXT_MAX = DECIMAL_TEXT_MAX + 8 }; /* bytes: a number, a space, a unit */

/* "1234.5 kWh"; returns the buffer. */
const char *settle_text_amount(
	char buffer[static AMOUNT_TEXT_MAX], enum quantity quantity, int64_t steps);

#endif
