/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site_config.h -- One site's configuration as plain values, read from one
 * YAML file by the table in settings.h. What only the meter models can tell
 * (a quantity that is not there, a period shorter than the meter's own) is
 * checked by gateway/site.h.
 */
#ifndef CONFIG_SITE_CONFIG_H
#define CONFIG_SITE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/diagnostics.h"

enum config_bus_kind {
	CONFIG_BUS_RTU,
	CONFIG_BUS_TCP,
	CONFIG_BUS_RTU_OVER_TCP,
};

enum config_language {
	CONFIG_ENGLISH,
	CONFIG_NORWEGIAN, /* bokmål */
};

enum config_clock {
	CONFIG_CLOCK_SYNCHRONISED, /* the time counts once the kernel says it is synchronised */
	CONFIG_CLOCK_TRUST,        /* the time counts as it is */
};

/* When a row counts as delivered. */
enum config_delivery {
	CONFIG_DELIVERY_AUTO,    /* by receipts, from the first one on; until then as puback */
	CONFIG_DELIVERY_PUBACK,  /* when the broker has acknowledged it */
	CONFIG_DELIVERY_RECEIPT, /* when an archive's receipt covers it */
};

enum config_mqtt {
	CONFIG_MQTT_5,
	CONFIG_MQTT_3_1_1, /* only with CONFIG_DELIVERY_RECEIPT */
};

/* How a month's power peak is found. */
enum config_peak_rule {
	PEAKS_HIGHEST_HOUR,
	PEAKS_MEAN_OF_DAYS,
	PEAKS_MEAN_OF_MONTHS,
};

enum config_carrier {
	CARRIER_UNSET, /* the model's */
	CARRIER_ELECTRICITY,
	CARRIER_DISTRICT_HEAT,
	CARRIER_DISTRICT_COOLING,
	CARRIER_NATURAL_GAS,
	CARRIER_LPG,
	CARRIER_FUEL_OIL,
	CARRIER_BIOFUEL,
	CARRIER_SOLAR_HEAT,
	CARRIER_WATER,
	CARRIER_COUNT
};
const char *carrier_name(enum config_carrier carrier); /* NULL for CARRIER_UNSET */

enum config_use {
	USE_TOTAL,
	USE_HEATING,
	USE_HOT_WATER,
	USE_VENTILATION,
	USE_COOLING,
	USE_LIGHTING,
	USE_EQUIPMENT,
	USE_PV,
	USE_MOBILE, /* EV charging: not stationary energy */
	USE_COUNT
};
const char *use_name(enum config_use use);

enum config_yes_no { CONFIG_UNSET = -1, CONFIG_NO, CONFIG_YES };

enum config_parity {
	PARITY_UNSET, /* the models' own */
	PARITY_NONE,
	PARITY_EVEN,
	PARITY_ODD,
};
char parity_letter(enum config_parity parity); /* 'N' 'E' 'O'; 0 for PARITY_UNSET */

/* Who switches an RS-485 transceiver between sending and receiving. */
enum config_rts {
	RTS_OFF, /* the adapter itself */
	RTS_HIGH_SENDS,
	RTS_LOW_SENDS,
};

struct config_endpoint {
	const char *host; /* NULL: none */
	int64_t port;     /* 0: not given */
};

struct config_ratio {
	int64_t primary; /* 0: none */
	int64_t secondary;
};

struct config_names {
	const char *const *names;
	size_t count; /* 0: none given */
};

struct config_label {
	const char *key;
	const char *text;
};

struct config_labels {
	const struct config_label *items;
	size_t count;
};

/*
 * A key of a meter that is no setting of ours: the model's own option
 * ("energy_unit: MWh"), or a misspelt key. gateway/site.h knows which.
 */
struct config_extra {
	const char *key;
	const char *text;
	struct file_position key_at;
	struct file_position at;
};

struct config_bus {
	const char *id;
	enum config_bus_kind kind;
	const char *device;        /* rtu */
	int64_t baud;              /* 0: the models' own */
	enum config_parity parity; /* PARITY_UNSET: the models' own */
	int64_t stop_bits;         /* 0: the models' own */
	enum config_rts rts;
	struct config_endpoint tcp;          /* TCP kinds; port 0: the models' own, else 502 */
	struct config_endpoint rtu_over_tcp; /* as read; the kind says which of the two holds */
	int64_t response_timeout_min_ms;
	int64_t response_timeout_max_ms; /* 0: the models' own, else 1 s */
	int64_t answer_time_ms;          /* assumed by the plan's forecast */
	struct file_position at;         /* of the entry, and of single settings: */
	struct file_position id_at, device_at, tcp_at, rtu_over_tcp_at, baud_at, parity_at,
		stop_bits_at, rts_at, response_timeout_max_ms_at;
};

struct config_meter {
	const char *id;
	const char *name;
	const char *bus;
	int64_t address; /* -1: the model's TCP unit id or 1 (TCP only) */
	int64_t channel; /* 1.. */
	const char *model;
	const struct config_extra *extras; /* keys that may be the model's own option */
	size_t extras_count;
	enum config_carrier carrier;
	enum config_use use;
	const char *parent; /* id of the meter this one is a part of; NULL: none */
	struct config_ratio ct;
	enum config_yes_no ct_in_meter;
	enum config_yes_no dwelling; /* never CONFIG_UNSET */
	int64_t main_fuse_a;         /* 0: unknown */
	int64_t heat_factor;         /* 0: the site's */
	const char *serial;          /* expected serial number; NULL: whatever is found */
	const char *valid_from; /* since when model, option and ct hold; NULL: not given. As text:
				   gateway/instant_text.h */
	int64_t fast_ms;        /* 0: the site's */
	int64_t slow_ms;
	struct config_names quantities; /* read these only; none: all the model has */
	struct config_labels labels;
	struct file_position at; /* of the entry, and of single settings: */
	struct file_position id_at, bus_at, address_at, channel_at, model_at, parent_at, ct_at,
		ct_in_meter_at, valid_from_at, fast_ms_at, slow_ms_at, quantities_at, carrier_at,
		use_at, dwelling_at;
};

enum { SOCKS5_PORT = 1080 }; /* RFC 1928 */

struct config_broker {
	const char *host;
	int64_t port;           /* 0: 8883 with TLS, 1883 without */
	enum config_yes_no tls; /* never CONFIG_UNSET */
	const char *ca_file;    /* NULL: the system's */
	const char *certificate_file;
	const char *key_file;
	const char *alpn;              /* NULL: none */
	struct config_endpoint socks5; /* host NULL: none; port 0: SOCKS5_PORT */
	const char *user;
	const char *password_file;
	int64_t keep_alive_ms;
	int64_t reconnect_within_ms; /* after a connection that had lasted */
	enum config_delivery delivery;
	enum config_mqtt mqtt;
	struct file_position at, host_at, port_at, tls_at, certificate_file_at, key_file_at,
		password_file_at, alpn_at, socks5_at, delivery_at, mqtt_at;
};

/* Limits of the plausibility flags (gateway/core/flags.h) and what is rejected for them. */
struct config_flags {
	struct config_names reject;
	int64_t spike_factor;
	int64_t spike_history_ms;
	int64_t doubled_band_percent;
	int64_t doubled_neighbours_percent;
	int64_t steps_min;
	int64_t power_band_percent;
	int64_t submeter_tolerance_percent;
	int64_t heat_factor; /* Wh per m³ and K */
	int64_t heat_band_percent;
	int64_t heat_window_ms;
	int64_t frozen_after_ms;
	int64_t frozen_factor;
};

struct site_config {
	const char *file; /* as the user named it */
	bool faulty;      /* errors were reported: settings may be missing, strings NULL */
	const char *city;
	const char *site;
	const char *site_name;
	const char *timezone;
	enum config_language language;
	const char *gateway;
	enum config_clock clock;
	const char *data_directory;
	const char *control_socket;
	const char *models_directory; /* NULL: built-in models only */
	int64_t store_bytes_max;
	int64_t interval_ms;  /* length of an interval */
	int64_t gap_limit_ms; /* a boundary inside a longer reading gap is estimated */
	int64_t fast_ms;
	int64_t slow_ms;
	int64_t live_ms;
	int64_t trend_ms;
	int64_t health_ms;
	int64_t commit_ms; /* trends and cursors */
	struct config_flags flags;
	enum config_peak_rule peak_rule;
	int64_t peak_count;
	struct config_broker broker;
	struct config_bus *buses;
	size_t buses_count;
	struct config_meter *meters;
	size_t meters_count;
	struct file_position city_at, site_at, gateway_at, models_directory_at, timezone_at,
		store_bytes_max_at, interval_ms_at, gap_limit_ms_at, fast_ms_at, slow_ms_at,
		live_ms_at, trend_ms_at;
	struct config_arena *arena; /* owns every string and array above */
};

enum {
	CONFIG_BUSES_MAX = 250,
	CONFIG_METERS_MAX = 500,
	CONFIG_LABELS_MAX = 16,
};

/*
 * Read a site's file. False, and *ret_config untouched, when there was an
 * error; all errors of meaning are in `diagnostics`, warnings may be there
 * either way.
 */
__attribute__((warn_unused_result)) bool site_config_read(
	const char *path, struct diagnostics *diagnostics, struct site_config **ret_config);

/*
 * The same, but a file with errors of meaning gives a configuration too, a
 * faulty one: site_make() checks what is left of it, so that all errors come in
 * one go. NULL when there is nothing to check.
 */
struct site_config *site_config_read_faulty(const char *path, struct diagnostics *diagnostics);

/* The same as site_config_read() from memory; `name` stands in messages. */
__attribute__((warn_unused_result)) bool site_config_read_text(const char *name, const char *text,
	struct diagnostics *diagnostics, struct site_config **ret_config);

/* Host and port of a bus on TCP, whichever of the two kinds. */
struct config_endpoint config_bus_endpoint(const struct config_bus *bus);

/* True when both are the same serial port, or the same host and port. */
bool config_same_line(const struct config_bus *a, const struct config_bus *b);

/* By id; NULL when there is none. */
const struct config_bus *site_config_bus(const struct site_config *config, const char *id);
const struct config_meter *site_config_meter(const struct site_config *config, const char *id);

/* The port in force: the broker's own, else 8883 with TLS and 1883 without. */
int64_t config_broker_port(const struct config_broker *broker);
int64_t config_proxy_port(const struct config_broker *broker);

/* NULL is fine. Always returns NULL. */
struct site_config *site_config_free(struct site_config *config);

#endif
