/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scripted_device.h -- A Modbus device on a real pty or socket, in a thread of
 * its own, that answers each request as a script says. An answer's registers
 * hold first_word, first_word + 1 ...
 */
#ifndef TESTS_FAKES_SCRIPTED_DEVICE_H
#define TESTS_FAKES_SCRIPTED_DEVICE_H

#include "drivers/bus.h"

enum scripted_kind {
	SCRIPT_GOOD,
	SCRIPT_NOTHING,
	SCRIPT_EXCEPTION, /* code = first_word */
	SCRIPT_WRONG_ADDRESS,
	SCRIPT_WRONG_FUNCTION,
	SCRIPT_WRONG_LENGTH,      /* one register more than asked for */
	SCRIPT_SHORT,             /* the last three bytes never come */
	SCRIPT_BAD_CRC,           /* RTU framing only */
	SCRIPT_BABBLE,            /* noise, a byte a millisecond, for 300 ms */
	SCRIPT_NOISE_FIRST,       /* a stray byte, then the good answer */
	SCRIPT_FOREIGN_FIRST,     /* a whole frame of another address, then the good answer */
	SCRIPT_OLD_TRANSACTION,   /* TCP: the transaction before */
	SCRIPT_IN_PIECES,         /* byte by byte, 2 ms apart */
	SCRIPT_AS_A_UART,         /* at the wire's pace, in groups of eight bytes */
	SCRIPT_HANGS_UP,          /* TCP: closes the connection instead */
	SCRIPT_GOOD_AND_HANGS_UP, /* TCP: closes it after the answer */
	SCRIPT_DEVICE_ID,
};

struct scripted_answer {
	enum scripted_kind kind;
	uint32_t delay_ms; /* before the first byte; longer than a time-out = late */
	uint16_t first_word;
};

struct scripted_device;

/* Past the script's end every request is answered SCRIPT_GOOD with word 0. Fails the test when it
 * cannot start. */
struct scripted_device *scripted_device_start(
	enum bus_kind kind, const struct scripted_answer *script, size_t count);
struct scripted_device *scripted_device_stop(struct scripted_device *device);

/* How to reach it; lives as long as the device. */
const struct bus_line *scripted_device_line(const struct scripted_device *device);

/* What it has heard so far. */
struct scripted_record {
	size_t requests;
	size_t connections;
	size_t sent; /* pieces of answers */
	size_t hang_ups;
	int64_t last_sent_mono_us; /* 0: nothing yet */
	int64_t silence_us_min;    /* shortest silence before a request, after anything it sent */
};
struct scripted_record scripted_device_record(struct scripted_device *device);

#endif
