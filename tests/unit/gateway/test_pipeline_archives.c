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

static struct store_cursor energy(const struct scene *scene)
{
	return store_cursor(scene->pipeline->store, STREAM_ENERGY);
}

static void hear_receipt_of(
	struct scene *scene, const char *archive, int64_t through, const char *missing)
{
	char topic[TOPIC_BYTES_MAX], payload[SCENE_WORD_MAX];
	struct store_identity identity = store_identity(scene->pipeline->store);
	snprintf(topic, sizeof topic, SCENE_ROOT "receipt/%s", archive);
	snprintf(payload, sizeof payload,
		"{\"archive\":\"%s\",\"at\":\"2025-11-23T09:20:00Z\",\"store\":\"%s\","
		"\"generation\":%lld,\"streams\":[{\"stream\":\"energy\",\"through\":%lld,"
		"\"missing\":[%s]}]}",
		archive, identity.id, (long long)identity.generation, (long long)through, missing);
	scene_hear(scene, topic, payload, true);
}

static void hear_receipt(struct scene *scene, int64_t through, const char *missing)
{
	hear_receipt_of(scene, "oslo", through, missing);
}

static void hear_replay(struct scene *scene, int64_t after, int64_t through)
{
	char payload[SCENE_WORD_MAX];
	snprintf(payload, sizeof payload,
		"{\"archive\":\"oslo\",\"at\":\"2025-11-23T09:20:00Z\",\"store\":\"%s\","
		"\"stream\":\"energy\",\"after\":%lld,\"through\":%lld}",
		store_identity(scene->pipeline->store).id, (long long)after, (long long)through);
	scene_hear(scene, SCENE_ROOT "replay/oslo", payload, false);
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
	char payload[SCENE_WORD_MAX];
	struct store_identity before = store_identity(scene->pipeline->store);
	hear_receipt(scene, energy(scene).last + 1, "");
	struct store_identity after = store_identity(scene->pipeline->store);
	snprintf(payload, sizeof payload,
		"{\"archive\":\"oslo\",\"at\":\"2025-11-23T09:20:00Z\",\"store\":\"%s\","
		"\"generation\":1,\"streams\":[{\"stream\":\"energy\",\"through\":999,"
		"\"missing\":[]}]}",
		before.id);
	scene_hear(scene, SCENE_ROOT "receipt/oslo", payload, true);
	assert_string_equal(store_identity(scene->pipeline->store).id, after.id);
	assert_int_equal(energy(scene).delivered, 0);
}

/* clang-format off */
static const struct {
	const char *topic;
	const char *payload;
	const char *said; /* NULL: passed over in silence */
} wrong[] = {
	{SCENE_ROOT "receipt/oslo", "[]", "its `receipt` is not taken, and changes nothing: [] is not an object"},
	{SCENE_ROOT "receipt/oslo", "{\"archive\":\"oslo\",\"at\":\"2025-11-23T09:20:00Z\",\"store\":\"%s\",\"generation\":1,\"streams\":[{\"stream\":\"energy\",\"through\":-2,\"missing\":[]}]}", "through: -2 is not a whole number"},
	{SCENE_ROOT "receipt/oslo", "{\"archive\":\"oslo\",\"at\":\"2025-11-23T09:20:00Z\",\"store\":\"%s\",\"generation\":1,\"streams\":[{\"stream\":\"energy\",\"through\":2,\"missing\":[{\"after\":3,\"through\":3}]}]}", "through: 3 is not more than 3"},
	{SCENE_ROOT "receipt/oslo", "{\"archive\":\"bergen\",\"at\":\"2025-11-23T09:20:00Z\",\"store\":\"%s\",\"generation\":1,\"streams\":[{\"stream\":\"energy\",\"through\":2,\"missing\":[]}]}", "names another archive"},
	{SCENE_ROOT "receipt/oslo", "{\"archive\":\"oslo\",\"at\":\"2025-11-23T09:20:00Z\",\"store\":\"%s\",\"generation\":1,\"streams\":[{\"stream\":\"energy\",\"through\":2,\"missing\":[]},{\"stream\":\"energy\",\"through\":3,\"missing\":[]}]}", "names a stream twice"},
	{SCENE_ROOT "replay/oslo", "{\"archive\":\"oslo\",\"at\":\"2025-11-23T09:20:00Z\",\"store\":\"%s\",\"stream\":\"energy\",\"after\":5,\"through\":4}", "its `replay` is not taken"},
	{SCENE_ROOT "anchor/oslo", "{\"archive\":\"oslo\",\"at\":\"2025-11-23T09:20:00Z\",\"store\":\"%s\",\"generation\":99,\"counters\":[{\"meter\":\"kitchen\",\"quantity\":\"active_energy_import\",\"unit\":\"Wh\",\"at\":\"2025-11-23T09:15:00Z\",\"reading\":1}]}", "its `anchor` is not taken"},
	{SCENE_ROOT "anchor/oslo", "{\"archive\":\"oslo\",\"at\":\"2025-11-23T09:20:00Z\",\"store\":\"%s\",\"generation\":9223372036854775807,\"counters\":[]}", "its generation is none that a gateway has"},
	{SCENE_ROOT "receipt/oslo", "{\"archive\":\"oslo\",\"at\":\"2025-11-23T09:20:00Z\",\"store\":\"%s\",\"generation\":9223372036854775807,\"streams\":[{\"stream\":\"energy\",\"through\":999,\"missing\":[]}]}", "its generation is none that a gateway has"},
	{SCENE_ROOT "receipt/oslo", "", NULL},
	{SCENE_ROOT "receipt/oslo", "{\"archive\":\"oslo\",\"at\":\"2025-11-23T09:20:00Z\",\"store\":\"another\",\"generation\":1,\"streams\":[{\"stream\":\"energy\",\"through\":999,\"missing\":[]}]}", NULL},
	{"byport/1/drammen/school/other/receipt/oslo", "{}", NULL},
	{"somewhere/else", "{}", NULL},
	{SCENE_ROOT "status", "{}", NULL},
};
/* clang-format on */

static void a_word_that_is_wrong_changes_nothing_and_is_told_once(void **state)
{
	struct scene *scene = *state;
	char payload[SCENE_WORD_MAX];
	struct store_identity before = store_identity(scene->pipeline->store);
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		size_t said = scene->said_count, from = scene->count;
		const char *id = strstr(wrong[i].payload, "%s");
		int head = id != NULL ? (int)(id - wrong[i].payload) : SCENE_WORD_MAX;
		snprintf(payload, sizeof payload, "%.*s%s%s", head, wrong[i].payload,
			id != NULL ? before.id : "", id != NULL ? id + 2 : "");
		for (int times = 0; times < 3; times++)
			scene_hear(scene, wrong[i].topic, payload, true);
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
	scene_hear(scene, SCENE_ROOT "receipt/oslo", "[]", false);
	hear_receipt(scene, 1, "");
	scene_hear(scene, SCENE_ROOT "receipt/oslo", "[]", false);
	assert_int_equal(scene_times_said(scene, "its `receipt` is not taken"), 2);
}

static void that_archives_are_not_heard_is_told_once(void **state)
{
	struct scene *scene = *state;
	struct link_event event = {.kind = LINK_UNHEARD, .reason = 135};
	for (int i = 0; i < 3; i++)
		pipeline_link(scene->pipeline, &event, &scene->now);
	assert_int_equal(scene_times_said(scene, "does not let this user hear all it needs"), 1);
}

/* As after a damaged one was set aside and no new one could be made at once. */
static void a_store_that_could_be_opened_only_later_is_sent_on_the_same_connection(void **state)
{
	struct scene *scene = *state;
	int64_t mwh = 3600000 + 60000;
	size_t before, after;
	scene_energy(scene, "kitchen", &before);
	scene->pipeline->store = store_close(scene->pipeline->store);
	scene_live_on(scene, 2 * INTERVAL_MS, &mwh);
	scene_pass(scene, MINUTE_MS);
	assert_int_equal(scene_times_said(scene, "is in use"), 1);
	scene_energy(scene, "kitchen", &after);
	assert_int_equal(after, before + 2);
	scene_assert_contiguous(scene, "energy");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_receipt_is_kept_and_shown, scene_set_up_lived_hour, scene_tear_down),
		cmocka_unit_test_setup_teardown(what_is_named_missing_comes_again_and_nothing_else,
			scene_set_up_lived_hour, scene_tear_down),
		cmocka_unit_test_setup_teardown(a_lower_receipt_takes_delivered_back_and_is_told,
			scene_set_up_lived_hour, scene_tear_down),
		cmocka_unit_test_setup_teardown(of_several_archives_the_least_counts,
			scene_set_up_lived_hour, scene_tear_down),
		cmocka_unit_test_setup_teardown(what_the_store_no_longer_holds_is_said_to_be_gone,
			scene_set_up_lived_hour, scene_tear_down),
		cmocka_unit_test_setup_teardown(
			what_was_given_up_before_it_was_sent_is_said_to_be_gone,
			scene_set_up_lived_hour, scene_tear_down),
		cmocka_unit_test(the_setting_decides_what_counts),
		cmocka_unit_test_setup_teardown(
			an_old_copy_of_a_store_gets_a_new_id_and_sends_all_it_holds,
			scene_set_up_lived_hour, scene_tear_down),
		cmocka_unit_test_setup_teardown(the_old_ids_receipts_mean_nothing_to_the_new_one,
			scene_set_up_lived_hour, scene_tear_down),
		cmocka_unit_test_setup_teardown(
			a_word_that_is_wrong_changes_nothing_and_is_told_once,
			scene_set_up_lived_hour, scene_tear_down),
		cmocka_unit_test_setup_teardown(a_good_word_ends_the_silence_about_bad_ones,
			scene_set_up_lived_hour, scene_tear_down),
		cmocka_unit_test_setup_teardown(that_archives_are_not_heard_is_told_once,
			scene_set_up_lived_hour, scene_tear_down),
		cmocka_unit_test_setup_teardown(
			a_store_that_could_be_opened_only_later_is_sent_on_the_same_connection,
			scene_set_up_lived_hour, scene_tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
