/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bus_load.h -- How much of its time a line is taken. Pure.
 */
#ifndef DRIVERS_BUS_LOAD_H
#define DRIVERS_BUS_LOAD_H

#include <stdbool.h>
#include <stdint.h>

enum { BUS_LOAD_UNKNOWN = -1 };

struct bus_load {
	int64_t window_us;
	int64_t begun_mono_us; /* the window that runs */
	int64_t since_mono_us; /* what is said of it holds since then */
	int64_t taken_us;      /* in the window that runs, up to since_mono_us */
	int32_t permille;      /* of the last whole window, or BUS_LOAD_UNKNOWN */
	bool is_taken;
};

void bus_load_init(struct bus_load *load, int64_t window_us, int64_t now_mono_us);

/* From now on it is taken, or free. Instants never go back. */
void bus_load_note(struct bus_load *load, bool is_taken, int64_t now_mono_us);

/* Of the last whole window; BUS_LOAD_UNKNOWN before there is one. 0 to 1000. */
int32_t bus_load_permille(const struct bus_load *load);

#endif
