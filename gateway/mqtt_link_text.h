/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mqtt_link_text.h -- Why there is no connection, in words a person can act on.
 * For the link's own modules only.
 */
#ifndef GATEWAY_MQTT_LINK_TEXT_H
#define GATEWAY_MQTT_LINK_TEXT_H

#include "gateway/mqtt_link.h"

enum { /* bytes, with the NUL */
	LINK_WHY_MAX = 240,
	LINK_NAME_MAX = 64, /* of a name in a certificate; longer ones are cut */
	LINK_DATE_MAX = 24,
};

#define LINK_SYSTEM_CA_DIRECTORY "/etc/ssl/certs"

/* Why a broker refuses a connection: CONNACK's code in words, by the version's own numbers. */
const char *link_text_refusal(enum mqtt_version version, uint8_t code);

/* A system's error (errno) while connecting. */
void link_text_system(
	char ret_why[static LINK_WHY_MAX], const struct mqtt_link_settings *to, int error);

/* The other end closed the connection without a word. */
void link_text_closed(
	char ret_why[static LINK_WHY_MAX], const struct mqtt_link_settings *to, bool accepted);

/* What is wrong with a certificate of the broker's chain. */
enum link_certificate_fault {
	CERTIFICATE_OTHER_NAME,    /* good, but for another host */
	CERTIFICATE_EXPIRED,       /* by the time taken */
	CERTIFICATE_NOT_YET_VALID, /* by the time taken */
	CERTIFICATE_SELF_SIGNED,   /* the broker's own, by nobody else */
	CERTIFICATE_OTHER_ISSUER,  /* nobody trusted has signed it */
	CERTIFICATE_OTHER_FAULT,   /* `detail` tells */
};

struct link_certificate {
	enum link_certificate_fault fault;
	bool is_brokers; /* else of an authority above it */
	char issuer[LINK_NAME_MAX];
	char subject[LINK_NAME_MAX];
	char host[LINK_NAME_MAX];  /* the first it is for */
	char from[LINK_DATE_MAX];  /* UTC, to the minute, as the next two */
	char until[LINK_DATE_MAX]; /* its last */
	char taken[LINK_DATE_MAX]; /* the time it was judged at */
	const char *detail;
};

void link_text_certificate(char ret_why[static LINK_WHY_MAX], const struct mqtt_link_settings *to,
	const struct link_certificate *certificate);

/* A stranger's words for the log and the terminal: no control characters, cut between characters.
 */
void link_text_clean(char ret_text[static LINK_NAME_MAX], const char *said, size_t length);

/* What OpenSSL said; "" : nothing. */
void link_text_tls(char ret_why[static LINK_WHY_MAX], const struct mqtt_link_settings *to,
	const char *said, bool accepted);

#endif
