/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive_store_parts.h -- What the modules of archive_store.h share: the numbers
 * of what has been seen, and statements with their parameters. For archive_*.c.
 */
#ifndef CITY_ARCHIVE_STORE_PARTS_H
#define CITY_ARCHIVE_STORE_PARTS_H

#include "city/archive_schema.h"
#include "city/archive_store.h"

/* A store of a gateway, as the data base has it. */
struct known_store {
	char id[ARCHIVE_STORE_ID_MAX];
	int32_t number;
	int64_t generation;
	bool anchored;
	bool streams[STREAM_COUNT]; /* have their row */
};

struct known_series {
	char meter[METER_ID_MAX];
	uint8_t quantity;
	int32_t number;
};

struct known_gateway {
	char name[ARCHIVE_NAME_MAX];
	int32_t number;
	struct known_store *stores;
	size_t stores_count;
	struct known_series *series;
	size_t series_count;
	size_t series_hint; /* rows come in the order of the series, mostly */
};

struct archive_store {
	struct archive_db *db;
	char *where;
	bool only_looks;                /* makes no tables */
	struct known_gateway *gateways; /* in the order of their names */
	size_t gateways_count;
	char reason[ARCHIVE_REASON_MAX]; /* "" : the data base's own */
};

#define NUMBER(x)       ((struct archive_value){ARCHIVE_NUMBER, (x), NULL})
#define TEXT(x)         ((struct archive_value){ARCHIVE_TEXT, 0, (x)})
#define TEXT_OR_NULL(x) ((x) ? TEXT(x) : NOTHING)
/* A number where there is one. */
#define NUMBER_IF(has, x) ((has) ? NUMBER(x) : NOTHING)
#define NOTHING           ((struct archive_value){.type = ARCHIVE_NULL})

/* Run a statement with its parameters. */
#define RUN(store, statement, ...)                                                             \
	archive_query(store,                                                                   \
		&(struct archive_call){statement, (const struct archive_value[]){__VA_ARGS__}, \
			sizeof((const struct archive_value[]){__VA_ARGS__}) /                  \
				sizeof(struct archive_value),                                  \
			NULL, NULL})
/* The same, with who takes its rows. */
#define ASK(store, taker, taken, statement, ...)                                               \
	archive_query(store,                                                                   \
		&(struct archive_call){statement, (const struct archive_value[]){__VA_ARGS__}, \
			sizeof((const struct archive_value[]){__VA_ARGS__}) /                  \
				sizeof(struct archive_value),                                  \
			taker, taken})

enum archive_status archive_query(struct archive_store *store, const struct archive_call *call);

/* Say why something is refused; returns ARCHIVE_REFUSED. */
__attribute__((format(printf, 2, 3))) enum archive_status archive_refuse(
	struct archive_store *store, const char *format, ...);

/* A taker: the first column as a number, into an int64_t that keeps what it has for NULL. */
void archive_take_number(void *number, const struct archive_value *columns);

/* A column as a number; `otherwise` where it is none. */
int64_t archive_number_or(const struct archive_value *column, int64_t otherwise);

/* What is known of a gateway; *ret is NULL when the data base has none of that name. Valid until
 * the next one is looked for. */
enum archive_status archive_known(
	struct archive_store *store, const char *name, struct known_gateway **ret_gateway);
/* The same, and made where there is none; not within a transaction. */
enum archive_status archive_make_gateway(struct archive_store *store, const char *name,
	int64_t now_wall_ms, struct known_gateway **ret_gateway);

/* NULL: none of that id. Only what is known already. */
struct known_store *archive_known_store(struct known_gateway *gateway, const char *id);
/* Read one that the data base may have; *ret NULL: it has none. */
enum archive_status archive_find_store(struct archive_store *store, struct known_gateway *gateway,
	const char *id, struct known_store **ret_store);

/* 0: not known. */
int32_t archive_series_number(
	struct known_gateway *gateway, const char *meter, enum quantity quantity);

/* Keys of what a message's rows refer to; not within a transaction. */
enum archive_status archive_make_store(struct archive_store *store, struct known_gateway *gateway,
	const struct stream_message *message, int64_t now_wall_ms);
/* The same for series, all that are missing in one transaction. */
struct series_name {
	const char *meter;
	enum quantity quantity;
};
enum archive_status archive_make_series(struct archive_store *store, struct known_gateway *gateway,
	const struct series_name *names, size_t count);

/* Rows of a stream message; within a transaction. */
enum archive_status archive_take_stream(struct archive_store *store, struct known_gateway *gateway,
	const struct archive_arrival *arrival, struct archive_taken *ret_taken);

/* One stream of one store. */
struct archive_place {
	int32_t gateway;
	int32_t store;
	enum stream stream;
};

/* Its spans, and the highest id named. */
struct archive_spans;
enum archive_status archive_read_spans(struct archive_store *store,
	const struct archive_place *place, struct archive_spans *ret_spans, int64_t *ret_newest);

/* Quarantine an entry; `id` 0: of no row. */
struct archive_entry {
	const char *kind; /* "refused", "conflict" */
	struct archive_place place;
	int64_t id;
	const char *topic;
	const char *reason;
	const char *payload;
};
enum archive_status archive_put_aside(struct archive_store *store, int32_t gateway,
	const struct archive_entry *entry, int64_t now_wall_ms);

#endif
