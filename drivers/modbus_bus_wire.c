/* SPDX-License-Identifier: Apache-2.0 */
/* modbus_bus_wire.c -- Silence, and answers byte by byte; see modbus_bus_wire.h. */
#include "drivers/modbus_bus_wire.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	/* While this many characters are missing there is nothing to do but sleep ... */
	SLEEP_CHARACTERS_MIN = 4,
	/* ... until so many before the end: what an adapter has buffered comes at once. */
	SLEEP_CHARACTERS_SPARED = 2,
};

static bool is_serial(const struct wire *wire)
{
	return wire->line.kind == BUS_RTU;
}

static struct timespec timespec_of_us(int64_t us)
{
	return (struct timespec){
		.tv_sec = us / 1000000,
		.tv_nsec = us % 1000000 * 1000,
	};
}

static void sleep_until(int64_t mono_us)
{
	struct timespec at = timespec_of_us(mono_us);

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR) {
	}
}

/* Wait for bytes. BUS_OK: there is something to read; BUS_TIMEOUT; BUS_DOWN. */
static enum bus_status wait_readable(const struct wire *wire, int64_t until_mono_us)
{
	struct pollfd polled[] = {
		{.fd = wire->fd,      .events = POLLIN},
		{.fd = wire->wake_fd, .events = POLLIN},
	};
	int64_t left_us = until_mono_us - bus_now_mono_us();
	struct timespec left = timespec_of_us(left_us > 0 ? left_us : 0);

	int ready = ppoll(polled, sizeof(polled) / sizeof(polled[0]), &left, NULL);
	if (ready <= 0) {
		return BUS_TIMEOUT;
	}
	if (polled[1].revents) {
		return BUS_DOWN;
	}
	return polled[0].revents & POLLIN ? BUS_OK : BUS_DOWN;
}

/* Read what is there after wait_readable(). */
static enum bus_status read_some(
	struct wire *wire, uint8_t *buffer, size_t size, size_t *ret_length)
{
	ssize_t length = read(wire->fd, buffer, size);

	if (length < 0 && (errno == EAGAIN || errno == EINTR)) {
		return BUS_TIMEOUT;
	}
	if (length <= 0) {
		return BUS_DOWN; /* a port that hangs up reads as ended, a socket that closes too */
	}
	wire->last_heard_mono_us = bus_now_mono_us();
	*ret_length = (size_t)length;
	return BUS_OK;
}

/* Bytes as they were heard, and what they are. */
struct heard {
	const uint8_t *bytes;
	size_t length;
	int64_t began_mono_us;
	enum frame_verdict verdict;
};

static void note(struct frame_record *record, enum frame_mark mark, const struct heard *heard)
{
	struct recorded_frame frame = {
		.at_mono_us = heard->began_mono_us,
		.mark = mark,
		.verdict = heard->verdict,
		.length = heard->length < FRAME_BYTES_MAX ? heard->length : FRAME_BYTES_MAX,
	};

	if (frame.length > 0) {
		memcpy(frame.bytes, heard->bytes, frame.length);
	}
	frame_record_put(record, &frame);
}

/* Drop what is there. BUS_TIMEOUT: there was nothing. */
static enum bus_status drain(struct wire *wire, uint32_t *late_bytes)
{
	uint8_t dropped[FRAME_BYTES_MAX];
	size_t length = 0;
	enum bus_status status = wait_readable(wire, 0);

	if (status == BUS_OK) {
		status = read_some(wire, dropped, sizeof(dropped), &length);
	}
	if (length > 0) {
		note(wire->record, FRAME_MARK_STRANGE,
			&(struct heard){dropped, length, wire->last_heard_mono_us, FRAME_GOOD});
	}
	*late_bytes += (uint32_t)length;
	return status;
}

enum bus_status wire_settle(struct wire *wire, uint32_t *late_bytes)
{
	int64_t silence_us = is_serial(wire) ? bus_line_silence_us(&wire->line) : 0;
	int64_t give_up_mono_us = bus_now_mono_us() + LINE_IDLE_WAIT_MS_MAX * 1000;

	for (;;) {
		int64_t silent_mono_us = wire->last_heard_mono_us + silence_us;
		if (bus_now_mono_us() < silent_mono_us) {
			sleep_until(silent_mono_us);
		}
		enum bus_status status = drain(wire, late_bytes);
		if (status == BUS_TIMEOUT) {
			return BUS_OK;
		}
		if (status == BUS_DOWN) {
			return BUS_DOWN;
		}
		if (bus_now_mono_us() > give_up_mono_us) {
			return BUS_BAD_FRAME;
		}
	}
}

/* What has come so far while waiting for one answer. */
struct reception {
	uint8_t bytes[FRAME_BYTES_MAX];
	size_t length;
	int64_t began_mono_us; /* first of these bytes */
	int64_t begun_length;  /* how many had come by then; less than 0 once more were dropped */
	enum frame_verdict strange; /* what was last dropped; FRAME_GOOD: nothing */
	struct frame_record *record;
};

/* The first `count` bytes of what has come. */
static void note_front(const struct reception *reception, enum frame_mark mark, size_t count,
	enum frame_verdict verdict)
{
	note(reception->record, mark,
		&(struct heard){reception->bytes, count, reception->began_mono_us, verdict});
}

static void drop_front(struct reception *reception, size_t count, struct bus_answer *answer)
{
	note_front(reception, FRAME_MARK_STRANGE, count, reception->strange);
	reception->length -= count;
	reception->begun_length -= (int64_t)count;
	memmove(reception->bytes, reception->bytes + count, reception->length);
	answer->late_bytes += (uint32_t)count;
}

/* Address and function of the answer waited for, whatever its checksum says. */
static bool looks_like_ours(const struct frame_question *question, const uint8_t *frame)
{
	return frame[0] == question->request.device &&
	       (frame[1] & 0x7F) == question->request.function;
}

static void take_payload(const struct frame_question *question, const struct frame_answer *frame,
	struct bus_answer *ret_answer)
{
	const struct bus_request *request = &question->request;
	const uint8_t *payload = frame->payload;

	if (request->function == FUNCTION_DEVICE_ID) {
		memcpy(ret_answer->bytes, payload, frame->payload_length);
		ret_answer->bytes_length = frame->payload_length;
		return;
	}
	bool bits = request->function <= SPACE_DISCRETE_INPUTS;
	for (size_t i = 0; i < request->count && i < FRAME_REGISTERS_MAX; i++) {
		int word = bits ? (payload[i / 8] >> i % 8) & 1
				: payload[2 * i] << 8 | payload[2 * i + 1];
		ret_answer->words[i] = (uint16_t)word;
	}
}

/* What came after the answer is nobody's. */
static void note_rest(const struct reception *reception, size_t whole)
{
	if (reception->length > whole) {
		note(reception->record, FRAME_MARK_STRANGE,
			&(struct heard){reception->bytes + whole, reception->length - whole,
				reception->began_mono_us, FRAME_GOOD});
	}
}

/* Judge the whole frame in front. BUS_TIMEOUT: it was dropped, go on waiting. */
static enum bus_status judge_front(const struct frame_question *question,
	struct reception *reception, size_t whole, struct bus_answer *ret_answer)
{
	struct frame_answer frame = {0};
	enum frame_verdict verdict = frame_judge_answer(question, reception->bytes, whole, &frame);

	if (verdict == FRAME_GOOD || verdict == FRAME_EXCEPTION) {
		ret_answer->verdict = verdict;
		ret_answer->exception = frame.exception;
		ret_answer->late_bytes += (uint32_t)(reception->length - whole);
		note_front(reception,
			verdict == FRAME_GOOD ? FRAME_MARK_ANSWER : FRAME_MARK_REFUSAL, whole,
			verdict);
		note_rest(reception, whole);
		if (verdict == FRAME_EXCEPTION) {
			return BUS_REFUSED;
		}
		take_payload(question, &frame, ret_answer);
		return BUS_OK;
	}
	bool final = question->transport == TRANSPORT_TCP ||
		     (verdict == FRAME_BAD_CRC && looks_like_ours(question, reception->bytes));
	if (final) {
		ret_answer->verdict = verdict;
		note_front(reception, FRAME_MARK_BAD, reception->length, verdict);
		return BUS_BAD_FRAME;
	}
	reception->strange = verdict;
	drop_front(reception, verdict == FRAME_BAD_CRC ? 1 : whole, ret_answer);
	return BUS_TIMEOUT;
}

/* Judge what is complete. BUS_TIMEOUT: more is needed, at least *ret_missing bytes. */
static enum bus_status judge_received(const struct frame_question *question,
	struct reception *reception, struct bus_answer *ret_answer, size_t *ret_missing)
{
	for (;;) {
		size_t whole = frame_length_begun(
			question->transport, reception->bytes, reception->length);
		if (whole > reception->length || reception->length == 0) {
			*ret_missing = whole - reception->length;
			return BUS_TIMEOUT;
		}
		enum bus_status status = BUS_TIMEOUT;
		if (whole > 0) {
			status = judge_front(question, reception, whole, ret_answer);
		} else if (question->transport == TRANSPORT_TCP) {
			ret_answer->verdict = FRAME_WRONG_LENGTH;
			note_front(
				reception, FRAME_MARK_BAD, reception->length, FRAME_WRONG_LENGTH);
			status = BUS_BAD_FRAME;
		} else {
			reception->strange = FRAME_BAD_CRC;
			drop_front(reception, 1, ret_answer);
		}
		if (status != BUS_TIMEOUT) {
			return status;
		}
	}
}

/* How long to wait for `missing` more bytes: a frame that has begun may end. */
static int64_t reception_deadline(const struct wire *wire, const struct reception *reception,
	size_t missing, int64_t deadline_mono_us)
{
	if (reception->length == 0) {
		return deadline_mono_us;
	}
	int64_t slack_us = (is_serial(wire) ? SERIAL_BYTES_SLACK_MS : SOCKET_BYTES_SLACK_MS) * 1000;
	int64_t ends_mono_us = reception->began_mono_us + slack_us +
			       bus_line_wire_us(&wire->line, reception->length + missing);
	return ends_mono_us > deadline_mono_us ? ends_mono_us : deadline_mono_us;
}

/*
 * One wake-up at the end of a long answer instead of one a character. Counted
 * from its beginning: an adapter hands over groups, and the last ones are
 * nearer their end than what is missing says.
 */
static void sleep_through(
	const struct wire *wire, const struct reception *reception, size_t missing)
{
	int64_t characters = (int64_t)(reception->length + missing) - reception->begun_length -
			     SLEEP_CHARACTERS_SPARED;

	if (is_serial(wire) && missing >= SLEEP_CHARACTERS_MIN && characters > 0) {
		sleep_until(reception->began_mono_us +
			    bus_line_wire_us(&wire->line, (size_t)characters));
	}
}

static enum bus_status receive_more(
	struct wire *wire, struct reception *reception, size_t missing, int64_t deadline_mono_us)
{
	int64_t until = reception_deadline(wire, reception, missing, deadline_mono_us);
	size_t length = 0;

	if (reception->length > 0) {
		sleep_through(wire, reception, missing);
	}
	if (reception->length > 0 && bus_now_mono_us() > until) {
		return BUS_TIMEOUT; /* it babbles: there is always more to read */
	}
	enum bus_status status = wait_readable(wire, until);
	if (status == BUS_OK) {
		status = read_some(wire, reception->bytes + reception->length,
			sizeof(reception->bytes) - reception->length, &length);
		if (status == BUS_TIMEOUT) {
			return BUS_OK;
		}
	}
	if (length > 0 && reception->length == 0) {
		reception->began_mono_us = wire->last_heard_mono_us;
		reception->begun_length = (int64_t)length;
	}
	reception->length += length;
	return status;
}

/* Nothing more will come: what it was, then. */
static enum bus_status give_up(const struct reception *reception, struct bus_answer *ret_answer)
{
	ret_answer->late_bytes += (uint32_t)reception->length;
	if (reception->length > 0) {
		note_front(reception, FRAME_MARK_BAD, reception->length, FRAME_SHORT);
	} else {
		note(reception->record, FRAME_MARK_SILENCE,
			&(struct heard){.began_mono_us = bus_now_mono_us()});
	}
	if (reception->strange == FRAME_GOOD && reception->length == 0) {
		return BUS_TIMEOUT;
	}
	ret_answer->verdict = reception->strange == FRAME_GOOD ? FRAME_SHORT : reception->strange;
	return BUS_BAD_FRAME;
}

enum bus_status wire_receive(struct wire *wire, const struct frame_question *question,
	int64_t deadline_mono_us, struct bus_answer *ret_answer)
{
	struct reception reception = {.strange = FRAME_GOOD, .record = wire->record};
	enum bus_status status;

	do {
		size_t missing = 0;
		status = judge_received(question, &reception, ret_answer, &missing);
		if (status != BUS_TIMEOUT) {
			break;
		}
		status = receive_more(wire, &reception, missing, deadline_mono_us);
		if (status == BUS_TIMEOUT) {
			status = give_up(&reception, ret_answer);
			break;
		}
	} while (status == BUS_OK);
	ret_answer->began_mono_us = reception.began_mono_us;
	ret_answer->done_mono_us = bus_now_mono_us();
	return status;
}
