/* SPDX-License-Identifier: Apache-2.0 */
/*
 * export_print.c -- Lines of `byport export`: one table of columns, named as in
 * the gateway's messages (docs/mqtt.md), for CSV and for JSON lines.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/core/totals.h"
#include "gateway/json_instant.h"
#include "gateway/json_writer.h"
#include "gateway/verbs/export.h"

enum { JSON_LINE_MAX = 1024 };

enum column_kind {
	COLUMN_TEXT,
	COLUMN_FLAGS,
	COLUMN_STEPS,    /* of the quantity */
	COLUMN_PERMILLE, /* as a share of 1 */
	COLUMN_NUMBER,
	COLUMN_INSTANT,
	COLUMN_TRUTH,
};

enum column {
	COLUMN_METER,
	COLUMN_QUANTITY,
	COLUMN_UNIT,
	COLUMN_START,
	COLUMN_END,
	COLUMN_VALUE,
	COLUMN_QUALITY,
	COLUMN_METHOD,
	COLUMN_COVERAGE,
	COLUMN_ESTIMATED,
	COLUMN_FLAG_NAMES,
	COLUMN_REVISION,
	COLUMN_READING_START,
	COLUMN_READING_END,
	COLUMN_CLOCK,
	COLUMN_CORRECTION,
	COLUMN_FINAL,
	COLUMN_AT_LEAST,
	COLUMN_COUNT
};

enum column_of { OF_BOTH, OF_INTERVALS, OF_HOURS };

static const struct column_info {
	const char *name;
	enum column_kind kind;
	enum column_of of;
} columns[COLUMN_COUNT] = {
  /* clang-format off */
	[COLUMN_METER]         = {"meter",         COLUMN_TEXT,     OF_BOTH},
	[COLUMN_QUANTITY]      = {"quantity",      COLUMN_TEXT,     OF_BOTH},
	[COLUMN_UNIT]          = {"unit",          COLUMN_TEXT,     OF_BOTH},
	[COLUMN_START]         = {"start",         COLUMN_INSTANT,  OF_BOTH},
	[COLUMN_END]           = {"end",           COLUMN_INSTANT,  OF_BOTH},
	[COLUMN_VALUE]         = {"value",         COLUMN_STEPS,    OF_BOTH},
	[COLUMN_QUALITY]       = {"quality",       COLUMN_TEXT,     OF_BOTH},
	[COLUMN_METHOD]        = {"method",        COLUMN_TEXT,     OF_INTERVALS},
	[COLUMN_COVERAGE]      = {"coverage",      COLUMN_PERMILLE, OF_HOURS},
	[COLUMN_ESTIMATED]     = {"estimated",     COLUMN_PERMILLE, OF_HOURS},
	[COLUMN_FLAG_NAMES]    = {"flags",         COLUMN_FLAGS,    OF_BOTH},
	[COLUMN_REVISION]      = {"revision",      COLUMN_NUMBER,   OF_INTERVALS},
	[COLUMN_READING_START] = {"reading_start", COLUMN_STEPS,    OF_BOTH},
	[COLUMN_READING_END]   = {"reading_end",   COLUMN_STEPS,    OF_BOTH},
	[COLUMN_CLOCK]         = {"clock",         COLUMN_TEXT,     OF_INTERVALS},
	[COLUMN_CORRECTION]    = {"correction",    COLUMN_TRUTH,    OF_INTERVALS},
	[COLUMN_FINAL]         = {"final",         COLUMN_TRUTH,    OF_BOTH},
	[COLUMN_AT_LEAST]      = {"at_least",      COLUMN_STEPS,    OF_BOTH},
  /* clang-format on */
};

/* What stands in one column of a line. */
struct cell {
	const char *text; /* NULL with COLUMN_TEXT: none */
	int64_t number;   /* steps, permille, number, instant, truth, flags */
	bool is_null;
};

static struct cell text_cell(const char *text)
{
	return (struct cell){.text = text, .is_null = text == NULL};
}

static struct cell number_cell(int64_t number, bool is_known)
{
	return (struct cell){.number = number, .is_null = !is_known};
}

static struct cell cell_of(const struct export_line *line, enum column column)
{
	const struct interval_row *row = &line->row;
	const struct cell cells[COLUMN_COUNT] = {
		[COLUMN_METER] = text_cell(line->meter),
		[COLUMN_QUANTITY] = text_cell(quantity_info(line->quantity)->name),
		[COLUMN_UNIT] = text_cell(quantity_info(line->quantity)->unit),
		[COLUMN_START] = number_cell(row->start_wall_ms, true),
		[COLUMN_END] = number_cell(row->end_wall_ms, true),
		[COLUMN_VALUE] = number_cell(row->energy, interval_has_value(row)),
		[COLUMN_QUALITY] = text_cell(quality_name((enum quality)row->quality)),
		[COLUMN_METHOD] =
			text_cell(estimate_method_name((enum estimate_method)row->method)),
		[COLUMN_COVERAGE] = number_cell(line->coverage_permille, true),
		[COLUMN_ESTIMATED] = number_cell(line->estimated_permille, true),
		[COLUMN_FLAG_NAMES] = number_cell(row->flags, true),
		[COLUMN_REVISION] = number_cell(row->revision, true),
		[COLUMN_READING_START] = number_cell(row->reading_start, row->has_readings),
		[COLUMN_READING_END] = number_cell(row->reading_end, row->has_readings),
		[COLUMN_CLOCK] = text_cell(clock_state_name((enum clock_state)row->clock)),
		[COLUMN_CORRECTION] = number_cell(row->correction, true),
		[COLUMN_FINAL] = number_cell(line->is_final, true),
		[COLUMN_AT_LEAST] = number_cell(line->at_least, line->has_at_least),
	};
	return cells[column];
}

static bool is_shown(const struct export *export, enum column column)
{
	enum column_of of = columns[column].of;
	return of == OF_BOTH || (of == OF_HOURS) == export->hourly;
}

/* ---- CSV ---- */

static const struct export_format csv_formats[] = {
  /* clang-format off */
	/* name  separator  decimal point  local time */
	{"en",   ',',       '.',           false},
	{"nb",   ';',       ',',           true },
  /* clang-format on */
};

const struct export_format *export_csv_find(const char *name)
{
	for (size_t i = 0; i < sizeof csv_formats / sizeof csv_formats[0]; i++)
		if (strcmp(csv_formats[i].name, name) == 0)
			return &csv_formats[i];
	return NULL;
}

static void put_decimal(const struct export *export, int64_t steps, int8_t decimals)
{
	char text[DECIMAL_TEXT_MAX];
	decimal_print(text, steps, decimals);
	char *point = strchr(text, '.');
	if (point != NULL)
		*point = export->format->decimal_point;
	fputs(text, stdout);
}

/* "2018-10-28T02:15:00+02:00": the offset tells an hour that comes twice apart. */
static void put_instant(const struct export *export, int64_t wall_ms)
{
	char text[INSTANT_TEXT_MAX];
	int32_t offset_s = export->format->is_local_time
				   ? calendar_offset_s(&export->history.calendar, wall_ms)
				   : 0;
	size_t length = json_instant_print(text, wall_ms + offset_s * INT64_C(1000));
	int minutes = abs(offset_s) / 60;
	if (!export->format->is_local_time)
		fputs(text, stdout);
	else
		printf("%.*s%c%02d:%02d", (int)length - 1, text, offset_s < 0 ? '-' : '+',
			minutes / 60, minutes % 60);
}

/* Between quotes where the text holds what separates. */
static void put_text(const struct export *export, const char *text)
{
	if (strchr(text, export->format->separator) == NULL && strpbrk(text, "\"\r\n") == NULL) {
		fputs(text, stdout);
		return;
	}
	putchar('"');
	for (; *text != '\0'; text++) {
		if (*text == '"')
			putchar('"');
		putchar(*text);
	}
	putchar('"');
}

static void put_flags(uint32_t flags)
{
	const char *between = "";
	for (int i = 0; i < FLAG_COUNT; i++)
		if ((flags >> i & 1) != 0) {
			printf("%s%s", between, flag_name((enum flag)i));
			between = " ";
		}
}

static void put_cell(const struct export *export, const struct export_line *line, int column)
{
	const struct cell cell = cell_of(line, (enum column)column);
	if (cell.is_null)
		return;
	switch (columns[column].kind) {
	case COLUMN_TEXT:
		put_text(export, cell.text);
		break;
	case COLUMN_FLAGS:
		put_flags((uint32_t)cell.number);
		break;
	case COLUMN_STEPS:
		put_decimal(export, cell.number, quantity_info(line->quantity)->decimals);
		break;
	case COLUMN_PERMILLE:
		put_decimal(export, cell.number, 3);
		break;
	case COLUMN_NUMBER:
		printf("%lld", (long long)cell.number);
		break;
	case COLUMN_INSTANT:
		put_instant(export, cell.number);
		break;
	case COLUMN_TRUTH:
		fputs(cell.number != 0 ? "yes" : "no", stdout);
		break;
	}
}

void export_print_head(const struct export *export)
{
	bool is_first = true;
	for (int i = 0; export->format->name != NULL && i < COLUMN_COUNT; i++) {
		if (!is_shown(export, (enum column)i))
			continue;
		if (!is_first)
			putchar(export->format->separator);
		fputs(columns[i].name, stdout);
		is_first = false;
	}
	if (!is_first)
		putchar('\n');
}

static void print_csv(const struct export *export, const struct export_line *line)
{
	bool is_first = true;
	for (int i = 0; i < COLUMN_COUNT; i++) {
		if (!is_shown(export, (enum column)i))
			continue;
		if (!is_first)
			putchar(export->format->separator);
		put_cell(export, line, i);
		is_first = false;
	}
	putchar('\n');
}

/* ---- JSON lines ---- */

const struct export_format export_json_lines = {.decimal_point = '.'};

static void write_flags(struct json_writer *writer, uint32_t flags)
{
	json_writer_open_array(writer);
	for (int i = 0; i < FLAG_COUNT; i++)
		if ((flags >> i & 1) != 0)
			json_writer_string(writer, flag_name((enum flag)i));
	json_writer_close_array(writer);
}

static void write_cell(struct json_writer *writer, const struct export_line *line, int column)
{
	const struct cell cell = cell_of(line, (enum column)column);
	json_writer_key(writer, columns[column].name);
	if (cell.is_null) {
		json_writer_null(writer);
		return;
	}
	switch (columns[column].kind) {
	case COLUMN_TEXT:
		json_writer_string(writer, cell.text);
		break;
	case COLUMN_FLAGS:
		write_flags(writer, (uint32_t)cell.number);
		break;
	case COLUMN_STEPS:
		json_writer_decimal(writer, cell.number, quantity_info(line->quantity)->decimals);
		break;
	case COLUMN_PERMILLE:
		json_writer_decimal(writer, cell.number, 3);
		break;
	case COLUMN_NUMBER:
		json_writer_integer(writer, cell.number);
		break;
	case COLUMN_INSTANT:
		json_writer_instant(writer, cell.number);
		break;
	case COLUMN_TRUTH:
		json_writer_boolean(writer, cell.number != 0);
		break;
	}
}

static void print_json(const struct export *export, const struct export_line *line)
{
	char text[JSON_LINE_MAX];
	struct json_writer writer;
	json_writer_begin(&writer, (struct json_buffer){text, sizeof text});
	json_writer_open_object(&writer);
	for (int i = 0; i < COLUMN_COUNT; i++)
		if (is_shown(export, (enum column)i))
			write_cell(&writer, line, i);
	json_writer_close_object(&writer);
	json_writer_end(&writer);
	puts(text);
}

void export_print_line(const struct export *export, const struct export_line *line)
{
	if (export->format->name == NULL)
		print_json(export, line);
	else
		print_csv(export, line);
}
