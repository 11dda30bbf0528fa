/* SPDX-License-Identifier: Apache-2.0 */
/*
 * section_reader.h -- One section of a configuration, by its rows of the table
 * of settings: walk the file's mapping beside them, report what is no row,
 * write what is, fill in what is absent. Used by site_config.c.
 */
#ifndef CONFIG_SECTION_READER_H
#define CONFIG_SECTION_READER_H

#include "config/arena.h"
#include "config/setting_value.h"
#include "config/site_config.h"
#include "config/yaml_reader.h"

/* What stays the same for a whole file. */
struct section_context {
	struct site_config *config;
	struct diagnostics *diagnostics;
	struct setting_patterns *patterns;
	bool out_of_memory;
};

/* A section being read: its rows, its struct, its place in the file. */
struct section_reading {
	enum setting_section section;
	const struct yaml_node *node; /* NULL: absent; all defaults */
	struct file_position at;
	void *base;
};

void section_read(struct section_context *reading, const struct section_reading *section);

/* The entries of a list section; NULL, and *ret_count untouched, when there are none to read. */
const struct yaml_node *section_list_entries(struct section_context *reading,
	enum setting_section section, const struct yaml_node *node, size_t *ret_count);

/* Zeroed memory that lives as long as the configuration; NULL sets out_of_memory. */
void *section_take(struct section_context *reading, size_t bytes);

/* "nothing", "a single value", "a list", "a mapping". */
const char *section_kind_text(const struct yaml_node *node);

#define SECTION_REPORT(reading, at, ...)                                                       \
	diagnostics_add((reading)->diagnostics, DIAGNOSTIC_ERROR, (reading)->config->file, at, \
		__VA_ARGS__)

#endif
