/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_flags.c -- The table of flags: every flag has a row that says what it
 * needs, which of its limits stand in the configuration, and what is said of
 * it in both languages; a finding becomes a sentence with its figures.
 */
#include <stdio.h>
#include <string.h>

#include "config/settings.h"
#include "tests/fakes/flag_bench.h"

static const char *const placeholders[] = {
	"{amount}", "{against}", "{times}", "{span}", "{cause}", NULL};

/* Every brace of a template is one of the five. */
static bool is_template(const char *text)
{
	for (const char *at = text; (at = strchr(at, '{')) != NULL; at++) {
		bool known = false;
		for (const char *const *name = placeholders; *name; name++) {
			known = known || strncmp(at, *name, strlen(*name)) == 0;
		}
		if (!known) {
			return false;
		}
	}
	return text[0] != '\0' && text[0] != ' ' && strchr(text, '%') == NULL;
}

static void every_flag_has_a_row_with_words_in_both_languages(void **state)
{
	(void)state;
	for (int i = 0; i < FLAG_COUNT; i++) {
		const struct flag_info *info = flag_info((enum flag)i);
		assert_true(strlen(info->needs) > 10);
		for (int language = 0; language < FLAG_LANGUAGE_COUNT; language++) {
			assert_true(is_template(info->reason[language]));
			assert_true((info->over[language] != NULL) == info->lasts);
		}
		assert_string_not_equal(info->reason[FLAG_ENGLISH], info->reason[FLAG_NORWEGIAN]);
		assert_false(info->lasts && info->at_closing);
	}
}

static void every_limit_of_a_flag_is_a_setting(void **state)
{
	(void)state;
	for (int i = 0; i < FLAG_COUNT; i++) {
		for (const char *const *key = flag_info((enum flag)i)->limits; *key; key++) {
			assert_true(setting_find(SECTION_FLAGS, *key) != NULL ||
				    setting_find(SECTION_METER, *key) != NULL);
		}
	}
}

static bool is_limit_of_a_flag(const char *key)
{
	for (int i = 0; i < FLAG_COUNT; i++) {
		for (const char *const *own = flag_info((enum flag)i)->limits; *own; own++) {
			if (strcmp(*own, key) == 0) {
				return true;
			}
		}
	}
	return false;
}

static void every_setting_of_the_flags_is_a_limit_of_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < settings_count; i++) {
		const struct setting *setting = &settings[i];
		if (setting->section == SECTION_FLAGS && setting->type != SETTING_LIST) {
			assert_true(is_limit_of_a_flag(setting->key));
		}
	}
}

/* What can be rejected is what is known at closing, and is nobody else's to decide. */
static void the_flags_that_can_be_rejected_are_known_when_an_interval_closes(void **state)
{
	(void)state;
	const struct setting *reject = setting_find(SECTION_FLAGS, "reject");
	size_t count = 0;

	for (int i = 0; i < FLAG_COUNT; i++) {
		bool offered = false;
		for (const char *const *name = reject->choices; *name; name++) {
			offered = offered || strcmp(*name, flag_name((enum flag)i)) == 0;
		}
		bool expected = flag_info((enum flag)i)->at_closing && i != FLAG_WITHHELD_READING;
		assert_int_equal(offered, expected);
		count += offered;
	}
	for (const char *const *name = reject->choices; *name; name++) {
		assert_true(count-- > 0); /* no name that is no flag */
	}
}

static void every_cause_has_words_in_both_languages(void **state)
{
	(void)state;
	for (int i = 1; i < FLAG_CAUSE_COUNT; i++) {
		assert_true(is_template(flag_cause_text((enum flag_cause)i, FLAG_ENGLISH)));
		assert_true(is_template(flag_cause_text((enum flag_cause)i, FLAG_NORWEGIAN)));
	}
	assert_null(flag_cause_text(FLAG_CAUSE_NONE, FLAG_ENGLISH));
}

/* Characters of UTF-8 that were cut in the middle would be no JSON. */
static void the_longest_figures_leave_no_sentence_cut(void **state)
{
	(void)state;
	for (int i = 0; i < FLAG_COUNT; i++) {
		for (int cause = 0; cause < FLAG_CAUSE_COUNT * FLAG_LANGUAGE_COUNT; cause++) {
			const struct flag_finding finding = {
				.flag = (enum flag)i,
				.cause = (enum flag_cause)(cause / FLAG_LANGUAGE_COUNT),
				.quantity = QUANTITY_ACTIVE_ENERGY_IMPORT,
				.amount = INT64_C(-123456789012345),
				.against = INT64_C(-123456789012345),
				.times = 1000000,
				.span_ms = 365 * INT64_C(86400000),
			};
			char text[FLAG_TEXT_MAX];
			flag_reason(
				&finding, (enum flag_language)(cause % FLAG_LANGUAGE_COUNT), text);
			assert_true(strlen(text) < FLAG_TEXT_MAX - 1);
			assert_null(strchr(text, '{'));
		}
	}
}

static const struct flag_finding ten_times = {
	.flag = FLAG_REGISTER_AGAINST_POWER,
	.cause = FLAG_CAUSE_REGISTER_TIMES,
	.quantity = QUANTITY_ACTIVE_ENERGY_IMPORT,
	.amount = 12000000,
	.against = 1214567,
	.times = 10,
};

static void a_finding_is_a_sentence_with_its_figures(void **state)
{
	(void)state;
	char text[FLAG_TEXT_MAX];

	flag_reason(&ten_times, FLAG_ENGLISH, text);
	assert_string_equal(text, "the register climbed 12 kWh while the power says 1.215 kWh: 10 "
				  "times as much; the scale of one of the two is wrong");
}

static void norwegian_has_its_own_words_and_a_decimal_comma(void **state)
{
	(void)state;
	char text[FLAG_TEXT_MAX];

	flag_reason(&ten_times, FLAG_NORWEGIAN, text);
	assert_string_equal(text, "telleverket steg 12 kWh mens effekten sier 1,215 kWh: 10 ganger "
				  "så mye; skalaen til en av de to er feil");
}

static void a_span_is_told_in_the_unit_people_think_in(void **state)
{
	(void)state;
	static const struct {
		int64_t span_ms;
		const char *words;
	} rows[] = {
		{45 * 60000,             "45 minutes"},
		{3 * 3600000 + 1800000,  "3 hours"   },
		{47 * INT64_C(3600000),  "47 hours"  },
		{15 * INT64_C(86400000), "15 days"   },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct flag_finding finding = {
			.flag = FLAG_FROZEN,
			.cause = FLAG_CAUSE_STANDS_LONG,
			.span_ms = rows[i].span_ms,
		};
		char text[FLAG_TEXT_MAX];
		flag_reason(&finding, FLAG_ENGLISH, text);
		assert_non_null(strstr(text, rows[i].words));
	}
}

static void nearness_and_times_hold_at_the_edges_of_the_numbers(void **state)
{
	(void)state;
	assert_true(flag_is_near(110, 100, 10));
	assert_false(flag_is_near(111, 100, 10));
	assert_true(flag_is_near(90, 100, 10));
	assert_false(flag_is_near(89, 100, 10));
	assert_true(flag_is_near(-90, -100, 10));
	assert_false(flag_is_near(1, 0, 50));
	assert_true(flag_is_near(INT64_MAX, INT64_MAX, 1));
	assert_int_equal(flag_times(95, 10), 10);
	assert_int_equal(flag_times(1, 0), 0);
	assert_true(flag_times((flag_sum)INT64_MAX * 4, 1) == INT64_MAX);
	assert_true(flag_clamp((flag_sum)INT64_MIN * 4) == INT64_MIN);
}

static void every_flag_is_explained_to_consumers(void **state)
{
	(void)state;
	static char text[1 << 16];
	FILE *file = fopen("docs/mqtt.md", "r");

	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	for (int i = 0; i < FLAG_COUNT; i++) {
		char row[64];
		snprintf(row, sizeof(row), "\n| `%s` | ", flag_name((enum flag)i));
		assert_non_null(strstr(text, row));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_flag_has_a_row_with_words_in_both_languages),
		cmocka_unit_test(every_limit_of_a_flag_is_a_setting),
		cmocka_unit_test(every_setting_of_the_flags_is_a_limit_of_one),
		cmocka_unit_test(the_flags_that_can_be_rejected_are_known_when_an_interval_closes),
		cmocka_unit_test(every_flag_is_explained_to_consumers),
		cmocka_unit_test(every_cause_has_words_in_both_languages),
		cmocka_unit_test(the_longest_figures_leave_no_sentence_cut),
		cmocka_unit_test(a_finding_is_a_sentence_with_its_figures),
		cmocka_unit_test(norwegian_has_its_own_words_and_a_decimal_comma),
		cmocka_unit_test(a_span_is_told_in_the_unit_people_think_in),
		cmocka_unit_test(nearness_and_times_hold_at_the_edges_of_the_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
