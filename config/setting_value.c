/* SPDX-License-Identifier: Apache-2.0 */
/* setting_value.c -- setting_value.h: one row a type, its pattern and how its text becomes a
 * value. */
#include "config/setting_value.h"

#include <assert.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/site_config.h"

#define HOST_NAME "[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?"
#define HOST_V6   "[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*"
#define NUMBER    "(0|[1-9][0-9]{0,10})"
#define TIME      "T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})"

/* clang-format off */
static const struct setting_type_info types[SETTING_TYPE_COUNT] = {
	[SETTING_SLUG]      = {"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", "lower-case letters a-z, digits and '-'"},
	[SETTING_TEXT]      = {NULL, "text"},
	[SETTING_PATH]      = {NULL, "a path"},
	[SETTING_DEVICE]    = {"^/.+$", "a path that begins with '/'"},
	[SETTING_INTEGER]   = {"^(0|-?[1-9][0-9]{0,8})$", "a whole number"},
	[SETTING_DURATION]  = {"^" NUMBER " ?(ms|s|min|h|d)$", "a duration"},
	[SETTING_SIZE]      = {"^" NUMBER " ?(KiB|MiB|GiB|TiB)$", "a size"},
	[SETTING_CURRENT]   = {"^" NUMBER " ?A$", "a current"},
	[SETTING_RATIO]     = {"^[1-9][0-9]{0,8} ?/ ?[1-9][0-9]{0,3}$", "a ratio"},
	[SETTING_INSTANT]   = {"^[0-9]{4}-[0-9]{2}-[0-9]{2}(" TIME ")?$", "a date, or an instant as RFC 3339 has it"},
	[SETTING_YES_NO]    = {"^(yes|no|true|false)$", "yes or no"},
	[SETTING_CHOICE]    = {NULL, "one of"},
	[SETTING_HOST]      = {"^(" HOST_NAME "|" HOST_V6 ")$", "a host name or address"},
	[SETTING_HOST_PORT] = {"^(" HOST_NAME "(:[1-9][0-9]{0,8})?|" HOST_V6 "|\\[" HOST_V6 "\\](:[1-9][0-9]{0,8})?)$",
	                       "a host name or address, and a port behind ':' if need be"},
	[SETTING_LIST]      = {NULL, "a list of names"},
	[SETTING_LABELS]    = {NULL, "a mapping of texts"},
};

/* Largest first, so that a duration or a size prints in the largest unit that holds it whole. */
struct scaled_unit {
	const char *name;
	int64_t factor;
};
static const struct scaled_unit durations[] = {
	{"d", 86400000}, {"h", 3600000}, {"min", 60000}, {"s", 1000}, {"ms", 1}, {NULL, 0},
};
static const struct scaled_unit sizes[] = {
	{"TiB", INT64_C(1) << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {NULL, 0},
};
static const struct scaled_unit currents[] = {{"A", 1}, {NULL, 0}};
/* clang-format on */

const struct setting_type_info *setting_type_info(enum setting_type type)
{
	assert((size_t)type < SETTING_TYPE_COUNT);

	return &types[type];
}

struct setting_patterns {
	regex_t compiled[SETTING_TYPE_COUNT];
	bool ready[SETTING_TYPE_COUNT];
};

struct setting_patterns *setting_patterns_free(struct setting_patterns *patterns)
{
	if (!patterns) {
		return NULL;
	}
	for (size_t i = 0; i < SETTING_TYPE_COUNT; i++) {
		if (patterns->ready[i]) {
			regfree(&patterns->compiled[i]);
		}
	}
	free(patterns);
	return NULL;
}

struct setting_patterns *setting_patterns_new(void)
{
	struct setting_patterns *patterns = calloc(1, sizeof(*patterns));

	for (size_t i = 0; patterns && i < SETTING_TYPE_COUNT; i++) {
		if (!types[i].pattern) {
			continue;
		}
		if (regcomp(&patterns->compiled[i], types[i].pattern, REG_EXTENDED | REG_NOSUB) !=
			0) {
			return setting_patterns_free(patterns);
		}
		patterns->ready[i] = true;
	}
	return patterns;
}

size_t text_characters(const char *text)
{
	size_t count = 0;

	for (; *text; text++) {
		count += ((unsigned char)*text & 0xc0) != 0x80;
	}
	return count;
}

static enum setting_fault in_range(const struct setting *setting, int64_t number)
{
	return number < setting->min || number > setting->max ? SETTING_OUT_OF_RANGE : SETTING_FINE;
}

/* The index of a text in a NULL-terminated list; -1: not there. */
static int choice_index(const char *const *choices, const char *text)
{
	for (int i = 0; choices[i]; i++) {
		if (strcmp(choices[i], text) == 0) {
			return i;
		}
	}
	return -1;
}

static const struct scaled_unit *units_of(enum setting_type type)
{
	return type == SETTING_DURATION ? durations : type == SETTING_SIZE ? sizes : currents;
}

/* "15 min" by its unit's factor; what is too large for any setting is INT64_MAX. */
static int64_t scaled_number(const char *text, const struct scaled_unit *units)
{
	char *end = NULL;
	int64_t number = strtoll(text, &end, 10);

	while (*end == ' ') {
		end++;
	}
	for (; units->name; units++) {
		if (strcmp(units->name, end) == 0) {
			return __builtin_mul_overflow(number, units->factor, &number) ? INT64_MAX
										      : number;
		}
	}
	return -1;
}

static enum setting_fault parse_text(
	const struct setting *setting, const char *text, struct setting_value *value)
{
	value->text = text;
	return in_range(setting, (int64_t)text_characters(text));
}

static enum setting_fault parse_integer(
	const struct setting *setting, const char *text, struct setting_value *value)
{
	value->number = strtoll(text, NULL, 10);
	if (setting->choices && choice_index(setting->choices, text) < 0) {
		return SETTING_MALFORMED;
	}
	return in_range(setting, value->number);
}

static enum setting_fault parse_scaled(
	const struct setting *setting, const char *text, struct setting_value *value)
{
	value->number = scaled_number(text, units_of(setting->type));
	return in_range(setting, value->number);
}

static enum setting_fault parse_ratio(
	const struct setting *setting, const char *text, struct setting_value *value)
{
	value->number = strtoll(text, NULL, 10);
	value->second = strtoll(strchr(text, '/') + 1, NULL, 10);
	return in_range(setting, value->number);
}

static enum setting_fault parse_yes_no(
	const struct setting *setting, const char *text, struct setting_value *value)
{
	(void)setting;
	value->number = strcmp(text, "yes") == 0 || strcmp(text, "true") == 0;
	return SETTING_FINE;
}

static enum setting_fault parse_choice(
	const struct setting *setting, const char *text, struct setting_value *value)
{
	int index = choice_index(setting->choices, text);

	value->number = setting->min + index;
	return index < 0 ? SETTING_MALFORMED : SETTING_FINE;
}

/* The host stays in the text; setting_write() cuts it out. */
static enum setting_fault parse_host_port(
	const struct setting *setting, const char *text, struct setting_value *value)
{
	const char *bracket = strchr(text, ']');
	const char *first = strchr(text, ':');
	const char *colon = strrchr(text, ':');
	bool bare_v6 = !bracket && first != colon;

	value->text = text;
	value->number = 0;
	if (colon && !bare_v6 && colon > (bracket ? bracket : text)) {
		value->number = strtoll(colon + 1, NULL, 10);
		if (value->number > 65535) {
			return SETTING_OUT_OF_RANGE;
		}
	}
	return in_range(setting, (int64_t)strlen(text));
}

typedef enum setting_fault parse_fn(
	const struct setting *setting, const char *text, struct setting_value *value);

/* clang-format off */
static parse_fn *const parsers[SETTING_TYPE_COUNT] = {
	[SETTING_SLUG]      = parse_text,
	[SETTING_TEXT]      = parse_text,
	[SETTING_PATH]      = parse_text,
	[SETTING_DEVICE]    = parse_text,
	[SETTING_INTEGER]   = parse_integer,
	[SETTING_DURATION]  = parse_scaled,
	[SETTING_SIZE]      = parse_scaled,
	[SETTING_CURRENT]   = parse_scaled,
	[SETTING_RATIO]     = parse_ratio,
	[SETTING_INSTANT]   = parse_text,
	[SETTING_YES_NO]    = parse_yes_no,
	[SETTING_CHOICE]    = parse_choice,
	[SETTING_HOST]      = parse_text,
	[SETTING_HOST_PORT] = parse_host_port,
};
/* clang-format on */

static bool is_null(const char *text, bool quoted)
{
	static const char *const nulls[] = {"~", "null", "Null", "NULL", NULL};

	return text[0] == '\0' || (!quoted && choice_index(nulls, text) >= 0);
}

enum setting_fault setting_parse(const struct setting *setting, const char *text, bool quoted,
	const struct setting_patterns *patterns, struct setting_value *ret_value)
{
	struct setting_value value = {0};

	assert(parsers[setting->type]);
	if (is_null(text, quoted)) {
		return SETTING_EMPTY;
	}
	if (setting->type == SETTING_INTEGER && quoted) {
		return SETTING_QUOTED;
	}
	if (patterns->ready[setting->type] &&
		regexec(&patterns->compiled[setting->type], text, 0, NULL, 0) != 0) {
		return SETTING_MALFORMED;
	}
	enum setting_fault fault = parsers[setting->type](setting, text, &value);
	if (fault == SETTING_FINE) {
		*ret_value = value;
	}
	return fault;
}

static bool write_text(const char *text, size_t length, void *field, struct config_arena *arena)
{
	const char *copy = arena_text(arena, text, length);

	memcpy(field, &copy, sizeof(copy));
	return copy != NULL;
}

static bool write_host_port(
	const struct setting_value *value, void *field, struct config_arena *arena)
{
	struct config_endpoint *endpoint = field;
	const char *text = value->text;
	size_t length = strlen(text);

	if (text[0] == '[') {
		text++;
		length = strcspn(text, "]");
	} else if (value->number > 0) {
		length = strcspn(text, ":");
	}
	endpoint->port = value->number;
	return write_text(text, length, &endpoint->host, arena);
}

static void write_number(enum setting_type type, const struct setting_value *value, void *field)
{
	if (type == SETTING_CHOICE || type == SETTING_YES_NO) {
		int number = (int)value->number; /* enums of no negative value may be unsigned */
		memcpy(field, &number, sizeof(number));
	} else {
		memcpy(field, &value->number, sizeof(value->number));
	}
}

bool setting_write(const struct setting *setting, const struct setting_value *value, void *section,
	struct config_arena *arena)
{
	void *field = (char *)section + setting->offset;

	if (setting->type == SETTING_HOST_PORT) {
		return write_host_port(value, field, arena);
	}
	if (setting->type == SETTING_RATIO) {
		*(struct config_ratio *)field = (struct config_ratio){value->number, value->second};
		return true;
	}
	if (value->text) {
		return write_text(value->text, strlen(value->text), field, arena);
	}
	write_number(setting->type, value, field);
	return true;
}

static void scaled_print(
	char ret_text[static SPAN_TEXT_MAX], int64_t number, const struct scaled_unit *units)
{
	while (units[1].name && (number == 0 || number % units->factor != 0)) {
		units++;
	}
	snprintf(ret_text, SPAN_TEXT_MAX, "%lld %s", (long long)(number / units->factor),
		units->name);
}

void duration_print(char ret_text[static SPAN_TEXT_MAX], int64_t ms)
{
	scaled_print(ret_text, ms, durations);
}

static void join_choices(const char *const *choices, char *ret_text, size_t size)
{
	size_t length = 0;

	for (; *choices && length < size; choices++) {
		length += (size_t)snprintf(
			ret_text + length, size - length, "%s%s", *choices, choices[1] ? ", " : "");
	}
}

static void allowed_scaled(const struct setting *setting, char *ret_text)
{
	const struct scaled_unit *units = units_of(setting->type);
	char least[SPAN_TEXT_MAX];
	char most[SPAN_TEXT_MAX];

	scaled_print(least, setting->min, units);
	scaled_print(most, setting->max, units);
	snprintf(ret_text, SETTING_ALLOWED_MAX, "%s from %s to %s, such as \"%s\"",
		types[setting->type].kind, least, most, setting->example);
}

void setting_allowed(const struct setting *setting, char ret_text[static SETTING_ALLOWED_MAX])
{
	const char *kind = types[setting->type].kind;
	char choices[SETTING_ALLOWED_MAX - 16];

	if (setting->choices) {
		join_choices(setting->choices, choices, sizeof(choices));
		snprintf(ret_text, SETTING_ALLOWED_MAX,
			setting->type == SETTING_LIST ? "a list of %s" : "one of %s", choices);
		return;
	}
	/* clang-format off */
	switch (setting->type) {
	case SETTING_DURATION:
	case SETTING_SIZE:
	case SETTING_CURRENT:
		allowed_scaled(setting, ret_text);
		break;
	case SETTING_INTEGER:
		snprintf(ret_text, SETTING_ALLOWED_MAX, "%s from %lld to %lld", kind,
			(long long)setting->min, (long long)setting->max);
		break;
	case SETTING_SLUG:
	case SETTING_TEXT:
		snprintf(ret_text, SETTING_ALLOWED_MAX, "%s, at most %lld characters", kind, (long long)setting->max);
		break;
	case SETTING_RATIO:
	case SETTING_INSTANT:
	case SETTING_HOST_PORT:
	case SETTING_LIST:
	case SETTING_LABELS:
		snprintf(ret_text, SETTING_ALLOWED_MAX, "%s, such as \"%s\"", kind, setting->example);
		break;
	case SETTING_PATH:
	case SETTING_DEVICE:
	case SETTING_YES_NO:
	case SETTING_CHOICE:
	case SETTING_HOST:
	case SETTING_TYPE_COUNT:
		snprintf(ret_text, SETTING_ALLOWED_MAX, "%s", kind);
		break;
	}
	/* clang-format on */
}
