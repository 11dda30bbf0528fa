/* SPDX-License-Identifier: Apache-2.0 */
/* sorted_names.c -- sorted_names.h. */
#include "city/sorted_names.h"

#include <string.h>

size_t sorted_names_place(const struct sorted_names *names, const char *name, bool *ret_found)
{
	size_t low = 0, high = names->count;
	*ret_found = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(names->name_at(names->items, middle), name);
		*ret_found = *ret_found || order == 0;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
