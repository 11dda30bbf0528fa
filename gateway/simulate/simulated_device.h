/* SPDX-License-Identifier: Apache-2.0 */
/*
 * simulated_device.h -- One simulated meter on a line: its registers, where
 * its values come from, and what is wrong with it. No I/O: a request goes in,
 * bytes and a delay come out.
 */
#ifndef GATEWAY_SIMULATE_SIMULATED_DEVICE_H
#define GATEWAY_SIMULATE_SIMULATED_DEVICE_H

#include "gateway/simulate/device_image.h"
#include "gateway/simulate/fault.h"
#include "gateway/simulate/readings_csv.h"
#include "gateway/simulate/scenario.h"
#include "gateway/simulate/server_frame.h"

enum {
	DEVICE_FAULTS_MAX = 8,
	DEVICE_NAME_MAX = 64,
	REPLY_BYTES_MAX = 4096, /* the longest babble */
};

/* An instant, on every clock there is. */
struct simulated_instant {
	int64_t mono_us;
	int64_t elapsed_ms;   /* since the simulation began */
	int64_t simulated_ms; /* the simulated world's time, Unix milliseconds */
};

struct simulated_device_settings {
	const char *name;
	uint8_t address;
	struct device_image_settings image;
	bool fixed;                      /* each quantity one value for ever; else the scenario's */
	unsigned place;                  /* in the scenario */
	const struct readings *readings; /* NULL: none; what it has goes before the scenario */
	const struct fault *faults;
	size_t faults_count;
};

enum reply_kind {
	REPLY_BYTES,
	REPLY_NOTHING,
	REPLY_HANG_UP,
	REPLY_VANISH, /* the line goes away for delay_us */
};

struct device_reply {
	enum reply_kind kind;
	int64_t delay_us; /* on top of the line's own answer time */
	size_t length;
	uint8_t bytes[REPLY_BYTES_MAX];
};

struct device_statistics {
	uint64_t requests;
	uint64_t replies;        /* bytes went back, whatever they were */
	uint64_t exceptions;     /* among them */
	uint64_t inside_pause;   /* requests sooner than the model's pause after the reply before */
	int64_t gap_us_max;      /* longest time between two requests */
	int64_t asked_mono_us;   /* the last request; 0: none yet */
	int64_t replied_mono_us; /* end of the last reply; 0: none yet */
};

struct simulated_device;

/* A value that has gone out in a good answer: what `--log` writes. */
struct served_value {
	const struct simulated_device *device;
	enum quantity quantity;
	uint8_t channel;
	const uint16_t *words;
	size_t words_count;
	enum decode_status status;
	int64_t number; /* as it would be understood; with DECODE_OK */
};

struct served_hook {
	void (*served)(void *context, const struct served_value *value);
	void *context;
};

/* NULL with *ret_reason (static text) when it cannot be made. */
struct simulated_device *simulated_device_new(
	const struct simulated_device_settings *settings, const char **ret_reason);
struct simulated_device *simulated_device_free(struct simulated_device *device);

const char *simulated_device_name(const struct simulated_device *device);
uint8_t simulated_device_address(const struct simulated_device *device);
const struct meter_model *simulated_device_model(const struct simulated_device *device);
const char *simulated_device_serial_number(const struct simulated_device *device);
struct device_statistics *simulated_device_statistics(struct simulated_device *device);
/* Count from 0 again; when it was asked and answered last stays. */
void simulated_device_clear_statistics(struct simulated_device *device);

/* Replace all faults by this one; FAULT_NONE: by none. False when the device cannot have it: the
 * serial number of the other device does not fit the model's register. */
bool simulated_device_set_fault(struct simulated_device *device, const struct fault *fault);

/* Hold a quantity at a value; false when the model has no such quantity, or cannot show it. */
bool simulated_device_hold(
	struct simulated_device *device, enum quantity quantity, uint8_t channel, int64_t number);
/* Let it go again. */
void simulated_device_release(struct simulated_device *device, enum quantity quantity);

/* What it shows now, as a gateway would understand it. */
enum decode_status simulated_device_read(struct simulated_device *device, struct scenario *scenario,
	const struct simulated_instant *now, struct served_value *ret_value);

struct device_request {
	enum frame_transport transport;
	struct server_frame frame;
	struct simulated_instant now;
	struct scenario *scenario;
	struct served_hook hook; /* served NULL: none */
};

void simulated_device_reply(struct simulated_device *device, const struct device_request *request,
	struct device_reply *ret_reply);

#endif
