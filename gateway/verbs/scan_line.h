/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan_line.h -- Who answers on a line: address after address, then what each
 * that answers is. Asks through bus.h, whether the line is one's own or the
 * running daemon's.
 */
#ifndef GATEWAY_VERBS_SCAN_LINE_H
#define GATEWAY_VERBS_SCAN_LINE_H

#include "drivers/device_identify.h"

enum {
	SCAN_ADDRESSES_MAX = 247, /* Modbus over Serial Line 1.02, 2.2 */
	SCAN_TIMEOUT_MS_DEFAULT = 300,
	SCAN_TIMEOUT_MS_MIN = 20,
	SCAN_TIMEOUT_MS_MAX = 5000,
};

enum scan_presence {
	SCAN_SILENT,
	SCAN_ANSWERS, /* clearly */
	SCAN_GARBLED, /* something comes, and is no answer, each time */
	SCAN_TWICE,   /* answers come more than once, or now and then only: two on one address */
};

struct scan_found {
	uint8_t address;
	enum scan_presence presence;
	struct bus_line line; /* with the speed and parity it answered at */
	uint32_t answer_ms;
	bool at_any_address; /* it does not look at the address (TCP) */
	struct identify_candidate candidates[IDENTIFY_CANDIDATES_MAX];
	size_t candidates_count;
	char text[IDENTIFY_TEXT_MAX]; /* of function 43/14 */
	bool has_serial_register;     /* its model tells where */
	char serial_number[SERIAL_NUMBER_MAX];
};

struct scan_range {
	uint8_t first;
	uint8_t last;
};

struct scan_line {
	struct bus *bus; /* open */
	struct bus_line line;
	struct scan_range range;
	uint32_t timeout_ms;
	const struct meter_model *const *models;
	size_t models_count;
	/* Between requests; false: give up. `asked` addresses of the range are done. */
	bool (*go_on)(void *context, uint8_t address, size_t asked);
	/* Somebody was found; copied by whom it is told. */
	void (*found)(void *context, const struct scan_found *found);
	void *context;
};

enum scan_end {
	SCAN_DONE,
	SCAN_GIVEN_UP, /* go_on() said so */
	SCAN_NO_LINE,  /* the line went, or had no room; scan_line's bus knows why */
};

enum scan_end scan_line_run(struct scan_line *scan);

#endif
