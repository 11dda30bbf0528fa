/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bus_engine_state.h -- What a bus engine remembers, and its telling. Part of
 * bus_engine.c; nobody else needs it.
 */
#ifndef DRIVERS_BUS_ENGINE_STATE_H
#define DRIVERS_BUS_ENGINE_STATE_H

#include "drivers/bus_engine.h"
#include "drivers/device_counters.h"
#include "drivers/hold_off.h"

enum { REASON_BYTES = 120 };

struct engine_device {
	struct device_reader *reader;
	struct response_timeout timeout;
	struct device_counters counters;
	enum device_state state;
	unsigned failures;           /* in a row */
	int64_t read_mono_ms;        /* when values of it were last read */
	int64_t rests_until_mono_us; /* the pause it wants after a request */
	int64_t reported_mono_ms;
	uint64_t reported_errors; /* unanswered or refused requests told of */
	char reason[REASON_BYTES];
};

struct bus_engine {
	struct bus_engine_settings settings;
	struct poll_schedule *schedule;
	struct engine_device *devices;
	struct hold_offs hold_offs;
	int asked; /* device of the request on its way; NO_DEVICE: none */
	int late;  /* device whose answer may come late; NO_DEVICE: none */
	bool probing;
	struct bus_request request;
	uint32_t ceiling_ms; /* the largest of its devices, for those nobody has configured */
	bool open;
	bool answers;      /* since the port was opened */
	bool was_reported; /* the port's state was told at least once */
	bool reported_open;
	int64_t reopen_mono_us;
	uint32_t reopen_period_ms;
	int64_t listen_until_mono_us;
	struct bus_load polls;
	int64_t loans_even_mono_us; /* when loans that were not spare have had their share, no more
				     */
	char reason[REASON_BYTES];
};

void engine_report_bus(struct bus_engine *engine, int64_t now_mono_us);
void engine_report_samples(struct bus_engine *engine, size_t device, int64_t now_mono_us);
void engine_report_serial_number(struct bus_engine *engine, size_t device, int64_t now_mono_us);

/* Tell of a change at once, of counters now and then. */
void engine_set_state(
	struct bus_engine *engine, size_t device, enum device_state state, int64_t now_mono_us);

/* Something came of a request, or the port is gone. */
void engine_note_port(struct bus_engine *engine, enum bus_status status, int64_t now_mono_us);
void engine_hold_off(struct bus_engine *engine, const struct bus_request *request,
	int64_t now_mono_us, uint32_t ceiling_ms);
/* The pause that a device's model asks for, from now on. */
void engine_rest(struct bus_engine *engine, size_t device, int64_t now_mono_us);

void engine_begin_loads(struct bus_engine *engine, int64_t now_mono_us);

#endif
