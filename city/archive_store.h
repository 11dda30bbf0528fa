/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive_store.h -- What the archive keeps (docs/archive.md): takes messages of
 * gateways, commits their rows once, and says how far each stream has come. The
 * same on SQLite and on PostgreSQL. One thread; several processes may have the
 * same archive open.
 *
 * A gateway's name is "city/site/gateway". Energies and readings are in inside
 * steps, instants UTC milliseconds. After every status but ARCHIVE_OK,
 * archive_store_reason() has words.
 */
#ifndef CITY_ARCHIVE_STORE_H
#define CITY_ARCHIVE_STORE_H

#include "city/archive_db.h"
#include "gateway/message.h"

enum {
	ARCHIVE_NAME_MAX = 3 * METER_ID_MAX,
	ARCHIVE_STORE_ID_MAX = 64,     /* bytes, with the NUL; a longer one is refused */
	ARCHIVE_QUARANTINE_MAX = 1000, /* entries of a gateway */
};

struct archive_store;

/* `where`: the path of a SQLite file, or "postgresql://..." or "host=... dbname=...". Makes tables
 * where there are none. On failure `reason` says why. */
enum archive_status archive_store_open(const char *where, struct archive_store **ret_store,
	char reason[static ARCHIVE_REASON_MAX]);
/* The same, for one that is there already: makes no file and no tables. */
enum archive_status archive_store_look(const char *where, struct archive_store **ret_store,
	char reason[static ARCHIVE_REASON_MAX]);
/* After ARCHIVE_UNAVAILABLE: connect anew; what was not committed is gone. */
enum archive_status archive_store_reopen(struct archive_store *store);
struct archive_store *archive_store_close(struct archive_store *store); /* NULL is fine */
const char *archive_store_reason(const struct archive_store *store);

/* A message of a gateway, as it arrived. */
struct archive_arrival {
	const char *name;
	const struct message *message;
	struct json_text payload; /* what it was read from */
	bool retained;            /* the broker kept it: no sign of life */
	int64_t at_wall_ms;
};

/* What became of a message of a stream. */
struct archive_taken {
	int64_t rows;      /* new */
	int64_t repeated;  /* were there before, the same */
	int64_t conflicts; /* were there before, other: quarantined */
};

/*
 * Make what the rows of an arrival refer to (gateway, store, series, months), unless it is known;
 * in transactions of its own. ARCHIVE_REFUSED: the message contradicts itself; it belongs in the
 * quarantine.
 */
enum archive_status archive_store_prepare(
	struct archive_store *store, const struct archive_arrival *arrival);

enum archive_status archive_store_begin(struct archive_store *store);
enum archive_status archive_store_commit(struct archive_store *store);
void archive_store_rollback(struct archive_store *store);

/* Within a transaction, after prepare(): intervals, events, trends; status, health, about. Several
 * workers: arrivals of one transaction go in the order of their gateways' names. */
enum archive_status archive_store_take(struct archive_store *store,
	const struct archive_arrival *arrival, struct archive_taken *ret_taken);

/* Within a transaction. What could not be read or stored, with the reason; `message` is not looked
 * at. `kind` is its topic's last part. */
enum archive_status archive_store_quarantine(struct archive_store *store,
	const struct archive_arrival *arrival, const char *kind, const char *reason);

/* How far a stream has come. */
struct archive_standing {
	int64_t through; /* committed, or gone, without a hole or a conflict */
	int64_t newest;  /* the highest id any message named */
	struct receipt_range missing[RECEIPT_RANGES_MAX];
	size_t missing_count;
};

/* From committed rows; all 0 for a stream that is not known. */
enum archive_status archive_store_standing(struct archive_store *store, const char *name,
	const char *store_id, struct archive_standing ret_standings[static STREAM_COUNT]);

/* Whether a store of a gateway waits to be told where the counters stood. */
enum archive_status archive_store_wants_anchor(
	struct archive_store *store, const char *name, const char *store_id, bool *ret_wants);

/* Where the counters stood before a store, and whether its rows go on from there. */
struct archive_anchor {
	struct anchor_message message; /* generation and counters; to be freed */
	size_t joined;                 /* of these counters: a row of the store begins there */
	size_t apart;                  /* its rows begin later: what lies between is in none */
};

/* From the stores before it that go on from each other. A counter's `meter` is valid until the
 * next call. */
enum archive_status archive_store_counters(struct archive_store *store, const char *name,
	const char *store_id, struct archive_anchor *ret_anchor);
/* It goes on from there, or never will. */
enum archive_status archive_store_anchored(
	struct archive_store *store, const char *name, const char *store_id, int64_t now_wall_ms);

/* A gateway as a monitor sees it. Texts are "" and instants INSTANT_UNKNOWN where nothing came. */
struct archive_gateway {
	char name[ARCHIVE_NAME_MAX];
	int64_t last_seen_wall_ms;
	char presence[16];
	char version[32];
	char clock[32];
	char store[ARCHIVE_STORE_ID_MAX];
	int64_t status_wall_ms;
	int64_t backlog_energy; /* -1: not told */
	int64_t backlog_trends;
	int64_t store_bytes;
	int64_t health_wall_ms;
	int64_t store_bytes_max;   /* the budget; -1: not told, as all of these: */
	int64_t written_bytes_day; /* to its card in 24 hours, by the gateway */
	int64_t written_bytes_per_row;
	int64_t device_bytes_day; /* and by all */
	int64_t device_bytes_per_row;
	int64_t card_life_left;          /* percent */
	char card_reserve[16];           /* "normal", "warning", "urgent" */
	int64_t certificate_end_wall_ms; /* its own at the broker; INSTANT_UNKNOWN: none, not told
					  */
	int64_t expected[STREAM_COUNT];  /* ids of all its stores that messages named */
	int64_t arrived[STREAM_COUNT];   /* and of them committed, or gone */
	int64_t conflicts;               /* not settled */
	int64_t refused;
};

/* All, in the order of their names; *ret_gateways is to be freed. */
enum archive_status archive_store_gateways(
	struct archive_store *store, struct archive_gateway **ret_gateways, size_t *ret_count);

struct archive_forget {
	const char *gateway; /* name; NULL: the only one that has such a meter */
	const char *meter;
	int64_t before_wall_ms; /* rows that begin before it go, for ever */
	const char *author;
	int64_t at_wall_ms;
};

/* Forget, logged. ARCHIVE_REFUSED: no such meter, or several gateways have one. */
enum archive_status archive_store_forget(
	struct archive_store *store, const struct archive_forget *forget);

/* An entry of the quarantine. Texts are valid until the visitor returns; NULL where there is none.
 */
struct archive_quarantined {
	const char *gateway;
	const char *entry; /* its key within the gateway */
	const char *kind;  /* "refused", "conflict" */
	const char *store; /* of a conflict: whose row it would have been */
	const char *stream;
	int64_t id; /* 0: of no row */
	const char *topic;
	const char *reason;
	const char *payload;
	int64_t times; /* it came */
	int64_t arrived_wall_ms;
	int64_t settled_wall_ms; /* INSTANT_UNKNOWN: not yet */
};

/* All entries, by gateway and arrival. */
enum archive_status archive_store_visit_quarantine(struct archive_store *store,
	void (*visit)(void *context, const struct archive_quarantined *entry), void *context);

/* A person has looked at an entry, and the first row stays. */
struct archive_settling {
	const char *gateway; /* name; NULL: the only one that has such an entry */
	const char *entry;
	const char *author;
	const char *why;
	int64_t at_wall_ms;
};

/* Settle, logged: receipts then go past a conflict. ARCHIVE_REFUSED: no such entry, settled
 * already, or several gateways have it. */
enum archive_status archive_store_settle(
	struct archive_store *store, const struct archive_settling *settling);

#endif
