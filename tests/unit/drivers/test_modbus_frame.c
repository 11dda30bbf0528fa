/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_modbus_frame.c -- Protects: only read functions can be built, and no
 * answer but the one that was asked for is taken.
 */
#include "drivers/modbus_frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct bus_request two_registers = {
	.device = 17, .function = 3, .address = 0x6B, .count = 2};

static struct frame_question rtu_question(struct bus_request request)
{
	return (struct frame_question){.transport = TRANSPORT_RTU, .request = request};
}

/* Put the checksum behind `length` bytes; returns the frame's length. */
static size_t seal(uint8_t *bytes, size_t length)
{
	uint16_t crc = frame_crc(bytes, length);

	bytes[length] = (uint8_t)crc;
	bytes[length + 1] = (uint8_t)(crc >> 8);
	return length + 2;
}

static enum frame_verdict judge_rtu(
	struct bus_request request, uint8_t *body, size_t length, struct frame_answer *answer)
{
	uint8_t frame[FRAME_BYTES_MAX];
	struct frame_question question = rtu_question(request);

	memcpy(frame, body, length);
	return frame_judge_answer(&question, frame, seal(frame, length), answer);
}

static void the_checksum_is_the_specifications(void **state)
{
	(void)state;
	/* Modbus over Serial Line 1.02, 6.2.2: 02 07 -> CRC 41 12. */
	const uint8_t frame[] = {0x02, 0x07};
	assert_int_equal(frame_crc(frame, sizeof(frame)), 0x1241);
}

static void an_rtu_request_has_address_pdu_and_checksum(void **state)
{
	(void)state;
	uint8_t frame[FRAME_BYTES_MAX];
	/* The application protocol's own example of function 3, with its well-known checksum. */
	const uint8_t expected[] = {0x11, 0x03, 0x00, 0x6B, 0x00, 0x03, 0x76, 0x87};
	struct bus_request request = two_registers;

	request.count = 3;
	size_t length = frame_build_request(TRANSPORT_RTU, 9, &request, frame);
	assert_int_equal(length, sizeof(expected));
	assert_memory_equal(frame, expected, sizeof(expected));
	assert_int_equal(frame_request_length(TRANSPORT_RTU, &request), length);
}

static void a_tcp_request_carries_its_own_transaction(void **state)
{
	(void)state;
	uint8_t frame[FRAME_BYTES_MAX];
	const uint8_t expected[] = {0xBE, 0xEF, 0, 0, 0, 6, 0x11, 0x03, 0x00, 0x6B, 0x00, 0x02};

	size_t length = frame_build_request(TRANSPORT_TCP, 0xBEEF, &two_registers, frame);
	assert_int_equal(length, sizeof(expected));
	assert_memory_equal(frame, expected, sizeof(expected));
	assert_int_equal(frame_request_length(TRANSPORT_TCP, &two_registers), length);
}

static void nothing_but_reading_can_be_built(void **state)
{
	(void)state;
	uint8_t frame[FRAME_BYTES_MAX];

	for (int function = 0; function < 256; function++) {
		struct bus_request request = two_registers;
		request.function = (uint8_t)function;
		bool reads = (function >= 1 && function <= 4) || function == 43;
		assert_int_equal(
			frame_build_request(TRANSPORT_RTU, 0, &request, frame) != 0, reads);
		assert_int_equal(
			frame_build_request(TRANSPORT_TCP, 0, &request, frame) != 0, reads);
	}
}

static void impossible_counts_cannot_be_built(void **state)
{
	(void)state;
	/* clang-format off */
	const struct { struct bus_request request; bool fits; } rows[] = {
		{{.device = 1, .function = 3, .address = 0,      .count = 0},    false},
		{{.device = 1, .function = 3, .address = 0,      .count = 125},  true},
		{{.device = 1, .function = 4, .address = 0,      .count = 126},  false},
		{{.device = 1, .function = 3, .address = 0xFFFF, .count = 1},    true},
		{{.device = 1, .function = 3, .address = 0xFFFF, .count = 2},    false},
		{{.device = 1, .function = 1, .address = 0,      .count = 2000}, true},
		{{.device = 1, .function = 2, .address = 0,      .count = 2001}, false},
		{{.device = 1, .function = 43, .address = 256,   .count = 1},    false},
	};
	/* clang-format on */
	uint8_t frame[FRAME_BYTES_MAX];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t length = frame_build_request(TRANSPORT_RTU, 0, &rows[i].request, frame);
		assert_int_equal(length != 0, rows[i].fits);
	}
}

static void a_good_answer_gives_its_registers(void **state)
{
	(void)state;
	uint8_t body[] = {17, 3, 4, 0x12, 0x34, 0x56, 0x78};
	struct frame_answer answer = {0};

	assert_int_equal(judge_rtu(two_registers, body, sizeof(body), &answer), FRAME_GOOD);
	assert_int_equal(answer.payload_length, 4);
	assert_int_equal(frame_answer_length(TRANSPORT_RTU, &two_registers), sizeof(body) + 2);
}

static void every_wrong_rtu_answer_has_its_own_verdict(void **state)
{
	(void)state;
	/* clang-format off */
	struct { uint8_t body[8]; size_t length; enum frame_verdict verdict; } rows[] = {
		{{18, 3, 4, 1, 2, 3, 4}, 7, FRAME_WRONG_ADDRESS},
		{{17, 4, 4, 1, 2, 3, 4}, 7, FRAME_WRONG_FUNCTION},
		{{17, 0x84, 2},          3, FRAME_WRONG_FUNCTION},
		{{17, 3, 2, 1, 2},       5, FRAME_WRONG_LENGTH},
		{{17, 3, 4, 1, 2, 3},    6, FRAME_SHORT},
		{{17, 3, 4},             3, FRAME_SHORT},
		{{17, 0x83, 2},          3, FRAME_EXCEPTION},
	};
	/* clang-format on */
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct frame_answer answer = {0};
		assert_int_equal(judge_rtu(two_registers, rows[i].body, rows[i].length, &answer),
			rows[i].verdict);
		assert_int_equal(answer.exception, rows[i].verdict == FRAME_EXCEPTION ? 2 : 0);
		assert_null(answer.payload);
	}
}

static void no_flipped_bit_passes_the_checksum(void **state)
{
	(void)state;
	uint8_t frame[FRAME_BYTES_MAX] = {17, 3, 4, 0x12, 0x34, 0x56, 0x78};
	size_t length = seal(frame, 7);
	struct frame_question question = rtu_question(two_registers);

	for (size_t bit = 0; bit < length * 8; bit++) {
		struct frame_answer answer = {0};
		frame[bit / 8] ^= (uint8_t)(1u << bit % 8);
		enum frame_verdict verdict = frame_judge_answer(&question, frame, length, &answer);
		assert_int_not_equal(verdict, FRAME_GOOD);
		assert_int_not_equal(verdict, FRAME_EXCEPTION);
		frame[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

static void a_tcp_answer_is_judged_by_transaction_unit_function_and_length(void **state)
{
	(void)state;
	/* clang-format off */
	const struct { uint8_t frame[14]; size_t length; enum frame_verdict verdict; } rows[] = {
		{{0, 7, 0, 0, 0, 7, 17, 3, 4, 1, 2, 3, 4}, 13, FRAME_GOOD},
		{{0, 6, 0, 0, 0, 7, 17, 3, 4, 1, 2, 3, 4}, 13, FRAME_WRONG_TRANSACTION},
		{{0, 7, 0, 1, 0, 7, 17, 3, 4, 1, 2, 3, 4}, 13, FRAME_WRONG_TRANSACTION},
		{{0, 7, 0, 0, 0, 7, 18, 3, 4, 1, 2, 3, 4}, 13, FRAME_WRONG_ADDRESS},
		{{0, 7, 0, 0, 0, 7, 17, 4, 4, 1, 2, 3, 4}, 13, FRAME_WRONG_FUNCTION},
		{{0, 7, 0, 0, 0, 5, 17, 3, 2, 1, 2},       11, FRAME_WRONG_LENGTH},
		{{0, 7, 0, 0, 0, 6, 17, 3, 4, 1, 2, 3},    12, FRAME_SHORT},
		{{0, 7, 0, 0, 0, 7, 17, 3, 4, 1, 2, 3},    12, FRAME_SHORT},
		{{0, 7, 0, 0, 0, 7, 17},                    7, FRAME_SHORT},
		{{0, 7, 0, 0, 0, 3, 17, 0x83, 4},           9, FRAME_EXCEPTION},
	};
	/* clang-format on */
	struct frame_question question = {
		.transport = TRANSPORT_TCP, .transaction = 7, .request = two_registers};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct frame_answer answer = {0};
		assert_int_equal(
			frame_judge_answer(&question, rows[i].frame, rows[i].length, &answer),
			rows[i].verdict);
	}
}

static void a_device_identification_is_taken_whole(void **state)
{
	(void)state;
	uint8_t body[] = {5, 43, 14, 1, 1, 0, 0, 2, 0, 2, 'A', 'B', 1, 1, 'C'};
	struct bus_request request = {.device = 5, .function = FUNCTION_DEVICE_ID, .count = 1};
	struct frame_answer answer = {0};

	assert_int_equal(judge_rtu(request, body, sizeof(body), &answer), FRAME_GOOD);
	assert_int_equal(answer.payload_length, 7);
	assert_memory_equal(answer.payload, "\0\2AB\1\1C", 7);
	assert_int_equal(judge_rtu(request, body, sizeof(body) - 1, &answer), FRAME_SHORT);
}

static void the_length_of_a_frame_is_known_while_it_comes(void **state)
{
	(void)state;
	uint8_t frame[FRAME_BYTES_MAX] = {5, 43, 14, 1, 1, 0, 0, 2, 0, 2, 'A', 'B', 1, 1, 'C'};
	size_t length = seal(frame, 15);

	for (size_t here = 0; here < length; here++) {
		size_t begun = frame_length_begun(TRANSPORT_RTU, frame, here);
		assert_true(begun > here && begun <= length);
	}
	assert_int_equal(frame_length_begun(TRANSPORT_RTU, frame, length), length);
	const uint8_t babble[] = {0xFF, 0x55, 0x00, 0x00};
	assert_int_equal(frame_length_begun(TRANSPORT_RTU, babble, sizeof(babble)), 0);
	const uint8_t endless[] = {0, 1, 0, 0, 0xFF, 0xFF, 1, 3};
	assert_int_equal(frame_length_begun(TRANSPORT_TCP, endless, sizeof(endless)), 0);
}

static void every_verdict_and_exception_has_words(void **state)
{
	(void)state;
	for (int verdict = 0; verdict < FRAME_VERDICT_COUNT; verdict++) {
		assert_non_null(frame_verdict_text((enum frame_verdict)verdict));
	}
	for (int code = 0; code < 256; code++) {
		assert_non_null(modbus_exception_text((uint8_t)code));
	}
	assert_string_equal(modbus_exception_text(2), "illegal data address");
}

static void bits_are_counted_in_whole_bytes(void **state)
{
	(void)state;
	const struct bus_request nine = {.device = 17, .function = 1, .count = 9};
	const struct bus_request eight = {.device = 17, .function = 2, .count = 8};
	uint8_t body[] = {17, 1, 2, 0xCD, 0x01};
	struct frame_answer answer = {0};

	assert_int_equal(frame_answer_length(TRANSPORT_RTU, &nine), 7);
	assert_int_equal(frame_answer_length(TRANSPORT_TCP, &eight), 10);
	assert_int_equal(judge_rtu(nine, body, sizeof(body), &answer), FRAME_GOOD);
	assert_int_equal(answer.payload_length, 2);
}

static void only_the_answer_tells_how_long_an_identification_is(void **state)
{
	(void)state;
	const struct bus_request request = {
		.device = 5, .function = FUNCTION_DEVICE_ID, .count = 1};
	struct bus_request strange = request;

	assert_int_equal(frame_answer_length(TRANSPORT_RTU, &request), 0);
	assert_int_equal(frame_request_length(TRANSPORT_TCP, &request), 11);
	strange.function = 6;
	assert_int_equal(frame_request_length(TRANSPORT_RTU, &strange), 0);
}

static void bytes_beyond_what_was_announced_make_the_length_wrong(void **state)
{
	(void)state;
	/* clang-format off */
	uint8_t longer[]    = {17, 3, 4, 1, 2, 3, 4, 5};
	uint8_t exception[] = {17, 0x83, 2, 0};
	const uint8_t tcp[] = {0, 7, 0, 0, 0, 7, 17, 3, 4, 1, 2, 3, 4, 5};
	/* clang-format on */
	const struct frame_question question = {
		.transport = TRANSPORT_TCP, .transaction = 7, .request = two_registers};
	struct frame_answer answer = {0};

	assert_int_equal(
		judge_rtu(two_registers, longer, sizeof(longer), &answer), FRAME_WRONG_LENGTH);
	assert_int_equal(judge_rtu(two_registers, exception, sizeof(exception), &answer),
		FRAME_WRONG_LENGTH);
	assert_int_equal(
		frame_judge_answer(&question, tcp, sizeof(tcp), &answer), FRAME_WRONG_LENGTH);
	assert_null(answer.payload);
}

static void an_identification_is_judged_by_its_own_lengths(void **state)
{
	(void)state;
	/* clang-format off */
	const struct { uint8_t pdu[10]; uint8_t length; enum frame_verdict verdict; } rows[] = {
		{{43, 14, 1, 1, 0, 0, 1, 0, 1, 'A'}, 10, FRAME_GOOD},
		{{43, 13, 1, 1, 0, 0, 1, 0, 1, 'A'}, 10, FRAME_WRONG_FUNCTION}, /* CANopen */
		{{43, 14, 1, 1, 0, 0, 1, 0, 2, 'A'}, 10, FRAME_SHORT},
		{{43, 14, 1, 1, 0, 0, 1, 0},          8, FRAME_SHORT},
		{{43, 14, 1, 1, 0, 0},                6, FRAME_SHORT},
		{{43, 14, 1, 1, 0, 0, 1, 0, 0, 'A'}, 10, FRAME_WRONG_LENGTH},
	};
	/* clang-format on */
	const struct frame_question question = {
		.transport = TRANSPORT_TCP,
		.request = {.device = 5, .function = FUNCTION_DEVICE_ID, .count = 1}
        };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct frame_answer answer = {0};
		uint8_t frame[20] = {0, 0, 0, 0, 0, (uint8_t)(rows[i].length + 1), 5};

		memcpy(frame + 7, rows[i].pdu, rows[i].length);
		assert_int_equal(frame_judge_answer(&question, frame, 7u + rows[i].length, &answer),
			rows[i].verdict);
	}
}

static void a_tcp_frame_that_announces_less_than_an_exception_is_none(void **state)
{
	(void)state;
	const uint8_t empty[] = {0, 7, 0, 0, 0, 2, 17, 3};
	const uint8_t refusal[] = {0, 7, 0, 0, 0, 3, 17, 0x83};

	assert_int_equal(frame_length_begun(TRANSPORT_TCP, empty, sizeof(empty)), 0);
	assert_int_equal(frame_length_begun(TRANSPORT_TCP, refusal, sizeof(refusal)), 9);
	assert_int_equal(frame_length_begun(TRANSPORT_TCP, refusal, 5), 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_checksum_is_the_specifications),
		cmocka_unit_test(an_rtu_request_has_address_pdu_and_checksum),
		cmocka_unit_test(a_tcp_request_carries_its_own_transaction),
		cmocka_unit_test(nothing_but_reading_can_be_built),
		cmocka_unit_test(impossible_counts_cannot_be_built),
		cmocka_unit_test(a_good_answer_gives_its_registers),
		cmocka_unit_test(every_wrong_rtu_answer_has_its_own_verdict),
		cmocka_unit_test(no_flipped_bit_passes_the_checksum),
		cmocka_unit_test(a_tcp_answer_is_judged_by_transaction_unit_function_and_length),
		cmocka_unit_test(a_device_identification_is_taken_whole),
		cmocka_unit_test(the_length_of_a_frame_is_known_while_it_comes),
		cmocka_unit_test(every_verdict_and_exception_has_words),
		cmocka_unit_test(bits_are_counted_in_whole_bytes),
		cmocka_unit_test(only_the_answer_tells_how_long_an_identification_is),
		cmocka_unit_test(bytes_beyond_what_was_announced_make_the_length_wrong),
		cmocka_unit_test(an_identification_is_judged_by_its_own_lengths),
		cmocka_unit_test(a_tcp_frame_that_announces_less_than_an_exception_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
