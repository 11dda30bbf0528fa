/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive_standing.c -- What the archive can say of a store: how far its streams
 * have come, and where the counters stood before it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "city/archive_spans.h"
#include "city/archive_store_parts.h"

/* The gateway and the store of an id; both NULL when the archive has not seen them. */
static enum archive_status find(struct archive_store *store, const char *const names[static 2],
	struct known_gateway **ret_gateway, struct known_store **ret_store)
{
	*ret_store = NULL;
	enum archive_status status = archive_known(store, names[0], ret_gateway);
	if (status == ARCHIVE_OK && *ret_gateway)
		status = archive_find_store(store, *ret_gateway, names[1], ret_store);
	return status;
}

/* A conflict holds `through` back; the ids above it count as neither here nor missing. */
static enum archive_status stand(struct archive_store *store, const struct archive_place *place,
	struct archive_spans *spans, struct archive_standing *ret_standing)
{
	struct archive_standing standing = {0};
	int64_t conflict = INT64_MAX;
	enum archive_status status = archive_read_spans(store, place, spans, &standing.newest);
	if (status == ARCHIVE_OK)
		status = ASK(store, archive_take_number, &conflict, SQL_CONFLICT_FIRST,
			NUMBER(place->gateway), NUMBER(place->store),
			TEXT(stream_name(place->stream)));
	standing.through = spans->items[0].through;
	if (standing.through >= conflict)
		standing.through = conflict - 1;
	standing.missing_count = archive_spans_holes(spans, standing.newest, standing.missing);
	if (status == ARCHIVE_OK)
		*ret_standing = standing;
	return status;
}

enum archive_status archive_store_standing(struct archive_store *store, const char *name,
	const char *store_id, struct archive_standing ret_standings[static STREAM_COUNT])
{
	struct known_gateway *gateway;
	struct known_store *of;
	struct archive_standing standings[STREAM_COUNT] = {0};
	enum archive_status status = find(store, (const char *[]){name, store_id}, &gateway, &of);
	struct archive_spans *spans = malloc(sizeof(*spans));
	if (!spans)
		status = ARCHIVE_UNAVAILABLE;
	for (unsigned i = 0; of && i < STREAM_COUNT && status == ARCHIVE_OK; i++) {
		const struct archive_place place = {gateway->number, of->number, (enum stream)i};
		status = stand(store, &place, spans, &standings[i]);
	}
	free(spans);
	if (status == ARCHIVE_OK)
		memcpy(ret_standings, standings, sizeof(standings));
	return status;
}

enum archive_status archive_store_wants_anchor(
	struct archive_store *store, const char *name, const char *store_id, bool *ret_wants)
{
	struct known_gateway *gateway;
	struct known_store *of;
	enum archive_status status = find(store, (const char *[]){name, store_id}, &gateway, &of);
	if (status == ARCHIVE_OK)
		*ret_wants = of && !of->anchored;
	return status;
}

static void take_counter(void *context, const struct archive_value *columns)
{
	struct anchor_counter *counter = context;
	counter->at_wall_ms = columns[0].number;
	counter->reading = columns[1].number;
}

/* Do the store's rows of a series begin where its counter stood, or later? */
static enum archive_status note_joint(struct archive_store *store, const int64_t place[static 3],
	const struct anchor_counter *counter, struct archive_anchor *anchor)
{
	int64_t there = 0, later = 0;
	enum archive_status status = ASK(store, archive_take_number, &there, SQL_COUNTER_JOINED,
		NUMBER(place[0]), NUMBER(place[1]), NUMBER(place[2]), NUMBER(counter->at_wall_ms));
	if (status == ARCHIVE_OK && there == 0)
		status =
			ASK(store, archive_take_number, &later, SQL_COUNTER_LATER, NUMBER(place[0]),
				NUMBER(place[1]), NUMBER(place[2]), NUMBER(counter->at_wall_ms));
	anchor->joined += there > 0;
	anchor->apart += later > 0;
	return status;
}

static enum archive_status read_counters(struct archive_store *store,
	const struct known_gateway *gateway, const struct known_store *of,
	struct archive_anchor *anchor)
{
	struct anchor_message *message = &anchor->message;
	enum archive_status status = ARCHIVE_OK;
	struct anchor_counter *counters =
		calloc(gateway->series_count + 1, sizeof(struct anchor_counter));
	if (!counters)
		return ARCHIVE_UNAVAILABLE;
	for (size_t i = 0; i < gateway->series_count && status == ARCHIVE_OK; i++) {
		const struct known_series *series = &gateway->series[i];
		struct anchor_counter *counter = &counters[message->counters_count];
		const int64_t place[] = {gateway->number, series->number, of->number};
		*counter = (struct anchor_counter){.meter = series->meter,
			.quantity = series->quantity,
			.at_wall_ms = INSTANT_UNKNOWN};
		if (quantity_info((enum quantity)series->quantity)->kind != QUANTITY_COUNTER)
			continue;
		status = ASK(store, take_counter, counter, SQL_COUNTER_LAST, NUMBER(place[0]),
			NUMBER(place[1]), NUMBER(place[2]));
		if (status != ARCHIVE_OK || counter->at_wall_ms == INSTANT_UNKNOWN)
			continue;
		message->counters_count++;
		status = note_joint(store, place, counter, anchor);
	}
	message->counters = counters;
	return status;
}

enum archive_status archive_store_counters(struct archive_store *store, const char *name,
	const char *store_id, struct archive_anchor *ret_anchor)
{
	struct known_gateway *gateway;
	struct known_store *of;
	struct archive_anchor anchor = {0};
	enum archive_status status = find(store, (const char *[]){name, store_id}, &gateway, &of);
	if (status == ARCHIVE_OK && !of)
		status = archive_refuse(store, "store %s is not known", store_id);
	if (status == ARCHIVE_OK)
		status = ASK(store, archive_take_number, &anchor.message.generation,
			SQL_STORE_HIGHEST, NUMBER(gateway->number), NUMBER(of->number));
	if (status == ARCHIVE_OK)
		status = read_counters(store, gateway, of, &anchor);
	if (status != ARCHIVE_OK) {
		free((void *)(uintptr_t)anchor.message.counters);
		return status;
	}
	anchor.message.archive = ret_anchor->message.archive;
	anchor.message.at_wall_ms = ret_anchor->message.at_wall_ms;
	anchor.message.store = ret_anchor->message.store;
	*ret_anchor = anchor;
	return status;
}

enum archive_status archive_store_anchored(
	struct archive_store *store, const char *name, const char *store_id, int64_t now_wall_ms)
{
	struct known_gateway *gateway;
	struct known_store *of;
	char text[ARCHIVE_STORE_ID_MAX + 64];
	enum archive_status status = find(store, (const char *[]){name, store_id}, &gateway, &of);
	if (status != ARCHIVE_OK || !of)
		return status;
	status = RUN(store, SQL_STORE_ANCHORED, NUMBER(gateway->number), NUMBER(of->number));
	snprintf(text, sizeof(text), "store %s was told where the counters stood", store_id);
	if (status == ARCHIVE_OK)
		status = RUN(store, SQL_LOG_ADD, NUMBER(gateway->number), NUMBER(now_wall_ms),
			TEXT("anchor"), TEXT(text));
	of->anchored = status == ARCHIVE_OK;
	return status;
}
