/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_archive_inbox.c -- That one gateway's backlog does not delay the others, that
 * each gateway's messages stay in order, and that no queue grows past its limit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "city/archive_inbox.h"

static struct archive_inbox inbox;

static int teardown(void **state)
{
	(void)state;
	archive_inbox_clear(&inbox);
	return 0;
}

/* Message `number` of a gateway, of so many bytes. */
static bool put(const char *gateway, unsigned number, size_t length)
{
	struct message_address address = {
		.kind = MESSAGE_INTERVALS, .city = "oslo", .site = "skole"};
	struct link_event event = {
		.kind = LINK_MESSAGE, .tag = number, .payload = calloc(1, 1), .length = length};
	snprintf(address.gateway, sizeof(address.gateway), "%s", gateway);
	bool is_put = archive_inbox_put(&inbox, &address, &event, 0);
	assert_null(event.payload); /* taken over, or cleared */
	return is_put;
}

/* The backlog's name is the first in the order, so that it has its turn before the others. */
static void a_backlog_does_not_delay_the_others(void **state)
{
	struct inbox_message *batch[INBOX_BATCH_MESSAGES];
	unsigned live = 0;
	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		assert_true(put("backlog", i, 1000));
	for (unsigned i = 0; i < 3; i++) {
		char name[8];
		snprintf(name, sizeof(name), "live%u", i);
		assert_true(put(name, i, 1000));
	}
	size_t count = archive_inbox_take(&inbox, batch);
	assert_true(count > 3 && count <= INBOX_BATCH_MESSAGES);
	for (size_t i = 0; i < count; i++) {
		live += strncmp(batch[i]->name, "oslo/skole/live", 15) == 0;
		if (i > 0) /* in the order of names: two workers cannot lock each other out */
			assert_true(strcmp(batch[i - 1]->name, batch[i]->name) <= 0);
	}
	for (size_t i = 0; i < count; i++)
		inbox_message_free(batch[i]);
	assert_int_equal(live, 3);
}

/* More gateways than a batch has room for: all have their turn before one has its second. */
static void every_gateway_has_its_turn(void **state)
{
	enum { GATEWAYS = 3 * INBOX_BATCH_MESSAGES / 2 };
	struct inbox_message *batch[INBOX_BATCH_MESSAGES];
	unsigned turns[GATEWAYS] = {0};
	(void)state;
	for (unsigned i = 0; i < 4 * GATEWAYS; i++) {
		char name[8];
		snprintf(name, sizeof(name), "g%03u", i % GATEWAYS);
		assert_true(put(name, i / GATEWAYS, 10));
	}
	for (size_t count; (count = archive_inbox_take(&inbox, batch)) > 0;) {
		for (size_t i = 0; i < count; i++) {
			unsigned gateway = (unsigned)atoi(batch[i]->name + strlen("oslo/skole/g"));
			assert_int_equal(batch[i]->event.tag, turns[gateway]++);
			inbox_message_free(batch[i]);
		}
		for (unsigned i = 1; i < GATEWAYS; i++)
			assert_true(turns[i - 1] - turns[i] <= 1 || turns[i] - turns[i - 1] <= 1);
	}
	for (unsigned i = 0; i < GATEWAYS; i++)
		assert_int_equal(turns[i], 4);
	assert_int_equal(inbox.bytes, 0);
	assert_int_equal(inbox.waiting, 0);
}

static void a_queue_takes_no_more_than_its_limit_and_the_others_go_on(void **state)
{
	(void)state;
	assert_true(put("large", 0, 2 * INBOX_GATEWAY_BYTES_MAX)); /* alone, even that */
	assert_false(put("large", 1, 1));
	assert_true(put("small", 0, 1));
	for (unsigned i = 0; !archive_inbox_is_full(&inbox); i++) {
		char name[8];
		snprintf(name, sizeof(name), "g%u", i);
		assert_true(put(name, i, INBOX_GATEWAY_BYTES_MAX));
	}
	assert_true(inbox.bytes < INBOX_BYTES_MAX + INBOX_GATEWAY_BYTES_MAX);
}

static void a_batch_is_bounded_in_bytes(void **state)
{
	struct inbox_message *batch[INBOX_BATCH_MESSAGES];
	(void)state;
	for (unsigned i = 0; i < 7; i++)
		assert_true(put("g", i, INBOX_BATCH_BYTES / 4));
	size_t count = archive_inbox_take(&inbox, batch);
	assert_int_equal(count, 4);
	for (size_t i = 0; i < count; i++)
		inbox_message_free(batch[i]);
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_backlog_does_not_delay_the_others),
		TEST(every_gateway_has_its_turn),
		TEST(a_queue_takes_no_more_than_its_limit_and_the_others_go_on),
		TEST(a_batch_is_bounded_in_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
