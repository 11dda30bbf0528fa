/* SPDX-License-Identifier: Apache-2.0 */
/*
 * delivery.c -- delivery.h. A stream goes back to `sent` whenever it is not
 * sure of everything after it: simple, and a row that arrives twice is harmless.
 */
#include "gateway/core/delivery.h"

#include <assert.h>
#include <stddef.h>

#include "gateway/core/int64_order.h"

enum { REASON_REFUSED_MIN = 128 }; /* MQTT 5, 2.4: from here on it failed */

static void forget_window(struct delivery_stream *stream)
{
	stream->window_count = 0;
	stream->queued = stream->sent;
	if (stream->again_sent.tag != 0) {
		id_ranges_add(&stream->again, stream->again_sent.range);
	}
	stream->again_sent.tag = 0;
}

static void forget_probe(struct delivery_stream *stream)
{
	stream->resend_ms = DELIVERY_RESEND_FIRST_MS;
	stream->probe_mono_ms = INT64_MAX;
	stream->probed_through = 0;
	stream->is_answered = false;
}

static void forget_pause(struct delivery_stream *stream)
{
	stream->refusals = 0;
	stream->resume_mono_ms = INT64_MIN;
}

void delivery_init(struct delivery *delivery, const int64_t sent[static STREAM_COUNT])
{
	*delivery = (struct delivery){
		.next_tag = delivery->next_tag == 0 ? 1 : delivery->next_tag,
		.asked_mono_ms = INT64_MIN,
		.window_max = delivery->window_max,
		.connected = delivery->connected,
		.rule = delivery->rule,
		.again_due_mono_ms = INT64_MIN,
	};
	for (int i = 0; i < STREAM_COUNT; i++) {
		delivery->streams[i].sent = sent[i];
		forget_window(&delivery->streams[i]);
		forget_pause(&delivery->streams[i]);
		forget_probe(&delivery->streams[i]);
	}
}

void delivery_remember(struct delivery *delivery, enum stream stream, int64_t delivered)
{
	delivery->streams[stream].delivered = delivered;
	delivery->streams[stream].receipt_max = delivered;
	delivery->streams[stream].has_receipt = delivered > 0;
}

void delivery_set_rule(struct delivery *delivery, enum delivery_rule rule)
{
	delivery->rule = rule;
}

bool delivery_has_receipts(const struct delivery *delivery, enum stream stream)
{
	return delivery->rule == DELIVERY_RECEIPT ||
	       (delivery->rule == DELIVERY_AUTO && delivery->streams[stream].has_receipt);
}

void delivery_connected(struct delivery *delivery, uint16_t receive_maximum)
{
	bool is_small = receive_maximum > 0 && receive_maximum < DELIVERY_WINDOW_MAX;

	delivery->connected = true;
	delivery->window_max = is_small ? receive_maximum : DELIVERY_WINDOW_MAX;
	for (int i = 0; i < STREAM_COUNT; i++) {
		forget_window(&delivery->streams[i]);
		delivery->streams[i].resume_mono_ms = INT64_MIN;
	}
}

void delivery_disconnected(struct delivery *delivery)
{
	delivery->connected = false;
	for (int i = 0; i < STREAM_COUNT; i++) {
		forget_window(&delivery->streams[i]);
	}
}

static int on_the_way(const struct delivery *delivery)
{
	int count = 0;

	for (int i = 0; i < STREAM_COUNT; i++) {
		count += delivery->streams[i].window_count;
		count += delivery->streams[i].again_sent.tag != 0;
	}
	return count;
}

/* Stop the stream for a while, longer each time, and begin again after `sent`. */
static void pause_stream(struct delivery_stream *stream, int64_t now_mono_ms)
{
	int64_t pause_ms = DELIVERY_PAUSE_FIRST_MS;

	for (uint32_t i = 0; i < stream->refusals && pause_ms < DELIVERY_PAUSE_MAX_MS; i++) {
		pause_ms *= 2;
	}
	stream->refusals++;
	stream->resume_mono_ms =
		now_mono_ms + (pause_ms < DELIVERY_PAUSE_MAX_MS ? pause_ms : DELIVERY_PAUSE_MAX_MS);
	forget_window(stream);
}

static bool is_unanswered(const struct delivery_stream *stream, int64_t now_mono_ms)
{
	return (stream->window_count > 0 &&
		       now_mono_ms - stream->window[0].handed_mono_ms >= DELIVERY_ANSWER_MS) ||
	       (stream->again_sent.tag != 0 &&
		       now_mono_ms - stream->again_sent.handed_mono_ms >= DELIVERY_ANSWER_MS);
}

/* After a refusal one message at a time finds out whether it is over. */
static bool is_open(const struct delivery_stream *stream, int64_t now_mono_ms)
{
	return now_mono_ms >= stream->resume_mono_ms &&
	       (stream->refusals == 0 ||
		       (stream->window_count == 0 && stream->again_sent.tag == 0));
}

/* Rows that nobody gave a receipt for: the first of them go again when it is time; all, when the
 * archive has answered to that. */
static void probe(struct delivery_stream *stream, int64_t now_mono_ms)
{
	if (stream->delivered >= stream->sent) {
		forget_probe(stream);
	} else if (stream->probe_mono_ms == INT64_MAX) {
		stream->probe_mono_ms = now_mono_ms + stream->resend_ms;
	} else if (now_mono_ms >= stream->probe_mono_ms) {
		stream->probed_through = stream->is_answered
						 ? stream->sent
						 : int64_lower(stream->sent,
							   stream->delivered + DELIVERY_PROBE_ROWS);
		stream->is_answered = false;
		id_ranges_add(&stream->again,
			(struct id_range){stream->delivered, stream->probed_through});
		stream->resend_ms = int64_lower(2 * stream->resend_ms, DELIVERY_RESEND_MAX_MS);
		stream->probe_mono_ms = now_mono_ms + stream->resend_ms;
	}
}

static bool next_new(const struct delivery *delivery, enum stream which, int64_t last,
	struct delivery_message *ret_message)
{
	const struct delivery_stream *stream = &delivery->streams[which];

	if (delivery_has_receipts(delivery, which)) {
		last = int64_lower(last, stream->receipt_max + DELIVERY_AHEAD_MAX);
	}
	if (stream->queued >= last || !is_open(stream, delivery->asked_mono_ms)) {
		return false;
	}
	*ret_message = (struct delivery_message){.stream = which,
		.tag = delivery->next_tag,
		.after = stream->queued,
		.through_max = last};
	return true;
}

/* Too far above the receipt, what goes again waits for it too. */
static bool next_again(
	const struct delivery *delivery, enum stream which, struct delivery_message *ret_message)
{
	const struct delivery_stream *stream = &delivery->streams[which];
	const struct id_range *range = &stream->again.items[0];
	int64_t most = delivery_has_receipts(delivery, which)
			       ? stream->delivered + DELIVERY_AHEAD_MAX
			       : INT64_MAX;

	if (stream->again.count == 0 || stream->again_sent.tag != 0 || range->after >= most ||
		delivery->asked_mono_ms < delivery->again_due_mono_ms ||
		!is_open(stream, delivery->asked_mono_ms)) {
		return false;
	}
	*ret_message = (struct delivery_message){.stream = which,
		.tag = delivery->next_tag,
		.is_again = true,
		.after = range->after,
		.through_max = int64_lower(range->through, most)};
	return true;
}

bool delivery_next(struct delivery *delivery, const int64_t last[static STREAM_COUNT],
	int64_t now_mono_ms, struct delivery_message *ret_message)
{
	delivery->asked_mono_ms = now_mono_ms;
	if (!delivery->connected) {
		return false;
	}
	for (int i = 0; i < STREAM_COUNT; i++) {
		if (is_unanswered(&delivery->streams[i], now_mono_ms)) {
			pause_stream(&delivery->streams[i], now_mono_ms);
		}
		if (delivery_has_receipts(delivery, (enum stream)i)) {
			probe(&delivery->streams[i], now_mono_ms);
		}
	}
	if (on_the_way(delivery) >= delivery->window_max) {
		return false;
	}
	for (int i = 0; i < STREAM_COUNT; i++) { /* energy stands first in enum stream */
		if (next_new(delivery, (enum stream)i, last[i], ret_message)) {
			return true;
		}
	}
	for (int i = 0; i < STREAM_COUNT; i++) {
		if (next_again(delivery, (enum stream)i, ret_message)) {
			return true;
		}
	}
	return false;
}

static void take_progress(struct delivery_stream *stream, int64_t now_mono_ms)
{
	bool is_answered =
		stream->is_answered ||
		(stream->probed_through > 0 && stream->delivered >= stream->probed_through);

	forget_probe(stream);
	stream->is_answered = is_answered;
	stream->probe_mono_ms = now_mono_ms + (is_answered ? DELIVERY_REST_MS : stream->resend_ms);
}

enum delivery_receipt delivery_take_receipt(
	struct delivery *delivery, enum stream which, int64_t through, int64_t now_mono_ms)
{
	struct delivery_stream *stream = &delivery->streams[which];
	int64_t before = stream->delivered;
	bool is_first = !stream->has_receipt;

	if (is_first && delivery->rule == DELIVERY_AUTO) {
		stream->receipt_max = stream->sent; /* until now that was delivered */
	}
	stream->has_receipt = true;
	stream->delivered = through;
	stream->receipt_max = int64_higher(stream->receipt_max, through);
	if (through > before) {
		take_progress(stream, now_mono_ms);
	} else if (through < before) {
		delivery_want(delivery, which, (struct id_range){through, before});
	}
	if (is_first) {
		return DELIVERY_RECEIPT_FIRST;
	}
	return through > before   ? DELIVERY_RECEIPT_HIGHER
	       : through < before ? DELIVERY_RECEIPT_LOWER
				  : DELIVERY_RECEIPT_SAME;
}

void delivery_want(struct delivery *delivery, enum stream which, struct id_range range)
{
	struct delivery_stream *stream = &delivery->streams[which];

	range.through = int64_lower(range.through, stream->sent);
	id_ranges_add(&stream->again, range);
}

int64_t delivery_again(const struct delivery *delivery, enum stream stream)
{
	const struct id_ranges *again = &delivery->streams[stream].again;
	int64_t rows = 0;

	for (uint8_t i = 0; i < again->count; i++) {
		rows += again->items[i].through - again->items[i].after;
	}
	return rows;
}

static void handed_over_again(
	struct delivery *delivery, const struct delivery_message *message, int64_t now_mono_ms)
{
	struct delivery_stream *stream = &delivery->streams[message->stream];

	assert(stream->again_sent.tag == 0 && stream->again.count > 0);
	stream->again_sent.tag = message->tag;
	stream->again_sent.range = (struct id_range){message->after, message->through};
	stream->again_sent.handed_mono_ms = now_mono_ms;
	id_ranges_cut(&stream->again, message->through);
	delivery->again_due_mono_ms =
		now_mono_ms + message->rows_count * 1000 / DELIVERY_AGAIN_ROWS_A_S;
}

void delivery_handed_over(
	struct delivery *delivery, const struct delivery_message *message, int64_t now_mono_ms)
{
	struct delivery_stream *stream = &delivery->streams[message->stream];

	assert(message->through > message->after && message->through <= message->through_max);
	delivery->next_tag = message->tag == UINT32_MAX ? 1 : message->tag + 1;
	if (message->is_again) {
		handed_over_again(delivery, message, now_mono_ms);
		return;
	}
	assert(message->after == stream->queued && stream->window_count < DELIVERY_WINDOW_MAX);
	stream->window[stream->window_count].tag = message->tag;
	stream->window[stream->window_count].through = message->through;
	stream->window[stream->window_count].handed_mono_ms = now_mono_ms;
	stream->window[stream->window_count].acknowledged = false;
	stream->window_count++;
	stream->queued = message->through;
}

/* Take acknowledged messages off the front of the window; true when `sent` moved. */
static bool advance(struct delivery_stream *stream)
{
	uint8_t done = 0;

	while (done < stream->window_count && stream->window[done].acknowledged) {
		stream->sent = stream->window[done++].through;
	}
	stream->window_count = (uint8_t)(stream->window_count - done);
	for (uint8_t i = 0; i < stream->window_count; i++) {
		stream->window[i] = stream->window[i + done];
	}
	return done > 0;
}

static enum delivery_outcome refuse(struct delivery_stream *stream, int64_t now_mono_ms)
{
	bool is_first = stream->refusals == 0;

	pause_stream(stream, now_mono_ms);
	return is_first ? DELIVERY_REFUSED : DELIVERY_REFUSED_AGAIN;
}

static enum delivery_outcome settle_again(
	struct delivery_stream *stream, uint8_t reason, int64_t now_mono_ms)
{
	if (reason >= REASON_REFUSED_MIN) {
		return refuse(stream, now_mono_ms);
	}
	bool was_refused = stream->refusals > 0;
	stream->again_sent.tag = 0;
	forget_pause(stream);
	return was_refused ? DELIVERY_RESUMED : DELIVERY_NOTHING;
}

static enum delivery_outcome settle(
	struct delivery_stream *stream, int place, uint8_t reason, int64_t now_mono_ms)
{
	if (reason >= REASON_REFUSED_MIN) {
		return refuse(stream, now_mono_ms);
	}
	stream->window[place].acknowledged = true;
	if (!advance(stream)) {
		return DELIVERY_NOTHING;
	}
	bool was_refused = stream->refusals > 0;
	forget_pause(stream);
	return was_refused ? DELIVERY_RESUMED : DELIVERY_MOVED;
}

enum delivery_outcome delivery_acknowledged(struct delivery *delivery, uint32_t tag, uint8_t reason,
	int64_t now_mono_ms, enum stream *ret_stream)
{
	for (int i = 0; i < STREAM_COUNT; i++) {
		struct delivery_stream *stream = &delivery->streams[i];
		if (tag != 0 && stream->again_sent.tag == tag) {
			*ret_stream = (enum stream)i;
			return settle_again(stream, reason, now_mono_ms);
		}
		for (int place = 0; place < stream->window_count; place++) {
			if (stream->window[place].tag == tag) {
				*ret_stream = (enum stream)i;
				return settle(stream, place, reason, now_mono_ms);
			}
		}
	}
	return DELIVERY_NOTHING;
}

/* The earlier of two instants; what was due when it was asked last waits for the link, not for the
 * clock. */
static int64_t sooner(const struct delivery *delivery, int64_t due_mono_ms, int64_t wake_mono_ms)
{
	return due_mono_ms > delivery->asked_mono_ms ? int64_lower(due_mono_ms, wake_mono_ms)
						     : wake_mono_ms;
}

/* An answer that does not come, the end of a pause, rows that go again. */
static int64_t stream_wake_mono_ms(const struct delivery *delivery, enum stream which)
{
	const struct delivery_stream *stream = &delivery->streams[which];
	int64_t wake_mono_ms = INT64_MAX;

	if (stream->window_count > 0) {
		wake_mono_ms = sooner(delivery,
			stream->window[0].handed_mono_ms + DELIVERY_ANSWER_MS, wake_mono_ms);
	}
	if (stream->again_sent.tag != 0) {
		wake_mono_ms = sooner(delivery,
			stream->again_sent.handed_mono_ms + DELIVERY_ANSWER_MS, wake_mono_ms);
	} else if (stream->again.count > 0) {
		wake_mono_ms = sooner(delivery, delivery->again_due_mono_ms, wake_mono_ms);
	}
	if (stream->refusals > 0) {
		wake_mono_ms = sooner(delivery, stream->resume_mono_ms, wake_mono_ms);
	}
	if (delivery_has_receipts(delivery, which)) {
		wake_mono_ms = sooner(delivery, stream->probe_mono_ms, wake_mono_ms);
	}
	return wake_mono_ms;
}

int64_t delivery_wake_mono_ms(const struct delivery *delivery)
{
	int64_t wake_mono_ms = INT64_MAX;

	for (int i = 0; delivery->connected && i < STREAM_COUNT; i++) {
		int64_t due_mono_ms = stream_wake_mono_ms(delivery, (enum stream)i);
		wake_mono_ms = int64_lower(wake_mono_ms, due_mono_ms);
	}
	return wake_mono_ms;
}

int64_t delivery_sent(const struct delivery *delivery, enum stream stream)
{
	return delivery->streams[stream].sent;
}

int64_t delivery_delivered(const struct delivery *delivery, enum stream stream)
{
	return delivery_has_receipts(delivery, stream) ? delivery->streams[stream].delivered
						       : delivery->streams[stream].sent;
}
