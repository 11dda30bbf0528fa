/* SPDX-License-Identifier: Apache-2.0 */
/* test_bus_load.c -- Protects: how much of its time a line is taken. */
#include "drivers/bus_load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { WINDOW_US = 60000000, SECOND_US = 1000000 };

static void what_is_not_known_yet_is_not_said(void **state)
{
	struct bus_load load;
	(void)state;
	bus_load_init(&load, WINDOW_US, 0);
	bus_load_note(&load, true, 5 * SECOND_US);
	bus_load_note(&load, false, WINDOW_US - 1);
	assert_int_equal(bus_load_permille(&load), BUS_LOAD_UNKNOWN);
	bus_load_note(&load, false, WINDOW_US);
	assert_int_equal(bus_load_permille(&load), 916);
}

static void each_window_has_its_own_share(void **state)
{
	struct bus_load load;
	(void)state;
	bus_load_init(&load, WINDOW_US, 0);
	for (int64_t second = 0; second < 180; second++) {
		bus_load_note(&load, second % 10 < (second < 60 ? 6 : 3), second * SECOND_US);
	}
	assert_int_equal(bus_load_permille(&load), 300);
}

/* Also across the end of a window, and over windows in which nothing was said. */
static void what_was_said_holds_until_something_else_is(void **state)
{
	struct bus_load load;
	(void)state;
	bus_load_init(&load, WINDOW_US, 0);
	bus_load_note(&load, true, 30 * SECOND_US);
	bus_load_note(&load, false, 75 * SECOND_US);
	assert_int_equal(bus_load_permille(&load), 500);
	bus_load_note(&load, true, 10 * (int64_t)WINDOW_US);
	assert_int_equal(bus_load_permille(&load), 0);
	bus_load_note(&load, true, 12 * (int64_t)WINDOW_US + SECOND_US);
	assert_int_equal(bus_load_permille(&load), 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_known_yet_is_not_said),
		cmocka_unit_test(each_window_has_its_own_share),
		cmocka_unit_test(what_was_said_holds_until_something_else_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
