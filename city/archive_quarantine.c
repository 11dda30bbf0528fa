/* SPDX-License-Identifier: Apache-2.0 */
/* archive_quarantine.c -- What was put aside: to be looked at, and settled by a person. */
#include <stdio.h>
#include <string.h>

#include "city/archive_store_parts.h"

struct visiting {
	void (*visit)(void *context, const struct archive_quarantined *entry);
	void *context;
};

static const char *text_of(const struct archive_value *column)
{
	return column->type == ARCHIVE_TEXT ? column->text : NULL;
}

static void take_entry(void *context, const struct archive_value *columns)
{
	const struct visiting *visiting = context;
	const struct archive_quarantined entry = {
		.gateway = columns[0].text,
		.entry = columns[1].text,
		.kind = columns[2].text,
		.store = text_of(&columns[3]),
		.stream = text_of(&columns[4]),
		.id = archive_number_or(&columns[5], 0),
		.topic = columns[6].text,
		.reason = columns[7].text,
		.payload = columns[8].text,
		.times = columns[9].number,
		.arrived_wall_ms = columns[10].number,
		.settled_wall_ms = archive_number_or(&columns[11], INSTANT_UNKNOWN),
	};
	visiting->visit(visiting->context, &entry);
}

enum archive_status archive_store_visit_quarantine(struct archive_store *store,
	void (*visit)(void *context, const struct archive_quarantined *entry), void *context)
{
	struct visiting visiting = {visit, context};
	const struct archive_call ask = {
		.statement = SQL_QUARANTINE_ALL, .take = take_entry, .context = &visiting};
	return archive_query(store, &ask);
}

/* What a settling names, as it is found. */
struct found {
	const struct archive_settling *settling;
	char gateway[ARCHIVE_NAME_MAX];
	char kind[16];
	size_t count;
	bool is_settled;
};

static void find(void *context, const struct archive_quarantined *entry)
{
	struct found *found = context;
	const struct archive_settling *settling = found->settling;
	if (strcmp(entry->entry, settling->entry) != 0 ||
		(settling->gateway && strcmp(entry->gateway, settling->gateway) != 0))
		return;
	snprintf(found->gateway, sizeof(found->gateway), "%s", entry->gateway);
	snprintf(found->kind, sizeof(found->kind), "%s", entry->kind);
	found->is_settled = entry->settled_wall_ms != INSTANT_UNKNOWN;
	found->count++;
}

static enum archive_status settle(
	struct archive_store *store, const struct archive_settling *settling, int32_t gateway)
{
	char text[ARCHIVE_REASON_MAX];
	snprintf(text, sizeof(text), "entry %s, by %s: %s", settling->entry, settling->author,
		settling->why);
	enum archive_status status = archive_store_begin(store);
	if (status == ARCHIVE_OK)
		status = RUN(store, SQL_QUARANTINE_SETTLE, NUMBER(settling->at_wall_ms),
			NUMBER(gateway), TEXT(settling->entry));
	if (status == ARCHIVE_OK)
		status = RUN(store, SQL_LOG_ADD, NUMBER(gateway), NUMBER(settling->at_wall_ms),
			TEXT("settled"), TEXT(text));
	if (status == ARCHIVE_OK)
		status = archive_store_commit(store);
	if (status != ARCHIVE_OK)
		archive_store_rollback(store);
	return status;
}

enum archive_status archive_store_settle(
	struct archive_store *store, const struct archive_settling *settling)
{
	struct found found = {.settling = settling};
	struct known_gateway *gateway = NULL;
	enum archive_status status = archive_store_visit_quarantine(store, find, &found);
	if (status != ARCHIVE_OK)
		return status;
	if (found.count == 0)
		return archive_refuse(store, "no entry \"%s\" is in the quarantine%s%s",
			settling->entry, settling->gateway ? " of " : "",
			settling->gateway ? settling->gateway : "");
	if (found.count > 1)
		return archive_refuse(
			store, "several gateways have an entry \"%s\": name one", settling->entry);
	if (found.is_settled)
		return archive_refuse(store, "entry \"%s\" is settled already", settling->entry);
	status = archive_known(store, found.gateway, &gateway);
	if (status == ARCHIVE_OK && gateway)
		status = settle(store, settling, gateway->number);
	return status;
}
