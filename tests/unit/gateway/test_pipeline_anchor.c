/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_pipeline_anchor.c -- A dead board's successor: its new store goes on from
 * what the archive knows, whenever the archive tells it; the gap adds up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "gateway/pipeline_state.h"
#include "tests/fakes/pipeline_scene.h"

enum { HOUR_MS = 60 * MINUTE_MS };

static const int64_t first_mwh = 48213000000;

/* Another board with an empty card, an hour after the last interval the archive has. */
static struct scene *successor(int64_t *mwh)
{
	struct scene *scene = scene_new(scene_two_meters);
	scene->pipeline = pipeline_close(scene->pipeline);
	scene_forget_store(scene);
	scene->now.wall_ms = scene_start_wall_ms + HOUR_MS;
	scene_open_pipeline(scene);
	*mwh = first_mwh + 3600000;
	scene_connect(scene);
	return scene;
}

static struct pipeline_anchor anchor_of(const char *meter, int64_t reading)
{
	return (struct pipeline_anchor){.meter = meter,
		.quantity = QUANTITY_ACTIVE_ENERGY_IMPORT,
		.at_wall_ms = scene_start_wall_ms,
		.reading = reading};
}

static bool take(struct scene *scene, struct pipeline_anchor anchor)
{
	return pipeline_take_anchor(scene->pipeline, &anchor, &scene->now);
}

static void an_anchor_before_the_first_reading_begins_the_series_there(void **state)
{
	(void)state;
	int64_t mwh;
	size_t count;
	struct scene *scene = successor(&mwh);
	assert_true(take(scene, anchor_of("kitchen", first_mwh)));
	scene_live_on(scene, 20 * MINUTE_MS, &mwh);
	scene_pass(scene, MINUTE_MS);
	/* Four quarter hours of the gap and the first of its own; 1 Wh a second throughout. */
	assert_int_equal(scene_energy(scene, "kitchen", &count), 5 * 900000);
	assert_int_equal(count, 5);
	assert_true(scene_has_event(scene, "gap_bridged"));
	scene_end(scene);
}

static void an_anchor_that_comes_after_rows_fills_the_gap_before_them(void **state)
{
	(void)state;
	int64_t mwh;
	size_t count;
	struct scene *scene = successor(&mwh);
	scene_reading(scene, 0, mwh, 0);
	scene_live_on(scene, 40 * MINUTE_MS, &mwh);
	assert_int_equal(scene_energy(scene, "kitchen", &count), 2 * 900000);
	assert_true(take(scene, anchor_of("kitchen", first_mwh)));
	scene_live_on(scene, 6 * MINUTE_MS, &mwh);
	scene_pass(scene, MINUTE_MS);
	assert_int_equal(scene_energy(scene, "kitchen", &count), 7 * 900000);
	assert_true(take(scene, anchor_of("kitchen", first_mwh))); /* told again: nothing new */
	scene_pass(scene, MINUTE_MS);
	assert_int_equal(scene_energy(scene, "kitchen", &count), 7 * 900000);
	scene_end(scene);
}

static void an_anchor_that_comes_between_the_first_readings_and_the_first_row(void **state)
{
	(void)state;
	int64_t mwh;
	size_t count;
	struct scene *scene = successor(&mwh);
	scene_live_on(scene, 4 * MINUTE_MS, &mwh);
	assert_int_equal(scene_energy(scene, "kitchen", &count), 0);
	assert_true(take(scene, anchor_of("kitchen", first_mwh)));
	assert_true(take(scene, anchor_of("kitchen", first_mwh))); /* told again: nothing new */
	scene_live_on(scene, 16 * MINUTE_MS, &mwh);
	scene_pass(scene, MINUTE_MS);
	assert_int_equal(scene_energy(scene, "kitchen", &count), 5 * 900000);
	assert_int_equal(count, 5);
	scene_end(scene);
}

static void an_anchor_that_comes_when_nothing_but_missing_rows_are_there(void **state)
{
	(void)state;
	int64_t mwh;
	size_t count;
	struct scene *scene = successor(&mwh);
	scene_live_on(scene, 4 * MINUTE_MS, &mwh);
	scene_pass(scene, 46 * MINUTE_MS); /* silent */
	mwh += 46 * 60000;
	json_t *row = json_array_get(
		json_object_get(scene_last_on(scene, "intervals")->payload, "rows"), 0);
	assert_string_equal(json_string_value(json_object_get(row, "quality")), "missing");
	assert_true(take(scene, anchor_of("kitchen", first_mwh)));
	scene_live_on(scene, 10 * MINUTE_MS, &mwh);
	scene_pass(scene, MINUTE_MS);
	assert_int_equal(scene_energy(scene, "kitchen", &count), 8 * 900000);
	assert_int_equal(count, 8);
	scene_end(scene);
}

static void an_anchor_survives_a_kill_before_the_first_row(void **state)
{
	(void)state;
	int64_t mwh;
	size_t count;
	struct scene *scene = successor(&mwh);
	assert_true(take(scene, anchor_of("kitchen", first_mwh)));
	scene->pipeline = pipeline_close(scene->pipeline);
	scene_open_pipeline(scene);
	scene_connect(scene);
	scene_live_on(scene, 20 * MINUTE_MS, &mwh);
	scene_pass(scene, MINUTE_MS);
	assert_int_equal(scene_energy(scene, "kitchen", &count), 5 * 900000);
	scene_end(scene);
}

static void the_generation_rises_above_what_the_archive_has_seen(void **state)
{
	(void)state;
	int64_t mwh;
	struct scene *scene = successor(&mwh);
	struct pipeline_anchor anchor = anchor_of("kitchen", first_mwh);
	anchor.generation = store_identity(scene->pipeline->store).generation + 1000;
	assert_true(take(scene, anchor));
	assert_int_equal(store_identity(scene->pipeline->store).generation, anchor.generation + 1);
	scene->pipeline = pipeline_close(scene->pipeline);
	scene_open_pipeline(scene);
	assert_int_equal(store_identity(scene->pipeline->store).generation, anchor.generation + 1);
	scene_end(scene);
}

static void an_anchor_of_nothing_here_is_refused(void **state)
{
	(void)state;
	int64_t mwh;
	struct scene *scene = successor(&mwh);
	assert_false(take(scene, anchor_of("attic", first_mwh)));
	struct pipeline_anchor gauge = anchor_of("kitchen", first_mwh);
	gauge.quantity = QUANTITY_ACTIVE_POWER;
	assert_false(take(scene, gauge));
	scene_end(scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_anchor_before_the_first_reading_begins_the_series_there),
		cmocka_unit_test(an_anchor_that_comes_after_rows_fills_the_gap_before_them),
		cmocka_unit_test(an_anchor_that_comes_between_the_first_readings_and_the_first_row),
		cmocka_unit_test(an_anchor_that_comes_when_nothing_but_missing_rows_are_there),
		cmocka_unit_test(an_anchor_survives_a_kill_before_the_first_row),
		cmocka_unit_test(the_generation_rises_above_what_the_archive_has_seen),
		cmocka_unit_test(an_anchor_of_nothing_here_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
