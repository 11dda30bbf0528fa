/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site.h -- A configuration joined with its meter models: which devices stand
 * on which bus, what is read of them, how much of the line it takes, how much
 * goes to the broker. What `check` prints and `run` runs.
 */
#ifndef GATEWAY_SITE_H
#define GATEWAY_SITE_H

#include "config/site_config.h"
#include "drivers/bus_worker.h"
#include "drivers/model_library.h"
#include "drivers/read_plan.h"

struct site_meter {
	const struct config_meter *config;
	const struct meter_model *model;
	uint8_t option_choice;             /* of the model's own option, where it has one */
	enum config_carrier carrier;       /* the configuration's, else the model's */
	int64_t valid_from_wall_ms;        /* of model, option and ct; INT64_MIN: not given */
	size_t bus;                        /* index in struct site's buses */
	size_t device;                     /* index in that bus's devices */
	const struct device_point *points; /* this meter's; a run inside its device's */
	size_t points_count;
};

struct site_bus {
	const struct config_bus *config;
	struct bus_line line; /* settings filled in from the models */
	struct device *devices;
	size_t devices_count;
	size_t meters_count;
	/* the forecast */
	size_t fast_requests; /* a cycle */
	size_t slow_requests;
	uint64_t fast_wire_us;
	uint64_t slow_wire_us;
	uint64_t fast_expected_us; /* wire time and the answer time assumed */
	uint64_t slow_expected_us;
	uint32_t fast_period_ms; /* the shortest of its devices */
	uint32_t slow_period_ms;
	double wire_load_percent;     /* wire time alone */
	double expected_load_percent; /* with the answer time assumed */
};

/* What leaves for the broker, MB in 30 days, payload, topic and packet headers, uncompressed. */
struct site_traffic {
	double intervals;
	double trends;
	double live;
	double health;
	double totals;
	double total;
};

struct site {
	const struct site_config *config;
	struct site_bus *buses;
	size_t buses_count;
	struct site_meter *meters;
	size_t meters_count;
	struct site_traffic megabytes_a_month;
	struct config_arena *arena; /* owns every array above */
};

/*
 * Join. False when there was an error of meaning, or the configuration was
 * faulty already (then its meters are checked by themselves only): two meters on one address
 * and channel, two models at one address, an unknown model or quantity, a
 * period shorter than the model's update period, a bus whose wire time alone
 * exceeds its period ... All are reported with file:line:column. The
 * configuration and the library must outlive the site. Point numbers
 * (device_point.meter) are indices in `meters`.
 */
__attribute__((warn_unused_result)) bool site_make(const struct site_config *config,
	struct model_library *library, struct diagnostics *diagnostics, struct site **ret_site);

/* How many days of energy the store holds when none can be delivered; INFINITY without counters. */
double site_store_days(const struct site *site);
/* How many years it reaches back in days, once what is delivered has become as coarse as it gets.
 */
double site_store_years(const struct site *site);
/* An error where they are fewer than 90. Not part of site_make(): a gateway runs all the same. */
void site_check_store(const struct site *site, struct diagnostics *diagnostics);

struct site *site_free(struct site *site);

/* One step of a counter's register in inside steps, with what option and CT make of it; 0: unknown.
 */
int64_t site_point_resolution(const struct device_point *point);

#endif
