/* SPDX-License-Identifier: Apache-2.0 */
/* archive_desk.c -- One gateway after the other; what the link does not take now is due again. */
#include "city/archive_desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "city/program.h"
#include "city/sorted_names.h"

enum {
	TAG_KINDS = 3, /* tag = number of the gateway * TAG_KINDS + what it was */
	TAG_RECEIPT = 0,
	TAG_REPLAY = 1,
	TAG_ANCHOR = 2,
	REASON_FAILURE = 128, /* MQTT 5.0, section 2.4 */
	PAYLOAD_BYTES_MAX = 32768,
};

/* One publication to a gateway. */
struct letter {
	const struct desk_gateway *to;
	enum message_kind kind;
	uint32_t tag;
	size_t length;
	char payload[PAYLOAD_BYTES_MAX];
};

void archive_desk_clear(struct archive_desk *desk)
{
	for (size_t i = 0; i < desk->count; i++)
		free(desk->by_number[i]);
	free(desk->by_number);
	free(desk->by_name);
	desk->by_number = desk->by_name = NULL;
	desk->count = 0;
}

static const char *name_at(const void *gateways, size_t at)
{
	return ((struct desk_gateway *const *)gateways)[at]->name;
}

static size_t place_of(const struct archive_desk *desk, const char *name, bool *ret_found)
{
	const struct sorted_names names = {desk->by_name, desk->count, name_at};
	return sorted_names_place(&names, name, ret_found);
}

static struct desk_gateway *find(const struct archive_desk *desk, const char *name)
{
	bool found;
	size_t at = place_of(desk, name, &found);
	return found ? desk->by_name[at] : NULL;
}

static bool grow(struct desk_gateway ***list, size_t count)
{
	struct desk_gateway **grown = realloc(*list, (count + 1) * sizeof(*grown));
	if (grown)
		*list = grown;
	return grown != NULL;
}

static struct desk_gateway *add(struct archive_desk *desk, const char *name)
{
	bool found;
	size_t at = place_of(desk, name, &found);
	struct desk_gateway *gateway = calloc(1, sizeof(*gateway));
	if (!gateway || desk->count == DESK_GATEWAYS_MAX || !grow(&desk->by_name, desk->count) ||
		!grow(&desk->by_number, desk->count)) {
		free(gateway);
		return NULL;
	}
	snprintf(gateway->name, sizeof(gateway->name), "%s", name);
	gateway->number = (uint32_t)desk->count;
	memmove(&desk->by_name[at + 1], &desk->by_name[at],
		(desk->count - at) * sizeof(struct desk_gateway *));
	desk->by_name[at] = gateway;
	desk->by_number[desk->count++] = gateway;
	return gateway;
}

static void forget_store(struct desk_gateway *gateway)
{
	for (unsigned i = 0; i < STREAM_COUNT; i++) {
		gateway->seen_through[i] = 0;
		gateway->asking[i] = (struct desk_asking){.after = -1};
	}
	gateway->anchor_tellings = 0;
}

void archive_desk_follow(
	struct archive_desk *desk, const char *name, const char *store, int64_t generation)
{
	struct desk_gateway *gateway = find(desk, name);
	if (!gateway)
		gateway = add(desk, name);
	if (!gateway)
		return;
	if (strcmp(gateway->store, store) != 0)
		forget_store(gateway);
	snprintf(gateway->store, sizeof(gateway->store), "%s", store);
	gateway->generation = generation;
	gateway->receipt_due = true;
}

void archive_desk_online(struct archive_desk *desk, const char *name, int64_t now_mono_ms)
{
	struct desk_gateway *gateway = find(desk, name);
	if (!gateway)
		return;
	gateway->anchor_due = true;
	gateway->anchor_mono_ms = now_mono_ms;
	gateway->anchor_wait_ms = DESK_ANCHOR_LOOK_MS_MIN;
}

void archive_desk_connected(struct archive_desk *desk, bool connected)
{
	desk->connected = connected;
	for (size_t i = 0; i < desk->count; i++) { /* what was on the way is lost */
		struct desk_gateway *gateway = desk->by_number[i];
		gateway->receipt_due = true;
		gateway->receipt_mono_ms = 0;
		if (gateway->anchors_open > 0)
			gateway->anchor_tellings = 0;
		gateway->anchors_open = 0;
	}
}

void archive_desk_acknowledged(
	struct archive_desk *desk, const struct link_event *event, int64_t now_mono_ms)
{
	uint32_t number = event->tag / TAG_KINDS;
	if (number >= desk->count)
		return;
	struct desk_gateway *gateway = desk->by_number[number];
	bool is_anchor = event->tag % TAG_KINDS == TAG_ANCHOR && gateway->anchors_open > 0;
	gateway->anchors_open -= is_anchor;
	if (is_anchor && event->reason != 0) { /* refused, or nobody there to take it */
		gateway->anchor_tellings = 0;
		gateway->anchor_mono_ms = now_mono_ms + DESK_RETRY_MS;
	}
	if (event->reason < REASON_FAILURE)
		return;
	if (!desk->refusal_told)
		fprintf(stderr, "byport-city archive: the broker refuses what is said to %s: %s\n",
			gateway->name, mqtt_reason_text(event->reason));
	desk->refusal_told = true;
	gateway->receipt_due = true;
	gateway->receipt_mono_ms = now_mono_ms + DESK_RETRY_MS;
}

void archive_desk_seen(struct archive_desk *desk, const char *name,
	const struct receipt_message *receipt, bool retained)
{
	struct desk_gateway *gateway = find(desk, name);
	if (!gateway || strcmp(gateway->store, receipt->store) != 0)
		return;
	for (size_t i = 0; i < receipt->streams_count; i++) {
		const struct receipt_stream *stream = &receipt->streams[i];
		int64_t *seen = &gateway->seen_through[stream->stream];
		if (retained || stream->through < *seen)
			gateway->receipt_due = true;
		*seen = stream->through;
	}
}

static bool send(const struct archive_desk *desk, const struct letter *letter)
{
	char topic[TOPIC_BYTES_MAX];
	const struct message_kind_info *info = message_kind_info(letter->kind);
	snprintf(topic, sizeof(topic), "byport/1/%s/%s/%s", letter->to->name, info->topic,
		desk->archive);
	const struct mqtt_publication publication = {.topic = topic,
		.payload = letter->payload,
		.length = letter->length,
		.qos = info->qos,
		.retain = info->retained,
		.schema_version = MESSAGE_SCHEMA_VERSION,
		.tag = letter->to->number * TAG_KINDS + letter->tag};
	return letter->length < sizeof(letter->payload) &&
	       mqtt_link_publish(desk->link, &publication) == LINK_OK;
}

/* Whether it is time to ask for what lacks; the receipt does it once, then replays do. */
static bool is_asking(
	struct desk_asking *asking, const struct archive_standing *standing, int64_t now_mono_ms)
{
	if (standing->missing_count == 0) {
		*asking = (struct desk_asking){.after = -1};
		return false;
	}
	if (asking->after != standing->missing[0].after) {
		*asking = (struct desk_asking){.after = standing->missing[0].after,
			.next_mono_ms = now_mono_ms + DESK_ASK_FIRST_MS,
			.wait_ms = DESK_ASK_MS_MIN};
		return false;
	}
	return now_mono_ms >= asking->next_mono_ms;
}

static void asked(struct desk_asking *asking, int64_t now_mono_ms)
{
	asking->receipt_asked = true;
	asking->next_mono_ms = now_mono_ms + asking->wait_ms;
	asking->wait_ms =
		asking->wait_ms * 2 < DESK_ASK_MS_MAX ? asking->wait_ms * 2 : DESK_ASK_MS_MAX;
}

static bool send_replay(const struct archive_desk *desk, const struct desk_gateway *gateway,
	const struct replay_message *replay)
{
	struct letter letter = {.to = gateway, .kind = MESSAGE_REPLAY, .tag = TAG_REPLAY};
	letter.length = message_write_replay(replay, letter.payload, sizeof(letter.payload));
	return send(desk, &letter);
}

static bool send_receipt(const struct archive_desk *desk, struct desk_gateway *gateway,
	const struct archive_standing *standings, const int64_t now_ms[static 2])
{
	struct receipt_stream streams[STREAM_COUNT];
	struct letter letter = {.to = gateway, .kind = MESSAGE_RECEIPT, .tag = TAG_RECEIPT};
	bool asking[STREAM_COUNT], all_sent = true;
	for (unsigned i = 0; i < STREAM_COUNT; i++) {
		asking[i] = is_asking(&gateway->asking[i], &standings[i], now_ms[0]);
		bool by_receipt = asking[i] && !gateway->asking[i].receipt_asked;
		streams[i] = (struct receipt_stream){.stream = (uint8_t)i,
			.through = standings[i].through,
			.missing = standings[i].missing,
			.missing_count = by_receipt ? standings[i].missing_count : 0};
	}
	const struct receipt_message receipt = {.archive = desk->archive,
		.at_wall_ms = now_ms[1],
		.store = gateway->store,
		.generation = gateway->generation,
		.streams = streams,
		.streams_count = STREAM_COUNT};
	letter.length = message_write_receipt(&receipt, letter.payload, sizeof(letter.payload));
	if (!send(desk, &letter))
		return false;
	for (unsigned i = 0; i < STREAM_COUNT; i++) {
		const struct replay_message replay = {.archive = desk->archive,
			.at_wall_ms = now_ms[1],
			.store = gateway->store,
			.stream = (uint8_t)i,
			.after = standings[i].missing[0].after,
			.through = standings[i].missing[0].through};
		if (asking[i] && gateway->asking[i].receipt_asked)
			all_sent = send_replay(desk, gateway, &replay) && all_sent;
		if (asking[i])
			asked(&gateway->asking[i], now_ms[0]);
	}
	return all_sent;
}

static bool is_time_to_ask(const struct desk_gateway *gateway, int64_t now_mono_ms)
{
	for (unsigned i = 0; i < STREAM_COUNT; i++) {
		if (gateway->asking[i].after >= 0 && now_mono_ms >= gateway->asking[i].next_mono_ms)
			return true;
	}
	return false;
}

static enum archive_status work_receipt(const struct archive_desk *desk,
	struct desk_gateway *gateway, const int64_t now_ms[static 2])
{
	struct archive_standing standings[STREAM_COUNT];
	if ((!gateway->receipt_due && !is_time_to_ask(gateway, now_ms[0])) ||
		now_ms[0] < gateway->receipt_mono_ms || gateway->store[0] == '\0')
		return ARCHIVE_OK;
	enum archive_status status =
		archive_store_standing(desk->store, gateway->name, gateway->store, standings);
	if (status != ARCHIVE_OK)
		return status;
	gateway->receipt_due = !send_receipt(desk, gateway, standings, now_ms);
	gateway->receipt_mono_ms = now_ms[0] + DESK_RECEIPT_GAP_MS;
	return ARCHIVE_OK;
}

/* As many messages as the counters need; one of none tells the generation. */
static bool send_anchors(const struct archive_desk *desk, struct desk_gateway *gateway,
	const struct anchor_message *all)
{
	size_t at = 0;
	do {
		struct anchor_message part = *all;
		struct letter letter = {.to = gateway, .kind = MESSAGE_ANCHOR, .tag = TAG_ANCHOR};
		size_t left = all->counters_count - at;
		part.counters = all->counters + at;
		part.counters_count =
			left < DESK_ANCHOR_COUNTERS_MAX ? left : DESK_ANCHOR_COUNTERS_MAX;
		letter.length = message_write_anchor(&part, letter.payload, sizeof(letter.payload));
		if (!send(desk, &letter))
			return false;
		gateway->anchors_open++;
		at += part.counters_count;
	} while (at < all->counters_count);
	return true;
}

/* Nothing more is to be said: its rows go on from there, or it has been told often enough. */
static bool is_anchored(const struct desk_gateway *gateway, const struct archive_anchor *anchor)
{
	if (anchor->message.counters_count == 0)
		return gateway->anchor_tellings > 0;
	return (anchor->joined > 0 && anchor->apart == 0) ||
	       gateway->anchor_tellings == DESK_ANCHOR_TELLINGS_MAX;
}

/* That the broker took it does not mean that the gateway has: only its rows tell. */
static enum archive_status tell_anchor(const struct archive_desk *desk,
	struct desk_gateway *gateway, const int64_t now_ms[static 2])
{
	struct archive_anchor anchor = {
		.message = {.archive = desk->archive,
			    .at_wall_ms = now_ms[1],
			    .store = gateway->store}
        };
	enum archive_status status =
		archive_store_counters(desk->store, gateway->name, gateway->store, &anchor);
	if (status != ARCHIVE_OK)
		return status;
	if (is_anchored(gateway, &anchor)) {
		status = archive_store_anchored(
			desk->store, gateway->name, gateway->store, now_ms[1]);
		gateway->anchor_due = status != ARCHIVE_OK;
	} else if (gateway->anchor_tellings == 0 || anchor.apart > 0) {
		gateway->anchor_tellings += send_anchors(desk, gateway, &anchor.message);
	}
	free((void *)(uintptr_t)anchor.message.counters);
	return status;
}

static enum archive_status work_anchor(const struct archive_desk *desk,
	struct desk_gateway *gateway, const int64_t now_ms[static 2])
{
	if (!gateway->anchor_due || now_ms[0] < gateway->anchor_mono_ms ||
		gateway->store[0] == '\0' || gateway->anchors_open > 0)
		return ARCHIVE_OK;
	enum archive_status status = archive_store_wants_anchor(
		desk->store, gateway->name, gateway->store, &gateway->anchor_due);
	if (status == ARCHIVE_OK && gateway->anchor_due)
		status = tell_anchor(desk, gateway, now_ms);
	gateway->anchor_mono_ms = now_ms[0] + gateway->anchor_wait_ms;
	gateway->anchor_wait_ms = gateway->anchor_wait_ms * 2 < DESK_ANCHOR_LOOK_MS_MAX
					  ? gateway->anchor_wait_ms * 2
					  : DESK_ANCHOR_LOOK_MS_MAX;
	return status;
}

enum archive_status archive_desk_work(
	struct archive_desk *desk, int64_t now_mono_ms, int64_t now_wall_ms)
{
	const int64_t now_ms[] = {now_mono_ms, now_wall_ms};
	enum archive_status status = ARCHIVE_OK;
	for (size_t i = 0; desk->connected && i < desk->count && status == ARCHIVE_OK; i++) {
		status = work_receipt(desk, desk->by_number[i], now_ms);
		if (status == ARCHIVE_OK)
			status = work_anchor(desk, desk->by_number[i], now_ms);
	}
	return status;
}
