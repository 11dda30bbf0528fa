/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message_schema.c -- The table of fields as JSON Schema. Fields not named are
 * allowed: later gateways may say more.
 */
#include "gateway/message_fields.h"

#include <jansson.h>
#include <string.h>

static json_t *record_schema(const struct message_record *record);

/* Enum, of names that may repeat or be NULL. */
static void add_name(json_t *names, const char *name)
{
	size_t i;
	json_t *known;
	json_array_foreach(names, i, known)
	{
		if (name && json_string_value(known) && strcmp(json_string_value(known), name) == 0)
			return;
	}
	if (name)
		json_array_append_new(names, json_string(name));
}

static json_t *word_names(const struct message_words *words)
{
	json_t *names = json_array();
	for (unsigned i = 0; i < words->count; i++)
		add_name(names, words->name(i));
	return names;
}

/* Every different quantity_info text: name or unit. */
static json_t *quantity_texts(bool units)
{
	json_t *names = json_array();
	for (unsigned i = 0; i < QUANTITY_COUNT; i++) {
		const struct quantity_info *info = quantity_info((enum quantity)i);
		add_name(names, units ? info->unit : info->name);
	}
	return names;
}

static json_t *text_schema(const struct message_field *field)
{
	return field->presence == MESSAGE_IF_SET
		       ? json_pack("{s:s, s:i}", "type", "string", "minLength", 1)
		       : json_pack("{s:s}", "type", "string");
}

static json_t *boolean_schema(const struct message_field *field)
{
	(void)field;
	return json_pack("{s:s}", "type", "boolean");
}

static json_t *integer_schema(const struct message_field *field)
{
	(void)field;
	return json_pack("{s:s, s:i}", "type", "integer", "minimum", 0);
}

static json_t *instant_schema(const struct message_field *field)
{
	(void)field;
	return json_pack("{s:s, s:s, s:s}", "type", "string", "format", "date-time", "pattern",
		"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{3})?Z$");
}

static json_t *number_schema(const struct message_field *field)
{
	(void)field;
	return json_pack("{s:s}", "type", "number");
}

static json_t *word_schema(const struct message_field *field)
{
	return json_pack("{s:s, s:o}", "type", "string", "enum", word_names(field->words));
}

static json_t *quantity_schema(const struct message_field *field)
{
	(void)field;
	return json_pack("{s:s, s:o}", "type", "string", "enum", quantity_texts(false));
}

static json_t *unit_schema(const struct message_field *field)
{
	(void)field;
	return json_pack("{s:s, s:o}", "type", "string", "enum", quantity_texts(true));
}

static json_t *counting_schema(const struct message_field *field)
{
	(void)field;
	return json_pack("{s:s, s:[s, s]}", "type", "string", "enum",
		message_counting_name(QUANTITY_COUNTER), message_counting_name(QUANTITY_GAUGE));
}

static json_t *fraction_schema(const struct message_field *field)
{
	(void)field;
	return json_pack("{s:s, s:s}", "type", "string", "pattern", "^-?[1-9][0-9]*/[1-9][0-9]*$");
}

static json_t *flags_schema(const struct message_field *field)
{
	(void)field;
	return json_pack("{s:s, s:{s:s}}", "type", "array", "items", "type", "string");
}

static json_t *counts_schema(const struct message_field *field)
{
	return json_pack("{s:s, s:{s:o}, s:{s:s, s:i}}", "type", "object", "propertyNames", "enum",
		word_names(field->words), "additionalProperties", "type", "integer", "minimum", 1);
}

static json_t *labels_schema(const struct message_field *field)
{
	(void)field;
	return json_pack(
		"{s:s, s:{s:s}}", "type", "object", "additionalProperties", "type", "string");
}

static json_t *list_schema(const struct message_field *field)
{
	json_t *schema =
		json_pack("{s:s, s:o}", "type", "array", "items", record_schema(field->record));
	if (field->items_max > 0)
		json_object_set_new(schema, "maxItems", json_integer(field->items_max));
	return schema;
}

static json_t *map_schema(const struct message_field *field)
{
	return json_pack("{s:s, s:{s:o}, s:o}", "type", "object", "propertyNames", "enum",
		quantity_texts(false), "additionalProperties", record_schema(field->record));
}

/* clang-format off */
static json_t *(*const schemas[MESSAGE_FIELD_TYPE_COUNT])(const struct message_field *) = {
	[MESSAGE_TEXT]        = text_schema,
	[MESSAGE_TEXT_INSIDE] = text_schema,
	[MESSAGE_BOOLEAN]     = boolean_schema,
	[MESSAGE_INTEGER]     = integer_schema,
	[MESSAGE_INTEGER_32]  = integer_schema,
	[MESSAGE_INSTANT]     = instant_schema,
	[MESSAGE_MILLI]       = number_schema,
	[MESSAGE_MICRO]       = number_schema,
	[MESSAGE_STEPS]       = number_schema,
	[MESSAGE_WORD]        = word_schema,
	[MESSAGE_QUANTITY]    = quantity_schema,
	[MESSAGE_UNIT]        = unit_schema,
	[MESSAGE_COUNTING]    = counting_schema,
	[MESSAGE_FRACTION]    = fraction_schema,
	[MESSAGE_FLAGS]       = flags_schema,
	[MESSAGE_COUNTS]      = counts_schema,
	[MESSAGE_LABELS]      = labels_schema,
	[MESSAGE_LIST]        = list_schema,
	[MESSAGE_MAP]         = map_schema,
};
/* clang-format on */

/* Null where a field may have no value. */
static json_t *field_schema(const struct message_field *field)
{
	json_t *schema = schemas[field->type](field);
	if (field->presence != MESSAGE_ALWAYS && !field->left_out) {
		json_object_set_new(schema, "type",
			json_pack("[O, s]", json_object_get(schema, "type"), "null"));
		json_t *words = json_object_get(schema, "enum");
		if (words)
			json_array_append_new(words, json_null());
	}
	json_object_set_new(schema, "description", json_string(field->help));
	return schema;
}

static json_t *record_schema(const struct message_record *record)
{
	json_t *required = json_array();
	json_t *properties = json_object();
	for (size_t i = 0; i < record->fields_count; i++) {
		const struct message_field *field = &record->fields[i];
		json_object_set_new(properties, field->key, field_schema(field));
		if (!field->left_out && !field->added)
			json_array_append_new(required, json_string(field->key));
	}
	return json_pack("{s:s, s:s, s:o, s:o}", "description", record->help, "type", "object",
		"required", required, "properties", properties);
}

void message_print_schema(enum message_kind kind, FILE *stream)
{
	json_t *schema = json_object();
	json_object_set_new(
		schema, "$schema", json_string("https://json-schema.org/draft/2020-12/schema"));
	json_object_set_new(schema, "title",
		json_sprintf(
			"byport/%d %s", MESSAGE_SCHEMA_VERSION, message_kind_info(kind)->topic));
	json_object_update_new(schema, record_schema(message_record(kind)));
	json_dumpf(schema, stream, JSON_INDENT(2));
	fputc('\n', stream);
	json_decref(schema);
}
