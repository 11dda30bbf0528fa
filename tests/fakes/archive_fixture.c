/* SPDX-License-Identifier: Apache-2.0 */
/* archive_fixture.c -- tests/tools/postgres_cluster.sh runs the cluster; the look is a back end's
 * own. */
#include "tests/fakes/archive_fixture.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define CLUSTER "tests/tools/postgres_cluster.sh"

enum archive_backend { ARCHIVE_ON_SQLITE, ARCHIVE_ON_POSTGRES };

static struct {
	enum archive_backend backend;
	char folder[64];
	char where[160];
	pid_t cluster;
	unsigned count;
} fixture;

static pid_t start_cluster(const char *folder)
{
	pid_t child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		execlp("bash", "bash", CLUSTER, "run", folder, (char *)NULL);
		_exit(127);
	}
	return child;
}

static int begin(enum archive_backend backend)
{
	fixture.backend = backend;
	fixture.count = 0;
	fixture.cluster = 0;
	snprintf(fixture.folder, sizeof(fixture.folder), "%s", "/tmp/byport-archive-XXXXXX");
	if (!mkdtemp(fixture.folder))
		return -1;
	if (backend == ARCHIVE_ON_POSTGRES)
		fixture.cluster = start_cluster(fixture.folder);
	return fixture.cluster < 0 ? -1 : 0;
}

int archive_fixture_sqlite(void **state)
{
	(void)state;
	return begin(ARCHIVE_ON_SQLITE);
}

int archive_fixture_postgres(void **state)
{
	(void)state;
	return begin(ARCHIVE_ON_POSTGRES);
}

int archive_fixture_end(void **state)
{
	(void)state;
	char command[128];
	if (fixture.cluster > 0) {
		kill(fixture.cluster, SIGINT);
		waitpid(fixture.cluster, NULL, 0);
	}
	snprintf(command, sizeof(command), "rm -rf %s", fixture.folder);
	return system(command);
}

const char *archive_fixture_new(void)
{
	char command[256];
	unsigned number = ++fixture.count;
	if (fixture.backend == ARCHIVE_ON_SQLITE) {
		snprintf(fixture.where, sizeof(fixture.where), "%s/%u.db", fixture.folder, number);
		return fixture.where;
	}
	snprintf(
		command, sizeof(command), "bash " CLUSTER " create %s t%u", fixture.folder, number);
	assert_int_equal(system(command), 0);
	snprintf(fixture.where, sizeof(fixture.where), "host=%s user=byport dbname=t%u",
		fixture.folder, number);
	return fixture.where;
}

static void take(void *context, const struct archive_value *columns)
{
	*(struct archive_value *)context = columns[0];
}

static enum archive_status look(const char *sql, struct archive_value *ret_first)
{
	const char *const statements[] = {sql};
	struct archive_db *db = fixture.backend == ARCHIVE_ON_SQLITE
					? archive_sqlite_new(statements, 1)
					: archive_postgres_new(statements, 1);
	assert_non_null(db);
	assert_int_equal(db->ops->open(db, fixture.where), ARCHIVE_OK);
	const struct archive_call call = {.take = take, .context = ret_first};
	enum archive_status status = db->ops->run(db, &call);
	if (status != ARCHIVE_OK)
		print_error("%s: %s\n", sql, db->reason);
	db->ops->close(db);
	return status;
}

int64_t archive_fixture_number(const char *sql)
{
	struct archive_value first = {.type = ARCHIVE_NULL};
	assert_int_equal(look(sql, &first), ARCHIVE_OK);
	assert_int_equal(first.type, ARCHIVE_NUMBER);
	return first.number;
}

void archive_fixture_exec(const char *sql)
{
	struct archive_value first;
	assert_int_equal(look(sql, &first), ARCHIVE_OK);
}

void said_begin(struct said *said, enum message_kind kind, const char *store_id)
{
	memset(said, 0, sizeof(*said));
	said->message.kind = kind;
	said->message.stream.store = store_id;
	said->message.stream.generation = 100;
	said->message.stream.stream = kind == MESSAGE_TRENDS ? STREAM_TRENDS : STREAM_ENERGY;
	said->message.stream.rows = kind == MESSAGE_INTERVALS ? (void *)said->intervals
				    : kind == MESSAGE_EVENTS  ? (void *)said->events
							      : (void *)said->trends;
}

static struct interval_message_row interval(int64_t id)
{
	return (struct interval_message_row){
		.meter = "main",
		.quantity = QUANTITY_ACTIVE_ENERGY_IMPORT,
		.row = {.id = id,
			.start_wall_ms = BEGIN_MS + id * HOUR_MS,
			.end_wall_ms = BEGIN_MS + (id + 1) * HOUR_MS,
			.energy = id * KWH,
			.reading_start = id * (id - 1) / 2 * KWH,
			.reading_end = id * (id + 1) / 2 * KWH,
			.has_readings = true,
			.quality = QUALITY_MEASURED,
			.clock = CLOCK_STATE_SYNCHRONISED}
        };
}

void said_add(struct said *said, int64_t id)
{
	struct stream_message *stream = &said->message.stream;
	size_t i = stream->rows_count++;
	if (i == 0)
		stream->after = id - 1;
	stream->through = id;
	said->intervals[i] = interval(id);
	said->events[i] = (struct event_row){.id = id,
		.at_wall_ms = BEGIN_MS + id,
		.kind = EVENT_METER_SILENT,
		.meter = "main",
		.text = "no answer",
		.clock = CLOCK_STATE_SYNCHRONISED};
	said->trends[i] = (struct trend_message_row){
		.meter = "main",
		.quantity = QUANTITY_ACTIVE_POWER,
		.row = {.id = id,
			.start_wall_ms = BEGIN_MS + id * 60000,
			.end_wall_ms = BEGIN_MS + (id + 1) * 60000,
			.mean = 5,
			.min = 1,
			.max = 9,
			.count = 6}
        };
}

void said_run(struct said *said, enum message_kind kind, int64_t first, int64_t last)
{
	said_begin(said, kind, "s1");
	for (int64_t id = first; id <= last; id++)
		said_add(said, id);
}

enum archive_status said_take(struct archive_store *by, const struct said *said, int64_t at_wall_ms,
	struct archive_taken *ret_taken)
{
	const struct archive_arrival arrival = {
		.name = SAID_GATEWAY, .message = &said->message, .at_wall_ms = at_wall_ms};
	enum archive_status status = archive_store_prepare(by, &arrival);
	if (status != ARCHIVE_OK)
		return status;
	assert_int_equal(archive_store_begin(by), ARCHIVE_OK);
	status = archive_store_take(by, &arrival, ret_taken);
	if (status == ARCHIVE_OK)
		status = archive_store_commit(by);
	if (status != ARCHIVE_OK)
		print_error("%s\n", archive_store_reason(by));
	return status;
}
