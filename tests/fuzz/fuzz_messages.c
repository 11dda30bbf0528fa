/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_messages.c -- Whatever arrives on a topic of ours, a gateway's or an archive's:
 * refused with a reason, or read; and what was read can be written, and reads as the
 * same again. What is gone from a stream has a writer of its own.
 *
 * Input: the kind (its number, or as a letter from 'a' on), the payload.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length);

enum { WRITTEN_BYTES_MAX = 1 << 20 };

static char first[WRITTEN_BYTES_MAX], second[WRITTEN_BYTES_MAX];

static bool add_row(struct message_stream *stream, const struct message *message, size_t row)
{
	if (message->kind == MESSAGE_INTERVALS)
		return message_stream_add_interval(
			stream, (const struct interval_message_row *)message->stream.rows + row);
	if (message->kind == MESSAGE_EVENTS)
		return message_stream_add_event(
			stream, (const struct event_row *)message->stream.rows + row);
	return message_stream_add_trend(
		stream, (const struct trend_message_row *)message->stream.rows + row);
}

static size_t write_stream(const struct message *message, char *buffer)
{
	struct message_stream stream;
	const struct json_buffer room = {buffer, WRITTEN_BYTES_MAX};
	message_stream_begin(&stream, message->kind, &message->stream, room);
	for (size_t i = 0; i < message->stream.rows_count; i++)
		if (!add_row(&stream, message, i))
			break;
	return message_stream_finish(&stream);
}

/* A stream's message without rows; others, which have no such word, are written as they are. */
static size_t write_rows(const struct message *message, char *buffer)
{
	const struct stream_message *stream = &message->stream;
	bool says_gone = stream->gone && stream->rows_count == 0 &&
			 message->kind == message_gone_kind((enum stream)stream->stream);
	return says_gone ? message_write_gone(stream, buffer, WRITTEN_BYTES_MAX)
			 : write_stream(message, buffer);
}

/* The length; 0: it is too long for us. */
static size_t write_message(const struct message *message, char *buffer)
{
	size_t length = 0;
	switch (message->kind) {
	case MESSAGE_STATUS:
		length = message_write_status(&message->status, buffer, WRITTEN_BYTES_MAX);
		break;
	case MESSAGE_ABOUT:
		length = message_write_about(&message->about, buffer, WRITTEN_BYTES_MAX);
		break;
	case MESSAGE_LIVE:
		length = message_write_live(&message->live, buffer, WRITTEN_BYTES_MAX);
		break;
	case MESSAGE_HEALTH:
		length = message_write_health(&message->health, buffer, WRITTEN_BYTES_MAX);
		break;
	case MESSAGE_TOTALS:
		length = message_write_totals(&message->totals, buffer, WRITTEN_BYTES_MAX);
		break;
	case MESSAGE_INTERVALS:
	case MESSAGE_EVENTS:
	case MESSAGE_TRENDS:
		length = write_rows(message, buffer);
		break;
	case MESSAGE_RECEIPT:
		length = message_write_receipt(&message->receipt, buffer, WRITTEN_BYTES_MAX);
		break;
	case MESSAGE_REPLAY:
		length = message_write_replay(&message->replay, buffer, WRITTEN_BYTES_MAX);
		break;
	case MESSAGE_ANCHOR:
		length = message_write_anchor(&message->anchor, buffer, WRITTEN_BYTES_MAX);
		break;
	case MESSAGE_KIND_COUNT:
		break;
	}
	return length < WRITTEN_BYTES_MAX ? length : 0;
}

static void write_and_read_again(const struct message *message)
{
	struct message again;
	char error[MESSAGE_ERROR_MAX];
	size_t length = write_message(message, first);
	if (length == 0)
		return;
	if (!message_read(message->kind, (struct json_text){first, length}, &again, error)) {
		fprintf(stderr, "%s\n%s\n", error, first);
		abort();
	}
	assert(write_message(&again, second) == length);
	assert(memcmp(first, second, length) == 0);
	message_clear(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length)
{
	struct message message;
	char error[MESSAGE_ERROR_MAX] = "";
	if (length == 0)
		return 0;
	int number = input[0] >= 'a' ? input[0] - 'a' : input[0];
	enum message_kind kind = (enum message_kind)(number % MESSAGE_KIND_COUNT);
	const struct json_text payload = {(const char *)input + 1, length - 1};
	if (message_read(kind, payload, &message, error)) {
		write_and_read_again(&message);
		message_clear(&message);
	} else {
		assert(error[0] != '\0' && memchr(error, '\0', sizeof error) != NULL);
	}
	return 0;
}
