/* SPDX-License-Identifier: Apache-2.0 */
/* hold_off.c -- A ring of the youngest. */
#include "drivers/hold_off.h"

void hold_offs_add(
	struct hold_offs *hold_offs, const struct bus_request *request, int64_t until_mono_us)
{
	hold_offs->items[hold_offs->next].request = *request;
	hold_offs->items[hold_offs->next].until_mono_us = until_mono_us;
	hold_offs->next = (hold_offs->next + 1) % HOLD_OFFS_MAX;
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
