/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yaml_text.h -- A file's bytes before the YAML reader has them: read whole, known
 * to be text, tabs found. Used by yaml_reader.c.
 */
#ifndef CONFIG_YAML_TEXT_H
#define CONFIG_YAML_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "config/diagnostics.h"

/* The whole file, NUL-terminated, the caller's to free. False when it cannot be had; reported. */
__attribute__((warn_unused_result)) bool yaml_text_load(
	const char *path, struct diagnostics *diagnostics, char **ret_text, size_t *ret_length);

/* Whether it is UTF-8 without control characters; reported when not. */
__attribute__((warn_unused_result)) bool yaml_text_check(
	const char *name, const char *text, size_t length, struct diagnostics *diagnostics);

/* The first line indented with a tab (line 0: none). */
struct file_position yaml_text_tab(const char *text);

#endif
