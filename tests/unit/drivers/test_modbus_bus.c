/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_modbus_bus.c -- Protects: over real ptys and sockets, a wrong, late or
 * broken answer is never taken, is named for what it is, and the next request
 * works; no request goes out inside the silence.
 */
#include "tests/fakes/scripted_device.h"

#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	TIMEOUT_MS = 100,
	LATE_MS = 180,
	SILENCE_19200_US = 1823, /* 3.5 characters of 10 bits */
};

static const struct bus_request registers = {.device = 5, .function = 3, .address = 10, .count = 4};
static struct scripted_device *device;
static struct bus *bus;
static struct bus_answer answer;

static void begin(enum bus_kind kind, const struct scripted_answer *script, size_t count)
{
	const char *reason = "";

	device = scripted_device_start(kind, script, count);
	bus = modbus_bus_new(scripted_device_line(device));
	assert_non_null(bus);
	if (bus->ops->open(bus, &reason) != BUS_OK) {
		fail_msg("%s", reason);
	}
}

static int end(void **state)
{
	(void)state;
	if (bus) {
		bus->ops->close(bus);
	}
	if (device) {
		scripted_device_stop(device);
	}
	bus = NULL;
	device = NULL;
	return 0;
}

static enum bus_status ask(void)
{
	return bus->ops->ask(bus, &registers, TIMEOUT_MS, &answer);
}

static void assert_good(uint16_t first_word)
{
	assert_int_equal(ask(), BUS_OK);
	for (int i = 0; i < registers.count; i++) {
		assert_int_equal(answer.words[i], first_word + i);
	}
}

static void wait_until_sent(size_t answers)
{
	while (scripted_device_record(device).sent < answers) {
		sched_yield();
	}
}

static const enum bus_kind all_kinds[] = {BUS_RTU, BUS_TCP, BUS_RTU_OVER_TCP};

static void a_good_answer_gives_its_words(void **state)
{
	(void)state;
	const struct scripted_answer script[] = {
		{.first_word = 700 },
                { .kind = SCRIPT_IN_PIECES, .first_word = 900}
        };

	for (size_t i = 0; i < 3; i++) {
		begin(all_kinds[i], script, 2);
		assert_good(700);
		assert_int_equal(answer.late_bytes, 0);
		assert_true(answer.sent_mono_us <= answer.began_mono_us);
		assert_true(answer.began_mono_us <= answer.done_mono_us);
		assert_good(900);
		assert_true(answer.done_mono_us - answer.began_mono_us >= 20000);
		end(NULL);
	}
}

static void every_broken_answer_is_named_and_the_next_one_works(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct {
		enum scripted_kind kind;
		enum bus_status status;
		enum frame_verdict rtu;
		enum frame_verdict tcp;
	} rows[] = {
		{SCRIPT_NOTHING,         BUS_TIMEOUT,   FRAME_GOOD,            FRAME_GOOD},
		{SCRIPT_EXCEPTION,       BUS_REFUSED,   FRAME_EXCEPTION,       FRAME_EXCEPTION},
		{SCRIPT_WRONG_ADDRESS,   BUS_BAD_FRAME, FRAME_WRONG_ADDRESS,   FRAME_WRONG_ADDRESS},
		{SCRIPT_WRONG_FUNCTION,  BUS_BAD_FRAME, FRAME_WRONG_FUNCTION,  FRAME_WRONG_FUNCTION},
		{SCRIPT_WRONG_LENGTH,    BUS_BAD_FRAME, FRAME_WRONG_LENGTH,    FRAME_WRONG_LENGTH},
		{SCRIPT_SHORT,           BUS_BAD_FRAME, FRAME_SHORT,           FRAME_SHORT},
		{SCRIPT_BAD_CRC,         BUS_BAD_FRAME, FRAME_BAD_CRC,         FRAME_GOOD},
		{SCRIPT_OLD_TRANSACTION, BUS_BAD_FRAME, FRAME_GOOD,            FRAME_WRONG_TRANSACTION},
	};
	/* clang-format on */
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct scripted_answer script[] = {
			{.kind = rows[i].kind, .first_word = 2},
                        {.first_word = 40                   }
                };
		for (size_t k = 0; k < 3; k++) {
			bool tcp = all_kinds[k] == BUS_TCP;
			enum frame_verdict verdict = tcp ? rows[i].tcp : rows[i].rtu;
			if (verdict == FRAME_GOOD && rows[i].status == BUS_BAD_FRAME) {
				continue;
			}
			begin(all_kinds[k], script, 2);
			assert_int_equal(ask(), rows[i].status);
			if (rows[i].status != BUS_TIMEOUT) {
				assert_int_equal(answer.verdict, verdict);
			}
			assert_int_equal(answer.exception, rows[i].status == BUS_REFUSED ? 2 : 0);
			assert_good(40);
			end(NULL);
		}
	}
}

static void a_late_rtu_answer_of_equal_length_is_dropped_before_the_next_request(void **state)
{
	(void)state;
	const struct scripted_answer script[] = {
		{.delay_ms = LATE_MS, .first_word = 111},
                {.first_word = 222                  }
        };
	struct bus_request other = registers;

	begin(BUS_RTU, script, 2);
	assert_int_equal(ask(), BUS_TIMEOUT);
	/* The late bytes come while another device is asked; nobody waits for them. */
	wait_until_sent(1);
	other.device = 6;
	assert_int_equal(bus->ops->ask(bus, &other, TIMEOUT_MS, &answer), BUS_OK);
	assert_int_equal(answer.words[0], 222);
	assert_int_equal(answer.late_bytes, 13);
}

static void a_late_rtu_answer_while_another_device_is_awaited_is_dropped(void **state)
{
	(void)state;
	/* Device 5 answers into the time of device 6, with as many registers. */
	const struct scripted_answer script[] = {
		{.delay_ms = TIMEOUT_MS + 30, .first_word = 111},
		{.delay_ms = 70,              .first_word = 222}
        };
	struct bus_request other = registers;

	begin(BUS_RTU, script, 2);
	assert_int_equal(ask(), BUS_TIMEOUT);
	other.device = 6;
	assert_int_equal(bus->ops->ask(bus, &other, TIMEOUT_MS, &answer), BUS_OK);
	assert_int_equal(answer.words[0], 222);
	assert_int_equal(answer.late_bytes, 13);
}

static void a_late_tcp_answer_finds_its_connection_closed(void **state)
{
	(void)state;
	const struct scripted_answer script[] = {
		{.delay_ms = LATE_MS, .first_word = 111},
                {.first_word = 222                  }
        };

	begin(BUS_TCP, script, 2);
	assert_int_equal(ask(), BUS_TIMEOUT);
	assert_good(222);
	assert_int_equal(scripted_device_record(device).connections, 2);
}

static void noise_and_foreign_frames_before_the_answer_are_counted_and_skipped(void **state)
{
	(void)state;
	const struct scripted_answer script[] = {
		{.kind = SCRIPT_NOISE_FIRST,   .first_word = 1},
		{.kind = SCRIPT_FOREIGN_FIRST, .first_word = 2}
        };

	begin(BUS_RTU, script, 2);
	assert_good(1);
	assert_int_equal(answer.late_bytes, 1);
	assert_good(2);
	assert_int_equal(answer.late_bytes, 13);
}

enum { BABBLE_RETRIES = 20 };

static void babble_ends_with_the_time_out_and_the_line_is_asked_again_when_it_is_idle(void **state)
{
	(void)state;
	struct scripted_answer script[1 + BABBLE_RETRIES] = {{.kind = SCRIPT_BABBLE}};

	/* An answer that drowns in what is left of the noise is one answer fewer. */
	for (int i = 1; i <= BABBLE_RETRIES; i++) {
		script[i].first_word = 9;
	}
	begin(BUS_RTU, script, 1 + BABBLE_RETRIES);
	int64_t before = bus_now_mono_us();
	assert_int_equal(ask(), BUS_BAD_FRAME);
	assert_true(bus_now_mono_us() - before < 400000);
	enum bus_status status = BUS_BAD_FRAME;
	for (int i = 0; i < BABBLE_RETRIES && status == BUS_BAD_FRAME; i++) {
		status = ask();
	}
	assert_int_equal(status, BUS_OK);
	assert_int_equal(answer.words[0], 9);
}

static void no_request_goes_out_inside_the_silence(void **state)
{
	(void)state;
	begin(BUS_RTU, NULL, 0);
	for (int i = 0; i < 300; i++) {
		assert_int_equal(ask(), BUS_OK);
	}
	assert_int_equal(scripted_device_record(device).requests, 300);
	assert_true(scripted_device_record(device).silence_us_min >= SILENCE_19200_US);
}

static void the_end_of_a_long_answer_is_noticed_at_once(void **state)
{
	(void)state;
	enum { ANSWERS = 10, NOTICED_US_MAX = 1200 /* two characters */ };
	const struct bus_request many = {.device = 5, .function = 3, .address = 0, .count = 74};
	struct scripted_answer script[ANSWERS];
	size_t at_once = 0;

	for (size_t i = 0; i < ANSWERS; i++) {
		script[i] = (struct scripted_answer){.kind = SCRIPT_AS_A_UART};
	}
	begin(BUS_RTU, script, ANSWERS);
	for (size_t i = 0; i < ANSWERS; i++) {
		assert_int_equal(bus->ops->ask(bus, &many, TIMEOUT_MS, &answer), BUS_OK);
		int64_t late_us =
			answer.done_mono_us - scripted_device_record(device).last_sent_mono_us;
		at_once += late_us < NOTICED_US_MAX;
	}
	assert_true(at_once > ANSWERS / 2); /* a busy machine may be late now and then */
}

static void device_identification_passes_on_both_transports(void **state)
{
	(void)state;
	const struct bus_request identify = {
		.device = 5, .function = FUNCTION_DEVICE_ID, .count = 1};
	const struct scripted_answer script[] = {{.kind = SCRIPT_DEVICE_ID}};

	for (size_t i = 0; i < 3; i++) {
		begin(all_kinds[i], script, 1);
		assert_int_equal(bus->ops->ask(bus, &identify, TIMEOUT_MS, &answer), BUS_OK);
		assert_int_equal(answer.bytes_length, 10);
		assert_memory_equal(answer.bytes, "\0\4ACME\1\2X1", 10);
		end(NULL);
	}
}

static void a_request_that_writes_is_refused_and_never_sent(void **state)
{
	(void)state;
	struct bus_request request = registers;

	begin(BUS_RTU, NULL, 0);
	request.function = 6;
	assert_int_equal(bus->ops->ask(bus, &request, TIMEOUT_MS, &answer), BUS_REFUSED);
	request.function = 16;
	assert_int_equal(bus->ops->ask(bus, &request, TIMEOUT_MS, &answer), BUS_REFUSED);
	assert_good(0);
	assert_int_equal(scripted_device_record(device).requests, 1);
}

static void a_connection_closed_while_idle_is_opened_again_unnoticed(void **state)
{
	(void)state;
	const struct scripted_answer script[] = {
		{.kind = SCRIPT_GOOD_AND_HANGS_UP}, {.first_word = 3}};

	begin(BUS_TCP, script, 2);
	assert_good(0);
	while (scripted_device_record(device).hang_ups < 1) {
		sched_yield();
	}
	assert_good(3);
	assert_int_equal(scripted_device_record(device).connections, 2);
}

static void a_connection_closed_instead_of_an_answer_is_down(void **state)
{
	(void)state;
	const struct scripted_answer script[] = {{.kind = SCRIPT_HANGS_UP}, {.first_word = 3}};
	const char *reason = "";

	begin(BUS_TCP, script, 2);
	assert_int_equal(ask(), BUS_DOWN);
	assert_int_equal(ask(), BUS_DOWN);
	assert_int_equal(bus->ops->open(bus, &reason), BUS_OK);
	assert_good(3);
}

static void a_serial_port_vanishes_and_comes_back_under_its_name(void **state)
{
	(void)state;
	char link[] = "/tmp/byport-test-XXXXXX";
	const char *reason = "";

	int fd = mkstemp(link);
	assert_true(fd >= 0);
	close(fd);
	unlink(link);
	device = scripted_device_start(BUS_RTU, NULL, 0);
	struct bus_line line = *scripted_device_line(device);
	assert_int_equal(symlink(line.device, link), 0);
	line.device = link;
	bus = modbus_bus_new(&line);
	assert_int_equal(bus->ops->open(bus, &reason), BUS_OK);
	assert_good(0);
	device = scripted_device_stop(device);
	unlink(link);
	assert_int_equal(ask(), BUS_DOWN);
	assert_int_equal(bus->ops->open(bus, &reason), BUS_DOWN);
	assert_string_equal(reason, "there is no such port");
	device = scripted_device_start(BUS_RTU, NULL, 0);
	assert_int_equal(symlink(scripted_device_line(device)->device, link), 0);
	assert_int_equal(bus->ops->open(bus, &reason), BUS_OK);
	assert_good(0);
	unlink(link);
}

static const char *why_not(const struct bus_line *line)
{
	const char *reason = "it opened";
	struct bus *other = modbus_bus_new(line);

	(void)!other->ops->open(other, &reason);
	other->ops->close(other);
	return reason;
}

static void ports_that_cannot_be_opened_say_why(void **state)
{
	(void)state;
	struct bus_line line;

	begin(BUS_RTU, NULL, 0);
	line = *scripted_device_line(device);
	assert_string_equal(why_not(&line), "another program uses the port");
	int exclusive = 0;
	int fd = open(line.device, O_RDWR | O_NOCTTY);
	if (fd >= 0) { /* root may open what is exclusive */
		assert_int_equal(ioctl(fd, TIOCGEXCL, &exclusive), 0);
		assert_int_equal(exclusive, 1);
		close(fd);
	}
	bus->ops->close(bus);
	bus = NULL;
	line.parity = 'E';
	/* A pty carries no parity; whether setting it fails depends on what else is set. */
	const char *reason = why_not(&line);
	if (strcmp(reason, "it opened") != 0) {
		assert_string_equal(reason, "the port does not support parity E");
	}
	line.parity = 'N';
	line.baud = 12345;
	assert_string_equal(why_not(&line), "the port does not support this speed");
	line.baud = 9600;
	line.device = "/dev/null";
	assert_string_equal(why_not(&line), "that is not a serial port");
	line.device = "/tmp";
	assert_string_equal(why_not(&line), "that is a directory, not a serial port");
}

static void a_host_is_found_by_its_name(void **state)
{
	(void)state;
	const struct scripted_answer script[] = {{.first_word = 5}};
	const char *reason = "";

	device = scripted_device_start(BUS_TCP, script, 1);
	struct bus_line line = *scripted_device_line(device);
	line.host = "localhost";
	bus = modbus_bus_new(&line);
	if (bus->ops->open(bus, &reason) != BUS_OK) {
		fail_msg("%s", reason);
	}
	assert_good(5);
}

static void hosts_that_cannot_be_reached_say_why(void **state)
{
	(void)state;
	begin(BUS_TCP, NULL, 0);
	struct bus_line line = *scripted_device_line(device);
	end(NULL);
	assert_string_equal(
		why_not(&line), "the connection was refused: nothing listens on that port");
	line.host = "no such host.invalid";
	line.connect_timeout_ms = 1000;
	assert_string_not_equal(why_not(&line), "it opened");
}

static void an_interrupted_wait_ends_at_once(void **state)
{
	(void)state;
	const struct scripted_answer script[] = {{.kind = SCRIPT_NOTHING}};

	begin(BUS_RTU, script, 1);
	bus->ops->interrupt(bus);
	int64_t before = bus_now_mono_us();
	assert_int_equal(bus->ops->ask(bus, &registers, 5000, &answer), BUS_DOWN);
	assert_true(bus_now_mono_us() - before < 1000000);
}

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_good_answer_gives_its_words, end),
		cmocka_unit_test_teardown(every_broken_answer_is_named_and_the_next_one_works, end),
		cmocka_unit_test_teardown(a_late_rtu_answer_of_equal_length_is_dropped_before_the_next_request, end),
		cmocka_unit_test_teardown(a_late_rtu_answer_while_another_device_is_awaited_is_dropped, end),
		cmocka_unit_test_teardown(a_late_tcp_answer_finds_its_connection_closed, end),
		cmocka_unit_test_teardown(noise_and_foreign_frames_before_the_answer_are_counted_and_skipped, end),
		cmocka_unit_test_teardown(babble_ends_with_the_time_out_and_the_line_is_asked_again_when_it_is_idle, end),
		cmocka_unit_test_teardown(no_request_goes_out_inside_the_silence, end),
		cmocka_unit_test_teardown(the_end_of_a_long_answer_is_noticed_at_once, end),
		cmocka_unit_test_teardown(device_identification_passes_on_both_transports, end),
		cmocka_unit_test_teardown(a_request_that_writes_is_refused_and_never_sent, end),
		cmocka_unit_test_teardown(a_connection_closed_while_idle_is_opened_again_unnoticed, end),
		cmocka_unit_test_teardown(a_connection_closed_instead_of_an_answer_is_down, end),
		cmocka_unit_test_teardown(a_serial_port_vanishes_and_comes_back_under_its_name, end),
		cmocka_unit_test_teardown(ports_that_cannot_be_opened_say_why, end),
		cmocka_unit_test_teardown(a_host_is_found_by_its_name, end),
		cmocka_unit_test_teardown(hosts_that_cannot_be_reached_say_why, end),
		cmocka_unit_test_teardown(an_interrupted_wait_ends_at_once, end),
	};
	/* clang-format on */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
