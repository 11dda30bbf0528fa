/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_reader.h -- One device: which requests a poll of it takes, and what
 * the answers mean. Pure: no bus, no clock, no thread.
 *
 * A poll goes base (SunSpec: marker, chain of models) - serial number - blocks;
 * base and serial number are asked at the start and after each silence only.
 * A block answered with "illegal data address" is split; what is refused alone
 * is remembered as a hole, and its values are DECODE_UNAVAILABLE, until
 * device_reader_forget().
 */
#ifndef DRIVERS_DEVICE_READER_H
#define DRIVERS_DEVICE_READER_H

#include "drivers/bus.h"
#include "drivers/meter_model.h"
#include "drivers/poll_schedule.h"
#include "drivers/read_plan.h"

/* One value to read of a device, and whose it is. */
struct device_point {
	uint16_t meter; /* the caller's number for the meter; stands in samples */
	const struct model_value *value;
	struct scale scale; /* raw step -> inside steps: model, option and CT together */
};

/* One device on the bus. Pointers are the caller's and must outlive the worker. */
struct device {
	uint8_t address;
	const struct meter_model *model;
	uint32_t fast_period_ms; /* power */
	uint32_t slow_period_ms; /* energy */
	const struct device_point *points;
	size_t points_count;
	uint32_t response_timeout_min_ms; /* floor and ceiling of the learned time-out */
	uint32_t response_timeout_max_ms;
};

struct sample {
	int64_t value;        /* inside steps; meaningless unless DECODE_OK */
	int64_t read_mono_ms; /* when the answer that carried it was complete */
	uint16_t meter;
	uint8_t quantity; /* enum quantity */
	uint8_t status;   /* enum decode_status */
};

enum {
	DEVICE_ANSWER_TIME_MS_DEFAULT = 20, /* assumed by the plan where nothing else is said */
	SUNSPEC_MODELS_MAX = 64,            /* models walked of a chain before giving up */
};

/*
 * The blocks that read the points of some groups (POLL_FAST | POLL_SLOW) of a
 * device: what a poll asks, and what `check` forecasts. *ret_bad is the index
 * of a point that cannot be read. The blocks are the caller's to free; there are none when
 * the groups have no points. Addresses are relative where the
 * model's are.
 */
__attribute__((warn_unused_result)) enum plan_status device_plan_make(const struct device *device,
	uint8_t groups, const struct plan_limits *limits, struct plan *ret_plan, size_t *ret_bad);

/* A serial number's registers as text; "" when they hold none. */
void device_serial_number_text(const uint16_t *words, struct register_format format,
	char ret_text[static SERIAL_NUMBER_MAX]);

struct device_reader;

/* NULL when memory is out or the device's points cannot be planned (site.h has refused such). */
struct device_reader *device_reader_new(
	const struct device *device, const struct bus_line *line, uint32_t answer_time_ms);
struct device_reader *device_reader_free(struct device_reader *reader);

/* Begin a poll of these groups, or with 0 a probe: one short request. */
void device_reader_begin(struct device_reader *reader, uint8_t groups);

/* The next request; false when the poll is complete. The same until an answer is taken. */
bool device_reader_next(struct device_reader *reader, struct bus_request *ret_request);

/* What became of the request last given. */
enum reader_result {
	READER_GOES_ON,  /* the answer was of use, or a refusal that was dealt with */
	READER_AGAIN,    /* no answer; the same request stands */
	READER_REFUSED,  /* refused for good: this poll cannot go on */
	READER_NO_MODEL, /* SunSpec: no marker, or no model of the chain fits */
};
enum reader_result device_reader_take(
	struct device_reader *reader, enum bus_status status, const struct bus_answer *answer);

/* True once values of this poll were read. */
bool device_reader_has_read(const struct device_reader *reader);

/* Samples of this poll so far; taken by the call. *ret_implausible counts those out of range. */
size_t device_reader_samples(
	struct device_reader *reader, const struct sample **ret_samples, size_t *ret_implausible);

/* The serial number, once after it was read; NULL: nothing new. "" = none. */
const char *device_reader_serial_number(struct device_reader *reader);

/* After a silence: another device may stand there. Base, serial number and holes are unknown. */
void device_reader_forget(struct device_reader *reader);

#endif
