/* SPDX-License-Identifier: Apache-2.0 */
/* diagnostics.c -- diagnostics.h as an array that doubles. */
#include "config/diagnostics.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char *const severity_name[] = {
	[DIAGNOSTIC_ERROR] = "error",
	[DIAGNOSTIC_WARNING] = "warning",
};

static const char *const severity_colour[] = {
	[DIAGNOSTIC_ERROR] = "\033[1;31m",
	[DIAGNOSTIC_WARNING] = "\033[1;33m",
};

const char *diagnostic_severity_name(enum diagnostic_severity severity)
{
	return severity_name[severity];
}

/* Room for one more; NULL when there is none. */
static struct diagnostic *add_item(struct diagnostics *diagnostics)
{
	if (diagnostics->count >= DIAGNOSTICS_MAX) {
		return NULL;
	}
	/* Full at every power of two: the array doubles there. */
	if ((diagnostics->count & (diagnostics->count - 1)) == 0) {
		size_t room = diagnostics->count ? 2 * diagnostics->count : 1;
		struct diagnostic *items = reallocarray(diagnostics->items, room, sizeof(*items));
		if (!items) {
			return NULL;
		}
		diagnostics->items = items;
	}
	return &diagnostics->items[diagnostics->count++];
}

void diagnostics_add(struct diagnostics *diagnostics, enum diagnostic_severity severity,
	const char *file, struct file_position at, const char *format, ...)
{
	if (severity == DIAGNOSTIC_ERROR) {
		diagnostics->errors++;
	} else {
		diagnostics->warnings++;
	}
	struct diagnostic *item = add_item(diagnostics);
	if (!item) {
		return;
	}
	va_list arguments;
	va_start(arguments, format);
	char *message = NULL;
	if (vasprintf(&message, format, arguments) < 0) {
		message = NULL;
	}
	va_end(arguments);
	*item = (struct diagnostic){severity, strdup(file), at, message};
}

/* True when two entries of one file stand in the wrong order. */
static bool out_of_order(const struct diagnostic *a, const struct diagnostic *b)
{
	if (!a->file || !b->file || strcmp(a->file, b->file) != 0) {
		return false;
	}
	return a->at.line != b->at.line ? a->at.line > b->at.line : a->at.column > b->at.column;
}

void diagnostics_sort(struct diagnostics *diagnostics)
{
	struct diagnostic *items = diagnostics->items;

	for (size_t i = 1; i < diagnostics->count; i++) {
		for (size_t k = i; k > 0 && out_of_order(&items[k - 1], &items[k]); k--) {
			struct diagnostic moved = items[k];
			items[k] = items[k - 1];
			items[k - 1] = moved;
		}
	}
}

static const char *or_unknown(const char *text)
{
	return text ? text : "(memory is out)";
}

static void print_item(const struct diagnostic *item, FILE *stream, bool colour)
{
	fputs(or_unknown(item->file), stream);
	if (item->at.line > 0) {
		fprintf(stream, ":%d", item->at.line);
	}
	if (item->at.line > 0 && item->at.column > 0) {
		fprintf(stream, ":%d", item->at.column);
	}
	fprintf(stream, ": %s%s:%s %s\n", colour ? severity_colour[item->severity] : "",
		severity_name[item->severity], colour ? "\033[0m" : "", or_unknown(item->message));
}

void diagnostics_print(const struct diagnostics *diagnostics, FILE *stream, bool colour)
{
	for (size_t i = 0; i < diagnostics->count; i++) {
		print_item(&diagnostics->items[i], stream, colour);
	}
	size_t reported = diagnostics->errors + diagnostics->warnings;
	if (reported > diagnostics->count) {
		fprintf(stream, "... and %zu more\n", reported - diagnostics->count);
	}
}

void diagnostics_clear(struct diagnostics *diagnostics)
{
	for (size_t i = 0; i < diagnostics->count; i++) {
		free(diagnostics->items[i].file);
		free(diagnostics->items[i].message);
	}
	free(diagnostics->items);
	*diagnostics = (struct diagnostics){0};
}
