/* SPDX-License-Identifier: Apache-2.0 */
/* models_json.c -- Meter models as JSON, for scripts. */
#include <jansson.h>

#include "gateway/verbs/models_report.h"

static json_t *value_json(const struct model_value *value)
{
	const struct quantity_info *info = quantity_info(value->quantity);
	json_t *addresses = json_array();

	for (size_t i = 0; i < value->addresses_count; i++) {
		json_array_append_new(addresses, json_integer(value->addresses[i]));
	}
	return json_pack("{s:s, s:s, s:s, s:i, s:i, s:o, s:s, s:i, s:I, s:I, s:o?, s:I, s:I, s:s}",
		"quantity", info->name, "unit", info->unit, "kind",
		info->kind == QUANTITY_COUNTER ? "counter" : "gauge", "channel", value->channel,
		"function", (int)value->space, "addresses", addresses, "encoding",
		register_encoding_name(value->format.encoding), "decimals", info->decimals,
		"step_numerator", (json_int_t)value->scale.numerator, "step_denominator",
		(json_int_t)value->scale.denominator, "scale_register",
		value->scale_register >= 0 ? json_integer(value->scale_register) : NULL,
		"resolution_steps", (json_int_t)value->resolution, "modulus_raw",
		(json_int_t)value->modulus_raw, "group", value->slow ? "slow" : "fast");
}

static json_t *texts_json(char *const *texts, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++) {
		json_array_append_new(array, json_string(texts[i]));
	}
	return array;
}

static json_t *model_json(const struct meter_model *model)
{
	json_t *values = json_array();

	for (size_t i = 0; i < model->values_count; i++) {
		json_array_append_new(values, value_json(&model->values[i]));
	}
	return json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:i, s:i, s:i, s:b, s:s?, s:o, s:o, s:o}",
		"name", model->name, "maker", model->maker, "title", model->title, "carrier",
		model->carrier, "tested", model->tested, "rtu", model->rtu, "tcp", model->tcp,
		"block_registers_max", model->block_registers_max, "pause_ms", (int)model->pause_ms,
		"update_period_ms", (int)model->update_period_ms, "has_serial_number",
		model->has_serial_number, "option", model->option.key, "values", values, "quirks",
		texts_json(model->quirks, model->quirks_count), "sources",
		texts_json(model->sources, model->sources_count));
}

bool models_print_json(const struct meter_model *const *models, size_t count, FILE *stream)
{
	json_t *array = json_array();
	bool good = array != NULL;

	for (size_t i = 0; i < count; i++) {
		good &= json_array_append_new(array, model_json(models[i])) == 0;
	}
	good = good && json_dumpf(array, stream, JSON_INDENT(2)) == 0 && fputc('\n', stream) != EOF;
	json_decref(array);
	return good;
}
