/* SPDX-License-Identifier: Apache-2.0 */
/*
 * running_totals.h -- Today by hour, this month by day, this year by month, of
 * one series, in little memory: rows go in, and when a day is over its hours
 * become one day, when a month is over its days become one month. Pure.
 *
 * All series share one struct totals_window: the day that runs and its
 * neighbourhood in the site's calendar.
 */
#ifndef GATEWAY_CORE_RUNNING_TOTALS_H
#define GATEWAY_CORE_RUNNING_TOTALS_H

#include "gateway/core/calendar.h"
#include "gateway/core/peaks.h"
#include "gateway/core/totals.h"

enum {
	WINDOW_HOURS_MAX = 26, /* a day of 24 whole hours and a change of up to two */
	WINDOW_DAYS_MAX = 31,
	WINDOW_MONTHS_MAX = 12,
};

/* Starts, and after the last the end. */
struct totals_window {
	int64_t hours[WINDOW_HOURS_MAX + 1];   /* of the day that runs */
	int64_t days[WINDOW_DAYS_MAX + 1];     /* of its month */
	int64_t months[WINDOW_MONTHS_MAX + 1]; /* of its year */
	uint8_t hours_count;
	uint8_t days_count;
	uint8_t months_count;
	uint8_t day;   /* the one that runs, from 0 */
	uint8_t month; /* from 0 */
};

/* The window whose running day holds an instant. */
void totals_window_at(
	const struct calendar *calendar, int64_t at_wall_ms, struct totals_window *ret_window);

int64_t totals_window_day_start(const struct totals_window *window);
int64_t totals_window_day_end(const struct totals_window *window);

/*
 * What a series counted. Hours before the window's running one are whole, days
 * before the running one, months before the running one; the running day is the
 * sum of its hours and the running month that of its days.
 */
struct running_totals {
	int64_t energy[WINDOW_HOURS_MAX + WINDOW_DAYS_MAX + WINDOW_MONTHS_MAX];
	int64_t estimated[WINDOW_HOURS_MAX + WINDOW_DAYS_MAX + WINDOW_MONTHS_MAX];
	uint32_t covered_ms[WINDOW_HOURS_MAX + WINDOW_DAYS_MAX + WINDOW_MONTHS_MAX];
	uint32_t good_ms[WINDOW_HOURS_MAX + WINDOW_DAYS_MAX + WINDOW_MONTHS_MAX];
};

/* Where a row's start lies against a window. */
enum window_place {
	WINDOW_INSIDE,
	WINDOW_BEFORE, /* another year: of no interest */
	WINDOW_AFTER,  /* past the running day: roll first */
};

/* The newest row of an interval, once. */
enum window_place running_totals_add(struct running_totals *totals,
	const struct totals_window *window, const struct interval_row *row);

/* What rows that start together made, by that start. */
enum window_place running_totals_add_sum(struct running_totals *totals,
	const struct totals_window *window, int64_t start_wall_ms, const struct total_sum *sum);

/*
 * The window moves on, from `from` to a later one: what ended is folded, and
 * offered as peaks (NULL: nobody asks).
 */
struct totals_roll {
	const struct totals_window *from;
	const struct totals_window *to;
};
void running_totals_roll(
	struct running_totals *totals, struct series_peaks *peaks, const struct totals_roll *roll);

/* The hours, and the days of the month from `first` on are gone: to be added anew. */
void running_totals_clear_days(struct running_totals *totals, size_t first);

struct total_sum running_totals_hour(const struct running_totals *totals, size_t hour);
/* Hours before `hours`. */
struct total_sum running_totals_today(const struct running_totals *totals, size_t hours);
/* A day before the running one. */
struct total_sum running_totals_day(const struct running_totals *totals, size_t day);
/* A month before the running one. */
struct total_sum running_totals_month(const struct running_totals *totals, size_t month);

/* The running day, as it is now, and its hours; rolling it on does the same. */
void running_totals_offer_day(const struct running_totals *totals,
	const struct totals_window *window, struct series_peaks *peaks);

/* The running day's hours so far, offered as peaks to a copy. */
void running_totals_offer_hours(const struct running_totals *totals,
	const struct totals_window *window, size_t hours, struct series_peaks *peaks);

#endif
