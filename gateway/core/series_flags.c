/* SPDX-License-Identifier: Apache-2.0 */
/* series_flags.c -- series_flags.h. */
#include "gateway/core/series_flags.h"

#include <assert.h>

#define BIT(flag) (UINT32_C(1) << (flag))

enum {
	INTERVAL = BIT(FLAG_SPIKE) | BIT(FLAG_DOUBLED_HOUR),
	REGISTER = BIT(FLAG_REGISTER_AGAINST_POWER) | BIT(FLAG_FROZEN),
	SUM = BIT(FLAG_SUBMETERS_ABOVE_MAIN),
};

/* What is judged of a quantity, and beside what; a quantity without a row: nothing. */
struct judged_quantity {
	enum quantity quantity;
	uint32_t flags;
	bool has_gauge;
	enum quantity gauge;
	bool has_opposite;
	enum quantity opposite;
};

/* clang-format off */
/* A cloud that passes doubles an hour of production, and a sunny day after weeks of snow is a spike:
 * export is not judged on them. */
static const struct judged_quantity judged[] = {
	{.quantity = QUANTITY_ACTIVE_ENERGY_IMPORT, .flags = BIT(FLAG_LARGEST_POWER) | INTERVAL | REGISTER | SUM,
	 .has_gauge = true, .gauge = QUANTITY_ACTIVE_POWER,
	 .has_opposite = true, .opposite = QUANTITY_ACTIVE_ENERGY_EXPORT},
	{.quantity = QUANTITY_ACTIVE_ENERGY_EXPORT, .flags = BIT(FLAG_LARGEST_POWER) | REGISTER,
	 .has_gauge = true, .gauge = QUANTITY_ACTIVE_POWER,
	 .has_opposite = true, .opposite = QUANTITY_ACTIVE_ENERGY_IMPORT},
	{.quantity = QUANTITY_HEAT_ENERGY, .flags = INTERVAL | REGISTER | SUM | BIT(FLAG_HEAT_AGAINST_VOLUME),
	 .has_gauge = true, .gauge = QUANTITY_HEAT_POWER},
	{.quantity = QUANTITY_COOLING_ENERGY, .flags = INTERVAL | SUM | BIT(FLAG_FROZEN)},
	{.quantity = QUANTITY_VOLUME, .flags = INTERVAL | SUM | BIT(FLAG_FROZEN)},
	{.quantity = QUANTITY_PULSES, .flags = INTERVAL | BIT(FLAG_FROZEN)},
};
/* clang-format on */

static const int64_t hour_ms = INT64_C(3600000);

static const struct judged_quantity *row_of(enum quantity quantity)
{
	for (size_t i = 0; i < sizeof(judged) / sizeof(judged[0]); i++) {
		if (judged[i].quantity == quantity) {
			return &judged[i];
		}
	}
	return NULL;
}

uint32_t series_flags_judged(enum quantity quantity)
{
	const struct judged_quantity *row = row_of(quantity);

	return row ? row->flags : 0;
}

bool series_flags_gauge(enum quantity quantity, enum quantity *ret_gauge)
{
	const struct judged_quantity *row = row_of(quantity);

	if (!row || !row->has_gauge) {
		return false;
	}
	*ret_gauge = row->gauge;
	return true;
}

bool series_flags_opposite(enum quantity quantity, enum quantity *ret_opposite)
{
	const struct judged_quantity *row = row_of(quantity);

	if (!row || !row->has_opposite) {
		return false;
	}
	*ret_opposite = row->opposite;
	return true;
}

/* ---- Closing ---- */

/* One closing's companions. */
struct closing {
	struct series_flags *state;
	const struct flag_rules *rules;
	const struct interval_row *row;
	const struct register_facts *facts;
	struct flag_finding *findings;
	uint32_t found;
	uint32_t known;
};

static void note(struct closing *closing, enum flag flag, bool holds)
{
	closing->known |= BIT(flag);
	closing->found |= holds ? BIT(flag) : 0;
}

static void judge_register(struct closing *closing)
{
	struct series_flags *state = closing->state;
	struct flag_finding finding;

	if (register_window_add(
		    &state->window, closing->rules, closing->row, closing->facts, &finding)) {
		note(closing, FLAG_REGISTER_AGAINST_POWER, state->window.differs);
		if (state->window.differs) {
			closing->findings[FLAG_REGISTER_AGAINST_POWER] = finding;
		}
	} else if (state->window.differs) {
		closing->found |= BIT(FLAG_REGISTER_AGAINST_POWER);
	}
	note(closing, FLAG_FROZEN,
		register_stand_add(&state->stand, closing->rules, closing->row, closing->facts,
			&closing->findings[FLAG_FROZEN]));
}

static void judge_measured(struct closing *closing)
{
	note(closing, FLAG_SPIKE,
		interval_history_spike(&closing->state->history, closing->rules, closing->row,
			&closing->findings[FLAG_SPIKE]));
	judge_register(closing);
}

/* Not measured: what was known of the register's course ends here. */
static void judge_unmeasured(struct closing *closing)
{
	register_window_break(&closing->state->window);
	register_stand_break(&closing->state->stand);
	closing->found |= closing->state->window.differs ? BIT(FLAG_REGISTER_AGAINST_POWER) : 0;
}

static bool has_value(const struct interval_row *row)
{
	return row->quality == QUALITY_MEASURED || row->quality == QUALITY_ESTIMATED;
}

static void remember(struct series_flags *state, const struct interval_row *row)
{
	state->start_wall_ms = row->start_wall_ms;
	state->end_wall_ms = row->end_wall_ms;
	state->energy = row->energy;
	state->is_measured = row->quality == QUALITY_MEASURED;
	if (has_value(row) && row->energy != 0) {
		state->climbed_wall_ms = row->end_wall_ms;
	}
}

bool series_flags_is_newer(const struct series_flags *state, const struct interval_row *row)
{
	bool is_taken_back = row->revision > 0 && !has_value(row);

	return row->start_wall_ms >= state->end_wall_ms && !is_taken_back;
}

uint32_t series_flags_close(struct series_flags *state, const struct flag_rules *rules,
	const struct interval_row *row, const struct register_facts *facts, uint32_t *ret_known,
	struct flag_finding ret_findings[static FLAG_COUNT])
{
	struct closing closing = {state, rules, row, facts, ret_findings, 0, 0};
	bool is_newer = series_flags_is_newer(state, row);

	if (has_value(row)) {
		note(&closing, FLAG_LARGEST_POWER,
			interval_is_above_largest(rules, row, &ret_findings[FLAG_LARGEST_POWER]));
	}
	if (is_newer && row->quality == QUALITY_MEASURED) {
		judge_measured(&closing);
	} else if (is_newer) {
		judge_unmeasured(&closing);
	}
	if (is_newer) {
		remember(state, row);
	}
	uint32_t of_quantity = series_flags_judged(rules->quantity);
	*ret_known = closing.known & of_quantity;
	return closing.found & of_quantity & (has_value(row) ? UINT32_MAX : 0);
}

bool series_flags_look_back(struct series_flags *state, const struct flag_rules *rules,
	const struct interval_row *row, struct flag_finding *ret_finding)
{
	return row->quality == QUALITY_MEASURED &&
	       (series_flags_judged(rules->quantity) & BIT(FLAG_DOUBLED_HOUR)) != 0 &&
	       interval_history_doubled(&state->history, rules, row, ret_finding);
}

/* ---- Telling ---- */

static bool was_told_today(const struct series_flags *state, enum flag flag, int64_t hour)
{
	return state->told_hour[flag] != 0 && hour - state->told_hour[flag] < FLAG_TOLD_AGAIN_HOURS;
}

enum flag_turn series_flags_turn(
	struct series_flags *state, enum flag flag, bool holds, int64_t at_wall_ms)
{
	bool lasts = flag_info(flag)->lasts;
	int64_t hour = at_wall_ms / hour_ms;

	if (!holds) {
		bool ends = (state->active & state->told & BIT(flag)) != 0;
		state->active &= ~BIT(flag);
		state->told &= ~BIT(flag);
		return ends ? FLAG_TURN_ENDS : FLAG_TURN_NONE;
	}
	bool goes_on = (state->active & BIT(flag)) != 0;
	state->active |= lasts ? BIT(flag) : 0;
	if (goes_on || was_told_today(state, flag, hour)) {
		return FLAG_TURN_NONE;
	}
	state->told |= lasts ? BIT(flag) : 0;
	state->told_hour[flag] = (int32_t)hour;
	return FLAG_TURN_BEGINS;
}
