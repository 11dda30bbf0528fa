/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verb.h -- The verbs of the one program `byport`: one row each, from which
 * main() dispatches and `byport --help` is printed; and how a verb reads its
 * options, from one table that is its `--help` too.
 */
#ifndef GATEWAY_VERBS_VERB_H
#define GATEWAY_VERBS_VERB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Exit status of every verb, for scripts. */
enum verb_exit {
	VERB_OK = 0,
	VERB_BAD = 1,   /* the answer is no: errors in the file, a meter that is silent ... */
	VERB_USAGE = 2, /* not understood; the message names the option and what is allowed */
	VERB_CONFIGURATION =
		78,           /* `run`: errors in the file, which no restart mends (sysexits.h) */
	VERB_UNAVAILABLE = 3, /* could not find out: no daemon, no access, no such file or port */
};

struct verb {
	const char *name;
	const char *help;                  /* one line, no full stop */
	int (*run)(int argc, char **argv); /* argv[0] is the verb's name; returns a verb_exit */
};

extern const struct verb verbs[]; /* the last row's name is NULL */

/* NULL when there is none. */
const struct verb *verb_find(const char *name);

/* One option of a verb. */
struct verb_option {
	const char *name;     /* without the dashes: "json" */
	const char *argument; /* what stands behind it in the help: "FILE"; NULL: takes none */
	const char *help;
};

/* All that `byport VERB --help` prints. */
struct verb_usage {
	const char *name;                  /* "read" */
	const char *synopsis;              /* what follows the name: "[--json] CONFIG METER" */
	const char *help;                  /* a sentence or two */
	const struct verb_option *options; /* the last row's name is NULL; `--help` is not in it */
};

enum {
	VERB_OPTIONS_MAX = 32,  /* rows of a verb's table */
	VERB_OPTIONS_END = -1,  /* no more options: operands begin at argv[optind] */
	VERB_OPTIONS_HELP = -2, /* --help: printed; return VERB_OK */
	VERB_OPTIONS_BAD = -3,  /* unknown or lacks its argument: said; return VERB_USAGE */
};

/*
 * The next option: its row in usage->options, or one of VERB_OPTIONS_*.
 * *ret_argument is its argument (NULL where it takes none). Options and
 * operands may be mixed; `--` ends the options.
 *
 *	while ((option = verb_option_next(&usage, argc, argv, &argument)) >= 0)
 *		switch (option) ...
 *	if (option != VERB_OPTIONS_END)
 *		return verb_option_exit(option);
 */
int verb_option_next(
	const struct verb_usage *usage, int argc, char **argv, const char **ret_argument);
int verb_option_exit(int option);

void verb_print_usage(const struct verb_usage *usage, FILE *stream);

/* "byport VERB: text", and where help stands; returns VERB_USAGE. */
__attribute__((format(printf, 2, 3))) int verb_misused(
	const struct verb_usage *usage, const char *format, ...);

/* An argument that is a whole number from 1 to `max`; false: it is none. */
bool verb_number(const char *text, long max, long *ret_number);

/* Of verbs that go on until Ctrl-C: from now on SIGINT and SIGTERM end a wait only. */
void verb_catch_ends(void);
/* False when one of them came. */
bool verb_wait_ms(long milliseconds);

int verb_run(int argc, char **argv);
int verb_read(int argc, char **argv);
int verb_scan(int argc, char **argv);
int verb_watch(int argc, char **argv);
int verb_status(int argc, char **argv);
int verb_frames(int argc, char **argv);
int verb_reload(int argc, char **argv);
int verb_replay(int argc, char **argv);
int verb_settle(int argc, char **argv);
int verb_history(int argc, char **argv);
int verb_export(int argc, char **argv);
int verb_check(int argc, char **argv);
int verb_models(int argc, char **argv);
int verb_simulate(int argc, char **argv);

#endif
