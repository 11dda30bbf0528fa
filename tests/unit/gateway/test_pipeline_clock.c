/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_pipeline_clock.c -- Clocks that are cold, silent, wrong or moved, and
 * restarts in between: nothing lost, nothing doubled, nothing negative, and the
 * newest rows of a series never overlap. With a real store.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/pipeline_state.h"
#include "tests/fakes/pipeline_scene.h"

enum { SECOND_MS = 1000, HOUR_MS = 3600 * SECOND_MS, ROWS_MAX = 250000 };

static const int64_t day_ms = 24 * (int64_t)HOUR_MS;

/* Energy alone, and little said: days pass here. */
static const char *const one_meter =
	"site: {city: drammen, id: school}\n"
	"gateway: {id: main, clock: %s}\n"
	"broker: {host: localhost, tls: no}\n"
	"intervals: {length: %s, slow: 60 s, fast: 60 s, live: 1 h, health: 1 d}\n"
	"buses: [{id: cellar, port: /dev/ttyUSB0}]\n"
	"meters:\n"
	"- {id: kitchen, bus: cellar, address: 7, model: eastron-sdm120, quantities: "
	"[active_energy_import]}\n";

struct house {
	struct scene *scene;
	int64_t mwh;       /* the register */
	int64_t first_mwh; /* at the first boundary */
	char text[800];
};

static void configure(struct house *house, const char *clock, const char *length)
{
	snprintf(house->text, sizeof house->text, one_meter, clock, length);
}

static struct house *house_new(const char *clock, const char *length)
{
	struct house *house = calloc(1, sizeof *house);
	assert_non_null(house);
	configure(house, clock, length);
	house->scene = scene_new(house->text);
	house->mwh = 48213000000;
	return house;
}

static void house_end(struct house *house)
{
	scene_end(house->scene);
	free(house);
}

/* The meter is read every minute and counts 100 Wh in each. */
static void live_on(struct house *house, int64_t milliseconds)
{
	for (int64_t t = 0; t < milliseconds; t += 60 * SECOND_MS) {
		scene_pass(house->scene, 60 * SECOND_MS);
		house->mwh += 100000;
		scene_reading(house->scene, 0, house->mwh, 0);
	}
}

static void set_clock(struct house *house, int64_t by_ms)
{
	house->scene->now.wall_ms += by_ms;
	pipeline_step(house->scene->pipeline, &house->scene->now);
}

/* Power off and on again; the register goes on counting meanwhile. */
static void boot(struct house *house, const char *id, int64_t off_ms, int64_t wall_ms)
{
	struct scene *scene = house->scene;
	scene->pipeline = pipeline_close(scene->pipeline);
	scene->boot = id;
	scene->now = (struct clock_observation){.mono_ms = 3000, .wall_ms = wall_ms};
	house->mwh += off_ms / (60 * SECOND_MS) * 100000;
	scene_open_pipeline(scene);
}

/* ---- what stands in the store ---- */

static struct interval_row all[ROWS_MAX];
static size_t all_count;

static bool take(void *context, const struct interval_row *row)
{
	(void)context;
	assert_true(all_count < ROWS_MAX);
	all[all_count++] = *row;
	return true;
}

static int by_key(const void *a, const void *b)
{
	const struct interval_row *left = a, *right = b;
	if (left->start_wall_ms != right->start_wall_ms)
		return left->start_wall_ms < right->start_wall_ms ? -1 : 1;
	if (left->end_wall_ms != right->end_wall_ms)
		return left->end_wall_ms < right->end_wall_ms ? -1 : 1;
	return left->revision - right->revision;
}

/* The newest rows in order of time, in `all`; every rule of rows is looked at on the way. */
static void read_newest(struct house *house)
{
	struct store_walk walk = {.rows_max = SIZE_MAX, .visit = take};
	int64_t through;
	size_t kept = 0;
	all_count = 0;
	pipeline_commit(house->scene->pipeline);
	assert_int_equal(
		store_walk_intervals(house->scene->pipeline->store, &walk, &through), STORE_OK);
	qsort(all, all_count, sizeof all[0], by_key);
	for (size_t i = 0; i < all_count; i++) {
		const struct interval_row *next = &all[i + 1];
		bool has_value =
			all[i].quality == QUALITY_MEASURED || all[i].quality == QUALITY_ESTIMATED;
		assert_true(!has_value || all[i].energy >= 0);
		if (i + 1 < all_count && next->start_wall_ms == all[i].start_wall_ms &&
			next->end_wall_ms == all[i].end_wall_ms) {
			assert_true(next->revision > all[i].revision);
			continue;
		}
		assert_true(kept == 0 || all[kept - 1].end_wall_ms <= all[i].start_wall_ms);
		all[kept++] = all[i];
	}
	all_count = kept;
}

static int64_t sum_of_newest(struct house *house)
{
	int64_t sum = 0;
	read_newest(house);
	for (size_t i = 0; i < all_count; i++)
		if (all[i].quality == QUALITY_MEASURED || all[i].quality == QUALITY_ESTIMATED)
			sum += all[i].energy;
	return sum;
}

static size_t count_of(enum quality quality)
{
	size_t count = 0;
	for (size_t i = 0; i < all_count; i++)
		count += all[i].quality == quality;
	return count;
}

static int64_t to_boundary_ms(const struct house *house)
{
	return (INTERVAL_MS - house->scene->now.wall_ms % INTERVAL_MS) % INTERVAL_MS;
}

/* Up to a boundary of the clock; the sum is exactly what the register moved since the first row. */
static void assert_conserved(struct house *house)
{
	live_on(house, to_boundary_ms(house));
	assert_int_equal(sum_of_newest(house), house->mwh - house->first_mwh);
}

/* A first hour of a clock that is right. */
static void begin(struct house *house)
{
	house->scene->now.synchronised = true;
	scene_reading(house->scene, 0, house->mwh, 0); /* on a boundary */
	house->first_mwh = house->mwh;
	live_on(house, HOUR_MS);
	assert_int_equal(sum_of_newest(house), house->mwh - house->first_mwh);
}

/* It has begun, and the board was started again and does not know the time; when that was. */
static struct house *house_in_boot_of_unknown_time(int64_t *ret_known_wall_ms)
{
	struct house *house = house_new("synchronised", "15 min");
	begin(house);
	*ret_known_wall_ms = house->scene->now.wall_ms;
	boot(house, "boot-1", 0, 1000);
	return house;
}

/* ---- Steps ---- */

static void a_clock_set_back_by_an_hour_loses_nothing_and_doubles_nothing(void **state)
{
	(void)state;
	struct house *house = house_new("synchronised", "15 min");
	begin(house);
	live_on(house, 2 * HOUR_MS);
	set_clock(house, -HOUR_MS);
	live_on(house, 3 * HOUR_MS);
	assert_conserved(house);
	assert_int_equal(count_of(QUALITY_MISSING), 0);
	assert_int_equal(count_of(QUALITY_REJECTED), 0);
	house_end(house);
}

static void set_back_and_killed_at_once_the_rows_of_the_future_stay_taken_back(void **state)
{
	(void)state;
	struct house *house = house_new("synchronised", "15 min");
	begin(house);
	live_on(house, 2 * HOUR_MS);
	set_clock(house, -HOUR_MS);
	boot(house, "b", 10 * 60 * SECOND_MS, house->scene->now.wall_ms + 10 * 60 * SECOND_MS);
	house->scene->now.synchronised = true;
	live_on(house, 2 * HOUR_MS);
	assert_conserved(house);
	house_end(house);
}

static void a_clock_set_forward_and_back_again_by_an_hour(void **state)
{
	(void)state;
	struct house *house = house_new("synchronised", "15 min");
	begin(house);
	set_clock(house, HOUR_MS);
	live_on(house, HOUR_MS);
	set_clock(house, -HOUR_MS);
	live_on(house, 2 * HOUR_MS);
	assert_conserved(house);
	house_end(house);
}

static void a_clock_years_ahead_is_put_right_at_once(void **state)
{
	(void)state;
	struct house *house = house_new("trust", "15 min");
	int64_t years_ms = 2 * 365 * day_ms;
	begin(house);
	set_clock(house, years_ms);
	live_on(house, 2 * HOUR_MS);
	set_clock(house, -years_ms);
	live_on(house, HOUR_MS);
	assert_conserved(house);
	for (size_t i = 0; i < all_count; i++)
		assert_true(all[i].end_wall_ms <= house->scene->now.wall_ms ||
			    all[i].quality == QUALITY_MISSING);
	house_end(house);
}

static void a_leap_second_moves_no_row(void **state)
{
	(void)state;
	struct house *house = house_new("synchronised", "15 min");
	begin(house);
	live_on(house, 14 * 60 * SECOND_MS);
	scene_pass(house->scene, 60 * SECOND_MS);
	set_clock(house, -SECOND_MS);
	live_on(house, HOUR_MS);
	set_clock(house, SECOND_MS);
	live_on(house, HOUR_MS);
	assert_conserved(house);
	assert_int_equal(count_of(QUALITY_MEASURED), all_count);
	house_end(house);
}

/* ---- Unknown time ---- */

static void a_board_in_1970_for_three_boots_keeps_order_and_readings(void **state)
{
	(void)state;
	static const char *const ids[] = {"boot-1", "boot-2", "boot-3"};
	struct house *house = house_new("synchronised", "15 min");
	begin(house);
	int64_t known_wall_ms = house->scene->now.wall_ms;
	for (int i = 0; i < 3; i++) {
		boot(house, ids[i], HOUR_MS, 1000);
		live_on(house, HOUR_MS);
		assert_int_equal(sum_of_newest(house), 4 * 15 * 100000); /* nothing yet */
	}
	boot(house, "boot-4", HOUR_MS, 1000);
	live_on(house, 30 * 60 * SECOND_MS);
	house->scene->now.wall_ms = known_wall_ms + 7 * HOUR_MS + 30 * 60 * SECOND_MS;
	house->scene->now.synchronised = true;
	live_on(house, HOUR_MS);
	assert_conserved(house);
	assert_int_equal(count_of(QUALITY_MISSING), 0);
	assert_true(count_of(QUALITY_ESTIMATED) >= 7 * 4 - 1);
	size_t unknown = 0;
	for (size_t i = 0; i < all_count; i++) {
		unknown += all[i].clock == CLOCK_STATE_UNKNOWN;
		assert_true(
			all[i].clock != CLOCK_STATE_UNKNOWN || all[i].quality == QUALITY_ESTIMATED);
	}
	assert_true(unknown > 0);
	house_end(house);
}

/* The next boot knows the time from its first second: what waits must not be forgotten, nor come
 * back after the rows of that boot. */
static void readings_of_an_unknown_boot_are_placed_by_one_that_knows_the_time_at_once(void **state)
{
	(void)state;
	int64_t known_wall_ms;
	struct house *house = house_in_boot_of_unknown_time(&known_wall_ms);
	live_on(house, HOUR_MS);
	house->scene->pipeline = pipeline_close(house->scene->pipeline);
	house->scene->boot = "boot-2";
	house->scene->now = (struct clock_observation){
		.mono_ms = 3000, .wall_ms = known_wall_ms + 2 * HOUR_MS, .synchronised = true};
	house->mwh += 60 * 100000;
	scene_open_pipeline(house->scene);
	live_on(house, 2 * HOUR_MS);
	boot(house, "boot-3", HOUR_MS, 1000);
	live_on(house, HOUR_MS);
	house->scene->now.wall_ms = known_wall_ms + 6 * HOUR_MS;
	house->scene->now.synchronised = true;
	live_on(house, HOUR_MS);
	assert_conserved(house);
	assert_int_equal(count_of(QUALITY_REJECTED), 0);
	house_end(house);
}

/* The readings of the boot in between are needed: its device begins anew in the one after. */
static void a_reset_after_a_boot_of_unknown_time_loses_only_what_nobody_read(void **state)
{
	(void)state;
	int64_t known_wall_ms;
	struct house *house = house_in_boot_of_unknown_time(&known_wall_ms);
	live_on(house, 2 * HOUR_MS);
	int64_t last_mwh = house->mwh;
	boot(house, "boot-2", 0, known_wall_ms + 2 * HOUR_MS);
	house->scene->now.synchronised = true;
	house->mwh = 5000000;
	live_on(house, 2 * HOUR_MS);
	int64_t sum = sum_of_newest(house);
	assert_true(count_of(QUALITY_REJECTED) > 0);
	assert_true(sum > last_mwh - house->first_mwh - 60 * 100000);
	house_end(house);
}

/* The program ends and begins again, the board goes on; the device begins anew meanwhile. */
static void what_an_earlier_run_in_the_same_boot_read_is_kept(void **state)
{
	(void)state;
	int64_t known_wall_ms;
	struct house *house = house_in_boot_of_unknown_time(&known_wall_ms);
	live_on(house, 2 * HOUR_MS);
	int64_t last_mwh = house->mwh;
	house->scene->pipeline = pipeline_close(house->scene->pipeline);
	scene_open_pipeline(house->scene);
	house->mwh = 5000000;
	live_on(house, 2 * HOUR_MS);
	house->scene->now.wall_ms = known_wall_ms + 4 * HOUR_MS;
	house->scene->now.synchronised = true;
	live_on(house, HOUR_MS);
	assert_true(sum_of_newest(house) > last_mwh - house->first_mwh - 60 * 100000 + 2 * 6000000);
	assert_true(count_of(QUALITY_REJECTED) <= 2);
	house_end(house);
}

static void what_was_counted_before_the_time_was_ever_known_is_told(void **state)
{
	(void)state;
	struct house *house = house_new("synchronised", "15 min");
	scene_connect(house->scene);
	live_on(house, HOUR_MS);
	house->scene->link_up = false;
	boot(house, "boot-2", 0, 1000);
	scene_connect(house->scene);
	live_on(house, 60 * SECOND_MS);
	house->scene->now.wall_ms = scene_start_wall_ms + 2 * HOUR_MS;
	house->scene->now.synchronised = true;
	live_on(house, 10 * 60 * SECOND_MS);
	assert_true(scene_has_event(house->scene, "energy_withheld"));
	house_end(house);
}

static void ntp_that_never_answers_publishes_nothing_and_forgets_nothing(void **state)
{
	(void)state;
	int64_t known_wall_ms;
	struct house *house = house_in_boot_of_unknown_time(&known_wall_ms);
	live_on(house, day_ms);
	assert_int_equal(sum_of_newest(house), 4 * 15 * 100000);
	house->scene->now.wall_ms = known_wall_ms + day_ms;
	house->scene->now.synchronised = true;
	live_on(house, HOUR_MS);
	assert_conserved(house);
	house_end(house);
}

static void a_day_of_trust_says_so_on_every_row(void **state)
{
	(void)state;
	struct house *house = house_new("trust", "15 min");
	scene_reading(house->scene, 0, house->mwh, 0);
	house->first_mwh = house->mwh;
	live_on(house, day_ms);
	assert_conserved(house);
	assert_int_equal(all_count, 96);
	for (size_t i = 0; i < all_count; i++)
		assert_int_equal(all[i].clock, CLOCK_STATE_TRUSTED);
	house_end(house);
}

/* A board's new store, made in 1970: its generation must be above those of the stores before. */
static void a_store_made_before_the_time_was_known_sends_no_row_of_its_first_generation(
	void **state)
{
	(void)state;
	struct house *house = house_new("synchronised", "15 min");
	struct scene *scene = house->scene;
	scene->pipeline = pipeline_close(scene->pipeline);
	scene_forget_store(scene);
	scene->now = (struct clock_observation){.mono_ms = 3000, .wall_ms = 3000};
	scene->earliest_wall_ms = scene_start_wall_ms;
	scene_open_pipeline(scene);
	scene_connect(scene);
	live_on(house, HOUR_MS);
	assert_null(scene_last_on(scene, "events"));
	assert_true(store_identity(scene->pipeline->store).generation < 100);
	scene->now.wall_ms = scene_start_wall_ms + 5000;
	scene->now.synchronised = true;
	live_on(house, HOUR_MS);
	const struct published *events = scene_last_on(scene, "events");
	assert_non_null(events);
	assert_true(json_integer_value(json_object_get(events->payload, "generation")) >=
		    scene_start_wall_ms / 1000);
	house_end(house);
}

/* ---- Lengths and profiles ---- */

static void another_length_begins_at_the_next_utc_midnight(void **state)
{
	(void)state;
	struct house *house = house_new("trust", "15 min");
	begin(house);
	configure(house, "trust", "1 h");
	struct loaded_site *before = house->scene->loaded;
	house->scene->loaded = scene_site(house->text);
	assert_true(pipeline_take_site(house->scene->pipeline, house->scene->loaded->site,
		&house->scene->now, house->scene->loaded->slots));
	loaded_site_release(before);
	live_on(house, 10 * HOUR_MS);
	boot(house, "b", 0, house->scene->now.wall_ms); /* before midnight */
	live_on(house, 10 * HOUR_MS);
	assert_int_equal(sum_of_newest(house), house->mwh - house->first_mwh);
	for (size_t i = 0; i < all_count; i++) {
		int64_t length_ms = all[i].end_wall_ms - all[i].start_wall_ms;
		int64_t midnight_ms = (scene_start_wall_ms / day_ms + 1) * day_ms;
		assert_int_equal(
			length_ms, all[i].start_wall_ms < midnight_ms ? INTERVAL_MS : HOUR_MS);
	}
	house_end(house);
}

static void after_a_restart_a_gap_follows_the_profile_of_the_stored_weeks(void **state)
{
	(void)state;
	struct house *house = house_new("trust", "15 min");
	begin(house);
	live_on(house, 8 * day_ms);
	boot(house, "b", 3 * HOUR_MS, house->scene->now.wall_ms + 3 * HOUR_MS);
	live_on(house, HOUR_MS);
	assert_conserved(house);
	size_t by_profile = 0;
	for (size_t i = 0; i < all_count; i++)
		by_profile += all[i].method == METHOD_PROFILE;
	assert_in_range(by_profile, 12, 13);
	house_end(house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clock_set_back_by_an_hour_loses_nothing_and_doubles_nothing),
		cmocka_unit_test(
			set_back_and_killed_at_once_the_rows_of_the_future_stay_taken_back),
		cmocka_unit_test(a_clock_set_forward_and_back_again_by_an_hour),
		cmocka_unit_test(a_clock_years_ahead_is_put_right_at_once),
		cmocka_unit_test(a_leap_second_moves_no_row),
		cmocka_unit_test(a_board_in_1970_for_three_boots_keeps_order_and_readings),
		cmocka_unit_test(
			readings_of_an_unknown_boot_are_placed_by_one_that_knows_the_time_at_once),
		cmocka_unit_test(what_an_earlier_run_in_the_same_boot_read_is_kept),
		cmocka_unit_test(a_reset_after_a_boot_of_unknown_time_loses_only_what_nobody_read),
		cmocka_unit_test(what_was_counted_before_the_time_was_ever_known_is_told),
		cmocka_unit_test(ntp_that_never_answers_publishes_nothing_and_forgets_nothing),
		cmocka_unit_test(
			a_store_made_before_the_time_was_known_sends_no_row_of_its_first_generation),
		cmocka_unit_test(a_day_of_trust_says_so_on_every_row),
		cmocka_unit_test(another_length_begins_at_the_next_utc_midnight),
		cmocka_unit_test(after_a_restart_a_gap_follows_the_profile_of_the_stored_weeks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
