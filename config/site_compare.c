/* SPDX-License-Identifier: Apache-2.0 */
/* site_compare.c -- site_compare.h. */
#include "config/site_compare.h"

#include <string.h>

static bool same_place(const struct site_config *a, const struct config_meter *a_meter,
	const struct site_config *b, const struct config_meter *b_meter)
{
	const struct config_bus *a_bus = site_config_bus(a, a_meter->bus);
	const struct config_bus *b_bus = site_config_bus(b, b_meter->bus);

	return a_bus && b_bus && config_same_line(a_bus, b_bus) &&
	       a_meter->address == b_meter->address && a_meter->channel == b_meter->channel;
}

static const struct config_meter *meter_at(const struct site_config *config,
	const struct site_config *other, const struct config_meter *other_meter)
{
	for (size_t i = 0; i < config->meters_count; i++) {
		if (same_place(config, &config->meters[i], other, other_meter)) {
			return &config->meters[i];
		}
	}
	return NULL;
}

size_t site_changed_ids(const struct site_config *before, const struct site_config *after,
	struct site_id_change *ret_changes, size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < after->meters_count; i++) {
		const struct config_meter *meter = &after->meters[i];
		const struct config_meter *earlier = meter_at(before, after, meter);
		if (!earlier || strcmp(earlier->id, meter->id) == 0) {
			continue;
		}
		if (count < max) {
			ret_changes[count] = (struct site_id_change){earlier, meter};
		}
		count++;
	}
	return count;
}

void site_warn_changed_ids(const struct site_config *before, const struct site_config *after,
	struct diagnostics *diagnostics)
{
	struct site_id_change changes[CONFIG_METERS_MAX];
	size_t count = site_changed_ids(before, after, changes, CONFIG_METERS_MAX);

	for (size_t i = 0; i < count; i++) {
		diagnostics_add(diagnostics, DIAGNOSTIC_WARNING, after->file,
			changes[i].after->id_at,
			"id: the meter here was \"%s\" and is \"%s\" now: a new series begins, the "
			"old one ends; to keep the series, keep the id and change the name",
			changes[i].before->id, changes[i].after->id);
	}
}

static bool same_site(const struct site_config *a, const struct site_config *b)
{
	return strcmp(a->city, b->city) == 0 && strcmp(a->site, b->site) == 0;
}

static void report_pair(const struct site_config *earlier, const struct site_config *config,
	struct diagnostics *diagnostics)
{
	if (strcmp(earlier->gateway, config->gateway) == 0) {
		diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, config->file, config->gateway_at,
			"gateway \"%s\" of site \"%s\" in \"%s\" is in %s:%d too; each board of a "
			"site has an id of its own",
			config->gateway, config->site, config->city, earlier->file,
			earlier->gateway_at.line);
	}
	for (size_t i = 0; i < config->meters_count; i++) {
		const struct config_meter *meter = &config->meters[i];
		const struct config_meter *first = site_config_meter(earlier, meter->id);
		if (first) {
			diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, config->file, meter->id_at,
				"id: meter \"%s\" of site \"%s\" is in %s:%d too; ids are unique "
				"within a site",
				meter->id, config->site, earlier->file, first->id_at.line);
		}
	}
}

void site_report_clashes(
	const struct site_config *const *configs, size_t count, struct diagnostics *diagnostics)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < i; k++) {
			if (same_site(configs[k], configs[i])) {
				report_pair(configs[k], configs[i], diagnostics);
			}
		}
	}
}
