/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive_worker.c -- A batch is one transaction. When something in it is refused,
 * each message has its own, and the one that cannot be stored is put aside: it
 * stops nobody else.
 */
#include "city/archive_worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "city/program.h"

enum { IDLE_MS = 200 };

/* A message of the batch, read. */
struct item {
	struct inbox_message *from;
	struct message message;
	struct archive_arrival arrival;
	struct archive_taken taken;
	bool refused;
	char reason[ARCHIVE_REASON_MAX];
};

static void take_receipt(struct archive_worker *worker, const struct message_address *address,
	const struct link_event *event)
{
	struct message message;
	char name[ARCHIVE_NAME_MAX], error[MESSAGE_ERROR_MAX];
	if (strcmp(address->archive, worker->archive) != 0 ||
		!message_read(MESSAGE_RECEIPT, (struct json_text){event->payload, event->length},
			&message, error))
		return;
	snprintf(name, sizeof(name), "%s/%s/%s", address->city, address->site, address->gateway);
	archive_desk_seen(&worker->desk, name, &message.receipt, event->retain);
	message_clear(&message);
}

void archive_worker_receive(struct archive_worker *worker, struct link_event *event)
{
	struct message_address address;
	bool is_kept = false;
	if (!message_topic_parse(event->topic, &address) || event->length == 0) {
		link_event_clear(event);
		return;
	}
	if (address.kind == MESSAGE_RECEIPT) {
		take_receipt(worker, &address, event);
		link_event_clear(event);
		return;
	}
	is_kept = archive_inbox_put(&worker->inbox, &address, event, program_wall_ms());
	if (!is_kept && worker->dropped++ == 0)
		fprintf(stderr,
			"byport-city archive: %s/%s/%s sends faster than it is committed; what has "
			"no room now is asked for again\n",
			address.city, address.site, address.gateway);
}

/* Read it, and make what it refers to. Only UNAVAILABLE is not OK. */
static enum archive_status prepare(struct archive_worker *worker, struct item *item)
{
	struct inbox_message *from = item->from;
	const struct json_text payload = {from->event.payload, from->event.length};
	char error[MESSAGE_ERROR_MAX] = "";
	bool is_read = message_read(from->kind, payload, &item->message, error);
	item->arrival = (struct archive_arrival){.name = from->name,
		.message = is_read ? &item->message : NULL,
		.payload = payload,
		.retained = from->event.retain,
		.at_wall_ms = from->arrived_wall_ms};
	enum archive_status status = archive_store_prepare(worker->store, &item->arrival);
	item->refused = !is_read || status == ARCHIVE_REFUSED;
	if (item->refused)
		snprintf(item->reason, sizeof(item->reason), "%s",
			is_read ? archive_store_reason(worker->store) : error);
	return status == ARCHIVE_REFUSED ? ARCHIVE_OK : status;
}

/* Within a transaction. */
static enum archive_status take(struct archive_worker *worker, struct item *item)
{
	if (item->refused)
		return archive_store_quarantine(worker->store, &item->arrival,
			message_kind_info(item->from->kind)->topic, item->reason);
	return archive_store_take(worker->store, &item->arrival, &item->taken);
}

static enum archive_status commit(struct archive_worker *worker, struct item *items, size_t count)
{
	enum archive_status status = archive_store_begin(worker->store);
	for (size_t i = 0; i < count && status == ARCHIVE_OK; i++)
		status = take(worker, &items[i]);
	if (status == ARCHIVE_OK)
		status = archive_store_commit(worker->store);
	if (status != ARCHIVE_OK)
		archive_store_rollback(worker->store);
	return status;
}

/* One by one; what cannot be stored is put aside. */
static enum archive_status commit_each(
	struct archive_worker *worker, struct item *items, size_t count)
{
	enum archive_status status = ARCHIVE_OK;
	for (size_t i = 0; i < count && status == ARCHIVE_OK; i++) {
		status = commit(worker, &items[i], 1);
		if (status == ARCHIVE_REFUSED && !items[i].refused) {
			items[i].refused = true;
			snprintf(items[i].reason, sizeof(items[i].reason), "%s",
				archive_store_reason(worker->store));
			status = commit(worker, &items[i], 1);
		}
	}
	return status;
}

/* What has been committed: who is to be told, and what a person should know. */
static void follow(struct archive_worker *worker, const struct item *item)
{
	const char *name = item->from->name;
	const struct message *message = &item->message;
	enum message_kind kind = item->from->kind;
	if (item->refused) {
		fprintf(stderr, "byport-city archive: refused %s of %s: %s\n",
			message_kind_info(kind)->topic, name, item->reason);
		return;
	}
	if (item->taken.conflicts > 0)
		fprintf(stderr,
			"byport-city archive: CONFLICT: %lld rows of %s, store %s, came again with "
			"other content; no receipt goes past them\n",
			(long long)item->taken.conflicts, name, message->stream.store);
	if (kind == MESSAGE_INTERVALS || kind == MESSAGE_EVENTS || kind == MESSAGE_TRENDS)
		archive_desk_follow(
			&worker->desk, name, message->stream.store, message->stream.generation);
	if (kind != MESSAGE_STATUS || message->status.store[0] == '\0')
		return;
	archive_desk_follow(&worker->desk, name, message->status.store, message->status.generation);
	if (message->status.presence == PRESENCE_ONLINE)
		archive_desk_online(&worker->desk, name, program_mono_ms());
}

static enum archive_status work_batch(struct archive_worker *worker)
{
	struct item *items = calloc(worker->batch_count, sizeof(*items));
	size_t count = worker->batch_count;
	enum archive_status status = items ? ARCHIVE_OK : ARCHIVE_UNAVAILABLE;
	for (size_t i = 0; i < count && status == ARCHIVE_OK; i++) {
		items[i].from = worker->batch[i];
		status = prepare(worker, &items[i]);
	}
	if (status == ARCHIVE_OK)
		status = commit(worker, items, count);
	if (status == ARCHIVE_REFUSED)
		status = commit_each(worker, items, count);
	for (size_t i = 0; i < count && items; i++) {
		if (status == ARCHIVE_OK)
			follow(worker, &items[i]);
		if (items[i].arrival.message)
			message_clear(&items[i].message);
		if (status == ARCHIVE_OK)
			inbox_message_free(worker->batch[i]);
	}
	if (status == ARCHIVE_OK)
		worker->batch_count = 0;
	free(items);
	return status;
}

/* The data base did not answer: said once, and tried again. */
static void lose_store(struct archive_worker *worker, int64_t now_mono_ms)
{
	if (!worker->is_away)
		fprintf(stderr,
			"byport-city archive: the data base does not take rows: %s; nothing is "
			"acknowledged until it does\n",
			archive_store_reason(worker->store));
	worker->retry_ms = worker->is_away ? worker->retry_ms * 2 : WORKER_RETRY_MS_MIN;
	if (worker->retry_ms > WORKER_RETRY_MS_MAX)
		worker->retry_ms = WORKER_RETRY_MS_MAX;
	worker->is_away = true;
	worker->retry_mono_ms = now_mono_ms + worker->retry_ms;
}

static enum archive_status come_back(struct archive_worker *worker)
{
	enum archive_status status = archive_store_reopen(worker->store);
	if (status == ARCHIVE_OK) {
		worker->is_away = false;
		fprintf(stderr, "byport-city archive: the data base takes rows again\n");
	}
	return status;
}

int archive_worker_step(struct archive_worker *worker)
{
	int64_t now_mono_ms = program_mono_ms();
	enum archive_status status = ARCHIVE_OK;
	if (worker->is_away && now_mono_ms < worker->retry_mono_ms)
		return IDLE_MS;
	if (worker->is_away)
		status = come_back(worker);
	if (status == ARCHIVE_OK && worker->batch_count == 0)
		worker->batch_count = archive_inbox_take(&worker->inbox, worker->batch);
	if (status == ARCHIVE_OK && worker->batch_count > 0)
		status = work_batch(worker);
	if (status == ARCHIVE_OK)
		status = archive_desk_work(&worker->desk, now_mono_ms, program_wall_ms());
	if (status != ARCHIVE_OK) {
		lose_store(worker, now_mono_ms);
		return IDLE_MS;
	}
	return worker->inbox.waiting > 0 ? 0 : IDLE_MS;
}

void archive_worker_clear(struct archive_worker *worker)
{
	for (size_t i = 0; i < worker->batch_count; i++)
		inbox_message_free(worker->batch[i]);
	archive_inbox_clear(&worker->inbox);
	archive_desk_clear(&worker->desk);
	archive_store_close(worker->store);
}
