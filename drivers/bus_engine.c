/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bus_engine.c -- The bus's state and its devices': whose turn it is is
 * poll_schedule.c's to say, what to ask device_reader.c's; here the answers'
 * consequences are drawn.
 */
#include "drivers/bus_engine_state.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	NO_DEVICE = -1,
	US_PER_MS = 1000,
	EXCEPTION_GATEWAY_PATH = 10,
	EXCEPTION_GATEWAY_TARGET = 11,
};

/* --- making and freeing --------------------------------------------------------- */

static struct poll_periods periods_of(const struct device *device)
{
	struct poll_periods periods = {0};

	for (size_t i = 0; i < device->points_count; i++) {
		if (device->points[i].value->slow) {
			periods.slow_ms = device->slow_period_ms;
		} else {
			periods.fast_ms = device->fast_period_ms;
		}
	}
	return periods;
}

static bool make_schedule(struct bus_engine *engine, int64_t now_mono_us)
{
	const size_t count = engine->settings.devices_count;
	struct poll_periods *periods = calloc(count + 1, sizeof(*periods));

	if (periods) {
		for (size_t i = 0; i < count; i++) {
			periods[i] = periods_of(&engine->settings.devices[i]);
		}
		engine->schedule = poll_schedule_new(periods, count, now_mono_us / US_PER_MS);
	}
	free(periods);
	return engine->schedule != NULL;
}

static bool make_devices(struct bus_engine *engine)
{
	const struct bus_engine_settings *settings = &engine->settings;

	engine->devices = calloc(settings->devices_count + 1, sizeof(*engine->devices));
	for (size_t i = 0; engine->devices && i < settings->devices_count; i++) {
		const struct device *device = &settings->devices[i];
		struct engine_device *mine = &engine->devices[i];

		if (device->response_timeout_max_ms > engine->ceiling_ms) {
			engine->ceiling_ms = device->response_timeout_max_ms;
		}
		response_timeout_init(&mine->timeout, device->response_timeout_min_ms,
			device->response_timeout_max_ms);
		mine->reader = device_reader_new(device, &settings->line, settings->answer_time_ms);
		if (!mine->reader) {
			return false;
		}
	}
	return engine->devices != NULL;
}

struct bus_engine *bus_engine_new(const struct bus_engine_settings *settings, int64_t now_mono_us)
{
	struct bus_engine *engine = calloc(1, sizeof(*engine));

	if (!engine) {
		return NULL;
	}
	engine->settings = *settings;
	engine->asked = NO_DEVICE;
	engine->late = NO_DEVICE;
	engine->reopen_mono_us = now_mono_us;
	engine->reopen_period_ms = BUS_REOPEN_PERIOD_MS_MIN;
	engine_begin_loads(engine, now_mono_us);
	if (!make_schedule(engine, now_mono_us) || !make_devices(engine)) {
		return bus_engine_free(engine);
	}
	return engine;
}

struct bus_engine *bus_engine_free(struct bus_engine *engine)
{
	if (!engine) {
		return NULL;
	}
	for (size_t i = 0; engine->devices && i < engine->settings.devices_count; i++) {
		device_reader_free(engine->devices[i].reader);
	}
	free(engine->devices);
	poll_schedule_free(engine->schedule);
	free(engine);
	return NULL;
}

static void end_poll(struct bus_engine *engine, size_t device, int64_t now_mono_us)
{
	engine_report_samples(engine, device, now_mono_us);
	poll_schedule_finish(engine->schedule, device, now_mono_us / US_PER_MS);
}

static struct engine_step wait_until(int64_t until_mono_us)
{
	return (struct engine_step){.action = ENGINE_WAIT, .until_mono_us = until_mono_us};
}

/* The turn's request; false when its poll is over, or must wait. */
static bool take_turn(struct bus_engine *engine, const struct poll_turn *turn, int64_t now_mono_us)
{
	struct device_reader *reader = engine->devices[turn->device].reader;

	if (turn->begins) {
		device_reader_begin(reader, turn->groups);
	}
	if (!device_reader_next(reader, &engine->request)) {
		end_poll(engine, turn->device, now_mono_us);
		return false;
	}
	int64_t held_mono_us = hold_offs_until(&engine->hold_offs, &engine->request);
	if (held_mono_us > now_mono_us) {
		poll_schedule_hold(
			engine->schedule, turn->device, (held_mono_us + US_PER_MS - 1) / US_PER_MS);
		return false;
	}
	engine->asked = (int)turn->device;
	engine->probing = turn->probe;
	return true;
}

static struct engine_step next_step(struct bus_engine *engine, int64_t now_mono_us)
{
	struct poll_turn turn;
	int64_t wake_mono_ms = 0;

	if (!engine->open) {
		return engine->reopen_mono_us > now_mono_us
			       ? wait_until(engine->reopen_mono_us)
			       : (struct engine_step){.action = ENGINE_OPEN};
	}
	if (engine->listen_until_mono_us > now_mono_us) {
		return wait_until(engine->listen_until_mono_us);
	}
	/* A turn that comes to nothing ends a poll or holds a device: twice each at the most. */
	for (size_t i = 0; i <= 2 * engine->settings.devices_count; i++) {
		if (!poll_schedule_next(
			    engine->schedule, now_mono_us / US_PER_MS, &turn, &wake_mono_ms)) {
			return wait_until(
				wake_mono_ms == INT64_MAX ? INT64_MAX : wake_mono_ms * US_PER_MS);
		}
		if (take_turn(engine, &turn, now_mono_us)) {
			return (struct engine_step){
				.action = ENGINE_ASK,
				.request = engine->request,
				.timeout_ms =
					response_timeout_ms(&engine->devices[turn.device].timeout),
			};
		}
	}
	return wait_until(now_mono_us + US_PER_MS);
}

/* The line is taken while any poll goes on, also in the pauses that its device wants. */
struct engine_step bus_engine_next(struct bus_engine *engine, int64_t now_mono_us)
{
	struct engine_step step = next_step(engine, now_mono_us);

	bus_load_note(&engine->polls, poll_schedule_is_active(engine->schedule), now_mono_us);
	return step;
}

/* --- what came of it -------------------------------------------------------------- */

/* When the request's last bit was on the wire. */
static int64_t asked_mono_us(const struct bus_engine *engine, const struct bus_answer *answer)
{
	const size_t length = frame_request_length(TRANSPORT_RTU, &engine->request);

	return answer->sent_mono_us + bus_line_wire_us(&engine->settings.line, length);
}

static void explain(
	struct engine_device *mine, enum bus_status status, const struct bus_answer *answer)
{
	if (status == BUS_REFUSED) {
		snprintf(mine->reason, sizeof(mine->reason), "exception %u, %s", answer->exception,
			modbus_exception_text(answer->exception));
	} else if (status == BUS_BAD_FRAME) {
		snprintf(mine->reason, sizeof(mine->reason), "%s",
			frame_verdict_text(answer->verdict));
	} else if (status == BUS_DOWN) {
		snprintf(mine->reason, sizeof(mine->reason),
			"the connection ended before it answered");
	} else {
		snprintf(mine->reason, sizeof(mine->reason), "%s", bus_status_text(status));
	}
}

/* It answered. A device that was silent is polled again, from its serial number on. */
static void on_progress(struct bus_engine *engine, size_t device, int64_t now_mono_us)
{
	struct engine_device *mine = &engine->devices[device];
	const bool has_read = device_reader_has_read(mine->reader);

	if (engine->probing || has_read) {
		mine->failures = 0;
	}
	if (has_read) {
		mine->read_mono_ms = now_mono_us / US_PER_MS;
		mine->reason[0] = '\0';
	}
	engine_report_serial_number(engine, device, now_mono_us);
	if (engine->probing) {
		poll_schedule_finish(engine->schedule, device, now_mono_us / US_PER_MS);
		poll_schedule_revive(engine->schedule, device, now_mono_us / US_PER_MS);
	}
	engine_set_state(engine, device, has_read ? DEVICE_OK : mine->state, now_mono_us);
}

static void on_failure(struct bus_engine *engine, size_t device, int64_t now_mono_us)
{
	struct engine_device *mine = &engine->devices[device];

	mine->failures++;
	if (engine->probing) {
		poll_schedule_finish(engine->schedule, device, now_mono_us / US_PER_MS);
		engine_set_state(engine, device, DEVICE_SILENT, now_mono_us);
	} else if (mine->failures >= DEVICE_ATTEMPTS_MAX) {
		end_poll(engine, device, now_mono_us);
		poll_schedule_silence(engine->schedule, device, now_mono_us / US_PER_MS);
		device_reader_forget(mine->reader);
		engine_set_state(engine, device, DEVICE_SILENT, now_mono_us);
	}
}

/* One group may be refused and the other read: longer than both periods, and more than once. */
static bool refuses_all(const struct bus_engine *engine, size_t device, int64_t now_mono_us)
{
	const struct device *settings = &engine->settings.devices[device];
	const struct engine_device *mine = &engine->devices[device];
	const int64_t unread_ms = now_mono_us / US_PER_MS - mine->read_mono_ms;

	return mine->state != DEVICE_OK ||
	       (mine->failures >= DEVICE_ATTEMPTS_MAX && unread_ms > settings->fast_period_ms &&
		       unread_ms > settings->slow_period_ms);
}

/* It is there and will not tell: asked again at its period. */
static void on_refusal(struct bus_engine *engine, size_t device, int64_t now_mono_us)
{
	engine->devices[device].failures++;
	end_poll(engine, device, now_mono_us);
	if (engine->probing) {
		poll_schedule_revive(engine->schedule, device, now_mono_us / US_PER_MS);
	}
	if (!device_reader_has_read(engine->devices[device].reader) &&
		refuses_all(engine, device, now_mono_us)) {
		engine_set_state(engine, device, DEVICE_REFUSES, now_mono_us);
	}
}

static void back_off(struct bus_engine *engine, int64_t now_mono_us)
{
	engine->reopen_mono_us = now_mono_us + (int64_t)engine->reopen_period_ms * US_PER_MS;
	engine->reopen_period_ms = engine->reopen_period_ms * 2 < BUS_REOPEN_PERIOD_MS_MAX
					   ? engine->reopen_period_ms * 2
					   : BUS_REOPEN_PERIOD_MS_MAX;
}

/* The port is gone: nobody on it can be asked, and each is told of with the reason. */
static void on_bus_lost(struct bus_engine *engine, const char *reason, int64_t now_mono_us)
{
	const bool told =
		engine->was_reported && !engine->open && strcmp(engine->reason, reason) == 0;

	engine->open = false;
	snprintf(engine->reason, sizeof(engine->reason), "%s", reason);
	if (!told) {
		engine_report_bus(engine, now_mono_us);
	}
	for (size_t i = 0; i < engine->settings.devices_count; i++) {
		struct engine_device *mine = &engine->devices[i];

		if (mine->state == DEVICE_SILENT) {
			continue;
		}
		snprintf(mine->reason, sizeof(mine->reason), "%s", reason);
		end_poll(engine, i, now_mono_us);
		poll_schedule_silence(engine->schedule, i, now_mono_us / US_PER_MS);
		device_reader_forget(mine->reader);
		engine_set_state(engine, i, DEVICE_SILENT, now_mono_us);
	}
}

/*
 * At once after answers, which is how devices end idle connections; ever later
 * where every new connection ends without one.
 */
static void reopen_soon(struct bus_engine *engine, int64_t now_mono_us)
{
	engine->open = false;
	engine->reopen_mono_us = now_mono_us;
	if (!engine->answers) {
		back_off(engine, now_mono_us);
	}
}

/* Whether anything at all answers on it. */
void engine_note_port(struct bus_engine *engine, enum bus_status status, int64_t now_mono_us)
{
	if (status == BUS_DOWN) {
		reopen_soon(engine, now_mono_us);
	} else if (status == BUS_OK || status == BUS_REFUSED) {
		engine->answers = true;
		engine->reopen_period_ms = BUS_REOPEN_PERIOD_MS_MIN;
	}
}

/* TCP needs none: after a time-out its connection is closed, and answers carry their number. */
void engine_hold_off(struct bus_engine *engine, const struct bus_request *request,
	int64_t now_mono_us, uint32_t ceiling_ms)
{
	if (engine->settings.line.kind != BUS_TCP) {
		hold_offs_add(
			&engine->hold_offs, request, now_mono_us + (int64_t)ceiling_ms * US_PER_MS);
	}
}

/* May the answer still come? A broken one that was heard whole is all there will be. */
static bool may_come_late(enum bus_status status, const struct bus_answer *answer)
{
	return status == BUS_TIMEOUT ||
	       (status == BUS_BAD_FRAME &&
		       !(answer->verdict == FRAME_BAD_CRC && answer->late_bytes == 0));
}

/* A gateway that speaks for a silent device behind it. */
static bool is_silence(enum bus_status status, const struct bus_answer *answer)
{
	return status == BUS_REFUSED && (answer->exception == EXCEPTION_GATEWAY_PATH ||
						answer->exception == EXCEPTION_GATEWAY_TARGET);
}

/* Bytes that came late are those of the device that last gave none, as far as anybody knows. */
static void count(struct bus_engine *engine, size_t device, const struct counted_answer *counted)
{
	struct engine_device *mine = &engine->devices[device];
	const size_t late = engine->late == NO_DEVICE ? device : (size_t)engine->late;

	device_counters_count(&mine->counters, &mine->timeout, counted);
	if (counted->answer->late_bytes > 0) {
		engine->devices[late].counters.errors[BUS_ERROR_LATE]++;
		engine->late = NO_DEVICE;
	}
	if (may_come_late(counted->status, counted->answer)) {
		engine->late = (int)device;
	}
}

/* The pause its model asks for, from now on. */
void engine_rest(struct bus_engine *engine, size_t device, int64_t now_mono_us)
{
	const uint32_t pause_ms = engine->settings.devices[device].model->pause_ms;

	if (pause_ms > 0) {
		engine->devices[device].rests_until_mono_us =
			now_mono_us + (int64_t)pause_ms * US_PER_MS;
		poll_schedule_hold(engine->schedule, device,
			(now_mono_us + US_PER_MS - 1) / US_PER_MS + pause_ms);
	}
}

void bus_engine_answered(struct bus_engine *engine, enum bus_status status,
	const struct bus_answer *answer, int64_t now_mono_us)
{
	assert(engine->asked != NO_DEVICE);

	const size_t device = (size_t)engine->asked;
	const struct device *settings = &engine->settings.devices[device];
	struct engine_device *mine = &engine->devices[device];

	engine->asked = NO_DEVICE;
	struct counted_answer counted = {status, answer, asked_mono_us(engine, answer)};

	count(engine, device, &counted);
	engine_note_port(engine, status, now_mono_us);
	if (may_come_late(status, answer)) {
		engine_hold_off(
			engine, &engine->request, now_mono_us, settings->response_timeout_max_ms);
	}
	engine_rest(engine, device, now_mono_us);
	if (status != BUS_OK) {
		explain(mine, status, answer);
	}
	if (is_silence(status, answer)) {
		status = BUS_TIMEOUT;
	}
	switch (device_reader_take(mine->reader, status, answer)) {
	case READER_GOES_ON:
		on_progress(engine, device, now_mono_us);
		break;
	case READER_AGAIN:
		on_failure(engine, device, now_mono_us);
		break;
	case READER_NO_MODEL:
		snprintf(mine->reason, sizeof(mine->reason), "no %s found on it",
			settings->model->title);
		on_refusal(engine, device, now_mono_us);
		break;
	case READER_REFUSED:
		on_refusal(engine, device, now_mono_us);
		break;
	}
	bus_load_note(&engine->polls, poll_schedule_is_active(engine->schedule), now_mono_us);
}

void bus_engine_opened(
	struct bus_engine *engine, enum bus_status status, const char *reason, int64_t now_mono_us)
{
	if (status != BUS_OK) {
		back_off(engine, now_mono_us);
		on_bus_lost(engine, reason, now_mono_us);
		return;
	}
	engine->open = true;
	engine->answers = false;
	engine->reason[0] = '\0';
	if (engine->settings.line.kind == BUS_RTU) {
		engine->listen_until_mono_us = now_mono_us + BUS_RTU_LISTEN_MS * US_PER_MS;
	}
	if (!engine->was_reported || !engine->reported_open) {
		poll_schedule_probe_all(engine->schedule, now_mono_us / US_PER_MS);
		engine_report_bus(engine, now_mono_us);
	}
}

bool bus_engine_is_open(const struct bus_engine *engine)
{
	return engine->open;
}
