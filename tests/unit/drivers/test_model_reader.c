/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_model_reader.c -- A model file is read as written, or refused where it
 * is wrong, with what is allowed; README.md names every key there is.
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

/* A good model; each test of bad ones replaces a piece. */
static const char good_model[] =
	"maker: Acme\n"
	"title: EM9\n"
	"carrier: electricity\n"
	"phases: 3\n"
	"tested: simulated\n"
	"transport: [rtu, tcp]\n"
	"serial_line: {baud: 19200, parity: E, stop_bits: 2, address: 7}\n"
	"tcp: {port: 1502, unit: 3}\n"
	"reading: {space: input, encoding: u32, largest_block: 60, bridging: 4, pause_ms: 50,\n"
	"  update_period_ms: 2000, response_timeout_ms: 700, readable: [0-299, holding "
	"0x10-0x1F],\n"
	"  forbidden: [250-260], sentinels: {u32: [0xFFFFFFFF, 0x7FFFxxxx]}}\n"
	"option: {key: energy_unit, choices: {kWh: 1, GJ: 2500/9}, default: GJ}\n"
	"channels: 2\n"
	"ct_in_meter: yes\n"
	"serial_number: {space: holding, address: 200, encoding: string, registers: 8}\n"
	"values:\n"
	"  - {quantity: active_energy_import, address: [100, 104], scale: 0.1, modulus: "
	"1000000000}\n"
	"  - {quantity: active_power, address: 5, encoding: i32, word_order: low_first, scale: "
	"10}\n"
	"  - {quantity: active_energy_import, channel: 2, address: 110, resolution: 0.5, group: "
	"fast}\n"
	"  - {quantity: heat_energy, address: 120, encoding: f32, option: yes, sentinels: []}\n"
	"  - {quantity: volume, address: 130, encoding: bcd, registers: 3, together: 4}\n"
	"  - {quantity: pulses, address: 0x10, space: holding, encoding: u64, byte_order: "
	"low_first}\n"
	"identification:\n"
	"  - {method: register, space: holding, address: 11, encoding: u16, matches: [7, 330-345], "
	"meaning: type}\n"
	"quirks: [one, two]\n"
	"sources: [a manual]\n";

static struct meter_model *read_text(const char *text, struct diagnostics *diagnostics)
{
	struct yaml_file *file = NULL;
	struct meter_model *model = NULL;

	if (yaml_read_text("m.yaml", text, strlen(text), diagnostics, &file) == YAML_OK &&
		!meter_model_read(file, "m", diagnostics, &model)) {
		assert_null(model);
		assert_true(diagnostics->errors > 0);
	}
	yaml_close(file);
	return model;
}

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

/* clang-format off */
static const struct {
	const char *piece;   /* of good_model */
	const char *instead;
	const char *message; /* what the first error contains */
} bad_models[] = {
	{"maker: Acme\n", "", "a model lacks \"maker\""},
	{"maker: Acme", "maker: [Acme]", "\"maker\" takes one value, not a list"},
	{"maker: Acme", "Maker: Acme", "unknown key \"Maker\" in a model; allowed are maker, title"},
	{"maker: Acme", "maker: ''", "\"maker\" takes a text of 1 to 100 bytes"},
	{"carrier: electricity", "carrier: steam", "\"carrier: steam\" is not one of electricity, district_heat"},
	{"phases: 3", "phases: 4", "\"phases: 4\" is not a whole number from 1 to 3"},
	{"phases: 3", "phases: three", "\"phases: three\" is not a whole number"},
	{"[rtu, tcp]", "[rtu, m-bus]", "\"transport: m-bus\" is not one of rtu, tcp"},
	{"[rtu, tcp]", "[]", "takes a list of 1 to 2 entries"},
	{"parity: E", "parity: even", "\"parity: even\" is not one of N, E, O"},
	{"stop_bits: 2", "stop_bit: 2", "unknown key \"stop_bit\" in serial_line"},
	{"port: 1502", "port: 0", "\"port: 0\" is not a whole number from 1 to 65535"},
	{"largest_block: 60", "largest_block: 126", "\"largest_block: 126\" is not a whole number from 1 to 125"},
	{"pause_ms: 50", "pause_ms: 50 ms", "\"pause_ms: 50 ms\" is not a whole number"},
	{"readable: [0-299", "readable: [299-0", "\"readable: 299-0\" is not a range"},
	{"readable: [0-299", "readable: [0-65536", "\"readable: 0-65536\" is not a range"},
	{"readable: [0-299", "readable: [0-110", "lies in none of the readable ranges"},
	{"[250-260]", "[105-106]", "active_energy_import, registers 100 to 105, touches the forbidden range 105 to 106"},
	{"[250-260]", "[holding 205]", "the serial number, registers 200 to 207, touches the forbidden range"},
	{"{u32: [0xFFFFFFFF", "{u33: [0xFFFFFFFF", "\"u33\" is not the encoding of a number"},
	{"[0xFFFFFFFF, ", "[0xFFFFFFFFF, ", "sentinel \"0xFFFFFFFFF\" is not 0x and up to 8 hexadecimal digits"},
	{"[0xFFFFFFFF, ", "[65535, ", "sentinel \"65535\" is not 0x"},
	{"GJ: 2500/9", "GJ: 0", "\"GJ: 0\" is not a number as 0.1, 1000 or 5/18, other than 0"},
	{"GJ: 2500/9", "GJ: 1/0", "\"GJ: 1/0\" is not a number"},
	{"default: GJ", "default: MJ", "\"default: MJ\" is not one of the choices"},
	{"choices: {kWh: 1, GJ: 2500/9}", "choices: {GJ: 1}", "\"choices\" takes a mapping of 2 to 4 entries, this has 1"},
	{"option: {key: energy_unit, choices: {kWh: 1, GJ: 2500/9}, default: GJ}\n", "", "\"option: yes\", but the model has no \"option\""},
	{"ct_in_meter: yes", "ct_in_meter: true", "\"ct_in_meter: true\" is not one of no, yes"},
	{"encoding: string, registers: 8", "encoding: string", "\"string\" needs \"registers\""},
	{"encoding: string, registers: 8", "encoding: string, registers: 33", "\"registers: 33\" is not a whole number from 1 to 32"},
	{"address: 200", "address: 65530", "its last register is past 65535"},
	{"quantity: active_power,", "quantity: activ_power,", "unknown quantity \"activ_power\""},
	{"quantity: active_power,", "", "a value lacks \"quantity\""},
	{"quantity: active_power,", "quantity: volume,", "volume of channel 1 stands here and in line"},
	{"channel: 2, ", "channel: 3, ", "\"channel: 3\", but the model has \"channels: 2\""},
	{"channel: 2, ", "", "active_energy_import of channel 1 stands here and in line 17"},
	{"address: 5,", "address: 65535,", "its last register is past 65535"},
	{"address: 5,", "address: -1,", "\"address: -1\" is not a whole number from 0 to 65535"},
	{"address: 5,", "address: 101,", "the registers of active_power overlap those of active_energy_import in line 17"},
	{"address: 5,", "address: [],", "\"address\" takes one address or a list of up to 4"},
	{"address: [100, 104]", "address: [100, 101]", "the parts of active_energy_import at 100 and 101 overlap"},
	{"address: [100, 104]", "address: [100, 170]", "needs registers 100 to 171 in one block: 72, but largest_block is 60"},
	{"encoding: i32, word_order", "encoding: i33, word_order", "\"encoding: i33\" is not one of u16, i16"},
	{"encoding: i32, word_order", "registers: 3, word_order", "\"registers: 3\" does not go with u32, which covers 2"},
	{"encoding: i32, word_order", "encoding: string, registers: 2, word_order", "a value is a number, not a string"},
	{"encoding: i32, word_order", "space: coils, word_order", "coils holds single bits: its encoding is u16"},
	{"scale: 10}", "scale: ten}", "\"scale: ten\" is not a number"},
	{"scale: 10}", "scale: 999999999999999999}", "\"scale\" is too large or too fine"},
	{"scale: 10}", "modulus: 100}", "\"modulus\" is for counters of whole numbers; this is i32 active_power"},
	{"resolution: 0.5", "resolution: 1/3", "\"resolution: 1/3\" is not a positive number of 6 decimals"},
	{"resolution: 0.5", "resolution: 0.5, together: 4", "joins different spaces or groups"},
	{"address: 130, encoding: bcd, registers: 3", "address: 130, encoding: bcd, registers: 5", "\"registers: 5\" is not a whole number from 1 to 4"},
	{"encoding: u32, largest", "largest", "no \"encoding\", neither here nor in \"reading\""},
	{"address: 11, ", "", "a rule of method register needs \"address\" and \"matches\""},
	{"method: register", "method: guess", "\"method: guess\" is not one of register, device_id"},
	{"sources: [a manual]", "sources: []", "\"sources\" takes a list of 1 to 100 entries, this has 0"},
	{"sources: [a manual]", "sources: a manual", "\"sources\" takes a list"},
	{"quirks: [one, two]", "quirks: [one, {two: 2}]", "an entry of \"quirks\" is a text, not empty"},
};
/* clang-format on */

static char *replaced(const char *piece, const char *instead)
{
	const char *at = strstr(good_model, piece);
	char *text = NULL;

	assert_non_null(at);
	assert_true(asprintf(&text, "%.*s%s%s", (int)(at - good_model), good_model, instead,
			    at + strlen(piece)) > 0);
	return text;
}

static void every_mistake_is_refused_with_its_place_and_what_is_allowed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_models) / sizeof(bad_models[0]); i++) {
		struct diagnostics diagnostics = {0};
		char *text = replaced(bad_models[i].piece, bad_models[i].instead);
		struct meter_model *model = read_text(text, &diagnostics);

		if (model || diagnostics.count == 0 ||
			!strstr(diagnostics.items[0].message, bad_models[i].message)) {
			fail_msg("\"%s\" for \"%s\": %s", bad_models[i].instead,
				bad_models[i].piece,
				diagnostics.count > 0 ? diagnostics.items[0].message : "no error");
		}
		assert_true(diagnostics.items[0].at.line > 0);
		assert_true(diagnostics.items[0].at.column > 0);
		assert_string_equal(diagnostics.items[0].file, "m.yaml");
		free(text);
		diagnostics_clear(&diagnostics);
	}
}

static void all_errors_come_in_one_go(void **state)
{
	(void)state;
	struct diagnostics diagnostics = {0};
	char *text = replaced("quantity: active_power, address: 5", "quantity: x, adress: 5");
	char *tested = strstr(text, "simulated");
	char *baud = strstr(text, "19200");

	memcpy(tested, "somewhere", 9);
	memcpy(baud, "    1", 5);
	assert_null(read_text(text, &diagnostics));
	assert_true(diagnostics.errors >= 4); /* tested, baud, adress, no address */
	free(text);
	diagnostics_clear(&diagnostics);
}

static void a_group_read_together_must_fit_one_block(void **state)
{
	(void)state;
	struct diagnostics diagnostics = {0};
	char *text = replaced("scale: 0.1, modulus: 1000000000", "together: 4");
	struct meter_model *model = read_text(text, &diagnostics);

	assert_non_null(model); /* 100 to 132: 33 registers */
	model = meter_model_free(model);
	memcpy(strstr(text, "largest_block: 60"), "largest_block: 32", 17);
	assert_null(read_text(text, &diagnostics));
	assert_non_null(strstr(diagnostics.items[0].message,
		"\"together: 4\" spans registers 100 to 132, more than the largest block of 32"));
	free(text);
	diagnostics_clear(&diagnostics);
}

static void a_file_that_is_no_mapping_is_refused(void **state)
{
	(void)state;
	struct diagnostics diagnostics = {0};

	assert_null(read_text("- a list\n", &diagnostics));
	assert_non_null(strstr(diagnostics.items[0].message, "must be a mapping"));
	assert_null(read_text("maker: {\n", &diagnostics));
	assert_null(read_text("", &diagnostics));
	assert_int_equal(diagnostics.errors, 3);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_model_is_read_as_it_is_written),
		cmocka_unit_test(values_are_sorted_and_take_what_reading_says),
		cmocka_unit_test(every_mistake_is_refused_with_its_place_and_what_is_allowed),
		cmocka_unit_test(all_errors_come_in_one_go),
		cmocka_unit_test(a_group_read_together_must_fit_one_block),
		cmocka_unit_test(a_file_that_is_no_mapping_is_refused),
		cmocka_unit_test(the_readme_names_every_key),
		cmocka_unit_test(the_worked_example_of_the_readme_is_a_good_model),
		cmocka_unit_test(the_tables_choices_are_those_of_the_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
