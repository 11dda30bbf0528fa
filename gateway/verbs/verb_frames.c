/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verb_frames.c -- `byport frames`: what stood on a bus's wire, in words and bytes,
 * from the running gateway or from a file.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/core/series.h"
#include "gateway/verbs/ask_daemon.h"
#include "gateway/verbs/frames_print.h"
#include "gateway/verbs/verb.h"

enum frames_option {
	OPTION_LAST,
	OPTION_FOLLOW,
	OPTION_SAVE,
	OPTION_LOAD,
	OPTION_SOCKET,
	OPTION_CONFIG,
	OPTION_JSON,
	OPTION_COUNT
};

enum { LAST_USUAL = 100, LAST_MAX = 4000, FOLLOW_MS = 500 };

/* clang-format off */
static const struct verb_option options[] = {
	[OPTION_LAST]   = {"last", "N", "the newest N frames, 1 to 4000; 100 without, all to save"},
	[OPTION_FOLLOW] = {"follow", NULL, "and the next ones as they come, until Ctrl-C"},
	[OPTION_SAVE]   = {"save", "FILE", "write a pcap file instead; for Wireshark, to send home"},
	[OPTION_LOAD]   = {"load", "FILE", "from a pcap file instead of the running gateway"},
	[OPTION_SOCKET] = {"socket", "PATH", "the daemon's control socket"},
	[OPTION_CONFIG] = {"config", "FILE", "find the socket in this configuration"},
	[OPTION_JSON]   = {"json", NULL, "one JSON object a frame"},
	[OPTION_COUNT]  = {0},
};
/* clang-format on */

static const struct verb_usage usage = {
	.name = "frames",
	.synopsis = "[BUS] [--last N] [--follow] [--save FILE | --load FILE] [--json] ...",
	.help = "Shows the last frames of a bus: > sent, < answered, ! wrong, ? nobody asked for\n"
		"it, - no answer; times are UTC. BUS may be left out where there is one only.\n"
		"tshark reads what is saved; RTU with `-d tcp.port==5020,mbrtu`.\n"
		"Exit status: 0, 1 no such bus or nothing there, 2 not understood, 3 no daemon, "
		"no\n"
		"access, no such file.",
	.options = options,
};

struct frames_words {
	struct daemon_place place;
	const char *bus;
	const char *save;
	const char *load;
	long last; /* 0: not said */
	bool follow;
	bool json;
};

static int fail(const char *what, const char *reason)
{
	fprintf(stderr, "byport frames: %s: %s\n", what, reason);
	return VERB_UNAVAILABLE;
}

/* ---- from the daemon ---- */

/* The answer without an error; NULL: said, *ret_exit is what to end with. */
static json_t *ask(struct control_client *client, json_t *request, int *ret_exit)
{
	char error[CONTROL_ERROR_MAX];
	json_t *answer = control_client_ask(client, request, ASK_TIMEOUT_MS, error);
	const char *refusal = answer != NULL ? control_client_refusal(answer) : NULL;
	if (answer == NULL || refusal != NULL)
		fprintf(stderr, "byport frames: %s\n", answer == NULL ? error : refusal);
	*ret_exit = answer == NULL ? VERB_UNAVAILABLE : VERB_BAD;
	if (refusal == NULL)
		return answer;
	json_decref(answer);
	return NULL;
}

static int which_bus(const json_t *buses)
{
	char names[200] = "";
	size_t index, length = 0;
	const json_t *bus;
	json_array_foreach(buses, index, bus)
	{
		snprintf(names + length, sizeof names - length, "%s%s", index > 0 ? ", " : "",
			json_text_at(bus, "id"));
		length = strlen(names);
	}
	return verb_misused(&usage, "which bus? There are %s", names);
}

/* The bus that is meant, in `name`; VERB_OK, or what to end with. */
static int choose_bus(struct control_client *client, const struct frames_words *words,
	char name[static METER_ID_MAX])
{
	int status = VERB_OK;
	if (words->bus != NULL) {
		snprintf(name, METER_ID_MAX, "%s", words->bus);
		return VERB_OK;
	}
	json_t *answer = ask(client, json_pack("{s:s}", "request", "status"), &status);
	if (answer == NULL)
		return status;
	const json_t *buses = json_object_get(answer, "buses");
	status = VERB_OK;
	if (json_array_size(buses) == 1)
		snprintf(name, METER_ID_MAX, "%s", json_text_at(json_array_get(buses, 0), "id"));
	else
		status = which_bus(buses);
	json_decref(answer);
	return status;
}

static json_t *request_of(const char *bus, json_int_t after, json_int_t last)
{
	return json_pack("{s:s, s:s, s:I, s:I}", "request", "frames", "bus", bus, "after", after,
		"last", last);
}

/* What the daemon has; VERB_OK, or what to end with. */
static int fetch(struct control_client *client, json_t *request, struct frames_read *ret_read)
{
	int status;
	json_t *answer = ask(client, request, &status);
	if (answer == NULL)
		return status;
	const char *reason = frames_of_json(answer, ret_read);
	json_decref(answer);
	return reason != NULL ? fail("the daemon's answer", reason) : VERB_OK;
}

/* Print, and ask for what has come since, until it is told to end. */
static int show(struct control_client *client, const struct frames_words *words, const char *bus)
{
	struct frames_printer printer = frames_printer_of(stdout, words->json);
	struct frames_read read;
	json_int_t last = words->last > 0 ? words->last : LAST_USUAL, after = 0;
	if (words->follow)
		verb_catch_ends();
	do {
		int status = fetch(client, request_of(bus, after, last), &read);
		if (status != VERB_OK)
			return status;
		frames_print(&printer, &read);
		if (read.count > 0)
			after = (json_int_t)read.frames[read.count - 1].frame.number;
		frames_read_free(&read);
		last = LAST_MAX;
	} while (words->follow && verb_wait_ms(FOLLOW_MS));
	if (after == 0 && !words->follow)
		fprintf(stderr, "byport frames: nothing stood on the wire of %s yet\n", bus);
	return after > 0 || words->follow ? VERB_OK : VERB_BAD;
}

static int save(struct control_client *client, const struct frames_words *words, const char *bus)
{
	struct frames_read read;
	int status =
		fetch(client, request_of(bus, 0, words->last > 0 ? words->last : LAST_MAX), &read);
	if (status != VERB_OK)
		return status;
	FILE *stream = fopen(words->save, "we");
	bool saved =
		stream != NULL && frame_pcap_write(stream, read.transport, read.frames, read.count);
	if (stream != NULL && fclose(stream) != 0)
		saved = false;
	if (!saved)
		status = fail(words->save, strerror(errno));
	else
		printf("%s: %zu frames of %s%s\n", words->save, read.count, bus,
			read.transport == TRANSPORT_RTU ? "; tshark -r FILE -d tcp.port==5020,mbrtu"
							: "");
	frames_read_free(&read);
	return status;
}

static int from_daemon(const struct frames_words *words)
{
	char error[CONTROL_ERROR_MAX], bus[METER_ID_MAX];
	struct control_client *client = ask_daemon_open(&words->place, false, error);
	if (client == NULL) {
		fprintf(stderr, "byport frames: %s\n", error);
		return VERB_UNAVAILABLE;
	}
	int status = choose_bus(client, words, bus);
	if (status == VERB_OK)
		status = (words->save != NULL ? save : show)(client, words, bus);
	control_client_close(client);
	return status;
}

/* ---- from a file ---- */

static int from_file(const struct frames_words *words)
{
	struct frames_printer printer = frames_printer_of(stdout, words->json);
	struct frames_read read = {.frames = NULL};
	FILE *stream = fopen(words->load, "re");
	if (stream == NULL)
		return fail(words->load, strerror(errno));
	const char *reason = frame_pcap_read(stream, &read.transport, &read.frames, &read.count);
	fclose(stream);
	if (reason != NULL)
		return fail(words->load, reason);
	struct frames_read shown = read;
	if (words->last > 0 && (size_t)words->last < read.count) {
		shown.frames += read.count - (size_t)words->last;
		shown.count = (size_t)words->last;
	}
	frames_print(&printer, &shown);
	frames_read_free(&read);
	return VERB_OK;
}

/* ---- options ---- */

static int take_option(struct frames_words *words, int option, const char *argument)
{
	if (option == OPTION_SOCKET)
		words->place.socket = argument;
	else if (option == OPTION_CONFIG)
		words->place.config = argument;
	else if (option == OPTION_SAVE)
		words->save = argument;
	else if (option == OPTION_LOAD)
		words->load = argument;
	else if (option == OPTION_FOLLOW)
		words->follow = true;
	else if (option == OPTION_JSON)
		words->json = true;
	else if (!verb_number(argument, LAST_MAX, &words->last))
		return verb_misused(&usage, "`--last %s`: 1 to %d frames", argument, LAST_MAX);
	return -1;
}

int verb_frames(int argc, char **argv)
{
	struct frames_words words = {0};
	const char *argument;
	int option;
	while ((option = verb_option_next(&usage, argc, argv, &argument)) >= 0) {
		int misused = take_option(&words, option, argument);
		if (misused >= 0)
			return misused;
	}
	if (option != VERB_OPTIONS_END)
		return verb_option_exit(option);
	if (argc - optind > 1)
		return verb_misused(&usage, "one BUS at a time");
	words.bus = argv[optind];
	if (words.load != NULL && (words.save != NULL || words.follow || words.bus != NULL))
		return verb_misused(&usage,
			"`--load` goes with `--last` and `--json` only: the file has its own bus");
	if (words.save != NULL && (words.follow || words.json))
		return verb_misused(&usage, "`--save` does not go with `--follow` or `--json`");
	return words.load != NULL ? from_file(&words) : from_daemon(&words);
}
