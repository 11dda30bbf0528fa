/* SPDX-License-Identifier: Apache-2.0 */
/*
 * poll_schedule.h -- Whose turn it is on one bus. Pure: `now_mono_ms` is an
 * argument.
 *
 * Earliest deadline first over polls; a poll's deadline is the end of its
 * period. A device has a fast and a slow group, each with its period; groups
 * due together are one poll. What is overdue by whole periods is skipped and
 * counted. A silent device is probed instead of polled, ever more rarely; its
 * probe's deadline is as far away as its probe period is long, so that it
 * gives way to the live devices' polls, and yet has its turn.
 */
#ifndef DRIVERS_POLL_SCHEDULE_H
#define DRIVERS_POLL_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	POLL_FAST = 1, /* bits of a turn's groups */
	POLL_SLOW = 2,
	PROBE_PERIOD_MS_MIN = 5000,
	PROBE_PERIOD_MS_MAX = 300000,
	PROBE_PERIOD_ALL_SILENT_MS_MAX = 30000, /* while nobody answers there is nobody to slow */
};

struct poll_periods {
	uint32_t fast_ms; /* 0: the device has nothing in the group */
	uint32_t slow_ms;
};

struct poll_turn {
	size_t device;
	uint8_t groups; /* POLL_* bits; 0 for a probe */
	bool begins;    /* the first turn of this poll or probe */
	bool probe;
};

struct poll_schedule;

/* All devices are due at once. NULL when memory is out. */
struct poll_schedule *poll_schedule_new(
	const struct poll_periods *periods, size_t count, int64_t now_mono_ms);
struct poll_schedule *poll_schedule_free(struct poll_schedule *schedule);

/*
 * Whose turn it is. A poll keeps its device's turns until poll_schedule_finish().
 * False when nobody may be asked yet; *ret_wake_mono_ms is when somebody may.
 */
bool poll_schedule_next(struct poll_schedule *schedule, int64_t now_mono_ms,
	struct poll_turn *ret_turn, int64_t *ret_wake_mono_ms);

/* This device is not to be asked before (its pause, a hold-off). Never moves backwards. */
void poll_schedule_hold(struct poll_schedule *schedule, size_t device, int64_t until_mono_ms);

/* Its poll or probe has ended, well or not. */
void poll_schedule_finish(struct poll_schedule *schedule, size_t device, int64_t now_mono_ms);

/* It went silent: from now on it is probed. */
void poll_schedule_silence(struct poll_schedule *schedule, size_t device, int64_t now_mono_ms);

/*
 * It answered again: due at once. When it is the first of a whole bus, the
 * others' probes are due at once too.
 */
void poll_schedule_revive(struct poll_schedule *schedule, size_t device, int64_t now_mono_ms);

/* The port is open again: every silent device's probe is due at once, back-off from the start. */
void poll_schedule_probe_all(struct poll_schedule *schedule, int64_t now_mono_ms);

bool poll_schedule_is_silent(const struct poll_schedule *schedule, size_t device);

/* When a silent device is probed next. */
int64_t poll_schedule_due_mono_ms(const struct poll_schedule *schedule, size_t device);

/* Nobody is due before then; now or earlier: somebody is, or is being polled. INT64_MAX: nobody. */
int64_t poll_schedule_free_until_mono_ms(const struct poll_schedule *schedule, int64_t now_mono_ms);

/* A poll or probe has begun and not ended. */
bool poll_schedule_is_active(const struct poll_schedule *schedule);

struct poll_periods poll_schedule_periods(const struct poll_schedule *schedule, size_t device);

/* Polls given up because the next was due already. */
uint64_t poll_schedule_skipped(const struct poll_schedule *schedule, size_t device);

#endif
