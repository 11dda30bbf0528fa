/* SPDX-License-Identifier: Apache-2.0 */
/* control_status.c -- control_answers.h: how the daemon, its card and its meters are. */
#include <string.h>
#include <unistd.h>

#include "gateway/control_answers.h"
#include "gateway/json_puts.h"
#include "gateway/pipeline_state.h"

static void write_clock(struct json_writer *writer, const struct pipeline *pipeline)
{
	json_writer_key(writer, "clock");
	json_writer_open_object(writer);
	json_put_string(writer, "state", clock_state_name(pipeline->clock.state));
	json_writer_key(writer, "time");
	json_writer_instant(writer, pipeline_wall_ms(pipeline));
	json_writer_close_object(writer);
}

static void write_broker(struct json_writer *writer, const struct pipeline *pipeline)
{
	const struct config_broker *broker = &pipeline->site->config->broker;
	const char *twin = pipeline_twin_reason(pipeline);
	json_writer_key(writer, "broker");
	json_writer_open_object(writer);
	json_put_string(writer, "host", broker->host);
	json_put_integer(writer, "port", config_broker_port(broker));
	json_put_boolean(writer, "tls", broker->tls == CONFIG_YES);
	json_put_boolean(writer, "connected", pipeline->connected);
	json_put_seconds(writer, "since_s", control_age_ms(pipeline, pipeline->link_since_mono_ms));
	json_put_text(writer, "reason", pipeline->link_reason);
	json_put_integer(writer, "sessions", pipeline->sessions);
	json_put_text(writer, "twin", twin != NULL ? twin : "");
	json_put_instant(writer, "certificate_end", pipeline->certificate_end_wall_ms);
	json_writer_close_object(writer);
}

static void write_stream(
	struct json_writer *writer, const struct pipeline *pipeline, enum stream stream)
{
	struct store_cursor cursor = store_cursor(pipeline->store, stream);
	int64_t undelivered = 0;
	bool receipts = pipeline_undelivered(pipeline, stream, &undelivered);
	json_writer_open_object(writer);
	json_put_string(writer, "stream", stream_name(stream));
	json_put_integer(writer, "last", cursor.last);
	json_put_integer(writer, "sent", cursor.sent);
	json_put_integer(writer, "backlog", pipeline_backlog(pipeline, stream));
	json_put_integer_or_null(
		writer, "delivered", receipts, delivery_delivered(&pipeline->delivery, stream));
	json_put_integer_or_null(writer, "undelivered", receipts, undelivered);
	json_put_integer(writer, "again", delivery_again(&pipeline->delivery, stream));
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
	json_put_string(writer, "directory", pipeline->settings.store.directory);
	json_put_string(writer, "state",
		pipeline->store != NULL ? trouble_words[pipeline->trouble] : "unusable");
	json_put_integer(writer, "bytes_max", pipeline->settings.store.bytes_max);
	if (pipeline->store != NULL) {
		struct store_identity identity = store_identity(pipeline->store);
		json_put_string(writer, "id", identity.id);
		json_put_integer(writer, "generation", identity.generation);
		json_put_integer(writer, "bytes", store_bytes(pipeline->store));
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
	json_put_integer_or_null(writer, "bytes", figures->is_known, figures->since_start);
	json_put_integer_or_null(writer, "bytes_day", figures->has_day, figures->day);
	json_put_integer_or_null(writer, "bytes_per_row", figures->has_row, figures->per_row);
	json_writer_close_object(writer);
}

static void write_flash(struct json_writer *writer, const struct pipeline *pipeline)
{
	const struct flash_wear wear = flash_wear_of(&pipeline->flash);
	json_writer_key(writer, "flash");
	json_writer_open_object(writer);
	json_put_integer(writer, "rows", pipeline->rows_stored);
	write_flash_counter(writer, "written", &wear.counters[FLASH_WRITTEN]);
	write_flash_counter(writer, "device", &wear.counters[FLASH_DEVICE]);
	json_put_integer_or_null(writer, "life_left", wear.has_life_left, wear.life_left_percent);
	json_put_string(writer, "reserve", flash_pre_eol_name((enum flash_pre_eol)wear.pre_eol));
	json_writer_close_object(writer);
}

static void write_line(struct json_writer *writer, const struct bus_line *line)
{
	static const char *const kinds[] = {
		[BUS_RTU] = "rtu", [BUS_TCP] = "tcp", [BUS_RTU_OVER_TCP] = "rtu_over_tcp"};
	bool is_serial = line->kind == BUS_RTU;
	const char parity[] = {line->parity, '\0'};
	json_put_string(writer, "line", is_serial ? line->device : line->host);
	json_put_string(writer, "kind", kinds[line->kind]);
	json_put_integer_or_null(writer, "baud", is_serial, line->baud);
	json_put_string(writer, "parity", is_serial ? parity : NULL);
	json_put_integer_or_null(writer, "stop_bits", is_serial, line->stop_bits);
	json_put_integer_or_null(writer, "port", !is_serial, line->tcp_port);
}

static void write_bus(struct json_writer *writer, const struct control_view *view, size_t index)
{
	const struct pipeline_bus *bus = &view->pipeline->buses[index];
	const struct daemon_bus *running = daemon_buses_find(view->buses, bus->id);
	int32_t load = running != NULL && running->worker != NULL
			       ? bus_worker_load_permille(running->worker)
			       : BUS_LOAD_UNKNOWN;
	json_writer_open_object(writer);
	json_put_string(writer, "id", bus->id);
	write_line(writer, &view->pipeline->site->buses[index].line);
	json_put_boolean(writer, "open", bus->open);
	json_put_text(writer, "reason", bus->reason);
	json_writer_key(writer, "load_percent");
	if (load != BUS_LOAD_UNKNOWN)
		json_writer_decimal(writer, load, 1);
	else
		json_writer_null(writer);
	json_writer_close_object(writer);
}

static void write_errors(struct json_writer *writer, const struct device_counters *counters)
{
	json_writer_key(writer, "errors");
	json_writer_open_object(writer);
	for (int i = 0; i < BUS_ERROR_KIND_COUNT; i++)
		if (counters->errors[i] > 0)
			json_put_integer(writer, bus_error_kind_name((enum bus_error_kind)i),
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
	json_put_string(writer, "id", meter->id);
	json_put_string(writer, "name", site->config->name);
	json_put_string(writer, "model", site->model->name);
	json_put_string(writer, "bus", site->config->bus);
	json_put_integer(writer, "address", device->address);
	json_put_string(writer, "state", device_state_text(meter->state));
	json_put_text(writer, "reason",
		meter->misplaced ? "another meter's device stands here; its readings are withheld"
				 : meter->reason);
	json_put_text(writer, "serial_number", meter->serial_number);
	json_put_seconds(writer, "last_reading_age_s",
		control_age_ms(pipeline, meter->last_reading_mono_ms));
	json_put_integer(writer, "requests", (int64_t)counters->requests);
	json_put_integer(writer, "answers", (int64_t)counters->answers);
	json_put_integer(writer, "skipped", (int64_t)counters->skipped);
	write_errors(writer, counters);
	json_put_seconds(writer, "answer_time_s",
		counters->answer_time_us > 0 ? counters->answer_time_us / 1000 : INT64_MIN);
	json_put_seconds(writer, "timeout_s",
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
	json_put_string(writer, "version", BYPORT_VERSION);
	json_put_integer(writer, "pid", getpid());
	json_put_seconds(writer, "uptime_s", control_age_ms(pipeline, pipeline->started_mono_ms));
	json_put_string(writer, "configuration", view->configuration);
	json_put_string(writer, "city", config->city);
	json_put_string(writer, "site", config->site);
	json_put_string(writer, "gateway", config->gateway);
	json_put_integer(writer, "reports_dropped", (int64_t)view->reports_dropped);
	write_clock(writer, pipeline);
	write_broker(writer, pipeline);
	write_store(writer, pipeline);
	write_flash(writer, pipeline);
	json_writer_key(writer, "buses");
	json_writer_open_array(writer);
	for (size_t i = 0; i < pipeline->buses_count; i++)
		write_bus(writer, view, i);
	json_writer_close_array(writer);
	write_meters(writer, pipeline);
	json_writer_close_object(writer);
}

char *control_answer_status(const struct control_view *view)
{
	return control_answer_of(write_status, view);
}
