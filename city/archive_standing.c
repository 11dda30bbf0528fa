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

static enum archive_status read_counters(struct archive_store *store,
	const struct known_gateway *gateway, int32_t of, struct anchor_message *anchor)
{
	enum archive_status status = ARCHIVE_OK;
	struct anchor_counter *counters =
		calloc(gateway->series_count + 1, sizeof(struct anchor_counter));
	if (!counters)
		return ARCHIVE_UNAVAILABLE;
	for (size_t i = 0; i < gateway->series_count && status == ARCHIVE_OK; i++) {
		const struct known_series *series = &gateway->series[i];
		struct anchor_counter *counter = &counters[anchor->counters_count];
		*counter = (struct anchor_counter){.meter = series->meter,
			.quantity = series->quantity,
			.at_wall_ms = INSTANT_UNKNOWN};
		if (quantity_info((enum quantity)series->quantity)->kind != QUANTITY_COUNTER)
			continue;
		status = ASK(store, take_counter, counter, SQL_COUNTER_LAST,
			NUMBER(gateway->number), NUMBER(series->number), NUMBER(of));
		anchor->counters_count += counter->at_wall_ms != INSTANT_UNKNOWN;
	}
	anchor->counters = counters;
	return status;
}

enum archive_status archive_store_counters(struct archive_store *store, const char *name,
	const char *store_id, struct anchor_message *ret_anchor)
{
	struct known_gateway *gateway;
	struct known_store *of;
	struct anchor_message anchor = {0};
	enum archive_status status = find(store, (const char *[]){name, store_id}, &gateway, &of);
	if (status == ARCHIVE_OK && !of)
		status = archive_refuse(store, "store %s is not known", store_id);
	if (status == ARCHIVE_OK)
		status = ASK(store, archive_take_number, &anchor.generation, SQL_STORE_HIGHEST,
			NUMBER(gateway->number), NUMBER(of->number));
	if (status == ARCHIVE_OK)
		status = read_counters(store, gateway, of->number, &anchor);
	if (status == ARCHIVE_OK) {
		ret_anchor->generation = anchor.generation;
		ret_anchor->counters = anchor.counters;
		ret_anchor->counters_count = anchor.counters_count;
	} else
		free((void *)(uintptr_t)anchor.counters);
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
