/* SPDX-License-Identifier: Apache-2.0 */
/* check_report.c -- The plan of a site, in tables for people. */
#include "gateway/verbs/check_report.h"

#include <math.h>
#include <string.h>

#include "config/setting_value.h"

void check_line_text(const struct bus_line *line, char ret_text[static 300])
{
	if (line->kind == BUS_RTU) {
		snprintf(ret_text, 300, "%u %d%c%d", line->baud, line->data_bits, line->parity,
			line->stop_bits);
	} else {
		const bool v6 = strchr(line->host, ':') != NULL;
		snprintf(ret_text, 300, v6 ? "[%.255s]:%d" : "%.255s:%d", line->host,
			line->tcp_port);
	}
}

/* "9 in 276 ms": requests and their time on the wire; then the period. */
static void print_cycle(struct table *table, size_t requests, uint64_t us, uint32_t period_ms)
{
	char period[SPAN_TEXT_MAX];

	if (requests == 0) {
		table_cell(table, TINT_DIM, "-");
		table_cell(table, TINT_DIM, "-");
		return;
	}
	duration_print(period, period_ms);
	if (us > 0) {
		table_cell(table, TINT_PLAIN, "%zu in %.0f ms", requests, (double)us / 1000);
	} else {
		table_cell(table, TINT_PLAIN, "%zu", requests);
	}
	table_cell(table, TINT_PLAIN, "%s", period);
}

static void print_load(struct table *table, double percent, bool known)
{
	enum tint tint = percent > 100 ? TINT_BAD : percent > 80 ? TINT_WARN : TINT_GOOD;

	if (known) {
		table_cell(table, tint, "%.1f%%", percent);
	} else {
		table_cell(table, TINT_DIM, "-");
	}
}

static void print_bus_row(struct table *table, const struct site_bus *bus)
{
	char line[300];

	check_line_text(&bus->line, line);
	table_cell(table, TINT_BOLD, "%s", bus->config->id);
	table_cell(table, TINT_PLAIN, "%zu", bus->devices_count);
	print_cycle(table, bus->fast_requests, bus->fast_wire_us, bus->fast_period_ms);
	print_cycle(table, bus->slow_requests, bus->slow_wire_us, bus->slow_period_ms);
	print_load(table, bus->wire_load_percent, bus->line.kind != BUS_TCP);
	print_load(table, bus->expected_load_percent, bus->devices_count > 0);
	table_cell(table, TINT_PLAIN, "%s", bus->meters_count ? line : "no meter");
}

static void print_buses(const struct site *site, const struct terminal *terminal, FILE *stream)
{
	static const struct table_column columns[] = {
  /* clang-format off */
		{"bus", false}, {"dev", true}, {"power", false}, {"every", true},
		{"energy", false}, {"every", true}, {"wire", true}, {"load", true}, {"line", false},
  /* clang-format on */
	};
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));

	for (size_t i = 0; i < site->buses_count; i++) {
		print_bus_row(table, &site->buses[i]);
	}
	table_print(table, terminal, stream);
	table_free(table);
}

static void print_meters(const struct site *site, const struct terminal *terminal, FILE *stream)
{
	static const struct table_column columns[] = {
  /* clang-format off */
		{"meter", false}, {"model", false}, {"bus", false}, {"addr", true},
		{"use", false}, {"part of", false}, {"carrier", false}, {"values", true},
  /* clang-format on */
	};
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));

	for (size_t i = 0; i < site->meters_count; i++) {
		const struct site_meter *meter = &site->meters[i];
		const char *carrier = carrier_name(meter->carrier);
		table_cell(table, TINT_BOLD, "%s", meter->config->id);
		table_cell(table, TINT_PLAIN, "%s", meter->model->name);
		table_cell(table, TINT_PLAIN, "%s", meter->config->bus);
		table_cell(table, TINT_PLAIN, "%d",
			site->buses[meter->bus].devices[meter->device].address);
		table_cell(table, TINT_PLAIN, "%s", use_name(meter->config->use));
		table_cell(table, TINT_PLAIN, "%s",
			meter->config->parent ? meter->config->parent : "-");
		table_cell(table, TINT_PLAIN, "%s", carrier ? carrier : "-");
		table_cell(table, TINT_PLAIN, "%zu", meter->points_count);
	}
	table_print(table, terminal, stream);
	table_free(table);
}

void check_print_plan(
	const struct checked_file *file, const struct terminal *terminal, FILE *stream)
{
	const struct site *site = file->site;
	const struct site_traffic *traffic = &site->megabytes_a_month;

	fprintf(stream, "%s: gateway %s/%s/%s\n\n", file->path, site->config->city,
		site->config->site, site->config->gateway);
	print_meters(site, terminal, stream);
	fputc('\n', stream);
	print_buses(site, terminal, stream);
	fputs("\npower, energy: requests of a cycle, and their time on the wire\n"
	      "wire: share of the line's time that takes\n"
	      "load: the same with the devices' answer time assumed (answer_time of the bus)\n",
		stream);
	fprintf(stream,
		"\nAbout %.1f MB a month to the broker: live %.1f, trends %.1f,\n"
		"intervals %.1f, totals %.1f, health %.1f\n"
		"(30 days; payload and packet headers, before TLS).\n",
		traffic->total, traffic->live, traffic->trends, traffic->intervals, traffic->totals,
		traffic->health);
	if (isfinite(site_store_days(site))) {
		fprintf(stream,
			"The store (%lld MiB) holds %.0f days of energy that cannot be "
			"delivered;\nwhat is delivered it condenses, and reaches back about %.0f "
			"years in days.\n",
			(long long)(site->config->store_bytes_max >> 20), site_store_days(site),
			site_store_years(site));
	}
}
