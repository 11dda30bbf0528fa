/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_bus_engine_loans.c -- Protects, in virtual time: whoever scans a live
 * line costs no meter a period, and whoever reads on it cannot starve the polls.
 */
#include "tests/fakes/fake_bus.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum {
	SECOND = 1000000, /* µs */
	STRANGERS = 100,  /* addresses from here on belong to nobody */
	PROBE_MS = 300,
	PERIOD_MS = 2000,
	METERS = 16,
};

static struct model_value value = {
	.quantity = QUANTITY_VOLTAGE_L1,
	.channel = 1,
	.space = SPACE_INPUT_REGISTERS,
	.addresses = {200            },
	.addresses_count = 1,
	.format = { .encoding = ENCODING_U16, .registers = 1},
	.scale = { 1,              1},
	.scale_register = -1,
	.together = -1
};
static const struct meter_model model = {.title = "Test meter",
	.block_registers_max = 20,
	.values = &value,
	.values_count = 1,
	.channels = 1};
static struct device_point point = {
	.value = &value, .scale = {1, 1}
};
static struct device devices[METERS];
static struct fake_bus fake;
static struct bus_engine *engine;
static uint64_t skipped[METERS];
static unsigned samples;

static void take_report(void *context, const struct worker_report *report)
{
	(void)context;
	if (report->kind == REPORT_DEVICE_STATE)
		skipped[report->device] = report->counters->skipped;
	else if (report->kind == REPORT_SAMPLES)
		samples++;
}

/* Each meter answers after so long. */
static void begin(uint32_t answer_time_us)
{
	memset(skipped, 0, sizeof skipped);
	samples = 0;
	fake_bus_init(&fake, BUS_RTU);
	fake.devices_count = METERS;
	for (size_t i = 0; i < METERS; i++) {
		fake.devices[i].address = (uint8_t)(i + 1);
		fake.devices[i].answer_time_us = answer_time_us;
		devices[i] = (struct device){.address = (uint8_t)(i + 1),
			.model = &model,
			.fast_period_ms = PERIOD_MS,
			.points = &point,
			.points_count = 1,
			.response_timeout_min_ms = 50,
			.response_timeout_max_ms = 1000};
	}
	const struct bus_engine_settings settings = {.line = fake.line,
		.devices = devices,
		.devices_count = METERS,
		.report = take_report};
	engine = bus_engine_new(&settings, 0);
	assert_non_null(engine);
}

static int tear_down(void **state)
{
	(void)state;
	engine = bus_engine_free(engine);
	return 0;
}

static uint64_t all_skipped(void)
{
	uint64_t all = 0;
	for (size_t i = 0; i < METERS; i++)
		all += skipped[i];
	return all;
}

/* One loan after the other wants the line, as bus_worker.c serves them; how many had it. */
static unsigned borrow(struct bus_loan loan, int64_t seconds)
{
	const int64_t end_mono_us = fake.now_mono_us + seconds * SECOND;
	unsigned lent = 0;
	while (fake.now_mono_us < end_mono_us) {
		int64_t until_mono_us = 0, begun_mono_us = fake.now_mono_us;
		if (bus_engine_may_lend(engine, &loan, begun_mono_us, &until_mono_us)) {
			fake.now_mono_us += (int64_t)loan.timeout_ms * 1000;
			bus_engine_lent(engine, &loan,
				&(struct bus_lent){BUS_TIMEOUT, begun_mono_us, fake.now_mono_us});
			loan.request.device = (uint8_t)(STRANGERS + ++lent % STRANGERS);
		}
		fake_bus_run(&fake, engine, fake.now_mono_us + 1000);
	}
	return lent;
}

static struct bus_loan probe(bool spare, uint32_t timeout_ms)
{
	return (struct bus_loan){
		.request = {.device = STRANGERS, .function = 3, .count = 1},
		.timeout_ms = timeout_ms,
		.spare = spare
        };
}

/* From an idle line to one that is taken for longer than is lent on. */
static void whoever_scans_costs_no_meter_a_period(void **state)
{
	static const struct {
		uint32_t answer_time_us;
		int32_t load_min, load_max;
		unsigned lent_min;
		uint32_t probe_ms;
	} rows[] = {
		{5000,   100, 300, 1000, PROBE_MS},
                {58000,  500, 600, 500,  PROBE_MS},
		{68000,  601, 750, 200,  PROBE_MS}, /* only where nobody is due */
		{102000, 850, 950, 0,    PROBE_MS},
		{58000,  500, 600, 0,    1200    }, /* longer than it leaves */
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		begin(rows[i].answer_time_us);
		borrow(probe(true, rows[i].probe_ms), 2 * BUS_LOAD_WINDOW_MS_MIN / 1000);
		int32_t load = bus_engine_load_permille(engine);
		assert_in_range(load, rows[i].load_min, rows[i].load_max);
		unsigned lent = borrow(probe(true, rows[i].probe_ms), 600);
		print_message("load %d: %u probes in ten minutes\n", load, lent);
		assert_int_equal(all_skipped(), 0);
		assert_true(lent >= rows[i].lent_min);
		engine = bus_engine_free(engine);
	}
}

/* The polls go first when a reader has had his share. */
static void whoever_reads_again_and_again_does_not_starve_the_polls(void **state)
{
	(void)state;
	begin(50000);
	unsigned lent = borrow(probe(false, PROBE_MS), 600);
	assert_true(lent > 400);
	assert_true(samples > METERS * 600 * 1000 / PERIOD_MS * 9 / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(whoever_scans_costs_no_meter_a_period, tear_down),
		cmocka_unit_test_teardown(
			whoever_reads_again_and_again_does_not_starve_the_polls, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
