/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_model_library.c -- Models are found by name; a directory of the user's
 * adds to them and overrides them, and its mistakes are told, once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "drivers/model_library.h"

struct folder {
	char path[64];
	struct diagnostics diagnostics;
};

static int make_folder(void **state)
{
	struct folder *folder = calloc(1, sizeof(*folder));

	snprintf(folder->path, sizeof(folder->path), "/tmp/byport-models-XXXXXX");
	*state = folder;
	return mkdtemp(folder->path) ? 0 : -1;
}

static void path_of(const struct folder *folder, const char *name, char path[static 200])
{
	snprintf(path, 200, "%s/%s", folder->path, name);
}

static int remove_folder(void **state)
{
	static const char *const names[] = {
		"eastron-sdm630.yaml", "own.yaml", "bad.yaml", "notes.txt", ".hidden.yaml"};
	struct folder *folder = *state;
	char path[200];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		path_of(folder, names[i], path);
		unlink(path);
	}
	rmdir(folder->path);
	diagnostics_clear(&folder->diagnostics);
	free(folder);
	return 0;
}

static void write_model(const struct folder *folder, const char *name, const char *title)
{
	char path[200];
	FILE *file;

	path_of(folder, name, path);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file,
		"maker: Me\ntitle: %s\ncarrier: water\ntested: field\ntransport: [rtu]\n"
		"reading: {largest_block: 10, encoding: u32}\n"
		"values:\n  - {quantity: volume, address: 0}\nsources: [me]\n",
		title);
	fclose(file);
}

static void models_compiled_in_are_found_and_read_once(void **state)
{
	struct folder *folder = *state;
	struct model_library *library = model_library_open(NULL);
	const struct meter_model *model =
		model_library_find(library, "eastron-sdm630", &folder->diagnostics);

	assert_non_null(model);
	assert_string_equal(model->maker, "Eastron");
	assert_ptr_equal(
		model_library_find(library, "eastron-sdm630", &folder->diagnostics), model);
	assert_false(model_library_is_users(library, "eastron-sdm630"));
	assert_int_equal(folder->diagnostics.count, 0);
	library = model_library_close(library);
	assert_null(library);
	assert_null(model_library_close(NULL));
}

static void an_unknown_name_is_no_model_and_no_error(void **state)
{
	struct folder *folder = *state;
	struct model_library *library = model_library_open(NULL);

	assert_null(model_library_find(library, "eastron-sdm631", &folder->diagnostics));
	assert_null(model_library_find(library, "", &folder->diagnostics));
	assert_int_equal(folder->diagnostics.count, 0);
	model_library_close(library);
}

static void names_come_in_alphabetical_order(void **state)
{
	struct folder *folder = *state;

	write_model(folder, "own.yaml", "Own");

	struct model_library *library = model_library_open(folder->path);
	const char *before = "";
	const char *name;
	size_t count = 0;

	while ((name = model_library_name(library, count))) {
		assert_true(strcmp(before, name) < 0);
		before = name;
		count++;
	}
	assert_true(count >= 9);
	model_library_close(library);
}

static void a_users_model_adds_and_overrides(void **state)
{
	struct folder *folder = *state;

	write_model(folder, "own.yaml", "Own");
	write_model(folder, "eastron-sdm630.yaml", "Mine");
	write_model(folder, "notes.txt", "no model");
	write_model(folder, ".hidden.yaml", "an editor's copy");

	struct model_library *library = model_library_open(folder->path);
	const struct meter_model *model =
		model_library_find(library, "eastron-sdm630", &folder->diagnostics);

	assert_string_equal(model->title, "Mine");
	assert_true(model_library_is_users(library, "eastron-sdm630"));
	assert_true(model_library_is_users(library, "own"));
	assert_false(model_library_is_users(library, "eastron-sdm120"));
	assert_false(model_library_is_users(library, ".hidden"));
	assert_non_null(model_library_find(library, "own", &folder->diagnostics));
	assert_null(model_library_find(library, "notes", &folder->diagnostics));
	assert_int_equal(folder->diagnostics.count, 0);
	model_library_close(library);
}

static void a_bad_model_tells_its_errors_once_and_the_others_go_on(void **state)
{
	struct folder *folder = *state;

	write_model(folder, "bad.yaml", "[");
	write_model(folder, "own.yaml", "Own");

	struct model_library *library = model_library_open(folder->path);

	assert_null(model_library_find(library, "bad", &folder->diagnostics));
	assert_int_equal(folder->diagnostics.errors, 1);
	assert_non_null(strstr(folder->diagnostics.items[0].file, "/bad.yaml"));
	assert_null(model_library_find(library, "bad", &folder->diagnostics));
	assert_int_equal(folder->diagnostics.errors, 1);
	assert_non_null(model_library_find(library, "own", &folder->diagnostics));
	diagnostics_clear(&folder->diagnostics); /* asked anew: told anew */
	assert_null(model_library_find(library, "bad", &folder->diagnostics));
	assert_int_equal(folder->diagnostics.errors, 1);
	model_library_close(library);
}

static void a_directory_that_cannot_be_read_leaves_no_model_in_use(void **state)
{
	struct folder *folder = *state;
	char path[200];

	path_of(folder, "nowhere", path);

	struct model_library *library = model_library_open(path);

	/* It may have overridden this one: to use it would be a guess. */
	assert_null(model_library_find(library, "eastron-sdm630", &folder->diagnostics));
	assert_int_equal(folder->diagnostics.errors, 1);
	assert_string_equal(folder->diagnostics.items[0].file, path);
	assert_non_null(strstr(folder->diagnostics.items[0].message, "No such file or directory"));
	model_library_close(library);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			models_compiled_in_are_found_and_read_once, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(
			an_unknown_name_is_no_model_and_no_error, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(
			names_come_in_alphabetical_order, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(
			a_users_model_adds_and_overrides, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(
			a_bad_model_tells_its_errors_once_and_the_others_go_on, make_folder,
			remove_folder),
		cmocka_unit_test_setup_teardown(
			a_directory_that_cannot_be_read_leaves_no_model_in_use, make_folder,
			remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
