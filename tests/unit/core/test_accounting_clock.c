/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_accounting_clock.c -- A clock that was set back, by minutes, an hour or
 * years: what was placed since is placed anew, never a step lost, doubled or
 * negative.
 */
#include "tests/fakes/counter_bench.h"

enum { MINUTE = COUNTER_BENCH_MINUTE_MS, QUARTER = COUNTER_BENCH_QUARTER_MS };

static const int64_t t0 = COUNTER_BENCH_T0;

/* One reading a minute from..to, climbing by `step` from `value`. */
#define READ_MINUTES(from, to, value, step) \
	counter_bench_read_minutes(bench, (struct counter_bench_climb){from, to, value, step})

/* The newest rows that end after an instant, in order of time. */
static size_t newest_after(
	const struct counter_bench *bench, int64_t after_wall_ms, struct interval_row *ret_rows)
{
	size_t count = 0;

	for (int64_t start = t0 - 100 * (int64_t)QUARTER; start < t0 + 1000 * (int64_t)QUARTER;
		start += QUARTER) {
		const struct interval_row *newest = NULL;
		for (size_t i = 0; i < bench->rows_count; i++) {
			const struct interval_row *row = &bench->rows[i];
			if (row->start_wall_ms != start || row->end_wall_ms <= after_wall_ms) {
				continue;
			}
			assert_true(!newest || row->revision > newest->revision);
			newest = row;
		}
		if (newest) {
			ret_rows[count++] = *newest;
		}
	}
	return count;
}

static int64_t sum_newest(const struct counter_bench *bench)
{
	static struct interval_row rows[2000];
	size_t count = newest_after(bench, INT64_MIN, rows);
	int64_t sum = 0;

	for (size_t i = 0; i < count; i++) {
		sum += counter_bench_has_energy(&rows[i]) ? rows[i].energy : 0;
	}
	return sum;
}

static bool set_back(struct counter_bench *bench, int now_minutes, int back_minutes)
{
	static struct interval_row rows[2000];
	struct counter_set_back step = {
		.step_ms = -(int64_t)back_minutes * MINUTE,
		.now_wall_ms = t0 + (int64_t)now_minutes * MINUTE,
		.rows = rows,
	};

	step.rows_count = newest_after(bench, step.now_wall_ms + step.step_ms, rows);
	return counter_clock_set_back(&bench->counter, &bench->rules, &step, &bench->sink);
}

static void a_clock_set_back_by_minutes_within_an_interval_moves_no_row(void **state)
{
	struct counter_bench *bench = *state;

	READ_MINUTES(0, 25, 1000, 10);
	assert_true(set_back(bench, 21, 5));
	READ_MINUTES(21, 45, 1260, 10);
	assert_int_equal(bench->events_count, 0);
	assert_int_equal(bench->rows_count, 3);
	assert_int_equal(counter_bench_sum(bench), 1500 - 1000);
}

static void a_clock_set_back_by_an_hour_neither_loses_nor_doubles(void **state)
{
	struct counter_bench *bench = *state;

	bench->rules.rate_max_per_hour = 6000;
	READ_MINUTES(0, 125, 1000, 100);
	assert_true(set_back(bench, 65, 60));
	READ_MINUTES(66, 150, 1000 + 12500 + 100, 100); /* an hour lived twice */
	assert_int_equal(bench->events_count, 0);
	assert_int_equal(sum_newest(bench), 12500 + 8500);
	for (size_t i = 0; i < bench->rows_count; i++) {
		assert_true(bench->rows[i].energy >= 0);
	}
}

static void rows_of_the_future_are_taken_back_at_once(void **state)
{
	static struct interval_row rows[2000];
	struct counter_bench *bench = *state;

	READ_MINUTES(0, 125, 1000, 100);
	assert_true(set_back(bench, 65, 60));
	size_t count = newest_after(bench, t0 + (int64_t)65 * MINUTE, rows);
	assert_int_equal(count, 4); /* 60..75, 75..90, 90..105, 105..120 */
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(rows[i].quality, QUALITY_MISSING);
		assert_int_equal(rows[i].revision, 1);
		assert_false(rows[i].has_readings);
	}
	/* What was read in the hour that came twice is told as an estimate of its real time. */
	count = newest_after(bench, t0, rows);
	assert_int_equal(rows[3].end_wall_ms, t0 + (int64_t)60 * MINUTE);
	assert_int_equal(rows[3].quality, QUALITY_ESTIMATED);
}

static void a_clock_that_was_years_ahead_goes_on_at_once_where_it_belongs(void **state)
{
	struct counter_bench *bench = *state;
	int years = 2 * 365 * 1440;

	READ_MINUTES(0, 60, 1000, 10);
	READ_MINUTES(years, years + 60, 1610, 10);
	bench->rows_count = 4; /* two years of estimates; what counts is in the last ones */
	static struct interval_row ahead[5];
	for (int i = 0; i < 4; i++) {
		ahead[i] = (struct interval_row){
			.start_wall_ms = t0 + (int64_t)(years + 15 * i) * MINUTE,
			.end_wall_ms = t0 + (int64_t)(years + 15 * (i + 1)) * MINUTE,
			.energy = 150,
			.quality = QUALITY_MEASURED,
		};
	}
	struct interval_row gap = {.start_wall_ms = t0 + (int64_t)60 * MINUTE,
		.end_wall_ms = ahead[0].start_wall_ms,
		.energy = 10,
		.quality = QUALITY_ESTIMATED};
	struct interval_row all[5] = {gap, ahead[0], ahead[1], ahead[2], ahead[3]};
	struct counter_set_back step = {.step_ms = -(int64_t)years * MINUTE + 60 * MINUTE,
		.now_wall_ms = t0 + (int64_t)121 * MINUTE,
		.rows = all,
		.rows_count = 5};
	assert_true(counter_clock_set_back(&bench->counter, &bench->rules, &step, &bench->sink));
	READ_MINUTES(122, 150, 2220, 10);
	int64_t sum = 0;
	for (size_t i = 0; i < bench->rows_count; i++) {
		const struct interval_row *row = &bench->rows[i];
		if (row->start_wall_ms < t0 + (int64_t)150 * MINUTE && row->energy > 0) {
			sum += row->energy;
		}
	}
	assert_int_equal(sum, 2500 - 1000);
	assert_int_equal(counter_bench_last_row(bench)->end_wall_ms, t0 + (int64_t)150 * MINUTE);
}

static void a_leap_after_the_clock_was_set_back_is_still_a_leap(void **state)
{
	struct counter_bench *bench = *state;

	bench->rules.rate_max_per_hour = 6000;
	READ_MINUTES(0, 125, 1000, 100);
	assert_true(set_back(bench, 65, 60));
	READ_MINUTES(66, 75, 13600, 100);
	READ_MINUTES(76, 80, 38000, 100);
	assert_int_equal(bench->events_count, 1);
	assert_int_equal(bench->events[0].kind, EVENT_COUNTER_REJECTED);
}

static void set_back_twice_the_revisions_still_rise(void **state)
{
	struct counter_bench *bench = *state;

	READ_MINUTES(0, 125, 1000, 100);
	assert_true(set_back(bench, 65, 60));
	READ_MINUTES(66, 130, 13600, 100);
	assert_true(set_back(bench, 70, 60));
	READ_MINUTES(71, 150, 20100, 100);
	assert_int_equal(sum_newest(bench), 28000 - 1000); /* newest_after() looks at revisions */
}

static void a_meter_that_was_silent_when_the_clock_was_set_back_loses_nothing(void **state)
{
	struct counter_bench *bench = *state;

	READ_MINUTES(0, 20, 1000, 100);
	counter_bench_tick(bench, 125);
	assert_true(set_back(bench, 65, 60));
	counter_bench_tick(bench, 70);
	READ_MINUTES(80, 150, 9000, 100);
	assert_int_equal(sum_newest(bench), 16000 - 1000);
}

static void an_open_break_stays_one_when_the_clock_is_set_back(void **state)
{
	struct counter_bench *bench = *state;

	READ_MINUTES(0, 121, 1000, 100);
	counter_exchange(&bench->counter);
	counter_bench_read(bench, 122, 50);
	assert_true(set_back(bench, 65, 60));
	READ_MINUTES(66, 150, 60, 10);
	for (size_t i = 0; i < bench->rows_count; i++) {
		assert_true(bench->rows[i].energy >= 0);
	}
	assert_int_equal(counter_bench_last_row(bench)->energy, 150);
}

/* The clock runs ahead, so that an interval with a break is closed; then it is put right. */
static void a_break_closed_by_a_wrong_clock_is_still_in_the_interval(void **state)
{
	struct counter_bench *bench = *state;

	bench->rules.rate_max_per_hour = 6000;
	READ_MINUTES(0, 20, 1000, 10);
	READ_MINUTES(21, 22, 0, 1);
	READ_MINUTES(23, 24, 1230, 10);
	READ_MINUTES(30, 31, 1250, 10); /* by a clock five minutes ahead */
	assert_int_equal(counter_bench_last_row(bench)->quality, QUALITY_REJECTED);
	assert_true(set_back(bench, 26, 5));
	READ_MINUTES(27, 45, 1270, 10);
	const struct interval_row *rejected = &bench->rows[bench->rows_count - 2];
	assert_int_equal(rejected->start_wall_ms, t0 + (int64_t)15 * MINUTE);
	assert_int_equal(rejected->quality, QUALITY_REJECTED);
	assert_int_equal(rejected->revision, 2);
	assert_int_equal(counter_bench_last_row(bench)->energy, 150);
}

#define WITH_BENCH(test) \
	cmocka_unit_test_setup_teardown(test, counter_bench_setup, counter_bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BENCH(a_clock_set_back_by_minutes_within_an_interval_moves_no_row),
		WITH_BENCH(a_clock_set_back_by_an_hour_neither_loses_nor_doubles),
		WITH_BENCH(rows_of_the_future_are_taken_back_at_once),
		WITH_BENCH(a_clock_that_was_years_ahead_goes_on_at_once_where_it_belongs),
		WITH_BENCH(a_leap_after_the_clock_was_set_back_is_still_a_leap),
		WITH_BENCH(set_back_twice_the_revisions_still_rise),
		WITH_BENCH(a_meter_that_was_silent_when_the_clock_was_set_back_loses_nothing),
		WITH_BENCH(a_break_closed_by_a_wrong_clock_is_still_in_the_interval),
		WITH_BENCH(an_open_break_stays_one_when_the_clock_is_set_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
