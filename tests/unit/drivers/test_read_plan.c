/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_read_plan.c -- Protects: the plan is the cheapest there is, by trying
 * every way to share random spans out among blocks, and it breaks no limit.
 */
#include "drivers/read_plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

enum {
	TRIALS = 4000,
	SPANS_MAX = 7,
	RANGES_MAX = 3,
	ADDRESSES = 40, /* close together, so that limits are met */
};

struct trial {
	struct plan_span spans[SPANS_MAX];
	struct register_range forbidden[RANGES_MAX];
	struct register_range readable[RANGES_MAX];
	struct plan_limits limits;
	size_t count;
};

static uint32_t random_state;

static int random_below(int bound)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return (int)(random_state % (uint32_t)bound);
}

static enum register_space random_space(void)
{
	return random_below(4) ? SPACE_INPUT_REGISTERS : SPACE_HOLDING_REGISTERS;
}

static struct register_range random_range(int length_max)
{
	int first = random_below(ADDRESSES);

	return (struct register_range){.space = random_space(),
		.first = (uint16_t)first,
		.last = (uint16_t)(first + random_below(length_max))};
}

static struct trial random_trial(void)
{
	struct trial trial = {.count = (size_t)random_below(SPANS_MAX) + 1};

	for (size_t i = 0; i < trial.count; i++) {
		struct register_range range = random_range(5);
		trial.spans[i] = (struct plan_span){range.space, range.first, range.last};
	}
	for (int i = 0; i < RANGES_MAX; i++) {
		trial.forbidden[i] = random_range(2);
		trial.readable[i] = random_range(ADDRESSES);
	}
	trial.limits = (struct plan_limits){
		.block_registers_max = (uint16_t)(4 + random_below(20)),
		.bridge_registers_max = (uint16_t)random_below(12),
		.readable_count = (size_t)random_below(RANGES_MAX + 1),
		.forbidden_count = (size_t)random_below(RANGES_MAX + 1),
		.request_cost_us = (uint32_t)random_below(30),
		.register_cost_us = (uint32_t)random_below(4),
	};
	return trial;
}

static bool in_ranges(
	const struct register_range *ranges, size_t count, enum register_space space, int address)
{
	for (size_t i = 0; i < count; i++) {
		if (ranges[i].space == space && ranges[i].first <= address &&
			address <= ranges[i].last) {
			return true;
		}
	}
	return false;
}

static bool is_wanted(const struct trial *trial, enum register_space space, int address)
{
	for (size_t i = 0; i < trial->count; i++) {
		const struct plan_span *span = &trial->spans[i];
		if (span->space == space && span->first <= address && address <= span->last) {
			return true;
		}
	}
	return false;
}

/* Every register from `first` to `last` in one and the same readable range? */
static bool in_one_readable(
	const struct trial *trial, enum register_space space, int first, int last)
{
	for (size_t i = 0; i < trial->limits.readable_count; i++) {
		bool inside = true;
		for (int address = first; address <= last; address++) {
			inside = inside && in_ranges(&trial->readable[i], 1, space, address);
		}
		if (inside) {
			return true;
		}
	}
	return trial->limits.readable_count == 0;
}

/* The limits, register by register. */
static bool is_allowed(const struct trial *trial, enum register_space space, int first, int last)
{
	const struct plan_limits *limits = &trial->limits;
	int run = 0;

	if (last - first + 1 > limits->block_registers_max) {
		return false;
	}
	for (int address = first; address <= last; address++) {
		if (in_ranges(trial->forbidden, limits->forbidden_count, space, address)) {
			return false;
		}
		run = is_wanted(trial, space, address) ? 0 : run + 1;
		if (run > limits->bridge_registers_max) {
			return false;
		}
		bool run_ends = run > 0 && is_wanted(trial, space, address + 1);
		if (run_ends && !in_one_readable(trial, space, address - run, address + 1)) {
			return false;
		}
	}
	return true;
}

/* Cost of sharing the spans out as groups[] says; UINT64_MAX when a limit is broken. */
static uint64_t cost_of(const struct trial *trial, const int *groups, int groups_count)
{
	uint64_t cost = 0;

	for (int group = 0; group < groups_count; group++) {
		int first = INT32_MAX, last = -1;
		enum register_space space = SPACE_COILS;
		for (size_t i = 0; i < trial->count; i++) {
			const struct plan_span *span = &trial->spans[i];
			if (groups[i] != group) {
				continue;
			}
			if (last >= 0 && span->space != space) {
				return UINT64_MAX;
			}
			space = span->space;
			first = span->first < first ? span->first : first;
			last = span->last > last ? span->last : last;
		}
		if (!is_allowed(trial, space, first, last)) {
			return UINT64_MAX;
		}
		cost += trial->limits.request_cost_us +
			(uint64_t)(last - first + 1) * trial->limits.register_cost_us;
	}
	return cost;
}

/* The least cost over every partition of the spans. */
static uint64_t brute_force(const struct trial *trial, int *groups, size_t next, int groups_count)
{
	if (next == trial->count) {
		return cost_of(trial, groups, groups_count);
	}
	uint64_t best = UINT64_MAX;
	for (int group = 0; group <= groups_count; group++) {
		groups[next] = group;
		uint64_t cost = brute_force(
			trial, groups, next + 1, group == groups_count ? group + 1 : groups_count);
		best = cost < best ? cost : best;
	}
	return best;
}

static void check_blocks(const struct trial *trial, const struct plan *plan)
{
	bool covered[SPANS_MAX] = {false};

	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_block *block = &plan->blocks[i];
		int last = block->address + block->count - 1;
		assert_true(is_allowed(trial, block->space, block->address, last));
		for (size_t j = 0; j < trial->count; j++) {
			const struct plan_span *span = &trial->spans[j];
			covered[j] = covered[j] ||
				     (span->space == block->space &&
					     span->first >= block->address && span->last <= last);
		}
	}
	for (size_t j = 0; j < trial->count; j++) {
		assert_true(covered[j]);
	}
}

static void the_plan_is_as_cheap_as_brute_force(void **state)
{
	(void)state;
	const char *given = getenv("BYPORT_SEED");
	uint32_t seed = given ? (uint32_t)strtoul(given, NULL, 0) : (uint32_t)time(NULL) | 1;
	size_t planned = 0;

	printf("seed %u (BYPORT_SEED=%u replays)\n", seed, seed);
	random_state = seed;
	for (int i = 0; i < TRIALS; i++) {
		struct trial trial = random_trial();
		struct plan_spans spans = {trial.spans, trial.count};
		struct plan plan = {0};
		size_t bad = SIZE_MAX;
		int groups[SPANS_MAX];
		trial.limits.forbidden = trial.forbidden;
		trial.limits.readable = trial.readable;
		enum plan_status status = read_plan_make(&spans, &trial.limits, &plan, &bad);
		uint64_t least = brute_force(&trial, groups, 0, 0);
		assert_int_equal(status == PLAN_OK, least != UINT64_MAX);
		if (status == PLAN_OK) {
			assert_int_equal(read_plan_cost_us(&plan, &trial.limits), least);
			check_blocks(&trial, &plan);
			planned++;
		} else {
			assert_true(bad < trial.count);
		}
		free(plan.blocks);
	}
	assert_true(planned > TRIALS / 4);
}

static void an_sdm630_on_a_slow_line_is_read_in_three_blocks(void **state)
{
	(void)state;
	/* The bench of DESIGN section 9: 12 floats; 40 registers are dearer than a request. */
	const uint16_t addresses[] = {0, 2, 4, 6, 8, 0xA, 0x34, 0x3C, 0x3E, 0x46, 0x48, 0x156};
	struct plan_span items[12];
	const struct meter_model model = {.block_registers_max = 80, .bridge_registers_max = 80};
	const struct bus_line line = {
		.kind = BUS_RTU, .baud = 19200, .parity = 'E', .data_bits = 8, .stop_bits = 1};
	struct plan_limits limits = read_plan_limits(&model, &line, 20);
	struct plan plan = {0};
	size_t bad;

	for (size_t i = 0; i < 12; i++) {
		items[i] = (struct plan_span){
			SPACE_INPUT_REGISTERS, addresses[i], (uint16_t)(addresses[i] + 1)};
	}
	assert_int_equal(
		read_plan_make(&(struct plan_spans){items, 12}, &limits, &plan, &bad), PLAN_OK);
	assert_int_equal(plan.count, 3);
	assert_int_equal(plan.blocks[0].count, 12);
	assert_int_equal(plan.blocks[1].address, 0x34);
	assert_int_equal(plan.blocks[1].count, 0x4A - 0x34);
	assert_int_equal(plan.blocks[2].address, 0x156);
	free(plan.blocks);
}

static void spans_that_cannot_be_read_are_named(void **state)
{
	(void)state;
	const struct plan_span items[] = {
		{SPACE_INPUT_REGISTERS, 0,  1 },
                {SPACE_INPUT_REGISTERS, 10, 14}
        };
	const struct register_range range = {SPACE_INPUT_REGISTERS, 1, 1};
	struct plan_limits limits = {.block_registers_max = 4};
	struct plan plan = {0};
	size_t bad = 9;

	assert_int_equal(read_plan_make(&(struct plan_spans){items, 2}, &limits, &plan, &bad),
		PLAN_SPAN_TOO_LONG);
	assert_int_equal(bad, 1);
	limits.block_registers_max = 10;
	limits.forbidden = &range;
	limits.forbidden_count = 1;
	assert_int_equal(read_plan_make(&(struct plan_spans){items, 2}, &limits, &plan, &bad),
		PLAN_SPAN_FORBIDDEN);
	assert_int_equal(bad, 0);
	assert_null(plan.blocks);
}

static void no_spans_make_no_blocks(void **state)
{
	(void)state;
	struct plan plan = {0};
	struct plan_limits limits = {.block_registers_max = 4};
	size_t bad;

	assert_int_equal(
		read_plan_make(&(struct plan_spans){NULL, 0}, &limits, &plan, &bad), PLAN_OK);
	assert_int_equal(plan.count, 0);
	free(plan.blocks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_plan_is_as_cheap_as_brute_force),
		cmocka_unit_test(an_sdm630_on_a_slow_line_is_read_in_three_blocks),
		cmocka_unit_test(spans_that_cannot_be_read_are_named),
		cmocka_unit_test(no_spans_make_no_blocks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
