/* SPDX-License-Identifier: Apache-2.0 */
/*
 * terminal.h -- Tables for people: aligned columns, colour on a terminal only,
 * nothing that could move the cursor printed from what meters or files say.
 */
#ifndef GATEWAY_TERMINAL_H
#define GATEWAY_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct terminal {
	bool interactive; /* a terminal: refresh in place */
	bool colour;      /* interactive, and NO_COLOR (no-color.org) is not set */
	size_t columns;   /* of the terminal, at least 40; 80 where it is none */
};

struct terminal terminal_of(FILE *stream);

enum tint { TINT_PLAIN, TINT_GOOD, TINT_WARN, TINT_BAD, TINT_DIM, TINT_BOLD, TINT_COUNT };

struct table_column {
	const char *title;
	bool right; /* numbers */
};

enum { TABLE_COLUMNS_MAX = 12 };

struct table;

/* `columns` must outlive the table. NULL when memory is out; the other calls take NULL. */
struct table *table_new(const struct table_column *columns, size_t columns_count);
struct table *table_free(struct table *table);

/* The next cell, row by row. */
__attribute__((format(printf, 3, 4))) void table_cell(
	struct table *table, enum tint tint, const char *format, ...);

/* Of its widest line, in columns; 0 of NULL. */
size_t table_width(const struct table *table);

/* With titles, where any column has one; lines are cut at the terminal's width. */
void table_print(const struct table *table, const struct terminal *terminal, FILE *stream);

/* A unit as people write it: none for plain numbers ("1"). */
const char *terminal_unit(const char *unit);

/* "3 s", "12 min", "5 h", "9 d": how long ago, for people. */
void age_print(char buffer[static 16], double age_s);

#endif
