/* SPDX-License-Identifier: Apache-2.0 */
/*
 * register_decode.c -- One row per encoding, in integers that never lose a bit
 * before the one rounding at the end.
 */
#include "drivers/register_decode.h"

#include <assert.h>
#include <string.h>

#include "drivers/wide_number.h"

enum {
	DECIMAL_MANTISSA_BITS = 24, /* below the byte that holds the power of ten or the sign */
	SIGN_APART_EXPONENT = -4,
	SIGN_APART_NEGATIVE = 0xFF,
};

enum shape {
	SHAPE_UNSIGNED,
	SHAPE_SIGNED,
	SHAPE_FLOAT,
	SHAPE_BCD,
	SHAPE_TEXT,
	SHAPE_DECIMAL,        /* power of ten in the highest byte, 24 bits without a sign */
	SHAPE_DECIMAL_SIGNED, /* ... with one */
	SHAPE_SIGN_APART,     /* steps of 0.0001 below a byte that holds the sign */
};

struct encoding_info {
	const char *name;
	uint8_t registers; /* 0: the model says */
	enum shape shape;
	uint8_t mantissa_bits; /* stored ones; floats only */
	uint16_t exponent_bias;
};

/* clang-format off */
static const struct encoding_info encodings[ENCODING_COUNT] = {
	/*                   name      registers  shape           mantissa  bias */
	[ENCODING_U16]    = {"u16",    1,         SHAPE_UNSIGNED, 0,        0},
	[ENCODING_I16]    = {"i16",    1,         SHAPE_SIGNED,   0,        0},
	[ENCODING_U32]    = {"u32",    2,         SHAPE_UNSIGNED, 0,        0},
	[ENCODING_I32]    = {"i32",    2,         SHAPE_SIGNED,   0,        0},
	[ENCODING_U64]    = {"u64",    4,         SHAPE_UNSIGNED, 0,        0},
	[ENCODING_I64]    = {"i64",    4,         SHAPE_SIGNED,   0,        0},
	[ENCODING_F32]    = {"f32",    2,         SHAPE_FLOAT,    23,       127},
	[ENCODING_F64]    = {"f64",    4,         SHAPE_FLOAT,    52,       1023},
	[ENCODING_BCD]    = {"bcd",    0,         SHAPE_BCD,      0,        0},
	[ENCODING_STRING] = {"string", 0,         SHAPE_TEXT,     0,        0},
	[ENCODING_ISKRA_T5] = {"iskra_t5", 2,     SHAPE_DECIMAL,  0,        0},
	[ENCODING_ISKRA_T6] = {"iskra_t6", 2,     SHAPE_DECIMAL_SIGNED, 0,  0},
	[ENCODING_ISKRA_T7] = {"iskra_t7", 2,     SHAPE_SIGN_APART, 0,      0},
};

static const char *const status_texts[DECODE_STATUS_COUNT] = {
	[DECODE_OK]           = "ok",
	[DECODE_NOT_A_NUMBER] = "not a number",
	[DECODE_INFINITE]     = "infinite",
	[DECODE_UNAVAILABLE]  = "unavailable",
	[DECODE_OUT_OF_RANGE] = "out of range",
	[DECODE_BAD_DIGIT]    = "not a decimal digit",
};
/* clang-format on */

const char *decode_status_text(enum decode_status status)
{
	assert((size_t)status < DECODE_STATUS_COUNT);

	return status_texts[status];
}

bool register_encoding_find(const char *name, enum register_encoding *ret_encoding)
{
	for (size_t i = 0; i < ENCODING_COUNT; i++) {
		if (strcmp(encodings[i].name, name) == 0) {
			*ret_encoding = (enum register_encoding)i;
			return true;
		}
	}
	return false;
}

const char *register_encoding_name(enum register_encoding encoding)
{
	assert((size_t)encoding < ENCODING_COUNT);

	return encodings[encoding].name;
}

uint8_t register_encoding_registers(enum register_encoding encoding)
{
	assert((size_t)encoding < ENCODING_COUNT);

	return encodings[encoding].registers;
}

static uint16_t byte_swapped(uint16_t word)
{
	return (uint16_t)(word << 8 | word >> 8);
}

static uint16_t word_at(const uint16_t *words, struct register_format format, size_t significance)
{
	size_t index = format.low_word_first ? format.registers - 1u - significance : significance;

	return format.low_byte_first ? byte_swapped(words[index]) : words[index];
}

uint64_t register_bits(const uint16_t *words, struct register_format format)
{
	assert(format.registers >= 1 && format.registers <= 4);

	uint64_t bits = 0;

	for (size_t i = 0; i < format.registers; i++) {
		bits = bits << 16 | word_at(words, format, i);
	}
	return bits;
}

static void store_bits(uint64_t bits, struct register_format format, uint16_t *ret_words)
{
	for (size_t i = format.registers; i-- > 0; bits >>= 16) {
		uint16_t word = (uint16_t)(bits & 0xffff);
		size_t index = format.low_word_first ? format.registers - 1u - i : i;

		ret_words[index] = format.low_byte_first ? byte_swapped(word) : word;
	}
}

/* A number as the register holds it: sign, magnitude * 2^exponent * 10^decimal_exponent. */
struct raw_number {
	uint64_t magnitude;
	int exponent;
	int decimal_exponent;
	bool negative;
};

static enum decode_status scale_raw(struct raw_number raw, struct scale scale, int64_t *ret_value)
{
	assert(scale.numerator != 0 && scale.denominator > 0);

	wide dividend = (wide)raw.magnitude * magnitude_of(scale.numerator);
	wide divisor = (wide)scale.denominator;
	wide rounded = 0;

	if (raw.exponent >= 0) {
		/* 2^127 over any 63-bit divisor is past 64 bits. */
		if (dividend != 0 && bit_length(dividend) + raw.exponent > 127) {
			return DECODE_OUT_OF_RANGE;
		}
		dividend = dividend != 0 ? dividend << raw.exponent : 0;
		rounded = divide_half_even(dividend, divisor);
	} else if (bit_length(divisor) - raw.exponent <= 127) {
		rounded = divide_half_even(dividend, divisor << -raw.exponent);
	} /* else: below 2^117 over at least 2^127, which rounds to 0 */

	bool negative = raw.negative != (scale.numerator < 0);

	return signed_from_magnitude(rounded, negative, ret_value) ? DECODE_OK
								   : DECODE_OUT_OF_RANGE;
}

static enum decode_status raw_signed(
	uint64_t bits, struct register_format format, struct raw_number *ret_raw)
{
	unsigned unused = 64 - 16u * format.registers;
	uint64_t sign = UINT64_C(1) << (63 - unused);

	*ret_raw = (struct raw_number){.negative = (bits & sign) != 0};
	ret_raw->magnitude = ret_raw->negative ? (~bits & (sign - 1)) + 1 : bits;
	return DECODE_OK;
}

static enum decode_status raw_float(
	uint64_t bits, struct register_format format, struct raw_number *ret_raw)
{
	const struct encoding_info *info = &encodings[format.encoding];
	uint64_t hidden = UINT64_C(1) << info->mantissa_bits;
	uint64_t mantissa = bits & (hidden - 1);
	uint64_t biased = bits >> info->mantissa_bits & (2u * info->exponent_bias + 1u);
	bool negative = bits >> (16u * format.registers - 1u) != 0;

	if (biased == 2u * info->exponent_bias + 1u) {
		return mantissa != 0 ? DECODE_NOT_A_NUMBER : DECODE_INFINITE;
	}
	*ret_raw = (struct raw_number){
		.magnitude = biased != 0 ? mantissa | hidden : mantissa,
		.exponent =
			(biased != 0 ? (int)biased : 1) - info->exponent_bias - info->mantissa_bits,
		.negative = negative,
	};
	return DECODE_OK;
}

static enum decode_status raw_bcd(
	uint64_t bits, struct register_format format, struct raw_number *ret_raw)
{
	uint64_t number = 0;

	for (int shift = 16 * format.registers - 4; shift >= 0; shift -= 4) {
		uint64_t digit = bits >> shift & 0xf;

		if (digit > 9) {
			return DECODE_BAD_DIGIT;
		}
		number = number * 10 + digit;
	}
	*ret_raw = (struct raw_number){.magnitude = number};
	return DECODE_OK;
}

static enum decode_status raw_decimal(
	uint64_t bits, struct register_format format, struct raw_number *ret_raw)
{
	bool has_sign = encodings[format.encoding].shape == SHAPE_DECIMAL_SIGNED;
	uint64_t sign = has_sign ? UINT64_C(1) << (DECIMAL_MANTISSA_BITS - 1) : 0;
	uint64_t mantissa = bits & ((UINT64_C(1) << DECIMAL_MANTISSA_BITS) - 1);

	*ret_raw = (struct raw_number){.negative = (mantissa & sign) != 0,
		.decimal_exponent = (int8_t)(bits >> DECIMAL_MANTISSA_BITS)};
	ret_raw->magnitude = ret_raw->negative ? (sign << 1) - mantissa : mantissa;
	return DECODE_OK;
}

static enum decode_status raw_of(
	uint64_t bits, struct register_format format, struct raw_number *ret_raw)
{
	switch (encodings[format.encoding].shape) {
	case SHAPE_UNSIGNED:
		*ret_raw = (struct raw_number){.magnitude = bits};
		return DECODE_OK;
	case SHAPE_SIGNED:
		return raw_signed(bits, format, ret_raw);
	case SHAPE_FLOAT:
		return raw_float(bits, format, ret_raw);
	case SHAPE_BCD:
		return raw_bcd(bits, format, ret_raw);
	case SHAPE_DECIMAL:
	case SHAPE_DECIMAL_SIGNED:
		return raw_decimal(bits, format, ret_raw);
	case SHAPE_SIGN_APART:
		*ret_raw = (struct raw_number){.magnitude = bits & 0xffff,
			.decimal_exponent = SIGN_APART_EXPONENT,
			.negative = bits >> DECIMAL_MANTISSA_BITS != 0};
		return DECODE_OK;
	case SHAPE_TEXT:
		break;
	}
	return DECODE_NOT_A_NUMBER; /* text is no number */
}

enum decode_status register_decode(const uint16_t *words, struct register_format format,
	struct scale scale, int64_t *ret_value)
{
	assert((size_t)format.encoding < ENCODING_COUNT);

	if (encodings[format.encoding].shape == SHAPE_TEXT) {
		return DECODE_NOT_A_NUMBER;
	}

	struct raw_number raw;
	enum decode_status status = raw_of(register_bits(words, format), format, &raw);

	if (status != DECODE_OK) {
		return status;
	}
	if (raw.magnitude != 0 && !scale_shift(scale, raw.decimal_exponent, &scale)) {
		return DECODE_OUT_OF_RANGE;
	}
	return scale_raw(raw, scale, ret_value);
}

/* The float nearest to dividend / divisor; both below 2^127, so that it is always a normal one. */
static uint64_t float_bits(
	const struct encoding_info *info, wide dividend, wide divisor, bool negative)
{
	int width = info->mantissa_bits + 1;
	uint64_t sign = (uint64_t)negative << (16u * info->registers - 1u);

	if (dividend == 0) {
		return sign;
	}

	int shift = width - (bit_length(dividend) - bit_length(divisor));
	wide scaled = shift > 0 ? dividend << shift : dividend;
	wide over = shift < 0 ? divisor << -shift : divisor;

	if (scaled / over >= (wide)1 << width) { /* one bit too many: halve */
		over <<= 1;
		shift--;
	}

	/* A mantissa that rounds up to the next power carries into the exponent by itself. */
	uint64_t mantissa = (uint64_t)divide_half_even(scaled, over);
	uint64_t exponent = (uint64_t)(info->exponent_bias + info->mantissa_bits - shift);

	return sign | ((exponent << info->mantissa_bits) + mantissa -
			      (UINT64_C(1) << info->mantissa_bits));
}

static bool bcd_bits(uint64_t number, unsigned digits, uint64_t *ret_bits)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < digits; i++, number /= 10) {
		bits |= number % 10 << (4 * i);
	}
	if (number != 0) {
		return false;
	}
	*ret_bits = bits;
	return true;
}

/*
 * The bits of dividend / divisor with a power of ten in the highest byte: the
 * least from 10^-3 on with which it fits. False when it does not.
 */
static bool decimal_bits(
	enum shape shape, wide dividend, wide divisor, bool negative, uint64_t *ret_bits)
{
	unsigned bits = shape == SHAPE_DECIMAL ? DECIMAL_MANTISSA_BITS : DECIMAL_MANTISSA_BITS - 1;
	int exponent = -3;

	if (bit_length(dividend | 1) > 127 - 10 ||
		(negative && shape == SHAPE_DECIMAL && dividend != 0)) {
		return false;
	}

	wide rounded = divide_half_even(dividend * 1000, divisor);

	while (rounded >> bits != 0) {
		divisor *= 10;
		exponent++;
		rounded = divide_half_even(dividend * 1000, divisor);
	}

	uint64_t mask = (UINT64_C(1) << DECIMAL_MANTISSA_BITS) - 1;
	uint64_t mantissa = negative ? 0 - (uint64_t)rounded : (uint64_t)rounded;

	*ret_bits = (uint64_t)(uint8_t)exponent << DECIMAL_MANTISSA_BITS | (mantissa & mask);
	return true;
}

static bool sign_apart_bits(wide dividend, wide divisor, bool negative, uint64_t *ret_bits)
{
	if (bit_length(dividend | 1) > 127 - 14) { /* 14 bits: 10,000 */
		return false;
	}

	wide steps = divide_half_even(dividend * 10000, divisor);

	if (steps > 0xffff) {
		return false;
	}
	*ret_bits = (negative ? (uint64_t)SIGN_APART_NEGATIVE << DECIMAL_MANTISSA_BITS : 0) |
		    (uint64_t)steps;
	return true;
}

/* The bits of dividend / divisor in an integer format; false when it does not fit. */
static bool integer_bits(
	struct register_format format, wide magnitude, bool negative, uint64_t *ret_bits)
{
	unsigned width = 16u * format.registers;
	bool is_signed = encodings[format.encoding].shape == SHAPE_SIGNED;
	wide limit =
		is_signed ? ((wide)1 << (width - 1)) - (negative ? 0 : 1) : ((wide)1 << width) - 1;

	if (magnitude > limit || (negative && !is_signed && magnitude != 0)) {
		return false;
	}
	*ret_bits = negative ? 0 - (uint64_t)magnitude : (uint64_t)magnitude;
	return true;
}

bool register_encode(
	int64_t value, struct scale scale, struct register_format format, uint16_t *ret_words)
{
	assert((size_t)format.encoding < ENCODING_COUNT);
	assert(scale.numerator != 0 && scale.denominator > 0);

	const struct encoding_info *info = &encodings[format.encoding];
	wide dividend = (wide)magnitude_of(value) * (uint64_t)scale.denominator;
	wide divisor = magnitude_of(scale.numerator);
	bool negative = (value < 0) != (scale.numerator < 0);
	wide rounded = divide_half_even(dividend, divisor);
	uint64_t bits = 0;
	bool fits = false;

	switch (info->shape) {
	case SHAPE_UNSIGNED:
	case SHAPE_SIGNED:
		fits = integer_bits(format, rounded, negative, &bits);
		break;
	case SHAPE_FLOAT:
		bits = float_bits(info, dividend, divisor, negative && value != 0);
		fits = true;
		break;
	case SHAPE_BCD:
		fits = (!negative || rounded == 0) && rounded <= UINT64_MAX &&
		       bcd_bits((uint64_t)rounded, 4u * format.registers, &bits);
		break;
	case SHAPE_DECIMAL:
	case SHAPE_DECIMAL_SIGNED:
		fits = decimal_bits(info->shape, dividend, divisor, negative, &bits);
		break;
	case SHAPE_SIGN_APART:
		fits = sign_apart_bits(dividend, divisor, negative, &bits);
		break;
	case SHAPE_TEXT:
		break;
	}
	if (fits) {
		store_bits(bits, format, ret_words);
	}
	return fits;
}

static bool is_padding(char character)
{
	return character == '\0' || character == ' ';
}

void register_decode_text(const uint16_t *words, struct register_format format, char *ret_text)
{
	size_t length = 0;
	bool ended = false;

	for (size_t i = 0; i < 2u * format.registers && !ended; i++) {
		bool high = (i % 2 == 0) != format.low_byte_first;
		char character = (char)(high ? words[i / 2] >> 8 : words[i / 2] & 0xff);

		ended = character == '\0' && length > 0;
		if (ended || (is_padding(character) && length == 0)) {
			continue;
		}
		ret_text[length++] = character >= ' ' && character <= '~' ? character : '?';
	}
	while (length > 0 && is_padding(ret_text[length - 1])) {
		length--;
	}
	ret_text[length] = '\0';
}

bool scale_apply(struct scale scale, int64_t value, int64_t *ret_value)
{
	struct raw_number raw = {.magnitude = magnitude_of(value), .negative = value < 0};

	return scale_raw(raw, scale, ret_value) == DECODE_OK;
}
