/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline_scene.c -- What tests of the heart play in.
 */
#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/newest_intervals.h"
#include "gateway/pipeline_state.h"
#include "tests/fakes/pipeline_scene.h"

enum { NOT_AUTHORIZED = 135 }; /* MQTT 5, table 2-6 */

const int64_t scene_start_wall_ms = 1763888400000; /* 2025-11-23T09:00:00Z, a boundary */

const char *const scene_two_meters =
	"site: {city: drammen, id: school}\n"
	"gateway: {id: main, clock: trust}\n"
	"broker: {host: localhost, tls: no}\n"
	"intervals: {live: 10 s}\n"
	"buses: [{id: cellar, port: /dev/ttyUSB0}]\n"
	"meters:\n"
	"- {id: kitchen, bus: cellar, address: 7, model: eastron-sdm120, quantities: "
	"[active_energy_import, active_power]}\n"
	"- {id: hall, bus: cellar, address: 8, model: eastron-sdm120, quantities: "
	"[active_energy_import, active_power]}\n";

/* ---- the link ---- */

static enum link_status publish(void *context, const struct mqtt_publication *publication)
{
	struct scene *scene = context;
	if (!scene->link_up)
		return LINK_NOT_CONNECTED;
	if (scene->link_busy)
		return LINK_BUSY;
	assert_true(scene->count < SCENE_PUBLICATIONS_MAX);
	json_error_t error;
	json_t *payload = publication->length == 0 ? NULL
						   : json_loadb(publication->payload,
							     publication->length, 0, &error);
	assert_true(payload != NULL || publication->length == 0);
	scene->publications[scene->count++] =
		(struct published){.topic = strdup(publication->topic),
			.payload = payload,
			.length = publication->length,
			.qos = publication->qos,
			.retain = publication->retain,
			.expiry_s = publication->expiry_s,
			.tag = publication->tag};
	return LINK_OK;
}

static void say(void *context, enum log_level level, const char *text)
{
	struct scene *scene = context;
	(void)level;
	assert_true(scene->said_count < SCENE_SAID_MAX);
	snprintf(scene->said[scene->said_count++], sizeof scene->said[0], "%s", text);
}

static const struct pipeline_ops ops = {.publish = publish, .say = say};

void scene_connect(struct scene *scene)
{
	struct link_event event = {.kind = LINK_CONNECTED, .receive_maximum = 20};
	scene->link_up = true;
	scene->acknowledged = scene->count; /* what was under way is lost */
	pipeline_link(scene->pipeline, &event, &scene->now);
}

void scene_cut(struct scene *scene)
{
	struct link_event event = {.kind = LINK_DISCONNECTED, .text = "connection lost"};
	scene->link_up = false;
	pipeline_link(scene->pipeline, &event, &scene->now);
}

/* The broker's answer to all it was given so far. */
void scene_acknowledge(struct scene *scene)
{
	for (; scene->acknowledged < scene->count; scene->acknowledged++) {
		const struct published *published = &scene->publications[scene->acknowledged];
		bool refused = scene->refused_topic != NULL &&
			       strstr(published->topic, scene->refused_topic) != NULL;
		struct link_event event = {.kind = LINK_ACKNOWLEDGED,
			.tag = published->tag,
			.reason = refused ? NOT_AUTHORIZED : 0};
		if (published->qos > 0)
			pipeline_link(scene->pipeline, &event, &scene->now);
	}
}

void scene_hear(struct scene *scene, const char *topic, const char *payload, bool retained)
{
	char own_topic[TOPIC_BYTES_MAX], own_payload[SCENE_WORD_MAX];
	snprintf(own_topic, sizeof own_topic, "%s", topic);
	snprintf(own_payload, sizeof own_payload, "%s", payload);
	struct link_event event = {.kind = LINK_MESSAGE,
		.topic = own_topic,
		.payload = own_payload,
		.length = strlen(own_payload),
		.retain = retained};
	pipeline_link(scene->pipeline, &event, &scene->now);
}

/* ---- the scene ---- */

void scene_open_pipeline(struct scene *scene)
{
	struct store_opening opening;
	struct pipeline_settings settings = {
		.ops = &ops,
		.context = scene,
		.store = {.directory = scene->directory,
			  .bytes_max = 64 << 20,
			  .now_wall_ms = scene->now.wall_ms,
			  .machine_id = "7e57"},
		.boot = scene->boot,
		.run = scene->run,
		.earliest_wall_ms = scene->earliest_wall_ms,
		.trust_clock = scene->loaded->config->clock == CONFIG_CLOCK_TRUST
        };
	assert_int_equal(
		pipeline_open(&settings, &scene->now, &scene->pipeline, &opening), STORE_OK);
	assert_true(pipeline_take_site(
		scene->pipeline, scene->loaded->site, &scene->now, scene->loaded->slots));
}

struct loaded_site *scene_site(const char *text)
{
	struct diagnostics diagnostics = {0};
	struct site_config *config = NULL;
	struct loaded_site *loaded = NULL;
	bool good = site_config_read_text("test", text, &diagnostics, &config) &&
		    loaded_site_make(config, &diagnostics, &loaded);
	if (!good)
		diagnostics_print(&diagnostics, stderr, false);
	assert_true(good);
	diagnostics_clear(&diagnostics);
	return loaded;
}

struct scene *scene_new(const char *text)
{
	struct scene *scene = calloc(1, sizeof *scene);
	assert_non_null(scene);
	scene->broker_answers = true;
	scene->now = (struct clock_observation){.mono_ms = 5000, .wall_ms = scene_start_wall_ms};
	snprintf(scene->directory, sizeof scene->directory, "/tmp/byport-pipeline-XXXXXX");
	assert_non_null(mkdtemp(scene->directory));
	scene->loaded = scene_site(text);
	scene_open_pipeline(scene);
	return scene;
}

void scene_forget_store(struct scene *scene)
{
	DIR *directory = opendir(scene->directory);
	for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
		char path[512];
		snprintf(path, sizeof path, "%s/%s", scene->directory, entry->d_name);
		if (entry->d_name[0] != '.')
			unlink(path);
	}
	closedir(directory);
}

void scene_end(struct scene *scene)
{
	pipeline_close(scene->pipeline);
	loaded_site_release(scene->loaded);
	for (size_t i = 0; i < scene->count; i++) {
		free(scene->publications[i].topic);
		json_decref(scene->publications[i].payload);
	}
	scene_forget_store(scene);
	assert_int_equal(rmdir(scene->directory), 0);
	free(scene);
}

void scene_pass(struct scene *scene, int64_t milliseconds)
{
	while (milliseconds > 0) {
		int64_t step = milliseconds < 1000 ? milliseconds : 1000;
		scene->now.mono_ms += step;
		scene->now.wall_ms += step;
		milliseconds -= step;
		pipeline_step(scene->pipeline, &scene->now);
		if (scene->link_up && scene->broker_answers)
			scene_acknowledge(scene);
	}
}

void scene_report(struct scene *scene, const struct worker_report *report)
{
	struct pipeline_source source = {
		.site = scene->loaded->site, .bus = 0, .slots = scene->loaded->slots};
	pipeline_report(scene->pipeline, &source, report, &scene->now);
}

/* The meter shows `mwh`, and draws `mw`. */
void scene_reading(struct scene *scene, uint16_t meter, int64_t mwh, int64_t mw)
{
	struct sample samples[] = {
		{.meter = meter,
                 .quantity = QUANTITY_ACTIVE_ENERGY_IMPORT,
                 .value = mwh,
                 .read_mono_ms = scene->now.mono_ms},
		{.meter = meter,
                 .quantity = QUANTITY_ACTIVE_POWER,
                 .value = mw,
                 .read_mono_ms = scene->now.mono_ms},
	};
	struct worker_report samples_report = {
		.kind = REPORT_SAMPLES, .device = meter, .samples = samples, .samples_count = 2};
	scene_report(scene, &samples_report);
}

/* Poll both meters every 10 s for a while; they draw 3.6 kW: 10 Wh in 10 s. */
void scene_live_on(struct scene *scene, int64_t milliseconds, int64_t *mwh)
{
	for (int64_t t = 0; t < milliseconds; t += 10000) {
		scene_pass(scene, 10000);
		*mwh += 10000;
		scene_reading(scene, 0, *mwh, 3600000);
		scene_reading(scene, 1, 2 * *mwh, 7200000);
	}
}

/* ---- what was published, and said ---- */

const struct published *scene_last_on(const struct scene *scene, const char *topic)
{
	char whole[200];
	snprintf(whole, sizeof whole, "byport/1/drammen/school/main/%s", topic);
	for (size_t i = scene->count; i-- > 0;)
		if (strcmp(scene->publications[i].topic, whole) == 0)
			return &scene->publications[i];
	return NULL;
}

size_t scene_times_said(const struct scene *scene, const char *part)
{
	size_t times = 0;
	for (size_t i = 0; i < scene->said_count; i++)
		times += strstr(scene->said[i], part) != NULL;
	return times;
}

/* All messages of a stream follow on from each other, from the first row on. */
void scene_assert_contiguous(const struct scene *scene, const char *stream)
{
	int64_t through = 0;
	for (size_t i = 0; i < scene->count; i++) {
		json_t *payload = scene->publications[i].payload;
		const char *own = json_string_value(json_object_get(payload, "stream"));
		if (own == NULL || strcmp(own, stream) != 0)
			continue;
		int64_t after = json_integer_value(json_object_get(payload, "after"));
		assert_int_equal(after, through);
		through = json_integer_value(json_object_get(payload, "through"));
		assert_true(through > after);
	}
	assert_true(through > 0);
}

/* Sum of a meter's energy over all intervals published, in mWh; *ret_count of those with one. */
int64_t scene_energy(const struct scene *scene, const char *meter, size_t *ret_count)
{
	int64_t sum = 0;
	*ret_count = 0;
	for (size_t i = 0; i < scene->count; i++) {
		size_t index;
		json_t *row;
		json_t *payload = scene->publications[i].payload;
		if (strstr(scene->publications[i].topic, "/intervals") == NULL)
			continue;
		json_array_foreach(json_object_get(payload, "rows"), index, row)
		{
			const char *own = json_string_value(json_object_get(row, "meter"));
			json_t *energy = json_object_get(row, "value");
			if (strcmp(own, meter) != 0 || !json_is_number(energy))
				continue;
			sum += llround(1e6 * json_number_value(energy));
			(*ret_count)++;
		}
	}
	return sum;
}

int64_t scene_smallest_trend(const struct scene *scene, const char *meter)
{
	int64_t smallest = INT64_MAX;
	bool first = true;
	for (size_t i = 0; i < scene->count; i++) {
		size_t index;
		json_t *row;
		json_t *payload = scene->publications[i].payload;
		if (strstr(scene->publications[i].topic, "/trends") == NULL)
			continue;
		json_array_foreach(json_object_get(payload, "rows"), index, row)
		{
			int64_t count = json_integer_value(json_object_get(row, "count"));
			if (strcmp(json_string_value(json_object_get(row, "meter")), meter) != 0)
				continue;
			if (!first && count < smallest)
				smallest = count;
			first = false;
		}
	}
	assert_true(smallest < INT64_MAX);
	return smallest;
}

size_t scene_count_events(const struct scene *scene, const char *kind)
{
	size_t count = 0;
	for (size_t i = 0; i < scene->count; i++) {
		json_t *row;
		size_t index;
		if (strstr(scene->publications[i].topic, "/events") == NULL)
			continue;
		json_array_foreach(
			json_object_get(scene->publications[i].payload, "rows"), index, row)
		{
			const char *own = json_string_value(json_object_get(row, "kind"));
			count += strcmp(own, kind) == 0;
		}
	}
	return count;
}

bool scene_has_event(const struct scene *scene, const char *kind)
{
	return scene_count_events(scene, kind) > 0;
}

static bool none_is_coarse(void *context, const struct coarse_interval *row)
{
	(void)context, (void)row;
	fail();
	return false;
}

void scene_visit_rows(const struct scene *scene, store_visitor *visit, void *context)
{
	const struct newest_visitors visitors = {visit, none_is_coarse, context};
	assert_true(newest_intervals_visit(scene->pipeline->store, 0, &visitors));
}

int scene_set_up_lived_hour(void **state)
{
	struct scene *scene = scene_new(scene_two_meters);
	int64_t mwh = 0;
	scene_connect(scene);
	scene_live_on(scene, 4 * INTERVAL_MS, &mwh);
	scene_pass(scene, MINUTE_MS);
	*state = scene;
	return 0;
}

int scene_tear_down(void **state)
{
	scene_end(*state);
	return 0;
}
