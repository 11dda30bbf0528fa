/* SPDX-License-Identifier: Apache-2.0 */
/* site_config_check.c -- The site, its broker, its periods, and the tree of its meters. */
#include "config/site_config_check.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/setting_value.h"
#include "config/spelling.h"

#define REPORT(at, ...) \
	diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, config->file, at, __VA_ARGS__)

static const int64_t day_ms = INT64_C(86400000);
static const char zones[] = "/usr/share/zoneinfo";

/* Where the zone data base is installed, the name must be in it. */
static void check_timezone(const struct site_config *config, struct diagnostics *diagnostics)
{
	char path[128];

	if (!config->timezone || access(zones, F_OK) != 0) {
		return;
	}
	snprintf(path, sizeof(path), "%s/%s", zones, config->timezone);
	if (config->timezone[0] == '/' || config->timezone[0] == '.' ||
		strstr(config->timezone, "..") || access(path, R_OK) != 0) {
		REPORT(config->timezone_at,
			"timezone: \"%s\" is no time zone; allowed: a name such as "
			"\"Europe/Oslo\"",
			config->timezone);
	}
}

static void check_divides_day(const struct site_config *config, struct diagnostics *diagnostics)
{
	const struct {
		const char *key;
		int64_t ms;
		struct file_position at;
	} periods[] = {
		{"length", config->interval_ms, config->interval_ms_at},
		{"trends", config->trend_ms,    config->trend_ms_at   },
	};

	for (size_t i = 0; i < sizeof(periods) / sizeof(periods[0]); i++) {
		char text[SPAN_TEXT_MAX];
		if (periods[i].ms == 0 || day_ms % periods[i].ms == 0) {
			continue;
		}
		duration_print(text, periods[i].ms);
		REPORT(periods[i].at,
			"%s: a day does not hold a whole number of \"%s\"; allowed: a divisor of "
			"1 d, such as 5 min, 15 min, 1 h",
			periods[i].key, text);
	}
}

/* One period that must not be shorter than another; both as the file names them. */
struct period_pair {
	const char *longer;
	int64_t longer_ms;
	struct file_position longer_at;
	const char *shorter;
	int64_t shorter_ms;
	struct file_position shorter_at;
	enum diagnostic_severity severity;
	const char *consequence;
};

static void check_pair(const struct site_config *config, struct diagnostics *diagnostics,
	const struct period_pair *pair)
{
	char longer[SPAN_TEXT_MAX];
	char shorter[SPAN_TEXT_MAX];

	if (pair->longer_ms == 0 || pair->longer_ms >= pair->shorter_ms) {
		return;
	}
	duration_print(longer, pair->longer_ms);
	duration_print(shorter, pair->shorter_ms);
	diagnostics_add(diagnostics, pair->severity, config->file,
		pair->longer_at.line ? pair->longer_at : pair->shorter_at,
		"%s (%s) is shorter than %s (%s): %s", pair->longer, longer, pair->shorter, shorter,
		pair->consequence);
}

static void check_periods(const struct site_config *config, struct diagnostics *diagnostics)
{
	/* clang-format off */
	const struct period_pair pairs[] = {
		{"intervals: length", config->interval_ms, config->interval_ms_at,
		 "slow", config->slow_ms, config->slow_ms_at, DIAGNOSTIC_ERROR,
		 "counters must be read at least once an interval"},
		{"gap_limit", config->gap_limit_ms, config->gap_limit_ms_at,
		 "slow", config->slow_ms, config->slow_ms_at, DIAGNOSTIC_ERROR,
		 "every interval would be estimated"},
		{"trends", config->trend_ms, config->trend_ms_at,
		 "fast", config->fast_ms, config->fast_ms_at, DIAGNOSTIC_ERROR,
		 "a trend needs at least one reading"},
		{"live", config->live_ms, config->live_ms_at,
		 "fast", config->fast_ms, config->fast_ms_at, DIAGNOSTIC_WARNING,
		 "the same values go to the broker again"},
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		check_pair(config, diagnostics, &pairs[i]);
	}
}

static void check_meter_periods(const struct site_config *config, const struct config_meter *meter,
	struct diagnostics *diagnostics)
{
	/* clang-format off */
	const struct period_pair pairs[] = {
		{"intervals: length", config->interval_ms, meter->slow_ms_at,
		 "slow of this meter", meter->slow_ms, meter->slow_ms_at, DIAGNOSTIC_ERROR,
		 "counters must be read at least once an interval"},
		{"gap_limit", config->gap_limit_ms, meter->slow_ms_at,
		 "slow of this meter", meter->slow_ms, meter->slow_ms_at, DIAGNOSTIC_ERROR,
		 "every interval would be estimated"},
		{"trends", config->trend_ms, meter->fast_ms_at,
		 "fast of this meter", meter->fast_ms, meter->fast_ms_at, DIAGNOSTIC_ERROR,
		 "a trend needs at least one reading"},
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		check_pair(config, diagnostics, &pairs[i]);
	}
}

static void check_broker(const struct site_config *config, struct diagnostics *diagnostics)
{
	const struct config_broker *broker = &config->broker;

	if (!broker->certificate_file != !broker->key_file) {
		REPORT(broker->key_file ? broker->key_file_at : broker->certificate_file_at,
			"broker: certificate_file and key_file belong together; %s is missing",
			broker->key_file ? "certificate_file" : "key_file");
	}
	if (broker->password_file && !broker->user) {
		REPORT(broker->password_file_at,
			"broker: password_file stands without \"user\"; a broker wants both");
	}
	if (broker->tls == CONFIG_NO && broker->alpn) {
		REPORT(broker->alpn_at,
			"broker: alpn is a part of TLS; allowed: tls: yes, or no alpn");
	}
	if (broker->tls == CONFIG_NO && (broker->ca_file || broker->certificate_file)) {
		REPORT(broker->tls_at,
			"broker: certificates stand beside \"tls: no\"; allowed: tls: yes, or no "
			"certificates");
	}
}

/*
 * MQTT 3.1.1, section 4.4 has no word for "not allowed": what the access rules refuse is
 * acknowledged as a success. `auto` takes that for delivered until the first receipt.
 */
static void check_mqtt(const struct site_config *config, struct diagnostics *diagnostics)
{
	const struct config_broker *broker = &config->broker;

	if (broker->mqtt == CONFIG_MQTT_3_1_1 && broker->delivery != CONFIG_DELIVERY_RECEIPT) {
		REPORT(broker->delivery_at.line ? broker->delivery_at : broker->mqtt_at,
			"broker: mqtt: v3.1.1 acknowledges what the broker refuses, so that only "
			"an archive's receipt tells what has arrived; allowed: delivery: receipt "
			"beside it, or mqtt: v5");
	}
}

static void report_unknown_parent(const struct site_config *config,
	const struct config_meter *meter, struct diagnostics *diagnostics)
{
	struct spelling spelling = {.word = meter->parent};

	for (size_t i = 0; i < config->meters_count; i++) {
		if (config->meters[i].id) {
			spelling_offer(&spelling, config->meters[i].id);
		}
	}
	REPORT(meter->parent_at, "parent: there is no meter \"%s\"%s%s%s", meter->parent,
		spelling.nearest ? "; did you mean \"" : "",
		spelling.nearest ? spelling.nearest : "", spelling.nearest ? "\"?" : "");
}

/* Walks up at most as many steps as there are meters. */
static bool is_own_ancestor(const struct site_config *config, const struct config_meter *meter)
{
	const struct config_meter *above = meter;

	for (size_t i = 0; i < config->meters_count && above && above->parent; i++) {
		above = site_config_meter(config, above->parent);
		if (above == meter) {
			return true;
		}
	}
	return false;
}

static void check_parent(const struct site_config *config, const struct config_meter *meter,
	struct diagnostics *diagnostics)
{
	if (!meter->parent || !meter->id) {
		return;
	}
	if (!site_config_meter(config, meter->parent)) {
		report_unknown_parent(config, meter, diagnostics);
	} else if (is_own_ancestor(config, meter)) {
		REPORT(meter->parent_at,
			"parent: \"%s\" makes meter \"%s\" a part of itself; parents form a tree",
			meter->parent, meter->id);
	}
}

/* What a meter counts above one dwelling, and nothing else, is nearly that dwelling's. */
static void warn_single_dwelling(const struct site_config *config, const struct config_meter *meter,
	struct diagnostics *diagnostics)
{
	const struct config_meter *below = NULL;
	size_t count = 0;

	for (size_t i = 0; meter->id && i < config->meters_count; i++) {
		const struct config_meter *other = &config->meters[i];
		if (other->parent && strcmp(other->parent, meter->id) == 0) {
			below = other;
			count++;
		}
	}
	if (count == 1 && below->dwelling == CONFIG_YES && meter->dwelling != CONFIG_YES) {
		diagnostics_add(diagnostics, DIAGNOSTIC_WARNING, config->file, below->dwelling_at,
			"dwelling: meter \"%s\" has only this one below it, and tells by the "
			"interval what is nearly the same; write \"dwelling: yes\" there too, "
			"unless it counts much more",
			meter->id);
	}
}

static void check_transformer(const struct site_config *config, const struct config_meter *meter,
	struct diagnostics *diagnostics)
{
	if (meter->ct_in_meter != CONFIG_UNSET && meter->ct_at.line == 0) {
		REPORT(meter->ct_in_meter_at,
			"ct_in_meter: says nothing without \"ct\"; write the ratio (\"ct: 300/5\") "
			"or leave both out");
	}
	if (meter->ct.primary && meter->ct.primary < meter->ct.secondary) {
		REPORT(meter->ct_at,
			"ct: \"%lld/%lld\" turns the current up; allowed: primary above secondary, "
			"such as 300/5",
			(long long)meter->ct.primary, (long long)meter->ct.secondary);
	}
}

static void check_meter_id(const struct site_config *config, const struct config_meter *meter,
	struct diagnostics *diagnostics)
{
	const struct config_meter *first = meter->id ? site_config_meter(config, meter->id) : meter;

	if (first != meter) {
		REPORT(meter->id_at,
			"id: meter \"%s\" stands here a second time; the first is in line %d",
			meter->id, first->at.line);
	}
}

void site_config_check(const struct site_config *config, struct diagnostics *diagnostics)
{
	check_timezone(config, diagnostics);
	check_divides_day(config, diagnostics);
	check_periods(config, diagnostics);
	check_broker(config, diagnostics);
	check_mqtt(config, diagnostics);
	site_config_check_lines(config, diagnostics);
	for (size_t i = 0; i < config->meters_count; i++) {
		const struct config_meter *meter = &config->meters[i];
		check_meter_id(config, meter, diagnostics);
		check_parent(config, meter, diagnostics);
		warn_single_dwelling(config, meter, diagnostics);
		check_transformer(config, meter, diagnostics);
		check_meter_periods(config, meter, diagnostics);
	}
}
