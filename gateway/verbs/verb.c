/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verb.c -- The table of verbs.
 */
#include <string.h>

#include "gateway/verbs/verb.h"

/* clang-format off */
const struct verb verbs[] = {
	/* name          help                                                            run */
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
