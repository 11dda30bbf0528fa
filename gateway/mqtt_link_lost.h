/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mqtt_link_lost.h -- An attempt or a connection that is over, and why; what the
 * socket itself tells. For the link's own modules only.
 */
#ifndef GATEWAY_MQTT_LINK_LOST_H
#define GATEWAY_MQTT_LINK_LOST_H

#include "gateway/mqtt_link_session.h"

/* The first reason given stays. */
__attribute__((format(printf, 2, 3))) void link_lose(
	struct link_session *session, const char *format, ...);

/* With a system's error (errno). */
void link_lose_system(struct link_session *session, int error);

/* The other end is gone: because of TLS, or without a word. */
void link_lose_connection(struct link_session *session, bool by_tls);

/* Plain text was spoken, and something that is no broker answered. */
void link_lose_stranger(struct link_session *session);

/* The proxy says no. */
void link_lose_proxy(struct link_session *session);

/* An attempt that takes too long. */
void link_check_attempt(struct link_session *session);

/* AF_UNSPEC: there is none. */
int link_socket_family(int fd);
bool link_socket_is_reached(int fd);
/* What connecting came to; 0: nothing wrong. */
int link_socket_error(int fd);

#endif
