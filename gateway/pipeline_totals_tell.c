/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline_totals_tell.c -- The running totals to the broker: the day when an
 * hour ends, month and year when a day does, all of them when revisions changed
 * them, and only what differs from what was told last.
 */
#include <stdlib.h>
#include <string.h>

#include "gateway/pipeline_totals.h"

static const enum calendar_span periods[TOTALS_PERIODS] = {SPAN_DAY, SPAN_MONTH, SPAN_YEAR};

enum { ROWS_MAX = WINDOW_DAYS_MAX + 1 };

void pipeline_totals_mark(struct pipeline_totals *totals, uint8_t marked)
{
	for (size_t i = 0; i < totals->structure.scopes_count; i++)
		totals->pending[i] |= marked;
}

bool pipeline_totals_all_told(const struct pipeline_totals *totals)
{
	for (size_t i = 0; i < totals->structure.scopes_count; i++)
		if (totals->pending[i] != 0)
			return false;
	return true;
}

/* ---- figures ---- */

/* What is told of one scope. */
struct telling {
	struct pipeline *pipeline;
	struct totals_scope scope;
	enum calendar_span period;
	bool is_daily; /* through the last whole day, and not the running one */
	struct totals_row rows[ROWS_MAX];
	size_t rows_count;
	struct total_energy rows_energy; /* added up */
	struct totals_part parts[PART_COUNT];
	struct totals_lacking lacking[TOTAL_LACKING_MAX];
	struct totals_peak peaks[PEAK_COUNT_MAX];
};

/* A stretch of the shown window: hours, days or months from `first` on. */
enum stretch { STRETCH_HOURS, STRETCH_DAYS, STRETCH_MONTHS };

static struct total_sum sum_of(
	const struct running_totals *running, enum stretch stretch, size_t number)
{
	switch (stretch) {
	case STRETCH_HOURS:
		return running_totals_hour(running, number);
	case STRETCH_DAYS:
		return running_totals_day(running, number);
	case STRETCH_MONTHS:
		return running_totals_month(running, number);
	}
	return (struct total_sum){0};
}

static void choose_productions(struct pipeline_totals *totals)
{
	for (size_t i = 0; i < totals->structure.site->meters_count; i++) {
		int64_t readings[TOTALS_SERIES_COUNT] = {-1, -1};
		for (size_t j = 0; j < totals->shown.count; j++)
			if (totals->shown.entries[j].meter == i)
				readings[totals->shown.entries[j].series] =
					totals->shown.entries[j].reading;
		totals->structure.meters[i].production =
			(uint8_t)totals_production(readings[TOTALS_IN], readings[TOTALS_OUT]);
	}
}

static void clear_sums(struct pipeline_totals *totals)
{
	memset(totals->sums, 0,
		TOTALS_SERIES_COUNT * totals->structure.site->meters_count * sizeof *totals->sums);
}

static void add_to_sums(
	struct pipeline_totals *totals, enum stretch stretch, size_t first, size_t count)
{
	for (size_t i = 0; i < totals->shown.count; i++) {
		const struct total_entry *entry = &totals->shown.entries[i];
		struct total_sum *sum =
			&totals->sums[TOTALS_SERIES_COUNT * entry->meter + (size_t)entry->series];
		for (size_t j = first; j < first + count; j++) {
			struct total_sum one = sum_of(&entry->running, stretch, j);
			total_sum_merge(sum, &one);
		}
	}
}

static struct total combine(
	const struct telling *telling, int64_t start_wall_ms, int64_t end_wall_ms)
{
	struct pipeline_totals *totals = telling->pipeline->totals;
	const struct totals_site site = site_totals_structure(&totals->structure);
	const struct coarse_span whole = {start_wall_ms, end_wall_ms};
	const struct coarse_reach *reach = &totals->shown.reach;
	const struct totals_span span = {totals->sums,
		coarse_elapsed_ms(reach, &whole, telling->pipeline->site->config->interval_ms),
		coarse_elapsed_ms(reach, &whole, TOTALS_DAY_MS)};
	struct total total;
	totals_combine(&site, telling->scope, &span, &total);
	return total;
}

static struct totals_row row_of(const struct total *total, int64_t start_wall_ms)
{
	return (struct totals_row){.start_wall_ms = start_wall_ms,
		.has_energy = total->energy.is_known,
		.has_at_least = total->energy.has_at_least,
		.has_at_most = total->energy.has_at_most,
		.has_estimate = total_estimated_permille(total) > 0,
		.energy = total->energy.energy,
		.at_least = total->energy.at_least,
		.at_most = total->energy.at_most,
		.coverage_permille = total_coverage_permille(total),
		.estimated_permille = total_estimated_permille(total)};
}

static void add_row(struct telling *telling, const struct total *total, int64_t start_wall_ms)
{
	telling->rows[telling->rows_count++] = row_of(total, start_wall_ms);
	total_energy_add(&telling->rows_energy, &total->energy);
}

static void add_rows(
	struct telling *telling, enum stretch stretch, const int64_t *starts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		clear_sums(telling->pipeline->totals);
		add_to_sums(telling->pipeline->totals, stretch, i, 1);
		struct total total = combine(telling, starts[i], starts[i + 1]);
		add_row(telling, &total, starts[i]);
	}
}

/* Up to where a total is told: the last whole hour, of a daily one the last whole day. */
static int64_t through_of(const struct telling *telling)
{
	const struct pipeline_totals *totals = telling->pipeline->totals;
	return totals->shown.window.hours[telling->is_daily ? 0 : totals->hours];
}

/* The running day or month so far is the last row. */
static void add_running_row(struct telling *telling, int64_t start_wall_ms)
{
	struct pipeline_totals *totals = telling->pipeline->totals;
	const struct totals_window *window = &totals->shown.window;
	clear_sums(totals);
	if (telling->period == SPAN_YEAR)
		add_to_sums(totals, STRETCH_DAYS, 0, window->day);
	if (!telling->is_daily)
		add_to_sums(totals, STRETCH_HOURS, 0, totals->hours);
	struct total total = combine(telling, start_wall_ms, through_of(telling));
	if (total.elapsed_ms > 0)
		add_row(telling, &total, start_wall_ms);
}

static int64_t fill_rows(struct telling *telling)
{
	const struct totals_window *window = &telling->pipeline->totals->shown.window;
	switch (telling->period) {
	case SPAN_DAY:
		add_rows(telling, STRETCH_HOURS, window->hours, telling->pipeline->totals->hours);
		return window->hours[0];
	case SPAN_MONTH:
		add_rows(telling, STRETCH_DAYS, window->days, window->day);
		if (!telling->is_daily)
			add_running_row(telling, window->hours[0]);
		return window->days[0];
	case SPAN_YEAR:
		add_rows(telling, STRETCH_MONTHS, window->months, window->month);
		add_running_row(telling, window->days[0]);
		return window->months[0];
	case SPAN_HOUR:
	case SPAN_WEEK:
	case SPAN_COUNT:
		break;
	}
	return 0;
}

/* The period as a whole, as far as it is told. */
static struct total whole(const struct telling *telling, int64_t start_wall_ms)
{
	struct pipeline_totals *totals = telling->pipeline->totals;
	const struct totals_window *window = &totals->shown.window;
	clear_sums(totals);
	if (!telling->is_daily)
		add_to_sums(totals, STRETCH_HOURS, 0, totals->hours);
	if (telling->period != SPAN_DAY)
		add_to_sums(totals, STRETCH_DAYS, 0, window->day);
	if (telling->period == SPAN_YEAR)
		add_to_sums(totals, STRETCH_MONTHS, 0, window->month);
	struct total total = combine(telling, start_wall_ms, through_of(telling));
	total_energy_tighten(&total.energy, &telling->rows_energy);
	return total;
}

/* ---- the message ---- */

static void add_parts(
	struct telling *telling, const struct total *total, struct totals_message *message)
{
	message->has_parts = true;
	message->parts = telling->parts;
	for (int i = 0; i < PART_COUNT; i++)
		if (total->has_part[i])
			telling->parts[message->parts_count++] =
				(struct totals_part){(uint8_t)i, total->parts[i]};
}

static void add_lacking(
	struct telling *telling, const struct total *total, struct totals_message *message)
{
	const struct site *site = telling->pipeline->site;
	message->lacking = telling->lacking;
	for (size_t i = 0; i < total->lacking_count && i < TOTAL_LACKING_MAX; i++)
		telling->lacking[message->lacking_count++] = (struct totals_lacking){
			.meter = site->meters[total->lacking[i].meter].config->id,
			.part = total->lacking[i].part,
			.lack = total->lacking[i].lack};
}

static const struct total_entry *entry_with_peaks(const struct telling *telling)
{
	const struct totals_set *shown = &telling->pipeline->totals->shown;
	if (telling->scope.kind != SCOPE_METER || telling->period != SPAN_MONTH)
		return NULL;
	for (size_t i = 0; i < shown->count; i++)
		if (shown->entries[i].meter == telling->scope.number &&
			shown->entries[i].peaks != NULL)
			return &shown->entries[i];
	return NULL;
}

static void add_peaks(struct telling *telling, struct totals_message *message)
{
	const struct total_entry *entry = entry_with_peaks(telling);
	const struct pipeline_totals *totals = telling->pipeline->totals;
	struct peak_result result;
	if (entry == NULL)
		return;
	struct series_peaks peaks = *entry->peaks;
	const struct peak_rules rules =
		site_peak_rules(telling->pipeline->site->config, entry->resolution);
	running_totals_offer_hours(&entry->running, &totals->shown.window, totals->hours, &peaks);
	peaks_evaluate(&peaks, &rules, &result);
	message->has_peaks = true;
	message->peak_rule = (uint8_t)rules.rule;
	message->peak_span = (uint8_t)result.span;
	message->has_peak_power = result.is_known;
	message->peak_power = result.power;
	message->peaks = telling->peaks;
	for (size_t i = 0; i < result.count; i++)
		telling->peaks[message->peaks_count++] =
			(struct totals_peak){result.of[i].start_wall_ms, peak_power(&result.of[i])};
}

static int64_t end_of(const struct totals_window *window, enum calendar_span period)
{
	if (period == SPAN_DAY)
		return totals_window_day_end(window);
	return period == SPAN_MONTH ? window->days[window->days_count]
				    : window->months[window->months_count];
}

/* FNV-1a; 0 is "nothing told". */
static uint32_t digest_of(const char *payload, size_t length)
{
	uint32_t digest = 2166136261u;
	for (size_t i = 0; i < length; i++)
		digest = (digest ^ (uint8_t)payload[i]) * 16777619u;
	return digest == 0 ? 1 : digest;
}

static void topic_part(char *buffer, size_t size, const char *scope, enum calendar_span period)
{
	snprintf(buffer, size, "%s/%s", scope, calendar_span_name(period));
}

/* Unless the same was told last. */
static bool announce(const struct telling *telling, const char *scope,
	const struct json_buffer *payload, uint32_t *digest)
{
	struct pipeline *pipeline = telling->pipeline;
	char part[TOTALS_SCOPE_MAX + 8];
	uint32_t own = digest_of(payload->bytes, payload->size);
	if (own == *digest)
		return true;
	topic_part(part, sizeof part, scope, telling->period);
	const struct announcement announcement = {.kind = MESSAGE_TOTALS,
		.part = part,
		.payload = payload->bytes,
		.length = payload->size};
	if (!pipeline_publish(pipeline, &announcement))
		return false;
	*digest = own;
	pipeline->totals->told_mono_ms = pipeline->now.mono_ms;
	return true;
}

static bool publish(
	const struct telling *telling, const struct totals_message *message, uint32_t *digest)
{
	struct pipeline *pipeline = telling->pipeline;
	size_t length = message_write_totals(message, pipeline->payload, MESSAGE_BYTES_MAX);
	return length >= MESSAGE_BYTES_MAX ||
	       announce(telling, message->scope, &(struct json_buffer){pipeline->payload, length},
		       digest);
}

static bool tell_period(struct pipeline *pipeline, size_t scope, int period)
{
	struct pipeline_totals *totals = pipeline->totals;
	char name[TOTALS_SCOPE_MAX];
	struct telling telling = {.pipeline = pipeline,
		.scope = totals->structure.scopes[scope],
		.period = periods[period],
		.rows_energy = {.is_known = true}};
	const struct totals_site site = site_totals_structure(&totals->structure);
	uint32_t *digest = &totals->digests[TOTALS_PERIODS * scope + (size_t)period];
	telling.is_daily = totals_is_daily(&site, telling.scope);
	site_totals_scope_name(&totals->structure, telling.scope, name);
	if (telling.is_daily && telling.period == SPAN_DAY) /* nothing of today; nor of before */
		return announce(&telling, name, &(struct json_buffer){"", 0}, digest);
	int64_t start_wall_ms = fill_rows(&telling);
	struct total total = whole(&telling, start_wall_ms);
	if (total.elapsed_ms <= 0)
		return true; /* just begun */
	struct totals_message message = {.scope = name,
		.period = (uint8_t)telling.period,
		.timezone = pipeline->site->config->timezone,
		.start_wall_ms = start_wall_ms,
		.end_wall_ms = end_of(&totals->shown.window, telling.period),
		.through_wall_ms = through_of(&telling),
		.unit = "kWh",
		.total = row_of(&total, start_wall_ms),
		.rows = telling.rows,
		.rows_count = telling.rows_count};
	if (telling.scope.kind == SCOPE_GATEWAY)
		add_parts(&telling, &total, &message);
	add_lacking(&telling, &total, &message);
	add_peaks(&telling, &message);
	return publish(&telling, &message, digest);
}

/* Those of one scope; false: the link does not take more now. */
static bool tell_scope(struct pipeline *pipeline, size_t scope)
{
	uint8_t *pending = &pipeline->totals->pending[scope];
	for (int i = 0; i < TOTALS_PERIODS; i++) {
		uint8_t bit = (uint8_t)(1u << i);
		if ((*pending & bit) == 0)
			continue;
		if (!tell_period(pipeline, scope, i))
			return false;
		*pending &= (uint8_t)~bit;
	}
	return true;
}

/* Nobody keeps the totals of what is no longer there. */
static bool clear_gone(struct pipeline *pipeline)
{
	struct pipeline_totals *totals = pipeline->totals;
	char part[TOTALS_SCOPE_MAX + 8];
	while (totals->gone_count > 0) {
		for (int i = 0; i < TOTALS_PERIODS; i++) {
			const struct announcement nothing = {
				.kind = MESSAGE_TOTALS, .part = part, .payload = ""};
			topic_part(part, sizeof part, totals->gone[totals->gone_count - 1],
				periods[i]);
			if (pipeline->announced >= TOTALS_UNANSWERED_MAX ||
				!pipeline_publish(pipeline, &nothing))
				return false;
		}
		totals->gone_count--;
	}
	return true;
}

void pipeline_totals_tell(struct pipeline *pipeline)
{
	struct pipeline_totals *totals = pipeline->totals;
	size_t scopes = totals->structure.scopes_count;
	if (!pipeline->connected || !clear_gone(pipeline) || pipeline_totals_all_told(totals))
		return;
	choose_productions(totals);
	for (int told = 0; told < TOTALS_MESSAGES_A_STEP && !pipeline_totals_all_told(totals);
		told++) {
		if (totals->next >= scopes)
			totals->next = 0;
		if (pipeline->announced >= TOTALS_UNANSWERED_MAX ||
			!tell_scope(pipeline, totals->next))
			return;
		totals->next++;
	}
}
