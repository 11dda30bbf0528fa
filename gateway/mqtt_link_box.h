/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mqtt_link_box.h -- Where the owner of a link and its thread meet: publications
 * one way, events the other, both bounded, each side woken by a descriptor. For
 * mqtt_link.c only.
 *
 * The owner never waits here. The thread waits when the owner does not take
 * events: an event is never lost, and the broker's own flow control holds back
 * the rest.
 */
#ifndef GATEWAY_MQTT_LINK_BOX_H
#define GATEWAY_MQTT_LINK_BOX_H

#include <pthread.h>

#include "gateway/mqtt_link.h"

enum {
	LINK_PUBLICATIONS_MAX = 512, /* waiting, of each QoS: `live` of every meter of a site */
	LINK_PUBLICATION_BYTES_MAX = 1
				     << 20, /* waiting, of each QoS; one larger passes when alone */
	LINK_EVENTS_MAX = 128,              /* not taken yet */
	LINK_QOS_COUNT = 2,
};

/* A publication with its own copy of topic and payload. */
struct link_publication {
	struct mqtt_publication what;
	char *copy; /* topic and payload; freed by link_publication_clear() */
};
void link_publication_clear(struct link_publication *publication);

struct link_publication_ring {
	struct link_publication items[LINK_PUBLICATIONS_MAX];
	size_t first;
	size_t count;
	size_t bytes;
};

struct link_box {
	pthread_mutex_t lock;
	pthread_cond_t room;  /* for an event, or the box is closed */
	pthread_cond_t ended; /* the thread has */
	struct link_publication_ring publications[LINK_QOS_COUNT];
	struct link_event events[LINK_EVENTS_MAX];
	size_t events_first;
	size_t events_count;
	int owner_fd; /* readable while an event waits */
	int thread_fd;
	bool owner_woken;
	bool thread_woken;
	bool connected;          /* the connection stands */
	uint32_t connects;       /* connections reported */
	uint32_t connects_taken; /* and taken note of by the owner */
	int64_t known_wall_ms;   /* the time is at least this */
	char *will;              /* a payload of the owner's that the thread has not taken */
	bool contested;          /* another client uses our client id */
	bool closed;             /* the owner has left; the thread ends */
	bool thread_ended;
	bool orphaned;         /* the owner has not waited: the thread frees all */
	int64_t close_mono_ms; /* meaningful when closed: until then what waits is still sent */
};

/* False when memory or descriptors are out; then there is nothing to free. */
__attribute__((warn_unused_result)) bool link_box_init(struct link_box *box);
void link_box_free(struct link_box *box);

/* The owner's side. */
enum link_status link_box_publish(struct link_box *box, const struct mqtt_publication *publication);
bool link_box_next_event(struct link_box *box, struct link_event *ret_event);

void link_box_know_time(struct link_box *box, int64_t known_wall_ms);
/* The thread's side of it. */
int64_t link_box_known_time(struct link_box *box);

void link_box_know_will(struct link_box *box, const char *payload);
/* The thread's side of it: from malloc(), and the caller's; NULL: it is the one before. */
char *link_box_take_will(struct link_box *box);

void link_box_know_contested(struct link_box *box, bool contested);
/* The thread's side of it. */
bool link_box_contested(struct link_box *box);

/* Tell the thread to end, and wait for it at most wait_ms. False: it is still busy and will free
 * the box itself. */
bool link_box_close(struct link_box *box, uint32_t wait_ms);

/* The thread's side. */
bool link_box_closed(struct link_box *box, int64_t *ret_close_mono_ms);
bool link_box_next_publication(
	struct link_box *box, uint8_t qos, struct link_publication *ret_publication);
bool link_box_is_empty(struct link_box *box);
/* The connection is gone: what waited belonged to it. */
void link_box_drop_publications(struct link_box *box);
/* Hand an event over, waiting for room; the box owns its topic and payload from here. */
void link_box_report(struct link_box *box, const struct link_event *event);
/* After thread_fd was readable. */
void link_box_clear_wake(struct link_box *box);
/* The thread's last act. True when the owner has not waited: then the box is the thread's to free.
 */
bool link_box_thread_ends(struct link_box *box);

int64_t link_box_now_mono_ms(void);

#endif
