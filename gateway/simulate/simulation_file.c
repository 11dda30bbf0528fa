/* SPDX-License-Identifier: Apache-2.0 */
/*
 * simulation_file.c -- Walks the YAML tree; what a key means is simulation_spec's
 * to say.
 */
#include "gateway/simulate/simulation_file.h"

#include <string.h>

#include "config/yaml_reader.h"
#include "gateway/json_instant.h"

struct walk {
	const char *file;
	struct diagnostics *diagnostics;
	struct simulation_spec *spec;
	bool good;
};

static void refuse(struct walk *walk, struct file_position at, const char *reason)
{
	diagnostics_add(walk->diagnostics, DIAGNOSTIC_ERROR, walk->file, at, "%s", reason);
	walk->good = false;
}

/* One value, or each of a list. */
static void set_device_key(
	struct walk *walk, struct device_spec *device, const struct yaml_node *node)
{
	char reason[SPEC_REASON_MAX];
	if (node->kind == YAML_SCALAR) {
		if (!device_spec_set(device, node->key, node->text, reason))
			refuse(walk, node->at, reason);
		return;
	}
	for (size_t i = 0; i < node->children_count; i++) {
		const struct yaml_node *child = &node->children[i];
		if (node->kind != YAML_SEQUENCE || child->kind != YAML_SCALAR)
			refuse(walk, child->at, "a value, or a list of values, belongs here");
		else if (!device_spec_set(device, node->key, child->text, reason))
			refuse(walk, child->at, reason);
	}
}

static void read_device(struct walk *walk, struct line_spec *line, const struct yaml_node *node)
{
	struct device_spec *device = NULL;
	if (node->kind != YAML_MAPPING || yaml_find(node, "model") == NULL) {
		refuse(walk, node->at, "a device is a mapping with `model` at least");
		return;
	}
	device = spec_add_device(line);
	if (device == NULL) {
		refuse(walk, node->at, "more than 247 devices on one line");
		return;
	}
	for (size_t i = 0; i < node->children_count; i++)
		set_device_key(walk, device, &node->children[i]);
}

static void read_devices(struct walk *walk, struct line_spec *line, const struct yaml_node *node)
{
	if (node->kind != YAML_SEQUENCE)
		refuse(walk, node->at, "`devices` is a list");
	for (size_t i = 0; node->kind == YAML_SEQUENCE && i < node->children_count; i++)
		read_device(walk, line, &node->children[i]);
}

/* The key that says what the line is, and how its place is given. */
static const struct yaml_node *find_kind(
	const struct yaml_node *node, enum line_kind *ret_kind, const char **ret_key)
{
	for (int kind = 0; kind < LINE_KIND_COUNT; kind++) {
		const struct yaml_node *found =
			yaml_find(node, line_kind_name((enum line_kind)kind));
		if (found == NULL)
			continue;
		*ret_kind = (enum line_kind)kind;
		*ret_key = kind == LINE_PTY ? "link" : "listen";
		return found;
	}
	return NULL;
}

static void set_line_key(
	struct walk *walk, struct line_spec *line, const struct yaml_node *node, const char *key)
{
	char reason[SPEC_REASON_MAX];
	if (node->kind != YAML_SCALAR)
		refuse(walk, node->at, "one value belongs here");
	else if (*node->text == '\0' && strcmp(key, "link") == 0)
		return; /* `pty:` alone */
	else if (!line_spec_set(line, key, node->text, reason))
		refuse(walk, node->at, reason);
}

static void read_line(struct walk *walk, const struct yaml_node *node)
{
	enum line_kind kind = LINE_PTY;
	const char *place_key = NULL;
	const struct yaml_node *place =
		node->kind == YAML_MAPPING ? find_kind(node, &kind, &place_key) : NULL;
	struct line_spec *line = place != NULL ? spec_add_line(walk->spec, kind) : NULL;
	if (line == NULL) {
		refuse(walk, node->at,
			"a line has one of `pty`, `tcp` and `rtu-over-tcp`, and there are 256 at "
			"most");
		return;
	}
	for (size_t i = 0; i < node->children_count; i++) {
		const struct yaml_node *child = &node->children[i];
		if (child == place)
			set_line_key(walk, line, child, place_key);
		else if (strcmp(child->key, "devices") == 0)
			read_devices(walk, line, child);
		else
			set_line_key(walk, line, child, child->key);
	}
}

static void read_lines(struct walk *walk, const struct yaml_node *node)
{
	if (node->kind != YAML_SEQUENCE)
		refuse(walk, node->at, "`lines` is a list");
	for (size_t i = 0; node->kind == YAML_SEQUENCE && i < node->children_count; i++)
		read_line(walk, &node->children[i]);
}

static bool read_speed(struct walk *walk, const char *text)
{
	return spec_integer(text, 0, SPEC_SPEED_MAX, &walk->spec->speed);
}

static bool read_seed(struct walk *walk, const char *text)
{
	int64_t seed = 0;
	if (!spec_integer(text, 0, INT64_MAX, &seed))
		return false;
	walk->spec->seed = (uint64_t)seed;
	return true;
}

static bool read_start(struct walk *walk, const char *text)
{
	walk->spec->has_start = true;
	return json_instant_parse(text, &walk->spec->start_ms);
}

static bool read_time_of_day(struct walk *walk, const char *text)
{
	walk->spec->has_time_of_day = true;
	return spec_time_of_day(text, &walk->spec->time_of_day_s);
}

static const struct {
	const char *name;
	bool (*read)(struct walk *walk, const char *text);
	const char *refusal;
} file_keys[] = {
	{"speed",       read_speed,       "`speed` is a whole number of simulated seconds a second"},
	{"seed",        read_seed,        "`seed` is a whole number"                               },
	{"start",       read_start,       "`start` is an instant such as 2026-11-23T06:30:00Z"     },
	{"time-of-day", read_time_of_day, "`time-of-day` is HH:MM"                                 },
};

static void read_file_key(struct walk *walk, const struct yaml_node *node)
{
	if (strcmp(node->key, "lines") == 0) {
		read_lines(walk, node);
		return;
	}
	for (size_t i = 0; i < sizeof(file_keys) / sizeof(file_keys[0]); i++) {
		if (strcmp(file_keys[i].name, node->key) != 0)
			continue;
		if (node->kind != YAML_SCALAR || !file_keys[i].read(walk, node->text))
			refuse(walk, node->at, file_keys[i].refusal);
		return;
	}
	refuse(walk, node->key_at, "there are speed, seed, start, time-of-day and lines");
}

bool simulation_file_read(
	const char *path, struct diagnostics *diagnostics, struct simulation_spec *spec)
{
	struct yaml_file *file = NULL;
	struct walk walk = {.file = path, .diagnostics = diagnostics, .spec = spec, .good = true};
	if (yaml_read_file(path, diagnostics, &file) != YAML_OK)
		return false;
	const struct yaml_node *root = yaml_root(file);
	if (root->kind != YAML_MAPPING || yaml_find(root, "lines") == NULL)
		refuse(&walk, root->at, "a scenario is a mapping with `lines` at least");
	for (size_t i = 0; root->kind == YAML_MAPPING && i < root->children_count; i++)
		read_file_key(&walk, &root->children[i]);
	yaml_close(file);
	return walk.good;
}
