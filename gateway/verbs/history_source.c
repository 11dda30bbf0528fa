/* SPDX-License-Identifier: Apache-2.0 */
/*
 * history_source.c -- Where `byport history` and `byport export` have their figures from: the
 * store, the configuration that says how meters hang together, and what is asked for.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gateway/local_time.h"
#include "gateway/terminal.h"
#include "gateway/verbs/history.h"
#include "gateway/verbs/verb.h"

static const char default_directory[] = "/var/lib/byport";

/* What a meter by itself is shown by, the first that it counts. */
static const enum quantity main_quantities[] = {QUANTITY_ACTIVE_ENERGY_IMPORT, QUANTITY_HEAT_ENERGY,
	QUANTITY_COOLING_ENERGY, QUANTITY_VOLUME, QUANTITY_PULSES, QUANTITY_ACTIVE_ENERGY_EXPORT};

void history_say(const struct history *history, const char *format, ...)
{
	va_list words;
	va_start(words, format);
	fprintf(stderr, "byport %s: ", history->verb);
	vfprintf(stderr, format, words);
	va_end(words);
}

int history_say_no_memory(const struct history *history)
{
	history_say(history, "memory is out\n");
	return VERB_UNAVAILABLE;
}

/* ---- configuration and store ---- */

static int read_config(struct history *history, const char *path, bool must)
{
	struct diagnostics diagnostics = {0};
	if (!loaded_site_read(path, &diagnostics, &history->loaded) && must)
		diagnostics_print(&diagnostics, stderr, terminal_of(stderr).colour);
	else if (history->loaded == NULL)
		history_say(history,
			"%s has errors (`byport check` shows them); meters stand by themselves\n",
			path);
	diagnostics_clear(&diagnostics);
	return history->loaded != NULL || !must ? VERB_OK : VERB_BAD;
}

static int find_config(struct history *history)
{
	const struct history_choice *choice = &history->choice;
	const char *directory = choice->directory != NULL ? choice->directory : default_directory;
	char copy[HISTORY_PATH_MAX + 32];
	int status = VERB_OK;
	snprintf(copy, sizeof copy, "%s/configuration.yaml", directory);
	if (choice->config != NULL)
		status = read_config(history, choice->config, true);
	else if (access(copy, R_OK) == 0)
		status = read_config(history, copy, false);
	if (status == VERB_OK && choice->config != NULL && choice->directory == NULL)
		directory = history->loaded->config->data_directory;
	snprintf(history->directory, sizeof history->directory, "%s", directory);
	return status;
}

static int take_zone(struct history *history)
{
	history->zone = history->loaded != NULL ? history->loaded->config->timezone : "UTC";
	if (local_time_calendar(history->zone, &history->calendar))
		return VERB_OK;
	history_say(history, "timezone %s is not known on this machine (Debian: tzdata)\n",
		history->zone);
	return VERB_UNAVAILABLE;
}

static int64_t read_wall_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int history_open(struct history *history)
{
	struct store_opening opening;
	history->now_wall_ms = read_wall_ms();
	int status = find_config(history);
	if (status == VERB_OK)
		status = take_zone(history);
	if (status != VERB_OK)
		return status;
	if (history->loaded != NULL &&
		!site_totals_make(history->loaded->site, &history->structure))
		return history_say_no_memory(history);
	enum store_status opened =
		store_open_to_look(history->directory, &history->store, &opening);
	if (opened != STORE_OK) {
		history_say(history,
			"no store to look into at %s: %s; name its directory, or --config FILE\n",
			opening.path, opening.reason);
		return VERB_UNAVAILABLE;
	}
	struct interval_grid grid = store_grid(history->store);
	history->interval_ms = grid.length_ms > 0 ? grid.length_ms : 900000;
	return VERB_OK;
}

void history_close(struct history *history)
{
	store_close(history->store);
	if (history->structure.site != NULL)
		site_totals_clear(&history->structure);
	loaded_site_release(history->loaded);
	free(history->place_of_series);
	free(history->starts);
	free(history->sums);
	free(history->is_open);
}

/* ---- what is asked for ---- */

static int32_t series_of(const struct store *store, const char *meter, enum quantity quantity)
{
	for (size_t i = 0; i < store_series_count(store); i++) {
		const char *own;
		enum quantity counted;
		if (store_series_info(store, (int32_t)i, &own, &counted) && counted == quantity &&
			strcmp(own, meter) == 0)
			return (int32_t)i;
	}
	return -1;
}

static bool make_places(struct history *history)
{
	history->series_count = store_series_count(history->store);
	history->place_of_series = calloc(history->series_count + 1, sizeof(int32_t));
	for (size_t i = 0; history->place_of_series != NULL && i < history->series_count; i++)
		history->place_of_series[i] = -1;
	if (history->place_of_series == NULL)
		(void)history_say_no_memory(history);
	return history->place_of_series != NULL;
}

static int64_t newest_reading(const struct history *history, int32_t series)
{
	struct interval_row row;
	return series >= 0 && store_last_known_interval(history->store, series, &row) &&
			       row.has_readings
		       ? row.reading_end
		       : -1;
}

static void place_meter(struct history *history, size_t meter)
{
	const char *id = history->loaded->site->meters[meter].config->id;
	int64_t readings[TOTALS_SERIES_COUNT] = {-1, -1};
	for (int i = 0; i < TOTALS_SERIES_COUNT; i++) {
		enum quantity quantity;
		if (!site_totals_quantity(
			    &history->structure, meter, (enum totals_series)i, &quantity))
			continue;
		int32_t series = series_of(history->store, id, quantity);
		if (series >= 0)
			history->place_of_series[series] = (int32_t)meter * TOTALS_SERIES_COUNT + i;
		readings[i] = newest_reading(history, series);
	}
	history->structure.meters[meter].production =
		(uint8_t)totals_production(readings[TOTALS_IN], readings[TOTALS_OUT]);
}

/* By the site's structure. */
static int take_scope(struct history *history, struct totals_scope scope)
{
	if (!make_places(history))
		return VERB_UNAVAILABLE;
	history->scope = scope;
	history->site = site_totals_structure(&history->structure);
	history->unit = "kWh";
	history->decimals = 6;
	site_totals_scope_name(&history->structure, scope, history->scope_name);
	for (size_t i = 0; i < history->site.meters_count; i++)
		place_meter(history, i);
	return VERB_OK;
}

void history_list_meters(const struct history *history)
{
	const char *last = "";
	fprintf(stderr, "; there are:");
	for (size_t i = 0; i < store_series_count(history->store); i++) {
		const char *meter;
		enum quantity quantity;
		if (!store_series_info(history->store, (int32_t)i, &meter, &quantity) ||
			strcmp(meter, last) == 0)
			continue;
		fprintf(stderr, " %s", meter);
		last = meter;
	}
	fputc('\n', stderr);
}

/* A meter that only its rows tell of: not in the configuration, or it counts no kWh. */
static int take_single(struct history *history, const char *meter)
{
	const size_t count = sizeof main_quantities / sizeof main_quantities[0];
	for (size_t i = 0; i < count; i++) {
		int32_t series = series_of(history->store, meter, main_quantities[i]);
		if (series < 0)
			continue;
		if (!make_places(history))
			return VERB_UNAVAILABLE;
		history->place_of_series[series] = 0;
		history->single = (struct totals_meter){
			.parent = TOTALS_NO_PARENT, .kind = TOTALS_HEAT, .reads = {true, false}
                };
		history->site = (struct totals_site){&history->single, 1};
		history->scope = (struct totals_scope){SCOPE_METER, 0};
		history->unit = quantity_info(main_quantities[i])->unit;
		history->decimals = quantity_info(main_quantities[i])->decimals;
		snprintf(history->scope_name, sizeof history->scope_name, "meter-%.33s", meter);
		return VERB_OK;
	}
	history_say(history, "the store knows no energy of a meter \"%s\"", meter);
	history_list_meters(history);
	return VERB_BAD;
}

static int find_meter(struct history *history, const char *id)
{
	const struct site *site = history->structure.site;
	for (size_t i = 0; site != NULL && i < site->meters_count; i++)
		if (strcmp(site->meters[i].config->id, id) == 0 &&
			(history->structure.meters[i].reads[TOTALS_IN] ||
				history->structure.meters[i].reads[TOTALS_OUT]))
			return take_scope(history, (struct totals_scope){SCOPE_METER, i});
	return take_single(history, id);
}

/* A carrier or use by its name, written either way: district_heat, district-heat. */
static int find_named(struct history *history, enum totals_scope_kind kind, const char *name)
{
	const char *what = kind == SCOPE_CARRIER ? "carrier" : "use";
	char asked[TOTALS_SCOPE_MAX], own[TOTALS_SCOPE_MAX];
	snprintf(asked, sizeof asked, "%s-%s", what, name);
	scope_word(asked);
	for (size_t i = 0; i < history->structure.scopes_count; i++) {
		struct totals_scope scope = history->structure.scopes[i];
		site_totals_scope_name(&history->structure, scope, own);
		if (scope.kind == kind && strcmp(own, asked) == 0)
			return take_scope(history, scope);
	}
	history_say(history, "no meter counts energy for the %s \"%s\"; there are:", what, name);
	for (size_t i = 0; i < history->structure.scopes_count; i++) {
		struct totals_scope scope = history->structure.scopes[i];
		site_totals_scope_name(&history->structure, scope, own);
		if (scope.kind == kind)
			fprintf(stderr, " %s", own + strlen(what) + 1);
	}
	fputc('\n', stderr);
	return VERB_BAD;
}

int history_find_scope(struct history *history)
{
	const struct history_choice *choice = &history->choice;
	if (choice->meter != NULL)
		return find_meter(history, choice->meter);
	if (history->structure.site == NULL) {
		history_say(history,
			"without a configuration only single meters are known: --meter ID, or "
			"--config FILE");
		history_list_meters(history);
		return VERB_BAD;
	}
	if (choice->carrier != NULL)
		return find_named(history, SCOPE_CARRIER, choice->carrier);
	if (choice->use != NULL)
		return find_named(history, SCOPE_USE, choice->use);
	return take_scope(history, (struct totals_scope){SCOPE_GATEWAY, 0});
}
