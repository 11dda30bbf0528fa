/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_sqlite.h -- SQLite, as little of it as the store needs: one connection,
 * its prepared statements, and results as store_status. The only module that
 * includes sqlite3.h. For store*.c.
 */
#ifndef GATEWAY_STORE_SQLITE_H
#define GATEWAY_STORE_SQLITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/store.h"

struct store_sqlite;

/* Open or create a file; nothing is written yet, and closing it leaves a journal as it is until
 * store_sqlite_accept(). On failure `reason` says why. */
enum store_status store_sqlite_open(
	const char *path, struct store_sqlite **ret_db, char *reason, size_t reason_size);

/* Open a file for reading beside its writer. `is_still`: nobody writes it, and no file is made
 * beside it; else its journal is read too, and must be there. */
enum store_status store_sqlite_open_to_look(const char *path, bool is_still,
	struct store_sqlite **ret_db, struct store_opening *ret_opening);

/* Of a budget: what is left for the file when its journal is as large as it gets. */
int64_t store_sqlite_bytes_usable(int64_t bytes_max);
/* The file is ours: set it up for writing (WAL, FULL, small memory), and later on keep it within
 * bytes_max for the file and its journal together. */
enum store_status store_sqlite_accept(struct store_sqlite *db, int64_t bytes_max);
enum store_status store_sqlite_keep_budget(struct store_sqlite *db);

/* Bytes that can still be written before bytes_max is reached. */
int64_t store_sqlite_room(struct store_sqlite *db);

/* NULL is fine. Always returns NULL. */
struct store_sqlite *store_sqlite_close(struct store_sqlite *db);

/* Begin to write. STORE_FULL too when the journal is as large as it may get, since another program
 * that reads keeps it from being folded in. */
enum store_status store_sqlite_begin(struct store_sqlite *db);

/* Run SQL without parameters or results. */
enum store_status store_sqlite_exec(struct store_sqlite *db, const char *sql);

/* First column of the first row as a number; `fallback` when there is none or it fails. */
int64_t store_sqlite_number(struct store_sqlite *db, const char *sql, int64_t fallback);
/* The same as text. False when there is none. */
bool store_sqlite_word(struct store_sqlite *db, const char *sql, char *buffer, size_t size);

/* Take sql[0..count-1]; statements are named by their place from then on, and made when first used.
 * `sql` outlives `db`. */
void store_sqlite_take_statements(struct store_sqlite *db, const char *const *sql, size_t count);
/* Give back the memory of those made so far; they are made again when used. */
void store_sqlite_release(struct store_sqlite *db);

/* Parameters count from 1, columns from 0. */
void store_sqlite_bind(struct store_sqlite *db, unsigned statement, int parameter, int64_t number);
void store_sqlite_bind_null(struct store_sqlite *db, unsigned statement, int parameter);
void store_sqlite_bind_text(
	struct store_sqlite *db, unsigned statement, int parameter, const char *text);

enum store_sqlite_step { STORE_SQLITE_ROW, STORE_SQLITE_DONE, STORE_SQLITE_FAILED };
enum store_sqlite_step store_sqlite_step(struct store_sqlite *db, unsigned statement);
/* True at a row. False at the end of them: then *ret_status says how it ended, and the statement is
 * reset. */
bool store_sqlite_next(struct store_sqlite *db, unsigned statement, enum store_status *ret_status);
int64_t store_sqlite_column(struct store_sqlite *db, unsigned statement, int column);
bool store_sqlite_column_is_null(struct store_sqlite *db, unsigned statement, int column);
/* Until the next step or reset; "" for NULL. */
const char *store_sqlite_column_text(struct store_sqlite *db, unsigned statement, int column);
/* Ready it for the next use; forgets its parameters. */
void store_sqlite_reset(struct store_sqlite *db, unsigned statement);

/* First column of its first row as a number, and reset it; `fallback` when there is none. */
int64_t store_sqlite_first(struct store_sqlite *db, unsigned statement, int64_t fallback);

/* Step a statement that returns no rows, and reset it. */
enum store_status store_sqlite_run(struct store_sqlite *db, unsigned statement);

/* The last failure. */
enum store_status store_sqlite_status(const struct store_sqlite *db);
const char *store_sqlite_reason(const struct store_sqlite *db);

#endif
