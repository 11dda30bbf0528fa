/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_queue.h -- Where bus threads meet the main loop: reports go in from
 * any thread and come out in order on one. Bounded; putting never waits, so
 * that a slow disk never stops the polling.
 */
#ifndef GATEWAY_REPORT_QUEUE_H
#define GATEWAY_REPORT_QUEUE_H

#include "drivers/bus_worker.h"

enum {
	REPORT_QUEUE_BYTES_MIN = 1 << 15,
	REPORT_QUEUE_BYTES_MAX = 1 << 22, /* bytes; 4 s of 100 meters with 40 values a second */
};

struct report_queue;

/*
 * `bytes` is kept within the bounds above. NULL when memory or descriptors are
 * out. A quarter of it is kept for reports that are no samples: a lost sample
 * is a longer gap between two readings, a lost serial number is an exchange
 * nobody saw.
 */
struct report_queue *report_queue_new(size_t bytes);
struct report_queue *report_queue_free(struct report_queue *queue);

/* Readable while reports wait; for poll(). */
int report_queue_fd(const struct report_queue *queue);

/* Copy a report in; `source` is the caller's. False when it was dropped for want of room. */
bool report_queue_put(
	struct report_queue *queue, uint32_t source, const struct worker_report *report);

/* The oldest report; false when none waits. What it points at is valid until the next call. */
bool report_queue_take(
	struct report_queue *queue, uint32_t *ret_source, struct worker_report *ret_report);

/* Reports dropped since the start. */
uint64_t report_queue_dropped(struct report_queue *queue);

#endif
