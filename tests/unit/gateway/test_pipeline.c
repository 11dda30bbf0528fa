/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_pipeline.c -- The heart on its own: reports in, a real store, a link of
 * the test's, virtual time. What is protected: rows arrive once and in order
 * whatever the link does, energy sums to the readings' difference, nothing says
 * "ok" for ever, and people are told once.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "tests/fakes/pipeline_scene.h"

static int set_up(void **state)
{
	*state = scene_new(scene_two_meters);
	return 0;
}

static void a_connection_begins_with_status_and_about(void **state)
{
	struct scene *scene = *state;
	scene_connect(scene);
	assert_true(scene->count >= 2);
	assert_string_equal(scene->publications[0].topic, "byport/1/drammen/school/main/status");
	assert_true(scene->publications[0].retain);
	assert_int_equal(scene->publications[0].expiry_s, 0);
	assert_string_equal(scene->publications[1].topic, "byport/1/drammen/school/main/about");
	assert_int_equal(
		json_array_size(json_object_get(scene->publications[1].payload, "meters")), 2);
	scene_cut(scene);
	size_t before = scene->count;
	scene_connect(scene);
	assert_true(scene->count >= before + 2);
}

static void what_a_busy_link_did_not_take_is_said_later(void **state)
{
	struct scene *scene = *state;
	int64_t mwh = 0;
	size_t count;
	scene->link_busy = true;
	scene_connect(scene);
	scene_live_on(scene, 3 * INTERVAL_MS, &mwh);
	assert_int_equal(scene->count, 0);
	scene->link_busy = false;
	scene_pass(scene, 2 * MINUTE_MS);
	assert_non_null(scene_last_on(scene, "status"));
	assert_non_null(scene_last_on(scene, "about"));
	scene_assert_contiguous(scene, "energy");
	scene_energy(scene, "kitchen", &count);
	assert_true(count >= 1);
}

static void live_goes_out_at_its_period_and_expires(void **state)
{
	struct scene *scene = *state;
	int64_t mwh = 0;
	scene_connect(scene);
	scene_live_on(scene, MINUTE_MS, &mwh);
	scene_pass(scene, 1000);
	size_t lives = 0;
	for (size_t i = 0; i < scene->count; i++)
		lives += strstr(scene->publications[i].topic, "/live/kitchen") != NULL;
	assert_in_range(lives, 5, 7); /* one a poll */
	const struct published *live = scene_last_on(scene, "live/kitchen");
	assert_true(live->retain);
	assert_int_equal(live->qos, 0);
	assert_int_equal(live->expiry_s, 30);
	size_t before = scene->count;
	scene_pass(scene, 30000); /* no reading, no live: the old one expires */
	for (size_t i = before; i < scene->count; i++)
		assert_null(strstr(scene->publications[i].topic, "/live/"));
}

static void health_expires_too(void **state)
{
	struct scene *scene = *state;
	scene_connect(scene);
	scene_pass(scene, 1000);
	const struct published *health = scene_last_on(scene, "health");
	assert_non_null(health);
	assert_true(health->retain);
	assert_int_equal(health->expiry_s, 180);
}

/* 0.5 kB of the gateway's own to the card for each second that passes; somebody else writes four
 * times as much. */
static void look_at_card(struct scene *scene, int64_t life_left_percent)
{
	const int64_t written = scene->now.mono_ms / 2;
	const struct flash_look look = {
		.device = 179,
		.bytes = {[FLASH_WRITTEN] = written, [FLASH_DEVICE] = 5 * written},
		.life_left_percent = life_left_percent,
		.pre_eol = life_left_percent >= 0 ? FLASH_PRE_EOL_NORMAL : FLASH_PRE_EOL_UNKNOWN
        };
	pipeline_take_flash(scene->pipeline, &look, &scene->now);
}

static json_int_t told_by_health(struct scene *scene, const char *key)
{
	const json_t *told = json_object_get(scene_last_on(scene, "health")->payload, key);
	assert_non_null(told);
	return json_is_null(told) ? -1 : json_integer_value(told);
}

static void health_tells_what_the_card_was_written(void **state)
{
	struct scene *scene = *state;
	int64_t mwh = 0;
	scene_connect(scene);
	scene_pass(scene, 1000);
	assert_int_equal(told_by_health(scene, "written_bytes"), -1);
	assert_int_equal(told_by_health(scene, "certificate_end"), -1);
	look_at_card(scene, 70);
	pipeline_take_certificate(scene->pipeline, scene_start_wall_ms);
	scene_live_on(scene, INTERVAL_MS, &mwh);
	look_at_card(scene, 60);
	scene_live_on(scene, MINUTE_MS, &mwh);
	assert_int_equal(told_by_health(scene, "written_bytes"), INTERVAL_MS / 2);
	assert_int_equal(told_by_health(scene, "device_bytes"), 5 * INTERVAL_MS / 2);
	assert_int_equal(told_by_health(scene, "device_bytes_day"), -1);
	assert_int_equal(told_by_health(scene, "card_life_left"), 60);
	assert_int_equal(told_by_health(scene, "store_bytes_max"), 64 << 20);
	assert_string_equal(json_string_value(json_object_get(
				    scene_last_on(scene, "health")->payload, "certificate_end")),
		"2025-11-23T09:00:00Z");
	/* Two counters' interval and two gauges' minutes of the quarter, as far as committed. */
	int64_t rows = INTERVAL_MS / 2 / told_by_health(scene, "written_bytes_per_row");
	assert_true(rows >= 20 && rows <= 40);
}

static void energy_of_the_intervals_is_the_difference_of_the_readings(void **state)
{
	struct scene *scene = *state;
	int64_t mwh = 123456789;
	size_t count;
	scene_connect(scene);
	scene_live_on(scene, 4 * INTERVAL_MS + MINUTE_MS, &mwh);
	scene_acknowledge(scene);
	scene_pass(scene, MINUTE_MS);
	int64_t energy = scene_energy(scene, "kitchen", &count);
	assert_true(count >= 3);
	assert_int_equal(energy, 900000 * (int64_t)count);
	energy = scene_energy(scene, "hall", &count);
	assert_int_equal(energy, 1800000 * (int64_t)count);
	scene_assert_contiguous(scene, "energy");
}

static void rows_made_while_the_broker_is_away_arrive_once_and_in_order(void **state)
{
	struct scene *scene = *state;
	int64_t mwh = 0;
	size_t count;
	scene_connect(scene);
	scene_live_on(scene, 2 * INTERVAL_MS, &mwh);
	scene_acknowledge(scene);
	scene_cut(scene);
	scene_live_on(scene, 8 * INTERVAL_MS, &mwh);
	scene_cut(scene); /* an attempt that failed */
	assert_int_equal(scene_times_said(scene, "connection lost"), 1);
	scene_connect(scene);
	scene_pass(scene, MINUTE_MS);
	scene_assert_contiguous(scene, "energy");
	scene_assert_contiguous(scene, "trends");
	scene_energy(scene, "kitchen", &count);
	assert_in_range(count, 8, 10);
	assert_false(pipeline_waits_for_broker(scene->pipeline));
}

static void what_was_not_acknowledged_goes_again(void **state)
{
	struct scene *scene = *state;
	int64_t mwh = 0;
	size_t first, second;
	scene_connect(scene);
	scene_live_on(scene, INTERVAL_MS + MINUTE_MS, &mwh);
	scene->broker_answers = false;
	scene_live_on(scene, INTERVAL_MS, &mwh);
	scene_energy(scene, "kitchen", &first);
	assert_true(first > 0);
	scene_cut(scene);
	scene_connect(scene);
	scene->broker_answers = true;
	scene_pass(scene, 5000);
	scene_energy(scene, "kitchen", &second);
	assert_true(second > first);
}

static void a_restart_goes_on_where_it_was(void **state)
{
	struct scene *scene = *state;
	int64_t mwh = 1000000;
	size_t count;
	scene_connect(scene);
	scene_live_on(scene, 2 * INTERVAL_MS, &mwh);
	scene_acknowledge(scene);
	scene_live_on(scene, 5 * MINUTE_MS, &mwh);
	pipeline_stop(scene->pipeline, &scene->now);
	scene_acknowledge(scene);
	pipeline_close(scene->pipeline);
	scene->link_up = false;
	scene->now.mono_ms = 100; /* another boot */
	scene_open_pipeline(scene);
	scene_connect(scene);
	scene_live_on(scene, 2 * INTERVAL_MS, &mwh);
	scene_pass(scene, MINUTE_MS);
	scene_acknowledge(scene);
	scene_assert_contiguous(scene, "energy");
	int64_t energy = scene_energy(scene, "kitchen", &count);
	assert_in_range(count, 3, 4);
	assert_int_equal(energy, 900000 * (int64_t)count);
}

static void a_refused_topic_is_said_once_and_its_rows_stay(void **state)
{
	struct scene *scene = *state;
	int64_t mwh = 0;
	scene_connect(scene);
	scene->refused_topic = "/intervals";
	scene_live_on(scene, 3 * INTERVAL_MS, &mwh);
	assert_int_equal(scene_times_said(scene, "broker refuses energy"), 1);
	scene->refused_topic = NULL;
	scene_live_on(scene, 2 * INTERVAL_MS, &mwh);
	assert_int_equal(scene_times_said(scene, "broker accepts energy again"), 1);
}

static void a_refused_announcement_is_said_once(void **state)
{
	struct scene *scene = *state;
	scene->refused_topic = "/about";
	for (int i = 0; i < 3; i++) {
		scene_connect(scene);
		scene_acknowledge(scene);
		scene_cut(scene);
	}
	assert_int_equal(scene_times_said(scene, "broker refuses `about`: "), 1);
}

static void a_silent_meter_is_told_of_once_and_its_return(void **state)
{
	struct scene *scene = *state;
	struct device_counters counters = {.requests = 30};
	struct worker_report silent = {.kind = REPORT_DEVICE_STATE,
		.device = 0,
		.state = DEVICE_SILENT,
		.counters = &counters,
		.reason = "no answer in time"};
	struct worker_report ok = {.kind = REPORT_DEVICE_STATE,
		.device = 0,
		.state = DEVICE_OK,
		.counters = &counters};
	int64_t mwh = 0;
	scene_connect(scene);
	scene_report(scene, &ok);
	scene_live_on(scene, MINUTE_MS, &mwh);
	for (int i = 0; i < 3; i++) {
		scene_pass(scene, 10000);
		scene_report(scene, &silent);
	}
	assert_int_equal(scene_times_said(scene, "no answer from meter kitchen"), 1);
	assert_int_equal(scene_times_said(scene, "(unit 7 on cellar) for 10 s"), 1);
	scene_report(scene, &ok);
	scene_report(scene, &ok);
	assert_int_equal(
		scene_times_said(scene, "meter kitchen (unit 7 on cellar) answers again"), 1);
	scene_pass(scene, MINUTE_MS);
	assert_true(scene_has_event(scene, "meter_silent"));
	assert_true(scene_has_event(scene, "meter_back"));
	assert_int_equal(scene_times_said(scene, "meter hall"), 0);
}

static void a_lost_bus_is_told_of_once_with_its_reason(void **state)
{
	struct scene *scene = *state;
	struct worker_report gone = {
		.kind = REPORT_BUS_STATE, .reason = "No such file or directory"};
	struct worker_report open = {.kind = REPORT_BUS_STATE, .bus_open = true};
	scene_connect(scene);
	scene_report(scene, &gone);
	scene_report(scene, &gone);
	assert_int_equal(scene_times_said(scene, "bus cellar: No such file or directory"), 1);
	struct worker_report silent = {.kind = REPORT_DEVICE_STATE, .state = DEVICE_SILENT};
	scene_report(scene, &silent); /* an event, but nothing new to say */
	assert_int_equal(scene_times_said(scene, "no answer from meter"), 0);
	scene_report(scene, &open);
	assert_int_equal(scene_times_said(scene, "bus cellar: open again"), 1);
	scene_pass(scene, 10000);
	assert_true(scene_has_event(scene, "bus_lost"));
	assert_true(scene_has_event(scene, "bus_back"));
	assert_true(scene_has_event(scene, "meter_silent"));
}

static void a_value_that_is_none_is_null_with_its_reason(void **state)
{
	struct scene *scene = *state;
	struct sample sample = {.meter = 0,
		.quantity = QUANTITY_ACTIVE_POWER,
		.status = DECODE_NOT_A_NUMBER,
		.read_mono_ms = scene->now.mono_ms};
	struct worker_report samples = {
		.kind = REPORT_SAMPLES, .samples = &sample, .samples_count = 1};
	scene_connect(scene);
	scene_report(scene, &samples);
	scene_report(scene, &samples);
	scene_pass(scene, 2000);
	assert_int_equal(scene_times_said(scene, "meter kitchen: active_power has no value"), 1);
	const struct published *live = scene_last_on(scene, "live/kitchen");
	json_t *value = json_object_get(json_object_get(live->payload, "values"), "active_power");
	assert_true(json_is_null(json_object_get(value, "value")));
	assert_string_equal(json_string_value(json_object_get(value, "reason")),
		decode_status_text(DECODE_NOT_A_NUMBER));
}

static void another_serial_number_is_an_exchange(void **state)
{
	struct scene *scene = *state;
	struct worker_report serial = {
		.kind = REPORT_SERIAL_NUMBER, .device = 0, .serial_number = "111"};
	int64_t mwh = 0;
	scene_connect(scene);
	scene_report(scene, &serial);
	scene_live_on(scene, INTERVAL_MS, &mwh);
	scene_report(scene, &serial); /* the same again is nothing */
	assert_int_equal(scene_times_said(scene, "exchanged"), 0);
	serial.serial_number = "222";
	scene_report(scene, &serial);
	assert_int_equal(scene_times_said(scene, "meter kitchen: the device was exchanged"), 1);
	scene_pass(scene, 10000);
	assert_true(scene_has_event(scene, "meter_exchanged"));
	const struct published *about = scene_last_on(scene, "about");
	json_t *meter = json_array_get(json_object_get(about->payload, "meters"), 0);
	assert_string_equal(json_string_value(json_object_get(meter, "serial_number")), "222");
}

static void a_removed_meters_topic_is_cleared_and_the_others_go_on(void **state)
{
	struct scene *scene = *state;
	int64_t mwh = 0;
	size_t count;
	scene_connect(scene);
	scene_live_on(scene, INTERVAL_MS + 5 * MINUTE_MS + 30000, &mwh);
	struct loaded_site *fewer = scene_site(
		"site: {city: drammen, id: school}\n"
		"gateway: {id: main, clock: trust}\n"
		"broker: {host: localhost, tls: no}\n"
		"intervals: {live: 10 s}\n"
		"buses: [{id: cellar, port: /dev/ttyUSB0}]\n"
		"meters: [{id: hall, bus: cellar, address: 8, model: eastron-sdm120, quantities: "
		"[active_energy_import, active_power]}]\n");
	assert_true(pipeline_take_site(scene->pipeline, fewer->site, &scene->now, fewer->slots));
	assert_int_equal(fewer->slots[0], scene->loaded->slots[1]); /* it keeps its slot */
	loaded_site_release(scene->loaded);
	scene->loaded = fewer;
	for (int i = 0; i < 3 * 90; i++) {
		scene_pass(scene, 10000);
		mwh += 10000;
		scene_reading(scene, 0, 2 * mwh, 7200000);
	}
	assert_true(scene_smallest_trend(scene, "hall") >= 5); /* of 6; also across the change */
	const struct published *cleared = scene_last_on(scene, "live/kitchen");
	assert_true(cleared->retain && cleared->payload == NULL);
	const struct published *about = scene_last_on(scene, "about");
	assert_int_equal(json_array_size(json_object_get(about->payload, "meters")), 1);
	int64_t energy = scene_energy(scene, "hall", &count);
	assert_true(count >= 3);
	assert_int_equal(energy, 1800000 * (int64_t)count);
}

static void readings_of_unknown_time_are_placed_when_it_is_known(void **state)
{
	(void)state;
	struct scene *scene =
		scene_new("site: {city: drammen, id: school}\n"
			  "gateway: {id: main}\n"
			  "broker: {host: localhost, tls: no}\n"
			  "buses: [{id: cellar, port: /dev/ttyUSB0}]\n"
			  "meters:\n"
			  "- {id: kitchen, bus: cellar, address: 7, model: eastron-sdm120}\n"
			  "- {id: hall, bus: cellar, address: 8, model: eastron-sdm120}\n");
	int64_t mwh = 0;
	size_t count;
	scene->now.wall_ms = 3600000; /* 1970 */
	scene_connect(scene);
	const struct published *status = scene_last_on(scene, "status");
	assert_true(json_is_null(json_object_get(status->payload, "at"))); /* no guess */
	scene_live_on(scene, INTERVAL_MS, &mwh);
	scene_energy(scene, "kitchen", &count);
	assert_int_equal(count, 0);
	scene->now.wall_ms = scene_start_wall_ms;
	scene->now.synchronised = true;
	scene_live_on(scene, INTERVAL_MS + MINUTE_MS, &mwh);
	scene_pass(scene, MINUTE_MS);
	assert_int_equal(scene_times_said(scene, "the time is known"), 1);
	scene_acknowledge(scene);
	scene_pass(scene, MINUTE_MS);
	int64_t energy = scene_energy(scene, "kitchen", &count);
	assert_true(count >= 1);
	assert_int_equal(energy, 900000 * (int64_t)count);
	scene_end(scene);
}

static void a_disk_that_takes_no_more_loses_nothing_and_is_said_once(void **state)
{
	struct scene *scene = *state;
	int64_t mwh = 0;
	size_t count;
	struct rlimit before, none = {.rlim_cur = 1};
	scene_connect(scene);
	scene_live_on(scene, 2 * INTERVAL_MS, &mwh);
	scene_acknowledge(scene);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	none.rlim_max = before.rlim_max;
	setrlimit(RLIMIT_FSIZE, &none);
	scene_live_on(scene, 3 * INTERVAL_MS, &mwh);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_int_equal(scene_times_said(scene, "trends are not kept; energy waits"), 1);
	scene_live_on(scene, 2 * INTERVAL_MS, &mwh);
	assert_int_equal(scene_times_said(scene, "store: writing again"), 1);
	scene_pass(scene, MINUTE_MS);
	scene_assert_contiguous(scene, "energy");
	int64_t energy = scene_energy(scene, "kitchen", &count);
	assert_true(count >= 6);
	assert_int_equal(energy, 900000 * (int64_t)count);
	assert_true(scene_has_event(scene, "store_full"));
	assert_true(scene_has_event(scene, "store_back"));
}

static void the_end_is_told_and_stored(void **state)
{
	struct scene *scene = *state;
	int64_t mwh = 0;
	scene_connect(scene);
	scene_live_on(scene, MINUTE_MS, &mwh);
	scene_acknowledge(scene);
	pipeline_stop(scene->pipeline, &scene->now);
	assert_true(pipeline_waits_for_broker(scene->pipeline));
	const struct published *status = scene_last_on(scene, "status");
	assert_string_equal(
		json_string_value(json_object_get(status->payload, "state")), "offline");
	assert_true(scene_has_event(scene, "stopped"));
	scene_acknowledge(scene);
	assert_false(pipeline_waits_for_broker(scene->pipeline));
}

#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, scene_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SCENE(a_connection_begins_with_status_and_about),
		IN_SCENE(what_a_busy_link_did_not_take_is_said_later),
		IN_SCENE(live_goes_out_at_its_period_and_expires),
		IN_SCENE(health_expires_too),
		IN_SCENE(health_tells_what_the_card_was_written),
		IN_SCENE(energy_of_the_intervals_is_the_difference_of_the_readings),
		IN_SCENE(rows_made_while_the_broker_is_away_arrive_once_and_in_order),
		IN_SCENE(what_was_not_acknowledged_goes_again),
		IN_SCENE(a_restart_goes_on_where_it_was),
		IN_SCENE(a_refused_topic_is_said_once_and_its_rows_stay),
		IN_SCENE(a_refused_announcement_is_said_once),
		IN_SCENE(a_silent_meter_is_told_of_once_and_its_return),
		IN_SCENE(a_lost_bus_is_told_of_once_with_its_reason),
		IN_SCENE(a_value_that_is_none_is_null_with_its_reason),
		IN_SCENE(another_serial_number_is_an_exchange),
		IN_SCENE(a_removed_meters_topic_is_cleared_and_the_others_go_on),
		cmocka_unit_test(readings_of_unknown_time_are_placed_when_it_is_known),
		IN_SCENE(a_disk_that_takes_no_more_loses_nothing_and_is_said_once),
		IN_SCENE(the_end_is_told_and_stored),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
