/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_options.c -- The options of `byport-city live`, one row each.
 */
#include "city/live_options.h"

#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	PORT_PLAIN = 1883,
	PORT_TLS = 8883,
	FOR_S_MAX = 31 * 86400,
	OPTIONS_COUNT = 13,
	HELP_COLUMN = 28,
};

enum option_type { OPTION_TEXT, OPTION_SWITCH, OPTION_SECONDS, OPTION_BROKER };

#define AT(member) offsetof(struct live_options, member)

/* clang-format off */
static const struct {
	const char *name;
	enum option_type type;
	size_t offset;
	const char *argument;
	const char *help;
} rows[OPTIONS_COUNT] = {
	{"broker",        OPTION_BROKER,  AT(host),             "HOST:PORT", "the broker (localhost:1883, with TLS 8883)"},
	{"tls",           OPTION_SWITCH,  AT(tls),              NULL,        "encrypt, and verify the broker's certificate"},
	{"ca-file",       OPTION_TEXT,    AT(ca_file),          "FILE",      "trusted issuers (the system's)"},
	{"certificate",   OPTION_TEXT,    AT(certificate_file), "FILE",      "our certificate"},
	{"key",           OPTION_TEXT,    AT(key_file),         "FILE",      "its key"},
	{"user",          OPTION_TEXT,    AT(user),             "NAME",      "user name at the broker"},
	{"password-file", OPTION_TEXT,    AT(password_file),    "FILE",      "its first line is the password"},
	{"city",          OPTION_TEXT,    AT(city),             "ID",        "only this city"},
	{"site",          OPTION_TEXT,    AT(site),             "ID",        "only this site"},
	{"gateway",       OPTION_TEXT,    AT(gateway),          "ID",        "only this gateway"},
	{"for",           OPTION_SECONDS, AT(for_s),            "SECONDS",   "end by itself after so long"},
	{"json",          OPTION_SWITCH,  AT(json),             NULL,        "one JSON object a message"},
	{"summary",       OPTION_SWITCH,  AT(summary),          NULL,        "at the end, what arrived and what is missing"},
};
/* clang-format on */

static void print_help(void)
{
	printf("usage: byport-city live [OPTION ...]\n\n"
	       "Shows what arrives at the broker: each meter's latest power and reading, the\n"
	       "energy of its intervals, and whether anything is missing in between.\n\n");
	for (size_t i = 0; i < OPTIONS_COUNT; i++) {
		int width =
			printf("  --%s %s", rows[i].name, rows[i].argument ? rows[i].argument : "");
		printf("%*s%s\n", HELP_COLUMN - width, "", rows[i].help);
	}
	printf("  --help%*sthis text\n", HELP_COLUMN - 8, "");
}

static bool misused(const char *name, const char *text, const char *allowed)
{
	fprintf(stderr, "byport-city live: --%s `%s`: %s\n", name, text, allowed);
	return false;
}

/* A whole number of [1, max], to the end of the text. */
static bool read_number(const char *text, int64_t max, int64_t *ret_number)
{
	char *end;
	errno = 0;
	long long number = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || number < 1 || number > max)
		return false;
	*ret_number = number;
	return true;
}

/* HOST, HOST:PORT, [ADDRESS]:PORT; a bare IPv6 address has more than one colon. */
static bool read_broker(const char *text, struct live_options *options)
{
	const char *colon = strrchr(text, ':');
	const char *bracket = strrchr(text, ']');
	bool bare = text[0] != '[' && colon && strchr(text, ':') != colon;
	bool has_port = colon && !bare && (!bracket || colon > bracket);
	size_t length = has_port ? (size_t)(colon - text) : strlen(text);
	int64_t port = 0;
	if (has_port && !read_number(colon + 1, UINT16_MAX, &port))
		return misused("broker", text, "the port is a number from 1 to 65535");
	if (text[0] == '[') {
		if (length < 3 || text[length - 1] != ']')
			return misused("broker", text, "an IPv6 address stands in [ ]");
		text++;
		length -= 2;
	}
	if (length == 0 || length >= LIVE_HOST_MAX)
		return misused("broker", text, "HOST or HOST:PORT is allowed");
	memcpy(options->host, text, length);
	options->host[length] = '\0';
	options->port = (uint16_t)port;
	return true;
}

static bool take(size_t row, const char *text, struct live_options *options)
{
	void *at = (char *)options + rows[row].offset;
	switch (rows[row].type) {
	case OPTION_TEXT:
		*(const char **)at = text;
		return true;
	case OPTION_SWITCH:
		*(bool *)at = true;
		return true;
	case OPTION_SECONDS:
		return read_number(text, FOR_S_MAX, at) ||
		       misused(rows[row].name, text, "a whole number from 1 to 2678400 is allowed");
	case OPTION_BROKER:
		return read_broker(text, options);
	}
	return false;
}

static void make_long_options(struct option options[static OPTIONS_COUNT + 2])
{
	memset(options, 0, (OPTIONS_COUNT + 2) * sizeof(*options));
	for (int i = 0; i < OPTIONS_COUNT; i++)
		options[i] = (struct option){.name = rows[i].name,
			.has_arg = rows[i].argument ? required_argument : no_argument,
			.val = i};
	options[OPTIONS_COUNT] = (struct option){.name = "help", .val = OPTIONS_COUNT};
}

bool live_options_read(int argc, char **argv, struct live_options *ret_options, int *ret_exit)
{
	struct option long_options[OPTIONS_COUNT + 2];
	struct live_options options = {.host = "localhost"};
	int row;
	make_long_options(long_options);
	*ret_exit = CITY_USAGE;
	while ((row = getopt_long(argc, argv, "", long_options, NULL)) >= 0) {
		if (row == OPTIONS_COUNT) {
			print_help();
			*ret_exit = CITY_OK;
			return false;
		}
		if (row == '?') /* getopt has said so */
			return false;
		if (!take((size_t)row, optarg, &options))
			return false;
	}
	if (optind < argc) {
		fprintf(stderr, "byport-city live: `%s`: only options are allowed (--help)\n",
			argv[optind]);
		return false;
	}
	if (options.port == 0)
		options.port = options.tls ? PORT_TLS : PORT_PLAIN;
	*ret_options = options;
	return true;
}
