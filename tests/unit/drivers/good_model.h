/* SPDX-License-Identifier: Apache-2.0 */
/* good_model.h -- A model file without mistakes, and one with a piece of it replaced. */
#ifndef TESTS_UNIT_DRIVERS_GOOD_MODEL_H
#define TESTS_UNIT_DRIVERS_GOOD_MODEL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/yaml_reader.h"
#include "drivers/model_library.h"

/* Tests replace a piece of it. */
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

/* The model of a text; NULL when it is refused, with at least one error told. */
static inline struct meter_model *read_text(const char *text, struct diagnostics *diagnostics)
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

/* The text of good_model with a piece replaced; the caller frees it. */
static inline char *replaced(const char *piece, const char *instead)
{
	const char *at = strstr(good_model, piece);
	size_t room = sizeof(good_model) + strlen(instead);
	char *text = malloc(room);

	assert_non_null(at);
	assert_non_null(text);
	snprintf(text, room, "%.*s%s%s", (int)(at - good_model), good_model, instead,
		at + strlen(piece));
	return text;
}

#endif
