/* SPDX-License-Identifier: Apache-2.0 */
/*
 * export.h -- What `byport export` writes: one line for each interval, or for
 * each local hour, and for what has become coarser, as CSV or as JSON lines. verb_export.c finds
 * out what is asked for, export_rows.c makes the lines, export_print.c writes them.
 */
#ifndef GATEWAY_VERBS_EXPORT_H
#define GATEWAY_VERBS_EXPORT_H

#include "gateway/verbs/history.h"

/* How lines are written. */
struct export_format {
	const char *name; /* behind --csv; NULL: JSON lines */
	char separator;
	char decimal_point;
	bool is_local_time; /* with its offset; else UTC */
};
/* By name ("en", "nb"); NULL: there is none. */
const struct export_format *export_csv_find(const char *name);
extern const struct export_format export_json_lines;

struct export
{
	struct history history;
	const struct export_format *format;
	bool hourly;
	bool final_only;
	bool has_quantity;
	enum quantity quantity; /* the only one asked for */
	size_t lines;           /* written */
};

/* One line. Amounts in the quantity's inside steps. */
struct export_line {
	const char *meter;
	enum quantity quantity;
	struct interval_row row; /* of an hour: its rows as one; then not: method, revision, clock,
				    correction */
	bool is_final;
	bool has_at_least; /* no value, but some of it is known */
	int64_t at_least;
	int32_t coverage_permille;  /* of an hour */
	int32_t estimated_permille; /* of an hour */
};

/* The names of the columns; nothing where JSON lines carry them. */
void export_print_head(const struct export *export);
void export_print_line(const struct export *export, const struct export_line *line);

/* All that is asked for. A verb_exit; said what is wrong. */
int export_rows(struct export *export);

#endif
