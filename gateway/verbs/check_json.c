/* SPDX-License-Identifier: Apache-2.0 */
/* check_json.c -- `byport check --json`: one object, written twice: once to know its size. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/json_writer.h"
#include "gateway/verbs/check_report.h"

static void text(struct json_writer *writer, const char *key, const char *string)
{
	json_writer_key(writer, key);
	if (string) {
		json_writer_string(writer, string);
	} else {
		json_writer_null(writer);
	}
}

static void integer(struct json_writer *writer, const char *key, int64_t number)
{
	json_writer_key(writer, key);
	json_writer_integer(writer, number);
}

static void number(struct json_writer *writer, const char *key, double amount)
{
	json_writer_key(writer, key);
	json_writer_decimal(writer, (int64_t)llround(amount * 1000), 3);
}

static void write_bus(struct json_writer *writer, const struct site_bus *bus)
{
	char line[300];

	check_line_text(&bus->line, line);
	json_writer_open_object(writer);
	text(writer, "id", bus->config->id);
	text(writer, "line", line);
	integer(writer, "devices", (int64_t)bus->devices_count);
	integer(writer, "meters", (int64_t)bus->meters_count);
	integer(writer, "fast_requests", (int64_t)bus->fast_requests);
	integer(writer, "slow_requests", (int64_t)bus->slow_requests);
	number(writer, "fast_wire_ms", (double)bus->fast_wire_us / 1000);
	number(writer, "slow_wire_ms", (double)bus->slow_wire_us / 1000);
	number(writer, "fast_expected_ms", (double)bus->fast_expected_us / 1000);
	number(writer, "slow_expected_ms", (double)bus->slow_expected_us / 1000);
	integer(writer, "fast_period_ms", bus->fast_period_ms);
	integer(writer, "slow_period_ms", bus->slow_period_ms);
	number(writer, "wire_load_percent", bus->wire_load_percent);
	number(writer, "expected_load_percent", bus->expected_load_percent);
	json_writer_close_object(writer);
}

static void write_meter(
	struct json_writer *writer, const struct site *site, const struct site_meter *meter)
{
	json_writer_open_object(writer);
	text(writer, "id", meter->config->id);
	text(writer, "name", meter->config->name);
	text(writer, "bus", meter->config->bus);
	integer(writer, "address", site->buses[meter->bus].devices[meter->device].address);
	integer(writer, "channel", meter->config->channel);
	text(writer, "model", meter->model->name);
	text(writer, "carrier", carrier_name(meter->carrier));
	text(writer, "use", use_name(meter->config->use));
	text(writer, "parent", meter->config->parent);
	json_writer_key(writer, "quantities");
	json_writer_open_array(writer);
	for (size_t i = 0; i < meter->points_count; i++) {
		json_writer_string(writer, quantity_info(meter->points[i].value->quantity)->name);
	}
	json_writer_close_array(writer);
	json_writer_close_object(writer);
}

static void write_network(struct json_writer *writer, const struct site *site)
{
	struct network_row rows[NETWORK_ROWS_MAX];
	size_t count = check_network_rows(site, rows);

	json_writer_key(writer, "network");
	json_writer_open_array(writer);
	for (size_t i = 0; i < count; i++) {
		json_writer_open_object(writer);
		text(writer, "direction", rows[i].direction);
		text(writer, "protocol", rows[i].what);
		text(writer, "host", rows[i].host);
		text(writer, "port", rows[i].port);
		text(writer, "purpose", rows[i].purpose);
		json_writer_close_object(writer);
	}
	json_writer_close_array(writer);
}

static void write_site(struct json_writer *writer, const struct site *site)
{
	const struct site_traffic *traffic = &site->megabytes_a_month;

	text(writer, "city", site->config->city);
	text(writer, "site", site->config->site);
	text(writer, "gateway", site->config->gateway);
	json_writer_key(writer, "meters");
	json_writer_open_array(writer);
	for (size_t i = 0; i < site->meters_count; i++) {
		write_meter(writer, site, &site->meters[i]);
	}
	json_writer_close_array(writer);
	json_writer_key(writer, "buses");
	json_writer_open_array(writer);
	for (size_t i = 0; i < site->buses_count; i++) {
		write_bus(writer, &site->buses[i]);
	}
	json_writer_close_array(writer);
	json_writer_key(writer, "megabytes_a_month");
	json_writer_open_object(writer);
	number(writer, "total", traffic->total);
	number(writer, "live", traffic->live);
	number(writer, "trends", traffic->trends);
	number(writer, "intervals", traffic->intervals);
	number(writer, "health", traffic->health);
	number(writer, "totals", traffic->totals);
	json_writer_close_object(writer);
	if (isfinite(site_store_days(site))) {
		number(writer, "store_days", site_store_days(site));
		number(writer, "store_years_coarse", site_store_years(site));
	}
	write_network(writer, site);
}

static void write_diagnostic(struct json_writer *writer, const struct diagnostic *item)
{
	json_writer_open_object(writer);
	text(writer, "severity", diagnostic_severity_name(item->severity));
	text(writer, "file", item->file);
	integer(writer, "line", item->at.line);
	integer(writer, "column", item->at.column);
	text(writer, "message", item->message);
	json_writer_close_object(writer);
}

static size_t write_all(struct json_buffer buffer, const struct checked_file *files, size_t count,
	const struct diagnostics *diagnostics)
{
	struct json_writer writer;

	json_writer_begin(&writer, buffer);
	json_writer_open_object(&writer);
	integer(&writer, "errors", (int64_t)diagnostics->errors);
	integer(&writer, "warnings", (int64_t)diagnostics->warnings);
	json_writer_key(&writer, "diagnostics");
	json_writer_open_array(&writer);
	for (size_t i = 0; i < diagnostics->count; i++) {
		write_diagnostic(&writer, &diagnostics->items[i]);
	}
	json_writer_close_array(&writer);
	json_writer_key(&writer, "files");
	json_writer_open_array(&writer);
	for (size_t i = 0; i < count; i++) {
		json_writer_open_object(&writer);
		text(&writer, "file", files[i].path);
		json_writer_key(&writer, "good");
		json_writer_boolean(&writer, files[i].site != NULL);
		if (files[i].site) {
			write_site(&writer, files[i].site);
		}
		json_writer_close_object(&writer);
	}
	json_writer_close_array(&writer);
	json_writer_close_object(&writer);
	return json_writer_end(&writer);
}

bool check_print_json(const struct checked_file *files, size_t count,
	const struct diagnostics *diagnostics, FILE *stream)
{
	size_t size = write_all((struct json_buffer){NULL, 0}, files, count, diagnostics) + 1;
	char *bytes = malloc(size);

	if (!bytes) {
		return false;
	}
	write_all((struct json_buffer){bytes, size}, files, count, diagnostics);
	fprintf(stream, "%s\n", bytes);
	free(bytes);
	return true;
}
