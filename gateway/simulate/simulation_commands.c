/* SPDX-License-Identifier: Apache-2.0 */
/*
 * simulation_commands.c -- The table of commands, and what each does.
 */
#include "gateway/simulate/simulation_commands.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/json_instant.h"
#include "gateway/json_writer.h"
#include "gateway/simulate/simulation_report.h"

enum {
	COMMAND_WORDS_MAX = 5, /* one more than any takes */
	COMMAND_BYTES_MAX = 1024,
};

/* One command being done. */
struct simulation_call {
	struct simulation *simulation;
	char *words[COMMAND_WORDS_MAX];
	size_t words_count;
	struct json_writer *writer; /* inside the answer's object */
	char *whole;                /* an answer made elsewhere; from malloc() */
	char reason[SPEC_REASON_MAX];
};

__attribute__((format(printf, 2, 3))) static bool refuse(
	struct simulation_call *call, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(call->reason, sizeof(call->reason), format, arguments);
	va_end(arguments);
	return false;
}

static struct simulated_device *device_of(struct simulation_call *call)
{
	struct simulated_device *device = simulation_device(call->simulation, call->words[1]);
	if (device == NULL)
		refuse(call, "no device `%.40s`", call->words[1]);
	return device;
}

static bool quantity_of(struct simulation_call *call, enum quantity *ret_quantity)
{
	return quantity_find(call->words[2], ret_quantity) ||
	       refuse(call, "`%.40s` is no quantity", call->words[2]);
}

static bool do_fault(struct simulation_call *call)
{
	struct simulated_device *device = device_of(call);
	char reason[FAULT_REASON_MAX];
	struct fault fault;
	if (device == NULL)
		return false;
	if (!fault_parse(call->words[2], &fault, reason))
		return refuse(call, "%s", reason);
	return simulated_device_set_fault(device, &fault) ||
	       refuse(call, "the serial number `%.40s` does not fit the register of %s", fault.text,
		       simulated_device_model(device)->name);
}

static bool do_set(struct simulation_call *call)
{
	struct simulated_device *device = device_of(call);
	enum quantity quantity;
	int64_t number = 0;
	if (device == NULL || !quantity_of(call, &quantity))
		return false;
	const struct quantity_info *info = quantity_info(quantity);
	if (!decimal_parse(call->words[3], info->decimals, &number))
		return refuse(call, "`%.40s` is not a number of %s with at most %d decimals",
			call->words[3], info->unit, info->decimals);
	return simulated_device_hold(device, quantity, 1, number) ||
	       refuse(call, "%s has no %s of its own, or cannot show that much",
		       simulated_device_model(device)->name, info->name);
}

static bool do_free(struct simulation_call *call)
{
	struct simulated_device *device = device_of(call);
	enum quantity quantity;
	if (device == NULL || !quantity_of(call, &quantity))
		return false;
	simulated_device_release(device, quantity);
	return true;
}

static bool do_get(struct simulation_call *call)
{
	struct simulated_device *device = device_of(call);
	struct served_value value = {.channel = 1};
	struct simulated_instant now = simulation_now(call->simulation);
	if (device == NULL || !quantity_of(call, &value.quantity))
		return false;
	const struct quantity_info *info = quantity_info(value.quantity);
	enum decode_status status =
		simulated_device_read(device, call->simulation->scenario, &now, &value);
	json_writer_key(call->writer, "value");
	if (status == DECODE_OK)
		json_writer_decimal(call->writer, value.number, info->decimals);
	else
		json_writer_null(call->writer);
	json_writer_key(call->writer, "unit");
	json_writer_string(call->writer, info->unit);
	return true;
}

static bool do_pause(struct simulation_call *call)
{
	simulation_pause(call->simulation, true);
	return true;
}

static bool do_run(struct simulation_call *call)
{
	simulation_pause(call->simulation, false);
	return true;
}

static bool do_speed(struct simulation_call *call)
{
	int64_t speed = 0;
	if (!spec_integer(call->words[1], 0, SPEC_SPEED_MAX, &speed))
		return refuse(
			call, "speed: `%.40s`; allowed is 0 to %d", call->words[1], SPEC_SPEED_MAX);
	simulation_set_speed(call->simulation, speed);
	return true;
}

static bool do_time(struct simulation_call *call)
{
	json_writer_key(call->writer, "simulated");
	json_writer_instant(call->writer, simulation_now(call->simulation).simulated_ms);
	return true;
}

static bool do_stats(struct simulation_call *call)
{
	call->whole = simulation_statistics_json(call->simulation);
	return call->whole != NULL || refuse(call, "out of memory");
}

static bool do_clear(struct simulation_call *call)
{
	for (size_t i = 0; i < call->simulation->lines_count; i++)
		simulated_line_clear_statistics(call->simulation->lines[i]);
	return true;
}

static bool do_sync(struct simulation_call *call)
{
	return call->simulation->log == NULL || fflush(call->simulation->log) == 0 ||
	       refuse(call, "the log cannot be written");
}

static bool do_quit(struct simulation_call *call)
{
	call->simulation->ended = true;
	return true;
}

/* clang-format off */
const struct simulation_command simulation_commands[] = {
	/* name   words arguments           what it does */
	{"fault", 3, "DEVICE FAULT",          do_fault, "give a device a fault in place of those it has; `none` ends them"},
	{"set",   4, "DEVICE QUANTITY VALUE", do_set,   "hold a quantity at a value"},
	{"free",  3, "DEVICE QUANTITY",       do_free,  "let it go again"},
	{"get",   3, "DEVICE QUANTITY",       do_get,   "what its registers say now"},
	{"pause", 1, "",                      do_pause, "stop the simulated time"},
	{"run",   1, "",                      do_run,   "let it go on"},
	{"speed", 2, "N",                     do_speed, "simulated seconds a second"},
	{"time",  1, "",                      do_time,  "the simulated time"},
	{"stats", 1, "",                      do_stats, "what was counted"},
	{"clear", 1, "",                      do_clear, "count from 0 again"},
	{"sync",  1, "",                      do_sync,  "write out the log"},
	{"quit",  1, "",                      do_quit,  "end"},
	{.name = NULL},
};
/* clang-format on */

static bool refuse_command(struct simulation_call *call)
{
	char names[128] = "";
	for (const struct simulation_command *row = simulation_commands; row->name != NULL; row++) {
		size_t used = strlen(names);
		snprintf(names + used, sizeof(names) - used, " %s", row->name);
	}
	return refuse(call, "`%.40s` is no command; there are%s",
		call->words_count > 0 ? call->words[0] : "", names);
}

static bool run_command(struct simulation_call *call)
{
	for (size_t i = 0; call->words_count > 0 && simulation_commands[i].name != NULL; i++) {
		if (strcmp(simulation_commands[i].name, call->words[0]) != 0)
			continue;
		if (call->words_count != simulation_commands[i].words)
			return refuse(call, "`%s` takes %s", simulation_commands[i].name,
				*simulation_commands[i].arguments != '\0'
					? simulation_commands[i].arguments
					: "nothing");
		return simulation_commands[i].run(call);
	}
	return refuse_command(call);
}

char *simulation_command(struct simulation *simulation, const char *text)
{
	char line[COMMAND_BYTES_MAX];
	struct json_writer writer;
	struct simulation_call call = {.simulation = simulation, .writer = &writer};
	char *answer = malloc(COMMAND_BYTES_MAX);
	if (answer == NULL)
		return NULL;
	snprintf(line, sizeof(line), "%s", text);
	char *at = line;
	for (char *word = strsep(&at, " \t\r\n"); word != NULL; word = strsep(&at, " \t\r\n"))
		if (*word != '\0' && call.words_count < COMMAND_WORDS_MAX)
			call.words[call.words_count++] = word;
	json_writer_begin(&writer, (struct json_buffer){answer, COMMAND_BYTES_MAX});
	json_writer_open_object(&writer);
	json_writer_key(&writer, "ok");
	json_writer_boolean(&writer, true);
	bool done = run_command(&call);
	if (call.whole != NULL) {
		free(answer);
		return call.whole;
	}
	if (!done) {
		json_writer_begin(&writer, (struct json_buffer){answer, COMMAND_BYTES_MAX});
		json_writer_open_object(&writer);
		json_writer_key(&writer, "error");
		json_writer_string(&writer, call.reason);
	}
	json_writer_close_object(&writer);
	json_writer_end(&writer);
	return answer;
}
