/* SPDX-License-Identifier: Apache-2.0 */
/* int64_order.h -- The lower and the higher of two ids, instants or amounts. */
#ifndef GATEWAY_CORE_INT64_ORDER_H
#define GATEWAY_CORE_INT64_ORDER_H

#include <stdint.h>

static inline int64_t int64_lower(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static inline int64_t int64_higher(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

#endif
