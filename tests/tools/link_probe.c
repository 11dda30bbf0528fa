/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link_probe.c -- A link on the command line, for tests against a real broker:
 * commands on stdin, one event a line on stdout.
 *
 *     link_probe KEY=VALUE...      host port client_id keep_alive_s tls ca_file
 *                                  certificate_file key_file alpn socks5 (a port on
 *                                  loopback) known_wall_ms user password_file
 *                                  will_topic will subscribe mqtt3
 *     publish TAG QOS RETAIN EXPIRY_S TOPIC PAYLOAD
 *     flood COUNT BYTES TOPIC      QoS 1, as many as the link takes, tags from 1
 *     stop WAIT_MS
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gateway/mqtt_link.h"

enum { LINE_BYTES_MAX = 4096 };

struct probe {
	struct mqtt_link *link;
	uint32_t flood_left;
	uint32_t flood_next;
	size_t flood_bytes;
	char flood_topic[128];
};

static struct {
	const char *key;
	const char *text;
} settings[] = {
	{"host",             "127.0.0.1" },
	{"port",             "1883"      },
	{"client_id",        "link-probe"},
	{"keep_alive_s",     "60"        },
	{"ca_file",          NULL        },
	{"certificate_file", NULL        },
	{"key_file",         NULL        },
	{"alpn",             NULL        },
	{"socks5",           NULL        },
	{"known_wall_ms",    "0"         },
	{"user",             NULL        },
	{"password_file",    NULL        },
	{"will_topic",       NULL        },
	{"will",             NULL        },
	{"subscribe",        NULL        },
	{"tls",              NULL        },
	{"mqtt3",            NULL        },
};

static const char *setting(const char *key)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		if (strcmp(settings[i].key, key) == 0)
			return settings[i].text;
	}
	return NULL;
}

static void set(const char *argument)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		size_t length = strlen(settings[i].key);
		if (strncmp(settings[i].key, argument, length) == 0 && argument[length] == '=')
			settings[i].text = argument + length + 1;
	}
}

static void print_event(const struct link_event *event)
{
	switch (event->kind) {
	case LINK_CONNECTED:
		printf("connected %u %" PRIu32 "\n", event->receive_maximum,
			event->packet_bytes_max);
		break;
	case LINK_DISCONNECTED:
		printf("disconnected %" PRIu32 " %s\n", event->retry_ms, event->text);
		break;
	case LINK_REFUSED:
		printf("refused %" PRIu32 " %s\n", event->retry_ms, event->text);
		break;
	case LINK_ACKNOWLEDGED:
		printf("acknowledged %" PRIu32 " %u\n", event->tag, event->reason);
		break;
	case LINK_UNHEARD:
		break;
	case LINK_MESSAGE:
		printf("message %d %s %s\n", event->retain, event->topic, event->payload);
		break;
	}
}

static void flood(struct probe *probe)
{
	char *payload = malloc(probe->flood_bytes + 1);
	if (!payload)
		abort();
	memset(payload, 'x', probe->flood_bytes);
	while (probe->flood_left > 0) {
		struct mqtt_publication publication = {.topic = probe->flood_topic,
			.payload = payload,
			.length = probe->flood_bytes,
			.qos = 1,
			.tag = probe->flood_next};
		if (mqtt_link_publish(probe->link, &publication) != LINK_OK)
			break;
		probe->flood_next++;
		probe->flood_left--;
	}
	free(payload);
}

static void publish(struct probe *probe, const char *line)
{
	static const char *const statuses[] = {
		[LINK_OK] = "ok",
		[LINK_NOT_CONNECTED] = "not connected",
		[LINK_BUSY] = "busy",
		[LINK_FAILED] = "failed",
	};
	unsigned tag, qos, retain, expiry_s;
	char topic[128];
	int payload;
	if (sscanf(line, "publish %u %u %u %u %127s %n", &tag, &qos, &retain, &expiry_s, topic,
		    &payload) != 5)
		return;
	struct mqtt_publication publication = {.topic = topic,
		.payload = line + payload,
		.length = strlen(line + payload),
		.qos = (uint8_t)qos,
		.retain = retain != 0,
		.expiry_s = expiry_s,
		.schema_version = 1,
		.tag = tag};
	printf("publish %u %s\n", tag, statuses[mqtt_link_publish(probe->link, &publication)]);
}

/* False at the end. */
static bool obey(struct probe *probe, const char *line)
{
	unsigned number;
	if (sscanf(line, "stop %u", &number) == 1) {
		struct timespec from, to;
		clock_gettime(CLOCK_MONOTONIC, &from);
		probe->link = mqtt_link_stop(probe->link, number);
		clock_gettime(CLOCK_MONOTONIC, &to);
		printf("stopped %ld\n",
			(to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000);
		return false;
	}
	if (sscanf(line, "flood %u %zu %127s", &probe->flood_left, &probe->flood_bytes,
		    probe->flood_topic) == 3) {
		probe->flood_next = 1;
		flood(probe);
		return true;
	}
	publish(probe, line);
	return true;
}

static bool start(struct probe *probe)
{
	const char *reason = NULL;
	const char *filters[] = {setting("subscribe")};
	const struct mqtt_link_settings to = {
		.version = setting("mqtt3") ? MQTT_VERSION_3_1_1 : MQTT_VERSION_5,
		.host = setting("host"),
		.port = (uint16_t)atoi(setting("port")),
		.client_id = setting("client_id"),
		.keep_alive_s = (uint16_t)atoi(setting("keep_alive_s")),
		.tls = setting("tls") != NULL,
		.ca_file = setting("ca_file"),
		.certificate_file = setting("certificate_file"),
		.key_file = setting("key_file"),
		.alpn = setting("alpn"),
		.socks5_host = setting("socks5") ? "127.0.0.1" : NULL,
		.socks5_port = setting("socks5") ? (uint16_t)atoi(setting("socks5")) : 0,
		.known_wall_ms = atoll(setting("known_wall_ms")),
		.user = setting("user"),
		.password_file = setting("password_file"),
		.will_topic = setting("will_topic"),
		.will_payload = setting("will"),
		.will_length = setting("will") ? strlen(setting("will")) : 0,
		.will_schema_version = 1,
		.subscriptions = filters,
		.subscriptions_count = filters[0] ? 1 : 0,
		.seed = (uint32_t)getpid(),
	};
	if (mqtt_link_start(&to, &probe->link, &reason) == LINK_OK)
		return true;
	printf("failed %s\n", reason);
	return false;
}

static void take_events(struct probe *probe)
{
	struct link_event event;
	while (mqtt_link_next(probe->link, &event)) {
		print_event(&event);
		link_event_clear(&event);
	}
	flood(probe);
}

int main(int argc, char **argv)
{
	char line[LINE_BYTES_MAX];
	struct probe probe = {0};
	setvbuf(stdout, NULL, _IOLBF, 0);
	setvbuf(stdin, NULL, _IONBF, 0);
	for (int i = 1; i < argc; i++)
		set(argv[i]);
	if (!start(&probe))
		return 1;
	for (bool running = true; running;) {
		struct pollfd fds[] = {
			{.fd = STDIN_FILENO,             .events = POLLIN},
			{.fd = mqtt_link_fd(probe.link), .events = POLLIN}
                };
		if (poll(fds, 2, -1) < 0)
			break;
		if (fds[1].revents)
			take_events(&probe);
		if (fds[0].revents) {
			running = fgets(line, sizeof(line), stdin) != NULL;
			line[running ? strcspn(line, "\n") : 0] = '\0';
			running = running && obey(&probe, line);
		}
	}
	mqtt_link_stop(probe.link, 1000);
	return 0;
}
