/* SPDX-License-Identifier: Apache-2.0 */
/*
 * simulation_report.c -- JSON through the gateway's own cursor.
 */
#include "gateway/simulate/simulation_report.h"

#include <stdlib.h>
#include <time.h>

#include "gateway/json_instant.h"
#include "gateway/json_writer.h"

enum { REPORT_BYTES = 16384, LOG_LINE_BYTES = 1024 };

static void write_field(struct json_writer *writer, const char *key, const char *text)
{
	json_writer_key(writer, key);
	json_writer_string(writer, text);
}

static void write_number(struct json_writer *writer, const char *key, int64_t number)
{
	json_writer_key(writer, key);
	json_writer_integer(writer, number);
}

static void write_place(struct json_writer *writer, const struct simulated_line *line)
{
	const struct simulated_line_settings *settings = simulated_line_settings(line);
	write_field(writer, "name", settings->name);
	write_field(writer, "kind", line_kind_name(settings->kind));
	if (settings->kind == LINE_PTY) {
		write_field(writer, "path", simulated_line_path(line));
		write_field(writer, "link", settings->link);
	} else {
		write_field(writer, "host", settings->host);
		write_number(writer, "port", settings->port);
	}
	write_number(writer, "baud", settings->baud);
}

static void write_ready_device(struct json_writer *writer, const struct simulated_device *device)
{
	json_writer_open_object(writer);
	write_field(writer, "name", simulated_device_name(device));
	write_field(writer, "model", simulated_device_model(device)->name);
	write_number(writer, "address", simulated_device_address(device));
	if (simulated_device_model(device)->has_serial_number)
		write_field(writer, "serial", simulated_device_serial_number(device));
	json_writer_close_object(writer);
}

static void write_ready(struct json_writer *writer, const struct simulation *simulation)
{
	const struct simulated_device *device = NULL;
	json_writer_open_object(writer);
	json_writer_key(writer, "ready");
	json_writer_boolean(writer, true);
	json_writer_key(writer, "lines");
	json_writer_open_array(writer);
	for (size_t i = 0; i < simulation->lines_count; i++) {
		json_writer_open_object(writer);
		write_place(writer, simulation->lines[i]);
		json_writer_key(writer, "devices");
		json_writer_open_array(writer);
		for (size_t k = 0;
			(device = simulated_line_device(simulation->lines[i], k)) != NULL; k++)
			write_ready_device(writer, device);
		json_writer_close_array(writer);
		json_writer_close_object(writer);
	}
	json_writer_close_array(writer);
	json_writer_close_object(writer);
}

static void write_statistics_device(struct json_writer *writer, struct simulated_device *device)
{
	const struct device_statistics *statistics = simulated_device_statistics(device);
	json_writer_open_object(writer);
	write_field(writer, "name", simulated_device_name(device));
	write_number(writer, "requests", (int64_t)statistics->requests);
	write_number(writer, "replies", (int64_t)statistics->replies);
	write_number(writer, "exceptions", (int64_t)statistics->exceptions);
	write_number(writer, "inside_pause", (int64_t)statistics->inside_pause);
	write_number(writer, "gap_us_max", statistics->gap_us_max);
	json_writer_close_object(writer);
}

static void write_statistics_line(struct json_writer *writer, const struct simulated_line *line)
{
	const struct line_statistics *statistics = simulated_line_statistics(line);
	struct simulated_device *device = NULL;
	json_writer_open_object(writer);
	write_field(writer, "name", simulated_line_settings(line)->name);
	write_number(writer, "requests", (int64_t)statistics->requests);
	write_number(writer, "replies", (int64_t)statistics->replies);
	write_number(writer, "early", (int64_t)statistics->early);
	write_number(writer, "overlapping", (int64_t)statistics->overlapping);
	write_number(writer, "garbage_bytes", (int64_t)statistics->garbage_bytes);
	write_number(writer, "dropped", (int64_t)statistics->dropped);
	write_number(writer, "wire_us", statistics->wire_us);
	write_number(writer, "span_us", statistics->span_us);
	write_number(writer, "least_us", statistics->least_us);
	write_number(writer, "idle_us", statistics->span_us - statistics->least_us);
	write_number(writer, "silence_us_needed", statistics->silence_us_needed);
	json_writer_key(writer, "silence_us_min");
	if (statistics->silence_us_min == INT64_MAX)
		json_writer_null(writer);
	else
		json_writer_integer(writer, statistics->silence_us_min);
	json_writer_key(writer, "devices");
	json_writer_open_array(writer);
	for (size_t i = 0; (device = simulated_line_device(line, i)) != NULL; i++)
		write_statistics_device(writer, device);
	json_writer_close_array(writer);
	json_writer_close_object(writer);
}

static void write_statistics(struct json_writer *writer, const struct simulation *simulation)
{
	json_writer_open_object(writer);
	json_writer_key(writer, "lines");
	json_writer_open_array(writer);
	for (size_t i = 0; i < simulation->lines_count; i++)
		write_statistics_line(writer, simulation->lines[i]);
	json_writer_close_array(writer);
	json_writer_close_object(writer);
}

static char *write_whole(void (*write)(struct json_writer *, const struct simulation *),
	const struct simulation *simulation)
{
	for (size_t size = REPORT_BYTES;;) {
		struct json_writer writer;
		char *bytes = malloc(size);
		if (bytes == NULL)
			return NULL;
		json_writer_begin(&writer, (struct json_buffer){bytes, size});
		write(&writer, simulation);
		size_t needed = json_writer_end(&writer);
		if (needed < size)
			return bytes;
		free(bytes);
		size = needed + 1;
	}
}

char *simulation_ready_json(const struct simulation *simulation)
{
	return write_whole(write_ready, simulation);
}

char *simulation_statistics_json(const struct simulation *simulation)
{
	return write_whole(write_statistics, simulation);
}

void simulation_ready_print(const struct simulation *simulation, FILE *stream)
{
	const struct simulated_device *device = NULL;
	for (size_t i = 0; i < simulation->lines_count; i++) {
		const struct simulated_line *line = simulation->lines[i];
		const struct simulated_line_settings *settings = simulated_line_settings(line);
		if (settings->kind == LINE_PTY)
			fprintf(stream, "%s: %s%s%s\n", settings->name, simulated_line_path(line),
				settings->link[0] != '\0' ? " = " : "", settings->link);
		else
			fprintf(stream, "%s: %s %s:%u\n", settings->name,
				line_kind_name(settings->kind), settings->host, settings->port);
		for (size_t k = 0; (device = simulated_line_device(line, k)) != NULL; k++)
			fprintf(stream, "  address %-3u %-24s serial %-16s %s\n",
				simulated_device_address(device),
				simulated_device_model(device)->name,
				simulated_device_model(device)->has_serial_number
					? simulated_device_serial_number(device)
					: "none",
				simulated_device_name(device));
	}
	fprintf(stream, "ready\n");
}

static int64_t wall_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void simulation_log_served(void *context, const struct served_value *value)
{
	const struct simulation *simulation = context;
	char bytes[LOG_LINE_BYTES];
	char words[IMAGE_VALUE_WORDS_MAX * 4 + 1] = "";
	struct json_writer writer;
	for (size_t i = 0; i < value->words_count; i++)
		snprintf(words + i * 4, 5, "%04x", value->words[i]);
	json_writer_begin(&writer, (struct json_buffer){bytes, sizeof(bytes)});
	json_writer_open_object(&writer);
	json_writer_key(&writer, "wall");
	json_writer_instant(&writer, wall_ms());
	json_writer_key(&writer, "simulated");
	json_writer_instant(&writer, simulation_now(simulation).simulated_ms);
	write_field(&writer, "device", simulated_device_name(value->device));
	write_field(&writer, "quantity", quantity_info(value->quantity)->name);
	write_number(&writer, "channel", value->channel);
	write_field(&writer, "words", words);
	json_writer_key(&writer, "value");
	if (value->status == DECODE_OK)
		json_writer_decimal(
			&writer, value->number, quantity_info(value->quantity)->decimals);
	else
		json_writer_null(&writer);
	json_writer_close_object(&writer);
	if (json_writer_end(&writer) < sizeof(bytes))
		fprintf(simulation->log, "%s\n", bytes);
}
