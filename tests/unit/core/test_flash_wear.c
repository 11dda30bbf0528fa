/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_flash_wear.c -- That what the card was written is told from the kernel's
 * own texts, and that what is not known is said to be so and is never 0.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/core/flash_wear.h"

#define HOUR_MS INT64_C(3600000)
#define DEVICE  45825

static const char io_text[] = "rchar: 6976\nwchar: 11\nsyscr: 10\nsyscw: 0\nread_bytes: 4096\n"
			      "write_bytes: 122880\ncancelled_write_bytes: 8192\n";

static void the_gateways_own_bytes_are_those_written(void **state)
{
	(void)state;
	int64_t bytes = 7;
	assert_true(flash_read_io(io_text, &bytes));
	assert_int_equal(bytes, 122880);
	bytes = 7;
	assert_false(flash_read_io("", &bytes));
	assert_false(flash_read_io("cancelled_write_bytes: 8192\n", &bytes));
	assert_false(flash_read_io("write_bytes: many\n", &bytes));
	assert_false(flash_read_io("write_bytes: -4096\n", &bytes));
	assert_false(flash_read_io("write_bytes: 99999999999999999999\n", &bytes));
	assert_int_equal(bytes, 7);
}

static void a_devices_bytes_are_its_sectors_of_512(void **state)
{
	(void)state;
	int64_t bytes = 7;
	/* Of a kernel of today, and one before 4.18, which has 11 numbers. */
	assert_true(flash_read_stat("  996477   234544 31729946  1327806  5844287  1148515 "
				    "209720424  1529287 0 466432 3063748 615359 56 13 10 18 9\n",
		&bytes));
	assert_int_equal(bytes, INT64_C(209720424) * 512);
	assert_true(flash_read_stat("1 2 3 4 5 6 7 8 9 10 11\n", &bytes));
	assert_int_equal(bytes, 7 * 512);
	assert_false(flash_read_stat("1 2 3 4 5 6\n", &bytes));
	assert_false(flash_read_stat("", &bytes));
	assert_false(flash_read_stat("1 2 3 4 5 6 99999999999999999 8\n", &bytes));
	assert_int_equal(bytes, 7 * 512);
}

static void the_worse_of_two_estimates_tells_what_is_left_at_least(void **state)
{
	/* clang-format off */
	static const struct { const char *text; int64_t percent; } rows[] = {
		{"0x01 0x01\n", 90},
		{"0x02 0x01\n", 80},
		{"0x01 0x09\n", 10},
		{"0x0a 0x01\n", 0},
		{"0x0B 0x01\n", 0},
		{"0x00 0x03\n", 70}, /* one is not defined */
		{"0x0c 0x03\n", 70}, /* reserved */
		{"0x03\n",      70},
	};
	/* clang-format on */
	int64_t percent;
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		percent = FLASH_UNKNOWN;
		assert_true(flash_read_life(rows[i].text, &percent));
		assert_int_equal(percent, rows[i].percent);
	}
	percent = 7;
	assert_false(flash_read_life("0x00 0x00\n", &percent));
	assert_false(flash_read_life("0xff 0x0c\n", &percent));
	assert_false(flash_read_life("\n", &percent));
	assert_int_equal(percent, 7);
}

static void the_reserve_has_a_word_where_it_is_defined(void **state)
{
	(void)state;
	uint8_t pre_eol = 0;
	assert_true(flash_read_pre_eol("0x01\n", &pre_eol));
	assert_string_equal(flash_pre_eol_name(pre_eol), "normal");
	assert_true(flash_read_pre_eol("02\n", &pre_eol)); /* kernels before 4.16 */
	assert_string_equal(flash_pre_eol_name(pre_eol), "warning");
	assert_true(flash_read_pre_eol("0x03\n", &pre_eol));
	assert_string_equal(flash_pre_eol_name(pre_eol), "urgent");
	assert_false(flash_read_pre_eol("0x00\n", &pre_eol));
	assert_false(flash_read_pre_eol("0x04\n", &pre_eol));
	assert_false(flash_read_pre_eol("", &pre_eol));
	assert_int_equal(pre_eol, FLASH_PRE_EOL_URGENT);
	assert_null(flash_pre_eol_name(FLASH_PRE_EOL_UNKNOWN));
}

static struct flash_look look_at(int64_t written, int64_t device)
{
	return (struct flash_look){
		.device = DEVICE,
		.bytes = {[FLASH_WRITTEN] = written, [FLASH_DEVICE] = device},
		.life_left_percent = FLASH_UNKNOWN
        };
}

static void add(struct flash_history *history, struct flash_look look, int64_t at_mono_ms)
{
	flash_history_add(history, &look, at_mono_ms, at_mono_ms / 1000);
}

static void bytes_count_from_the_first_look_on_and_for_each_row(void **state)
{
	(void)state;
	struct flash_history history = {.has_begun = false};
	add(&history, look_at(1000, 50000), 5000);
	struct flash_wear wear = flash_wear_of(&history);
	assert_true(wear.counters[FLASH_WRITTEN].is_known);
	assert_int_equal(wear.counters[FLASH_WRITTEN].since_start, 0);
	assert_false(wear.counters[FLASH_WRITTEN].has_row);
	assert_false(wear.counters[FLASH_WRITTEN].has_day);
	add(&history, look_at(1250, 51000), 8000);
	wear = flash_wear_of(&history);
	assert_int_equal(wear.counters[FLASH_WRITTEN].since_start, 250);
	assert_int_equal(wear.counters[FLASH_DEVICE].since_start, 1000);
	assert_true(wear.counters[FLASH_WRITTEN].has_row);
	assert_int_equal(wear.counters[FLASH_WRITTEN].per_row, 83); /* 250 / 3 */
	assert_int_equal(wear.counters[FLASH_DEVICE].per_row, 333);
}

static void the_last_day_is_a_days_worth_and_forgets_what_was_before(void **state)
{
	(void)state;
	struct flash_history history = {.has_begun = false};
	const int64_t minute_ms = 60000, day_minutes = 1440;
	int64_t written = 0;
	for (int64_t minute = 0; minute <= 5 * day_minutes; minute++) {
		/* 100 bytes a minute on the first two days, then 7 */
		written += minute <= 2 * day_minutes ? 100 : 7;
		add(&history, look_at(written, written), minute * minute_ms);
		struct flash_wear wear = flash_wear_of(&history);
		assert_int_equal(wear.counters[FLASH_WRITTEN].has_day, minute >= day_minutes);
		if (minute == 2 * day_minutes)
			assert_int_equal(wear.counters[FLASH_WRITTEN].day, 100 * day_minutes);
		if (minute >= 3 * day_minutes + 60)
			assert_int_equal(wear.counters[FLASH_DEVICE].day, 7 * day_minutes);
	}
}

static void any_number_of_bytes_has_a_day(void **state)
{
	(void)state;
	struct flash_history history = {.has_begun = false};
	const int64_t much = INT64_MAX / 512 / 4;
	add(&history, look_at(0, 0), 0);
	add(&history, look_at(much, much), 24 * HOUR_MS);
	assert_int_equal(flash_wear_of(&history).counters[FLASH_DEVICE].day, much);
}

static void another_device_or_a_counter_that_fell_begins_anew(void **state)
{
	(void)state;
	struct flash_history history = {.has_begun = false};
	add(&history, look_at(1000, 1000), 0);
	add(&history, look_at(2000, 9000), 24 * HOUR_MS);
	assert_true(flash_wear_of(&history).counters[FLASH_DEVICE].has_day);
	add(&history, look_at(2000, 8999), 25 * HOUR_MS);
	struct flash_wear wear = flash_wear_of(&history);
	assert_int_equal(wear.counters[FLASH_DEVICE].since_start, 0);
	assert_false(wear.counters[FLASH_DEVICE].has_day);
	assert_false(wear.counters[FLASH_WRITTEN].has_row);
	struct flash_look other = look_at(3000, 9999);
	other.device = DEVICE + 1;
	add(&history, other, 26 * HOUR_MS);
	assert_int_equal(flash_wear_of(&history).counters[FLASH_DEVICE].since_start, 0);
}

static void what_the_kernel_does_not_tell_is_not_known(void **state)
{
	(void)state;
	struct flash_history history = {.has_begun = false};
	struct flash_wear wear = flash_wear_of(&history);
	assert_false(wear.counters[FLASH_WRITTEN].is_known || wear.has_life_left);
	for (int64_t hour = 0; hour < 30; hour++)
		add(&history, look_at(FLASH_UNKNOWN, hour), hour * HOUR_MS);
	wear = flash_wear_of(&history);
	assert_false(wear.counters[FLASH_WRITTEN].is_known);
	assert_false(wear.counters[FLASH_WRITTEN].has_day);
	assert_false(wear.counters[FLASH_WRITTEN].has_row);
	assert_int_equal(wear.counters[FLASH_DEVICE].since_start, 29);
	assert_true(wear.counters[FLASH_DEVICE].has_day);
	assert_false(wear.has_life_left);
	assert_int_equal(wear.pre_eol, FLASH_PRE_EOL_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_gateways_own_bytes_are_those_written),
		cmocka_unit_test(a_devices_bytes_are_its_sectors_of_512),
		cmocka_unit_test(the_worse_of_two_estimates_tells_what_is_left_at_least),
		cmocka_unit_test(the_reserve_has_a_word_where_it_is_defined),
		cmocka_unit_test(bytes_count_from_the_first_look_on_and_for_each_row),
		cmocka_unit_test(the_last_day_is_a_days_worth_and_forgets_what_was_before),
		cmocka_unit_test(any_number_of_bytes_has_a_day),
		cmocka_unit_test(another_device_or_a_counter_that_fell_begins_anew),
		cmocka_unit_test(what_the_kernel_does_not_tell_is_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
