/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_series.c -- Protects: each thing that stands in a row has a word of its
 * own, and a number that a newer program left in a store is no crash.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/core/series.h"

static const char *stream_word(int number)
{
	return stream_name((enum stream)number);
}

static const char *quality_word(int number)
{
	return quality_name((enum quality)number);
}

static const char *method_word(int number)
{
	return estimate_method_name((enum estimate_method)number);
}

static const char *flag_word(int number)
{
	return flag_name((enum flag)number);
}

static const char *clock_word(int number)
{
	return clock_state_name((enum clock_state)number);
}

static const char *event_word(int number)
{
	return event_kind_name((enum event_kind)number);
}

/* clang-format off */
static const struct {
	const char *(*word)(int number);
	int first; /* that has a word */
	int count;
} tables[] = {
	{stream_word,  0,               STREAM_COUNT},
	{quality_word, 0,               QUALITY_COUNT},
	{method_word,  METHOD_NONE + 1, METHOD_COUNT},
	{flag_word,    0,               FLAG_COUNT},
	{clock_word,   0,               CLOCK_STATE_COUNT},
	{event_word,   0,               EVENT_KIND_COUNT},
};
/* clang-format on */

static void each_has_a_word_of_its_own_in_small_letters(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		for (int number = tables[i].first; number < tables[i].count; number++) {
			const char *word = tables[i].word(number);

			assert_non_null(word);
			assert_true(strlen(word) > 1);
			assert_int_equal(strspn(word, "abcdefghijklmnopqrstuvwxyz_"), strlen(word));
			for (int other = tables[i].first; other < number; other++) {
				assert_string_not_equal(word, tables[i].word(other));
			}
		}
	}
}

static void no_method_has_no_word(void **state)
{
	(void)state;
	assert_null(estimate_method_name(METHOD_NONE));
}

static void what_a_newer_program_left_is_a_question_mark(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		assert_string_equal(tables[i].word(tables[i].count), "?");
		assert_string_equal(tables[i].word(255), "?");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_has_a_word_of_its_own_in_small_letters),
		cmocka_unit_test(no_method_has_no_word),
		cmocka_unit_test(what_a_newer_program_left_is_a_question_mark),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
