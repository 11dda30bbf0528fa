/* SPDX-License-Identifier: Apache-2.0 */
/*
 * local_time.h -- A zone's changes of offset, asked of the C library's zone
 * tables, for the pure calendar. It sets and restores the environment's TZ, so
 * it is for one thread: before the others start, or while none of them asks
 * for local time (the daemon's workers never do).
 */
#ifndef GATEWAY_LOCAL_TIME_H
#define GATEWAY_LOCAL_TIME_H

#include "gateway/core/calendar.h"

enum { LOCAL_TIME_FROM_YEAR = 2015, LOCAL_TIME_TO_YEAR = 2060 };

/* Fill *ret_calendar for an IANA zone ("Europe/Oslo") with its changes in those years. False: no
 * such zone on this machine, or one with more changes than a calendar holds. */
__attribute__((warn_unused_result)) bool local_time_calendar(
	const char *zone, struct calendar *ret_calendar);

#endif
