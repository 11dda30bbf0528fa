/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_reader.c -- device_reader.h as a walk through steps: each request is
 * made by the step that is next, each answer taken by the same.
 */
#include "drivers/device_reader.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/device_plan.h"

enum {
	PLANS = 4, /* one for each set of groups; 0 stays empty */
	SUNSPEC_COMMON_MODEL = 1,
	SUNSPEC_END_MODEL = 0xffff,
	SUNSPEC_HEAD_REGISTERS = 2, /* model id and length; the marker is as long */
	EXCEPTION_ILLEGAL_ADDRESS = 2,
	EXCEPTION_ILLEGAL_VALUE = 3,    /* what many devices say of a block they find too long */
	SERIAL_NUMBER_ATTEMPTS_MAX = 2, /* below DEVICE_ATTEMPTS_MAX: then the values are asked */
};

static const uint16_t sunspec_marker[SUNSPEC_HEAD_REGISTERS] = {0x5375, 0x6e53}; /* "SunS" */

enum reader_step {
	STEP_MARKER, /* is "SunS" at markers[marker]? */
	STEP_CHAIN,  /* the head of the model at chain_address */
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
	size_t samples_count;
	size_t samples_taken; /* given to the owner already */
	size_t implausible;
	/* of the device that stands there now */
	uint8_t marker;
	bool walking; /* the marker is found, the chain not walked to its end */
	bool has_base;
	uint16_t base;   /* where the model's addresses begin */
	uint16_t common; /* where SunSpec's common model begins */
	uint16_t chain_address;
	uint8_t chain_models;
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
	reader->units.items = calloc(device->points_count + 1, sizeof(*reader->units.items));
	reader->samples = calloc(device->points_count + 1, sizeof(*reader->samples));
	if (!reader->units.items || !reader->samples) {
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
	if (model->base.relative && !reader->has_base) {
		return reader->walking ? STEP_CHAIN : STEP_MARKER;
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
	struct plan_block block = {.space = space, .count = SUNSPEC_HEAD_REGISTERS};

	if (step == STEP_MARKER) {
		block.address = model->base.markers[reader->marker];
	} else if (step == STEP_CHAIN) {
		block.address = reader->chain_address;
	} else if (step == STEP_SERIAL_NUMBER) {
		block.space = model->serial_number_space;
		block.address = (uint16_t)(reader->common + model->serial_number_address);
		block.count = model->serial_number_format.registers;
	} else if (step == STEP_PROBE) {
		const struct plan_span *span = &reader->units.items[0].span;

		block.space = span->space;
		block.address = (uint16_t)(reader->base + span->first);
		block.count = (uint16_t)(span->last - span->first + 1);
	} else {
		block = reader->plans[reader->groups].blocks[reader->block];
		block.address = (uint16_t)(reader->base + block.address);
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
	for (size_t i = 0; i < reader->units.count; i++) {
		reader->units.items[i].told = false;
	}
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

/* --- SunSpec ----------------------------------------------------------------- */

static enum reader_result next_marker(struct device_reader *reader)
{
	reader->walking = false;
	if (++reader->marker < reader->device->model->base.markers_count) {
		return READER_GOES_ON;
	}
	reader->marker = 0;
	return READER_NO_MODEL;
}

static enum reader_result take_marker(struct device_reader *reader, const uint16_t *words)
{
	if (memcmp(words, sunspec_marker, sizeof(sunspec_marker)) != 0) {
		return next_marker(reader);
	}
	reader->walking = true;
	reader->chain_models = 0;
	reader->chain_address = (uint16_t)(reader->device->model->base.markers[reader->marker] +
					   SUNSPEC_HEAD_REGISTERS);
	return READER_GOES_ON;
}

static bool model_fits(const struct model_base *base, uint16_t model)
{
	for (size_t i = 0; i < base->models_count; i++) {
		if (base->models[i] == model) {
			return true;
		}
	}
	return false;
}

static enum reader_result take_chain(struct device_reader *reader, const uint16_t *words)
{
	const uint16_t model = words[0];
	const uint32_t next = (uint32_t)reader->chain_address + SUNSPEC_HEAD_REGISTERS + words[1];

	if (model == SUNSPEC_COMMON_MODEL) {
		reader->common = reader->chain_address;
	}
	if (model_fits(&reader->device->model->base, model)) {
		reader->base = reader->chain_address;
		reader->has_base = true;
		return READER_GOES_ON;
	}
	if (model == SUNSPEC_END_MODEL || next > UINT16_MAX ||
		++reader->chain_models == SUNSPEC_MODELS_MAX) {
		return next_marker(reader);
	}
	reader->chain_address = (uint16_t)next;
	return READER_GOES_ON;
}

/* --- serial number ------------------------------------------------------------ */

void device_serial_number_text(const uint16_t *words, struct register_format format,
	char ret_text[static SERIAL_NUMBER_MAX])
{
	const struct scale one = {1, 1};
	int64_t number = 0;

	ret_text[0] = '\0';
	if (format.encoding == ENCODING_STRING) {
		register_decode_text(words, format, ret_text);
	} else if (register_decode(words, format, one, &number) == DECODE_OK && number > 0) {
		snprintf(ret_text, SERIAL_NUMBER_MAX, "%" PRId64, number);
	}
}

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

static void add_sample(struct device_reader *reader, const struct device_point *point,
	enum decode_status status, int64_t number)
{
	reader->samples[reader->samples_count++] = (struct sample){
		.value = number,
		.meter = point->meter,
		.quantity = (uint8_t)point->value->quantity,
		.status = (uint8_t)status,
	};
	reader->implausible += status == DECODE_OUT_OF_RANGE;
}

static bool is_wanted(const struct device_reader *reader, const struct device_point *point)
{
	return reader->groups & (point->value->slow ? POLL_SLOW : POLL_FAST);
}

static bool has_room(const struct device_reader *reader)
{
	return reader->samples_count < reader->device->points_count;
}

/* Once a poll: what the device refuses is said to be unavailable. */
static void tell_hole(struct device_reader *reader, struct device_unit *unit, int64_t at_mono_ms)
{
	for (size_t i = 0; !unit->told && i < reader->device->points_count; i++) {
		const struct device_point *point = &reader->device->points[i];

		if (device_unit_has(unit, point) && is_wanted(reader, point) && has_room(reader)) {
			add_sample(reader, point, DECODE_UNAVAILABLE, 0);
			reader->samples[reader->samples_count - 1].read_mono_ms = at_mono_ms;
		}
	}
	unit->told = true;
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
		int64_t number = 0;

		if (!is_wanted(reader, point) || !device_block_has(block, point) ||
			!has_room(reader)) {
			continue;
		}
		enum decode_status status = model_value_decode(
			point->value, point->scale, answer->words, block->address, &number);
		add_sample(reader, point, status, number);
		reader->samples[reader->samples_count - 1].read_mono_ms = at_mono_ms;
	}
	if (!reader->answered) {
		tell_holes(reader, at_mono_ms);
	}
	reader->answered = true;
}

/* The block in two, for this poll and the ones to come; one unit alone is a hole. */
static enum reader_result split_block(struct device_reader *reader, int64_t at_mono_ms)
{
	struct plan *plan = &reader->plans[reader->groups];
	struct device_unit *hole =
		device_plan_split(&reader->units, reader->groups, plan, reader->block);

	if (hole) {
		hole->hole = true;
		tell_hole(reader, hole, at_mono_ms);
	}
	/* A device that refuses all there is to ask is not one that answers. */
	return plan->count == 0 && !reader->answered ? READER_REFUSED : READER_GOES_ON;
}

/* --- answers ------------------------------------------------------------------ */

static enum reader_result take_words(
	struct device_reader *reader, enum reader_step step, const struct bus_answer *answer)
{
	enum reader_result result = READER_GOES_ON;

	reader->probed = true;
	switch (step) {
	case STEP_MARKER:
		result = take_marker(reader, answer->words);
		break;
	case STEP_CHAIN:
		result = take_chain(reader, answer->words);
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

static enum reader_result take_refusal(
	struct device_reader *reader, enum reader_step step, const struct bus_answer *answer)
{
	const bool address = answer->exception == EXCEPTION_ILLEGAL_ADDRESS ||
			     answer->exception == EXCEPTION_ILLEGAL_VALUE;

	reader->probed = true;
	if (step == STEP_PROBE) {
		return READER_GOES_ON; /* somebody is there */
	}
	if (!address) {
		return READER_REFUSED;
	}
	if (step == STEP_SERIAL_NUMBER) {
		know_serial_number(reader, NULL);
		return READER_GOES_ON;
	}
	return step == STEP_BLOCK ? split_block(reader, answer->done_mono_us / 1000)
				  : next_marker(reader);
}

/* Some devices say nothing to an address they do not have, instead of refusing it. */
static void take_silence(struct device_reader *reader, enum reader_step step)
{
	if (step == STEP_MARKER) {
		reader->marker =
			(uint8_t)((reader->marker + 1) % reader->device->model->base.markers_count);
	} else if (step == STEP_SERIAL_NUMBER) {
		reader->serial_number_attempts++;
		reader->has_serial_number =
			reader->serial_number_attempts >= SERIAL_NUMBER_ATTEMPTS_MAX;
	}
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
	reader->marker = 0;
	reader->walking = false;
	reader->has_base = false;
	reader->base = 0;
	reader->common = 0;
	reader->has_serial_number = false;
	reader->serial_number_attempts = 0;
	for (size_t i = 0; i < reader->units.count; i++) {
		reader->units.items[i].hole = false;
	}
	/* Out of memory, the plans that were learned stay: they read less, and nothing wrong. */
	(void)plan_all(reader);
}
