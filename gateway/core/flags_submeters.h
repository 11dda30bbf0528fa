/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flags_submeters.h -- The meters below a meter against it, over one interval.
 * Below it is normal: not all that is used has a meter of its own. Pure.
 *
 * Not to be asked where energy is produced below the meter: what it feeds the
 * others with never passes it.
 */
#ifndef GATEWAY_CORE_FLAGS_SUBMETERS_H
#define GATEWAY_CORE_FLAGS_SUBMETERS_H

#include "gateway/core/flags.h"

/* Zero-initialise it; one a meter and interval. */
struct submeter_sum {
	flag_sum energy;
	flag_sum resolutions;
	size_t count;
};

/* A measured interval of one meter below. */
void submeter_sum_add(struct submeter_sum *sum, int64_t energy, int64_t resolution);

/* True with the finding when they are above `main`'s row of the same interval by more than the
 * tolerance and a step of each register. */
bool submeter_sum_is_above(const struct submeter_sum *sum, const struct flag_rules *main,
	const struct interval_row *row, struct flag_finding *ret_finding);

#endif
