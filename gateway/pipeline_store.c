/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline_store.c -- Rows to the disk: when to commit, and what happens when
 * that fails.
 *
 * Energy and events are committed soon after they are made, trends and cursors
 * every commit period and with them. On a full or failing disk trends stop
 * first; energy rows wait in the store's memory, and past its limit with the
 * counters themselves: a reading is cumulative.
 */
#include "gateway/pipeline_state.h"

void pipeline_begin_delivery(struct pipeline *pipeline)
{
	int64_t sent[STREAM_COUNT];
	for (int i = 0; i < STREAM_COUNT; i++)
		sent[i] = store_cursor(pipeline->store, (enum stream)i).sent;
	delivery_init(&pipeline->delivery, sent);
	pipeline_archives_begin(pipeline);
}

static void use_store(struct pipeline *pipeline)
{
	pipeline_begin_delivery(pipeline);
	pipeline->last_energy_id = store_cursor(pipeline->store, STREAM_ENERGY).last;
	pipeline->trouble = TROUBLE_NONE;
	pipeline->lost_trends_told = 0;
	pipeline->retry_mono_ms = INT64_MIN;
}

enum store_status pipeline_store_open(struct pipeline *pipeline, struct store_opening *ret_opening)
{
	struct store_settings settings = pipeline->settings.store;
	settings.now_wall_ms = pipeline_wall_ms(pipeline);
	enum store_status status = store_open(&settings, &pipeline->store, ret_opening);
	if (status == STORE_OK)
		use_store(pipeline);
	return status;
}

void pipeline_want_commit(struct pipeline *pipeline, int64_t within_ms)
{
	int64_t due = pipeline->now.mono_ms + within_ms;
	if (due < pipeline->commit_due_mono_ms)
		pipeline->commit_due_mono_ms = due;
}

static int64_t gather_ms(const struct pipeline *pipeline)
{
	int64_t short_ms = pipeline->site->config->interval_ms / 60;
	return short_ms < PIPELINE_COMMIT_GATHER_MS ? short_ms : PIPELINE_COMMIT_GATHER_MS;
}

/* What a row teaches; after it was kept, with the flags it has. */
static void learn(const struct pipeline_series_place *place, const struct interval_row *row)
{
	if (place->value->counter != NULL)
		profile_train(&place->value->counter->profile, &place->pipeline->calendar, row);
}

bool pipeline_keep_interval(void *context, struct interval_row *row)
{
	const struct pipeline_series_place *place = context;
	struct pipeline *pipeline = place->pipeline;
	struct flags_closing closing;
	if (pipeline->store == NULL || !pipeline_flags_close(place, row, &closing))
		return false;
	if (store_append_interval(pipeline->store, row) != STORE_OK) {
		pipeline_flags_undo(place, &closing);
		return false;
	}
	pipeline->last_energy_id = row->id;
	learn(place, row);
	pipeline_totals_row(place, row);
	pipeline_want_commit(pipeline, gather_ms(pipeline));
	pipeline_flags_kept(place, row, &closing);
	return true;
}

bool pipeline_append_event(struct pipeline *pipeline, struct event_row *row)
{
	pipeline_dwelling_event(pipeline, row);
	if (pipeline->store == NULL || store_append_event(pipeline->store, row) != STORE_OK)
		return false;
	pipeline->last_energy_id = row->id;
	pipeline_want_commit(pipeline, pipeline->site != NULL ? gather_ms(pipeline) : 0);
	return true;
}

bool pipeline_keep_event(void *context, struct event_row *row)
{
	return pipeline_append_event(
		((const struct pipeline_series_place *)context)->pipeline, row);
}

void pipeline_keep_trend(struct pipeline *pipeline, struct trend_row *row)
{
	if (pipeline->store == NULL || pipeline->trouble != TROUBLE_NONE ||
		store_append_trend(pipeline->store, row) != STORE_OK)
		return;
	pipeline_want_commit(pipeline, pipeline->site->config->commit_ms);
}

static const char *what_is_done(enum pipeline_trouble trouble)
{
	return trouble == TROUBLE_FULL ? "trends are not kept; energy waits in memory until "
					 "there is room"
				       : "trends are not kept; energy waits in memory; it is tried "
					 "again every 10 s";
}

static void enter_trouble(struct pipeline *pipeline, enum pipeline_trouble trouble)
{
	pipeline->retry_mono_ms = pipeline->now.mono_ms + PIPELINE_STORE_RETRY_MS;
	if (pipeline->trouble == trouble)
		return;
	pipeline->trouble = trouble;
	pipeline_say(pipeline, LOG_LEVEL_ERROR, "store: %s (%s); %s",
		trouble == TROUBLE_FULL ? "full" : "cannot write", store_reason(pipeline->store),
		what_is_done(trouble));
	pipeline_meter_event(pipeline, (struct occurrence){EVENT_STORE_FULL, ""},
		"The store cannot write (%s); %s.", store_reason(pipeline->store),
		what_is_done(trouble));
}

static void leave_trouble(struct pipeline *pipeline)
{
	if (pipeline->trouble == TROUBLE_NONE)
		return;
	pipeline->trouble = TROUBLE_NONE;
	pipeline_say(pipeline, LOG_LEVEL_NOTICE, "store: writing again");
	pipeline_meter_event(pipeline, (struct occurrence){EVENT_STORE_BACK, ""},
		"The store writes again; what waited is stored.");
}

/* A new one in its place; the counters go on, and the series get new numbers. */
static void replace_damaged(struct pipeline *pipeline)
{
	struct store_opening opening;
	pipeline_say(pipeline, LOG_LEVEL_ERROR, "store: damaged (%s); a new one is begun",
		store_reason(pipeline->store));
	pipeline->store = store_close(pipeline->store);
	for (size_t i = 0; i < pipeline->slots_count; i++)
		for (size_t j = 0; j < pipeline->slots[i].values_count; j++)
			pipeline->slots[i].values[j].series = -1;
	enum store_status status = pipeline_store_open(pipeline, &opening);
	if (status != STORE_OK) {
		pipeline_say(pipeline, LOG_LEVEL_ERROR,
			"store: %s: %s; readings are published live but not kept until it works",
			opening.path, opening.reason);
		pipeline->retry_mono_ms = pipeline->now.mono_ms + PIPELINE_STORE_RETRY_MS;
		return;
	}
	pipeline->status_changed = true;
}

/* Open again what could not be opened when it was replaced. */
static void try_to_open(struct pipeline *pipeline)
{
	struct store_opening opening;
	pipeline->retry_mono_ms = pipeline->now.mono_ms + PIPELINE_STORE_RETRY_MS;
	if (pipeline_store_open(pipeline, &opening) != STORE_OK)
		return;
	pipeline->status_changed = true;
	pipeline_say(pipeline, LOG_LEVEL_NOTICE, "store: %s is in use", opening.path);
}

/* The budget was kept at the cost of trends that nobody has seen. */
static void tell_of_loss(struct pipeline *pipeline)
{
	struct store_loss loss = store_loss(pipeline->store);
	if (loss.trend_rows <= pipeline->lost_trends_told)
		return;
	if (pipeline->lost_trends_told == 0)
		pipeline_say(pipeline, LOG_LEVEL_WARNING,
			"store: its size is reached; the oldest trends give way, though they were "
			"never "
			"sent");
	pipeline_meter_event(pipeline, (struct occurrence){EVENT_STORE_FULL, ""},
		"%lld trends up to id %lld were given up to keep the store's size.",
		(long long)(loss.trend_rows - pipeline->lost_trends_told),
		(long long)loss.trend_through);
	pipeline->lost_trends_told = loss.trend_rows;
}

/* The last ids of both streams together: they grow by the rows that a commit stores. */
static int64_t ids_committed(const struct pipeline *pipeline)
{
	int64_t ids = 0;
	for (int i = 0; i < STREAM_COUNT; i++)
		ids += store_cursor(pipeline->store, (enum stream)i).last;
	return ids;
}

void pipeline_take_flash(struct pipeline *pipeline, const struct flash_look *look,
	const struct clock_observation *now)
{
	flash_history_add(&pipeline->flash, look, now->mono_ms, pipeline->rows_stored);
}

void pipeline_commit(struct pipeline *pipeline)
{
	if (pipeline->store == NULL) {
		try_to_open(pipeline);
		return;
	}
	pipeline->commit_due_mono_ms = INT64_MAX;
	int64_t ids_before = ids_committed(pipeline);
	switch (store_commit(pipeline->store)) {
	case STORE_OK:
		pipeline->rows_stored += ids_committed(pipeline) - ids_before;
		leave_trouble(pipeline);
		tell_of_loss(pipeline);
		pipeline_flags_revise(pipeline);
		break;
	case STORE_FULL:
		enter_trouble(pipeline, TROUBLE_FULL);
		break;
	case STORE_NEWER:
	case STORE_FAILED:
		enter_trouble(pipeline, TROUBLE_FAILED);
		break;
	case STORE_DAMAGED:
		replace_damaged(pipeline);
		break;
	case STORE_STATUS_COUNT:
		break;
	}
	if (pipeline->trouble != TROUBLE_NONE)
		pipeline_want_commit(pipeline, PIPELINE_STORE_RETRY_MS);
}

void pipeline_commit_if_due(struct pipeline *pipeline)
{
	int64_t now = pipeline->now.mono_ms;
	bool wanted = pipeline->store == NULL || now >= pipeline->commit_due_mono_ms;
	if (wanted && now >= pipeline->retry_mono_ms)
		pipeline_commit(pipeline);
}
