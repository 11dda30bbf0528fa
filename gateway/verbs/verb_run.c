/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verb_run.c -- `byport run`: the gateway itself.
 */
#include <getopt.h>
#include <unistd.h>

#include "gateway/daemon.h"
#include "gateway/verbs/verb.h"

static const struct verb_option options[] = {{.name = NULL}};

static const struct verb_usage usage = {
	.name = "run",
	.synopsis = "CONFIG",
	.help = "Reads the meters of CONFIG, stores what they say and sends it to the broker, "
		"until\n"
		"SIGTERM or SIGINT. SIGHUP reads CONFIG again. The log goes to stderr.\n"
		"Exit status: 0 ended as told, 2 not understood, 3 no access to the data "
		"directory,\n"
		"the store or the control socket, 78 errors in CONFIG.",
	.options = options,
};

int verb_run(int argc, char **argv)
{
	const char *argument;
	int option = verb_option_next(&usage, argc, argv, &argument);
	if (option != VERB_OPTIONS_END)
		return verb_option_exit(option);
	if (optind != argc - 1)
		return verb_misused(&usage, "one CONFIG is needed");
	switch (daemon_run(argv[optind])) {
	case DAEMON_ENDED:
		return VERB_OK;
	case DAEMON_REFUSED:
		return VERB_CONFIGURATION;
	case DAEMON_UNAVAILABLE:
		return VERB_UNAVAILABLE;
	case DAEMON_LEFT:
		_exit(VERB_OK); /* a thread still waits for its line; it must not see us tidy up */
	}
	return VERB_UNAVAILABLE;
}
