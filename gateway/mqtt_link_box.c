/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mqtt_link_box.c -- Two bounded rings under one lock.
 */
#include "gateway/mqtt_link_box.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

int64_t link_box_now_mono_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool link_box_init(struct link_box *box)
{
	pthread_condattr_t monotonic;
	*box = (struct link_box){
		.owner_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
		.thread_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
	};
	if (box->owner_fd < 0 || box->thread_fd < 0) {
		if (box->owner_fd >= 0)
			close(box->owner_fd);
		if (box->thread_fd >= 0)
			close(box->thread_fd);
		return false;
	}
	pthread_mutex_init(&box->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&box->room, &monotonic);
	pthread_cond_init(&box->ended, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return true;
}

void link_box_free(struct link_box *box)
{
	struct link_event event;
	link_box_drop_publications(box);
	while (link_box_next_event(box, &event))
		link_event_clear(&event);
	free(box->will);
	close(box->owner_fd);
	close(box->thread_fd);
	pthread_cond_destroy(&box->ended);
	pthread_cond_destroy(&box->room);
	pthread_mutex_destroy(&box->lock);
}

void link_publication_clear(struct link_publication *publication)
{
	free(publication->copy);
	publication->copy = NULL;
}

void link_event_clear(struct link_event *event)
{
	free(event->topic);
	free(event->payload);
	event->topic = NULL;
	event->payload = NULL;
}

/* Under the lock. An eventfd's counter does not run over from one write per reset. */
static void wake(int fd, bool *woken)
{
	const uint64_t one = 1;
	if (*woken)
		return;
	*woken = write(fd, &one, sizeof(one)) == (ssize_t)sizeof(one);
}

static void reset(int fd, bool *woken)
{
	uint64_t count;
	if (*woken && read(fd, &count, sizeof(count)) == (ssize_t)sizeof(count))
		*woken = false;
}

static bool copy_publication(
	const struct mqtt_publication *publication, struct link_publication *ret_copy)
{
	size_t topic = strlen(publication->topic) + 1;
	char *copy = malloc(topic + publication->length);
	if (!copy)
		return false;
	memcpy(copy, publication->topic, topic);
	if (publication->length > 0)
		memcpy(copy + topic, publication->payload, publication->length);
	*ret_copy = (struct link_publication){.what = *publication, .copy = copy};
	ret_copy->what.topic = copy;
	ret_copy->what.payload = copy + topic;
	return true;
}

static bool ring_takes(const struct link_publication_ring *ring, size_t bytes)
{
	if (ring->count == 0)
		return true;
	return ring->count < LINK_PUBLICATIONS_MAX &&
	       ring->bytes + bytes <= LINK_PUBLICATION_BYTES_MAX;
}

enum link_status link_box_publish(struct link_box *box, const struct mqtt_publication *publication)
{
	struct link_publication_ring *ring = &box->publications[publication->qos > 0];
	enum link_status status = LINK_OK;
	struct link_publication copy;
	pthread_mutex_lock(&box->lock);
	if (!box->connected || box->connects_taken != box->connects || box->closed) {
		status = LINK_NOT_CONNECTED;
	} else if (!ring_takes(ring, publication->length)) {
		status = LINK_BUSY;
	} else if (!copy_publication(publication, &copy)) {
		status = LINK_FAILED;
	} else {
		ring->items[(ring->first + ring->count++) % LINK_PUBLICATIONS_MAX] = copy;
		ring->bytes += publication->length;
		wake(box->thread_fd, &box->thread_woken);
	}
	pthread_mutex_unlock(&box->lock);
	return status;
}

static bool ring_take(struct link_publication_ring *ring, struct link_publication *ret_publication)
{
	if (ring->count == 0)
		return false;
	*ret_publication = ring->items[ring->first];
	ring->first = (ring->first + 1) % LINK_PUBLICATIONS_MAX;
	ring->count--;
	ring->bytes -= ret_publication->what.length;
	return true;
}

bool link_box_next_publication(
	struct link_box *box, uint8_t qos, struct link_publication *ret_publication)
{
	pthread_mutex_lock(&box->lock);
	bool taken = ring_take(&box->publications[qos > 0], ret_publication);
	pthread_mutex_unlock(&box->lock);
	return taken;
}

bool link_box_is_empty(struct link_box *box)
{
	pthread_mutex_lock(&box->lock);
	bool empty = box->publications[0].count == 0 && box->publications[1].count == 0;
	pthread_mutex_unlock(&box->lock);
	return empty;
}

void link_box_drop_publications(struct link_box *box)
{
	struct link_publication publication;
	pthread_mutex_lock(&box->lock);
	box->connected = false;
	for (int qos = 0; qos < LINK_QOS_COUNT; qos++) {
		while (ring_take(&box->publications[qos], &publication))
			link_publication_clear(&publication);
	}
	pthread_mutex_unlock(&box->lock);
}

void link_box_report(struct link_box *box, const struct link_event *event)
{
	struct link_event given = *event;
	pthread_mutex_lock(&box->lock);
	while (box->events_count == LINK_EVENTS_MAX && !box->closed)
		pthread_cond_wait(&box->room, &box->lock);
	if (box->events_count < LINK_EVENTS_MAX) {
		box->events[(box->events_first + box->events_count++) % LINK_EVENTS_MAX] = given;
		if (given.kind == LINK_CONNECTED) {
			box->connected = true;
			box->connects++;
		}
		given = (struct link_event){0};
		wake(box->owner_fd, &box->owner_woken);
	}
	pthread_mutex_unlock(&box->lock);
	link_event_clear(&given);
}

bool link_box_next_event(struct link_box *box, struct link_event *ret_event)
{
	pthread_mutex_lock(&box->lock);
	bool taken = box->events_count > 0;
	if (taken) {
		*ret_event = box->events[box->events_first];
		box->events_first = (box->events_first + 1) % LINK_EVENTS_MAX;
		box->events_count--;
		box->connects_taken += ret_event->kind == LINK_CONNECTED;
		pthread_cond_signal(&box->room);
	}
	if (box->events_count == 0)
		reset(box->owner_fd, &box->owner_woken);
	pthread_mutex_unlock(&box->lock);
	return taken;
}

void link_box_know_time(struct link_box *box, int64_t known_wall_ms)
{
	pthread_mutex_lock(&box->lock);
	box->known_wall_ms = known_wall_ms;
	pthread_mutex_unlock(&box->lock);
}

int64_t link_box_known_time(struct link_box *box)
{
	pthread_mutex_lock(&box->lock);
	int64_t known_wall_ms = box->known_wall_ms;
	pthread_mutex_unlock(&box->lock);
	return known_wall_ms;
}

void link_box_know_will(struct link_box *box, const char *payload)
{
	char *copy = strdup(payload);
	if (copy == NULL)
		return;
	pthread_mutex_lock(&box->lock);
	free(box->will);
	box->will = copy;
	pthread_mutex_unlock(&box->lock);
}

char *link_box_take_will(struct link_box *box)
{
	pthread_mutex_lock(&box->lock);
	char *will = box->will;
	box->will = NULL;
	pthread_mutex_unlock(&box->lock);
	return will;
}

void link_box_know_contested(struct link_box *box, bool contested)
{
	pthread_mutex_lock(&box->lock);
	box->contested = contested;
	pthread_mutex_unlock(&box->lock);
}

bool link_box_contested(struct link_box *box)
{
	pthread_mutex_lock(&box->lock);
	bool contested = box->contested;
	pthread_mutex_unlock(&box->lock);
	return contested;
}

void link_box_clear_wake(struct link_box *box)
{
	pthread_mutex_lock(&box->lock);
	reset(box->thread_fd, &box->thread_woken);
	pthread_mutex_unlock(&box->lock);
}

bool link_box_closed(struct link_box *box, int64_t *ret_close_mono_ms)
{
	pthread_mutex_lock(&box->lock);
	bool closed = box->closed;
	if (closed)
		*ret_close_mono_ms = box->close_mono_ms;
	pthread_mutex_unlock(&box->lock);
	return closed;
}

bool link_box_close(struct link_box *box, uint32_t wait_ms)
{
	int64_t end_mono_ms = link_box_now_mono_ms() + wait_ms;
	struct timespec end = {
		.tv_sec = (time_t)(end_mono_ms / 1000), .tv_nsec = end_mono_ms % 1000 * 1000000};
	int failed = 0;
	pthread_mutex_lock(&box->lock);
	box->closed = true;
	box->close_mono_ms = end_mono_ms - wait_ms / 4; /* a quarter is for the goodbye */
	wake(box->thread_fd, &box->thread_woken);
	pthread_cond_signal(&box->room);
	while (!box->thread_ended && failed == 0)
		failed = pthread_cond_timedwait(&box->ended, &box->lock, &end);
	bool ended = box->thread_ended;
	box->orphaned = !ended;
	pthread_mutex_unlock(&box->lock);
	return ended;
}

bool link_box_thread_ends(struct link_box *box)
{
	pthread_mutex_lock(&box->lock);
	box->thread_ended = true;
	bool orphaned = box->orphaned;
	pthread_cond_signal(&box->ended);
	pthread_mutex_unlock(&box->lock);
	return orphaned;
}
