/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_meter_model.c -- A meter model as a user may write it: refused with a
 * reason and a place, or read, and its registers planned and decoded.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "config/yaml_reader.h"
#include "drivers/model_library.h"
#include "drivers/read_plan.h"
#include "drivers/register_decode.h"
#include "tests/fuzz/libfyaml_leaks.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length);

enum { WORDS_MAX = 256 };

static struct plan_span span_of(const struct model_value *value, size_t part)
{
	int last = value->addresses[part] + value->format.registers - 1;
	assert(value->format.registers > 0 && last <= UINT16_MAX);
	return (struct plan_span){
		.space = value->space, .first = value->addresses[part], .last = (uint16_t)last};
}

/* Every value in one plan, on a slow line. */
static void plan(const struct meter_model *model)
{
	const struct bus_line line = {.kind = BUS_RTU, .baud = 9600, .parity = 'N', .stop_bits = 1};
	struct plan_limits limits = read_plan_limits(model, &line, 20);
	struct plan_span *spans =
		calloc(model->values_count * MODEL_VALUE_PARTS_MAX + 1, sizeof *spans);
	struct plan_spans all = {.items = spans};
	struct plan made = {0};
	size_t bad = 0;
	for (size_t i = 0; spans != NULL && i < model->values_count; i++)
		for (size_t part = 0; part < model->values[i].addresses_count; part++)
			spans[all.count++] = span_of(&model->values[i], part);
	enum plan_status status = read_plan_make(&all, &limits, &made, &bad);
	/* The reader refuses what could never be asked for. */
	assert(status == PLAN_OK);
	free(made.blocks);
	free(spans);
}

static void decode(const struct meter_model *model, const uint8_t *input, size_t length)
{
	uint16_t words[WORDS_MAX] = {0};
	memcpy(words, input, length < sizeof words ? length : sizeof words);
	for (size_t i = 0; i < model->values_count; i++) {
		const struct model_value *value = &model->values[i];
		int64_t decoded = 0;
		uint16_t again[WORDS_MAX] = {0};
		if (register_decode(words, value->format, value->scale, &decoded) == DECODE_OK)
			(void)register_encode(decoded, value->scale, value->format, again);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length)
{
	struct diagnostics diagnostics = {0};
	struct yaml_file *file = NULL;
	struct meter_model *model = NULL;
	if (yaml_read_text("model.yaml", (const char *)input, length, &diagnostics, &file) ==
			YAML_OK &&
		meter_model_read(file, "a-meter", &diagnostics, &model)) {
		plan(model);
		decode(model, input, length);
	} else {
		assert(diagnostics.errors > 0);
	}
	meter_model_free(model);
	yaml_close(file);
	diagnostics_clear(&diagnostics);
	return 0;
}
