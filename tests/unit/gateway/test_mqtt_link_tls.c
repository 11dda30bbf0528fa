/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_mqtt_link_tls.c -- A wrong clock cannot lock a gateway out, what strangers
 * write in certificates does no harm, and each refusal has words of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/mqtt_link_settings.h"
#include "gateway/mqtt_link_tls.h"

enum { FAULT_COUNT = CERTIFICATE_OTHER_FAULT + 1 };

static const int64_t HOUR_MS = 3600000;
static const int64_t YEAR_MS = 365 * 24 * 3600000LL;

static void a_board_in_1970_judges_by_the_build_or_the_newest_row(void **state)
{
	(void)state;
	int64_t built_wall_ms = link_tls_time_wall_ms(0, 0);
	assert_true(built_wall_ms > 56 * YEAR_MS); /* 1970 + 56 */
	assert_int_equal(link_tls_time_wall_ms(HOUR_MS, built_wall_ms - 1), built_wall_ms);
	assert_int_equal(
		link_tls_time_wall_ms(HOUR_MS, built_wall_ms + YEAR_MS), built_wall_ms + YEAR_MS);
}

static void a_clock_that_is_ahead_of_what_is_known_counts(void **state)
{
	(void)state;
	int64_t built_wall_ms = link_tls_time_wall_ms(0, 0);
	int64_t now_wall_ms = built_wall_ms + 2 * YEAR_MS;
	assert_int_equal(link_tls_time_wall_ms(now_wall_ms, built_wall_ms + YEAR_MS), now_wall_ms);
	assert_int_equal(link_tls_time_wall_ms(now_wall_ms, 0), now_wall_ms);
}

static void a_strangers_words_are_cleaned_and_cut_between_characters(void **state)
{
	(void)state;
	char text[LINK_NAME_MAX], said[2 * LINK_NAME_MAX];
	link_text_clean(text, "a\033[2J\"\n\177b", 9);
	assert_string_equal(text, "a?[2J???b");
	link_text_clean(text, "Tromsø", strlen("Tromsø"));
	assert_string_equal(text, "Tromsø");
	memset(said, 'x', sizeof(said));
	memcpy(said + LINK_NAME_MAX - 2, "ø", 2);
	link_text_clean(text, said, sizeof(said));
	assert_int_equal(strlen(text), LINK_NAME_MAX - 2);
	link_text_clean(text, "", 0);
	assert_string_equal(text, "");
}

static void each_fault_has_words_of_its_own_and_ends_within_its_room(void **state)
{
	(void)state;
	const struct mqtt_link_settings to = {.host = "broker.example.org", .port = 8883};
	char why[FAULT_COUNT][LINK_WHY_MAX];
	for (int fault = 0; fault < FAULT_COUNT; fault++) {
		struct link_certificate found = {.fault = (enum link_certificate_fault)fault,
			.is_brokers = true,
			.detail = "basic constraints",
			.issuer = "an issuer"};
		link_text_certificate(why[fault], &to, &found);
		assert_non_null(strstr(why[fault], "certificate"));
		for (int other = 0; other < fault; other++)
			assert_string_not_equal(why[fault], why[other]);
	}
	assert_non_null(strstr(why[CERTIFICATE_OTHER_ISSUER], "\"an issuer\""));
	assert_non_null(strstr(why[CERTIFICATE_OTHER_ISSUER], LINK_SYSTEM_CA_DIRECTORY));
}

static void an_authority_that_has_expired_is_named(void **state)
{
	(void)state;
	const struct mqtt_link_settings to = {.host = "broker.example.org", .port = 8883};
	const struct link_certificate found = {.fault = CERTIFICATE_EXPIRED,
		.subject = "City authority",
		.until = "2026-01-01 00:00",
		.taken = "2026-11-25 00:00"};
	char why[LINK_WHY_MAX];
	link_text_certificate(why, &to, &found);
	assert_string_equal(why, "the certificate of City authority expired on 2026-01-01 00:00 "
				 "UTC (it is 2026-11-25 00:00)");
}

static void settings_are_copied_with_all_their_texts(void **state)
{
	(void)state;
	const char *const filters[] = {"a/#"};
	const struct mqtt_link_settings from = {.host = "h",
		.client_id = "c",
		.ca_file = "ca",
		.certificate_file = "crt",
		.key_file = "key",
		.alpn = "mqtt",
		.socks5_host = "proxy",
		.socks5_port = 1080,
		.user = "u",
		.subscriptions = filters,
		.subscriptions_count = 1};
	struct mqtt_link_settings copy;
	assert_true(link_settings_copy(&from, &copy));
	assert_string_equal(copy.alpn, "mqtt");
	assert_string_equal(copy.socks5_host, "proxy");
	assert_ptr_not_equal(copy.socks5_host, from.socks5_host);
	assert_string_equal(copy.key_file, "key");
	assert_null(copy.password_file);
	assert_string_equal(copy.subscriptions[0], "a/#");
	link_settings_free(&copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_board_in_1970_judges_by_the_build_or_the_newest_row),
		cmocka_unit_test(a_clock_that_is_ahead_of_what_is_known_counts),
		cmocka_unit_test(a_strangers_words_are_cleaned_and_cut_between_characters),
		cmocka_unit_test(each_fault_has_words_of_its_own_and_ends_within_its_room),
		cmocka_unit_test(an_authority_that_has_expired_is_named),
		cmocka_unit_test(settings_are_copied_with_all_their_texts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
