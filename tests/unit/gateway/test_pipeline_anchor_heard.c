/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_pipeline_anchor_heard.c -- Anchors as they come from an archive: one that
 * fits bridges to its reading once, one that cannot be changes nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "gateway/pipeline_state.h"
#include "tests/fakes/pipeline_scene.h"

static void an_anchor_bridges_to_the_archives_last_reading(void **state)
{
	struct scene *scene = *state;
	int64_t mwh = 0;
	char payload[SCENE_WORD_MAX];
	scene->pipeline = pipeline_close(scene->pipeline);
	scene_forget_store(scene);
	scene_open_pipeline(scene);
	scene_connect(scene);
	struct store_identity identity = store_identity(scene->pipeline->store);
	snprintf(payload, sizeof payload,
		"{\"archive\":\"oslo\",\"at\":\"2025-11-23T09:20:00Z\",\"store\":\"%s\","
		"\"generation\":%lld,\"counters\":["
		"{\"meter\":\"kitchen\",\"quantity\":\"active_energy_import\",\"unit\":\"kWh\","
		"\"at\":\"2025-11-23T09:15:00Z\",\"reading\":0.01},"
		"{\"meter\":\"attic\",\"quantity\":\"active_energy_import\",\"unit\":\"kWh\","
		"\"at\":\"2025-11-23T09:15:00Z\",\"reading\":1}]}",
		identity.id, (long long)identity.generation + 5);
	scene_hear(scene, SCENE_ROOT "anchor/oslo", payload, false);
	assert_int_equal(scene_times_said(scene, "tells where 2 counters stood; 1 go on"), 1);
	scene_live_on(scene, 2 * INTERVAL_MS, &mwh);
	scene_pass(scene, MINUTE_MS);
	assert_int_equal(scene_count_events(scene, "gap_bridged"), 1);
	assert_int_equal(json_integer_value(json_object_get(
				 scene_last_on(scene, "status")->payload, "generation")),
		identity.generation + 6);
	scene_hear(scene, SCENE_ROOT "anchor/oslo", payload, false); /* told again */
	scene_pass(scene, MINUTE_MS);
	assert_int_equal(scene_count_events(scene, "gap_bridged"), 1);
}

static void hear_anchor(struct scene *scene, const char *at, const char *reading)
{
	char payload[SCENE_WORD_MAX];
	snprintf(payload, sizeof payload,
		"{\"archive\":\"oslo\",\"at\":\"2025-11-23T09:20:00Z\",\"store\":\"%s\","
		"\"generation\":0,\"counters\":[{\"meter\":\"kitchen\",\"quantity\":"
		"\"active_energy_import\",\"unit\":\"kWh\",\"at\":\"%s\",\"reading\":%s}]}",
		store_identity(scene->pipeline->store).id, at, reading);
	scene_hear(scene, SCENE_ROOT "anchor/oslo", payload, false);
}

/* Times of the store itself, readings that cannot be. */
static void an_anchor_changes_no_row_of_a_store_that_has_gone_on(void **state)
{
	struct scene *scene = *state;
	int64_t mwh = 3600000 + 60000; /* as the set-up left it, and a minute more */
	size_t before, after;
	int64_t energy_before = scene_energy(scene, "kitchen", &before);
	hear_anchor(scene, "2025-11-23T09:30:00Z", "0.01");
	hear_anchor(scene, "2026-11-23T09:30:00Z", "0.01");
	hear_anchor(scene, "9999-12-31T23:59:59Z", "9000000000000");
	hear_anchor(scene, "2025-11-23T08:45:00Z", "9000000000000");
	assert_int_equal(scene_times_said(scene, "tells where 1 counters stood"), 4);
	scene_live_on(scene, 2 * INTERVAL_MS, &mwh);
	int64_t energy_after = scene_energy(scene, "kitchen", &after);
	assert_int_equal(after, before + 2);
	assert_int_equal(energy_after, energy_before + 2 * 900000);
}

static void an_anchor_that_comes_again_after_rows_is_told_of_once(void **state)
{
	struct scene *scene = *state;
	int64_t mwh = 0;
	scene->pipeline = pipeline_close(scene->pipeline);
	scene_forget_store(scene);
	scene_open_pipeline(scene);
	scene_connect(scene);
	scene_live_on(scene, 2 * INTERVAL_MS, &mwh);
	for (int i = 0; i < 2; i++) {
		hear_anchor(scene, "2025-11-23T09:15:00Z", "0");
		scene_live_on(scene, INTERVAL_MS, &mwh);
	}
	assert_int_equal(scene_count_events(scene, "gap_bridged"), 1);
}

static void a_store_begins_without_an_anchor_whose_time_cannot_be(void **state)
{
	static const char *const times[] = {"2026-11-23T09:30:00Z", "2025-11-23T08:45:00.500Z"};
	struct scene *scene = *state;
	for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
		int64_t mwh = 0;
		size_t before, after;
		scene->pipeline = pipeline_close(scene->pipeline);
		scene_forget_store(scene);
		scene_open_pipeline(scene);
		scene_connect(scene);
		scene_energy(scene, "kitchen", &before);
		hear_anchor(scene, times[i], "0.01");
		scene_live_on(scene, 3 * INTERVAL_MS, &mwh);
		scene_energy(scene, "kitchen", &after);
		assert_true(after >= before + 2);
		assert_int_equal(scene_count_events(scene, "gap_bridged"), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_anchor_bridges_to_the_archives_last_reading,
			scene_set_up_lived_hour, scene_tear_down),
		cmocka_unit_test_setup_teardown(
			an_anchor_changes_no_row_of_a_store_that_has_gone_on,
			scene_set_up_lived_hour, scene_tear_down),
		cmocka_unit_test_setup_teardown(
			an_anchor_that_comes_again_after_rows_is_told_of_once,
			scene_set_up_lived_hour, scene_tear_down),
		cmocka_unit_test_setup_teardown(
			a_store_begins_without_an_anchor_whose_time_cannot_be,
			scene_set_up_lived_hour, scene_tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
