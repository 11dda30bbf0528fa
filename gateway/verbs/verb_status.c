/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verb_status.c -- `byport status`: how the running gateway is.
 */
#include <getopt.h>
#include <string.h>

#include "gateway/terminal.h"
#include "gateway/verbs/ask_daemon.h"
#include "gateway/verbs/verb.h"

enum status_option { OPTION_SOCKET, OPTION_CONFIG, OPTION_JSON, OPTION_COUNT };

enum {
	COUNTS_MAX = 128,
	WRITTEN_MAX = 96,
	CARD_WARN_PERCENT = 10, /* of its life left, as `byport-city gateways` has it */
};

/* clang-format off */
static const struct verb_option options[] = {
	[OPTION_SOCKET] = {"socket", "PATH", "the daemon's control socket"},
	[OPTION_CONFIG] = {"config", "FILE", "find the socket in this configuration"},
	[OPTION_JSON]   = {"json", NULL, "one JSON object instead of tables"},
	[OPTION_COUNT]  = {0},
};
/* clang-format on */

static const struct verb_usage usage = {
	.name = "status",
	.synopsis = "[--socket PATH | --config FILE] [--json]",
	.help = "Shows how the running gateway is: clock, broker, what waits to be sent, lines "
		"and\n"
		"meters.\n"
		"Exit status: 0 all is well, 1 something is not, 2 not understood, 3 no daemon or "
		"no\n"
		"access.",
	.options = options,
};

/* ---- what is well ---- */

static bool all_true(const json_t *array, const char *key)
{
	size_t index;
	const json_t *entry;
	json_array_foreach(
		array, index, entry) if (!json_is_true(json_object_get(entry, key))) return false;
	return true;
}

static bool meters_are_well(const json_t *meters)
{
	size_t index;
	const json_t *meter;
	json_array_foreach(meters, index,
		meter) if (strcmp(json_text_at(meter, "state"), "ok") != 0) return false;
	return true;
}

static bool broker_is_well(const json_t *broker)
{
	return json_is_true(json_object_get(broker, "connected")) &&
	       json_text_at(broker, "twin")[0] == '\0';
}

static bool is_well(const json_t *status)
{
	const json_t *clock = json_object_get(status, "clock");
	const json_t *store = json_object_get(status, "store");
	return strcmp(json_text_at(clock, "state"), "unknown") != 0 &&
	       broker_is_well(json_object_get(status, "broker")) &&
	       strcmp(json_text_at(store, "state"), "ok") == 0 &&
	       all_true(json_object_get(status, "buses"), "open") &&
	       meters_are_well(json_object_get(status, "meters"));
}

/* ---- the gateway ---- */

static void add_line(struct table *table, const char *what, enum tint tint, const char *text)
{
	table_cell(table, TINT_DIM, "%s", what);
	table_cell(table, tint, "%s", text);
}

static void add_gateway(struct table *table, const json_t *status)
{
	char text[300], age[16];
	age_print(age, json_number_at(status, "uptime_s", 0));
	snprintf(text, sizeof text, "%s/%s/%s, byport %s, running for %s",
		json_text_at(status, "city"), json_text_at(status, "site"),
		json_text_at(status, "gateway"), json_text_at(status, "version"), age);
	add_line(table, "gateway", TINT_PLAIN, text);
	add_line(table, "configuration", TINT_PLAIN, json_text_at(status, "configuration"));
	const json_t *clock = json_object_get(status, "clock");
	bool known = strcmp(json_text_at(clock, "state"), "unknown") != 0;
	snprintf(text, sizeof text, "%s, %s", json_text_at(clock, "state"),
		json_text_at(clock, "time"));
	add_line(table, "clock", known ? TINT_PLAIN : TINT_WARN, text);
}

static void add_broker(struct table *table, const json_t *broker)
{
	char text[400], age[16];
	bool connected = json_is_true(json_object_get(broker, "connected"));
	age_print(age, json_number_at(broker, "since_s", 0));
	snprintf(text, sizeof text, "%s:%d%s, %s for %s%s%s", json_text_at(broker, "host"),
		(int)json_number_at(broker, "port", 0),
		json_is_true(json_object_get(broker, "tls")) ? " (TLS)" : "",
		connected ? "connected" : "not connected", age, connected ? "" : ": ",
		connected ? "" : json_text_at(broker, "reason"));
	add_line(table, "broker", connected ? TINT_GOOD : TINT_BAD, text);
	if (json_text_at(broker, "twin")[0] != '\0') {
		add_line(table, "", TINT_BAD, "another gateway uses the same name: a copied card?");
		add_line(table, "", TINT_BAD, "give one of them another `gateway: id`");
	}
	const char *end = json_text_at(broker, "certificate_end");
	snprintf(text, sizeof text, "valid until %s", end);
	if (end[0] != '\0')
		add_line(table, "certificate", TINT_PLAIN, text);
}

static void add_store(struct table *table, const json_t *store)
{
	char text[300];
	size_t index;
	const json_t *stream;
	bool well = strcmp(json_text_at(store, "state"), "ok") == 0;
	snprintf(text, sizeof text, "%s, %s, %.1f of %.0f MiB", json_text_at(store, "directory"),
		json_text_at(store, "state"), json_number_at(store, "bytes", 0) / (1 << 20),
		json_number_at(store, "bytes_max", 0) / (1 << 20));
	add_line(table, "store", well ? TINT_PLAIN : TINT_BAD, text);
	json_array_foreach(json_object_get(store, "streams"), index, stream)
	{
		double undelivered = json_number_at(stream, "undelivered", -1);
		char receipts[80] = "";
		if (undelivered >= 0)
			snprintf(receipts, sizeof receipts, ", %.0f have no receipt", undelivered);
		snprintf(text, sizeof text, "%s: %.0f rows wait to be sent%s, %.0f stored",
			json_text_at(stream, "stream"), json_number_at(stream, "backlog", 0),
			receipts, json_number_at(stream, "last", 0));
		add_line(table, "", TINT_PLAIN, text);
	}
}

/* "3.1 MiB by the gateway, 11.0 MiB to the card in all"; "" where neither is known. */
static void print_written(const json_t *flash, const char *key, char ret_text[static WRITTEN_MAX])
{
	/* clang-format off */
	static const struct { const char *counter; const char *words; } parts[] = {
		{"written", "by the gateway"}, {"device", "to the card in all"}};
	/* clang-format on */
	size_t length = 0;
	ret_text[0] = '\0';
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		double bytes = json_number_at(json_object_get(flash, parts[i].counter), key, -1);
		if (bytes < 0)
			continue;
		int added = snprintf(ret_text + length, WRITTEN_MAX - length, "%s%.1f MiB %s",
			length > 0 ? ", " : "", bytes / (1 << 20), parts[i].words);
		length += added > 0 ? (size_t)added : 0;
	}
}

/* What is not known has no line. */
static void add_flash(struct table *table, const json_t *flash)
{
	char written[WRITTEN_MAX], text[WRITTEN_MAX + 80];
	double row = json_number_at(json_object_get(flash, "written"), "bytes_per_row", -1);
	print_written(flash, "bytes", written);
	snprintf(text, sizeof text, row >= 0 ? "%s; %.0f bytes a row" : "%s", written, row);
	if (written[0] != '\0')
		add_line(table, "written", TINT_PLAIN, text);
	print_written(flash, "bytes_day", written);
	snprintf(text, sizeof text, "%s in the last day", written);
	if (written[0] != '\0')
		add_line(table, "", TINT_PLAIN, text);
	double left = json_number_at(flash, "life_left", -1);
	const char *reserve = json_text_at(flash, "reserve");
	snprintf(text, sizeof text, "at least %.0f %% of its life left, reserve %s", left,
		reserve[0] != '\0' ? reserve : "not told");
	if (left >= 0)
		add_line(table, "card", left > CARD_WARN_PERCENT ? TINT_PLAIN : TINT_WARN, text);
}

static void print_gateway(const json_t *status, const struct terminal *terminal)
{
	static const struct table_column columns[] = {
		{"", false},
                {"", false}
        };
	struct table *table = table_new(columns, 2);
	add_gateway(table, status);
	add_broker(table, json_object_get(status, "broker"));
	add_store(table, json_object_get(status, "store"));
	add_flash(table, json_object_get(status, "flash"));
	table_print(table, terminal, stdout);
	table_free(table);
}

/* ---- buses and meters ---- */

static void print_buses(const json_t *buses, const struct terminal *terminal)
{
	static const struct table_column columns[] = {
		{"bus",    false},
                {"state",  false},
                {"load",   true },
                {"line",   false},
		{"reason", false}
        };
	struct table *table = table_new(columns, 5);
	size_t index;
	const json_t *bus;
	json_array_foreach(buses, index, bus)
	{
		bool open = json_is_true(json_object_get(bus, "open"));
		table_cell(table, TINT_PLAIN, "%s", json_text_at(bus, "id"));
		table_cell(table, open ? TINT_GOOD : TINT_BAD, "%s", open ? "open" : "gone");
		double load = json_number_at(bus, "load_percent", -1);
		if (load >= 0)
			table_cell(table, TINT_PLAIN, "%.0f %%", load);
		else
			table_cell(table, TINT_DIM, "-");
		double port = json_number_at(bus, "port", -1);
		if (port >= 0)
			table_cell(table, TINT_PLAIN, "%s:%.0f", json_text_at(bus, "line"), port);
		else
			table_cell(table, TINT_PLAIN, "%s", json_text_at(bus, "line"));
		table_cell(table, TINT_PLAIN, "%s", json_text_at(bus, "reason"));
	}
	table_print(table, terminal, stdout);
	table_free(table);
}

/* "3 timeout, 1 crc" */
static void print_errors(const json_t *errors, char ret_text[static COUNTS_MAX])
{
	const char *name;
	json_t *count;
	size_t length = 0;
	ret_text[0] = '\0';
	json_object_foreach((json_t *)(uintptr_t)errors, name, count)
	{
		int added = snprintf(ret_text + length, COUNTS_MAX - length, "%s%lld %s",
			length > 0 ? ", " : "", (long long)json_integer_value(count), name);
		length += added > 0 ? (size_t)added : 0;
		if (length >= COUNTS_MAX)
			return;
	}
}

static enum tint tint_of_state(const char *state)
{
	if (strcmp(state, "ok") == 0)
		return TINT_GOOD;
	return strcmp(state, "unknown") == 0 ? TINT_WARN : TINT_BAD;
}

static void add_meter(struct table *table, const json_t *meter)
{
	char age[16] = "-", errors[COUNTS_MAX];
	const char *state = json_text_at(meter, "state");
	double age_s = json_number_at(meter, "last_reading_age_s", -1);
	if (age_s >= 0)
		age_print(age, age_s);
	print_errors(json_object_get(meter, "errors"), errors);
	table_cell(table, TINT_PLAIN, "%s", json_text_at(meter, "id"));
	table_cell(table, tint_of_state(state), "%s", state);
	table_cell(table, TINT_PLAIN, "%s", age);
	table_cell(table, TINT_PLAIN, "%s/%d", json_text_at(meter, "bus"),
		(int)json_number_at(meter, "address", 0));
	table_cell(table, TINT_PLAIN, "%.0f", json_number_at(meter, "requests", 0));
	table_cell(table, TINT_PLAIN, "%.0f ms", 1000 * json_number_at(meter, "answer_time_s", 0));
	table_cell(table, TINT_PLAIN, "%s%s%s", json_text_at(meter, "reason"),
		json_text_at(meter, "reason")[0] != '\0' && errors[0] != '\0' ? "; " : "", errors);
}

static void print_meters(const json_t *meters, const struct terminal *terminal)
{
	static const struct table_column columns[] = {
		{"meter",    false},
                {"state",    false},
                {"read",     true },
                {"at",       false},
		{"requests", true },
                {"answer",   true },
                {"errors",   false}
        };
	struct table *table = table_new(columns, sizeof columns / sizeof columns[0]);
	size_t index;
	const json_t *meter;
	json_array_foreach(meters, index, meter) add_meter(table, meter);
	table_print(table, terminal, stdout);
	table_free(table);
}

int verb_status(int argc, char **argv)
{
	struct daemon_place place = {0};
	bool as_json = false;
	const char *argument;
	int option, status;
	while ((option = verb_option_next(&usage, argc, argv, &argument)) >= 0) {
		if (option == OPTION_SOCKET)
			place.socket = argument;
		else if (option == OPTION_CONFIG)
			place.config = argument;
		else
			as_json = true;
	}
	if (option != VERB_OPTIONS_END)
		return verb_option_exit(option);
	if (optind != argc)
		return verb_misused(&usage, "`%s`: nothing is expected here", argv[optind]);
	json_t *answer = ask_daemon_once("status", &place, "status", false, &status);
	if (answer == NULL)
		return status;
	struct terminal terminal = terminal_of(stdout);
	if (as_json) {
		json_dumpf(answer, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
		puts("");
	} else {
		print_gateway(answer, &terminal);
		puts("");
		print_buses(json_object_get(answer, "buses"), &terminal);
		puts("");
		print_meters(json_object_get(answer, "meters"), &terminal);
	}
	status = is_well(answer) ? VERB_OK : VERB_BAD;
	json_decref(answer);
	return status;
}
