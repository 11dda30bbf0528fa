/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message.c -- The kinds of messages, and their topics.
 */
#include "gateway/message.h"

#include <string.h>

static const char topic_root[] = "byport/1/";

/* clang-format off */
static const struct message_kind_info kinds[MESSAGE_KIND_COUNT] = {
	/*                      topic         QoS       retained          expires          */
	[MESSAGE_STATUS]    = {"status",    .qos = 1, .retained = true, .expires = false,
		.help = "online or offline (the Will), version, store, clock"},
	[MESSAGE_ABOUT]     = {"about",     .qos = 1, .retained = true, .expires = false,
		.help = "the monitoring plan: meters, models, units, scales"},
	[MESSAGE_LIVE]      = {"live",      .qos = 0, .retained = true, .expires = true,
		.help = "the latest samples of one meter, each with its own time"},
	[MESSAGE_INTERVALS] = {"intervals", .qos = 1, .retained = false, .expires = false,
		.bytes_max = MESSAGE_BYTES_MAX, .help = "energy by interval, exact, with quality and readings"},
	[MESSAGE_EVENTS]    = {"events",    .qos = 1, .retained = false, .expires = false,
		.bytes_max = MESSAGE_BYTES_MAX, .help = "what happened, in one sequence with the intervals"},
	[MESSAGE_TRENDS]    = {"trends",    .qos = 1, .retained = false, .expires = false,
		.bytes_max = MESSAGE_BYTES_MAX, .help = "mean, smallest and largest of gauges"},
	[MESSAGE_HEALTH]    = {"health",    .qos = 0, .retained = true, .expires = true,
		.help = "per bus and meter: state in words, counters, answer times"},
	[MESSAGE_TOTALS]    = {"totals",    .qos = 1, .retained = true, .expires = false,
		.help = "today by hour, this month by day, this year by month"},
	[MESSAGE_RECEIPT]   = {"receipt",   .qos = 1, .retained = true, .expires = false,
		.bytes_max = MESSAGE_BYTES_MAX, .help = "from an archive: what it has committed, and what it lacks"},
	[MESSAGE_REPLAY]    = {"replay",    .qos = 1, .retained = false, .expires = false,
		.bytes_max = MESSAGE_BYTES_MAX, .help = "from an archive: a range that it wants (again)"},
	[MESSAGE_ANCHOR]    = {"anchor",    .qos = 1, .retained = false, .expires = false,
		.bytes_max = MESSAGE_BYTES_MAX, .help = "from an archive: where counters stood, for a store that begins"},
};
/* clang-format on */

const struct message_kind_info *message_kind_info(enum message_kind kind)
{
	return &kinds[kind];
}

bool message_kind_find(const char *topic, enum message_kind *ret_kind)
{
	for (unsigned kind = 0; kind < MESSAGE_KIND_COUNT; kind++) {
		if (strcmp(kinds[kind].topic, topic) == 0) {
			*ret_kind = (enum message_kind)kind;
			return true;
		}
	}
	return false;
}

struct message_sender message_sender_of(const struct site_config *config)
{
	return (struct message_sender){
		.city = config->city, .site = config->site, .gateway = config->gateway};
}

size_t message_topic(char buffer[static TOPIC_BYTES_MAX], const struct message_sender *sender,
	const char *topic, const char *part)
{
	const char *const words[] = {topic_root, sender->city, "/", sender->site, "/",
		sender->gateway, "/", topic, part ? "/" : "", part ? part : ""};
	size_t length = 0;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t more = strlen(words[i]);
		if (more >= TOPIC_BYTES_MAX - length)
			return 0;
		memcpy(buffer + length, words[i], more + 1);
		length += more;
	}
	return length;
}

/* The text up to the next '/' or the end; NULL when it is empty or too long. Returns what follows.
 */
static const char *take_level(const char *at, char *ret_level, size_t size)
{
	size_t length = at ? strcspn(at, "/") : 0;
	if (length == 0 || length >= size)
		return NULL;
	memcpy(ret_level, at, length);
	ret_level[length] = '\0';
	return at[length] == '/' ? at + length + 1 : at + length;
}

/* "<scope>/<period>"; NULL when it is not that. */
static const char *take_totals(const char *at, struct message_address *address)
{
	static const enum calendar_span periods[] = {SPAN_DAY, SPAN_MONTH, SPAN_YEAR};
	char period[METER_ID_MAX];
	at = take_level(at, address->scope, TOTALS_SCOPE_MAX);
	at = take_level(at, period, sizeof(period));
	for (size_t i = 0; at && i < sizeof(periods) / sizeof(periods[0]); i++) {
		if (strcmp(period, calendar_span_name(periods[i])) == 0) {
			address->period = (uint8_t)periods[i];
			return at;
		}
	}
	return NULL;
}

enum message_kind message_gone_kind(enum stream stream)
{
	return stream == STREAM_TRENDS ? MESSAGE_TRENDS : MESSAGE_INTERVALS;
}

static bool is_archives(enum message_kind kind)
{
	return kind == MESSAGE_RECEIPT || kind == MESSAGE_REPLAY || kind == MESSAGE_ANCHOR;
}

bool message_topic_parse(const char *topic, struct message_address *ret_address)
{
	struct message_address address = {.meter = ""};
	char kind[METER_ID_MAX];
	if (strncmp(topic, topic_root, strlen(topic_root)) != 0)
		return false;
	const char *at = take_level(topic + strlen(topic_root), address.city, METER_ID_MAX);
	at = take_level(at, address.site, METER_ID_MAX);
	at = take_level(at, address.gateway, METER_ID_MAX);
	at = take_level(at, kind, METER_ID_MAX);
	if (!at || !message_kind_find(kind, &address.kind))
		return false;
	if (address.kind == MESSAGE_LIVE)
		at = take_level(at, address.meter, METER_ID_MAX);
	if (address.kind == MESSAGE_TOTALS)
		at = take_totals(at, &address);
	if (is_archives(address.kind))
		at = take_level(at, address.archive, METER_ID_MAX);
	if (!at || *at != '\0' || at[-1] == '/')
		return false;
	*ret_address = address;
	return true;
}
