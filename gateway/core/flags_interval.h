/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flags_interval.h -- Findings from one counter's intervals alone: more than
 * the fuse carries, a spike, a doubled hour. Pure.
 *
 * A spike is an interval of more than so many times the most of the past four
 * weeks. Spikes do not become part of that history, but where they go on for
 * more than an hour within a day it is another load, and the history begins to
 * take them: the next ones are none.
 *
 * A doubled hour is one that is twice the mean of the hours before and after
 * it, these two alike, and a leap far above what the hours before usually
 * change by. It can be told an hour later only. Full hours are put together
 * from intervals that divide an hour.
 */
#ifndef GATEWAY_CORE_FLAGS_INTERVAL_H
#define GATEWAY_CORE_FLAGS_INTERVAL_H

#include "gateway/core/flags.h"

enum {
	HISTORY_WEEKS = 5, /* four full ones and the one under way */
	HISTORY_CHANGES = 12,
	HISTORY_CHANGES_MIN = 3,
	HISTORY_LEAP_FACTOR = 5, /* a doubled hour leaps so many times the usual change */
};

/* Zero-initialise it. */
struct interval_history {
	int64_t length_ms; /* of the intervals in it */
	int64_t week;      /* number of the newest one since 1970 */
	int64_t most[HISTORY_WEEKS];
	int64_t measured_ms; /* in it, at most what the limits ask for */
	int64_t spikes_wall_ms;
	int64_t spikes_ms; /* of spikes within a day of spikes_wall_ms */

	int64_t hour_wall_ms; /* start of the hour under way */
	int64_t hour_ms;      /* measured of it; contiguous from its start */
	int64_t hour_energy;
	int64_t hours[2]; /* the two before it, older first */
	uint8_t hours_count;
	uint8_t changes_count;
	uint8_t changes_next;
	int64_t changes[HISTORY_CHANGES]; /* from hour to hour */
};

/* True with the finding when the mean power of an interval is above rules->power_max_per_hour. */
bool interval_is_above_largest(const struct flag_rules *rules, const struct interval_row *row,
	struct flag_finding *ret_finding);

/* A measured interval, in order of time. True with the finding when it is a spike. */
bool interval_history_spike(struct interval_history *history, const struct flag_rules *rules,
	const struct interval_row *row, struct flag_finding *ret_finding);

/* The same interval once more: true with the finding when it makes known that the hour before
 * its own is doubled. */
bool interval_history_doubled(struct interval_history *history, const struct flag_rules *rules,
	const struct interval_row *row, struct flag_finding *ret_finding);

#endif
