/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bus_worker.h -- One bus and its thread: asks its devices by the schedule,
 * turns words into samples, and hands reports over. What it decides is pure
 * and stands in bus_engine.h; this file only moves it through time.
 *
 * Knows no store, no broker and no wall clock: every instant is CLOCK_MONOTONIC.
 */
#ifndef DRIVERS_BUS_WORKER_H
#define DRIVERS_BUS_WORKER_H

#include "drivers/bus_engine.h"

struct bus_worker_settings {
	struct bus *bus; /* becomes the worker's */
	struct bus_line line;
	const struct device *devices;
	size_t devices_count;
	uint32_t answer_time_ms; /* assumed by the plan; 0: DEVICE_ANSWER_TIME_MS_DEFAULT */
	/* Called on the worker's thread; must not block for long. */
	void (*report)(void *context, const struct worker_report *report);
	void *context;
};

struct bus_worker;

/* Start the thread. NULL when it cannot be made; then the bus is still the caller's. */
struct bus_worker *bus_worker_start(const struct bus_worker_settings *settings);

/* Ask it to end; returns at once. No report follows but one that is just being delivered. */
void bus_worker_stop(struct bus_worker *worker);

/*
 * Wait for its end and free it. False when it is still inside a blocking call
 * after wait_ms: then it is left alone (and never freed), as the process ends.
 */
bool bus_worker_join(struct bus_worker *worker, uint32_t wait_ms);

struct bus_lent_answer {
	struct bus_answer answer;
	const char *reason; /* static text */
};

/*
 * Lend the bus for one request between two polls: waits at most wait_ms for
 * its turn. May be called from any thread. BUS_DOWN with a reason when the
 * port is not open or the turn did not come.
 */
enum bus_status bus_worker_lend(struct bus_worker *worker, const struct bus_loan *loan,
	uint32_t wait_ms, struct bus_lent_answer *ret_lent);

/* bus_engine_load_permille(), from any thread. */
int32_t bus_worker_load_permille(const struct bus_worker *worker);

/* What stood on its wire, as long as the worker is not joined; NULL: it keeps no record. */
struct frame_record *bus_worker_record(const struct bus_worker *worker);

#endif
