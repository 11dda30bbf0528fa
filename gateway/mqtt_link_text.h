/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mqtt_link_text.h -- Why there is no connection, in words a person can act on.
 * For the link's own modules only.
 */
#ifndef GATEWAY_MQTT_LINK_TEXT_H
#define GATEWAY_MQTT_LINK_TEXT_H

#include "gateway/mqtt_link.h"

enum { LINK_WHY_MAX = 120 }; /* bytes, with the NUL */

#define LINK_SYSTEM_CA_DIRECTORY "/etc/ssl/certs"

/* A system's error (errno) while connecting. */
void link_text_system(
	char ret_why[static LINK_WHY_MAX], const struct mqtt_link_settings *to, int error);

/* The other end closed the connection without a word. */
void link_text_closed(
	char ret_why[static LINK_WHY_MAX], const struct mqtt_link_settings *to, bool accepted);

/* What OpenSSL said; "" : nothing. */
void link_text_tls(char ret_why[static LINK_WHY_MAX], const struct mqtt_link_settings *to,
	const char *said, bool accepted);

#endif
