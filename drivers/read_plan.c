/* SPDX-License-Identifier: Apache-2.0 */
/*
 * read_plan.c -- The cheapest blocks, exactly.
 *
 * A gap between wanted registers is either passable or not, whatever the
 * block; a block is allowed when it is short enough and crosses no impassable
 * gap. Shrinking an allowed block to other wanted registers keeps it allowed,
 * so some cheapest plan takes runs of the spans sorted by their first
 * register, and a dynamic program over that order finds it.
 */
#include "drivers/read_plan.h"

#include <stdlib.h>

struct sorted_span {
	struct plan_span span;
	bool barrier; /* no block may reach this span from one before it */
};

/* The cheapest plan of the first spans, up to and without this one. */
struct plan_state {
	uint64_t cost_us;
	size_t blocks;
	size_t begin; /* first span of the last block */
	uint16_t last;
};

static int compare_spans(const void *left, const void *right)
{
	const struct plan_span *a = &((const struct sorted_span *)left)->span;
	const struct plan_span *b = &((const struct sorted_span *)right)->span;

	if (a->space != b->space) {
		return a->space < b->space ? -1 : 1;
	}
	if (a->first != b->first) {
		return a->first < b->first ? -1 : 1;
	}
	return (a->last > b->last) - (a->last < b->last);
}

static bool touches(
	const struct register_range *range, enum register_space space, int first, int last)
{
	return range->space == space && range->first <= last && range->last >= first;
}

static bool is_forbidden(
	const struct plan_limits *limits, enum register_space space, int first, int last)
{
	for (size_t i = 0; i < limits->forbidden_count; i++) {
		if (touches(&limits->forbidden[i], space, first, last)) {
			return true;
		}
	}
	return false;
}

static bool is_readable(
	const struct plan_limits *limits, enum register_space space, int first, int last)
{
	for (size_t i = 0; i < limits->readable_count; i++) {
		const struct register_range *range = &limits->readable[i];
		if (range->space == space && range->first <= first && range->last >= last) {
			return true;
		}
	}
	return limits->readable_count == 0;
}

/* May a block run from a wanted register `before` to the next wanted one, `after`? */
static bool is_passable(
	const struct plan_limits *limits, enum register_space space, int before, int after)
{
	int bridged = after - before - 1;

	if (bridged <= 0) {
		return true;
	}
	return bridged <= limits->bridge_registers_max &&
	       is_readable(limits, space, before, after) &&
	       !is_forbidden(limits, space, before + 1, after - 1);
}

static enum plan_status check_spans(const struct plan_span *spans, size_t count,
	const struct plan_limits *limits, size_t *ret_bad)
{
	for (size_t i = 0; i < count; i++) {
		enum plan_status status = PLAN_OK;
		if (spans[i].last - spans[i].first >= limits->block_registers_max) {
			status = PLAN_SPAN_TOO_LONG;
		} else if (is_forbidden(limits, spans[i].space, spans[i].first, spans[i].last)) {
			status = PLAN_SPAN_FORBIDDEN;
		}
		if (status != PLAN_OK) {
			*ret_bad = i;
			return status;
		}
	}
	return PLAN_OK;
}

static void mark_barriers(struct sorted_span *spans, size_t count, const struct plan_limits *limits)
{
	int reach = 0;

	for (size_t i = 0; i < count; i++) {
		const struct plan_span *span = &spans[i].span;
		bool new_space = i == 0 || span->space != spans[i - 1].span.space;
		spans[i].barrier =
			new_space || !is_passable(limits, span->space, reach, span->first);
		if (new_space || span->last > reach) {
			reach = span->last;
		}
	}
}

/* Cheapest last block for the first `end` spans: every beginning is tried. */
static struct plan_state best_ending(const struct sorted_span *spans, size_t end,
	const struct plan_state *states, const struct plan_limits *limits)
{
	struct plan_state best = {.cost_us = UINT64_MAX};
	uint16_t last = 0;

	for (size_t begin = end; begin-- > 0;) {
		const struct plan_span *span = &spans[begin].span;
		last = span->last > last ? span->last : last;
		if (last - span->first >= limits->block_registers_max) {
			break;
		}
		uint64_t registers = (uint64_t)(last - span->first) + 1;
		struct plan_state candidate = {
			.cost_us = states[begin].cost_us + limits->request_cost_us +
				   registers * limits->register_cost_us,
			.blocks = states[begin].blocks + 1,
			.begin = begin,
			.last = last,
		};
		if (candidate.cost_us < best.cost_us ||
			(candidate.cost_us == best.cost_us && candidate.blocks < best.blocks)) {
			best = candidate;
		}
		if (spans[begin].barrier) {
			break;
		}
	}
	return best;
}

static enum plan_status take_blocks(const struct sorted_span *spans, size_t count,
	const struct plan_state *states, struct plan_block **ret_blocks)
{
	size_t left = states[count].blocks;
	struct plan_block *blocks = calloc(left ? left : 1, sizeof(*blocks));

	if (!blocks) {
		return PLAN_NO_MEMORY;
	}
	for (size_t end = count; end > 0; end = states[end].begin) {
		const struct plan_span *first = &spans[states[end].begin].span;
		blocks[--left] = (struct plan_block){
			.space = first->space,
			.address = first->first,
			.count = (uint16_t)(states[end].last - first->first + 1),
		};
	}
	*ret_blocks = blocks;
	return PLAN_OK;
}

enum plan_status read_plan_make(const struct plan_spans *spans, const struct plan_limits *limits,
	struct plan *ret_plan, size_t *ret_bad)
{
	size_t count = spans->count;
	enum plan_status status = check_spans(spans->items, count, limits, ret_bad);
	if (status != PLAN_OK) {
		return status;
	}
	struct sorted_span *sorted = calloc(count + 1, sizeof(*sorted));
	struct plan_state *states = calloc(count + 1, sizeof(*states));
	if (!sorted || !states) {
		status = PLAN_NO_MEMORY;
		goto done;
	}
	for (size_t i = 0; i < count; i++) {
		sorted[i].span = spans->items[i];
	}
	qsort(sorted, count, sizeof(*sorted), compare_spans);
	mark_barriers(sorted, count, limits);
	for (size_t end = 1; end <= count; end++) {
		states[end] = best_ending(sorted, end, states, limits);
	}
	status = take_blocks(sorted, count, states, &ret_plan->blocks);
	if (status == PLAN_OK) {
		ret_plan->count = states[count].blocks;
	}
done:
	free(sorted);
	free(states);
	return status;
}

struct plan_limits read_plan_limits(
	const struct meter_model *model, const struct bus_line *line, uint32_t answer_time_ms)
{
	const struct bus_request empty = {
		.device = 1, .function = SPACE_HOLDING_REGISTERS, .count = 1};
	uint32_t register_us = bus_line_wire_us(line, 2);
	uint32_t exchange_us = bus_line_exchange_us(line, &empty) - register_us;

	return (struct plan_limits){
		.block_registers_max = model->block_registers_max,
		.bridge_registers_max = model->bridge_registers_max,
		.readable = model->readable,
		.readable_count = model->readable_count,
		.forbidden = model->forbidden,
		.forbidden_count = model->forbidden_count,
		.request_cost_us = exchange_us + answer_time_ms * 1000,
		.register_cost_us = register_us,
	};
}

uint64_t read_plan_cost_us(const struct plan *plan, const struct plan_limits *limits)
{
	uint64_t cost_us = 0;

	for (size_t i = 0; i < plan->count; i++) {
		cost_us += limits->request_cost_us +
			   (uint64_t)plan->blocks[i].count * limits->register_cost_us;
	}
	return cost_us;
}
