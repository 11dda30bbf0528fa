/* SPDX-License-Identifier: Apache-2.0 */
/* bus_engine_report.c -- What a bus engine tells; see bus_engine_state.h. */
#include "drivers/bus_engine_state.h"

enum { US_PER_MS = 1000 };

static void report(struct bus_engine *engine, struct worker_report *report)
{
	engine->settings.report(engine->settings.context, report);
}

static void report_device(struct bus_engine *engine, size_t device, int64_t now_mono_us)
{
	struct engine_device *mine = &engine->devices[device];

	mine->counters.timeout_ms = response_timeout_ms(&mine->timeout);
	mine->counters.skipped = poll_schedule_skipped(engine->schedule, device);
	mine->reported_mono_ms = now_mono_us / US_PER_MS;
	report(engine, &(struct worker_report){
			       .kind = REPORT_DEVICE_STATE,
			       .device = (uint16_t)device,
			       .at_mono_ms = mine->reported_mono_ms,
			       .state = mine->state,
			       .counters = &mine->counters,
			       .reason = mine->reason,
		       });
}

void engine_report_bus(struct bus_engine *engine, int64_t now_mono_us)
{
	engine->was_reported = true;
	engine->reported_open = engine->open;
	report(engine, &(struct worker_report){
			       .kind = REPORT_BUS_STATE,
			       .at_mono_ms = now_mono_us / US_PER_MS,
			       .bus_open = engine->open,
			       .reason = engine->reason,
		       });
}

void engine_report_samples(struct bus_engine *engine, size_t device, int64_t now_mono_us)
{
	struct engine_device *mine = &engine->devices[device];
	struct worker_report samples = {
		.kind = REPORT_SAMPLES,
		.device = (uint16_t)device,
		.at_mono_ms = now_mono_us / US_PER_MS,
	};
	size_t implausible = 0;

	samples.samples_count = device_reader_samples(mine->reader, &samples.samples, &implausible);
	mine->counters.errors[BUS_ERROR_IMPLAUSIBLE] += implausible;
	if (samples.samples_count > 0) {
		report(engine, &samples);
	}
}

void engine_report_serial_number(struct bus_engine *engine, size_t device, int64_t now_mono_us)
{
	const char *serial_number = device_reader_serial_number(engine->devices[device].reader);

	if (serial_number) {
		report(engine, &(struct worker_report){
				       .kind = REPORT_SERIAL_NUMBER,
				       .device = (uint16_t)device,
				       .at_mono_ms = now_mono_us / US_PER_MS,
				       .serial_number = serial_number,
			       });
	}
}

void engine_set_state(
	struct bus_engine *engine, size_t device, enum device_state state, int64_t now_mono_us)
{
	struct engine_device *mine = &engine->devices[device];
	const bool changed = mine->state != state;
	const uint64_t errors = mine->counters.requests - mine->counters.answers;
	const int64_t period_ms = errors == mine->reported_errors ? DEVICE_REPORT_PERIOD_MS
								  : DEVICE_TROUBLE_PERIOD_MS;

	mine->state = state;
	if (changed || now_mono_us / US_PER_MS - mine->reported_mono_ms >= period_ms) {
		mine->reported_errors = errors;
		report_device(engine, device, now_mono_us);
	}
}
