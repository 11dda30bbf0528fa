/* SPDX-License-Identifier: Apache-2.0 */
/* bus_load.c -- bus_load.h. */
#include "drivers/bus_load.h"

enum { WHOLE_PERMILLE = 1000 };

void bus_load_init(struct bus_load *load, int64_t window_us, int64_t now_mono_us)
{
	*load = (struct bus_load){.window_us = window_us,
		.begun_mono_us = now_mono_us,
		.since_mono_us = now_mono_us,
		.permille = BUS_LOAD_UNKNOWN};
}

/* Up to an instant of the window that runs, or its end. */
static void add(struct bus_load *load, int64_t until_mono_us)
{
	if (load->is_taken) {
		load->taken_us += until_mono_us - load->since_mono_us;
	}
	load->since_mono_us = until_mono_us;
}

void bus_load_note(struct bus_load *load, bool is_taken, int64_t now_mono_us)
{
	int64_t end_mono_us = load->begun_mono_us + load->window_us;

	if (now_mono_us >= end_mono_us) {
		add(load, end_mono_us);
		load->permille = (int32_t)(load->taken_us * WHOLE_PERMILLE / load->window_us);
		load->taken_us = 0;
		int64_t whole = (now_mono_us - end_mono_us) / load->window_us;
		if (whole > 0) {
			load->permille = load->is_taken ? WHOLE_PERMILLE : 0;
		}
		load->begun_mono_us = end_mono_us + whole * load->window_us;
		load->since_mono_us = load->begun_mono_us;
	}
	add(load, now_mono_us);
	load->is_taken = is_taken;
}

int32_t bus_load_permille(const struct bus_load *load)
{
	return load->permille;
}
