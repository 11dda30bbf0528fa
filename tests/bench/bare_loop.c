/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bare_loop.c -- What the same libraries cost with nothing around them: read
 * registers with libmodbus, print the floats, publish them with libmosquitto.
 * The benchmarks' reference; it stores nothing, checks nothing, recovers from
 * nothing.
 *
 *   bare_loop rtu BROKER_PORT DEVICE BAUD METERS    16 meters of bench-12, back to back
 *   bare_loop tcp BROKER_PORT PORT...               a meter of bench-20 each, every second
 *
 * One message a meter and poll, QoS 0, as `live` has it. Ends with SIGTERM.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include <modbus.h>
#include <mosquitto.h>

enum {
	CHARACTER_BITS = 11,
	REGISTERS_MAX = 125,
	PAYLOAD_MAX = 2048,
	TCP_METERS_MAX = 250,
	PERIOD_MS = 1000,
	SECOND_NS = 1000000000,
	LISTEN_NS = 300000000,
};

struct block {
	int first;
	int count;
};

static volatile sig_atomic_t ending;

static void end(int number)
{
	(void)number;
	ending = 1;
}

static void sleep_ns(int64_t span_ns)
{
	struct timespec span = {span_ns / SECOND_NS, span_ns % SECOND_NS};
	(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &span, NULL);
}

static bool failed(const char *what)
{
	fprintf(stderr, "bare_loop: %s: %s\n", what, modbus_strerror(errno));
	return false;
}

/* A float a pair of registers, the first word the high one. */
static size_t print_floats(char *at, size_t room, const uint16_t *words, int count)
{
	size_t used = 0;
	for (int i = 0; i + 1 < count; i += 2)
		used += (size_t)snprintf(at + used, room - used, "%s%.3f", i > 0 ? "," : "",
			(double)modbus_get_float_abcd(words + i));
	return used;
}

static struct mosquitto *connect_broker(int port)
{
	mosquitto_lib_init();
	struct mosquitto *client = mosquitto_new(NULL, true, NULL);
	if (client == NULL ||
		mosquitto_connect(client, "127.0.0.1", port, 60) != MOSQ_ERR_SUCCESS ||
		mosquitto_loop_start(client) != MOSQ_ERR_SUCCESS)
		return NULL;
	return client;
}

static void publish(struct mosquitto *client, int meter, const char *floats, size_t count)
{
	char topic[64];
	char payload[PAYLOAD_MAX];
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(topic, sizeof(topic), "bare/live/m%d", meter);
	int length = snprintf(payload, sizeof(payload),
		"{\"time\":%" PRId64 ",\"count\":%zu,\"values\":[%s]}", (int64_t)now.tv_sec, count,
		floats);
	(void)mosquitto_publish(client, NULL, topic, length, payload, 0, false);
}

/* --- RTU ---------------------------------------------------------------------- */

/* The values of bench-12, without the registers that the blocks run across. */
static const struct block blocks[] = {
	{0x00,  12},
        {0x34,  22},
        {0x156, 2 }
};
static const int offsets[][8] = {
	{0,   2, 4, 6, 8, 10, -1},
        {0,  8,  10, 18, 20, -1},
        {0, -1 }
};

static bool poll_rtu(modbus_t *line, int meter, int64_t silence_ns, struct mosquitto *client)
{
	uint16_t words[REGISTERS_MAX];
	uint16_t values[REGISTERS_MAX];
	int count = 0;
	char floats[PAYLOAD_MAX];
	modbus_set_slave(line, meter);
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
		if (modbus_read_input_registers(line, blocks[i].first, blocks[i].count, words) < 0)
			return failed("read");
		sleep_ns(silence_ns);
		for (const int *offset = offsets[i]; *offset >= 0; offset++, count += 2)
			memcpy(values + count, words + *offset, 2 * sizeof(uint16_t));
	}
	print_floats(floats, sizeof(floats), values, count);
	publish(client, meter, floats, (size_t)count / 2);
	return true;
}

static bool run_rtu(struct mosquitto *client, char **words)
{
	int baud = atoi(words[1]);
	int meters = atoi(words[2]);
	int64_t silence_ns = (int64_t)SECOND_NS * CHARACTER_BITS * 7 / 2 / (baud > 0 ? baud : 1);
	bool good = true;
	/* Two stop bits instead of a parity, which a pseudo-terminal does not have: 11 bits too. */
	modbus_t *line = modbus_new_rtu(words[0], baud, 'N', 8, 2);
	if (line == NULL || modbus_connect(line) < 0)
		return failed(words[0]);
	modbus_set_response_timeout(line, 1, 0);
	sleep_ns(LISTEN_NS); /* an answer to whoever asked before passes by */
	modbus_flush(line);
	while (good && !ending)
		for (int meter = 1; good && !ending && meter <= meters; meter++)
			good = poll_rtu(line, meter, silence_ns, client);
	modbus_close(line);
	modbus_free(line);
	return good || ending;
}

/* --- TCP ---------------------------------------------------------------------- */

static bool poll_tcp(modbus_t *meter, int number, struct mosquitto *client)
{
	uint16_t words[REGISTERS_MAX];
	char floats[PAYLOAD_MAX];
	if (modbus_read_input_registers(meter, 0, 40, words) < 0)
		return failed("read");
	print_floats(floats, sizeof(floats), words, 40);
	publish(client, number, floats, 20);
	return true;
}

static void wait_for_period(struct timespec *due)
{
	due->tv_nsec += PERIOD_MS % 1000 * 1000000;
	due->tv_sec += PERIOD_MS / 1000;
	(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, due, NULL);
}

static bool run_tcp(struct mosquitto *client, char **ports, int count)
{
	static modbus_t *meters[TCP_METERS_MAX];
	struct timespec due;
	bool good = count <= TCP_METERS_MAX;
	for (int i = 0; good && i < count; i++) {
		meters[i] = modbus_new_tcp("127.0.0.1", atoi(ports[i]));
		good = meters[i] != NULL && modbus_set_slave(meters[i], 1) == 0 &&
		       modbus_connect(meters[i]) == 0;
	}
	if (!good)
		return failed("connect");
	clock_gettime(CLOCK_MONOTONIC, &due);
	while (good && !ending) {
		for (int i = 0; good && !ending && i < count; i++)
			good = poll_tcp(meters[i], i + 1, client);
		wait_for_period(&due);
	}
	for (int i = 0; i < count; i++) {
		modbus_close(meters[i]);
		modbus_free(meters[i]);
	}
	return good || ending;
}

int main(int argc, char **argv)
{
	bool rtu = argc == 6 && strcmp(argv[1], "rtu") == 0;
	bool tcp = argc >= 4 && strcmp(argv[1], "tcp") == 0;
	if (!rtu && !tcp) {
		fprintf(stderr, "usage: bare_loop rtu BROKER_PORT DEVICE BAUD METERS\n"
				"       bare_loop tcp BROKER_PORT PORT...\n");
		return 2;
	}
	struct sigaction action = {.sa_handler = end};
	sigaction(SIGTERM, &action, NULL);
	(void)prctl(PR_SET_TIMERSLACK, 1);
	struct mosquitto *client = connect_broker(atoi(argv[2]));
	if (client == NULL) {
		fprintf(stderr, "bare_loop: no broker on port %s\n", argv[2]);
		return 3;
	}
	bool good = rtu ? run_rtu(client, argv + 3) : run_tcp(client, argv + 3, argc - 3);
	mosquitto_disconnect(client);
	mosquitto_loop_stop(client, false);
	mosquitto_destroy(client);
	mosquitto_lib_cleanup();
	return good ? 0 : 1;
}
