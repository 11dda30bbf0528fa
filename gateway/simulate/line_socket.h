/* SPDX-License-Identifier: Apache-2.0 */
/*
 * line_socket.h -- What a simulated line stands on: a pseudo-terminal with an
 * optional link to it, or a listening TCP socket on loopback or elsewhere.
 */
#ifndef GATEWAY_SIMULATE_LINE_SOCKET_H
#define GATEWAY_SIMULATE_LINE_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

enum { LINE_PATH_MAX = 256, LINE_HOST_MAX = 64, LINE_REASON_MAX = 400 };

struct pty_line {
	int master;
	int held;                 /* the other end, kept open so that no client's leaving ends it */
	char path[LINE_PATH_MAX]; /* /dev/pts/... */
};

/* Raw, no echo. `link`: a symbolic link to make or replace, "" for none. */
bool pty_line_open(struct pty_line *pty, const char *link, char ret_reason[static LINE_REASON_MAX]);
/* The link goes too, when it still points here. */
void pty_line_close(struct pty_line *pty, const char *link);

/* Listens; port 0: one of the kernel's choice, told in *port. -1 with a reason on failure. */
int tcp_line_listen(const char *host, uint16_t *port, char ret_reason[static LINE_REASON_MAX]);
/* -1 when nobody waits. */
int tcp_line_accept(int listener);

#endif
