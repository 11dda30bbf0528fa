/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline_delivery.c -- Rows to the broker: reads what core/delivery.h names,
 * makes the message, hands it to the link, and moves the cursors on what comes
 * back.
 */
#include "gateway/pipeline_state.h"

static enum message_kind kind_of(const struct store_row *row)
{
	switch (row->kind) {
	case STORE_ROW_INTERVAL:
		return MESSAGE_INTERVALS;
	case STORE_ROW_EVENT:
		return MESSAGE_EVENTS;
	case STORE_ROW_TREND:
		return MESSAGE_TRENDS;
	}
	return MESSAGE_KIND_COUNT;
}

static int64_t id_of(const struct store_row *row)
{
	switch (row->kind) {
	case STORE_ROW_INTERVAL:
		return row->interval.id;
	case STORE_ROW_EVENT:
		return row->event.id;
	case STORE_ROW_TREND:
		return row->trend.id;
	}
	return 0;
}

/* The names behind a series number; a number the store has lost is a meter without a name. */
static const char *names_of(const struct pipeline *pipeline, int32_t series, uint8_t *ret_quantity)
{
	const char *meter = "";
	enum quantity quantity = QUANTITY_ACTIVE_ENERGY_IMPORT;
	if (!store_series_info(pipeline->store, series, &meter, &quantity))
		meter = "";
	*ret_quantity = (uint8_t)quantity;
	return meter;
}

static bool add_row(
	const struct pipeline *pipeline, struct message_stream *stream, const struct store_row *row)
{
	struct interval_message_row interval = {0};
	struct trend_message_row trend = {0};
	switch (row->kind) {
	case STORE_ROW_INTERVAL:
		interval.row = row->interval;
		interval.meter = names_of(pipeline, row->interval.series, &interval.quantity);
		return message_stream_add_interval(stream, &interval);
	case STORE_ROW_EVENT:
		return message_stream_add_event(stream, &row->event);
	case STORE_ROW_TREND:
		trend.row = row->trend;
		trend.meter = names_of(pipeline, row->trend.series, &trend.quantity);
		return message_stream_add_trend(stream, &trend);
	}
	return false;
}

static struct stream_message head_of(
	const struct store_identity *identity, const struct delivery_message *message)
{
	return (struct stream_message){.store = identity->id,
		.generation = identity->generation,
		.stream = (uint8_t)message->stream,
		.after = message->after};
}

/* The same kind, and the next id. */
static bool goes_on(const struct store_row *first, const struct store_row *row, int64_t through)
{
	return kind_of(row) == kind_of(first) && id_of(row) == through + 1;
}

/* How many rows are worth reading for the next message: as many as this one had room for, and where
 * all found room, twice as many as were read. */
static void note_fit(struct pipeline *pipeline, bool is_full, size_t fitted, size_t rows_count)
{
	if (is_full)
		pipeline->rows_fit = fitted;
	else if (fitted == rows_count && fitted >= pipeline->rows_fit)
		pipeline->rows_fit = 2 * fitted;
}

/* Make a message of the first rows that go together; returns its length and how far it goes. */
static size_t make_message(
	struct pipeline *pipeline, struct delivery_message *message, size_t rows_count)
{
	struct store_identity identity = store_identity(pipeline->store);
	struct stream_message head = head_of(&identity, message);
	struct message_stream stream;
	struct json_buffer buffer = {pipeline->payload, pipeline->payload_bytes_max};
	const struct store_row *rows = pipeline->rows;
	bool is_full = false;
	size_t i = 0;
	message_stream_begin(&stream, kind_of(&rows[0]), &head, buffer);
	message->through = message->after;
	for (; i < rows_count && goes_on(&rows[0], &rows[i], message->through); i++) {
		is_full = !add_row(pipeline, &stream, &rows[i]);
		if (is_full)
			break;
		message->through = id_of(&rows[i]);
	}
	message->rows_count = (int32_t)i;
	note_fit(pipeline, is_full, i, rows_count);
	return message_stream_finish(&stream);
}

/* The rows of a range are not there any more: that is said, so that nobody waits for them. */
static size_t make_gone(
	struct pipeline *pipeline, struct delivery_message *message, int64_t first_id)
{
	struct store_identity identity = store_identity(pipeline->store);
	struct stream_message range = head_of(&identity, message);
	message->through = first_id <= message->through_max ? first_id - 1 : message->through_max;
	range.through = message->through;
	if (message->is_again && !pipeline->gone_told)
		pipeline_say(pipeline, LOG_LEVEL_WARNING,
			"an archive wants %s rows %lld to %lld; the store does not hold them any "
			"more",
			stream_name(message->stream), (long long)message->after + 1,
			(long long)message->through);
	pipeline->gone_told = pipeline->gone_told || message->is_again;
	return message_write_gone(&range, pipeline->payload, pipeline->payload_bytes_max);
}

static enum link_status publish(struct pipeline *pipeline, enum message_kind kind,
	const struct delivery_message *message, size_t length)
{
	const struct message_sender sender = message_sender_of(pipeline->site->config);
	char topic[TOPIC_BYTES_MAX];
	const struct message_kind_info *info = message_kind_info(kind);
	message_topic(topic, &sender, info->topic, NULL);
	struct mqtt_publication publication = {.topic = topic,
		.payload = pipeline->payload,
		.length = length,
		.qos = info->qos,
		.schema_version = MESSAGE_SCHEMA_VERSION,
		.tag = message->tag};
	return pipeline->settings.ops->publish(pipeline->settings.context, &publication);
}

/* A row more than had room in the message before, so that a next one may have more. */
static size_t rows_wanted(const struct pipeline *pipeline, const struct delivery_message *message)
{
	int64_t ids = message->through_max - message->after;
	size_t fit = pipeline->rows_fit + pipeline->rows_fit / 8 + 1;
	size_t most = fit < PIPELINE_ROWS_A_READ ? fit : PIPELINE_ROWS_A_READ;
	return ids < (int64_t)most ? (size_t)ids : most;
}

/* Hand over one message; false when there is none, or the link takes no more now. */
static bool deliver_one(struct pipeline *pipeline)
{
	struct delivery_message message;
	size_t count = 0;
	int64_t last[STREAM_COUNT];
	for (int i = 0; i < STREAM_COUNT; i++)
		last[i] = store_cursor(pipeline->store, (enum stream)i).last;
	if (!delivery_next(&pipeline->delivery, last, pipeline->now.mono_ms, &message))
		return false;
	if (store_read(pipeline->store, message.stream, message.after,
		    rows_wanted(pipeline, &message), pipeline->rows, &count) != STORE_OK)
		return false;
	int64_t first_id = count > 0 ? id_of(&pipeline->rows[0]) : INT64_MAX;
	bool gone = first_id > message.after + 1;
	enum message_kind kind =
		gone ? message_gone_kind(message.stream) : kind_of(&pipeline->rows[0]);
	size_t length = gone ? make_gone(pipeline, &message, first_id)
			     : make_message(pipeline, &message, count);
	if (message.through == message.after ||
		publish(pipeline, kind, &message, length) != LINK_OK)
		return false;
	delivery_handed_over(&pipeline->delivery, &message, pipeline->now.mono_ms);
	return true;
}

void pipeline_deliver(struct pipeline *pipeline)
{
	if (!pipeline->connected || pipeline->store == NULL || pipeline->site == NULL ||
		!pipeline_generation_is_sound(pipeline))
		return;
	for (int i = 0; i < DELIVERY_WINDOW_MAX; i++)
		if (!deliver_one(pipeline))
			return;
}

static void move_cursor(struct pipeline *pipeline, enum stream stream)
{
	store_set_sent(pipeline->store, stream, delivery_sent(&pipeline->delivery, stream));
	pipeline_want_commit(pipeline, pipeline->site->config->commit_ms);
}

static void acknowledged_announcement(
	struct pipeline *pipeline, enum message_kind kind, uint8_t reason)
{
	if (reason < 128 || kind >= MESSAGE_KIND_COUNT ||
		(pipeline->refused_announcements & 1u << kind) != 0)
		return;
	pipeline->refused_announcements |= 1u << kind;
	pipeline_say(pipeline, LOG_LEVEL_ERROR,
		"broker refuses `%s`: %s; look at its access rules for this user",
		message_kind_info(kind)->topic, mqtt_reason_text(reason));
}

void pipeline_acknowledged(struct pipeline *pipeline, uint32_t tag, uint8_t reason)
{
	enum stream stream = STREAM_ENERGY;
	if ((tag & ANNOUNCEMENT_TAG) != 0) {
		pipeline->announced--;
		acknowledged_announcement(
			pipeline, (enum message_kind)(tag & ~(uint32_t)ANNOUNCEMENT_TAG), reason);
		return;
	}
	if (pipeline->store == NULL)
		return;
	switch (delivery_acknowledged(
		&pipeline->delivery, tag, reason, pipeline->now.mono_ms, &stream)) {
	case DELIVERY_RESUMED:
		pipeline_say(
			pipeline, LOG_LEVEL_NOTICE, "broker accepts %s again", stream_name(stream));
		move_cursor(pipeline, stream);
		break;
	case DELIVERY_MOVED:
		move_cursor(pipeline, stream);
		break;
	case DELIVERY_REFUSED:
		pipeline_say(pipeline, LOG_LEVEL_ERROR,
			"broker refuses %s: %s; the rows stay stored and are sent again, ever more "
			"rarely",
			stream_name(stream), mqtt_reason_text(reason));
		break;
	case DELIVERY_REFUSED_AGAIN:
	case DELIVERY_NOTHING:
		break;
	}
}
