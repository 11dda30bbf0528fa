/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control_client.c -- A verb's end of the control socket.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "gateway/control_client.h"
#include "gateway/control_server.h"

enum {
	ANSWER_BYTES_MAX = 1 << 24, /* 500 meters with all their values are 4 MiB */
	ANSWER_BYTES_FIRST = 1 << 14,
};

struct control_client {
	int fd;
	char *answer; /* grows as needed, kept between questions */
	size_t room;
};

static int connect_to(const char *path, const char *suffix)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int length = snprintf(address.sun_path, sizeof address.sun_path, "%s%s", path, suffix);
	if (length < 0 || (size_t)length >= sizeof address.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	int reason = errno;
	close(fd);
	errno = reason;
	return -1;
}

struct control_client *control_client_open(
	const char *path, bool to_act, char ret_error[static CONTROL_ERROR_MAX])
{
	int fd = connect_to(path, "");
	if (fd < 0 && errno == EACCES && !to_act)
		fd = connect_to(path, CONTROL_READ_SUFFIX);
	if (fd < 0) {
		bool absent = errno == ENOENT || errno == ECONNREFUSED;
		snprintf(ret_error, CONTROL_ERROR_MAX, "%s at %.150s: %s",
			absent ? "no daemon runs" : "cannot ask the daemon", path, strerror(errno));
		return NULL;
	}
	struct control_client *client = calloc(1, sizeof *client);
	if (client == NULL) {
		close(fd);
		snprintf(ret_error, CONTROL_ERROR_MAX, "out of memory");
		return NULL;
	}
	client->fd = fd;
	return client;
}

struct control_client *control_client_close(struct control_client *client)
{
	if (client == NULL)
		return NULL;
	close(client->fd);
	free(client->answer);
	free(client);
	return NULL;
}

static int64_t now_mono_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool send_line(struct control_client *client, const json_t *request)
{
	char *text = json_dumps(request, JSON_COMPACT);
	if (text == NULL)
		return false;
	size_t length = strlen(text), sent = 0;
	text[length++] = '\n';
	while (sent < length) {
		ssize_t count = send(client->fd, text + sent, length - sent, MSG_NOSIGNAL);
		if (count < 0 && errno != EINTR)
			break;
		sent += count > 0 ? (size_t)count : 0;
	}
	free(text);
	return sent == length;
}

static bool make_room(struct control_client *client, size_t length)
{
	if (length < client->room)
		return true;
	size_t room = client->room == 0 ? ANSWER_BYTES_FIRST : 2 * client->room;
	char *answer = room <= ANSWER_BYTES_MAX ? realloc(client->answer, room) : NULL;
	if (answer == NULL)
		return false;
	client->answer = answer;
	client->room = room;
	return true;
}

/* One line of the daemon's, its length without the line's end; 0 with errno when none came. */
static size_t receive_line(struct control_client *client, int64_t deadline_mono_ms)
{
	size_t length = 0;
	for (;;) {
		int64_t left_ms = deadline_mono_ms - now_mono_ms();
		struct pollfd pollfd = {.fd = client->fd, .events = POLLIN};
		int ready = left_ms > 0 ? poll(&pollfd, 1, (int)left_ms) : 0;
		if (ready == 0 || (ready < 0 && errno != EINTR)) {
			errno = ready == 0 ? ETIMEDOUT : errno;
			return 0;
		}
		if (!make_room(client, length))
			return 0;
		ssize_t got = recv(
			client->fd, client->answer + length, client->room - length, MSG_DONTWAIT);
		if (got == 0)
			errno = ECONNRESET;
		if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
			return 0;
		length += got > 0 ? (size_t)got : 0;
		if (length > 0 && client->answer[length - 1] == '\n')
			return length - 1;
	}
}

json_t *control_client_ask(struct control_client *client, json_t *request, uint32_t timeout_ms,
	char ret_error[static CONTROL_ERROR_MAX])
{
	json_error_t error;
	json_t *answer = NULL;
	bool sent = request != NULL && send_line(client, request);
	json_decref(request);
	size_t length = sent ? receive_line(client, now_mono_ms() + timeout_ms) : 0;
	if (length == 0) {
		snprintf(ret_error, CONTROL_ERROR_MAX, "no answer from the daemon: %s",
			strerror(errno));
		return NULL;
	}
	answer = json_loadb(client->answer, length, 0, &error);
	if (answer == NULL)
		snprintf(ret_error, CONTROL_ERROR_MAX, "the daemon's answer is not JSON: %s",
			error.text);
	return answer;
}

const char *control_client_refusal(const json_t *answer)
{
	return json_string_value(json_object_get(answer, "error"));
}
