/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive.h -- The receiving end as docs/mqtt.md tells consumers to be: rows by
 * key, newest (generation, revision) wins, streams checked for holes.
 */
#ifndef TESTS_SIMULATION_ARCHIVE_H
#define TESTS_SIMULATION_ARCHIVE_H

#include "gateway/core/calendar.h"
#include "gateway/message.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/plan.h"

struct simulation;

/* The newest of a key. */
struct kept_row {
	int64_t start_wall_ms;
	int64_t end_wall_ms;
	int64_t energy;
	int64_t reading_start;
	int64_t reading_end;
	int64_t generation;
	int64_t id;
	int32_t revision;
	uint32_t flags;
	uint8_t quality;
	uint8_t method;
	bool has_readings;
	bool correction;
};

/* Energy that was counted around a break, told as an event. */
struct kept_withheld {
	int64_t at_wall_ms;
	int64_t amount;
};

/* Rows of one series, in order of their start. */
struct kept_series {
	struct kept_withheld *withheld;
	size_t withheld_count;
	struct kept_row *rows;
	size_t count;
	size_t room;
};

/* A gateway's energies by hour or day, as last told. */
enum { KEPT_TOTALS_MAX = 32 };
struct kept_totals {
	struct totals_row rows[KEPT_TOTALS_MAX];
	size_t count;
	int64_t through_wall_ms;
	int64_t end_wall_ms;
};

/* One store's stream. */
struct kept_stream {
	char store[37];
	int64_t generation;
	int64_t through;
	int64_t last_id; /* of a row */
};

/* What it says to the gateway. */
struct archive_word {
	bool gives; /* receipts */
	struct dice dice;
	char payload[1024]; /* the last receipt; "": none yet */
};

/* A hash of every (store, id), to know what arrives again. */
struct archive {
	struct kept_series series[PLAN_METERS_MAX][PLAN_COUNTERS_MAX];
	struct kept_stream streams[STREAM_COUNT];
	struct kept_totals totals[2]; /* the gateway's: this day by hour, this month by day */
	uint64_t *seen[STREAM_COUNT]; /* content by id, of the store in use */
	size_t seen_room[STREAM_COUNT];
	struct archive_word word;
};

void archive_take(
	struct simulation *simulation, enum message_kind kind, const char *payload, size_t length);
/* A message of `totals`. */
void archive_take_totals(struct simulation *simulation, const char *payload, size_t length);
void archive_clear(struct archive *archive);

/* The newest rows of a series that begin in a range: index of the first at or after an instant. */
size_t archive_from(const struct kept_series *series, int64_t start_wall_ms);

#endif
