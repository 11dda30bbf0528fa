/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bus.h -- A line of meters: ask one device for a block. The seam between the
 * gateway and the wire: modbus_bus.c puts libmodbus behind it, tests put a
 * table behind it (tests/fakes/fake_bus.c).
 *
 * Used by one thread at a time. Calls block, for at most the time-out given.
 */
#ifndef DRIVERS_BUS_H
#define DRIVERS_BUS_H

#include "drivers/frame_record.h"

enum bus_kind {
	BUS_RTU,          /* an RS-485 line */
	BUS_TCP,          /* Modbus TCP */
	BUS_RTU_OVER_TCP, /* RTU frames through a serial server */
};

/* How to open a bus. Strings are the caller's and must outlive the bus. */
struct bus_line {
	enum bus_kind kind;
	const char *device; /* RTU: "/dev/serial/by-id/..." */
	uint32_t baud;
	char parity;        /* 'N' 'E' 'O' */
	uint8_t data_bits;  /* 7 or 8 */
	uint8_t stop_bits;  /* 1 or 2 */
	bool rts_direction; /* drive RTS to switch the transceiver's direction */
	bool rts_active_low;
	const char *host; /* TCP kinds */
	uint16_t tcp_port;
	uint32_t connect_timeout_ms;
};

enum bus_status {
	BUS_OK,
	BUS_TIMEOUT,   /* nothing came in time */
	BUS_BAD_FRAME, /* something came that is not the answer; verdict tells */
	BUS_REFUSED,   /* a Modbus exception; code tells */
	BUS_DOWN,      /* port or socket is gone; open again before the next request */
	BUS_STATUS_COUNT
};

/* What came of one request. */
struct bus_answer {
	enum frame_verdict verdict;
	uint8_t exception;
	uint16_t words[FRAME_REGISTERS_MAX]; /* valid for functions 3 and 4 with BUS_OK; bits of 1
						and 2 one a word */
	uint8_t bytes[FRAME_BYTES_MAX];      /* payload as received, for 43/14 */
	size_t bytes_length;
	uint32_t late_bytes;   /* bytes that were nobody's answer to this, dropped on the way */
	int64_t sent_mono_us;  /* when the request went out */
	int64_t began_mono_us; /* when the answer's first byte had come; 0: not known */
	int64_t done_mono_us;  /* when its last byte had come, or waiting ended */
};

struct bus;

struct bus_ops {
	/*
	 * Ask, and wait at most timeout_ms from the end of the request on the
	 * wire for the answer to begin, then as long as its bytes take. A
	 * request that modbus_frame.h cannot build is BUS_REFUSED, code 1, and
	 * never sent. *ret_answer is written whatever comes back.
	 */
	enum bus_status (*ask)(struct bus *bus, const struct bus_request *request,
		uint32_t timeout_ms, struct bus_answer *ret_answer);
	/* Open, or open again after BUS_DOWN. *ret_reason (static text) says why it failed. */
	enum bus_status (*open)(struct bus *bus, const char **ret_reason);
	/* From any thread: the wait going on in ask(), and every later one, ends at once with
	 * BUS_DOWN. May be NULL. */
	void (*interrupt)(struct bus *bus);
	void (*close)(struct bus *bus); /* frees the bus too */
};

struct bus {
	const struct bus_ops *ops;
	struct frame_record *record; /* the bus's own; NULL: it keeps none */
};

/* A bus through libmodbus; not yet open. NULL when memory is out. */
struct bus *modbus_bus_new(const struct bus_line *line);

/*
 * Time on the wire in microseconds, rounded up; 0 where there is no line with
 * a speed (Modbus TCP, baud 0). Source: Modbus over Serial Line 1.02, 2.5.1.1.
 */
uint32_t bus_line_wire_us(const struct bus_line *line, size_t characters);
uint32_t bus_line_character_us(const struct bus_line *line);
uint32_t bus_line_silence_us(
	const struct bus_line *line); /* 3.5 characters; 1750 above 19200 baud */
/* Request, good answer and the silence after it; without the device's own time. */
uint32_t bus_line_exchange_us(const struct bus_line *line, const struct bus_request *request);

/* CLOCK_MONOTONIC in microseconds. */
int64_t bus_now_mono_us(void);

const char *bus_status_text(enum bus_status status);

#endif
