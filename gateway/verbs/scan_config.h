/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan_config.h -- What a configuration file says of a line, and found meters
 * written into it: between its own lines, every other byte as it was.
 */
#ifndef GATEWAY_VERBS_SCAN_CONFIG_H
#define GATEWAY_VERBS_SCAN_CONFIG_H

#include "config/yaml_reader.h"
#include "gateway/verbs/scan_line.h"

enum { SCAN_ID_MAX = 48 };

struct scan_config {
	const char *path;
	char *text; /* the file's bytes */
	size_t length;
	struct yaml_file *yaml;
};

/* False: it cannot be read; said. It need not be complete, only YAML. */
__attribute__((warn_unused_result)) bool scan_config_open(
	const char *path, struct scan_config *ret_config);
void scan_config_close(struct scan_config *config);

/* The id of its bus on a serial device or host; NULL: it has none. */
const char *scan_config_bus(const struct scan_config *config, const struct bus_line *line);

/* Whether a bus is to be opened with these settings, as far as the file says. */
bool scan_config_fits(
	const struct scan_config *config, const char *bus, const struct bus_line *line);

/* The id of its meter at an address of a bus; NULL: it has none. */
const char *scan_config_meter(const struct scan_config *config, const char *bus, uint8_t address);

/* An id for a meter that is not there yet: "cellar-7". False: no such id is left. */
bool scan_config_new_id(const struct scan_config *config, const char *bus, uint8_t address,
	char ret_id[static SCAN_ID_MAX]);

/* A meter for the configuration. */
struct scan_entry {
	char id[SCAN_ID_MAX];
	const char *bus;
	const struct scan_found *found;
};
/* One line each, the first after `dash`, the others after as many spaces as it is long. */
void scan_entry_print(
	FILE *stream, const struct scan_entry *entry, const char *dash, const char *line_end);

/*
 * Write entries behind the last meter, or as a new list; the file takes the
 * place of the old one at once. False: it was not touched; why was said.
 */
__attribute__((warn_unused_result)) bool scan_config_save(
	const struct scan_config *config, const struct scan_entry *entries, size_t entries_count);

#endif
