/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_pipeline_twin.c -- Another gateway with this one's name is known by its `status`, is told
 * of in words, and shares no store id with this one; and what only looks like one is none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/pipeline_state.h"
#include "tests/fakes/pipeline_scene.h"

enum { HOUR_MS = 60 * MINUTE_MS };

static int set_up(void **state)
{
	struct scene *scene = scene_new(scene_two_meters);
	int64_t mwh = 0;
	scene->run = "00000000000000aa";
	scene->pipeline = pipeline_close(scene->pipeline);
	scene_open_pipeline(scene);
	scene_connect(scene);
	scene_live_on(scene, 2 * INTERVAL_MS, &mwh);
	scene_pass(scene, MINUTE_MS);
	*state = scene;
	return 0;
}

static int tear_down(void **state)
{
	scene_end(*state);
	return 0;
}

/* What stands at the broker when this gateway comes back. */
struct stood {
	const char *run;
	const char *store; /* NULL: this gateway's */
	int session;
};

static void hear(struct scene *scene, struct stood stood)
{
	char payload[SCENE_WORD_MAX];
	struct store_identity own = store_identity(scene->pipeline->store);
	snprintf(payload, sizeof payload,
		"{\"state\":\"offline\",\"version\":\"0.1.0\",\"store\":\"%s\",\"generation\":%lld,"
		"\"clock\":\"synchronised\",\"started\":null,\"at\":null,\"boot\":null,"
		"\"session\":%d,\"run\":\"%s\"}",
		stood.store ? stood.store : own.id, (long long)own.generation, stood.session,
		stood.run);
	scene_hear(scene, SCENE_ROOT "status", payload, true);
}

static void one_that_connects_again_is_another_gateway_and_the_store_gets_an_id_of_its_own(
	void **state)
{
	struct scene *scene = *state;
	struct store_identity before = store_identity(scene->pipeline->store);
	hear(scene, (struct stood){"00000000000000bb", before.id, 1});
	assert_false(pipeline_has_twin(scene->pipeline));
	hear(scene, (struct stood){"00000000000000bb", before.id, 2});
	scene_pass(scene, MINUTE_MS);
	struct store_identity after = store_identity(scene->pipeline->store);
	assert_string_not_equal(after.id, before.id);
	assert_true(after.generation > before.generation);
	assert_true(pipeline_has_twin(scene->pipeline));
	assert_non_null(strstr(pipeline_twin_reason(scene->pipeline), "another gateway id"));
	assert_true(scene_has_event(scene, "name_used_twice"));
	assert_true(scene_has_event(scene, "store_copied"));
	assert_int_equal(
		scene_times_said(scene, "another gateway with the name drammen/school/main"), 1);
	hear(scene, (struct stood){"00000000000000bb", before.id, 3});
	assert_string_equal(store_identity(scene->pipeline->store).id, after.id);
}

static void one_with_a_store_of_its_own_is_told_of_and_changes_no_id(void **state)
{
	struct scene *scene = *state;
	struct store_identity before = store_identity(scene->pipeline->store);
	for (int session = 1; session <= 3; session++)
		hear(scene, (struct stood){"00000000000000bb", "another", session});
	assert_true(pipeline_has_twin(scene->pipeline));
	assert_string_equal(store_identity(scene->pipeline->store).id, before.id);
	assert_int_equal(scene_times_said(scene, "another gateway with the name"), 1);
}

static void three_of_one_name_are_found_out_too(void **state)
{
	struct scene *scene = *state;
	static const char *const runs[] = {"00000000000000bb", "00000000000000cc"};
	for (int i = 0; i < 4; i++)
		hear(scene, (struct stood){runs[i % 2], "another", 1 + i / 2});
	assert_true(pipeline_has_twin(scene->pipeline));
}

static void what_a_broker_kept_of_earlier_runs_is_no_other_gateway(void **state)
{
	struct scene *scene = *state;
	struct store_identity before = store_identity(scene->pipeline->store);
	for (int i = 0; i < 5; i++) {
		hear(scene, (struct stood){"00000000000000bb", NULL, 7}); /* restored each time */
		hear(scene, (struct stood){"00000000000000aa", NULL, i + 1});
	}
	assert_false(pipeline_has_twin(scene->pipeline));
	assert_string_equal(store_identity(scene->pipeline->store).id, before.id);
	assert_int_equal(scene_times_said(scene, "another gateway with the name"), 0);
}

static void it_is_told_of_once_an_hour_and_forgotten_when_it_is_gone(void **state)
{
	struct scene *scene = *state;
	int session = 1;
	hear(scene, (struct stood){"00000000000000bb", "another", session++});
	for (int minutes = 0; minutes < 90; minutes += 10) {
		hear(scene, (struct stood){"00000000000000bb", "another", session++});
		scene_pass(scene, 10 * MINUTE_MS);
		assert_true(pipeline_has_twin(scene->pipeline));
	}
	assert_int_equal(scene_times_said(scene, "another gateway with the name"), 2);
	scene_pass(scene, HOUR_MS);
	assert_false(pipeline_has_twin(scene->pipeline));
	assert_null(pipeline_twin_reason(scene->pipeline));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			one_that_connects_again_is_another_gateway_and_the_store_gets_an_id_of_its_own,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			one_with_a_store_of_its_own_is_told_of_and_changes_no_id, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			three_of_one_name_are_found_out_too, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_a_broker_kept_of_earlier_runs_is_no_other_gateway, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			it_is_told_of_once_an_hour_and_forgotten_when_it_is_gone, set_up,
			tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
