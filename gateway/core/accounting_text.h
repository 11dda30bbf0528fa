/* SPDX-License-Identifier: Apache-2.0 */
/*
 * accounting_text.h -- What accounting has to tell, as event rows with a
 * sentence for people. Amounts in inside steps, sentences in outside units.
 */
#ifndef GATEWAY_CORE_ACCOUNTING_TEXT_H
#define GATEWAY_CORE_ACCOUNTING_TEXT_H

#include "gateway/core/accounting.h"

/* `odd` stood between two readings that follow on from each other; amount: what it would have
 * booked. */
struct event_row accounting_text_noise(
	const struct counter_rules *rules, const struct reading *before, const struct reading *odd);

/* The counter passed its modulus; amount: what it counted meanwhile. */
struct event_row accounting_text_rollover(const struct counter_rules *rules,
	const struct reading *before, const struct reading *after);

/* The counter fell, or leapt, and stayed there; amount: the undetermined difference. */
struct event_row accounting_text_rejected(const struct counter_rules *rules,
	const struct reading *before, const struct reading *after);

/* It fell, or leapt, and shows the same value again; amount: that difference. */
struct event_row accounting_text_doubted(
	const struct counter_rules *rules, const struct reading *before, const struct reading *odd);

/* Counted before and after a break, but inside intervals that are null. */
struct event_row accounting_text_unpublished(
	const struct counter_rules *rules, const struct reading *end, int64_t amount);

#endif
