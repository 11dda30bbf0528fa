/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control_bus.c -- A bus of the running daemon, borrowed request by request.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "gateway/control_bus.h"
#include "gateway/daemon_loans.h"

enum { WAIT_MS = 3000, MARGIN_MS = 3000 }; /* for the bus's turn; for the daemon itself */

struct control_bus {
	struct bus bus;
	struct control_client *client;
	const char *id;
	bool spare;
	char reason[CONTROL_ERROR_MAX];
};

static struct control_bus *control_bus_of(struct bus *bus)
{
	return (struct control_bus *)bus;
}

static int64_t integer_at(const json_t *answer, const char *key)
{
	return json_integer_value(json_object_get(answer, key));
}

static int64_t now_mono_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* What the daemon says came of it; a status this program does not know is none. */
static enum bus_status take_answer(const json_t *answer, struct bus_answer *ret_answer)
{
	size_t index;
	const json_t *number;
	int64_t status = integer_at(answer, "status");
	ret_answer->verdict = (enum frame_verdict)integer_at(answer, "verdict");
	ret_answer->exception = (uint8_t)integer_at(answer, "exception");
	ret_answer->late_bytes = (uint32_t)integer_at(answer, "late_bytes");
	ret_answer->done_mono_us = now_mono_us();
	ret_answer->sent_mono_us = ret_answer->done_mono_us - integer_at(answer, "answer_us");
	json_array_foreach(json_object_get(answer, "words"), index,
		number) if (index < FRAME_REGISTERS_MAX) ret_answer->words[index] =
		(uint16_t)json_integer_value(number);
	json_array_foreach(
		json_object_get(answer, "bytes"), index, number) if (index < FRAME_BYTES_MAX)
	{
		ret_answer->bytes[index] = (uint8_t)json_integer_value(number);
		ret_answer->bytes_length = index + 1;
	}
	return status >= 0 && status < BUS_STATUS_COUNT ? (enum bus_status)status : BUS_DOWN;
}

static enum bus_status ask(struct bus *bus, const struct bus_request *request, uint32_t timeout_ms,
	struct bus_answer *ret_answer)
{
	struct control_bus *borrowed = control_bus_of(bus);
	if (timeout_ms > LOAN_TIMEOUT_MS_MAX)
		timeout_ms = LOAN_TIMEOUT_MS_MAX;
	json_t *answer = control_client_ask(borrowed->client,
		json_pack("{s:s, s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:b}", "request", "lend", "bus",
			borrowed->id, "address", request->device, "function", request->function,
			"register", request->address, "count", request->count, "timeout_ms",
			(int)timeout_ms, "wait_ms", WAIT_MS, "spare", borrowed->spare),
		timeout_ms + WAIT_MS + MARGIN_MS, borrowed->reason);
	*ret_answer = (struct bus_answer){0};
	if (answer == NULL)
		return BUS_DOWN;
	const char *refusal = control_client_refusal(answer);
	const char *reason = json_string_value(json_object_get(answer, "reason"));
	snprintf(borrowed->reason, sizeof borrowed->reason, "%s",
		refusal != NULL ? refusal : (reason != NULL ? reason : ""));
	enum bus_status status = refusal != NULL ? BUS_DOWN : take_answer(answer, ret_answer);
	json_decref(answer);
	return status;
}

/* The daemon opens its lines itself. */
static enum bus_status open_bus(struct bus *bus, const char **ret_reason)
{
	(void)bus, (void)ret_reason;
	return BUS_OK;
}

static void close_bus(struct bus *bus)
{
	free(control_bus_of(bus));
}

static const struct bus_ops control_bus_ops = {.ask = ask, .open = open_bus, .close = close_bus};

struct bus *control_bus_new(struct control_client *client, const char *id)
{
	struct control_bus *borrowed = calloc(1, sizeof *borrowed);
	if (borrowed == NULL)
		return NULL;
	borrowed->bus.ops = &control_bus_ops;
	borrowed->client = client;
	borrowed->id = id;
	return &borrowed->bus;
}

void control_bus_be_spare(struct bus *bus)
{
	control_bus_of(bus)->spare = true;
}

const char *control_bus_reason(const struct bus *bus)
{
	return ((const struct control_bus *)bus)->reason;
}
