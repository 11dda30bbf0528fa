/* SPDX-License-Identifier: Apache-2.0 */
/* flags_heat.c -- flags_heat.h. */
#include "gateway/core/flags_heat.h"

#include <assert.h>

/* mL times mK times Wh per m³ and K, in mWh: 1e6 mL, 1e3 mK, 1e3 mWh. */
static const int64_t per_milliwatt_hour = INT64_C(1000000);

enum { KNOWN_PERCENT_MIN = 90 };

static int64_t boundary_at_or_before(int64_t at_wall_ms, int64_t interval_ms)
{
	int64_t into_ms = at_wall_ms % interval_ms;

	return at_wall_ms - (into_ms < 0 ? into_ms + interval_ms : into_ms);
}

/* ---- The flow ---- */

/* The last difference holds up to an instant. */
static void hold_difference(
	struct heat_flow *flow, const struct heat_rules *rules, int64_t at_wall_ms)
{
	if (!flow->has_difference || at_wall_ms <= flow->held_wall_ms) {
		return;
	}
	if (at_wall_ms - flow->difference_wall_ms <= rules->gap_limit_ms) {
		flow->difference_time +=
			(flag_sum)flow->difference_mk * (at_wall_ms - flow->held_wall_ms);
		flow->known_ms += at_wall_ms - flow->held_wall_ms;
	}
	flow->held_wall_ms = at_wall_ms;
}

static void measure_from(struct heat_flow *flow, int64_t at_wall_ms)
{
	flow->from_wall_ms = at_wall_ms;
	flow->held_wall_ms = flow->held_wall_ms > at_wall_ms ? flow->held_wall_ms : at_wall_ms;
	flow->difference_time = 0;
	flow->known_ms = 0;
}

void heat_flow_difference(struct heat_flow *flow, const struct heat_rules *rules,
	int64_t at_wall_ms, int64_t difference_mk)
{
	if (at_wall_ms < flow->difference_wall_ms) {
		*flow = (struct heat_flow){0}; /* the clock was set back */
	}
	hold_difference(flow, rules, at_wall_ms);
	flow->difference_mk = difference_mk;
	flow->difference_wall_ms = at_wall_ms;
	flow->held_wall_ms = at_wall_ms;
	flow->has_difference = true;
}

void heat_flow_break(struct heat_flow *flow)
{
	flow->has_difference = false;
}

/* A reading on a boundary still tells of the interval it ends. */
static void turn_bucket(struct heat_flow *flow, const struct heat_rules *rules, int64_t at_wall_ms)
{
	int64_t start_wall_ms = boundary_at_or_before(at_wall_ms - 1, rules->interval_ms);

	if (start_wall_ms == flow->open.start_wall_ms) {
		return;
	}
	flow->closed = flow->open;
	flow->open = (struct heat_bucket){.start_wall_ms = start_wall_ms};
}

static void carry(struct heat_flow *flow, int64_t at_wall_ms, int64_t volume)
{
	int64_t span_ms = at_wall_ms - flow->from_wall_ms;
	bool is_known = flow->known_ms > 0 &&
			(flag_sum)flow->known_ms * 100 >= (flag_sum)span_ms * KNOWN_PERCENT_MIN;

	if (is_known) {
		flow->mean_mk = (int64_t)(flow->difference_time / flow->known_ms);
		flow->mean_mk = flow->mean_mk > 0 ? flow->mean_mk : 0;
		flow->open.volume_difference += (flag_sum)volume * flow->mean_mk;
		flow->open.volume += volume;
	} else {
		flow->open.is_gapped = true;
	}
	measure_from(flow, at_wall_ms);
}

void heat_flow_volume(
	struct heat_flow *flow, const struct heat_rules *rules, int64_t at_wall_ms, int64_t volume)
{
	assert(rules->interval_ms > 0);
	bool follows = flow->has_volume && flow->interval_ms == rules->interval_ms &&
		       volume >= flow->volume && at_wall_ms > flow->volume_wall_ms;

	flow->interval_ms = rules->interval_ms;
	turn_bucket(flow, rules, at_wall_ms);
	if (follows) {
		hold_difference(flow, rules, at_wall_ms);
	}
	if (follows && volume > flow->volume) {
		carry(flow, at_wall_ms, volume - flow->volume);
	} else if (!follows) {
		flow->open.is_gapped = true;
		measure_from(flow, at_wall_ms);
	}
	flow->volume = volume;
	flow->volume_wall_ms = at_wall_ms;
	flow->has_volume = true;
}

bool heat_flow_over(
	const struct heat_flow *flow, int64_t start_wall_ms, int64_t volume, flag_sum *ret_sum)
{
	const struct heat_bucket *bucket =
		flow->open.start_wall_ms == start_wall_ms ? &flow->open : &flow->closed;

	if (bucket->start_wall_ms != start_wall_ms || bucket->is_gapped) {
		return false;
	}
	*ret_sum = bucket->volume > 0 ? volume * bucket->volume_difference / bucket->volume
				      : (flag_sum)volume * flow->mean_mk;
	return true;
}

/* ---- The window ---- */

int64_t heat_figure(flag_sum heat, flag_sum volume_difference)
{
	return volume_difference > 0 ? flag_times(heat * per_milliwatt_hour, volume_difference) : 0;
}

void heat_window_break(struct heat_window *window)
{
	window->from_wall_ms = 0;
	window->heat = 0;
	window->volume = 0;
	window->volume_difference = 0;
}

static flag_sum expected_heat(const struct heat_window *window, const struct flag_rules *rules)
{
	int64_t factor = rules->heat_factor > 0 ? rules->heat_factor : rules->limits->heat_factor;

	return window->volume_difference * factor / per_milliwatt_hour;
}

static bool is_full(const struct heat_window *window, const struct flag_rules *rules,
	const struct heat_interval *newest)
{
	flag_sum expected = expected_heat(window, rules);
	flag_sum heat = window->heat > expected ? window->heat : expected;

	return rules->resolution > 0 && newest->volume_resolution > 0 &&
	       newest->end_wall_ms - window->from_wall_ms >= rules->limits->heat_window_ms &&
	       heat >= (flag_sum)HEAT_STEPS_MIN * rules->resolution &&
	       window->volume >= (flag_sum)HEAT_STEPS_MIN * newest->volume_resolution;
}

static void judge(struct heat_window *window, const struct flag_rules *rules, int64_t to_wall_ms,
	struct flag_finding *ret_finding)
{
	flag_sum expected = expected_heat(window, rules);

	window->differs = !flag_is_near(window->heat, expected, rules->limits->heat_band_percent);
	*ret_finding = (struct flag_finding){
		.flag = FLAG_HEAT_AGAINST_VOLUME,
		.quantity = rules->quantity,
		.amount = flag_clamp(window->heat),
		.against = flag_clamp(expected),
		.span_ms = to_wall_ms - window->from_wall_ms,
		.from_wall_ms = window->from_wall_ms,
		.to_wall_ms = to_wall_ms,
	};
}

bool heat_window_add(struct heat_window *window, const struct flag_rules *rules,
	const struct heat_interval *interval, struct flag_finding *ret_finding)
{
	if (window->from_wall_ms == 0) {
		window->from_wall_ms = interval->start_wall_ms;
	}
	window->heat += interval->heat;
	window->volume += interval->volume;
	window->volume_difference += interval->volume_difference;
	if (!is_full(window, rules, interval)) {
		return false;
	}
	bool has_word = window->volume_difference >= window->volume * HEAT_DIFFERENCE_MK_MIN;
	if (has_word) {
		judge(window, rules, interval->end_wall_ms, ret_finding);
	}
	heat_window_break(window);
	return has_word;
}
