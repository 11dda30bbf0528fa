/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verb_history.c -- `byport history`: energy by hour, day, week, month or year,
 * from the store, with or without a running gateway.
 */
#include <getopt.h>
#include <string.h>

#include "gateway/verbs/history.h"
#include "gateway/verbs/verb.h"

enum history_option {
	OPTION_CONFIG,
	OPTION_METER,
	OPTION_CARRIER,
	OPTION_USE,
	OPTION_GATEWAY,
	OPTION_BY,
	OPTION_FROM,
	OPTION_TO,
	OPTION_PEAKS,
	OPTION_JSON,
	OPTION_COUNT
};

/* clang-format off */
static const struct verb_option options[] = {
	[OPTION_CONFIG]  = {"config", "FILE", "the configuration: how meters hang together, and where the store is"},
	[OPTION_METER]   = {"meter", "ID", "one meter"},
	[OPTION_CARRIER] = {"carrier", "C", "a carrier's part of the stationary energy: electricity ..."},
	[OPTION_USE]     = {"use", "U", "the meters of one use: heating, lighting, mobile ..."},
	[OPTION_GATEWAY] = {"gateway", NULL, "all stationary energy (the default)"},
	[OPTION_BY]      = {"by", "SPAN", "hour, day (the default), week, month or year"},
	[OPTION_FROM]    = HISTORY_OPTION_FROM,
	[OPTION_TO]      = HISTORY_OPTION_TO,
	[OPTION_PEAKS]   = {"peaks", NULL, "the months' power peaks instead"},
	[OPTION_JSON]    = {"json", NULL, "JSON instead of a table"},
	[OPTION_COUNT]   = {0},
};
/* clang-format on */

static const struct verb_usage usage = {
	.name = "history",
	.synopsis = "[--config FILE] [--meter ID | --carrier C | --use U | --gateway]\n"
		    "       [--by SPAN] [--from DATE] [--to DATE] [--peaks] [--json] [DIRECTORY]",
	.help = "Shows energy by hour, day, week, month or year in the site's time zone, from the\n"
		"store in DIRECTORY, whether the gateway runs or not.\n"
		"Exit status: 0 shown, 1 no such meter, carrier or use, or errors in the file, 2 "
		"not\n"
		"understood, 3 no store to look into.",
	.options = options,
};

static bool find_span(const char *name, enum calendar_span *ret_span)
{
	for (int i = 0; i < SPAN_COUNT; i++)
		if (strcmp(calendar_span_name((enum calendar_span)i), name) == 0) {
			*ret_span = (enum calendar_span)i;
			return true;
		}
	return false;
}

/* False: the span is none. */
static bool take_option(struct history_choice *choice, int option, const char *argument)
{
	const char **const texts[OPTION_COUNT] = {
		[OPTION_CONFIG] = &choice->config,
		[OPTION_METER] = &choice->meter,
		[OPTION_CARRIER] = &choice->carrier,
		[OPTION_USE] = &choice->use,
		[OPTION_FROM] = &choice->from,
		[OPTION_TO] = &choice->to,
	};
	if (texts[option] != NULL)
		*texts[option] = argument;
	choice->gateway |= option == OPTION_GATEWAY;
	choice->peaks |= option == OPTION_PEAKS;
	choice->json |= option == OPTION_JSON;
	choice->has_by |= option == OPTION_BY;
	return option != OPTION_BY || find_span(argument, &choice->by);
}

static int show(const struct history_choice *choice)
{
	struct history history = {.verb = usage.name, .choice = *choice};
	int status = history_open(&history);
	if (status == VERB_OK)
		status = history_find_scope(&history);
	if (status == VERB_OK)
		status = history_find_spans(&history);
	if (status == VERB_OK && choice->peaks)
		status = history_print_peaks(&history);
	else if (status == VERB_OK) {
		status = history_count(&history);
		if (status == VERB_OK)
			status = history_print(&history);
	}
	history_close(&history);
	return status;
}

int verb_history(int argc, char **argv)
{
	struct history_choice choice = {.by = SPAN_DAY};
	const char *argument = NULL;
	int option;
	while ((option = verb_option_next(&usage, argc, argv, &argument)) >= 0)
		if (!take_option(&choice, option, argument))
			return verb_misused(&usage,
				"--by \"%s\"; allowed: hour, day, week, month, year", argument);
	if (option != VERB_OPTIONS_END)
		return verb_option_exit(option);
	if ((choice.meter != NULL) + (choice.carrier != NULL) + (choice.use != NULL) +
			choice.gateway >
		1)
		return verb_misused(
			&usage, "one of --meter, --carrier, --use and --gateway at a time");
	if (argc - optind > 1)
		return verb_misused(&usage, "`%s` is one word too many", argv[optind + 1]);
	choice.directory = optind < argc ? argv[optind] : NULL;
	return show(&choice);
}
