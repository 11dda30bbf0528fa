/* SPDX-License-Identifier: Apache-2.0 */
/*
 * history_print.c -- The spans of `byport history`, as a table or as JSON.
 */
#include <jansson.h>
#include <string.h>

#include "gateway/json_instant.h"
#include "gateway/terminal.h"
#include "gateway/verbs/history.h"
#include "gateway/verbs/verb.h"

enum { TEXT_MAX = 40, BOUND_MAX = 100, SHOWN_DECIMALS = 3 };

/* To the third decimal, half up. */
static void print_amount(
	const struct history *history, int64_t steps, char ret_text[static TEXT_MAX])
{
	int64_t one = 1;
	for (int i = SHOWN_DECIMALS; i < history->decimals; i++)
		one *= 10;
	int64_t size = steps < 0 ? -steps : steps;
	int64_t shown = size / one + (2 * (size % one) >= one);
	snprintf(ret_text, TEXT_MAX, "%s%lld.%03lld", steps < 0 ? "-" : "", (long long)shown / 1000,
		(long long)shown % 1000);
}

static void print_bound(const struct history *history, const struct total_energy *energy,
	char ret_text[static BOUND_MAX])
{
	char least[TEXT_MAX], most[TEXT_MAX];
	print_amount(history, energy->at_least, least);
	print_amount(history, energy->at_most, most);
	ret_text[0] = '\0';
	if (energy->has_at_least && energy->has_at_most)
		snprintf(ret_text, BOUND_MAX, "%s to %s", least, most);
	else if (energy->has_at_least)
		snprintf(ret_text, BOUND_MAX, "at least %s", least);
	else if (energy->has_at_most)
		snprintf(ret_text, BOUND_MAX, "at most %s", most);
}

static void add_row(const struct history *history, struct table *table, const char *label,
	const size_t range[static 2])
{
	char amount[TEXT_MAX] = "-", bound[BOUND_MAX];
	struct total total = history_total(history, range[0], range[1]);
	bool final = history_is_final(history, range[0], range[1]);
	if (total.elapsed_ms <= 0)
		return;
	if (total.energy.is_known)
		print_amount(history, total.energy.energy, amount);
	print_bound(history, &total.energy, bound);
	int32_t coverage = total_coverage_permille(&total);
	int32_t estimated = total_estimated_permille(&total);
	table_cell(table, TINT_PLAIN, "%s", label);
	table_cell(table, TINT_PLAIN, "%s", amount);
	table_cell(table, coverage < 1000 ? TINT_WARN : TINT_PLAIN, "%d.%d %%", coverage / 10,
		coverage % 10);
	table_cell(table, TINT_PLAIN, "%d.%d %%", estimated / 10, estimated % 10);
	table_cell(table, TINT_PLAIN, "%s", final ? "yes" : "no");
	table_cell(table, TINT_PLAIN, "%s", bound);
}

static const char *lack_text(enum total_lack lack)
{
	static const char *const texts[LACK_COUNT] = {
		[LACK_NO_VALUE] = "intervals without a value",
		[LACK_NOT_READ] = "it is not asked for that counter",
		[LACK_NO_KWH] = "counted in cubic metres, not in kWh",
	};
	return texts[lack];
}

static void print_lacking(const struct history *history, const struct total *total)
{
	for (size_t i = 0; i < total->lacking_count && i < TOTAL_LACKING_MAX; i++) {
		const struct total_lacking *lacking = &total->lacking[i];
		const char *meter =
			history->structure.site != NULL && history->site.meters != &history->single
				? history->loaded->site->meters[lacking->meter].config->id
				: history->scope_name + strlen("meter-");
		printf("missing: %s of %s: %s\n",
			totals_part_name((enum totals_part_name)lacking->part), meter,
			lack_text((enum total_lack)lacking->lack));
	}
	if (total->lacking_count > TOTAL_LACKING_MAX)
		printf("missing: %zu more\n", total->lacking_count - TOTAL_LACKING_MAX);
}

static int print_table(const struct history *history)
{
	const struct table_column columns[] = {
		{calendar_span_name(history->choice.by), false},
		{history->unit,                          true },
		{"covered",			      true },
		{"estimated",                            true },
		{"final",				false},
		{"bound",				false},
	};
	struct terminal terminal = terminal_of(stdout);
	struct table *table = table_new(columns, sizeof columns / sizeof columns[0]);
	char label[HISTORY_LABEL_MAX];
	for (size_t i = 0; i < history->count; i++) {
		history_label(history, history->choice.by, history->starts[i], label);
		add_row(history, table, label, (const size_t[2]){i, 1});
	}
	if (history->count > 1)
		add_row(history, table, "all", (const size_t[2]){0, history->count});
	printf("%s, local time of %s\n\n", history->scope_name, history->zone);
	table_print(table, &terminal, stdout);
	table_free(table);
	struct total all = history_total(history, 0, history->count);
	if (all.lacking_count > 0)
		fputc('\n', stdout);
	print_lacking(history, &all);
	return VERB_OK;
}

/* ---- JSON ---- */

static json_t *amount_json(const struct history *history, bool is_known, int64_t steps)
{
	char text[DECIMAL_TEXT_MAX];
	if (!is_known)
		return json_null();
	decimal_print(text, steps, history->decimals);
	return json_loads(text, JSON_DECODE_ANY, NULL);
}

static json_t *span_json(const struct history *history, size_t first, size_t count)
{
	struct total total = history_total(history, first, count);
	const struct total_energy *energy = &total.energy;
	char start[INSTANT_TEXT_MAX], end[INSTANT_TEXT_MAX], label[HISTORY_LABEL_MAX];
	json_instant_print(start, history->starts[first]);
	json_instant_print(end, history->starts[first + count]);
	history_label(history, history->choice.by, history->starts[first], label);
	json_t *json = json_pack("{s:s, s:s, s:s, s:o, s:f, s:f, s:b}", "label", label, "start",
		start, "end", end, "energy", amount_json(history, energy->is_known, energy->energy),
		"coverage", total_coverage_permille(&total) / 1000.0, "estimated",
		total_estimated_permille(&total) / 1000.0, "final",
		history_is_final(history, first, count));
	if (energy->has_at_least)
		json_object_set_new(json, "at_least", amount_json(history, true, energy->at_least));
	if (energy->has_at_most)
		json_object_set_new(json, "at_most", amount_json(history, true, energy->at_most));
	return json;
}

static int print_json(const struct history *history)
{
	json_t *spans = json_array();
	for (size_t i = 0; i < history->count; i++)
		json_array_append_new(spans, span_json(history, i, 1));
	json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "scope", history->scope_name,
		"timezone", history->zone, "unit", history->unit, "by",
		calendar_span_name(history->choice.by), "total",
		span_json(history, 0, history->count), "spans", spans);
	json_object_del(json_object_get(json, "total"), "label");
	bool good = json != NULL &&
		    json_dumpf(json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) == 0 &&
		    fputc('\n', stdout) != EOF;
	json_decref(json);
	return good ? VERB_OK : VERB_UNAVAILABLE;
}

int history_print(const struct history *history)
{
	return history->choice.json ? print_json(history) : print_table(history);
}
