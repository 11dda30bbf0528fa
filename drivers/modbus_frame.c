/* SPDX-License-Identifier: Apache-2.0 */
/* modbus_frame.c -- Build a Modbus request, judge an answer; see modbus_frame.h. */
#include "drivers/modbus_frame.h"

enum {
	RTU_ADDRESS_BYTES = 1,
	RTU_CRC_BYTES = 2,
	MBAP_BYTES = 7, /* transaction, protocol, length, unit */
	MBAP_LENGTH_COUNTED_FROM = 6,
	READ_PDU_BYTES = 5,
	DEVICE_ID_PDU_BYTES = 4,
	DEVICE_ID_HEADER_BYTES = 7, /* function, MEI, code, conformity, more, next, objects */
	DEVICE_ID_BASIC = 1,        /* read device id code: basic objects as a stream */
	MEI_DEVICE_ID = 14,
	EXCEPTION_BIT = 0x80,
	EXCEPTION_PDU_BYTES = 2,
	PDU_BYTES_MAX = 253,
};

uint16_t frame_crc(const uint8_t *bytes, size_t length)
{
	uint16_t crc = 0xFFFF;

	for (size_t i = 0; i < length; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++) {
			crc = (uint16_t)((crc >> 1) ^ ((crc & 1) ? 0xA001 : 0));
		}
	}
	return crc;
}

static bool is_bits(uint8_t function)
{
	return function == SPACE_COILS || function == SPACE_DISCRETE_INPUTS;
}

static bool is_read(uint8_t function)
{
	return function >= SPACE_COILS && function <= SPACE_INPUT_REGISTERS;
}

static bool can_be_built(const struct bus_request *request)
{
	if (request->function == FUNCTION_DEVICE_ID) {
		return request->address <= UINT8_MAX;
	}
	int count_max = is_bits(request->function) ? FRAME_BITS_MAX : FRAME_REGISTERS_MAX;
	return is_read(request->function) && request->count >= 1 && request->count <= count_max &&
	       request->address + request->count <= UINT16_MAX + 1;
}

static size_t request_pdu_length(const struct bus_request *request)
{
	return request->function == FUNCTION_DEVICE_ID ? DEVICE_ID_PDU_BYTES : READ_PDU_BYTES;
}

static size_t overhead(enum frame_transport transport)
{
	return transport == TRANSPORT_TCP ? MBAP_BYTES : RTU_ADDRESS_BYTES + RTU_CRC_BYTES;
}

static size_t pdu_offset(enum frame_transport transport)
{
	return transport == TRANSPORT_TCP ? MBAP_BYTES : RTU_ADDRESS_BYTES;
}

static void put_u16(uint8_t *bytes, uint16_t number)
{
	bytes[0] = (uint8_t)(number >> 8);
	bytes[1] = (uint8_t)number;
}

static uint16_t get_u16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static void put_pdu(uint8_t *pdu, const struct bus_request *request)
{
	pdu[0] = request->function;
	if (request->function == FUNCTION_DEVICE_ID) {
		pdu[1] = MEI_DEVICE_ID;
		pdu[2] = DEVICE_ID_BASIC;
		pdu[3] = (uint8_t)request->address;
		return;
	}
	put_u16(pdu + 1, request->address);
	put_u16(pdu + 3, request->count);
}

size_t frame_build_request(enum frame_transport transport, uint16_t transaction,
	const struct bus_request *request, uint8_t ret_bytes[static FRAME_BYTES_MAX])
{
	if (!can_be_built(request)) {
		return 0;
	}
	size_t offset = pdu_offset(transport);
	size_t pdu_length = request_pdu_length(request);

	put_pdu(ret_bytes + offset, request);
	ret_bytes[offset - 1] = request->device;
	if (transport == TRANSPORT_TCP) {
		put_u16(ret_bytes, transaction);
		put_u16(ret_bytes + 2, 0);
		put_u16(ret_bytes + 4, (uint16_t)(pdu_length + 1));
		return offset + pdu_length;
	}
	uint16_t crc = frame_crc(ret_bytes, offset + pdu_length);
	ret_bytes[offset + pdu_length] = (uint8_t)crc;
	ret_bytes[offset + pdu_length + 1] = (uint8_t)(crc >> 8);
	return offset + pdu_length + RTU_CRC_BYTES;
}

size_t frame_request_length(enum frame_transport transport, const struct bus_request *request)
{
	return can_be_built(request) ? overhead(transport) + request_pdu_length(request) : 0;
}

/* Bytes of registers or bits a good answer carries. */
static size_t payload_length(const struct bus_request *request)
{
	return is_bits(request->function) ? (request->count + 7u) / 8u : 2u * request->count;
}

size_t frame_answer_length(enum frame_transport transport, const struct bus_request *request)
{
	if (!is_read(request->function)) {
		return 0;
	}
	return overhead(transport) + 2 + payload_length(request);
}

/* Length of a 43/14 PDU as far as it is here; its objects tell their lengths one by one. */
static size_t device_id_pdu_length(const uint8_t *pdu, size_t length)
{
	if (length < DEVICE_ID_HEADER_BYTES) {
		return DEVICE_ID_HEADER_BYTES;
	}
	size_t end = DEVICE_ID_HEADER_BYTES;
	for (int objects = pdu[6]; objects > 0; objects--) {
		if (length < end + 2) {
			return end + 2u * (size_t)objects;
		}
		end += 2u + pdu[end + 1];
	}
	return end;
}

static size_t rtu_length_begun(const uint8_t *bytes, size_t length)
{
	const size_t shortest = overhead(TRANSPORT_RTU) + EXCEPTION_PDU_BYTES;

	if (length < 3) {
		return shortest;
	}
	if (bytes[1] & EXCEPTION_BIT) {
		return shortest;
	}
	if (is_read(bytes[1])) {
		return overhead(TRANSPORT_RTU) + 2u + bytes[2];
	}
	if (bytes[1] == FUNCTION_DEVICE_ID) {
		return overhead(TRANSPORT_RTU) + device_id_pdu_length(bytes + 1, length - 1);
	}
	return 0;
}

size_t frame_length_begun(enum frame_transport transport, const uint8_t *bytes, size_t length)
{
	size_t whole;

	if (transport == TRANSPORT_RTU) {
		whole = rtu_length_begun(bytes, length);
	} else if (length < MBAP_LENGTH_COUNTED_FROM) {
		whole = MBAP_BYTES + EXCEPTION_PDU_BYTES;
	} else {
		size_t counted = get_u16(bytes + 4);
		whole = counted < 1 + EXCEPTION_PDU_BYTES ? 0 : MBAP_LENGTH_COUNTED_FROM + counted;
	}
	return whole > FRAME_BYTES_MAX ? 0 : whole;
}

static enum frame_verdict judge_envelope(
	enum frame_transport transport, uint16_t transaction, const uint8_t *bytes, size_t length)
{
	if (length < overhead(transport) + EXCEPTION_PDU_BYTES) {
		return FRAME_SHORT;
	}
	if (transport == TRANSPORT_RTU) {
		if (length < rtu_length_begun(bytes, length)) {
			return FRAME_SHORT;
		}
		uint16_t crc = frame_crc(bytes, length - RTU_CRC_BYTES);
		bool same = bytes[length - 2] == (uint8_t)crc &&
			    bytes[length - 1] == (uint8_t)(crc >> 8);
		return same ? FRAME_GOOD : FRAME_BAD_CRC;
	}
	if (get_u16(bytes) != transaction || get_u16(bytes + 2) != 0) {
		return FRAME_WRONG_TRANSACTION;
	}
	size_t counted = (size_t)MBAP_LENGTH_COUNTED_FROM + get_u16(bytes + 4);
	if (counted != length) {
		return counted > length ? FRAME_SHORT : FRAME_WRONG_LENGTH;
	}
	return FRAME_GOOD;
}

static enum frame_verdict judge_device_id(
	const uint8_t *pdu, size_t length, const uint8_t **ret_payload, size_t *ret_payload_length)
{
	size_t whole = device_id_pdu_length(pdu, length);

	if (whole != length) {
		return whole > length ? FRAME_SHORT : FRAME_WRONG_LENGTH;
	}
	if (pdu[1] != MEI_DEVICE_ID) {
		return FRAME_WRONG_FUNCTION;
	}
	*ret_payload = pdu + DEVICE_ID_HEADER_BYTES;
	*ret_payload_length = length - DEVICE_ID_HEADER_BYTES;
	return FRAME_GOOD;
}

static enum frame_verdict judge_pdu(const struct bus_request *request, const uint8_t *pdu,
	size_t length, const uint8_t **ret_payload, size_t *ret_payload_length)
{
	if (pdu[0] != request->function) {
		return FRAME_WRONG_FUNCTION;
	}
	if (request->function == FUNCTION_DEVICE_ID) {
		return judge_device_id(pdu, length, ret_payload, ret_payload_length);
	}
	if (pdu[1] != payload_length(request)) {
		return FRAME_WRONG_LENGTH;
	}
	if (length != 2u + pdu[1]) {
		return length < 2u + pdu[1] ? FRAME_SHORT : FRAME_WRONG_LENGTH;
	}
	*ret_payload = pdu + 2;
	*ret_payload_length = pdu[1];
	return FRAME_GOOD;
}

enum frame_verdict frame_judge_answer(const struct frame_question *question, const uint8_t *bytes,
	size_t length, struct frame_answer *ret_answer)
{
	const struct bus_request *request = &question->request;
	enum frame_verdict verdict =
		judge_envelope(question->transport, question->transaction, bytes, length);
	if (verdict != FRAME_GOOD) {
		return verdict;
	}
	size_t offset = pdu_offset(question->transport);
	const uint8_t *pdu = bytes + offset;
	size_t pdu_length = length - overhead(question->transport);

	if (bytes[offset - 1] != request->device) {
		return FRAME_WRONG_ADDRESS;
	}
	if (pdu[0] == (request->function | EXCEPTION_BIT)) {
		if (pdu_length != EXCEPTION_PDU_BYTES) {
			return FRAME_WRONG_LENGTH;
		}
		ret_answer->exception = pdu[1];
		return FRAME_EXCEPTION;
	}
	return judge_pdu(
		request, pdu, pdu_length, &ret_answer->payload, &ret_answer->payload_length);
}

const char *frame_verdict_text(enum frame_verdict verdict)
{
	/* clang-format off */
	static const char *const texts[FRAME_VERDICT_COUNT] = {
		[FRAME_GOOD]              = "good",
		[FRAME_EXCEPTION]         = "refused",
		[FRAME_SHORT]             = "the answer is too short",
		[FRAME_BAD_CRC]           = "the answer's checksum is wrong",
		[FRAME_WRONG_ADDRESS]     = "the answer comes from another address",
		[FRAME_WRONG_FUNCTION]    = "the answer is to another function",
		[FRAME_WRONG_LENGTH]      = "the answer's length is not what was asked for",
		[FRAME_WRONG_TRANSACTION] = "the answer is to another request",
	};
	/* clang-format on */
	return texts[verdict];
}

const char *modbus_exception_text(uint8_t code)
{
	/* clang-format off */
	static const char *const texts[] = {
		[1]  = "illegal function",
		[2]  = "illegal data address",
		[3]  = "illegal data value",
		[4]  = "device failure",
		[5]  = "acknowledged, still working",
		[6]  = "device busy",
		[7]  = "negative acknowledge",
		[8]  = "memory parity error",
		[10] = "gateway path unavailable",
		[11] = "gateway target does not answer",
	};
	/* clang-format on */
	const char *text = code < sizeof(texts) / sizeof(texts[0]) ? texts[code] : NULL;

	return text ? text : "unknown exception";
}
