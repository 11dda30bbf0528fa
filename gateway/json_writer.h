/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_writer.h -- JSON into a buffer, through a cursor whose failure sticks: no
 * allocation, no printf, and one look at the end whether all of it fitted. Past
 * the end nothing is written, but counted, so that the size needed is known.
 */
#ifndef GATEWAY_JSON_WRITER_H
#define GATEWAY_JSON_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_buffer {
	char *bytes;
	size_t size;
};

struct json_text {
	const char *bytes;
	size_t length;
};

struct json_writer {
	char *bytes;
	size_t size;
	size_t length; /* what is written, or would be */
	bool comma;    /* one is due before the next value or key */
};

void json_writer_begin(struct json_writer *writer, struct json_buffer buffer);

/* Put the NUL. Returns the length needed, without it; all of it is there when that is below the
 * size. */
size_t json_writer_end(struct json_writer *writer);

/* Whether `more` bytes and a NUL fit behind what is written. */
bool json_writer_fits(const struct json_writer *writer, size_t more);

void json_writer_open_object(struct json_writer *writer);
void json_writer_close_object(struct json_writer *writer);
void json_writer_open_array(struct json_writer *writer);
void json_writer_close_array(struct json_writer *writer);

void json_writer_key(struct json_writer *writer, const char *key);
/* Bytes that are JSON already, as one value. */
void json_writer_raw(struct json_writer *writer, struct json_text text);
void json_writer_null(struct json_writer *writer);
void json_writer_boolean(struct json_writer *writer, bool truth);
void json_writer_integer(struct json_writer *writer, int64_t number);
/* steps / 10^decimals, as decimal_print() prints it. */
void json_writer_decimal(struct json_writer *writer, int64_t steps, int8_t decimals);
/* Escaped; bytes that are not UTF-8 become U+FFFD. */
void json_writer_string(struct json_writer *writer, const char *text);
/* As a string: RFC 3339, UTC, 'Z', milliseconds only where there are any. */
void json_writer_instant(struct json_writer *writer, int64_t wall_ms);

#endif
