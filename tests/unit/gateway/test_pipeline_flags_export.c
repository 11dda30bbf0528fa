/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_pipeline_flags_export.c -- Flags of a meter that counts both ways: what
 * it feeds out is no frozen import, no wrong sign, and no sub-meter above its
 * main; and a row that was refused, or that a person has decided.
 */
#include <stdlib.h>
#include <string.h>

#include "gateway/pipeline_state.h"
#include "tests/fakes/flag_scene.h"

enum { HOUR_MS = FLAG_SCENE_HOUR_MS, MINUTES = 60 };

#define HEAD                                                             \
	"site: {city: drammen, id: school}\n"                            \
	"gateway: {id: main, clock: trust}\n"                            \
	"broker: {host: localhost, tls: no}\n"                           \
	"intervals: {live: 1 h, health: 1 d, trends: 1 h, fast: 60 s}\n" \
	"buses: [{id: cellar, port: /dev/ttyUSB0}]\n"
#define MAIN                                                             \
	"- {id: house, bus: cellar, address: 7, model: eastron-sdm120, " \
	"quantities: [active_energy_import, active_energy_export, active_power]}\n"

static const char house[] = HEAD "meters:\n" MAIN;
static const char house_with_stove[] =
	HEAD "meters:\n" MAIN
	     "- {id: stove, bus: cellar, address: 8, model: eastron-sdm120, parent: house, "
	     "quantities: [active_energy_import, active_power]}\n";
static const char rejecting[] = HEAD
	"flags: {reject: [largest_power]}\n"
	"meters:\n- {id: house, bus: cellar, address: 7, model: eastron-sdm120, main_fuse: 16 A, "
	"quantities: [active_energy_import, active_power]}\n";

struct house {
	struct scene *scene;
	int64_t import_mwh, export_mwh, stove_mwh;
};

struct hours {
	int64_t minutes;
	int64_t watt;    /* through the main meter; negative: out */
	int64_t power_w; /* what its power says */
	int64_t stove_w; /* 0: it is not read */
};

static void live(struct house *play, struct hours hours)
{
	for (int64_t minute = 0; minute < hours.minutes; minute++) {
		scene_pass(play->scene, FLAG_SCENE_POLL_MS);
		play->import_mwh += hours.watt > 0 ? hours.watt * 1000 / 60 : 0;
		play->export_mwh += hours.watt < 0 ? -hours.watt * 1000 / 60 : 0;
		play->stove_mwh += hours.stove_w * 1000 / 60;
		struct sample samples[] = {
			{.quantity = QUANTITY_ACTIVE_ENERGY_IMPORT, .value = play->import_mwh    },
			{.quantity = QUANTITY_ACTIVE_ENERGY_EXPORT, .value = play->export_mwh    },
			{.quantity = QUANTITY_ACTIVE_POWER,         .value = hours.power_w * 1000},
		};
		for (size_t i = 0; i < 3; i++)
			samples[i].read_mono_ms = play->scene->now.mono_ms;
		struct worker_report report = {
			.kind = REPORT_SAMPLES, .samples = samples, .samples_count = 3};
		scene_report(play->scene, &report);
		if (hours.stove_w > 0)
			scene_reading(play->scene, 1, play->stove_mwh, hours.stove_w * 1000);
	}
	scene_pass(play->scene, 20000);
}

static void a_meter_that_counts_both_ways_has_no_flag(void **state)
{
	(void)state;
	struct house play = {
		.scene = scene_new(house), .import_mwh = 9000000, .export_mwh = 7000000};
	scene_connect(play.scene);
	for (int day = 0; day < 2; day++) {
		live(&play, (struct hours){3 * MINUTES, 2000, 2000, 0});
		live(&play, (struct hours){3 * MINUTES, -3000, -3000, 0});
	}
	assert_int_equal(flag_scene_events(play.scene, "flagged", ""), 0);
	scene_end(play.scene);
}

static void a_power_without_a_sign_is_no_measure_of_a_meter_that_feeds_out(void **state)
{
	(void)state;
	struct house play = {
		.scene = scene_new(house), .import_mwh = 9000000, .export_mwh = 7000000};
	scene_connect(play.scene);
	for (int day = 0; day < 2; day++) {
		live(&play, (struct hours){3 * MINUTES, 2000, 2000, 0});
		live(&play, (struct hours){3 * MINUTES, -3000, 3000, 0});
	}
	assert_int_equal(flag_scene_events(play.scene, "flagged", ""), 0);
	scene_end(play.scene);
}

static void a_sign_that_is_turned_round_is_found(void **state)
{
	(void)state;
	struct house play = {.scene = scene_new(house), .import_mwh = 9000000};
	scene_connect(play.scene);
	live(&play, (struct hours){3 * MINUTES, 2000, -2000, 0});
	assert_int_equal(flag_scene_events(play.scene, "flagged", "the sign of the power"), 1);
	scene_end(play.scene);
}

static void an_export_register_ten_times_its_power_is_found(void **state)
{
	(void)state;
	struct house play = {.scene = scene_new(house), .export_mwh = 7000000};
	scene_connect(play.scene);
	live(&play, (struct hours){3 * MINUTES, -3000, -300, 0});
	assert_int_equal(flag_scene_events(play.scene, "flagged", "10 times as much"), 1);
	scene_end(play.scene);
}

static void a_main_that_feeds_out_may_be_below_its_submeters(void **state)
{
	(void)state;
	for (int feeds = 0; feeds < 2; feeds++) {
		struct house play = {.scene = scene_new(house_with_stove), .import_mwh = 9000000};
		scene_connect(play.scene);
		live(&play, (struct hours){
				    2 * MINUTES, feeds ? -1000 : 1000, feeds ? -1000 : 1000, 900});
		live(&play, (struct hours){2 * MINUTES, 500, 500, 1400});
		assert_int_equal(flag_scene_events(play.scene, "flagged", "submeters_above_main"),
			feeds ? 0 : 1);
		scene_end(play.scene);
	}
}

/* ---- one row on its way to the store ---- */

static struct pipeline_series_place place_in(const struct scene *scene)
{
	struct pipeline_meter *meter = &scene->pipeline->slots[0];

	uint8_t index = meter->value_of[QUANTITY_ACTIVE_ENERGY_IMPORT];

	return (struct pipeline_series_place){scene->pipeline, meter, &meter->values[index]};
}

/* 10 kWh in a quarter hour, after all there was. */
static struct interval_row impossible_row(const struct pipeline_series_place *place)
{
	int64_t from_wall_ms = place->value->flags->state.end_wall_ms;

	return (struct interval_row){.start_wall_ms = from_wall_ms,
		.end_wall_ms = from_wall_ms + INTERVAL_MS,
		.energy = 10000000,
		.quality = QUALITY_MEASURED,
		.has_readings = true};
}

static void a_row_the_store_refused_was_never_judged(void **state)
{
	(void)state;
	struct house play = {.scene = scene_new(house), .import_mwh = 9000000};
	struct flags_closing closing;
	scene_connect(play.scene);
	live(&play, (struct hours){2 * MINUTES, 2000, 2000, 0});
	struct pipeline_series_place place = place_in(play.scene);
	const struct series_flags before = place.value->flags->state;
	struct interval_row row = impossible_row(&place);
	assert_true(pipeline_flags_close(&place, &row, &closing));
	assert_int_not_equal(place.value->flags->state.end_wall_ms, before.end_wall_ms);
	pipeline_flags_undo(&place, &closing);
	assert_memory_equal(&place.value->flags->state, &before, sizeof before);
	scene_end(play.scene);
}

static void a_row_that_a_person_decided_is_not_rejected_again(void **state)
{
	(void)state;
	struct scene *scene = scene_new(rejecting);
	struct flags_closing closing;
	struct pipeline_series_place place = place_in(scene);
	struct interval_row row = impossible_row(&place);
	row.revision = 1;
	assert_true(pipeline_flags_close(&place, &row, &closing));
	assert_int_equal(row.quality, QUALITY_MEASURED);
	assert_int_equal(row.energy, 10000000);
	pipeline_flags_undo(&place, &closing);
	row = impossible_row(&place);
	assert_true(pipeline_flags_close(&place, &row, &closing));
	assert_int_equal(row.quality, QUALITY_REJECTED);
	assert_true(row.has_readings);
	scene_end(scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_meter_that_counts_both_ways_has_no_flag),
		cmocka_unit_test(a_power_without_a_sign_is_no_measure_of_a_meter_that_feeds_out),
		cmocka_unit_test(a_sign_that_is_turned_round_is_found),
		cmocka_unit_test(an_export_register_ten_times_its_power_is_found),
		cmocka_unit_test(a_main_that_feeds_out_may_be_below_its_submeters),
		cmocka_unit_test(a_row_the_store_refused_was_never_judged),
		cmocka_unit_test(a_row_that_a_person_decided_is_not_rejected_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
