/* SPDX-License-Identifier: Apache-2.0 */
/* archive_report.c -- What people ask of the archive: its gateways, and to forget a meter. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "city/archive_store_parts.h"

/* Gateways as they are read, and their numbers for what is asked of each. */
struct listing {
	struct archive_gateway *gateways;
	int32_t *numbers;
	size_t count;
	bool failed;
};

static void copy_text(char *text, size_t size, const struct archive_value *column)
{
	snprintf(text, size, "%s", column->type == ARCHIVE_TEXT ? column->text : "");
}

static void take_gateway(void *context, const struct archive_value *columns)
{
	struct listing *listing = context;
	void *gateways =
		realloc(listing->gateways, (listing->count + 1) * sizeof(*listing->gateways));
	listing->gateways = gateways ? gateways : listing->gateways;
	void *numbers = realloc(listing->numbers, (listing->count + 1) * sizeof(*listing->numbers));
	listing->numbers = numbers ? numbers : listing->numbers;
	listing->failed = listing->failed || !gateways || !numbers;
	if (listing->failed)
		return;
	struct archive_gateway *gateway = &listing->gateways[listing->count];
	*gateway = (struct archive_gateway){
		.last_seen_wall_ms = columns[2].number,
		.status_wall_ms = archive_number_or(&columns[7], INSTANT_UNKNOWN),
		.backlog_energy = archive_number_or(&columns[8], -1),
		.backlog_trends = archive_number_or(&columns[9], -1),
		.store_bytes = archive_number_or(&columns[10], -1),
		.health_wall_ms = archive_number_or(&columns[11], INSTANT_UNKNOWN),
		.store_bytes_max = archive_number_or(&columns[12], -1),
		.written_bytes_day = archive_number_or(&columns[13], -1),
		.written_bytes_per_row = archive_number_or(&columns[14], -1),
		.device_bytes_day = archive_number_or(&columns[15], -1),
		.device_bytes_per_row = archive_number_or(&columns[16], -1),
		.card_life_left = archive_number_or(&columns[17], -1),
		.certificate_end_wall_ms = archive_number_or(&columns[19], INSTANT_UNKNOWN),
	};
	copy_text(gateway->card_reserve, sizeof(gateway->card_reserve), &columns[18]);
	copy_text(gateway->name, sizeof(gateway->name), &columns[1]);
	copy_text(gateway->presence, sizeof(gateway->presence), &columns[3]);
	copy_text(gateway->version, sizeof(gateway->version), &columns[4]);
	copy_text(gateway->clock, sizeof(gateway->clock), &columns[5]);
	copy_text(gateway->store, sizeof(gateway->store), &columns[6]);
	listing->numbers[listing->count++] = (int32_t)columns[0].number;
}

static void take_stream(void *context, const struct archive_value *columns)
{
	struct archive_gateway *gateway = context;
	for (unsigned i = 0; i < STREAM_COUNT; i++) {
		if (strcmp(columns[1].text, stream_name((enum stream)i)) != 0)
			continue;
		gateway->expected[i] += columns[3].number;
		gateway->arrived[i] += columns[4].number;
	}
}

static void take_kind(void *context, const struct archive_value *columns)
{
	struct archive_gateway *gateway = context;
	*(strcmp(columns[0].text, "conflict") == 0 ? &gateway->conflicts : &gateway->refused) =
		columns[1].number;
}

enum archive_status archive_store_gateways(
	struct archive_store *store, struct archive_gateway **ret_gateways, size_t *ret_count)
{
	struct listing listing = {0};
	const struct archive_call ask = {
		.statement = SQL_GATEWAY_ALL, .take = take_gateway, .context = &listing};
	enum archive_status status = archive_query(store, &ask);
	if (listing.failed)
		status = ARCHIVE_UNAVAILABLE;
	for (size_t i = 0; i < listing.count && status == ARCHIVE_OK; i++) {
		status = ASK(store, take_stream, &listing.gateways[i], SQL_STREAM_COUNTS,
			NUMBER(listing.numbers[i]));
		if (status == ARCHIVE_OK)
			status = ASK(store, take_kind, &listing.gateways[i], SQL_QUARANTINE_KINDS,
				NUMBER(listing.numbers[i]));
	}
	free(listing.numbers);
	if (status != ARCHIVE_OK) {
		free(listing.gateways);
		return status;
	}
	*ret_gateways = listing.gateways;
	*ret_count = listing.count;
	return ARCHIVE_OK;
}

/* The gateways that have a meter of some id. */
struct owners {
	int64_t gateway;
	char names[ARCHIVE_REASON_MAX];
	size_t count;
};

static void take_owner(void *context, const struct archive_value *columns)
{
	struct owners *owners = context;
	size_t length = strlen(owners->names);
	owners->gateway = columns[0].number;
	snprintf(owners->names + length, sizeof(owners->names) - length, "%s%s",
		owners->count++ ? ", " : "", columns[1].text);
}

static enum archive_status find_owner(
	struct archive_store *store, const struct archive_forget *forget, int64_t *ret_gateway)
{
	struct owners owners = {0};
	struct known_gateway *gateway = NULL;
	int64_t series = 0;
	enum archive_status status = ARCHIVE_OK;
	if (!forget->gateway) {
		status = ASK(store, take_owner, &owners, SQL_METER_GATEWAYS, TEXT(forget->meter));
		if (status == ARCHIVE_OK && owners.count > 1)
			return archive_refuse(store, "several gateways have a meter \"%s\": %s",
				forget->meter, owners.names);
	} else {
		status = archive_known(store, forget->gateway, &gateway);
		owners.gateway = gateway ? gateway->number : 0;
	}
	if (status == ARCHIVE_OK)
		status = ASK(store, archive_take_number, &series, SQL_METER_KNOWN,
			NUMBER(owners.gateway), TEXT(forget->meter));
	if (status == ARCHIVE_OK && series == 0)
		return archive_refuse(store, "no meter \"%s\" is known%s%s", forget->meter,
			forget->gateway ? " of " : "", forget->gateway ? forget->gateway : "");
	if (status == ARCHIVE_OK)
		*ret_gateway = owners.gateway;
	return status;
}

/* The rows, and what might hold some of them; and that they do not come back. */
static enum archive_status forget_rows(
	struct archive_store *store, const struct archive_forget *forget, int64_t gateway)
{
	char text[ARCHIVE_REASON_MAX];
	const struct archive_value before = NUMBER(forget->before_wall_ms);
	const struct archive_value of = NUMBER(gateway), meter = TEXT(forget->meter);
	snprintf(text, sizeof(text), "meter %s, all that began before %lld ms, by %s",
		forget->meter, (long long)forget->before_wall_ms, forget->author);
	enum archive_status status = RUN(store, SQL_FORGOTTEN_SET, of, meter, before,
		NUMBER(forget->at_wall_ms), TEXT(forget->author));
	if (status == ARCHIVE_OK)
		status = RUN(store, SQL_FORGET_INTERVALS, of, before, of, meter);
	if (status == ARCHIVE_OK)
		status = RUN(store, SQL_FORGET_TRENDS, of, before, of, meter);
	if (status == ARCHIVE_OK)
		status = RUN(store, SQL_FORGET_EVENTS, of, before, meter);
	if (status == ARCHIVE_OK)
		status = RUN(store, SQL_FORGET_QUARANTINE, of, NUMBER(forget->at_wall_ms));
	if (status == ARCHIVE_OK)
		status = RUN(store, SQL_LOG_ADD, of, NUMBER(forget->at_wall_ms), TEXT("forgotten"),
			TEXT(text));
	return status;
}

enum archive_status archive_store_forget(
	struct archive_store *store, const struct archive_forget *forget)
{
	int64_t gateway = 0;
	enum archive_status status = find_owner(store, forget, &gateway);
	if (status == ARCHIVE_OK)
		status = archive_store_begin(store);
	else
		return status;
	if (status == ARCHIVE_OK)
		status = forget_rows(store, forget, gateway);
	if (status == ARCHIVE_OK)
		status = archive_store_commit(store);
	if (status != ARCHIVE_OK)
		archive_store_rollback(store);
	return status;
}
