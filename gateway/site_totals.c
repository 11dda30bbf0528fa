/* SPDX-License-Identifier: Apache-2.0 */
/* site_totals.c -- site_totals.h. */
#include "gateway/site_totals.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { NONE = QUANTITY_COUNT };

static_assert((int)CARRIER_COUNT <= (int)TOTALS_CARRIERS_MAX, "each carrier is a group of its own");

/* clang-format off */
static const struct {
	enum totals_kind kind;
	int in, out; /* quantities; NONE */
} carriers[CARRIER_COUNT] = {
	/*                            kind               in                             out */
	[CARRIER_UNSET]            = {TOTALS_NO_ENERGY,   NONE,                          NONE},
	[CARRIER_ELECTRICITY]      = {TOTALS_ELECTRICITY, QUANTITY_ACTIVE_ENERGY_IMPORT, QUANTITY_ACTIVE_ENERGY_EXPORT},
	[CARRIER_DISTRICT_HEAT]    = {TOTALS_HEAT,        QUANTITY_HEAT_ENERGY,          NONE},
	[CARRIER_DISTRICT_COOLING] = {TOTALS_COOLING,     QUANTITY_COOLING_ENERGY,       NONE},
	[CARRIER_NATURAL_GAS]      = {TOTALS_FUEL,        NONE,                          NONE},
	[CARRIER_LPG]              = {TOTALS_FUEL,        NONE,                          NONE},
	[CARRIER_FUEL_OIL]         = {TOTALS_FUEL,        NONE,                          NONE},
	/* A heat meter behind the boiler counts what the fuel gave. */
	[CARRIER_BIOFUEL]          = {TOTALS_FUEL,        QUANTITY_HEAT_ENERGY,          NONE},
	[CARRIER_SOLAR_HEAT]       = {TOTALS_HEAT,        QUANTITY_HEAT_ENERGY,          NONE},
	[CARRIER_WATER]            = {TOTALS_NO_ENERGY,   NONE,                          NONE},
};
/* clang-format on */

static enum totals_role role_of(enum config_use use)
{
	if (use == USE_MOBILE)
		return TOTALS_MOBILE;
	return use == USE_PV ? TOTALS_PV : TOTALS_CONSUMER;
}

static bool reads(const struct site_meter *meter, int quantity)
{
	for (size_t i = 0; i < meter->points_count; i++)
		if ((int)meter->points[i].value->quantity == quantity)
			return true;
	return false;
}

static int32_t parent_of(const struct site *site, const struct config_meter *config)
{
	for (size_t i = 0; config->parent != NULL && i < site->meters_count; i++)
		if (strcmp(site->meters[i].config->id, config->parent) == 0)
			return (int32_t)i;
	return TOTALS_NO_PARENT;
}

static struct totals_meter meter_of(const struct site *site, const struct site_meter *meter)
{
	return (struct totals_meter){
		.parent = parent_of(site, meter->config),
		.kind = (uint8_t)carriers[meter->carrier].kind,
		.role = (uint8_t)role_of(meter->config->use),
		.carrier = (uint8_t)meter->carrier,
		.use = (uint8_t)meter->config->use,
		.is_daily = meter->config->dwelling == CONFIG_YES,
		.reads = {reads(meter, carriers[meter->carrier].in),
			  reads(meter, carriers[meter->carrier].out)}
        };
}

static void add_scopes(struct site_totals *totals, enum totals_scope_kind kind, size_t count)
{
	const struct totals_site structure = site_totals_structure(totals);
	for (size_t i = 0; i < count; i++) {
		struct totals_scope scope = {kind, i};
		bool counts = totals_has_scope(&structure, scope);
		/* What counts no kWh has no total of its own. */
		if (kind == SCOPE_METER)
			counts = totals->meters[i].reads[TOTALS_IN] ||
				 totals->meters[i].reads[TOTALS_OUT];
		if (counts)
			totals->scopes[totals->scopes_count++] = scope;
	}
}

bool site_totals_make(const struct site *site, struct site_totals *ret_totals)
{
	size_t scopes_max = 1 + CARRIER_COUNT + USE_COUNT + site->meters_count;
	struct site_totals totals = {.site = site,
		.meters = calloc(site->meters_count + 1, sizeof *totals.meters),
		.scopes = calloc(scopes_max, sizeof *totals.scopes)};
	if (totals.meters == NULL || totals.scopes == NULL) {
		site_totals_clear(&totals);
		return false;
	}
	for (size_t i = 0; i < site->meters_count; i++)
		totals.meters[i] = meter_of(site, &site->meters[i]);
	add_scopes(&totals, SCOPE_GATEWAY, 1);
	add_scopes(&totals, SCOPE_CARRIER, CARRIER_COUNT);
	add_scopes(&totals, SCOPE_USE, USE_COUNT);
	add_scopes(&totals, SCOPE_METER, site->meters_count);
	*ret_totals = totals;
	return true;
}

void site_totals_clear(struct site_totals *totals)
{
	free(totals->meters);
	free(totals->scopes);
	*totals = (struct site_totals){.site = NULL};
}

struct totals_site site_totals_structure(const struct site_totals *totals)
{
	return (struct totals_site){totals->meters, totals->site->meters_count};
}

bool site_totals_quantity(const struct site_totals *totals, size_t meter, enum totals_series series,
	enum quantity *ret_quantity)
{
	enum config_carrier carrier = totals->site->meters[meter].carrier;
	if (!totals->meters[meter].reads[series])
		return false;
	*ret_quantity =
		(enum quantity)(series == TOTALS_IN ? carriers[carrier].in : carriers[carrier].out);
	return true;
}

void scope_word(char *word)
{
	for (; *word != '\0'; word++)
		if (*word == '_')
			*word = '-';
}

void site_totals_scope_name(const struct site_totals *totals, struct totals_scope scope,
	char ret_name[static TOTALS_SCOPE_MAX])
{
	switch (scope.kind) {
	case SCOPE_GATEWAY:
		snprintf(ret_name, TOTALS_SCOPE_MAX, "gateway");
		break;
	case SCOPE_CARRIER:
		snprintf(ret_name, TOTALS_SCOPE_MAX, "carrier-%s",
			carrier_name((enum config_carrier)scope.number));
		break;
	case SCOPE_USE:
		snprintf(ret_name, TOTALS_SCOPE_MAX, "use-%s",
			use_name((enum config_use)scope.number));
		break;
	case SCOPE_METER:
		snprintf(ret_name, TOTALS_SCOPE_MAX, "meter-%s",
			totals->site->meters[scope.number].config->id);
		break;
	}
	scope_word(ret_name);
}

bool site_totals_has_peaks(const struct site_totals *totals, size_t meter)
{
	const struct totals_meter *own = &totals->meters[meter];
	return own->parent == TOTALS_NO_PARENT && own->role != TOTALS_PV && !own->is_daily &&
	       own->reads[TOTALS_IN];
}

struct peak_rules site_peak_rules(const struct site_config *config, int64_t resolution)
{
	static const enum peak_rule rules[] = {
		[PEAKS_HIGHEST_HOUR] = PEAK_HIGHEST_HOUR,
		[PEAKS_MEAN_OF_DAYS] = PEAK_MEAN_OF_DAYS,
		[PEAKS_MEAN_OF_MONTHS] = PEAK_MEAN_OF_MONTHS,
	};
	return (struct peak_rules){.rule = rules[config->peak_rule],
		.count = (size_t)config->peak_count,
		.resolution = resolution};
}
