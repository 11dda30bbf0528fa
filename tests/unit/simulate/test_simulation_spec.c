/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_simulation_spec.c -- What a person may say of lines and devices, and in
 * which words everything else is refused; the YAML file with line and column.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/simulate/simulation_file.h"

static struct simulation_spec spec;

static int begin(void **state)
{
	(void)state;
	simulation_spec_begin(&spec);
	return 0;
}

static int end(void **state)
{
	(void)state;
	simulation_spec_clear(&spec);
	return 0;
}

static void a_device_is_said_in_one_word(void **state)
{
	(void)state;
	struct device_spec *device = spec_add_device(spec_add_line(&spec, LINE_PTY));
	char reason[SPEC_REASON_MAX] = "";
	assert_true(device_spec_parse(device,
		"eastron-sdm630@7,name=main,serial=4711,ct=300/5,strict=yes,values=kitchen,"
		"active_power=-12.5,fault=silent@1-2,fault=exception:4*3",
		reason));
	assert_string_equal(device->model, "eastron-sdm630");
	assert_int_equal(device->address, 7);
	assert_string_equal(device->name, "main");
	assert_string_equal(device->serial_number, "4711");
	assert_int_equal(device->ct_primary, 300);
	assert_int_equal(device->ct_secondary, 5);
	assert_true(device->strict);
	assert_string_equal(device->values, "kitchen");
	assert_int_equal(device->holds_count, 1);
	assert_int_equal(device->holds[0].quantity, QUANTITY_ACTIVE_POWER);
	assert_int_equal(device->holds[0].number, -12500);
	assert_int_equal(device->faults_count, 2);
	assert_int_equal(device->faults[1].kind, FAULT_EXCEPTION);
}

static void a_device_that_is_not_understood_is_refused_in_words(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct {
		const char *text;
		const char *says;
	} cases[] = {
		{"@1",                           "model: ``; allowed is a meter model"},
		{"m@256",                        "address: `256`; allowed is a number from 0 to 255"},
		{"m@-1",                         "address: `-1`"},
		{"m@",                           "address: ``"},
		{"m@1x",                         "address: `1x`"},
		{"m@1,serial",                   "`serial` in `m@1,serial`: behind MODEL@ADDRESS stands key=value"},
		{"m@1,serial=",                  "serial: ``; allowed is 1 to 32 characters"},
		{"m@1,name=a b",                 "name: `a b`; allowed is 1 to 63 characters without blanks"},
		{"m@1,ct=300",                   "ct: `300`; allowed is PRIMARY/SECONDARY"},
		{"m@1,ct=0/5",                   "ct: `0/5`"},
		{"m@1,strict=maybe",             "strict: `maybe`; allowed is yes or no"},
		{"m@1,marker=4",                 "marker: `4`; allowed is 0 to 3"},
		{"m@1,values=attic",             "values: `attic`; allowed is fixed, or a place in the building"},
		{"m@1,column=kwh",               "column: `kwh`; allowed is COLUMN=QUANTITY"},
		{"m@1,column=kwh=joule",         "column: `kwh=joule`"},
		{"m@1,colour=red",               "`colour` is no key of a device; there are name model address"},
		{"m@1,active_power=lots",        "active_power: `lots` is not a number of W with at most 3 decimals"},
		{"m@1,active_power=1.0001",      "at most 3 decimals"},
		{"m@1,fault=tired",              "fault: `tired` is no fault"},
	};
	/* clang-format on */
	struct line_spec *line = spec_add_line(&spec, LINE_PTY);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char reason[SPEC_REASON_MAX] = "";
		assert_false(device_spec_parse(spec_add_device(line), cases[i].text, reason));
		if (strstr(reason, cases[i].says) == NULL)
			fail_msg("`%s`: expected `%s`, was told `%s`", cases[i].text, cases[i].says,
				reason);
	}
}

static void too_much_of_a_thing_is_refused(void **state)
{
	(void)state;
	char reason[SPEC_REASON_MAX] = "";
	struct line_spec *line = spec_add_line(&spec, LINE_PTY);
	struct device_spec *device = spec_add_device(line);
	for (int i = 0; i < DEVICE_FAULTS_MAX; i++)
		assert_true(device_spec_set(device, "fault", "silent", reason));
	assert_false(device_spec_set(device, "fault", "silent", reason));
	assert_string_equal(reason, "more than 8 faults");
	for (int i = 0; i < SPEC_HOLDS_MAX; i++)
		assert_true(device_spec_set(device, "frequency", "50", reason));
	assert_false(device_spec_set(device, "frequency", "50", reason));
	for (int i = 1; i < SPEC_DEVICES_MAX; i++)
		assert_non_null(spec_add_device(line));
	assert_null(spec_add_device(line));
	for (int i = 1; i < SPEC_LINES_MAX; i++)
		assert_non_null(spec_add_line(&spec, LINE_TCP));
	assert_null(spec_add_line(&spec, LINE_TCP));
	char *endless = malloc(2000);
	assert_non_null(endless);
	memset(endless, 'x', 1999);
	endless[1999] = '\0';
	struct device_spec other = {0};
	assert_false(device_spec_parse(&other, endless, reason));
	assert_non_null(strstr(reason, "is longer than 1023 characters"));
	free(endless);
}

static void lines_are_said_and_refused_in_words(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct {
		enum line_kind kind;
		const char *key, *text;
		const char *says; /* NULL: it is taken */
	} cases[] = {
		{LINE_PTY, "baud",      "19200",        NULL},
		{LINE_PTY, "baud",      "0",            NULL},
		{LINE_PTY, "baud",      "299",          "baud: `299`; allowed is 0 (as fast as it goes) or 300"},
		{LINE_PTY, "baud",      "fast",         "baud: `fast`"},
		{LINE_PTY, "answer-ms", "5..20",        NULL},
		{LINE_PTY, "answer-ms", "7",            NULL},
		{LINE_PTY, "answer-ms", "20..5",        "answer-ms: `20..5`; allowed is milliseconds, or a range"},
		{LINE_PTY, "answer-ms", "",             "answer-ms: ``"},
		{LINE_PTY, "answer-ms", "5..",          "answer-ms: `5..`"},
		{LINE_PTY, "listen",    "127.0.0.1:0",  "listen: `127.0.0.1:0`"},
		{LINE_TCP, "listen",    "127.0.0.1:0",  NULL},
		{LINE_TCP, "listen",    ":502",         NULL},
		{LINE_TCP, "listen",    "[::1]:0",      NULL},
		{LINE_TCP, "listen",    "127.0.0.1",    "allowed is HOST:PORT, where port 0"},
		{LINE_TCP, "listen",    "h:65536",      "listen: `h:65536`"},
		{LINE_TCP, "link",      "/tmp/x",       "link: `/tmp/x`; allowed is a path for a symbolic link"},
		{LINE_PTY, "name",      "",             "name: ``"},
		{LINE_PTY, "parity",    "E",            "`parity` is no key of a line; there are name"},
	};
	/* clang-format on */
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char reason[SPEC_REASON_MAX] = "";
		struct line_spec *line = spec_add_line(&spec, cases[i].kind);
		bool good = line_spec_set(line, cases[i].key, cases[i].text, reason);
		if (good != (cases[i].says == NULL) ||
			(!good && strstr(reason, cases[i].says) == NULL))
			fail_msg("%s `%s`: was told `%s`", cases[i].key, cases[i].text, reason);
	}
	assert_string_equal(spec.lines[12].settings.host, "::1");
	assert_string_equal(spec.lines[11].settings.host, "127.0.0.1");
	assert_int_equal(spec.lines[11].settings.port, 502);
	assert_int_equal(spec.lines[4].settings.answer_ms_max, 20);
}

static void times_of_day_are_read(void **state)
{
	(void)state;
	int32_t seconds = 42;
	assert_true(spec_time_of_day("07:30", &seconds));
	assert_int_equal(seconds, 27000);
	assert_true(spec_time_of_day("23:59:59", &seconds));
	assert_int_equal(seconds, 86399);
	static const char *const bad[] = {
		"", "7", "24:00", "07:60", "07:30:60", "07:30x", "-1:00", "07:30:"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(spec_time_of_day(bad[i], &seconds));
	assert_int_equal(seconds, 86399);
}

/* --- files -------------------------------------------------------------------- */

static bool read_file(const char *text, char *ret_message, size_t size)
{
	char path[] = "/tmp/byport-scenario-XXXXXX";
	struct diagnostics diagnostics = {0};
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	bool good = simulation_file_read(path, &diagnostics, &spec);
	assert_true(good == (diagnostics.count == 0));
	if (!good)
		snprintf(ret_message, size, "%d:%d: %s", diagnostics.items[0].at.line,
			diagnostics.items[0].at.column, diagnostics.items[0].message);
	unlink(path);
	diagnostics_clear(&diagnostics);
	return good;
}

static void a_file_brings_lines_and_devices(void **state)
{
	(void)state;
	char message[512] = "";
	if (!read_file("speed: 60\nseed: 9\nstart: 2026-11-23T06:30:00Z\nlines:\n"
		       "  - pty: /tmp/line\n    baud: 19200\n    answer-ms: 5..20\n"
		       "    devices:\n"
		       "      - {model: eastron-sdm630, address: 3, fault: [silent@1-2, nan*3]}\n"
		       "      - {model: eastron-sdm120, address: 4, frequency: 49.9}\n"
		       "  - tcp: 127.0.0.1:0\n    devices: [{model: abb-b23}]\n"
		       "  - pty:\n    devices: [{model: abb-b23}]\n",
		    message, sizeof(message)))
		fail_msg("%s", message);
	assert_int_equal(spec.speed, 60);
	assert_int_equal(spec.seed, 9);
	assert_int_equal(spec.lines_count, 3);
	assert_string_equal(spec.lines[0].settings.link, "/tmp/line");
	assert_int_equal(spec.lines[0].devices[0].faults_count, 2);
	assert_int_equal(spec.lines[0].devices[1].holds[0].number, 49900);
	assert_int_equal(spec.lines[1].settings.kind, LINE_TCP);
	assert_string_equal(spec.lines[2].settings.link, "");
}

static void a_file_that_is_wrong_is_refused_at_its_place(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"- a\n",                                                       "1:1: a scenario is a mapping with `lines`"},
		{"speed: 1\n",                                                  "1:1: a scenario is a mapping with `lines`"},
		{"speed: quick\nlines: []\n",                                   "1:8: `speed` is a whole number"},
		{"lines: []\ncolour: red\n",                                    "2:1: there are speed, seed, start, time-of-day and lines"},
		{"lines: 3\n",                                                  "1:8: `lines` is a list"},
		{"lines:\n  - baud: 9600\n",                                    "2:5: a line has one of `pty`, `tcp`"},
		{"lines:\n  - pty:\n    baud: 1\n",                             "3:11: baud: `1`; allowed"},
		{"lines:\n  - pty:\n    devices: x\n",                          "3:14: `devices` is a list"},
		{"lines:\n  - pty:\n    devices:\n      - address: 3\n",        "4:9: a device is a mapping with `model`"},
		{"lines:\n  - pty:\n    devices:\n      - {model: m, address: 300}\n", "4:29: address: `300`; allowed"},
		{"lines:\n  - pty:\n    devices:\n      - {model: m, serial: {a: b}}\n", "a value, or a list of values"},
		{"start: noon\nlines: []\n",                                    "1:8: `start` is an instant"},
		{"time-of-day: noon\nlines: []\n",                              "1:14: `time-of-day` is HH:MM"},
	};
	/* clang-format on */
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char message[512] = "";
		assert_false(read_file(cases[i].text, message, sizeof(message)));
		if (strstr(message, cases[i].says) == NULL)
			fail_msg("%s: expected `%s`, was told `%s`", cases[i].text, cases[i].says,
				message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_device_is_said_in_one_word, begin, end),
		cmocka_unit_test_setup_teardown(
			a_device_that_is_not_understood_is_refused_in_words, begin, end),
		cmocka_unit_test_setup_teardown(too_much_of_a_thing_is_refused, begin, end),
		cmocka_unit_test_setup_teardown(lines_are_said_and_refused_in_words, begin, end),
		cmocka_unit_test(times_of_day_are_read),
		cmocka_unit_test_setup_teardown(a_file_brings_lines_and_devices, begin, end),
		cmocka_unit_test_setup_teardown(
			a_file_that_is_wrong_is_refused_at_its_place, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
