/* SPDX-License-Identifier: Apache-2.0 */
/*
 * box.h -- A device as a thing: registers that never lie, made from its model,
 * and what may be done to its answers. Time is true time, UTC microseconds.
 *
 * A counter's `unwrapped` is what it has counted as its register shows it, in
 * inside steps: it climbs for ever, where the register starts again at its
 * modulus.
 */
#ifndef TESTS_SIMULATION_BOX_H
#define TESTS_SIMULATION_BOX_H

#include "drivers/bus.h"
#include "gateway/simulate/device_image.h"
#include "tests/simulation/plan.h"

struct box_counter {
	size_t value; /* index in the model's values */
	struct load load;
	int64_t step;    /* of the register, inside steps; 1 for floats */
	int64_t modulus; /* inside steps; 0: none that the model knows */
	int64_t hidden_modulus;
	int64_t part;    /* of an inside step: millisecond-steps an hour */
	int64_t counted; /* inside steps, since it began */
	int64_t opening;
	int64_t unwrapped; /* what it shows, as if it never started again */
	int64_t slot;
	int64_t slot_rate;
	bool is_answered; /* the newest answer held it */
};

struct box {
	const struct meter_model *model;
	struct device_image *image;
	struct scale scales[PLAN_COUNTERS_MAX];
	struct box_counter counters[PLAN_COUNTERS_MAX];
	int counters_count;
	size_t gauge;  /* index in values; SIZE_MAX: none */
	int64_t at_ms; /* counted up to */
	char serial[16];
	bool was_asked_who; /* it has told its serial number */
	/* What is wrong with it. */
	int64_t dead_until_us;
	int disturbed_answers; /* the next ones */
	enum image_disturbance disturbance;
	int spiked_answers;
	int64_t spike;
	struct dice dice;
};

struct box_birth {
	const struct plan_meter *plan;
	const struct meter_model *model;
	const struct scale *scales; /* of the counters, as the gateway applies them */
	uint64_t load_seed;
	int64_t at_us;
	int64_t openings[PLAN_COUNTERS_MAX]; /* inside steps; brought onto the register's steps */
	const char *serial;
};

struct box *box_new(const struct box_birth *birth);
struct box *box_free(struct box *box);

/* Count up to an instant. True when a counter's hidden end was passed (bits by counter). */
unsigned box_advance(struct box *box, int64_t at_us);

/* What the register of a counter shows for an unwrapped amount. */
int64_t box_shown(const struct box_counter *counter, int64_t unwrapped);

/* A new beginning: the counter shows `opening` from now on. */
void box_restart_counter(struct box *box, int counter, int64_t opening);

/* Its answer to a request at an instant it was advanced to. */
enum bus_status box_answer(
	struct box *box, const struct bus_request *request, struct bus_answer *ret_answer);

#endif
