/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verb_settle.c -- `byport settle`: what a person decides about a meter, told
 * to the running gateway.
 */
#include <getopt.h>
#include <string.h>

#include "gateway/terminal.h"
#include "gateway/verbs/ask_daemon.h"
#include "gateway/verbs/verb.h"

enum settle_option {
	OPTION_CLOSING,
	OPTION_OPENING,
	OPTION_ACCEPT,
	OPTION_MULTIPLIER,
	OPTION_FROM,
	OPTION_QUANTITY,
	OPTION_AT,
	OPTION_REASON,
	OPTION_BY,
	OPTION_DRY_RUN,
	OPTION_SOCKET,
	OPTION_CONFIG,
	OPTION_JSON,
	OPTION_COUNT
};

/* clang-format off */
static const struct verb_option options[] = {
	[OPTION_CLOSING]    = {"closing", "X", "what the old device showed last, or `unknown`"},
	[OPTION_OPENING]    = {"opening", "Y", "what the new device showed at first"},
	[OPTION_ACCEPT]     = {"accept", NULL, "the counter really climbed so much"},
	[OPTION_MULTIPLIER] = {"multiplier", "N", "times what was counted: 60, 0.1, 300/5"},
	[OPTION_FROM]       = {"from", "T", "since when N holds: a date, or RFC 3339"},
	[OPTION_QUANTITY]   = {"quantity", "NAME", "the counter; else the meter's main one"},
	[OPTION_AT]         = {"at", "T", "an instant of the span meant; else the newest"},
	[OPTION_REASON]     = {"reason", "TEXT", "why; stands in the event"},
	[OPTION_BY]         = {"by", "NAME", "who decided; likewise"},
	[OPTION_DRY_RUN]    = {"dry-run", NULL, "tell what would come of it, change nothing"},
	[OPTION_SOCKET]     = {"socket", "PATH", "the daemon's control socket"},
	[OPTION_CONFIG]     = {"config", "FILE", "find the socket in this configuration"},
	[OPTION_JSON]       = {"json", NULL, "the daemon's answer as it is"},
	[OPTION_COUNT]      = {0},
};
/* clang-format on */

static const struct verb_usage usage = {
	.name = "settle",
	.synopsis = "METER DECISION --reason TEXT --by NAME [--dry-run] ...",
	.help = "Decides what the readings cannot tell. One of:\n"
		"  --closing X --opening Y      the device was exchanged\n"
		"  --closing unknown            the same; the old device's last part is estimated\n"
		"  --accept                     a leap that was rejected was real\n"
		"  --multiplier N --from T      the readings are to be multiplied since T\n"
		"Prints the energy before and after.\n"
		"Exit status: 0 settled, 1 refused, 2 not understood, 3 no daemon or no access.",
	.options = options,
};

struct settle_words {
	const char *meter;
	const char *given[OPTION_COUNT]; /* the argument, "" where there is none; NULL: not given */
};

/* ---- what is asked ---- */

static bool has(const struct settle_words *words, enum settle_option option)
{
	return words->given[option] != NULL;
}

/* clang-format off */
/* What does not go without, or with, something else. */
static const struct {
	enum settle_option option;
	enum settle_option other;
	bool needs; /* else: excludes */
	const char *why;
} combinations[] = {
	{OPTION_OPENING,    OPTION_CLOSING,    true,  "what the old device showed last, or `unknown`"},
	{OPTION_MULTIPLIER, OPTION_FROM,       true,  "since when it holds"},
	{OPTION_FROM,       OPTION_MULTIPLIER, true,  "a span is named with `--at`"},
	{OPTION_MULTIPLIER, OPTION_CLOSING,    false, "one decision at a time"},
	{OPTION_MULTIPLIER, OPTION_ACCEPT,     false, "one decision at a time"},
	{OPTION_ACCEPT,     OPTION_CLOSING,    false, "one decision at a time"},
	{OPTION_MULTIPLIER, OPTION_AT,         false, "it holds from an instant on"},
};
/* clang-format on */

static int check_combinations(const struct settle_words *words)
{
	for (size_t i = 0; i < sizeof combinations / sizeof combinations[0]; i++) {
		const char *option = options[combinations[i].option].name;
		const char *other = options[combinations[i].other].name;
		if (!has(words, combinations[i].option) ||
			has(words, combinations[i].other) == combinations[i].needs)
			continue;
		return verb_misused(&usage,
			combinations[i].needs ? "`--%s` wants `--%s` beside it: %s"
					      : "`--%s` does not go with `--%s`: %s",
			option, other, combinations[i].why);
	}
	if (has(words, OPTION_CLOSING) && !has(words, OPTION_OPENING) &&
		strcmp(words->given[OPTION_CLOSING], "unknown") != 0)
		return verb_misused(&usage,
			"`--closing` wants `--opening` beside it: what the new device showed at "
			"first");
	return VERB_OK;
}

static int check_words(const struct settle_words *words)
{
	if (words->meter == NULL)
		return verb_misused(&usage, "which meter? its id is missing");
	if (!has(words, OPTION_CLOSING) && !has(words, OPTION_OPENING) &&
		!has(words, OPTION_ACCEPT) && !has(words, OPTION_MULTIPLIER) &&
		!has(words, OPTION_FROM))
		return verb_misused(
			&usage, "what is decided? one of `--closing`, `--accept`, `--multiplier`");
	int status = check_combinations(words);
	if (status != VERB_OK)
		return status;
	if (!has(words, OPTION_REASON) || !has(words, OPTION_BY))
		return verb_misused(&usage,
			"`--%s` is missing: every decision is recorded with its reason and who "
			"made it",
			has(words, OPTION_REASON) ? "by" : "reason");
	return VERB_OK;
}

/* The options that are fields of the request by their own name. */
static json_t *request_of(const struct settle_words *words)
{
	static const enum settle_option texts[] = {OPTION_CLOSING, OPTION_OPENING,
		OPTION_MULTIPLIER, OPTION_FROM, OPTION_QUANTITY, OPTION_AT, OPTION_REASON,
		OPTION_BY};
	json_t *request =
		json_pack("{s:s, s:s, s:b, s:b}", "request", "settle", "meter", words->meter,
			"accept", has(words, OPTION_ACCEPT), "dry_run", has(words, OPTION_DRY_RUN));
	for (size_t i = 0; request != NULL && i < sizeof texts / sizeof texts[0]; i++)
		if (has(words, texts[i]))
			json_object_set_new(request, options[texts[i]].name,
				json_string(words->given[texts[i]]));
	return request;
}

/* ---- what came of it ---- */

enum {
	COLUMN_QUANTITY,
	COLUMN_BEFORE,
	COLUMN_AFTER,
	COLUMN_UNIT,
	COLUMN_INTERVALS,
	COLUMN_CORRECTIONS,
	COLUMN_COUNT
};

/* 80 columns; the sentence below names the span. */
/* clang-format off */
static const struct table_column columns[COLUMN_COUNT] = {
	[COLUMN_QUANTITY]    = {"quantity", false},
	[COLUMN_BEFORE]      = {"before", true},
	[COLUMN_AFTER]       = {"after", true},
	[COLUMN_UNIT]        = {"unit", false},
	[COLUMN_INTERVALS]   = {"intervals", true},
	[COLUMN_CORRECTIONS] = {"corrections", true},
};
/* clang-format on */

static void add_number(struct table *table, enum tint tint, const json_t *number)
{
	if (json_is_number(number))
		table_cell(table, tint, "%.15g", json_number_value(number));
	else
		table_cell(table, TINT_DIM, "-");
}

static void add_change(struct table *table, const json_t *change)
{
	table_cell(table, TINT_PLAIN, "%s", json_text_at(change, "quantity"));
	add_number(table, TINT_PLAIN, json_object_get(change, "before"));
	add_number(table, TINT_BOLD, json_object_get(change, "after"));
	table_cell(table, TINT_PLAIN, "%s", json_text_at(change, "unit"));
	add_number(table, TINT_PLAIN, json_object_get(change, "intervals"));
	add_number(table, TINT_PLAIN, json_object_get(change, "corrections"));
}

static void show(const json_t *answer)
{
	struct terminal terminal = terminal_of(stdout);
	struct table *table = table_new(columns, COLUMN_COUNT);
	size_t index;
	const json_t *change;
	json_array_foreach(json_object_get(answer, "changes"), index, change)
		add_change(table, change);
	table_print(table, &terminal, stdout);
	table_free(table);
	bool dry = json_is_true(json_object_get(answer, "dry_run"));
	printf("\n%s%s\n", dry ? "Would be: " : "", json_text_at(answer, "text"));
	if (dry)
		puts("Nothing has been changed.");
	else if (!json_is_true(json_object_get(answer, "kept")))
		puts("The store cannot be written now: it is settled once it can.");
	if (json_is_true(json_object_get(answer, "open")))
		puts("The interval has not ended: its value comes when it closes.");
}

static int tell(const json_t *answer, bool as_json)
{
	const char *refusal = control_client_refusal(answer);
	if (as_json) {
		json_dumpf(answer, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
		puts("");
	} else if (refusal != NULL) {
		fprintf(stderr, "byport settle: refused: %s\n", refusal);
	} else {
		show(answer);
	}
	return refusal != NULL ? VERB_BAD : VERB_OK;
}

static int ask(const struct settle_words *words)
{
	char error[CONTROL_ERROR_MAX];
	struct daemon_place place = {words->given[OPTION_SOCKET], words->given[OPTION_CONFIG]};
	struct control_client *client = ask_daemon_open(&place, true, error);
	json_t *answer = NULL;
	if (client != NULL)
		answer =
			control_client_ask(client, request_of(words), ASK_SETTLE_TIMEOUT_MS, error);
	control_client_close(client);
	if (answer == NULL) {
		fprintf(stderr, "byport settle: %s\n", error);
		return VERB_UNAVAILABLE;
	}
	int status = tell(answer, has(words, OPTION_JSON));
	json_decref(answer);
	return status;
}

int verb_settle(int argc, char **argv)
{
	struct settle_words words = {.meter = NULL};
	const char *argument;
	int option;
	while ((option = verb_option_next(&usage, argc, argv, &argument)) >= 0)
		words.given[option] = argument != NULL ? argument : "";
	if (option != VERB_OPTIONS_END)
		return verb_option_exit(option);
	if (optind < argc)
		words.meter = argv[optind++];
	if (optind < argc)
		return verb_misused(&usage, "`%s`: nothing is expected here", argv[optind]);
	int status = check_words(&words);
	return status == VERB_OK ? ask(&words) : status;
}
