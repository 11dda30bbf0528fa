/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_store_coarse.c -- Protects: a small budget over a long time. Old rows become
 * hours and days, and nothing is lost or counted twice on the way: judged by a
 * ledger of what was appended, by sqlite3 and by what walks give. What is not
 * delivered stays as it is, and yesterday stays fine.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/newest_intervals.h"
#include "tests/fakes/store_fixture.h"

enum {
	SERIES = 2,
	QUARTERS_A_DAY = 96,
	DAYS = 400,
	GAUGE_MINUTES_A_DAY = 96,
	BUDGET = 1 << 20,
	REVISED_BACK = 20 * QUARTERS_A_DAY, /* people settle what is not coarse yet */
};
#define DAY_MS INT64_C(86400000)

/* What was appended: the newest of each quarter. */
struct ledger {
	int64_t energy[SERIES][DAYS * QUARTERS_A_DAY]; /* -1: no value */
	int32_t revision[SERIES][DAYS * QUARTERS_A_DAY];
	int64_t trend_sum;
	int64_t trend_count;
	int quarters;
};

static struct ledger ledger;
static bool dead;               /* nothing is read today */
static bool is_settled_by_hand; /* no revision comes but the test's own */

static void append(struct store_fixture *fixture, int32_t series, int number)
{
	struct interval_row row = store_fixture_quarter(series, number);

	row.revision = ledger.revision[series][number];
	row.quality = (uint8_t)(dead || rand() % 8 == 0 ? QUALITY_MISSING
				: rand() % 8 == 0       ? QUALITY_ESTIMATED
							: QUALITY_MEASURED);
	row.energy = row.quality == QUALITY_MISSING ? 0 : rand() % 100000;
	row.has_readings = row.quality == QUALITY_MEASURED;
	row.reading_end = row.reading_start + row.energy;
	ledger.energy[series][number] = row.quality == QUALITY_MISSING ? -1 : row.energy;
	assert_int_equal(store_append_interval(fixture->store, &row), STORE_OK);
}

static void revise(struct store_fixture *fixture, int32_t series, int number)
{
	ledger.revision[series][number]++;
	append(fixture, series, number);
}

static void live_a_day(struct store_fixture *fixture, const int32_t *series, int day)
{
	for (int i = 0; i < QUARTERS_A_DAY; i++, ledger.quarters++)
		for (int j = 0; j < SERIES; j++)
			append(fixture, series[j], ledger.quarters);
	for (int i = 0; i < 3 && !is_settled_by_hand; i++) {
		int back =
			rand() % (ledger.quarters < REVISED_BACK ? ledger.quarters : REVISED_BACK);
		revise(fixture, series[rand() % SERIES], ledger.quarters - 1 - back);
	}
	for (int i = 0; i < GAUGE_MINUTES_A_DAY; i++) {
		struct trend_row row = {
			.start_wall_ms = STORE_FIXTURE_T0 + day * DAY_MS +
					 (int64_t)i * STORE_FIXTURE_QUARTER_MS,
			.mean = rand() % 2000 - 1000,
			.series = SERIES,
			.count = 1 + rand() % 6,
		};
		row.end_wall_ms = row.start_wall_ms + STORE_FIXTURE_MINUTE_MS;
		row.min = row.mean - 5;
		row.max = row.mean + 5;
		ledger.trend_sum += row.mean * row.count;
		ledger.trend_count += row.count;
		assert_int_equal(store_append_trend(fixture->store, &row), STORE_OK);
	}
}

static void deliver_all(struct store_fixture *fixture)
{
	for (int i = 0; i < STREAM_COUNT; i++) {
		int64_t last = store_cursor(fixture->store, (enum stream)i).last;
		store_set_sent(fixture->store, (enum stream)i, last);
		store_set_delivered(fixture->store, (enum stream)i, last);
	}
}

static int64_t ledger_sum(int32_t series)
{
	int64_t sum = 0;

	for (int i = 0; i < ledger.quarters; i++)
		sum += ledger.energy[series][i] > 0 ? ledger.energy[series][i] : 0;
	return sum;
}

static int64_t ask(const struct store_fixture *fixture, const char *sql)
{
	char answer[STORE_FIXTURE_ANSWER];

	store_fixture_ask_sql(fixture, "store.db", sql, answer);
	return strtoll(answer, NULL, 10);
}

/* By sqlite3, from the tables as docs/store.md tells them. */
static void assert_sums_by_sql(const struct store_fixture *fixture)
{
	char sql[400];

	for (int32_t i = 0; i < SERIES; i++) {
		snprintf(sql, sizeof(sql),
			"SELECT (SELECT coalesce(sum(coalesce(energy, at_least)), 0) FROM"
			" coarse_interval WHERE series = %d) + (SELECT coalesce(sum(energy), 0) "
			"FROM"
			" (SELECT energy, max(id) FROM interval WHERE series = %d AND id NOT IN"
			" (SELECT id FROM absorbed) GROUP BY start_ms, length_ms))",
			i, i);
		assert_int_equal(ask(fixture, sql), ledger_sum(i));
	}
	assert_int_equal(ask(fixture, "SELECT (SELECT coalesce(sum(sum), 0) FROM coarse_trend) +"
				      " (SELECT coalesce(sum(mean * count), 0) FROM trend)"),
		ledger.trend_sum);
	assert_int_equal(ask(fixture, "SELECT (SELECT coalesce(sum(count), 0) FROM coarse_trend) +"
				      " (SELECT coalesce(sum(count), 0) FROM trend)"),
		ledger.trend_count);
}

struct given {
	int64_t sums[SERIES];
	int64_t coarse_rows;
};

static bool take(void *context, const struct interval_row *row)
{
	struct given *given = context;
	given->sums[row->series] += interval_has_value(row) ? row->energy : 0;
	return true;
}

static bool take_coarse(void *context, const struct coarse_interval *row)
{
	struct given *given = context;
	given->sums[row->series] += row->energy;
	given->coarse_rows++;
	return true;
}

static void assert_sums_by_walk(struct store_fixture *fixture)
{
	struct given given = {{0}, 0};
	const struct newest_visitors visitors = {take, take_coarse, &given};

	assert_true(newest_intervals_visit(fixture->store, INT64_MIN, &visitors));
	for (int i = 0; i < SERIES; i++)
		assert_int_equal(given.sums[i], ledger_sum(i));
}

static void open_with_series(struct store_fixture *fixture, int32_t *series)
{
	assert_int_equal(store_fixture_open_as(fixture, "0123abcd", BUDGET), STORE_OK);
	series[0] = store_fixture_series(fixture, "main");
	series[1] = store_fixture_series(fixture, "hall");
	assert_int_equal(store_series(fixture->store, "main", QUANTITY_ACTIVE_POWER, NULL), SERIES);
	memset(&ledger, 0, sizeof(ledger));
	dead = is_settled_by_hand = false;
}

static void over_a_year_nothing_is_lost_and_nothing_is_counted_twice(void **state)
{
	struct store_fixture *fixture = *state;
	int32_t series[SERIES];
	unsigned seed = (unsigned)time(NULL);

	print_message("seed %u\n", seed);
	srand(seed);
	open_with_series(fixture, series);
	for (int day = 0; day < DAYS; day++) {
		live_a_day(fixture, series, day);
		assert_int_equal(store_commit(fixture->store), STORE_OK);
		deliver_all(fixture);
		assert_true(store_bytes(fixture->store) <= BUDGET);
		if (day % 80 == 79) {
			assert_sums_by_sql(fixture);
			assert_sums_by_walk(fixture);
		}
		if (day % 120 == 119) { /* and so after a restart */
			store_fixture_close(fixture);
			assert_int_equal(
				store_fixture_open_as(fixture, "0123abcd", BUDGET), STORE_OK);
		}
	}
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	assert_int_equal(store_loss(fixture->store).trend_rows, 0);
	assert_true(
		ask(fixture, "SELECT count(*) FROM coarse_interval WHERE length_ms = 86400000") >
		100);
	assert_true(ask(fixture, "SELECT count(*) FROM coarse_interval WHERE length_ms = 3600000") >
		    100);
	/* Five weeks stand as they were made. */
	assert_true(
		ask(fixture, "SELECT (max(start_ms) - min(start_ms)) / 86400000 FROM interval") >=
		34);
}

/* The views of people: a day is the same sum, whatever its rows have become. */
static void the_views_tell_the_same_days(void **state)
{
	struct store_fixture *fixture = *state;
	int32_t series[SERIES];

	srand(7);
	open_with_series(fixture, series);
	for (int day = 0; day < 150; day++) {
		live_a_day(fixture, series, day);
		assert_int_equal(store_commit(fixture->store), STORE_OK);
		deliver_all(fixture);
	}
	assert_true(ask(fixture, "SELECT count(*) FROM coarse_interval") > 0);
	for (int day = 0; day < 150; day += 7) {
		char sql[300];
		int64_t sum = 0;
		for (int i = day * QUARTERS_A_DAY; i < (day + 1) * QUARTERS_A_DAY; i++)
			sum += ledger.energy[0][i] > 0 ? ledger.energy[0][i] : 0;
		snprintf(sql, sizeof(sql),
			"SELECT CAST(round(energy * 1000000) AS INTEGER) FROM energy_by_day WHERE"
			" meter = 'main' AND day_utc = date(1767225600 + %d * 86400, 'unixepoch')",
			day);
		assert_int_equal(ask(fixture, sql), sum);
		snprintf(sql, sizeof(sql),
			"SELECT intervals FROM energy_by_day WHERE meter = 'main' AND"
			" day_utc = date(1767225600 + %d * 86400, 'unixepoch')",
			day);
		assert_int_equal(ask(fixture, sql), QUARTERS_A_DAY);
	}
	/* An hour that lacks a part has no energy of its own, but says what is known. */
	assert_true(
		ask(fixture, "SELECT count(*) FROM energy WHERE energy IS NULL AND at_least > 0") >
		0);
	assert_int_equal(ask(fixture, "SELECT count(*) FROM energy WHERE intervals > 1 AND"
				      " quality = 'measured' AND energy IS NULL"),
		0);
}

static void what_is_not_delivered_stays_as_it_is(void **state)
{
	struct store_fixture *fixture = *state;
	int32_t series[SERIES];
	enum store_status status = STORE_OK;
	int64_t delivered = 0;

	srand(11);
	open_with_series(fixture, series);
	for (int day = 0; day < DAYS && status == STORE_OK; day++) {
		live_a_day(fixture, series, day);
		status = store_commit(fixture->store);
		if (day == 29) {
			deliver_all(fixture);
			delivered = store_cursor(fixture->store, STREAM_ENERGY).delivered;
		}
	}
	assert_int_equal(status, STORE_FULL); /* in the end there is no other way */
	int64_t last = store_cursor(fixture->store, STREAM_ENERGY).last;
	char sql[120];
	snprintf(sql, sizeof(sql), "SELECT count(*) FROM interval WHERE id > %lld",
		(long long)delivered);
	assert_int_equal(ask(fixture, sql), last - delivered);
}

static void what_was_coarsened_is_no_longer_sent_again(void **state)
{
	struct store_fixture *fixture = *state;
	int32_t series[SERIES];
	struct store_row row;
	size_t count = 0;

	srand(13);
	open_with_series(fixture, series);
	for (int day = 0; day < 150; day++) {
		live_a_day(fixture, series, day);
		assert_int_equal(store_commit(fixture->store), STORE_OK);
		deliver_all(fixture);
	}
	assert_int_equal(store_read(fixture->store, STREAM_ENERGY, 0, 1, &row, &count), STORE_OK);
	assert_int_equal(count, 1);
	assert_true(row.interval.id > 1);
	assert_true(store_first_interval(fixture->store, 0, &row.interval));
	assert_true(row.interval.start_wall_ms < STORE_FIXTURE_T0 + DAY_MS);
	assert_true(store_is_coarse(fixture->store, 0, STORE_FIXTURE_T0));
}

/* A settlement, as it comes of a person's act. */
static void settle(struct store_fixture *fixture, int number, int64_t energy)
{
	struct interval_row row = store_fixture_quarter(0, number);

	row.quality = QUALITY_ESTIMATED;
	row.revision = ++ledger.revision[0][number];
	row.energy = energy;
	row.has_readings = false;
	assert_int_equal(store_append_interval(fixture->store, &row), STORE_OK);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
}

/* A settlement that reaches into what is coarse: days without any value get theirs, once; of
 * others nobody can tell whether it is in the sum, and they stay. */
static void a_late_revision_counts_once(void **state)
{
	enum { DEAD_DAY = 3, DEAD = DEAD_DAY * QUARTERS_A_DAY };
	struct store_fixture *fixture = *state;
	int32_t series[SERIES];

	srand(17);
	open_with_series(fixture, series);
	is_settled_by_hand = true;
	for (int day = 0; day < 150; day++) {
		dead = day == DEAD_DAY;
		live_a_day(fixture, series, day);
		assert_int_equal(store_commit(fixture->store), STORE_OK);
		deliver_all(fixture);
	}
	assert_true(store_is_coarse(fixture->store, 0, STORE_FIXTURE_T0 + DEAD_DAY * DAY_MS));
	int64_t before = ledger_sum(0);
	for (int i = DEAD; i < DEAD + QUARTERS_A_DAY; i++) {
		settle(fixture, i, 1000 + i);
		ledger.energy[0][i] = 1000 + i;
		settle(fixture, i, 7); /* thought better of: the first word stays in the sum */
	}
	assert_true(ledger_sum(0) > before);
	for (int i = 0; i < QUARTERS_A_DAY; i++)
		settle(fixture, i, 7);
	assert_sums_by_sql(fixture);
	assert_sums_by_walk(fixture);
}

#define WITH_STORE(test) \
	cmocka_unit_test_setup_teardown(test, store_fixture_setup, store_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(over_a_year_nothing_is_lost_and_nothing_is_counted_twice),
		WITH_STORE(the_views_tell_the_same_days),
		WITH_STORE(what_is_not_delivered_stays_as_it_is),
		WITH_STORE(what_was_coarsened_is_no_longer_sent_again),
		WITH_STORE(a_late_revision_counts_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
