/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_layout.h -- Which registers a simulated device lists, and what belongs
 * to each: the part of device_image.h that comes from the model alone.
 */
#ifndef GATEWAY_SIMULATE_IMAGE_LAYOUT_H
#define GATEWAY_SIMULATE_IMAGE_LAYOUT_H

#include "gateway/simulate/device_image.h"

enum { IMAGE_TEXT_WORDS_MAX = 32 };

/* One listed register. Those of one value's part follow each other. */
struct image_cell {
	enum register_space space;
	uint16_t address; /* on the wire */
	uint16_t word;
	int16_t value;    /* index of the value whose number stands here; -1: none */
	uint8_t position; /* which of the number's registers */
};

struct image_layout {
	struct image_cell *cells; /* by space and address */
	size_t count;
	size_t room;
	uint16_t base;        /* added to the model's addresses; 0 unless relative */
	uint16_t common_base; /* added to the serial number's */
	bool has_device_id;   /* answers 43/14 */
	const char *product;  /* in 43/14 */
};

/* False when memory is out; clear it either way. */
bool image_layout_make(
	struct image_layout *layout, const struct meter_model *model, uint8_t marker);
void image_layout_clear(struct image_layout *layout);

/* NULL when the register is not listed. */
struct image_cell *image_layout_cell(
	const struct image_layout *layout, enum register_space space, uint16_t address);
bool image_layout_has_space(const struct image_layout *layout, enum register_space space);

/* The cell's word as a disturbance leaves it. */
uint16_t image_layout_disturbed(const struct image_cell *cell, const struct meter_model *model,
	enum image_disturbance disturbance);

/* Text, or the number it says where the format is one; ret_words holds format.registers. */
bool image_encode_text(const char *text, struct register_format format, uint16_t *ret_words);

#endif
