/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verb_options.c -- A verb's options, read and explained from one table.
 */
#include <assert.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/verbs/verb.h"

enum { HELP_COLUMN = 26 }; /* where the sentences of --help begin */

static size_t options_count(const struct verb_usage *usage)
{
	size_t count = 0;
	while (usage->options[count].name != NULL)
		count++;
	assert(count <= VERB_OPTIONS_MAX);
	return count;
}

void verb_print_usage(const struct verb_usage *usage, FILE *stream)
{
	fprintf(stream, "usage: byport %s %s\n\n%s\n\n", usage->name, usage->synopsis, usage->help);
	for (size_t i = 0; i < options_count(usage); i++) {
		const struct verb_option *option = &usage->options[i];
		int width = fprintf(stream, "  --%s%s%s", option->name,
			option->argument != NULL ? " " : "",
			option->argument != NULL ? option->argument : "");
		if (width >= HELP_COLUMN)
			width = fprintf(stream, "\n") - 1;
		fprintf(stream, "%*s%s\n", HELP_COLUMN - width, "", option->help);
	}
	fprintf(stream, "  %-*sthis text\n", HELP_COLUMN - 2, "--help");
}

int verb_misused(const struct verb_usage *usage, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fprintf(stderr, "byport %s: ", usage->name);
	vfprintf(stderr, format, arguments);
	fprintf(stderr, "\n`byport %s --help` lists what it takes.\n", usage->name);
	va_end(arguments);
	return VERB_USAGE;
}

int verb_option_next(
	const struct verb_usage *usage, int argc, char **argv, const char **ret_argument)
{
	struct option options[VERB_OPTIONS_MAX + 2] = {0};
	size_t count = options_count(usage);
	for (size_t i = 0; i < count; i++)
		options[i] = (struct option){.name = usage->options[i].name,
			.has_arg = usage->options[i].argument != NULL ? required_argument
								      : no_argument,
			.val = (int)i};
	options[count] =
		(struct option){.name = "help", .has_arg = no_argument, .val = VERB_OPTIONS_MAX};

	int at = optind;
	opterr = 0;
	int found = getopt_long(argc, argv, ":", options, NULL);
	if (found == -1)
		return VERB_OPTIONS_END;
	if (found == VERB_OPTIONS_MAX) {
		verb_print_usage(usage, stdout);
		return VERB_OPTIONS_HELP;
	}
	if (found == ':')
		verb_misused(usage, "`%s` needs a %s behind it", argv[optind - 1],
			optopt >= 0 && (size_t)optopt < count ? usage->options[optopt].argument
							      : "value");
	else if (found == '?')
		verb_misused(usage, "`%s` is no option of this verb, or not written like this",
			argv[optind > at ? optind - 1 : at]);
	if (found == ':' || found == '?')
		return VERB_OPTIONS_BAD;
	*ret_argument = optarg;
	return found;
}

int verb_option_exit(int option)
{
	return option == VERB_OPTIONS_HELP ? VERB_OK : VERB_USAGE;
}

bool verb_number(const char *text, long max, long *ret_number)
{
	char *end;
	long number = strtol(text, &end, 10);
	if (*text == '\0' || *end != '\0' || number < 1 || number > max)
		return false;
	*ret_number = number;
	return true;
}
