/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service_manager.c -- Tells systemd how the daemon is.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "gateway/service_manager.h"

enum { STATE_BYTES_MAX = 128 };

/* The socket the manager named: a path, or with '@' in the abstract name space. 0: none. */
static socklen_t manager_address(struct sockaddr_un *ret_address)
{
	const char *path = getenv("NOTIFY_SOCKET");
	if (path == NULL || (path[0] != '/' && path[0] != '@') ||
		strlen(path) >= sizeof ret_address->sun_path)
		return 0;
	*ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(ret_address->sun_path, path, strlen(path));
	if (path[0] == '@')
		ret_address->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
}

void service_manager_tell(const char *format, ...)
{
	char state[STATE_BYTES_MAX];
	struct sockaddr_un address;
	socklen_t address_length = manager_address(&address);
	if (address_length == 0)
		return;
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(state, sizeof state, format, arguments);
	va_end(arguments);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	/* A manager that does not listen is none of our business. */
	sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT,
		(const struct sockaddr *)&address, address_length);
	close(fd);
}
