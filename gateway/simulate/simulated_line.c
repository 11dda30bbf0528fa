/* SPDX-License-Identifier: Apache-2.0 */
/*
 * simulated_line.c -- Connections, their bytes in and out, and time on the wire.
 */
#include "gateway/simulate/simulated_line.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gateway/simulate/wire_pace.h"

enum {
	RECEIVED_MAX = 512,
	UNPACED_SILENCE_US = 5000, /* ends a frame where no speed tells */
	REOPEN_RETRY_US = 200000,
};

/* An answer on its way. */
struct outgoing {
	uint8_t *bytes; /* NULL: free */
	size_t length;
	size_t sent;
	int64_t start_us; /* its first bit on the wire */
	struct simulated_device *device;
	bool hang_up; /* instead of bytes */
};

/* One client; on a pseudo-terminal the only one. */
struct connection {
	int fd; /* -1: none */
	uint8_t received[RECEIVED_MAX];
	size_t received_length;
	int64_t received_us; /* when the last byte came */
	struct outgoing outgoing[LINE_REPLIES_MAX];
	int64_t wire_free_us; /* when the last thing has left the wire; 0: nothing yet */
};

struct simulated_line {
	struct simulated_line_settings settings;
	struct pty_line pty;
	int listener;
	bool open;
	int64_t reopen_us; /* while it is gone */
	struct connection connections[LINE_CLIENTS_MAX];
	struct simulated_device **devices;
	size_t devices_count;
	struct line_statistics statistics;
	uint64_t answers; /* numbers the answer times */
	struct device_reply reply;
};

const char *line_kind_name(enum line_kind kind)
{
	static const char *const names[LINE_KIND_COUNT] = {
		[LINE_PTY] = "pty", [LINE_TCP] = "tcp", [LINE_RTU_OVER_TCP] = "rtu-over-tcp"};
	return names[kind];
}

/* --- time on the wire ----------------------------------------------------- */

static int64_t frame_end_us(const struct simulated_line *line)
{
	int64_t silence = wire_silence_us(line->settings.baud);
	return silence > UNPACED_SILENCE_US ? silence : UNPACED_SILENCE_US;
}

static int64_t answer_time_us(struct simulated_line *line)
{
	const struct simulated_line_settings *settings = &line->settings;
	uint64_t span_us = (uint64_t)(settings->answer_ms_max - settings->answer_ms_min) * 1000 + 1;
	return (int64_t)settings->answer_ms_min * 1000 +
	       (int64_t)school_hash(settings->seed, line->answers++, span_us);
}

static int64_t now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* --- life ----------------------------------------------------------------- */

static void drop_outgoing(struct outgoing *outgoing)
{
	free(outgoing->bytes);
	*outgoing = (struct outgoing){0};
}

static void close_connection(struct simulated_line *line, struct connection *connection)
{
	for (size_t i = 0; i < LINE_REPLIES_MAX; i++)
		drop_outgoing(&connection->outgoing[i]);
	if (connection->fd >= 0 && line->settings.kind != LINE_PTY)
		close(connection->fd);
	connection->fd = -1;
	connection->received_length = 0;
	connection->wire_free_us = 0;
}

struct simulated_line *simulated_line_new(const struct simulated_line_settings *settings)
{
	struct simulated_line *line = calloc(1, sizeof(*line));
	if (line == NULL)
		return NULL;
	line->settings = *settings;
	line->pty = (struct pty_line){.master = -1, .held = -1};
	line->listener = -1;
	for (size_t i = 0; i < LINE_CLIENTS_MAX; i++)
		line->connections[i].fd = -1;
	simulated_line_clear_statistics(line);
	return line;
}

static void close_line(struct simulated_line *line)
{
	/* The listener first: a client that is hung up on may come again at once. */
	if (line->listener >= 0)
		close(line->listener);
	line->listener = -1;
	for (size_t i = 0; i < LINE_CLIENTS_MAX; i++)
		close_connection(line, &line->connections[i]);
	if (line->settings.kind == LINE_PTY && line->open)
		pty_line_close(&line->pty, line->settings.link);
	line->open = false;
}

struct simulated_line *simulated_line_free(struct simulated_line *line)
{
	if (line == NULL)
		return NULL;
	close_line(line);
	for (size_t i = 0; i < line->devices_count; i++)
		simulated_device_free(line->devices[i]);
	free(line->devices);
	free(line);
	return NULL;
}

bool simulated_line_add(struct simulated_line *line, struct simulated_device *device)
{
	for (size_t i = 0; i < line->devices_count; i++)
		if (simulated_device_address(line->devices[i]) == simulated_device_address(device))
			return false;
	struct simulated_device **devices = realloc(
		line->devices, (line->devices_count + 1) * sizeof(struct simulated_device *));
	if (devices == NULL)
		return false;
	line->devices = devices;
	line->devices[line->devices_count++] = device;
	return true;
}

bool simulated_line_open(struct simulated_line *line, char ret_reason[static LINE_REASON_MAX])
{
	if (line->settings.kind == LINE_PTY) {
		if (!pty_line_open(&line->pty, line->settings.link, ret_reason))
			return false;
		line->connections[0].fd = line->pty.master;
	} else {
		line->listener =
			tcp_line_listen(line->settings.host, &line->settings.port, ret_reason);
		if (line->listener < 0)
			return false;
	}
	line->open = true;
	return true;
}

const struct simulated_line_settings *simulated_line_settings(const struct simulated_line *line)
{
	return &line->settings;
}

const char *simulated_line_path(const struct simulated_line *line)
{
	return line->pty.path;
}

const struct line_statistics *simulated_line_statistics(const struct simulated_line *line)
{
	return &line->statistics;
}

void simulated_line_clear_statistics(struct simulated_line *line)
{
	line->statistics = (struct line_statistics){.silence_us_min = INT64_MAX,
		.silence_us_needed = (uint32_t)wire_silence_us(line->settings.baud)};
	for (size_t i = 0; i < line->devices_count; i++)
		simulated_device_clear_statistics(line->devices[i]);
}

struct simulated_device *simulated_line_device(const struct simulated_line *line, size_t index)
{
	return index < line->devices_count ? line->devices[index] : NULL;
}

void simulated_line_vanish(struct simulated_line *line, int64_t now_mono_us, int64_t for_us)
{
	close_line(line);
	line->reopen_us = now_mono_us + for_us;
}

static void come_back(struct simulated_line *line, int64_t now_mono_us)
{
	char reason[LINE_REASON_MAX];
	if (!simulated_line_open(line, reason))
		line->reopen_us = now_mono_us + REOPEN_RETRY_US;
}

/* --- requests ------------------------------------------------------------- */

static struct simulated_device *find_device(const struct simulated_line *line, uint8_t address)
{
	for (size_t i = 0; i < line->devices_count; i++)
		if (simulated_device_address(line->devices[i]) == address)
			return line->devices[i];
	return NULL;
}

/* When the wire falls silent, answers that have begun by now included. */
static int64_t silent_from_us(
	const struct simulated_line *line, const struct connection *connection, int64_t came_us)
{
	int64_t from_us = connection->wire_free_us;
	for (size_t i = 0; i < LINE_REPLIES_MAX; i++) {
		const struct outgoing *outgoing = &connection->outgoing[i];
		int64_t end_us = outgoing->start_us +
				 wire_characters_us(line->settings.baud, outgoing->length);
		if (outgoing->bytes != NULL && outgoing->start_us < came_us && end_us > from_us)
			from_us = end_us;
	}
	return from_us;
}

static void judge_silence(
	struct simulated_line *line, const struct connection *connection, int64_t came_us)
{
	struct line_statistics *statistics = &line->statistics;
	int64_t from_us = silent_from_us(line, connection, came_us);
	if (line->settings.baud == 0 || from_us == 0)
		return;
	int64_t gap_us = came_us - from_us;
	if (gap_us < statistics->silence_us_min)
		statistics->silence_us_min = gap_us;
	if (gap_us < wire_silence_us(line->settings.baud))
		statistics->early++;
	if (gap_us < 0)
		statistics->overlapping++;
}

/* The line's own time for all that came before goes on the account as the next request comes. */
static void account_request(struct simulated_line *line, int64_t came_us, int64_t wire_us)
{
	struct line_statistics *statistics = &line->statistics;
	if (statistics->begun_us == 0)
		statistics->begun_us = came_us;
	statistics->span_us = came_us - statistics->begun_us;
	statistics->least_us += statistics->newest_least_us;
	statistics->newest_least_us = wire_us + wire_silence_us(line->settings.baud);
	statistics->requests++;
	statistics->wire_us += wire_us;
}

static struct outgoing *free_outgoing(struct connection *connection)
{
	for (size_t i = 0; i < LINE_REPLIES_MAX; i++)
		if (connection->outgoing[i].bytes == NULL)
			return &connection->outgoing[i];
	return NULL;
}

static void send_later(struct simulated_line *line, struct connection *connection,
	struct simulated_device *device, int64_t from_us)
{
	const struct device_reply *reply = &line->reply;
	struct outgoing *outgoing = free_outgoing(connection);
	uint8_t *bytes = outgoing != NULL ? malloc(reply->length + 1) : NULL;
	if (bytes == NULL) {
		line->statistics.dropped++;
		return;
	}
	int64_t think_us = answer_time_us(line);
	memcpy(bytes, reply->bytes, reply->length);
	*outgoing = (struct outgoing){.bytes = bytes,
		.length = reply->kind == REPLY_HANG_UP ? 0 : reply->length,
		.start_us = from_us + think_us + reply->delay_us,
		.device = device,
		.hang_up = reply->kind == REPLY_HANG_UP};
	line->statistics.newest_least_us +=
		think_us + reply->delay_us +
		wire_characters_us(line->settings.baud, outgoing->length);
}

static void take_request(struct simulated_line *line, struct connection *connection,
	const struct device_request *request, size_t length)
{
	struct simulated_device *device = find_device(line, request->frame.device);
	int64_t wire_us = wire_characters_us(line->settings.baud, length);
	int64_t came_us = connection->received_us;
	judge_silence(line, connection, came_us);
	account_request(line, came_us, wire_us);
	if (came_us + wire_us > connection->wire_free_us)
		connection->wire_free_us = came_us + wire_us;
	if (device == NULL)
		return;
	simulated_device_reply(device, request, &line->reply);
	if (line->reply.kind == REPLY_VANISH)
		simulated_line_vanish(line, request->now.mono_us, line->reply.delay_us);
	else if (line->reply.kind == REPLY_BYTES ||
		 (line->reply.kind == REPLY_HANG_UP && line->settings.kind != LINE_PTY))
		send_later(line, connection, device, came_us + wire_us);
}

static void drop_received(struct connection *connection, size_t length)
{
	connection->received_length -= length;
	memmove(connection->received, connection->received + length, connection->received_length);
}

static void take_requests(struct simulated_line *line, struct connection *connection,
	const struct simulated_instant *now, const struct line_context *context)
{
	enum frame_transport transport =
		line->settings.kind == LINE_TCP ? TRANSPORT_TCP : TRANSPORT_RTU;
	struct device_request request = {.transport = transport,
		.now = *now,
		.scenario = context->scenario,
		.hook = context->hook};
	while (connection->fd >= 0 && connection->received_length > 0) {
		size_t length = 0;
		struct server_bytes bytes = {connection->received, connection->received_length,
			now->mono_us - connection->received_us >= frame_end_us(line)};
		enum server_frame_status found =
			server_frame_find(transport, &bytes, &request.frame, &length);
		if (found == SERVER_FRAME_MORE)
			return;
		if (found == SERVER_FRAME_GARBAGE) {
			/* Another request may begin one byte further on. */
			line->statistics.garbage_bytes++;
			drop_received(connection, 1);
			continue;
		}
		take_request(line, connection, &request, length);
		if (connection->fd >= 0)
			drop_received(connection, length);
	}
}

/* --- bytes in and out ------------------------------------------------------ */

/* False when the client has gone. */
static bool receive(struct connection *connection)
{
	size_t room = RECEIVED_MAX - connection->received_length;
	if (room == 0) {
		connection->received_length = 0;
		room = RECEIVED_MAX;
	}
	ssize_t got =
		read(connection->fd, connection->received + connection->received_length, room);
	if (got > 0) {
		connection->received_length += (size_t)got;
		connection->received_us = now_us();
		return true;
	}
	return got < 0 && (errno == EAGAIN || errno == EINTR);
}

static void finish_outgoing(
	struct simulated_line *line, struct connection *connection, struct outgoing *outgoing)
{
	int64_t wire_us = wire_characters_us(line->settings.baud, outgoing->length);
	int64_t end_us = outgoing->start_us + wire_us;
	line->statistics.replies++;
	line->statistics.wire_us += wire_us;
	if (end_us > connection->wire_free_us)
		connection->wire_free_us = end_us;
	simulated_device_statistics(outgoing->device)->replied_mono_us = end_us;
	drop_outgoing(outgoing);
}

static int64_t next_group_us(const struct simulated_line *line, const struct outgoing *outgoing)
{
	return outgoing->start_us +
	       wire_group_us(line->settings.baud, outgoing->length, outgoing->sent);
}

static void move_outgoing(
	struct simulated_line *line, struct connection *connection, struct outgoing *outgoing)
{
	int64_t at_us = now_us();
	if (outgoing->hang_up && at_us >= outgoing->start_us) {
		close_connection(line, connection);
		return;
	}
	size_t until =
		wire_handed_over(line->settings.baud, outgoing->length, at_us - outgoing->start_us);
	if (until <= outgoing->sent)
		return;
	ssize_t put =
		write(connection->fd, outgoing->bytes + outgoing->sent, until - outgoing->sent);
	if (put <= 0) {
		/* Nobody takes it: on a wire it would be gone, a socket's client is dead. */
		if (line->settings.kind == LINE_PTY)
			drop_outgoing(outgoing);
		else
			close_connection(line, connection);
		return;
	}
	outgoing->sent += (size_t)put;
	if (outgoing->sent < outgoing->length)
		return;
	/* Written later than the wire's pace: the wire was busy until then. */
	int64_t late_us = at_us - (outgoing->start_us + wire_characters_us(line->settings.baud,
								outgoing->length));
	outgoing->start_us += late_us > 0 ? late_us : 0;
	finish_outgoing(line, connection, outgoing);
}

static void accept_clients(struct simulated_line *line)
{
	int fd = line->listener >= 0 ? tcp_line_accept(line->listener) : -1;
	for (; fd >= 0; fd = tcp_line_accept(line->listener)) {
		size_t free_one = 0;
		while (free_one < LINE_CLIENTS_MAX && line->connections[free_one].fd >= 0)
			free_one++;
		if (free_one == LINE_CLIENTS_MAX)
			close(fd);
		else
			line->connections[free_one].fd = fd;
	}
}

static void move_connection(struct simulated_line *line, struct connection *connection,
	const struct simulated_instant *now, const struct line_context *context)
{
	if (!receive(connection) && line->settings.kind != LINE_PTY) {
		close_connection(line, connection);
		return;
	}
	take_requests(line, connection, now, context);
	for (size_t i = 0; i < LINE_REPLIES_MAX && connection->fd >= 0; i++)
		if (connection->outgoing[i].bytes != NULL)
			move_outgoing(line, connection, &connection->outgoing[i]);
}

void simulated_line_move(struct simulated_line *line, const struct simulated_instant *now,
	const struct line_context *context)
{
	if (!line->open && now->mono_us >= line->reopen_us)
		come_back(line, now->mono_us);
	accept_clients(line);
	for (size_t i = 0; i < LINE_CLIENTS_MAX; i++)
		if (line->connections[i].fd >= 0)
			move_connection(line, &line->connections[i], now, context);
}

size_t simulated_line_fds(const struct simulated_line *line, struct pollfd *ret_fds)
{
	size_t count = 0;
	if (line->listener >= 0)
		ret_fds[count++] = (struct pollfd){.fd = line->listener, .events = POLLIN};
	for (size_t i = 0; i < LINE_CLIENTS_MAX; i++)
		if (line->connections[i].fd >= 0)
			ret_fds[count++] =
				(struct pollfd){.fd = line->connections[i].fd, .events = POLLIN};
	return count;
}

int64_t simulated_line_due(const struct simulated_line *line)
{
	int64_t due_us = line->open ? INT64_MAX : line->reopen_us;
	for (size_t i = 0; i < LINE_CLIENTS_MAX; i++) {
		const struct connection *connection = &line->connections[i];
		if (connection->fd < 0)
			continue;
		if (line->settings.kind != LINE_TCP && connection->received_length > 0 &&
			connection->received_us + frame_end_us(line) < due_us)
			due_us = connection->received_us + frame_end_us(line);
		for (size_t k = 0; k < LINE_REPLIES_MAX; k++) {
			const struct outgoing *outgoing = &connection->outgoing[k];
			if (outgoing->bytes != NULL && next_group_us(line, outgoing) < due_us)
				due_us = next_group_us(line, outgoing);
		}
	}
	return due_us;
}
