/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive_fixture.h -- An empty archive for each test, in SQLite or in a PostgreSQL
 * of the test's own (unix socket, ended with the test), and a second look into it.
 */
#ifndef TESTS_FAKES_ARCHIVE_FIXTURE_H
#define TESTS_FAKES_ARCHIVE_FIXTURE_H

#include "city/archive_store.h"

enum archive_backend { ARCHIVE_ON_SQLITE, ARCHIVE_ON_POSTGRES };

/* Of a group of tests: a folder, and the cluster where it is needed. 0, or -1. */
int archive_fixture_begin(enum archive_backend backend);
int archive_fixture_end(void);

/* Where the next empty archive is; valid until the next call. */
const char *archive_fixture_new(void);

/* One number from the archive of the last archive_fixture_new(), beside the store that is open
 * there. Fails the test when there is none. */
int64_t archive_fixture_number(const char *sql);

/* Run SQL there. */
void archive_fixture_exec(const char *sql);

#endif
