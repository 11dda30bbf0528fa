/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_base_search.c -- Protects: a SunSpec map is found where it is, at any
 * marker and any place in the chain, and the search for one that is not there
 * comes to an end.
 */
#include "drivers/base_search.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct model_base where = {
	.relative = true,
	.markers = {0, 40000, 50000},
	.markers_count = 3,
	.models = {101, 103   },
	.models_count = 2,
};

static const uint16_t sun_s[] = {0x5375, 0x6e53};

static struct base_search search;

static int set_up(void **state)
{
	(void)state;
	base_search_begin(&search, &where);
	return 0;
}

/* The head of a model of the chain: its number and the registers behind its head. */
static enum reader_result take_model(uint16_t model, uint16_t registers)
{
	const uint16_t words[] = {model, registers};

	return base_search_take(&search, words);
}

static void absolute_addresses_need_no_search(void **state)
{
	const struct model_base absolute = {0};
	(void)state;

	base_search_begin(&search, &absolute);
	assert_true(search.found);
	assert_int_equal(search.base, 0);
	assert_int_equal(search.common, 0);
}

static void markers_are_looked_at_one_after_the_other(void **state)
{
	(void)state;
	assert_int_equal(base_search_address(&search), 0);
	assert_int_equal(base_search_take(&search, NULL), READER_GOES_ON); /* refused */
	assert_int_equal(base_search_address(&search), 40000);
	assert_int_equal(base_search_take(&search, (const uint16_t[]){0x5375, 0}), READER_GOES_ON);
	assert_int_equal(base_search_address(&search), 50000);
	assert_int_equal(base_search_take(&search, NULL), READER_NO_MODEL);
	assert_int_equal(base_search_address(&search), 0); /* anew */
}

static void the_chain_is_walked_to_the_model_that_fits(void **state)
{
	(void)state;
	assert_int_equal(base_search_take(&search, sun_s), READER_GOES_ON);
	assert_int_equal(base_search_address(&search), 2);
	assert_int_equal(take_model(1, 66), READER_GOES_ON);
	assert_int_equal(base_search_address(&search), 70);
	assert_int_equal(take_model(11, 13), READER_GOES_ON);
	assert_int_equal(base_search_address(&search), 85);
	assert_false(search.found);
	assert_int_equal(take_model(103, 50), READER_GOES_ON);
	assert_true(search.found);
	assert_int_equal(search.base, 85);
	assert_int_equal(search.common, 2);
}

static void a_chain_that_ends_without_it_leads_to_the_next_marker(void **state)
{
	(void)state;
	assert_int_equal(base_search_take(&search, sun_s), READER_GOES_ON);
	assert_int_equal(take_model(0xffff, 0), READER_GOES_ON);
	assert_false(search.found);
	assert_int_equal(base_search_address(&search), 40000);
}

static void a_chain_that_leads_past_the_last_register_has_ended(void **state)
{
	(void)state;
	assert_int_equal(base_search_take(&search, sun_s), READER_GOES_ON);
	assert_int_equal(take_model(11, 0xfff0), READER_GOES_ON); /* the next one: at 65524 + 2 */
	assert_int_equal(base_search_address(&search), 0xfff4);
	assert_int_equal(take_model(12, 20), READER_GOES_ON);
	assert_int_equal(base_search_address(&search), 40000);
}

static void a_chain_without_an_end_is_given_up(void **state)
{
	(void)state;
	assert_int_equal(base_search_take(&search, sun_s), READER_GOES_ON);
	for (int i = 1; i < SUNSPEC_MODELS_MAX; i++) {
		assert_int_equal(take_model(11, 0), READER_GOES_ON);
		assert_int_equal(base_search_address(&search), 2 + 2 * i);
	}
	assert_int_equal(take_model(11, 0), READER_GOES_ON);
	assert_int_equal(base_search_address(&search), 40000);
}

/* Some devices say nothing to an address they do not have; but in a chain they were there. */
static void silence_moves_from_marker_to_marker_and_never_out_of_a_chain(void **state)
{
	(void)state;
	base_search_silence(&search);
	assert_int_equal(base_search_address(&search), 40000);
	base_search_silence(&search);
	base_search_silence(&search);
	assert_int_equal(base_search_address(&search), 0);
	assert_int_equal(base_search_take(&search, sun_s), READER_GOES_ON);
	base_search_silence(&search);
	assert_int_equal(base_search_address(&search), 2);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(absolute_addresses_need_no_search),
		TEST(markers_are_looked_at_one_after_the_other),
		TEST(the_chain_is_walked_to_the_model_that_fits),
		TEST(a_chain_that_ends_without_it_leads_to_the_next_marker),
		TEST(a_chain_that_leads_past_the_last_register_has_ended),
		TEST(a_chain_without_an_end_is_given_up),
		TEST(silence_moves_from_marker_to_marker_and_never_out_of_a_chain),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
