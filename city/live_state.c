/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_state.c -- Counting what arrives. An interval's key is meter, quantity,
 * start and end; its newest (generation, revision) holds.
 */
#include "city/live_state.h"

#include <stdlib.h>
#include <string.h>

/* What a meter's line shows, the first that it has. */
static const uint8_t powers[] = {QUANTITY_ACTIVE_POWER, QUANTITY_HEAT_POWER, QUANTITY_FLOW};
static const uint8_t readings[] = {QUANTITY_ACTIVE_ENERGY_IMPORT, QUANTITY_HEAT_ENERGY,
	QUANTITY_COOLING_ENERGY, QUANTITY_VOLUME};

static void copy_text(char *to, size_t size, const char *from)
{
	size_t length = strnlen(from, size - 1);
	memcpy(to, from, length);
	to[length] = '\0';
}

/* One more element; NULL when the limit is reached or memory is out. */
static void *grow(void *items, size_t count, size_t size, size_t max)
{
	if (count >= max)
		return NULL;
	if (count > 0 && (count & (count - 1)) != 0) /* room was made for a power of two */
		return items;
	return realloc(items, (count > 0 ? 2 * count : 1) * size);
}

static struct live_gateway *find_gateway(
	struct live_state *state, const struct message_address *address)
{
	for (size_t i = 0; i < state->gateways_count; i++) {
		const struct message_address *known = &state->gateways[i].address;
		if (strcmp(known->gateway, address->gateway) == 0 &&
			strcmp(known->site, address->site) == 0 &&
			strcmp(known->city, address->city) == 0)
			return &state->gateways[i];
	}
	struct live_gateway *gateways =
		grow(state->gateways, state->gateways_count, sizeof(*gateways), LIVE_GATEWAYS_MAX);
	if (!gateways)
		return NULL;
	state->gateways = gateways;
	gateways[state->gateways_count] = (struct live_gateway){.address = *address};
	return &gateways[state->gateways_count++];
}

static struct live_meter *find_meter(struct live_state *state, size_t gateway, const char *id)
{
	for (size_t i = 0; i < state->meters_count; i++) {
		if (state->meters[i].gateway == gateway && strcmp(state->meters[i].id, id) == 0)
			return &state->meters[i];
	}
	struct live_meter *meters =
		grow(state->meters, state->meters_count, sizeof(*meters), LIVE_METERS_MAX);
	if (!meters)
		return NULL;
	state->meters = meters;
	struct live_meter *meter = &meters[state->meters_count++];
	*meter = (struct live_meter){.gateway = gateway,
		.power.quantity = QUANTITY_COUNT,
		.reading.quantity = QUANTITY_COUNT,
		.newest_wall_ms = INSTANT_UNKNOWN};
	copy_text(meter->id, sizeof(meter->id), id);
	return meter;
}

static struct live_series *find_series(struct live_state *state, size_t meter, uint8_t quantity)
{
	for (size_t i = 0; i < state->series_count; i++) {
		if (state->series[i].meter == meter && state->series[i].quantity == quantity)
			return &state->series[i];
	}
	struct live_series *series =
		grow(state->series, state->series_count, sizeof(*series), LIVE_SERIES_MAX);
	if (!series)
		return NULL;
	state->series = series;
	series[state->series_count] = (struct live_series){.meter = meter, .quantity = quantity};
	return &series[state->series_count++];
}

static const struct live_value *first_of(
	const struct live_message *live, const uint8_t *quantities, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < live->values_count; j++) {
			if (live->values[j].quantity == quantities[i])
				return &live->values[j];
		}
	}
	return NULL;
}

static void keep_value(struct live_value *kept, const struct live_value *value)
{
	if (!value)
		return;
	*kept = *value;
	kept->reason = NULL; /* the message's */
}

static void take_live(struct live_state *state, size_t gateway, const struct live_message *live)
{
	struct live_meter *meter = find_meter(state, gateway, live->meter);
	if (!meter)
		return;
	meter->has_live = true;
	keep_value(&meter->power, first_of(live, powers, sizeof(powers)));
	keep_value(&meter->reading, first_of(live, readings, sizeof(readings)));
	for (size_t i = 0; i < live->values_count; i++) {
		if (live->values[i].has_value && live->values[i].at_wall_ms > meter->newest_wall_ms)
			meter->newest_wall_ms = live->values[i].at_wall_ms;
	}
}

static void take_about(struct live_state *state, size_t gateway, const struct about_message *about)
{
	for (size_t i = 0; i < about->meters_count; i++) {
		struct live_meter *meter = find_meter(state, gateway, about->meters[i].id);
		if (meter)
			copy_text(meter->name, sizeof(meter->name), about->meters[i].name);
	}
}

static void take_health(
	struct live_state *state, size_t gateway, const struct health_message *health)
{
	for (size_t i = 0; i < health->meters_count; i++) {
		struct live_meter *meter = find_meter(state, gateway, health->meters[i].id);
		if (meter)
			meter->state = health->meters[i].state;
	}
}

/* The kept interval of the same key; NULL when there is none. The newest are looked at first. */
static struct live_interval *find_interval(
	struct live_series *series, const struct live_interval *wanted)
{
	for (size_t i = series->intervals_count; i-- > 0;) {
		struct live_interval *interval = &series->intervals[i];
		if (interval->start_wall_ms == wanted->start_wall_ms &&
			interval->end_wall_ms == wanted->end_wall_ms)
			return interval;
	}
	return NULL;
}

static struct live_interval *add_interval(struct live_series *series)
{
	if (series->intervals_count == LIVE_INTERVALS_KEPT) {
		series->intervals_count /= 2;
		memmove(series->intervals, series->intervals + series->intervals_count,
			series->intervals_count * sizeof(*series->intervals));
	}
	struct live_interval *intervals = grow(series->intervals, series->intervals_count,
		sizeof(*intervals), LIVE_INTERVALS_KEPT);
	if (!intervals)
		return NULL;
	series->intervals = intervals;
	return &intervals[series->intervals_count++];
}

static bool is_newer(const struct live_interval *a, const struct live_interval *b)
{
	return a->generation != b->generation ? a->generation > b->generation
					      : a->revision > b->revision;
}

/* False: it had come before, or newer is known. */
static bool take_interval(struct live_series *series, const struct live_interval *interval)
{
	struct live_interval *kept = find_interval(series, interval);
	if (kept && !is_newer(interval, kept))
		return false;
	if (kept) {
		series->energy -= kept->energy;
		series->by_quality[kept->quality]--;
	} else {
		kept = add_interval(series);
	}
	series->energy += interval->energy;
	series->by_quality[interval->quality]++;
	if (kept)
		*kept = *interval;
	return true;
}

static void take_intervals(
	struct live_state *state, size_t gateway, const struct stream_message *message)
{
	const struct interval_message_row *rows = message->rows;
	for (size_t i = 0; i < message->rows_count; i++) {
		const struct interval_row *row = &rows[i].row;
		bool known = row->quality == QUALITY_MEASURED || row->quality == QUALITY_ESTIMATED;
		const struct live_interval interval = {
			.start_wall_ms = row->start_wall_ms,
			.end_wall_ms = row->end_wall_ms,
			.generation = message->generation,
			.energy = known ? row->energy : 0,
			.revision = row->revision,
			.quality = row->quality,
		};
		struct live_meter *meter = find_meter(state, gateway, rows[i].meter);
		struct live_series *series =
			meter ? find_series(
					state, (size_t)(meter - state->meters), rows[i].quantity)
			      : NULL;
		if (!series)
			continue;
		bool fresh = take_interval(series, &interval);
		state->rows[MESSAGE_INTERVALS] += fresh;
		state->duplicates += !fresh;
	}
}

/* A row past what has come of the stream; the others are duplicates. */
static void count_row(struct live_state *state, enum message_kind kind, int64_t id, int64_t through)
{
	state->rows[kind] += id > through;
	state->duplicates += id <= through;
}

static void take_events(struct live_state *state, struct live_gateway *gateway,
	const struct stream_message *message, int64_t through)
{
	const struct event_row *rows = message->rows;
	for (size_t i = 0; i < message->rows_count; i++) {
		count_row(state, MESSAGE_EVENTS, rows[i].id, through);
		copy_text(gateway->last_event, sizeof(gateway->last_event), rows[i].text);
	}
}

static void take_trends(
	struct live_state *state, const struct stream_message *message, int64_t through)
{
	const struct trend_message_row *rows = message->rows;
	for (size_t i = 0; i < message->rows_count; i++)
		count_row(state, MESSAGE_TRENDS, rows[i].row.id, through);
}

/* Whether the stream goes on where it ended; returns where it had. */
static int64_t follow(
	struct live_state *state, struct live_stream *stream, const struct stream_message *message)
{
	if (stream->begun && strcmp(stream->store, message->store) != 0)
		stream->begun = false; /* a new store counts from 1 */
	int64_t before = stream->begun ? stream->through : 0;
	if (stream->begun && message->after > stream->through) {
		state->gaps++;
		state->rows_missing += (uint64_t)(message->after - stream->through);
	}
	if (!stream->begun || message->through > stream->through)
		stream->through = message->through;
	copy_text(stream->store, sizeof(stream->store), message->store);
	stream->begun = true;
	return before;
}

static void take_status(struct live_gateway *gateway, const struct status_message *status)
{
	gateway->has_status = true;
	gateway->presence = status->presence;
	gateway->clock = status->clock;
}

static void apply(
	struct live_state *state, struct live_gateway *gateway, const struct message *message)
{
	size_t number = (size_t)(gateway - state->gateways);
	int64_t through;
	switch (message->kind) {
	case MESSAGE_STATUS:
		take_status(gateway, &message->status);
		break;
	case MESSAGE_ABOUT:
		take_about(state, number, &message->about);
		break;
	case MESSAGE_LIVE:
		take_live(state, number, &message->live);
		break;
	case MESSAGE_INTERVALS:
		follow(state, &gateway->streams[STREAM_ENERGY], &message->stream);
		take_intervals(state, number, &message->stream);
		break;
	case MESSAGE_EVENTS:
		through = follow(state, &gateway->streams[STREAM_ENERGY], &message->stream);
		take_events(state, gateway, &message->stream, through);
		break;
	case MESSAGE_TRENDS:
		through = follow(state, &gateway->streams[STREAM_TRENDS], &message->stream);
		take_trends(state, &message->stream, through);
		break;
	case MESSAGE_HEALTH:
		take_health(state, number, &message->health);
		break;
	case MESSAGE_TOTALS: /* the tables show what is live */
	case MESSAGE_RECEIPT:
	case MESSAGE_REPLAY:
	case MESSAGE_ANCHOR:
	case MESSAGE_KIND_COUNT:
		break;
	}
}

static bool refuse(struct live_state *state, const char *why)
{
	state->unreadable++;
	copy_text(state->unreadable_text, sizeof(state->unreadable_text), why);
	return false;
}

bool live_state_take(struct live_state *state, const char *topic, struct json_text payload,
	struct message *ret_message, struct message_address *ret_address)
{
	char error[MESSAGE_ERROR_MAX];
	state->messages++;
	state->bytes += payload.length;
	if (payload.length == 0 && message_topic_parse(topic, ret_address))
		return false; /* a retained message was cleared: a meter taken away */
	if (!message_topic_parse(topic, ret_address))
		return refuse(state, topic);
	struct live_gateway *gateway = find_gateway(state, ret_address);
	if (!gateway)
		return refuse(state, "more gateways than can be shown");
	if (!message_read(ret_address->kind, payload, ret_message, error))
		return refuse(state, error);
	apply(state, gateway, ret_message);
	return true;
}

void live_state_clear(struct live_state *state)
{
	for (size_t i = 0; i < state->series_count; i++)
		free(state->series[i].intervals);
	free(state->series);
	free(state->meters);
	free(state->gateways);
	*state = (struct live_state){.gateways = NULL};
}
