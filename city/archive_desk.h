/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive_desk.h -- What the archive says to gateways: receipts of what is
 * committed, what it wants again, and where the counters stood. It says nothing
 * that it has not read from committed rows.
 */
#ifndef CITY_ARCHIVE_DESK_H
#define CITY_ARCHIVE_DESK_H

#include "city/archive_store.h"
#include "gateway/mqtt_link.h"

enum {
	DESK_GATEWAYS_MAX = 16384,
	DESK_RECEIPT_GAP_MS = 300, /* between two receipts to one gateway */
	DESK_RETRY_MS = 10000,     /* after a refusal, or when nobody took it */
	DESK_ASK_FIRST_MS = 5000,  /* a hole may close by itself: what fills it is on its way */
	DESK_ASK_MS_MIN = 60000,   /* then asked for again, doubling */
	DESK_ASK_MS_MAX = 3600000,
	DESK_ANCHOR_COUNTERS_MAX = 100,   /* of one message */
	DESK_ANCHOR_LOOK_MS_MIN = 10000,  /* until it is seen whether the rows go on from there */
	DESK_ANCHOR_LOOK_MS_MAX = 600000, /* doubling up to this */
	DESK_ANCHOR_TELLINGS_MAX =
		8, /* a counter that was reset does not go on, whatever is told */
};

/* How a stream's holes are asked for. */
struct desk_asking {
	int64_t after; /* of the first hole; -1: there is none */
	int64_t next_mono_ms;
	int64_t wait_ms;
	bool receipt_asked; /* the receipt has named it: from now on by replay */
};

/* A gateway as far as this worker has to do with it. */
struct desk_gateway {
	char name[ARCHIVE_NAME_MAX];
	char store[ARCHIVE_STORE_ID_MAX];
	int64_t generation;
	uint32_t number;
	bool receipt_due;
	int64_t receipt_mono_ms;            /* not before */
	int64_t seen_through[STREAM_COUNT]; /* of the receipts the broker passes on */
	struct desk_asking asking[STREAM_COUNT];
	bool anchor_due; /* to be looked at */
	int64_t anchor_mono_ms;
	int64_t anchor_wait_ms;
	uint32_t anchors_open; /* messages of it not acknowledged */
	uint32_t anchor_tellings;
};

struct archive_desk {
	const char *archive; /* id */
	struct archive_store *store;
	struct mqtt_link *link;
	bool connected;
	bool refusal_told;
	struct desk_gateway **by_name;
	struct desk_gateway **by_number;
	size_t count;
};

void archive_desk_clear(struct archive_desk *desk);

/* A gateway has this store now: its receipt is due. */
void archive_desk_follow(
	struct archive_desk *desk, const char *name, const char *store, int64_t generation);
/* It is online: should its store be told where the counters stood? */
void archive_desk_online(struct archive_desk *desk, const char *name, int64_t now_mono_ms);

/* From the link. */
void archive_desk_connected(struct archive_desk *desk, bool connected);
void archive_desk_acknowledged(
	struct archive_desk *desk, const struct link_event *event, int64_t now_mono_ms);
/* A receipt of our own id, by any worker: one that says less than the one before has overtaken it,
 * one kept by the broker may say more than we have (restored from a backup). */
void archive_desk_seen(struct archive_desk *desk, const char *name,
	const struct receipt_message *receipt, bool retained);

/* Say what is due. Not ARCHIVE_OK: the data base did not answer. */
enum archive_status archive_desk_work(
	struct archive_desk *desk, int64_t now_mono_ms, int64_t now_wall_ms);

#endif
