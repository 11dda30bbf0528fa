/* SPDX-License-Identifier: Apache-2.0 */
/* test_site_config.c -- A site's file is read as written, and every mistake in it is told at its
 * place, all in one go. */
#include "config/site_config.h"

#include <stdlib.h>

#include "tests/unit/config/expect.h"

/* A good file; a test replaces one of its lines. Line 1 is "site:". */
static const char *const good_lines[] = {
	"site:",                            /* 1 */
	"  city: drammen",                  /* 2 */
	"  id: fjell",                      /* 3 */
	"  name: Fjell skole",              /* 4 */
	"  timezone: Europe/Oslo",          /* 5 */
	"gateway:",                         /* 6 */
	"  id: main",                       /* 7 */
	"broker:",                          /* 8 */
	"  host: mqtt.example.org",         /* 9 */
	"  user: fjell",                    /* 10 */
	"intervals:",                       /* 11 */
	"  length: 15 min",                 /* 12 */
	"  slow: 60 s",                     /* 13 */
	"buses:",                           /* 14 */
	"  - id: cellar",                   /* 15 */
	"    port: /dev/ttyUSB0",           /* 16 */
	"    baud: 9600",                   /* 17 */
	"  - id: roof",                     /* 18 */
	"    tcp: 10.0.0.3",                /* 19 */
	"meters:",                          /* 20 */
	"  - id: main",                     /* 21 */
	"    bus: cellar",                  /* 22 */
	"    address: 1",                   /* 23 */
	"    model: eastron-sdm630",        /* 24 */
	"    ct: 300/5",                    /* 25 */
	"    ct_in_meter: no",              /* 26 */
	"  - id: heat",                     /* 27 */
	"    bus: cellar",                  /* 28 */
	"    address: 2",                   /* 29 */
	"    model: kamstrup-multical-603", /* 30 */
	"    energy_unit: MWh",             /* 31 */
	"  - id: pv",                       /* 32 */
	"    bus: roof",                    /* 33 */
	"    model: sunspec-203",           /* 34 */
	"    parent: main",                 /* 35 */
};

enum { GOOD_LINES = sizeof(good_lines) / sizeof(good_lines[0]) };

/* The good file with line `number` replaced (0: none); the caller frees it. */
static char *file_with(int number, const char *line)
{
	char *text = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&text, &length);

	for (int i = 0; i < GOOD_LINES; i++) {
		fprintf(stream, "%s\n", i + 1 == number ? line : good_lines[i]);
	}
	fclose(stream);
	return text;
}

static struct site_config *read_good(const char *text, size_t warnings)
{
	struct diagnostics diagnostics = {0};
	struct site_config *config = NULL;

	bool read = site_config_read_text("site.yaml", text, &diagnostics, &config);
	expect_counts(&diagnostics, 0, warnings);
	assert_true(read);
	diagnostics_clear(&diagnostics);
	return config;
}

static void a_good_file_becomes_plain_values(void **state)
{
	(void)state;
	char *text = file_with(0, NULL);
	struct site_config *config = read_good(text, 0);

	assert_string_equal(config->file, "site.yaml");
	assert_string_equal(config->city, "drammen");
	assert_string_equal(config->site, "fjell");
	assert_string_equal(config->site_name, "Fjell skole");
	assert_string_equal(config->gateway, "main");
	assert_int_equal(config->interval_ms, 900000);
	assert_int_equal(config->buses_count, 2);
	assert_int_equal(config->buses[0].kind, CONFIG_BUS_RTU);
	assert_string_equal(config->buses[0].device, "/dev/ttyUSB0");
	assert_int_equal(config->buses[0].baud, 9600);
	assert_int_equal(config->buses[0].at.line, 15);
	assert_int_equal(config->buses[1].kind, CONFIG_BUS_TCP);
	assert_string_equal(config_bus_endpoint(&config->buses[1]).host, "10.0.0.3");
	assert_int_equal(config_bus_endpoint(&config->buses[1]).port, 0);
	assert_int_equal(config->meters_count, 3);
	assert_int_equal(config->meters[0].ct.primary, 300);
	assert_int_equal(config->meters[0].ct.secondary, 5);
	assert_int_equal(config->meters[0].ct_in_meter, CONFIG_NO);
	assert_int_equal(config->meters[0].ct_at.line, 25);
	assert_int_equal(config->meters[0].ct_at.column, 9);
	assert_int_equal(config->meters[1].extras_count, 1);
	assert_string_equal(config->meters[1].extras[0].key, "energy_unit");
	assert_string_equal(config->meters[1].extras[0].text, "MWh");
	assert_int_equal(config->meters[1].extras[0].key_at.line, 31);
	assert_ptr_equal(site_config_meter(config, "pv"), &config->meters[2]);
	assert_null(site_config_meter(config, "x"));
	assert_ptr_equal(site_config_bus(config, "roof"), &config->buses[1]);
	site_config_free(config);
	free(text);
}

static void what_is_left_out_has_its_default(void **state)
{
	(void)state;
	char *text = file_with(0, NULL);
	struct site_config *config = read_good(text, 0);

	assert_int_equal(config->clock, CONFIG_CLOCK_SYNCHRONISED);
	assert_string_equal(config->data_directory, "/var/lib/byport");
	assert_null(config->models_directory);
	assert_int_equal(config->store_bytes_max, 512 << 20);
	assert_int_equal(config->gap_limit_ms, 300000);
	assert_int_equal(config->fast_ms, 10000);
	assert_int_equal(config->live_ms, 60000);
	assert_int_equal(config->trend_ms, 60000);
	assert_int_equal(config->health_ms, 60000);
	assert_int_equal(config->commit_ms, 300000);
	assert_int_equal(config->broker.tls, CONFIG_YES);
	assert_int_equal(config_broker_port(&config->broker), 8883);
	assert_int_equal(config->broker.keep_alive_ms, 60000);
	assert_int_equal(config->broker.reconnect_within_ms, 100000);
	assert_int_equal(config->buses[0].parity, PARITY_UNSET);
	assert_int_equal(config->buses[0].answer_time_ms, 20);
	assert_int_equal(config->meters[1].ct_in_meter, CONFIG_UNSET);
	assert_int_equal(config->meters[2].address, -1);
	assert_int_equal(config->meters[2].channel, 1);
	assert_int_equal(config->meters[2].use, USE_TOTAL);
	assert_string_equal(config->meters[2].name, "pv");
	site_config_free(config);
	free(text);
}

static void serial_number_labels_and_quantities_stay_text(void **state)
{
	(void)state;
	char *text = file_with(26, "    ct_in_meter: yes\n    serial: 0301\n"
				   "    labels: {room: 012, on: yes}\n"
				   "    quantities: [voltage, active_power]");
	struct site_config *config = read_good(text, 0);
	const struct config_meter *meter = &config->meters[0];

	assert_string_equal(meter->serial, "0301");
	assert_int_equal(meter->labels.count, 2);
	assert_string_equal(meter->labels.items[0].key, "room");
	assert_string_equal(meter->labels.items[0].text, "012");
	assert_string_equal(meter->labels.items[1].key, "on");
	assert_string_equal(meter->labels.items[1].text, "yes");
	assert_int_equal(meter->quantities.count, 2);
	assert_string_equal(meter->quantities.names[0], "voltage");
	assert_string_equal(meter->quantities.names[1], "active_power");
	site_config_free(config);
	free(text);
}

static void an_interval_may_be_as_long_as_the_period_of_its_readings(void **state)
{
	(void)state;
	char *text = file_with(12, "  length: 1 min");
	struct site_config *config = read_good(text, 0);

	assert_int_equal(config->interval_ms, config->slow_ms);
	site_config_free(config);
	free(text);
}

static void mqtt_3_1_1_stands_beside_receipts(void **state)
{
	(void)state;
	char *text = file_with(10, "  mqtt: v3.1.1\n  delivery: receipt");
	struct site_config *config = read_good(text, 0);

	assert_int_equal(config->broker.mqtt, CONFIG_MQTT_3_1_1);
	site_config_free(config);
	free(text);
}

static void without_tls_the_broker_is_at_1883(void **state)
{
	(void)state;
	char *text = file_with(10, "  tls: no");
	struct site_config *config = read_good(text, 0);

	assert_int_equal(config_broker_port(&config->broker), 1883);
	site_config_free(config);
	free(text);
}

static void a_file_of_windows_reads_the_same(void **state)
{
	(void)state;
	char *text = file_with(0, NULL);
	char *windows = calloc(1, 2 * strlen(text) + 4);
	size_t length = 3;

	memcpy(windows, "\xef\xbb\xbf", 3);
	for (const char *c = text; *c; c++) {
		if (*c == '\n') {
			windows[length++] = '\r';
		}
		windows[length++] = *c;
	}
	struct site_config *config = read_good(windows, 0);
	assert_string_equal(config->meters[1].extras[0].text, "MWh");
	site_config_free(config);
	free(windows);
	free(text);
}

/* One line put wrong: where that is told, and in which words. */
struct wrong_line {
	int number;
	const char *line;
	int at_line;
	int at_column;
	const char *words;
};

/* clang-format off */
static const struct wrong_line wrong_lines[] = {
	/* keys */
	{1,  "sites:",                   1, 1,  "unknown key \"sites\"; did you mean \"site\"?"},
	{1,  "colour: red\nsite:",       1, 1,  "unknown key \"colour\"; allowed: site, gateway"},
	{2,  "  town: drammen",          2, 3,  "site: unknown key \"town\""},
	{2,  "  ctiy: drammen",          2, 3,  "did you mean \"city\"?"},
	{2,  "  ctiy: drammen",          1, 1,  "site: \"city\" is missing"},
	{9,  "  hots: x",                9, 3,  "broker: unknown key \"hots\"; did you mean \"host\"?"},
	{16, "    prot: /dev/ttyUSB0",   16, 5, "buses: unknown key \"prot\"; did you mean \"port\"?"},
	{21, "  - name: x",              21, 5, "meters: \"id\" is missing"},
	{3,  "  id: fjell\n  id: fjell", 4, 3,  "key \"id\" stands here a second time; the first is in line 3"},
	{20, "metres:",                  1, 1,  "section \"meters:\" is missing"},
	/* kinds */
	{2,  "  city: [drammen]",        2, 3,  "city: a list stands here"},
	{2,  "  city:",                  2, 3,  "city: nothing stands here; allowed: lower-case"},
	{7,  "",                         6, 1,  "gateway: nothing stands here"},
	{7,  "  - id: main",             6, 1,  "gateway: a list stands here; a mapping of settings is wanted"},
	{15, "  - cellar\n  - id: x",    15, 5, "buses: a single value stands here"},
	{26, "    quantities: voltage",  26, 5, "quantities: a single value stands here; allowed: a list"},
	{26, "    quantities: []",       26, 5, "quantities: 0 entries; allowed: 1 to 64"},
	{26, "    quantities: [[x]]",    26, 18, "quantities: a list stands here; a text is wanted"},
	{26, "    quantities: [a, a]",   26, 21, "\"a\" stands here a second time"},
	{26, "    labels: [x]",          26, 5, "labels: a list stands here; allowed: a mapping"},
	{26, "    labels: {a: }",        26, 14, "labels: nothing stands here"},
	{31, "    energy_unit: [MWh]",   31, 5, "meters: unknown key \"energy_unit\""},
		{6,  "flags: {spik_factor: 3}\ngateway:", 6, 9, "flags: unknown key \"spik_factor\"; did you mean \"spike_factor\"?"},
	{6,  "flags: {reject: [spik]}\ngateway:", 6, 18, "reject: \"spik\" is not understood; did you mean \"spike\"?; allowed: a list of largest_power, spike"},
	{6,  "flags: {reject: [frozen]}\ngateway:", 6, 18, "reject: \"frozen\" is not understood; allowed: a list of largest_power, spike"},
	{6,  "flags: {reject: [spike, spike]}\ngateway:", 6, 25, "reject: \"spike\" stands here a second time"},
	{5,  "  lang: no",               5, 9,  "lang: \"no\" is not understood; did you mean \"nb\"?; allowed: one of en, nb"},
/* values */
	{2,  "  city: Drammen",          2, 9,  "city: \"Drammen\" is not understood; allowed: lower-case letters a-z, digits and '-', at most 32"},
	{2,  "  city: abcdefghijklmnopqrstuvwxyz0123456", 2, 9, "is out of range"},
	{5,  "  timezone: Europe/Olso",  5, 13, "timezone: \"Europe/Olso\" is no time zone"},
	{5,  "  timezone: ../../etc",    5, 13, "is no time zone"},
	{10, "  port: 70000",            10, 9, "port: \"70000\" is out of range; allowed: a whole number from 1 to 65535"},
	{10, "  port: \"8883\"",         10, 9, "port: \"8883\" is a text; write it without quotes"},
	{10, "  tls: perhaps",           10, 8, "tls: \"perhaps\" is not understood; allowed: yes or no"},
	{10, "  keep_alive: 60",         10, 15, "keep_alive: \"60\" is not understood; allowed: a duration from 5 s to 1 h"},
	{17, "    baud: 9601",           17, 11, "did you mean \"9600\"?; allowed: one of 300, 600"},
	{16, "    port: COM3",           16, 11, "port: \"COM3\" is not understood; allowed: a path that begins with '/'"},
	{19, "    tcp: 10.0.0.3:99999",  19, 10, "out of range"},
	{23, "    address: 256",         23, 14, "address: \"256\" is out of range"},
	{25, "    ct: 300",              25, 9, "ct: \"300\" is not understood; allowed: a ratio, such as \"300/5\""},
	{25, "    ct: 5/300",            25, 9, "turns the current up"},
	{31, "    use: heatin",          31, 10, "did you mean \"heating\"?"},
	{31, "    carrier: coal",        31, 14, "carrier: \"coal\" is not understood; allowed: one of electricity"},
	/* periods */
	{12, "  length: 7 min",          12, 11, "a day does not hold a whole number of \"7 min\""},
	{12, "  length: 2 d",            12, 11, "out of range; allowed: a duration from 1 s to 1 d"},
	{12, "  length: 30 s",           12, 11, "intervals: length (30 s) is shorter than slow (1 min)"},
	{12, "  gap_limit: 30 s",        12, 14, "every interval would be estimated"},
	{12, "  trends: 5 s",            12, 11, "trends (5 s) is shorter than fast (10 s)"},
	{12, "  trends: 7 s",            12, 11, "a day does not hold a whole number"},
	{13, "  slow: 10 min",           13, 9, "gap_limit (5 min) is shorter than slow (10 min)"},
	{31, "    slow: 20 min",         31, 11, "intervals: length (15 min) is shorter than slow of this meter (20 min)"},
	{31, "    fast: 2 min",          31, 11, "trends (1 min) is shorter than fast of this meter (2 min)"},
	/* the broker */
	{10, "  key_file: k",            10, 13, "certificate_file is missing"},
	{10, "  certificate_file: c",    10, 21, "key_file is missing"},
	{10, "  password_file: p",       10, 18, "password_file stands without \"user\""},
	{10, "  tls: no\n  alpn: mqtt",  11, 9, "alpn is a part of TLS"},
	{10, "  password: secret",       10, 3, "unknown key \"password\""},
	{10, "  socks5: a:0",            10, 11, "socks5"},
	{10, "  mqtt: v3.1",             10, 9, "mqtt: \"v3.1\" is not understood; did you mean \"v3.1.1\"?; allowed: one of v5, v3.1.1"},
	{10, "  mqtt: v3.1.1",           10, 9, "allowed: delivery: receipt beside it, or mqtt: v5"},
	{10, "  mqtt: v3.1.1\n  delivery: auto", 11, 13, "only an archive's receipt tells what has arrived"},
	{10, "  mqtt: v3.1.1\n  delivery: puback", 11, 13, "allowed: delivery: receipt beside it"},
	{10, "  tls: no\n  ca_file: c",  10, 8, "certificates stand beside \"tls: no\""},
	/* buses */
	{18, "  - id: cellar",           18, 9, "bus \"cellar\" stands here a second time; the first is in line 15"},
	{19, "    port: /dev/ttyUSB0",   18, 5, "bus \"roof\" is the same line as bus \"cellar\" in line 15"},
	{16, "",                         15, 5, "none of \"port\", \"tcp\" and \"rtu_over_tcp\" is given"},
	{17, "    tcp: x",               15, 5, "more than one of"},
	{19, "    rtu_over_tcp: 10.0.0.3", 19, 19, "lacks its port"},
	{19, "    tcp: x\n    baud: 9600", 20, 11, "baud: has no meaning on this bus"},
	{19, "    tcp: x\n    rts: high_sends", 20, 10, "rts: has no meaning on this bus"},
	{17, "    response_timeout_max: 20 ms", 17, 27, "is below response_timeout_min (50 ms)"},
	/* meters */
	{31, "    dwelling: maybe",      31, 15, "dwelling: \"maybe\" is not understood; allowed: yes or no"},
	{27, "  - id: main",             27, 9, "meter \"main\" stands here a second time; the first is in line 21"},
	{28, "    bus: celar",           28, 10, "there is no bus \"celar\"; did you mean \"cellar\"?"},
	{29, "    address: 1",           29, 14, "same bus, address and channel as meter \"main\" in line 21"},
	{29, "    address: 1\n    channel: 2", 31, 12, "\"kamstrup-multical-603\" stands at the same address as \"eastron-sdm630\" in line 21"},
	{29, "",                         27, 5, "meter \"heat\" lacks its \"address\""},
	{29, "    address: 0",           29, 14, "\"0\" is out of range on this bus; allowed: a whole number from 1 to 247"},
	{29, "    address: 248",         29, 14, "from 1 to 247"},
	{35, "    parent: mian",         35, 13, "there is no meter \"mian\"; did you mean \"main\"?"},
	{35, "    parent: pv",           35, 13, "\"pv\" makes meter \"pv\" a part of itself"},
	{25, "    parent: pv",           25, 13, "makes meter \"main\" a part of itself"},
	{31, "    ct_in_meter: yes",     31, 18, "ct_in_meter: says nothing without \"ct\""},
};
/* clang-format on */

static void every_mistake_is_told_at_its_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong_lines) / sizeof(wrong_lines[0]); i++) {
		const struct wrong_line *wrong = &wrong_lines[i];
		char *text = file_with(wrong->number, wrong->line);
		struct diagnostics diagnostics = {0};
		struct site_config *untouched = (struct site_config *)text;
		struct site_config *config = untouched;

		assert_false(site_config_read_text("site.yaml", text, &diagnostics, &config));
		assert_ptr_equal(config, untouched);
		expect_error(&diagnostics, wrong->at_line, wrong->at_column, wrong->words);
		assert_string_equal(diagnostics.items[0].file, "site.yaml");
		diagnostics_clear(&diagnostics);
		free(text);
	}
}

static void all_mistakes_come_in_one_go_in_the_order_of_the_file(void **state)
{
	(void)state;
	static const char text[] = "site: {city: A, id: fjell}\n"
				   "gateway: {id: main, clok: trust}\n"
				   "broker: {host: x, port: 0}\n"
				   "intervals: {length: 7 min}\n"
				   "buses: [{id: b, port: /dev/x}]\n"
				   "meters:\n"
				   "  - {id: a, bus: c, address: 300, model: m, parent: z}\n"
				   "  - {id: a, bus: b, model: m}\n";
	struct diagnostics diagnostics = {0};
	struct site_config *config = NULL;

	assert_false(site_config_read_text("x", text, &diagnostics, &config));
	expect_counts(&diagnostics, 9, 0);
	for (size_t i = 1; i < diagnostics.count; i++) {
		const struct file_position a = diagnostics.items[i - 1].at;
		const struct file_position b = diagnostics.items[i].at;
		assert_true(a.line < b.line || (a.line == b.line && a.column <= b.column));
	}
	diagnostics_clear(&diagnostics);
}

static void a_file_that_is_no_configuration_is_told_so(void **state)
{
	(void)state;
	static const char *const texts[] = {"hello\n", "- a\n- b\n", "[]", "\"x\""};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct diagnostics diagnostics = {0};
		struct site_config *config = NULL;
		assert_false(site_config_read_text("x", texts[i], &diagnostics, &config));
		expect_counts(&diagnostics, 1, 0);
		expect_error(&diagnostics, 1, 1, "a configuration begins with \"site:\"");
		diagnostics_clear(&diagnostics);
	}
}

static void what_is_odd_but_allowed_is_a_warning(void **state)
{
	(void)state;
	char *unused = file_with(33, "    bus: cellar\n    address: 9");
	char *live = file_with(12, "  live: 1 s");

	char *single = file_with(35, "    parent: main\n    dwelling: yes");
	char *both = file_with(26, "    ct_in_meter: no\n    dwelling: yes");

	site_config_free(read_good(single, 1)); /* the only one below its main */
	site_config_free(read_good(both, 0));
	free(single);
	free(both);
	site_config_free(read_good(unused, 1));
	site_config_free(read_good(live, 1));
	free(unused);
	free(live);
}

static void parents_in_a_circle_are_each_told(void **state)
{
	(void)state;
	char *text = file_with(31, "    parent: pv");
	struct diagnostics diagnostics = {0};
	struct site_config *config = NULL;

	/* one link alone is a tree */
	site_config_free(read_good(text, 0));
	char *both = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&both, &length);
	for (int i = 0; i < GOOD_LINES; i++) {
		const char *line = i + 1 == 25   ? "    parent: heat"
				   : i + 1 == 26 ? ""
				   : i + 1 == 31 ? "    parent: pv"
						 : good_lines[i];
		fprintf(stream, "%s\n", line);
	}
	fclose(stream);
	assert_false(site_config_read_text("x", both, &diagnostics, &config));
	expect_counts(&diagnostics, 3, 0);
	expect_error(&diagnostics, 25, 13, "makes meter \"main\" a part of itself");
	expect_error(&diagnostics, 31, 13, "makes meter \"heat\" a part of itself");
	expect_error(&diagnostics, 35, 13, "makes meter \"pv\" a part of itself");
	diagnostics_clear(&diagnostics);
	free(both);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_file_becomes_plain_values),
		cmocka_unit_test(what_is_left_out_has_its_default),
		cmocka_unit_test(serial_number_labels_and_quantities_stay_text),
		cmocka_unit_test(an_interval_may_be_as_long_as_the_period_of_its_readings),
		cmocka_unit_test(mqtt_3_1_1_stands_beside_receipts),
		cmocka_unit_test(without_tls_the_broker_is_at_1883),
		cmocka_unit_test(a_file_of_windows_reads_the_same),
		cmocka_unit_test(every_mistake_is_told_at_its_place),
		cmocka_unit_test(all_mistakes_come_in_one_go_in_the_order_of_the_file),
		cmocka_unit_test(a_file_that_is_no_configuration_is_told_so),
		cmocka_unit_test(what_is_odd_but_allowed_is_a_warning),
		cmocka_unit_test(parents_in_a_circle_are_each_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
