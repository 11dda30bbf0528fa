/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_db.h -- SQLite, as little of it as the store needs: one connection,
 * its prepared statements, and results as store_status. The only module that
 * includes sqlite3.h. For store*.c.
 */
#ifndef GATEWAY_STORE_DB_H
#define GATEWAY_STORE_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/store.h"

struct store_db;

/* Open or create a file; nothing is written yet, and closing it leaves a journal as it is until
 * store_db_accept(). On failure `reason` says why. */
enum store_status store_db_open(
	const char *path, struct store_db **ret_db, char *reason, size_t reason_size);

/* The file is ours: set it up for writing (WAL, FULL, small memory), within bytes_max for the file
 * and its journal together. */
enum store_status store_db_accept(struct store_db *db, int64_t bytes_max);

/* Bytes that can still be written before bytes_max is reached. */
int64_t store_db_room(struct store_db *db);

/* NULL is fine. Always returns NULL. */
struct store_db *store_db_close(struct store_db *db);

/* Run SQL without parameters or results. */
enum store_status store_db_exec(struct store_db *db, const char *sql);

/* First column of the first row as a number; `fallback` when there is none or it fails. */
int64_t store_db_number(struct store_db *db, const char *sql, int64_t fallback);
/* The same as text. False when there is none. */
bool store_db_word(struct store_db *db, const char *sql, char *buffer, size_t size);

/* Prepare sql[0..count-1]; statements are named by their place from then on. */
enum store_status store_db_prepare(struct store_db *db, const char *const *sql, size_t count);

/* Parameters count from 1, columns from 0. */
void store_db_bind(struct store_db *db, unsigned statement, int parameter, int64_t number);
void store_db_bind_null(struct store_db *db, unsigned statement, int parameter);
void store_db_bind_text(struct store_db *db, unsigned statement, int parameter, const char *text);

enum store_db_step { STORE_DB_ROW, STORE_DB_DONE, STORE_DB_FAILED };
enum store_db_step store_db_step(struct store_db *db, unsigned statement);
int64_t store_db_column(struct store_db *db, unsigned statement, int column);
bool store_db_column_is_null(struct store_db *db, unsigned statement, int column);
/* Until the next step or reset; "" for NULL. */
const char *store_db_column_text(struct store_db *db, unsigned statement, int column);
/* Ready it for the next use; forgets its parameters. */
void store_db_reset(struct store_db *db, unsigned statement);

/* Step a statement that returns no rows, and reset it. */
enum store_status store_db_run(struct store_db *db, unsigned statement);

/* The last failure. */
enum store_status store_db_status(const struct store_db *db);
const char *store_db_reason(const struct store_db *db);

#endif
