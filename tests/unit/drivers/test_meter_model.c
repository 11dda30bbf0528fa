/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_meter_model.c -- A model's value out of a block of registers: parts,
 * sentinels, scale registers, and what no building can have.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/meter_model.h"

enum { FIRST = 100 };

static const struct scale wh_in_mwh = {1000, 1};
static const struct scale one = {1, 1};

static struct model_value energy_u32(void)
{
	return (struct model_value){
		.quantity = QUANTITY_ACTIVE_ENERGY_IMPORT,
		.channel = 1,
		.space = SPACE_INPUT_REGISTERS,
		.addresses = {FIRST          },
		.addresses_count = 1,
		.format = { .encoding = ENCODING_U32, .registers = 2},
		.scale = wh_in_mwh,
		.scale_register = -1,
		.together = -1,
	};
}

static void a_value_is_the_sum_of_its_parts(void **state)
{
	(void)state;
	static const uint16_t words[] = {0, 5, 0xdead, 0xdead, 0, 7};
	struct model_value value = energy_u32();
	int64_t energy = 0;

	value.addresses[1] = FIRST + 4;
	value.addresses_count = 2;
	assert_int_equal(model_value_decode(&value, value.scale, words, FIRST, &energy), DECODE_OK);
	assert_int_equal(energy, 12000);

	struct register_range span = model_value_span(&value);

	assert_int_equal(span.first, FIRST);
	assert_int_equal(span.last, FIRST + 5);
}

static void one_bad_part_makes_the_sum_no_value(void **state)
{
	(void)state;
	/* f64 1.0, and not a number */
	static const uint16_t words[] = {0x3ff0, 0, 0, 0, 0x7ff8, 0, 0, 0};
	struct model_value value = energy_u32();
	int64_t energy = 42;

	value.format = (struct register_format){.encoding = ENCODING_F64, .registers = 4};
	value.addresses[1] = FIRST + 4;
	value.addresses_count = 2;
	assert_int_equal(
		model_value_decode(&value, one, words, FIRST, &energy), DECODE_NOT_A_NUMBER);
	assert_int_equal(energy, 42);
}

static void a_sentinel_is_no_value_and_its_neighbour_is_one(void **state)
{
	(void)state;
	struct model_value value = energy_u32();
	int64_t energy = 42;

	value.sentinels[0] = 0x7fff0000;
	value.sentinel_masks[0] = ~UINT64_C(0xffff); /* 0x7FFFxxxx */
	value.sentinels[1] = 0xffffffff;
	value.sentinel_masks[1] = UINT64_MAX;
	value.sentinels_count = 2;
	assert_int_equal(
		model_value_decode(&value, one, (const uint16_t[]){0x7fff, 0x1234}, FIRST, &energy),
		DECODE_UNAVAILABLE);
	assert_int_equal(
		model_value_decode(&value, one, (const uint16_t[]){0xffff, 0xffff}, FIRST, &energy),
		DECODE_UNAVAILABLE);
	assert_int_equal(energy, 42);
	assert_int_equal(
		model_value_decode(&value, one, (const uint16_t[]){0x7ffe, 0xffff}, FIRST, &energy),
		DECODE_OK);
	assert_int_equal(energy, 0x7ffeffff);
}

static void zero_is_a_value_unless_the_model_says_otherwise(void **state)
{
	(void)state;
	static const uint16_t words[] = {0, 0};
	struct model_value value = energy_u32();
	int64_t energy = 42;

	assert_int_equal(model_value_decode(&value, one, words, FIRST, &energy), DECODE_OK);
	assert_int_equal(energy, 0);
	value.zero_is_unavailable = true;
	assert_int_equal(
		model_value_decode(&value, one, words, FIRST, &energy), DECODE_UNAVAILABLE);
}

static void of_an_amount_the_sign_is_left_out(void **state)
{
	(void)state;
	static const uint16_t words[] = {0xffff, 0xfffb}; /* -5 */
	struct model_value value = energy_u32();
	int64_t energy = 42;

	value.format.encoding = ENCODING_I32;
	assert_int_equal(
		model_value_decode(&value, one, words, FIRST, &energy), DECODE_OUT_OF_RANGE);
	value.absolute = true;
	assert_int_equal(model_value_decode(&value, one, words, FIRST, &energy), DECODE_OK);
	assert_int_equal(energy, 5);
}

static void a_scale_register_multiplies_by_its_power_of_ten(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct {
		uint16_t exponent;
		enum decode_status status;
		int64_t energy;
	} cases[] = {
		/* exponent   status               energy in mWh of 1234 raw Wh */
		{0,           DECODE_OK,           1234000},
		{1,           DECODE_OK,           12340000},
		{0xfffe,      DECODE_OK,           12340},       /* -2 */
		{0xfff6,      DECODE_OK,           0},           /* -10 */
		{10,          DECODE_OK,           12340000000000000},
		{11,          DECODE_OUT_OF_RANGE, 0},
		{0xfff5,      DECODE_OUT_OF_RANGE, 0},           /* -11 */
		{0x8000,      DECODE_UNAVAILABLE,  0},
	};
	/* clang-format on */
	struct model_value value = energy_u32();

	value.scale_register = FIRST + 3;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const uint16_t words[] = {0, 1234, 0xdead, cases[i].exponent};
		int64_t energy = 0;

		assert_int_equal(model_value_decode(&value, wh_in_mwh, words, FIRST, &energy),
			cases[i].status);
		assert_int_equal(energy, cases[i].energy);
	}
	assert_int_equal(model_value_span(&value).last, FIRST + 3);
}

static void what_no_building_can_have_is_out_of_range(void **state)
{
	(void)state;
	struct model_value value = energy_u32();
	int64_t power = 42;

	value.quantity = QUANTITY_ACTIVE_POWER;
	value.format = (struct register_format){.encoding = ENCODING_F32, .registers = 2};
	/* 1e30 W, 2 GW, then 1 MW */
	assert_int_equal(model_value_decode(&value, wh_in_mwh, (const uint16_t[]){0x7149, 0xf2ca},
				 FIRST, &power),
		DECODE_OUT_OF_RANGE);
	assert_int_equal(model_value_decode(&value, wh_in_mwh, (const uint16_t[]){0x4eee, 0x6b28},
				 FIRST, &power),
		DECODE_OUT_OF_RANGE);
	assert_int_equal(power, 42);
	assert_int_equal(model_value_decode(&value, wh_in_mwh, (const uint16_t[]){0x4974, 0x2400},
				 FIRST, &power),
		DECODE_OK);
	assert_int_equal(power, 1000000000);

	value.quantity = QUANTITY_HEAT_ENERGY; /* a counter below zero */
	assert_int_equal(
		model_value_decode(&value, wh_in_mwh, (const uint16_t[]){0xc2c8, 0}, FIRST, &power),
		DECODE_OUT_OF_RANGE);
}

static void option_and_transformer_multiply_where_they_apply(void **state)
{
	(void)state;
	static char gj[] = "GJ";
	static char mwh[] = "MWh";
	struct meter_model model = {
		.option = {.choices = {{mwh, {1000, 1}}, {gj, {2500, 9}}}, .choices_count = 2},
	};
	struct model_value value = energy_u32();
	const struct scale ct = {400, 5};
	struct scale scale = {0, 0};
	uint8_t choice = 9;

	assert_true(model_value_scale(&model, &value, 0, ct, &scale));
	assert_int_equal(scale.numerator, 80000);
	value.quantity = QUANTITY_HEAT_ENERGY;
	value.scaled_by_option = true;
	value.scale = (struct scale){1000000, 1};
	assert_false(model_option_find(&model.option, "kWh", &choice));
	assert_int_equal(choice, 9);
	assert_true(model_option_find(&model.option, "GJ", &choice));
	assert_true(model_value_scale(&model, &value, choice, ct, &scale));
	assert_int_equal(scale.numerator, 2500000000);
	assert_int_equal(scale.denominator, 9);
	value.scale = (struct scale){INT64_MAX, 1};
	assert_false(model_value_scale(&model, &value, 0, one, &scale));
	assert_int_equal(scale.denominator, 9);
}

static void a_value_is_found_by_quantity_and_channel(void **state)
{
	(void)state;
	struct model_value values[2] = {energy_u32(), energy_u32()};
	struct meter_model model = {.values = values, .values_count = 2};

	values[1].channel = 2;
	assert_ptr_equal(meter_model_value(&model, QUANTITY_ACTIVE_ENERGY_IMPORT, 2), &values[1]);
	assert_null(meter_model_value(&model, QUANTITY_ACTIVE_ENERGY_IMPORT, 3));
	assert_null(meter_model_value(&model, QUANTITY_VOLUME, 1));
}

static void a_scale_register_that_leaves_no_number_is_out_of_range(void **state)
{
	(void)state;
	struct model_value value = energy_u32();
	int64_t energy = 42;

	/* Eighteen tens of the model's own, and ten more. */
	value.scale_register = FIRST + 2;
	assert_int_equal(model_value_decode(&value, (struct scale){1000000000000000000, 1},
				 (const uint16_t[]){0, 1, 10}, FIRST, &energy),
		DECODE_OUT_OF_RANGE);
	assert_int_equal(energy, 42);
}

static void parts_that_are_numbers_may_have_a_sum_that_is_none(void **state)
{
	(void)state;
	struct model_value value = energy_u32();
	int64_t energy = 42;

	value.format = (struct register_format){.encoding = ENCODING_I64, .registers = 4};
	value.addresses[1] = FIRST + 4;
	value.addresses_count = 2;
	assert_int_equal(model_value_decode(&value, one,
				 (const uint16_t[]){0x7fff, 0xffff, 0xffff, 0xffff, 0, 0, 0, 1},
				 FIRST, &energy),
		DECODE_OUT_OF_RANGE);
	assert_int_equal(energy, 42);
}

static void an_accumulator_that_has_begun_is_a_value(void **state)
{
	(void)state;
	struct model_value value = energy_u32();
	int64_t energy = 42;

	value.zero_is_unavailable = true;
	assert_int_equal(model_value_decode(&value, one, (const uint16_t[]){0, 1}, FIRST, &energy),
		DECODE_OK);
	assert_int_equal(energy, 1);
}

static void a_transformer_past_63_bits_is_refused(void **state)
{
	(void)state;
	const struct meter_model model = {0};
	struct model_value value = energy_u32();
	struct scale scale = {7, 9};

	value.scale = (struct scale){INT64_MAX, 1};
	assert_false(model_value_scale(&model, &value, 0, (struct scale){2, 1}, &scale));
	assert_int_equal(scale.numerator, 7);
	value.quantity = QUANTITY_HEAT_ENERGY; /* no transformer's business */
	assert_true(model_value_scale(&model, &value, 0, (struct scale){2, 1}, &scale));
	assert_true(scale.numerator == INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_is_the_sum_of_its_parts),
		cmocka_unit_test(one_bad_part_makes_the_sum_no_value),
		cmocka_unit_test(a_sentinel_is_no_value_and_its_neighbour_is_one),
		cmocka_unit_test(zero_is_a_value_unless_the_model_says_otherwise),
		cmocka_unit_test(of_an_amount_the_sign_is_left_out),
		cmocka_unit_test(a_scale_register_multiplies_by_its_power_of_ten),
		cmocka_unit_test(what_no_building_can_have_is_out_of_range),
		cmocka_unit_test(option_and_transformer_multiply_where_they_apply),
		cmocka_unit_test(a_value_is_found_by_quantity_and_channel),
		cmocka_unit_test(a_scale_register_that_leaves_no_number_is_out_of_range),
		cmocka_unit_test(parts_that_are_numbers_may_have_a_sum_that_is_none),
		cmocka_unit_test(an_accumulator_that_has_begun_is_a_value),
		cmocka_unit_test(a_transformer_past_63_bits_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
