/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spelling.c -- spelling.h as the restricted Damerau-Levenshtein distance
 * ("optimal string alignment"), three rows at a time.
 */
#include "config/spelling.h"

#include <string.h>

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t spelling_distance(const char *a, const char *b)
{
	size_t rows[3][SPELLING_LETTERS_MAX + 1];
	size_t a_length = strlen(a);
	size_t b_length = strlen(b);

	if (a_length > SPELLING_LETTERS_MAX || b_length > SPELLING_LETTERS_MAX) {
		return (size_t)-1;
	}
	for (size_t j = 0; j <= b_length; j++) {
		rows[0][j] = j;
	}
	for (size_t i = 1; i <= a_length; i++) {
		size_t *row = rows[i % 3];
		const size_t *above = rows[(i + 2) % 3];
		const size_t *two_above = rows[(i + 1) % 3];
		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			size_t replaced = above[j - 1] + (a[i - 1] != b[j - 1]);
			row[j] = least(replaced, least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
				row[j] = least(row[j], two_above[j - 2] + 1);
			}
		}
	}
	return rows[a_length % 3][b_length];
}

void spelling_offer(struct spelling *spelling, const char *candidate)
{
	size_t distance = spelling_distance(spelling->word, candidate);
	size_t allowed = strlen(candidate) < 6 ? 1 : 2;

	if (distance <= allowed && (!spelling->nearest || distance < spelling->distance)) {
		spelling->nearest = candidate;
		spelling->distance = distance;
	}
}

void spelling_offer_all(struct spelling *spelling, const char *const *candidates)
{
	for (; *candidates; candidates++) {
		spelling_offer(spelling, *candidates);
	}
}
