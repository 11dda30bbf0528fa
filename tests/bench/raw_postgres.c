/* SPDX-License-Identifier: Apache-2.0 */
/* raw_postgres.c -- raw_base.h on PostgreSQL: prepared inserts in a pipeline, and COPY. */
#include <inttypes.h>
#include <libpq-fe.h>
#include <stdio.h>

#include "tests/bench/raw_base.h"

enum {
	NUMBER_BYTES_MAX = 24,
	LINE_BYTES_MAX = 1024,
	OUTSTANDING_MAX = 256, /* as the archive has it: neither side's socket buffer fills */
};

static const char insert[] = "INSERT INTO intervals VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, "
			     "$10, $11, $12, $13, $14, $15, $16)";

static bool exec(PGconn *db, const char *sql, ExecStatusType expected)
{
	PGresult *result = PQexec(db, sql);
	bool good = PQresultStatus(result) == expected;
	PQclear(result);
	return good;
}

static bool send_row(PGconn *db, const struct archive_value *values)
{
	char numbers[RAW_COLUMNS][NUMBER_BYTES_MAX];
	const char *texts[RAW_COLUMNS] = {NULL};
	for (int i = 0; i < RAW_COLUMNS; i++) {
		snprintf(numbers[i], sizeof(numbers[i]), "%" PRId64, values[i].number);
		if (values[i].type != ARCHIVE_NULL)
			texts[i] = values[i].type == ARCHIVE_TEXT ? values[i].text : numbers[i];
	}
	return PQsendQueryPrepared(db, "add", RAW_COLUMNS, texts, NULL, NULL, 0) == 1;
}

/* Results of all that was sent. */
static bool finish(PGconn *db)
{
	bool good = PQpipelineSync(db) == 1;
	for (bool synced = false; good && !synced;) {
		PGresult *result = PQgetResult(db);
		ExecStatusType status = result ? PQresultStatus(result) : PGRES_COMMAND_OK;
		synced = status == PGRES_PIPELINE_SYNC;
		good = synced || status == PGRES_COMMAND_OK;
		PQclear(result);
	}
	return good;
}

static bool insert_all(PGconn *db, const struct raw_rows *rows)
{
	struct archive_value values[RAW_COLUMNS];
	bool good = PQenterPipelineMode(db) == 1;
	for (long i = 0; good && i < rows->count; i++) {
		bool ends = (i + 1) % rows->a_transaction == 0 || i + 1 == rows->count;
		if (i % rows->a_transaction == 0)
			good = PQsendQueryParams(db, "BEGIN", 0, NULL, NULL, NULL, NULL, 0) == 1;
		rows->row(rows->context, i, values);
		good = good && send_row(db, values);
		if (good && ends)
			good = PQsendQueryParams(db, "COMMIT", 0, NULL, NULL, NULL, NULL, 0) == 1;
		if (good && (ends || (i + 1) % OUTSTANDING_MAX == 0))
			good = finish(db);
	}
	return PQexitPipelineMode(db) == 1 && good;
}

/* One line of COPY's text format; what is written here needs no escapes. */
static bool copy_row(PGconn *db, const struct archive_value *values)
{
	char line[LINE_BYTES_MAX];
	int length = 0;
	for (int i = 0; i < RAW_COLUMNS; i++) {
		const char *between = i + 1 < RAW_COLUMNS ? "\t" : "\n";
		char *at = line + length;
		size_t room = sizeof(line) - (size_t)length;
		if (values[i].type == ARCHIVE_NUMBER)
			length += snprintf(at, room, "%" PRId64 "%s", values[i].number, between);
		else
			length += snprintf(at, room, "%s%s",
				values[i].type == ARCHIVE_TEXT ? values[i].text : "\\N", between);
	}
	return PQputCopyData(db, line, length) == 1;
}

static bool end_copy(PGconn *db)
{
	bool good = PQputCopyEnd(db, NULL) == 1;
	for (PGresult *result; (result = PQgetResult(db)) != NULL; PQclear(result))
		good = good && PQresultStatus(result) == PGRES_COMMAND_OK;
	return good;
}

static bool copy_all(PGconn *db, const struct raw_rows *rows)
{
	struct archive_value values[RAW_COLUMNS];
	bool good = true;
	for (long i = 0; good && i < rows->count; i++) {
		if (i % rows->a_transaction == 0)
			good = exec(db, "COPY intervals FROM STDIN", PGRES_COPY_IN);
		rows->row(rows->context, i, values);
		good = good && copy_row(db, values);
		if (good && ((i + 1) % rows->a_transaction == 0 || i + 1 == rows->count))
			good = end_copy(db);
	}
	return good;
}

static bool run(const char *where, const struct raw_rows *rows,
	bool (*write_all)(PGconn *, const struct raw_rows *))
{
	PGconn *db = PQconnectdb(where);
	PGresult *prepared = PQprepare(db, "add", insert, 0, NULL);
	bool good = PQresultStatus(prepared) == PGRES_COMMAND_OK && write_all(db, rows);
	if (!good)
		fprintf(stderr, "raw_postgres: %s\n", PQerrorMessage(db));
	PQclear(prepared);
	PQfinish(db);
	return good;
}

bool raw_postgres_inserts(const char *where, const struct raw_rows *rows)
{
	return run(where, rows, insert_all);
}

bool raw_postgres_copy(const char *where, const struct raw_rows *rows)
{
	return run(where, rows, copy_all);
}
