/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_verb_table.c -- Every row of the table of verbs can be found, explained
 * and run; a verb's options are read from the table that its help is.
 */
#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/verbs/verb.h"

static void every_verb_is_found_by_its_name_and_only_by_it(void **state)
{
	(void)state;
	size_t count = 0;
	for (const struct verb *verb = verbs; verb->name != NULL; verb++, count++) {
		assert_ptr_equal(verb_find(verb->name), verb);
		assert_non_null(verb->run);
		assert_true(strlen(verb->name) <= 10); /* the width of main.c's list */
		assert_true(strlen(verb->help) > 10);
		assert_int_not_equal(verb->help[strlen(verb->help) - 1], '.');
	}
	assert_true(count >= 8);
	assert_null(verb_find("dance"));
	assert_null(verb_find(""));
}

/* clang-format off */
static const struct verb_option options[] = {
	{"json", NULL, "as JSON"},
	{"socket", "PATH", "the socket"},
	{0},
};
/* clang-format on */
static const struct verb_usage usage = {
	.name = "test", .synopsis = "[--json] WHAT", .help = "Tests.", .options = options};

/* All options of a command line, in order, and what ended them. */
static int read_all(int argc, const char **argv, int *ret_options, const char **ret_arguments)
{
	int option;
	optind = 0; /* getopt_long(3): begin anew */
	for (size_t i = 0;; i++) {
		const char *argument = NULL;
		option = verb_option_next(&usage, argc, (char **)(uintptr_t)argv, &argument);
		if (option < 0)
			return option;
		ret_options[i] = option;
		ret_arguments[i] = argument;
	}
}

static void options_and_operands_may_be_mixed(void **state)
{
	(void)state;
	const char *argv[] = {"test", "kitchen", "--socket", "/a", "--json", "hall", NULL};
	int found[8] = {0};
	const char *arguments[8] = {0};
	assert_int_equal(read_all(6, argv, found, arguments), VERB_OPTIONS_END);
	assert_int_equal(found[0], 1);
	assert_string_equal(arguments[0], "/a");
	assert_int_equal(found[1], 0);
	assert_null(arguments[1]);
	assert_int_equal(optind, 4);
	assert_string_equal(argv[optind], "kitchen");
}

static void two_dashes_end_the_options(void **state)
{
	(void)state;
	const char *argv[] = {"test", "--", "--json", NULL};
	int found[8];
	const char *arguments[8];
	assert_int_equal(read_all(3, argv, found, arguments), VERB_OPTIONS_END);
	assert_string_equal(argv[optind], "--json");
}

static void what_is_not_known_or_lacks_its_argument_is_misuse(void **state)
{
	(void)state;
	const char *unknown[] = {"test", "--dance", NULL};
	const char *lacking[] = {"test", "--socket", NULL};
	const char *too_much[] = {"test", "--json=yes", NULL};
	const char *letter[] = {"test", "-j", NULL};
	const char **const bad[] = {unknown, lacking, too_much, letter};
	int found[8];
	const char *arguments[8];
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(read_all(2, bad[i], found, arguments), VERB_OPTIONS_BAD);
	assert_int_equal(verb_option_exit(VERB_OPTIONS_BAD), VERB_USAGE);
	assert_int_equal(verb_option_exit(VERB_OPTIONS_HELP), VERB_OK);
}

static void help_names_every_option(void **state)
{
	(void)state;
	char *text = NULL;
	size_t length;
	FILE *stream = open_memstream(&text, &length);
	verb_print_usage(&usage, stream);
	fclose(stream);
	assert_non_null(strstr(text, "usage: byport test [--json] WHAT"));
	for (const struct verb_option *option = options; option->name != NULL; option++)
		assert_non_null(strstr(text, option->help));
	assert_non_null(strstr(text, "--socket PATH"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_verb_is_found_by_its_name_and_only_by_it),
		cmocka_unit_test(options_and_operands_may_be_mixed),
		cmocka_unit_test(two_dashes_end_the_options),
		cmocka_unit_test(what_is_not_known_or_lacks_its_argument_is_misuse),
		cmocka_unit_test(help_names_every_option),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
