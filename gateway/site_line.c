/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site_line.c -- How to open a bus: what the configuration says, else what the
 * models on it are delivered with. Where they differ, or none tells, the
 * configuration must.
 */
#include <stdio.h>

#include "gateway/site_parts.h"

enum {
	DATA_BITS = 8,
	STOP_BITS_DEFAULT = 1,
	MODBUS_TCP_PORT = 502,
	CONNECT_TIMEOUT_MS = 3000, /* a meter on the building's network answers within one */
};

/* One setting of a line, as each model has it. */
struct line_setting {
	const char *key;
	const char *of_letters; /* "NEO" where the number is a letter; else NULL */
	uint32_t (*of_model)(const struct meter_model *model); /* 0: not documented */
	const char *ask; /* what to say when no model tells; NULL: the default will do */
};

static uint32_t model_baud(const struct meter_model *model)
{
	return model->serial_line.baud;
}

static uint32_t model_parity(const struct meter_model *model)
{
	return (uint32_t)(unsigned char)model->serial_line.parity;
}

static uint32_t model_stop_bits(const struct meter_model *model)
{
	return model->serial_line.stop_bits;
}

static uint32_t model_tcp_port(const struct meter_model *model)
{
	return model->tcp_port;
}

static const struct line_setting baud_setting = {
	.key = "baud", .of_model = model_baud, .ask = "such as \"baud: 9600\""};
static const struct line_setting parity_setting = {.key = "parity",
	.of_letters = "NEO",
	.of_model = model_parity,
	.ask = "N, E or O, such as \"parity: N\""};
static const struct line_setting stop_bits_setting = {
	.key = "stop_bits", .of_model = model_stop_bits};
static const struct line_setting tcp_port_setting = {
	.key = "the port behind \"tcp\"", .of_model = model_tcp_port};

static void print_number(
	const struct line_setting *setting, uint32_t number, char ret_text[static 16])
{
	snprintf(ret_text, 16, setting->of_letters ? "%c" : "%u", number);
}

static void report_conflict(struct site_joining *joining, const struct site_meter *meters[2],
	const struct line_setting *setting)
{
	char first[16];
	char second[16];

	print_number(setting, setting->of_model(meters[0]->model), first);
	print_number(setting, setting->of_model(meters[1]->model), second);
	SITE_REPORT(joining, joining->config->buses[meters[0]->bus].at,
		"bus \"%s\": %s differs: \"%s\" (%s) is delivered with %s, \"%s\" (%s) with %s; "
		"set "
		"the meters alike and say here with what",
		meters[0]->config->bus, setting->key, meters[0]->config->id, meters[0]->model->name,
		first, meters[1]->config->id, meters[1]->model->name, second);
}

/* What the models on a bus agree on; 0 when none tells, or they differ (reported). */
static uint32_t agreed(struct site_joining *joining, size_t bus, const struct line_setting *setting)
{
	const struct site_meter *first = NULL;
	bool any = false;

	for (size_t i = 0; i < joining->site->meters_count; i++) {
		const struct site_meter *meter = &joining->site->meters[i];
		if (meter->bus != bus || !meter->model) {
			continue;
		}
		any = true;
		uint32_t number = setting->of_model(meter->model);
		if (number == 0) {
			continue;
		}
		if (first && setting->of_model(first->model) != number) {
			report_conflict(
				joining, (const struct site_meter *[2]){first, meter}, setting);
			return 0;
		}
		first = first ? first : meter;
	}
	if (!first && any && setting->ask) {
		SITE_REPORT(joining, joining->config->buses[bus].at,
			"bus \"%s\": no model on it tells its %s; write it here, %s",
			joining->config->buses[bus].id, setting->key, setting->ask);
	}
	return first ? setting->of_model(first->model) : 0;
}

static void join_serial(struct site_joining *joining, size_t bus, struct bus_line *line)
{
	const struct config_bus *config = &joining->config->buses[bus];

	line->baud = config->baud ? (uint32_t)config->baud : agreed(joining, bus, &baud_setting);
	line->parity = config->parity != PARITY_UNSET ? parity_letter(config->parity)
						      : (char)agreed(joining, bus, &parity_setting);
	line->stop_bits = config->stop_bits ? (uint8_t)config->stop_bits
					    : (uint8_t)agreed(joining, bus, &stop_bits_setting);
	if (line->stop_bits == 0) {
		line->stop_bits = STOP_BITS_DEFAULT;
	}
	line->data_bits = DATA_BITS;
}

static void join_tcp(struct site_joining *joining, size_t bus, struct bus_line *line)
{
	const struct config_endpoint endpoint = config_bus_endpoint(&joining->config->buses[bus]);

	line->host = endpoint.host;
	line->connect_timeout_ms = CONNECT_TIMEOUT_MS;
	line->tcp_port = (uint16_t)endpoint.port;
	if (line->tcp_port == 0) {
		line->tcp_port = (uint16_t)agreed(joining, bus, &tcp_port_setting);
	}
	if (line->tcp_port == 0) {
		line->tcp_port = MODBUS_TCP_PORT;
	}
}

void site_join_line(struct site_joining *joining, size_t bus)
{
	static const enum bus_kind kinds[] = {
		[CONFIG_BUS_RTU] = BUS_RTU,
		[CONFIG_BUS_TCP] = BUS_TCP,
		[CONFIG_BUS_RTU_OVER_TCP] = BUS_RTU_OVER_TCP,
	};
	const struct config_bus *config = &joining->config->buses[bus];
	struct bus_line *line = &joining->site->buses[bus].line;

	line->kind = kinds[config->kind];
	line->device = config->device;
	line->rts_direction = config->rts != RTS_OFF;
	line->rts_active_low = config->rts == RTS_LOW_SENDS;
	if (config->kind != CONFIG_BUS_TCP) {
		join_serial(joining, bus, line);
	}
	if (config->kind != CONFIG_BUS_RTU) {
		join_tcp(joining, bus, line);
	}
}
