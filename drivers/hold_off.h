/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hold_off.h -- Requests that must not go out again yet. After a time-out on
 * an RTU line the answer may still come, and where device, function and length
 * are the same, nothing in it tells that it is the old one. Pure.
 */
#ifndef DRIVERS_HOLD_OFF_H
#define DRIVERS_HOLD_OFF_H

#include "drivers/modbus_frame.h"

/* Time-outs younger than a ceiling, a scan's among them; which is over first gives way. */
enum { HOLD_OFFS_MAX = 64 };

struct hold_offs {
	struct {
		struct bus_request request;
		int64_t until_mono_us;
	} items[HOLD_OFFS_MAX];
};

/* No request like this before then. */
void hold_offs_add(
	struct hold_offs *hold_offs, const struct bus_request *request, int64_t until_mono_us);

/* Until when a request like this must wait; 0: it need not. */
int64_t hold_offs_until(const struct hold_offs *hold_offs, const struct bus_request *request);

#endif
