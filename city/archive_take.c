/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive_take.c -- Messages into the archive: what they refer to is made first,
 * then they are taken; what is no message, or contradicts itself, is put aside.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "city/archive_store_parts.h"

enum {
	DIGEST_BYTES_MAX = 17,
	PAYLOAD_BYTES_MAX = 16384, /* of what is refused, kept */
	CLEAN_BYTES_MAX = 6 * PAYLOAD_BYTES_MAX + 3,
};

/* One row of a stream, as far as all kinds have it. */
struct row_facts {
	int64_t id;
	int64_t start_wall_ms;
	int64_t end_wall_ms;
	const char *meter; /* NULL: of an event */
	uint8_t quantity;
};

static struct row_facts facts_of(const struct message *message, size_t i)
{
	if (message->kind == MESSAGE_EVENTS) {
		const struct event_row *row = (const struct event_row *)message->stream.rows + i;
		return (struct row_facts){.id = row->id, .end_wall_ms = 1};
	}
	if (message->kind == MESSAGE_INTERVALS) {
		const struct interval_message_row *row =
			(const struct interval_message_row *)message->stream.rows + i;
		return (struct row_facts){row->row.id, row->row.start_wall_ms, row->row.end_wall_ms,
			row->meter, row->quantity};
	}
	const struct trend_message_row *row =
		(const struct trend_message_row *)message->stream.rows + i;
	return (struct row_facts){row->row.id, row->row.start_wall_ms, row->row.end_wall_ms,
		row->meter, row->quantity};
}

/* Ids climb within (after, through], spans have a length, and the stream is the topic's. */
static enum archive_status check(struct archive_store *store, const struct message *message)
{
	const struct stream_message *stream = &message->stream;
	int64_t id = stream->after;
	bool is_trends = message->kind == MESSAGE_TRENDS;
	if ((stream->stream == STREAM_TRENDS) != is_trends)
		return archive_refuse(store, "stream: %s is not of this topic",
			stream_name((enum stream)stream->stream));
	if (stream->gone && stream->rows_count > 0)
		return archive_refuse(store, "gone: there are rows");
	for (size_t i = 0; i < stream->rows_count; i++) {
		struct row_facts row = facts_of(message, i);
		if (row.id <= id || row.id > stream->through)
			return archive_refuse(store,
				"rows[%zu].id: not in order after %lld, through %lld", i,
				(long long)id, (long long)stream->through);
		if (row.start_wall_ms < 0 || row.end_wall_ms <= row.start_wall_ms)
			return archive_refuse(store, "rows[%zu].end: not after its start", i);
		id = row.id;
	}
	return ARCHIVE_OK;
}

static enum archive_status make_series(
	struct archive_store *store, struct known_gateway *gateway, const struct message *message)
{
	size_t count = message->stream.rows_count;
	struct series_name *names = calloc(count + 1, sizeof(*names));
	if (!names) {
		archive_refuse(store, "out of memory");
		return ARCHIVE_UNAVAILABLE;
	}
	for (size_t i = 0; i < count; i++) {
		struct row_facts row = facts_of(message, i);
		names[i] = (struct series_name){row.meter, (enum quantity)row.quantity};
	}
	enum archive_status status = archive_make_series(store, gateway, names, count);
	free(names);
	return status;
}

/* Series and months of intervals and trends. */
static enum archive_status make_rows(
	struct archive_store *store, struct known_gateway *gateway, const struct message *message)
{
	const char *table = message->kind == MESSAGE_INTERVALS ? "intervals" : "trends";
	if (message->kind == MESSAGE_EVENTS)
		return ARCHIVE_OK;
	enum archive_status status = make_series(store, gateway, message);
	for (size_t i = 0; i < message->stream.rows_count && status == ARCHIVE_OK; i++)
		status = store->db->ops->make_room(
			store->db, table, facts_of(message, i).start_wall_ms);
	return status;
}

static bool is_stream(enum message_kind kind)
{
	return kind == MESSAGE_INTERVALS || kind == MESSAGE_EVENTS || kind == MESSAGE_TRENDS;
}

enum archive_status archive_store_prepare(
	struct archive_store *store, const struct archive_arrival *arrival)
{
	struct known_gateway *gateway;
	const struct message *message = arrival->message;
	enum archive_status status =
		archive_make_gateway(store, arrival->name, arrival->at_wall_ms, &gateway);
	if (status != ARCHIVE_OK || !message)
		return status;
	if (message->kind == MESSAGE_STATUS && message->status.store[0] != '\0') {
		const struct stream_message of = {
			.store = message->status.store, .generation = message->status.generation};
		return archive_make_store(store, gateway, &of, arrival->at_wall_ms);
	}
	if (!is_stream(message->kind))
		return status;
	status = check(store, message);
	if (status == ARCHIVE_OK)
		status = archive_make_store(store, gateway, &message->stream, arrival->at_wall_ms);
	return status == ARCHIVE_OK ? make_rows(store, gateway, message) : status;
}

static enum archive_status take_status(
	struct archive_store *store, int32_t gateway, const struct archive_arrival *arrival)
{
	const struct status_message *status = &arrival->message->status;
	return RUN(store, SQL_GATEWAY_STATUS,
		TEXT(status->presence == PRESENCE_ONLINE ? "online" : "offline"),
		TEXT(status->version), TEXT(clock_state_name((enum clock_state)status->clock)),
		TEXT(status->store), NUMBER(arrival->at_wall_ms), NUMBER(gateway));
}

static enum archive_status take_health(
	struct archive_store *store, int32_t gateway, const struct archive_arrival *arrival)
{
	const struct health_message *health = &arrival->message->health;
	const struct flash_wear *flash = &health->flash;
	const struct flash_figures *written = &flash->counters[FLASH_WRITTEN];
	const struct flash_figures *device = &flash->counters[FLASH_DEVICE];
	enum archive_status status = RUN(store, SQL_GATEWAY_HEALTH, NUMBER(health->backlog_energy),
		NUMBER(health->backlog_trends), NUMBER(health->store_bytes),
		NUMBER(arrival->at_wall_ms), NUMBER(gateway));
	if (status != ARCHIVE_OK)
		return status;
	return RUN(store, SQL_BOARD_SET, NUMBER(gateway),
		NUMBER_IF(health->has_store_bytes_max, health->store_bytes_max),
		NUMBER_IF(written->has_day, written->day),
		NUMBER_IF(written->has_row, written->per_row),
		NUMBER_IF(device->has_day, device->day),
		NUMBER_IF(device->has_row, device->per_row),
		NUMBER_IF(flash->has_life_left, flash->life_left_percent),
		TEXT_OR_NULL(flash_pre_eol_name((enum flash_pre_eol)flash->pre_eol)),
		NUMBER_IF(health->certificate_end_wall_ms != INSTANT_UNKNOWN,
			health->certificate_end_wall_ms));
}

/* What the gateway itself says now; not what the broker kept of it, or says in its place. */
static bool is_sign_of_life(const struct archive_arrival *arrival)
{
	const struct message *message = arrival->message;
	bool is_will =
		message->kind == MESSAGE_STATUS && message->status.presence != PRESENCE_ONLINE;
	return !arrival->retained && !is_will;
}

enum archive_status archive_store_take(struct archive_store *store,
	const struct archive_arrival *arrival, struct archive_taken *ret_taken)
{
	struct known_gateway *gateway;
	const struct message *message = arrival->message;
	*ret_taken = (struct archive_taken){0};
	enum archive_status status = archive_known(store, arrival->name, &gateway);
	if (status != ARCHIVE_OK || !gateway)
		return status == ARCHIVE_OK ? ARCHIVE_UNAVAILABLE : status;
	/* This locks the gateway: two workers with rows of both its streams go one after the
	 * other. */
	int64_t seen_wall_ms = is_sign_of_life(arrival) ? arrival->at_wall_ms : 0;
	status = RUN(store, SQL_GATEWAY_SEEN, NUMBER(seen_wall_ms), NUMBER(seen_wall_ms),
		NUMBER(gateway->number));
	if (status != ARCHIVE_OK)
		return status;
	if (is_stream(message->kind))
		status = archive_take_stream(store, gateway, arrival, ret_taken);
	else if (message->kind == MESSAGE_STATUS)
		status = take_status(store, gateway->number, arrival);
	else if (message->kind == MESSAGE_HEALTH)
		status = take_health(store, gateway->number, arrival);
	else if (message->kind == MESSAGE_ABOUT)
		status = RUN(store, SQL_GATEWAY_ABOUT, TEXT(arrival->payload.bytes),
			NUMBER(arrival->at_wall_ms), NUMBER(gateway->number));
	return status;
}

/* FNV-1a of 64 bits, in hexadecimal: to know an entry again. */
static void digest(const struct archive_entry *entry, char text[static DIGEST_BYTES_MAX])
{
	uint64_t hash = UINT64_C(14695981039346656037);
	const char *const parts[] = {entry->topic, entry->reason, entry->payload};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		for (const char *at = parts[i]; *at != '\0'; at++)
			hash = (hash ^ (uint8_t)*at) * UINT64_C(1099511628211);
		hash = (hash ^ 0xff) * UINT64_C(1099511628211);
	}
	snprintf(text, DIGEST_BYTES_MAX, "%016llx", (unsigned long long)hash);
}

enum archive_status archive_put_aside(struct archive_store *store, int32_t gateway,
	const struct archive_entry *entry, int64_t now_wall_ms)
{
	char key[DIGEST_BYTES_MAX];
	int64_t others = 0;
	bool of_row = entry->id > 0;
	digest(entry, key);
	enum archive_status status = ASK(store, archive_take_number, &others, SQL_QUARANTINE_COUNT,
		NUMBER(gateway), TEXT(key));
	if (status == ARCHIVE_OK && others < (of_row ? 2 : 1) * ARCHIVE_QUARANTINE_MAX)
		status = RUN(store, SQL_QUARANTINE_ADD, NUMBER(gateway), TEXT(key),
			TEXT(entry->kind), of_row ? NUMBER(entry->place.store) : NOTHING,
			TEXT_OR_NULL(of_row ? stream_name(entry->place.stream) : NULL),
			of_row ? NUMBER(entry->id) : NOTHING, TEXT(entry->topic),
			TEXT(entry->reason), TEXT(entry->payload), NUMBER(now_wall_ms));
	if (status == ARCHIVE_OK)
		status = RUN(store, SQL_LOG_ADD, NUMBER(gateway), NUMBER(now_wall_ms),
			TEXT(entry->kind), TEXT(entry->reason));
	return status;
}

static bool is_plain_ascii(const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)bytes[i] < ' ' || (unsigned char)bytes[i] > '~')
			return false;
	}
	return true;
}

/* PostgreSQL keeps UTF-8 only: what is not plain is written as a JSON string. */
static void make_clean(const struct json_text *payload, char text[static CLEAN_BYTES_MAX])
{
	struct json_writer writer;
	char cut[PAYLOAD_BYTES_MAX + 1];
	snprintf(cut, sizeof(cut), "%s", payload->bytes);
	json_writer_begin(&writer, (struct json_buffer){text, CLEAN_BYTES_MAX});
	if (is_plain_ascii(payload->bytes, payload->length))
		snprintf(text, CLEAN_BYTES_MAX, "%s", cut);
	else {
		json_writer_string(&writer, cut);
		json_writer_end(&writer);
	}
}

enum archive_status archive_store_quarantine(struct archive_store *store,
	const struct archive_arrival *arrival, const char *kind, const char *reason)
{
	char payload[CLEAN_BYTES_MAX];
	struct known_gateway *gateway;
	enum archive_status status = archive_known(store, arrival->name, &gateway);
	if (status != ARCHIVE_OK || !gateway)
		return status == ARCHIVE_OK ? ARCHIVE_UNAVAILABLE : status;
	make_clean(&arrival->payload, payload);
	const struct archive_entry entry = {
		.kind = "refused", .topic = kind, .reason = reason, .payload = payload};
	return archive_put_aside(store, gateway->number, &entry, arrival->at_wall_ms);
}
