/* SPDX-License-Identifier: Apache-2.0 */
/*
 * real_data.h -- The readings of real meters in ../shared/data (origin and
 * licences stand in SOURCE.md there), and a book that keeps the newest row of
 * each interval accounting makes of them.
 */
#ifndef TESTS_FAKES_REAL_DATA_H
#define TESTS_FAKES_REAL_DATA_H

/* cmocka.h needs the first four. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/core/accounting.h"

enum { REAL_FIELDS_MAX = 12, REAL_HOURS_MAX = 8800, REAL_ROWS_MAX = 40000, REAL_SKIPPED = 77 };

extern const char real_drammen[];
extern const char real_cambridge[];
extern const char real_danish[];
extern const int64_t real_drammen_start_wall_ms;   /* 2018-01-07T17:00:00Z */
extern const int64_t real_cambridge_start_wall_ms; /* 2018-01-01T00:00:00Z */
extern const int64_t real_danish_start_wall_ms;    /* 2018-12-31T23:00:00Z */

/* False, with a line that says why on stdout: the files are not here, the test is to be skipped. */
bool real_data_is_here(void);

struct real_table {
	char fields[REAL_HOURS_MAX][REAL_FIELDS_MAX][28];
	size_t count; /* without the first line */
};

/* The caller frees it. */
struct real_table *real_table_read(const char *path);
/* A field in steps of 10^-decimals. */
int64_t real_table_number(
	const struct real_table *table, size_t row, size_t field, int8_t decimals);

/* A counter, and the newest row of each of its intervals. */
struct real_book {
	struct counter counter;
	struct counter_rules rules;
	struct counter_sink sink;
	struct interval_row newest[REAL_ROWS_MAX]; /* by interval since start_wall_ms */
	bool known[REAL_ROWS_MAX];
	int64_t start_wall_ms;
	struct interval_row last; /* taken */
	size_t rows;
};

/* The caller frees it. */
struct real_book *real_book_new(enum quantity quantity, int64_t length_ms, int64_t start_wall_ms);
void real_book_read(struct real_book *book, int64_t at_wall_ms, int64_t value);

#endif
