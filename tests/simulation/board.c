/* SPDX-License-Identifier: Apache-2.0 */
/*
 * board.c -- The gateway's board: its clocks, its program, its disk; stopped,
 * cut off, replaced.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "gateway/pipeline_state.h"
#include "tests/fakes/disk/crash_disk.h"
#include "tests/simulation/simulation.h"

enum { EARLIEST_WALL_S = 1735689600 }; /* 2025-01-01: the program's own date */

/* ---- clocks ---- */

int64_t board_wall_ms(const struct simulation *simulation, int64_t true_us)
{
	return true_us / 1000 + simulation->board.error_ms;
}

void board_observe(struct simulation *simulation)
{
	struct board *board = &simulation->board;
	board->now = (struct clock_observation){
		.mono_ms = (simulation->now_us - board->boot_us) / 1000 + BOARD_MONO_MS,
		.wall_ms = board_wall_ms(simulation, simulation->now_us),
		.synchronised = board->synchronised};
}

/* ---- the program ---- */

static void say(void *context, enum log_level level, const char *text)
{
	struct simulation *simulation = context;
	(void)level;
	if (!simulation->board.crashed)
		trace(simulation, "byport: %s", text);
}

static const struct pipeline_ops ops = {.publish = broker_publish, .say = say};

/* What was committed must be there; what was published must have been committed. */
static void check_store(struct simulation *simulation)
{
	struct board *board = &simulation->board;
	struct store_cursor cursor = store_cursor(board->pipeline->store, STREAM_ENERGY);
	const struct kept_stream *arrived = &simulation->archive.streams[STREAM_ENERGY];
	struct store_identity identity = store_identity(board->pipeline->store);
	if (cursor.last < board->energy_committed)
		violated(simulation, "durability", "the store ends at %lld, %lld was committed",
			(long long)cursor.last, (long long)board->energy_committed);
	if (strcmp(arrived->store, identity.id) == 0 && cursor.last < arrived->through)
		violated(simulation, "durability",
			"the store ends at %lld, the archive has had %lld", (long long)cursor.last,
			(long long)arrived->through);
}

void board_start(struct simulation *simulation)
{
	struct board *board = &simulation->board;
	struct store_opening opening;
	board_observe(simulation);
	struct pipeline_settings settings = {
		.ops = &ops,
		.context = simulation,
		.store = {.directory = board->store,
			  .bytes_max = INT64_C(1) << 30,
			  .now_wall_ms = board->now.wall_ms,
			  .machine_id = board->machine_id},
		.boot = board->boot,
		.trust_clock = simulation->plan.trust_clock,
		.earliest_wall_ms = INT64_C(1000) * EARLIEST_WALL_S
        };
	trace(simulation, "the program starts, boot %d", board->boots);
	board->up_since_us = simulation->now_us;
	board->crashed = false;
	if (pipeline_open(&settings, &board->now, &board->pipeline, &opening) != STORE_OK) {
		violated(simulation, "store", "cannot open %s: %s", opening.path, opening.reason);
		return;
	}
	if (opening.finding == STORE_SET_ASIDE || opening.finding == STORE_BESIDE)
		violated(simulation, "store", "%s was not good: %s", opening.path, opening.reason);
	check_store(simulation);
	watch_start(simulation);
	if (!pipeline_take_site(board->pipeline, simulation->loaded->site, &board->now,
		    simulation->loaded->slots))
		abort();
	if (board->pipeline->clock.state != CLOCK_STATE_UNKNOWN)
		watch_clock(simulation); /* what waited on the disk is placed now */
	for (size_t i = 0; i < simulation->loaded->site->buses_count; i++)
		line_start(&simulation->lines[i]);
	board->due_us = simulation->now_us;
	simulation->broker.back_us =
		simulation->now_us + dice_between(&simulation->broker.dice, 1, 5) * 1000000;
}

void board_step(struct simulation *simulation)
{
	struct board *board = &simulation->board;
	bool knew = board->pipeline->clock.state != CLOCK_STATE_UNKNOWN;
	int64_t due_ms = pipeline_step(board->pipeline, &board->now);
	if (board->crashed)
		return;
	board->due_us = (due_ms - BOARD_MONO_MS) * 1000 + board->boot_us;
	if (board->due_us <= simulation->now_us)
		board->due_us = simulation->now_us + 1000;
	if (!knew && board->pipeline->clock.state != CLOCK_STATE_UNKNOWN)
		watch_clock(simulation);
}

/* ---- its ends ---- */

static void switch_off(struct simulation *simulation)
{
	crash_disk_watch(NULL, NULL);
	for (size_t i = 0; i < simulation->loaded->site->buses_count; i++)
		line_stop(&simulation->lines[i]);
	simulation->board.pipeline = pipeline_close(simulation->board.pipeline);
	simulation->board.due_us = INT64_MAX;
	watch_stop(simulation);
	broker_forget(simulation);
}

static void next_store(struct board *board, char *ret_path, size_t size)
{
	snprintf(ret_path, size, "%s/s%d", board->directory, ++board->stores);
}

/* What the disk holds at this instant is all that will be left. */
static void take_cut(struct simulation *simulation)
{
	struct board *board = &simulation->board;
	char cut[120];
	if (board->crashed)
		return;
	board->energy_committed = store_cursor(board->pipeline->store, STREAM_ENERGY).last;
	next_store(board, cut, sizeof cut);
	crash_disk_copy(board->store, cut, CRASH_TORN,
		(uint64_t)dice_between(&simulation->dice, 0, INT32_MAX));
	board->crashed = true;
}

void board_crash(struct simulation *simulation)
{
	struct board *board = &simulation->board;
	if (!board->crashed)
		take_cut(simulation);
	trace(simulation, "CUT: id %lld was committed", (long long)board->energy_committed);
	switch_off(simulation);
	crash_disk_remove(board->store);
	snprintf(board->store, sizeof board->store, "%s/s%d", board->directory, board->stores);
	simulation->figures.crashes++;
}

static int cut_at_sync(void *context, enum crash_operation operation)
{
	struct simulation *simulation = context;
	if (operation == CRASH_SYNC && --simulation->board.syncs_left == 0)
		take_cut(simulation);
	return 0; /* it happens */
}

void board_crash_in_commit(struct simulation *simulation)
{
	simulation->board.syncs_left = (int)dice_between(&simulation->dice, 1, 4);
	crash_disk_watch(cut_at_sync, simulation);
}

void board_stop(struct simulation *simulation)
{
	struct board *board = &simulation->board;
	trace(simulation, "the program is stopped");
	pipeline_stop(board->pipeline, &board->now);
	if (board->crashed) {
		board_crash(simulation);
		return;
	}
	board->energy_committed = store_cursor(board->pipeline->store, STREAM_ENERGY).last;
	switch_off(simulation);
	simulation->figures.crashes++;
}

/* Off already: another board, with nothing on its disk. */
void board_replace(struct simulation *simulation)
{
	struct board *board = &simulation->board;
	crash_disk_remove(board->store);
	next_store(board, board->store, sizeof board->store);
	snprintf(board->machine_id, sizeof board->machine_id, "%032x", (unsigned)++board->boards);
	board->energy_committed = 0;
	simulation->figures.boards++;
	trace(simulation, "the board is dead: another one is put in");
}

void board_boot(struct simulation *simulation)
{
	struct board *board = &simulation->board;
	snprintf(board->boot, sizeof board->boot, "boot-%d", ++board->boots);
	board->boot_us = simulation->now_us - simulation->now_us % 1000;
}

void board_begin(struct simulation *simulation)
{
	struct board *board = &simulation->board;
	board->wrong_since_us = INT64_MAX;
	board->synchronised = !simulation->plan.trust_clock;
	mkdir(board->directory, 0700);
	next_store(board, board->store, sizeof board->store);
	snprintf(board->machine_id, sizeof board->machine_id, "%032x", (unsigned)++board->boards);
	board_boot(simulation);
	board_start(simulation);
}

void board_end(struct simulation *simulation)
{
	struct board *board = &simulation->board;
	if (board->pipeline != NULL)
		switch_off(simulation);
	crash_disk_remove(board->store);
	crash_disk_remove(board->directory);
}
