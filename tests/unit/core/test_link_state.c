/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_link_state.c -- The link comes back by itself, ever more patiently, and
 * a thousand gateways do not come back at once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/core/link_state.h"

enum {
	WITHIN_MS = 100000, /* what `reconnect_within` is without a word in the configuration */
	GATEWAYS = 1000,
};

static void every_pair_of_state_and_input_leads_somewhere(void **state)
{
	(void)state;
	for (int from = 0; from < LINK_STATE_COUNT; from++) {
		for (int input = 0; input < LINK_INPUT_COUNT; input++) {
			struct link_machine machine;
			link_machine_init(&machine, 1, WITHIN_MS, 0);
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
	link_machine_init(&machine, 7, WITHIN_MS, 1000);
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
	link_machine_init(&machine, 3, WITHIN_MS, 0);
	for (int i = 0; i < 2000; i++) {
		link_machine_step(&machine, LINK_INPUT_LOST, 0);
		int64_t ceiling_ms =
			i < 7 ? (int64_t)LINK_BACKOFF_FIRST_MS << i : LINK_BACKOFF_MAX_MS;
		assert_in_range(machine.retry_mono_ms, 0, ceiling_ms);
		longest_ms =
			machine.retry_mono_ms > longest_ms ? machine.retry_mono_ms : longest_ms;
		link_machine_step(&machine, LINK_INPUT_TICK, machine.retry_mono_ms);
	}
	assert_true(longest_ms > LINK_BACKOFF_MAX_MS * 9 / 10);
}

static void a_connection_that_lasted_begins_at_its_own_ceiling(void **state)
{
	struct link_machine machine;

	(void)state;
	link_machine_init(&machine, 3, WITHIN_MS, 0);
	link_machine_step(&machine, LINK_INPUT_LOST, 0);
	assert_int_equal(machine.ceiling_ms, LINK_BACKOFF_FIRST_MS);
	link_machine_step(&machine, LINK_INPUT_ACCEPTED, 0);
	link_machine_step(&machine, LINK_INPUT_LOST, LINK_STABLE_MS - 1);
	assert_int_equal(machine.ceiling_ms, 2 * LINK_BACKOFF_FIRST_MS);
	link_machine_step(&machine, LINK_INPUT_ACCEPTED, 0);
	link_machine_step(&machine, LINK_INPUT_LOST, 2 * LINK_STABLE_MS);
	assert_int_equal(machine.ceiling_ms, WITHIN_MS);
}

static void a_wide_ceiling_doubles_once(void **state)
{
	struct link_machine machine;

	(void)state;
	link_machine_init(&machine, 3, LINK_BACKOFF_MAX_MS, 0);
	link_machine_step(&machine, LINK_INPUT_ACCEPTED, 0);
	for (int i = 0; i < 4; i++) {
		link_machine_step(&machine, LINK_INPUT_LOST, LINK_STABLE_MS);
		assert_int_equal(machine.ceiling_ms, LINK_BACKOFF_MAX_MS * (i > 0 ? 2 : 1));
		link_machine_step(&machine, LINK_INPUT_TICK, machine.retry_mono_ms);
	}
}

/* When a gateway that had been connected is accepted again: its broker, which refuses at once
 * while it is down, is away from `down_ms` on for `away_ms`. */
static int64_t back_after_ms(uint32_t seed, int64_t down_ms, int64_t away_ms)
{
	struct link_machine machine;
	int64_t now_ms = down_ms;

	link_machine_init(&machine, seed, WITHIN_MS, 0);
	link_machine_step(&machine, LINK_INPUT_ACCEPTED, 0);
	for (;;) {
		assert_int_equal(
			link_machine_step(&machine, LINK_INPUT_LOST, now_ms), LINK_ACTION_WAIT);
		now_ms = machine.retry_mono_ms;
		assert_int_equal(
			link_machine_step(&machine, LINK_INPUT_TICK, now_ms), LINK_ACTION_CONNECT);
		if (now_ms >= down_ms + away_ms) {
			return now_ms - down_ms - away_ms;
		}
	}
}

static int later(const void *a, const void *b)
{
	const int64_t *first = a, *second = b;

	return (*first > *second) - (*first < *second);
}

/* The most connects of any 1,000 ms, whenever they begin; `back_ms` in order of time. */
static size_t most_in_a_second(const int64_t back_ms[static GATEWAYS])
{
	size_t most = 0, first = 0;

	for (size_t last = 0; last < GATEWAYS; last++) {
		while (back_ms[last] - back_ms[first] >= 1000) {
			first++;
		}
		most = last - first + 1 > most ? last - first + 1 : most;
	}
	return most;
}

/* The gateways' clocks and seeds differ; they lose the broker in the same instant. */
static void after_a_broker_restart_no_second_has_more_than_3_percent_of_the_connects(void **state)
{
	/* clang-format off */
	static const struct { int64_t away_ms; int64_t half_back_ms; } rows[] = {
		{10000,  60000},
		{60000,  50000},
		{100000, 90000}, /* the second attempts' own time */
		{600000, 75000},
	};
	/* clang-format on */
	int64_t back_ms[GATEWAYS];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (uint32_t seed = 0; seed < GATEWAYS; seed++) {
			back_ms[seed] = back_after_ms(seed, 3600000, rows[i].away_ms);
		}
		qsort(back_ms, GATEWAYS, sizeof(back_ms[0]), later);
		print_message("away %3d s: at most %zu of %d in a second, half back after %.1f s, "
			      "all after %.1f s\n",
			(int)(rows[i].away_ms / 1000), most_in_a_second(back_ms), GATEWAYS,
			(double)back_ms[GATEWAYS / 2] / 1000, (double)back_ms[GATEWAYS - 1] / 1000);
		assert_true(most_in_a_second(back_ms) <= GATEWAYS * 3 / 100);
		assert_true(back_ms[GATEWAYS / 2] <= rows[i].half_back_ms);
		assert_true(back_ms[GATEWAYS - 1] <= LINK_BACKOFF_MAX_MS);
	}
}

/* Two of them, each ending the other's connection as soon as it has its own: an hour. */
static int connects_of_an_hour(bool contested)
{
	struct link_machine two[2];
	const int64_t hour_ms = 3600000;
	int connects = 0;

	for (uint32_t i = 0; i < 2; i++) {
		link_machine_init(&two[i], 11 + i, LINK_BACKOFF_FIRST_MS, 0);
		two[i].contested = contested;
		link_machine_step(&two[i], LINK_INPUT_LOST, 0);
	}
	for (int64_t now_ms = 0; now_ms < hour_ms; now_ms += 100) {
		for (int i = 0; i < 2; i++) {
			if (link_machine_step(&two[i], LINK_INPUT_TICK, now_ms) !=
				LINK_ACTION_CONNECT) {
				continue;
			}
			link_machine_step(&two[i], LINK_INPUT_ACCEPTED, now_ms);
			link_machine_step(&two[1 - i], LINK_INPUT_LOST, now_ms);
			connects++;
		}
	}
	return connects;
}

static void two_clients_that_take_the_connection_from_each_other_do_so_rarely(void **state)
{
	(void)state;
	int connects = connects_of_an_hour(true);
	assert_in_range(connects, 20, 100);
	assert_true(connects_of_an_hour(false) > connects);
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
		cmocka_unit_test(a_connection_that_lasted_begins_at_its_own_ceiling),
		cmocka_unit_test(a_wide_ceiling_doubles_once),
		cmocka_unit_test(
			after_a_broker_restart_no_second_has_more_than_3_percent_of_the_connects),
		cmocka_unit_test(two_clients_that_take_the_connection_from_each_other_do_so_rarely),
		cmocka_unit_test(a_state_that_is_none_is_a_question_mark),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
