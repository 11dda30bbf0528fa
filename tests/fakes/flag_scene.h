/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flag_scene.h -- Meters that show a register and a power in a pipeline's
 * scene, and what was published of their intervals: flags, revisions, values.
 */
#ifndef TESTS_FAKES_FLAG_SCENE_H
#define TESTS_FAKES_FLAG_SCENE_H

/* cmocka.h needs the first four. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/fakes/pipeline_scene.h"

enum {
	FLAG_SCENE_ROWS_MAX = 4096,
	FLAG_SCENE_POLL_MS = 60000,
	FLAG_SCENE_HOUR_MS = 60 * MINUTE_MS,
};

struct load {
	int64_t register_w; /* what its register counts */
	int64_t power_w;    /* what its power says */
};

struct flag_scene {
	struct scene *scene;
	size_t meters;
	int64_t mwh[3];
	struct load loads[3];
};

/* Connected; the caller ends its scene. */
struct flag_scene flag_scene_of(const char *text, size_t meters);
/* Poll all meters every minute, and let the last rows be committed. */
void flag_scene_go_on(struct flag_scene *play, int64_t milliseconds);

/* The newest row of an interval. */
struct flag_scene_row {
	int64_t energy_mwh; /* -1: null */
	int64_t revision;
	bool flagged;
	bool has_readings;
	char quality[16];
};

struct flag_scene_rows {
	char starts[FLAG_SCENE_ROWS_MAX][32];
	struct flag_scene_row newest[FLAG_SCENE_ROWS_MAX];
	int64_t first_energy_mwh[FLAG_SCENE_ROWS_MAX];
	size_t count;
	size_t revisions;
};

/* Of a meter's energy, and whether they have a flag; the caller frees it. */
struct flag_scene_rows *flag_scene_rows(
	const struct scene *scene, const char *meter, const char *flag);
/* How many have it; no revision may have changed a value. */
size_t flag_scene_flagged(const struct scene *scene, const char *meter, const char *flag);
size_t flag_scene_intervals(const struct scene *scene, const char *meter);
/* Events of a kind whose text holds a part. */
size_t flag_scene_events(const struct scene *scene, const char *kind, const char *part);

#endif
