/* SPDX-License-Identifier: Apache-2.0 */
/*
 * readings_csv.h -- A CSV of readings as one meter's values over time, exactly:
 * decimal text becomes inside steps without a float in between.
 *
 * First line: column names. One column holds instants (RFC 3339), rising. A
 * reading holds from its instant to the next one; before the first and after
 * the last, those hold. An empty field: the reading before it goes on.
 */
#ifndef GATEWAY_SIMULATE_READINGS_CSV_H
#define GATEWAY_SIMULATE_READINGS_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/quantity.h"

enum { READINGS_COLUMNS_MAX = 16, READINGS_REASON_MAX = 256, READINGS_LINE_MAX = 4096 };

struct readings_column {
	const char *name; /* as in the first line */
	enum quantity quantity;
};

struct readings_settings {
	const char *path;
	const char *time_column; /* NULL: the first */
	const struct readings_column *columns;
	size_t columns_count;
	bool interpolate; /* straight between two readings, rounded down */
};

struct readings;

/* False, with a sentence naming file and line, when it cannot be read. */
__attribute__((warn_unused_result)) bool readings_read(const struct readings_settings *settings,
	struct readings **ret_readings, char ret_reason[static READINGS_REASON_MAX]);
struct readings *readings_free(struct readings *readings); /* NULL is fine; returns NULL */

int64_t readings_start_ms(const struct readings *readings);
int64_t readings_end_ms(const struct readings *readings); /* instant of the last reading */

/* The reading valid at an instant; false when there is no such quantity. */
bool readings_at(const struct readings *readings, enum quantity quantity, int64_t at_ms,
	int64_t *ret_reading);

/* Decimal text ("22946.733") in steps of 10^-decimals; digits past that must be 0. */
bool decimal_parse(const char *text, int8_t decimals, int64_t *ret_steps);

#endif
