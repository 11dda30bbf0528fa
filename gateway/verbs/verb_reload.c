/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verb_reload.c -- `byport reload`: the running gateway reads its configuration
 * again.
 */
#include <getopt.h>

#include "gateway/verbs/ask_daemon.h"
#include "gateway/verbs/verb.h"

enum reload_option { OPTION_SOCKET, OPTION_CONFIG, OPTION_JSON, OPTION_COUNT };

/* clang-format off */
static const struct verb_option options[] = {
	[OPTION_SOCKET] = {"socket", "PATH", "the daemon's control socket"},
	[OPTION_CONFIG] = {"config", "FILE", "find the socket in this configuration"},
	[OPTION_JSON]   = {"json", NULL, "the daemon's answer as it is"},
	[OPTION_COUNT]  = {0},
};
/* clang-format on */

static const struct verb_usage usage = {
	.name = "reload",
	.synopsis = "[--socket PATH | --config FILE] [--json]",
	.help = "Lets the running gateway read its configuration again. What did not change goes "
		"on\n"
		"untouched; a file with errors is refused, and the one in force stays.\n"
		"Exit status: 0 taken over, 1 refused, 2 not understood, 3 no daemon or no access.",
	.options = options,
};

static void print_diagnostics(const json_t *answer)
{
	size_t index;
	const json_t *found;
	json_array_foreach(json_object_get(answer, "diagnostics"), index, found) fprintf(stderr,
		"%s:%d:%d: %s: %s\n", json_text_at(found, "file"),
		(int)json_number_at(found, "line", 0), (int)json_number_at(found, "column", 0),
		json_text_at(found, "severity"), json_text_at(found, "message"));
}

static int show(const json_t *answer, bool as_json)
{
	const char *refusal = control_client_refusal(answer);
	if (as_json) {
		json_dumpf(answer, stdout, JSON_INDENT(2));
		puts("");
		return refusal != NULL ? VERB_BAD : VERB_OK;
	}
	print_diagnostics(answer);
	if (refusal != NULL) {
		fprintf(stderr, "byport reload: refused: %s\n", refusal);
		return VERB_BAD;
	}
	puts("taken over");
	return VERB_OK;
}

int verb_reload(int argc, char **argv)
{
	struct daemon_place place = {0};
	bool as_json = false;
	const char *argument;
	int option;
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

	char error[CONTROL_ERROR_MAX];
	json_t *answer = NULL;
	struct control_client *client = ask_daemon_open(&place, true, error);
	if (client != NULL)
		answer = control_client_ask(client, json_pack("{s:s}", "request", "reload"),
			ASK_RELOAD_TIMEOUT_MS, error);
	control_client_close(client);
	if (answer == NULL) {
		fprintf(stderr, "byport reload: %s\n", error);
		return VERB_UNAVAILABLE;
	}
	int status = show(answer, as_json);
	json_decref(answer);
	return status;
}
