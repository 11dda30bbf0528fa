/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_device_plan.c -- Protects: what belongs together is read together, a
 * point that cannot be read is named, and a refused block in two halves still
 * covers all that was in it.
 */
#include "drivers/device_plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { POINTS_MAX = 160 };

static struct model_value values[POINTS_MAX];
static struct device_point points[POINTS_MAX];
static struct device device;
static struct device_unit unit_items[POINTS_MAX];

/* A device of one-register values at these addresses, in this order. */
static void begin(const uint16_t *addresses, size_t count)
{
	assert_true(count <= POINTS_MAX);
	for (size_t i = 0; i < count; i++) {
		values[i] = (struct model_value){
			.space = SPACE_INPUT_REGISTERS,
			.addresses_count = 1,
			.format = {.encoding = ENCODING_U16, .registers = 1},
			.scale_register = -1,
			.together = -1,
		};
		values[i].addresses[0] = addresses[i];
		points[i] = (struct device_point){
			.value = &values[i], .scale = {1, 1}
                };
	}
	device = (struct device){.points = points, .points_count = count};
}

static struct plan_limits limits(void)
{
	return (struct plan_limits){.block_registers_max = 20,
		.bridge_registers_max = 20,
		.request_cost_us = 1000,
		.register_cost_us = 10};
}

static void values_of_one_number_are_one_unit_and_others_their_own(void **state)
{
	(void)state;
	begin((const uint16_t[]){30, 10, 20, 12}, 4);
	values[0].together = 1;
	values[1].together = 2;
	values[2].together = 1;
	assert_int_equal(device_units(&device, unit_items), 3);
	assert_int_equal(unit_items[0].point, 0);
	assert_int_equal(unit_items[0].span.first, 20);
	assert_int_equal(unit_items[0].span.last, 30);
	assert_int_equal(unit_items[1].point, 1);
	assert_int_equal(unit_items[2].point, 3);
	static const bool of_first[] = {true, false, true, false};
	static const bool of_last[] = {false, false, false, true};
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(device_unit_has(&unit_items[0], &device, i), of_first[i]);
		assert_int_equal(device_unit_has(&unit_items[2], &device, i), of_last[i]);
	}
}

/* The same number in another table of the device is another block in any case. */
static void a_number_joins_within_one_table_only(void **state)
{
	(void)state;
	begin((const uint16_t[]){10, 12, 14}, 3);
	values[0].together = values[1].together = values[2].together = 5;
	values[1].space = SPACE_HOLDING_REGISTERS;
	assert_int_equal(device_units(&device, unit_items), 2);
	assert_true(device_unit_has(&unit_items[0], &device, 2));
	assert_false(device_unit_has(&unit_items[0], &device, 1));
	assert_true(device_unit_has(&unit_items[1], &device, 1));
	assert_false(device_unit_has(&unit_items[1], &device, 2));
}

static void a_block_has_a_point_when_all_of_it_lies_inside(void **state)
{
	const struct plan_block block = {SPACE_INPUT_REGISTERS, 10, 5};
	(void)state;

	begin((const uint16_t[]){9, 10, 14, 15, 12, 14}, 6);
	values[4].space = SPACE_HOLDING_REGISTERS;
	values[5].format = (struct register_format){.encoding = ENCODING_U32, .registers = 2};
	static const bool inside[] = {false, true, true, false, false, false};
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(device_block_has(&block, &points[i]), inside[i]);
	}
}

static void only_the_groups_wanted_are_planned(void **state)
{
	struct plan_limits of_line = limits();
	struct plan plan = {0};
	size_t bad = 0;
	(void)state;

	begin((const uint16_t[]){10, 100}, 2);
	values[1].slow = true;
	assert_int_equal(device_plan_make(&device, POLL_SLOW, &of_line, &plan, &bad), PLAN_OK);
	assert_int_equal(plan.count, 1);
	assert_int_equal(plan.blocks[0].address, 100);
	free(plan.blocks);
	values[1].slow = false;
	assert_int_equal(device_plan_make(&device, POLL_SLOW, &of_line, &plan, &bad), PLAN_OK);
	assert_int_equal(plan.count, 0);
	free(plan.blocks);
}

static void the_point_that_cannot_be_read_is_named(void **state)
{
	const struct register_range forbidden = {SPACE_INPUT_REGISTERS, 100, 100};
	struct plan_limits of_line = limits();
	struct plan plan = {0};
	size_t bad = 77;
	(void)state;

	/* The first is of another group: the number is the point's, not the span's. */
	begin((const uint16_t[]){10, 12, 100}, 3);
	values[0].slow = true;
	of_line.forbidden = &forbidden;
	of_line.forbidden_count = 1;
	assert_int_equal(
		device_plan_make(&device, POLL_FAST, &of_line, &plan, &bad), PLAN_SPAN_FORBIDDEN);
	assert_int_equal(bad, 2);
	values[1].addresses[1] = 40;
	values[1].addresses_count = 2;
	assert_int_equal(
		device_plan_make(&device, POLL_FAST, &of_line, &plan, &bad), PLAN_SPAN_TOO_LONG);
	assert_int_equal(bad, 1);
	assert_null(plan.blocks);
}

/* A plan of one block, with room for one of each unit. */
static struct plan plan_of(struct plan_block block, size_t room)
{
	struct plan plan = {calloc(room + 1, sizeof(*plan.blocks)), 1};

	assert_non_null(plan.blocks);
	plan.blocks[0] = block;
	return plan;
}

static void a_refused_block_becomes_two_without_what_lay_between(void **state)
{
	struct plan plan = plan_of((struct plan_block){SPACE_INPUT_REGISTERS, 10, 11}, 3);
	(void)state;

	begin((const uint16_t[]){20, 10, 12}, 3);
	struct device_units units = {unit_items, device_units(&device, unit_items)};
	assert_false(device_plan_split(&units, POLL_FAST, &plan, 0));
	assert_int_equal(plan.count, 2);
	assert_int_equal(plan.blocks[0].address, 10);
	assert_int_equal(plan.blocks[0].count, 3);
	assert_int_equal(plan.blocks[1].address, 20);
	assert_int_equal(plan.blocks[1].count, 1);
	assert_true(device_plan_split(&units, POLL_FAST, &plan, 1));
	assert_int_equal(plan.count, 1);
	assert_true(unit_items[0].hole);
	assert_false(unit_items[1].hole || unit_items[2].hole);
	free(plan.blocks);
}

/* Ask for the plan of a device that lacks a register, until nothing is refused. */
static size_t refusals(struct device_units *units, struct plan *plan, uint16_t lacking)
{
	size_t refused = 0;

	for (size_t i = 0; i < plan->count;) {
		const struct plan_block *block = &plan->blocks[i];

		if (block->address > lacking || lacking >= block->address + block->count) {
			i++;
			continue;
		}
		assert_true(++refused < 1000); /* it ends */
		device_plan_split(units, POLL_FAST, plan, i);
		assert_true(plan->count <= units->count);
	}
	return refused;
}

static bool is_covered(const struct plan *plan, const struct device_point *point)
{
	for (size_t i = 0; i < plan->count; i++) {
		if (device_block_has(&plan->blocks[i], point)) {
			return true;
		}
	}
	return false;
}

/* All channels of a device show the same voltage: more units than registers. */
static void of_registers_shared_by_many_none_is_lost_when_a_block_is_refused(void **state)
{
	enum { SHARED = 32, REGISTERS = 125, UNITS = SHARED + REGISTERS - 1 };
	struct plan plan = plan_of((struct plan_block){SPACE_INPUT_REGISTERS, 0, REGISTERS}, UNITS);
	uint16_t addresses[UNITS] = {0};
	(void)state;

	for (size_t i = SHARED; i < UNITS; i++) {
		addresses[i] = (uint16_t)(i - SHARED + 1);
	}
	begin(addresses, UNITS);
	struct device_units units = {unit_items, device_units(&device, unit_items)};
	assert_int_equal(units.count, UNITS);
	assert_false(device_plan_split(&units, POLL_FAST, &plan, 0));
	assert_int_equal(plan.count, 2);
	for (size_t i = 0; i < UNITS; i++) {
		assert_true(is_covered(&plan, &points[i]));
	}
	free(plan.blocks);
}

/* A sum over registers 10 and 14, and its parts: the first begins where the sum does. */
static void what_overlaps_is_a_hole_only_where_a_register_of_its_own_is_lacking(void **state)
{
	static const bool holes[5][3] = {
  /* sum   10     14 */
		{true, true,  false}, /* 10 is lacking */
		{true, false, false},
                {true, false, false},
                {true, false, false},
		{true, false, true }, /* 14 is lacking */
	};
	(void)state;

	for (uint16_t lacking = 10; lacking <= 14; lacking++) {
		for (size_t first = 0; first < 3; first++) { /* in any order */
			struct plan plan =
				plan_of((struct plan_block){SPACE_INPUT_REGISTERS, 10, 5}, 3);
			uint16_t addresses[3] = {0};

			addresses[first] = 10;
			addresses[(first + 1) % 3] = 10;
			addresses[(first + 2) % 3] = 14;
			begin(addresses, 3);
			values[first].addresses[1] = 14;
			values[first].addresses_count = 2;
			struct device_units units = {unit_items, device_units(&device, unit_items)};
			refusals(&units, &plan, lacking);
			for (size_t i = 0; i < 3; i++) {
				const size_t unit = (first + i) % 3;

				assert_int_equal(unit_items[unit].hole, holes[lacking - 10][i]);
				assert_int_equal(
					is_covered(&plan, &points[unit]), !holes[lacking - 10][i]);
			}
			free(plan.blocks);
		}
	}
}

/* Two meters of one device show the same register. */
static void units_of_the_same_registers_are_holes_together(void **state)
{
	struct plan plan = plan_of((struct plan_block){SPACE_INPUT_REGISTERS, 10, 3}, 3);
	(void)state;

	begin((const uint16_t[]){10, 10, 12}, 3);
	struct device_units units = {unit_items, device_units(&device, unit_items)};
	assert_int_equal(refusals(&units, &plan, 10), 2);
	assert_true(unit_items[0].hole && unit_items[1].hole);
	assert_false(unit_items[2].hole);
	assert_int_equal(plan.count, 1);
	free(plan.blocks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_of_one_number_are_one_unit_and_others_their_own),
		cmocka_unit_test(a_number_joins_within_one_table_only),
		cmocka_unit_test(a_block_has_a_point_when_all_of_it_lies_inside),
		cmocka_unit_test(only_the_groups_wanted_are_planned),
		cmocka_unit_test(the_point_that_cannot_be_read_is_named),
		cmocka_unit_test(a_refused_block_becomes_two_without_what_lay_between),
		cmocka_unit_test(
			what_overlaps_is_a_hole_only_where_a_register_of_its_own_is_lacking),
		cmocka_unit_test(units_of_the_same_registers_are_holes_together),
		cmocka_unit_test(of_registers_shared_by_many_none_is_lost_when_a_block_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
