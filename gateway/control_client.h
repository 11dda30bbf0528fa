/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control_client.h -- A verb's end of the control socket: ask the running
 * daemon one thing after another. Blocks, for at most the time given.
 */
#ifndef GATEWAY_CONTROL_CLIENT_H
#define GATEWAY_CONTROL_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum { CONTROL_ERROR_MAX = 300 }; /* bytes, with the NUL */

struct control_client;

/*
 * Connect to the daemon at `path`: at the reading socket where acting is not
 * needed and `path` itself may not be opened. NULL with ret_error in words.
 */
struct control_client *control_client_open(
	const char *path, bool to_act, char ret_error[static CONTROL_ERROR_MAX]);
struct control_client *control_client_close(struct control_client *client);

/*
 * Ask; takes the reference to `request`. The answer is the caller's to release,
 * and may hold "error" (control_client_refusal()). NULL with ret_error when
 * none came within timeout_ms.
 */
json_t *control_client_ask(struct control_client *client, json_t *request, uint32_t timeout_ms,
	char ret_error[static CONTROL_ERROR_MAX]);

/* The daemon's refusal in words; NULL when the answer is none. */
const char *control_client_refusal(const json_t *answer);

#endif
