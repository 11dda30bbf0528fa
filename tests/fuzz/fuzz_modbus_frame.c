/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_modbus_frame.c -- Whatever stands on a line or comes from a network: an
 * answer is judged, and the simulator's end finds requests in it.
 *
 * Input: transport and function, the rest of the request (5 bytes), the frame.
 */
#include <assert.h>
#include <string.h>

#include "drivers/device_reader.h"
#include "drivers/register_decode.h"
#include "gateway/simulate/server_frame.h"

enum { HEAD_BYTES = 7 };

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length);

/* The registers of a good answer, as every kind of number. */
static void decode(const struct frame_answer *answer)
{
	uint16_t words[FRAME_REGISTERS_MAX];
	size_t count = answer->payload_length / 2;
	assert(count <= FRAME_REGISTERS_MAX);
	for (size_t i = 0; i < count; i++)
		words[i] = (uint16_t)(answer->payload[2 * i] << 8 | answer->payload[2 * i + 1]);
	for (int encoding = 0; encoding < ENCODING_COUNT; encoding++) {
		struct register_format format = {.encoding = (enum register_encoding)encoding};
		int64_t value = 0;
		char text[2 * FRAME_REGISTERS_MAX + 1];
		format.registers = register_encoding_registers(format.encoding);
		if (format.registers == 0)
			format.registers = (uint8_t)(count < 4 ? count : 4);
		if (format.registers == 0 || format.registers > count)
			continue;
		if (format.encoding == ENCODING_STRING)
			register_decode_text(words, format, text);
		else
			(void)register_decode(words, format, (struct scale){125, 3}, &value);
	}
}

static void judge(const struct frame_question *question, const uint8_t *frame, size_t length)
{
	struct frame_answer answer = {0};
	enum frame_verdict verdict = frame_judge_answer(question, frame, length, &answer);
	size_t begun = frame_length_begun(question->transport, frame, length);
	assert(verdict < FRAME_VERDICT_COUNT && frame_verdict_text(verdict) != NULL);
	assert(begun <= FRAME_BYTES_MAX);
	if (verdict == FRAME_EXCEPTION)
		assert(modbus_exception_text(answer.exception) != NULL);
	if (verdict != FRAME_GOOD)
		return;
	assert(begun == length);
	assert(answer.payload >= frame && answer.payload + answer.payload_length <= frame + length);
	if (question->request.function == 3 || question->request.function == 4) {
		assert(answer.payload_length == 2u * question->request.count);
		decode(&answer);
	}
}

static void serve(enum frame_transport transport, const uint8_t *bytes, size_t length)
{
	for (int silent = 0; silent < 2; silent++) {
		struct server_bytes received = {bytes, length, silent != 0};
		struct server_frame request;
		size_t taken = 0;
		if (server_frame_find(transport, &received, &request, &taken) == SERVER_FRAME_OK)
			assert(taken > 0 && taken <= length && request.pdu >= bytes &&
				request.pdu + request.pdu_length <= bytes + length);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length)
{
	uint8_t request[FRAME_BYTES_MAX];
	if (length < HEAD_BYTES)
		return 0;
	struct frame_question question = {
		.transport = input[0] & 1 ? TRANSPORT_TCP : TRANSPORT_RTU,
		.transaction = (uint16_t)(input[5] << 8 | input[6]),
		.request = {.device = input[2],
			    .function = input[0] & 2 ? FUNCTION_DEVICE_ID : (uint8_t)(input[1] % 6),
			    .address = (uint16_t)(input[3] << 8 | input[4]),
			    .count = (uint16_t)(input[1] >> 1)}
        };
	size_t asked = frame_build_request(
		question.transport, question.transaction, &question.request, request);
	if (asked > 0) {
		serve(question.transport, request, asked);
		judge(&question, input + HEAD_BYTES, length - HEAD_BYTES);
	}
	serve(question.transport, input + HEAD_BYTES, length - HEAD_BYTES);
	return 0;
}
