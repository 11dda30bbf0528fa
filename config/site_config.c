/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site_config.c -- site_config.h section by section; the configuration is given
 * away only if nothing was reported.
 */
#include "config/site_config.h"

#include <stdlib.h>
#include <string.h>

#include "config/section_reader.h"
#include "config/site_config_check.h"
#include "config/spelling.h"

static void set_bus_kind(struct section_context *reading, struct config_bus *bus)
{
	int given = (bus->device_at.line > 0) + (bus->tcp_at.line > 0) +
		    (bus->rtu_over_tcp_at.line > 0);

	if (given != 1) {
		SECTION_REPORT(reading, bus->at,
			"buses: %s of \"port\", \"tcp\" and \"rtu_over_tcp\" is given; allowed: "
			"one",
			given == 0 ? "none" : "more than one");
	}
	bus->kind = bus->device_at.line > 0 ? CONFIG_BUS_RTU
		    : bus->tcp_at.line > 0  ? CONFIG_BUS_TCP
					    : CONFIG_BUS_RTU_OVER_TCP;
}

static void read_buses(struct section_context *reading, const struct yaml_node *node)
{
	struct site_config *config = reading->config;
	const struct yaml_node *entries =
		section_list_entries(reading, SECTION_BUS, node, &config->buses_count);

	config->buses = section_take(reading, config->buses_count * sizeof(*config->buses));
	for (size_t i = 0; config->buses && i < config->buses_count; i++) {
		struct config_bus *bus = &config->buses[i];
		bus->at = entries[i].at;
		const struct section_reading section = {SECTION_BUS, &entries[i], bus->at, bus};
		section_read(reading, &section);
		if (entries[i].kind == YAML_MAPPING) {
			set_bus_kind(reading, bus);
		}
	}
}

static void read_meters(struct section_context *reading, const struct yaml_node *node)
{
	struct site_config *config = reading->config;
	const struct yaml_node *entries =
		section_list_entries(reading, SECTION_METER, node, &config->meters_count);

	config->meters = section_take(reading, config->meters_count * sizeof(*config->meters));
	for (size_t i = 0; config->meters && i < config->meters_count; i++) {
		struct config_meter *meter = &config->meters[i];
		meter->at = entries[i].at;
		meter->address = -1;
		meter->ct_in_meter = CONFIG_UNSET;
		const struct section_reading section = {
			SECTION_METER, &entries[i], meter->at, meter};
		section_read(reading, &section);
		meter->name = meter->name ? meter->name : meter->id;
	}
}

static void read_mapping_section(
	struct section_context *reading, enum setting_section section, const struct yaml_node *node)
{
	struct site_config *config = reading->config;
	struct section_reading target = {.section = section, .node = node, .base = config};

	if (node) {
		target.at = node->key_at;
	}
	if (section == SECTION_BROKER) {
		config->broker.at = target.at;
		target.base = &config->broker;
	} else if (section == SECTION_FLAGS) {
		target.base = &config->flags;
	}
	section_read(reading, &target);
}

static void report_unknown_sections(struct section_context *reading, const struct yaml_node *root)
{
	for (size_t i = 0; i < root->children_count; i++) {
		const struct yaml_node *child = &root->children[i];
		struct spelling spelling = {.word = child->key};
		bool known = false;
		for (size_t k = 0; k < SECTION_COUNT; k++) {
			const char *key = setting_section_info((enum setting_section)k)->key;
			known |= strcmp(key, child->key) == 0;
			spelling_offer(&spelling, key);
		}
		if (!known) {
			SECTION_REPORT(reading, child->key_at,
				"unknown key \"%s\"%s%s%s; allowed: site, gateway, broker, "
				"intervals, flags, totals, buses, meters",
				child->key, spelling.nearest ? "; did you mean \"" : "",
				spelling.nearest ? spelling.nearest : "",
				spelling.nearest ? "\"?" : "");
		}
	}
}

static void read_sections(struct section_context *reading, const struct yaml_node *root)
{
	for (size_t i = 0; i < SECTION_COUNT; i++) {
		enum setting_section section = (enum setting_section)i;
		const struct setting_section_info *info = setting_section_info(section);
		const struct yaml_node *node = yaml_find(root, info->key);
		if (!node && info->required) {
			SECTION_REPORT(reading, (struct file_position){1, 1},
				"section \"%s:\" is missing; `byport check --example` prints a "
				"whole file",
				info->key);
		} else if (section == SECTION_BUS) {
			read_buses(reading, node);
		} else if (section == SECTION_METER) {
			read_meters(reading, node);
		} else {
			read_mapping_section(reading, section, node);
		}
	}
}

static void read_root(struct section_context *reading, const struct yaml_node *root)
{
	if (root->kind != YAML_MAPPING) {
		SECTION_REPORT(reading, root->at,
			"%s stands here; a configuration begins with \"site:\" (`byport check "
			"--example` prints one)",
			section_kind_text(root));
		return;
	}
	report_unknown_sections(reading, root);
	read_sections(reading, root);
	struct site_config *config = reading->config;
	config->site_name = config->site_name ? config->site_name : config->site;
	site_config_check(config, reading->diagnostics);
}

static struct site_config *config_new(const char *name)
{
	struct site_config *config = calloc(1, sizeof(*config));
	if (!config) {
		return NULL;
	}
	config->arena = arena_new();
	config->file = config->arena ? arena_text(config->arena, name, strlen(name)) : NULL;
	return config->file ? config : site_config_free(config);
}

static struct site_config *read_tree(const struct yaml_file *file, struct diagnostics *diagnostics)
{
	const size_t errors = diagnostics->errors;
	struct section_context reading = {
		.config = config_new(yaml_file_name(file)),
		.diagnostics = diagnostics,
		.patterns = setting_patterns_new(),
	};

	reading.out_of_memory = !reading.config || !reading.patterns;
	if (!reading.out_of_memory) {
		read_root(&reading, yaml_root(file));
	}
	if (reading.out_of_memory) {
		diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, yaml_file_name(file),
			(struct file_position){0, 0}, "memory is out");
	}
	setting_patterns_free(reading.patterns);
	diagnostics_sort(diagnostics);
	if (reading.out_of_memory) {
		return site_config_free(reading.config);
	}
	reading.config->faulty = diagnostics->errors > errors;
	return reading.config;
}

/* Closes the file. */
static bool whole_config(
	struct yaml_file *file, struct diagnostics *diagnostics, struct site_config **ret_config)
{
	struct site_config *config = read_tree(file, diagnostics);

	yaml_close(file);
	if (!config || config->faulty) {
		site_config_free(config);
		return false;
	}
	*ret_config = config;
	return true;
}

struct site_config *site_config_read_faulty(const char *path, struct diagnostics *diagnostics)
{
	struct yaml_file *file = NULL;

	if (yaml_read_file(path, diagnostics, &file) != YAML_OK) {
		return NULL;
	}
	struct site_config *config = read_tree(file, diagnostics);
	yaml_close(file);
	return config;
}

bool site_config_read(
	const char *path, struct diagnostics *diagnostics, struct site_config **ret_config)
{
	struct yaml_file *file = NULL;

	return yaml_read_file(path, diagnostics, &file) == YAML_OK &&
	       whole_config(file, diagnostics, ret_config);
}

bool site_config_read_text(const char *name, const char *text, struct diagnostics *diagnostics,
	struct site_config **ret_config)
{
	struct yaml_file *file = NULL;

	return yaml_read_text(name, text, strlen(text), diagnostics, &file) == YAML_OK &&
	       whole_config(file, diagnostics, ret_config);
}

struct config_endpoint config_bus_endpoint(const struct config_bus *bus)
{
	return bus->kind == CONFIG_BUS_TCP ? bus->tcp : bus->rtu_over_tcp;
}

const struct config_bus *site_config_bus(const struct site_config *config, const char *id)
{
	for (size_t i = 0; i < config->buses_count; i++) {
		if (config->buses[i].id && strcmp(config->buses[i].id, id) == 0) {
			return &config->buses[i];
		}
	}
	return NULL;
}

const struct config_meter *site_config_meter(const struct site_config *config, const char *id)
{
	for (size_t i = 0; i < config->meters_count; i++) {
		if (config->meters[i].id && strcmp(config->meters[i].id, id) == 0) {
			return &config->meters[i];
		}
	}
	return NULL;
}

int64_t config_proxy_port(const struct config_broker *broker)
{
	return broker->socks5.port ? broker->socks5.port : SOCKS5_PORT;
}

int64_t config_broker_port(const struct config_broker *broker)
{
	return broker->port ? broker->port : broker->tls == CONFIG_YES ? 8883 : 1883;
}

struct site_config *site_config_free(struct site_config *config)
{
	if (config) {
		arena_free(config->arena);
		free(config);
	}
	return NULL;
}
