/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_series_flags.c -- The flags of one series together: what is judged of
 * which quantity, that a revision changes nothing, when a person is told; and
 * meters below a meter against it.
 */
#include <string.h>

#include "tests/fakes/flag_bench.h"

#define BIT(flag) (UINT32_C(1) << (flag))

enum { QUARTERS_A_WEEK = 7 * 96 };

/* ---- sub-meters ---- */

static bool above(int64_t main_wh, int64_t first_wh, int64_t second_wh)
{
	struct flag_rules rules = flag_bench_rules();
	struct interval_row row = flag_bench_row(0, FLAG_BENCH_QUARTER_MS, main_wh * 1000);
	struct submeter_sum sum = {0};
	struct flag_finding finding;

	submeter_sum_add(&sum, first_wh * 1000, 10000);
	submeter_sum_add(&sum, second_wh * 1000, 10000);
	bool found = submeter_sum_is_above(&sum, &rules, &row, &finding);
	if (found) {
		assert_int_equal(finding.amount, (first_wh + second_wh) * 1000);
		assert_int_equal(finding.against, main_wh * 1000);
	}
	return found;
}

static void submeters_above_their_main_are_found_past_tolerance_and_steps(void **state)
{
	(void)state;
	assert_true(above(1000, 600, 481)); /* 81 Wh: 50 tolerance and three steps of 10 */
	assert_false(above(1000, 600, 480));
	assert_false(above(1000, 300, 200)); /* below is normal */
	assert_false(above(0, 20, 10));
	assert_true(above(0, 20, 11));
}

static void a_meter_without_submeters_has_none_above_it(void **state)
{
	(void)state;
	struct flag_rules rules = flag_bench_rules();
	struct interval_row row = flag_bench_row(0, FLAG_BENCH_QUARTER_MS, -1000000);
	struct submeter_sum sum = {0};
	struct flag_finding finding;

	assert_false(submeter_sum_is_above(&sum, &rules, &row, &finding));
}

static void the_largest_submeters_do_not_overflow(void **state)
{
	(void)state;
	struct flag_rules rules = flag_bench_rules();
	struct interval_row row = flag_bench_row(0, FLAG_BENCH_QUARTER_MS, INT64_MAX);
	struct submeter_sum sum = {0};
	struct flag_finding finding;

	submeter_sum_add(&sum, INT64_MAX, INT64_MAX);
	submeter_sum_add(&sum, INT64_MAX, INT64_MAX);
	assert_false(submeter_sum_is_above(&sum, &rules, &row, &finding));
	submeter_sum_add(&sum, INT64_MAX, 1);
	submeter_sum_add(&sum, INT64_MAX, 1);
	assert_true(submeter_sum_is_above(&sum, &rules, &row, &finding));
	assert_int_equal(finding.amount, INT64_MAX);
}

/* ---- one series ---- */

struct course {
	struct series_flags flags;
	struct flag_rules rules;
	struct register_facts facts;
	struct flag_finding findings[FLAG_COUNT];
	uint32_t known;
	int64_t next;
};

static struct course course_new(void)
{
	return (struct course){.rules = flag_bench_rules()};
}

static uint32_t close_row(struct course *course, const struct interval_row *row)
{
	return series_flags_close(&course->flags, &course->rules, row, &course->facts,
		&course->known, course->findings);
}

static uint32_t close_next(struct course *course, int64_t energy)
{
	struct interval_row row = flag_bench_row(course->next++, FLAG_BENCH_QUARTER_MS, energy);

	return close_row(course, &row);
}

static void the_state_of_a_series_is_small(void **state)
{
	(void)state;
	assert_in_range(sizeof(struct series_flags), 1, 600);
}

static void a_spike_stands_on_the_row_that_closes(void **state)
{
	(void)state;
	struct course course = course_new();

	for (int i = 0; i < QUARTERS_A_WEEK; i++) {
		assert_int_equal(close_next(&course, 500000), 0);
	}
	assert_int_equal(close_next(&course, 50000000), BIT(FLAG_SPIKE));
	assert_int_equal(course.findings[FLAG_SPIKE].amount, 50000000);
	assert_int_equal(close_next(&course, 500000), 0);
	assert_true(course.known & BIT(FLAG_SPIKE));
}

static void only_what_was_measured_teaches_and_is_judged(void **state)
{
	(void)state;
	static const enum quality others[] = {QUALITY_ESTIMATED, QUALITY_REJECTED, QUALITY_MISSING};

	for (size_t k = 0; k < 3; k++) {
		struct course course = course_new();
		for (int i = 0; i < QUARTERS_A_WEEK; i++) {
			struct interval_row row =
				flag_bench_row(course.next++, FLAG_BENCH_QUARTER_MS, 500000);
			row.quality = (uint8_t)others[k];
			assert_int_equal(close_row(&course, &row), 0);
			assert_int_equal(course.known & BIT(FLAG_SPIKE), 0);
		}
		assert_int_equal(close_next(&course, 50000000), 0);
	}
}

static void what_the_fuse_cannot_carry_is_flagged_on_an_estimate_too_and_on_no_null(void **state)
{
	(void)state;
	struct course course = course_new();
	struct interval_row row = flag_bench_row(0, FLAG_BENCH_QUARTER_MS, 50000000);

	course.rules.power_max_per_hour = 4 * FLAG_BENCH_KWH;
	row.quality = QUALITY_ESTIMATED;
	row.revision = 1;
	assert_int_equal(close_row(&course, &row), BIT(FLAG_LARGEST_POWER));
	row.quality = QUALITY_REJECTED;
	assert_int_equal(close_row(&course, &row), 0);
}

static void a_revision_changes_nothing(void **state)
{
	(void)state;
	struct course course = course_new();

	for (int i = 0; i < QUARTERS_A_WEEK; i++) {
		assert_int_equal(close_next(&course, 500000), 0);
	}
	const struct series_flags before = course.flags;
	struct interval_row old = flag_bench_row(3, FLAG_BENCH_QUARTER_MS, 50000000);
	assert_int_equal(close_row(&course, &old), 0);
	struct interval_row taken_back = flag_bench_row(course.next + 9, FLAG_BENCH_QUARTER_MS, 0);
	taken_back.quality = QUALITY_MISSING;
	taken_back.revision = 2;
	assert_int_equal(close_row(&course, &taken_back), 0);
	assert_memory_equal(&course.flags, &before, sizeof(before));
}

static void a_window_that_differs_flags_every_row_until_one_agrees(void **state)
{
	(void)state;
	struct course course = course_new();
	const uint32_t bit = BIT(FLAG_REGISTER_AGAINST_POWER);

	course.facts.has_power = true;
	course.facts.power.positive = (flag_sum)30000 * FLAG_BENCH_HOUR_MS; /* 30 Wh */
	for (int i = 0; i < 3; i++) {
		assert_int_equal(close_next(&course, 300000), 0);
	}
	for (int i = 0; i < 10; i++) {
		assert_int_equal(close_next(&course, 300000), bit);
	}
	struct interval_row missing = flag_bench_row(course.next++, FLAG_BENCH_QUARTER_MS, 0);
	missing.quality = QUALITY_MISSING;
	assert_int_equal(close_row(&course, &missing), 0);
	course.facts.power.positive *= 10;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(close_next(&course, 300000), bit);
	}
	assert_int_equal(close_next(&course, 300000), 0);
	assert_true(course.known & bit);
}

static void a_null_among_the_zeros_ends_what_is_known_of_the_stand(void **state)
{
	(void)state;
	struct course course = course_new();

	assert_int_equal(close_next(&course, 300000), 0);
	for (int i = 0; i < 120 * 96; i++) {
		struct interval_row row = flag_bench_row(course.next++, FLAG_BENCH_QUARTER_MS, 0);
		row.quality = i % (50 * 96) == 0 ? QUALITY_MISSING : QUALITY_MEASURED;
		assert_int_equal(close_row(&course, &row), 0);
	}
}

/* Hours of which the sixth is doubled: is it found? */
static bool looks_back(enum quantity quantity, enum quality quality)
{
	static const int64_t hours[] = {10, 11, 10, 11, 10, 22, 11};
	struct course course = course_new();
	struct flag_finding finding;
	bool found = false;

	course.rules.quantity = quantity;
	for (int hour = 0; hour < 7; hour++) {
		struct interval_row row =
			flag_bench_row(hour, FLAG_BENCH_HOUR_MS, hours[hour] * FLAG_BENCH_KWH);
		row.quality = hour == 5 ? (uint8_t)quality : QUALITY_MEASURED;
		found = series_flags_look_back(&course.flags, &course.rules, &row, &finding) ||
			found;
	}
	return found;
}

static void a_doubled_hour_is_a_measured_one_of_a_quantity_that_is_judged(void **state)
{
	(void)state;
	assert_true(looks_back(QUANTITY_ACTIVE_ENERGY_IMPORT, QUALITY_MEASURED));
	assert_true(looks_back(QUANTITY_HEAT_ENERGY, QUALITY_MEASURED));
	assert_false(looks_back(QUANTITY_ACTIVE_ENERGY_IMPORT, QUALITY_ESTIMATED));
	assert_false(looks_back(QUANTITY_ACTIVE_ENERGY_EXPORT, QUALITY_MEASURED));
}

static void nothing_is_judged_of_a_quantity_without_a_row(void **state)
{
	(void)state;
	struct course course = course_new();

	assert_int_equal(series_flags_judged(QUANTITY_REACTIVE_ENERGY_IMPORT), 0);
	assert_int_equal(series_flags_judged(QUANTITY_ACTIVE_ENERGY_IMPORT_T1), 0);
	course.rules.quantity = QUANTITY_ACTIVE_ENERGY_IMPORT_T1;
	for (int i = 0; i < QUARTERS_A_WEEK; i++) {
		close_next(&course, 500000);
	}
	assert_int_equal(close_next(&course, 50000000), 0);
}

/* A sunny day after weeks of snow, a cloud. */
static void production_has_no_spikes_and_no_doubled_hours(void **state)
{
	(void)state;
	assert_int_equal(series_flags_judged(QUANTITY_ACTIVE_ENERGY_EXPORT) &
				 (BIT(FLAG_SPIKE) | BIT(FLAG_DOUBLED_HOUR)),
		0);
}

static void every_quantity_that_is_judged_is_a_counter_and_its_gauge_a_gauge(void **state)
{
	(void)state;
	size_t count = 0;

	for (int i = 0; i < QUANTITY_COUNT; i++) {
		enum quantity other = QUANTITY_COUNT;
		if (series_flags_judged((enum quantity)i) == 0) {
			assert_false(series_flags_gauge((enum quantity)i, &other));
			assert_false(series_flags_opposite((enum quantity)i, &other));
			continue;
		}
		count++;
		assert_int_equal(quantity_info((enum quantity)i)->kind, QUANTITY_COUNTER);
		if (series_flags_gauge((enum quantity)i, &other)) {
			assert_int_equal(quantity_info(other)->kind, QUANTITY_GAUGE);
		}
		if (series_flags_opposite((enum quantity)i, &other)) {
			enum quantity back;
			assert_true(series_flags_opposite(other, &back));
			assert_int_equal(back, i);
		}
	}
	assert_true(count > 0);
}

/* ---- telling ---- */

static void what_lasts_is_told_when_it_begins_and_when_it_ends(void **state)
{
	(void)state;
	struct series_flags flags = {0};
	int64_t at = FLAG_BENCH_T0;

	assert_int_equal(series_flags_turn(&flags, FLAG_FROZEN, false, at), FLAG_TURN_NONE);
	assert_int_equal(series_flags_turn(&flags, FLAG_FROZEN, true, at), FLAG_TURN_BEGINS);
	for (int day = 0; day < 9; day++) {
		at += FLAG_BENCH_DAY_MS;
		assert_int_equal(series_flags_turn(&flags, FLAG_FROZEN, true, at), FLAG_TURN_NONE);
	}
	assert_int_equal(series_flags_turn(&flags, FLAG_FROZEN, false, at), FLAG_TURN_ENDS);
	assert_int_equal(series_flags_turn(&flags, FLAG_FROZEN, false, at), FLAG_TURN_NONE);
	assert_int_equal(series_flags_turn(&flags, FLAG_FROZEN, true, at), FLAG_TURN_BEGINS);
}

static void what_comes_and_goes_is_told_once_a_day(void **state)
{
	(void)state;
	struct series_flags flags = {0};
	int begins = 0, ends = 0;

	for (int quarter = 0; quarter < 3 * 96; quarter++) {
		int64_t at = FLAG_BENCH_T0 + quarter * (int64_t)FLAG_BENCH_QUARTER_MS;
		enum flag_turn turn =
			series_flags_turn(&flags, FLAG_SUBMETERS_ABOVE_MAIN, quarter % 2 == 0, at);
		begins += turn == FLAG_TURN_BEGINS;
		ends += turn == FLAG_TURN_ENDS;
	}
	assert_int_equal(begins, 3);
	assert_int_equal(ends, 3);
}

static void a_single_interval_has_no_end_to_tell(void **state)
{
	(void)state;
	struct series_flags flags = {0};

	assert_int_equal(
		series_flags_turn(&flags, FLAG_SPIKE, true, FLAG_BENCH_T0), FLAG_TURN_BEGINS);
	assert_int_equal(
		series_flags_turn(&flags, FLAG_SPIKE, true, FLAG_BENCH_T0), FLAG_TURN_NONE);
	assert_int_equal(
		series_flags_turn(&flags, FLAG_SPIKE, false, FLAG_BENCH_T0), FLAG_TURN_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(submeters_above_their_main_are_found_past_tolerance_and_steps),
		cmocka_unit_test(a_meter_without_submeters_has_none_above_it),
		cmocka_unit_test(the_largest_submeters_do_not_overflow),
		cmocka_unit_test(the_state_of_a_series_is_small),
		cmocka_unit_test(a_spike_stands_on_the_row_that_closes),
		cmocka_unit_test(only_what_was_measured_teaches_and_is_judged),
		cmocka_unit_test(
			what_the_fuse_cannot_carry_is_flagged_on_an_estimate_too_and_on_no_null),
		cmocka_unit_test(a_revision_changes_nothing),
		cmocka_unit_test(a_window_that_differs_flags_every_row_until_one_agrees),
		cmocka_unit_test(a_null_among_the_zeros_ends_what_is_known_of_the_stand),
		cmocka_unit_test(a_doubled_hour_is_a_measured_one_of_a_quantity_that_is_judged),
		cmocka_unit_test(nothing_is_judged_of_a_quantity_without_a_row),
		cmocka_unit_test(production_has_no_spikes_and_no_doubled_hours),
		cmocka_unit_test(every_quantity_that_is_judged_is_a_counter_and_its_gauge_a_gauge),
		cmocka_unit_test(what_lasts_is_told_when_it_begins_and_when_it_ends),
		cmocka_unit_test(what_comes_and_goes_is_told_once_a_day),
		cmocka_unit_test(a_single_interval_has_no_end_to_tell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
