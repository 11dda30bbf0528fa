/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline.c -- The heart's rhythm: opening, taking a site, the link's events,
 * the steps through time, the end.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/core/int64_order.h"
#include "gateway/pipeline_state.h"

enum { SAID_MAX = 512 }; /* bytes of a line for a person */

/* ---- time and words ---- */

int64_t pipeline_wall_of(const struct pipeline *pipeline, int64_t at_mono_ms)
{
	int64_t wall_ms = pipeline->now.wall_ms - (pipeline->now.mono_ms - at_mono_ms);
	if (wall_clock_place(&pipeline->clock, at_mono_ms, &wall_ms))
		return wall_ms;
	return wall_ms;
}

int64_t pipeline_wall_ms(const struct pipeline *pipeline)
{
	return pipeline_wall_of(pipeline, pipeline->now.mono_ms);
}

int64_t pipeline_backlog(const struct pipeline *pipeline, enum stream stream)
{
	if (pipeline->store == NULL)
		return 0;
	struct store_cursor cursor = store_cursor(pipeline->store, stream);
	return cursor.last - cursor.sent;
}

void pipeline_say(const struct pipeline *pipeline, enum log_level level, const char *format, ...)
{
	char text[SAID_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	pipeline->settings.ops->say(pipeline->settings.context, level, text);
}

bool pipeline_undelivered(const struct pipeline *pipeline, enum stream stream, int64_t *ret_rows)
{
	if (pipeline->store == NULL || !delivery_has_receipts(&pipeline->delivery, stream))
		return false;
	*ret_rows = store_cursor(pipeline->store, stream).last -
		    delivery_delivered(&pipeline->delivery, stream);
	return true;
}

static void append_event(struct pipeline *pipeline, struct occurrence what, const char *text)
{
	struct event_row row = {.at_wall_ms = pipeline_wall_ms(pipeline),
		.kind = (uint8_t)what.kind,
		.clock = (uint8_t)pipeline->clock.state};
	snprintf(row.meter, sizeof row.meter, "%s", what.meter);
	snprintf(row.text, sizeof row.text, "%s", text);
	pipeline_append_event(pipeline, &row);
}

void pipeline_meter_event(
	struct pipeline *pipeline, struct occurrence what, const char *format, ...)
{
	char text[EVENT_TEXT_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	append_event(pipeline, what, text);
}

void pipeline_event(struct pipeline *pipeline, enum event_kind kind, const char *format, ...)
{
	char text[EVENT_TEXT_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	append_event(pipeline, (struct occurrence){kind, ""}, text);
}

/* ---- open and close ---- */

static struct pipeline *new_pipeline(
	const struct pipeline_settings *settings, const struct clock_observation *now)
{
	struct pipeline *pipeline = calloc(1, sizeof *pipeline);
	if (pipeline == NULL)
		return NULL;
	pipeline->settings = *settings;
	pipeline->now = *now;
	pipeline->clock_rules = (struct wall_clock_rules){
		.trust = settings->trust_clock, .earliest_wall_ms = settings->earliest_wall_ms};
	pipeline->started_mono_ms = now->mono_ms;
	pipeline->tick_due_mono_ms = now->mono_ms;
	pipeline->health_due_mono_ms = now->mono_ms;
	pipeline->link_since_mono_ms = now->mono_ms;
	pipeline->live_due_mono_ms = INT64_MAX;
	pipeline->commit_due_mono_ms = INT64_MAX;
	pipeline->totals_due_mono_ms = now->mono_ms;
	pipeline->lower_told_mono_ms = INT64_MIN;
	pipeline_twin_begin(pipeline);
	pipeline->certificate_end_wall_ms = INSTANT_UNKNOWN;
	pipeline->payload_bytes_max = MESSAGE_BYTES_MAX;
	pipeline->payload = malloc(MESSAGE_BYTES_MAX);
	pipeline->rows = calloc(PIPELINE_ROWS_A_READ, sizeof *pipeline->rows);
	pipeline->rows_fit = PIPELINE_ROWS_A_READ;
	if (pipeline->payload == NULL || pipeline->rows == NULL)
		return pipeline_close(pipeline);
	int64_t step_ms;
	wall_clock_observe(&pipeline->clock, &pipeline->clock_rules, now, &step_ms);
	return pipeline;
}

static void tell_of_store(struct pipeline *pipeline, const struct store_opening *opening)
{
	switch (opening->finding) {
	case STORE_FOUND:
		break;
	case STORE_CREATED:
		pipeline_say(pipeline, LOG_LEVEL_NOTICE, "store: %s is new", opening->path);
		break;
	case STORE_UPGRADED:
		pipeline_say(pipeline, LOG_LEVEL_NOTICE,
			"store: %s was an older byport's; it has this one's format now, with all "
			"it "
			"held",
			opening->path);
		break;
	case STORE_MOVED:
		pipeline_say(pipeline, LOG_LEVEL_WARNING,
			"store: %s comes from another board; it goes on under a new identity",
			opening->path);
		break;
	case STORE_HOLED:
		pipeline_say(pipeline, LOG_LEVEL_ERROR,
			"store: rows of %s are gone that the card had said it held; it goes on "
			"under "
			"a new identity, and the card is not to be trusted",
			opening->path);
		break;
	case STORE_SET_ASIDE:
		pipeline_say(pipeline, LOG_LEVEL_ERROR,
			"store: %s was damaged (%s); it lies at %s now, and a new one is begun",
			opening->path, opening->reason, opening->set_aside);
		break;
	case STORE_BESIDE:
		pipeline_say(pipeline, LOG_LEVEL_WARNING,
			"store: a newer byport's file is left as it is; %s is used beside it",
			opening->path);
		break;
	}
}

enum store_status pipeline_open(const struct pipeline_settings *settings,
	const struct clock_observation *now, struct pipeline **ret_pipeline,
	struct store_opening *ret_opening)
{
	struct pipeline *pipeline = new_pipeline(settings, now);
	if (pipeline == NULL) {
		snprintf(ret_opening->reason, sizeof ret_opening->reason, "out of memory");
		return STORE_FAILED;
	}
	enum store_status status = pipeline_store_open(pipeline, ret_opening);
	if (status != STORE_OK) {
		pipeline_close(pipeline);
		return status;
	}
	tell_of_store(pipeline, ret_opening);
	pipeline_event(pipeline, EVENT_STARTED, "byport %s started.", BYPORT_VERSION);
	*ret_pipeline = pipeline;
	return STORE_OK;
}

void pipeline_stop(struct pipeline *pipeline, const struct clock_observation *now)
{
	pipeline->now = *now;
	if (pipeline->site != NULL)
		pipeline_close_trends(
			pipeline, pipeline_wall_ms(pipeline) + pipeline->site->config->trend_ms);
	pipeline_event(pipeline, EVENT_STOPPED, "byport %s stopped.", BYPORT_VERSION);
	if (pipeline->store != NULL)
		pipeline_commit(pipeline);
	pipeline_deliver(pipeline);
	pipeline_announce(pipeline, PRESENCE_OFFLINE);
}

bool pipeline_waits_for_broker(const struct pipeline *pipeline)
{
	bool rows = false;
	for (int i = 0; i < STREAM_COUNT; i++)
		rows = rows || pipeline->delivery.streams[i].window_count > 0 ||
		       pipeline->delivery.streams[i].again_sent.tag != 0;
	return pipeline->connected && (rows || pipeline->announced > 0);
}

struct pipeline *pipeline_close(struct pipeline *pipeline)
{
	if (pipeline == NULL)
		return NULL;
	store_close(pipeline->store);
	pipeline_totals_free(pipeline);
	pipeline_meters_free(pipeline);
	free(pipeline->buses);
	free(pipeline->payload);
	free(pipeline->rows);
	free(pipeline);
	return NULL;
}

/* ---- a site ---- */

static struct pipeline_bus *make_buses(const struct pipeline *pipeline, const struct site *site)
{
	struct pipeline_bus *buses = calloc(site->buses_count + 1, sizeof *buses);
	for (size_t i = 0; buses != NULL && i < site->buses_count; i++) {
		for (size_t j = 0; j < pipeline->buses_count; j++)
			if (strcmp(pipeline->buses[j].id, site->buses[i].config->id) == 0)
				buses[i] = pipeline->buses[j];
		snprintf(buses[i].id, sizeof buses[i].id, "%s", site->buses[i].config->id);
	}
	return buses;
}

bool pipeline_take_site(struct pipeline *pipeline, const struct site *site,
	const struct clock_observation *now, uint16_t *ret_slots)
{
	pipeline->now = *now;
	struct pipeline_bus *buses = make_buses(pipeline, site);
	pipeline_take_zone(pipeline, site);
	if (buses == NULL || !pipeline_meters_take(pipeline, site, ret_slots)) {
		free(buses);
		return false;
	}
	free(pipeline->buses);
	pipeline->buses = buses;
	pipeline->buses_count = site->buses_count;
	pipeline->clock_rules.trust = site->config->clock == CONFIG_CLOCK_TRUST;
	pipeline_archives_take_rule(pipeline);
	pipeline_flags_take_limits(pipeline);
	pipeline_take_grid(pipeline);
	pipeline_learn_profiles(pipeline);
	pipeline_totals_take(pipeline);
	if (pipeline->clock.state != CLOCK_STATE_UNKNOWN)
		pipeline_take_time(pipeline); /* what earlier boots could not place */
	pipeline->about_changed = true;
	pipeline->health_due_mono_ms = now->mono_ms;
	return true;
}

/* ---- the link ---- */

bool pipeline_is_mqtt_3(const struct pipeline *pipeline)
{
	return pipeline->site != NULL && pipeline->site->config->broker.mqtt == CONFIG_MQTT_3_1_1;
}

static size_t payload_bytes_for(const struct pipeline *pipeline, uint32_t packet_bytes_max)
{
	if (pipeline_is_mqtt_3(pipeline))
		return PIPELINE_UNTOLD_BYTES_MAX;
	if (packet_bytes_max == 0 ||
		packet_bytes_max >= MESSAGE_BYTES_MAX + MESSAGE_OVERHEAD_BYTES_MAX)
		return MESSAGE_BYTES_MAX;
	if (packet_bytes_max < MESSAGE_BYTES_MIN + MESSAGE_OVERHEAD_BYTES_MAX)
		return MESSAGE_BYTES_MIN;
	return packet_bytes_max - MESSAGE_OVERHEAD_BYTES_MAX;
}

/* What could not be said yet is said now, if the link takes it. */
static void announce_changes(struct pipeline *pipeline)
{
	if (pipeline->status_changed && pipeline_announce(pipeline, PRESENCE_ONLINE))
		pipeline->status_changed = false;
	if (pipeline->about_changed && pipeline_announce_site(pipeline))
		pipeline->about_changed = false;
	pipeline_clear_removed(pipeline);
}

/* What is retained; in MQTT 3.1.1 now and then, since a refusal would have been an acknowledgement.
 */
static void say_all_again(struct pipeline *pipeline)
{
	pipeline->status_changed = true;
	pipeline->about_changed = true;
	pipeline_totals_show_all(pipeline);
	pipeline->say_again_mono_ms = pipeline_is_mqtt_3(pipeline)
					      ? pipeline->now.mono_ms + PIPELINE_SAY_AGAIN_MS
					      : INT64_MAX;
}

static void connected(struct pipeline *pipeline, const struct link_event *event)
{
	pipeline->connected = true;
	pipeline->link_told = false;
	pipeline->link_reason[0] = '\0';
	pipeline->link_since_mono_ms = pipeline->now.mono_ms;
	pipeline->sessions++;
	pipeline->announced = 0;
	pipeline->gone_told = false;
	pipeline->payload_bytes_max = payload_bytes_for(pipeline, event->packet_bytes_max);
	pipeline_say(pipeline, LOG_LEVEL_NOTICE, "broker %s: connected; %lld rows wait for it",
		pipeline->site->config->broker.host,
		(long long)(pipeline_backlog(pipeline, STREAM_ENERGY) +
			    pipeline_backlog(pipeline, STREAM_TRENDS)));
	delivery_connected(&pipeline->delivery, event->receive_maximum);
	say_all_again(pipeline);
	announce_changes(pipeline);
	pipeline->health_due_mono_ms = pipeline->now.mono_ms;
	pipeline_show_all_live(pipeline);
}

static void disconnected(struct pipeline *pipeline, const struct link_event *event)
{
	bool was_connected = pipeline->connected;
	pipeline->connected = false;
	snprintf(pipeline->link_reason, sizeof pipeline->link_reason, "%s", event->text);
	if (was_connected) {
		pipeline->link_since_mono_ms = pipeline->now.mono_ms;
		delivery_disconnected(&pipeline->delivery);
	}
	if (pipeline->link_told && pipeline->link_told_kind == event->kind)
		return;
	pipeline->link_told = true;
	pipeline->link_told_kind = (uint8_t)event->kind;
	pipeline_say(pipeline, LOG_LEVEL_WARNING, "broker %s: %s; polling goes on, rows are stored",
		pipeline->site->config->broker.host, event->text);
}

void pipeline_link(struct pipeline *pipeline, const struct link_event *event,
	const struct clock_observation *now)
{
	pipeline->now = *now;
	switch (event->kind) {
	case LINK_CONNECTED:
		connected(pipeline, event);
		break;
	case LINK_DISCONNECTED:
	case LINK_REFUSED:
		disconnected(pipeline, event);
		break;
	case LINK_ACKNOWLEDGED:
		pipeline_acknowledged(pipeline, event->tag, event->reason);
		break;
	case LINK_MESSAGE:
		pipeline_archives_hear(pipeline, event);
		pipeline_twin_hear(pipeline, event);
		break;
	case LINK_UNHEARD:
		pipeline_archives_unheard(pipeline, event);
		break;
	}
}

void pipeline_take_certificate(struct pipeline *pipeline, int64_t end_wall_ms)
{
	pipeline->certificate_end_wall_ms = end_wall_ms;
}

/* ---- through time ---- */

static void clock_known(struct pipeline *pipeline)
{
	pipeline_say(pipeline, LOG_LEVEL_NOTICE,
		"the time is known; readings taken before are placed now");
	pipeline_take_grid(pipeline);
	pipeline_take_time(pipeline);
	pipeline_event(pipeline, EVENT_CLOCK_KNOWN, "The time is known.");
	pipeline->status_changed = true;
}

static void clock_stepped(struct pipeline *pipeline, int64_t step_ms)
{
	double seconds = (double)step_ms / 1000;
	pipeline_say(pipeline, LOG_LEVEL_WARNING, "the clock was set by %+.1f s", seconds);
	if (step_ms < 0)
		pipeline_clock_set_back(pipeline, -step_ms);
	if (step_ms < 0)
		pipeline_flags_forget(pipeline);
	pipeline_event(pipeline, EVENT_CLOCK_STEPPED, "The clock was set by %+.1f s.", seconds);
}

static void observe_clock(struct pipeline *pipeline)
{
	int64_t step_ms = 0;
	switch (wall_clock_observe(
		&pipeline->clock, &pipeline->clock_rules, &pipeline->now, &step_ms)) {
	case CLOCK_CHANGE_NONE:
		break;
	case CLOCK_CHANGE_KNOWN:
		clock_known(pipeline);
		break;
	case CLOCK_CHANGE_STEPPED:
		clock_stepped(pipeline, step_ms);
		break;
	}
}

static void tick(struct pipeline *pipeline)
{
	pipeline->tick_due_mono_ms = pipeline->now.mono_ms + PIPELINE_TICK_MS;
	observe_clock(pipeline);
	if (pipeline->profiles_forgotten)
		pipeline_learn_profiles(pipeline);
	pipeline_work_in_set_back(pipeline);
	pipeline_keep_unplaced(pipeline);
	pipeline_tick_counters(pipeline);
	pipeline_archives_tick(pipeline);
	pipeline->totals_due_mono_ms = pipeline->now.mono_ms;
	if (pipeline->connected && pipeline->now.mono_ms >= pipeline->say_again_mono_ms)
		say_all_again(pipeline);
	int64_t wall_ms = pipeline_wall_ms(pipeline);
	int64_t span = wall_ms / pipeline->site->config->trend_ms;
	if (span != pipeline->trend_span)
		pipeline_close_trends(pipeline, wall_ms);
	pipeline->trend_span = span;
}

static int64_t next_due_mono_ms(const struct pipeline *pipeline)
{
	int64_t due = int64_lower(pipeline->tick_due_mono_ms, pipeline->live_due_mono_ms);
	int64_t commit = pipeline->commit_due_mono_ms;
	if (commit < pipeline->retry_mono_ms)
		commit = pipeline->retry_mono_ms;
	due = int64_lower(due, commit);
	due = int64_lower(due, pipeline->totals_due_mono_ms);
	if (pipeline->connected && pipeline->store != NULL)
		due = int64_lower(due, delivery_wake_mono_ms(&pipeline->delivery));
	return due;
}

int64_t pipeline_step(struct pipeline *pipeline, const struct clock_observation *now)
{
	pipeline->now = *now;
	if (pipeline->site == NULL)
		return now->mono_ms + PIPELINE_TICK_MS;
	if (now->mono_ms >= pipeline->tick_due_mono_ms) {
		tick(pipeline);
		announce_changes(pipeline);
	}
	pipeline_commit_if_due(pipeline);
	pipeline_announce_live(pipeline);
	if (now->mono_ms >= pipeline->health_due_mono_ms) {
		pipeline->health_due_mono_ms = now->mono_ms + pipeline->site->config->health_ms;
		pipeline_announce_health(pipeline);
	}
	pipeline_deliver(pipeline);
	if (now->mono_ms >= pipeline->totals_due_mono_ms)
		pipeline->totals_due_mono_ms = pipeline_totals_step(pipeline);
	return next_due_mono_ms(pipeline);
}
