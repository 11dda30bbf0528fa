/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_pipeline_settle.c -- A person's decisions, with a real store. What is
 * protected: they do what they say to the step, whole or not at all, and over
 * restarts; who decided and why stands in the event; nothing else changes.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "tests/fakes/settle_scene.h"

enum { BASE = 1500000000, OLD_AT_BREAK = BASE + 210 * 10000, QUARTER_MWH = 900000 };

static struct settle_request request(const char *meter)
{
	return (struct settle_request){.meter = meter,
		.reason = "meter exchanged by the grid company",
		.by = "Kari Holm",
		.caller = "kari (uid 1000)"};
}

static struct settle_outcome settle_as(
	struct settle_scene *settle, const struct settle_request *decision, bool expected)
{
	struct settle_outcome outcome;
	bool settled = pipeline_settle(settle->scene->pipeline, decision, &outcome);
	if (settled != expected)
		print_error("%s\n", outcome.error);
	assert_int_equal(settled, expected);
	return outcome;
}

/*
 * 09:35: the kitchen's device, at 1502.1 kWh, is exchanged for one at 0, when
 * it stood at 1502.15. Nothing else knows: at 09:30 the old one had 1501.8, at
 * 09:45 the new one will have 0.6.
 */
static void exchange_kitchen(struct settle_scene *settle, int64_t opening)
{
	settle_scene_serial(settle, KITCHEN, "111");
	settle_scene_poll(settle, 35 * MINUTE_MS);
	assert_int_equal(settle->mwh[KITCHEN], OLD_AT_BREAK);
	settle->mwh[KITCHEN] = opening;
	settle_scene_serial(settle, KITCHEN, "222");
}

static struct settle_request closing_1502_15(void)
{
	struct settle_request decision = request("kitchen");
	decision.closing = "1502.15";
	decision.opening = "0";
	return decision;
}

enum { EXCHANGED_MWH = 350000 + 600000 }; /* 1502.15 - 1501.8, and 0.6 - 0 */

/* ---- exchange ---- */

static void closing_and_opening_fill_the_interval_of_the_exchange(void **state)
{
	struct settle_scene *settle = *state;
	struct event_row event;
	exchange_kitchen(settle, 0);
	settle_scene_poll(settle, 30 * MINUTE_MS);
	assert_int_equal(settle_scene_row(settle, "kitchen", 30)->quality, QUALITY_REJECTED);
	struct settle_request decision = closing_1502_15();
	struct settle_outcome outcome = settle_as(settle, &decision, true);
	assert_true(outcome.is_kept);
	assert_int_equal(outcome.count, 1);
	assert_int_equal(outcome.changes[0].rows, 1);
	assert_int_equal(outcome.changes[0].nulls, 1);
	assert_int_equal(outcome.changes[0].after, EXCHANGED_MWH);
	const struct interval_row *row = settle_scene_row(settle, "kitchen", 30);
	assert_int_equal(row->energy, EXCHANGED_MWH);
	assert_int_equal(row->quality, QUALITY_MEASURED);
	assert_int_equal(row->revision, 1);
	assert_int_equal(row->reading_start, BASE + 180 * 10000);
	assert_int_equal(row->reading_end, 600000);
	assert_false(row->correction); /* without a value it was not final */
	assert_int_equal(settle_scene_row(settle, "kitchen", 15)->revision, 0);
	assert_int_equal(settle_scene_row(settle, "kitchen", 45)->revision, 0);
	assert_true(settle_scene_event(settle, EVENT_SETTLED, &event, NULL));
	assert_string_equal(event.meter, "kitchen");
	assert_int_equal(event.amount, EXCHANGED_MWH);
	assert_non_null(strstr(event.text, "0.95 kWh in 1 interval"));
	assert_non_null(strstr(event.text, "meter exchanged by the grid company"));
	assert_non_null(strstr(event.text, "Kari Holm"));
	assert_non_null(strstr(event.text, "kari (uid 1000)"));
}

static void a_dry_run_tells_the_same_and_changes_nothing(void **state)
{
	struct settle_scene *settle = *state;
	exchange_kitchen(settle, 0);
	settle_scene_poll(settle, 30 * MINUTE_MS);
	settle_scene_read(settle, "kitchen");
	struct store_cursor before = store_cursor(settle->scene->pipeline->store, STREAM_ENERGY);
	struct settle_request decision = closing_1502_15();
	decision.dry_run = true;
	struct settle_outcome outcome = settle_as(settle, &decision, true);
	assert_int_equal(outcome.changes[0].after, EXCHANGED_MWH);
	assert_false(outcome.is_kept);
	assert_non_null(strstr(outcome.text, "Kari Holm"));
	assert_int_equal(settle_scene_row(settle, "kitchen", 30)->quality, QUALITY_REJECTED);
	assert_int_equal(
		store_cursor(settle->scene->pipeline->store, STREAM_ENERGY).last, before.last);
}

static void an_exchange_settled_once_is_nothing_to_settle_any_more(void **state)
{
	struct settle_scene *settle = *state;
	exchange_kitchen(settle, 0);
	settle_scene_poll(settle, 30 * MINUTE_MS);
	struct settle_request decision = closing_1502_15();
	settle_as(settle, &decision, true);
	struct settle_outcome outcome = settle_as(settle, &decision, false);
	assert_non_null(strstr(outcome.error, "nothing to settle"));
}

static void the_open_interval_is_settled_at_once_and_closes_with_its_value(void **state)
{
	struct settle_scene *settle = *state;
	exchange_kitchen(settle, 0);
	settle_scene_poll(settle, 2 * MINUTE_MS);
	struct settle_request decision = closing_1502_15();
	decision.dry_run = true;
	assert_true(settle_as(settle, &decision, true).is_open);
	decision.dry_run = false;
	struct settle_outcome outcome = settle_as(settle, &decision, true);
	assert_true(outcome.is_open);
	assert_int_equal(outcome.changes[0].after, 350000 + 12 * 10000);
	settle_scene_poll(settle, 28 * MINUTE_MS);
	const struct interval_row *row = settle_scene_row(settle, "kitchen", 30);
	assert_int_equal(row->quality, QUALITY_MEASURED);
	assert_int_equal(row->energy, EXCHANGED_MWH);
	assert_int_equal(row->revision, 0);
	assert_int_equal(settle_scene_row(settle, "kitchen", 45)->energy, QUARTER_MWH);
}

static void what_was_settled_while_open_survives_a_kill(void **state)
{
	struct settle_scene *settle = *state;
	exchange_kitchen(settle, 0);
	settle_scene_poll(settle, 2 * MINUTE_MS);
	struct settle_request decision = closing_1502_15();
	settle_as(settle, &decision, true);
	settle_scene_kill(settle);
	settle_scene_poll(settle, 28 * MINUTE_MS);
	const struct interval_row *row = settle_scene_row(settle, "kitchen", 30);
	assert_int_equal(row->quality, QUALITY_MEASURED);
	assert_int_equal(row->energy, EXCHANGED_MWH);
	assert_int_equal(settle_scene_row(settle, "kitchen", 45)->energy, QUARTER_MWH);
}

static void a_decision_about_closed_intervals_survives_a_kill(void **state)
{
	struct settle_scene *settle = *state;
	exchange_kitchen(settle, 0);
	settle_scene_poll(settle, 30 * MINUTE_MS);
	struct settle_request decision = closing_1502_15();
	settle_as(settle, &decision, true);
	settle_scene_kill(settle);
	assert_int_equal(settle_scene_row(settle, "kitchen", 30)->energy, EXCHANGED_MWH);
	assert_true(settle_scene_event(settle, EVENT_SETTLED, NULL, NULL));
}

static void an_unknown_closing_is_estimated_and_says_so(void **state)
{
	struct settle_scene *settle = *state;
	exchange_kitchen(settle, 0);
	settle_scene_poll(settle, 30 * MINUTE_MS);
	struct settle_request decision = request("kitchen");
	decision.closing = "unknown";
	settle_as(settle, &decision, true);
	const struct interval_row *row = settle_scene_row(settle, "kitchen", 30);
	assert_int_equal(row->quality, QUALITY_ESTIMATED);
	assert_int_equal(row->energy, QUARTER_MWH); /* the power around it */
}

/* The weeks before taught another power than the one around the exchange. */
static void an_unknown_closing_is_what_the_meter_usually_counts_then(void **state)
{
	struct settle_scene *settle = *state;
	const int64_t hour_ms = 60 * INT64_C(60000);
	exchange_kitchen(settle, 0);
	settle_scene_poll(settle, 30 * MINUTE_MS);
	const struct pipeline_meter *meter =
		pipeline_meter_find(settle->scene->pipeline, "kitchen");
	struct pipeline_counter *counter =
		meter->values[meter->value_of[QUANTITY_ACTIVE_ENERGY_IMPORT]].counter;
	for (int hour = -14 * 24; hour < -7 * 24 + 1; hour++) {
		struct interval_row row = {.start_wall_ms = scene_start_wall_ms + hour * hour_ms,
			.end_wall_ms = scene_start_wall_ms + (hour + 1) * hour_ms,
			.energy = 2000000,
			.quality = QUALITY_MEASURED};
		profile_train(&counter->profile, NULL, &row);
	}
	struct settle_request decision = request("kitchen");
	decision.closing = "unknown";
	settle_as(settle, &decision, true);
	const struct interval_row *row = settle_scene_row(settle, "kitchen", 30);
	assert_int_equal(row->method, METHOD_PROFILE);
	assert_int_equal(row->energy, 500000);
}

static void an_older_span_is_named_by_an_instant(void **state)
{
	struct settle_scene *settle = *state;
	char at[32];
	exchange_kitchen(settle, 0);
	settle_scene_poll(settle, 25 * MINUTE_MS); /* 10:00 */
	settle->mwh[KITCHEN] = 5000000000;
	settle_scene_serial(settle, KITCHEN, "333");
	settle_scene_poll(settle, 35 * MINUTE_MS);
	struct settle_request decision = closing_1502_15();
	decision.dry_run = true;
	struct settle_outcome newest = settle_as(settle, &decision, true);
	assert_int_equal(
		newest.changes[0].start_wall_ms, scene_start_wall_ms + 60 * INT64_C(60000));
	decision.dry_run = false;
	decision.at = settle_scene_instant(at, 44);
	settle_as(settle, &decision, true);
	assert_int_equal(settle_scene_row(settle, "kitchen", 30)->energy, EXCHANGED_MWH);
	assert_int_equal(settle_scene_row(settle, "kitchen", 60)->quality, QUALITY_REJECTED);
	decision.at = settle_scene_instant(at, 15);
	assert_non_null(strstr(settle_as(settle, &decision, false).error, "nothing to settle"));
}

static void an_exchange_over_many_intervals_adds_up(void **state)
{
	struct settle_scene *settle = *state;
	int64_t sum = 0;
	exchange_kitchen(settle, 0);
	settle_scene_silence(settle, 60 * MINUTE_MS); /* 10:35 */
	settle_scene_poll(settle, 30 * MINUTE_MS);
	struct settle_request decision = closing_1502_15();
	struct settle_outcome outcome = settle_as(settle, &decision, true);
	assert_int_equal(outcome.changes[0].rows, 5); /* 09:30 to 10:45 */
	for (int minutes = 30; minutes < 105; minutes += 15) {
		const struct interval_row *row = settle_scene_row(settle, "kitchen", minutes);
		assert_int_equal(row->quality, QUALITY_ESTIMATED);
		sum += row->energy;
	}
	assert_int_equal(sum, 350000 + 600000); /* at 10:45 it shows 0.6 kWh */
}

/* ---- accept ---- */

static void a_leap_that_was_rejected_is_accepted(void **state)
{
	struct settle_scene *settle = *state;
	settle_scene_end(settle);
	*state = settle = settle_scene_new(", main_fuse: 63 A", "");
	settle_scene_poll(settle, 35 * MINUTE_MS);
	settle->mwh[KITCHEN] += 900000000; /* 900 kWh in 10 s: more than the fuse lets through */
	settle_scene_poll(settle, 30 * MINUTE_MS);
	assert_int_equal(settle_scene_row(settle, "kitchen", 30)->quality, QUALITY_REJECTED);
	struct settle_request decision = request("kitchen");
	decision.accept = true;
	settle_as(settle, &decision, true);
	const struct interval_row *row = settle_scene_row(settle, "kitchen", 30);
	assert_int_equal(row->energy, 900000000 + QUARTER_MWH);
	assert_int_equal(row->quality, QUALITY_MEASURED);
}

/* ---- what is refused ---- */

struct refused {
	struct settle_request decision;
	const char *words;
};

static void each_wrong_combination_is_refused_in_words(void **state)
{
	struct settle_scene *settle = *state;
	exchange_kitchen(settle, 0);
	settle_scene_poll(settle, 30 * MINUTE_MS);
	/* clang-format off */
	const struct refused rows[] = {
		{{.meter = NULL}, "no such meter"},
		{{.meter = "attic", .accept = true}, "\"attic\": there is no such meter"},
		{{.meter = "kitchen"}, "nothing is decided"},
		{{.meter = "kitchen", .accept = true, .closing = "1", .opening = "1"}, "too much is decided"},
		{{.meter = "kitchen", .accept = true, .multiplier = "2", .from = "2025-11-23"}, "too much is decided"},
		{{.meter = "kitchen", .opening = "1"}, "wants \"closing\""},
		{{.meter = "kitchen", .closing = "1"}, "wants \"opening\""},
		{{.meter = "kitchen", .multiplier = "2"}, "wants \"from\""},
		{{.meter = "kitchen", .accept = true, .from = "2025-11-23"}, "goes with \"multiplier\" only"},
		{{.meter = "kitchen", .multiplier = "2", .from = "2025-11-23", .at = "2025-11-23"}, "\"at\" goes with"},
		{{.meter = "kitchen", .multiplier = "0", .from = "2025-11-23"}, "above 0"},
		{{.meter = "kitchen", .multiplier = "-1", .from = "2025-11-23"}, "above 0"},
		{{.meter = "kitchen", .multiplier = "2", .from = "2025-11-24"}, "in the future"},
		{{.meter = "kitchen", .multiplier = "2", .from = "2025-02-30"}, "no date"},
		{{.meter = "kitchen", .multiplier = "9000000000000000000", .from = "2025-11-23"}, "too large"},
		{{.meter = "kitchen", .accept = true, .at = "soon"}, "no date"},
		{{.meter = "kitchen", .closing = "1502,15", .opening = "0"}, "is no reading in kWh"},
		{{.meter = "kitchen", .closing = "1501.79", .opening = "0"}, "below the last one before the exchange: 1501.8 kWh"},
		{{.meter = "kitchen", .closing = "1502.15", .opening = "0.61"}, "above the first one after the exchange: 0.6 kWh"},
		{{.meter = "kitchen", .accept = true}, "the reading fell"},
		{{.meter = "kitchen", .accept = true, .quantity = "volume"}, "has no counter \"volume\""},
		{{.meter = "kitchen", .accept = true, .quantity = "active_power"}, "has no counter"},
		{{.meter = "kitchen", .multiplier = "2", .from = "2025-11-23", .quantity = "warmth"}, "has no counter"},
		{{.meter = "hall", .accept = true}, "nothing to settle"},
	};
	/* clang-format on */
	struct store_cursor before = store_cursor(settle->scene->pipeline->store, STREAM_ENERGY);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct settle_request decision = rows[i].decision;
		decision.reason = "r";
		decision.by = "b";
		struct settle_outcome outcome = settle_as(settle, &decision, false);
		if (strstr(outcome.error, rows[i].words) == NULL)
			fail_msg("%zu: %s", i, outcome.error);
	}
	settle_scene_read(settle, "kitchen");
	assert_false(settle_scene_event(settle, EVENT_SETTLED, NULL, NULL));
	struct store_cursor after = store_cursor(settle->scene->pipeline->store, STREAM_ENERGY);
	assert_true(after.last - before.last <= 2); /* rows of the time itself */
}

static void a_decision_needs_a_reason_and_an_author_that_fit(void **state)
{
	struct settle_scene *settle = *state;
	char reason[SETTLE_REASON_MAX + 2], by[SETTLE_BY_MAX + 2];
	struct event_row event;
	exchange_kitchen(settle, 0);
	settle_scene_poll(settle, 30 * MINUTE_MS);
	struct settle_request decision = closing_1502_15();
	static const char *const empty[] = {NULL, "", "  ", "two\nlines"};
	for (size_t i = 0; i < 4; i++) {
		decision.reason = empty[i];
		assert_non_null(strstr(settle_as(settle, &decision, false).error, "\"reason\""));
		decision.reason = "r";
		decision.by = empty[i];
		assert_non_null(strstr(settle_as(settle, &decision, false).error, "\"by\""));
		decision.by = "b";
	}
	memset(reason, 'r', sizeof reason);
	memset(by, 'b', sizeof by);
	reason[SETTLE_REASON_MAX + 1] = by[SETTLE_BY_MAX + 1] = '\0';
	decision.reason = reason;
	assert_non_null(strstr(settle_as(settle, &decision, false).error, "too long"));
	reason[SETTLE_REASON_MAX] = '\0';
	decision.by = by;
	assert_non_null(strstr(settle_as(settle, &decision, false).error, "too long"));
	by[SETTLE_BY_MAX] = '\0';
	decision.caller = "a-user-with-a-very-long-name-indeed (uid 1000)";
	settle_as(settle, &decision, true);
	assert_true(settle_scene_event(settle, EVENT_SETTLED, &event, NULL));
	assert_non_null(strstr(event.text, reason));
	assert_non_null(strstr(event.text, by));
	assert_non_null(strstr(event.text, "0.95 kWh"));
	assert_non_null(strstr(event.text, "…"));
}

static void a_span_that_goes_on_is_refused_with_until_when_to_wait(void **state)
{
	struct settle_scene *settle = *state;
	settle_scene_poll(settle, 35 * MINUTE_MS);
	settle_scene_silence(settle, 180 * MINUTE_MS);
	struct settle_request decision = closing_1502_15();
	struct settle_outcome outcome = settle_as(settle, &decision, false);
	assert_non_null(strstr(outcome.error, "has not ended"));
	assert_non_null(strstr(outcome.error, "2025-11-23T12:45:00Z"));

	settle_scene_poll(settle, 30 * MINUTE_MS);
	settle->mwh[KITCHEN] = 0;
	settle_scene_serial(settle, KITCHEN, "1");
	settle_scene_serial(settle, KITCHEN, "2");
	settle_scene_poll(settle, 5 * MINUTE_MS);
	decision = request("kitchen");
	decision.closing = "unknown";
	outcome = settle_as(settle, &decision, false);
	assert_non_null(strstr(outcome.error, "still open"));
	assert_non_null(strstr(outcome.error, "2025-11-23T13:15:00Z"));
}

static void while_the_time_is_not_known_nothing_is_decided(void **state)
{
	struct settle_scene *settle = *state;
	settle_scene_poll(settle, 35 * MINUTE_MS);
	settle->scene->pipeline->clock.state = CLOCK_STATE_UNKNOWN;
	struct settle_request decision = closing_1502_15();
	struct settle_outcome outcome = settle_as(settle, &decision, false);
	assert_non_null(strstr(outcome.error, "does not know the time"));
}

static void a_disk_that_takes_nothing_refuses_the_whole_decision(void **state)
{
	struct settle_scene *settle = *state;
	struct rlimit before, none = {.rlim_cur = 1};
	exchange_kitchen(settle, 0);
	settle_scene_poll(settle, 30 * MINUTE_MS);
	settle_scene_read(settle, "kitchen");
	settle_scene_poll(settle, 15 * MINUTE_MS); /* something waits to be committed */
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	none.rlim_max = before.rlim_max;
	setrlimit(RLIMIT_FSIZE, &none);
	pipeline_event(settle->scene->pipeline, EVENT_CONFIGURATION, "anything");
	struct settle_request decision = closing_1502_15();
	struct settle_outcome outcome = settle_as(settle, &decision, false);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_non_null(strstr(outcome.error, "cannot be written"));
	assert_false(settle_scene_event(settle, EVENT_SETTLED, NULL, NULL));
	assert_int_equal(settle_scene_row(settle, "kitchen", 30)->quality, QUALITY_REJECTED);
	settle_as(settle, &decision, true);
	assert_int_equal(settle_scene_row(settle, "kitchen", 30)->energy, EXCHANGED_MWH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, settle_scene_set_up, settle_scene_tear_down)
		TEST(closing_and_opening_fill_the_interval_of_the_exchange),
		TEST(a_dry_run_tells_the_same_and_changes_nothing),
		TEST(an_exchange_settled_once_is_nothing_to_settle_any_more),
		TEST(the_open_interval_is_settled_at_once_and_closes_with_its_value),
		TEST(what_was_settled_while_open_survives_a_kill),
		TEST(a_decision_about_closed_intervals_survives_a_kill),
		TEST(an_unknown_closing_is_estimated_and_says_so),
		TEST(an_unknown_closing_is_what_the_meter_usually_counts_then),
		TEST(an_older_span_is_named_by_an_instant),
		TEST(an_exchange_over_many_intervals_adds_up),
		TEST(a_leap_that_was_rejected_is_accepted),
		TEST(each_wrong_combination_is_refused_in_words),
		TEST(a_decision_needs_a_reason_and_an_author_that_fit),
		TEST(a_span_that_goes_on_is_refused_with_until_when_to_wait),
		TEST(while_the_time_is_not_known_nothing_is_decided),
		TEST(a_disk_that_takes_nothing_refuses_the_whole_decision),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
