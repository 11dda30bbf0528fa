/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_queue.c -- A ring of bytes, each report in one piece: header, samples,
 * counters, texts. A report that would cross the ring's end begins at its start,
 * the rest is skipped.
 *
 * One mutex, held for a copy. `head` and `tail` count bytes since the ring was
 * last empty; their remainder is the place in it.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "gateway/report_queue.h"

enum { RECORD_ALIGNMENT = 8 };

struct record {
	size_t bytes; /* whole, with this header */
	bool skip;    /* nothing here: go on at the ring's start */
	bool has_counters;
	bool has_serial_number;
	bool has_reason;
	uint32_t source;
	struct worker_report report; /* its pointers are made anew when it is taken */
};

struct report_queue {
	pthread_mutex_t mutex;
	unsigned char *ring;
	size_t ring_bytes;
	uint64_t head;  /* where the next report goes */
	uint64_t tail;  /* the oldest report */
	uint64_t taken; /* behind the report the reader still looks at; then the tail moves here */
	uint64_t dropped;
	int fd;
};

static size_t aligned(size_t bytes)
{
	return (bytes + RECORD_ALIGNMENT - 1) / RECORD_ALIGNMENT * RECORD_ALIGNMENT;
}

static size_t text_bytes(const char *text)
{
	return text != NULL ? strlen(text) + 1 : 0;
}

struct report_queue *report_queue_new(size_t bytes)
{
	if (bytes < REPORT_QUEUE_BYTES_MIN)
		bytes = REPORT_QUEUE_BYTES_MIN;
	if (bytes > REPORT_QUEUE_BYTES_MAX)
		bytes = REPORT_QUEUE_BYTES_MAX;
	struct report_queue *queue = calloc(1, sizeof *queue);
	if (queue == NULL)
		return NULL;
	pthread_mutex_init(&queue->mutex, NULL);
	queue->ring_bytes = aligned(bytes);
	queue->ring = calloc(1, queue->ring_bytes);
	queue->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (queue->ring == NULL || queue->fd < 0)
		return report_queue_free(queue);
	return queue;
}

struct report_queue *report_queue_free(struct report_queue *queue)
{
	if (queue == NULL)
		return NULL;
	if (queue->fd >= 0)
		close(queue->fd);
	pthread_mutex_destroy(&queue->mutex);
	free(queue->ring);
	free(queue);
	return NULL;
}

int report_queue_fd(const struct report_queue *queue)
{
	return queue->fd;
}

static struct record *record_at(struct report_queue *queue, uint64_t place)
{
	void *start = queue->ring + place % queue->ring_bytes;
	return start;
}

/* Room for `bytes` in one piece that leaves `reserve` free; NULL when there is none. */
static struct record *make_room(struct report_queue *queue, size_t bytes, size_t reserve)
{
	size_t to_end = queue->ring_bytes - (size_t)(queue->head % queue->ring_bytes);
	size_t skipped = to_end < bytes ? to_end : 0;
	size_t used = (size_t)(queue->head - queue->tail);
	if (used + skipped + bytes + reserve > queue->ring_bytes)
		return NULL;
	if (skipped >= sizeof(struct record))
		*record_at(queue, queue->head) = (struct record){.bytes = skipped, .skip = true};
	queue->head += skipped;
	struct record *record = record_at(queue, queue->head);
	queue->head += bytes;
	return record;
}

static void *append(void *place, const void *bytes, size_t length)
{
	if (length > 0)
		memcpy(place, bytes, length);
	return (unsigned char *)place + length;
}

static void fill(struct record *record, const struct worker_report *report)
{
	record->has_counters = report->counters != NULL;
	record->has_serial_number = report->serial_number != NULL;
	record->has_reason = report->reason != NULL;
	record->report = *report;
	void *place = record + 1;
	place = append(place, report->samples, report->samples_count * sizeof *report->samples);
	if (record->has_counters)
		place = append(place, report->counters, sizeof *report->counters);
	place = append(place, report->serial_number, text_bytes(report->serial_number));
	append(place, report->reason, text_bytes(report->reason));
}

bool report_queue_put(
	struct report_queue *queue, uint32_t source, const struct worker_report *report)
{
	size_t bytes =
		aligned(sizeof(struct record) + report->samples_count * sizeof *report->samples +
			(report->counters != NULL ? sizeof *report->counters : 0) +
			text_bytes(report->serial_number) + text_bytes(report->reason));
	size_t reserve = report->kind == REPORT_SAMPLES ? queue->ring_bytes / 4 : 0;
	pthread_mutex_lock(&queue->mutex);
	struct record *record = make_room(queue, bytes, reserve);
	if (record != NULL) {
		*record = (struct record){.bytes = bytes, .source = source};
		fill(record, report);
	} else {
		queue->dropped++;
	}
	pthread_mutex_unlock(&queue->mutex);
	uint64_t one = 1;
	if (record != NULL && write(queue->fd, &one, sizeof one) < 0)
		return true; /* the counter is at its top: readable already */
	return record != NULL;
}

/* The report at the tail, past what is skipped; NULL when there is none. */
static struct record *oldest(struct report_queue *queue)
{
	queue->tail = queue->taken;
	if (queue->tail == queue->head) {
		/* Empty: begin at the ring's start again, so that memory no backlog ever needed
		 * is never touched. */
		queue->head = queue->tail = queue->taken = 0;
		return NULL;
	}
	size_t to_end = queue->ring_bytes - (size_t)(queue->tail % queue->ring_bytes);
	if (to_end < sizeof(struct record) || record_at(queue, queue->tail)->skip)
		queue->tail += to_end;
	struct record *record = record_at(queue, queue->tail);
	queue->taken = queue->tail + record->bytes;
	return record;
}

static void unpack(const struct record *record, struct worker_report *ret_report)
{
	*ret_report = record->report;
	const unsigned char *place = (const unsigned char *)(record + 1);
	ret_report->samples = (const void *)place;
	place += record->report.samples_count * sizeof *record->report.samples;
	if (record->has_counters) {
		ret_report->counters = (const void *)place;
		place += sizeof *record->report.counters;
	}
	if (record->has_serial_number) {
		ret_report->serial_number = (const char *)place;
		place += text_bytes(ret_report->serial_number);
	}
	if (record->has_reason)
		ret_report->reason = (const char *)place;
}

bool report_queue_take(
	struct report_queue *queue, uint32_t *ret_source, struct worker_report *ret_report)
{
	pthread_mutex_lock(&queue->mutex);
	struct record *record = oldest(queue);
	uint64_t count;
	if (record == NULL && read(queue->fd, &count, sizeof count) < 0)
		count = 0; /* nothing was to be taken back */
	pthread_mutex_unlock(&queue->mutex);
	if (record == NULL)
		return false;
	*ret_source = record->source;
	unpack(record, ret_report);
	return true;
}

uint64_t report_queue_dropped(struct report_queue *queue)
{
	pthread_mutex_lock(&queue->mutex);
	uint64_t dropped = queue->dropped;
	pthread_mutex_unlock(&queue->mutex);
	return dropped;
}
