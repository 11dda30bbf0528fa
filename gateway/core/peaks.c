/* SPDX-License-Identifier: Apache-2.0 */
/* peaks.c -- peaks.h. */
#include "gateway/core/peaks.h"

#include <string.h>

static const int64_t HOUR_MS = 3600000;

__extension__ typedef __int128 wide; /* an hour's milliseconds times any energy */

const char *peak_rule_name(enum peak_rule rule)
{
	static const char *const names[PEAK_RULE_COUNT] = {
		[PEAK_HIGHEST_HOUR] = "highest_hour",
		[PEAK_MEAN_OF_DAYS] = "mean_of_days",
		[PEAK_MEAN_OF_MONTHS] = "mean_of_months",
	};

	return names[rule];
}

static int64_t power_of(wide energy, int64_t length_ms)
{
	return (int64_t)((2 * energy * HOUR_MS + length_ms) / (2 * (wide)length_ms));
}

int64_t peak_power(const struct peak *peak)
{
	return power_of(peak->energy, peak->length_ms);
}

/* Whether `peak` is beaten: by more power, or by the same earlier. */
static bool is_beaten(const struct peak *peak, const struct peak *by)
{
	if (peak->length_ms == 0 || by->length_ms == 0) {
		return by->length_ms > 0;
	}
	wide own = (wide)peak->energy * by->length_ms;
	wide other = (wide)by->energy * peak->length_ms;
	return other > own || (other == own && by->start_wall_ms < peak->start_wall_ms);
}

void peak_offer(
	struct peak *peak, int64_t start_wall_ms, int64_t end_wall_ms, const struct total_sum *sum)
{
	struct peak offered = {start_wall_ms, end_wall_ms - start_wall_ms, sum->energy};

	/* An interval that reaches over the end makes more of it good than there is. */
	if (sum->good_ms == sum->covered_ms && sum->good_ms >= offered.length_ms &&
		is_beaten(peak, &offered)) {
		*peak = offered;
	}
}

static void take_greater(struct peak *peak, const struct peak *other)
{
	if (is_beaten(peak, other)) {
		*peak = *other;
	}
}

static struct peak_pair greatest_of_days(const struct series_peaks *peaks)
{
	struct peak_pair greatest = {.hour = {0}};

	for (int i = 0; i < PEAK_DAYS_MAX; i++) {
		take_greater(&greatest.hour, &peaks->days[i].hour);
		take_greater(&greatest.day, &peaks->days[i].day);
	}
	return greatest;
}

void series_peaks_close_month(struct series_peaks *peaks, int month)
{
	peaks->months[month - 1] = greatest_of_days(peaks);
	memset(peaks->days, 0, sizeof(peaks->days));
}

void series_peaks_forget_month(struct series_peaks *peaks, int month)
{
	peaks->months[month - 1] = (struct peak_pair){.hour = {0}};
}

/* ---- by a rule ---- */

/* Put into its place among the greatest; the least falls out. */
static void insert(struct peak_result *result, size_t max, const struct peak *peak)
{
	size_t place = result->count;

	if (peak->length_ms == 0) {
		return;
	}
	while (place > 0 && is_beaten(&result->of[place - 1], peak)) {
		place--;
	}
	if (place == max) {
		return;
	}
	size_t moved = (result->count < max ? result->count : max - 1) - place;
	memmove(&result->of[place + 1], &result->of[place], moved * sizeof(*peak));
	result->of[place] = *peak;
	result->count += result->count < max;
}

static const struct peak *of_span(const struct peak_pair *pair, enum calendar_span span)
{
	return span == SPAN_HOUR ? &pair->hour : &pair->day;
}

static struct peak_result collect(
	const struct series_peaks *peaks, const struct peak_rules *rules, enum calendar_span span)
{
	struct peak_result result = {.span = span};
	size_t max = rules->rule == PEAK_HIGHEST_HOUR ? 1 : rules->count;

	if (rules->rule == PEAK_MEAN_OF_MONTHS) {
		struct peak_pair this_month = greatest_of_days(peaks);
		insert(&result, max, of_span(&this_month, span));
		for (int i = 0; i < PEAK_MONTHS_MAX; i++) {
			insert(&result, max, of_span(&peaks->months[i], span));
		}
		return result;
	}
	for (int i = 0; i < PEAK_DAYS_MAX; i++) {
		insert(&result, max, of_span(&peaks->days[i], span));
	}
	return result;
}

static bool is_resolved(const struct peak_result *result, int64_t resolution)
{
	for (size_t i = 0; i < result->count; i++) {
		if (result->of[i].energy / PEAK_STEPS_MIN < resolution) {
			return false;
		}
	}
	return true;
}

static void take_mean(struct peak_result *result)
{
	wide sum = 0;

	for (size_t i = 0; i < result->count; i++) {
		sum += peak_power(&result->of[i]);
	}
	result->is_known = result->count > 0;
	if (result->is_known) {
		result->power =
			(int64_t)((2 * sum + (wide)result->count) / (2 * (wide)result->count));
	}
}

void peaks_evaluate(const struct series_peaks *peaks, const struct peak_rules *rules,
	struct peak_result *ret_result)
{
	struct peak_result result = collect(peaks, rules, SPAN_HOUR);

	if (result.count > 0 && !is_resolved(&result, rules->resolution)) {
		result = collect(peaks, rules, SPAN_DAY);
		if (!is_resolved(&result, rules->resolution)) {
			result = (struct peak_result){.span = SPAN_DAY};
		}
	}
	take_mean(&result);
	*ret_result = result;
}
