/* SPDX-License-Identifier: Apache-2.0 */
/*
 * terminal.c -- Tables for people.
 */
#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "gateway/terminal.h"

enum {
	COLUMNS_MIN = 40,
	COLUMNS_USUAL = 80,
	COLUMN_GAP = 2,
	CELL_BYTES_MAX = 256,
};

static const char *const tints[TINT_COUNT] = {
	[TINT_PLAIN] = "",
	[TINT_GOOD] = "\033[32m",
	[TINT_WARN] = "\033[33m",
	[TINT_BAD] = "\033[31m",
	[TINT_DIM] = "\033[2m",
	[TINT_BOLD] = "\033[1m",
};

struct cell {
	char *text;
	enum tint tint;
};

struct table {
	const struct table_column *columns;
	size_t columns_count;
	struct cell *cells;
	size_t cells_count;
	size_t cells_room;
};

struct terminal terminal_of(FILE *stream)
{
	struct terminal terminal = {.columns = COLUMNS_USUAL};
	struct winsize size;
	int fd = fileno(stream);
	terminal.interactive = fd >= 0 && isatty(fd) == 1;
	terminal.colour = terminal.interactive && getenv("NO_COLOR") == NULL;
	if (terminal.interactive && ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		terminal.columns = size.ws_col < COLUMNS_MIN ? COLUMNS_MIN : size.ws_col;
	return terminal;
}

struct table *table_new(const struct table_column *columns, size_t columns_count)
{
	assert(columns_count > 0 && columns_count <= TABLE_COLUMNS_MAX);
	struct table *table = calloc(1, sizeof *table);
	if (table == NULL)
		return NULL;
	table->columns = columns;
	table->columns_count = columns_count;
	return table;
}

struct table *table_free(struct table *table)
{
	if (table == NULL)
		return NULL;
	for (size_t i = 0; i < table->cells_count; i++)
		free(table->cells[i].text);
	free(table->cells);
	free(table);
	return NULL;
}

static bool grow(struct table *table)
{
	if (table->cells_count < table->cells_room)
		return true;
	size_t room = table->cells_room == 0 ? 64 : 2 * table->cells_room;
	struct cell *cells = realloc(table->cells, room * sizeof *cells);
	if (cells == NULL)
		return false;
	table->cells = cells;
	table->cells_room = room;
	return true;
}

/* C0 and DEL; and C1, two bytes of UTF-8, of which U+009B begins what ESC [ does. */
static void replace_controls(char *text)
{
	for (unsigned char *at = (unsigned char *)text; *at != '\0'; at++) {
		if (*at < ' ' || *at == 0x7f)
			*at = '?';
		if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0)
			at[0] = at[1] = '?';
	}
}

void table_cell(struct table *table, enum tint tint, const char *format, ...)
{
	if (table == NULL || !grow(table))
		return;
	char text[CELL_BYTES_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	replace_controls(text);
	table->cells[table->cells_count++] = (struct cell){.text = strdup(text), .tint = tint};
}

static bool begins_character(char byte)
{
	return ((unsigned char)byte & 0xc0) != 0x80;
}

/* Characters of UTF-8 text; each is taken to be one column wide. */
static size_t width_of(const char *text)
{
	size_t width = 0;
	for (; text != NULL && *text != '\0'; text++)
		width += begins_character(*text);
	return width;
}

/* At most `room` characters of a text; returns how many. */
static size_t put_text(const char *text, size_t room, FILE *stream)
{
	size_t width = 0;
	for (; text != NULL && *text != '\0'; text++) {
		if (begins_character(*text) && width++ == room)
			return room;
		fputc(*text, stream);
	}
	return width;
}

/* A line on its way out. */
struct line {
	const struct terminal *terminal;
	FILE *stream;
	size_t at; /* columns it has so far */
};

static void put_cell(struct line *line, const struct cell *cell, bool right, size_t width)
{
	size_t own = width_of(cell->text);
	size_t before = right && own < width ? width - own : 0;
	if (line->at + before >= line->terminal->columns)
		return;
	bool tinted = line->terminal->colour && cell->tint != TINT_PLAIN;
	fprintf(line->stream, "%*s%s", (int)before, "", tinted ? tints[cell->tint] : "");
	line->at += before;
	line->at += put_text(cell->text, line->terminal->columns - line->at, line->stream);
	if (tinted)
		fputs("\033[0m", line->stream);
}

static void put_line(
	const struct table *table, const struct cell *cells, const size_t *widths, struct line line)
{
	size_t column_start = 0;
	for (size_t i = 0; i < table->columns_count; i++) {
		if (column_start >= line.terminal->columns)
			break;
		if (cells[i].text != NULL && cells[i].text[0] != '\0') {
			fprintf(line.stream, "%*s", (int)(column_start - line.at), "");
			line.at = column_start;
			put_cell(&line, &cells[i], table->columns[i].right, widths[i]);
		}
		column_start += widths[i] + COLUMN_GAP;
	}
	fputc('\n', line.stream);
}

static bool has_titles(const struct table *table)
{
	for (size_t i = 0; i < table->columns_count; i++)
		if (table->columns[i].title[0] != '\0')
			return true;
	return false;
}

/* Of each column, and of all with the gaps between. */
static size_t measure(const struct table *table, size_t ret_widths[static TABLE_COLUMNS_MAX])
{
	size_t all = 0;
	for (size_t i = 0; i < table->columns_count; i++)
		ret_widths[i] = width_of(table->columns[i].title);
	for (size_t i = 0; i < table->cells_count; i++) {
		size_t width = width_of(table->cells[i].text);
		if (width > ret_widths[i % table->columns_count])
			ret_widths[i % table->columns_count] = width;
	}
	for (size_t i = 0; i < table->columns_count; i++)
		all += ret_widths[i] + (i > 0 ? COLUMN_GAP : 0);
	return all;
}

size_t table_width(const struct table *table)
{
	size_t widths[TABLE_COLUMNS_MAX];
	return table != NULL ? measure(table, widths) : 0;
}

void table_print(const struct table *table, const struct terminal *terminal, FILE *stream)
{
	if (table == NULL)
		return;
	size_t widths[TABLE_COLUMNS_MAX] = {0};
	struct cell titles[TABLE_COLUMNS_MAX] = {0};
	for (size_t i = 0; i < table->columns_count; i++) {
		char *title = strdup(table->columns[i].title);
		titles[i] = (struct cell){.text = title, .tint = TINT_BOLD};
	}
	measure(table, widths);
	struct line line = {.terminal = terminal, .stream = stream};
	if (has_titles(table))
		put_line(table, titles, widths, line);
	for (size_t i = 0; i + table->columns_count <= table->cells_count;
		i += table->columns_count)
		put_line(table, &table->cells[i], widths, line);
	for (size_t i = 0; i < table->columns_count; i++)
		free(titles[i].text);
}

const char *terminal_unit(const char *unit)
{
	return strcmp(unit, "1") == 0 ? "" : unit;
}

void age_print(char buffer[static 16], double age_s)
{
	if (age_s < 0)
		age_s = 0;
	if (age_s < 10)
		snprintf(buffer, 16, "%.1f s", age_s);
	else if (age_s < 120)
		snprintf(buffer, 16, "%.0f s", age_s);
	else if (age_s < 7200)
		snprintf(buffer, 16, "%.0f min", age_s / 60);
	else if (age_s < 172800)
		snprintf(buffer, 16, "%.0f h", age_s / 3600);
	else
		snprintf(buffer, 16, "%.0f d", age_s / 86400);
}
