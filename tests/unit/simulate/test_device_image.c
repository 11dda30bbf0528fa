/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_device_image.c -- A simulated meter must say what it was given, in every
 * register of every shipped model: else all tests on it prove nothing. What is
 * read back goes through the gateway's own decoder.
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

#include "drivers/model_library.h"
#include "gateway/simulate/device_image.h"

enum { EXCEPTION_ADDRESS = 2, NUMBERS_A_VALUE = 40 };

static struct model_library *library;
static unsigned seed;

static int open_library(void **state)
{
	(void)state;
	library = model_library_open(NULL);
	return library != NULL ? 0 : -1;
}

static int close_library(void **state)
{
	(void)state;
	library = model_library_close(library);
	return 0;
}

static const struct meter_model *find_model(const char *name)
{
	struct diagnostics diagnostics = {0};
	const struct meter_model *model = model_library_find(library, name, &diagnostics);
	diagnostics_clear(&diagnostics);
	assert_non_null(model);
	return model;
}

static struct device_image *new_image(const struct meter_model *model, bool strict)
{
	const char *reason = "";
	struct device_image_settings settings = {
		.model = model,
		.serial_number = model->has_serial_number ? "1234" : "",
		.choice = model->option.fallback,
		.ct = {1, 1},
		.strict = strict
        };
	struct device_image *image = device_image_new(&settings, &reason);
	if (image == NULL)
		fail_msg("%s: %s", model->name, reason);
	return image;
}

static void for_each_value(
	void (*check)(struct device_image *image, const struct meter_model *model, size_t value))
{
	const char *name = NULL;
	for (size_t i = 0; (name = model_library_name(library, i)) != NULL; i++) {
		const struct meter_model *model = find_model(name);
		struct device_image *image = new_image(model, false);
		for (size_t value = 0; value < model->values_count; value++)
			check(image, model, value);
		device_image_free(image);
	}
}

/* Ask for a range, as a gateway does; the exception's code, or 0 with the words. */
static unsigned ask(
	const struct device_image *image, struct register_range range, uint16_t *ret_words)
{
	uint16_t count = (uint16_t)(range.last - range.first + 1);
	const uint8_t request[] = {(uint8_t)range.space, (uint8_t)(range.first >> 8),
		(uint8_t)range.first, (uint8_t)(count >> 8), (uint8_t)count};
	uint8_t answer[PDU_BYTES_MAX] = {0};
	size_t length = device_image_answer(image, request, sizeof(request), answer);
	if ((answer[0] & 0x80) != 0) {
		assert_int_equal(length, 2);
		assert_int_equal(answer[0], request[0] | 0x80);
		return answer[1];
	}
	assert_int_equal(answer[0], request[0]);
	assert_int_equal(answer[1], count * 2);
	assert_int_equal(length, 2 + count * 2u);
	for (uint16_t i = 0; i < count; i++)
		ret_words[i] = (uint16_t)(answer[2 + 2 * i] << 8 | answer[3 + 2 * i]);
	return 0;
}

static enum decode_status read_value(const struct device_image *image,
	const struct meter_model *model, size_t index, int64_t *ret_number)
{
	uint16_t words[125] = {0};
	struct scale scale;
	const struct model_value *value = &model->values[index];
	assert_true(model_value_scale(
		model, value, model->option.fallback, (struct scale){1, 1}, &scale));
	assert_int_equal(ask(image, device_image_span(image, index), words), 0);
	return model_value_decode(value, scale, words, model_value_span(value).first, ret_number);
}

static bool is_float(const struct model_value *value)
{
	return value->format.encoding == ENCODING_F32 || value->format.encoding == ENCODING_F64;
}

/* A mantissa with a power of ten of its own. */
static bool is_decimal(const struct model_value *value)
{
	return value->format.encoding == ENCODING_ISKRA_T5 ||
	       value->format.encoding == ENCODING_ISKRA_T6;
}

static bool is_signed(const struct model_value *value)
{
	return is_float(value) || value->format.encoding == ENCODING_I16 ||
	       value->format.encoding == ENCODING_I32 || value->format.encoding == ENCODING_I64 ||
	       value->format.encoding == ENCODING_ISKRA_T6 ||
	       value->format.encoding == ENCODING_ISKRA_T7;
}

/* The step between two numbers the register can show near this one. */
static double step_near(const struct meter_model *model, size_t index, int64_t number)
{
	const struct model_value *value = &model->values[index];
	struct scale scale;
	assert_true(model_value_scale(
		model, value, model->option.fallback, (struct scale){1, 1}, &scale));
	if (value->format.encoding == ENCODING_F32)
		return (double)llabs(number) / (1 << 22) + 2;
	if (value->format.encoding == ENCODING_F64)
		return (double)llabs(number) / (1ll << 51);
	if (is_decimal(value)) /* 23 bits hold one decade of digits at least */
		return (double)llabs(number) * 10 / (1 << 23) + 1;
	double step = (double)scale.numerator / (double)scale.denominator;
	if (value->format.encoding == ENCODING_ISKRA_T7)
		step /= 10000;
	return step < 0 ? -step : step;
}

/* A magnitude between one step of the register and half of what it holds. */
static int64_t random_number(const struct meter_model *model, size_t index)
{
	const struct model_value *value = &model->values[index];
	const struct quantity_info *info = quantity_info(value->quantity);
	int bits = is_float(value) || is_decimal(value) || value->scale_register >= 0
			   ? 62
			   : value->format.registers * 16 - 2;
	double largest = step_near(model, index, 0) * (double)(1ull << (bits > 62 ? 62 : bits));
	if (value->format.encoding == ENCODING_BCD)
		largest /= 1000;
	if (value->modulus_raw > 0)
		largest = step_near(model, index, 0) * (double)value->modulus_raw / 2;
	if (largest > (double)info->plausible_max)
		largest = (double)info->plausible_max;
	double part = (double)rand() / RAND_MAX;
	for (int decades = rand() % 8; decades > 0; decades--)
		part /= 10;
	int64_t number = (int64_t)(largest * 0.99 * part);
	bool turn = is_signed(value) && -number >= info->plausible_min && rand() % 2 == 0;
	return turn ? -number : number;
}

static void check_round_trip(
	struct device_image *image, const struct meter_model *model, size_t index)
{
	const struct model_value *value = &model->values[index];
	if (device_image_is_part(image, index)) {
		assert_false(device_image_set(image, index, 1));
		return;
	}
	for (int i = 0; i < NUMBERS_A_VALUE; i++) {
		int64_t number = random_number(model, index);
		int64_t got = 0;
		const char *name = quantity_info(value->quantity)->name;
		if (value->scale_register >= 0) { /* its step depends on what was shown before */
			assert_true(device_image_set(image, index, number));
			continue;
		}
		if (!device_image_set(image, index, number))
			fail_msg("%s %s cannot show %lld", model->name, name, (long long)number);
		enum decode_status status = read_value(image, model, index, &got);
		if (status == DECODE_UNAVAILABLE && value->zero_is_unavailable)
			continue;
		if (status != DECODE_OK)
			fail_msg("%s %s: %lld is read as %s", model->name, name, (long long)number,
				decode_status_text(status));
		double off = (double)llabs(got - number);
		double rounded = value->format.encoding == ENCODING_F64 ? 0 : 0.5;
		if (off > step_near(model, index, number) * value->addresses_count / 2 + rounded)
			fail_msg("%s %s: %lld is read as %lld", model->name, name,
				(long long)number, (long long)got);
	}
}

static void every_value_of_every_model_is_read_back_as_it_was_set(void **state)
{
	(void)state;
	for_each_value(check_round_trip);
}

static void check_whole_steps(
	struct device_image *image, const struct meter_model *model, size_t index)
{
	int64_t got = 0;
	double step = step_near(model, index, 0);
	if (device_image_is_part(image, index) || is_float(&model->values[index]) ||
		is_decimal(&model->values[index]) || model->values[index].scale_register >= 0 ||
		step < 1 || step > (double)INT32_MAX)
		return;
	for (int i = 1; i < NUMBERS_A_VALUE; i++) {
		int64_t number = (int64_t)step * i;
		assert_true(device_image_set(image, index, number));
		assert_int_equal(read_value(image, model, index, &got), DECODE_OK);
		assert_int_equal(got, number);
	}
}

static void whole_steps_of_integer_registers_are_exact(void **state)
{
	(void)state;
	for_each_value(check_whole_steps);
}

static void a_scale_register_rises_with_the_number_and_takes_its_siblings_along(void **state)
{
	(void)state;
	const struct meter_model *model = find_model("sunspec-203");
	struct device_image *image = new_image(model, false);
	size_t total = SIZE_MAX;
	size_t phase = SIZE_MAX;
	for (size_t i = 0; i < model->values_count; i++) {
		total = model->values[i].quantity == QUANTITY_ACTIVE_POWER ? i : total;
		phase = model->values[i].quantity == QUANTITY_ACTIVE_POWER_L1 ? i : phase;
	}
	int64_t got = 0;
	assert_true(device_image_set(image, phase, 12340));
	assert_true(device_image_set(image, total, 45670));
	assert_int_equal(read_value(image, model, phase, &got), DECODE_OK);
	assert_int_equal(got, 12340);
	assert_true(device_image_set(image, total, 98765432));
	assert_int_equal(read_value(image, model, total, &got), DECODE_OK);
	assert_in_range(got, 98765432 - 5000, 98765432 + 5000);
	assert_int_equal(read_value(image, model, phase, &got), DECODE_OK);
	assert_in_range(got, 12340 - 5000, 12340 + 5000);
	device_image_free(image);
}

static void a_counter_begins_again_at_the_models_modulus(void **state)
{
	(void)state;
	const struct meter_model *shipped = find_model("carlo-gavazzi-em340");
	struct meter_model model = *shipped;
	struct model_value value = *meter_model_value(shipped, QUANTITY_ACTIVE_ENERGY_IMPORT, 1);
	int64_t got = 0;
	value.modulus_raw = 10000000;
	model.values = &value;
	model.values_count = 1;
	int64_t step = (int64_t)step_near(&model, 0, 0);
	struct device_image *image = new_image(&model, false);
	assert_true(device_image_set(image, 0, 9999999 * step));
	assert_int_equal(read_value(image, &model, 0, &got), DECODE_OK);
	assert_int_equal(got, 9999999 * step);
	assert_true(device_image_set(image, 0, 10000003 * step));
	assert_int_equal(read_value(image, &model, 0, &got), DECODE_OK);
	assert_int_equal(got, 3 * step);
	device_image_free(image);
}

/* --- disturbances ------------------------------------------------------------ */

static void check_no_value(
	struct device_image *image, const struct meter_model *model, size_t index)
{
	const struct model_value *value = &model->values[index];
	int64_t got = 0;
	enum decode_status expected = is_float(value)              ? DECODE_NOT_A_NUMBER
				      : value->sentinels_count > 0 ? DECODE_UNAVAILABLE
								   : DECODE_STATUS_COUNT;
	if (expected == DECODE_STATUS_COUNT)
		return;
	device_image_disturb(image, IMAGE_NAN);
	assert_int_equal(read_value(image, model, index, &got), expected);
	device_image_disturb(image, IMAGE_AS_IT_IS);
}

static void no_value_is_what_the_gateway_understands_as_such(void **state)
{
	(void)state;
	for_each_value(check_no_value);
}

static void check_infinite(
	struct device_image *image, const struct meter_model *model, size_t index)
{
	int64_t got = 0;
	if (!is_float(&model->values[index]))
		return;
	device_image_disturb(image, IMAGE_INFINITE);
	assert_int_equal(read_value(image, model, index, &got), DECODE_INFINITE);
	device_image_disturb(image, IMAGE_AS_IT_IS);
}

static void infinite_floats_are_read_as_infinite(void **state)
{
	(void)state;
	for_each_value(check_infinite);
}

static void check_words(struct device_image *image, size_t index,
	enum image_disturbance disturbance, uint16_t expected)
{
	uint16_t words[125] = {0};
	struct register_range span = device_image_span(image, index);
	device_image_disturb(image, disturbance);
	assert_int_equal(ask(image, span, words), 0);
	assert_int_equal(words[0], expected);
	uint16_t logged[IMAGE_VALUE_WORDS_MAX];
	size_t count = device_image_words(image, index, logged);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(logged[i], expected);
	device_image_disturb(image, IMAGE_AS_IT_IS);
}

static void check_ones_and_zeros(
	struct device_image *image, const struct meter_model *model, size_t index)
{
	if (model->values[index].scale_register >= 0)
		return; /* its span may begin at an unlisted register */
	check_words(image, index, IMAGE_ALL_ONES, 0xffff);
	check_words(image, index, IMAGE_ALL_ZERO, 0);
}

static void all_ones_and_all_zero_fill_every_register(void **state)
{
	(void)state;
	for_each_value(check_ones_and_zeros);
}

/* The number as the model orders its words. */
static uint64_t shown_bits(
	struct device_image *image, const struct meter_model *model, size_t index)
{
	uint16_t words[IMAGE_VALUE_WORDS_MAX];
	(void)device_image_words(image, index, words);
	return register_bits(words, model->values[index].format);
}

static void check_torn(struct device_image *image, const struct meter_model *model, size_t index)
{
	uint8_t registers = model->values[index].format.registers;
	uint64_t mask = registers == 4 ? UINT64_MAX : (UINT64_C(1) << (16 * registers)) - 1;
	uint64_t before = shown_bits(image, model, index);
	device_image_disturb(image, IMAGE_TORN);
	uint64_t torn = shown_bits(image, model, index);
	device_image_disturb(image, IMAGE_AS_IT_IS);
	if (registers < 2)
		assert_true(torn == before);
	else
		assert_true(
			torn == ((before + 0x10000) & mask) || (before >> 16 & 0xffff) == 0xffff);
}

static void a_torn_number_has_the_carry_in_one_of_its_words_only(void **state)
{
	(void)state;
	for_each_value(check_torn);
}

static void check_hole(struct device_image *image, const struct meter_model *model, size_t index)
{
	(void)model;
	uint16_t words[125] = {0};
	struct register_range span = device_image_span(image, index);
	assert_true(device_image_add_hole(image, span.last, span.last));
	assert_int_equal(ask(image, span, words), EXCEPTION_ADDRESS);
	device_image_clear_holes(image);
	assert_int_equal(ask(image, span, words), 0);
}

static void a_block_that_touches_a_hole_is_refused(void **state)
{
	(void)state;
	for_each_value(check_hole);
}

/* --- requests ----------------------------------------------------------------- */

static void requests_a_device_does_not_understand_bring_the_right_exception(void **state)
{
	(void)state;
	struct device_image *image = new_image(find_model("eastron-sdm630"), true);
	/* clang-format off */
	static const struct {
		uint8_t request[6];
		size_t length;
		uint8_t exception;
	} cases[] = {
		{{4, 0, 0, 0, 0}, 5, 3},       /* no register */
		{{4, 0, 0, 0, 126}, 5, 3},     /* more than a frame holds */
		{{4, 0, 0, 0}, 4, 3},          /* cut */
		{{4, 0xff, 0xff, 0, 2}, 5, 3}, /* past the last address */
		{{4, 0x7f, 0, 0, 2}, 5, 2},    /* not listed, and strict */
		{{1, 0, 0, 0, 1}, 5, 1},       /* it has no coils */
		{{6, 0, 0, 0, 1}, 5, 1},       /* nothing is written */
		{{16, 0, 0, 0, 1}, 5, 1},
		{{0}, 0, 1},
	};
	/* clang-format on */
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t answer[PDU_BYTES_MAX] = {0};
		assert_int_equal(
			device_image_answer(image, cases[i].request, cases[i].length, answer), 2);
		assert_int_equal(answer[0], cases[i].request[0] | 0x80);
		assert_int_equal(answer[1], cases[i].exception);
	}
	device_image_free(image);
}

static void a_serial_number_that_does_not_fit_is_refused(void **state)
{
	(void)state;
	const char *reason = "";
	struct device_image_settings settings = {
		.model = find_model("eastron-sdm630"), .serial_number = "SN-12", .ct = {1, 1}
        };
	assert_null(device_image_new(&settings, &reason));
	assert_non_null(strstr(reason, "serial number"));
	settings.serial_number = "99999999999";
	assert_null(device_image_new(&settings, &reason));
}

int main(void)
{
	seed = (unsigned)time(NULL);
	print_message("seed %u\n", seed);
	srand(seed);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_value_of_every_model_is_read_back_as_it_was_set),
		cmocka_unit_test(whole_steps_of_integer_registers_are_exact),
		cmocka_unit_test(
			a_scale_register_rises_with_the_number_and_takes_its_siblings_along),
		cmocka_unit_test(a_counter_begins_again_at_the_models_modulus),
		cmocka_unit_test(no_value_is_what_the_gateway_understands_as_such),
		cmocka_unit_test(infinite_floats_are_read_as_infinite),
		cmocka_unit_test(all_ones_and_all_zero_fill_every_register),
		cmocka_unit_test(a_torn_number_has_the_carry_in_one_of_its_words_only),
		cmocka_unit_test(a_block_that_touches_a_hole_is_refused),
		cmocka_unit_test(requests_a_device_does_not_understand_bring_the_right_exception),
		cmocka_unit_test(a_serial_number_that_does_not_fit_is_refused),
	};
	return cmocka_run_group_tests(tests, open_library, close_library);
}
