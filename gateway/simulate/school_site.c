/* SPDX-License-Identifier: Apache-2.0 */
/*
 * school_site.c -- Ten meters as a table; from its rows come both the simulated
 * devices and their entries in the configuration.
 */
#include "gateway/simulate/school_site.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { RS485_BAUD = 19200, FIRST_TCP = 6 };

#define THREE_PHASES                                                               \
	"active_energy_import, active_power, voltage_l1, voltage_l2, voltage_l3, " \
	"current_l1, current_l2, current_l3"

/* clang-format off */
static const struct school_meter {
	const char *id;
	const char *name;
	const char *model;
	uint8_t address;
	unsigned place;
	const char *use;
	const char *parent;     /* NULL: none */
	const char *quantities; /* read these; NULL: all the model has */
	const char *settings;   /* a further line of the configuration; NULL: none */
	const char *bus;        /* a Modbus TCP endpoint of its own; NULL: the RS-485 line */
} meters[] = {
	{"main",        "Main supply",          "schneider-iem3155",     1, PLACE_BUILDING,   "total",       NULL,   THREE_PHASES ", active_energy_export", "main_fuse: 125 A", NULL},
	{"ventilation", "Ventilation plant",    "eastron-sdm630",        2, LOAD_VENTILATION, "ventilation", "main", THREE_PHASES, NULL,               NULL},
	{"kitchen",     "School kitchen",       "eastron-sdm630",        3, LOAD_KITCHEN,     "equipment",   "main", THREE_PHASES, NULL,               NULL},
	{"lighting",    "Lighting, east wing",  "eastron-sdm120",        4, LOAD_LIGHTING,    "lighting",    "main", "active_energy_import, active_power, voltage_l1, current_l1", NULL, NULL},
	{"hot-water",   "Hot water tank",       "eastron-sdm630",        5, LOAD_HOT_WATER,   "hot_water",   "main", THREE_PHASES, NULL,               NULL},
	{"heat",        "District heating",     "kamstrup-multical-603", 6, PLACE_HEAT,       "heating",     NULL,   NULL,         "energy_unit: MWh", NULL},
	{"pv",          "Solar modules, roof",  "sunspec-203",           1, LOAD_PV,          "pv",          NULL,   THREE_PHASES, NULL,               "inverter"},
	{"chargers",    "EV chargers, parking", "siemens-pac2200",       1, LOAD_CHARGERS,    "mobile",      "main", THREE_PHASES, NULL,               "parking"},
	{"gym",         "Gymnasium",            "abb-b23",               1, LOAD_GYM,         "total",       "main", THREE_PHASES, NULL,               "gymnasium"},
	{"servers",     "Server room",          "carlo-gavazzi-em340",   1, LOAD_SERVERS,     "equipment",   "main", THREE_PHASES, NULL,               "server-room"},
};
/* clang-format on */

enum { METERS = sizeof(meters) / sizeof(meters[0]) };

static bool add_meter(struct line_spec *line, const struct school_meter *meter)
{
	struct device_spec *device = spec_add_device(line);
	if (device == NULL)
		return false;
	device->address = meter->address;
	snprintf(device->name, sizeof(device->name), "%s", meter->id);
	snprintf(device->model, sizeof(device->model), "%s", meter->model);
	snprintf(device->values, sizeof(device->values), "%s", scenario_place_name(meter->place));
	return true;
}

bool school_site_fill(struct simulation_spec *spec, const char *link)
{
	for (size_t i = 0; i < METERS; i++) {
		const struct school_meter *meter = &meters[i];
		struct line_spec *line =
			i > 0 && meter->bus == NULL
				? &spec->lines[spec->lines_count - 1]
				: spec_add_line(spec, meter->bus != NULL ? LINE_TCP : LINE_PTY);
		if (line == NULL || !add_meter(line, meter))
			return false;
		line->settings.answer_ms_min = meter->bus != NULL ? 1 : 5;
		line->settings.answer_ms_max = meter->bus != NULL ? 5 : 20;
		snprintf(line->settings.name, sizeof(line->settings.name), "%s",
			meter->bus != NULL ? meter->bus : "rs485");
		if (meter->bus == NULL) {
			line->settings.baud = RS485_BAUD;
			snprintf(line->settings.link, sizeof(line->settings.link), "%s", link);
		}
	}
	return true;
}

/* --- the gateway's configuration --------------------------------------------- */

/* A quarter of an hour of the school's, as long as it takes here; a day holds a whole number of
 * them. */
static int64_t interval_s(int64_t speed)
{
	static const int64_t lengths_s[] = {900, 300, 60, 30, 15, 10};
	for (size_t i = 0; i < sizeof(lengths_s) / sizeof(lengths_s[0]); i++)
		if (speed <= 900 / lengths_s[i])
			return lengths_s[i];
	return 5;
}

/* In single quotes, as YAML has it: one inside is written twice. */
static void write_quoted(FILE *file, const char *key, const char *text, const char *rest)
{
	fprintf(file, "%s: '", key);
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			fputc('\'', file);
		fputc(*text, file);
	}
	fprintf(file, "%s'\n", rest);
}

static void write_head(FILE *file, const struct school_config *config, const char *data)
{
	const char *colon = strrchr(config->broker, ':');
	int host = colon != NULL ? (int)(colon - config->broker) : (int)strlen(config->broker);
	fprintf(file,
		"# The simulated school's gateway. Made by `byport simulate --write-config`.\n"
		"site:\n"
		"  city: drammen\n"
		"  id: fjell-skole\n"
		"  name: Fjell skole (simulated)\n"
		"  timezone: Europe/Oslo\n"
		"gateway:\n"
		"  id: main\n"
		"  clock: trust\n"
		"  store_size: 8 GiB\n"); /* an interval is seconds here: room for the days that
					     check asks for */
	write_quoted(file, "  data_directory", data, "");
	write_quoted(file, "  control_socket", data, "/control.sock");
	fprintf(file, "broker:\n  host: %.*s\n", host, config->broker);
	if (colon != NULL)
		fprintf(file, "  port: %s\n", colon + 1);
	fprintf(file,
		"  tls: no\n"
		"intervals:\n"
		"  length: %" PRId64 " s\n"
		"  gap_limit: 30 s\n"
		"  fast: 2 s\n"
		"  slow: 2 s\n"
		"  live: 2 s\n"
		"  trends: 10 s\n"
		"  health: 10 s\n"
		"  commit: 10 s\n",
		interval_s(config->speed));
}

static void write_bus(FILE *file, const struct simulated_line *line)
{
	const struct simulated_line_settings *settings = simulated_line_settings(line);
	fprintf(file, "  - id: %s\n", settings->name);
	if (settings->kind == LINE_PTY) {
		write_quoted(file, "    port",
			settings->link[0] != '\0' ? settings->link : simulated_line_path(line), "");
		fprintf(file, "    baud: %u\n    parity: N\n", settings->baud);
	} else
		fprintf(file, "    tcp: %s:%u\n", settings->host, settings->port);
}

/* In a day that runs faster, energy climbs faster than any fuse allows: then the fuse is left out.
 */
static bool is_possible(const char *setting, int64_t speed)
{
	return speed <= 1 || strncmp(setting, "main_fuse:", 10) != 0;
}

static void write_meter(FILE *file, const struct school_meter *meter, int64_t speed)
{
	fprintf(file,
		"  - id: %s\n    name: %s\n    bus: %s\n    address: %u\n    model: %s\n    use: "
		"%s\n",
		meter->id, meter->name, meter->bus != NULL ? meter->bus : "rs485", meter->address,
		meter->model, meter->use);
	if (meter->parent != NULL)
		fprintf(file, "    parent: %s\n", meter->parent);
	if (meter->quantities != NULL)
		fprintf(file, "    quantities: [%s]\n", meter->quantities);
	if (meter->settings != NULL && is_possible(meter->settings, speed))
		fprintf(file, "    %s\n", meter->settings);
}

static bool write_whole(
	FILE *file, const struct simulation *simulation, const struct school_config *config)
{
	char data[SCHOOL_PATH_MAX];
	char *directory = realpath(config->directory, NULL);
	if (directory == NULL)
		return false;
	snprintf(data, sizeof(data), "%s", directory);
	free(directory);
	write_head(file, config, data);
	fprintf(file, "buses:\n");
	for (size_t i = 0; i < simulation->lines_count; i++)
		write_bus(file, simulation->lines[i]);
	fprintf(file, "meters:\n");
	for (size_t i = 0; i < METERS; i++)
		write_meter(file, &meters[i], config->speed);
	return ferror(file) == 0;
}

bool school_site_write_config(const struct simulation *simulation,
	const struct school_config *config, char ret_path[static SCHOOL_PATH_MAX],
	char ret_reason[static SPEC_REASON_MAX])
{
	snprintf(ret_path, SCHOOL_PATH_MAX, "%s/fjell-skole.yaml", config->directory);
	if (mkdir(config->directory, 0755) != 0 && errno != EEXIST) {
		snprintf(ret_reason, SPEC_REASON_MAX, "cannot make %s: %s", config->directory,
			strerror(errno));
		return false;
	}
	FILE *file = fopen(ret_path, "we");
	bool written = file != NULL && write_whole(file, simulation, config);
	int why = errno;
	if (file != NULL && fclose(file) != 0)
		written = false;
	if (!written)
		snprintf(ret_reason, SPEC_REASON_MAX, "cannot write %s: %s", ret_path,
			strerror(why));
	return written;
}
