/* SPDX-License-Identifier: Apache-2.0 */
/*
 * delivery.h -- What goes to the broker next, and how far each stream has come.
 * Pure: it names ranges of ids, the owner reads the rows, makes the message and
 * publishes it.
 *
 * Messages of a stream go in order, several at once (the window). `sent` moves
 * over messages acknowledged with a reason below 128, without a hole between.
 * A refused message (reason 128 and above) or one without an answer stops its
 * stream for a while; then everything after `sent` goes again, one message at
 * a time until one is accepted. The same after every reconnect. A row that
 * arrives twice is the same row: its id says so.
 *
 * Energy goes first; trends fill what it leaves of the window.
 */
#ifndef GATEWAY_CORE_DELIVERY_H
#define GATEWAY_CORE_DELIVERY_H

#include "gateway/core/series.h"

enum {
	DELIVERY_WINDOW_MAX = 16,       /* messages on the way, both streams together */
	DELIVERY_PAUSE_FIRST_MS = 5000, /* after a refusal; doubles with each one in a row */
	DELIVERY_PAUSE_MAX_MS = 300000,
	DELIVERY_ANSWER_MS = 60000, /* a broker that says nothing for so long is asked again */
};

struct delivery_message {
	enum stream stream;
	uint32_t tag; /* never 0; comes back with the acknowledgement */
	int64_t after;
	int64_t through; /* set by the owner: id of the last row in it */
};

struct delivery_stream {
	int64_t sent;   /* contiguously acknowledged */
	int64_t queued; /* handed over through this id */
	struct {
		uint32_t tag;
		int64_t through;
		int64_t handed_mono_ms;
		bool acknowledged;
	} window[DELIVERY_WINDOW_MAX]; /* in order; [0] begins after `sent` */
	uint8_t window_count;
	uint32_t refusals; /* in a row */
	int64_t resume_mono_ms;
};

struct delivery {
	struct delivery_stream streams[STREAM_COUNT];
	uint32_t next_tag;
	int64_t asked_mono_ms; /* delivery_next() was last called */
	uint16_t window_max;
	bool connected;
};

/* `sent`: the store's cursors. Zero-initialise it before the first time; when it is begun anew for
 * another store, tags go on, so that a late answer is not taken for another message's. */
void delivery_init(struct delivery *delivery, const int64_t sent[static STREAM_COUNT]);

/* Everything unacknowledged goes again. receive_maximum: the broker's; 0: none told. */
void delivery_connected(struct delivery *delivery, uint16_t receive_maximum);
void delivery_disconnected(struct delivery *delivery);

/*
 * The next message, if one is due: *ret_message says after which id of which
 * stream. `last`: newest readable id of each stream. Nothing changes until
 * delivery_handed_over(); when the link is busy, just ask again later.
 */
bool delivery_next(struct delivery *delivery, const int64_t last[static STREAM_COUNT],
	int64_t now_mono_ms, struct delivery_message *ret_message);

/* It was given to the link, with its `through`. */
void delivery_handed_over(
	struct delivery *delivery, const struct delivery_message *message, int64_t now_mono_ms);

enum delivery_outcome {
	DELIVERY_NOTHING, /* not ours, or of before a reconnect, or nothing to do yet */
	DELIVERY_MOVED,   /* `sent` of the stream moved: store it */
	DELIVERY_RESUMED, /* the same, and an outage is over: tell */
	DELIVERY_REFUSED, /* first refusal of an outage: tell, with the reason */
	DELIVERY_REFUSED_AGAIN,
};

/* The broker's answer. *ret_stream is set unless DELIVERY_NOTHING. */
enum delivery_outcome delivery_acknowledged(struct delivery *delivery, uint32_t tag, uint8_t reason,
	int64_t now_mono_ms, enum stream *ret_stream);

/* When to ask delivery_next() again though nothing happened; later than it was asked last.
 * INT64_MAX: only after an event. */
int64_t delivery_wake_mono_ms(const struct delivery *delivery);

int64_t delivery_sent(const struct delivery *delivery, enum stream stream);

#endif
