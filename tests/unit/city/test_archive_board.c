/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_archive_board.c -- That the archive keeps what a gateway says of its board
 * (the card, the store's budget, its certificate) and no more than it says, and that
 * an archive made before it could is brought up in place: on SQLite and PostgreSQL.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fakes/archive_fixture.h"

static struct archive_store *store;

static int setup(void **state)
{
	char reason[ARCHIVE_REASON_MAX];
	(void)state;
	return archive_store_open(archive_fixture_new(), &store, reason) == ARCHIVE_OK ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	store = archive_store_close(store);
	return 0;
}

static void take_intervals(struct archive_store *by, int64_t count)
{
	struct archive_taken taken;
	struct said said;
	said_run(&said, MESSAGE_INTERVALS, 1, count);
	assert_int_equal(said_take(by, &said, BEGIN_MS, &taken), ARCHIVE_OK);
}

/* What a health message says of the board. */
static void take_health(struct archive_store *by, struct health_message health)
{
	struct archive_taken taken;
	struct said said;
	said_begin(&said, MESSAGE_HEALTH, "s1");
	said.message.health = health;
	assert_int_equal(said_take(by, &said, BEGIN_MS, &taken), ARCHIVE_OK);
}

static const struct health_message some_health = {
	.store_bytes = 49152,
	.has_store_bytes_max = true,
	.store_bytes_max = 268435456,
	.flash = {.counters = {[FLASH_WRITTEN] = {.has_day = true,
				       .day = 5000000,
				       .has_row = true,
				       .per_row = 96},
			  [FLASH_DEVICE] = {.has_row = true, .per_row = 410}},
		  .has_life_left = true,
		  .life_left_percent = 70,
		  .pre_eol = FLASH_PRE_EOL_WARNING},
	.certificate_end_wall_ms = BEGIN_MS,
};

static struct archive_gateway only_gateway(struct archive_store *by)
{
	struct archive_gateway *gateways, first;
	size_t count;
	assert_int_equal(archive_store_gateways(by, &gateways, &count), ARCHIVE_OK);
	assert_int_equal(count, 1);
	first = gateways[0];
	free(gateways);
	return first;
}

static void what_health_says_of_the_board_is_kept_and_what_it_does_not_is_unknown(void **state)
{
	(void)state;
	take_intervals(store, 1);
	struct archive_gateway gateway = only_gateway(store);
	assert_int_equal(gateway.store_bytes_max, -1);
	assert_int_equal(gateway.card_life_left, -1);
	assert_true(gateway.certificate_end_wall_ms == INSTANT_UNKNOWN);
	take_health(store, some_health);
	gateway = only_gateway(store);
	assert_int_equal(gateway.store_bytes_max, 268435456);
	assert_int_equal(gateway.written_bytes_day, 5000000);
	assert_int_equal(gateway.written_bytes_per_row, 96);
	assert_int_equal(gateway.device_bytes_day, -1);
	assert_int_equal(gateway.device_bytes_per_row, 410);
	assert_int_equal(gateway.card_life_left, 70);
	assert_string_equal(gateway.card_reserve, "warning");
	assert_int_equal(gateway.certificate_end_wall_ms, BEGIN_MS);
	take_health(store, (struct health_message){.certificate_end_wall_ms = INSTANT_UNKNOWN});
	gateway = only_gateway(store);
	assert_int_equal(gateway.store_bytes_max, -1);
	assert_int_equal(gateway.written_bytes_per_row, -1);
	assert_int_equal(gateway.card_life_left, -1);
	assert_string_equal(gateway.card_reserve, "");
	assert_true(gateway.certificate_end_wall_ms == INSTANT_UNKNOWN);
}

/* Version 1 was this without the table `board`. */
static void an_archive_of_version_1_is_brought_up_in_place(void **state)
{
	struct archive_store *looking = NULL, *older = NULL;
	char reason[ARCHIVE_REASON_MAX];
	(void)state;
	const char *where = archive_fixture_new();
	assert_int_equal(archive_store_open(where, &older, reason), ARCHIVE_OK);
	take_intervals(older, 5);
	older = archive_store_close(older);
	archive_fixture_exec("DROP TABLE board");
	archive_fixture_exec("DELETE FROM format");
	archive_fixture_exec("INSERT INTO format VALUES (1)");
	assert_int_equal(archive_store_look(where, &looking, reason), ARCHIVE_REFUSED);
	assert_non_null(strstr(reason, "version 1"));
	assert_int_equal(archive_fixture_number("SELECT max(version) FROM format"), 1);
	assert_int_equal(archive_store_open(where, &older, reason), ARCHIVE_OK);
	assert_int_equal(archive_fixture_number("SELECT sum(version) FROM format"), 2);
	assert_int_equal(archive_fixture_number("SELECT count(*) FROM energy"), 5);
	take_health(older, some_health);
	assert_int_equal(archive_store_look(where, &looking, reason), ARCHIVE_OK);
	assert_int_equal(only_gateway(looking).card_life_left, 70);
	assert_int_equal(only_gateway(looking).arrived[STREAM_ENERGY], 5);
	archive_store_close(looking);
	archive_store_close(older);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest on_either[] = {
		TEST(what_health_says_of_the_board_is_kept_and_what_it_does_not_is_unknown),
		TEST(an_archive_of_version_1_is_brought_up_in_place),
	};
	int failed = cmocka_run_group_tests_name(
		"SQLite", on_either, archive_fixture_sqlite, archive_fixture_end);
	return failed + cmocka_run_group_tests_name("PostgreSQL", on_either,
				archive_fixture_postgres, archive_fixture_end);
}
