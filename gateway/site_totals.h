/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site_totals.h -- A site's structure as totals are made of it: which meters
 * there are, which counter of each is its energy, and the scopes that have a
 * total. For the daemon and for `byport history`, so that both say the same.
 */
#ifndef GATEWAY_SITE_TOTALS_H
#define GATEWAY_SITE_TOTALS_H

#include "gateway/core/peaks.h"
#include "gateway/core/totals.h"
#include "gateway/message.h"
#include "gateway/site.h"

struct site_totals {
	const struct site *site;
	struct totals_meter *meters; /* as the site's, in its order */
	struct totals_scope *scopes; /* the gateway, carriers, uses, meters */
	size_t scopes_count;
};

/* False when memory is out. The site must outlive it. */
__attribute__((warn_unused_result)) bool site_totals_make(
	const struct site *site, struct site_totals *ret_totals);
void site_totals_clear(struct site_totals *totals);

struct totals_site site_totals_structure(const struct site_totals *totals);

/* The quantity behind a meter's series; false: its carrier has none, or it is not read. */
bool site_totals_quantity(const struct site_totals *totals, size_t meter, enum totals_series series,
	enum quantity *ret_quantity);

/* "gateway", "carrier-district-heat", "use-hot-water", "meter-<id>": the first word tells the kind,
 * so that no name can be another's. */
void site_totals_scope_name(const struct site_totals *totals, struct totals_scope scope,
	char ret_name[static TOTALS_SCOPE_MAX]);
/* "district-heat" for "district_heat". */
void scope_word(char *word);

/* A meter whose power peaks are of interest: it has a supply of its own, counts kWh, and is no
 * dwelling's. */
bool site_totals_has_peaks(const struct site_totals *totals, size_t meter);

/* The rule, for a counter that moves in steps of `resolution`. */
struct peak_rules site_peak_rules(const struct site_config *config, int64_t resolution);

#endif
