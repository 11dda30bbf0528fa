/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_plan.c -- A device's points, gathered to units and planned.
 */
#include "drivers/device_plan.h"

#include <stdlib.h>
#include <string.h>

static uint8_t point_group(const struct device_point *point)
{
	return point->value->slow ? POLL_SLOW : POLL_FAST;
}

bool device_unit_has(const struct device_unit *unit, const struct device *device, size_t point)
{
	const struct model_value *value = device->points[point].value;

	return unit->point == point || (unit->together >= 0 && unit->together == value->together &&
					       unit->span.space == value->space);
}

static bool block_has_span(const struct plan_block *block, const struct plan_span *span)
{
	return span->space == block->space && span->first >= block->address &&
	       span->last < block->address + (uint32_t)block->count;
}

bool device_block_has(const struct plan_block *block, const struct device_point *point)
{
	struct register_range range = model_value_span(point->value);

	return block_has_span(block, &(struct plan_span){range.space, range.first, range.last});
}

static struct device_unit *unit_together(
	struct device_unit *units, size_t count, const struct model_value *value)
{
	for (size_t i = 0; value->together >= 0 && i < count; i++) {
		if (units[i].together == value->together && units[i].span.space == value->space) {
			return &units[i];
		}
	}
	return NULL;
}

size_t device_units(const struct device *device, struct device_unit *ret_units)
{
	size_t count = 0;

	for (size_t i = 0; i < device->points_count; i++) {
		const struct model_value *value = device->points[i].value;
		struct register_range range = model_value_span(value);
		struct device_unit *unit = unit_together(ret_units, count, value);

		if (!unit) {
			unit = &ret_units[count++];
			*unit = (struct device_unit){
				.span = {range.space, range.first, range.last},
				.point = i,
				.together = value->together,
			};
		}
		unit->span.first = range.first < unit->span.first ? range.first : unit->span.first;
		unit->span.last = range.last > unit->span.last ? range.last : unit->span.last;
		unit->groups |= point_group(&device->points[i]);
	}
	return count;
}

enum plan_status device_plan_make(const struct device *device, uint8_t groups,
	const struct plan_limits *limits, struct plan *ret_plan, size_t *ret_bad)
{
	struct device_unit *units = calloc(device->points_count + 1, sizeof(*units));
	struct plan_span *items = calloc(device->points_count + 1, sizeof(*items));
	size_t *points = calloc(device->points_count + 1, sizeof(*points));
	struct plan_spans spans = {.items = items};
	enum plan_status status = PLAN_NO_MEMORY;
	size_t bad = 0;

	if (!units || !items || !points) {
		goto done;
	}
	for (size_t i = 0, count = device_units(device, units); i < count; i++) {
		if (units[i].groups & groups) {
			points[spans.count] = units[i].point;
			items[spans.count++] = units[i].span;
		}
	}
	status = read_plan_make(&spans, limits, ret_plan, &bad);
	if (status == PLAN_SPAN_TOO_LONG || status == PLAN_SPAN_FORBIDDEN) {
		*ret_bad = points[bad];
	}

done:
	free(units);
	free(items);
	free(points);
	return status;
}

/* Does another block of the plan hold the unit too? Where units overlap. */
static bool is_elsewhere(const struct plan *plan, size_t block, const struct device_unit *unit)
{
	for (size_t i = 0; i < plan->count; i++) {
		if (i != block && block_has_span(&plan->blocks[i], &unit->span)) {
			return true;
		}
	}
	return false;
}

/* Is it this block alone that brings the unit? */
static bool is_at_stake(
	const struct plan *plan, size_t block, const struct device_unit *unit, uint8_t groups)
{
	return (unit->groups & groups) && !unit->hole &&
	       block_has_span(&plan->blocks[block], &unit->span) &&
	       !is_elsewhere(plan, block, unit);
}

/* Whether it is in another block too or not: the device has refused just these registers. */
static bool mark_holes(
	const struct device_units *units, uint8_t groups, const struct plan_block *refused)
{
	bool marked = false;

	for (size_t i = 0; i < units->count; i++) {
		struct device_unit *unit = &units->items[i];

		if ((unit->groups & groups) && block_has_span(refused, &unit->span) &&
			unit->span.last - unit->span.first + 1 == refused->count) {
			unit->hole = true;
			marked = true;
		}
	}
	return marked;
}

/* Make a block hold a unit; one of no registers is none yet. */
static void stretch(struct plan_block *block, const struct plan_span *span)
{
	int first = span->first;
	int last = span->last;

	if (block->count > 0) {
		const int block_last = block->address + block->count - 1;

		first = block->address < first ? block->address : first;
		last = block_last > last ? block_last : last;
	}
	*block = (struct plan_block){span->space, (uint16_t)first, (uint16_t)(last - first + 1)};
}

/*
 * Blocks for what only the refused one would have brought, in two by where the
 * units begin, so that the lower one is never inside the upper one: else both
 * would leave their units to each other. Returns how many there are.
 */
static size_t halve(const struct device_units *units, uint8_t groups, const struct plan *plan,
	size_t block, struct plan_block ret_halves[static 2])
{
	int first_min = UINT16_MAX;
	int first_max = 0;

	for (size_t i = 0; i < units->count; i++) {
		const struct device_unit *unit = &units->items[i];

		if (is_at_stake(plan, block, unit, groups)) {
			first_min = unit->span.first < first_min ? unit->span.first : first_min;
			first_max = unit->span.first > first_max ? unit->span.first : first_max;
		}
	}
	ret_halves[0] = ret_halves[1] = (struct plan_block){0};
	for (size_t i = 0; i < units->count; i++) {
		const struct device_unit *unit = &units->items[i];

		if (is_at_stake(plan, block, unit, groups)) {
			bool upper = unit->span.first > (first_min + first_max) / 2;
			stretch(&ret_halves[upper], &unit->span);
		}
	}
	return (size_t)(ret_halves[0].count > 0) + (ret_halves[1].count > 0);
}

bool device_plan_split(
	const struct device_units *units, uint8_t groups, struct plan *plan, size_t block)
{
	struct plan_block *refused = &plan->blocks[block];
	const size_t behind = plan->count - block - 1;
	bool marked = mark_holes(units, groups, refused);
	struct plan_block halves[2];
	const size_t count = halve(units, groups, plan, block, halves);

	memmove(refused + count, refused + 1, behind * sizeof(*refused));
	memcpy(refused, halves, count * sizeof(*refused));
	plan->count = plan->count - 1 + count;
	return marked;
}
