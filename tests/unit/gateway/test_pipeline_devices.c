/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_pipeline_devices.c -- Which device stands at a meter. What is protected:
 * another device's readings are never booked as this meter's energy, also when
 * the gateway was off or killed meanwhile, and two meters that changed places
 * lose nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fakes/settle_scene.h"

enum { QUARTER_MWH = 900000 };

static const char kitchen_serial[] = ", serial: \"111\"";
static const char hall_serial[] = ", serial: \"222\"";

static int set_up_with_serials(void **state)
{
	*state = settle_scene_new(kitchen_serial, hall_serial);
	return 0;
}

static size_t told(struct settle_scene *settle, enum event_kind kind)
{
	size_t count = 0;
	settle_scene_event(settle, kind, NULL, &count);
	return count;
}

/* A used one: what it shows could be what the old one counted meanwhile. */
static void exchange_for_one_that_shows_a_little_more(struct settle_scene *settle)
{
	settle->mwh[KITCHEN] += 500000;
}

static void an_exchange_while_the_gateway_was_off_is_seen_at_the_next_start(void **state)
{
	struct settle_scene *settle = *state;
	settle_scene_serial(settle, KITCHEN, "111");
	settle_scene_poll(settle, 35 * MINUTE_MS);
	settle_scene_restart(settle, "", "");
	exchange_for_one_that_shows_a_little_more(settle);
	settle_scene_serial(settle, KITCHEN, "222");
	settle_scene_poll(settle, 30 * MINUTE_MS);
	assert_int_equal(told(settle, EVENT_METER_EXCHANGED), 1);
	assert_int_equal(settle_scene_row(settle, "kitchen", 30)->quality, QUALITY_REJECTED);
	assert_int_equal(settle_scene_row(settle, "kitchen", 45)->energy, QUARTER_MWH);
	settle_scene_restart(settle, "", "");
	settle_scene_serial(settle, KITCHEN, "222");
	assert_int_equal(told(settle, EVENT_METER_EXCHANGED), 1);
	assert_int_equal(told(settle, EVENT_SERIAL_NUMBER), 1);
}

static void a_kill_right_after_an_exchange_books_nothing_of_the_new_device(void **state)
{
	struct settle_scene *settle = *state;
	settle_scene_serial(settle, KITCHEN, "111");
	settle_scene_poll(settle, 35 * MINUTE_MS);
	exchange_for_one_that_shows_a_little_more(settle);
	settle_scene_serial(settle, KITCHEN, "222");
	scene_pass(settle->scene, 20000); /* committed, and no reading yet */
	settle_scene_kill(settle);
	settle_scene_serial(settle, KITCHEN, "222");
	settle_scene_poll(settle, 30 * MINUTE_MS);
	assert_int_equal(told(settle, EVENT_METER_EXCHANGED), 1);
	assert_int_equal(settle_scene_row(settle, "kitchen", 30)->quality, QUALITY_REJECTED);
	assert_int_equal(settle_scene_row(settle, "kitchen", 45)->energy, QUARTER_MWH);
}

static void a_kill_before_the_commit_sees_the_exchange_again(void **state)
{
	struct settle_scene *settle = *state;
	settle_scene_serial(settle, KITCHEN, "111");
	settle_scene_poll(settle, 35 * MINUTE_MS);
	exchange_for_one_that_shows_a_little_more(settle);
	settle_scene_serial(settle, KITCHEN, "222");
	settle_scene_kill(settle);
	settle_scene_serial(settle, KITCHEN, "222");
	settle_scene_poll(settle, 30 * MINUTE_MS);
	assert_int_equal(told(settle, EVENT_METER_EXCHANGED), 1);
	assert_int_equal(settle_scene_row(settle, "kitchen", 30)->quality, QUALITY_REJECTED);
}

static void assert_no_revision_twice(struct settle_scene *settle)
{
	static struct store_row rows[2048];
	size_t count = 0;
	assert_int_equal(
		store_read(settle->scene->pipeline->store, STREAM_ENERGY, 0, 2048, rows, &count),
		STORE_OK);
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < i; j++)
			assert_false(
				rows[i].kind == STORE_ROW_INTERVAL &&
				rows[j].kind == STORE_ROW_INTERVAL &&
				rows[i].interval.series == rows[j].interval.series &&
				rows[i].interval.start_wall_ms == rows[j].interval.start_wall_ms &&
				rows[i].interval.revision == rows[j].interval.revision);
}

/* Rejected rows have no readings to go on from. */
static void a_kill_after_a_long_break_makes_none_of_its_rows_again(void **state)
{
	struct settle_scene *settle = *state;
	settle_scene_serial(settle, KITCHEN, "111");
	settle_scene_poll(settle, 35 * MINUTE_MS);
	settle_scene_silence(settle, 90 * MINUTE_MS); /* 11:05: missing from 09:30 on */
	exchange_for_one_that_shows_a_little_more(settle);
	settle_scene_serial(settle, KITCHEN, "222");
	settle_scene_poll(settle, 5 * MINUTE_MS); /* rejected up to 11:00 */
	settle_scene_kill(settle);
	settle_scene_serial(settle, KITCHEN, "222");
	settle_scene_silence(settle, 60 * MINUTE_MS); /* and missing behind them */
	settle_scene_kill(settle);
	settle_scene_serial(settle, KITCHEN, "222");
	settle_scene_poll(settle, 40 * MINUTE_MS);
	settle_scene_read(settle, "kitchen");
	assert_no_revision_twice(settle);
	assert_int_equal(settle_scene_row(settle, "kitchen", 30)->quality, QUALITY_REJECTED);
	assert_int_equal(settle_scene_row(settle, "kitchen", 30)->revision, 1);
	assert_int_equal(settle_scene_row(settle, "kitchen", 105)->quality, QUALITY_REJECTED);
	assert_int_equal(settle_scene_row(settle, "kitchen", 195)->energy, QUARTER_MWH);
	assert_int_equal(told(settle, EVENT_METER_EXCHANGED), 1);
}

/* ---- meters that changed places ---- */

static void change_places(struct settle_scene *settle)
{
	int64_t mwh = settle->mwh[KITCHEN], step = settle->step[KITCHEN];
	settle->mwh[KITCHEN] = settle->mwh[HALL];
	settle->step[KITCHEN] = settle->step[HALL];
	settle->mwh[HALL] = mwh;
	settle->step[HALL] = step;
}

static void assert_nothing_lost(struct settle_scene *settle)
{
	size_t nulls;
	settle_scene_read(settle, "kitchen");
	assert_int_equal(
		settle_scene_sum(settle, &nulls), QUARTER_MWH * (int64_t)settle->rows_count);
	assert_int_equal(nulls, 0);
	settle_scene_read(settle, "hall");
	assert_int_equal(
		settle_scene_sum(settle, &nulls), 2 * QUARTER_MWH * (int64_t)settle->rows_count);
	assert_int_equal(nulls, 0);
	assert_int_equal(told(settle, EVENT_METER_EXCHANGED), 0);
	assert_int_equal(told(settle, EVENT_COUNTER_REJECTED), 0);
}

static void meters_that_changed_places_are_told_of_once_and_lose_nothing(void **state)
{
	struct settle_scene *settle = *state;
	struct event_row event;
	settle_scene_serial(settle, KITCHEN, "111");
	settle_scene_serial(settle, HALL, "222");
	settle_scene_poll(settle, 35 * MINUTE_MS);
	change_places(settle);
	settle_scene_serial(settle, KITCHEN, "222");
	settle_scene_serial(settle, HALL, "111");
	settle_scene_poll(settle, 60 * MINUTE_MS);
	settle_scene_serial(settle, KITCHEN, "222");
	assert_int_equal(told(settle, EVENT_METERS_SWAPPED), 1);
	assert_true(settle_scene_event(settle, EVENT_METERS_SWAPPED, &event, NULL));
	assert_non_null(strstr(event.text, "kitchen"));
	assert_non_null(strstr(event.text, "hall"));
	assert_non_null(strstr(event.text, "addresses"));
	change_places(settle);
	settle_scene_serial(settle, KITCHEN, "111");
	settle_scene_serial(settle, HALL, "222");
	settle_scene_poll(settle, 30 * MINUTE_MS);
	assert_nothing_lost(settle);
	assert_int_equal(settle_scene_row(settle, "kitchen", 60)->quality, QUALITY_ESTIMATED);
}

static void one_of_them_is_enough_before_the_other_is_seen(void **state)
{
	struct settle_scene *settle = *state;
	settle_scene_serial(settle, KITCHEN, "111");
	settle_scene_poll(settle, 35 * MINUTE_MS);
	int64_t kitchen = settle->mwh[KITCHEN];
	settle_scene_serial(settle, KITCHEN, "222");
	settle->mwh[KITCHEN] += 500000;
	settle_scene_poll(settle, 10 * MINUTE_MS);
	assert_int_equal(told(settle, EVENT_METERS_SWAPPED), 1);
	assert_int_equal(told(settle, EVENT_METER_EXCHANGED), 0);
	settle->mwh[KITCHEN] = kitchen + 600000;
	settle_scene_serial(settle, KITCHEN, "111");
	settle_scene_poll(settle, 20 * MINUTE_MS);
	assert_nothing_lost(settle);
}

static void a_restart_in_between_changes_nothing_of_that(void **state)
{
	struct settle_scene *settle = *state;
	settle_scene_serial(settle, KITCHEN, "111");
	settle_scene_serial(settle, HALL, "222");
	settle_scene_poll(settle, 35 * MINUTE_MS);
	settle_scene_restart(settle, kitchen_serial, hall_serial);
	change_places(settle);
	settle_scene_serial(settle, KITCHEN, "222");
	settle_scene_serial(settle, HALL, "111");
	settle_scene_poll(settle, 30 * MINUTE_MS);
	settle_scene_kill(settle);
	settle_scene_serial(settle, HALL, "111");
	settle_scene_serial(settle, KITCHEN, "222");
	settle_scene_poll(settle, 30 * MINUTE_MS);
	change_places(settle);
	settle_scene_serial(settle, HALL, "222");
	settle_scene_serial(settle, KITCHEN, "111");
	settle_scene_poll(settle, 30 * MINUTE_MS);
	assert_nothing_lost(settle);
}

static void a_serial_number_that_is_nobodys_is_an_exchange_with_a_warning(void **state)
{
	struct settle_scene *settle = *state;
	settle_scene_serial(settle, KITCHEN, "111");
	settle_scene_poll(settle, 35 * MINUTE_MS);
	settle_scene_serial(settle, KITCHEN, "333");
	assert_int_equal(told(settle, EVENT_METER_EXCHANGED), 1);
	assert_int_equal(scene_times_said(settle->scene, "333 found, 111 expected"), 1);
	assert_int_equal(told(settle, EVENT_METERS_SWAPPED), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, settle_scene_set_up, settle_scene_tear_down)
#define SERIAL(name) \
	cmocka_unit_test_setup_teardown(name, set_up_with_serials, settle_scene_tear_down)
		TEST(an_exchange_while_the_gateway_was_off_is_seen_at_the_next_start),
		TEST(a_kill_right_after_an_exchange_books_nothing_of_the_new_device),
		TEST(a_kill_after_a_long_break_makes_none_of_its_rows_again),
		TEST(a_kill_before_the_commit_sees_the_exchange_again),
		SERIAL(meters_that_changed_places_are_told_of_once_and_lose_nothing),
		SERIAL(one_of_them_is_enough_before_the_other_is_seen),
		SERIAL(a_restart_in_between_changes_nothing_of_that),
		SERIAL(a_serial_number_that_is_nobodys_is_an_exchange_with_a_warning),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
