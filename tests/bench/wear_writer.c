/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wear_writer.c -- A gateway's own heart and store, fed with the samples of a
 * site that lives in virtual time, on a real file system: what a board would write
 * in days is written in seconds. For tests/bench/wear.
 *
 * wear_writer SITE.YAML DIRECTORY DAYS STORE_BYTES: the configuration, where the
 * store is to lie, for how many days, and its budget. Every meter is polled every 10 s; a broker
 * acknowledges all it is given within a second, so that cursors move, and are
 * committed, as they do in the field.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/pipeline.h"
#include "gateway/reload.h"

enum {
	STEP_MS = 1000,
	POLL_MS = 10000,
	TAGS_MAX = 4096, /* publications within a step */
};

static const int64_t START_WALL_MS = 1793491200000; /* 2026-11-01T00:00:00Z */
static const int64_t DAY_MS = 86400000;

struct board {
	struct clock_observation now;
	struct loaded_site *loaded;
	struct pipeline *pipeline;
	uint32_t tags[TAGS_MAX]; /* not acknowledged yet */
	size_t tags_count;
	uint64_t dice;
	int64_t *values; /* of each meter and point */
};

static int64_t roll(struct board *board, int64_t below)
{
	board->dice = board->dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (int64_t)(board->dice >> 33) % below;
}

static enum link_status publish(void *context, const struct mqtt_publication *publication)
{
	struct board *board = context;
	if (publication->qos == 0)
		return LINK_OK;
	if (board->tags_count == TAGS_MAX)
		return LINK_BUSY;
	board->tags[board->tags_count++] = publication->tag;
	return LINK_OK;
}

static void say(void *context, enum log_level level, const char *text)
{
	(void)context;
	if (level <= LOG_LEVEL_ERROR)
		fprintf(stderr, "%s\n", text);
}

static const struct pipeline_ops ops = {.publish = publish, .say = say};

/* A counter climbs by some Wh; a gauge wanders around 230 of its units, as a voltage does. */
static int64_t next_value(struct board *board, const struct device_point *point, int64_t value)
{
	if (quantity_info(point->value->quantity)->kind == QUANTITY_COUNTER)
		return value + 5000 + roll(board, 10000);
	return 230000 + (value - 230000) * 9 / 10 + roll(board, 2001) - 1000;
}

static void poll_meter(struct board *board, uint16_t index)
{
	const struct site_meter *meter = &board->loaded->site->meters[index];
	const struct pipeline_source source = {
		.site = board->loaded->site, .bus = meter->bus, .slots = board->loaded->slots};
	struct sample samples[QUANTITY_COUNT];
	for (size_t i = 0; i < meter->points_count; i++) {
		int64_t *value = &board->values[index * QUANTITY_COUNT + i];
		*value = next_value(board, &meter->points[i], *value);
		samples[i] = (struct sample){.meter = index,
			.quantity = meter->points[i].value->quantity,
			.value = *value,
			.read_mono_ms = board->now.mono_ms};
	}
	const struct worker_report report = {.kind = REPORT_SAMPLES,
		.device = (uint16_t)meter->device,
		.samples = samples,
		.samples_count = meter->points_count};
	pipeline_report(board->pipeline, &source, &report, &board->now);
}

static void acknowledge(struct board *board)
{
	for (size_t i = 0; i < board->tags_count; i++) {
		const struct link_event event = {.kind = LINK_ACKNOWLEDGED, .tag = board->tags[i]};
		pipeline_link(board->pipeline, &event, &board->now);
	}
	board->tags_count = 0;
}

static void live(struct board *board, int64_t milliseconds)
{
	for (int64_t at_ms = 0; at_ms < milliseconds; at_ms += STEP_MS) {
		board->now.mono_ms += STEP_MS;
		board->now.wall_ms += STEP_MS;
		if (at_ms % POLL_MS == 0)
			for (size_t i = 0; i < board->loaded->site->meters_count; i++)
				poll_meter(board, (uint16_t)i);
		pipeline_step(board->pipeline, &board->now);
		/* what it publishes for these comes with the next step */
		acknowledge(board);
	}
}

static bool open_board(struct board *board, const char *directory, int64_t bytes_max)
{
	struct store_opening opening;
	const struct link_event connected = {.kind = LINK_CONNECTED, .receive_maximum = 20};
	const struct pipeline_settings settings = {
		.ops = &ops,
		.context = board,
		.store = {.directory = directory,
			  .bytes_max = bytes_max,
			  .now_wall_ms = board->now.wall_ms},
		.trust_clock = true
        };
	board->values =
		calloc(board->loaded->site->meters_count * QUANTITY_COUNT, sizeof(*board->values));
	if (!board->values ||
		pipeline_open(&settings, &board->now, &board->pipeline, &opening) != STORE_OK)
		return false;
	if (!pipeline_take_site(
		    board->pipeline, board->loaded->site, &board->now, board->loaded->slots))
		return false;
	pipeline_link(board->pipeline, &connected, &board->now);
	return true;
}

int main(int argc, char **argv)
{
	struct board board = {
		.now = {.mono_ms = 5000, .wall_ms = START_WALL_MS},
                  .dice = 1
        };
	struct diagnostics diagnostics = {0};
	if (argc != 5) {
		fprintf(stderr, "usage: wear_writer SITE.YAML DIRECTORY DAYS STORE_BYTES\n");
		return 2;
	}
	bool is_read = loaded_site_read(argv[1], &diagnostics, &board.loaded);
	if (!is_read)
		diagnostics_print(&diagnostics, stderr, false);
	diagnostics_clear(&diagnostics);
	if (!is_read || !open_board(&board, argv[2], atoll(argv[4])))
		return 1;
	live(&board, atoll(argv[3]) * DAY_MS);
	pipeline_stop(board.pipeline, &board.now);
	pipeline_close(board.pipeline);
	loaded_site_release(board.loaded);
	free(board.values);
	return 0;
}
