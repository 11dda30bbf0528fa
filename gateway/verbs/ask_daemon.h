/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ask_daemon.h -- How a verb finds the running daemon, and asks it.
 */
#ifndef GATEWAY_VERBS_ASK_DAEMON_H
#define GATEWAY_VERBS_ASK_DAEMON_H

#include "gateway/control_client.h"

#define ASK_CONFIGURATION "/etc/byport/site.yaml" /* where the service's configuration lies */

enum {
	ASK_PATH_MAX = 512,
	ASK_TIMEOUT_MS = 5000,
	ASK_RELOAD_TIMEOUT_MS = 20000, /* 500 meters and their models on a small board */
	ASK_SETTLE_TIMEOUT_MS = 60000, /* a year of quarter hours of many counters, likewise */
};

/* What the options --socket and --config said; NULL: nothing. */
struct daemon_place {
	const char *socket;
	const char *config;
};

/*
 * Connect to the daemon: at --socket, else at the control_socket of --config,
 * else of /etc/byport/site.yaml, else at the default. NULL with ret_error.
 */
struct control_client *ask_daemon_open(
	const struct daemon_place *place, bool to_act, char ret_error[static CONTROL_ERROR_MAX]);

/*
 * Ask {"request": name} and close. NULL when it could not, or the daemon
 * refused: then that has been printed, and *ret_exit is what the verb returns.
 */
json_t *ask_daemon_once(const char *verb, const struct daemon_place *place, const char *name,
	bool to_act, int *ret_exit);

/* The bare text of what is at a key: "" when there is none. */
const char *json_text_at(const json_t *object, const char *key);
/* The number at a key, whole or not; `fallback` when there is none. */
double json_number_at(const json_t *object, const char *key, double fallback);

#endif
