/* SPDX-License-Identifier: Apache-2.0 */
/* flag_scene.c -- flag_scene.h. */
#include "tests/fakes/flag_scene.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what a meter shows ---- */

struct flag_scene flag_scene_of(const char *text, size_t meters)
{
	struct flag_scene play = {.scene = scene_new(text), .meters = meters};

	for (size_t i = 0; i < meters; i++)
		play.mwh[i] = 100000000 + (int64_t)i;
	scene_connect(play.scene);
	return play;
}

void flag_scene_go_on(struct flag_scene *play, int64_t milliseconds)
{
	for (int64_t t = 0; t < milliseconds; t += FLAG_SCENE_POLL_MS) {
		scene_pass(play->scene, FLAG_SCENE_POLL_MS);
		for (size_t i = 0; i < play->meters; i++) {
			play->mwh[i] += play->loads[i].register_w * 1000 / 60;
			scene_reading(play->scene, (uint16_t)i, play->mwh[i],
				play->loads[i].power_w * 1000);
		}
	}
	scene_pass(play->scene, 20000); /* commits, revisions, their commits */
}

/* ---- what was published ---- */

static bool holds_flag(json_t *row, const char *flag)
{
	size_t index;
	json_t *word;
	json_array_foreach(json_object_get(row, "flags"), index, word)
	{
		if (strcmp(json_string_value(word), flag) == 0)
			return true;
	}
	return false;
}

static size_t place_of(struct flag_scene_rows *rows, const char *start)
{
	for (size_t i = 0; i < rows->count; i++)
		if (strcmp(rows->starts[i], start) == 0)
			return i;
	assert_true(rows->count < FLAG_SCENE_ROWS_MAX);
	snprintf(rows->starts[rows->count], sizeof rows->starts[0], "%s", start);
	rows->newest[rows->count].revision = -1;
	return rows->count++;
}

static void take_row(struct flag_scene_rows *rows, json_t *json, const char *flag)
{
	json_t *value = json_object_get(json, "value");
	size_t at = place_of(rows, json_string_value(json_object_get(json, "start")));
	struct flag_scene_row row = {
		.energy_mwh = json_is_null(value) ? -1 : llround(1e6 * json_number_value(value)),
		.revision = json_integer_value(json_object_get(json, "revision")),
		.flagged = holds_flag(json, flag),
		.has_readings = !json_is_null(json_object_get(json, "reading_end"))};
	snprintf(row.quality, sizeof row.quality, "%s",
		json_string_value(json_object_get(json, "quality")));
	assert_true(row.revision > rows->newest[at].revision);
	if (rows->newest[at].revision < 0)
		rows->first_energy_mwh[at] = row.energy_mwh;
	rows->revisions += row.revision > 0;
	rows->newest[at] = row;
}

struct flag_scene_rows *flag_scene_rows(
	const struct scene *scene, const char *meter, const char *flag)
{
	struct flag_scene_rows *rows = calloc(1, sizeof *rows);
	assert_non_null(rows);
	for (size_t i = 0; i < scene->count; i++) {
		size_t index;
		json_t *json;
		if (strstr(scene->publications[i].topic, "/intervals") == NULL)
			continue;
		json_array_foreach(
			json_object_get(scene->publications[i].payload, "rows"), index, json)
		{
			const char *quantity = json_string_value(json_object_get(json, "quantity"));
			if (strcmp(json_string_value(json_object_get(json, "meter")), meter) == 0 &&
				strcmp(quantity, "volume") != 0)
				take_row(rows, json, flag);
		}
	}
	assert_true(rows->count > 0);
	return rows;
}

size_t flag_scene_flagged(const struct scene *scene, const char *meter, const char *flag)
{
	struct flag_scene_rows *rows = flag_scene_rows(scene, meter, flag);
	size_t count = 0;
	for (size_t i = 0; i < rows->count; i++) {
		count += rows->newest[i].flagged;
		if (rows->newest[i].energy_mwh != -1)
			assert_int_equal(rows->newest[i].energy_mwh, rows->first_energy_mwh[i]);
	}
	free(rows);
	return count;
}

size_t flag_scene_intervals(const struct scene *scene, const char *meter)
{
	struct flag_scene_rows *rows = flag_scene_rows(scene, meter, "spike");
	size_t count = rows->count;
	free(rows);
	return count;
}

size_t flag_scene_events(const struct scene *scene, const char *kind, const char *part)
{
	size_t count = 0;
	for (size_t i = 0; i < scene->count; i++) {
		size_t index;
		json_t *row;
		if (strstr(scene->publications[i].topic, "/events") == NULL)
			continue;
		json_array_foreach(
			json_object_get(scene->publications[i].payload, "rows"), index, row)
		{
			count += strcmp(json_string_value(json_object_get(row, "kind")), kind) ==
					 0 &&
				 strstr(json_string_value(json_object_get(row, "text")), part) !=
					 NULL;
		}
	}
	return count;
}
