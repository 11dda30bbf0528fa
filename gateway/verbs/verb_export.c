/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verb_export.c -- `byport export`: the store's intervals for a spreadsheet or
 * a script, with or without a running gateway.
 */
#include <getopt.h>
#include <stdio.h>

#include "gateway/verbs/export.h"
#include "gateway/verbs/verb.h"

enum export_option {
	OPTION_CONFIG,
	OPTION_METER,
	OPTION_QUANTITY,
	OPTION_FROM,
	OPTION_TO,
	OPTION_HOURLY,
	OPTION_FINAL,
	OPTION_CSV,
	OPTION_JSON,
	OPTION_COUNT
};

/* clang-format off */
static const struct verb_option options[] = {
	[OPTION_CONFIG]   = {"config", "FILE", "the configuration: time zone, and where the store is"},
	[OPTION_METER]    = {"meter", "ID", "one meter"},
	[OPTION_QUANTITY] = {"quantity", "Q", "one quantity: active_energy_import, heat_energy ..."},
	[OPTION_FROM]     = HISTORY_OPTION_FROM,
	[OPTION_TO]       = HISTORY_OPTION_TO,
	[OPTION_HOURLY]   = {"hourly", NULL, "a line for each local hour"},
	[OPTION_FINAL]    = {"final", NULL, "only what is final"},
	[OPTION_CSV]      = {"csv", "KIND", "en (the default): comma, decimal point, UTC; nb: semicolon, decimal comma, local time"},
	[OPTION_JSON]     = {"json", NULL, "JSON lines: an object on each"},
	[OPTION_COUNT]    = {0},
};
/* clang-format on */

static const struct verb_usage usage = {
	.name = "export",
	.synopsis = "[--config FILE] [--meter ID] [--quantity Q] [--from DATE] [--to DATE]\n"
		    "       [--hourly] [--final] [--csv KIND | --json] [DIRECTORY]",
	.help = "Writes the intervals of the store in DIRECTORY to standard output, each once, as\n"
		"its newest revision says, whether the gateway runs or not.\n"
		"Exit status: 0 written, 1 no such meter or quantity, or errors in the file, 2 "
		"not\n"
		"understood, 3 no store to look into, or not all could be written.",
	.options = options,
};

/* A verb_exit; said what is wrong. */
static int take_option(struct export *export, int option, const char *argument)
{
	struct history_choice *choice = &export->history.choice;
	const char **const texts[OPTION_COUNT] = {
		[OPTION_CONFIG] = &choice->config,
		[OPTION_METER] = &choice->meter,
		[OPTION_FROM] = &choice->from,
		[OPTION_TO] = &choice->to,
	};
	if (texts[option] != NULL)
		*texts[option] = argument;
	export->hourly |= option == OPTION_HOURLY;
	export->final_only |= option == OPTION_FINAL;
	choice->json |= option == OPTION_JSON;
	export->has_quantity |= option == OPTION_QUANTITY;
	if (option == OPTION_QUANTITY &&
		(!quantity_find(argument, &export->quantity) ||
			quantity_info(export->quantity)->kind != QUANTITY_COUNTER))
		return verb_misused(&usage,
			"--quantity \"%s\" is nothing that is counted; allowed: "
			"active_energy_import, heat_energy, volume ...",
			argument);
	if (option == OPTION_CSV && (export->format = export_csv_find(argument)) == NULL)
		return verb_misused(&usage, "--csv \"%s\"; allowed: en, nb", argument);
	return VERB_OK;
}

static int write_out(struct export *export)
{
	int status = history_open(&export->history);
	if (status == VERB_OK)
		status = export_rows(export);
	if (status == VERB_OK && (fflush(stdout) != 0 || ferror(stdout))) {
		history_say(&export->history, "not all of it could be written\n");
		status = VERB_UNAVAILABLE;
	}
	history_close(&export->history);
	return status;
}

int verb_export(int argc, char **argv)
{
	struct export export = {.history = {.verb = usage.name}};
	const char *argument = NULL;
	int option;
	while ((option = verb_option_next(&usage, argc, argv, &argument)) >= 0) {
		int status = take_option(&export, option, argument);
		if (status != VERB_OK)
			return status;
	}
	if (option != VERB_OPTIONS_END)
		return verb_option_exit(option);
	if (export.format != NULL && export.history.choice.json)
		return verb_misused(&usage, "one of --csv and --json at a time");
	if (argc - optind > 1)
		return verb_misused(&usage, "`%s` is one word too many", argv[optind + 1]);
	if (export.format == NULL)
		export.format =
			export.history.choice.json ? &export_json_lines : export_csv_find("en");
	export.history.choice.directory = optind < argc ? argv[optind] : NULL;
	return write_out(&export);
}
