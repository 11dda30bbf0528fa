/* SPDX-License-Identifier: Apache-2.0 */
/* model_reader_keys.c -- The tables of model_reader_keys.h, and what reads a mapping by them. */
#include "drivers/model_reader_keys.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
static const char *const carriers[] = {"electricity", "district_heat", "district_cooling", "natural_gas",
	"lpg", "fuel_oil", "biofuel", "solar_heat", "water", NULL};
static const char *const tested[]      = {"simulated", "field", NULL};
static const char *const parities[]    = {"N", "E", "O", NULL};
static const char *const spaces[]      = {"coils", "discrete", "holding", "input", NULL}; /* functions 1 to 4 */
static const char *const orders[]      = {"high_first", "low_first", NULL};
static const char *const groups[]      = {"fast", "slow", NULL};
static const char *const methods[]     = {"register", "device_id", "sunspec", "heuristic", NULL};
static const char *const encodings[]   = {"u16", "i16", "u32", "i32", "u64", "i64", "f32", "f64", "bcd", "string", "iskra_t5", "iskra_t6",
	"iskra_t7", NULL};

static const struct model_key model_keys[MODEL_KEYS] = {
	/*                         key              type               required min  max  choices */
	[MODEL_MAKER]          = {"maker",          MODEL_KEY_TEXT,    true,  1,  100,  NULL},
	[MODEL_TITLE]          = {"title",          MODEL_KEY_TEXT,    true,  1,  200,  NULL},
	[MODEL_CARRIER]        = {"carrier",        MODEL_KEY_CHOICE,  true,  0,  0,    carriers},
	[MODEL_PHASES]         = {"phases",         MODEL_KEY_INTEGER, false, 1,  3,    NULL},
	[MODEL_TESTED]         = {"tested",         MODEL_KEY_CHOICE,  true,  0,  0,    tested},
	[MODEL_TRANSPORT]      = {"transport",      MODEL_KEY_LIST,    true,  1,  2,    NULL},
	[MODEL_SERIAL_LINE]    = {"serial_line",    MODEL_KEY_MAPPING, false, 0,  0,    NULL},
	[MODEL_TCP]            = {"tcp",            MODEL_KEY_MAPPING, false, 0,  0,    NULL},
	[MODEL_READING]        = {"reading",        MODEL_KEY_MAPPING, true,  0,  0,    NULL},
	[MODEL_SUNSPEC]        = {"sunspec",        MODEL_KEY_MAPPING, false, 0,  0,    NULL},
	[MODEL_OPTION]         = {"option",         MODEL_KEY_MAPPING, false, 0,  0,    NULL},
	[MODEL_CHANNELS]       = {"channels",       MODEL_KEY_INTEGER, false, 1,  32,   NULL},
	[MODEL_CT_IN_METER]    = {"ct_in_meter",    MODEL_KEY_YES_NO,  false, 0,  0,    NULL},
	[MODEL_SERIAL_NUMBER]  = {"serial_number",  MODEL_KEY_MAPPING, false, 0,  0,    NULL},
	[MODEL_VALUES]         = {"values",         MODEL_KEY_LIST,    true,  1,  MODEL_VALUES_MAX, NULL},
	[MODEL_IDENTIFICATION] = {"identification", MODEL_KEY_LIST,    false, 1,  MODEL_TEXTS_MAX, NULL},
	[MODEL_QUIRKS]         = {"quirks",         MODEL_KEY_LIST,    false, 1,  MODEL_TEXTS_MAX, NULL},
	[MODEL_SOURCES]        = {"sources",        MODEL_KEY_LIST,    true,  1,  MODEL_TEXTS_MAX, NULL},
};

static const struct model_key line_keys[LINE_KEYS] = {
	[LINE_BAUD]      = {"baud",      MODEL_KEY_INTEGER, false, 300, 921600, NULL},
	[LINE_PARITY]    = {"parity",    MODEL_KEY_CHOICE,  false, 0,   0,      parities},
	[LINE_STOP_BITS] = {"stop_bits", MODEL_KEY_INTEGER, false, 1,   2,      NULL},
	[LINE_ADDRESS]   = {"address",   MODEL_KEY_INTEGER, false, 1,   247,    NULL},
};

static const struct model_key tcp_keys[TCP_KEYS] = {
	[TCP_PORT] = {"port", MODEL_KEY_INTEGER, false, 1, 65535, NULL},
	[TCP_UNIT] = {"unit", MODEL_KEY_INTEGER, false, 1, 255,   NULL},
};

#define REGISTER_ROWS \
	[REGISTER_SPACE]      = {"space",      MODEL_KEY_CHOICE, false, 0, 0, spaces}, \
	[REGISTER_ENCODING]   = {"encoding",   MODEL_KEY_CHOICE, false, 0, 0, encodings}, \
	[REGISTER_WORD_ORDER] = {"word_order", MODEL_KEY_CHOICE, false, 0, 0, orders}, \
	[REGISTER_BYTE_ORDER] = {"byte_order", MODEL_KEY_CHOICE, false, 0, 0, orders}

static const struct model_key reading_keys[READING_KEYS] = {
	REGISTER_ROWS,
	[READING_LARGEST_BLOCK]    = {"largest_block",       MODEL_KEY_INTEGER, true,  1, 125,     NULL},
	[READING_BRIDGING]         = {"bridging",            MODEL_KEY_INTEGER, false, 0, 125,     NULL},
	[READING_READABLE]         = {"readable",            MODEL_KEY_LIST,    false, 1, MODEL_RANGES_MAX, NULL},
	[READING_FORBIDDEN]        = {"forbidden",           MODEL_KEY_LIST,    false, 1, MODEL_RANGES_MAX, NULL},
	[READING_PAUSE]            = {"pause_ms",            MODEL_KEY_INTEGER, false, 0, 10000,   NULL},
	[READING_UPDATE_PERIOD]    = {"update_period_ms",    MODEL_KEY_INTEGER, false, 1, 3600000, NULL},
	[READING_RESPONSE_TIMEOUT] = {"response_timeout_ms", MODEL_KEY_INTEGER, false, 1, 60000,   NULL},
	[READING_SENTINELS]        = {"sentinels",           MODEL_KEY_MAPPING, false, 0, 0,       NULL},
};

static const struct model_key sunspec_keys[SUNSPEC_KEYS] = {
	[SUNSPEC_MARKERS] = {"markers", MODEL_KEY_LIST, true, 1, 4, NULL},
	[SUNSPEC_MODELS]  = {"models",  MODEL_KEY_LIST, true, 1, 4, NULL},
};

static const struct model_key option_keys[OPTION_KEYS] = {
	[OPTION_KEY]     = {"key",     MODEL_KEY_TEXT,    true, 1, 32, NULL},
	[OPTION_CHOICES] = {"choices", MODEL_KEY_MAPPING, true, 2, 4,  NULL},
	[OPTION_DEFAULT] = {"default", MODEL_KEY_TEXT,    true, 1, 32, NULL},
};

static const struct model_key serial_number_keys[PLACE_KEYS] = {
	REGISTER_ROWS,
	[PLACE_REGISTERS] = {"registers", MODEL_KEY_INTEGER, false, 1, 32,    NULL},
	[PLACE_ADDRESS]   = {"address",   MODEL_KEY_INTEGER, true,  0, 65535, NULL},
};

static const struct model_key value_keys[VALUE_KEYS] = {
	REGISTER_ROWS,
	[PLACE_REGISTERS]           = {"registers",           MODEL_KEY_INTEGER, false, 1, 4,         NULL},
	[PLACE_ADDRESS]             = {"address",             MODEL_KEY_ANY,     true,  0, 65535,     NULL},
	[VALUE_QUANTITY]            = {"quantity",            MODEL_KEY_TEXT,    true,  1, 64,        NULL},
	[VALUE_SCALE]               = {"scale",               MODEL_KEY_SCALE,   false, 0, 0,         NULL},
	[VALUE_SCALE_REGISTER]      = {"scale_register",      MODEL_KEY_INTEGER, false, 0, 65535,     NULL},
	[VALUE_OPTION]              = {"option",              MODEL_KEY_YES_NO,  false, 0, 0,         NULL},
	[VALUE_CHANNEL]             = {"channel",             MODEL_KEY_INTEGER, false, 1, 32,        NULL},
	[VALUE_GROUP]               = {"group",               MODEL_KEY_CHOICE,  false, 0, 0,         groups},
	[VALUE_TOGETHER]            = {"together",            MODEL_KEY_INTEGER, false, 0, 100,       NULL},
	[VALUE_SENTINELS]           = {"sentinels",           MODEL_KEY_LIST,    false, 0, 3,         NULL},
	[VALUE_ZERO_IS_UNAVAILABLE] = {"zero_is_unavailable", MODEL_KEY_YES_NO,  false, 0, 0,         NULL},
	[VALUE_ABSOLUTE]            = {"absolute",            MODEL_KEY_YES_NO,  false, 0, 0,         NULL},
	[VALUE_RESOLUTION]          = {"resolution",          MODEL_KEY_SCALE,   false, 0, 0,         NULL},
	[VALUE_MODULUS]             = {"modulus",             MODEL_KEY_INTEGER, false, 2, INT64_MAX, NULL},
};

static const struct model_key identification_keys[IDENTIFICATION_KEYS] = {
	REGISTER_ROWS,
	[PLACE_REGISTERS]        = {"registers", MODEL_KEY_INTEGER, false, 1, 32,    NULL},
	[PLACE_ADDRESS]          = {"address",   MODEL_KEY_INTEGER, false, 0, 65535, NULL},
	[IDENTIFICATION_METHOD]  = {"method",    MODEL_KEY_CHOICE,  true,  0, 0,     methods},
	[IDENTIFICATION_MEANING] = {"meaning",   MODEL_KEY_TEXT,    true,  1, 300,   NULL},
	[IDENTIFICATION_MATCHES] = {"matches",   MODEL_KEY_LIST,    false, 1, 4,     NULL},
};

const struct model_section model_sections[MODEL_SECTION_COUNT] = {
	[MODEL_SECTION_MODEL]          = {"a model",               model_keys,          MODEL_KEYS},
	[MODEL_SECTION_SERIAL_LINE]    = {"serial_line",           line_keys,           LINE_KEYS},
	[MODEL_SECTION_TCP]            = {"tcp",                   tcp_keys,            TCP_KEYS},
	[MODEL_SECTION_READING]        = {"reading",               reading_keys,        READING_KEYS},
	[MODEL_SECTION_SUNSPEC]        = {"sunspec",               sunspec_keys,        SUNSPEC_KEYS},
	[MODEL_SECTION_OPTION]         = {"option",                option_keys,         OPTION_KEYS},
	[MODEL_SECTION_SERIAL_NUMBER]  = {"serial_number",         serial_number_keys,  PLACE_KEYS},
	[MODEL_SECTION_VALUE]          = {"a value",               value_keys,          VALUE_KEYS},
	[MODEL_SECTION_IDENTIFICATION] = {"an identification rule", identification_keys, IDENTIFICATION_KEYS},
};
/* clang-format on */

void model_error(
	const struct model_messages *messages, struct file_position at, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	diagnostics_add(messages->diagnostics, DIAGNOSTIC_ERROR, messages->file, at, "%s", text);
}

bool model_number_parse(const char *text, int64_t *ret_number)
{
	const char *digits = *text == '-' ? text + 1 : text;
	bool hexadecimal = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
	char *end = NULL;

	if (!isdigit((unsigned char)digits[0]) ||
		(hexadecimal && !isxdigit((unsigned char)digits[2]))) {
		return false;
	}
	errno = 0;

	long long number = strtoll(text, &end, hexadecimal ? 16 : 10);

	if (errno != 0 || *end != '\0') {
		return false;
	}
	*ret_number = number;
	return true;
}

/* "0.001" as 1/1000. False when it is no decimal, or has more than 18 digits. */
static bool decimal_parse(const char *text, struct scale *ret_scale)
{
	struct scale scale = {0, 1};
	bool negative = *text == '-';
	bool fraction = false;
	int digits = 0;

	for (text += negative; *text != '\0'; text++) {
		if (*text == '.' && !fraction && digits > 0) {
			fraction = true;
			continue;
		}
		if (!isdigit((unsigned char)*text) || ++digits > 18) {
			return false;
		}
		scale.numerator = scale.numerator * 10 + (*text - '0');
		scale.denominator *= fraction ? 10 : 1;
	}
	if (digits == 0) {
		return false;
	}
	scale.numerator = negative ? -scale.numerator : scale.numerator;
	*ret_scale = scale;
	return true;
}

static bool scale_parse(const char *text, struct scale *ret_scale)
{
	char over[40];
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash - text) : strlen(text);
	struct scale a = {1, 1};
	struct scale b = {1, 1};

	if (length >= sizeof(over)) {
		return false;
	}
	memcpy(over, text, length);
	over[length] = '\0';
	if (!decimal_parse(over, &a) || (slash && !decimal_parse(slash + 1, &b)) ||
		b.numerator <= 0) {
		return false;
	}
	return scale_multiply(a, (struct scale){b.denominator, b.numerator}, ret_scale);
}

static bool is_scalar(
	const struct model_messages *messages, const struct yaml_node *node, const char *key)
{
	if (node->kind == YAML_SCALAR) {
		return true;
	}
	model_error(messages, node->at, "\"%s\" takes one value, not a %s", key,
		node->kind == YAML_SEQUENCE ? "list" : "mapping");
	return false;
}

bool model_integer_read(const struct model_messages *messages, const struct yaml_node *node,
	const struct model_key *key, int64_t *ret_number)
{
	int64_t number = 0;

	if (!is_scalar(messages, node, key->key)) {
		return false;
	}
	if (!model_number_parse(node->text, &number) || number < key->min || number > key->max) {
		model_error(messages, node->at,
			"\"%s: %s\" is not a whole number from %lld to %lld", key->key, node->text,
			(long long)key->min, (long long)key->max);
		return false;
	}
	*ret_number = number;
	return true;
}

bool model_scale_read(const struct model_messages *messages, const struct yaml_node *node,
	const char *key, struct scale *ret_scale)
{
	if (!is_scalar(messages, node, key)) {
		return false;
	}
	if (!scale_parse(node->text, ret_scale)) {
		model_error(messages, node->at,
			"\"%s: %s\" is not a number as 0.1, 1000 or 5/18, other than 0", key,
			node->text);
		return false;
	}
	return true;
}

static void list_choices(const char *const *choices, char *buffer, size_t size)
{
	size_t length = 0;

	buffer[0] = '\0';
	for (; *choices && length < size; choices++) {
		int printed = snprintf(
			buffer + length, size - length, "%s%s", length > 0 ? ", " : "", *choices);

		length += (size_t)printed;
	}
}

static bool choice_read(const struct model_messages *messages, const struct yaml_node *node,
	const struct model_key *key, int64_t *ret_choice)
{
	char allowed[400];

	for (int64_t i = 0; key->choices[i]; i++) {
		if (strcmp(key->choices[i], node->text) == 0) {
			*ret_choice = i;
			return true;
		}
	}
	list_choices(key->choices, allowed, sizeof(allowed));
	model_error(
		messages, node->at, "\"%s: %s\" is not one of %s", key->key, node->text, allowed);
	return false;
}

static bool yes_no_read(const struct model_messages *messages, const struct yaml_node *node,
	const struct model_key *key, int64_t *ret_yes)
{
	static const char *const no_yes[] = {"no", "yes", NULL};
	struct model_key choice = *key;

	choice.choices = no_yes;
	return choice_read(messages, node, &choice, ret_yes);
}

static bool text_fits(const struct model_messages *messages, const struct yaml_node *node,
	const struct model_key *key)
{
	size_t length = strlen(node->text);

	if ((int64_t)length >= key->min && (int64_t)length <= key->max) {
		return true;
	}
	model_error(messages, node->at, "\"%s\" takes a text of %lld to %lld bytes, this has %zu",
		key->key, (long long)key->min, (long long)key->max, length);
	return false;
}

static bool collection_fits(const struct model_messages *messages, const struct yaml_node *node,
	const struct model_key *key, enum yaml_kind kind)
{
	const char *what = kind == YAML_SEQUENCE ? "list" : "mapping";

	if (node->kind != kind) {
		model_error(messages, node->at, "\"%s\" takes a %s", key->key, what);
		return false;
	}
	if (key->max > 0 && ((int64_t)node->children_count < key->min ||
				    (int64_t)node->children_count > key->max)) {
		model_error(messages, node->at,
			"\"%s\" takes a %s of %lld to %lld entries, this has %zu", key->key, what,
			(long long)key->min, (long long)key->max, node->children_count);
		return false;
	}
	return true;
}

static bool cell_read(const struct model_messages *messages, const struct yaml_node *node,
	const struct model_key *key, struct model_cell *cell)
{
	switch (key->type) {
	case MODEL_KEY_LIST:
		return collection_fits(messages, node, key, YAML_SEQUENCE);
	case MODEL_KEY_MAPPING:
		return collection_fits(messages, node, key, YAML_MAPPING);
	case MODEL_KEY_ANY:
		return true;
	case MODEL_KEY_INTEGER:
		return model_integer_read(messages, node, key, &cell->number);
	case MODEL_KEY_SCALE:
		return model_scale_read(messages, node, key->key, &cell->scale);
	case MODEL_KEY_TEXT:
		return is_scalar(messages, node, key->key) && text_fits(messages, node, key);
	case MODEL_KEY_CHOICE:
		return is_scalar(messages, node, key->key) &&
		       choice_read(messages, node, key, &cell->number);
	case MODEL_KEY_YES_NO:
		return is_scalar(messages, node, key->key) &&
		       yes_no_read(messages, node, key, &cell->number);
	}
	return false;
}

static void unknown_key(const struct model_messages *messages, const struct model_section *section,
	const struct yaml_node *node)
{
	const char *names[MODEL_CELLS_MAX + 1] = {NULL};
	char allowed[400];

	for (size_t i = 0; i < section->keys_count; i++) {
		names[i] = section->keys[i].key;
	}
	list_choices(names, allowed, sizeof(allowed));
	model_error(messages, node->key_at, "unknown key \"%s\" in %s; allowed are %s", node->key,
		section->name, allowed);
}

static bool child_read(const struct model_messages *messages, const struct model_section *section,
	const struct yaml_node *child, struct model_cell *cells)
{
	for (size_t i = 0; i < section->keys_count; i++) {
		if (strcmp(section->keys[i].key, child->key) != 0) {
			continue;
		}

		struct model_cell cell = {.node = child};

		if (!cell_read(messages, child, &section->keys[i], &cell)) {
			return false;
		}
		cells[i] = cell;
		return true;
	}
	unknown_key(messages, section, child);
	return false;
}

bool model_cells_read(const struct model_messages *messages, enum model_section_id id,
	const struct yaml_node *mapping, struct model_cell ret_cells[static MODEL_CELLS_MAX])
{
	const struct model_section *section = &model_sections[id];
	bool good = true;

	assert(section->keys_count <= MODEL_CELLS_MAX);
	memset(ret_cells, 0, MODEL_CELLS_MAX * sizeof(*ret_cells));
	if (mapping->kind != YAML_MAPPING) {
		model_error(
			messages, mapping->at, "%s must be a mapping (key: value)", section->name);
		return false;
	}
	for (size_t i = 0; i < mapping->children_count; i++) {
		good = child_read(messages, section, &mapping->children[i], ret_cells) && good;
	}
	for (size_t i = 0; i < section->keys_count; i++) {
		if (section->keys[i].required && !yaml_find(mapping, section->keys[i].key)) {
			model_error(messages, mapping->at, "%s lacks \"%s\"", section->name,
				section->keys[i].key);
			good = false;
		}
	}
	return good;
}
