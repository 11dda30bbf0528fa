/* SPDX-License-Identifier: Apache-2.0 */
/*
 * history_peaks.c -- The months' power peaks from the store's rows, by the same
 * rule and code as the gateway's topic.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/core/running_totals.h"
#include "gateway/json_instant.h"
#include "gateway/newest_intervals.h"
#include "gateway/terminal.h"
#include "gateway/verbs/history.h"
#include "gateway/verbs/verb.h"

/* A counter whose peaks are told. */
struct peaked {
	struct running_totals running;
	struct series_peaks peaks;
	struct peak_rules rules;
	char meter[METER_ID_MAX];
	int32_t place;
};

struct following {
	struct history *history;
	struct peaked *counters;
	size_t count;
	struct totals_window window;
	int64_t from_wall_ms; /* months before are not told */
	struct table *table;  /* NULL: JSON */
	json_t *json;
};

static void tell_as_row(const struct following *following, const struct peaked *counter,
	const struct peak_result *result)
{
	const struct history *history = following->history;
	char label[HISTORY_LABEL_MAX];
	history_label(history, SPAN_MONTH, following->window.days[0], label);
	table_cell(following->table, TINT_PLAIN, "%s", label);
	table_cell(following->table, TINT_PLAIN, "%s", counter->meter);
	if (result->is_known)
		table_cell(following->table, TINT_PLAIN, "%.3f", (double)result->power / 1e6);
	else
		table_cell(following->table, TINT_PLAIN, "-");
	table_cell(following->table, TINT_PLAIN, "%s", calendar_span_name(result->span));
	if (result->is_known)
		history_label(history, result->span, result->of[0].start_wall_ms, label);
	table_cell(following->table, TINT_PLAIN, "%s", result->is_known ? label : "");
	table_cell(following->table, TINT_PLAIN, "%zu", result->count);
}

static void tell_as_json(const struct following *following, const struct peaked *counter,
	const struct peak_result *result)
{
	char label[HISTORY_LABEL_MAX], start[INSTANT_TEXT_MAX];
	json_t *of = json_array();
	history_label(following->history, SPAN_MONTH, following->window.days[0], label);
	for (size_t i = 0; i < result->count; i++) {
		json_instant_print(start, result->of[i].start_wall_ms);
		json_array_append_new(of, json_pack("{s:s, s:f}", "start", start, "power",
						  (double)peak_power(&result->of[i]) / 1e6));
	}
	json_t *power = result->is_known ? json_real((double)result->power / 1e6) : json_null();
	json_array_append_new(following->json,
		json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "month", label, "meter", counter->meter,
			"peak_rule", peak_rule_name(counter->rules.rule), "peak_span",
			calendar_span_name(result->span), "peak_power", power, "peaks", of));
}

static void tell_month(struct following *following)
{
	for (size_t i = 0; i < following->count; i++) {
		const struct peaked *counter = &following->counters[i];
		struct peak_result result;
		if (following->window.days[0] < following->from_wall_ms)
			continue;
		peaks_evaluate(&counter->peaks, &counter->rules, &result);
		if (following->table != NULL)
			tell_as_row(following, counter, &result);
		else
			tell_as_json(following, counter, &result);
	}
}

/* The days pass, one after the other; months are told before they go. */
static void pass_to(struct following *following, int64_t at_wall_ms)
{
	while (at_wall_ms >= totals_window_day_end(&following->window)) {
		struct totals_window next;
		totals_window_at(&following->history->calendar,
			totals_window_day_end(&following->window), &next);
		const struct totals_roll roll = {.from = &following->window, .to = &next};
		for (size_t i = 0; i < following->count; i++) {
			struct peaked *counter = &following->counters[i];
			running_totals_offer_day(
				&counter->running, &following->window, &counter->peaks);
		}
		if (next.days[0] != following->window.days[0])
			tell_month(following);
		for (size_t i = 0; i < following->count; i++)
			running_totals_roll(&following->counters[i].running,
				&following->counters[i].peaks, &roll);
		following->window = next;
	}
}

static void follow_sum(struct following *following, int32_t series, int64_t start_wall_ms,
	const struct total_sum *sum)
{
	const struct history *history = following->history;
	if (series < 0 || (size_t)series >= history->series_count ||
		history->place_of_series[series] < 0 || sum->covered_ms == 0 ||
		start_wall_ms >= history->starts[history->count])
		return;
	for (size_t i = 0; i < following->count; i++)
		if (following->counters[i].place == history->place_of_series[series]) {
			pass_to(following, start_wall_ms);
			(void)!running_totals_add_sum(&following->counters[i].running,
				&following->window, start_wall_ms, sum);
		}
}

static bool follow(void *context, const struct interval_row *row)
{
	struct total_sum sum = {0};
	total_sum_add(&sum, row);
	follow_sum(context, row->series, row->start_wall_ms, &sum);
	return true;
}

static bool follow_coarse(void *context, const struct coarse_interval *row)
{
	struct total_sum sum = {0};
	coarse_interval_count(row, &sum);
	follow_sum(context, row->series, row->start_wall_ms, &sum);
	return true;
}

/* ---- whose peaks ---- */

static int64_t resolution_of(const struct history *history, size_t meter)
{
	const struct site_meter *site = &history->loaded->site->meters[meter];
	enum quantity quantity;
	if (!site_totals_quantity(&history->structure, meter, TOTALS_IN, &quantity))
		return 0;
	for (size_t i = 0; i < site->points_count; i++)
		if (site->points[i].value->quantity == quantity)
			return site_point_resolution(&site->points[i]);
	return 0;
}

static void add_counter(struct following *following, size_t meter)
{
	const struct history *history = following->history;
	struct peaked *counter = &following->counters[following->count++];
	counter->place = (int32_t)meter * TOTALS_SERIES_COUNT;
	if (history->site.meters == &history->single) {
		counter->rules = (struct peak_rules){.rule = PEAK_MEAN_OF_DAYS, .count = 3};
		snprintf(counter->meter, sizeof counter->meter, "%s",
			history->scope_name + strlen("meter-"));
		return;
	}
	counter->rules = site_peak_rules(history->loaded->config, resolution_of(history, meter));
	snprintf(counter->meter, sizeof counter->meter, "%s",
		history->loaded->site->meters[meter].config->id);
}

static bool find_counters(struct following *following)
{
	const struct history *history = following->history;
	following->counters = calloc(history->site.meters_count + 1, sizeof *following->counters);
	if (following->counters == NULL)
		return false;
	for (size_t i = 0; i < history->site.meters_count; i++)
		if (history->scope.kind == SCOPE_METER
				? history->scope.number == i
				: site_totals_has_peaks(&history->structure, i))
			add_counter(following, i);
	return true;
}

/* The eleven months before are known by then, where the rule asks for them. */
static int64_t start_of(const struct following *following)
{
	const struct calendar *calendar = &following->history->calendar;
	int64_t month = following->from_wall_ms;
	bool looks_back =
		following->count > 0 && following->counters[0].rules.rule == PEAK_MEAN_OF_MONTHS;
	for (int i = 1; looks_back && i < PEAK_MONTHS_MAX; i++)
		month = calendar_span_start(calendar, SPAN_MONTH, month - 1);
	return month;
}

static int print(struct following *following)
{
	const struct history *history = following->history;
	if (following->table == NULL) {
		bool good = json_dumpf(following->json, stdout,
				    JSON_INDENT(2) | JSON_REAL_PRECISION(15)) == 0;
		return good && fputc('\n', stdout) != EOF ? VERB_OK : VERB_UNAVAILABLE;
	}
	struct terminal terminal = terminal_of(stdout);
	printf("%s, local time of %s", history->scope_name, history->zone);
	if (following->count > 0)
		printf(", rule %s", peak_rule_name(following->counters[0].rules.rule));
	fputs("\n\n", stdout);
	table_print(following->table, &terminal, stdout);
	return VERB_OK;
}

static int tell_all(struct following *following)
{
	struct history *history = following->history;
	int64_t from = start_of(following);
	totals_window_at(&history->calendar, from, &following->window);
	const struct newest_visitors visitors = {follow, follow_coarse, following};
	if (!newest_intervals_visit(history->store, from, &visitors)) {
		history_say(
			history, "the store cannot be read: %s\n", store_reason(history->store));
		return VERB_UNAVAILABLE;
	}
	int64_t last = history->starts[history->count] - 1;
	pass_to(following, last < history->now_wall_ms ? last : history->now_wall_ms);
	for (size_t i = 0; i < following->count; i++)
		running_totals_offer_day(&following->counters[i].running, &following->window,
			&following->counters[i].peaks);
	tell_month(following);
	return print(following);
}

int history_print_peaks(struct history *history)
{
	static const struct table_column columns[] = {
		{"month",   false},
		{"meter",   false},
		{"kW",      true },
		{"by",      false},
		{"highest", false},
		{"of",      true },
	};
	struct following following = {.history = history,
		.from_wall_ms =
			calendar_span_start(&history->calendar, SPAN_MONTH, history->starts[0]),
		.table = history->choice.json
				 ? NULL
				 : table_new(columns, sizeof columns / sizeof columns[0]),
		.json = json_array()};
	int status = VERB_UNAVAILABLE;
	if (find_counters(&following))
		status = tell_all(&following);
	else
		(void)history_say_no_memory(history);
	table_free(following.table);
	json_decref(following.json);
	free(following.counters);
	return status;
}
