/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c -- The program `byport-city`, the receiving end: finds the verb and lets
 * it run.
 */
#include <stdio.h>
#include <string.h>

#include "city/archive.h"
#include "city/live.h"
#include "city/options.h"
#include "gateway/message.h"

static int schema_run(int argc, char **argv)
{
	enum message_kind kind;
	if (argc == 2 && message_kind_find(argv[1], &kind)) {
		message_print_schema(kind, stdout);
		return CITY_OK;
	}
	bool help = argc == 2 && strcmp(argv[1], "--help") == 0;
	FILE *stream = help ? stdout : stderr;
	fprintf(stream,
		"usage: byport-city schema KIND\n\nThe JSON Schema of a message. KIND is:\n\n");
	for (unsigned i = 0; i < MESSAGE_KIND_COUNT; i++) {
		const struct message_kind_info *info = message_kind_info((enum message_kind)i);
		fprintf(stream, "  %-10s %s\n", info->topic, info->help);
	}
	return help ? CITY_OK : CITY_USAGE;
}

static const struct {
	const char *name;
	const char *help;
	int (*run)(int argc, char **argv);
} verbs[] = {
	{"archive",    "keeps all that gateways send, and tells them so", archive_run   },
	{"forget",     "removes what the archive knows of a meter",       forget_run    },
	{"gateways",   "how each gateway is, for people and monitors",    gateways_run  },
	{"live",       "what arrives at the broker, as it comes",         live_run      },
	{"quarantine", "what was put aside, and settling it",             quarantine_run},
	{"schema",     "the JSON Schema of a message",                    schema_run    },
};

static int print_help(FILE *stream, int status)
{
	fprintf(stream, "usage: byport-city VERB ...\n\nThe receiving end of byport.\n\n");
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		fprintf(stream, "  %-10s %s\n", verbs[i].name, verbs[i].help);
	fprintf(stream, "\n`byport-city VERB --help` and byport-city(1) tell more.\n");
	return status;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return print_help(stderr, CITY_USAGE);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
		return print_help(stdout, CITY_OK);
	if (strcmp(argv[1], "--version") == 0)
		return printf("byport-city %s\n", BYPORT_VERSION) > 0 ? CITY_OK : CITY_UNAVAILABLE;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(argv[1], verbs[i].name) == 0)
			return verbs[i].run(argc - 1, argv + 1);
	}
	fprintf(stderr, "byport-city: `%s` is no verb\n\n", argv[1]);
	return print_help(stderr, CITY_USAGE);
}
