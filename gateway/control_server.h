/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control_server.h -- The daemon's end of the control socket: takes requests,
 * one JSON object a line, and gives each its answer (docs/control.md). What the
 * requests mean is not known here.
 *
 * Two sockets, so that the file system says who may: whoever can open `path`
 * may act, whoever can open `path`.read may only read. Never waits: clients,
 * line lengths and times are bounded, a client that does not take its answer is
 * dropped.
 */
#ifndef GATEWAY_CONTROL_SERVER_H
#define GATEWAY_CONTROL_SERVER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define CONTROL_READ_SUFFIX ".read"       /* of the reading socket's path */
#define CONTROL_ACT_GROUP   "byport-act"  /* owns the acting socket where it exists */
#define CONTROL_READ_GROUP  "byport-read" /* owns the reading one */

enum {
	CONTROL_CLIENTS_MAX = 16,
	CONTROL_REQUEST_BYTES_MAX = 4096, /* a line */
	CONTROL_STALL_MS_MAX = 10000,     /* to finish a line begun, or to take an answer */
	CONTROL_IDLE_MS_MAX = 300000,     /* between requests */
	CONTROL_REASON_MAX = 200,         /* bytes, with the NUL */
};

/* One request. */
struct control_call {
	uint32_t client; /* for control_server_answer() */
	bool may_act;
	uid_t uid;             /* the caller's, from the kernel */
	const json_t *request; /* an object; valid during the call */
};

struct control_server_settings {
	const char *path;
	/* Answer with control_server_answer(), at once or later. A client's next request comes
	 * after its answer. */
	void (*call)(void *context, const struct control_call *call);
	void *context;
};

struct control_server;

/* False with ret_reason when the sockets cannot be made, or another daemon listens there. */
bool control_server_open(const struct control_server_settings *settings,
	struct control_server **ret_server, char ret_reason[static CONTROL_REASON_MAX]);
struct control_server *control_server_close(struct control_server *server);

/* Readable when there is something to do; for poll(). */
int control_server_fd(const struct control_server *server);

/* Do what can be done without waiting; at least once a second while there are clients. */
void control_server_step(struct control_server *server, int64_t now_mono_ms);

/*
 * Takes `answer`: JSON on one line, without its end, from malloc(); NULL when
 * memory was out: then the client is dropped. A client that has gone meanwhile
 * is no error.
 */
void control_server_answer(struct control_server *server, uint32_t client, char *answer);

/* {"error": text}, from malloc(). */
__attribute__((format(printf, 1, 2))) char *control_error(const char *format, ...);

#endif
