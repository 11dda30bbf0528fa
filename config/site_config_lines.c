/* SPDX-License-Identifier: Apache-2.0 */
/* site_config_lines.c -- The buses among themselves, and where the meters stand on them. */
#include <string.h>

#include "config/site_config_check.h"
#include "config/spelling.h"

#define REPORT(at, ...) \
	diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, config->file, at, __VA_ARGS__)

enum { RTU_ADDRESS_MIN = 1, RTU_ADDRESS_MAX = 247 }; /* Modbus over Serial Line 1.02, 2.2 */

static bool same_text(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

bool config_same_line(const struct config_bus *a, const struct config_bus *b)
{
	const struct config_endpoint a_end = config_bus_endpoint(a);
	const struct config_endpoint b_end = config_bus_endpoint(b);

	if (a->kind == CONFIG_BUS_RTU || b->kind == CONFIG_BUS_RTU) {
		return a->kind == b->kind && same_text(a->device, b->device);
	}
	return same_text(a_end.host, b_end.host) && a_end.port == b_end.port;
}

static void check_bus_twice(const struct site_config *config, const struct config_bus *bus,
	struct diagnostics *diagnostics)
{
	for (const struct config_bus *other = config->buses; other < bus; other++) {
		if (same_text(other->id, bus->id)) {
			REPORT(bus->id_at,
				"id: bus \"%s\" stands here a second time; the first is in line %d",
				bus->id, other->at.line);
		}
		if (config_same_line(other, bus)) {
			REPORT(bus->at,
				"bus \"%s\" is the same line as bus \"%s\" in line %d; one line is "
				"one bus",
				bus->id ? bus->id : "", other->id ? other->id : "", other->at.line);
		}
	}
}

/* Settings of a serial line on a bus that has none. */
static void check_serial_settings(const struct site_config *config, const struct config_bus *bus,
	struct diagnostics *diagnostics)
{
	const struct {
		const char *key;
		struct file_position at;
		bool rtu_over_tcp; /* has a meaning there */
	} rows[] = {
		{"baud",      bus->baud_at,      true },
		{"parity",    bus->parity_at,    true },
		{"stop_bits", bus->stop_bits_at, true },
		{"rts",       bus->rts_at,       false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool meaningful = bus->kind == CONFIG_BUS_RTU ||
				  (bus->kind == CONFIG_BUS_RTU_OVER_TCP && rows[i].rtu_over_tcp);
		if (rows[i].at.line > 0 && !meaningful) {
			REPORT(rows[i].at, "%s: has no meaning on this bus; only with \"port%s\"",
				rows[i].key, rows[i].rtu_over_tcp ? "\" or \"rtu_over_tcp" : "");
		}
	}
}

static void check_bus(const struct site_config *config, const struct config_bus *bus,
	struct diagnostics *diagnostics)
{
	check_bus_twice(config, bus, diagnostics);
	check_serial_settings(config, bus, diagnostics);
	if (bus->rtu_over_tcp.host && bus->rtu_over_tcp.port == 0) {
		REPORT(bus->rtu_over_tcp_at,
			"rtu_over_tcp: \"%s\" lacks its port, such as \"%s:4196\"; no port is "
			"usual "
			"there",
			bus->rtu_over_tcp.host, bus->rtu_over_tcp.host);
	}
	if (bus->response_timeout_max_ms > 0 &&
		bus->response_timeout_max_ms < bus->response_timeout_min_ms) {
		REPORT(bus->response_timeout_max_ms_at,
			"response_timeout_max: %lld ms is below response_timeout_min (%lld ms)",
			(long long)bus->response_timeout_max_ms,
			(long long)bus->response_timeout_min_ms);
	}
}

static void report_unknown_bus(const struct site_config *config, const struct config_meter *meter,
	struct diagnostics *diagnostics)
{
	struct spelling spelling = {.word = meter->bus};

	for (size_t i = 0; i < config->buses_count; i++) {
		if (config->buses[i].id) {
			spelling_offer(&spelling, config->buses[i].id);
		}
	}
	REPORT(meter->bus_at, "bus: there is no bus \"%s\"%s%s%s", meter->bus,
		spelling.nearest ? "; did you mean \"" : "",
		spelling.nearest ? spelling.nearest : "", spelling.nearest ? "\"?" : "");
}

static void check_address(const struct site_config *config, const struct config_meter *meter,
	struct diagnostics *diagnostics)
{
	if (meter->address_at.line == 0) {
		REPORT(meter->at,
			"meter \"%s\" lacks its \"address\"; on this bus it is a whole number from "
			"%d to %d",
			meter->id ? meter->id : "", RTU_ADDRESS_MIN, RTU_ADDRESS_MAX);
	} else if (meter->address == 0 || meter->address > RTU_ADDRESS_MAX) {
		REPORT(meter->address_at,
			"address: \"%lld\" is out of range on this bus; allowed: a whole number "
			"from %d to %d",
			(long long)meter->address, RTU_ADDRESS_MIN, RTU_ADDRESS_MAX);
	}
}

/* Two meters at one place, or two models in one device. */
static void check_place(const struct site_config *config, const struct config_meter *meter,
	struct diagnostics *diagnostics)
{
	for (const struct config_meter *other = config->meters; other < meter; other++) {
		if (!same_text(other->bus, meter->bus) || other->address != meter->address) {
			continue;
		}
		struct file_position at = meter->address_at.line ? meter->address_at : meter->at;
		if (other->channel == meter->channel) {
			REPORT(at,
				"meter \"%s\" stands at the same bus, address and channel as meter "
				"\"%s\" in line %d",
				meter->id ? meter->id : "", other->id ? other->id : "",
				other->at.line);
			return;
		}
		if (other->model && meter->model && !same_text(other->model, meter->model)) {
			REPORT(meter->model_at,
				"model: \"%s\" stands at the same address as \"%s\" in line %d; "
				"one "
				"device is of one model",
				meter->model, other->model, other->at.line);
			return;
		}
	}
}

static void check_line_of_meter(const struct site_config *config, const struct config_meter *meter,
	struct diagnostics *diagnostics)
{
	if (!meter->bus) {
		return;
	}
	const struct config_bus *bus = site_config_bus(config, meter->bus);
	if (!bus) {
		report_unknown_bus(config, meter, diagnostics);
		return;
	}
	if (bus->kind != CONFIG_BUS_TCP) {
		check_address(config, meter, diagnostics);
	}
	check_place(config, meter, diagnostics);
}

static void check_bus_is_used(const struct site_config *config, const struct config_bus *bus,
	struct diagnostics *diagnostics)
{
	if (!bus->id || config->meters_count == 0) {
		return;
	}
	for (size_t i = 0; i < config->meters_count; i++) {
		if (same_text(config->meters[i].bus, bus->id)) {
			return;
		}
	}
	diagnostics_add(diagnostics, DIAGNOSTIC_WARNING, config->file, bus->id_at,
		"bus \"%s\" has no meter; it will not be opened", bus->id);
}

void site_config_check_lines(const struct site_config *config, struct diagnostics *diagnostics)
{
	for (size_t i = 0; i < config->buses_count; i++) {
		check_bus(config, &config->buses[i], diagnostics);
		check_bus_is_used(config, &config->buses[i], diagnostics);
	}
	for (size_t i = 0; i < config->meters_count; i++) {
		check_line_of_meter(config, &config->meters[i], diagnostics);
	}
}
