/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mqtt_link.h -- One connection to a broker, MQTT 5 or 3.1.1, kept alive by a thread of
 * its own. The only module that knows libmosquitto. Used by the gateway and by
 * the city's programs.
 *
 * It decides nothing: when to connect again comes from core/link_state.h, what
 * to send from core/delivery.h. Every call returns at once; what happens is
 * handed over as events, which the owner takes from mqtt_link_next() when
 * mqtt_link_fd() is readable.
 */
#ifndef GATEWAY_MQTT_LINK_H
#define GATEWAY_MQTT_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * MQTT 3.1.1 has no properties (content type, schema version, expiry), no reason
 * codes (a refused publication is acknowledged with 0) and no limits told by the
 * broker (receive maximum, packet size).
 */
enum mqtt_version { MQTT_VERSION_5, MQTT_VERSION_3_1_1 };

struct mqtt_link_settings {
	enum mqtt_version version;
	const char *host;
	uint16_t port;
	const char *client_id;
	uint16_t keep_alive_s;
	bool tls;
	const char *ca_file; /* NULL: the system's */
	const char *certificate_file;
	const char *key_file;  /* as password_file, refused when others may read it */
	const char *alpn;      /* NULL: none */
	int64_t known_wall_ms; /* certificates are never judged at an earlier time; 0: none known */
	const char *socks5_host; /* a proxy on the way; NULL: none */
	uint16_t socks5_port;
	const char *user;
	const char *password_file;
	const char *will_topic; /* NULL: none; published retained, QoS 1 */
	const char *will_payload;
	size_t will_length;
	uint8_t will_schema_version;
	const char *const *subscriptions; /* made at every connect, QoS 1 */
	size_t subscriptions_count;
	bool subscriptions_optional;  /* one that is refused is LINK_UNHEARD, and the rest goes on;
					 else it ends the connection */
	uint32_t seed;                /* of the back-off's jitter */
	uint32_t reconnect_within_ms; /* after a connection that had lasted; 0: as if there had been
					 none (core/link_state.h) */
};

struct mqtt_publication {
	const char *topic;
	const void *payload;
	size_t length;
	uint8_t qos; /* 0 or 1 */
	bool retain;
	uint32_t expiry_s; /* 0: never; of MQTT 5 only */
	uint8_t schema_version;
	uint32_t tag; /* the owner's; comes back with LINK_ACKNOWLEDGED */
};

enum { LINK_EVENT_TEXT_MAX = 288 };

enum link_event_kind {
	LINK_CONNECTED,
	LINK_DISCONNECTED, /* text: why, in words, and when it is tried again */
	LINK_REFUSED,      /* the broker said no to the connection; text: why */
	LINK_ACKNOWLEDGED, /* a QoS 1 publication: tag and reason code; of QoS 0 only that it was
			      too large */
	LINK_MESSAGE,      /* a subscription's message */
	LINK_UNHEARD,      /* the broker refused a subscription; reason: why */
};

struct link_event {
	enum link_event_kind kind;
	uint32_t tag;
	uint8_t reason;            /* MQTT 5 reason code; < 128 is success */
	uint16_t receive_maximum;  /* with LINK_CONNECTED: publications the broker takes
				      unacknowledged */
	uint32_t packet_bytes_max; /* with LINK_CONNECTED; 0: no limit told */
	uint32_t retry_ms; /* with LINK_DISCONNECTED and LINK_REFUSED: when the next attempt starts
			    */
	char text[LINK_EVENT_TEXT_MAX];
	char *topic;   /* LINK_MESSAGE; freed by link_event_clear() */
	char *payload; /* NUL-terminated for convenience */
	size_t length;
	bool retain;
};

enum link_status {
	LINK_OK,
	LINK_NOT_CONNECTED,
	LINK_BUSY,   /* too much on the way already; come back after an event */
	LINK_FAILED, /* memory, or settings that cannot work; text in the log */
};

struct mqtt_link;

/* Why these settings, or the files they name, cannot work now (static text); NULL when they can. */
const char *mqtt_link_check(const struct mqtt_link_settings *settings);

/* Start; the first attempt to connect is made at once. *ret_reason (static text) says why
 * LINK_FAILED. */
enum link_status mqtt_link_start(const struct mqtt_link_settings *settings,
	struct mqtt_link **ret_link, const char **ret_reason);

/* When the first certificate of a file in PEM, our own, ends: UTC milliseconds. INT64_MIN: NULL is
 * given, or it cannot be read. */
int64_t mqtt_link_certificate_end(const char *certificate_file);

/* Readable when an event waits; for poll(). */
int mqtt_link_fd(const struct mqtt_link *link);

/* Take one event; false when none waits. Clear it with link_event_clear(). */
bool mqtt_link_next(struct mqtt_link *link, struct link_event *ret_event);
void link_event_clear(struct link_event *event);

/* The time is at least this: for certificates, from the next attempt on. */
void mqtt_link_know_time(struct mqtt_link *link, int64_t known_wall_ms);

/* The Will's payload from the next attempt on; it is copied. Memory out: the last one stays. */
void mqtt_link_know_will(struct mqtt_link *link, const char *payload);

/* Whether another client uses our client id: then attempts stay rare. From the next loss on. */
void mqtt_link_know_contested(struct mqtt_link *link, bool contested);

/* True when a file of the settings is another one than at the start: a renewed certificate. */
bool mqtt_link_files_changed(const struct mqtt_link *link);

/* Hand over a publication; the payload is copied. QoS 1 lost with the connection is not sent again
 * by the link. */
enum link_status mqtt_link_publish(
	struct mqtt_link *link, const struct mqtt_publication *publication);

/*
 * Publish nothing more, send DISCONNECT if connected, wait at most wait_ms for
 * the thread, free. Returns NULL.
 */
struct mqtt_link *mqtt_link_stop(struct mqtt_link *link, uint32_t wait_ms);

/* A reason code in words: "not authorized", "quota exceeded" ... */
const char *mqtt_reason_text(uint8_t reason);

#endif
