/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_daemon_reload.c -- What counts as a change of a bus, of the broker's
 * connection, and what cannot change while running: each setting once. A bus
 * that is thought unchanged would go on with old settings; one that is thought
 * changed would lose its connection for nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/reload.h"

enum { TEXT_MAX = 2048 };

static const char *const before_text =
	"site: {city: drammen, id: school, name: School}\n"
	"gateway: {id: main, data_directory: /var/lib/byport, store_size: 512 MiB}\n"
	"broker: {host: localhost, port: 1883, tls: no, keep_alive: 60 s, delivery: receipt,\n"
	"   reconnect_within: 100 s}\n"
	"intervals: {length: 15 min, fast: 10 s, slow: 60 s}\n"
	"buses:\n"
	"- {id: cellar, port: /dev/ttyUSB0, baud: 9600, parity: N, stop_bits: 1, rts: none,\n"
	"   response_timeout_min: 50 ms, response_timeout_max: 1 s}\n"
	"- {id: net, tcp: \"127.0.0.1:502\"}\n"
	"meters:\n"
	"- {id: kitchen, bus: cellar, address: 1, model: eastron-sdm630, name: Kitchen,\n"
	"   use: total, ct: 300/5, ct_in_meter: yes, labels: {room: U1}}\n"
	"- {id: hall, bus: cellar, address: 2, model: eastron-sdm120,\n"
	"   quantities: [active_energy_import, active_power]}\n"
	"- {id: attic, bus: net, address: 3, model: abb-b23}\n";

static struct loaded_site *site_of(const char *text)
{
	struct diagnostics diagnostics = {0};
	struct site_config *config = NULL;
	struct loaded_site *loaded = NULL;
	bool good = site_config_read_text("test", text, &diagnostics, &config) &&
		    loaded_site_make(config, &diagnostics, &loaded);
	if (!good)
		diagnostics_print(&diagnostics, stderr, false);
	assert_true(good);
	diagnostics_clear(&diagnostics);
	return loaded;
}

/* The configuration with one text replaced by another. */
static struct loaded_site *with(const char *old, const char *new)
{
	char text[TEXT_MAX];
	const char *at = strstr(before_text, old);
	assert_non_null(at);
	snprintf(text, sizeof text, "%.*s%s%s", (int)(at - before_text), before_text, new,
		at + strlen(old));
	return site_of(text);
}

struct change {
	const char *old;
	const char *new;
	bool cellar; /* is changed by it */
	bool net;
};

/* clang-format off */
static const struct change changes[] = {
	/* old                               new                                cellar  net */
	{"name: School",                     "name: Old school",                false,  false},
	{"name: Kitchen",                    "name: Canteen kitchen",           false,  false},
	{"use: total",                       "use: equipment",                  false,  false},
	{"labels: {room: U1}",               "labels: {room: U2}",              false,  false},
	{"host: localhost",                  "host: example.org",               false,  false},
	{"port: /dev/ttyUSB0",               "port: /dev/ttyUSB1",              true,   false},
	{"baud: 9600",                       "baud: 19200",                     true,   false},
	{"parity: N",                        "parity: E",                       true,   false},
	{"stop_bits: 1",                     "stop_bits: 2",                    true,   false},
	{"rts: none",                        "rts: high_sends",                 true,   false},
	{"response_timeout_min: 50 ms",      "response_timeout_min: 60 ms",     true,   false},
	{"response_timeout_max: 1 s",        "response_timeout_max: 2 s",       true,   false},
	{"127.0.0.1:502",                    "127.0.0.1:503",                   false,  true},
	{"127.0.0.1:502",                    "127.0.0.2:502",                   false,  true},
	{"id: net, tcp",                     "id: net, baud: 9600, parity: N, rtu_over_tcp",           false,  true},
	{"address: 1,",                      "address: 7,",                     true,   false},
	{"address: 3,",                      "address: 4,",                     false,  true},
	{"id: kitchen",                      "id: canteen",                     true,   false},
	{"model: eastron-sdm120",            "model: eastron-sdm630",           true,   false},
	{"ct_in_meter: yes",                 "ct_in_meter: no",                 true,   false},
	{"[active_energy_import, active_power]", "[active_energy_import]",      true,   false},
	{"fast: 10 s",                       "fast: 5 s",                       true,   true},
	{"slow: 60 s",                       "slow: 30 s",                      true,   true},
};
/* clang-format on */

static void each_setting_of_a_bus_changes_that_bus_and_no_other(void **state)
{
	(void)state;
	struct loaded_site *before = site_of(before_text);
	for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
		const struct change *change = &changes[i];
		struct loaded_site *after = with(change->old, change->new);
		bool cellar = !reload_bus_unchanged(before->site, 0, after->site, 0);
		bool net = !reload_bus_unchanged(before->site, 1, after->site, 1);
		if (cellar != change->cellar || net != change->net)
			fail_msg("`%s` -> `%s`: cellar %d, net %d", change->old, change->new,
				cellar, net);
		assert_false(reload_bus_unchanged(before->site, 0, after->site, 1));
		loaded_site_release(after);
	}
	loaded_site_release(before);
}

static void what_cannot_change_while_running_is_named(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *old, *new, *named; } fixed[] = {
		{"city: drammen",                   "city: bergen",                   "site: city"},
		{"id: school",                      "id: college",                    "site: id"},
		{"{id: main",                       "{id: second",                    "gateway: id"},
		{"data_directory: /var/lib/byport", "data_directory: /srv",           "gateway: data_directory"},
		{"store_size: 512 MiB",             "store_size: 1 GiB",              "gateway: store_size"},
		{"{id: main",                       "{control_socket: /run/x, id: main", "gateway: control_socket"},
		{"length: 15 min",                  "length: 30 min",                 NULL},
		{"name: School",                    "name: Old school",               NULL},
		{"fast: 10 s",                      "fast: 5 s",                      NULL},
	};
	/* clang-format on */
	struct loaded_site *before = site_of(before_text);
	for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
		struct loaded_site *after = with(fixed[i].old, fixed[i].new);
		const char *named = reload_needs_restart(before->config, after->config);
		assert_int_equal(named == NULL, fixed[i].named == NULL);
		if (named != NULL)
			assert_string_equal(named, fixed[i].named);
		loaded_site_release(after);
	}
	loaded_site_release(before);
}

static void the_connection_to_the_broker_stays_while_its_settings_do(void **state)
{
	(void)state;
	static const char *const settings[][2] = {
		{"host: localhost",         "host: example.org"                           },
                {"port: 1883",              "port: 1884"                                  },
		{"tls: no",                 "tls: yes"                                    },
                {"keep_alive: 60 s",        "keep_alive: 30 s"                            },
		{"reconnect_within: 100 s", "reconnect_within: 5 min"                     },
		{"tls: no",                 "tls: no, user: a"                            },
                {"tls: no",                 "tls: no, user: a, password_file: /a"         },
		{"tls: no",                 "tls: yes, ca_file: /a"                       },
		{"tls: no",                 "tls: yes, certificate_file: /a, key_file: /b"},
		{"tls: no",                 "tls: yes, alpn: mqtt"                        },
		{"tls: no",                 "tls: no, socks5: proxy.example.org"          },
		{"tls: no",                 "tls: no, socks5: 'proxy.example.org:1081'"   },
		{"delivery: receipt",       "delivery: receipt, mqtt: v3.1.1"             }
        };
	struct loaded_site *before = site_of(before_text);
	for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
		struct loaded_site *after = with(settings[i][0], settings[i][1]);
		assert_false(
			reload_broker_unchanged(&before->config->broker, &after->config->broker));
		loaded_site_release(after);
	}
	struct loaded_site *same = with("fast: 10 s", "fast: 5 s");
	assert_true(reload_broker_unchanged(&before->config->broker, &same->config->broker));
	loaded_site_release(same);
	loaded_site_release(before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_setting_of_a_bus_changes_that_bus_and_no_other),
		cmocka_unit_test(what_cannot_change_while_running_is_named),
		cmocka_unit_test(the_connection_to_the_broker_stays_while_its_settings_do),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
