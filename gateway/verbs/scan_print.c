/* SPDX-License-Identifier: Apache-2.0 */
/* scan_print.c -- scan_print.h. */
#include "gateway/verbs/scan_print.h"

#include <jansson.h>
#include <string.h>
#include <time.h>

#include "gateway/verbs/scan_speeds.h"

enum { MODEL_TEXT_MAX = 96, NOTE_TEXT_MAX = 200 };

/* ---- progress ---- */

static double now_s(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void scan_progress_begin(struct scan_progress *progress)
{
	char age[16];
	progress->began_mono_s = now_s();
	age_print(age, progress->expected_s);
	fprintf(stderr, "Asking %zu address%s; with nobody there it takes %s.\n",
		progress->addresses, progress->addresses == 1 ? "" : "es", age);
}

void scan_progress_show(struct scan_progress *progress, size_t asked, size_t found)
{
	char left[16];
	if (asked < progress->asked)
		progress->done_before += progress->asked + 1;
	progress->asked = asked;
	if (!progress->terminal.interactive)
		return;
	size_t done = progress->done_before + asked;
	double spent_s = now_s() - progress->began_mono_s;
	double left_s = done > 0 ? spent_s / (double)done * (double)(progress->addresses - done)
				 : progress->expected_s;
	age_print(left, left_s);
	fprintf(stderr, "\r\033[K%zu of %zu, %zu found, about %s left", done, progress->addresses,
		found, left);
	if (progress->line.kind == BUS_RTU)
		fprintf(stderr, " (%u %c)", progress->line.baud, progress->line.parity);
	fflush(stderr);
}

void scan_progress_clear(const struct scan_progress *progress)
{
	if (progress->terminal.interactive)
		fprintf(stderr, "\r\033[K");
}

/* ---- words ---- */

/* The first, and that there are others. */
static const char *model_of(const struct scan_found *found, char ret_text[static MODEL_TEXT_MAX])
{
	if (found->candidates_count == 0)
		return "not known";
	int length = snprintf(ret_text, MODEL_TEXT_MAX, "%s", found->candidates[0].model->name);
	if (found->candidates_count > 1)
		snprintf(ret_text + length, (size_t)(MODEL_TEXT_MAX - length), " or %zu more",
			found->candidates_count - 1);
	return ret_text;
}

static const char *note_of(const struct scan_found *found, char ret_text[static NOTE_TEXT_MAX])
{
	switch (found->presence) {
	case SCAN_TWICE:
		return "two devices on this address: give one of them another";
	case SCAN_GARBLED:
		return "something answers, never clearly: two devices, another speed, or noise";
	case SCAN_ANSWERS:
	case SCAN_SILENT:
		break;
	}
	const char *any = found->at_any_address ? "answers to any address; " : "";
	if (found->candidates_count == 0)
		snprintf(ret_text, NOTE_TEXT_MAX, "%s%s%s", any,
			found->text[0] != '\0' ? "it says: " : "no model's rules fit it",
			found->text);
	else
		snprintf(ret_text, NOTE_TEXT_MAX, "%s%s", any, found->candidates[0].meaning);
	return ret_text;
}

static const char *confidence_of(const struct scan_found *found)
{
	return found->candidates_count > 0
		       ? identify_confidence_text(found->candidates[0].confidence)
		       : "";
}

/* Where a model tells no place of a serial number, its identity cannot be known. */
static const char *serial_of(const struct scan_found *found)
{
	if (found->candidates_count == 0 || found->presence != SCAN_ANSWERS)
		return "";
	if (!found->has_serial_register)
		return "has none";
	return found->serial_number[0] != '\0' ? found->serial_number : "none told";
}

/* ---- the table ---- */

/* Whether somebody answered at other settings than the line's own. */
static bool any_other_line(const struct scan_report *report)
{
	for (size_t i = 0; i < report->found_count; i++)
		if (!scan_same_settings(&report->found[i].line, report->line))
			return true;
	return false;
}

static void print_table(const struct scan_report *report, const struct terminal *terminal)
{
	static const struct table_column columns[] = {
		{"address",   true },
		{"meter",     false},
		{"model",     false},
		{"",          false},
		{"serial no", false},
		{"line",      false},
	};
	bool has_other = any_other_line(report);
	struct table *table =
		table_new(columns, sizeof columns / sizeof columns[0] - (has_other ? 0 : 1));
	for (size_t i = 0; i < report->found_count; i++) {
		const struct scan_found *found = &report->found[i];
		char model[MODEL_TEXT_MAX];
		const char *meter = report->config != NULL ? scan_config_meter(report->config,
								     report->bus, found->address)
							   : NULL;
		bool clear = found->presence == SCAN_ANSWERS;
		table_cell(table, TINT_BOLD, "%u", found->address);
		table_cell(table, TINT_GOOD, "%s", meter != NULL ? meter : "");
		table_cell(table, clear ? TINT_PLAIN : TINT_BAD, "%s",
			clear ? model_of(found, model) : "?");
		table_cell(table, TINT_DIM, "%s", confidence_of(found));
		table_cell(table, TINT_PLAIN, "%s", serial_of(found));
		if (has_other)
			table_cell(table, TINT_DIM, "%u %c", found->line.baud, found->line.parity);
	}
	table_print(table, terminal, stdout);
	table_free(table);
}

/* What is not certain has its reason below the table. */
static void print_doubts(const struct scan_report *report)
{
	const char *before = "\n";
	for (size_t i = 0; i < report->found_count; i++) {
		const struct scan_found *found = &report->found[i];
		char note[NOTE_TEXT_MAX];
		bool is_certain = found->presence == SCAN_ANSWERS && found->candidates_count == 1 &&
				  found->candidates[0].confidence == IDENTIFY_CERTAIN &&
				  !found->at_any_address;
		if (is_certain)
			continue;
		printf("%s%u: %s\n", before, found->address, note_of(found, note));
		for (size_t j = 1; j < found->candidates_count; j++)
			printf("    or %s\n", found->candidates[j].model->name);
		before = "";
	}
}

static void print_bus(const struct scan_report *report)
{
	const struct bus_line *line = &report->entries[0].found->line;
	printf("buses:\n  - id: %s\n", report->bus);
	if (line->kind == BUS_RTU)
		printf("    port: %s\n    baud: %u\n    parity: %c\n    stop_bits: %u\n",
			line->device, line->baud, line->parity, line->stop_bits);
	else
		printf("    %s: %s:%u\n", line->kind == BUS_TCP ? "tcp" : "rtu_over_tcp",
			line->host, line->tcp_port);
}

static void print_snippet(const struct scan_report *report)
{
	if (report->entries_count == 0)
		return;
	printf("\nFor the configuration; what is not certain, after a look at the display:\n\n");
	if (report->config == NULL)
		print_bus(report);
	printf("meters:\n");
	for (size_t i = 0; i < report->entries_count; i++)
		scan_entry_print(stdout, &report->entries[i], "  - ", "\n");
}

void scan_print(const struct scan_report *report)
{
	struct terminal terminal = terminal_of(stdout);
	if (report->found_count == 0) {
		printf("Nobody answered. A device speaks only when it is asked: power, address, A "
		       "and B, and\nspeed cannot be told apart from here; --all-speeds tries "
		       "other speeds.\n");
		return;
	}
	print_table(report, &terminal);
	print_doubts(report);
	print_snippet(report);
}

/* ---- for programs ---- */

void scan_print_json(const struct scan_found *found, const char *meter)
{
	static const char *const presences[] = {[SCAN_SILENT] = "silent",
		[SCAN_ANSWERS] = "answers",
		[SCAN_GARBLED] = "garbled",
		[SCAN_TWICE] = "twice"};
	json_t *models = json_array();
	const char parity[] = {found->line.parity, '\0'};
	bool is_serial = found->line.kind == BUS_RTU;
	char note[NOTE_TEXT_MAX];
	for (size_t i = 0; i < found->candidates_count; i++)
		json_array_append_new(models, json_string(found->candidates[i].model->name));
	json_t *object = json_pack("{s:i, s:s, s:o, s:s?, s:s?, s:s?, s:s, s:s, s:i}", "address",
		found->address, "presence", presences[found->presence], "models", models,
		"confidence", found->candidates_count > 0 ? confidence_of(found) : NULL,
		"serial_number", found->serial_number[0] != '\0' ? found->serial_number : NULL,
		"meter", meter, "device_id", found->text, "why", note_of(found, note), "answer_ms",
		(int)found->answer_ms);
	if (is_serial) {
		json_object_set_new(object, "baud", json_integer(found->line.baud));
		json_object_set_new(object, "parity", json_string(parity));
	}
	json_dumpf(object, stdout, JSON_COMPACT);
	puts("");
	fflush(stdout);
	json_decref(object);
}
