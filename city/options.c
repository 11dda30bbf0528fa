/* SPDX-License-Identifier: Apache-2.0 */
/* options.c -- The broker's options, one row each, before the verb's own. */
#include "city/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	PORT_PLAIN = 1883,
	PORT_TLS = 8883,
	FOR_S_MAX = 31 * 86400,
	DAYS_MAX = 3650,
	HELP_COLUMN = 28,
	KEEP_ALIVE_S = 30,
};

#define AT(member) offsetof(struct broker_options, member)

/* clang-format off */
static const struct option_row broker_rows[] = {
	{"broker",        OPTION_BROKER, 0,                    "HOST:PORT", "the broker, by TLS (localhost:8883, with --plain 1883)"},
	{"plain",         OPTION_SWITCH, AT(plain),            NULL,        "plain text: no TLS, everybody on the way can read it"},
	{"ca-file",       OPTION_TEXT,   AT(ca_file),          "FILE",      "trusted issuers (the system's)"},
	{"certificate",   OPTION_TEXT,   AT(certificate_file), "FILE",      "our certificate"},
	{"key",           OPTION_TEXT,   AT(key_file),         "FILE",      "its key"},
	{"user",          OPTION_TEXT,   AT(user),             "NAME",      "user name at the broker"},
	{"password-file", OPTION_TEXT,   AT(password_file),    "FILE",      "its first line is the password"},
};
/* clang-format on */

enum { BROKER_ROWS = sizeof(broker_rows) / sizeof(broker_rows[0]) };

static size_t rows_of(const struct option_table *table, struct option_row rows[OPTION_ROWS_MAX])
{
	size_t count = 0;
	for (size_t i = 0; table->has_broker && i < BROKER_ROWS; i++)
		rows[count++] = broker_rows[i];
	for (size_t i = 0; i < table->rows_count && count < OPTION_ROWS_MAX; i++)
		rows[count++] = table->rows[i];
	return count;
}

static void print_help(const struct option_table *table)
{
	struct option_row rows[OPTION_ROWS_MAX];
	size_t count = rows_of(table, rows);
	printf("usage: byport-city %s [OPTION ...]%s%s\n\n%s\n", table->verb,
		table->operands ? " " : "", table->operands ? table->operands : "", table->about);
	for (size_t i = 0; i < count; i++) {
		int width =
			printf("  --%s %s", rows[i].name, rows[i].argument ? rows[i].argument : "");
		printf("%*s%s\n", HELP_COLUMN - width, "", rows[i].help);
	}
	printf("  --help%*sthis text\n", HELP_COLUMN - 8, "");
}

bool options_misused(
	const struct option_table *table, const char *name, const char *text, const char *allowed)
{
	fprintf(stderr, "byport-city %s: %s `%s`: %s\n", table->verb, name, text, allowed);
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
static const char *read_broker(const char *text, struct broker_options *options)
{
	const char *colon = strrchr(text, ':');
	const char *bracket = strrchr(text, ']');
	bool bare = text[0] != '[' && colon && strchr(text, ':') != colon;
	bool has_port = colon && !bare && (!bracket || colon > bracket);
	size_t length = has_port ? (size_t)(colon - text) : strlen(text);
	int64_t port = 0;
	if (has_port && !read_number(colon + 1, UINT16_MAX, &port))
		return "the port is a number from 1 to 65535";
	if (text[0] == '[') {
		if (length < 3 || text[length - 1] != ']')
			return "an IPv6 address stands in [ ]";
		text++;
		length -= 2;
	}
	if (length == 0 || length >= BROKER_HOST_MAX)
		return "HOST or HOST:PORT is allowed";
	memcpy(options->host, text, length);
	options->host[length] = '\0';
	options->port = (uint16_t)port;
	return NULL;
}

/* What is allowed instead; NULL when it was taken. */
static const char *take(const struct option_row *row, const char *text, void *options)
{
	void *at = (char *)options + row->offset;
	switch (row->type) {
	case OPTION_TEXT:
		*(const char **)at = text;
		return NULL;
	case OPTION_SWITCH:
		*(bool *)at = true;
		return NULL;
	case OPTION_SECONDS:
		return read_number(text, FOR_S_MAX, at)
			       ? NULL
			       : "a whole number from 1 to 2678400 is allowed";
	case OPTION_DAYS:
		return read_number(text, DAYS_MAX, at) ? NULL
						       : "a whole number from 1 to 3650 is allowed";
	case OPTION_PERCENT:
		return read_number(text, 100, at) ? NULL
						  : "a whole number from 1 to 100 is allowed";
	case OPTION_BROKER:
		return read_broker(text, at);
	}
	return NULL;
}

static bool check_operands(const struct option_table *table, int argc, char **argv)
{
	if ((size_t)(argc - optind) <= table->operands_max)
		return true;
	fprintf(stderr, "byport-city %s: `%s`: %s (--help)\n", table->verb,
		argv[optind + (int)table->operands_max],
		table->operands ? "one too many" : "only options are allowed");
	return false;
}

/* The defaults of what was not given; false when what was given contradicts itself. */
static bool settle_broker(const struct option_table *table, struct broker_options *broker)
{
	if (broker->plain && (broker->ca_file || broker->certificate_file || broker->key_file)) {
		fprintf(stderr,
			"byport-city %s: --plain stands beside --ca-file, --certificate or --key, "
			"which are parts of TLS: one or the other is allowed\n",
			table->verb);
		return false;
	}
	if (broker->host[0] == '\0')
		snprintf(broker->host, sizeof(broker->host), "localhost");
	if (broker->port == 0)
		broker->port = broker->plain ? PORT_PLAIN : PORT_TLS;
	return true;
}

bool options_read(const struct option_table *table, int argc, char **argv, void *options,
	int *ret_operand, int *ret_exit)
{
	struct option_row rows[OPTION_ROWS_MAX];
	struct option long_options[OPTION_ROWS_MAX + 2] = {0};
	int count = (int)rows_of(table, rows), row;
	for (int i = 0; i < count; i++)
		long_options[i] = (struct option){.name = rows[i].name,
			.has_arg = rows[i].argument ? required_argument : no_argument,
			.val = i};
	long_options[count] = (struct option){.name = "help", .val = count};
	*ret_exit = CITY_USAGE;
	while ((row = getopt_long(argc, argv, "", long_options, NULL)) >= 0) {
		if (row == count) {
			print_help(table);
			*ret_exit = CITY_OK;
			return false;
		}
		if (row == '?') /* getopt has said so */
			return false;
		const char *allowed = take(&rows[row], optarg, options);
		char name[64];
		snprintf(name, sizeof(name), "--%s", rows[row].name);
		if (allowed)
			return options_misused(table, name, optarg, allowed);
	}
	if (!check_operands(table, argc, argv) ||
		(table->has_broker && !settle_broker(table, options)))
		return false;
	*ret_operand = optind;
	return true;
}

struct mqtt_link_settings broker_options_settings(const struct broker_options *options)
{
	return (struct mqtt_link_settings){
		.host = options->host,
		.port = options->port,
		.keep_alive_s = KEEP_ALIVE_S,
		.tls = !options->plain,
		.ca_file = options->ca_file,
		.certificate_file = options->certificate_file,
		.key_file = options->key_file,
		.user = options->user,
		.password_file = options->password_file,
	};
}
