/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_gateway_verdict.c -- From when on a gateway is not well, and in which words;
 * and that what it does not tell is never held against it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "city/gateway_verdict.h"

#define NOW_MS INT64_C(1793491200000)
#define DAY_MS INT64_C(86400000)

static const struct verdict_limits limits = {.warning_s = 900,
	.critical_s = 3600,
	.expiry_warning_days = 30,
	.expiry_critical_days = 7,
	.card_warning_percent = 10};

static const struct archive_gateway well = {.name = "oslo/skole/main",
	.last_seen_wall_ms = NOW_MS - 1000,
	.presence = "online",
	.clock = "synchronised",
	.backlog_energy = -1,
	.backlog_trends = -1,
	.store_bytes = -1,
	.store_bytes_max = -1,
	.written_bytes_day = -1,
	.written_bytes_per_row = -1,
	.device_bytes_day = -1,
	.device_bytes_per_row = -1,
	.card_life_left = -1,
	.certificate_end_wall_ms = INSTANT_UNKNOWN};

static void assert_verdict(
	const struct archive_gateway *gateway, enum gateways_exit level, const char *why)
{
	char told[VERDICT_WHY_BYTES_MAX];
	struct verdict verdict = gateway_judge(gateway, &limits, NOW_MS);
	verdict_why(&verdict, told);
	assert_string_equal(told, why);
	assert_int_equal(verdict.level, level);
}

static void what_is_not_told_is_no_trouble(void **state)
{
	(void)state;
	assert_verdict(&well, GATEWAYS_OK, "");
}

static void silence_is_told_as_an_age(void **state)
{
	struct archive_gateway gateway = well;
	(void)state;
	gateway.last_seen_wall_ms = NOW_MS - 899 * 1000;
	assert_verdict(&gateway, GATEWAYS_OK, "");
	gateway.last_seen_wall_ms = NOW_MS - 900 * 1000;
	assert_verdict(&gateway, GATEWAYS_WARNING, "not seen for 15 min");
	gateway.last_seen_wall_ms = NOW_MS - 3600 * 1000;
	assert_verdict(&gateway, GATEWAYS_CRITICAL, "not seen for 60 min");
	gateway.last_seen_wall_ms = 0;
	assert_verdict(&gateway, GATEWAYS_CRITICAL, "never seen");
}

static void a_certificate_is_a_warning_below_30_days_and_critical_below_7(void **state)
{
	/* clang-format off */
	static const struct { int64_t left_ms; enum gateways_exit level; const char *why; } rows[] = {
		{30 * DAY_MS,     GATEWAYS_OK,       ""},
		{30 * DAY_MS - 1, GATEWAYS_WARNING,  "certificate ends in 29 days"},
		{7 * DAY_MS,      GATEWAYS_WARNING,  "certificate ends in 7 days"},
		{7 * DAY_MS - 1,  GATEWAYS_CRITICAL, "certificate ends in 6 days"},
		{DAY_MS - 1,      GATEWAYS_CRITICAL, "certificate ends within a day"},
		{-1,              GATEWAYS_CRITICAL, "certificate has ended"},
		{-DAY_MS * 400,   GATEWAYS_CRITICAL, "certificate has ended"},
	};
	/* clang-format on */
	struct archive_gateway gateway = well;
	int64_t days;
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		gateway.certificate_end_wall_ms = NOW_MS + rows[i].left_ms;
		assert_verdict(&gateway, rows[i].level, rows[i].why);
	}
	gateway.certificate_end_wall_ms = NOW_MS - 1;
	assert_true(gateway_certificate_days(&gateway, NOW_MS, &days));
	assert_int_equal(days, -1);
	assert_false(gateway_certificate_days(&well, NOW_MS, &days));
}

static void a_card_with_little_life_or_reserve_left_is_a_warning(void **state)
{
	struct archive_gateway gateway = well;
	(void)state;
	gateway.card_life_left = 20;
	strcpy(gateway.card_reserve, "normal");
	assert_verdict(&gateway, GATEWAYS_OK, "");
	gateway.card_life_left = 10;
	assert_verdict(&gateway, GATEWAYS_WARNING, "card has 10 % life left");
	gateway.card_life_left = 0;
	strcpy(gateway.card_reserve, "urgent");
	assert_verdict(&gateway, GATEWAYS_WARNING, "card has 0 % life left, card's reserve is low");
}

static void all_reasons_together_have_room_and_the_worst_counts(void **state)
{
	struct archive_gateway gateway = {
		.presence = "offline",
		.clock = "unknown",
		.expected = {INT64_MAX, 0},
		.refused = INT64_MAX,
		.conflicts = INT64_MAX,
		.card_life_left = 0,
		.card_reserve = "warning",
		.certificate_end_wall_ms = NOW_MS - DAY_MS
        };
	(void)state;
	assert_verdict(&gateway, GATEWAYS_CRITICAL,
		"never seen, offline, does not know the time, 9223372036854775807 rows missing, "
		"9223372036854775807 messages refused, 9223372036854775807 conflicts, "
		"certificate has ended, card has 0 % life left, "
		"card's reserve is low");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_told_is_no_trouble),
		cmocka_unit_test(silence_is_told_as_an_age),
		cmocka_unit_test(a_certificate_is_a_warning_below_30_days_and_critical_below_7),
		cmocka_unit_test(a_card_with_little_life_or_reserve_left_is_a_warning),
		cmocka_unit_test(all_reasons_together_have_room_and_the_worst_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
