/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_device_reader.c -- Protects, request by request: what a poll or a probe
 * of a device asks, when it is over, and what is told of what the device
 * refuses.
 */
#include "drivers/device_reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { POINTS = 3, ILLEGAL_ADDRESS = 2, ILLEGAL_VALUE = 3, DEVICE_FAILURE = 4 };

/* Two powers far apart, and an energy that comes with the second one. */
static struct model_value values[POINTS];
static struct meter_model model;
static struct device_point points[POINTS];
static struct device device;
static struct device_reader *reader;
static const struct bus_line line = {.kind = BUS_TCP};

static int set_up(void **state)
{
	static const uint16_t addresses[POINTS] = {100, 200, 202};

	(void)state;
	for (size_t i = 0; i < POINTS; i++) {
		values[i] = (struct model_value){
			.quantity = QUANTITY_ACTIVE_POWER,
			.channel = (uint8_t)(i + 1),
			.space = SPACE_INPUT_REGISTERS,
			.addresses_count = 1,
			.format = {.encoding = ENCODING_U16, .registers = 1},
			.scale_register = -1,
			.together = -1,
		};
		values[i].addresses[0] = addresses[i];
		points[i].meter = (uint16_t)i;
		points[i].value = &values[i];
		points[i].scale = (struct scale){1, 1};
	}
	values[2].quantity = QUANTITY_ACTIVE_ENERGY_IMPORT;
	values[2].slow = true;
	model = (struct meter_model){.title = "Test meter",
		.block_registers_max = 20,
		.bridge_registers_max = 10,
		.values = values,
		.values_count = POINTS};
	device = (struct device){
		.address = 5, .model = &model, .points = points, .points_count = POINTS};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	reader = device_reader_free(reader);
	return 0;
}

static void begin(uint8_t groups)
{
	reader = reader ? reader : device_reader_new(&device, &line, 20);
	assert_non_null(reader);
	device_reader_begin(reader, groups);
}

/* The next request must be this one. */
static void expect_request(uint16_t address, uint16_t count)
{
	struct bus_request request = {0};

	assert_true(device_reader_next(reader, &request));
	assert_int_equal(request.device, 5);
	assert_int_equal(request.address, address);
	assert_int_equal(request.count, count);
}

static void expect_end(void)
{
	struct bus_request request;

	assert_false(device_reader_next(reader, &request));
}

/* Words that count up from `first`. */
static enum reader_result answer(uint16_t first)
{
	struct bus_answer good = {.done_mono_us = 7000};

	for (uint16_t i = 0; i < FRAME_REGISTERS_MAX; i++) {
		good.words[i] = (uint16_t)(first + i);
	}
	return device_reader_take(reader, BUS_OK, &good);
}

static enum reader_result refuse(uint8_t exception)
{
	return device_reader_take(
		reader, BUS_REFUSED, &(struct bus_answer){.exception = exception});
}

/* The status of each point's sample of this poll so far; -1: none. */
static void take_samples(int ret_statuses[POINTS])
{
	const struct sample *samples = NULL;
	size_t implausible = 0;
	size_t count = device_reader_samples(reader, &samples, &implausible);

	memset(ret_statuses, -1, POINTS * sizeof(*ret_statuses));
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(ret_statuses[samples[i].meter], -1);
		ret_statuses[samples[i].meter] = samples[i].status;
	}
}

static void a_device_whose_points_cannot_be_planned_has_no_reader(void **state)
{
	static struct register_range forbidden = {SPACE_INPUT_REGISTERS, 200, 200};
	(void)state;

	model.forbidden = &forbidden;
	model.forbidden_count = 1;
	assert_null(device_reader_new(&device, &line, 20));
	assert_null(device_reader_free(NULL));
}

static void a_poll_asks_block_after_block_of_its_groups(void **state)
{
	(void)state;
	begin(POLL_FAST);
	expect_request(100, 1);
	expect_request(100, 1); /* until an answer is taken */
	assert_int_equal(answer(1), READER_GOES_ON);
	expect_request(200, 1);
	assert_int_equal(answer(2), READER_GOES_ON);
	expect_end();
	begin(POLL_SLOW);
	expect_request(202, 1);
	assert_int_equal(answer(3), READER_GOES_ON);
	expect_end();
}

static void a_probe_is_over_with_its_first_answer(void **state)
{
	(void)state;
	begin(0);
	expect_request(100, 1);
	assert_int_equal(
		device_reader_take(reader, BUS_TIMEOUT, &(struct bus_answer){0}), READER_AGAIN);
	expect_request(100, 1);
	assert_int_equal(answer(1), READER_GOES_ON);
	expect_end();
	assert_false(device_reader_has_read(reader));
}

static void a_probe_that_is_refused_has_found_somebody(void **state)
{
	(void)state;
	begin(0);
	assert_int_equal(refuse(DEVICE_FAILURE), READER_GOES_ON);
	expect_end();
}

/* Many devices call a block that touches nothing an illegal value, not an illegal address. */
static void a_block_refused_as_a_value_is_parted_as_well(void **state)
{
	static const uint8_t exceptions[] = {ILLEGAL_ADDRESS, ILLEGAL_VALUE};
	(void)state;

	for (size_t i = 0; i < 2; i++) {
		begin(POLL_FAST | POLL_SLOW);
		assert_int_equal(answer(1), READER_GOES_ON);
		expect_request(200, 3);
		assert_int_equal(refuse(exceptions[i]), READER_GOES_ON);
		expect_request(200, 1);
		assert_int_equal(answer(2), READER_GOES_ON);
		expect_request(202, 1);
		reader = device_reader_free(reader);
	}
}

static void a_block_that_fails_this_time_is_asked_whole_the_next(void **state)
{
	(void)state;
	begin(POLL_FAST | POLL_SLOW);
	assert_int_equal(answer(1), READER_GOES_ON);
	assert_int_equal(refuse(DEVICE_FAILURE), READER_GOES_ON); /* some of it was read */
	expect_end();
	begin(POLL_FAST | POLL_SLOW);
	assert_int_equal(refuse(DEVICE_FAILURE), READER_GOES_ON); /* some of it may be */
	expect_request(200, 3);
	assert_int_equal(refuse(DEVICE_FAILURE), READER_REFUSED);
}

static void a_hole_is_told_once_a_poll_of_its_own_group(void **state)
{
	int statuses[POINTS];
	(void)state;

	begin(POLL_SLOW);
	expect_request(202, 1);
	assert_int_equal(refuse(ILLEGAL_ADDRESS), READER_GOES_ON);
	expect_end();
	take_samples(statuses);
	assert_int_equal(statuses[2], DECODE_UNAVAILABLE);
	begin(POLL_FAST);
	assert_int_equal(answer(1), READER_GOES_ON);
	assert_int_equal(answer(2), READER_GOES_ON);
	take_samples(statuses);
	assert_int_equal(statuses[0], DECODE_OK);
	assert_int_equal(statuses[1], DECODE_OK);
	assert_int_equal(statuses[2], -1);
}

static void a_device_that_refuses_all_is_asked_for_all_again(void **state)
{
	(void)state;
	device.points_count = 1;
	for (int poll = 0; poll < 3; poll++) {
		begin(POLL_FAST);
		expect_request(100, 1);
		assert_int_equal(refuse(ILLEGAL_ADDRESS), READER_REFUSED);
	}
}

/* Two meters of one device show the same register, which it does not have. */
static void a_register_of_two_meters_that_is_refused_is_asked_for_once(void **state)
{
	int statuses[POINTS];
	(void)state;

	values[1].addresses[0] = 100;
	values[2].slow = false;
	begin(POLL_FAST);
	expect_request(100, 1);
	assert_int_equal(refuse(ILLEGAL_ADDRESS), READER_GOES_ON);
	expect_request(202, 1);
	assert_int_equal(answer(2), READER_GOES_ON);
	expect_end();
	take_samples(statuses);
	assert_int_equal(statuses[0], DECODE_UNAVAILABLE);
	assert_int_equal(statuses[1], DECODE_UNAVAILABLE);
	assert_int_equal(statuses[2], DECODE_OK);
}

static void the_serial_number_is_told_once_and_given_up_after_two_silences(void **state)
{
	struct bus_answer none = {0};
	(void)state;

	model.has_serial_number = true;
	model.serial_number_space = SPACE_HOLDING_REGISTERS;
	model.serial_number_address = 500;
	model.serial_number_format =
		(struct register_format){.encoding = ENCODING_U32, .registers = 2};
	begin(POLL_FAST);
	expect_request(500, 2);
	assert_null(device_reader_serial_number(reader));
	assert_int_equal(answer(1), READER_GOES_ON);
	assert_string_equal(device_reader_serial_number(reader), "65538"); /* 1 << 16 | 2 */
	assert_null(device_reader_serial_number(reader));
	expect_request(100, 1);
	device_reader_forget(reader);
	begin(POLL_FAST);
	for (int i = 0; i < 2; i++) {
		expect_request(500, 2);
		assert_int_equal(device_reader_take(reader, BUS_TIMEOUT, &none), READER_AGAIN);
	}
	expect_request(100, 1);
	assert_null(device_reader_serial_number(reader));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_device_whose_points_cannot_be_planned_has_no_reader),
		TEST(a_poll_asks_block_after_block_of_its_groups),
		TEST(a_probe_is_over_with_its_first_answer),
		TEST(a_probe_that_is_refused_has_found_somebody),
		TEST(a_block_refused_as_a_value_is_parted_as_well),
		TEST(a_block_that_fails_this_time_is_asked_whole_the_next),
		TEST(a_hole_is_told_once_a_poll_of_its_own_group),
		TEST(a_device_that_refuses_all_is_asked_for_all_again),
		TEST(a_register_of_two_meters_that_is_refused_is_asked_for_once),
		TEST(the_serial_number_is_told_once_and_given_up_after_two_silences),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
