/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_coarse.c -- Protects: many rows as one sum exactly, say of each
 * millisecond what it was, and count nothing twice.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "gateway/core/coarse.h"

enum { QUARTER_MS = 900000, HOUR_MS = 4 * QUARTER_MS };
#define T0 INT64_C(1767225600000) /* 2026-01-01T00:00:00Z */

/* Quarter `number` with 100 steps and a bit, readings behind it. */
static struct interval_row quarter(int number, enum quality quality)
{
	bool has_value = quality == QUALITY_MEASURED || quality == QUALITY_ESTIMATED;
	struct interval_row row = {
		.start_wall_ms = T0 + (int64_t)number * QUARTER_MS,
		.end_wall_ms = T0 + (int64_t)(number + 1) * QUARTER_MS,
		.energy = has_value ? 100 + number : 0,
		.has_readings = has_value,
		.reading_start = 1000 * number,
		.reading_end = 1000 * number + 100 + number,
		.quality = (uint8_t)quality,
		.clock = CLOCK_STATE_SYNCHRONISED,
	};

	return row;
}

static struct coarse_interval hour(void)
{
	return (struct coarse_interval){.start_wall_ms = T0, .end_wall_ms = T0 + HOUR_MS};
}

static bool merge(struct coarse_interval *coarse, const struct interval_row *row)
{
	const struct coarse_interval part = coarse_interval_of(row);

	return coarse_interval_merge(coarse, &part);
}

static void a_row_goes_into_the_shortest_span_that_holds_it(void **state)
{
	(void)state;
	static const struct {
		int64_t start, length;
		enum coarse_level least;
		int64_t above_start, above_length;
	} cases[] = {
		{0,		    60000,        COARSE_QUARTER, 0,                    QUARTER_MS  },
		{14 * 60000,           60000,        COARSE_QUARTER, 0,                    QUARTER_MS  },
		{0,		    QUARTER_MS,   COARSE_QUARTER, 0,                    HOUR_MS     },
		{0,		    60000,        COARSE_HOUR,    0,                    HOUR_MS     },
		{HOUR_MS,              HOUR_MS,      COARSE_HOUR,    0,                    24 * HOUR_MS},
		{HOUR_MS - 60000,      120000,       COARSE_HOUR,    0,                    24 * HOUR_MS},
		{24 * HOUR_MS - 60000, 120000,       COARSE_HOUR,    24 * HOUR_MS - 60000, 120000      },
		{0,		    24 * HOUR_MS, COARSE_HOUR,    0,                    24 * HOUR_MS},
		{-QUARTER_MS,          QUARTER_MS,   COARSE_HOUR,    -HOUR_MS,             HOUR_MS     },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct coarse_span span = {
			T0 + cases[i].start, T0 + cases[i].start + cases[i].length};
		struct coarse_span above = coarse_span_above(cases[i].least, span);
		assert_int_equal(above.start_wall_ms, T0 + cases[i].above_start);
		assert_int_equal(above.end_wall_ms - above.start_wall_ms, cases[i].above_length);
	}
	assert_int_equal(coarse_span_at(COARSE_DAY, -1).start_wall_ms, -24 * (int64_t)HOUR_MS);
}

static void an_hour_is_the_sum_of_its_quarters_with_their_readings(void **state)
{
	(void)state;
	struct coarse_interval coarse = hour();

	for (int i = 3; i >= 0; i--) { /* in any order */
		struct interval_row row = quarter(i, i == 2 ? QUALITY_ESTIMATED : QUALITY_MEASURED);
		row.flags = 1u << i;
		assert_true(merge(&coarse, &row));
	}
	assert_true(coarse_interval_is_whole(&coarse));
	assert_int_equal(coarse.energy, 406);
	assert_int_equal(coarse.estimated, 102);
	assert_int_equal(coarse.measured_ms, 3 * QUARTER_MS);
	assert_int_equal(coarse.estimated_ms, QUARTER_MS);
	assert_int_equal(coarse.reading_start, 0);
	assert_int_equal(coarse.reading_end, 3103);
	assert_int_equal(coarse.intervals, 4);
	assert_int_equal(coarse.flags, 15);
	assert_int_equal(coarse.clock, CLOCK_STATE_SYNCHRONISED);
	assert_int_equal(coarse_interval_quality(&coarse), QUALITY_ESTIMATED);
}

static void a_span_with_a_hole_is_not_whole(void **state)
{
	(void)state;
	static const struct {
		enum quality hole;
		enum quality whole;
	} cases[] = {
		{QUALITY_MISSING,  QUALITY_MISSING },
		{QUALITY_REJECTED, QUALITY_REJECTED},
	};

	for (size_t i = 0; i < 2; i++) {
		struct coarse_interval coarse = hour();
		for (int j = 0; j < 4; j++) {
			struct interval_row row =
				quarter(j, j == 1 ? cases[i].hole : QUALITY_MEASURED);
			assert_true(merge(&coarse, &row));
		}
		assert_false(coarse_interval_is_whole(&coarse));
		assert_int_equal(coarse.energy, 305);
		assert_int_equal(coarse_interval_quality(&coarse), cases[i].whole);
	}
	struct coarse_interval untold = hour();
	struct interval_row row = quarter(0, QUALITY_MEASURED);
	assert_true(merge(&untold, &row));
	assert_int_equal(coarse_interval_untold_ms(&untold), 3 * QUARTER_MS);
	assert_int_equal(coarse_interval_quality(&untold), QUALITY_MISSING);
}

/* Of a span that had values nobody can tell whose they are: what comes late is left out of it. */
static void what_may_be_in_the_sum_is_not_counted_again(void **state)
{
	(void)state;
	struct coarse_interval coarse = hour();

	for (int i = 0; i < 4; i++) {
		struct interval_row row = quarter(i, i == 3 ? QUALITY_MISSING : QUALITY_MEASURED);
		assert_true(merge(&coarse, &row));
	}
	const struct coarse_interval before = coarse;
	for (int i = 0; i < 4; i++) {
		struct interval_row late = quarter(i, QUALITY_ESTIMATED);
		late.revision = 1;
		assert_false(coarse_interval_add_late(&coarse, &late));
		late.revision = 0; /* and no time is untold */
		assert_false(coarse_interval_add_late(&coarse, &late));
	}
	assert_memory_equal(&coarse, &before, sizeof(before));
}

static void a_span_without_any_value_takes_those_that_come_late(void **state)
{
	(void)state;
	struct coarse_interval coarse = hour();

	for (int i = 0; i < 4; i++) {
		struct interval_row row = quarter(i, i == 3 ? QUALITY_REJECTED : QUALITY_MISSING);
		assert_true(merge(&coarse, &row));
	}
	for (int i = 0; i < 4; i++) {
		struct interval_row late = quarter(i, QUALITY_ESTIMATED);
		late.revision = 1;
		assert_true(coarse_interval_add_late(&coarse, &late));
	}
	assert_true(coarse_interval_is_whole(&coarse));
	assert_int_equal(coarse.energy, 406);
	assert_int_equal(coarse.intervals, 4);
	assert_int_equal(coarse.late_ms, HOUR_MS);
	struct interval_row nothing = quarter(3, QUALITY_MISSING);
	nothing.revision = 2;
	assert_false(coarse_interval_add_late(&coarse, &nothing));
}

static void a_sum_beyond_63_bits_is_refused(void **state)
{
	(void)state;
	struct coarse_interval coarse = hour();
	struct interval_row row = quarter(0, QUALITY_MEASURED);

	row.energy = INT64_MAX;
	assert_true(merge(&coarse, &row));
	row = quarter(1, QUALITY_MEASURED);
	assert_false(merge(&coarse, &row));
	assert_int_equal(coarse.energy, INT64_MAX);
}

/* Quarters of a week at random, made hours and then days: nothing is lost on the way. */
static void hours_and_days_keep_the_sum_whatever_the_rows(void **state)
{
	enum { DAYS = 7, ALL = DAYS * 96 };
	static struct coarse_interval hours[DAYS * 24], days[DAYS];
	int64_t energy = 0, valued_ms = 0;
	unsigned seed = (unsigned)time(NULL);

	(void)state;
	print_message("seed %u\n", seed);
	srand(seed);
	for (int i = 0; i < ALL; i++) {
		struct interval_row row = quarter(i, (enum quality)(rand() % 4));
		struct coarse_interval *at = &hours[i / 4];
		at->start_wall_ms = T0 + (int64_t)(i / 4) * HOUR_MS;
		at->end_wall_ms = at->start_wall_ms + HOUR_MS;
		assert_true(merge(at, &row));
		energy += row.energy;
		valued_ms += interval_has_value(&row) ? QUARTER_MS : 0;
	}
	for (int i = 0; i < DAYS * 24; i++) {
		struct coarse_interval *day = &days[i / 24];
		day->start_wall_ms = T0 + (int64_t)(i / 24) * 24 * HOUR_MS;
		day->end_wall_ms = day->start_wall_ms + 24 * HOUR_MS;
		assert_true(coarse_interval_merge(day, &hours[i]));
	}
	for (int i = 0; i < DAYS; i++) {
		energy -= days[i].energy;
		valued_ms -= days[i].measured_ms + days[i].estimated_ms;
		assert_int_equal(coarse_interval_untold_ms(&days[i]), 0);
		assert_int_equal(days[i].intervals, 96);
	}
	assert_int_equal(energy, 0);
	assert_int_equal(valued_ms, 0);
}

static void a_trends_mean_is_that_of_all_its_samples(void **state)
{
	(void)state;
	struct coarse_trend coarse = {.start_wall_ms = T0, .end_wall_ms = T0 + QUARTER_MS};
	const struct trend_row rows[] = {
		{.mean = 10, .min = 4,  .max = 20, .count = 3, .clock = CLOCK_STATE_SYNCHRONISED},
		{.mean = -7, .min = -9, .max = -1, .count = 1, .clock = CLOCK_STATE_TRUSTED     },
	};

	for (size_t i = 0; i < 2; i++) {
		const struct coarse_trend part = coarse_trend_of(&rows[i]);
		coarse_trend_merge(&coarse, &part);
	}
	assert_int_equal(coarse.sum, 23);
	assert_int_equal(coarse.count, 4);
	assert_int_equal(coarse.min, -9);
	assert_int_equal(coarse.max, 20);
	assert_int_equal(coarse.clock, CLOCK_STATE_TRUSTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_goes_into_the_shortest_span_that_holds_it),
		cmocka_unit_test(an_hour_is_the_sum_of_its_quarters_with_their_readings),
		cmocka_unit_test(a_span_with_a_hole_is_not_whole),
		cmocka_unit_test(what_may_be_in_the_sum_is_not_counted_again),
		cmocka_unit_test(a_span_without_any_value_takes_those_that_come_late),
		cmocka_unit_test(a_sum_beyond_63_bits_is_refused),
		cmocka_unit_test(hours_and_days_keep_the_sum_whatever_the_rows),
		cmocka_unit_test(a_trends_mean_is_that_of_all_its_samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
