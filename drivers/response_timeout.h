/* SPDX-License-Identifier: Apache-2.0 */
/*
 * response_timeout.h -- How long to wait for one device, learned from its
 * answers. Pure.
 *
 * Smoothed mean and mean deviation as in RFC 6298 (gains 1/8 and 1/4), with a
 * wider margin, because a missed answer costs more than a long wait: twice the
 * mean, four deviations and RESPONSE_MARGIN_MS. The ceiling until enough
 * answers were seen; doubled at each time-out in a row.
 */
#ifndef DRIVERS_RESPONSE_TIMEOUT_H
#define DRIVERS_RESPONSE_TIMEOUT_H

#include <stdint.h>

enum {
	RESPONSE_ANSWERS_MIN = 8, /* answers before the learned time-out is used */
	RESPONSE_MARGIN_MS = 20,  /* a USB adapter's 16 ms, and the scheduler's delay */
};

struct response_timeout {
	uint32_t floor_ms;
	uint32_t ceiling_ms;
	uint32_t mean_us;      /* smoothed; 0: no answer yet */
	uint32_t deviation_us; /* smoothed */
	uint32_t answers;      /* seen, up to RESPONSE_ANSWERS_MIN */
	uint32_t doublings;    /* time-outs in a row */
};

/* A ceiling below the floor counts as the floor. */
void response_timeout_init(
	struct response_timeout *timeout, uint32_t floor_ms, uint32_t ceiling_ms);

/* An answer began answer_time_us after the end of its request. */
void response_timeout_answered(struct response_timeout *timeout, uint32_t answer_time_us);

/* Nothing came in time. */
void response_timeout_missed(struct response_timeout *timeout);

/* The time-out in force, between floor and ceiling. */
uint32_t response_timeout_ms(const struct response_timeout *timeout);

#endif
