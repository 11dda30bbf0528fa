/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settle_scene.c -- What tests of settling, of scales and of devices play in.
 */
#include "tests/fakes/settle_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/json_instant.h"

static const char *const file_names[] = {"store.db", "store.db-wal"};
enum { FILES = sizeof file_names / sizeof file_names[0] };

char *settle_scene_text(const char *kitchen, const char *hall)
{
	char *text = NULL;
	assert_true(
		asprintf(&text,
			"site: {city: drammen, id: school, timezone: UTC}\n"
			"gateway: {id: main, clock: trust}\n"
			"broker: {host: localhost, tls: no}\n"
			"intervals: {live: 10 s}\n"
			"buses: [{id: cellar, port: /dev/ttyUSB0, baud: 9600}]\n"
			"meters:\n"
			"- {id: kitchen, bus: cellar, address: 7, model: eastron-sdm120, "
			"quantities: "
			"[active_energy_import, active_power]%s}\n"
			"- {id: hall, bus: cellar, address: 8, model: eastron-sdm120, quantities: "
			"[active_energy_import, active_power]%s}\n",
			kitchen, hall) > 0);
	return text;
}

struct settle_scene *settle_scene_new(const char *kitchen, const char *hall)
{
	struct settle_scene *settle = calloc(1, sizeof *settle);
	char *text = settle_scene_text(kitchen, hall);
	assert_non_null(settle);
	settle->scene = scene_new(text);
	settle->mwh[KITCHEN] = 1500000000;
	settle->mwh[HALL] = 3000000000;
	settle->step[KITCHEN] = 10000;
	settle->step[HALL] = 20000;
	free(text);
	return settle;
}

void settle_scene_end(struct settle_scene *settle)
{
	scene_end(settle->scene);
	free(settle);
}

void settle_scene_poll(struct settle_scene *settle, int64_t milliseconds)
{
	for (int64_t t = 0; t < milliseconds; t += 10000) {
		scene_pass(settle->scene, 10000);
		for (uint16_t i = 0; i < STANDS; i++) {
			settle->mwh[i] += settle->step[i];
			scene_reading(settle->scene, i, settle->mwh[i], settle->step[i] * 360);
		}
	}
}

void settle_scene_silence(struct settle_scene *settle, int64_t milliseconds)
{
	struct scene *scene = settle->scene;
	for (int64_t t = 0; t < milliseconds; t += MINUTE_MS) {
		scene->now.mono_ms += MINUTE_MS;
		scene->now.wall_ms += MINUTE_MS;
		pipeline_step(scene->pipeline, &scene->now);
		if (scene->link_up && scene->broker_answers)
			scene_acknowledge(scene);
	}
}

void settle_scene_serial(struct settle_scene *settle, uint16_t device, const char *serial)
{
	struct worker_report report = {
		.kind = REPORT_SERIAL_NUMBER, .device = device, .serial_number = serial};
	scene_report(settle->scene, &report);
}

/* ---- ends and beginnings ---- */

void settle_scene_restart(struct settle_scene *settle, const char *kitchen, const char *hall)
{
	struct scene *scene = settle->scene;
	char *text = settle_scene_text(kitchen, hall);
	scene->pipeline = pipeline_close(scene->pipeline);
	loaded_site_release(scene->loaded);
	scene->loaded = scene_site(text);
	scene_open_pipeline(scene);
	free(text);
}

static char *read_file(const char *path, size_t *ret_length)
{
	FILE *file = fopen(path, "rb");
	char *bytes = NULL;
	*ret_length = 0;
	if (file == NULL)
		return NULL;
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	*ret_length = (size_t)ftell(file);
	rewind(file);
	bytes = malloc(*ret_length + 1);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, *ret_length, file), *ret_length);
	fclose(file);
	return bytes;
}

static void write_file(const char *path, const char *bytes, size_t length)
{
	if (bytes == NULL) {
		unlink(path);
		return;
	}
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

/* The files as a power cut leaves them; closing the store would commit what waits. */
void settle_scene_kill(struct settle_scene *settle)
{
	struct scene *scene = settle->scene;
	char paths[FILES][128], *bytes[FILES], shared[128];
	size_t lengths[FILES];
	for (size_t i = 0; i < FILES; i++) {
		snprintf(paths[i], sizeof paths[i], "%s/%s", scene->directory, file_names[i]);
		bytes[i] = read_file(paths[i], &lengths[i]);
	}
	scene->pipeline = pipeline_close(scene->pipeline);
	for (size_t i = 0; i < FILES; i++) {
		write_file(paths[i], bytes[i], lengths[i]);
		free(bytes[i]);
	}
	snprintf(shared, sizeof shared, "%s/store.db-shm", scene->directory);
	unlink(shared);
	scene_open_pipeline(scene);
}

bool settle_scene_reload(struct settle_scene *settle, const char *kitchen, const char *hall,
	struct diagnostics *diagnostics)
{
	struct scene *scene = settle->scene;
	char *text = settle_scene_text(kitchen, hall);
	struct loaded_site *after = scene_site(text);
	free(text);
	pipeline_check_site(scene->pipeline, after->site, &scene->now, diagnostics);
	if (diagnostics->errors > 0) {
		loaded_site_release(after);
		return false;
	}
	assert_true(pipeline_take_site(scene->pipeline, after->site, &scene->now, after->slots));
	loaded_site_release(scene->loaded);
	scene->loaded = after;
	return true;
}

/* ---- what is in the store ---- */

static bool take_row(void *context, const struct interval_row *row)
{
	struct settle_scene *settle = context;
	assert_true(settle->rows_count < SETTLE_SCENE_ROWS_MAX);
	settle->rows[settle->rows_count++] = *row;
	return true;
}

void settle_scene_read(struct settle_scene *settle, const char *meter)
{
	struct pipeline *pipeline = settle->scene->pipeline;
	struct store_range range = {
		store_series(pipeline->store, meter, QUANTITY_ACTIVE_ENERGY_IMPORT, NULL), 0,
		INT64_MAX};
	settle->rows_count = 0;
	pipeline_commit(pipeline);
	assert_int_equal(
		store_newest_intervals(pipeline->store, &range, take_row, settle), STORE_OK);
}

const struct interval_row *settle_scene_row(
	struct settle_scene *settle, const char *meter, int minutes)
{
	settle_scene_read(settle, meter);
	for (size_t i = 0; i < settle->rows_count; i++)
		if (settle->rows[i].start_wall_ms ==
			scene_start_wall_ms + (int64_t)minutes * MINUTE_MS)
			return &settle->rows[i];
	fail_msg("no row of %s begins %d minutes after the start", meter, minutes);
	return NULL;
}

int64_t settle_scene_sum(const struct settle_scene *settle, size_t *ret_nulls)
{
	int64_t sum = 0;
	*ret_nulls = 0;
	for (size_t i = 0; i < settle->rows_count; i++) {
		const struct interval_row *row = &settle->rows[i];
		bool has_value =
			row->quality == QUALITY_MEASURED || row->quality == QUALITY_ESTIMATED;
		sum += has_value ? row->energy : 0;
		*ret_nulls += !has_value;
	}
	return sum;
}

bool settle_scene_event(struct settle_scene *settle, enum event_kind kind,
	struct event_row *ret_event, size_t *ret_count)
{
	struct pipeline *pipeline = settle->scene->pipeline;
	static struct store_row rows[PIPELINE_ROWS_A_READ];
	size_t count = 0, found = 0;
	int64_t after = 0;
	pipeline_commit(pipeline);
	do {
		assert_int_equal(store_read(pipeline->store, STREAM_ENERGY, after,
					 PIPELINE_ROWS_A_READ, rows, &count),
			STORE_OK);
		for (size_t i = 0; i < count; i++) {
			after = rows[i].kind == STORE_ROW_EVENT ? rows[i].event.id
								: rows[i].interval.id;
			if (rows[i].kind != STORE_ROW_EVENT || rows[i].event.kind != kind)
				continue;
			if (ret_event != NULL)
				*ret_event = rows[i].event;
			found++;
		}
	} while (count > 0);
	if (ret_count != NULL)
		*ret_count = found;
	return found > 0;
}

const char *settle_scene_instant(char buffer[static 32], int minutes)
{
	json_instant_print(buffer, scene_start_wall_ms + (int64_t)minutes * MINUTE_MS);
	return buffer;
}

int settle_scene_set_up(void **state)
{
	*state = settle_scene_new("", "");
	return 0;
}

int settle_scene_tear_down(void **state)
{
	settle_scene_end(*state);
	return 0;
}
