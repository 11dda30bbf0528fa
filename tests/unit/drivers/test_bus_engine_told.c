/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_bus_engine_told.c -- Protects, in virtual time: what is told of a device
 * that works in part is told once and is true, and a device that is put right
 * comes back by itself.
 */
#include "tests/fakes/fake_bus.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { SECOND = 1000000 /* µs */, POINTS = 3, SERIAL_ADDRESS = 500 };

/* Two voltages far apart, and an energy. */
static struct model_value values[POINTS];
static struct meter_model model;
static struct device_point points[POINTS];
static struct device devices[FAKE_DEVICES_MAX];
static struct fake_bus fake;
static struct bus_engine *engine;

static struct {
	unsigned samples[FAKE_DEVICES_MAX];
	unsigned of_point[POINTS];
	unsigned states_told[FAKE_DEVICES_MAX]; /* changes */
	enum device_state states[FAKE_DEVICES_MAX];
	struct device_counters counters[FAKE_DEVICES_MAX];
	char serial_number[SERIAL_NUMBER_MAX];
} seen;

static void take_report(void *context, const struct worker_report *report)
{
	size_t device = report->device;

	(void)context;
	if (report->kind == REPORT_SAMPLES) {
		for (size_t i = 0; i < report->samples_count; i++) {
			seen.samples[device] += report->samples[i].status == DECODE_OK;
			seen.of_point[report->samples[i].meter]++;
		}
	} else if (report->kind == REPORT_DEVICE_STATE) {
		seen.states_told[device] += seen.states[device] != report->state;
		seen.states[device] = report->state;
		seen.counters[device] = *report->counters;
	} else if (report->kind == REPORT_SERIAL_NUMBER) {
		strncpy(seen.serial_number, report->serial_number, SERIAL_NUMBER_MAX - 1);
	}
}

static void set_point(size_t index, enum quantity quantity, uint16_t address)
{
	values[index] = (struct model_value){
		.quantity = quantity,
		.channel = 1,
		.space = SPACE_INPUT_REGISTERS,
		.addresses_count = 1,
		.format = {.encoding = ENCODING_U16, .registers = 1},
		.scale = {1,                        1             },
		.scale_register = -1,
		.together = -1,
	};
	values[index].addresses[0] = address;
	points[index].meter = (uint16_t)index;
	points[index].value = &values[index];
	points[index].scale = values[index].scale;
}

static int set_up(void **state)
{
	(void)state;
	memset(&seen, 0, sizeof(seen));
	model = (struct meter_model){.title = "Test meter",
		.block_registers_max = 20,
		.bridge_registers_max = 2,
		.values = values,
		.values_count = POINTS,
		.channels = 1};
	set_point(0, QUANTITY_VOLTAGE_L1, 200);
	set_point(1, QUANTITY_VOLTAGE_L2, 300);
	set_point(2, QUANTITY_ACTIVE_ENERGY_IMPORT, 400);
	values[2].slow = true;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	engine = bus_engine_free(engine);
	return 0;
}

static void begin(enum bus_kind kind, size_t count)
{
	fake_bus_init(&fake, kind);
	fake.devices_count = count;
	for (size_t i = 0; i < count; i++) {
		fake.devices[i].address = (uint8_t)(i + 1);
		fake.devices[i].answer_time_us = 12000;
		devices[i] = (struct device){
			.address = (uint8_t)(i + 1),
			.model = &model,
			.fast_period_ms = 1000,
			.slow_period_ms = 5000,
			.points = points,
			.points_count = POINTS,
			.response_timeout_min_ms = 50,
			.response_timeout_max_ms = 1000,
		};
	}
	const struct bus_engine_settings settings = {.line = fake.line,
		.devices = devices,
		.devices_count = count,
		.report = take_report};
	engine = bus_engine_new(&settings, 0);
	assert_non_null(engine);
}

static void run_to(int64_t seconds)
{
	fake_bus_run(&fake, engine, seconds * SECOND);
}

static void a_device_that_refuses_some_of_it_works_and_is_told_of_once(void **state)
{
	(void)state;
	begin(BUS_RTU, 1);
	fake.devices[0].refused = (struct register_range){SPACE_INPUT_REGISTERS, 300, 300};
	fake.devices[0].refused_exception = 4;
	run_to(120);
	assert_int_equal(seen.states[0], DEVICE_OK);
	assert_int_equal(seen.states_told[0], 1);
	assert_true(seen.of_point[0] > 110);
	assert_true(seen.of_point[2] > 20);
}

static void a_busy_moment_is_no_change_of_state(void **state)
{
	(void)state;
	begin(BUS_TCP, 1);
	run_to(10);
	fake.devices[0].exception = 6;
	fake_bus_run(&fake, engine, 11500000);
	fake.devices[0].exception = 0;
	run_to(30);
	assert_int_equal(seen.states_told[0], 1);
}

static void a_device_that_begins_to_refuse_everything_is_told_of(void **state)
{
	(void)state;
	begin(BUS_TCP, 1);
	run_to(10);
	fake.devices[0].exception = 1;
	run_to(20);
	assert_int_equal(seen.states[0], DEVICE_REFUSES);
	run_to(200);
	assert_int_equal(seen.states_told[0], 2);
	fake.devices[0].exception = 0;
	run_to(210);
	assert_int_equal(seen.states[0], DEVICE_OK);
}

static void a_device_without_any_of_the_registers_refuses_until_it_is_exchanged(void **state)
{
	(void)state;
	begin(BUS_RTU, 1);
	fake.devices[0].refused = (struct register_range){SPACE_INPUT_REGISTERS, 0, 1000};
	run_to(60);
	assert_int_equal(seen.states[0], DEVICE_REFUSES);
	assert_int_equal(seen.states_told[0], 1);
	fake.devices[0].refused.last = 0;
	run_to(90);
	assert_int_equal(seen.states[0], DEVICE_OK);
	assert_true(seen.of_point[0] > 0 && seen.of_point[1] > 0 && seen.of_point[2] > 0);
}

static void a_sunspec_device_without_the_model_refuses_and_is_told_of_once(void **state)
{
	(void)state;
	static const uint16_t words[][2] = {
		{1000, 0x5375},
                {1001, 0x6e53},
                {1002, 1     },
                {1003, 66    },
                {1070, 103   },
                {1071, 50    },
		{1122, 0xffff}
        };

	model.base = (struct model_base){.relative = true,
		.markers = {1000},
		.markers_count = 1,
		.models = {203},
		.models_count = 1};
	begin(BUS_TCP, 1);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		fake.devices[0].words[i].address = words[i][0];
		fake.devices[0].words[i].word = words[i][1];
	}
	fake.devices[0].words_count = sizeof(words) / sizeof(words[0]);
	run_to(120);
	assert_int_equal(seen.states[0], DEVICE_REFUSES);
	assert_int_equal(seen.states_told[0], 1);
}

static void a_device_that_hangs_up_does_not_starve_its_neighbours(void **state)
{
	(void)state;
	begin(BUS_TCP, 3);
	fake.devices[1].hangs_up = true;
	run_to(300);
	assert_int_equal(seen.states[1], DEVICE_SILENT);
	assert_int_equal(seen.states_told[1], 1);
	assert_true(seen.of_point[0] > 2 * 280);
	assert_true(fake.devices[1].requests < 15);
}

static void late_bytes_are_counted_at_the_device_that_was_late(void **state)
{
	(void)state;
	begin(BUS_RTU, 2);
	run_to(20);
	fake.devices[0].dead = true;
	unsigned before = fake.devices[0].requests;
	while (fake.devices[0].requests == before) {
		fake_bus_run(&fake, engine, fake.now_mono_us + 1000);
	}
	fake.devices[0].dead = false;
	fake.devices[1].late_bytes = 7;
	run_to(60);
	assert_int_equal(seen.counters[0].errors[BUS_ERROR_LATE], 1);
	assert_int_equal(seen.counters[1].errors[BUS_ERROR_LATE], 0);
}

static void an_exception_that_modbus_does_not_know_is_counted_under_no_other(void **state)
{
	(void)state;
	begin(BUS_TCP, 1);
	fake.devices[0].exception = EXCEPTION_CODES_MAX + 3;
	run_to(60);
	assert_int_equal(seen.counters[0].exceptions[3], 0);
	assert_true(seen.counters[0].errors[BUS_ERROR_EXCEPTION] > 10);
}

static void a_serial_number_register_that_was_never_written_is_none(void **state)
{
	(void)state;
	model.has_serial_number = true;
	model.serial_number_space = SPACE_HOLDING_REGISTERS;
	model.serial_number_address = SERIAL_ADDRESS;
	model.serial_number_format = (struct register_format){.registers = 2};
	static const enum register_encoding encodings[] = {ENCODING_U32, ENCODING_STRING};
	for (size_t i = 0; i < 2; i++) {
		model.serial_number_format.encoding = encodings[i];
		begin(BUS_TCP, 1);
		fake.devices[0].words_count = 2;
		for (uint16_t word = 0; word < 2; word++) {
			fake.devices[0].words[word].address = SERIAL_ADDRESS + word;
			fake.devices[0].words[word].word = 0xffff;
		}
		strcpy(seen.serial_number, "not told");
		run_to(5);
		assert_string_equal(seen.serial_number, "");
		engine = bus_engine_free(engine);
	}
}

static void a_device_that_refuses_its_serial_number_in_any_way_is_read_all_the_same(void **state)
{
	(void)state;
	static const uint8_t exceptions[] = {1, 2, 4, 5, 6};

	model.has_serial_number = true;
	model.serial_number_space = SPACE_HOLDING_REGISTERS;
	model.serial_number_address = SERIAL_ADDRESS;
	model.serial_number_format =
		(struct register_format){.encoding = ENCODING_U32, .registers = 2};
	for (size_t i = 0; i < sizeof(exceptions); i++) {
		memset(&seen, 0, sizeof(seen));
		begin(BUS_TCP, 1);
		fake.devices[0].refused = (struct register_range){
			SPACE_HOLDING_REGISTERS, SERIAL_ADDRESS, SERIAL_ADDRESS};
		fake.devices[0].refused_exception = exceptions[i];
		run_to(10);
		assert_int_equal(seen.states[0], DEVICE_OK);
		assert_true(seen.samples[0] > 15);
		engine = bus_engine_free(engine);
	}
}

/* A sum and one of its parts begin at the same register. */
static void a_point_has_one_sample_a_poll_even_where_registers_overlap(void **state)
{
	(void)state;
	set_point(0, QUANTITY_VOLTAGE_L1, 200);
	values[0].addresses[1] = 204;
	values[0].addresses_count = 2;
	set_point(1, QUANTITY_VOLTAGE_L2, 204);
	set_point(2, QUANTITY_VOLTAGE_L3, 206);
	model.bridge_registers_max = 10;
	begin(BUS_TCP, 1);
	fake.devices[0].refused = (struct register_range){SPACE_INPUT_REGISTERS, 205, 205};
	run_to(60);
	assert_in_range(seen.of_point[0], 58, 61);
	assert_in_range(seen.of_point[1], 58, 61);
	assert_in_range(seen.of_point[2], 58, 61);
}

static void a_part_is_read_where_the_sum_cannot_be(void **state)
{
	(void)state;
	set_point(0, QUANTITY_VOLTAGE_L1, 200);
	values[0].addresses[1] = 204;
	values[0].addresses_count = 2;
	set_point(1, QUANTITY_VOLTAGE_L2, 204);
	set_point(2, QUANTITY_VOLTAGE_L3, 206);
	model.bridge_registers_max = 10;
	begin(BUS_TCP, 1);
	fake.devices[0].refused = (struct register_range){SPACE_INPUT_REGISTERS, 202, 202};
	run_to(60);
	assert_in_range(seen.of_point[0], 58, 61);
	assert_in_range(seen.samples[0], 2 * 58, 2 * 61);
}

static void a_loan_respects_the_devices_pause(void **state)
{
	(void)state;
	const struct bus_loan loan = {
		.request = {.device = 1, .function = 3, .address = 9, .count = 1}
        };
	int64_t until_mono_us = 0;

	model.pause_ms = 300;
	begin(BUS_RTU, 2);
	run_to(10);
	while (bus_engine_next(engine, fake.now_mono_us).action != ENGINE_WAIT) {
		fake_bus_run(&fake, engine, fake.now_mono_us + 1);
	}
	int64_t asked_mono_us = fake.devices[0].asked_mono_us;
	assert_false(bus_engine_may_lend(engine, &loan, asked_mono_us + 100000, &until_mono_us));
	assert_true(until_mono_us >= asked_mono_us + 300000);
	/* And the poll after a loan keeps it too. */
	fake.now_mono_us = until_mono_us;
	assert_true(bus_engine_may_lend(engine, &loan, until_mono_us, &until_mono_us));
	unsigned before = fake.devices[0].requests;
	int64_t lent_mono_us = fake.now_mono_us;
	bus_engine_lent(engine, &loan, &(struct bus_lent){BUS_OK, lent_mono_us, lent_mono_us});
	while (fake.devices[0].requests == before) {
		fake_bus_run(&fake, engine, fake.now_mono_us + 1000);
	}
	assert_true(fake.devices[0].asked_mono_us - lent_mono_us >= 300000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_device_that_refuses_some_of_it_works_and_is_told_of_once),
		TEST(a_busy_moment_is_no_change_of_state),
		TEST(a_device_that_begins_to_refuse_everything_is_told_of),
		TEST(a_device_without_any_of_the_registers_refuses_until_it_is_exchanged),
		TEST(a_sunspec_device_without_the_model_refuses_and_is_told_of_once),
		TEST(a_device_that_hangs_up_does_not_starve_its_neighbours),
		TEST(late_bytes_are_counted_at_the_device_that_was_late),
		TEST(an_exception_that_modbus_does_not_know_is_counted_under_no_other),
		TEST(a_serial_number_register_that_was_never_written_is_none),
		TEST(a_device_that_refuses_its_serial_number_in_any_way_is_read_all_the_same),
		TEST(a_point_has_one_sample_a_poll_even_where_registers_overlap),
		TEST(a_part_is_read_where_the_sum_cannot_be),
		TEST(a_loan_respects_the_devices_pause),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
