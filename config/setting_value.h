/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setting_value.h -- What the text of one setting means: its form (a pattern
 * the JSON Schema has too), its number, its bounds. Pure.
 */
#ifndef CONFIG_SETTING_VALUE_H
#define CONFIG_SETTING_VALUE_H

#include "config/arena.h"
#include "config/settings.h"

/* What a type's text looks like. */
struct setting_type_info {
	const char *pattern; /* a POSIX extended and ECMA regular expression; NULL: anything */
	const char *kind;    /* for people: "a duration", "a path" ... */
};
const struct setting_type_info *setting_type_info(enum setting_type type);

/* The patterns made ready once for a whole file. */
struct setting_patterns;
struct setting_patterns *setting_patterns_new(void); /* NULL when memory is out */
struct setting_patterns *setting_patterns_free(struct setting_patterns *patterns);

enum setting_fault {
	SETTING_FINE,
	SETTING_EMPTY,        /* nothing stands there */
	SETTING_QUOTED,       /* a number in quotes is a text */
	SETTING_MALFORMED,    /* not of this type's form, or none of the choices */
	SETTING_OUT_OF_RANGE, /* well-formed, but outside min..max */
	SETTING_NO_MEMORY,
	SETTING_FAULT_COUNT
};

/* Which of them are set depends on the type. */
struct setting_value {
	int64_t number; /* also a choice's, a port's, a ratio's primary */
	int64_t second; /* a ratio's secondary */
	const char *text;
};

/* One scalar setting's text (not of a list or of labels). *ret_value is untouched on a fault. */
__attribute__((warn_unused_result)) enum setting_fault setting_parse(const struct setting *setting,
	const char *text, bool quoted, const struct setting_patterns *patterns,
	struct setting_value *ret_value);

/* Store it in the section's struct; texts are copied into the arena. False when memory is out. */
__attribute__((warn_unused_result)) bool setting_write(const struct setting *setting,
	const struct setting_value *value, void *section, struct config_arena *arena);

enum { SETTING_ALLOWED_MAX = 400 }; /* bytes, with the NUL */

/* What is allowed, in words: "a whole number from 1 to 65535". */
void setting_allowed(const struct setting *setting, char ret_text[static SETTING_ALLOWED_MAX]);

enum { SPAN_TEXT_MAX = 32 }; /* bytes, with the NUL */

/* A duration as people write it, in the largest unit that holds it whole: "15 min", "90 s". */
void duration_print(char ret_text[static SPAN_TEXT_MAX], int64_t ms);

/* Characters of UTF-8 text. */
size_t text_characters(const char *text);

#endif
