/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive_rows.c -- Rows of a stream message into their tables, each once: an id
 * that is not committed yet is added, one that is must be the same.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "city/archive_spans.h"
#include "city/archive_store_parts.h"

enum {
	ROW_VALUES_MAX = 16,
	ROW_CONTENT = 3, /* values from here on are its content: before stand gateway, store, id */
	FLAGS_BYTES_MAX = FLAG_COUNT * 32,
	FORGOTTEN_MAX = 256, /* meters of a gateway looked at */
};

/* A row as its table has it, the time of arrival last. */
struct row_values {
	struct archive_value values[ROW_VALUES_MAX];
	size_t count;
	int64_t id;
	int64_t start_wall_ms; /* INSTANT_UNKNOWN: not known */
	const char *meter;
	char flags[FLAGS_BYTES_MAX];
};

/* What is being taken, and where it goes. */
struct taking {
	struct archive_store *store;
	struct known_gateway *gateway;
	const struct archive_arrival *arrival;
	struct archive_place place;
	struct archive_spans spans;
	int64_t newest;
	struct {
		char meter[METER_ID_MAX];
		int64_t before_wall_ms;
	} forgotten[FORGOTTEN_MAX];
	size_t forgotten_count;
	struct archive_taken taken;
};

static void write_flags(uint32_t flags, char text[static FLAGS_BYTES_MAX])
{
	size_t length = 0;
	text[0] = '\0';
	for (unsigned flag = 0; flag < FLAG_COUNT; flag++) {
		if (flags & (UINT32_C(1) << flag))
			length += (size_t)snprintf(text + length, FLAGS_BYTES_MAX - length, "%s%s",
				length ? "," : "", flag_name((enum flag)flag));
	}
}

static struct archive_value number_if(bool has, int64_t number)
{
	return has ? NUMBER(number) : NOTHING;
}

#define PUT(row, ...)                                                                          \
	do {                                                                                   \
		const struct archive_value put[] = {__VA_ARGS__};                              \
		static_assert(sizeof(put) / sizeof(put[0]) <= ROW_VALUES_MAX, "room for all"); \
		memcpy((row)->values, put, sizeof(put));                                       \
		(row)->count = sizeof(put) / sizeof(put[0]);                                   \
	} while (0)

static void put_interval(
	const struct taking *taking, const void *rows, size_t i, struct row_values *row)
{
	const struct interval_message_row *from = (const struct interval_message_row *)rows + i;
	const struct interval_row *of = &from->row;
	enum quality quality = (enum quality)of->quality;
	bool has_energy = quality == QUALITY_MEASURED || quality == QUALITY_ESTIMATED;
	row->id = of->id;
	row->meter = from->meter;
	row->start_wall_ms = of->start_wall_ms;
	write_flags(of->flags, row->flags);
	PUT(row, NUMBER(taking->place.gateway), NUMBER(taking->place.store), NUMBER(of->id),
		NUMBER(of->start_wall_ms), NUMBER(of->end_wall_ms),
		NUMBER(archive_series_number(
			taking->gateway, from->meter, (enum quantity)from->quantity)),
		TEXT(quality_name(quality)), number_if(has_energy, of->energy),
		TEXT_OR_NULL(estimate_method_name((enum estimate_method)of->method)),
		TEXT(row->flags), NUMBER(of->correction), NUMBER(of->revision),
		number_if(of->has_readings, of->reading_start),
		number_if(of->has_readings, of->reading_end),
		TEXT(clock_state_name((enum clock_state)of->clock)),
		NUMBER(taking->arrival->at_wall_ms));
}

static void put_trend(
	const struct taking *taking, const void *rows, size_t i, struct row_values *row)
{
	const struct trend_message_row *from = (const struct trend_message_row *)rows + i;
	const struct trend_row *of = &from->row;
	row->id = of->id;
	row->meter = from->meter;
	row->start_wall_ms = of->start_wall_ms;
	PUT(row, NUMBER(taking->place.gateway), NUMBER(taking->place.store), NUMBER(of->id),
		NUMBER(of->start_wall_ms), NUMBER(of->end_wall_ms),
		NUMBER(archive_series_number(
			taking->gateway, from->meter, (enum quantity)from->quantity)),
		NUMBER(of->mean), NUMBER(of->min), NUMBER(of->max), NUMBER(of->count),
		TEXT(clock_state_name((enum clock_state)of->clock)),
		NUMBER(taking->arrival->at_wall_ms));
}

static void put_event(
	const struct taking *taking, const void *rows, size_t i, struct row_values *row)
{
	const struct event_row *of = (const struct event_row *)rows + i;
	const char *quantity =
		of->has_amount ? quantity_info((enum quantity)of->quantity)->name : NULL;
	row->id = of->id;
	row->meter = of->meter;
	row->start_wall_ms = of->at_wall_ms;
	PUT(row, NUMBER(taking->place.gateway), NUMBER(taking->place.store), NUMBER(of->id),
		number_if(of->at_wall_ms != INSTANT_UNKNOWN, of->at_wall_ms),
		TEXT(event_kind_name((enum event_kind)of->kind)),
		TEXT_OR_NULL(of->meter[0] ? of->meter : NULL), TEXT_OR_NULL(quantity),
		number_if(of->has_amount, of->amount), TEXT(of->text),
		TEXT(clock_state_name((enum clock_state)of->clock)),
		NUMBER(taking->arrival->at_wall_ms));
}

/* clang-format off */
static const struct table {
	enum archive_sql add;
	enum archive_sql find;
	void (*put)(const struct taking *, const void *rows, size_t i, struct row_values *row);
} tables[MESSAGE_KIND_COUNT] = {
	[MESSAGE_INTERVALS] = {SQL_INTERVAL_ADD, SQL_INTERVAL_FIND, put_interval},
	[MESSAGE_EVENTS]    = {SQL_EVENT_ADD,    SQL_EVENT_FIND,    put_event},
	[MESSAGE_TRENDS]    = {SQL_TREND_ADD,    SQL_TREND_FIND,    put_trend},
};
/* clang-format on */

/* A row beside the one that is there. */
struct comparison {
	const struct row_values *row;
	bool is_there;
	bool is_same;
};

static bool is_equal(const struct archive_value *a, const struct archive_value *b)
{
	if (a->type != b->type)
		return false;
	return a->type == ARCHIVE_TEXT ? strcmp(a->text, b->text) == 0 : a->number == b->number;
}

static void compare(void *context, const struct archive_value *columns)
{
	struct comparison *comparison = context;
	const struct row_values *row = comparison->row;
	comparison->is_there = true;
	comparison->is_same = row != NULL;
	for (size_t i = 0; row && i + ROW_CONTENT + 1 < row->count; i++)
		comparison->is_same =
			comparison->is_same && is_equal(&row->values[ROW_CONTENT + i], &columns[i]);
}

static enum archive_status find(struct taking *taking, enum archive_sql statement, int64_t id,
	struct comparison *comparison)
{
	return ASK(taking->store, compare, comparison, statement, NUMBER(taking->place.gateway),
		NUMBER(taking->place.store), NUMBER(id));
}

/* The row that has come again otherwise, as a message of one row. */
static void write_row(const struct taking *taking, size_t i, char text[static MESSAGE_BYTES_MIN])
{
	const struct message *message = taking->arrival->message;
	struct message_stream stream;
	bool fits = true;
	message_stream_begin(&stream, message->kind, &message->stream,
		(struct json_buffer){text, MESSAGE_BYTES_MIN});
	if (message->kind == MESSAGE_INTERVALS)
		fits = message_stream_add_interval(
			&stream, (const struct interval_message_row *)message->stream.rows + i);
	else if (message->kind == MESSAGE_EVENTS)
		fits = message_stream_add_event(
			&stream, (const struct event_row *)message->stream.rows + i);
	else
		fits = message_stream_add_trend(
			&stream, (const struct trend_message_row *)message->stream.rows + i);
	(void)fits; /* a row always does */
	message_stream_finish(&stream);
}

static enum archive_status report_conflict(struct taking *taking, size_t i, int64_t id)
{
	char payload[MESSAGE_BYTES_MIN], text[ARCHIVE_REASON_MAX];
	const struct message *message = taking->arrival->message;
	write_row(taking, i, payload);
	snprintf(text, sizeof(text), "store %s, %s %lld came again with other content",
		message->stream.store, stream_name(taking->place.stream), (long long)id);
	const struct archive_entry entry = {.kind = "conflict",
		.place = taking->place,
		.id = id,
		.topic = message_kind_info(message->kind)->topic,
		.reason = text,
		.payload = payload};
	taking->taken.conflicts++;
	return archive_put_aside(
		taking->store, taking->place.gateway, &entry, taking->arrival->at_wall_ms);
}

static bool is_forgotten(const struct taking *taking, const struct row_values *row)
{
	for (size_t i = 0; i < taking->forgotten_count; i++) {
		if (strcmp(taking->forgotten[i].meter, row->meter) == 0)
			return row->start_wall_ms < taking->forgotten[i].before_wall_ms;
	}
	return false;
}

static enum archive_status add_row(struct taking *taking, const struct row_values *row)
{
	const struct archive_call call = {.statement = tables[taking->arrival->message->kind].add,
		.values = row->values,
		.values_count = row->count};
	if (is_forgotten(taking, row))
		return ARCHIVE_OK;
	return archive_query(taking->store, &call);
}

/* A row whose id is committed: the same, another, or one that was said to be gone. */
static enum archive_status take_again(struct taking *taking, size_t i, const struct row_values *row)
{
	enum message_kind kind = taking->arrival->message->kind;
	struct comparison comparison = {.row = row}, other = {.row = NULL};
	enum archive_status status = find(taking, tables[kind].find, row->id, &comparison);
	if (status == ARCHIVE_OK && !comparison.is_there && kind != MESSAGE_TRENDS)
		status = find(taking,
			tables[kind == MESSAGE_INTERVALS ? MESSAGE_EVENTS : MESSAGE_INTERVALS].find,
			row->id, &other);
	if (status != ARCHIVE_OK)
		return status;
	if (comparison.is_there && comparison.is_same) {
		taking->taken.repeated++;
		return ARCHIVE_OK;
	}
	if (comparison.is_there || other.is_there)
		return report_conflict(taking, i, row->id);
	return add_row(taking, row);
}

static enum archive_status take_row(struct taking *taking, size_t i)
{
	const struct message *message = taking->arrival->message;
	struct row_values row;
	tables[message->kind].put(taking, message->stream.rows, i, &row);
	if (archive_spans_have(&taking->spans, row.id))
		return take_again(taking, i, &row);
	if (!archive_spans_add(&taking->spans, row.id - 1, row.id))
		return ARCHIVE_OK; /* torn too far: it stays missing, and comes again */
	taking->taken.rows++;
	return add_row(taking, &row);
}

static void take_span(void *context, const struct archive_value *columns)
{
	bool added = archive_spans_add(context, columns[0].number, columns[1].number);
	(void)added; /* as many as were written */
}

/* `through` and `newest`. */
static void take_stream(void *context, const struct archive_value *columns)
{
	int64_t *ends = context;
	ends[0] = columns[0].number;
	ends[1] = columns[1].number;
}

/* Spans first: what another worker closes in between then stands in both. */
enum archive_status archive_read_spans(struct archive_store *store,
	const struct archive_place *place, struct archive_spans *ret_spans, int64_t *ret_newest)
{
	int64_t ends[2] = {0, 0};
	const char *stream = stream_name(place->stream);
	archive_spans_init(ret_spans, 0);
	enum archive_status status = ASK(store, take_span, ret_spans, SQL_SPAN_ALL,
		NUMBER(place->gateway), NUMBER(place->store), TEXT(stream));
	if (status == ARCHIVE_OK)
		status = ASK(store, take_stream, ends, SQL_STREAM_READ, NUMBER(place->gateway),
			NUMBER(place->store), TEXT(stream));
	bool added = archive_spans_add(ret_spans, 0, ends[0]);
	(void)added; /* the first span takes it */
	*ret_newest = ends[1];
	return status;
}

static void take_forgotten(void *context, const struct archive_value *columns)
{
	struct taking *taking = context;
	if (taking->forgotten_count == FORGOTTEN_MAX)
		return;
	snprintf(taking->forgotten[taking->forgotten_count].meter, METER_ID_MAX, "%s",
		columns[0].text);
	taking->forgotten[taking->forgotten_count++].before_wall_ms = columns[1].number;
}

static enum archive_status lock_stream(struct taking *taking)
{
	const struct archive_place *place = &taking->place;
	enum archive_status status = RUN(taking->store, SQL_STREAM_LOCK,
		NUMBER(taking->arrival->at_wall_ms), NUMBER(place->gateway), NUMBER(place->store),
		TEXT(stream_name(place->stream)));
	if (status == ARCHIVE_OK)
		status = archive_read_spans(taking->store, place, &taking->spans, &taking->newest);
	if (status == ARCHIVE_OK)
		status = ASK(taking->store, take_forgotten, taking, SQL_FORGOTTEN_ALL,
			NUMBER(place->gateway));
	return status;
}

static enum archive_status take_gone(struct taking *taking)
{
	const struct stream_message *stream = &taking->arrival->message->stream;
	char text[ARCHIVE_REASON_MAX];
	if (!archive_spans_add(&taking->spans, stream->after, stream->through))
		return ARCHIVE_OK;
	snprintf(text, sizeof(text), "store %s, %s after %lld through %lld: gone at the gateway",
		stream->store, stream_name(taking->place.stream), (long long)stream->after,
		(long long)stream->through);
	enum archive_status status = RUN(taking->store, SQL_GONE_ADD, NUMBER(taking->place.gateway),
		NUMBER(taking->place.store), TEXT(stream_name(taking->place.stream)),
		NUMBER(stream->after), NUMBER(stream->through),
		NUMBER(taking->arrival->at_wall_ms));
	if (status == ARCHIVE_OK)
		status = RUN(taking->store, SQL_LOG_ADD, NUMBER(taking->place.gateway),
			NUMBER(taking->arrival->at_wall_ms), TEXT("gone"), TEXT(text));
	return status;
}

static enum archive_status save_spans(struct taking *taking, bool had_spans)
{
	const struct archive_place *place = &taking->place;
	const struct archive_spans *spans = &taking->spans;
	const char *name = stream_name(place->stream);
	enum archive_status status = ARCHIVE_OK;
	if (had_spans)
		status = RUN(taking->store, SQL_SPAN_CLEAR, NUMBER(place->gateway),
			NUMBER(place->store), TEXT(name));
	for (size_t i = 1; i < spans->count && status == ARCHIVE_OK; i++)
		status = RUN(taking->store, SQL_SPAN_ADD, NUMBER(place->gateway),
			NUMBER(place->store), TEXT(name), NUMBER(spans->items[i].after),
			NUMBER(spans->items[i].through));
	if (status == ARCHIVE_OK)
		status = RUN(taking->store, SQL_STREAM_SET, NUMBER(spans->items[0].through),
			NUMBER(taking->newest), NUMBER(taking->taken.rows),
			NUMBER(taking->taken.repeated), NUMBER(place->gateway),
			NUMBER(place->store), TEXT(name));
	return status;
}

static enum archive_status take_rows(struct taking *taking)
{
	const struct stream_message *stream = &taking->arrival->message->stream;
	enum archive_status status = lock_stream(taking);
	bool had_spans = taking->spans.count > 1;
	for (size_t i = 0; i < stream->rows_count && status == ARCHIVE_OK; i++)
		status = take_row(taking, i);
	if (status == ARCHIVE_OK && stream->gone)
		status = take_gone(taking);
	taking->newest = stream->through > taking->newest ? stream->through : taking->newest;
	return status == ARCHIVE_OK ? save_spans(taking, had_spans) : status;
}

enum archive_status archive_take_stream(struct archive_store *store, struct known_gateway *gateway,
	const struct archive_arrival *arrival, struct archive_taken *ret_taken)
{
	const struct stream_message *stream = &arrival->message->stream;
	const struct known_store *of = archive_known_store(gateway, stream->store);
	if (stream->through == 0)
		return ARCHIVE_OK;
	struct taking *taking = calloc(1, sizeof(*taking));
	if (!taking || !of) {
		free(taking);
		archive_refuse(store, "out of memory");
		return ARCHIVE_UNAVAILABLE;
	}
	taking->store = store;
	taking->gateway = gateway;
	taking->arrival = arrival;
	taking->place =
		(struct archive_place){gateway->number, of->number, (enum stream)stream->stream};
	enum archive_status status = take_rows(taking);
	if (status == ARCHIVE_OK)
		*ret_taken = taking->taken;
	free(taking);
	return status;
}
