/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_pipeline_flags.c -- Findings through the heart: samples in, flags on the
 * published rows, revisions where they are found later, told once in words and
 * figures, values untouched; rejecting where it is asked for loses nothing.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fakes/flag_scene.h"

enum { WATT = 1000 /* mW */, HOUR_MS = FLAG_SCENE_HOUR_MS };

#define HEAD                                                             \
	"gateway: {id: main, clock: trust}\n"                            \
	"broker: {host: localhost, tls: no}\n"                           \
	"intervals: {live: 1 h, health: 1 d, trends: 1 h, fast: 60 s}\n" \
	"buses: [{id: cellar, port: /dev/ttyUSB0}]\n"
#define METER(id, address, more)                        \
	"- {id: " id ", bus: cellar, address: " address \
	", model: eastron-sdm120, quantities: [active_energy_import, active_power]" more "}\n"

static const char one_meter[] =
	"site: {city: drammen, id: school}\n" HEAD "meters:\n" METER("kitchen", "7", "");
static const char one_meter_nb[] =
	"site: {city: drammen, id: school, lang: nb}\n" HEAD "meters:\n" METER("kitchen", "7", "");
static const char fused[] = "site: {city: drammen, id: school}\n" HEAD
			    "meters:\n" METER("kitchen", "7", ", main_fuse: 16 A");
static const char fused_rejecting[] =
	"site: {city: drammen, id: school}\n" HEAD "flags: {reject: [largest_power]}\n"
	"meters:\n" METER("kitchen", "7", ", main_fuse: 16 A");
static const char three_meters[] =
	"site: {city: drammen, id: school}\n" HEAD "meters:\n" METER("kitchen", "7", "")
		METER("stove", "8", ", parent: kitchen") METER("oven", "9", ", parent: kitchen");
static const char with_panels[] =
	"site: {city: drammen, id: school}\n" HEAD "meters:\n" METER("kitchen", "7", "")
		METER("stove", "8", ", parent: kitchen")
			METER("roof", "9", ", parent: kitchen, use: pv");
static const char heat_meter[] =
	"site: {city: drammen, id: school}\n" HEAD "flags: {heat_window: 2 h}\n"
	"meters:\n- {id: heat, bus: cellar, address: 7, model: kamstrup-multical-603, quantities: "
	"[heat_energy, volume, flow_temperature, return_temperature]}\n";

/* ---- register against power ---- */

static void a_register_ten_times_its_power_is_told_once_and_flagged(void **state)
{
	(void)state;
	struct flag_scene play = flag_scene_of(one_meter, 1);
	play.loads[0] = (struct load){12000, 1200};
	flag_scene_go_on(&play, 6 * HOUR_MS);
	size_t count = flag_scene_intervals(play.scene, "kitchen");
	/* also those of the first window, which was full only later */
	assert_in_range(flag_scene_flagged(play.scene, "kitchen", "register_against_power"),
		count - 1, count);
	assert_int_equal(flag_scene_events(play.scene, "flagged", "register_against_power"), 1);
	assert_int_equal(flag_scene_events(play.scene, "flagged", "10 times as much"), 1);
	assert_int_equal(scene_times_said(play.scene,
				 "meter kitchen: active_energy_import, register_against_power: the "
				 "register climbed"),
		1);
	play.loads[0].power_w = 12000;
	flag_scene_go_on(&play, 3 * HOUR_MS);
	assert_int_equal(flag_scene_events(play.scene, "flagged", "register and power agree"), 1);
	assert_int_equal(flag_scene_events(play.scene, "flagged", "register_against_power"), 2);
	scene_assert_contiguous(play.scene, "energy");
	scene_end(play.scene);
}

static void a_healthy_meter_has_no_flag(void **state)
{
	(void)state;
	struct flag_scene play = flag_scene_of(one_meter, 1);
	for (int hour = 0; hour < 12; hour++) {
		int64_t watt = 500 + hour % 3 * 700;
		play.loads[0] = (struct load){watt, watt};
		flag_scene_go_on(&play, HOUR_MS);
	}
	struct flag_scene_rows *rows = flag_scene_rows(play.scene, "kitchen", "spike");
	assert_int_equal(rows->revisions, 0);
	free(rows);
	assert_int_equal(flag_scene_events(play.scene, "flagged", ""), 0);
	scene_end(play.scene);
}

static void findings_are_told_in_the_sites_language(void **state)
{
	(void)state;
	struct flag_scene play = flag_scene_of(one_meter_nb, 1);
	play.loads[0] = (struct load){12000, 1200};
	flag_scene_go_on(&play, 3 * HOUR_MS);
	assert_int_equal(flag_scene_events(play.scene, "flagged", "10 ganger så mye"), 1);
	assert_int_equal(scene_times_said(play.scene, "måler kitchen: "), 1);
	scene_end(play.scene);
}

static void a_power_without_a_value_flags_nothing(void **state)
{
	(void)state;
	struct flag_scene play = flag_scene_of(one_meter, 1);
	int64_t mwh = 0;
	for (int minute = 0; minute < 6 * 60; minute++) {
		scene_pass(play.scene, FLAG_SCENE_POLL_MS);
		mwh += 200000;
		struct sample samples[] = {
			{.quantity = QUANTITY_ACTIVE_ENERGY_IMPORT,
                         .value = mwh,
                         .read_mono_ms = play.scene->now.mono_ms},
			{ .quantity = QUANTITY_ACTIVE_POWER,
                         .status = minute % 10 ? DECODE_OK : DECODE_NOT_A_NUMBER,
                         .value = 1200 * WATT,
                         .read_mono_ms = play.scene->now.mono_ms},
		};
		struct worker_report report = {
			.kind = REPORT_SAMPLES, .samples = samples, .samples_count = 2};
		scene_report(play.scene, &report);
	}
	scene_pass(play.scene, 20000);
	assert_int_equal(flag_scene_events(play.scene, "flagged", ""), 0);
	scene_end(play.scene);
}

/* ---- frozen ---- */

static void a_register_that_stands_while_power_flows_is_flagged_until_it_moves(void **state)
{
	(void)state;
	struct flag_scene play = flag_scene_of(one_meter, 1);
	play.loads[0] = (struct load){1200, 1200};
	flag_scene_go_on(&play, 2 * HOUR_MS);
	play.loads[0].register_w = 0;
	flag_scene_go_on(&play, 3 * HOUR_MS);
	size_t flagged = flag_scene_flagged(play.scene, "kitchen", "frozen");
	assert_in_range(flagged, 10, 12); /* also those before it was known */
	assert_int_equal(flag_scene_events(play.scene, "flagged",
				 "frozen: the register stands: the power says"),
		1);
	play.loads[0].register_w = 1200;
	flag_scene_go_on(&play, 2 * HOUR_MS);
	assert_in_range(flag_scene_flagged(play.scene, "kitchen", "frozen"), flagged, 12);
	assert_int_equal(flag_scene_events(play.scene, "flagged", "frozen: the register moves"), 1);
	scene_end(play.scene);
}

/* ---- sub-meters ---- */

static void submeters_above_their_main_flag_the_main_alone(void **state)
{
	(void)state;
	struct flag_scene play = flag_scene_of(three_meters, 3);
	play.loads[0] = (struct load){2000, 2000};
	play.loads[1] = (struct load){1400, 1400};
	play.loads[2] = (struct load){1200, 1200};
	flag_scene_go_on(&play, 3 * HOUR_MS);
	size_t count = flag_scene_intervals(play.scene, "kitchen");
	assert_in_range(flag_scene_flagged(play.scene, "kitchen", "submeters_above_main"),
		count - 1, count);
	assert_int_equal(flag_scene_flagged(play.scene, "stove", "submeters_above_main"), 0);
	assert_int_equal(flag_scene_flagged(play.scene, "oven", "submeters_above_main"), 0);
	assert_int_equal(flag_scene_events(play.scene, "flagged", "submeters_above_main"), 1);
	assert_int_equal(
		flag_scene_events(play.scene, "flagged",
			"the sub-meters together show 0.65 kWh, this meter above them 0.5 kWh"),
		1);
	play.loads[2] = (struct load){300, 300};
	flag_scene_go_on(&play, 2 * HOUR_MS);
	assert_int_equal(flag_scene_events(play.scene, "flagged", "no longer above it"), 1);
	scene_end(play.scene);
}

static void submeters_below_their_main_are_normal(void **state)
{
	(void)state;
	struct flag_scene play = flag_scene_of(three_meters, 3);
	play.loads[0] = (struct load){2000, 2000};
	play.loads[1] = (struct load){1000, 1000};
	play.loads[2] = (struct load){1000, 1000};
	flag_scene_go_on(&play, 3 * HOUR_MS);
	assert_int_equal(flag_scene_events(play.scene, "flagged", ""), 0);
	scene_end(play.scene);
}

static void a_submeter_that_is_silent_is_left_out(void **state)
{
	(void)state;
	struct flag_scene play = flag_scene_of(three_meters, 3);
	play.loads[0] = (struct load){2000, 2000};
	play.loads[1] = (struct load){1400, 1400};
	play.loads[2] = (struct load){1200, 1200};
	flag_scene_go_on(&play, HOUR_MS);
	play.meters = 2; /* 1400 W below 2000 W */
	flag_scene_go_on(&play, 2 * HOUR_MS);
	assert_in_range(flag_scene_flagged(play.scene, "kitchen", "submeters_above_main"), 3, 5);
	scene_end(play.scene);
}

static void where_panels_feed_the_submeters_none_is_above(void **state)
{
	(void)state;
	struct flag_scene play = flag_scene_of(with_panels, 3);
	play.loads[0] = (struct load){500, 500};
	play.loads[1] = (struct load){1400, 1400};
	play.loads[2] = (struct load){900, 900};
	flag_scene_go_on(&play, 3 * HOUR_MS);
	assert_int_equal(flag_scene_events(play.scene, "flagged", ""), 0);
	scene_end(play.scene);
}

/* Its register went on while it was silent; what falls to the interval it is back in is a guess. */
static void an_estimated_submeter_is_not_held_against_its_main(void **state)
{
	(void)state;
	struct flag_scene play = flag_scene_of(three_meters, 3);
	play.loads[0] = (struct load){2000, 2000};
	play.loads[1] = (struct load){100, 100};
	play.loads[2] = (struct load){1400, 1400};
	flag_scene_go_on(&play, HOUR_MS);
	play.meters = 2;
	flag_scene_go_on(&play, 49 * MINUTE_MS);
	play.meters = 3;
	play.mwh[2] += 6000 * 1000 / 60 * 49;
	flag_scene_go_on(&play, HOUR_MS);
	assert_int_equal(flag_scene_events(play.scene, "flagged", ""), 0);
	scene_end(play.scene);
}

/* ---- doubled hour ---- */

static void a_doubled_hour_is_revised_an_hour_later_and_nothing_else(void **state)
{
	(void)state;
	static const int64_t watts[] = {1000, 1100, 1000, 1100, 1000, 2050, 1000, 1100, 1000};
	struct flag_scene play = flag_scene_of(one_meter, 1);
	for (size_t hour = 0; hour < 9; hour++) {
		play.loads[0] = (struct load){watts[hour], watts[hour]};
		flag_scene_go_on(&play, HOUR_MS - 20000);
	}
	struct flag_scene_rows *rows = flag_scene_rows(play.scene, "kitchen", "doubled_hour");
	assert_int_equal(rows->revisions, 4);
	free(rows);
	assert_int_equal(flag_scene_flagged(play.scene, "kitchen", "doubled_hour"), 4);
	assert_int_equal(flag_scene_events(play.scene, "flagged", "twice the hours beside it"), 1);
	scene_assert_contiguous(play.scene, "energy");
	scene_end(play.scene);
}

/* ---- largest power, and rejecting ---- */

static void what_the_fuse_does_not_carry_is_flagged_with_its_value(void **state)
{
	(void)state;
	struct flag_scene play = flag_scene_of(fused, 1); /* 16 A * 230 V = 3680 W */
	play.loads[0] = (struct load){3600, 3600};
	flag_scene_go_on(&play, 2 * HOUR_MS);
	assert_int_equal(flag_scene_flagged(play.scene, "kitchen", "largest_power"), 0);
	play.loads[0] = (struct load){4800, 4800};
	flag_scene_go_on(&play, 2 * HOUR_MS);
	assert_in_range(flag_scene_flagged(play.scene, "kitchen", "largest_power"), 7, 8);
	assert_int_equal(
		flag_scene_events(play.scene, "flagged", "the fuse before it carries 3680 W"), 1);
	scene_end(play.scene);
}

static void rejecting_gives_no_value_and_tells_what_was_withheld(void **state)
{
	(void)state;
	struct flag_scene play = flag_scene_of(fused_rejecting, 1);
	int64_t sum = 0, rejected = 0;
	play.loads[0] = (struct load){3600, 3600};
	flag_scene_go_on(&play, HOUR_MS);
	play.loads[0] = (struct load){4800, 4800};
	flag_scene_go_on(&play, HOUR_MS);
	play.loads[0] = (struct load){3600, 3600};
	flag_scene_go_on(&play, HOUR_MS);
	struct flag_scene_rows *rows = flag_scene_rows(play.scene, "kitchen", "largest_power");
	for (size_t i = 0; i < rows->count; i++) {
		const struct flag_scene_row *row = &rows->newest[i];
		assert_true(row->has_readings);
		assert_int_equal(strcmp(row->quality, "rejected") == 0, row->flagged);
		assert_int_equal(row->energy_mwh == -1, row->flagged);
		rejected += row->flagged;
		sum += row->energy_mwh == -1 ? 0 : row->energy_mwh;
	}
	assert_in_range(rejected, 3, 4);
	assert_int_equal(
		flag_scene_events(play.scene, "energy_withheld", "rejected (largest_power)"),
		rejected);
	assert_true(sum > 0);
	free(rows);
	scene_end(play.scene);
}

/* The amounts of the events are what the rows without a value lack. */
static void what_is_withheld_and_what_is_counted_are_the_readings_difference(void **state)
{
	(void)state;
	struct flag_scene play = flag_scene_of(fused_rejecting, 1);
	double counted = 0, first = -1, last = -1;
	for (int hour = 0; hour < 4; hour++) {
		int64_t watt = hour % 2 ? 4800 : 3600;
		play.loads[0] = (struct load){watt, watt};
		flag_scene_go_on(&play, HOUR_MS);
	}
	for (size_t i = 0; i < play.scene->count; i++) {
		size_t index;
		json_t *row;
		json_array_foreach(
			json_object_get(play.scene->publications[i].payload, "rows"), index, row)
		{
			json_t *end = json_object_get(row, "reading_end");
			json_t *start = json_object_get(row, "reading_start");
			json_t *amount = json_object_get(row, "amount");
			json_t *value = json_object_get(row, "value");
			if (json_is_number(end)) {
				first = first < 0 ? json_number_value(start) : first;
				last = json_number_value(end);
			}
			counted += json_is_number(amount) ? json_number_value(amount) : 0;
			counted += json_is_number(value) ? json_number_value(value) : 0;
		}
	}
	assert_true(first > 0 && last > first);
	assert_int_equal(llround(1e6 * counted), llround(1e6 * (last - first)));
	scene_end(play.scene);
}

/* ---- heat ---- */

/* 0.6 m³/h from 70 to 40 °C: 18 m³K an hour, 20.9 kWh of water; steps of 10 L and 100 Wh. */
static void heat_for(struct scene *scene, int64_t watt, int64_t minutes)
{
	static int64_t mwh, millilitres;
	for (int64_t minute = 0; minute < minutes; minute++) {
		scene_pass(scene, FLAG_SCENE_POLL_MS);
		mwh += watt * 1000 / 60;
		millilitres += 10000;
		struct sample flow = {.quantity = QUANTITY_FLOW_TEMPERATURE, .value = 70000};
		struct sample back = {.quantity = QUANTITY_RETURN_TEMPERATURE, .value = 40000};
		struct sample samples[] = {
			{.quantity = QUANTITY_HEAT_ENERGY, .value = mwh        },
			{.quantity = QUANTITY_VOLUME,      .value = millilitres},
			minute % 2 ? flow : back,
			minute % 2 ? back : flow,
		};
		for (size_t i = 0; i < 4; i++)
			samples[i].read_mono_ms = scene->now.mono_ms;
		struct worker_report report = {
			.kind = REPORT_SAMPLES, .samples = samples, .samples_count = 4};
		scene_report(scene, &report);
	}
	scene_pass(scene, 20000);
}

static void heat_that_is_not_volume_times_difference_is_flagged(void **state)
{
	(void)state;
	struct scene *scene = scene_new(heat_meter);
	scene_connect(scene);
	heat_for(scene, 20500, 6 * 60);
	assert_int_equal(flag_scene_events(scene, "flagged", ""), 0);
	heat_for(scene, 12000, 6 * 60);
	assert_int_equal(
		flag_scene_events(scene, "flagged", "heat_against_volume: the heat is"), 1);
	assert_in_range(flag_scene_flagged(scene, "heat", "heat_against_volume"), 16, 32);
	struct flag_scene_rows *rows = flag_scene_rows(scene, "heat", "heat_against_volume");
	const struct flag_scene_row *last = &rows->newest[rows->count - 1];
	assert_true(last->flagged && last->revision == 0); /* known when it closed */
	free(rows);
	heat_for(scene, 20500, 6 * 60);
	assert_int_equal(
		flag_scene_events(scene, "flagged", "heat, volume and temperatures agree"), 1);
	scene_assert_contiguous(scene, "energy");
	scene_end(scene);
}

/* ---- restart, and a clock set back ---- */

static void a_restart_flags_nothing_for_want_of_what_was_forgotten(void **state)
{
	(void)state;
	struct flag_scene play = flag_scene_of(one_meter, 1);
	play.loads[0] = (struct load){1200, 1200};
	for (int restart = 0; restart < 5; restart++) {
		flag_scene_go_on(&play, HOUR_MS + 7 * MINUTE_MS);
		pipeline_stop(play.scene->pipeline, &play.scene->now);
		pipeline_close(play.scene->pipeline);
		scene_open_pipeline(play.scene);
		scene_connect(play.scene);
	}
	flag_scene_go_on(&play, 2 * HOUR_MS);
	assert_int_equal(flag_scene_events(play.scene, "flagged", ""), 0);
	scene_end(play.scene);
}

static void a_clock_set_back_flags_nothing_and_what_is_lived_again_is_judged(void **state)
{
	(void)state;
	struct flag_scene play = flag_scene_of(one_meter, 1);
	play.loads[0] = (struct load){1200, 1200};
	flag_scene_go_on(&play, 5 * HOUR_MS);
	play.scene->now.wall_ms -= 4 * (int64_t)HOUR_MS;
	flag_scene_go_on(&play, HOUR_MS);
	assert_int_equal(flag_scene_events(play.scene, "flagged", ""), 0);
	play.loads[0] = (struct load){12000, 1200};
	flag_scene_go_on(&play, 2 * HOUR_MS);
	assert_int_equal(flag_scene_events(play.scene, "flagged", "10 times as much"), 1);
	scene_end(play.scene);
}

static void a_configuration_taken_anew_goes_on_where_the_windows_stood(void **state)
{
	(void)state;
	struct flag_scene play = flag_scene_of(one_meter, 1);
	play.loads[0] = (struct load){12000, 1200};
	flag_scene_go_on(&play, 55 * MINUTE_MS);
	assert_int_equal(flag_scene_events(play.scene, "flagged", ""), 0);
	struct loaded_site *before = play.scene->loaded;
	play.scene->loaded = scene_site(one_meter);
	assert_true(pipeline_take_site(play.scene->pipeline, play.scene->loaded->site,
		&play.scene->now, play.scene->loaded->slots));
	loaded_site_release(before);
	flag_scene_go_on(&play, 25 * MINUTE_MS); /* the first whole hour is over */
	assert_int_equal(flag_scene_events(play.scene, "flagged", "10 times as much"), 1);
	scene_end(play.scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_register_ten_times_its_power_is_told_once_and_flagged),
		cmocka_unit_test(a_healthy_meter_has_no_flag),
		cmocka_unit_test(findings_are_told_in_the_sites_language),
		cmocka_unit_test(a_power_without_a_value_flags_nothing),
		cmocka_unit_test(
			a_register_that_stands_while_power_flows_is_flagged_until_it_moves),
		cmocka_unit_test(submeters_above_their_main_flag_the_main_alone),
		cmocka_unit_test(submeters_below_their_main_are_normal),
		cmocka_unit_test(a_submeter_that_is_silent_is_left_out),
		cmocka_unit_test(an_estimated_submeter_is_not_held_against_its_main),
		cmocka_unit_test(where_panels_feed_the_submeters_none_is_above),
		cmocka_unit_test(a_doubled_hour_is_revised_an_hour_later_and_nothing_else),
		cmocka_unit_test(what_the_fuse_does_not_carry_is_flagged_with_its_value),
		cmocka_unit_test(rejecting_gives_no_value_and_tells_what_was_withheld),
		cmocka_unit_test(what_is_withheld_and_what_is_counted_are_the_readings_difference),
		cmocka_unit_test(heat_that_is_not_volume_times_difference_is_flagged),
		cmocka_unit_test(a_restart_flags_nothing_for_want_of_what_was_forgotten),
		cmocka_unit_test(a_clock_set_back_flags_nothing_and_what_is_lived_again_is_judged),
		cmocka_unit_test(a_configuration_taken_anew_goes_on_where_the_windows_stood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
