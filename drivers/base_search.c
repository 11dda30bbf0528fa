/* SPDX-License-Identifier: Apache-2.0 */
/* base_search.c -- Marker after marker, model after model; see base_search.h. */
#include "drivers/base_search.h"

#include <string.h>

enum { SUNSPEC_COMMON_MODEL = 1, SUNSPEC_END_MODEL = 0xffff };

static const uint16_t sunspec_marker[BASE_SEARCH_REGISTERS] = {0x5375, 0x6e53}; /* "SunS" */

void base_search_begin(struct base_search *search, const struct model_base *where)
{
	*search = (struct base_search){.where = where, .found = !where->relative};
}

uint16_t base_search_address(const struct base_search *search)
{
	return search->walking ? search->chain_address : search->where->markers[search->marker];
}

static enum reader_result next_marker(struct base_search *search)
{
	search->walking = false;
	if (++search->marker < search->where->markers_count) {
		return READER_GOES_ON;
	}
	search->marker = 0;
	return READER_NO_MODEL;
}

static enum reader_result take_marker(struct base_search *search, const uint16_t *words)
{
	if (memcmp(words, sunspec_marker, sizeof(sunspec_marker)) != 0) {
		return next_marker(search);
	}
	search->walking = true;
	search->chain_models = 0;
	search->chain_address =
		(uint16_t)(search->where->markers[search->marker] + BASE_SEARCH_REGISTERS);
	return READER_GOES_ON;
}

static bool model_fits(const struct model_base *where, uint16_t model)
{
	for (size_t i = 0; i < where->models_count; i++) {
		if (where->models[i] == model) {
			return true;
		}
	}
	return false;
}

static enum reader_result take_chain(struct base_search *search, const uint16_t *words)
{
	const uint16_t model = words[0];
	const uint32_t next = (uint32_t)search->chain_address + BASE_SEARCH_REGISTERS + words[1];

	if (model == SUNSPEC_COMMON_MODEL) {
		search->common = search->chain_address;
	}
	if (model_fits(search->where, model)) {
		search->base = search->chain_address;
		search->found = true;
		return READER_GOES_ON;
	}
	if (model == SUNSPEC_END_MODEL || next >= UINT16_MAX ||
		++search->chain_models == SUNSPEC_MODELS_MAX) {
		return next_marker(search);
	}
	search->chain_address = (uint16_t)next;
	return READER_GOES_ON;
}

enum reader_result base_search_take(struct base_search *search, const uint16_t *words)
{
	if (!words) {
		return next_marker(search);
	}
	return search->walking ? take_chain(search, words) : take_marker(search, words);
}

void base_search_silence(struct base_search *search)
{
	if (!search->walking) {
		search->marker = (uint8_t)((search->marker + 1) % search->where->markers_count);
	}
}
