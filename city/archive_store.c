/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive_store.c -- Opening an archive, and the numbers it gives to gateways,
 * stores and series. Numbers never change, so what has been seen is remembered.
 */
#include "city/archive_store.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "city/archive_store_parts.h"
#include "city/sorted_names.h"

enum archive_status archive_query(struct archive_store *store, const struct archive_call *call)
{
	store->reason[0] = '\0';
	return store->db->ops->run(store->db, call);
}

enum archive_status archive_refuse(struct archive_store *store, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(store->reason, sizeof(store->reason), format, arguments);
	va_end(arguments);
	return ARCHIVE_REFUSED;
}

int64_t archive_number_or(const struct archive_value *column, int64_t otherwise)
{
	return column->type == ARCHIVE_NUMBER ? column->number : otherwise;
}

void archive_take_number(void *number, const struct archive_value *columns)
{
	if (columns[0].type == ARCHIVE_NUMBER)
		*(int64_t *)number = columns[0].number;
}

const char *archive_store_reason(const struct archive_store *store)
{
	return store->reason[0] ? store->reason : store->db->reason;
}

enum { ADD_VALUES_MAX = 5 };

/* What is to be numbered: `last` asks for the last number of a gateway (0: of all gateways), `add`
 * takes the next one and the values. */
struct numbering {
	enum archive_sql last;
	enum archive_sql add;
	int32_t gateway;
	struct archive_value values[ADD_VALUES_MAX];
	size_t values_count;
};

/* Alone and in a transaction of its own. */
static enum archive_status add_numbered(
	struct archive_store *store, const struct numbering *numbering)
{
	const struct archive_db_ops *ops = store->db->ops;
	struct archive_value values[ADD_VALUES_MAX + 1], gateway = NUMBER(numbering->gateway);
	int64_t last = 0;
	const struct archive_call ask = {.statement = numbering->last,
		.values = &gateway,
		.values_count = numbering->gateway != 0,
		.take = archive_take_number,
		.context = &last};
	const struct archive_call add = {.statement = numbering->add,
		.values = values,
		.values_count = numbering->values_count + 1};
	enum archive_status status = ops->begin(store->db, true);
	if (status == ARCHIVE_OK)
		status = archive_query(store, &ask);
	values[0] = NUMBER(last + 1);
	memcpy(&values[1], numbering->values, sizeof(numbering->values));
	if (status == ARCHIVE_OK)
		status = archive_query(store, &add);
	if (status == ARCHIVE_OK)
		status = ops->commit(store->db);
	if (status != ARCHIVE_OK)
		ops->rollback(store->db);
	return status;
}

/* What of it is not there yet: all, or what an older version has not. */
static enum archive_status make_schema(struct archive_store *store)
{
	const struct archive_db_ops *ops = store->db->ops;
	size_t count;
	const struct archive_piece *pieces = archive_schema(&count);
	enum archive_status status = ops->begin(store->db, true);
	for (size_t i = 0; i < count && status == ARCHIVE_OK; i++)
		status = ops->make(store->db, &pieces[i]);
	if (status == ARCHIVE_OK)
		status = RUN(store, SQL_DROP_OLDER_VERSIONS, NUMBER(ARCHIVE_FORMAT_VERSION));
	if (status == ARCHIVE_OK)
		status = RUN(store, SQL_PUT_VERSION, NUMBER(ARCHIVE_FORMAT_VERSION));
	if (status == ARCHIVE_OK)
		status = ops->commit(store->db);
	if (status != ARCHIVE_OK)
		ops->rollback(store->db);
	return status;
}

/* Connected and of a version we know. */
static enum archive_status enter(struct archive_store *store)
{
	int64_t version = 0;
	const struct archive_call ask = {
		.statement = SQL_VERSION, .take = archive_take_number, .context = &version};
	enum archive_status status = store->db->ops->open(store->db, store->where);
	if (status != ARCHIVE_OK)
		return status;
	status = archive_query(store, &ask);
	bool is_there = status == ARCHIVE_OK && version > 0;
	bool is_older = is_there && version < ARCHIVE_FORMAT_VERSION;
	if (is_older && store->only_looks)
		return archive_refuse(store,
			"its format is of version %lld; `byport-city archive` brings it to "
			"version %d when it starts",
			(long long)version, ARCHIVE_FORMAT_VERSION);
	if (status == ARCHIVE_REFUSED || (status == ARCHIVE_OK && !is_there))
		return store->only_looks ? archive_refuse(store, "there is no archive there")
					 : make_schema(store);
	if (is_older)
		return make_schema(store);
	if (version > ARCHIVE_FORMAT_VERSION) {
		archive_refuse(store, "its format is of version %lld, this program knows %d",
			(long long)version, ARCHIVE_FORMAT_VERSION);
		return ARCHIVE_NEWER;
	}
	return status;
}

static bool is_postgres(const char *where)
{
	return strncmp(where, "postgresql://", 13) == 0 || strncmp(where, "postgres://", 11) == 0 ||
	       strchr(where, '=') != NULL;
}

static void forget_known(struct archive_store *store)
{
	for (size_t i = 0; i < store->gateways_count; i++) {
		free(store->gateways[i].stores);
		free(store->gateways[i].series);
	}
	store->gateways_count = 0;
}

static enum archive_status open_as(const char *where, bool only_looks,
	struct archive_store **ret_store, char reason[static ARCHIVE_REASON_MAX])
{
	struct archive_store *store = calloc(1, sizeof(*store));
	enum archive_status status = ARCHIVE_UNAVAILABLE;
	snprintf(reason, ARCHIVE_REASON_MAX, "out of memory");
	if (store) {
		store->only_looks = only_looks;
		store->where = strdup(where);
		store->db = is_postgres(where) ? archive_postgres_new(archive_statements, SQL_COUNT)
					       : archive_sqlite_new(archive_statements, SQL_COUNT);
	}
	if (store && store->where && store->db) {
		status = enter(store);
		snprintf(reason, ARCHIVE_REASON_MAX, "%s", archive_store_reason(store));
	}
	if (status == ARCHIVE_OK)
		*ret_store = store;
	else
		archive_store_close(store);
	return status;
}

enum archive_status archive_store_open(
	const char *where, struct archive_store **ret_store, char reason[static ARCHIVE_REASON_MAX])
{
	return open_as(where, false, ret_store, reason);
}

enum archive_status archive_store_look(
	const char *where, struct archive_store **ret_store, char reason[static ARCHIVE_REASON_MAX])
{
	if (!is_postgres(where) && access(where, F_OK) != 0) {
		snprintf(reason, ARCHIVE_REASON_MAX, "%s", strerror(errno));
		return ARCHIVE_UNAVAILABLE;
	}
	return open_as(where, true, ret_store, reason);
}

enum archive_status archive_store_reopen(struct archive_store *store)
{
	forget_known(store); /* it may be another data base by now: one restored */
	return enter(store);
}

struct archive_store *archive_store_close(struct archive_store *store)
{
	if (!store)
		return NULL;
	forget_known(store);
	free(store->gateways);
	if (store->db)
		store->db->ops->close(store->db);
	free(store->where);
	free(store);
	return NULL;
}

enum archive_status archive_store_begin(struct archive_store *store)
{
	store->reason[0] = '\0';
	return store->db->ops->begin(store->db, false);
}

enum archive_status archive_store_commit(struct archive_store *store)
{
	return store->db->ops->commit(store->db);
}

void archive_store_rollback(struct archive_store *store)
{
	store->db->ops->rollback(store->db);
}

/* One more item at the end of a list that grows by doubling; NULL: memory is out. */
static void *grow(void **list, size_t count, size_t size)
{
	bool is_full = (count & (count - 1)) == 0; /* 0, 1, 2, 4 ... */
	void *grown = is_full ? realloc(*list, (count ? 2 * count : 1) * size) : *list;
	if (!grown)
		return NULL;
	*list = grown;
	memset((char *)grown + count * size, 0, size);
	return (char *)grown + count * size;
}

static const char *name_at(const void *gateways, size_t at)
{
	return ((const struct known_gateway *)gateways)[at].name;
}

static size_t place_of(const struct archive_store *store, const char *name, bool *ret_found)
{
	const struct sorted_names names = {store->gateways, store->gateways_count, name_at};
	return sorted_names_place(&names, name, ret_found);
}

/* Where there is no memory for it, it is looked for again. */
static void remember_series(
	struct known_gateway *gateway, const char *meter, enum quantity quantity, int64_t number)
{
	void *list = gateway->series;
	struct known_series *series = grow(&list, gateway->series_count, sizeof(*series));
	if (!series)
		return;
	gateway->series = list;
	gateway->series_count++;
	series->number = (int32_t)number;
	series->quantity = (uint8_t)quantity;
	snprintf(series->meter, sizeof(series->meter), "%s", meter);
}

static void take_series(void *context, const struct archive_value *columns)
{
	enum quantity quantity;
	if (quantity_find(columns[2].text, &quantity))
		remember_series(context, columns[1].text, quantity, columns[0].number);
}

static enum archive_status read_series(struct archive_store *store, struct known_gateway *gateway)
{
	gateway->series_count = 0;
	free(gateway->series);
	gateway->series = NULL;
	return ASK(store, take_series, gateway, SQL_SERIES_ALL, NUMBER(gateway->number));
}

/* Remember one at its place in the order. */
static struct known_gateway *remember(struct archive_store *store, const char *name, int64_t number)
{
	bool found;
	size_t at = place_of(store, name, &found);
	void *list = store->gateways;
	if (!grow(&list, store->gateways_count, sizeof(*store->gateways)))
		return NULL;
	store->gateways = list;
	struct known_gateway *gateway = &store->gateways[at];
	memmove(gateway + 1, gateway, (store->gateways_count++ - at) * sizeof(*gateway));
	*gateway = (struct known_gateway){.number = (int32_t)number};
	snprintf(gateway->name, sizeof(gateway->name), "%s", name);
	return gateway;
}

enum archive_status archive_known(
	struct archive_store *store, const char *name, struct known_gateway **ret_gateway)
{
	bool found;
	size_t at = place_of(store, name, &found);
	int64_t number = 0;
	*ret_gateway = NULL;
	if (found) {
		*ret_gateway = &store->gateways[at];
		return ARCHIVE_OK;
	}
	enum archive_status status =
		ASK(store, archive_take_number, &number, SQL_GATEWAY_FIND, TEXT(name));
	if (status != ARCHIVE_OK || number == 0)
		return status;
	*ret_gateway = remember(store, name, number);
	return *ret_gateway ? read_series(store, *ret_gateway) : ARCHIVE_UNAVAILABLE;
}

enum archive_status archive_make_gateway(struct archive_store *store, const char *name,
	int64_t now_wall_ms, struct known_gateway **ret_gateway)
{
	enum archive_status status = archive_known(store, name, ret_gateway);
	if (status != ARCHIVE_OK || *ret_gateway)
		return status;
	const struct numbering numbering = {
		SQL_GATEWAY_LAST, SQL_GATEWAY_ADD, 0,
		{TEXT(name), NUMBER(now_wall_ms), NUMBER(now_wall_ms)},
                  3
        };
	status = add_numbered(store, &numbering);
	return status == ARCHIVE_OK ? archive_known(store, name, ret_gateway) : status;
}

struct known_store *archive_known_store(struct known_gateway *gateway, const char *id)
{
	for (size_t i = gateway->stores_count; i > 0; i--) { /* the newest is the likeliest */
		if (strcmp(gateway->stores[i - 1].id, id) == 0)
			return &gateway->stores[i - 1];
	}
	return NULL;
}

static void take_store(void *context, const struct archive_value *columns)
{
	struct known_store *found = context;
	found->number = (int32_t)columns[0].number;
	found->anchored = columns[1].number != 0;
	found->generation = columns[2].number;
}

enum archive_status archive_find_store(struct archive_store *store, struct known_gateway *gateway,
	const char *id, struct known_store **ret_store)
{
	struct known_store found = {.number = 0};
	*ret_store = archive_known_store(gateway, id);
	if (*ret_store)
		return ARCHIVE_OK;
	enum archive_status status =
		ASK(store, take_store, &found, SQL_STORE_FIND, NUMBER(gateway->number), TEXT(id));
	if (status != ARCHIVE_OK || found.number == 0)
		return status;
	snprintf(found.id, sizeof(found.id), "%s", id);
	void *list = gateway->stores;
	*ret_store = grow(&list, gateway->stores_count, sizeof(found));
	if (!*ret_store)
		return ARCHIVE_UNAVAILABLE;
	gateway->stores = list;
	gateway->stores_count++;
	**ret_store = found;
	return ARCHIVE_OK;
}

static enum archive_status make_new_store(struct archive_store *store,
	struct known_gateway *gateway, const struct stream_message *message, int64_t now_wall_ms)
{
	char text[ARCHIVE_STORE_ID_MAX + 48];
	const struct numbering numbering = {
		SQL_STORE_LAST, SQL_STORE_ADD, gateway->number,
		{NUMBER(gateway->number), TEXT(message->store), NUMBER(message->generation),
						  NUMBER(now_wall_ms)},
		4
        };
	enum archive_status status = add_numbered(store, &numbering);
	snprintf(text, sizeof(text), "store %s, generation %lld", message->store,
		(long long)message->generation);
	if (status == ARCHIVE_OK)
		status = RUN(store, SQL_LOG_ADD, NUMBER(gateway->number), NUMBER(now_wall_ms),
			TEXT("new_store"), TEXT(text));
	return status;
}

enum archive_status archive_make_store(struct archive_store *store, struct known_gateway *gateway,
	const struct stream_message *message, int64_t now_wall_ms)
{
	struct known_store *found = NULL;
	if (message->store[0] == '\0' || strlen(message->store) >= ARCHIVE_STORE_ID_MAX)
		return archive_refuse(
			store, "store: an id has 1 to %d bytes", ARCHIVE_STORE_ID_MAX - 1);
	enum archive_status status = archive_find_store(store, gateway, message->store, &found);
	if (status == ARCHIVE_OK && !found) {
		status = make_new_store(store, gateway, message, now_wall_ms);
		if (status == ARCHIVE_OK)
			status = archive_find_store(store, gateway, message->store, &found);
	}
	if (status == ARCHIVE_OK && !found)
		status = ARCHIVE_UNAVAILABLE;
	if (status == ARCHIVE_OK && found->generation < message->generation) {
		status = RUN(store, SQL_STORE_GENERATION, NUMBER(message->generation),
			NUMBER(gateway->number), NUMBER(found->number),
			NUMBER(message->generation));
		found->generation = message->generation;
	}
	if (status == ARCHIVE_OK && message->through > 0 && !found->streams[message->stream]) {
		status = RUN(store, SQL_STREAM_ADD, NUMBER(gateway->number), NUMBER(found->number),
			TEXT(stream_name((enum stream)message->stream)), NUMBER(now_wall_ms));
		found->streams[message->stream] = status == ARCHIVE_OK;
	}
	return status;
}

int32_t archive_series_number(
	struct known_gateway *gateway, const char *meter, enum quantity quantity)
{
	for (size_t i = 0; i < gateway->series_count; i++) {
		size_t at = (gateway->series_hint + i) % gateway->series_count;
		const struct known_series *series = &gateway->series[at];
		if (series->quantity == quantity && strcmp(series->meter, meter) == 0) {
			gateway->series_hint = at + 1;
			return series->number;
		}
	}
	return 0;
}

static enum archive_status add_series(struct archive_store *store, struct known_gateway *gateway,
	const struct series_name *name, int64_t number)
{
	const struct quantity_info *info = quantity_info(name->quantity);
	int64_t steps_per_unit = 1;
	for (int i = 0; i < info->decimals; i++)
		steps_per_unit *= 10;
	enum archive_status status = RUN(store, SQL_SERIES_ADD, NUMBER(number),
		NUMBER(gateway->number), TEXT(name->meter), TEXT(info->name), TEXT(info->unit),
		NUMBER(steps_per_unit));
	if (status == ARCHIVE_OK)
		remember_series(gateway, name->meter, name->quantity, number);
	return status;
}

/* What another worker has added meanwhile is read first; then nobody adds one until the commit. */
static enum archive_status add_missing_series(struct archive_store *store,
	struct known_gateway *gateway, const struct series_name *names, size_t count)
{
	int64_t last = 0;
	enum archive_status status = read_series(store, gateway);
	if (status == ARCHIVE_OK)
		status = ASK(store, archive_take_number, &last, SQL_SERIES_LAST,
			NUMBER(gateway->number));
	for (size_t i = 0; i < count && status == ARCHIVE_OK; i++) {
		if (archive_series_number(gateway, names[i].meter, names[i].quantity) == 0)
			status = add_series(store, gateway, &names[i], ++last);
	}
	return status;
}

enum archive_status archive_make_series(struct archive_store *store, struct known_gateway *gateway,
	const struct series_name *names, size_t count)
{
	const struct archive_db_ops *ops = store->db->ops;
	bool is_known = true;
	for (size_t i = 0; i < count; i++) {
		if (archive_series_number(gateway, names[i].meter, names[i].quantity) != 0)
			continue;
		is_known = false;
		if (names[i].meter[0] == '\0' || strlen(names[i].meter) >= METER_ID_MAX)
			return archive_refuse(
				store, "meter: an id has 1 to %d bytes", METER_ID_MAX - 1);
	}
	if (is_known)
		return ARCHIVE_OK;
	enum archive_status status = ops->begin(store->db, true);
	if (status == ARCHIVE_OK)
		status = add_missing_series(store, gateway, names, count);
	if (status == ARCHIVE_OK)
		status = ops->commit(store->db);
	if (status != ARCHIVE_OK) {
		ops->rollback(store->db);
		gateway->series_count = 0; /* some of them may not be there: read again */
	}
	return status;
}
