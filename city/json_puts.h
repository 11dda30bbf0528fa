/* SPDX-License-Identifier: Apache-2.0 */
/* json_puts.h -- Members of a JSON object that may have no value: null then. */
#ifndef CITY_JSON_PUTS_H
#define CITY_JSON_PUTS_H

#include "gateway/json_writer.h"

/* NULL and "" are no value. */
void json_put_text(struct json_writer *writer, const char *key, const char *text);
/* One below 0 is no value. */
void json_put_number(struct json_writer *writer, const char *key, int64_t number);
/* INSTANT_UNKNOWN is no value. */
void json_put_instant(struct json_writer *writer, const char *key, int64_t wall_ms);

#endif
