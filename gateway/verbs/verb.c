/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verb.c -- The table of verbs.
 */
#include <string.h>

#include "gateway/verbs/verb.h"

/* clang-format off */
const struct verb verbs[] = {
	/* name          help                                                            run */
	{"run",          "the gateway itself: read, store, send",                        verb_run},
	{"check",        "are these configurations right, and what will come of them",   verb_check},
	{"read",         "what a meter shows now, or bare registers",                    verb_read},
	{"scan",         "who answers on a line, and which meter it is",                 verb_scan},
	{"watch",        "the running gateway's newest values, again and again",         verb_watch},
	{"status",       "how the running gateway is",                                   verb_status},
	{"frames",       "what stood on a bus's wire, in words and bytes",                verb_frames},
	{"reload",       "let the running gateway read its configuration again",         verb_reload},
	{"replay",       "send rows again that a consumer missed",                       verb_replay},
	{"settle",       "what a person decides: exchange, leap, other multiplier",      verb_settle},
	{"history",      "energy by hour, day, week, month, year; power peaks",             verb_history},
	{"export",       "the intervals themselves, as CSV or JSON lines",               verb_export},
	{"models",       "which meter models there are, one of them explained",           verb_models},
	{"simulate",     "simulated meters, on pseudo-terminals and TCP ports",          verb_simulate},
	{.name = NULL},
};
/* clang-format on */

const struct verb *verb_find(const char *name)
{
	for (const struct verb *verb = verbs; verb->name != NULL; verb++)
		if (strcmp(verb->name, name) == 0)
			return verb;
	return NULL;
}
