/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_bus.h -- A line of devices in virtual time, with the wire's own times.
 * Register r of a device holds r, unless it is listed in `words`.
 */
#ifndef TESTS_FAKES_FAKE_BUS_H
#define TESTS_FAKES_FAKE_BUS_H

#include "drivers/bus_engine.h"

enum { FAKE_DEVICES_MAX = 16, FAKE_WORDS_MAX = 16 };

struct fake_device {
	uint8_t address;
	bool dead;
	uint8_t exception; /* to every request; 0: none */
	uint32_t answer_time_us;
	struct register_range refused; /* an exception to a block that touches it; last 0: none */
	uint8_t refused_exception;     /* 0: illegal address */
	bool hangs_up;                 /* instead of answering */
	uint32_t late_bytes;           /* that come before its next answer */
	struct register_range unanswered; /* nothing to a block that touches it; last 0: none */
	struct {
		uint16_t address;
		uint16_t word;
	} words[FAKE_WORDS_MAX];
	size_t words_count;
	enum frame_verdict bad_verdict; /* of the next bad_answers answers */
	unsigned bad_answers;
	unsigned requests;
	int64_t asked_mono_us; /* last request */
	struct bus_request request;
};

struct fake_bus {
	struct bus bus; /* first: a struct bus * is a struct fake_bus * */
	struct bus_line line;
	struct fake_device devices[FAKE_DEVICES_MAX];
	size_t devices_count;
	int64_t now_mono_us; /* moves with each request */
	bool gone;           /* the port */
};

void fake_bus_init(struct fake_bus *fake, enum bus_kind kind);

/* Move an engine over this bus up to an instant. */
void fake_bus_run(struct fake_bus *fake, struct bus_engine *engine, int64_t until_mono_us);

#endif
