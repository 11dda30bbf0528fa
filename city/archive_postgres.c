/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive_postgres.c -- archive_db.h on PostgreSQL. The only file that includes
 * libpq-fe.h.
 *
 * Statements without rows go out in a pipeline, and their results are looked at
 * with the next one that has rows, or at the commit: a row then costs no round
 * trip.
 */
#include <assert.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "city/archive_db.h"

enum {
	LOCK_KEY = 0x62797074, /* "bypt": of those that are alone */
	PIPELINE_MAX = 256,    /* results outstanding: neither side's socket buffer fills */
	MONTHS = (ARCHIVE_MONTHS_LAST_YEAR - ARCHIVE_MONTHS_FIRST_YEAR + 1) * 12,
	BY_MONTH_MAX = 4, /* tables */
	SQL_BYTES_MAX = 4096,
	NUMBER_BYTES_MAX = 24,
	TYPE_INT8 = 20, /* pg_type.oid */
	TYPE_INT2 = 21,
	TYPE_INT4 = 23,
};

struct postgres_db {
	struct archive_db base;
	PGconn *connection;
	bool prepared[ARCHIVE_STATEMENTS_MAX];
	struct {
		const char *table;
		bool months[MONTHS]; /* have their partition */
	} by_month[BY_MONTH_MAX];
	size_t outstanding; /* statements whose results have not been looked at */
};

static struct postgres_db *of(struct archive_db *db)
{
	return (struct postgres_db *)(void *)db;
}

/* Class 22: data exception; 23: constraint; 42: the statement itself. */
static enum archive_status note(struct postgres_db *db, const PGresult *result)
{
	ExecStatusType type = PQresultStatus(result);
	if (type == PGRES_COMMAND_OK || type == PGRES_TUPLES_OK || type == PGRES_SINGLE_TUPLE)
		return ARCHIVE_OK;
	if (type == PGRES_PIPELINE_ABORTED) /* the one before has said why */
		return ARCHIVE_UNAVAILABLE;
	const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	snprintf(db->base.reason, sizeof(db->base.reason), "%s",
		text ? text : PQerrorMessage(db->connection));
	db->base.reason[strcspn(db->base.reason, "\n")] = '\0';
	bool refused = code && (strncmp(code, "22", 2) == 0 || strncmp(code, "23", 2) == 0 ||
				       strncmp(code, "42", 2) == 0);
	return refused ? ARCHIVE_REFUSED : ARCHIVE_UNAVAILABLE;
}

static enum archive_status exec(struct postgres_db *db, const char *sql)
{
	assert(db->outstanding == 0);
	PGresult *result = PQexec(db->connection, sql);
	enum archive_status status = note(db, result);
	PQclear(result);
	return status;
}

static enum archive_status postgres_open(struct archive_db *base, const char *where)
{
	struct postgres_db *db = of(base);
	PQfinish(db->connection);
	memset(db->prepared, 0, sizeof(db->prepared));
	db->outstanding = 0;
	db->connection = PQconnectdb(where);
	if (PQstatus(db->connection) != CONNECTION_OK) {
		snprintf(base->reason, sizeof(base->reason), "%s", PQerrorMessage(db->connection));
		base->reason[strcspn(base->reason, "\n")] = '\0';
		return ARCHIVE_UNAVAILABLE;
	}
	return exec(db, "SET client_min_messages = warning; SET synchronous_commit = on;"
			"SET bytea_output = hex; SET client_encoding = 'UTF8'");
}

/* One made by hand need not be (a hypertable is not). */
static bool is_partitioned(struct postgres_db *db, const char *table)
{
	char sql[128];
	snprintf(sql, sizeof(sql), "SELECT relkind = 'p' FROM pg_class WHERE oid = '%s'::regclass",
		table);
	PGresult *result = PQexec(db->connection, sql);
	bool is = PQntuples(result) == 1 && strcmp(PQgetvalue(result, 0, 0), "t") == 0;
	PQclear(result);
	return is;
}

static enum archive_status make_partition(
	struct postgres_db *db, const char *table, const char *name, const char *values)
{
	char sql[SQL_BYTES_MAX];
	if (!is_partitioned(db, table))
		return ARCHIVE_OK;
	snprintf(sql, sizeof(sql), "CREATE TABLE IF NOT EXISTS %s_%s PARTITION OF %s %s", table,
		name, table, values);
	return exec(db, sql);
}

static const char utc_function[] =
	"CREATE OR REPLACE FUNCTION utc(ms bigint) RETURNS timestamptz IMMUTABLE LANGUAGE sql "
	"RETURN to_timestamp(ms / 1000.0)";

static enum archive_status postgres_make(struct archive_db *base, const struct archive_piece *piece)
{
	/* clang-format off */
	static const struct { const char *before; const char *between; const char *behind; } forms[] = {
		[ARCHIVE_TABLE]          = {"CREATE TABLE IF NOT EXISTS", "(",  ")"},
		[ARCHIVE_TABLE_BY_MONTH] = {"CREATE TABLE IF NOT EXISTS", "(",  ") PARTITION BY RANGE (start_ms)"},
		[ARCHIVE_INDEX]          = {"CREATE INDEX IF NOT EXISTS", "ON", ""},
		[ARCHIVE_VIEW]           = {"CREATE OR REPLACE VIEW",     "AS", ""},
	};
	/* clang-format on */
	struct postgres_db *db = of(base);
	char sql[SQL_BYTES_MAX];
	enum archive_status status = ARCHIVE_OK;
	snprintf(sql, sizeof(sql), "%s %s %s %s%s", forms[piece->kind].before, piece->name,
		forms[piece->kind].between, piece->sql, forms[piece->kind].behind);
	if (piece->kind == ARCHIVE_VIEW)
		status = exec(db, utc_function);
	if (status == ARCHIVE_OK)
		status = exec(db, sql);
	if (status == ARCHIVE_OK && piece->kind == ARCHIVE_TABLE_BY_MONTH)
		status = make_partition(db, piece->name, "other", "DEFAULT");
	return status;
}

/* 00:00 UTC of the first day of a month, counted from January of the first year. */
static int64_t month_start_ms(int month)
{
	struct tm first = {.tm_year = ARCHIVE_MONTHS_FIRST_YEAR - 1900 + month / 12,
		.tm_mon = month % 12,
		.tm_mday = 1};
	return (int64_t)timegm(&first) * 1000;
}

static enum archive_status make_month(struct postgres_db *db, const char *table, int month)
{
	char name[32], values[96];
	enum archive_status status = db->base.ops->begin(&db->base, true);
	snprintf(name, sizeof(name), "%04d_%02d", ARCHIVE_MONTHS_FIRST_YEAR + month / 12,
		month % 12 + 1);
	snprintf(values, sizeof(values), "FOR VALUES FROM (%" PRId64 ") TO (%" PRId64 ")",
		month_start_ms(month), month_start_ms(month + 1));
	if (status == ARCHIVE_OK)
		status = make_partition(db, table, name, values);
	if (status == ARCHIVE_OK)
		status = db->base.ops->commit(&db->base);
	if (status != ARCHIVE_OK)
		db->base.ops->rollback(&db->base);
	return status;
}

/* The months of a table that are known to have their partition; NULL: no more tables are known. */
static bool *months_of(struct postgres_db *db, const char *table)
{
	for (size_t i = 0; i < BY_MONTH_MAX; i++) {
		if (!db->by_month[i].table)
			db->by_month[i].table = table;
		if (strcmp(db->by_month[i].table, table) == 0)
			return db->by_month[i].months;
	}
	return NULL;
}

static enum archive_status postgres_make_room(
	struct archive_db *base, const char *table, int64_t start_wall_ms)
{
	struct postgres_db *db = of(base);
	struct tm utc;
	time_t seconds = (time_t)(start_wall_ms / 1000);
	bool *months = months_of(db, table);
	assert(months);
	if (start_wall_ms < 0 || !gmtime_r(&seconds, &utc) ||
		utc.tm_year + 1900 < ARCHIVE_MONTHS_FIRST_YEAR ||
		utc.tm_year + 1900 > ARCHIVE_MONTHS_LAST_YEAR)
		return ARCHIVE_OK;
	int month = (utc.tm_year + 1900 - ARCHIVE_MONTHS_FIRST_YEAR) * 12 + utc.tm_mon;
	if (months[month])
		return ARCHIVE_OK;
	enum archive_status status = make_month(db, table, month);
	months[month] = status == ARCHIVE_OK;
	return status;
}

static enum archive_status postgres_begin(struct archive_db *base, bool alone)
{
	char sql[96];
	snprintf(sql, sizeof(sql), "BEGIN; SELECT pg_advisory_xact_lock(%d)", LOCK_KEY);
	return exec(of(base), alone ? sql : "BEGIN");
}

/* Results of what is outstanding, the rows of the last one to `call`; and out of the pipeline. */
static enum archive_status finish(struct postgres_db *db, const struct archive_call *call);

static enum archive_status postgres_commit(struct archive_db *base)
{
	enum archive_status status = finish(of(base), NULL);
	return status == ARCHIVE_OK ? exec(of(base), "COMMIT") : status;
}

static void postgres_rollback(struct archive_db *base)
{
	struct postgres_db *db = of(base);
	(void)finish(db, NULL);
	if (PQtransactionStatus(db->connection) != PQTRANS_IDLE &&
		PQstatus(db->connection) == CONNECTION_OK)
		PQclear(PQexec(db->connection, "ROLLBACK"));
}

static struct archive_value column_of(const PGresult *result, int row, int column)
{
	if (PQgetisnull(result, row, column))
		return (struct archive_value){.type = ARCHIVE_NULL};
	const char *text = PQgetvalue(result, row, column);
	Oid type = PQftype(result, column);
	if (type == TYPE_INT8 || type == TYPE_INT4 || type == TYPE_INT2)
		return (struct archive_value){ARCHIVE_NUMBER, strtoll(text, NULL, 10), NULL};
	return (struct archive_value){ARCHIVE_TEXT, 0, text};
}

static void take_rows(const PGresult *result, const struct archive_call *call)
{
	struct archive_value columns[ARCHIVE_COLUMNS_MAX];
	int count = PQnfields(result);
	assert(count <= ARCHIVE_COLUMNS_MAX);
	for (int row = 0; row < PQntuples(result); row++) {
		for (int i = 0; i < count; i++)
			columns[i] = column_of(result, row, i);
		call->take(call->context, columns);
	}
}

static enum archive_status finish(struct postgres_db *db, const struct archive_call *call)
{
	enum archive_status status = ARCHIVE_OK;
	if (PQpipelineStatus(db->connection) == PQ_PIPELINE_OFF)
		return status;
	PQpipelineSync(db->connection);
	/* Each statement's results end with a NULL; the sync's own ends them all. */
	for (bool synced = false; !synced && PQstatus(db->connection) == CONNECTION_OK;) {
		PGresult *result = PQgetResult(db->connection);
		if (!result) {
			db->outstanding -= db->outstanding > 0;
			continue;
		}
		synced = PQresultStatus(result) == PGRES_PIPELINE_SYNC;
		enum archive_status of_this = synced ? ARCHIVE_OK : note(db, result);
		status = status == ARCHIVE_OK ? of_this : status;
		if (!synced && call && db->outstanding == 1 && status == ARCHIVE_OK)
			take_rows(result, call);
		PQclear(result);
	}
	if (PQstatus(db->connection) != CONNECTION_OK) {
		snprintf(db->base.reason, sizeof(db->base.reason), "the connection is lost");
		status = ARCHIVE_UNAVAILABLE;
	}
	db->outstanding = 0;
	PQexitPipelineMode(db->connection);
	return status;
}

static enum archive_status prepare(struct postgres_db *db, unsigned statement)
{
	char name[16];
	assert(statement < db->base.statements_count);
	if (db->prepared[statement])
		return ARCHIVE_OK;
	enum archive_status status = finish(db, NULL);
	if (status != ARCHIVE_OK)
		return status;
	snprintf(name, sizeof(name), "s%u", statement);
	PGresult *result = PQprepare(db->connection, name, db->base.statements[statement], 0, NULL);
	status = note(db, result);
	PQclear(result);
	db->prepared[statement] = status == ARCHIVE_OK;
	return status;
}

static bool send(struct postgres_db *db, const struct archive_call *call)
{
	char numbers[ARCHIVE_PARAMETERS_MAX][NUMBER_BYTES_MAX];
	const char *values[ARCHIVE_PARAMETERS_MAX] = {NULL};
	char name[16];
	assert(call->values_count <= ARCHIVE_PARAMETERS_MAX);
	for (size_t i = 0; i < call->values_count; i++) {
		snprintf(numbers[i], sizeof(numbers[i]), "%" PRId64, call->values[i].number);
		if (call->values[i].type != ARCHIVE_NULL)
			values[i] = call->values[i].type == ARCHIVE_TEXT ? call->values[i].text
									 : numbers[i];
	}
	snprintf(name, sizeof(name), "s%u", call->statement);
	PQenterPipelineMode(db->connection);
	db->outstanding++;
	return PQsendQueryPrepared(
		       db->connection, name, (int)call->values_count, values, NULL, NULL, 0) == 1;
}

static enum archive_status postgres_run(struct archive_db *base, const struct archive_call *call)
{
	struct postgres_db *db = of(base);
	enum archive_status status = prepare(db, call->statement);
	if (status != ARCHIVE_OK)
		return status;
	bool in_transaction =
		db->outstanding > 0 || PQtransactionStatus(db->connection) == PQTRANS_INTRANS;
	bool sent = send(db, call);
	if (!sent)
		snprintf(base->reason, sizeof(base->reason), "%s", PQerrorMessage(db->connection));
	if (sent && !call->take && in_transaction && db->outstanding < PIPELINE_MAX)
		return ARCHIVE_OK;
	status = finish(db, call->take ? call : NULL);
	return sent ? status : ARCHIVE_UNAVAILABLE;
}

static struct archive_db *postgres_close(struct archive_db *base)
{
	if (base) {
		PQfinish(of(base)->connection);
		free(base);
	}
	return NULL;
}

static const struct archive_db_ops postgres_ops = {
	.open = postgres_open,
	.make = postgres_make,
	.make_room = postgres_make_room,
	.begin = postgres_begin,
	.commit = postgres_commit,
	.rollback = postgres_rollback,
	.run = postgres_run,
	.close = postgres_close,
};

struct archive_db *archive_postgres_new(const char *const *statements, size_t count)
{
	assert(count <= ARCHIVE_STATEMENTS_MAX);
	struct postgres_db *db = calloc(1, sizeof(*db));
	if (!db)
		return NULL;
	db->base = (struct archive_db){
		.ops = &postgres_ops, .statements = statements, .statements_count = count};
	return &db->base;
}
