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

static int by_address(const void *left, const void *right)
{
	const struct device_unit *const *a = left;
	const struct device_unit *const *b = right;

	return (int)(*a)->span.first - (int)(*b)->span.first;
}

static struct plan_block block_around(struct device_unit *const *units, size_t count)
{
	uint16_t last = 0;

	for (size_t i = 0; i < count; i++) {
		last = units[i]->span.last > last ? units[i]->span.last : last;
	}
	return (struct plan_block){
		.space = units[0]->span.space,
		.address = units[0]->span.first,
		.count = (uint16_t)(last - units[0]->span.first + 1),
	};
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

struct device_unit *device_plan_split(
	const struct device_units *units, uint8_t groups, struct plan *plan, size_t block)
{
	struct plan_block *refused = &plan->blocks[block];
	struct device_unit *inside[FRAME_REGISTERS_MAX]; /* a block holds no more registers */
	const size_t behind = plan->count - block - 1;
	size_t count = 0;

	for (size_t i = 0; i < units->count && count < FRAME_REGISTERS_MAX; i++) {
		struct device_unit *unit = &units->items[i];

		if ((unit->groups & groups) && !unit->hole &&
			block_has_span(refused, &unit->span) && !is_elsewhere(plan, block, unit)) {
			inside[count++] = unit;
		}
	}
	qsort(inside, count, sizeof(inside[0]), by_address);
	if (count > 1) {
		memmove(refused + 1, refused, (behind + 1) * sizeof(*refused));
		plan->count++;
		refused[0] = block_around(inside, count / 2);
		refused[1] = block_around(inside + count / 2, count - count / 2);
		return NULL;
	}
	memmove(refused, refused + 1, behind * sizeof(*refused));
	plan->count--;
	return count == 1 ? inside[0] : NULL;
}
