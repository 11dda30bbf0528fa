/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_model_reader_mistakes.c -- A model file is refused where it is wrong,
 * with the place and what is allowed.
 */
#include "tests/unit/drivers/good_model.h"

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
	{"maker: Acme", "maker: {a: b}", "\"maker\" takes one value, not a mapping"},
	{"phases: 3", "phases: [3]", "\"phases\" takes one value, not a list"},
	{"phases: 3", "phases: 0x", "\"phases: 0x\" is not a whole number"},
	{"phases: 3", "phases: 99999999999999999999", "\"phases: 99999999999999999999\" is not a whole number from 1 to 3"},
	{"carrier: electricity", "carrier: [electricity]", "\"carrier\" takes one value, not a list"},
	{"ct_in_meter: yes", "ct_in_meter: {}", "\"ct_in_meter\" takes one value, not a mapping"},
	{"[rtu, tcp]", "[[rtu], tcp]", "\"transport: \" is not one of rtu, tcp"},
	{"[rtu, tcp]", "[rtu, tcp, rtu]", "\"transport\" takes a list of 1 to 2 entries, this has 3"},
	{"port: 1502", "ports: 1502", "unknown key \"ports\" in tcp; allowed are port, unit"},
	{"readable: [0-299", "readable: [[0-299]", "\"readable: \" is not a range"},
	{"readable: [0-299", "readable: [all", "\"readable: all\" is not a range"},
	{"readable: [0-299", "readable: [-5", "\"readable: -5\" is not a range"},
	{"readable: [0-299", "readable: [0-x", "\"readable: 0-x\" is not a range"},
	{"readable: [0-299", "readable: [000000000000-299", "\"readable: 000000000000-299\" is not a range"},
	{"readable: [0-299", "readable: [6-299", "active_power, registers 5 to 6, lies in none of the readable ranges"},
	{"[250-260]", "[output 250]", "\"forbidden: output 250\" is not a range of registers as 0x1000-0x10FF or \"holding 7\""},
	{"{u32: [0xFFFFFFFF", "{string: [0xFFFFFFFF", "\"string\" is not the encoding of a number"},
	{"[0xFFFFFFFF, 0x7FFFxxxx]", "0xFFFFFFFF", "sentinels are a list of up to 3 patterns"},
	{"[0xFFFFFFFF, 0x7FFFxxxx]", "[0x1, 0x2, 0x3, 0x4]", "sentinels are a list of up to 3 patterns"},
	{"[0xFFFFFFFF, ", "[[0xFFFFFFFF], ", "sentinel \"\" is not 0x"},
	{"[0xFFFFFFFF, ", "[0b11, ", "sentinel \"0b11\" is not 0x"},
	{"[0xFFFFFFFF, ", "[0x, ", "sentinel \"0x\" is not 0x and up to 8 hexadecimal digits"},
	{"[0xFFFFFFFF, ", "[0xFFGF, ", "sentinel \"0xFFGF\" is not 0x"},
	{"sentinels: []", "sentinels: [none]", "sentinel \"none\" is not 0x and up to 8 hexadecimal digits"},
	{"GJ: 2500/9", "GJ: [2500, 9]", "\"GJ\" takes one value, not a list"},
	{"GJ: 2500/9", "GJ: 2500/nine", "\"GJ: 2500/nine\" is not a number"},
	{"GJ: 2500/9", "GJ: 2500/-9", "\"GJ: 2500/-9\" is not a number"},
	{"GJ: 2500/9", "GJ: /9", "\"GJ: /9\" is not a number"},
	{"GJ: 2500/9", "GJ: .5", "\"GJ: .5\" is not a number"},
	{"GJ: 2500/9", "GJ: 2.5.0", "\"GJ: 2.5.0\" is not a number"},
	{"GJ: 2500/9", "GJ: 0.1234567890123456789", "\"GJ: 0.1234567890123456789\" is not a number"},
	{"GJ: 2500/9", "GJ: 0000000000000000000000000000000000000001/9", "1/9\" is not a number"},
	{"channels: 2\n", "channels: 2\nsunspec: {markers: [40000]}\n", "sunspec lacks \"models\""},
	{"channels: 2\n", "channels: 2\nsunspec: {markers: [70000], models: [103]}\n", "\"markers: 70000\" is not a whole number from 0 to 65535"},
	{"channels: 2\n", "channels: 2\nsunspec: {markers: [40000], models: [inverter]}\n", "\"models: inverter\" is not a whole number"},
	{"encoding: string, registers: 8", "encoding: bcd, registers: 5", "\"registers: 5\" does not go with bcd, which covers 1 to 4"},
	{"values:\n", "readings:\n", "unknown key \"readings\" in a model"},
	{"address: 5,", "address: [1, 2, 3, 4, 5],", "\"address\" takes one address or a list of up to 4"},
	{"address: 5, encoding: i32", "address: 100, encoding: i16", "the registers of active_power overlap those of active_energy_import in line 17"},
	{"encoding: i32, word_order", "space: discrete, encoding: i16, word_order", "discrete holds single bits: its encoding is u16"},
	{"encoding: u64, byte_order", "encoding: u64, together: 4, byte_order", "\"together: 4\" joins different spaces or groups"},
	{"resolution: 0.5", "resolution: 99999999999999999", "\"resolution: 99999999999999999\" is not a positive number of 6 decimals"},
	{"resolution: 0.5", "resolution: -0.5", "\"resolution: -0.5\" is not a positive number of 6 decimals"},
	{"option: yes, sentinels: []", "option: yes, modulus: 100", "\"modulus\" is for counters of whole numbers; this is f32 heat_energy"},
	{"quantity: volume, address: 130, encoding: bcd, registers: 3, together: 4", "quantity: heat_energy, address: 120, encoding: f32", "heat_energy of channel 1 stands here and in line"},
	{"encoding: u16, matches: [7, 330-345]", "encoding: string, matches: [7, 330-345]", "\"string\" needs \"registers\""},
	{"matches: [7, 330-345], ", "", "a rule of method register needs \"address\" and \"matches\""},
	{"matches: [7, 330-345]", "matches: [7, [330]]", "an entry of \"matches\" is a number, a range or a text"},
	{"matches: [7, 330-345]", "matches: [7, '']", "an entry of \"matches\" is a number, a range or a text"},
	{"quirks: [one, two]", "quirks: [one, '']", "an entry of \"quirks\" is a text, not empty"},
	{"sources: [a manual]", "sources: [[a manual]]", "an entry of \"sources\" is a text, not empty"},
};
/* clang-format on */

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

static void a_text_longer_than_a_key_takes_is_refused(void **state)
{
	char instead[200] = "maker: ";
	struct diagnostics diagnostics = {0};
	(void)state;

	memset(instead + strlen(instead), 'x', 101);
	char *text = replaced("maker: Acme", instead);
	assert_null(read_text(text, &diagnostics));
	assert_non_null(strstr(diagnostics.items[0].message, "1 to 100 bytes, this has 101"));
	free(text);
	diagnostics_clear(&diagnostics);
}

static void a_models_name_fits_its_place(void **state)
{
	char name[MODEL_NAME_MAX + 1] = "";
	struct diagnostics diagnostics = {0};
	struct yaml_file *file = NULL;
	struct meter_model *model = NULL;
	(void)state;

	memset(name, 'n', MODEL_NAME_MAX);
	assert_int_equal(
		yaml_read_text("m.yaml", good_model, strlen(good_model), &diagnostics, &file),
		YAML_OK);
	assert_false(meter_model_read(file, name, &diagnostics, &model));
	assert_null(model);
	assert_non_null(strstr(diagnostics.items[0].message, "longer than 63 characters"));
	name[MODEL_NAME_MAX - 1] = '\0';
	assert_true(meter_model_read(file, name, &diagnostics, &model));
	assert_string_equal(model->name, name);
	model = meter_model_free(model);
	file = yaml_close(file);
	diagnostics_clear(&diagnostics);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_mistake_is_refused_with_its_place_and_what_is_allowed),
		cmocka_unit_test(all_errors_come_in_one_go),
		cmocka_unit_test(a_group_read_together_must_fit_one_block),
		cmocka_unit_test(a_file_that_is_no_mapping_is_refused),
		cmocka_unit_test(a_text_longer_than_a_key_takes_is_refused),
		cmocka_unit_test(a_models_name_fits_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
