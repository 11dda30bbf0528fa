/* SPDX-License-Identifier: Apache-2.0 */
/*
 * city_load.c -- A city's gateways at one broker, as far as broker and archive can tell:
 * a connection each, MQTT 5, quarters of hours as real messages at QoS 1, receipts
 * awaited, connections made again as core/link_state.h says. They read no meter and
 * keep no store. One thread.
 *
 *   city_load key=value...
 *
 *     port        the broker's, on loopback
 *     gateways    how many
 *     meters      of each
 *     gauges      of each meter, a trend row a minute each; 0: intervals only
 *     quarters    of an hour that each has to tell
 *     period_ms   how long a quarter of an hour takes here (900000: real time); all
 *                 gateways speak within its first fifteenth, as real ones do within a
 *                 minute; 0: the next quarter as soon as there is room
 *     hold_s      stay connected so long instead, and count connects
 *
 * Prints "connected" when all are, and at the end one line of JSON.
 */
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "gateway/core/link_state.h"
#include "tests/bench/quarter.h"

enum {
	GATEWAYS_MAX = 20000,
	KEEP_ALIVE_S = 60,
	RECONNECT_WITHIN_MS = 100000, /* what `reconnect_within` is by itself */
	EVENTS_AT_ONCE = 256,
	STEP_MS = 5,
	MISC_MS = 1000,
	WINDOW_MAX = 16, /* messages of a gateway on the way */
	AHEAD_MAX = 4,   /* quarters of a gateway without a receipt */
	SPEAKING_SHARE = 15,
	QUIET_MS = 60000, /* nothing has come for so long: it is given up */
};

struct load_gateway {
	struct quarter_gateway of;
	struct mosquitto *client;
	struct link_machine machine;
	int fd; /* in the epoll set; -1: none */
	bool waits_to_write;
	int in_flight;
	int64_t next_quarter;
	int64_t queued[STREAM_COUNT]; /* ids published */
	int64_t receipt[STREAM_COUNT];
	int64_t *told_ms; /* by quarter, when its rows were due, or given to the broker */
	struct load *load;
};

struct load {
	long port, gateways_count, meters, gauges, quarters, period_ms, hold_s;
	struct load_gateway *gateways;
	int epoll;
	int64_t now_ms;
	int64_t began_ms;
	int64_t changed_ms; /* when something last came */
	long connected;
	long finished;
	long messages;
	int64_t last_receipt_ms;
	int32_t *lags_ms;
	long lags_count;
	int64_t *connects_ms;
	long connects_count;
	long connects_max;
};

static int64_t mono_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- what arrives ---- */

static void note_connect(struct load *load)
{
	if (load->connects_count < load->connects_max)
		load->connects_ms[load->connects_count++] = load->now_ms;
	load->connected++;
}

static void on_connect(struct mosquitto *client, void *context, int reason, int flags,
	const mosquitto_property *properties)
{
	struct load_gateway *gateway = context;
	char filter[TOPIC_BYTES_MAX];
	(void)flags;
	(void)properties;
	if (reason != 0)
		return;
	snprintf(filter, sizeof(filter), "byport/1/%s/receipt/+", gateway->of.name);
	(void)mosquitto_subscribe_v5(client, NULL, filter, 1, 0, NULL);
	(void)link_machine_step(&gateway->machine, LINK_INPUT_ACCEPTED, gateway->load->now_ms);
	note_connect(gateway->load);
}

static void on_publish(struct mosquitto *client, void *context, int mid, int reason,
	const mosquitto_property *properties)
{
	struct load_gateway *gateway = context;
	(void)client;
	(void)mid;
	(void)reason;
	(void)properties;
	gateway->in_flight--;
}

static bool is_finished(const struct load_gateway *gateway)
{
	for (int stream = 0; stream < STREAM_COUNT; stream++) {
		int64_t rows = quarter_rows(&gateway->of, (enum stream)stream);
		if (gateway->receipt[stream] < rows * gateway->load->quarters)
			return false;
	}
	return true;
}

/* Quarters whose intervals the receipt covers and the one before did not. */
static void note_lags(struct load_gateway *gateway, int64_t through)
{
	struct load *load = gateway->load;
	int64_t rows = quarter_rows(&gateway->of, STREAM_ENERGY);
	for (int64_t q = gateway->receipt[STREAM_ENERGY] / rows; q < through / rows; q++)
		load->lags_ms[load->lags_count++] = (int32_t)(load->now_ms - gateway->told_ms[q]);
}

static void take_receipt(struct load_gateway *gateway, const struct receipt_message *receipt)
{
	struct load *load = gateway->load;
	bool was_finished = is_finished(gateway);
	if (strcmp(receipt->store, gateway->of.store) != 0)
		return;
	for (size_t i = 0; i < receipt->streams_count; i++) {
		const struct receipt_stream *stream = &receipt->streams[i];
		if (stream->through <= gateway->receipt[stream->stream])
			continue;
		if (stream->stream == STREAM_ENERGY)
			note_lags(gateway, stream->through);
		gateway->receipt[stream->stream] = stream->through;
		load->last_receipt_ms = load->now_ms;
		load->changed_ms = load->now_ms;
	}
	load->finished += !was_finished && is_finished(gateway);
}

static void on_message(struct mosquitto *client, void *context,
	const struct mosquitto_message *arrived, const mosquitto_property *properties)
{
	struct message message;
	char error[MESSAGE_ERROR_MAX];
	(void)client;
	(void)properties;
	if (!message_read(MESSAGE_RECEIPT,
		    (struct json_text){arrived->payload, (size_t)arrived->payloadlen}, &message,
		    error))
		return;
	take_receipt(context, &message.receipt);
	message_clear(&message);
}

/* ---- connections ---- */

static void watch(struct load_gateway *gateway)
{
	int fd = mosquitto_socket(gateway->client);
	bool wants = fd >= 0 && mosquitto_want_write(gateway->client);
	struct epoll_event event = {
		.events = EPOLLIN | (wants ? EPOLLOUT : 0), .data.ptr = gateway};
	if (fd >= 0 && fd != gateway->fd)
		epoll_ctl(gateway->load->epoll, EPOLL_CTL_ADD, fd, &event);
	else if (fd >= 0 && wants != gateway->waits_to_write)
		epoll_ctl(gateway->load->epoll, EPOLL_CTL_MOD, fd, &event);
	gateway->fd = fd;
	gateway->waits_to_write = wants;
}

static void lose(struct load_gateway *gateway)
{
	struct load *load = gateway->load;
	load->connected -= gateway->machine.state == LINK_STATE_CONNECTED;
	(void)link_machine_step(&gateway->machine, LINK_INPUT_LOST, load->now_ms);
	gateway->fd = -1; /* closed by the library: it has left the set */
	gateway->in_flight = 0;
}

static void attempt(struct load_gateway *gateway)
{
	if (mosquitto_connect(gateway->client, "127.0.0.1", (int)gateway->load->port,
		    KEEP_ALIVE_S) == MOSQ_ERR_SUCCESS)
		watch(gateway);
	else
		lose(gateway);
}

static void serve(struct load_gateway *gateway, uint32_t ready)
{
	int status = MOSQ_ERR_SUCCESS;
	if (ready & (EPOLLIN | EPOLLERR | EPOLLHUP))
		status = mosquitto_loop_read(gateway->client, 1);
	if (status == MOSQ_ERR_SUCCESS && (ready & EPOLLOUT))
		status = mosquitto_loop_write(gateway->client, 1);
	if (status != MOSQ_ERR_SUCCESS)
		lose(gateway);
	else
		watch(gateway);
}

static bool make_gateway(struct load *load, long number)
{
	struct load_gateway *gateway = &load->gateways[number];
	quarter_gateway_init(&gateway->of, (int)number, (int)load->meters, (int)load->gauges);
	gateway->load = load;
	gateway->fd = -1;
	gateway->told_ms = calloc((size_t)load->quarters + 1, sizeof(int64_t));
	gateway->client = mosquitto_new(gateway->of.site, true, gateway);
	if (!gateway->told_ms || !gateway->client)
		return false;
	mosquitto_int_option(gateway->client, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
	mosquitto_int_option(gateway->client, MOSQ_OPT_SEND_MAXIMUM, WINDOW_MAX);
	mosquitto_int_option(gateway->client, MOSQ_OPT_TCP_NODELAY, 1);
	mosquitto_connect_v5_callback_set(gateway->client, on_connect);
	mosquitto_publish_v5_callback_set(gateway->client, on_publish);
	mosquitto_message_v5_callback_set(gateway->client, on_message);
	link_machine_init(&gateway->machine, (uint32_t)number, RECONNECT_WITHIN_MS, load->now_ms);
	return true;
}

/* ---- what is told ---- */

static int64_t due_ms(const struct load_gateway *gateway)
{
	const struct load *load = gateway->load;
	int64_t place = gateway - load->gateways;
	return load->began_ms + gateway->next_quarter * load->period_ms +
	       place * load->period_ms / SPEAKING_SHARE / load->gateways_count;
}

static bool may_tell(const struct load_gateway *gateway)
{
	const struct load *load = gateway->load;
	int64_t rows = quarter_rows(&gateway->of, STREAM_ENERGY);
	return gateway->machine.state == LINK_STATE_CONNECTED &&
	       gateway->next_quarter < load->quarters && gateway->in_flight == 0 &&
	       gateway->next_quarter - gateway->receipt[STREAM_ENERGY] / rows < AHEAD_MAX &&
	       (load->period_ms == 0 || load->now_ms >= due_ms(gateway));
}

static void publish(struct load_gateway *gateway, enum stream stream, int64_t through_max)
{
	static char payload[MESSAGE_BYTES_MAX];
	char topic[TOPIC_BYTES_MAX];
	const struct json_buffer buffer = {payload, sizeof(payload)};
	snprintf(topic, sizeof(topic), "byport/1/%s/%s", gateway->of.name,
		stream == STREAM_TRENDS ? "trends" : "intervals");
	while (gateway->queued[stream] < through_max) {
		int64_t *queued = &gateway->queued[stream];
		mosquitto_property *properties = NULL;
		size_t length = quarter_message(&gateway->of, stream, *queued, buffer, queued);
		(void)mosquitto_property_add_string(
			&properties, MQTT_PROP_CONTENT_TYPE, "application/json");
		(void)mosquitto_property_add_string_pair(
			&properties, MQTT_PROP_USER_PROPERTY, "schema", "1");
		(void)mosquitto_publish_v5(
			gateway->client, NULL, topic, (int)length, payload, 1, false, properties);
		mosquitto_property_free_all(&properties);
		gateway->in_flight++;
		gateway->load->messages++;
	}
}

static void tell_quarter(struct load_gateway *gateway)
{
	const struct load *load = gateway->load;
	int64_t quarter = gateway->next_quarter;
	gateway->told_ms[quarter] = load->period_ms > 0 ? due_ms(gateway) : load->now_ms;
	gateway->next_quarter++;
	for (int stream = 0; stream < STREAM_COUNT; stream++)
		publish(gateway, (enum stream)stream,
			quarter_rows(&gateway->of, (enum stream)stream) * (quarter + 1));
	watch(gateway);
}

static void turn_of_gateway(struct load_gateway *gateway)
{
	if (gateway->machine.state == LINK_STATE_WAITING &&
		link_machine_step(&gateway->machine, LINK_INPUT_TICK, gateway->load->now_ms) ==
			LINK_ACTION_CONNECT)
		attempt(gateway);
	if (gateway->load->began_ms > 0 && may_tell(gateway))
		tell_quarter(gateway);
}

static void turn(struct load *load)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	int count = epoll_wait(load->epoll, events, EVENTS_AT_ONCE, STEP_MS);
	int64_t before_ms = load->now_ms;
	load->now_ms = mono_ms();
	for (int i = 0; i < count; i++)
		serve(events[i].data.ptr, events[i].events);
	for (long i = 0; i < load->gateways_count; i++) {
		struct load_gateway *gateway = &load->gateways[i];
		if (load->now_ms / MISC_MS != before_ms / MISC_MS && gateway->fd >= 0 &&
			mosquitto_loop_misc(gateway->client) != MOSQ_ERR_SUCCESS)
			lose(gateway);
		turn_of_gateway(gateway);
	}
}

/* ---- the whole ---- */

static bool connect_all(struct load *load)
{
	for (long i = 0; i < load->gateways_count; i++) {
		attempt(&load->gateways[i]);
		if (i % 50 == 49)
			turn(load);
	}
	for (int64_t end_ms = mono_ms() + QUIET_MS; load->connected < load->gateways_count;) {
		turn(load);
		if (load->now_ms > end_ms)
			return false;
	}
	printf("connected\n");
	fflush(stdout);
	return true;
}

static bool tell_all(struct load *load)
{
	load->began_ms = load->changed_ms = mono_ms();
	while (load->finished < load->gateways_count) {
		turn(load);
		if (load->now_ms > load->changed_ms + load->period_ms + QUIET_MS)
			return false;
	}
	return true;
}

static int by_number(const void *a, const void *b)
{
	const int32_t *first = a, *second = b;
	return (*first > *second) - (*first < *second);
}

static void print_told(struct load *load)
{
	struct load_gateway *first = &load->gateways[0];
	int64_t rows =
		quarter_rows(&first->of, STREAM_ENERGY) + quarter_rows(&first->of, STREAM_TRENDS);
	qsort(load->lags_ms, (size_t)load->lags_count, sizeof(load->lags_ms[0]), by_number);
	long last = load->lags_count - 1;
	printf("{\"rows\":%lld,\"messages\":%ld,\"seconds\":%.3f,\"lag_ms\":[%d,%d,%d],"
	       "\"finished\":%ld}\n",
		(long long)(rows * load->quarters * load->gateways_count), load->messages,
		(double)(load->last_receipt_ms - load->began_ms) / 1000,
		last < 0 ? -1 : load->lags_ms[last / 2],
		last < 0 ? -1 : load->lags_ms[last * 99 / 100], last < 0 ? -1 : load->lags_ms[last],
		load->finished);
}

/* The most connects of any 1,000 ms; first ones apart. */
static void print_connects(const struct load *load)
{
	const int64_t *at = load->connects_ms;
	long first = load->gateways_count, most = 0;
	long again = load->connects_count - first;
	for (long last = first; last < load->connects_count; last++) {
		while (at[last] - at[first] >= 1000)
			first++;
		most = last - first + 1 > most ? last - first + 1 : most;
	}
	long middle = load->gateways_count + again / 2;
	printf("{\"again\":%ld,\"most_in_a_second\":%ld,\"half_after_s\":%.1f,\"all_after_s\":%.1f}"
	       "\n",
		again, most,
		again > 0 ? (double)(at[middle] - at[load->gateways_count]) / 1000 : -1.0,
		again > 0 ? (double)(at[load->connects_count - 1] - at[load->gateways_count]) / 1000
			  : -1.0);
}

static bool hold(struct load *load)
{
	for (int64_t end_ms = mono_ms() + load->hold_s * 1000; load->now_ms < end_ms;)
		turn(load);
	return load->connected == load->gateways_count;
}

static bool set(struct load *load, const char *word)
{
	const struct {
		const char *key;
		long *number;
	} settings[] = {
		{"port=",      &load->port          },
		{"gateways=",  &load->gateways_count},
		{"meters=",    &load->meters        },
		{"gauges=",    &load->gauges        },
		{"quarters=",  &load->quarters      },
		{"period_ms=", &load->period_ms     },
		{"hold_s=",    &load->hold_s        },
	};
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		size_t length = strlen(settings[i].key);
		if (strncmp(word, settings[i].key, length) == 0) {
			*settings[i].number = atol(word + length);
			return *settings[i].number >= 0;
		}
	}
	return false;
}

static bool make(struct load *load)
{
	load->now_ms = mono_ms();
	load->epoll = epoll_create1(EPOLL_CLOEXEC);
	load->gateways = calloc((size_t)load->gateways_count, sizeof(load->gateways[0]));
	load->lags_ms = calloc(
		(size_t)(load->gateways_count * load->quarters) + 1, sizeof(load->lags_ms[0]));
	load->connects_max = load->gateways_count * 8;
	load->connects_ms = calloc((size_t)load->connects_max, sizeof(load->connects_ms[0]));
	bool made = load->epoll >= 0 && load->gateways && load->lags_ms && load->connects_ms;
	for (long i = 0; made && i < load->gateways_count; i++)
		made = make_gateway(load, i);
	return made;
}

int main(int argc, char **argv)
{
	struct load load = {.gateways_count = 1000, .meters = 50, .quarters = 1};
	for (int i = 1; i < argc; i++) {
		if (!set(&load, argv[i])) {
			fprintf(stderr, "city_load: `%s` is not understood\n", argv[i]);
			return 2;
		}
	}
	bool known = load.port > 0 && load.gateways_count > 0 &&
		     load.gateways_count <= GATEWAYS_MAX && load.meters > 0 &&
		     load.gauges <= QUARTER_GAUGES_MAX;
	mosquitto_lib_init();
	if (!known || !make(&load) || !connect_all(&load)) {
		fprintf(stderr, "city_load: the broker does not take all of them\n");
		return 1;
	}
	bool good = load.hold_s > 0 ? hold(&load) : tell_all(&load);
	if (load.hold_s > 0)
		print_connects(&load);
	else
		print_told(&load);
	return good ? 0 : 1;
}
