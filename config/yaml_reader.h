/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yaml_reader.h -- A YAML file as a tree of text with positions. The only
 * module that knows libfyaml; configuration and meter models are both read
 * through it.
 *
 * Scalars stay text as written (`0301` is "0301", `yes` is "yes"): what a text
 * means is the caller's table to say. A byte order mark and CRLF line ends are
 * read over; a tab used as indentation has a message of its own. Anchors,
 * aliases and tags are refused: a file says what it means where it stands.
 */
#ifndef CONFIG_YAML_READER_H
#define CONFIG_YAML_READER_H

#include <stddef.h>

#include "config/diagnostics.h"

enum yaml_kind {
	YAML_SCALAR,
	YAML_SEQUENCE,
	YAML_MAPPING,
};

struct yaml_node {
	enum yaml_kind kind;
	struct file_position at;     /* of the value */
	const char *key;             /* inside a mapping; else NULL */
	struct file_position key_at; /* inside a mapping */
	const char *text;            /* a scalar's text, "" for an empty one; NULL for the others */
	bool quoted;                 /* a scalar in '' or "" */
	const struct yaml_node *children; /* of a sequence or mapping, in file order */
	size_t children_count;
};

enum { YAML_FILE_BYTES_MAX = 1 << 20 }; /* bytes; a site of 250 meters is 60 KiB */

enum yaml_status {
	YAML_OK,
	YAML_UNREADABLE, /* the file cannot be opened or read, is a directory or too large; reported
			  */
	YAML_MALFORMED,  /* not YAML, or empty; the first error is reported */
};

struct yaml_file;

/* Read a file. On failure *ret_file is untouched and `diagnostics` says why. */
__attribute__((warn_unused_result)) enum yaml_status yaml_read_file(
	const char *path, struct diagnostics *diagnostics, struct yaml_file **ret_file);

/* The same from memory; `name` stands in messages. The text is copied. */
__attribute__((warn_unused_result)) enum yaml_status yaml_read_text(const char *name,
	const char *text, size_t length, struct diagnostics *diagnostics,
	struct yaml_file **ret_file);

/* NULL is fine. Always returns NULL. Nodes of the file die with it. */
struct yaml_file *yaml_close(struct yaml_file *file);

const char *yaml_file_name(const struct yaml_file *file);
const struct yaml_node *yaml_root(const struct yaml_file *file);

/* The value of a key in a mapping; NULL when absent or when `mapping` is none. */
const struct yaml_node *yaml_find(const struct yaml_node *mapping, const char *key);

#endif
