/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model_library.h -- All meter models: those compiled in (drivers/meters/) and
 * those of a directory of the user's, which extend or override them.
 */
#ifndef DRIVERS_MODEL_LIBRARY_H
#define DRIVERS_MODEL_LIBRARY_H

#include "config/diagnostics.h"
#include "drivers/meter_model.h"

struct yaml_file;
struct model_library;

/*
 * Read one model from YAML; every error of meaning is reported with
 * file:line:column. False, and *ret_model untouched, when there was one.
 * The caller frees it with meter_model_free().
 */
__attribute__((warn_unused_result)) bool meter_model_read(const struct yaml_file *file,
	const char *name, struct diagnostics *diagnostics, struct meter_model **ret_model);

/*
 * Open the library. `directory` holds the user's models (NULL: none). Models
 * are read when first asked for, so that a board pays only for what it has.
 * NULL only when memory is out.
 */
struct model_library *model_library_open(const char *directory);
struct model_library *model_library_close(struct model_library *library);

/*
 * A model by name. NULL when there is none, or when it has errors (then they
 * are in `diagnostics`). The pointer lives as long as the library.
 */
const struct meter_model *model_library_find(
	struct model_library *library, const char *name, struct diagnostics *diagnostics);

/* Names in alphabetical order, built in and the user's; NULL past the end. */
const char *model_library_name(struct model_library *library, size_t index);

/* True when the model came from the user's directory. */
bool model_library_is_users(struct model_library *library, const char *name);

#endif
