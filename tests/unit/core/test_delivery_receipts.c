/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_delivery_receipts.c -- With receipts: what runs ahead of them is bounded,
 * what an archive lacks goes again and arrives, behind what is new and no faster
 * than its rate, in virtual time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "gateway/core/delivery.h"

enum { BATCH = 256, MINUTE = 60000, DAY = 86400000, IDS_MAX = 60000, NOT_AUTHORIZED = 0x87 };

/* A gateway that sends, a broker that acknowledges at once, and what was sent of energy. */
struct sender {
	struct delivery delivery;
	int64_t last[STREAM_COUNT];
	int64_t now_mono_ms;
	int64_t rows_sent;
	int64_t rows_again;
	struct delivery_message newest;
};

static struct sender begin(enum delivery_rule rule, int64_t last)
{
	struct sender sender = {
		.last = {last, 0}
        };
	const int64_t sent[STREAM_COUNT] = {0, 0};

	delivery_set_rule(&sender.delivery, rule);
	delivery_init(&sender.delivery, sent);
	delivery_connected(&sender.delivery, 0);
	return sender;
}

static bool hand_over(struct sender *sender)
{
	struct delivery_message *message = &sender->newest;

	if (!delivery_next(&sender->delivery, sender->last, sender->now_mono_ms, message)) {
		return false;
	}
	message->through = message->after + BATCH < message->through_max ? message->after + BATCH
									 : message->through_max;
	message->rows_count = (int32_t)(message->through - message->after);
	delivery_handed_over(&sender->delivery, message, sender->now_mono_ms);
	*(message->is_again ? &sender->rows_again : &sender->rows_sent) += message->rows_count;
	return true;
}

static enum delivery_outcome answer(struct sender *sender, uint8_t reason)
{
	enum stream stream;

	return delivery_acknowledged(
		&sender->delivery, sender->newest.tag, reason, sender->now_mono_ms, &stream);
}

/* All that goes now. */
static void send_all(struct sender *sender)
{
	while (hand_over(sender)) {
		answer(sender, 0);
	}
}

/* Time passes, from one wake to the next. */
static void pass(struct sender *sender, int64_t milliseconds)
{
	int64_t end_mono_ms = sender->now_mono_ms + milliseconds;

	send_all(sender);
	while (sender->now_mono_ms < end_mono_ms) {
		int64_t wake_mono_ms = delivery_wake_mono_ms(&sender->delivery);
		assert_true(wake_mono_ms > sender->now_mono_ms);
		sender->now_mono_ms = wake_mono_ms < end_mono_ms ? wake_mono_ms : end_mono_ms;
		send_all(sender);
	}
}

static enum delivery_receipt receipt(struct sender *sender, int64_t through)
{
	return delivery_take_receipt(
		&sender->delivery, STREAM_ENERGY, through, sender->now_mono_ms);
}

static int64_t sent(const struct sender *sender)
{
	return delivery_sent(&sender->delivery, STREAM_ENERGY);
}

static int64_t delivered(const struct sender *sender)
{
	return delivery_delivered(&sender->delivery, STREAM_ENERGY);
}

static void until_the_first_receipt_what_was_sent_is_delivered(void **state)
{
	struct sender sender = begin(DELIVERY_AUTO, 50000);

	(void)state;
	send_all(&sender);
	assert_int_equal(sent(&sender), 50000);
	assert_int_equal(delivered(&sender), 50000);
	pass(&sender, DAY);
	assert_int_equal(sender.rows_again, 0);
	assert_int_equal(receipt(&sender, 49000), DELIVERY_RECEIPT_FIRST);
	assert_int_equal(delivered(&sender), 49000);
	assert_true(delivery_has_receipts(&sender.delivery, STREAM_ENERGY));
	assert_false(delivery_has_receipts(&sender.delivery, STREAM_TRENDS));
}

static void an_archive_that_begins_does_not_hold_up_what_is_new(void **state)
{
	struct sender sender = begin(DELIVERY_AUTO, 50000);

	(void)state;
	send_all(&sender);
	assert_int_equal(receipt(&sender, 0), DELIVERY_RECEIPT_FIRST);
	sender.last[STREAM_ENERGY] = 50100;
	send_all(&sender);
	assert_int_equal(sent(&sender), 50100);
}

static void from_then_on_no_more_than_20000_rows_go_ahead(void **state)
{
	struct sender sender = begin(DELIVERY_AUTO, 1000);

	(void)state;
	send_all(&sender);
	receipt(&sender, 1000);
	sender.last[STREAM_ENERGY] = 50000;
	send_all(&sender);
	assert_int_equal(sent(&sender), 21000);
	assert_int_equal(receipt(&sender, 3000), DELIVERY_RECEIPT_HIGHER);
	send_all(&sender);
	assert_int_equal(sent(&sender), 23000);
	/* Trends have a receipt of their own. */
	sender.last[STREAM_TRENDS] = 30000;
	send_all(&sender);
	assert_int_equal(delivery_sent(&sender.delivery, STREAM_TRENDS), 30000);
}

static void a_rule_holds_for_good(void **state)
{
	struct sender puback = begin(DELIVERY_PUBACK, 50000);
	struct sender strict = begin(DELIVERY_RECEIPT, 50000);

	(void)state;
	receipt(&puback, 10);
	send_all(&puback);
	assert_int_equal(sent(&puback), 50000);
	assert_int_equal(delivered(&puback), 50000);
	send_all(&strict);
	assert_int_equal(sent(&strict), 20000);
	assert_int_equal(delivered(&strict), 0);
}

static void the_bound_holds_after_a_restart(void **state)
{
	struct sender sender = begin(DELIVERY_AUTO, 50000);
	const int64_t stored[STREAM_COUNT] = {20500, 0};

	(void)state;
	delivery_init(&sender.delivery, stored);
	delivery_remember(&sender.delivery, STREAM_ENERGY, 1000);
	delivery_connected(&sender.delivery, 0);
	assert_int_equal(delivered(&sender), 1000);
	send_all(&sender);
	assert_int_equal(sent(&sender), 21000);
}

static void what_is_named_missing_goes_again_once_for_each_receipt(void **state)
{
	struct sender sender = begin(DELIVERY_AUTO, 1000);

	(void)state;
	send_all(&sender);
	receipt(&sender, 300);
	for (int i = 1; i <= 2; i++) {
		delivery_want(&sender.delivery, STREAM_ENERGY, (struct id_range){400, 420});
		delivery_want(&sender.delivery, STREAM_ENERGY, (struct id_range){300, 310});
		pass(&sender, MINUTE);
		assert_int_equal(sender.rows_again, i * 30);
	}
	/* Beyond what was sent there is nothing to send again. */
	delivery_want(&sender.delivery, STREAM_ENERGY, (struct id_range){990, 5000});
	pass(&sender, MINUTE);
	assert_int_equal(sender.rows_again, 70);
	assert_int_equal(sender.rows_sent, 1000);
}

static void it_goes_no_faster_than_200_rows_a_second_and_behind_what_is_new(void **state)
{
	struct sender sender = begin(DELIVERY_AUTO, 12000);

	(void)state;
	send_all(&sender);
	receipt(&sender, 12000);
	delivery_want(&sender.delivery, STREAM_ENERGY, (struct id_range){0, 12000});
	for (int second = 1; second <= 60; second++) {
		sender.last[STREAM_ENERGY]++;
		assert_true(hand_over(&sender));
		assert_false(sender.newest.is_again);
		answer(&sender, 0);
		pass(&sender, 1000);
		assert_true(sender.rows_again <= 200 * second + BATCH);
	}
	assert_true(sender.rows_again >= 200 * 59);
	pass(&sender, 2000);
	assert_int_equal(sender.rows_again, 12000);
	assert_int_equal(delivery_again(&sender.delivery, STREAM_ENERGY), 0);
}

static void a_range_that_is_gone_takes_no_time(void **state)
{
	struct sender sender = begin(DELIVERY_AUTO, 12000);

	(void)state;
	send_all(&sender);
	receipt(&sender, 12000);
	delivery_want(&sender.delivery, STREAM_ENERGY, (struct id_range){0, 11000});
	assert_true(
		delivery_next(&sender.delivery, sender.last, sender.now_mono_ms, &sender.newest));
	sender.newest.through = 10990;
	sender.newest.rows_count = 0;
	delivery_handed_over(&sender.delivery, &sender.newest, sender.now_mono_ms);
	answer(&sender, 0);
	assert_true(hand_over(&sender));
	assert_int_equal(sender.newest.after, 10990);
}

static void a_lower_receipt_is_honoured(void **state)
{
	struct sender sender = begin(DELIVERY_AUTO, 30000);

	(void)state;
	send_all(&sender);
	receipt(&sender, 29000);
	assert_int_equal(receipt(&sender, 4000), DELIVERY_RECEIPT_LOWER);
	assert_int_equal(delivered(&sender), 4000);
	/* What is new does not wait for what goes again. */
	sender.last[STREAM_ENERGY] = 40000;
	send_all(&sender);
	assert_int_equal(sent(&sender), 40000);
	for (int64_t through = 4000; through < 29000; through += 200) {
		receipt(&sender, through);
		pass(&sender, 1000);
	}
	/* The rest of it was on its way already: rows above 29000 are not sent twice. */
	assert_in_range(sender.rows_again, 25000 - BATCH, 25000);
}

static void what_goes_again_waits_for_receipts_too(void **state)
{
	struct sender sender = begin(DELIVERY_AUTO, 50000);

	(void)state;
	send_all(&sender);
	receipt(&sender, 50000);
	receipt(&sender, 0);
	pass(&sender, 4 * MINUTE);
	assert_int_equal(sender.rows_again, 20000);
}

static void without_a_receipt_the_first_rows_go_again_ever_more_rarely(void **state)
{
	struct sender sender = begin(DELIVERY_AUTO, 10000);
	int64_t due_ms = 0;

	(void)state;
	send_all(&sender);
	receipt(&sender, 1000);
	for (int64_t wait_ms = 5 * MINUTE, i = 1; i <= 12; i++) {
		due_ms += wait_ms;
		pass(&sender, due_ms - 1 - sender.now_mono_ms);
		assert_int_equal(sender.rows_again, (i - 1) * DELIVERY_PROBE_ROWS);
		pass(&sender, 1);
		assert_int_equal(sender.rows_again, i * DELIVERY_PROBE_ROWS);
		assert_int_equal(sender.newest.after, 1000);
		wait_ms = wait_ms * 2 < DAY ? wait_ms * 2 : DAY;
	}
}

static void when_that_is_answered_all_the_rest_goes_again(void **state)
{
	struct sender sender = begin(DELIVERY_AUTO, 10000);

	(void)state;
	send_all(&sender);
	receipt(&sender, 1000);
	pass(&sender, 6 * MINUTE);
	sender.rows_again = 0;
	receipt(&sender, 1000 + DELIVERY_PROBE_ROWS);
	pass(&sender, DELIVERY_REST_MS - 1);
	assert_int_equal(sender.rows_again, 0); /* it may be coming by itself */
	pass(&sender, MINUTE);
	assert_int_equal(sender.rows_again, 10000 - 1000 - DELIVERY_PROBE_ROWS);
	receipt(&sender, 10000);
	pass(&sender, DAY);
	assert_int_equal(sender.rows_again, 10000 - 1000 - DELIVERY_PROBE_ROWS);
}

static void a_refusal_of_what_goes_again_is_told_and_it_goes_after_a_pause(void **state)
{
	struct sender sender = begin(DELIVERY_AUTO, 1000);

	(void)state;
	send_all(&sender);
	receipt(&sender, 1000);
	delivery_want(&sender.delivery, STREAM_ENERGY, (struct id_range){0, 10});
	assert_true(hand_over(&sender));
	assert_int_equal(answer(&sender, NOT_AUTHORIZED), DELIVERY_REFUSED);
	assert_false(hand_over(&sender));
	sender.now_mono_ms += DELIVERY_PAUSE_FIRST_MS;
	assert_true(hand_over(&sender));
	assert_true(sender.newest.is_again);
	assert_int_equal(sender.newest.after, 0);
	assert_int_equal(answer(&sender, 0), DELIVERY_RESUMED);
	assert_false(hand_over(&sender));
}

static void what_goes_again_survives_a_lost_connection_and_a_silent_broker(void **state)
{
	struct sender sender = begin(DELIVERY_AUTO, 1000);

	(void)state;
	send_all(&sender);
	receipt(&sender, 1000);
	delivery_want(&sender.delivery, STREAM_ENERGY, (struct id_range){0, 10});
	for (int i = 0; i < 2; i++) {
		assert_true(hand_over(&sender));
		assert_int_equal(sender.newest.after, 0);
		delivery_disconnected(&sender.delivery);
		delivery_connected(&sender.delivery, 0);
		sender.now_mono_ms += 1000;
	}
	assert_true(hand_over(&sender));
	assert_int_equal(
		delivery_wake_mono_ms(&sender.delivery), sender.now_mono_ms + DELIVERY_ANSWER_MS);
	sender.now_mono_ms += DELIVERY_ANSWER_MS;
	assert_false(hand_over(&sender));
	sender.now_mono_ms += DELIVERY_PAUSE_FIRST_MS;
	assert_true(hand_over(&sender));
	assert_int_equal(sender.newest.after, 0);
}

/* ---- an archive that loses things ---- */

struct archive {
	bool has[IDS_MAX + 1];
	int64_t last; /* the highest seen */
};

static int64_t through_of(const struct archive *archive)
{
	int64_t through = 0;

	while (through < IDS_MAX && archive->has[through + 1]) {
		through++;
	}
	return through;
}

/* A receipt with the lowest hole. */
static void give_receipt(struct sender *sender, const struct archive *archive)
{
	int64_t through = through_of(archive);
	int64_t end = through;

	receipt(sender, through);
	while (end < archive->last && !archive->has[end + 1]) {
		end++;
	}
	if (end > through && end < archive->last) {
		delivery_want(&sender->delivery, STREAM_ENERGY, (struct id_range){through, end});
	}
}

static void random_life(unsigned seed)
{
	static struct archive archive;
	struct sender sender = begin(DELIVERY_AUTO, 0);

	memset(&archive, 0, sizeof(archive));
	srand(seed);
	for (int i = 0; i < 20000; i++) {
		bool is_quiet = i > 15000; /* nothing new, nothing lost any more */
		int dice = is_quiet ? 50 : rand() % 100;
		sender.now_mono_ms += rand() % 20000;
		sender.last[STREAM_ENERGY] += is_quiet ? 0 : rand() % 4;
		if (dice == 0) {
			delivery_disconnected(&sender.delivery);
			delivery_connected(&sender.delivery, (uint16_t)(rand() % 4));
		}
		if (dice == 1 && through_of(&archive) > 10) { /* restored from a backup */
			memset(archive.has + through_of(&archive) / 2, 0,
				sizeof(archive.has) - (size_t)through_of(&archive) / 2);
			archive.has[0] = false;
			archive.last = through_of(&archive);
		}
		if (hand_over(&sender)) {
			const struct delivery_message *message = &sender.newest;
			bool is_lost = dice > 80; /* by the broker, though it acknowledged */
			for (int64_t id = message->after + 1; !is_lost && id <= message->through;
				id++) {
				archive.has[id] = true;
				archive.last = id > archive.last ? id : archive.last;
			}
			answer(&sender, 0);
		}
		assert_true(sent(&sender) - sender.delivery.streams[0].receipt_max <=
			    DELIVERY_AHEAD_MAX);
		if (rand() % 10 == 0) {
			give_receipt(&sender, &archive);
			assert_true(delivered(&sender) == through_of(&archive));
		}
	}
	assert_int_equal(through_of(&archive), sender.last[STREAM_ENERGY]);
	assert_true(sender.last[STREAM_ENERGY] > 20000);
}

static void whatever_broker_and_archive_lose_every_row_arrives(void **state)
{
	const unsigned seed = (unsigned)time(NULL);

	(void)state;
	print_message("seed %u\n", seed);
	for (unsigned i = 0; i < 5; i++) {
		random_life(seed + i);
	}
}

/* 100 series of quarter hours, the broker's queue full after a thousand messages. */
static void thirty_days_without_the_archive_cost_a_tenth_more(void **state)
{
	struct sender sender = begin(DELIVERY_AUTO, 9600);
	int64_t backlog = (int64_t)30 * 9600;

	(void)state;
	send_all(&sender);
	receipt(&sender, 9600);
	for (int quarter = 0; quarter < 30 * 96; quarter++) {
		sender.last[STREAM_ENERGY] += 100;
		send_all(&sender);
		pass(&sender, 15 * MINUTE);
	}
	assert_int_equal(sent(&sender), 9600 + DELIVERY_AHEAD_MAX);
	/* It is back, works off what the broker kept, and gives receipts as it goes. */
	for (int64_t through = 9600; through < sender.last[STREAM_ENERGY]; through += 500) {
		receipt(&sender, through < sent(&sender) ? through : sent(&sender));
		pass(&sender, 1000);
	}
	receipt(&sender, sent(&sender));
	pass(&sender, DAY);
	assert_int_equal(sent(&sender), sender.last[STREAM_ENERGY]);
	print_message("%lld rows sent for %lld\n",
		(long long)(sender.rows_sent - 9600 + sender.rows_again), (long long)backlog);
	assert_int_equal(sender.rows_sent - 9600, backlog);
	assert_true(sender.rows_again <= backlog / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(until_the_first_receipt_what_was_sent_is_delivered),
		cmocka_unit_test(an_archive_that_begins_does_not_hold_up_what_is_new),
		cmocka_unit_test(from_then_on_no_more_than_20000_rows_go_ahead),
		cmocka_unit_test(a_rule_holds_for_good),
		cmocka_unit_test(the_bound_holds_after_a_restart),
		cmocka_unit_test(what_is_named_missing_goes_again_once_for_each_receipt),
		cmocka_unit_test(it_goes_no_faster_than_200_rows_a_second_and_behind_what_is_new),
		cmocka_unit_test(a_range_that_is_gone_takes_no_time),
		cmocka_unit_test(a_lower_receipt_is_honoured),
		cmocka_unit_test(what_goes_again_waits_for_receipts_too),
		cmocka_unit_test(without_a_receipt_the_first_rows_go_again_ever_more_rarely),
		cmocka_unit_test(when_that_is_answered_all_the_rest_goes_again),
		cmocka_unit_test(a_refusal_of_what_goes_again_is_told_and_it_goes_after_a_pause),
		cmocka_unit_test(what_goes_again_survives_a_lost_connection_and_a_silent_broker),
		cmocka_unit_test(whatever_broker_and_archive_lose_every_row_arrives),
		cmocka_unit_test(thirty_days_without_the_archive_cost_a_tenth_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
