/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bus_engine.h -- One bus and its devices, step by step: what to do next at
 * `now`, and what came of it. Pure: no bus, no clock, no thread, so that
 * bus_worker.c moves it through real time and a test or a simulator through
 * virtual time.
 *
 *   while (running) {
 *       step = bus_engine_next(engine, now);      -- ask, open, or wait
 *       ... do it ...
 *       bus_engine_answered(engine, ...) or bus_engine_opened(engine, ...);
 *   }
 *
 * Samples, state changes and serial numbers are handed to `report`.
 */
#ifndef DRIVERS_BUS_ENGINE_H
#define DRIVERS_BUS_ENGINE_H

#include "drivers/bus_load.h"
#include "drivers/device_reader.h"

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
	BUS_ERROR_LATE,        /* bytes after their time-out, counted once an occasion */
	BUS_ERROR_IMPLAUSIBLE, /* an answer with a value outside its quantity's range */
	BUS_ERROR_KIND_COUNT
};
const char *bus_error_kind_name(enum bus_error_kind kind); /* "timeout", "crc" ... as in `health` */

enum {
	EXCEPTION_CODES_MAX = 12,        /* Modbus knows 1..8, 10, 11 */
	DEVICE_ATTEMPTS_MAX = 3,         /* failures in a row before a device is silent */
	DEVICE_REPORT_PERIOD_MS = 10000, /* counters are reported at least this often */
	DEVICE_TROUBLE_PERIOD_MS = 1000, /* and with new errors, for who is looking for them */
	BUS_REOPEN_PERIOD_MS_MIN = 500,  /* doubled up to the next */
	BUS_REOPEN_PERIOD_MS_MAX = 10000,
	BUS_RTU_LISTEN_MS = 300, /* after opening: an answer to whoever asked before us passes by */
};

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
	REPORT_SAMPLES,       /* one device's poll, as far as it was answered */
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

struct bus_engine_settings {
	struct bus_line line;
	const struct device *devices;
	size_t devices_count;
	uint32_t answer_time_ms; /* assumed by the plan; 0: DEVICE_ANSWER_TIME_MS_DEFAULT */
	void (*report)(void *context, const struct worker_report *report);
	void *context;
};

struct bus_engine;

/* NULL when memory is out or a device cannot be planned. The bus counts as closed. */
struct bus_engine *bus_engine_new(const struct bus_engine_settings *settings, int64_t now_mono_us);
struct bus_engine *bus_engine_free(struct bus_engine *engine);

enum engine_action {
	ENGINE_ASK,  /* send step.request, then bus_engine_answered() */
	ENGINE_OPEN, /* open the bus, then bus_engine_opened() */
	ENGINE_WAIT, /* nothing to do before step.until_mono_us */
};

struct engine_step {
	enum engine_action action;
	struct bus_request request;
	uint32_t timeout_ms;
	int64_t until_mono_us;
};

struct engine_step bus_engine_next(struct bus_engine *engine, int64_t now_mono_us);

/* What came of the request of the step before. */
void bus_engine_answered(struct bus_engine *engine, enum bus_status status,
	const struct bus_answer *answer, int64_t now_mono_us);

/* What came of opening. `reason` in words when it failed. */
void bus_engine_opened(
	struct bus_engine *engine, enum bus_status status, const char *reason, int64_t now_mono_us);

/* A request that somebody else makes on the line. */
struct bus_loan {
	struct bus_request request;
	uint32_t timeout_ms;
	bool spare; /* only where it costs no device a period */
};

/* What came of one. */
struct bus_lent {
	enum bus_status status;
	int64_t begun_mono_us;
	int64_t ended_mono_us;
};

enum {
	BUS_LOAD_WINDOW_MS_MIN = 60000,
	BUS_LOAD_PERMILLE_MAX = 600, /* above it a spare loan goes out only where nobody is due */
	BUS_LOANS_ONE_IN = 4,        /* part of the time for loans that are not spare; */
	BUS_LOANS_BURST_MS = 2000,   /* so much at once; beyond, they are as if spare */
};

/*
 * Somebody borrows the bus: may this request go out now? False while a late
 * answer to the same device, function and length is still possible, while its
 * device wants its pause, and, for a spare one, while it could cost a device
 * a period; *ret_until_mono_us tells when to look again. After it,
 * bus_engine_lent() learns what came of it.
 */
bool bus_engine_may_lend(const struct bus_engine *engine, const struct bus_loan *loan,
	int64_t now_mono_us, int64_t *ret_until_mono_us);
void bus_engine_lent(
	struct bus_engine *engine, const struct bus_loan *loan, const struct bus_lent *lent);

/* How much of the last minute polls took, 0 to 1000; BUS_LOAD_UNKNOWN in the first. */
int32_t bus_engine_load_permille(const struct bus_engine *engine);

/* True while the port is open. */
bool bus_engine_is_open(const struct bus_engine *engine);

#endif
