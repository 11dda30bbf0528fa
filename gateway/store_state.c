/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_state.c -- What the store keeps beside rows: a series' state, the device
 * at each meter, the grid. All of it lives in memory; a commit writes what has
 * changed, in one transaction with the rows.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/store_parts.h"

enum { STATE_BYTES = 160, DEVICE_BYTES = 192, GRID_BYTES = 32 }; /* in the file, at most */

/* ---- A series' state ---- */

/* As it stands in the columns after `series`. */
enum {
	SCALE_NUMERATOR,
	SCALE_DENOMINATOR,
	CONFIGURED_NUMERATOR,
	CONFIGURED_DENOMINATOR,
	VALID_FROM, /* NULL: INT64_MIN */
	HAS_FRONTIER,
	AFTER_ID,
	FRONTIER,
	PUBLISHED,
	READING,
	SHIFT,
	AGAIN_REVISION,
	CLOCK,
	IS_GOOD,
	IS_BROKEN,
	STATE_COLUMNS
};

static void state_to_columns(
	const struct series_state *state, int64_t columns[static STATE_COLUMNS])
{
	columns[SCALE_NUMERATOR] = state->scale.numerator;
	columns[SCALE_DENOMINATOR] = state->scale.denominator;
	columns[CONFIGURED_NUMERATOR] = state->configured.numerator;
	columns[CONFIGURED_DENOMINATOR] = state->configured.denominator;
	columns[VALID_FROM] = state->valid_from_wall_ms;
	columns[HAS_FRONTIER] = state->has_frontier;
	columns[AFTER_ID] = state->after_id;
	columns[FRONTIER] = state->frontier_wall_ms;
	columns[PUBLISHED] = state->published_wall_ms;
	columns[READING] = state->reading;
	columns[SHIFT] = state->shift;
	columns[AGAIN_REVISION] = state->again_revision;
	columns[CLOCK] = state->clock;
	columns[IS_GOOD] = state->is_good;
	columns[IS_BROKEN] = state->is_broken;
}

static struct series_state state_from_columns(const int64_t columns[static STATE_COLUMNS])
{
	return (struct series_state){
		.scale = {columns[SCALE_NUMERATOR],      columns[SCALE_DENOMINATOR]     },
		.configured = {columns[CONFIGURED_NUMERATOR], columns[CONFIGURED_DENOMINATOR]},
		.valid_from_wall_ms = columns[VALID_FROM],
		.has_frontier = columns[HAS_FRONTIER] != 0,
		.after_id = columns[AFTER_ID],
		.frontier_wall_ms = columns[FRONTIER],
		.published_wall_ms = columns[PUBLISHED],
		.reading = columns[READING],
		.shift = columns[SHIFT],
		.again_revision = (int32_t)columns[AGAIN_REVISION],
		.clock = (uint8_t)columns[CLOCK],
		.is_good = columns[IS_GOOD] != 0,
		.is_broken = columns[IS_BROKEN] != 0,
	};
}

static struct store_series *series_at(const struct store *store, int32_t series)
{
	return series >= 0 && (size_t)series < store->series_count ? &store->series[series] : NULL;
}

bool store_series_state(const struct store *store, int32_t series, struct series_state *ret_state)
{
	const struct store_series *found = series_at(store, series);

	*ret_state = found && found->has_state ? found->state : (struct series_state){0};
	return found && found->has_state;
}

static bool is_other_frontier(const struct series_state *a, const struct series_state *b)
{
	return a->has_frontier != b->has_frontier || a->after_id != b->after_id ||
	       a->frontier_wall_ms != b->frontier_wall_ms ||
	       a->published_wall_ms != b->published_wall_ms;
}

void store_set_series_state(struct store *store, int32_t series, const struct series_state *state)
{
	int64_t before[STATE_COLUMNS], after[STATE_COLUMNS];
	struct store_series *found = series_at(store, series);

	assert(found && !store->is_looking);
	const struct series_state old = found->state;
	struct series_state new = *state;
	if (!new.has_frontier) {
		new.after_id = old.after_id; /* rows before a frontier once set stay behind it */
	}
	state_to_columns(&old, before);
	state_to_columns(&new, after);
	if (found->has_state && memcmp(before, after, sizeof(before)) == 0) {
		return;
	}
	found->state = new;
	found->has_state = true;
	found->state_changed = true;
	store->states.changed = true;
	if (new.has_frontier && is_other_frontier(&old, &new)) {
		store_series_look_again(store, series);
	}
}

static enum store_status load_series_states(struct store *store)
{
	enum store_status status = STORE_OK;

	while (store_sqlite_next(store->db, STATEMENT_ALL_STATES, &status)) {
		int64_t columns[STATE_COLUMNS];
		int32_t number = (int32_t)store_sqlite_column(store->db, STATEMENT_ALL_STATES, 0);
		struct store_series *series = series_at(store, number);
		if (!series) {
			continue;
		}
		for (int i = 0; i < STATE_COLUMNS; i++) {
			columns[i] = store_sqlite_column(store->db, STATEMENT_ALL_STATES, i + 1);
		}
		if (store_sqlite_column_is_null(store->db, STATEMENT_ALL_STATES, VALID_FROM + 1)) {
			columns[VALID_FROM] = INT64_MIN;
		}
		series->state = state_from_columns(columns);
		series->has_state = true;
	}
	return status;
}

static enum store_status write_series_state(struct store *store, int32_t number)
{
	int64_t columns[STATE_COLUMNS];

	state_to_columns(&store->series[number].state, columns);
	store_sqlite_bind(store->db, STATEMENT_SET_STATE, 1, number);
	for (int i = 0; i < STATE_COLUMNS; i++) {
		if (i == VALID_FROM && columns[i] == INT64_MIN) {
			store_sqlite_bind_null(store->db, STATEMENT_SET_STATE, i + 2);
		} else {
			store_sqlite_bind(store->db, STATEMENT_SET_STATE, i + 2, columns[i]);
		}
	}
	return store_sqlite_run(store->db, STATEMENT_SET_STATE);
}

/* ---- Devices ---- */

static struct store_device *find_device(const struct store *store, const char *meter)
{
	const struct store_states *states = &store->states;
	size_t i = 0;

	while (i < states->devices_count && strcmp(states->devices[i].meter, meter) != 0) {
		i++;
	}
	return i < states->devices_count ? &states->devices[i] : NULL;
}

bool store_device(const struct store *store, const char *meter, struct known_device *ret_device)
{
	const struct store_device *found = find_device(store, meter);

	if (found) {
		*ret_device = found->device;
	}
	return found;
}

static bool is_same_device(const struct known_device *a, const struct known_device *b)
{
	return strcmp(a->model, b->model) == 0 && strcmp(a->serial_number, b->serial_number) == 0;
}

/* NULL when memory runs out. */
static struct store_device *add_device(struct store *store, const char *meter)
{
	struct store_states *states = &store->states;
	struct store_device *grown =
		realloc(states->devices, (states->devices_count + 1) * sizeof(*grown));

	if (!grown) {
		return NULL;
	}
	states->devices = grown;
	struct store_device *added = &grown[states->devices_count++];
	*added = (struct store_device){0};
	snprintf(added->meter, sizeof(added->meter), "%s", meter);
	return added;
}

void store_set_device(struct store *store, const char *meter, const struct known_device *device)
{
	struct store_device *found = find_device(store, meter);

	assert(!store->is_looking);
	if (found && is_same_device(&found->device, device)) {
		return;
	}
	found = found ? found : add_device(store, meter);
	if (found) {
		found->device = *device;
		found->changed = true;
		store->states.changed = true;
	}
}

static enum store_status load_devices(struct store *store)
{
	enum store_status status = STORE_OK;
	enum store_statement all = STATEMENT_ALL_DEVICES;

	while (store_sqlite_next(store->db, all, &status)) {
		struct store_device *device =
			add_device(store, store_sqlite_column_text(store->db, all, 0));
		if (!device) {
			store_sqlite_reset(store->db, all);
			return STORE_FAILED;
		}
		snprintf(device->device.model, sizeof(device->device.model), "%s",
			store_sqlite_column_text(store->db, all, 1));
		snprintf(device->device.serial_number, sizeof(device->device.serial_number), "%s",
			store_sqlite_column_text(store->db, all, 2));
	}
	return status;
}

static enum store_status write_device(struct store *store, const struct store_device *device)
{
	store_sqlite_bind_text(store->db, STATEMENT_SET_DEVICE, 1, device->meter);
	store_sqlite_bind_text(store->db, STATEMENT_SET_DEVICE, 2, device->device.model);
	store_sqlite_bind_null(store->db, STATEMENT_SET_DEVICE, 3);
	if (device->device.serial_number[0] != '\0') {
		store_sqlite_bind_text(
			store->db, STATEMENT_SET_DEVICE, 3, device->device.serial_number);
	}
	return store_sqlite_run(store->db, STATEMENT_SET_DEVICE);
}

/* ---- The grid ---- */

struct interval_grid store_grid(const struct store *store)
{
	return store->states.grid;
}

void store_set_grid(struct store *store, const struct interval_grid *grid)
{
	const struct interval_grid *old = &store->states.grid;

	assert(!store->is_looking);
	if (old->length_ms == grid->length_ms &&
		old->next_from_wall_ms == grid->next_from_wall_ms &&
		old->next_length_ms == grid->next_length_ms) {
		return;
	}
	store->states.grid = *grid;
	store->states.grid_changed = true;
	store->states.changed = true;
}

static enum store_status load_grid(struct store *store)
{
	enum store_status status = STORE_OK;

	while (store_sqlite_next(store->db, STATEMENT_GRID, &status)) {
		bool is_last = store_sqlite_column_is_null(store->db, STATEMENT_GRID, 1);
		store->states.grid = (struct interval_grid){
			.length_ms = store_sqlite_column(store->db, STATEMENT_GRID, 0),
			.next_from_wall_ms =
				is_last ? INT64_MAX
					: store_sqlite_column(store->db, STATEMENT_GRID, 1),
			.next_length_ms = store_sqlite_column(store->db, STATEMENT_GRID, 2),
		};
	}
	return status;
}

static enum store_status write_grid(struct store *store)
{
	const struct interval_grid *grid = &store->states.grid;

	store_sqlite_bind(store->db, STATEMENT_SET_GRID, 1, grid->length_ms);
	store_sqlite_bind(store->db, STATEMENT_SET_GRID, 2, grid->next_from_wall_ms);
	if (grid->next_from_wall_ms == INT64_MAX) {
		store_sqlite_bind_null(store->db, STATEMENT_SET_GRID, 2);
	}
	store_sqlite_bind(store->db, STATEMENT_SET_GRID, 3, grid->next_length_ms);
	return store_sqlite_run(store->db, STATEMENT_SET_GRID);
}

/* ---- All of it ---- */

enum store_status store_states_load(struct store *store)
{
	enum store_status status = load_series_states(store);

	if (status == STORE_OK) {
		status = load_devices(store);
	}
	if (status == STORE_OK) {
		status = load_grid(store);
	}
	return status == STORE_OK ? store_unplaced_load(store) : status;
}

enum store_status store_states_commit(struct store *store)
{
	const struct store_states *states = &store->states;
	enum store_status status = STORE_OK;

	for (size_t i = 0; status == STORE_OK && i < store->series_count; i++) {
		if (store->series[i].state_changed) {
			status = write_series_state(store, (int32_t)i);
		}
	}
	for (size_t i = 0; status == STORE_OK && i < states->devices_count; i++) {
		if (states->devices[i].changed) {
			status = write_device(store, &states->devices[i]);
		}
	}
	if (status == STORE_OK && states->grid_changed) {
		status = write_grid(store);
	}
	return status == STORE_OK ? store_unplaced_commit(store) : status;
}

void store_states_note_committed(struct store *store)
{
	for (size_t i = 0; i < store->series_count; i++) {
		store->series[i].state_changed = false;
	}
	for (size_t i = 0; i < store->states.devices_count; i++) {
		store->states.devices[i].changed = false;
	}
	store->states.grid_changed = false;
	store->states.changed = false;
	store_unplaced_note_committed(store);
}

int64_t store_states_bytes(const struct store *store)
{
	size_t bytes = store->states.grid_changed ? GRID_BYTES : 0;

	if (!store->states.changed) {
		return 0;
	}
	for (size_t i = 0; i < store->series_count; i++) {
		bytes += store->series[i].state_changed ? STATE_BYTES : 0;
	}
	for (size_t i = 0; i < store->states.devices_count; i++) {
		bytes += store->states.devices[i].changed ? DEVICE_BYTES : 0;
	}
	return (int64_t)bytes + store_unplaced_bytes(store);
}

void store_states_free(struct store *store)
{
	store_unplaced_free(store);
	free(store->states.devices);
	store->states = (struct store_states){0};
}
