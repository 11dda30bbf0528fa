/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flags_register.h -- A register against the power its own meter shows: a
 * factor, a sign or a word order applied to one of the two; and a register that
 * stands. Pure.
 *
 * A transformer's ratio set in the meter scales both alike and is not found.
 * Neither is judged while the meter counts in the other direction too (import
 * and export): power without a sign says nothing about each of them then.
 */
#ifndef GATEWAY_CORE_FLAGS_REGISTER_H
#define GATEWAY_CORE_FLAGS_REGISTER_H

#include "gateway/core/gauge_integral.h"

enum {
	REGISTER_WINDOW_MS_MIN = 3600000, /* bursts between two samples of power average out */
	REGISTER_WINDOW_UPDATES_MIN = 4,  /* of a device that renews its register now and then */
};

/* What an interval of a register stands beside. */
struct register_facts {
	bool has_power;         /* the integral is known */
	struct gauge_sum power; /* positive: in the direction this register counts */
	bool opposite_moves;    /* the register of the other direction moves about now */
};

/* Zero-initialise it. */
struct register_window {
	int64_t from_wall_ms; /* 0: nothing is in it */
	flag_sum climb;
	struct gauge_sum power;
	bool differs; /* what the last full window said */
};

/*
 * A measured interval, in order of time. True when a window has become full
 * now; then window->differs is its word, and *ret_finding is set if it is true.
 * Without power the window begins anew.
 */
bool register_window_add(struct register_window *window, const struct flag_rules *rules,
	const struct interval_row *row, const struct register_facts *facts,
	struct flag_finding *ret_finding);

/* An interval that is not measured: the window begins anew, what it said last holds on. */
void register_window_break(struct register_window *window);

/* Zero-initialise it. */
struct register_stand {
	int64_t from_wall_ms; /* since when it stands; meaningful when stood_ms > 0 */
	int64_t stood_ms;
	int64_t longest_ms; /* it ever stood and moved again */
	int64_t power_from_wall_ms;
	flag_sum power;        /* since then, without the newest interval: the other */
	flag_sum power_newest; /* direction's register may close it later */
	bool moved;
};

/* An interval that is not measured: nobody saw the register stand. */
void register_stand_break(struct register_stand *stand);

/* A measured interval, in order of time. True with the finding while the register is frozen. */
bool register_stand_add(struct register_stand *stand, const struct flag_rules *rules,
	const struct interval_row *row, const struct register_facts *facts,
	struct flag_finding *ret_finding);

#endif
