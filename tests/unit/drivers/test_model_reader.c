/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_model_reader.c -- A model file is read as written; README.md names every
 * key there is. What is refused: test_model_reader_mistakes.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/site_config.h"
#include "drivers/model_library.h"
#include "drivers/model_reader_keys.h"
#include "tests/unit/drivers/good_model.h"

static void a_model_is_read_as_it_is_written(void **state)
{
	(void)state;
	struct diagnostics diagnostics = {0};
	struct meter_model *model = read_text(good_model, &diagnostics);

	diagnostics_print(&diagnostics, stdout, false);
	assert_non_null(model);
	assert_string_equal(model->name, "m");
	assert_string_equal(model->maker, "Acme");
	assert_string_equal(model->carrier, "electricity");
	assert_true(model->rtu && model->tcp && model->ct_in_meter);
	assert_int_equal(model->serial_line.baud, 19200);
	assert_int_equal(model->serial_line.parity, 'E');
	assert_int_equal(model->serial_line.stop_bits, 2);
	assert_int_equal(model->serial_line.address, 7);
	assert_int_equal(model->tcp_port, 1502);
	assert_int_equal(model->tcp_unit, 3);
	assert_int_equal(model->block_registers_max, 60);
	assert_int_equal(model->bridge_registers_max, 4);
	assert_int_equal(model->pause_ms, 50);
	assert_int_equal(model->update_period_ms, 2000);
	assert_int_equal(model->response_timeout_ms, 700);
	assert_int_equal(model->readable_count, 2);
	assert_int_equal(model->readable[1].space, SPACE_HOLDING_REGISTERS);
	assert_int_equal(model->readable[1].last, 0x1f);
	assert_int_equal(model->forbidden[0].first, 250);
	assert_int_equal(model->option.choices[model->option.fallback].scale.denominator, 9);
	assert_int_equal(model->serial_number_address, 200);
	assert_int_equal(model->serial_number_format.registers, 8);
	assert_int_equal(model->identifications[0].matches_count, 2);
	assert_int_equal(model->quirks_count, 2);
	model = meter_model_free(model);
	diagnostics_clear(&diagnostics);
}

static void values_are_sorted_and_take_what_reading_says(void **state)
{
	(void)state;
	struct diagnostics diagnostics = {0};
	struct meter_model *model = read_text(good_model, &diagnostics);
	const struct model_value *energy =
		meter_model_value(model, QUANTITY_ACTIVE_ENERGY_IMPORT, 1);
	const struct model_value *second =
		meter_model_value(model, QUANTITY_ACTIVE_ENERGY_IMPORT, 2);
	const struct model_value *power = meter_model_value(model, QUANTITY_ACTIVE_POWER, 1);
	const struct model_value *heat = meter_model_value(model, QUANTITY_HEAT_ENERGY, 1);
	const struct model_value *pulses = meter_model_value(model, QUANTITY_PULSES, 1);

	assert_ptr_equal(pulses, &model->values[0]); /* holding registers before input registers */
	assert_ptr_equal(power, &model->values[1]);
	assert_int_equal(energy->addresses_count, 2);
	assert_int_equal(energy->format.encoding, ENCODING_U32);
	assert_int_equal(energy->scale.numerator, 100000); /* 0.1 kWh in mWh */
	assert_int_equal(energy->resolution, 100000);      /* a raw step */
	assert_int_equal(energy->modulus_raw, 1000000000);
	assert_true(energy->slow);
	assert_int_equal(energy->sentinels_count, 2);
	assert_true(energy->sentinel_masks[1] == ~UINT64_C(0xffff));
	assert_int_equal(second->resolution, 500000);
	assert_false(second->slow);
	assert_false(power->slow);
	assert_true(power->format.low_word_first);
	assert_int_equal(power->scale.numerator, 10000); /* 10 W in mW */
	assert_true(heat->scaled_by_option);
	assert_int_equal(heat->sentinels_count, 0);
	assert_int_equal(heat->resolution, 0);
	assert_int_equal(meter_model_value(model, QUANTITY_VOLUME, 1)->format.registers, 3);
	assert_int_equal(meter_model_value(model, QUANTITY_VOLUME, 1)->together, 4);
	assert_true(pulses->format.low_byte_first);
	model = meter_model_free(model);
	diagnostics_clear(&diagnostics);
}

static char *file_text(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = calloc(1, 65536);

	assert_non_null(file);
	assert_non_null(text);
	assert_true(fread(text, 1, 65535, file) > 0);
	fclose(file);
	return text;
}

static void the_readme_names_every_key(void **state)
{
	(void)state;
	char *readme = file_text("drivers/meters/README.md");

	for (size_t i = 0; i < MODEL_SECTION_COUNT; i++) {
		for (size_t j = 0; j < model_sections[i].keys_count; j++) {
			char quoted[64];
			char in_example[64];

			snprintf(quoted, sizeof(quoted), "`%s`", model_sections[i].keys[j].key);
			snprintf(in_example, sizeof(in_example),
				"  %s: ", model_sections[i].keys[j].key);
			if (!strstr(readme, quoted) && !strstr(readme, in_example)) {
				fail_msg("%s of %s is not in the README",
					model_sections[i].keys[j].key, model_sections[i].name);
			}
		}
	}
	free(readme);
}

static void the_worked_example_of_the_readme_is_a_good_model(void **state)
{
	(void)state;
	char *readme = file_text("drivers/meters/README.md");
	char *start = strstr(readme, "```yaml\n") + strlen("```yaml\n");
	struct diagnostics diagnostics = {0};

	*strstr(start, "```") = '\0';

	struct meter_model *model = read_text(start, &diagnostics);

	diagnostics_print(&diagnostics, stdout, false);
	assert_non_null(model);
	assert_int_equal(meter_model_value(model, QUANTITY_ACTIVE_POWER, 1)->addresses[0], 5);
	model = meter_model_free(model);
	free(readme);
	diagnostics_clear(&diagnostics);
}

static const struct model_key *key_of(enum model_section_id section, size_t key)
{
	return &model_sections[section].keys[key];
}

static void the_tables_choices_are_those_of_the_program(void **state)
{
	(void)state;
	const char *const *encodings = key_of(MODEL_SECTION_VALUE, REGISTER_ENCODING)->choices;
	const char *const *carriers = key_of(MODEL_SECTION_MODEL, MODEL_CARRIER)->choices;

	for (int i = 0; i < ENCODING_COUNT; i++) {
		assert_string_equal(
			encodings[i], register_encoding_name((enum register_encoding)i));
	}
	assert_null(encodings[ENCODING_COUNT]);
	for (int i = CARRIER_UNSET + 1; i < CARRIER_COUNT; i++) {
		assert_string_equal(carriers[i - 1], carrier_name((enum config_carrier)i));
	}
	assert_null(carriers[CARRIER_COUNT - 1]);
}

static void numbers_are_decimal_or_hexadecimal_and_fit_63_bits(void **state)
{
	/* clang-format off */
	static const struct { const char *text; bool is_number; int64_t number; } rows[] = {
		{"12",                   true,  12},
		{"012",                  true,  12}, /* not octal */
		{"-3",                   true,  -3},
		{"0x5B00",               true,  0x5b00},
		{"0X5b00",               true,  0x5b00},
		{"-0x10",                true,  -16},
		{"9223372036854775807",  true,  INT64_MAX},
		{"9223372036854775808",  false, 0},
		{"0x",                   false, 0},
		{"0xg",                  false, 0},
		{"",                     false, 0},
		{"-",                    false, 0},
		{"+1",                   false, 0},
		{" 1",                   false, 0},
		{"1 ",                   false, 0},
		{"1.0",                  false, 0},
	};
	/* clang-format on */
	(void)state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t number = 42;

		assert_int_equal(model_number_parse(rows[i].text, &number), rows[i].is_number);
		assert_true(number == (rows[i].is_number ? rows[i].number : 42));
	}
}

/* The piece of good_model in other words; the model must be good. */
static struct meter_model *with(const char *piece, const char *instead)
{
	struct diagnostics diagnostics = {0};
	char *text = replaced(piece, instead);
	struct meter_model *model = read_text(text, &diagnostics);

	diagnostics_print(&diagnostics, stdout, false);
	assert_non_null(model);
	free(text);
	diagnostics_clear(&diagnostics);
	return model;
}

static void a_scale_may_turn_the_sign_and_the_resolution_stays_a_size(void **state)
{
	struct meter_model *model = with("scale: 0.1, ", "scale: -0.1, ");
	const struct model_value *energy =
		meter_model_value(model, QUANTITY_ACTIVE_ENERGY_IMPORT, 1);
	(void)state;

	assert_int_equal(energy->scale.numerator, -100000);
	assert_int_equal(energy->resolution, 100000);
	model = meter_model_free(model);
}

/* What a raw step is, only the device's scale register or the site's option tells. */
static void a_step_that_the_file_does_not_know_has_no_resolution(void **state)
{
	static const char *const more[] = {"scale_register: 106, ", "option: yes, "};
	(void)state;

	for (size_t i = 0; i < 2; i++) {
		struct meter_model *model = with("scale: 0.1, ", more[i]);
		assert_int_equal(
			meter_model_value(model, QUANTITY_ACTIVE_ENERGY_IMPORT, 1)->resolution, 0);
		model = meter_model_free(model);
	}
}

static void sentinels_of_bcd_have_as_many_digits_as_it_may_have(void **state)
{
	struct meter_model *model = with("sentinels: {u32: [0xFFFFFFFF",
		"sentinels: {bcd: [0XfFfF, 0xFFFFFFFFFFFFFFFF], u32: [0xFFFFFFFF");
	const struct model_value *volume = meter_model_value(model, QUANTITY_VOLUME, 1);
	(void)state;

	assert_int_equal(volume->sentinels_count, 2);
	assert_true(volume->sentinels[0] == 0xffff);
	assert_true(volume->sentinels[1] == UINT64_MAX);
	model = meter_model_free(model);
}

static void a_bit_can_be_a_value(void **state)
{
	struct diagnostics diagnostics = {0};
	char *text = replaced("holding 0x10-0x1F", "coils 0x10-0x1F");
	char *pulses = strstr(text, "space: holding, encoding: u64");
	(void)state;

	memcpy(pulses, "space: coils  , encoding: u16", 29);
	struct meter_model *model = read_text(text, &diagnostics);
	assert_non_null(model);
	assert_int_equal(meter_model_value(model, QUANTITY_PULSES, 1)->space, SPACE_COILS);
	model = meter_model_free(model);
	free(text);
	diagnostics_clear(&diagnostics);
}

static void a_sunspec_map_has_markers_and_models(void **state)
{
	struct meter_model *model = with(
		"channels: 2\n", "channels: 2\nsunspec: {markers: [0, 40000], models: [103]}\n");
	(void)state;

	assert_true(model->base.relative);
	assert_int_equal(model->base.markers_count, 2);
	assert_int_equal(model->base.markers[1], 40000);
	assert_int_equal(model->base.models_count, 1);
	assert_int_equal(model->base.models[0], 103);
	model = meter_model_free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_model_is_read_as_it_is_written),
		cmocka_unit_test(values_are_sorted_and_take_what_reading_says),
		cmocka_unit_test(the_readme_names_every_key),
		cmocka_unit_test(the_worked_example_of_the_readme_is_a_good_model),
		cmocka_unit_test(the_tables_choices_are_those_of_the_program),
		cmocka_unit_test(numbers_are_decimal_or_hexadecimal_and_fit_63_bits),
		cmocka_unit_test(a_scale_may_turn_the_sign_and_the_resolution_stays_a_size),
		cmocka_unit_test(a_step_that_the_file_does_not_know_has_no_resolution),
		cmocka_unit_test(sentinels_of_bcd_have_as_many_digits_as_it_may_have),
		cmocka_unit_test(a_bit_can_be_a_value),
		cmocka_unit_test(a_sunspec_map_has_markers_and_models),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
