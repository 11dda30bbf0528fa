/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline_twin.c -- Another gateway with this one's name: a card copied into a second board, or a
 * configuration used twice. The broker lets one of them be connected at a time, so each ends the
 * other's connection; and where both have one store's id, each gives the same ids to rows of its
 * own.
 *
 * It is known by `status`. What stands there when this gateway comes back may be another run's;
 * that alone tells nothing (it may be an earlier run's of this board, kept by the broker). When
 * the same run is met again, and has connected in between, it lives.
 */
#include <string.h>

#include "gateway/pipeline_state.h"

enum {
	TWIN_TOLD_MS = 3600000, /* while it lasts, an event an hour */
	TWIN_GONE_MS = 1800000, /* not met for so long, with waits of two minutes: there is none */
};

void pipeline_twin_begin(struct pipeline *pipeline)
{
	pipeline->twin =
		(struct pipeline_twin){.seen_mono_ms = INT64_MIN, .told_mono_ms = INT64_MIN};
}

bool pipeline_has_twin(const struct pipeline *pipeline)
{
	const struct pipeline_twin *twin = &pipeline->twin;
	return twin->seen_mono_ms != INT64_MIN &&
	       pipeline->now.mono_ms - twin->seen_mono_ms < TWIN_GONE_MS;
}

const char *pipeline_twin_reason(const struct pipeline *pipeline)
{
	return pipeline_has_twin(pipeline)
		       ? "another gateway uses the same name, and each ends the other's connection "
			 "(a card copied into two boards?): give one of them another gateway id"
		       : NULL;
}

/* Note the run; true when it was known, and has connected since. */
static bool has_come_back(struct pipeline_twin *twin, const struct status_message *status)
{
	for (size_t i = 0; i < PIPELINE_OTHER_RUNS_MAX; i++) {
		struct pipeline_other_run *other = &twin->others[i];
		if (strcmp(other->run, status->run) != 0)
			continue;
		bool lives = status->session > other->session;
		other->session = lives ? status->session : other->session;
		return lives;
	}
	struct pipeline_other_run *other = &twin->others[twin->next++ % PIPELINE_OTHER_RUNS_MAX];
	snprintf(other->run, sizeof other->run, "%s", status->run);
	other->session = status->session;
	return false;
}

static void tell(struct pipeline *pipeline)
{
	const struct site_config *config = pipeline->site->config;
	pipeline->twin.told_mono_ms = pipeline->now.mono_ms;
	pipeline_say(pipeline, LOG_LEVEL_ERROR,
		"another gateway with the name %s/%s/%s is at broker %s, and each ends the other's "
		"connection: has a card been copied into a second board? Give one of them another "
		"`gateway: id:`",
		config->city, config->site, config->gateway, config->broker.host);
	pipeline_event(pipeline, EVENT_NAME_USED_TWICE,
		"Another gateway uses this one's name: a card copied into a second board? One of "
		"them "
		"needs another id.");
}

/* Both would give one id to different rows: each that meets the other takes a store id of its own.
 */
static void leave_shared_store(struct pipeline *pipeline, const struct status_message *status)
{
	struct store_identity before = store_identity(pipeline->store);
	if (strcmp(status->store, before.id) != 0 ||
		!pipeline_leave_identity(pipeline, status->generation + 1))
		return;
	pipeline_say(pipeline, LOG_LEVEL_WARNING,
		"that gateway has a copy of store %s; this one goes on as store %s, and all it "
		"holds "
		"is sent",
		before.id, store_identity(pipeline->store).id);
	pipeline_event(pipeline, EVENT_STORE_COPIED,
		"Another gateway has a copy of this store: it has a new id.");
}

static void judge(struct pipeline *pipeline, const struct status_message *status)
{
	struct pipeline_twin *twin = &pipeline->twin;
	int64_t now = pipeline->now.mono_ms;
	if (status->run == NULL || strcmp(status->run, pipeline->settings.run) == 0 ||
		strlen(status->run) >= PIPELINE_RUN_MAX || !has_come_back(twin, status))
		return;
	twin->seen_mono_ms = now;
	if (twin->told_mono_ms == INT64_MIN || now - twin->told_mono_ms >= TWIN_TOLD_MS)
		tell(pipeline);
	leave_shared_store(pipeline, status);
}

void pipeline_twin_hear(struct pipeline *pipeline, const struct link_event *event)
{
	struct message_address address;
	struct message message;
	char why[MESSAGE_ERROR_MAX];
	const struct json_text payload = {event->payload, event->length};
	if (pipeline->settings.run == NULL || pipeline->site == NULL || pipeline->store == NULL ||
		!message_topic_parse(event->topic, &address) || address.kind != MESSAGE_STATUS ||
		!pipeline_is_own(pipeline, &address) ||
		!message_read(MESSAGE_STATUS, payload, &message, why))
		return;
	judge(pipeline, &message.status);
	message_clear(&message);
}
