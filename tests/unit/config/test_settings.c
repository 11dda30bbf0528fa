/* SPDX-License-Identifier: Apache-2.0 */
/* test_settings.c -- What must hold for every row of the table of settings. */
#include "config/settings.h"

#include <stdlib.h>

#include "config/setting_value.h"
#include "config/site_config.h"
#include "tests/unit/config/expect.h"

static const size_t section_bytes[SECTION_COUNT] = {
	[SECTION_SITE] = sizeof(struct site_config),
	[SECTION_GATEWAY] = sizeof(struct site_config),
	[SECTION_BROKER] = sizeof(struct config_broker),
	[SECTION_INTERVALS] = sizeof(struct site_config),
	[SECTION_FLAGS] = sizeof(struct config_flags),
	[SECTION_TOTALS] = sizeof(struct site_config),
	[SECTION_BUS] = sizeof(struct config_bus),
	[SECTION_METER] = sizeof(struct config_meter),
};

/* What a type takes in its struct. */
static const size_t type_bytes[SETTING_TYPE_COUNT] = {
	[SETTING_SLUG] = sizeof(const char *),
	[SETTING_TEXT] = sizeof(const char *),
	[SETTING_PATH] = sizeof(const char *),
	[SETTING_DEVICE] = sizeof(const char *),
	[SETTING_INTEGER] = sizeof(int64_t),
	[SETTING_DURATION] = sizeof(int64_t),
	[SETTING_SIZE] = sizeof(int64_t),
	[SETTING_CURRENT] = sizeof(int64_t),
	[SETTING_RATIO] = sizeof(struct config_ratio),
	[SETTING_INSTANT] = sizeof(const char *),
	[SETTING_YES_NO] = sizeof(enum config_yes_no),
	[SETTING_CHOICE] = sizeof(enum config_use),
	[SETTING_HOST] = sizeof(const char *),
	[SETTING_HOST_PORT] = sizeof(struct config_endpoint),
	[SETTING_LIST] = sizeof(struct config_names),
	[SETTING_LABELS] = sizeof(struct config_labels),
};

static int make_patterns(void **state)
{
	*state = setting_patterns_new();
	return *state ? 0 : -1;
}

static int free_patterns(void **state)
{
	*state = setting_patterns_free(*state);
	return 0;
}

static bool is_scalar(const struct setting *setting)
{
	return setting->type != SETTING_LIST && setting->type != SETTING_LABELS;
}

static enum setting_fault parse(
	const struct setting *setting, const char *text, void **state, struct setting_value *value)
{
	struct setting_value aside;

	return setting_parse(setting, text, false, *state, value ? value : &aside);
}

static void every_row_is_complete_and_has_a_key_of_its_own(void **state)
{
	(void)state;
	for (size_t i = 0; i < settings_count; i++) {
		const struct setting *setting = &settings[i];
		assert_true((size_t)setting->section < SECTION_COUNT);
		assert_true((size_t)setting->type < SETTING_TYPE_COUNT);
		assert_non_null(setting->key);
		assert_non_null(setting->example);
		assert_true(strlen(setting->help) > 10);
		assert_int_equal(setting->help[strlen(setting->help) - 1], '.');
		assert_true(setting->min <= setting->max);
		assert_ptr_equal(setting_find(setting->section, setting->key), setting);
		assert_false(setting->required && setting->fallback);
		assert_true(!setting->required || setting->shown);
		assert_true((setting->type == SETTING_CHOICE) <= (setting->choices != NULL));
	}
	assert_null(setting_find(SECTION_SITE, "no-such-key"));
}

/* Several sections share that struct. */
static bool is_of_site(enum setting_section section)
{
	return section_bytes[section] == sizeof(struct site_config);
}

static void every_row_has_a_field_of_its_own_inside_its_struct(void **state)
{
	(void)state;
	for (size_t i = 0; i < settings_count; i++) {
		const struct setting *a = &settings[i];
		size_t end = a->offset + type_bytes[a->type];
		assert_true(end <= section_bytes[a->section]);
		assert_true(
			a->at_offset + sizeof(struct file_position) <= section_bytes[a->section]);
		for (size_t k = 0; k < settings_count; k++) {
			const struct setting *b = &settings[k];
			bool same_struct = a->section == b->section ||
					   (is_of_site(a->section) && is_of_site(b->section));
			if (k == i || !same_struct) {
				continue;
			}
			assert_true(
				end <= b->offset || b->offset + type_bytes[b->type] <= a->offset);
			assert_true(a->at_offset == 0 || a->at_offset != b->at_offset);
		}
	}
}

static void every_default_and_every_example_parses(void **state)
{
	for (size_t i = 0; i < settings_count; i++) {
		const struct setting *setting = &settings[i];
		if (!is_scalar(setting)) {
			continue;
		}
		assert_int_equal(parse(setting, setting->example, state, NULL), SETTING_FINE);
		if (setting->fallback) {
			assert_int_equal(
				parse(setting, setting->fallback, state, NULL), SETTING_FINE);
		}
	}
}

static void writing_a_row_changes_its_field_and_nothing_else(void **state)
{
	unsigned char section[sizeof(struct site_config) + sizeof(struct config_meter)];
	struct config_arena *arena = arena_new();

	for (size_t i = 0; i < settings_count; i++) {
		const struct setting *setting = &settings[i];
		struct setting_value value;
		if (!is_scalar(setting)) {
			continue;
		}
		memset(section, 0xa5, sizeof(section));
		assert_int_equal(parse(setting, setting->example, state, &value), SETTING_FINE);
		assert_true(setting_write(setting, &value, section, arena));
		size_t changed = 0;
		for (size_t k = 0; k < sizeof(section); k++) {
			bool inside = k >= setting->offset &&
				      k < setting->offset + type_bytes[setting->type];
			assert_true(inside || section[k] == 0xa5);
			changed += section[k] != 0xa5;
		}
		assert_true(changed > 0);
	}
	arena_free(arena);
}

static const char *smallest_unit(const struct setting *setting)
{
	return setting->type == SETTING_DURATION  ? " ms"
	       : setting->type == SETTING_CURRENT ? " A"
						  : "";
}

static void expect_number(
	const struct setting *setting, int64_t number, enum setting_fault wanted, void **state)
{
	char text[64];

	snprintf(text, sizeof(text), "%lld%s", (long long)number, smallest_unit(setting));
	enum setting_fault fault = parse(setting, text, state, NULL);
	if (fault != wanted) {
		fprintf(stderr, "%s: %s\n", setting->key, text);
	}
	assert_int_equal(fault, wanted);
}

static void the_bounds_are_allowed_and_one_step_past_them_is_not(void **state)
{
	for (size_t i = 0; i < settings_count; i++) {
		const struct setting *setting = &settings[i];
		bool number = setting->type == SETTING_INTEGER || smallest_unit(setting)[0];
		if (!number || setting->choices) {
			continue;
		}
		expect_number(setting, setting->min, SETTING_FINE, state);
		expect_number(setting, setting->max, SETTING_FINE, state);
		expect_number(setting, setting->max + 1, SETTING_OUT_OF_RANGE, state);
		enum setting_fault below = setting->min == 0 && setting->type != SETTING_INTEGER
						   ? SETTING_MALFORMED
						   : SETTING_OUT_OF_RANGE;
		expect_number(setting, setting->min - 1, below, state);
	}
}

static void a_text_may_be_as_long_as_its_row_says_and_not_longer(void **state)
{
	for (size_t i = 0; i < settings_count; i++) {
		const struct setting *setting = &settings[i];
		char text[512] = "/";
		if (setting->type != SETTING_SLUG && setting->type != SETTING_TEXT &&
			setting->type != SETTING_PATH && setting->type != SETTING_DEVICE) {
			continue;
		}
		memset(text + (setting->type == SETTING_DEVICE), 'a', (size_t)setting->max);
		text[setting->max] = '\0';
		assert_int_equal(parse(setting, text, state, NULL), SETTING_FINE);
		text[setting->max] = 'a';
		text[setting->max + 1] = '\0';
		assert_int_equal(parse(setting, text, state, NULL), SETTING_OUT_OF_RANGE);
	}
}

static void lengths_count_characters_and_not_bytes(void **state)
{
	const struct setting *name = setting_find(SECTION_SITE, "name");
	char text[256] = "";

	for (int64_t i = 0; i < name->max; i++) {
		strcat(text, "ø");
	}
	assert_int_equal(parse(name, text, state, NULL), SETTING_FINE);
	strcat(text, "ø");
	assert_int_equal(parse(name, text, state, NULL), SETTING_OUT_OF_RANGE);
}

static void every_choice_is_understood_and_numbered_in_order(void **state)
{
	for (size_t i = 0; i < settings_count; i++) {
		const struct setting *setting = &settings[i];
		struct setting_value value;
		int64_t count = 0;
		for (; is_scalar(setting) && setting->choices && setting->choices[count]; count++) {
			assert_int_equal(parse(setting, setting->choices[count], state, &value),
				SETTING_FINE);
			if (setting->type == SETTING_CHOICE) {
				assert_int_equal(value.number, setting->min + count);
			}
		}
		if (setting->type == SETTING_CHOICE) {
			assert_int_equal(setting->min + count - 1, setting->max);
		}
	}
}

static void nothing_is_never_a_value(void **state)
{
	struct setting_value value;

	for (size_t i = 0; i < settings_count; i++) {
		if (!is_scalar(&settings[i])) {
			continue;
		}
		assert_int_equal(parse(&settings[i], "", state, NULL), SETTING_EMPTY);
		assert_int_equal(parse(&settings[i], "~", state, NULL), SETTING_EMPTY);
		assert_int_equal(parse(&settings[i], "null", state, NULL), SETTING_EMPTY);
	}
	const struct setting *name = setting_find(SECTION_METER, "name");
	assert_int_equal(setting_parse(name, "null", true, *state, &value), SETTING_FINE);
}

/* Forms of a type that are read, with the number they mean, and forms that are not. */
static const struct {
	enum setting_section section;
	const char *key;
	const char *text;
	enum setting_fault fault;
	int64_t number;
} forms[] = {
  /* clang-format off */
	{SECTION_INTERVALS, "length", "15 min", SETTING_FINE, 900000},
	{SECTION_INTERVALS, "length", "15min",  SETTING_FINE, 900000},
	{SECTION_INTERVALS, "length", "1 h",    SETTING_FINE, 3600000},
	{SECTION_INTERVALS, "length", "1 d",    SETTING_FINE, 86400000},
	{SECTION_INTERVALS, "length", "5000 ms", SETTING_FINE, 5000},
	{SECTION_INTERVALS, "length", "15",     SETTING_MALFORMED, 0},
	{SECTION_INTERVALS, "length", "15 m",   SETTING_MALFORMED, 0},
	{SECTION_INTERVALS, "length", "1.5 h",  SETTING_MALFORMED, 0},
	{SECTION_INTERVALS, "length", "-1 s",   SETTING_MALFORMED, 0},
	{SECTION_INTERVALS, "length", "015 min", SETTING_MALFORMED, 0},
	{SECTION_INTERVALS, "length", "999999999 d", SETTING_OUT_OF_RANGE, 0},
	{SECTION_INTERVALS, "length", "999999999999 s", SETTING_MALFORMED, 0},
	{SECTION_GATEWAY, "store_size", "256 MiB", SETTING_FINE, INT64_C(268435456)},
	{SECTION_GATEWAY, "store_size", "1 GiB",   SETTING_FINE, INT64_C(1073741824)},
	{SECTION_GATEWAY, "store_size", "1 GB",    SETTING_MALFORMED, 0},
	{SECTION_GATEWAY, "store_size", "999999999 TiB", SETTING_OUT_OF_RANGE, 0},
	{SECTION_METER, "main_fuse", "125 A", SETTING_FINE, 125},
	{SECTION_METER, "main_fuse", "125",   SETTING_MALFORMED, 0},
	{SECTION_METER, "ct", "300/5",   SETTING_FINE, 300},
	{SECTION_METER, "ct", "300 / 5", SETTING_FINE, 300},
	{SECTION_METER, "ct", "300",     SETTING_MALFORMED, 0},
	{SECTION_METER, "ct", "300/0",   SETTING_MALFORMED, 0},
	{SECTION_METER, "ct", "999999/5", SETTING_OUT_OF_RANGE, 0},
	{SECTION_METER, "address", "12",  SETTING_FINE, 12},
	{SECTION_METER, "address", "012", SETTING_MALFORMED, 0},
	{SECTION_METER, "address", "0x0C", SETTING_MALFORMED, 0},
	{SECTION_METER, "address", "1e1", SETTING_MALFORMED, 0},
	{SECTION_METER, "ct_in_meter", "yes",  SETTING_FINE, 1},
	{SECTION_METER, "ct_in_meter", "no",   SETTING_FINE, 0},
	{SECTION_METER, "ct_in_meter", "true", SETTING_FINE, 1},
	{SECTION_METER, "ct_in_meter", "on",   SETTING_MALFORMED, 0},
	{SECTION_METER, "id", "main-2", SETTING_FINE, 0},
	{SECTION_METER, "id", "7",      SETTING_FINE, 0},
	{SECTION_METER, "id", "Main",   SETTING_MALFORMED, 0},
	{SECTION_METER, "id", "-main",  SETTING_MALFORMED, 0},
	{SECTION_METER, "id", "main-",  SETTING_MALFORMED, 0},
	{SECTION_METER, "id", "må",     SETTING_MALFORMED, 0},
	{SECTION_METER, "serial", "0301", SETTING_FINE, 0},
	{SECTION_METER, "valid_from", "2026-11-23", SETTING_FINE, 0},
	{SECTION_METER, "valid_from", "2026-11-23T10:00:00Z", SETTING_FINE, 0},
	{SECTION_METER, "valid_from", "2026-11-23T10:00:00.250+01:00", SETTING_FINE, 0},
	{SECTION_METER, "valid_from", "2026-11-23T10:00:00", SETTING_MALFORMED, 0},
	{SECTION_METER, "valid_from", "23.11.2026", SETTING_MALFORMED, 0},
	{SECTION_METER, "valid_from", "yesterday", SETTING_MALFORMED, 0},
	{SECTION_BUS, "baud", "9600", SETTING_FINE, 9600},
	{SECTION_BUS, "baud", "9601", SETTING_MALFORMED, 0},
	{SECTION_BUS, "parity", "E",  SETTING_FINE, PARITY_EVEN},
	{SECTION_BUS, "parity", "e",  SETTING_MALFORMED, 0},
	{SECTION_BUS, "port", "/dev/ttyUSB0", SETTING_FINE, 0},
	{SECTION_BUS, "port", "COM3", SETTING_MALFORMED, 0},
	{SECTION_BUS, "tcp", "meter.local", SETTING_FINE, 0},
	{SECTION_BUS, "tcp", "10.0.0.3:1502", SETTING_FINE, 1502},
	{SECTION_BUS, "tcp", "fe80::1", SETTING_FINE, 0},
	{SECTION_BUS, "tcp", "[fe80::1]:502", SETTING_FINE, 502},
	{SECTION_BUS, "tcp", "[fe80::1]", SETTING_FINE, 0},
	{SECTION_BUS, "tcp", "10.0.0.3:65536", SETTING_OUT_OF_RANGE, 0},
	{SECTION_BUS, "tcp", "10.0.0.3:0", SETTING_MALFORMED, 0},
	{SECTION_BUS, "tcp", "tcp://10.0.0.3", SETTING_MALFORMED, 0},
	{SECTION_BUS, "tcp", "a host", SETTING_MALFORMED, 0},
	{SECTION_BROKER, "host", "mqtt.example.org", SETTING_FINE, 0},
	{SECTION_BROKER, "host", "mqtt://x", SETTING_MALFORMED, 0},
  /* clang-format on */
};

static void forms_are_read_as_people_write_them(void **state)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct setting_value value = {0};
		enum setting_fault fault = parse(
			setting_find(forms[i].section, forms[i].key), forms[i].text, state, &value);
		if (fault != forms[i].fault || value.number != forms[i].number) {
			fprintf(stderr, "%s: %s\n", forms[i].key, forms[i].text);
		}
		assert_int_equal(fault, forms[i].fault);
		assert_int_equal(value.number, forms[i].number);
	}
}

static void a_number_in_quotes_is_a_text(void **state)
{
	struct setting_value value;

	assert_int_equal(
		setting_parse(setting_find(SECTION_METER, "address"), "12", true, *state, &value),
		SETTING_QUOTED);
	assert_int_equal(
		setting_parse(setting_find(SECTION_METER, "serial"), "12", true, *state, &value),
		SETTING_FINE);
}

static void a_duration_prints_in_the_largest_unit_that_holds_it_whole(void **state)
{
	(void)state;
	static const struct {
		int64_t ms;
		const char *text;
	} rows[] = {
		{0,        "0 ms"   },
		{1,        "1 ms"   },
		{1500,     "1500 ms"},
		{90000,    "90 s"   },
		{900000,   "15 min" },
		{3600000,  "1 h"    },
		{86400000, "1 d"    },
		{90000000, "25 h"   },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[SPAN_TEXT_MAX];
		duration_print(text, rows[i].ms);
		assert_string_equal(text, rows[i].text);
	}
}

static void what_is_allowed_is_said_for_every_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < settings_count; i++) {
		char allowed[SETTING_ALLOWED_MAX];
		setting_allowed(&settings[i], allowed);
		assert_true(strlen(allowed) > 5 && strlen(allowed) < SETTING_ALLOWED_MAX - 1);
		for (size_t k = 0; settings[i].choices && settings[i].choices[k]; k++) {
			assert_non_null(strstr(allowed, settings[i].choices[k]));
		}
	}
}

static void names_of_enums_are_those_of_the_file(void **state)
{
	(void)state;
	assert_string_equal(carrier_name(CARRIER_DISTRICT_HEAT), "district_heat");
	assert_string_equal(carrier_name(CARRIER_WATER), "water");
	assert_null(carrier_name(CARRIER_UNSET));
	assert_string_equal(use_name(USE_TOTAL), "total");
	assert_string_equal(use_name(USE_MOBILE), "mobile");
	assert_int_equal(parity_letter(PARITY_ODD), 'O');
	assert_int_equal(parity_letter(PARITY_UNSET), 0);
}

static void the_annotated_example_reads_as_a_configuration(void **state)
{
	(void)state;
	char *text = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&text, &length);
	struct diagnostics diagnostics = {0};
	struct site_config *config = NULL;

	settings_print_example(stream);
	fclose(stream);
	assert_true(site_config_read_text("example", text, &diagnostics, &config));
	expect_counts(&diagnostics, 0, 0);
	for (size_t i = 0; i < settings_count; i++) {
		assert_non_null(strstr(text, settings[i].key));
	}
	site_config_free(config);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_is_complete_and_has_a_key_of_its_own),
		cmocka_unit_test(every_row_has_a_field_of_its_own_inside_its_struct),
		cmocka_unit_test(every_default_and_every_example_parses),
		cmocka_unit_test(writing_a_row_changes_its_field_and_nothing_else),
		cmocka_unit_test(the_bounds_are_allowed_and_one_step_past_them_is_not),
		cmocka_unit_test(a_text_may_be_as_long_as_its_row_says_and_not_longer),
		cmocka_unit_test(lengths_count_characters_and_not_bytes),
		cmocka_unit_test(every_choice_is_understood_and_numbered_in_order),
		cmocka_unit_test(nothing_is_never_a_value),
		cmocka_unit_test(forms_are_read_as_people_write_them),
		cmocka_unit_test(a_number_in_quotes_is_a_text),
		cmocka_unit_test(a_duration_prints_in_the_largest_unit_that_holds_it_whole),
		cmocka_unit_test(what_is_allowed_is_said_for_every_row),
		cmocka_unit_test(names_of_enums_are_those_of_the_file),
		cmocka_unit_test(the_annotated_example_reads_as_a_configuration),
	};

	return cmocka_run_group_tests(tests, make_patterns, free_patterns);
}
