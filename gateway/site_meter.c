/* SPDX-License-Identifier: Apache-2.0 */
/* site_meter.c -- One meter of the configuration against its model. */
#include <stdio.h>
#include <string.h>

#include "config/setting_value.h"
#include "config/settings.h"
#include "config/spelling.h"
#include "gateway/instant_text.h"
#include "gateway/local_time.h"
#include "gateway/site_parts.h"

enum { NAMES_TEXT_MAX = 1200 }; /* bytes, with the NUL: names of all quantities of a model */

/* "; did you mean "x"?", or nothing. */
static const char *hint(const struct spelling *spelling, char buffer[static 80])
{
	buffer[0] = '\0';
	if (spelling->nearest) {
		snprintf(buffer, 80, "; did you mean \"%s\"?", spelling->nearest);
	}
	return buffer;
}

/* The first meter of this model, when nothing came of it; NULL: it is good, or this is the first.
 */
static const struct site_meter *found_bad(
	const struct site_joining *joining, const struct site_meter *meter)
{
	for (const struct site_meter *other = joining->site->meters; other < meter; other++) {
		if (!other->model && other->config->model &&
			strcmp(other->config->model, meter->config->model) == 0) {
			return other;
		}
	}
	return NULL;
}

static void find_model(struct site_joining *joining, struct site_meter *meter)
{
	const size_t errors = joining->diagnostics->errors;
	const struct config_meter *config = meter->config;
	const struct site_meter *bad = found_bad(joining, meter);
	struct spelling spelling = {.word = config->model};
	char words[80];

	if (bad) {
		SITE_REPORT(joining, config->model_at,
			"model: \"%s\" cannot be used, as in line %d", config->model,
			bad->config->model_at.line);
		return;
	}
	meter->model = model_library_find(joining->library, config->model, joining->diagnostics);
	if (meter->model) {
		return;
	}
	if (joining->diagnostics->errors > errors) {
		SITE_REPORT(joining, config->model_at, "model: \"%s\" has errors of its own",
			config->model);
		return;
	}
	const char *name;
	for (size_t i = 0; (name = model_library_name(joining->library, i)); i++) {
		spelling_offer(&spelling, name);
	}
	SITE_REPORT(joining, config->model_at,
		"model: there is no model \"%s\"%s; `byport models` lists them", config->model,
		hint(&spelling, words));
}

static void take_option(
	struct site_joining *joining, struct site_meter *meter, const struct config_extra *extra)
{
	const struct model_option *option = &meter->model->option;
	struct spelling spelling = {.word = extra->text};
	char allowed[SETTING_ALLOWED_MAX];
	char words[80];
	size_t length = 0;

	if (model_option_find(option, extra->text, &meter->option_choice)) {
		return;
	}
	for (uint8_t i = 0; i < option->choices_count && length < sizeof(allowed); i++) {
		spelling_offer(&spelling, option->choices[i].name);
		length += (size_t)snprintf(allowed + length, sizeof(allowed) - length, "%s%s",
			i ? ", " : "", option->choices[i].name);
	}
	SITE_REPORT(joining, extra->at, "%s: \"%s\" is not understood%s; allowed: one of %s",
		extra->key, extra->text, hint(&spelling, words), allowed);
}

static void check_extras(struct site_joining *joining, struct site_meter *meter)
{
	const struct model_option *option = &meter->model->option;

	meter->option_choice = option->fallback;
	for (size_t i = 0; i < meter->config->extras_count; i++) {
		const struct config_extra *extra = &meter->config->extras[i];
		struct spelling spelling = {.word = extra->key};
		char words[80];
		if (option->key && strcmp(option->key, extra->key) == 0) {
			take_option(joining, meter, extra);
			continue;
		}
		for (size_t k = 0; k < settings_count; k++) {
			if (settings[k].section == SECTION_METER) {
				spelling_offer(&spelling, settings[k].key);
			}
		}
		if (option->key) {
			spelling_offer(&spelling, option->key);
		}
		SITE_REPORT(joining, extra->key_at,
			"meters: unknown key \"%s\"%s; model \"%s\" has %s%s%s", extra->key,
			hint(&spelling, words), meter->model->name,
			option->key ? "the option \"" : "no option of its own",
			option->key ? option->key : "", option->key ? "\"" : "");
	}
}

static void check_channel(struct site_joining *joining, const struct site_meter *meter)
{
	if (meter->config->channel > meter->model->channels) {
		SITE_REPORT(joining, meter->config->channel_at,
			"channel: \"%lld\" is out of range; model \"%s\" has %d",
			(long long)meter->config->channel, meter->model->name,
			meter->model->channels);
	}
}

static void list_quantities(const struct site_meter *meter, char ret_text[static NAMES_TEXT_MAX])
{
	size_t length = 0;

	for (size_t i = 0; i < meter->model->values_count && length < NAMES_TEXT_MAX; i++) {
		const struct model_value *value = &meter->model->values[i];
		if (value->channel == meter->config->channel) {
			length += (size_t)snprintf(ret_text + length, NAMES_TEXT_MAX - length,
				"%s%s", length ? ", " : "", quantity_info(value->quantity)->name);
		}
	}
}

static void check_quantity(
	struct site_joining *joining, const struct site_meter *meter, const char *name)
{
	struct spelling spelling = {.word = name};
	char has[NAMES_TEXT_MAX] = "nothing on this channel";
	char words[80];
	enum quantity quantity;
	bool known = quantity_find(name, &quantity);

	if (known && meter_model_value(meter->model, quantity, (uint8_t)meter->config->channel)) {
		return;
	}
	for (size_t i = 0; !known && i < QUANTITY_COUNT; i++) {
		spelling_offer(&spelling, quantity_info((enum quantity)i)->name);
	}
	list_quantities(meter, has);
	SITE_REPORT(joining, meter->config->quantities_at,
		known ? "quantities: model \"%s\" has no register for \"%s\"%s; it has %s"
		      : "quantities: model \"%s\": there is no quantity \"%s\"%s; it has %s",
		meter->model->name, name, hint(&spelling, words), has);
}

static bool has_scaled_by_ct(const struct site_meter *meter)
{
	for (size_t i = 0; i < meter->model->values_count; i++) {
		if (quantity_info(meter->model->values[i].quantity)->scaled_by_ct) {
			return true;
		}
	}
	return false;
}

static void check_transformer(struct site_joining *joining, const struct site_meter *meter)
{
	const struct config_meter *config = meter->config;

	if (config->ct.primary == 0) {
		return;
	}
	if (!has_scaled_by_ct(meter)) {
		SITE_REPORT(joining, config->ct_at,
			"ct: \"%lld/%lld\" has no meaning: model \"%s\" measures nothing through "
			"current transformers",
			(long long)config->ct.primary, (long long)config->ct.secondary,
			config->model);
	} else if (config->ct_in_meter == CONFIG_UNSET && !meter->model->ct_in_meter) {
		SITE_REPORT(joining, config->ct_at,
			"ct: \"%lld/%lld\" wants \"ct_in_meter\" beside it: \"yes\" where the "
			"ratio is set in the meter, \"no\" where the gateway is to multiply",
			(long long)config->ct.primary, (long long)config->ct.secondary);
	}
}

/* What the file asks for beyond what the registers change; the site's own periods just yield. */
static void check_update_period(struct site_joining *joining, const struct site_meter *meter)
{
	const struct config_meter *config = meter->config;
	const int64_t update_ms = meter->model->update_period_ms;
	const struct {
		const char *key;
		int64_t ms;
		struct file_position at;
	} periods[] = {
		{"fast",              config->fast_ms,              config->fast_ms_at},
		{"slow",              config->slow_ms,              config->slow_ms_at},
		{"intervals: length", joining->config->interval_ms, config->model_at  },
	};
	char least[SPAN_TEXT_MAX];
	char asked[SPAN_TEXT_MAX];

	duration_print(least, update_ms);
	for (size_t i = 0; i < sizeof(periods) / sizeof(periods[0]); i++) {
		if (periods[i].ms == 0 || periods[i].ms >= update_ms) {
			continue;
		}
		duration_print(asked, periods[i].ms);
		SITE_REPORT(joining, periods[i].at,
			"%s: \"%s\" is shorter than model \"%s\" changes its registers; allowed: "
			"%s or more",
			periods[i].key, asked, meter->model->name, least);
	}
}

static void check_transport(struct site_joining *joining, const struct site_meter *meter)
{
	const struct config_bus *bus = &joining->config->buses[meter->bus];

	if (meter->bus == joining->site->buses_count) {
		return;
	}
	if (bus->kind == CONFIG_BUS_RTU && !meter->model->rtu) {
		SITE_REPORT(joining, meter->config->bus_at,
			"bus: \"%s\" is an RS-485 line, and model \"%s\" is reached over TCP only",
			meter->config->bus, meter->model->name);
	}
}

static enum config_carrier carrier_of(const struct site_meter *meter)
{
	if (meter->config->carrier != CARRIER_UNSET) {
		return meter->config->carrier;
	}
	for (int i = CARRIER_UNSET + 1; i < CARRIER_COUNT; i++) {
		const char *name = carrier_name((enum config_carrier)i);
		if (meter->model->carrier && strcmp(meter->model->carrier, name) == 0) {
			return (enum config_carrier)i;
		}
	}
	return CARRIER_UNSET;
}

/* A date needs the zone's calendar, which is asked for where one stands. */
static void take_valid_from(struct site_joining *joining, struct site_meter *meter)
{
	const struct config_meter *config = meter->config;
	struct calendar calendar = {.count = 0};

	meter->valid_from_wall_ms = INT64_MIN;
	if (!config->valid_from) {
		return;
	}
	bool known = joining->config->timezone &&
		     local_time_calendar(joining->config->timezone, &calendar);
	if (!instant_text_parse(config->valid_from, &calendar, &meter->valid_from_wall_ms)) {
		SITE_REPORT(joining, config->valid_from_at,
			"valid_from: \"%s\" is in no calendar; allowed: a date such as "
			"\"2026-11-23\", or an instant such as \"2026-11-23T10:00:00Z\"",
			config->valid_from);
	} else if (!known && !strchr(config->valid_from, 'T')) {
		SITE_REPORT(joining, config->valid_from_at,
			"valid_from: \"%s\" cannot be told: the time zone is not known here; "
			"allowed: an instant such as \"2026-11-23T10:00:00Z\"",
			config->valid_from);
	}
}

void site_join_meter(struct site_joining *joining, struct site_meter *meter)
{
	find_model(joining, meter);
	if (!meter->model) {
		return;
	}
	meter->carrier = carrier_of(meter);
	check_extras(joining, meter);
	check_channel(joining, meter);
	check_transport(joining, meter);
	check_transformer(joining, meter);
	check_update_period(joining, meter);
	take_valid_from(joining, meter);
	for (size_t i = 0; i < meter->config->quantities.count; i++) {
		check_quantity(joining, meter, meter->config->quantities.names[i]);
	}
}

bool site_meter_wants(const struct site_meter *meter, const struct model_value *value)
{
	const struct config_names *quantities = &meter->config->quantities;

	if (value->channel != meter->config->channel) {
		return false;
	}
	for (size_t i = 0; i < quantities->count; i++) {
		if (strcmp(quantities->names[i], quantity_info(value->quantity)->name) == 0) {
			return true;
		}
	}
	return quantities->count == 0;
}

struct scale site_meter_ct(const struct site_meter *meter)
{
	const struct config_meter *config = meter->config;

	if (config->ct.primary == 0 || config->ct_in_meter != CONFIG_NO) {
		return (struct scale){1, 1};
	}
	return (struct scale){config->ct.primary, config->ct.secondary};
}

uint8_t site_meter_address(const struct site_meter *meter)
{
	if (meter->config->address >= 0) {
		return (uint8_t)meter->config->address;
	}
	return meter->model->tcp_unit ? meter->model->tcp_unit : 1;
}

static uint32_t period_ms(int64_t own_ms, int64_t site_ms, uint32_t update_ms)
{
	int64_t asked_ms = own_ms ? own_ms : site_ms;

	return asked_ms < update_ms ? update_ms : (uint32_t)asked_ms;
}

uint32_t site_meter_fast_ms(const struct site_config *config, const struct site_meter *meter)
{
	return period_ms(meter->config->fast_ms, config->fast_ms, meter->model->update_period_ms);
}

uint32_t site_meter_slow_ms(const struct site_config *config, const struct site_meter *meter)
{
	return period_ms(meter->config->slow_ms, config->slow_ms, meter->model->update_period_ms);
}

int64_t site_point_resolution(const struct device_point *point)
{
	struct scale inverse = {point->value->scale.denominator, point->value->scale.numerator};
	struct scale multiplier;
	int64_t resolution;

	if (inverse.denominator < 0) {
		inverse = (struct scale){-inverse.numerator, -inverse.denominator};
	}
	if (point->value->resolution <= 0 || inverse.denominator == 0 ||
		!scale_multiply(point->scale, inverse, &multiplier) ||
		!scale_apply(multiplier, point->value->resolution, &resolution) ||
		resolution <= 0) {
		return 0;
	}
	return resolution;
}
