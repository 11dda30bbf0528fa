/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h -- Rows kept on disk until the city has them, and after. The only
 * module that knows SQLite; the format is written down in docs/store.md.
 *
 * Append-only, in id order, per stream. Appended rows wait in memory until
 * store_commit() writes them in one transaction: durable once it returns
 * STORE_OK; power may go at any instruction. When it fails they keep waiting
 * for the next commit, up to a limit. Only committed rows are read back. Used
 * by the main loop's thread only.
 */
#ifndef GATEWAY_STORE_H
#define GATEWAY_STORE_H

#include <stddef.h>

#include "drivers/register_decode.h"
#include "gateway/core/coarse.h"

enum store_status {
	STORE_OK,
	STORE_FULL, /* the disk or the budget; stored rows are safe, waiting ones keep waiting; from
		       store_append_*: not taken, the caller keeps it */
	STORE_DAMAGED, /* not a data base, or a corrupt one */
	STORE_NEWER,   /* written by a newer byport, and so is the one beside it; untouched */
	STORE_FAILED,  /* I/O, rights or memory; worth another try */
	STORE_STATUS_COUNT
};
const char *store_status_text(enum store_status status);

struct store;

struct store_identity {
	char id[37];        /* a random UUID, lower case */
	int64_t generation; /* creation time in seconds, larger than any before */
};

/* How far a stream has come; ids start at 1, 0 is "none". */
struct store_cursor {
	int64_t last;      /* last id committed: what can be read and sent */
	int64_t sent;      /* broker acknowledged through this id with a reason < 128 */
	int64_t delivered; /* an archive's receipt */
};

/* What store_open() met. */
enum store_finding {
	STORE_FOUND,
	STORE_CREATED,
	STORE_MOVED,     /* of another board (machine-id): kept, under a new identity */
	STORE_SET_ASIDE, /* damaged: renamed to `set_aside`, never deleted; a new one made */
	STORE_BESIDE,    /* a newer byport's file is left untouched; ours stands beside it */
	STORE_HOLED,     /* rows said to be committed are lacking: kept, under a new identity */
	STORE_UPGRADED,  /* an older byport's file, brought up to this format */
};

struct store_settings {
	const char *directory;  /* made if its parent exists */
	int64_t bytes_max;      /* budget of the file and its journal; at least STORE_BYTES_MIN */
	int64_t now_wall_ms;    /* for a new generation; may be wrong */
	const char *machine_id; /* NULL: /etc/machine-id */
};

enum { STORE_BYTES_MIN = 1 << 20 };

/* What a day brings that is never given up before it is delivered. */
struct store_day {
	double intervals;
	double events;
};
/* How many such days a budget holds, with all else given up for them. */
double store_days_held(int64_t bytes_max, const struct store_day *day);
/* How many years of days a budget holds, once all has become as coarse as it gets. */
struct store_series_counts {
	double counters;
	double gauges;
};
double store_years_coarse(int64_t bytes_max, const struct store_series_counts *counts);

struct store_opening {
	enum store_finding finding;
	char path[256];      /* the file in use */
	char set_aside[256]; /* with STORE_SET_ASIDE: where the damaged one lies now */
	char reason[160];    /* on failure and with STORE_SET_ASIDE: what is wrong, in words */
};

/* Open or create. On failure *ret_store is untouched; ret_opening->path and ->reason are set either
 * way. */
__attribute__((warn_unused_result)) enum store_status store_open(
	const struct store_settings *settings, struct store **ret_store,
	struct store_opening *ret_opening);

/* Commit, checkpoint and close; NULL is fine. Always returns NULL. A file found damaged while in
 * use is set aside now. */
struct store *store_close(struct store *store);

struct store_identity store_identity(const struct store *store);
/* Rows are of this generation from now on, where it is larger than the one they were of. Durable
 * once it returns STORE_OK. */
__attribute__((warn_unused_result)) enum store_status store_raise_generation(
	struct store *store, int64_t generation);
/*
 * This file is an old copy of another one that went on: it gets a new id, and a
 * generation above its own and at least `generation`. Rows and ids stay; sent
 * and delivered begin anew. Durable once it returns STORE_OK; else nothing has
 * changed.
 */
__attribute__((warn_unused_result)) enum store_status store_renew_identity(
	struct store *store, int64_t generation);
struct store_cursor store_cursor(const struct store *store, enum stream stream);

/* Number of a series, given the first time it is asked for. < 0 on failure. *ret_new may be NULL.
 */
int32_t store_series(struct store *store, const char *meter, enum quantity quantity, bool *ret_new);
/* The name behind a number; false when there is none. `ret_meter` lives as long as the store. */
bool store_series_info(const struct store *store, int32_t series, const char **ret_meter,
	enum quantity *ret_quantity);

/* Append; sets row->id. Not durable before store_commit(). */
__attribute__((warn_unused_result)) enum store_status store_append_interval(
	struct store *store, struct interval_row *row);
__attribute__((warn_unused_result)) enum store_status store_append_event(
	struct store *store, struct event_row *row);
__attribute__((warn_unused_result)) enum store_status store_append_trend(
	struct store *store, struct trend_row *row);
__attribute__((warn_unused_result)) enum store_status store_commit(struct store *store);

/*
 * Room for so many intervals, appended one after the other: none of them is
 * refused, and one commit writes them all, or none. False: memory is out, and
 * nothing has changed. Holds until that commit.
 */
__attribute__((warn_unused_result)) bool store_reserve(struct store *store, size_t intervals);

/* Move a cursor up, `delivered` down too; kept in memory, written with the next commit. */
void store_set_sent(struct store *store, enum stream stream, int64_t id);
void store_set_delivered(struct store *store, enum stream stream, int64_t id);

/* What energy may go to make room. */
enum store_settled {
	STORE_SETTLED_AUTO, /* what is delivered where that is known; else what was sent */
	STORE_SETTLED_SENT,
	STORE_SETTLED_DELIVERED,
};
void store_set_settled(struct store *store, enum store_settled settled);

/* The last failure in words ("database disk image is malformed"); "" when there was none. */
const char *store_reason(const struct store *store);

/*
 * To go on from after a restart (counter_resume): the newest committed interval
 * of a series by time, and the newest that has readings and was not made null
 * by a later revision; of several revisions the one with the largest id. False
 * when there is none. A frontier (below) leaves only rows that came after it.
 */
bool store_last_interval(struct store *store, int32_t series, struct interval_row *ret_row);
bool store_last_known_interval(struct store *store, int32_t series, struct interval_row *ret_row);

/*
 * ---- What accounting must know beyond the rows ----
 *
 * Each is written with the next commit, in one transaction with the rows
 * appended before it, and only when it changes, which is rarely.
 */

/* A series' state. All zero when there is none (scale.denominator 0: not known). */
struct series_state {
	struct scale scale;         /* in force: a raw step of the register, in inside steps */
	struct scale configured;    /* the configuration's when that was decided */
	int64_t valid_from_wall_ms; /* the configuration's then; INT64_MIN: it named none */
	/*
	 * Where accounting goes on when rows do not tell (after a clock that was
	 * set back, an exchange, a change of scale): holds until a row with
	 * readings and an id above after_id; rows up to after_id are not looked at,
	 * and never again once a frontier was set. A row counts as after it that
	 * ends later than frontier_wall_ms, and, where rows reach further already
	 * (up to published_wall_ms), joins on to the frontier or to such a row:
	 * else it is a revision of an old one.
	 */
	bool has_frontier;
	int64_t after_id;          /* of the stream energy */
	int64_t frontier_wall_ms;  /* start of the open interval */
	int64_t published_wall_ms; /* end of the newest row by time */
	int64_t reading;           /* at frontier_wall_ms; may be negative */
	int64_t shift;             /* what is added to it for people: another device's reading */
	int32_t again_revision;    /* of rows published again before published_wall_ms; 0: 1 */
	uint8_t clock;
	bool is_good;   /* the reading is not inside a long gap */
	bool is_broken; /* the open interval holds a break; then `reading` is not used */
};
/* False when none was stored: then *ret_state is all zero. */
bool store_series_state(const struct store *store, int32_t series, struct series_state *ret_state);
void store_set_series_state(struct store *store, int32_t series, const struct series_state *state);

/* The device last seen at a meter. */
struct known_device {
	char model[64];         /* MODEL_NAME_MAX */
	char serial_number[65]; /* SERIAL_NUMBER_MAX; "": unknown */
};
bool store_device(const struct store *store, const char *meter, struct known_device *ret_device);
void store_set_device(struct store *store, const char *meter, const struct known_device *device);

/* The grid intervals were made on last; length_ms 0: none stored. */
struct interval_grid store_grid(const struct store *store);
void store_set_grid(struct store *store, const struct interval_grid *grid);

/* Readings of boots whose time never became known, oldest boot first, in order within each. */
struct unplaced_reading {
	char boot[40]; /* the kernel's boot id */
	int32_t series;
	int64_t at_mono_ms;
	int64_t value;
};
enum { STORE_UNPLACED_MAX = 16384 }; /* kept at most; the oldest boots go for the newest */
/* Replaces what this boot has stored; store_unplaced_clear() drops them all. */
void store_set_unplaced(
	struct store *store, const char *boot, const struct unplaced_reading *items, size_t count);
void store_unplaced_clear(struct store *store);
/* From malloc(), the caller's; NULL and 0 when there are none or memory is out. */
struct unplaced_reading *store_unplaced(struct store *store, size_t *ret_count);

/* ---- Looking back; committed rows only, but where it says otherwise ---- */

/* False ends the walk. May use the store: no transaction is open. */
typedef bool store_visitor(void *context, const struct interval_row *row);

struct store_walk {
	int64_t after_id;
	size_t rows_max;
	store_visitor *visit;
	void *context;
};

struct store_range {
	int32_t series;
	int64_t from_wall_ms;
	int64_t to_wall_ms;
};

/* The newest revision of each interval of a series that touches [from, to), in order of time. */
__attribute__((warn_unused_result)) enum store_status store_newest_intervals(
	struct store *store, const struct store_range *range, store_visitor *visit, void *context);

/* Every row of all series, by id from above walk->after_id. *ret_through: the last one visited, or
 * after_id; then there are no more. */
__attribute__((warn_unused_result)) enum store_status store_walk_intervals(
	struct store *store, const struct store_walk *walk, int64_t *ret_through);

/* An id that every row written since `wall_ms` is above, found without reading all; 0 when in
 * doubt. */
int64_t store_id_before(struct store *store, int64_t wall_ms);

/* Also one that waits for a commit. */
bool store_interval_by_id(struct store *store, int64_t id, struct interval_row *ret_row);
/* The oldest interval, by time, of a series that has readings in its newest revision; where it has
 * become coarse, from its first reading on. Reads all. */
bool store_first_interval(struct store *store, int32_t series, struct interval_row *ret_row);

/* How many series there are; their numbers are 0 .. count-1. */
size_t store_series_count(const struct store *store);

/*
 * Open for looking only: the running gateway goes on beside it. No lock is
 * taken, nothing is written; appending, setting and committing are programmers'
 * errors. What is newest when it is opened is what last intervals, cursors and
 * states tell; walks see what has been committed since.
 */
__attribute__((warn_unused_result)) enum store_status store_open_to_look(
	const char *directory, struct store **ret_store, struct store_opening *ret_opening);

/* One row of a stream, whatever its kind. */
struct store_row {
	enum { STORE_ROW_INTERVAL, STORE_ROW_EVENT, STORE_ROW_TREND } kind;
	union {
		struct interval_row interval;
		struct event_row event;
		struct trend_row trend;
	};
};

/* Rows with id > after, in order, at most `max`; *ret_count may be 0. */
__attribute__((warn_unused_result)) enum store_status store_read(struct store *store,
	enum stream stream, int64_t after, size_t max, struct store_row *ret_rows,
	size_t *ret_count);

/* ---- Coarse rows: what old ones have become (docs/store.md) ---- */

/* False ends the walk. No transaction is open. */
typedef bool store_coarse_visitor(void *context, const struct coarse_interval *row);

/* Where a walk stands; begin with {.length_ms = INT64_MAX}. */
struct store_coarse_place {
	int64_t length_ms;
	int64_t start_wall_ms;
	int32_t series;
};

/* Those that start in [from, to), of one series or (STORE_ALL_SERIES) of all. */
enum { STORE_ALL_SERIES = -1 };
struct store_coarse_walk {
	struct store_range range;
	size_t rows_max; /* looked at, about */
	store_coarse_visitor *visit;
	void *context;
};
/*
 * The coarsest first, each level in order of time. *place moves on; *ret_more:
 * there are more. An interval counts in one coarse row, or in its own newest
 * row as store_walk_intervals() and store_newest_intervals() give it, not both;
 * where store_coarsened() has changed in between, begin again.
 */
__attribute__((warn_unused_result)) enum store_status store_walk_coarse(struct store *store,
	const struct store_coarse_walk *walk, struct store_coarse_place *place, bool *ret_more);
/* How many commits have changed coarse intervals since store_open(). */
int64_t store_coarsened(const struct store *store);
/* How far they reach, of any series. */
struct coarse_reach store_coarse_reach(struct store *store);
/* An instant lies in a coarse interval of a series. */
bool store_is_coarse(struct store *store, int32_t series, int64_t wall_ms);
/* All that is read until store_release() is of one moment, though another program goes on
 * writing. Not for long: its journal grows. A store that was not opened to look has no other
 * writer: nothing is held. */
__attribute__((warn_unused_result)) enum store_status store_hold(struct store *store);
void store_release(struct store *store);

/*
 * Rows given up to keep the budget since store_open(): trends that were never
 * sent, and the last id of them (for an event). Undelivered energy never is.
 */
struct store_loss {
	int64_t trend_rows;
	int64_t trend_through;
};
struct store_loss store_loss(const struct store *store);

/* Bytes the file and its journal take on the disk. */
int64_t store_bytes(const struct store *store);

#endif
