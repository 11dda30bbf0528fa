/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ask_daemon.c -- How a verb finds the running daemon, and asks it.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/settings.h"
#include "config/site_config.h"
#include "gateway/verbs/ask_daemon.h"
#include "gateway/verbs/verb.h"

/* control_socket of a file; the default where the file has errors of its own. */
static void socket_of_config(const char *path, char ret_path[static ASK_PATH_MAX])
{
	struct diagnostics diagnostics = {0};
	struct site_config *config = NULL;
	if (site_config_read(path, &diagnostics, &config))
		snprintf(ret_path, ASK_PATH_MAX, "%s", config->control_socket);
	site_config_free(config);
	diagnostics_clear(&diagnostics);
}

static void find_socket(const struct daemon_place *place, char ret_path[static ASK_PATH_MAX])
{
	snprintf(ret_path, ASK_PATH_MAX, "%s",
		setting_find(SECTION_GATEWAY, "control_socket")->fallback);
	if (place->socket != NULL)
		snprintf(ret_path, ASK_PATH_MAX, "%s", place->socket);
	else if (place->config != NULL)
		socket_of_config(place->config, ret_path);
	else if (access(ASK_CONFIGURATION, R_OK) == 0)
		socket_of_config(ASK_CONFIGURATION, ret_path);
}

struct control_client *ask_daemon_open(
	const struct daemon_place *place, bool to_act, char ret_error[static CONTROL_ERROR_MAX])
{
	char path[ASK_PATH_MAX];
	find_socket(place, path);
	return control_client_open(path, to_act, ret_error);
}

json_t *ask_daemon_once(const char *verb, const struct daemon_place *place, const char *name,
	bool to_act, int *ret_exit)
{
	char error[CONTROL_ERROR_MAX];
	json_t *answer = NULL;
	struct control_client *client = ask_daemon_open(place, to_act, error);
	*ret_exit = VERB_UNAVAILABLE;
	if (client != NULL)
		answer = control_client_ask(client, json_pack("{s:s}", "request", name),
			to_act ? ASK_RELOAD_TIMEOUT_MS : ASK_TIMEOUT_MS, error);
	control_client_close(client);
	if (answer == NULL) {
		fprintf(stderr, "byport %s: %s\n", verb, error);
		return NULL;
	}
	const char *refusal = control_client_refusal(answer);
	if (refusal == NULL)
		return answer;
	fprintf(stderr, "byport %s: refused: %s\n", verb, refusal);
	*ret_exit = VERB_BAD;
	json_decref(answer);
	return NULL;
}

const char *json_text_at(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text != NULL ? text : "";
}

double json_number_at(const json_t *object, const char *key, double fallback)
{
	const json_t *number = json_object_get(object, key);
	return json_is_number(number) ? json_number_value(number) : fallback;
}
