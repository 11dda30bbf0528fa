/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settle_scene.h -- Two meters that count steadily in a pipeline_scene, their
 * devices exchanged, the gateway killed, and a person who decides: what tests
 * of settling, of scales and of devices play in.
 */
#ifndef TESTS_FAKES_SETTLE_SCENE_H
#define TESTS_FAKES_SETTLE_SCENE_H

#include "gateway/pipeline_settle.h"
#include "gateway/pipeline_state.h"
#include "tests/fakes/pipeline_scene.h"

enum { KITCHEN, HALL, STANDS };
enum { SETTLE_SCENE_ROWS_MAX = 2048 };

/* What the devices show, and count in 10 s. */
struct settle_scene {
	struct scene *scene;
	int64_t mwh[STANDS];
	int64_t step[STANDS];
	struct interval_row rows[SETTLE_SCENE_ROWS_MAX];
	size_t rows_count;
};

/* `kitchen` and `hall`: more settings of the two, ", ct: 300/5"; from malloc(). */
char *settle_scene_text(const char *kitchen, const char *hall);
struct settle_scene *settle_scene_new(const char *kitchen, const char *hall);
void settle_scene_end(struct settle_scene *settle);
/* For cmocka: one whose meters say nothing more of themselves, and its end. */
int settle_scene_set_up(void **state);
int settle_scene_tear_down(void **state);

/* Both are polled every 10 s. */
void settle_scene_poll(struct settle_scene *settle, int64_t milliseconds);
/* Nobody answers; in steps of a minute. */
void settle_scene_silence(struct settle_scene *settle, int64_t milliseconds);
void settle_scene_serial(struct settle_scene *settle, uint16_t device, const char *serial);

/* Stopped and started, with another configuration where one is given. */
void settle_scene_restart(struct settle_scene *settle, const char *kitchen, const char *hall);
/* Killed: what was not committed is gone; and started again. */
void settle_scene_kill(struct settle_scene *settle);
/* As the daemon reloads: checked, and taken over where nothing is wrong. */
bool settle_scene_reload(struct settle_scene *settle, const char *kitchen, const char *hall,
	struct diagnostics *diagnostics);

/* The newest rows of a meter's energy, into settle->rows. */
void settle_scene_read(struct settle_scene *settle, const char *meter);
/* The row that begins so many minutes after the scene's start. */
const struct interval_row *settle_scene_row(
	struct settle_scene *settle, const char *meter, int minutes);
/* Sum of what is in settle->rows; *ret_nulls of those without a value. */
int64_t settle_scene_sum(const struct settle_scene *settle, size_t *ret_nulls);
/* The newest event of a kind in the store; false: none. *ret_count may be NULL. */
bool settle_scene_event(struct settle_scene *settle, enum event_kind kind,
	struct event_row *ret_event, size_t *ret_count);

/* An instant so many minutes after the scene's start, as RFC 3339. */
const char *settle_scene_instant(char buffer[static 32], int minutes);

#endif
