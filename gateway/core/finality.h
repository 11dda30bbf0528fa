/* SPDX-License-Identifier: Apache-2.0 */
/*
 * finality.h -- When the value of an interval is final: people may report it,
 * and who changes it later makes a correction. Derived, never stored. Pure.
 *
 * It is final five local days after the end of the interval's local day, and
 * at the earliest five times 24 hours after it first had a value: what was
 * missing for weeks and then spread over them has its five days too. What has
 * no value (rejected, missing) is never final.
 */
#ifndef GATEWAY_CORE_FINALITY_H
#define GATEWAY_CORE_FINALITY_H

#include "gateway/core/calendar.h"

enum { FINAL_AFTER_DAYS = 5 };

struct interval_valuation {
	int64_t start_wall_ms;       /* the interval's */
	int64_t first_value_wall_ms; /* when it first had a value; its end, where that is all that
					is known (its first row has a value) */
	bool has_value;              /* now: measured or estimated */
};

/* INT64_MAX: never, as it stands. */
int64_t interval_final_from(
	const struct calendar *calendar, const struct interval_valuation *interval);

bool interval_is_final(const struct calendar *calendar, const struct interval_valuation *interval,
	int64_t now_wall_ms);

#endif
