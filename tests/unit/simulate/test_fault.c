/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_fault.c -- How a fault is written, and when it holds. A fault that is
 * misread makes a test pass for the wrong reason.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/simulate/fault.h"

static struct fault parse(const char *text)
{
	struct fault fault = {0};
	char reason[FAULT_REASON_MAX] = "";
	if (!fault_parse(text, &fault, reason))
		fail_msg("%s: %s", text, reason);
	return fault;
}

static void every_row_has_a_name_and_reads_back_under_it(void **state)
{
	(void)state;
	for (int kind = 0; kind < FAULT_KIND_COUNT; kind++) {
		const struct fault_info *info = fault_info((enum fault_kind)kind);
		char text[64];
		const char *argument = info->argument == ARGUMENT_NONE            ? ""
				       : info->argument == ARGUMENT_SERIAL_NUMBER ? ":4711"
										  : ":7";
		assert_non_null(info->name);
		assert_true(strlen(info->help) > 0);
		snprintf(text, sizeof(text), "%s%s*2@1-3", info->name, argument);
		struct fault fault = parse(text);
		assert_int_equal(fault.kind, kind);
		assert_int_equal(fault.count, 2);
		assert_int_equal(fault.from_ms, 1000);
		assert_int_equal(fault.to_ms, 3000);
	}
}

static void arguments_are_taken_and_defaults_stand_in(void **state)
{
	(void)state;
	assert_int_equal(parse("late:800").number, 800);
	assert_int_equal(parse("short").number, 3);
	assert_int_equal(parse("short:7").number, 7);
	assert_int_equal(parse("babble").number, 300);
	assert_int_equal(parse("hole:72").last, 72);
	assert_int_equal(parse("hole:72-80").number, 72);
	assert_int_equal(parse("hole:72-80").last, 80);
	assert_string_equal(parse("exchanged:12345678@5").text, "12345678");
	assert_int_equal(parse("silent@2.25-3.5").from_ms, 2250);
	assert_int_equal(parse("silent@2.25-3.5").to_ms, 3500);
	assert_int_equal(parse("silent").count, -1);
	assert_true(parse("silent").to_ms == INT64_MAX);
}

static void what_is_no_fault_is_refused_in_words(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct {
		const char *text;
		const char *says;
	} cases[] = {
		{"",               "`` is no fault; there are none silent late"},
		{"Silent",         "`Silent` is no fault"},
		{"silent:3",       "`silent` takes no argument"},
		{"late",           "`late` needs a number from 1 to 600000"},
		{"late:",          "`late` needs"},
		{"late:0",         "`late` needs"},
		{"late:-5",        "`late` needs"},
		{"late:600001",    "`late` needs"},
		{"late:99999999999999999999", "`late` needs"},
		{"exception",      "`exception` needs a number from 1 to 255"},
		{"exception:256",  "from 1 to 255"},
		{"hole:80-72",     "`hole` needs"},
		{"hole:0-65536",   "`hole` needs"},
		{"exchanged",      "`exchanged` needs a serial number of 1 to 32 characters"},
		{"exchanged:123456789012345678901234567890123", "1 to 32"},
		{"silent*0",       "`*0` is not understood|`` is not understood"},
		{"silent*x",       "is not understood"},
		{"silent@",        "is not understood"},
		{"silent@9-3",     "is not understood"},
		{"silent@3-3",     "is not understood"},
		{"silent@1-2 ",    "` ` is not understood"},
		{"late:5ms",       "`ms` is not understood"},
	};
	/* clang-format on */
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fault fault = {.number = 42};
		char reason[FAULT_REASON_MAX] = "";
		char says[128];
		bool told = false;
		assert_false(fault_parse(cases[i].text, &fault, reason));
		assert_int_equal(fault.number, 42);
		snprintf(says, sizeof(says), "%s", cases[i].says);
		for (char *at = says, *one; (one = strsep(&at, "|")) != NULL;)
			told = told || strstr(reason, one) != NULL;
		if (!told)
			fail_msg("`%s`: expected `%s`, was told `%s`", cases[i].text, cases[i].says,
				reason);
	}
}

static void a_fault_holds_from_its_first_second_until_just_before_its_last(void **state)
{
	(void)state;
	struct fault fault = parse("silent@10-20");
	assert_false(fault_holds(&fault, 9999));
	assert_true(fault_holds(&fault, 10000));
	assert_true(fault_holds(&fault, 19999));
	assert_false(fault_holds(&fault, 20000));
	fault = parse("none");
	assert_false(fault_holds(&fault, 0));
}

static void a_counted_fault_ends_after_so_many_requests(void **state)
{
	(void)state;
	struct fault fault = parse("exception:4*2");
	for (int i = 0; i < 2; i++) {
		assert_true(fault_holds(&fault, 0));
		fault_spend(&fault);
	}
	assert_false(fault_holds(&fault, 0));
	fault = parse("silent");
	for (int i = 0; i < 1000; i++)
		fault_spend(&fault);
	assert_true(fault_holds(&fault, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_has_a_name_and_reads_back_under_it),
		cmocka_unit_test(arguments_are_taken_and_defaults_stand_in),
		cmocka_unit_test(what_is_no_fault_is_refused_in_words),
		cmocka_unit_test(a_fault_holds_from_its_first_second_until_just_before_its_last),
		cmocka_unit_test(a_counted_fault_ends_after_so_many_requests),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
