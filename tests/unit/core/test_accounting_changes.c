/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_accounting_changes.c -- What a person, another scale, an archive's anchor
 * and another interval length do to a counter: never a step lost, doubled or
 * negative.
 */
#include "tests/fakes/counter_bench.h"

enum { MINUTE = COUNTER_BENCH_MINUTE_MS, QUARTER = COUNTER_BENCH_QUARTER_MS };

static const int64_t t0 = COUNTER_BENCH_T0;

/* One reading a minute from..to, climbing by `step` from `value`. */
#define READ_MINUTES(from, to, value, step) \
	counter_bench_read_minutes(bench, (struct counter_bench_climb){from, to, value, step})

/* ---- Exchange ---- */

/* The old device climbs to 1550 and is taken off at 1590; the new one begins at 10 and shows 50. */
static void exchange_in_the_open_interval(struct counter_bench *bench)
{
	READ_MINUTES(0, 15, 1390, 10);
	counter_bench_read(bench, 16, 1550);
	counter_exchange(&bench->counter);
	counter_bench_read(bench, 20, 50);
	counter_bench_read(bench, 21, 60);
}

static void closing_and_opening_readings_make_it_as_if_there_had_been_one_device(void **state)
{
	struct counter_bench *bench = *state;
	const struct counter_exchange_readings readings = {.closing = 1590, .opening = 10};
	int64_t energy;

	exchange_in_the_open_interval(bench);
	assert_int_equal(
		counter_settle_open(&bench->counter, &readings, false, &energy), COUNTER_SETTLED);
	assert_int_equal(energy, (1590 - 1540) + (60 - 10));
	READ_MINUTES(22, 30, 60, 0);
	const struct interval_row *row = counter_bench_last_row(bench);
	assert_int_equal(row->quality, QUALITY_MEASURED);
	assert_int_equal(row->energy, 100); /* and not 60 - 1540 */
	assert_int_equal(row->reading_start, 1540);
	assert_int_equal(row->reading_end, 60);
	assert_int_equal(bench->events_count, 0); /* nothing is withheld */
	READ_MINUTES(31, 45, 60, 1);
	assert_int_equal(counter_bench_last_row(bench)->energy, 14);
	assert_int_equal(counter_bench_last_row(bench)->reading_start, 60);
}

static void without_a_word_the_interval_is_rejected_and_what_was_counted_told(void **state)
{
	struct counter_bench *bench = *state;

	exchange_in_the_open_interval(bench);
	READ_MINUTES(22, 30, 60, 0);
	assert_int_equal(counter_bench_last_row(bench)->quality, QUALITY_REJECTED);
	assert_int_equal(bench->events_count, 1);
	assert_int_equal(bench->events[0].kind, EVENT_ENERGY_WITHHELD);
	assert_int_equal(bench->events[0].amount, (1550 - 1540) + (60 - 50));
}

static void an_exchange_can_be_settled_before_the_new_device_was_read(void **state)
{
	struct counter_bench *bench = *state;
	const struct counter_exchange_readings readings = {.closing = 1590, .opening = 10};
	int64_t energy;

	READ_MINUTES(0, 16, 1390, 10);
	counter_exchange(&bench->counter);
	assert_int_equal(
		counter_settle_open(&bench->counter, &readings, false, &energy), COUNTER_SETTLED);
	READ_MINUTES(20, 30, 40, 2);
	assert_int_equal(counter_bench_last_row(bench)->energy, (1590 - 1540) + (60 - 10));
}

/* The new device's first reading did not follow, and was held when its serial number came. */
static void a_held_reading_is_the_new_devices_first(void **state)
{
	struct counter_bench *bench = *state;

	READ_MINUTES(0, 16, 1390, 10);
	counter_bench_read(bench, 17, 50);
	counter_exchange(&bench->counter);
	READ_MINUTES(18, 45, 60, 10);
	assert_int_equal(bench->events_count, 1);
	assert_int_equal(bench->events[0].kind, EVENT_ENERGY_WITHHELD);
	assert_int_equal(bench->events[0].amount, (1550 - 1540) + (180 - 50));
	assert_int_equal(counter_bench_last_row(bench)->energy, 150);
}

static void a_dry_run_changes_nothing(void **state)
{
	struct counter_bench *bench = *state;
	const struct counter_exchange_readings readings = {.closing = 1590, .opening = 10};
	int64_t energy;

	exchange_in_the_open_interval(bench);
	struct counter before = bench->counter;
	assert_int_equal(
		counter_settle_open(&bench->counter, &readings, true, &energy), COUNTER_SETTLED);
	assert_int_equal(energy, 100);
	assert_memory_equal(&before, &bench->counter, sizeof(before));
}

static void readings_that_contradict_are_refused(void **state)
{
	static const struct {
		struct counter_exchange_readings readings;
		enum counter_settling expected;
	} cases[] = {
		{{.closing = 1549, .opening = 10}, COUNTER_CLOSING_TOO_LOW },
		{{.closing = 1590, .opening = 51}, COUNTER_OPENING_TOO_HIGH},
		{{.closing = 1550, .opening = 50}, COUNTER_SETTLED         },
	};
	struct counter_bench *bench = *state;
	int64_t energy = -7;

	assert_int_equal(counter_settle_open(&bench->counter, &cases[2].readings, false, &energy),
		COUNTER_NOTHING_OPEN);
	exchange_in_the_open_interval(bench);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
			counter_settle_open(&bench->counter, &cases[i].readings, true, &energy),
			cases[i].expected);
	}
}

static void a_break_that_began_in_closed_intervals_is_not_settled_here(void **state)
{
	struct counter_bench *bench = *state;
	const struct counter_exchange_readings readings = {.closing = 1600, .opening = 0};
	int64_t energy;

	READ_MINUTES(0, 16, 1390, 10);
	counter_bench_tick(bench, 50);
	counter_exchange(&bench->counter);
	counter_bench_read(bench, 55, 50);
	assert_int_equal(counter_settle_open(&bench->counter, &readings, true, &energy),
		COUNTER_BREAK_IS_OLDER);
}

/* ---- Another scale ---- */

static void a_change_of_scale_counts_each_part_by_its_own(void **state)
{
	struct counter_bench *bench = *state;

	READ_MINUTES(0, 20, 1000, 10); /* 1200 at 20 */
	assert_true(
		counter_rescale(&bench->counter, (struct scale){60, 1}, t0 + (int64_t)20 * MINUTE));
	READ_MINUTES(21, 30, 1210 * 60, 600);
	const struct interval_row *row = counter_bench_last_row(bench);
	assert_int_equal(row->energy, 50 + 100 * 60); /* 1150..1200, then 1200..1300 */
	assert_int_equal(row->reading_start, 1150);
	assert_int_equal(row->reading_end, 1300 * 60);
	assert_int_equal(row->quality, QUALITY_MEASURED);
	READ_MINUTES(31, 45, 1310 * 60, 600);
	assert_int_equal(counter_bench_last_row(bench)->energy, 150 * 60);
	assert_int_equal(bench->events_count, 0);
}

static void a_change_that_reaches_back_takes_the_open_interval_whole(void **state)
{
	struct counter_bench *bench = *state;

	READ_MINUTES(0, 20, 1000, 10);
	assert_true(counter_rescale(&bench->counter, (struct scale){60, 1}, t0));
	READ_MINUTES(21, 30, 1210 * 60, 600);
	assert_int_equal(counter_bench_last_row(bench)->energy, 150 * 60);
	assert_int_equal(counter_bench_last_row(bench)->reading_start, 1150 * 60);
}

static void a_change_inside_the_open_interval_is_split_there(void **state)
{
	struct counter_bench *bench = *state;

	READ_MINUTES(0, 25, 1000, 10);
	assert_true(
		counter_rescale(&bench->counter, (struct scale){60, 1}, t0 + (int64_t)20 * MINUTE));
	READ_MINUTES(26, 30, 1260 * 60, 600);
	assert_int_equal(counter_bench_last_row(bench)->energy, 50 + 100 * 60);
}

/* A float's 0.4 steps times 60 are not 0.4 steps: the same register is no fall. */
static void what_another_scale_rounds_otherwise_is_no_fall(void **state)
{
	struct counter_bench *bench = *state;

	READ_MINUTES(0, 20, 1000, 0);
	assert_true(
		counter_rescale(&bench->counter, (struct scale){60, 1}, t0 + (int64_t)20 * MINUTE));
	READ_MINUTES(21, 40, 60000 - 29, 0);
	READ_MINUTES(41, 60, 60000 - 29 + 600, 0);
	assert_int_equal(bench->events_count, 0);
	for (size_t i = 0; i < bench->rows_count; i++) {
		assert_true(bench->rows[i].energy >= 0);
	}
	assert_int_equal(counter_bench_sum(bench), 571);
}

static void a_scale_that_overflows_changes_nothing(void **state)
{
	struct counter_bench *bench = *state;

	READ_MINUTES(0, 20, INT64_MAX / 10, 1);
	struct counter before = bench->counter;
	assert_false(counter_rescale(&bench->counter, (struct scale){60, 1}, t0));
	assert_memory_equal(&before, &bench->counter, sizeof(before));
}

/* ---- A dead board ---- */

static void a_new_store_goes_on_from_the_archives_anchor(void **state)
{
	struct counter_bench *bench = *state;
	struct counter_bridge bridge = {
		.anchor = {t0 - 4 * (int64_t)QUARTER, 600, CLOCK_STATE_SYNCHRONISED}
        };

	counter_bench_read(bench, 5, 1050);
	assert_true(counter_bridge(&bench->counter, &bench->rules, &bridge, &bench->sink));
	READ_MINUTES(6, 15, 1060, 10);
	assert_int_equal(bench->rows_count, 5);
	assert_int_equal(bench->rows[0].start_wall_ms, bridge.anchor.at_wall_ms);
	assert_int_equal(bench->rows[0].quality, QUALITY_ESTIMATED);
	assert_int_equal(counter_bench_sum(bench), 1150 - 600);
}

static void an_anchor_that_comes_late_is_bridged_to_the_first_row(void **state)
{
	struct counter_bench *bench = *state;
	struct counter_bridge bridge = {
		.anchor = {t0 - 4 * (int64_t)QUARTER, 600, CLOCK_STATE_SYNCHRONISED}
        };

	READ_MINUTES(0, 35, 1000, 10);
	assert_int_equal(bench->rows_count, 2);
	const struct reading first = {t0, 1000, CLOCK_STATE_SYNCHRONISED};
	bridge.first = &first;
	assert_true(counter_bridge(&bench->counter, &bench->rules, &bridge, &bench->sink));
	assert_int_equal(bench->rows_count, 2 + 4);
	assert_int_equal(counter_bench_sum(bench), 1300 - 600);
	READ_MINUTES(36, 45, 1360, 10);
	assert_int_equal(counter_bench_sum(bench), 1450 - 600);
}

static void a_bridge_goes_above_the_rows_that_are_there(void **state)
{
	struct counter_bench *bench = *state;
	const struct reading first = {t0, 1000, CLOCK_STATE_SYNCHRONISED};
	struct counter_bridge bridge = {
		.anchor = {t0 - 4 * (int64_t)QUARTER, 600, CLOCK_STATE_SYNCHRONISED},
		.first = &first,
		.revision = 2
        };

	READ_MINUTES(0, 35, 1000, 10);
	assert_true(counter_bridge(&bench->counter, &bench->rules, &bridge, &bench->sink));
	for (size_t i = 2; i < 6; i++) {
		assert_int_equal(bench->rows[i].revision, 2);
	}
}

/* The boundary may lie in a gap of the archive's: nobody here can tell. */
static void an_anchor_closes_no_measured_row(void **state)
{
	struct counter_bench *bench = *state;
	struct counter_bridge bridge = {
		.anchor = {t0, 1000, CLOCK_STATE_SYNCHRONISED}
        };

	assert_true(counter_bridge(&bench->counter, &bench->rules, &bridge, &bench->sink));
	READ_MINUTES(2, 30, 1020, 10);
	assert_int_equal(bench->rows[0].quality, QUALITY_ESTIMATED);
	assert_int_equal(bench->rows[1].quality, QUALITY_MEASURED);
}

static void an_anchor_that_does_not_fit_is_told_and_bridges_nothing(void **state)
{
	struct counter_bench *bench = *state;
	const struct reading first = {t0, 1000, CLOCK_STATE_SYNCHRONISED};
	struct counter_bridge bridge = {
		.anchor = {t0 - 4 * (int64_t)QUARTER, 1001, CLOCK_STATE_SYNCHRONISED},
		.first = &first
        };

	READ_MINUTES(0, 35, 1000, 10);
	assert_true(counter_bridge(&bench->counter, &bench->rules, &bridge, &bench->sink));
	assert_int_equal(bench->rows_count, 2);
	assert_int_equal(bench->events_count, 1);
	assert_int_equal(bench->events[0].kind, EVENT_COUNTER_REJECTED);
}

/* ---- The frontier, the grid, flags, unknown time ---- */

static void a_counter_goes_on_from_its_stored_frontier(void **state)
{
	struct counter_bench *bench = *state;
	const struct counter_exchange_readings readings = {.closing = 1590, .opening = 10};
	struct counter_frontier frontier;
	int64_t energy;

	assert_false(counter_frontier(&bench->counter, &frontier));
	exchange_in_the_open_interval(bench);
	assert_true(counter_frontier(&bench->counter, &frontier));
	assert_true(frontier.is_broken);
	assert_int_equal(
		counter_settle_open(&bench->counter, &readings, false, &energy), COUNTER_SETTLED);
	assert_true(counter_frontier(&bench->counter, &frontier));
	counter_resume_at(&bench->counter, &frontier);
	READ_MINUTES(22, 30, 60, 0);
	assert_int_equal(counter_bench_last_row(bench)->energy, 100);
	assert_int_equal(counter_bench_last_row(bench)->reading_start, 1540);
}

static void a_broken_frontier_books_nothing_of_the_new_device(void **state)
{
	struct counter_bench *bench = *state;
	struct counter_frontier frontier;

	READ_MINUTES(0, 16, 1390, 10);
	counter_exchange(&bench->counter);
	assert_true(counter_frontier(&bench->counter, &frontier));
	counter_resume_at(&bench->counter, &frontier);
	READ_MINUTES(20, 30, 2000, 10); /* above the old one's: it would look like energy */
	assert_int_equal(counter_bench_last_row(bench)->quality, QUALITY_REJECTED);
	READ_MINUTES(31, 45, 2110, 10);
	assert_int_equal(counter_bench_last_row(bench)->energy, 150);
}

static void another_interval_length_begins_at_its_midnight(void **state)
{
	struct counter_bench *bench = *state;

	bench->rules.grid = (struct interval_grid){QUARTER, t0 + (int64_t)60 * MINUTE, 4 * QUARTER};
	READ_MINUTES(20, 180, 1000, 10);
	assert_int_equal(bench->rows_count, 2 + 2);
	assert_int_equal(bench->rows[1].end_wall_ms, t0 + (int64_t)60 * MINUTE);
	assert_int_equal(bench->rows[2].end_wall_ms, t0 + (int64_t)120 * MINUTE);
	assert_int_equal(bench->rows[2].energy, 600);
	assert_int_equal(bench->rows[2].reading_start, bench->rows[1].reading_end);
}

static void a_withheld_reading_flags_its_own_interval_only(void **state)
{
	struct counter_bench *bench = *state;

	READ_MINUTES(0, 29, 1000, 10);
	counter_bench_read(bench, 29.5, 0);
	READ_MINUTES(30, 60, 1300, 10);
	assert_int_equal(bench->rows[0].flags, 0);
	assert_int_equal(bench->rows[1].flags, 1u << FLAG_WITHHELD_READING);
	assert_int_equal(bench->rows[2].flags, 0);
	assert_int_equal(bench->rows[1].energy, 150);
}

static void a_reading_of_guessed_time_closes_estimates(void **state)
{
	struct counter_bench *bench = *state;

	READ_MINUTES(0, 29, 1000, 10);
	struct reading guessed = {t0 + (int64_t)31 * MINUTE, 1310, CLOCK_STATE_UNKNOWN};
	counter_add_reading(&bench->counter, &bench->rules, &guessed, &bench->sink);
	assert_int_equal(counter_bench_last_row(bench)->quality, QUALITY_ESTIMATED);
	assert_int_equal(counter_bench_last_row(bench)->clock, CLOCK_STATE_UNKNOWN);
	READ_MINUTES(32, 75, 1320, 10);
	assert_int_equal(counter_bench_last_row(bench)->quality, QUALITY_MEASURED);
}

/* A week of days and nights, then a gap over a morning: the profile shares it out, to the step. */
static void a_gap_is_spread_by_the_profile_where_there_is_one(void **state)
{
	struct counter_bench *bench = *state;
	static struct profile profile;
	int week = 7 * 1440;

	profile = (struct profile){0};
	bench->rules.profile = &profile;
	int64_t value = 48213;
	for (int minute = 0; minute <= week; minute++) {
		size_t rows = bench->rows_count;
		counter_bench_read(bench, minute, value);
		for (; rows < bench->rows_count; rows++) {
			profile_train(&profile, NULL, &bench->rows[rows]);
		}
		int hour = minute / 60 % 24;
		value += hour >= 8 && hour < 16 ? 300 : 100;
	}
	size_t before = bench->rows_count;
	counter_bench_tick(bench, week + 9 * 60);
	counter_bench_read(bench, week + 9 * 60, value - 100 + 1001);
	int64_t sum = 0, night = 0, morning = 0;
	for (size_t i = before; i < bench->rows_count; i++) {
		const struct interval_row *row = &bench->rows[i];
		if (row->quality == QUALITY_MISSING) {
			continue;
		}
		assert_int_equal(row->method, METHOD_PROFILE);
		assert_int_equal(row->quality, QUALITY_ESTIMATED);
		sum += row->energy;
		if (row->start_wall_ms == t0 + (int64_t)week * MINUTE) {
			night = row->energy;
		}
		if (row->start_wall_ms == t0 + (int64_t)(week + 8 * 60) * MINUTE) {
			morning = row->energy;
		}
	}
	assert_int_equal(sum, 1001);
	assert_in_range(night, 22, 23);   /* 1001 / 11 / 4 */
	assert_in_range(morning, 68, 69); /* three times that */
}

#define WITH_BENCH(test) \
	cmocka_unit_test_setup_teardown(test, counter_bench_setup, counter_bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BENCH(closing_and_opening_readings_make_it_as_if_there_had_been_one_device),
		WITH_BENCH(without_a_word_the_interval_is_rejected_and_what_was_counted_told),
		WITH_BENCH(an_exchange_can_be_settled_before_the_new_device_was_read),
		WITH_BENCH(a_held_reading_is_the_new_devices_first),
		WITH_BENCH(a_dry_run_changes_nothing),
		WITH_BENCH(readings_that_contradict_are_refused),
		WITH_BENCH(a_break_that_began_in_closed_intervals_is_not_settled_here),
		WITH_BENCH(a_change_of_scale_counts_each_part_by_its_own),
		WITH_BENCH(a_change_that_reaches_back_takes_the_open_interval_whole),
		WITH_BENCH(a_change_inside_the_open_interval_is_split_there),
		WITH_BENCH(what_another_scale_rounds_otherwise_is_no_fall),
		WITH_BENCH(a_scale_that_overflows_changes_nothing),
		WITH_BENCH(a_new_store_goes_on_from_the_archives_anchor),
		WITH_BENCH(an_anchor_that_comes_late_is_bridged_to_the_first_row),
		WITH_BENCH(a_bridge_goes_above_the_rows_that_are_there),
		WITH_BENCH(an_anchor_closes_no_measured_row),
		WITH_BENCH(an_anchor_that_does_not_fit_is_told_and_bridges_nothing),
		WITH_BENCH(a_counter_goes_on_from_its_stored_frontier),
		WITH_BENCH(a_broken_frontier_books_nothing_of_the_new_device),
		WITH_BENCH(another_interval_length_begins_at_its_midnight),
		WITH_BENCH(a_withheld_reading_flags_its_own_interval_only),
		WITH_BENCH(a_reading_of_guessed_time_closes_estimates),
		WITH_BENCH(a_gap_is_spread_by_the_profile_where_there_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
