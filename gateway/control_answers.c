/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control_answers.c -- What the daemon answers, as JSON.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/control_answers.h"
#include "gateway/json_puts.h"
#include "gateway/pipeline_state.h"

int64_t control_age_ms(const struct pipeline *pipeline, int64_t at_mono_ms)
{
	return at_mono_ms == INT64_MIN ? INT64_MIN : pipeline->now.mono_ms - at_mono_ms;
}

/* Run a writer twice: for the length, and for the text. */
char *control_answer_of(control_answer_writer *write_answer, const void *context)
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
	json_put_string(writer, "quantity", info->name);
	json_put_string(writer, "unit", info->unit);
	json_writer_key(writer, "value");
	if (value->seen && value->status == DECODE_OK)
		json_writer_decimal(writer, value->value, info->decimals);
	else
		json_writer_null(writer);
	json_put_string(writer, "status",
		value->seen ? decode_status_text((enum decode_status)value->status)
			    : "not read yet");
	json_put_seconds(writer, "age_s",
		value->seen ? control_age_ms(pipeline, value->read_mono_ms) : INT64_MIN);
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
	json_put_string(writer, "meter", meter->id);
	json_put_string(writer, "name", meter->site->config->name);
	json_put_string(writer, "state", device_state_text(meter->state));
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
	return control_answer_of(write_values, &wanted);
}

/* ---- a loan ---- */

static void write_words(struct json_writer *writer, const struct loan *loan)
{
	json_writer_key(writer, "words");
	json_writer_open_array(writer);
	for (size_t i = 0; i < loan->terms.request.count && i < FRAME_REGISTERS_MAX; i++)
		json_writer_integer(writer, loan->lent.answer.words[i]);
	json_writer_close_array(writer);
}

static void write_bytes(struct json_writer *writer, const struct loan *loan)
{
	json_writer_key(writer, "bytes");
	json_writer_open_array(writer);
	for (size_t i = 0; i < loan->lent.answer.bytes_length; i++)
		json_writer_integer(writer, loan->lent.answer.bytes[i]);
	json_writer_close_array(writer);
}

static void write_loan(struct json_writer *writer, const void *context)
{
	const struct loan *loan = context;
	json_writer_open_object(writer);
	json_put_integer(writer, "status", loan->status);
	json_put_string(writer, "text", bus_status_text(loan->status));
	json_put_string(writer, "reason", loan->lent.reason);
	json_put_integer(writer, "verdict", loan->lent.answer.verdict);
	json_put_integer(writer, "exception", loan->lent.answer.exception);
	json_put_integer(writer, "late_bytes", loan->lent.answer.late_bytes);
	json_put_integer(writer, "answer_us",
		loan->lent.answer.done_mono_us - loan->lent.answer.sent_mono_us);
	if (loan->status == BUS_OK && loan->terms.request.function == FUNCTION_DEVICE_ID)
		write_bytes(writer, loan);
	else if (loan->status == BUS_OK)
		write_words(writer, loan);
	json_writer_close_object(writer);
}

char *control_answer_loan(const struct loan *loan)
{
	return control_answer_of(write_loan, loan);
}

/* ---- reload ---- */

struct reload_outcome {
	const char *error; /* NULL: taken over */
	const struct diagnostics *diagnostics;
};

static void write_diagnostic(struct json_writer *writer, const struct diagnostic *diagnostic)
{
	json_writer_open_object(writer);
	json_put_string(
		writer, "severity", diagnostic->severity == DIAGNOSTIC_ERROR ? "error" : "warning");
	json_put_string(writer, "file", diagnostic->file);
	json_put_integer(writer, "line", diagnostic->at.line);
	json_put_integer(writer, "column", diagnostic->at.column);
	json_put_string(writer, "message", diagnostic->message);
	json_writer_close_object(writer);
}

static void write_reload(struct json_writer *writer, const void *context)
{
	const struct reload_outcome *outcome = context;
	json_writer_open_object(writer);
	if (outcome->error != NULL)
		json_put_string(writer, "error", outcome->error);
	else
		json_put_boolean(writer, "reloaded", true);
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
	return control_answer_of(write_reload, &outcome);
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
	json_put_string(writer, "quantity", info->name);
	json_put_string(writer, "unit", info->unit);
	json_put_integer(writer, "intervals", change->rows);
	json_put_integer(writer, "without_value", change->nulls);
	json_put_integer(writer, "corrections", change->corrections);
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
	json_put_string(writer, "meter", answer->meter);
	json_put_boolean(writer, "dry_run", answer->dry_run);
	json_put_boolean(writer, "open", outcome->is_open);
	json_put_boolean(writer, "kept", outcome->is_kept);
	write_amounts(writer, &outcome->changes[0]);
	json_put_string(writer, "text", outcome->text);
	json_writer_key(writer, "changes");
	json_writer_open_array(writer);
	for (size_t i = 0; i < outcome->count; i++)
		write_change(writer, &outcome->changes[i]);
	json_writer_close_array(writer);
	json_writer_close_object(writer);
}

char *control_answer_settled(const struct settled_answer *answer)
{
	return control_answer_of(write_settled, answer);
}

/* ---- replay ---- */

static void write_replayed(struct json_writer *writer, const void *context)
{
	const struct replayed_answer *answer = context;
	json_writer_open_object(writer);
	json_put_string(writer, "stream", stream_name(answer->stream));
	json_put_integer(writer, "after", answer->range.after);
	json_put_integer(writer, "through", answer->range.through);
	json_put_integer(writer, "rows_max", answer->range.through - answer->range.after);
	json_put_integer(writer, "rows_a_second", DELIVERY_AGAIN_ROWS_A_S);
	json_writer_close_object(writer);
}

char *control_answer_replayed(const struct replayed_answer *answer)
{
	return control_answer_of(write_replayed, answer);
}
