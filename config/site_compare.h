/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site_compare.h -- What must not differ between two configurations of one
 * gateway, and what must not be the same in the files of several. Pure.
 */
#ifndef CONFIG_SITE_COMPARE_H
#define CONFIG_SITE_COMPARE_H

#include "config/site_config.h"

/* A place on a line (device or host, address, channel) whose meter has another id than before. */
struct site_id_change {
	const struct config_meter *before;
	const struct config_meter *after;
};

/*
 * Ids that changed on the same line, address and channel: a new series begins
 * there. At most `max` of them are written; returns how many there are.
 */
size_t site_changed_ids(const struct site_config *before, const struct site_config *after,
	struct site_id_change *ret_changes, size_t max);

/* The same as warnings, at the place of the new id. */
void site_warn_changed_ids(const struct site_config *before, const struct site_config *after,
	struct diagnostics *diagnostics);

/*
 * Report what two gateways of a city must not share: their place in the topics
 * (city, site, gateway), and a meter id within one site.
 */
void site_report_clashes(
	const struct site_config *const *configs, size_t count, struct diagnostics *diagnostics);

#endif
