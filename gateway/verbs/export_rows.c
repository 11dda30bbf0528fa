/* SPDX-License-Identifier: Apache-2.0 */
/*
 * export_rows.c -- The lines of `byport export` from the store's rows: series
 * after series, each in order of time, each interval as its newest revision
 * says; or the rows of each local hour as one. What has become coarser in the
 * store is a line of its own, with its own start and end.
 */
#include <stdlib.h>
#include <string.h>

#include "gateway/core/totals.h"
#include "gateway/verbs/export.h"
#include "gateway/verbs/verb.h"

/* A series on its way out. */
struct exporting {
	struct export *export;
	struct history_range range;
	const char *meter;
	enum quantity quantity;
	/* The hour that is being added up. */
	bool has_hour;
	struct interval_row hour; /* its rows as one */
	struct total_sum sum;
	int64_t longest_ms; /* of its rows */
	bool is_final;
	/* What has become coarser, in order of time. */
	struct coarse_interval *coarse;
	size_t coarse_count;
	size_t coarse_capacity;
	size_t coarse_written;
	bool is_held; /* the store, while rows are read */
};

static void write_line(struct exporting *exporting, const struct export_line *line)
{
	struct export *export = exporting->export;
	if (export->final_only && !line->is_final)
		return;
	export_print_line(export, line);
	export->lines++;
}

static int32_t permille(int64_t part, int64_t whole)
{
	return whole > 0 ? (int32_t)(part * 1000 / whole) : 0;
}

/* What is true of an hour is what is true of all its rows. */
static void write_hour(struct exporting *exporting)
{
	const struct total_sum *sum = &exporting->sum;
	struct interval_row *hour = &exporting->hour;
	if (!exporting->has_hour)
		return;
	exporting->has_hour = false;
	int64_t elapsed =
		total_elapsed_ms(hour->start_wall_ms, hour->end_wall_ms, exporting->longest_ms);
	if (elapsed <= 0)
		elapsed = hour->end_wall_ms - hour->start_wall_ms;
	hour->energy = sum->energy;
	if (sum->covered_ms < elapsed && interval_has_value(hour))
		hour->quality = QUALITY_MISSING;
	write_line(
		exporting, &(struct export_line){
				   .meter = exporting->meter,
				   .quantity = exporting->quantity,
				   .row = *hour,
				   .is_final = exporting->is_final && interval_has_value(hour),
				   .has_at_least = !interval_has_value(hour) && sum->covered_ms > 0,
				   .at_least = sum->energy,
				   .coverage_permille = permille(sum->covered_ms, elapsed),
				   .estimated_permille = permille(sum->estimated, sum->energy),
			   });
}

/* An interval longer than an hour is a line of its own. */
static void begin_hour(struct exporting *exporting, const struct interval_row *row)
{
	const struct calendar *calendar = &exporting->export->history.calendar;
	int64_t start = calendar_span_start(calendar, SPAN_HOUR, row->start_wall_ms);
	int64_t end = calendar_span_next(calendar, SPAN_HOUR, row->start_wall_ms);
	write_hour(exporting);
	exporting->hour = *row;
	exporting->hour.start_wall_ms = row->end_wall_ms > end ? row->start_wall_ms : start;
	exporting->hour.end_wall_ms = row->end_wall_ms > end ? row->end_wall_ms : end;
	exporting->has_hour = true;
	exporting->is_final = true;
	exporting->sum = (struct total_sum){0};
	exporting->longest_ms = 0;
}

static void add_to_hour(struct exporting *exporting, const struct interval_row *row, bool is_final)
{
	struct interval_row *hour = &exporting->hour;
	if (!exporting->has_hour || row->start_wall_ms < hour->start_wall_ms ||
		row->start_wall_ms >= hour->end_wall_ms)
		begin_hour(exporting, row);
	int64_t length = row->end_wall_ms - row->start_wall_ms;
	exporting->longest_ms = length > exporting->longest_ms ? length : exporting->longest_ms;
	total_sum_add(&exporting->sum, row);
	hour->flags |= row->flags;
	hour->quality = row->quality > hour->quality ? row->quality : hour->quality;
	hour->has_readings = hour->has_readings && row->has_readings;
	hour->reading_end = row->reading_end;
	exporting->is_final = exporting->is_final && is_final;
}

/* ---- what has become coarser ---- */

static bool collect_coarse(void *context, const struct coarse_interval *row)
{
	struct exporting *exporting = context;
	if (exporting->coarse_count == exporting->coarse_capacity) {
		size_t capacity = 2 * exporting->coarse_capacity + 256;
		struct coarse_interval *grown =
			realloc(exporting->coarse, capacity * sizeof *grown);
		if (grown == NULL)
			return false;
		exporting->coarse = grown;
		exporting->coarse_capacity = capacity;
	}
	exporting->coarse[exporting->coarse_count++] = *row;
	return true;
}

static int by_start(const void *a, const void *b)
{
	const struct coarse_interval *first = a, *second = b;
	return (first->start_wall_ms > second->start_wall_ms) -
	       (first->start_wall_ms < second->start_wall_ms);
}

static bool read_coarse(struct exporting *exporting, const struct store_range *range)
{
	const struct store_coarse_walk walk = {.range = *range,
		.rows_max = SIZE_MAX,
		.visit = collect_coarse,
		.context = exporting};
	struct store_coarse_place place = {.length_ms = INT64_MAX};
	bool more = false;
	exporting->coarse_count = 0;
	exporting->coarse_written = 0;
	if (store_walk_coarse(exporting->export->history.store, &walk, &place, &more) != STORE_OK)
		return false;
	if (exporting->coarse_count > 0)
		qsort(exporting->coarse, exporting->coarse_count, sizeof *exporting->coarse,
			by_start);
	return true;
}

static void write_coarse(struct exporting *exporting, const struct coarse_interval *coarse)
{
	const struct history *history = &exporting->export->history;
	int64_t length = coarse->end_wall_ms - coarse->start_wall_ms;
	int64_t covered = coarse->measured_ms + coarse->estimated_ms;
	write_hour(exporting);
	write_line(exporting,
		&(struct export_line){
			.meter = exporting->meter,
			.quantity = exporting->quantity,
			.row = {.start_wall_ms = coarse->start_wall_ms,
				.end_wall_ms = coarse->end_wall_ms,
				.energy = coarse->energy,
				.reading_start = coarse->reading_start,
				.reading_end = coarse->reading_end,
				.flags = coarse->flags,
				.quality = (uint8_t)coarse_interval_quality(coarse),
				.clock = coarse->clock,
				.has_readings = coarse->has_readings,
				.correction = coarse->correction},
			.is_final = history_coarse_is_final(history, coarse),
			.has_at_least = covered > 0 && covered < length,
			.at_least = coarse->energy,
			.coverage_permille = permille(covered, length),
			.estimated_permille = permille(coarse->estimated, coarse->energy),
        });
}

/* Those that start before an instant. */
static void write_coarse_until(struct exporting *exporting, int64_t wall_ms)
{
	while (exporting->coarse_written < exporting->coarse_count &&
		exporting->coarse[exporting->coarse_written].start_wall_ms < wall_ms)
		write_coarse(exporting, &exporting->coarse[exporting->coarse_written++]);
}

/* ---- all of a series ---- */

/* What is printed may be read slowly: the store is let go of before. */
static void let_go(struct exporting *exporting)
{
	if (exporting->is_held)
		store_release(exporting->export->history.store);
	exporting->is_held = false;
}

static bool visit(void *context, const struct interval_row *row)
{
	struct exporting *exporting = context;
	const struct history *history = &exporting->export->history;
	let_go(exporting);
	write_coarse_until(exporting, row->start_wall_ms);
	if (row->start_wall_ms < exporting->range.from_wall_ms) /* only its end is in the range */
		return true;
	bool is_final = history_row_is_final(history, row);
	if (exporting->export->hourly)
		add_to_hour(exporting, row, is_final);
	else
		write_line(exporting, &(struct export_line){.meter = exporting->meter,
					      .quantity = exporting->quantity,
					      .row = *row,
					      .is_final = is_final});
	return !ferror(stdout);
}

static bool is_asked_for(const struct export *export, const struct exporting *series)
{
	const char *meter = export->history.choice.meter;
	return quantity_info(series->quantity)->kind == QUANTITY_COUNTER &&
	       (meter == NULL || strcmp(meter, series->meter) == 0) &&
	       (!export->has_quantity || export->quantity == series->quantity);
}

static int write_series(struct exporting *exporting, int32_t number)
{
	struct history *history = &exporting->export->history;
	const struct store_range range = {
		number, exporting->range.from_wall_ms, exporting->range.to_wall_ms};
	exporting->is_held = store_hold(history->store) == STORE_OK;
	bool is_read = exporting->is_held && read_coarse(exporting, &range) &&
		       store_newest_intervals(history->store, &range, visit, exporting) == STORE_OK;
	let_go(exporting);
	if (!is_read) {
		history_say(
			history, "the store cannot be read: %s\n", store_reason(history->store));
		return VERB_UNAVAILABLE;
	}
	write_coarse_until(exporting, INT64_MAX);
	write_hour(exporting);
	return VERB_OK;
}

static int say_unknown(const struct export *export)
{
	const struct history *history = &export->history;
	const char *meter = history->choice.meter;
	if (export->has_quantity)
		history_say(history, "the store has no intervals of %s%s%s",
			quantity_info(export->quantity)->name, meter != NULL ? " of " : "",
			meter != NULL ? meter : "");
	else
		history_say(history, "the store knows no energy of a meter \"%s\"", meter);
	history_list_meters(history);
	return VERB_BAD;
}

/* The series from a place on that is asked for, into *exporting; false: none. */
static bool find_series(struct exporting *exporting, size_t *place)
{
	const struct store *store = exporting->export->history.store;
	for (; *place < store_series_count(store); ++*place)
		if (store_series_info(
			    store, (int32_t)*place, &exporting->meter, &exporting->quantity) &&
			is_asked_for(exporting->export, exporting))
			return true;
	return false;
}

int export_rows(struct export *export)
{
	struct history *history = &export->history;
	struct exporting exporting = {.export = export};
	bool is_whole = history->choice.meter == NULL && !export->has_quantity;
	size_t place = 0;
	int status = history_find_range(history, &exporting.range);
	if (status != VERB_OK)
		return status;
	if (!find_series(&exporting, &place) && !is_whole)
		return say_unknown(export);
	history_find_recent(history);
	export_print_head(export);
	for (; status == VERB_OK && find_series(&exporting, &place); place++)
		status = write_series(&exporting, (int32_t)place);
	free(exporting.coarse);
	return status;
}
