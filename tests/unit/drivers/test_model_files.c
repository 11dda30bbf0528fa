/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_model_files.c -- What must hold for every shipped model, so that nobody
 * has to review it by eye. A new model is covered the moment its file is there.
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
#include "drivers/models_embedded.h"
#include "drivers/read_plan.h"
#include "tests/unit/drivers/shipped_models.h"

static void every_file_is_a_model_with_a_name_sources_and_a_carrier(void **state)
{
	(void)state;
	const struct meter_model *model;
	size_t count = 0;

	FOR_EACH_MODEL(model)
	{
		assert_string_equal(model->name, embedded_models[count++].name);
		assert_true(strspn(model->name, "abcdefghijklmnopqrstuvwxyz0123456789-") ==
			    strlen(model->name));
		assert_true(model->sources_count > 0);
		assert_true(model->rtu || model->tcp);
		assert_true(model->values_count > 0);
		assert_in_range(model->block_registers_max, 1, 125);
		assert_true(model->bridge_registers_max <= model->block_registers_max);
	}
	assert_null(embedded_models[count].name);
	assert_true(count >= 8);
}

static void every_model_has_a_counter_of_its_carrier_or_of_pulses(void **state)
{
	(void)state;
	const struct meter_model *model;

	FOR_EACH_MODEL(model)
	{
		bool heat = strcmp(model->carrier, carrier_name(CARRIER_DISTRICT_HEAT)) == 0;
		const struct model_value *counter = meter_model_value(
			model, heat ? QUANTITY_HEAT_ENERGY : QUANTITY_ACTIVE_ENERGY_IMPORT, 1);

		if (!counter) { /* a collector: what the pulses are, its own file does not know */
			counter = meter_model_value(model, QUANTITY_PULSES, 1);
		}
		assert_non_null(counter);
		assert_true(counter->slow);
	}
}

static bool same(struct register_range a, struct register_range b)
{
	return a.space == b.space && a.first == b.first && a.last == b.last;
}

static bool overlap(struct register_range a, struct register_range b)
{
	return a.space == b.space && a.first <= b.last && b.first <= a.last;
}

static struct register_range part(const struct model_value *value, size_t index)
{
	unsigned last = value->addresses[index] + value->format.registers - 1u;

	assert_true(last <= UINT16_MAX);
	return (struct register_range){value->space, value->addresses[index], (uint16_t)last};
}

static void registers_overlap_in_whole_values_or_not_at_all(void **state)
{
	(void)state;
	const struct meter_model *model;

	FOR_EACH_MODEL(model)
	{
		for (size_t i = 0; i < model->values_count; i++) {
			const struct model_value *a = &model->values[i];

			for (size_t j = 0; j < i; j++) {
				const struct model_value *b = &model->values[j];

				assert_false(
					a->quantity == b->quantity && a->channel == b->channel);
				for (size_t k = 0; k < a->addresses_count; k++) {
					for (size_t l = 0; l < b->addresses_count; l++) {
						assert_true(same(part(a, k), part(b, l)) ||
							    !overlap(part(a, k), part(b, l)));
					}
				}
			}
		}
	}
}

static void a_scale_register_is_no_value(void **state)
{
	(void)state;
	const struct meter_model *model;

	FOR_EACH_MODEL(model)
	{
		for (size_t i = 0; i < model->values_count; i++) {
			for (size_t j = 0; j < model->values_count; j++) {
				struct register_range place = part(&model->values[j], 0);

				assert_false(model->values[i].scale_register >= place.first &&
					     model->values[i].scale_register <= place.last);
			}
		}
	}
}

static void every_value_has_a_channel_a_scale_and_a_range_it_can_show(void **state)
{
	(void)state;
	const struct meter_model *model;

	FOR_EACH_MODEL(model)
	{
		for (size_t i = 0; i < model->values_count; i++) {
			const struct model_value *value = &model->values[i];
			struct scale scale;

			assert_true(value->quantity < QUANTITY_COUNT);
			assert_in_range(value->channel, 1, model->channels);
			assert_in_range(value->format.registers, 1, 4);
			assert_true(model_value_scale(model, value, model->option.fallback,
				(struct scale){4000, 5}, &scale));
			assert_true(scale.denominator > 0 && scale.numerator != 0);
		}
	}
}

static bool covered(const struct plan *plan, struct register_range span)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_block *block = &plan->blocks[i];

		if (block->space == span.space && block->address <= span.first &&
			block->address + block->count > span.last) {
			return true;
		}
	}
	return false;
}

static void a_plan_covers_every_value_and_touches_nothing_forbidden(void **state)
{
	(void)state;
	static const struct bus_line line = {
		.kind = BUS_RTU, .baud = 9600, .parity = 'N', .data_bits = 8, .stop_bits = 1};
	const struct meter_model *model;

	FOR_EACH_MODEL(model)
	{
		struct plan_span spans[500];
		struct plan_limits limits = read_plan_limits(model, &line, 20);
		struct plan plan = {0};
		size_t bad = 0;

		for (size_t i = 0; i < model->values_count; i++) {
			struct register_range span = model_value_span(&model->values[i]);

			spans[i] = (struct plan_span){span.space, span.first, span.last};
		}
		assert_int_equal(read_plan_make(&(struct plan_spans){spans, model->values_count},
					 &limits, &plan, &bad),
			PLAN_OK);
		for (size_t i = 0; i < model->values_count; i++) {
			assert_true(covered(&plan, model_value_span(&model->values[i])));
		}
		for (size_t i = 0; i < plan.count; i++) {
			struct register_range block = {plan.blocks[i].space, plan.blocks[i].address,
				(uint16_t)(plan.blocks[i].address + plan.blocks[i].count - 1)};

			assert_in_range(plan.blocks[i].count, 1, model->block_registers_max);
			for (size_t j = 0; j < model->forbidden_count; j++) {
				assert_false(overlap(block, model->forbidden[j]));
			}
		}
		free(plan.blocks);
	}
}

static void a_serial_number_register_is_readable(void **state)
{
	(void)state;
	const struct meter_model *model;

	FOR_EACH_MODEL(model)
	{
		struct register_range place = {model->serial_number_space,
			model->serial_number_address,
			(uint16_t)(model->serial_number_address +
				   model->serial_number_format.registers - 1)};

		if (!model->has_serial_number) {
			continue;
		}
		assert_in_range(
			model->serial_number_format.registers, 1, model->block_registers_max);
		assert_true(2 * model->serial_number_format.registers < SERIAL_NUMBER_MAX);
		for (size_t j = 0; j < model->forbidden_count; j++) {
			assert_false(overlap(place, model->forbidden[j]));
		}
	}
}

static void the_pac2200_adds_its_tariffs(void **state)
{
	(void)state;
	/* T1 = 1000 Wh, T2 = 500.25 Wh, as 64-bit floats */
	static const uint16_t words[] = {0x408f, 0x4000, 0, 0, 0x407f, 0x4400, 0, 0};
	struct diagnostics diagnostics = {0};
	const struct meter_model *model =
		model_library_find(library, "siemens-pac2200", &diagnostics);
	const struct model_value *value =
		meter_model_value(model, QUANTITY_ACTIVE_ENERGY_IMPORT, 1);
	int64_t energy = 0;

	assert_int_equal(model_value_decode(value, value->scale, words, 801, &energy), DECODE_OK);
	assert_int_equal(energy, 1500250);
}

static void the_multical_603_counts_in_the_unit_it_is_set_to(void **state)
{
	(void)state;
	static const uint16_t words[] = {0x4148, 0}; /* 12.5 */
	static const struct {
		const char *unit;
		int64_t energy;
	} cases[] = {
		{"MWh", 12500000000},
                {"kWh", 12500000   },
                {"GJ",  3472222222 }
        };
	struct diagnostics diagnostics = {0};
	const struct meter_model *model =
		model_library_find(library, "kamstrup-multical-603", &diagnostics);
	const struct model_value *value = meter_model_value(model, QUANTITY_HEAT_ENERGY, 1);

	assert_string_equal(model->option.choices[model->option.fallback].name, "MWh");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scale scale = {1, 1};
		uint8_t choice = 0;
		int64_t energy = 0;

		assert_true(model_option_find(&model->option, cases[i].unit, &choice));
		assert_true(model_value_scale(model, value, choice, scale, &scale));
		assert_int_equal(model_value_decode(value, scale, words, 0x14, &energy), DECODE_OK);
		assert_int_equal(energy, cases[i].energy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_file_is_a_model_with_a_name_sources_and_a_carrier),
		cmocka_unit_test(every_model_has_a_counter_of_its_carrier_or_of_pulses),
		cmocka_unit_test(registers_overlap_in_whole_values_or_not_at_all),
		cmocka_unit_test(a_scale_register_is_no_value),
		cmocka_unit_test(every_value_has_a_channel_a_scale_and_a_range_it_can_show),
		cmocka_unit_test(a_plan_covers_every_value_and_touches_nothing_forbidden),
		cmocka_unit_test(a_serial_number_register_is_readable),
		cmocka_unit_test(the_pac2200_adds_its_tariffs),
		cmocka_unit_test(the_multical_603_counts_in_the_unit_it_is_set_to),
	};

	return cmocka_run_group_tests(tests, open_library, close_library);
}
