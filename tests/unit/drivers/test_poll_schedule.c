/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_poll_schedule.c -- Protects: every device has its turn in time, nobody
 * is starved by a silent one, and what is overdue is not piled up.
 */
#include "drivers/poll_schedule.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct poll_schedule *schedule;

static int tear_down(void **state)
{
	(void)state;
	schedule = poll_schedule_free(schedule);
	return 0;
}

/* The turn at `now`; fails when there is none. */
static struct poll_turn turn_at(int64_t now_mono_ms)
{
	struct poll_turn turn = {0};
	int64_t wake = 0;

	assert_true(poll_schedule_next(schedule, now_mono_ms, &turn, &wake));
	return turn;
}

/* Nobody's turn at `now`: when the next is. */
static int64_t wake_after(int64_t now_mono_ms)
{
	struct poll_turn turn;
	int64_t wake = -1;

	assert_false(poll_schedule_next(schedule, now_mono_ms, &turn, &wake));
	return wake;
}

static void the_earliest_deadline_goes_first(void **state)
{
	(void)state;
	const struct poll_periods periods[] = {
		{60000, 0},
                {1000,  0},
                {10000, 0}
        };
	const size_t order[] = {1, 2, 0};

	schedule = poll_schedule_new(periods, 3, 0);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(turn_at(0).device, order[i]);
		poll_schedule_finish(schedule, order[i], 0);
	}
	assert_int_equal(wake_after(0), 1000);
}

static void a_poll_keeps_its_turns_until_it_is_finished(void **state)
{
	(void)state;
	const struct poll_periods periods[] = {
		{1000, 0},
                {1000, 0}
        };

	schedule = poll_schedule_new(periods, 2, 0);
	assert_true(turn_at(0).begins);
	struct poll_turn second = turn_at(30);
	assert_int_equal(second.device, 0);
	assert_false(second.begins);
	poll_schedule_finish(schedule, 0, 40);
	assert_int_equal(turn_at(40).device, 1);
}

static void groups_due_together_are_one_poll(void **state)
{
	(void)state;
	const struct poll_periods periods[] = {
		{1000, 3000}
        };
	const uint8_t expected[] = {
		POLL_FAST | POLL_SLOW, POLL_FAST, POLL_FAST, POLL_FAST | POLL_SLOW, POLL_FAST};

	schedule = poll_schedule_new(periods, 1, 500);
	for (int i = 0; i < 5; i++) {
		int64_t now = 500 + i * 1000;
		assert_int_equal(turn_at(now).groups, expected[i]);
		poll_schedule_finish(schedule, 0, now + 20);
		assert_int_equal(wake_after(now + 20), now + 1000);
	}
}

static void what_is_overdue_is_skipped_and_counted(void **state)
{
	(void)state;
	const struct poll_periods periods[] = {
		{1000, 0}
        };

	schedule = poll_schedule_new(periods, 1, 0);
	turn_at(0);
	poll_schedule_finish(schedule, 0, 5400);
	assert_int_equal(turn_at(5400).groups, POLL_FAST);
	poll_schedule_finish(schedule, 0, 5450);
	assert_int_equal(poll_schedule_skipped(schedule, 0), 4);
	assert_int_equal(wake_after(5450), 6000);
}

static void a_pause_holds_one_device_while_others_are_asked(void **state)
{
	(void)state;
	const struct poll_periods periods[] = {
		{1000, 0},
                {1000, 0}
        };

	schedule = poll_schedule_new(periods, 2, 0);
	assert_int_equal(turn_at(0).device, 0);
	poll_schedule_hold(schedule, 0, 100);
	assert_int_equal(turn_at(10).device, 1);
	poll_schedule_finish(schedule, 1, 20);
	assert_int_equal(wake_after(20), 100);
	poll_schedule_hold(schedule, 0, 50);
	assert_int_equal(wake_after(60), 100);
	assert_int_equal(turn_at(100).device, 0);
}

static void a_silent_device_is_probed_ever_more_rarely(void **state)
{
	(void)state;
	const struct poll_periods periods[] = {
		{1000, 0},
                {1000, 0}
        };
	int64_t now = 0, last = 0;
	int probes = 0;

	schedule = poll_schedule_new(periods, 2, 0);
	poll_schedule_silence(schedule, 0, 0);
	for (; now < 3600000; now += 500) {
		struct poll_turn turn;
		int64_t wake;
		if (!poll_schedule_next(schedule, now, &turn, &wake)) {
			continue;
		}
		poll_schedule_finish(schedule, turn.device, now);
		if (turn.device == 0) {
			assert_true(turn.probe);
			assert_true(now - last >= PROBE_PERIOD_MS_MIN);
			assert_true(now - last <= PROBE_PERIOD_MS_MAX + 1000);
			last = now;
			probes++;
		}
	}
	assert_in_range(probes, 14, 20); /* 6 doublings, then one in 5 minutes */
}

static void on_a_busy_bus_a_probe_gives_way_and_yet_has_its_turn(void **state)
{
	(void)state;
	const struct poll_periods periods[] = {
		{1000, 0},
                {100,  0},
                {100,  0}
        };
	int polls_before = 0;
	bool probed = false;

	schedule = poll_schedule_new(periods, 3, 0);
	poll_schedule_silence(schedule, 0, 0);
	/* The probe is due at 5 s; both others take longer than their period all the time. */
	for (int64_t now = PROBE_PERIOD_MS_MIN; now < 60000 && !probed; now += 100) {
		struct poll_turn turn = turn_at(now);
		probed = turn.device == 0;
		polls_before += !probed;
		poll_schedule_finish(schedule, turn.device, now + 100);
	}
	assert_true(probed);
	assert_true(polls_before > 50);
}

static void an_answering_device_is_due_at_once(void **state)
{
	(void)state;
	const struct poll_periods periods[] = {
		{1000, 60000},
                {1000, 0    }
        };

	schedule = poll_schedule_new(periods, 2, 0);
	poll_schedule_silence(schedule, 0, 0);
	poll_schedule_revive(schedule, 0, 20000);
	struct poll_turn turn;
	do {
		turn = turn_at(20000);
		poll_schedule_finish(schedule, turn.device, 20000);
	} while (turn.device != 0);
	assert_false(turn.probe);
	assert_int_equal(turn.groups, POLL_FAST | POLL_SLOW);
}

static void all_are_probed_at_once_when_a_whole_bus_returns(void **state)
{
	(void)state;
	const struct poll_periods periods[4] = {
		{1000, 0},
                {1000, 0},
                {1000, 0},
                {1000, 0}
        };
	int64_t now = 0;

	schedule = poll_schedule_new(periods, 4, 0);
	for (size_t i = 0; i < 4; i++) {
		poll_schedule_silence(schedule, i, 0);
	}
	for (int i = 0; i < 100; i++) {
		struct poll_turn turn;
		if (poll_schedule_next(schedule, now, &turn, &now)) {
			poll_schedule_finish(schedule, turn.device, now);
		}
	}
	assert_true(poll_schedule_due_mono_ms(schedule, 3) <= now + PROBE_PERIOD_ALL_SILENT_MS_MAX);
	poll_schedule_revive(schedule, 2, now);
	for (size_t i = 0; i < 4; i++) {
		assert_true(poll_schedule_due_mono_ms(schedule, i) <= now);
		assert_int_equal(poll_schedule_is_silent(schedule, i), i != 2);
	}
}

static void one_of_many_returning_does_not_wake_the_other_silent_ones(void **state)
{
	(void)state;
	const struct poll_periods periods[3] = {
		{1000, 0},
                {1000, 0},
                {1000, 0}
        };

	schedule = poll_schedule_new(periods, 3, 0);
	poll_schedule_silence(schedule, 0, 0);
	poll_schedule_silence(schedule, 1, 0);
	poll_schedule_revive(schedule, 0, 100);
	assert_int_equal(poll_schedule_due_mono_ms(schedule, 1), PROBE_PERIOD_MS_MIN);
}

static void a_device_with_slow_values_alone_is_polled_and_revived_at_its_period(void **state)
{
	(void)state;
	const struct poll_periods periods[] = {
		{0, 60000}
        };

	schedule = poll_schedule_new(periods, 1, 0);
	assert_int_equal(turn_at(0).groups, POLL_SLOW);
	poll_schedule_finish(schedule, 0, 100);
	assert_int_equal(wake_after(100), 60000);
	poll_schedule_silence(schedule, 0, 60000);
	poll_schedule_revive(schedule, 0, 70000);
	assert_int_equal(turn_at(70000).groups, POLL_SLOW);
}

static void a_slow_group_may_be_due_alone(void **state)
{
	(void)state;
	const struct poll_periods periods[] = {
		{10000, 3000}
        };

	schedule = poll_schedule_new(periods, 1, 0);
	assert_int_equal(turn_at(0).groups, POLL_FAST | POLL_SLOW);
	poll_schedule_finish(schedule, 0, 100);
	assert_int_equal(turn_at(3000).groups, POLL_SLOW);
}

static void a_device_without_values_has_no_turn(void **state)
{
	(void)state;
	const struct poll_periods periods[] = {
		{0, 0}
        };

	schedule = poll_schedule_new(periods, 1, 0);
	assert_true(wake_after(0) == INT64_MAX);
}

static void silent_twice_is_one_silent_device(void **state)
{
	(void)state;
	const struct poll_periods periods[] = {
		{1000, 0},
                {1000, 0}
        };

	schedule = poll_schedule_new(periods, 2, 0);
	poll_schedule_silence(schedule, 0, 0);
	poll_schedule_silence(schedule, 0, 1000); /* its back-off begins again */
	assert_int_equal(poll_schedule_due_mono_ms(schedule, 0), 1000 + PROBE_PERIOD_MS_MIN);
	poll_schedule_silence(schedule, 1, 0);
	/* Were it counted twice, this would not be the return of a whole bus. */
	poll_schedule_revive(schedule, 1, 2000);
	assert_int_equal(poll_schedule_due_mono_ms(schedule, 0), 2000);
}

static void what_is_not_silent_cannot_be_revived(void **state)
{
	(void)state;
	const struct poll_periods periods[] = {
		{1000, 0}
        };

	schedule = poll_schedule_new(periods, 1, 0);
	turn_at(0);
	poll_schedule_revive(schedule, 0, 10);
	assert_false(turn_at(20).begins); /* its poll goes on */
	poll_schedule_finish(schedule, 0, 30);
	assert_int_equal(wake_after(30), 1000);
}

static void a_probe_on_its_way_is_not_made_due_again(void **state)
{
	(void)state;
	const struct poll_periods periods[] = {
		{1000, 0},
                {1000, 0}
        };

	schedule = poll_schedule_new(periods, 2, 0);
	poll_schedule_silence(schedule, 0, 0);
	poll_schedule_silence(schedule, 1, 0);
	assert_int_equal(turn_at(PROBE_PERIOD_MS_MIN).device, 0);
	poll_schedule_probe_all(schedule, PROBE_PERIOD_MS_MIN);
	poll_schedule_finish(schedule, 0, PROBE_PERIOD_MS_MIN + 100);
	assert_int_equal(poll_schedule_due_mono_ms(schedule, 0), 3 * PROBE_PERIOD_MS_MIN + 100);
	assert_int_equal(poll_schedule_due_mono_ms(schedule, 1), PROBE_PERIOD_MS_MIN);
}

static void a_probe_that_was_not_begun_is_not_put_off_by_an_end(void **state)
{
	(void)state;
	const struct poll_periods periods[] = {
		{1000, 0}
        };

	schedule = poll_schedule_new(periods, 1, 0);
	poll_schedule_silence(schedule, 0, 0);
	poll_schedule_finish(schedule, 0, 3000);
	assert_int_equal(poll_schedule_due_mono_ms(schedule, 0), PROBE_PERIOD_MS_MIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(the_earliest_deadline_goes_first, tear_down),
		cmocka_unit_test_teardown(a_poll_keeps_its_turns_until_it_is_finished, tear_down),
		cmocka_unit_test_teardown(groups_due_together_are_one_poll, tear_down),
		cmocka_unit_test_teardown(what_is_overdue_is_skipped_and_counted, tear_down),
		cmocka_unit_test_teardown(
			a_pause_holds_one_device_while_others_are_asked, tear_down),
		cmocka_unit_test_teardown(a_silent_device_is_probed_ever_more_rarely, tear_down),
		cmocka_unit_test_teardown(
			on_a_busy_bus_a_probe_gives_way_and_yet_has_its_turn, tear_down),
		cmocka_unit_test_teardown(an_answering_device_is_due_at_once, tear_down),
		cmocka_unit_test_teardown(
			all_are_probed_at_once_when_a_whole_bus_returns, tear_down),
		cmocka_unit_test_teardown(
			one_of_many_returning_does_not_wake_the_other_silent_ones, tear_down),
		cmocka_unit_test_teardown(
			a_device_with_slow_values_alone_is_polled_and_revived_at_its_period,
			tear_down),
		cmocka_unit_test_teardown(a_slow_group_may_be_due_alone, tear_down),
		cmocka_unit_test_teardown(a_device_without_values_has_no_turn, tear_down),
		cmocka_unit_test_teardown(silent_twice_is_one_silent_device, tear_down),
		cmocka_unit_test_teardown(what_is_not_silent_cannot_be_revived, tear_down),
		cmocka_unit_test_teardown(a_probe_on_its_way_is_not_made_due_again, tear_down),
		cmocka_unit_test_teardown(
			a_probe_that_was_not_begun_is_not_put_off_by_an_end, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
