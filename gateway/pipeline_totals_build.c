/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline_totals_build.c -- The running totals from the store: all of the year
 * at a start, the days since the oldest revised interval later. In portions,
 * into a set of its own, which takes the shown one's place when it has caught
 * up with the newest row.
 */
#include <stdlib.h>
#include <string.h>

#include "gateway/pipeline_totals.h"

void pipeline_totals_drop_build(struct pipeline_totals *totals)
{
	totals_set_clear(&totals->made);
	totals->walk = newest_intervals_free(totals->walk);
	free(totals->entry_of_series);
	totals->entry_of_series = NULL;
	totals->series_count = 0;
}

/* ---- beginning ---- */

/* Where counting must begin when nothing is known: the year, or as far back as peaks reach. */
static int64_t first_wall_ms(const struct pipeline *pipeline, int64_t now_wall_ms)
{
	int64_t year = calendar_span_start(&pipeline->calendar, SPAN_YEAR, now_wall_ms);
	int64_t month = calendar_span_start(&pipeline->calendar, SPAN_MONTH, now_wall_ms);
	if (pipeline->site->config->peak_rule != PEAKS_MEAN_OF_MONTHS)
		return year;
	for (int i = 1; i < PEAK_MONTHS_MAX; i++)
		month = calendar_span_start(&pipeline->calendar, SPAN_MONTH, month - 1);
	return month < year ? month : year;
}

static bool copy_entries(const struct totals_set *from, struct totals_set *to, bool empty)
{
	to->entries = calloc(from->count + 1, sizeof *to->entries);
	if (to->entries == NULL)
		return false;
	to->count = from->count;
	for (size_t i = 0; i < from->count; i++) {
		struct series_peaks *peaks = NULL;
		if (from->entries[i].peaks != NULL) {
			peaks = calloc(1, sizeof *peaks);
			if (peaks == NULL)
				to->count = 0;
			if (peaks == NULL)
				return false;
			if (!empty)
				*peaks = *from->entries[i].peaks;
		}
		to->entries[i] = from->entries[i];
		to->entries[i].peaks = peaks;
		if (empty)
			to->entries[i].running = (struct running_totals){.energy = {0}};
	}
	return true;
}

/* Days of the month from the window's running one on are to be counted again. */
static void forget_days(struct totals_set *set)
{
	size_t first = set->window.day;
	for (size_t i = 0; i < set->count; i++) {
		struct series_peaks *peaks = set->entries[i].peaks;
		running_totals_clear_days(&set->entries[i].running, first);
		if (peaks != NULL)
			memset(&peaks->days[first], 0,
				(PEAK_DAYS_MAX - first) * sizeof peaks->days[0]);
	}
}

static bool map_series(struct pipeline *pipeline)
{
	struct pipeline_totals *totals = pipeline->totals;
	size_t count = store_series_count(pipeline->store);
	totals->entry_of_series = calloc(count + 1, sizeof *totals->entry_of_series);
	if (totals->entry_of_series == NULL)
		return false;
	totals->series_count = count;
	for (size_t i = 0; i < count; i++) {
		const char *meter;
		enum quantity quantity;
		totals->entry_of_series[i] = -1;
		if (!store_series_info(pipeline->store, (int32_t)i, &meter, &quantity))
			continue;
		for (size_t j = 0; j < totals->made.count; j++) {
			const struct total_entry *entry = &totals->made.entries[j];
			const char *own = pipeline->site->meters[entry->meter].config->id;
			if (entry->quantity == quantity && strcmp(own, meter) == 0)
				totals->entry_of_series[i] = (int32_t)j;
		}
	}
	return true;
}

static void begin(struct pipeline *pipeline, int64_t now_wall_ms)
{
	struct pipeline_totals *totals = pipeline->totals;
	int64_t dirty = totals->dirty_from_wall_ms;
	struct coarse_reach reach = store_coarse_reach(pipeline->store);
	/* What was counted as hours may have become a day that begins elsewhere. */
	bool is_partial = totals->is_built && dirty >= totals->shown.window.days[0] &&
			  dirty >= reach.hours_until_wall_ms && dirty >= reach.days_until_wall_ms;
	int64_t from = is_partial ? calendar_span_start(&pipeline->calendar, SPAN_DAY, dirty)
				  : first_wall_ms(pipeline, now_wall_ms);
	if (is_partial && from > totals_window_day_start(&totals->shown.window))
		from = totals_window_day_start(&totals->shown.window);
	totals->dirty_from_wall_ms = INT64_MAX;
	bool made =
		copy_entries(&totals->shown, &totals->made, !is_partial) && map_series(pipeline);
	totals->made.window = totals_window_of(pipeline, from);
	totals->made.reach = is_partial ? totals->shown.reach : reach;
	if (made && is_partial)
		forget_days(&totals->made);
	totals->walk = made ? newest_intervals_new(pipeline->store, from) : NULL;
	if (totals->walk == NULL) {
		pipeline_totals_drop_build(totals);
		totals->dirty_from_wall_ms = dirty;
		totals->quiet_mono_ms = pipeline->now.mono_ms + TOTALS_RETRY_MS;
	}
}

/* ---- counting ---- */

struct counting {
	struct pipeline *pipeline;
	int64_t now_wall_ms;
};

static void roll_to(struct pipeline *pipeline, int64_t at_wall_ms)
{
	struct totals_set *made = &pipeline->totals->made;
	struct totals_window next = totals_window_of(pipeline, at_wall_ms);
	const struct totals_roll roll = {.from = &made->window, .to = &next};
	for (size_t i = 0; i < made->count; i++)
		running_totals_roll(&made->entries[i].running, made->entries[i].peaks, &roll);
	made->window = next;
}

/* The entry that a row counts for, from then on through its end; NULL: none. */
static struct total_entry *entry_of(
	const struct counting *counting, int32_t series, const struct coarse_span *span)
{
	struct pipeline_totals *totals = counting->pipeline->totals;
	int32_t index = series >= 0 && (size_t)series < totals->series_count
				? totals->entry_of_series[series]
				: -1;
	/* What a wrong clock dated into the future is no day to go on to. */
	if (index < 0 || span->start_wall_ms > counting->now_wall_ms)
		return NULL;
	struct total_entry *entry = &totals->made.entries[index];
	if (span->end_wall_ms > entry->through_wall_ms)
		entry->through_wall_ms = span->end_wall_ms;
	return entry;
}

static bool count_coarse(void *context, const struct coarse_interval *row)
{
	const struct counting *counting = context;
	struct pipeline_totals *totals = counting->pipeline->totals;
	const struct coarse_span span = {row->start_wall_ms, row->end_wall_ms};
	struct total_entry *entry = entry_of(counting, row->series, &span);
	struct total_sum sum = {0};
	if (entry == NULL)
		return true;
	if (row->has_readings)
		entry->reading = row->reading_end;
	if (row->start_wall_ms >= totals_window_day_end(&totals->made.window))
		roll_to(counting->pipeline, row->start_wall_ms);
	coarse_interval_count(row, &sum);
	(void)!running_totals_add_sum(
		&entry->running, &totals->made.window, row->start_wall_ms, &sum);
	return true;
}

static bool count(void *context, const struct interval_row *row)
{
	const struct counting *counting = context;
	struct pipeline_totals *totals = counting->pipeline->totals;
	const struct coarse_span span = {row->start_wall_ms, row->end_wall_ms};
	struct total_entry *entry = entry_of(counting, row->series, &span);
	if (entry == NULL || !interval_has_value(row))
		return true;
	if (row->has_readings)
		entry->reading = row->reading_end;
	if (row->start_wall_ms >= totals_window_day_end(&totals->made.window))
		roll_to(counting->pipeline, row->start_wall_ms);
	(void)!running_totals_add(&entry->running, &totals->made.window, row);
	return true;
}

/* Hours of the shown day that were over before it was shown. */
static size_t hours_over(const struct totals_window *window, int64_t now_wall_ms)
{
	size_t hours = 0;
	while (hours < window->hours_count &&
		window->hours[hours + 1] + TOTALS_LATE_MS_MAX <= now_wall_ms)
		hours++;
	return hours;
}

static void show(struct pipeline *pipeline, int64_t now_wall_ms)
{
	struct pipeline_totals *totals = pipeline->totals;
	struct totals_set *made = &totals->made;
	int64_t day =
		totals->is_built ? totals_window_day_start(&totals->shown.window) : now_wall_ms;
	if (day >= totals_window_day_end(&made->window))
		roll_to(pipeline, day);
	bool same_day = totals->is_built && made->window.hours[0] == totals->shown.window.hours[0];
	/* What was counted meanwhile but revised again is counted once more. */
	totals_set_clear(&totals->shown);
	totals->shown = *made;
	*made = (struct totals_set){.entries = NULL};
	pipeline_totals_drop_build(totals);
	if (!same_day)
		totals->hours = hours_over(&totals->shown.window, now_wall_ms);
	if (totals->is_built)
		totals->has_news = true;
	else
		pipeline_totals_mark(totals, TOTALS_ALL_PERIODS);
	totals->is_built = true;
	totals->ahead_wall_ms = INT64_MAX;
	totals->quiet_mono_ms = pipeline->now.mono_ms + TOTALS_REBUILD_MS;
}

static void fail(struct pipeline *pipeline)
{
	struct pipeline_totals *totals = pipeline->totals;
	pipeline_totals_drop_build(totals);
	totals->dirty_from_wall_ms = INT64_MIN;
	totals->quiet_mono_ms = pipeline->now.mono_ms + TOTALS_RETRY_MS;
	pipeline_say(pipeline, LOG_LEVEL_WARNING,
		"totals: the store cannot be read, or too much of it was revised; tried again in "
		"10 min");
}

static bool is_caught_up(const struct pipeline *pipeline)
{
	return store_cursor(pipeline->store, STREAM_ENERGY).last >= pipeline->last_energy_id;
}

bool pipeline_totals_build(struct pipeline *pipeline, int64_t now_wall_ms)
{
	struct pipeline_totals *totals = pipeline->totals;
	bool is_due = !totals->is_built || totals->dirty_from_wall_ms != INT64_MAX;
	if (totals->walk == NULL && is_due && pipeline->now.mono_ms >= totals->quiet_mono_ms)
		begin(pipeline, now_wall_ms);
	if (totals->walk == NULL)
		return false;
	struct counting counting = {pipeline, now_wall_ms};
	const struct newest_visitors visitors = {count, count_coarse, &counting};
	switch (newest_intervals_step(totals->walk, TOTALS_PORTION_ROWS, &visitors)) {
	case NEWEST_GOES_ON:
		return true;
	case NEWEST_CAUGHT_UP:
		if (is_caught_up(pipeline))
			show(pipeline, now_wall_ms);
		break;
	case NEWEST_CHANGED: /* all of it: hours may have become days */
		pipeline_totals_drop_build(totals);
		totals->dirty_from_wall_ms = INT64_MIN;
		break;
	case NEWEST_FAILED:
		fail(pipeline);
		break;
	}
	return false;
}
