/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keep_counter.c -- One counter, read once a virtual minute, into a real store,
 * for scripts that kill it, fill its disk and look at its file.
 *
 *     keep_counter DIRECTORY FIRST-MINUTE MINUTES
 *
 * The register at minute m shows 5000000000 + 1234 m + 100 (m mod 7) mWh, so
 * that everybody can work out what the intervals must be. Goes on from the
 * stored rows. Commits every 15 minutes of its time, and prints a line each:
 * "committed LAST-ID", or the status and the reason.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "gateway/core/accounting.h"
#include "gateway/store.h"

enum { MINUTE_MS = 60000, QUARTER_MINUTES = 15, STORE_BYTES = 64 << 20 };

static const int64_t t0_wall_ms = 1767225600000; /* 2026-01-01T00:00:00Z */

static const struct store_settings *settings_for(const char *directory)
{
	static struct store_settings settings = {
		.bytes_max = STORE_BYTES, .now_wall_ms = 1767225600000, .machine_id = "0123abcd"};

	settings.directory = directory;
	return &settings;
}

static bool take_interval(void *context, struct interval_row *row)
{
	return store_append_interval(context, row) == STORE_OK;
}

static bool take_event(void *context, struct event_row *row)
{
	return store_append_event(context, row) == STORE_OK;
}

static void resume(struct store *store, int32_t series, struct counter *counter)
{
	struct interval_row newest, known;
	bool has_newest = store_last_interval(store, series, &newest);
	bool has_known = store_last_known_interval(store, series, &known);

	counter_resume(counter, has_newest ? &newest : NULL, has_known ? &known : NULL);
}

static void trend_of(struct store *store, int32_t series, int64_t minute)
{
	struct trend_row row = {
		.start_wall_ms = t0_wall_ms + minute * MINUTE_MS,
		.end_wall_ms = t0_wall_ms + (minute + 1) * MINUTE_MS,
		.mean = 74040 + minute % 7,
		.min = 70000,
		.max = 80000,
		.series = series,
		.count = 6,
		.clock = CLOCK_STATE_SYNCHRONISED,
	};

	/* Refused on a full disk: trends go first. */
	enum store_status status = store_append_trend(store, &row);
	(void)status;
}

static void commit(struct store *store)
{
	enum store_status status = store_commit(store);

	if (status == STORE_OK) {
		printf("committed %" PRId64 "\n", store_cursor(store, STREAM_ENERGY).last);
	} else {
		printf("%s: %s\n", store_status_text(status), store_reason(store));
	}
	fflush(stdout);
}

static void run(struct store *store, int64_t first_minute, int64_t minutes)
{
	const struct counter_rules rules = {
		.meter = "main",
		.quantity = QUANTITY_ACTIVE_ENERGY_IMPORT,
		.series = store_series(store, "main", QUANTITY_ACTIVE_ENERGY_IMPORT, NULL),
		.grid = {.length_ms = QUARTER_MINUTES * MINUTE_MS},
		.gap_limit_ms = 5 * MINUTE_MS,
		.close_deadline_ms = 5 * MINUTE_MS,
	};
	const struct counter_sink sink = {store, take_interval, take_event};
	int32_t power = store_series(store, "main", QUANTITY_ACTIVE_POWER, NULL);
	struct counter counter;

	resume(store, rules.series, &counter);
	for (int64_t minute = first_minute; minute < first_minute + minutes; minute++) {
		const struct reading reading = {
			.at_wall_ms = t0_wall_ms + minute * MINUTE_MS,
			.value = 5000000000 + 1234 * minute + 100 * (minute % 7),
			.clock = CLOCK_STATE_SYNCHRONISED,
		};
		counter_add_reading(&counter, &rules, &reading, &sink);
		counter_tick(&counter, &rules, reading.at_wall_ms, &sink);
		trend_of(store, power, minute);
		if (minute % QUARTER_MINUTES == 0) {
			commit(store);
		}
	}
	commit(store);
}

int main(int argc, char **argv)
{
	struct store *store = NULL;
	struct store_opening opening;

	if (argc != 4) {
		fprintf(stderr, "usage: keep_counter DIRECTORY FIRST-MINUTE MINUTES\n");
		return 2;
	}
	enum store_status status = store_open(settings_for(argv[1]), &store, &opening);
	if (status != STORE_OK) {
		printf("%s: %s: %s\n", opening.path, store_status_text(status), opening.reason);
		return 1;
	}
	run(store, strtoll(argv[2], NULL, 10), strtoll(argv[3], NULL, 10));
	store_close(store);
	return 0;
}
