/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_pipeline_totals.c -- The totals that are published are the sums of the
 * rows that are stored: while they come, after revisions, after a restart, over
 * midnights; and a broker holds none of what is no longer there.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/pipeline_state.h"
#include "tests/fakes/pipeline_scene.h"

enum { HOUR_MS = 3600000 };

/* The kitchen hangs below the hall; the scene begins at 10:00 in Oslo. */
static const char *const oslo =
	"site: {city: drammen, id: school, timezone: Europe/Oslo}\n"
	"gateway: {id: main, clock: trust}\n"
	"broker: {host: localhost, tls: no}\n"
	"intervals: {live: 1 h, health: 1 h, trends: 1 h}\n"
	"buses: [{id: cellar, port: /dev/ttyUSB0}]\n"
	"meters:\n"
	"- {id: kitchen, bus: cellar, address: 7, model: eastron-sdm120, parent: hall, use: "
	"equipment, quantities: [active_energy_import, active_power]}\n"
	"- {id: hall, bus: cellar, address: 8, model: eastron-sdm120, quantities: "
	"[active_energy_import, active_power]}\n";

static const char *const without_kitchen =
	"site: {city: drammen, id: school, timezone: Europe/Oslo}\n"
	"gateway: {id: main, clock: trust}\n"
	"broker: {host: localhost, tls: no}\n"
	"intervals: {live: 1 h, health: 1 h, trends: 1 h}\n"
	"buses: [{id: cellar, port: /dev/ttyUSB0}]\n"
	"meters:\n"
	"- {id: hall, bus: cellar, address: 8, model: eastron-sdm120, quantities: "
	"[active_energy_import, active_power]}\n";

static int set_up(void **state)
{
	*state = scene_new(oslo);
	return 0;
}

/* ---- what was published ---- */

static json_t *last(const struct scene *scene, const char *scope, const char *period)
{
	char topic[100];
	snprintf(topic, sizeof topic, "totals/%s/%s", scope, period);
	const struct published *published = scene_last_on(scene, topic);
	return published != NULL ? published->payload : NULL;
}

static int64_t steps(json_t *number)
{
	assert_true(json_is_number(number));
	return llround(1e6 * json_number_value(number));
}

static size_t times_told(const struct scene *scene, const char *topic)
{
	size_t times = 0;
	for (size_t i = 0; i < scene->count; i++)
		times += strstr(scene->publications[i].topic, topic) != NULL;
	return times;
}

static json_t *row(json_t *message, size_t index)
{
	json_t *found = json_array_get(json_object_get(message, "rows"), index);
	assert_non_null(found);
	return found;
}

static double number_of(json_t *object, const char *key)
{
	assert_true(json_is_number(json_object_get(object, key)));
	return json_number_value(json_object_get(object, key));
}

/* ---- what is stored ---- */

struct adding {
	const struct store *store;
	const char *meter;
	int64_t from_wall_ms, to_wall_ms;
	int64_t energy;
};

static bool add(void *context, const struct interval_row *row)
{
	struct adding *adding = context;
	const char *meter;
	enum quantity quantity;
	assert_true(store_series_info(adding->store, row->series, &meter, &quantity));
	if (strcmp(meter, adding->meter) == 0 && row->start_wall_ms >= adding->from_wall_ms &&
		row->start_wall_ms < adding->to_wall_ms && interval_has_value(row))
		adding->energy += row->energy;
	return true;
}

static int64_t stored(
	struct scene *scene, const char *meter, int64_t from_wall_ms, int64_t to_wall_ms)
{
	struct adding adding = {scene->pipeline->store, meter, from_wall_ms, to_wall_ms, 0};
	scene_visit_rows(scene, add, &adding);
	return adding.energy;
}

/* Midnight in Oslo before the scene begins. */
static int64_t midnight(void)
{
	return scene_start_wall_ms - 10 * HOUR_MS;
}

/* Hours of that day, each with a value, are what the store has. */
static void assert_hours_as_stored(struct scene *scene, const char *meter, size_t from, size_t to)
{
	char scope[50];
	snprintf(scope, sizeof scope, "meter-%s", meter);
	json_t *day = last(scene, scope, "day");
	assert_non_null(day);
	for (size_t i = from; i < to; i++) {
		int64_t start = midnight() + (int64_t)i * HOUR_MS;
		int64_t energy = stored(scene, meter, start, start + HOUR_MS);
		assert_true(energy > 0);
		assert_int_equal(steps(json_object_get(row(day, i), "energy")), energy);
		assert_true(number_of(row(day, i), "coverage") == 1);
	}
}

/* ---- tests ---- */

static void hours_are_told_when_they_end(void **state)
{
	struct scene *scene = *state;
	int64_t mwh = 0;
	scene_connect(scene);
	scene_live_on(scene, 3 * HOUR_MS + 2 * MINUTE_MS, &mwh);
	scene_pass(scene, MINUTE_MS);
	json_t *day = last(scene, "meter-hall", "day");
	assert_non_null(day);
	assert_string_equal(json_string_value(json_object_get(day, "timezone")), "Europe/Oslo");
	assert_string_equal(
		json_string_value(json_object_get(day, "start")), "2025-11-22T23:00:00Z");
	assert_string_equal(json_string_value(json_object_get(day, "end")), "2025-11-23T23:00:00Z");
	assert_string_equal(
		json_string_value(json_object_get(day, "through")), "2025-11-23T12:00:00Z");
	assert_int_equal(json_array_size(json_object_get(day, "rows")), 13);
	assert_hours_as_stored(scene, "hall", 11, 13);
	assert_hours_as_stored(scene, "kitchen", 11, 13);
	/* Before the scene nothing was read: null, and what bounds the day. */
	assert_true(json_is_null(json_object_get(row(day, 3), "energy")));
	assert_true(json_is_null(json_object_get(day, "energy")));
	assert_int_equal(steps(json_object_get(day, "at_least")),
		stored(scene, "hall", midnight(), midnight() + 13 * HOUR_MS));
	assert_true(number_of(day, "coverage") < 0.25);
	assert_true(scene_last_on(scene, "totals/meter-hall/day")->retain);
	assert_int_equal(scene_last_on(scene, "totals/meter-hall/day")->qos, 1);
}

static void parent_and_child_are_not_both_added(void **state)
{
	struct scene *scene = *state;
	int64_t mwh = 0;
	scene_connect(scene);
	scene_live_on(scene, 3 * HOUR_MS + MINUTE_MS, &mwh);
	scene_pass(scene, MINUTE_MS);
	int64_t hall = steps(json_object_get(row(last(scene, "meter-hall", "day"), 12), "energy"));
	assert_int_equal(
		steps(json_object_get(row(last(scene, "gateway", "day"), 12), "energy")), hall);
	assert_int_equal(steps(json_object_get(
				 row(last(scene, "carrier-electricity", "day"), 12), "energy")),
		hall);
	assert_int_equal(
		steps(json_object_get(row(last(scene, "use-equipment", "day"), 12), "energy")),
		stored(scene, "kitchen", midnight() + 12 * HOUR_MS, midnight() + 13 * HOUR_MS));
	json_t *parts = json_object_get(last(scene, "gateway", "day"), "parts");
	assert_int_equal(json_array_size(parts), 1);
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(parts, 0), "part")), "import");
}

static void a_gap_is_counted_when_it_is_revised(void **state)
{
	struct scene *scene = *state;
	int64_t mwh = 0;
	scene_connect(scene);
	scene_live_on(scene, 2 * HOUR_MS, &mwh);
	scene_pass(scene, 90 * MINUTE_MS); /* silence: missing */
	mwh += 90 * 60000;
	json_t *day = last(scene, "meter-hall", "day");
	assert_true(json_is_null(json_object_get(row(day, 12), "energy")));
	scene_live_on(scene, 10 * MINUTE_MS, &mwh);
	scene_pass(scene, 10 * MINUTE_MS);
	day = last(scene, "meter-hall", "day");
	assert_hours_as_stored(scene, "hall", 11, 13);
	assert_true(number_of(row(day, 12), "estimated") == 1);
}

static void a_later_revision_replaces_what_was_counted(void **state)
{
	struct scene *scene = *state;
	int64_t mwh = 0;
	scene_connect(scene);
	scene_live_on(scene, 2 * HOUR_MS + 5 * MINUTE_MS, &mwh);
	const struct pipeline_meter *meter = pipeline_meter_find(scene->pipeline, "hall");
	struct pipeline_value *value =
		&meter->values[meter->value_of[QUANTITY_ACTIVE_ENERGY_IMPORT]];
	struct pipeline_series_place place = {
		scene->pipeline, (struct pipeline_meter *)(uintptr_t)meter, value};
	int64_t start = midnight() + 11 * HOUR_MS;
	int64_t before = stored(scene, "hall", start, start + HOUR_MS);
	struct interval_row revision = {.start_wall_ms = start,
		.end_wall_ms = start + INTERVAL_MS,
		.energy = 1,
		.series = value->series,
		.revision = 1,
		.quality = QUALITY_ESTIMATED};
	assert_true(pipeline_keep_interval(&place, &revision));
	size_t told = times_told(scene, "totals/meter-hall/day");
	size_t others = times_told(scene, "totals/meter-kitchen/day");
	scene_live_on(scene, 10 * MINUTE_MS, &mwh);
	assert_true(times_told(scene, "totals/meter-hall/day") > told);
	assert_hours_as_stored(scene, "hall", 11, 12);
	assert_true(stored(scene, "hall", start, start + HOUR_MS) < before);
	/* Who has no part in it is not told again. */
	assert_int_equal(times_told(scene, "totals/meter-kitchen/day"), others);
}

static void a_restart_counts_the_stored_rows(void **state)
{
	struct scene *scene = *state;
	int64_t mwh = 0;
	scene_connect(scene);
	scene_live_on(scene, 2 * HOUR_MS + 5 * MINUTE_MS, &mwh);
	scene->pipeline = pipeline_close(scene->pipeline);
	scene_open_pipeline(scene);
	scene->link_up = false;
	scene_connect(scene);
	scene_live_on(scene, HOUR_MS, &mwh);
	scene_pass(scene, MINUTE_MS);
	assert_hours_as_stored(scene, "hall", 11, 13);
	assert_int_equal(
		json_array_size(json_object_get(last(scene, "gateway", "day"), "rows")), 13);
}

/* Quarters of the hall's 7.2 kW, as they were but for the flags. */
static void revise_hall(struct scene *scene, int64_t from_wall_ms, int count, uint32_t flags)
{
	const struct pipeline_meter *meter = pipeline_meter_find(scene->pipeline, "hall");
	struct pipeline_value *value =
		&meter->values[meter->value_of[QUANTITY_ACTIVE_ENERGY_IMPORT]];
	struct pipeline_series_place place = {
		scene->pipeline, (struct pipeline_meter *)(uintptr_t)meter, value};
	for (int i = 0; i < count; i++) {
		struct interval_row revision = {.start_wall_ms = from_wall_ms + i * INTERVAL_MS,
			.end_wall_ms = from_wall_ms + (i + 1) * INTERVAL_MS,
			.energy = 1800000,
			.series = value->series,
			.revision = 1,
			.flags = flags};
		assert_true(pipeline_keep_interval(&place, &revision));
	}
}

static bool has_peak_at(json_t *month, const char *start)
{
	size_t index;
	json_t *peak;
	bool found = false;
	json_array_foreach(json_object_get(month, "peaks"), index, peak)
	{
		found = found ||
			strcmp(json_string_value(json_object_get(peak, "start")), start) == 0;
	}
	return found;
}

static void days_follow_local_midnights(void **state)
{
	struct scene *scene = *state;
	int64_t mwh = 0;
	scene_connect(scene);
	for (int hour = 0; hour < 39; hour++) { /* a reading a minute, to 01:00 of the 25th */
		for (int minute = 0; minute < 60; minute++) {
			scene_pass(scene, MINUTE_MS);
			mwh += 60000;
			scene_reading(scene, 0, mwh, 3600000);
			scene_reading(scene, 1, 2 * mwh, 7200000);
		}
		scene->count =
			scene->count > 3000 ? 2000 : scene->count; /* old ones leak nothing */
	}
	scene_pass(scene, 2 * MINUTE_MS);
	json_t *month = last(scene, "meter-hall", "month");
	assert_int_equal(json_array_size(json_object_get(month, "rows")), 24);
	assert_string_equal(
		json_string_value(json_object_get(month, "start")), "2025-10-31T23:00:00Z");
	/* The 24th is whole: 24 hours of the hall's 7.2 kW. */
	assert_int_equal(steps(json_object_get(row(month, 23), "energy")),
		stored(scene, "hall", midnight() + 24 * HOUR_MS, midnight() + 48 * HOUR_MS));
	assert_true(number_of(row(month, 23), "coverage") == 1);
	assert_true(fabs(number_of(row(month, 23), "energy") - 24 * 7.2) < 0.001);
	assert_int_equal(
		json_array_size(json_object_get(last(scene, "gateway", "year"), "rows")), 11);
	assert_int_equal(
		json_array_size(json_object_get(last(scene, "gateway", "day"), "rows")), 1);
	/* The peak: each hour is 7.2 kW. */
	assert_string_equal(json_string_value(json_object_get(month, "peak_rule")), "mean_of_days");
	assert_string_equal(json_string_value(json_object_get(month, "peak_span")), "hour");
	assert_true(fabs(number_of(month, "peak_power") - 7.2) < 0.001);
	assert_int_equal(json_array_size(json_object_get(month, "peaks")), 2);
	assert_null(json_object_get(last(scene, "meter-kitchen", "month"), "peaks"));
	/* Of equal hours the first of the day; flagged later, the next. */
	assert_true(has_peak_at(month, "2025-11-23T23:00:00Z"));
	revise_hall(scene, midnight() + 24 * HOUR_MS, 4, 1u << FLAG_SPIKE);
	scene_pass(scene, 10 * MINUTE_MS);
	month = last(scene, "meter-hall", "month");
	assert_false(has_peak_at(month, "2025-11-23T23:00:00Z"));
	assert_true(has_peak_at(month, "2025-11-24T00:00:00Z"));
	assert_true(fabs(number_of(row(month, 23), "energy") - 24 * 7.2) < 0.001);
}

static void a_removed_meters_totals_are_cleared(void **state)
{
	struct scene *scene = *state;
	int64_t mwh = 0;
	scene_connect(scene);
	scene_live_on(scene, HOUR_MS + 5 * MINUTE_MS, &mwh);
	assert_non_null(last(scene, "meter-kitchen", "day"));
	struct loaded_site *next = scene_site(without_kitchen), *old = scene->loaded;
	assert_true(pipeline_take_site(scene->pipeline, next->site, &scene->now, next->slots));
	scene->loaded = next;
	loaded_site_release(old);
	scene_pass(scene, MINUTE_MS);
	static const char *const gone[] = {"totals/meter-kitchen/day", "totals/meter-kitchen/month",
		"totals/meter-kitchen/year", "totals/use-equipment/day"};
	for (size_t i = 0; i < sizeof gone / sizeof gone[0]; i++) {
		assert_non_null(scene_last_on(scene, gone[i]));
		assert_null(scene_last_on(scene, gone[i])->payload);
		assert_true(scene_last_on(scene, gone[i])->retain);
	}
	assert_non_null(last(scene, "meter-hall", "day"));
}

static void what_is_gone_is_remembered_while_the_broker_is_away(void **state)
{
	struct scene *scene = *state;
	for (int i = 0; i < 2; i++) {
		struct loaded_site *next = scene_site(without_kitchen), *old = scene->loaded;
		assert_true(
			pipeline_take_site(scene->pipeline, next->site, &scene->now, next->slots));
		scene->loaded = next;
		loaded_site_release(old);
		scene_pass(scene, MINUTE_MS);
	}
	scene_connect(scene);
	scene_pass(scene, MINUTE_MS);
	assert_non_null(scene_last_on(scene, "totals/use-equipment/day"));
	assert_null(scene_last_on(scene, "totals/use-equipment/day")->payload);
}

static void a_meter_removed_while_the_gateway_stood_still_is_cleared_too(void **state)
{
	struct scene *scene = *state;
	int64_t mwh = 0;
	scene_connect(scene);
	scene_live_on(scene, 30 * MINUTE_MS, &mwh);
	scene->pipeline = pipeline_close(scene->pipeline);
	loaded_site_release(scene->loaded);
	scene->loaded = scene_site(without_kitchen);
	scene_open_pipeline(scene);
	scene_connect(scene);
	scene_pass(scene, MINUTE_MS);
	const struct published *cleared = scene_last_on(scene, "totals/meter-kitchen/year");
	assert_non_null(cleared);
	assert_null(cleared->payload);
}

static void a_new_connection_is_told_everything_again(void **state)
{
	struct scene *scene = *state;
	int64_t mwh = 0;
	scene_connect(scene);
	scene_live_on(scene, 2 * HOUR_MS + 5 * MINUTE_MS, &mwh);
	size_t told = times_told(scene, "totals/gateway/year");
	assert_true(told >= 1);
	scene_cut(scene);
	scene_connect(scene);
	scene_pass(scene, 10000);
	assert_int_equal(times_told(scene, "totals/gateway/year"), told + 1);
}

static void without_a_known_time_nothing_is_told(void **state)
{
	struct scene *scene = *state;
	int64_t mwh = 0;
	scene_end(scene);
	*state = scene =
		scene_new("site: {city: drammen, id: school}\n"
			  "gateway: {id: main}\n"
			  "broker: {host: localhost, tls: no}\n"
			  "buses: [{id: cellar, port: /dev/ttyUSB0}]\n"
			  "meters:\n"
			  "- {id: kitchen, bus: cellar, address: 7, model: eastron-sdm120}\n"
			  "- {id: hall, bus: cellar, address: 8, model: eastron-sdm120}\n");
	scene_connect(scene);
	scene_live_on(scene, HOUR_MS, &mwh);
	assert_int_equal(times_told(scene, "totals/"), 0);
}

#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, scene_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SCENE(hours_are_told_when_they_end),
		IN_SCENE(parent_and_child_are_not_both_added),
		IN_SCENE(a_gap_is_counted_when_it_is_revised),
		IN_SCENE(a_later_revision_replaces_what_was_counted),
		IN_SCENE(a_restart_counts_the_stored_rows),
		IN_SCENE(days_follow_local_midnights),
		IN_SCENE(a_removed_meters_totals_are_cleared),
		IN_SCENE(what_is_gone_is_remembered_while_the_broker_is_away),
		IN_SCENE(a_meter_removed_while_the_gateway_stood_still_is_cleared_too),
		IN_SCENE(a_new_connection_is_told_everything_again),
		IN_SCENE(without_a_known_time_nothing_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
