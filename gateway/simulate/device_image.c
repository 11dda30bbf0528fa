/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_image.c -- Registers as a sorted list of cells: a device lists a few
 * hundred of its 65,536 addresses.
 */
#include "gateway/simulate/device_image.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/simulate/image_layout.h"

struct device_image {
	const struct meter_model *model;
	struct image_layout layout;
	struct scale *scales; /* one a value: raw step -> inside steps, without scale register */
	bool strict;
	enum image_disturbance disturbance;
	struct register_range holes[IMAGE_HOLES_MAX];
	size_t holes_count;
	int64_t *shown; /* one a value: the number last set */
	bool *has_shown;
};

enum {
	EXCEPTION_FUNCTION = 1,
	EXCEPTION_ADDRESS = 2,
	EXCEPTION_COUNT = 3,
	REGISTERS_A_READ_MAX = 125,
	BITS_A_READ_MAX = 2000,
	SCALE_EXPONENT_MAX = 10, /* SunSpec: -10..10 */
};

struct device_image *device_image_free(struct device_image *image)
{
	if (image == NULL)
		return NULL;
	image_layout_clear(&image->layout);
	free(image->scales);
	free(image->shown);
	free(image->has_shown);
	free(image);
	return NULL;
}

struct device_image *device_image_new(
	const struct device_image_settings *settings, const char **ret_reason)
{
	const struct meter_model *model = settings->model;
	struct device_image *image = calloc(1, sizeof(*image));
	*ret_reason = "out of memory";
	if (image == NULL)
		return NULL;
	image->model = model;
	image->strict = settings->strict;
	image->scales = calloc(model->values_count + 1, sizeof(*image->scales));
	image->shown = calloc(model->values_count + 1, sizeof(*image->shown));
	image->has_shown = calloc(model->values_count + 1, sizeof(*image->has_shown));
	if (image->scales == NULL || image->shown == NULL || image->has_shown == NULL)
		goto fail;
	for (size_t i = 0; i < model->values_count; i++)
		if (!model_value_scale(model, &model->values[i], settings->choice, settings->ct,
			    &image->scales[i])) {
			*ret_reason = "the scale of its values is too large";
			goto fail;
		}
	if (!image_layout_make(&image->layout, model, settings->marker))
		goto fail;
	if (!device_image_set_serial_number(image, settings->serial_number)) {
		*ret_reason = "the serial number does not fit the model's register";
		goto fail;
	}
	return image;
fail:
	return device_image_free(image);
}

void device_image_disturb(struct device_image *image, enum image_disturbance disturbance)
{
	image->disturbance = disturbance;
}

bool device_image_add_hole(struct device_image *image, uint16_t first, uint16_t last)
{
	if (image->holes_count == IMAGE_HOLES_MAX)
		return false;
	image->holes[image->holes_count++] = (struct register_range){.first = first, .last = last};
	return true;
}

void device_image_clear_holes(struct device_image *image)
{
	image->holes_count = 0;
}

bool device_image_serial_number_fits(const struct device_image *image, const char *serial_number)
{
	uint16_t words[IMAGE_TEXT_WORDS_MAX];
	return !image->model->has_serial_number ||
	       image_encode_text(serial_number, image->model->serial_number_format, words);
}

bool device_image_set_serial_number(struct device_image *image, const char *serial_number)
{
	const struct meter_model *model = image->model;
	uint16_t words[IMAGE_TEXT_WORDS_MAX] = {0};
	if (!model->has_serial_number)
		return true;
	if (*serial_number != '\0' &&
		!image_encode_text(serial_number, model->serial_number_format, words))
		return false;
	uint16_t address = (uint16_t)(image->layout.common_base + model->serial_number_address);
	for (uint8_t i = 0; i < model->serial_number_format.registers; i++)
		image_layout_cell(
			&image->layout, model->serial_number_space, (uint16_t)(address + i))
			->word = words[i];
	return true;
}

/* --- values ------------------------------------------------------------- */

static struct image_cell *part_cell(
	const struct device_image *image, const struct model_value *value, size_t part)
{
	return image_layout_cell(&image->layout, value->space,
		(uint16_t)(image->layout.base + value->addresses[part]));
}

static struct image_cell *scale_cell(
	const struct device_image *image, const struct model_value *value)
{
	return image_layout_cell(&image->layout, value->space,
		(uint16_t)(image->layout.base + value->scale_register));
}

static bool scale_in_force(const struct device_image *image, size_t index, struct scale *ret_scale)
{
	const struct model_value *value = &image->model->values[index];
	if (value->scale_register < 0) {
		*ret_scale = image->scales[index];
		return true;
	}
	int exponent = (int16_t)scale_cell(image, value)->word;
	int64_t power = 1;
	for (int i = 0; i < abs(exponent); i++)
		power *= 10;
	struct scale ten = exponent < 0 ? (struct scale){1, power} : (struct scale){power, 1};
	return scale_multiply(image->scales[index], ten, ret_scale);
}

/* Floats and Iskra's types show parts of a raw step; the others whole ones. */
static bool shows_parts(struct register_format format)
{
	return format.encoding == ENCODING_F32 || format.encoding == ENCODING_F64 ||
	       format.encoding >= ENCODING_ISKRA_T5;
}

/* Whole raw steps of `number`, those past the counter's modulus gone; what shows parts stays as it
 * is. */
static bool number_to_parts(const struct model_value *value, struct scale *scale, int64_t *number)
{
	if (shows_parts(value->format))
		return true;
	struct scale inverse = {scale->denominator, scale->numerator};
	if (inverse.denominator < 0)
		inverse = (struct scale){-inverse.numerator, -inverse.denominator};
	int64_t raw = 0;
	if (!scale_apply(inverse, *number, &raw))
		return false;
	if (value->modulus_raw > 0 && value->modulus_raw <= INT64_MAX && raw >= 0)
		raw %= (int64_t)value->modulus_raw;
	*number = raw;
	*scale = (struct scale){1, 1};
	return true;
}

static bool encode_parts(struct device_image *image, size_t index)
{
	const struct model_value *value = &image->model->values[index];
	uint16_t words[MODEL_VALUE_PARTS_MAX][IMAGE_TEXT_WORDS_MAX] = {0};
	struct scale scale = {0};
	int64_t number = image->shown[index];
	if (!scale_in_force(image, index, &scale) || !number_to_parts(value, &scale, &number))
		return false;
	int64_t first =
		value->addresses_count > 1 ? number / 10 * 7 + number % 10 * 7 / 10 : number;
	for (uint8_t part = 0; part < value->addresses_count; part++) {
		int64_t share = part == 0 ? first : part == 1 ? number - first : 0;
		if (!register_encode(share, scale, value->format, words[part]))
			return false;
	}
	for (uint8_t part = 0; part < value->addresses_count; part++)
		for (uint8_t i = 0; i < value->format.registers; i++)
			part_cell(image, value, part)[i].word = words[part][i];
	return true;
}

/* A scale register has gone up: what is shown through it is written anew. */
static void encode_siblings(struct device_image *image, const struct model_value *value)
{
	for (size_t i = 0; i < image->model->values_count; i++) {
		const struct model_value *other = &image->model->values[i];
		if (image->has_shown[i] && other->space == value->space &&
			other->scale_register == value->scale_register)
			(void)encode_parts(image, i);
	}
}

bool device_image_set(struct device_image *image, size_t index, int64_t number)
{
	const struct model_value *value = &image->model->values[index];
	if (device_image_is_part(image, index))
		return false;
	int64_t before = image->shown[index];
	image->shown[index] = number;
	if (encode_parts(image, index)) {
		image->has_shown[index] = true;
		return true;
	}
	if (value->scale_register >= 0) {
		uint16_t *exponent = &scale_cell(image, value)->word;
		uint16_t old = *exponent;
		while ((int16_t)*exponent < SCALE_EXPONENT_MAX) {
			++*exponent;
			if (encode_parts(image, index)) {
				image->has_shown[index] = true;
				encode_siblings(image, value);
				return true;
			}
		}
		*exponent = old;
	}
	image->shown[index] = before;
	return false;
}

bool device_image_is_part(const struct device_image *image, size_t index)
{
	const struct model_value *value = &image->model->values[index];
	for (size_t i = 0; value->addresses_count == 1 && i < image->model->values_count; i++) {
		const struct model_value *sum = &image->model->values[i];
		for (uint8_t part = 0; sum->addresses_count > 1 && part < sum->addresses_count;
			part++)
			if (sum->space == value->space &&
				sum->addresses[part] == value->addresses[0])
				return true;
	}
	return false;
}

struct register_range device_image_span(const struct device_image *image, size_t index)
{
	struct register_range span = model_value_span(&image->model->values[index]);
	span.first = (uint16_t)(span.first + image->layout.base);
	span.last = (uint16_t)(span.last + image->layout.base);
	return span;
}

enum decode_status device_image_get(
	const struct device_image *image, size_t index, int64_t *ret_number)
{
	struct register_range span = model_value_span(&image->model->values[index]);
	uint16_t words[REGISTERS_A_READ_MAX] = {0};
	for (uint32_t address = span.first; address <= span.last; address++) {
		const struct image_cell *cell = image_layout_cell(
			&image->layout, span.space, (uint16_t)(image->layout.base + address));
		words[address - span.first] = cell != NULL ? cell->word : 0;
	}
	return model_value_decode(
		&image->model->values[index], image->scales[index], words, span.first, ret_number);
}

size_t device_image_words(const struct device_image *image, size_t index,
	uint16_t ret_words[static IMAGE_VALUE_WORDS_MAX])
{
	const struct model_value *value = &image->model->values[index];
	size_t count = 0;
	for (uint8_t part = 0; part < value->addresses_count; part++)
		for (uint8_t i = 0; i < value->format.registers && count < IMAGE_VALUE_WORDS_MAX;
			i++)
			ret_words[count++] =
				image_layout_disturbed(part_cell(image, value, part) + i,
					image->model, image->disturbance);
	return count;
}

/* --- requests ----------------------------------------------------------- */

static size_t exception(uint8_t function, uint8_t code, uint8_t *ret_answer)
{
	ret_answer[0] = function | 0x80;
	ret_answer[1] = code;
	return 2;
}

bool pdu_registers(const uint8_t *request, size_t length, struct register_range *ret_range)
{
	if (length != 5 || request[0] < SPACE_COILS || request[0] > SPACE_INPUT_REGISTERS)
		return false;
	uint32_t first = (uint32_t)request[1] << 8 | request[2];
	uint32_t count = (uint32_t)request[3] << 8 | request[4];
	if (count == 0 || first + count > 65536)
		return false;
	*ret_range = (struct register_range){.space = (enum register_space)request[0],
		.first = (uint16_t)first,
		.last = (uint16_t)(first + count - 1)};
	return true;
}

static bool in_ranges(const struct register_range *ranges, size_t count, enum register_space space,
	uint32_t address)
{
	for (size_t i = 0; i < count; i++)
		if (ranges[i].space == space && address >= ranges[i].first &&
			address <= ranges[i].last)
			return true;
	return false;
}

/* False: exception 2. */
static bool word_at(const struct device_image *image, enum register_space space, uint32_t address,
	uint16_t *ret_word)
{
	const struct meter_model *model = image->model;
	for (size_t i = 0; i < image->holes_count; i++)
		if (address >= image->holes[i].first && address <= image->holes[i].last)
			return false;
	const struct image_cell *cell = image_layout_cell(&image->layout, space, (uint16_t)address);
	if (cell != NULL) {
		*ret_word = image_layout_disturbed(cell, model, image->disturbance);
		return true;
	}
	bool answers = model->readable_count > 0
			       ? in_ranges(model->readable, model->readable_count, space, address)
			       : model->bridge_registers_max > 0;
	if (!answers || image->strict || model->base.relative ||
		in_ranges(model->forbidden, model->forbidden_count, space, address))
		return false;
	*ret_word = 0;
	return true;
}

static size_t answer_registers(
	const struct device_image *image, struct register_range range, uint8_t *ret_answer)
{
	uint32_t count = (uint32_t)range.last - range.first + 1;
	uint8_t function = (uint8_t)range.space;
	if (count > REGISTERS_A_READ_MAX || count > image->model->block_registers_max)
		return exception(function, EXCEPTION_COUNT, ret_answer);
	ret_answer[0] = function;
	ret_answer[1] = (uint8_t)(count * 2);
	for (uint32_t i = 0; i < count; i++) {
		uint16_t word = 0;
		if (!word_at(image, range.space, range.first + i, &word))
			return exception(function, EXCEPTION_ADDRESS, ret_answer);
		ret_answer[2 + 2 * i] = (uint8_t)(word >> 8);
		ret_answer[3 + 2 * i] = (uint8_t)(word & 0xff);
	}
	return 2 + count * 2;
}

static size_t answer_bits(
	const struct device_image *image, struct register_range range, uint8_t *ret_answer)
{
	uint32_t count = (uint32_t)range.last - range.first + 1;
	uint8_t function = (uint8_t)range.space;
	if (count > BITS_A_READ_MAX)
		return exception(function, EXCEPTION_COUNT, ret_answer);
	uint32_t bytes = (count + 7) / 8;
	memset(ret_answer, 0, bytes + 2);
	ret_answer[0] = function;
	ret_answer[1] = (uint8_t)bytes;
	for (uint32_t i = 0; i < count; i++) {
		uint16_t word = 0;
		if (!word_at(image, range.space, range.first + i, &word))
			return exception(function, EXCEPTION_ADDRESS, ret_answer);
		if (word != 0)
			ret_answer[2 + i / 8] |= (uint8_t)(1u << (i % 8));
	}
	return 2 + bytes;
}

/* Read device identification, basic: vendor, product, revision (Modbus Application Protocol 1.1b3,
 * 6.21). Objects as a stream from the one asked for; access 4 brings one. */
static size_t answer_device_id(const struct device_image *image, const uint8_t *request,
	size_t length, uint8_t *ret_answer)
{
	const char *objects[] = {image->model->maker, image->layout.product, "1.0"};
	enum { OBJECTS = sizeof(objects) / sizeof(objects[0]), OBJECT_BYTES_MAX = 64 };
	if (!image->layout.has_device_id || length < 2 || request[1] != 14)
		return exception(request[0], EXCEPTION_FUNCTION, ret_answer);
	if (length != 4 || request[2] < 1 || request[2] > 4)
		return exception(request[0], EXCEPTION_COUNT, ret_answer);
	bool single = request[2] == 4;
	uint8_t first = request[3];
	if (first >= OBJECTS && single)
		return exception(request[0], EXCEPTION_ADDRESS, ret_answer);
	if (first >= OBJECTS)
		first = 0;
	uint8_t end = single ? (uint8_t)(first + 1) : OBJECTS;
	const uint8_t head[] = {request[0], 14, request[2], 0x81, 0, 0, (uint8_t)(end - first)};
	memcpy(ret_answer, head, sizeof(head));
	size_t at = sizeof(head);
	for (uint8_t object = first; object < end; object++) {
		const char *text = objects[object] != NULL ? objects[object] : "";
		size_t bytes = strnlen(text, OBJECT_BYTES_MAX);
		ret_answer[at++] = object;
		ret_answer[at++] = (uint8_t)bytes;
		memcpy(ret_answer + at, text, bytes);
		at += bytes;
	}
	return at;
}

size_t device_image_answer(const struct device_image *image, const uint8_t *request, size_t length,
	uint8_t ret_answer[static PDU_BYTES_MAX])
{
	struct register_range range;
	uint8_t function = length > 0 ? request[0] : 0;
	if (function == 43)
		return answer_device_id(image, request, length, ret_answer);
	if (function < SPACE_COILS || function > SPACE_INPUT_REGISTERS ||
		!image_layout_has_space(&image->layout, (enum register_space)function))
		return exception(function, EXCEPTION_FUNCTION, ret_answer);
	if (!pdu_registers(request, length, &range))
		return exception(function, EXCEPTION_COUNT, ret_answer);
	if (function <= SPACE_DISCRETE_INPUTS)
		return answer_bits(image, range, ret_answer);
	return answer_registers(image, range, ret_answer);
}
