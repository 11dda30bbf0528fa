/* SPDX-License-Identifier: Apache-2.0 */
/* json_puts.c -- json_puts.h. */
#include "gateway/json_puts.h"

#include "gateway/message.h"

void json_put_string(struct json_writer *writer, const char *key, const char *text)
{
	json_writer_key(writer, key);
	if (text != NULL)
		json_writer_string(writer, text);
	else
		json_writer_null(writer);
}

void json_put_text(struct json_writer *writer, const char *key, const char *text)
{
	json_put_string(writer, key, text != NULL && text[0] != '\0' ? text : NULL);
}

void json_put_integer(struct json_writer *writer, const char *key, int64_t number)
{
	json_writer_key(writer, key);
	json_writer_integer(writer, number);
}

void json_put_integer_or_null(
	struct json_writer *writer, const char *key, bool is_known, int64_t number)
{
	json_writer_key(writer, key);
	if (is_known)
		json_writer_integer(writer, number);
	else
		json_writer_null(writer);
}

void json_put_number(struct json_writer *writer, const char *key, int64_t number)
{
	json_put_integer_or_null(writer, key, number >= 0, number);
}

void json_put_boolean(struct json_writer *writer, const char *key, bool truth)
{
	json_writer_key(writer, key);
	json_writer_boolean(writer, truth);
}

void json_put_seconds(struct json_writer *writer, const char *key, int64_t milliseconds)
{
	json_writer_key(writer, key);
	if (milliseconds == INT64_MIN)
		json_writer_null(writer);
	else
		json_writer_decimal(writer, milliseconds, 3);
}

void json_put_instant(struct json_writer *writer, const char *key, int64_t wall_ms)
{
	json_writer_key(writer, key);
	if (wall_ms != INSTANT_UNKNOWN)
		json_writer_instant(writer, wall_ms);
	else
		json_writer_null(writer);
}
