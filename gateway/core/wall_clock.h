/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wall_clock.h -- Which UTC instant belongs to an instant of the monotonic
 * clock, whether anybody vouches for it, and when somebody set it. Pure: both
 * clocks and the kernel's word (adjtimex: STA_UNSYNC clear) come in as
 * arguments.
 *
 * Until the time is known, counters' readings wait on the monotonic clock in a
 * struct waiting_readings and are placed afterwards; gauges' samples are not
 * kept.
 */
#ifndef GATEWAY_CORE_WALL_CLOCK_H
#define GATEWAY_CORE_WALL_CLOCK_H

#include <stddef.h>

#include "gateway/core/series.h"

struct wall_clock_rules {
	bool trust;               /* `clock: trust`: the time counts without the kernel's word */
	int64_t earliest_wall_ms; /* the build's date or the newest stored row: a clock before it is
				     wrong, whoever vouches for it */
};

/* Both clocks, read one right after the other. */
struct clock_observation {
	int64_t mono_ms;
	int64_t wall_ms;
	bool synchronised;
};

enum clock_change {
	CLOCK_CHANGE_NONE,
	CLOCK_CHANGE_KNOWN,   /* the time is known from now on: place what waits */
	CLOCK_CHANGE_STEPPED, /* it was set; *ret_step_ms > 0: forward */
};

enum {
	CLOCK_STEP_MIN_MS = 500,   /* a smaller difference is slewing or scheduling */
	CLOCK_SLEW_PPM_MAX = 1000, /* the kernel slews by at most 500; as much again for us */
};

/* Zero-initialise it. Once known, the time stays known until the process ends: a crystal drifts by
 * seconds a day at most. */
struct wall_clock {
	int64_t offset_ms; /* wall - monotonic */
	int64_t observed_mono_ms;
	enum clock_state state;
};

/* Call it once a second or so, and before placing. *ret_step_ms is set with CLOCK_CHANGE_STEPPED
 * only. */
enum clock_change wall_clock_observe(struct wall_clock *clock, const struct wall_clock_rules *rules,
	const struct clock_observation *seen, int64_t *ret_step_ms);

/* Instants on the wall clock; false, and nothing set, while the time is not known. */
bool wall_clock_place(const struct wall_clock *clock, int64_t at_mono_ms, int64_t *ret_wall_ms);

enum { WAITING_READINGS_MAX = 32 }; /* a counter; thinned to twice the distance when full */

struct waiting_reading {
	int64_t at_mono_ms;
	int64_t value;
};

/* One counter's readings of unknown time, oldest first; zero-initialise it. First and newest are
 * always among them. */
struct waiting_readings {
	struct waiting_reading items[WAITING_READINGS_MAX];
	size_t count;
	int64_t distance_ms; /* between two kept ones, at least */
};

void waiting_readings_add(struct waiting_readings *waiting, int64_t at_mono_ms, int64_t value);

#endif
