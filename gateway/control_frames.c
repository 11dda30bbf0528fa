/* SPDX-License-Identifier: Apache-2.0 */
/* control_frames.c -- control_frames.h. */
#include "gateway/control_frames.h"

#include <stdlib.h>

#include "drivers/frame_text.h"
#include "gateway/control_answers.h"
#include "gateway/pipeline_state.h"

enum { US_PER_MS = 1000 };

struct frames_answer {
	const struct frames_wanted *wanted;
	const struct site_bus *site;
	const struct recorded_frame *frames;
	size_t count;
	int64_t wall_offset_us; /* from the monotonic clock */
};

static void write_frame(struct json_writer *writer, const struct frames_answer *answer,
	const struct recorded_frame *frame)
{
	char text[FRAME_TEXT_MAX];
	char hex[FRAME_HEX_MAX];
	enum frame_transport transport =
		answer->site->line.kind == BUS_TCP ? TRANSPORT_TCP : TRANSPORT_RTU;
	int64_t at_wall_us = frame->at_mono_us + answer->wall_offset_us;
	json_writer_open_object(writer);
	json_writer_key(writer, "number");
	json_writer_integer(writer, (int64_t)frame->number);
	json_writer_key(writer, "at");
	json_writer_instant(writer, at_wall_us / US_PER_MS);
	json_writer_key(writer, "at_us");
	json_writer_integer(writer, at_wall_us);
	json_writer_key(writer, "mark");
	json_writer_string(writer, frame_mark_name(frame->mark));
	json_writer_key(writer, "verdict");
	json_writer_string(writer, frame_verdict_text(frame->verdict));
	json_writer_key(writer, "text");
	json_writer_string(writer, frame_text(transport, frame, text));
	json_writer_key(writer, "bytes");
	json_writer_string(writer, frame_hex(frame, hex));
	json_writer_close_object(writer);
}

static void write_frames(struct json_writer *writer, const void *context)
{
	const struct frames_answer *answer = context;
	json_writer_open_object(writer);
	json_writer_key(writer, "bus");
	json_writer_string(writer, answer->site->config->id);
	json_writer_key(writer, "transport");
	json_writer_string(writer, answer->site->line.kind == BUS_TCP ? "tcp" : "rtu");
	json_writer_key(writer, "frames");
	json_writer_open_array(writer);
	for (size_t i = 0; i < answer->count; i++)
		write_frame(writer, answer, &answer->frames[i]);
	json_writer_close_array(writer);
	json_writer_close_object(writer);
}

char *control_answer_frames(const struct pipeline *pipeline, const struct frames_wanted *wanted)
{
	struct frame_record *record = bus_worker_record(wanted->bus->worker);
	int64_t newest = (int64_t)frame_record_newest(record);
	int64_t after =
		newest - wanted->last > wanted->after ? newest - wanted->last : wanted->after;
	struct recorded_frame *frames = calloc((size_t)wanted->last, sizeof *frames);
	if (frames == NULL)
		return NULL;
	struct frames_answer answer = {
		.wanted = wanted,
		.site = &wanted->bus->loaded->site->buses[wanted->bus->bus],
		.frames = frames,
		.count = frame_record_read(record, (uint64_t)after, (size_t)wanted->last, frames),
		.wall_offset_us = (pipeline_wall_ms(pipeline) - pipeline->now.mono_ms) * US_PER_MS,
	};
	char *text = control_answer_of(write_frames, &answer);
	free(frames);
	return text;
}
