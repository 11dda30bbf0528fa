/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateways.c -- The verb `byport-city gateways`: how each gateway is, as the
 * archive knows it, for people and for monitors.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "city/archive.h"
#include "city/archive_store.h"
#include "city/json_puts.h"
#include "city/options.h"
#include "city/program.h"
#include "gateway/json_instant.h"

enum {
	WARNING_S = 900,
	CRITICAL_S = 3600,
	LINE_BYTES_MAX = 1024,
	WHY_BYTES_MAX = 200,
};

struct gateways_options {
	const char *store;
	const char *gateway; /* NULL: all */
	int64_t warning_s;
	int64_t critical_s;
	bool json;
};

#define AT(member) offsetof(struct gateways_options, member)

/* clang-format off */
static const struct option_row rows[] = {
	{"store",    OPTION_TEXT,    AT(store),      "WHERE",   ARCHIVE_STORE_HELP},
	{"gateway",  OPTION_TEXT,    AT(gateway),    "NAME",    "only this one: city/site/gateway"},
	{"warning",  OPTION_SECONDS, AT(warning_s),  "SECONDS", "a warning when not seen for so long (900)"},
	{"critical", OPTION_SECONDS, AT(critical_s), "SECONDS", "critical when not seen for so long (3600)"},
	{"json",     OPTION_SWITCH,  AT(json),       NULL,      "one JSON object a gateway"},
};
/* clang-format on */

static const struct option_table table = {
	.verb = "gateways",
	.about = "How each gateway is. Exit status 0: all are well; 1: a warning; 2: critical;\n"
		 "3: not known.\n",
	.rows = rows,
	.rows_count = sizeof(rows) / sizeof(rows[0]),
};

/* What it is, and why, in words. */
struct verdict {
	enum gateways_exit level;
	char why[WHY_BYTES_MAX];
};

static const char *level_name(enum gateways_exit level)
{
	static const char *const names[] = {"ok", "warning", "critical", "unknown"};
	return names[level];
}

static void find(struct verdict *verdict, enum gateways_exit level, const char *why)
{
	size_t length = strlen(verdict->why);
	snprintf(verdict->why + length, sizeof(verdict->why) - length, "%s%s",
		length > 0 ? ", " : "", why);
	if (level > verdict->level)
		verdict->level = level;
}

static struct verdict judge(const struct archive_gateway *gateway,
	const struct gateways_options *options, int64_t now_wall_ms)
{
	struct verdict verdict = {.level = GATEWAYS_OK};
	char text[96];
	int64_t silent_s = (now_wall_ms - gateway->last_seen_wall_ms) / 1000;
	int64_t missing = 0;
	for (unsigned i = 0; i < STREAM_COUNT; i++)
		missing += gateway->expected[i] - gateway->arrived[i];
	snprintf(text, sizeof(text), "not seen for %" PRId64 " s", silent_s);
	if (silent_s >= options->critical_s)
		find(&verdict, GATEWAYS_CRITICAL, text);
	else if (silent_s >= options->warning_s)
		find(&verdict, GATEWAYS_WARNING, text);
	if (strcmp(gateway->presence, "offline") == 0)
		find(&verdict, GATEWAYS_WARNING, "offline");
	if (strcmp(gateway->clock, "unknown") == 0)
		find(&verdict, GATEWAYS_WARNING, "does not know the time");
	snprintf(text, sizeof(text), "%" PRId64 " rows missing", missing);
	if (missing > 0)
		find(&verdict, GATEWAYS_WARNING, text);
	snprintf(text, sizeof(text), "%" PRId64 " messages refused", gateway->refused);
	if (gateway->refused > 0)
		find(&verdict, GATEWAYS_WARNING, text);
	snprintf(text, sizeof(text), "%" PRId64 " conflicts", gateway->conflicts);
	if (gateway->conflicts > 0)
		find(&verdict, GATEWAYS_CRITICAL, text);
	return verdict;
}

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

static void print_json(const struct archive_gateway *gateway, const struct verdict *verdict)
{
	char line[LINE_BYTES_MAX];
	struct json_writer writer;
	json_writer_begin(&writer, (struct json_buffer){line, sizeof(line)});
	json_writer_open_object(&writer);
	json_put_text(&writer, "gateway", gateway->name);
	json_put_text(&writer, "level", level_name(verdict->level));
	json_put_text(&writer, "why", verdict->why);
	json_put_instant(&writer, "last_seen", gateway->last_seen_wall_ms);
	json_put_text(&writer, "state", gateway->presence);
	json_put_text(&writer, "version", gateway->version);
	json_put_text(&writer, "clock", gateway->clock);
	json_put_text(&writer, "store", gateway->store);
	json_put_number(&writer, "backlog_energy", gateway->backlog_energy);
	json_put_number(&writer, "backlog_trends", gateway->backlog_trends);
	json_put_number(&writer, "store_bytes", gateway->store_bytes);
	put_streams(&writer, gateway);
	json_put_number(&writer, "conflicts", gateway->conflicts);
	json_put_number(&writer, "refused", gateway->refused);
	json_writer_close_object(&writer);
	json_writer_end(&writer);
	puts(line);
}

static void print_line(const struct archive_gateway *gateway, const struct verdict *verdict)
{
	char seen[INSTANT_TEXT_MAX], backlog[48] = "-";
	json_instant_print(seen, gateway->last_seen_wall_ms / 1000 * 1000);
	if (gateway->backlog_energy >= 0)
		snprintf(backlog, sizeof(backlog), "%" PRId64 "+%" PRId64, gateway->backlog_energy,
			gateway->backlog_trends);
	printf("%-8s %-32s %-20s %-8s %-12s %9s %10" PRId64 "/%-10" PRId64 " %s\n",
		level_name(verdict->level), gateway->name, seen, gateway->version, gateway->clock,
		backlog, gateway->arrived[STREAM_ENERGY], gateway->expected[STREAM_ENERGY],
		verdict->why);
}

static int print_all(const struct gateways_options *options, const struct archive_gateway *gateways,
	size_t count)
{
	int worst = GATEWAYS_OK;
	size_t shown = 0;
	if (!options->json)
		printf("%-8s %-32s %-20s %-8s %-12s %9s %10s/%-10s %s\n", "level", "gateway",
			"last seen", "version", "clock", "backlog", "arrived", "expected", "why");
	for (size_t i = 0; i < count; i++) {
		if (options->gateway && strcmp(options->gateway, gateways[i].name) != 0)
			continue;
		struct verdict verdict = judge(&gateways[i], options, program_wall_ms());
		(options->json ? print_json : print_line)(&gateways[i], &verdict);
		worst = (int)verdict.level > worst ? (int)verdict.level : worst;
		shown++;
	}
	if (shown == 0)
		fprintf(stderr, "byport-city gateways: %s is not known\n",
			options->gateway ? options->gateway : "any gateway");
	return shown > 0 ? worst : GATEWAYS_UNKNOWN;
}

int gateways_run(int argc, char **argv)
{
	struct gateways_options options = {
		.store = ARCHIVE_STORE_DEFAULT, .warning_s = WARNING_S, .critical_s = CRITICAL_S};
	struct archive_store *store = NULL;
	struct archive_gateway *gateways = NULL;
	char reason[ARCHIVE_REASON_MAX];
	size_t count = 0;
	int operand, status;
	if (!options_read(&table, argc, argv, &options, &operand, &status))
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
