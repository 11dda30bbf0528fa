/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_bus_engine_steps.c -- Protects, step by step: what a bus engine wants
 * next after an answer of each kind, what it lends the line for, and what it
 * tells of its port.
 */
#include "drivers/bus_engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { MS = 1000 /* µs */, CEILING_MS = 1000, PERIOD_MS = 10000, POINTS = 2 };

/* A power, and an energy far from it. */
static struct model_value values[POINTS];
static struct meter_model model;
static struct device_point points[POINTS];
static struct device device;
static struct bus_engine_settings settings;
static struct bus_engine *engine;
static int64_t now_mono_us;

static struct {
	enum device_state state;
	struct device_counters counters;
	unsigned bus_reports;
	bool bus_open;
	char reason[120]; /* of the port */
} seen;

static void take_report(void *context, const struct worker_report *report)
{
	(void)context;
	if (report->kind == REPORT_DEVICE_STATE) {
		seen.state = report->state;
		seen.counters = *report->counters;
	} else if (report->kind == REPORT_BUS_STATE) {
		seen.bus_reports++;
		seen.bus_open = report->bus_open;
		strncpy(seen.reason, report->reason, sizeof(seen.reason) - 1);
	}
}

static int set_up(void **state)
{
	static const uint16_t addresses[POINTS] = {100, 300};

	(void)state;
	memset(&seen, 0, sizeof(seen));
	for (size_t i = 0; i < POINTS; i++) {
		values[i] = (struct model_value){
			.quantity = i ? QUANTITY_ACTIVE_ENERGY_IMPORT : QUANTITY_ACTIVE_POWER,
			.channel = 1,
			.space = SPACE_INPUT_REGISTERS,
			.addresses_count = 1,
			.format = {.encoding = ENCODING_U16, .registers = 1},
			.scale_register = -1,
			.slow = i == 1,
			.together = -1,
		};
		values[i].addresses[0] = addresses[i];
		points[i] = (struct device_point){
			.value = &values[i], .scale = {1, 1}
                };
	}
	model = (struct meter_model){.title = "Test meter",
		.block_registers_max = 20,
		.values = values,
		.values_count = POINTS};
	device = (struct device){.address = 1,
		.model = &model,
		.fast_period_ms = PERIOD_MS,
		.slow_period_ms = PERIOD_MS,
		.points = points,
		.points_count = POINTS,
		.response_timeout_min_ms = 50,
		.response_timeout_max_ms = CEILING_MS};
	settings = (struct bus_engine_settings){
		.line = {.kind = BUS_RTU,
			 .baud = 9600,
			 .parity = 'N',
			 .data_bits = 8,
			 .stop_bits = 1},
		.devices = &device,
		.devices_count = 1,
		.report = take_report,
	};
	now_mono_us = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	engine = bus_engine_free(engine);
	return 0;
}

/* Made and opened; time goes on by itself while the engine waits. */
static void begin(void)
{
	engine = bus_engine_new(&settings, now_mono_us);
	assert_non_null(engine);
	assert_int_equal(bus_engine_next(engine, now_mono_us).action, ENGINE_OPEN);
	bus_engine_opened(engine, BUS_OK, "", now_mono_us);
	assert_true(bus_engine_is_open(engine));
}

/* The next request, after whatever there is to wait for. */
static struct bus_request next_request(void)
{
	struct engine_step step = bus_engine_next(engine, now_mono_us);

	while (step.action == ENGINE_WAIT) {
		assert_true(step.until_mono_us > now_mono_us);
		assert_true(step.until_mono_us < INT64_MAX);
		now_mono_us = step.until_mono_us;
		step = bus_engine_next(engine, now_mono_us);
	}
	assert_int_equal(step.action, ENGINE_ASK);
	return step.request;
}

/* It is answered like this, 20 ms later. */
static void answer(enum bus_status status, struct bus_answer with)
{
	with.sent_mono_us = now_mono_us;
	now_mono_us += 20 * MS;
	with.done_mono_us = now_mono_us;
	bus_engine_answered(engine, status, &with, now_mono_us);
}

static void refuse(uint8_t exception)
{
	answer(BUS_REFUSED, (struct bus_answer){.exception = exception});
}

static void a_bus_that_nobody_wants_anything_of_waits_for_ever(void **state)
{
	(void)state;
	settings.line.kind = BUS_TCP;
	device.points_count = 0;
	begin();
	struct engine_step step = bus_engine_next(engine, 0);
	assert_int_equal(step.action, ENGINE_WAIT);
	assert_true(step.until_mono_us == INT64_MAX);
	engine = bus_engine_free(engine);
	settings.devices_count = 0;
	begin();
	assert_true(bus_engine_next(engine, 0).until_mono_us == INT64_MAX);
}

static void a_device_that_cannot_be_planned_makes_no_bus(void **state)
{
	static struct register_range forbidden = {SPACE_INPUT_REGISTERS, 300, 300};
	(void)state;

	model.forbidden = &forbidden;
	model.forbidden_count = 1;
	assert_null(bus_engine_new(&settings, 0));
	assert_null(bus_engine_free(NULL));
}

static void a_port_that_fails_for_another_reason_is_told_of_again(void **state)
{
	(void)state;
	begin();
	next_request();
	answer(BUS_DOWN, (struct bus_answer){0});
	assert_false(bus_engine_is_open(engine));
	bus_engine_opened(engine, BUS_DOWN, "there is no such port", now_mono_us);
	assert_int_equal(seen.bus_reports, 2);
	assert_string_equal(seen.reason, "there is no such port");
	bus_engine_opened(engine, BUS_DOWN, "there is no such port", now_mono_us);
	assert_int_equal(seen.bus_reports, 2);
	bus_engine_opened(engine, BUS_DOWN, "it belongs to root", now_mono_us);
	assert_int_equal(seen.bus_reports, 3);
	assert_false(seen.bus_open);
	assert_string_equal(seen.reason, "it belongs to root");
}

/* What may still come after an answer of each kind, on a serial line. */
static void a_request_is_held_back_where_its_answer_may_still_come(void **state)
{
	/* clang-format off */
	static const struct {
		const char *what;
		enum bus_status status;
		struct bus_answer answer;
		bool is_held;
	} rows[] = {
		{"good",                  BUS_OK,        {.verdict = FRAME_GOOD}, false},
		{"refused",               BUS_REFUSED,   {.exception = 4}, false},
		{"nothing",               BUS_TIMEOUT,   {.verdict = FRAME_GOOD}, true},
		{"too short",             BUS_BAD_FRAME, {.verdict = FRAME_SHORT}, true},
		{"broken, heard whole",   BUS_BAD_FRAME, {.verdict = FRAME_BAD_CRC}, false},
		{"broken by other bytes", BUS_BAD_FRAME, {.verdict = FRAME_BAD_CRC, .late_bytes = 3}, true},
	};
	/* clang-format on */
	(void)state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t until_mono_us = 0;

		print_message("%s\n", rows[i].what);
		begin();
		struct bus_loan loan = {.request = next_request()};
		answer(rows[i].status, rows[i].answer);
		assert_int_equal(bus_engine_may_lend(engine, &loan, now_mono_us, &until_mono_us),
			!rows[i].is_held);
		assert_int_equal(
			until_mono_us, rows[i].is_held ? now_mono_us + CEILING_MS * MS : 0);
		engine = bus_engine_free(engine);
	}
}

static void a_loan_that_went_wrong_is_held_back_as_well(void **state)
{
	static const struct {
		enum bus_status status;
		bool is_held;
	} rows[] = {
		{BUS_OK,        false},
                {BUS_REFUSED,   false},
                {BUS_TIMEOUT,   true },
                {BUS_BAD_FRAME, true }
        };
	/* Of a device that nobody has configured; the ceiling is the line's largest. */
	struct bus_loan loan = {
		.request = {.device = 99, .function = 3, .address = 7, .count = 1}
        };
	(void)state;

	begin();
	next_request();
	answer(BUS_OK, (struct bus_answer){0});
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t until_mono_us = 0;

		loan.request.count++; /* not what was held before */
		assert_true(bus_engine_may_lend(engine, &loan, now_mono_us, &until_mono_us));
		bus_engine_lent(engine, &loan,
			&(struct bus_lent){rows[i].status, now_mono_us, now_mono_us});
		assert_int_equal(bus_engine_may_lend(engine, &loan, now_mono_us, &until_mono_us),
			!rows[i].is_held);
		assert_true(!rows[i].is_held || until_mono_us == now_mono_us + CEILING_MS * MS);
	}
}

static void nothing_is_lent_while_the_line_is_listened_to(void **state)
{
	const struct bus_loan loan = {
		.request = {.device = 99, .function = 3, .address = 7, .count = 1}
        };
	int64_t until_mono_us = 0;
	(void)state;

	begin();
	assert_false(bus_engine_may_lend(engine, &loan, now_mono_us, &until_mono_us));
	assert_int_equal(until_mono_us, BUS_RTU_LISTEN_MS * MS);
	assert_true(bus_engine_may_lend(engine, &loan, until_mono_us, &until_mono_us));
}

static void a_gateway_without_a_path_is_a_silent_device(void **state)
{
	static const uint8_t exceptions[] = {10, 11};
	(void)state;

	settings.line.kind = BUS_TCP;
	for (size_t i = 0; i < sizeof(exceptions); i++) {
		begin();
		for (int attempt = 0; attempt < DEVICE_ATTEMPTS_MAX; attempt++) {
			assert_int_not_equal(seen.state, DEVICE_SILENT);
			next_request();
			refuse(exceptions[i]);
		}
		assert_int_equal(seen.state, DEVICE_SILENT);
		assert_int_equal(seen.counters.exceptions[exceptions[i]], DEVICE_ATTEMPTS_MAX);
		engine = bus_engine_free(engine);
		seen.state = DEVICE_UNKNOWN;
	}
}

/* Power every second and energy every minute: the other way round it is as patient. */
static void a_device_refuses_when_nothing_was_read_for_its_longer_period(void **state)
{
	(void)state;
	settings.line.kind = BUS_TCP;
	device.fast_period_ms = 60000;
	device.slow_period_ms = 1000;
	begin();
	for (int i = 0; i < POINTS; i++) {
		next_request();
		answer(BUS_OK, (struct bus_answer){0});
	}
	assert_int_equal(seen.state, DEVICE_OK);
	int64_t read_mono_us = now_mono_us;
	while (seen.state == DEVICE_OK) {
		next_request();
		refuse(4);
	}
	assert_int_equal(seen.state, DEVICE_REFUSES);
	assert_true(now_mono_us - read_mono_us > 60000 * MS);
	assert_true(now_mono_us - read_mono_us < 62000 * MS);
}

/* It answers again, but what it holds is not the map that is looked for. */
static void a_silent_device_that_comes_back_as_another_refuses(void **state)
{
	(void)state;
	settings.line.kind = BUS_TCP;
	model.base = (struct model_base){.relative = true,
		.markers = {40000},
		.markers_count = 1,
		.models = {103},
		.models_count = 1};
	begin();
	for (int attempt = 0; attempt < DEVICE_ATTEMPTS_MAX; attempt++) {
		next_request();
		answer(BUS_TIMEOUT, (struct bus_answer){0});
	}
	assert_int_equal(seen.state, DEVICE_SILENT);
	assert_int_equal(next_request().address, 40000); /* the probe */
	refuse(2);
	assert_int_equal(seen.state, DEVICE_REFUSES);
	/* From now on at its period, not ever more rarely. */
	for (int poll = 0; poll < 5; poll++) {
		int64_t before_mono_us = now_mono_us;
		assert_int_equal(next_request().address, 40000);
		assert_true(now_mono_us - before_mono_us <= PERIOD_MS * MS);
		refuse(2);
	}
}

/* The power is refused in a poll of its own; when both are due it is there again, and the energy
 * is not. */
static void a_poll_in_which_something_was_read_refuses_nothing(void **state)
{
	(void)state;
	settings.line.kind = BUS_TCP;
	device.slow_period_ms = 3 * PERIOD_MS;
	begin();
	for (int i = 0; i < POINTS; i++) {
		next_request();
		answer(BUS_OK, (struct bus_answer){0});
	}
	assert_int_equal(next_request().address, 100);
	refuse(2);
	now_mono_us = 3 * PERIOD_MS * MS + 1000 * MS;
	assert_int_equal(next_request().address, 100);
	answer(BUS_OK, (struct bus_answer){0});
	assert_int_equal(next_request().address, 300);
	refuse(2);
	assert_int_equal(seen.state, DEVICE_OK);
	now_mono_us += PERIOD_MS * MS; /* and all of it is asked anew */
	assert_int_equal(next_request().address, 100);
}

/* Not every bus knows when an answer began; then its end counts. */
static void the_time_to_an_answer_is_to_its_beginning_or_its_end(void **state)
{
	struct bus_answer began = {0};
	(void)state;

	settings.line.kind = BUS_TCP; /* no time on the wire */
	begin();
	next_request();
	answer(BUS_OK, began);
	next_request();
	began.began_mono_us = now_mono_us + 5 * MS;
	answer(BUS_OK, began);
	assert_int_equal(seen.counters.answer_time_us_max, 20 * MS);
	engine = bus_engine_free(engine);
	begin();
	next_request();
	began.began_mono_us = now_mono_us + 5 * MS;
	answer(BUS_OK, began);
	assert_int_equal(seen.counters.answer_time_us_max, 5 * MS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_bus_that_nobody_wants_anything_of_waits_for_ever),
		TEST(a_device_that_cannot_be_planned_makes_no_bus),
		TEST(a_port_that_fails_for_another_reason_is_told_of_again),
		TEST(a_request_is_held_back_where_its_answer_may_still_come),
		TEST(a_loan_that_went_wrong_is_held_back_as_well),
		TEST(nothing_is_lent_while_the_line_is_listened_to),
		TEST(a_gateway_without_a_path_is_a_silent_device),
		TEST(a_device_refuses_when_nothing_was_read_for_its_longer_period),
		TEST(a_silent_device_that_comes_back_as_another_refuses),
		TEST(a_poll_in_which_something_was_read_refuses_nothing),
		TEST(the_time_to_an_answer_is_to_its_beginning_or_its_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
