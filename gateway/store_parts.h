/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_parts.h -- What the store's files share: its state, and the steps
 * opening, committing and keeping the budget are made of. For store*.c.
 */
#ifndef GATEWAY_STORE_PARTS_H
#define GATEWAY_STORE_PARTS_H

#include "gateway/store_format.h"

enum {
	WAITING_INTERVALS_MAX = 4096, /* rows not committed yet; more than a site makes at once */
	WAITING_EVENTS_MAX = 256,
	WAITING_TRENDS_MAX = 8192,
	INTERVAL_BYTES = 64, /* a row takes at most, nearly always, in the file */
	EVENT_BYTES = 320,
	TREND_BYTES = 56,
	COARSE_INTERVAL_BYTES = 88, /* a coarse row takes, about, with room between rows */
	COARSE_TREND_BYTES = 64,
	KEEP_LAST_ROWS = 20000, /* energy rows a start reads back at most, and twice that */
};

struct store_series {
	char *meter;
	enum quantity quantity; /* QUANTITY_COUNT: one this program does not know */
	int64_t last_id;        /* newest interval by time; 0: none */
	int64_t last_end_wall_ms;
	int64_t known_id; /* newest with readings; 0: none */
	int64_t known_start_wall_ms;
	int64_t known_end_wall_ms;
	bool known_is_lost; /* a later revision took its readings: to be looked for */
	bool has_state;
	bool state_changed;
	struct series_state state;
};

struct store_device {
	char meter[METER_ID_MAX];
	struct known_device device;
	bool changed;
};

/* Readings of one boot. */
struct unplaced_boot {
	char boot[sizeof(((struct unplaced_reading *)0)->boot)];
	struct unplaced_reading *items;
	size_t count; /* 0 with `changed`: given up, gone after the next commit */
	bool changed;
};

/* store_state.c's: what is stored beside rows; written with the next commit where changed. */
struct store_states {
	struct store_device *devices;
	size_t devices_count;
	struct interval_grid grid;
	bool grid_changed;
	struct unplaced_boot *boots; /* oldest first */
	size_t boots_count;
	bool unplaced_cleared; /* what the file holds goes */
	bool changed;          /* any of it, or a series' */
};

/* The last row that revises an interval of a UTC day. */
struct revised_day {
	int64_t day_wall_ms; /* its start */
	int64_t last_id;
};

/* store_coarse.c's: what coarsening must know beyond the file's rows. */
struct store_coarse {
	int64_t until_wall_ms; /* no coarse interval reaches further; INT64_MIN: there is none */
	struct revised_day *revised; /* since they were written into the file last */
	size_t revised_count;
	size_t revised_capacity;
	size_t revised_written;  /* by the commit on its way */
	bool revised_is_unknown; /* memory was out: any interval may have been revised */
	bool has_coarsened;      /* the commit on its way */
	int64_t times;           /* commits that did, since it was opened */
};

/* Coarse rows of a level that start before an instant. */
struct coarse_step {
	enum coarse_level level;
	int64_t end_wall_ms;
};

/* Rows of one kind that wait for the next commit. */
struct row_queue {
	char *rows;
	size_t row_bytes;
	size_t count;
	size_t capacity;
	size_t max;
};

enum waiting_kind { WAITING_INTERVALS, WAITING_EVENTS, WAITING_TRENDS, WAITING_KIND_COUNT };

struct store {
	struct store_sqlite *db;
	char path[256];
	int directory;       /* held locked; -1: not open */
	int64_t now_wall_ms; /* when it was opened */
	struct store_identity identity;
	struct store_cursor cursors[STREAM_COUNT];
	int64_t given[STREAM_COUNT]; /* last id given, committed or not */
	bool cursors_changed;
	struct store_series *series; /* number is the place */
	size_t series_count;
	size_t series_capacity;
	size_t series_committed;
	struct row_queue waiting[WAITING_KIND_COUNT];
	int64_t rows_since_kept;
	struct store_states states;
	struct store_coarse coarse;
	struct store_loss loss;
	struct store_loss losing; /* by the commit on its way */
	bool is_refusing;         /* the last commit failed */
	bool is_damaged;          /* found while in use */
	enum store_settled settled;
	bool is_looking;  /* store_open_to_look(): nothing is written */
	char reason[160]; /* of the last failure */
};

/* store.c: a failed read, told to the owner. Returns `status`. */
enum store_status store_note_failure(struct store *store, enum store_status status);

/* store_series.c: names and numbers, and the last interval of each (which the states have a say
 * in: load them in between). */
enum store_status store_series_load(struct store *store);
enum store_status store_series_load_last(struct store *store);
enum store_status store_series_commit(struct store *store);
void store_series_note(struct store *store, const struct interval_row *row);
enum store_status store_series_keep_last(struct store *store);
/* The state's frontier is another one: what counts as last is found anew. */
void store_series_look_again(struct store *store, int32_t series);
void store_series_free(struct store *store);
bool store_series_read(struct store *store, int64_t id, struct interval_row *ret_row);

/* store_state.c. The series must have been loaded. */
enum store_status store_states_load(struct store *store);
enum store_status store_states_commit(struct store *store);
void store_states_note_committed(struct store *store);
int64_t store_states_bytes(const struct store *store); /* that wait, at most */
void store_states_free(struct store *store);

/* store_unplaced.c: its part of that. */
enum store_status store_unplaced_load(struct store *store);
enum store_status store_unplaced_commit(struct store *store);
void store_unplaced_note_committed(struct store *store);
int64_t store_unplaced_bytes(const struct store *store);
void store_unplaced_free(struct store *store);

/* store_coarse.c: coarse rows and those that came late. */
enum store_status store_coarse_load(struct store *store);
void store_coarse_free(struct store *store);
/* A row that was committed, or is found in the file. */
void store_coarse_note(struct store *store, const struct interval_row *row);
/* In a transaction: what was noted goes into the file. */
enum store_status store_coarse_keep(struct store *store);
/* How the commit on its way ended. */
void store_coarse_begin(struct store *store);
void store_coarse_note_committed(struct store *store);
/* In a transaction, of a row that is being written: where its span is coarse already, it counts
 * there. */
enum store_status store_coarse_take_late(struct store *store, const struct interval_row *row);
/* In a transaction: through which id intervals with ids through `through` are revised; at least
 * `through`. */
int64_t store_coarse_revised_through(struct store *store, int64_t through);

/* store_coarse_walk.c: the oldest coarse interval of a series that has readings, as an interval. */
bool store_coarse_first(struct store *store, int32_t series, struct interval_row *ret_row);

/* store_coarsen.c: in a transaction, rows become coarser ones. */
/* All energy rows through an id; those that revise them stand at most at `revised_through`. Events
 * through it go. */
enum store_status store_coarsen_intervals(
	struct store *store, int64_t through, int64_t revised_through);
enum store_status store_coarsen_trends(struct store *store, int64_t through);
/* Coarse rows of a level, into a coarser one. */
enum store_status store_coarsen_level(
	struct store *store, enum stream stream, const struct coarse_step *step);
/* What is as coarse as it gets and starts before an instant is deleted. */
enum store_status store_drop_coarsest(struct store *store, enum stream stream, int64_t end_wall_ms);

/* store_room.c: inside a transaction, make room for `bytes` by giving up what may be. */
enum store_status store_make_room(struct store *store, int64_t bytes);

/* store_open.c: small enough to be read through at every start. */
bool store_is_read_through(const struct store *store);

/* store_identity.c: of a new file, inside a transaction; of one that is there. */
enum store_status store_identity_create(struct store *store, const struct store_settings *settings);
enum store_status store_identity_load(
	struct store *store, const struct store_settings *settings, struct store_opening *opening);

/* store_file.c */
/* `store->path` in a directory; the beside one is for when a newer byport's file stands there.
 * False when it is too long. */
bool store_file_name(struct store *store, const char *directory, bool is_beside);
/* Whose file is it? STORE_OK too when there is none yet. */
enum store_status store_file_look_at(const char *path, struct store_opening *opening);
void store_set_aside(const char *path, int64_t now_wall_ms, char *ret_path, size_t size);

/* store_open.c */
struct store *store_make(int64_t now_wall_ms);
/* Statements, cursors, series and states of an open file, for `statements` of them. */
enum store_status store_load(struct store *store, size_t statements);

#endif
