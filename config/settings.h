/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings.h -- Every setting there is: one row, with its type, bounds,
 * default and the sentence the manual prints. From this table come the parser
 * (site_config.h), `--help-config`, the annotated example and the JSON Schema.
 */
#ifndef CONFIG_SETTINGS_H
#define CONFIG_SETTINGS_H

#include <stdint.h>
#include <stdio.h>

enum setting_section {
	SECTION_SITE,
	SECTION_GATEWAY,
	SECTION_BROKER,
	SECTION_INTERVALS,
	SECTION_BUS,   /* each entry of `buses` */
	SECTION_METER, /* each entry of `meters` */
	SECTION_COUNT
};

enum setting_type {
	SETTING_SLUG, /* [a-z0-9-]{1,32}, no '-' at either end */
	SETTING_TEXT,
	SETTING_PATH,
	SETTING_INTEGER,
	SETTING_DURATION, /* "500 ms", "10 s", "15 min", "1 h", "1 d"; kept in ms */
	SETTING_SIZE,     /* "256 MiB", "1 GiB"; kept in bytes */
	SETTING_CURRENT,  /* "125 A" */
	SETTING_RATIO,    /* "300/5" */
	SETTING_YES_NO,
	SETTING_CHOICE,
	SETTING_HOST_PORT, /* "192.168.1.30:502", "[fe80::1]:502", "meter.local" */
	SETTING_LIST,      /* of quantity names */
	SETTING_LABELS,    /* a mapping of free text */
	SETTING_TYPE_COUNT
};

struct setting {
	enum setting_section section;
	const char *key;
	enum setting_type type;
	int64_t min; /* in the kept unit; text: shortest length */
	int64_t max;
	const char *fallback; /* as a user would write it; NULL: none, but may be left out; "" with
				 required */
	const char *const *choices; /* SETTING_CHOICE: names, NULL-terminated */
	const char *example;        /* what the annotated example shows */
	const char *help;           /* one sentence */
	uint8_t required;
	uint16_t offset; /* in the section's struct */
};

extern const struct setting settings[];
extern const size_t settings_count;

void settings_print_help(FILE *stream);    /* --help-config */
void settings_print_example(FILE *stream); /* an annotated file that passes `byport check` */
void settings_print_schema(FILE *stream);  /* JSON Schema, draft 2020-12, for editors */

#endif
