/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control_requests.h -- What can be asked on the control socket, one row each:
 * its name, whether it acts, how it is answered (docs/control.md).
 */
#ifndef GATEWAY_CONTROL_REQUESTS_H
#define GATEWAY_CONTROL_REQUESTS_H

#include "gateway/control_answers.h"
#include "gateway/control_server.h"
#include "gateway/daemon_buses.h"

enum {
	CONTROL_ACT_MAX = 160,         /* bytes, with the NUL */
	CONTROL_ACT_REPEAT_MS = 10000, /* the same by the same is one act while it goes on */
};

/* What requests are answered from. */
struct control_requests {
	struct control_server *server;
	struct pipeline *pipeline;
	struct daemon_buses *buses;
	struct daemon_loans *loans;
	struct control_view view;
	/* Read the configuration again; `by` is who asked. Returns the answer. */
	char *(*reload)(void *context, const char *by);
	void *context;
	char last_act[CONTROL_ACT_MAX]; /* as it was logged */
	int64_t last_act_mono_ms;
};

/* Answer a call, at once or when its loan is back. */
void control_requests_call(struct control_requests *requests, const struct control_call *call);

/* Answer the loans that are back. */
void control_requests_loans(struct control_requests *requests);

#endif
