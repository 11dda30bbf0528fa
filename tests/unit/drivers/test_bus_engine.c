/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_bus_engine.c -- Protects, in virtual time over a line of simulated
 * devices: a dead device slows nobody, a late answer has no chance, what a
 * device refuses is read around, and what is told is true.
 */
#include "tests/fakes/fake_bus.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum {
	SECOND = 1000000, /* µs */
	CEILING_MS = 1000,
	POINTS = 4,
	SERIAL_ADDRESS = 500,
};

/* Four voltages; the third and fourth can be bridged to from the second. */
static struct model_value values[POINTS];
static struct meter_model model;
static struct device_point points[POINTS];
static struct device devices[FAKE_DEVICES_MAX];
static struct fake_bus fake;
static struct bus_engine *engine;

static struct {
	unsigned samples[FAKE_DEVICES_MAX];
	unsigned unavailable;
	struct sample last[POINTS];
	enum device_state states[FAKE_DEVICES_MAX];
	struct device_counters counters[FAKE_DEVICES_MAX];
	char reason[120];
	char serial_number[SERIAL_NUMBER_MAX];
	unsigned serial_numbers;
	bool bus_open;
	unsigned bus_reports;
} seen;

static void take_report(void *context, const struct worker_report *report)
{
	(void)context;
	switch (report->kind) {
	case REPORT_SAMPLES:
		seen.samples[report->device] += (unsigned)report->samples_count;
		for (size_t i = 0; i < report->samples_count; i++) {
			seen.last[report->samples[i].meter % POINTS] = report->samples[i];
			seen.unavailable += report->samples[i].status == DECODE_UNAVAILABLE;
		}
		break;
	case REPORT_DEVICE_STATE:
		seen.states[report->device] = report->state;
		seen.counters[report->device] = *report->counters;
		if (report->state != DEVICE_OK) {
			strncpy(seen.reason, report->reason, sizeof(seen.reason) - 1);
		}
		break;
	case REPORT_SERIAL_NUMBER:
		strncpy(seen.serial_number, report->serial_number, SERIAL_NUMBER_MAX - 1);
		seen.serial_numbers++;
		break;
	case REPORT_BUS_STATE:
		seen.bus_open = report->bus_open;
		seen.bus_reports++;
		break;
	}
}

static int set_up(void **state)
{
	static const uint16_t addresses[POINTS] = {200, 201, 205, 240};

	(void)state;
	memset(&seen, 0, sizeof(seen));
	model = (struct meter_model){.title = "Test meter",
		.block_registers_max = 20,
		.bridge_registers_max = 10,
		.values = values,
		.values_count = POINTS,
		.channels = 1};
	for (size_t i = 0; i < POINTS; i++) {
		values[i] = (struct model_value){
			.quantity = (enum quantity)(QUANTITY_VOLTAGE_L1 + (int)i),
			.channel = 1,
			.space = SPACE_INPUT_REGISTERS,
			.addresses = {addresses[i]   },
			.addresses_count = 1,
			.format = { .encoding = ENCODING_U16, .registers = 1},
			.scale = { 1,              1},
			.scale_register = -1,
			.together = -1,
		};
		points[i] = (struct device_point){
			(uint16_t)i, &values[i], {1, 1}
                };
	}
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	engine = bus_engine_free(engine);
	return 0;
}

/* A line of this many devices, addresses from 1, polled every period. */
static void begin(enum bus_kind kind, size_t count, uint32_t period_ms)
{
	fake_bus_init(&fake, kind);
	fake.devices_count = count;
	for (size_t i = 0; i < count; i++) {
		fake.devices[i] =
			(struct fake_device){.address = (uint8_t)(i + 1), .answer_time_us = 12000};
		devices[i] = (struct device){
			.address = (uint8_t)(i + 1),
			.model = &model,
			.fast_period_ms = period_ms,
			.slow_period_ms = period_ms,
			.points = points,
			.points_count = POINTS,
			.response_timeout_min_ms = 50,
			.response_timeout_max_ms = CEILING_MS,
		};
	}
	engine = bus_engine_new(&(struct bus_engine_settings){.line = fake.line,
					.devices = devices,
					.devices_count = count,
					.report = take_report},
		0);
	assert_non_null(engine);
}

static void run_to(int64_t seconds)
{
	fake_bus_run(&fake, engine, seconds * SECOND);
}

static void every_value_arrives_with_its_time(void **state)
{
	(void)state;
	begin(BUS_RTU, 1, 1000);
	run_to(10);
	assert_int_equal(seen.states[0], DEVICE_OK);
	assert_in_range(seen.samples[0], 9 * POINTS, 10 * POINTS);
	for (size_t i = 0; i < POINTS; i++) {
		assert_int_equal(seen.last[i].status, DECODE_OK);
		assert_int_equal(seen.last[i].value, values[i].addresses[0]);
		assert_true(seen.last[i].read_mono_ms >= 9000);
	}
	assert_true(seen.bus_open);
	assert_int_equal(seen.bus_reports, 1);
}

/* Samples of the live devices in a quarter of an hour at full speed. */
static unsigned live_samples(bool one_dead)
{
	unsigned sum = 0;

	set_up(NULL);
	begin(BUS_RTU, 16, 1);
	fake.devices[7].dead = one_dead;
	run_to(900);
	for (size_t i = 0; i < 16; i++) {
		sum += i == 7 ? 0 : seen.samples[i];
	}
	engine = bus_engine_free(engine);
	return sum;
}

static void one_dead_meter_among_16_costs_the_live_ones_nothing_in_the_long_run(void **state)
{
	(void)state;
	unsigned all_alive = live_samples(false);
	unsigned one_dead = live_samples(true);

	assert_true(all_alive > 10000);
	assert_true(one_dead * 102 >= all_alive * 100);
	assert_int_equal(seen.states[7], DEVICE_SILENT);
	assert_true(fake.devices[7].requests < 15);
}

static void after_a_time_out_the_same_is_not_asked_before_the_ceiling(void **state)
{
	(void)state;
	begin(BUS_RTU, 2, 200);
	run_to(20);
	fake.devices[0].dead = true;
	unsigned before = fake.devices[0].requests;
	unsigned others = seen.samples[1];
	while (fake.devices[0].requests == before) {
		fake_bus_run(&fake, engine, fake.now_mono_us + 1000);
	}
	int64_t first = fake.devices[0].asked_mono_us;
	while (fake.devices[0].requests == before + 1) {
		fake_bus_run(&fake, engine, fake.now_mono_us + 1000);
	}
	assert_true(fake.devices[0].asked_mono_us - first >= CEILING_MS * 1000);
	assert_true(seen.samples[1] >= others + 3 * POINTS);
}

static void a_strange_frame_instead_of_the_answer_holds_it_off_too(void **state)
{
	(void)state;
	begin(BUS_RTU, 1, 200);
	run_to(5);
	unsigned before = fake.devices[0].requests;
	fake.devices[0].bad_verdict = FRAME_WRONG_ADDRESS;
	fake.devices[0].bad_answers = 1;
	while (fake.devices[0].bad_answers) {
		fake_bus_run(&fake, engine, fake.now_mono_us + 1000);
	}
	struct bus_loan strange = {.request = fake.devices[0].request};
	int64_t until = 0;
	assert_false(bus_engine_may_lend(engine, &strange, fake.now_mono_us, &until));
	assert_true(until >= fake.now_mono_us + (CEILING_MS - 50) * 1000);
	unsigned now = fake.devices[0].requests;
	assert_true(now > before);
	fake_bus_run(&fake, engine, until - 5000);
	assert_int_equal(fake.devices[0].requests, now);
	run_to(10);
	assert_int_equal(seen.states[0], DEVICE_OK);
}

static void a_broken_answer_that_was_heard_is_asked_for_again_at_once(void **state)
{
	(void)state;
	begin(BUS_RTU, 1, 1000);
	run_to(5);
	fake.devices[0].bad_verdict = FRAME_BAD_CRC;
	fake.devices[0].bad_answers = 1;
	unsigned before = seen.samples[0];
	fake_bus_run(&fake, engine, fake.now_mono_us + SECOND);
	assert_int_equal(seen.samples[0], before + POINTS);
	run_to(20);
	assert_int_equal(seen.counters[0].errors[BUS_ERROR_CRC], 1);
}

static void a_refused_gap_is_read_around_and_remembered(void **state)
{
	(void)state;
	begin(BUS_RTU, 1, 1000);
	fake.devices[0].refused = (struct register_range){SPACE_INPUT_REGISTERS, 203, 204};
	run_to(30);
	assert_int_equal(seen.last[2].status, DECODE_OK);
	assert_int_equal(seen.unavailable, 0);
	assert_int_equal(seen.states[0], DEVICE_OK);
	assert_in_range(seen.counters[0].errors[BUS_ERROR_EXCEPTION], 1, 2);
}

static void a_refused_value_is_unavailable_and_the_others_go_on(void **state)
{
	(void)state;
	begin(BUS_RTU, 1, 1000);
	fake.devices[0].refused = (struct register_range){SPACE_INPUT_REGISTERS, 201, 201};
	run_to(30);
	assert_int_equal(seen.last[1].status, DECODE_UNAVAILABLE);
	assert_int_equal(seen.last[0].status, DECODE_OK);
	assert_int_equal(seen.last[2].status, DECODE_OK);
	assert_in_range(seen.counters[0].exceptions[2], 1, 3);
}

static void a_device_that_only_refuses_is_said_to_refuse(void **state)
{
	(void)state;
	begin(BUS_TCP, 1, 1000);
	fake.devices[0].exception = 4;
	run_to(30);
	assert_int_equal(seen.states[0], DEVICE_REFUSES);
	assert_non_null(strstr(seen.reason, "device failure"));
}

static void a_device_dead_behind_a_gateway_is_silent(void **state)
{
	(void)state;
	begin(BUS_TCP, 2, 1000);
	fake.devices[0].exception = 11;
	run_to(300);
	assert_int_equal(seen.states[0], DEVICE_SILENT);
	assert_true(fake.devices[0].requests < 12);
	assert_int_equal(seen.states[1], DEVICE_OK);
}

static void with_serial_number(void)
{
	model.has_serial_number = true;
	model.serial_number_space = SPACE_HOLDING_REGISTERS;
	model.serial_number_address = SERIAL_ADDRESS;
	model.serial_number_format =
		(struct register_format){.encoding = ENCODING_U32, .registers = 2};
}

static void give_serial_number(uint16_t low)
{
	fake.devices[0].words[0].address = SERIAL_ADDRESS;
	fake.devices[0].words[0].word = 1;
	fake.devices[0].words[1].address = SERIAL_ADDRESS + 1;
	fake.devices[0].words[1].word = low;
	fake.devices[0].words_count = 2;
}

static void the_serial_number_is_read_at_the_start_and_after_each_silence(void **state)
{
	(void)state;
	with_serial_number();
	begin(BUS_RTU, 1, 1000);
	give_serial_number(7);
	run_to(10);
	assert_string_equal(seen.serial_number, "65543");
	assert_int_equal(seen.serial_numbers, 1);
	fake.devices[0].dead = true;
	run_to(200);
	assert_int_equal(seen.states[0], DEVICE_SILENT);
	give_serial_number(8);
	fake.devices[0].dead = false;
	run_to(300);
	assert_int_equal(seen.states[0], DEVICE_OK);
	assert_string_equal(seen.serial_number, "65544");
	assert_int_equal(seen.serial_numbers, 2);
}

static void a_device_that_is_mute_on_its_serial_number_is_read_all_the_same(void **state)
{
	(void)state;
	with_serial_number();
	begin(BUS_RTU, 1, 1000);
	fake.devices[0].unanswered =
		(struct register_range){SPACE_HOLDING_REGISTERS, SERIAL_ADDRESS, 501};
	run_to(60);
	assert_int_equal(seen.states[0], DEVICE_OK);
	assert_true(seen.samples[0] > 50 * POINTS);
	fake.devices[0].dead = true;
	run_to(120);
	assert_int_equal(seen.states[0], DEVICE_SILENT);
	fake.devices[0].dead = false;
	run_to(240);
	assert_int_equal(seen.states[0], DEVICE_OK);
}

static void a_sunspec_map_is_found_behind_a_marker_that_nothing_answers_before(void **state)
{
	(void)state;
	static const uint16_t words[][2] = {
		{1000, 0x5375},
                {1001, 0x6e53},
                {1002, 1     },
                {1003, 66    },
                {1070, 203   },
                {1071, 105   },
		{1274, 777   }
        };

	model.base = (struct model_base){
		.relative = true,
		.markers = {40000, 1000},
		.markers_count = 2,
		.models = {203    },
		.models_count = 1
        };
	values[0].addresses[0] = 204;
	begin(BUS_TCP, 1, 1000);
	fake.devices[0].unanswered = (struct register_range){SPACE_INPUT_REGISTERS, 40000, 40001};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		fake.devices[0].words[i].address = words[i][0];
		fake.devices[0].words[i].word = words[i][1];
	}
	fake.devices[0].words_count = sizeof(words) / sizeof(words[0]);
	run_to(10);
	assert_int_equal(seen.states[0], DEVICE_OK);
	assert_int_equal(seen.last[0].value, 777);
	assert_int_equal(seen.last[3].value, 1070 + 240);
}

static void what_is_overdue_is_skipped_and_counted(void **state)
{
	(void)state;
	begin(BUS_RTU, 16, 200);
	run_to(60);
	assert_true(seen.counters[0].skipped > 100);
	assert_true(seen.samples[0] > 0);
	unsigned least = UINT32_MAX, most = 0;
	for (size_t i = 0; i < 16; i++) {
		least = seen.samples[i] < least ? seen.samples[i] : least;
		most = seen.samples[i] > most ? seen.samples[i] : most;
	}
	assert_true(most - least <= 2 * POINTS);
}

static void a_port_that_vanishes_is_told_once_and_all_are_asked_when_it_is_back(void **state)
{
	(void)state;
	begin(BUS_RTU, 3, 1000);
	run_to(10);
	fake.gone = true;
	run_to(200);
	assert_false(seen.bus_open);
	assert_int_equal(seen.bus_reports, 2);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(seen.states[i], DEVICE_SILENT);
	}
	assert_string_equal(seen.reason, "there is no such port");
	fake.gone = false;
	run_to(200 + BUS_REOPEN_PERIOD_MS_MAX / 1000 + 2);
	assert_true(seen.bus_open);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(seen.states[i], DEVICE_OK);
	}
}

static void a_pause_of_one_device_leaves_the_line_to_the_others(void **state)
{
	(void)state;
	model.pause_ms = 400;
	begin(BUS_RTU, 4, 1);
	run_to(60);
	/* Two blocks a poll, 400 ms after each: the four of them overlap. */
	for (size_t i = 0; i < 4; i++) {
		assert_true(seen.samples[i] > 60u * 1000 / 920 * POINTS * 9 / 10);
	}
}

static void an_implausible_value_is_none_and_is_counted(void **state)
{
	(void)state;
	begin(BUS_RTU, 1, 1000);
	points[0].scale = (struct scale){INT32_MAX, 1};
	run_to(30);
	assert_int_equal(seen.last[0].status, DECODE_OUT_OF_RANGE);
	assert_int_equal(seen.last[1].status, DECODE_OK);
	assert_true(seen.counters[0].errors[BUS_ERROR_IMPLAUSIBLE] >= 15);
}

static void every_kind_of_error_and_state_has_a_name(void **state)
{
	(void)state;
	for (int kind = 0; kind < BUS_ERROR_KIND_COUNT; kind++) {
		assert_non_null(bus_error_kind_name((enum bus_error_kind)kind));
	}
	for (int device_state = 0; device_state < DEVICE_STATE_COUNT; device_state++) {
		assert_non_null(device_state_text((enum device_state)device_state));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_value_arrives_with_its_time),
		TEST(one_dead_meter_among_16_costs_the_live_ones_nothing_in_the_long_run),
		TEST(after_a_time_out_the_same_is_not_asked_before_the_ceiling),
		TEST(a_strange_frame_instead_of_the_answer_holds_it_off_too),
		TEST(a_broken_answer_that_was_heard_is_asked_for_again_at_once),
		TEST(a_refused_gap_is_read_around_and_remembered),
		TEST(a_refused_value_is_unavailable_and_the_others_go_on),
		TEST(a_device_that_only_refuses_is_said_to_refuse),
		TEST(a_device_dead_behind_a_gateway_is_silent),
		TEST(the_serial_number_is_read_at_the_start_and_after_each_silence),
		TEST(a_device_that_is_mute_on_its_serial_number_is_read_all_the_same),
		TEST(a_sunspec_map_is_found_behind_a_marker_that_nothing_answers_before),
		TEST(what_is_overdue_is_skipped_and_counted),
		TEST(a_port_that_vanishes_is_told_once_and_all_are_asked_when_it_is_back),
		TEST(a_pause_of_one_device_leaves_the_line_to_the_others),
		TEST(an_implausible_value_is_none_and_is_counted),
		TEST(every_kind_of_error_and_state_has_a_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
