/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan_line.c -- scan_line.h.
 *
 * The probe reads two holding registers at 0: who has none there refuses, which
 * is an answer too. Who answers is asked a few times more: a second device on
 * the same address shows as answers that come twice or collide.
 */
#include "gateway/verbs/scan_line.h"

#include <stdio.h>
#include <string.h>

#include "gateway/verbs/verb.h"

enum {
	PROBE_REGISTERS = 2,
	AGAIN = 3,      /* times whoever answered is asked once more */
	PAUSE_MS = 110, /* between requests to one device: what the slowest models want */
	SHORT_PAUSE_MS =
		25,        /* what most do with; who says nothing is asked again after the other */
	NO_TURN_MAX = 20,  /* in a row: then the line has no room at all */
	REFUSALS_MAX = 64, /* of a device's values: its map is another's */
};

/* Ask; a turn that does not come is waited for. */
static enum scan_end ask(struct scan_line *scan, const struct bus_request *request,
	struct bus_answer *ret_answer, enum bus_status *ret_status)
{
	const char *reason = "";
	for (int attempt = 0; attempt < NO_TURN_MAX; attempt++) {
		*ret_status = scan->bus->ops->ask(scan->bus, request, scan->timeout_ms, ret_answer);
		if (*ret_status != BUS_DOWN)
			return SCAN_DONE;
		if (!verb_wait_ms(0))
			return SCAN_GIVEN_UP;
		if (scan->bus->ops->open(scan->bus, &reason) != BUS_OK)
			return SCAN_NO_LINE;
	}
	return SCAN_NO_LINE;
}

static struct bus_request probe_of(uint8_t address)
{
	return (struct bus_request){
		.device = address, .function = SPACE_HOLDING_REGISTERS, .count = PROBE_REGISTERS};
}

static bool is_answer(enum bus_status status, const struct bus_answer *answer)
{
	bool is_path =
		status == BUS_REFUSED && (answer->exception == 10 || answer->exception == 11);
	return (status == BUS_OK || status == BUS_REFUSED) && !is_path;
}

/* What the answers of a few probes were. */
struct tally {
	unsigned good;
	unsigned bad;
	unsigned silent;
	bool late; /* bytes came after a good one */
};

static enum scan_presence judge(const struct tally *tally)
{
	if (tally->good == 0 && tally->bad == 0)
		return SCAN_SILENT;
	if (tally->good == 0)
		return SCAN_GARBLED;
	return tally->bad > 0 || tally->late ? SCAN_TWICE : SCAN_ANSWERS;
}

static void count(struct tally *tally, enum bus_status status, const struct bus_answer *answer)
{
	tally->late = tally->late || (tally->good > 0 && answer->late_bytes > 0);
	if (is_answer(status, answer))
		tally->good++;
	else if (status == BUS_BAD_FRAME)
		tally->bad++;
	else
		tally->silent++;
}

static enum scan_end probe(struct scan_line *scan, struct scan_found *found)
{
	const struct bus_request request = probe_of(found->address);
	struct bus_answer answer;
	enum bus_status status;
	struct tally tally = {.good = 0};
	for (int i = 0; i <= AGAIN; i++) {
		enum scan_end end = ask(scan, &request, &answer, &status);
		if (end != SCAN_DONE)
			return end;
		count(&tally, status, &answer);
		if (status == BUS_TIMEOUT && tally.good + tally.bad == 0)
			break;
		if (is_answer(status, &answer) && answer.done_mono_us > answer.sent_mono_us)
			found->answer_ms =
				(uint32_t)((answer.done_mono_us - answer.sent_mono_us) / 1000);
		if (!verb_wait_ms(PAUSE_MS))
			return SCAN_GIVEN_UP;
	}
	found->presence = judge(&tally);
	return SCAN_DONE;
}

/* ---- what it is ---- */

/* A request to a device that is known to be there. */
static enum scan_end ask_device(struct scan_line *scan, const struct bus_request *request,
	struct bus_answer *ret_answer, enum bus_status *ret_status)
{
	if (!verb_wait_ms(SHORT_PAUSE_MS))
		return SCAN_GIVEN_UP;
	enum scan_end end = ask(scan, request, ret_answer, ret_status);
	if (end != SCAN_DONE || *ret_status != BUS_TIMEOUT)
		return end;
	return verb_wait_ms(PAUSE_MS) ? ask(scan, request, ret_answer, ret_status) : SCAN_GIVEN_UP;
}

static enum scan_end identify(struct scan_line *scan, struct scan_found *found)
{
	struct device_identify *device =
		device_identify_new(&(struct identify_settings){.models = scan->models,
			.models_count = scan->models_count,
			.address = found->address,
			.line = &scan->line});
	struct bus_request request;
	struct bus_answer answer;
	enum bus_status status;
	enum scan_end end = SCAN_DONE;
	while (device != NULL && end == SCAN_DONE && device_identify_next(device, &request)) {
		end = ask_device(scan, &request, &answer, &status);
		if (end == SCAN_DONE)
			device_identify_take(device, status, &answer);
	}
	if (device != NULL) {
		found->candidates_count = device_identify_candidates(device, found->candidates);
		snprintf(found->text, sizeof found->text, "%s", device_identify_text(device));
	}
	device_identify_free(device);
	return end;
}

/* The serial number, where one model is likeliest and says where it stands. */
static enum scan_end read_serial_number(struct scan_line *scan, struct scan_found *found)
{
	const struct meter_model *model =
		found->candidates_count > 0 ? found->candidates[0].model : NULL;
	const struct device device = {.address = found->address, .model = model};
	struct bus_request request;
	struct bus_answer answer;
	enum bus_status status;
	const char *number = NULL;
	if (model == NULL || !model->has_serial_number)
		return SCAN_DONE;
	found->has_serial_register = true;
	struct device_reader *reader = device_reader_new(&device, &scan->line, 0);
	enum scan_end end = reader != NULL ? SCAN_DONE : SCAN_NO_LINE;
	if (reader != NULL)
		device_reader_begin(reader, POLL_FAST | POLL_SLOW);
	for (int i = 0; end == SCAN_DONE && number == NULL && i < REFUSALS_MAX &&
			device_reader_next(reader, &request);
		i++) {
		end = ask_device(scan, &request, &answer, &status);
		if (end != SCAN_DONE ||
			device_reader_take(reader, status, &answer) != READER_GOES_ON)
			break;
		number = device_reader_serial_number(reader);
	}
	snprintf(found->serial_number, sizeof found->serial_number, "%s",
		number != NULL ? number : "");
	device_reader_free(reader);
	return end;
}

/* ---- all of them ---- */

/* Does whoever is there answer to addresses that hardly anybody gives? */
static enum scan_end look_at_any(struct scan_line *scan, bool *ret_at_any)
{
	static const uint8_t unusual[] = {246, 173};
	struct bus_answer answer;
	enum bus_status status;
	*ret_at_any = scan->line.kind == BUS_TCP && scan->range.first < scan->range.last;
	for (size_t i = 0; *ret_at_any && i < sizeof unusual; i++) {
		const struct bus_request request = probe_of(unusual[i]);
		enum scan_end end = ask(scan, &request, &answer, &status);
		if (end != SCAN_DONE)
			return end;
		*ret_at_any = is_answer(status, &answer);
	}
	return SCAN_DONE;
}

enum scan_end scan_line_run(struct scan_line *scan)
{
	size_t asked = 0;
	bool at_any;
	enum scan_end end = look_at_any(scan, &at_any);
	if (end != SCAN_DONE)
		return end;
	for (unsigned address = scan->range.first; address <= scan->range.last; address++) {
		struct scan_found found = {
			.address = (uint8_t)address, .line = scan->line, .at_any_address = at_any};
		if (!scan->go_on(scan->context, found.address, asked++))
			return SCAN_GIVEN_UP;
		end = probe(scan, &found);
		if (end == SCAN_DONE && found.presence == SCAN_ANSWERS)
			end = identify(scan, &found);
		if (end == SCAN_DONE && found.presence == SCAN_ANSWERS)
			end = read_serial_number(scan, &found);
		if (found.presence != SCAN_SILENT)
			scan->found(scan->context, &found);
		if (end != SCAN_DONE || at_any)
			return end;
	}
	return SCAN_DONE;
}
