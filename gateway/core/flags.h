/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flags.h -- The plausibility flags: one row a flag, with what it needs, what
 * limits it has and what is said of it; and a finding put into words. Pure.
 *
 * A flag never changes a value. Who finds what: flags_interval.h looks at one
 * counter's intervals, flags_register.h holds a register against the power of
 * its own meter, flags_heat.h heat against volume and temperature difference,
 * flags_submeters.h meters against each other. `withheld_reading` is set by
 * accounting itself. series_flags.h puts them together.
 */
#ifndef GATEWAY_CORE_FLAGS_H
#define GATEWAY_CORE_FLAGS_H

#include "gateway/core/series.h"

__extension__ typedef __int128 flag_sum; /* no span and no power overflows it */

enum flag_language { FLAG_ENGLISH, FLAG_NORWEGIAN, FLAG_LANGUAGE_COUNT };

/* The configuration's section `flags`. All above 0. */
struct flag_limits {
	int64_t spike_factor;     /* times the most of the past four weeks */
	int64_t spike_history_ms; /* of measured intervals, before there is a spike */
	int64_t doubled_band_percent;
	int64_t doubled_neighbours_percent;
	int64_t steps_min; /* of a register, before it is held against anything */
	int64_t power_band_percent;
	int64_t submeter_tolerance_percent;
	int64_t heat_factor; /* Wh per m³ and K, where the meter has none of its own */
	int64_t heat_band_percent;
	int64_t heat_window_ms;
	int64_t frozen_after_ms;
	int64_t frozen_factor; /* times the longest it stood before */
};

/* What does not change while a counter runs. */
struct flag_rules {
	enum quantity quantity;
	int64_t resolution;         /* inside steps; 0: unknown, then what needs it is not judged */
	int64_t power_max_per_hour; /* inside steps an hour, without margin; 0: unknown */
	int64_t register_update_ms; /* how often the device renews its registers; 0: unknown */
	int64_t heat_factor;        /* Wh per m³ and K of its fluid; 0: that of the limits */
	const struct flag_limits *limits;
};

/* What would explain a finding; for flags that can tell. */
enum flag_cause {
	FLAG_CAUSE_NONE,
	FLAG_CAUSE_REGISTER_TIMES, /* the register counts `times` what the power says */
	FLAG_CAUSE_POWER_TIMES,    /* the power is `times` what the register counts */
	FLAG_CAUSE_SIGN,
	FLAG_CAUSE_WORD_ORDER,
	FLAG_CAUSE_STANDS_AT_POWER, /* the register stands while power flows */
	FLAG_CAUSE_STANDS_LONG,
	FLAG_CAUSE_COUNT
};

struct flag_finding {
	enum flag flag;
	enum flag_cause cause;
	enum quantity quantity; /* of the two amounts */
	int64_t amount;         /* what was found, inside steps */
	int64_t against;        /* what it is held against */
	int64_t times;
	int64_t span_ms;
	int64_t from_wall_ms; /* the intervals it is about */
	int64_t to_wall_ms;
};

enum { FLAG_LIMITS_A_FLAG_MAX = 4, FLAG_TEXT_MAX = 150 /* bytes, with the NUL */ };

struct flag_info {
	const char *needs;                              /* to be judged at all, in words */
	const char *limits[FLAG_LIMITS_A_FLAG_MAX + 1]; /* settings by key; NULL after the last */
	bool at_closing; /* known when the interval closes: the only ones it can be rejected for */
	bool lasts;      /* holds until something says otherwise; its end is told too */
	const char *reason[FLAG_LANGUAGE_COUNT]; /* {amount} {against} {times} {span} {cause} */
	const char *over[FLAG_LANGUAGE_COUNT];   /* what is said when it ends; NULL: nothing */
};

const struct flag_info *flag_info(enum flag flag);

/* A finding in words and figures: "the register climbed 12 kWh while ...". */
void flag_reason(const struct flag_finding *finding, enum flag_language language,
	char ret_text[static FLAG_TEXT_MAX]);

/* The words for one cause; they may hold {times}. NULL for FLAG_CAUSE_NONE. */
const char *flag_cause_text(enum flag_cause cause, enum flag_language language);

/* True when a and b differ by at most `percent` of b. */
bool flag_is_near(flag_sum a, flag_sum b, int64_t percent);

/* a / b rounded, within int64_t; 0 when b is 0. */
int64_t flag_times(flag_sum a, flag_sum b);

/* Within int64_t. */
int64_t flag_clamp(flag_sum value);

#endif
