/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frame_record.c -- A ring of bytes: for each frame what is noted of it, then its
 * bytes.
 */
#include "drivers/frame_record.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { STRANGE_GAP_US = 20000 }; /* strange bytes further apart are two frames */

/* What stands before a frame's bytes. */
struct note {
	int64_t at_mono_us;
	uint16_t length;
	uint8_t mark;
	uint8_t verdict;
};

struct frame_record {
	pthread_mutex_t lock;
	size_t size;
	size_t first;      /* where the oldest begins */
	size_t used;       /* bytes, from there */
	size_t newest;     /* where the newest begins */
	uint64_t numbered; /* frames so far */
	uint64_t count;    /* of them still here */
	uint8_t bytes[];
};

/* clang-format off */
static const char *const names[FRAME_MARK_COUNT] = {
	[FRAME_MARK_REQUEST] = "request",
	[FRAME_MARK_ANSWER]  = "answer",
	[FRAME_MARK_REFUSAL] = "refusal",
	[FRAME_MARK_BAD]     = "bad",
	[FRAME_MARK_STRANGE] = "strange",
	[FRAME_MARK_SILENCE] = "silence",
};
/* clang-format on */

const char *frame_mark_name(enum frame_mark mark)
{
	return names[mark];
}

enum frame_mark frame_mark_find(const char *name)
{
	int mark = 0;

	while (mark < FRAME_MARK_COUNT && strcmp(names[mark], name) != 0) {
		mark++;
	}
	return (enum frame_mark)mark;
}

struct frame_record *frame_record_new(size_t bytes)
{
	struct frame_record *record = calloc(1, sizeof(*record) + bytes);

	if (record) {
		record->size = bytes;
		pthread_mutex_init(&record->lock, NULL);
	}
	return record;
}

struct frame_record *frame_record_free(struct frame_record *record)
{
	if (record) {
		pthread_mutex_destroy(&record->lock);
		free(record);
	}
	return NULL;
}

/* Copy into the ring at a place, across its end where it must. */
static void write_at(struct frame_record *record, size_t at, const void *bytes, size_t length)
{
	size_t before_end = record->size - at;
	size_t head = length < before_end ? length : before_end;

	memcpy(record->bytes + at, bytes, head);
	memcpy(record->bytes, (const uint8_t *)bytes + head, length - head);
}

static void read_at(const struct frame_record *record, size_t at, void *bytes, size_t length)
{
	size_t before_end = record->size - at;
	size_t head = length < before_end ? length : before_end;

	memcpy(bytes, record->bytes + at, head);
	memcpy((uint8_t *)bytes + head, record->bytes, length - head);
}

static struct note note_at(const struct frame_record *record, size_t at)
{
	struct note note;

	read_at(record, at, &note, sizeof(note));
	return note;
}

static void drop_oldest(struct frame_record *record)
{
	size_t length = sizeof(struct note) + note_at(record, record->first).length;

	record->first = (record->first + length) % record->size;
	record->used -= length;
	record->count--;
}

/* The newest are strange bytes that go on here. */
static bool joins_newest(const struct frame_record *record, const struct recorded_frame *frame)
{
	if (record->count == 0 || frame->mark != FRAME_MARK_STRANGE) {
		return false;
	}
	struct note newest = note_at(record, record->newest);

	return newest.mark == FRAME_MARK_STRANGE && newest.verdict == frame->verdict &&
	       frame->at_mono_us - newest.at_mono_us < STRANGE_GAP_US &&
	       newest.length + frame->length <= FRAME_BYTES_MAX;
}

static void make_room(struct frame_record *record, size_t length)
{
	while (record->count > 0 && record->used + length > record->size) {
		drop_oldest(record);
	}
}

static void append(struct frame_record *record, const struct recorded_frame *frame)
{
	const struct note note = {
		.at_mono_us = frame->at_mono_us,
		.length = (uint16_t)frame->length,
		.mark = (uint8_t)frame->mark,
		.verdict = (uint8_t)frame->verdict,
	};

	make_room(record, sizeof(note) + frame->length);
	record->newest = (record->first + record->used) % record->size;
	write_at(record, record->newest, &note, sizeof(note));
	write_at(record, (record->newest + sizeof(note)) % record->size, frame->bytes,
		frame->length);
	record->used += sizeof(note) + frame->length;
	record->count++;
	record->numbered++;
}

static void lengthen_newest(struct frame_record *record, const struct recorded_frame *frame)
{
	make_room(record, frame->length);
	if (record->count == 0) {
		append(record, frame);
		return;
	}
	struct note note = note_at(record, record->newest);

	write_at(
		record, (record->first + record->used) % record->size, frame->bytes, frame->length);
	note.length = (uint16_t)(note.length + frame->length);
	write_at(record, record->newest, &note, sizeof(note));
	record->used += frame->length;
}

void frame_record_put(struct frame_record *record, const struct recorded_frame *frame)
{
	if (!record || sizeof(struct note) + FRAME_BYTES_MAX > record->size) {
		return;
	}
	pthread_mutex_lock(&record->lock);
	if (joins_newest(record, frame)) {
		lengthen_newest(record, frame);
	} else {
		append(record, frame);
	}
	pthread_mutex_unlock(&record->lock);
}

uint64_t frame_record_newest(struct frame_record *record)
{
	if (!record) {
		return 0;
	}
	pthread_mutex_lock(&record->lock);
	uint64_t newest = record->numbered;
	pthread_mutex_unlock(&record->lock);
	return newest;
}

size_t frame_record_read(
	struct frame_record *record, uint64_t after, size_t max, struct recorded_frame *ret_frames)
{
	size_t count = 0;

	if (!record) {
		return 0;
	}
	pthread_mutex_lock(&record->lock);
	size_t at = record->first;
	uint64_t number = record->numbered - record->count;
	for (uint64_t i = 0; i < record->count && count < max; i++) {
		struct note note = note_at(record, at);
		if (++number > after) {
			struct recorded_frame *frame = &ret_frames[count++];
			frame->number = number;
			frame->at_mono_us = note.at_mono_us;
			frame->mark = (enum frame_mark)note.mark;
			frame->verdict = (enum frame_verdict)note.verdict;
			frame->length = note.length;
			read_at(record, (at + sizeof(note)) % record->size, frame->bytes,
				note.length);
		}
		at = (at + sizeof(note) + note.length) % record->size;
	}
	pthread_mutex_unlock(&record->lock);
	return count;
}
