/* SPDX-License-Identifier: Apache-2.0 */
/*
 * series_flags.h -- The flags of one series: what is judged of which quantity,
 * what stands on an interval when it closes, what is found later, and when a
 * person is told. About 600 bytes a series, without history on disk: after a
 * restart all begins anew, and nothing is flagged for want of what was
 * forgotten. Pure.
 */
#ifndef GATEWAY_CORE_SERIES_FLAGS_H
#define GATEWAY_CORE_SERIES_FLAGS_H

#include "gateway/core/flags_heat.h"
#include "gateway/core/flags_interval.h"
#include "gateway/core/flags_register.h"
#include "gateway/core/flags_submeters.h"

enum { FLAG_TOLD_AGAIN_HOURS = 24 }; /* what comes and goes is told once a day */

/* Zero-initialise it. */
struct series_flags {
	struct interval_history history;
	struct register_window window;
	struct register_stand stand;
	/* the newest interval */
	int64_t start_wall_ms;
	int64_t end_wall_ms;
	int64_t energy; /* meaningful when is_measured */
	bool is_measured;
	int64_t climbed_wall_ms;       /* end of the newest interval with energy in it */
	uint32_t active;               /* flags that last and hold now */
	uint32_t told;                 /* those of them that somebody was told of */
	int32_t told_hour[FLAG_COUNT]; /* since 1970; 0: never */
};

/* The flags that are judged of a quantity, as bits. */
uint32_t series_flags_judged(enum quantity quantity);

/* The gauge that says how fast a register climbs; false when there is none. */
bool series_flags_gauge(enum quantity quantity, enum quantity *ret_gauge);

/* The register of the other direction; false when there is none. */
bool series_flags_opposite(enum quantity quantity, enum quantity *ret_opposite);

/* Is this the next interval in order of time? Else it is a revision, or one taken back after the
 * clock was set back. */
bool series_flags_is_newer(const struct series_flags *state, const struct interval_row *row);

/*
 * An interval closes. One that is not newer changes nothing. Returns the bits that hold, *ret_known
 * those that could be judged; ret_findings[flag] is set for those that are found or found again
 * now. Nothing is told yet: a copy of the state can be put back.
 */
uint32_t series_flags_close(struct series_flags *state, const struct flag_rules *rules,
	const struct interval_row *row, const struct register_facts *facts, uint32_t *ret_known,
	struct flag_finding ret_findings[static FLAG_COUNT]);

/* The same interval has been kept: true with what it makes known about an earlier one. */
bool series_flags_look_back(struct series_flags *state, const struct flag_rules *rules,
	const struct interval_row *row, struct flag_finding *ret_finding);

enum flag_turn {
	FLAG_TURN_NONE,
	FLAG_TURN_BEGINS, /* to be told, with the finding's reason */
	FLAG_TURN_ENDS    /* to be told */
};

/* A flag was judged: does it hold? */
enum flag_turn series_flags_turn(
	struct series_flags *state, enum flag flag, bool holds, int64_t at_wall_ms);

#endif
