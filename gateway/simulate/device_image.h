/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_image.h -- A simulated meter's registers: a model and values in, what
 * a device of that model answers to a request out. Pure: no clock, no wire.
 *
 * Which registers answer: all the model lists (values, scale registers, serial
 * number, identification; of SunSpec the whole chain). Unlisted ones inside the model's readable
 * ranges answer 0, unless `strict`; outside of them, and in forbidden ranges, comes exception 2. A
 * block longer than the model's largest brings exception 3, a function the device has no register
 * for exception 1.
 */
#ifndef GATEWAY_SIMULATE_DEVICE_IMAGE_H
#define GATEWAY_SIMULATE_DEVICE_IMAGE_H

#include "drivers/meter_model.h"

enum {
	PDU_BYTES_MAX = 253, /* function code and what follows */
	IMAGE_HOLES_MAX = 8,
};

struct device_image_settings {
	const struct meter_model *model; /* must outlive the image */
	const char *serial_number;       /* "": the register answers zeros */
	uint8_t choice;                  /* of the model's option */
	struct scale ct;                 /* current transformer left to the gateway; {1, 1}: none */
	bool strict;                     /* unlisted registers bring exception 2 everywhere */
	uint8_t marker;                  /* which of the model's base markers; 0 when it has none */
};

/* What is done to register contents on their way out. */
enum image_disturbance {
	IMAGE_AS_IT_IS,
	IMAGE_NAN,      /* floats NaN, other numbers the model's own "no value" where it has one */
	IMAGE_INFINITE, /* floats infinite */
	IMAGE_ALL_ONES,
	IMAGE_ALL_ZERO,
	IMAGE_TORN, /* the carry between a number's two lowest words has come in one of them only */
};

struct device_image;

/* NULL when memory is out or the serial number does not fit the model's register (then *ret_reason,
 * static text, tells). */
struct device_image *device_image_new(
	const struct device_image_settings *settings, const char **ret_reason);
struct device_image *device_image_free(struct device_image *image); /* NULL is fine; returns NULL */

/*
 * Put a value, in inside steps, where the model has it. Values that are sums
 * of registers (tariffs) are spread over them, 7/10 in the first; counters
 * start again at the model's modulus; scale registers rise when a number would
 * not fit, and stay there. False when it cannot be shown.
 */
bool device_image_set(struct device_image *image, size_t value, int64_t number);

/* True when the value's register is one part of another value, which sets it. */
bool device_image_is_part(const struct device_image *image, size_t value);

/* False when it does not fit the model's register. Where the model has none, any does. */
bool device_image_serial_number_fits(const struct device_image *image, const char *serial_number);
bool device_image_set_serial_number(struct device_image *image, const char *serial_number);
void device_image_disturb(struct device_image *image, enum image_disturbance disturbance);
/* Registers (absolute, any function) that bring exception 2 from now on; false when there are
 * IMAGE_HOLES_MAX already. */
bool device_image_add_hole(struct device_image *image, uint16_t first, uint16_t last);
void device_image_clear_holes(struct device_image *image);

/* Registers the value touches, as addresses on the wire. */
struct register_range device_image_span(const struct device_image *image, size_t value);

/*
 * What the device would be understood to say now: the value decoded from its
 * registers, undisturbed.
 */
enum decode_status device_image_get(
	const struct device_image *image, size_t value, int64_t *ret_number);

/* The value's words as they stand, part after part; returns how many. */
enum { IMAGE_VALUE_WORDS_MAX = MODEL_VALUE_PARTS_MAX * 4 };
size_t device_image_words(const struct device_image *image, size_t value,
	uint16_t ret_words[static IMAGE_VALUE_WORDS_MAX]);

/* Answer a request PDU; never fails: what cannot be answered brings an exception. */
size_t device_image_answer(const struct device_image *image, const uint8_t *request, size_t length,
	uint8_t ret_answer[static PDU_BYTES_MAX]);

/* The registers a well-formed read asks for; false for anything else. */
bool pdu_registers(const uint8_t *request, size_t length, struct register_range *ret_range);

#endif
