/* SPDX-License-Identifier: Apache-2.0 */
/*
 * simulated_line.h -- One line of simulated devices: takes requests in, sends
 * answers out at the moment a real wire would have them.
 *
 * Paced (baud > 0): a request takes its time on the wire from the moment it
 * came, then the device its answer time, then the answer its time, handed over
 * in groups of eight characters as a UART's FIFO does. Requests that begin
 * inside the 3.5 characters of silence, or while something is on the wire, are
 * counted, and answered all the same.
 *
 * What the line itself needs for a request: its time on the wire, the answer
 * time drawn, the answer's time on the wire, and the silence. span_us over
 * least_us is how well a client uses the line; what is missing it was idle.
 *
 * Moved by one thread through a poll loop: simulated_line_fds(),
 * simulated_line_due(), simulated_line_move().
 */
#ifndef GATEWAY_SIMULATE_SIMULATED_LINE_H
#define GATEWAY_SIMULATE_SIMULATED_LINE_H

#include <poll.h>

#include "gateway/simulate/line_socket.h"
#include "gateway/simulate/simulated_device.h"

enum line_kind {
	LINE_PTY,
	LINE_TCP,          /* Modbus TCP */
	LINE_RTU_OVER_TCP, /* RTU frames through a socket */
	LINE_KIND_COUNT
};
const char *line_kind_name(enum line_kind kind); /* "pty", "tcp", "rtu-over-tcp" */

enum {
	LINE_CLIENTS_MAX = 8, /* connections to one TCP line; a further one is hung up on */
	LINE_FDS_MAX = LINE_CLIENTS_MAX + 1,
	LINE_REPLIES_MAX = 8, /* on their way to one client; more are dropped and counted */
};

struct simulated_line_settings {
	enum line_kind kind;
	char name[DEVICE_NAME_MAX];
	char link[LINE_PATH_MAX]; /* pty; "": none */
	char host[LINE_HOST_MAX]; /* TCP kinds */
	uint16_t port;            /* 0: the kernel chooses */
	uint32_t baud;            /* 0: not paced */
	uint32_t answer_ms_min;   /* how long its devices think */
	uint32_t answer_ms_max;
	uint64_t seed; /* of the answer times */
};

struct line_statistics {
	uint64_t requests;
	uint64_t replies;       /* sent to the last byte */
	uint64_t early;         /* requests inside the silence */
	uint64_t overlapping;   /* among them: while something was on the wire */
	uint64_t garbage_bytes; /* bytes that were no request */
	uint64_t dropped;
	int64_t silence_us_min;     /* shortest gap before a request; INT64_MAX: none yet */
	int64_t wire_us;            /* time something was on the wire */
	int64_t begun_us;           /* when the first request came; 0: none yet */
	int64_t span_us;            /* from there to when the newest came */
	int64_t least_us;           /* what the line itself needed for all before the newest */
	int64_t newest_least_us;    /* and what it needs for the newest */
	uint32_t silence_us_needed; /* 3.5 characters; 0: not paced */
};

struct line_context {
	struct scenario *scenario;
	struct served_hook hook;
};

struct simulated_line;

struct simulated_line *simulated_line_new(const struct simulated_line_settings *settings);
struct simulated_line *simulated_line_free(struct simulated_line *line); /* devices go with it */

/* The device becomes the line's. False when its address is taken, or memory is out. */
bool simulated_line_add(struct simulated_line *line, struct simulated_device *device);

/* False with a reason when the port cannot be had. */
bool simulated_line_open(struct simulated_line *line, char ret_reason[static LINE_REASON_MAX]);

const struct simulated_line_settings *simulated_line_settings(const struct simulated_line *line);
const char *simulated_line_path(const struct simulated_line *line); /* of the pseudo-terminal */
const struct line_statistics *simulated_line_statistics(const struct simulated_line *line);
void simulated_line_clear_statistics(struct simulated_line *line);
/* NULL past the end. */
struct simulated_device *simulated_line_device(const struct simulated_line *line, size_t index);

/* What to wait for; returns how many of LINE_FDS_MAX. */
size_t simulated_line_fds(const struct simulated_line *line, struct pollfd *ret_fds);
/* When it wants to be moved at the latest; INT64_MAX: not before something comes. */
int64_t simulated_line_due(const struct simulated_line *line);
void simulated_line_move(struct simulated_line *line, const struct simulated_instant *now,
	const struct line_context *context);

/* Take the line away for so long; it comes back by itself. */
void simulated_line_vanish(struct simulated_line *line, int64_t now_mono_us, int64_t for_us);

#endif
