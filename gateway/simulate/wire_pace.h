/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire_pace.h -- How long things take on a serial wire, and when a receiver's
 * UART hands them over. Pure. Baud 0: no wire, everything is there at once.
 *
 * Source: Modbus over Serial Line 1.02, 2.5.1.1: 11 bits a character; 3.5
 * characters of silence between frames, 1.75 ms above 19200 baud.
 */
#ifndef GATEWAY_SIMULATE_WIRE_PACE_H
#define GATEWAY_SIMULATE_WIRE_PACE_H

#include <stddef.h>
#include <stdint.h>

enum {
	CHARACTER_BITS = 11, /* start, 8 data, parity or stop, stop */
	FIFO_CHARACTERS = 8, /* a 16550's usual trigger level */
};

int64_t wire_characters_us(uint32_t baud, size_t characters);
int64_t wire_silence_us(uint32_t baud);

/* How much of `length` characters the UART has handed over `past_us` after the first bit. */
size_t wire_handed_over(uint32_t baud, size_t length, int64_t past_us);

/* When it hands over more than `sent` of them, after the first bit. */
int64_t wire_group_us(uint32_t baud, size_t length, size_t sent);

#endif
