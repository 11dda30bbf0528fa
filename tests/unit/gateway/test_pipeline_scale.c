/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_pipeline_scale.c -- A configuration with another transformer, model or
 * option. What is protected: no reading is ever counted on a scale it is not
 * on; without a date it is refused, with one what was counted since is revised,
 * exactly; over restarts too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fakes/settle_scene.h"

enum { QUARTER_MWH = 900000, OLD_STEP = 10000, NEW_STEP = 60 * OLD_STEP };

static const char transformer[] = ", ct: 300/5, ct_in_meter: no";

/* The transformer, and since when. */
static const char *since(char buffer[static 160], int minutes)
{
	char instant[32];
	snprintf(buffer, 160, "%s, valid_from: \"%s\"", transformer,
		settle_scene_instant(instant, minutes));
	return buffer;
}

/* The worker decodes by the new scale from here on. */
static void decode_anew(struct settle_scene *settle)
{
	settle->mwh[KITCHEN] *= 60;
	settle->step[KITCHEN] = NEW_STEP;
}

static size_t changes_told(struct settle_scene *settle)
{
	size_t count = 0;
	settle_scene_event(settle, EVENT_SCALE_CHANGED, NULL, &count);
	return count;
}

static void a_reload_with_another_scale_and_no_date_is_refused_at_its_place(void **state)
{
	struct settle_scene *settle = *state;
	struct diagnostics diagnostics = {0};
	settle_scene_poll(settle, 32 * MINUTE_MS);
	assert_false(settle_scene_reload(settle, transformer, "", &diagnostics));
	assert_int_equal(diagnostics.errors, 1);
	assert_int_equal(diagnostics.items[0].at.line, 7);
	assert_int_equal(diagnostics.items[0].at.column, 3);
	assert_non_null(strstr(diagnostics.items[0].message, "\"kitchen\""));
	assert_non_null(strstr(diagnostics.items[0].message, "60/1 times"));
	assert_non_null(strstr(diagnostics.items[0].message, "valid_from: 2025-11-23"));
	diagnostics_clear(&diagnostics);
	settle_scene_poll(settle, 30 * MINUTE_MS);
	assert_int_equal(settle_scene_row(settle, "kitchen", 30)->energy, QUARTER_MWH);
	assert_int_equal(changes_told(settle), 0);
}

static void a_date_that_reaches_back_revises_what_was_counted_since(void **state)
{
	struct settle_scene *settle = *state;
	struct diagnostics diagnostics = {0};
	char text[160];
	size_t nulls;
	settle_scene_poll(settle, 62 * MINUTE_MS);
	assert_true(settle_scene_reload(settle, since(text, 30), "", &diagnostics));
	decode_anew(settle);
	settle_scene_poll(settle, 30 * MINUTE_MS);
	assert_int_equal(settle_scene_row(settle, "kitchen", 15)->energy, QUARTER_MWH);
	assert_int_equal(settle_scene_row(settle, "kitchen", 30)->energy, 60 * QUARTER_MWH);
	assert_int_equal(settle_scene_row(settle, "kitchen", 30)->revision, 1);
	assert_int_equal(settle_scene_row(settle, "kitchen", 60)->energy, 60 * QUARTER_MWH);
	assert_int_equal(settle_scene_row(settle, "kitchen", 60)->revision, 0);
	settle_scene_read(settle, "kitchen");
	assert_int_equal(settle_scene_sum(settle, &nulls), QUARTER_MWH + 4 * 60 * QUARTER_MWH);
	assert_int_equal(nulls, 0);
	assert_int_equal(changes_told(settle), 1);
	assert_int_equal(settle_scene_row(settle, "hall", 30)->revision, 0);
}

static void a_date_of_today_holds_inside_the_open_interval(void **state)
{
	struct settle_scene *settle = *state;
	struct diagnostics diagnostics = {0};
	char text[160];
	settle_scene_poll(settle, 40 * MINUTE_MS);
	assert_true(settle_scene_reload(settle, since(text, 35), "", &diagnostics));
	decode_anew(settle);
	settle_scene_kill(settle); /* at once */
	settle_scene_poll(settle, 25 * MINUTE_MS);
	assert_int_equal(settle_scene_row(settle, "kitchen", 30)->energy, 300000 + 600000 * 60);
	assert_int_equal(settle_scene_row(settle, "kitchen", 45)->energy, 60 * QUARTER_MWH);
}

static void a_scale_taken_over_is_known_after_a_restart(void **state)
{
	struct settle_scene *settle = *state;
	struct diagnostics diagnostics = {0};
	char text[160];
	settle_scene_poll(settle, 32 * MINUTE_MS);
	assert_true(settle_scene_reload(settle, since(text, 30), "", &diagnostics));
	decode_anew(settle);
	settle_scene_poll(settle, 10 * MINUTE_MS);
	settle_scene_restart(settle, text, "");
	settle_scene_poll(settle, 30 * MINUTE_MS);
	assert_int_equal(settle_scene_row(settle, "kitchen", 45)->energy, 60 * QUARTER_MWH);
	assert_int_equal(changes_told(settle), 1);
	/* A date that is moved alone revises nothing, and that is said. */
	char moved[160];
	assert_true(settle_scene_reload(settle, since(moved, 20), "", &diagnostics));
	assert_int_equal(diagnostics.warnings, 1);
	assert_non_null(strstr(diagnostics.items[0].message, "nothing is revised"));
	diagnostics_clear(&diagnostics);
	diagnostics = (struct diagnostics){0};
	assert_int_equal(settle_scene_row(settle, "kitchen", 15)->revision, 0);
	/* Its date is an old one now: another change wants another. */
	snprintf(text, sizeof text, ", valid_from: \"%s\"", "2025-11-23T09:30:00Z");
	assert_false(settle_scene_reload(settle, text, "", &diagnostics));
	assert_non_null(strstr(diagnostics.items[0].message, "an earlier change"));
	diagnostics_clear(&diagnostics);
}

static void at_a_start_without_a_date_it_holds_from_the_last_reading_on(void **state)
{
	struct settle_scene *settle = *state;
	settle_scene_poll(settle, 60 * MINUTE_MS);
	settle_scene_restart(settle, transformer, "");
	decode_anew(settle);
	settle_scene_poll(settle, 30 * MINUTE_MS);
	assert_int_equal(settle_scene_row(settle, "kitchen", 45)->energy, QUARTER_MWH);
	assert_int_equal(settle_scene_row(settle, "kitchen", 45)->revision, 0);
	assert_int_equal(settle_scene_row(settle, "kitchen", 60)->energy, 60 * QUARTER_MWH);
	assert_int_equal(settle_scene_row(settle, "kitchen", 60)->quality, QUALITY_MEASURED);
	assert_int_equal(changes_told(settle), 1);
	assert_int_equal(scene_times_said(settle->scene, "byport settle --multiplier"), 1);
}

static void at_a_start_with_a_date_what_was_counted_since_is_revised(void **state)
{
	struct settle_scene *settle = *state;
	char text[160];
	settle_scene_poll(settle, 60 * MINUTE_MS);
	settle_scene_restart(settle, since(text, 15), "");
	decode_anew(settle);
	settle_scene_poll(settle, 30 * MINUTE_MS);
	for (int minutes = 15; minutes < 75; minutes += 15)
		assert_int_equal(
			settle_scene_row(settle, "kitchen", minutes)->energy, 60 * QUARTER_MWH);
	settle_scene_kill(settle);
	settle_scene_poll(settle, 30 * MINUTE_MS);
	assert_int_equal(changes_told(settle), 1);
	assert_int_equal(settle_scene_row(settle, "kitchen", 90)->energy, 60 * QUARTER_MWH);
}

static void a_date_in_the_future_is_refused(void **state)
{
	struct settle_scene *settle = *state;
	struct diagnostics diagnostics = {0};
	char text[160];
	settle_scene_poll(settle, 32 * MINUTE_MS);
	assert_false(settle_scene_reload(settle, since(text, 33), "", &diagnostics));
	assert_non_null(strstr(diagnostics.items[0].message, "in the future"));
	diagnostics_clear(&diagnostics);
}

/* The kitchen's model is another one. */
static struct loaded_site *site_of_another_model(const char *kitchen)
{
	char *text = settle_scene_text(kitchen, "");
	memcpy(strstr(text, "eastron-sdm120"), "eastron-sdm630", strlen("eastron-sdm630"));
	struct loaded_site *site = scene_site(text);
	free(text);
	return site;
}

static void another_model_wants_a_date_too(void **state)
{
	struct settle_scene *settle = *state;
	struct diagnostics diagnostics = {0};
	struct loaded_site *after = site_of_another_model("");
	settle_scene_poll(settle, 32 * MINUTE_MS);
	pipeline_check_site(
		settle->scene->pipeline, after->site, &settle->scene->now, &diagnostics);
	assert_int_equal(diagnostics.errors, 1);
	assert_non_null(strstr(
		diagnostics.items[0].message, "model eastron-sdm120 before, eastron-sdm630 now"));
	diagnostics_clear(&diagnostics);
	loaded_site_release(after);
}

/* What it shows follows on or not: accounting sees by itself. */
static void another_model_at_the_same_scale_goes_on_where_its_reading_follows(void **state)
{
	struct settle_scene *settle = *state;
	struct scene *scene = settle->scene;
	struct diagnostics diagnostics = {0};
	struct event_row event;
	struct loaded_site *after = site_of_another_model(", valid_from: \"2025-11-23T09:30:00Z\"");
	settle_scene_poll(settle, 32 * MINUTE_MS);
	pipeline_check_site(scene->pipeline, after->site, &scene->now, &diagnostics);
	assert_int_equal(diagnostics.errors, 0);
	assert_true(pipeline_take_site(scene->pipeline, after->site, &scene->now, after->slots));
	loaded_site_release(scene->loaded);
	scene->loaded = after;
	settle_scene_poll(settle, 30 * MINUTE_MS);
	assert_int_equal(settle_scene_row(settle, "kitchen", 30)->energy, QUARTER_MWH);
	assert_int_equal(settle_scene_row(settle, "kitchen", 30)->quality, QUALITY_MEASURED);
	assert_int_equal(changes_told(settle), 1);
	assert_true(settle_scene_event(settle, EVENT_SCALE_CHANGED, &event, NULL));
	assert_non_null(strstr(event.text, "eastron-sdm630 now, since 2025-11-23T09:30:00Z"));
	/* The date was this change's: the next one wants another. */
	char *text = settle_scene_text(", valid_from: \"2025-11-23T09:30:00Z\"", "");
	after = scene_site(text);
	pipeline_check_site(scene->pipeline, after->site, &scene->now, &diagnostics);
	assert_int_equal(diagnostics.errors, 1);
	assert_non_null(strstr(diagnostics.items[0].message, "an earlier change"));
	diagnostics_clear(&diagnostics);
	loaded_site_release(after);
	free(text);
}

static void a_new_meter_needs_no_date_and_what_stayed_the_same_neither(void **state)
{
	struct settle_scene *settle = *state;
	struct diagnostics diagnostics = {0};
	assert_true(settle_scene_reload(settle, transformer, "", &diagnostics)); /* never read */
	decode_anew(settle);
	settle_scene_poll(settle, 32 * MINUTE_MS);
	assert_true(settle_scene_reload(settle, transformer, ", name: Hall", &diagnostics));
	assert_int_equal(changes_told(settle), 0);
	settle_scene_poll(settle, 30 * MINUTE_MS);
	assert_int_equal(settle_scene_row(settle, "kitchen", 30)->energy, 60 * QUARTER_MWH);
}

/* A person settled it; then the configuration says the same. */
static void a_settled_multiplier_that_moves_into_the_configuration_changes_nothing(void **state)
{
	struct settle_scene *settle = *state;
	struct diagnostics diagnostics = {0};
	struct settle_outcome outcome;
	char from[32];
	struct settle_request decision = {.meter = "kitchen",
		.multiplier = "60",
		.from = settle_scene_instant(from, 15),
		.reason = "r",
		.by = "b"};
	settle_scene_poll(settle, 32 * MINUTE_MS);
	assert_true(pipeline_settle(settle->scene->pipeline, &decision, &outcome));
	assert_true(settle_scene_reload(settle, transformer, "", &diagnostics));
	decode_anew(settle);
	settle_scene_poll(settle, 30 * MINUTE_MS);
	assert_int_equal(settle_scene_row(settle, "kitchen", 15)->energy, 60 * QUARTER_MWH);
	assert_int_equal(settle_scene_row(settle, "kitchen", 15)->revision, 1);
	assert_int_equal(settle_scene_row(settle, "kitchen", 30)->energy, 60 * QUARTER_MWH);
	assert_int_equal(settle_scene_row(settle, "kitchen", 45)->energy, 60 * QUARTER_MWH);
	assert_int_equal(changes_told(settle), 0);
}

/* A worker that has not yet stopped reports by the scale it was started with. */
static void samples_of_a_worker_of_the_old_configuration_are_left_out(void **state)
{
	struct settle_scene *settle = *state;
	struct scene *scene = settle->scene;
	char text[160];
	settle_scene_poll(settle, 40 * MINUTE_MS);
	struct loaded_site *old = scene->loaded;
	loaded_site_hold(old);
	struct diagnostics diagnostics = {0};
	assert_true(settle_scene_reload(settle, since(text, 30), "", &diagnostics));
	struct loaded_site *young = scene->loaded;
	scene->loaded = old;
	settle_scene_poll(settle, 30000);
	scene->loaded = young;
	loaded_site_release(old);
	decode_anew(settle);
	settle_scene_poll(settle, 20 * MINUTE_MS);
	assert_int_equal(settle_scene_row(settle, "kitchen", 30)->energy, 60 * QUARTER_MWH);
	assert_false(settle_scene_event(settle, EVENT_ENERGY_WITHHELD, NULL, NULL));
}

static void a_date_that_is_none_is_refused_at_its_place(void **state)
{
	static const char *const texts[] = {"2025-02-30", "2025-13-01", "2025-11-23T25:00:00Z"};
	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct diagnostics diagnostics = {0};
		struct site_config *config = NULL;
		struct loaded_site *loaded = NULL;
		char kitchen[64];
		snprintf(kitchen, sizeof kitchen, ", valid_from: \"%s\"", texts[i]);
		char *text = settle_scene_text(kitchen, "");
		assert_true(site_config_read_text("test", text, &diagnostics, &config));
		assert_false(loaded_site_make(config, &diagnostics, &loaded));
		assert_int_equal(diagnostics.errors, 1);
		assert_int_equal(diagnostics.items[0].at.line, 7);
		assert_true(diagnostics.items[0].at.column > 100);
		assert_non_null(strstr(diagnostics.items[0].message, "valid_from"));
		assert_non_null(strstr(diagnostics.items[0].message, "allowed"));
		diagnostics_clear(&diagnostics);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, settle_scene_set_up, settle_scene_tear_down)
		TEST(a_reload_with_another_scale_and_no_date_is_refused_at_its_place),
		TEST(a_date_that_reaches_back_revises_what_was_counted_since),
		TEST(a_date_of_today_holds_inside_the_open_interval),
		TEST(a_scale_taken_over_is_known_after_a_restart),
		TEST(at_a_start_without_a_date_it_holds_from_the_last_reading_on),
		TEST(at_a_start_with_a_date_what_was_counted_since_is_revised),
		TEST(a_date_in_the_future_is_refused),
		TEST(a_date_that_is_none_is_refused_at_its_place),
		TEST(another_model_wants_a_date_too),
		TEST(another_model_at_the_same_scale_goes_on_where_its_reading_follows),
		TEST(a_new_meter_needs_no_date_and_what_stayed_the_same_neither),
		TEST(a_settled_multiplier_that_moves_into_the_configuration_changes_nothing),
		TEST(samples_of_a_worker_of_the_old_configuration_are_left_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
