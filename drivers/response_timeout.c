/* SPDX-License-Identifier: Apache-2.0 */
/* response_timeout.c -- A time-out learned from answers; see response_timeout.h. */
#include "drivers/response_timeout.h"

enum {
	MEAN_GAIN_SHIFT = 3,      /* 1/8 */
	DEVIATION_GAIN_SHIFT = 2, /* 1/4 */
	DOUBLINGS_MAX = 16,       /* past any ceiling */
};

void response_timeout_init(struct response_timeout *timeout, uint32_t floor_ms, uint32_t ceiling_ms)
{
	*timeout = (struct response_timeout){
		.floor_ms = floor_ms,
		.ceiling_ms = ceiling_ms > floor_ms ? ceiling_ms : floor_ms,
	};
}

void response_timeout_answered(struct response_timeout *timeout, uint32_t answer_time_us)
{
	int64_t sample = answer_time_us;
	int64_t mean = timeout->mean_us;
	int64_t deviation = timeout->deviation_us;

	if (timeout->answers == 0) {
		mean = sample;
		deviation = sample / 2;
	} else {
		int64_t off = sample > mean ? sample - mean : mean - sample;
		deviation += (off - deviation) / (1 << DEVIATION_GAIN_SHIFT);
		mean += (sample - mean) / (1 << MEAN_GAIN_SHIFT);
	}
	timeout->mean_us = (uint32_t)mean;
	timeout->deviation_us = (uint32_t)deviation;
	timeout->doublings = 0;
	if (timeout->answers < RESPONSE_ANSWERS_MIN) {
		timeout->answers++;
	}
}

void response_timeout_missed(struct response_timeout *timeout)
{
	if (timeout->doublings < DOUBLINGS_MAX) {
		timeout->doublings++;
	}
}

uint32_t response_timeout_ms(const struct response_timeout *timeout)
{
	if (timeout->answers < RESPONSE_ANSWERS_MIN) {
		return timeout->ceiling_ms;
	}
	uint64_t learned_us = 2 * (uint64_t)timeout->mean_us + 4 * (uint64_t)timeout->deviation_us;
	uint64_t learned_ms = (learned_us + 999) / 1000 + RESPONSE_MARGIN_MS;

	if (learned_ms < timeout->floor_ms) {
		learned_ms = timeout->floor_ms;
	}
	learned_ms <<= timeout->doublings;
	return learned_ms < timeout->ceiling_ms ? (uint32_t)learned_ms : timeout->ceiling_ms;
}
