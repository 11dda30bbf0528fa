/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_hold_off.c -- Protects: a request waits as long as an old answer could
 * be taken for its own, and no other request waits.
 */
#include "drivers/hold_off.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct bus_request asked = {.device = 5, .function = 3, .address = 100, .count = 2};

static void only_what_an_old_answer_could_be_taken_for_waits(void **state)
{
	struct hold_offs hold_offs = {0};
	struct bus_request other = asked;
	(void)state;

	hold_offs_add(&hold_offs, &asked, 9000);
	assert_int_equal(hold_offs_until(&hold_offs, &asked), 9000);
	other.address = 700; /* nothing in the answer tells the address */
	assert_int_equal(hold_offs_until(&hold_offs, &other), 9000);
	other.count = 3;
	assert_int_equal(hold_offs_until(&hold_offs, &other), 0);
	other = asked;
	other.function = 4;
	assert_int_equal(hold_offs_until(&hold_offs, &other), 0);
	other = asked;
	other.device = 6;
	assert_int_equal(hold_offs_until(&hold_offs, &other), 0);
}

static void of_two_waits_the_longer_counts_whichever_came_first(void **state)
{
	struct hold_offs hold_offs = {0};
	(void)state;

	hold_offs_add(&hold_offs, &asked, 9000);
	hold_offs_add(&hold_offs, &asked, 4000);
	assert_int_equal(hold_offs_until(&hold_offs, &asked), 9000);
	hold_offs_add(&hold_offs, &asked, 12000);
	assert_int_equal(hold_offs_until(&hold_offs, &asked), 12000);
}

static void which_is_over_first_gives_way(void **state)
{
	struct hold_offs hold_offs = {0};
	struct bus_request other = asked;
	(void)state;

	/* Short ones of a scan after it do not displace it. */
	hold_offs_add(&hold_offs, &asked, 9000);
	for (int i = 0; i < 3 * HOLD_OFFS_MAX; i++) {
		other.device = (uint8_t)(10 + i);
		hold_offs_add(&hold_offs, &other, 5000 + i);
		assert_int_equal(hold_offs_until(&hold_offs, &asked), 9000);
	}
	other.device = 10;
	assert_int_equal(hold_offs_until(&hold_offs, &other), 0);
	for (int i = 0; i < HOLD_OFFS_MAX; i++) {
		other.device = (uint8_t)(10 + i);
		hold_offs_add(&hold_offs, &other, 9001 + i);
	}
	assert_int_equal(hold_offs_until(&hold_offs, &asked), 0);
	other.device = 10;
	assert_int_equal(hold_offs_until(&hold_offs, &other), 9001);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_an_old_answer_could_be_taken_for_waits),
		cmocka_unit_test(of_two_waits_the_longer_counts_whichever_came_first),
		cmocka_unit_test(which_is_over_first_gives_way),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
