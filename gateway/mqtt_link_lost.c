/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mqtt_link_lost.c -- Reasons, found in the socket, in TLS, or in the time.
 */
#include "gateway/mqtt_link_lost.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>

void link_lose(struct link_session *session, const char *format, ...)
{
	va_list arguments;
	if (session->lost) /* the first reason is the cause, later ones its effects */
		return;
	session->lost = true;
	va_start(arguments, format);
	vsnprintf(session->why, sizeof(session->why), format, arguments);
	va_end(arguments);
}

void link_lose_system(struct link_session *session, int error)
{
	char why[LINK_WHY_MAX];
	if (error == EPROTO && session->tls_context && !session->accepted)
		snprintf(why, sizeof(why),
			"the broker broke off TLS without a reason (does it refuse our "
			"certificate?)");
	else if (error == ECONNRESET)
		link_text_closed(why, session->settings, session->accepted);
	else
		link_text_system(why, session->settings, error);
	link_lose(session, "%s", why);
}

void link_lose_connection(struct link_session *session, bool by_tls)
{
	char why[LINK_WHY_MAX];
	const char *refusal = link_tls_refusal(session->tls_context);
	if (refusal)
		snprintf(why, sizeof(why), "%s", refusal);
	else if (session->tls[0] || by_tls)
		link_text_tls(why, session->settings, session->tls, session->accepted);
	else
		link_text_closed(why, session->settings, session->accepted);
	link_lose(session, "%s", why);
}

void link_lose_stranger(struct link_session *session)
{
	link_lose(session, "%s:%u does not answer in MQTT (does it want TLS? this was plain text)",
		session->settings->host, session->settings->port);
}

void link_lose_proxy(struct link_session *session)
{
	const struct mqtt_link_settings *to = session->settings;
	link_lose(session, "the proxy %s:%u does not let us through to %s:%u", to->socks5_host,
		to->socks5_port, to->host, to->port);
}

void link_check_attempt(struct link_session *session)
{
	if (session->accepted || link_box_now_mono_ms() < session->end_mono_ms)
		return;
	if (session->reached)
		link_lose(session, "%s:%u takes the connection and says nothing for %d s",
			session->settings->host, session->settings->port,
			LINK_ATTEMPT_MS_MAX / 1000);
	else
		link_lose_system(session, ETIMEDOUT);
}

int link_socket_family(int fd)
{
	struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
	socklen_t length = sizeof(address);
	if (fd < 0 || getsockname(fd, (struct sockaddr *)&address, &length) != 0)
		return AF_UNSPEC;
	return address.ss_family;
}

bool link_socket_is_reached(int fd)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);
	return getpeername(fd, (struct sockaddr *)&address, &length) == 0;
}

int link_socket_error(int fd)
{
	int error = 0;
	socklen_t length = sizeof(error);
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : 0;
}
