/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_pipeline_archives.c -- What archives say: receipts move `delivered`, up and
 * down; what they lack is sent again, or said to be gone; an old copy of a store
 * gets an id of its own; a word that is wrong changes nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/pipeline_state.h"
#include "tests/fakes/pipeline_scene.h"

#define ROOT "byport/1/drammen/school/main/"

enum { WORD_MAX = 1024 };

static int set_up(void **state)
{
	struct scene *scene = scene_new(scene_two_meters);
	int64_t mwh = 0;
	scene_connect(scene);
	scene_live_on(scene, 4 * INTERVAL_MS, &mwh);
	scene_pass(scene, MINUTE_MS);
	*state = scene;
	return 0;
}

static int tear_down(void **state)
{
	scene_end(*state);
	return 0;
}

static struct store_cursor energy(const struct scene *scene)
{
	return store_cursor(scene->pipeline->store, STREAM_ENERGY);
}

static void hear_on(struct scene *scene, const char *topic, const char *payload, bool retained)
{
	char own_topic[TOPIC_BYTES_MAX], own_payload[WORD_MAX];
	snprintf(own_topic, sizeof own_topic, "%s", topic);
	snprintf(own_payload, sizeof own_payload, "%s", payload);
	struct link_event event = {.kind = LINK_MESSAGE,
		.topic = own_topic,
		.payload = own_payload,
		.length = strlen(own_payload),
		.retain = retained};
	pipeline_link(scene->pipeline, &event, &scene->now);
}

static void hear_receipt_of(
	struct scene *scene, const char *archive, int64_t through, const char *missing)
{
	char topic[TOPIC_BYTES_MAX], payload[WORD_MAX];
	struct store_identity identity = store_identity(scene->pipeline->store);
	snprintf(topic, sizeof topic, ROOT "receipt/%s", archive);
	snprintf(payload, sizeof payload,
		"{\"archive\":\"%s\",\"at\":\"2025-11-23T09:20:00Z\",\"store\":\"%s\","
		"\"generation\":%lld,\"streams\":[{\"stream\":\"energy\",\"through\":%lld,"
		"\"missing\":[%s]}]}",
		archive, identity.id, (long long)identity.generation, (long long)through, missing);
	hear_on(scene, topic, payload, true);
}

static void hear_receipt(struct scene *scene, int64_t through, const char *missing)
{
	hear_receipt_of(scene, "oslo", through, missing);
}

static void hear_replay(struct scene *scene, int64_t after, int64_t through)
{
	char payload[WORD_MAX];
	snprintf(payload, sizeof payload,
		"{\"archive\":\"oslo\",\"at\":\"2025-11-23T09:20:00Z\",\"store\":\"%s\","
		"\"stream\":\"energy\",\"after\":%lld,\"through\":%lld}",
		store_identity(scene->pipeline->store).id, (long long)after, (long long)through);
	hear_on(scene, ROOT "replay/oslo", payload, false);
}

/* Of a stream's messages from publication `from` on: ids that came as rows, and as gone.
 */
struct came {
	bool row[200];
	bool gone[200];
	size_t rows;
	int64_t first_after;
};

static struct came came_of(const struct scene *scene, size_t from, const char *wanted)
{
	struct came came = {.first_after = -1};
	for (size_t i = from; i < scene->count; i++) {
		json_t *payload = scene->publications[i].payload, *row;
		const char *stream = json_string_value(json_object_get(payload, "stream"));
		size_t index;
		if (stream == NULL || strcmp(stream, wanted) != 0)
			continue;
		int64_t after = json_integer_value(json_object_get(payload, "after"));
		int64_t through = json_integer_value(json_object_get(payload, "through"));
		came.first_after = came.first_after < 0 ? after : came.first_after;
		for (int64_t id = after + 1; json_object_get(payload, "gone") && id <= through;
			id++)
			came.gone[id] = true;
		json_array_foreach(json_object_get(payload, "rows"), index, row)
		{
			came.row[json_integer_value(json_object_get(row, "id"))] = true;
			came.rows++;
		}
	}
	return came;
}

static struct came came_since(const struct scene *scene, size_t from)
{
	return came_of(scene, from, "energy");
}

static size_t events_of(const struct scene *scene, const char *kind)
{
	size_t count = 0;
	for (size_t i = 0; i < scene->count; i++) {
		json_t *row;
		size_t index;
		if (strstr(scene->publications[i].topic, "/events") == NULL)
			continue;
		json_array_foreach(
			json_object_get(scene->publications[i].payload, "rows"), index, row)
		{
			const char *own = json_string_value(json_object_get(row, "kind"));
			count += strcmp(own, kind) == 0;
		}
	}
	return count;
}

static int64_t health(const struct scene *scene, const char *key)
{
	json_t *value = json_object_get(scene_last_on(scene, "health")->payload, key);
	return json_is_null(value) ? -1 : json_integer_value(value);
}

static void a_receipt_is_kept_and_shown(void **state)
{
	struct scene *scene = *state;
	int64_t last = energy(scene).last;
	assert_true(last >= 5);
	assert_int_equal(health(scene, "undelivered_energy"), -1);
	hear_receipt(scene, last - 2, "");
	assert_int_equal(energy(scene).delivered, last - 2);
	scene_pass(scene, 6 * MINUTE_MS);
	assert_int_equal(health(scene, "undelivered_energy"), energy(scene).last - last + 2);
	assert_int_equal(health(scene, "undelivered_trends"), -1);
	assert_int_equal(scene_times_said(scene, "archive oslo gives receipts: it has energy"), 1);
	scene->pipeline = pipeline_close(scene->pipeline);
	scene_open_pipeline(scene);
	assert_int_equal(energy(scene).delivered, last - 2);
	assert_true(delivery_has_receipts(&scene->pipeline->delivery, STREAM_ENERGY));
}

static void what_is_named_missing_comes_again_and_nothing_else(void **state)
{
	struct scene *scene = *state;
	size_t from = scene->count;
	hear_receipt(scene, 2, "{\"after\":3,\"through\":5}");
	scene_pass(scene, 5000);
	struct came came = came_since(scene, from);
	assert_int_equal(came.rows, 2);
	assert_true(came.row[4] && came.row[5]);
	/* The same word again, with the next connection: it has gone already. */
	scene_cut(scene);
	scene_connect(scene);
	from = scene->count;
	hear_receipt(scene, 2, "{\"after\":3,\"through\":5}");
	scene_pass(scene, 5000);
	assert_int_equal(came_since(scene, from).rows, 0);
}

static void a_lower_receipt_takes_delivered_back_and_is_told(void **state)
{
	struct scene *scene = *state;
	int64_t last = energy(scene).last;
	hear_receipt(scene, last, "");
	size_t from = scene->count;
	hear_receipt(scene, 1, "");
	assert_int_equal(energy(scene).delivered, 1);
	scene_pass(scene, 20000);
	struct came came = came_since(scene, from);
	for (int64_t id = 2; id <= last; id++)
		assert_true(came.row[id]);
	assert_false(came.row[1]);
	assert_true(scene_has_event(scene, "receipt_lower"));
	assert_int_equal(scene_times_said(scene, "archive oslo has energy through 1 only"), 1);
}

static void of_several_archives_the_least_counts(void **state)
{
	struct scene *scene = *state;
	int64_t last = energy(scene).last;
	hear_receipt_of(scene, "oslo", last, "");
	hear_receipt_of(scene, "viken", 3, "");
	assert_int_equal(energy(scene).delivered, 3);
	hear_receipt_of(scene, "viken", last, "");
	assert_int_equal(energy(scene).delivered, last);
}

static void what_the_store_no_longer_holds_is_said_to_be_gone(void **state)
{
	struct scene *scene = *state;
	char command[200];
	scene->pipeline = pipeline_close(scene->pipeline);
	snprintf(command, sizeof command,
		"sqlite3 '%s/store.db' 'DELETE FROM interval WHERE id < 5; DELETE FROM event WHERE "
		"id < 5'",
		scene->directory);
	assert_int_equal(system(command), 0);
	scene_open_pipeline(scene);
	scene_connect(scene);
	scene_pass(scene, 5000);
	size_t from = scene->count;
	hear_replay(scene, 1, 6);
	scene_pass(scene, 5000);
	struct came came = came_since(scene, from);
	assert_true(came.gone[2] && came.gone[3] && came.gone[4] && !came.gone[1] && !came.gone[5]);
	assert_true(came.row[5] && came.row[6]);
	assert_int_equal(came.rows, 2);
	assert_int_equal(scene_times_said(scene, "does not hold them any more"), 1);
}

static void what_was_given_up_before_it_was_sent_is_said_to_be_gone(void **state)
{
	struct scene *scene = *state;
	char command[200];
	int64_t mwh = 3660000;
	int64_t sent = store_cursor(scene->pipeline->store, STREAM_TRENDS).sent;
	scene_cut(scene);
	scene_live_on(scene, 2 * INTERVAL_MS, &mwh);
	scene->pipeline = pipeline_close(scene->pipeline);
	snprintf(command, sizeof command,
		"sqlite3 '%s/store.db' 'DELETE FROM trend WHERE id <= %lld'", scene->directory,
		(long long)sent + 3);
	assert_int_equal(system(command), 0);
	scene_open_pipeline(scene);
	size_t from = scene->count;
	scene_connect(scene);
	scene_pass(scene, 5000);
	struct came came = came_of(scene, from, "trends");
	assert_int_equal(came.first_after, sent);
	for (int64_t id = sent + 1; id <= sent + 3; id++)
		assert_true(came.gone[id] && !came.row[id]);
	assert_true(came.row[sent + 4] && !came.gone[sent + 4]);
	scene_assert_contiguous(scene, "trends");
}

static void the_setting_decides_what_counts(void **state)
{
	(void)state;
	static const struct {
		const char *setting;
		bool before, after; /* the first receipt: are receipts in force? */
	} cases[] = {
		{"auto",    false, true },
		{"puback",  false, false},
		{"receipt", true,  true },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[1000];
		int64_t mwh = 0, undelivered;
		const char *rest = strstr(scene_two_meters, "tls: no");
		snprintf(text, sizeof text, "%.*sdelivery: %s, %s", (int)(rest - scene_two_meters),
			scene_two_meters, cases[i].setting, rest);
		struct scene *scene = scene_new(text);
		scene_connect(scene);
		scene_live_on(scene, 4 * INTERVAL_MS, &mwh);
		assert_int_equal(pipeline_undelivered(scene->pipeline, STREAM_ENERGY, &undelivered),
			cases[i].before);
		hear_receipt(scene, 2, "");
		assert_int_equal(pipeline_undelivered(scene->pipeline, STREAM_ENERGY, &undelivered),
			cases[i].after);
		scene_end(scene);
	}
}

static void an_old_copy_of_a_store_gets_a_new_id_and_sends_all_it_holds(void **state)
{
	struct scene *scene = *state;
	struct store_identity before = store_identity(scene->pipeline->store), after;
	int64_t last = energy(scene).last;
	size_t from = scene->count;
	hear_receipt(scene, last + 1, "");
	after = store_identity(scene->pipeline->store);
	assert_string_not_equal(after.id, before.id);
	assert_true(after.generation > before.generation);
	assert_int_equal(energy(scene).delivered, 0);
	scene_pass(scene, 20000);
	struct came came = came_since(scene, from);
	assert_int_equal(came.first_after, 0);
	for (int64_t id = 1; id <= last; id++)
		assert_true(came.row[id]);
	assert_string_equal(json_string_value(json_object_get(
				    scene_last_on(scene, "status")->payload, "store")),
		after.id);
	assert_true(scene_has_event(scene, "store_copied"));
	assert_int_equal(scene_times_said(scene, "this is an old copy of it"), 1);
	scene->pipeline = pipeline_close(scene->pipeline);
	scene_open_pipeline(scene);
	assert_string_equal(store_identity(scene->pipeline->store).id, after.id);
	assert_int_equal(store_identity(scene->pipeline->store).generation, after.generation);
}

static void the_old_ids_receipts_mean_nothing_to_the_new_one(void **state)
{
	struct scene *scene = *state;
	char payload[WORD_MAX];
	struct store_identity before = store_identity(scene->pipeline->store);
	hear_receipt(scene, energy(scene).last + 1, "");
	struct store_identity after = store_identity(scene->pipeline->store);
	snprintf(payload, sizeof payload,
		"{\"archive\":\"oslo\",\"at\":\"2025-11-23T09:20:00Z\",\"store\":\"%s\","
		"\"generation\":1,\"streams\":[{\"stream\":\"energy\",\"through\":999,"
		"\"missing\":[]}]}",
		before.id);
	hear_on(scene, ROOT "receipt/oslo", payload, true);
	assert_string_equal(store_identity(scene->pipeline->store).id, after.id);
	assert_int_equal(energy(scene).delivered, 0);
}

static void an_anchor_bridges_to_the_archives_last_reading(void **state)
{
	struct scene *scene = *state;
	int64_t mwh = 0;
	char payload[WORD_MAX];
	scene->pipeline = pipeline_close(scene->pipeline);
	scene_forget_store(scene);
	scene_open_pipeline(scene);
	scene_connect(scene);
	struct store_identity identity = store_identity(scene->pipeline->store);
	snprintf(payload, sizeof payload,
		"{\"archive\":\"oslo\",\"at\":\"2025-11-23T09:20:00Z\",\"store\":\"%s\","
		"\"generation\":%lld,\"counters\":["
		"{\"meter\":\"kitchen\",\"quantity\":\"active_energy_import\",\"unit\":\"kWh\","
		"\"at\":\"2025-11-23T09:15:00Z\",\"reading\":0.01},"
		"{\"meter\":\"attic\",\"quantity\":\"active_energy_import\",\"unit\":\"kWh\","
		"\"at\":\"2025-11-23T09:15:00Z\",\"reading\":1}]}",
		identity.id, (long long)identity.generation + 5);
	hear_on(scene, ROOT "anchor/oslo", payload, false);
	assert_int_equal(scene_times_said(scene, "tells where 2 counters stood; 1 go on"), 1);
	scene_live_on(scene, 2 * INTERVAL_MS, &mwh);
	scene_pass(scene, MINUTE_MS);
	assert_int_equal(events_of(scene, "gap_bridged"), 1);
	assert_int_equal(json_integer_value(json_object_get(
				 scene_last_on(scene, "status")->payload, "generation")),
		identity.generation + 6);
	hear_on(scene, ROOT "anchor/oslo", payload, false); /* told again */
	scene_pass(scene, MINUTE_MS);
	assert_int_equal(events_of(scene, "gap_bridged"), 1);
}

static void hear_anchor(struct scene *scene, const char *at, const char *reading)
{
	char payload[WORD_MAX];
	snprintf(payload, sizeof payload,
		"{\"archive\":\"oslo\",\"at\":\"2025-11-23T09:20:00Z\",\"store\":\"%s\","
		"\"generation\":0,\"counters\":[{\"meter\":\"kitchen\",\"quantity\":"
		"\"active_energy_import\",\"unit\":\"kWh\",\"at\":\"%s\",\"reading\":%s}]}",
		store_identity(scene->pipeline->store).id, at, reading);
	hear_on(scene, ROOT "anchor/oslo", payload, false);
}

/* Times of the store itself, readings that cannot be. */
static void an_anchor_changes_no_row_of_a_store_that_has_gone_on(void **state)
{
	struct scene *scene = *state;
	int64_t mwh = 3600000 + 60000; /* as set_up() left it, and a minute more */
	size_t before, after;
	int64_t energy_before = scene_energy(scene, "kitchen", &before);
	hear_anchor(scene, "2025-11-23T09:30:00Z", "0.01");
	hear_anchor(scene, "2026-11-23T09:30:00Z", "0.01");
	hear_anchor(scene, "9999-12-31T23:59:59Z", "9000000000000");
	hear_anchor(scene, "2025-11-23T08:45:00Z", "9000000000000");
	assert_int_equal(scene_times_said(scene, "tells where 1 counters stood"), 4);
	scene_live_on(scene, 2 * INTERVAL_MS, &mwh);
	int64_t energy_after = scene_energy(scene, "kitchen", &after);
	assert_int_equal(after, before + 2);
	assert_int_equal(energy_after, energy_before + 2 * 900000);
}

static void an_anchor_that_comes_again_after_rows_is_told_of_once(void **state)
{
	struct scene *scene = *state;
	int64_t mwh = 0;
	scene->pipeline = pipeline_close(scene->pipeline);
	scene_forget_store(scene);
	scene_open_pipeline(scene);
	scene_connect(scene);
	scene_live_on(scene, 2 * INTERVAL_MS, &mwh);
	for (int i = 0; i < 2; i++) {
		hear_anchor(scene, "2025-11-23T09:15:00Z", "0");
		scene_live_on(scene, INTERVAL_MS, &mwh);
	}
	assert_int_equal(events_of(scene, "gap_bridged"), 1);
}

static void a_store_begins_without_an_anchor_whose_time_cannot_be(void **state)
{
	static const char *const times[] = {"2026-11-23T09:30:00Z", "2025-11-23T08:45:00.500Z"};
	struct scene *scene = *state;
	for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
		int64_t mwh = 0;
		size_t before, after;
		scene->pipeline = pipeline_close(scene->pipeline);
		scene_forget_store(scene);
		scene_open_pipeline(scene);
		scene_connect(scene);
		scene_energy(scene, "kitchen", &before);
		hear_anchor(scene, times[i], "0.01");
		scene_live_on(scene, 3 * INTERVAL_MS, &mwh);
		scene_energy(scene, "kitchen", &after);
		assert_true(after >= before + 2);
		assert_int_equal(events_of(scene, "gap_bridged"), 0);
	}
}

/* clang-format off */
static const struct {
	const char *topic;
	const char *payload;
	const char *said; /* NULL: passed over in silence */
} wrong[] = {
	{ROOT "receipt/oslo", "[]", "its `receipt` is not taken, and changes nothing: [] is not an object"},
	{ROOT "receipt/oslo", "{\"archive\":\"oslo\",\"at\":\"2025-11-23T09:20:00Z\",\"store\":\"%s\",\"generation\":1,\"streams\":[{\"stream\":\"energy\",\"through\":-2,\"missing\":[]}]}", "through: -2 is not a whole number"},
	{ROOT "receipt/oslo", "{\"archive\":\"oslo\",\"at\":\"2025-11-23T09:20:00Z\",\"store\":\"%s\",\"generation\":1,\"streams\":[{\"stream\":\"energy\",\"through\":2,\"missing\":[{\"after\":3,\"through\":3}]}]}", "through: 3 is not more than 3"},
	{ROOT "receipt/oslo", "{\"archive\":\"bergen\",\"at\":\"2025-11-23T09:20:00Z\",\"store\":\"%s\",\"generation\":1,\"streams\":[{\"stream\":\"energy\",\"through\":2,\"missing\":[]}]}", "names another archive"},
	{ROOT "receipt/oslo", "{\"archive\":\"oslo\",\"at\":\"2025-11-23T09:20:00Z\",\"store\":\"%s\",\"generation\":1,\"streams\":[{\"stream\":\"energy\",\"through\":2,\"missing\":[]},{\"stream\":\"energy\",\"through\":3,\"missing\":[]}]}", "names a stream twice"},
	{ROOT "replay/oslo", "{\"archive\":\"oslo\",\"at\":\"2025-11-23T09:20:00Z\",\"store\":\"%s\",\"stream\":\"energy\",\"after\":5,\"through\":4}", "its `replay` is not taken"},
	{ROOT "anchor/oslo", "{\"archive\":\"oslo\",\"at\":\"2025-11-23T09:20:00Z\",\"store\":\"%s\",\"generation\":99,\"counters\":[{\"meter\":\"kitchen\",\"quantity\":\"active_energy_import\",\"unit\":\"Wh\",\"at\":\"2025-11-23T09:15:00Z\",\"reading\":1}]}", "its `anchor` is not taken"},
	{ROOT "anchor/oslo", "{\"archive\":\"oslo\",\"at\":\"2025-11-23T09:20:00Z\",\"store\":\"%s\",\"generation\":9223372036854775807,\"counters\":[]}", "its generation is none that a gateway has"},
	{ROOT "receipt/oslo", "{\"archive\":\"oslo\",\"at\":\"2025-11-23T09:20:00Z\",\"store\":\"%s\",\"generation\":9223372036854775807,\"streams\":[{\"stream\":\"energy\",\"through\":999,\"missing\":[]}]}", "its generation is none that a gateway has"},
	{ROOT "receipt/oslo", "", NULL},
	{ROOT "receipt/oslo", "{\"archive\":\"oslo\",\"at\":\"2025-11-23T09:20:00Z\",\"store\":\"another\",\"generation\":1,\"streams\":[{\"stream\":\"energy\",\"through\":999,\"missing\":[]}]}", NULL},
	{"byport/1/drammen/school/other/receipt/oslo", "{}", NULL},
	{"somewhere/else", "{}", NULL},
	{ROOT "status", "{}", NULL},
};
/* clang-format on */

static void a_word_that_is_wrong_changes_nothing_and_is_told_once(void **state)
{
	struct scene *scene = *state;
	char payload[WORD_MAX];
	struct store_identity before = store_identity(scene->pipeline->store);
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		size_t said = scene->said_count, from = scene->count;
		const char *id = strstr(wrong[i].payload, "%s");
		int head = id != NULL ? (int)(id - wrong[i].payload) : WORD_MAX;
		snprintf(payload, sizeof payload, "%.*s%s%s", head, wrong[i].payload,
			id != NULL ? before.id : "", id != NULL ? id + 2 : "");
		for (int times = 0; times < 3; times++)
			hear_on(scene, wrong[i].topic, payload, true);
		scene_pass(scene, 2000);
		assert_int_equal(scene->said_count, said + (wrong[i].said != NULL));
		if (wrong[i].said != NULL && strstr(scene->said[said], wrong[i].said) == NULL)
			fail_msg("%s: %s", payload, scene->said[said]);
		scene->pipeline->unreadable_told = 0;
		assert_int_equal(energy(scene).delivered, 0);
		assert_int_equal(came_since(scene, from).rows, 0);
		assert_string_equal(store_identity(scene->pipeline->store).id, before.id);
		assert_int_equal(
			store_identity(scene->pipeline->store).generation, before.generation);
	}
}

static void a_good_word_ends_the_silence_about_bad_ones(void **state)
{
	struct scene *scene = *state;
	hear_on(scene, ROOT "receipt/oslo", "[]", false);
	hear_receipt(scene, 1, "");
	hear_on(scene, ROOT "receipt/oslo", "[]", false);
	assert_int_equal(scene_times_said(scene, "its `receipt` is not taken"), 2);
}

static void that_archives_are_not_heard_is_told_once(void **state)
{
	struct scene *scene = *state;
	struct link_event event = {.kind = LINK_UNHEARD, .reason = 135};
	for (int i = 0; i < 3; i++)
		pipeline_link(scene->pipeline, &event, &scene->now);
	assert_int_equal(scene_times_said(scene, "does not let this user hear archives"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_receipt_is_kept_and_shown, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_is_named_missing_comes_again_and_nothing_else, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_lower_receipt_takes_delivered_back_and_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			of_several_archives_the_least_counts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_the_store_no_longer_holds_is_said_to_be_gone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_was_given_up_before_it_was_sent_is_said_to_be_gone, set_up, tear_down),
		cmocka_unit_test(the_setting_decides_what_counts),
		cmocka_unit_test_setup_teardown(
			an_old_copy_of_a_store_gets_a_new_id_and_sends_all_it_holds, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			the_old_ids_receipts_mean_nothing_to_the_new_one, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			an_anchor_bridges_to_the_archives_last_reading, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			an_anchor_changes_no_row_of_a_store_that_has_gone_on, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			an_anchor_that_comes_again_after_rows_is_told_of_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_store_begins_without_an_anchor_whose_time_cannot_be, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_word_that_is_wrong_changes_nothing_and_is_told_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_good_word_ends_the_silence_about_bad_ones, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			that_archives_are_not_heard_is_told_once, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
