/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_store_state.c -- What stands beside rows is kept as they are: with the
 * next commit, in one transaction, waiting while it fails; and only what has
 * changed is written.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/fakes/store_fixture.h"

static const struct series_state full_state = {
	.scale = {-3, 7 },
	.configured = {11, 13},
	.valid_from_wall_ms = STORE_FIXTURE_T0 - 1,
	.has_frontier = true,
	.after_id = 17,
	.frontier_wall_ms = STORE_FIXTURE_T0 + 19,
	.published_wall_ms = STORE_FIXTURE_T0 + 23,
	.reading = -29,
	.shift = 31,
	.again_revision = 37,
	.clock = CLOCK_STATE_TRUSTED,
	.is_good = true,
	.is_broken = true,
};

static void check_state(const struct series_state *found, const struct series_state *expected)
{
	assert_int_equal(found->scale.numerator, expected->scale.numerator);
	assert_int_equal(found->scale.denominator, expected->scale.denominator);
	assert_int_equal(found->configured.numerator, expected->configured.numerator);
	assert_int_equal(found->configured.denominator, expected->configured.denominator);
	assert_int_equal(found->valid_from_wall_ms, expected->valid_from_wall_ms);
	assert_int_equal(found->has_frontier, expected->has_frontier);
	assert_int_equal(found->after_id, expected->after_id);
	assert_int_equal(found->frontier_wall_ms, expected->frontier_wall_ms);
	assert_int_equal(found->published_wall_ms, expected->published_wall_ms);
	assert_int_equal(found->reading, expected->reading);
	assert_int_equal(found->shift, expected->shift);
	assert_int_equal(found->again_revision, expected->again_revision);
	assert_int_equal(found->clock, expected->clock);
	assert_int_equal(found->is_good, expected->is_good);
	assert_int_equal(found->is_broken, expected->is_broken);
}

static void a_series_state_comes_back_after_a_restart(void **state)
{
	struct store_fixture *fixture = *state;
	const struct series_state plain = {
		.scale = {1, 1},
                  .configured = {1, 1},
                  .valid_from_wall_ms = INT64_MIN
        };
	struct series_state found;
	char answer[STORE_FIXTURE_ANSWER];

	store_fixture_open(fixture);
	int32_t main = store_fixture_series(fixture, "main");
	int32_t heat = store_fixture_series(fixture, "heat");
	int32_t none = store_fixture_series(fixture, "none");
	store_set_series_state(fixture->store, main, &full_state);
	store_set_series_state(fixture->store, heat, &plain);
	assert_true(store_series_state(fixture->store, main, &found));
	check_state(&found, &full_state);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	store_fixture_cut_power(fixture);
	assert_true(store_series_state(fixture->store, main, &found));
	check_state(&found, &full_state);
	assert_true(store_series_state(fixture->store, heat, &found));
	check_state(&found, &plain);
	store_fixture_ask_sql(fixture, "store.db",
		"SELECT valid_from_ms IS NULL FROM series_state ORDER BY series DESC", answer);
	assert_string_equal(answer, "1");
	assert_false(store_series_state(fixture->store, none, &found));
	assert_int_equal(found.scale.denominator, 0);
	assert_false(store_series_state(fixture->store, 99, &found));
	assert_false(store_series_state(fixture->store, -1, &found));
}

static void a_state_is_kept_with_the_rows_before_it_or_not_at_all(void **state)
{
	struct store_fixture *fixture = *state;
	const struct known_device device = {"abb_b23", "0012"};
	const struct interval_grid grid = {900000, INT64_MAX, 0};
	const struct unplaced_reading reading = {.at_mono_ms = 5, .value = 6};
	struct known_device found_device;
	struct series_state found;
	size_t count;

	store_fixture_open(fixture);
	int32_t series = store_fixture_series(fixture, "main");
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	store_fixture_append_quarters(fixture, series, 0, 1);
	store_set_series_state(fixture->store, series, &full_state);
	store_set_device(fixture->store, "main", &device);
	store_set_grid(fixture->store, &grid);
	store_set_unplaced(fixture->store, "boot", &reading, 1);
	store_fixture_cut_power(fixture);
	assert_int_equal(store_cursor(fixture->store, STREAM_ENERGY).last, 0);
	assert_false(store_series_state(fixture->store, series, &found));
	assert_false(store_device(fixture->store, "main", &found_device));
	assert_int_equal(store_grid(fixture->store).length_ms, 0);
	assert_null(store_unplaced(fixture->store, &count));
	assert_int_equal(count, 0);
}

static int64_t journal_bytes(const struct store_fixture *fixture)
{
	char path[160];
	struct stat found;

	store_fixture_path(fixture, "store.db-wal", path);
	return stat(path, &found) == 0 ? (int64_t)found.st_size : 0;
}

static void each_kind_of_state_is_reason_enough_to_commit_and_only_when_it_changes(void **state)
{
	struct store_fixture *fixture = *state;
	const struct known_device device = {"abb_b23", "0012"};
	const struct interval_grid grid = {900000, INT64_MAX, 0};
	const struct unplaced_reading reading = {.at_mono_ms = 5, .value = 6};

	store_fixture_open(fixture);
	int32_t series = store_fixture_series(fixture, "main");
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	for (int kind = 0; kind < 4; kind++) {
		for (int again = 0; again < 2; again++) {
			int64_t before = journal_bytes(fixture);
			switch (kind) {
			case 0:
				store_set_series_state(fixture->store, series, &full_state);
				break;
			case 1:
				store_set_device(fixture->store, "main", &device);
				break;
			case 2:
				store_set_grid(fixture->store, &grid);
				break;
			default:
				store_set_unplaced(fixture->store, "boot", &reading, 1);
				break;
			}
			assert_int_equal(store_commit(fixture->store), STORE_OK);
			assert_int_equal(journal_bytes(fixture) > before, again == 0);
		}
	}
}

static void a_state_waits_while_commits_fail(void **state)
{
	struct store_fixture *fixture = *state;
	enum store_status status = STORE_OK;
	struct series_state found;
	int quarters = 0;

	assert_int_equal(store_fixture_open_as(fixture, "0123abcd", STORE_BYTES_MIN), STORE_OK);
	int32_t series = store_fixture_series(fixture, "main");
	while (status == STORE_OK && quarters < 100000) {
		store_fixture_append_quarters(fixture, series, quarters, quarters + 960);
		quarters += 960;
		status = store_commit(fixture->store);
	}
	assert_int_equal(status, STORE_FULL);
	store_set_series_state(fixture->store, series, &full_state);
	assert_int_equal(store_commit(fixture->store), STORE_FULL);
	assert_true(store_series_state(fixture->store, series, &found));
	store_set_sent(fixture->store, STREAM_ENERGY,
		store_cursor(fixture->store, STREAM_ENERGY).last / 2);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	store_fixture_cut_power(fixture);
	assert_true(store_series_state(fixture->store, series, &found));
	check_state(&found, &full_state);
}

static void devices_are_known_by_their_meter(void **state)
{
	struct store_fixture *fixture = *state;
	const struct known_device first = {"abb_b23", "0012"}, second = {"abb_b23", "0013"};
	const struct known_device unnamed = {"kamstrup_403", ""};
	struct known_device found;

	store_fixture_open(fixture);
	assert_false(store_device(fixture->store, "main", &found));
	store_set_device(fixture->store, "main", &first);
	store_set_device(fixture->store, "it's", &unnamed);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	store_set_device(fixture->store, "main", &second);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	store_fixture_cut_power(fixture);
	assert_true(store_device(fixture->store, "main", &found));
	assert_string_equal(found.serial_number, "0013");
	assert_true(store_device(fixture->store, "it's", &found));
	assert_string_equal(found.model, "kamstrup_403");
	assert_string_equal(found.serial_number, "");
}

static void a_name_as_long_as_it_may_be_comes_back_whole(void **state)
{
	struct store_fixture *fixture = *state;
	struct known_device device = {{0}, {0}}, found;
	char meter[METER_ID_MAX] = "";

	memset(meter, 'm', sizeof(meter) - 1);
	memset(device.model, 'o', sizeof(device.model) - 1);
	memset(device.serial_number, 's', sizeof(device.serial_number) - 1);
	store_fixture_open(fixture);
	store_set_device(fixture->store, meter, &device);
	store_fixture_close(fixture);
	store_fixture_open(fixture);
	assert_true(store_device(fixture->store, meter, &found));
	assert_string_equal(found.model, device.model);
	assert_string_equal(found.serial_number, device.serial_number);
}

static void the_grid_is_the_one_set_last(void **state)
{
	struct store_fixture *fixture = *state;
	const struct interval_grid grids[] = {
		{3600000, INT64_MAX,        0     },
                {3600000, STORE_FIXTURE_T0, 900000}
        };

	store_fixture_open(fixture);
	assert_int_equal(store_grid(fixture->store).length_ms, 0);
	for (size_t i = 0; i < 2; i++) {
		store_set_grid(fixture->store, &grids[i]);
		assert_int_equal(store_commit(fixture->store), STORE_OK);
		store_fixture_cut_power(fixture);
		const struct interval_grid found = store_grid(fixture->store);
		assert_int_equal(found.length_ms, grids[i].length_ms);
		assert_int_equal(found.next_from_wall_ms, grids[i].next_from_wall_ms);
		assert_int_equal(found.next_length_ms, grids[i].next_length_ms);
	}
}

/* "boot:series/mono=value ..." of all. */
static void list_unplaced(struct store_fixture *fixture, char text[static 256])
{
	size_t count = 0, at = 0;
	struct unplaced_reading *items = store_unplaced(fixture->store, &count);

	text[0] = '\0';
	for (size_t i = 0; i < count && at < 200; i++) {
		at += (size_t)snprintf(text + at, 256 - at, "%s%s:%d/%d=%d", i > 0 ? " " : "",
			items[i].boot, items[i].series, (int)items[i].at_mono_ms,
			(int)items[i].value);
	}
	free(items);
}

static void check_unplaced(struct store_fixture *fixture, const char *expected)
{
	char text[256];

	list_unplaced(fixture, text);
	assert_string_equal(text, expected);
	assert_int_equal(store_commit(fixture->store), STORE_OK);
	store_fixture_cut_power(fixture);
	list_unplaced(fixture, text);
	assert_string_equal(text, expected);
}

static void readings_without_a_time_are_kept_boot_by_boot(void **state)
{
	struct store_fixture *fixture = *state;
	const struct unplaced_reading items[] = {
		{.series = 0, .at_mono_ms = 10, .value = 7 },
		{.series = 1, .at_mono_ms = 20, .value = -8},
		{.series = 0, .at_mono_ms = 30, .value = 9 }
        };

	store_fixture_open(fixture);
	store_set_unplaced(fixture->store, "b", items, 2);
	check_unplaced(fixture, "b:0/10=7 b:1/20=-8");
	store_set_unplaced(fixture->store, "a", items, 1);
	check_unplaced(fixture, "b:0/10=7 b:1/20=-8 a:0/10=7");
	store_set_unplaced(fixture->store, "a", items + 1, 2);
	check_unplaced(fixture, "b:0/10=7 b:1/20=-8 a:1/20=-8 a:0/30=9");
	store_set_unplaced(fixture->store, "a", NULL, 0);
	check_unplaced(fixture, "b:0/10=7 b:1/20=-8");
	store_unplaced_clear(fixture->store);
	store_set_unplaced(fixture->store, "c", items, 1);
	check_unplaced(fixture, "c:0/10=7");
	store_unplaced_clear(fixture->store);
	check_unplaced(fixture, "");
}

static void the_oldest_boots_readings_go_when_there_are_too_many(void **state)
{
	struct store_fixture *fixture = *state;
	const size_t each = STORE_UNPLACED_MAX / 4 + 1;
	struct unplaced_reading *items = calloc(each, sizeof(*items));
	size_t count = 0;

	assert_non_null(items);
	store_fixture_open(fixture);
	for (int boot = 0; boot < 6; boot++) {
		char name[8];
		snprintf(name, sizeof(name), "boot-%d", boot);
		store_set_unplaced(fixture->store, name, items, each);
		assert_int_equal(store_commit(fixture->store), STORE_OK);
	}
	free(items);
	store_fixture_cut_power(fixture);
	items = store_unplaced(fixture->store, &count);
	assert_int_equal(count, 3 * each);
	assert_string_equal(items[0].boot, "boot-3");
	assert_string_equal(items[count - 1].boot, "boot-5");
	free(items);
}

static void making_room_leaves_all_states(void **state)
{
	struct store_fixture *fixture = *state;
	const struct known_device device = {"abb_b23", "0012"};
	const struct interval_grid grid = {900000, INT64_MAX, 0};
	const struct unplaced_reading reading = {.at_mono_ms = 5, .value = 6};
	struct known_device found_device;
	struct series_state found;
	char answer[STORE_FIXTURE_ANSWER];

	assert_int_equal(store_fixture_open_as(fixture, "0123abcd", STORE_BYTES_MIN), STORE_OK);
	int32_t series = store_fixture_series(fixture, "main");
	store_set_series_state(fixture->store, series, &full_state);
	store_set_device(fixture->store, "main", &device);
	store_set_grid(fixture->store, &grid);
	store_set_unplaced(fixture->store, "boot", &reading, 1);
	for (int i = 0; i < 30; i++) {
		store_fixture_append_quarters(fixture, series, i * 960, (i + 1) * 960);
		assert_int_equal(store_commit(fixture->store), STORE_OK);
		store_set_sent(fixture->store, STREAM_ENERGY,
			store_cursor(fixture->store, STREAM_ENERGY).last);
	}
	store_fixture_close(fixture);
	store_fixture_ask_sql(fixture, "store.db", "SELECT min(id) > 1000 FROM interval", answer);
	assert_string_equal(answer, "1");
	store_fixture_open(fixture);
	assert_true(store_series_state(fixture->store, series, &found));
	check_state(&found, &full_state);
	assert_true(store_device(fixture->store, "main", &found_device));
	assert_int_equal(store_grid(fixture->store).length_ms, 900000);
	char text[256];
	list_unplaced(fixture, text);
	assert_string_equal(text, "boot:0/5=6");
}

#define WITH_STORE(test) \
	cmocka_unit_test_setup_teardown(test, store_fixture_setup, store_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(a_series_state_comes_back_after_a_restart),
		WITH_STORE(a_state_is_kept_with_the_rows_before_it_or_not_at_all),
		WITH_STORE(each_kind_of_state_is_reason_enough_to_commit_and_only_when_it_changes),
		WITH_STORE(a_state_waits_while_commits_fail),
		WITH_STORE(devices_are_known_by_their_meter),
		WITH_STORE(a_name_as_long_as_it_may_be_comes_back_whole),
		WITH_STORE(the_grid_is_the_one_set_last),
		WITH_STORE(readings_without_a_time_are_kept_boot_by_boot),
		WITH_STORE(the_oldest_boots_readings_go_when_there_are_too_many),
		WITH_STORE(making_room_leaves_all_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
