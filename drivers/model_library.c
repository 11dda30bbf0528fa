/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model_library.c -- The models compiled in and those of a directory, each
 * read when it is first asked for.
 */
#include "drivers/model_library.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/yaml_reader.h"
#include "drivers/models_embedded.h"

enum { LIBRARY_MODELS_MAX = 2000 }; /* a directory with more is not one of models */

struct library_entry {
	char name[MODEL_NAME_MAX];
	const struct embedded_model *embedded; /* NULL: the user's */
	struct meter_model *model;             /* NULL: not read yet, or bad */
	const struct diagnostics *told;        /* who has its errors already */
};

struct model_library {
	char *directory; /* NULL: none */
	char *problem;   /* why the directory cannot be read; NULL: it can */
	struct library_entry *entries;
	size_t count;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(
		((const struct library_entry *)a)->name, ((const struct library_entry *)b)->name);
}

static struct library_entry *entry_find(const struct model_library *library, const char *name)
{
	for (size_t i = 0; i < library->count; i++) {
		if (strcmp(library->entries[i].name, name) == 0) {
			return &library->entries[i];
		}
	}
	return NULL;
}

/* `length` bytes of name; a user's file takes the place of an embedded one. */
static bool entry_add(struct model_library *library, const char *name, size_t length,
	const struct embedded_model *embedded)
{
	struct library_entry entry = {.embedded = embedded};

	memcpy(entry.name, name, length);

	struct library_entry *known = entry_find(library, entry.name);

	if (known) {
		*known = entry;
		return true;
	}

	struct library_entry *grown =
		realloc(library->entries, (library->count + 1) * sizeof(*library->entries));

	if (!grown) {
		return false;
	}
	library->entries = grown;
	library->entries[library->count++] = entry;
	return true;
}

/* Length of the model's name in a file's name; 0 when it is no model. */
static size_t model_file(const char *file)
{
	static const char ending[] = ".yaml";
	size_t length = strlen(file);
	size_t ending_length = sizeof(ending) - 1;

	if (file[0] == '.' || length <= ending_length ||
		strcmp(file + length - ending_length, ending) != 0 ||
		length - ending_length >= MODEL_NAME_MAX) {
		return 0;
	}
	return length - ending_length;
}

static bool directory_read(struct model_library *library)
{
	DIR *directory = opendir(library->directory);
	const struct dirent *file;
	bool good = true;

	if (!directory) {
		return asprintf(&library->problem, "the models' directory cannot be read: %s",
			       strerror(errno)) >= 0;
	}
	while (good && library->count < LIBRARY_MODELS_MAX && (file = readdir(directory))) {
		size_t length = model_file(file->d_name);

		good = length == 0 || entry_add(library, file->d_name, length, NULL);
	}
	closedir(directory);
	return good;
}

struct model_library *model_library_open(const char *directory)
{
	struct model_library *library = calloc(1, sizeof(*library));
	bool good = library != NULL;

	for (size_t i = 0; good && embedded_models[i].name; i++) {
		const char *name = embedded_models[i].name;

		good = entry_add(library, name, strlen(name), &embedded_models[i]);
	}
	if (good && directory) {
		library->directory = strdup(directory);
		good = library->directory && directory_read(library);
	}
	if (!good) {
		return model_library_close(library);
	}
	qsort(library->entries, library->count, sizeof(*library->entries), by_name);
	return library;
}

struct model_library *model_library_close(struct model_library *library)
{
	if (!library) {
		return NULL;
	}
	for (size_t i = 0; i < library->count; i++) {
		meter_model_free(library->entries[i].model);
	}
	free(library->entries);
	free(library->directory);
	free(library->problem);
	free(library);
	return NULL;
}

static bool entry_read(const struct model_library *library, struct library_entry *entry,
	struct diagnostics *diagnostics)
{
	const struct embedded_model *embedded = entry->embedded;
	struct yaml_file *file = NULL;
	enum yaml_status status;
	char *path = NULL;

	if (asprintf(&path, "%s/%s.yaml", embedded ? "drivers/meters" : library->directory,
		    entry->name) < 0) {
		return false;
	}
	status = embedded ? yaml_read_text(path, (const char *)embedded->text, embedded->length,
				    diagnostics, &file)
			  : yaml_read_file(path, diagnostics, &file);

	bool good = status == YAML_OK &&
		    meter_model_read(file, entry->name, diagnostics, &entry->model);

	yaml_close(file);
	free(path);
	return good;
}

const struct meter_model *model_library_find(
	struct model_library *library, const char *name, struct diagnostics *diagnostics)
{
	struct library_entry *entry = entry_find(library, name);

	if (library->problem) { /* what it would override is unknown: nothing is safe to use */
		diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, library->directory,
			(struct file_position){0}, "%s", library->problem);
		return NULL;
	}
	if (!entry || entry->model) {
		return entry ? entry->model : NULL;
	}
	if ((entry->told != diagnostics || diagnostics->errors == 0) &&
		!entry_read(library, entry, diagnostics)) {
		entry->told = diagnostics; /* ten meters of a bad model: its errors once */
	}
	return entry->model;
}

const char *model_library_name(struct model_library *library, size_t index)
{
	return index < library->count ? library->entries[index].name : NULL;
}

bool model_library_is_users(struct model_library *library, const char *name)
{
	const struct library_entry *entry = entry_find(library, name);

	return entry && !entry->embedded;
}
