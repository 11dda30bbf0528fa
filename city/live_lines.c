/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_lines.c -- Messages as lines: for a pipe, and as JSON for programs.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "city/live_view.h"
#include "gateway/json_instant.h"

enum { LINE_MAX_BYTES = 512, TOPIC_ROOM = 2048 };

/* One line, with nothing in it that could move a cursor. */
static void put_line(const char *text, char instead, FILE *stream)
{
	for (; *text; text++)
		fputc((unsigned char)*text < ' ' || *text == 0x7f ? instead : *text, stream);
	fputc('\n', stream);
}

static void print_amount(char text[static DECIMAL_TEXT_MAX], int64_t steps, uint8_t quantity)
{
	decimal_print(text, steps, quantity_info((enum quantity)quantity)->decimals);
}

static void put_interval(const char *who, const struct interval_message_row *row, FILE *stream)
{
	char line[LINE_MAX_BYTES], amount[DECIMAL_TEXT_MAX] = "null";
	char start[INSTANT_TEXT_MAX], end[INSTANT_TEXT_MAX];
	const struct quantity_info *info = quantity_info((enum quantity)row->quantity);
	json_instant_print(start, row->row.start_wall_ms);
	json_instant_print(end, row->row.end_wall_ms);
	if (row->row.quality == QUALITY_MEASURED || row->row.quality == QUALITY_ESTIMATED)
		print_amount(amount, row->row.energy, row->quantity);
	snprintf(line, sizeof(line), "%s interval %" PRId64 " %s %s %s..%s %s %s %s", who,
		row->row.id, row->meter, info->name, start, end, amount, info->unit,
		quality_name((enum quality)row->row.quality));
	put_line(line, '?', stream);
}

static void put_event(const char *who, const struct event_row *row, FILE *stream)
{
	char line[LINE_MAX_BYTES], at[INSTANT_TEXT_MAX] = "-";
	if (row->at_wall_ms != INSTANT_UNKNOWN)
		json_instant_print(at, row->at_wall_ms);
	snprintf(line, sizeof(line), "%s event %" PRId64 " %s %s %s: %s", who, row->id, at,
		event_kind_name((enum event_kind)row->kind), row->meter[0] ? row->meter : "gateway",
		row->text);
	put_line(line, '?', stream);
}

/* A meter's values on one line, as many as fit. */
static void put_live(const char *who, const struct live_message *live, FILE *stream)
{
	char line[LINE_MAX_BYTES];
	size_t length = (size_t)snprintf(line, sizeof(line), "%s live %s", who, live->meter);
	for (size_t i = 0; i < live->values_count && length < sizeof(line); i++) {
		const struct live_value *value = &live->values[i];
		const struct quantity_info *info = quantity_info((enum quantity)value->quantity);
		char amount[DECIMAL_TEXT_MAX] = "null";
		if (value->has_value)
			print_amount(amount, value->value, value->quantity);
		length += (size_t)snprintf(line + length, sizeof(line) - length, " %s=%s%s",
			info->name, amount,
			value->has_value && strcmp(info->unit, "1") != 0 ? info->unit : "");
	}
	put_line(line, '?', stream);
}

static void put_rows(const char *who, const struct message *message, FILE *stream)
{
	const struct interval_message_row *intervals = message->stream.rows;
	const struct event_row *events = message->stream.rows;
	for (size_t i = 0; i < message->stream.rows_count; i++) {
		if (message->kind == MESSAGE_INTERVALS)
			put_interval(who, &intervals[i], stream);
		else
			put_event(who, &events[i], stream);
	}
}

static void put_totals(const char *who, const struct totals_message *totals, FILE *stream)
{
	char line[LINE_MAX_BYTES], amount[DECIMAL_TEXT_MAX] = "null";
	if (totals->total.has_energy)
		decimal_print(amount, totals->total.energy, 6);
	snprintf(line, sizeof(line), "%s totals %s %s %s %s", who, totals->scope,
		calendar_span_name((enum calendar_span)totals->period), amount, totals->unit);
	put_line(line, '?', stream);
}

/* What an archive says to the gateway. */
static void put_archive(const char *who, const struct message *message, FILE *stream)
{
	char line[LINE_MAX_BYTES];
	const struct receipt_message *receipt = &message->receipt;
	const struct replay_message *replay = &message->replay;
	if (message->kind == MESSAGE_REPLAY)
		snprintf(line, sizeof(line), "%s replay %s wants %s %" PRId64 " to %" PRId64, who,
			replay->archive, stream_name((enum stream)replay->stream),
			replay->after + 1, replay->through);
	else if (message->kind == MESSAGE_ANCHOR)
		snprintf(line, sizeof(line), "%s anchor %s tells %zu counters", who,
			message->anchor.archive, message->anchor.counters_count);
	for (size_t i = 0; message->kind == MESSAGE_RECEIPT && i < receipt->streams_count; i++) {
		const struct receipt_stream *of = &receipt->streams[i];
		snprintf(line, sizeof(line), "%s receipt %s has %s through %" PRId64 ", %zu gaps",
			who, receipt->archive, stream_name((enum stream)of->stream), of->through,
			of->missing_count);
		put_line(line, '?', stream);
	}
	if (message->kind != MESSAGE_RECEIPT)
		put_line(line, '?', stream);
}

static void put_other(const char *who, const struct message *message, FILE *stream)
{
	char line[LINE_MAX_BYTES];
	const char *kind = message_kind_info(message->kind)->topic;
	if (message->kind == MESSAGE_STATUS)
		snprintf(line, sizeof(line), "%s status %s, byport %s, store %s", who,
			message->status.presence == PRESENCE_ONLINE ? "online" : "offline",
			message->status.version, message->status.store);
	else if (message->kind == MESSAGE_TRENDS)
		snprintf(line, sizeof(line), "%s trends %zu rows, through %" PRId64, who,
			message->stream.rows_count, message->stream.through);
	else
		snprintf(line, sizeof(line), "%s %s %zu meters", who, kind,
			message->kind == MESSAGE_ABOUT ? message->about.meters_count
						       : message->health.meters_count);
	put_line(line, '?', stream);
}

void live_view_lines(
	const struct message_address *address, const struct message *message, FILE *stream)
{
	char who[3 * METER_ID_MAX];
	snprintf(who, sizeof(who), "%s/%s/%s", address->city, address->site, address->gateway);
	if (message->kind == MESSAGE_INTERVALS || message->kind == MESSAGE_EVENTS)
		put_rows(who, message, stream);
	else if (message->kind == MESSAGE_LIVE)
		put_live(who, &message->live, stream);
	else if (message->kind == MESSAGE_TOTALS)
		put_totals(who, &message->totals, stream);
	else if (message->kind == MESSAGE_RECEIPT || message->kind == MESSAGE_REPLAY ||
		 message->kind == MESSAGE_ANCHOR)
		put_archive(who, message, stream);
	else
		put_other(who, message, stream);
}

void live_view_json(const char *topic, bool retained, struct json_text payload, const char *error)
{
	size_t size = payload.length + TOPIC_ROOM + 6 * strlen(topic);
	char *bytes = malloc(size);
	struct json_writer writer;
	if (!bytes)
		return;
	json_writer_begin(&writer, (struct json_buffer){bytes, size});
	json_writer_open_object(&writer);
	json_writer_key(&writer, "topic");
	json_writer_string(&writer, topic);
	json_writer_key(&writer, "retained");
	json_writer_boolean(&writer, retained);
	json_writer_key(&writer, error ? "error" : "payload");
	if (error)
		json_writer_string(&writer, error);
	else
		json_writer_raw(&writer, payload);
	json_writer_close_object(&writer);
	json_writer_end(&writer);
	put_line(bytes, ' ', stdout); /* they stand between tokens, where a space is the same */
	free(bytes);
}
