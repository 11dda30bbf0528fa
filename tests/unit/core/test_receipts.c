/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_receipts.c -- What counts is the least of the archives that have answered
 * within thirty days.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "gateway/core/receipts.h"

static bool say(struct receipts *receipts, const char *archive, int64_t at_mono_ms, int64_t energy)
{
	struct receipts_archive said = {
		.answered_mono_ms = at_mono_ms,
		.through = {[STREAM_ENERGY] = energy, [STREAM_TRENDS] = RECEIPT_UNTOLD}
        };
	snprintf(said.id, sizeof(said.id), "%s", archive);
	return receipts_take(receipts, &said);
}

static int64_t least(const struct receipts *receipts, int64_t now_mono_ms)
{
	int64_t through = RECEIPT_UNTOLD;

	(void)receipts_least(receipts, STREAM_ENERGY, now_mono_ms, &through);
	return through;
}

static void the_least_of_all_archives_counts(void **state)
{
	struct receipts receipts = {.count = 0};

	(void)state;
	assert_int_equal(least(&receipts, 0), RECEIPT_UNTOLD);
	assert_true(say(&receipts, "oslo", 0, 100));
	assert_int_equal(least(&receipts, 0), 100);
	assert_true(say(&receipts, "viken", 0, 40));
	assert_int_equal(least(&receipts, 0), 40);
	assert_true(say(&receipts, "viken", 1, 120));
	assert_int_equal(least(&receipts, 1), 100);
	assert_true(say(&receipts, "oslo", 2, 7)); /* restored from a backup */
	assert_int_equal(least(&receipts, 2), 7);
}

static void an_archive_that_is_silent_for_thirty_days_is_not_waited_for(void **state)
{
	struct receipts receipts = {.count = 0};

	(void)state;
	say(&receipts, "old", 0, 5);
	say(&receipts, "new", 1000, 900);
	assert_int_equal(least(&receipts, RECEIPTS_SILENT_MS - 1), 5);
	assert_int_equal(least(&receipts, RECEIPTS_SILENT_MS), 900);
	assert_int_equal(least(&receipts, RECEIPTS_SILENT_MS + 1000), RECEIPT_UNTOLD);
	say(&receipts, "old", RECEIPTS_SILENT_MS + 2000, 6);
	assert_int_equal(least(&receipts, RECEIPTS_SILENT_MS + 2000), 6);
}

static void a_stream_that_is_not_named_stays_as_it_was(void **state)
{
	struct receipts receipts = {.count = 0};
	struct receipts_archive said = {
		.id = "oslo", .through = {RECEIPT_UNTOLD, 33}
        };
	int64_t through = 0;

	(void)state;
	say(&receipts, "oslo", 0, 5);
	assert_false(receipts_least(&receipts, STREAM_TRENDS, 0, &through));
	assert_true(receipts_take(&receipts, &said));
	assert_int_equal(least(&receipts, 0), 5);
	assert_true(receipts_least(&receipts, STREAM_TRENDS, 0, &through));
	assert_int_equal(through, 33);
}

static void one_too_many_is_refused_until_one_has_gone_silent(void **state)
{
	struct receipts receipts = {.count = 0};
	char name[8] = "a0";

	(void)state;
	for (int i = 0; i < RECEIPTS_ARCHIVES_MAX; i++) {
		name[1] = (char)('0' + i);
		assert_true(say(&receipts, name, i, 10 + i));
	}
	assert_false(say(&receipts, "other", 100, 1));
	assert_int_equal(least(&receipts, 100), 10);
	assert_true(say(&receipts, "a3", 100, 2)); /* one that is known */
	assert_true(say(&receipts, "other", RECEIPTS_SILENT_MS, 1));
	assert_int_equal(receipts.count, RECEIPTS_ARCHIVES_MAX);
	assert_int_equal(least(&receipts, RECEIPTS_SILENT_MS), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_least_of_all_archives_counts),
		cmocka_unit_test(an_archive_that_is_silent_for_thirty_days_is_not_waited_for),
		cmocka_unit_test(a_stream_that_is_not_named_stays_as_it_was),
		cmocka_unit_test(one_too_many_is_refused_until_one_has_gone_silent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
