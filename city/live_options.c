/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_options.c -- The options of `byport-city live` beside the broker's, one row each.
 */
#include "city/live_options.h"

#define AT(member) offsetof(struct live_options, member)

/* clang-format off */
static const struct option_row rows[] = {
	{"city",    OPTION_TEXT,    AT(city),    "ID",      "only this city"},
	{"site",    OPTION_TEXT,    AT(site),    "ID",      "only this site"},
	{"gateway", OPTION_TEXT,    AT(gateway), "ID",      "only this gateway"},
	{"for",     OPTION_SECONDS, AT(for_s),   "SECONDS", "end by itself after so long"},
	{"json",    OPTION_SWITCH,  AT(json),    NULL,      "one JSON object a message"},
	{"summary", OPTION_SWITCH,  AT(summary), NULL,      "at the end, what arrived and what is missing"},
};
/* clang-format on */

static const struct option_table table = {
	.verb = "live",
	.about = "Shows what arrives at the broker: each meter's latest power and reading, the\n"
		 "energy of its intervals, and whether anything is missing in between.\n",
	.rows = rows,
	.rows_count = sizeof(rows) / sizeof(rows[0]),
	.has_broker = true,
};

bool live_options_read(int argc, char **argv, struct live_options *ret_options, int *ret_exit)
{
	struct live_options options = {.json = false};
	int operand;
	if (!options_read(&table, argc, argv, &options, &operand, ret_exit))
		return false;
	*ret_options = options;
	return true;
}
