/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_reader.c -- device_reader.h as a walk through steps: each request is
 * made by the step that is next, each answer taken by the same.
 */
#include "drivers/device_reader.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/base_search.h"
#include "drivers/device_plan.h"

enum {
	PLANS = 4, /* one for each set of groups; 0 stays empty */
	EXCEPTION_ILLEGAL_ADDRESS = 2,
	EXCEPTION_ACKNOWLEDGED = 5, /* still working on it */
	EXCEPTION_BUSY = 6,
	EXCEPTION_ILLEGAL_VALUE = 3,    /* what many devices say of a block they find too long */
	SERIAL_NUMBER_ATTEMPTS_MAX = 2, /* below DEVICE_ATTEMPTS_MAX: then the values are asked */
};

enum reader_step {
	STEP_BASE, /* where does its map begin? */
	STEP_SERIAL_NUMBER,
	STEP_BLOCK,
	STEP_PROBE, /* the shortest thing to ask */
	STEP_DONE,
};

struct device_reader {
	const struct device *device;
	struct plan_limits limits;
	struct device_units units;
	struct plan plans[PLANS]; /* with room for a block for each unit */
	struct sample *samples;
	bool *sampled; /* per point: in this poll */
	size_t samples_count;
	size_t samples_taken; /* given to the owner already */
	size_t implausible;
	/* of the device that stands there now */
	struct base_search search;
	bool has_serial_number; /* or given up */
	bool serial_number_is_new;
	uint8_t serial_number_attempts; /* without an answer */
	char serial_number[SERIAL_NUMBER_MAX];
	/* of this poll */
	uint8_t groups;
	bool probe;
	bool probed;
	bool answered; /* something of it was of use */
	size_t block;
};

/* --- plans ------------------------------------------------------------------- */

static bool plan_all(struct device_reader *reader)
{
	for (uint8_t groups = 1; groups < PLANS; groups++) {
		struct plan plan = {0};
		size_t bad = 0;

		if (device_plan_make(reader->device, groups, &reader->limits, &plan, &bad) !=
			PLAN_OK) {
			return false;
		}
		struct plan_block *roomy =
			realloc(plan.blocks, (reader->units.count + 1) * sizeof(*plan.blocks));
		if (!roomy) {
			free(plan.blocks);
			return false;
		}
		free(reader->plans[groups].blocks);
		reader->plans[groups] = (struct plan){roomy, plan.count};
	}
	return true;
}

struct device_reader *device_reader_new(
	const struct device *device, const struct bus_line *line, uint32_t answer_time_ms)
{
	struct device_reader *reader = calloc(1, sizeof(*reader));

	if (!reader) {
		return NULL;
	}
	reader->device = device;
	reader->limits = read_plan_limits(device->model, line,
		answer_time_ms ? answer_time_ms : DEVICE_ANSWER_TIME_MS_DEFAULT);
	base_search_begin(&reader->search, &device->model->base);
	reader->units.items = calloc(device->points_count + 1, sizeof(*reader->units.items));
	reader->samples = calloc(device->points_count + 1, sizeof(*reader->samples));
	reader->sampled = calloc(device->points_count + 1, sizeof(*reader->sampled));
	if (!reader->units.items || !reader->samples || !reader->sampled) {
		return device_reader_free(reader);
	}
	reader->units.count = device_units(device, reader->units.items);
	return plan_all(reader) ? reader : device_reader_free(reader);
}

struct device_reader *device_reader_free(struct device_reader *reader)
{
	if (!reader) {
		return NULL;
	}
	for (size_t i = 0; i < PLANS; i++) {
		free(reader->plans[i].blocks);
	}
	free(reader->units.items);
	free(reader->samples);
	free(reader->sampled);
	free(reader);
	return NULL;
}

/* --- what is next ------------------------------------------------------------ */

static enum reader_step current_step(const struct device_reader *reader)
{
	const struct meter_model *model = reader->device->model;

	if (reader->probe && reader->probed) {
		return STEP_DONE;
	}
	if (!reader->search.found) {
		return STEP_BASE;
	}
	if (model->has_serial_number && !reader->has_serial_number) {
		return STEP_SERIAL_NUMBER;
	}
	if (reader->probe) {
		return STEP_PROBE;
	}
	return reader->block < reader->plans[reader->groups].count ? STEP_BLOCK : STEP_DONE;
}

static struct bus_request request_of(
	const struct device_reader *reader, const struct plan_block *block)
{
	return (struct bus_request){
		.device = reader->device->address,
		.function = (uint8_t)block->space,
		.address = block->address,
		.count = block->count,
	};
}

/* The block of a step; addresses as on the wire. */
static struct plan_block step_block(const struct device_reader *reader, enum reader_step step)
{
	const struct meter_model *model = reader->device->model;
	const enum register_space space = model->values[0].space;
	struct plan_block block = {.space = space, .count = BASE_SEARCH_REGISTERS};

	if (step == STEP_BASE) {
		block.address = base_search_address(&reader->search);
	} else if (step == STEP_SERIAL_NUMBER) {
		block.space = model->serial_number_space;
		block.address = (uint16_t)(reader->search.common + model->serial_number_address);
		block.count = model->serial_number_format.registers;
	} else if (step == STEP_PROBE) {
		const struct plan_span *span = &reader->units.items[0].span;

		block.space = span->space;
		block.address = (uint16_t)(reader->search.base + span->first);
		block.count = (uint16_t)(span->last - span->first + 1);
	} else {
		block = reader->plans[reader->groups].blocks[reader->block];
		block.address = (uint16_t)(reader->search.base + block.address);
	}
	return block;
}

void device_reader_begin(struct device_reader *reader, uint8_t groups)
{
	assert(groups < PLANS);

	reader->groups = groups;
	reader->probe = groups == 0;
	reader->probed = false;
	reader->answered = false;
	reader->block = 0;
	reader->samples_count = 0;
	reader->samples_taken = 0;
	reader->implausible = 0;
	memset(reader->sampled, 0, reader->device->points_count * sizeof(*reader->sampled));
}

bool device_reader_next(struct device_reader *reader, struct bus_request *ret_request)
{
	enum reader_step step = current_step(reader);

	if (step == STEP_DONE) {
		return false;
	}
	struct plan_block block = step_block(reader, step);
	*ret_request = request_of(reader, &block);
	return true;
}

/* --- serial number ------------------------------------------------------------ */

static void know_serial_number(struct device_reader *reader, const uint16_t *words)
{
	reader->serial_number[0] = '\0';
	if (words) {
		device_serial_number_text(
			words, reader->device->model->serial_number_format, reader->serial_number);
	}
	reader->has_serial_number = true;
	reader->serial_number_is_new = true;
}

/* --- blocks ------------------------------------------------------------------- */

/* A point is sampled once a poll, also where blocks overlap. */
static void add_sample(struct device_reader *reader, size_t point, struct sample sample)
{
	const struct device_point *of = &reader->device->points[point];

	if (reader->sampled[point]) {
		return;
	}
	reader->sampled[point] = true;
	sample.meter = of->meter;
	sample.quantity = (uint8_t)of->value->quantity;
	reader->samples[reader->samples_count++] = sample;
	reader->implausible += sample.status == DECODE_OUT_OF_RANGE;
}

static bool is_wanted(const struct device_reader *reader, const struct device_point *point)
{
	return reader->groups & (point->value->slow ? POLL_SLOW : POLL_FAST);
}

/* Once a poll: what the device refuses is said to be unavailable. */
static void tell_hole(
	struct device_reader *reader, const struct device_unit *unit, int64_t at_mono_ms)
{
	const struct sample none = {.read_mono_ms = at_mono_ms, .status = DECODE_UNAVAILABLE};

	for (size_t i = 0; i < reader->device->points_count; i++) {
		if (device_unit_has(unit, reader->device, i) &&
			is_wanted(reader, &reader->device->points[i])) {
			add_sample(reader, i, none);
		}
	}
}

static void tell_holes(struct device_reader *reader, int64_t at_mono_ms)
{
	for (size_t i = 0; i < reader->units.count; i++) {
		if (reader->units.items[i].hole) {
			tell_hole(reader, &reader->units.items[i], at_mono_ms);
		}
	}
}

static void take_block(struct device_reader *reader, const struct bus_answer *answer)
{
	const struct plan_block *block = &reader->plans[reader->groups].blocks[reader->block++];
	const int64_t at_mono_ms = answer->done_mono_us / 1000;

	for (size_t i = 0; i < reader->device->points_count; i++) {
		const struct device_point *point = &reader->device->points[i];
		struct sample sample = {.read_mono_ms = at_mono_ms};

		if (is_wanted(reader, point) && device_block_has(block, point)) {
			sample.status = (uint8_t)model_value_decode(point->value, point->scale,
				answer->words, block->address, &sample.value);
			add_sample(reader, i, sample);
		}
	}
	if (!reader->answered) {
		tell_holes(reader, at_mono_ms);
	}
	reader->answered = true;
}

static bool refuses_all(const struct device_reader *reader)
{
	for (size_t i = 0; i < reader->units.count; i++) {
		if (!reader->units.items[i].hole) {
			return false;
		}
	}
	return true;
}

static void forget_holes(struct device_reader *reader)
{
	for (size_t i = 0; i < reader->units.count; i++) {
		reader->units.items[i].hole = false;
	}
	/* Out of memory, the plans that were learned stay: they read less, and nothing wrong. */
	(void)plan_all(reader);
}

/* The block in two, for this poll and the ones to come; what is refused alone is a hole. */
static enum reader_result split_block(struct device_reader *reader, int64_t at_mono_ms)
{
	struct plan *plan = &reader->plans[reader->groups];

	if (device_plan_split(&reader->units, reader->groups, plan, reader->block)) {
		tell_holes(reader, at_mono_ms);
	}
	if (!refuses_all(reader)) {
		return READER_GOES_ON;
	}
	/* That is no meter with holes; the next poll asks anew. */
	forget_holes(reader);
	return READER_REFUSED;
}

/* --- answers ------------------------------------------------------------------ */

static enum reader_result take_words(
	struct device_reader *reader, enum reader_step step, const struct bus_answer *answer)
{
	enum reader_result result = READER_GOES_ON;

	reader->probed = true;
	switch (step) {
	case STEP_BASE:
		result = base_search_take(&reader->search, answer->words);
		break;
	case STEP_SERIAL_NUMBER:
		know_serial_number(reader, answer->words);
		break;
	case STEP_BLOCK:
		take_block(reader, answer);
		break;
	case STEP_PROBE:
		reader->has_serial_number = false; /* given up on while nobody was there */
		reader->serial_number_attempts = 0;
		break;
	case STEP_DONE:
		break;
	}
	return result;
}

static void take_silence(struct device_reader *reader, enum reader_step step)
{
	if (step == STEP_BASE) {
		base_search_silence(&reader->search);
	} else if (step == STEP_SERIAL_NUMBER) {
		reader->serial_number_attempts++;
		reader->has_serial_number =
			reader->serial_number_attempts >= SERIAL_NUMBER_ATTEMPTS_MAX;
	}
}

/* Of a block that is refused this time only, the others are none the worse. */
static enum reader_result skip_block(struct device_reader *reader)
{
	reader->block++;
	return reader->answered || reader->block < reader->plans[reader->groups].count
		       ? READER_GOES_ON
		       : READER_REFUSED;
}

static enum reader_result take_refusal(
	struct device_reader *reader, enum reader_step step, const struct bus_answer *answer)
{
	const uint8_t exception = answer->exception;

	reader->probed = true;
	switch (step) {
	case STEP_BASE:
		return base_search_take(&reader->search, NULL);
	case STEP_SERIAL_NUMBER:
		if (exception == EXCEPTION_ACKNOWLEDGED || exception == EXCEPTION_BUSY) {
			take_silence(reader, step);
		} else {
			know_serial_number(reader, NULL);
		}
		break;
	case STEP_BLOCK:
		return exception == EXCEPTION_ILLEGAL_ADDRESS ||
				       exception == EXCEPTION_ILLEGAL_VALUE
			       ? split_block(reader, answer->done_mono_us / 1000)
			       : skip_block(reader);
	case STEP_PROBE: /* somebody is there */
	case STEP_DONE:
		break;
	}
	return READER_GOES_ON;
}

enum reader_result device_reader_take(
	struct device_reader *reader, enum bus_status status, const struct bus_answer *answer)
{
	enum reader_step step = current_step(reader);

	assert(step != STEP_DONE);
	if (status == BUS_OK) {
		return take_words(reader, step, answer);
	}
	if (status == BUS_REFUSED) {
		return take_refusal(reader, step, answer);
	}
	if (status == BUS_TIMEOUT) {
		take_silence(reader, step);
	}
	return READER_AGAIN;
}

bool device_reader_has_read(const struct device_reader *reader)
{
	return reader->answered;
}

size_t device_reader_samples(
	struct device_reader *reader, const struct sample **ret_samples, size_t *ret_implausible)
{
	size_t count = reader->samples_count - reader->samples_taken;

	*ret_samples = reader->samples + reader->samples_taken;
	*ret_implausible = reader->implausible;
	reader->samples_taken = reader->samples_count;
	reader->implausible = 0;
	return count;
}

const char *device_reader_serial_number(struct device_reader *reader)
{
	if (!reader->serial_number_is_new) {
		return NULL;
	}
	reader->serial_number_is_new = false;
	return reader->serial_number;
}

void device_reader_forget(struct device_reader *reader)
{
	base_search_begin(&reader->search, &reader->device->model->base);
	reader->has_serial_number = false;
	reader->serial_number_attempts = 0;
	forget_holes(reader);
}
