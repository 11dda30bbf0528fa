/* SPDX-License-Identifier: Apache-2.0 */
/* bus.c -- A line's time on the wire, and what a bus's answers are called. */
#include "drivers/bus.h"

#include <time.h>

enum {
	START_BITS = 1,
	RTU_SILENCE_HALF_CHARACTERS = 7, /* 3.5 characters */
	RTU_SILENCE_FAST_US = 1750,
	RTU_SILENCE_FAST_BAUD = 19200, /* above it the silence is fixed */
};

/* Half characters, because the silence is a matter of three and a half. */
static uint32_t half_characters_us(const struct bus_line *line, uint64_t halves)
{
	if (line->kind == BUS_TCP || line->baud == 0) {
		return 0;
	}
	uint64_t bits =
		START_BITS + line->data_bits + (line->parity == 'N' ? 0u : 1u) + line->stop_bits;
	uint64_t divisor = 2 * (uint64_t)line->baud;
	return (uint32_t)((halves * bits * 1000000 + divisor - 1) / divisor);
}

uint32_t bus_line_wire_us(const struct bus_line *line, size_t characters)
{
	return half_characters_us(line, 2 * (uint64_t)characters);
}

uint32_t bus_line_character_us(const struct bus_line *line)
{
	return bus_line_wire_us(line, 1);
}

uint32_t bus_line_silence_us(const struct bus_line *line)
{
	if (line->kind != BUS_TCP && line->baud > RTU_SILENCE_FAST_BAUD) {
		return RTU_SILENCE_FAST_US;
	}
	return half_characters_us(line, RTU_SILENCE_HALF_CHARACTERS);
}

uint32_t bus_line_exchange_us(const struct bus_line *line, const struct bus_request *request)
{
	size_t characters = frame_request_length(TRANSPORT_RTU, request) +
			    frame_answer_length(TRANSPORT_RTU, request);

	return bus_line_wire_us(line, characters) + bus_line_silence_us(line);
}

int64_t bus_now_mono_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

const char *bus_status_text(enum bus_status status)
{
	/* clang-format off */
	static const char *const texts[BUS_STATUS_COUNT] = {
		[BUS_OK]        = "ok",
		[BUS_TIMEOUT]   = "no answer",
		[BUS_BAD_FRAME] = "a bad answer",
		[BUS_REFUSED]   = "refused",
		[BUS_DOWN]      = "the port is gone",
	};
	/* clang-format on */
	return texts[status];
}
