/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c -- The program `byport`: finds the verb and lets it run.
 */
#include <stdio.h>
#include <string.h>

#include "gateway/verbs/verb.h"

static int print_help(FILE *stream, int status)
{
	fprintf(stream, "usage: byport VERB ...\n\nA building's meters, from Modbus to MQTT.\n\n");
	for (const struct verb *verb = verbs; verb->name != NULL; verb++)
		fprintf(stream, "  %-10s %s\n", verb->name, verb->help);
	fprintf(stream, "\n`byport VERB --help` and byport-VERB(1) tell more.\n");
	return status;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return print_help(stderr, VERB_USAGE);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
		return print_help(stdout, VERB_OK);
	if (strcmp(argv[1], "--version") == 0)
		return printf("byport %s\n", BYPORT_VERSION) > 0 ? VERB_OK : VERB_UNAVAILABLE;
	const struct verb *verb = verb_find(argv[1]);
	if (verb != NULL)
		return verb->run(argc - 1, argv + 1);
	fprintf(stderr, "byport: `%s` is no verb\n\n", argv[1]);
	return print_help(stderr, VERB_USAGE);
}
