/* SPDX-License-Identifier: Apache-2.0 */
/* flags_register.c -- flags_register.h. */
#include "gateway/core/flags_register.h"

static const int64_t hour_ms = INT64_C(3600000);
static const int64_t kilowatt_mwh_per_hour = INT64_C(1000000);

enum { WORD = 65536, WORD_LEAST = 3000 };

/* mW times ms in mWh. */
static flag_sum energy_of(flag_sum power)
{
	return (power + hour_ms / 2) / hour_ms;
}

/* ---- Against the integral ---- */

/* Whole powers of ten that one of the two is larger than the other. */
static enum flag_cause factor_cause(
	flag_sum climb, flag_sum power, int64_t band_percent, int64_t *ret_times)
{
	for (int64_t times = 10; times <= 1000; times *= 10) {
		if (flag_is_near(climb, power * times, band_percent)) {
			*ret_times = times;
			return FLAG_CAUSE_REGISTER_TIMES;
		}
		if (flag_is_near(climb * times, power, band_percent)) {
			*ret_times = times;
			return FLAG_CAUSE_POWER_TIMES;
		}
	}
	return FLAG_CAUSE_NONE;
}

/*
 * The words of a 32-bit number exchanged are 65536 times too much or too
 * little; of a floating-point number anything, mostly next to nothing. What
 * flows must be worth it: a power in tenths of a kW shows small loads as none.
 */
static bool looks_like_word_order(
	const struct register_window *window, flag_sum power, int64_t to_wall_ms)
{
	flag_sum least =
		(flag_sum)kilowatt_mwh_per_hour * (to_wall_ms - window->from_wall_ms) / hour_ms;

	return (window->climb >= WORD_LEAST * power && window->climb >= least) ||
	       (power >= WORD_LEAST * window->climb && power >= least);
}

static enum flag_cause cause_of(const struct register_window *window,
	const struct flag_rules *rules, int64_t to_wall_ms, int64_t *ret_times)
{
	int64_t band_percent = rules->limits->power_band_percent;
	flag_sum forward = energy_of(window->power.positive);
	flag_sum backward = energy_of(window->power.negative);

	/* Of export, power without a sign looks the same; of import, it has the right one. */
	if (rules->quantity != QUANTITY_ACTIVE_ENERGY_EXPORT &&
		flag_is_near(window->climb, backward, band_percent) && forward * 4 < backward) {
		return FLAG_CAUSE_SIGN;
	}
	enum flag_cause factor = factor_cause(window->climb, forward, band_percent, ret_times);
	if (factor != FLAG_CAUSE_NONE) {
		return factor;
	}
	return backward == 0 && looks_like_word_order(window, forward, to_wall_ms)
		       ? FLAG_CAUSE_WORD_ORDER
		       : FLAG_CAUSE_NONE;
}

static bool is_full(
	const struct register_window *window, const struct flag_rules *rules, int64_t to_wall_ms)
{
	int64_t span_ms = to_wall_ms - window->from_wall_ms;

	return rules->resolution > 0 && span_ms >= REGISTER_WINDOW_MS_MIN &&
	       span_ms >= REGISTER_WINDOW_UPDATES_MIN * rules->register_update_ms &&
	       window->climb >= (flag_sum)rules->limits->steps_min * rules->resolution;
}

/* The window says whether the two agree, and the next one begins. */
static void judge(struct register_window *window, const struct flag_rules *rules,
	int64_t to_wall_ms, struct flag_finding *ret_finding)
{
	int64_t times = 0;
	enum flag_cause cause = cause_of(window, rules, to_wall_ms, &times);

	window->differs = cause != FLAG_CAUSE_NONE;
	if (!window->differs) {
		return;
	}
	*ret_finding = (struct flag_finding){
		.flag = FLAG_REGISTER_AGAINST_POWER,
		.cause = cause,
		.quantity = rules->quantity,
		.amount = flag_clamp(window->climb),
		.against = flag_clamp(energy_of(window->power.positive - window->power.negative)),
		.times = times,
		.span_ms = to_wall_ms - window->from_wall_ms,
		.from_wall_ms = window->from_wall_ms,
		.to_wall_ms = to_wall_ms,
	};
}

void register_window_break(struct register_window *window)
{
	window->from_wall_ms = 0;
	window->climb = 0;
	window->power = (struct gauge_sum){0};
}

bool register_window_add(struct register_window *window, const struct flag_rules *rules,
	const struct interval_row *row, const struct register_facts *facts,
	struct flag_finding *ret_finding)
{
	if (!facts->has_power || facts->opposite_moves) {
		register_window_break(window);
		return false;
	}
	if (window->from_wall_ms == 0) {
		window->from_wall_ms = row->start_wall_ms;
	}
	window->climb += row->energy;
	window->power.positive += facts->power.positive;
	window->power.negative += facts->power.negative;
	if (!is_full(window, rules, row->end_wall_ms)) {
		return false;
	}
	judge(window, rules, row->end_wall_ms, ret_finding);
	register_window_break(window);
	return true;
}

/* ---- Standing still ---- */

static void note_power(struct register_stand *stand, const struct interval_row *row,
	const struct register_facts *facts)
{
	if (!facts->has_power || facts->opposite_moves) {
		stand->power = 0;
		stand->power_newest = 0;
		stand->power_from_wall_ms = row->end_wall_ms;
		return;
	}
	stand->power += stand->power_newest;
	stand->power_newest = facts->power.positive;
}

static void move(struct register_stand *stand)
{
	stand->longest_ms =
		stand->stood_ms > stand->longest_ms ? stand->stood_ms : stand->longest_ms;
	register_stand_break(stand);
	stand->moved = true;
}

static bool stands_at_power(const struct register_stand *stand, const struct flag_rules *rules,
	const struct interval_row *row)
{
	int64_t span_ms = row->start_wall_ms - stand->power_from_wall_ms;
	bool must_have_moved = rules->quantity == QUANTITY_ACTIVE_ENERGY_EXPORT;

	return rules->resolution > 0 && (stand->moved || !must_have_moved) &&
	       span_ms >= 2 * rules->register_update_ms &&
	       energy_of(stand->power) >= (flag_sum)rules->limits->steps_min * rules->resolution;
}

static bool stands_long(const struct register_stand *stand, const struct flag_rules *rules)
{
	const struct flag_limits *limits = rules->limits;

	return stand->moved && stand->stood_ms >= limits->frozen_after_ms &&
	       stand->stood_ms >= (flag_sum)stand->longest_ms * limits->frozen_factor;
}

void register_stand_break(struct register_stand *stand)
{
	stand->stood_ms = 0;
	stand->power = 0;
	stand->power_newest = 0;
}

bool register_stand_add(struct register_stand *stand, const struct flag_rules *rules,
	const struct interval_row *row, const struct register_facts *facts,
	struct flag_finding *ret_finding)
{
	if (row->energy != 0) {
		move(stand);
		return false;
	}
	if (stand->stood_ms == 0) {
		stand->from_wall_ms = row->start_wall_ms;
		stand->power_from_wall_ms = row->start_wall_ms;
	}
	stand->stood_ms += row->end_wall_ms - row->start_wall_ms;
	note_power(stand, row, facts);
	bool at_power = stands_at_power(stand, rules, row);
	if (!at_power && !stands_long(stand, rules)) {
		return false;
	}
	*ret_finding = (struct flag_finding){
		.flag = FLAG_FROZEN,
		.cause = at_power ? FLAG_CAUSE_STANDS_AT_POWER : FLAG_CAUSE_STANDS_LONG,
		.quantity = rules->quantity,
		.against = flag_clamp(energy_of(stand->power)),
		.times = stand->longest_ms > 0 ? stand->stood_ms / stand->longest_ms : 0,
		.span_ms =
			at_power ? row->start_wall_ms - stand->power_from_wall_ms : stand->stood_ms,
		.from_wall_ms = stand->from_wall_ms,
		.to_wall_ms = row->end_wall_ms,
	};
	return true;
}
