/* SPDX-License-Identifier: Apache-2.0 */
/* fake_bus.c -- Devices that take virtual time to answer; see fake_bus.h. */
#include "tests/fakes/fake_bus.h"

static struct fake_device *find_device(struct fake_bus *fake, uint8_t address)
{
	for (size_t i = 0; i < fake->devices_count; i++) {
		if (fake->devices[i].address == address) {
			return &fake->devices[i];
		}
	}
	return NULL;
}

static bool touches(const struct register_range *range, const struct bus_request *request)
{
	return range->last > 0 && (uint8_t)range->space == request->function &&
	       request->address <= range->last && request->address + request->count > range->first;
}

static uint16_t word_at(const struct fake_device *device, uint16_t address)
{
	for (size_t i = 0; i < device->words_count; i++) {
		if (device->words[i].address == address) {
			return device->words[i].word;
		}
	}
	return address;
}

static enum bus_status refuse(struct bus_answer *answer, uint8_t exception)
{
	answer->verdict = FRAME_EXCEPTION;
	answer->exception = exception;
	return BUS_REFUSED;
}

/* What the device makes of it; BUS_TIMEOUT: nothing. */
static enum bus_status answer_of(
	struct fake_device *device, const struct bus_request *request, struct bus_answer *answer)
{
	if (!device || device->dead || touches(&device->unanswered, request)) {
		return BUS_TIMEOUT;
	}
	if (device->hangs_up) {
		return BUS_DOWN;
	}
	answer->late_bytes = device->late_bytes;
	device->late_bytes = 0;
	if (device->bad_answers > 0) {
		device->bad_answers--;
		answer->verdict = device->bad_verdict;
		return BUS_BAD_FRAME;
	}
	if (device->exception) {
		return refuse(answer, device->exception);
	}
	if (touches(&device->refused, request)) {
		return refuse(answer, device->refused_exception ? device->refused_exception : 2);
	}
	for (uint16_t i = 0; i < request->count; i++) {
		answer->words[i] = word_at(device, (uint16_t)(request->address + i));
	}
	return BUS_OK;
}

static enum bus_status fake_ask(struct bus *bus, const struct bus_request *request,
	uint32_t timeout_ms, struct bus_answer *ret_answer)
{
	struct fake_bus *fake = (struct fake_bus *)bus;
	struct fake_device *device = find_device(fake, request->device);
	size_t length = frame_request_length(TRANSPORT_RTU, request);

	*ret_answer = (struct bus_answer){.sent_mono_us = fake->now_mono_us};
	if (fake->gone) {
		return BUS_DOWN;
	}
	if (device) {
		device->requests++;
		device->asked_mono_us = fake->now_mono_us;
		device->request = *request;
	}
	fake->now_mono_us += bus_line_wire_us(&fake->line, length);
	enum bus_status status = answer_of(device, request, ret_answer);
	if (status == BUS_TIMEOUT) {
		fake->now_mono_us += (int64_t)timeout_ms * 1000;
	} else {
		fake->now_mono_us += device->answer_time_us;
		ret_answer->began_mono_us = fake->now_mono_us;
		fake->now_mono_us +=
			bus_line_wire_us(&fake->line, frame_answer_length(TRANSPORT_RTU, request));
	}
	ret_answer->done_mono_us = fake->now_mono_us;
	fake->now_mono_us += bus_line_silence_us(&fake->line);
	return status;
}

static enum bus_status fake_open(struct bus *bus, const char **ret_reason)
{
	const struct fake_bus *fake = (struct fake_bus *)bus;

	if (fake->gone) {
		*ret_reason = "there is no such port";
		return BUS_DOWN;
	}
	return BUS_OK;
}

static void fake_close(struct bus *bus)
{
	(void)bus; /* the test's own */
}

static const struct bus_ops fake_ops = {
	.ask = fake_ask,
	.open = fake_open,
	.close = fake_close,
};

void fake_bus_init(struct fake_bus *fake, enum bus_kind kind)
{
	*fake = (struct fake_bus){
		.bus = {.ops = &fake_ops},
		.line = { .kind = kind,
			.baud = 19200,
			.parity = 'E',
			.data_bits = 8,
			.stop_bits = 1},
	};
}

void fake_bus_run(struct fake_bus *fake, struct bus_engine *engine, int64_t until_mono_us)
{
	struct bus_answer answer;
	const char *reason = "";
	enum bus_status status;

	while (fake->now_mono_us < until_mono_us) {
		struct engine_step step = bus_engine_next(engine, fake->now_mono_us);
		switch (step.action) {
		case ENGINE_ASK:
			status = fake->bus.ops->ask(
				&fake->bus, &step.request, step.timeout_ms, &answer);
			bus_engine_answered(engine, status, &answer, fake->now_mono_us);
			break;
		case ENGINE_OPEN:
			status = fake->bus.ops->open(&fake->bus, &reason);
			bus_engine_opened(engine, status, reason, fake->now_mono_us);
			break;
		case ENGINE_WAIT:
			fake->now_mono_us = step.until_mono_us < until_mono_us ? step.until_mono_us
									       : until_mono_us;
			break;
		}
	}
}
