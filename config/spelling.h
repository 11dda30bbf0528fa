/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spelling.h -- "Did you mean ...?": the nearest of the words that are allowed.
 */
#ifndef CONFIG_SPELLING_H
#define CONFIG_SPELLING_H

#include <stddef.h>

/* Letters to insert, delete, replace, or exchange with their neighbour, to make one of the other;
 * words longer than SPELLING_LETTERS_MAX bytes are far from everything. */
size_t spelling_distance(const char *a, const char *b);

enum { SPELLING_LETTERS_MAX = 40 };

/* What is searched; begin with {.word = ...}. */
struct spelling {
	const char *word;
	const char *nearest; /* NULL: none is near enough to be meant */
	size_t distance;
};

void spelling_offer(struct spelling *spelling, const char *candidate);
void spelling_offer_all(struct spelling *spelling, const char *const *candidates);

#endif
