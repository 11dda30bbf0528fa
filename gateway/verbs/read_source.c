/* SPDX-License-Identifier: Apache-2.0 */
/*
 * read_source.c -- Where verbs read.
 *
 * A device named by options becomes a configuration of one meter, so that it is
 * checked, and told what is wrong with it, like any other.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/control_bus.h"
#include "gateway/verbs/read_source.h"

enum {
	BAUD_USUAL = 19200, /* Modbus over Serial Line 1.02, section 2.2: 19200, even parity */
	BAUD_MAX = 921600,
	CONNECT_TIMEOUT_MS = 3000,
	RESPONSE_TIMEOUT_MS = 1000,
	ATTEMPTS = 3,
	TCP_PORT = 502,
};

static int fail(const struct read_options *options, int status, const char *text)
{
	fprintf(stderr, "byport %s: %s\n", options->verb, text);
	return status;
}

const char **read_options_place(struct read_options *options, const char *name)
{
	const struct {
		const char *name;
		const char **place;
	} places[] = {
		{"config",       &options->place.config    },
		{"socket",       &options->place.socket    },
		{"model",        &options->model           },
		{"set",          &options->setting         },
		{"models",       &options->models_directory},
		{"port",         &options->port            },
		{"baud",         &options->baud            },
		{"parity",       &options->parity          },
		{"stop-bits",    &options->stop_bits       },
		{"tcp",          &options->tcp             },
		{"rtu-over-tcp", &options->rtu_over_tcp    },
		{"address",      &options->address         },
	};
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
		if (strcmp(places[i].name, name) == 0)
			return places[i].place;
	return NULL;
}

int read_options_lines(const struct read_options *options)
{
	return (options->port != NULL) + (options->tcp != NULL) + (options->rtu_over_tcp != NULL);
}

/* ---- the configuration ---- */

static void set_text(json_t *object, const char *key, const char *text)
{
	if (text != NULL)
		json_object_set_new(object, key, json_string(text));
}

/* A number as one, so that the configuration's reader judges what is none. */
static void set_number(json_t *object, const char *key, const char *text)
{
	char *end;
	errno = 0;
	long long number = text != NULL ? strtoll(text, &end, 10) : 0;
	if (text != NULL && errno == 0 && *text != '\0' && *end == '\0')
		json_object_set_new(object, key, json_integer(number));
	else
		set_text(object, key, text);
}

static json_t *bus_of_options(const struct read_options *options)
{
	json_t *bus = json_pack("{s:s}", "id", "line");
	set_text(bus, "port", options->port);
	set_text(bus, "tcp", options->tcp);
	set_text(bus, "rtu_over_tcp", options->rtu_over_tcp);
	set_number(bus, "baud", options->baud);
	set_text(bus, "parity", options->parity);
	set_number(bus, "stop_bits", options->stop_bits);
	return bus;
}

static json_t *meter_of_options(const struct read_options *options)
{
	json_t *meter = json_pack("{s:s, s:s}", "id", "meter", "bus", "line");
	set_text(meter, "model", options->model);
	bool model_knows = options->address == NULL && options->tcp != NULL;
	if (!model_knows)
		set_number(meter, "address", options->address != NULL ? options->address : "1");
	const char *equals = options->setting != NULL ? strchr(options->setting, '=') : NULL;
	if (equals != NULL) {
		char *key = strndup(options->setting, (size_t)(equals - options->setting));
		set_text(meter, key, equals + 1);
		free(key);
	}
	return meter;
}

/* JSON is YAML. */
static char *configuration_of(const struct read_options *options)
{
	json_t *gateway = json_pack("{s:s}", "id", "read");
	set_text(gateway, "models_directory", options->models_directory);
	json_t *config = json_pack("{s:{s:s, s:s}, s:o, s:{s:s}, s:[o], s:[o]}", "site", "city",
		"read", "id", "read", "gateway", gateway, "broker", "host", "localhost", "buses",
		bus_of_options(options), "meters", meter_of_options(options));
	char *text = json_dumps(config, 0);
	json_decref(config);
	return text;
}

static bool load_options(const struct read_options *options, struct diagnostics *diagnostics,
	struct loaded_site **ret_loaded)
{
	struct site_config *config = NULL;
	char *text = configuration_of(options);
	bool read = text != NULL && site_config_read_text("options", text, diagnostics, &config) &&
		    loaded_site_make(config, diagnostics, ret_loaded);
	free(text);
	return read;
}

/* Errors of a text nobody wrote have no place worth naming. */
static void print_without_places(
	const struct read_options *options, const struct diagnostics *diagnostics)
{
	for (size_t i = 0; i < diagnostics->count; i++)
		if (diagnostics->items[i].severity == DIAGNOSTIC_ERROR)
			fprintf(stderr, "byport %s: %s\n", options->verb,
				diagnostics->items[i].message);
}

static int load(const struct read_options *options, const char *path, struct read_source *source)
{
	struct diagnostics diagnostics = {0};
	bool in_file = options->meter != NULL || options->bus != NULL;
	bool loaded = in_file ? loaded_site_read(path, &diagnostics, &source->loaded)
			      : load_options(options, &diagnostics, &source->loaded);
	if (!loaded && in_file)
		diagnostics_print(&diagnostics, stderr, false);
	else if (!loaded)
		print_without_places(options, &diagnostics);
	diagnostics_clear(&diagnostics);
	return loaded ? VERB_OK : VERB_BAD;
}

static int find_meter(const struct read_options *options, struct read_source *source)
{
	const struct site *site = source->loaded->site;
	for (size_t i = 0; i < site->meters_count; i++)
		if (options->meter == NULL ||
			strcmp(site->meters[i].config->id, options->meter) == 0)
			source->meter = &site->meters[i];
	if (source->meter == NULL) {
		fprintf(stderr, "byport %s: `%s` is no meter of %s; it has", options->verb,
			options->meter, site->config->file);
		for (size_t i = 0; i < site->meters_count; i++)
			fprintf(stderr, "%s %s", i > 0 ? "," : "", site->meters[i].config->id);
		fprintf(stderr, "\n");
		return VERB_BAD;
	}
	source->line = site->buses[source->meter->bus].line;
	source->device = site->buses[source->meter->bus].devices[source->meter->device];
	source->device.points = source->meter->points;
	source->device.points_count = source->meter->points_count;
	snprintf(source->bus_id, sizeof source->bus_id, "%s", source->meter->config->bus);
	return VERB_OK;
}

/* The line alone, of a bus by its id. */
static int find_line(const struct read_options *options, struct read_source *source)
{
	const struct site *site = source->loaded->site;
	const struct site_config *config = site->config;
	for (size_t i = 0; i < config->buses_count; i++)
		if (strcmp(config->buses[i].id, options->bus) == 0) {
			source->line = site->buses[i].line;
			snprintf(source->bus_id, sizeof source->bus_id, "%s", options->bus);
			return VERB_OK;
		}
	fprintf(stderr, "byport %s: `%s` is no bus of %s; it has", options->verb, options->bus,
		config->file);
	for (size_t i = 0; i < config->buses_count; i++)
		fprintf(stderr, "%s %s", i > 0 ? "," : "", config->buses[i].id);
	fprintf(stderr, "\n");
	return VERB_BAD;
}

/* ---- a device without a model ---- */

static bool split_endpoint(const char *text, char *ret_host, struct bus_line *line)
{
	snprintf(ret_host, 256, "%s", text);
	char *colon = strrchr(ret_host, ':');
	line->host = ret_host;
	line->tcp_port = TCP_PORT;
	if (colon == NULL)
		return true;
	char *end;
	unsigned long port = strtoul(colon + 1, &end, 10);
	*colon = '\0';
	line->tcp_port = (uint16_t)port;
	return *end == '\0' && port > 0 && port <= UINT16_MAX;
}

static int line_of_options(const struct read_options *options, struct bus_line *ret_line)
{
	static char host[256];
	*ret_line = (struct bus_line){.kind = BUS_RTU,
		.device = options->port,
		.baud = options->baud != NULL ? (uint32_t)strtoul(options->baud, NULL, 10)
					      : BAUD_USUAL,
		.parity = options->parity != NULL ? options->parity[0] : 'E',
		.data_bits = 8,
		.stop_bits = options->stop_bits != NULL && options->stop_bits[0] == '2' ? 2 : 1,
		.connect_timeout_ms = CONNECT_TIMEOUT_MS};
	const char *endpoint = options->tcp != NULL ? options->tcp : options->rtu_over_tcp;
	if (endpoint != NULL)
		ret_line->kind = options->tcp != NULL ? BUS_TCP : BUS_RTU_OVER_TCP;
	if (endpoint != NULL && !split_endpoint(endpoint, host, ret_line))
		return fail(options, VERB_USAGE, "a host is written as HOST or HOST:PORT");
	return VERB_OK;
}

static int describe_device(const struct read_options *options, struct read_source *source)
{
	char *end = NULL;
	long address = options->address != NULL ? strtol(options->address, &end, 10) : 1;
	if (address < 0 || address > 255 || (end != NULL && *end != '\0'))
		return fail(options, VERB_USAGE, "an address is a number from 0 to 255");
	source->device = (struct device){
		.address = (uint8_t)address, .response_timeout_max_ms = RESPONSE_TIMEOUT_MS};
	return line_of_options(options, &source->line);
}

int read_options_check_line(const struct read_options *options, const struct verb_usage *usage)
{
	long number;
	if (options->baud != NULL && !verb_number(options->baud, BAUD_MAX, &number))
		return verb_misused(usage, "`--baud %s`: 300 to %d", options->baud, BAUD_MAX);
	if (options->parity != NULL &&
		(strlen(options->parity) != 1 || strchr("NEO", options->parity[0]) == NULL))
		return verb_misused(usage, "`--parity %s`: N, E or O", options->parity);
	if (options->stop_bits != NULL && strcmp(options->stop_bits, "1") != 0 &&
		strcmp(options->stop_bits, "2") != 0)
		return verb_misused(usage, "`--stop-bits %s`: 1 or 2", options->stop_bits);
	return -1;
}

/* ---- the bus ---- */

/* Hosts may have several ports, each with a bus of its own. */
static bool is_bus_on(const json_t *bus, const struct bus_line *line)
{
	if (line->kind == BUS_RTU)
		return strcmp(json_text_at(bus, "line"), line->device) == 0;
	return strcmp(json_text_at(bus, "line"), line->host) == 0 &&
	       (uint16_t)json_number_at(bus, "port", 0) == line->tcp_port;
}

/* The daemon's name for a line that it has open, and the settings it has it open with; "" when it
 * has none of the kind. */
static void find_bus(
	const json_t *status, struct bus_line *line, char ret_id[static READ_BUS_ID_MAX])
{
	size_t index;
	const json_t *bus;
	ret_id[0] = '\0';
	json_array_foreach(json_object_get(status, "buses"), index, bus)
	{
		if (!is_bus_on(bus, line))
			continue;
		snprintf(ret_id, READ_BUS_ID_MAX, "%s", json_text_at(bus, "id"));
		line->baud = (uint32_t)json_number_at(bus, "baud", line->baud);
		line->stop_bits = (uint8_t)json_number_at(bus, "stop_bits", line->stop_bits);
		if (json_text_at(bus, "parity")[0] != '\0')
			line->parity = json_text_at(bus, "parity")[0];
	}
}

static int open_own_line(const struct read_options *options, struct read_source *source)
{
	const char *reason = "out of memory";
	source->bus = modbus_bus_new(&source->line);
	if (source->bus != NULL && source->bus->ops->open(source->bus, &reason) == BUS_OK)
		return VERB_OK;
	fprintf(stderr, "byport %s: cannot open %s: %s\n", options->verb,
		source->line.device != NULL ? source->line.device : source->line.host, reason);
	return VERB_UNAVAILABLE;
}

static int open_bus(const struct read_options *options, struct read_source *source)
{
	if (source->client == NULL)
		return open_own_line(options, source);
	source->bus = control_bus_new(source->client, source->bus_id);
	return source->bus != NULL ? VERB_OK : fail(options, VERB_UNAVAILABLE, "out of memory");
}

/* ---- all ---- */

/* The daemon, where one runs; *ret_status is its state (NULL: none runs). */
static int look_for_daemon(
	const struct read_options *options, struct read_source *source, json_t **ret_status)
{
	char error[CONTROL_ERROR_MAX];
	source->client = ask_daemon_open(&options->place, true, error);
	if (source->client == NULL && errno == EACCES)
		return fail(options, VERB_UNAVAILABLE, error);
	if (source->client == NULL && options->place.socket != NULL)
		return fail(options, VERB_UNAVAILABLE, error);
	if (source->client == NULL)
		return VERB_OK;
	*ret_status = control_client_ask(
		source->client, json_pack("{s:s}", "request", "status"), ASK_TIMEOUT_MS, error);
	return *ret_status != NULL ? VERB_OK : fail(options, VERB_UNAVAILABLE, error);
}

static int choose(
	const struct read_options *options, const json_t *status, struct read_source *source)
{
	const char *path =
		options->place.config != NULL ? options->place.config : ASK_CONFIGURATION;
	if (status != NULL && options->place.config == NULL)
		path = json_text_at(status, "configuration");
	bool described = options->meter == NULL && options->model == NULL && options->bus == NULL;
	int result = described ? describe_device(options, source) : load(options, path, source);
	if (result == VERB_OK && !described)
		result = options->bus != NULL ? find_line(options, source)
					      : find_meter(options, source);
	if (result != VERB_OK)
		return result;
	find_bus(status, &source->line, source->bus_id);
	if (source->bus_id[0] == '\0')
		source->client = control_client_close(source->client);
	return open_bus(options, source);
}

int read_source_open(const struct read_options *options, struct read_source *ret_source)
{
	json_t *status = NULL;
	*ret_source = (struct read_source){.loaded = NULL};
	int result = look_for_daemon(options, ret_source, &status);
	if (result == VERB_OK)
		result = choose(options, status, ret_source);
	json_decref(status);
	if (result != VERB_OK)
		read_source_close(ret_source);
	return result;
}

void read_source_close(struct read_source *source)
{
	if (source->bus != NULL)
		source->bus->ops->close(source->bus);
	control_client_close(source->client);
	loaded_site_release(source->loaded);
	*source = (struct read_source){.loaded = NULL};
}

enum bus_status read_source_ask(struct read_source *source, const struct bus_request *request,
	struct bus_answer *ret_answer, const char **ret_reason)
{
	enum bus_status status = BUS_DOWN;
	for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
		status = source->bus->ops->ask(
			source->bus, request, source->device.response_timeout_max_ms, ret_answer);
		if (status == BUS_OK || status == BUS_REFUSED)
			break;
		if (status == BUS_DOWN &&
			(source->client != NULL ||
				source->bus->ops->open(source->bus, ret_reason) != BUS_OK))
			break;
	}
	*ret_reason = bus_status_text(status);
	if (status == BUS_REFUSED)
		*ret_reason = modbus_exception_text(ret_answer->exception);
	else if (status == BUS_BAD_FRAME)
		*ret_reason = frame_verdict_text(ret_answer->verdict);
	else if (source->client != NULL && control_bus_reason(source->bus)[0] != '\0')
		*ret_reason = control_bus_reason(source->bus);
	return status;
}
