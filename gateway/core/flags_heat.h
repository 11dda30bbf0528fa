/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flags_heat.h -- Heat energy against volume times temperature difference, of
 * one heat meter. Pure.
 *
 * Water gives about 1.16 kWh per m³ and K: its density times its heat capacity,
 * 998.2 kg/m³ * 4.182 kJ/(kg K) / 3600 s/h at 20 °C, 1.13 at 80 °C (IAPWS-IF97,
 * which EN 1434-1 refers to for the heat coefficient k). Other fluids have
 * their own factor, which the user gives.
 *
 * The difference is weighted with the flow: each climb of the volume register
 * carries the mean difference of the time since its reading before. Where the
 * flow is backwards or nothing is cooled, no heat is expected. A window is
 * judged once it is long enough and both registers have moved so many steps
 * that these are within 2 %.
 */
#ifndef GATEWAY_CORE_FLAGS_HEAT_H
#define GATEWAY_CORE_FLAGS_HEAT_H

#include "gateway/core/flags.h"

enum {
	HEAT_STEPS_MIN = 50,           /* a step at either end is 2 % of the window */
	HEAT_DIFFERENCE_MK_MIN = 3000, /* mean of a window; below, sensors are no judges
					  (EN 1434-1: the least difference is mostly 3 K) */
};

/* The difference that the volume of one interval carries. */
struct heat_bucket {
	flag_sum volume_difference; /* mL times mK */
	int64_t start_wall_ms;
	int64_t volume; /* mL, as the register was read */
	bool is_gapped; /* of some of it the difference is not known */
};

/* Zero-initialise it. */
struct heat_flow {
	int64_t interval_ms;
	/* the difference: a sample holds until the next one, no longer than the gap limit */
	int64_t difference_mk;
	int64_t difference_wall_ms;
	int64_t held_wall_ms;     /* it is in difference_time up to here */
	flag_sum difference_time; /* mK times ms since from_wall_ms, where known */
	int64_t known_ms;
	int64_t from_wall_ms; /* of the volume's last climb */
	int64_t mean_mk;      /* what the last climb carried */
	bool has_difference;
	/* the volume */
	int64_t volume_wall_ms;
	int64_t volume;
	bool has_volume;
	struct heat_bucket open;
	struct heat_bucket closed;
};

struct heat_rules {
	int64_t interval_ms; /* > 0; intervals are aligned to its multiples since 1970 */
	int64_t gap_limit_ms;
};

/* Flow temperature minus return temperature. Samples and readings of one meter, in order of time.
 */
void heat_flow_difference(struct heat_flow *flow, const struct heat_rules *rules,
	int64_t at_wall_ms, int64_t difference_mk);

/* The difference has no value. */
void heat_flow_break(struct heat_flow *flow);

/* The volume register, before accounting is given the same reading. */
void heat_flow_volume(
	struct heat_flow *flow, const struct heat_rules *rules, int64_t at_wall_ms, int64_t volume);

/*
 * Volume times difference of one of the two newest intervals, of which
 * `volume` passed by its row: mL times mK. False, and *ret_sum untouched: the
 * difference is not known for all of it.
 */
bool heat_flow_over(
	const struct heat_flow *flow, int64_t start_wall_ms, int64_t volume, flag_sum *ret_sum);

/* What one measured interval of the meter says. */
struct heat_interval {
	int64_t start_wall_ms;
	int64_t end_wall_ms;
	int64_t heat;   /* mWh */
	int64_t volume; /* mL */
	flag_sum volume_difference;
	int64_t volume_resolution; /* mL */
};

/* Zero-initialise it. */
struct heat_window {
	int64_t from_wall_ms; /* 0: nothing is in it */
	flag_sum heat;
	flag_sum volume;
	flag_sum volume_difference;
	bool differs; /* what the last full window said */
};

/* True when a window has become full now; then window->differs is its word, and *ret_finding is
 * set: also where the two agree, for its figures. */
bool heat_window_add(struct heat_window *window, const struct flag_rules *rules,
	const struct heat_interval *interval, struct flag_finding *ret_finding);

/* An interval is not known: the window begins anew. */
void heat_window_break(struct heat_window *window);

/* Wh per m³ and K that heat and volume times difference make; 0 where there is none. */
int64_t heat_figure(flag_sum heat, flag_sum volume_difference);

#endif
