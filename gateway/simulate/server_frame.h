/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_frame.h -- The server's side of Modbus framing: find a request in the
 * bytes that came, wrap an answer. Pure. (The client's side is
 * drivers/modbus_frame.h.)
 */
#ifndef GATEWAY_SIMULATE_SERVER_FRAME_H
#define GATEWAY_SIMULATE_SERVER_FRAME_H

#include "drivers/modbus_frame.h"

/* A request, or the answer to one. */
struct server_frame {
	uint8_t device;
	uint16_t transaction; /* TCP */
	const uint8_t *pdu;   /* PDU_BYTES_MAX (device_image.h) at most */
	size_t pdu_length;
};

/* What has come so far. */
struct server_bytes {
	const uint8_t *bytes;
	size_t length;
	bool silent; /* RTU: nothing followed for the time that ends a frame */
};

enum server_frame_status {
	SERVER_FRAME_OK,
	SERVER_FRAME_MORE,    /* not all there yet */
	SERVER_FRAME_GARBAGE, /* no request begins here */
};

/*
 * The request at the start of what has come; it points into it. *ret_length is
 * what it takes (with SERVER_FRAME_OK only). On RTU only functions of known
 * length (1-6, 43) can be told before the line falls silent; then whatever
 * stands there with a good CRC is a request.
 */
enum server_frame_status server_frame_find(enum frame_transport transport,
	const struct server_bytes *received, struct server_frame *ret_request, size_t *ret_length);

/* A whole frame around a PDU; returns its length. */
size_t server_frame_wrap(enum frame_transport transport, const struct server_frame *answer,
	uint8_t ret_bytes[static FRAME_BYTES_MAX]);

#endif
