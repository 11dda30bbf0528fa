/* SPDX-License-Identifier: Apache-2.0 */
/* scan_print.h -- What `byport scan` shows: progress, a table, and what to write down. */
#ifndef GATEWAY_VERBS_SCAN_PRINT_H
#define GATEWAY_VERBS_SCAN_PRINT_H

#include "gateway/terminal.h"
#include "gateway/verbs/scan_config.h"

/* One line on stderr, refreshed in place; nothing where that is no terminal. */
struct scan_progress {
	struct terminal terminal;
	struct bus_line line; /* that is asked now */
	size_t addresses;     /* of all lines */
	size_t done_before;   /* of lines that are done */
	size_t asked;         /* of this line */
	double expected_s;
	double began_mono_s;
};
void scan_progress_begin(struct scan_progress *progress);
void scan_progress_show(struct scan_progress *progress, size_t asked, size_t found);
void scan_progress_clear(const struct scan_progress *progress);

struct scan_report {
	const struct scan_found *found;
	size_t found_count;
	const struct scan_entry *entries; /* for a person to put into the configuration */
	size_t entries_count;
	const struct scan_config *config; /* NULL: none */
	const char *bus;
	const struct bus_line *line;
};
void scan_print(const struct scan_report *report);

/* A line of JSON; `meter` NULL: none of the configuration's. */
void scan_print_json(const struct scan_found *found, const char *meter);

#endif
