/* SPDX-License-Identifier: Apache-2.0 */
/*
 * line_socket.c -- pseudo-terminals and listening sockets.
 */
#include "gateway/simulate/line_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

enum { BACKLOG = 16 };

static bool refuse(char *ret_reason, const char *what, const char *which)
{
	snprintf(ret_reason, LINE_REASON_MAX, "%s %s: %s", what, which, strerror(errno));
	return false;
}

/* A new link takes the old one's place at once: nobody finds none. */
static bool make_link(const char *path, const char *link, char *ret_reason)
{
	struct stat status;
	char fresh[LINE_PATH_MAX + 16];
	if (lstat(link, &status) == 0 && !S_ISLNK(status.st_mode)) {
		snprintf(ret_reason, LINE_REASON_MAX,
			"%s is there and is no symbolic link; it is left alone", link);
		return false;
	}
	snprintf(fresh, sizeof(fresh), "%s.%ld", link, (long)getpid());
	unlink(fresh);
	if (symlink(path, fresh) != 0)
		return refuse(ret_reason, "cannot make the link", link);
	if (rename(fresh, link) != 0) {
		refuse(ret_reason, "cannot make the link", link);
		unlink(fresh);
		return false;
	}
	return true;
}

bool pty_line_open(struct pty_line *pty, const char *link, char ret_reason[static LINE_REASON_MAX])
{
	struct pty_line fresh = {
		.master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK), .held = -1};
	struct termios raw;
	if (fresh.master < 0 || grantpt(fresh.master) != 0 || unlockpt(fresh.master) != 0 ||
		ptsname_r(fresh.master, fresh.path, sizeof(fresh.path)) != 0) {
		refuse(ret_reason, "cannot make", "a pseudo-terminal");
		goto fail;
	}
	fresh.held = open(fresh.path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fresh.held < 0 || tcgetattr(fresh.held, &raw) != 0) {
		refuse(ret_reason, "cannot open", fresh.path);
		goto fail;
	}
	cfmakeraw(&raw);
	if (tcsetattr(fresh.held, TCSANOW, &raw) != 0) {
		refuse(ret_reason, "cannot set up", fresh.path);
		goto fail;
	}
	if (*link != '\0' && !make_link(fresh.path, link, ret_reason))
		goto fail;
	*pty = fresh;
	return true;
fail:
	pty_line_close(&fresh, "");
	return false;
}

void pty_line_close(struct pty_line *pty, const char *link)
{
	char target[LINE_PATH_MAX] = "";
	if (*link != '\0' && readlink(link, target, sizeof(target) - 1) > 0 &&
		strcmp(target, pty->path) == 0)
		unlink(link);
	if (pty->held >= 0)
		close(pty->held);
	if (pty->master >= 0)
		close(pty->master);
	*pty = (struct pty_line){.master = -1, .held = -1};
}

static int listen_on(const struct addrinfo *address)
{
	int yes = 1;
	int listener = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener < 0)
		return -1;
	(void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(listener, address->ai_addr, address->ai_addrlen) == 0 &&
		listen(listener, BACKLOG) == 0)
		return listener;
	int why = errno;
	close(listener);
	errno = why;
	return -1;
}

static uint16_t port_of(int listener)
{
	struct sockaddr_storage name = {0};
	socklen_t length = sizeof(name);
	char port[8] = "0";
	if (getsockname(listener, (struct sockaddr *)&name, &length) == 0)
		(void)getnameinfo((struct sockaddr *)&name, length, NULL, 0, port, sizeof(port),
			NI_NUMERICSERV);
	return (uint16_t)strtoul(port, NULL, 10);
}

int tcp_line_listen(const char *host, uint16_t *port, char ret_reason[static LINE_REASON_MAX])
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	struct addrinfo *found = NULL;
	char service[8];
	char where[LINE_HOST_MAX + 8];
	snprintf(service, sizeof(service), "%u", (unsigned)*port);
	snprintf(where, sizeof(where), "%s:%s", host, service);
	int failure = getaddrinfo(host, service, &hints, &found);
	if (failure != 0) {
		snprintf(ret_reason, LINE_REASON_MAX, "%s: %s", where, gai_strerror(failure));
		return -1;
	}
	int listener = listen_on(found);
	freeaddrinfo(found);
	if (listener < 0) {
		refuse(ret_reason, "cannot listen on", where);
		return -1;
	}
	*port = port_of(listener);
	return listener;
}

int tcp_line_accept(int listener)
{
	int yes = 1;
	int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (connection >= 0)
		(void)setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	return connection;
}
