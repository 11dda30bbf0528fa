/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_link_state.c -- The link comes back by itself, ever more patiently, and
 * a thousand gateways do not come back at once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/core/link_state.h"

static void every_pair_of_state_and_input_leads_somewhere(void **state)
{
	(void)state;
	for (int from = 0; from < LINK_STATE_COUNT; from++) {
		for (int input = 0; input < LINK_INPUT_COUNT; input++) {
			struct link_machine machine;
			link_machine_init(&machine, 1, 0);
			machine.state = (enum link_state)from;
			link_machine_step(&machine, (enum link_input)input, 1000);
			assert_in_range(machine.state, 0, LINK_STATE_COUNT - 1);
			assert_true(strlen(link_state_name(machine.state)) > 1);
			if (input == LINK_INPUT_STOP || from == LINK_STATE_STOPPED) {
				assert_int_equal(machine.state, LINK_STATE_STOPPED);
			}
		}
	}
}

static void it_waits_for_its_time_and_then_connects(void **state)
{
	struct link_machine machine;

	(void)state;
	link_machine_init(&machine, 7, 1000);
	assert_int_equal(machine.state, LINK_STATE_CONNECTING);
	assert_int_equal(link_machine_step(&machine, LINK_INPUT_LOST, 1000), LINK_ACTION_WAIT);
	assert_in_range(machine.retry_mono_ms, 1000, 1000 + LINK_BACKOFF_FIRST_MS);
	machine.retry_mono_ms = 1500;
	assert_int_equal(link_machine_step(&machine, LINK_INPUT_TICK, 1499), LINK_ACTION_NONE);
	assert_int_equal(machine.state, LINK_STATE_WAITING);
	assert_int_equal(link_machine_step(&machine, LINK_INPUT_TICK, 1500), LINK_ACTION_CONNECT);
	assert_int_equal(
		link_machine_step(&machine, LINK_INPUT_ACCEPTED, 1600), LINK_ACTION_ANNOUNCE);
	assert_int_equal(machine.state, LINK_STATE_CONNECTED);
}

static void the_ceiling_doubles_and_ends_above_two_minutes(void **state)
{
	struct link_machine machine;
	int64_t longest_ms = 0;

	(void)state;
	assert_true(LINK_BACKOFF_MAX_MS >= 120000);
	link_machine_init(&machine, 3, 0);
	for (int i = 0; i < 2000; i++) {
		link_machine_step(&machine, LINK_INPUT_LOST, 0);
		int64_t ceiling_ms =
			i < 6 ? (int64_t)LINK_BACKOFF_FIRST_MS << i : LINK_BACKOFF_MAX_MS;
		assert_in_range(machine.retry_mono_ms, 0, ceiling_ms);
		longest_ms =
			machine.retry_mono_ms > longest_ms ? machine.retry_mono_ms : longest_ms;
		link_machine_step(&machine, LINK_INPUT_TICK, machine.retry_mono_ms);
	}
	assert_true(longest_ms > LINK_BACKOFF_MAX_MS * 9 / 10);
}

static void a_connection_that_lasted_begins_at_the_first_ceiling_again(void **state)
{
	struct link_machine machine;

	(void)state;
	link_machine_init(&machine, 3, 0);
	for (int i = 0; i < 10; i++) {
		link_machine_step(&machine, LINK_INPUT_LOST, 0);
		link_machine_step(&machine, LINK_INPUT_TICK, LINK_BACKOFF_MAX_MS);
	}
	link_machine_step(&machine, LINK_INPUT_ACCEPTED, 0);
	link_machine_step(&machine, LINK_INPUT_LOST, LINK_STABLE_MS - 1);
	assert_int_equal(machine.failures, 11);
	link_machine_step(&machine, LINK_INPUT_ACCEPTED, 0);
	link_machine_step(&machine, LINK_INPUT_LOST, 2 * LINK_STABLE_MS);
	assert_int_equal(machine.failures, 1);
}

static void a_thousand_gateways_come_back_spread_over_the_wait(void **state)
{
	enum { GATEWAYS = 1000, SLOTS = 16 };
	int slots[SLOTS] = {0};

	(void)state;
	for (uint32_t seed = 0; seed < GATEWAYS; seed++) {
		struct link_machine machine;
		link_machine_init(&machine, seed, 0);
		machine.failures = 20;
		link_machine_step(&machine, LINK_INPUT_LOST, 0);
		slots[machine.retry_mono_ms * SLOTS / (LINK_BACKOFF_MAX_MS + 1)]++;
	}
	for (int i = 0; i < SLOTS; i++) {
		assert_in_range(slots[i], GATEWAYS / SLOTS / 2, GATEWAYS / SLOTS * 2);
	}
}

static void a_state_that_is_none_is_a_question_mark(void **state)
{
	(void)state;
	assert_string_equal(link_state_name(LINK_STATE_COUNT), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_pair_of_state_and_input_leads_somewhere),
		cmocka_unit_test(it_waits_for_its_time_and_then_connects),
		cmocka_unit_test(the_ceiling_doubles_and_ends_above_two_minutes),
		cmocka_unit_test(a_connection_that_lasted_begins_at_the_first_ceiling_again),
		cmocka_unit_test(a_thousand_gateways_come_back_spread_over_the_wait),
		cmocka_unit_test(a_state_that_is_none_is_a_question_mark),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
