/* SPDX-License-Identifier: Apache-2.0 */
/* json_puts.c -- json_puts.h. */
#include "city/json_puts.h"

#include "gateway/message.h"

void json_put_text(struct json_writer *writer, const char *key, const char *text)
{
	json_writer_key(writer, key);
	if (text && text[0] != '\0')
		json_writer_string(writer, text);
	else
		json_writer_null(writer);
}

void json_put_number(struct json_writer *writer, const char *key, int64_t number)
{
	json_writer_key(writer, key);
	if (number >= 0)
		json_writer_integer(writer, number);
	else
		json_writer_null(writer);
}

void json_put_instant(struct json_writer *writer, const char *key, int64_t wall_ms)
{
	json_writer_key(writer, key);
	if (wall_ms != INSTANT_UNKNOWN)
		json_writer_instant(writer, wall_ms);
	else
		json_writer_null(writer);
}
