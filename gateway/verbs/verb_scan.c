/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verb_scan.c -- `byport scan`: who answers on a line, and which meter it is.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/model_library.h"
#include "gateway/control_bus.h"
#include "gateway/terminal.h"
#include "gateway/verbs/read_source.h"
#include "gateway/verbs/scan_config.h"
#include "gateway/verbs/scan_print.h"
#include "gateway/verbs/scan_speeds.h"
#include "gateway/verbs/verb.h"

enum scan_option {
	OPTION_CONFIG,
	OPTION_SOCKET,
	OPTION_MODELS,
	OPTION_PORT,
	OPTION_BAUD,
	OPTION_PARITY,
	OPTION_STOP_BITS,
	OPTION_TCP,
	OPTION_RTU_OVER_TCP,
	OPTION_ADDRESSES,
	OPTION_TIMEOUT,
	OPTION_ALL_SPEEDS,
	OPTION_SAVE,
	OPTION_JSON,
	OPTION_COUNT
};

/* clang-format off */
static const struct verb_option options[] = {
	[OPTION_CONFIG]       = {"config", "FILE", "the configuration BUS stands in"},
	[OPTION_SOCKET]       = {"socket", "PATH", "the daemon's control socket"},
	[OPTION_MODELS]       = {"models", "DIRECTORY", "a directory of models of your own"},
	[OPTION_PORT]         = {"port", "DEVICE", "the serial port of an RS-485 line"},
	[OPTION_BAUD]         = {"baud", "N", "its speed; 19200 without"},
	[OPTION_PARITY]       = {"parity", "N|E|O", "its parity; E without"},
	[OPTION_STOP_BITS]    = {"stop-bits", "1|2", "its stop bits; 1 without"},
	[OPTION_TCP]          = {"tcp", "HOST[:PORT]", "a Modbus TCP device or gateway"},
	[OPTION_RTU_OVER_TCP] = {"rtu-over-tcp", "HOST:PORT", "a serial server that passes RTU frames through"},
	[OPTION_ADDRESSES]    = {"addresses", "A[-B]", "which addresses; 1-247 without"},
	[OPTION_TIMEOUT]      = {"timeout", "MS", "how long to wait for each, 20 to 5000; 300 without"},
	[OPTION_ALL_SPEEDS]   = {"all-speeds", NULL, "other speeds and parities too, the usual ones first"},
	[OPTION_SAVE]         = {"save", "FILE", "write the meters found into this configuration"},
	[OPTION_JSON]         = {"json", NULL, "one JSON object a device found, a line each"},
	[OPTION_COUNT]        = {0},
};
/* clang-format on */

static const struct verb_usage usage = {
	.name = "scan",
	.synopsis = "[--config FILE] [--addresses A-B] BUS\n"
		    "       byport scan --port DEVICE|--tcp HOST [--all-speeds] [--save FILE]",
	.help = "Finds the devices on a line and says which meters they are. On the running "
		"gateway's\n"
		"line only where it costs no meter a period; else on a line opened for it. Nothing "
		"is\n"
		"ever written to a device. Ctrl-C ends it, and what was found is shown.\n"
		"Exit status: 0 some found, 1 none, 2 not understood, 3 no line, no access.",
	.options = options,
};

enum { BUSY_PERCENT_MAX = 90, BUSY_PERCENT_TOLD = 60, FOUND_MAX = 1024 };

struct scan_choice {
	struct read_options source;
	struct scan_range range;
	long timeout_ms;
	const char *save;
	bool all_speeds;
	bool json;
};

struct scan {
	const struct scan_choice *choice;
	struct read_source source;
	struct model_library *library;
	const struct meter_model **models;
	size_t models_count;
	struct scan_config config; /* path NULL: none */
	const char *bus;           /* the configuration's id, or "line" */
	struct scan_progress progress;
	struct scan_found *found;
	size_t found_count;
};

/* ---- the models ---- */

static bool load_models(struct scan *scan)
{
	struct diagnostics diagnostics = {0};
	size_t count = 0;
	const char *directory = scan->choice->source.models_directory;
	if (directory == NULL && scan->source.loaded != NULL)
		directory = scan->source.loaded->config->models_directory;
	scan->library = model_library_open(directory);
	if (scan->library == NULL)
		return false;
	while (model_library_name(scan->library, count) != NULL)
		count++;
	scan->models = calloc(count + 1, sizeof(*scan->models));
	for (size_t i = 0; scan->models != NULL && i < count; i++) {
		const struct meter_model *model = model_library_find(
			scan->library, model_library_name(scan->library, i), &diagnostics);
		if (model != NULL)
			scan->models[scan->models_count++] = model;
	}
	diagnostics_print(&diagnostics, stderr, false);
	diagnostics_clear(&diagnostics);
	return scan->models != NULL;
}

/* ---- one line ---- */

static bool go_on(void *context, uint8_t address, size_t asked)
{
	struct scan *scan = context;
	(void)address;
	scan_progress_show(&scan->progress, asked, scan->found_count);
	return verb_wait_ms(0);
}

static const char *known_as(const struct scan *scan, const struct scan_found *found)
{
	return scan->config.path != NULL
		       ? scan_config_meter(&scan->config, scan->bus, found->address)
		       : NULL;
}

static void take_found(void *context, const struct scan_found *found)
{
	struct scan *scan = context;
	if (scan->found_count >= FOUND_MAX)
		return;
	scan->found[scan->found_count++] = *found;
	scan_progress_clear(&scan->progress);
	if (scan->choice->json)
		scan_print_json(found, known_as(scan, found));
}

static enum scan_end scan_at(struct scan *scan, const struct bus_line *line)
{
	struct scan_line run = {.bus = scan->source.bus,
		.line = *line,
		.range = scan->choice->range,
		.timeout_ms = (uint32_t)scan->choice->timeout_ms,
		.models = scan->models,
		.models_count = scan->models_count,
		.go_on = go_on,
		.found = take_found,
		.context = scan};
	return scan_line_run(&run);
}

/* ---- how long it takes ---- */

/* The load of the daemon's line in percent; -1: not known, or the line is our own. */
static double load_of(const struct scan *scan)
{
	char error[CONTROL_ERROR_MAX];
	double load = -1;
	size_t index;
	const json_t *bus;
	if (scan->source.client == NULL)
		return -1;
	json_t *status = control_client_ask(scan->source.client,
		json_pack("{s:s}", "request", "status"), ASK_TIMEOUT_MS, error);
	json_array_foreach(json_object_get(status, "buses"), index,
		bus) if (strcmp(json_text_at(bus, "id"), scan->source.bus_id) == 0) load =
		json_number_at(bus, "load_percent", -1);
	json_decref(status);
	return load;
}

/* False: there is no room; said. */
static bool estimate(struct scan *scan, size_t lines)
{
	const struct scan_range range = scan->choice->range;
	size_t addresses = (size_t)(range.last - range.first + 1) * lines;
	double load = load_of(scan), busy = load > 0 ? load / 100 : 0;
	double seconds = (double)addresses * (double)scan->choice->timeout_ms / 1000 / (1 - busy);
	if (load > BUSY_PERCENT_MAX) {
		fprintf(stderr,
			"byport scan: the meters of `%s` take %.0f %% of its time; that leaves no "
			"room. Fewer quantities or longer periods make some; or stop the "
			"gateway.\n",
			scan->bus, load);
		return false;
	}
	if (load > BUSY_PERCENT_TOLD)
		fprintf(stderr,
			"The meters of `%s` take %.0f %% of its time: what is left is used, and it "
			"takes longer. No meter loses a period.\n",
			scan->bus, load);
	scan->progress = (struct scan_progress){
		.terminal = terminal_of(stderr), .addresses = addresses, .expected_s = seconds};
	scan_progress_begin(&scan->progress);
	return true;
}

/* ---- all of it ---- */

static enum scan_end run_all(struct scan *scan)
{
	struct bus_line lines[SCAN_SPEEDS_MAX];
	const char *reason = "";
	size_t count = scan->choice->all_speeds ? scan_speeds(&scan->source.line, lines) : 1;
	enum scan_end end = SCAN_DONE;
	lines[0] = scan->source.line;
	if (!estimate(scan, count))
		return SCAN_NO_LINE;
	for (size_t i = 0; i < count && end == SCAN_DONE; i++) {
		if (i > 0) {
			scan->source.bus->ops->close(scan->source.bus);
			scan->source.bus = modbus_bus_new(&lines[i]);
			if (scan->source.bus == NULL ||
				scan->source.bus->ops->open(scan->source.bus, &reason) != BUS_OK) {
				fprintf(stderr, "byport scan: %u %c: %s\n", lines[i].baud,
					lines[i].parity, reason);
				continue;
			}
		}
		scan->progress.line = lines[i];
		end = scan_at(scan, &lines[i]);
	}
	scan_progress_clear(&scan->progress);
	if (end == SCAN_GIVEN_UP)
		fprintf(stderr, "Ended before the last address.\n");
	else if (end == SCAN_NO_LINE)
		fprintf(stderr, "byport scan: %s: %s\n", scan->bus,
			scan->source.client != NULL ? control_bus_reason(scan->source.bus)
						    : "the line is gone");
	return end;
}

/* A line has one speed: the configuration's, else the one at which somebody answered first. */
static bool is_of_line(const struct scan *scan, const struct scan_found *found)
{
	const struct bus_line *own =
		scan->choice->all_speeds ? &scan->found[0].line : &scan->source.line;
	return scan_same_settings(&found->line, own) &&
	       (scan->config.path == NULL ||
		       scan_config_fits(&scan->config, scan->bus, &found->line));
}

/* A model that is only likely would count in wrong units unnoticed: a person puts it there. */
static bool is_to_save(const struct scan *scan, const struct scan_found *found)
{
	return scan->choice->save != NULL && found->candidates_count == 1 &&
	       found->candidates[0].confidence == IDENTIFY_CERTAIN;
}

/* Those that are no meters yet, and of which a model is known: to save, or to show. */
static size_t new_entries(const struct scan *scan, bool to_save, struct scan_entry *entries)
{
	const struct scan_config *config = scan->config.path != NULL ? &scan->config : NULL;
	size_t count = 0;
	for (size_t i = 0; i < scan->found_count; i++) {
		const struct scan_found *found = &scan->found[i];
		struct scan_entry *entry = &entries[count];
		if (known_as(scan, found) != NULL || found->presence != SCAN_ANSWERS ||
			found->candidates_count == 0 || !is_of_line(scan, found) ||
			is_to_save(scan, found) != to_save ||
			!scan_config_new_id(config, scan->bus, found->address, entry->id))
			continue;
		entry->bus = scan->bus;
		entry->found = found;
		count++;
	}
	return count;
}

/* What answers at other settings is told of: there it can be set, here it cannot be read. */
static void tell_of_others(const struct scan *scan)
{
	size_t others = 0;
	for (size_t i = 0; i < scan->found_count; i++)
		others += !is_of_line(scan, &scan->found[i]);
	if (others > 0)
		fprintf(stderr,
			"%zu answer at other settings than the line has: a line has one speed and "
			"parity; set the devices alike.\n",
			others);
}

/* False: it could not be written; said. */
static bool save(const struct scan *scan, struct scan_entry *entries)
{
	size_t count = new_entries(scan, true, entries);
	if (count > 0 && !scan_config_save(&scan->config, entries, count))
		return false;
	if (count > 0)
		fprintf(stderr, "%zu written into %s.\n", count, scan->config.path);
	else
		fprintf(stderr, "None that is new and certain: %s is as it was.\n",
			scan->config.path);
	return true;
}

static int conclude(const struct scan *scan)
{
	struct scan_entry *entries = calloc(FOUND_MAX, sizeof *entries);
	int status = scan->found_count > 0 ? VERB_OK : VERB_BAD;
	if (entries == NULL)
		return VERB_UNAVAILABLE;
	if (!scan->choice->json)
		scan_print(&(struct scan_report){.found = scan->found,
			.found_count = scan->found_count,
			.entries = entries,
			.entries_count = new_entries(scan, false, entries),
			.config = scan->config.path != NULL ? &scan->config : NULL,
			.bus = scan->bus,
			.line = &scan->source.line});
	if (scan->choice->save != NULL && !save(scan, entries))
		status = VERB_UNAVAILABLE;
	tell_of_others(scan);
	free(entries);
	return status;
}

/* The configuration that knows the line: --save's, else --config's, else the daemon's. */
static int open_config(struct scan *scan)
{
	const struct scan_choice *choice = scan->choice;
	const char *path = choice->save != NULL ? choice->save : choice->source.place.config;
	if (path == NULL && scan->source.loaded != NULL)
		path = scan->source.loaded->config->file;
	if (path != NULL && !scan_config_open(path, &scan->config))
		return VERB_UNAVAILABLE;
	scan->bus = scan->config.path != NULL ? scan_config_bus(&scan->config, &scan->source.line)
					      : NULL;
	if (scan->bus == NULL && choice->save != NULL) {
		fprintf(stderr, "byport scan: no bus of %s is on %s; add it under `buses` first\n",
			path,
			scan->source.line.device != NULL ? scan->source.line.device
							 : scan->source.line.host);
		return VERB_BAD;
	}
	if (scan->bus == NULL)
		scan->bus = choice->source.bus != NULL ? choice->source.bus : "line";
	return VERB_OK;
}

static int run(struct scan *scan)
{
	int status = open_config(scan);
	if (status != VERB_OK)
		return status;
	if (scan->source.client != NULL && scan->choice->all_speeds) {
		fprintf(stderr,
			"byport scan: `%s` is the running gateway's; its meters would be silent at "
			"another speed. Stop the gateway first, or leave --all-speeds out.\n",
			scan->bus);
		return VERB_UNAVAILABLE;
	}
	scan->found = calloc(FOUND_MAX, sizeof *scan->found);
	if (scan->found == NULL || !load_models(scan)) {
		fprintf(stderr, "byport scan: out of memory\n");
		return VERB_UNAVAILABLE;
	}
	if (scan->source.client != NULL)
		control_bus_be_spare(scan->source.bus);
	verb_catch_ends();
	enum scan_end end = run_all(scan);
	status = conclude(scan);
	return end == SCAN_NO_LINE ? VERB_UNAVAILABLE : status;
}

/* ---- options ---- */

/* "5", "1-32" */
static bool parse_addresses(const char *text, struct scan_range *ret_range)
{
	unsigned first, last;
	char rest;
	int count = sscanf(text, "%u-%u%c", &first, &last, &rest);
	if (count == 1 && sscanf(text, "%u%c", &first, &rest) == 1)
		last = first;
	else if (count != 2)
		return false;
	if (first < 1 || last > SCAN_ADDRESSES_MAX || first > last)
		return false;
	*ret_range = (struct scan_range){(uint8_t)first, (uint8_t)last};
	return true;
}

static int read_options(int argc, char **argv, struct scan_choice *choice)
{
	const char *argument;
	int option;
	while ((option = verb_option_next(&usage, argc, argv, &argument)) >= 0) {
		if (option == OPTION_JSON)
			choice->json = true;
		else if (option == OPTION_ALL_SPEEDS)
			choice->all_speeds = true;
		else if (option == OPTION_SAVE)
			choice->save = argument;
		else if (option == OPTION_ADDRESSES && !parse_addresses(argument, &choice->range))
			return verb_misused(&usage,
				"`--addresses %s`: one address, or two with - between, 1 to %d",
				argument, SCAN_ADDRESSES_MAX);
		else if (option == OPTION_TIMEOUT &&
			 (!verb_number(argument, SCAN_TIMEOUT_MS_MAX, &choice->timeout_ms) ||
				 choice->timeout_ms < SCAN_TIMEOUT_MS_MIN))
			return verb_misused(&usage, "`--timeout %s`: %d to %d milliseconds",
				argument, SCAN_TIMEOUT_MS_MIN, SCAN_TIMEOUT_MS_MAX);
		else if (option != OPTION_ADDRESSES && option != OPTION_TIMEOUT)
			*read_options_place(&choice->source, options[option].name) = argument;
	}
	return option == VERB_OPTIONS_END ? -1 : verb_option_exit(option);
}

static int check_options(const struct scan_choice *choice, int operands)
{
	const struct read_options *source = &choice->source;
	int lines = read_options_lines(source);
	if (operands > 1)
		return verb_misused(&usage, "one BUS at a time");
	if (operands + lines != 1)
		return verb_misused(&usage,
			"a BUS of the configuration, or one of --port, --tcp, --rtu-over-tcp");
	if (choice->all_speeds && (source->tcp != NULL || source->rtu_over_tcp != NULL))
		return verb_misused(&usage, "--all-speeds is for serial ports");
	return read_options_check_line(source, &usage);
}

int verb_scan(int argc, char **argv)
{
	struct scan_choice choice = {
		.source = {.verb = "scan"     },
		.range = { 1, SCAN_ADDRESSES_MAX},
		.timeout_ms = SCAN_TIMEOUT_MS_DEFAULT
        };
	struct scan scan = {.choice = &choice};
	int status = read_options(argc, argv, &choice);
	if (status < 0)
		status = check_options(&choice, argc - optind);
	if (status >= 0)
		return status;
	choice.source.bus = argv[optind];
	status = read_source_open(&choice.source, &scan.source);
	if (status != VERB_OK)
		return status;
	status = run(&scan);
	free(scan.found);
	free(scan.models);
	model_library_close(scan.library);
	scan_config_close(&scan.config);
	read_source_close(&scan.source);
	return status;
}
