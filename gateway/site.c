/* SPDX-License-Identifier: Apache-2.0 */
/* site.c -- site.h: meters with their models, then lines, devices, and the forecast. */
#include "gateway/site.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/arena.h"
#include "gateway/site_parts.h"

static bool take_arrays(struct site *site, const struct site_config *config)
{
	site->config = config;
	site->arena = arena_new();
	if (!site->arena) {
		return false;
	}
	site->buses_count = config->buses_count;
	site->buses = arena_take(site->arena, site->buses_count * sizeof(*site->buses));
	site->meters_count = config->meters_count;
	site->meters = arena_take(site->arena, site->meters_count * sizeof(*site->meters));
	return site->buses && site->meters;
}

static void join_meters(struct site_joining *joining)
{
	struct site *site = joining->site;

	for (size_t i = 0; i < site->meters_count; i++) {
		struct site_meter *meter = &site->meters[i];
		meter->config = &joining->config->meters[i];
		const struct config_bus *bus =
			meter->config->bus ? site_config_bus(joining->config, meter->config->bus)
					   : NULL;
		/* Only a faulty configuration lacks a bus or a model, and said so. */
		meter->bus = bus ? (size_t)(bus - joining->config->buses) : site->buses_count;
		if (bus) {
			site->buses[meter->bus].meters_count++;
		}
		if (!meter->config->model) {
			continue;
		}
		site_join_meter(joining, meter);
	}
}

static bool join_buses(struct site_joining *joining)
{
	for (size_t i = 0; i < joining->site->buses_count; i++) {
		joining->site->buses[i].config = &joining->config->buses[i];
		site_join_line(joining, i);
		if (!site_join_devices(joining, i)) {
			return false;
		}
	}
	return true;
}

/* Said once, and not at every model that was looked for in vain. */
static bool has_models_directory(struct site_joining *joining)
{
	const char *directory = joining->config->models_directory;

	if (!directory || access(directory, R_OK | X_OK) == 0) {
		return true;
	}
	SITE_REPORT(joining, joining->config->models_directory_at,
		"models_directory: \"%s\" cannot be read: %s", directory, strerror(errno));
	return false;
}

/* False when memory is out. */
static bool join(struct site_joining *joining, size_t errors_before)
{
	if (!has_models_directory(joining)) {
		return true;
	}
	join_meters(joining);
	if (joining->config->faulty) {
		return true;
	}
	if (!join_buses(joining)) {
		return false;
	}
	if (joining->diagnostics->errors > errors_before) {
		return true;
	}
	for (size_t i = 0; i < joining->site->buses_count; i++) {
		site_forecast_bus(joining, i);
	}
	joining->site->megabytes_a_month = site_forecast_traffic(joining->site);
	return true;
}

bool site_make(const struct site_config *config, struct model_library *library,
	struct diagnostics *diagnostics, struct site **ret_site)
{
	const size_t errors = diagnostics->errors;
	struct site_joining joining = {
		.site = calloc(1, sizeof(struct site)),
		.config = config,
		.library = library,
		.diagnostics = diagnostics,
	};

	if (!joining.site || !take_arrays(joining.site, config) || !join(&joining, errors)) {
		SITE_REPORT(&joining, (struct file_position){0}, "memory is out");
	}
	diagnostics_sort(diagnostics);
	if (diagnostics->errors > errors || config->faulty) {
		site_free(joining.site);
		return false;
	}
	*ret_site = joining.site;
	return true;
}

struct site *site_free(struct site *site)
{
	if (site) {
		arena_free(site->arena);
		free(site);
	}
	return NULL;
}
