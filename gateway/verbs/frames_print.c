/* SPDX-License-Identifier: Apache-2.0 */
/* frames_print.c -- frames_print.h. */
#include "gateway/verbs/frames_print.h"

#include <stdlib.h>
#include <string.h>

#include "drivers/frame_text.h"
#include "gateway/json_instant.h"
#include "gateway/verbs/ask_daemon.h"

enum {
	US_PER_MS = 1000,
	BYTES_A_LINE = 20, /* of three characters, behind an indent of 18: 80 columns hold it */
	GAP_SHOWN_MS_MAX = 99999,
	CLOCK_AT = 11, /* where the time of day begins in an instant */
};

/* ---- from JSON ---- */

static bool read_bytes(const char *hex, struct recorded_frame *frame)
{
	size_t length = strlen(hex);
	if (length % 2 != 0 || length / 2 > FRAME_BYTES_MAX)
		return false;
	frame->length = length / 2;
	for (size_t i = 0; i < frame->length; i++) {
		char pair[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
		char *end;
		frame->bytes[i] = (uint8_t)strtoul(pair, &end, 16);
		if (end != pair + 2)
			return false;
	}
	return true;
}

static enum frame_verdict verdict_named(const char *text)
{
	int verdict = FRAME_GOOD;
	while (verdict < FRAME_VERDICT_COUNT &&
		strcmp(frame_verdict_text((enum frame_verdict)verdict), text) != 0)
		verdict++;
	return verdict < FRAME_VERDICT_COUNT ? (enum frame_verdict)verdict : FRAME_GOOD;
}

static bool read_frame(const json_t *json, struct timed_frame *ret_frame)
{
	enum frame_mark mark = frame_mark_find(json_text_at(json, "mark"));
	*ret_frame = (struct timed_frame){
		.at_wall_us = json_integer_value(json_object_get(json, "at_us")),
		.frame = {.number = (uint64_t)json_integer_value(json_object_get(json, "number")),
			  .mark = mark,
			  .verdict = verdict_named(json_text_at(json, "verdict"))},
	};
	return mark != FRAME_MARK_COUNT &&
	       read_bytes(json_text_at(json, "bytes"), &ret_frame->frame);
}

const char *frames_of_json(const json_t *answer, struct frames_read *ret_read)
{
	const json_t *frames = json_object_get(answer, "frames");
	size_t index;
	const json_t *frame;
	*ret_read = (struct frames_read){
		.transport = strcmp(json_text_at(answer, "transport"), "tcp") == 0 ? TRANSPORT_TCP
										   : TRANSPORT_RTU,
		.frames = calloc(json_array_size(frames) + 1, sizeof *ret_read->frames),
	};
	if (ret_read->frames == NULL)
		return "out of memory";
	json_array_foreach(frames, index, frame)
	{
		if (!read_frame(frame, &ret_read->frames[ret_read->count++])) {
			frames_read_free(ret_read);
			return "a frame is not as it should be";
		}
	}
	return NULL;
}

void frames_read_free(struct frames_read *read)
{
	free(read->frames);
	*read = (struct frames_read){.frames = NULL};
}

/* ---- to a person ---- */

/* clang-format off */
static const struct {
	char sign;
	const char *tint;
} signs[FRAME_MARK_COUNT] = {
	[FRAME_MARK_REQUEST] = {'>', ""},
	[FRAME_MARK_ANSWER]  = {'<', "\033[32m"},
	[FRAME_MARK_REFUSAL] = {'<', "\033[33m"},
	[FRAME_MARK_BAD]     = {'!', "\033[31m"},
	[FRAME_MARK_STRANGE] = {'?', "\033[33m"},
	[FRAME_MARK_SILENCE] = {'-', "\033[31m"},
};
/* clang-format on */

struct frames_printer frames_printer_of(FILE *stream, bool json)
{
	return (struct frames_printer){
		.stream = stream, .terminal = terminal_of(stream), .json = json};
}

/* "12:04:05.123456": the date is the same all over, or told by --json. */
static void print_clock(FILE *stream, int64_t at_wall_us)
{
	char instant[INSTANT_TEXT_MAX];
	json_instant_print(instant, at_wall_us / 1000000 * 1000);
	fprintf(stream, "%.8s.%06lld", instant + CLOCK_AT, (long long)(at_wall_us % 1000000));
}

static void print_gap(const struct frames_printer *printer, int64_t at_wall_us)
{
	int64_t gap_us = at_wall_us - printer->before_wall_us;
	if (printer->before_wall_us == 0 || gap_us / US_PER_MS > GAP_SHOWN_MS_MAX)
		fprintf(printer->stream, "%12s", "");
	else
		fprintf(printer->stream, " +%7.1f ms", (double)gap_us / US_PER_MS);
}

static void print_bytes(const struct frames_printer *printer, const struct recorded_frame *frame)
{
	const bool colour = printer->terminal.colour;
	for (size_t i = 0; i < frame->length; i++) {
		bool begins = i % BYTES_A_LINE == 0;
		bool ends = i % BYTES_A_LINE == BYTES_A_LINE - 1 || i == frame->length - 1;
		fprintf(printer->stream, "%s%s%02X%s", begins && colour ? "\033[2m" : "",
			begins ? "                  " : " ", frame->bytes[i],
			!ends    ? ""
			: colour ? "\033[0m\n"
				 : "\n");
	}
}

static void print_one(struct frames_printer *printer, enum frame_transport transport,
	const struct timed_frame *timed)
{
	const struct recorded_frame *frame = &timed->frame;
	const bool colour = printer->terminal.colour;
	char text[FRAME_TEXT_MAX];
	print_clock(printer->stream, timed->at_wall_us);
	print_gap(printer, timed->at_wall_us);
	fprintf(printer->stream, " %s%c%s %s\n", colour ? signs[frame->mark].tint : "",
		signs[frame->mark].sign, colour ? "\033[0m" : "",
		frame_text(transport, frame, text));
	print_bytes(printer, frame);
	printer->before_wall_us = timed->at_wall_us;
}

static void print_json(
	FILE *stream, enum frame_transport transport, const struct timed_frame *timed)
{
	char text[FRAME_TEXT_MAX], hex[FRAME_HEX_MAX], instant[INSTANT_TEXT_MAX];
	json_instant_print(instant, timed->at_wall_us / US_PER_MS);
	json_t *json = json_pack("{s:I, s:s, s:I, s:s, s:s, s:s}", "number",
		(json_int_t)timed->frame.number, "at", instant, "at_us",
		(json_int_t)timed->at_wall_us, "mark", frame_mark_name(timed->frame.mark), "text",
		frame_text(transport, &timed->frame, text), "bytes", frame_hex(&timed->frame, hex));
	json_dumpf(json, stream, JSON_COMPACT);
	fputc('\n', stream);
	json_decref(json);
}

void frames_print(struct frames_printer *printer, const struct frames_read *read)
{
	for (size_t i = 0; i < read->count; i++) {
		if (printer->json)
			print_json(printer->stream, read->transport, &read->frames[i]);
		else
			print_one(printer, read->transport, &read->frames[i]);
	}
	fflush(printer->stream);
}
