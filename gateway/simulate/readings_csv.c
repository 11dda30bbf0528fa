/* SPDX-License-Identifier: Apache-2.0 */
/*
 * readings_csv.c -- Reads the whole file at start: an hourly year is 140 KiB.
 */
#include "gateway/simulate/readings_csv.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/json_instant.h"

enum { FIELDS_MAX = 64, ROWS_MAX = 4000000 /* 15 minutes for a century */ };

struct readings_row {
	int64_t at_ms;
	int64_t readings[READINGS_COLUMNS_MAX];
};

struct readings {
	struct readings_row *rows;
	size_t count;
	size_t room;
	size_t columns_count;
	enum quantity quantities[READINGS_COLUMNS_MAX];
	bool interpolate;
};

/* One file while it is read. */
struct reader {
	const struct readings_settings *settings;
	struct readings *readings;
	char *reason;
	size_t line;
	size_t time_field;
	size_t fields[READINGS_COLUMNS_MAX];
};

__attribute__((format(printf, 2, 3))) static bool refuse(
	const struct reader *reader, const char *format, ...)
{
	va_list arguments;
	int used = snprintf(reader->reason, READINGS_REASON_MAX, "%s:%zu: ", reader->settings->path,
		reader->line);
	if (used < 0 || used >= READINGS_REASON_MAX)
		return false;
	va_start(arguments, format);
	vsnprintf(reader->reason + used, (size_t)(READINGS_REASON_MAX - used), format, arguments);
	va_end(arguments);
	return false;
}

bool decimal_parse(const char *text, int8_t decimals, int64_t *ret_steps)
{
	bool negative = *text == '-';
	const char *at = text + (negative ? 1 : 0);
	int64_t steps = 0;
	int fraction = -1; /* digits behind the point; -1: before it */
	bool any = false;
	for (; (*at >= '0' && *at <= '9') || (*at == '.' && fraction < 0); at++) {
		if (*at == '.') {
			fraction = 0;
			continue;
		}
		any = true;
		if (fraction >= decimals) {
			if (*at != '0')
				return false;
			continue;
		}
		if (__builtin_mul_overflow(steps, 10, &steps) ||
			__builtin_add_overflow(steps, *at - '0', &steps))
			return false;
		fraction += fraction >= 0;
	}
	for (int digits = fraction < 0 ? 0 : fraction; digits < decimals; digits++)
		if (__builtin_mul_overflow(steps, 10, &steps))
			return false;
	if (!any || *at != '\0')
		return false;
	*ret_steps = negative ? -steps : steps;
	return true;
}

/* Cuts a line at its commas, in place; quotes around a field and a line's end go. */
static size_t split(char *line, char *ret_fields[static FIELDS_MAX])
{
	size_t count = 0;
	line[strcspn(line, "\r\n")] = '\0';
	for (char *at = line; at != NULL && count < FIELDS_MAX;) {
		char *field = strsep(&at, ",");
		size_t length = strlen(field);
		if (length >= 2 && field[0] == '"' && field[length - 1] == '"') {
			field[length - 1] = '\0';
			field++;
		}
		ret_fields[count++] = field;
	}
	return count;
}

static bool find_field(const struct reader *reader, char *const *names, size_t count,
	const char *wanted, size_t *ret_field)
{
	char list[READINGS_REASON_MAX / 2] = "";
	for (size_t i = 0; i < count; i++) {
		if (strcmp(names[i], wanted) == 0) {
			*ret_field = i;
			return true;
		}
		size_t used = strlen(list);
		snprintf(list + used, sizeof(list) - used, "%s%s", i > 0 ? ", " : "", names[i]);
	}
	return refuse(reader, "no column `%s`; there are %s", wanted, list);
}

static bool read_head(struct reader *reader, char *line)
{
	char *names[FIELDS_MAX];
	const struct readings_settings *settings = reader->settings;
	if (strncmp(line, "\xef\xbb\xbf", 3) == 0)
		line += 3;
	size_t count = split(line, names);
	if (settings->time_column != NULL &&
		!find_field(reader, names, count, settings->time_column, &reader->time_field))
		return false;
	for (size_t i = 0; i < settings->columns_count; i++)
		if (!find_field(
			    reader, names, count, settings->columns[i].name, &reader->fields[i]))
			return false;
	return true;
}

static bool read_field(
	const struct reader *reader, const char *field, size_t column, struct readings_row *row)
{
	struct readings *readings = reader->readings;
	const struct quantity_info *info = quantity_info(readings->quantities[column]);
	if (*field == '\0' && readings->count > 0) {
		row->readings[column] = readings->rows[readings->count - 1].readings[column];
		return true;
	}
	if (!decimal_parse(field, info->decimals, &row->readings[column]))
		return refuse(reader,
			"`%.40s` in column `%s` is not a decimal number with at most %d decimals",
			field, reader->settings->columns[column].name, info->decimals);
	return true;
}

static bool keep_row(struct reader *reader, const struct readings_row *row)
{
	struct readings *readings = reader->readings;
	if (readings->count == ROWS_MAX)
		return refuse(reader, "more than %d readings", ROWS_MAX);
	if (readings->count == readings->room) {
		size_t room = readings->room == 0 ? 1024 : readings->room * 2;
		struct readings_row *rows = realloc(readings->rows, room * sizeof(*rows));
		if (rows == NULL)
			return refuse(reader, "out of memory");
		readings->rows = rows;
		readings->room = room;
	}
	readings->rows[readings->count++] = *row;
	return true;
}

static bool read_row(struct reader *reader, char *line)
{
	char *fields[FIELDS_MAX];
	struct readings_row row = {0};
	struct readings *readings = reader->readings;
	size_t count = split(line, fields);
	if (count == 1 && *fields[0] == '\0')
		return true;
	if (count <= reader->time_field ||
		!json_instant_parse(fields[reader->time_field], &row.at_ms))
		return refuse(reader, "`%.40s` is not an instant such as 2019-01-01T00:00:00Z",
			count > reader->time_field ? fields[reader->time_field] : "");
	if (readings->count > 0 && row.at_ms <= readings->rows[readings->count - 1].at_ms)
		return refuse(reader, "`%.40s` is not after the reading before it",
			fields[reader->time_field]);
	for (size_t i = 0; i < readings->columns_count; i++) {
		if (reader->fields[i] >= count)
			return refuse(reader, "%zu fields; column `%s` would be the %zuth", count,
				reader->settings->columns[i].name, reader->fields[i] + 1);
		if (!read_field(reader, fields[reader->fields[i]], i, &row))
			return false;
	}
	return keep_row(reader, &row);
}

/* A line that ends neither in a line's end nor in the file's: too long, or cut by a NUL. */
static bool is_whole_line(const struct reader *reader, const char *line, FILE *file)
{
	if (strchr(line, '\n') != NULL || feof(file))
		return true;
	if (strlen(line) < READINGS_LINE_MAX - 1)
		return refuse(reader, "a NUL byte; this is no text");
	return refuse(reader, "a line longer than %d bytes", READINGS_LINE_MAX - 2);
}

static bool read_lines(struct reader *reader, FILE *file)
{
	char line[READINGS_LINE_MAX];
	while (fgets(line, sizeof(line), file) != NULL) {
		reader->line++;
		if (!is_whole_line(reader, line, file))
			return false;
		if (reader->line == 1 ? !read_head(reader, line) : !read_row(reader, line))
			return false;
	}
	if (ferror(file))
		return refuse(reader, "%s", strerror(errno));
	if (reader->readings->count == 0)
		return refuse(reader, "no readings: a line of column names and a reading at least");
	return true;
}

bool readings_read(const struct readings_settings *settings, struct readings **ret_readings,
	char ret_reason[static READINGS_REASON_MAX])
{
	struct readings *readings = calloc(1, sizeof(*readings));
	FILE *file = fopen(settings->path, "re");
	struct reader reader = {.settings = settings, .readings = readings, .reason = ret_reason};
	if (file == NULL || readings == NULL) {
		snprintf(
			ret_reason, READINGS_REASON_MAX, "%s: %s", settings->path, strerror(errno));
		goto fail;
	}
	readings->columns_count = settings->columns_count;
	readings->interpolate = settings->interpolate;
	for (size_t i = 0; i < settings->columns_count; i++)
		readings->quantities[i] = settings->columns[i].quantity;
	if (!read_lines(&reader, file))
		goto fail;
	fclose(file);
	*ret_readings = readings;
	return true;
fail:
	if (file != NULL)
		fclose(file);
	readings_free(readings);
	return false;
}

struct readings *readings_free(struct readings *readings)
{
	if (readings != NULL)
		free(readings->rows);
	free(readings);
	return NULL;
}

int64_t readings_start_ms(const struct readings *readings)
{
	return readings->rows[0].at_ms;
}

int64_t readings_end_ms(const struct readings *readings)
{
	return readings->rows[readings->count - 1].at_ms;
}

/* The last row at or before an instant; the first one before the start. */
static size_t row_at(const struct readings *readings, int64_t at_ms)
{
	size_t low = 0;
	size_t high = readings->count;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (readings->rows[middle].at_ms <= at_ms)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static int64_t between(const struct readings_row *row, size_t column, int64_t at_ms)
{
	int64_t span = row[1].at_ms - row[0].at_ms;
	int64_t rise = row[1].readings[column] - row[0].readings[column];
	int64_t past = at_ms - row[0].at_ms;
	/* In 128 bits a year of milliseconds times a lifetime of energy fits. */
	__extension__ typedef __int128 wide;
	return row[0].readings[column] + (int64_t)((wide)rise * past / span);
}

bool readings_at(const struct readings *readings, enum quantity quantity, int64_t at_ms,
	int64_t *ret_reading)
{
	for (size_t i = 0; i < readings->columns_count; i++) {
		if (readings->quantities[i] != quantity)
			continue;
		size_t at = row_at(readings, at_ms);
		bool inside = at_ms > readings->rows[at].at_ms && at + 1 < readings->count;
		*ret_reading = readings->interpolate && inside
				       ? between(&readings->rows[at], i, at_ms)
				       : readings->rows[at].readings[i];
		return true;
	}
	return false;
}
