/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keep_rows.c -- Interval rows from standard input into a real store, for
 * scripts that look at what is made of them.
 *
 *     keep_rows DIRECTORY < ROWS
 *
 * A row is a line: METER QUANTITY START-MS END-MS ENERGY QUALITY REVISION FLAGS
 * in inside steps and UTC milliseconds, quality and flags as numbers. Its
 * readings are the energies added up, from 1,000,000,000 on.
 */
#include <inttypes.h>
#include <stdio.h>

#include "gateway/core/totals.h"
#include "gateway/store.h"

enum { STORE_BYTES = 1 << 30, ROWS_A_COMMIT = 2000, SERIES_MAX = 64 };

static int64_t readings[SERIES_MAX];

static bool keep(
	struct store *store, const char *meter, enum quantity quantity, struct interval_row *row)
{
	row->series = store_series(store, meter, quantity, NULL);
	if (row->series < 0 || row->series >= SERIES_MAX) {
		return false;
	}
	if (interval_has_value(row)) {
		int64_t *reading = &readings[row->series];
		row->has_readings = true;
		row->reading_start = 1000000000 + *reading;
		*reading += row->energy;
		row->reading_end = 1000000000 + *reading;
	}
	return store_append_interval(store, row) == STORE_OK;
}

static bool keep_all(struct store *store)
{
	char meter[METER_ID_MAX], quantity_name[64];
	struct interval_row row;
	unsigned quality, flags;
	size_t count = 0;

	for (;;) {
		enum quantity quantity;
		row = (struct interval_row){.clock = CLOCK_STATE_SYNCHRONISED};
		int read = scanf("%32s %63s %" SCNd64 " %" SCNd64 " %" SCNd64 " %u %" SCNd32 " %u",
			meter, quantity_name, &row.start_wall_ms, &row.end_wall_ms, &row.energy,
			&quality, &row.revision, &flags);
		if (read == EOF) {
			return true;
		}
		row.quality = (uint8_t)quality;
		row.flags = flags;
		if (read != 8 || !quantity_find(quantity_name, &quantity) ||
			!keep(store, meter, quantity, &row) ||
			(++count % ROWS_A_COMMIT == 0 && store_commit(store) != STORE_OK)) {
			return false;
		}
	}
}

int main(int argc, char **argv)
{
	struct store *store = NULL;
	struct store_opening opening;
	const struct store_settings settings = {.directory = argc > 1 ? argv[1] : "",
		.bytes_max = STORE_BYTES,
		.now_wall_ms = 1500000000000,
		.machine_id = "0123abcd"};

	if (argc != 2 || store_open(&settings, &store, &opening) != STORE_OK) {
		fprintf(stderr, "keep_rows DIRECTORY: %s\n", argc == 2 ? opening.reason : "");
		return 2;
	}
	bool kept = keep_all(store) && store_commit(store) == STORE_OK;
	store_close(store);
	return kept ? 0 : 1;
}
