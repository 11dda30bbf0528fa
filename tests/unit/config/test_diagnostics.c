/* SPDX-License-Identifier: Apache-2.0 */
/* test_diagnostics.c -- What is wrong is kept, counted, ordered and printed as compilers do. */
#include "config/diagnostics.h"

#include <stdlib.h>

#include "tests/unit/config/expect.h"

static void add(struct diagnostics *diagnostics, const char *file, int line, int column)
{
	diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, file, (struct file_position){line, column},
		"at %d", column);
}

static char *printed(const struct diagnostics *diagnostics, bool colour)
{
	char *text = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&text, &length);

	diagnostics_print(diagnostics, stream, colour);
	fclose(stream);
	return text;
}

static void a_line_is_printed_as_compilers_do(void **state)
{
	(void)state;
	struct diagnostics diagnostics = {0};

	add(&diagnostics, "a.yaml", 3, 7);
	diagnostics_add(
		&diagnostics, DIAGNOSTIC_WARNING, "b.yaml", (struct file_position){0, 0}, "empty");
	char *plain = printed(&diagnostics, false);
	char *coloured = printed(&diagnostics, true);
	assert_string_equal(plain, "a.yaml:3:7: error: at 7\nb.yaml: warning: empty\n");
	assert_null(strchr(plain, '\033'));
	assert_non_null(strchr(coloured, '\033'));
	assert_int_equal(diagnostics.errors, 1);
	assert_int_equal(diagnostics.warnings, 1);
	free(plain);
	free(coloured);
	diagnostics_clear(&diagnostics);
	assert_int_equal(diagnostics.count, 0);
}

static void entries_past_the_limit_are_counted(void **state)
{
	(void)state;
	struct diagnostics diagnostics = {0};

	for (int i = 0; i < DIAGNOSTICS_MAX + 17; i++) {
		add(&diagnostics, "a.yaml", i + 1, 1);
	}
	char *text = printed(&diagnostics, false);
	assert_int_equal(diagnostics.count, DIAGNOSTICS_MAX);
	assert_int_equal(diagnostics.errors, DIAGNOSTICS_MAX + 17);
	assert_non_null(strstr(text, "... and 17 more\n"));
	free(text);
	diagnostics_clear(&diagnostics);
}

static void entries_are_ordered_within_their_file_and_files_stay(void **state)
{
	(void)state;
	struct diagnostics diagnostics = {0};

	add(&diagnostics, "b.yaml", 9, 1);
	add(&diagnostics, "b.yaml", 2, 5);
	add(&diagnostics, "b.yaml", 2, 3);
	add(&diagnostics, "a.yaml", 1, 1);
	diagnostics_sort(&diagnostics);
	char *text = printed(&diagnostics, false);
	assert_string_equal(text, "b.yaml:2:3: error: at 3\nb.yaml:2:5: error: at 5\n"
				  "b.yaml:9:1: error: at 1\na.yaml:1:1: error: at 1\n");
	free(text);
	diagnostics_clear(&diagnostics);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_printed_as_compilers_do),
		cmocka_unit_test(entries_past_the_limit_are_counted),
		cmocka_unit_test(entries_are_ordered_within_their_file_and_files_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
