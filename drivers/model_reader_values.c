/* SPDX-License-Identifier: Apache-2.0 */
/* model_reader_values.c -- The list `values` of a model file. */
#include "drivers/model_reader_parts.h"

#include <stdlib.h>
#include <string.h>

enum { STRING_REGISTERS_MAX = 32, BCD_REGISTERS_MAX = 4 };

/* How many registers: the encoding tells, or the file where it does not. */
static bool registers_read(const struct model_reader *reader, const struct model_cell *cell,
	struct file_position at, struct register_format *format)
{
	const char *name = register_encoding_name(format->encoding);
	uint8_t fixed = register_encoding_registers(format->encoding);
	int64_t most = format->encoding == ENCODING_BCD ? BCD_REGISTERS_MAX : STRING_REGISTERS_MAX;

	if (!cell->node) {
		if (fixed == 0) {
			model_error(&reader->messages, at,
				"\"%s\" needs \"registers\": how many it covers, 1 to %lld", name,
				(long long)most);
		}
		format->registers = fixed;
		return fixed != 0;
	}
	if (fixed != 0 ? cell->number != fixed : cell->number > most) {
		model_error(&reader->messages, cell->node->at,
			"\"registers: %s\" does not go with %s, which covers %s%lld",
			cell->node->text, name, fixed != 0 ? "" : "1 to ",
			(long long)(fixed != 0 ? fixed : most));
		return false;
	}
	format->registers = (uint8_t)cell->number;
	return true;
}

bool model_place_read(const struct model_reader *reader, const struct model_cell *cells,
	struct file_position at, struct model_place *ret_place)
{
	const struct model_reading *reading = &reader->reading;
	struct model_place place = {reading->space, reading->format};

	if (cells[REGISTER_SPACE].node) {
		place.space = (enum register_space)(cells[REGISTER_SPACE].number + SPACE_COILS);
	}
	if (cells[REGISTER_ENCODING].node) {
		place.format.encoding = (enum register_encoding)cells[REGISTER_ENCODING].number;
	} else if (!reading->has_encoding) {
		model_error(
			&reader->messages, at, "no \"encoding\", neither here nor in \"reading\"");
		return false;
	}
	if (cells[REGISTER_WORD_ORDER].node) {
		place.format.low_word_first = cells[REGISTER_WORD_ORDER].number != 0;
	}
	if (cells[REGISTER_BYTE_ORDER].node) {
		place.format.low_byte_first = cells[REGISTER_BYTE_ORDER].number != 0;
	}
	if (!registers_read(reader, &cells[PLACE_REGISTERS], at, &place.format)) {
		return false;
	}
	if (place.space <= SPACE_DISCRETE_INPUTS && place.format.encoding != ENCODING_U16) {
		model_error(&reader->messages, at, "%s holds single bits: its encoding is u16",
			place.space == SPACE_COILS ? "coils" : "discrete");
		return false;
	}
	*ret_place = place;
	return true;
}

/* "0x7FFFxxxx": hexadecimal, an x is any digit; at most `digits_max` of them. */
static bool sentinel_parse(
	const char *text, size_t digits_max, uint64_t *ret_bits, uint64_t *ret_mask)
{
	uint64_t bits = 0;
	uint64_t any = 0;
	size_t digits = 0;

	if (text[0] != '0' || (text[1] != 'x' && text[1] != 'X')) {
		return false;
	}
	for (const char *at = text + 2; *at != '\0'; at++, digits++) {
		static const char figures[] = "0123456789abcdefABCDEF";
		const char *figure = strchr(figures, *at);

		if ((!figure && *at != 'x') || digits >= digits_max) {
			return false;
		}

		uint64_t number = figure ? (uint64_t)(figure - figures) : 0;

		bits = bits << 4 | (number > 15 ? number - 6 : number);
		any = any << 4 | (figure ? 0 : 15);
	}
	*ret_bits = bits;
	*ret_mask = ~any;
	return digits > 0;
}

bool model_sentinels_read(const struct model_messages *messages, const struct yaml_node *list,
	uint8_t registers, struct model_sentinels *ret_sentinels)
{
	struct model_sentinels sentinels = {0};
	size_t digits_max = 4u * registers;

	if (list->kind != YAML_SEQUENCE || list->children_count > MODEL_SENTINELS_MAX) {
		model_error(messages, list->at, "sentinels are a list of up to %d patterns",
			MODEL_SENTINELS_MAX);
		return false;
	}
	for (size_t i = 0; i < list->children_count; i++) {
		const struct yaml_node *node = &list->children[i];

		if (node->kind != YAML_SCALAR || !sentinel_parse(node->text, digits_max,
							 &sentinels.bits[i], &sentinels.masks[i])) {
			model_error(messages, node->at,
				"sentinel \"%s\" is not 0x and up to %zu hexadecimal digits (x: "
				"any)",
				node->kind == YAML_SCALAR ? node->text : "", digits_max);
			return false;
		}
		sentinels.count++;
	}
	*ret_sentinels = sentinels;
	return true;
}

/* `address`: one, or a list that is summed. */
static bool addresses_read(
	const struct model_reader *reader, const struct yaml_node *node, struct model_value *value)
{
	const struct model_key *key = &model_sections[MODEL_SECTION_VALUE].keys[PLACE_ADDRESS];
	const struct yaml_node *parts = node->kind == YAML_SEQUENCE ? node->children : node;
	size_t count = node->kind == YAML_SEQUENCE ? node->children_count : 1;

	if (count < 1 || count > MODEL_VALUE_PARTS_MAX) {
		model_error(&reader->messages, node->at,
			"\"address\" takes one address or a list of up to %d",
			MODEL_VALUE_PARTS_MAX);
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		int64_t address = 0;

		if (!model_integer_read(&reader->messages, &parts[i], key, &address)) {
			return false;
		}
		if (address + value->format.registers - 1 > UINT16_MAX) {
			model_error(&reader->messages, parts[i].at,
				"\"address: %s\": its last register is past 65535", parts[i].text);
			return false;
		}
		value->addresses[i] = (uint16_t)address;
	}
	value->addresses_count = (uint8_t)count;
	return true;
}

/* From the quantity's unit to its inside steps. */
static bool to_inside(const struct quantity_info *info, struct scale scale, struct scale *ret_scale)
{
	struct scale steps = {1, 1};

	for (int i = 0; i < info->decimals; i++) {
		steps.numerator *= 10;
	}
	return scale_multiply(scale, steps, ret_scale);
}

static bool is_whole_number(enum register_encoding encoding)
{
	return encoding <= ENCODING_I64 || encoding == ENCODING_BCD;
}

/* What the file says; else an integer counter moves in raw steps. */
static bool resolution_read(
	const struct model_reader *reader, const struct model_cell *cell, struct model_value *value)
{
	const struct quantity_info *info = quantity_info(value->quantity);
	struct scale step = {1, 1};
	struct scale magnitude = value->scale;

	if (cell->node) {
		if (!to_inside(info, cell->scale, &step) || step.denominator != 1 ||
			step.numerator < 0) {
			model_error(&reader->messages, cell->node->at,
				"\"resolution: %s\" is not a positive number of %d decimals",
				cell->node->text, info->decimals);
			return false;
		}
		value->resolution = step.numerator;
		return true;
	}
	magnitude.numerator = llabs(magnitude.numerator);
	if (info->kind == QUANTITY_COUNTER && is_whole_number(value->format.encoding) &&
		value->scale_register < 0 && !value->scaled_by_option) {
		return scale_apply(magnitude, 1, &value->resolution);
	}
	return true;
}

static bool scale_read(const struct model_reader *reader, const struct model_cell *cells,
	struct file_position at, struct model_value *value)
{
	const struct model_cell *cell = &cells[VALUE_SCALE];
	struct scale one = {1, 1};

	if (!to_inside(quantity_info(value->quantity), cell->node ? cell->scale : one,
		    &value->scale)) {
		model_error(&reader->messages, cell->node ? cell->node->at : at,
			"\"scale\" is too large or too fine");
		return false;
	}
	value->scaled_by_option = cells[VALUE_OPTION].number != 0;
	if (value->scaled_by_option && !reader->model->option.key) {
		model_error(&reader->messages, cells[VALUE_OPTION].node->at,
			"\"option: yes\", but the model has no \"option\"");
		return false;
	}
	value->scale_register =
		cells[VALUE_SCALE_REGISTER].node ? (int32_t)cells[VALUE_SCALE_REGISTER].number : -1;
	return true;
}

static bool modulus_read(
	const struct model_reader *reader, const struct model_cell *cell, struct model_value *value)
{
	const struct quantity_info *info = quantity_info(value->quantity);

	if (!cell->node) {
		return true;
	}
	if (info->kind != QUANTITY_COUNTER || !is_whole_number(value->format.encoding)) {
		model_error(&reader->messages, cell->node->at,
			"\"modulus\" is for counters of whole numbers; this is %s %s",
			register_encoding_name(value->format.encoding), info->name);
		return false;
	}
	value->modulus_raw = (uint64_t)cell->number;
	return true;
}

static bool value_sentinels_read(
	const struct model_reader *reader, const struct model_cell *cell, struct model_value *value)
{
	struct model_sentinels sentinels = reader->reading.sentinels[value->format.encoding];

	if (cell->node && !model_sentinels_read(&reader->messages, cell->node,
				  value->format.registers, &sentinels)) {
		return false;
	}
	memcpy(value->sentinels, sentinels.bits, sizeof(sentinels.bits));
	memcpy(value->sentinel_masks, sentinels.masks, sizeof(sentinels.masks));
	value->sentinels_count = sentinels.count;
	return true;
}

static bool quantity_read(
	const struct model_reader *reader, const struct yaml_node *node, struct model_value *value)
{
	if (quantity_find(node->text, &value->quantity)) {
		return true;
	}
	model_error(&reader->messages, node->at,
		"unknown quantity \"%s\"; the list stands in drivers/meters/README.md", node->text);
	return false;
}

static void plain_cells(const struct model_cell *cells, struct model_value *value)
{
	const struct quantity_info *info = quantity_info(value->quantity);

	value->channel = cells[VALUE_CHANNEL].node ? (uint8_t)cells[VALUE_CHANNEL].number : 1;
	value->slow = cells[VALUE_GROUP].node ? cells[VALUE_GROUP].number != 0
					      : info->kind == QUANTITY_COUNTER;
	value->together = cells[VALUE_TOGETHER].node ? (int8_t)cells[VALUE_TOGETHER].number : -1;
	value->zero_is_unavailable = cells[VALUE_ZERO_IS_UNAVAILABLE].number != 0;
	value->absolute = cells[VALUE_ABSOLUTE].number != 0;
}

static bool value_read(const struct model_reader *reader, const struct yaml_node *node,
	struct model_value *ret_value)
{
	struct model_cell cells[MODEL_CELLS_MAX];
	struct model_value value = {0};
	struct model_place place;

	if (!model_cells_read(&reader->messages, MODEL_SECTION_VALUE, node, cells) ||
		!quantity_read(reader, cells[VALUE_QUANTITY].node, &value) ||
		!model_place_read(reader, cells, node->at, &place)) {
		return false;
	}
	if (place.format.encoding == ENCODING_STRING) {
		model_error(&reader->messages, node->at, "a value is a number, not a string");
		return false;
	}
	value.space = place.space;
	value.format = place.format;
	plain_cells(cells, &value);
	if (!addresses_read(reader, cells[PLACE_ADDRESS].node, &value) ||
		!scale_read(reader, cells, node->at, &value) ||
		!resolution_read(reader, &cells[VALUE_RESOLUTION], &value) ||
		!modulus_read(reader, &cells[VALUE_MODULUS], &value) ||
		!value_sentinels_read(reader, &cells[VALUE_SENTINELS], &value)) {
		return false;
	}
	*ret_value = value;
	return true;
}

static int by_space_and_address(const void *a, const void *b)
{
	const struct model_value *x = &((const struct model_entry *)a)->value;
	const struct model_value *y = &((const struct model_entry *)b)->value;
	const int64_t keys[][2] = {
		{(int64_t)x->space,    (int64_t)y->space   },
		{x->addresses[0],      y->addresses[0]     },
		{x->addresses_count,   y->addresses_count  },
		{(int64_t)x->quantity, (int64_t)y->quantity},
		{x->channel,           y->channel          },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (keys[i][0] != keys[i][1]) {
			return keys[i][0] < keys[i][1] ? -1 : 1;
		}
	}
	return 0;
}

bool model_values_read(struct model_reader *reader, const struct yaml_node *list)
{
	bool good = true;

	reader->entries = calloc(list->children_count, sizeof(*reader->entries));
	reader->model->values = calloc(list->children_count, sizeof(*reader->model->values));
	if (!reader->entries || !reader->model->values) {
		model_error(&reader->messages, list->at, "out of memory");
		return false;
	}
	for (size_t i = 0; i < list->children_count; i++) {
		struct model_entry *entry = &reader->entries[reader->entries_count];

		entry->at = list->children[i].at;
		if (value_read(reader, &list->children[i], &entry->value)) {
			reader->entries_count++;
		} else {
			good = false;
		}
	}
	qsort(reader->entries, reader->entries_count, sizeof(*reader->entries),
		by_space_and_address);
	for (size_t i = 0; i < reader->entries_count; i++) {
		reader->model->values[i] = reader->entries[i].value;
	}
	reader->model->values_count = reader->entries_count;
	return good;
}
