/* SPDX-License-Identifier: Apache-2.0 */
/* site_parts.h -- The steps by which site.c joins a configuration with its models. */
#ifndef GATEWAY_SITE_PARTS_H
#define GATEWAY_SITE_PARTS_H

#include "gateway/site.h"

/* What stays the same for a whole site. */
struct site_joining {
	struct site *site;
	const struct site_config *config;
	struct model_library *library;
	struct diagnostics *diagnostics;
};

#define SITE_REPORT(joining, at, ...)                                                          \
	diagnostics_add((joining)->diagnostics, DIAGNOSTIC_ERROR, (joining)->config->file, at, \
		__VA_ARGS__)
#define SITE_WARN(joining, at, ...)                                                              \
	diagnostics_add((joining)->diagnostics, DIAGNOSTIC_WARNING, (joining)->config->file, at, \
		__VA_ARGS__)

/* site_meter.c: one meter with its model. meter->config is set; model stays NULL when there is
 * none. */
void site_join_meter(struct site_joining *joining, struct site_meter *meter);
/* Whether a value of the meter's model is read for it. */
bool site_meter_wants(const struct site_meter *meter, const struct model_value *value);
/* The transformer's ratio to multiply by; {1, 1} where there is none, or the meter does it. */
struct scale site_meter_ct(const struct site_meter *meter);
/* The Modbus address in force. */
uint8_t site_meter_address(const struct site_meter *meter);
/* Periods in force: the meter's own, else the site's, raised to the model's update period. */
uint32_t site_meter_fast_ms(const struct site_config *config, const struct site_meter *meter);
uint32_t site_meter_slow_ms(const struct site_config *config, const struct site_meter *meter);

/* site_line.c: a bus's line, from its configuration and the models on it. */
void site_join_line(struct site_joining *joining, size_t bus);

/* site_devices.c: the devices of a bus and their points. False when memory is out. */
__attribute__((warn_unused_result)) bool site_join_devices(
	struct site_joining *joining, size_t bus);

/* site_forecast.c: requests, wire time and load of a bus. */
void site_forecast_bus(struct site_joining *joining, size_t bus);

/* site_traffic.c: MB a month at the broker. */
struct site_traffic site_forecast_traffic(const struct site *site);

#endif
