/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive_worker.h -- From messages that have arrived to committed rows: batch
 * after batch, what cannot be taken into the quarantine, and what is to be said
 * to the desk.
 */
#ifndef CITY_ARCHIVE_WORKER_H
#define CITY_ARCHIVE_WORKER_H

#include "city/archive_desk.h"
#include "city/archive_inbox.h"

enum {
	WORKER_RETRY_MS_MIN = 500, /* a data base that does not answer is tried again, doubling */
	WORKER_RETRY_MS_MAX = 30000,
};

struct archive_worker {
	const char *archive; /* id */
	struct archive_store *store;
	struct archive_inbox inbox;
	struct archive_desk desk;
	struct inbox_message *batch[INBOX_BATCH_MESSAGES]; /* taken, not committed */
	size_t batch_count;
	bool is_away; /* the data base */
	int64_t retry_ms;
	int64_t retry_mono_ms;
	uint64_t dropped; /* messages their queue had no room for */
};

/* A message of the link; it is taken over. */
void archive_worker_receive(struct archive_worker *worker, struct link_event *event);

/* Commit a batch and say what is due. Returns how long nothing needs to be done, in ms. */
int archive_worker_step(struct archive_worker *worker);

void archive_worker_clear(struct archive_worker *worker);

#endif
