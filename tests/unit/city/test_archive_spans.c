/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_archive_spans.c -- That committed ids are neither lost nor invented, whatever
 * the order they come in: against a plain set of ids.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "city/archive_spans.h"

enum { IDS = 200, ROUNDS = 300 };

static struct archive_spans spans;

static void check(const bool ids[static IDS + 1])
{
	for (size_t i = 0; i < spans.count; i++) {
		assert_true(i == 0 ? spans.items[0].after == 0
				   : spans.items[i].after > spans.items[i - 1].through);
	}
	for (int64_t id = 1; id <= IDS; id++)
		assert_int_equal(archive_spans_have(&spans, id), ids[id]);
}

static void check_holes(const bool ids[static IDS + 1])
{
	struct receipt_range holes[RECEIPT_RANGES_MAX];
	size_t count = archive_spans_holes(&spans, IDS, holes), at = 0;
	for (int64_t id = 1; id <= IDS && at < RECEIPT_RANGES_MAX; id++) {
		if (ids[id])
			continue;
		assert_true(at < count);
		assert_int_equal(holes[at].after, id - 1);
		while (id <= IDS && !ids[id])
			id++;
		assert_int_equal(holes[at++].through, id - 1);
	}
	assert_int_equal(at, count);
}

static void any_ranges_in_any_order_are_the_same_as_a_set(void **state)
{
	unsigned seed = (unsigned)time(NULL);
	(void)state;
	print_message("seed %u\n", seed);
	srand(seed);
	for (int round = 0; round < ROUNDS; round++) {
		bool ids[IDS + 1] = {false};
		archive_spans_init(&spans, 0);
		for (int i = 0; i < 40; i++) {
			int after = rand() % IDS, through = after + rand() % 8;
			through = through < IDS ? through : IDS;
			assert_true(archive_spans_add(&spans, after, through));
			for (int id = after + 1; id <= through; id++)
				ids[id] = true;
			check(ids);
			check_holes(ids);
		}
	}
}

static void too_many_spans_are_refused_and_holes_can_still_be_filled(void **state)
{
	(void)state;
	archive_spans_init(&spans, 0);
	for (int64_t i = 1; i < ARCHIVE_SPANS_MAX; i++)
		assert_true(archive_spans_add(&spans, 2 * i, 2 * i + 1));
	assert_false(archive_spans_add(&spans, 1000000, 1000001));
	assert_false(archive_spans_have(&spans, 1000001));
	assert_true(archive_spans_add(&spans, 1, 2));
	assert_true(archive_spans_add(&spans, 0, 1));
	assert_int_equal(spans.items[0].through, 3);
	assert_true(archive_spans_add(&spans, 1000000, 1000001));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_ranges_in_any_order_are_the_same_as_a_set),
		cmocka_unit_test(too_many_spans_are_refused_and_holes_can_still_be_filled),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
