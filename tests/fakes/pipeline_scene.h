/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline_scene.h -- A pipeline with a real store in a directory of its own, a
 * link that is the test's, and a virtual clock: what tests of the heart play in.
 */
#ifndef TESTS_FAKES_PIPELINE_SCENE_H
#define TESTS_FAKES_PIPELINE_SCENE_H

#include <jansson.h>

#include "gateway/pipeline.h"
#include "gateway/reload.h"

enum {
	SCENE_PUBLICATIONS_MAX = 4096,
	SCENE_SAID_MAX = 64,
	SCENE_WORD_MAX = 1024, /* bytes of what is heard */
	MINUTE_MS = 60000,
	INTERVAL_MS = 15 * MINUTE_MS,
};

#define SCENE_ROOT "byport/1/drammen/school/main/"

/* 2025-11-23T09:00:00Z, a boundary. */
extern const int64_t scene_start_wall_ms;
/* A configuration: meters kitchen (address 7) and hall (8) on bus cellar, energy and power. */
extern const char *const scene_two_meters;

struct published {
	char *topic;
	json_t *payload; /* NULL: empty */
	size_t length;   /* of its text */
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
	int64_t earliest_wall_ms; /* as pipeline_settings */
	const char *boot;         /* the kernel's boot id; NULL: unknown */
	const char *run;          /* as pipeline_settings */
	bool link_up;
	bool link_busy; /* takes nothing now */
	struct published publications[SCENE_PUBLICATIONS_MAX];
	size_t count;
	size_t acknowledged;       /* publications answered so far */
	bool broker_answers;       /* to each publication, within a second */
	const char *refused_topic; /* the end of one; NULL: none */
	char said[SCENE_SAID_MAX][256];
	size_t said_count;
};

/* From a configuration's text; scene_end() removes its directory too. */
struct scene *scene_new(const char *text);
void scene_end(struct scene *scene);
struct loaded_site *scene_site(const char *text);
/* For cmocka: a scene of scene_two_meters, connected, whose meters were read for an hour and a
 * minute has passed since; and its end. */
int scene_set_up_lived_hour(void **state);
int scene_tear_down(void **state);
/* Open the pipeline again after it was closed. */
void scene_open_pipeline(struct scene *scene);

/* Its files, while no pipeline is open: another board's card. */
void scene_forget_store(struct scene *scene);

void scene_connect(struct scene *scene);
void scene_cut(struct scene *scene);
/* The broker's answer to all it was given so far. */
void scene_acknowledge(struct scene *scene);

/* The broker hands on what somebody says. */
void scene_hear(struct scene *scene, const char *topic, const char *payload, bool retained);

/* Time passes, second by second. */
void scene_pass(struct scene *scene, int64_t milliseconds);
/* A report of the worker of the first bus. */
void scene_report(struct scene *scene, const struct worker_report *report);
/* A meter shows `mwh`, and draws `mw`. */
void scene_reading(struct scene *scene, uint16_t meter, int64_t mwh, int64_t mw);
/* Poll both meters every 10 s for a while: the first counts 10 Wh in 10 s, the second twice that.
 */
void scene_live_on(struct scene *scene, int64_t milliseconds, int64_t *mwh);

/* The newest on a topic below the root; NULL: none. */
const struct published *scene_last_on(const struct scene *scene, const char *topic);
size_t scene_times_said(const struct scene *scene, const char *part);
/* All messages of a stream follow on from each other, from the first row on. */
void scene_assert_contiguous(const struct scene *scene, const char *stream);
/* Sum of a meter's energy over all intervals published, in mWh; *ret_count of those with one. */
int64_t scene_energy(const struct scene *scene, const char *meter, size_t *ret_count);
/* All newest rows of the store, none of which is coarse yet. */
void scene_visit_rows(const struct scene *scene, store_visitor *visit, void *context);
/* Least samples in a trend of a meter's that was published, the first one apart. */
int64_t scene_smallest_trend(const struct scene *scene, const char *meter);
size_t scene_count_events(const struct scene *scene, const char *kind);
bool scene_has_event(const struct scene *scene, const char *kind);

#endif
