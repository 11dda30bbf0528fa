/* SPDX-License-Identifier: Apache-2.0 */
/* archive_spans.c -- Ranges in order; what touches becomes one. */
#include "city/archive_spans.h"

#include <string.h>

void archive_spans_init(struct archive_spans *spans, int64_t through)
{
	spans->items[0] = (struct receipt_range){0, through};
	spans->count = 1;
}

/* The first span that ends at `id` or later; count when none does. */
static size_t find(const struct archive_spans *spans, int64_t id)
{
	size_t low = 0, high = spans->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (spans->items[middle].through < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool archive_spans_have(const struct archive_spans *spans, int64_t id)
{
	size_t at = find(spans, id);
	return at < spans->count && spans->items[at].after < id;
}

bool archive_spans_add(struct archive_spans *spans, int64_t after, int64_t through)
{
	if (through <= after)
		return true;
	size_t first = find(spans, after), last = first; /* those it touches: [first, last) */
	while (last < spans->count && spans->items[last].after <= through) {
		const struct receipt_range *item = &spans->items[last++];
		after = item->after < after ? item->after : after;
		through = item->through > through ? item->through : through;
	}
	if (first == last && spans->count == ARCHIVE_SPANS_MAX)
		return false;
	memmove(&spans->items[first + 1], &spans->items[last],
		(spans->count - last) * sizeof(spans->items[0]));
	spans->items[first] = (struct receipt_range){after, through};
	spans->count = spans->count - (last - first) + 1;
	return true;
}

size_t archive_spans_holes(const struct archive_spans *spans, int64_t newest,
	struct receipt_range ret_holes[static RECEIPT_RANGES_MAX])
{
	size_t count = 0;
	for (size_t i = 0; i < spans->count && count < RECEIPT_RANGES_MAX; i++) {
		int64_t after = spans->items[i].through;
		int64_t through = i + 1 < spans->count ? spans->items[i + 1].after : newest;
		if (after < through)
			ret_holes[count++] = (struct receipt_range){after, through};
	}
	return count;
}
