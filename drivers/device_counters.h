/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_counters.h -- What a device did with its requests, counted by kind,
 * and the time-out learned from it. The counters themselves stand in
 * bus_engine.h, where they are reported.
 */
#ifndef DRIVERS_DEVICE_COUNTERS_H
#define DRIVERS_DEVICE_COUNTERS_H

#include "drivers/bus_engine.h"
#include "drivers/response_timeout.h"

struct counted_answer {
	enum bus_status status;
	const struct bus_answer *answer;
	int64_t asked_mono_us; /* when the request's last bit was on the wire */
};

/* Late bytes are not counted here: they are another answer's. */
void device_counters_count(struct device_counters *counters, struct response_timeout *timeout,
	const struct counted_answer *counted);

#endif
