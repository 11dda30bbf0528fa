/* SPDX-License-Identifier: Apache-2.0 */
/*
 * receipts.c -- The archive's word: how far it has come, now and then; the last
 * one again with every connection, as the broker retains it; and sometimes, as
 * if it were restored from a backup, that it has less.
 */
#include <string.h>

#include "gateway/core/int64_order.h"
#include "gateway/pipeline_state.h"
#include "tests/simulation/simulation.h"

static const double givers = 0.5;     /* of all seeds */
static const double given = 0.3;      /* after a message */
static const double restored = 0.002; /* so often it has less than it had */
static const int64_t lost_max = 2000; /* ids; a few hours' */

void receipts_begin(struct simulation *simulation)
{
	struct archive_word *word = &simulation->archive.word;
	word->dice = dice_make(simulation->seed, "receipts");
	word->gives = dice_chance(&word->dice, givers);
}

static void hear(struct simulation *simulation, bool retained)
{
	struct archive_word *word = &simulation->archive.word;
	char topic[TOPIC_BYTES_MAX];
	const struct message_sender sender = message_sender_of(simulation->loaded->config);
	message_topic(topic, &sender, "receipt", "oslo");
	struct link_event event = {.kind = LINK_MESSAGE,
		.topic = topic,
		.payload = word->payload,
		.length = strlen(word->payload),
		.retain = retained};
	if (event.length == 0 || simulation->board.crashed)
		return;
	pipeline_link(simulation->board.pipeline, &event, &simulation->board.now);
	simulation->board.due_us = simulation->now_us;
}

/* Of the store that the energy comes from; trends where they come from it too. */
static void write_word(struct simulation *simulation, bool is_restored)
{
	struct archive *archive = &simulation->archive;
	const struct kept_stream *energy = &archive->streams[STREAM_ENERGY];
	struct receipt_stream streams[STREAM_COUNT];
	struct receipt_message receipt = {.archive = "oslo",
		.at_wall_ms = simulation->now_us / 1000,
		.store = energy->store,
		.generation = energy->generation,
		.streams = streams};
	for (int i = 0; i < STREAM_COUNT; i++) {
		const struct kept_stream *stream = &archive->streams[i];
		int64_t through = stream->through;
		if (strcmp(stream->store, energy->store) != 0)
			continue;
		if (is_restored)
			through = dice_between(
				&archive->word.dice, int64_higher(0, through - lost_max), through);
		streams[receipt.streams_count++] =
			(struct receipt_stream){.stream = (uint8_t)i, .through = through};
	}
	message_write_receipt(&receipt, archive->word.payload, sizeof archive->word.payload);
}

void receipts_give(struct simulation *simulation)
{
	struct archive_word *word = &simulation->archive.word;
	bool is_given = simulation->draining || dice_chance(&word->dice, given);
	bool is_restored = !simulation->draining && dice_chance(&word->dice, restored);
	if (!word->gives || !is_given ||
		simulation->archive.streams[STREAM_ENERGY].store[0] == '\0')
		return;
	write_word(simulation, is_restored);
	simulation->figures.receipts++;
	simulation->figures.restored += is_restored;
	hear(simulation, false);
}

void receipts_repeat(struct simulation *simulation)
{
	if (simulation->archive.word.gives)
		hear(simulation, true);
}

void receipts_judge(struct simulation *simulation)
{
	int64_t through = simulation->archive.streams[STREAM_ENERGY].through;
	if (!simulation->archive.word.gives || simulation->failed)
		return;
	receipts_give(simulation);
	int64_t delivered =
		store_cursor(simulation->board.pipeline->store, STREAM_ENERGY).delivered;
	if (delivered != through)
		violated(simulation, "delivery", "%lld are delivered, the archive has %lld",
			(long long)delivered, (long long)through);
}
