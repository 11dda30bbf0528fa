/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forget.c -- The verb `byport-city forget`: removes what the archive knows of a
 * meter before a day, and writes down that it did.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "city/archive.h"
#include "city/archive_store.h"
#include "city/options.h"
#include "city/program.h"

struct forget_options {
	const char *store;
	const char *before;
	const char *author;
};

#define AT(member) offsetof(struct forget_options, member)

/* clang-format off */
static const struct option_row rows[] = {
	{"store",  OPTION_TEXT, AT(store),  "WHERE",      ARCHIVE_STORE_HELP},
	{"before", OPTION_TEXT, AT(before), "YYYY-MM-DD", "all that began before this day, UTC"},
	{"author", OPTION_TEXT, AT(author), "NAME",       "who decided it (the user's name)"},
};
/* clang-format on */

static const struct option_table table = {
	.verb = "forget",
	.operands = "METER",
	.operands_max = 1,
	.about =
		"Removes what the archive knows of a meter before a day, for ever: its intervals,\n"
		"trends and events, and what is in its gateway's quarantine; rows of that time "
		"are\n"
		"not taken again. METER is its id, or city/site/gateway/id. It is logged.\n",
	.rows = rows,
	.rows_count = sizeof(rows) / sizeof(rows[0]),
};

/* 00:00 UTC of a day; false when there is no such day. */
static bool read_day(const char *text, int64_t *ret_wall_ms)
{
	struct tm day = {0};
	char again[sizeof("YYYY-MM-DD")];
	const char *end = strptime(text, "%Y-%m-%d", &day);
	time_t seconds = timegm(&day);
	if (!end || *end != '\0' ||
		strftime(again, sizeof(again), "%Y-%m-%d", gmtime(&seconds)) == 0 ||
		strcmp(again, text) != 0)
		return false;
	*ret_wall_ms = (int64_t)seconds * 1000;
	return true;
}

/* city/site/gateway/meter, or meter: the gateway's part is cut off into its own text. */
static void split(
	const char *operand, char gateway[static ARCHIVE_NAME_MAX], struct archive_forget *forget)
{
	const char *slash = strrchr(operand, '/');
	forget->meter = slash ? slash + 1 : operand;
	if (!slash)
		return;
	snprintf(gateway, ARCHIVE_NAME_MAX, "%.*s", (int)(slash - operand), operand);
	forget->gateway = gateway;
}

static int forget_in(const char *where, const struct archive_forget *forget)
{
	struct archive_store *store = NULL;
	char reason[ARCHIVE_REASON_MAX];
	enum archive_status status = archive_store_look(where, &store, reason);
	if (status == ARCHIVE_OK) {
		status = archive_store_forget(store, forget);
		snprintf(reason, sizeof(reason), "%s", archive_store_reason(store));
	}
	if (status != ARCHIVE_OK)
		fprintf(stderr, "byport-city forget: %s\n", reason);
	archive_store_close(store);
	if (status == ARCHIVE_OK)
		return CITY_OK;
	return status == ARCHIVE_REFUSED ? CITY_NO : CITY_UNAVAILABLE;
}

int forget_run(int argc, char **argv)
{
	struct forget_options options = {
		.store = ARCHIVE_STORE_DEFAULT, .author = program_user_name()};
	struct archive_forget forget = {.at_wall_ms = program_wall_ms()};
	char gateway[ARCHIVE_NAME_MAX];
	int operand, status;
	if (!options_read(&table, argc, argv, &options, &operand, &status))
		return status;
	if (operand >= argc || !options.before) {
		fprintf(stderr, "byport-city forget: METER and --before are needed (--help)\n");
		return CITY_USAGE;
	}
	if (!read_day(options.before, &forget.before_wall_ms)) {
		options_misused(&table, "--before", options.before, "a day, as 2026-11-23");
		return CITY_USAGE;
	}
	split(argv[operand], gateway, &forget);
	forget.author = options.author;
	status = forget_in(options.store, &forget);
	if (status == CITY_OK)
		printf("forgotten: %s before %s\n", argv[operand], options.before);
	return status;
}
