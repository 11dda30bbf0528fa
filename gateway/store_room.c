/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_room.c -- Keeping the budget. What is delivered becomes coarser, the
 * oldest first; undelivered trends go; what is as coarse as it gets goes when
 * there is no other way. Undelivered energy never goes.
 *
 * How far back each resolution reaches follows from the budget: of all steps
 * that give room, the one is taken whose oldest rows are the oldest against how
 * far they are meant to reach. So that trend minutes that reach back a week go
 * with quarter hours of two months, and energy at full resolution of four.
 */
#include "gateway/store_parts.h"

enum {
	SLACK_BYTES = 64 * 1024, /* inner pages, half-filled pages, cursors */
	ROUNDS_MAX = 256,        /* a commit's, when it has no room */
	ROUNDS_AHEAD = 2, /* a commit's, while there is less room than the reserve: so that its
			     journal stays small, whatever a round gives */
	RESERVE_BYTES = 128 * 1024,
	CHUNK_IDS_MIN = 1024,  /* a round's: so many, */
	CHUNK_IDS_MAX = 8192,  /* at most, */
	CHUNK_SHARE = 64,      /* or this share of all that is there */
	LEVEL_ROWS_MAX = 4096, /* coarse rows a round makes coarser, about */
	LEVEL_SHARE = 8,       /* and no more than this share of the time they reach over */
	FULL_DAYS = 35,        /* energy stays as it is for so long: profiles need four weeks, and
				  people settle what happened lately */
};
#define DAY_MS INT64_C(86400000)

double store_days_held(int64_t bytes_max, const struct store_day *day)
{
	double bytes = day->intervals * INTERVAL_BYTES + day->events * EVENT_BYTES;

	return (double)(store_sqlite_bytes_usable(bytes_max) - SLACK_BYTES) / bytes;
}

double store_years_coarse(int64_t bytes_max, const struct store_series_counts *counts)
{
	double bytes =
		counts->counters * COARSE_INTERVAL_BYTES + counts->gauges * COARSE_TREND_BYTES;

	return (double)(store_sqlite_bytes_usable(bytes_max) - SLACK_BYTES) / bytes / 365.25;
}

/* ---- what is there ---- */

/* A step that gives room. */
struct plan {
	enum stream stream;
	int64_t oldest_wall_ms; /* of what it is about */
	int64_t first;          /* ids */
	int64_t through;
	int64_t revised_through;
	struct coarse_step level;
};

/* What a round goes by. */
struct round {
	struct store *store;
	int64_t newest_wall_ms;
	bool hurries; /* nothing else is left */
};

static int64_t settled_through(const struct store *store, enum stream stream)
{
	const struct store_cursor *cursor = &store->cursors[stream];

	switch (store->settled) {
	case STORE_SETTLED_AUTO:
		return cursor->delivered > 0 ? cursor->delivered : cursor->sent;
	case STORE_SETTLED_SENT:
		return cursor->sent;
	case STORE_SETTLED_DELIVERED:
		return cursor->delivered;
	}
	return 0;
}

/* A trend's, whatever its clock said. */
static int64_t trend_start(struct store *store, int64_t id)
{
	store_sqlite_bind(store->db, STATEMENT_TRENDS_AFTER, 1, id - 1);
	int64_t start_wall_ms = INT64_MAX;
	if (store_sqlite_step(store->db, STATEMENT_TRENDS_AFTER) == STORE_SQLITE_ROW) {
		start_wall_ms = store_format_trend(store->db, STATEMENT_TRENDS_AFTER).start_wall_ms;
	}
	store_sqlite_reset(store->db, STATEMENT_TRENDS_AFTER);
	return start_wall_ms;
}

/* Of the first interval at or behind an id. */
static int64_t interval_start(struct store *store, int64_t id)
{
	store_sqlite_bind(store->db, STATEMENT_INTERVALS_AFTER, 1, id - 1);
	int64_t start_wall_ms = INT64_MAX;
	if (store_sqlite_step(store->db, STATEMENT_INTERVALS_AFTER) == STORE_SQLITE_ROW) {
		start_wall_ms =
			store_format_interval(store->db, STATEMENT_INTERVALS_AFTER).start_wall_ms;
	}
	store_sqlite_reset(store->db, STATEMENT_INTERVALS_AFTER);
	return start_wall_ms;
}

static int64_t newest_wall_ms(struct store *store)
{
	return store_sqlite_number(store->db,
		"SELECT coalesce((SELECT start_ms + length_ms FROM interval ORDER BY id DESC"
		" LIMIT 1), (SELECT start_ms + length_ms FROM trend ORDER BY id DESC LIMIT 1))",
		0);
}

/* ---- rows that are not coarse yet ---- */

static int64_t first_trend(struct store *store)
{
	return store_sqlite_number(store->db, "SELECT min(id) FROM trend", 0);
}

static int64_t first_energy(struct store *store)
{
	return store_sqlite_number(store->db,
		"SELECT min(id) FROM (SELECT min(id) AS id FROM interval"
		" UNION ALL SELECT min(id) FROM event)",
		0);
}

/* Last id of a round's portion. */
static int64_t portion(int64_t first, int64_t last)
{
	int64_t ids = (last - first) / CHUNK_SHARE;

	if (ids < CHUNK_IDS_MIN) {
		ids = CHUNK_IDS_MIN;
	}
	return first + (ids < CHUNK_IDS_MAX ? ids : CHUNK_IDS_MAX) - 1;
}

/* Where an hour begins near the end of a portion, so that hours stay together; `through` when
 * that is further off than another portion or not delivered. */
static int64_t end_at_hour(
	struct store *store, enum store_statement statement, int64_t through, int64_t settled)
{
	int64_t latest = through + CHUNK_IDS_MAX;

	if (latest > settled) {
		latest = settled;
	}
	store_sqlite_bind(store->db, statement, 1, through);
	store_sqlite_bind(store->db, statement, 2, latest);
	return store_sqlite_first(store->db, statement, through + 1) - 1;
}

/* The newest stays: the stream's last id can be read. */
static bool look_at_trends(const struct round *round, struct plan *plan)
{
	struct store *store = round->store;
	int64_t settled = settled_through(store, STREAM_TRENDS);

	if (settled >= store->cursors[STREAM_TRENDS].last) {
		settled = store->cursors[STREAM_TRENDS].last - 1;
	}
	plan->first = first_trend(store);
	if (plan->first == 0 || plan->first > settled) {
		return false;
	}
	plan->stream = STREAM_TRENDS;
	plan->through = portion(plan->first, store->cursors[STREAM_TRENDS].last);
	plan->through = plan->through < settled ? end_at_hour(store, STATEMENT_TREND_HOUR_BOUNDARY,
							  plan->through, settled)
						: settled;
	plan->oldest_wall_ms = trend_start(store, plan->first);
	return true;
}

static bool look_at_energy(const struct round *round, struct plan *plan)
{
	struct store *store = round->store;
	int64_t settled = settled_through(store, STREAM_ENERGY);

	plan->first = first_energy(store);
	if (plan->first == 0 || plan->first > settled) {
		return false;
	}
	plan->stream = STREAM_ENERGY;
	plan->through = portion(plan->first, store->cursors[STREAM_ENERGY].last);
	plan->through = plan->through < settled ? end_at_hour(store, STATEMENT_HOUR_BOUNDARY,
							  plan->through, settled)
						: settled;
	plan->revised_through = store_coarse_revised_through(store, plan->through);
	plan->oldest_wall_ms = interval_start(store, plan->first);
	int64_t next_wall_ms = interval_start(store, plan->through + 1);
	bool is_old = next_wall_ms <= round->newest_wall_ms - FULL_DAYS * DAY_MS;
	return round->hurries || (is_old && plan->revised_through <= settled);
}

static bool look_at_undelivered_trends(const struct round *round, struct plan *plan)
{
	struct store *store = round->store;
	int64_t last = store->cursors[STREAM_TRENDS].last;

	plan->first = first_trend(store);
	plan->stream = STREAM_TRENDS;
	plan->through = portion(plan->first, last);
	if (plan->through >= last) {
		plan->through = last - 1;
	}
	plan->oldest_wall_ms = trend_start(store, plan->first);
	return plan->first > settled_through(store, STREAM_TRENDS) && plan->through >= plan->first;
}

/* ---- coarse rows ---- */

static const enum store_statement level_first[STREAM_COUNT] = {
	[STREAM_ENERGY] = STATEMENT_INTERVAL_LEVEL_FIRST,
	[STREAM_TRENDS] = STATEMENT_TREND_LEVEL_FIRST,
};

static const enum store_statement level_nth[STREAM_COUNT] = {
	[STREAM_ENERGY] = STATEMENT_INTERVAL_LEVEL_NTH,
	[STREAM_TRENDS] = STATEMENT_TREND_LEVEL_NTH,
};

static int64_t oldest_of_level(struct store *store, enum stream stream, enum coarse_level level)
{
	store_sqlite_bind(store->db, level_first[stream], 1, coarse_level_ms(level));
	return store_sqlite_first(store->db, level_first[stream], INT64_MAX);
}

/* Nothing finer than a level is older than this. */
static int64_t finer_from(struct store *store, enum stream stream, enum coarse_level level)
{
	int64_t from = stream == STREAM_TRENDS ? trend_start(store, first_trend(store))
					       : interval_start(store, first_energy(store));

	for (int finer = COARSE_QUARTER; finer < (int)level; finer++) {
		int64_t oldest = oldest_of_level(store, stream, (enum coarse_level)finer);
		from = oldest < from ? oldest : from;
	}
	return from;
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Rows of plan->level.level that a round takes: whole spans of `into`, at least one, none of which
 * ends behind `limit`. */
static bool plan_level(
	const struct round *round, enum coarse_level into, int64_t limit_wall_ms, struct plan *plan)
{
	struct store *store = round->store;
	int64_t oldest = oldest_of_level(store, plan->stream, plan->level.level);

	if (oldest == INT64_MAX) {
		return false;
	}
	store_sqlite_bind(
		store->db, level_nth[plan->stream], 1, coarse_level_ms(plan->level.level));
	store_sqlite_bind(store->db, level_nth[plan->stream], 2, LEVEL_ROWS_MAX);
	int64_t end = store_sqlite_first(store->db, level_nth[plan->stream], INT64_MAX);
	int64_t first_end = coarse_span_at(into, oldest).end_wall_ms;
	int64_t reach = round->newest_wall_ms > oldest ? round->newest_wall_ms - oldest : 0;
	end = coarse_span_at(into, least(least(end, limit_wall_ms), oldest + reach / LEVEL_SHARE))
		      .start_wall_ms;
	plan->oldest_wall_ms = oldest;
	plan->level.end_wall_ms = end > first_end ? end : first_end;
	return plan->level.end_wall_ms <= limit_wall_ms;
}

static bool look_at_level(const struct round *round, struct plan *plan)
{
	return plan_level(round, (enum coarse_level)(plan->level.level + 1),
		round->hurries ? INT64_MAX
			       : finer_from(round->store, plan->stream, plan->level.level),
		plan);
}

static bool look_at_days(const struct round *round, struct plan *plan)
{
	return plan_level(round, COARSE_DAY, INT64_MAX, plan);
}

/* ---- the steps ---- */

static enum store_status coarsen_rows(struct store *store, const struct plan *plan)
{
	return plan->stream == STREAM_TRENDS
		       ? store_coarsen_trends(store, plan->through)
		       : store_coarsen_intervals(store, plan->through, plan->revised_through);
}

static enum store_status coarsen_level(struct store *store, const struct plan *plan)
{
	return store_coarsen_level(store, plan->stream, &plan->level);
}

static enum store_status drop_days(struct store *store, const struct plan *plan)
{
	return store_drop_coarsest(store, plan->stream, plan->level.end_wall_ms);
}

static enum store_status drop_trends(struct store *store, const struct plan *plan)
{
	const struct store_cursor *cursor = &store->cursors[STREAM_TRENDS];
	int64_t unsent_after = cursor->sent >= plan->first ? cursor->sent : plan->first - 1;

	if (plan->through > unsent_after) {
		store_sqlite_bind(store->db, STATEMENT_COUNT_TRENDS, 1, unsent_after);
		store_sqlite_bind(store->db, STATEMENT_COUNT_TRENDS, 2, plan->through);
		store->losing.trend_rows +=
			store_sqlite_first(store->db, STATEMENT_COUNT_TRENDS, 0);
		store->losing.trend_through = plan->through;
	}
	store_sqlite_bind(store->db, STATEMENT_DROP_TRENDS, 1, plan->through);
	return store_sqlite_run(store->db, STATEMENT_DROP_TRENDS);
}

struct room_step {
	double reach; /* how far back its rows are meant to go, against trend minutes; 0: it is
			 taken in its turn, when no other gives room */
	bool hurries;
	enum stream stream;
	enum coarse_level level;
	bool (*look)(const struct round *round, struct plan *plan);
	enum store_status (*take)(struct store *store, const struct plan *plan);
};

/* clang-format off */
static const struct room_step steps[] = {
	/* reach hurries  stream         level           look                        take */
	{1,      false,   STREAM_TRENDS, COARSE_QUARTER, look_at_trends,             coarsen_rows},
	{4,      false,   STREAM_TRENDS, COARSE_QUARTER, look_at_undelivered_trends, drop_trends},
	{8,      false,   STREAM_TRENDS, COARSE_QUARTER, look_at_level,              coarsen_level},
	{32,     false,   STREAM_TRENDS, COARSE_HOUR,    look_at_level,              coarsen_level},
	{16,     false,   STREAM_ENERGY, COARSE_HOUR,    look_at_energy,             coarsen_rows},
	{128,    false,   STREAM_ENERGY, COARSE_HOUR,    look_at_level,              coarsen_level},
	/* No other way. */
	{0,      false,   STREAM_TRENDS, COARSE_DAY,     look_at_days,               drop_days},
	{0,      false,   STREAM_ENERGY, COARSE_DAY,     look_at_days,               drop_days},
	{0,      true,    STREAM_ENERGY, COARSE_HOUR,    look_at_energy,             coarsen_rows},
	{0,      true,    STREAM_ENERGY, COARSE_HOUR,    look_at_level,              coarsen_level},
};
/* clang-format on */

/* STORE_FULL when all that is left is undelivered energy; or, where it need not be, when all that
 * is left is what goes when there is no other way. */
static enum store_status take_a_step(struct store *store, bool must)
{
	struct round round = {.store = store, .newest_wall_ms = newest_wall_ms(store)};
	const struct room_step *best = NULL;
	struct plan best_plan = {.first = 0};
	double best_age = -1;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		const struct room_step *step = &steps[i];
		struct plan plan = {.stream = step->stream, .level = {.level = step->level}};
		round.hurries = step->hurries;
		if ((step->reach == 0 && (best || !must)) || !step->look(&round, &plan)) {
			continue;
		}
		double age = (double)round.newest_wall_ms - (double)plan.oldest_wall_ms;
		age = age > 0 && step->reach > 0 ? age / step->reach : 0;
		if (age > best_age) {
			best = step;
			best_plan = plan;
			best_age = age;
		}
	}
	return best ? best->take(store, &best_plan) : STORE_FULL;
}

static bool has_room(struct store *store, int64_t bytes)
{
	return store_sqlite_room(store->db) >= bytes + SLACK_BYTES;
}

enum store_status store_make_room(struct store *store, int64_t bytes)
{
	enum store_status status = STORE_OK;
	int rounds = 0;

	while (status == STORE_OK && !has_room(store, bytes) && rounds++ < ROUNDS_MAX) {
		store->cursors_changed = true; /* the last ids must outlive the rows */
		status = take_a_step(store, true);
	}
	if (status == STORE_OK && !has_room(store, bytes)) {
		return STORE_FULL;
	}
	while (status == STORE_OK && !has_room(store, bytes + RESERVE_BYTES) &&
		rounds++ < ROUNDS_AHEAD) {
		store->cursors_changed = true;
		status = take_a_step(store, false);
	}
	/* Nothing more may become coarse yet: there is room enough for now. */
	return status == STORE_FULL && has_room(store, bytes) ? STORE_OK : status;
}
