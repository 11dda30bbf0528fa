/* SPDX-License-Identifier: Apache-2.0 */
/*
 * models_embedded.h -- The YAML files of drivers/meters as they stood at the
 * build; made by embed_models.cmake.
 */
#ifndef DRIVERS_MODELS_EMBEDDED_H
#define DRIVERS_MODELS_EMBEDDED_H

#include <stddef.h>

struct embedded_model {
	const char *name; /* without .yaml */
	const unsigned char *text;
	size_t length;
};

/* By name; the last entry's name is NULL. */
extern const struct embedded_model embedded_models[];

#endif
