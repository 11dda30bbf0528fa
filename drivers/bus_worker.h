/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bus_worker.h -- One bus and its thread: asks its devices by the schedule,
 * turns words into samples, and hands reports over. What it decides (plan,
 * schedule, time-outs, hold-offs) is pure and stands in read_plan.h,
 * poll_schedule.h, response_timeout.h; this file only moves it through time.
 *
 * Knows no store, no broker and no wall clock: every instant is CLOCK_MONOTONIC.
 */
#ifndef DRIVERS_BUS_WORKER_H
#define DRIVERS_BUS_WORKER_H

#include "drivers/bus.h"
#include "drivers/meter_model.h"

/* One value to read of a device, and whose it is. */
struct device_point {
	uint16_t meter; /* the caller's number for the meter; stands in samples */
	const struct model_value *value;
	struct scale scale; /* raw step -> inside steps: model, option and CT together */
};

/* One device on the bus. Pointers are the caller's and must outlive the worker. */
struct device {
	uint8_t address;
	const struct meter_model *model;
	uint32_t fast_period_ms; /* power */
	uint32_t slow_period_ms; /* energy */
	const struct device_point *points;
	size_t points_count;
	uint32_t response_timeout_min_ms; /* floor and ceiling of the learned time-out */
	uint32_t response_timeout_max_ms;
};

struct sample {
	int64_t value;        /* inside steps; meaningless unless DECODE_OK */
	int64_t read_mono_ms; /* when the answer that carried it was complete */
	uint16_t meter;
	uint8_t quantity; /* enum quantity */
	uint8_t status;   /* enum decode_status */
};

enum device_state {
	DEVICE_UNKNOWN, /* not asked yet */
	DEVICE_OK,
	DEVICE_SILENT,  /* no good answer for several attempts; probed ever more rarely */
	DEVICE_REFUSES, /* it answers, with exceptions only */
	DEVICE_STATE_COUNT
};
const char *device_state_text(enum device_state state); /* "ok", "silent", "refuses", "unknown" */

/* Everything that can go wrong with a request, counted by kind. */
enum bus_error_kind {
	BUS_ERROR_TIMEOUT,
	BUS_ERROR_CRC,
	BUS_ERROR_SHORT,
	BUS_ERROR_WRONG_ADDRESS,
	BUS_ERROR_WRONG_FUNCTION,
	BUS_ERROR_WRONG_LENGTH,
	BUS_ERROR_WRONG_TRANSACTION,
	BUS_ERROR_EXCEPTION,
	BUS_ERROR_LATE,
	BUS_ERROR_IMPLAUSIBLE, /* an answer with a value outside its quantity's range */
	BUS_ERROR_KIND_COUNT
};
const char *bus_error_kind_name(enum bus_error_kind kind); /* "timeout", "crc" ... as in `health` */

enum { EXCEPTION_CODES_MAX = 12 }; /* Modbus knows 1..8, 10, 11 */

struct device_counters {
	uint64_t requests;
	uint64_t answers; /* good ones */
	uint64_t errors[BUS_ERROR_KIND_COUNT];
	uint32_t exceptions[EXCEPTION_CODES_MAX]; /* by code */
	uint32_t answer_time_us;                  /* smoothed; 0: none yet */
	uint32_t answer_time_us_max;
	uint32_t timeout_ms; /* the one in force */
	uint64_t skipped;    /* polls given up because they were overdue */
};

enum worker_report_kind {
	REPORT_SAMPLES,       /* one device answered (a block of) its poll */
	REPORT_DEVICE_STATE,  /* state changed, or its counters after at most 10 s */
	REPORT_SERIAL_NUMBER, /* read at start and after each silence; "" = the model has none */
	REPORT_BUS_STATE,     /* port opened, or gone with the reason */
};

/* Valid during the call that delivers it only. */
struct worker_report {
	enum worker_report_kind kind;
	uint16_t device; /* index in the devices given */
	int64_t at_mono_ms;
	const struct sample *samples;
	size_t samples_count;
	enum device_state state;
	const struct device_counters *counters;
	const char *serial_number;
	bool bus_open;
	const char *reason; /* in words: last error of the device, or why the port is gone */
};

struct bus_worker_settings {
	struct bus *bus; /* becomes the worker's */
	struct bus_line line;
	const struct device *devices;
	size_t devices_count;
	/* Called on the worker's thread; must not block for long. */
	void (*report)(void *context, const struct worker_report *report);
	void *context;
};

struct bus_worker;

/* Start the thread. NULL when it cannot be made; then the bus is still the caller's. */
struct bus_worker *bus_worker_start(const struct bus_worker_settings *settings);

/* Ask it to end; returns at once. */
void bus_worker_stop(struct bus_worker *worker);

/*
 * Wait for its end and free it. False when it is still inside a blocking call
 * after wait_ms: then it is left alone (and never freed), as the process ends.
 */
bool bus_worker_join(struct bus_worker *worker, uint32_t wait_ms);

/*
 * Lend the bus for one request between two polls: waits at most wait_ms for
 * its turn. May be called from any thread. BUS_DOWN with *ret_reason when the
 * port is not open or the turn did not come.
 */
enum bus_status bus_worker_lend(struct bus_worker *worker, const struct bus_request *request,
	uint32_t timeout_ms, uint32_t wait_ms, struct bus_answer *ret_answer,
	const char **ret_reason);

#endif
