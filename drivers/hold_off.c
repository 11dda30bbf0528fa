/* SPDX-License-Identifier: Apache-2.0 */
/* hold_off.c -- Those that last longest. */
#include "drivers/hold_off.h"

void hold_offs_add(
	struct hold_offs *hold_offs, const struct bus_request *request, int64_t until_mono_us)
{
	size_t first = 0;

	for (size_t i = 1; i < HOLD_OFFS_MAX; i++) {
		if (hold_offs->items[i].until_mono_us < hold_offs->items[first].until_mono_us) {
			first = i;
		}
	}
	hold_offs->items[first].request = *request;
	hold_offs->items[first].until_mono_us = until_mono_us;
}

int64_t hold_offs_until(const struct hold_offs *hold_offs, const struct bus_request *request)
{
	int64_t until_mono_us = 0;

	for (size_t i = 0; i < HOLD_OFFS_MAX; i++) {
		const struct bus_request *held = &hold_offs->items[i].request;

		if (held->device == request->device && held->function == request->function &&
			held->count == request->count &&
			hold_offs->items[i].until_mono_us > until_mono_us) {
			until_mono_us = hold_offs->items[i].until_mono_us;
		}
	}
	return until_mono_us;
}
