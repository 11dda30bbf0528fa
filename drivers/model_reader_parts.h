/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model_reader_parts.h -- What the files of the model reader share: how
 * registers are described, values with their place in the file, and the checks
 * that look at a whole model.
 */
#ifndef DRIVERS_MODEL_READER_PARTS_H
#define DRIVERS_MODEL_READER_PARTS_H

#include "drivers/meter_model.h"
#include "drivers/model_reader_keys.h"

/* Raw patterns that mean "no value". */
struct model_sentinels {
	uint64_t bits[MODEL_SENTINELS_MAX];
	uint64_t masks[MODEL_SENTINELS_MAX];
	uint8_t count;
};

/* What `reading` says of all registers. */
struct model_reading {
	enum register_space space;
	bool has_encoding;
	struct register_format format; /* encoding only where has_encoding */
	struct model_sentinels sentinels[ENCODING_COUNT];
};

/* One register, or a run of them that is one number or text. */
struct model_place {
	enum register_space space;
	struct register_format format;
};

/* A value and where it stands in the file. */
struct model_entry {
	struct model_value value;
	struct file_position at;
};

/* A model on its way. */
struct model_reader {
	struct model_messages messages;
	struct model_reading reading;
	struct meter_model *model;
	struct model_entry *entries;
	size_t entries_count;
	struct file_position serial_number_at;
};

/* Space, encoding and orders from a section's first cells, what is absent from `reading`. */
__attribute__((warn_unused_result)) bool model_place_read(const struct model_reader *reader,
	const struct model_cell *cells, struct file_position at, struct model_place *ret_place);

/* A list of patterns for an encoding that covers so many registers. */
__attribute__((warn_unused_result)) bool model_sentinels_read(const struct model_messages *messages,
	const struct yaml_node *list, uint8_t registers, struct model_sentinels *ret_sentinels);

/* `values`: fills reader->entries and the model's values, by space and address. */
__attribute__((warn_unused_result)) bool model_values_read(
	struct model_reader *reader, const struct yaml_node *list);

/* What only the whole tells: overlaps, blocks, ranges, groups. Reports; false when there was one.
 */
__attribute__((warn_unused_result)) bool model_check(const struct model_reader *reader);

#endif
