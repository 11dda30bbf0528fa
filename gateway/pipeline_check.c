/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline_check.c -- Whether another site can take the place of the one in
 * force: a known meter whose model or scale is another one must say since when.
 * Compared with what the store knows, so that it holds across restarts too.
 */
#include <string.h>

#include "gateway/json_instant.h"
#include "gateway/pipeline_state.h"

struct checking {
	struct pipeline *pipeline;
	const struct site *site;
	struct diagnostics *diagnostics;
	int64_t now_wall_ms;
	char today[16]; /* for the hint */
};

/* The series' state where it is known; asking gives no number to a series that has none. */
static bool find_state(const struct checking *checking, const char *id, enum quantity quantity,
	struct series_state *ret_state)
{
	const struct store *store = checking->pipeline->store;
	for (size_t i = 0; i < store_series_count(store); i++) {
		const char *meter;
		enum quantity own;
		if (store_series_info(store, (int32_t)i, &meter, &own) && own == quantity &&
			strcmp(meter, id) == 0)
			return store_series_state(store, (int32_t)i, ret_state) &&
			       ret_state->configured.denominator != 0;
	}
	return false;
}

static void report(const struct checking *checking, const struct site_meter *meter,
	const char *what, bool has_old_date)
{
	diagnostics_add(checking->diagnostics, DIAGNOSTIC_ERROR, checking->site->config->file,
		meter->config->at,
		"meters: \"%s\": %s, and nothing says since when; %s \"valid_from: %s\", the day "
		"it became so: what was counted since is revised",
		meter->config->id, what,
		has_old_date ? "its valid_from is that of an earlier change; write" : "write",
		checking->today);
}

/* A counter whose step is worth something else than what was configured; false: it is not.
 * Reported where nothing says since when. */
static bool check_counter(const struct checking *checking, const struct site_meter *meter,
	const struct device_point *point)
{
	struct series_state state;
	enum quantity quantity = point->value->quantity;
	char what[160];
	if (quantity_info(quantity)->kind != QUANTITY_COUNTER ||
		!find_state(checking, meter->config->id, quantity, &state) ||
		pipeline_same_scale(state.configured, point->scale) ||
		pipeline_same_scale(state.scale, point->scale))
		return false;
	bool has_date = meter->valid_from_wall_ms != INT64_MIN;
	if (has_date && meter->valid_from_wall_ms != state.valid_from_wall_ms)
		return true;
	struct scale ratio = pipeline_ratio(point->scale, state.scale);
	snprintf(what, sizeof what, "a step of its %s is worth %lld/%lld times what it was",
		quantity_info(quantity)->name, (long long)ratio.numerator,
		(long long)ratio.denominator);
	report(checking, meter, what, has_date);
	return true;
}

/* The valid_from that the meter had when its scale was last decided on. */
static int64_t known_date(const struct checking *checking, const struct site_meter *meter)
{
	struct series_state state;
	for (size_t i = 0; i < meter->points_count; i++)
		if (find_state(
			    checking, meter->config->id, meter->points[i].value->quantity, &state))
			return state.valid_from_wall_ms;
	return INT64_MIN;
}

/* A date that was moved, and nothing else. */
static void warn_of_moved_date(
	const struct checking *checking, const struct site_meter *meter, int64_t known_wall_ms)
{
	if (meter->valid_from_wall_ms == INT64_MIN || known_wall_ms == INT64_MIN ||
		meter->valid_from_wall_ms == known_wall_ms)
		return;
	diagnostics_add(checking->diagnostics, DIAGNOSTIC_WARNING, checking->site->config->file,
		meter->config->valid_from_at,
		"valid_from: \"%s\" is another date, but model and scale are the same: nothing is "
		"revised; `byport settle %s --multiplier` does that",
		meter->config->valid_from, meter->config->id);
}

static void check_model(const struct checking *checking, const struct site_meter *meter)
{
	struct known_device device;
	char what[2 * MODEL_NAME_MAX + 32];
	int64_t valid_from = meter->valid_from_wall_ms;
	if (!store_device(checking->pipeline->store, meter->config->id, &device) ||
		device.model[0] == '\0')
		return;
	if (strcmp(device.model, meter->model->name) == 0) {
		warn_of_moved_date(checking, meter, known_date(checking, meter));
		return;
	}
	if (valid_from != INT64_MIN && valid_from != known_date(checking, meter))
		return;
	snprintf(what, sizeof what, "model %s before, %s now", device.model, meter->model->name);
	report(checking, meter, what, valid_from != INT64_MIN);
}

static void check_meter(const struct checking *checking, const struct site_meter *meter)
{
	if (meter->valid_from_wall_ms != INT64_MIN &&
		meter->valid_from_wall_ms > checking->now_wall_ms) {
		diagnostics_add(checking->diagnostics, DIAGNOSTIC_ERROR,
			checking->site->config->file, meter->config->valid_from_at,
			"valid_from: \"%s\" is in the future; take the configuration over when it "
			"has come",
			meter->config->valid_from);
		return;
	}
	for (size_t i = 0; i < meter->points_count; i++)
		if (check_counter(checking, meter, &meter->points[i]))
			return;
	check_model(checking, meter);
}

void pipeline_check_site(struct pipeline *pipeline, const struct site *site,
	const struct clock_observation *now, struct diagnostics *diagnostics)
{
	pipeline->now = *now;
	struct checking checking = {.pipeline = pipeline,
		.site = site,
		.diagnostics = diagnostics,
		.now_wall_ms = pipeline_wall_ms(pipeline)};
	char text[INSTANT_TEXT_MAX];
	if (pipeline->store == NULL)
		return;
	json_instant_print(text, checking.now_wall_ms);
	snprintf(checking.today, sizeof checking.today, "%.10s", text);
	for (size_t i = 0; i < site->meters_count; i++)
		check_meter(&checking, &site->meters[i]);
}
