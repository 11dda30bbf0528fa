/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline_flags.c -- What becomes of a finding: on the row, in the log, as an
 * event, as a revision. What is held against what stands in
 * pipeline_flags_facts.c.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/pipeline_state.h"

enum { REVISIONS_AT_ONCE = 64 };

static uint32_t bit(enum flag flag)
{
	return UINT32_C(1) << flag;
}

/* ---- state ---- */

static bool is_power(enum quantity quantity)
{
	return quantity == QUANTITY_ACTIVE_POWER || quantity == QUANTITY_HEAT_POWER;
}

bool pipeline_flags_make(struct pipeline_value *value)
{
	enum quantity quantity = (enum quantity)value->quantity;
	if (is_power(quantity)) {
		value->integral = calloc(1, sizeof *value->integral);
		return value->integral != NULL;
	}
	if (value->counter == NULL || series_flags_judged(quantity) == 0)
		return true;
	value->flags = calloc(1, sizeof *value->flags);
	if (value->flags == NULL)
		return false;
	if ((series_flags_judged(quantity) & bit(FLAG_HEAT_AGAINST_VOLUME)) == 0)
		return true;
	value->flags->heat = calloc(1, sizeof *value->flags->heat);
	return value->flags->heat != NULL;
}

void pipeline_flags_free(struct pipeline_value *value)
{
	if (value->flags != NULL)
		free(value->flags->heat);
	free(value->flags);
	free(value->integral);
	value->flags = NULL;
	value->integral = NULL;
}

void pipeline_flags_carry_over(struct pipeline_value *from, struct pipeline_value *to)
{
	if (from->flags != NULL && to->flags != NULL) {
		struct heat_check *heat = to->flags->heat;
		if (heat != NULL && from->flags->heat != NULL)
			*heat = *from->flags->heat;
		*to->flags = *from->flags;
		to->flags->heat = heat;
	}
	if (from->integral != NULL && to->integral != NULL)
		*to->integral = *from->integral;
}

static void forget(struct pipeline_series_place *place, void *unused)
{
	(void)unused;
	struct pipeline_flags *flags = place->value->flags;
	if (place->value->integral != NULL)
		*place->value->integral = (struct gauge_integral){0};
	if (flags == NULL)
		return;
	struct heat_check *heat = flags->heat;
	*flags = (struct pipeline_flags){.heat = heat};
	if (heat != NULL)
		*heat = (struct heat_check){0};
}

void pipeline_flags_forget(struct pipeline *pipeline)
{
	pipeline_for_each_value(pipeline, forget, NULL);
}

void pipeline_flags_take_limits(struct pipeline *pipeline)
{
	const struct site_config *config = pipeline->site->config;
	const struct config_flags *flags = &config->flags;
	pipeline->flag_limits = (struct flag_limits){.spike_factor = flags->spike_factor,
		.spike_history_ms = flags->spike_history_ms,
		.doubled_band_percent = flags->doubled_band_percent,
		.doubled_neighbours_percent = flags->doubled_neighbours_percent,
		.steps_min = flags->steps_min,
		.power_band_percent = flags->power_band_percent,
		.submeter_tolerance_percent = flags->submeter_tolerance_percent,
		.heat_factor = flags->heat_factor,
		.heat_band_percent = flags->heat_band_percent,
		.heat_window_ms = flags->heat_window_ms,
		.frozen_after_ms = flags->frozen_after_ms,
		.frozen_factor = flags->frozen_factor};
	pipeline->flag_language =
		config->language == CONFIG_NORWEGIAN ? FLAG_NORWEGIAN : FLAG_ENGLISH;
	pipeline->rejecting_flags = 0;
	for (size_t i = 0; i < flags->reject.count; i++)
		for (int flag = 0; flag < FLAG_COUNT; flag++)
			if (strcmp(flags->reject.names[i], flag_name((enum flag)flag)) == 0)
				pipeline->rejecting_flags |= bit((enum flag)flag);
}

/* ---- telling ---- */

static void tell(const struct pipeline_series_place *place, enum flag flag, const char *what)
{
	static const char *const meter[FLAG_LANGUAGE_COUNT] = {"meter", "måler"};
	const char *quantity = quantity_info((enum quantity)place->value->quantity)->name;
	pipeline_say(place->pipeline, LOG_LEVEL_WARNING, "%s %s: %s, %s: %s",
		meter[place->pipeline->flag_language], place->meter->id, quantity, flag_name(flag),
		what);
	pipeline_meter_event(place->pipeline, (struct occurrence){EVENT_FLAGGED, place->meter->id},
		"%s, %s: %s", quantity, flag_name(flag), what);
}

static bool turn(const struct pipeline_series_place *place, enum flag flag, bool holds,
	const struct flag_finding *finding)
{
	enum flag_language language = place->pipeline->flag_language;
	struct series_flags *state = &place->value->flags->state;
	bool was_active = (state->active & bit(flag)) != 0;
	char reason[FLAG_TEXT_MAX];
	switch (series_flags_turn(state, flag, holds, pipeline_wall_ms(place->pipeline))) {
	case FLAG_TURN_NONE:
		break;
	case FLAG_TURN_BEGINS:
		flag_reason(finding, language, reason);
		tell(place, flag, reason);
		break;
	case FLAG_TURN_ENDS:
		tell(place, flag, flag_info(flag)->over[language]);
		break;
	}
	return holds && !was_active;
}

/* ---- found later ---- */

/* [from, to), no more than a day of it, to be flagged after the next commit. */
static void remember_late(
	const struct pipeline_series_place *place, enum flag flag, const struct flag_finding *span)
{
	struct pipeline_flags *flags = place->value->flags;
	int64_t from_wall_ms = span->from_wall_ms;
	if (from_wall_ms < span->to_wall_ms - PIPELINE_FLAGS_BACK_MS_MAX)
		from_wall_ms = span->to_wall_ms - PIPELINE_FLAGS_BACK_MS_MAX;
	bool waits = (flags->late & bit(flag)) != 0;
	if (!waits || from_wall_ms < flags->late_from_wall_ms[flag])
		flags->late_from_wall_ms[flag] = from_wall_ms;
	if (!waits || span->to_wall_ms > flags->late_to_wall_ms[flag])
		flags->late_to_wall_ms[flag] = span->to_wall_ms;
	flags->late |= bit(flag);
	place->pipeline->flags_wait = true;
}

void pipeline_flags_found_late(
	const struct pipeline_series_place *place, const struct flag_finding *finding)
{
	turn(place, finding->flag, true, finding);
	remember_late(place, finding->flag, finding);
}

void pipeline_flags_not_found(const struct pipeline_series_place *place, enum flag flag)
{
	turn(place, flag, false, NULL);
}

struct revising {
	const struct pipeline_series_place *place;
	enum flag flag;
	struct interval_row rows[REVISIONS_AT_ONCE];
	size_t count;
};

static bool collect(void *context, const struct interval_row *row)
{
	struct revising *revising = context;
	const struct pipeline_flags *flags = revising->place->value->flags;
	bool has_value = row->quality == QUALITY_MEASURED || row->quality == QUALITY_ESTIMATED;
	bool inside = row->start_wall_ms >= flags->late_from_wall_ms[revising->flag] &&
		      row->end_wall_ms <= flags->late_to_wall_ms[revising->flag];
	if (has_value && inside && (row->flags & bit(revising->flag)) == 0)
		revising->rows[revising->count++] = *row;
	return revising->count < REVISIONS_AT_ONCE;
}

/* False: the store did not take it all; the rest waits for the next commit. */
static bool revise_flag(const struct pipeline_series_place *place, enum flag flag)
{
	struct pipeline_flags *flags = place->value->flags;
	struct revising revising = {.place = place, .flag = flag};
	struct store_range range = {.series = place->value->series,
		.from_wall_ms = flags->late_from_wall_ms[flag],
		.to_wall_ms = flags->late_to_wall_ms[flag]};
	if (store_newest_intervals(place->pipeline->store, &range, collect, &revising) != STORE_OK)
		return false;
	for (size_t i = 0; i < revising.count; i++) {
		struct interval_row *row = &revising.rows[i];
		struct pipeline_series_place own = *place;
		row->flags |= bit(flag);
		row->revision++;
		if (!pipeline_keep_interval(&own, row))
			return false;
		flags->late_from_wall_ms[flag] = row->end_wall_ms;
	}
	if (revising.count == REVISIONS_AT_ONCE)
		return false;
	flags->late &= ~bit(flag);
	return true;
}

static void revise(struct pipeline_series_place *place, void *unused)
{
	(void)unused;
	const struct pipeline_flags *flags = place->value->flags;
	bool all = true;
	if (flags == NULL || flags->late == 0 || place->value->series < 0)
		return;
	/* One flag a commit: a row that has two gets them one after the other. */
	for (int flag = 0; all && flag < FLAG_COUNT; flag++)
		if ((flags->late & bit((enum flag)flag)) != 0) {
			all = revise_flag(place, (enum flag)flag);
			break;
		}
	if (flags->late != 0)
		place->pipeline->flags_wait = true;
}

void pipeline_flags_revise(struct pipeline *pipeline)
{
	if (!pipeline->flags_wait || pipeline->store == NULL)
		return;
	pipeline->flags_wait = false;
	pipeline_for_each_value(pipeline, revise, NULL);
}

/* ---- closing ---- */

/* The interval gets no value; what it held is told. */
static bool reject(const struct pipeline_series_place *place, struct interval_row *row,
	const struct flags_closing *closing)
{
	static const char *const words[FLAG_LANGUAGE_COUNT] = {"rejected", "avvist"};
	struct pipeline *pipeline = place->pipeline;
	uint32_t wanted = closing->found & pipeline->rejecting_flags;
	enum flag flag = FLAG_LARGEST_POWER;
	char reason[FLAG_TEXT_MAX];
	while ((wanted & bit(flag)) == 0)
		flag++;
	flag_reason(&closing->findings[flag], pipeline->flag_language, reason);
	struct event_row event = {.at_wall_ms = row->end_wall_ms,
		.amount = row->energy,
		.has_amount = true,
		.kind = EVENT_ENERGY_WITHHELD,
		.quantity = place->value->quantity,
		.clock = row->clock};
	snprintf(event.meter, sizeof event.meter, "%s", place->meter->id);
	snprintf(event.text, sizeof event.text, "%s (%s): %s", words[pipeline->flag_language],
		flag_name(flag), reason);
	if (!pipeline_append_event(pipeline, &event))
		return false;
	row->quality = QUALITY_REJECTED;
	row->method = METHOD_NONE;
	row->energy = 0;
	place->value->flags->state.is_measured = false;
	return true;
}

bool pipeline_flags_close(const struct pipeline_series_place *place, struct interval_row *row,
	struct flags_closing *ret_closing)
{
	struct pipeline_flags *flags = place->value->flags;
	*ret_closing = (struct flags_closing){.is_newer = false};
	if (flags == NULL)
		return true;
	struct flag_rules rules = pipeline_flags_rules(place);
	struct register_facts facts = pipeline_flags_facts(place, row);
	ret_closing->before = flags->state;
	ret_closing->is_newer = series_flags_is_newer(&flags->state, row);
	ret_closing->found = series_flags_close(
		&flags->state, &rules, row, &facts, &ret_closing->known, ret_closing->findings);
	if (flags->heat != NULL && flags->heat->window.differs && ret_closing->is_newer &&
		(row->quality == QUALITY_MEASURED || row->quality == QUALITY_ESTIMATED))
		ret_closing->found |= bit(FLAG_HEAT_AGAINST_VOLUME);
	row->flags |= ret_closing->found;
	if (!ret_closing->is_newer || row->revision > 0 ||
		(ret_closing->found & place->pipeline->rejecting_flags) == 0 ||
		reject(place, row, ret_closing))
		return true;
	pipeline_flags_undo(place, ret_closing);
	return false;
}

void pipeline_flags_undo(
	const struct pipeline_series_place *place, const struct flags_closing *closing)
{
	if (place->value->flags != NULL)
		place->value->flags->state = closing->before;
}

void pipeline_flags_kept(const struct pipeline_series_place *place, const struct interval_row *row,
	const struct flags_closing *closing)
{
	struct flag_finding later;
	if (place->value->flags == NULL || !closing->is_newer)
		return;
	for (int i = 0; i < FLAG_COUNT; i++) {
		enum flag flag = (enum flag)i;
		const struct flag_finding *finding = &closing->findings[flag];
		if ((closing->known & bit(flag)) == 0)
			continue;
		bool holds = (closing->found & bit(flag)) != 0;
		if (turn(place, flag, holds, finding) && finding->from_wall_ms < row->start_wall_ms)
			remember_late(place, flag, finding);
	}
	struct flag_rules rules = pipeline_flags_rules(place);
	if (series_flags_look_back(&place->value->flags->state, &rules, row, &later))
		pipeline_flags_found_late(place, &later);
	pipeline_flags_compare(place);
}
