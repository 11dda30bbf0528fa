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

/* What the data base says of a store's streams. */
struct stream_facts {
	struct archive_spans spans;
	int64_t newest;
	int64_t conflict; /* the first id of one; INT64_MAX: none */
};

/* stream, kind, after, through: as SQL_STANDING has them. */
static void take_fact(void *context, const struct archive_value *columns)
{
	struct stream_facts *facts = context;
	for (unsigned i = 0; i < STREAM_COUNT; i++) {
		if (strcmp(columns[0].text, stream_name((enum stream)i)) != 0)
			continue;
		if (strcmp(columns[1].text, "conflict") == 0)
			facts[i].conflict = columns[3].number;
		else if (strcmp(columns[1].text, "newest") == 0)
			facts[i].newest = columns[3].number;
		else if (!archive_spans_add(&facts[i].spans, columns[2].number, columns[3].number))
			return; /* as many as were written: they have room */
	}
}

/* A conflict holds `through` back; the ids above it count as neither here nor missing. */
static void stand(const struct stream_facts *facts, struct archive_standing *ret_standing)
{
	struct archive_standing standing = {
		.through = facts->spans.items[0].through, .newest = facts->newest};
	if (standing.through >= facts->conflict)
		standing.through = facts->conflict - 1;
	standing.missing_count =
		archive_spans_holes(&facts->spans, standing.newest, standing.missing);
	*ret_standing = standing;
}

enum archive_status archive_store_standing(struct archive_store *store, const char *name,
	const char *store_id, struct archive_standing ret_standings[static STREAM_COUNT])
{
	struct known_gateway *gateway;
	struct known_store *of;
	enum archive_status status = find(store, (const char *[]){name, store_id}, &gateway, &of);
	struct stream_facts *facts = calloc(STREAM_COUNT, sizeof(*facts));
	if (!facts)
		status = ARCHIVE_UNAVAILABLE;
	for (unsigned i = 0; facts && i < STREAM_COUNT; i++) {
		archive_spans_init(&facts[i].spans, 0);
		facts[i].conflict = INT64_MAX;
	}
	if (status == ARCHIVE_OK && of)
		status = ASK(store, take_fact, facts, SQL_STANDING, NUMBER(gateway->number),
			NUMBER(of->number));
	for (unsigned i = 0; i < STREAM_COUNT && status == ARCHIVE_OK; i++)
		stand(&facts[i], &ret_standings[i]);
	free(facts);
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
