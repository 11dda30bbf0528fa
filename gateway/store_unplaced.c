/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_unplaced.c -- The store's readings of boots whose time never became
 * known: sets of a boot each, in memory and in the file, bounded.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/store_parts.h"

enum { UNPLACED_BYTES = 80 }; /* in the file, at most */

static struct unplaced_boot *find_boot(const struct store *store, const char *boot)
{
	size_t i = 0;

	while (i < store->states.boots_count && strcmp(store->states.boots[i].boot, boot) != 0) {
		i++;
	}
	return i < store->states.boots_count ? &store->states.boots[i] : NULL;
}

/* NULL when memory runs out. */
static struct unplaced_boot *add_boot(struct store *store, const char *boot)
{
	struct store_states *states = &store->states;
	struct unplaced_boot *grown =
		realloc(states->boots, (states->boots_count + 1) * sizeof(*grown));

	if (!grown) {
		return NULL;
	}
	states->boots = grown;
	struct unplaced_boot *added = &grown[states->boots_count++];
	*added = (struct unplaced_boot){0};
	snprintf(added->boot, sizeof(added->boot), "%s", boot);
	return added;
}

static bool is_same(
	const struct unplaced_boot *boot, const struct unplaced_reading *items, size_t count)
{
	bool same = boot->count == count;

	for (size_t i = 0; same && i < count; i++) {
		same = boot->items[i].series == items[i].series &&
		       boot->items[i].at_mono_ms == items[i].at_mono_ms &&
		       boot->items[i].value == items[i].value;
	}
	return same;
}

/* Oldest boots first, but never the newest. */
static void keep_bound(struct store *store)
{
	struct store_states *states = &store->states;
	size_t rows = 0;

	for (size_t i = 0; i < states->boots_count; i++) {
		rows += states->boots[i].count;
	}
	for (size_t i = 0; i + 1 < states->boots_count && rows > STORE_UNPLACED_MAX; i++) {
		rows -= states->boots[i].count;
		states->boots[i].changed = states->boots[i].changed || states->boots[i].count > 0;
		states->boots[i].count = 0;
	}
}

void store_set_unplaced(
	struct store *store, const char *boot, const struct unplaced_reading *items, size_t count)
{
	struct unplaced_boot *found = find_boot(store, boot);

	assert(!store->is_looking);
	count = count < STORE_UNPLACED_MAX ? count : STORE_UNPLACED_MAX;
	if (found ? is_same(found, items, count) : count == 0) {
		return;
	}
	struct unplaced_reading *copy = calloc(count + 1, sizeof(*copy));
	found = found ? found : add_boot(store, boot);
	if (!copy || !found) {
		free(copy); /* out of memory: what was stored before stays */
		return;
	}
	for (size_t i = 0; i < count; i++) {
		copy[i] = items[i];
		memcpy(copy[i].boot, found->boot, sizeof(copy[i].boot));
	}
	free(found->items);
	found->items = copy;
	found->count = count;
	found->changed = true;
	store->states.changed = true;
	keep_bound(store);
}

static void drop_boots(struct store_states *states)
{
	for (size_t i = 0; i < states->boots_count; i++) {
		free(states->boots[i].items);
	}
	free(states->boots);
	states->boots = NULL;
	states->boots_count = 0;
}

void store_unplaced_clear(struct store *store)
{
	assert(!store->is_looking);
	if (store->states.boots_count > 0) {
		drop_boots(&store->states);
		store->states.unplaced_cleared = true;
		store->states.changed = true;
	}
}

struct unplaced_reading *store_unplaced(struct store *store, size_t *ret_count)
{
	const struct store_states *states = &store->states;
	size_t rows = 0;

	for (size_t i = 0; i < states->boots_count; i++) {
		rows += states->boots[i].count;
	}
	struct unplaced_reading *all = rows > 0 ? calloc(rows, sizeof(*all)) : NULL;
	*ret_count = all ? rows : 0;
	for (size_t i = 0, at = 0; all && i < states->boots_count; i++) {
		for (size_t j = 0; j < states->boots[i].count; j++) {
			all[at++] = states->boots[i].items[j];
		}
	}
	return all;
}

/* ---- In the file ---- */

/* The row the statement stands at; false when memory runs out. */
static bool load_row(struct store *store, struct unplaced_boot *boot)
{
	enum store_statement all = STATEMENT_ALL_UNPLACED;
	struct unplaced_reading *grown = realloc(boot->items, (boot->count + 1) * sizeof(*grown));

	if (!grown) {
		return false;
	}
	boot->items = grown;
	struct unplaced_reading *item = &grown[boot->count++];
	*item = (struct unplaced_reading){
		.series = (int32_t)store_sqlite_column(store->db, all, 1),
		.at_mono_ms = store_sqlite_column(store->db, all, 2),
		.value = store_sqlite_column(store->db, all, 3),
	};
	memcpy(item->boot, boot->boot, sizeof(item->boot));
	return true;
}

enum store_status store_unplaced_load(struct store *store)
{
	enum store_status status = STORE_OK;

	while (store_sqlite_next(store->db, STATEMENT_ALL_UNPLACED, &status)) {
		const char *name = store_sqlite_column_text(store->db, STATEMENT_ALL_UNPLACED, 0);
		struct unplaced_boot *boot = find_boot(store, name);
		boot = boot ? boot : add_boot(store, name);
		if (!boot || !load_row(store, boot)) {
			store_sqlite_reset(store->db, STATEMENT_ALL_UNPLACED);
			return STORE_FAILED;
		}
	}
	return status;
}

static enum store_status write_boot(struct store *store, const struct unplaced_boot *boot)
{
	store_sqlite_bind_text(store->db, STATEMENT_DROP_UNPLACED_OF_BOOT, 1, boot->boot);
	enum store_status status = store_sqlite_run(store->db, STATEMENT_DROP_UNPLACED_OF_BOOT);

	for (size_t i = 0; status == STORE_OK && i < boot->count; i++) {
		const struct unplaced_reading *item = &boot->items[i];
		store_sqlite_bind_text(store->db, STATEMENT_ADD_UNPLACED, 1, boot->boot);
		store_sqlite_bind(store->db, STATEMENT_ADD_UNPLACED, 2, item->series);
		store_sqlite_bind(store->db, STATEMENT_ADD_UNPLACED, 3, item->at_mono_ms);
		store_sqlite_bind(store->db, STATEMENT_ADD_UNPLACED, 4, item->value);
		status = store_sqlite_run(store->db, STATEMENT_ADD_UNPLACED);
	}
	return status;
}

enum store_status store_unplaced_commit(struct store *store)
{
	const struct store_states *states = &store->states;
	enum store_status status = STORE_OK;

	if (states->unplaced_cleared) {
		status = store_sqlite_run(store->db, STATEMENT_DROP_UNPLACED);
	}
	for (size_t i = 0; status == STORE_OK && i < states->boots_count; i++) {
		if (states->boots[i].changed) {
			status = write_boot(store, &states->boots[i]);
		}
	}
	return status;
}

void store_unplaced_note_committed(struct store *store)
{
	struct store_states *states = &store->states;
	size_t kept = 0;

	for (size_t i = 0; i < states->boots_count; i++) {
		states->boots[i].changed = false;
		if (states->boots[i].count > 0) {
			states->boots[kept++] = states->boots[i];
		} else {
			free(states->boots[i].items);
		}
	}
	states->boots_count = kept;
	states->unplaced_cleared = false;
}

int64_t store_unplaced_bytes(const struct store *store)
{
	size_t rows = 0;

	for (size_t i = 0; i < store->states.boots_count; i++) {
		rows += store->states.boots[i].changed ? store->states.boots[i].count : 0;
	}
	return (int64_t)(rows * UNPLACED_BYTES);
}

void store_unplaced_free(struct store *store)
{
	drop_boots(&store->states);
}
