/* SPDX-License-Identifier: Apache-2.0 */
/* agenda.c -- agenda.h: a binary heap. */
#include "tests/simulation/agenda.h"

#include <stdlib.h>

static bool is_before(const struct agenda_entry *a, const struct agenda_entry *b)
{
	return a->at_us != b->at_us ? a->at_us < b->at_us : a->number < b->number;
}

void agenda_enter(struct agenda *agenda, int64_t at_us, agenda_act *act, int64_t what)
{
	if (agenda->count == agenda->room) {
		agenda->room = agenda->room == 0 ? 64 : 2 * agenda->room;
		agenda->entries = realloc(agenda->entries, agenda->room * sizeof *agenda->entries);
		if (agenda->entries == NULL)
			abort();
	}
	struct agenda_entry entry = {at_us, agenda->entered++, act, what};
	size_t at = agenda->count++;
	while (at > 0 && is_before(&entry, &agenda->entries[(at - 1) / 2])) {
		agenda->entries[at] = agenda->entries[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	agenda->entries[at] = entry;
}

int64_t agenda_next_us(const struct agenda *agenda)
{
	return agenda->count > 0 ? agenda->entries[0].at_us : INT64_MAX;
}

struct agenda_entry agenda_take(struct agenda *agenda)
{
	struct agenda_entry first = agenda->entries[0];
	struct agenda_entry last = agenda->entries[--agenda->count];
	size_t at = 0;
	for (size_t child = 1; child < agenda->count; child = 2 * at + 1) {
		if (child + 1 < agenda->count &&
			is_before(&agenda->entries[child + 1], &agenda->entries[child]))
			child++;
		if (!is_before(&agenda->entries[child], &last))
			break;
		agenda->entries[at] = agenda->entries[child];
		at = child;
	}
	agenda->entries[at] = last;
	return first;
}

void agenda_clear(struct agenda *agenda)
{
	free(agenda->entries);
	*agenda = (struct agenda){0};
}
