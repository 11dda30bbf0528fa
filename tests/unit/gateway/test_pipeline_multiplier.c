/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_pipeline_multiplier.c -- Another multiplier from an instant on. What is
 * protected: rows since then and samples to come are on one scale, to the step,
 * over kills and restarts; what was final is marked; the rest stays as it is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fakes/settle_scene.h"

enum { BASE = 1500000000, QUARTER_MWH = 900000 };

static struct settle_outcome settle_as(
	struct settle_scene *settle, const struct settle_request *decision, bool expected)
{
	struct settle_outcome outcome;
	bool settled = pipeline_settle(settle->scene->pipeline, decision, &outcome);
	if (settled != expected)
		print_error("%s\n", outcome.error);
	assert_int_equal(settled, expected);
	return outcome;
}

static struct settle_request times_sixty(const char *from)
{
	return (struct settle_request){.meter = "kitchen",
		.multiplier = "300/5",
		.from = from,
		.reason = "ratio forgotten",
		.by = "Ola Dahl"};
}

static void a_multiplier_revises_the_rows_since_and_all_later_samples(void **state)
{
	struct settle_scene *settle = *state;
	char from[32];
	scene_connect(settle->scene);
	settle_scene_poll(settle, 62 * MINUTE_MS); /* rows from 09:15 to 10:00 */
	struct settle_request decision = times_sixty(settle_scene_instant(from, 35));
	struct settle_outcome outcome = settle_as(settle, &decision, true);
	assert_int_equal(outcome.changes[0].rows, 2);
	assert_int_equal(outcome.changes[0].before, 2 * QUARTER_MWH);
	assert_int_equal(outcome.changes[0].after, 300000 + 600000 * 60 + QUARTER_MWH * 60);
	settle_scene_poll(settle, 30 * MINUTE_MS);
	assert_int_equal(settle_scene_row(settle, "kitchen", 15)->energy, QUARTER_MWH);
	assert_int_equal(settle_scene_row(settle, "kitchen", 15)->revision, 0);
	const struct interval_row *row = settle_scene_row(settle, "kitchen", 30);
	assert_int_equal(row->energy, 300000 + 600000 * 60);
	assert_int_equal(row->quality, QUALITY_ESTIMATED);
	assert_int_equal(row->revision, 1);
	row = settle_scene_row(settle, "kitchen", 45);
	assert_int_equal(row->energy, QUARTER_MWH * 60);
	assert_int_equal(row->quality, QUALITY_MEASURED);
	row = settle_scene_row(settle, "kitchen", 60); /* open when it was decided */
	assert_int_equal(row->energy, QUARTER_MWH * 60);
	assert_int_equal(row->revision, 0);
	assert_int_equal(row->reading_start, (BASE + 360 * INT64_C(10000)) * 60);
	assert_int_equal(settle_scene_row(settle, "kitchen", 75)->energy, QUARTER_MWH * 60);
	assert_int_equal(settle_scene_row(settle, "hall", 60)->energy, 2 * QUARTER_MWH);

	const struct pipeline_meter *meter =
		pipeline_meter_find(settle->scene->pipeline, "kitchen");
	assert_int_equal(meter->values[meter->value_of[QUANTITY_ACTIVE_ENERGY_IMPORT]].value,
		settle->mwh[KITCHEN] * 60);
	assert_int_equal(
		meter->values[meter->value_of[QUANTITY_ACTIVE_POWER]].value, 3600000 * INT64_C(60));
}

static void a_multiplier_holds_over_a_kill_and_inside_the_open_interval(void **state)
{
	struct settle_scene *settle = *state;
	char from[32];
	settle_scene_poll(settle, 40 * MINUTE_MS);
	struct settle_request decision = times_sixty(settle_scene_instant(from, 35));
	assert_int_equal(settle_as(settle, &decision, true).changes[0].rows, 0);
	settle_scene_kill(settle);
	settle_scene_poll(settle, 25 * MINUTE_MS);
	assert_int_equal(settle_scene_row(settle, "kitchen", 15)->energy, QUARTER_MWH);
	assert_int_equal(settle_scene_row(settle, "kitchen", 30)->energy, 300000 + 600000 * 60);
	settle_scene_restart(settle, "", "");
	settle_scene_poll(settle, 15 * MINUTE_MS);
	assert_int_equal(settle_scene_row(settle, "kitchen", 45)->energy, QUARTER_MWH * 60);
	assert_int_equal(settle_scene_row(settle, "kitchen", 60)->energy, QUARTER_MWH * 60);
}

static void multipliers_add_up_and_about_tells_the_scale_in_force(void **state)
{
	struct settle_scene *settle = *state;
	char from[32];
	scene_connect(settle->scene);
	settle_scene_poll(settle, 40 * MINUTE_MS);
	struct settle_request decision = times_sixty(settle_scene_instant(from, 20));
	settle_as(settle, &decision, true);
	decision.multiplier = "0.1";
	settle_as(settle, &decision, true);
	settle_scene_poll(settle, 10 * MINUTE_MS);
	assert_int_equal(settle_scene_row(settle, "kitchen", 30)->energy, QUARTER_MWH * 6);
	assert_int_equal(settle_scene_row(settle, "kitchen", 15)->revision, 2);
	const json_t *meters =
		json_object_get(scene_last_on(settle->scene, "about")->payload, "meters");
	char *kitchen = json_dumps(json_array_get(meters, 0), JSON_COMPACT);
	char *hall = json_dumps(json_array_get(meters, 1), JSON_COMPACT);
	const struct pipeline_meter *meter = pipeline_meter_find(settle->scene->pipeline, "hall");
	assert_int_equal(meter->values[0].scale.numerator % 10, 0);
	assert_string_not_equal(kitchen, hall);
	assert_non_null(strstr(kitchen, "\"scale\":\"6/1\""));
	assert_non_null(strstr(hall, "\"scale\":\"1/1\""));
	free(kitchen);
	free(hall);
}

static void what_was_final_becomes_a_correction(void **state)
{
	struct settle_scene *settle = *state;
	char from[32];
	settle_scene_poll(settle, 62 * MINUTE_MS);
	settle_scene_silence(settle, INT64_C(7) * 24 * 60 * MINUTE_MS);
	settle_scene_poll(settle, 30 * MINUTE_MS);
	struct settle_request decision = times_sixty(settle_scene_instant(from, 30));
	decision.dry_run = true;
	assert_int_equal(settle_as(settle, &decision, true).changes[0].corrections, 2);
	assert_int_equal(settle_scene_row(settle, "kitchen", 45)->revision, 0);
	decision.dry_run = false;
	assert_int_equal(settle_as(settle, &decision, true).changes[0].corrections, 2);
	assert_true(settle_scene_row(settle, "kitchen", 45)->correction);
	assert_false(settle->rows[settle->rows_count - 1].correction);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, settle_scene_set_up, settle_scene_tear_down)
		TEST(a_multiplier_revises_the_rows_since_and_all_later_samples),
		TEST(a_multiplier_holds_over_a_kill_and_inside_the_open_interval),
		TEST(multipliers_add_up_and_about_tells_the_scale_in_force),
		TEST(what_was_final_becomes_a_correction),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
