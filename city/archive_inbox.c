/* SPDX-License-Identifier: Apache-2.0 */
/* archive_inbox.c -- Round robin, in an order in which two workers cannot lock each other out. */
#include "city/archive_inbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "city/sorted_names.h"

void inbox_message_free(struct inbox_message *message)
{
	if (!message)
		return;
	link_event_clear(&message->event);
	free(message);
}

void archive_inbox_clear(struct archive_inbox *inbox)
{
	for (size_t i = 0; i < inbox->queues_count; i++) {
		while (inbox->queues[i].first) {
			struct inbox_message *message = inbox->queues[i].first;
			inbox->queues[i].first = message->next;
			inbox_message_free(message);
		}
	}
	free(inbox->queues);
	*inbox = (struct archive_inbox){.queues = NULL};
}

bool archive_inbox_is_full(const struct archive_inbox *inbox)
{
	return inbox->bytes >= INBOX_BYTES_MAX;
}

static const char *name_at(const void *queues, size_t at)
{
	return ((const struct inbox_queue *)queues)[at].name;
}

/* The queue of a name, made where there is none; NULL: no more can be made. */
static struct inbox_queue *queue_of(struct archive_inbox *inbox, const char *name)
{
	const struct sorted_names names = {inbox->queues, inbox->queues_count, name_at};
	bool found;
	size_t at = sorted_names_place(&names, name, &found);
	if (found)
		return &inbox->queues[at];
	if (inbox->queues_count == INBOX_GATEWAYS_MAX)
		return NULL;
	struct inbox_queue *queues =
		realloc(inbox->queues, (inbox->queues_count + 1) * sizeof(*queues));
	if (!queues)
		return NULL;
	inbox->queues = queues;
	memmove(&queues[at + 1], &queues[at], (inbox->queues_count++ - at) * sizeof(*queues));
	queues[at] = (struct inbox_queue){.first = NULL};
	snprintf(queues[at].name, sizeof(queues[at].name), "%s", name);
	inbox->cursor += inbox->cursor > at;
	return &queues[at];
}

bool archive_inbox_put(struct archive_inbox *inbox, const struct message_address *address,
	struct link_event *event, int64_t now_wall_ms)
{
	struct inbox_message *message = calloc(1, sizeof(*message));
	struct inbox_queue *queue = NULL;
	if (message) {
		snprintf(message->name, sizeof(message->name), "%s/%s/%s", address->city,
			address->site, address->gateway);
		queue = queue_of(inbox, message->name);
	}
	if (!queue || (queue->first && queue->bytes + event->length > INBOX_GATEWAY_BYTES_MAX)) {
		free(message);
		link_event_clear(event);
		return false;
	}
	message->kind = address->kind;
	message->arrived_wall_ms = now_wall_ms;
	message->event = *event;
	*event = (struct link_event){.topic = NULL};
	if (queue->last && queue->first)
		queue->last->next = message;
	else
		queue->first = message;
	inbox->waiting += queue->first == message;
	queue->last = message;
	queue->bytes += message->event.length;
	inbox->bytes += message->event.length;
	return true;
}

static struct inbox_message *pop(struct archive_inbox *inbox, struct inbox_queue *queue)
{
	struct inbox_message *message = queue->first;
	queue->first = message->next;
	message->next = NULL;
	queue->bytes -= message->event.length;
	inbox->bytes -= message->event.length;
	inbox->waiting -= queue->first == NULL;
	return message;
}

size_t archive_inbox_take(struct archive_inbox *inbox,
	struct inbox_message *ret_messages[static INBOX_BATCH_MESSAGES])
{
	size_t count = 0, bytes = 0;
	if (inbox->waiting == 0)
		return 0;
	size_t share = INBOX_BATCH_MESSAGES / inbox->waiting;
	share = share > 0 ? share : 1;
	while (count == 0) { /* from the cursor to the end, or from the beginning */
		for (; inbox->cursor < inbox->queues_count; inbox->cursor++) {
			struct inbox_queue *queue = &inbox->queues[inbox->cursor];
			if (count == INBOX_BATCH_MESSAGES || bytes >= INBOX_BATCH_BYTES)
				return count;
			for (size_t i = 0; i < share && queue->first && bytes < INBOX_BATCH_BYTES &&
					   count < INBOX_BATCH_MESSAGES;
				i++) {
				bytes += queue->first->event.length;
				ret_messages[count++] = pop(inbox, queue);
			}
		}
		inbox->cursor = 0;
	}
	return count;
}
