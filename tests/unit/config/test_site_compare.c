/* SPDX-License-Identifier: Apache-2.0 */
/* test_site_compare.c -- An id that changes where a meter stays is noticed; so are two gateways
 * that share what they must not. */
#include "config/site_compare.h"

#include <stdlib.h>

#include "tests/unit/config/expect.h"

struct site_text {
	const char *site;
	const char *gateway;
	const char *line; /* of the one bus */
	const char *meters;
};

static struct site_config *make(const char *name, struct site_text parts)
{
	struct diagnostics diagnostics = {0};
	struct site_config *config = NULL;
	char text[1024];

	snprintf(text, sizeof(text),
		"site: {city: c, id: %s}\n"
		"gateway: {id: %s}\n"
		"broker: {host: h}\n"
		"buses: [{id: b, %s}]\n"
		"meters: [%s]\n",
		parts.site, parts.gateway, parts.line, parts.meters);
	bool read = site_config_read_text(name, text, &diagnostics, &config);
	expect_counts(&diagnostics, 0, 0);
	assert_true(read);
	return config;
}

static const char two_meters[] = "{id: main, bus: b, address: 1, model: m}, {id: heat, bus: b, "
				 "address: 2, channel: 2, model: m}";

static size_t changes_between(struct site_text before_parts, struct site_text after_parts)
{
	struct site_config *before = make("before", before_parts);
	struct site_config *after = make("after", after_parts);
	struct site_id_change changes[4];
	struct diagnostics diagnostics = {0};

	size_t count = site_changed_ids(before, after, changes, 4);
	site_warn_changed_ids(before, after, &diagnostics);
	expect_counts(&diagnostics, 0, count);
	for (size_t i = 0; i < count; i++) {
		assert_string_not_equal(changes[i].before->id, changes[i].after->id);
		assert_int_equal(changes[i].before->address, changes[i].after->address);
		expect_diagnostic(&diagnostics, DIAGNOSTIC_WARNING, changes[i].after->id_at,
			"a new series begins");
	}
	diagnostics_clear(&diagnostics);
	site_config_free(before);
	site_config_free(after);
	return count;
}

static void an_id_that_changes_at_its_place_begins_a_new_series(void **state)
{
	(void)state;
	const struct site_text before = {"s", "g", "port: /dev/a", two_meters};
	struct site_text after = before;

	assert_int_equal(changes_between(before, after), 0);
	after.meters = "{id: main2, bus: b, address: 1, model: m}, {id: heat, bus: b, address: 2, "
		       "channel: 2, model: m}";
	assert_int_equal(changes_between(before, after), 1);
	after.meters = "{id: heat, bus: b, address: 1, model: m}, {id: main, bus: b, address: 2, "
		       "channel: 2, model: m}";
	assert_int_equal(changes_between(before, after), 2);
}

static void a_meter_that_is_new_gone_or_elsewhere_changes_no_id(void **state)
{
	(void)state;
	const struct site_text before = {"s", "g", "port: /dev/a", two_meters};
	struct site_text after = before;

	after.meters = "{id: main, bus: b, address: 1, model: m}";
	assert_int_equal(changes_between(before, after), 0);
	assert_int_equal(changes_between(after, before), 0);
	after.meters = "{id: x, bus: b, address: 2, channel: 1, model: m}";
	assert_int_equal(changes_between(before, after), 0);
	after.meters = "{id: x, bus: b, address: 1, model: m}";
	after.line = "port: /dev/b";
	assert_int_equal(changes_between(before, after), 0);
	after.line = "rtu_over_tcp: \"h:1\"";
	assert_int_equal(changes_between(before, after), 0);
}

static void the_line_counts_and_not_the_name_of_its_bus(void **state)
{
	(void)state;
	const struct site_text before = {"s", "g", "tcp: h", "{id: a, bus: b, model: m}"};
	const struct site_text after = {"s", "g", "tcp: h", "{id: z, bus: b, model: m}"};

	assert_int_equal(changes_between(before, after), 1);
}

static size_t clashes(struct site_text first_parts, struct site_text second_parts)
{
	struct site_config *first = make("first.yaml", first_parts);
	struct site_config *second = make("second.yaml", second_parts);
	const struct site_config *const both[] = {first, second};
	struct diagnostics diagnostics = {0};

	site_report_clashes(both, 2, &diagnostics);
	size_t errors = diagnostics.errors;
	for (size_t i = 0; i < diagnostics.count; i++) {
		assert_string_equal(diagnostics.items[i].file, "second.yaml");
		assert_non_null(strstr(diagnostics.items[i].message, "first.yaml:"));
	}
	diagnostics_clear(&diagnostics);
	site_config_free(first);
	site_config_free(second);
	return errors;
}

static void gateways_of_one_site_share_no_id_and_no_meter(void **state)
{
	(void)state;
	const char a[] = "{id: a, bus: b, address: 1, model: m}";
	const char z[] = "{id: z, bus: b, address: 1, model: m}";
	const struct site_text first = {"s", "g", "port: /dev/a", a};

	assert_int_equal(clashes(first, (struct site_text){"s", "g2", "port: /dev/a", z}), 0);
	assert_int_equal(clashes(first, (struct site_text){"s", "g", "port: /dev/a", z}), 1);
	assert_int_equal(clashes(first, (struct site_text){"s", "g2", "port: /dev/a", a}), 1);
	assert_int_equal(clashes(first, (struct site_text){"s", "g", "port: /dev/a", a}), 2);
	assert_int_equal(clashes(first, (struct site_text){"s2", "g", "port: /dev/a", a}), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_id_that_changes_at_its_place_begins_a_new_series),
		cmocka_unit_test(a_meter_that_is_new_gone_or_elsewhere_changes_no_id),
		cmocka_unit_test(the_line_counts_and_not_the_name_of_its_bus),
		cmocka_unit_test(gateways_of_one_site_share_no_id_and_no_meter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
