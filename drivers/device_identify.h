/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_identify.h -- Which meter model a device is: the models' own rules
 * (function 43/14, registers, SunSpec), and where none of them tells, whose map
 * gives values that a building can have. Pure: it names requests, the owner
 * asks.
 *
 *   while (device_identify_next(identify, &request))
 *       device_identify_take(identify, status, &answer);
 */
#ifndef DRIVERS_DEVICE_IDENTIFY_H
#define DRIVERS_DEVICE_IDENTIFY_H

#include "drivers/device_reader.h"

enum {
	IDENTIFY_CANDIDATES_MAX = 8,
	IDENTIFY_TEXT_MAX = 96,  /* bytes of what 43/14 says, with the NUL */
	IDENTIFY_VALUES_MIN = 2, /* that look right; fewer say nothing */
	IDENTIFY_POINTS_MAX = 7, /* quantities that tell a map from another */
};

enum identify_confidence {
	IDENTIFY_POSSIBLE, /* its map gives values that look right; others' may as well */
	IDENTIFY_LIKELY,   /* a rule of its own holds, and as many of another model's */
	IDENTIFY_CERTAIN,  /* rules of its own hold, more than of any other */
};
const char *identify_confidence_text(enum identify_confidence confidence);

struct identify_candidate {
	const struct meter_model *model;
	enum identify_confidence confidence;
	const char *meaning; /* what told: the rule's own words, or ours */
};

struct identify_settings {
	const struct meter_model *const *models; /* array and models must outlive it */
	size_t models_count;
	uint8_t address;
	const struct bus_line *line; /* models that are not made for it are left out */
};

struct device_identify;

/* NULL when memory is out. */
struct device_identify *device_identify_new(const struct identify_settings *settings);
struct device_identify *device_identify_free(struct device_identify *identify); /* NULL is fine */

/* The next request; false: it is done. The same until an answer is taken. */
bool device_identify_next(struct device_identify *identify, struct bus_request *ret_request);
void device_identify_take(
	struct device_identify *identify, enum bus_status status, const struct bus_answer *answer);

/* Best first; returns how many. Those below the best one's confidence are left out. */
size_t device_identify_candidates(const struct device_identify *identify,
	struct identify_candidate ret_candidates[static IDENTIFY_CANDIDATES_MAX]);

/* What function 43/14 told: "maker, product, revision"; "" when it told nothing. */
const char *device_identify_text(const struct device_identify *identify);

#endif
