/* SPDX-License-Identifier: Apache-2.0 */
/* box.c -- box.h: the registers are gateway/simulate's. */
#include "tests/simulation/box.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MS_PER_HOUR = 3600000 };

static bool is_float(const struct model_value *value)
{
	return value->format.encoding == ENCODING_F32 || value->format.encoding == ENCODING_F64;
}

static size_t value_index(const struct meter_model *model, const char *name)
{
	for (size_t i = 0; name != NULL && i < model->values_count; i++)
		if (strcmp(quantity_info(model->values[i].quantity)->name, name) == 0)
			return i;
	return SIZE_MAX;
}

static int64_t in_steps(struct scale scale, int64_t raw)
{
	int64_t steps = 0;
	return scale_apply(scale, raw, &steps) ? steps : 0;
}

/* Show what is counted. */
static void show(struct box *box, struct box_counter *counter)
{
	int64_t exact = counter->opening + counter->counted;
	int64_t unwrapped = exact - exact % counter->step;
	if (unwrapped == counter->unwrapped)
		return;
	if (!device_image_set(box->image, counter->value, box_shown(counter, unwrapped)))
		abort();
	if (is_float(&box->model->values[counter->value]) &&
		device_image_get(box->image, counter->value, &unwrapped) != DECODE_OK)
		abort();
	counter->unwrapped = unwrapped;
}

static bool make_counter(struct box *box, const struct box_birth *birth, int index)
{
	const struct plan_kind *kind = birth->plan->kind;
	struct box_counter *counter = &box->counters[index];
	if (kind->counters[index] == NULL)
		return false;
	size_t value = value_index(birth->model, kind->counters[index]);
	const struct model_value *description = &birth->model->values[value];
	struct scale scale = birth->scales[index];
	*counter = (struct box_counter){
		.value = value,
		.load = {dice_hash(birth->load_seed, (uint64_t)index), kind->loads[index],
			 kind->most_per_hour[index]},
		.step = is_float(description) ? 1 : in_steps(scale, 1),
		.modulus = in_steps(scale, (int64_t)description->modulus_raw),
		.hidden_modulus = index == 0 ? in_steps(scale, kind->hidden_modulus) : 0,
		.opening = birth->openings[index],
		.unwrapped = -1,
		.slot = -1
        };
	show(box, counter);
	return true;
}

struct box *box_new(const struct box_birth *birth)
{
	struct box *box = calloc(1, sizeof *box);
	const char *reason = "";
	if (box == NULL)
		abort();
	box->model = birth->model;
	box->at_ms = birth->at_us / 1000;
	box->dice = dice_make(birth->load_seed, "box");
	snprintf(box->serial, sizeof box->serial, "%s", birth->serial);
	struct device_image_settings settings = {
		.model = birth->model,
		.serial_number = box->serial,
		.choice = birth->model->option.fallback,
		.ct = {1, 1}
        };
	box->image = device_image_new(&settings, &reason);
	if (box->image == NULL) {
		fprintf(stderr, "device: %s\n", reason);
		abort();
	}
	while (box->counters_count < PLAN_COUNTERS_MAX &&
		make_counter(box, birth, box->counters_count))
		box->counters_count++;
	box->gauge = value_index(birth->model, birth->plan->kind->gauge);
	return box;
}

struct box *box_free(struct box *box)
{
	if (box == NULL)
		return NULL;
	device_image_free(box->image);
	free(box);
	return NULL;
}

int64_t box_shown(const struct box_counter *counter, int64_t unwrapped)
{
	return counter->modulus > 0 ? unwrapped % counter->modulus : unwrapped;
}

static void count(struct box_counter *counter, int64_t from_ms, int64_t to_ms)
{
	while (from_ms < to_ms) {
		int64_t slot = from_ms / LOAD_SLOT_MS;
		int64_t end_ms = (slot + 1) * LOAD_SLOT_MS;
		if (slot != counter->slot) {
			counter->slot = slot;
			counter->slot_rate = load_rate(&counter->load, slot);
		}
		end_ms = end_ms < to_ms ? end_ms : to_ms;
		counter->part += counter->slot_rate * (end_ms - from_ms);
		counter->counted += counter->part / MS_PER_HOUR;
		counter->part %= MS_PER_HOUR;
		from_ms = end_ms;
	}
}

unsigned box_advance(struct box *box, int64_t at_us)
{
	unsigned ended = 0;
	int64_t at_ms = at_us / 1000;
	for (int i = 0; i < box->counters_count; i++) {
		struct box_counter *counter = &box->counters[i];
		count(counter, box->at_ms, at_ms);
		if (counter->hidden_modulus > 0 &&
			counter->opening + counter->counted >= counter->hidden_modulus)
			ended |= 1u << i;
		else
			show(box, counter);
	}
	box->at_ms = at_ms;
	return ended;
}

void box_restart_counter(struct box *box, int index, int64_t opening)
{
	struct box_counter *counter = &box->counters[index];
	counter->opening = opening;
	counter->counted = 0;
	counter->part = 0;
	counter->unwrapped = -1;
	show(box, counter);
}

/* ---- answers ---- */

static bool covers(const struct box *box, const struct bus_request *request, size_t value)
{
	struct register_range span = device_image_span(box->image, value);
	return (uint8_t)span.space == request->function && request->address <= span.first &&
	       request->address + request->count > span.last;
}

static bool asks_who(const struct box *box, const struct bus_request *request)
{
	return box->model->has_serial_number &&
	       (uint8_t)box->model->serial_number_space == request->function &&
	       request->address == box->model->serial_number_address;
}

static void show_power(struct box *box)
{
	if (box->gauge == SIZE_MAX)
		return;
	int64_t rate = box->counters[0].slot_rate;
	(void)device_image_set(box->image, box->gauge, rate);
}

static size_t answer_pdu(struct box *box, const struct bus_request *request, uint8_t *ret_pdu)
{
	const uint8_t pdu[] = {request->function, (uint8_t)(request->address >> 8),
		(uint8_t)(request->address & 0xff), (uint8_t)(request->count >> 8),
		(uint8_t)(request->count & 0xff)};
	return device_image_answer(box->image, pdu, sizeof pdu, ret_pdu);
}

/* A lie for one answer: the register shows another number, and then the right one again. */
static size_t answer_spiked(struct box *box, const struct bus_request *request, uint8_t *ret_pdu)
{
	struct box_counter *counter = &box->counters[0];
	int64_t lie = counter->unwrapped + box->spike;
	(void)device_image_set(box->image, counter->value, lie < 0 ? 0 : lie);
	size_t length = answer_pdu(box, request, ret_pdu);
	if (!device_image_set(box->image, counter->value, box_shown(counter, counter->unwrapped)))
		abort();
	return length;
}

static size_t answer_somehow(struct box *box, const struct bus_request *request, uint8_t *ret_pdu)
{
	if (asks_who(box, request)) {
		box->was_asked_who = true;
		return answer_pdu(box, request, ret_pdu);
	}
	if (box->disturbed_answers > 0) {
		box->disturbed_answers--;
		device_image_disturb(box->image, box->disturbance);
		size_t length = answer_pdu(box, request, ret_pdu);
		device_image_disturb(box->image, IMAGE_AS_IT_IS);
		return length;
	}
	if (box->spiked_answers > 0 && covers(box, request, box->counters[0].value)) {
		box->spiked_answers--;
		return answer_spiked(box, request, ret_pdu);
	}
	return answer_pdu(box, request, ret_pdu);
}

enum bus_status box_answer(
	struct box *box, const struct bus_request *request, struct bus_answer *ret_answer)
{
	uint8_t pdu[PDU_BYTES_MAX] = {0};
	for (int i = 0; i < box->counters_count; i++) {
		struct box_counter *counter = &box->counters[i];
		counter->is_answered = covers(box, request, counter->value);
	}
	if (box->gauge != SIZE_MAX && covers(box, request, box->gauge))
		show_power(box);
	answer_somehow(box, request, pdu);
	if ((pdu[0] & 0x80) != 0) {
		ret_answer->verdict = FRAME_EXCEPTION;
		ret_answer->exception = pdu[1];
		return BUS_REFUSED;
	}
	for (uint16_t i = 0; i < request->count; i++)
		ret_answer->words[i] = (uint16_t)(pdu[2 + 2 * i] << 8 | pdu[3 + 2 * i]);
	return BUS_OK;
}
