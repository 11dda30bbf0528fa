/* SPDX-License-Identifier: Apache-2.0 */
/*
 * simulation_spec.c -- The keys of lines and devices, one row each.
 */
#include "gateway/simulate/simulation_spec.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_SEED = 1, DEVICE_TEXT_MAX = 1024 };

void simulation_spec_begin(struct simulation_spec *spec)
{
	*spec = (struct simulation_spec){.seed = DEFAULT_SEED, .speed = 1};
}

void simulation_spec_clear(struct simulation_spec *spec)
{
	for (size_t i = 0; i < spec->lines_count; i++)
		free(spec->lines[i].devices);
	free(spec->lines);
	spec->lines = NULL;
	spec->lines_count = 0;
}

struct line_spec *spec_add_line(struct simulation_spec *spec, enum line_kind kind)
{
	if (spec->lines_count == SPEC_LINES_MAX)
		return NULL;
	struct line_spec *lines =
		realloc(spec->lines, (spec->lines_count + 1) * sizeof(*spec->lines));
	if (lines == NULL)
		return NULL;
	spec->lines = lines;
	struct line_spec *line = &spec->lines[spec->lines_count];
	*line = (struct line_spec){.settings = {.kind = kind}};
	snprintf(line->settings.name, sizeof(line->settings.name), "line%zu", ++spec->lines_count);
	snprintf(line->settings.host, sizeof(line->settings.host), "127.0.0.1");
	return line;
}

struct device_spec *spec_add_device(struct line_spec *line)
{
	if (line->devices_count == SPEC_DEVICES_MAX)
		return NULL;
	struct device_spec *devices =
		realloc(line->devices, (line->devices_count + 1) * sizeof(*line->devices));
	if (devices == NULL)
		return NULL;
	line->devices = devices;
	line->devices[line->devices_count] = (struct device_spec){.address = 1};
	return &line->devices[line->devices_count++];
}

bool spec_integer(const char *text, int64_t min, int64_t max, int64_t *ret_number)
{
	char *end = NULL;
	errno = 0;
	long long number = strtoll(text, &end, 10);
	if (end == text || *end != '\0' || errno != 0 || number < min || number > max)
		return false;
	*ret_number = number;
	return true;
}

bool spec_time_of_day(const char *text, int32_t *ret_seconds)
{
	int hour = 0;
	int minute = 0;
	int second = 0;
	int length = 0;
	if (sscanf(text, "%2d:%2d%n", &hour, &minute, &length) < 2 || length == 0)
		return false;
	if (text[length] == ':') {
		int more = 0;
		if (sscanf(text + length, ":%2d%n", &second, &more) < 1 || more == 0)
			return false;
		length += more;
	}
	if (text[length] != '\0' || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
		second < 0 || second > 59)
		return false;
	*ret_seconds = hour * 3600 + minute * 60 + second;
	return true;
}

static bool copy_text(char *to, size_t size, const char *text)
{
	size_t length = strlen(text);
	if (length == 0 || length >= size)
		return false;
	memcpy(to, text, length + 1);
	return true;
}

static bool yes_no(const char *text, bool *ret_yes)
{
	bool yes = strcmp(text, "yes") == 0;
	if (!yes && strcmp(text, "no") != 0)
		return false;
	*ret_yes = yes;
	return true;
}

/* --- devices ---------------------------------------------------------------- */

static bool set_name(struct device_spec *device, const char *text)
{
	return strcspn(text, " \t") == strlen(text) &&
	       copy_text(device->name, sizeof(device->name), text);
}

static bool set_model(struct device_spec *device, const char *text)
{
	return copy_text(device->model, sizeof(device->model), text);
}

static bool set_address(struct device_spec *device, const char *text)
{
	int64_t number = 0;
	if (!spec_integer(text, 0, 255, &number))
		return false;
	device->address = (uint8_t)number;
	return true;
}

static bool set_serial(struct device_spec *device, const char *text)
{
	return copy_text(device->serial_number, sizeof(device->serial_number), text);
}

static bool set_option(struct device_spec *device, const char *text)
{
	return copy_text(device->option, sizeof(device->option), text);
}

static bool set_ct(struct device_spec *device, const char *text)
{
	char primary[16] = "";
	const char *slash = strchr(text, '/');
	if (slash == NULL || (size_t)(slash - text) >= sizeof(primary))
		return false;
	memcpy(primary, text, (size_t)(slash - text));
	return spec_integer(primary, 1, 100000, &device->ct_primary) &&
	       spec_integer(slash + 1, 1, 100000, &device->ct_secondary);
}

static bool set_strict(struct device_spec *device, const char *text)
{
	return yes_no(text, &device->strict);
}

static bool set_marker(struct device_spec *device, const char *text)
{
	int64_t number = 0;
	if (!spec_integer(text, 0, 3, &number))
		return false;
	device->marker = (uint8_t)number;
	return true;
}

static bool set_values(struct device_spec *device, const char *text)
{
	unsigned place = 0;
	return (strcmp(text, "fixed") == 0 || scenario_place_find(text, &place)) &&
	       copy_text(device->values, sizeof(device->values), text);
}

static bool set_csv(struct device_spec *device, const char *text)
{
	return copy_text(device->csv, sizeof(device->csv), text);
}

static bool set_time_column(struct device_spec *device, const char *text)
{
	return copy_text(device->time_column, sizeof(device->time_column), text);
}

/* "COLUMN=QUANTITY". */
static bool set_column(struct device_spec *device, const char *text)
{
	const char *equals = strrchr(text, '=');
	size_t at = device->columns_count;
	if (equals == NULL || at == READINGS_COLUMNS_MAX || equals == text ||
		(size_t)(equals - text) >= SPEC_TEXT_MAX ||
		!quantity_find(equals + 1, &device->csv_columns[at].quantity))
		return false;
	memcpy(device->columns[at], text, (size_t)(equals - text));
	device->columns[at][equals - text] = '\0';
	device->columns_count++;
	return true;
}

static bool set_interpolate(struct device_spec *device, const char *text)
{
	return yes_no(text, &device->interpolate);
}

struct device_key {
	const char *name;
	bool (*set)(struct device_spec *device, const char *text);
	const char *allowed;
};

/* clang-format off */
static const struct device_key device_keys[] = {
	{"name",        set_name,        "1 to 63 characters without blanks"},
	{"model",       set_model,       "a meter model; `byport models` lists them"},
	{"address",     set_address,     "a number from 0 to 255"},
	{"serial",      set_serial,      "1 to 32 characters"},
	{"option",      set_option,      "a choice of the model's own option, such as MWh"},
	{"ct",          set_ct,          "PRIMARY/SECONDARY in ampere, such as 300/5"},
	{"strict",      set_strict,      "yes or no"},
	{"marker",      set_marker,      "0 to 3: which of the model's places the SunSpec marker stands at"},
	{"values",      set_values,      "fixed, or a place in the building: building, heat, ventilation, kitchen, lighting, "
	                                 "hot-water, gym, servers, equipment, chargers or pv"},
	{"csv",         set_csv,         "a file of readings"},
	{"time-column", set_time_column, "the name of the column that holds instants"},
	{"column",      set_column,      "COLUMN=QUANTITY, such as heat_kwh_register=heat_energy"},
	{"interpolate", set_interpolate, "yes or no"},
};
/* clang-format on */

static bool hold_quantity(
	struct device_spec *device, enum quantity quantity, const char *text, char *ret_reason)
{
	const struct quantity_info *info = quantity_info(quantity);
	struct spec_hold *hold = &device->holds[device->holds_count];
	if (device->holds_count == SPEC_HOLDS_MAX ||
		!decimal_parse(text, info->decimals, &hold->number)) {
		snprintf(ret_reason, SPEC_REASON_MAX,
			"%s: `%.40s` is not a number of %s with at most %d decimals", info->name,
			text, info->unit, info->decimals);
		return false;
	}
	hold->quantity = quantity;
	device->holds_count++;
	return true;
}

static bool add_fault(struct device_spec *device, const char *text, char *ret_reason)
{
	char reason[FAULT_REASON_MAX];
	if (device->faults_count == DEVICE_FAULTS_MAX) {
		snprintf(ret_reason, SPEC_REASON_MAX, "more than %d faults", DEVICE_FAULTS_MAX);
		return false;
	}
	if (!fault_parse(text, &device->faults[device->faults_count], reason)) {
		snprintf(ret_reason, SPEC_REASON_MAX, "fault: %s", reason);
		return false;
	}
	device->faults_count++;
	return true;
}

static bool refuse_device_key(const char *key, char *ret_reason)
{
	int used = snprintf(
		ret_reason, SPEC_REASON_MAX, "`%.40s` is no key of a device; there are", key);
	for (size_t i = 0; i < sizeof(device_keys) / sizeof(device_keys[0]); i++)
		used += snprintf(ret_reason + used, (size_t)(SPEC_REASON_MAX - used), " %s",
			device_keys[i].name);
	snprintf(ret_reason + used, (size_t)(SPEC_REASON_MAX - used),
		" fault, and the name of every quantity");
	return false;
}

bool device_spec_set(struct device_spec *device, const char *key, const char *text,
	char ret_reason[static SPEC_REASON_MAX])
{
	enum quantity quantity;
	if (strcmp(key, "fault") == 0)
		return add_fault(device, text, ret_reason);
	if (quantity_find(key, &quantity))
		return hold_quantity(device, quantity, text, ret_reason);
	for (size_t i = 0; i < sizeof(device_keys) / sizeof(device_keys[0]); i++) {
		if (strcmp(device_keys[i].name, key) != 0)
			continue;
		if (device_keys[i].set(device, text))
			return true;
		snprintf(ret_reason, SPEC_REASON_MAX, "%s: `%.80s`; allowed is %s", key, text,
			device_keys[i].allowed);
		return false;
	}
	return refuse_device_key(key, ret_reason);
}

bool device_spec_parse(
	struct device_spec *device, const char *text, char ret_reason[static SPEC_REASON_MAX])
{
	char copy[DEVICE_TEXT_MAX];
	if (strlen(text) >= sizeof(copy)) {
		snprintf(ret_reason, SPEC_REASON_MAX, "`%.40s...` is longer than %zu characters",
			text, sizeof(copy) - 1);
		return false;
	}
	memcpy(copy, text, strlen(text) + 1);
	char *at = copy;
	char *model = strsep(&at, ",");
	char *address = strchr(model, '@');
	if (address != NULL)
		*address++ = '\0';
	if (!device_spec_set(device, "model", model, ret_reason) ||
		(address != NULL && !device_spec_set(device, "address", address, ret_reason)))
		return false;
	while (at != NULL) {
		char *value = strsep(&at, ",");
		char *key = strsep(&value, "=");
		if (value == NULL) {
			snprintf(ret_reason, SPEC_REASON_MAX,
				"`%.40s` in `%.80s`: behind MODEL@ADDRESS stands key=value", key,
				text);
			return false;
		}
		if (!device_spec_set(device, key, value, ret_reason))
			return false;
	}
	return true;
}

/* --- lines ------------------------------------------------------------------ */

static bool set_line_name(struct simulated_line_settings *settings, const char *text)
{
	return copy_text(settings->name, sizeof(settings->name), text);
}

static bool set_link(struct simulated_line_settings *settings, const char *text)
{
	return settings->kind == LINE_PTY &&
	       copy_text(settings->link, sizeof(settings->link), text);
}

static bool set_baud(struct simulated_line_settings *settings, const char *text)
{
	int64_t baud = 0;
	if (!spec_integer(text, 0, 4000000, &baud) || (baud > 0 && baud < 300))
		return false;
	settings->baud = (uint32_t)baud;
	return true;
}

static bool set_answer_ms(struct simulated_line_settings *settings, const char *text)
{
	int64_t min = 0;
	int64_t max = 0;
	char first[16] = "";
	const char *dots = strstr(text, "..");
	size_t length = dots != NULL ? (size_t)(dots - text) : strlen(text);
	if (length >= sizeof(first))
		return false;
	memcpy(first, text, length);
	if (!spec_integer(first, 0, 60000, &min) ||
		!spec_integer(dots != NULL ? dots + 2 : first, min, 60000, &max))
		return false;
	settings->answer_ms_min = (uint32_t)min;
	settings->answer_ms_max = (uint32_t)max;
	return true;
}

/* "HOST:PORT", "[::1]:PORT", or ":PORT" on loopback. */
static bool set_listen(struct simulated_line_settings *settings, const char *text)
{
	int64_t port = 0;
	const char *colon = strrchr(text, ':');
	if (settings->kind == LINE_PTY || colon == NULL ||
		!spec_integer(colon + 1, 0, 65535, &port))
		return false;
	size_t length = (size_t)(colon - text);
	if (length >= 2 && text[0] == '[' && text[length - 1] == ']') {
		text++;
		length -= 2;
	}
	if (length >= sizeof(settings->host))
		return false;
	if (length > 0) {
		memcpy(settings->host, text, length);
		settings->host[length] = '\0';
	}
	settings->port = (uint16_t)port;
	return true;
}

static const struct {
	const char *name;
	bool (*set)(struct simulated_line_settings *settings, const char *text);
	const char *allowed;
} line_keys[] = {
	{"name",      set_line_name, "1 to 63 characters"                               },
	{"link",      set_link,      "a path for a symbolic link to the pseudo-terminal"},
	{"baud",      set_baud,      "0 (as fast as it goes) or 300 to 4000000"         },
	{"answer-ms", set_answer_ms, "milliseconds, or a range such as 5..20"           },
	{"listen",    set_listen,    "HOST:PORT, where port 0 lets the kernel choose"   },
};

bool line_spec_set(struct line_spec *line, const char *key, const char *text,
	char ret_reason[static SPEC_REASON_MAX])
{
	for (size_t i = 0; i < sizeof(line_keys) / sizeof(line_keys[0]); i++) {
		if (strcmp(line_keys[i].name, key) != 0)
			continue;
		if (line_keys[i].set(&line->settings, text))
			return true;
		snprintf(ret_reason, SPEC_REASON_MAX, "%s: `%.80s`; allowed is %s", key, text,
			line_keys[i].allowed);
		return false;
	}
	snprintf(ret_reason, SPEC_REASON_MAX,
		"`%.40s` is no key of a line; there are name, link, baud, answer-ms, listen and "
		"devices",
		key);
	return false;
}
