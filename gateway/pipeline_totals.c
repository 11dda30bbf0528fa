/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline_totals.c -- The running totals: which series they are made of, rows
 * as they are kept, hours and days as they end.
 */
#include <stdlib.h>
#include <string.h>

#include "gateway/local_time.h"
#include "gateway/pipeline_totals.h"

/* ---- the site ---- */

static void free_entries(struct total_entry *entries, size_t count)
{
	for (size_t i = 0; entries != NULL && i < count; i++)
		free(entries[i].peaks);
	free(entries);
}

void totals_set_clear(struct totals_set *set)
{
	free_entries(set->entries, set->count);
	*set = (struct totals_set){.entries = NULL};
}

struct totals_window totals_window_of(const struct pipeline *pipeline, int64_t at_wall_ms)
{
	struct totals_window window;
	totals_window_at(&pipeline->calendar, at_wall_ms, &window);
	return window;
}

void pipeline_totals_free(struct pipeline *pipeline)
{
	struct pipeline_totals *totals = pipeline->totals;
	if (totals == NULL)
		return;
	pipeline_totals_drop_build(totals);
	totals_set_clear(&totals->shown);
	site_totals_clear(&totals->structure);
	free(totals->pending);
	free(totals->digests);
	free(totals->gone);
	free(totals->sums);
	free(totals);
	pipeline->totals = NULL;
}

/* The value of a slot whose rows an entry counts; NULL: none. */
static struct pipeline_value *value_of(
	struct pipeline *pipeline, const char *meter, enum quantity quantity)
{
	for (size_t i = 0; i < pipeline->slots_count; i++) {
		struct pipeline_meter *slot = &pipeline->slots[i];
		uint8_t index = slot->value_of[quantity];
		if (slot->in_use && strcmp(slot->id, meter) == 0)
			return index < slot->values_count ? &slot->values[index] : NULL;
	}
	return NULL;
}

static bool add_entry(
	struct pipeline *pipeline, struct pipeline_totals *totals, struct total_entry *entry)
{
	const char *id = pipeline->site->meters[entry->meter].config->id;
	struct pipeline_value *value = value_of(pipeline, id, entry->quantity);
	if (value == NULL || value->counter == NULL)
		return true;
	entry->through_wall_ms = INT64_MIN;
	entry->reading = -1;
	entry->resolution = value->counter->rules.resolution;
	if (entry->series == TOTALS_IN && site_totals_has_peaks(&totals->structure, entry->meter)) {
		entry->peaks = calloc(1, sizeof *entry->peaks);
		if (entry->peaks == NULL)
			return false;
	}
	totals->shown.entries[totals->shown.count++] = *entry;
	value->total = (uint16_t)totals->shown.count;
	return true;
}

static bool add_entries(struct pipeline *pipeline, struct pipeline_totals *totals)
{
	size_t meters = pipeline->site->meters_count;
	totals->shown.entries =
		calloc(TOTALS_SERIES_COUNT * meters + 1, sizeof *totals->shown.entries);
	if (totals->shown.entries == NULL)
		return false;
	for (size_t i = 0; i < TOTALS_SERIES_COUNT * meters; i++) {
		struct total_entry entry = {.meter = i / TOTALS_SERIES_COUNT,
			.series = (enum totals_series)(i % TOTALS_SERIES_COUNT)};
		if (site_totals_quantity(
			    &totals->structure, entry.meter, entry.series, &entry.quantity) &&
			!add_entry(pipeline, totals, &entry))
			return false;
	}
	return true;
}

static bool has_scope(const struct pipeline_totals *totals, const char *name)
{
	char own[TOTALS_SCOPE_MAX];
	for (size_t i = 0; i < totals->structure.scopes_count; i++) {
		site_totals_scope_name(&totals->structure, totals->structure.scopes[i], own);
		if (strcmp(own, name) == 0)
			return true;
	}
	return false;
}

static void add_gone(struct pipeline_totals *totals, const char *name)
{
	for (size_t i = 0; i < totals->gone_count; i++)
		if (strcmp(totals->gone[i], name) == 0)
			return;
	if (totals->gone_count < TOTALS_GONE_MAX && !has_scope(totals, name))
		snprintf(totals->gone[totals->gone_count++], TOTALS_SCOPE_MAX, "%s", name);
}

/* Scopes that a broker may still hold: of the site before, and of meters the store has known. */
static void find_gone(struct pipeline *pipeline, struct pipeline_totals *totals,
	const struct pipeline_totals *old)
{
	char name[TOTALS_SCOPE_MAX];
	for (size_t i = 0; old != NULL && i < old->gone_count; i++)
		add_gone(totals, old->gone[i]);
	for (size_t i = 0; old != NULL && i < old->structure.scopes_count; i++) {
		site_totals_scope_name(&old->structure, old->structure.scopes[i], name);
		add_gone(totals, name);
	}
	size_t series = pipeline->store != NULL ? store_series_count(pipeline->store) : 0;
	for (size_t i = 0; i < series; i++) {
		const char *meter;
		enum quantity quantity;
		if (!store_series_info(pipeline->store, (int32_t)i, &meter, &quantity))
			continue;
		snprintf(name, sizeof name, "meter-%s", meter);
		add_gone(totals, name);
	}
}

static struct pipeline_totals *make_totals(struct pipeline *pipeline)
{
	struct pipeline_totals *totals = calloc(1, sizeof *totals);
	if (totals == NULL || !site_totals_make(pipeline->site, &totals->structure)) {
		free(totals);
		return NULL;
	}
	size_t scopes = totals->structure.scopes_count;
	totals->dirty_from_wall_ms = INT64_MAX;
	totals->ahead_wall_ms = INT64_MAX;
	totals->quiet_mono_ms = INT64_MIN;
	totals->told_mono_ms = INT64_MIN / 2;
	totals->pending = calloc(scopes + 1, sizeof *totals->pending);
	totals->digests = calloc(TOTALS_PERIODS * scopes + 1, sizeof *totals->digests);
	totals->gone = calloc(TOTALS_GONE_MAX, sizeof *totals->gone);
	totals->sums = calloc(
		TOTALS_SERIES_COUNT * pipeline->site->meters_count + 1, sizeof *totals->sums);
	return totals;
}

void pipeline_take_zone(struct pipeline *pipeline, const struct site *site)
{
	const char *zone = site->config->timezone;
	if (strcmp(pipeline->zone, zone) == 0)
		return;
	if (!local_time_calendar(zone, &pipeline->calendar)) {
		pipeline->calendar = (struct calendar){.count = 0};
		pipeline_say(pipeline, LOG_LEVEL_WARNING,
			"timezone %s: not known on this machine; days and months are UTC's", zone);
	}
	snprintf(pipeline->zone, sizeof pipeline->zone, "%s", zone);
}

void pipeline_totals_take(struct pipeline *pipeline)
{
	struct pipeline_totals *old = pipeline->totals;
	struct pipeline_totals *totals = make_totals(pipeline);
	bool whole = totals != NULL && totals->pending != NULL && totals->digests != NULL &&
		     totals->gone != NULL && totals->sums != NULL && add_entries(pipeline, totals);
	if (whole)
		find_gone(pipeline, totals, old);
	pipeline_totals_free(pipeline);
	pipeline->totals = totals;
	if (whole)
		return;
	pipeline_say(pipeline, LOG_LEVEL_ERROR, "totals: memory is out; none are published");
	pipeline_totals_free(pipeline);
}

/* ---- rows ---- */

static void revised(struct pipeline *pipeline, int64_t start_wall_ms)
{
	struct pipeline_totals *totals = pipeline->totals;
	int64_t quiet = pipeline->now.mono_ms + TOTALS_QUIET_MS;
	if (start_wall_ms < totals->dirty_from_wall_ms)
		totals->dirty_from_wall_ms = start_wall_ms;
	if (quiet > totals->quiet_mono_ms)
		totals->quiet_mono_ms = quiet;
}

void pipeline_totals_row(const struct pipeline_series_place *place, const struct interval_row *row)
{
	struct pipeline_totals *totals = place->pipeline->totals;
	size_t index = place->value->total;
	if (totals == NULL || index == 0 || index > totals->shown.count)
		return;
	struct total_entry *entry = &totals->shown.entries[index - 1];
	if (row->revision > 0) {
		revised(place->pipeline, row->start_wall_ms);
		return;
	}
	if (row->end_wall_ms > entry->through_wall_ms)
		entry->through_wall_ms = row->end_wall_ms;
	if (row->has_readings)
		entry->reading = row->reading_end;
	if (!totals->is_built)
		return; /* counted from the store */
	if (running_totals_add(&entry->running, &totals->shown.window, row) == WINDOW_AFTER &&
		interval_has_value(row) && row->start_wall_ms < totals->ahead_wall_ms)
		totals->ahead_wall_ms = row->start_wall_ms;
	if (row->end_wall_ms <= totals->shown.window.hours[totals->hours] ||
		row->start_wall_ms < totals_window_day_start(&totals->shown.window))
		totals->has_news = true; /* late */
}

/* ---- through time ---- */

/* Of a dwelling: its rows come a day late, and what they are a part of is told by the day. */
static bool is_daily(const struct pipeline_totals *totals, const struct total_entry *entry)
{
	return totals->structure.meters[entry->meter].is_daily;
}

/* Every series has a row up to there, or has had time to. */
static bool is_complete(const struct pipeline *pipeline, int64_t end_wall_ms, int64_t now_wall_ms)
{
	const struct totals_set *shown = &pipeline->totals->shown;
	int64_t late_ms = pipeline->site->config->gap_limit_ms + 30000;
	if (now_wall_ms < end_wall_ms)
		return false;
	if (now_wall_ms >=
		end_wall_ms + (late_ms < TOTALS_LATE_MS_MAX ? late_ms : TOTALS_LATE_MS_MAX))
		return true;
	for (size_t i = 0; i < shown->count; i++)
		if (!is_daily(pipeline->totals, &shown->entries[i]) &&
			shown->entries[i].through_wall_ms < end_wall_ms)
			return false;
	return true;
}

static void roll(struct pipeline *pipeline)
{
	struct pipeline_totals *totals = pipeline->totals;
	struct totals_window next =
		totals_window_of(pipeline, totals_window_day_end(&totals->shown.window));
	const struct totals_roll roll = {.from = &totals->shown.window, .to = &next};
	for (size_t i = 0; i < totals->shown.count; i++)
		running_totals_roll(
			&totals->shown.entries[i].running, totals->shown.entries[i].peaks, &roll);
	for (size_t i = 0; i < totals->shown.count; i++)
		totals->has_news = totals->has_news || is_daily(totals, &totals->shown.entries[i]);
	totals->shown.window = next;
	totals->hours = 0;
	if (totals->ahead_wall_ms < totals_window_day_end(&next)) {
		revised(pipeline, totals->ahead_wall_ms);
		totals->ahead_wall_ms = INT64_MAX;
	}
}

static void end_hours(struct pipeline *pipeline, int64_t now_wall_ms)
{
	struct pipeline_totals *totals = pipeline->totals;
	const struct totals_window *window = &totals->shown.window;
	bool is_over = totals->hours == window->hours_count;
	if (is_over &&
		(!pipeline->connected || pipeline_totals_all_told(totals) ||
			now_wall_ms > totals_window_day_end(window) + 2 * TOTALS_LATE_MS_MAX)) {
		roll(pipeline);
		return;
	}
	if (is_over || !is_complete(pipeline, window->hours[totals->hours + 1], now_wall_ms))
		return;
	totals->hours++;
	pipeline_totals_mark(
		totals, totals->hours == window->hours_count ? TOTALS_ALL_PERIODS : TOTALS_DAY);
}

/* The clock was set by more than the shown day can follow. */
static bool is_out_of_reach(const struct pipeline_totals *totals, int64_t now_wall_ms)
{
	const int64_t hour_ms = 3600000;
	return now_wall_ms < totals_window_day_start(&totals->shown.window) ||
	       now_wall_ms > totals_window_day_end(&totals->shown.window) + hour_ms;
}

int64_t pipeline_totals_step(struct pipeline *pipeline)
{
	struct pipeline_totals *totals = pipeline->totals;
	int64_t now_wall_ms;
	if (totals == NULL || pipeline->store == NULL ||
		!wall_clock_place(&pipeline->clock, pipeline->now.mono_ms, &now_wall_ms))
		return INT64_MAX;
	if (totals->is_built && is_out_of_reach(totals, now_wall_ms)) {
		totals->is_built = false;
		pipeline_totals_drop_build(totals);
	}
	if (pipeline_totals_build(pipeline, now_wall_ms))
		return pipeline->now.mono_ms;
	if (!totals->is_built)
		return INT64_MAX;
	end_hours(pipeline, now_wall_ms);
	if (totals->has_news && pipeline->now.mono_ms >= totals->told_mono_ms + TOTALS_REVISED_MS) {
		totals->has_news = false;
		pipeline_totals_mark(totals, TOTALS_ALL_PERIODS);
	}
	pipeline_totals_tell(pipeline);
	return INT64_MAX; /* with the next tick */
}

void pipeline_totals_show_all(struct pipeline *pipeline)
{
	struct pipeline_totals *totals = pipeline->totals;
	if (totals == NULL)
		return;
	memset(totals->digests, 0,
		TOTALS_PERIODS * totals->structure.scopes_count * sizeof *totals->digests);
	pipeline_totals_mark(totals, TOTALS_ALL_PERIODS);
}
