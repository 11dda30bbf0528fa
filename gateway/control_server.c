/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control_server.c -- Two listening sockets, a few clients, one epoll set that
 * the daemon's loop sees as one descriptor.
 *
 * A client is reading (its line is not whole), asked (the daemon thinks) or
 * answering (its answer goes out); it has one request under way at most, which
 * bounds what it can make the daemon keep.
 */
#include <errno.h>
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "gateway/control_server.h"

enum {
	LISTENERS = 2,
	EVENTS_A_STEP = 32,
	CLIENT_NUMBER_BITS = 8, /* slot in the low bits, the rest tells its users apart */
};

enum client_state { CLIENT_FREE, CLIENT_READING, CLIENT_ASKED, CLIENT_ANSWERING };

struct client {
	enum client_state state;
	int fd;
	uint32_t number;
	uid_t uid;
	bool may_act;
	bool ended; /* the peer sends no more */
	int64_t since_mono_ms;
	char line[CONTROL_REQUEST_BYTES_MAX];
	size_t line_length;
	char *answer;
	size_t answer_length;
	size_t answer_sent;
};

struct listener {
	int fd;
	struct sockaddr_un address;
};

struct control_server {
	struct control_server_settings settings;
	int epoll_fd;
	int64_t now_mono_ms;
	uint32_t clients_seen;
	struct listener listeners[LISTENERS]; /* acting, reading */
	struct client clients[CONTROL_CLIENTS_MAX];
};

char *control_error(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	json_t *text = json_vsprintf(format, arguments);
	va_end(arguments);
	json_t *error = json_pack("{s:o}", "error", text);
	char *line = error != NULL ? json_dumps(error, JSON_COMPACT) : NULL;
	json_decref(error);
	return line;
}

/* ---- the sockets ---- */

/* Whether somebody accepts connections at an address; a socket file may outlive its process. */
static bool somebody_listens(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	bool connected = connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 ||
			 errno == EAGAIN;
	close(fd);
	return connected;
}

/* Read from the file itself: what looks names up elsewhere too stays in memory for ever. */
static bool find_group(const char *name, gid_t *ret_group)
{
	FILE *file = fopen("/etc/group", "re");
	const struct group *group;
	bool found = false;
	while (file != NULL && !found && (group = fgetgrent(file)) != NULL) {
		found = strcmp(group->gr_name, name) == 0;
		*ret_group = group->gr_gid;
	}
	if (file != NULL)
		fclose(file);
	return found;
}

static void give_to_group(const char *path, const char *name)
{
	gid_t group = 0;
	if (find_group(name, &group) && chown(path, (uid_t)-1, group) != 0)
		return; /* not a member: it stays with the daemon's own group */
}

/* Bind and listen with mode 0660 from the first moment. */
static bool listen_at(struct listener *listener)
{
	const char *path = listener->address.sun_path;
	listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->fd < 0 || (unlink(path) != 0 && errno != ENOENT))
		return false;
	mode_t mask = umask(0117);
	int bound = bind(listener->fd, (const struct sockaddr *)&listener->address,
		sizeof listener->address);
	umask(mask);
	return bound == 0 && listen(listener->fd, CONTROL_CLIENTS_MAX) == 0;
}

static bool open_listener(
	struct control_server *server, size_t index, char ret_reason[static CONTROL_REASON_MAX])
{
	struct listener *listener = &server->listeners[index];
	listener->address.sun_family = AF_UNIX;
	int length = snprintf(listener->address.sun_path, sizeof listener->address.sun_path, "%s%s",
		server->settings.path, index == 0 ? "" : CONTROL_READ_SUFFIX);
	if (length < 0 || (size_t)length >= sizeof listener->address.sun_path) {
		snprintf(ret_reason, CONTROL_REASON_MAX,
			"the path of the control socket is longer than %zu bytes",
			sizeof listener->address.sun_path - sizeof CONTROL_READ_SUFFIX);
		listener->address.sun_path[0] = '\0';
		return false;
	}
	if (somebody_listens(&listener->address)) {
		snprintf(ret_reason, CONTROL_REASON_MAX, "another byport listens at %.120s",
			listener->address.sun_path);
		listener->address.sun_path[0] = '\0';
		return false;
	}
	struct epoll_event event = {
		.events = EPOLLIN, .data.u32 = CONTROL_CLIENTS_MAX + (uint32_t)index};
	if (!listen_at(listener) ||
		epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, listener->fd, &event) != 0) {
		snprintf(ret_reason, CONTROL_REASON_MAX,
			"cannot make the control socket %.100s: %s", listener->address.sun_path,
			strerror(errno));
		return false;
	}
	give_to_group(
		listener->address.sun_path, index == 0 ? CONTROL_ACT_GROUP : CONTROL_READ_GROUP);
	return true;
}

bool control_server_open(const struct control_server_settings *settings,
	struct control_server **ret_server, char ret_reason[static CONTROL_REASON_MAX])
{
	struct control_server *server = calloc(1, sizeof *server);
	if (server == NULL) {
		snprintf(ret_reason, CONTROL_REASON_MAX, "out of memory");
		return false;
	}
	server->settings = *settings;
	for (size_t i = 0; i < LISTENERS; i++)
		server->listeners[i].fd = -1;
	server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (server->epoll_fd < 0) {
		snprintf(ret_reason, CONTROL_REASON_MAX, "epoll: %s", strerror(errno));
		goto fail;
	}
	for (size_t i = 0; i < LISTENERS; i++)
		if (!open_listener(server, i, ret_reason))
			goto fail;
	*ret_server = server;
	return true;
fail:
	control_server_close(server);
	return false;
}

int control_server_fd(const struct control_server *server)
{
	return server->epoll_fd;
}

/* ---- clients ---- */

static void drop(struct client *client)
{
	close(client->fd);
	free(client->answer);
	*client = (struct client){.fd = -1};
}

struct control_server *control_server_close(struct control_server *server)
{
	if (server == NULL)
		return NULL;
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (server->clients[i].state != CLIENT_FREE)
			drop(&server->clients[i]);
	for (size_t i = 0; i < LISTENERS; i++) {
		if (server->listeners[i].fd < 0)
			continue;
		close(server->listeners[i].fd);
		unlink(server->listeners[i].address.sun_path);
	}
	if (server->epoll_fd >= 0)
		close(server->epoll_fd);
	free(server);
	return NULL;
}

static void enter(struct control_server *server, struct client *client, enum client_state state)
{
	uint32_t events = 0;
	if (state == CLIENT_READING)
		events = EPOLLIN;
	else if (state == CLIENT_ANSWERING)
		events = EPOLLOUT;
	struct epoll_event event = {
		.events = events, .data.u32 = (uint32_t)(client - server->clients)};
	client->state = state;
	client->since_mono_ms = server->now_mono_ms;
	epoll_ctl(server->epoll_fd, EPOLL_CTL_MOD, client->fd, &event);
}

static struct client *free_client(struct control_server *server)
{
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (server->clients[i].state == CLIENT_FREE)
			return &server->clients[i];
	return NULL;
}

static void turn_away(int fd)
{
	static const char sorry[] = "{\"error\": \"too many clients; try again\"}\n";
	if (send(fd, sorry, sizeof sorry - 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		errno = 0; /* it will see the connection end */
	close(fd);
}

static void accept_client(struct control_server *server, const struct listener *listener)
{
	struct ucred peer = {.uid = (uid_t)-1};
	socklen_t length = sizeof peer;
	int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	struct client *client = free_client(server);
	if (client == NULL || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) {
		turn_away(fd);
		return;
	}
	uint32_t slot = (uint32_t)(client - server->clients);
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = slot};
	if (epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
		turn_away(fd);
		return;
	}
	*client = (struct client){.state = CLIENT_READING,
		.fd = fd,
		.number = ++server->clients_seen << CLIENT_NUMBER_BITS | slot,
		.uid = peer.uid,
		.may_act = listener == &server->listeners[0],
		.since_mono_ms = server->now_mono_ms};
}

static void set_answer(struct control_server *server, struct client *client, char *answer)
{
	if (answer == NULL) {
		drop(client);
		return;
	}
	client->answer = answer;
	client->answer_sent = 0;
	client->answer_length = strlen(answer);
	answer[client->answer_length++] = '\n'; /* in the place of the NUL */
	enter(server, client, CLIENT_ANSWERING);
}

void control_server_answer(struct control_server *server, uint32_t number, char *answer)
{
	struct client *client = &server->clients[number % CONTROL_CLIENTS_MAX];
	if (client->state == CLIENT_ASKED && client->number == number)
		set_answer(server, client, answer);
	else
		free(answer);
}

/* The line [0, length) of a client's buffer, as a request. */
static void take_request(struct control_server *server, struct client *client, size_t length)
{
	json_error_t error;
	json_t *request = json_loadb(client->line, length, JSON_REJECT_DUPLICATES, &error);
	enter(server, client, CLIENT_ASKED);
	if (request == NULL) {
		set_answer(server, client,
			control_error(
				"not JSON: %s (column %d of the line)", error.text, error.column));
	} else if (!json_is_object(request)) {
		set_answer(server, client,
			control_error("a request is an object: {\"request\": \"status\"}"));
	} else {
		struct control_call call = {.client = client->number,
			.may_act = client->may_act,
			.uid = client->uid,
			.request = request};
		server->settings.call(server->settings.context, &call);
	}
	json_decref(request);
}

/* Take the next whole line, if there is one and nothing is under way. */
static void next_request(struct control_server *server, struct client *client)
{
	const char *end = memchr(client->line, '\n', client->line_length);
	if (end == NULL && client->ended) {
		drop(client);
		return;
	}
	if (end == NULL && client->line_length == sizeof client->line) {
		client->line_length = 0;
		client->ended = true;
		client->state = CLIENT_ASKED;
		set_answer(server, client,
			control_error("a request is one line of at most %d bytes",
				CONTROL_REQUEST_BYTES_MAX - 1));
		return;
	}
	if (end == NULL)
		return;
	size_t length = (size_t)(end - client->line);
	uint32_t number = client->number;
	take_request(server, client, length);
	if (client->number != number || client->state == CLIENT_FREE)
		return;
	client->line_length -= length + 1;
	memmove(client->line, client->line + length + 1, client->line_length);
}

static void read_from(struct control_server *server, struct client *client)
{
	ssize_t got = recv(client->fd, client->line + client->line_length,
		sizeof client->line - client->line_length, 0);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got < 0) {
		drop(client);
		return;
	}
	if (client->line_length == 0)
		client->since_mono_ms = server->now_mono_ms;
	client->line_length += (size_t)got;
	client->ended = got == 0;
	next_request(server, client);
}

static void write_to(struct control_server *server, struct client *client)
{
	ssize_t sent = send(client->fd, client->answer + client->answer_sent,
		client->answer_length - client->answer_sent, MSG_NOSIGNAL);
	if (sent < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (sent < 0) {
		drop(client);
		return;
	}
	client->answer_sent += (size_t)sent;
	if (client->answer_sent < client->answer_length)
		return;
	free(client->answer);
	client->answer = NULL;
	enter(server, client, CLIENT_READING);
	next_request(server, client);
}

static void serve(struct control_server *server, struct client *client, uint32_t events)
{
	if (client->state == CLIENT_READING && (events & (EPOLLIN | EPOLLHUP)) != 0)
		read_from(server, client);
	else if (client->state == CLIENT_ANSWERING && (events & EPOLLOUT) != 0)
		write_to(server, client);
	else if (client->state != CLIENT_FREE && (events & (EPOLLHUP | EPOLLERR)) != 0)
		drop(client);
}

static void drop_the_slow(struct control_server *server)
{
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		struct client *client = &server->clients[i];
		int64_t age_ms = server->now_mono_ms - client->since_mono_ms;
		bool midway = client->state == CLIENT_ANSWERING || client->line_length > 0;
		if (client->state == CLIENT_FREE || client->state == CLIENT_ASKED)
			continue;
		if (age_ms > (midway ? CONTROL_STALL_MS_MAX : CONTROL_IDLE_MS_MAX))
			drop(client);
	}
}

void control_server_step(struct control_server *server, int64_t now_mono_ms)
{
	struct epoll_event events[EVENTS_A_STEP];
	server->now_mono_ms = now_mono_ms;
	int count = epoll_wait(server->epoll_fd, events, EVENTS_A_STEP, 0);
	for (int i = 0; i < count; i++) {
		uint32_t what = events[i].data.u32;
		if (what >= CONTROL_CLIENTS_MAX)
			accept_client(server, &server->listeners[what - CONTROL_CLIENTS_MAX]);
		else
			serve(server, &server->clients[what], events[i].events);
	}
	drop_the_slow(server);
}
