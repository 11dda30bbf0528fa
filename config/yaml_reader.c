/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yaml_reader.c -- yaml_reader.h over libfyaml's events. The parser is told to
 * let duplicate keys pass, so that all of them are reported here, with the
 * place of the first. Byte order mark and CRLF it reads over by itself.
 */
#include "config/yaml_reader.h"

#include <libfyaml.h>
#include <stdlib.h>
#include <string.h>

#include "config/arena.h"
#include "config/yaml_text.h"

enum { YAML_DEPTH_MAX = 16 }; /* collections in collections; the deepest we read has 5 */

struct yaml_file {
	struct config_arena *arena;
	const char *name;
	const struct yaml_node *root;
};

/* One reading: the children of the collections still open stand on the stack. */
struct yaml_reading {
	struct fy_parser *parser;
	struct fy_diag *diag;
	struct yaml_file *file;
	struct diagnostics *diagnostics;
	struct yaml_node *stack;
	size_t stack_count;
	size_t stack_room;
	size_t duplicates;
	bool failed; /* something was reported that ends the reading */
};

/* What libfyaml says, and what it usually means to the one who wrote the file. */
static const struct {
	const char *libfyaml;
	const char *hint;
} hints[] = {
  /* clang-format off */
	{"invalid nested block mapping",       "a text with \": \" in it must stand in quotes"},
	{"invalid multiline plain key",        "the indentation does not fit the line above, or a ':' is missing"},
	{"invalid mapping in plain multiline", "the indentation does not fit the line above, or a ':' is missing"},
	{"plain scalar cannot start",          "a text that begins with this character must stand in quotes"},
	{"without closing quote",              "a quote is opened and never closed"},
	{"without a closing bracket",          "'[' is opened and never closed"},
	{"without a closing brace",            "'{' is opened and never closed"},
	{"missing comma in flow",              "a ',' or the closing bracket is missing"},
	{"wrong indentation",                  "the indentation does not fit the lines above"},
  /* clang-format on */
};

static const char *hint_for(const char *message)
{
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
		if (strstr(message, hints[i].libfyaml)) {
			return hints[i].hint;
		}
	}
	return NULL;
}

static void discard(struct fy_diag *diag, void *user, const char *text, size_t length)
{
	(void)diag, (void)user, (void)text, (void)length;
}

static void fail_at(struct yaml_reading *reading, struct file_position at, const char *message)
{
	if (!reading->failed) {
		diagnostics_add(reading->diagnostics, DIAGNOSTIC_ERROR, reading->file->name, at,
			"%s", message);
	}
	reading->failed = true;
}

static struct file_position position(const struct fy_mark *mark, struct file_position otherwise)
{
	if (!mark || mark->line < 0) {
		return otherwise;
	}
	return (struct file_position){mark->line + 1, mark->column + 1};
}

static void report_syntax(struct yaml_reading *reading, const char *text)
{
	void *iterator = NULL;
	const struct fy_diag_error *error = fy_diag_errors_iterate(reading->diag, &iterator);
	const struct file_position tab = yaml_text_tab(text);

	/* libfyaml may stumble over the tab while it still reads the line before. */
	if (tab.line > 0 && (!error || tab.line <= error->line + 1)) {
		fail_at(reading, tab,
			"the line is indented with a tab; YAML wants spaces (two a level)");
	} else if (error && !reading->failed) {
		const char *hint = hint_for(error->msg);
		diagnostics_add(reading->diagnostics, DIAGNOSTIC_ERROR, reading->file->name,
			(struct file_position){error->line, error->column}, "not YAML: %s%s%s",
			error->msg, hint ? "; " : "", hint ? hint : "");
		reading->failed = true;
	}
	fail_at(reading, (struct file_position){1, 1}, "not YAML");
}

static bool push(struct yaml_reading *reading, const struct yaml_node *node)
{
	if (reading->stack_count == reading->stack_room) {
		size_t room = reading->stack_room ? 2 * reading->stack_room : 64;
		struct yaml_node *stack = reallocarray(reading->stack, room, sizeof(*stack));
		if (!stack) {
			fail_at(reading, node->at, "memory is out");
			return false;
		}
		reading->stack = stack;
		reading->stack_room = room;
	}
	reading->stack[reading->stack_count++] = *node;
	return true;
}

/* Move what was pushed since `base` to the file: the children of `node`. */
static void take_children(struct yaml_reading *reading, size_t base, struct yaml_node *node)
{
	size_t count = reading->stack_count - base;
	struct yaml_node *children = arena_take(reading->file->arena, count * sizeof(*children));

	if (!children) {
		fail_at(reading, node->at, "memory is out");
		return;
	}
	if (count > 0) {
		memcpy(children, reading->stack + base, count * sizeof(*children));
	}
	reading->stack_count = base;
	node->children = children;
	node->children_count = count;
}

static void refuse_cleverness(
	struct yaml_reading *reading, struct fy_event *event, struct file_position at)
{
	if (event->type == FYET_ALIAS || fy_event_get_anchor_token(event)) {
		fail_at(reading, at,
			"anchors (&) and aliases (*) are not read here; write the value where it "
			"stands");
	} else if (fy_event_get_tag_token(event)) {
		fail_at(reading, at, "tags (!) are not read here; write the value without");
	}
}

static void read_scalar(
	struct yaml_reading *reading, struct fy_event *event, struct yaml_node *node)
{
	struct fy_token *token = fy_event_get_token(event);
	size_t length = 0;
	const char *text = token ? fy_token_get_text(token, &length) : "";
	enum fy_scalar_style style = token ? fy_token_scalar_style(token) : FYSS_PLAIN;

	node->kind = YAML_SCALAR;
	node->quoted = style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
	if (node->quoted) {
		node->at.column--; /* libfyaml's mark stands behind the quote */
	}
	node->text = arena_text(reading->file->arena, text ? text : "", length);
	if (!node->text) {
		fail_at(reading, node->at, "memory is out");
	} else if (strlen(node->text) != length) {
		fail_at(reading, node->at, "a NUL character (\\0) is not allowed in a text");
	}
}

static bool read_collection(struct yaml_reading *reading, int depth, struct yaml_node *node);

/* The value an event begins. node->at is what to take when the event has no place. */
static bool read_node(
	struct yaml_reading *reading, struct fy_event *event, int depth, struct yaml_node *node)
{
	enum fy_event_type type = event->type;

	node->at = position(fy_event_start_mark(event), node->at);
	node->at.column -= type == FYET_ALIAS; /* the mark stands behind the '*' */
	refuse_cleverness(reading, event, node->at);
	if (type == FYET_SCALAR) {
		read_scalar(reading, event, node);
	}
	fy_parser_event_free(reading->parser, event);
	if (reading->failed || type == FYET_SCALAR) {
		return !reading->failed;
	}
	if (depth >= YAML_DEPTH_MAX) {
		fail_at(reading, node->at, "lists and mappings stand too deep in each other");
		return false;
	}
	node->kind = type == FYET_MAPPING_START ? YAML_MAPPING : YAML_SEQUENCE;
	return read_collection(reading, depth + 1, node);
}

static void report_duplicate(
	struct yaml_reading *reading, size_t base, const struct yaml_node *child)
{
	for (size_t i = base; i < reading->stack_count; i++) {
		const struct yaml_node *earlier = &reading->stack[i];
		if (strcmp(earlier->key, child->key) == 0) {
			diagnostics_add(reading->diagnostics, DIAGNOSTIC_ERROR, reading->file->name,
				child->key_at,
				"key \"%s\" stands here a second time; the first is in line %d",
				child->key, earlier->key_at.line);
			reading->duplicates++;
			return;
		}
	}
}

/* The key an event holds, then its value. */
static bool read_pair(
	struct yaml_reading *reading, struct fy_event *event, int depth, struct yaml_node *child)
{
	if (event->type != FYET_SCALAR) {
		fail_at(reading, position(fy_event_start_mark(event), child->at),
			"a key must be plain text, without anchor (&) or alias (*)");
	}
	if (!read_node(reading, event, YAML_DEPTH_MAX, child)) {
		return false;
	}
	child->key = child->text;
	child->key_at = child->at;
	child->text = NULL;
	child->quoted = false;
	event = fy_parser_parse(reading->parser);
	return event && read_node(reading, event, depth, child);
}

static bool read_collection(struct yaml_reading *reading, int depth, struct yaml_node *node)
{
	const enum fy_event_type end =
		node->kind == YAML_MAPPING ? FYET_MAPPING_END : FYET_SEQUENCE_END;
	const size_t base = reading->stack_count;

	for (;;) {
		struct fy_event *event = fy_parser_parse(reading->parser);
		if (!event) {
			return false;
		}
		if (event->type == end) {
			fy_parser_event_free(reading->parser, event);
			break;
		}
		struct yaml_node child = {.at = node->at};
		bool read = node->kind == YAML_MAPPING ? read_pair(reading, event, depth, &child)
						       : read_node(reading, event, depth, &child);
		if (!read) {
			return false;
		}
		if (child.key) {
			report_duplicate(reading, base, &child);
		}
		if (!push(reading, &child)) {
			return false;
		}
	}
	take_children(reading, base, node);
	return !reading->failed;
}

/* The root of the only document; false at an error, or when there is none. */
static bool read_document(struct yaml_reading *reading, struct yaml_node *root)
{
	bool found = false;
	struct fy_event *event;

	while ((event = fy_parser_parse(reading->parser))) {
		enum fy_event_type type = event->type;
		if (type == FYET_DOCUMENT_START && found) {
			fail_at(reading, position(fy_event_start_mark(event), root->at),
				"a second document (---) begins here; one file holds one");
		}
		if (type == FYET_STREAM_START || type == FYET_STREAM_END ||
			type == FYET_DOCUMENT_START || type == FYET_DOCUMENT_END) {
			fy_parser_event_free(reading->parser, event);
		} else {
			found = read_node(reading, event, 0, root);
		}
		if (reading->failed) {
			return false;
		}
	}
	return found && !fy_parser_get_stream_error(reading->parser);
}

static bool is_empty(const struct yaml_node *root)
{
	return root->kind == YAML_SCALAR && !root->quoted && (!root->text || !root->text[0]);
}

/* Text to tree; the parser and the stack are there. */
static bool read_tree(struct yaml_reading *reading, const char *text, size_t length)
{
	struct yaml_node root = {
		.at = {1, 1}
        };

	if (fy_parser_set_string(reading->parser, text, length) != 0) {
		fail_at(reading, root.at, "memory is out");
		return false;
	}
	bool read = read_document(reading, &root);
	bool broken = fy_parser_get_stream_error(reading->parser);
	if (broken || (yaml_text_tab(text).line > 0 && !reading->failed)) {
		report_syntax(reading, text);
	} else if (!reading->failed && (!read || is_empty(&root))) {
		fail_at(reading, (struct file_position){0, 0}, "the file is empty");
	}
	struct yaml_node *kept = arena_take(reading->file->arena, sizeof(*kept));
	if (reading->failed || !kept) {
		return false;
	}
	*kept = root;
	reading->file->root = kept;
	return reading->duplicates == 0;
}

static bool parse(
	struct yaml_file *file, const char *text, size_t length, struct diagnostics *diagnostics)
{
	struct yaml_reading reading = {.file = file, .diagnostics = diagnostics};
	struct fy_diag_cfg diag_cfg;
	fy_diag_cfg_default(&diag_cfg);
	diag_cfg.fp = NULL;
	diag_cfg.output_fn = discard;

	reading.diag = fy_diag_create(&diag_cfg);
	const struct fy_parse_cfg cfg = {.search_path = "",
		.flags = FYPCF_ALLOW_DUPLICATE_KEYS | FYPCF_QUIET,
		.diag = reading.diag};
	bool parsed = false;
	if (reading.diag) {
		fy_diag_set_collect_errors(reading.diag, true);
		reading.parser = fy_parser_create(&cfg);
	}
	if (reading.parser) {
		parsed = read_tree(&reading, text, length);
		fy_parser_destroy(reading.parser);
	} else {
		fail_at(&reading, (struct file_position){0, 0}, "memory is out");
	}
	fy_diag_destroy(reading.diag);
	free(reading.stack);
	return parsed;
}

static struct yaml_file *file_new(const char *name)
{
	struct yaml_file *file = calloc(1, sizeof(*file));
	if (!file) {
		return NULL;
	}
	file->arena = arena_new();
	file->name = file->arena ? arena_text(file->arena, name, strlen(name)) : NULL;
	return file->name ? file : yaml_close(file);
}

enum yaml_status yaml_read_text(const char *name, const char *text, size_t length,
	struct diagnostics *diagnostics, struct yaml_file **ret_file)
{
	struct yaml_file *file = file_new(name);
	char *copy = malloc(length + 1);
	enum yaml_status status = YAML_MALFORMED;

	if (!file || !copy) {
		diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, name, (struct file_position){0, 0},
			"memory is out");
		status = YAML_UNREADABLE;
		goto fail;
	}
	if (length > 0) {
		memcpy(copy, text, length);
	}
	copy[length] = '\0';
	if (!yaml_text_check(name, copy, length, diagnostics) ||
		!parse(file, copy, length, diagnostics)) {
		goto fail;
	}
	free(copy);
	*ret_file = file;
	return YAML_OK;

fail:
	free(copy);
	yaml_close(file);
	return status;
}

enum yaml_status yaml_read_file(
	const char *path, struct diagnostics *diagnostics, struct yaml_file **ret_file)
{
	char *text = NULL;
	size_t length = 0;

	if (!yaml_text_load(path, diagnostics, &text, &length)) {
		return YAML_UNREADABLE;
	}
	enum yaml_status status = yaml_read_text(path, text, length, diagnostics, ret_file);
	free(text);
	return status;
}

struct yaml_file *yaml_close(struct yaml_file *file)
{
	if (file) {
		arena_free(file->arena);
		free(file);
	}
	return NULL;
}

const char *yaml_file_name(const struct yaml_file *file)
{
	return file->name;
}

const struct yaml_node *yaml_root(const struct yaml_file *file)
{
	return file->root;
}

const struct yaml_node *yaml_find(const struct yaml_node *mapping, const char *key)
{
	if (!mapping || mapping->kind != YAML_MAPPING) {
		return NULL;
	}
	for (size_t i = 0; i < mapping->children_count; i++) {
		if (strcmp(mapping->children[i].key, key) == 0) {
			return &mapping->children[i];
		}
	}
	return NULL;
}
