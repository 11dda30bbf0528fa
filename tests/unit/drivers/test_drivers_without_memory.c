/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_drivers_without_memory.c -- Protects: wherever memory runs out while a
 * model is read, a plan or a bus is made, that is said, nothing leaks, and what
 * was there before still works.
 */
#include "tests/fakes/memory/failing_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/yaml_reader.h"
#include "drivers/bus_engine.h"
#include "drivers/device_plan.h"
#include "drivers/model_library.h"

/* Every section a model can have: each takes memory of its own. */
static const char model_text[] =
	"maker: Acme\n"
	"title: EM9\n"
	"carrier: electricity\n"
	"tested: simulated\n"
	"transport: [rtu]\n"
	"reading: {space: input, encoding: u16, largest_block: 20, readable: [0-299],\n"
	"  forbidden: [250-260]}\n"
	"option: {key: energy_unit, choices: {kWh: 1, GJ: 2500/9}, default: GJ}\n"
	"serial_number: {address: 200, encoding: u32}\n"
	"values:\n"
	"  - {quantity: active_energy_import, address: 100}\n"
	"  - {quantity: active_power, address: 5}\n"
	"  - {quantity: voltage_l1, address: 8}\n"
	"identification:\n"
	"  - {method: register, address: 11, matches: [7, 330-345], meaning: type}\n"
	"quirks: [one, two]\n"
	"sources: [a manual]\n";

enum { POINTS = 3 };

static struct yaml_file *file;
static struct meter_model *model;
static struct device_point points[POINTS];
static struct device device;
static const struct bus_line line = {
	.kind = BUS_RTU, .baud = 9600, .parity = 'N', .data_bits = 8, .stop_bits = 1};

static int set_up(void **state)
{
	struct diagnostics diagnostics = {0};

	(void)state;
	assert_int_equal(
		yaml_read_text("m.yaml", model_text, strlen(model_text), &diagnostics, &file),
		YAML_OK);
	if (!meter_model_read(file, "m", &diagnostics, &model)) {
		diagnostics_print(&diagnostics, stderr, false);
		return -1;
	}
	assert_int_equal(model->values_count, POINTS);
	for (size_t i = 0; i < POINTS; i++) {
		points[i] = (struct device_point){
			0, &model->values[i], {1, 1}
                };
	}
	device = (struct device){.address = 1,
		.model = model,
		.fast_period_ms = 1000,
		.slow_period_ms = 5000,
		.points = points,
		.points_count = POINTS,
		.response_timeout_min_ms = 50,
		.response_timeout_max_ms = 1000};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	model = meter_model_free(model);
	file = yaml_close(file);
	return 0;
}

/* That many allocations were walked; none where the sanitizer has the memory. */
static void expect_walk(size_t walked, size_t least)
{
	assert_true(failing_memory_is_active() ? walked >= least : walked == 0);
}

static bool reads_model(void *context)
{
	struct diagnostics diagnostics = {0};
	struct meter_model *read = NULL;
	bool good = meter_model_read(file, "m", &diagnostics, &read);

	(void)context;
	assert_int_equal(good, read != NULL);
	assert_int_equal(good, diagnostics.errors == 0); /* it says so */
	meter_model_free(read);
	diagnostics_clear(&diagnostics);
	return good;
}

static void a_model_is_read_whole_or_refused(void **state)
{
	(void)state;
	/* The model, four head texts, key and two choices, ranges, values, a rule, lists. */
	expect_walk(failing_memory_walk(reads_model, NULL), 20);
}

static bool makes_plan(void *context)
{
	struct plan_limits limits = read_plan_limits(model, &line, 20);
	struct plan plan = {0};
	size_t bad = 77;
	enum plan_status status =
		device_plan_make(&device, POLL_FAST | POLL_SLOW, &limits, &plan, &bad);

	(void)context;
	assert_true(status == PLAN_OK || status == PLAN_NO_MEMORY);
	assert_int_equal(bad, 77); /* no point is to blame */
	free(plan.blocks);
	return status == PLAN_OK;
}

static void a_plan_without_memory_blames_no_point(void **state)
{
	(void)state;
	expect_walk(failing_memory_walk(makes_plan, NULL), 4);
}

static bool makes_reader(void *context)
{
	struct device_reader *reader = device_reader_new(&device, &line, 0);
	bool made = reader != NULL;

	(void)context;
	device_reader_free(reader);
	return made;
}

static void a_reader_is_made_whole_or_not_at_all(void **state)
{
	(void)state;
	expect_walk(failing_memory_walk(makes_reader, NULL), 4);
}

static bool makes_engine(void *context)
{
	const struct device devices[2] = {device, device};
	struct bus_engine *engine = bus_engine_new(
		&(struct bus_engine_settings){.line = line, .devices = devices, .devices_count = 2},
		0);
	bool made = engine != NULL;

	(void)context;
	bus_engine_free(engine);
	return made;
}

static void a_bus_is_made_with_all_its_devices_or_not_at_all(void **state)
{
	(void)state;
	/* Two readers, and engine, schedule and devices beside. */
	expect_walk(failing_memory_walk(makes_engine, NULL), 2 * 4 + 3);
}

/* Ask what the reader wants, answered by a device whose register r holds r, but for one. */
static unsigned values_read(struct device_reader *reader, uint16_t refused)
{
	struct bus_answer answer = {0};
	struct bus_request request;
	const struct sample *samples;
	size_t implausible = 0;
	unsigned good = 0;

	device_reader_begin(reader, POLL_FAST | POLL_SLOW);
	while (device_reader_next(reader, &request)) {
		bool refuses =
			request.address <= refused && refused < request.address + request.count;
		answer.exception = 2; /* illegal data address */
		for (uint16_t i = 0; i < request.count; i++) {
			answer.words[i] = (uint16_t)(request.address + i);
		}
		device_reader_take(reader, refuses ? BUS_REFUSED : BUS_OK, &answer);
	}
	size_t count = device_reader_samples(reader, &samples, &implausible);
	for (size_t i = 0; i < count; i++) {
		good += samples[i].status == DECODE_OK;
	}
	return good;
}

/* What a device refused is planned again after a silence; without memory what is left is read. */
static void a_reader_that_cannot_plan_anew_reads_what_it_read_before(void **state)
{
	struct device_reader *reader = device_reader_new(&device, &line, 0);
	(void)state;

	assert_non_null(reader);
	assert_int_equal(values_read(reader, 0), POINTS);
	assert_int_equal(values_read(reader, 100), POINTS - 1);
	for (size_t nth = 1; failing_memory_is_active(); nth++) {
		failing_memory_begin(nth, true);
		device_reader_forget(reader);
		bool failed = failing_memory_end();
		assert_true(values_read(reader, 0) >= POINTS - 1);
		if (!failed) {
			break;
		}
	}
	device_reader_forget(reader);
	assert_int_equal(values_read(reader, 0), POINTS);
	reader = device_reader_free(reader);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_model_is_read_whole_or_refused),
		TEST(a_plan_without_memory_blames_no_point),
		TEST(a_reader_is_made_whole_or_not_at_all),
		TEST(a_bus_is_made_with_all_its_devices_or_not_at_all),
		TEST(a_reader_that_cannot_plan_anew_reads_what_it_read_before),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
