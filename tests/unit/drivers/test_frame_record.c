/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_frame_record.c -- Protects: what stood on the wire is there byte for byte,
 * in order, with what was made of it; the newest are kept, within the bytes
 * given; and a frame in words says what it is.
 */
#include "drivers/frame_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ROOM = 1024 };

static struct recorded_frame frame_of(enum frame_mark mark, int64_t at_mono_us, size_t length)
{
	struct recorded_frame frame = {.mark = mark, .at_mono_us = at_mono_us, .length = length};

	for (size_t i = 0; i < length; i++) {
		frame.bytes[i] = (uint8_t)(at_mono_us + (int64_t)i);
	}
	return frame;
}

static void frames_come_back_in_order_byte_for_byte(void **state)
{
	(void)state;
	struct frame_record *record = frame_record_new(ROOM);
	struct recorded_frame read[8];
	const struct recorded_frame frames[] = {
		frame_of(FRAME_MARK_REQUEST, 10, 8),
		frame_of(FRAME_MARK_ANSWER, 20, FRAME_BYTES_MAX),
		frame_of(FRAME_MARK_SILENCE, 30, 0),
	};

	assert_int_equal(frame_record_read(record, 0, 8, read), 0);
	for (size_t i = 0; i < 3; i++) {
		frame_record_put(record, &frames[i]);
	}
	assert_int_equal(frame_record_read(record, 0, 8, read), 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(read[i].number, i + 1);
		assert_int_equal(read[i].mark, frames[i].mark);
		assert_int_equal(read[i].at_mono_us, frames[i].at_mono_us);
		assert_int_equal(read[i].length, frames[i].length);
		assert_memory_equal(read[i].bytes, frames[i].bytes, frames[i].length);
	}
	assert_int_equal(frame_record_read(record, 1, 8, read), 2);
	assert_int_equal(read[0].number, 2);
	assert_int_equal(frame_record_read(record, 0, 1, read), 1);
	frame_record_free(record);
}

/* Round the ring many times, with lengths that fall on every place of its end. */
static void the_newest_are_kept(void **state)
{
	(void)state;
	struct frame_record *record = frame_record_new(ROOM);
	static struct recorded_frame read[ROOM];

	for (int i = 1; i <= 5000; i++) {
		const struct recorded_frame frame =
			frame_of(FRAME_MARK_ANSWER, i, (size_t)(i * 7 % FRAME_BYTES_MAX));
		frame_record_put(record, &frame);
		size_t count = frame_record_read(record, 0, ROOM, read);
		size_t bytes = 0;
		assert_true(count >= 1);
		for (size_t j = 0; j < count; j++) {
			int64_t made = i - (int64_t)(count - 1 - j);
			const struct recorded_frame same = frame_of(
				FRAME_MARK_ANSWER, made, (size_t)(made * 7 % FRAME_BYTES_MAX));
			assert_int_equal(read[j].number, made);
			assert_int_equal(read[j].length, same.length);
			assert_memory_equal(read[j].bytes, same.bytes, same.length);
			bytes += same.length;
		}
		assert_true(bytes <= ROOM);
	}
	frame_record_free(record);
}

static void strange_bytes_that_follow_each_other_are_one_frame(void **state)
{
	(void)state;
	struct frame_record *record = frame_record_new(ROOM);
	static struct recorded_frame read[ROOM];

	for (int i = 0; i < 600; i++) {
		const struct recorded_frame byte = frame_of(FRAME_MARK_STRANGE, i, 1);
		frame_record_put(record, &byte);
	}
	assert_int_equal(frame_record_read(record, 0, ROOM, read), 3);
	assert_int_equal(read[0].length, FRAME_BYTES_MAX);
	assert_int_equal(read[2].length, 600 - 2 * FRAME_BYTES_MAX);
	assert_int_equal(read[1].bytes[0], (uint8_t)FRAME_BYTES_MAX);
	const struct recorded_frame later = frame_of(FRAME_MARK_STRANGE, 1000000, 1);
	frame_record_put(record, &later);
	size_t count = frame_record_read(record, 0, ROOM, read);
	assert_int_equal(read[count - 1].length, 1);
	frame_record_free(record);
	frame_record_put(NULL, &later);
	assert_int_equal(frame_record_read(NULL, 0, 1, read), 0);
}

static struct recorded_frame frame_with(enum frame_mark mark, const uint8_t *bytes, size_t length)
{
	struct recorded_frame frame = {.mark = mark, .length = length};

	memcpy(frame.bytes, bytes, length);
	return frame;
}

#define RTU(mark, ...) \
	frame_with(mark, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void a_frame_in_words_says_what_it_is(void **state)
{
	(void)state;
	char text[FRAME_TEXT_MAX];
	char hex[FRAME_HEX_MAX];
	struct recorded_frame request =
		RTU(FRAME_MARK_REQUEST, 0x05, 0x03, 0x00, 0x0A, 0x00, 0x02, 0xE5, 0x8D);

	assert_string_equal(frame_hex(&request, hex), "0503000A0002E58D");
	assert_string_equal(
		frame_text(TRANSPORT_RTU, &request, text), "device 5: 2 holding registers from 10");
	request.mark = FRAME_MARK_STRANGE;
	assert_string_equal(frame_text(TRANSPORT_RTU, &request, text),
		"not asked by us: device 5: 2 holding registers from 10");
	request.bytes[7] ^= 1;
	assert_string_equal(frame_text(TRANSPORT_RTU, &request, text), "8 bytes nobody asked for");
	struct recorded_frame answer =
		RTU(FRAME_MARK_ANSWER, 0x05, 0x03, 0x04, 0x02, 0xBC, 0x02, 0xBD, 0, 0);
	assert_string_equal(frame_text(TRANSPORT_RTU, &answer, text), "device 5: 02BC 02BD");
	struct recorded_frame refusal = RTU(FRAME_MARK_REFUSAL, 0x05, 0x83, 0x02, 0, 0);
	assert_string_equal(frame_text(TRANSPORT_RTU, &refusal, text),
		"device 5: illegal data address (exception 2)");
	struct recorded_frame tcp = RTU(FRAME_MARK_REQUEST, 0, 9, 0, 0, 0, 6, 1, 4, 0, 52, 0, 2);
	assert_string_equal(
		frame_text(TRANSPORT_TCP, &tcp, text), "device 1: 2 input registers from 52");
	struct recorded_frame who = RTU(FRAME_MARK_REQUEST, 0, 9, 0, 0, 0, 5, 1, 43, 14, 1, 0);
	assert_string_equal(frame_text(TRANSPORT_TCP, &who, text),
		"device 1: its identification (43/14) from object 0");
	const struct recorded_frame silence = {.mark = FRAME_MARK_SILENCE};
	assert_string_equal(frame_text(TRANSPORT_RTU, &silence, text), "no answer in time");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_come_back_in_order_byte_for_byte),
		cmocka_unit_test(the_newest_are_kept),
		cmocka_unit_test(strange_bytes_that_follow_each_other_are_one_frame),
		cmocka_unit_test(a_frame_in_words_says_what_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
