/* SPDX-License-Identifier: Apache-2.0 */
/*
 * simulated_device.c -- Values into registers just before they are asked for;
 * faults on the registers first, on the frame last.
 */
#include "gateway/simulate/simulated_device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct held {
	bool held;
	int64_t number;
};

struct simulated_device {
	char name[DEVICE_NAME_MAX];
	char serial_number[FAULT_TEXT_MAX];
	struct simulated_device_settings settings;
	struct device_image *image;
	struct held *held;     /* one a value */
	int64_t *counter_zero; /* one a value: what a new device's counter begins at */
	struct fault faults[DEVICE_FAULTS_MAX];
	size_t faults_count;
	struct device_statistics statistics;
	uint64_t noise;
};

struct simulated_device *simulated_device_free(struct simulated_device *device)
{
	if (device == NULL)
		return NULL;
	device_image_free(device->image);
	free(device->held);
	free(device->counter_zero);
	free(device);
	return NULL;
}

static bool can_have(const struct simulated_device *device, const struct fault *fault)
{
	return fault->kind != FAULT_EXCHANGED ||
	       device_image_serial_number_fits(device->image, fault->text);
}

struct simulated_device *simulated_device_new(
	const struct simulated_device_settings *settings, const char **ret_reason)
{
	struct simulated_device *device = calloc(1, sizeof(*device));
	size_t values = settings->image.model->values_count + 1;
	*ret_reason = "out of memory";
	if (device == NULL)
		return NULL;
	device->settings = *settings;
	device->held = calloc(values, sizeof(*device->held));
	device->counter_zero = calloc(values, sizeof(*device->counter_zero));
	if (device->held == NULL || device->counter_zero == NULL)
		goto fail;
	snprintf(device->name, sizeof(device->name), "%s", settings->name);
	snprintf(device->serial_number, sizeof(device->serial_number), "%s",
		settings->image.serial_number);
	device->faults_count = settings->faults_count < DEVICE_FAULTS_MAX ? settings->faults_count
									  : DEVICE_FAULTS_MAX;
	for (size_t i = 0; i < device->faults_count; i++)
		device->faults[i] = settings->faults[i];
	device->noise = settings->address;
	device->image = device_image_new(&settings->image, ret_reason);
	if (device->image == NULL)
		goto fail;
	for (size_t i = 0; i < device->faults_count; i++)
		if (!can_have(device, &device->faults[i])) {
			*ret_reason = "the other device's serial number does not fit the model's "
				      "register";
			goto fail;
		}
	return device;
fail:
	return simulated_device_free(device);
}

const char *simulated_device_name(const struct simulated_device *device)
{
	return device->name;
}

uint8_t simulated_device_address(const struct simulated_device *device)
{
	return device->settings.address;
}

const struct meter_model *simulated_device_model(const struct simulated_device *device)
{
	return device->settings.image.model;
}

const char *simulated_device_serial_number(const struct simulated_device *device)
{
	return device->serial_number;
}

struct device_statistics *simulated_device_statistics(struct simulated_device *device)
{
	return &device->statistics;
}

void simulated_device_clear_statistics(struct simulated_device *device)
{
	const struct device_statistics before = device->statistics;
	device->statistics = (struct device_statistics){
		.asked_mono_us = before.asked_mono_us, .replied_mono_us = before.replied_mono_us};
}

bool simulated_device_set_fault(struct simulated_device *device, const struct fault *fault)
{
	if (!can_have(device, fault))
		return false;
	device->faults[0] = *fault;
	device->faults_count = fault->kind == FAULT_NONE ? 0 : 1;
	return true;
}

/* --- values ------------------------------------------------------------- */

/* clang-format off */
static const struct {
	const char *unit;
	int64_t first; /* inside steps */
	int64_t step;  /* from quantity to quantity */
} fixed_values[] = {
	{"kWh",   12345678000, 1001000},
	{"kvarh", 2345678000,  1001000},
	{"kVAh",  13345678000, 1001000},
	{"m³",    567891000,   1000},
	{"W",     1234000,     1000},
	{"var",   321000,      1000},
	{"VA",    1301000,     1000},
	{"V",     230100,      100},
	{"A",     5430,        10},
	{"Hz",    50020,       0},
	{"m³/h",  1234000,     0},
	{"°C",    61500,       100},
	{"K",     22250,       0},
	{"1",     950,         0},
};
/* clang-format on */

static int64_t fixed_value(enum quantity quantity)
{
	const char *unit = quantity_info(quantity)->unit;
	for (size_t i = 0; i < sizeof(fixed_values) / sizeof(fixed_values[0]); i++)
		if (strcmp(fixed_values[i].unit, unit) == 0)
			return fixed_values[i].first + fixed_values[i].step * (int64_t)quantity;
	return 0;
}

/* Before an exchange is taken off. 0 where nobody tells. */
static int64_t source_value(const struct simulated_device *device, size_t index,
	struct scenario *scenario, const struct simulated_instant *now)
{
	enum quantity quantity = device->settings.image.model->values[index].quantity;
	int64_t number = 0;
	if (device->held[index].held)
		return device->held[index].number;
	if (device->settings.readings != NULL &&
		readings_at(device->settings.readings, quantity, now->simulated_ms, &number))
		return number;
	if (device->settings.fixed)
		return fixed_value(quantity);
	if (scenario != NULL)
		(void)scenario_value(
			scenario, device->settings.place, quantity, now->simulated_ms, &number);
	return number;
}

static void refresh_value(struct simulated_device *device, size_t index, struct scenario *scenario,
	const struct simulated_instant *now)
{
	if (!device_image_is_part(device->image, index))
		(void)device_image_set(device->image, index,
			source_value(device, index, scenario, now) - device->counter_zero[index]);
}

bool simulated_device_hold(
	struct simulated_device *device, enum quantity quantity, uint8_t channel, int64_t number)
{
	const struct meter_model *model = device->settings.image.model;
	for (size_t i = 0; i < model->values_count; i++) {
		if (model->values[i].quantity != quantity || model->values[i].channel != channel)
			continue;
		if (!device_image_set(device->image, i, number))
			return false;
		device->held[i] = (struct held){true, number};
		device->counter_zero[i] = 0;
		return true;
	}
	return false;
}

void simulated_device_release(struct simulated_device *device, enum quantity quantity)
{
	const struct meter_model *model = device->settings.image.model;
	for (size_t i = 0; i < model->values_count; i++)
		if (model->values[i].quantity == quantity)
			device->held[i].held = false;
}

enum decode_status simulated_device_read(struct simulated_device *device, struct scenario *scenario,
	const struct simulated_instant *now, struct served_value *ret_value)
{
	const struct meter_model *model = device->settings.image.model;
	ret_value->device = device;
	ret_value->status = DECODE_UNAVAILABLE;
	for (size_t i = 0; i < model->values_count; i++) {
		if (model->values[i].quantity != ret_value->quantity ||
			model->values[i].channel != ret_value->channel)
			continue;
		refresh_value(device, i, scenario, now);
		ret_value->status = device_image_get(device->image, i, &ret_value->number);
	}
	return ret_value->status;
}

/* --- faults on registers ------------------------------------------------- */

static void exchange(
	struct simulated_device *device, struct fault *fault, const struct device_request *request)
{
	const struct meter_model *model = device->settings.image.model;
	for (size_t i = 0; i < model->values_count; i++)
		if (quantity_info(model->values[i].quantity)->kind == QUANTITY_COUNTER)
			device->counter_zero[i] =
				source_value(device, i, request->scenario, &request->now);
	if (device_image_set_serial_number(device->image, fault->text))
		memcpy(device->serial_number, fault->text, sizeof(device->serial_number));
	fault->count = 0; /* done: the new device stays */
}

static const enum image_disturbance disturbances[FAULT_KIND_COUNT] = {
	[FAULT_NAN] = IMAGE_NAN,
	[FAULT_INFINITE] = IMAGE_INFINITE,
	[FAULT_ONES] = IMAGE_ALL_ONES,
	[FAULT_ZERO] = IMAGE_ALL_ZERO,
	[FAULT_TORN] = IMAGE_TORN,
};

static void disturb_registers(struct simulated_device *device, const struct device_request *request)
{
	device_image_disturb(device->image, IMAGE_AS_IT_IS);
	device_image_clear_holes(device->image);
	for (size_t i = 0; i < device->faults_count; i++) {
		struct fault *fault = &device->faults[i];
		if (!fault_holds(fault, request->now.elapsed_ms))
			continue;
		if (disturbances[fault->kind] != IMAGE_AS_IT_IS)
			device_image_disturb(device->image, disturbances[fault->kind]);
		if (fault->kind == FAULT_HOLE)
			(void)device_image_add_hole(
				device->image, (uint16_t)fault->number, (uint16_t)fault->last);
		if (fault->kind == FAULT_EXCHANGED)
			exchange(device, fault, request);
	}
}

static bool other_values(const struct simulated_device *device, int64_t elapsed_ms)
{
	for (size_t i = 0; i < device->faults_count; i++)
		if (device->faults[i].kind == FAULT_LATE_OTHER &&
			fault_holds(&device->faults[i], elapsed_ms))
			return true;
	return false;
}

static bool touches(struct register_range a, struct register_range b)
{
	return a.space == b.space && a.first <= b.last && b.first <= a.last;
}

static void refresh_range(struct simulated_device *device, struct register_range range,
	const struct device_request *request)
{
	bool other = other_values(device, request->now.elapsed_ms);
	for (size_t i = 0; i < device->settings.image.model->values_count; i++) {
		int64_t number = 0;
		if (!touches(device_image_span(device->image, i), range))
			continue;
		refresh_value(device, i, request->scenario, &request->now);
		if (other && device_image_get(device->image, i, &number) == DECODE_OK)
			(void)device_image_set(device->image, i, number + number / 10);
	}
}

/* --- faults on frames ---------------------------------------------------- */

struct framed {
	struct simulated_device *device;
	const struct device_request *request;
	struct server_frame frame;
	struct device_reply *reply;
	uint8_t pdu[PDU_BYTES_MAX];
};

static void frame_late(struct framed *framed, const struct fault *fault)
{
	framed->reply->delay_us = fault->number * 1000;
}

static void frame_silent(struct framed *framed, const struct fault *fault)
{
	(void)fault;
	framed->reply->kind = REPLY_NOTHING;
}

static void frame_bad_crc(struct framed *framed, const struct fault *fault)
{
	(void)fault;
	if (framed->request->transport == TRANSPORT_RTU)
		framed->reply->bytes[framed->reply->length - 1] ^= 0x55;
}

static void frame_short(struct framed *framed, const struct fault *fault)
{
	size_t missing = (size_t)fault->number;
	framed->reply->length =
		framed->reply->length > missing ? framed->reply->length - missing : 1;
}

static void wrap(struct framed *framed)
{
	framed->reply->length =
		server_frame_wrap(framed->request->transport, &framed->frame, framed->reply->bytes);
}

static void frame_wrong_address(struct framed *framed, const struct fault *fault)
{
	(void)fault;
	framed->frame.device++;
	wrap(framed);
}

static void frame_wrong_function(struct framed *framed, const struct fault *fault)
{
	(void)fault;
	framed->pdu[0] ^= SPACE_HOLDING_REGISTERS ^ SPACE_INPUT_REGISTERS;
	wrap(framed);
}

static void frame_exception(struct framed *framed, const struct fault *fault)
{
	framed->pdu[0] = framed->request->frame.pdu[0] | 0x80;
	framed->pdu[1] = (uint8_t)fault->number;
	framed->frame.pdu_length = 2;
	wrap(framed);
}

static void frame_babble(struct framed *framed, const struct fault *fault)
{
	struct simulated_device *device = framed->device;
	framed->reply->length = (size_t)fault->number;
	for (size_t i = 0; i < framed->reply->length; i++)
		framed->reply->bytes[i] =
			(uint8_t)school_hash(device->noise, device->noise + i, 256);
	device->noise++;
}

static void frame_old_transaction(struct framed *framed, const struct fault *fault)
{
	(void)fault;
	framed->frame.transaction--;
	wrap(framed);
}

static void frame_close(struct framed *framed, const struct fault *fault)
{
	(void)fault;
	framed->reply->kind = REPLY_HANG_UP;
}

static void frame_vanish(struct framed *framed, const struct fault *fault)
{
	framed->reply->kind = REPLY_VANISH;
	framed->reply->delay_us = fault->number * 1000;
}

static void (*const frame_faults[FAULT_KIND_COUNT])(
	struct framed *framed, const struct fault *fault) = {
	[FAULT_SILENT] = frame_silent,
	[FAULT_LATE] = frame_late,
	[FAULT_LATE_OTHER] = frame_late,
	[FAULT_BAD_CRC] = frame_bad_crc,
	[FAULT_SHORT] = frame_short,
	[FAULT_WRONG_ADDRESS] = frame_wrong_address,
	[FAULT_WRONG_FUNCTION] = frame_wrong_function,
	[FAULT_EXCEPTION] = frame_exception,
	[FAULT_BABBLE] = frame_babble,
	[FAULT_OLD_TRANSACTION] = frame_old_transaction,
	[FAULT_CLOSE] = frame_close,
	[FAULT_VANISH] = frame_vanish,
};

static void apply_frame_faults(struct framed *framed)
{
	struct simulated_device *device = framed->device;
	for (size_t i = 0; i < device->faults_count; i++) {
		struct fault *fault = &device->faults[i];
		if (!fault_holds(fault, framed->request->now.elapsed_ms))
			continue;
		if (frame_faults[fault->kind] != NULL)
			frame_faults[fault->kind](framed, fault);
		fault_spend(fault);
	}
}

/* --- replies ------------------------------------------------------------ */

static void tell_served(struct simulated_device *device, struct register_range range,
	const struct served_hook *hook)
{
	const struct meter_model *model = device->settings.image.model;
	for (size_t i = 0; hook->served != NULL && i < model->values_count; i++) {
		struct register_range span = device_image_span(device->image, i);
		uint16_t words[IMAGE_VALUE_WORDS_MAX];
		struct served_value value = {.device = device,
			.quantity = model->values[i].quantity,
			.channel = model->values[i].channel,
			.words = words};
		if (span.space != range.space || span.first < range.first || span.last > range.last)
			continue;
		value.words_count = device_image_words(device->image, i, words);
		value.status = device_image_get(device->image, i, &value.number);
		hook->served(hook->context, &value);
	}
}

static void count_request(struct simulated_device *device, const struct device_request *request)
{
	struct device_statistics *statistics = &device->statistics;
	int64_t pause_us = (int64_t)device->settings.image.model->pause_ms * 1000;
	int64_t now_us = request->now.mono_us;
	int64_t gap_us = statistics->requests > 0 ? now_us - statistics->asked_mono_us : 0;
	if (gap_us > statistics->gap_us_max)
		statistics->gap_us_max = gap_us;
	if (statistics->replied_mono_us != 0 && now_us - statistics->replied_mono_us < pause_us)
		statistics->inside_pause++;
	statistics->requests++;
	statistics->asked_mono_us = now_us;
}

void simulated_device_reply(struct simulated_device *device, const struct device_request *request,
	struct device_reply *ret_reply)
{
	struct framed framed = {
		.device = device,
		.request = request,
		.frame = {.device = request->frame.device,
			  .transaction = request->frame.transaction},
		.reply = ret_reply
        };
	struct register_range range = {0};
	bool reads = pdu_registers(request->frame.pdu, request->frame.pdu_length, &range);
	ret_reply->kind = REPLY_BYTES;
	ret_reply->delay_us = 0;
	count_request(device, request);
	disturb_registers(device, request);
	if (reads)
		refresh_range(device, range, request);
	framed.frame.pdu = framed.pdu;
	framed.frame.pdu_length = device_image_answer(
		device->image, request->frame.pdu, request->frame.pdu_length, framed.pdu);
	wrap(&framed);
	apply_frame_faults(&framed);
	if (ret_reply->kind != REPLY_BYTES)
		return;
	device->statistics.replies++;
	if ((framed.pdu[0] & 0x80) != 0)
		device->statistics.exceptions++;
	else if (reads)
		tell_served(device, range, &request->hook);
}
