/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_pipeline_mqtt_3.c -- With MQTT 3.1.1 nothing expires, nobody tells of a
 * refusal or of a message that is too large: what the gateway does instead.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/pipeline_state.h"
#include "tests/fakes/pipeline_scene.h"

enum { HOUR_MS = 3600000 };

static const char *const mqtt_3 =
	"site: {city: drammen, id: school}\n"
	"gateway: {id: main, clock: trust}\n"
	"broker: {host: localhost, tls: no, mqtt: v3.1.1, delivery: receipt}\n"
	"buses: [{id: cellar, port: /dev/ttyUSB0}]\n"
	"meters:\n"
	"- {id: kitchen, bus: cellar, address: 7, model: eastron-sdm120, quantities: "
	"[active_energy_import, active_power]}\n"
	"- {id: hall, bus: cellar, address: 8, model: eastron-sdm120, quantities: "
	"[active_energy_import, active_power]}\n";

static int set_up(void **state)
{
	*state = scene_new(mqtt_3);
	return 0;
}

static int tear_down(void **state)
{
	scene_end(*state);
	return 0;
}

static size_t count_on(const struct scene *scene, const char *topic)
{
	size_t count = 0;
	for (size_t i = 0; i < scene->count; i++)
		count += strcmp(scene->publications[i].topic + strlen(SCENE_ROOT), topic) == 0;
	return count;
}

static void what_would_have_to_expire_is_not_retained(void **state)
{
	struct scene *scene = *state;
	int64_t mwh = 0;
	scene_connect(scene);
	scene_live_on(scene, 2 * MINUTE_MS, &mwh);
	assert_false(scene_last_on(scene, "live/kitchen")->retain);
	assert_false(scene_last_on(scene, "health")->retain);
	assert_true(scene_last_on(scene, "status")->retain);
	assert_true(scene_last_on(scene, "about")->retain);
}

static void what_is_retained_is_said_again_every_hour(void **state)
{
	struct scene *scene = *state;
	scene_connect(scene);
	scene->broker_answers = true;
	scene_pass(scene, HOUR_MS - MINUTE_MS);
	assert_int_equal(count_on(scene, "status"), 1);
	scene_pass(scene, 2 * MINUTE_MS);
	assert_int_equal(count_on(scene, "status"), 2);
	assert_int_equal(count_on(scene, "about"), 2);
	scene_pass(scene, HOUR_MS);
	assert_int_equal(count_on(scene, "status"), 3);
}

static void stream_messages_stay_small_where_no_limit_is_told(void **state)
{
	struct scene *scene = *state;
	int64_t mwh = 0;
	scene_live_on(scene, 24 * HOUR_MS, &mwh);
	scene_connect(scene);
	scene->broker_answers = true;
	scene_pass(scene, MINUTE_MS);
	size_t longest = 0;
	for (size_t i = 0; i < scene->count; i++) {
		const struct published *published = &scene->publications[i];
		bool is_stream = json_object_get(published->payload, "stream") != NULL;
		longest = is_stream && published->length > longest ? published->length : longest;
	}
	assert_true(longest > PIPELINE_UNTOLD_BYTES_MAX / 2);
	assert_true(longest <= PIPELINE_UNTOLD_BYTES_MAX);
}

static void acknowledged_is_not_delivered(void **state)
{
	struct scene *scene = *state;
	int64_t mwh = 0;
	scene_connect(scene);
	scene->broker_answers = true;
	scene_live_on(scene, 2 * INTERVAL_MS, &mwh);
	scene_pass(scene, MINUTE_MS);
	struct store_cursor cursor = store_cursor(scene->pipeline->store, STREAM_ENERGY);
	int64_t undelivered;
	assert_true(cursor.sent > 2);
	assert_int_equal(cursor.delivered, 0);
	assert_true(pipeline_undelivered(scene->pipeline, STREAM_ENERGY, &undelivered));
	assert_int_equal(undelivered, cursor.last);
	size_t before = scene->count;
	scene_pass(scene, DELIVERY_RESEND_FIRST_MS + MINUTE_MS);
	bool again = false;
	for (size_t i = before; i < scene->count; i++) {
		json_t *payload = scene->publications[i].payload;
		again = again ||
			(json_object_get(payload, "rows") != NULL &&
				json_integer_value(json_object_get(payload, "after")) == 0);
	}
	assert_true(again);
}

#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SCENE(what_would_have_to_expire_is_not_retained),
		IN_SCENE(what_is_retained_is_said_again_every_hour),
		IN_SCENE(stream_messages_stay_small_where_no_limit_is_told),
		IN_SCENE(acknowledged_is_not_delivered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
