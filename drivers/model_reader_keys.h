/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model_reader_keys.h -- The mappings of a model file as tables of keys: what
 * each key takes and its bounds. model_reader.c turns the cells into a model;
 * a test holds drivers/meters/README.md to the tables.
 */
#ifndef DRIVERS_MODEL_READER_KEYS_H
#define DRIVERS_MODEL_READER_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/diagnostics.h"
#include "config/yaml_reader.h"
#include "drivers/register_decode.h"

enum model_key_type {
	MODEL_KEY_TEXT,    /* min..max characters */
	MODEL_KEY_INTEGER, /* decimal or 0x, min..max */
	MODEL_KEY_SCALE,   /* "0.1", "1000", "5/18"; never 0 */
	MODEL_KEY_YES_NO,
	MODEL_KEY_CHOICE,
	MODEL_KEY_LIST,    /* min..max entries; the caller reads them */
	MODEL_KEY_MAPPING, /* the caller reads it */
	MODEL_KEY_ANY,     /* the caller tells */
};

struct model_key {
	const char *key;
	enum model_key_type type;
	bool required;
	int64_t min;
	int64_t max;
	const char *const *choices; /* MODEL_KEY_CHOICE: NULL-terminated */
};

/* A mapping of a model file. */
struct model_section {
	const char *name; /* as messages call it: "a value" */
	const struct model_key *keys;
	size_t keys_count;
};

enum model_section_id {
	MODEL_SECTION_MODEL,
	MODEL_SECTION_SERIAL_LINE,
	MODEL_SECTION_TCP,
	MODEL_SECTION_READING,
	MODEL_SECTION_SUNSPEC,
	MODEL_SECTION_OPTION,
	MODEL_SECTION_SERIAL_NUMBER,
	MODEL_SECTION_VALUE,
	MODEL_SECTION_IDENTIFICATION,
	MODEL_SECTION_COUNT
};

/* Cells of a section, in the order of its table. */
/* clang-format off */
enum { MODEL_MAKER, MODEL_TITLE, MODEL_CARRIER, MODEL_PHASES, MODEL_TESTED, MODEL_TRANSPORT,
	MODEL_SERIAL_LINE, MODEL_TCP, MODEL_READING, MODEL_SUNSPEC, MODEL_OPTION, MODEL_CHANNELS,
	MODEL_CT_IN_METER, MODEL_SERIAL_NUMBER, MODEL_VALUES, MODEL_IDENTIFICATION, MODEL_QUIRKS,
	MODEL_SOURCES, MODEL_KEYS };
enum { LINE_BAUD, LINE_PARITY, LINE_STOP_BITS, LINE_ADDRESS, LINE_KEYS };
enum { TCP_PORT, TCP_UNIT, TCP_KEYS };
/* The first keys of all sections that describe registers are the same. */
enum { REGISTER_SPACE, REGISTER_ENCODING, REGISTER_WORD_ORDER, REGISTER_BYTE_ORDER, REGISTER_KEYS };
enum { READING_LARGEST_BLOCK = REGISTER_KEYS, READING_BRIDGING, READING_READABLE,
	READING_FORBIDDEN, READING_PAUSE, READING_UPDATE_PERIOD, READING_RESPONSE_TIMEOUT,
	READING_SENTINELS, READING_KEYS };
enum { PLACE_REGISTERS = REGISTER_KEYS, PLACE_ADDRESS, PLACE_KEYS };
enum { VALUE_QUANTITY = PLACE_KEYS, VALUE_SCALE, VALUE_SCALE_REGISTER, VALUE_OPTION, VALUE_CHANNEL,
	VALUE_GROUP, VALUE_TOGETHER, VALUE_SENTINELS, VALUE_ZERO_IS_UNAVAILABLE, VALUE_ABSOLUTE, VALUE_RESOLUTION,
	VALUE_MODULUS, VALUE_KEYS };
enum { IDENTIFICATION_METHOD = PLACE_KEYS, IDENTIFICATION_MEANING, IDENTIFICATION_MATCHES,
	IDENTIFICATION_KEYS };
enum { SUNSPEC_MARKERS, SUNSPEC_MODELS, SUNSPEC_KEYS };
enum { OPTION_KEY, OPTION_CHOICES, OPTION_DEFAULT, OPTION_KEYS };
/* clang-format on */

enum {
	MODEL_CELLS_MAX = 20, /* keys of the longest section */
	MODEL_VALUES_MAX = 500,
	MODEL_RANGES_MAX = 64,
	MODEL_TEXTS_MAX = 100, /* quirks, sources, rules */
};

extern const struct model_section model_sections[MODEL_SECTION_COUNT];

/* What stands behind a key. */
struct model_cell {
	const struct yaml_node *node; /* NULL: the key is absent */
	int64_t number;               /* INTEGER; CHOICE: its index; YES_NO: 1 or 0 */
	struct scale scale;           /* SCALE */
};

/* Where messages go, and about which file. */
struct model_messages {
	const char *file;
	struct diagnostics *diagnostics;
};

__attribute__((format(printf, 3, 4))) void model_error(
	const struct model_messages *messages, struct file_position at, const char *format, ...);

/*
 * Read a mapping's cells. All errors (not a mapping, unknown key, missing key,
 * wrong type, out of range) are reported; false when there was one. Cells with
 * an error are absent.
 */
__attribute__((warn_unused_result)) bool model_cells_read(const struct model_messages *messages,
	enum model_section_id section, const struct yaml_node *mapping,
	struct model_cell ret_cells[static MODEL_CELLS_MAX]);

/* An entry of a list as one of these; errors are reported under `key`. */
__attribute__((warn_unused_result)) bool model_integer_read(const struct model_messages *messages,
	const struct yaml_node *node, const struct model_key *key, int64_t *ret_number);
__attribute__((warn_unused_result)) bool model_scale_read(const struct model_messages *messages,
	const struct yaml_node *node, const char *key, struct scale *ret_scale);

/* "12", "-3", "0x5B00"; false when it is none or past 63 bits. */
bool model_number_parse(const char *text, int64_t *ret_number);

#endif
