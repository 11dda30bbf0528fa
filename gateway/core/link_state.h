/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link_state.h -- When to connect to the broker, and when to wait. A table of
 * state and input; the link's thread feeds it and does what it says. Pure.
 *
 * Between attempts it waits a random time between 0 and a ceiling that doubles
 * ("full jitter"). A connection that had lasted was most likely lost by all the
 * broker's gateways at once: then the first ceiling is wide, so that of a
 * thousand no second has more than 3 % (30), however long the broker was away.
 * Their attempts then come at 10 a second and, with those that try again, at most
 * at 16 (mean); a second ceiling twice the first keeps it there. A gateway that
 * never had such a connection tries again soon: somebody may stand before it.
 */
#ifndef GATEWAY_CORE_LINK_STATE_H
#define GATEWAY_CORE_LINK_STATE_H

#include <stdbool.h>
#include <stdint.h>

enum link_state {
	LINK_STATE_CONNECTING, /* an attempt is on its way */
	LINK_STATE_CONNECTED,  /* the broker accepted us */
	LINK_STATE_WAITING,    /* until link_machine.retry_mono_ms */
	LINK_STATE_STOPPED,    /* told to end */
	LINK_STATE_COUNT
};
const char *link_state_name(enum link_state state); /* "connecting" ... as in `status` */

enum link_input {
	LINK_INPUT_ACCEPTED, /* CONNACK with a reason below 128 */
	LINK_INPUT_LOST,     /* the attempt failed, was refused, or the connection ended */
	LINK_INPUT_TICK,     /* time has passed; cheap, call it as often as you like */
	LINK_INPUT_STOP,
	LINK_INPUT_COUNT
};

enum link_action {
	LINK_ACTION_NONE,
	LINK_ACTION_CONNECT,    /* start an attempt now */
	LINK_ACTION_WAIT,       /* tell the owner: lost, next attempt at retry_mono_ms */
	LINK_ACTION_ANNOUNCE,   /* tell the owner: connected */
	LINK_ACTION_DISCONNECT, /* end the attempt or the connection */
};

enum {
	LINK_BACKOFF_FIRST_MS = 2000,      /* ceiling of the first wait, doubling */
	LINK_BACKOFF_MAX_MS = 200000,      /* ceiling of all waits, or twice reconnect_within_ms */
	LINK_STABLE_MS = 60000,            /* a connection that lived this long had lasted: the next
					      ceiling is reconnect_within_ms */
	LINK_CONTESTED_STABLE_MS = 600000, /* the same while another client takes it from us: longer
					      than that one ever waits, so that both wait long */
};

struct link_machine {
	enum link_state state;
	bool contested; /* another client uses our name; the caller's to set */
	int64_t reconnect_within_ms;
	int64_t ceiling_ms; /* of the wait before the next attempt; 0: no attempt has failed */
	int64_t since_mono_ms;
	int64_t retry_mono_ms; /* meaningful in LINK_STATE_WAITING */
	uint64_t random;
};

/* Begins in CONNECTING: the caller makes the first attempt at once. `reconnect_within_ms`: the
 * first attempt after a connection that had lasted comes within it; at least 1. */
void link_machine_init(struct link_machine *machine, uint32_t seed, int64_t reconnect_within_ms,
	int64_t now_mono_ms);

enum link_action link_machine_step(
	struct link_machine *machine, enum link_input input, int64_t now_mono_ms);

#endif
