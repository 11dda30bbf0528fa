/* SPDX-License-Identifier: Apache-2.0 */
/* running_totals.c -- running_totals.h. */
#include "gateway/core/running_totals.h"

#include <string.h>

enum {
	FIRST_HOUR = 0,
	FIRST_DAY = WINDOW_HOURS_MAX,
	FIRST_MONTH = WINDOW_HOURS_MAX + WINDOW_DAYS_MAX,
};

/* ---- the window ---- */

struct span_list {
	int64_t *starts; /* the first is set; there is room for `max` and the end */
	size_t max;
	int64_t end;
};

/* Starts of the spans up to the end, and the end; returns how many. */
static uint8_t list_spans(
	const struct calendar *calendar, enum calendar_span span, const struct span_list *list)
{
	size_t count = 0;

	while (count < list->max && list->starts[count] < list->end) {
		list->starts[count + 1] = calendar_span_next(calendar, span, list->starts[count]);
		count++;
	}
	list->starts[count] = list->end;
	return (uint8_t)count;
}

static uint8_t place_of(const int64_t *starts, uint8_t count, int64_t at_wall_ms)
{
	uint8_t i = 0;

	while (i + 1 < count && starts[i + 1] <= at_wall_ms) {
		i++;
	}
	return i;
}

void totals_window_at(
	const struct calendar *calendar, int64_t at_wall_ms, struct totals_window *ret_window)
{
	struct totals_window window = {.day = 0};

	window.hours[0] = calendar_span_start(calendar, SPAN_DAY, at_wall_ms);
	window.days[0] = calendar_span_start(calendar, SPAN_MONTH, at_wall_ms);
	window.months[0] = calendar_span_start(calendar, SPAN_YEAR, at_wall_ms);
	window.hours_count = list_spans(calendar, SPAN_HOUR,
		&(struct span_list){window.hours, WINDOW_HOURS_MAX,
			calendar_span_next(calendar, SPAN_DAY, at_wall_ms)});
	window.days_count = list_spans(calendar, SPAN_DAY,
		&(struct span_list){window.days, WINDOW_DAYS_MAX,
			calendar_span_next(calendar, SPAN_MONTH, at_wall_ms)});
	window.months_count = list_spans(calendar, SPAN_MONTH,
		&(struct span_list){window.months, WINDOW_MONTHS_MAX,
			calendar_span_next(calendar, SPAN_YEAR, at_wall_ms)});
	window.day = place_of(window.days, window.days_count, at_wall_ms);
	window.month = place_of(window.months, window.months_count, at_wall_ms);
	*ret_window = window;
}

int64_t totals_window_day_start(const struct totals_window *window)
{
	return window->hours[0];
}

int64_t totals_window_day_end(const struct totals_window *window)
{
	return window->hours[window->hours_count];
}

/* ---- one series ---- */

static struct total_sum at(const struct running_totals *totals, size_t place)
{
	return (struct total_sum){.energy = totals->energy[place],
		.estimated = totals->estimated[place],
		.covered_ms = totals->covered_ms[place],
		.good_ms = totals->good_ms[place]};
}

/* A row over a gap of months may be longer than can be counted; more than all of a span is covered
 * all the same. */
static uint32_t more_ms(uint32_t so_far_ms, int64_t more)
{
	int64_t sum = so_far_ms + more;

	return sum > UINT32_MAX ? UINT32_MAX : (uint32_t)sum;
}

static void add_at(struct running_totals *totals, size_t place, const struct total_sum *sum)
{
	totals->energy[place] += sum->energy;
	totals->estimated[place] += sum->estimated;
	totals->covered_ms[place] = more_ms(totals->covered_ms[place], sum->covered_ms);
	totals->good_ms[place] = more_ms(totals->good_ms[place], sum->good_ms);
}

static void clear(struct running_totals *totals, size_t from, size_t count)
{
	memset(&totals->energy[from], 0, count * sizeof(totals->energy[0]));
	memset(&totals->estimated[from], 0, count * sizeof(totals->estimated[0]));
	memset(&totals->covered_ms[from], 0, count * sizeof(totals->covered_ms[0]));
	memset(&totals->good_ms[from], 0, count * sizeof(totals->good_ms[0]));
}

static struct total_sum sum_of(const struct running_totals *totals, size_t from, size_t count)
{
	struct total_sum sum = {0};

	for (size_t i = from; i < from + count; i++) {
		struct total_sum one = at(totals, i);
		total_sum_merge(&sum, &one);
	}
	return sum;
}

enum window_place running_totals_add_sum(struct running_totals *totals,
	const struct totals_window *window, int64_t start_wall_ms, const struct total_sum *sum)
{
	const int64_t start = start_wall_ms;
	size_t place;

	if (start < window->months[0]) {
		return WINDOW_BEFORE;
	}
	if (start >= totals_window_day_end(window)) {
		return WINDOW_AFTER;
	}
	if (start >= totals_window_day_start(window)) {
		place = FIRST_HOUR + place_of(window->hours, window->hours_count, start);
	} else if (start >= window->days[0]) {
		place = FIRST_DAY + place_of(window->days, window->days_count, start);
	} else {
		place = FIRST_MONTH + place_of(window->months, window->months_count, start);
	}
	add_at(totals, place, sum);
	return WINDOW_INSIDE;
}

enum window_place running_totals_add(struct running_totals *totals,
	const struct totals_window *window, const struct interval_row *row)
{
	struct total_sum sum = {0};

	total_sum_add(&sum, row);
	return running_totals_add_sum(totals, window, row->start_wall_ms, &sum);
}

/* ---- days and months end ---- */

void running_totals_offer_hours(const struct running_totals *totals,
	const struct totals_window *window, size_t hours, struct series_peaks *peaks)
{
	for (size_t i = 0; i < hours; i++) {
		struct total_sum hour = at(totals, FIRST_HOUR + i);
		peak_offer(&peaks->days[window->day].hour, window->hours[i], window->hours[i + 1],
			&hour);
	}
}

void running_totals_offer_day(const struct running_totals *totals,
	const struct totals_window *window, struct series_peaks *peaks)
{
	struct total_sum day = sum_of(totals, FIRST_HOUR, window->hours_count);

	running_totals_offer_hours(totals, window, window->hours_count, peaks);
	peak_offer(&peaks->days[window->day].day, totals_window_day_start(window),
		totals_window_day_end(window), &day);
}

static void end_day(struct running_totals *totals, const struct totals_window *window,
	struct series_peaks *peaks)
{
	struct total_sum day = sum_of(totals, FIRST_HOUR, window->hours_count);

	if (peaks) {
		running_totals_offer_day(totals, window, peaks);
	}
	add_at(totals, FIRST_DAY + window->day, &day);
	clear(totals, FIRST_HOUR, WINDOW_HOURS_MAX);
}

static void end_month(struct running_totals *totals, const struct totals_window *window,
	struct series_peaks *peaks)
{
	struct total_sum month = sum_of(totals, FIRST_DAY, window->days_count);

	if (peaks) {
		series_peaks_close_month(peaks, window->month + 1);
	}
	add_at(totals, FIRST_MONTH + window->month, &month);
	clear(totals, FIRST_DAY, WINDOW_DAYS_MAX);
}

/* The months that were entered, up to the running one. */
static void forget_months(struct series_peaks *peaks, const struct totals_roll *roll)
{
	const int64_t year_ms = (int64_t)366 * 86400000;
	uint8_t month = roll->from->month;

	if (roll->to->days[0] - roll->from->days[0] > year_ms) {
		month = roll->to->month; /* all of them */
	}
	do {
		month = (uint8_t)((month + 1) % WINDOW_MONTHS_MAX);
		series_peaks_forget_month(peaks, month + 1);
	} while (month != roll->to->month);
}

void running_totals_roll(
	struct running_totals *totals, struct series_peaks *peaks, const struct totals_roll *roll)
{
	end_day(totals, roll->from, peaks);
	if (roll->to->days[0] == roll->from->days[0]) {
		return;
	}
	end_month(totals, roll->from, peaks);
	if (roll->to->months[0] != roll->from->months[0]) {
		clear(totals, FIRST_MONTH, WINDOW_MONTHS_MAX);
	}
	if (peaks) {
		forget_months(peaks, roll);
	}
}

void running_totals_clear_days(struct running_totals *totals, size_t first)
{
	clear(totals, FIRST_HOUR, WINDOW_HOURS_MAX);
	clear(totals, FIRST_DAY + first, WINDOW_DAYS_MAX - first);
}

struct total_sum running_totals_hour(const struct running_totals *totals, size_t hour)
{
	return at(totals, FIRST_HOUR + hour);
}

struct total_sum running_totals_today(const struct running_totals *totals, size_t hours)
{
	return sum_of(totals, FIRST_HOUR, hours);
}

struct total_sum running_totals_day(const struct running_totals *totals, size_t day)
{
	return at(totals, FIRST_DAY + day);
}

struct total_sum running_totals_month(const struct running_totals *totals, size_t month)
{
	return at(totals, FIRST_MONTH + month);
}
