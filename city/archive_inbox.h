/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive_inbox.h -- Messages that have arrived and are not committed yet, a queue
 * for each gateway, so that one's backlog does not delay the others. Pure.
 */
#ifndef CITY_ARCHIVE_INBOX_H
#define CITY_ARCHIVE_INBOX_H

#include "city/archive_store.h"
#include "gateway/mqtt_link.h"

enum {
	INBOX_GATEWAYS_MAX = 16384,        /* those of one archive; more are not taken */
	INBOX_GATEWAY_BYTES_MAX = 8 << 20, /* what a gateway may send ahead of a receipt fits:
					      20,000 rows of some 300 bytes */
	INBOX_BYTES_MAX = 64 << 20,        /* then the broker is held back */
	INBOX_BATCH_MESSAGES = 64,         /* of one transaction */
	INBOX_BATCH_BYTES = 4 << 20,
};

/* A message and whose it is. */
struct inbox_message {
	char name[ARCHIVE_NAME_MAX];
	enum message_kind kind;
	int64_t arrived_wall_ms;
	struct link_event event;
	struct inbox_message *next;
};

struct inbox_queue {
	char name[ARCHIVE_NAME_MAX];
	struct inbox_message *first;
	struct inbox_message *last;
	size_t bytes;
};

struct archive_inbox {
	struct inbox_queue *queues; /* in the order of their names */
	size_t queues_count;
	size_t waiting; /* queues that are not empty */
	size_t bytes;
	size_t cursor; /* the next batch begins here */
};

void archive_inbox_clear(struct archive_inbox *inbox);

/* Whether nothing more should be taken from the broker now. */
bool archive_inbox_is_full(const struct archive_inbox *inbox);

/* Take over an event of a gateway. False: its queue is full or memory is out; the event is cleared,
 * what it brought stays missing and is asked for again. */
bool archive_inbox_put(struct archive_inbox *inbox, const struct message_address *address,
	struct link_event *event, int64_t now_wall_ms);

/* The next batch, in the order of the gateways' names, each gateway's in order of arrival, and each
 * that waits with an equal share. The messages are the caller's, to be freed by
 * inbox_message_free(). */
size_t archive_inbox_take(struct archive_inbox *inbox,
	struct inbox_message *ret_messages[static INBOX_BATCH_MESSAGES]);

void inbox_message_free(struct inbox_message *message);

#endif
