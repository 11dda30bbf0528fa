/* SPDX-License-Identifier: Apache-2.0 */
/*
 * export_rows.c -- The lines of `byport export` from the store's rows: series
 * after series, each in order of time, each interval as its newest revision
 * says; or the rows of each local hour as one.
 */
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
	write_line(exporting, &(struct export_line){
				      .meter = exporting->meter,
				      .quantity = exporting->quantity,
				      .row = *hour,
				      .is_final = exporting->is_final && interval_has_value(hour),
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

static bool visit(void *context, const struct interval_row *row)
{
	struct exporting *exporting = context;
	const struct history *history = &exporting->export->history;
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
	if (store_newest_intervals(history->store, &range, visit, exporting) != STORE_OK) {
		history_say(
			history, "the store cannot be read: %s\n", store_reason(history->store));
		return VERB_UNAVAILABLE;
	}
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
	return status;
}
