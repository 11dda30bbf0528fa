/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diagnostics.h -- What is wrong with a file a person wrote: where, what stands
 * there, and what is allowed. Collected, so that all errors of meaning come in
 * one go; printed once, by the program's edge.
 */
#ifndef CONFIG_DIAGNOSTICS_H
#define CONFIG_DIAGNOSTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Where in a file, counted from 1; line 0: the file as a whole. Columns count characters, not
 * bytes. */
struct file_position {
	int line;
	int column;
};

enum diagnostic_severity {
	DIAGNOSTIC_ERROR,
	DIAGNOSTIC_WARNING,
};

struct diagnostic {
	enum diagnostic_severity severity;
	char *file; /* as the user named it */
	struct file_position at;
	char *message; /* one sentence: the offending text quoted, and what is allowed */
};

/* A list that grows; zero-initialise it. Reports past DIAGNOSTICS_MAX are counted, not kept. */
struct diagnostics {
	struct diagnostic *items;
	size_t count;
	size_t errors;   /* all that were reported */
	size_t warnings; /* all that were reported */
};

enum { DIAGNOSTICS_MAX = 200 }; /* entries; nobody reads more at once */

/* Add one. Memory running out is not an error here: the entry is counted without its text. */
__attribute__((format(printf, 5, 6))) void diagnostics_add(struct diagnostics *diagnostics,
	enum diagnostic_severity severity, const char *file, struct file_position at,
	const char *format, ...);

/* By place, within each run of entries of one file. */
void diagnostics_sort(struct diagnostics *diagnostics);

/* "file:line:column: error: message", one a line; colour only where asked for. */
void diagnostics_print(const struct diagnostics *diagnostics, FILE *stream, bool colour);

const char *diagnostic_severity_name(enum diagnostic_severity severity); /* "error", "warning" */

void diagnostics_clear(struct diagnostics *diagnostics);

#endif
