/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_terminal.c -- Tables align by characters and not by bytes, are cut at the
 * terminal's width, and print nothing that could move the cursor.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/terminal.h"

static const struct table_column columns[] = {
	{"meter", false},
        {"value", true },
        {"unit",  false}
};

/* What a table of these cells prints; free() it. */
static char *printed(const char *const *cells, size_t count, const struct terminal *terminal)
{
	char *text = NULL;
	size_t length;
	FILE *stream = open_memstream(&text, &length);
	struct table *table = table_new(columns, 3);
	for (size_t i = 0; i < count; i++)
		table_cell(table, i % 3 == 0 ? TINT_GOOD : TINT_PLAIN, "%s", cells[i]);
	table_print(table, terminal, stream);
	table_free(table);
	fclose(stream);
	return text;
}

static void columns_align_by_characters(void **state)
{
	(void)state;
	const char *const cells[] = {"kjøkken", "1.5", "m³", "b", "1234.5", "W"};
	const struct terminal terminal = {.columns = 80};
	char *text = printed(cells, 6, &terminal);
	assert_string_equal(text, "meter     value  unit\n"
				  "kjøkken     1.5  m³\n"
				  "b        1234.5  W\n");
	free(text);
}

static void lines_are_cut_at_the_terminals_width(void **state)
{
	(void)state;
	const char *const cells[] = {"a-very-long-name-of-a-meter-that-goes-on", "1", "W"};
	const struct terminal terminal = {.columns = 40};
	char *text = printed(cells, 3, &terminal);
	size_t title = strcspn(text, "\n");
	assert_true(strcspn(&text[title + 1], "\n") <= 40);
	free(text);
}

static void nothing_moves_the_cursor(void **state)
{
	(void)state;
	const char *const cells[] = {"evil\033[2Jname\r\n", "1", "\x7f"};
	const struct terminal terminal = {.columns = 80};
	char *text = printed(cells, 3, &terminal);
	assert_null(strchr(text, '\033'));
	assert_null(strchr(text, '\r'));
	assert_null(strchr(text, '\x7f'));
	assert_non_null(strstr(text, "evil?[2Jname??"));
	free(text);
	const char *const one_byte_less[] = {"a\xc2\x9bJb", "\xc2\xa0\xc2\xb2", "\xc2"};
	text = printed(one_byte_less, 3, &terminal);
	assert_null(strstr(text, "\xc2\x9b"));
	assert_non_null(strstr(text, "a??Jb"));
	assert_non_null(strstr(text, "\xc2\xa0\xc2\xb2")); /* a space and a superscript */
	free(text);
}

static void colour_is_for_terminals_and_does_not_shift_columns(void **state)
{
	(void)state;
	const char *const cells[] = {"a", "1", "W"};
	const struct terminal plain = {.columns = 80}, colour = {.columns = 80, .colour = true};
	char *without = printed(cells, 3, &plain), *with = printed(cells, 3, &colour);
	assert_null(strchr(without, '\033'));
	assert_non_null(strstr(with, "\033[32ma\033[0m"));
	assert_non_null(strstr(with, "    1"));
	free(without);
	free(with);
	FILE *file = tmpfile();
	assert_false(terminal_of(file).colour);
	fclose(file);
}

static void an_age_is_in_the_unit_people_use(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { double age_s; const char *text; } ages[] = {
		{-1, "0.0 s"}, {2.34, "2.3 s"}, {45, "45 s"}, {600, "10 min"}, {36000, "10 h"},
		{864000, "10 d"},
	};
	/* clang-format on */
	char text[16];
	for (size_t i = 0; i < sizeof ages / sizeof ages[0]; i++) {
		age_print(text, ages[i].age_s);
		assert_string_equal(text, ages[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_align_by_characters),
		cmocka_unit_test(lines_are_cut_at_the_terminals_width),
		cmocka_unit_test(nothing_moves_the_cursor),
		cmocka_unit_test(colour_is_for_terminals_and_does_not_shift_columns),
		cmocka_unit_test(an_age_is_in_the_unit_people_use),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
