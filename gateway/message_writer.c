/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message_writer.c -- Structs into JSON, by the table of fields. No allocation and
 * no printf: on a small board this runs thousands of times a second.
 */
#include "gateway/message_fields.h"

#include <assert.h>
#include <string.h>

#include "gateway/message_decimal.h"

enum {
	/* Kept free for `],"through":` with its number and the last brace. */
	STREAM_END_BYTES_MAX = 40,
	FRACTION_TEXT_MAX = 48,
};

/* What a value is written with: its place in the struct, and what tells its meaning. */
struct source {
	const struct message_record *record;
	const struct message_field *field;
	const void *object;
	const void *at;
};

static void write_text(struct json_writer *writer, const struct source *source)
{
	json_writer_string(writer, *(const char *const *)source->at);
}

static void write_text_inside(struct json_writer *writer, const struct source *source)
{
	json_writer_string(writer, source->at);
}

static void write_boolean(struct json_writer *writer, const struct source *source)
{
	json_writer_boolean(writer, *(const bool *)source->at);
}

static void write_integer(struct json_writer *writer, const struct source *source)
{
	json_writer_integer(writer, *(const int64_t *)source->at);
}

static void write_integer_32(struct json_writer *writer, const struct source *source)
{
	json_writer_integer(writer, *(const int32_t *)source->at);
}

static void write_instant(struct json_writer *writer, const struct source *source)
{
	json_writer_instant(writer, *(const int64_t *)source->at);
}

static void write_milli(struct json_writer *writer, const struct source *source)
{
	json_writer_decimal(writer, *(const int64_t *)source->at, 3);
}

static void write_micro(struct json_writer *writer, const struct source *source)
{
	json_writer_decimal(writer, *(const int64_t *)source->at, 6);
}

static void write_steps(struct json_writer *writer, const struct source *source)
{
	json_writer_decimal(writer, *(const int64_t *)source->at,
		message_record_quantity(source->record, source->object)->decimals);
}

static void write_word(struct json_writer *writer, const struct source *source)
{
	json_writer_string(writer, source->field->words->name(*(const uint8_t *)source->at));
}

static void write_quantity(struct json_writer *writer, const struct source *source)
{
	json_writer_string(writer, message_record_quantity(source->record, source->object)->name);
}

static void write_unit(struct json_writer *writer, const struct source *source)
{
	json_writer_string(writer, message_record_quantity(source->record, source->object)->unit);
}

static void write_counting(struct json_writer *writer, const struct source *source)
{
	json_writer_string(
		writer, message_counting_name(
				message_record_quantity(source->record, source->object)->kind));
}

static void write_fraction(struct json_writer *writer, const struct source *source)
{
	char text[FRACTION_TEXT_MAX];
	struct scale outside = {.denominator = 1};
	int8_t decimals = message_record_quantity(source->record, source->object)->decimals;
	bool fits = message_fraction_outside(*(const struct scale *)source->at, decimals, &outside);
	assert(fits);
	(void)fits;
	size_t length = decimal_print(text, outside.numerator, 0);
	text[length++] = '/';
	decimal_print(text + length, outside.denominator, 0);
	json_writer_string(writer, text);
}

static void write_flags(struct json_writer *writer, const struct source *source)
{
	uint32_t flags = *(const uint32_t *)source->at;
	json_writer_open_array(writer);
	for (unsigned bit = 0; bit < source->field->words->count; bit++) {
		if (flags & (UINT32_C(1) << bit))
			json_writer_string(writer, source->field->words->name(bit));
	}
	json_writer_close_array(writer);
}

static void write_counts(struct json_writer *writer, const struct source *source)
{
	const int64_t *counts = source->at;
	json_writer_open_object(writer);
	for (unsigned i = 0; i < source->field->words->count; i++) {
		if (counts[i] == 0)
			continue;
		json_writer_key(writer, source->field->words->name(i));
		json_writer_integer(writer, counts[i]);
	}
	json_writer_close_object(writer);
}

static size_t count_of(const struct source *source)
{
	return *(const size_t *)message_at(source->object, source->field->count_offset);
}

static void write_labels(struct json_writer *writer, const struct source *source)
{
	const struct config_label *labels = *(const struct config_label *const *)source->at;
	json_writer_open_object(writer);
	for (size_t i = 0; i < count_of(source); i++) {
		json_writer_key(writer, labels[i].key);
		json_writer_string(writer, labels[i].text);
	}
	json_writer_close_object(writer);
}

static void write_list(struct json_writer *writer, const struct source *source)
{
	const struct message_record *record = source->field->record;
	const char *object = *(const char *const *)source->at;
	json_writer_open_array(writer);
	for (size_t i = 0; i < count_of(source); i++, object += record->size)
		message_write_record(writer, record, object);
	json_writer_close_array(writer);
}

static void write_map(struct json_writer *writer, const struct source *source)
{
	const struct message_record *record = source->field->record;
	const char *object = *(const char *const *)source->at;
	json_writer_open_object(writer);
	for (size_t i = 0; i < count_of(source); i++, object += record->size) {
		json_writer_key(writer, message_record_quantity(record, object)->name);
		message_write_record(writer, record, object);
	}
	json_writer_close_object(writer);
}

/* clang-format off */
static void (*const writers[MESSAGE_FIELD_TYPE_COUNT])(struct json_writer *, const struct source *) = {
	[MESSAGE_TEXT]        = write_text,
	[MESSAGE_TEXT_INSIDE] = write_text_inside,
	[MESSAGE_BOOLEAN]     = write_boolean,
	[MESSAGE_INTEGER]     = write_integer,
	[MESSAGE_INTEGER_32]  = write_integer_32,
	[MESSAGE_INSTANT]     = write_instant,
	[MESSAGE_MILLI]       = write_milli,
	[MESSAGE_MICRO]       = write_micro,
	[MESSAGE_STEPS]       = write_steps,
	[MESSAGE_WORD]        = write_word,
	[MESSAGE_QUANTITY]    = write_quantity,
	[MESSAGE_UNIT]        = write_unit,
	[MESSAGE_COUNTING]    = write_counting,
	[MESSAGE_FRACTION]    = write_fraction,
	[MESSAGE_FLAGS]       = write_flags,
	[MESSAGE_COUNTS]      = write_counts,
	[MESSAGE_LABELS]      = write_labels,
	[MESSAGE_LIST]        = write_list,
	[MESSAGE_MAP]         = write_map,
};
/* clang-format on */

void message_write_field(struct json_writer *writer, const struct message_record *record,
	const struct message_field *field, const void *object)
{
	bool present = message_field_present(record, field, object);
	if (!present && field->left_out)
		return;
	json_writer_key(writer, field->key);
	if (!present) {
		json_writer_null(writer);
		return;
	}
	struct source source = {record, field, object, message_at(object, field->offset)};
	writers[field->type](writer, &source);
}

void message_write_record(
	struct json_writer *writer, const struct message_record *record, const void *object)
{
	json_writer_open_object(writer);
	for (size_t i = 0; i < record->fields_count; i++)
		message_write_field(writer, record, &record->fields[i], object);
	json_writer_close_object(writer);
}

static size_t write_message(enum message_kind kind, const void *message, struct json_buffer buffer)
{
	struct json_writer writer;
	json_writer_begin(&writer, buffer);
	message_write_record(&writer, message_record(kind), message);
	return json_writer_end(&writer);
}

size_t message_write_status(const struct status_message *message, char *buffer, size_t size)
{
	return write_message(MESSAGE_STATUS, message, (struct json_buffer){buffer, size});
}

size_t message_write_about(const struct about_message *message, char *buffer, size_t size)
{
	return write_message(MESSAGE_ABOUT, message, (struct json_buffer){buffer, size});
}

size_t message_write_live(const struct live_message *message, char *buffer, size_t size)
{
	return write_message(MESSAGE_LIVE, message, (struct json_buffer){buffer, size});
}

size_t message_write_health(const struct health_message *message, char *buffer, size_t size)
{
	return write_message(MESSAGE_HEALTH, message, (struct json_buffer){buffer, size});
}

size_t message_write_totals(const struct totals_message *message, char *buffer, size_t size)
{
	return write_message(MESSAGE_TOTALS, message, (struct json_buffer){buffer, size});
}

size_t message_write_receipt(const struct receipt_message *message, char *buffer, size_t size)
{
	return write_message(MESSAGE_RECEIPT, message, (struct json_buffer){buffer, size});
}

size_t message_write_replay(const struct replay_message *message, char *buffer, size_t size)
{
	return write_message(MESSAGE_REPLAY, message, (struct json_buffer){buffer, size});
}

size_t message_write_anchor(const struct anchor_message *message, char *buffer, size_t size)
{
	return write_message(MESSAGE_ANCHOR, message, (struct json_buffer){buffer, size});
}

size_t message_write_gone(const struct stream_message *range, char *buffer, size_t size)
{
	struct stream_message message = *range;
	message.gone = true;
	message.rows_count = 0;
	return write_message(message_gone_kind((enum stream)range->stream), &message,
		(struct json_buffer){buffer, size});
}

/* The field that holds the rows; those before it are the head, those behind it the end. */
static size_t rows_field(const struct message_record *record)
{
	size_t i = 0;
	while (record->fields[i].type != MESSAGE_LIST)
		i++;
	return i;
}

void message_stream_begin(struct message_stream *stream, enum message_kind kind,
	const struct stream_message *head, struct json_buffer buffer)
{
	const struct message_record *record = message_record(kind);
	size_t rows = rows_field(record);
	assert(buffer.size >= MESSAGE_BYTES_MIN);
	*stream = (struct message_stream){.kind = kind, .through = head->after};
	json_writer_begin(&stream->writer, buffer);
	json_writer_open_object(&stream->writer);
	for (size_t i = 0; i < rows; i++)
		message_write_field(&stream->writer, record, &record->fields[i], head);
	json_writer_key(&stream->writer, record->fields[rows].key);
	json_writer_open_array(&stream->writer);
}

static bool add(struct message_stream *stream, const void *row, int64_t id)
{
	const struct message_record *record = message_record(stream->kind);
	struct json_writer before = stream->writer;
	message_write_record(&stream->writer, record->fields[rows_field(record)].record, row);
	if (!json_writer_fits(&stream->writer, STREAM_END_BYTES_MAX)) {
		stream->writer = before;
		return false;
	}
	stream->through = id;
	stream->rows_count++;
	return true;
}

bool message_stream_add_interval(
	struct message_stream *stream, const struct interval_message_row *row)
{
	assert(stream->kind == MESSAGE_INTERVALS);
	return add(stream, row, row->row.id);
}

bool message_stream_add_event(struct message_stream *stream, const struct event_row *row)
{
	assert(stream->kind == MESSAGE_EVENTS);
	return add(stream, row, row->id);
}

bool message_stream_add_trend(struct message_stream *stream, const struct trend_message_row *row)
{
	assert(stream->kind == MESSAGE_TRENDS);
	return add(stream, row, row->row.id);
}

size_t message_stream_finish(struct message_stream *stream)
{
	const struct message_record *record = message_record(stream->kind);
	struct stream_message end = {.through = stream->through};
	json_writer_close_array(&stream->writer);
	for (size_t i = rows_field(record) + 1; i < record->fields_count; i++)
		message_write_field(&stream->writer, record, &record->fields[i], &end);
	json_writer_close_object(&stream->writer);
	return json_writer_end(&stream->writer);
}
