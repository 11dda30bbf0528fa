/* SPDX-License-Identifier: Apache-2.0 */
/*
 * raw_base.h -- What a data base takes with nothing around it: the same rows into the
 * archive's own table, in transactions, nothing looked up, nobody told. The archive's
 * reference.
 */
#ifndef TESTS_BENCH_RAW_BASE_H
#define TESTS_BENCH_RAW_BASE_H

#include <stdbool.h>
#include <stddef.h>

#include "city/archive_db.h"

enum { RAW_COLUMNS = 16 }; /* of `intervals` */

/* Rows to be written. */
struct raw_rows {
	/* Row `i`, counted from 0; texts live until the next call. */
	void (*row)(void *context, long i, struct archive_value values[static RAW_COLUMNS]);
	void *context;
	long count;
	long a_transaction;
};

/* False, said on standard error, when the data base does not take them. */
bool raw_sqlite(const char *where, const struct raw_rows *rows);           /* prepared inserts */
bool raw_postgres_inserts(const char *where, const struct raw_rows *rows); /* in a pipeline */
bool raw_postgres_copy(const char *where, const struct raw_rows *rows);

#endif
