/* SPDX-License-Identifier: Apache-2.0 */
/* model_reader.c -- A model file, key by key, into a struct meter_model (meters/README.md). */
#include <stdlib.h>
#include <string.h>

#include "drivers/model_library.h"
#include "drivers/model_reader_parts.h"

/* False for an absent node too: that was reported where it was missed. */
static bool text_copy(
	const struct model_reader *reader, const struct yaml_node *node, char **ret_text)
{
	if (!node) {
		return false;
	}
	*ret_text = strdup(node->text);
	if (!*ret_text) {
		model_error(&reader->messages, node->at, "out of memory");
	}
	return *ret_text != NULL;
}

/* A list of texts. On failure what was read so far is the model's, and is freed with it. */
static bool texts_read(struct model_reader *reader, const struct yaml_node *list, char ***ret_texts,
	size_t *ret_count)
{
	if (!list) {
		return true;
	}
	*ret_texts = calloc(list->children_count, sizeof(**ret_texts));
	if (!*ret_texts) {
		model_error(&reader->messages, list->at, "out of memory");
		return false;
	}
	for (size_t i = 0; i < list->children_count; i++) {
		const struct yaml_node *node = &list->children[i];

		if (node->kind != YAML_SCALAR || node->text[0] == '\0') {
			model_error(&reader->messages, node->at,
				"an entry of \"%s\" is a text, not empty", list->key);
			return false;
		}
		if (!text_copy(reader, node, &(*ret_texts)[i])) {
			return false;
		}
		(*ret_count)++;
	}
	return true;
}

static bool transport_read(struct model_reader *reader, const struct yaml_node *list)
{
	for (size_t i = 0; list && i < list->children_count; i++) {
		const struct yaml_node *node = &list->children[i];
		const char *text = node->kind == YAML_SCALAR ? node->text : "";

		if (strcmp(text, "rtu") == 0) {
			reader->model->rtu = true;
		} else if (strcmp(text, "tcp") == 0) {
			reader->model->tcp = true;
		} else {
			model_error(&reader->messages, node->at,
				"\"transport: %s\" is not one of rtu, tcp", text);
			return false;
		}
	}
	return true;
}

static bool serial_line_read(struct model_reader *reader, const struct yaml_node *mapping)
{
	struct model_cell cells[MODEL_CELLS_MAX];
	struct model_serial_line *line = &reader->model->serial_line;

	if (!mapping) {
		return true;
	}
	if (!model_cells_read(&reader->messages, MODEL_SECTION_SERIAL_LINE, mapping, cells)) {
		return false;
	}
	line->baud = (uint32_t)cells[LINE_BAUD].number;
	line->parity = cells[LINE_PARITY].node ? cells[LINE_PARITY].node->text[0] : '\0';
	line->stop_bits = (uint8_t)cells[LINE_STOP_BITS].number;
	line->address = (uint8_t)cells[LINE_ADDRESS].number;
	return true;
}

static bool tcp_read(struct model_reader *reader, const struct yaml_node *mapping)
{
	struct model_cell cells[MODEL_CELLS_MAX];

	if (!mapping) {
		return true;
	}
	if (!model_cells_read(&reader->messages, MODEL_SECTION_TCP, mapping, cells)) {
		return false;
	}
	reader->model->tcp_port = (uint16_t)cells[TCP_PORT].number;
	reader->model->tcp_unit = (uint8_t)cells[TCP_UNIT].number;
	return true;
}

/* "0x10-0x1F", "7", "holding 0-10". */
static bool range_parse(
	const char *text, enum register_space fallback, struct register_range *ret_range)
{
	static const char *const spaces[] = {"coils ", "discrete ", "holding ", "input "};
	enum register_space space = fallback;
	char first_text[12];
	int64_t first = 0;
	int64_t last = 0;

	for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
		if (strncmp(text, spaces[i], strlen(spaces[i])) == 0) {
			space = (enum register_space)(SPACE_COILS + i);
			text += strlen(spaces[i]);
			break;
		}
	}

	size_t length = strcspn(text, "-");

	if (length >= sizeof(first_text)) {
		return false;
	}
	memcpy(first_text, text, length);
	first_text[length] = '\0';
	if (!model_number_parse(first_text, &first)) {
		return false;
	}
	last = first;
	if (text[length] == '-' && !model_number_parse(text + length + 1, &last)) {
		return false;
	}
	*ret_range = (struct register_range){space, (uint16_t)first, (uint16_t)last};
	return first <= last && last <= UINT16_MAX; /* a sign of the first would end its text */
}

static bool ranges_read(struct model_reader *reader, const struct yaml_node *list,
	struct register_range **ret_ranges, size_t *ret_count)
{
	if (!list) {
		return true;
	}
	*ret_ranges = calloc(list->children_count, sizeof(**ret_ranges));
	if (!*ret_ranges) {
		model_error(&reader->messages, list->at, "out of memory");
		return false;
	}
	for (size_t i = 0; i < list->children_count; i++) {
		const struct yaml_node *node = &list->children[i];
		const char *text = node->kind == YAML_SCALAR ? node->text : "";

		if (!range_parse(text, reader->reading.space, &(*ret_ranges)[i])) {
			model_error(&reader->messages, node->at,
				"\"%s: %s\" is not a range of registers as 0x1000-0x10FF or "
				"\"holding 7\"",
				list->key, text);
			return false;
		}
		(*ret_count)++;
	}
	return true;
}

static bool default_sentinels_read(struct model_reader *reader, const struct yaml_node *mapping)
{
	for (size_t i = 0; mapping && i < mapping->children_count; i++) {
		const struct yaml_node *list = &mapping->children[i];
		enum register_encoding encoding;

		if (!register_encoding_find(list->key, &encoding) || encoding == ENCODING_STRING) {
			model_error(&reader->messages, list->key_at,
				"\"%s\" is not the encoding of a number (u16, i16 ... f64, bcd)",
				list->key);
			return false;
		}

		uint8_t registers = register_encoding_registers(encoding);

		if (!model_sentinels_read(&reader->messages, list, registers > 0 ? registers : 4,
			    &reader->reading.sentinels[encoding])) {
			return false;
		}
	}
	return true;
}

static void register_defaults(struct model_reading *reading, const struct model_cell *cells)
{
	reading->space = cells[REGISTER_SPACE].node
				 ? (enum register_space)(cells[REGISTER_SPACE].number + SPACE_COILS)
				 : SPACE_HOLDING_REGISTERS;
	reading->has_encoding = cells[REGISTER_ENCODING].node != NULL;
	reading->format = (struct register_format){
		.encoding = (enum register_encoding)cells[REGISTER_ENCODING].number,
		.low_word_first = cells[REGISTER_WORD_ORDER].number != 0,
		.low_byte_first = cells[REGISTER_BYTE_ORDER].number != 0,
	};
}

static bool reading_read(struct model_reader *reader, const struct yaml_node *mapping)
{
	struct model_cell cells[MODEL_CELLS_MAX];
	struct meter_model *model = reader->model;

	if (!mapping ||
		!model_cells_read(&reader->messages, MODEL_SECTION_READING, mapping, cells)) {
		return false;
	}
	register_defaults(&reader->reading, cells);
	model->block_registers_max = (uint16_t)cells[READING_LARGEST_BLOCK].number;
	model->bridge_registers_max = (uint16_t)cells[READING_BRIDGING].number;
	model->pause_ms = (uint32_t)cells[READING_PAUSE].number;
	model->update_period_ms = (uint32_t)cells[READING_UPDATE_PERIOD].number;
	model->response_timeout_ms = (uint32_t)cells[READING_RESPONSE_TIMEOUT].number;
	return ranges_read(reader, cells[READING_READABLE].node, &model->readable,
		       &model->readable_count) &&
	       ranges_read(reader, cells[READING_FORBIDDEN].node, &model->forbidden,
		       &model->forbidden_count) &&
	       default_sentinels_read(reader, cells[READING_SENTINELS].node);
}

static bool addresses_list(struct model_reader *reader, const struct yaml_node *list,
	uint16_t *ret_numbers, uint8_t *ret_count)
{
	const struct model_key key = {.key = list->key, .max = UINT16_MAX};

	for (size_t i = 0; i < list->children_count; i++) {
		int64_t number = 0;

		if (!model_integer_read(&reader->messages, &list->children[i], &key, &number)) {
			return false;
		}
		ret_numbers[i] = (uint16_t)number;
		(*ret_count)++;
	}
	return true;
}

static bool sunspec_read(struct model_reader *reader, const struct yaml_node *mapping)
{
	struct model_cell cells[MODEL_CELLS_MAX];
	struct model_base *base = &reader->model->base;

	if (!mapping) {
		return true;
	}
	base->relative = true;
	return model_cells_read(&reader->messages, MODEL_SECTION_SUNSPEC, mapping, cells) &&
	       addresses_list(
		       reader, cells[SUNSPEC_MARKERS].node, base->markers, &base->markers_count) &&
	       addresses_list(
		       reader, cells[SUNSPEC_MODELS].node, base->models, &base->models_count);
}

static bool choices_read(struct model_reader *reader, const struct yaml_node *mapping)
{
	struct model_option *option = &reader->model->option;

	for (size_t i = 0; i < mapping->children_count; i++) {
		const struct yaml_node *node = &mapping->children[i];

		if (!model_scale_read(
			    &reader->messages, node, node->key, &option->choices[i].scale)) {
			return false;
		}
		option->choices[i].name = strdup(node->key);
		if (!option->choices[i].name) {
			model_error(&reader->messages, node->at, "out of memory");
			return false;
		}
		option->choices_count++;
	}
	return true;
}

static bool option_read(struct model_reader *reader, const struct yaml_node *mapping)
{
	struct model_cell cells[MODEL_CELLS_MAX];
	struct model_option *option = &reader->model->option;

	if (!mapping) {
		return true;
	}
	if (!model_cells_read(&reader->messages, MODEL_SECTION_OPTION, mapping, cells) ||
		!text_copy(reader, cells[OPTION_KEY].node, &option->key) ||
		!choices_read(reader, cells[OPTION_CHOICES].node)) {
		return false;
	}
	if (!model_option_find(option, cells[OPTION_DEFAULT].node->text, &option->fallback)) {
		model_error(&reader->messages, cells[OPTION_DEFAULT].node->at,
			"\"default: %s\" is not one of the choices",
			cells[OPTION_DEFAULT].node->text);
		return false;
	}
	return true;
}

static bool serial_number_read(struct model_reader *reader, const struct yaml_node *mapping)
{
	struct model_cell cells[MODEL_CELLS_MAX];
	struct meter_model *model = reader->model;
	struct model_place place;

	if (!mapping) {
		return true;
	}
	reader->serial_number_at = mapping->at;
	if (!model_cells_read(&reader->messages, MODEL_SECTION_SERIAL_NUMBER, mapping, cells) ||
		!model_place_read(reader, cells, mapping->at, &place)) {
		return false;
	}
	if (cells[PLACE_ADDRESS].number + place.format.registers - 1 > UINT16_MAX) {
		model_error(&reader->messages, cells[PLACE_ADDRESS].node->at,
			"\"address: %s\": its last register is past 65535",
			cells[PLACE_ADDRESS].node->text);
		return false;
	}
	model->has_serial_number = true;
	model->serial_number_space = place.space;
	model->serial_number_format = place.format;
	model->serial_number_address = (uint16_t)cells[PLACE_ADDRESS].number;
	return true;
}

static bool matches_read(struct model_reader *reader, const struct yaml_node *list,
	struct model_identification *rule)
{
	for (size_t i = 0; list && i < list->children_count; i++) {
		const struct yaml_node *node = &list->children[i];

		if (node->kind != YAML_SCALAR || node->text[0] == '\0') {
			model_error(&reader->messages, node->at,
				"an entry of \"matches\" is a number, a range or a text");
			return false;
		}
		if (!text_copy(reader, node, &rule->matches[i])) {
			return false;
		}
		rule->matches_count++;
	}
	return true;
}

/* What a rule by register needs beside. */
static bool rule_register_read(struct model_reader *reader, const struct model_cell *cells,
	struct file_position at, struct model_identification *rule)
{
	struct model_place place;

	if (!model_place_read(reader, cells, at, &place)) {
		return false;
	}
	if (!cells[PLACE_ADDRESS].node || !cells[IDENTIFICATION_MATCHES].node) {
		model_error(&reader->messages, at,
			"a rule of method register needs \"address\" and \"matches\"");
		return false;
	}
	rule->space = place.space;
	rule->format = place.format;
	rule->address = (uint16_t)cells[PLACE_ADDRESS].number;
	return true;
}

static bool rule_read(struct model_reader *reader, const struct yaml_node *node,
	struct model_identification *rule)
{
	struct model_cell cells[MODEL_CELLS_MAX];

	if (!model_cells_read(&reader->messages, MODEL_SECTION_IDENTIFICATION, node, cells)) {
		return false;
	}
	rule->method = (enum identification_method)cells[IDENTIFICATION_METHOD].number;
	if (rule->method == IDENTIFY_REGISTER &&
		!rule_register_read(reader, cells, node->at, rule)) {
		return false;
	}
	return text_copy(reader, cells[IDENTIFICATION_MEANING].node, &rule->meaning) &&
	       matches_read(reader, cells[IDENTIFICATION_MATCHES].node, rule);
}

static bool identification_read(struct model_reader *reader, const struct yaml_node *list)
{
	struct meter_model *model = reader->model;

	if (!list) {
		return true;
	}
	model->identifications = calloc(list->children_count, sizeof(*model->identifications));
	if (!model->identifications) {
		model_error(&reader->messages, list->at, "out of memory");
		return false;
	}
	for (size_t i = 0; i < list->children_count; i++) {
		model->identifications_count++;
		if (!rule_read(reader, &list->children[i], &model->identifications[i])) {
			return false;
		}
	}
	return true;
}

static bool head_read(struct model_reader *reader, const struct model_cell *cells)
{
	struct meter_model *model = reader->model;

	model->phases = (uint8_t)cells[MODEL_PHASES].number;
	model->channels = cells[MODEL_CHANNELS].node ? (uint8_t)cells[MODEL_CHANNELS].number : 1;
	model->ct_in_meter = cells[MODEL_CT_IN_METER].number != 0;
	return text_copy(reader, cells[MODEL_MAKER].node, &model->maker) &&
	       text_copy(reader, cells[MODEL_TITLE].node, &model->title) &&
	       text_copy(reader, cells[MODEL_CARRIER].node, &model->carrier) &&
	       text_copy(reader, cells[MODEL_TESTED].node, &model->tested);
}

/* Every section that is there, so that all errors come in one go; values need what `reading` says.
 */
static bool sections_read(struct model_reader *reader, const struct model_cell *cells)
{
	struct meter_model *model = reader->model;
	bool reading = reading_read(reader, cells[MODEL_READING].node);
	bool good = option_read(reader, cells[MODEL_OPTION].node);

	good = head_read(reader, cells) && good;
	good = transport_read(reader, cells[MODEL_TRANSPORT].node) && good;
	good = serial_line_read(reader, cells[MODEL_SERIAL_LINE].node) && good;
	good = tcp_read(reader, cells[MODEL_TCP].node) && good;
	good = sunspec_read(reader, cells[MODEL_SUNSPEC].node) && good;
	good = texts_read(reader, cells[MODEL_QUIRKS].node, &model->quirks, &model->quirks_count) &&
	       good;
	good = texts_read(
		       reader, cells[MODEL_SOURCES].node, &model->sources, &model->sources_count) &&
	       good;
	if (!reading) {
		return false;
	}
	good = serial_number_read(reader, cells[MODEL_SERIAL_NUMBER].node) && good;
	good = identification_read(reader, cells[MODEL_IDENTIFICATION].node) && good;
	good = cells[MODEL_VALUES].node && model_values_read(reader, cells[MODEL_VALUES].node) &&
	       good;
	return model_check(reader) && good;
}

bool meter_model_read(const struct yaml_file *file, const char *name,
	struct diagnostics *diagnostics, struct meter_model **ret_model)
{
	struct model_reader reader = {
		.messages = {yaml_file_name(file), diagnostics}
        };
	struct model_cell cells[MODEL_CELLS_MAX];
	bool good = false;

	reader.model = calloc(1, sizeof(*reader.model));
	if (!reader.model) {
		model_error(&reader.messages, (struct file_position){0}, "out of memory");
		return false;
	}
	if (strlen(name) >= sizeof(reader.model->name)) {
		model_error(&reader.messages, (struct file_position){0},
			"the name \"%s\" is longer than %d characters", name, MODEL_NAME_MAX - 1);
		goto done;
	}
	memcpy(reader.model->name, name, strlen(name) + 1);
	good = model_cells_read(&reader.messages, MODEL_SECTION_MODEL, yaml_root(file), cells);
	good = sections_read(&reader, cells) && good;

done:
	free(reader.entries);
	if (!good) {
		meter_model_free(reader.model);
		return false;
	}
	*ret_model = reader.model;
	return true;
}
