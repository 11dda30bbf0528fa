/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_register_decode.c -- Registers become integers without losing a bit:
 * every order, every limit, and nothing that is no number becomes one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "drivers/register_decode.h"

static const struct scale one = {1, 1};

static struct register_format format_of(enum register_encoding encoding, uint8_t registers)
{
	return (struct register_format){.encoding = encoding, .registers = registers};
}

/* clang-format off */
static const struct {
	const char *what;
	enum register_encoding encoding;
	uint8_t registers;
	uint16_t words[4];
	struct scale scale;
	enum decode_status status;
	int64_t value;
} cases[] = {
	{"largest u16",            ENCODING_U16, 1, {0xffff},                 {1, 1},    DECODE_OK, 65535},
	{"smallest i16",           ENCODING_I16, 1, {0x8000},                 {1, 1},    DECODE_OK, -32768},
	{"i32 minus two",          ENCODING_I32, 2, {0xffff, 0xfffe},         {1, 1},    DECODE_OK, -2},
	{"smallest i64",           ENCODING_I64, 4, {0x8000},                 {1, 1},    DECODE_OK, INT64_MIN},
	{"largest i64",            ENCODING_I64, 4, {0x7fff, 0xffff, 0xffff, 0xffff}, {1, 1}, DECODE_OK, INT64_MAX},
	{"u64 past int64",         ENCODING_U64, 4, {0x8000},                 {1, 1},    DECODE_OUT_OF_RANGE, 0},
	{"u64 past int64, halved", ENCODING_U64, 4, {0xffff, 0xffff, 0xffff, 0xfffe}, {1, 2}, DECODE_OK, INT64_MAX},
	{"smallest i64, turned",   ENCODING_I64, 4, {0x8000},                 {-1, 1},   DECODE_OUT_OF_RANGE, 0},
	{"2^53 + 1: no double",    ENCODING_U64, 4, {0x0020, 0, 0, 1},        {1, 1},    DECODE_OK, (INT64_C(1) << 53) + 1},
	{"scaled past int64",      ENCODING_U64, 4, {0x0fff, 0, 0, 0},        {1000, 1}, DECODE_OUT_OF_RANGE, 0},
	{"half goes to even, 0.5", ENCODING_U16, 1, {1},                      {1, 2},    DECODE_OK, 0},
	{"half goes to even, 1.5", ENCODING_U16, 1, {3},                      {1, 2},    DECODE_OK, 2},
	{"half goes to even, -2.5", ENCODING_I16, 1, {0xfffb},                {1, 2},    DECODE_OK, -2},
	{"GJ to mWh",              ENCODING_U16, 1, {9},                      {2500000000, 9}, DECODE_OK, 2500000000},
	{"230.5 V in mV",          ENCODING_F32, 2, {0x4366, 0x8000},         {1000, 1}, DECODE_OK, 230500},
	{"0.1f is not 1/10",       ENCODING_F32, 2, {0x3dcc, 0xcccd},         {1000000000000, 1}, DECODE_OK, 100000001490},
	{"minus zero",             ENCODING_F32, 2, {0x8000},                 {1, 1},    DECODE_OK, 0},
	{"smallest f32",           ENCODING_F32, 2, {0, 1},                   {1000000, 1}, DECODE_OK, 0},
	{"smallest f64",           ENCODING_F64, 4, {0, 0, 0, 1},             {INT64_MAX, 1}, DECODE_OK, 0},
	{"1e30 W",                 ENCODING_F32, 2, {0x7149, 0xf2ca},         {1000, 1}, DECODE_OUT_OF_RANGE, 0},
	{"2^127, doubled",         ENCODING_F32, 2, {0x7f00},                 {2, 1},    DECODE_OUT_OF_RANGE, 0},
	{"largest f32",            ENCODING_F32, 2, {0x7f7f, 0xffff},         {1, 1},    DECODE_OUT_OF_RANGE, 0},
	{"f32 not a number",       ENCODING_F32, 2, {0x7fc0},                 {1, 1},    DECODE_NOT_A_NUMBER, 0},
	{"f32 0xFFFFFFFF",         ENCODING_F32, 2, {0xffff, 0xffff},         {1, 1},    DECODE_NOT_A_NUMBER, 0},
	{"f32 infinity",           ENCODING_F32, 2, {0x7f80},                 {1, 1},    DECODE_INFINITE, 0},
	{"f64 not a number",       ENCODING_F64, 4, {0x7ff0, 0, 0, 1},        {1, 1},    DECODE_NOT_A_NUMBER, 0},
	{"f64 minus infinity",     ENCODING_F64, 4, {0xfff0},                 {1, 1},    DECODE_INFINITE, 0},
	{"f64 2^63",               ENCODING_F64, 4, {0x43e0},                 {1, 1},    DECODE_OUT_OF_RANGE, 0},
	{"f64 -2^63",              ENCODING_F64, 4, {0xc3e0},                 {1, 1},    DECODE_OK, INT64_MIN},
	{"bcd",                    ENCODING_BCD, 2, {0x0012, 0x3456},         {1, 10},   DECODE_OK, 12346},
	{"longest bcd",            ENCODING_BCD, 4, {0x9999, 0x9999, 0x9999, 0x9999}, {1, 1}, DECODE_OK, 9999999999999999},
	{"T5, 230.1",              ENCODING_ISKRA_T5, 2, {0xff00, 0x08fd},    {1000, 1}, DECODE_OK, 230100},
	{"T5 has no sign",         ENCODING_ISKRA_T5, 2, {0x00ff, 0xffff},    {1, 1},    DECODE_OK, 16777215},
	{"T6, -12345.67",          ENCODING_ISKRA_T6, 2, {0xfeed, 0x2979},    {1000, 1}, DECODE_OK, -12345670},
	{"T6, most negative",      ENCODING_ISKRA_T6, 2, {0x0180, 0x0000},    {1, 1},    DECODE_OK, -83886080},
	{"T5 past 18 powers",      ENCODING_ISKRA_T5, 2, {0x1300, 0x0001},    {1, 1},    DECODE_OUT_OF_RANGE, 0},
	{"T5, 0 with any power",   ENCODING_ISKRA_T5, 2, {0x7f00, 0x0000},    {1, 1},    DECODE_OK, 0},
	{"T7, 0.8765 inductive",   ENCODING_ISKRA_T7, 2, {0x0000, 0x223d},    {10000, 1}, DECODE_OK, 8765},
	{"T7, export, capacitive", ENCODING_ISKRA_T7, 2, {0xffff, 0x223d},    {10000, 1}, DECODE_OK, -8765},
	{"bcd with a letter",      ENCODING_BCD, 1, {0x12a4},                 {1, 1},    DECODE_BAD_DIGIT, 0},
	{"text is no number",      ENCODING_STRING, 1, {0x3132},              {1, 1},    DECODE_NOT_A_NUMBER, 0},
};
/* clang-format on */

static void numbers_decode_exactly_and_what_is_no_number_is_said(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const int64_t untouched = 424242;
		int64_t value = untouched;
		enum decode_status status = register_decode(cases[i].words,
			format_of(cases[i].encoding, cases[i].registers), cases[i].scale, &value);
		int64_t expected = cases[i].status == DECODE_OK ? cases[i].value : untouched;

		if (status != cases[i].status || value != expected) {
			fail_msg("%s: %s, %lld", cases[i].what, decode_status_text(status),
				(long long)value);
		}
	}
}

static void every_status_is_met_and_has_words(void **state)
{
	(void)state;
	for (int status = 0; status < DECODE_STATUS_COUNT; status++) {
		bool met = status == DECODE_UNAVAILABLE; /* the model's, see test_meter_model.c */

		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			met = met || (int)cases[i].status == status;
		}
		assert_true(met);
		assert_true(strlen(decode_status_text((enum decode_status)status)) > 0);
	}
}

static void bytes_and_words_turn_independently(void **state)
{
	(void)state;
	static const uint16_t words[2][2][2] = {
  /* high byte first     low byte first */
		{{0x0102, 0x0304}, {0x0201, 0x0403}}, /* high word first */
		{{0x0304, 0x0102}, {0x0403, 0x0201}}, /* low word first */
	};

	for (int low_word = 0; low_word < 2; low_word++) {
		for (int low_byte = 0; low_byte < 2; low_byte++) {
			struct register_format format = {ENCODING_U32, 2, low_word, low_byte};
			uint16_t again[2];

			assert_int_equal(
				register_bits(words[low_word][low_byte], format), 0x01020304);
			assert_true(register_encode(0x01020304, one, format, again));
			assert_memory_equal(again, words[low_word][low_byte], sizeof(again));
		}
	}
}

static void what_is_encoded_decodes_to_the_same(void **state)
{
	(void)state;
	unsigned seed = (unsigned)time(NULL);
	static const struct scale scales[] = {
		{1,  1   },
                {1,  3   },
                {-1, 1   },
                {1,  1000},
                {1,  7   }
        };

	print_message("seed %u\n", seed);
	srandom(seed);
	for (int i = 0; i < 20000; i++) {
		enum register_encoding encoding =
			(enum register_encoding)(random() % ENCODING_COUNT);
		struct register_format format = {encoding, register_encoding_registers(encoding),
			random() % 2 != 0, random() % 2 != 0};
		struct scale scale = scales[random() % 5];
		int64_t value = (random() % 30000 - 15000) / scale.denominator;
		uint16_t words[4];
		int64_t again = INT64_MIN;

		if (format.registers > 0 && register_encode(value, scale, format, words)) {
			assert_int_equal(register_decode(words, format, scale, &again), DECODE_OK);
			assert_int_equal(again, value);
		}
	}
}

static void what_does_not_fit_is_not_encoded(void **state)
{
	(void)state;
	uint16_t words[4] = {7, 7, 7, 7};

	assert_false(register_encode(65536, one, format_of(ENCODING_U16, 1), words));
	assert_false(register_encode(-1, one, format_of(ENCODING_U64, 4), words));
	assert_false(register_encode(32768, one, format_of(ENCODING_I16, 1), words));
	assert_true(register_encode(-32768, one, format_of(ENCODING_I16, 1), words));
	assert_int_equal(words[0], 0x8000);
	words[0] = 7;
	assert_false(register_encode(10000, one, format_of(ENCODING_BCD, 1), words));
	assert_false(register_encode(-1, one, format_of(ENCODING_BCD, 1), words));
	assert_false(register_encode(1, one, format_of(ENCODING_STRING, 1), words));
	assert_int_equal(words[0], 7);
	assert_false(register_encode(-1, one, format_of(ENCODING_ISKRA_T5, 2), words));
	assert_false(register_encode(7, one, format_of(ENCODING_ISKRA_T7, 2), words));
	assert_int_equal(words[0], 7);
	assert_true(register_encode(9999, one, format_of(ENCODING_BCD, 1), words));
	assert_int_equal(words[0], 0x9999);
}

static void text_loses_its_padding_and_what_cannot_be_printed(void **state)
{
	(void)state;
	static const uint16_t padded[] = {0x2042, 0x3233, 0x2031, 0x0000, 0x5858};
	static const uint16_t swapped[] = {0x3242, 0x0033};
	static const uint16_t strange[] = {0x41ff, 0x0a42};
	char text[11];

	register_decode_text(padded, format_of(ENCODING_STRING, 5), text);
	assert_string_equal(text, "B23 1"); /* what follows the NUL is left over */
	register_decode_text(
		swapped, (struct register_format){ENCODING_STRING, 2, false, true}, text);
	assert_string_equal(text, "B23");
	register_decode_text(strange, format_of(ENCODING_STRING, 2), text);
	assert_string_equal(text, "A??B");
	register_decode_text((const uint16_t[]){0, 0x2020}, format_of(ENCODING_STRING, 2), text);
	assert_string_equal(text, "");
}

static void encodings_are_found_by_name(void **state)
{
	(void)state;
	enum register_encoding found = ENCODING_U16;

	for (int i = 0; i < ENCODING_COUNT; i++) {
		enum register_encoding encoding = (enum register_encoding)i;

		assert_true(register_encoding_find(register_encoding_name(encoding), &found));
		assert_int_equal(found, encoding);
	}
	assert_false(register_encoding_find("float", &found));
}

static void scales_multiply_in_lowest_terms_and_tell_when_they_cannot(void **state)
{
	(void)state;
	struct scale product = {7, 7};

	assert_true(scale_multiply((struct scale){1000000, 1}, (struct scale){400, 5}, &product));
	assert_int_equal(product.numerator, 80000000);
	assert_int_equal(product.denominator, 1);
	assert_true(scale_multiply(
		(struct scale){INT64_MAX, 9}, (struct scale){-9, INT64_MAX}, &product));
	assert_int_equal(product.numerator, -1);
	assert_int_equal(product.denominator, 1);
	assert_false(scale_multiply((struct scale){INT64_MAX, 1}, (struct scale){2, 1}, &product));
	assert_false(scale_multiply((struct scale){0, 1}, (struct scale){2, 1}, &product));
	assert_int_equal(product.numerator, -1);
}

static void a_scale_applies_to_any_integer_or_says_it_does_not_fit(void **state)
{
	(void)state;
	int64_t value = 0;

	assert_true(scale_apply((struct scale){5, 18}, -9, &value));
	assert_int_equal(value, -2); /* -2.5 */
	assert_true(scale_apply(one, INT64_MIN, &value));
	assert_true(value == INT64_MIN);
	assert_false(scale_apply((struct scale){-1, 1}, INT64_MIN, &value));
	assert_true(value == INT64_MIN);
}

static void what_rounds_to_zero_has_no_sign_to_be_in_the_way(void **state)
{
	(void)state;
	const struct scale tens = {10, 1};
	uint16_t words[2] = {7, 7};

	assert_true(register_encode(-4, tens, format_of(ENCODING_U16, 1), words));
	assert_int_equal(words[0], 0);
	words[0] = 7;
	assert_true(register_encode(-4, tens, format_of(ENCODING_BCD, 1), words));
	assert_int_equal(words[0], 0);
	assert_false(register_encode(-6, tens, format_of(ENCODING_BCD, 1), words)); /* -1 */
	/* Nothing, turned round by the model, is plain zero. */
	assert_true(register_encode(0, (struct scale){-1, 1}, format_of(ENCODING_F32, 2), words));
	assert_int_equal(words[0], 0);
	assert_int_equal(words[1], 0);
}

static void digits_past_64_bits_are_not_cut_off(void **state)
{
	(void)state;
	uint16_t words[4] = {7};

	/* (2^61 + 1) * 8 is 8 past 2^64. */
	assert_false(register_encode(
		(INT64_C(1) << 61) + 1, (struct scale){1, 8}, format_of(ENCODING_BCD, 4), words));
	assert_int_equal(words[0], 7);
}

static void text_ends_before_its_last_spaces_and_shows_no_control_character(void **state)
{
	(void)state;
	static const uint16_t words[] = {0x417f, 0x4220, 0x2020};
	char text[7];

	register_decode_text(words, format_of(ENCODING_STRING, 3), text);
	assert_string_equal(text, "A?B");
}

static void a_scale_of_nothing_or_too_fine_is_none(void **state)
{
	(void)state;
	struct scale product = {7, 7};

	assert_false(scale_multiply((struct scale){2, 1}, (struct scale){0, 1}, &product));
	assert_false(scale_multiply((struct scale){1, INT64_MAX}, (struct scale){1, 2}, &product));
	assert_int_equal(product.numerator, 7);
	assert_int_equal(product.denominator, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_decode_exactly_and_what_is_no_number_is_said),
		cmocka_unit_test(every_status_is_met_and_has_words),
		cmocka_unit_test(bytes_and_words_turn_independently),
		cmocka_unit_test(what_is_encoded_decodes_to_the_same),
		cmocka_unit_test(what_does_not_fit_is_not_encoded),
		cmocka_unit_test(text_loses_its_padding_and_what_cannot_be_printed),
		cmocka_unit_test(encodings_are_found_by_name),
		cmocka_unit_test(scales_multiply_in_lowest_terms_and_tell_when_they_cannot),
		cmocka_unit_test(a_scale_applies_to_any_integer_or_says_it_does_not_fit),
		cmocka_unit_test(what_rounds_to_zero_has_no_sign_to_be_in_the_way),
		cmocka_unit_test(digits_past_64_bits_are_not_cut_off),
		cmocka_unit_test(text_ends_before_its_last_spaces_and_shows_no_control_character),
		cmocka_unit_test(a_scale_of_nothing_or_too_fine_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
