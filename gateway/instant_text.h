/* SPDX-License-Identifier: Apache-2.0 */
/*
 * instant_text.h -- An instant as a person writes it: a date, which is its
 * first instant at the site, or RFC 3339.
 */
#ifndef GATEWAY_INSTANT_TEXT_H
#define GATEWAY_INSTANT_TEXT_H

#include <stdbool.h>

#include "gateway/core/calendar.h"

/* False when the text is neither, or no day of the calendar (30 February). */
__attribute__((warn_unused_result)) bool instant_text_parse(
	const char *text, const struct calendar *calendar, int64_t *ret_wall_ms);

#endif
