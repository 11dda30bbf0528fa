/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire_pace.c -- Arithmetic in whole microseconds.
 */
#include "gateway/simulate/wire_pace.h"

enum { FAST_BAUD = 19200, FAST_SILENCE_US = 1750, SECOND_US = 1000000 };

int64_t wire_characters_us(uint32_t baud, size_t characters)
{
	return baud == 0 ? 0 : (int64_t)characters * CHARACTER_BITS * SECOND_US / baud;
}

int64_t wire_silence_us(uint32_t baud)
{
	if (baud == 0)
		return 0;
	return baud > FAST_BAUD ? FAST_SILENCE_US : wire_characters_us(baud, 7) / 2;
}

size_t wire_handed_over(uint32_t baud, size_t length, int64_t past_us)
{
	if (past_us < 0)
		return 0;
	if (baud == 0)
		return length;
	size_t whole = (size_t)(past_us * baud / (CHARACTER_BITS * SECOND_US));
	return whole >= length ? length : whole / FIFO_CHARACTERS * FIFO_CHARACTERS;
}

int64_t wire_group_us(uint32_t baud, size_t length, size_t sent)
{
	size_t until = (sent / FIFO_CHARACTERS + 1) * FIFO_CHARACTERS;
	if (until > length)
		until = length;
	/* Whole microseconds, rounded up, or the group would just not be there. */
	return wire_characters_us(baud, until) + (baud != 0);
}
