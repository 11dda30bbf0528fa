/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verb_replay.c -- `byport replay`: rows that were sent go to the broker once
 * more, for a consumer that missed them.
 */
#include <getopt.h>
#include <stdlib.h>

#include "gateway/verbs/ask_daemon.h"
#include "gateway/verbs/verb.h"

enum replay_option {
	OPTION_FROM,
	OPTION_AFTER,
	OPTION_THROUGH,
	OPTION_STREAM,
	OPTION_SOCKET,
	OPTION_CONFIG,
	OPTION_JSON,
	OPTION_COUNT
};

/* clang-format off */
static const struct verb_option options[] = {
	[OPTION_FROM]    = {"from", "T", "energy of this day or instant on: a date, or RFC 3339"},
	[OPTION_AFTER]   = {"after", "ID", "or rows above this id, as a message's `after` says"},
	[OPTION_THROUGH] = {"through", "ID", "and none above this one; else all that was sent"},
	[OPTION_STREAM]  = {"stream", "NAME", "energy (the default) or trends"},
	[OPTION_SOCKET]  = {"socket", "PATH", "the daemon's control socket"},
	[OPTION_CONFIG]  = {"config", "FILE", "find the socket in this configuration"},
	[OPTION_JSON]    = {"json", NULL, "the daemon's answer as it is"},
	[OPTION_COUNT]   = {0},
};
/* clang-format on */

static const struct verb_usage usage = {
	.name = "replay",
	.synopsis = "--from T | --after ID [--through ID] [--stream NAME] ...",
	.help = "Sends rows that were sent before once more, behind all that is new, for a\n"
		"consumer that missed them. Rows keep their ids: who has them sees the same rows.\n"
		"Exit status: 0 they go again, 1 refused, 2 not understood, 3 no daemon or no "
		"access.",
	.options = options,
};

/* The argument of --after or --through; false: it is no id. */
static bool put_id(json_t *request, const char *key, const char *argument)
{
	char *end;
	long long id = strtoll(argument, &end, 10);
	return end != argument && *end == '\0' && id >= 0 &&
	       json_object_set_new(request, key, json_integer(id)) == 0;
}

static bool put(json_t *request, enum replay_option option, const char *argument)
{
	if (option == OPTION_AFTER || option == OPTION_THROUGH)
		return put_id(request, options[option].name, argument);
	return json_object_set_new(request, options[option].name, json_string(argument)) == 0;
}

static int show(const json_t *answer, bool as_json)
{
	const char *refusal = control_client_refusal(answer);
	if (as_json) {
		json_dumpf(answer, stdout, JSON_INDENT(2));
		puts("");
		return refusal != NULL ? VERB_BAD : VERB_OK;
	}
	if (refusal != NULL) {
		fprintf(stderr, "byport replay: refused: %s\n", refusal);
		return VERB_BAD;
	}
	printf("%s after id %.0f through %.0f goes again: %.0f rows at most, %.0f a second\n",
		json_text_at(answer, "stream"), json_number_at(answer, "after", 0),
		json_number_at(answer, "through", 0), json_number_at(answer, "rows_max", 0),
		json_number_at(answer, "rows_a_second", 0));
	return VERB_OK;
}

struct replay_words {
	struct daemon_place place;
	json_t *request;
	bool as_json;
};

static int ask(const struct replay_words *words)
{
	char error[CONTROL_ERROR_MAX];
	json_t *answer = NULL;
	struct control_client *client = ask_daemon_open(&words->place, true, error);
	if (client != NULL)
		answer = control_client_ask(
			client, json_incref(words->request), ASK_TIMEOUT_MS, error);
	control_client_close(client);
	if (answer == NULL) {
		fprintf(stderr, "byport replay: %s\n", error);
		return VERB_UNAVAILABLE;
	}
	int status = show(answer, words->as_json);
	json_decref(answer);
	return status;
}

static int check_words(const struct replay_words *words)
{
	bool has_from = json_object_get(words->request, "from") != NULL;
	bool has_after = json_object_get(words->request, "after") != NULL;
	bool has_through = json_object_get(words->request, "through") != NULL;
	if (has_from == has_after || (has_from && has_through))
		return verb_misused(&usage, "what? `--from T`, or `--after ID` with or without "
					    "`--through ID`");
	return VERB_OK;
}

/* VERB_OPTIONS_END, or why it ends: VERB_OPTIONS_HELP, VERB_OPTIONS_BAD. */
static int read_words(int argc, char **argv, struct replay_words *words)
{
	const char *argument;
	int option;
	while ((option = verb_option_next(&usage, argc, argv, &argument)) >= 0) {
		if (option == OPTION_SOCKET)
			words->place.socket = argument;
		else if (option == OPTION_CONFIG)
			words->place.config = argument;
		else if (option == OPTION_JSON)
			words->as_json = true;
		else if (!put(words->request, (enum replay_option)option, argument)) {
			verb_misused(&usage, "`--%s %s`: an id is a whole number, from 0",
				options[option].name, argument);
			return VERB_OPTIONS_BAD;
		}
	}
	return option;
}

int verb_replay(int argc, char **argv)
{
	struct replay_words words = {.request = json_pack("{s:s}", "request", "replay")};
	int option = read_words(argc, argv, &words);
	int status = verb_option_exit(option);
	if (option == VERB_OPTIONS_END && optind != argc)
		status = verb_misused(&usage, "`%s`: nothing is expected here", argv[optind]);
	else if (option == VERB_OPTIONS_END)
		status = check_words(&words);
	if (option == VERB_OPTIONS_END && status == VERB_OK)
		status = ask(&words);
	json_decref(words.request);
	return status;
}
