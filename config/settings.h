/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings.h -- Every setting there is: one row, with its type, bounds,
 * default and the sentence the manual prints. From this table come the parser
 * (site_config.h), `--help-config`, the annotated example and the JSON Schema.
 */
#ifndef CONFIG_SETTINGS_H
#define CONFIG_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum setting_section {
	SECTION_SITE,
	SECTION_GATEWAY,
	SECTION_BROKER,
	SECTION_INTERVALS,
	SECTION_FLAGS,
	SECTION_TOTALS,
	SECTION_BUS,   /* each entry of `buses` */
	SECTION_METER, /* each entry of `meters` */
	SECTION_COUNT
};

enum setting_type {
	SETTING_SLUG, /* [a-z0-9-]{1,32}, no '-' at either end */
	SETTING_TEXT,
	SETTING_PATH,
	SETTING_DEVICE, /* a path from the root */
	SETTING_INTEGER,
	SETTING_DURATION, /* "500 ms", "10 s", "15 min", "1 h", "1 d"; kept in ms */
	SETTING_SIZE,     /* "256 MiB", "1 GiB"; kept in bytes */
	SETTING_CURRENT,  /* "125 A" */
	SETTING_RATIO,    /* "300/5": struct config_ratio */
	SETTING_INSTANT,  /* "2026-11-23", "2026-11-23T10:00:00Z": kept as text; what day it is
			     depends on the time zone */
	SETTING_YES_NO,   /* enum config_yes_no */
	SETTING_CHOICE,   /* an enum; min is the first choice's number, max the last's */
	SETTING_HOST,
	SETTING_HOST_PORT, /* "192.168.1.30:502", "[fe80::1]:502", "meter.local": struct
			      config_endpoint */
	SETTING_LIST,      /* of names, of choices where there are some: struct config_names */
	SETTING_LABELS,    /* a mapping of free text: struct config_labels */
	SETTING_TYPE_COUNT
};

struct setting {
	enum setting_section section;
	const char *key;
	enum setting_type type;
	int64_t min;          /* in the kept unit; of texts and lists: the shortest length */
	int64_t max;          /* likewise; of a ratio: the largest primary */
	const char *fallback; /* as a user would write it; NULL: none */
	const char *const
		*choices;    /* of a choice or an integer: all that is allowed; NULL-terminated */
	const char *example; /* a value as a user would write it, for the annotated example */
	bool shown;          /* there it stands as a setting, not as a comment */
	const char *help;    /* one sentence */
	bool required;
	uint16_t offset;    /* in the section's struct */
	uint16_t at_offset; /* where its position is kept, a struct file_position; 0: nowhere */
};

/* A section of the file: a mapping, or a list of mappings. */
struct setting_section_info {
	const char *key; /* top-level */
	bool list;
	bool required;
	int64_t max; /* entries of a list */
	const char *help;
};

extern const struct setting settings[];
extern const size_t settings_count;

const struct setting_section_info *setting_section_info(enum setting_section section);

/* The setting of a section by its key; NULL when there is none. */
const struct setting *setting_find(enum setting_section section, const char *key);

void settings_print_help(FILE *stream);    /* --help-config */
void settings_print_example(FILE *stream); /* an annotated file that passes `byport check` */
void settings_print_schema(FILE *stream);  /* JSON Schema, draft 2020-12, for editors */

#endif
