/* SPDX-License-Identifier: Apache-2.0 */
/* test_spelling.c -- A misspelt word finds the one that was meant, and a strange one none. */
#include "config/spelling.h"

#include "tests/unit/config/expect.h"

static void distances_count_the_edits(void **state)
{
	(void)state;
	static const struct {
		const char *a;
		const char *b;
		size_t distance;
	} rows[] = {
  /* clang-format off */
		{"",        "",        0},
		{"",        "abc",     3},
		{"abc",     "",        3},
		{"parity",  "parity",  0},
		{"partiy",  "parity",  1}, /* neighbours exchanged */
		{"prity",   "parity",  1},
		{"parrity", "parity",  1},
		{"pbrity",  "parity",  1},
		{"kitten",  "sitting", 3},
		{"abcd",    "badc",    2},
  /* clang-format on */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(spelling_distance(rows[i].a, rows[i].b), rows[i].distance);
		assert_int_equal(spelling_distance(rows[i].b, rows[i].a), rows[i].distance);
	}
}

static void the_nearest_word_is_offered_and_a_strange_one_is_not(void **state)
{
	(void)state;
	static const char *const words[] = {"host", "port", "password_file", "user", NULL};
	struct spelling misspelt = {.word = "pasword_flie"};
	struct spelling short_word = {.word = "prot"};
	struct spelling strange = {.word = "colour"};

	spelling_offer_all(&misspelt, words);
	spelling_offer_all(&short_word, words);
	spelling_offer_all(&strange, words);
	assert_string_equal(misspelt.nearest, "password_file");
	assert_string_equal(short_word.nearest, "port");
	assert_null(strange.nearest);
}

static void a_word_beyond_the_limit_is_far_from_everything(void **state)
{
	(void)state;
	char word[SPELLING_LETTERS_MAX + 2];

	memset(word, 'a', sizeof(word));
	word[SPELLING_LETTERS_MAX + 1] = '\0';
	assert_int_equal(spelling_distance(word, word), (size_t)-1);
	word[SPELLING_LETTERS_MAX] = '\0';
	assert_int_equal(spelling_distance(word, word), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(distances_count_the_edits),
		cmocka_unit_test(the_nearest_word_is_offered_and_a_strange_one_is_not),
		cmocka_unit_test(a_word_beyond_the_limit_is_far_from_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
