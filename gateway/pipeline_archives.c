/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline_archives.c -- What archives say to the gateway (docs/mqtt.md): how far
 * they have come, what they want again, where counters stood. A word that cannot
 * be read, or is not for this store, changes nothing.
 */
#include <string.h>

#include "gateway/pipeline_state.h"

enum {
	LOWER_TOLD_MS = 3600000, /* one that goes back again and again makes an event an hour */
	ANCHOR_STEP_MS = 1000,   /* intervals end at whole seconds */
};

/* Seconds since 1970, or little more than that: the year 5138. A wrong one would be kept for ever.
 */
#define GENERATION_MAX INT64_C(100000000000)

/* One word of an archive. */
struct word {
	const struct message *message;
	bool retained;
};

/* ---- what counts ---- */

static const enum delivery_rule rules[] = {
	[CONFIG_DELIVERY_AUTO] = DELIVERY_AUTO,
	[CONFIG_DELIVERY_PUBACK] = DELIVERY_PUBACK,
	[CONFIG_DELIVERY_RECEIPT] = DELIVERY_RECEIPT,
};

/* What may go from the disk follows what counts as delivered. */
static void settle_store(struct pipeline *pipeline)
{
	store_set_settled(pipeline->store, delivery_has_receipts(&pipeline->delivery, STREAM_ENERGY)
						   ? STORE_SETTLED_DELIVERED
						   : STORE_SETTLED_SENT);
}

void pipeline_archives_begin(struct pipeline *pipeline)
{
	pipeline->receipts = (struct receipts){.count = 0};
	for (int i = 0; i < STREAM_COUNT; i++)
		delivery_remember(&pipeline->delivery, (enum stream)i,
			store_cursor(pipeline->store, (enum stream)i).delivered);
	settle_store(pipeline);
}

void pipeline_archives_take_rule(struct pipeline *pipeline)
{
	delivery_set_rule(&pipeline->delivery, rules[pipeline->site->config->broker.delivery]);
	if (pipeline->store != NULL)
		settle_store(pipeline);
}

void pipeline_archives_unheard(struct pipeline *pipeline, const struct link_event *event)
{
	if (pipeline->unheard_told)
		return;
	pipeline->unheard_told = true;
	pipeline_say(pipeline, LOG_LEVEL_WARNING,
		"broker %s does not let this user hear all it needs (%s): receipts may not come; "
		"it "
		"must be allowed to read receipt/+, replay/+, anchor/+ and status below its own "
		"topics",
		pipeline->site->config->broker.host, mqtt_reason_text(event->reason));
}

/* ---- receipts ---- */

static void tell_lower(
	struct pipeline *pipeline, const char *archive, enum stream stream, int64_t before)
{
	int64_t now = pipeline->now.mono_ms;
	int64_t through = delivery_delivered(&pipeline->delivery, stream);
	if (pipeline->lower_told_mono_ms != INT64_MIN &&
		now - pipeline->lower_told_mono_ms < LOWER_TOLD_MS)
		return;
	pipeline->lower_told_mono_ms = now;
	pipeline_say(pipeline, LOG_LEVEL_WARNING,
		"archive %s has %s through %lld only, %lld were delivered; what the store still "
		"holds goes again",
		archive, stream_name(stream), (long long)through, (long long)before);
	pipeline_event(pipeline, EVENT_RECEIPT_LOWER,
		"Archive %s has %s through %lld only, %lld were delivered; the rest goes again.",
		archive, stream_name(stream), (long long)through, (long long)before);
}

/* What all archives have of a stream, after one has spoken. */
static void move_delivered(struct pipeline *pipeline, const char *archive, enum stream stream)
{
	struct delivery *delivery = &pipeline->delivery;
	int64_t before = delivery->streams[stream].delivered, through;
	if (!receipts_least(&pipeline->receipts, stream, pipeline->now.mono_ms, &through))
		return;
	switch (delivery_take_receipt(delivery, stream, through, pipeline->now.mono_ms)) {
	case DELIVERY_RECEIPT_SAME:
		return;
	case DELIVERY_RECEIPT_FIRST:
		pipeline_say(pipeline, LOG_LEVEL_NOTICE,
			"archive %s gives receipts: it has %s through %lld", archive,
			stream_name(stream), (long long)through);
		break;
	case DELIVERY_RECEIPT_HIGHER:
		break;
	case DELIVERY_RECEIPT_LOWER:
		tell_lower(pipeline, archive, stream, before);
		break;
	}
	settle_store(pipeline);
	store_set_delivered(pipeline->store, stream, through);
	pipeline_want_commit(pipeline, pipeline->site->config->commit_ms);
}

void pipeline_archives_tick(struct pipeline *pipeline)
{
	if (pipeline->store == NULL)
		return;
	for (int i = 0; i < STREAM_COUNT; i++)
		move_delivered(pipeline, "", (enum stream)i);
}

bool pipeline_leave_identity(struct pipeline *pipeline, int64_t generation_min)
{
	int64_t now_s = pipeline_wall_ms(pipeline) / 1000;
	int64_t generation = generation_min > now_s ? generation_min : now_s;
	pipeline_commit(pipeline);
	if (pipeline->store == NULL || pipeline->trouble != TROUBLE_NONE)
		return false;
	if (store_renew_identity(pipeline->store, generation) != STORE_OK) {
		pipeline_say(pipeline, LOG_LEVEL_ERROR,
			"store: a copy, and its id cannot be changed (%s)",
			store_reason(pipeline->store));
		return false;
	}
	pipeline_begin_delivery(pipeline);
	pipeline->status_changed = true;
	return true;
}

/* The store is an old copy: another one of the same id has gone on further. */
static void leave_copied_identity(
	struct pipeline *pipeline, const struct receipt_message *receipt, enum stream stream)
{
	struct store_identity before = store_identity(pipeline->store);
	int64_t last = store_cursor(pipeline->store, stream).last;
	if (!pipeline_leave_identity(pipeline, receipt->generation + 1))
		return; /* the receipt comes again */
	pipeline_say(pipeline, LOG_LEVEL_WARNING,
		"archive %s has more of store %s than it holds: this is an old copy of it (a card "
		"restored, or in use twice); it goes on as store %s, and all it holds is sent",
		receipt->archive, before.id, store_identity(pipeline->store).id);
	pipeline_event(pipeline, EVENT_STORE_COPIED,
		"Archive %s has more than this store's %lld %s rows: it is an old copy, and has a "
		"new id.",
		receipt->archive, (long long)last, stream_name(stream));
}

/* Is every id one that this store has given? */
static bool is_ours(struct pipeline *pipeline, const struct receipt_message *receipt)
{
	for (size_t i = 0; i < receipt->streams_count; i++) {
		enum stream stream = (enum stream)receipt->streams[i].stream;
		if (receipt->streams[i].through <= store_cursor(pipeline->store, stream).last)
			continue;
		leave_copied_identity(pipeline, receipt, stream);
		return false;
	}
	return true;
}

/* When an archive said it: a retained word may be old. */
static int64_t said_mono_ms(
	const struct pipeline *pipeline, const struct receipt_message *receipt, bool retained)
{
	int64_t age_ms = pipeline_wall_ms(pipeline) - receipt->at_wall_ms;
	bool tells = retained && pipeline->clock.state != CLOCK_STATE_UNKNOWN && age_ms > 0;
	return pipeline->now.mono_ms - (tells ? age_ms : 0);
}

static void want_missing(struct pipeline *pipeline, const struct receipt_message *receipt)
{
	for (size_t i = 0; i < receipt->streams_count; i++) {
		const struct receipt_stream *stream = &receipt->streams[i];
		for (size_t j = 0; j < stream->missing_count; j++)
			delivery_want(&pipeline->delivery, (enum stream)stream->stream,
				(struct id_range){
					stream->missing[j].after, stream->missing[j].through});
	}
}

static void hear_receipt(struct pipeline *pipeline, const struct word *word)
{
	const struct receipt_message *receipt = &word->message->receipt;
	struct receipts_archive said = {.said_wall_ms = receipt->at_wall_ms,
		.answered_mono_ms = said_mono_ms(pipeline, receipt, word->retained)};
	if (!is_ours(pipeline, receipt))
		return;
	snprintf(said.id, sizeof said.id, "%s", receipt->archive);
	for (int i = 0; i < STREAM_COUNT; i++)
		said.through[i] = RECEIPT_UNTOLD;
	for (size_t i = 0; i < receipt->streams_count; i++)
		said.through[receipt->streams[i].stream] = receipt->streams[i].through;
	/* A retained word comes with every connection; what it names missing has gone by now. */
	bool is_repeated = word->retained && receipts_has_said(&pipeline->receipts, &said);
	if (!receipts_take(&pipeline->receipts, &said)) {
		pipeline_say(pipeline, LOG_LEVEL_WARNING,
			"archive %s is one too many: receipts of %d are minded", receipt->archive,
			RECEIPTS_ARCHIVES_MAX);
		return;
	}
	for (size_t i = 0; i < receipt->streams_count; i++)
		move_delivered(pipeline, receipt->archive, (enum stream)receipt->streams[i].stream);
	if (!is_repeated)
		want_missing(pipeline, receipt);
}

/* ---- replay, anchor ---- */

static void hear_replay(struct pipeline *pipeline, const struct word *word)
{
	const struct replay_message *replay = &word->message->replay;
	delivery_want(&pipeline->delivery, (enum stream)replay->stream,
		(struct id_range){replay->after, replay->through});
}

/* Where the store's own rows begin; INT64_MAX: it has no interval among its first rows. */
static int64_t first_start_wall_ms(struct pipeline *pipeline)
{
	size_t count = 0;
	if (store_read(pipeline->store, STREAM_ENERGY, 0, PIPELINE_ROWS_A_READ, pipeline->rows,
		    &count) != STORE_OK)
		return INT64_MAX;
	for (size_t i = 0; i < count; i++)
		if (pipeline->rows[i].kind == STORE_ROW_INTERVAL)
			return pipeline->rows[i].interval.start_wall_ms;
	return INT64_MAX;
}

/* Before the store began, not in the future, and at the end of some interval. */
static bool is_of_before(const struct pipeline *pipeline, const struct anchor_counter *counter,
	int64_t begin_wall_ms)
{
	bool is_future = pipeline->clock.state != CLOCK_STATE_UNKNOWN &&
			 counter->at_wall_ms > pipeline_wall_ms(pipeline);
	return counter->at_wall_ms < begin_wall_ms && !is_future &&
	       counter->at_wall_ms % ANCHOR_STEP_MS == 0;
}

static void hear_anchor(struct pipeline *pipeline, const struct word *word)
{
	const struct anchor_message *message = &word->message->anchor;
	struct clock_observation now = pipeline->now;
	int64_t generation = store_identity(pipeline->store).generation;
	int64_t begin_wall_ms = first_start_wall_ms(pipeline);
	size_t taken = 0;
	if (message->generation >= generation)
		pipeline_raise_generation(pipeline, message->generation + 1);
	for (size_t i = 0; i < message->counters_count; i++) {
		const struct anchor_counter *counter = &message->counters[i];
		struct pipeline_anchor anchor = {.meter = counter->meter,
			.quantity = (enum quantity)counter->quantity,
			.at_wall_ms = counter->at_wall_ms,
			.reading = counter->reading};
		taken += is_of_before(pipeline, counter, begin_wall_ms) &&
			 pipeline_take_anchor(pipeline, &anchor, &now);
	}
	pipeline_say(pipeline, LOG_LEVEL_NOTICE,
		"archive %s tells where %zu counters stood; %zu go on from there", message->archive,
		message->counters_count, taken);
	if (pipeline->store != NULL && store_identity(pipeline->store).generation != generation)
		pipeline->status_changed = true;
}

/* ---- any of them ---- */

/* Whose word, and of which store, each kind's own field says. */
static const char *archive_of(const struct message *message)
{
	return message->kind == MESSAGE_RECEIPT  ? message->receipt.archive
	       : message->kind == MESSAGE_REPLAY ? message->replay.archive
						 : message->anchor.archive;
}

static const char *store_of(const struct message *message)
{
	return message->kind == MESSAGE_RECEIPT  ? message->receipt.store
	       : message->kind == MESSAGE_REPLAY ? message->replay.store
						 : message->anchor.store;
}

/* What the message's own fields do not tell to be wrong; NULL: nothing. */
static const char *flaw_of(const struct message *message, const struct message_address *address)
{
	const struct receipt_message *receipt = &message->receipt;
	int64_t generation = message->kind == MESSAGE_RECEIPT  ? receipt->generation
			     : message->kind == MESSAGE_ANCHOR ? message->anchor.generation
							       : 0;
	if (strcmp(archive_of(message), address->archive) != 0)
		return "it names another archive than its topic";
	if (message->kind == MESSAGE_RECEIPT && receipt->streams_count == STREAM_COUNT &&
		receipt->streams[0].stream == receipt->streams[1].stream)
		return "it names a stream twice";
	if (generation > GENERATION_MAX)
		return "its generation is none that a gateway has";
	return NULL;
}

static void refuse(
	struct pipeline *pipeline, const struct message_address *address, const char *why)
{
	uint32_t bit = UINT32_C(1) << address->kind;
	if ((pipeline->unreadable_told & bit) != 0)
		return;
	pipeline->unreadable_told |= bit;
	pipeline_say(pipeline, LOG_LEVEL_ERROR,
		"archive %s: its `%s` is not taken, and changes nothing: %s", address->archive,
		message_kind_info(address->kind)->topic, why);
}

static void act_on(struct pipeline *pipeline, const struct word *word)
{
	struct store_identity identity = store_identity(pipeline->store);
	if (strcmp(store_of(word->message), identity.id) != 0)
		return; /* of a store before this one */
	if (word->message->kind == MESSAGE_RECEIPT)
		hear_receipt(pipeline, word);
	else if (word->message->kind == MESSAGE_REPLAY)
		hear_replay(pipeline, word);
	else
		hear_anchor(pipeline, word);
}

bool pipeline_is_own(const struct pipeline *pipeline, const struct message_address *address)
{
	const struct site_config *config = pipeline->site->config;
	return strcmp(address->city, config->city) == 0 &&
	       strcmp(address->site, config->site) == 0 &&
	       strcmp(address->gateway, config->gateway) == 0;
}

void pipeline_archives_hear(struct pipeline *pipeline, const struct link_event *event)
{
	struct message_address address;
	struct message message;
	char why[MESSAGE_ERROR_MAX];
	if (pipeline->site == NULL || pipeline->store == NULL || event->length == 0 ||
		!message_topic_parse(event->topic, &address) || address.archive[0] == '\0' ||
		!pipeline_is_own(pipeline, &address))
		return;
	struct json_text payload = {event->payload, event->length};
	if (!message_read(address.kind, payload, &message, why)) {
		refuse(pipeline, &address, why);
		return;
	}
	const char *flaw = flaw_of(&message, &address);
	if (flaw != NULL) {
		refuse(pipeline, &address, flaw);
	} else {
		struct word word = {&message, event->retain};
		pipeline->unreadable_told &= ~(UINT32_C(1) << address.kind);
		act_on(pipeline, &word);
	}
	message_clear(&message);
}
