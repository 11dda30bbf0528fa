/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reading_belief.h -- Which readings to believe: noise is withheld, a fall or a
 * leap is held until the readings after it decide (accounting.h). For
 * accounting.c only; what the believed ones make of the intervals they close
 * stands in interval_closing.c.
 */
#ifndef GATEWAY_CORE_READING_BELIEF_H
#define GATEWAY_CORE_READING_BELIEF_H

#include "gateway/core/interval_closing.h"

/* One reading; not later than the last it is ignored. False: the sink refused. */
bool belief_take(const struct counter_step *step, const struct reading *reading);

/* The held value was shown more than once. */
bool belief_has_repeated(const struct counter *counter);

#endif
