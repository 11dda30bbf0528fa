/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive_fixture.h -- An empty archive for each test, in SQLite or in a PostgreSQL
 * of the test's own (unix socket, ended with the test), and a second look into it.
 */
#ifndef TESTS_FAKES_ARCHIVE_FIXTURE_H
#define TESTS_FAKES_ARCHIVE_FIXTURE_H

#include "city/archive_store.h"

/* Of a group of tests: a folder, and the cluster where it is needed. 0, or -1. */
int archive_fixture_sqlite(void **state);
int archive_fixture_postgres(void **state);
int archive_fixture_end(void **state);

/* Where the next empty archive is; valid until the next call. */
const char *archive_fixture_new(void);

/* One number from the archive of the last archive_fixture_new(), beside the store that is open
 * there. Fails the test when there is none. */
int64_t archive_fixture_number(const char *sql);

/* Run SQL there. */
void archive_fixture_exec(const char *sql);

#define HOUR_MS  INT64_C(3600000)
#define BEGIN_MS INT64_C(1793491200000) /* 2026-11-01T00:00:00Z */
#define KWH      INT64_C(1000000)

#define SAID_GATEWAY "oslo/skole/main"
enum { SAID_ROWS_MAX = 64 };

/* A message of the test's own rows. */
struct said {
	struct message message;
	struct interval_message_row intervals[SAID_ROWS_MAX];
	struct event_row events[SAID_ROWS_MAX];
	struct trend_message_row trends[SAID_ROWS_MAX];
};

/* An empty message of generation 100. */
void said_begin(struct said *said, enum message_kind kind, const char *store_id);
/* Its next row. Interval `id` is the hour `id` after the beginning, and has used id kWh. */
void said_add(struct said *said, int64_t id);
/* A message of store "s1" with the rows first..last. */
void said_run(struct said *said, enum message_kind kind, int64_t first, int64_t last);
/* Prepared, taken and committed, of SAID_GATEWAY; what is not is left as it is. */
enum archive_status said_take(struct archive_store *by, const struct said *said, int64_t at_wall_ms,
	struct archive_taken *ret_taken);

#endif
