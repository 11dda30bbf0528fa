/* SPDX-License-Identifier: Apache-2.0 */
/*
 * register_decode.h -- Turn Modbus registers into integers. Pure: no bus, no
 * clock, no errno. The only place that knows byte and word order.
 */
#ifndef DRIVERS_REGISTER_DECODE_H
#define DRIVERS_REGISTER_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/scale.h"

enum register_encoding {
	ENCODING_U16,
	ENCODING_I16,
	ENCODING_U32,
	ENCODING_I32,
	ENCODING_U64,
	ENCODING_I64,
	ENCODING_F32,
	ENCODING_F64,
	ENCODING_BCD,    /* 1 to 4 registers, four digits each */
	ENCODING_STRING, /* 1 to 32 registers, two characters each */
	/* Iskra's types (pyiskra, helper.py): T5 and T6 are a signed power of ten in the highest
	 * byte and 24 bits of number below it, T6 with a sign. T7 is a power factor in steps of
	 * 0.0001 in the lowest word, negative (export) where the highest byte is not 0. */
	ENCODING_ISKRA_T5,
	ENCODING_ISKRA_T6,
	ENCODING_ISKRA_T7,
	ENCODING_COUNT
};

struct register_format {
	enum register_encoding encoding;
	uint8_t registers;   /* how many it covers; fixed by the encoding but for bcd and string */
	bool low_word_first; /* default: high word first, as Modbus does for one register */
	bool low_byte_first; /* inside a register */
};

enum decode_status {
	DECODE_OK,
	DECODE_NOT_A_NUMBER,
	DECODE_INFINITE,
	DECODE_UNAVAILABLE,  /* the model's sentinel for "no value" */
	DECODE_OUT_OF_RANGE, /* does not fit, or outside the quantity's plausible range */
	DECODE_BAD_DIGIT,    /* BCD with a nibble above 9 */
	DECODE_STATUS_COUNT
};

/* In words, for logs and `read`: "not a number", "unavailable" ... */
const char *decode_status_text(enum decode_status status);

/* By the name used in models ("u32", "f64", "bcd", "string"); false when there is none. */
bool register_encoding_find(const char *name, enum register_encoding *ret_encoding);
const char *register_encoding_name(enum register_encoding encoding);

/* Registers a number of this encoding covers; 0 for bcd and string, where the model says. */
uint8_t register_encoding_registers(enum register_encoding encoding);

/* The words' bits as one unsigned number, high word first; for sentinels. format.registers <= 4. */
uint64_t register_bits(const uint16_t *words, struct register_format format);

/*
 * Decode one number and scale it, rounding half to even; exact for integers up
 * to 64 bits (no double in between) and exact for floats too: the float's own
 * binary value is scaled, not a decimal guess at it. *ret_value is untouched
 * unless DECODE_OK.
 */
enum decode_status register_decode(const uint16_t *words, struct register_format format,
	struct scale scale, int64_t *ret_value);

/* The inverse, for simulated meters: the raw words nearest to value / scale. False when it does not
 * fit. */
bool register_encode(
	int64_t value, struct scale scale, struct register_format format, uint16_t *ret_words);

/* Text from registers: padding (NUL, spaces) off, non-printing bytes as '?'. ret_text holds 2 *
 * registers + 1. */
void register_decode_text(const uint16_t *words, struct register_format format, char *ret_text);

/* value * scale, half to even; false on overflow. */
bool scale_apply(struct scale scale, int64_t value, int64_t *ret_value);

#endif
