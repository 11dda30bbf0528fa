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
 *
 * Receipts. Once they are in force, new rows stay within DELIVERY_AHEAD_MAX of
 * the highest receipt. What is wanted again waits as ranges, behind all that is
 * new, at a bounded rate, one message of a stream at a time. Rows that no
 * receipt comes for are tried again by the clock, ever more rarely: a probe of
 * the first of them, and the rest when that is answered, so that an archive
 * which is away for weeks does not find the same rows fifty times.
 */
#ifndef GATEWAY_CORE_DELIVERY_H
#define GATEWAY_CORE_DELIVERY_H

#include "gateway/core/id_ranges.h"
#include "gateway/core/series.h"

enum delivery_rule {
	DELIVERY_AUTO,    /* receipts are in force from the first one on */
	DELIVERY_PUBACK,  /* what the broker took is delivered */
	DELIVERY_RECEIPT, /* only what a receipt covers is */
};

enum {
	DELIVERY_WINDOW_MAX = 16,       /* messages on the way, both streams together */
	DELIVERY_PAUSE_FIRST_MS = 5000, /* after a refusal; doubles with each one in a row */
	DELIVERY_PAUSE_MAX_MS = 300000,
	DELIVERY_ANSWER_MS = 60000,    /* a broker that says nothing for so long is asked again */
	DELIVERY_AHEAD_MAX = 20000,    /* rows above the receipt: two days of a site's energy; a
					  broker keeps as many while the archive is away */
	DELIVERY_AGAIN_ROWS_A_S = 200, /* of what was sent before */
	DELIVERY_PROBE_ROWS = 256,
	DELIVERY_RESEND_FIRST_MS = 300000, /* without a receipt; doubles each time */
	DELIVERY_RESEND_MAX_MS = 86400000,
	DELIVERY_REST_MS = 60000, /* a probe was answered, and no receipt for so long */
};

struct delivery_message {
	enum stream stream;
	uint32_t tag;  /* never 0; comes back with the acknowledgement */
	bool is_again; /* sent before */
	int64_t after;
	int64_t through_max; /* no row above it */
	int64_t through;     /* set by the owner: id of the last row in it, or of what is gone */
	int32_t rows_count;  /* set by the owner; 0: that range is gone */
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

	bool has_receipt;    /* of this store, once */
	int64_t delivered;   /* a receipt covers it */
	int64_t receipt_max; /* the highest one so far, or what had gone before the first */
	struct id_ranges again;
	struct {
		uint32_t tag; /* 0: none on the way */
		struct id_range range;
		int64_t handed_mono_ms;
	} again_sent;
	int64_t resend_ms;      /* from one probe to the next */
	int64_t probe_mono_ms;  /* when the next is due; INT64_MAX: not waited for */
	int64_t probed_through; /* 0: none since the last receipt */
	bool is_answered;       /* a probe was: all the rest is next, unless it comes by itself */
};

struct delivery {
	struct delivery_stream streams[STREAM_COUNT];
	uint32_t next_tag;
	int64_t asked_mono_ms; /* delivery_next() was last called */
	uint16_t window_max;
	bool connected;
	enum delivery_rule rule;
	int64_t again_due_mono_ms; /* nothing that was sent before goes sooner */
};

/* `sent`: the store's cursors. Zero-initialise it before the first time; when it is begun anew for
 * another store, the connection and the rule stay, and tags go on, so that a late answer is not
 * taken for another message's. */
void delivery_init(struct delivery *delivery, const int64_t sent[static STREAM_COUNT]);

/* After delivery_init(): a receipt of this store that the store remembers; 0: none. */
void delivery_remember(struct delivery *delivery, enum stream stream, int64_t delivered);

/* Kept by delivery_init(). */
void delivery_set_rule(struct delivery *delivery, enum delivery_rule rule);
/* They are in force. */
bool delivery_has_receipts(const struct delivery *delivery, enum stream stream);

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

/*
 * All archives have committed a stream through this id, which is none above
 * `last`. A lower one than before is honoured: what was delivered in between
 * goes again.
 */
enum delivery_receipt {
	DELIVERY_RECEIPT_SAME,
	DELIVERY_RECEIPT_FIRST, /* receipts are in force from now on */
	DELIVERY_RECEIPT_HIGHER,
	DELIVERY_RECEIPT_LOWER,
};
enum delivery_receipt delivery_take_receipt(
	struct delivery *delivery, enum stream stream, int64_t through, int64_t now_mono_ms);

/* A range is wanted again; what of it was not sent yet goes anyway. */
void delivery_want(struct delivery *delivery, enum stream stream, struct id_range range);

/* Rows that still are to go again. */
int64_t delivery_again(const struct delivery *delivery, enum stream stream);

/* It was given to the link, with its `through` and `rows_count`. */
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

/* What a receipt covers, where they are in force; else what was sent. */
int64_t delivery_delivered(const struct delivery *delivery, enum stream stream);

#endif
