/* SPDX-License-Identifier: Apache-2.0 */
/* shipped_models.h -- The models compiled in, one after another, for tests that walk them all. */
#ifndef TESTS_UNIT_DRIVERS_SHIPPED_MODELS_H
#define TESTS_UNIT_DRIVERS_SHIPPED_MODELS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "drivers/model_library.h"

static struct model_library *library;

static int open_library(void **state)
{
	(void)state;
	library = model_library_open(NULL);
	return library ? 0 : -1;
}

static int close_library(void **state)
{
	(void)state;
	library = model_library_close(library);
	return 0;
}

/* The model of a number; NULL past the end. */
static const struct meter_model *model_at(size_t index)
{
	const char *name = model_library_name(library, index);
	struct diagnostics diagnostics = {0};

	if (!name) {
		return NULL;
	}

	const struct meter_model *model = model_library_find(library, name, &diagnostics);

	diagnostics_print(&diagnostics, stderr, false);
	assert_int_equal(diagnostics.count, 0);
	assert_non_null(model);
	diagnostics_clear(&diagnostics);
	return model;
}

#define FOR_EACH_MODEL(m) \
	for (size_t m##_index = 0; ((m) = model_at(m##_index)) != NULL; m##_index++)

#endif
