/* SPDX-License-Identifier: Apache-2.0 */
/* devices.c -- The devices at the metering points, and what becomes of them. */
#include <stdlib.h>
#include <string.h>

#include "tests/simulation/simulation.h"

/* A counter's point among the site's, which tells its scale. */
static const struct device_point *point_of(const struct site_meter *meter, const char *quantity)
{
	for (size_t i = 0; i < meter->points_count; i++)
		if (strcmp(quantity_info(meter->points[i].value->quantity)->name, quantity) == 0)
			return &meter->points[i];
	abort();
}

static int64_t opening_of(struct dice *dice, const struct plan_kind *kind, int counter)
{
	if (kind->hidden_modulus > 0 && counter == 0)
		return dice_below(dice, 1000000); /* below any hidden end */
	int64_t hours = dice_below(dice, 3000);
	return hours * kind->most_per_hour[counter] / 4 + dice_below(dice, 1000);
}

/* So that only the serial number tells. */
static int64_t a_little_above(struct dice *dice, const struct box_counter *old)
{
	int64_t more = dice_below(dice, old->load.most_per_hour / 4 + 1);
	bool fits = old->hidden_modulus == 0 || old->unwrapped + more < old->hidden_modulus;
	return fits ? old->unwrapped + more : 0;
}

static struct box *make_box(struct simulation *simulation, int index, const struct box *old)
{
	const struct plan_meter *plan = &simulation->plan.meters[index];
	const struct site_meter *meter = &simulation->loaded->site->meters[index];
	struct scale scales[PLAN_COUNTERS_MAX] = {
		{1, 1},
                {1, 1}
        };
	struct box_birth birth = {.plan = plan,
		.model = meter->model,
		.scales = scales,
		.load_seed = dice_hash(simulation->seed, (uint64_t)index + 1000),
		.at_us = simulation->now_us};
	char serial[16];
	snprintf(serial, sizeof serial, "%d",
		PLAN_SERIAL(index, simulation->points[index].devices++));
	birth.serial = serial;
	for (int i = 0; i < PLAN_COUNTERS_MAX && plan->kind->counters[i] != NULL; i++) {
		scales[i] = point_of(meter, plan->kind->counters[i])->scale;
		birth.openings[i] = opening_of(&simulation->dice, plan->kind, i);
		if (old != NULL && dice_chance(&simulation->dice, 0.5))
			birth.openings[i] = 0;
		else if (old != NULL && dice_chance(&simulation->dice, 0.4))
			birth.openings[i] = a_little_above(&simulation->dice, &old->counters[i]);
	}
	return box_new(&birth);
}

void devices_begin(struct simulation *simulation)
{
	for (int i = 0; i < simulation->plan.meters_count; i++) {
		struct point *point = &simulation->points[i];
		point->box = make_box(simulation, i, NULL);
		for (int j = 0; j < point->box->counters_count; j++) {
			struct ledger *ledger = &point->ledgers[j];
			const struct site_config *config = simulation->loaded->config;
			ledger->interval_ms = config->interval_ms;
			ledger->gap_limit_ms = config->gap_limit_ms;
			ledger->modulus = point->box->counters[j].modulus;
			ledger_begin(ledger, simulation->plan.start_us / 1000,
				simulation->plan.end_us / 1000 + INT64_C(2) * 86400000,
				point->box->counters[j].unwrapped);
		}
	}
}

void devices_end(struct simulation *simulation)
{
	for (int i = 0; i < simulation->plan.meters_count; i++) {
		simulation->points[i].box = box_free(simulation->points[i].box);
		for (int j = 0; j < PLAN_COUNTERS_MAX; j++)
			ledger_clear(&simulation->points[i].ledgers[j]);
	}
}

struct series {
	int point;
	int counter;
	bool is_exchanged;
};

static void begin_era(struct simulation *simulation, struct series series, int64_t closing)
{
	int index = series.point, counter = series.counter;
	struct point *point = &simulation->points[index];
	ledger_new_era(&point->ledgers[counter], closing, point->box->counters[counter].unwrapped,
		series.is_exchanged && point->box->model->has_serial_number);
	ledger_cause(&point->ledgers[counter], board_wall_ms(simulation, simulation->now_us),
		CAUSE_BREAK);
	ledger_cause(&point->ledgers[counter], simulation->now_us / 1000, CAUSE_BREAK);
}

void device_advance(struct simulation *simulation, int index)
{
	struct box *box = simulation->points[index].box;
	unsigned ended = box_advance(box, simulation->now_us);
	for (int i = 0; i < box->counters_count; i++) {
		struct box_counter *counter = &box->counters[i];
		if ((ended & 1u << i) == 0)
			continue;
		int64_t over = counter->opening + counter->counted - counter->hidden_modulus;
		box_restart_counter(box, i, over);
		begin_era(simulation, (struct series){index, i, false},
			counter->hidden_modulus + counter->unwrapped);
		trace(simulation, "m%d: counter %d passes an end its model does not tell", index,
			i);
		simulation->figures.resets++;
	}
}

bool device_is_of_pair(const struct simulation *simulation, int index)
{
	return index == simulation->plan.pair[0] || index == simulation->plan.pair[1];
}

int device_at(const struct simulation *simulation, int point)
{
	const int *pair = simulation->plan.pair;
	if (!simulation->is_swapped || !device_is_of_pair(simulation, point))
		return point;
	return pair[0] + pair[1] - point;
}

void devices_swap(struct simulation *simulation)
{
	const int *pair = simulation->plan.pair;
	simulation->is_swapped = !simulation->is_swapped;
	simulation->was_swapped = true;
	for (int i = 0; i < 2; i++) {
		struct box *box = simulation->points[pair[i]].box;
		box->was_asked_who = false;
		box->dead_until_us =
			simulation->now_us + dice_between(&simulation->dice, 600, 3600) * 1000000;
	}
	trace(simulation, "m%d: and m%d: %s", pair[0], pair[1],
		simulation->is_swapped ? "their devices change places" : "back in their places");
}

void device_exchange(struct simulation *simulation, int index)
{
	struct point *point = &simulation->points[index];
	if (simulation->is_swapped && device_is_of_pair(simulation, index))
		return;
	device_advance(simulation, index);
	struct box *old = point->box;
	point->box = make_box(simulation, index, old);
	/* Who exchanges a meter needs a while: longer than byport needs to find it silent. */
	point->box->dead_until_us =
		simulation->now_us + dice_between(&simulation->dice, 600, 7200) * 1000000;
	for (int i = 0; i < old->counters_count; i++)
		begin_era(simulation, (struct series){index, i, true}, old->counters[i].unwrapped);
	trace(simulation, "m%d: exchanged: %s at %lld, now %s at %lld", index, old->serial,
		(long long)old->counters[0].unwrapped, point->box->serial,
		(long long)point->box->counters[0].unwrapped);
	box_free(old);
	simulation->figures.exchanges++;
}

void device_reset(struct simulation *simulation, int index, int counter)
{
	struct box *box = simulation->points[index].box;
	device_advance(simulation, index);
	int64_t closing = box->counters[counter].unwrapped;
	box_restart_counter(box, counter, 0);
	begin_era(simulation, (struct series){index, counter, false}, closing);
	trace(simulation, "m%d: counter %d falls from %lld to 0", index, counter,
		(long long)closing);
	simulation->figures.resets++;
}
