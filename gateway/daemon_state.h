/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon_state.h -- What the daemon is made of. For the files that are the
 * daemon (daemon.c, daemon_start.c, daemon_reload.c).
 */
#ifndef GATEWAY_DAEMON_STATE_H
#define GATEWAY_DAEMON_STATE_H

#include "gateway/control_requests.h"
#include "gateway/daemon.h"

enum {
	DAEMON_REPORTS_A_TURN = 256, /* of the queue before other things have their turn */
	DAEMON_LAST_TURNS = 1000,    /* at the end: more than the queue can hold */
	DAEMON_EVENTS_A_TURN = 64,   /* of the link, likewise */
	DAEMON_BUSY_POLL_MS = 20,    /* while a worker is stopping or waits for its port */
	DAEMON_SECOND_MS = 1000, /* watchdog, clients' time-outs, the kernel's word on the clock */
	DAEMON_FLASH_LOOK_MS = 10000, /* between looks at what the card was written */
	DAEMON_LINK_RETRY_MS = 30000, /* after a link that could not even be started */
	DAEMON_GOODBYE_MS = 250,      /* at the end: for the broker's acknowledgements, */
	DAEMON_LINK_STOP_MS = 150,    /* for the link's thread, */
	DAEMON_BUS_STOP_MS = 150,     /* and for the workers: within a second together */
};

struct daemon {
	char *path;                 /* of the configuration, absolute */
	char *data_directory;       /* may not change while it runs */
	char boot[64];              /* the kernel's id of this boot; "": unknown */
	char run[PIPELINE_RUN_MAX]; /* at random, this run's of the program; "": none */
	int lock_fd;
	int signal_fd;
	bool ending;
	bool reload_wanted;
	struct clock_observation now;
	int64_t second_due_mono_ms;
	int64_t flash_due_mono_ms;
	int64_t link_retry_mono_ms;
	bool link_told; /* that it cannot be started */

	struct loaded_site *loaded; /* in force */
	struct report_queue *queue;
	uint64_t dropped_told;
	struct daemon_buses *buses;
	bool buses_busy;
	struct daemon_loans *loans;
	struct control_server *server;
	struct control_requests requests;
	struct pipeline *pipeline;
	struct mqtt_link *link;
	struct loaded_site *link_loaded; /* whose broker settings the link runs with */
};

/* ---- daemon_start.c ---- */

/* Both clocks; the kernel's word on them is asked once a second (daemon_ask_kernel()). */
void daemon_look_at_clock(struct daemon *daemon);
void daemon_ask_kernel(struct daemon *daemon);

/* Make all there is. Anything but DAEMON_ENDED: it was said why, daemon_free() tidies up. */
enum daemon_result daemon_start(struct daemon *daemon, const char *path);

/* Free what was made; what is NULL was not. */
void daemon_free(struct daemon *daemon);

/* Tell the pipeline what the kernel tells of the card under the store. */
void daemon_look_at_flash(struct daemon *daemon);

/* ---- daemon_link.c ---- */

void daemon_link_start(struct daemon *daemon);
void daemon_link_stop(struct daemon *daemon, uint32_t wait_ms);
/* Tell it what the next attempt goes by: how late it is at least, for certificates; the Will;
 * whether another gateway takes the connection. */
void daemon_link_learn(struct daemon *daemon);
/* Tell the pipeline when our certificate ends: the one that the file holds now. */
void daemon_link_know_certificate(struct daemon *daemon);
/* Why a connection that stands or is tried would be given up for settings that cannot work; NULL:
 * it would not. */
const char *daemon_link_refuses(const struct daemon *daemon, const struct config_broker *broker);

/* ---- daemon_reload.c ---- */

/* Read the configuration again and take it over if it is good. Returns the answer for `by`, from
 * malloc(). */
char *daemon_reload(void *daemon, const char *by);

/* Leave a copy of the configuration in force beside the store. */
void daemon_keep_configuration(const struct daemon *daemon);

/* Warn of ids that changed since the copy that the last run left. */
void daemon_compare_with_last(const struct daemon *daemon);

/* Each diagnostic as a line of the log. */
void daemon_log_diagnostics(const struct diagnostics *diagnostics);

#endif
