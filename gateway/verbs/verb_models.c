/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verb_models.c -- `byport models`: which meters are known, what is known of
 * one, and whether a model of one's own is right.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/spelling.h"
#include "config/yaml_reader.h"
#include "drivers/model_library.h"
#include "gateway/terminal.h"
#include "gateway/verbs/check_report.h"
#include "gateway/verbs/models_report.h"
#include "gateway/verbs/verb.h"

enum models_option { OPTION_JSON, OPTION_MODELS, OPTION_COUNT };

/* clang-format off */
static const struct verb_option options[] = {
	[OPTION_JSON]   = {"json", NULL, "JSON instead of tables"},
	[OPTION_MODELS] = {"models", "DIRECTORY", "a directory with models of your own"},
	[OPTION_COUNT]  = {0},
};
/* clang-format on */

static const struct verb_usage usage = {
	.name = "models",
	.synopsis = "[--json] [--models DIRECTORY] [NAME | check FILE...]",
	.help = "Lists the meter models, explains one, or checks files of your own.\n"
		"Exit status: 0 all right, 1 no such model or errors in a file, 2 not understood.",
	.options = options,
};

struct models_choice {
	bool json;
	const char *directory;
};

/* A file's name is its model's: "path/acme-em9.yaml" is "acme-em9". */
static void model_name_of(const char *path, char ret_name[static MODEL_NAME_MAX])
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	size_t length = strlen(base);

	if (length > 5 && strcmp(base + length - 5, ".yaml") == 0) {
		length -= 5;
	}
	snprintf(ret_name, MODEL_NAME_MAX, "%.*s", (int)length, base);
}

static bool check_file(const char *path, struct diagnostics *diagnostics)
{
	char name[MODEL_NAME_MAX];
	struct yaml_file *file = NULL;
	struct meter_model *model = NULL;

	model_name_of(path, name);
	if (yaml_read_file(path, diagnostics, &file) != YAML_OK) {
		return false;
	}
	bool right = meter_model_read(file, name, diagnostics, &model);
	yaml_close(file);
	meter_model_free(model);
	return right;
}

static int check_files(char **paths, size_t count, const struct models_choice *choice)
{
	struct diagnostics diagnostics = {0};

	for (size_t i = 0; i < count; i++) {
		if (check_file(paths[i], &diagnostics) && !choice->json) {
			printf("%s: a good model\n", paths[i]);
		}
	}
	fflush(stdout);
	int status = diagnostics.errors > 0 ? VERB_BAD : VERB_OK;
	if (!choice->json) {
		diagnostics_print(&diagnostics, stderr, terminal_of(stderr).colour);
	} else if (!check_print_json(NULL, 0, &diagnostics, stdout)) {
		status = VERB_UNAVAILABLE;
	}
	diagnostics_clear(&diagnostics);
	return status;
}

static int no_such_model(struct model_library *library, const char *name)
{
	struct spelling spelling = {.word = name};
	const char *known;

	for (size_t i = 0; (known = model_library_name(library, i)) != NULL; i++) {
		spelling_offer(&spelling, known);
	}
	fprintf(stderr, "byport models: there is no model \"%s\"", name);
	if (spelling.nearest) {
		fprintf(stderr, "; did you mean %s?", spelling.nearest);
	}
	fputs(" `byport models` lists them all\n", stderr);
	return VERB_BAD;
}

static int explain(
	struct model_library *library, const char *name, const struct models_choice *choice)
{
	struct diagnostics diagnostics = {0};
	const struct meter_model *model = model_library_find(library, name, &diagnostics);
	int status = VERB_OK;

	if (!model && diagnostics.errors > 0) {
		diagnostics_print(&diagnostics, stderr, terminal_of(stderr).colour);
		status = VERB_BAD;
	} else if (!model) {
		status = no_such_model(library, name);
	} else if (choice->json) {
		status = models_print_json(&model, 1, stdout) ? VERB_OK : VERB_UNAVAILABLE;
	} else {
		models_print_one(model, stdout);
	}
	diagnostics_clear(&diagnostics);
	return status;
}

/* All models that can be read; those with errors are told of, and the rest listed. */
static int list(struct model_library *library, const struct models_choice *choice)
{
	struct diagnostics diagnostics = {0};
	const struct meter_model **models = NULL;
	size_t names = 0;
	size_t count = 0;
	int status = VERB_UNAVAILABLE;

	while (model_library_name(library, names)) {
		names++;
	}
	models = calloc(names + 1, sizeof(*models));
	if (!models) {
		goto done;
	}
	for (size_t i = 0; i < names; i++) {
		const struct meter_model *model =
			model_library_find(library, model_library_name(library, i), &diagnostics);
		if (model) {
			models[count++] = model;
		}
	}
	if (!choice->json) {
		models_print_list(models, count, stdout);
	} else if (!models_print_json(models, count, stdout)) {
		goto done;
	}
	fflush(stdout);
	diagnostics_print(&diagnostics, stderr, terminal_of(stderr).colour);
	status = diagnostics.errors > 0 ? VERB_BAD : VERB_OK;

done:
	free(models);
	diagnostics_clear(&diagnostics);
	return status;
}

static int with_library(const char *name, const struct models_choice *choice)
{
	if (choice->directory && access(choice->directory, R_OK | X_OK) != 0) {
		fprintf(stderr, "byport models: %s: ", choice->directory);
		perror("");
		return VERB_UNAVAILABLE;
	}
	struct model_library *library = model_library_open(choice->directory);
	if (!library) {
		fputs("byport models: memory is out\n", stderr);
		return VERB_UNAVAILABLE;
	}
	int status = name ? explain(library, name, choice) : list(library, choice);
	model_library_close(library);
	return status;
}

int verb_models(int argc, char **argv)
{
	struct models_choice choice = {0};
	const char *argument = NULL;
	int option;

	while ((option = verb_option_next(&usage, argc, argv, &argument)) >= 0) {
		choice.json |= option == OPTION_JSON;
		choice.directory = option == OPTION_MODELS ? argument : choice.directory;
	}
	if (option != VERB_OPTIONS_END) {
		return verb_option_exit(option);
	}
	char **operands = &argv[optind];
	size_t count = (size_t)(argc - optind);
	if (count > 0 && strcmp(operands[0], "check") == 0) {
		return count > 1 ? check_files(operands + 1, count - 1, &choice)
				 : verb_misused(&usage, "check needs a file: a model in YAML");
	}
	if (count > 1) {
		return verb_misused(&usage, "`%s` is one word too many", operands[1]);
	}
	return with_library(count == 1 ? operands[0] : NULL, &choice);
}
