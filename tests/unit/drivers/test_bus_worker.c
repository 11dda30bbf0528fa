/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_bus_worker.c -- Protects, with a real thread over real ptys and
 * sockets: samples come, a loan has its turn between polls, and neither a dead
 * device nor a missing port keeps the worker from ending.
 */
#include "drivers/bus_worker.h"
#include "tests/fakes/scripted_device.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum {
	WAIT_MS_MAX = 20000, /* a loaded machine */
	END_MS_MAX = 1000,
	US_PER_MS = 1000,
};

static struct model_value value = {
	.quantity = QUANTITY_VOLTAGE_L1,
	.channel = 1,
	.space = SPACE_HOLDING_REGISTERS,
	.addresses = {10             },
	.addresses_count = 1,
	.format = { .encoding = ENCODING_U16, .registers = 1},
	.scale = { 1,              1},
	.scale_register = -1,
	.together = -1,
};
static const struct meter_model model = {.title = "Test meter",
	.block_registers_max = 20,
	.values = &value,
	.values_count = 1,
	.channels = 1};
static const struct device_point point = {
	.value = &value, .scale = {1, 1}
};
static const struct device meter = {
	.address = 5,
	.model = &model,
	.fast_period_ms = 20,
	.slow_period_ms = 20,
	.points = &point,
	.points_count = 1,
	.response_timeout_min_ms = 50,
	.response_timeout_max_ms = 30000, /* a wait that only an interruption ends in time */
};
static const struct bus_request asked = {.device = 5, .function = 3, .address = 100, .count = 2};

static struct scripted_device *scripted;
static struct bus_worker *worker;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t told = PTHREAD_COND_INITIALIZER;
static struct {
	unsigned samples;
	unsigned bus_reports;
	struct sample last;
	bool bus_open;
	char reason[80];
} seen;

static void take_report(void *context, const struct worker_report *report)
{
	(void)context;
	pthread_mutex_lock(&lock);
	if (report->kind == REPORT_SAMPLES) {
		seen.samples += (unsigned)report->samples_count;
		seen.last = report->samples[report->samples_count - 1];
	} else if (report->kind == REPORT_BUS_STATE) {
		seen.bus_reports++;
		seen.bus_open = report->bus_open;
		strncpy(seen.reason, report->reason, sizeof(seen.reason) - 1);
	}
	pthread_cond_broadcast(&told);
	pthread_mutex_unlock(&lock);
}

/* Until so many samples and reports of the port have come. */
static void await(unsigned samples, unsigned bus_reports)
{
	struct timespec until;
	int failed = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += WAIT_MS_MAX / 1000;
	pthread_mutex_lock(&lock);
	while (!failed && (seen.samples < samples || seen.bus_reports < bus_reports)) {
		failed = pthread_cond_timedwait(&told, &lock, &until);
	}
	pthread_mutex_unlock(&lock);
	assert_int_equal(failed, 0);
}

static void begin_on(const struct bus_line *line)
{
	struct bus *bus = modbus_bus_new(line);

	assert_non_null(bus);
	worker = bus_worker_start(&(struct bus_worker_settings){.bus = bus,
		.line = *line,
		.devices = &meter,
		.devices_count = 1,
		.report = take_report});
	assert_non_null(worker);
}

static void begin(enum bus_kind kind, const struct scripted_answer *script, size_t count)
{
	scripted = scripted_device_start(kind, script, count);
	begin_on(scripted_device_line(scripted));
}

/* Stop, and say how long it took. */
static int64_t end_worker(void)
{
	int64_t before = bus_now_mono_us();

	bus_worker_stop(worker);
	assert_true(bus_worker_join(worker, WAIT_MS_MAX));
	worker = NULL;
	return (bus_now_mono_us() - before) / US_PER_MS;
}

static int set_up(void **state)
{
	(void)state;
	memset(&seen, 0, sizeof(seen));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	if (worker) {
		end_worker();
	}
	if (scripted) {
		scripted = scripted_device_stop(scripted);
	}
	return 0;
}

static void samples_come_on_a_line_and_on_a_socket(void **state)
{
	static const enum bus_kind kinds[] = {BUS_RTU, BUS_TCP};
	static const struct scripted_answer script[] = {
		{.first_word = 2301}, {.first_word = 2302}, {.first_word = 2303}};

	for (size_t i = 0; i < 2; i++) {
		set_up(state);
		begin(kinds[i], script, 3);
		await(3, 1);
		assert_true(seen.bus_open);
		assert_int_equal(seen.last.quantity, QUANTITY_VOLTAGE_L1);
		tear_down(state);
	}
}

static enum bus_status lend(uint32_t timeout_ms, uint32_t wait_ms, struct bus_lent_answer *ret_lent)
{
	const struct bus_loan loan = {.request = asked, .timeout_ms = timeout_ms};

	return bus_worker_lend(worker, &loan, wait_ms, ret_lent);
}

static void a_loan_has_its_turn_between_polls(void **state)
{
	(void)state;
	struct bus_lent_answer lent;

	begin(BUS_RTU, NULL, 0);
	await(2, 1);
	for (int i = 0; i < 5; i++) {
		enum bus_status status = lend(1000, WAIT_MS_MAX, &lent);
		assert_int_equal(status, BUS_OK);
		assert_int_equal(lent.answer.words[1], 1);
	}
	unsigned before = seen.samples;
	await(before + 2, 1);
}

static void a_loan_of_a_port_that_is_not_open_says_so(void **state)
{
	(void)state;
	const struct bus_line line = {.kind = BUS_RTU,
		.device = "/nonexistent/port",
		.baud = 9600,
		.parity = 'N',
		.data_bits = 8,
		.stop_bits = 1};
	struct bus_lent_answer lent;

	begin_on(&line);
	await(0, 1);
	assert_false(seen.bus_open);
	assert_string_equal(seen.reason, "there is no such port");
	assert_int_equal(lend(1000, WAIT_MS_MAX, &lent), BUS_DOWN);
	assert_string_equal(lent.reason, "the port is not open");
	assert_true(end_worker() < END_MS_MAX);
}

static void a_loan_whose_turn_does_not_come_is_given_back(void **state)
{
	(void)state;
	static const struct scripted_answer script[] = {{.kind = SCRIPT_NOTHING}};
	struct bus_lent_answer lent;

	begin(BUS_RTU, script, 1);
	while (scripted_device_record(scripted).requests < 1) {
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	assert_int_equal(lend(100, 50, &lent), BUS_DOWN);
	assert_string_equal(lent.reason, "its turn did not come: the line is busy");
}

static void waiting_for_a_dead_device_does_not_keep_it_from_ending(void **state)
{
	static const enum bus_kind kinds[] = {BUS_RTU, BUS_TCP};
	static const struct scripted_answer script[] = {{.kind = SCRIPT_NOTHING}};

	for (size_t i = 0; i < 2; i++) {
		set_up(state);
		begin(kinds[i], script, 1);
		while (scripted_device_record(scripted).requests < 1) {
			nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
		}
		assert_true(end_worker() < END_MS_MAX);
		tear_down(state);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(samples_come_on_a_line_and_on_a_socket),
		TEST(a_loan_has_its_turn_between_polls),
		TEST(a_loan_of_a_port_that_is_not_open_says_so),
		TEST(a_loan_whose_turn_does_not_come_is_given_back),
		TEST(waiting_for_a_dead_device_does_not_keep_it_from_ending),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
