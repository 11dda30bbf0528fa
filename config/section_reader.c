/* SPDX-License-Identifier: Apache-2.0 */
/* section_reader.c -- section_reader.h. */
#include "config/section_reader.h"

#include <string.h>

#include "config/spelling.h"

enum { LABEL_CHARACTERS_MAX = 200, EXTRAS_MAX = 16 };

const char *section_kind_text(const struct yaml_node *node)
{
	static const char *const texts[] = {
		[YAML_SCALAR] = "a single value",
		[YAML_SEQUENCE] = "a list",
		[YAML_MAPPING] = "a mapping",
	};
	bool empty = node->kind == YAML_SCALAR && !node->text[0];

	return empty ? "nothing" : texts[node->kind];
}

void *section_take(struct section_context *reading, size_t bytes)
{
	void *taken = arena_take(reading->config->arena, bytes);

	reading->out_of_memory |= !taken;
	return taken;
}

static void report_fault(struct section_context *reading, const struct setting *setting,
	const struct yaml_node *node, enum setting_fault fault)
{
	static const char *const what[SETTING_FAULT_COUNT] = {
		[SETTING_QUOTED] = "is a text; write it without quotes",
		[SETTING_MALFORMED] = "is not understood",
		[SETTING_OUT_OF_RANGE] = "is out of range",
	};
	struct spelling spelling = {.word = node->text};
	char allowed[SETTING_ALLOWED_MAX];

	setting_allowed(setting, allowed);
	if (fault == SETTING_EMPTY) {
		SECTION_REPORT(reading, node->key_at, "%s: nothing stands here; allowed: %s",
			setting->key, allowed);
		return;
	}
	if (setting->choices) {
		spelling_offer_all(&spelling, setting->choices);
	}
	SECTION_REPORT(reading, node->at, "%s: \"%s\" %s%s%s%s; allowed: %s", setting->key,
		node->text, what[fault], spelling.nearest ? "; did you mean \"" : "",
		spelling.nearest ? spelling.nearest : "", spelling.nearest ? "\"?" : "", allowed);
}

static void read_scalar_setting(struct section_context *reading, const struct setting *setting,
	const struct yaml_node *node, void *base)
{
	struct setting_value value;

	if (node->kind != YAML_SCALAR) {
		char allowed[SETTING_ALLOWED_MAX];
		setting_allowed(setting, allowed);
		SECTION_REPORT(reading, node->key_at, "%s: %s stands here; allowed: %s",
			setting->key, section_kind_text(node), allowed);
		return;
	}
	enum setting_fault fault =
		setting_parse(setting, node->text, node->quoted, reading->patterns, &value);
	if (fault != SETTING_FINE) {
		report_fault(reading, setting, node, fault);
	} else if (!setting_write(setting, &value, base, reading->config->arena)) {
		reading->out_of_memory = true;
	}
}

/* A list or mapping of texts, of a length the row allows. */
static bool check_collection(struct section_context *reading, const struct setting *setting,
	const struct yaml_node *node, enum yaml_kind kind)
{
	char allowed[SETTING_ALLOWED_MAX];

	setting_allowed(setting, allowed);
	if (node->kind != kind) {
		SECTION_REPORT(reading, node->key_at, "%s: %s stands here; allowed: %s",
			setting->key, section_kind_text(node), allowed);
		return false;
	}
	if ((int64_t)node->children_count < setting->min ||
		(int64_t)node->children_count > setting->max) {
		SECTION_REPORT(reading, node->key_at, "%s: %zu entries; allowed: %lld to %lld",
			setting->key, node->children_count, (long long)setting->min,
			(long long)setting->max);
		return false;
	}
	return true;
}

static const char *entry_text(struct section_context *reading, const struct setting *setting,
	const struct yaml_node *node)
{
	if (node->kind != YAML_SCALAR || !node->text[0]) {
		SECTION_REPORT(reading, node->at, "%s: %s stands here; a text is wanted",
			setting->key, section_kind_text(node));
		return NULL;
	}
	if (text_characters(node->text) > LABEL_CHARACTERS_MAX) {
		SECTION_REPORT(reading, node->at, "%s: \"%.40s...\" is longer than %d characters",
			setting->key, node->text, LABEL_CHARACTERS_MAX);
		return NULL;
	}
	char *copy = arena_text(reading->config->arena, node->text, strlen(node->text));
	reading->out_of_memory |= !copy;
	return copy;
}

/* A name of a list must be one of its choices, where it has some, and stand there once. */
static void check_name(struct section_context *reading, const struct setting *setting,
	const struct yaml_node *node, const struct config_names *before)
{
	bool known = !setting->choices;

	for (const char *const *choice = setting->choices; choice && *choice; choice++) {
		known |= strcmp(*choice, node->text) == 0;
	}
	if (!known) {
		report_fault(reading, setting, node, SETTING_MALFORMED);
	}
	for (size_t i = 0; i < before->count; i++) {
		if (strcmp(before->names[i], node->text) == 0) {
			SECTION_REPORT(reading, node->at, "%s: \"%s\" stands here a second time",
				setting->key, node->text);
		}
	}
}

static void read_list(struct section_context *reading, const struct setting *setting,
	const struct yaml_node *node, void *base)
{
	struct config_names *list = (void *)((char *)base + setting->offset);

	if (!check_collection(reading, setting, node, YAML_SEQUENCE)) {
		return;
	}
	const char **names = section_take(reading, node->children_count * sizeof(*names));
	list->names = names;
	for (size_t i = 0; names && i < node->children_count; i++) {
		const char *name = entry_text(reading, setting, &node->children[i]);
		if (name) {
			check_name(reading, setting, &node->children[i], list);
			names[list->count++] = name;
		}
	}
}

static void read_labels(struct section_context *reading, const struct setting *setting,
	const struct yaml_node *node, void *base)
{
	struct config_labels *labels = (void *)((char *)base + setting->offset);

	if (!check_collection(reading, setting, node, YAML_MAPPING)) {
		return;
	}
	struct config_label *items = section_take(reading, node->children_count * sizeof(*items));
	for (size_t i = 0; items && i < node->children_count; i++) {
		const struct yaml_node *child = &node->children[i];
		const char *text = entry_text(reading, setting, child);
		const char *key =
			arena_text(reading->config->arena, child->key, strlen(child->key));
		reading->out_of_memory |= !key;
		if (text && key) {
			items[labels->count++] = (struct config_label){key, text};
		}
	}
	labels->items = items;
}

static void read_setting(struct section_context *reading, const struct setting *setting,
	const struct yaml_node *node, void *base)
{
	if (setting->at_offset) {
		memcpy((char *)base + setting->at_offset, &node->at, sizeof(node->at));
	}
	if (setting->type == SETTING_LIST) {
		read_list(reading, setting, node, base);
	} else if (setting->type == SETTING_LABELS) {
		read_labels(reading, setting, node, base);
	} else {
		read_scalar_setting(reading, setting, node, base);
	}
}

static void report_unknown(struct section_context *reading, const struct section_reading *section,
	const struct yaml_node *node)
{
	struct spelling spelling = {.word = node->key};

	for (size_t i = 0; i < settings_count; i++) {
		if (settings[i].section == section->section) {
			spelling_offer(&spelling, settings[i].key);
		}
	}
	SECTION_REPORT(reading, node->key_at, "%s: unknown key \"%s\"%s%s%s",
		setting_section_info(section->section)->key, node->key,
		spelling.nearest ? "; did you mean \"" : "; `byport check --help-config` lists all",
		spelling.nearest ? spelling.nearest : "", spelling.nearest ? "\"?" : "");
}

/* A meter's key that is not ours: kept, for the model to know. */
static void keep_extra(struct section_context *reading, struct config_meter *meter,
	const struct yaml_node *node, struct config_extra *room)
{
	struct config_arena *arena = reading->config->arena;

	if (meter->extras_count >= EXTRAS_MAX) {
		SECTION_REPORT(reading, node->key_at,
			"meters: more than %d unknown keys; \"%s\" is one", EXTRAS_MAX, node->key);
		return;
	}
	room[meter->extras_count] = (struct config_extra){
		.key = arena_text(arena, node->key, strlen(node->key)),
		.text = arena_text(arena, node->text, strlen(node->text)),
		.key_at = node->key_at,
		.at = node->at,
	};
	reading->out_of_memory |= !room[meter->extras_count].key || !room[meter->extras_count].text;
	meter->extras = room;
	meter->extras_count++;
}

static bool is_extra(const struct section_reading *section, const struct yaml_node *child)
{
	return section->section == SECTION_METER && child->kind == YAML_SCALAR && child->text[0];
}

static void read_keys(struct section_context *reading, const struct section_reading *section)
{
	struct config_extra *room = NULL;

	for (size_t i = 0; i < section->node->children_count; i++) {
		const struct yaml_node *child = &section->node->children[i];
		const struct setting *setting = setting_find(section->section, child->key);
		if (setting) {
			read_setting(reading, setting, child, section->base);
		} else if (!is_extra(section, child)) {
			report_unknown(reading, section, child);
		} else {
			room = room ? room : section_take(reading, EXTRAS_MAX * sizeof(*room));
			if (room) {
				keep_extra(reading, section->base, child, room);
			}
		}
	}
}

/* Defaults of what is absent, and the complaint where there is none. */
static void fill_absent(struct section_context *reading, const struct section_reading *section)
{
	for (size_t i = 0; i < settings_count; i++) {
		const struct setting *setting = &settings[i];
		const struct yaml_node standing = {
			.kind = YAML_SCALAR, .text = setting->fallback, .at = section->at};
		if (setting->section != section->section ||
			yaml_find(section->node, setting->key)) {
			continue;
		}
		if (setting->required) {
			char allowed[SETTING_ALLOWED_MAX];
			setting_allowed(setting, allowed);
			SECTION_REPORT(reading, section->at, "%s: \"%s\" is missing; it is %s",
				setting_section_info(section->section)->key, setting->key, allowed);
		} else if (setting->fallback) {
			read_scalar_setting(reading, setting, &standing, section->base);
		}
	}
}

void section_read(struct section_context *reading, const struct section_reading *section)
{
	if (section->node && section->node->kind != YAML_MAPPING) {
		SECTION_REPORT(reading, section->at,
			"%s: %s stands here; a mapping of settings is wanted",
			setting_section_info(section->section)->key,
			section_kind_text(section->node));
		return;
	}
	if (section->node) {
		read_keys(reading, section);
	}
	fill_absent(reading, section);
}

/* The entries of a list section; NULL when there are none to read. */
const struct yaml_node *section_list_entries(struct section_context *reading,
	enum setting_section section, const struct yaml_node *node, size_t *ret_count)
{
	const struct setting_section_info *info = setting_section_info(section);

	if (node->kind != YAML_SEQUENCE) {
		SECTION_REPORT(reading, node->key_at,
			"%s: %s stands here; a list is wanted (\"- id: ...\")", info->key,
			section_kind_text(node));
		return NULL;
	}
	if (node->children_count == 0 || (int64_t)node->children_count > info->max) {
		SECTION_REPORT(reading, node->key_at, "%s: %zu entries; allowed: 1 to %lld",
			info->key, node->children_count, (long long)info->max);
		return NULL;
	}
	*ret_count = node->children_count;
	return node->children;
}
