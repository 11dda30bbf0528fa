/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_instant.h -- UTC milliseconds as text, and back: RFC 3339. Without
 * printf, locale and time zone.
 */
#ifndef GATEWAY_JSON_INSTANT_H
#define GATEWAY_JSON_INSTANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { INSTANT_TEXT_MAX = 32 }; /* bytes, with the NUL */

/* "2026-11-23T09:26:28Z"; with milliseconds, "...28.250Z", only where there are any. Years 0000 to
 * 9999, clamped. Returns the length. */
size_t json_instant_print(char buffer[static INSTANT_TEXT_MAX], int64_t wall_ms);

/* The opposite: with 'Z' or an offset, up to nine decimals (cut to milliseconds). False when it is
 * not one. */
__attribute__((warn_unused_result)) bool json_instant_parse(const char *text, int64_t *ret_wall_ms);

#endif
