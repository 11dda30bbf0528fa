/* SPDX-License-Identifier: Apache-2.0 */
/* frame_text.c -- frame_text.h. */
#include "drivers/frame_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
	WORDS_SHOWN_MAX = 8,
	EXCEPTION_BIT = 0x80,
	RTU_REQUEST_BYTES = 8,
	TCP_REQUEST_BYTES = 12,
	TCP_PDU_AT = 7,
};

static const char *const spaces[] = {
	[SPACE_COILS] = "coils",
	[SPACE_DISCRETE_INPUTS] = "discrete inputs",
	[SPACE_HOLDING_REGISTERS] = "holding registers",
	[SPACE_INPUT_REGISTERS] = "input registers",
};

__attribute__((format(printf, 2, 3))) static void add(
	char text[static FRAME_TEXT_MAX], const char *format, ...)
{
	size_t length = strlen(text);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text + length, FRAME_TEXT_MAX - length, format, arguments);
	va_end(arguments);
}

static uint16_t word_at(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

bool frame_is_request(enum frame_transport transport, const struct recorded_frame *frame,
	struct bus_request *ret_request)
{
	uint8_t again[FRAME_BYTES_MAX];
	size_t at = transport == TRANSPORT_TCP ? TCP_PDU_AT : 1;
	size_t length = transport == TRANSPORT_TCP ? TCP_REQUEST_BYTES : RTU_REQUEST_BYTES;
	const uint8_t *bytes = frame->bytes;

	if (frame->length > at && bytes[at] == FUNCTION_DEVICE_ID) {
		length--;
	}
	if (frame->length != length) {
		return false;
	}
	bool asks_identity = bytes[at] == FUNCTION_DEVICE_ID;
	*ret_request = (struct bus_request){
		.device = bytes[at - 1],
		.function = bytes[at],
		.address = asks_identity ? bytes[at + 3] : word_at(bytes + at + 1),
		.count = asks_identity ? 1 : word_at(bytes + at + 3),
	};
	return frame_build_request(transport, word_at(bytes), ret_request, again) == length &&
	       memcmp(again, bytes, length) == 0;
}

static void add_request(char *text, const struct bus_request *request)
{
	add(text, "device %u: ", request->device);
	if (request->function == FUNCTION_DEVICE_ID) {
		add(text, "its identification (43/14) from object %u", request->address);
	} else {
		add(text, "%u %s from %u", request->count, spaces[request->function],
			request->address);
	}
}

/* Registers in hexadecimal, as many as a line takes; bits and texts as they are. */
static void add_answer(
	char *text, enum frame_transport transport, const struct recorded_frame *frame)
{
	size_t at = transport == TRANSPORT_TCP ? TCP_PDU_AT : 1;
	size_t checksum = transport == TRANSPORT_TCP ? 0 : 2;
	const uint8_t *bytes = frame->bytes;

	if (frame->length < at + 2 + checksum) {
		return;
	}
	add(text, "device %u:", bytes[at - 1]);
	if (bytes[at] & EXCEPTION_BIT) {
		add(text, " %s (exception %u)", modbus_exception_text(bytes[at + 1]),
			bytes[at + 1]);
		return;
	}
	bool has_words = bytes[at] == SPACE_HOLDING_REGISTERS || bytes[at] == SPACE_INPUT_REGISTERS;
	size_t end = frame->length - checksum;
	size_t step = has_words ? 2 : 1;
	int shown = 0;
	for (size_t i = at + 2; i + step <= end && shown < WORDS_SHOWN_MAX; i += step, shown++) {
		if (has_words) {
			add(text, " %04X", word_at(bytes + i));
		} else {
			add(text, " %02X", bytes[i]);
		}
	}
	size_t whole = (end - at - 2) / step;
	if (whole > WORDS_SHOWN_MAX) {
		add(text, " ... (%zu)", whole);
	}
}

static void add_strange(
	char *text, enum frame_transport transport, const struct recorded_frame *frame)
{
	struct bus_request request;

	if (frame_is_request(transport, frame, &request)) {
		add(text, "not asked by us: ");
		add_request(text, &request);
	} else if (frame->verdict == FRAME_WRONG_ADDRESS ||
		   frame->verdict == FRAME_WRONG_FUNCTION) {
		add(text, "%s: ", frame_verdict_text(frame->verdict));
		add_answer(text, transport, frame);
	} else {
		add(text, "%zu bytes nobody asked for", frame->length);
	}
}

const char *frame_text(enum frame_transport transport, const struct recorded_frame *frame,
	char buffer[static FRAME_TEXT_MAX])
{
	struct bus_request request;

	buffer[0] = '\0';
	switch (frame->mark) {
	case FRAME_MARK_REQUEST:
		if (frame_is_request(transport, frame, &request)) {
			add_request(buffer, &request);
		}
		break;
	case FRAME_MARK_ANSWER:
	case FRAME_MARK_REFUSAL:
		add_answer(buffer, transport, frame);
		break;
	case FRAME_MARK_BAD:
		add(buffer, "%s", frame_verdict_text(frame->verdict));
		break;
	case FRAME_MARK_STRANGE:
		add_strange(buffer, transport, frame);
		break;
	case FRAME_MARK_SILENCE:
		add(buffer, "no answer in time");
		break;
	case FRAME_MARK_COUNT:
		break;
	}
	return buffer;
}

const char *frame_hex(const struct recorded_frame *frame, char buffer[static FRAME_HEX_MAX])
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < frame->length; i++) {
		buffer[2 * i] = digits[frame->bytes[i] >> 4];
		buffer[2 * i + 1] = digits[frame->bytes[i] & 15];
	}
	buffer[2 * frame->length] = '\0';
	return buffer;
}
