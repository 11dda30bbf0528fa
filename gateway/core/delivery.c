/* SPDX-License-Identifier: Apache-2.0 */
/*
 * delivery.c -- delivery.h. A stream goes back to `sent` whenever it is not
 * sure of everything after it: simple, and a row that arrives twice is harmless.
 */
#include "gateway/core/delivery.h"

#include <assert.h>

enum { REASON_REFUSED_MIN = 128 }; /* MQTT 5, 2.4: from here on it failed */

static void forget_window(struct delivery_stream *stream)
{
	stream->window_count = 0;
	stream->queued = stream->sent;
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
	};
	for (int i = 0; i < STREAM_COUNT; i++) {
		delivery->streams[i].sent = sent[i];
		forget_window(&delivery->streams[i]);
		forget_pause(&delivery->streams[i]);
	}
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
	return stream->window_count > 0 &&
	       now_mono_ms - stream->window[0].handed_mono_ms >= DELIVERY_ANSWER_MS;
}

/* After a refusal one message at a time finds out whether it is over. */
static bool may_send(const struct delivery_stream *stream, int64_t last, int64_t now_mono_ms)
{
	return stream->queued < last && now_mono_ms >= stream->resume_mono_ms &&
	       (stream->refusals == 0 || stream->window_count == 0);
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
	}
	if (on_the_way(delivery) >= delivery->window_max) {
		return false;
	}
	for (int i = 0; i < STREAM_COUNT; i++) { /* energy stands first in enum stream */
		if (may_send(&delivery->streams[i], last[i], now_mono_ms)) {
			*ret_message = (struct delivery_message){
				.stream = (enum stream)i,
				.tag = delivery->next_tag,
				.after = delivery->streams[i].queued,
			};
			return true;
		}
	}
	return false;
}

void delivery_handed_over(
	struct delivery *delivery, const struct delivery_message *message, int64_t now_mono_ms)
{
	struct delivery_stream *stream = &delivery->streams[message->stream];

	assert(message->through > message->after && message->after == stream->queued);
	assert(stream->window_count < DELIVERY_WINDOW_MAX);
	stream->window[stream->window_count].tag = message->tag;
	stream->window[stream->window_count].through = message->through;
	stream->window[stream->window_count].handed_mono_ms = now_mono_ms;
	stream->window[stream->window_count].acknowledged = false;
	stream->window_count++;
	stream->queued = message->through;
	delivery->next_tag = message->tag == UINT32_MAX ? 1 : message->tag + 1;
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

static enum delivery_outcome settle(
	struct delivery_stream *stream, int place, uint8_t reason, int64_t now_mono_ms)
{
	if (reason >= REASON_REFUSED_MIN) {
		bool is_first = stream->refusals == 0;
		pause_stream(stream, now_mono_ms);
		return is_first ? DELIVERY_REFUSED : DELIVERY_REFUSED_AGAIN;
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
		for (int place = 0; place < stream->window_count; place++) {
			if (stream->window[place].tag == tag) {
				*ret_stream = (enum stream)i;
				return settle(stream, place, reason, now_mono_ms);
			}
		}
	}
	return DELIVERY_NOTHING;
}

int64_t delivery_wake_mono_ms(const struct delivery *delivery)
{
	int64_t wake_mono_ms = INT64_MAX;

	for (int i = 0; delivery->connected && i < STREAM_COUNT; i++) {
		const struct delivery_stream *stream = &delivery->streams[i];
		int64_t due_mono_ms = INT64_MAX;
		if (stream->window_count > 0) {
			due_mono_ms = stream->window[0].handed_mono_ms + DELIVERY_ANSWER_MS;
		} else if (stream->refusals > 0) {
			due_mono_ms = stream->resume_mono_ms;
		}
		/* What was due when it was asked waits for the link, not for the clock. */
		if (due_mono_ms > delivery->asked_mono_ms && due_mono_ms < wake_mono_ms) {
			wake_mono_ms = due_mono_ms;
		}
	}
	return wake_mono_ms;
}

int64_t delivery_sent(const struct delivery *delivery, enum stream stream)
{
	return delivery->streams[stream].sent;
}
