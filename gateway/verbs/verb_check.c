/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verb_check.c -- `byport check`: are these files right, and what will come of
 * them. Errors go to stderr, one a line, as file:line:column.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/settings.h"
#include "config/site_compare.h"
#include "gateway/broker_settings.h"
#include "gateway/verbs/check_report.h"
#include "gateway/verbs/verb.h"

enum check_option {
	OPTION_JSON,
	OPTION_NETWORK,
	OPTION_PREVIOUS,
	OPTION_HELP_CONFIG,
	OPTION_EXAMPLE,
	OPTION_SCHEMA,
	OPTION_COUNT
};

enum { FILE_COLUMNS = 400 };

/* clang-format off */
static const struct verb_option options[] = {
	[OPTION_JSON]        = {"json", NULL, "one JSON object instead of tables"},
	[OPTION_NETWORK]     = {"network", NULL, "the sheet a network department needs"},
	[OPTION_PREVIOUS]    = {"previous", "FILE", "warn of ids that differ from this earlier configuration"},
	[OPTION_HELP_CONFIG] = {"help-config", NULL, "every setting, its bounds and its default"},
	[OPTION_EXAMPLE]     = {"example", NULL, "a whole configuration, annotated"},
	[OPTION_SCHEMA]      = {"schema", NULL, "the configuration's JSON Schema, for editors"},
	[OPTION_COUNT]       = {0},
};
/* clang-format on */

static const struct verb_usage usage = {
	.name = "check",
	.synopsis = "[--json] [--network] [--previous FILE] FILE...",
	.help = "Checks configurations, each by itself and against each other, and prints the "
		"plan:\n"
		"requests and load of each line, and megabytes a month at the broker.\n"
		"Exit status: 0 all right, 1 errors in the files, 2 not understood.",
	.options = options,
};

struct check_choice {
	bool json;
	bool network;
	const char *previous;
};

static void (*const printers[OPTION_COUNT])(FILE *) = {
	[OPTION_HELP_CONFIG] = settings_print_help,
	[OPTION_EXAMPLE] = settings_print_example,
	[OPTION_SCHEMA] = settings_print_schema,
};

static bool same_gateway(const struct site_config *a, const struct site_config *b)
{
	return strcmp(a->city, b->city) == 0 && strcmp(a->site, b->site) == 0 &&
	       strcmp(a->gateway, b->gateway) == 0;
}

/* What this board ran last, where it left a copy; errors in it are not this file's. */
static void compare_with_last_run(const struct site_config *config, struct diagnostics *diagnostics)
{
	struct diagnostics aside = {0};
	struct site_config *last = NULL;
	char path[PATH_MAX];

	int length = snprintf(path, sizeof(path), "%s/configuration.yaml", config->data_directory);
	if (length > 0 && (size_t)length < sizeof(path) && access(path, R_OK) == 0 &&
		site_config_read(path, &aside, &last)) {
		if (same_gateway(last, config)) {
			site_warn_changed_ids(last, config, diagnostics);
		}
		site_config_free(last);
	}
	diagnostics_clear(&aside);
}

static void compare_with_previous(
	const struct site_config *config, const char *previous, struct diagnostics *diagnostics)
{
	struct site_config *earlier = NULL;

	if (site_config_read(previous, diagnostics, &earlier)) {
		site_warn_changed_ids(earlier, config, diagnostics);
		site_config_free(earlier);
	}
}

static void check_file(struct checked_file *file, const struct check_choice *choice,
	struct diagnostics *diagnostics)
{
	file->config = site_config_read_faulty(file->path, diagnostics);
	if (!file->config) {
		return;
	}
	file->library = model_library_open(file->config->models_directory);
	if (!file->library) {
		diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, file->path,
			(struct file_position){0, 0}, "memory is out");
		return;
	}
	broker_check_files(file->config, diagnostics);
	if (!site_make(file->config, file->library, diagnostics, &file->site)) {
		return;
	}
	site_check_store(file->site, diagnostics);
	if (choice->previous) {
		compare_with_previous(file->config, choice->previous, diagnostics);
	} else {
		compare_with_last_run(file->config, diagnostics);
	}
}

static void check_against_each_other(
	const struct checked_file *files, size_t count, struct diagnostics *diagnostics)
{
	const struct site_config **configs = calloc(count, sizeof(*configs));
	size_t read = 0;

	for (size_t i = 0; configs && i < count; i++) {
		if (files[i].config && !files[i].config->faulty) {
			configs[read++] = files[i].config;
		}
	}
	if (configs) {
		site_report_clashes(configs, read, diagnostics);
	}
	free(configs);
}

static void print_files(
	const struct checked_file *files, size_t count, const struct check_choice *choice)
{
	struct terminal terminal = terminal_of(stdout);

	if (!terminal.interactive) {
		terminal.columns = FILE_COLUMNS; /* nothing is cut in a file or a pipe */
	}
	for (size_t i = 0; i < count; i++) {
		if (!files[i].site) {
			continue;
		}
		if (i > 0) {
			putchar('\n');
		}
		if (choice->network) {
			check_print_network(&files[i], &terminal, stdout);
		} else {
			check_print_plan(&files[i], &terminal, stdout);
		}
	}
}

static void print_verdict(size_t count, const struct diagnostics *diagnostics)
{
	fflush(stdout);
	diagnostics_print(diagnostics, stderr, terminal_of(stderr).colour);
	if (diagnostics->errors + diagnostics->warnings > 0) {
		fprintf(stderr, "%zu error%s, %zu warning%s in %zu file%s\n", diagnostics->errors,
			diagnostics->errors == 1 ? "" : "s", diagnostics->warnings,
			diagnostics->warnings == 1 ? "" : "s", count, count == 1 ? "" : "s");
	}
}

static void free_files(struct checked_file *files, size_t count)
{
	for (size_t i = 0; files && i < count; i++) {
		site_free(files[i].site);
		model_library_close(files[i].library);
		site_config_free(files[i].config);
	}
	free(files);
}

static int check_files(char **paths, size_t count, const struct check_choice *choice)
{
	struct diagnostics diagnostics = {0};
	struct checked_file *files = calloc(count, sizeof(*files));
	int result = VERB_UNAVAILABLE;

	if (!files) {
		fputs("byport check: memory is out\n", stderr);
		return result;
	}
	for (size_t i = 0; i < count; i++) {
		files[i].path = paths[i];
		check_file(&files[i], choice, &diagnostics);
	}
	check_against_each_other(files, count, &diagnostics);
	if (!choice->json) {
		print_files(files, count, choice);
		print_verdict(count, &diagnostics);
	} else if (!check_print_json(files, count, &diagnostics, stdout)) {
		fputs("byport check: memory is out\n", stderr);
		goto done;
	}
	result = diagnostics.errors > 0 ? VERB_BAD : VERB_OK;

done:
	free_files(files, count);
	diagnostics_clear(&diagnostics);
	return result;
}

int verb_check(int argc, char **argv)
{
	struct check_choice choice = {0};
	const char *argument = NULL;
	int option;

	while ((option = verb_option_next(&usage, argc, argv, &argument)) >= 0) {
		choice.json |= option == OPTION_JSON;
		choice.network |= option == OPTION_NETWORK;
		choice.previous = option == OPTION_PREVIOUS ? argument : choice.previous;
		if (printers[option]) {
			printers[option](stdout);
			return VERB_OK;
		}
	}
	if (option != VERB_OPTIONS_END) {
		return verb_option_exit(option);
	}
	if (optind >= argc) {
		return verb_misused(
			&usage, "no file given; a configuration is a YAML file, see --example");
	}
	size_t count = (size_t)(argc - optind);
	if (choice.previous && count > 1) {
		return verb_misused(&usage, "--previous \"%s\" goes with one file, not %zu",
			choice.previous, count);
	}
	return check_files(&argv[optind], count, &choice);
}
