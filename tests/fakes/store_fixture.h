/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_fixture.h -- A store in a directory of its own for each test, and rows
 * to put into it.
 */
#ifndef TESTS_FAKES_STORE_FIXTURE_H
#define TESTS_FAKES_STORE_FIXTURE_H

/* cmocka.h needs the first four. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/store.h"

enum {
	STORE_FIXTURE_QUARTER_MS = 900000,
	STORE_FIXTURE_MINUTE_MS = 60000,
	STORE_FIXTURE_BYTES = 64 << 20,
	STORE_FIXTURE_ANSWER = 8192, /* bytes of what sqlite3 says */
};
#define STORE_FIXTURE_T0 INT64_C(1767225600000) /* 2026-01-01T00:00:00Z */

struct store_fixture {
	char directory[96];
	struct store *store;
	struct store_opening opening;
};

enum store_status store_fixture_open_as(
	struct store_fixture *fixture, const char *machine_id, int64_t bytes_max);
void store_fixture_open(struct store_fixture *fixture);
void store_fixture_close(struct store_fixture *fixture);
int store_fixture_setup(void **state);
int store_fixture_teardown(void **state);
void store_fixture_path(
	const struct store_fixture *fixture, const char *name, char path[static 160]);
void store_fixture_write_file(
	const struct store_fixture *fixture, const char *name, const char *text);
struct interval_row store_fixture_quarter(int32_t series, int number);
void store_fixture_append_quarters(struct store_fixture *fixture, int32_t series, int from, int to);
void store_fixture_append_trends(struct store_fixture *fixture, int32_t series, int from, int to);
int32_t store_fixture_series(struct store_fixture *fixture, const char *meter);
size_t store_fixture_read(
	struct store_fixture *fixture, enum stream stream, struct store_row *rows, size_t max);
/* Append one; returns its id. */
int64_t store_fixture_append(struct store_fixture *fixture, struct interval_row row);
/* What sqlite3 says, reading only: its first line. */
void store_fixture_ask_sql(const struct store_fixture *fixture, const char *name, const char *sql,
	char answer[static STORE_FIXTURE_ANSWER]);
/* Go on from what a power failure now would leave: the files are copied as they are, and opened
 * in place of the store in use, which writes no more. */
void store_fixture_cut_power(struct store_fixture *fixture);
void store_fixture_run_sql(const struct store_fixture *fixture, const char *name, const char *sql);

#endif
