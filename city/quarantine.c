/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quarantine.c -- The verb `byport-city quarantine`: what the archive put aside,
 * and a person's word that it has been looked at.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "city/archive.h"
#include "city/archive_store.h"
#include "city/options.h"
#include "city/program.h"
#include "gateway/json_puts.h"
#include "gateway/terminal.h"

enum { LINE_BYTES_MAX = 1 << 20 }; /* the largest payload kept, every byte of it escaped */

struct quarantine_options {
	const char *store;
	const char *gateway; /* NULL: all */
	const char *entry;   /* to settle; NULL: list */
	const char *author;
	const char *why;
	bool all;
	bool json;
};

#define AT(member) offsetof(struct quarantine_options, member)

/* clang-format off */
static const struct option_row rows[] = {
	{"store",   OPTION_TEXT,   AT(store),   "WHERE", ARCHIVE_STORE_HELP},
	{"gateway", OPTION_TEXT,   AT(gateway), "NAME",  "only this one's: city/site/gateway"},
	{"all",     OPTION_SWITCH, AT(all),     NULL,    "settled ones too"},
	{"json",    OPTION_SWITCH, AT(json),    NULL,    "one JSON object an entry, with what was sent"},
	{"settle",  OPTION_TEXT,   AT(entry),   "ENTRY", "it has been looked at, and what was there stays"},
	{"why",     OPTION_TEXT,   AT(why),     "TEXT",  "the reason, for the log; needed to settle"},
	{"author",  OPTION_TEXT,   AT(author),  "NAME",  "who decided it (the user's name)"},
};
/* clang-format on */

static const struct option_table table = {
	.verb = "quarantine",
	.about = "What the archive put aside: rows that came again with other content (conflict),\n"
		 "and messages it could not read (refused). Settling an entry lets receipts go\n"
		 "past a conflict; the first row stays, the entry too, and it is logged.\n"
		 "Exit status: 0, nothing waits; 1, some do, or not settled.\n",
	.rows = rows,
	.rows_count = sizeof(rows) / sizeof(rows[0]),
};

struct listing {
	const struct quarantine_options *options;
	struct table *table;
	size_t waiting;
};

static void print_json(const struct archive_quarantined *entry)
{
	static char line[LINE_BYTES_MAX];
	struct json_writer writer;
	json_writer_begin(&writer, (struct json_buffer){line, sizeof(line)});
	json_writer_open_object(&writer);
	json_put_text(&writer, "gateway", entry->gateway);
	json_put_text(&writer, "entry", entry->entry);
	json_put_text(&writer, "kind", entry->kind);
	json_put_text(&writer, "store", entry->store);
	json_put_text(&writer, "stream", entry->stream);
	json_put_number(&writer, "id", entry->id > 0 ? entry->id : -1);
	json_put_text(&writer, "topic", entry->topic);
	json_put_text(&writer, "reason", entry->reason);
	json_put_text(&writer, "payload", entry->payload);
	json_put_number(&writer, "times", entry->times);
	json_put_instant(&writer, "arrived", entry->arrived_wall_ms);
	json_put_instant(&writer, "settled", entry->settled_wall_ms);
	json_writer_close_object(&writer);
	json_writer_end(&writer);
	puts(line);
}

static void list(void *context, const struct archive_quarantined *entry)
{
	struct listing *listing = context;
	const struct quarantine_options *options = listing->options;
	bool is_settled = entry->settled_wall_ms != INSTANT_UNKNOWN;
	char age[16];
	if ((is_settled && !options->all) ||
		(options->gateway && strcmp(options->gateway, entry->gateway) != 0))
		return;
	listing->waiting += !is_settled;
	if (options->json) {
		print_json(entry);
		return;
	}
	age_print(age, (double)(program_wall_ms() - entry->arrived_wall_ms) / 1000);
	table_cell(listing->table, is_settled ? TINT_DIM : TINT_BOLD, "%s", entry->entry);
	table_cell(listing->table, TINT_PLAIN, "%s", is_settled ? "settled" : entry->kind);
	table_cell(listing->table, TINT_PLAIN, "%s", entry->gateway);
	table_cell(listing->table, TINT_DIM, "%s ago", age);
	table_cell(listing->table, TINT_PLAIN, "%s", entry->reason);
}

static int list_all(struct archive_store *store, const struct quarantine_options *options)
{
	static const struct table_column columns[] = {
		{"entry",   false},
		{"kind",    false},
		{"gateway", false},
		{"arrived", true },
		{"reason",  false},
	};
	struct listing listing = {
		options, table_new(columns, sizeof(columns) / sizeof(columns[0])), 0};
	struct terminal terminal = terminal_of(stdout);
	enum archive_status status = archive_store_visit_quarantine(store, list, &listing);
	if (!terminal.interactive)
		terminal.columns = LINE_BYTES_MAX; /* whole lines, for grep */
	if (status == ARCHIVE_OK && !options->json)
		table_print(listing.table, &terminal, stdout);
	table_free(listing.table);
	if (status != ARCHIVE_OK) {
		fprintf(stderr, "byport-city quarantine: %s\n", archive_store_reason(store));
		return CITY_UNAVAILABLE;
	}
	return listing.waiting > 0 ? CITY_NO : CITY_OK;
}

static int settle_one(struct archive_store *store, const struct quarantine_options *options)
{
	const struct archive_settling settling = {
		.gateway = options->gateway,
		.entry = options->entry,
		.author = options->author,
		.why = options->why,
		.at_wall_ms = program_wall_ms(),
	};
	enum archive_status status = archive_store_settle(store, &settling);
	if (status == ARCHIVE_OK) {
		printf("settled: %s\n", options->entry);
		return CITY_OK;
	}
	fprintf(stderr, "byport-city quarantine: %s\n", archive_store_reason(store));
	return status == ARCHIVE_REFUSED ? CITY_NO : CITY_UNAVAILABLE;
}

int quarantine_run(int argc, char **argv)
{
	struct quarantine_options options = {
		.store = ARCHIVE_STORE_DEFAULT, .author = program_user_name()};
	struct archive_store *store = NULL;
	char reason[ARCHIVE_REASON_MAX];
	int operand, status;
	if (!options_read(&table, argc, argv, &options, &operand, &status))
		return status;
	if (options.entry && (!options.why || options.why[0] == '\0')) {
		fprintf(stderr, "byport-city quarantine: --settle needs --why (--help)\n");
		return CITY_USAGE;
	}
	if (archive_store_look(options.store, &store, reason) != ARCHIVE_OK) {
		fprintf(stderr, "byport-city quarantine: %s: %s\n", options.store, reason);
		return CITY_UNAVAILABLE;
	}
	status = (options.entry ? settle_one : list_all)(store, &options);
	archive_store_close(store);
	return status;
}
