/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verb_watch.c -- `byport watch`: the running gateway's newest values, again and
 * again; in place on a terminal, as lines elsewhere.
 */
#include <getopt.h>
#include <string.h>

#include "gateway/terminal.h"
#include "gateway/verbs/ask_daemon.h"
#include "gateway/verbs/verb.h"

enum watch_option {
	OPTION_SOCKET,
	OPTION_CONFIG,
	OPTION_INTERVAL,
	OPTION_COUNT_TIMES,
	OPTION_JSON,
	OPTION_COUNT
};

/* clang-format off */
static const struct verb_option options[] = {
	[OPTION_SOCKET]      = {"socket", "PATH", "the daemon's control socket"},
	[OPTION_CONFIG]      = {"config", "FILE", "find the socket in this configuration"},
	[OPTION_INTERVAL]    = {"interval", "S", "seconds between two looks, 1 to 3600; 1 without"},
	[OPTION_COUNT_TIMES] = {"count", "N", "end after N looks"},
	[OPTION_JSON]        = {"json", NULL, "one JSON object a line and look"},
	[OPTION_COUNT]       = {0},
};
/* clang-format on */

static const struct verb_usage usage = {
	.name = "watch",
	.synopsis = "[--socket PATH | --config FILE] [--interval S] [--count N] [--json] [METER]",
	.help = "Shows the newest values of all meters, or all values of one, until Ctrl-C. Asks "
		"the\n"
		"running gateway; no meter is read for it.\n"
		"Exit status: 0 ended by count or Ctrl-C, 1 no such meter, 2 not understood, 3 no\n"
		"daemon or no access.",
	.options = options,
};

struct watch {
	struct daemon_place place;
	const char *meter;
	long interval_s;
	long count; /* 0: for ever */
	bool json;
	struct terminal terminal;
};

/* ---- what stands for a meter ---- */

/* The first of these that a meter has stands for it in the overview. */
static const char *const powers[] = {"active_power", "heat_power", "flow", NULL};
static const char *const energies[] = {
	"active_energy_import", "heat_energy", "cooling_energy", "volume", "pulses", NULL};

static const json_t *value_named(const json_t *values, const char *quantity)
{
	size_t index;
	const json_t *value;
	json_array_foreach(values, index,
		value) if (strcmp(json_text_at(value, "quantity"), quantity) == 0) return value;
	return NULL;
}

static const json_t *first_of(const json_t *values, const char *const *quantities)
{
	const json_t *value = NULL;
	for (; *quantities != NULL && value == NULL; quantities++)
		value = value_named(values, *quantities);
	return value;
}

static void cell_of_value(struct table *table, const json_t *value)
{
	const json_t *number = json_object_get(value, "value");
	if (json_is_number(number))
		table_cell(table, TINT_BOLD, "%.10g", json_number_value(number));
	else
		table_cell(table, TINT_WARN, "-");
	table_cell(table, TINT_PLAIN, "%s", terminal_unit(json_text_at(value, "unit")));
}

static void cell_of_age(struct table *table, const json_t *value)
{
	char age[16] = "-";
	double age_s = json_number_at(value, "age_s", -1);
	if (age_s >= 0)
		age_print(age, age_s);
	table_cell(table, TINT_DIM, "%s", age);
}

static void cell_of_state(struct table *table, const json_t *meter)
{
	const char *state = json_text_at(meter, "state");
	table_cell(table, strcmp(state, "ok") == 0 ? TINT_GOOD : TINT_BAD, "%s", state);
}

static void show_all(const json_t *meters, const struct terminal *terminal)
{
	static const struct table_column columns[] = {
		{"meter",   false},
                {"state",   false},
                {"now",     true },
                {"",        false},
                {"read",    true },
		{"counter", true },
                {"",        false},
                {"read",    true }
        };
	struct table *table = table_new(columns, sizeof columns / sizeof columns[0]);
	size_t index;
	const json_t *meter;
	json_array_foreach(meters, index, meter)
	{
		const json_t *values = json_object_get(meter, "values");
		const json_t *power = first_of(values, powers);
		const json_t *energy = first_of(values, energies);
		table_cell(table, TINT_PLAIN, "%s", json_text_at(meter, "meter"));
		cell_of_state(table, meter);
		cell_of_value(table, power);
		cell_of_age(table, power);
		cell_of_value(table, energy);
		cell_of_age(table, energy);
	}
	table_print(table, terminal, stdout);
	table_free(table);
}

static void show_one(const json_t *meter, const struct terminal *terminal)
{
	static const struct table_column columns[] = {
		{"quantity", false},
                {"value",    true },
                {"",         false},
                {"status",   false},
		{"read",     true }
        };
	struct table *table = table_new(columns, sizeof columns / sizeof columns[0]);
	size_t index;
	const json_t *value;
	json_array_foreach(json_object_get(meter, "values"), index, value)
	{
		const char *status = json_text_at(value, "status");
		bool good = strcmp(status, "ok") == 0;
		table_cell(table, TINT_PLAIN, "%s", json_text_at(value, "quantity"));
		cell_of_value(table, value);
		table_cell(table, good ? TINT_GOOD : TINT_WARN, "%s", status);
		cell_of_age(table, value);
	}
	table_print(table, terminal, stdout);
	table_free(table);
}

/* "2026-11-23T09:26:28Z kitchen active_power 1234.5 W" */
static void show_lines(const json_t *meters)
{
	size_t i, j;
	const json_t *meter, *value;
	json_array_foreach(meters, i, meter)
		json_array_foreach(json_object_get(meter, "values"), j, value)
	{
		const json_t *number = json_object_get(value, "value");
		if (json_is_number(number))
			printf("%s %s %s %.15g %s\n", json_text_at(value, "at"),
				json_text_at(meter, "meter"), json_text_at(value, "quantity"),
				json_number_value(number), json_text_at(value, "unit"));
	}
}

static void show(const struct watch *watch, const json_t *answer)
{
	const json_t *meters = json_object_get(answer, "meters");
	if (watch->json) {
		json_dumpf(answer, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15));
		puts("");
	} else if (!watch->terminal.interactive) {
		show_lines(meters);
	} else {
		fputs("\033[H\033[2J", stdout);
		if (watch->meter != NULL)
			show_one(json_array_get(meters, 0), &watch->terminal);
		else
			show_all(meters, &watch->terminal);
	}
	fflush(stdout);
}

/* ---- again and again ---- */

static json_t *request_of(const struct watch *watch)
{
	return json_pack("{s:s, s:s*}", "request", "values", "meter", watch->meter);
}

static int look(struct watch *watch, struct control_client *client)
{
	char error[CONTROL_ERROR_MAX];
	json_t *answer = control_client_ask(client, request_of(watch), ASK_TIMEOUT_MS, error);
	if (answer == NULL) {
		fprintf(stderr, "byport watch: %s\n", error);
		return VERB_UNAVAILABLE;
	}
	const char *refusal = control_client_refusal(answer);
	if (refusal != NULL)
		fprintf(stderr, "byport watch: refused: %s\n", refusal);
	else
		show(watch, answer);
	int status = refusal != NULL ? VERB_BAD : VERB_OK;
	json_decref(answer);
	return status;
}

static int look_again_and_again(struct watch *watch, struct control_client *client)
{
	verb_catch_ends();
	for (long looks = 1;; looks++) {
		watch->terminal = terminal_of(stdout);
		int status = look(watch, client);
		if (status != VERB_OK || looks == watch->count ||
			!verb_wait_ms(1000 * watch->interval_s))
			return status;
	}
}

/* ---- options ---- */

static int take_option(struct watch *watch, int option, const char *argument)
{
	if (option == OPTION_SOCKET)
		watch->place.socket = argument;
	else if (option == OPTION_CONFIG)
		watch->place.config = argument;
	else if (option == OPTION_JSON)
		watch->json = true;
	else if (option == OPTION_INTERVAL && !verb_number(argument, 3600, &watch->interval_s))
		return verb_misused(&usage, "`--interval %s`: 1 to 3600 seconds", argument);
	else if (option == OPTION_COUNT_TIMES && !verb_number(argument, INT32_MAX, &watch->count))
		return verb_misused(&usage, "`--count %s`: a number from 1", argument);
	return -1;
}

int verb_watch(int argc, char **argv)
{
	struct watch watch = {.interval_s = 1};
	const char *argument;
	int option;
	while ((option = verb_option_next(&usage, argc, argv, &argument)) >= 0) {
		int misused = take_option(&watch, option, argument);
		if (misused >= 0)
			return misused;
	}
	if (option != VERB_OPTIONS_END)
		return verb_option_exit(option);
	if (argc - optind > 1)
		return verb_misused(&usage, "one METER at a time, or none for all");
	watch.meter = argv[optind];

	char error[CONTROL_ERROR_MAX];
	struct control_client *client = ask_daemon_open(&watch.place, false, error);
	if (client == NULL) {
		fprintf(stderr, "byport watch: %s\n", error);
		return VERB_UNAVAILABLE;
	}
	int status = look_again_and_again(&watch, client);
	control_client_close(client);
	return status;
}
