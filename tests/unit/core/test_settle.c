/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_settle.c -- What a person decides, as rows. What is protected: the
 * amount follows from the readings to the step, its shares add up to it, keys
 * stay, revisions climb, an estimate is called one, and a word that contradicts
 * the readings is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/core/settle.h"

enum { QUARTER = 900000, ROWS_MAX = 64 };

/* Rows from instant 0 on, one after the other. */
struct history {
	struct interval_row rows[ROWS_MAX];
	size_t count;
	struct interval_row made[ROWS_MAX];
	int64_t energy;
};

static struct interval_row *add(struct history *history, enum quality quality)
{
	struct interval_row *row = &history->rows[history->count];
	*row = (struct interval_row){.id = (int64_t)history->count + 1,
		.series = 3,
		.start_wall_ms = (int64_t)history->count * QUARTER,
		.end_wall_ms = ((int64_t)history->count + 1) * QUARTER,
		.quality = (uint8_t)quality};
	history->count++;
	return row;
}

static struct interval_row *measured(struct history *history, int64_t from, int64_t to)
{
	struct interval_row *row = add(history, QUALITY_MEASURED);
	row->has_readings = true;
	row->reading_start = from;
	row->reading_end = to;
	row->energy = to - from;
	return row;
}

static struct interval_row *broken(struct history *history, int64_t from, int64_t to)
{
	struct interval_row *row = measured(history, from, to);
	row->quality = QUALITY_REJECTED;
	row->energy = -12345; /* meaningless */
	return row;
}

static struct settle_span span_at(const struct history *history, int64_t at_wall_ms)
{
	struct settle_search search = {.at_wall_ms = at_wall_ms};
	for (size_t i = 0; i < history->count; i++)
		settle_search_row(&search, &history->rows[i]);
	settle_search_end(&search);
	return search.has_span ? search.span : (struct settle_span){0};
}

static enum settle_result settle_with(struct history *history,
	const struct settle_decision *decision, const struct settle_profile *profile)
{
	struct settle_scene scene = {.rows = history->rows,
		.count = history->count,
		.span = span_at(history, INT64_MAX),
		.profile = profile};
	return settle_span_rows(&scene, decision, history->made, &history->energy);
}

static enum settle_result exchange(struct history *history, int64_t closing, int64_t opening)
{
	struct settle_decision decision = {
		.kind = SETTLE_EXCHANGE, .closing = closing, .opening = opening};
	return settle_with(history, &decision, NULL);
}

static enum settle_result accept(struct history *history)
{
	struct settle_decision decision = {.kind = SETTLE_ACCEPT};
	return settle_with(history, &decision, NULL);
}

/* ---- exchange ---- */

/* The example: 1540 before, 1600 closing, 0 opening, 40 after. */
static void closing_and_opening_readings_give_a_hundred_and_not_minus_fifteen_hundred(void **state)
{
	struct history history = {0};
	(void)state;
	measured(&history, 1500, 1540);
	broken(&history, 1540, 40);
	measured(&history, 40, 60);
	assert_int_equal(exchange(&history, 1600, 0), SETTLE_DONE);
	assert_int_equal(history.energy, 100);
	const struct interval_row *row = &history.made[0];
	assert_int_equal(row->energy, 100);
	assert_int_equal(row->quality, QUALITY_MEASURED);
	assert_int_equal(row->method, METHOD_NONE);
	assert_int_equal(row->revision, 1);
	assert_int_equal(row->series, 3);
	assert_int_equal(row->start_wall_ms, QUARTER);
	assert_int_equal(row->end_wall_ms, 2 * QUARTER);
	assert_true(row->has_readings);
	assert_int_equal(row->reading_start, 1540);
	assert_int_equal(row->reading_end, 40);
}

static void a_span_of_many_rows_adds_up_and_is_an_estimate(void **state)
{
	struct history history = {0};
	int64_t sum = 0;
	(void)state;
	measured(&history, 1500, 1540);
	for (int i = 0; i < 7; i++)
		add(&history, i % 2 ? QUALITY_MISSING : QUALITY_REJECTED)->revision = i;
	measured(&history, 40, 60);
	assert_int_equal(exchange(&history, 1600, 0), SETTLE_DONE);
	for (int i = 0; i < 7; i++) {
		const struct interval_row *row = &history.made[i];
		sum += row->energy;
		assert_in_range(row->energy, 14, 15); /* 100 / 7, to a step */
		assert_int_equal(row->quality, QUALITY_ESTIMATED);
		assert_int_equal(row->method, METHOD_EVEN);
		assert_int_equal(row->revision, i + 1);
		assert_false(row->has_readings); /* whose device's would they be? */
		assert_int_equal(row->start_wall_ms, (i + 1) * QUARTER);
	}
	assert_int_equal(sum, 100);
}

static void a_boundary_inside_a_long_gap_makes_no_measured_value(void **state)
{
	struct history before = {0}, after = {0}, newest = {0};
	(void)state;
	measured(&before, 1500, 1540)->quality = QUALITY_ESTIMATED;
	broken(&before, 1540, 40);
	measured(&before, 40, 60);
	measured(&after, 1500, 1540);
	broken(&after, 1540, 40);
	measured(&after, 40, 60)->quality = QUALITY_ESTIMATED;
	measured(&newest, 1500, 1540);
	broken(&newest, 1540, 40);
	struct history *histories[] = {&before, &after, &newest};
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(exchange(histories[i], 1600, 0), SETTLE_DONE);
		assert_int_equal(histories[i]->made[0].energy, 100);
		assert_int_equal(histories[i]->made[0].quality, QUALITY_ESTIMATED);
	}
}

static void readings_that_contradict_the_rows_are_refused(void **state)
{
	struct history history = {0};
	(void)state;
	measured(&history, 1500, 1540);
	broken(&history, 1540, 40);
	measured(&history, 40, 60);
	history.energy = 7;
	assert_int_equal(exchange(&history, 1539, 0), SETTLE_CLOSING_TOO_LOW);
	assert_int_equal(exchange(&history, 1600, 41), SETTLE_OPENING_TOO_HIGH);
	assert_int_equal(exchange(&history, INT64_MAX, INT64_MIN), SETTLE_OVERFLOW);
	assert_int_equal(history.energy, 7);
	assert_int_equal(exchange(&history, 1540, 40), SETTLE_DONE);
	assert_int_equal(history.energy, 0);
}

static void a_span_that_has_not_ended_waits_and_one_at_the_very_start_cannot(void **state)
{
	struct history none = {0}, open = {0}, first = {0};
	(void)state;
	measured(&none, 0, 1);
	measured(&open, 0, 1);
	add(&open, QUALITY_MISSING);
	add(&first, QUALITY_REJECTED);
	measured(&first, 5, 6);
	assert_int_equal(exchange(&none, 5, 0), SETTLE_NOTHING_THERE);
	assert_int_equal(exchange(&open, 5, 0), SETTLE_SPAN_GOES_ON);
	assert_int_equal(exchange(&first, 5, 0), SETTLE_NOTHING_BEFORE);
}

static void each_span_is_found_by_an_instant_in_it_and_the_newest_without(void **state)
{
	struct history history = {0};
	(void)state;
	measured(&history, 0, 10);
	add(&history, QUALITY_MISSING); /* 1, 2 */
	add(&history, QUALITY_MISSING);
	measured(&history, 30, 40);
	broken(&history, 40, 5); /* 4: a boundary that is known divides it from 5 */
	broken(&history, 5, 2);
	measured(&history, 2, 3);
	struct settle_span span = span_at(&history, QUARTER + 1);
	assert_int_equal(span.rows, 2);
	assert_int_equal(span.before, 10);
	assert_int_equal(span.after, 30);
	span = span_at(&history, 4 * QUARTER);
	assert_int_equal(span.rows, 1);
	assert_int_equal(span.before, 40);
	assert_int_equal(span.after, 5);
	span = span_at(&history, INT64_MAX);
	assert_int_equal(span.start_wall_ms, 5 * QUARTER);
	assert_int_equal(span.before, 5);
	assert_int_equal(span_at(&history, 3 * QUARTER).rows, 0);
	assert_int_equal(span_at(&history, 5 * QUARTER - 1).start_wall_ms, 4 * QUARTER);
}

/* Rows that are not there at all are no reading's neighbours. */
static void a_hole_between_rows_ends_a_span(void **state)
{
	struct history history = {0};
	(void)state;
	measured(&history, 0, 10);
	history.count++; /* 1: no row */
	history.rows[1] = history.rows[0];
	add(&history, QUALITY_MISSING);
	measured(&history, 30, 40);
	struct settle_span span = span_at(&history, INT64_MAX);
	assert_int_equal(span.rows, 1);
	assert_false(span.has_before);
}

/* ---- accept ---- */

static void a_leap_that_was_real_is_accepted_with_its_readings(void **state)
{
	struct history one = {0}, many = {0};
	(void)state;
	measured(&one, 0, 10);
	broken(&one, 10, 1000010);
	measured(&one, 1000010, 1000020);
	assert_int_equal(accept(&one), SETTLE_DONE);
	assert_int_equal(one.made[0].energy, 1000000);
	assert_int_equal(one.made[0].quality, QUALITY_MEASURED);

	measured(&many, 0, 10);
	for (int i = 0; i < 3; i++)
		add(&many, QUALITY_REJECTED);
	measured(&many, 110, 120);
	assert_int_equal(accept(&many), SETTLE_DONE);
	int64_t reading = 10;
	for (int i = 0; i < 3; i++) {
		assert_true(many.made[i].has_readings);
		assert_int_equal(many.made[i].reading_start, reading);
		reading += many.made[i].energy;
		assert_int_equal(many.made[i].reading_end, reading);
	}
	assert_int_equal(reading, 110);
}

static void a_reading_that_fell_is_not_accepted(void **state)
{
	struct history history = {0};
	(void)state;
	measured(&history, 0, 10);
	broken(&history, 10, 9);
	measured(&history, 9, 20);
	assert_int_equal(accept(&history), SETTLE_READING_FALLS);
	assert_non_null(strstr(settle_result_text(SETTLE_READING_FALLS), "closing"));
}

/* ---- closing unknown ---- */

static void an_unknown_closing_is_estimated_from_the_power_around(void **state)
{
	struct history history = {0};
	struct settle_decision decision = {.kind = SETTLE_CLOSING_UNKNOWN};
	(void)state;
	measured(&history, 1500, 1520); /* 20 a quarter */
	add(&history, QUALITY_MISSING);
	add(&history, QUALITY_REJECTED);
	measured(&history, 5, 45);                                 /* 40 a quarter */
	measured(&history, 45, 1000000)->flags = 1u << FLAG_SPIKE; /* teaches nothing */
	assert_int_equal(settle_with(&history, &decision, NULL), SETTLE_DONE);
	assert_int_equal(history.energy, 60); /* two quarters at 30 */
	assert_int_equal(history.made[0].energy + history.made[1].energy, 60);
	assert_int_equal(history.made[0].quality, QUALITY_ESTIMATED);
	decision.has_opening = true;
	decision.opening = -95; /* the new device alone counted 100 */
	assert_int_equal(settle_with(&history, &decision, NULL), SETTLE_DONE);
	assert_int_equal(history.energy, 100);
	decision.opening = 6;
	assert_int_equal(settle_with(&history, &decision, NULL), SETTLE_OPENING_TOO_HIGH);
}

static void even_a_single_row_is_an_estimate_when_the_closing_was_unknown(void **state)
{
	struct history history = {0};
	struct settle_decision decision = {.kind = SETTLE_CLOSING_UNKNOWN};
	(void)state;
	measured(&history, 1500, 1520);
	broken(&history, 1520, 5);
	measured(&history, 5, 25);
	assert_int_equal(settle_with(&history, &decision, NULL), SETTLE_DONE);
	assert_int_equal(history.energy, 20);
	assert_int_equal(history.made[0].quality, QUALITY_ESTIMATED);
	assert_int_equal(history.made[0].method, METHOD_EVEN);
}

static void with_nothing_known_around_there_is_no_estimate(void **state)
{
	struct history history = {0};
	struct settle_decision decision = {.kind = SETTLE_CLOSING_UNKNOWN};
	(void)state;
	broken(&history, 1500, 5);
	assert_int_equal(settle_with(&history, &decision, NULL), SETTLE_NO_ESTIMATE);
}

/* A profile: the second half of the hour has three times the first's. */
static bool expect_more_later(void *context, int64_t start, int64_t end, int64_t *ret_energy)
{
	(void)end;
	if (start == *(const int64_t *)context)
		return false;
	*ret_energy = (start / QUARTER) % 2 ? 10 : 30;
	return true;
}

static void a_profile_shares_out_and_estimates(void **state)
{
	struct history history = {0};
	int64_t unknown = -1;
	struct settle_profile profile = {expect_more_later, &unknown};
	struct settle_decision decision = {.kind = SETTLE_CLOSING_UNKNOWN};
	(void)state;
	measured(&history, 1500, 1600);
	add(&history, QUALITY_REJECTED);
	add(&history, QUALITY_REJECTED);
	measured(&history, 0, 20);
	assert_int_equal(settle_with(&history, &decision, &profile), SETTLE_DONE);
	assert_int_equal(history.energy, 40);
	decision = (struct settle_decision){.kind = SETTLE_EXCHANGE, .closing = 1681, .opening = 0};
	assert_int_equal(settle_with(&history, &decision, &profile), SETTLE_DONE);
	assert_int_equal(history.made[0].energy, 20); /* 81 by 1 : 3, to the step */
	assert_int_equal(history.made[1].energy, 61);
	assert_int_equal(history.made[0].method, METHOD_PROFILE);
	unknown = 2 * QUARTER; /* a profile that does not know each row is none */
	assert_int_equal(settle_with(&history, &decision, &profile), SETTLE_DONE);
	assert_int_equal(history.made[0].energy, 40);
	assert_int_equal(history.made[0].method, METHOD_EVEN);
}

/* ---- another multiplier ---- */

static size_t rescale(struct history *history, struct scale ratio, int64_t from)
{
	struct settle_rescaling rescaling = {.ratio = ratio, .from_wall_ms = from};
	size_t made = 0;
	for (size_t i = 0; i < history->count; i++) {
		bool changed = false;
		assert_int_equal(settle_rescale_row(&rescaling, &history->rows[i], &changed,
					 &history->made[made]),
			SETTLE_DONE);
		made += changed;
	}
	return made;
}

/* To the nearest; thirds have no halves. */
static int64_t seven_thirds(int64_t reading)
{
	return (14 * reading + 3) / 6;
}

static void a_multiplier_telescopes_exactly_over_any_run(void **state)
{
	struct history history = {0};
	int64_t reading = 1001, sum = 0;
	(void)state;
	for (int i = 0; i < 50; i++) {
		measured(&history, reading, reading + i * i % 17)->revision = i % 3;
		reading += i * i % 17;
	}
	assert_int_equal(rescale(&history, (struct scale){7, 3}, 0), 50);
	for (int i = 0; i < 50; i++) {
		const struct interval_row *row = &history.made[i];
		assert_int_equal(row->energy, row->reading_end - row->reading_start);
		assert_int_equal(row->reading_end, seven_thirds(history.rows[i].reading_end));
		assert_int_equal(row->revision, i % 3 + 1);
		assert_int_equal(row->quality, QUALITY_MEASURED);
		sum += row->energy;
	}
	assert_int_equal(sum, seven_thirds(reading) - seven_thirds(1001));
}

static void the_row_that_holds_the_instant_is_split_in_itself_and_an_estimate(void **state)
{
	struct history history = {0};
	(void)state;
	measured(&history, 0, 90);
	measured(&history, 90, 180);
	measured(&history, 180, 270);
	assert_int_equal(rescale(&history, (struct scale){60, 1}, QUARTER + QUARTER / 3), 2);
	assert_int_equal(history.made[0].start_wall_ms, QUARTER);
	assert_int_equal(history.made[0].energy, 30 + 60 * 60);
	assert_int_equal(history.made[0].reading_start, 90); /* still the old scale */
	assert_int_equal(history.made[0].reading_end, 180 * 60);
	assert_int_equal(history.made[0].quality, QUALITY_ESTIMATED);
	assert_int_equal(history.made[0].method, METHOD_EVEN);
	assert_int_equal(history.made[1].energy, 90 * 60);
	assert_int_equal(history.made[1].quality, QUALITY_MEASURED);
}

static void rollovers_and_rows_without_readings_are_multiplied_too(void **state)
{
	struct history history = {0};
	(void)state;
	measured(&history, 9910, 130)->energy = 220; /* over 10000 */
	measured(&history, 130, 248);
	add(&history, QUALITY_ESTIMATED)->energy = 57; /* settled: 248 .. 305 .. 349 */
	add(&history, QUALITY_ESTIMATED)->energy = 44;
	add(&history, QUALITY_MISSING);
	broken(&history, 401, 79);
	assert_int_equal(rescale(&history, (struct scale){1, 10}, 0), 5);
	assert_int_equal(history.made[0].energy, 1013 - 991);
	assert_int_equal(history.made[0].reading_end, 13);
	assert_int_equal(history.made[1].energy, 25 - 13); /* 24.8 */
	assert_int_equal(history.made[2].energy, 30 - 25); /* 30.5, to even */
	assert_int_equal(history.made[3].energy, 35 - 30); /* 34.9 */
	assert_false(history.made[3].has_readings);
	assert_int_equal(history.made[4].quality, QUALITY_REJECTED);
	assert_int_equal(history.made[4].reading_start, 40);
	assert_int_equal(history.made[4].reading_end, 8);
}

static void what_becomes_too_large_is_refused(void **state)
{
	struct history history = {0};
	struct settle_rescaling rescaling = {
		.ratio = {1000000, 1}
        };
	bool changed = false;
	(void)state;
	measured(&history, 0, INT64_MAX / 1000);
	assert_int_equal(
		settle_rescale_row(&rescaling, &history.rows[0], &changed, &history.made[0]),
		SETTLE_OVERFLOW);
	assert_false(changed);
}

static void every_result_has_its_words(void **state)
{
	(void)state;
	for (int i = 0; i < SETTLE_RESULT_COUNT; i++) {
		const char *text = settle_result_text((enum settle_result)i);
		assert_non_null(text);
		assert_true(strlen(text) > 6);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(text, settle_result_text((enum settle_result)j));
	}
	assert_string_equal(settle_result_text(SETTLE_RESULT_COUNT), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			closing_and_opening_readings_give_a_hundred_and_not_minus_fifteen_hundred),
		cmocka_unit_test(a_span_of_many_rows_adds_up_and_is_an_estimate),
		cmocka_unit_test(a_boundary_inside_a_long_gap_makes_no_measured_value),
		cmocka_unit_test(readings_that_contradict_the_rows_are_refused),
		cmocka_unit_test(a_span_that_has_not_ended_waits_and_one_at_the_very_start_cannot),
		cmocka_unit_test(each_span_is_found_by_an_instant_in_it_and_the_newest_without),
		cmocka_unit_test(a_hole_between_rows_ends_a_span),
		cmocka_unit_test(a_leap_that_was_real_is_accepted_with_its_readings),
		cmocka_unit_test(a_reading_that_fell_is_not_accepted),
		cmocka_unit_test(an_unknown_closing_is_estimated_from_the_power_around),
		cmocka_unit_test(even_a_single_row_is_an_estimate_when_the_closing_was_unknown),
		cmocka_unit_test(with_nothing_known_around_there_is_no_estimate),
		cmocka_unit_test(a_profile_shares_out_and_estimates),
		cmocka_unit_test(a_multiplier_telescopes_exactly_over_any_run),
		cmocka_unit_test(the_row_that_holds_the_instant_is_split_in_itself_and_an_estimate),
		cmocka_unit_test(rollovers_and_rows_without_readings_are_multiplied_too),
		cmocka_unit_test(what_becomes_too_large_is_refused),
		cmocka_unit_test(every_result_has_its_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
