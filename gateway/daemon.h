/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon.h -- `byport run`: one loop that brings together bus workers, the
 * pipeline, the broker link, the control socket and signals. It never waits for
 * a bus or the broker.
 */
#ifndef GATEWAY_DAEMON_H
#define GATEWAY_DAEMON_H

enum daemon_result {
	DAEMON_ENDED,       /* told to end; all is stored */
	DAEMON_REFUSED,     /* the configuration has errors; they were printed */
	DAEMON_UNAVAILABLE, /* store, data directory, socket or memory; it was said */
	DAEMON_LEFT,        /* as DAEMON_ENDED, but a thread still waits for its line: the process
			       must end without tidying up (_exit) */
};

/* Run with the configuration at `path` until SIGTERM or SIGINT. */
enum daemon_result daemon_run(const char *path);

#endif
