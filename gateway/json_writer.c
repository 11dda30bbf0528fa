/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_writer.c -- JSON into a buffer, through a cursor that never fails in the middle.
 */
#include "gateway/json_writer.h"

#include <string.h>

#include "drivers/quantity.h"
#include "gateway/json_instant.h"

enum { NUMBER_TEXT_MAX = 21 }; /* sign, 19 digits, NUL */

static void put(struct json_writer *writer, const char *bytes, size_t length)
{
	if (writer->length < writer->size && length < writer->size - writer->length)
		memcpy(writer->bytes + writer->length, bytes, length);
	writer->length += length;
}

static void put_byte(struct json_writer *writer, char byte)
{
	if (writer->length + 1 < writer->size)
		writer->bytes[writer->length] = byte;
	writer->length++;
}

void json_writer_begin(struct json_writer *writer, struct json_buffer buffer)
{
	*writer = (struct json_writer){.bytes = buffer.bytes, .size = buffer.size};
}

size_t json_writer_end(struct json_writer *writer)
{
	if (writer->size > 0)
		writer->bytes[writer->length < writer->size ? writer->length : 0] = '\0';
	return writer->length;
}

bool json_writer_fits(const struct json_writer *writer, size_t more)
{
	return writer->length < writer->size && more < writer->size - writer->length;
}

static void begin_value(struct json_writer *writer)
{
	if (writer->comma)
		put_byte(writer, ',');
	writer->comma = true;
}

static void open_with(struct json_writer *writer, char bracket)
{
	begin_value(writer);
	put_byte(writer, bracket);
	writer->comma = false;
}

static void close_with(struct json_writer *writer, char bracket)
{
	put_byte(writer, bracket);
	writer->comma = true;
}

void json_writer_open_object(struct json_writer *writer)
{
	open_with(writer, '{');
}

void json_writer_close_object(struct json_writer *writer)
{
	close_with(writer, '}');
}

void json_writer_open_array(struct json_writer *writer)
{
	open_with(writer, '[');
}

void json_writer_close_array(struct json_writer *writer)
{
	close_with(writer, ']');
}

void json_writer_key(struct json_writer *writer, const char *key)
{
	json_writer_string(writer, key);
	put_byte(writer, ':');
	writer->comma = false;
}

void json_writer_raw(struct json_writer *writer, struct json_text text)
{
	begin_value(writer);
	put(writer, text.bytes, text.length);
}

void json_writer_null(struct json_writer *writer)
{
	json_writer_raw(writer, (struct json_text){"null", 4});
}

void json_writer_boolean(struct json_writer *writer, bool truth)
{
	json_writer_raw(
		writer, truth ? (struct json_text){"true", 4} : (struct json_text){"false", 5});
}

void json_writer_integer(struct json_writer *writer, int64_t number)
{
	char text[NUMBER_TEXT_MAX];
	char *first = text + sizeof(text);
	uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
	do {
		*--first = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (number < 0)
		*--first = '-';
	json_writer_raw(writer, (struct json_text){first, (size_t)(text + sizeof(text) - first)});
}

void json_writer_decimal(struct json_writer *writer, int64_t steps, int8_t decimals)
{
	char text[DECIMAL_TEXT_MAX];
	size_t length = decimal_print(text, steps, decimals);
	json_writer_raw(writer, (struct json_text){text, length});
}

/* Bytes of the UTF-8 character that begins here, 0 when none does (RFC 3629, section 4). */
static size_t utf8_length(const unsigned char *bytes)
{
	unsigned char lead = bytes[0];
	size_t length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
	if (length == 0)
		return 0;
	unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
	unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
	if (bytes[1] < low || bytes[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
	}
	return length;
}

static void put_control(struct json_writer *writer, unsigned char byte)
{
	static const char digits[] = "0123456789abcdef";
	const char text[] = {'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 0xf]};
	put(writer, text, sizeof(text));
}

/* One character that cannot stand as it is; returns its bytes. */
static size_t put_escaped(struct json_writer *writer, const unsigned char *bytes)
{
	if (bytes[0] == '"' || bytes[0] == '\\') {
		put_byte(writer, '\\');
		put_byte(writer, (char)bytes[0]);
		return 1;
	}
	if (bytes[0] < 0x20) {
		put_control(writer, bytes[0]);
		return 1;
	}
	size_t length = utf8_length(bytes);
	if (length == 0) {
		put(writer, "\xef\xbf\xbd", 3);
		return 1;
	}
	put(writer, (const char *)bytes, length);
	return length;
}

static bool is_plain(unsigned char byte)
{
	return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

void json_writer_string(struct json_writer *writer, const char *text)
{
	begin_value(writer);
	put_byte(writer, '"');
	const unsigned char *at = (const unsigned char *)text;
	while (*at) {
		const unsigned char *run = at;
		while (is_plain(*at))
			at++;
		put(writer, (const char *)run, (size_t)(at - run));
		if (*at)
			at += put_escaped(writer, at);
	}
	put_byte(writer, '"');
}

void json_writer_instant(struct json_writer *writer, int64_t wall_ms)
{
	char text[INSTANT_TEXT_MAX + 2];
	text[0] = '"';
	size_t length = json_instant_print(text + 1, wall_ms);
	text[length + 1] = '"';
	json_writer_raw(writer, (struct json_text){text, length + 2});
}
