/* SPDX-License-Identifier: Apache-2.0 */
/* settings_print.c -- The table of settings for people: `--help-config`, and the annotated
 * example. */
#include <string.h>

#include "config/setting_value.h"
#include "config/settings.h"

enum { HELP_COLUMNS = 78 };

/* Words of one text, wrapped, each line behind `indent`. */
static void print_wrapped(FILE *stream, const char *indent, const char *text)
{
	size_t column = 0;

	while (*text) {
		size_t word = strcspn(text, " ");
		if (column > 0 && strlen(indent) + column + 1 + word > HELP_COLUMNS) {
			fputc('\n', stream);
			column = 0;
		}
		fprintf(stream, "%s%.*s", column == 0 ? indent : " ", (int)word, text);
		column += word + (column > 0);
		text += word;
		text += strspn(text, " ");
	}
	fputc('\n', stream);
}

static void print_help_row(FILE *stream, const struct setting *setting)
{
	char allowed[SETTING_ALLOWED_MAX];
	char line[SETTING_ALLOWED_MAX + 128];

	setting_allowed(setting, allowed);
	fprintf(stream, "  %s%s\n", setting->key, setting->required ? "  (required)" : "");
	print_wrapped(stream, "      ", setting->help);
	snprintf(line, sizeof(line), "Allowed: %s.%s%s%s", allowed,
		setting->fallback ? " Default: " : "", setting->fallback ? setting->fallback : "",
		setting->fallback ? "." : "");
	print_wrapped(stream, "      ", line);
}

void settings_print_help(FILE *stream)
{
	for (size_t i = 0; i < SECTION_COUNT; i++) {
		const struct setting_section_info *info =
			setting_section_info((enum setting_section)i);
		fprintf(stream, "%s%s:%s\n", i ? "\n" : "", info->key,
			info->list ? "  (a list)" : "");
		print_wrapped(stream, "  ", info->help);
		for (size_t k = 0; k < settings_count; k++) {
			if (settings[k].section == i) {
				print_help_row(stream, &settings[k]);
			}
		}
	}
}

/* The sentence as a comment, then the setting; a comment too where it is not shown. */
static void print_example_row(FILE *stream, const struct setting *setting, bool first_of_entry)
{
	const bool list = setting_section_info(setting->section)->list;
	const char *lead = !list ? "  " : first_of_entry ? "  - " : "    ";

	print_wrapped(stream, list ? "    # " : "  # ", setting->help);
	if (setting->shown) {
		fprintf(stream, "%s%s: %s\n", lead, setting->key, setting->example);
	} else {
		fprintf(stream, "%s# %s: %s\n", lead, setting->key,
			setting->fallback ? setting->fallback : setting->example);
	}
}

void settings_print_example(FILE *stream)
{
	fputs("# A whole configuration of a byport gateway. A setting behind '#' shows its\n"
	      "# default, or an example where there is none. `byport check FILE` checks it,\n"
	      "# `byport check --help-config` tells all bounds.\n",
		stream);
	for (size_t i = 0; i < SECTION_COUNT; i++) {
		const struct setting_section_info *info =
			setting_section_info((enum setting_section)i);
		bool first = true;
		fputc('\n', stream);
		print_wrapped(stream, "# ", info->help);
		fprintf(stream, "%s:\n", info->key);
		for (size_t k = 0; k < settings_count; k++) {
			if (settings[k].section == i) {
				print_example_row(stream, &settings[k], first);
				first = false;
			}
		}
	}
}
