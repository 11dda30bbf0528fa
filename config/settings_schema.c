/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings_schema.c -- The table of settings as JSON Schema, draft 2020-12,
 * over the values an editor makes of the YAML (1.2, core schema: `12` is a
 * number, `yes` is text). Forms, bounds of numbers and lengths are in it;
 * bounds of durations and what settings demand of each other are not.
 */
#include <string.h>

#include "config/setting_value.h"
#include "config/settings.h"

static void print_text(FILE *stream, const char *text)
{
	fputc('"', stream);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\') {
			fputc('\\', stream);
		}
		fputc(*text, stream);
	}
	fputc('"', stream);
}

static void print_lengths(FILE *stream, const struct setting *setting)
{
	fprintf(stream, "\"minLength\": %lld, \"maxLength\": %lld", (long long)setting->min,
		(long long)setting->max);
}

static void print_pattern(FILE *stream, const struct setting *setting)
{
	fputs("\"type\": \"string\", \"pattern\": ", stream);
	print_text(stream, setting_type_info(setting->type)->pattern);
}

static void print_patterned_text(FILE *stream, const struct setting *setting)
{
	print_pattern(stream, setting);
	fputs(", ", stream);
	print_lengths(stream, setting);
}

/* `id: 12` is a number to an editor, `id: true` a boolean, and both are fine names to us. */
static void print_slug(FILE *stream, const struct setting *setting)
{
	fputs("\"anyOf\": [{", stream);
	print_patterned_text(stream, setting);
	fputs("}, {\"type\": [\"integer\", \"boolean\"], \"minimum\": 0}]", stream);
}

static void print_host(FILE *stream, const struct setting *setting)
{
	fputs("\"anyOf\": [{", stream);
	print_patterned_text(stream, setting);
	fputs("}, {\"type\": [\"number\", \"boolean\"], \"minimum\": 0}]", stream);
}

static void print_any_text(FILE *stream, const struct setting *setting)
{
	fputs("\"type\": [\"string\", \"number\", \"boolean\"], ", stream);
	print_lengths(stream, setting);
}

static void print_choices(FILE *stream, const struct setting *setting)
{
	const bool quoted = setting->type != SETTING_INTEGER;

	fputs("\"enum\": [", stream);
	for (const char *const *choice = setting->choices; *choice; choice++) {
		fprintf(stream, quoted ? "%s\"%s\"" : "%s%s",
			choice == setting->choices ? "" : ", ", *choice);
	}
	fputc(']', stream);
}

static void print_integer(FILE *stream, const struct setting *setting)
{
	if (setting->choices) {
		print_choices(stream, setting);
		return;
	}
	fprintf(stream, "\"type\": \"integer\", \"minimum\": %lld, \"maximum\": %lld",
		(long long)setting->min, (long long)setting->max);
}

static void print_yes_no(FILE *stream, const struct setting *setting)
{
	(void)setting;
	fputs("\"enum\": [\"yes\", \"no\", \"true\", \"false\", true, false]", stream);
}

static void print_list(FILE *stream, const struct setting *setting)
{
	fprintf(stream,
		"\"type\": \"array\", \"minItems\": %lld, \"maxItems\": %lld, \"uniqueItems\": "
		"true, \"items\": {",
		(long long)setting->min, (long long)setting->max);
	if (setting->choices) {
		print_choices(stream, setting);
	} else {
		fputs("\"type\": \"string\", \"minLength\": 1, \"maxLength\": 200", stream);
	}
	fputc('}', stream);
}

static void print_labels(FILE *stream, const struct setting *setting)
{
	fprintf(stream,
		"\"type\": \"object\", \"minProperties\": %lld, \"maxProperties\": %lld, "
		"\"additionalProperties\": {\"type\": [\"string\", \"number\", \"boolean\"], "
		"\"minLength\": 1, \"maxLength\": 200}",
		(long long)setting->min, (long long)setting->max);
}

typedef void print_fn(FILE *stream, const struct setting *setting);

/* clang-format off */
static print_fn *const printers[SETTING_TYPE_COUNT] = {
	[SETTING_SLUG]      = print_slug,
	[SETTING_TEXT]      = print_any_text,
	[SETTING_PATH]      = print_any_text,
	[SETTING_DEVICE]    = print_patterned_text,
	[SETTING_INTEGER]   = print_integer,
	[SETTING_DURATION]  = print_pattern,
	[SETTING_SIZE]      = print_pattern,
	[SETTING_CURRENT]   = print_pattern,
	[SETTING_RATIO]     = print_pattern,
	[SETTING_INSTANT]   = print_pattern,
	[SETTING_YES_NO]    = print_yes_no,
	[SETTING_CHOICE]    = print_choices,
	[SETTING_HOST]      = print_host,
	[SETTING_HOST_PORT] = print_host,
	[SETTING_LIST]      = print_list,
	[SETTING_LABELS]    = print_labels,
};
/* clang-format on */

static void print_row(FILE *stream, const struct setting *setting)
{
	fprintf(stream, "\n        \"%s\": {", setting->key);
	printers[setting->type](stream, setting);
	fputs(",\n          \"description\": ", stream);
	print_text(stream, setting->help);
	if (setting->fallback && setting->type != SETTING_INTEGER) {
		fputs(", \"default\": ", stream);
		print_text(stream, setting->fallback);
	} else if (setting->fallback) {
		fprintf(stream, ", \"default\": %s", setting->fallback);
	}
	fputc('}', stream);
}

static void print_required(FILE *stream, enum setting_section section)
{
	bool first = true;

	fputs("\n      \"required\": [", stream);
	for (size_t i = 0; i < settings_count; i++) {
		if (settings[i].section == section && settings[i].required) {
			fprintf(stream, "%s\"%s\"", first ? "" : ", ", settings[i].key);
			first = false;
		}
	}
	fputs("],", stream);
}

/* A meter may hold its model's own option besides. */
static void print_additional(FILE *stream, enum setting_section section)
{
	fputs("\n      \"additionalProperties\": ", stream);
	fputs(section == SECTION_METER
			? "{\"type\": [\"string\", \"number\", \"boolean\"], \"minLength\": 1}"
			: "false",
		stream);
	if (section == SECTION_BUS) {
		fputs(",\n      \"oneOf\": [{\"required\": [\"port\"]}, {\"required\": [\"tcp\"]}, "
		      "{\"required\": [\"rtu_over_tcp\"]}]",
			stream);
	}
}

static void print_section(FILE *stream, enum setting_section section)
{
	const struct setting_section_info *info = setting_section_info(section);
	bool first = true;

	fprintf(stream, "\n    \"%s\": {\"description\": ", info->key);
	print_text(stream, info->help);
	fputs(",", stream);
	if (info->list) {
		fprintf(stream,
			"\n      \"type\": \"array\", \"minItems\": 1, \"maxItems\": %lld, "
			"\"items\": {",
			(long long)info->max);
	}
	fputs("\n      \"type\": \"object\",", stream);
	print_required(stream, section);
	fputs("\n      \"properties\": {", stream);
	for (size_t i = 0; i < settings_count; i++) {
		if (settings[i].section == section) {
			fputs(first ? "" : ",", stream);
			print_row(stream, &settings[i]);
			first = false;
		}
	}
	fputs("\n      },", stream);
	print_additional(stream, section);
	fputs(info->list ? "}}" : "}", stream);
}

void settings_print_schema(FILE *stream)
{
	bool first = true;

	fputs("{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
	      "  \"title\": \"byport configuration\",\n  \"type\": \"object\",\n  \"required\": [",
		stream);
	for (size_t i = 0; i < SECTION_COUNT; i++) {
		const struct setting_section_info *info =
			setting_section_info((enum setting_section)i);
		if (info->required) {
			fprintf(stream, "%s\"%s\"", first ? "" : ", ", info->key);
			first = false;
		}
	}
	fputs("],\n  \"additionalProperties\": false,\n  \"properties\": {", stream);
	for (size_t i = 0; i < SECTION_COUNT; i++) {
		fputs(i ? "," : "", stream);
		print_section(stream, (enum setting_section)i);
	}
	fputs("\n  }\n}\n", stream);
}
