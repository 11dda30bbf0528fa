/* SPDX-License-Identifier: Apache-2.0 */
/*
 * history_spans.c -- The spans `byport history` tells of, and their sums from
 * the store's newest rows.
 */
#include <stdlib.h>
#include <string.h>

#include "gateway/core/finality.h"
#include "gateway/json_instant.h"
#include "gateway/newest_intervals.h"
#include "gateway/verbs/history.h"
#include "gateway/verbs/verb.h"

static const int64_t DAY_MS = 86400000;

enum { LATE_MS = 600000, WEEKS_SHOWN = 12, YEARS_SHOWN = 10 };

/* ---- dates ---- */

/* "2018-10-28", "2018-10", "2018"; the first instant, or the one after the last. */
static bool parse_date(const struct history *history, const char *text, bool end, int64_t *ret)
{
	int year = 0, month = 1, day = 1, length = 0;
	enum calendar_span span = SPAN_DAY;
	if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &length) == 3 && length == 10)
		span = SPAN_DAY;
	else if (sscanf(text, "%4d-%2d%n", &year, &month, &length) == 2 && length == 7)
		span = SPAN_MONTH;
	else if (sscanf(text, "%4d%n", &year, &length) == 1 && length == 4)
		span = SPAN_YEAR;
	if (length == 0 || text[length] != '\0' || strspn(text, "0123456789-") != strlen(text))
		return false;
	struct local_date date = {year, (int8_t)month, (int8_t)(span == SPAN_DAY ? day : 1)};
	int64_t start;
	if (!calendar_day_start(&history->calendar, date, &start))
		return false;
	*ret = end ? calendar_span_next(&history->calendar, span, start) : start;
	return true;
}

/* What is shown when nobody says from when: the span above, or so. */
static int64_t default_from(const struct history *history, int64_t at_wall_ms)
{
	static const enum calendar_span above[SPAN_COUNT] = {[SPAN_HOUR] = SPAN_DAY,
		[SPAN_DAY] = SPAN_MONTH,
		[SPAN_WEEK] = SPAN_WEEK,
		[SPAN_MONTH] = SPAN_YEAR,
		[SPAN_YEAR] = SPAN_YEAR};
	enum calendar_span by = history->choice.by;
	int steps = by == SPAN_WEEK ? WEEKS_SHOWN - 1 : by == SPAN_YEAR ? YEARS_SHOWN - 1 : 0;
	int64_t from = calendar_span_start(&history->calendar, above[by], at_wall_ms);
	for (int i = 0; i < steps; i++)
		from = calendar_span_start(&history->calendar, by, from - 1);
	return from;
}

static int bad_date(const struct history *history, const char *option, const char *text)
{
	history_say(history, "%s \"%s\" is no date; allowed: 2026-11-23, 2026-11, 2026\n", option,
		text);
	return VERB_USAGE;
}

static int list_spans(struct history *history, int64_t from, int64_t to)
{
	enum calendar_span by = history->choice.by;
	int64_t start = calendar_span_start(&history->calendar, by, from);
	history->starts = calloc(HISTORY_SPANS_MAX + 1, sizeof *history->starts);
	if (history->starts == NULL)
		return VERB_UNAVAILABLE;
	for (; start < to; start = calendar_span_next(&history->calendar, by, start)) {
		if (history->count == HISTORY_SPANS_MAX) {
			history_say(history,
				"more than %d %ss; take a longer span with --by, or less time\n",
				HISTORY_SPANS_MAX, calendar_span_name(by));
			return VERB_USAGE;
		}
		history->starts[history->count++] = start;
	}
	history->starts[history->count] = start;
	return VERB_OK;
}

int history_find_range(const struct history *history, struct history_range *ret_range)
{
	const struct history_choice *choice = &history->choice;
	struct history_range range = {INT64_MIN, history->now_wall_ms};
	if (choice->to != NULL && !parse_date(history, choice->to, true, &range.to_wall_ms))
		return bad_date(history, "--to", choice->to);
	if (range.to_wall_ms > history->now_wall_ms)
		range.to_wall_ms = history->now_wall_ms;
	if (choice->from != NULL && !parse_date(history, choice->from, false, &range.from_wall_ms))
		return bad_date(history, "--from", choice->from);
	if (range.from_wall_ms >= range.to_wall_ms) {
		history_say(history, "--from %s is not before %s\n", choice->from,
			choice->to != NULL ? choice->to : "now");
		return VERB_USAGE;
	}
	*ret_range = range;
	return VERB_OK;
}

int history_find_spans(struct history *history)
{
	struct history_range range;
	int status = history_find_range(history, &range);
	if (status != VERB_OK)
		return status;
	if (range.from_wall_ms == INT64_MIN)
		range.from_wall_ms = default_from(history, range.to_wall_ms - 1);
	return list_spans(history, range.from_wall_ms, range.to_wall_ms);
}

/* ---- sums ---- */

static size_t series_a_span(const struct history *history)
{
	return TOTALS_SERIES_COUNT * history->site.meters_count;
}

struct counting {
	struct history *history;
	int64_t newest_end_wall_ms;
};

/* The span that holds an instant inside of all. */
static size_t span_at(const struct history *history, int64_t at_wall_ms)
{
	size_t low = 0, high = history->count;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (history->starts[middle] <= at_wall_ms)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/*
 * When a row has a value the first time nobody has written down. Of a first
 * row it was the interval's end; what was revised in the last days counts as
 * open, but for a correction: that was final before.
 */
bool history_row_is_final(const struct history *history, const struct interval_row *row)
{
	const struct interval_valuation valuation = {
		row->start_wall_ms, row->end_wall_ms, interval_has_value(row)};
	if (row->revision > 0 && !row->correction && row->id > history->recent_id)
		return false;
	return interval_is_final(&history->calendar, &valuation, history->now_wall_ms);
}

bool history_coarse_is_final(const struct history *history, const struct coarse_interval *row)
{
	const struct interval_valuation valuation = {
		row->start_wall_ms, row->end_wall_ms, coarse_interval_is_whole(row)};
	return interval_is_final(&history->calendar, &valuation, history->now_wall_ms);
}

/* Where a row of a series counts, *ret_span the span; NULL: nobody asks for it. */
static struct total_sum *find_sum(
	struct counting *counting, int32_t series, const struct coarse_span *row, size_t *ret_span)
{
	struct history *history = counting->history;
	int32_t place = series >= 0 && (size_t)series < history->series_count
				? history->place_of_series[series]
				: -1;
	if (place < 0 || row->start_wall_ms > history->now_wall_ms)
		return NULL;
	if (row->end_wall_ms > counting->newest_end_wall_ms)
		counting->newest_end_wall_ms = row->end_wall_ms;
	if (row->start_wall_ms < history->starts[0] ||
		row->start_wall_ms >= history->starts[history->count])
		return NULL;
	*ret_span = span_at(history, row->start_wall_ms);
	return &history->sums[*ret_span * series_a_span(history) + (size_t)place];
}

static bool count(void *context, const struct interval_row *row)
{
	struct counting *counting = context;
	const struct coarse_span own = {row->start_wall_ms, row->end_wall_ms};
	size_t span;
	struct total_sum *sum = find_sum(counting, row->series, &own, &span);
	if (sum == NULL)
		return true;
	total_sum_add(sum, row);
	if (!history_row_is_final(counting->history, row))
		counting->history->is_open[span] = true;
	return true;
}

static bool count_coarse(void *context, const struct coarse_interval *row)
{
	struct counting *counting = context;
	const struct coarse_span own = {row->start_wall_ms, row->end_wall_ms};
	size_t span;
	struct total_sum *sum = find_sum(counting, row->series, &own, &span);
	if (sum == NULL)
		return true;
	coarse_interval_count(row, sum);
	if (!history_coarse_is_final(counting->history, row))
		counting->history->is_open[span] = true;
	return true;
}

/* Days, where hours are asked for. */
static bool is_too_coarse(const struct history *history, size_t span)
{
	return history->choice.by == SPAN_HOUR &&
	       history->starts[span] < history->reach.days_until_wall_ms;
}

static void say_too_coarse(const struct history *history)
{
	char day[INSTANT_TEXT_MAX];
	if (!is_too_coarse(history, 0))
		return;
	json_instant_print(day, history->reach.days_until_wall_ms);
	history_say(history,
		"before %.10s the store holds days (UTC) only, hours have no figure there; "
		"allowed: --by day, week, month, year\n",
		day);
}

void history_find_recent(struct history *history)
{
	history->recent_id =
		store_id_before(history->store, history->now_wall_ms - FINAL_AFTER_DAYS * DAY_MS);
}

int history_count(struct history *history)
{
	history->sums = calloc(history->count * series_a_span(history) + 1, sizeof *history->sums);
	history->is_open = calloc(history->count + 1, sizeof *history->is_open);
	struct counting counting = {.history = history, .newest_end_wall_ms = INT64_MIN};
	if (history->sums == NULL || history->is_open == NULL)
		return history_say_no_memory(history);
	history_find_recent(history);
	history->reach = store_coarse_reach(history->store);
	const struct newest_visitors visitors = {count, count_coarse, &counting};
	if (!newest_intervals_visit(history->store, history->starts[0], &visitors)) {
		history_say(
			history, "the store cannot be read: %s\n", store_reason(history->store));
		return VERB_UNAVAILABLE;
	}
	say_too_coarse(history);
	/* A gateway that runs closes an interval a little after its end; what stands still lacks.
	 */
	int64_t expected = history->now_wall_ms - history->now_wall_ms % history->interval_ms;
	history->through_wall_ms =
		counting.newest_end_wall_ms >= expected - history->interval_ms - LATE_MS &&
				counting.newest_end_wall_ms < expected
			? counting.newest_end_wall_ms
			: expected;
	return VERB_OK;
}

/* As one span. */
static struct total combine(const struct history *history, size_t first, size_t count)
{
	size_t series = series_a_span(history);
	struct total_sum *sums = calloc(series + 1, sizeof *sums);
	struct total total = {.elapsed_ms = 0};
	int64_t end = history->starts[first + count];
	if (end > history->through_wall_ms)
		end = history->through_wall_ms;
	if (sums == NULL)
		return total;
	for (size_t i = first * series; i < (first + count) * series; i++)
		total_sum_merge(&sums[i % series], &history->sums[i]);
	const struct coarse_span whole = {history->starts[first], end};
	const struct totals_span span = {sums,
		coarse_elapsed_ms(&history->reach, &whole, history->interval_ms),
		coarse_elapsed_ms(&history->reach, &whole, DAY_MS)};
	totals_combine(&history->site, history->scope, &span, &total);
	if (count == 1 && is_too_coarse(history, first))
		total.energy = (struct total_energy){.is_known = false};
	free(sums);
	return total;
}

struct total history_total(const struct history *history, size_t first, size_t count)
{
	struct total total = combine(history, first, count);
	struct total_energy sum = {.is_known = true};
	for (size_t i = first; count > 1 && !total.energy.is_known && i < first + count; i++) {
		struct total one = combine(history, i, 1);
		total_energy_add(&sum, &one.energy);
	}
	if (count > 1)
		total_energy_tighten(&total.energy, &sum);
	return total;
}

bool history_is_final(const struct history *history, size_t first, size_t count)
{
	bool is_over = history->starts[first + count] <= history->through_wall_ms;
	for (size_t i = first; i < first + count; i++)
		if (history->is_open[i])
			return false;
	return is_over && history_total(history, first, count).energy.is_known;
}

void history_label(const struct history *history, enum calendar_span span, int64_t start_wall_ms,
	char ret_label[static HISTORY_LABEL_MAX])
{
	struct local_time time = calendar_local_time(&history->calendar, start_wall_ms);
	int year = time.date.year, month = time.date.month, day = time.date.day;
	int minutes = time.offset_s / 60;
	switch (span) {
	case SPAN_HOUR: /* the offset tells an hour that comes twice apart */
		snprintf(ret_label, HISTORY_LABEL_MAX, "%04d-%02d-%02d %02d:%02d %c%02d:%02d", year,
			month, day, time.hour, time.minute, minutes < 0 ? '-' : '+',
			abs(minutes) / 60, abs(minutes) % 60);
		break;
	case SPAN_DAY:
		snprintf(ret_label, HISTORY_LABEL_MAX, "%04d-%02d-%02d", year, month, day);
		break;
	case SPAN_WEEK:
		snprintf(
			ret_label, HISTORY_LABEL_MAX, "%04d-W%02d", (int)time.week_year, time.week);
		break;
	case SPAN_MONTH:
		snprintf(ret_label, HISTORY_LABEL_MAX, "%04d-%02d", year, month);
		break;
	case SPAN_YEAR:
		snprintf(ret_label, HISTORY_LABEL_MAX, "%04d", year);
		break;
	case SPAN_COUNT:
		break;
	}
}
