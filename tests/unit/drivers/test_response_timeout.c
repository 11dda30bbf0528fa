/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_response_timeout.c -- Protects: the time-out follows a device's own
 * answers and stays between its floor and its ceiling.
 */
#include "drivers/response_timeout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct response_timeout learned(uint32_t answer_time_us)
{
	struct response_timeout timeout;

	response_timeout_init(&timeout, 50, 2000);
	for (int i = 0; i < 100; i++) {
		response_timeout_answered(&timeout, answer_time_us + (i % 2 ? 1000u : 0u));
	}
	return timeout;
}

static void an_unknown_device_has_its_ceiling(void **state)
{
	(void)state;
	struct response_timeout timeout;

	response_timeout_init(&timeout, 50, 2000);
	assert_int_equal(response_timeout_ms(&timeout), 2000);
	for (int i = 1; i < RESPONSE_ANSWERS_MIN; i++) {
		response_timeout_answered(&timeout, 1000);
		assert_int_equal(response_timeout_ms(&timeout), 2000);
	}
	response_timeout_answered(&timeout, 1000);
	assert_true(response_timeout_ms(&timeout) < 2000);
}

static void a_quick_device_has_its_floor_and_a_slow_one_more_than_its_answers(void **state)
{
	(void)state;
	struct response_timeout quick = learned(2000);
	struct response_timeout slow = learned(300000);

	assert_int_equal(response_timeout_ms(&quick), 50);
	assert_in_range(response_timeout_ms(&slow), 600, 700);
}

static void a_device_slower_than_its_ceiling_is_cut_there(void **state)
{
	(void)state;
	struct response_timeout timeout = learned(5000000);

	assert_int_equal(response_timeout_ms(&timeout), 2000);
}

static void missed_answers_double_it_up_to_the_ceiling_and_one_answer_takes_it_back(void **state)
{
	(void)state;
	struct response_timeout timeout = learned(2000);

	response_timeout_missed(&timeout);
	assert_int_equal(response_timeout_ms(&timeout), 100);
	response_timeout_missed(&timeout);
	assert_int_equal(response_timeout_ms(&timeout), 200);
	for (int i = 0; i < 1000; i++) {
		response_timeout_missed(&timeout);
	}
	assert_int_equal(response_timeout_ms(&timeout), 2000);
	response_timeout_answered(&timeout, 2000);
	assert_int_equal(response_timeout_ms(&timeout), 50);
}

static void a_device_that_becomes_slower_takes_its_time_out_along(void **state)
{
	(void)state;
	struct response_timeout timeout = learned(20000);
	uint32_t before_ms = response_timeout_ms(&timeout);

	for (int i = 0; i < 20; i++) {
		response_timeout_answered(&timeout, 80000);
	}
	assert_true(response_timeout_ms(&timeout) > before_ms + 100);
}

static void a_ceiling_below_the_floor_is_the_floor(void **state)
{
	(void)state;
	struct response_timeout timeout;

	response_timeout_init(&timeout, 500, 100);
	assert_int_equal(response_timeout_ms(&timeout), 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unknown_device_has_its_ceiling),
		cmocka_unit_test(a_quick_device_has_its_floor_and_a_slow_one_more_than_its_answers),
		cmocka_unit_test(a_device_slower_than_its_ceiling_is_cut_there),
		cmocka_unit_test(
			missed_answers_double_it_up_to_the_ceiling_and_one_answer_takes_it_back),
		cmocka_unit_test(a_device_that_becomes_slower_takes_its_time_out_along),
		cmocka_unit_test(a_ceiling_below_the_floor_is_the_floor),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
