/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_frame.c -- RTU: address, PDU, CRC; TCP: MBAP header, PDU.
 */
#include "gateway/simulate/server_frame.h"

#include <string.h>

enum {
	MBAP_BYTES = 7, /* transaction, protocol, length, unit */
	RTU_BYTES_MIN = 4,
};

static uint16_t big_endian(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static bool crc_is_good(const uint8_t *bytes, size_t length)
{
	uint16_t crc = frame_crc(bytes, length - 2);
	return bytes[length - 2] == (crc & 0xff) && bytes[length - 1] == crc >> 8;
}

/* Bytes of a request by its function; 0: only silence ends it. */
static size_t rtu_length(uint8_t function)
{
	if (function >= 1 && function <= 6)
		return 8;
	return function == FUNCTION_DEVICE_ID ? 7 : 0;
}

static enum server_frame_status find_rtu(const uint8_t *bytes, size_t length, bool silent,
	struct server_frame *ret_request, size_t *ret_length)
{
	if (length < RTU_BYTES_MIN)
		return silent ? SERVER_FRAME_GARBAGE : SERVER_FRAME_MORE;
	size_t expected = rtu_length(bytes[1]);
	size_t frame = expected > 0 && expected <= length ? expected : length;
	if (frame != expected && !silent)
		return SERVER_FRAME_MORE;
	if (!crc_is_good(bytes, frame))
		return SERVER_FRAME_GARBAGE;
	*ret_request = (struct server_frame){
		.device = bytes[0], .pdu = bytes + 1, .pdu_length = frame - 3};
	*ret_length = frame;
	return SERVER_FRAME_OK;
}

static enum server_frame_status find_tcp(
	const uint8_t *bytes, size_t length, struct server_frame *ret_request, size_t *ret_length)
{
	if (length < MBAP_BYTES)
		return SERVER_FRAME_MORE;
	size_t rest = big_endian(bytes + 4);
	if (big_endian(bytes + 2) != 0 || rest < 2 || rest > FRAME_BYTES_MAX - 6)
		return SERVER_FRAME_GARBAGE;
	if (length < 6 + rest)
		return SERVER_FRAME_MORE;
	*ret_request = (struct server_frame){.device = bytes[6],
		.transaction = big_endian(bytes),
		.pdu = bytes + MBAP_BYTES,
		.pdu_length = rest - 1};
	*ret_length = 6 + rest;
	return SERVER_FRAME_OK;
}

enum server_frame_status server_frame_find(enum frame_transport transport,
	const struct server_bytes *received, struct server_frame *ret_request, size_t *ret_length)
{
	if (transport == TRANSPORT_TCP)
		return find_tcp(received->bytes, received->length, ret_request, ret_length);
	return find_rtu(
		received->bytes, received->length, received->silent, ret_request, ret_length);
}

size_t server_frame_wrap(enum frame_transport transport, const struct server_frame *answer,
	uint8_t ret_bytes[static FRAME_BYTES_MAX])
{
	if (transport == TRANSPORT_TCP) {
		size_t rest = answer->pdu_length + 1;
		const uint8_t head[MBAP_BYTES] = {(uint8_t)(answer->transaction >> 8),
			(uint8_t)(answer->transaction & 0xff), 0, 0, (uint8_t)(rest >> 8),
			(uint8_t)(rest & 0xff), answer->device};
		memcpy(ret_bytes, head, sizeof(head));
		memcpy(ret_bytes + MBAP_BYTES, answer->pdu, answer->pdu_length);
		return MBAP_BYTES + answer->pdu_length;
	}
	ret_bytes[0] = answer->device;
	memcpy(ret_bytes + 1, answer->pdu, answer->pdu_length);
	uint16_t crc = frame_crc(ret_bytes, answer->pdu_length + 1);
	ret_bytes[answer->pdu_length + 1] = (uint8_t)(crc & 0xff);
	ret_bytes[answer->pdu_length + 2] = (uint8_t)(crc >> 8);
	return answer->pdu_length + 3;
}
