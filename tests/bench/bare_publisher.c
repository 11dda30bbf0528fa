/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bare_publisher.c -- What libmosquitto alone can publish: messages of one size at
 * QoS 1, so many on the way at once, with the properties byport's have. The
 * reference of the backlog's drain; it reads no store and makes no JSON.
 *
 *   bare_publisher BROKER_PORT MESSAGES BYTES WINDOW
 *
 * Prints the seconds from the first publication to the last acknowledgement.
 */
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { KEEP_ALIVE_S = 60, LOOP_MS = 1000, BYTES_MAX = 1 << 20 };

struct publisher {
	long messages;
	int bytes;
	long window;
	long published;
	long acknowledged;
	char *payload;
	double began_s;
	bool failed;
};

static double now_s(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Like the gateway's link, which makes them for each message. */
static void publish_one(struct mosquitto *client, struct publisher *publisher)
{
	mosquitto_property *properties = NULL;
	int failed = mosquitto_property_add_string(
		&properties, MQTT_PROP_CONTENT_TYPE, "application/json");
	failed |= mosquitto_property_add_string_pair(
		&properties, MQTT_PROP_USER_PROPERTY, "schema", "1");
	failed |= mosquitto_publish_v5(client, NULL, "byport/1/drammen/bare/main/intervals",
		publisher->bytes, publisher->payload, 1, false, properties);
	mosquitto_property_free_all(&properties);
	publisher->failed = publisher->failed || failed != 0;
	publisher->published++;
}

static void fill_window(struct mosquitto *client, struct publisher *publisher)
{
	while (!publisher->failed && publisher->published < publisher->messages &&
		publisher->published - publisher->acknowledged < publisher->window)
		publish_one(client, publisher);
}

static void on_connect(struct mosquitto *client, void *context, int reason, int flags,
	const mosquitto_property *properties)
{
	struct publisher *publisher = context;
	(void)flags;
	(void)properties;
	publisher->failed = reason != 0;
	publisher->began_s = now_s();
	fill_window(client, publisher);
}

static void on_publish(struct mosquitto *client, void *context, int mid, int reason,
	const mosquitto_property *properties)
{
	struct publisher *publisher = context;
	(void)mid;
	(void)properties;
	publisher->failed = publisher->failed || reason >= 128;
	publisher->acknowledged++;
	fill_window(client, publisher);
}

static bool run(struct publisher *publisher, int port)
{
	bool good = false;
	struct mosquitto *client = mosquitto_new(NULL, true, publisher);
	if (!client)
		return false;
	mosquitto_int_option(client, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
	mosquitto_int_option(client, MOSQ_OPT_SEND_MAXIMUM, (int)publisher->window);
	mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1);
	mosquitto_connect_v5_callback_set(client, on_connect);
	mosquitto_publish_v5_callback_set(client, on_publish);
	good = mosquitto_connect(client, "127.0.0.1", port, KEEP_ALIVE_S) == MOSQ_ERR_SUCCESS;
	while (good && !publisher->failed && publisher->acknowledged < publisher->messages)
		good = mosquitto_loop(client, LOOP_MS, 1) == MOSQ_ERR_SUCCESS;
	double seconds = now_s() - publisher->began_s;
	good = good && !publisher->failed;
	if (good)
		printf("%.6f\n", seconds);
	mosquitto_destroy(client);
	return good;
}

int main(int argc, char **argv)
{
	struct publisher publisher = {0};
	if (argc == 5) {
		publisher.messages = atol(argv[2]);
		publisher.bytes = atoi(argv[3]);
		publisher.window = atol(argv[4]);
	}
	if (publisher.messages < 1 || publisher.bytes < 1 || publisher.bytes > BYTES_MAX ||
		publisher.window < 1) {
		fprintf(stderr, "usage: bare_publisher BROKER_PORT MESSAGES BYTES WINDOW\n");
		return 2;
	}
	publisher.payload = malloc((size_t)publisher.bytes);
	if (!publisher.payload)
		return 3;
	memset(publisher.payload, 'x', (size_t)publisher.bytes);
	mosquitto_lib_init();
	bool good = run(&publisher, atoi(argv[1]));
	mosquitto_lib_cleanup();
	free(publisher.payload);
	if (!good)
		fprintf(stderr, "bare_publisher: the broker is not there, or refuses\n");
	return good ? 0 : 1;
}
