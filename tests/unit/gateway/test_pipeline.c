/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_pipeline.c -- The heart on its own: reports in, a real store, a link of
 * the test's, virtual time. What is protected: rows arrive once and in order
 * whatever the link does, energy sums to the readings' difference, nothing says
 * "ok" for ever, and people are told once.
 */
#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "gateway/pipeline.h"
#include "gateway/reload.h"

enum {
	PUBLICATIONS_MAX = 4096,
	SAID_MAX = 64,
	MINUTE_MS = 60000,
	INTERVAL_MS = 15 * MINUTE_MS,
};

static const int64_t start_wall_ms = 1763888400000; /* 2025-11-23T09:00:00Z, a boundary */

struct published {
	char *topic;
	json_t *payload; /* NULL: empty */
	uint8_t qos;
	bool retain;
	uint32_t expiry_s;
	uint32_t tag;
};

struct scene {
	char directory[64];
	struct clock_observation now;
	struct loaded_site *loaded;
	struct pipeline *pipeline;
	bool link_up;
	struct published publications[PUBLICATIONS_MAX];
	size_t count;
	size_t acknowledged; /* publications acknowledged so far */
	char said[SAID_MAX][256];
	size_t said_count;
};

static const char *const two_meters =
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
	assert_true(scene->count < PUBLICATIONS_MAX);
	json_error_t error;
	json_t *payload = publication->length == 0 ? NULL
						   : json_loadb(publication->payload,
							     publication->length, 0, &error);
	assert_true(payload != NULL || publication->length == 0);
	scene->publications[scene->count++] =
		(struct published){.topic = strdup(publication->topic),
			.payload = payload,
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
	assert_true(scene->said_count < SAID_MAX);
	snprintf(scene->said[scene->said_count++], sizeof scene->said[0], "%s", text);
}

static const struct pipeline_ops ops = {.publish = publish, .say = say};

static void connect_link(struct scene *scene)
{
	struct link_event event = {.kind = LINK_CONNECTED, .receive_maximum = 20};
	scene->link_up = true;
	scene->acknowledged = scene->count;
	pipeline_link(scene->pipeline, &event, &scene->now);
}

static void cut_link(struct scene *scene)
{
	struct link_event event = {.kind = LINK_DISCONNECTED, .text = "connection lost"};
	scene->link_up = false;
	pipeline_link(scene->pipeline, &event, &scene->now);
}

/* The broker's answer to all it was given so far; `reason` for those below a topic's end. */
static void acknowledge(struct scene *scene, const char *topic_end, uint8_t reason)
{
	for (; scene->acknowledged < scene->count; scene->acknowledged++) {
		const struct published *published = &scene->publications[scene->acknowledged];
		size_t length = strlen(published->topic), end = strlen(topic_end);
		bool matches =
			length >= end && strcmp(published->topic + length - end, topic_end) == 0;
		struct link_event event = {.kind = LINK_ACKNOWLEDGED,
			.tag = published->tag,
			.reason = matches ? reason : 0};
		if (published->qos > 0)
			pipeline_link(scene->pipeline, &event, &scene->now);
	}
}

/* ---- the scene ---- */

static void open_pipeline(struct scene *scene)
{
	struct store_opening opening;
	struct pipeline_settings settings = {
		.ops = &ops,
		.context = scene,
		.store = {.directory = scene->directory,
			  .bytes_max = 64 << 20,
			  .now_wall_ms = scene->now.wall_ms,
			  .machine_id = "test"},
		.trust_clock = scene->loaded->config->clock == CONFIG_CLOCK_TRUST
        };
	assert_int_equal(
		pipeline_open(&settings, &scene->now, &scene->pipeline, &opening), STORE_OK);
	assert_true(pipeline_take_site(
		scene->pipeline, scene->loaded->site, &scene->now, scene->loaded->slots));
}

static struct loaded_site *site_of(const char *text)
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

static struct scene *new_scene(const char *text)
{
	struct scene *scene = calloc(1, sizeof *scene);
	assert_non_null(scene);
	scene->now = (struct clock_observation){.mono_ms = 5000, .wall_ms = start_wall_ms};
	snprintf(scene->directory, sizeof scene->directory, "/tmp/byport-pipeline-XXXXXX");
	assert_non_null(mkdtemp(scene->directory));
	scene->loaded = site_of(text);
	open_pipeline(scene);
	return scene;
}

static void end_scene(struct scene *scene)
{
	pipeline_close(scene->pipeline);
	loaded_site_release(scene->loaded);
	for (size_t i = 0; i < scene->count; i++) {
		free(scene->publications[i].topic);
		json_decref(scene->publications[i].payload);
	}
	DIR *directory = opendir(scene->directory);
	for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
		char path[512];
		snprintf(path, sizeof path, "%s/%s", scene->directory, entry->d_name);
		if (entry->d_name[0] != '.')
			unlink(path);
	}
	closedir(directory);
	assert_int_equal(rmdir(scene->directory), 0);
	free(scene);
}

static int set_up(void **state)
{
	*state = new_scene(two_meters);
	return 0;
}

static int tear_down(void **state)
{
	end_scene(*state);
	return 0;
}

static void pass(struct scene *scene, int64_t milliseconds)
{
	while (milliseconds > 0) {
		int64_t step = milliseconds < 1000 ? milliseconds : 1000;
		scene->now.mono_ms += step;
		scene->now.wall_ms += step;
		milliseconds -= step;
		pipeline_step(scene->pipeline, &scene->now);
	}
}

static void report(struct scene *scene, const struct worker_report *report)
{
	struct pipeline_source source = {
		.site = scene->loaded->site, .bus = 0, .slots = scene->loaded->slots};
	pipeline_report(scene->pipeline, &source, report, &scene->now);
}

/* The meter shows `mwh`, and draws `mw`. */
static void reading(struct scene *scene, uint16_t meter, int64_t mwh, int64_t mw)
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
	report(scene, &samples_report);
}

/* Poll both meters every 10 s for a while; they draw 3.6 kW: 10 Wh in 10 s. */
static void live_on(struct scene *scene, int64_t milliseconds, int64_t *mwh)
{
	for (int64_t t = 0; t < milliseconds; t += 10000) {
		pass(scene, 10000);
		*mwh += 10000;
		reading(scene, 0, *mwh, 3600000);
		reading(scene, 1, 2 * *mwh, 7200000);
	}
}

/* ---- what was published, said ---- */

static const struct published *last_on(const struct scene *scene, const char *topic)
{
	char whole[200];
	snprintf(whole, sizeof whole, "byport/1/drammen/school/main/%s", topic);
	for (size_t i = scene->count; i-- > 0;)
		if (strcmp(scene->publications[i].topic, whole) == 0)
			return &scene->publications[i];
	return NULL;
}

static size_t times_said(const struct scene *scene, const char *part)
{
	size_t times = 0;
	for (size_t i = 0; i < scene->said_count; i++)
		times += strstr(scene->said[i], part) != NULL;
	return times;
}

/* All messages of a stream follow on from each other; returns the last id. */
static int64_t assert_contiguous(const struct scene *scene, const char *stream)
{
	int64_t through = -1;
	for (size_t i = 0; i < scene->count; i++) {
		json_t *payload = scene->publications[i].payload;
		const char *own = json_string_value(json_object_get(payload, "stream"));
		if (own == NULL || strcmp(own, stream) != 0)
			continue;
		int64_t after = json_integer_value(json_object_get(payload, "after"));
		assert_true(through < 0 || after == through);
		through = json_integer_value(json_object_get(payload, "through"));
		assert_true(through > after);
	}
	return through;
}

/* Sum of a meter's energy over all intervals published, in kWh; *ret_count of those with one. */
static double energy_of(const struct scene *scene, const char *meter, size_t *ret_count)
{
	double sum = 0;
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
			json_t *energy = json_object_get(row, "energy");
			if (strcmp(own, meter) != 0 || !json_is_number(energy))
				continue;
			sum += json_number_value(energy);
			(*ret_count)++;
		}
	}
	return sum;
}

static bool event_published(const struct scene *scene, const char *kind)
{
	for (size_t i = 0; i < scene->count; i++) {
		size_t index;
		json_t *row;
		if (strstr(scene->publications[i].topic, "/events") == NULL)
			continue;
		json_array_foreach(json_object_get(scene->publications[i].payload, "rows"), index,
			row) if (strcmp(json_string_value(json_object_get(row, "kind")), kind) ==
				 0) return true;
	}
	return false;
}

/* ---- tests ---- */

static void a_connection_begins_with_status_and_about(void **state)
{
	struct scene *scene = *state;
	connect_link(scene);
	assert_true(scene->count >= 2);
	assert_string_equal(scene->publications[0].topic, "byport/1/drammen/school/main/status");
	assert_true(scene->publications[0].retain);
	assert_int_equal(scene->publications[0].expiry_s, 0);
	assert_string_equal(scene->publications[1].topic, "byport/1/drammen/school/main/about");
	assert_int_equal(
		json_array_size(json_object_get(scene->publications[1].payload, "meters")), 2);
	cut_link(scene);
	size_t before = scene->count;
	connect_link(scene);
	assert_true(scene->count >= before + 2);
}

static void live_goes_out_at_its_period_and_expires(void **state)
{
	struct scene *scene = *state;
	int64_t mwh = 0;
	connect_link(scene);
	live_on(scene, MINUTE_MS, &mwh);
	pass(scene, 1000);
	size_t lives = 0;
	for (size_t i = 0; i < scene->count; i++)
		lives += strstr(scene->publications[i].topic, "/live/kitchen") != NULL;
	assert_in_range(lives, 5, 7); /* one a poll */
	const struct published *live = last_on(scene, "live/kitchen");
	assert_true(live->retain);
	assert_int_equal(live->qos, 0);
	assert_int_equal(live->expiry_s, 30);
	size_t before = scene->count;
	pass(scene, 30000); /* no reading, no live: the old one expires */
	for (size_t i = before; i < scene->count; i++)
		assert_null(strstr(scene->publications[i].topic, "/live/"));
}

static void health_expires_too(void **state)
{
	struct scene *scene = *state;
	connect_link(scene);
	pass(scene, 1000);
	const struct published *health = last_on(scene, "health");
	assert_non_null(health);
	assert_true(health->retain);
	assert_int_equal(health->expiry_s, 180);
}

static void energy_of_the_intervals_is_the_difference_of_the_readings(void **state)
{
	struct scene *scene = *state;
	int64_t mwh = 123456789;
	size_t count;
	connect_link(scene);
	live_on(scene, 4 * INTERVAL_MS + MINUTE_MS, &mwh);
	acknowledge(scene, "", 0);
	pass(scene, MINUTE_MS);
	double energy = energy_of(scene, "kitchen", &count);
	assert_true(count >= 3);
	assert_float_equal(energy, 0.9 * (double)count, 1e-9);
	energy = energy_of(scene, "hall", &count);
	assert_float_equal(energy, 1.8 * (double)count, 1e-9);
	assert_contiguous(scene, "energy");
}

static void rows_made_while_the_broker_is_away_arrive_once_and_in_order(void **state)
{
	struct scene *scene = *state;
	int64_t mwh = 0;
	size_t count;
	connect_link(scene);
	live_on(scene, 2 * INTERVAL_MS, &mwh);
	acknowledge(scene, "", 0);
	cut_link(scene);
	live_on(scene, 8 * INTERVAL_MS, &mwh);
	assert_int_equal(times_said(scene, "connection lost"), 1);
	connect_link(scene);
	for (int i = 0; i < 50; i++) {
		pass(scene, 1000);
		acknowledge(scene, "", 0);
	}
	assert_contiguous(scene, "energy");
	assert_contiguous(scene, "trends");
	energy_of(scene, "kitchen", &count);
	assert_in_range(count, 8, 10);
	assert_false(pipeline_waits_for_broker(scene->pipeline));
}

static void what_was_not_acknowledged_goes_again(void **state)
{
	struct scene *scene = *state;
	int64_t mwh = 0;
	size_t first, second;
	connect_link(scene);
	live_on(scene, 4 * INTERVAL_MS, &mwh);
	energy_of(scene, "kitchen", &first);
	assert_true(first > 0);
	cut_link(scene);
	connect_link(scene);
	pass(scene, 5000);
	energy_of(scene, "kitchen", &second);
	assert_true(second >= 2 * first);
}

static void a_restart_goes_on_where_it_was(void **state)
{
	struct scene *scene = *state;
	int64_t mwh = 1000000;
	size_t count;
	connect_link(scene);
	live_on(scene, 2 * INTERVAL_MS, &mwh);
	acknowledge(scene, "", 0);
	live_on(scene, 5 * MINUTE_MS, &mwh);
	pipeline_stop(scene->pipeline, &scene->now);
	acknowledge(scene, "", 0);
	pipeline_close(scene->pipeline);
	scene->link_up = false;
	scene->now.mono_ms = 100; /* another boot */
	open_pipeline(scene);
	connect_link(scene);
	live_on(scene, 2 * INTERVAL_MS, &mwh);
	pass(scene, MINUTE_MS);
	acknowledge(scene, "", 0);
	assert_contiguous(scene, "energy");
	double energy = energy_of(scene, "kitchen", &count);
	assert_in_range(count, 3, 4);
	assert_float_equal(energy, 0.9 * (double)count, 1e-9);
}

static void a_refused_topic_is_said_once_and_its_rows_stay(void **state)
{
	struct scene *scene = *state;
	int64_t mwh = 0;
	connect_link(scene);
	for (int i = 0; i < 30; i++) {
		live_on(scene, MINUTE_MS, &mwh);
		acknowledge(scene, "/intervals", 135);
	}
	assert_int_equal(times_said(scene, "broker refuses energy"), 1);
	for (int i = 0; i < 30; i++) {
		live_on(scene, MINUTE_MS, &mwh);
		acknowledge(scene, "", 0);
	}
	assert_int_equal(times_said(scene, "broker accepts energy again"), 1);
}

static void a_refused_announcement_is_said_once(void **state)
{
	struct scene *scene = *state;
	for (int i = 0; i < 3; i++) {
		connect_link(scene);
		scene->acknowledged = 0;
		acknowledge(scene, "/about", 135);
		cut_link(scene);
	}
	assert_int_equal(times_said(scene, "broker refuses `about`: "), 1);
}

static void a_silent_meter_is_told_of_once_and_its_return(void **state)
{
	struct scene *scene = *state;
	struct device_counters counters = {.requests = 30};
	struct worker_report silent = {.kind = REPORT_DEVICE_STATE,
		.device = 0,
		.state = DEVICE_SILENT,
		.counters = &counters,
		.reason = "no answer in time"};
	struct worker_report ok = {.kind = REPORT_DEVICE_STATE,
		.device = 0,
		.state = DEVICE_OK,
		.counters = &counters};
	int64_t mwh = 0;
	connect_link(scene);
	report(scene, &ok);
	live_on(scene, MINUTE_MS, &mwh);
	for (int i = 0; i < 3; i++) {
		pass(scene, 10000);
		report(scene, &silent);
	}
	assert_int_equal(
		times_said(scene, "no answer from meter kitchen (unit 7 on cellar) for 10 s"), 1);
	report(scene, &ok);
	report(scene, &ok);
	assert_int_equal(times_said(scene, "meter kitchen (unit 7 on cellar) answers again"), 1);
	pass(scene, MINUTE_MS);
	assert_true(event_published(scene, "meter_silent"));
	assert_true(event_published(scene, "meter_back"));
	assert_int_equal(times_said(scene, "meter hall"), 0);
}

static void a_lost_bus_is_told_of_once_with_its_reason(void **state)
{
	struct scene *scene = *state;
	struct worker_report gone = {
		.kind = REPORT_BUS_STATE, .reason = "No such file or directory"};
	struct worker_report open = {.kind = REPORT_BUS_STATE, .bus_open = true};
	connect_link(scene);
	report(scene, &gone);
	report(scene, &gone);
	assert_int_equal(times_said(scene, "bus cellar: No such file or directory"), 1);
	report(scene, &open);
	assert_int_equal(times_said(scene, "bus cellar: open again"), 1);
	pass(scene, 10000);
	assert_true(event_published(scene, "bus_lost"));
	assert_true(event_published(scene, "bus_back"));
}

static void a_value_that_is_none_is_null_with_its_reason(void **state)
{
	struct scene *scene = *state;
	struct sample sample = {.meter = 0,
		.quantity = QUANTITY_ACTIVE_POWER,
		.status = DECODE_NOT_A_NUMBER,
		.read_mono_ms = scene->now.mono_ms};
	struct worker_report samples = {
		.kind = REPORT_SAMPLES, .samples = &sample, .samples_count = 1};
	connect_link(scene);
	report(scene, &samples);
	report(scene, &samples);
	pass(scene, 2000);
	assert_int_equal(times_said(scene, "meter kitchen: active_power has no value"), 1);
	const struct published *live = last_on(scene, "live/kitchen");
	json_t *value = json_array_get(json_object_get(live->payload, "values"), 0);
	assert_true(json_is_null(json_object_get(value, "value")));
	assert_string_equal(json_string_value(json_object_get(value, "reason")),
		decode_status_text(DECODE_NOT_A_NUMBER));
}

static void another_serial_number_is_an_exchange(void **state)
{
	struct scene *scene = *state;
	struct worker_report serial = {
		.kind = REPORT_SERIAL_NUMBER, .device = 0, .serial_number = "111"};
	int64_t mwh = 0;
	connect_link(scene);
	report(scene, &serial);
	live_on(scene, INTERVAL_MS, &mwh);
	report(scene, &serial); /* the same again is nothing */
	assert_int_equal(times_said(scene, "exchanged"), 0);
	serial.serial_number = "222";
	report(scene, &serial);
	assert_int_equal(times_said(scene, "meter kitchen: the device was exchanged"), 1);
	pass(scene, 10000);
	assert_true(event_published(scene, "meter_exchanged"));
	const struct published *about = last_on(scene, "about");
	json_t *meter = json_array_get(json_object_get(about->payload, "meters"), 0);
	assert_string_equal(json_string_value(json_object_get(meter, "serial_number")), "222");
}

static void a_removed_meters_topic_is_cleared_and_the_others_go_on(void **state)
{
	struct scene *scene = *state;
	int64_t mwh = 0;
	size_t count;
	connect_link(scene);
	live_on(scene, INTERVAL_MS + 5 * MINUTE_MS, &mwh);
	struct loaded_site *fewer = site_of(
		"site: {city: drammen, id: school}\n"
		"gateway: {id: main, clock: trust}\n"
		"broker: {host: localhost, tls: no}\n"
		"intervals: {live: 10 s}\n"
		"buses: [{id: cellar, port: /dev/ttyUSB0}]\n"
		"meters: [{id: hall, bus: cellar, address: 8, model: eastron-sdm120, quantities: "
		"[active_energy_import, active_power]}]\n");
	assert_true(pipeline_take_site(scene->pipeline, fewer->site, &scene->now, fewer->slots));
	assert_int_equal(fewer->slots[0], scene->loaded->slots[1]); /* it keeps its slot */
	loaded_site_release(scene->loaded);
	scene->loaded = fewer;
	pass(scene, 2000);
	const struct published *cleared = last_on(scene, "live/kitchen");
	assert_true(cleared->retain && cleared->payload == NULL);
	const struct published *about = last_on(scene, "about");
	assert_int_equal(json_array_size(json_object_get(about->payload, "meters")), 1);
	for (int i = 0; i < 3 * 90; i++) {
		pass(scene, 10000);
		mwh += 10000;
		reading(scene, 0, 2 * mwh, 7200000);
	}
	double energy = energy_of(scene, "hall", &count);
	assert_true(count >= 3);
	assert_float_equal(energy, 1.8 * (double)count, 0.021); /* 12 s without a reading */
}

static void readings_of_unknown_time_are_placed_when_it_is_known(void **state)
{
	(void)state;
	struct scene *scene =
		new_scene("site: {city: drammen, id: school}\n"
			  "gateway: {id: main}\n"
			  "broker: {host: localhost, tls: no}\n"
			  "buses: [{id: cellar, port: /dev/ttyUSB0}]\n"
			  "meters:\n"
			  "- {id: kitchen, bus: cellar, address: 7, model: eastron-sdm120}\n"
			  "- {id: hall, bus: cellar, address: 8, model: eastron-sdm120}\n");
	int64_t mwh = 0;
	size_t count;
	scene->now.wall_ms = 3600000; /* 1970 */
	connect_link(scene);
	live_on(scene, INTERVAL_MS, &mwh);
	energy_of(scene, "kitchen", &count);
	assert_int_equal(count, 0);
	scene->now.wall_ms = start_wall_ms;
	scene->now.synchronised = true;
	live_on(scene, INTERVAL_MS + MINUTE_MS, &mwh);
	pass(scene, MINUTE_MS);
	assert_int_equal(times_said(scene, "the time is known"), 1);
	acknowledge(scene, "", 0);
	pass(scene, MINUTE_MS);
	double energy = energy_of(scene, "kitchen", &count);
	assert_true(count >= 1);
	assert_float_equal(energy, 0.9 * (double)count, 1e-9);
	end_scene(scene);
}

static void a_disk_that_takes_no_more_loses_nothing_and_is_said_once(void **state)
{
	struct scene *scene = *state;
	int64_t mwh = 0;
	size_t count;
	struct rlimit before, none = {.rlim_cur = 1};
	connect_link(scene);
	live_on(scene, 2 * INTERVAL_MS, &mwh);
	acknowledge(scene, "", 0);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	none.rlim_max = before.rlim_max;
	setrlimit(RLIMIT_FSIZE, &none);
	live_on(scene, 3 * INTERVAL_MS, &mwh);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_int_equal(times_said(scene, "trends are not kept; energy waits"), 1);
	live_on(scene, 2 * INTERVAL_MS, &mwh);
	assert_int_equal(times_said(scene, "store: writing again"), 1);
	for (int i = 0; i < 20; i++) {
		pass(scene, 1000);
		acknowledge(scene, "", 0);
	}
	assert_contiguous(scene, "energy");
	double energy = energy_of(scene, "kitchen", &count);
	assert_true(count >= 6);
	assert_float_equal(energy, 0.9 * (double)count, 1e-9);
	assert_true(event_published(scene, "store_full"));
	assert_true(event_published(scene, "store_back"));
}

static void the_end_is_told_and_stored(void **state)
{
	struct scene *scene = *state;
	int64_t mwh = 0;
	connect_link(scene);
	live_on(scene, MINUTE_MS, &mwh);
	acknowledge(scene, "", 0);
	pipeline_stop(scene->pipeline, &scene->now);
	assert_true(pipeline_waits_for_broker(scene->pipeline));
	const struct published *status = last_on(scene, "status");
	assert_string_equal(
		json_string_value(json_object_get(status->payload, "state")), "offline");
	assert_true(event_published(scene, "stopped"));
	acknowledge(scene, "", 0);
	assert_false(pipeline_waits_for_broker(scene->pipeline));
}

#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SCENE(a_connection_begins_with_status_and_about),
		IN_SCENE(live_goes_out_at_its_period_and_expires),
		IN_SCENE(health_expires_too),
		IN_SCENE(energy_of_the_intervals_is_the_difference_of_the_readings),
		IN_SCENE(rows_made_while_the_broker_is_away_arrive_once_and_in_order),
		IN_SCENE(what_was_not_acknowledged_goes_again),
		IN_SCENE(a_restart_goes_on_where_it_was),
		IN_SCENE(a_refused_topic_is_said_once_and_its_rows_stay),
		IN_SCENE(a_refused_announcement_is_said_once),
		IN_SCENE(a_silent_meter_is_told_of_once_and_its_return),
		IN_SCENE(a_lost_bus_is_told_of_once_with_its_reason),
		IN_SCENE(a_value_that_is_none_is_null_with_its_reason),
		IN_SCENE(another_serial_number_is_an_exchange),
		IN_SCENE(a_removed_meters_topic_is_cleared_and_the_others_go_on),
		cmocka_unit_test(readings_of_unknown_time_are_placed_when_it_is_known),
		IN_SCENE(a_disk_that_takes_no_more_loses_nothing_and_is_said_once),
		IN_SCENE(the_end_is_told_and_stored),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
