/* SPDX-License-Identifier: Apache-2.0 */
/* check_report.h -- What `byport check` says of files that are right. */
#ifndef GATEWAY_VERBS_CHECK_REPORT_H
#define GATEWAY_VERBS_CHECK_REPORT_H

#include <stdio.h>

#include "gateway/site.h"
#include "gateway/terminal.h"

/* One file of the command line. */
struct checked_file {
	const char *path;
	struct site_config *config; /* NULL: errors in the file */
	struct model_library *library;
	struct site *site; /* NULL: errors in the file, or in how it fits its models */
};

/* The plan in tables. */
void check_print_plan(
	const struct checked_file *file, const struct terminal *terminal, FILE *stream);

/* The sheet a network department needs. */
void check_print_network(
	const struct checked_file *file, const struct terminal *terminal, FILE *stream);

/* All of it as one JSON object. False when memory is out. */
__attribute__((warn_unused_result)) bool check_print_json(const struct checked_file *files,
	size_t count, const struct diagnostics *diagnostics, FILE *stream);

/* A connection of the gateway's. */
struct network_row {
	const char *direction; /* "outbound", "building" */
	const char *what;
	char host[256];
	char port[24]; /* "8883/tcp" */
	const char *purpose;
};

enum { NETWORK_ROWS_MAX = CONFIG_BUSES_MAX + 3 };

/* The rows of the sheet; `ret_rows` has room for NETWORK_ROWS_MAX. */
size_t check_network_rows(const struct site *site, struct network_row *ret_rows);

/* "9600 8N1", "192.168.1.30:502" */
void check_line_text(const struct bus_line *line, char ret_text[static 300]);

#endif
