/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frame_record.h -- The last frames of a bus, byte for byte as they stood on the
 * wire, with their instants and what was made of them: for a technician, and to
 * be played again. Bounded in bytes: the oldest go first.
 *
 * One thread puts; any thread reads.
 */
#ifndef DRIVERS_FRAME_RECORD_H
#define DRIVERS_FRAME_RECORD_H

#include "drivers/modbus_frame.h"

enum {
	FRAME_RECORD_SERIAL_BYTES = 65536, /* of a line: some 1,500 frames, minutes */
	FRAME_RECORD_SOCKET_BYTES = 8192,  /* of an endpoint, of which there may be hundreds */
};

/* What a recorded frame was. */
enum frame_mark {
	FRAME_MARK_REQUEST, /* we sent it */
	FRAME_MARK_ANSWER,  /* the answer to it */
	FRAME_MARK_REFUSAL, /* an exception in answer to it */
	FRAME_MARK_BAD,     /* in place of it; the verdict tells */
	FRAME_MARK_STRANGE, /* nobody's answer to anything asked: late, noise, another's */
	FRAME_MARK_SILENCE, /* nothing came in time; no bytes */
	FRAME_MARK_COUNT
};
const char *frame_mark_name(enum frame_mark mark); /* "request", "answer" ... */
/* FRAME_MARK_COUNT: there is none of that name. */
enum frame_mark frame_mark_find(const char *name);

struct recorded_frame {
	uint64_t number;    /* from 1, one more with each frame of this bus */
	int64_t at_mono_us; /* its first byte; of a silence, when waiting ended */
	enum frame_mark mark;
	enum frame_verdict verdict; /* of FRAME_MARK_BAD and _STRANGE */
	size_t length;
	uint8_t bytes[FRAME_BYTES_MAX];
};

struct frame_record;

/* With room for so many bytes, frames and what is noted beside them. NULL when memory is out. */
struct frame_record *frame_record_new(size_t bytes);
struct frame_record *frame_record_free(struct frame_record *record); /* NULL is fine */

/* One more; `number` is given here. Strange bytes that follow strange ones make one frame. A record
 * that is NULL takes nothing. */
void frame_record_put(struct frame_record *record, const struct recorded_frame *frame);

/* The number of the newest; 0: there was none. */
uint64_t frame_record_newest(struct frame_record *record);

/* Frames with a number above `after`, oldest first, at most `max`; returns how many. */
size_t frame_record_read(
	struct frame_record *record, uint64_t after, size_t max, struct recorded_frame *ret_frames);

#endif
