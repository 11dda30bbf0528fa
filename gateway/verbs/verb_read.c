/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verb_read.c -- `byport read`: what a meter shows now, or the bare registers of
 * a device, read in each way they could be meant.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/terminal.h"
#include "gateway/verbs/read_source.h"
#include "gateway/verbs/verb.h"

enum read_option {
	OPTION_CONFIG,
	OPTION_SOCKET,
	OPTION_MODEL,
	OPTION_SET,
	OPTION_MODELS,
	OPTION_PORT,
	OPTION_BAUD,
	OPTION_PARITY,
	OPTION_STOP_BITS,
	OPTION_TCP,
	OPTION_RTU_OVER_TCP,
	OPTION_ADDRESS,
	OPTION_REGISTERS,
	OPTION_JSON,
	OPTION_COUNT
};

/* clang-format off */
static const struct verb_option options[] = {
	[OPTION_CONFIG]       = {"config", "FILE", "the configuration METER stands in"},
	[OPTION_SOCKET]       = {"socket", "PATH", "the daemon's control socket"},
	[OPTION_MODEL]        = {"model", "MODEL", "the meter model; `byport models` lists them"},
	[OPTION_SET]          = {"set", "KEY=TEXT", "the model's own option: energy_unit=MWh"},
	[OPTION_MODELS]       = {"models", "DIRECTORY", "a directory of models of your own"},
	[OPTION_PORT]         = {"port", "DEVICE", "the serial port of an RS-485 line"},
	[OPTION_BAUD]         = {"baud", "N", "its speed; the model's, else 19200"},
	[OPTION_PARITY]       = {"parity", "N|E|O", "its parity; the model's, else E"},
	[OPTION_STOP_BITS]    = {"stop-bits", "1|2", "its stop bits; the model's, else 1"},
	[OPTION_TCP]          = {"tcp", "HOST[:PORT]", "a Modbus TCP device"},
	[OPTION_RTU_OVER_TCP] = {"rtu-over-tcp", "HOST:PORT", "a serial server that passes RTU frames through"},
	[OPTION_ADDRESS]      = {"address", "N", "the device's Modbus address; the model's on TCP, else 1"},
	[OPTION_REGISTERS]    = {"registers", "F:A:N", "N registers from wire address A, with function F (1 to 4)"},
	[OPTION_JSON]         = {"json", NULL, "one JSON object instead of a table"},
	[OPTION_COUNT]        = {0},
};
/* clang-format on */

static const struct verb_usage usage = {
	.name = "read",
	.synopsis = "[--config FILE] [--registers F:A:N] METER\n"
		    "       byport read --model MODEL --port DEVICE|--tcp HOST --address N\n"
		    "       byport read --registers F:A:N --port DEVICE|--tcp HOST --address N",
	.help = "Reads a meter now, on the running gateway's line where it has it open, between "
		"two\n"
		"of its polls; else on a line opened for it. Nothing is ever written to a meter.\n"
		"Exit status: 0 read, 1 no answer or a refusal, 2 not understood, 3 no line, no "
		"access.",
	.options = options,
};

struct register_span {
	bool wanted;
	uint8_t function;
	uint16_t first;
	uint16_t count;
};

struct read_choice {
	struct read_options source;
	struct register_span registers;
	bool json;
};

/* ---- values ---- */

static int64_t now_mono_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What was read of a device. */
struct readout {
	struct sample samples[QUANTITY_COUNT];
	size_t count;
	char serial_number[SERIAL_NUMBER_MAX];
	const char *reason; /* why it stopped; NULL: complete */
};

static void collect(struct device_reader *reader, struct readout *readout)
{
	const struct sample *samples;
	size_t implausible;
	const char *serial = device_reader_serial_number(reader);
	if (serial != NULL)
		snprintf(readout->serial_number, sizeof readout->serial_number, "%s", serial);
	size_t count = device_reader_samples(reader, &samples, &implausible);
	for (size_t i = 0; i < count && readout->count < QUANTITY_COUNT; i++)
		readout->samples[readout->count++] = samples[i];
}

static void read_device(
	struct read_source *source, struct device_reader *reader, struct readout *readout)
{
	struct bus_request request;
	struct bus_answer answer;
	const char *reason = NULL;
	device_reader_begin(reader, POLL_FAST | POLL_SLOW);
	while (device_reader_next(reader, &request)) {
		enum bus_status status = read_source_ask(source, &request, &answer, &reason);
		enum reader_result result = device_reader_take(reader, status, &answer);
		if (result == READER_GOES_ON)
			continue;
		readout->reason = result == READER_NO_MODEL
					  ? "it does not hold the SunSpec model this one is"
					  : reason;
		break;
	}
	collect(reader, readout);
}

static const char *shown(const struct sample *sample, char ret_text[static DECIMAL_TEXT_MAX])
{
	if (sample->status != DECODE_OK)
		return "-";
	decimal_print(
		ret_text, sample->value, quantity_info((enum quantity)sample->quantity)->decimals);
	return ret_text;
}

static void print_values(const struct readout *readout)
{
	static const struct table_column columns[] = {
		{"quantity", false},
                {"value",    true },
                {"unit",     false},
                {"status",   false},
		{"age",      true }
        };
	struct terminal terminal = terminal_of(stdout);
	struct table *table = table_new(columns, sizeof columns / sizeof columns[0]);
	for (size_t i = 0; i < readout->count; i++) {
		const struct sample *sample = &readout->samples[i];
		const struct quantity_info *info = quantity_info((enum quantity)sample->quantity);
		bool good = sample->status == DECODE_OK;
		char text[DECIMAL_TEXT_MAX], age[16];
		age_print(age, (double)(now_mono_ms() - sample->read_mono_ms) / 1000);
		table_cell(table, TINT_PLAIN, "%s", info->name);
		table_cell(table, TINT_BOLD, "%s", shown(sample, text));
		table_cell(table, TINT_PLAIN, "%s", terminal_unit(info->unit));
		table_cell(table, good ? TINT_GOOD : TINT_WARN, "%s",
			decode_status_text((enum decode_status)sample->status));
		table_cell(table, TINT_DIM, "%s", age);
	}
	table_print(table, &terminal, stdout);
	table_free(table);
}

static json_t *json_of_sample(const struct sample *sample)
{
	const struct quantity_info *info = quantity_info((enum quantity)sample->quantity);
	char text[DECIMAL_TEXT_MAX];
	json_t *value = sample->status == DECODE_OK ? json_real(strtod(shown(sample, text), NULL))
						    : json_null();
	return json_pack("{s:s, s:o, s:s, s:s, s:f}", "quantity", info->name, "value", value,
		"unit", info->unit, "status",
		decode_status_text((enum decode_status)sample->status), "age_s",
		(double)(now_mono_ms() - sample->read_mono_ms) / 1000);
}

static void print_json(json_t *object)
{
	json_dumpf(object, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
	puts("");
	json_decref(object);
}

static void print_values_json(const struct read_source *source, const struct readout *readout)
{
	json_t *values = json_array();
	for (size_t i = 0; i < readout->count; i++)
		json_array_append_new(values, json_of_sample(&readout->samples[i]));
	print_json(json_pack("{s:s, s:s, s:i, s:b, s:s, s:s?, s:o}", "meter",
		source->meter->config->id, "model", source->meter->model->name, "address",
		source->device.address, "borrowed", source->client != NULL, "serial_number",
		readout->serial_number, "reason", readout->reason, "values", values));
}

static int read_meter(struct read_source *source, const struct read_choice *choice)
{
	struct readout readout = {.count = 0};
	struct device_reader *reader = device_reader_new(&source->device, &source->line, 0);
	if (reader == NULL) {
		fprintf(stderr, "byport read: out of memory\n");
		return VERB_UNAVAILABLE;
	}
	read_device(source, reader, &readout);
	if (choice->json)
		print_values_json(source, &readout);
	else if (readout.count > 0)
		print_values(&readout);
	if (!choice->json && readout.serial_number[0] != '\0')
		printf("\nserial number %s\n", readout.serial_number);
	if (readout.reason != NULL)
		fprintf(stderr, "byport read: unit %d: %s\n", source->device.address,
			readout.reason);
	device_reader_free(reader);
	return readout.reason == NULL ? VERB_OK : VERB_BAD;
}

/* ---- registers ---- */

/* The words from one on, taken as a number of some encoding. */
static const char *as_encoding(const uint16_t *words, enum register_encoding encoding,
	bool low_word_first, char ret_text[static DECIMAL_TEXT_MAX])
{
	struct register_format format = {.encoding = encoding,
		.registers = register_encoding_registers(encoding),
		.low_word_first = low_word_first};
	const struct scale thousandths = {1000, 1};
	int64_t value;
	if (register_decode(words, format, thousandths, &value) != DECODE_OK)
		return "-";
	decimal_print(ret_text, value, 3);
	return ret_text;
}

static void print_words(const struct register_span *span, const uint16_t *words)
{
	static const struct table_column columns[] = {
		{"address",       true },
                {"hex",           false},
                {"u16",           true },
                {"i16",           true },
                {"u32",           true },
		{"u32 low first", true },
                {"f32",           true },
                {"f32 low first", true }
        };
	struct terminal terminal = terminal_of(stdout);
	struct table *table = table_new(columns, sizeof columns / sizeof columns[0]);
	for (size_t i = 0; i < span->count; i++) {
		char text[DECIMAL_TEXT_MAX];
		table_cell(table, TINT_DIM, "%zu", span->first + i);
		table_cell(table, TINT_PLAIN, "%04x", words[i]);
		table_cell(table, TINT_PLAIN, "%u", words[i]);
		table_cell(table, TINT_PLAIN, "%d", (int16_t)words[i]);
		for (int encoding = 0; encoding < 4; encoding++)
			table_cell(table, TINT_PLAIN, "%s",
				i + 1 < span->count
					? as_encoding(&words[i],
						  encoding < 2 ? ENCODING_U32 : ENCODING_F32,
						  encoding % 2 == 1, text)
					: "");
	}
	table_print(table, &terminal, stdout);
	table_free(table);
}

static void print_words_json(
	const struct read_source *source, const struct register_span *span, const uint16_t *words)
{
	json_t *array = json_array();
	for (size_t i = 0; i < span->count; i++)
		json_array_append_new(array, json_integer(words[i]));
	print_json(json_pack("{s:i, s:b, s:i, s:i, s:o}", "address", source->device.address,
		"borrowed", source->client != NULL, "function", span->function, "register",
		span->first, "words", array));
}

static int read_registers(struct read_source *source, const struct read_choice *choice)
{
	const struct register_span *span = &choice->registers;
	struct bus_request request = {.device = source->device.address,
		.function = span->function,
		.address = span->first,
		.count = span->count};
	struct bus_answer answer;
	const char *reason = NULL;
	if (read_source_ask(source, &request, &answer, &reason) != BUS_OK) {
		fprintf(stderr, "byport read: unit %d: %s\n", source->device.address, reason);
		return VERB_BAD;
	}
	if (choice->json)
		print_words_json(source, span, answer.words);
	else
		print_words(span, answer.words);
	return VERB_OK;
}

/* ---- options ---- */

/* "3:40000:2" */
static bool parse_registers(const char *text, struct register_span *ret_span)
{
	unsigned function, first, count;
	char rest;
	if (sscanf(text, "%u:%u:%u%c", &function, &first, &count, &rest) != 3 || function < 1 ||
		function > 4 || first > UINT16_MAX || count < 1 || count > FRAME_REGISTERS_MAX ||
		first + count > UINT16_MAX + 1u)
		return false;
	*ret_span = (struct register_span){.wanted = true,
		.function = (uint8_t)function,
		.first = (uint16_t)first,
		.count = (uint16_t)count};
	return true;
}

static int read_options(int argc, char **argv, struct read_choice *choice)
{
	const char *argument;
	int option;
	while ((option = verb_option_next(&usage, argc, argv, &argument)) >= 0) {
		if (option == OPTION_JSON)
			choice->json = true;
		else if (option != OPTION_REGISTERS)
			*read_options_place(&choice->source, options[option].name) = argument;
		else if (!parse_registers(argument, &choice->registers))
			return verb_misused(&usage,
				"`--registers %s`: FUNCTION:ADDRESS:COUNT, function 1 to 4, "
				"address 0 "
				"to 65535, count 1 to %d",
				argument, FRAME_REGISTERS_MAX);
	}
	return option == VERB_OPTIONS_END ? -1 : verb_option_exit(option);
}

static int check_options(const struct read_choice *choice, int operands)
{
	const struct read_options *source = &choice->source;
	int lines = read_options_lines(source);
	if (operands > 1)
		return verb_misused(&usage, "one METER at a time");
	if (operands == 1 && (lines > 0 || source->model != NULL))
		return verb_misused(&usage,
			"either a METER of a configuration, or a device by --model and line");
	if (operands == 0 && lines != 1)
		return verb_misused(
			&usage, "a METER is needed, or one of --port, --tcp, --rtu-over-tcp");
	if (operands == 0 && source->model == NULL && !choice->registers.wanted)
		return verb_misused(&usage, "--model or --registers is needed");
	if (source->setting != NULL && strchr(source->setting, '=') == NULL)
		return verb_misused(&usage, "`--set %s`: KEY=TEXT", source->setting);
	return operands == 0 && source->model == NULL ? read_options_check_line(source, &usage)
						      : -1;
}

int verb_read(int argc, char **argv)
{
	struct read_choice choice = {.source = {.verb = "read"}};
	struct read_source source;
	int status = read_options(argc, argv, &choice);
	if (status < 0)
		status = check_options(&choice, argc - optind);
	if (status >= 0)
		return status;
	choice.source.meter = argv[optind];
	status = read_source_open(&choice.source, &source);
	if (status != VERB_OK)
		return status;
	status = choice.registers.wanted ? read_registers(&source, &choice)
					 : read_meter(&source, &choice);
	read_source_close(&source);
	return status;
}
