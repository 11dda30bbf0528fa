/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_id_ranges.c -- Ranges hold every id that was asked for, in order, without
 * touching; where there is no room, more ids rather than fewer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "gateway/core/id_ranges.h"

enum { IDS = 400 };

static void assert_range(const struct id_ranges *ranges, int place, int64_t after, int64_t through)
{
	assert_true(place < ranges->count);
	assert_int_equal(ranges->items[place].after, after);
	assert_int_equal(ranges->items[place].through, through);
}

static void ranges_that_touch_or_overlap_become_one(void **state)
{
	struct id_ranges ranges = {.count = 0};

	(void)state;
	id_ranges_add(&ranges, (struct id_range){20, 30});
	id_ranges_add(&ranges, (struct id_range){5, 10});
	id_ranges_add(&ranges, (struct id_range){40, 50});
	assert_int_equal(ranges.count, 3);
	assert_range(&ranges, 0, 5, 10);
	id_ranges_add(&ranges, (struct id_range){10, 20});
	assert_int_equal(ranges.count, 2);
	assert_range(&ranges, 0, 5, 30);
	id_ranges_add(&ranges, (struct id_range){6, 45});
	assert_int_equal(ranges.count, 1);
	assert_range(&ranges, 0, 5, 50);
	id_ranges_add(&ranges, (struct id_range){60, 60});
	id_ranges_add(&ranges, (struct id_range){70, 60});
	assert_int_equal(ranges.count, 1);
}

static void what_has_gone_is_cut_off_the_front(void **state)
{
	struct id_ranges ranges = {.count = 0};

	(void)state;
	id_ranges_add(&ranges, (struct id_range){5, 10});
	id_ranges_add(&ranges, (struct id_range){20, 30});
	id_ranges_cut(&ranges, 7);
	assert_range(&ranges, 0, 7, 10);
	id_ranges_cut(&ranges, 25);
	assert_int_equal(ranges.count, 1);
	assert_range(&ranges, 0, 25, 30);
	id_ranges_cut(&ranges, 30);
	assert_int_equal(ranges.count, 0);
	id_ranges_cut(&ranges, 31);
	assert_int_equal(ranges.count, 0);
}

static void without_room_the_two_nearest_become_one(void **state)
{
	struct id_ranges ranges = {.count = 0};

	(void)state;
	for (int64_t i = 0; i < ID_RANGES_MAX; i++) {
		id_ranges_add(&ranges, (struct id_range){i * 100, i * 100 + (i == 7 ? 90 : 10)});
	}
	id_ranges_add(&ranges, (struct id_range){10000, 10001});
	assert_int_equal(ranges.count, ID_RANGES_MAX);
	assert_range(&ranges, 7, 700, 810);
	assert_range(&ranges, ID_RANGES_MAX - 1, 10000, 10001);
}

static void none_asked_for_is_ever_left_out(void **state)
{
	const unsigned seed = (unsigned)time(NULL);
	struct id_ranges ranges = {.count = 0};
	bool wanted[IDS + 1] = {false};

	(void)state;
	print_message("seed %u\n", seed);
	srand(seed);
	for (int i = 0; i < 20000; i++) {
		int64_t after = rand() % IDS;
		int64_t through = after + rand() % 4;
		through = through > IDS ? IDS : through;
		id_ranges_add(&ranges, (struct id_range){after, through});
		for (int64_t id = after + 1; id <= through; id++) {
			wanted[id] = true;
		}
		if (rand() % 50 == 0) {
			int64_t cut = rand() % IDS;
			id_ranges_cut(&ranges, cut);
			memset(wanted, 0, (size_t)cut + 1);
		}
		bool held[IDS + 1] = {false};
		assert_true(ranges.count <= ID_RANGES_MAX);
		for (int k = 0; k < ranges.count; k++) {
			assert_true(ranges.items[k].after < ranges.items[k].through);
			assert_true(k == 0 || ranges.items[k - 1].through < ranges.items[k].after);
			for (int64_t id = ranges.items[k].after + 1; id <= ranges.items[k].through;
				id++) {
				held[id] = true;
			}
		}
		for (int id = 1; id <= IDS; id++) {
			assert_true(held[id] || !wanted[id]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_that_touch_or_overlap_become_one),
		cmocka_unit_test(what_has_gone_is_cut_off_the_front),
		cmocka_unit_test(without_room_the_two_nearest_become_one),
		cmocka_unit_test(none_asked_for_is_ever_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
