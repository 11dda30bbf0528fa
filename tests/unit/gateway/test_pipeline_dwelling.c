/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_pipeline_dwelling.c -- A dwelling's meter: nothing finer than a day leaves
 * the gateway, on whatever topic, and nothing is lost or overlaps when a meter
 * becomes a dwelling's or ceases to be one.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/pipeline_state.h"
#include "tests/fakes/pipeline_scene.h"

enum { HOUR_MS = 3600000, DAY_S = 86400, ROWS_MAX = 1000 };

static const int64_t day_ms = 86400000;

/* The flat stands by itself; the hall does not. The scene begins at 09:00 UTC, 10:00 in Oslo. */
static const char *const form =
	"site: {city: drammen, id: school, timezone: Europe/Oslo}\n"
	"gateway: {id: main, clock: trust}\n"
	"broker: {host: localhost, tls: no}\n"
	"intervals: {live: 1 h, health: 1 h, trends: 1 h, slow: 60 s, fast: 60 s}\n"
	"buses: [{id: cellar, port: /dev/ttyUSB0}]\n"
	"meters:\n"
	"- {id: flat, bus: cellar, address: 7, model: eastron-sdm120, dwelling: %s, use: "
	"equipment, quantities: [active_energy_import, active_power]}\n"
	"- {id: hall, bus: cellar, address: 8, model: eastron-sdm120, use: lighting, quantities: "
	"[active_energy_import, active_power]}\n";

struct home {
	struct scene *scene;
	int64_t mwh; /* of the flat; the hall counts twice that */
	char text[1200];
};

static struct home *home_new(const char *dwelling)
{
	struct home *home = calloc(1, sizeof *home);
	assert_non_null(home);
	snprintf(home->text, sizeof home->text, form, dwelling);
	home->scene = scene_new(home->text);
	home->mwh = 48213000000;
	scene_connect(home->scene);
	return home;
}

static void home_end(struct home *home)
{
	scene_end(home->scene);
	free(home);
}

static void show(struct home *home)
{
	scene_reading(home->scene, 0, home->mwh, 6000000);
	scene_reading(home->scene, 1, 2 * home->mwh, 12000000);
}

/* Read every minute; the flat counts 100 Wh in each, and a step more in every seventh. */
static void live_on(struct home *home, int64_t milliseconds)
{
	for (int64_t t = 0; t < milliseconds; t += MINUTE_MS) {
		scene_pass(home->scene, MINUTE_MS);
		home->mwh += 100000 + (t / MINUTE_MS % 7 == 0);
		show(home);
	}
}

static int64_t midnight(const struct home *home, int64_t days)
{
	return (home->scene->now.wall_ms / day_ms + days) * day_ms;
}

static void live_until(struct home *home, int64_t wall_ms)
{
	live_on(home, wall_ms - home->scene->now.wall_ms);
	assert_int_equal(home->scene->now.wall_ms, wall_ms);
}

static void reload(struct home *home, const char *dwelling)
{
	struct loaded_site *before = home->scene->loaded;
	snprintf(home->text, sizeof home->text, form, dwelling);
	home->scene->loaded = scene_site(home->text);
	assert_true(pipeline_take_site(home->scene->pipeline, home->scene->loaded->site,
		&home->scene->now, home->scene->loaded->slots));
	loaded_site_release(before);
}

static void restart(struct home *home)
{
	home->scene->pipeline = pipeline_close(home->scene->pipeline);
	scene_open_pipeline(home->scene);
	scene_connect(home->scene);
}

/* ---- the flat's rows in the store ---- */

struct rows {
	const struct store *store;
	struct interval_row items[ROWS_MAX];
	size_t count;
};

static bool take(void *context, const struct interval_row *row)
{
	struct rows *rows = context;
	const char *meter;
	enum quantity quantity;
	assert_true(store_series_info(rows->store, row->series, &meter, &quantity));
	if (strcmp(meter, "flat") != 0)
		return true;
	assert_true(rows->count < ROWS_MAX);
	rows->items[rows->count++] = *row;
	return true;
}

static int by_start(const void *a, const void *b)
{
	const struct interval_row *left = a, *right = b;
	return left->start_wall_ms < right->start_wall_ms ? -1 : 1;
}

/* Newest rows in order of time, each where the one before ended; the sum is the register's. */
static struct rows *rows_of(struct home *home)
{
	struct rows *rows = calloc(1, sizeof *rows);
	int64_t sum = 0;
	assert_non_null(rows);
	pipeline_commit(home->scene->pipeline);
	rows->store = home->scene->pipeline->store;
	scene_visit_rows(home->scene, take, rows);
	qsort(rows->items, rows->count, sizeof rows->items[0], by_start);
	assert_true(rows->count > 0);
	for (size_t i = 0; i < rows->count; i++) {
		const struct interval_row *row = &rows->items[i];
		assert_true(interval_has_value(row) && row->has_readings);
		assert_int_equal(row->energy, row->reading_end - row->reading_start);
		assert_true(i == 0 || row->start_wall_ms == row[-1].end_wall_ms);
		assert_true(i == 0 || row->reading_start == row[-1].reading_end);
		sum += row->energy;
	}
	assert_int_equal(
		sum, rows->items[rows->count - 1].reading_end - rows->items[0].reading_start);
	return rows;
}

static int64_t length_of(const struct interval_row *row)
{
	return row->end_wall_ms - row->start_wall_ms;
}

/* ---- what was published ---- */

static bool has_digit_unit(const char *text)
{
	return strstr(text, "Wh") != NULL || strpbrk(text, "0123456789") != NULL;
}

static void assert_row_is_coarse(const char *topic, json_t *row)
{
	const char *meter = json_string_value(json_object_get(row, "meter"));
	if (meter == NULL || strcmp(meter, "flat") != 0)
		return;
	assert_null(strstr(topic, "/trends"));
	if (strstr(topic, "/events") != NULL) {
		assert_true(json_is_null(json_object_get(row, "amount")));
		assert_false(has_digit_unit(json_string_value(json_object_get(row, "text"))));
		return;
	}
	assert_non_null(strstr(json_string_value(json_object_get(row, "start")), "T00:00:00Z"));
	assert_non_null(strstr(json_string_value(json_object_get(row, "end")), "T00:00:00Z"));
}

/* Nothing of the flat by less than a day, from publication `from` on. */
static void assert_all_is_coarse(const struct home *home, size_t from)
{
	for (size_t i = from; i < home->scene->count; i++) {
		const struct published *published = &home->scene->publications[i];
		const char *topic = published->topic + strlen(SCENE_ROOT);
		json_t *row;
		size_t index;
		bool is_cleared = published->payload == NULL;
		assert_true(is_cleared || strcmp(topic, "live/flat") != 0);
		assert_true(is_cleared || strcmp(topic, "totals/meter-flat/day") != 0);
		assert_true(is_cleared || strcmp(topic, "totals/gateway/day") != 0);
		assert_true(is_cleared || strcmp(topic, "totals/use-equipment/day") != 0);
		if (strncmp(topic, "totals/", 7) == 0)
			continue;
		json_array_foreach(json_object_get(published->payload, "rows"), index, row)
			assert_row_is_coarse(published->topic, row);
	}
}

static void nothing_finer_than_a_day_leaves_the_gateway(void **state)
{
	(void)state;
	struct home *home = home_new("yes");
	int64_t at_midnight[3];
	show(home);
	for (size_t i = 0; i < 3; i++) {
		live_until(home, midnight(home, 1));
		at_midnight[i] = home->mwh;
	}
	live_on(home, 90 * MINUTE_MS);
	assert_all_is_coarse(home, 0);
	scene_assert_contiguous(home->scene, "energy");
	struct rows *rows = rows_of(home);
	assert_int_equal(rows->count, 2);
	for (size_t i = 0; i < rows->count; i++) {
		assert_int_equal(length_of(&rows->items[i]), day_ms);
		assert_int_equal(rows->items[i].quality, QUALITY_MEASURED);
		assert_int_equal(rows->items[i].energy, at_midnight[i + 1] - at_midnight[i]);
	}
	size_t count;
	assert_true(scene_energy(home->scene, "hall", &count) > 0);
	assert_true(count > 200);
	json_t *about = scene_last_on(home->scene, "about")->payload;
	json_t *meters = json_object_get(about, "meters");
	assert_true(json_is_true(json_object_get(json_array_get(meters, 0), "dwelling")));
	assert_null(json_object_get(json_array_get(meters, 1), "dwelling"));
	free(rows);
	home_end(home);
}

static json_t *month_of(const struct home *home, const char *scope)
{
	char topic[80];
	snprintf(topic, sizeof topic, "totals/%s/month", scope);
	assert_non_null(scene_last_on(home->scene, topic));
	return scene_last_on(home->scene, topic)->payload;
}

static int64_t energy_in(json_t *object)
{
	json_t *energy = json_object_get(object, "energy");
	assert_true(json_is_number(energy));
	return llround(1e6 * json_number_value(energy));
}

static void totals_it_takes_part_in_go_through_the_last_whole_day(void **state)
{
	(void)state;
	struct home *home = home_new("yes");
	show(home);
	live_until(home, midnight(home, 2));
	live_on(home, 90 * MINUTE_MS); /* 02:30 in Oslo, on the 25th */
	json_t *flat = month_of(home, "meter-flat");
	assert_string_equal(
		json_string_value(json_object_get(flat, "through")), "2025-11-24T23:00:00Z");
	assert_null(json_object_get(flat, "peaks"));
	json_t *days = json_object_get(flat, "rows");
	assert_int_equal(json_array_size(days), 24);
	struct rows *rows = rows_of(home);
	assert_int_equal(energy_in(json_array_get(days, 23)), rows->items[0].energy);
	assert_true(json_number_value(json_object_get(json_array_get(days, 23), "coverage")) == 1);
	json_t *gateway = json_object_get(month_of(home, "gateway"), "rows");
	assert_int_equal(json_array_size(gateway), 24);
	assert_int_equal(energy_in(json_array_get(gateway, 23)),
		energy_in(
			json_array_get(json_object_get(month_of(home, "meter-hall"), "rows"), 23)) +
			rows->items[0].energy);
	assert_non_null(scene_last_on(home->scene, "totals/meter-hall/day")->payload);
	free(rows);
	home_end(home);
}

static void what_becomes_a_dwellings_does_so_at_the_next_utc_midnight(void **state)
{
	(void)state;
	struct home *home = home_new("no");
	show(home);
	live_on(home, 90 * MINUTE_MS);
	assert_non_null(scene_last_on(home->scene, "live/flat")->payload);
	reload(home, "yes");
	size_t from = home->scene->count;
	live_on(home, 90 * MINUTE_MS);
	assert_null(scene_last_on(home->scene, "live/flat")->payload); /* cleared at once */
	assert_true(scene_last_on(home->scene, "live/flat")->retain);
	assert_null(scene_last_on(home->scene, "totals/meter-flat/day")->payload);
	for (size_t i = from; i < home->scene->count; i++)
		assert_true(strstr(home->scene->publications[i].topic, "/live/flat") == NULL ||
			    home->scene->publications[i].payload == NULL);
	restart(home);
	int64_t first = midnight(home, 1);
	live_until(home, first);
	restart(home);
	show(home);
	live_on(home, 3 * HOUR_MS);
	restart(home);
	from = home->scene->count;
	live_until(home, first + 2 * day_ms);
	live_on(home, 10 * MINUTE_MS);
	assert_all_is_coarse(home, from);
	struct rows *rows = rows_of(home);
	for (size_t i = 0; i < rows->count; i++)
		assert_int_equal(length_of(&rows->items[i]),
			rows->items[i].start_wall_ms < first ? INTERVAL_MS : day_ms);
	assert_int_equal(rows->items[rows->count - 1].end_wall_ms, first + 2 * day_ms);
	assert_int_equal(rows->items[0].start_wall_ms, scene_start_wall_ms);
	free(rows);
	home_end(home);
}

/* The first day is in no row yet. */
static void a_restart_on_its_first_day_loses_nothing(void **state)
{
	(void)state;
	struct home *home = home_new("yes");
	show(home);
	int64_t first = midnight(home, 1);
	live_until(home, first);
	int64_t begun = home->mwh;
	live_on(home, 5 * HOUR_MS);
	restart(home);
	live_on(home, 5 * HOUR_MS);
	restart(home);
	live_until(home, first + day_ms);
	int64_t ended = home->mwh;
	live_on(home, 10 * MINUTE_MS);
	struct rows *rows = rows_of(home);
	assert_int_equal(rows->count, 1);
	assert_int_equal(rows->items[0].start_wall_ms, first);
	assert_int_equal(rows->items[0].energy, ended - begun);
	assert_int_equal(rows->items[0].quality, QUALITY_MEASURED);
	free(rows);
	home_end(home);
}

/* A dwelling for a day and five hours, and then for an hour none. */
static struct home *home_that_ceased(int64_t *ret_first_wall_ms)
{
	struct home *home = home_new("yes");
	show(home);
	*ret_first_wall_ms = midnight(home, 1);
	live_until(home, *ret_first_wall_ms + day_ms + 5 * HOUR_MS);
	reload(home, "no");
	live_on(home, HOUR_MS);
	return home;
}

static void what_is_no_dwellings_any_more_is_finer_from_the_next_utc_midnight(void **state)
{
	(void)state;
	int64_t first;
	struct home *home = home_that_ceased(&first);
	restart(home);
	live_until(home, first + 2 * day_ms);
	show(home);
	live_on(home, 10 * MINUTE_MS);
	restart(home); /* the first finer one is open */
	live_on(home, 10 * HOUR_MS);
	struct rows *rows = rows_of(home);
	assert_int_equal(rows->items[0].start_wall_ms, first);
	for (size_t i = 0; i < rows->count; i++) {
		assert_int_equal(length_of(&rows->items[i]), i < 2 ? day_ms : INTERVAL_MS);
		assert_int_equal(rows->items[i].quality, QUALITY_MEASURED);
	}
	assert_true(rows->count > 2 + 39);
	assert_non_null(scene_last_on(home->scene, "live/flat")->payload);
	free(rows);
	home_end(home);
}

/* Off and on again within a day: it never was another one. */
static void a_slip_of_the_configuration_leaves_the_day_whole(void **state)
{
	(void)state;
	int64_t first;
	struct home *home = home_that_ceased(&first);
	reload(home, "yes");
	live_until(home, first + 2 * day_ms);
	live_on(home, 10 * MINUTE_MS);
	struct rows *rows = rows_of(home);
	assert_int_equal(rows->count, 2);
	assert_int_equal(length_of(&rows->items[1]), day_ms);
	free(rows);
	home_end(home);
}

static void what_happens_to_it_is_told_without_figures_and_time_of_day(void **state)
{
	(void)state;
	struct home *home = home_new("yes");
	show(home);
	live_on(home, 30 * HOUR_MS);
	scene_pass(home->scene, MINUTE_MS);
	scene_reading(home->scene, 0, 0, 6000000); /* noise: a zero between two readings */
	live_on(home, HOUR_MS);
	scene_pass(home->scene, MINUTE_MS);
	home->mwh = 1000; /* another device, or a reset */
	live_on(home, 48 * HOUR_MS);
	assert_true(scene_has_event(home->scene, "energy_withheld"));
	assert_true(scene_has_event(home->scene, "counter_rejected"));
	size_t seen = 0;
	for (size_t i = 0; i < home->scene->count; i++) {
		size_t index;
		json_t *row;
		const struct published *published = &home->scene->publications[i];
		if (strstr(published->topic, "/events") == NULL)
			continue;
		json_array_foreach(json_object_get(published->payload, "rows"), index, row)
		{
			const char *kind = json_string_value(json_object_get(row, "kind"));
			const char *meter = json_string_value(json_object_get(row, "meter"));
			if (meter == NULL || strcmp(meter, "flat") != 0 ||
				(strcmp(kind, "energy_withheld") != 0 &&
					strcmp(kind, "counter_rejected") != 0))
				continue;
			assert_row_is_coarse(published->topic, row);
			assert_non_null(strstr(
				json_string_value(json_object_get(row, "at")), "T00:00:00Z"));
			seen++;
		}
	}
	assert_true(seen >= 2);
	home_end(home);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_finer_than_a_day_leaves_the_gateway),
		cmocka_unit_test(totals_it_takes_part_in_go_through_the_last_whole_day),
		cmocka_unit_test(what_becomes_a_dwellings_does_so_at_the_next_utc_midnight),
		cmocka_unit_test(a_restart_on_its_first_day_loses_nothing),
		cmocka_unit_test(what_is_no_dwellings_any_more_is_finer_from_the_next_utc_midnight),
		cmocka_unit_test(a_slip_of_the_configuration_leaves_the_day_whole),
		cmocka_unit_test(what_happens_to_it_is_told_without_figures_and_time_of_day),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
