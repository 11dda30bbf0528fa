/* SPDX-License-Identifier: Apache-2.0 */
/*
 * read_plan.h -- The set of block reads with the least wire time that covers
 * the registers wanted. Pure, exact (dynamic programming over the sorted
 * registers), deterministic.
 */
#ifndef DRIVERS_READ_PLAN_H
#define DRIVERS_READ_PLAN_H

#include "drivers/bus.h"
#include "drivers/meter_model.h"

/* Registers that must be read together in one block: a value, or a group of values. */
struct plan_span {
	enum register_space space;
	uint16_t first;
	uint16_t last; /* inclusive */
};

struct plan_spans {
	const struct plan_span *items;
	size_t count;
};

struct plan_limits {
	uint16_t block_registers_max;
	uint16_t bridge_registers_max; /* longest run of unwanted registers inside a block */
	const struct register_range *readable; /* a bridged run and its two neighbours lie in one of
						  these; count 0: anywhere */
	size_t readable_count;
	const struct register_range *forbidden; /* no block touches these */
	size_t forbidden_count;
	uint32_t request_cost_us; /* an exchange with no register: both frames, silence, answer time
				   */
	uint32_t register_cost_us; /* two more characters on the wire */
};

struct plan_block {
	enum register_space space;
	uint16_t address;
	uint16_t count;
};

struct plan {
	struct plan_block *blocks; /* by space and address; the owner frees it */
	size_t count;
};

enum plan_status {
	PLAN_OK,
	PLAN_SPAN_TOO_LONG,  /* a span is longer than the longest block; *ret_bad tells which */
	PLAN_SPAN_FORBIDDEN, /* a span touches a forbidden register; *ret_bad tells which */
	PLAN_NO_MEMORY,
};

/*
 * Plan. `spans` may come in any order and overlap. On PLAN_OK the blocks of
 * *ret_plan are the caller's to free; no spans make a plan of no blocks. Equal
 * costs: the fewest blocks. The cost of coils is counted like registers'.
 */
__attribute__((warn_unused_result)) enum plan_status read_plan_make(const struct plan_spans *spans,
	const struct plan_limits *limits, struct plan *ret_plan, size_t *ret_bad);

/* Limits of a model on a line, with the answer time assumed (default of a bus: 20 ms). */
struct plan_limits read_plan_limits(
	const struct meter_model *model, const struct bus_line *line, uint32_t answer_time_ms);

/* Time of a plan, microseconds: wire alone where the limits were made with answer time 0. */
uint64_t read_plan_cost_us(const struct plan *plan, const struct plan_limits *limits);

#endif
