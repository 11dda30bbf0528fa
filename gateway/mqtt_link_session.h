/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mqtt_link_session.h -- One attempt to connect, and the connection it becomes:
 * the seam to libmosquitto. For mqtt_link.c only; one thread.
 *
 * Look at `accepted` and `lost` after each step. Nothing here decides when the
 * next attempt is made.
 */
#ifndef GATEWAY_MQTT_LINK_SESSION_H
#define GATEWAY_MQTT_LINK_SESSION_H

#include "gateway/mqtt_link_box.h"
#include "gateway/mqtt_link_tls.h"

enum {
	LINK_ATTEMPT_MS_MAX = 10000, /* from the first packet to the broker's answer */
	LINK_STEP_MS_MAX = 1000,     /* keep-alive is looked after this often */
	LINK_IN_FLIGHT_MAX = 256,    /* unacknowledged, whatever the broker allows */
	LINK_TLS_TEXT_MAX = 80,
};

struct mosquitto;

struct link_in_flight {
	int mid;
	uint32_t tag;
};

struct link_session {
	const struct mqtt_link_settings *settings;
	struct link_box *box;
	struct mosquitto *client;
	struct link_tls *tls_context; /* NULL: plain text */
	int64_t end_mono_ms;          /* of the attempt */
	bool accepted;                /* the broker said yes, and the owner was told */
	bool reached;                 /* the TCP connection stands */
	bool ipv4_tried;              /* a name with addresses of both kinds: the other kind too */
	bool lost;                    /* it is over; `why` tells */
	bool refused;                 /* by the broker's own word */
	bool taken_over;              /* another client came with our id; the same */
	char why[LINK_WHY_MAX];
	char tls[LINK_TLS_TEXT_MAX];
	uint16_t receive_maximum;
	struct link_in_flight in_flight[LINK_IN_FLIGHT_MAX];
	size_t in_flight_count;
};

/* Why these settings can never work; NULL when they may. */
const char *link_session_check(const struct mqtt_link_settings *settings);

/* Start an attempt. Blocks while the name is looked up. */
void link_session_begin(struct link_session *session, const struct mqtt_link_settings *settings,
	struct link_box *box);

/* Wait at most timeout_ms for the broker or the owner, and do what is to be done. */
void link_session_step(struct link_session *session, int timeout_ms);

/* Send what still waits, until end_mono_ms at most, then DISCONNECT. */
void link_session_goodbye(struct link_session *session, int64_t end_mono_ms);

/* Free what it holds. */
void link_session_end(struct link_session *session);

#endif
