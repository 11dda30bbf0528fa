/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_store_power_cuts.c -- The power goes before every single write, sync and
 * deletion of a scripted run. Whatever of the unsynced is dropped, kept or torn:
 * the store opens, holds what was committed, once, and at most the one commit
 * that was on its way; energy is exact, and it goes on. On a card that lies
 * about syncing it holds an earlier state as a whole, or says that it is new.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "tests/fakes/disk/crash_disk.h"
#include "tests/fakes/store_fixture.h"

enum { STATES_MAX = 128, IMAGES_MAX = 30000, ROWS_MAX = 16384, FAILURES_SHOWN = 5 };
#define FIRST_READING INT64_C(5000000000)
enum { STEP = 1234 };
static const char machine_id[] = "0123abcd";

/* What a cut left, as it opened. */
struct image {
	size_t states; /* of the run that had been committed */
	int operation;
	enum crash_unsynced unsynced;
	uint64_t digest;
	bool is_new; /* not the same identity: nobody takes its rows for others */
};

struct run {
	char directory[96];
	char image_path[112];
	struct store *store;
	uint64_t states[STATES_MAX]; /* digests of what was committed, oldest first */
	size_t states_count;
	struct store_identity identity; /* "" before there is one */
	struct image *images;
	size_t images_count;
	int operations;
	int failures;
	int quarters;
	int trends;
	bool lies;
	bool is_large; /* so that the two ends of what a cut does must do */
};

static void fail_run(struct run *run, const struct image *image, const char *what)
{
	if (++run->failures <= FAILURES_SHOWN)
		fprintf(stderr, "cut before operation %d, unsynced %d, after state %zu: %s\n",
			image->operation, image->unsynced, image->states, what);
}

/* ---- what a file holds, all of it ---- */

static uint64_t add_to_digest(uint64_t digest, const char *text)
{
	for (; *text != '\0'; text++)
		digest = (digest ^ (unsigned char)*text) * 0x100000001b3; /* FNV-1a */
	return (digest ^ 0xff) * 0x100000001b3;
}

static uint64_t digest_query(sqlite3 *db, const char *sql, uint64_t digest)
{
	sqlite3_stmt *statement = NULL;
	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
		return 0;
	while (sqlite3_step(statement) == SQLITE_ROW)
		for (int i = 0; i < sqlite3_column_count(statement); i++) {
			const char *text = (const char *)sqlite3_column_text(statement, i);
			digest = add_to_digest(digest, text != NULL ? text : "NULL");
		}
	return sqlite3_finalize(statement) == SQLITE_OK ? digest : 0;
}

/* Of every row of every table; 0: it cannot be read. */
static uint64_t digest_of(const char *directory)
{
	static const char *const tables[] = {"interval", "event", "trend", "series", "stream",
		"identity", "last_interval", "series_state", "device", "grid", "unplaced", "flag",
		"coarse_interval", "coarse_trend", "absorbed", "revised"};
	char path[160], sql[80];
	sqlite3 *db = NULL;
	uint64_t digest = 0xcbf29ce484222325;
	snprintf(path, sizeof path, "%s/store.db", directory);
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
		digest = 0;
	for (size_t i = 0; digest != 0 && i < sizeof tables / sizeof tables[0]; i++) {
		snprintf(sql, sizeof sql, "SELECT * FROM %s ORDER BY rowid", tables[i]);
		if (strcmp(tables[i], "stream") == 0 || strcmp(tables[i], "device") == 0 ||
			strncmp(tables[i], "coarse_", 7) == 0) /* without a rowid */
			snprintf(sql, sizeof sql, "SELECT * FROM %s ORDER BY 1, 2, 3", tables[i]);
		digest = digest_query(db, sql, digest);
	}
	sqlite3_close(db);
	return digest;
}

/* Rows as the script made them: each reads 1,234 steps, and goes on where the one before ended. */
static bool is_as_made(const struct store_row *row, int64_t last[static 8])
{
	const struct interval_row *interval = &row->interval;
	if (row->kind != STORE_ROW_INTERVAL)
		return strspn(row->event.text, "x") == sizeof row->event.text - 1 ||
		       row->event.text[0] == '\0';
	int64_t number = (interval->reading_start - FIRST_READING) / STEP;
	bool goes_on = interval->revision > 0 || last[interval->series] == 0 ||
		       interval->reading_start == last[interval->series];
	if (interval->revision == 0)
		last[interval->series] = interval->reading_end;
	return goes_on && interval->energy == STEP &&
	       interval->reading_end - interval->reading_start == STEP &&
	       interval->start_wall_ms ==
		       STORE_FIXTURE_T0 + number * (int64_t)STORE_FIXTURE_QUARTER_MS;
}

/* Every id there once and without a hole, as it was made; no cursor beyond the last. */
static bool is_exact(struct store *store)
{
	static struct store_row rows[ROWS_MAX];
	int64_t last[8] = {0}, id = 0;
	size_t count = 0;
	struct store_cursor cursor = store_cursor(store, STREAM_ENERGY);
	if (store_read(store, STREAM_ENERGY, 0, ROWS_MAX, rows, &count) != STORE_OK)
		return false;
	for (size_t i = 0; i < count; i++) {
		int64_t own =
			rows[i].kind == STORE_ROW_INTERVAL ? rows[i].interval.id : rows[i].event.id;
		if ((i > 0 && own != id + 1) || !is_as_made(&rows[i], last))
			return false;
		id = own;
	}
	/* Of what a lying card lost at the end, nothing waits. */
	int64_t settled = cursor.delivered > 0 ? cursor.delivered : cursor.sent;
	bool is_whole = cursor.last == id || (cursor.last > id && settled == cursor.last);
	return is_whole && cursor.sent <= cursor.last && cursor.delivered <= cursor.last;
}

/* ---- one image ---- */

static enum store_status open_at(
	const char *directory, struct store **ret_store, struct store_opening *ret_opening)
{
	const struct store_settings settings = {.directory = directory,
		.bytes_max = STORE_BYTES_MIN,
		.now_wall_ms = STORE_FIXTURE_T0,
		.machine_id = machine_id};
	return store_open(&settings, ret_store, ret_opening);
}

/* It goes on where it stands. */
static bool takes_a_row(struct store *store)
{
	int64_t last = store_cursor(store, STREAM_ENERGY).last;
	struct event_row event = {.at_wall_ms = STORE_FIXTURE_T0};
	return store_append_event(store, &event) == STORE_OK && event.id == last + 1 &&
	       store_commit(store) == STORE_OK &&
	       store_cursor(store, STREAM_ENERGY).last == event.id;
}

static void look_at_image(struct run *run, struct image *image)
{
	struct store *store = NULL;
	struct store_opening opening;
	if (open_at(run->image_path, &store, &opening) != STORE_OK) {
		fail_run(run, image, opening.reason);
		return;
	}
	image->digest = digest_of(run->image_path);
	image->is_new = strcmp(store_identity(store).id, run->identity.id) != 0;
	if (!run->lies && (opening.finding == STORE_SET_ASIDE || opening.finding == STORE_HOLED))
		fail_run(run, image, "it was not found whole");
	if (opening.finding == STORE_HOLED && !image->is_new)
		fail_run(run, image, "rows are gone, and the identity is the same");
	/* Without lies it is one of the noted states, which are. */
	if (run->lies && opening.finding != STORE_HOLED && !is_exact(store))
		fail_run(run, image, "rows or cursors are not those that were made");
	if (!takes_a_row(store))
		fail_run(run, image, "it does not go on");
	store_close(store);
}

static int cut_everywhere(void *context, enum crash_operation operation)
{
	struct run *run = context;
	if (operation != CRASH_WRITE && operation != CRASH_TRUNCATE && operation != CRASH_SYNC &&
		operation != CRASH_DELETE)
		return SQLITE_OK;
	run->operations++;
	for (int i = 0; i < CRASH_UNSYNCED_COUNT && run->images_count < IMAGES_MAX; i++) {
		if (run->is_large && i != CRASH_DROPPED && i != CRASH_TORN)
			continue;
		struct image *image = &run->images[run->images_count++];
		*image = (struct image){.states = run->states_count,
			.operation = run->operations,
			.unsynced = (enum crash_unsynced)i};
		crash_disk_copy(run->directory, run->image_path, image->unsynced,
			(uint64_t)run->operations);
		look_at_image(run, image);
		crash_disk_remove(run->image_path);
	}
	return SQLITE_OK;
}

/* ---- the scripted run ---- */

static void note_state(struct run *run)
{
	assert_true(run->states_count < STATES_MAX);
	uint64_t digest = digest_of(run->directory);
	assert_true(digest != 0);
	assert_true(run->store == NULL || is_exact(run->store));
	if (run->states_count == 0 || run->states[run->states_count - 1] != digest)
		run->states[run->states_count++] = digest;
}

static void open_run(struct run *run)
{
	struct store_opening opening;
	assert_int_equal(open_at(run->directory, &run->store, &opening), STORE_OK);
	run->identity = store_identity(run->store);
	note_state(run);
}

static void commit_run(struct run *run)
{
	assert_int_equal(store_commit(run->store), STORE_OK);
	note_state(run);
}

static void append_quarter(struct run *run, const char *meter, int32_t revision)
{
	struct interval_row row = store_fixture_quarter(
		store_series(run->store, meter, QUANTITY_ACTIVE_ENERGY_IMPORT, NULL),
		run->quarters);
	row.reading_start = FIRST_READING + STEP * (int64_t)run->quarters;
	row.reading_end = row.reading_start + STEP;
	row.energy = STEP;
	row.revision = revision;
	row.flags = (uint32_t)revision;
	assert_int_equal(store_append_interval(run->store, &row), STORE_OK);
}

static void append_quarters(struct run *run, int count)
{
	for (int i = 0; i < count; i++, run->quarters++) {
		append_quarter(run, "main", 0);
		append_quarter(run, "heat", 0);
	}
}

static void append_trends(struct run *run, int count)
{
	int32_t series = store_series(run->store, "main", QUANTITY_ACTIVE_POWER, NULL);
	for (int i = 0; i < count; i++, run->trends++) {
		struct trend_row row = {
			.start_wall_ms = STORE_FIXTURE_T0 + 60000 * (int64_t)run->trends,
			.end_wall_ms = STORE_FIXTURE_T0 + 60000 * (int64_t)(run->trends + 1),
			.mean = run->trends,
			.max = run->trends,
			.series = series,
			.count = 6};
		assert_int_equal(store_append_trend(run->store, &row), STORE_OK);
	}
}

static void append_events(struct run *run, int count)
{
	struct event_row event = {.at_wall_ms = STORE_FIXTURE_T0};
	memset(event.text, 'x', sizeof event.text - 1);
	for (int i = 0; i < count; i++)
		assert_int_equal(store_append_event(run->store, &event), STORE_OK);
}

static void set_states(struct run *run)
{
	const struct series_state state = {
		.scale = {1, 10},
                  .has_frontier = true, .reading = 77
        };
	const struct known_device device = {.model = "eastron-sdm630", .serial_number = "17"};
	const struct interval_grid grid = {900000, INT64_MAX, 0};
	const struct unplaced_reading unplaced = {"boot", 0, 1000, 5};
	store_set_series_state(run->store, 0, &state);
	store_set_device(run->store, "main", &device);
	store_set_grid(run->store, &grid);
	store_set_unplaced(run->store, "boot", &unplaced, 1);
}

static void set_cursors(struct run *run)
{
	int64_t last = store_cursor(run->store, STREAM_ENERGY).last;
	store_set_sent(run->store, STREAM_ENERGY, last);
	store_set_delivered(run->store, STREAM_ENERGY, last);
	store_set_sent(run->store, STREAM_TRENDS, store_cursor(run->store, STREAM_TRENDS).last / 2);
}

static void run_ordinary_days(struct run *run)
{
	open_run(run);
	for (int i = 0; i < 6; i++) {
		append_quarters(run, 8);
		append_events(run, 2);
		append_trends(run, 20);
		commit_run(run);
		set_cursors(run);
		commit_run(run);
	}
	append_quarter(run, "main", 1);
	set_states(run);
	commit_run(run);
}

static void run_restart(struct run *run)
{
	run->store = store_close(run->store);
	note_state(run);
	open_run(run);
	assert_int_equal(
		store_raise_generation(run->store, run->identity.generation + 5), STORE_OK);
	run->identity = store_identity(run->store);
	note_state(run);
	append_quarters(run, 3);
	commit_run(run);
}

static int64_t first_id(struct run *run, enum stream stream)
{
	struct store_row first;
	size_t count = 0;
	assert_int_equal(store_read(run->store, stream, 0, 1, &first, &count), STORE_OK);
	assert_int_equal(count, 1);
	return stream == STREAM_TRENDS            ? first.trend.id
	       : first.kind == STORE_ROW_INTERVAL ? first.interval.id
						  : first.event.id;
}

/* The budget presses: trends become coarse or go, and then delivered energy becomes coarse. Cuts
 * are made where the first of both happens. */
static void run_under_pressure(struct run *run)
{
	enum { WATCHED = 3 };
	int watched[STREAM_COUNT] = {0};
	crash_disk_watch(NULL, NULL);
	open_run(run);
	while (store_loss(run->store).trend_rows == 0) {
		append_quarters(run, 20);
		append_trends(run, 40);
		append_events(run, 80);
		commit_run(run);
	}
	int64_t lost = store_loss(run->store).trend_rows;
	while (watched[STREAM_ENERGY] < WATCHED) {
		bool is_energys = first_id(run, STREAM_ENERGY) > 1;
		enum stream stream = is_energys ? STREAM_ENERGY : STREAM_TRENDS;
		bool watches = watched[stream]++ < WATCHED;
		crash_disk_watch(watches ? cut_everywhere : NULL, run);
		append_quarters(run, 10);
		append_events(run, 110);
		commit_run(run);
		crash_disk_watch(NULL, NULL);
		set_cursors(run);
		commit_run(run);
	}
	assert_true(store_loss(run->store).trend_rows > lost);
	assert_true(first_id(run, STREAM_ENERGY) > 1);
}

/* ---- judging it ---- */

static bool is_one_of(const struct run *run, uint64_t digest, size_t from, size_t through)
{
	for (size_t i = from; i <= through && i < run->states_count; i++)
		if (run->states[i] == digest)
			return true;
	return false;
}

static void judge(struct run *run)
{
	for (size_t i = 0; i < run->images_count && !run->lies; i++) {
		const struct image *image = &run->images[i];
		size_t committed = image->states > 0 ? image->states - 1 : 0;
		if (image->is_new && image->states == 0)
			continue; /* the first one was not finished */
		if (!is_one_of(run, image->digest, committed, image->states))
			fail_run(run, image, "neither what was committed nor what was being");
	}
	assert_true(run->images_count > 0 && run->images_count < IMAGES_MAX);
	assert_int_equal(run->failures, 0);
}

static void perform(struct run *run, void (*script)(struct run *run))
{
	snprintf(run->directory, sizeof run->directory, "%s/byport-power-XXXXXX",
		access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(run->directory));
	snprintf(run->image_path, sizeof run->image_path, "%s-image", run->directory);
	run->images = calloc(IMAGES_MAX, sizeof *run->images);
	assert_non_null(run->images);
	crash_disk_begin();
	crash_disk_watch(cut_everywhere, run);
	script(run);
	run->store = store_close(run->store);
	note_state(run);
	crash_disk_watch(NULL, NULL);
	crash_disk_lie(0);
	crash_disk_remove(run->directory);
	printf("%d cuts, %zu images, %zu states\n", run->operations, run->images_count,
		run->states_count);
	judge(run);
	free(run->images);
}

static void run_ordinary_days_and_restart(struct run *run)
{
	run_ordinary_days(run);
	run_restart(run);
}

static void a_cut_anywhere_leaves_what_was_committed(void **state)
{
	(void)state;
	struct run run = {.operations = 0};
	perform(&run, run_ordinary_days_and_restart);
	assert_true(run.operations > 190);
}

static void a_cut_while_room_is_made_leaves_what_was_committed(void **state)
{
	(void)state;
	struct run run = {.is_large = true};
	perform(&run, run_under_pressure);
}

static void on_a_card_that_lies_an_earlier_state_is_whole_or_the_store_is_new(void **state)
{
	static const size_t operations_on_their_way[] = {3, 100000};
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct run run = {.lies = true};
		crash_disk_lie(operations_on_their_way[i]);
		perform(&run, run_ordinary_days_and_restart);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cut_anywhere_leaves_what_was_committed),
		cmocka_unit_test(a_cut_while_room_is_made_leaves_what_was_committed),
		cmocka_unit_test(on_a_card_that_lies_an_earlier_state_is_whole_or_the_store_is_new),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
