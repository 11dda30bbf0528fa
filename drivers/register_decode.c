/* SPDX-License-Identifier: Apache-2.0 */
/*
 * register_decode.c -- One row per encoding, and integer arithmetic that never
 * loses a bit before the one rounding at the end.
 */
#include "drivers/register_decode.h"

#include <assert.h>
#include <string.h>

/* Wide enough for a 64-bit register times a 63-bit numerator. */
__extension__ typedef unsigned __int128 wide;

enum shape {
	SHAPE_UNSIGNED,
	SHAPE_SIGNED,
	SHAPE_FLOAT,
	SHAPE_BCD,
	SHAPE_TEXT,
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

/* Of a number above 0. */
static int bit_length(wide number)
{
	uint64_t high = (uint64_t)(number >> 64);

	return high != 0 ? 128 - __builtin_clzll(high) : 64 - __builtin_clzll((uint64_t)number);
}

static wide divide_half_even(wide dividend, wide divisor)
{
	wide quotient = dividend / divisor;
	wide rest = dividend % divisor;
	bool up = rest > divisor - rest || (rest == divisor - rest && quotient % 2 != 0);

	return quotient + (up ? 1 : 0);
}

/* Two's complement through unsigned arithmetic: INT64_MIN has no positive twin. */
static uint64_t magnitude_of(int64_t number)
{
	return number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
}

static bool signed_from_magnitude(wide magnitude, bool negative, int64_t *ret_number)
{
	if (magnitude > (wide)INT64_MAX + (negative ? 1 : 0)) {
		return false;
	}
	*ret_number = negative && magnitude > 0 ? -(int64_t)(uint64_t)(magnitude - 1) - 1
						: (int64_t)(uint64_t)magnitude;
	return true;
}

/* A number as the register holds it: sign, magnitude * 2^exponent. */
struct raw_number {
	uint64_t magnitude;
	int exponent;
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

	return status == DECODE_OK ? scale_raw(raw, scale, ret_value) : status;
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

static uint64_t greatest_common_divisor(uint64_t a, uint64_t b)
{
	while (b != 0) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

bool scale_multiply(struct scale a, struct scale b, struct scale *ret_product)
{
	assert(a.denominator > 0 && b.denominator > 0);

	/* Crosswise first: then both products are in lowest terms, and overflow is real. */
	uint64_t a_over = magnitude_of(a.numerator);
	uint64_t b_over = magnitude_of(b.numerator);
	uint64_t a_under = (uint64_t)a.denominator;
	uint64_t b_under = (uint64_t)b.denominator;

	if (a_over == 0 || b_over == 0) {
		return false;
	}

	uint64_t *const pairs[][2] = {
		{&a_over, &a_under},
                {&b_over, &b_under},
                {&a_over, &b_under},
                {&b_over, &a_under}
        };

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		uint64_t divisor = greatest_common_divisor(*pairs[i][0], *pairs[i][1]);

		*pairs[i][0] /= divisor;
		*pairs[i][1] /= divisor;
	}

	struct scale product;

	if (!signed_from_magnitude((wide)a_over * b_over, (a.numerator < 0) != (b.numerator < 0),
		    &product.numerator) ||
		!signed_from_magnitude((wide)a_under * b_under, false, &product.denominator)) {
		return false;
	}
	*ret_product = product;
	return true;
}
