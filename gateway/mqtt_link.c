/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mqtt_link.c -- A link's thread: one attempt after another, when core/link_state.h
 * says so; and the owner's side of it.
 *
 * Only looking up the broker's name blocks the thread; mqtt_link_stop() does not
 * wait for that: then the thread frees the link when it comes back.
 */
#include "gateway/mqtt_link.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "gateway/core/link_state.h"
#include "gateway/mqtt_link_session.h"
#include "gateway/mqtt_link_settings.h"

struct mqtt_link {
	struct link_box box;
	pthread_t thread;
	struct mqtt_link_settings settings; /* with copies of its own */
	struct link_files files;            /* as they were at the start; the owner's */
	struct link_machine machine;
	struct link_session session;
};

static void free_link(struct mqtt_link *link)
{
	link_box_free(&link->box);
	link_settings_free(&link->settings);
	free(link);
}

/* The connection or the attempt is over: say so, and when it is tried again. */
static void tell_lost(struct mqtt_link *link)
{
	struct link_session *session = &link->session;
	int64_t now_mono_ms = link_box_now_mono_ms();
	struct link_event event = {.kind = session->refused ? LINK_REFUSED : LINK_DISCONNECTED};
	link->machine.contested = session->taken_over || link_box_contested(&link->box);
	link_machine_step(&link->machine, LINK_INPUT_LOST, now_mono_ms);
	event.retry_ms = (uint32_t)(link->machine.retry_mono_ms - now_mono_ms);
	snprintf(event.text, sizeof(event.text), "%s; next try in %u s", session->why,
		(event.retry_ms + 999) / 1000);
	link_session_end(session);
	link_box_drop_publications(&link->box);
	link_box_report(&link->box, &event);
}

static void step_session(struct mqtt_link *link)
{
	bool accepted_before = link->session.accepted;
	link_session_step(&link->session, LINK_STEP_MS_MAX);
	if (link->session.accepted && !accepted_before)
		link_machine_step(&link->machine, LINK_INPUT_ACCEPTED, link_box_now_mono_ms());
	if (link->session.lost)
		tell_lost(link);
}

static void wait_for_retry(struct mqtt_link *link)
{
	struct pollfd woken = {.fd = link->box.thread_fd, .events = POLLIN};
	int64_t left_ms = link->machine.retry_mono_ms - link_box_now_mono_ms();
	if (poll(&woken, 1, left_ms < 0 ? 0 : (int)left_ms) > 0)
		link_box_clear_wake(&link->box);
}

static void begin(struct mqtt_link *link)
{
	char *will = link_box_take_will(&link->box);
	if (will != NULL)
		link_settings_take_will(&link->settings, will);
	link->settings.known_wall_ms = link_box_known_time(&link->box);
	link_session_begin(&link->session, &link->settings, &link->box);
}

static void *run(void *argument)
{
	struct mqtt_link *link = argument;
	int64_t close_mono_ms = 0;
	uint32_t within_ms = link->settings.reconnect_within_ms;
	link_machine_init(&link->machine, link->settings.seed,
		within_ms > 0 ? within_ms : LINK_BACKOFF_FIRST_MS, link_box_now_mono_ms());
	begin(link);
	while (!link_box_closed(&link->box, &close_mono_ms)) {
		if (link->machine.state != LINK_STATE_WAITING)
			step_session(link);
		else if (link_machine_step(&link->machine, LINK_INPUT_TICK,
				 link_box_now_mono_ms()) == LINK_ACTION_CONNECT)
			begin(link);
		else
			wait_for_retry(link);
	}
	link_machine_step(&link->machine, LINK_INPUT_STOP, link_box_now_mono_ms());
	link_session_goodbye(&link->session, close_mono_ms);
	link_session_end(&link->session);
	if (link_box_thread_ends(&link->box))
		free_link(link);
	return NULL;
}

const char *mqtt_link_check(const struct mqtt_link_settings *settings)
{
	return link_session_check(settings);
}

enum link_status mqtt_link_start(const struct mqtt_link_settings *settings,
	struct mqtt_link **ret_link, const char **ret_reason)
{
	struct mqtt_link *link = calloc(1, sizeof(*link));
	if (!link || !link_box_init(&link->box)) {
		*ret_reason = "out of memory or descriptors";
		free(link);
		return LINK_FAILED;
	}
	const char *reason = link_settings_copy(settings, &link->settings) ? NULL : "out of memory";
	reason = reason ? reason : link_session_check(&link->settings);
	link_files_look(&link->settings, &link->files);
	link_box_know_time(&link->box, settings->known_wall_ms);
	if (!reason && pthread_create(&link->thread, NULL, run, link) != 0)
		reason = "no thread can be made";
	if (reason) {
		free_link(link);
		*ret_reason = reason;
		return LINK_FAILED;
	}
	*ret_link = link;
	return LINK_OK;
}

int mqtt_link_fd(const struct mqtt_link *link)
{
	return link->box.owner_fd;
}

bool mqtt_link_next(struct mqtt_link *link, struct link_event *ret_event)
{
	return link_box_next_event(&link->box, ret_event);
}

void mqtt_link_know_time(struct mqtt_link *link, int64_t known_wall_ms)
{
	link_box_know_time(&link->box, known_wall_ms);
}

void mqtt_link_know_will(struct mqtt_link *link, const char *payload)
{
	link_box_know_will(&link->box, payload);
}

void mqtt_link_know_contested(struct mqtt_link *link, bool contested)
{
	link_box_know_contested(&link->box, contested);
}

bool mqtt_link_files_changed(const struct mqtt_link *link)
{
	struct link_files now;
	link_files_look(&link->settings, &now);
	return !link_files_same(&link->files, &now);
}

enum link_status mqtt_link_publish(
	struct mqtt_link *link, const struct mqtt_publication *publication)
{
	return link_box_publish(&link->box, publication);
}

struct mqtt_link *mqtt_link_stop(struct mqtt_link *link, uint32_t wait_ms)
{
	if (!link)
		return NULL;
	pthread_t thread = link->thread; /* the link may be gone once the box is closed */
	if (!link_box_close(&link->box, wait_ms)) {
		pthread_detach(thread);
		return NULL;
	}
	pthread_join(thread, NULL);
	free_link(link);
	return NULL;
}
