/* SPDX-License-Identifier: Apache-2.0 */
/*
 * meter_model.c -- What a model's values mean: how registers become a number,
 * and back for simulated meters.
 */
#include "drivers/meter_model.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
	EXPONENT_MAX = 10,        /* of a scale register; SunSpec allows -10 to 10 */
	EXPONENT_NONE = INT16_MIN /* SunSpec: not implemented */
};

const struct model_value *meter_model_value(
	const struct meter_model *model, enum quantity quantity, uint8_t channel)
{
	for (size_t i = 0; i < model->values_count; i++) {
		const struct model_value *value = &model->values[i];

		if (value->quantity == quantity && value->channel == channel) {
			return value;
		}
	}
	return NULL;
}

static void widen(struct register_range *range, uint16_t first, uint16_t registers)
{
	uint16_t last = (uint16_t)(first + registers - 1);

	range->first = first < range->first ? first : range->first;
	range->last = last > range->last ? last : range->last;
}

struct register_range model_value_span(const struct model_value *value)
{
	struct register_range span = {value->space, UINT16_MAX, 0};

	for (size_t i = 0; i < value->addresses_count; i++) {
		widen(&span, value->addresses[i], value->format.registers);
	}
	if (value->scale_register >= 0) {
		widen(&span, (uint16_t)value->scale_register, 1);
	}
	return span;
}

bool model_value_scale(const struct meter_model *model, const struct model_value *value,
	uint8_t choice, struct scale ct, struct scale *ret_scale)
{
	struct scale scale = value->scale;

	if (value->scaled_by_option) {
		assert(choice < model->option.choices_count);
		if (!scale_multiply(scale, model->option.choices[choice].scale, &scale)) {
			return false;
		}
	}
	if (quantity_info(value->quantity)->scaled_by_ct && !scale_multiply(scale, ct, &scale)) {
		return false;
	}
	*ret_scale = scale;
	return true;
}

bool model_option_find(const struct model_option *option, const char *name, uint8_t *ret_choice)
{
	for (uint8_t i = 0; i < option->choices_count; i++) {
		if (strcmp(option->choices[i].name, name) == 0) {
			*ret_choice = i;
			return true;
		}
	}
	return false;
}

static bool is_sentinel(const struct model_value *value, uint64_t bits)
{
	for (size_t i = 0; i < value->sentinels_count; i++) {
		if (((bits ^ value->sentinels[i]) & value->sentinel_masks[i]) == 0) {
			return true;
		}
	}
	return value->zero_is_unavailable && bits == 0;
}

/* The power of ten that stands in the scale register, multiplied in. */
static enum decode_status scale_in_force(const struct model_value *value, struct scale scale,
	const uint16_t *words, uint16_t first, struct scale *ret_scale)
{
	if (value->scale_register < 0) {
		*ret_scale = scale;
		return DECODE_OK;
	}

	static const struct register_format format = {.encoding = ENCODING_I16, .registers = 1};
	const uint16_t *word = &words[value->scale_register - first];
	int64_t exponent = 0;

	if (register_decode(word, format, (struct scale){1, 1}, &exponent) != DECODE_OK ||
		exponent == EXPONENT_NONE) {
		return DECODE_UNAVAILABLE;
	}
	if (exponent < -EXPONENT_MAX || exponent > EXPONENT_MAX) {
		return DECODE_OUT_OF_RANGE;
	}
	return scale_shift(scale, (int)exponent, ret_scale) ? DECODE_OK : DECODE_OUT_OF_RANGE;
}

enum decode_status model_value_decode(const struct model_value *value, struct scale scale,
	const uint16_t *words, uint16_t first, int64_t *ret_value)
{
	const struct quantity_info *info = quantity_info(value->quantity);
	enum decode_status status = scale_in_force(value, scale, words, first, &scale);
	int64_t sum = 0;

	for (size_t i = 0; i < value->addresses_count && status == DECODE_OK; i++) {
		const uint16_t *part_words = &words[value->addresses[i] - first];
		int64_t part = 0;

		if (is_sentinel(value, register_bits(part_words, value->format))) {
			return DECODE_UNAVAILABLE;
		}
		status = register_decode(part_words, value->format, scale, &part);
		if (status == DECODE_OK && __builtin_add_overflow(sum, part, &sum)) {
			status = DECODE_OUT_OF_RANGE;
		}
	}
	if (status != DECODE_OK) {
		return status;
	}
	if (value->absolute && sum < 0) {
		sum = sum == INT64_MIN ? INT64_MAX : -sum;
	}
	if (sum < info->plausible_min || sum > info->plausible_max) {
		return DECODE_OUT_OF_RANGE;
	}
	*ret_value = sum;
	return DECODE_OK;
}

static void texts_free(char **texts, size_t count)
{
	for (size_t i = 0; texts && i < count; i++) {
		free(texts[i]);
	}
	free(texts);
}

struct meter_model *meter_model_free(struct meter_model *model)
{
	if (!model) {
		return NULL;
	}
	for (size_t i = 0; i < model->identifications_count; i++) {
		struct model_identification *rule = &model->identifications[i];

		for (size_t j = 0; j < rule->matches_count; j++) {
			free(rule->matches[j]);
		}
		free(rule->meaning);
	}
	for (size_t i = 0; i < model->option.choices_count; i++) {
		free(model->option.choices[i].name);
	}
	texts_free(model->quirks, model->quirks_count);
	texts_free(model->sources, model->sources_count);
	free(model->identifications);
	free(model->option.key);
	free(model->values);
	free(model->readable);
	free(model->forbidden);
	free(model->maker);
	free(model->title);
	free(model->carrier);
	free(model->tested);
	free(model);
	return NULL;
}
