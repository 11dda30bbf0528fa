/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_modbus_bus_record.c -- Protects: over real ptys and sockets, every frame
 * sent and heard is in the bus's record, with what was made of it.
 */
#include "drivers/frame_text.h"
#include "tests/fakes/scripted_device.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { TIMEOUT_MS = 100, FRAMES_MAX = 16 };

static const struct bus_request registers = {.device = 5, .function = 3, .address = 10, .count = 4};

/* Ask once of a device that answers so; the frames are in `frames`. */
static size_t ask_and_read(
	enum bus_kind kind, struct scripted_answer script, struct recorded_frame *frames)
{
	struct scripted_device *device = scripted_device_start(kind, &script, 1);
	struct bus *bus = modbus_bus_new(scripted_device_line(device));
	struct bus_answer answer;
	const char *reason;

	assert_int_equal(bus->ops->open(bus, &reason), BUS_OK);
	bus->ops->ask(bus, &registers, TIMEOUT_MS, &answer);
	size_t count = frame_record_read(bus->record, 0, FRAMES_MAX, frames);
	bus->ops->close(bus);
	scripted_device_stop(device);
	return count;
}

static void what_was_sent_and_heard_is_recorded(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct {
		enum scripted_kind kind;
		enum frame_mark rtu;
		enum frame_verdict rtu_verdict;
		enum frame_mark tcp;
		enum frame_verdict tcp_verdict;
	} rows[] = {
		{SCRIPT_GOOD,          FRAME_MARK_ANSWER,  FRAME_GOOD,         FRAME_MARK_ANSWER,  FRAME_GOOD},
		{SCRIPT_NOTHING,       FRAME_MARK_SILENCE, FRAME_GOOD,         FRAME_MARK_SILENCE, FRAME_GOOD},
		{SCRIPT_EXCEPTION,     FRAME_MARK_REFUSAL, FRAME_EXCEPTION,    FRAME_MARK_REFUSAL, FRAME_EXCEPTION},
		{SCRIPT_SHORT,         FRAME_MARK_BAD,     FRAME_SHORT,        FRAME_MARK_BAD,     FRAME_SHORT},
		{SCRIPT_WRONG_LENGTH,  FRAME_MARK_STRANGE, FRAME_WRONG_LENGTH, FRAME_MARK_BAD,     FRAME_WRONG_LENGTH},
		{SCRIPT_WRONG_ADDRESS, FRAME_MARK_STRANGE, FRAME_WRONG_ADDRESS, FRAME_MARK_BAD,    FRAME_WRONG_ADDRESS},
	};
	/* clang-format on */
	struct recorded_frame frames[FRAMES_MAX];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct scripted_answer script = {.kind = rows[i].kind, .first_word = 2};
		for (enum bus_kind kind = BUS_RTU; kind <= BUS_TCP; kind++) {
			assert_true(ask_and_read(kind, script, frames) >= 2);
			assert_int_equal(frames[0].mark, FRAME_MARK_REQUEST);
			assert_int_equal(
				frames[1].mark, kind == BUS_RTU ? rows[i].rtu : rows[i].tcp);
			assert_int_equal(frames[1].verdict,
				kind == BUS_RTU ? rows[i].rtu_verdict : rows[i].tcp_verdict);
			assert_true(frames[0].at_mono_us <= frames[1].at_mono_us);
		}
	}
}

static void noise_before_an_answer_is_recorded_apart(void **state)
{
	(void)state;
	const struct scripted_answer script = {.kind = SCRIPT_NOISE_FIRST, .first_word = 0x2BC};
	struct recorded_frame frames[FRAMES_MAX];
	char text[FRAME_TEXT_MAX];

	assert_int_equal(ask_and_read(BUS_RTU, script, frames), 3);
	assert_int_equal(frames[1].mark, FRAME_MARK_STRANGE);
	assert_int_equal(frames[1].length, 1);
	assert_int_equal(frames[2].mark, FRAME_MARK_ANSWER);
	assert_int_equal(frames[2].length, 13);
	assert_string_equal(
		frame_text(TRANSPORT_RTU, &frames[2], text), "device 5: 02BC 02BD 02BE 02BF");
}

static void a_whole_frame_of_another_is_recorded_whole(void **state)
{
	(void)state;
	const struct scripted_answer script = {.kind = SCRIPT_FOREIGN_FIRST, .first_word = 7};
	struct recorded_frame frames[FRAMES_MAX];

	assert_int_equal(ask_and_read(BUS_RTU, script, frames), 3);
	assert_int_equal(frames[1].mark, FRAME_MARK_STRANGE);
	assert_int_equal(frames[1].verdict, FRAME_WRONG_ADDRESS);
	assert_int_equal(frame_crc(frames[1].bytes, frames[1].length), 0); /* checksum and all */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_sent_and_heard_is_recorded),
		cmocka_unit_test(noise_before_an_answer_is_recorded_apart),
		cmocka_unit_test(a_whole_frame_of_another_is_recorded_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
