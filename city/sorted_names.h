/* SPDX-License-Identifier: Apache-2.0 */
/* sorted_names.h -- Where a name is, or would be, in a list in the order of its names. */
#ifndef CITY_SORTED_NAMES_H
#define CITY_SORTED_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* A list of anything that has a name. */
struct sorted_names {
	const void *items;
	size_t count;
	const char *(*name_at)(const void *items, size_t at);
};

/* 0 to count; *ret_found: the item there has that name. */
size_t sorted_names_place(const struct sorted_names *names, const char *name, bool *ret_found);

#endif
