/* SPDX-License-Identifier: Apache-2.0 */
/* scripted_device.c -- A device that misbehaves on request; see scripted_device.h. */
#include "tests/fakes/scripted_device.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	PENDING_MAX = 600,
	BABBLE_BYTES = 300,
	PIECE_GAP_US = 2000,
	BABBLE_GAP_US = 1000,
	FIFO_BYTES = 8,
};

/* Bytes that go out at an instant. */
struct piece {
	int64_t at_mono_us;
	uint8_t bytes[FRAME_BYTES_MAX];
	size_t length; /* 0: hang up */
};

struct scripted_device {
	struct bus_line line;
	char path[64];
	const struct scripted_answer *script;
	size_t script_count;
	int listen_fd; /* TCP */
	int fd;        /* pty master or connection; -1: none */
	int slave_fd;  /* held open, so that the master does not hang up */
	int stop_fd;
	pthread_t thread;
	pthread_mutex_t lock; /* of `record` and last_sent_mono_us */
	struct scripted_record record;
	int64_t last_sent_mono_us;
	uint8_t heard[FRAME_BYTES_MAX];
	size_t heard_length;
	struct piece pending[PENDING_MAX];
	size_t pending_count;
};

static bool is_tcp(const struct scripted_device *device)
{
	return device->line.kind == BUS_TCP;
}

static void push(struct scripted_device *device, int64_t at, const uint8_t *bytes, size_t length)
{
	assert_true(device->pending_count < PENDING_MAX);
	struct piece *piece = &device->pending[device->pending_count++];
	piece->at_mono_us = at;
	piece->length = length;
	if (length > 0) {
		memcpy(piece->bytes, bytes, length);
	}
}

static void seal(uint8_t *frame, size_t length)
{
	uint16_t crc = frame_crc(frame, length - 2);

	frame[length - 2] = (uint8_t)crc;
	frame[length - 1] = (uint8_t)(crc >> 8);
}

/* Wrap a PDU; returns the frame's length. */
static size_t wrap(
	const struct scripted_device *device, const uint8_t *pdu, size_t length, uint8_t *ret_frame)
{
	if (is_tcp(device)) {
		const uint8_t header[] = {device->heard[0], device->heard[1], 0, 0,
			(uint8_t)((length + 1) >> 8), (uint8_t)(length + 1), device->heard[6]};
		memcpy(ret_frame, header, sizeof(header));
		memcpy(ret_frame + sizeof(header), pdu, length);
		return sizeof(header) + length;
	}
	ret_frame[0] = device->heard[0];
	memcpy(ret_frame + 1, pdu, length);
	seal(ret_frame, length + 3);
	return length + 3;
}

/* The answer's PDU as the script has it. */
static size_t answer_pdu(
	const struct scripted_answer *answer, const uint8_t *asked, uint8_t *ret_pdu)
{
	static const uint8_t identity[] = {
		43, 14, 1, 1, 0, 0, 2, 0, 4, 'A', 'C', 'M', 'E', 1, 2, 'X', '1'};
	int count = asked[3] << 8 | asked[4];

	if (answer->kind == SCRIPT_DEVICE_ID) {
		memcpy(ret_pdu, identity, sizeof(identity));
		return sizeof(identity);
	}
	if (answer->kind == SCRIPT_EXCEPTION) {
		ret_pdu[0] = asked[0] | 0x80;
		ret_pdu[1] = (uint8_t)answer->first_word;
		return 2;
	}
	count += answer->kind == SCRIPT_WRONG_LENGTH;
	ret_pdu[0] = asked[0];
	if (answer->kind == SCRIPT_WRONG_FUNCTION) {
		ret_pdu[0] = asked[0] == 3 ? 4 : 3;
	}
	ret_pdu[1] = (uint8_t)(2 * count);
	for (int i = 0; i < count; i++) {
		int word = answer->first_word + i;
		ret_pdu[2 + 2 * i] = (uint8_t)(word >> 8);
		ret_pdu[3 + 2 * i] = (uint8_t)word;
	}
	return 2u + 2u * (size_t)count;
}

static void push_pieces(
	struct scripted_device *device, int64_t at, const uint8_t *frame, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		push(device, at + (int64_t)i * PIECE_GAP_US, frame + i, 1);
	}
}

static void push_groups(
	struct scripted_device *device, int64_t at, const uint8_t *frame, size_t length)
{
	for (size_t sent = 0; sent < length; sent += FIFO_BYTES) {
		size_t count = length - sent < FIFO_BYTES ? length - sent : FIFO_BYTES;
		push(device, at + bus_line_wire_us(&device->line, sent + count), frame + sent,
			count);
	}
}

static void push_babble(struct scripted_device *device, int64_t at)
{
	for (int i = 0; i < BABBLE_BYTES; i++) {
		uint8_t byte = (uint8_t)(i * 7 + 1);
		push(device, at + (int64_t)i * BABBLE_GAP_US, &byte, 1);
	}
}

/* Move the address of a frame by one and put its checksum right. */
static void move_address(struct scripted_device *device, uint8_t *frame, size_t length)
{
	if (is_tcp(device)) {
		frame[6]++;
		return;
	}
	frame[0]++;
	seal(frame, length);
}

/* Spoil the good frame as the script has it; returns its length. */
static size_t spoil(
	struct scripted_device *device, enum scripted_kind kind, uint8_t *frame, size_t length)
{
	switch (kind) {
	case SCRIPT_WRONG_ADDRESS:
		move_address(device, frame, length);
		return length;
	case SCRIPT_SHORT:
		return length - 3;
	case SCRIPT_BAD_CRC:
		frame[length - 1] ^= 0x10;
		return length;
	case SCRIPT_OLD_TRANSACTION:
		frame[1]--;
		return length;
	case SCRIPT_NOTHING:
	case SCRIPT_HANGS_UP:
		return 0;
	case SCRIPT_GOOD:
	case SCRIPT_EXCEPTION:
	case SCRIPT_WRONG_FUNCTION:
	case SCRIPT_WRONG_LENGTH:
	case SCRIPT_BABBLE:
	case SCRIPT_NOISE_FIRST:
	case SCRIPT_FOREIGN_FIRST:
	case SCRIPT_IN_PIECES:
	case SCRIPT_AS_A_UART:
	case SCRIPT_GOOD_AND_HANGS_UP:
	case SCRIPT_DEVICE_ID:
		return length;
	}
	return length;
}

static void push_foreign(
	struct scripted_device *device, int64_t at, const uint8_t *frame, size_t length)
{
	uint8_t other[FRAME_BYTES_MAX];

	memcpy(other, frame, length);
	move_address(device, other, length);
	push(device, at, other, length);
}

static void answer(struct scripted_device *device, const struct scripted_answer *scripted)
{
	int64_t at = bus_now_mono_us() + (int64_t)scripted->delay_ms * 1000;
	uint8_t pdu[FRAME_BYTES_MAX], frame[FRAME_BYTES_MAX];
	size_t length = wrap(device, pdu,
		answer_pdu(scripted, device->heard + (is_tcp(device) ? 7 : 1), pdu), frame);

	if (scripted->kind == SCRIPT_NOISE_FIRST) {
		push(device, at, &(const uint8_t){0}, 1);
	} else if (scripted->kind == SCRIPT_FOREIGN_FIRST) {
		push_foreign(device, at, frame, length);
	}
	length = spoil(device, scripted->kind, frame, length);
	if (scripted->kind == SCRIPT_BABBLE) {
		push_babble(device, at);
	} else if (scripted->kind == SCRIPT_AS_A_UART) {
		push_groups(device, at, frame, length);
	} else if (scripted->kind == SCRIPT_IN_PIECES) {
		push_pieces(device, at, frame, length);
	} else if (length > 0) {
		push(device, at, frame, length);
	}
	if (scripted->kind == SCRIPT_HANGS_UP || scripted->kind == SCRIPT_GOOD_AND_HANGS_UP) {
		push(device, at, NULL, 0);
	}
}

static void count(struct scripted_device *device, size_t *counter)
{
	pthread_mutex_lock(&device->lock);
	++*counter;
	pthread_mutex_unlock(&device->lock);
}

static void hang_up(struct scripted_device *device)
{
	close(device->fd);
	device->fd = -1;
	device->heard_length = 0;
	device->pending_count = 0;
	count(device, &device->record.hang_ups);
}

/* Send what is due. */
static void send_due(struct scripted_device *device)
{
	while (device->pending_count > 0 && device->fd >= 0) {
		struct piece *piece = &device->pending[0];
		if (piece->at_mono_us > bus_now_mono_us()) {
			return;
		}
		if (piece->length == 0) {
			hang_up(device);
			return;
		}
		pthread_mutex_lock(&device->lock);
		device->last_sent_mono_us = bus_now_mono_us();
		pthread_mutex_unlock(&device->lock);
		if (write(device->fd, piece->bytes, piece->length) < 0) {
			hang_up(device);
			return;
		}
		count(device, &device->record.sent);
		device->pending_count--;
		memmove(device->pending, device->pending + 1,
			device->pending_count * sizeof(device->pending[0]));
	}
}

/* Returns the request's index. */
static size_t note_request(struct scripted_device *device, int64_t heard_mono_us)
{
	pthread_mutex_lock(&device->lock);
	int64_t silence_us = heard_mono_us - device->last_sent_mono_us;
	if (device->last_sent_mono_us != 0 && silence_us < device->record.silence_us_min) {
		device->record.silence_us_min = silence_us;
	}
	size_t index = device->record.requests++;
	pthread_mutex_unlock(&device->lock);
	return index;
}

/* Whole length of the request being heard; functions 1-4 have one byte more than 43/14. */
static size_t request_length(const struct scripted_device *device)
{
	size_t function_at = is_tcp(device) ? 7 : 1;
	size_t whole = is_tcp(device) ? 12 : 8;
	bool device_id = device->heard_length > function_at && device->heard[function_at] == 43;

	return whole - (device_id ? 1 : 0);
}

static void hear(struct scripted_device *device)
{
	static const struct scripted_answer good = {.kind = SCRIPT_GOOD};
	int64_t now = bus_now_mono_us();
	ssize_t length = read(device->fd, device->heard + device->heard_length,
		sizeof(device->heard) - device->heard_length);

	if (length <= 0) {
		hang_up(device);
		return;
	}
	device->heard_length += (size_t)length;
	if (device->heard_length < request_length(device)) {
		return;
	}
	size_t index = note_request(device, now);
	answer(device, index < device->script_count ? &device->script[index] : &good);
	device->heard_length = 0;
}

static void accept_connection(struct scripted_device *device)
{
	int one = 1;

	if (device->fd >= 0) {
		hang_up(device);
	}
	device->fd = accept4(device->listen_fd, NULL, NULL, SOCK_CLOEXEC);
	setsockopt(device->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	count(device, &device->record.connections);
}

/* Until the next piece is due; NULL: none is. */
static const struct timespec *next_wait(const struct scripted_device *device, struct timespec *wait)
{
	if (device->pending_count == 0) {
		return NULL;
	}
	int64_t left_us = device->pending[0].at_mono_us - bus_now_mono_us();
	left_us = left_us > 0 ? left_us : 0;
	*wait = (struct timespec){.tv_sec = left_us / 1000000, .tv_nsec = left_us % 1000000 * 1000};
	return wait;
}

static void *device_run(void *argument)
{
	struct scripted_device *device = argument;

	for (;;) {
		struct pollfd polled[] = {
			{.fd = device->stop_fd,   .events = POLLIN},
			{.fd = device->fd,        .events = POLLIN},
			{.fd = device->listen_fd, .events = POLLIN},
		};
		struct timespec wait;
		ppoll(polled, 3, next_wait(device, &wait), NULL);
		if (polled[0].revents) {
			return NULL;
		}
		if (polled[2].revents) {
			accept_connection(device);
		} else if (polled[1].revents) {
			hear(device);
		}
		send_due(device);
	}
}

static void open_pty(struct scripted_device *device)
{
	struct termios raw;

	device->fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(device->fd >= 0);
	assert_int_equal(grantpt(device->fd), 0);
	assert_int_equal(unlockpt(device->fd), 0);
	assert_int_equal(ptsname_r(device->fd, device->path, sizeof(device->path)), 0);
	device->slave_fd = open(device->path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(device->slave_fd >= 0);
	assert_int_equal(tcgetattr(device->slave_fd, &raw), 0);
	cfmakeraw(&raw);
	assert_int_equal(tcsetattr(device->slave_fd, TCSANOW, &raw), 0);
	device->line.device = device->path;
}

static void open_socket(struct scripted_device *device)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);

	device->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(device->listen_fd >= 0);
	assert_int_equal(bind(device->listen_fd, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(device->listen_fd, 4), 0);
	assert_int_equal(getsockname(device->listen_fd, (struct sockaddr *)&address, &length), 0);
	device->line.host = "127.0.0.1";
	device->line.tcp_port = ntohs(address.sin_port);
}

struct scripted_device *scripted_device_start(
	enum bus_kind kind, const struct scripted_answer *script, size_t count)
{
	struct scripted_device *device = calloc(1, sizeof(*device));

	assert_non_null(device);
	device->line = (struct bus_line){.kind = kind,
		.baud = 19200,
		.parity = 'N',
		.data_bits = 8,
		.stop_bits = 1,
		.connect_timeout_ms = 2000};
	device->script = script;
	device->script_count = count;
	device->fd = device->listen_fd = device->slave_fd = -1;
	device->record.silence_us_min = INT64_MAX;
	device->stop_fd = eventfd(0, EFD_CLOEXEC);
	pthread_mutex_init(&device->lock, NULL);
	if (kind == BUS_RTU) {
		open_pty(device);
	} else {
		open_socket(device);
	}
	assert_int_equal(pthread_create(&device->thread, NULL, device_run, device), 0);
	return device;
}

struct scripted_device *scripted_device_stop(struct scripted_device *device)
{
	uint64_t one = 1;

	assert_int_equal(write(device->stop_fd, &one, sizeof(one)), sizeof(one));
	pthread_join(device->thread, NULL);
	const int fds[] = {device->fd, device->listen_fd, device->slave_fd, device->stop_fd};
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (fds[i] >= 0) {
			close(fds[i]);
		}
	}
	pthread_mutex_destroy(&device->lock);
	free(device);
	return NULL;
}

const struct bus_line *scripted_device_line(const struct scripted_device *device)
{
	return &device->line;
}

struct scripted_record scripted_device_record(struct scripted_device *device)
{
	pthread_mutex_lock(&device->lock);
	struct scripted_record record = device->record;
	record.last_sent_mono_us = device->last_sent_mono_us;
	pthread_mutex_unlock(&device->lock);
	return record;
}
