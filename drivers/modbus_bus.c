/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modbus_bus.c -- A bus through libmodbus: the only file that knows it.
 *
 * libmodbus opens ports and connections and sends on serial lines (termios,
 * RTS direction). Requests on sockets and all answers are ours
 * (modbus_bus_wire.h), because libmodbus 3.1.6 accepts another address's
 * answer on TCP, sends raw requests with transaction id 0, and cannot carry
 * 43/14. Its error recovery is off; errno is cleared before each call, because
 * it is not always set.
 */
#include "drivers/modbus_bus_name.h"
#include "drivers/modbus_bus_wire.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <modbus.h>

enum { CONNECT_TIMEOUT_MS_DEFAULT = 3000 };

struct modbus_bus {
	struct bus bus;   /* first: a struct bus * is a struct modbus_bus * */
	modbus_t *modbus; /* NULL: closed */
	struct wire wire;
	struct name_lookup *lookup;
	uint16_t transaction;
	bool reconnects; /* closed by ourselves after a bad answer: ask() opens it again */
};

static struct modbus_bus *of(struct bus *bus)
{
	return (struct modbus_bus *)bus;
}

static void disconnect(struct modbus_bus *self)
{
	if (self->modbus) {
		modbus_close(self->modbus);
		modbus_free(self->modbus);
	}
	self->modbus = NULL;
	self->wire.fd = -1;
	self->reconnects = false;
}

/* What to say of an open() or tcsetattr() that failed. */
static const char *open_failure_text(const struct bus_line *line, int error)
{
	/* clang-format off */
	static const struct { int error; const char *serial; const char *socket; } texts[] = {
		{ENOENT,       "there is no such port",                  NULL},
		{ENODEV,       "the port's device is gone",              NULL},
		{ENXIO,        "the port's device is gone",              NULL},
		{EIO,          "the port's device is gone",              NULL},
		{EACCES,       "no right to open the port",              "no right to connect"},
		{EBUSY,        "another program uses the port",          NULL},
		{EWOULDBLOCK,  "another program uses the port",          NULL},
		{EISDIR,       "that is a directory, not a serial port", NULL},
		{ENOTTY,       "that is not a serial port",              NULL},
		{ECONNREFUSED, NULL,                                     "the connection was refused: nothing listens on that port"},
		{ETIMEDOUT,    NULL,                                     "no answer to the connection attempt"},
		{EHOSTUNREACH, NULL,                                     "the host cannot be reached"},
		{ENETUNREACH,  NULL,                                     "the network cannot be reached"},
	};
	/* clang-format on */
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const char *text = line->kind == BUS_RTU ? texts[i].serial : texts[i].socket;
		if (texts[i].error == error && text) {
			return text;
		}
	}
	if (error == EINVAL && line->kind == BUS_RTU && line->parity != 'N') {
		return line->parity == 'E' ? "the port does not support parity E"
					   : "the port does not support parity O";
	}
	return error ? strerrordesc_np(error) : "it cannot be opened";
}

/* libmodbus 3.1.6 takes 9600 for a speed it does not know, and says nothing. */
static bool speed_is_known(uint32_t baud)
{
	static const uint32_t known[] = {300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600,
		115200, 230400, 460800, 500000, 576000, 921600, 1000000};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i] == baud) {
			return true;
		}
	}
	return false;
}

/* Open what self->modbus describes. 0, or errno. */
static int connect_modbus(struct modbus_bus *self)
{
	if (!self->modbus) {
		return errno ? errno : ENOMEM;
	}
	uint32_t wait_ms = self->wire.line.connect_timeout_ms;
	if (wait_ms == 0) {
		wait_ms = CONNECT_TIMEOUT_MS_DEFAULT;
	}
	modbus_set_error_recovery(self->modbus, MODBUS_ERROR_RECOVERY_NONE);
	modbus_set_response_timeout(self->modbus, wait_ms / 1000, wait_ms % 1000 * 1000);
	errno = 0;
	if (modbus_connect(self->modbus) != 0) {
		int error = errno ? errno : EIO;
		modbus_free(self->modbus);
		self->modbus = NULL;
		return error;
	}
	self->wire.fd = modbus_get_socket(self->modbus);
	self->wire.last_heard_mono_us = bus_now_mono_us();
	return 0;
}

static const char *open_serial(struct modbus_bus *self)
{
	const struct bus_line *line = &self->wire.line;

	if (!speed_is_known(line->baud)) {
		return "the port does not support this speed";
	}
	errno = 0;
	self->modbus = modbus_new_rtu(
		line->device, (int)line->baud, line->parity, line->data_bits, line->stop_bits);
	int error = connect_modbus(self);
	if (error) {
		return open_failure_text(line, error);
	}
	/* Two masters on a line disturb each other: the lock keeps out root's programs too. */
	if (ioctl(self->wire.fd, TIOCEXCL) != 0 || flock(self->wire.fd, LOCK_EX | LOCK_NB) != 0) {
		error = errno;
		disconnect(self);
		return open_failure_text(line, error);
	}
	if (line->rts_direction) {
		modbus_rtu_set_rts(self->modbus,
			line->rts_active_low ? MODBUS_RTU_RTS_DOWN : MODBUS_RTU_RTS_UP);
	}
	return NULL;
}

/* For IPv4 libmodbus asks the resolver only when it is told to care for either. */
static modbus_t *new_tcp(const char *address, uint16_t port)
{
	char service[8];

	if (!strchr(address, ':')) {
		return modbus_new_tcp(address, port);
	}
	snprintf(service, sizeof(service), "%u", port);
	return modbus_new_tcp_pi(address, service);
}

static const char *open_socket(struct modbus_bus *self)
{
	const struct bus_line *line = &self->wire.line;
	struct numeric_addresses addresses = {.count = 0};
	int error = 0;

	if (!self->lookup) {
		self->lookup = name_lookup_new();
	}
	const char *reason = self->lookup ? name_lookup_find(self->lookup, line->host,
						    line->connect_timeout_ms, &addresses)
					  : open_failure_text(line, ENOMEM);
	if (reason) {
		return reason;
	}
	for (size_t i = 0; i < addresses.count; i++) {
		errno = 0;
		self->modbus = new_tcp(addresses.text[i], line->tcp_port);
		error = connect_modbus(self);
		if (!error) {
			return NULL;
		}
	}
	return open_failure_text(line, error);
}

static enum bus_status modbus_bus_open(struct bus *bus, const char **ret_reason)
{
	struct modbus_bus *self = of(bus);

	disconnect(self);
	const char *reason =
		self->wire.line.kind == BUS_RTU ? open_serial(self) : open_socket(self);
	if (reason) {
		*ret_reason = reason;
		return BUS_DOWN;
	}
	return BUS_OK;
}

/* After an unanswered request on a socket whatever comes next may be its answer: start afresh. */
static void close_after(struct modbus_bus *self, enum bus_status status)
{
	bool socket = self->wire.line.kind != BUS_RTU;

	if (status == BUS_DOWN) {
		disconnect(self);
	} else if (socket && (status == BUS_TIMEOUT || status == BUS_BAD_FRAME)) {
		disconnect(self);
		self->reconnects = true;
	}
}

static enum bus_status settle(struct modbus_bus *self, struct bus_answer *answer)
{
	const char *reason;

	if (!self->modbus) {
		return self->reconnects ? modbus_bus_open(&self->bus, &reason) : BUS_DOWN;
	}
	enum bus_status status = wire_settle(&self->wire, &answer->late_bytes);
	if (status == BUS_DOWN && self->wire.line.kind != BUS_RTU) {
		/* Devices close connections that were idle for a minute; that is no failure. */
		return modbus_bus_open(&self->bus, &reason);
	}
	if (status == BUS_BAD_FRAME) {
		answer->verdict = FRAME_BAD_CRC;
	}
	return status;
}

static void note_request(struct modbus_bus *self, const uint8_t *bytes, size_t length)
{
	struct recorded_frame frame = {
		.at_mono_us = bus_now_mono_us(),
		.mark = FRAME_MARK_REQUEST,
		.length = length,
	};

	memcpy(frame.bytes, bytes, length);
	frame_record_put(self->bus.record, &frame);
}

static bool send_request(struct modbus_bus *self, const struct frame_question *question)
{
	uint8_t frame[FRAME_BYTES_MAX];
	size_t length = frame_build_request(
		question->transport, question->transaction, &question->request, frame);
	ssize_t sent;

	note_request(self, frame, length);
	errno = 0;
	if (self->wire.line.kind == BUS_RTU) {
		/* It appends the checksum itself, and switches the direction. */
		sent = modbus_send_raw_request(self->modbus, frame, (int)length - 2);
	} else {
		sent = send(self->wire.fd, frame, length, MSG_NOSIGNAL);
	}
	return sent == (ssize_t)length;
}

static enum bus_status exchange(struct modbus_bus *self, const struct frame_question *question,
	uint32_t timeout_ms, struct bus_answer *answer)
{
	enum bus_status status = settle(self, answer);

	if (status != BUS_OK) {
		return status;
	}
	answer->sent_mono_us = bus_now_mono_us();
	if (!send_request(self, question)) {
		return BUS_DOWN;
	}
	size_t length = frame_request_length(question->transport, &question->request);
	int64_t ends_mono_us = answer->sent_mono_us + bus_line_wire_us(&self->wire.line, length);
	int64_t now_mono_us = bus_now_mono_us();
	if (now_mono_us > ends_mono_us) {
		ends_mono_us = now_mono_us; /* switching the direction waited for the end */
	}
	self->wire.last_heard_mono_us = ends_mono_us;
	return wire_receive(
		&self->wire, question, ends_mono_us + (int64_t)timeout_ms * 1000, answer);
}

static enum bus_status modbus_bus_ask(struct bus *bus, const struct bus_request *request,
	uint32_t timeout_ms, struct bus_answer *ret_answer)
{
	struct modbus_bus *self = of(bus);
	const struct frame_question question = {
		.transport = self->wire.transport,
		.transaction = ++self->transaction,
		.request = *request,
	};

	memset(ret_answer, 0, offsetof(struct bus_answer, words));
	ret_answer->bytes_length = 0;
	ret_answer->late_bytes = 0;
	ret_answer->sent_mono_us = ret_answer->began_mono_us = ret_answer->done_mono_us =
		bus_now_mono_us();
	if (frame_request_length(question.transport, request) == 0 ||
		request->count > FRAME_REGISTERS_MAX) {
		ret_answer->verdict = FRAME_EXCEPTION;
		ret_answer->exception = 1;
		return BUS_REFUSED;
	}
	enum bus_status status = exchange(self, &question, timeout_ms, ret_answer);
	close_after(self, status);
	return status;
}

static void modbus_bus_interrupt(struct bus *bus)
{
	uint64_t one = 1;

	if (write(of(bus)->wire.wake_fd, &one, sizeof(one)) < 0) {
		return; /* the counter is full: it has been told already */
	}
}

static void modbus_bus_close(struct bus *bus)
{
	struct modbus_bus *self = of(bus);

	disconnect(self);
	name_lookup_free(self->lookup);
	frame_record_free(self->bus.record);
	close(self->wire.wake_fd);
	free(self);
}

static const struct bus_ops modbus_bus_ops = {
	.ask = modbus_bus_ask,
	.open = modbus_bus_open,
	.interrupt = modbus_bus_interrupt,
	.close = modbus_bus_close,
};

struct bus *modbus_bus_new(const struct bus_line *line)
{
	struct modbus_bus *self = calloc(1, sizeof(*self));

	if (!self) {
		return NULL;
	}
	int wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wake_fd < 0) {
		free(self);
		return NULL;
	}
	self->bus = (struct bus){
		.ops = &modbus_bus_ops,
		.record = frame_record_new(line->kind == BUS_RTU ? FRAME_RECORD_SERIAL_BYTES
								 : FRAME_RECORD_SOCKET_BYTES),
	};
	self->wire = (struct wire){
		.line = *line,
		.transport = line->kind == BUS_TCP ? TRANSPORT_TCP : TRANSPORT_RTU,
		.fd = -1,
		.wake_fd = wake_fd,
		.record = self->bus.record,
	};
	return &self->bus;
}
