/* SPDX-License-Identifier: Apache-2.0 */
/* store_fixture.c -- store_fixture.h. */
#include "tests/fakes/store_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum store_status store_fixture_open_as(
	struct store_fixture *fixture, const char *machine_id, int64_t bytes_max)
{
	const struct store_settings settings = {
		.directory = fixture->directory,
		.bytes_max = bytes_max,
		.now_wall_ms = STORE_FIXTURE_T0,
		.machine_id = machine_id,
	};

	return store_open(&settings, &fixture->store, &fixture->opening);
}

void store_fixture_open(struct store_fixture *fixture)
{
	assert_int_equal(store_fixture_open_as(fixture, "0123abcd", STORE_FIXTURE_BYTES), STORE_OK);
}

void store_fixture_close(struct store_fixture *fixture)
{
	fixture->store = store_close(fixture->store);
	assert_null(fixture->store);
}

int store_fixture_setup(void **state)
{
	struct store_fixture *fixture = calloc(1, sizeof(*fixture));

	snprintf(fixture->directory, sizeof(fixture->directory), "/tmp/byport-store-XXXXXX");
	*state = fixture;
	return mkdtemp(fixture->directory) ? 0 : -1;
}

int store_fixture_teardown(void **state)
{
	struct store_fixture *fixture = *state;
	char command[128];

	store_close(fixture->store);
	snprintf(command, sizeof(command), "rm -rf '%s'", fixture->directory);
	int failed = system(command);
	free(fixture);
	return failed;
}

void store_fixture_path(
	const struct store_fixture *fixture, const char *name, char path[static 160])
{
	snprintf(path, 160, "%s/%s", fixture->directory, name);
}

void store_fixture_write_file(
	const struct store_fixture *fixture, const char *name, const char *text)
{
	char path[160];

	store_fixture_path(fixture, name, path);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

struct interval_row store_fixture_quarter(int32_t series, int number)
{
	return (struct interval_row){
		.start_wall_ms = STORE_FIXTURE_T0 + (int64_t)number * STORE_FIXTURE_QUARTER_MS,
		.end_wall_ms = STORE_FIXTURE_T0 + (int64_t)(number + 1) * STORE_FIXTURE_QUARTER_MS,
		.energy = 1000 + number,
		.reading_start = 5000000000 + number * INT64_C(10000),
		.reading_end = 5000001000 + number * INT64_C(10001),
		.series = series,
		.clock = CLOCK_STATE_SYNCHRONISED,
		.has_readings = true,
	};
}

void store_fixture_append_quarters(struct store_fixture *fixture, int32_t series, int from, int to)
{
	for (int i = from; i < to; i++) {
		struct interval_row row = store_fixture_quarter(series, i);
		assert_int_equal(store_append_interval(fixture->store, &row), STORE_OK);
	}
}

void store_fixture_append_trends(struct store_fixture *fixture, int32_t series, int from, int to)
{
	for (int i = from; i < to; i++) {
		struct trend_row row = {
			.start_wall_ms = STORE_FIXTURE_T0 + (int64_t)i * STORE_FIXTURE_MINUTE_MS,
			.end_wall_ms =
				STORE_FIXTURE_T0 + (int64_t)(i + 1) * STORE_FIXTURE_MINUTE_MS,
			.mean = 1234567 + i,
			.min = -7,
			.max = 7654321,
			.series = series,
			.count = 6,
		};
		assert_int_equal(store_append_trend(fixture->store, &row), STORE_OK);
	}
}

int32_t store_fixture_series(struct store_fixture *fixture, const char *meter)
{
	int32_t series = store_series(fixture->store, meter, QUANTITY_ACTIVE_ENERGY_IMPORT, NULL);

	assert_true(series >= 0);
	return series;
}

size_t store_fixture_read(
	struct store_fixture *fixture, enum stream stream, struct store_row *rows, size_t max)
{
	size_t count = 0;

	assert_int_equal(store_read(fixture->store, stream, 0, max, rows, &count), STORE_OK);
	return count;
}

int64_t store_fixture_append(struct store_fixture *fixture, struct interval_row row)
{
	assert_int_equal(store_append_interval(fixture->store, &row), STORE_OK);
	return row.id;
}

void store_fixture_ask_sql(const struct store_fixture *fixture, const char *name, const char *sql,
	char answer[static STORE_FIXTURE_ANSWER])
{
	char command[700];

	snprintf(command, sizeof(command), "sqlite3 -readonly '%s/%s' \"%s\"", fixture->directory,
		name, sql);
	FILE *shell = popen(command, "r");
	assert_non_null(shell);
	answer[0] = '\0';
	if (fgets(answer, STORE_FIXTURE_ANSWER, shell)) {
		answer[strcspn(answer, "\n")] = '\0';
	}
	assert_int_equal(pclose(shell), 0);
}

void store_fixture_cut_power(struct store_fixture *fixture)
{
	char command[400];

	snprintf(command, sizeof(command),
		"cd '%s' && mkdir cut && cp store.db cut && { test ! -e store.db-wal ||"
		" cp store.db-wal cut; }",
		fixture->directory);
	assert_int_equal(system(command), 0);
	store_fixture_close(fixture);
	snprintf(command, sizeof(command), "cd '%s' && rm -f store.db* && mv cut/* . && rmdir cut",
		fixture->directory);
	assert_int_equal(system(command), 0);
	store_fixture_open(fixture);
}

void store_fixture_run_sql(const struct store_fixture *fixture, const char *name, const char *sql)
{
	char command[400];

	snprintf(command, sizeof(command), "sqlite3 '%s/%s' \"%s\"", fixture->directory, name, sql);
	assert_int_equal(system(command), 0);
}
