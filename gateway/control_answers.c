/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control_answers.c -- What the daemon tells of itself, as JSON.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/control_answers.h"
#include "gateway/pipeline_state.h"

static void key_string(struct json_writer *writer, const char *key, const char *text)
{
	json_writer_key(writer, key);
	if (text != NULL)
		json_writer_string(writer, text);
	else
		json_writer_null(writer);
}

/* As key_string(), with "" as null. */
static void key_reason(struct json_writer *writer, const char *key, const char *text)
{
	key_string(writer, key, text[0] != '\0' ? text : NULL);
}

static void key_integer(struct json_writer *writer, const char *key, int64_t number)
{
	json_writer_key(writer, key);
	json_writer_integer(writer, number);
}

static void key_integer_or_null(
	struct json_writer *writer, const char *key, bool is_known, int64_t number)
{
	json_writer_key(writer, key);
	if (is_known)
		json_writer_integer(writer, number);
	else
		json_writer_null(writer);
}

static void key_boolean(struct json_writer *writer, const char *key, bool truth)
{
	json_writer_key(writer, key);
	json_writer_boolean(writer, truth);
}

/* Milliseconds as seconds; INT64_MIN as null. */
static void key_seconds(struct json_writer *writer, const char *key, int64_t milliseconds)
{
	json_writer_key(writer, key);
	if (milliseconds == INT64_MIN)
		json_writer_null(writer);
	else
		json_writer_decimal(writer, milliseconds, 3);
}

static int64_t age_ms(const struct pipeline *pipeline, int64_t at_mono_ms)
{
	return at_mono_ms == INT64_MIN ? INT64_MIN : pipeline->now.mono_ms - at_mono_ms;
}

typedef void answer_writer(struct json_writer *writer, const void *context);

/* Run a writer twice: for the length, and for the text. */
static char *answer_of(answer_writer *write_answer, const void *context)
{
	struct json_writer writer;
	struct json_buffer buffer = {NULL, 0};
	json_writer_begin(&writer, buffer);
	write_answer(&writer, context);
	buffer.size = json_writer_end(&writer) + 1;
	buffer.bytes = malloc(buffer.size);
	if (buffer.bytes == NULL)
		return NULL;
	json_writer_begin(&writer, buffer);
	write_answer(&writer, context);
	json_writer_end(&writer);
	return buffer.bytes;
}

/* ---- status ---- */

static void write_clock(struct json_writer *writer, const struct pipeline *pipeline)
{
	json_writer_key(writer, "clock");
	json_writer_open_object(writer);
	key_string(writer, "state", clock_state_name(pipeline->clock.state));
	json_writer_key(writer, "time");
	json_writer_instant(writer, pipeline_wall_ms(pipeline));
	json_writer_close_object(writer);
}

static void write_broker(struct json_writer *writer, const struct pipeline *pipeline)
{
	const struct config_broker *broker = &pipeline->site->config->broker;
	json_writer_key(writer, "broker");
	json_writer_open_object(writer);
	key_string(writer, "host", broker->host);
	key_integer(writer, "port", config_broker_port(broker));
	key_boolean(writer, "tls", broker->tls == CONFIG_YES);
	key_boolean(writer, "connected", pipeline->connected);
	key_seconds(writer, "since_s", age_ms(pipeline, pipeline->link_since_mono_ms));
	key_reason(writer, "reason", pipeline->link_reason);
	key_integer(writer, "sessions", pipeline->sessions);
	json_writer_key(writer, "certificate_end");
	if (pipeline->certificate_end_wall_ms != INSTANT_UNKNOWN)
		json_writer_instant(writer, pipeline->certificate_end_wall_ms);
	else
		json_writer_null(writer);
	json_writer_close_object(writer);
}

static void write_stream(
	struct json_writer *writer, const struct pipeline *pipeline, enum stream stream)
{
	struct store_cursor cursor = store_cursor(pipeline->store, stream);
	int64_t undelivered = 0;
	bool receipts = pipeline_undelivered(pipeline, stream, &undelivered);
	json_writer_open_object(writer);
	key_string(writer, "stream", stream_name(stream));
	key_integer(writer, "last", cursor.last);
	key_integer(writer, "sent", cursor.sent);
	key_integer(writer, "backlog", pipeline_backlog(pipeline, stream));
	key_integer_or_null(
		writer, "delivered", receipts, delivery_delivered(&pipeline->delivery, stream));
	key_integer_or_null(writer, "undelivered", receipts, undelivered);
	key_integer(writer, "again", delivery_again(&pipeline->delivery, stream));
	json_writer_close_object(writer);
}

static const char *const trouble_words[] = {
	[TROUBLE_NONE] = "ok",
	[TROUBLE_FULL] = "full",
	[TROUBLE_FAILED] = "failing",
};

static void write_store(struct json_writer *writer, const struct pipeline *pipeline)
{
	json_writer_key(writer, "store");
	json_writer_open_object(writer);
	key_string(writer, "directory", pipeline->settings.store.directory);
	key_string(writer, "state",
		pipeline->store != NULL ? trouble_words[pipeline->trouble] : "unusable");
	key_integer(writer, "bytes_max", pipeline->settings.store.bytes_max);
	if (pipeline->store != NULL) {
		struct store_identity identity = store_identity(pipeline->store);
		key_string(writer, "id", identity.id);
		key_integer(writer, "generation", identity.generation);
		key_integer(writer, "bytes", store_bytes(pipeline->store));
		json_writer_key(writer, "streams");
		json_writer_open_array(writer);
		for (int i = 0; i < STREAM_COUNT; i++)
			write_stream(writer, pipeline, (enum stream)i);
		json_writer_close_array(writer);
	}
	json_writer_close_object(writer);
}

static void write_flash_counter(
	struct json_writer *writer, const char *key, const struct flash_figures *figures)
{
	json_writer_key(writer, key);
	json_writer_open_object(writer);
	key_integer_or_null(writer, "bytes", figures->is_known, figures->since_start);
	key_integer_or_null(writer, "bytes_day", figures->has_day, figures->day);
	key_integer_or_null(writer, "bytes_per_row", figures->has_row, figures->per_row);
	json_writer_close_object(writer);
}

static void write_flash(struct json_writer *writer, const struct pipeline *pipeline)
{
	const struct flash_wear wear = flash_wear_of(&pipeline->flash);
	json_writer_key(writer, "flash");
	json_writer_open_object(writer);
	key_integer(writer, "rows", pipeline->rows_stored);
	write_flash_counter(writer, "written", &wear.counters[FLASH_WRITTEN]);
	write_flash_counter(writer, "device", &wear.counters[FLASH_DEVICE]);
	key_integer_or_null(writer, "life_left", wear.has_life_left, wear.life_left_percent);
	key_string(writer, "reserve", flash_pre_eol_name((enum flash_pre_eol)wear.pre_eol));
	json_writer_close_object(writer);
}

static void write_bus(struct json_writer *writer, const struct pipeline *pipeline, size_t index)
{
	const struct pipeline_bus *bus = &pipeline->buses[index];
	const struct bus_line *line = &pipeline->site->buses[index].line;
	json_writer_open_object(writer);
	key_string(writer, "id", bus->id);
	key_string(writer, "line", line->device != NULL ? line->device : line->host);
	key_boolean(writer, "open", bus->open);
	key_reason(writer, "reason", bus->reason);
	json_writer_close_object(writer);
}

static void write_errors(struct json_writer *writer, const struct device_counters *counters)
{
	json_writer_key(writer, "errors");
	json_writer_open_object(writer);
	for (int i = 0; i < BUS_ERROR_KIND_COUNT; i++)
		if (counters->errors[i] > 0)
			key_integer(writer, bus_error_kind_name((enum bus_error_kind)i),
				(int64_t)counters->errors[i]);
	json_writer_close_object(writer);
}

static void write_meter(struct json_writer *writer, const struct pipeline *pipeline,
	const struct pipeline_meter *meter)
{
	const struct site_meter *site = meter->site;
	const struct device *device = &pipeline->site->buses[site->bus].devices[site->device];
	const struct device_counters *counters = &meter->counters;
	json_writer_open_object(writer);
	key_string(writer, "id", meter->id);
	key_string(writer, "name", site->config->name);
	key_string(writer, "model", site->model->name);
	key_string(writer, "bus", site->config->bus);
	key_integer(writer, "address", device->address);
	key_string(writer, "state", device_state_text(meter->state));
	key_reason(writer, "reason",
		meter->misplaced ? "another meter's device stands here; its readings are withheld"
				 : meter->reason);
	key_reason(writer, "serial_number", meter->serial_number);
	key_seconds(writer, "last_reading_age_s", age_ms(pipeline, meter->last_reading_mono_ms));
	key_integer(writer, "requests", (int64_t)counters->requests);
	key_integer(writer, "answers", (int64_t)counters->answers);
	key_integer(writer, "skipped", (int64_t)counters->skipped);
	write_errors(writer, counters);
	key_seconds(writer, "answer_time_s",
		counters->answer_time_us > 0 ? counters->answer_time_us / 1000 : INT64_MIN);
	key_seconds(writer, "timeout_s",
		counters->timeout_ms > 0 ? (int64_t)counters->timeout_ms : INT64_MIN);
	json_writer_close_object(writer);
}

static void write_meters(struct json_writer *writer, const struct pipeline *pipeline)
{
	json_writer_key(writer, "meters");
	json_writer_open_array(writer);
	for (size_t i = 0; i < pipeline->slots_count; i++)
		if (pipeline->slots[i].in_use)
			write_meter(writer, pipeline, &pipeline->slots[i]);
	json_writer_close_array(writer);
}

static void write_status(struct json_writer *writer, const void *context)
{
	const struct control_view *view = context;
	const struct pipeline *pipeline = view->pipeline;
	const struct site_config *config = pipeline->site->config;
	json_writer_open_object(writer);
	key_string(writer, "version", BYPORT_VERSION);
	key_integer(writer, "pid", getpid());
	key_seconds(writer, "uptime_s", age_ms(pipeline, pipeline->started_mono_ms));
	key_string(writer, "configuration", view->configuration);
	key_string(writer, "city", config->city);
	key_string(writer, "site", config->site);
	key_string(writer, "gateway", config->gateway);
	key_integer(writer, "reports_dropped", (int64_t)view->reports_dropped);
	write_clock(writer, pipeline);
	write_broker(writer, pipeline);
	write_store(writer, pipeline);
	write_flash(writer, pipeline);
	json_writer_key(writer, "buses");
	json_writer_open_array(writer);
	for (size_t i = 0; i < pipeline->buses_count; i++)
		write_bus(writer, pipeline, i);
	json_writer_close_array(writer);
	write_meters(writer, pipeline);
	json_writer_close_object(writer);
}

char *control_answer_status(const struct control_view *view)
{
	return answer_of(write_status, view);
}

/* ---- values ---- */

struct values_wanted {
	const struct pipeline *pipeline;
	const char *meter; /* NULL: all */
};

static void write_value(struct json_writer *writer, const struct pipeline *pipeline,
	const struct pipeline_value *value)
{
	const struct quantity_info *info = quantity_info((enum quantity)value->quantity);
	json_writer_open_object(writer);
	key_string(writer, "quantity", info->name);
	key_string(writer, "unit", info->unit);
	json_writer_key(writer, "value");
	if (value->seen && value->status == DECODE_OK)
		json_writer_decimal(writer, value->value, info->decimals);
	else
		json_writer_null(writer);
	key_string(writer, "status",
		value->seen ? decode_status_text((enum decode_status)value->status)
			    : "not read yet");
	key_seconds(
		writer, "age_s", value->seen ? age_ms(pipeline, value->read_mono_ms) : INT64_MIN);
	json_writer_key(writer, "at");
	if (value->seen)
		json_writer_instant(writer, pipeline_wall_of(pipeline, value->read_mono_ms));
	else
		json_writer_null(writer);
	json_writer_close_object(writer);
}

static void write_values_of(struct json_writer *writer, const struct pipeline *pipeline,
	const struct pipeline_meter *meter)
{
	json_writer_open_object(writer);
	key_string(writer, "meter", meter->id);
	key_string(writer, "name", meter->site->config->name);
	key_string(writer, "state", device_state_text(meter->state));
	json_writer_key(writer, "values");
	json_writer_open_array(writer);
	for (size_t i = 0; i < meter->values_count; i++)
		write_value(writer, pipeline, &meter->values[i]);
	json_writer_close_array(writer);
	json_writer_close_object(writer);
}

static void write_values(struct json_writer *writer, const void *context)
{
	const struct values_wanted *wanted = context;
	json_writer_open_object(writer);
	json_writer_key(writer, "meters");
	json_writer_open_array(writer);
	for (size_t i = 0; i < wanted->pipeline->slots_count; i++) {
		const struct pipeline_meter *meter = &wanted->pipeline->slots[i];
		if (meter->in_use &&
			(wanted->meter == NULL || strcmp(wanted->meter, meter->id) == 0))
			write_values_of(writer, wanted->pipeline, meter);
	}
	json_writer_close_array(writer);
	json_writer_close_object(writer);
}

char *control_answer_values(const struct control_view *view, const char *meter)
{
	struct values_wanted wanted = {view->pipeline, meter};
	return answer_of(write_values, &wanted);
}

/* ---- a loan ---- */

static void write_words(struct json_writer *writer, const struct loan *loan)
{
	json_writer_key(writer, "words");
	json_writer_open_array(writer);
	for (size_t i = 0; i < loan->request.count && i < FRAME_REGISTERS_MAX; i++)
		json_writer_integer(writer, loan->answer.words[i]);
	json_writer_close_array(writer);
}

static void write_bytes(struct json_writer *writer, const struct loan *loan)
{
	json_writer_key(writer, "bytes");
	json_writer_open_array(writer);
	for (size_t i = 0; i < loan->answer.bytes_length; i++)
		json_writer_integer(writer, loan->answer.bytes[i]);
	json_writer_close_array(writer);
}

static void write_loan(struct json_writer *writer, const void *context)
{
	const struct loan *loan = context;
	json_writer_open_object(writer);
	key_integer(writer, "status", loan->status);
	key_string(writer, "text", bus_status_text(loan->status));
	key_string(writer, "reason", loan->reason);
	key_integer(writer, "verdict", loan->answer.verdict);
	key_integer(writer, "exception", loan->answer.exception);
	key_integer(writer, "answer_us", loan->answer.done_mono_us - loan->answer.sent_mono_us);
	if (loan->status == BUS_OK && loan->request.function == FUNCTION_DEVICE_ID)
		write_bytes(writer, loan);
	else if (loan->status == BUS_OK)
		write_words(writer, loan);
	json_writer_close_object(writer);
}

char *control_answer_loan(const struct loan *loan)
{
	return answer_of(write_loan, loan);
}

/* ---- reload ---- */

struct reload_outcome {
	const char *error; /* NULL: taken over */
	const struct diagnostics *diagnostics;
};

static void write_diagnostic(struct json_writer *writer, const struct diagnostic *diagnostic)
{
	json_writer_open_object(writer);
	key_string(
		writer, "severity", diagnostic->severity == DIAGNOSTIC_ERROR ? "error" : "warning");
	key_string(writer, "file", diagnostic->file);
	key_integer(writer, "line", diagnostic->at.line);
	key_integer(writer, "column", diagnostic->at.column);
	key_string(writer, "message", diagnostic->message);
	json_writer_close_object(writer);
}

static void write_reload(struct json_writer *writer, const void *context)
{
	const struct reload_outcome *outcome = context;
	json_writer_open_object(writer);
	if (outcome->error != NULL)
		key_string(writer, "error", outcome->error);
	else
		key_boolean(writer, "reloaded", true);
	json_writer_key(writer, "diagnostics");
	json_writer_open_array(writer);
	for (size_t i = 0; i < outcome->diagnostics->count; i++)
		write_diagnostic(writer, &outcome->diagnostics->items[i]);
	json_writer_close_array(writer);
	json_writer_close_object(writer);
}

char *control_answer_refused(const char *error, const struct diagnostics *diagnostics)
{
	struct reload_outcome outcome = {error, diagnostics};
	return answer_of(write_reload, &outcome);
}

char *control_answer_reloaded(const struct diagnostics *diagnostics)
{
	return control_answer_refused(NULL, diagnostics);
}

/* ---- settle ---- */

/* `before` is null where no interval had a value. */
static void write_amounts(struct json_writer *writer, const struct settle_change *change)
{
	const struct quantity_info *info = quantity_info(change->quantity);
	key_string(writer, "quantity", info->name);
	key_string(writer, "unit", info->unit);
	key_integer(writer, "intervals", change->rows);
	key_integer(writer, "without_value", change->nulls);
	key_integer(writer, "corrections", change->corrections);
	json_writer_key(writer, "before");
	if (change->nulls == change->rows)
		json_writer_null(writer);
	else
		json_writer_decimal(writer, change->before, info->decimals);
	json_writer_key(writer, "after");
	json_writer_decimal(writer, change->after, info->decimals);
}

static void write_change(struct json_writer *writer, const struct settle_change *change)
{
	json_writer_open_object(writer);
	write_amounts(writer, change);
	json_writer_key(writer, "start");
	if (change->rows > 0)
		json_writer_instant(writer, change->start_wall_ms);
	else
		json_writer_null(writer);
	json_writer_key(writer, "end");
	if (change->rows > 0)
		json_writer_instant(writer, change->end_wall_ms);
	else
		json_writer_null(writer);
	json_writer_close_object(writer);
}

static void write_settled(struct json_writer *writer, const void *context)
{
	const struct settled_answer *answer = context;
	const struct settle_outcome *outcome = answer->outcome;
	json_writer_open_object(writer);
	key_string(writer, "meter", answer->meter);
	key_boolean(writer, "dry_run", answer->dry_run);
	key_boolean(writer, "open", outcome->is_open);
	key_boolean(writer, "kept", outcome->is_kept);
	write_amounts(writer, &outcome->changes[0]);
	key_string(writer, "text", outcome->text);
	json_writer_key(writer, "changes");
	json_writer_open_array(writer);
	for (size_t i = 0; i < outcome->count; i++)
		write_change(writer, &outcome->changes[i]);
	json_writer_close_array(writer);
	json_writer_close_object(writer);
}

char *control_answer_settled(const struct settled_answer *answer)
{
	return answer_of(write_settled, answer);
}
