/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateways.c -- The verb `byport-city gateways`: how each gateway is, as the
 * archive knows it, for people and for monitors.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "city/gateway_verdict.h"
#include "city/options.h"
#include "city/program.h"
#include "gateway/json_instant.h"
#include "gateway/json_puts.h"
#include "gateway/terminal.h"

enum {
	WARNING_S = 900,
	CRITICAL_S = 3600,
	EXPIRY_WARNING_DAYS = 30,
	EXPIRY_CRITICAL_DAYS = 7,
	CARD_WARNING_PERCENT = 10,
	LINE_BYTES_MAX = 8192, /* of JSON; all texts in it are bounded */
	CELL_BYTES_MAX = 128,
	ALL_COLUMNS_MIN = 150, /* of a terminal that all columns are shown on */
};

struct gateways_options {
	const char *store;
	const char *gateway; /* NULL: all */
	struct verdict_limits limits;
	bool json;
};

#define AT(member) offsetof(struct gateways_options, member)

/* clang-format off */
static const struct option_row rows[] = {
	{"store",           OPTION_TEXT,    AT(store),                       "WHERE",   ARCHIVE_STORE_HELP},
	{"gateway",         OPTION_TEXT,    AT(gateway),                     "NAME",    "only this one: city/site/gateway"},
	{"warning",         OPTION_SECONDS, AT(limits.warning_s),            "SECONDS", "a warning when not seen for so long (900)"},
	{"critical",        OPTION_SECONDS, AT(limits.critical_s),           "SECONDS", "critical when not seen for so long (3600)"},
	{"expiry-warning",  OPTION_DAYS,    AT(limits.expiry_warning_days),  "DAYS",    "a warning when its certificate ends before (30)"},
	{"expiry-critical", OPTION_DAYS,    AT(limits.expiry_critical_days), "DAYS",    "critical when its certificate ends before (7)"},
	{"card-warning",    OPTION_PERCENT, AT(limits.card_warning_percent), "PERCENT", "a warning when its card has no more life left (10)"},
	{"json",            OPTION_SWITCH,  AT(json),                        NULL,      "one JSON object a gateway"},
};
/* clang-format on */

static const struct option_table table_of_options = {
	.verb = "gateways",
	.about = "How each gateway is. Exit status 0: all are well; 1: a warning; 2: critical;\n"
		 "3: not known.\n",
	.rows = rows,
	.rows_count = sizeof(rows) / sizeof(rows[0]),
};

/* A gateway, and what is thought of it. */
struct shown {
	const struct archive_gateway *gateway;
	struct verdict verdict;
	int64_t now_wall_ms;
};

/* ---- for monitors ---- */

static void put_streams(struct json_writer *writer, const struct archive_gateway *gateway)
{
	json_writer_key(writer, "streams");
	json_writer_open_array(writer);
	for (unsigned i = 0; i < STREAM_COUNT; i++) {
		json_writer_open_object(writer);
		json_put_text(writer, "stream", stream_name((enum stream)i));
		json_put_number(writer, "expected", gateway->expected[i]);
		json_put_number(writer, "arrived", gateway->arrived[i]);
		json_writer_close_object(writer);
	}
	json_writer_close_array(writer);
}

static void put_certificate(
	struct json_writer *writer, const struct archive_gateway *gateway, int64_t now_wall_ms)
{
	int64_t days = 0;
	bool is_known = gateway_certificate_days(gateway, now_wall_ms, &days);
	json_put_instant(writer, "certificate_end", gateway->certificate_end_wall_ms);
	json_put_integer_or_null(writer, "certificate_days_left", is_known, days);
}

static void put_board(struct json_writer *writer, const struct archive_gateway *gateway)
{
	json_put_number(writer, "store_bytes", gateway->store_bytes);
	json_put_number(writer, "store_bytes_max", gateway->store_bytes_max);
	json_put_number(writer, "written_bytes_day", gateway->written_bytes_day);
	json_put_number(writer, "written_bytes_per_row", gateway->written_bytes_per_row);
	json_put_number(writer, "device_bytes_day", gateway->device_bytes_day);
	json_put_number(writer, "device_bytes_per_row", gateway->device_bytes_per_row);
	json_put_number(writer, "card_life_left", gateway->card_life_left);
	json_put_text(writer, "card_reserve", gateway->card_reserve);
}

static void print_json(const struct shown *shown)
{
	const struct archive_gateway *gateway = shown->gateway;
	char line[LINE_BYTES_MAX], why[VERDICT_WHY_BYTES_MAX];
	struct json_writer writer;
	verdict_why(&shown->verdict, why);
	json_writer_begin(&writer, (struct json_buffer){line, sizeof(line)});
	json_writer_open_object(&writer);
	json_put_text(&writer, "gateway", gateway->name);
	json_put_text(&writer, "level", gateways_level_name(shown->verdict.level));
	json_put_text(&writer, "why", why);
	json_put_instant(&writer, "last_seen", gateway->last_seen_wall_ms);
	json_put_text(&writer, "state", gateway->presence);
	json_put_text(&writer, "version", gateway->version);
	json_put_text(&writer, "clock", gateway->clock);
	json_put_text(&writer, "store", gateway->store);
	json_put_number(&writer, "backlog_energy", gateway->backlog_energy);
	json_put_number(&writer, "backlog_trends", gateway->backlog_trends);
	put_board(&writer, gateway);
	put_certificate(&writer, gateway, shown->now_wall_ms);
	put_streams(&writer, gateway);
	json_put_number(&writer, "conflicts", gateway->conflicts);
	json_put_number(&writer, "refused", gateway->refused);
	json_writer_close_object(&writer);
	json_writer_end(&writer);
	puts(line);
}

/* ---- for people ---- */

typedef void cell_writer(const struct shown *shown, char ret_text[static CELL_BYTES_MAX]);

static void cell_gateway(const struct shown *shown, char ret_text[static CELL_BYTES_MAX])
{
	snprintf(ret_text, CELL_BYTES_MAX, "%s", shown->gateway->name);
}

static void cell_seen(const struct shown *shown, char ret_text[static CELL_BYTES_MAX])
{
	gateway_age(shown->gateway, shown->now_wall_ms, ret_text);
}

static void cell_version(const struct shown *shown, char ret_text[static CELL_BYTES_MAX])
{
	snprintf(ret_text, CELL_BYTES_MAX, "%s", shown->gateway->version);
}

static void cell_clock(const struct shown *shown, char ret_text[static CELL_BYTES_MAX])
{
	snprintf(ret_text, CELL_BYTES_MAX, "%s", shown->gateway->clock);
}

static void cell_backlog(const struct shown *shown, char ret_text[static CELL_BYTES_MAX])
{
	if (shown->gateway->backlog_energy >= 0)
		snprintf(ret_text, CELL_BYTES_MAX, "%" PRId64 "+%" PRId64,
			shown->gateway->backlog_energy, shown->gateway->backlog_trends);
}

static void cell_arrived(const struct shown *shown, char ret_text[static CELL_BYTES_MAX])
{
	snprintf(ret_text, CELL_BYTES_MAX, "%" PRId64 "/%" PRId64,
		shown->gateway->arrived[STREAM_ENERGY], shown->gateway->expected[STREAM_ENERGY]);
}

static void cell_store(const struct shown *shown, char ret_text[static CELL_BYTES_MAX])
{
	double bytes = (double)shown->gateway->store_bytes;
	double bytes_max = (double)shown->gateway->store_bytes_max;
	if (bytes >= 0 && bytes_max >= 0)
		snprintf(ret_text, CELL_BYTES_MAX, "%.1f/%.0f MiB", bytes / (1 << 20),
			bytes_max / (1 << 20));
	else if (bytes >= 0)
		snprintf(ret_text, CELL_BYTES_MAX, "%.1f MiB", bytes / (1 << 20));
}

static void cell_written(const struct shown *shown, char ret_text[static CELL_BYTES_MAX])
{
	if (shown->gateway->device_bytes_day >= 0)
		snprintf(ret_text, CELL_BYTES_MAX, "%.1f MiB",
			(double)shown->gateway->device_bytes_day / (1 << 20));
}

static void cell_card(const struct shown *shown, char ret_text[static CELL_BYTES_MAX])
{
	if (shown->gateway->card_life_left >= 0)
		snprintf(
			ret_text, CELL_BYTES_MAX, "%" PRId64 " %%", shown->gateway->card_life_left);
}

static void cell_certificate(const struct shown *shown, char ret_text[static CELL_BYTES_MAX])
{
	int64_t days;
	if (gateway_certificate_days(shown->gateway, shown->now_wall_ms, &days))
		snprintf(ret_text, CELL_BYTES_MAX, "%" PRId64 " d", days);
}

/* Between the level, first, and why, last. */
struct middle_column {
	struct table_column column;
	bool is_wide; /* left out on a narrow terminal */
	cell_writer *write;
};

/* clang-format off */
static const struct middle_column middle[] = {
	{{"gateway",     false}, false, cell_gateway},
	{{"seen",        true},  false, cell_seen},
	{{"version",     false}, true,  cell_version},
	{{"clock",       false}, true,  cell_clock},
	{{"backlog",     true},  false, cell_backlog},
	{{"arrived",     true},  false, cell_arrived},
	{{"store",       true},  true,  cell_store},
	{{"written/day", true},  true,  cell_written},
	{{"card left",   true},  true,  cell_card},
	{{"certificate", true},  true,  cell_certificate},
};
/* clang-format on */

enum { MIDDLE_COUNT = sizeof(middle) / sizeof(middle[0]) };

enum why_place { WHY_IN_ONE_CELL, WHY_LAST, WHY_BELOW, WHY_PLACE_COUNT };

/* The table on its way: which columns, and where why is told. */
struct gateways_view {
	struct terminal terminal;
	enum why_place why;
	struct table_column columns[MIDDLE_COUNT + 2];
	size_t columns_count;
	struct table *table;
};

static bool is_shown(const struct gateways_view *view, const struct middle_column *column)
{
	return !column->is_wide || view->terminal.columns >= ALL_COLUMNS_MIN;
}

static void open_view(struct gateways_view *view, enum why_place why)
{
	*view = (struct gateways_view){.terminal = terminal_of(stdout), .why = why};
	if (!view->terminal.interactive)
		view->terminal.columns = SIZE_MAX; /* a file's lines are not cut */
	view->columns[view->columns_count++] = (struct table_column){"level", false};
	for (size_t i = 0; i < MIDDLE_COUNT; i++)
		if (is_shown(view, &middle[i]))
			view->columns[view->columns_count++] = middle[i].column;
	if (why != WHY_BELOW)
		view->columns[view->columns_count++] = (struct table_column){"why", false};
	view->table = table_new(view->columns, view->columns_count);
}

/* A row with nothing but a reason. */
static void add_reason(struct gateways_view *view, const char *reason)
{
	size_t place = view->why == WHY_BELOW ? 1 : view->columns_count - 1;
	for (size_t i = 0; i < view->columns_count; i++)
		table_cell(view->table, TINT_PLAIN, "%s", i == place ? reason : "");
}

static void add_why(struct gateways_view *view, const struct verdict *verdict)
{
	char why[VERDICT_WHY_BYTES_MAX];
	size_t first = view->why == WHY_BELOW ? 0 : 1; /* of those with a row of their own */
	verdict_why(verdict, why);
	if (view->why == WHY_IN_ONE_CELL)
		table_cell(view->table, TINT_PLAIN, "%s", why);
	if (view->why == WHY_LAST)
		table_cell(view->table, TINT_PLAIN, "%s", verdict->reasons[0]);
	for (size_t i = first; i < verdict->reasons_count && view->why != WHY_IN_ONE_CELL; i++)
		add_reason(view, verdict->reasons[i]);
}

static void add_to_view(struct gateways_view *view, const struct shown *shown)
{
	static const enum tint tints[] = {TINT_GOOD, TINT_WARN, TINT_BAD, TINT_BAD};
	table_cell(view->table, tints[shown->verdict.level], "%s",
		gateways_level_name(shown->verdict.level));
	for (size_t i = 0; i < MIDDLE_COUNT; i++) {
		char text[CELL_BYTES_MAX] = "-";
		if (!is_shown(view, &middle[i]))
			continue;
		middle[i].write(shown, text);
		table_cell(view->table, TINT_PLAIN, "%s", text);
	}
	add_why(view, &shown->verdict);
}

/* In a file a line a gateway. On a terminal a line a reason, in the last column, or where that
 * would be cut below the gateway's name. */
static void print_table(const struct shown *shown, size_t count)
{
	struct gateways_view view;
	bool is_done = false;
	enum why_place why = terminal_of(stdout).interactive ? WHY_LAST : WHY_IN_ONE_CELL;
	for (; !is_done; why = WHY_BELOW) {
		open_view(&view, why);
		for (size_t i = 0; i < count; i++)
			add_to_view(&view, &shown[i]);
		is_done = why != WHY_LAST || table_width(view.table) <= view.terminal.columns;
		if (is_done)
			table_print(view.table, &view.terminal, stdout);
		table_free(view.table);
	}
}

/* ---- all ---- */

static int print_all(const struct gateways_options *options, const struct archive_gateway *gateways,
	size_t count)
{
	enum gateways_exit worst = GATEWAYS_OK;
	size_t shown_count = 0;
	int64_t now_wall_ms = program_wall_ms();
	struct shown *shown = calloc(count + 1, sizeof(*shown));
	for (size_t i = 0; i < count && shown; i++) {
		if (options->gateway && strcmp(options->gateway, gateways[i].name) != 0)
			continue;
		struct verdict verdict = gateway_judge(&gateways[i], &options->limits, now_wall_ms);
		shown[shown_count++] = (struct shown){&gateways[i], verdict, now_wall_ms};
		worst = verdict.level > worst ? verdict.level : worst;
	}
	for (size_t i = 0; i < shown_count && options->json; i++)
		print_json(&shown[i]);
	if (!options->json && shown_count > 0)
		print_table(shown, shown_count);
	if (shown_count == 0)
		fprintf(stderr, "byport-city gateways: %s is not known\n",
			options->gateway ? options->gateway : "any gateway");
	free(shown);
	return shown_count > 0 ? (int)worst : GATEWAYS_UNKNOWN;
}

int gateways_run(int argc, char **argv)
{
	struct gateways_options options = {
		.store = ARCHIVE_STORE_DEFAULT,
		.limits = {.warning_s = WARNING_S,
			   .critical_s = CRITICAL_S,
			   .expiry_warning_days = EXPIRY_WARNING_DAYS,
			   .expiry_critical_days = EXPIRY_CRITICAL_DAYS,
			   .card_warning_percent = CARD_WARNING_PERCENT}
        };
	struct archive_store *store = NULL;
	struct archive_gateway *gateways = NULL;
	char reason[ARCHIVE_REASON_MAX];
	size_t count = 0;
	int operand, status;
	if (!options_read(&table_of_options, argc, argv, &options, &operand, &status))
		return status == CITY_OK ? GATEWAYS_OK : GATEWAYS_UNKNOWN;
	if (archive_store_look(options.store, &store, reason) != ARCHIVE_OK) {
		fprintf(stderr, "byport-city gateways: %s: %s\n", options.store, reason);
		return GATEWAYS_UNKNOWN;
	}
	status = GATEWAYS_UNKNOWN;
	if (archive_store_gateways(store, &gateways, &count) == ARCHIVE_OK)
		status = print_all(&options, gateways, count);
	else
		fprintf(stderr, "byport-city gateways: %s\n", archive_store_reason(store));
	free(gateways);
	archive_store_close(store);
	return status;
}
