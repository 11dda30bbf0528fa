/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message_reader.c -- JSON into structs, by the table of fields. Strings stay
 * jansson's, which lives as long as the message; lists are allocated beside.
 */
#include "gateway/message_fields.h"

#include <assert.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/json_instant.h"
#include "gateway/message_decimal.h"

enum {
	PATH_MAX_BYTES = 80,
	LEVELS_MAX = 8, /* of lists, their items and fields: meters[0].quantities[0].unit has 5 */
	QUOTE_MAX = 40, /* characters of an offending value shown */
};

struct message_memory {
	json_t *root;
	void **lists;
	size_t lists_count;
};

/* One reading: what it allocates, where it stands, and what was wrong first. */
struct reading {
	struct message_memory *memory;
	struct level {
		const char *key; /* NULL: an item of a list */
		size_t item;
	} levels[LEVELS_MAX];
	size_t depth;
	char *error;
};

/* Where a value goes, and what tells its meaning. */
struct target {
	const struct message_record *record;
	const struct message_field *field;
	char *object;
	void *at;
};

static bool read_record(struct reading *reading, const struct message_record *record,
	const json_t *json, char *object);

/* Cut short when it is too long. */
static void write_path(const struct reading *reading, char path[static PATH_MAX_BYTES])
{
	size_t length = 0;
	for (size_t i = 0; i < reading->depth && length < PATH_MAX_BYTES; i++) {
		const struct level *level = &reading->levels[i];
		char *at = path + length;
		size_t room = PATH_MAX_BYTES - length;
		int more = level->key ? snprintf(at, room, "%s%s", i > 0 ? "." : "", level->key)
				      : snprintf(at, room, "[%zu]", level->item);
		length += (size_t)more;
	}
}

__attribute__((format(printf, 2, 3))) static bool fail(
	struct reading *reading, const char *format, ...)
{
	va_list arguments;
	char path[PATH_MAX_BYTES] = "";
	write_path(reading, path);
	int length = snprintf(reading->error, MESSAGE_ERROR_MAX, "%s%s", path, path[0] ? ": " : "");
	va_start(arguments, format);
	vsnprintf(reading->error + length, MESSAGE_ERROR_MAX - (size_t)length, format, arguments);
	va_end(arguments);
	return false;
}

/* "<value> is not <what>" */
static bool fail_value(struct reading *reading, const json_t *json, const char *what)
{
	char *text = json_dumps(json, JSON_ENCODE_ANY | JSON_COMPACT);
	fail(reading, "%.*s%s is not %s", QUOTE_MAX, text ? text : "it",
		text && strlen(text) > QUOTE_MAX ? "..." : "", what);
	free(text);
	return false;
}

/* Go a level down; leave() goes up again, unless something was wrong. Words of where are made only
 * then. */
static void enter(struct reading *reading, const char *key)
{
	assert(reading->depth < LEVELS_MAX);
	reading->levels[reading->depth++] = (struct level){.key = key};
}

static void enter_item(struct reading *reading, size_t item)
{
	assert(reading->depth < LEVELS_MAX);
	reading->levels[reading->depth++] = (struct level){.item = item};
}

static void leave(struct reading *reading)
{
	reading->depth--;
}

static void *allocate(struct reading *reading, size_t count, size_t size)
{
	struct message_memory *memory = reading->memory;
	void **lists = realloc(memory->lists, (memory->lists_count + 1) * sizeof(*lists));
	if (!lists)
		return NULL;
	memory->lists = lists;
	void *list = calloc(count > 0 ? count : 1, size);
	if (list)
		memory->lists[memory->lists_count++] = list;
	return list;
}

static const struct quantity_info *quantity_of(const struct target *target)
{
	return message_record_quantity(target->record, target->object);
}

static bool read_text(struct reading *reading, const json_t *json, const struct target *target)
{
	if (!json_is_string(json))
		return fail_value(reading, json, "a string");
	*(const char **)target->at = json_string_value(json);
	return true;
}

static bool read_text_inside(
	struct reading *reading, const json_t *json, const struct target *target)
{
	if (!json_is_string(json))
		return fail_value(reading, json, "a string");
	if (json_string_length(json) >= target->field->size)
		return fail(reading, "%zu bytes; at most %d are allowed", json_string_length(json),
			target->field->size - 1);
	memcpy(target->at, json_string_value(json), json_string_length(json) + 1);
	return true;
}

static bool read_boolean(struct reading *reading, const json_t *json, const struct target *target)
{
	if (!json_is_boolean(json))
		return fail_value(reading, json, "true or false");
	*(bool *)target->at = json_is_true(json);
	return true;
}

static bool take_integer(
	struct reading *reading, const json_t *json, int64_t max, int64_t *ret_number)
{
	if (!json_is_integer(json) || json_integer_value(json) < 0)
		return fail_value(reading, json, "a whole number from 0");
	if (json_integer_value(json) > max)
		return fail(reading, "%" JSON_INTEGER_FORMAT " is more than %" PRId64,
			json_integer_value(json), max);
	*ret_number = json_integer_value(json);
	return true;
}

static bool read_integer(struct reading *reading, const json_t *json, const struct target *target)
{
	return take_integer(reading, json, INT64_MAX, target->at);
}

static bool read_integer_32(
	struct reading *reading, const json_t *json, const struct target *target)
{
	int64_t number = 0;
	if (!take_integer(reading, json, INT32_MAX, &number))
		return false;
	*(int32_t *)target->at = (int32_t)number;
	return true;
}

static bool read_instant(struct reading *reading, const json_t *json, const struct target *target)
{
	if (!json_is_string(json) || !json_instant_parse(json_string_value(json), target->at))
		return fail_value(reading, json, "an instant (RFC 3339, as 2026-11-23T09:15:00Z)");
	return true;
}

static bool take_decimal(
	struct reading *reading, const json_t *json, int8_t decimals, int64_t *ret_steps)
{
	if (!json_is_number(json))
		return fail_value(reading, json, "a number");
	bool fits = json_is_integer(json)
			    ? message_decimal_shift(json_integer_value(json), decimals, ret_steps)
			    : message_decimal_steps(json_real_value(json), decimals, ret_steps);
	if (!fits)
		return fail_value(reading, json, "a number in the steps of its unit");
	return true;
}

static bool read_milli(struct reading *reading, const json_t *json, const struct target *target)
{
	return take_decimal(reading, json, 3, target->at);
}

static bool read_micro(struct reading *reading, const json_t *json, const struct target *target)
{
	return take_decimal(reading, json, 6, target->at);
}

static bool read_steps(struct reading *reading, const json_t *json, const struct target *target)
{
	return take_decimal(reading, json, quantity_of(target)->decimals, target->at);
}

/* The number of a word; false when it is none of them. */
static bool find_word(const struct message_words *words, const char *text, unsigned *ret_number)
{
	for (unsigned i = 0; i < words->count; i++) {
		const char *name = words->name(i);
		if (name && text && strcmp(name, text) == 0) {
			*ret_number = i;
			return true;
		}
	}
	return false;
}

static bool read_word(struct reading *reading, const json_t *json, const struct target *target)
{
	unsigned number;
	if (!find_word(target->field->words, json_string_value(json), &number))
		return fail_value(reading, json, "a word that is known here");
	*(uint8_t *)target->at = (uint8_t)number;
	return true;
}

static bool read_quantity(struct reading *reading, const json_t *json, const struct target *target)
{
	enum quantity quantity;
	if (!json_is_string(json) || !quantity_find(json_string_value(json), &quantity))
		return fail_value(reading, json, "a quantity");
	*(uint8_t *)target->at = (uint8_t)quantity;
	return true;
}

/* What follows from the quantity must say the same. */
static bool expect_text(struct reading *reading, const json_t *json, const char *expected)
{
	if (json_is_string(json) && strcmp(json_string_value(json), expected) == 0)
		return true;
	char what[64];
	snprintf(what, sizeof(what), "\"%s\", as its quantity has it", expected);
	return fail_value(reading, json, what);
}

static bool read_unit(struct reading *reading, const json_t *json, const struct target *target)
{
	return expect_text(reading, json, quantity_of(target)->unit);
}

static bool read_counting(struct reading *reading, const json_t *json, const struct target *target)
{
	return expect_text(reading, json, message_counting_name(quantity_of(target)->kind));
}

static bool read_fraction(struct reading *reading, const json_t *json, const struct target *target)
{
	if (!json_is_string(json) || !message_fraction_parse(json_string_value(json),
					     quantity_of(target)->decimals, target->at))
		return fail_value(reading, json, "a fraction, as \"1/100\"");
	return true;
}

/* Flags not known here are passed over: there will be new ones. */
static bool read_flags(struct reading *reading, const json_t *json, const struct target *target)
{
	size_t i;
	json_t *item;
	unsigned bit;
	if (!json_is_array(json))
		return fail_value(reading, json, "an array");
	json_array_foreach(json, i, item)
	{
		if (find_word(target->field->words, json_string_value(item), &bit))
			*(uint32_t *)target->at |= UINT32_C(1) << bit;
	}
	return true;
}

static bool read_counts(struct reading *reading, const json_t *json, const struct target *target)
{
	if (!json_is_object(json))
		return fail_value(reading, json, "an object");
	for (unsigned i = 0; i < target->field->words->count; i++) {
		const json_t *count = json_object_get(json, target->field->words->name(i));
		if (count && !take_integer(reading, count, INT64_MAX, (int64_t *)target->at + i))
			return false;
	}
	return true;
}

/* Allocate what a list, map or labels need and put it in its place. */
static char *make_list(
	struct reading *reading, const struct target *target, size_t count, size_t size)
{
	char *list = allocate(reading, count, size);
	if (!list) {
		fail(reading, "out of memory");
		return NULL;
	}
	*(const void **)target->at = list;
	*(size_t *)(void *)(target->object + target->field->count_offset) = count;
	return list;
}

static bool read_labels(struct reading *reading, const json_t *json, const struct target *target)
{
	if (!json_is_object(json))
		return fail_value(reading, json, "an object");
	void *list =
		make_list(reading, target, json_object_size(json), sizeof(struct config_label));
	struct config_label *label = list;
	if (!label)
		return false;
	for (void *i = json_object_iter((json_t *)(uintptr_t)json); i;
		i = json_object_iter_next((json_t *)(uintptr_t)json, i), label++) {
		if (!json_is_string(json_object_iter_value(i)))
			return fail_value(reading, json_object_iter_value(i), "a string");
		label->key = json_object_iter_key(i);
		label->text = json_string_value(json_object_iter_value(i));
	}
	return true;
}

static bool read_list(struct reading *reading, const json_t *json, const struct target *target)
{
	const struct message_record *record = target->field->record;
	if (!json_is_array(json))
		return fail_value(reading, json, "an array");
	if (target->field->items_max > 0 && json_array_size(json) > target->field->items_max)
		return fail(reading, "%zu of them; at most %d are allowed", json_array_size(json),
			target->field->items_max);
	char *list = make_list(reading, target, json_array_size(json), record->size);
	for (size_t i = 0; list && i < json_array_size(json); i++) {
		enter_item(reading, i);
		if (!read_record(reading, record, json_array_get(json, i), list + i * record->size))
			return false;
		leave(reading);
	}
	return list != NULL;
}

static bool read_map(struct reading *reading, const json_t *json, const struct target *target)
{
	const struct message_record *record = target->field->record;
	json_t *map = (json_t *)(uintptr_t)json;
	if (!json_is_object(json))
		return fail_value(reading, json, "an object");
	char *object = make_list(reading, target, json_object_size(json), record->size);
	for (void *i = json_object_iter(map); object && i;
		i = json_object_iter_next(map, i), object += record->size) {
		enum quantity quantity;
		enter(reading, json_object_iter_key(i));
		if (!quantity_find(json_object_iter_key(i), &quantity))
			return fail(reading, "not a quantity");
		*(uint8_t *)(object + record->quantity_offset) = (uint8_t)quantity;
		if (!read_record(reading, record, json_object_iter_value(i), object))
			return false;
		leave(reading);
	}
	return object != NULL;
}

/* clang-format off */
static bool (*const readers[MESSAGE_FIELD_TYPE_COUNT])(struct reading *, const json_t *, const struct target *) = {
	[MESSAGE_TEXT]        = read_text,
	[MESSAGE_TEXT_INSIDE] = read_text_inside,
	[MESSAGE_BOOLEAN]     = read_boolean,
	[MESSAGE_INTEGER]     = read_integer,
	[MESSAGE_INTEGER_32]  = read_integer_32,
	[MESSAGE_INSTANT]     = read_instant,
	[MESSAGE_MILLI]       = read_milli,
	[MESSAGE_MICRO]       = read_micro,
	[MESSAGE_STEPS]       = read_steps,
	[MESSAGE_WORD]        = read_word,
	[MESSAGE_QUANTITY]    = read_quantity,
	[MESSAGE_UNIT]        = read_unit,
	[MESSAGE_COUNTING]    = read_counting,
	[MESSAGE_FRACTION]    = read_fraction,
	[MESSAGE_FLAGS]       = read_flags,
	[MESSAGE_COUNTS]      = read_counts,
	[MESSAGE_LABELS]      = read_labels,
	[MESSAGE_LIST]        = read_list,
	[MESSAGE_MAP]         = read_map,
};
/* clang-format on */

/* Without a value: 0, but for an instant. */
static bool read_nothing(struct reading *reading, const json_t *json, const struct target *target)
{
	const struct message_field *field = target->field;
	if (field->presence == MESSAGE_ALWAYS)
		return fail(reading, json ? "null is not allowed" : "is missing");
	if (!json && !field->left_out && !field->added)
		return fail(reading, "is missing");
	if (field->type == MESSAGE_INSTANT)
		*(int64_t *)target->at = INSTANT_UNKNOWN;
	return true;
}

static bool read_field(struct reading *reading, const json_t *json, const struct target *target)
{
	const json_t *value = json_object_get(json, target->field->key);
	if (!value || json_is_null(value))
		return read_nothing(reading, value, target);
	if (target->field->presence == MESSAGE_IF_FLAG)
		*(bool *)(target->object + target->field->has_offset) = true;
	return readers[target->field->type](reading, value, target);
}

/* Fields that have a value together must all have it, or none; an end lies behind its beginning. */
static bool check_together(struct reading *reading, const json_t *json, const struct target *target)
{
	const json_t *value = json_object_get(json, target->field->key);
	bool has = value && !json_is_null(value);
	int64_t beginning = target->field->is_above ? *(const int64_t *)message_at(target->object,
							      target->field->above_offset)
						    : INT64_MIN;
	if (target->field->is_above && *(const int64_t *)target->at <= beginning)
		return fail(reading, "%" PRId64 " is not more than %" PRId64,
			*(const int64_t *)target->at, beginning);
	if (has == message_field_present(target->record, target->field, target->object))
		return true;
	return fail(reading, has ? "there must be no value here" : "null does not fit the rest");
}

static bool read_record(struct reading *reading, const struct message_record *record,
	const json_t *json, char *object)
{
	bool (*const passes[])(struct reading *, const json_t *, const struct target *) = {
		read_field, check_together};
	if (!json_is_object(json))
		return fail_value(reading, json, "an object");
	for (size_t pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < record->fields_count; i++) {
			const struct message_field *field = &record->fields[i];
			struct target target = {record, field, object, object + field->offset};
			enter(reading, field->key);
			if (!passes[pass](reading, json, &target))
				return false;
			leave(reading);
		}
	}
	return true;
}

bool message_read(enum message_kind kind, struct json_text payload, struct message *ret_message,
	char ret_error[static MESSAGE_ERROR_MAX])
{
	json_error_t error;
	struct message message = {.kind = kind, .memory = calloc(1, sizeof(*message.memory))};
	struct reading reading = {.memory = message.memory, .error = ret_error};
	uint32_t bytes_max = message_kind_info(kind)->bytes_max;
	if (!message.memory)
		return fail(&reading, "out of memory");
	if (bytes_max > 0 && payload.length > bytes_max) {
		message_clear(&message);
		return fail(&reading, "%zu bytes; at most %" PRIu32 " are allowed", payload.length,
			bytes_max);
	}
	message.memory->root =
		json_loadb(payload.bytes, payload.length, JSON_REJECT_DUPLICATES, &error);
	if (!message.memory->root)
		fail(&reading, "not JSON: %s, at byte %d", error.text, error.position);
	else if (read_record(&reading, message_record(kind), message.memory->root,
			 (char *)&message.status)) {
		*ret_message = message;
		return true;
	}
	message_clear(&message);
	return false;
}

void message_clear(struct message *message)
{
	struct message_memory *memory = message->memory;
	message->memory = NULL;
	if (!memory)
		return;
	for (size_t i = 0; i < memory->lists_count; i++)
		free(memory->lists[i]);
	free(memory->lists);
	json_decref(memory->root);
	free(memory);
}
