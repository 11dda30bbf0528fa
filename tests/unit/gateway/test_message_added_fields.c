/* SPDX-License-Identifier: Apache-2.0 */
/* test_message_added_fields.c -- That a message of an older gateway is read: what it does not know
 * yet is not known, and never 0. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/message_fields.h"

/* As published before these fields came; what came later may be null, so that this can be said. */
static void what_an_older_gateway_does_not_tell_is_not_known(void **state)
{
	static const char older[] =
		"{\"at\":null,\"uptime_s\":62,\"clock\":\"synchronised\",\"backlog_energy\":0,"
		"\"backlog_trends\":0,\"undelivered_energy\":null,\"undelivered_trends\":null,"
		"\"store_bytes\":49152,\"buses\":[],\"meters\":[]}";
	struct message read;
	char error[MESSAGE_ERROR_MAX] = "", written[2048];
	(void)state;
	if (!message_read(MESSAGE_HEALTH, (struct json_text){older, strlen(older)}, &read, error))
		fail_msg("%s", error);
	assert_false(read.health.has_store_bytes_max);
	assert_false(read.health.flash.counters[FLASH_DEVICE].is_known);
	assert_false(read.health.flash.has_life_left);
	assert_true(read.health.certificate_end_wall_ms == INSTANT_UNKNOWN);
	message_write_health(&read.health, written, sizeof(written));
	assert_non_null(strstr(written, "\"device_bytes_day\":null"));
	assert_non_null(strstr(written, "\"card_life_left\":null,\"card_reserve\":null"));
	message_clear(&read);
	for (unsigned kind = 0; kind < MESSAGE_KIND_COUNT; kind++) {
		const struct message_record *record = message_record((enum message_kind)kind);
		for (size_t i = 0; i < record->fields_count; i++)
			assert_true(!record->fields[i].added ||
				    record->fields[i].presence != MESSAGE_ALWAYS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_an_older_gateway_does_not_tell_is_not_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
