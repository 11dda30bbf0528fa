/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_paced_line.c -- The gateway's bus on a simulated wire that hands its
 * characters over in groups, as a UART does: an answer is taken when it ends,
 * not some characters later, and the silence is kept. On a slow line, so that a
 * character (9 ms) is long beside a busy machine's delays.
 */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "drivers/bus.h"
#include "drivers/model_library.h"
#include "gateway/simulate/simulated_line.h"
#include "gateway/simulate/wire_pace.h"

enum { BAUD = 1200, CHARACTER_US = 9166, ASKS = 3, TIMEOUT_MS = 2000 };

struct served_line {
	struct model_library *library;
	struct simulated_line *line;
	pthread_t thread;
	atomic_bool ending;
};

static void *serve(void *argument)
{
	struct served_line *served = argument;
	struct line_context context = {0};
	while (!served->ending) {
		struct pollfd fds[LINE_FDS_MAX];
		size_t count = simulated_line_fds(served->line, fds);
		int64_t left_us = simulated_line_due(served->line) - bus_now_mono_us();
		left_us = left_us < 0 ? 0 : left_us > 50000 ? 50000 : left_us;
		struct timespec left = {0, left_us * 1000};
		(void)ppoll(fds, (nfds_t)count, &left, NULL);
		struct simulated_instant now = {.mono_us = bus_now_mono_us()};
		simulated_line_move(served->line, &now, &context);
	}
	return NULL;
}

static int start(void **state)
{
	struct served_line *served = calloc(1, sizeof(*served));
	struct diagnostics diagnostics = {0};
	const char *why = "";
	char reason[LINE_REASON_MAX];
	assert_non_null(served);
	served->library = model_library_open("tests/bench/models");
	struct simulated_device_settings device = {
		.name = "meter",
		.address = 1,
		.fixed = true,
		.image = {.model = model_library_find(served->library, "bench-12", &diagnostics),
			  .serial_number = "",
			  .ct = {1, 1}}
        };
	struct simulated_line_settings settings = {.kind = LINE_PTY, .baud = BAUD};
	assert_non_null(device.image.model);
	served->line = simulated_line_new(&settings);
	assert_true(simulated_line_add(served->line, simulated_device_new(&device, &why)));
	assert_true(simulated_line_open(served->line, reason));
	assert_int_equal(pthread_create(&served->thread, NULL, serve, served), 0);
	*state = served;
	return 0;
}

static int stop(void **state)
{
	struct served_line *served = *state;
	served->ending = true;
	pthread_join(served->thread, NULL);
	simulated_line_free(served->line);
	model_library_close(served->library);
	free(served);
	return 0;
}

/* From its end on the wire to when the bus has it; the best of a few. */
static int64_t best_delay_us(struct bus *bus, uint16_t address, uint16_t count)
{
	const struct bus_request request = {
		.device = 1, .function = 4, .address = address, .count = count};
	int64_t best_us = INT64_MAX;
	for (int i = 0; i < ASKS; i++) {
		struct bus_answer answer;
		assert_int_equal(bus->ops->ask(bus, &request, TIMEOUT_MS, &answer), BUS_OK);
		int64_t ends_us = answer.sent_mono_us + wire_characters_us(BAUD, 8) +
				  wire_characters_us(BAUD, 5u + 2u * count);
		int64_t delay_us = answer.done_mono_us - ends_us;
		best_us = delay_us < best_us ? delay_us : best_us;
	}
	return best_us;
}

static void an_answer_is_taken_when_it_ends_and_the_silence_is_kept(void **state)
{
	struct served_line *served = *state;
	const struct bus_line line = {.kind = BUS_RTU,
		.device = simulated_line_path(served->line),
		.baud = BAUD,
		.parity = 'N',
		.data_bits = 8,
		.stop_bits = 2};
	struct bus *bus = modbus_bus_new(&line);
	const char *reason = "";
	assert_non_null(bus);
	assert_int_equal(bus->ops->open(bus, &reason), BUS_OK);
	/* Answers of 29 and 49 characters: groups of eight and a rest of five, and of one. */
	assert_in_range(best_delay_us(bus, 0, 12) + CHARACTER_US, 0, 2 * CHARACTER_US);
	assert_in_range(best_delay_us(bus, 0x34, 22) + CHARACTER_US, 0, 2 * CHARACTER_US);
	bus->ops->close(bus);
	const struct line_statistics *statistics = simulated_line_statistics(served->line);
	assert_int_equal(statistics->requests, 2 * ASKS);
	assert_int_equal(statistics->early, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			an_answer_is_taken_when_it_ends_and_the_silence_is_kept, start, stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
