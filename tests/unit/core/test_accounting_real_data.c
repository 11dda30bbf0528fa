/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_accounting_real_data.c -- Accounting on real meters: a year of heat
 * readings replayed with jitter and outages adds up exactly, lost days never
 * become measured zeros. The seed is printed; give it as the first argument to
 * run one again. Skipped where ../shared/data is missing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/fakes/real_data.h"

enum { MINUTE_MS = 60000, HOUR_MS = 3600000, CASES = 20, KWH = 1000000 /* mWh */ };

static uint64_t seed;

/* ---- jitter and outages ---- */

/* SplitMix64. */
static uint64_t next_random(uint64_t *random)
{
	uint64_t z = (*random += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static int64_t below(uint64_t *random, int64_t limit)
{
	return (int64_t)(next_random(random) % (uint64_t)limit);
}

/* The register between the file's readings, rounded down. */
static int64_t register_at(const int64_t *readings, int64_t at_ms)
{
	int64_t hour = at_ms / HOUR_MS;
	int64_t climb = readings[hour + 1] - readings[hour];

	return readings[hour] + climb * (at_ms % HOUR_MS) / HOUR_MS;
}

/* Every interval from the first to the last has one newest row, with a value, and they add up. */
static void expect_exact(const struct real_book *book, const int64_t *readings, int64_t polled_ms)
{
	int64_t first = 0, last = 0, sum = 0;

	while (!book->known[first]) {
		first++;
	}
	for (last = first; book->known[last]; last++) {
		const struct interval_row *row = &book->newest[last];
		assert_true(row->quality == QUALITY_MEASURED || row->quality == QUALITY_ESTIMATED);
		assert_true(row->energy >= 0);
		assert_int_equal(row->energy, row->reading_end - row->reading_start);
		if (last > first) {
			assert_int_equal(row->reading_start, book->newest[last - 1].reading_end);
		}
		sum += row->energy;
	}
	for (int64_t i = last; i < REAL_ROWS_MAX; i++) {
		assert_false(book->known[i]);
	}
	assert_int_equal(
		sum, book->newest[last - 1].reading_end - book->newest[first].reading_start);
	/* the last boundary is within a poll of the last one, and the register where it was */
	int64_t end_ms = book->newest[last - 1].end_wall_ms - book->start_wall_ms;
	int64_t spread = register_at(readings, polled_ms) - register_at(readings, end_ms - HOUR_MS);
	int64_t off = book->newest[last - 1].reading_end - register_at(readings, end_ms);
	assert_true(polled_ms - end_ms < 2 * HOUR_MS);
	assert_true(off <= spread && off >= -spread);
}

static void replay(uint64_t random, const int64_t *readings, int64_t hours)
{
	struct real_book *book =
		real_book_new(QUANTITY_HEAT_ENERGY, HOUR_MS / 4, real_danish_start_wall_ms);
	int64_t at_ms = below(&random, HOUR_MS), end_ms = hours * HOUR_MS - 1, polled_ms = 0;
	size_t outages = 0;

	book->rules.gap_limit_ms = 5 * MINUTE_MS;
	book->rules.close_deadline_ms = 5 * MINUTE_MS;
	while (at_ms < end_ms) {
		polled_ms = at_ms;
		real_book_read(
			book, real_danish_start_wall_ms + at_ms, register_at(readings, at_ms));
		int64_t step_ms = 40000 + below(&random, 40000);
		if (below(&random, 3000) == 0 && at_ms + 11 * 24 * HOUR_MS < end_ms) {
			step_ms = 1 + below(&random, below(&random, 2) ? 10 * 24 * (int64_t)HOUR_MS
								       : HOUR_MS);
			outages++;
		}
		for (int64_t t = at_ms + MINUTE_MS; t < at_ms + step_ms; t += MINUTE_MS) {
			assert_true(counter_tick(&book->counter, &book->rules,
				real_danish_start_wall_ms + t, &book->sink));
		}
		at_ms += step_ms;
	}
	assert_true(outages > 10);
	expect_exact(book, readings, polled_ms);
	free(book);
}

static void readings_with_jitter_and_outages_add_up_exactly(void **state)
{
	(void)state;
	struct real_table *table = real_table_read(real_danish);
	static int64_t readings[REAL_HOURS_MAX];

	print_message("seed %llu\n", (unsigned long long)seed);
	for (size_t i = 0; i < table->count; i++) {
		readings[i] = real_table_number(table, i, 1, 6);
	}
	for (uint64_t i = 0; i < CASES; i++) {
		replay(seed + i * 0x9e3779b9u, readings, (int64_t)table->count - 1);
	}
	free(table);
}

/* ---- lost days ---- */

enum { B0_ELECTRICITY = 5, LOST_HOURS = 23 };

/* Length of the run of zeros that begins at an hour. */
static size_t zeros_from(const struct real_table *table, size_t hour)
{
	size_t count = 0;

	while (hour + count < table->count &&
		real_table_number(table, hour + count, B0_ELECTRICITY, 6) == 0) {
		count++;
	}
	return count;
}

/* The register stands at the end of each hour that was read; in a lost one nobody read it. */
static void lost_days_never_become_measured_zeros(void **state)
{
	(void)state;
	struct real_table *table = real_table_read(real_cambridge);
	struct real_book *book =
		real_book_new(QUANTITY_ACTIVE_ENERGY_IMPORT, HOUR_MS, real_cambridge_start_wall_ms);
	bool lost[REAL_HOURS_MAX] = {false};
	int64_t value = 1000 * (int64_t)KWH, runs = 0, total = 0, missing = 0;

	for (size_t hour = 0; hour < table->count; hour++) {
		int64_t end_wall_ms = real_cambridge_start_wall_ms + (int64_t)(hour + 1) * HOUR_MS;
		lost[hour] = real_table_number(table, hour, B0_ELECTRICITY, 6) == 0;
		if (lost[hour] && (hour == 0 || !lost[hour - 1])) {
			assert_int_equal(zeros_from(table, hour), LOST_HOURS);
			runs++;
		}
		if (!lost[hour]) {
			value += real_table_number(table, hour, B0_ELECTRICITY, 6);
			real_book_read(book, end_wall_ms, value);
		}
		assert_true(counter_tick(
			&book->counter, &book->rules, end_wall_ms + 30 * MINUTE_MS, &book->sink));
	}
	assert_true(counter_tick(&book->counter, &book->rules,
		real_cambridge_start_wall_ms + (int64_t)(table->count + 1) * HOUR_MS, &book->sink));
	assert_int_equal(runs, 2);
	for (size_t hour = 1; hour < table->count; hour++) { /* the first gives the first reading */
		const struct interval_row *row = &book->newest[hour];
		bool has_value =
			row->quality == QUALITY_MEASURED || row->quality == QUALITY_ESTIMATED;
		assert_true(book->known[hour]);
		assert_true(!lost[hour] || row->quality == QUALITY_ESTIMATED ||
			    row->quality == QUALITY_MISSING);
		assert_false(lost[hour] && has_value && row->energy == 0);
		missing += row->quality == QUALITY_MISSING;
		total += has_value ? row->energy : 0;
	}
	assert_int_equal(missing, LOST_HOURS); /* the second run ends with the year */
	assert_int_equal(total,
		value - 1000 * (int64_t)KWH - real_table_number(table, 0, B0_ELECTRICITY, 6));
	free(book);
	free(table);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readings_with_jitter_and_outages_add_up_exactly),
		cmocka_unit_test(lost_days_never_become_measured_zeros),
	};

	seed = argc > 1 ? strtoull(argv[1], NULL, 10) : (uint64_t)time(NULL);
	return real_data_is_here() ? cmocka_run_group_tests(tests, NULL, NULL) : REAL_SKIPPED;
}
