/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_queue_of_reports.c -- Reports come out as they went in and in order,
 * whatever their size and wherever the ring ends; a full queue drops samples
 * first, never waits, and counts what it dropped.
 */
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "gateway/report_queue.h"

enum { SAMPLES_MAX = 120 };

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static bool readable(const struct report_queue *queue)
{
	struct pollfd pollfd = {.fd = report_queue_fd(queue), .events = POLLIN};
	return poll(&pollfd, 1, 0) == 1;
}

/* A report whose every part follows from its number. */
static struct worker_report report_of(uint32_t number, struct sample *samples,
	struct device_counters *counters, char text[static 64])
{
	size_t count = number % SAMPLES_MAX;
	for (size_t i = 0; i < count; i++)
		samples[i] = (struct sample){
			.value = (int64_t)number * 1000 + (int64_t)i, .meter = (uint16_t)number};
	*counters = (struct device_counters){.requests = number};
	snprintf(text, 64, "reason %" PRIu32 "%.*s", number, (int)(number % 30),
		"..............................");
	return (struct worker_report){.kind = REPORT_DEVICE_STATE,
		.device = (uint16_t)(number % 250),
		.at_mono_ms = number,
		.samples = samples,
		.samples_count = count,
		.counters = number % 3 == 0 ? counters : NULL,
		.serial_number = number % 5 == 0 ? text : NULL,
		.reason = number % 2 == 0 ? text : NULL};
}

static void assert_is_number(const struct worker_report *taken, uint32_t number)
{
	struct sample samples[SAMPLES_MAX];
	struct device_counters counters;
	char text[64];
	struct worker_report expected = report_of(number, samples, &counters, text);
	assert_int_equal(taken->at_mono_ms, number);
	assert_int_equal(taken->device, expected.device);
	assert_int_equal(taken->samples_count, expected.samples_count);
	for (size_t i = 0; i < expected.samples_count; i++)
		assert_int_equal(taken->samples[i].value, samples[i].value);
	assert_int_equal(taken->counters != NULL, expected.counters != NULL);
	if (expected.counters != NULL)
		assert_int_equal(taken->counters->requests, number);
	assert_int_equal(taken->reason != NULL, expected.reason != NULL);
	if (expected.reason != NULL)
		assert_string_equal(taken->reason, text);
	assert_int_equal(taken->serial_number != NULL, expected.serial_number != NULL);
	if (expected.serial_number != NULL)
		assert_string_equal(taken->serial_number, text);
}

static void reports_come_out_whole_and_in_order_round_the_ring(void **state)
{
	(void)state;
	uint32_t seed = (uint32_t)time(NULL);
	print_message("seed %" PRIu32 "\n", seed);
	struct report_queue *queue = report_queue_new(0);
	struct sample samples[SAMPLES_MAX];
	struct device_counters counters;
	char text[64];
	uint32_t put = 0, taken = 0, source;
	struct worker_report report;
	while (taken < 20000) {
		for (uint32_t burst = next_random(&seed) % 12; burst > 0; burst--) {
			report = report_of(put, samples, &counters, text);
			if (!report_queue_put(queue, put, &report))
				break;
			put++;
		}
		for (uint32_t burst = next_random(&seed) % 12; burst > 0; burst--) {
			if (!report_queue_take(queue, &source, &report))
				break;
			assert_int_equal(source, taken);
			assert_is_number(&report, taken++);
		}
		assert_true(put == taken || readable(queue));
	}
	while (report_queue_take(queue, &source, &report))
		assert_is_number(&report, taken++);
	assert_int_equal(taken, put);
	assert_false(readable(queue));
	report_queue_free(queue);
}

static void a_full_queue_drops_samples_first_and_counts_them(void **state)
{
	(void)state;
	struct report_queue *queue = report_queue_new(0);
	struct sample samples[10] = {{.value = 1}};
	struct worker_report report = {
		.kind = REPORT_SAMPLES, .samples = samples, .samples_count = 10};
	size_t taken_in = 0;
	while (report_queue_put(queue, 0, &report))
		taken_in++;
	assert_true(taken_in > 20);
	assert_int_equal(report_queue_dropped(queue), 1);
	struct worker_report serial = {.kind = REPORT_SERIAL_NUMBER, .serial_number = "123"};
	for (int i = 0; i < 20; i++)
		assert_true(report_queue_put(queue, 0, &serial));
	uint32_t source;
	for (size_t i = 0; i < taken_in; i++)
		assert_true(report_queue_take(queue, &source, &report));
	assert_true(report_queue_take(queue, &source, &report));
	assert_string_equal(report.serial_number, "123");
	report_queue_free(queue);
}

static void *put_many(void *context)
{
	struct sample sample = {.value = 7};
	struct worker_report report = {
		.kind = REPORT_SAMPLES, .samples = &sample, .samples_count = 1};
	for (int64_t i = 0; i < 20000; i++) {
		report.at_mono_ms = i;
		report_queue_put(context, 3, &report);
	}
	return NULL;
}

static void threads_put_without_waiting_while_one_takes(void **state)
{
	(void)state;
	struct report_queue *queue = report_queue_new(0);
	pthread_t threads[3];
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, put_many, queue), 0);
	uint64_t taken = 0;
	uint32_t source;
	struct worker_report report;
	while (taken + report_queue_dropped(queue) < 60000) {
		while (report_queue_take(queue, &source, &report)) {
			assert_int_equal(report.samples[0].value, 7);
			taken++;
		}
	}
	for (size_t i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	assert_true(taken > 0);
	report_queue_free(queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reports_come_out_whole_and_in_order_round_the_ring),
		cmocka_unit_test(a_full_queue_drops_samples_first_and_counts_them),
		cmocka_unit_test(threads_put_without_waiting_while_one_takes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
