/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_delivery.c -- Every row arrives, in order within its stream; `sent` never
 * runs ahead of what the broker took.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "gateway/core/delivery.h"

enum { BATCH = 10, NOT_AUTHORIZED = 0x87 };

static uint64_t seed;

struct sender {
	struct delivery delivery;
	int64_t last[STREAM_COUNT];
	int64_t now_mono_ms;
};

static struct sender begin(int64_t energy_last, int64_t trends_last)
{
	struct sender sender = {
		.last = {energy_last, trends_last}
        };
	const int64_t sent[STREAM_COUNT] = {0, 0};

	delivery_init(&sender.delivery, sent);
	delivery_connected(&sender.delivery, 0);
	return sender;
}

/* Hand over the next message, of BATCH rows at most. */
static bool send_one(struct sender *sender, struct delivery_message *ret_message)
{
	if (!delivery_next(&sender->delivery, sender->last, sender->now_mono_ms, ret_message)) {
		return false;
	}
	int64_t last = sender->last[ret_message->stream];
	ret_message->through =
		ret_message->after + BATCH < last ? ret_message->after + BATCH : last;
	delivery_handed_over(&sender->delivery, ret_message, sender->now_mono_ms);
	return true;
}

static enum delivery_outcome answer(struct sender *sender, uint32_t tag, uint8_t reason)
{
	enum stream stream;

	return delivery_acknowledged(&sender->delivery, tag, reason, sender->now_mono_ms, &stream);
}

static void energy_goes_first_and_trends_fill_the_rest(void **state)
{
	struct sender sender = begin(25, 1000);
	struct delivery_message messages[DELIVERY_WINDOW_MAX];
	struct delivery_message more;

	(void)state;
	for (int i = 0; i < DELIVERY_WINDOW_MAX; i++) {
		assert_true(send_one(&sender, &messages[i]));
		assert_int_equal(messages[i].stream, i < 3 ? STREAM_ENERGY : STREAM_TRENDS);
		assert_int_not_equal(messages[i].tag, 0);
	}
	assert_false(send_one(&sender, &more));
	sender.last[STREAM_ENERGY] = 30;
	assert_int_equal(answer(&sender, messages[3].tag, 0), DELIVERY_MOVED);
	assert_true(send_one(&sender, &more));
	assert_int_equal(more.stream, STREAM_ENERGY);
	assert_int_equal(more.after, 25);
}

static void sent_moves_over_contiguous_acknowledgements_only(void **state)
{
	struct sender sender = begin(30, 0);
	struct delivery_message messages[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_true(send_one(&sender, &messages[i]));
	}
	assert_int_equal(answer(&sender, messages[2].tag, 0), DELIVERY_NOTHING);
	assert_int_equal(answer(&sender, messages[1].tag, 16), DELIVERY_NOTHING);
	assert_int_equal(delivery_sent(&sender.delivery, STREAM_ENERGY), 0);
	assert_int_equal(answer(&sender, messages[0].tag, 0), DELIVERY_MOVED);
	assert_int_equal(delivery_sent(&sender.delivery, STREAM_ENERGY), 30);
	assert_int_equal(answer(&sender, messages[0].tag, 0), DELIVERY_NOTHING);
}

static void a_refused_message_is_told_once_and_tried_again_after_a_pause(void **state)
{
	struct sender sender = begin(30, 0);
	struct delivery_message first, second, again;

	(void)state;
	send_one(&sender, &first);
	send_one(&sender, &second);
	assert_int_equal(answer(&sender, first.tag, NOT_AUTHORIZED), DELIVERY_REFUSED);
	/* What was on the way behind it does not count. */
	assert_int_equal(answer(&sender, second.tag, 0), DELIVERY_NOTHING);
	assert_int_equal(delivery_sent(&sender.delivery, STREAM_ENERGY), 0);
	assert_false(send_one(&sender, &again));
	assert_int_equal(delivery_wake_mono_ms(&sender.delivery), DELIVERY_PAUSE_FIRST_MS);
	sender.now_mono_ms = DELIVERY_PAUSE_FIRST_MS;
	assert_true(send_one(&sender, &again));
	assert_int_equal(again.after, 0);
	assert_false(send_one(&sender, &second)); /* one at a time until it is over */
	assert_int_equal(answer(&sender, again.tag, NOT_AUTHORIZED), DELIVERY_REFUSED_AGAIN);
	assert_int_equal(delivery_wake_mono_ms(&sender.delivery), 3 * DELIVERY_PAUSE_FIRST_MS);
	sender.now_mono_ms = 3 * DELIVERY_PAUSE_FIRST_MS;
	assert_true(send_one(&sender, &again));
	assert_int_equal(answer(&sender, again.tag, 0), DELIVERY_RESUMED);
	assert_true(send_one(&sender, &first));
	assert_true(send_one(&sender, &second));
}

static void the_pause_has_a_ceiling(void **state)
{
	struct sender sender = begin(30, 0);
	struct delivery_message message;

	(void)state;
	for (int i = 0; i < 100; i++) {
		assert_true(send_one(&sender, &message));
		answer(&sender, message.tag, 0x97);
		int64_t wake_mono_ms = delivery_wake_mono_ms(&sender.delivery);
		assert_in_range(wake_mono_ms - sender.now_mono_ms, DELIVERY_PAUSE_FIRST_MS,
			DELIVERY_PAUSE_MAX_MS);
		sender.now_mono_ms = wake_mono_ms;
	}
}

static void refused_energy_does_not_hold_up_trends(void **state)
{
	struct sender sender = begin(30, 30);
	struct delivery_message message;

	(void)state;
	send_one(&sender, &message);
	answer(&sender, message.tag, NOT_AUTHORIZED);
	assert_true(send_one(&sender, &message));
	assert_int_equal(message.stream, STREAM_TRENDS);
}

static void everything_unacknowledged_goes_again_after_a_reconnect(void **state)
{
	struct sender sender = begin(40, 0);
	struct delivery_message messages[4];
	struct delivery_message again;

	(void)state;
	for (int i = 0; i < 4; i++) {
		send_one(&sender, &messages[i]);
	}
	answer(&sender, messages[0].tag, 0);
	answer(&sender, messages[2].tag, 0);
	delivery_disconnected(&sender.delivery);
	assert_false(send_one(&sender, &again));
	assert_int_equal(delivery_wake_mono_ms(&sender.delivery), INT64_MAX);
	delivery_connected(&sender.delivery, 2);
	assert_true(send_one(&sender, &again));
	assert_int_equal(again.after, BATCH);
	/* An answer to a message of before is not this one's. */
	assert_int_equal(answer(&sender, messages[1].tag, 0), DELIVERY_NOTHING);
	assert_true(send_one(&sender, &again));
	assert_false(send_one(&sender, &again)); /* the broker takes two at once */
}

static void a_broker_that_never_answers_is_asked_again(void **state)
{
	struct sender sender = begin(5, 0);
	struct delivery_message message;

	(void)state;
	send_one(&sender, &message);
	assert_int_equal(delivery_wake_mono_ms(&sender.delivery), DELIVERY_ANSWER_MS);
	sender.now_mono_ms = DELIVERY_ANSWER_MS;
	assert_false(send_one(&sender, &message));
	sender.now_mono_ms = delivery_wake_mono_ms(&sender.delivery);
	assert_true(send_one(&sender, &message));
	assert_int_equal(message.after, 0);
}

static void a_busy_link_is_not_asked_again_by_the_clock(void **state)
{
	struct sender sender = begin(5, 0);
	struct delivery_message message;

	(void)state;
	send_one(&sender, &message);
	answer(&sender, message.tag, NOT_AUTHORIZED);
	sender.now_mono_ms = delivery_wake_mono_ms(&sender.delivery);
	/* Due, but the link takes nothing: only an event changes that. */
	assert_true(delivery_next(&sender.delivery, sender.last, sender.now_mono_ms, &message));
	assert_int_equal(delivery_wake_mono_ms(&sender.delivery), INT64_MAX);
}

static void a_late_answer_is_not_taken_for_another_stores_message(void **state)
{
	struct sender sender = begin(30, 0);
	const int64_t sent[STREAM_COUNT] = {0, 0};
	struct delivery_message before, after;

	(void)state;
	send_one(&sender, &before);
	delivery_init(&sender.delivery, sent);
	assert_true(send_one(&sender, &after));
	assert_int_equal(answer(&sender, before.tag, 0), DELIVERY_NOTHING);
	assert_int_equal(answer(&sender, after.tag, 0), DELIVERY_MOVED);
}

static void another_store_is_sent_on_the_same_connection(void **state)
{
	struct sender sender = begin(30, 0);
	const int64_t sent[STREAM_COUNT] = {0, 0};
	struct delivery_message message;

	(void)state;
	delivery_connected(&sender.delivery, 2);
	delivery_init(&sender.delivery, sent);
	assert_true(send_one(&sender, &message));
	assert_true(send_one(&sender, &message));
	assert_false(send_one(&sender, &message)); /* the broker takes two at once */
}

static void delivery_begins_where_the_store_says(void **state)
{
	const int64_t sent[STREAM_COUNT] = {17, 4};
	const int64_t last[STREAM_COUNT] = {17, 9};
	struct delivery delivery = {0};
	struct delivery_message message;

	(void)state;
	delivery_init(&delivery, sent);
	delivery_connected(&delivery, 0);
	assert_true(delivery_next(&delivery, last, 0, &message));
	assert_int_equal(message.stream, STREAM_TRENDS);
	assert_int_equal(message.after, 4);
}

/* What a city has seen of one stream: all up to here, in order of first arrival. */
struct city {
	int64_t through[STREAM_COUNT];
};

static uint64_t next_random(uint64_t *random)
{
	*random = *random * 6364136223846793005u + 1442695040888963407u;
	return *random >> 33;
}

/* The broker takes a message: no gap may open. */
static void arrive(struct city *city, const struct delivery_message *message)
{
	assert_true(message->after <= city->through[message->stream]);
	if (message->through > city->through[message->stream]) {
		city->through[message->stream] = message->through;
	}
}

static void check_sent(const struct sender *sender, const struct city *city)
{
	for (int i = 0; i < STREAM_COUNT; i++) {
		assert_true(delivery_sent(&sender->delivery, (enum stream)i) <= city->through[i]);
	}
}

static void random_life(uint64_t random)
{
	struct sender sender = begin(0, 0);
	struct city city = {0};
	struct delivery_message message;
	struct delivery_message pending[8];
	size_t pending_count = 0;

	for (int i = 0; i < 3000; i++) {
		uint64_t dice = next_random(&random) % 100;
		sender.now_mono_ms += (int64_t)(next_random(&random) % 3000);
		sender.last[next_random(&random) % STREAM_COUNT] += (int64_t)(dice % 7);
		if (dice < 2) { /* the connection ends; what was on the way may have arrived */
			delivery_disconnected(&sender.delivery);
			delivery_connected(&sender.delivery, 0);
			pending_count = 0;
		}
		if (pending_count < 8 && send_one(&sender, &message)) {
			pending[pending_count++] = message;
		}
		if (pending_count > 0 && dice >= 30) {
			message = pending[0];
			for (size_t k = 1; k < pending_count; k++) {
				pending[k - 1] = pending[k];
			}
			pending_count--;
			bool is_refused = dice > 92;
			/* Behind a refused message the broker may see a gap; `sent` may not. */
			if (!is_refused && message.after <= city.through[message.stream]) {
				arrive(&city, &message);
			}
			answer(&sender, message.tag, is_refused ? NOT_AUTHORIZED : 0);
		}
		check_sent(&sender, &city);
	}
	for (int i = 0; i < 5000; i++) {
		sender.now_mono_ms += DELIVERY_PAUSE_MAX_MS;
		if (send_one(&sender, &message)) {
			arrive(&city, &message);
			answer(&sender, message.tag, 0);
		}
	}
	for (int i = 0; i < STREAM_COUNT; i++) {
		assert_int_equal(city.through[i], sender.last[i]);
		assert_int_equal(delivery_sent(&sender.delivery, (enum stream)i), sender.last[i]);
	}
}

static void whatever_the_broker_does_every_row_arrives(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 50; i++) {
		random_life(seed + i);
	}
}

int main(int argc, char **argv)
{
	seed = argc > 1 ? strtoull(argv[1], NULL, 10) : (uint64_t)time(NULL);
	printf("seed %llu\n", (unsigned long long)seed);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(energy_goes_first_and_trends_fill_the_rest),
		cmocka_unit_test(sent_moves_over_contiguous_acknowledgements_only),
		cmocka_unit_test(a_refused_message_is_told_once_and_tried_again_after_a_pause),
		cmocka_unit_test(the_pause_has_a_ceiling),
		cmocka_unit_test(refused_energy_does_not_hold_up_trends),
		cmocka_unit_test(everything_unacknowledged_goes_again_after_a_reconnect),
		cmocka_unit_test(a_broker_that_never_answers_is_asked_again),
		cmocka_unit_test(a_busy_link_is_not_asked_again_by_the_clock),
		cmocka_unit_test(a_late_answer_is_not_taken_for_another_stores_message),
		cmocka_unit_test(another_store_is_sent_on_the_same_connection),
		cmocka_unit_test(delivery_begins_where_the_store_says),
		cmocka_unit_test(whatever_the_broker_does_every_row_arrives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
