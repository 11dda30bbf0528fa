/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verb_simulate.c -- `byport simulate`: meters made from models, on
 * pseudo-terminals and TCP ports. What the options mean; the work is done in
 * gateway/simulate.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/json_instant.h"
#include "gateway/simulate/school_site.h"
#include "gateway/simulate/simulation_commands.h"
#include "gateway/simulate/simulation_file.h"
#include "gateway/simulate/simulation_loop.h"
#include "gateway/simulate/simulation_report.h"
#include "gateway/verbs/verb.h"

enum { SECONDS_MAX = 10000000 };

/* All that the options have said so far. */
struct ask {
	struct simulation_spec spec;
	struct line_spec *line;     /* the one further options belong to; NULL: none yet */
	struct device_spec *device; /* the same */
	struct line_spec early;     /* devices named before any line */
	bool line_by_default;
	const char *scenario;
	const char *link; /* named before any line: of the first, or the school's RS-485 line */
	const char *log;
	bool json;
	struct simulation_loop_settings loop;
	struct school_config config;
	char reason[SPEC_REASON_MAX];
};

static bool refuse(struct ask *ask, const char *text)
{
	snprintf(ask->reason, sizeof(ask->reason), "%s", text);
	return false;
}

static bool add_line(struct ask *ask, enum line_kind kind)
{
	ask->line = spec_add_line(&ask->spec, kind);
	ask->device = NULL;
	return ask->line != NULL || refuse(ask, "there are 256 lines at most");
}

/* Devices that were named before a line belong to the first one. */
static struct line_spec *line_of(struct ask *ask)
{
	return ask->line != NULL ? ask->line : &ask->early;
}

static bool set_line(struct ask *ask, const char *key, const char *text)
{
	if (ask->line == NULL && !add_line(ask, LINE_PTY))
		return false;
	return line_spec_set(ask->line, key, text, ask->reason);
}

static bool add_device(struct ask *ask)
{
	ask->device = spec_add_device(line_of(ask));
	return ask->device != NULL || refuse(ask, "there are 247 devices on one line at most");
}

static bool set_device(struct ask *ask, const char *key, const char *text)
{
	if (ask->device == NULL)
		return refuse(ask, "name the device first, with --model or --device");
	return device_spec_set(ask->device, key, text, ask->reason);
}

/* --- one function an option --------------------------------------------------- */

static bool take_model(struct ask *ask, const char *text)
{
	return add_device(ask) && set_device(ask, "model", text);
}

static bool take_device(struct ask *ask, const char *text)
{
	return add_device(ask) && device_spec_parse(ask->device, text, ask->reason);
}

static bool take_address(struct ask *ask, const char *text)
{
	return set_device(ask, "address", text);
}

static bool take_values(struct ask *ask, const char *text)
{
	return set_device(ask, "values", text);
}

static bool take_fault(struct ask *ask, const char *text)
{
	return set_device(ask, "fault", text);
}

static bool take_csv(struct ask *ask, const char *text)
{
	return set_device(ask, "csv", text);
}

static bool take_column(struct ask *ask, const char *text)
{
	return set_device(ask, "column", text);
}

static bool take_time_column(struct ask *ask, const char *text)
{
	return set_device(ask, "time-column", text);
}

static bool take_interpolate(struct ask *ask, const char *text)
{
	(void)text;
	return set_device(ask, "interpolate", "yes");
}

static bool take_pty(struct ask *ask, const char *text)
{
	(void)text;
	return add_line(ask, LINE_PTY);
}

static bool take_link(struct ask *ask, const char *text)
{
	if (ask->line != NULL)
		return set_line(ask, "link", text);
	ask->link = text; /* of the first line, whoever brings it */
	return strlen(text) < LINE_PATH_MAX || refuse(ask, "a path of at most 255 characters");
}

static bool take_tcp(struct ask *ask, const char *text)
{
	return add_line(ask, LINE_TCP) && set_line(ask, "listen", text);
}

static bool take_rtu_over_tcp(struct ask *ask, const char *text)
{
	return add_line(ask, LINE_RTU_OVER_TCP) && set_line(ask, "listen", text);
}

static bool take_baud(struct ask *ask, const char *text)
{
	return set_line(ask, "baud", text);
}

static bool take_answer_ms(struct ask *ask, const char *text)
{
	return set_line(ask, "answer-ms", text);
}

static bool take_scenario(struct ask *ask, const char *text)
{
	ask->scenario = text;
	return true;
}

static bool take_speed(struct ask *ask, const char *text)
{
	return spec_integer(text, 0, SPEC_SPEED_MAX, &ask->spec.speed) ||
	       refuse(ask, "allowed are whole numbers from 0 to 10000000");
}

static bool take_seed(struct ask *ask, const char *text)
{
	int64_t seed = 0;
	if (!spec_integer(text, 0, INT64_MAX, &seed))
		return refuse(ask, "allowed are whole numbers");
	ask->spec.seed = (uint64_t)seed;
	return true;
}

static bool take_start(struct ask *ask, const char *text)
{
	ask->spec.has_start = true;
	return json_instant_parse(text, &ask->spec.start_ms) ||
	       refuse(ask, "allowed is an instant such as 2026-11-23T06:30:00Z");
}

static bool take_time_of_day(struct ask *ask, const char *text)
{
	ask->spec.has_time_of_day = true;
	return spec_time_of_day(text, &ask->spec.time_of_day_s) ||
	       refuse(ask, "allowed is HH:MM, or HH:MM:SS");
}

static bool take_paused(struct ask *ask, const char *text)
{
	(void)text;
	ask->spec.paused = true;
	return true;
}

static bool take_models(struct ask *ask, const char *text)
{
	ask->spec.models_directory = text;
	return true;
}

static bool take_log(struct ask *ask, const char *text)
{
	ask->log = text;
	return true;
}

static bool take_commands(struct ask *ask, const char *text)
{
	(void)text;
	ask->loop.commands = true;
	return true;
}

static bool take_control(struct ask *ask, const char *text)
{
	ask->loop.control_path = text;
	return true;
}

static bool take_for(struct ask *ask, const char *text)
{
	int64_t seconds = 0;
	if (!spec_integer(text, 1, SECONDS_MAX, &seconds))
		return refuse(ask, "allowed is a number of seconds");
	ask->loop.for_ms = seconds * 1000;
	return true;
}

static bool take_write_config(struct ask *ask, const char *text)
{
	ask->config.directory = text;
	return true;
}

static bool take_broker(struct ask *ask, const char *text)
{
	ask->config.broker = text;
	return true;
}

static bool take_json(struct ask *ask, const char *text)
{
	(void)text;
	ask->json = true;
	return true;
}

/* clang-format off */
static const struct verb_option options[] = {
	/* name          argument           what it does */
	{"scenario",     "school|FILE",     "the built-in school, or a YAML file of lines and devices"},
	{"model",        "MODEL",           "a device of this model (`byport models` lists them)"},
	{"address",      "N",               "its Modbus address; else 1"},
	{"values",       "PLACE",           "what it shows: a place in the school (building, kitchen, heat ...) or `fixed`"},
	{"csv",          "FILE",            "what it shows: a CSV of readings, each valid until the next"},
	{"column",       "COLUMN=QUANTITY", "a column of the CSV and the quantity it is"},
	{"time-column",  "COLUMN",          "the column of instants; else the first"},
	{"interpolate",  NULL,              "straight lines between the readings of the CSV"},
	{"fault",        "FAULT",           "what is wrong with it: KIND[:ARGUMENT][*COUNT][@FROM-TO]"},
	{"device",       "MODEL@ADDRESS[,KEY=VALUE...]", "a device in one word; may be repeated"},
	{"pty",          NULL,              "a serial line on a pseudo-terminal; the default"},
	{"link",         "PATH",            "a symbolic link to the pseudo-terminal"},
	{"tcp",          "HOST:PORT",       "a Modbus TCP device; port 0 lets the kernel choose"},
	{"rtu-over-tcp", "HOST:PORT",       "a serial server that passes RTU frames through"},
	{"baud",         "N",               "pace the line as a wire of this speed, 11 bits a character"},
	{"answer-ms",    "N|MIN..MAX",      "how long devices think before they answer; else 0"},
	{"speed",        "N",               "simulated seconds a second; else 1"},
	{"start",        "INSTANT",         "simulated time at the start; else the CSV's first reading, else now"},
	{"time-of-day",  "HH:MM",           "the same, on the last working day, local time of the school"},
	{"paused",       NULL,              "simulated time stands still until the command `run`"},
	{"seed",         "N",               "of everything random; else 1"},
	{"models",       "DIRECTORY",       "meter models of your own"},
	{"log",          "FILE",            "write each value served, one JSON object a line"},
	{"commands",     NULL,              "take commands from stdin, answer on stdout"},
	{"control",      "PATH",            "take commands on a unix socket"},
	{"write-config", "DIRECTORY",       "write the configuration of a gateway for the school"},
	{"broker",       "HOST:PORT",       "the broker in that configuration; else 127.0.0.1"},
	{"for",          "SECONDS",         "end by itself"},
	{"json",         NULL,              "say where the devices are as one line of JSON"},
	{.name = NULL},
};

/* In the same order. */
static bool (*const takers[])(struct ask *ask, const char *text) = {
	take_scenario, take_model, take_address, take_values, take_csv, take_column, take_time_column,
	take_interpolate, take_fault, take_device, take_pty, take_link, take_tcp, take_rtu_over_tcp,
	take_baud, take_answer_ms, take_speed, take_start, take_time_of_day, take_paused, take_seed,
	take_models, take_log, take_commands, take_control, take_write_config, take_broker, take_for,
	take_json,
};
/* clang-format on */

_Static_assert(sizeof(takers) / sizeof(takers[0]) + 1 == sizeof(options) / sizeof(options[0]),
	"each option has its function");

static const struct verb_usage usage = {
	.name = "simulate",
	.synopsis = "[OPTIONS]",
	.help = "Meters made from models, as Modbus devices on pseudo-terminals and TCP ports.",
	.options = options,
};

/* --- doing it ----------------------------------------------------------------- */

static int read_scenario(struct ask *ask)
{
	struct diagnostics diagnostics = {0};
	if (ask->scenario == NULL)
		return VERB_OK;
	if (strcmp(ask->scenario, "school") == 0)
		return school_site_fill(&ask->spec, ask->link != NULL ? ask->link : "")
			       ? VERB_OK
			       : VERB_UNAVAILABLE;
	bool good = simulation_file_read(ask->scenario, &diagnostics, &ask->spec);
	diagnostics_print(&diagnostics, stderr, false);
	diagnostics_clear(&diagnostics);
	return good ? VERB_OK : VERB_BAD;
}

/* What was named before any line: it moves to the first, a pseudo-terminal if there is none. */
static bool settle_lines(struct ask *ask)
{
	if (ask->scenario != NULL)
		return true;
	if (ask->spec.lines_count == 0 && !add_line(ask, LINE_PTY))
		return false;
	struct line_spec *first = &ask->spec.lines[0];
	for (size_t i = 0; i < ask->early.devices_count; i++) {
		struct device_spec *device = spec_add_device(first);
		if (device == NULL)
			return refuse(ask, "there are 247 devices on one line at most");
		*device = ask->early.devices[i];
	}
	return ask->link == NULL || line_spec_set(first, "link", ask->link, ask->reason);
}

static int check_ask(struct ask *ask)
{
	bool school = ask->scenario != NULL && strcmp(ask->scenario, "school") == 0;
	if (ask->scenario != NULL && (ask->spec.lines_count > 0 || ask->early.devices_count > 0))
		return verb_misused(&usage,
			"--scenario brings its own lines and devices; leave out --model, "
			"--device, --pty, --tcp and their like");
	if (ask->config.directory != NULL && !school)
		return verb_misused(&usage, "--write-config goes with --scenario school");
	if (ask->scenario == NULL && ask->spec.lines_count == 0 && ask->early.devices_count == 0)
		return verb_misused(
			&usage, "nothing to simulate: name a --model, a --device or a --scenario");
	return VERB_OK;
}

static int failed(const char *reason)
{
	fprintf(stderr, "byport simulate: %s\n", reason);
	return VERB_UNAVAILABLE;
}

static bool say_ready(const struct ask *ask, const struct simulation *simulation)
{
	if (!ask->json) {
		simulation_ready_print(simulation, stdout);
		return fflush(stdout) == 0;
	}
	char *text = simulation_ready_json(simulation);
	if (text == NULL)
		return false;
	printf("%s\n", text);
	free(text);
	return fflush(stdout) == 0;
}

static int run_simulation(struct ask *ask, struct simulation *simulation)
{
	char path[SCHOOL_PATH_MAX];
	if (ask->log != NULL) {
		simulation->log = fopen(ask->log, "we");
		if (simulation->log == NULL) {
			snprintf(ask->reason, sizeof(ask->reason), "cannot write %s: %s", ask->log,
				strerror(errno));
			return failed(ask->reason);
		}
	}
	ask->config.speed = simulation->clock.speed;
	if (ask->config.directory != NULL &&
		!school_site_write_config(simulation, &ask->config, path, ask->reason))
		return failed(ask->reason);
	if (!say_ready(ask, simulation))
		return failed("cannot write to stdout");
	return simulation_loop(simulation, &ask->loop, ask->reason) ? VERB_OK : failed(ask->reason);
}

static int simulate(struct ask *ask)
{
	struct simulation simulation = {0};
	struct model_library *library = NULL;
	int status = check_ask(ask);
	if (status == VERB_OK)
		status = read_scenario(ask);
	if (status != VERB_OK)
		return status;
	if (!settle_lines(ask))
		return verb_misused(&usage, "%s", ask->reason);
	simulation_loop_hold_signals();
	library = model_library_open(ask->spec.models_directory);
	if (library == NULL)
		return failed("out of memory");
	if (simulation_make(&simulation, &ask->spec, library, ask->reason))
		status = run_simulation(ask, &simulation);
	else
		status = failed(ask->reason);
	simulation_clear(&simulation);
	model_library_close(library);
	return status;
}

int verb_simulate(int argc, char **argv)
{
	struct ask ask = {.config.broker = "127.0.0.1"};
	const char *argument = NULL;
	int option = 0;
	int status = VERB_OK;
	simulation_spec_begin(&ask.spec);
	while (status == VERB_OK && (option = verb_option_next(&usage, argc, argv, &argument)) >= 0)
		if (!takers[option](&ask, argument))
			status = verb_misused(&usage, "--%s %s: %s", options[option].name,
				argument != NULL ? argument : "", ask.reason);
	if (status == VERB_OK && option != VERB_OPTIONS_END)
		status = verb_option_exit(option);
	else if (status == VERB_OK && optind < argc)
		status = verb_misused(&usage, "`%s` is one word too many", argv[optind]);
	else if (status == VERB_OK)
		status = simulate(&ask);
	simulation_spec_clear(&ask.spec);
	free(ask.early.devices);
	return status;
}
