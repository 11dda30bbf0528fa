/* SPDX-License-Identifier: Apache-2.0 */
/* id_ranges.c -- id_ranges.h. */
#include "gateway/core/id_ranges.h"

#include <string.h>

#include "gateway/core/int64_order.h"

/* Put `range` in the place of `count` ranges from `first` on. */
static void replace(struct id_ranges *ranges, uint8_t first, uint8_t count, struct id_range range)
{
	uint8_t behind = (uint8_t)(ranges->count - first - count);

	memmove(&ranges->items[first + 1], &ranges->items[first + count],
		behind * sizeof(ranges->items[0]));
	ranges->items[first] = range;
	ranges->count = (uint8_t)(ranges->count - count + 1);
}

/* Make one of the two with the least between them. */
static void join_nearest(struct id_ranges *ranges)
{
	uint8_t nearest = 0;
	int64_t least = INT64_MAX;

	for (uint8_t i = 0; i + 1 < ranges->count; i++) {
		int64_t between = ranges->items[i + 1].after - ranges->items[i].through;
		if (between < least) {
			least = between;
			nearest = i;
		}
	}
	replace(ranges, nearest, 2,
		(struct id_range){
			ranges->items[nearest].after, ranges->items[nearest + 1].through});
}

void id_ranges_add(struct id_ranges *ranges, struct id_range range)
{
	uint8_t first = 0;
	uint8_t touched = 0;

	if (range.through <= range.after) {
		return;
	}
	while (first < ranges->count && ranges->items[first].through < range.after) {
		first++;
	}
	while (first + touched < ranges->count &&
		ranges->items[first + touched].after <= range.through) {
		const struct id_range *known = &ranges->items[first + touched++];
		range.after = int64_lower(range.after, known->after);
		range.through = int64_higher(range.through, known->through);
	}
	replace(ranges, first, touched, range);
	if (ranges->count > ID_RANGES_MAX) {
		join_nearest(ranges);
	}
}

void id_ranges_cut(struct id_ranges *ranges, int64_t through)
{
	uint8_t gone = 0;

	while (gone < ranges->count && ranges->items[gone].through <= through) {
		gone++;
	}
	ranges->count = (uint8_t)(ranges->count - gone);
	memmove(ranges->items, ranges->items + gone, ranges->count * sizeof(ranges->items[0]));
	if (ranges->count > 0) {
		ranges->items[0].after = int64_higher(ranges->items[0].after, through);
	}
}
