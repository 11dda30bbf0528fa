/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_layout.c -- From a model to its list of registers.
 *
 * SunSpec's chain (SunSpec Information Model Specification 1.9): the marker
 * "SunS", the common model (id 1, 66 registers), the meter's model, and an end
 * of id 0xFFFF, length 0.
 */
#include "gateway/simulate/image_layout.h"

#include <stdlib.h>
#include <string.h>

enum {
	SUNSPEC_COMMON_ID = 1,
	SUNSPEC_COMMON_LENGTH = 66,
	SUNSPEC_END_ID = 0xffff,
	SUNSPEC_HEADER = 2, /* id and length */
};

/* clang-format off */
static const struct {
	uint16_t first, last, length;
} sunspec_lengths[] = {
	/* models     registers after the header */
	{201, 204,    105},
	{211, 214,    124},
};

static const struct {
	uint16_t at, registers;
} common_texts[] = { /* relative to the common model's id register */
	[0] = {2, 16},  /* manufacturer */
	[1] = {18, 16}, /* model */
	[2] = {42, 8},  /* version */
};
/* clang-format on */

void image_layout_clear(struct image_layout *layout)
{
	free(layout->cells);
	*layout = (struct image_layout){0};
}

static bool add_cell(struct image_layout *layout, struct image_cell cell)
{
	if (layout->count == layout->room) {
		size_t room = layout->room == 0 ? 128 : layout->room * 2;
		struct image_cell *cells = realloc(layout->cells, room * sizeof(*cells));
		if (cells == NULL)
			return false;
		layout->cells = cells;
		layout->room = room;
	}
	layout->cells[layout->count++] = cell;
	return true;
}

static bool add_words(
	struct image_layout *layout, struct register_range range, const uint16_t *words)
{
	for (uint32_t address = range.first; address <= range.last; address++)
		if (!add_cell(layout,
			    (struct image_cell){.space = range.space,
				    .address = (uint16_t)address,
				    .word = words != NULL ? words[address - range.first] : 0,
				    .value = -1}))
			return false;
	return true;
}

static struct register_range run(enum register_space space, uint32_t first, uint32_t registers)
{
	return (struct register_range){.space = space,
		.first = (uint16_t)first,
		.last = (uint16_t)(first + registers - 1)};
}

bool image_encode_text(const char *text, struct register_format format, uint16_t *ret_words)
{
	if (format.encoding == ENCODING_STRING) {
		size_t length = strlen(text);
		if (length > (size_t)format.registers * 2)
			return false;
		for (size_t i = 0; i < format.registers; i++) {
			uint8_t a = i * 2 < length ? (uint8_t)text[i * 2] : 0;
			uint8_t b = i * 2 + 1 < length ? (uint8_t)text[i * 2 + 1] : 0;
			ret_words[i] = (uint16_t)(format.low_byte_first ? b << 8 | a : a << 8 | b);
		}
		return true;
	}
	char *end = NULL;
	long long number = strtoll(text, &end, 10);
	return end != text && *end == '\0' &&
	       register_encode(number, (struct scale){1, 1}, format, ret_words);
}

/* Counters of SunSpec begin at 10^0, gauges at 10^-2: what such devices show. */
static uint16_t first_exponent(const struct model_value *value)
{
	return quantity_info(value->quantity)->kind == QUANTITY_COUNTER ? 0 : (uint16_t)-2;
}

static bool add_value(struct image_layout *layout, const struct model_value *value, int16_t index)
{
	for (uint8_t part = 0; part < value->addresses_count; part++)
		for (uint8_t i = 0; i < value->format.registers; i++)
			if (!add_cell(layout,
				    (struct image_cell){.space = value->space,
					    .address = (uint16_t)(layout->base +
								  value->addresses[part] + i),
					    .value = index,
					    .position = i}))
				return false;
	uint16_t exponent = first_exponent(value);
	return value->scale_register < 0 ||
	       add_words(layout,
		       run(value->space, (uint32_t)(layout->base + value->scale_register), 1),
		       &exponent);
}

static bool add_identification(
	struct image_layout *layout, const struct model_identification *identification)
{
	uint16_t words[IMAGE_TEXT_WORDS_MAX] = {0};
	char first[64] = {0};
	if (identification->method != IDENTIFY_REGISTER || identification->matches_count == 0 ||
		identification->format.registers > IMAGE_TEXT_WORDS_MAX)
		return true;
	strncpy(first, identification->matches[0], sizeof(first) - 1);
	if (identification->format.encoding != ENCODING_STRING)
		first[strcspn(first, "-")] = '\0'; /* a range: its first number */
	if (!image_encode_text(first, identification->format, words))
		return true;
	return add_words(layout,
		run(identification->space, (uint32_t)(layout->base + identification->address),
			identification->format.registers),
		words);
}

static bool add_common_model(
	struct image_layout *layout, const struct meter_model *model, enum register_space space)
{
	const char *texts[] = {model->maker, model->title, "1.0"};
	uint32_t at = layout->common_base;
	const uint16_t head[] = {SUNSPEC_COMMON_ID, SUNSPEC_COMMON_LENGTH};
	if (!add_words(layout, run(space, at, SUNSPEC_HEADER), head))
		return false;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		uint16_t words[IMAGE_TEXT_WORDS_MAX] = {0};
		char text[2 * IMAGE_TEXT_WORDS_MAX + 1] = {0};
		struct register_format format = {.encoding = ENCODING_STRING,
			.registers = (uint8_t)common_texts[i].registers};
		strncpy(text, texts[i] != NULL ? texts[i] : "", common_texts[i].registers * 2u);
		if (!image_encode_text(text, format, words) ||
			!add_words(layout,
				run(space, at + common_texts[i].at, common_texts[i].registers),
				words))
			return false;
	}
	return add_words(layout, run(space, at + SUNSPEC_HEADER, SUNSPEC_COMMON_LENGTH), NULL);
}

/* The id the model is named after, else the first. */
static uint16_t sunspec_id(const struct meter_model *model)
{
	for (uint8_t i = 0; i < model->base.models_count; i++) {
		char id[8] = {0};
		uint16_t number = model->base.models[i];
		for (int digit = 4; digit >= 0; digit--, number /= 10)
			id[digit] = (char)('0' + number % 10);
		if (strstr(model->name, id + strspn(id, "0")) != NULL)
			return model->base.models[i];
	}
	return model->base.models_count > 0 ? model->base.models[0] : 0;
}

static bool add_sunspec(
	struct image_layout *layout, const struct meter_model *model, uint8_t marker)
{
	enum register_space space =
		model->values_count > 0 ? model->values[0].space : SPACE_HOLDING_REGISTERS;
	static const uint16_t suns[] = {0x5375, 0x6e53};
	uint32_t at = model->base.markers[marker];
	layout->common_base = (uint16_t)(at + 2);
	layout->base = (uint16_t)(layout->common_base + SUNSPEC_HEADER + SUNSPEC_COMMON_LENGTH);
	uint16_t head[SUNSPEC_HEADER] = {sunspec_id(model), 0};
	for (size_t i = 0; i < sizeof(sunspec_lengths) / sizeof(sunspec_lengths[0]); i++)
		if (head[0] >= sunspec_lengths[i].first && head[0] <= sunspec_lengths[i].last)
			head[1] = sunspec_lengths[i].length;
	static const uint16_t end[] = {SUNSPEC_END_ID, 0};
	uint32_t body = (uint32_t)layout->base + SUNSPEC_HEADER;
	return add_words(layout, run(space, at, 2), suns) &&
	       add_common_model(layout, model, space) &&
	       add_words(layout, run(space, layout->base, SUNSPEC_HEADER), head) &&
	       add_words(layout, run(space, body + head[1], 2), end);
}

/* The rest of the meter's own model, so that it can be read as a whole. */
static bool fill_sunspec(struct image_layout *layout, const struct meter_model *model)
{
	enum register_space space = model->values[0].space;
	const struct image_cell *length =
		image_layout_cell(layout, space, (uint16_t)(layout->base + 1));
	return length == NULL || length->word == 0 ||
	       add_words(layout, run(space, (uint32_t)layout->base + SUNSPEC_HEADER, length->word),
		       NULL);
}

static int compare_cells(const void *a, const void *b)
{
	const struct image_cell *left = a;
	const struct image_cell *right = b;
	if (left->space != right->space)
		return left->space < right->space ? -1 : 1;
	if (left->address != right->address)
		return left->address < right->address ? -1 : 1;
	/* What says most about the register comes first and stays. */
	if ((left->value < 0) != (right->value < 0))
		return left->value < 0 ? 1 : -1;
	if (left->value >= 0)
		return left->value < right->value ? -1 : left->value > right->value;
	return left->word == right->word ? 0 : left->word > right->word ? -1 : 1;
}

static void sort_cells(struct image_layout *layout)
{
	size_t kept = 0;
	if (layout->count == 0)
		return;
	qsort(layout->cells, layout->count, sizeof(*layout->cells), compare_cells);
	for (size_t i = 1; i < layout->count; i++)
		if (layout->cells[i].space != layout->cells[kept].space ||
			layout->cells[i].address != layout->cells[kept].address)
			layout->cells[++kept] = layout->cells[i];
	layout->count = kept + 1;
}

static void name_product(struct image_layout *layout, const struct meter_model *model)
{
	layout->product = model->title;
	for (size_t i = 0; i < model->identifications_count; i++)
		if (model->identifications[i].method == IDENTIFY_DEVICE_ID)
			layout->has_device_id = true;
}

bool image_layout_make(struct image_layout *layout, const struct meter_model *model, uint8_t marker)
{
	name_product(layout, model);
	if (model->base.relative && !add_sunspec(layout, model, marker))
		return false;
	for (size_t i = 0; i < model->values_count; i++)
		if (!add_value(layout, &model->values[i], (int16_t)i))
			return false;
	for (size_t i = 0; i < model->identifications_count; i++)
		if (!add_identification(layout, &model->identifications[i]))
			return false;
	if (model->has_serial_number &&
		!add_words(layout,
			run(model->serial_number_space,
				(uint32_t)(layout->common_base + model->serial_number_address),
				model->serial_number_format.registers),
			NULL))
		return false;
	sort_cells(layout);
	if (model->base.relative && model->values_count > 0) {
		if (!fill_sunspec(layout, model))
			return false;
		sort_cells(layout);
	}
	return true;
}

struct image_cell *image_layout_cell(
	const struct image_layout *layout, enum register_space space, uint16_t address)
{
	const struct image_cell key = {.space = space, .address = address};
	size_t low = 0;
	size_t high = layout->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct image_cell *cell = &layout->cells[middle];
		if (cell->space == key.space && cell->address == key.address)
			return cell;
		if (cell->space < key.space ||
			(cell->space == key.space && cell->address < key.address))
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

bool image_layout_has_space(const struct image_layout *layout, enum register_space space)
{
	for (size_t i = 0; i < layout->count; i++)
		if (layout->cells[i].space == space)
			return true;
	return false;
}

/* --- disturbances ------------------------------------------------------- */

/* Register `position` of a number given as bits, most significant first. */
static uint16_t word_of_bits(uint64_t bits, struct register_format format, uint8_t position)
{
	uint8_t last = (uint8_t)(format.registers - 1);
	uint8_t from_low = format.low_word_first ? position : (uint8_t)(last - position);
	uint16_t word = (uint16_t)(bits >> (16 * from_low));
	unsigned swapped = (unsigned)word << 8 | (unsigned)word >> 8;
	return format.low_byte_first ? (uint16_t)swapped : word;
}

static uint16_t special(
	const struct image_cell *cell, const struct model_value *value, bool infinite)
{
	struct register_format format = value->format;
	if (format.encoding == ENCODING_F32)
		return word_of_bits(infinite ? 0x7f800000 : 0x7fc00000, format, cell->position);
	if (format.encoding == ENCODING_F64)
		return word_of_bits(
			infinite ? UINT64_C(0x7ff0000000000000) : UINT64_C(0x7ff8000000000000),
			format, cell->position);
	if (!infinite && value->sentinels_count > 0 && format.registers <= 4)
		return word_of_bits(value->sentinels[0], format, cell->position);
	return cell->word;
}

static uint16_t torn(const struct image_cell *cell, const struct model_value *value)
{
	struct register_format format = value->format;
	uint8_t second_lowest = format.low_word_first ? 1 : (uint8_t)(format.registers - 2);
	if (format.registers < 2 || format.registers > 4 || cell->position != second_lowest)
		return cell->word;
	return (uint16_t)(format.low_byte_first ? cell->word + 0x100 : cell->word + 1);
}

uint16_t image_layout_disturbed(const struct image_cell *cell, const struct meter_model *model,
	enum image_disturbance disturbance)
{
	const struct model_value *value = cell->value >= 0 ? &model->values[cell->value] : NULL;
	switch (disturbance) {
	case IMAGE_ALL_ONES:
		return 0xffff;
	case IMAGE_ALL_ZERO:
		return 0;
	case IMAGE_NAN:
	case IMAGE_INFINITE:
		return value != NULL ? special(cell, value, disturbance == IMAGE_INFINITE)
				     : cell->word;
	case IMAGE_TORN:
		return value != NULL ? torn(cell, value) : cell->word;
	case IMAGE_AS_IT_IS:
		break;
	}
	return cell->word;
}
