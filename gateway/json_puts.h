/* SPDX-License-Identifier: Apache-2.0 */
/* json_puts.h -- Members of a JSON object; those that may have no value are null then. */
#ifndef GATEWAY_JSON_PUTS_H
#define GATEWAY_JSON_PUTS_H

#include "gateway/json_writer.h"

/* NULL is no value. */
void json_put_string(struct json_writer *writer, const char *key, const char *text);
/* NULL and "" are no value. */
void json_put_text(struct json_writer *writer, const char *key, const char *text);
/* One below 0 is no value. */
void json_put_number(struct json_writer *writer, const char *key, int64_t number);
void json_put_integer(struct json_writer *writer, const char *key, int64_t number);
void json_put_integer_or_null(
	struct json_writer *writer, const char *key, bool is_known, int64_t number);
void json_put_boolean(struct json_writer *writer, const char *key, bool truth);
/* Milliseconds as seconds; INT64_MIN is no value. */
void json_put_seconds(struct json_writer *writer, const char *key, int64_t milliseconds);
/* INSTANT_UNKNOWN is no value. */
void json_put_instant(struct json_writer *writer, const char *key, int64_t wall_ms);

#endif
