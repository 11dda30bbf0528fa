/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modbus_frame.h -- Modbus frames as bytes: build a request, judge an answer.
 * Pure. Source: Modbus Application Protocol 1.1b3, Modbus over Serial Line
 * 1.02, Modbus Messaging on TCP/IP 1.0b.
 *
 * Requests that can be built: functions 1-4 and 43/14. There is no other.
 */
#ifndef DRIVERS_MODBUS_FRAME_H
#define DRIVERS_MODBUS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/meter_model.h"

enum frame_transport {
	TRANSPORT_RTU, /* address, PDU, CRC: serial lines and RTU over TCP */
	TRANSPORT_TCP, /* MBAP header, PDU */
};

enum {
	FRAME_BYTES_MAX = 260,
	FRAME_REGISTERS_MAX = 125, /* registers an answer of function 3 or 4 can carry */
	FRAME_BITS_MAX = 2000,
	FUNCTION_DEVICE_ID = 43, /* with MEI type 14 */
};

/* What is asked of one device. function 1-4, or FUNCTION_DEVICE_ID (then address is the object id).
 */
struct bus_request {
	uint8_t device; /* 1..247 (RTU), 0..255 (TCP) */
	uint8_t function;
	uint16_t address;
	uint16_t count; /* registers or bits; 1 for FUNCTION_DEVICE_ID */
};

/* What an answer is, judged against the request. */
enum frame_verdict {
	FRAME_GOOD,
	FRAME_EXCEPTION, /* a well-formed refusal; code in ret_exception */
	FRAME_SHORT,
	FRAME_BAD_CRC,
	FRAME_WRONG_ADDRESS,
	FRAME_WRONG_FUNCTION,
	FRAME_WRONG_LENGTH,      /* byte count not what was asked for */
	FRAME_WRONG_TRANSACTION, /* TCP: another transaction id, or protocol id not 0 */
	FRAME_VERDICT_COUNT
};

/* Modbus CRC-16, as sent low byte first. */
uint16_t frame_crc(const uint8_t *bytes, size_t length);

/*
 * Whole request frame; returns its length, 0 for a request that cannot be
 * built (another function, no register, too many, past 0xFFFF). `transaction`
 * is for TCP only. 43/14 asks for the basic objects from object `address` on.
 */
size_t frame_build_request(enum frame_transport transport, uint16_t transaction,
	const struct bus_request *request, uint8_t ret_bytes[static FRAME_BYTES_MAX]);

/* A request on its way: what an answer is judged against. */
struct frame_question {
	enum frame_transport transport;
	uint16_t transaction; /* TCP only */
	struct bus_request request;
};

struct frame_answer {
	const uint8_t *payload; /* FRAME_GOOD: the register bytes, or the first 43/14 object; points
				   into the frame */
	size_t payload_length;
	uint8_t exception; /* FRAME_EXCEPTION: the code */
};

/* Judge a whole answer frame; *ret_answer is written with FRAME_GOOD and FRAME_EXCEPTION. */
enum frame_verdict frame_judge_answer(const struct frame_question *question, const uint8_t *bytes,
	size_t length, struct frame_answer *ret_answer);

/* Bytes of the request's frame, and of a good answer to it; 0 where only the answer tells (43/14).
 */
size_t frame_request_length(enum frame_transport transport, const struct bus_request *request);
size_t frame_answer_length(enum frame_transport transport, const struct bus_request *request);

/*
 * Whole length of the answer frame that begins at `bytes`, as far as its first
 * `length` bytes tell: a lower bound while it is above `length`, exact once it
 * is not. 0: no answer begins like this (a function that is never asked for,
 * an impossible length field).
 */
size_t frame_length_begun(enum frame_transport transport, const uint8_t *bytes, size_t length);

const char *frame_verdict_text(enum frame_verdict verdict);
const char *modbus_exception_text(uint8_t code); /* "illegal data address" ... */

#endif
