/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modbus_bus_wire.h -- Listening on an open port or socket: the silence before
 * a request, and the answer after it. One path for serial lines and sockets.
 *
 * Part of modbus_bus.c; nobody else needs it. One thread at a time.
 */
#ifndef DRIVERS_MODBUS_BUS_WIRE_H
#define DRIVERS_MODBUS_BUS_WIRE_H

#include "drivers/bus.h"

enum {
	LINE_IDLE_WAIT_MS_MAX = 500, /* a line that never falls silent is given up for now */
	SERIAL_BYTES_SLACK_MS = 50,  /* beyond wire time, for the rest of a frame: USB, FIFOs */
	SOCKET_BYTES_SLACK_MS = 250, /* the same across a network */
};

struct wire {
	struct bus_line line;
	enum frame_transport transport;
	int fd;
	int wake_fd;                 /* readable: stop waiting */
	int64_t last_heard_mono_us;  /* last byte of anybody, ours included */
	struct frame_record *record; /* what is heard goes there; may be NULL */
};

/*
 * Drop what is there and wait until the line has been silent for 3.5
 * characters; never returns BUS_OK earlier. BUS_BAD_FRAME: it is never silent.
 * BUS_DOWN: port or connection is gone.
 */
enum bus_status wire_settle(struct wire *wire, uint32_t *late_bytes);

/*
 * Receive the answer; it has to begin before deadline_mono_us. Complete frames
 * of others are dropped and counted late, and waiting goes on. Fills all of
 * *ret_answer but sent_mono_us; late_bytes is added to.
 */
enum bus_status wire_receive(struct wire *wire, const struct frame_question *question,
	int64_t deadline_mono_us, struct bus_answer *ret_answer);

#endif
