/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_live_state.c -- That nothing is counted twice, that what is missing is seen,
 * and that the newest revision of an interval holds, in whatever order it comes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "city/live_state.h"

#define TOPIC "byport/1/oslo/skole/gw1/"

enum { MINUTE_MS = 60000 };

/* What a gateway says: an interval by its minute. */
struct said {
	const char *store;
	int64_t generation;
	int64_t after;
	int64_t id;
	int64_t minute;
	int64_t energy;
	int32_t revision;
	enum quality quality;
};

static bool take(struct live_state *state, const char *topic, const char *text, size_t length)
{
	struct message message;
	struct message_address address;
	bool read =
		live_state_take(state, topic, (struct json_text){text, length}, &message, &address);
	if (read)
		message_clear(&message);
	return read;
}

static void say_interval(struct live_state *state, struct said said)
{
	char bytes[MESSAGE_BYTES_MIN];
	struct message_stream stream;
	const struct stream_message head = {.store = said.store ? said.store : "store-1",
		.generation = said.generation,
		.stream = STREAM_ENERGY,
		.after = said.after};
	const struct interval_message_row row = {
		.meter = "main",
		.quantity = QUANTITY_ACTIVE_ENERGY_IMPORT,
		.row = {.id = said.id,
			.start_wall_ms = said.minute * MINUTE_MS,
			.end_wall_ms = (said.minute + 1) * MINUTE_MS,
			.energy = said.energy,
			.revision = said.revision,
			.quality = (uint8_t)said.quality}
        };
	message_stream_begin(
		&stream, MESSAGE_INTERVALS, &head, (struct json_buffer){bytes, sizeof(bytes)});
	assert_true(message_stream_add_interval(&stream, &row));
	size_t length = message_stream_finish(&stream);
	assert_true(take(state, TOPIC "intervals", bytes, length));
}

static void say_event(struct live_state *state, int64_t after, int64_t id)
{
	char bytes[MESSAGE_BYTES_MIN];
	struct message_stream stream;
	const struct stream_message head = {
		.store = "store-1", .stream = STREAM_ENERGY, .after = after};
	const struct event_row row = {
		.id = id, .kind = EVENT_METER_SILENT, .meter = "main", .text = "no answer"};
	message_stream_begin(
		&stream, MESSAGE_EVENTS, &head, (struct json_buffer){bytes, sizeof(bytes)});
	assert_true(message_stream_add_event(&stream, &row));
	size_t length = message_stream_finish(&stream);
	assert_true(take(state, TOPIC "events", bytes, length));
}

static void intervals_add_up_and_their_qualities_are_counted(void **ignored)
{
	(void)ignored;
	struct live_state state = {0};
	for (int64_t i = 0; i < 5000; i++) /* more than are kept */
		say_interval(
			&state, (struct said){.after = i, .id = i + 1, .minute = i, .energy = 7});
	say_interval(&state, (struct said){.after = 5000,
				     .id = 5001,
				     .minute = 5000,
				     .energy = 999,
				     .quality = QUALITY_MISSING});
	assert_int_equal(state.series_count, 1);
	assert_int_equal(state.series[0].energy, 35000);
	assert_int_equal(state.series[0].by_quality[QUALITY_MEASURED], 5000);
	assert_int_equal(state.series[0].by_quality[QUALITY_MISSING], 1);
	assert_int_equal(state.rows[MESSAGE_INTERVALS], 5001);
	assert_int_equal(state.gaps, 0);
	assert_int_equal(state.duplicates, 0);
	live_state_clear(&state);
}

static void a_message_that_comes_again_is_counted_once(void **ignored)
{
	(void)ignored;
	struct live_state state = {0};
	for (int i = 0; i < 3; i++)
		say_interval(&state, (struct said){.id = 1, .energy = 5});
	assert_int_equal(state.series[0].energy, 5);
	assert_int_equal(state.rows[MESSAGE_INTERVALS], 1);
	assert_int_equal(state.duplicates, 2);
	assert_int_equal(state.gaps, 0);
	live_state_clear(&state);
}

static void the_newest_generation_and_revision_holds_in_any_order(void **ignored)
{
	(void)ignored;
	const struct said revisions[] = {
		{.generation = 1, .revision = 0, .energy = 1, .quality = QUALITY_ESTIMATED},
		{.generation = 1, .revision = 2, .energy = 2, .quality = QUALITY_REJECTED },
		{.generation = 2, .revision = 0, .energy = 4, .quality = QUALITY_MEASURED },
	};
	static const int orders[][3] = {
		{0, 1, 2},
                {0, 2, 1},
                {1, 0, 2},
                {1, 2, 0},
                {2, 0, 1},
                {2, 1, 0}
        };
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		struct live_state state = {0};
		for (int j = 0; j < 3; j++) {
			struct said said = revisions[orders[i][j]];
			said.after = j;
			said.id = j + 1;
			say_interval(&state, said);
		}
		assert_int_equal(state.series[0].energy, 4);
		assert_int_equal(state.series[0].by_quality[QUALITY_MEASURED], 1);
		assert_int_equal(state.series[0].by_quality[QUALITY_ESTIMATED], 0);
		assert_int_equal(state.series[0].by_quality[QUALITY_REJECTED], 0);
		live_state_clear(&state);
	}
}

static void a_gap_is_seen_over_both_topics_of_the_stream(void **ignored)
{
	(void)ignored;
	struct live_state state = {0};
	say_interval(&state, (struct said){.after = 10, .id = 11});
	say_event(&state, 11, 12);
	say_interval(&state, (struct said){.after = 12, .id = 13, .minute = 1});
	assert_int_equal(state.gaps, 0);
	say_event(&state, 17, 18);
	assert_int_equal(state.gaps, 1);
	assert_int_equal(state.rows_missing, 4);
	say_event(&state, 17, 18);
	assert_int_equal(state.gaps, 1);
	assert_int_equal(state.rows[MESSAGE_EVENTS], 2);
	assert_int_equal(state.duplicates, 1);
	live_state_clear(&state);
}

static void a_new_store_begins_anew_without_a_gap(void **ignored)
{
	(void)ignored;
	struct live_state state = {0};
	say_interval(&state, (struct said){.after = 100, .id = 101});
	say_interval(
		&state, (struct said){.store = "store-2", .generation = 2, .id = 1, .minute = 1});
	assert_int_equal(state.gaps, 0);
	assert_int_equal(state.duplicates, 0);
	assert_int_equal(state.rows[MESSAGE_INTERVALS], 2);
	live_state_clear(&state);
}

static void what_cannot_be_read_is_counted_with_the_reason(void **ignored)
{
	(void)ignored;
	struct live_state state = {0};
	assert_false(take(&state, TOPIC "status", "{}", 2));
	assert_non_null(strstr(state.unreadable_text, "state"));
	assert_false(take(&state, "somebody/else", "{}", 2));
	assert_false(take(&state, TOPIC "live/main", "", 0)); /* cleared: not an error */
	assert_int_equal(state.unreadable, 2);
	assert_int_equal(state.messages, 3);
	live_state_clear(&state);
}

static void more_gateways_than_can_be_shown_are_refused_not_kept(void **ignored)
{
	(void)ignored;
	struct live_state state = {0};
	const struct live_message live = {.meter = "main"};
	char payload[256], topic[TOPIC_BYTES_MAX];
	size_t length = message_write_live(&live, payload, sizeof(payload));
	for (int i = 0; i < LIVE_GATEWAYS_MAX + 3; i++) {
		snprintf(topic, sizeof(topic), "byport/1/oslo/skole/gw%d/live/main", i);
		assert_int_equal(take(&state, topic, payload, length), i < LIVE_GATEWAYS_MAX);
	}
	assert_int_equal(state.gateways_count, LIVE_GATEWAYS_MAX);
	assert_int_equal(state.unreadable, 3);
	live_state_clear(&state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(intervals_add_up_and_their_qualities_are_counted),
		cmocka_unit_test(a_message_that_comes_again_is_counted_once),
		cmocka_unit_test(the_newest_generation_and_revision_holds_in_any_order),
		cmocka_unit_test(a_gap_is_seen_over_both_topics_of_the_stream),
		cmocka_unit_test(a_new_store_begins_anew_without_a_gap),
		cmocka_unit_test(what_cannot_be_read_is_counted_with_the_reason),
		cmocka_unit_test(more_gateways_than_can_be_shown_are_refused_not_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
