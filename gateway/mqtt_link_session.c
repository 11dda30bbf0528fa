/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mqtt_link_session.c -- libmosquitto behind mqtt_link_session.h; the only file
 * that includes it. One client for each attempt, so that nothing of a lost
 * connection comes back.
 *
 * The socket is polled here: libmosquitto's own loop ends at descriptor 1024,
 * and could not be left when told to stop.
 */
#include "gateway/mqtt_link_session.h"

#include <errno.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "gateway/mqtt_link_lost.h"
#include "gateway/mqtt_link_settings.h"

enum {
	RECEIVE_MAX = 100,          /* QoS 1 messages the broker may send us unacknowledged */
	RECEIVE_MAX_UNTOLD = 65535, /* MQTT 5.0, section 3.2.2.3.3 */
	REASON_TOO_LARGE = 149,
	FIRST_FAILURE = 128, /* reason codes from here on */
};

#define ANY_IPV4 "0.0.0.0"

/* The library has a status for each of a proxy's refusals that means something else elsewhere. */
static bool is_proxys(const struct link_session *session, int status)
{
	static const int statuses[] = {MOSQ_ERR_PROXY, MOSQ_ERR_AUTH, MOSQ_ERR_CONN_REFUSED,
		MOSQ_ERR_EAI, MOSQ_ERR_NO_CONN, MOSQ_ERR_INVAL};
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		if (statuses[i] == status)
			return session->settings->socks5_host && session->reached &&
			       !session->accepted;
	}
	return false;
}

/* Bytes came that are no MQTT: the library may have no error of the system for that. */
static bool is_strangers(const struct link_session *session, int status, int error)
{
	return !session->accepted && !session->settings->tls &&
	       (status == MOSQ_ERR_PROTOCOL || (status == MOSQ_ERR_ERRNO && error == 0));
}

/* What a call of the library came back with; `error` is errno right after it. */
static void lose_library(struct link_session *session, int status, int error)
{
	if (is_proxys(session, status))
		link_lose_proxy(session);
	if (is_strangers(session, status, error))
		link_lose_stranger(session);
	switch (status) {
	case MOSQ_ERR_SUCCESS:
		return;
	case MOSQ_ERR_EAI:
		link_lose(session, "the name \"%s\" is not resolved: %s",
			session->settings->socks5_host ? session->settings->socks5_host
						       : session->settings->host,
			gai_strerror(error));
		return;
	case MOSQ_ERR_ERRNO:
		if (session->tls[0])
			link_lose_connection(session, status == MOSQ_ERR_TLS);
		link_lose_system(session, error);
		return;
	case MOSQ_ERR_KEEPALIVE:
		link_lose(
			session, "no sign of the broker for %u s", session->settings->keep_alive_s);
		return;
	case MOSQ_ERR_TLS:
	case MOSQ_ERR_CONN_LOST:
	case MOSQ_ERR_NO_CONN:
		link_lose_connection(session, status == MOSQ_ERR_TLS);
		return;
	default:
		link_lose(session, "%s", mosquitto_strerror(status));
	}
}

static void on_log(struct mosquitto *client, void *context, int level, const char *text)
{
	struct link_session *session = context;
	(void)client;
	bool tells = strncmp(text, "OpenSSL Error", 13) == 0;
	if (level != MOSQ_LOG_ERR || !tells || session->tls[0])
		return;
	const char *last = strrchr(text, ':'); /* error:0A000086:SSL routines::the reason */
	snprintf(session->tls, sizeof(session->tls), "%s", last && last[1] ? last + 1 : text);
}

static void on_connect(struct mosquitto *client, void *context, int reason, int flags,
	const mosquitto_property *properties)
{
	struct link_session *session = context;
	(void)flags;
	(void)client;
	if (reason != 0) {
		session->refused = true;
		link_lose(session, "the broker refused: %s",
			link_text_refusal(session->settings->version, (uint8_t)reason));
		return;
	}
	struct link_event event = {.kind = LINK_CONNECTED};
	uint16_t receive_maximum = RECEIVE_MAX_UNTOLD;
	mosquitto_property_read_int16(
		properties, MQTT_PROP_RECEIVE_MAXIMUM, &receive_maximum, false);
	mosquitto_property_read_int32(
		properties, MQTT_PROP_MAXIMUM_PACKET_SIZE, &event.packet_bytes_max, false);
	session->receive_maximum =
		receive_maximum < LINK_IN_FLIGHT_MAX ? receive_maximum : LINK_IN_FLIGHT_MAX;
	event.receive_maximum = session->receive_maximum;
	session->accepted = true;
	link_box_report(session->box, &event);
}

/* A code below 128 is one of the library's own, and its call's result tells more. */
static void on_disconnect(
	struct mosquitto *client, void *context, int reason, const mosquitto_property *properties)
{
	struct link_session *session = context;
	(void)client;
	(void)properties;
	session->taken_over = reason == MQTT_RC_SESSION_TAKEN_OVER;
	if (reason >= FIRST_FAILURE)
		link_lose(session, "the broker ended the connection: %s",
			mqtt_reason_text((uint8_t)reason));
}

/* Also called for QoS 0, when it has been written: those are not in the table. */
static void on_publish(struct mosquitto *client, void *context, int mid, int reason,
	const mosquitto_property *properties)
{
	struct link_session *session = context;
	(void)client;
	(void)properties;
	for (size_t i = 0; i < session->in_flight_count; i++) {
		if (session->in_flight[i].mid != mid)
			continue;
		struct link_event event = {.kind = LINK_ACKNOWLEDGED,
			.tag = session->in_flight[i].tag,
			.reason = (uint8_t)reason};
		session->in_flight[i] = session->in_flight[--session->in_flight_count];
		link_box_report(session->box, &event);
		return;
	}
}

static void on_message(struct mosquitto *client, void *context,
	const struct mosquitto_message *message, const mosquitto_property *properties)
{
	struct link_session *session = context;
	(void)client;
	(void)properties;
	struct link_event event = {
		.kind = LINK_MESSAGE,
		.topic = strdup(message->topic),
		.payload = malloc((size_t)message->payloadlen + 1),
		.length = (size_t)message->payloadlen,
		.retain = message->retain,
	};
	if (!event.topic || !event.payload) {
		link_event_clear(&event);
		link_lose(session, "out of memory");
		return;
	}
	if (event.length > 0)
		memcpy(event.payload, message->payload, event.length);
	event.payload[event.length] = '\0';
	link_box_report(session->box, &event);
}

/* A filter that the broker does not grant. */
static void on_subscribe(struct mosquitto *client, void *context, int mid, int count,
	const int *granted, const mosquitto_property *properties)
{
	struct link_session *session = context;
	(void)client;
	(void)mid;
	(void)properties;
	for (int i = 0; i < count; i++) {
		struct link_event event = {.kind = LINK_UNHEARD, .reason = (uint8_t)granted[i]};
		if (granted[i] >= FIRST_FAILURE && session->settings->subscriptions_optional)
			link_box_report(session->box, &event);
		else if (granted[i] >= FIRST_FAILURE)
			link_lose(session, "the broker refused the subscription: %s",
				mqtt_reason_text((uint8_t)granted[i]));
	}
}

/* Text on what cannot work, NULL when all can. */
static const char *set_credentials(
	struct mosquitto *client, const struct mqtt_link_settings *settings)
{
	char password[LINK_PASSWORD_BYTES_MAX] = "";
	if (settings->password_file && !link_settings_password(settings->password_file, password))
		return "the password file cannot be read, or is empty";
	int status = settings->user ? mosquitto_username_pw_set(client, settings->user,
					      settings->password_file ? password : NULL)
				    : MOSQ_ERR_SUCCESS;
	explicit_bzero(password, sizeof(password));
	return status == MOSQ_ERR_SUCCESS ? NULL : "user name or password cannot be sent";
}

/* The library then leaves all of TLS to the context; it holds it once more for itself. */
static const char *set_tls(struct mosquitto *client, const struct mqtt_link_settings *settings,
	struct link_tls **ret_tls)
{
	if (!settings->tls)
		return NULL;
	const char *reason = link_tls_make(settings, ret_tls);
	if (reason)
		return reason;
	int status = mosquitto_int_option(client, MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0);
	if (status == MOSQ_ERR_SUCCESS)
		status =
			mosquitto_void_option(client, MOSQ_OPT_SSL_CTX, link_tls_context(*ret_tls));
	return status == MOSQ_ERR_SUCCESS ? NULL : "the MQTT library takes no TLS of ours";
}

/* libmosquitto 2.0.11 never frees the name: some 32 bytes an attempt, so for attempts only. */
static const char *set_proxy(struct mosquitto *client, const struct mqtt_link_settings *settings)
{
	int status = settings->socks5_host ? mosquitto_socks5_set(client, settings->socks5_host,
						     settings->socks5_port, NULL, NULL)
					   : MOSQ_ERR_SUCCESS;
	return status == MOSQ_ERR_SUCCESS ? NULL : "the proxy (socks5) cannot be used";
}

/* Content type and schema version; NULL when memory is out, or the version has none. */
static mosquitto_property *make_properties(
	enum mqtt_version mqtt, uint8_t schema_version, uint32_t expiry_s)
{
	mosquitto_property *properties = NULL;
	if (mqtt != MQTT_VERSION_5)
		return NULL;
	char version[4];
	snprintf(version, sizeof(version), "%u", schema_version);
	int failed = mosquitto_property_add_string(
		&properties, MQTT_PROP_CONTENT_TYPE, "application/json");
	if (schema_version > 0)
		failed |= mosquitto_property_add_string_pair(
			&properties, MQTT_PROP_USER_PROPERTY, "schema", version);
	if (expiry_s > 0)
		failed |= mosquitto_property_add_int32(
			&properties, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL, expiry_s);
	if (failed)
		mosquitto_property_free_all(&properties);
	return properties;
}

static const char *set_will(struct mosquitto *client, const struct mqtt_link_settings *settings)
{
	if (!settings->will_topic)
		return NULL;
	mosquitto_property *properties =
		make_properties(settings->version, settings->will_schema_version, 0);
	int status = mosquitto_will_set_v5(client, settings->will_topic, (int)settings->will_length,
		settings->will_payload, 1, true, properties);
	if (status == MOSQ_ERR_SUCCESS) /* then they are the library's */
		return NULL;
	mosquitto_property_free_all(&properties);
	return "the Will cannot be set";
}

static void set_callbacks(struct mosquitto *client)
{
	mosquitto_log_callback_set(client, on_log);
	mosquitto_connect_v5_callback_set(client, on_connect);
	mosquitto_disconnect_v5_callback_set(client, on_disconnect);
	mosquitto_publish_v5_callback_set(client, on_publish);
	mosquitto_message_v5_callback_set(client, on_message);
	mosquitto_subscribe_v5_callback_set(client, on_subscribe);
}

/* What a client is made with. */
struct client_parts {
	const struct mqtt_link_settings *settings;
	void *context;
	struct link_tls *tls;
};

/* A client ready to connect; NULL with the reason. The TLS made for it outlives it. */
static struct mosquitto *make_client(struct client_parts *parts, const char **ret_reason)
{
	const struct mqtt_link_settings *settings = parts->settings;
	struct mosquitto *client = mosquitto_new(settings->client_id, true, parts->context);
	if (!client) {
		*ret_reason = "the client identifier is not valid, or memory is out";
		return NULL;
	}
	mosquitto_int_option(client, MOSQ_OPT_PROTOCOL_VERSION,
		settings->version == MQTT_VERSION_5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311);
	mosquitto_int_option(client, MOSQ_OPT_RECEIVE_MAXIMUM, RECEIVE_MAX);
	mosquitto_int_option(client, MOSQ_OPT_SEND_MAXIMUM, RECEIVE_MAX_UNTOLD);
	mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1);
	set_callbacks(client);
	const char *reason = link_settings_check(settings);
	reason = reason ? reason : set_credentials(client, settings);
	reason = reason ? reason : set_tls(client, settings, &parts->tls);
	reason = reason ? reason : set_will(client, settings);
	if (!reason)
		return client;
	mosquitto_destroy(client);
	*ret_reason = reason;
	return NULL;
}

static void init_library(void)
{
	mosquitto_lib_init();
}

const char *link_session_check(const struct mqtt_link_settings *settings)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	const char *reason = NULL;
	struct client_parts parts = {.settings = settings};
	pthread_once(&once, init_library);
	mosquitto_destroy(make_client(&parts, &reason)); /* NULL is fine */
	link_tls_free(parts.tls);
	return reason;
}

static void connect_from(struct link_session *session, const char *bind_address)
{
	const char *reason = NULL;
	struct client_parts parts = {.settings = session->settings, .context = session};
	session->client = make_client(&parts, &reason);
	session->tls_context = parts.tls;
	if (session->client)
		reason = set_proxy(session->client, session->settings);
	if (reason) {
		link_lose(session, "%s", reason);
		return;
	}
	session->end_mono_ms = link_box_now_mono_ms() + LINK_ATTEMPT_MS_MAX;
	errno = 0;
	int status = mosquitto_connect_bind_async(session->client, session->settings->host,
		session->settings->port, session->settings->keep_alive_s, bind_address);
	lose_library(session, status, errno);
}

void link_session_begin(struct link_session *session, const struct mqtt_link_settings *settings,
	struct link_box *box)
{
	*session = (struct link_session){.settings = settings, .box = box};
	connect_from(session, NULL);
}

void link_session_end(struct link_session *session)
{
	if (session->client)
		mosquitto_destroy(session->client);
	session->client = NULL;
	session->tls_context = link_tls_free(session->tls_context);
}

/* The library tries one address only; where that was of IPv6, the broker may be at one of IPv4. */
static void try_ipv4(struct link_session *session, int family)
{
	if (family != AF_INET6 || session->reached || session->ipv4_tried)
		return;
	link_session_end(session);
	*session = (struct link_session){
		.settings = session->settings, .box = session->box, .ipv4_tried = true};
	connect_from(session, ANY_IPV4);
}

static void acknowledge(struct link_session *session, uint32_t tag, uint8_t reason)
{
	struct link_event event = {.kind = LINK_ACKNOWLEDGED, .tag = tag, .reason = reason};
	link_box_report(session->box, &event);
}

static void publish(struct link_session *session, const struct mqtt_publication *what)
{
	int mid = 0;
	mosquitto_property *properties =
		make_properties(session->settings->version, what->schema_version, what->expiry_s);
	errno = 0;
	int status = mosquitto_publish_v5(session->client, &mid, what->topic, (int)what->length,
		what->payload, what->qos, what->retain, properties);
	int error = errno;
	mosquitto_property_free_all(&properties);
	if (status == MOSQ_ERR_OVERSIZE_PACKET || status == MOSQ_ERR_PAYLOAD_SIZE)
		acknowledge(session, what->tag, REASON_TOO_LARGE);
	else if (status != MOSQ_ERR_SUCCESS)
		lose_library(session, status, error);
	else if (what->qos > 0)
		session->in_flight[session->in_flight_count++] =
			(struct link_in_flight){.mid = mid, .tag = what->tag};
}

/* Hand over what waits, live before the backlog; one packet at a time, so that a broker that does
 * not read cannot make the library's queue grow. */
static void feed(struct link_session *session)
{
	struct link_publication publication;
	while (session->accepted && !session->lost && !mosquitto_want_write(session->client)) {
		bool window = session->in_flight_count < session->receive_maximum;
		if (!link_box_next_publication(session->box, 0, &publication) &&
			!(window && link_box_next_publication(session->box, 1, &publication)))
			return;
		publish(session, &publication.what);
		link_publication_clear(&publication);
	}
}

static void subscribe(struct link_session *session)
{
	const struct mqtt_link_settings *settings = session->settings;
	for (size_t i = 0; i < settings->subscriptions_count && !session->lost; i++) {
		int status = mosquitto_subscribe_v5(
			session->client, NULL, settings->subscriptions[i], 1, 0, NULL);
		lose_library(session, status, errno);
	}
}

/* Read and write what the socket is ready for. */
static void serve(struct link_session *session, short ready)
{
	int fd = mosquitto_socket(session->client);
	bool accepted_before = session->accepted;
	int error = (ready & (POLLERR | POLLHUP)) && !session->reached ? link_socket_error(fd) : 0;
	if (error != 0) {
		link_lose_system(session, error);
		return;
	}
	session->reached = session->reached || (ready && link_socket_is_reached(fd));
	errno = 0;
	if (ready & (POLLIN | POLLERR | POLLHUP))
		lose_library(session, mosquitto_loop_read(session->client, 1), errno);
	errno = 0;
	if (!session->lost && (ready & POLLOUT))
		lose_library(session, mosquitto_loop_write(session->client, 1), errno);
	errno = 0;
	if (!session->lost)
		lose_library(session, mosquitto_loop_misc(session->client), errno);
	if (!session->lost && session->accepted && !accepted_before)
		subscribe(session);
}

/* Wait for the socket, the owner or the time; returns what the socket is ready for. */
static short wait_for(struct link_session *session, int timeout_ms)
{
	struct mosquitto *client = session->client;
	struct pollfd fds[] = {
		{.fd = session->box->thread_fd,                .events = POLLIN},
		{.fd = client ? mosquitto_socket(client) : -1, .events = POLLIN},
	};
	if (client && (mosquitto_want_write(client) || !session->reached))
		fds[1].events |= POLLOUT;
	if (poll(fds, 2, timeout_ms) <= 0)
		return 0;
	if (fds[0].revents)
		link_box_clear_wake(session->box);
	return fds[1].revents;
}

void link_session_step(struct link_session *session, int timeout_ms)
{
	int family = AF_UNSPEC;
	if (!session->lost) {
		family = link_socket_family(mosquitto_socket(session->client));
		serve(session, wait_for(session, timeout_ms));
		link_check_attempt(session);
		feed(session);
	}
	if (session->lost)
		try_ipv4(session, family);
}

/* Send what still waits, then say goodbye. What could not be sent would have told more than the
 * Will: then the broker is asked to publish the Will, in MQTT 3.1.1 by saying nothing. */
void link_session_goodbye(struct link_session *session, int64_t end_mono_ms)
{
	if (!session->client || !session->accepted)
		return;
	for (int64_t left_ms = 1; left_ms > 0 && !session->lost;
		left_ms = end_mono_ms - link_box_now_mono_ms()) {
		feed(session);
		if (link_box_is_empty(session->box) && !mosquitto_want_write(session->client))
			break;
		serve(session, wait_for(session, (int)left_ms));
	}
	bool all_sent = link_box_is_empty(session->box);
	if (all_sent || session->settings->version == MQTT_VERSION_5)
		mosquitto_disconnect_v5(session->client,
			all_sent ? MQTT_RC_NORMAL_DISCONNECTION : MQTT_RC_DISCONNECT_WITH_WILL_MSG,
			NULL);
}
