/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_plan.h -- The units of a device's points (what must come in one
 * block), and the plan that reads them. What device_reader.c and the forecast
 * share.
 */
#ifndef DRIVERS_DEVICE_PLAN_H
#define DRIVERS_DEVICE_PLAN_H

#include "drivers/device_reader.h"

/* Registers that must be read in one block: a value with its scale register, or a group of values.
 */
struct device_unit {
	struct plan_span span;
	uint8_t groups;  /* POLL_* of its points */
	size_t point;    /* index of its first point */
	int8_t together; /* the model's group; -1: one value */
	bool hole;       /* the device refuses it */
};

struct device_units {
	struct device_unit *items;
	size_t count;
};

/*
 * The units of a device's points, in the points' order. *ret_units (room for
 * points_count) is the caller's; returns how many there are.
 */
size_t device_units(const struct device *device, struct device_unit *ret_units);

/* Whether the device's point with this index is one of the unit's. */
bool device_unit_has(const struct device_unit *unit, const struct device *device, size_t point);

/* Whether a point's registers lie in a block. */
bool device_block_has(const struct plan_block *block, const struct device_point *point);

/*
 * The device refused this block of the plan for these groups. Units of just its
 * registers are holes from now on; true when there are such. The others are
 * asked for in two smaller blocks, without the registers between them, or in
 * one where they begin at the same register. The plan has room for as many
 * blocks as there are units.
 */
bool device_plan_split(
	const struct device_units *units, uint8_t groups, struct plan *plan, size_t block);

#endif
